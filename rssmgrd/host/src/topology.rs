//! The CPUs, caches and NUMA nodes of a machine.

use std::collections::BTreeMap;
use std::path::Path;

use rssmgr_core::topology::{RawCache, RawCpu, RawNode, RawTopology, Topology};

use crate::error::HostError;
use crate::root::Root;

const CPU_DIR: &str = "sys/devices/system/cpu";
const NODE_DIR: &str = "sys/devices/system/node";

/// Reads the machine whose root is `root`.
///
/// # Errors
/// The folder is no root of a machine, a file cannot be read, or its content is damaged; the file is named.
pub fn topology(root: &Path) -> Result<Topology, HostError> {
    let raw = raw_topology(root)?;
    Topology::from_raw(&raw).map_err(|cause| HostError::Topology { root: root.to_owned(), cause })
}

/// Reads the files that [`topology`] is made of, untouched. An older spelling of a file is read only where the newer
/// one is missing.
///
/// # Errors
/// The folder is no root of a machine, or a file cannot be read. A file that is not there is no error.
pub fn raw_topology(root: &Path) -> Result<RawTopology, HostError> {
    let root = Root::new(root);
    if root.folder(CPU_DIR)?.is_none() {
        return Err(HostError::NotAMachine { root: root.path() });
    }
    let system = |name: &str| root.read(format!("{CPU_DIR}/{name}"));
    let mut raw = RawTopology {
        online: system("online")?,
        present: system("present")?,
        isolated: system("isolated")?,
        nohz_full: system("nohz_full")?,
        // Hardened systems hide it from users; what matters most in it is in `isolated` too.
        cmdline: root.read("proc/cmdline").unwrap_or(None),
        cpu_core: root.read("sys/devices/cpu_core/cpus")?,
        cpu_atom: root.read("sys/devices/cpu_atom/cpus")?,
        ..RawTopology::default()
    };
    for id in root.numbered(CPU_DIR, "cpu")? {
        raw.cpus.insert(id, cpu(&root, id)?);
    }
    for id in root.numbered(NODE_DIR, "node")? {
        raw.nodes.insert(id, node(&root, id)?);
    }
    Ok(raw)
}

fn cpu(root: &Root<'_>, id: u32) -> Result<RawCpu, HostError> {
    let folder = format!("{CPU_DIR}/cpu{id}");
    let read = |name: &str| root.read(format!("{folder}/{name}"));
    let older = |newer: &[&Option<String>], name: &str| {
        if newer.iter().all(|text| text.is_none()) { read(name) } else { Ok(None) }
    };
    let core_cpus_list = read("topology/core_cpus_list")?;
    let core_cpus = older(&[&core_cpus_list], "topology/core_cpus")?;
    let thread_siblings_list = older(&[&core_cpus_list, &core_cpus], "topology/thread_siblings_list")?;
    let thread_siblings =
        older(&[&core_cpus_list, &core_cpus, &thread_siblings_list], "topology/thread_siblings")?;
    let mut caches = BTreeMap::new();
    for index in root.numbered(format!("{folder}/cache"), "index")? {
        let file = |name: &str| format!("cache/index{index}/{name}");
        let level = read(&file("level"))?;
        let shared_cpu_list = read(&file("shared_cpu_list"))?;
        let shared_cpu_map = older(&[&shared_cpu_list], &file("shared_cpu_map"))?;
        caches.insert(index, RawCache { level, shared_cpu_list, shared_cpu_map });
    }
    Ok(RawCpu {
        online: read("online")?,
        node: root.numbered(&folder, "node")?.first().copied(),
        package: read("topology/physical_package_id")?,
        die: read("topology/die_id")?,
        core: read("topology/core_id")?,
        core_cpus_list,
        core_cpus,
        thread_siblings_list,
        thread_siblings,
        caches,
        capacity: read("cpu_capacity")?,
        base_frequency: read("cpufreq/base_frequency")?,
        max_frequency: read("cpufreq/cpuinfo_max_freq")?,
    })
}

fn node(root: &Root<'_>, id: u32) -> Result<RawNode, HostError> {
    let folder = format!("{NODE_DIR}/node{id}");
    let read = |name: &str| root.read(format!("{folder}/{name}"));
    Ok(RawNode {
        cpulist: read("cpulist")?,
        cpumap: read("cpumap")?,
        cpu_links: root.numbered(&folder, "cpu")?,
        distance: read("distance")?,
    })
}
