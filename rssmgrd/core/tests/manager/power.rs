//! Power and resets: nothing is done without queues, everything is replayed in its order, and after three tries nothing
//! is tried any more.

use std::sync::Arc;

use rssmgr_core::device::{Op, VPortOp};
use rssmgr_core::drift::Hint;
use rssmgr_core::driver::Impact;
use rssmgr_core::field::Field;
use rssmgr_core::manager::{
    AdapterState, AdapterView, CheckpointAction, Command, CommandError, ObserveOnly, Options, PowerChange,
    Reply, Selector, VPortChange, VPortWish,
};

use crate::cases::patch;
use crate::rng::Rng;
use crate::sim::Sim;
use crate::world::{Fault, Faults, World};

const S0: &str = "softnic:s0";
const K0: &str = "pci:k0";

fn set(name: &str, fields: &[(Field, &str)]) -> Command {
    let options = Options { allow: Impact::Link, ..Options::default() };
    Command::Apply { selector: Selector::one(name), patch: patch(fields), options }
}

/// A change that waits an hour to be confirmed.
fn unconfirmed(fields: &[(Field, &str)]) -> Command {
    let confirm_within = Some(3_600_000_000_000);
    let options = Options { allow: Impact::Link, confirm_within, ..Options::default() };
    Command::Apply { selector: Selector::one("s0"), patch: patch(fields), options }
}

fn power(change: PowerChange) -> Command {
    Command::Power { name: "s0".into(), change }
}

fn ask(s: &mut Sim, command: Command) -> Result<Reply, CommandError> {
    let id = s.ask_root(command);
    s.settle();
    s.replies.remove(&id).expect("an answer")
}

/// Asks for what must be done.
fn done(s: &mut Sim, command: Command) {
    s.asked(command).unwrap();
}

fn quiet(s: &mut Sim) {
    s.events.clear();
    s.ops.clear();
    s.runs = 0;
}

/// A software NIC with settings and a VPort of its own.
fn softnic() -> Sim {
    let mut s = Sim::start(World::new(Faults::default()), Rng(7));
    s.in_order = true;
    s.settle();
    done(&mut s, Command::CreateSoftnic { name: "s0".into(), options: [].into() });
    let settings = [(Field::Profile, "Closest"), (Field::Queues, "6"), (Field::HashKey, "symmetric")];
    done(&mut s, set("s0", &settings));
    let wish = VPortWish { queues: Some(2), ..VPortWish::default() };
    let change = VPortChange::Create(None, wish);
    done(&mut s, Command::VPorts { selector: Selector::one("s0"), change, options: Options::default() });
    quiet(&mut s);
    s
}

/// A network card that is managed, whose driver is igb.
fn card() -> Sim {
    let mut w = World::new(Faults::default());
    w.nics.get_mut(K0).unwrap().facts.driver = "igb".into();
    let mut s = Sim::start(w, Rng(7));
    s.in_order = true;
    s.settle();
    done(&mut s, set("k0", &[(Field::Profile, "Closest")]));
    quiet(&mut s);
    s
}

fn view(s: &Sim, name: &str) -> Arc<AdapterView> {
    Arc::clone(s.snapshot.as_ref().unwrap().by_name(name).unwrap())
}

fn names(s: &Sim) -> Vec<&'static str> {
    s.events
        .iter()
        .map(|e| e.kind.info().name)
        .filter(|n| n.contains("Power") || !n.starts_with("Rss"))
        .collect()
}

fn count(s: &Sim, name: &str) -> usize {
    s.events.iter().filter(|e| e.kind.info().name == name).count()
}

/// The next `n` operations fail, and change nothing.
fn fail(s: &mut Sim, n: u32) {
    s.w.scripted = (s.w.runs..s.w.runs + n).map(|at| (at, Fault::Fails)).collect();
}

