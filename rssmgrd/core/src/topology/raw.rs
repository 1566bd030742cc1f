//! From the kernel's files to a [`Topology`].
//!
//! The fields of [`RawTopology`] hold file contents untouched, `None` where a file is missing: an offline CPU has no
//! `topology` folder, a small machine no `node` folder, an old kernel only masks where a newer one has lists too.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Cpu, Draft, Node, Topology, boot, capacity, number};
use crate::cpuset::{CpuSet, CpuSetError, shortened};
use crate::ids::{CpuId, MAX_CPU, NodeId};

/// Contents of the files that describe a machine's CPUs. Paths are relative to the root of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawTopology {
    /// `sys/devices/system/cpu/online`
    pub online: Option<String>,
    /// `sys/devices/system/cpu/present`
    pub present: Option<String>,
    /// `sys/devices/system/cpu/isolated`
    pub isolated: Option<String>,
    /// `sys/devices/system/cpu/nohz_full`
    pub nohz_full: Option<String>,
    /// `proc/cmdline`, for `isolcpus=` and `nohz_full=`
    pub cmdline: Option<String>,
    /// `sys/devices/cpu_core/cpus`: the performance cores of a hybrid x86 machine
    pub cpu_core: Option<String>,
    /// `sys/devices/cpu_atom/cpus`: its efficiency cores
    pub cpu_atom: Option<String>,
    /// The folders `sys/devices/system/cpu/cpuN` by N
    pub cpus: BTreeMap<u32, RawCpu>,
    /// The folders `sys/devices/system/node/nodeN` by N; empty without NUMA
    pub nodes: BTreeMap<u32, RawNode>,
}

/// Contents of a folder `sys/devices/system/cpu/cpuN`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawCpu {
    /// `online`; missing for a CPU that cannot go offline
    pub online: Option<String>,
    /// The number in the name of its link `nodeN`
    pub node: Option<u32>,
    /// `topology/physical_package_id`
    pub package: Option<String>,
    /// `topology/die_id`
    pub die: Option<String>,
    /// `topology/core_id`: unique in its package and die only
    pub core: Option<String>,
    /// `topology/core_cpus_list`
    pub core_cpus_list: Option<String>,
    /// `topology/thread_siblings_list`, the older name
    pub thread_siblings_list: Option<String>,
    /// `topology/core_cpus`, a mask
    pub core_cpus: Option<String>,
    /// `topology/thread_siblings`, a mask: all that kernels before 2.6.26 have
    pub thread_siblings: Option<String>,
    /// The folders `cache/indexN` by N
    pub caches: BTreeMap<u32, RawCache>,
    /// `cpu_capacity`
    pub capacity: Option<String>,
    /// `cpufreq/base_frequency`, in kHz
    pub base_frequency: Option<String>,
    /// `cpufreq/cpuinfo_max_freq`, in kHz
    pub max_frequency: Option<String>,
}

/// Contents of a folder `cache/indexN`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawCache {
    /// `level`
    pub level: Option<String>,
    /// `shared_cpu_list`
    pub shared_cpu_list: Option<String>,
    /// `shared_cpu_map`, a mask
    pub shared_cpu_map: Option<String>,
}

/// Contents of a folder `sys/devices/system/node/nodeN`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawNode {
    /// `cpulist`
    pub cpulist: Option<String>,
    /// `cpumap`, a mask
    pub cpumap: Option<String>,
    /// The numbers in the names of its links `cpuN`: unlike the list, they include CPUs that are offline
    pub cpu_links: Vec<u32>,
    /// `distance`: to each online node, ascending
    pub distance: Option<String>,
}

/// Why the files do not describe a machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// Nothing names a CPU.
    #[error("no CPU in sys/devices/system/cpu; name the folder that holds `sys`, or mount sysfs")]
    NoCpu,
    /// Nothing is online.
    #[error("no CPU is online, by sys/devices/system/cpu; record the machine again")]
    NoneOnline,
    /// A folder of a CPU that no kernel has.
    #[error(
        "sys/devices/system/cpu/cpu{0}: the highest CPU a kernel can have is {MAX_CPU}; remove the folder"
    )]
    TooHigh(u32),
    /// A file that should hold CPUs.
    #[error("{file}: {cause}")]
    Set {
        /// The file, relative to the root of the machine.
        file: String,
        /// What is wrong with its content.
        cause: CpuSetError,
    },
    /// A file that should hold a number.
    #[error("{file} holds `{content}`, where {expected} is expected; record the machine again")]
    Number {
        /// The file, relative to the root of the machine.
        file: String,
        /// Its content, shortened.
        content: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A row of distances that fits no machine.
    #[error(
        "sys/devices/system/node/node{node}/distance holds `{content}`, where {nodes} numbers are expected, one for each node; record the machine again"
    )]
    Distances {
        /// The node.
        node: u32,
        /// The content, shortened.
        content: String,
        /// How many nodes there are.
        nodes: usize,
    },
    /// Two nodes that claim one CPU.
    #[error("CPU {cpu} is in the lists of node {first} and of node {second}; record the machine again")]
    TwoNodes {
        /// The CPU.
        cpu: CpuId,
        /// A node that lists it.
        first: NodeId,
        /// Another one.
        second: NodeId,
    },
}

