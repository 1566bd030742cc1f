//! The machine: which CPUs there are, and how near they are to each other and to a NUMA node.
//!
//! Built from plain strings, exactly as sysfs and procfs hold them ([`RawTopology`]), or from a short specification
//! of a pretended machine ([`Topology::from_spec`]). Nothing here reads a file.

mod boot;
mod capacity;
mod raw;
mod spec;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::cpuset::CpuSet;
use crate::ids::{CpuId, NodeId, Processor};

pub use raw::{RawCache, RawCpu, RawNode, RawTopology, TopologyError};
pub use spec::SpecError;

/// The capacity of the biggest core, as the kernel's `SCHED_CAPACITY_SCALE`.
pub const FULL_CAPACITY: u16 = 1024;

/// What is known of one CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpu {
    /// The NUMA node it belongs to; node 0 on a machine without NUMA.
    pub node: NodeId,
    /// The physical package (socket); `None` where the kernel does not tell, as for a CPU that is offline.
    pub package: Option<u32>,
    /// The core, unique over the machine: 0, 1, ... in the order of each core's lowest CPU. A CPU whose siblings
    /// are not known (it is offline) is a core of its own.
    pub core: u32,
    /// The L3 domain, unique over the machine, numbered as cores are. Without cache information: the CPUs of one
    /// package in one node.
    pub l3: u32,
    /// Which hardware thread of its core it is, by CPU number over all present threads: 0 is the first.
    pub smt_rank: u8,
    /// Whether the kernel schedules on it now.
    pub online: bool,
    /// Whether the boot arguments isolate it (`isolcpus`).
    pub isolated: bool,
    /// Whether it runs without the periodic tick (`nohz_full`).
    pub nohz_full: bool,
    /// Computing capacity relative to the biggest core of the machine, 0 to [`FULL_CAPACITY`]. Unknown is full.
    pub capacity: u16,
}

/// A machine's CPUs, cores, caches and NUMA nodes. All present CPUs are in it, also those that are offline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    cpus: BTreeMap<CpuId, Cpu>,
    /// Indexed by [`Cpu::core`].
    cores: Vec<CpuSet>,
    /// Indexed by [`Cpu::l3`].
    l3s: Vec<CpuSet>,
    nodes: BTreeMap<NodeId, Node>,
    /// The specification of a pretended machine.
    label: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    cpus: CpuSet,
    /// SLIT distance to each node; empty when the kernel does not tell.
    distances: BTreeMap<NodeId, u32>,
}

impl Topology {
    /// Reads what the kernel said of a machine.
    ///
    /// What is missing has a documented default (see [`Cpu`]); what is there must be readable.
    ///
    /// # Errors
    /// Names the file whose content is damaged, the content and what was expected.
    pub fn from_raw(raw: &RawTopology) -> Result<Self, TopologyError> {
        raw::build(raw)
    }

    /// A pretended machine from `NODESxCORESxTHREADS[:REMOTE]`, such as `2x8x2`: nodes, cores in each node, hardware
    /// threads in each core, and the SLIT distance between two nodes (20 when not given; the local one is 10).
    ///
    /// CPUs are numbered as Linux usually does: first threads first, node by node (`2x8x2`: node 0 has CPUs 0-7 and
    /// 16-23). A node is a package and an L3 domain.
    ///
    /// # Errors
    /// Names the part of the specification that is wrong and its range.
    pub fn from_spec(text: &str) -> Result<Self, SpecError> {
        spec::parse(text)
    }

    /// All present CPUs, ascending.
    pub fn cpus(&self) -> impl Iterator<Item = (CpuId, &Cpu)> {
        self.cpus.iter().map(|(id, cpu)| (*id, cpu))
    }

    /// One CPU; `None` when it is not present.
    #[must_use]
    pub fn cpu(&self, cpu: CpuId) -> Option<&Cpu> {
        self.cpus.get(&cpu)
    }

    /// The CPUs that are present.
    #[must_use]
    pub fn present(&self) -> CpuSet {
        self.cpus.keys().copied().collect()
    }

    /// The CPUs that are online.
    #[must_use]
    pub fn online(&self) -> CpuSet {
        self.cpus().filter(|(_, cpu)| cpu.online).map(|(id, _)| id).collect()
    }