#[test]
fn what_power_lost_is_replayed_homes_key_whole_table_vports_and_enable_last() {
    let mut s = softnic();
    let wanted = s.w.nics[S0].device.clone();
    assert_eq!(wanted.vports.len(), 1);
    done(&mut s, power(PowerChange::Off));
    assert_eq!((view(&s, "s0").state.clone(), s.runs), (AdapterState::Down, 0));

    // Requests are refused, and say what to do; they are not kept for later.
    let Ok(Reply::Adapters { results, .. }) = ask(&mut s, set("s0", &[(Field::Profile, "NUMA")])) else {
        panic!()
    };
    let error = results[0].error.as_ref().unwrap().to_string();
    assert!(error.contains("rssctl softnic power s0 on"), "{error}");
    // The switch is for everybody, and found when there is power again.
    done(&mut s, Command::SetGlobal { rss: false });
    done(&mut s, Command::SetGlobal { rss: true });
    assert_eq!((s.runs, view(&s, "s0").state.name()), (0, "down"));

    done(&mut s, power(PowerChange::On));
    assert_eq!(
        (s.w.nics[S0].device.difference(&wanted), view(&s, "s0").state.clone()),
        (None, AdapterState::Managed)
    );
    let at = |what: fn(&Op) -> bool| s.ops.iter().enumerate().filter(move |(_, op)| what(op)).map(|(i, _)| i);
    let only = |what: fn(&Op) -> bool| {
        let all: Vec<usize> = at(what).collect();
        assert_eq!(all.len(), 1, "{:#?}", s.ops);
        all[0]
    };
    let homes: Vec<usize> = at(|op| matches!(op, Op::Home { .. })).collect();
    let key = only(|op| matches!(op, Op::SetKey(_)));
    let table = only(|op| matches!(op, Op::WriteTable(_)));
    let vport = only(|op| matches!(op, Op::VPort { op: VPortOp::Create { .. }, .. }));
    let enable = only(|op| matches!(op, Op::Enable));
    assert_eq!(homes.len(), 6, "{:#?}", s.ops);
    assert!(homes.iter().all(|home| *home < key) && key < table && table < vport, "{:#?}", s.ops);
    assert_eq!(enable + 1, s.ops.len(), "{:#?}", s.ops);
    assert!(!s.ops.iter().any(|op| matches!(op, Op::SetEntries(_))), "the whole table: {:#?}", s.ops);

    let told = names(&s);
    let power: Vec<&str> = told.into_iter().filter(|n| n.contains("Power") || n.contains("Replay")).collect();
    assert_eq!(power, ["AdapterPoweredDown", "AdapterPoweredUp", "StateReplayed"]);
    let replayed = s.events.iter().find(|e| e.kind.info().name == "StateReplayed").unwrap().kind.to_string();
    let order = ["try 1 of 3", "6 queue homes, ", "hash key", "whole table", "VPort 1", "enable"];
    let places: Vec<usize> =
        order.iter().map(|w| replayed.find(w).unwrap_or_else(|| panic!("{w}: {replayed}"))).collect();
    assert!(places.is_sorted() && replayed.ends_with("enable"), "{replayed}");
}

