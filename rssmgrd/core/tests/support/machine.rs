//! A machine of any shape and numbering, turned into the files that its kernel would show.

use std::collections::{BTreeMap, BTreeSet};

use rssmgr_core::topology::{RawCpu, RawNode, RawTopology, Topology, TopologyError};

/// A CPU.
#[derive(Clone, Debug)]
pub(crate) struct MachineCpu {
    /// Its NUMA node.
    pub(crate) node: u32,
    /// Its core: any number, unique over the machine.
    pub(crate) core: u32,
    /// Its capacity, where the kernel tells.
    pub(crate) capacity: Option<u32>,
}

/// A machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machine {
    /// Its CPUs by kernel number.
    pub(crate) cpus: BTreeMap<u32, MachineCpu>,
    /// CPUs that are offline.
    pub(crate) offline: BTreeSet<u32>,
    /// CPUs in `isolcpus`.
    pub(crate) isolated: BTreeSet<u32>,
    /// CPUs in `nohz_full`.
    pub(crate) nohz_full: BTreeSet<u32>,
    /// SLIT rows, nodes ascending; empty where the kernel does not tell.
    pub(crate) slit: Vec<Vec<u32>>,
}

impl Machine {
    /// `nodes` x `cores` x `threads`. Linux numbers siblings last; Windows numbers the threads of a core one after
    /// the other.
    #[must_use]
    pub(crate) fn new(nodes: u32, cores: u32, threads: u32, siblings_adjacent: bool) -> Self {
        let mut machine = Self::default();
        for core in 0..nodes * cores {
            for thread in 0..threads {
                let id =
                    if siblings_adjacent { core * threads + thread } else { thread * nodes * cores + core };
                machine.cpus.insert(id, MachineCpu { node: core / cores, core, capacity: None });
            }
        }
        let row = |from: u32| (0..nodes).map(|to| if from == to { 10 } else { 20 }).collect();
        machine.slit = (0..nodes).map(row).collect();
        machine
    }

    /// The nodes, ascending.
    #[must_use]
    pub(crate) fn nodes(&self) -> BTreeSet<u32> {
        self.cpus.values().map(|c| c.node).collect()
    }

    /// The files that a kernel on this machine shows. An offline CPU has no topology, and no other CPU lists it.
    #[must_use]
    pub(crate) fn raw(&self) -> RawTopology {
        let online = |id: &u32| !self.offline.contains(id);
        let members = |keep: &dyn Fn(&u32, &MachineCpu) -> bool| {
            list(self.cpus.iter().filter(|(id, cpu)| keep(id, cpu)).map(|(id, _)| *id))
        };
        let cpus = self.cpus.iter().map(|(id, cpu)| {
            let mut raw = RawCpu { node: Some(cpu.node), ..RawCpu::default() };
            if online(id) {
                raw.package = Some(cpu.node.to_string());
                raw.core_cpus_list = Some(members(&|i, c| c.core == cpu.core && online(i)));
            }
            raw.capacity = cpu.capacity.map(|c| c.to_string());
            (*id, raw)
        });
        let nodes = self.nodes().into_iter().enumerate().map(|(row, node)| {
            let distance =
                self.slit.get(row).map(|r| r.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));
            let raw = RawNode {
                cpulist: Some(members(&|i, c| c.node == node && online(i))),
                cpu_links: self.cpus.iter().filter(|(_, c)| c.node == node).map(|(i, _)| *i).collect(),
                distance,
                ..RawNode::default()
            };
            (node, raw)
        });
        RawTopology {
            present: Some(list(self.cpus.keys().copied())),
            online: Some(members(&|i, _| online(i))),
            isolated: Some(list(self.isolated.iter().copied())),
            nohz_full: Some(list(self.nohz_full.iter().copied())),
            cpus: cpus.collect(),
            nodes: nodes.collect(),
            ..RawTopology::default()
        }
    }

    /// The machine as core sees it.
    ///
    /// # Errors
    /// When no kernel could show this machine, such as one without an online CPU.
    pub(crate) fn topology(&self) -> Result<Topology, TopologyError> {
        Topology::from_raw(&self.raw())
    }
}

fn list(cpus: impl Iterator<Item = u32>) -> String {
    cpus.map(|c| c.to_string()).collect::<Vec<_>>().join(",")
}
