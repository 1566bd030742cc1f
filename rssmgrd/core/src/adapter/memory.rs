//! What the framework knows of an adapter, whatever state it is in.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::seats::Seats;
use crate::capability::Capability;
use crate::device::Filter;
use crate::hash::{HashKey, HashTypes};
use crate::ids::QueueId;
use crate::scaling::{AdapterState, Scaling, VPortKey};

/// What the hardware was last told of a VPort.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) seats: Seats,
    pub(super) table: Vec<QueueId>,
    pub(super) default_queue: QueueId,
    pub(super) key: HashKey,
    pub(super) types: HashTypes,
    pub(super) enabled: bool,
}

/// An adapter with its state, cached: the truth is here, the hardware follows.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) capability: Capability,
    pub(super) scaling: Scaling,
    pub(super) told: BTreeMap<VPortKey, Told>,
    pub(super) filters: BTreeMap<VPortKey, Vec<Filter>>,
}

impl Memory {
    /// No callback can come: requests are told so.
    pub(super) fn rest(&mut self) {
        self.scaling.set_adapter(AdapterState::NotReady);
    }

    pub(super) fn wake(&mut self) {
        self.scaling.set_adapter(AdapterState::Ready);
    }

    /// Queues that no VPort has, ascending.
    pub(super) fn free_queues(&self) -> impl DoubleEndedIterator<Item = QueueId> {
        let taken = |queue: QueueId| self.told.values().any(|told| told.seats.has(queue));
        (0..self.capability.max_queues).map(QueueId).filter(move |queue| !taken(*queue))
    }

    /// Queues for a VPort: the first ones for the default VPort, so that the others share the last ones.
    pub(super) fn take_queues(&self, key: VPortKey, count: usize) -> Vec<QueueId> {
        let free = self.free_queues();
        if key == VPortKey::DEFAULT { free.take(count).collect() } else { free.rev().take(count).collect() }
    }
}