#[test]
fn after_three_tries_rss_is_revoked_until_a_person_asks() {
    let mut s = softnic();
    let wanted = s.w.nics[S0].device.clone();
    // Two tries fail, the third does it.
    fail(&mut s, 2);
    done(&mut s, power(PowerChange::Reset));
    assert_eq!((s.w.nics[S0].device.difference(&wanted), count(&s, "RssFailure")), (None, 2));
    assert_eq!(
        (count(&s, "AdapterReset"), count(&s, "StateReplayed"), count(&s, "AdapterDegraded")),
        (1, 1, 0)
    );

    quiet(&mut s);
    fail(&mut s, 1000);
    let error = ask(&mut s, power(PowerChange::Reset)).unwrap_err().to_string();
    assert!(
        error.contains("3 tries") && error.contains("revoked") && error.contains("rssctl reset s0"),
        "{error}"
    );
    assert_eq!((s.runs, count(&s, "RssFailure"), count(&s, "AdapterDegraded")), (3, 3, 1));
    let AdapterState::Degraded { because } = view(&s, "s0").state.clone() else {
        panic!("{:?}", view(&s, "s0").state)
    };
    assert!(because.contains("revoked"), "{because}");
    assert!(!s.w.nics[S0].device.enabled, "it shall not spread");

    // Nobody asks: whatever happens, nothing is tried.
    s.w.scripted.clear();
    quiet(&mut s);
    s.pass(60_000_000_000);
    s.switch(S0, PowerChange::Reset);
    s.settle();
    s.switch(S0, PowerChange::Off);
    s.settle();
    s.switch(S0, PowerChange::On);
    s.settle();
    done(&mut s, Command::SetGlobal { rss: true });
    assert_eq!((s.runs, view(&s, "s0").state.name()), (0, "degraded"));
    let reset = Command::Reset { selector: Selector::one("s0"), options: Options::default() };
    done(&mut s, reset);
    assert_eq!(view(&s, "s0").state, AdapterState::Managed);
    done(
        &mut s,
        set("s0", &[(Field::Profile, "Closest"), (Field::Queues, "6"), (Field::HashKey, "symmetric")]),
    );
    let there = &s.w.nics[S0].device;
    assert_eq!((&there.queues, &there.table, there.enabled), (&wanted.queues, &wanted.table, true));
}

/// What was read before a reset is no more. Where nothing could be read since, no change is planned from it, and a failure
/// does not go back to it: it is read first, and the request is refused where that fails too.
#[test]
fn what_could_not_be_read_since_a_reset_is_read_before_it_is_changed() {
    let mut s = softnic();
    s.w.faults.observe = 100;
    let error = ask(&mut s, power(PowerChange::Reset)).unwrap_err().to_string();
    assert!(error.contains("3 tries") && error.contains("EIO"), "{error}");
    let lost = s.w.nics[S0].device.clone();
    let refused = |s: &mut Sim| {
        let Ok(Reply::Adapters { mut results, .. }) = ask(s, set("s0", &[(Field::HashTypes, "ipv4")])) else {
            panic!()
        };
        results.remove(0).error.expect("refused")
    };
    let error = refused(&mut s).to_string();
    assert!(error.contains("cannot be read since") && error.contains("EIO"), "{error}");
    assert_eq!((s.runs, s.w.nics[S0].device.difference(&lost)), (0, None));

    s.w.faults.observe = 0;
    fail(&mut s, 1);
    let error = refused(&mut s);
    assert!(matches!(error, CommandError::RolledBack { .. }), "{error}");
    assert_eq!((view(&s, "s0").state.name(), s.w.nics[S0].device.difference(&lost)), ("degraded", None));
    done(&mut s, set("s0", &[(Field::HashTypes, "ipv4")]));
    let seen = view(&s, "s0");
    let wanted = &seen.target.as_ref().unwrap().device;
    assert_eq!((&seen.state, s.w.nics[S0].device.difference(wanted)), (&AdapterState::Managed, None));
}

#[test]
fn a_request_whose_adapter_loses_its_power_ends_and_nothing_of_it_is_kept() {
    for steps in 0..30 {
        for change in [PowerChange::Off, PowerChange::Reset] {
            let mut s = softnic();
            let wanted = s.w.nics[S0].device.clone();
            let id = s.ask_root(set("s0", &[(Field::Profile, "NUMA"), (Field::HashTypes, "ipv4")]));
            for _ in 0..steps {
                s.execute();
                s.answer();
            }
            s.switch(S0, change);
            s.settle();
            if change == PowerChange::Off {
                assert_eq!(view(&s, "s0").state.name(), "down", "after {steps} answers");
                s.switch(S0, PowerChange::On);
                s.settle();
            }
            let Ok(Reply::Adapters { results, .. }) = &s.replies[&id] else { panic!("{:?}", s.replies[&id]) };
            let there = s.w.nics[S0].device.clone();
            match &results[0].error {
                None => assert_eq!(there.difference(&results[0].after), None, "after {steps} answers"),
                Some(CommandError::PowerLost { .. } | CommandError::PoweredDown { .. }) => {
                    assert_eq!(there.difference(&wanted), None, "after {steps} answers");
                }
                Some(e) => panic!("after {steps} answers: {e}"),
            }
            assert_eq!(view(&s, "s0").state, AdapterState::Managed, "after {steps} answers");
        }
    }
}

