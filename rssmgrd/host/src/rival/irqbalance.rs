//! irqbalance: runs, or does not, and leaves some interrupts alone.

use std::path::Path;

use rssmgr_core::doctor::{Sign, SignKind};

use crate::error::HostError;
use crate::irqbalance::{Irqbalance, bans_and_rest, running};
use crate::process::processes;

pub(super) fn signs(root: &Path) -> Result<Vec<Sign>, HostError> {
    // Only the running machine's can be asked.
    let here = if root == Path::new("/") { running(root)? } else { Vec::new() };
    let mut signs = Vec::new();
    for process in processes(root, &["irqbalance"])? {
        // The first is its own name.
        let arguments = process.arguments.get(1..).unwrap_or_default();
        let (mut banned, rest) = bans_and_rest(arguments);
        let mut unasked = None;
        match here.iter().find(|d| d.pid == process.pid).map(Irqbalance::banned) {
            Some(Ok(told)) => banned.extend(told),
            Some(Err(e)) => unasked = Some(e.to_string()),
            None => {}
        }
        signs.push(Sign {
            kind: SignKind::Irqbalance { banned: banned.into_iter().collect(), rest, unasked },
            adapters: None,
            place: format!("process {}", process.pid),
            line: None,
            text: match process.arguments.is_empty() {
                true => process.name.clone(),
                false => process.arguments.join(" "),
            },
        });
    }
    Ok(signs)
}
