//! One adapter as the manager keeps it.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::command::Change;
use super::saved::SavedAdapter;
use super::view::{AdapterFacts, AdapterState, AdapterView, Config, Verified};
use crate::capability::Capability;
use crate::device::Device;
use crate::driver::{Driver, SOFTNIC};
use crate::field::Field;
use crate::ids::{AdapterId, CpuId, Generation};
use crate::place::Target;
use crate::settings::{Layer, ManualTable, Origin, Settings, SettingsPatch};
use crate::topology::Topology;

/// Settings that last until the daemon ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runtime {
    pub(super) patch: SettingsPatch,
    pub(super) table: ManualTable,
}

#[derive(Debug)]
pub(super) struct Adapter {
    pub(super) facts: AdapterFacts,
    pub(super) capability: Capability,
    pub(super) topology: Arc<Topology>,
    /// As last read.
    pub(super) device: Device,
    /// As first seen, for release.
    pub(super) original: Device,
    pub(super) found_queues: u16,
    pub(super) runtime: Runtime,
    pub(super) managed: bool,
    pub(super) degraded: Option<alloc::string::String>,
    pub(super) verified: Verified,
    pub(super) target: Option<Target>,
    /// The processors the profile chose.
    pub(super) assigned: Option<Vec<CpuId>>,
    /// Whether a group is at work on it.
    pub(super) busy: bool,
    pub(super) settings: Settings,
    pub(super) view: Arc<AdapterView>,
}

impl Adapter {
    pub(super) fn driver(&self) -> &'static Driver {
        Driver::by_name(&self.facts.driver).unwrap_or(&SOFTNIC)
    }

    pub(super) fn state(&self) -> AdapterState {
        match &self.degraded {
            Some(because) => AdapterState::Degraded { because: because.clone() },
            None if self.busy => AdapterState::Applying,
            None if self.managed => AdapterState::Managed,
            None => AdapterState::Observed,
        }
    }

    /// Makes the view agree with the state.
    pub(super) fn refresh(&mut self, id: AdapterId, generation: Generation) {
        let view = AdapterView {
            id,
            facts: self.facts.clone(),
            capability: self.capability.clone(),
            device: self.device.clone(),
            topology: Arc::clone(&self.topology),
            settings: self.settings.clone(),
            target: self.target.clone(),
            state: self.state(),
            verified: self.verified,
            generation,
        };
        self.view = Arc::new(view);
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

/// Whether processors must be chosen anew to go from one to the other.
pub(super) fn replans(a: &Settings, b: &Settings) -> bool {
    a.profile.value != b.profile.value
        || a.base_processor.value != b.base_processor.value
        || a.max_processor.value != b.max_processor.value
        || a.max_processors.value != b.max_processors.value
        || a.numa_node.value != b.numa_node.value
        || a.queues.value != b.queues.value
        || a.smt.value != b.smt.value
        || a.exclude_cpus.value != b.exclude_cpus.value
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
