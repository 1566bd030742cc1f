//! Any sequence of operations, with traffic: the NIC does what the model of its driver says, and traffic obeys.

use proptest::prelude::*;
use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::{BackendError, Device, EntryMove, Op, Outcome};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::encap::{EncapState, Encapsulations, VxlanPort};
use rssmgr_core::{CpuId, EntryIndex, QueueId, driver};
use rssmgr_softnic::{SoftNic, SourceSpec};

use crate::support::{conserved, nic, quiet, wait};

const QUEUES: u16 = 5;
const ENTRIES: u16 = 16;

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

/// Sends some packets and looks where each of them goes.
fn obeys(nic: &mut SoftNic, device: &Device) {
    let tap = nic.tap(2000);
    nic.set_source(SourceSpec::parse("synthetic:rate=max,flows=200").unwrap()).unwrap();
    let mut seen = 0;
    wait("packets through the tap", || {
        while let Some(packet) = tap.next_packet() {
            seen += 1;
            let queue = match packet.hash.filter(|_| device.enabled) {
                Some(hash) => {
                    let entry = usize::try_from(hash).unwrap() % device.table.len();
                    assert_eq!(packet.entry.map(EntryIndex::index), Some(entry));
                    device.table[entry]
                }
                None => {
                    assert_eq!((packet.hash, packet.entry), (None, None));
                    device.default_queue
                }
            };
            assert_eq!(packet.queue, queue);
            assert_eq!(packet.cpu, device.home(queue).unwrap_or(CpuId(0)), "the first CPU stands for any");
        }
        seen >= 500
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn does_what_the_model_says(ops in prop::collection::vec(op(), 1..60)) {
        let mut nic = nic("queues=5 ring=8 entries=16 topology=2x8x2 source=synthetic:rate=max,flows=200");
        let capability = nic.capability().clone();
        for op in &ops {
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
        conserved(&nic, &sample);
        prop_assert_eq!(sample.adapter.drops, 0);
    }
}