#[test]
fn an_atomic_request_goes_back_everywhere_when_one_of_its_adapters_loses_its_power() {
    let mut lost = 0;
    for answers in 0..30 {
        let mut s = softnic();
        let before = s.w.nics[K0].device.clone();
        let options = Options { allow: Impact::Link, atomic: true, ..Options::default() };
        let patch = patch(&[(Field::Profile, "NUMA"), (Field::HashTypes, "ipv4")]);
        let selector = Selector(vec!["k0".into(), "s0".into()]);
        let id = s.ask_root(Command::Apply { selector, patch, options });
        for _ in 0..answers {
            s.execute();
            s.answer();
        }
        s.switch(S0, PowerChange::Reset);
        s.settle();
        let Ok(Reply::Adapters { results, .. }) = &s.replies[&id] else { panic!("{:?}", s.replies[&id]) };
        if matches!(results[1].error, Some(CommandError::PowerLost { .. })) {
            lost += 1;
            assert!(matches!(results[0].error, Some(CommandError::Atomic)), "after {answers} answers");
            assert_eq!(s.w.nics[K0].device.difference(&before), None, "after {answers} answers");
        }
    }
    assert!(lost > 5, "{lost} were lost");
}

/// What succeeded and then lost its power has nothing left to take back, nor queues to look at.
#[test]
fn what_an_atomic_request_did_is_not_taken_back_without_power() {
    let mut recalled = 0;
    for answers in 0..60 {
        let mut s = softnic();
        let before = s.w.nics[S0].device.clone();
        let options = Options { allow: Impact::Link, atomic: true, ..Options::default() };
        let patch = patch(&[(Field::MaxProcessors, "2"), (Field::HashTypes, "ipv4")]);
        let selector = Selector(vec!["k0".into(), "s0".into()]);
        let id = s.ask_root(Command::Apply { selector, patch, options });
        for _ in 0..answers {
            s.execute();
            s.answer();
        }
        let first_is_done = s.w.nics[S0].device.difference(&before).is_some() && !s.replies.contains_key(&id);
        s.switch(K0, PowerChange::Off);
        s.w.faults.run = 100;
        quiet(&mut s);
        s.settle();
        let Ok(Reply::Adapters { results, .. }) = &s.replies[&id] else { panic!("{:?}", s.replies[&id]) };
        if first_is_done && results[1].error.is_some() {
            recalled += 1;
            let power_lost = matches!(results[0].error, Some(CommandError::PowerLost { .. }));
            assert!(power_lost, "after {answers} answers: {:?}", results[0].error);
        }
        s.w.faults = Faults::default();
        s.switch(K0, PowerChange::On);
        s.settle();
        let shown = view(&s, "k0");
        assert_eq!(s.w.nics[K0].device.difference(&shown.device), None, "after {answers} answers");
    }
    assert!(recalled > 1, "{recalled} were to go back");
}

#[test]
fn who_waits_for_a_replay_is_told_when_power_is_lost_again() {
    let mut told = 0;
    for answers in 0..30 {
        let mut s = softnic();
        let wanted = s.w.nics[S0].device.clone();
        done(&mut s, power(PowerChange::Off));
        let id = s.ask_root(power(PowerChange::On));
        for _ in 0..answers {
            s.execute();
            s.answer();
        }
        s.switch(S0, PowerChange::Off);
        s.settle();
        match s.replies.remove(&id).expect("an answer") {
            Ok(_) => {}
            Err(CommandError::PowerLost { .. }) => told += 1,
            Err(e) => panic!("after {answers} answers: {e}"),
        }
        assert_eq!(
            s.w.nics[S0].powered,
            view(&s, "s0").state != AdapterState::Down,
            "after {answers} answers"
        );
        done(&mut s, power(PowerChange::On));
        assert_eq!(s.w.nics[S0].device.difference(&wanted), None, "after {answers} answers");
    }
    assert!(told > 5, "{told} were told");
}

