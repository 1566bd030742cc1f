//! Others on this machine that set what rssmgrd sets, by their processes and files.

mod files;
mod irqbalance;
mod network_manager;
mod script;
mod systemd_link;
mod tuned;

use std::path::Path;

use rssmgr_core::doctor::Sign;
use rssmgr_core::manager::glob;

use crate::error::HostError;
use crate::nic::NicFacts;
use crate::root::Root;

/// Everything that was found, and what could not be read.
#[derive(Debug, Default)]
pub struct Rivals {
    /// Who sets what.
    pub signs: Vec<Sign>,
    /// Why something could not be read; the rest was.
    pub unread: Vec<HostError>,
}

/// Looks for irqbalance, tuned, NetworkManager, systemd.link files and scripts that set queues, tables, interrupts or
/// steering of `nics`.
#[must_use]
pub fn rivals(root: &Path, nics: &[NicFacts]) -> Rivals {
    let mut rivals = Rivals::default();
    let prefix = root;
    let root = Root::new(root);
    rivals.add(irqbalance::signs(prefix));
    rivals.add(tuned::signs(&root, nics));
    rivals.add(systemd_link::signs(&root, nics));
    network_manager::look(&root, nics, &mut rivals);
    script::look(&root, nics, &mut rivals);
    rivals
}

impl Rivals {
    fn add(&mut self, signs: Result<Vec<Sign>, HostError>) {
        match signs {
            Ok(signs) => self.signs.extend(signs),
            Err(e) => self.unread.push(e),
        }
    }
}

/// The interfaces whose name matches one of the globs; one with `!` in front takes out again.
fn named(globs: &[&str], nics: &[NicFacts]) -> Vec<String> {
    let means = |name: &str| {
        let out = globs.iter().filter_map(|g| g.strip_prefix('!')).any(|g| glob(g, name));
        let mut positive = globs.iter().filter(|g| !g.starts_with('!')).peekable();
        !out && (positive.peek().is_none() || positive.any(|g| glob(g, name)))
    };
    nics.iter().map(|n| n.name.as_str()).filter(|n| means(n)).map(str::to_owned).collect()
}
