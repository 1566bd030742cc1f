//! The rules of transactions, a test a rule, each with the design's words: impact, pending, checkpoints, preflight, kill
//! switches and the boot guard.

use rssmgr_core::driver::Impact;
use rssmgr_core::field::Field;
use rssmgr_core::manager::{
    AdapterState, CheckpointAction, CheckpointId, Command, CommandError, Effect, Gateway, Input, Notice,
    ObserveOnly, Options, Reply, Selector,
};
use rssmgr_core::place::{Team, TeamSets};
use rssmgr_core::preflight::Surroundings;

use crate::cases::{apply, config, patch, settled};
use crate::generate::SECOND;
use crate::rng::Rng;
use crate::sim::Sim;
use crate::world::{Fault, Faults, World};

fn within(name: &str, seconds: u64, pairs: &[(Field, &str)]) -> Command {
    let options = Options { confirm_within: Some(seconds * SECOND), ..Options::default() };
    Command::Apply { selector: Selector::one(name), patch: patch(pairs), options }
}

fn settle_it(id: Option<u64>, action: CheckpointAction) -> Command {
    Command::Checkpoint { id: id.map(CheckpointId), action }
}

fn after_a_crash(s: &Sim, change: impl FnOnce(&mut World)) -> Sim {
    let mut w = s.w.crashed();
    change(&mut w);
    let mut s = Sim::start(w, Rng(7));
    s.in_order = true;
    s.settle();
    s
}

/// "A checkpoint reverts by itself unless confirmed": exactly to the state before, and nothing of it is saved.
#[test]
fn a_checkpoint_goes_back_when_its_time_is_over() {
    let mut s = settled();
    let found = s.w.nics["pci:k0"].device.clone();
    let id = s.ask_root(within("k0", 60, &[(Field::Queues, "8"), (Field::HashKey, "symmetric")]));
    s.settle();
    assert!(s.replies[&id].is_ok(), "{:?}", s.replies[&id]);
    assert_eq!(s.w.nics["pci:k0"].device.channels(), 8);
    assert_eq!(s.w.durable.adapters.get("pci:k0"), None, "nothing unconfirmed is saved");
    s.pass(59 * SECOND);
    s.settle();
    assert_eq!(s.w.nics["pci:k0"].device.channels(), 8, "not yet");
    s.pass(SECOND);
    s.settle();
    assert_eq!(s.w.nics["pci:k0"].device.difference(&found), None);
    assert_eq!(s.w.durable.checkpoints, []);
    let view = s.snapshot.as_ref().unwrap().by_name("k0").unwrap().clone();
    assert_eq!((&view.state, view.checkpoint), (&AdapterState::Observed, None), "it was nobody's");
}

#[test]
fn a_confirmed_checkpoint_is_saved_and_stays() {
    let mut s = settled();
    s.ask_root(within("k0", 60, &[(Field::Queues, "8")]));
    s.settle();
    let late = s.ask_root(settle_it(Some(9), CheckpointAction::Commit));
    let commit = s.ask_root(settle_it(None, CheckpointAction::Commit));
    s.settle();
    assert!(matches!(s.replies[&late], Err(CommandError::NoSuchCheckpoint { .. })));
    assert!(s.replies[&commit].is_ok());
    s.pass(100 * SECOND);
    s.settle();
    assert_eq!(s.w.nics["pci:k0"].device.channels(), 8);
    assert_eq!(after_a_crash(&s, |_| {}).w.nics["pci:k0"].device.channels(), 8);
}

/// "Rolled back at once if the deadline passed or the boot changed; otherwise the rest of the time runs on."
#[test]
fn a_checkpoint_of_a_killed_daemon_waits_on_or_goes_back() {
    let mut s = settled();
    s.ask_root(apply("k0", &[(Field::Queues, "2")]));
    s.settle();
    let before = s.w.nics["pci:k0"].device.clone();
    s.ask_root(within("k0", 60, &[(Field::Queues, "8")]));
    s.settle();

    let mut in_time = after_a_crash(&s, |w| w.now = w.now.after(30 * SECOND));
    assert_eq!((in_time.runs, in_time.saves), (0, 0), "nothing is written while it waits");
    assert_eq!(in_time.w.nics["pci:k0"].device.channels(), 8);
    in_time.pass(30 * SECOND);
    in_time.settle();
    assert_eq!(in_time.w.nics["pci:k0"].device.difference(&before), None);

    let late = after_a_crash(&s, |w| w.now = w.now.after(61 * SECOND));
    assert_eq!(late.w.nics["pci:k0"].device.difference(&before), None);

    let rebooted = after_a_crash(&s, |w| {
        w.boot = "second".into();
        w.now = rssmgr_core::Moment(SECOND);
        let nic = w.nics.get_mut("pci:k0").unwrap();
        nic.device = nic.found.clone();
        nic.stable = nic.found.clone();
    });
    assert_eq!(rebooted.w.nics["pci:k0"].device.channels(), 2, "the saved settings");
    assert_eq!(rebooted.w.durable.checkpoints, []);
}

