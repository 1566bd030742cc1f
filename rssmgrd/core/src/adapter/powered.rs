//! Powered: in D0, without queues. Creating them ends with everything replayed.

use alloc::vec::Vec;

use super::TRIES;
use super::bring::replay;
use super::callbacks::Hardware;
use super::datapath::{Idle, Live};
use super::memory::Memory;
use super::revoked::Revoked;
use super::running::Running;
use super::started::Started;
use crate::ids::QueueId;
use crate::scaling::{Fault, VPortKey, VPortState};

/// An adapter in D0 without queues.
#[derive(Debug)]
pub struct Powered<H> {
    pub(super) idle: Idle<H>,
    pub(super) memory: Memory,
}

/// What came of creating queues.
#[derive(Debug)]
pub enum Restored<H: Hardware> {
    /// All is as it was.
    Running(Running<H>),
    /// The driver could not be configured: it runs without RSS.
    Revoked(Revoked<H>, Fault),
    /// There are no queues.
    NoQueues(Powered<H>, Fault),
    /// The adapter is gone.
    Gone,
}

impl<H: Hardware> Powered<H> {
    /// It leaves D0 again.
    #[must_use]
    pub fn power_down(self) -> Started<H> {
        Started { idle: self.idle, memory: self.memory }
    }

    /// Creates the queues and brings everything that is known to the hardware, [`TRIES`] times at most.
    #[must_use]
    pub fn create_queues(self) -> Restored<H> {
        let Self { idle, mut memory } = self;
        let mut live = match idle.create_queues(memory.capability.max_queues) {
            Ok(live) => live,
            Err((_, Fault::Gone)) => return Restored::Gone,
            Err((idle, fault)) => return Restored::NoQueues(Self { idle, memory }, fault),
        };
        let mut fault = Fault::NotReady;
        for _ in 0..TRIES {
            match replay_all(&mut live, &mut memory) {
                Ok(()) => {
                    memory.wake();
                    return Restored::Running(Running::new(live, memory));
                }
                Err(Fault::Gone) => return Restored::Gone,
                Err(last) => fault = last,
            }
        }
        // Whatever was reached, it shall not spread.
        let vports: Vec<VPortKey> = memory.told.keys().copied().collect();
        for key in vports {
            let _ = live.call().disable(key.vport);
        }
        Restored::Revoked(Revoked { live, memory }, fault)
    }
}

/// Tells the hardware everything: VPorts, each with homes, table, key and state; filters last, when all is in place to
/// take their packets.
fn replay_all<H: Hardware>(live: &mut Live<H>, memory: &mut Memory) -> Result<(), Fault> {
    let h = live.call();
    for (key, vport) in memory.scaling.vports() {
        let Some(told) = memory.told.get_mut(&key) else { continue };
        if key != VPortKey::DEFAULT {
            // One that a try before has made goes first.
            let _ = h.delete_vport(key.vport);
            let queues: Vec<QueueId> = told.seats.queues().collect();
            h.create_vport(key.vport, &queues)?;
        }
        replay(h, key, told, vport)?;
    }
    for (key, vport) in memory.scaling.vports() {
        if let Some(filters) = memory.filters.get(&key)
            && vport.state == VPortState::Activated
        {
            h.set_filters(key.vport, filters)?;
        }
    }
    Ok(())
}
