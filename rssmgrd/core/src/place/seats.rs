//! Which queue serves which processor, and what the table says.

use alloc::vec::Vec;

use super::means::Means;
use super::{AdapterInput, PlaceError, Reason, Rule, verdict};
use crate::cpuset::CpuSet;
use crate::device::Queue;
use crate::ids::{CpuId, QueueId};
use crate::topology::Topology;

/// Processors and their queues.
pub(super) struct Seats {
    /// The processors used.
    pub(super) cpus: Vec<CpuId>,
    /// The queue of each; there are fewer where the kernel spreads.
    queues: Vec<QueueId>,
    /// The processor of every queue, where it is known.
    pub(super) homes: Vec<Option<CpuId>>,
}

impl Seats {
    /// Queue q serves processor q (queues of VPorts are not counted, and stay where they are), and idle queues go round
    /// among the processors; where interrupts cannot be moved, each processor has the first of its own queues.
    pub(super) fn new(input: &AdapterInput<'_>, means: &Means, channels: u16, cpus: Vec<CpuId>) -> Self {
        let mut there = input.device.queues.clone();
        there.resize(usize::from(channels), Queue::default());
        let mut homes: Vec<Option<CpuId>> = there.into_iter().map(|q| q.home).collect();
        if input.capability.queue_affinity {
            let own = input.device.own_queues_of(channels);
            for (queue, cpu) in own.zip(cpus.iter().cycle()) {
                if let Some(home) = homes.get_mut(queue.index()) {
                    *home = Some(*cpu);
                }
            }
        }
        let queues = match means {
            Means::Fixed(first) => cpus.iter().filter_map(|cpu| first.get(cpu).copied()).collect(),
            Means::Table => input.device.own_queues_of(channels).take(cpus.len()).collect(),
            // Several queues have a processor each, but no table that tells them apart.
            Means::Kernel(_) => alloc::vec![QueueId(0)],
        };
        Self { cpus, queues, homes }
    }

    /// The queue of the first processor.
    pub(super) fn first(&self) -> QueueId {
        self.queues.first().copied().unwrap_or_default()
    }

    /// The queue of a processor, which takes an idle one when it has none.
    fn queue_of(&mut self, input: &AdapterInput<'_>, means: &Means, cpu: CpuId) -> Option<QueueId> {
        if let Some(i) = self.cpus.iter().position(|c| *c == cpu) {
            return self.queues.get(i).copied();
        }
        let queue = match means {
            Means::Fixed(first) => first.get(&cpu).copied()?,
            Means::Table => {
                let channels = u16::try_from(self.homes.len()).unwrap_or(u16::MAX);
                input.device.own_queues_of(channels).nth(self.cpus.len())?
            }
            Means::Kernel(_) => return None,
        };
        let home = self.homes.get_mut(queue.index())?;
        if input.capability.queue_affinity {
            *home = Some(cpu);
        }
        self.cpus.push(cpu);
        self.queues.push(queue);
        Some(queue)
    }

    /// Entry i goes to the queue of processor i mod n; explicit entries go to the queue of their processor.
    pub(super) fn table(
        &mut self,
        input: &AdapterInput<'_>,
        means: &Means,
        topology: &Topology,
        eligible: &CpuSet,
        reasons: &mut Vec<Reason>,
    ) -> Result<Vec<QueueId>, PlaceError> {
        let entries = input.table_entries(u16::try_from(self.homes.len()).unwrap_or(u16::MAX));
        let mut table: Vec<QueueId> =
            self.queues.iter().copied().cycle().take(usize::from(entries)).collect();
        let manual = &input.settings.table.value;
        if let (Some((entry, _)), true) = (manual.first_key_value(), input.capability.table_unseen) {
            return Err(PlaceError::Closed { what: alloc::format!("table entry {entry}") });
        }
        for (&entry, &processor) in manual {
            let cpu = CpuId::from(processor);
            let slot = table.get_mut(entry.index()).ok_or(PlaceError::NoSuchEntry { entry, entries })?;
            if !eligible.contains(cpu) {
                let why = verdict(topology, input.settings, cpu);
                return Err(PlaceError::EntryTarget { entry, processor, why });
            }
            *slot = self.queue_of(input, means, cpu).ok_or_else(|| {
                let queues = u16::try_from(self.homes.len()).unwrap_or(u16::MAX);
                PlaceError::NoQueueLeft { entry, processor, queues }
            })?;
        }
        if !manual.is_empty() {
            reasons.push(Reason::Rule(Rule::ManualEntries));
        }
        Ok(table)
    }
}