/// The safer of the two: a change that overlaps one that waits is refused, and the rest of the request is not.
#[test]
fn what_is_under_a_checkpoint_is_changed_by_nobody_else() {
    let mut s = settled();
    s.ask_root(within("k0", 60, &[(Field::Queues, "8")]));
    s.settle();
    let held = s.w.nics["pci:k0"].device.clone();
    let both = s.ask_root(apply("k*", &[(Field::Profile, "Closest")]));
    let switch = s.ask_root(Command::SetGlobal { rss: false });
    s.ask_root(Command::Reload(config("k0", &[(Field::Enabled, "false")])));
    s.settle();
    let Ok(Reply::Adapters { results, .. }) = &s.replies[&both] else { panic!("{:?}", s.replies[&both]) };
    let held_result = results.iter().find(|r| r.name == "k0").unwrap();
    assert!(matches!(held_result.error, Some(CommandError::UnderCheckpoint { seconds: 60, .. })));
    assert!(results.iter().filter(|r| r.name != "k0").all(|r| r.error.is_none()));
    assert!(matches!(s.replies[&switch], Err(CommandError::UnderCheckpoint { .. })));
    assert_eq!(s.w.nics["pci:k0"].device.difference(&held), None);
    // What was configured meanwhile comes when it is settled.
    s.ask_root(settle_it(None, CheckpointAction::RollBack));
    s.settle();
    assert!(!s.w.nics["pci:k0"].device.enabled);
}

/// "No setter at all; mutating commands refused with an error that names the switch."
#[test]
fn a_kill_switch_leaves_everything_as_it_is() {
    let mut s = settled();
    s.ask_root(apply("k0", &[(Field::Queues, "8")]));
    s.settle();
    let mut w = s.w.crashed();
    w.observe = Some(ObserveOnly::File);
    w.nics.get_mut("pci:k0").unwrap().device.enabled = false;
    w.nics.get_mut("pci:k0").unwrap().stable.enabled = false;
    let mut s = Sim::start(w, Rng(7));
    s.settle();
    let commands = [
        apply("k0", &[(Field::Queues, "2")]),
        Command::Release { selector: Selector::one("k0"), options: Options::default() },
        Command::SetGlobal { rss: false },
        Command::CreateSoftnic { name: "s0".into(), options: [].into() },
        settle_it(None, CheckpointAction::Commit),
    ];
    for command in commands {
        let id = s.ask_root(command);
        s.settle();
        assert_eq!(s.replies[&id].as_ref().err(), Some(&CommandError::ObserveOnly { by: ObserveOnly::File }));
    }
    assert!(s.ask_root(Command::Reload(config("k*", &[(Field::Queues, "1")]))).0 > 0);
    s.settle();
    assert_eq!(s.runs, 0);
    assert!(s.snapshot.as_ref().unwrap().adapters.values().all(|v| v.state == AdapterState::Observed));
}

