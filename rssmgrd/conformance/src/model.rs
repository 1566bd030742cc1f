//! An adapter that exists only as data: it does what core's model of a device says, and nothing of its own. Cases and
//! mutants are tried on it.

use rssmgr_core::backend::{Backend, Sampler};
use rssmgr_core::capability::{Capability, ChannelControl, UnhashedTarget, VPortCapability};
use rssmgr_core::device::{BackendError, Device, Op, Outcome, Queue};
use rssmgr_core::driver::{apply, round_robin};
use rssmgr_core::hash::{HashKey, HashTypes, KEY_BYTES};
use rssmgr_core::stats::Sample;
use std::sync::Arc;

/// The adapter: 12 queues, 128 entries, three VPorts beside the default one.
#[derive(Debug)]
pub struct Model {
    capability: Capability,
    device: Device,
}

impl Model {
    /// The adapter, RSS on and its table round robin, as a driver leaves it.
    #[must_use]
    pub fn new() -> Self {
        let capability = Capability {
            max_queues: 12,
            channels: ChannelControl::Settable,
            table_entries: 128,
            key_bytes: u16::try_from(KEY_BYTES).unwrap_or(u16::MAX),
            key_settable: true,
            hash_types: HashTypes::ALL,
            hash_types_settable: true,
            unhashed: UnhashedTarget::DefaultProcessor,
            independent_entry_move: true,
            vectors: 12,
            msi_x: true,
            queue_affinity: true,
            vports: VPortCapability {
                max: 4,
                queues: 8,
                table_entries: 128,
                table_size_restricted: false,
                dynamic_affinity: true,
                mac_filters: true,
                vlan_filters: true,
                filters: 64,
                ..VPortCapability::default()
            },
            ..Capability::default()
        };
        let device = Device {
            enabled: true,
            queues: vec![Queue::default(); capability.max_queues.into()],
            table: round_robin(capability.table_entries, capability.max_queues),
            key: HashKey::microsoft(),
            hash_types: HashTypes::DEFAULT,
            ..Device::default()
        };
        Self { capability, device }
    }
}

impl Default for Model {
    fn default() -> Self {
        Self::new()
    }
}

struct Nothing;

impl Sampler for Nothing {
    fn sample(&self) -> Sample {
        Sample::default()
    }
}

impl Backend for Model {
    fn capability(&self) -> &Capability {
        &self.capability
    }

    fn blocking(&self) -> bool {
        false
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        Ok(self.device.clone())
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        let after = apply(&self.capability, &self.device, op)?;
        let changed = after != self.device;
        self.device = after;
        Ok(if changed { Outcome::Changed } else { Outcome::Unchanged })
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        Arc::new(Nothing)
    }
}
