//! The part of a plan that is about VPorts.
//!
//! Queues and filters pass from one VPort to another, so what is given up comes first of all and what is taken last: in
//! between, packets are the default VPort's.

use alloc::vec::Vec;

use super::{Planner, moves};
use crate::device::{Op, Refusal, VPortDevice, VPortOp};
use crate::ids::{QueueId, VPortId};

impl Planner<'_> {
    fn vport(&mut self, id: VPortId, op: VPortOp) -> Result<(), Refusal> {
        self.push(Op::VPort { id, op })
    }

    /// VPorts, queues and filters that the target does not have.
    pub(super) fn give_up_vports(&mut self) -> Result<(), Refusal> {
        let there: Vec<VPortId> = self.nic.device.vports.keys().copied().collect();
        for id in there {
            let want = self.target.device.vports.get(&id);
            let (Some(have), Some(want)) = (self.nic.device.vports.get(&id).cloned(), want) else {
                self.vport(id, VPortOp::Delete)?;
                continue;
            };
            let stay: Vec<QueueId> =
                have.queues.iter().copied().filter(|queue| want.queues.contains(queue)).collect();
            let Some(first) = stay.first() else {
                // It keeps none of its queues: nothing could serve it while they change.
                self.vport(id, VPortOp::Delete)?;
                continue;
            };
            let filters: Vec<_> = have.filters.iter().copied().filter(|f| want.filters.contains(f)).collect();
            if filters != have.filters {
                self.vport(id, VPortOp::Filters(filters))?;
            }
            if stay == have.queues {
                continue;
            }
            // What is wanted, as far as it goes with the queues that stay.
            let fit = |queue: QueueId| if stay.contains(&queue) { queue } else { *first };
            if !stay.contains(&have.default_queue) {
                self.vport(id, VPortOp::DefaultQueue(fit(want.default_queue)))?;
            }
            if have.table.iter().any(|queue| !stay.contains(queue)) {
                let table: Vec<_> = want.table.iter().map(|queue| fit(*queue)).collect();
                self.vport_table(id, &have, &table)?;
            }
            self.vport(id, VPortOp::Queues(stay))?;
        }
        Ok(())
    }

    /// Everything else of the VPorts.
    pub(super) fn vports(&mut self) -> Result<(), Refusal> {
        for (id, want) in &self.target.device.vports {
            let id = *id;
            if !self.nic.device.vports.contains_key(&id) {
                self.vport(id, VPortOp::Create { queues: want.queues.clone() })?;
            }
            let Some(have) = self.nic.device.vports.get(&id).cloned() else { continue };
            if have.same(want) {
                continue;
            }
            if have.enabled && !want.enabled {
                // Off first, so that nothing else on the way can reorder anything.
                self.vport(id, VPortOp::Disable)?;
            }
            if have.queues != want.queues {
                self.vport(id, VPortOp::Queues(want.queues.clone()))?;
            }
            if have.default_queue != want.default_queue {
                self.vport(id, VPortOp::DefaultQueue(want.default_queue))?;
            }
            if have.key != want.key && !want.key.is_empty() {
                self.vport(id, VPortOp::SetKey(want.key.clone()))?;
            }
            if have.table != want.table {
                self.vport_table(id, &have, &want.table)?;
            }
            if want.enabled && (!have.enabled || have.hash_types != want.hash_types) {
                self.vport(id, VPortOp::Enable(want.hash_types))?;
            }
            if have.filters != want.filters {
                self.vport(id, VPortOp::Filters(want.filters.clone()))?;
            }
        }
        Ok(())
    }

    /// Moves where the adapter can move single entries, else the whole table.
    fn vport_table(&mut self, id: VPortId, have: &VPortDevice, table: &[QueueId]) -> Result<(), Refusal> {
        let single = self.cap.independent_entry_move && have.table.len() == table.len();
        let op = if single {
            VPortOp::SetEntries(moves(&have.table, table))
        } else {
            VPortOp::WriteTable(table.to_vec())
        };
        self.vport(id, op)
    }
}
