//! Which CPUs may receive at all, whatever the profile.

use alloc::collections::BTreeMap;

use crate::cpuset::CpuSet;
use crate::ids::{CpuId, Processor};
use crate::settings::{Settings, Smt};
use crate::topology::{Cpu, Topology};

/// Whether a CPU may be used, and if not, the first rule against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eligibility {
    /// It may.
    Eligible,
    /// The machine has no such CPU.
    Absent,
    /// It is offline.
    Offline,
    /// It is isolated (`isolcpus`).
    Isolated,
    /// It runs without a tick (`nohz_full`).
    NohzFull,
    /// The administrator excluded it.
    Excluded,
    /// It is below the base processor.
    BelowBase,
    /// It is above the max processor.
    AboveMax,
    /// It shares a core with this CPU, which comes first.
    SiblingOf(CpuId),
}

impl Eligibility {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::Absent => "absent",
            Self::Offline => "offline",
            Self::Isolated => "isolated",
            Self::NohzFull => "nohz_full",
            Self::Excluded => "excluded",
            Self::BelowBase => "below_base",
            Self::AboveMax => "above_max",
            Self::SiblingOf(_) => "smt_sibling",
        }
    }
}

/// Why a CPU may or may not be used.
#[must_use]
pub fn verdict(topology: &Topology, settings: &Settings, cpu: CpuId) -> Eligibility {
    topology.cpu(cpu).map_or(Eligibility::Absent, |facts| judge(topology, settings, cpu, facts))
}

/// The verdict on every CPU of the machine.
#[must_use]
pub fn eligibility(topology: &Topology, settings: &Settings) -> BTreeMap<CpuId, Eligibility> {
    topology.cpus().map(|(id, cpu)| (id, judge(topology, settings, id, cpu))).collect()
}

/// The CPUs that may be used.
#[must_use]
pub fn eligible(topology: &Topology, settings: &Settings) -> CpuSet {
    topology
        .cpus()
        .filter(|(id, cpu)| judge(topology, settings, *id, cpu) == Eligibility::Eligible)
        .map(|(id, _)| id)
        .collect()
}

fn judge(topology: &Topology, settings: &Settings, id: CpuId, cpu: &Cpu) -> Eligibility {
    let processor = Processor::from(id);
    let below = settings.base_processor.value.value().is_some_and(|base| processor < base);
    let above = settings.max_processor.value.value().is_some_and(|max| processor > max);
    if !cpu.online {
        Eligibility::Offline
    } else if cpu.isolated {
        Eligibility::Isolated
    } else if cpu.nohz_full {
        Eligibility::NohzFull
    } else if settings.exclude_cpus.value.contains(id) {
        Eligibility::Excluded
    } else if below {
        Eligibility::BelowBase
    } else if above {
        Eligibility::AboveMax
    } else {
        match topology.first_online_thread(cpu.core) {
            Some(first) if first != id && settings.smt.value == Smt::Skip => Eligibility::SiblingOf(first),
            _ => Eligibility::Eligible,
        }
    }
}
