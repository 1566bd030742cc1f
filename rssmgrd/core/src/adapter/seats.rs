//! Which queue of a VPort serves which processor.

use alloc::vec::Vec;

use crate::ids::{CpuId, QueueId};

/// The queues of a VPort with their homes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seats(Vec<(QueueId, Option<CpuId>)>);

impl Seats {
    /// Queues without a home.
    pub(super) fn new(queues: impl IntoIterator<Item = QueueId>) -> Self {
        Self(queues.into_iter().map(|queue| (queue, None)).collect())
    }

    pub(super) fn queues(&self) -> impl Iterator<Item = QueueId> {
        self.0.iter().map(|(queue, _)| *queue)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The queue of a processor.
    pub(super) fn of(&self, cpu: CpuId) -> Option<QueueId> {
        self.0.iter().find(|(_, home)| *home == Some(cpu)).map(|(queue, _)| *queue)
    }

    pub(super) fn has(&self, queue: QueueId) -> bool {
        self.0.iter().any(|(q, _)| *q == queue)
    }

    /// The homes to be given so that each of these processors has a queue: those that have one keep it, the others take
    /// a queue without a home, else one of a processor that is not among them. `None` where there are too few queues.
    pub(super) fn missing(&self, needed: &[CpuId]) -> Option<Vec<(QueueId, CpuId)>> {
        let homeless = self.0.iter().filter(|(_, home)| home.is_none());
        let idle = self.0.iter().filter(|(_, home)| home.is_some_and(|cpu| !needed.contains(&cpu)));
        let mut free = homeless.chain(idle).map(|(queue, _)| *queue);
        let without = needed.iter().filter(|cpu| self.of(**cpu).is_none());
        without.map(|cpu| Some((free.next()?, *cpu))).collect()
    }

    pub(super) fn seat(&mut self, queue: QueueId, cpu: CpuId) {
        if let Some((_, home)) = self.0.iter_mut().find(|(q, _)| *q == queue) {
            *home = Some(cpu);
        }
    }

    /// Forgets all homes.
    pub(super) fn clear(&mut self) {
        self.0.iter_mut().for_each(|(_, home)| *home = None);
    }

    pub(super) fn add(&mut self, queue: QueueId) {
        self.0.push((queue, None));
    }

    /// Lets go of a queue.
    pub(super) fn drop_queue(&mut self, queue: QueueId) {
        self.0.retain(|(q, _)| *q != queue);
    }
}
