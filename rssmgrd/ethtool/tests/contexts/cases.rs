//! What somebody sees of VPorts of a network interface, a case each.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rssmgr_core::device::{BackendError, Filter, Op, VPortOp};
use rssmgr_core::doctor::{Astray, ContextFault};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::stats::{AdapterStats, QueueStats, Sample};
use rssmgr_core::{FilterId, QueueId, VPortId};
use rssmgr_ethtool::contexts::LedgerPlace;
use rssmgr_netlink::ethtool::legacy::{MacRule, Packets};

use crate::nic::Nic;
use crate::scripted::Killed;

const VM: [u8; 6] = [2, 0, 0, 0, 0, 7];

fn vport(op: VPortOp) -> Op {
    Op::VPort { id: VPortId(1), op }
}

fn q(queues: &[u16]) -> Vec<QueueId> {
    queues.iter().copied().map(QueueId).collect()
}

fn filter(vlan: Option<u16>) -> Filter {
    Filter { id: FilterId(1), mac: Some(VM), vlan }
}

/// A VPort that spreads over two queues and takes an address.
fn made(driver: &'static str) -> Nic {
    made_at(driver, LedgerPlace::default())
}

fn made_at(driver: &'static str, place: LedgerPlace) -> Nic {
    let mut nic = Nic::new(driver, place);
    for op in [
        VPortOp::Create { queues: q(&[6, 7]) },
        VPortOp::SetKey(HashKey::new(vec![1; 40])),
        VPortOp::WriteTable(q(&[6, 7])),
        VPortOp::Enable(HashTypes::DEFAULT),
        VPortOp::Filters(vec![filter(None)]),
    ] {
        nic.execute(&vport(op)).unwrap();
    }
    nic
}

fn said(refused: Result<rssmgr_core::device::Outcome, BackendError>) -> String {
    refused.unwrap_err().to_string()
}

#[test]
fn a_vport_is_a_context_with_rules_of_each_protocol_or_one() {
    let nic = made("mlx5_core");
    let kernel = nic.kernel();
    assert_eq!(kernel.contexts[&1].table, [6, 7].repeat(8));
    let packets: Vec<_> = kernel.rules.values().rev().map(|rule| rule.packets).collect();
    assert_eq!(packets, Packets::PROTOCOLS, "without a VLAN from the last place on");
    assert_eq!(*kernel.rules.keys().next_back().unwrap(), 1023);
    drop(kernel);
    let nic = made("sfc");
    let expected = MacRule { mac: VM, vlan: None, packets: Packets::All, context: 1 };
    assert_eq!(nic.kernel().rules.values().collect::<Vec<_>>(), [&expected]);
}

/// Where places are chosen here, what says more comes first: hardware that goes by the place takes the first that fits.
#[test]
fn rules_that_say_more_come_first() {
    let mut nic = made("mlx5_core");
    let more = Filter { id: FilterId(2), ..filter(Some(100)) };
    nic.execute(&vport(VPortOp::Filters(vec![filter(None), more]))).unwrap();
    let vlans: Vec<_> = nic.kernel().rules.values().map(|rule| rule.vlan).collect();
    assert_eq!(vlans, [[Some(100); 6], [None; 6]].concat());
}

#[test]
fn a_rule_of_somebody_else_keeps_the_vport_and_is_named() {
    let mut nic = made("mlx5_core");
    let theirs = MacRule { mac: [4; 6], vlan: None, packets: Packets::Tcp4, context: 1 };
    nic.kernel().rules.insert(3, theirs);
    let before = nic.kernel().clone();
    let said = said(nic.execute(&vport(VPortOp::Delete)));
    assert!(said.contains("receive rule 3, which somebody else made") && said.contains("delete 3"), "{said}");
    let after = nic.kernel().clone();
    assert_eq!((after.rules, after.contexts), (before.rules, before.contexts));
    nic.kernel().rules.remove(&3);
    nic.execute(&vport(VPortOp::Delete)).unwrap();
    let kernel = nic.kernel();
    assert!(kernel.rules.is_empty() && kernel.contexts.is_empty());
}

#[test]
fn no_room_says_whose_contexts_to_delete() {
    let mut nic = Nic::new("sfc", LedgerPlace::default());
    while nic.kernel().make(vec![0; 16]).is_some() {}
    let said = said(nic.execute(&vport(VPortOp::Create { queues: q(&[6]) })));
    assert!(
        said.contains("no more RSS contexts") && said.contains("ethtool -X NAME context N delete"),
        "{said}"
    );
    assert!(nic.observe().vports.is_empty());
}

