//! What survives a restart.

use alloc::collections::BTreeMap;
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
    /// Its state when it was first seen, for release. An adapter that has one is in our hands, and is given back when
    /// nobody names it any more.
    pub original: Option<Device>,
    /// What was asked of its VPorts.
    pub scaling: AskedScaling,
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
