//! VPorts in the model of a device: what is refused, what holds, and that plans lead from any state to any other.

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use rssmgr_core::capability::{Capability, ChannelControl, VPortCapability};
use rssmgr_core::device::{Device, EntryMove, Filter, Op, Queue, Refusal, UserTable, VPortOp, VPortRefusal};
use rssmgr_core::driver::{DRIVERS, Impact, SOFTNIC, apply, round_robin};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::place::Target;
use rssmgr_core::plan::{impact, plan};
use rssmgr_core::{CpuId, EntryIndex, FilterId, QueueId, VPortId};
use std::collections::BTreeSet;

const QUEUES: u16 = 8;
const ENTRIES: u16 = 8;

fn capability(independent_entry_move: bool) -> Capability {
    Capability {
        max_queues: QUEUES + 2,
        channels: ChannelControl::Settable,
        table_entries: ENTRIES,
        key_bytes: 4,
        key_settable: true,
        hash_types: HashTypes::DEFAULT,
        hash_types_settable: true,
        independent_entry_move,
        vectors: QUEUES,
        queue_affinity: true,
        vports: VPortCapability {
            max: 4,
            queues: 4,
            table_entries: 8,
            mac_filters: true,
            vlan_filters: true,
            filters: 5,
            dynamic_affinity: true,
            ..VPortCapability::default()
        },
        ..Capability::default()
    }
}

/// The default VPort on the first two queues.
fn bare() -> Device {
    Device {
        enabled: true,
        queues: (0..QUEUES).map(|q| Queue { home: Some(CpuId(q.into())) }).collect(),
        table: round_robin(ENTRIES, 2),
        key: HashKey::new(vec![1; 4]),
        hash_types: HashTypes::DEFAULT,
        user_table: UserTable::Yes,
        ..Device::default()
    }
}

fn queue() -> impl Strategy<Value = QueueId> {
    prop_oneof![9 => (0..QUEUES).prop_map(QueueId), 1 => (0..QUEUES + 3).prop_map(QueueId)]
}

fn queues() -> impl Strategy<Value = Vec<QueueId>> {
    prop::collection::vec(queue(), 0..5)
}

fn filters() -> impl Strategy<Value = Vec<Filter>> {
    let mac = prop_oneof![Just(None), (0..3_u8).prop_map(|n| Some([n; 6]))];
    let vlan =
        prop_oneof![4 => Just(None), 2 => (0..3_u16).prop_map(Some), 1 => (4094..4097_u16).prop_map(Some)];
    let filter = (0..9_u32, mac, vlan).prop_map(|(id, mac, vlan)| Filter { id: FilterId(id), mac, vlan });
    prop::collection::vec(filter, 0..4)
}

fn moves() -> impl Strategy<Value = Vec<EntryMove>> {
    let one = (0..ENTRIES + 1, queue()).prop_map(|(e, queue)| EntryMove { entry: EntryIndex(e), queue });
    prop::collection::vec(one, 0..3)
}

fn op() -> impl Strategy<Value = Op> {
    let types = prop::sample::select(vec![HashTypes::DEFAULT, HashTypes::NONE, HashTypes::ALL, {
        HashTypes::parse("ipv4").unwrap()
    }]);
    let key = prop_oneof![3 => any::<[u8; 4]>().prop_map(Vec::from), 1 => Just(vec![0; 3])];
    let vport = prop_oneof![
        5 => queues().prop_map(|queues| VPortOp::Create { queues }),
        1 => Just(VPortOp::Delete),
        4 => queues().prop_map(VPortOp::Queues),
        3 => types.prop_map(VPortOp::Enable),
        1 => Just(VPortOp::Disable),
        3 => key.prop_map(|key| VPortOp::SetKey(HashKey::new(key))),
        3 => moves().prop_map(VPortOp::SetEntries),
        5 => prop::collection::vec(queue(), 1..9).prop_map(VPortOp::WriteTable),
        3 => queue().prop_map(VPortOp::DefaultQueue),
        5 => filters().prop_map(VPortOp::Filters),
    ];
    prop_oneof![
        20 => ((0..5_u32).prop_map(VPortId), vport).prop_map(|(id, op)| Op::VPort { id, op }),
        1 => prop::collection::vec(queue(), usize::from(ENTRIES)).prop_map(Op::WriteTable),
        1 => moves().prop_map(Op::SetEntries),
        1 => Just(Op::ResetTable),
        1 => (1..QUEUES + 3).prop_map(Op::Channels),
        1 => queue().prop_map(Op::DefaultQueue),
    ]
}