const CPU_DIR: &str = "sys/devices/system/cpu";
const NODE_DIR: &str = "sys/devices/system/node";

pub(super) fn build(raw: &RawTopology) -> Result<Topology, TopologyError> {
    let online_list = system_list("online", raw.online.as_ref())?;
    let present = present(raw, online_list.as_ref())?;
    let node_of = nodes_of_cpus(raw)?;
    let lowest_node = raw.nodes.keys().next().copied().unwrap_or(0);
    let isolation = boot::isolation(raw, &present)?;
    let capacities = capacity::capacities(raw, &present)?;
    let mut cores = Merged::default();
    let mut drafts = BTreeMap::new();
    let missing = RawCpu::default();
    for id in &present {
        let cpu = raw.cpus.get(&id.0).unwrap_or(&missing);
        let file = |name: &str| format!("{CPU_DIR}/cpu{id}/{name}");
        let online = match (&online_list, &cpu.online) {
            (Some(list), _) => list.contains(id),
            (None, Some(text)) => decimal(text, &|| file("online"), "0 or 1")? != 0,
            (None, None) => true,
        };
        let node = node_of.get(&id).copied().unwrap_or(NodeId(cpu.node.unwrap_or(lowest_node)));
        let package = topology_id(cpu.package.as_ref(), &|| file("topology/physical_package_id"))?;
        let by_id = (
            topology_id(cpu.die.as_ref(), &|| file("topology/die_id"))?,
            topology_id(cpu.core.as_ref(), &|| file("topology/core_id"))?,
        );
        match (siblings(cpu, &file)?, by_id) {
            (Some(siblings), _) => cores.join(id, &siblings.intersection(&present)),
            (None, (die, Some(core))) => cores.join_by_id(id, (node, package, die, core)),
            (None, (_, None)) => {}
        }
        let l3 = match (l3_cpus(cpu, &file)?.and_then(|set| set.intersection(&present).first()), package) {
            (Some(lowest), _) => L3::Shared(lowest),
            (None, Some(package)) => L3::Package(node, package),
            (None, None) => L3::Unknown(node),
        };
        let cpu = Cpu {
            node,
            package,
            core: 0,
            l3: 0,
            smt_rank: 0,
            online,
            isolated: isolation.isolated.contains(id),
            nohz_full: isolation.nohz_full.contains(id),
            capacity: capacities.of(id),
        };
        drafts.insert(id, Draft { cpu, core: id, l3 });
    }
    if !drafts.values().any(|d| d.cpu.online) {
        return Err(TopologyError::NoneOnline);
    }
    for (id, draft) in &mut drafts {
        draft.core = cores.lowest(*id);
    }
    Ok(number(drafts, distances(raw)?, None))
}

/// What makes two CPUs share an L3 domain.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum L3 {
    /// The lowest CPU that shares the level 3 cache.
    Shared(CpuId),
    /// No level 3 cache is told of: a package's part of a node.
    Package(NodeId, u32),
    /// Neither cache nor package: the CPU is offline, or the kernel tells nothing.
    Unknown(NodeId),
}

/// All CPUs that the kernel has: present, online or not.
fn present(raw: &RawTopology, online: Option<&CpuSet>) -> Result<CpuSet, TopologyError> {
    let mut set = system_list("present", raw.present.as_ref())?.unwrap_or_default();
    if let Some(online) = online {
        set = set.union(online);
    }
    for id in raw.cpus.keys() {
        if *id > MAX_CPU {
            return Err(TopologyError::TooHigh(*id));
        }
        set.insert(CpuId(*id));
    }
    if set.is_empty() { Err(TopologyError::NoCpu) } else { Ok(set) }
}

/// The node of each CPU that a node names: its list first (or its mask), then its links, which know offline CPUs too.
fn nodes_of_cpus(raw: &RawTopology) -> Result<BTreeMap<CpuId, NodeId>, TopologyError> {
    let mut of = BTreeMap::new();
    for (id, node) in &raw.nodes {
        let file = |name: &str| format!("{NODE_DIR}/node{id}/{name}");
        let listed =
            list_or_mask(&file, ("cpulist", node.cpulist.as_ref()), ("cpumap", node.cpumap.as_ref()))?;
        for cpu in listed.iter().flatten() {
            match of.insert(cpu, NodeId(*id)) {
                Some(first) => return Err(TopologyError::TwoNodes { cpu, first, second: NodeId(*id) }),
                None => continue,
            }
        }
    }
    for (id, node) in &raw.nodes {
        for cpu in &node.cpu_links {
            of.entry(CpuId(*cpu)).or_insert(NodeId(*id));
        }
    }
    Ok(of)
}

