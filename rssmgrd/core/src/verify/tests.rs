use super::*;
use crate::device::{Filter, Queue};
use crate::driver::round_robin;
use crate::ids::FilterId;
use alloc::vec::Vec;

fn device(queues: u16) -> Device {
    Device {
        enabled: true,
        queues: alloc::vec![Queue::default(); usize::from(queues)],
        table: round_robin(128, queues),
        key: HashKey::microsoft(),
        hash_types: HashTypes::DEFAULT,
        ..Device::default()
    }
}

/// A UDP-less TCP SYN over IPv4 between two ports.
fn frame(sport: u16, dport: u16) -> Vec<u8> {
    let mut f = alloc::vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    f.extend([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    f.extend(sport.to_be_bytes());
    f.extend(dport.to_be_bytes());
    f.extend([0; 16]);
    f
}

/// What a NIC does that obeys.
fn right(device: &Device, frame: &[u8]) -> QueueId {
    let toeplitz = Arc::new(Toeplitz::new(&device.key));
    let table = device.table.clone().into();
    Steering::new(toeplitz, device.hash_types, table, QueueId(0))
        .unwrap()
        .classify(frame, LinkType::Ethernet)
        .queue
}

fn judge(device: &Device, n: u16, deliver: impl Fn(u16, QueueId) -> QueueId) -> Verdict {
    let mut check = Check::new(device, &EncapCapability::default());
    for i in 0..n {
        let f = frame(1000 + i, 80);
        check.take(deliver(i, right(device, &f)), &f);
    }
    check.verdict()
}

#[test]
fn a_nic_that_obeys_is_believed() {
    assert_eq!(judge(&device(8), 200, |_, q| q), Verdict::Obeyed);
    let mut one = device(8);
    one.table = alloc::vec![QueueId(3); 128];
    assert_eq!(judge(&one, 200, |_, q| q), Verdict::Obeyed, "a table of one queue");
}

/// Some ENA devices hash the same key to the complement, and mlx5 hashes symmetrically unless told not to: that is no lie about the table, and one that leaves queues of the
/// table aside is caught all the same.
#[test]
fn a_hash_that_begins_elsewhere_accuses_nobody() {
    let told = |name: &str, deliver: &dyn Fn(QueueId) -> QueueId| {
        let d = device(8);
        let mut check = Check::of(Driver::of(name), &d, &EncapCapability::default());
        for i in 0..200 {
            let f = frame(1000 + i, 80);
            check.take(deliver(right(&d, &f)), &f);
        }
        check.verdict()
    };
    let complement = |q: QueueId| QueueId(7 - q.0);
    assert!(matches!(told("igb", &complement), Verdict::Ignored { .. }));
    let unclear = |name: &str, why: &str| match told(name, &complement) {
        Verdict::Unclear { because } => assert!(because.contains(why), "{name}: {because}"),
        said => panic!("{name}: {said:?}"),
    };
    unclear("ena", "begins with a value that is not known");
    unclear("mlx5_core", "mixes source and destination");
    assert!(matches!(told("mlx5_core", &|q| QueueId(q.0 + 8)), Verdict::Ignored { .. }));
    assert!(matches!(told("ena", &|q| QueueId(q.0 + 8)), Verdict::Ignored { .. }), "queues not in the table");
}

#[test]
fn a_nic_that_sends_all_to_one_queue_is_caught() {
    let Verdict::Ignored { because } = judge(&device(8), 200, |_, _| QueueId(0)) else { panic!() };
    assert!(
        because.contains("packets came by another queue than the table says: seen 200 on queue 0"),
        "{because}"
    );
}

#[test]
fn a_nic_that_uses_other_queues_than_the_table_is_caught_without_a_key() {
    let mut d = device(8);
    d.table = round_robin(128, 2);
    d.key = HashKey::default();
    let verdict = judge(&d, 100, |i, _| QueueId(i % 8));
    assert!(matches!(verdict, Verdict::Ignored { .. }), "{verdict:?}");
}

/// Another flow inside of the same tunnel each time.
fn nvgre(i: u16) -> Vec<u8> {
    let inner = frame(1000 + i, 80);
    let mut f = alloc::vec![2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 4, 8, 0];
    let len = u16::try_from(20 + 8 + inner.len()).unwrap().to_be_bytes();
    f.extend([0x45, 0, len[0], len[1], 0, 0, 0, 0, 64, 47, 0, 0, 10, 1, 0, 1, 10, 1, 0, 2]);
    f.extend([0x20, 0, 0x65, 0x58, 0, 0, 1, 0]);
    f.extend(inner);
    f
}

#[test]
fn what_is_known_to_be_looked_into_is_predicted_by_the_same_rule() {
    let mut d = device(8);
    let judge = |d: &Device, capability: &EncapCapability, deliver: &dyn Fn(u16) -> QueueId| {
        let mut check = Check::new(d, capability);
        (0..200).for_each(|i| check.take(deliver(i), &nvgre(i)));
        check.verdict()
    };
    let by_inner = |d: Device| move |i: u16| right(&d, &frame(1000 + i, 80));
    let by_outer = |d: Device| move |i: u16| right(&d, &nvgre(i));
    let (all, none) = (EncapCapability::all(), EncapCapability::default());
    assert!(matches!(judge(&d, &all, &by_inner(d.clone())), Verdict::Ignored { .. }), "switched off");
    assert!(matches!(judge(&d, &all, &by_outer(d.clone())), Verdict::Unclear { .. }), "all on one queue");
    assert!(matches!(judge(&d, &none, &by_inner(d.clone())), Verdict::Unclear { .. }), "not known");
    d.encapsulation.kinds = Encapsulations::ALL;
    assert_eq!(judge(&d, &all, &by_inner(d.clone())), Verdict::Obeyed);
    assert!(matches!(judge(&d, &all, &by_outer(d.clone())), Verdict::Ignored { .. }), "switched on");
}

#[test]
fn little_or_uniform_traffic_proves_nothing() {
    assert!(matches!(judge(&device(8), 5, |_, q| q), Verdict::Unclear { .. }));
    assert!(matches!(judge(&device(8), 0, |_, q| q), Verdict::Unclear { .. }));
    let d = device(8);
    let mut check = Check::new(&d, &EncapCapability::default());
    let f = frame(1, 2);
    (0..100).for_each(|_| check.take(right(&d, &f), &f));
    assert!(matches!(check.verdict(), Verdict::Unclear { .. }), "one flow");
}

#[test]
fn a_few_packets_astray_while_something_changed_are_no_proof() {
    let some =
        |share: u16| move |i: u16, q: QueueId| if i.is_multiple_of(share) { QueueId(q.0 ^ 1) } else { q };
    assert_eq!(judge(&device(8), 1000, some(200)), Verdict::Obeyed);
    assert!(matches!(judge(&device(8), 1000, some(20)), Verdict::Unclear { .. }));
    assert!(matches!(judge(&device(8), 1000, some(3)), Verdict::Ignored { .. }));
}

/// Two queues of a VPort, with a key of its own; the adapter has the rest.
fn with_vport(enabled: bool) -> Device {
    let mut d = device(8);
    d.table = round_robin(128, 6);
    let vport = VPortDevice {
        queues: alloc::vec![QueueId(6), QueueId(7)],
        enabled,
        hash_types: HashTypes::DEFAULT,
        key: HashKey::new(alloc::vec![9; 39].into_iter().chain([1]).collect()),
        table: alloc::vec![QueueId(6), QueueId(7)],
        default_queue: QueueId(7),
        filters: alloc::vec![Filter { id: FilterId(1), mac: Some([2, 0, 0, 0, 0, 7]), vlan: None }],
    };
    d.vports.insert(VPortId(1), vport);
    d
}

#[test]
fn packets_of_a_vport_are_compared_with_its_own_table() {
    let d = with_vport(true);
    let own = |d: &Device| {
        let v = &d.vports[&VPortId(1)];
        Device { key: v.key.clone(), table: v.table.clone(), ..d.clone() }
    };
    let to = |mac: u8, i: u16| {
        let mut f = frame(1000 + i, 80);
        f[5] = mac;
        f
    };
    // Half of them are the VPort's; `deliver` has what becomes of those.
    let judge = |d: &Device, deliver: &dyn Fn(&[u8]) -> QueueId| {
        let mut check = Check::new(d, &EncapCapability::default());
        for i in 0..200 {
            let (ours, others) = (to(7, i), to(1, i));
            check.take(deliver(&ours), &ours);
            check.take(right(d, &others), &others);
        }
        (check.verdict(), check.evidence().clone())
    };
    let (verdict, evidence) = judge(&d, &|f| right(&own(&d), f));
    assert_eq!((verdict, evidence.packets, evidence.astray), (Verdict::Obeyed, 400, 0));
    // The rule leads nowhere: they come as the adapter's.
    let (verdict, evidence) = judge(&d, &|f| right(&d, f));
    assert!(matches!(verdict, Verdict::Ignored { .. }) && evidence.astray == 200, "{verdict:?} {evidence:?}");
    // The context hashes with another key.
    let (verdict, _) = judge(&d, &|f| right(&Device { key: d.key.clone(), ..own(&d) }, f));
    assert!(matches!(verdict, Verdict::Ignored { .. }), "{verdict:?}");
    // While it does not spread, all of it belongs on one queue, and the adapter's packets decide.
    let off = with_vport(false);
    let (verdict, evidence) = judge(&off, &|_| QueueId(7));
    assert_eq!((verdict, evidence.packets, evidence.unpredicted), (Verdict::Obeyed, 200, 200));
    let (verdict, _) = judge(&off, &|_| QueueId(6));
    assert!(matches!(verdict, Verdict::Ignored { .. }), "{verdict:?}");
    // ARP may stay with the adapter.
    let mut arp = to(7, 0);
    arp[12..14].copy_from_slice(&[0x08, 0x06]);
    let mut check = Check::new(&d, &EncapCapability::default());
    (0..50).for_each(|_| check.take(QueueId(0), &arp));
    assert_eq!(check.evidence().astray, 0);
}
