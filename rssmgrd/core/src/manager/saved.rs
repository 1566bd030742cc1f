//! What survives a restart.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::checkpoint::Checkpoint;
use super::guard::BootGuard;
use crate::device::Device;
use crate::driver::Impact;
use crate::ids::CpuId;
use crate::settings::{ManualTable, SettingsPatch};
use crate::vport::AskedScaling;

/// Everything that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedState {
    /// The machine-wide switch.
    pub rss_on: bool,
    /// Adapters by their lasting key.
    pub adapters: BTreeMap<String, SavedAdapter>,
    /// Software NICs, in order of creation.
    pub softnics: Vec<SavedSoftnic>,
    /// Changes that are under way.
    pub open: Vec<OpenTransaction>,
    /// Changes that wait to be confirmed.
    pub checkpoints: Vec<Checkpoint>,
    /// The number of the latest checkpoint.
    pub last_checkpoint: u64,
    /// The boot in which this was saved.
    pub boot: String,
    /// What is remembered from boot to boot.
    pub guard: BootGuard,
}

impl Default for SavedState {
    fn default() -> Self {
        Self {
            rss_on: true,
            adapters: BTreeMap::new(),
            softnics: Vec::new(),
            open: Vec::new(),
            checkpoints: Vec::new(),
            last_checkpoint: 0,
            boot: String::new(),
            guard: BootGuard::default(),
        }
    }
}

/// What is saved of one adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedAdapter {
    /// Name when it was saved last, for people.
    pub name: String,
    /// Settings made by `rssctl set`.
    pub patch: SettingsPatch,
    /// Explicit table entries.
    pub table: ManualTable,
    /// Whether `rssctl set` named it.
    pub managed: bool,
    /// Whether it was given back: then neither configuration nor being a software NIC makes it managed.
    pub released: bool,
    /// The processors it runs on, so that a restart does not move it.
    pub assigned: Vec<CpuId>,
    /// The settings by which these processors were chosen, as a text; empty where that is not known. When the
    /// configuration changes between two runs it differs, and processors are chosen anew.
    pub basis: String,
    /// Queues it had when it was first seen.
    pub found_queues: u16,
    /// Steps are pending: the worst that may be done to the adapter before a restart takes them.
    pub pending: Option<Impact>,
    /// Those of them that nothing else tells of: what waits to be as it was found again, because nobody asks for anything
    /// else any more.
    pub gives_back: BTreeSet<GivenUp>,
    /// Its state when it was first seen, for release. An adapter that has one is in our hands, and is given back when
    /// nobody names it any more.
    pub original: Option<Device>,
    /// What was asked of its VPorts.
    pub scaling: AskedScaling,
}

/// A part of an adapter's state that was ours and is to be as it was found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GivenUp {
    /// The number of queues.
    Queues,
    /// The hash key.
    HashKey,
    /// The hash types.
    HashTypes,
    /// Which CPUs send through which queue.
    Xps,
    /// Which receive queues' connections send through which queue.
    XpsRxqs,
    /// Over which CPUs the kernel spreads.
    Rps,
}

impl GivenUp {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Queues, Self::HashKey, Self::HashTypes, Self::Xps, Self::XpsRxqs, Self::Rps];

    /// The name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queues => "queues",
            Self::HashKey => "hash_key",
            Self::HashTypes => "hash_types",
            Self::Xps => "xps",
            Self::XpsRxqs => "xps_rxqs",
            Self::Rps => "rps",
        }
    }

    /// The part of a name; `None` where there is none of it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

/// A software NIC that is created again at start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedSoftnic {
    /// Its name.
    pub name: String,
    /// Its options.
    pub options: BTreeMap<String, String>,
}

/// A change that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// The adapter's lasting key.
    pub adapter: String,
    /// Its state before.
    pub before: Device,
}