/// The nodes and their distances. The kernel prints one number for each online node, ascending, and only online
/// nodes have a folder.
fn distances(raw: &RawTopology) -> Result<BTreeMap<NodeId, Node>, TopologyError> {
    let mut nodes = BTreeMap::new();
    for (id, node) in &raw.nodes {
        let mut row = BTreeMap::new();
        if let Some(text) = &node.distance {
            let bad =
                || TopologyError::Distances { node: *id, content: shortened(text), nodes: raw.nodes.len() };
            let numbers: Result<Vec<u32>, _> = text.split_ascii_whitespace().map(str::parse).collect();
            let numbers = numbers.map_err(|_| bad())?;
            if numbers.len() != raw.nodes.len() {
                return Err(bad());
            }
            row = raw.nodes.keys().map(|to| NodeId(*to)).zip(numbers).collect();
        }
        nodes.insert(NodeId(*id), Node { distances: row, ..Node::default() });
    }
    Ok(nodes)
}

/// The threads of a CPU's core by whichever file there is, newest spelling first.
fn siblings(cpu: &RawCpu, file: &dyn Fn(&str) -> String) -> Result<Option<CpuSet>, TopologyError> {
    let new = list_or_mask(
        file,
        ("topology/core_cpus_list", cpu.core_cpus_list.as_ref()),
        ("topology/core_cpus", cpu.core_cpus.as_ref()),
    )?;
    let old = list_or_mask(
        file,
        ("topology/thread_siblings_list", cpu.thread_siblings_list.as_ref()),
        ("topology/thread_siblings", cpu.thread_siblings.as_ref()),
    )?;
    Ok(new.or(old))
}

/// The CPUs that share a CPU's level 3 cache.
fn l3_cpus(cpu: &RawCpu, file: &dyn Fn(&str) -> String) -> Result<Option<CpuSet>, TopologyError> {
    for (index, cache) in &cpu.caches {
        let file = |name: &str| file(&format!("cache/index{index}/{name}"));
        let Some(level) = &cache.level else { continue };
        if decimal(level, &|| file("level"), "a cache level such as 3")? != 3 {
            continue;
        }
        let list = ("shared_cpu_list", cache.shared_cpu_list.as_ref());
        return list_or_mask(&file, list, ("shared_cpu_map", cache.shared_cpu_map.as_ref()));
    }
    Ok(None)
}

/// A set from its list file, or from its mask file where that is all there is.
fn list_or_mask(
    file: &dyn Fn(&str) -> String,
    (list_name, list): (&str, Option<&String>),
    (mask_name, mask): (&str, Option<&String>),
) -> Result<Option<CpuSet>, TopologyError> {
    let (name, set) = match (list, mask) {
        (Some(list), _) => (list_name, CpuSet::parse_list(list)),
        (None, Some(mask)) => (mask_name, CpuSet::parse_mask(mask)),
        (None, None) => return Ok(None),
    };
    set.map(Some).map_err(|cause| TopologyError::Set { file: file(name), cause })
}

/// A list in the folder of all CPUs.
pub(super) fn system_list(name: &str, text: Option<&String>) -> Result<Option<CpuSet>, TopologyError> {
    list_or_mask(&|name| format!("{CPU_DIR}/{name}"), (name, text), ("", None))
}

/// A file that holds a number and no more than that.
pub(super) fn decimal(
    text: &str,
    file: &dyn Fn() -> String,
    expected: &'static str,
) -> Result<u32, TopologyError> {
    text.trim_ascii().parse().map_err(|_| TopologyError::Number {
        file: file(),
        content: shortened(text),
        expected,
    })
}

/// An id of the `topology` folder; the kernel writes -1 where it does not know (and older ones 65535, as a short).
fn topology_id(text: Option<&String>, file: &dyn Fn() -> String) -> Result<Option<u32>, TopologyError> {
    match text {
        Some(text) if !matches!(text.trim_ascii(), "-1" | "65535") => {
            decimal(text, file, "a number, or -1 for unknown").map(Some)
        }
        _ => Ok(None),
    }
}

/// Cores from overlapping sibling lists: files read while a CPU comes or goes may disagree, and a core must still be
/// one core.
#[derive(Default)]
struct Merged {
    /// Leads from each CPU to a lower one of its core.
    lower: BTreeMap<CpuId, CpuId>,
    /// The first CPU with a core id, for kernels that give no sibling lists.
    by_id: BTreeMap<CoreKey, CpuId>,
}

/// What identifies a core: node, package, die, core id.
type CoreKey = (NodeId, Option<u32>, Option<u32>, u32);

impl Merged {
    fn lowest(&self, cpu: CpuId) -> CpuId {
        let mut at = cpu;
        while let Some(lower) = self.lower.get(&at) {
            at = *lower;
        }
        at
    }

    fn join(&mut self, cpu: CpuId, others: &CpuSet) {
        for other in others {
            let (a, b) = (self.lowest(cpu), self.lowest(other));
            if a != b {
                self.lower.insert(a.max(b), a.min(b));
            }
        }
    }

    fn join_by_id(&mut self, cpu: CpuId, key: CoreKey) {
        let first = *self.by_id.entry(key).or_insert(cpu);
        self.join(cpu, &CpuSet::from_iter([first]));
    }
}
