//! Operations on VPorts beside the default one.
//!
//! Whether an operation is right is decided by core's model of the device, whole before anything is done. What is done
//! then: another steering for the port, and counters for a VPort that comes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rssmgr_core::VPortId;
use rssmgr_core::device::{BackendError, Device, Filters, Op, Refusal, VPortDevice, VPortOp, VPortRefusal};
use rssmgr_core::driver;
use rssmgr_core::hash::HashTypes;
use rssmgr_core::packet::encap::EncapConfig;
use rssmgr_core::steer::Steering;
use rssmgr_core::toeplitz::Toeplitz;

use super::datapath::Datapath;
use super::ops::impossible;
use crate::ports::Others;

/// The VPorts beside the default one.
#[derive(Debug, Default)]
pub(super) struct VPorts {
    devices: BTreeMap<VPortId, VPortDevice>,
    /// What the port has of them.
    others: Others,
}

impl VPorts {
    /// Their states.
    pub(super) fn devices(&self) -> &BTreeMap<VPortId, VPortDevice> {
        &self.devices
    }

    /// What the port shall have of them: nothing while no filter leads to one.
    pub(super) fn steering(&self) -> Option<Arc<Others>> {
        (!self.others.filters.is_empty()).then(|| Arc::new(self.others.clone()))
    }
}

impl Datapath {
    pub(super) fn vport(&mut self, id: VPortId, op: &VPortOp) -> Result<bool, BackendError> {
        match op {
            // What concerns no other VPort, on the way that entry moves take.
            VPortOp::Enable(_)
            | VPortOp::Disable
            | VPortOp::SetKey(_)
            | VPortOp::SetEntries(_)
            | VPortOp::WriteTable(_)
            | VPortOp::DefaultQueue(_) => self.change_alone(id, op),
            VPortOp::Create { .. } | VPortOp::Delete | VPortOp::Queues(_) | VPortOp::Filters(_) => {
                self.change_all(id, op)
            }
        }
    }

    /// How a VPort steers: what does not spread hashes nothing, so that everything goes to its default queue. It looks into
    /// what the adapter looks into.
    fn steering_of(&self, vport: &VPortDevice, toeplitz: Arc<Toeplitz>) -> Result<Steering, BackendError> {
        let types = if vport.enabled { vport.hash_types } else { HashTypes::NONE };
        let steering = Steering::new(toeplitz, types, vport.table.clone().into(), vport.default_queue);
        Ok(steering.map_err(impossible)?.with_encapsulation(*self.steering.encapsulation()))
    }

    /// The VPorts look into what the adapter looks into now.
    pub(super) fn look_inside(&mut self, config: EncapConfig) {
        for (_, steering) in self.vports.others.vports.values_mut() {
            *steering = Arc::new(Steering::clone(steering).with_encapsulation(config));
        }
    }

    fn change_alone(&mut self, id: VPortId, op: &VPortOp) -> Result<bool, BackendError> {
        let refused = |why| Refusal::VPort { id, why };
        let Some(before) = self.vports.devices.get(&id) else {
            let why = if id == VPortId::DEFAULT { VPortRefusal::Default } else { VPortRefusal::Unknown };
            return Err(refused(why).into());
        };
        let mut after = before.clone();
        driver::change_vport(&self.capability, &mut after, op).map_err(refused)?;
        if after == *before {
            return Ok(false);
        }
        let slot = self.vports.others.vports.get(&id).map_or(0, |(slot, _)| *slot);
        let toeplitz = match self.vports.others.vports.get(&id) {
            Some((_, steering)) if before.key == after.key => Arc::clone(steering.toeplitz()),
            _ => Arc::new(Toeplitz::new(&after.key)),
        };
        let steering = self.steering_of(&after, toeplitz)?;
        let moves = before.table.iter().zip(&after.table).filter(|(old, new)| old != new).count();
        self.shared.entry_moves.fetch_add(u64::try_from(moves).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.vports.others.vports.insert(id, (slot, Arc::new(steering)));
        self.vports.devices.insert(id, after);
        self.post_ports();
        Ok(true)
    }

    fn change_all(&mut self, id: VPortId, op: &VPortOp) -> Result<bool, BackendError> {
        let before: Device = self.device();
        let whole = Op::VPort { id, op: op.clone() };
        let after = driver::apply(&self.capability, &before, &whole)?.vports;
        if after == before.vports {
            return Ok(false);
        }
        match (after.get(&id), self.vports.others.vports.contains_key(&id)) {
            (Some(device), false) => {
                let followed = self.mailbox.followed();
                let slot = self.shared.vports.open(id, followed).ok_or_else(|| {
                    BackendError::system("creating a VPort", "packets of deleted ones are still under way")
                })?;
                let toeplitz = Arc::new(Toeplitz::new(&device.key));
                let steering = self.steering_of(device, toeplitz)?;
                self.vports.others.vports.insert(id, (slot, Arc::new(steering)));
            }
            (None, true) => drop(self.vports.others.vports.remove(&id)),
            _ => {}
        }
        self.vports.others.filters = Arc::new(Filters::new(&after));
        self.vports.devices = after;
        self.post_ports();
        if *op == VPortOp::Delete {
            self.shared.vports.close(id, self.mailbox.changes());
        }
        Ok(true)
    }
}
