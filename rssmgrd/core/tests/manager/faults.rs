//! Faults at each step of an apply, on every driver: the old state or a visibly degraded adapter, and never a state in
//! between that nobody sees.

use rssmgr_core::driver::{DRIVERS, Driver, Impact, UNKNOWN};
use rssmgr_core::field::Field;
use rssmgr_core::manager::{AdapterState, Command, Options, Selector};

use crate::cases::patch;
use crate::rng::Rng;
use crate::sim::Sim;
use crate::world::{Fault, World};

/// What is asked for: as much as the driver can do.
fn change(driver: &Driver) -> Command {
    let mut fields = vec![(Field::Profile, "Closest"), (Field::MaxProcessors, "4")];
    let can = driver.controls;
    fields.extend(can.channels.then_some((Field::Queues, "4")));
    fields.extend(can.key.then_some((Field::HashKey, "symmetric")));
    fields.extend(
        (can.hash_types && can.table).then_some((Field::HashTypes, "ipv4,tcp_ipv4,udp_ipv4,ipv6,tcp_ipv6")),
    );
    let options = Options { allow: Impact::Addresses, ..Options::default() };
    Command::Apply { selector: Selector::one("k0"), patch: patch(&fields), options }
}

/// The change with these faults; how many operations it took.
fn with(driver: &Driver, scripted: &[(u32, Fault)]) -> (Sim, bool) {
    let mut world = World::of(driver);
    world.scripted = scripted.iter().copied().collect();
    let mut s = Sim::start(world, Rng(7));
    s.in_order = true;
    s.settle();
    let id = s.ask_root(change(driver));
    s.settle();
    let done = matches!(&s.replies[&id], Ok(rssmgr_core::manager::Reply::Adapters { results, .. })
        if results.iter().all(|r| r.error.is_none()));
    (s, done)
}

/// Whether it is as found, or degraded for all to see and left alone.
fn check(driver: &Driver, faults: &[(u32, Fault)]) -> Outcome {
    let (mut s, done) = with(driver, faults);
    let place = || format!("{} with {faults:?}: {:#?}", driver.name, s.ops);
    let nic = &s.w.nics["pci:k0"];
    let view = s.snapshot.as_ref().unwrap().by_name("k0").unwrap();
    assert_eq!(view.device.difference(&nic.device), None, "readers see another device, {}", place());
    let outcome = match &view.state {
        AdapterState::Managed => {
            assert!(done, "managed after a refusal, {}", place());
            let target = view.target.as_ref().expect("a target");
            assert_eq!(target.device.difference(&nic.device), None, "not its target, {}", place());
            Outcome::Done
        }
        AdapterState::Observed => {
            assert!(!done, "says that it was done, {}", place());
            assert_eq!(nic.found.difference(&nic.device), None, "neither old nor new, {}", place());
            Outcome::Back
        }
        AdapterState::Degraded { because } => {
            assert!(!done && !because.is_empty(), "{}", place());
            Outcome::Degraded
        }
        other => panic!("{other:?}, {}", place()),
    };
    let before = s.w.runs;
    s.pass(60_000_000_000);
    s.settle();
    assert_eq!(s.w.runs, before, "changed without being asked, {} with {faults:?}", driver.name);
    outcome
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Back,
    Degraded,
}

#[test]
fn a_fault_at_any_step_on_any_driver_ends_in_the_old_state_or_visibly_degraded() {
    let (mut back, mut degraded) = (0, 0);
    for driver in DRIVERS.iter().chain([&UNKNOWN]) {
        let (s, done) = with(driver, &[]);
        assert!(done && s.w.runs > 0, "{}: {:?}", driver.name, s.replies);
        for (first, fault) in (0..s.w.runs).flat_map(|at| Fault::ALL.map(|fault| (at, fault))) {
            match check(driver, &[(first, fault)]) {
                Outcome::Back => back += 1,
                // What was done all the same, or was not needed.
                Outcome::Done => assert_ne!(fault, Fault::Fails, "{} at {first}", driver.name),
                Outcome::Degraded => {
                    panic!("{}: {fault:?} at {first} alone could be taken back", driver.name)
                }
            }
            // One more on the way back.
            for second in first + 1..first + 4 {
                for another in [Fault::Fails, Fault::Pretends, Fault::HalvesInSilence] {
                    let faults = [(first, fault), (second, another)];
                    degraded += u32::from(check(driver, &faults) == Outcome::Degraded);
                }
            }
        }
    }
    assert!(back > 100 && degraded > 100, "{back} went back, {degraded} were degraded: too tame");
}
