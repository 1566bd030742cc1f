//! Recorded machines. The facts asserted here were read off the files with shell tools.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::agrees_with_lscpu;
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::ids::{CpuId, NodeId};
use rssmgr_core::topology::Topology;
use rssmgr_host::{nic, nics, topology};

/// An unpacked machine, removed when the test ends.
struct Recorded {
    folder: PathBuf,
    root: PathBuf,
}

impl Deref for Recorded {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.root
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Unpacks a recorded machine; `None`, with a message, when the recordings are not there. They are looked for in
/// `shared/topologies` beside the project, or beside a folder above it.
fn recorded(archive: &str, root: &str) -> Option<Recorded> {
    let file = format!("shared/topologies/{archive}.tar.bz2");
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let Some(archive) = above.map(|dir| dir.join(&file)).find(|path| path.exists()) else {
        eprintln!("skipped: no {file} beside the project");
        return None;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{root}.{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let machine = Recorded { root: folder.join(root), folder };
    let done = Command::new("tar")
        .arg("--exclude=memory[0-9]*")
        .arg("-xjf")
        .arg(archive)
        .arg("-C")
        .arg(&machine.folder)
        .status();
    assert!(done.expect("tar starts").success(), "tar unpacks {file}");
    Some(machine)
}

fn list(s: &str) -> CpuSet {
    s.parse().unwrap()
}

fn packages(t: &Topology) -> usize {
    t.cpus().filter_map(|(_, cpu)| cpu.package).collect::<BTreeSet<_>>().len()
}

/// 4 sockets x 2 cores x 2 threads of 2008: masks only, no `online` or `present` list, no cache of level 3.
#[test]
fn sixteen_cpus_four_offline() {
    let Some(root) = recorded("16em64t-4s2c2t-offlines", "16em64t-4s2c2t-offlines") else { return };
    let t = topology(&root).unwrap();
    assert_eq!(t.present(), list("0-15"));
    assert_eq!(t.online(), list("0-1,3-4,6-12,15"));
    assert_eq!((packages(&t), t.nodes().count()), (4, 1));
    assert_eq!(t.node_cpus(NodeId(0)), list("0-15"), "the node knows its offline CPUs");
    assert_eq!(t.slit(NodeId(0), NodeId(0)), Some(10));
    // Seven cores have a thread online; of the four offline CPUs nothing is known, so each stands for itself.
    let firsts: CpuSet = t.cpus().map(|(id, _)| id).filter(|id| t.is_first_online_thread(*id)).collect();
    assert_eq!(firsts, list("0-1,3-4,6-7,10"));
    assert_eq!(t.core_count(), 11);
    assert_eq!(t.siblings(CpuId(8)).collect::<Vec<_>>(), [CpuId(0), CpuId(8)]);
    assert_eq!(t.cpu(CpuId(8)).unwrap().smt_rank, 1);
    assert_eq!(t.cpu(CpuId(2)).unwrap().package, None);
    // Without a cache of level 3, the package is the domain; the offline CPUs are apart.
    let l3 = |cpu| t.l3_cpus(t.cpu(CpuId(cpu)).unwrap().l3);
    assert_eq!((l3(0), l3(6), l3(2)), (list("0,4,8,12"), list("6,10"), list("2,5,13-14")));
    assert!(!t.is_hybrid());
    assert!(nics(&root).unwrap().is_empty());
    // lscpu needs the lists that kernels of that age did not have; with them, nothing changes for us.
    for (name, content) in [("possible", "0-15"), ("present", "0-15"), ("online", "0-1,3-4,6-12,15")] {
        fs::write(root.join("sys/devices/system/cpu").join(name), content).unwrap();
    }
    assert_eq!(topology(&root).unwrap(), t);
    agrees_with_lscpu(&root, &t);
}

/// 6 performance cores with two threads and 8 efficiency cores.
#[test]
fn hybrid() {
    let Some(root) = recorded("20em64t-hybrid-1p6c2t+2ca4co1t", "20em64t-hybrid-1p6c2t+2ca4co1t") else {
        return;
    };
    let t = topology(&root).unwrap();
    assert_eq!((t.online(), t.core_count(), t.l3_count(), packages(&t)), (list("0-19"), 14, 1, 1));
    assert!(t.is_hybrid());
    // Base frequencies 1.9 and 1.4 GHz; the favoured cores 4, 5, 8 and 9, with 5.2 GHz at most, are no third kind.
    for (id, cpu) in t.cpus() {
        let wanted =
            if id < CpuId(12) { 1024 } else { u16::try_from(1_400_000_u64 * 1024 / 1_900_000).unwrap() };
        assert_eq!(cpu.capacity, wanted, "CPU {id}");
        assert_eq!(u32::from(cpu.smt_rank), if id < CpuId(12) { id.0 % 2 } else { 0 }, "CPU {id}");
        assert!(!cpu.isolated && !cpu.nohz_full);
    }
    agrees_with_lscpu(&root, &t);
}

/// 8 nodes numbered 0, 1, 2, 33, 34, 45, 72, 73, two in each package.
#[test]
fn sparse_nodes() {
    let Some(root) = recorded("48amd64-4pa2n6c-sparse", "48amd64-4d2n6c-sparse") else { return };
    let t = topology(&root).unwrap();
    assert_eq!(t.nodes().map(|n| n.0).collect::<Vec<_>>(), [0, 1, 2, 33, 34, 45, 72, 73]);
    assert_eq!((t.online(), t.core_count(), t.l3_count(), packages(&t)), (list("0-47"), 48, 8, 4));
    assert_eq!(t.node_cpus(NodeId(45)), list("30-35"));
    // The row of node 33 is `22 16 16 10 16 16 22 22`.
    let row = t.nodes().map(|to| t.slit(NodeId(33), to).unwrap()).collect::<Vec<_>>();
    assert_eq!(row, [22, 16, 16, 10, 16, 16, 22, 22]);
    assert_eq!(t.distance(Some(NodeId(33)), CpuId(42)), 12);
    assert!(!t.is_hybrid());
    agrees_with_lscpu(&root, &t);
}

/// 4 nodes whose CPUs are interleaved, 40 of 80 possible CPUs present, and PCI devices.
#[test]
fn interleaved_nodes_and_network_interfaces() {
    let Some(root) = recorded("40intel64-2g2n4c+pcilocality", "40intel64-2g2n4c+pci") else { return };
    let t = topology(&root).unwrap();
    assert_eq!((t.present(), t.online(), t.core_count()), (list("0-39"), list("0-39"), 40));
    assert_eq!((t.nodes().count(), t.l3_count(), packages(&t)), (4, 4, 4));
    assert_eq!(t.node_cpus(NodeId(2)), (0..10).map(|i| CpuId(4 * i + 2)).collect());
    assert_eq!(t.distance(Some(NodeId(2)), CpuId(3)), 10);
    agrees_with_lscpu(&root, &t);

    let all = nics(&root).unwrap();
    let names: Vec<&str> = all.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["eth0", "eth1", "eth2", "eth3", "ib0"], "of lo, the recording has the link only");
    let eth3 = nic(&root, "eth3").unwrap();
    assert_eq!(eth3, all[3]);
    assert_eq!(eth3.pci.as_deref(), Some("0000:03:00.1"));
    assert_eq!(eth3.device.unwrap().to_str().unwrap(), "sys/devices/pci0000:00/0000:00:06.0/0000:03:00.1");
    assert_eq!((eth3.node, eth3.local_cpus), (None, Some(list("0-39"))), "numa_node holds -1");
    assert_eq!((eth3.driver.as_deref(), eth3.mac.as_deref()), (Some("bnx2"), Some("78:2b:cb:38:ac:21")));
    assert_eq!((eth3.rx_queues, eth3.tx_queues, eth3.msi_irqs.len()), (8, 0, 0));
    let ib0 = nic(&root, "ib0").unwrap();
    assert_eq!((ib0.node, ib0.driver.as_deref(), ib0.rx_queues), (Some(NodeId(2)), Some("ib_qib"), 1));
    assert_eq!(
        nic(&root, "eth9").unwrap_err().to_string(),
        format!("{} has no network interface `eth9`; it has eth0, eth1, eth2, eth3, ib0", root.display())
    );
}
