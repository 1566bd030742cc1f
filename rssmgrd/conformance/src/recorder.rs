//! A driver between the framework and the real one: it notes what was called, and fails where it is told to.

use rssmgr_core::adapter::{Callbacks, Entry, Hardware};
use rssmgr_core::capability::Capability;
use rssmgr_core::device::Filter;
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::scaling::Fault;
use rssmgr_core::{CpuId, QueueId, VPortId};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// A call that reached the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Queues were made.
    CreateQueues,
    /// Queues were taken away.
    DestroyQueues,
    /// A queue got a home.
    Home,
    /// The whole table.
    Table,
    /// So many entries.
    Entries(usize),
    /// The queue of packets without a hash.
    DefaultQueue,
    /// The key.
    Key,
    /// On.
    Enable,
    /// Off.
    Disable,
    /// A new VPort.
    CreateVPort,
    /// Queues of a VPort.
    Queues,
    /// Filters of a VPort.
    Filters,
    /// The end of a VPort.
    DeleteVPort,
}

/// How the driver fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The next calls of this kind, so many of them, fail like this. Entries are of one kind however many they are.
    Calls(Call, usize, Fault),
    /// Of the next call for entries, the one of this number fails and the others are done.
    Entry(usize, Fault),
}

/// What was called, and what fails.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) calls: Vec<(VPortId, Call)>,
    pub(crate) failures: VecDeque<Failure>,
}

#[derive(Debug)]
pub(crate) struct Recorder<H> {
    inner: H,
    log: Rc<RefCell<Log>>,
}

impl<H: Hardware> Recorder<H> {
    pub(crate) fn new(inner: H, log: Rc<RefCell<Log>>) -> Self {
        Self { inner, log }
    }

    /// Notes a call; fails where it shall.
    fn note(&self, vport: VPortId, call: Call) -> Result<(), Fault> {
        let mut log = self.log.borrow_mut();
        log.calls.push((vport, call));
        let same = |a: Call, b: Call| a == b || matches!((a, b), (Call::Entries(_), Call::Entries(_)));
        if let Some(Failure::Calls(kind, times, fault)) = log.failures.front_mut()
            && same(*kind, call)
            && *times > 0
        {
            let fault = *fault;
            *times -= 1;
            if *times == 0 {
                log.failures.pop_front();
            }
            return Err(fault);
        }
        Ok(())
    }
}

impl<H: Hardware> Callbacks for Recorder<H> {
    fn enable(&mut self, vport: VPortId, types: HashTypes) -> Result<(), Fault> {
        self.note(vport, Call::Enable)?;
        self.inner.enable(vport, types)
    }

    fn disable(&mut self, vport: VPortId) -> Result<(), Fault> {
        self.note(vport, Call::Disable)?;
        self.inner.disable(vport)
    }

    fn set_hash_secret_key(&mut self, vport: VPortId, key: &HashKey) -> Result<(), Fault> {
        self.note(vport, Call::Key)?;
        self.inner.set_hash_secret_key(vport, key)
    }

    fn set_indirection_entries(&mut self, vport: VPortId, entries: &mut [Entry]) {
        if let Err(fault) = self.note(vport, Call::Entries(entries.len())) {
            entries.iter_mut().for_each(|entry| entry.status = Err(fault));
            return;
        }
        let failure = self.log.borrow().failures.front().copied();
        let Some(Failure::Entry(bad, fault)) = failure else {
            return self.inner.set_indirection_entries(vport, entries);
        };
        self.log.borrow_mut().failures.pop_front();
        for (i, entry) in entries.iter_mut().enumerate() {
            if i == bad {
                entry.status = Err(fault);
            } else {
                self.inner.set_indirection_entries(vport, std::slice::from_mut(entry));
            }
        }
    }
}

impl<H: Hardware> Hardware for Recorder<H> {
    fn capability(&self) -> Capability {
        self.inner.capability()
    }

    fn create_queues(&mut self, queues: u16) -> Result<(), Fault> {
        self.note(VPortId::DEFAULT, Call::CreateQueues)?;
        self.inner.create_queues(queues)
    }

    fn destroy_queues(&mut self) {
        self.log.borrow_mut().calls.push((VPortId::DEFAULT, Call::DestroyQueues));
        self.inner.destroy_queues();
    }

    fn set_home(&mut self, queue: QueueId, cpu: CpuId) -> Result<(), Fault> {
        self.note(VPortId::DEFAULT, Call::Home)?;
        self.inner.set_home(queue, cpu)
    }

    fn write_table(&mut self, vport: VPortId, table: &[QueueId]) -> Result<(), Fault> {
        self.note(vport, Call::Table)?;
        self.inner.write_table(vport, table)
    }

    fn set_default_queue(&mut self, vport: VPortId, queue: QueueId) -> Result<(), Fault> {
        self.note(vport, Call::DefaultQueue)?;
        self.inner.set_default_queue(vport, queue)
    }

    fn create_vport(&mut self, vport: VPortId, queues: &[QueueId]) -> Result<(), Fault> {
        self.note(vport, Call::CreateVPort)?;
        self.inner.create_vport(vport, queues)
    }

    fn set_queues(&mut self, vport: VPortId, queues: &[QueueId]) -> Result<(), Fault> {
        self.note(vport, Call::Queues)?;
        self.inner.set_queues(vport, queues)
    }

    fn set_filters(&mut self, vport: VPortId, filters: &[Filter]) -> Result<(), Fault> {
        self.note(vport, Call::Filters)?;
        self.inner.set_filters(vport, filters)
    }

    fn delete_vport(&mut self, vport: VPortId) -> Result<(), Fault> {
        self.note(vport, Call::DeleteVPort)?;
        self.inner.delete_vport(vport)
    }
}