/// Somebody else resets it: what was lost is only told about. A person resets it: it is replayed.
fn is_replayed_for_a_person_only(mut s: Sim) {
    let wanted = s.w.nics[S0].device.clone();
    quiet(&mut s);
    for (change, state) in
        [(PowerChange::Reset, "drifted"), (PowerChange::Off, "down"), (PowerChange::On, "drifted")]
    {
        s.switch(S0, change);
        s.settle();
        assert_eq!(view(&s, "s0").state.name(), state);
    }
    let seen = view(&s, "s0");
    assert_eq!(
        (s.runs, seen.state.name(), count(&s, "AdapterDrifted")),
        (0, "drifted", 1),
        "{:?}",
        seen.state
    );
    assert_eq!((seen.device.enabled, s.w.nics[S0].device.difference(&seen.device)), (false, None));
    s.pass(10_000_000_000);
    s.settle();
    assert_eq!(s.runs, 0);
    done(&mut s, power(PowerChange::Reset));
    assert_eq!(s.w.nics[S0].device.difference(&wanted), None);
    assert_eq!(view(&s, "s0").state, AdapterState::Managed);
}

#[test]
fn what_nobody_asked_for_is_only_reported_where_that_is_the_policy() {
    let mut s = softnic();
    done(&mut s, set("s0", &[(Field::Drift, "report")]));
    is_replayed_for_a_person_only(s);
}

/// What a reset took is nobody's choice: there is nothing to adopt.
#[test]
fn a_reset_is_replayed_where_changes_of_others_are_adopted() {
    let mut s = softnic();
    done(&mut s, set("s0", &[(Field::Drift, "adopt")]));
    let (wanted, saved) = (s.w.nics[S0].device.clone(), s.w.durable.adapters[S0].clone());
    for change in [PowerChange::Reset, PowerChange::Off, PowerChange::On] {
        quiet(&mut s);
        s.switch(S0, change);
        s.settle();
        assert_eq!(count(&s, "DriftAdopted"), 0);
        if change != PowerChange::Off {
            assert_eq!(s.w.nics[S0].device.difference(&wanted), None, "{change:?}");
            assert_eq!((view(&s, "s0").state.name(), count(&s, "StateReplayed")), ("managed", 1));
        }
    }
    assert_eq!(s.w.durable.adapters[S0], saved, "and no setting is another");

    // So for a network card: what it has lost when it is opened is put back, what somebody did is adopted.
    let mut s = card();
    done(&mut s, set("k0", &[(Field::Drift, "adopt")]));
    let wanted = s.w.nics[K0].device.clone();
    let lose = |d: &mut rssmgr_core::device::Device| {
        d.table.iter_mut().for_each(|q| *q = rssmgr_core::QueueId(1));
    };
    quiet(&mut s);
    s.others(K0, Hint::Link, true, lose);
    s.settle();
    assert_eq!(s.w.nics[K0].device.difference(&wanted), None);
    assert_eq!((count(&s, "DriftAdopted"), count(&s, "DriftRepaired")), (0, 1));
    for broke in [false, true] {
        done(&mut s, set("k0", &[(Field::Profile, "Closest")]));
        quiet(&mut s);
        s.others(K0, Hint::Table, broke, lose);
        s.settle();
        assert_eq!((s.runs, count(&s, "DriftAdopted")), (0, 1), "somebody wrote it, broke: {broke}");
        assert!(s.w.nics[K0].device.table.iter().all(|q| q.0 == 1));
    }
}

