//! Pretended machines: `2x8x2`.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use super::{Cpu, Draft, FULL_CAPACITY, Node, Topology, number};
use crate::cpuset::shortened;
use crate::ids::{CpuId, MAX_CPU, NodeId};

/// SLIT distance of a node to itself (ACPI 6.5, 5.2.17: 10 by definition).
const LOCAL: u32 = 10;
/// SLIT distance that Linux assumes between nodes when the firmware says nothing.
const REMOTE: u32 = 20;

/// Why a text is not the specification of a machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Not three numbers.
    #[error(
        "topology `{0}`: write NODESxCORESxTHREADS, such as `2x8x2` for 2 nodes of 8 cores with 2 threads each, and `2x8x2:31` for a distance of 31 between nodes"
    )]
    Form(String),
    /// A number out of its range.
    #[error("topology `{text}`: {what} is {value}; write {min} to {max}")]
    Range {
        /// The whole text.
        text: String,
        /// Which number.
        what: &'static str,
        /// What it is.
        value: u32,
        /// The least it can be.
        min: u32,
        /// The most it can be.
        max: u32,
    },
    /// More CPUs than a kernel can have.
    #[error("topology `{text}` has {cpus} CPUs; a machine has at most {}", MAX_CPU + 1)]
    Size {
        /// The whole text.
        text: String,
        /// Its product.
        cpus: u64,
    },
}

pub(super) fn parse(text: &str) -> Result<Topology, SpecError> {
    let form = || SpecError::Form(shortened(text));
    let number_of = |t: &str| -> Result<u32, SpecError> {
        if t.is_empty() || t.len() > 9 || !t.bytes().all(|b| b.is_ascii_digit()) {
            return Err(form());
        }
        t.parse().map_err(|_| form())
    };
    let within = |what, value, min, max| {
        if (min..=max).contains(&value) {
            Ok(value)
        } else {
            Err(SpecError::Range { text: shortened(text), what, value, min, max })
        }
    };
    let (size, remote) = match text.split_once(':') {
        Some((size, remote)) => (size, number_of(remote)?),
        None => (text, REMOTE),
    };
    let mut parts = size.split('x');
    let mut next = || parts.next().ok_or_else(form).and_then(number_of);
    let (nodes, cores, threads) = (next()?, next()?, next()?);
    if parts.next().is_some() {
        return Err(form());
    }
    // The kernel's MAX_NUMNODES is at most 1,024; a SLIT distance is a byte, 255 is "unreachable" (ACPI 6.5, 5.2.17).
    let nodes = within("the number of nodes", nodes, 1, 1024)?;
    let cores = within("the number of cores in a node", cores, 1, MAX_CPU + 1)?;
    let threads = within("the number of threads in a core", threads, 1, 8)?;
    let remote = within("the distance between nodes", remote, LOCAL, 254)?;
    let cpus = u64::from(nodes) * u64::from(cores) * u64::from(threads);
    if cpus > u64::from(MAX_CPU) + 1 {
        return Err(SpecError::Size { text: shortened(text), cpus });
    }
    let mut label = format!("{nodes}x{cores}x{threads}");
    if remote != REMOTE {
        label = format!("{label}:{remote}");
    }
    Ok(machine(nodes, cores, threads, remote, label))
}

fn machine(nodes: u32, cores: u32, threads: u32, remote: u32, label: String) -> Topology {
    let all_cores = nodes * cores;
    let drafts = (0..all_cores * threads).map(|id| {
        let core = id % all_cores;
        let node = core / cores;
        let cpu = Cpu {
            node: NodeId(node),
            package: Some(node),
            core,
            l3: node,
            smt_rank: 0,
            online: true,
            isolated: false,
            nohz_full: false,
            capacity: FULL_CAPACITY,
        };
        (CpuId(id), Draft { cpu, core, l3: node })
    });
    let distances = |from: u32| -> BTreeMap<NodeId, u32> {
        (0..nodes).map(|to| (NodeId(to), if from == to { LOCAL } else { remote })).collect()
    };
    let nodes =
        (0..nodes).map(|id| (NodeId(id), Node { distances: distances(id), ..Node::default() })).collect();
    number(drafts.collect(), nodes, Some(label))
}
