//! Transmit steering (XPS): which CPUs send through which transmit queue, and which receive queues' connections do.
//!
//! A transmit queue takes what came in on the receive queue of its number, because they share a channel; receive queues
//! beyond the last transmit queue go round.
//!
//! Every online CPU has exactly one queue, the nearest: its own, else its SMT sibling's, else one in its L3 domain, else
//! one of its node, else any. Of several that are as near, the one with the fewest CPUs so far and then the lowest: round
//! robin. CPUs that are nearer to a queue choose before those that are farther, each kind in order of CPU number.
//!
//! All transmit queues take part, also those beside idle receive queues, because their interrupts sit inside the
//! eligible set. Those whose interrupt is fixed outside of it are left to no CPU, unless there are no others.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::cpuset::CpuSet;
use crate::ids::{CpuId, QueueId};
use crate::topology::{Cpu, Topology};

/// What two CPUs share that are equally near to a queue, nearest first.
const NEAR: [fn(CpuId, &Cpu) -> u32; 4] =
    [|id, _| id.0, |_, cpu| cpu.core, |_, cpu| cpu.l3, |_, cpu| cpu.node.0];

/// The CPUs of each transmit queue. `homes` has the CPU of each queue's interrupt, `None` where it is not known.
pub(super) fn nearest(topology: &Topology, homes: &[Option<CpuId>], eligible: &CpuSet) -> Vec<CpuSet> {
    let within = |home: &Option<CpuId>| home.is_some_and(|cpu| eligible.contains(cpu));
    let any_within = homes.iter().any(within);
    let open: Vec<usize> = (0..homes.len()).filter(|q| !any_within || within(&homes[*q])).collect();
    let mut queues =
        Queues { cpus: alloc::vec![CpuSet::new(); homes.len()], loads: alloc::vec![0; homes.len()] };
    let mut left: Vec<(CpuId, &Cpu)> = topology.cpus().filter(|(_, cpu)| cpu.online).collect();
    for near in NEAR {
        let mut there: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for q in open.iter().copied() {
            if let Some((home, cpu)) = homes[q].and_then(|home| Some((home, topology.cpu(home)?))) {
                there.entry(near(home, cpu)).or_default().push(q);
            }
        }
        left.retain(|(id, cpu)| !there.get(&near(*id, cpu)).is_some_and(|tie| queues.take(tie, *id)));
    }
    for (id, _) in left {
        queues.take(&open, id);
    }
    queues.cpus
}

/// The receive queues of each of `transmit` queues.
pub(super) fn answering(transmit: u16, receive: u16) -> Vec<BTreeSet<QueueId>> {
    let of = |queue: u16| (queue..receive).step_by(transmit.into()).map(QueueId).collect();
    (0..transmit).map(of).collect()
}

struct Queues {
    cpus: Vec<CpuSet>,
    loads: Vec<u32>,
}

impl Queues {
    /// Gives a CPU to the queue among these that has the fewest; false when there is none.
    fn take(&mut self, tie: &[usize], cpu: CpuId) -> bool {
        let Some(q) = tie.iter().copied().min_by_key(|q| self.loads[*q]) else { return false };
        self.loads[q] += 1;
        self.cpus[q].insert(cpu)
    }
}