#[test]
fn what_nobody_asked_for_is_only_reported_while_a_change_waits_to_be_confirmed() {
    let mut s = softnic();
    done(&mut s, unconfirmed(&[(Field::Profile, "NUMA")]));
    is_replayed_for_a_person_only(s);
}

#[test]
fn a_checkpoint_that_goes_back_without_power_is_back_when_there_is_power() {
    let mut s = softnic();
    let wanted = s.w.nics[S0].device.clone();
    done(&mut s, unconfirmed(&[(Field::BaseProcessor, "0:2")]));
    assert_ne!(s.w.nics[S0].device.difference(&wanted), None);
    done(&mut s, power(PowerChange::Off));
    quiet(&mut s);
    done(&mut s, Command::Checkpoint { id: None, action: CheckpointAction::RollBack });
    assert_eq!((s.runs, view(&s, "s0").state.name(), s.w.durable.checkpoints.len()), (0, "down", 0));
    done(&mut s, power(PowerChange::On));
    assert_eq!(s.w.nics[S0].device.difference(&wanted), None);
    assert_eq!(view(&s, "s0").state, AdapterState::Managed);
}

#[test]
fn a_checkpoint_goes_back_to_what_was_before_it_also_after_a_reset() {
    let mut s = softnic();
    let wanted = s.w.nics[S0].device.clone();
    done(&mut s, unconfirmed(&[(Field::BaseProcessor, "0:2")]));
    let waiting = s.w.nics[S0].device.clone();
    assert_ne!(waiting.difference(&wanted), None);
    done(&mut s, power(PowerChange::Reset));
    assert_eq!(s.w.nics[S0].device.difference(&waiting), None, "replayed");
    done(&mut s, Command::Checkpoint { id: None, action: CheckpointAction::RollBack });
    assert_eq!(s.w.nics[S0].device.difference(&wanted), None);
    assert_eq!((view(&s, "s0").state.clone(), s.w.durable.checkpoints.len()), (AdapterState::Managed, 0));
}

/// A change that could not be saved was given up, also where the file still holds its record: a reset after it is one like
/// any other, and what is replayed are the settings from before.
#[test]
fn a_reset_after_a_checkpoint_that_could_not_be_saved_replays_what_was_before_it() {
    let mut s = softnic();
    let wanted = s.w.nics[S0].device.clone();
    let asked = s.ask_root(unconfirmed(&[(Field::Queues, "3")]));
    s.execute();
    while s.w.durable.checkpoints.is_empty() {
        assert!(s.answer(), "the record is saved first");
        s.execute();
    }
    s.w.faults.save = 100;
    s.settle();
    let Ok(Reply::Adapters { results, .. }) = &s.replies[&asked] else { panic!("{:?}", s.replies[&asked]) };
    assert!(matches!(results[0].error, Some(CommandError::NotSaved { .. })), "{results:?}");
    assert_eq!((s.w.durable.checkpoints.len(), view(&s, "s0").checkpoint), (1, None));
    s.w.faults.save = 0;
    done(&mut s, power(PowerChange::Reset));
    assert_eq!(s.w.nics[S0].device.difference(&wanted), None);
    assert_eq!((view(&s, "s0").state.clone(), s.w.durable.checkpoints.len()), (AdapterState::Managed, 0));
}

#[test]
fn a_daemon_that_only_observes_replays_nothing() {
    let mut w = softnic().w.crashed();
    w.observe = Some(ObserveOnly::File);
    let mut s = Sim::start(w, Rng(7));
    s.in_order = true;
    s.settle();
    quiet(&mut s);
    s.switch(S0, PowerChange::Reset);
    s.settle();
    let seen = view(&s, "s0");
    assert_eq!((s.runs, seen.device.enabled), (0, false), "{:?}", seen.state);
    assert_eq!(s.w.nics[S0].device.difference(&seen.device), None);
    assert!(!matches!(seen.state, AdapterState::Managed | AdapterState::Applying), "{:?}", seen.state);
}

