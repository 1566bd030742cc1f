//! `rssctl plan` without a daemon: made-up machines with answers worked out by hand, and this machine.

mod common;

use common::{Folder, rssctl};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn plan(args: &[&str]) -> Value {
    let said = rssctl(&[&["plan", "-o", "json"][..], args].concat());
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{args:?}");
    serde_json::from_str(&said.out).unwrap()
}

fn strings(list: &Value, key: &str) -> Vec<String> {
    let text = |v: &Value| v[key].as_str().map_or_else(|| v[key].to_string(), str::to_owned);
    list.as_array().unwrap().iter().map(text).collect()
}

#[test]
fn numa_alternates_nodes_and_closest_does_not() {
    // 2 nodes of 4 cores with 2 threads: CPUs 0-7 are first threads, 0-3 on node 0, 4-7 on node 1.
    let machine = ["--topology", "2x4x2", "--adapter", "name=eth0,queues=4,node=1,entries=128"];
    let numa = plan(&[&machine[..], &["--profile", "NUMAStatic"]].concat());
    assert_eq!(numa["version"], 1);
    assert_eq!(numa["name"], "eth0");
    assert_eq!(
        strings(&numa["processor_array"], "processor"),
        ["0:4", "0:5", "0:6", "0:7", "0:0", "0:1", "0:2", "0:3"]
    );
    assert_eq!(strings(&numa["processor_array"], "distance"), ["0", "0", "0", "0", "10", "10", "10", "10"]);
    assert_eq!(strings(&numa["processors"], "processor"), ["0:4", "0:0", "0:5", "0:1"]);
    assert_eq!(strings(&numa["processors"], "node"), ["1", "0", "1", "0"]);
    let table = numa["table"].as_array().unwrap();
    assert_eq!(table.len(), 128);
    for (i, entry) in table.iter().enumerate() {
        assert_eq!(entry["entry"], i);
        assert_eq!(entry["processor"], ["0:4", "0:0", "0:5", "0:1"][i % 4]);
    }
    assert_eq!(strings(&numa["queues"], "entries"), ["32", "32", "32", "32"]);
    assert!(!numa["reasons"].as_array().unwrap().is_empty());
    let closest = plan(&[&machine[..], &["--profile", "Closest"]].concat());
    assert_eq!(strings(&closest["processors"], "processor"), ["0:4", "0:5", "0:6", "0:7"]);
    let limited = plan(
        &[&machine[..], &["--profile", "Closest", "--base-processor", "5", "--max-processors", "2"]].concat(),
    );
    assert_eq!(strings(&limited["processors"], "processor"), ["0:5", "0:6"]);
}

#[test]
fn a_recorded_machine_gives_the_adapter_its_node_and_queues() {
    let folder = Folder::new("sysroot");
    let write = |path: &str, text: &str| {
        let path = folder.0.join("sys").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for cpu in 0..4 {
        write(&format!("devices/system/cpu/cpu{cpu}/topology/core_id"), &cpu.to_string());
        write(&format!("devices/system/cpu/cpu{cpu}/topology/physical_package_id"), "0");
        write(&format!("devices/system/cpu/cpu{cpu}/topology/core_cpus_list"), &cpu.to_string());
    }
    write("devices/system/cpu/online", "0-3");
    write("devices/system/cpu/present", "0-3");
    for (node, cpus) in [(0, "0-1"), (1, "2-3")] {
        write(&format!("devices/system/node/node{node}/cpulist"), cpus);
        write(&format!("devices/system/node/node{node}/distance"), if node == 0 { "10 21" } else { "21 10" });
    }
    let device = "devices/pci0000:00/0000:00:03.0";
    write(&format!("{device}/numa_node"), "1");
    for queue in 0..2 {
        write(&format!("{device}/net/eth0/queues/rx-{queue}/rps_cpus"), "0");
    }
    write(&format!("{device}/net/eth0/address"), "02:00:00:00:00:01");
    let class = folder.0.join("sys/class/net");
    fs::create_dir_all(&class).unwrap();
    std::os::unix::fs::symlink("../../devices/pci0000:00/0000:00:03.0/net/eth0", class.join("eth0")).unwrap();

    let root = folder.0.to_str().unwrap();
    let found = plan(&["--sysroot", root, "--adapter", "name=eth0"]);
    assert_eq!(strings(&found["processor_array"], "processor"), ["0:2", "0:3", "0:0", "0:1"]);
    assert_eq!(strings(&found["processor_array"], "distance"), ["0", "0", "11", "11"]);
    assert_eq!(strings(&found["processors"], "processor"), ["0:2", "0:0"]);
    let told = plan(&["--sysroot", root, "--adapter", "name=eth0,queues=4,node=0", "--profile", "Closest"]);
    assert_eq!(strings(&told["processors"], "processor"), ["0:0", "0:1", "0:2", "0:3"]);

    let none = rssctl(&["plan", "--sysroot", root, "--adapter", "name=eth1"]);
    assert_eq!(none.code, 10, "{none:?}");
    assert!(none.err.contains("`eth1`") && none.err.contains("eth0"), "{none:?}");
    fs::write(folder.0.join("sys/devices/system/node/node1/cpulist"), "x").unwrap();
    let damaged = rssctl(&["plan", "--sysroot", root, "--adapter", "queues=2"]);
    assert_eq!(damaged.code, 65, "{damaged:?}");
    assert!(damaged.err.contains("node1"), "{damaged:?}");
}

#[test]
fn for_people_a_plan_says_before_after_steps_and_why() {
    let said = rssctl(&["plan", "--topology", "2x4x1", "--adapter", "queues=8,node=0", "--queues", "2"]);
    assert_eq!(said.code, 0, "{said:?}");
    let expected = "\
offline0: planned, 4 steps, impact reorder

  enabled            yes
  queues             8 -> 2
  processors         any -> 0:0,0:4
  hash types         ipv4,tcp_ipv4,udp_ipv4,ipv6,tcp_ipv6,udp_ipv6
  table              128 entries, 128 of them go to another processor

  Steps
  1  serve queue 0 on CPU 0                 reorder
  2  serve queue 1 on CPU 4                 reorder
     because each NUMA node gives one processor before any gives a second,
     nearest node first, free ones before shared ones
  3  write indirection table (128 entries)  reorder
     because table entry i goes to queue i modulo the number of processors
  4  set 2 receive queues                   reorder
     because it was asked for (queues)

  Why
  - max_processors = 2 of 8, limited by the receive queues
  - each NUMA node gives one processor before any gives a second, nearest node
    first, free ones before shared ones
";
    assert_eq!(said.out, expected);
}

#[test]
fn this_machine_is_a_machine_too() {
    if !Path::new("/sys/devices/system/cpu/online").exists() {
        eprintln!("SKIPPED this_machine_is_a_machine_too: no sysfs");
        return;
    }
    let found = plan(&["--sysroot", "/", "--adapter", "queues=2"]);
    assert!(!found["processors"].as_array().unwrap().is_empty());
}
