//! Any backend as a driver: the callbacks become operations.

use alloc::vec::Vec;

use super::callbacks::{Callbacks, Entry, Hardware};
use crate::backend::Backend;
use crate::capability::Capability;
use crate::device::{BackendError, EntryMove, Filter, Op, VPortOp};
use crate::hash::{HashKey, HashTypes};
use crate::ids::{CpuId, EntryIndex, QueueId, VPortId};
use crate::scaling::Fault;

/// A backend as a driver.
///
/// The table of the default VPort always has all its entries in the backend; one of fewer entries is repeated in it, so
/// that a hash chooses the same.
#[derive(Debug)]
pub struct Ops<B> {
    backend: B,
    /// Entries of the default VPort's table as the framework has it.
    entries: u16,
}

impl<B: Backend> Ops<B> {
    /// The driver of a backend.
    pub const fn new(backend: B) -> Self {
        Self { backend, entries: 1 }
    }

    /// The backend.
    #[must_use]
    pub const fn backend(&self) -> &B {
        &self.backend
    }

    fn run(&mut self, op: &Op) -> Result<(), Fault> {
        match self.backend.execute(op) {
            Ok(_) => Ok(()),
            Err(BackendError::Gone) => Err(Fault::Gone),
            Err(BackendError::Refused(_) | BackendError::Down(_) | BackendError::System { .. }) => {
                Err(Fault::NotReady)
            }
        }
    }

    fn vport(&mut self, id: VPortId, op: VPortOp) -> Result<(), Fault> {
        self.run(&Op::VPort { id, op })
    }
}

impl<B: Backend> Callbacks for Ops<B> {
    fn enable(&mut self, vport: VPortId, types: HashTypes) -> Result<(), Fault> {
        if vport != VPortId::DEFAULT {
            return self.vport(vport, VPortOp::Enable(types));
        }
        self.run(&Op::HashTypes(types))?;
        self.run(&Op::Enable)
    }

    fn disable(&mut self, vport: VPortId) -> Result<(), Fault> {
        match vport {
            VPortId::DEFAULT => self.run(&Op::Disable),
            id => self.vport(id, VPortOp::Disable),
        }
    }

    fn set_hash_secret_key(&mut self, vport: VPortId, key: &HashKey) -> Result<(), Fault> {
        match vport {
            VPortId::DEFAULT => self.run(&Op::SetKey(key.clone())),
            id => self.vport(id, VPortOp::SetKey(key.clone())),
        }
    }

    fn set_indirection_entries(&mut self, vport: VPortId, entries: &mut [Entry]) {
        let moves = entries.iter().map(|e| EntryMove { entry: e.index, queue: e.queue });
        let status = if vport == VPortId::DEFAULT {
            let (size, step) = (self.backend.capability().table_entries, usize::from(self.entries.max(1)));
            let repeated = |m: EntryMove| {
                let same = (m.entry.0..size).step_by(step);
                same.map(move |i| EntryMove { entry: EntryIndex(i), queue: m.queue })
            };
            let moves: Vec<EntryMove> = moves.flat_map(repeated).collect();
            self.run(&Op::SetEntries(moves))
        } else {
            let moves = moves.collect();
            self.vport(vport, VPortOp::SetEntries(moves))
        };
        // All or nothing.
        entries.iter_mut().for_each(|entry| entry.status = status);
    }
}

impl<B: Backend> Hardware for Ops<B> {
    fn capability(&self) -> Capability {
        self.backend.capability().clone()
    }

    /// A backend's queues are there as long as it is. It is brought to the state after creation: RSS off, one table
    /// entry, no VPort.
    fn create_queues(&mut self, queues: u16) -> Result<(), Fault> {
        let there = match self.backend.observe() {
            Ok(device) => device,
            Err(BackendError::Gone) => return Err(Fault::Gone),
            Err(_) => return Err(Fault::NotReady),
        };
        for vport in there.vports.keys() {
            self.delete_vport(*vport)?;
        }
        self.run(&Op::Disable)?;
        if there.channels() != queues {
            self.run(&Op::Channels(queues))?;
        }
        self.run(&Op::DefaultQueue(QueueId(0)))?;
        self.write_table(VPortId::DEFAULT, &[QueueId(0)])
    }

    fn destroy_queues(&mut self) {}

    fn set_home(&mut self, queue: QueueId, cpu: CpuId) -> Result<(), Fault> {
        self.run(&Op::Home { queue, cpu: Some(cpu) })
    }

    fn write_table(&mut self, vport: VPortId, table: &[QueueId]) -> Result<(), Fault> {
        if vport != VPortId::DEFAULT {
            return self.vport(vport, VPortOp::WriteTable(table.to_vec()));
        }
        let size = usize::from(self.backend.capability().table_entries);
        self.run(&Op::WriteTable(table.iter().copied().cycle().take(size).collect()))?;
        self.entries = u16::try_from(table.len()).unwrap_or(u16::MAX);
        Ok(())
    }

    fn set_default_queue(&mut self, vport: VPortId, queue: QueueId) -> Result<(), Fault> {
        match vport {
            VPortId::DEFAULT => self.run(&Op::DefaultQueue(queue)),
            id => self.vport(id, VPortOp::DefaultQueue(queue)),
        }
    }

    fn create_vport(&mut self, vport: VPortId, queues: &[QueueId]) -> Result<(), Fault> {
        self.vport(vport, VPortOp::Create { queues: queues.to_vec() })
    }

    fn set_queues(&mut self, vport: VPortId, queues: &[QueueId]) -> Result<(), Fault> {
        self.vport(vport, VPortOp::Queues(queues.to_vec()))
    }

    fn set_filters(&mut self, vport: VPortId, filters: &[Filter]) -> Result<(), Fault> {
        self.vport(vport, VPortOp::Filters(filters.to_vec()))
    }

    fn delete_vport(&mut self, vport: VPortId) -> Result<(), Fault> {
        self.vport(vport, VPortOp::Delete)
    }
}
