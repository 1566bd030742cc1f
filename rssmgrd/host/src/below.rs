//! What interfaces are made of: the ports of a bond or bridge, the interface that a VLAN is on.

use std::collections::BTreeSet;
use std::path::Path;

use crate::root::Root;

/// An interface and all below it, by the kernel's links `lower_NAME`: packets that come in on any of them may be for it.
/// What goes while it is read is left out.
pub(crate) fn with_below(root: &Root<'_>, name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut pending = vec![name.to_owned()];
    while let Some(name) = pending.pop() {
        // A name that was seen is not followed again: a recording may have loops.
        if !found.insert(name.clone()) {
            continue;
        }
        let entries = root.names(Path::new("sys/class/net").join(&name)).unwrap_or_default();
        pending.extend(entries.iter().filter_map(|n| n.strip_prefix("lower_")).map(str::to_owned));
    }
    found
}