/// "An apply at boot that twice was not followed by carrier starts the daemon in observe mode."
#[test]
fn after_two_boots_without_a_carrier_the_third_only_observes() {
    let mut s = settled();
    s.ask_root(apply("k0", &[(Field::Queues, "8")]));
    let adapter = s.w.nics["pci:k0"].id.unwrap();
    s.m.handle(s.w.now, Input::Kernel(Notice::Carrier { adapter, gateway: Gateway::None }));
    s.settle();
    let boot = |s: &Sim, name: &str| {
        after_a_crash(s, |w| {
            w.boot = name.into();
            let nic = w.nics.get_mut("pci:k0").unwrap();
            nic.device = nic.found.clone();
            nic.stable = nic.found.clone();
        })
    };
    let mut first = boot(&s, "one");
    assert_eq!((first.w.nics["pci:k0"].device.channels(), first.w.durable.guard.unproven.len()), (8, 1));

    // A boot that had its carrier counts for nothing.
    let adapter = first.w.nics["pci:k0"].id.unwrap();
    let dark = boot(&first, "two");
    first.m.handle(first.w.now, Input::Kernel(Notice::Carrier { adapter, gateway: Gateway::None }));
    first.settle();
    assert_eq!(boot(&boot(&first, "two"), "three").snapshot.as_ref().unwrap().observe, None);

    let third = boot(&dark, "three");
    assert_eq!(third.snapshot.as_ref().unwrap().observe, Some(ObserveOnly::BootGuard));
    assert_eq!((third.runs, third.w.nics["pci:k0"].device.channels()), (0, 4), "no setter");
    assert_eq!(boot(&third, "four").snapshot.as_ref().unwrap().observe, Some(ObserveOnly::BootGuard));

    // A crash, and the start by the service manager after it, is nobody's word.
    let mut crashed = after_a_crash(&third, |_| {});
    assert_eq!(crashed.snapshot.as_ref().unwrap().observe, Some(ObserveOnly::BootGuard));
    assert_eq!((crashed.runs, crashed.saves), (0, 0), "no setter, and nothing to note");
    let ended = |s: &mut Sim| {
        s.m.handle(s.w.now, Input::Ending);
        s.settle();
        s.w.durable.guard.ended
    };
    assert!(ended(&mut crashed));
    // Nor is the end of the daemon when the machine is shut down.
    let fourth = boot(&crashed, "four");
    assert_eq!(fourth.snapshot.as_ref().unwrap().observe, Some(ObserveOnly::BootGuard));
    assert!(!fourth.w.durable.guard.ended, "it is forgotten");
    assert_eq!(
        after_a_crash(&fourth, |_| {}).snapshot.as_ref().unwrap().observe,
        Some(ObserveOnly::BootGuard)
    );

    let mut by_hand = after_a_crash(&crashed, |_| {});
    assert_eq!(
        (by_hand.snapshot.as_ref().unwrap().observe, by_hand.w.nics["pci:k0"].device.channels()),
        (None, 8)
    );
    assert_eq!((by_hand.w.durable.guard.failures, by_hand.w.durable.guard.ended), (0, false));
    let saves = by_hand.saves;
    assert!(!ended(&mut by_hand) && by_hand.saves == saves, "without the guard an end is not noted");
}

/// "... was not followed by carrier (and a gateway, where there was one)."
#[test]
fn where_a_gateway_answered_a_carrier_alone_proves_nothing() {
    let mut s = settled();
    s.ask_root(apply("k0", &[(Field::Queues, "8")]));
    let told = |s: &mut Sim, gateway| {
        let adapter = s.w.nics["pci:k0"].id.unwrap();
        s.m.handle(s.w.now, Input::Kernel(Notice::Carrier { adapter, gateway }));
        s.settle();
    };
    told(&mut s, Gateway::Answers);
    let boot = |s: &Sim, name: &str| {
        after_a_crash(s, |w| {
            w.boot = name.into();
            let nic = w.nics.get_mut("pci:k0").unwrap();
            nic.device = nic.found.clone();
            nic.stable = nic.found.clone();
        })
    };
    let observes = |s: &Sim| s.snapshot.as_ref().unwrap().observe;
    let (mut lost, mut found) = (boot(&s, "one"), boot(&s, "one"));
    // Neither a router that does not answer nor a route that is not there any more is what was there.
    told(&mut lost, Gateway::Silent);
    told(&mut lost, Gateway::None);
    assert_eq!(lost.w.durable.guard.unproven.len(), 1);
    let mut lost = boot(&lost, "two");
    told(&mut lost, Gateway::Silent);
    assert_eq!(observes(&boot(&lost, "three")), Some(ObserveOnly::BootGuard));

    told(&mut found, Gateway::Silent);
    told(&mut found, Gateway::Answers);
    assert_eq!(found.w.durable.guard.unproven.len(), 0, "it took a while");
    // A route that somebody took away is not waited for at the next boot.
    told(&mut found, Gateway::None);
    let mut without = boot(&found, "two");
    told(&mut without, Gateway::None);
    assert_eq!(without.w.durable.guard.unproven.len(), 0);
    assert_eq!(observes(&boot(&boot(&without, "three"), "four")), None);
}