/// What holds of every device.
fn sound(d: &Device) {
    let mut seen = BTreeSet::new();
    let mut tests = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for (id, vport) in &d.vports {
        assert_ne!(*id, VPortId::DEFAULT);
        assert!(!vport.queues.is_empty() && vport.queues.is_sorted());
        for queue in &vport.queues {
            assert!(queue.0 < d.channels() && seen.insert(*queue), "{queue} is of one VPort");
        }
        assert!(vport.table.len().is_power_of_two());
        assert!(vport.table.iter().chain([&vport.default_queue]).all(|q| vport.queues.contains(q)));
        assert!(!vport.enabled || !vport.key.is_empty() && !vport.hash_types.is_empty());
        let own: BTreeSet<_> = vport.filters.iter().map(|f| (f.mac, f.vlan)).collect();
        for test in own {
            assert!(test != (None, None) && tests.insert(test), "one VPort a test");
        }
        assert!(vport.filters.iter().all(|f| numbers.insert(f.id)), "one filter a number");
    }
    assert!(d.table.iter().chain([&d.default_queue]).all(|q| q.0 < d.channels() && !seen.contains(q)));
}

fn run(cap: &Capability, ops: &[Op]) -> Device {
    ops.iter().fold(bare(), |d, op| apply(cap, &d, op).unwrap_or(d))
}

