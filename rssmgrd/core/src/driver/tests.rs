use alloc::vec;
use alloc::vec::Vec;

use super::{DRIVERS, Driver, Happening, Impact, Nic, Shape, TableSize, TableState, UNKNOWN};
use crate::capability::{Capability, ChannelControl};
use crate::cpuset::CpuSet;
use crate::device::{Device, Op, Queue, Refusal, UserTable};
use crate::hash::{HashKey, HashTypes};
use crate::ids::{CpuId, QueueId};
use crate::place::Target;
use crate::plan::plan;

const USER: [u16; 8] = [0, 0, 0, 1, 0, 0, 0, 1];

fn cap() -> Capability {
    Capability {
        max_queues: 256,
        channels: ChannelControl::Settable,
        table_entries: 8,
        key_bytes: 4,
        key_settable: true,
        hash_types: HashTypes::DEFAULT,
        hash_types_settable: true,
        queue_affinity: true,
        ..Capability::default()
    }
}

fn ids(queues: &[u16]) -> Vec<QueueId> {
    queues.iter().copied().map(QueueId).collect()
}

/// Four queues, a user's table that uses two of them, a user's key.
fn nic() -> Nic {
    let device = Device {
        enabled: true,
        queues: (0..4).map(|i| Queue { home: Some(CpuId(i)) }).collect(),
        table: ids(&USER),
        key: HashKey::new(vec![1, 2, 3, 4]),
        hash_types: HashTypes::DEFAULT,
        default_queue: QueueId(0),
        user_table: UserTable::Yes,
        ..Device::default()
    };
    Nic { own_key: Some(HashKey::new(vec![9, 9, 9, 9])), ..Nic::from(device) }
}

fn own(mut nic: Nic) -> Nic {
    nic.device.user_table = UserTable::No;
    nic
}

/// What is left: the table, whether it is obeyed, whether the key and the homes stayed.
type Left = (Vec<u16>, TableState, bool, bool);

fn left(nic: &Nic) -> Left {
    let table = nic.device.table.iter().map(|q| q.0).collect();
    let homes = nic.device.queues.iter().take(2).all(|q| q.home.is_some());
    (table, nic.table, nic.device.key.bytes() == [1, 2, 3, 4], homes)
}

fn with(name: &str, nic: &Nic, op: &Op) -> Left {
    left(&Driver::of(name).apply(&cap(), nic, op).expect("not refused"))
}

/// The table of published behaviour, written down a second time: what a change from 4 queues to 2 and to 8 leaves of a
/// user's table.
#[test]
fn a_users_table_over_a_change_of_channels() {
    let (kept, zeros) = (USER.to_vec(), vec![0; 8]);
    let rebuilt = |n: u16| (0..8).map(|i| i % n).collect::<Vec<_>>();
    let blocks = |n: u16| (0..8).map(|i| i / (8 / n)).collect::<Vec<_>>();
    let (obeyed, stale) = (TableState::Obeyed, TableState::Stale);
    for n in [2, 8] {
        let shrinks = n == 2;
        let expected = [
            ("softnic", (kept.clone(), obeyed, true, true)),
            ("virtio_net", (kept.clone(), stale, true, false)),
            ("igb", (blocks(n), obeyed, true, false)),
            ("igc", (blocks(n), obeyed, true, false)),
            ("ixgbe", (rebuilt(n), obeyed, true, false)),
            ("i40e", (if shrinks { rebuilt(n) } else { kept.clone() }, obeyed, !shrinks, false)),
            ("ice", (kept.clone(), obeyed, true, false)),
            ("iavf", (kept.clone(), obeyed, true, false)),
            ("mlx5_core", (kept.clone(), obeyed, true, false)),
            ("bnxt_en", (kept.clone(), obeyed, true, false)),
            ("ena", (rebuilt(n), obeyed, false, false)),
            ("gve", (kept.clone(), obeyed, true, false)),
            ("mana", (rebuilt(n), obeyed, true, false)),
            ("hv_netvsc", (zeros.clone(), obeyed, true, false)),
        ];
        for (name, expected) in expected {
            assert_eq!(with(name, &nic(), &Op::Channels(n)), expected, "{name} to {n} queues");
        }
    }
}

