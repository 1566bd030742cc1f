//! Which CPU a worker runs on: really, or as pretended.

use rssmgr_core::CpuId;
use rssmgr_core::topology::Topology;
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};

/// How the CPUs of a NIC's topology relate to those of this machine.
#[derive(Clone, Debug)]
pub(crate) enum Placement {
    /// They are the same: workers are pinned, and the CPU that they really run on is counted.
    Real {
        /// The CPUs that this process may use.
        allowed: Box<CpuSet>,
    },
    /// The topology is of another machine: workers are not pinned, and the CPU that should serve the queue is
    /// counted.
    Pretended {
        /// The CPU of a queue that any CPU may serve: the first that is online, as with a kernel that routes such an
        /// interrupt to the lowest CPU.
        anywhere: CpuId,
    },
}

impl Placement {
    /// For a NIC of this machine; when the kernel does not tell which CPUs may be used, none is pinned to.
    pub(crate) fn real() -> Self {
        Self::Real { allowed: Box::new(sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new())) }
    }

    /// For a NIC of another machine.
    pub(crate) fn pretended(topology: &Topology) -> Self {
        Self::Pretended { anywhere: topology.online().first().unwrap_or_default() }
    }

    /// Has the calling thread run on `home`, or anywhere. Whether it is pinned now.
    pub(crate) fn pin(&self, home: Option<CpuId>) -> bool {
        let Self::Real { allowed } = self else { return false };
        if let Some(one) = home.and_then(|cpu| only(cpu, allowed))
            && sched_setaffinity(None, &one).is_ok()
        {
            return true;
        }
        // The CPU is offline, forbidden or not there: run wherever this process may. A worker that was never
        // pinned runs so already, so a refusal changes nothing.
        let _ = sched_setaffinity(None, allowed);
        false
    }

    /// The CPU to count for what the calling thread does now.
    pub(crate) fn current(&self, home: Option<CpuId>) -> CpuId {
        match self {
            Self::Real { .. } => CpuId(u32::try_from(sched_getcpu()).unwrap_or(u32::MAX)),
            Self::Pretended { anywhere } => home.unwrap_or(*anywhere),
        }
    }
}

/// The set with one CPU, if it is in `allowed`. The system calls take masks of 1,024 CPUs, so nothing is pinned to one
/// beyond.
fn only(cpu: CpuId, allowed: &CpuSet) -> Option<CpuSet> {
    let cpu = usize::try_from(cpu.0).ok().filter(|cpu| *cpu < CpuSet::MAX_CPU && allowed.is_set(*cpu))?;
    let mut one = CpuSet::new();
    one.set(cpu);
    Some(one)
}
