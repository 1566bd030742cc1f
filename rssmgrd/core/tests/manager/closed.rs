//! Interfaces that were never open. Some drivers, vmxnet3 among them, show no table, no key and no interrupts until then, and
//! the shell announces the adapter anew when it is opened first.

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Op};
use rssmgr_core::driver::{DRIVERS, Driver, Impact, round_robin};
use rssmgr_core::field::Field;
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::manager::{
    AdapterState, CheckpointAction, Command, Input, Notice, Options, Reply, Selector, Status,
};
use rssmgr_core::place::{Path, Reason, Rule};
use rssmgr_core::{CpuId, QueueId};

use crate::cases::{apply, patch};
use crate::rng::Rng;
use crate::sim::Sim;
use crate::world::{Nic, World};

const K0: &str = "pci:k0";

/// One interface of this driver that was never open; and the same when it is open, as nobody has changed it.
fn never_open(driver: &Driver) -> (World, Nic) {
    let mut w = World::of(driver);
    let nic = w.nics.get_mut(K0).unwrap();
    // The boot key, which this driver takes and does not tell.
    nic.device.key = HashKey::new(HashKey::microsoft().bytes().to_vec());
    nic.device.queues.iter_mut().for_each(|q| q.home = None);
    nic.device.table = round_robin(nic.capability.table_entries, nic.device.channels());
    let open = nic.clone();
    let (c, d) = (&mut nic.capability, &mut nic.device);
    (c.table_unseen, c.table_entries, c.key_bytes) = (true, 0, 0);
    (c.hash_types, c.hash_types_settable) = (HashTypes::NONE, false);
    (c.key_settable, c.queue_affinity) = (false, false);
    (d.table, d.key, d.hash_types) = (Vec::new(), HashKey::default(), HashTypes::NONE);
    nic.capability = driver.limit(nic.capability.clone());
    (nic.found, nic.stable) = (nic.device.clone(), nic.device.clone());
    (w, open)
}

fn vmxnet3() -> (Sim, Nic) {
    let (w, open) = never_open(Driver::of("vmxnet3"));
    (started(w), open)
}

fn started(w: World) -> Sim {
    let mut s = Sim::start(w, Rng(7));
    (s.in_order, s.meddled) = (true, true);
    s.settle();
    s
}

/// It is opened: the adapter goes, and comes as it is now. What the kernel steers by itself stays.
fn opens(s: &mut Sim, open: &Nic) {
    let before = s.w.nics[K0].device.clone();
    s.unplug(K0);
    let nic = s.w.nics.get_mut(K0).unwrap();
    nic.capability = open.capability.clone();
    nic.device =
        Device { xps: before.xps, xps_rxqs: before.xps_rxqs, rps: before.rps, ..open.device.clone() };
    (nic.found, nic.stable, nic.present) = (open.found.clone(), nic.device.clone(), true);
    let arrival = Notice::Plugged(Box::new(nic.arrival()));
    s.handle(Input::Kernel(arrival));
    s.settle();
}

/// It is pulled out and plugged in: everything of it is forgotten, and it is closed.
fn plugged_again(s: &mut Sim) {
    s.unplug(K0);
    let (w, _) = never_open(Driver::of("vmxnet3"));
    let nic = s.w.nics.get_mut(K0).unwrap();
    let new = &w.nics[K0];
    (nic.capability, nic.device) = (new.capability.clone(), new.device.clone());
    (nic.stable, nic.present) = (nic.device.clone(), true);
    let arrival = Notice::Plugged(Box::new(nic.arrival()));
    s.handle(Input::Kernel(arrival));
    s.settle();
}

fn device(s: &Sim) -> Device {
    s.w.nics[K0].device.clone()
}

fn release() -> Command {
    Command::Release { selector: Selector::one("k0"), options: Options::default() }
}

fn spread_by_the_kernel(d: &Device) -> bool {
    d.rps.iter().any(|cpus| !cpus.is_empty())
}