fn config() -> ProptestConfig {
    let file = FileFailurePersistence::SourceParallel("regressions");
    ProptestConfig { failure_persistence: Some(Box::new(file)), ..ProptestConfig::with_cases(400) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_is_asked_the_device_stays_sound(ops in prop::collection::vec(op(), 1..60)) {
        let cap = capability(true);
        let mut d = bare();
        for op in &ops {
            if let Ok(after) = apply(&cap, &d, op) {
                sound(&after);
                prop_assert!(after.vports.len() < usize::from(cap.vports.max));
                if let Op::VPort { id, .. } = op {
                    let others = |d: &Device| {
                        d.vports.iter().filter(|(i, _)| *i != id).map(|(i, v)| (*i, v.clone())).collect::<Vec<_>>()
                    };
                    prop_assert_eq!(others(&d), others(&after), "other VPorts are left alone");
                    let default = |d: &Device| Device { vports: Default::default(), ..d.clone() };
                    prop_assert_eq!(default(&d), default(&after), "the default VPort is left alone");
                }
                d = after;
            }
        }
    }

    /// From any state to any other, with moves or with whole tables, there and back; nothing is refused on the way, no
    /// step changes nothing, and then there is nothing left to do.
    #[test]
    fn plans_lead_from_any_state_to_any_other(
        here in prop::collection::vec(op(), 1..60),
        there in prop::collection::vec(op(), 1..60),
        moves in any::<bool>(),
    ) {
        let full = capability(true);
        let cap = capability(moves);
        let (from, to) = (run(&full, &here), run(&full, &there));
        for (from, to) in [(&from, &to), (&to, &from)] {
            let target = Target::snapshot(to.clone());
            let steps = plan(&SOFTNIC, &cap, from, &target);
            prop_assert!(steps.is_ok(), "{:?}", steps);
            let mut d = from.clone();
            for step in steps.unwrap_or_default() {
                let after = apply(&cap, &d, &step.op);
                prop_assert!(after.is_ok(), "{}: {:?}", step.op, after);
                let after = after.unwrap_or_default();
                prop_assert_ne!(&after, &d, "{} changes nothing", step.op);
                sound(&after);
                d = after;
            }
            prop_assert_eq!(d.difference(to), None);
            prop_assert_eq!(plan(&SOFTNIC, &cap, &d, &target), Ok(Vec::new()));
        }
    }
}

fn vport(id: u32, op: VPortOp) -> Op {
    Op::VPort { id: VPortId(id), op }
}

fn q(queues: &[u16]) -> Vec<QueueId> {
    queues.iter().copied().map(QueueId).collect()
}

#[test]
fn what_a_vport_holds_is_refused_to_others() {
    let cap = capability(true);
    let d = apply(&cap, &bare(), &vport(1, VPortOp::Create { queues: q(&[7, 6]) })).unwrap();
    let made = &d.vports[&VPortId(1)];
    assert_eq!((&made.queues, &made.table, made.default_queue), (&q(&[6, 7]), &q(&[6]), QueueId(6)));
    let refusal = |op: &Op| apply(&cap, &d, op).unwrap_err();
    let held = |queue| move |r: &Refusal| matches!(r, Refusal::QueueHeld { queue: q, .. } if q.0 == queue);
    assert!(held(7)(&refusal(&Op::DefaultQueue(QueueId(7)))));
    assert!(held(6)(&refusal(&Op::WriteTable(q(&[0, 1, 6, 7, 0, 1, 6, 7])))));
    assert!(held(6)(&refusal(&Op::ResetTable)), "it would point at all queues");
    assert!(held(7)(&refusal(&Op::Channels(7))));
    assert!(apply(&cap, &d, &Op::Channels(9)).is_ok());
    let why = |op: &Op| match refusal(op) {
        Refusal::VPort { why, .. } => why,
        other => panic!("{other}"),
    };
    let taken = VPortRefusal::QueueTaken { queue: QueueId(7), vport: VPortId(1) };
    assert_eq!(why(&vport(2, VPortOp::Create { queues: q(&[5, 7]) })), taken);
    let used = why(&vport(2, VPortOp::Create { queues: q(&[1]) }));
    assert_eq!(used.to_string(), "queue 1 is in use by table entry 1: point that elsewhere first");
    assert_eq!(
        why(&vport(1, VPortOp::WriteTable(q(&[6, 0])))),
        VPortRefusal::NotItsQueue { queue: QueueId(0) }
    );
    assert_eq!(why(&vport(0, VPortOp::Disable)), VPortRefusal::Default);
    let none = Capability { vports: VPortCapability::default(), ..cap.clone() };
    let refused = apply(&none, &bare(), &vport(1, VPortOp::Delete)).unwrap_err();
    assert_eq!(refused.to_string(), "VPort 1: delete: not supported by this adapter");
}

/// Where VPorts hash what the adapter hashes, they cannot hash anything else, nor can the adapter as long as they are there.
#[test]
fn hash_types_that_vports_share_with_the_adapter_are_one_for_all() {
    let full = capability(false);
    let vports = VPortCapability { shared_hash_types: true, ..full.vports };
    let cap = Capability { vports, ..full.clone() };
    let ops = [
        VPortOp::Create { queues: q(&[6, 7]) },
        VPortOp::SetKey(bare().key),
        VPortOp::WriteTable(q(&[6, 7])),
        VPortOp::Enable(HashTypes::DEFAULT),
    ];
    let d = ops.into_iter().fold(bare(), |d, op| apply(&cap, &d, &vport(1, op)).unwrap());
    let other = HashTypes::parse("ipv4").unwrap();
    let enable = vport(1, VPortOp::Enable(other));
    let refusal = apply(&cap, &d, &enable).unwrap_err().to_string();
    assert!(refusal.contains("hashes what the adapter hashes"), "{refusal}");
    assert!(apply(&full, &d, &enable).is_ok());
    // Asked of the adapter alone, it would change the VPort: refused.
    let mut target = Target::snapshot(d.clone());
    target.device.hash_types = other;
    assert!(plan(&SOFTNIC, &cap, &d, &target).is_err());
    // Somebody else did it: one step back is the way for both.
    let changed = apply(&cap, &d, &Op::HashTypes(other)).unwrap();
    assert_eq!(changed.vports[&VPortId(1)].hash_types, other);
    let back = plan(&SOFTNIC, &cap, &changed, &Target::snapshot(d.clone())).unwrap();
    let after = back.iter().fold(changed, |d, step| apply(&cap, &d, &step.op).unwrap());
    assert_eq!((back.len(), after.difference(&d)), (1, None));
}

/// Nothing that a packet could notice is nothing, whatever the driver; what VPorts do stays within what drivers do.
#[test]
fn only_what_packets_notice_has_an_impact() {
    let cap = capability(true);
    let create = vport(1, VPortOp::Create { queues: q(&[4, 5]) });
    let d = apply(&cap, &bare(), &create).unwrap();
    for driver in &DRIVERS {
        assert_eq!(driver.impact(&bare(), &create), Impact::None);
        assert_eq!(driver.impact(&d, &vport(1, VPortOp::WriteTable(q(&[4, 5])))), Impact::None, "no filter");
        let filter = Filter { id: FilterId(1), mac: Some([2; 6]), vlan: None };
        let fed = apply(&cap, &d, &vport(1, VPortOp::Filters(vec![filter]))).unwrap();
        assert_eq!(driver.impact(&fed, &vport(1, VPortOp::Delete)), driver.impact.table);
        assert_eq!(
            driver.impact(&fed, &vport(1, VPortOp::WriteTable(q(&[4, 5])))),
            Impact::None,
            "it is off"
        );
    }
    let mut target = Target::snapshot(d);
    target.device.vports.clear();
    let steps = plan(&SOFTNIC, &cap, &apply(&cap, &bare(), &create).unwrap(), &target).unwrap();
    assert_eq!((steps.len(), impact(&steps)), (1, Impact::None));
}
