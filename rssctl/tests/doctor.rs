//! `rssctl doctor`: recorded machines made by hand with what must be found on them, recordings of real ones, this one.

mod common;
#[path = "common/schema.rs"]
mod schema;

use common::{Folder, bash, rssctl};
use schema::fits;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// A recorded machine: two nodes of four CPUs, no hyper-threads, eth0 (igb, four queues) on node 1.
struct Machine(Folder);

impl Machine {
    fn new(name: &str) -> Self {
        let machine = Self(Folder::new(name));
        for node in 0..2u32 {
            let first = node * 4;
            machine.file(
                &format!("sys/devices/system/node/node{node}/cpulist"),
                &format!("{first}-{}\n", first + 3),
            );
            let distance = if node == 0 { "10 20\n" } else { "20 10\n" };
            machine.file(&format!("sys/devices/system/node/node{node}/distance"), distance);
            for cpu in first..first + 4 {
                let folder = format!("sys/devices/system/cpu/cpu{cpu}");
                machine.file(&format!("{folder}/topology/core_id"), &format!("{cpu}\n"));
                machine.file(&format!("{folder}/topology/physical_package_id"), &format!("{node}\n"));
                machine.file(&format!("{folder}/topology/core_cpus_list"), &format!("{cpu}\n"));
                fs::create_dir_all(machine.0.0.join(format!("{folder}/node{node}"))).unwrap();
            }
        }
        machine.file("sys/devices/system/cpu/online", "0-7\n");
        machine.file("sys/devices/system/cpu/present", "0-7\n");
        machine.nic("eth0", "03", "igb", 40, 4);
        machine.file("sys/devices/pci0000:00/0000:00:03.0/numa_node", "1\n");
        machine.serve(40, &[4, 0, 5, 1]);
        machine
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.0.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// An adapter with interrupts named as igb names them.
    fn nic(&self, name: &str, slot: &str, driver: &str, irq: u32, queues: u32) {
        let device = format!("sys/devices/pci0000:00/0000:00:{slot}.0");
        self.file(&format!("{device}/uevent"), &format!("DRIVER={driver}\n"));
        self.file(&format!("{device}/net/{name}/address"), &format!("52:54:00:00:00:{slot}\n"));
        self.file(&format!("{device}/net/{name}/flags"), "0x1003\n");
        for q in 0..queues {
            self.file(&format!("{device}/net/{name}/queues/rx-{q}/rps_cpus"), "00\n");
            self.file(&format!("{device}/msi_irqs/{}", irq + q), "msix\n");
            self.file(&format!("proc/irq/{}/{name}-TxRx-{q}/x", irq + q), "");
        }
        let class = self.0.0.join("sys/class/net");
        fs::create_dir_all(&class).unwrap();
        symlink(format!("../../../{device}/net/{name}"), class.join(name)).unwrap();
    }

    /// Sends interrupts from `irq` on to these CPUs.
    fn serve(&self, irq: u32, cpus: &[u32]) {
        for (irq, cpu) in (irq..).zip(cpus) {
            self.file(&format!("proc/irq/{irq}/smp_affinity_list"), &format!("{cpu}\n"));
            self.file(&format!("proc/irq/{irq}/effective_affinity_list"), &format!("{cpu}\n"));
        }
    }

    /// Exit code and what `-o json` says.
    fn examine(&self, args: &[&str]) -> (i32, Value) {
        let root = self.0.0.to_str().unwrap();
        let said = rssctl(&[&["doctor", "--sysroot", root, "-o", "json"][..], args].concat());
        assert!(said.err.is_empty() || said.code == 10, "{said:?}");
        (said.code, serde_json::from_str(&said.out).unwrap())
    }

    fn found(&self) -> (i32, Vec<String>) {
        let (code, document) = self.examine(&[]);
        (code, checks(&document))
    }
}

/// `check severity adapter`.
fn checks(document: &Value) -> Vec<String> {
    let text = |f: &Value, key: &str| f[key].as_str().unwrap_or("-").to_owned();
    let findings = document["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|f| format!("{} {} {}", text(f, "check"), text(f, "severity"), text(f, "adapter")))
        .collect()
}

#[test]
fn the_worst_finding_decides_the_exit_code() {
    let machine = Machine::new("doctor-codes");
    assert_eq!(machine.found(), (0, vec![]));
    machine.serve(40, &[2, 0, 3, 1]);
    assert_eq!(machine.found(), (20, vec!["off-node warning eth0".into()]));
    machine.serve(40, &[4, 4, 4, 4]);
    assert_eq!(machine.found(), (21, vec!["queues-share-cpu error eth0".into()]));
    let (code, document) = machine.examine(&["eth7"]);
    assert_eq!((code, checks(&document)), (10, vec![]), "what is missing fails the command");
    let (code, document) = machine.examine(&["eth*"]);
    assert_eq!(
        (code, document["worst"].as_str(), document["adapters"][0].as_str()),
        (21, Some("error"), Some("eth0"))
    );
    assert_eq!(machine.examine(&["x*"]).0, 0, "only what was asked for");
}

#[test]
fn text_for_people_names_evidence_and_commands() {
    let machine = Machine::new("doctor-text");
    machine.serve(40, &[2, 0, 3, 1]);
    let root = machine.0.0.to_str().unwrap();
    let said = rssctl(&["doctor", "--sysroot", root]);
    assert_eq!(said.code, 20);
    let wanted = "Warnings\n\n  eth0: no queue is served on its own NUMA node 1  [off-node]\n      \
                  queue 0: interrupt 40 on CPU 2, node 0 (/proc/irq/40/smp_affinity_list)\n";
    assert!(said.out.starts_with(wanted), "{}", said.out);
    assert!(said.out.contains("    > rssctl set eth0 --profile NUMAStatic\n"), "{}", said.out);
    assert!(said.out.contains("Not looked at\n\n  tables, hash types"), "{}", said.out);
    let quiet = rssctl(&["doctor", "--sysroot", root, "--quiet"]);
    assert!(quiet.out.starts_with(wanted) && !quiet.out.contains("Not looked at"), "{}", quiet.out);
    let table = rssctl(&["doctor", "--sysroot", root, "-o", "table"]);
    assert_eq!(table.out.lines().count(), 2, "{}", table.out);
    let lines = rssctl(&["doctor", "--sysroot", root, "-o", "jsonl"]);
    let line: Value = serde_json::from_str(lines.out.trim()).unwrap();
    assert_eq!((line["version"].as_u64(), line["check"].as_str()), (Some(1), Some("off-node")));
    assert_eq!(rssctl(&["doctor", "--sysroot", root, "-o", "name"]).code, 2);
    assert_eq!(rssctl(&["doctor", "--sysroot", "/nowhere/at/all"]).code, 2);
    assert_eq!(rssctl(&["doctor", "--interval", "soon"]).code, 2);
}

/// A machine with much that is wrong: what is found, that the JSON fits its schema, that the commands are commands.
#[test]
fn everything_that_files_alone_show() {
    let machine = Machine::new("doctor-all");
    machine.serve(40, &[4, 0, 2, 2]);
    machine.file("sys/devices/system/cpu/isolated", "0\n");
    machine.nic("eth1", "04", "ice", 50, 1);
    machine.serve(50, &[4]);
    let row = |processed: &str, dropped: &str, squeezed: &str, cpu: u32| {
        format!("{processed} {dropped} {squeezed}{} {cpu:08x}\n", " 00000000".repeat(9))
    };
    let rows = row("00100000", "00000900", "00001000", 0) + &row("00000100", "00000000", "00000000", 4);
    machine.file("proc/net/softnet_stat", &rows);
    machine.file("proc/sys/net/core/netdev_max_backlog", "1000\n");
    machine.file("proc/net/route", "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\neth0 00000000 01020304 0003 0 0 0 00000000 0 0 0\n");
    machine.file("sys/class/net/gre1/flags", "0x91\n");
    machine.file("sys/class/net/gre1/type", "778\n");
    machine.file("proc/81/comm", "irqbalance\n");
    machine.file("etc/systemd/network/10-a.link", "[Match]\nOriginalName=eth1\n[Link]\nCombinedChannels=2\n");
    machine.file("etc/rssmgrd/rssmgrd.toml", "[[adapter]]\nmatch = { name = \"*\" }\nmax_processors = 8\n");
    machine.file(
        "var/lib/rssmgrd/saved.toml",
        "version = 1\n[[adapter]]\nname = \"eth0\"\n[adapter.settings]\nmax_processors = 4\n",
    );
    let (code, document) = machine.examine(&[]);
    assert_eq!(code, 20);
    let mut found = checks(&document);
    found.sort();
    assert_eq!(
        found,
        [
            "adapters-share-cpu info -",
            "irqbalance info -",
            "needs-rps info eth1",
            "no-numa-node warning eth1",
            "not-eligible warning eth0",
            "other-manager info eth1",
            "queues-share-cpu warning eth0",
            "saved-hides-config info eth0",
            "softnet-drops warning -",
            "time-squeeze info -",
            "tunnel-one-queue info eth0",
        ]
    );
    let folder = Folder::new("doctor-schema");
    assert_eq!(rssctl(&["generate", "schema", "--dir", folder.0.to_str().unwrap()]).code, 0);
    let text = fs::read_to_string(folder.0.join("doctor.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    fits(&document, &schema, &schema, "doctor").unwrap();
    let mut wrong = document.clone();
    wrong["findings"][0]["remedy"] = "none".into();
    assert!(fits(&wrong, &schema, &schema, "doctor").is_err());

    for finding in document["findings"].as_array().unwrap() {
        for remedy in finding["remedy"].as_array().unwrap() {
            command(remedy.as_str().unwrap(), &folder);
        }
    }
}

/// A default route over a VLAN on a bond leads over the bond's ports, and so does a tunnel that is bound to nothing.
#[test]
fn a_route_over_a_bond_leads_over_its_ports() {
    let machine = Machine::new("doctor-bond");
    machine.nic("eth1", "04", "igb", 50, 4);
    machine.file("sys/devices/pci0000:00/0000:00:04.0/numa_node", "1\n");
    machine.serve(50, &[6, 2, 7, 3]);
    machine.nic("eth2", "05", "igb", 60, 4);
    machine.file("sys/devices/pci0000:00/0000:00:05.0/numa_node", "1\n");
    machine.serve(60, &[6, 2, 7, 3]);
    machine.file("sys/class/net/gre1/flags", "0x91\n");
    machine.file("sys/class/net/gre1/type", "778\n");
    for (name, lower) in [("bond0.5", "bond0"), ("bond0", "eth0"), ("bond0", "eth1")] {
        let folder = machine.0.0.join("sys/class/net").join(name);
        fs::create_dir_all(&folder).unwrap();
        symlink(format!("../{lower}"), folder.join(format!("lower_{lower}"))).unwrap();
    }
    let tunnels = || -> Vec<String> {
        machine.found().1.into_iter().filter(|f| f.starts_with("tunnel-one-queue")).collect()
    };
    assert_eq!(tunnels(), [""; 0], "no route yet");
    machine.file("proc/net/route", "Iface\nbond0.5 00000000 01020304 0003 0 0 0 00000000 0 0 0\n");
    assert_eq!(tunnels(), ["tunnel-one-queue info eth0", "tunnel-one-queue info eth1"]);
}

/// A remedy is a command line that bash understands, and one of ours gets as far as looking for the daemon.
fn command(line: &str, folder: &Folder) {
    let read = Command::new("bash").args(["-n", "-c", line]).output().unwrap();
    assert!(read.status.success(), "{line}: {read:?}");
    if line.starts_with("rssctl ") {
        let said = bash(line, &folder.0);
        assert_eq!(said.code, 8, "{line}: {said:?}");
    }
}

/// The commands that need more than files to be found: each form of them is understood.
#[test]
fn commands_that_the_doctor_writes_are_understood() {
    let folder = Folder::new("doctor-commands");
    for line in [
        "rssctl set 'a;b' --profile NUMAStatic  # writes the table again",
        "rssctl set eth0 --queues 8 --what-if  # then without --what-if, with --allow link",
        "rssctl set eth0 --hash-types ipv4,tcp_ipv4,udp_ipv4  # fragments",
        "rssctl set eth0 --rps true",
        "rssctl set eth0 --numa-node 0  # the node of its slot",
        "rssctl events --adapter eth0  # when and what",
        "rssctl stats eth0 --per entry  # a few entries, or one flow",
        "rssctl verify eth0  # does the traffic obey now",
        "rssctl stats --per cpu",
        "rssctl get -o wide  # which adapters it serves",
        "rssctl get eth0  # what is in force",
        "rssctl restart eth0 --what-if  # which; then without --what-if",
        "rssctl why eth0",
        "rssctl reset eth0  # drops what was saved for it",
    ] {
        command(line, &folder);
    }
}

/// Interrupts by the names in /proc/interrupts, where the recording has no folders of them.
#[test]
fn interrupts_are_found_by_name_in_either_place() {
    let machine = Machine::new("doctor-names");
    for q in 0..4u32 {
        fs::remove_dir_all(machine.0.0.join(format!("proc/irq/{}/eth0-TxRx-{q}", 40 + q))).unwrap();
    }
    machine.serve(40, &[4, 4, 4, 4]);
    assert_eq!(machine.found(), (0, vec![]), "which interrupt serves which queue is not known");
    let (_, document) = machine.examine(&[]);
    let notes = document["not_checked"].to_string();
    assert!(
        notes.contains("eth0: the recording does not tell which interrupt serves which queue"),
        "{notes}"
    );
    let lines: String =
        (0..4).map(|q| format!("{}: 9 0 PCI-MSIX-0000:00:03.0 {q}-edge eth0-TxRx-{q}\n", 40 + q)).collect();
    machine.file("proc/interrupts", &format!("CPU0 CPU4\n{lines}"));
    assert_eq!(machine.found(), (21, vec!["queues-share-cpu error eth0".into()]));
}

/// Damage is told, and the rest is examined.
#[test]
fn damaged_files_are_named() {
    let machine = Machine::new("doctor-damage");
    machine.serve(40, &[4, 4, 4, 4]);
    machine.file("proc/net/softnet_stat", "what\n");
    machine.file("etc/rssmgrd/rssmgrd.toml", "[[adapter]\n");
    machine.file("var/lib/rssmgrd/saved.toml", "version = 1\n");
    let (code, document) = machine.examine(&[]);
    assert_eq!((code, checks(&document)), (21, vec!["queues-share-cpu error eth0".into()]));
    let notes: Vec<String> =
        document["not_checked"].as_array().unwrap().iter().map(ToString::to_string).collect();
    for part in ["softnet_stat, line 1: `what` is not understood", "rssmgrd.toml, line 1:"] {
        assert!(notes.iter().any(|n| n.contains(part)), "{part}: {notes:?}");
    }
}

/// Recordings of real machines: whatever is in them, the doctor gets to its end.
#[test]
fn recordings_of_real_machines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/topologies");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: no recordings in {}", folder.display());
        return;
    };
    let mut seen = 0;
    for archive in entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "bz2")) {
        let to = Folder::new("doctor-recorded");
        let unpacked = Command::new("tar").arg("xjf").arg(&archive).arg("-C").arg(&to.0).status().unwrap();
        assert!(unpacked.success(), "{}", archive.display());
        for root in fs::read_dir(&to.0).unwrap().map(|e| e.unwrap().path()).filter(|p| p.join("sys").is_dir())
        {
            let said = rssctl(&["doctor", "--sysroot", root.to_str().unwrap(), "-o", "json"]);
            assert!([0, 20, 21].contains(&said.code), "{}: {said:?}", archive.display());
            let document: Value = serde_json::from_str(&said.out).unwrap();
            assert_eq!(document["interval_ms"], 0);
            // The one recording with network cards: the board says nothing of the slot of one, and another has one queue.
            if archive.to_string_lossy().contains("pcilocality") {
                assert_eq!(checks(&document), ["no-numa-node warning eth0", "needs-rps info ib0"]);
            }
            seen += 1;
        }
    }
    assert!(seen > 0, "{} holds no machine", folder.display());
}

/// This machine, as whoever runs the tests.
#[test]
fn this_machine_is_examined_and_left_alone() {
    let said = rssctl(&["doctor", "--interval", "50ms", "-o", "json"]);
    assert!([0, 20, 21].contains(&said.code), "{said:?}");
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert!(document["interval_ms"].as_u64().unwrap() >= 50, "{document}");
    assert_eq!(document["daemon"], false);
    let once = rssctl(&["doctor", "--interval", "0s", "-o", "json"]);
    let once: Value = serde_json::from_str(&once.out).unwrap();
    assert_eq!(once["interval_ms"], 0);
}