/// The whole story: named while it is closed, opened, given back.
#[test]
fn one_that_is_named_while_it_is_closed_is_planned_when_it_is_opened_and_given_back() {
    let (mut s, open) = vmxnet3();
    s.asked(apply("k0", &[(Field::Profile, "Closest")])).unwrap();
    assert!(!spread_by_the_kernel(&device(&s)), "its table would be used as well: {:?}", s.ops);
    let view = s.snapshot.as_ref().unwrap().by_name("k0").unwrap().clone();
    let target = view.target.as_ref().unwrap();
    assert!(target.reasons.contains(&Reason::Rule(Rule::TableUnseen)), "{:?}", target.reasons);
    assert_eq!((&view.state, target.path), (&AdapterState::Managed, Path::FixedChannels));

    opens(&mut s, &open);
    let there = device(&s);
    assert!(!spread_by_the_kernel(&there));
    assert_eq!(there.queues[1].home, Some(CpuId(1)), "planned anew");
    let view = s.snapshot.as_ref().unwrap().by_name("k0").unwrap().clone();
    assert_eq!(view.state, AdapterState::Managed);
    assert!(!view.target.as_ref().unwrap().reasons.contains(&Reason::Rule(Rule::TableUnseen)));
    s.asked(apply("k0", &[(Field::MaxProcessors, "2")])).unwrap();
    assert!(device(&s).table.iter().all(|q| q.0 < 2));

    // Over a restart as well: what was read first is durable.
    let mut s = started(s.w.crashed());
    s.asked(release()).unwrap();
    let left = device(&s);
    assert_eq!((&left.table, &left.key), (&open.device.table, &open.device.key), "as the driver had it");
    assert!(left.queues.iter().all(|q| q.home.is_none()) && !spread_by_the_kernel(&left));
    let state = s.snapshot.as_ref().unwrap().by_name("k0").unwrap().state.clone();
    assert_eq!(state, AdapterState::Observed);
}

/// It had a table when it was named, and shows none now: it is given back all the same, and what was found is kept for when
/// it is open.
#[test]
fn one_that_is_plugged_in_again_is_closed_and_not_without_a_table() {
    let (_, open) = vmxnet3();
    let mut w = World::of(Driver::of("vmxnet3"));
    *w.nics.get_mut(K0).unwrap() = open.clone();
    let mut s = started(w);
    let two = [(Field::MaxProcessors, "2"), (Field::HashTypes, "ipv4")];
    s.asked(apply("k0", &two)).unwrap();
    let wanted = device(&s);
    for released in [false, true] {
        plugged_again(&mut s);
        assert!(!spread_by_the_kernel(&device(&s)), "{:?}", s.ops);
        s.asked(apply("k0", &[(Field::Enabled, "true")])).unwrap_err();
        if released {
            s.asked(release()).unwrap();
        }
        opens(&mut s, &open);
        let (now, as_it_was) = (device(&s), if released { &open.device } else { &wanted });
        assert_eq!((&now.table, now.hash_types), (&as_it_was.table, as_it_was.hash_types), "{released}");
    }
}

/// What an earlier run left on that took it for a card without a table.
#[test]
fn packet_steering_of_ours_goes_when_there_is_a_table_and_that_of_others_stays() {
    for (ours, cpus) in [(true, "0-3"), (false, "5")] {
        let (mut s, open) = vmxnet3();
        s.asked(apply("k0", &[(Field::MaxProcessors, "4"), (Field::Profile, "Closest")])).unwrap();
        assert_eq!(s.w.durable.adapters[K0].assigned.len(), 4);
        s.w.nics.get_mut(K0).unwrap().device.rps.fill(CpuSet::parse_list(cpus).unwrap());
        opens(&mut s, &open);
        assert_eq!(spread_by_the_kernel(&device(&s)), !ours, "{cpus}");
        s.asked(release()).unwrap();
    }
}

/// The state before a change that waits to be confirmed was read while it was closed.
#[test]
fn a_change_that_nobody_confirms_goes_back_although_it_was_opened_meanwhile() {
    let (mut s, open) = vmxnet3();
    let confirm_within = Some(60_000_000_000);
    let options = Options { confirm_within, allow: Impact::Link, ..Options::default() };
    let patch = patch(&[(Field::MaxProcessors, "2")]);
    s.asked(Command::Apply { selector: Selector::one("k0"), patch, options }).unwrap();
    opens(&mut s, &open);
    assert!(device(&s).table.contains(&QueueId(1)) && !device(&s).table.contains(&QueueId(2)));
    let back = Command::Checkpoint { id: None, action: CheckpointAction::RollBack };
    s.asked(back).unwrap();
    assert_eq!(device(&s).table, open.device.table);
    let state = s.snapshot.as_ref().unwrap().by_name("k0").unwrap().state.clone();
    assert_eq!(state, AdapterState::Observed);
}

/// Whatever its driver: without a table in its row it is spread by the kernel at once.
#[test]
fn the_row_says_who_may_have_a_table() {
    for driver in DRIVERS.iter().filter(|d| d.name != "softnic") {
        let (w, _) = never_open(driver);
        let mut s = started(w);
        let id = s.ask_root(apply("k0", &[(Field::Profile, "Closest")]));
        s.settle();
        let Ok(Reply::Adapters { results, .. }) = &s.replies[&id] else { panic!("{:?}", s.replies[&id]) };
        assert_eq!(results[0].status, Status::Applied, "{}: {:?}", driver.name, results[0].error);
        let spreads = s.ops.iter().any(|op| matches!(op, Op::Rps { .. }));
        assert_eq!(spreads, ["e1000e", "ixgbevf"].contains(&driver.name), "{}", driver.name);
    }
}
