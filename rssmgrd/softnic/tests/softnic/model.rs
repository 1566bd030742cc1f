//! Any sequence of operations, with traffic: the NIC does what the model of its driver says, and traffic obeys.

use proptest::prelude::*;
use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::{BackendError, Device, EntryMove, Filter, Op, Outcome, VPortOp};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::encap::{EncapState, Encapsulations, VxlanPort};
use rssmgr_core::{CpuId, EntryIndex, FilterId, QueueId, VPortId, driver};
use rssmgr_softnic::{SoftNic, SourceSpec};

use crate::support::{added_up, nic, quiet, wait};

const QUEUES: u16 = 5;
const ENTRIES: u16 = 16;
/// The address of a NIC named as here.
const MAC: [u8; 6] = [0x02, 0xba, 0xb4, 0xcc, 0xe7, 0x93];

/// Operations, some of which are refused.
fn op() -> impl Strategy<Value = Op> {
    let queue = || (0..=QUEUES).prop_map(QueueId);
    let low = || (0..2_u16).prop_map(QueueId);
    let entry = (0..=ENTRIES).prop_map(EntryIndex);
    let moves = (entry, queue()).prop_map(|(entry, queue)| EntryMove { entry, queue });
    let table = |queue: BoxedStrategy<QueueId>| prop::collection::vec(queue, usize::from(ENTRIES));
    prop_oneof![
        Just(Op::Enable),
        Just(Op::Disable),
        prop::collection::vec(any::<u8>(), 40).prop_map(|key| Op::SetKey(HashKey::new(key))),
        prop::collection::vec(any::<u8>(), 0..60).prop_map(|key| Op::SetKey(HashKey::new(key))),
        prop::collection::vec(moves, 0..4).prop_map(Op::SetEntries),
        table(queue().boxed()).prop_map(Op::WriteTable),
        table(low().boxed()).prop_map(Op::WriteTable),
        prop::collection::vec(low(), 0..20).prop_map(Op::WriteTable),
        Just(Op::ResetTable),
        (0..QUEUES + 2).prop_map(Op::Channels),
        (0..QUEUES + 2).prop_map(Op::Channels),
        (queue(), prop::option::of((0..40_u32).prop_map(CpuId)))
            .prop_map(|(queue, cpu)| Op::Home { queue, cpu }),
        (0..512_u32).prop_map(|bits| Op::HashTypes(HashTypes::from_bits(bits << 8).unwrap())),
        (prop::sample::select(vec!["none", "nvgre", "all"]), 4789..4791_u16).prop_map(|(kinds, port)| {
            Op::Encapsulation(EncapState {
                kinds: Encapsulations::parse(kinds).unwrap(),
                vxlan_port: VxlanPort::new(port).unwrap(),
            })
        }),
        queue().prop_map(Op::DefaultQueue),
    ]
}

/// Operations on VPorts; the address is the NIC's own, to which the source sends.
fn vport_op(mac: [u8; 6]) -> impl Strategy<Value = Op> {
    let queue = || (0..=QUEUES).prop_map(QueueId);
    let queues = || prop::collection::vec((0..QUEUES).prop_map(QueueId), 0..3);
    let moves = (0..5_u16, queue()).prop_map(|(e, queue)| vec![EntryMove { entry: EntryIndex(e), queue }]);
    let filter = (0..3_u32, prop::option::of(Just(mac)), prop::option::of(0..2_u16))
        .prop_map(|(id, mac, vlan)| Filter { id: FilterId(id), mac, vlan });
    let op = prop_oneof![
        5 => queues().prop_map(|queues| VPortOp::Create { queues }),
        1 => Just(VPortOp::Delete),
        2 => queues().prop_map(VPortOp::Queues),
        3 => (0..512_u32).prop_map(|bits| VPortOp::Enable(HashTypes::from_bits(bits << 8).unwrap())),
        1 => Just(VPortOp::Disable),
        3 => prop::collection::vec(any::<u8>(), 39..41).prop_map(|key| VPortOp::SetKey(HashKey::new(key))),
        2 => moves.prop_map(VPortOp::SetEntries),
        3 => prop::collection::vec(queue(), 1..5).prop_map(VPortOp::WriteTable),
        2 => queue().prop_map(VPortOp::DefaultQueue),
        5 => prop::collection::vec(filter, 0..2).prop_map(VPortOp::Filters),
    ];
    ((0..3_u32).prop_map(VPortId), op).prop_map(|(id, op)| Op::VPort { id, op })
}

/// Sends some packets and looks where each of them goes.
fn obeys(nic: &mut SoftNic, device: &Device) {
    let tap = nic.tap(2000);
    nic.set_source(SourceSpec::parse("synthetic:rate=max,flows=200").unwrap()).unwrap();
    let mut seen = 0;
    wait("packets through the tap", || {
        while seen < 500
            && let Some(packet) = tap.next_packet()
        {
            seen += 1;
            let (enabled, table, default_queue) = match device.vports.get(&packet.vport) {
                Some(vport) => (vport.enabled, &vport.table, vport.default_queue),
                None => (device.enabled, &device.table, device.default_queue),
            };
            let queue = match packet.hash.filter(|_| enabled) {
                Some(hash) => {
                    let entry = usize::try_from(hash).unwrap() % table.len();
                    assert_eq!(packet.entry.map(EntryIndex::index), Some(entry));
                    table[entry]
                }
                None => {
                    assert_eq!((packet.hash, packet.entry), (None, None));
                    default_queue
                }
            };
            assert_eq!(packet.queue, queue);
            assert_eq!(packet.cpu, device.home(queue).unwrap_or(CpuId(0)), "the first CPU stands for any");
        }
        seen == 500
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn does_what_the_model_says(ops in prop::collection::vec(op(), 1..60),
        vports in prop::collection::vec(vport_op(MAC), 0..60)) {
        let mut nic = nic("queues=5 ring=8 entries=16 topology=2x8x2 source=synthetic:rate=max,flows=200");
        let capability = nic.capability().clone();
        prop_assert_eq!(nic.mac(), MAC);
        // The last queues, so that there are some which nothing else uses.
        let first = [Op::WriteTable(vec![QueueId(0); usize::from(ENTRIES)]), Op::DefaultQueue(QueueId(0))];
        let first = first.iter().take(if vports.is_empty() { 0 } else { 2 });
        for op in first.chain(&vports).chain(&ops) {
            let before = nic.observe().unwrap();
            let expected = driver::apply(&capability, &before, op);
            let outcome = nic.execute(op);
            let after = nic.observe().unwrap();
            match (expected, outcome) {
                (Ok(expected), Ok(outcome)) => {
                    prop_assert_eq!(&after, &expected, "after {}", op);
                    let changed = if before == after { Outcome::Unchanged } else { Outcome::Changed };
                    prop_assert_eq!(outcome, changed);
                }
                (Err(expected), Err(BackendError::Refused(refusal))) => {
                    prop_assert_eq!(refusal, expected);
                    prop_assert_eq!(after, before, "a refused operation changes nothing");
                }
                (expected, outcome) => prop_assert!(false, "{op}: model {expected:?}, NIC {outcome:?}"),
            }
        }
        quiet(&mut nic);
        let device = nic.observe().unwrap();
        obeys(&mut nic, &device);
        let channels = Op::Channels(QUEUES);
        nic.execute(&channels).unwrap();
        let sample = quiet(&mut nic);
        added_up(&nic, &sample);
        prop_assert_eq!(sample.adapter.drops, 0);
    }
}