/// What cannot be kept on disk is not made: it would be somebody else's from the next start on.
#[test]
fn what_cannot_be_kept_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let in_the_way = dir.path().join("file");
    std::fs::write(&in_the_way, "").unwrap();
    let place = LedgerPlace { folder: Some(in_the_way), boot: "b".into(), look_only: false };
    let mut nic = Nic::new("mlx5_core", place);
    let said = said(nic.execute(&vport(VPortOp::Create { queues: q(&[6]) })));
    assert!(said.contains("keeping what is ours"), "{said}");
    assert!(nic.kernel().contexts.is_empty() && nic.observe().vports.is_empty());
}

#[test]
fn without_a_vport_nothing_is_asked_of_the_kernel_and_nothing_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("contexts");
    let mut nic = Nic::new(
        "mlx5_core",
        LedgerPlace { folder: Some(folder.clone()), boot: "b".into(), look_only: false },
    );
    nic.kernel().make(vec![0; 16]);
    assert!(nic.observe().vports.is_empty());
    nic.restart();
    assert!(nic.observe().vports.is_empty());
    let kernel = nic.kernel();
    assert_eq!((kernel.reads, kernel.changes), (0, 0));
    assert!(!folder.exists());
}

/// A driver that has no contexts for a while (its firmware, its mode) leaves an adapter without VPorts, not one that
/// cannot be read; what is ours stays ours.
#[test]
fn vports_that_cannot_be_seen_are_kept_until_they_can() {
    let mut nic = made("mlx5_core");
    let (before, ours) = (nic.observe(), nic.ours());
    nic.kernel().unsupported = true;
    assert!(nic.observe().vports.is_empty());
    assert!(nic.execute(&vport(VPortOp::Create { queues: q(&[6]) })).is_err());
    nic.kernel().unsupported = false;
    assert_eq!((nic.observe(), nic.ours()), (before, ours));
    assert_eq!(nic.kernel().contexts.len(), 1);
}

/// Killed while a filter goes or comes, the daemon leaves some of its rules: no filter, and in the way of none.
#[test]
fn rules_left_by_a_kill_are_in_no_ones_way() {
    let other = VPortId(2);
    // As many of the six rules were there at the kill, or more, as it had come or gone.
    for (comes, done) in (1..6).flat_map(|n| [(false, n), (true, n)]) {
        let dir = tempfile::tempdir().unwrap();
        let place = LedgerPlace { folder: Some(dir.path().to_owned()), boot: "b".into(), look_only: false };
        let mut nic = made_at("mlx5_core", place);
        nic.execute(&Op::VPort { id: other, op: VPortOp::Create { queues: q(&[3]) } }).unwrap();
        let theirs = MacRule { mac: [4; 6], vlan: None, packets: Packets::Tcp4, context: 2 };
        nic.kernel().rules.insert(3, theirs);
        let filters = if comes { vec![filter(None), filter(Some(5))] } else { Vec::new() };
        let filters: Vec<Filter> =
            filters.into_iter().zip(1..).map(|(f, id)| Filter { id: FilterId(id), ..f }).collect();
        let at = nic.kernel().changes;
        nic.kernel().kills = Some(at + done);
        let vlan = comes.then_some(5);
        let killed = AssertUnwindSafe(|| nic.execute(&vport(VPortOp::Filters(filters))));
        assert!(catch_unwind(killed).is_err_and(|why| why.is::<Killed>()));
        nic.restart();
        let kept = nic.observe().vports[&VPortId(1)].filters.clone();
        assert_eq!(kept, if comes { vec![filter(None)] } else { Vec::new() }, "{done}");
        // The rule that was inserted last is in no ledger where the kill came before it: somebody's, and not touched.
        let unknown: Vec<u32> = nic.kernel().rules.keys().copied().collect();
        let ours = nic.ours().rules;
        let unknown: Vec<u32> =
            unknown.into_iter().filter(|place| *place != 3 && !ours.contains(place)).collect();
        assert_eq!(unknown.len(), usize::from(comes), "{done}");
        for place in unknown {
            nic.kernel().rules.remove(&place);
        }
        let wanted = vec![Filter { id: FilterId(9), ..filter(vlan) }];
        nic.execute(&Op::VPort { id: other, op: VPortOp::Filters(wanted.clone()) }).unwrap();
        let seen = nic.observe().vports;
        assert_eq!((&seen[&VPortId(1)].filters, &seen[&other].filters), (&kept, &wanted));
        for packets in Packets::PROTOCOLS {
            assert_eq!(nic.kernel().takes(VM, vlan, packets), Some(2), "{comes} {done} {packets:?}");
        }
        assert_eq!(nic.kernel().rules.get(&3), Some(&theirs));
        assert_eq!(nic.kernel().rules.len(), nic.ours().rules.len() + 1);
    }
}