/// "Anything automatic may never exceed `reorder` except to re-apply after an event that already broke the link."
#[test]
fn automatic_changes_leave_what_takes_the_link_down_for_a_restart() {
    let mut s = settled();
    s.ask_root(Command::Reload(config("k2", &[(Field::Queues, "2"), (Field::HashTypes, "ipv4")])));
    s.settle();
    let state = |s: &Sim| s.snapshot.as_ref().unwrap().by_name("k2").unwrap().clone();
    assert_eq!((state(&s).state.clone(), s.w.nics["pci:k2"].device.channels()), (AdapterState::Pending, 4));
    assert_eq!(s.w.nics["pci:k2"].device.hash_types.to_string(), "ipv4", "what is harmless is done");
    assert!(s.w.nics["pci:k2"].device.table.iter().all(|q| q.0 < 2));
    let mut again = after_a_crash(&s, |_| {});
    assert_eq!(
        (state(&again).state.clone(), again.runs),
        (AdapterState::Pending, 0),
        "the next run leaves it too"
    );

    again.unplug("pci:k2");
    again.plug("pci:k2");
    again.settle();
    assert_eq!(
        (state(&again).state.clone(), again.w.nics["pci:k2"].device.channels()),
        (AdapterState::Managed, 2)
    );

    let restart = |allow| {
        let options = Options { allow, ..Options::default() };
        Command::Restart { selector: Selector::one("k2"), options }
    };
    let refused = s.ask_root(restart(Impact::Gap));
    s.settle();
    let Ok(Reply::Adapters { results, .. }) = &s.replies[&refused] else { panic!() };
    assert!(matches!(results[0].error, Some(CommandError::Impact { impact: Impact::Link, .. })));
    s.ask_root(restart(Impact::Link));
    s.settle();
    assert_eq!((state(&s).state.clone(), s.w.nics["pci:k2"].device.channels()), (AdapterState::Managed, 2));
}

/// Preflight refuses what stops traffic where somebody else's things are in the way, and nothing that does not.
#[test]
fn preflight_stands_between_a_request_and_a_link_that_goes_down() {
    let mut s = settled();
    let k2 = s.w.nics["pci:k2"].id.unwrap();
    let around = Surroundings { vfs: 2, default_route: true, ..Surroundings::default() };
    let options = Options {
        allow: Impact::Link,
        surroundings: std::sync::Arc::new([(k2, around)].into()),
        ..Options::default()
    };
    let ask = |s: &mut Sim, queues: &str, options: Options| {
        let patch = patch(&[(Field::Queues, queues)]);
        let id = s.ask_root(Command::Apply { selector: Selector::one("k2"), patch, options });
        s.settle();
        let Ok(Reply::Adapters { results, .. }) = &s.replies[&id] else { panic!("{:?}", s.replies[&id]) };
        results[0].clone()
    };
    let error = ask(&mut s, "2", options.clone()).error.unwrap().to_string();
    assert!(error.contains("2 virtual functions are in use: repeat with --force"), "{error}");
    let forced = Options { force: true, ..options.clone() };
    let error = ask(&mut s, "2", forced.clone()).error.unwrap().to_string();
    assert!(error.contains("default route") && error.contains("--confirm-within 60s"), "{error}");
    let dry = ask(&mut s, "2", Options { dry_run: true, ..options.clone() });
    assert_eq!((dry.findings.len(), dry.refusals.len(), dry.error), (2, 2, None));
    let harmless = Options { no_restart: true, allow: Impact::Reorder, ..options };
    assert_eq!(ask(&mut s, "2", harmless).error, None);
    assert_eq!(ask(&mut s, "2", Options { confirm_within: Some(60 * SECOND), ..forced }).error, None);
    assert_eq!(s.w.nics["pci:k2"].device.channels(), 2);
}

