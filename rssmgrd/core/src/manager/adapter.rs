//! One adapter as the manager keeps it.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::checkpoint::{Before, CheckpointId};
use super::command::Change;
use super::drift::Drift;
use super::power::Power;
use super::saved::SavedAdapter;
use super::view::{AdapterFacts, AdapterState, AdapterView, Config, Verified};
use super::vport;
use crate::capability::Capability;
use crate::device::Device;
use crate::driver::Driver;
use crate::field::Field;
use crate::ids::{AdapterId, CpuId, Generation};
use crate::place::Target;
use crate::plan::Step;
use crate::settings::{Layer, ManualTable, Origin, Settings, SettingsPatch};
use crate::topology::Topology;
use crate::vport::AskedScaling;

/// Settings that last until the daemon ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runtime {
    pub(super) patch: SettingsPatch,
    pub(super) table: ManualTable,
}

impl Runtime {
    pub(super) fn is_empty(&self) -> bool {
        self.patch.is_empty() && self.table.is_empty()
    }
}

#[derive(Debug)]
pub(super) struct Adapter {
    pub(super) facts: AdapterFacts,
    pub(super) capability: Capability,
    pub(super) topology: Arc<Topology>,
    /// As last read.
    pub(super) device: Device,
    /// The state to go back to while a change is neither done nor undone: what an open transaction names, for as long
    /// as the adapter is not known to be whole.
    pub(super) back: Option<Device>,
    /// As first seen, for release.
    pub(super) original: Device,
    /// Whether its packets were spread by the kernel, for us, because it showed no table.
    pub(super) found_spread: bool,
    pub(super) found_queues: u16,
    pub(super) runtime: Runtime,
    pub(super) managed: bool,
    pub(super) degraded: Option<String>,
    pub(super) verified: Verified,
    pub(super) target: Option<Target>,
    /// The checkpoint that it is under, and what it had before that no file knows.
    pub(super) checkpoint: Option<CheckpointId>,
    pub(super) before: Option<Before>,
    /// Whether the machine has just booted, and nothing has been applied to it since.
    pub(super) at_boot: bool,
    /// Steps that are left for a restart.
    pub(super) pending: Vec<Step>,
    /// The processors the profile chose.
    pub(super) assigned: Option<Vec<CpuId>>,
    /// Whether a group is at work on it.
    pub(super) busy: bool,
    /// Whether an earlier run left a change open, and nobody has been told yet that it was taken back.
    pub(super) recovering: bool,
    /// Whether the whole table was told; single entries are told from then on.
    pub(super) told: bool,
    /// Whether it has queues, and what it lost with them.
    pub(super) power: Power,
    /// What others did to it.
    pub(super) drift: Drift,
    pub(super) settings: Settings,
    /// Its VPorts.
    pub(super) scaling: AskedScaling,
    pub(super) view: Arc<AdapterView>,
}

impl Adapter {
    pub(super) fn driver(&self) -> &'static Driver {
        Driver::of(&self.facts.driver)
    }

    /// The last state that was whole: what `keep` keeps, and where a failed change goes back to.
    pub(super) fn whole(&self) -> &Device {
        self.back.as_ref().unwrap_or(&self.device)
    }

    /// Of one that has queues, and nobody knows in which state, because it lost everything since it was read: why it could
    /// not be read again.
    pub(super) fn unread(&self) -> Option<&str> {
        self.drift.unread().filter(|_| self.power.is_up())
    }

    pub(super) fn state(&self) -> AdapterState {
        if self.power.is_down() {
            return AdapterState::Down;
        }
        match &self.degraded {
            Some(because) => AdapterState::Degraded { because: because.clone() },
            None => self.drift.hard_state().unwrap_or_else(|| {
                match (self.busy || self.power.is_back(), self.managed) {
                    (true, _) => AdapterState::Applying,
                    (false, true) => self.drift.soft_state().unwrap_or(if self.pending.is_empty() {
                        AdapterState::Managed
                    } else {
                        AdapterState::Pending
                    }),
                    (false, false) => AdapterState::Observed,
                }
            }),
        }
    }

    /// Some drivers have a table of another size with another number of queues: it is as long as it is read.
    pub(super) fn note_table_size(&mut self, found: &Device) {
        if self.capability.table_entries > 0 && !found.table.is_empty() {
            self.capability.table_entries = u16::try_from(found.table.len()).unwrap_or(u16::MAX);
        }
    }

    /// Makes the view agree with the state.
    pub(super) fn refresh(&mut self, id: AdapterId, generation: Generation) {
        self.view = Arc::new(self.seen(id, generation));
    }

    /// Whether readers see it as it is.
    pub(super) fn is_as_published(&self, id: AdapterId) -> bool {
        self.seen(id, self.view.generation) == *self.view
    }

    fn seen(&self, id: AdapterId, generation: Generation) -> AdapterView {
        AdapterView {
            id,
            facts: self.facts.clone(),
            capability: self.capability.clone(),
            device: self.device.clone(),
            topology: Arc::clone(&self.topology),
            settings: self.settings.clone(),
            target: self.target.clone(),
            pending: self.pending.clone(),
            checkpoint: self.checkpoint,
            state: self.state(),
            verified: self.verified,
            vports: vport::views(self),
            vmq: !self.scaling.vmq_off,
            generation,
        }
    }
}

/// The settings of an adapter from all its layers.
pub(super) fn settings(
    facts: &AdapterFacts,
    config: &Config,
    saved: Option<&SavedAdapter>,
    runtime: &Runtime,
) -> Settings {
    let mut layers = config.layers(facts);
    if let Some(s) = saved {
        layers.push(Layer::of(s.patch.clone(), s.table.clone(), Origin::Saved));
    }
    layers.push(Layer::of(runtime.patch.clone(), runtime.table.clone(), Origin::Runtime));
    Settings::layered(&layers)
}

/// The settings that decide which processors an adapter gets, as a text: as long as it is the same, a running adapter
/// stays where it is.
pub(super) fn basis(settings: &Settings) -> String {
    const DECIDING: [Field; 9] = [
        Field::Profile,
        Field::BaseProcessor,
        Field::MaxProcessor,
        Field::MaxProcessors,
        Field::NumaNode,
        Field::Queues,
        Field::Smt,
        Field::ExcludeCpus,
        Field::Rps,
    ];
    let words: Vec<String> =
        DECIDING.iter().map(|f| alloc::format!("{}={}", f.key(), settings.text(*f))).collect();
    words.join(" ")
}

/// What differs between two settings, in the order of the field table.
pub(super) fn changes(a: &Settings, b: &Settings) -> Vec<Change> {
    let mut out: Vec<Change> = Field::all()
        .filter_map(|field| {
            let (before, after) = (a.text(field), b.text(field));
            // Two different keys read alike, because keys are not shown.
            let differs =
                before != after || (field == Field::HashKey && a.hash_key.value != b.hash_key.value);
            differs.then_some(Change { field: Some(field), before, after })
        })
        .collect();
    if a.table.value != b.table.value {
        let words = |s: &Settings| alloc::format!("{} explicit entries", s.table.value.len());
        out.push(Change { field: None, before: words(a), after: words(b) });
    }
    out
}
