//! What each operation does. Checked first, then done whole: a refused operation changes nothing.
//!
//! Nothing here waits for a thread: the port follows new orders between two packets, workers follow a new home
//! between two batches, and the worker of a queue that was taken away empties its ring by itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rssmgr_core::device::{BackendError, EntryMove, Op, Refusal, UserTable};
use rssmgr_core::driver::{none_held_from, not_held, round_robin};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::encap::EncapState;
use rssmgr_core::steer::{Steering, TableError};
use rssmgr_core::toeplitz::Toeplitz;
use rssmgr_core::{CpuId, EntryIndex, QueueId};

use super::datapath::Datapath;

impl Datapath {
    /// Executes an operation; whether it changed anything.
    pub(super) fn apply(&mut self, op: &Op) -> Result<bool, BackendError> {
        match op {
            Op::Enable => self.switch(true),
            Op::Disable => self.switch(false),
            Op::SetKey(key) => self.set_key(key),
            Op::SetEntries(moves) => {
                let table = self.moved(op, moves)?;
                self.set_table(table, UserTable::Yes)
            }
            Op::WriteTable(table) => {
                let want = usize::from(self.capability.table_entries);
                if table.len() != want {
                    return Err(Refusal::TableLength { got: table.len(), want }.into());
                }
                table.iter().try_for_each(|queue| self.check_own(op, *queue))?;
                self.set_table(table.clone(), UserTable::Yes)
            }
            Op::ResetTable => {
                // It would point at all queues.
                none_held_from(self.vports.devices(), op, 0)?;
                self.set_table(round_robin(self.capability.table_entries, self.channels), UserTable::No)
            }
            Op::Channels(n) => self.set_channels(op, *n),
            Op::Home { queue, cpu } => {
                self.check_queue(op, *queue)?;
                Ok(self.set_home(*queue, *cpu))
            }
            Op::HashTypes(types) => self.set_hash_types(*types),
            Op::Encapsulation(state) => self.set_encapsulation(*state),
            Op::DefaultQueue(queue) => {
                self.check_own(op, *queue)?;
                self.set_default_queue(*queue)
            }
            // It sends nothing, spreads over CPUs by itself, and has no interrupts.
            Op::Xps { .. } | Op::XpsRxqs { .. } | Op::Rps { .. } | Op::Vector { .. } => {
                Err(Refusal::Unsupported { op: op.to_string() }.into())
            }
            Op::VPort { id, op } => self.vport(*id, op),
        }
    }

    fn check_queue(&self, op: &Op, queue: QueueId) -> Result<(), Refusal> {
        let last = self.channels.saturating_sub(1);
        if queue.0 > last {
            return Err(Refusal::NoSuchQueue { op: op.to_string(), queue, last });
        }
        Ok(())
    }

    /// Whether the default VPort may use a queue.
    fn check_own(&self, op: &Op, queue: QueueId) -> Result<(), Refusal> {
        self.check_queue(op, queue)?;
        not_held(self.vports.devices(), op, queue)
    }

    fn switch(&mut self, on: bool) -> Result<bool, BackendError> {
        if self.enabled == on {
            return Ok(false);
        }
        self.enabled = on;
        self.steer(self.steering.clone())?;
        Ok(true)
    }

    fn set_key(&mut self, key: &HashKey) -> Result<bool, BackendError> {
        let want = usize::from(self.capability.key_bytes);
        if key.len() != want {
            return Err(Refusal::KeyLength { got: key.len(), want }.into());
        }
        if *key == self.key {
            return Ok(false);
        }
        let old = &self.steering;
        let toeplitz = Arc::new(Toeplitz::new(key));
        let steering = Steering::new(toeplitz, old.types(), old.table().into(), old.default_queue());
        self.steer(steering.map_err(impossible)?)?;
        self.key = key.clone();
        Ok(true)
    }

    /// The table after these moves, of which none is done when one is refused.
    fn moved(&self, op: &Op, moves: &[EntryMove]) -> Result<Vec<QueueId>, Refusal> {
        let mut table = self.steering.table().to_vec();
        for EntryMove { entry, queue } in moves {
            self.check_own(op, *queue)?;
            let last = self.capability.table_entries.saturating_sub(1);
            *table.get_mut(entry.index()).ok_or(Refusal::NoSuchEntry { entry: *entry, last })? = *queue;
        }
        Ok(table)
    }

