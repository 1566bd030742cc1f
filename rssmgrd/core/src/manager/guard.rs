//! When nothing is to be changed at all: the kill switches, and the guard that remembers boots that went wrong.
//!
//! What is applied at boot is marked in the saved state before its first step, and the mark goes when the adapters have
//! a carrier again, and where there was one, a gateway that answers. Where that failed two boots in a row, the third
//! one only observes. Stopping the daemon in that boot and starting it again ends it: that it was told to end is noted,
//! and forgotten by the next start. One that crashed, was killed or lost its bus noted nothing; the service manager
//! starts it again, and it goes on observing.

use alloc::collections::BTreeSet;
use alloc::string::String;
use core::fmt;

use super::Manager;
use super::adapter::Adapter;
use super::group::Group;
use super::save::Purpose;
use super::saved::SavedState;
use super::view::Kind;
use crate::event::EventKind;
use crate::ids::AdapterId;

/// Boots in a row without a carrier after which nothing is applied.
const MOST_FAILURES: u32 = 2;

/// Why nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObserveOnly {
    /// `rssmgrd.manage=0` on the kernel's command line.
    CommandLine,
    /// The file `/etc/rssmgrd/observe`.
    File,
    /// What was applied at boot was not followed by a carrier, twice.
    BootGuard,
}

impl fmt::Display for ObserveOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CommandLine => {
                "rssmgrd.manage=0 is on the kernel's command line: boot without it to manage adapters again"
            }
            Self::File => {
                "/etc/rssmgrd/observe exists: remove it and restart rssmgrd to manage adapters again"
            }
            Self::BootGuard => {
                "after two boots in a row no carrier, or no gateway, came back once the settings were applied: mend them (`rssctl config show`), then restart rssmgrd to manage adapters again"
            }
        })
    }
}

/// Whether a router answers behind an adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gateway {
    /// No default route leads through it.
    #[default]
    None,
    /// A default route does, and its router is not known to be there.
    Silent,
    /// The router of a default route is known to be there.
    Answers,
}

/// What is remembered from boot to boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BootGuard {
    /// Keys of the adapters that were seen with a carrier.
    pub carriers: BTreeSet<String>,
    /// Those of them behind which a router answered.
    pub gateways: BTreeSet<String>,
    /// Those that were changed in this boot and have no carrier, or no gateway, again yet.
    pub unproven: BTreeSet<String>,
    /// Boots in a row that left some unproven.
    pub failures: u32,
    /// Somebody told the daemon to end while the guard held, and it was not started again yet.
    pub ended: bool,
}

/// Notes a start. Answers whether it is the first of its boot, and whether the guard has had enough.
pub(super) fn inherit(saved: &mut SavedState, boot: &str) -> (bool, bool) {
    if boot.is_empty() {
        return (false, false);
    }
    let guard = &mut saved.guard;
    let first = saved.boot != boot;
    let ended = core::mem::take(&mut guard.ended);
    if first {
        // Whoever shut the machine down ended the daemon too, and meant nothing by it.
        guard.failures += u32::from(!core::mem::take(&mut guard.unproven).is_empty());
        saved.boot = boot.into();
    } else if ended {
        guard.failures = 0;
    }
    (first, saved.guard.failures >= MOST_FAILURES)
}

impl Manager {
    /// Marks what a boot-time change is about to touch.
    pub(super) fn mark(&mut self, group: &Group) {
        for m in group.members.iter().filter(|m| m.has_steps()) {
            let booting = |a: &Adapter| a.at_boot && a.facts.kind == Kind::Kernel;
            if self.adapters.get(&m.id).is_some_and(booting) && self.saved.guard.carriers.contains(&m.key) {
                self.saved.guard.unproven.insert(m.key.clone());
            }
        }
    }

    /// An adapter has a carrier, and this behind it.
    pub(super) fn carrier(&mut self, adapter: AdapterId, gateway: Gateway) {
        let Some(key) = self.adapters.get(&adapter).map(|a| a.facts.key.clone()) else { return };
        let guard = &mut self.saved.guard;
        let before = guard.clone();
        let proven = gateway == Gateway::Answers || !guard.gateways.contains(&key);
        if proven && guard.unproven.remove(&key) && guard.unproven.is_empty() {
            guard.failures = 0;
        }
        match gateway {
            Gateway::Answers => drop(guard.gateways.insert(key.clone())),
            // Its default route was taken elsewhere, by somebody else: nothing was applied here since the boot.
            Gateway::None if !guard.unproven.contains(&key) => drop(guard.gateways.remove(&key)),
            Gateway::None | Gateway::Silent => {}
        }
        guard.carriers.insert(key);
        if *guard != before {
            self.save(Purpose::Noted);
        }
    }

    /// Somebody told the daemon to end.
    pub(super) fn ending(&mut self) {
        let guard = &mut self.saved.guard;
        let holds = !self.boot.is_empty() && guard.failures >= MOST_FAILURES;
        if holds && !core::mem::replace(&mut guard.ended, true) {
            self.save(Purpose::Noted);
        }
    }

    /// Tells at the start that nothing will be changed.
    pub(super) fn tell_observing(&mut self) {
        if let Some(why) = self.observe {
            self.tell(None, EventKind::ObserveOnly { because: alloc::format!("{why}") });
        }
    }
}