/// Queues that stay keep their CPUs, queues that come have none, those that go take theirs along: the kernel. virtio-net
/// writes all of them itself, igb none; of a driver that nobody read, nothing is relied on.
#[test]
fn transmit_steering_over_a_change_of_channels() {
    let mut cap = cap();
    (cap.xps, cap.rps) = (true, true);
    let mut before = own(nic());
    let cpus = |list: &str| CpuSet::parse_list(list).expect("a list");
    before.device.xps = ["0", "1", "2", "3"].map(cpus).to_vec();
    before.device.rps = before.device.xps.clone();
    for (name, n, kept) in [("igb", 2, true), ("igb", 5, true), ("virtio_net", 2, false), ("i40e", 5, false)]
    {
        let driver = Driver::of(name);
        let after = driver.apply(&cap, &before, &Op::Channels(n)).expect("not refused");
        let mut stays = before.device.xps.clone();
        stays.resize(n.into(), CpuSet::new());
        assert_eq!(after.device.rps, stays, "{name} to {n}: packet steering is the kernel's");
        let unsure = |nic: &Nic| nic.xps_unsure.iter().map(|q| q.0).collect::<Vec<_>>();
        if kept {
            assert_eq!((&after.device.xps, unsure(&after)), (&stays, vec![]), "{name} to {n}");
            continue;
        }
        assert_eq!(unsure(&after), (0..n).collect::<Vec<_>>(), "{name} to {n}");
        // What is sent is known again.
        let sent = driver.apply(&cap, &after, &Op::Xps { queue: QueueId(0), cpus: cpus("0") });
        let sent = sent.expect("not refused");
        assert_eq!((&sent.device.xps[0], unsure(&sent)), (&cpus("0"), (1..n).collect()), "{name} to {n}");
    }
    // With a single transmit queue there is nothing to choose.
    let one = Driver::of("igb").apply(&cap, &before, &Op::Channels(1)).expect("not refused");
    assert_eq!((one.device.xps.len(), one.device.rps.len()), (0, 1));
}

/// Whoever takes the carrier away, for however short a time, loses the link for a bond, for LACP and for whoever waits
/// for it. Only virtio-net and the software NIC change queues without.
#[test]
fn a_change_of_channels_takes_the_carrier_away() {
    for driver in DRIVERS.iter().filter(|d| d.controls.channels) {
        let keeps = ["softnic", "virtio_net"].contains(&driver.name);
        let wanted = if keeps { Impact::Reorder } else { Impact::Link };
        assert_eq!(driver.impact(&nic().device, &Op::Channels(2)), wanted, "{}", driver.name);
    }
    // bnxt closes its rings for every table and key, too.
    for driver in DRIVERS {
        let wanted = if driver.name == "bnxt_en" { Impact::Link } else { Impact::Reorder };
        for op in [Op::WriteTable(ids(&USER)), Op::SetKey(HashKey::new(vec![4, 3, 2, 1]))] {
            assert_eq!(driver.impact(&nic().device, &op), wanted, "{} {op:?}", driver.name);
        }
    }
}

#[test]
fn a_key_alone_resets_the_table_on_ice_and_i40e() {
    for driver in DRIVERS.iter().filter(|d| d.controls.key) {
        let after = with(driver.name, &nic(), &Op::SetKey(HashKey::new(vec![4, 3, 2, 1]))).0;
        let lost = ["ice", "i40e"].contains(&driver.name);
        assert_eq!(after != USER, lost, "{}", driver.name);
        assert_eq!(driver.key_with_table, lost, "{}", driver.name);
    }
}

#[test]
fn down_and_up_lose_the_table_of_three_drivers_and_of_the_software_nic() {
    for driver in DRIVERS {
        let lost = driver.after(&cap(), &nic(), Happening::Reopened).device.table != ids(&USER);
        assert_eq!(lost, ["softnic", "ixgbe", "vmxnet3", "mana"].contains(&driver.name), "{}", driver.name);
    }
}

#[test]
fn a_users_table_blocks_a_shrink_and_the_drivers_own_does_not() {
    for driver in DRIVERS.iter().filter(|d| d.controls.channels) {
        let mut nic = nic();
        nic.device.table = ids(&[0, 1, 2, 3, 0, 1, 2, 3]);
        let refused = driver.apply(&cap(), &nic, &Op::Channels(2));
        assert!(
            matches!(refused, Err(Refusal::QueueInUse { queues: 2, .. })),
            "{}: {refused:?}",
            driver.name
        );
        let own = driver.apply(&cap(), &own(nic), &Op::Channels(2));
        assert_eq!(own.is_ok(), driver.name != "softnic", "{}: {own:?}", driver.name);
    }
}

/// What can only be looked at is none to steer with: otherwise every request would end in a refusal.
#[test]
fn a_table_that_can_only_be_read_is_none() {
    let left = Driver::of("ixgbevf").limit(cap());
    assert_eq!((left.table_entries, left.channels), (0, ChannelControl::Fixed));
    assert!(!left.key_settable && !left.hash_types_settable && left.queue_affinity);
}