    /// The NUMA nodes, ascending. A node may have memory only and no CPU.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.nodes.keys().copied()
    }

    /// SLIT distance between two nodes, usually 10 within a node; `None` when the kernel does not tell.
    #[must_use]
    pub fn slit(&self, from: NodeId, to: NodeId) -> Option<u32> {
        self.nodes.get(&from)?.distances.get(&to).copied()
    }

    /// How far a CPU is from a node: the SLIT distance minus the node's distance to itself; 0 when unknown.
    #[must_use]
    pub fn distance(&self, from: Option<NodeId>, cpu: CpuId) -> u32 {
        let known = || {
            let from = from?;
            let to = self.cpu(cpu)?.node;
            Some(self.slit(from, to)?.saturating_sub(self.slit(from, from)?))
        };
        known().unwrap_or(0)
    }

    /// How many cores there are; [`Cpu::core`] is below.
    #[must_use]
    pub fn core_count(&self) -> usize {
        self.cores.len()
    }

    /// How many L3 domains there are; [`Cpu::l3`] is below.
    #[must_use]
    pub fn l3_count(&self) -> usize {
        self.l3s.len()
    }

    /// The CPUs of a core, online or not; empty for a core that is not there.
    #[must_use]
    pub fn core_cpus(&self, core: u32) -> CpuSet {
        member(&self.cores, core).cloned().unwrap_or_default()
    }

    /// The CPUs of an L3 domain, online or not; empty for one that is not there.
    #[must_use]
    pub fn l3_cpus(&self, l3: u32) -> CpuSet {
        member(&self.l3s, l3).cloned().unwrap_or_default()
    }

    /// The CPUs of a node, online or not; empty for a node without CPUs or one that is not there.
    #[must_use]
    pub fn node_cpus(&self, node: NodeId) -> CpuSet {
        self.nodes.get(&node).map(|n| n.cpus.clone()).unwrap_or_default()
    }

    /// The hardware threads of a CPU's core, ascending, itself included; nothing when the CPU is not present.
    pub fn siblings(&self, cpu: CpuId) -> impl Iterator<Item = CpuId> {
        self.cpu(cpu).and_then(|c| member(&self.cores, c.core)).into_iter().flatten()
    }

    /// The lowest online thread of a core: the one that RSS uses (windows-rss: "one logical processor per core").
    #[must_use]
    pub fn first_online_thread(&self, core: u32) -> Option<CpuId> {
        member(&self.cores, core)?.iter().find(|cpu| self.is_online(*cpu))
    }

    /// Whether the CPU is the lowest online thread of its core.
    #[must_use]
    pub fn is_first_online_thread(&self, cpu: CpuId) -> bool {
        self.cpu(cpu).is_some_and(|c| self.first_online_thread(c.core) == Some(cpu))
    }

    /// Whether the CPU is present and online.
    #[must_use]
    pub fn is_online(&self, cpu: CpuId) -> bool {
        self.cpu(cpu).is_some_and(|c| c.online)
    }

    /// How many processor groups of 64 CPU numbers the present CPUs reach into.
    #[must_use]
    pub fn groups(&self) -> u16 {
        self.cpus.keys().next_back().map_or(0, |cpu| Processor::from(*cpu).group + 1)
    }

    /// Whether cores differ in capacity (big.LITTLE, performance and efficiency cores).
    #[must_use]
    pub fn is_hybrid(&self) -> bool {
        let mut capacities = self.cpus.values().map(|cpu| cpu.capacity);
        let first = capacities.next();
        capacities.any(|c| Some(c) != first)
    }

    /// The specification of a pretended machine, such as `2x8x2`; `None` for one that was read.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The same machine with exactly these of its CPUs online: what hot-plug leaves.
    #[must_use]
    pub fn with_online(&self, online: &CpuSet) -> Self {
        let mut after = self.clone();
        for (id, cpu) in &mut after.cpus {
            cpu.online = online.contains(*id);
        }
        after
    }
}

fn member(sets: &[CpuSet], index: u32) -> Option<&CpuSet> {
    sets.get(usize::try_from(index).ok()?)
}

/// What a builder knows of a CPU before cores and L3 domains have numbers.
struct Draft<Core, L3> {
    cpu: Cpu,
    core: Core,
    l3: L3,
}

/// Numbers cores and L3 domains in the order of their lowest CPU and fills in what follows from them.
fn number<C: Ord, L: Ord>(
    drafts: BTreeMap<CpuId, Draft<C, L>>,
    mut nodes: BTreeMap<NodeId, Node>,
    label: Option<String>,
) -> Topology {
    let mut cores = Numbering::new();
    let mut l3s = Numbering::new();
    let mut cpus = BTreeMap::new();
    for (id, draft) in drafts {
        let mut cpu = draft.cpu;
        let rank;
        (cpu.core, rank) = cores.place(draft.core, id);
        (cpu.l3, _) = l3s.place(draft.l3, id);
        cpu.smt_rank = u8::try_from(rank).unwrap_or(u8::MAX);
        nodes.entry(cpu.node).or_default().cpus.insert(id);
        cpus.insert(id, cpu);
    }
    Topology { cpus, cores: cores.sets, l3s: l3s.sets, nodes, label }
}

/// Gives keys the numbers 0, 1, ... in the order in which they come.
struct Numbering<K> {
    numbers: BTreeMap<K, u32>,
    sets: Vec<CpuSet>,
}

impl<K: Ord> Numbering<K> {
    fn new() -> Self {
        Self { numbers: BTreeMap::new(), sets: Vec::new() }
    }

    /// The number of the key, and how many CPUs had it before this one.
    fn place(&mut self, key: K, cpu: CpuId) -> (u32, usize) {
        // At most one number for each of 8,192 CPUs.
        let next = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.sets.push(CpuSet::new());
        }
        let before = usize::try_from(number).ok().and_then(|i| self.sets.get_mut(i)).map_or(0, |set| {
            let before = set.len();
            set.insert(cpu);
            before
        });
        (number, before)
    }
}

#[cfg(test)]
mod tests;
