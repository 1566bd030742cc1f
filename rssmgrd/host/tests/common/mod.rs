//! util-linux' `lscpu` as a second reader of sysfs.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rssmgr_core::ids::{CpuId, NodeId};
use rssmgr_core::topology::Topology;

/// What `lscpu` says of a CPU: core, socket, node, L3 domain; the numbers are its own.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    core: String,
    socket: String,
    node: String,
    online: bool,
    l3: String,
}

/// Checks a topology against `lscpu`; says so when it is not installed or cannot read the machine.
pub(crate) fn agrees_with_lscpu(root: &Path, t: &Topology) {
    let mut lscpu = Command::new("lscpu");
    if root != Path::new("/") {
        lscpu.arg("-s").arg(root);
    }
    let output = match lscpu.args(["-a", "-p=CPU,CORE,SOCKET,NODE,ONLINE,CACHE"]).env("LC_ALL", "C").output()
    {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        other => {
            eprintln!("skipped: lscpu cannot read {}: {other:?}", root.display());
            return;
        }
    };
    let header = output.lines().rfind(|line| line.starts_with("# CPU")).unwrap();
    let caches: Vec<&str> = header.trim_start_matches("# ").split(',').collect();
    // Some versions leave an empty column before the caches and some do not: count from the right.
    let l3_from_right = caches.iter().rev().position(|c| *c == "L3");
    let mut seen = BTreeMap::new();
    for line in output.lines().filter(|line| !line.starts_with('#')) {
        let f: Vec<&str> = line.split(',').collect();
        let l3 = l3_from_right.map_or("", |i| f[f.len() - 1 - i]);
        let [core, socket, node] = [f[1], f[2], f[3]].map(str::to_owned);
        let cpu = CpuId(f[0].parse().unwrap());
        seen.insert(cpu, Seen { core, socket, node, online: f[4] == "Y", l3: l3.to_owned() });
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), t.cpus().map(|(id, _)| id).collect::<Vec<_>>());
    for (id, one) in &seen {
        let cpu = t.cpu(*id).unwrap();
        assert_eq!(cpu.online, one.online, "CPU {id}");
        if !one.online {
            continue;
        }
        if !one.node.is_empty() {
            assert_eq!(cpu.node, NodeId(one.node.parse().unwrap()), "CPU {id}");
        }
        // The numbers of cores, sockets and caches are each reader's own; who shares them is not.
        for (other_id, other) in seen.iter().filter(|(_, other)| other.online) {
            let other_cpu = t.cpu(*other_id).unwrap();
            assert_eq!(cpu.core == other_cpu.core, one.core == other.core, "core of {id} and {other_id}");
            assert_eq!(
                cpu.package == other_cpu.package,
                one.socket == other.socket,
                "socket of {id} and {other_id}"
            );
            if !one.l3.is_empty() && !other.l3.is_empty() {
                assert_eq!(cpu.l3 == other_cpu.l3, one.l3 == other.l3, "L3 of {id} and {other_id}");
            }
        }
    }
}