#[test]
fn a_table_that_would_be_resized_must_be_the_drivers_own() {
    for (name, n) in [("mlx5_core", 200), ("bnxt_en", 65)] {
        let refused = Driver::of(name).apply(&cap(), &nic(), &Op::Channels(n));
        assert!(matches!(refused, Err(Refusal::TableResize { .. })), "{name}: {refused:?}");
        assert!(Driver::of(name).apply(&cap(), &own(nic()), &Op::Channels(n)).is_ok(), "{name}");
    }
    let mlx5 = TableSize::PowerOfTwo { least: 256, per_queue: 2 };
    assert_eq!([1, 128, 129, 60_000].map(|n| mlx5.entries(n)), [256, 256, 512, u16::MAX].map(Some));
    let bnxt = TableSize::Groups { of: 64, most: 512 };
    assert_eq!([1, 64, 65, 65_535].map(|n| bnxt.entries(n)), [64, 64, 128, 512].map(Some));
}

#[test]
fn an_unknown_driver_is_asked_for_table_and_affinity_only() {
    let unknown = Driver::of("from_tomorrow");
    assert_eq!(*unknown, UNKNOWN);
    let refused = |op: Op| matches!(unknown.apply(&cap(), &nic(), &op), Err(Refusal::Driver { .. }));
    assert!(refused(Op::Channels(2)));
    assert!(refused(Op::SetKey(HashKey::new(vec![4, 3, 2, 1]))));
    assert!(refused(Op::HashTypes(HashTypes::NONE)));
    assert!(!refused(Op::WriteTable(ids(&USER))));
    assert!(!refused(Op::Home { queue: QueueId(1), cpu: None }));
    let left = unknown.limit(cap());
    assert_eq!(left.channels, ChannelControl::Fixed);
    assert!(
        !left.key_settable && !left.hash_types_settable && left.queue_affinity && left.table_entries == 8
    );
}

/// igb's blocks come back, and not marked as written, only when the driver builds them itself; without a change of
/// channels the entries are written, which is what a reading can be compared with.
#[test]
fn igb_goes_back_to_its_blocks() {
    let igb = Driver::of("igb");
    let blocks = |n| Shape::Blocks.table(8, n);
    let mut found = own(nic()).device;
    found.table = blocks(4);
    let mut now = nic().device;
    now.queues.truncate(2);
    let back = |from: &Device| -> Vec<Op> {
        let steps = plan(igb, &cap(), from, &Target::snapshot(found.clone())).expect("a plan");
        steps.into_iter().map(|s| s.op).collect()
    };
    let ops = back(&now);
    assert_eq!(ops[..2], [Op::ResetTable, Op::Channels(4)]);
    let homes = (0..4).map(|i| Op::Home { queue: QueueId(i), cpu: Some(CpuId(i.into())) });
    assert_eq!(ops[2..], homes.collect::<Vec<_>>());
    assert_eq!(back(&nic().device), [Op::WriteTable(blocks(4))]);
}

/// The kernel's reset is round robin with every driver, blocks are only what igb builds itself.
#[test]
fn reset_is_round_robin_and_blocks_are_the_drivers() {
    assert_eq!(with("igb", &nic(), &Op::ResetTable).0, [0, 1, 2, 3, 0, 1, 2, 3]);
    assert_eq!(with("igb", &own(nic()), &Op::Channels(2)).0, [0, 0, 0, 0, 1, 1, 1, 1]);
    assert_eq!(Shape::Blocks.table(8, 3), ids(&[0, 0, 0, 1, 1, 1, 2, 2]));
    assert_eq!(Shape::Blocks.table(0, 0), ids(&[]));
}

/// mlx5's table has two entries a queue, 256 at least; with its own table it follows, and nothing is refused.
#[test]
fn a_table_grows_and_shrinks_with_the_queues() {
    let mlx5 = Driver::of("mlx5_core");
    let mut nic = own(nic());
    nic.device.table = super::round_robin(256, 4);
    let cap = Capability { max_queues: 300, table_entries: 256, ..cap() };
    let to = |nic: &Nic, n: u16| mlx5.apply(&cap, nic, &Op::Channels(n)).unwrap();
    let grown = to(&nic, 200);
    assert_eq!(grown.device.table, super::round_robin(512, 200));
    assert_eq!(to(&grown, 100).device.table, super::round_robin(256, 100));
    let wrong = mlx5.apply(&cap, &grown, &Op::WriteTable(super::round_robin(256, 200)));
    assert_eq!(wrong.unwrap_err(), Refusal::TableLength { got: 256, want: 512 });
    // An older kernel, where the size is fixed: nothing is known of one that is not as expected.
    nic.device.table = super::round_robin(128, 4);
    assert_eq!(to(&nic, 200).device.table.len(), 128);
}
