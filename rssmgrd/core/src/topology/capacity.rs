//! How big each core is, relative to the biggest.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use super::FULL_CAPACITY;
use super::raw::{RawCpu, RawTopology, TopologyError, decimal};
use crate::cpuset::CpuSet;
use crate::ids::CpuId;

/// The capacity of an efficiency core when the kernel says that it is one, but not how big.
const EFFICIENCY: u16 = FULL_CAPACITY / 2;

/// The capacities that are known.
pub(super) struct Capacities(BTreeMap<CpuId, u16>);

impl Capacities {
    /// The capacity of a CPU, full when not known.
    pub(super) fn of(&self, cpu: CpuId) -> u16 {
        self.0.get(&cpu).copied().unwrap_or(FULL_CAPACITY)
    }
}

/// Finds capacities by the best evidence there is:
///
/// 1. `cpu_capacity`: the scheduler's own figure (Arm, RISC-V).
/// 2. The lists of performance and efficiency cores (hybrid x86), with the efficiency cores' size by frequency.
/// 3. The ratio of base frequencies, which are alike on all cores of a kind.
/// 4. The ratio of maximum frequencies, where differences under a tenth are favoured cores of the same kind.
///
/// Frequencies count only when every CPU that has any `topology` has one: a partial picture is none.
pub(super) fn capacities(raw: &RawTopology, present: &CpuSet) -> Result<Capacities, TopologyError> {
    let given = values(raw, "cpu_capacity", |cpu| cpu.capacity.as_ref())?;
    let base = values(raw, "cpufreq/base_frequency", |cpu| cpu.base_frequency.as_ref())?;
    let max = values(raw, "cpufreq/cpuinfo_max_freq", |cpu| cpu.max_frequency.as_ref())?;
    if !given.is_empty() {
        return Ok(Capacities(relative(&given)));
    }
    let (core, atom) = (kind("cpu_core", raw.cpu_core.as_ref())?, kind("cpu_atom", raw.cpu_atom.as_ref())?);
    let atom = atom.intersection(present).difference(&core);
    if !core.is_empty() && !atom.is_empty() {
        return Ok(Capacities(by_kind(&core, &atom, [&base, &max])));
    }
    let whole = |values: &BTreeMap<CpuId, u32>| {
        !values.is_empty()
            && raw.cpus.iter().all(|(id, cpu)| cpu.core.is_none() || values.contains_key(&CpuId(*id)))
    };
    Ok(Capacities(if whole(&base) {
        relative(&base)
    } else if whole(&max) {
        let highest = max.values().copied().max().unwrap_or(0);
        let alike = |f: u32| if u64::from(f) * 10 >= u64::from(highest) * 9 { highest } else { f };
        relative(&max.iter().map(|(id, f)| (*id, alike(*f))).collect())
    } else {
        BTreeMap::new()
    }))
}

/// Full for each performance core; for all efficiency cores one figure, below full.
fn by_kind(core: &CpuSet, atom: &CpuSet, frequencies: [&BTreeMap<CpuId, u32>; 2]) -> BTreeMap<CpuId, u16> {
    let ratio = |values: &BTreeMap<CpuId, u32>| {
        let highest = |set: &CpuSet| set.iter().filter_map(|cpu| values.get(&cpu)).copied().max();
        let (small, big) = (highest(atom)?, highest(core)?);
        (0 < small && small < big).then(|| scaled(small, big))
    };
    let size = frequencies.into_iter().find_map(ratio).unwrap_or(EFFICIENCY);
    let full = core.iter().map(|cpu| (cpu, FULL_CAPACITY));
    full.chain(atom.iter().map(|cpu| (cpu, size))).collect()
}

/// Scales so that the biggest is full.
fn relative(values: &BTreeMap<CpuId, u32>) -> BTreeMap<CpuId, u16> {
    let biggest = values.values().copied().max().unwrap_or(0);
    values.iter().map(|(id, value)| (*id, scaled(*value, biggest))).collect()
}

/// `value` of `biggest` as a capacity.
fn scaled(value: u32, biggest: u32) -> u16 {
    let capacity = (u64::from(value) * u64::from(FULL_CAPACITY)).checked_div(u64::from(biggest));
    capacity.and_then(|c| u16::try_from(c).ok()).unwrap_or(FULL_CAPACITY)
}

/// A number of each CPU that has the file.
fn values(
    raw: &RawTopology,
    name: &str,
    of: impl Fn(&RawCpu) -> Option<&String>,
) -> Result<BTreeMap<CpuId, u32>, TopologyError> {
    let mut values = BTreeMap::new();
    for (id, cpu) in &raw.cpus {
        if let Some(text) = of(cpu) {
            let file = || format!("sys/devices/system/cpu/cpu{id}/{name}");
            values.insert(CpuId(*id), decimal(text, &file, "a number")?);
        }
    }
    Ok(values)
}

/// The CPUs of a kind of core.
fn kind(name: &str, text: Option<&String>) -> Result<CpuSet, TopologyError> {
    let set = text.map(|text| CpuSet::parse_list(text)).transpose();
    let set = set.map_err(|cause| TopologyError::Set { file: format!("sys/devices/{name}/cpus"), cause })?;
    Ok(set.unwrap_or_default())
}