#[test]
fn a_released_software_nic_keeps_what_it_comes_back_with_and_is_shown_so() {
    let mut s = softnic();
    done(&mut s, Command::Release { selector: Selector::one("s0"), options: Options::default() });
    quiet(&mut s);
    s.switch(S0, PowerChange::Off);
    s.settle();
    assert_eq!(view(&s, "s0").state, AdapterState::Down);
    done(&mut s, power(PowerChange::On));
    let seen = view(&s, "s0");
    assert_eq!((s.runs, &seen.state, seen.device.enabled), (0, &AdapterState::Observed, false));
    assert_eq!(s.w.nics[S0].device.difference(&seen.device), None);
    let own = s.w.nics[S0].device.clone();
    // What a release goes back to from now on.
    done(&mut s, set("s0", &[(Field::Profile, "Closest")]));
    done(&mut s, Command::Release { selector: Selector::one("s0"), options: Options::default() });
    assert_eq!(s.w.nics[S0].device.difference(&own), None);
}

/// Network cards of the kernel have no power to lose: one try for each event, as for anything that others do to them.
#[test]
fn what_a_link_event_lost_on_a_network_card_is_tried_once() {
    let mut s = card();
    fail(&mut s, 1000);
    for event in 1..=4 {
        s.others(K0, Hint::Link, true, |d| d.queues.iter_mut().for_each(|q| q.home = None));
        s.settle();
        assert_eq!(
            (s.runs, count(&s, "AdapterDegraded"), view(&s, "k0").state.name()),
            (event, 0, "drifted")
        );
        assert_eq!(count(&s, "StateReplayed"), 0);
    }
    s.w.scripted.clear();
    s.others(K0, Hint::Link, true, |_| {});
    s.settle();
    assert_eq!(view(&s, "k0").state, AdapterState::Managed);
    let runs = s.runs;
    s.others(K0, Hint::Link, true, |_| {});
    s.settle();
    assert_eq!(s.runs, runs, "it agrees: no setter is called");
}

/// A change fails, and so does the way back.
fn degraded(fault: Fault) -> Sim {
    let mut s = card();
    s.w.scripted = (s.w.runs + 1..s.w.runs + 9).map(|at| (at, fault)).collect();
    let Ok(Reply::Adapters { results, .. }) = ask(&mut s, set("k0", &[(Field::BaseProcessor, "0:2")])) else {
        panic!()
    };
    assert!(matches!(results[0].error, Some(CommandError::Degraded { .. })), "{results:?}");
    assert_eq!(view(&s, "k0").state.name(), "degraded");
    s.w.scripted.clear();
    s.w.nics.get_mut(K0).unwrap().closed = false;
    quiet(&mut s);
    s
}

/// Section 4: no more automatic changes. What nobody refused, because the interface was closed, is no exception to that:
/// it was never tried.
#[test]
fn only_what_failed_because_the_interface_was_closed_is_tried_again_when_it_is_open() {
    let mut s = degraded(Fault::Closes);
    s.others(K0, Hint::Table, false, |_| {});
    s.settle();
    assert_eq!((s.runs, view(&s, "k0").state.name()), (0, "degraded"), "it is not open yet");
    s.others(K0, Hint::Link, true, |_| {});
    s.settle();
    assert_eq!(view(&s, "k0").state, AdapterState::Managed);
    assert_eq!(view(&s, "k0").target.as_ref().unwrap().device.difference(&s.w.nics[K0].device), None);

    let mut s = degraded(Fault::Fails);
    for _ in 0..3 {
        s.others(K0, Hint::Link, true, |_| {});
        s.settle();
    }
    assert_eq!((s.runs, view(&s, "k0").state.name()), (0, "degraded"), "it was refused");
    done(&mut s, set("k0", &[(Field::BaseProcessor, "0:2")]));
    assert_eq!(view(&s, "k0").state, AdapterState::Managed);
}