/// "Adapters under one bond, team or bridge are changed one after the other": the next begins when the one before is
/// through, and is spared what takes its link down where the one before did not come through.
#[test]
fn ports_of_a_bond_change_one_after_the_other() {
    for fails in [false, true] {
        let mut world = World::new(Faults::default());
        for key in ["pci:k0", "pci:k2"] {
            let facts = &mut world.nics.get_mut(key).unwrap().facts;
            facts.team = Some(Team { name: "bond0".into(), sets: TeamSets::Disjoint });
            facts.driver = "iavf".into();
        }
        world.scripted.extend(fails.then_some((0, Fault::Fails)));
        let mut s = Sim::start(world, Rng(7));
        s.in_order = true;
        s.settle();
        let options = Options { allow: Impact::Link, ..Options::default() };
        let (selector, patch) = (Selector(vec!["k0".into(), "k2".into()]), patch(&[(Field::Queues, "2")]));
        let id = s.ask_root(Command::Apply { selector, patch, options });
        let mut order = Vec::new();
        while s.outstanding.contains_key(&id) {
            while let Some(effect) = s.m.poll() {
                if let Effect::Run { adapter, .. } = &effect {
                    order.push(*adapter);
                }
                s.effect(effect);
            }
            s.answer();
        }
        s.settle();
        order.dedup();
        let Ok(Reply::Adapters { results, .. }) = &s.replies[&id] else { panic!("{:?}", s.replies[&id]) };
        let errors: Vec<String> =
            results.iter().flat_map(|r| r.error.iter().map(ToString::to_string)).collect();
        if fails {
            assert_eq!((order.len(), errors.len()), (1, 2), "{errors:?}");
            assert!(errors[1].contains("another port of bond0"), "{errors:?}");
        } else {
            assert_eq!((order.len(), errors.len()), (2, 0), "one, then the other: {errors:?}");
        }
        let spared = s.w.nics.values().filter(|n| n.facts.team.is_some() && n.device.channels() == 4).count();
        assert_eq!(spared, if fails { 2 } else { 0 });
    }
}

/// What is refused leaves everything as it was, also the generation on which others wait and base requests.
#[test]
fn a_refused_request_raises_no_generation() {
    let mut s = settled();
    let before = s.generation();
    for (name, queues, processor) in [("k2", "2", None), ("k0", "auto", Some("0:63"))] {
        let mut pairs = vec![(Field::Queues, queues)];
        pairs.extend(processor.map(|p| (Field::BaseProcessor, p)));
        let id = s.ask_root(apply(name, &pairs));
        s.settle();
        let Ok(Reply::Adapters { results, generation, .. }) = &s.replies[&id] else { panic!() };
        assert!(results[0].error.is_some(), "{name}: {results:?}");
        assert_eq!(*generation, before, "{name}");
    }
    assert_eq!(s.generation(), before);
    s.ask_root(apply("k0", &[(Field::Queues, "2")]));
    s.settle();
    assert!(s.generation() > before);
}

/// A reset gives back the queues that were asked for, and nothing that was found.
#[test]
fn a_reset_gives_back_the_queues_that_were_found() {
    for queues in ["8", "2"] {
        let mut s = settled();
        s.ask_root(apply("k0", &[(Field::Queues, queues)]));
        s.settle();
        assert_eq!(s.w.nics["pci:k0"].device.channels().to_string(), queues);
        let options = Options::default();
        s.ask_root(Command::Reset { selector: Selector::one("k0"), options });
        s.settle();
        assert_eq!(s.w.nics["pci:k0"].device.channels(), 4);
        let view = s.snapshot.as_ref().unwrap().by_name("k0").unwrap().clone();
        assert_eq!(view.state, AdapterState::Managed);
    }
}

/// What an adapter can do is what was read last: drivers resize their tables.
#[test]
fn a_table_of_another_size_is_one_that_it_can_have() {
    let mut s = settled();
    let adapter = s.w.nics["pci:k0"].id.unwrap();
    let entries = |s: &Sim| s.snapshot.as_ref().unwrap().by_name("k0").unwrap().capability.table_entries;
    let before = entries(&s);
    let nic = s.w.nics.get_mut("pci:k0").unwrap();
    let twice = [nic.device.table.clone(), nic.device.table.clone()].concat();
    nic.device.table = twice;
    // Nobody has it in hand: what is there is what was found.
    (nic.found, nic.stable) = (nic.device.clone(), nic.device.clone());
    let hint = rssmgr_core::drift::Hint::Channels;
    s.m.handle(s.w.now, Input::Kernel(Notice::Changed { adapter, hint, broke: false }));
    s.settle();
    assert_eq!(entries(&s), 2 * before);
}
