//! The host's hash key, and what it calls this boot.

use std::path::Path;

use rssmgr_core::hash::HashKey;

use crate::root::Root;

/// The random key that the kernel makes once in a boot and most drivers use (`net.core.netdev_rss_key`), as long as
/// the kernel prints it: 52 bytes or more, of which a driver takes the first.
///
/// `None` when the file is not there or not readable, or the key is all zeros: the kernel makes it when the first
/// driver asks.
#[must_use]
pub fn boot_key(root: &Path) -> Option<HashKey> {
    let text = Root::new(root).read("proc/sys/net/core/netdev_rss_key").ok()??;
    let text = text.trim_ascii();
    // The parser refuses a key whose bytes are all alike, which zeros are.
    HashKey::parse(text, text.split(':').count()).ok()
}

/// The kernel's id of this boot; empty where it shows none.
#[must_use]
pub fn boot_id(root: &Path) -> String {
    let id = Root::new(root).read("proc/sys/kernel/random/boot_id").ok().flatten();
    id.unwrap_or_default().trim().to_owned()
}
