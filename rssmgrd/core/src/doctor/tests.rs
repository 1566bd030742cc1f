//! Every check, where it fires and where it just does not. All start from one healthy machine, in which nothing is
//! found; each case changes one thing and names everything that is found then.

mod load;
mod others;
mod placement;
mod queues;
mod vports;

use super::*;
use crate::capability::{Capability, ChannelControl};
use crate::cpuset::CpuSet;
use crate::device::{Device, Queue, UserTable};
use crate::driver::round_robin;
use crate::hash::HashTypes;
use crate::ids::{CpuId, NodeId, QueueId};
use crate::manager::Verified;
use crate::settings::Settings;
use crate::topology::Topology;
use crate::tunnel::TunnelKind;
use std::format;
use std::vec;
use std::vec::Vec;

/// Two nodes of four cores with two threads: node 0 has CPUs 0-3 and their siblings 8-11, node 1 has 4-7 and 12-15.
fn healthy() -> Machine {
    let sample = |cpu| CpuSample {
        cpu: CpuId(cpu),
        processed: Sampled { before: Some(1_000_000), now: 1_002_000 },
        dropped: Sampled { before: Some(0), now: 0 },
        squeezed: Sampled { before: Some(3), now: 3 },
        interrupt_time: Some(Sampled { before: Some(100), now: 105 }),
        time: Some(Sampled { before: Some(10_000), now: 10_100 }),
    };
    Machine {
        topology: Topology::from_spec("2x4x2").unwrap(),
        nics: vec![nic("eth0", &[4, 0, 5, 1])],
        tunnels: Vec::new(),
        cpus: (0..16).map(sample).collect(),
        interval_ms: 1000,
        knobs: Knobs { max_backlog: Some(1000), budget: Some(300), budget_usecs: Some(8000) },
        signs: Vec::new(),
        hidden: Vec::new(),
        unattended: Vec::new(),
        daemon: true,
        rss_on: true,
    }
}

/// A managed adapter on node 1 whose queues are served by these CPUs, with interrupts from 40 on.
fn nic(name: &str, cpus: &[u32]) -> NicReport {
    let queues = u16::try_from(cpus.len()).unwrap();
    let report = |(irq, cpu): (u32, &u32)| QueueReport {
        irq: Some(irq),
        allowed: Some(set(&[*cpu])),
        effective: Some(set(&[*cpu])),
        rps: Some(CpuSet::new()),
        packets: Some(Sampled { before: Some(500), now: 1500 }),
    };
    NicReport {
        name: name.into(),
        driver: "ice".into(),
        node: Some(NodeId(1)),
        up: true,
        default_route: false,
        daemon: Some(DaemonView {
            managed: true,
            health: Health::Fine,
            reason: None,
            verified: Verified::Traffic,
        }),
        settings: Settings::layered(&[]),
        capability: Some(Capability {
            max_queues: queues,
            channels: ChannelControl::Settable,
            table_entries: 128,
            key_bytes: 40,
            key_settable: true,
            hash_types: HashTypes::DEFAULT,
            hash_types_settable: true,
            vectors: queues,
            msi_x: true,
            queue_affinity: true,
            ..Capability::default()
        }),
        device: Some(Device {
            enabled: true,
            queues: cpus.iter().map(|cpu| Queue { home: Some(CpuId(*cpu)) }).collect(),
            table: round_robin(128, queues),
            hash_types: HashTypes::DEFAULT,
            user_table: UserTable::No,
            ..Device::default()
        }),
        queues: (40..).zip(cpus).map(report).collect(),
        vports: Vec::new(),
    }
}

fn set(cpus: &[u32]) -> CpuSet {
    cpus.iter().copied().map(CpuId).collect()
}

/// The healthy machine after a change.
fn with(change: impl FnOnce(&mut Machine)) -> Machine {
    let mut machine = healthy();
    change(&mut machine);
    machine
}

/// Nobody manages it.
fn unmanaged(nic: &mut NicReport) {
    nic.daemon = None;
}

/// What is found: check, severity and adapter.
fn found(machine: &Machine) -> Vec<(Check, Severity)> {
    diagnose(machine).into_iter().map(|f| (f.check, f.severity)).collect()
}

/// The one finding there is.
fn one(machine: &Machine) -> Finding {
    let mut all = diagnose(machine);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn set_field(nic: &mut NicReport, key: &str, value: &str) {
    use crate::field::{Field, Raw};
    use crate::settings::{Layer, ManualTable, Origin, SettingsPatch};
    let mut patch = SettingsPatch::default();
    patch.set(Field::from_key(key).unwrap(), &Raw::Text(value.into())).unwrap();
    nic.settings = Settings::layered(&[Layer::of(patch, ManualTable::new(), Origin::Saved)]);
}

#[test]
fn nothing_is_found_on_a_healthy_machine() {
    assert_eq!(diagnose(&healthy()), []);
    assert_eq!(diagnose(&with(|m| unmanaged(&mut m.nics[0]))), [], "nor when nobody manages it");
    let empty = with(|m| {
        m.nics.clear();
        m.cpus.clear();
        m.interval_ms = 0;
    });
    assert_eq!(diagnose(&empty), []);
}

/// Whatever is found says what, with evidence and a command; whoever wrote the snapshot.
#[test]
fn every_finding_has_evidence_and_a_remedy() {
    let bad = with(|m| {
        let mut odd = nic("a;reboot", &[0, 0, 0, 0]);
        odd.device.as_mut().unwrap().hash_types = HashTypes::parse("ipv4").unwrap();
        odd.node = None;
        m.nics.push(odd);
        m.cpus[0].dropped.now = 9;
        m.cpus[0].squeezed.now = 99;
    });
    let all = diagnose(&bad);
    assert!(all.len() >= 5, "{all:#?}");
    for f in &all {
        assert!(!f.title.is_empty() && !f.evidence.is_empty() && !f.remedy.is_empty(), "{f:#?}");
        let about_odd = |line: &&String| line.contains("reboot");
        for line in f.remedy.iter().filter(about_odd) {
            assert!(line.contains("'a;reboot'"), "a name is one word of a command: {line}");
        }
    }
    let severities: Vec<Severity> = all.iter().map(|f| f.severity).collect();
    assert!(severities.is_sorted_by(|a, b| a >= b), "the worst first: {severities:?}");
}

#[test]
fn words_of_commands() {
    assert_eq!(word("eth0.12"), "eth0.12");
    assert_eq!(word("a b"), "'a b'");
    assert_eq!(word("it's"), "'it'\\''s'");
    assert_eq!(word(""), "''");
}

#[test]
fn names_of_checks_are_unique() {
    let names: std::collections::BTreeSet<&str> = Check::ALL.iter().map(|c| c.name()).collect();
    assert_eq!(names.len(), Check::ALL.len());
}