    fn set_table(&mut self, table: Vec<QueueId>, user_table: UserTable) -> Result<bool, BackendError> {
        let old = &self.steering;
        let moves = old.table().iter().zip(&table).filter(|(old, new)| old != new).count();
        if moves > 0 {
            let toeplitz = Arc::clone(old.toeplitz());
            let steering = Steering::new(toeplitz, old.types(), table.into(), old.default_queue());
            self.steer(steering.map_err(impossible)?)?;
            self.shared.entry_moves.fetch_add(u64::try_from(moves).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        let told = self.user_table != user_table;
        self.user_table = user_table;
        Ok(moves > 0 || told)
    }

    fn set_channels(&mut self, op: &Op, n: u16) -> Result<bool, BackendError> {
        let max = self.capability.max_queues;
        if n == 0 || n > max {
            return Err(Refusal::QueueCount { got: n, max }.into());
        }
        none_held_from(self.vports.devices(), op, n)?;
        for (entry, queue) in (0..).map(EntryIndex).zip(self.steering.table()) {
            if queue.0 >= n {
                return Err(Refusal::QueueInUse { queues: n, entry, queue: *queue }.into());
            }
        }
        if n == self.channels {
            return Ok(false);
        }
        // New queues may be served by any CPU.
        for queue in self.shared.queues.iter().take(n.into()).skip(self.channels.into()) {
            queue.set_home(None);
        }
        // Before a ring goes, nothing may be steered to it any more.
        if self.steering.default_queue().0 >= n {
            self.set_default_queue(QueueId(0))?;
        }
        self.set_queues(n);
        Ok(true)
    }

    fn set_home(&mut self, queue: QueueId, cpu: Option<CpuId>) -> bool {
        match self.shared.queues.get(queue.index()) {
            Some(state) if state.home() != cpu => {
                state.set_home(cpu);
                state.bell.ring();
                true
            }
            _ => false,
        }
    }

    fn set_hash_types(&mut self, types: HashTypes) -> Result<bool, BackendError> {
        let supported = self.capability.hash_types;
        if !types.is_subset(supported) {
            let types = HashTypes::from_bits(types.bits() & !supported.bits()).unwrap_or_default();
            return Err(Refusal::HashTypes { types, supported }.into());
        }
        if types == self.steering.types() {
            return Ok(false);
        }
        self.steer(with_types(&self.steering, types)?)?;
        Ok(true)
    }

    fn set_encapsulation(&mut self, state: EncapState) -> Result<bool, BackendError> {
        let supported = self.capability.encapsulation.kinds;
        let kinds = state.kinds.without(supported);
        if !kinds.is_empty() {
            return Err(Refusal::Encapsulation { kinds, supported }.into());
        }
        if state == self.encapsulation {
            return Ok(false);
        }
        self.encapsulation = state;
        self.steer(self.steering.clone())?;
        self.look_inside(self.capability.encapsulation.config(state));
        self.post_ports();
        Ok(true)
    }

    fn set_default_queue(&mut self, queue: QueueId) -> Result<bool, BackendError> {
        let old = &self.steering;
        if queue == old.default_queue() {
            return Ok(false);
        }
        let toeplitz = Arc::clone(old.toeplitz());
        let steering = Steering::new(toeplitz, old.types(), old.table().into(), queue);
        self.steer(steering.map_err(impossible)?)?;
        Ok(true)
    }

    /// Steers like this from now on, while RSS is enabled.
    fn steer(&mut self, steering: Steering) -> Result<(), BackendError> {
        let inside = self.capability.encapsulation.config(self.encapsulation);
        let steering = steering.with_encapsulation(inside);
        let effective = if self.enabled {
            steering.clone()
        } else {
            // Nothing is hashed, so everything goes to the default queue.
            with_types(&steering, HashTypes::NONE)?.with_encapsulation(inside)
        };
        self.steering = steering;
        let effective = Arc::new(effective);
        self.mailbox.post(&self.shared.port, |orders| orders.ports.default = effective);
        Ok(())
    }

    /// Steers to the other VPorts as they are now.
    pub(super) fn post_ports(&mut self) {
        let others = self.vports.steering();
        self.mailbox.post(&self.shared.port, |orders| orders.ports.others = others);
    }
}

fn with_types(steering: &Steering, types: HashTypes) -> Result<Steering, BackendError> {
    let toeplitz = Arc::clone(steering.toeplitz());
    let table = steering.table().into();
    Steering::new(toeplitz, types, table, steering.default_queue()).map_err(impossible)
}

/// A table of the length of one that steers already is refused: a fault of ours.
pub(super) fn impossible(error: TableError) -> BackendError {
    BackendError::system("changing the steering", error)
}