/// A table that somebody else wrote is shown as it is; the VPort stays ours, also without its filters.
#[test]
fn a_table_that_somebody_else_wrote_loses_no_vport() {
    let mut nic = made("sfc");
    nic.kernel().contexts.get_mut(&1).unwrap().table = vec![0; 16];
    assert_eq!(nic.observe().vports[&VPortId(1)].table, [QueueId(0); 16]);
    nic.execute(&vport(VPortOp::Filters(Vec::new()))).unwrap();
    nic.execute(&vport(VPortOp::WriteTable(q(&[6, 7])))).unwrap();
    assert_eq!(nic.kernel().contexts[&1].table, [6, 7].repeat(8));
}

/// Whoever only looks finds what others did to contexts of ours, by the ledger on disk, and changes neither.
#[test]
fn what_others_did_to_our_contexts_is_found_by_whoever_looks() {
    for (driver, rules) in [("mlx5_core", 6), ("sfc", 1)] {
        let dir = tempfile::tempdir().unwrap();
        let place = LedgerPlace { folder: Some(dir.path().to_owned()), boot: "b".into(), look_only: false };
        let nic = made_at(driver, place);
        assert_eq!(nic.astray(), BTreeMap::new(), "{driver}: nothing was done");
        let whole = nic.kernel().clone();
        let look = |what: &dyn Fn(&mut crate::scripted::Scripted)| {
            *nic.kernel() = whole.clone();
            what(&mut nic.kernel());
            let before = nic.kernel().clone();
            let found = nic.astray();
            let after = nic.kernel().clone();
            assert_eq!(
                (after.contexts, after.rules, after.changes),
                (before.contexts, before.rules, before.changes)
            );
            let one: Vec<Astray> = found.into_values().collect();
            assert_eq!(one.len(), 1, "{driver}");
            (one[0].context, one[0].fault, one[0].rules)
        };
        let zero = vec![0; 16];
        assert_eq!(look(&|k| k.reset()), (1, Some(ContextFault::Gone), (rules, rules)));
        assert_eq!(
            look(&|k| k.contexts.get_mut(&1).unwrap().table.clone_from(&zero)),
            (1, Some(ContextFault::Table), (0, rules))
        );
        assert_eq!(look(&|k| k.rules.pop_first().map_or((), |_| ())), (1, None, (1, rules)));
        let replaced = |k: &mut crate::scripted::Scripted| {
            k.reset();
            k.make(zero.clone());
        };
        assert_eq!(look(&replaced), (1, Some(ContextFault::Replaced), (rules, rules)));
        // Contexts and rules of others are their own business.
        *nic.kernel() = whole.clone();
        nic.kernel().make(zero.clone());
        nic.kernel().rules.insert(5, MacRule { mac: [4; 6], vlan: None, packets: Packets::All, context: 2 });
        assert_eq!(nic.astray(), BTreeMap::new(), "{driver}");
    }
}

/// The counters of a card of which queue `n` had `10^n` packets of 100 bytes, and 5 packets no queue at all.
fn counted(queues: u32, bytes: u64) -> Sample {
    let queue = |n| {
        let packets = 10_u64.pow(n);
        QueueStats { packets, bytes: packets * bytes, ..QueueStats::default() }
    };
    let adapter =
        AdapterStats { packets: 11_111_116, bytes: 1_111_111_600, drops: 3, ..AdapterStats::default() };
    Sample { adapter, queues: (0..queues).map(queue).collect(), ..Sample::default() }
}

#[test]
fn a_vport_has_the_counters_of_its_queues_and_the_default_one_the_rest() {
    let mut nic = made("mlx5_core");
    nic.execute(&Op::VPort { id: VPortId(2), op: VPortOp::Create { queues: q(&[3]) } }).unwrap();
    let device = nic.observe();
    let seen = |mut sample: Sample| {
        sample.count_vports(&device);
        let all = sample.all_vports()?;
        Some(all.iter().map(|v| (v.id.0, v.packets, v.bytes, v.drops)).collect::<Vec<_>>())
    };
    let by_vport = [
        (0, 110_116, Some(11_011_600), None),
        (1, 11_000_000, Some(1_100_000_000), None),
        (2, 1_000, Some(100_000), None),
    ];
    assert_eq!(seen(counted(8, 100)), Some(by_vport.to_vec()));
    let without_bytes = by_vport.map(|(id, packets, ..)| (id, packets, None, None));
    assert_eq!(seen(counted(8, 0)), Some(without_bytes.to_vec()), "a driver that counts packets only");
    assert_eq!(seen(counted(0, 0)), None, "a driver that does not count by queue");
    assert_eq!(seen(counted(7, 100)), None, "not one queue may be missing");

    nic.kernel().reset();
    let mut sample = counted(0, 0);
    sample.count_vports(&nic.observe());
    let all = sample.all_vports().unwrap();
    assert_eq!(
        (all.len(), all[0].packets, all[0].drops),
        (1, 11_111_116, Some(3)),
        "without VPorts it is all"
    );
}
