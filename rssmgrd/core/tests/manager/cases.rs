//! What random sequences cannot tell: who may go on while somebody else waits, and what a changed file means.

use rssmgr_core::device::{Op, Test};
use rssmgr_core::driver::Impact;
use rssmgr_core::field::{Field, Raw};
use rssmgr_core::manager::{
    AdapterState, Caller, Command, CommandError, Config, ConfigRule, Effect, Input, Matcher, Options, Reply,
    Selector, VPortChange, VPortWish,
};
use rssmgr_core::settings::{Layer, ManualTable, Origin, SettingsPatch};
use rssmgr_core::{CpuId, Generation};

use crate::rng::Rng;
use crate::sim::{OWNER, Sim};
use crate::world::{Fault, Faults, World};

pub(crate) fn patch(pairs: &[(Field, &str)]) -> SettingsPatch {
    let mut p = SettingsPatch::default();
    pairs.iter().for_each(|(f, v)| p.set(*f, &Raw::from(*v)).unwrap());
    p
}

pub(crate) fn apply(name: &str, pairs: &[(Field, &str)]) -> Command {
    Command::Apply { selector: Selector::one(name), patch: patch(pairs), options: Options::default() }
}

pub(crate) fn config(name: &str, pairs: &[(Field, &str)]) -> Config {
    let origin = Origin::Config { file: "rssmgrd.toml".into(), line: 1 };
    let rule = ConfigRule {
        matcher: Matcher { name: Some(name.into()), ..Matcher::default() },
        layer: Layer::of(patch(pairs), ManualTable::new(), origin),
    };
    Config { files: vec!["rssmgrd.toml".into()], rules: vec![rule] }
}

pub(crate) fn settled() -> Sim {
    let mut s = Sim::start(World::new(Faults::default()), Rng(7));
    s.in_order = true;
    s.settle();
    s
}

fn homes(s: &Sim, key: &str) -> Vec<Option<CpuId>> {
    s.w.nics[key].device.queues.iter().map(|q| q.home).collect()
}

#[test]
fn an_adapter_that_does_not_answer_keeps_nobody_else_waiting() {
    let mut s = settled();
    let slow = s.ask_root(apply("k0", &[(Field::Profile, "Closest")]));
    s.execute();
    for done in ["the interface is read", "the open transaction is saved"] {
        assert!(s.answer(), "{done}");
        s.execute();
    }
    let held = s.answers.pop().expect("the first step has an answer");
    assert!(matches!(held, Input::Ran { .. }));

    let after_slow = s.ask_root(apply("k0", &[(Field::Enabled, "false")]));
    let quick = s.ask_root(apply("k2", &[(Field::Profile, "Closest")]));
    let nic = s.ask_root(Command::CreateSoftnic { name: "s0".into(), options: [].into() });
    loop {
        s.execute();
        if !s.answer() {
            break;
        }
    }
    for done in [quick, nic] {
        assert!(s.replies[&done].is_ok());
    }
    for waits in [slow, after_slow] {
        assert!(s.outstanding.contains_key(&waits));
    }
    s.answers.push(held);
    s.settle();
    assert!(s.replies[&slow].is_ok() && s.replies[&after_slow].is_ok());
}

#[test]
fn a_wait_that_is_withdrawn_is_never_answered() {
    let mut s = settled();
    let Generation(now) = s.generation();
    let id = s.ask_root(Command::Wait(Generation(now + 1)));
    s.execute();
    assert!(s.outstanding.contains_key(&id), "not reached yet");
    s.m.handle(s.w.now, Input::Withdraw { id });
    s.outstanding.remove(&id);
    s.ask_root(apply("k0", &[(Field::Profile, "Closest")]));
    s.settle();
    assert!(s.generation() > Generation(now));
}

#[test]
fn a_request_that_lost_its_caller_goes_on() {
    let mut s = settled();
    let id = s.ask_root(apply("k0", &[(Field::Profile, "Closest")]));
    s.m.handle(s.w.now, Input::Withdraw { id });
    s.settle();
    assert!(s.replies[&id].is_ok());
}

#[test]
fn only_root_and_the_owner_change_anything() {
    let mut s = settled();
    for (uid, queues, may) in [(0, "1", true), (OWNER, "2", true), (OWNER + 1, "3", false)] {
        let before = s.w.durable.clone();
        let caller = Caller { uid, ..Caller::default() };
        let id = s.ask(caller.clone(), apply("k0", &[(Field::Queues, queues)]));
        s.settle();
        let refused =
            matches!(s.replies[&id], Err(CommandError::NotAuthorised { uid: u, owner: OWNER }) if u == uid);
        assert_eq!((refused, before == s.w.durable), (!may, !may));
        let dry = Options { dry_run: true, ..Options::default() };
        let plan = Command::Reset { selector: Selector::one("k0"), options: dry };
        let id = s.ask(caller, plan);
        s.settle();
        assert!(s.replies[&id].is_ok(), "looking needs no authority");
    }
}

/// A file edited while no daemon ran means the same as one that is reloaded.
#[test]
fn a_file_edited_between_two_runs_is_followed() {
    let (old, new) = (
        config("k0", &[(Field::Profile, "Closest"), (Field::Queues, "2")]),
        config("k0", &[(Field::Profile, "NUMA"), (Field::Queues, "4")]),
    );
    let run = |w: World| {
        let mut s = Sim::start(w, Rng(7));
        s.in_order = true;
        s.settle();
        s
    };
    let mut w = World::new(Faults::default());
    w.config = old;
    let mut s = run(w);
    assert_eq!(homes(&s, "pci:k0"), [Some(CpuId(0)), Some(CpuId(1))]);
    let dead = s.w.crashed();
    s.ask_root(Command::Reload(new.clone()));
    s.settle();

    let mut edited = dead.clone();
    edited.config = new;
    assert_eq!(homes(&run(edited), "pci:k0"), homes(&s, "pci:k0"));
    assert_eq!(homes(&s, "pci:k0").len(), 4);

    let mut unnamed = dead;
    unnamed.config = Config::default();
    let original = World::new(Faults::default()).nics["pci:k0"].device.clone();
    assert_eq!(run(unnamed).w.nics["pci:k0"].device.difference(&original), None, "nobody names it any more");
}

/// What was asked for until the next start is over with it, the steps included that were left for a restart: they do not
/// stand in the way of giving the adapter back.
#[test]
fn what_is_left_for_a_restart_ends_with_what_was_asked_for() {
    let mut s = settled();
    let found = s.w.nics["pci:k0"].device.clone();
    let now = Options { runtime: true, ..Options::default() };
    let confirm_within = Some(60_000_000_000);
    let later = Options { allow: Impact::None, no_restart: true, confirm_within, ..now.clone() };
    for (pairs, options) in [([(Field::ExcludeCpus, "0-3")], now), ([(Field::Queues, "8")], later)] {
        let id = s.ask_root(Command::Apply { selector: Selector::one("k0"), patch: patch(&pairs), options });
        s.settle();
        assert!(s.replies[&id].is_ok(), "{:?}", s.replies[&id]);
    }
    assert_ne!(found.difference(&s.w.nics["pci:k0"].device), None);
    let mut again = Sim::start(s.w.crashed(), Rng(7));
    again.settle();
    assert_eq!(found.difference(&again.w.nics["pci:k0"].device), None);
}

#[test]
fn neighbours_do_not_move_a_running_adapter() {
    let mut s = settled();
    s.ask_root(apply("k0", &[(Field::Profile, "NUMAStatic")]));
    s.settle();
    let before = homes(&s, "pci:k0");
    s.ask_root(apply("k1", &[(Field::Profile, "NUMAStatic")]));
    s.settle();
    s.unplug("pci:k1");
    s.plug("pci:k1");
    s.settle();
    assert_eq!(homes(&s, "pci:k0"), before);
    assert!(homes(&s, "pci:k1").iter().all(|cpu| !before.contains(cpu)), "free processors first");
}

#[test]
fn a_software_nic_that_cannot_be_placed_is_created_and_says_so() {
    let mut s = settled();
    s.ask_root(Command::Reload(config("s*", &[(Field::BaseProcessor, "0:40")])));
    let id = s.ask_root(Command::CreateSoftnic { name: "s0".into(), options: [].into() });
    s.settle();
    let Err(CommandError::Softnic { reason, .. }) = &s.replies[&id] else { panic!("{:?}", s.replies[&id]) };
    assert!(reason.contains("was created") && reason.contains("no processor is eligible"), "{reason}");
    assert!(s.snapshot.as_ref().unwrap().by_name("s0").is_some());
}

#[test]
fn requests_for_a_software_nic_wait_until_it_is_there() {
    let mut s = settled();
    let ids = [
        s.ask_root(Command::CreateSoftnic { name: "s0".into(), options: [].into() }),
        s.ask_root(apply("s0", &[(Field::Queues, "2")])),
        s.ask_root(Command::SetSource { name: "s0".into(), source: "zipf".into() }),
        s.ask_root(Command::DeleteSoftnic { name: "s0".into() }),
        s.ask_root(Command::CreateSoftnic { name: "s0".into(), options: [].into() }),
    ];
    s.settle();
    for id in ids {
        assert!(s.replies[&id].is_ok(), "{:?}", s.replies[&id]);
    }
    assert_eq!(s.w.nics["softnic:s0"].device.channels(), 8, "nothing is left of the first one");
}

/// What a request costs does not grow with the requests that wait for other things.
#[test]
fn one_request_takes_two_saves_and_two_publications() {
    let mut s = settled();
    let id = s.ask_root(apply("k0", &[(Field::Queues, "8")]));
    let (mut saves, mut shown) = (0, 0);
    while s.outstanding.contains_key(&id) {
        while let Some(e) = s.m.poll() {
            saves += u32::from(matches!(e, Effect::Save { .. }));
            shown += u32::from(matches!(e, Effect::Publish(_)));
            s.effect(e);
        }
        s.answer();
    }
    assert_eq!((saves, shown), (2, 2));
    assert!(matches!(s.replies[&id], Ok(Reply::Adapters { .. })));
}

#[test]
fn what_we_wrote_goes_back_when_nobody_asks_for_it_any_more() {
    let mut s = settled();
    let found = s.w.nics["pci:k0"].device.clone();
    let asked = [(Field::HashTypes, "ipv4"), (Field::HashKey, "symmetric")];
    for undo in [
        Command::Reset { selector: Selector::one("k0"), options: Options::default() },
        apply("k0", &[(Field::HashTypes, "keep"), (Field::HashKey, "keep")]),
    ] {
        let id = s.ask_root(apply("k0", &asked));
        s.settle();
        assert!(s.replies[&id].is_ok(), "{:?}", s.replies[&id]);
        let there = &s.w.nics["pci:k0"].device;
        assert!(there.hash_types != found.hash_types && there.key != found.key, "{there:?}");
        let id = s.ask_root(undo);
        s.settle();
        assert!(s.replies[&id].is_ok(), "{:?}", s.replies[&id]);
        let there = &s.w.nics["pci:k0"].device;
        assert_eq!((there.hash_types, &there.key), (found.hash_types, &found.key));
    }
}

/// Giving up a setting gives back what it wrote. Where that is left for a restart, the same request again keeps it there
/// and writes nothing, and the restart takes it.
#[test]
fn what_is_to_go_back_with_a_restart_waits_until_it_is_back() {
    let cases = [
        ((Field::HashTypes, "ipv4"), "keep"),
        ((Field::HashKey, "symmetric"), "keep"),
        ((Field::Xps, "rxqs"), "off"),
        ((Field::Rps, "true"), "false"),
    ];
    for ((field, asked), given_up) in cases {
        let mut s = settled();
        let done = |s: &mut Sim, command: Command| {
            s.asked(command).unwrap_or_else(|e| panic!("{field:?}: {e}"));
            (s.runs, s.saves)
        };
        let queues = if field == Field::Rps { "1" } else { "4" };
        let base = [(Field::Profile, "Closest"), (Field::Queues, queues), (Field::Xps, "off")];
        done(&mut s, apply("k0", &base));
        let plain = s.w.nics["pci:k0"].device.clone();
        done(&mut s, apply("k0", &[(field, asked)]));
        let ours = s.w.nics["pci:k0"].device.clone();
        assert_ne!(plain.difference(&ours), None, "{field:?}");

        let options = Options { allow: Impact::None, no_restart: true, ..Options::default() };
        let patch = patch(&[(field, given_up)]);
        let later = Command::Apply { selector: Selector::one("k0"), patch, options };
        let first = done(&mut s, later.clone());
        let waiting = s.snapshot.as_ref().unwrap().by_name("k0").unwrap().pending.clone();
        assert!(!waiting.is_empty(), "{field:?}");
        assert_eq!(done(&mut s, later), first, "{field:?}: the same request again writes");
        assert_eq!(s.snapshot.as_ref().unwrap().by_name("k0").unwrap().pending, waiting, "{field:?}");

        done(&mut s, Command::Restart { selector: Selector::one("k0"), options: Options::default() });
        assert_eq!(plain.difference(&s.w.nics["pci:k0"].device), None, "{field:?}");
    }
}

/// What is to go back with a restart is still to go back when the daemon was killed meanwhile, and when the one after it was;
/// a daemon that starts writes nothing for it. A machine that was restarted, or a card that was plugged again, has lost it.
#[test]
fn what_is_to_go_back_with_a_restart_outlives_the_daemon() {
    let cases = [
        ((Field::HashTypes, "ipv4"), "keep"),
        ((Field::HashKey, "symmetric"), "keep"),
        ((Field::Queues, "8"), "auto"),
        ((Field::Xps, "rxqs"), "off"),
        ((Field::Rps, "true"), "false"),
    ];
    let pending = |s: &Sim| s.snapshot.as_ref().unwrap().by_name("k0").unwrap().pending.clone();
    let start = |w: World| {
        let mut s = Sim::start(w, Rng(7));
        s.in_order = true;
        s.settle();
        s
    };
    for ((field, asked), given_up) in cases {
        let mut s = settled();
        s.crash = true;
        let done = |s: &mut Sim, command: Command| {
            s.asked(command).unwrap_or_else(|e| panic!("{field:?}: {e}"));
        };
        let mut base = vec![(Field::Profile, "Closest"), (Field::Xps, "off")];
        base.extend((field == Field::Rps).then_some((Field::Queues, "1")));
        done(&mut s, apply("k0", &base));
        let plain = s.w.nics["pci:k0"].device.clone();
        done(&mut s, apply("k0", &[(field, asked)]));
        let options = Options { allow: Impact::None, no_restart: true, ..Options::default() };
        let patch = patch(&[(field, given_up)]);
        done(&mut s, Command::Apply { selector: Selector::one("k0"), patch, options });
        let waiting = pending(&s);
        assert!(!waiting.is_empty() && s.crashes > 5, "{field:?}");

        let once = start(s.w.crashed());
        let mut again = start(once.w.crashed());
        for next in [&once, &again] {
            assert_eq!((next.runs, next.saves, pending(next)), (0, 0, waiting.clone()), "{field:?}");
        }
        // So it is where the one before died in the middle of another change, which is taken back.
        let mut dying = start(again.w.crashed());
        let now = dying.w.nics["pci:k0"].device.clone();
        dying.ask_root(Command::Restart { selector: Selector::one("k0"), options: Options::default() });
        while dying.runs == 0 {
            assert!(dying.step() || dying.answer(), "{field:?}");
        }
        let recovered = start(dying.w.crashed());
        assert_eq!(now.difference(&recovered.w.nics["pci:k0"].device), None, "{field:?}");
        assert_eq!(pending(&recovered), waiting, "{field:?}");

        let lost = start(World { boot: "second".into(), ..again.w.crashed() });
        // Which queues are used is what the settings say, however many there are.
        let waited = |op: &Op| waiting.iter().any(|s| s.op == *op) && !matches!(op, Op::SetEntries(_));
        let wrote = |s: &Sim| s.ops.iter().any(waited);
        assert_eq!((wrote(&lost), pending(&lost)), (false, vec![]), "{field:?}");
        let mut plugged = start(again.w.crashed());
        plugged.unplug("pci:k0");
        plugged.plug("pci:k0");
        plugged.settle();
        for after in [&plugged, &start(plugged.w.crashed())] {
            assert_eq!((wrote(after), pending(after)), (false, vec![]), "{field:?}");
        }

        for of in [&mut s, &mut again] {
            done(of, Command::Restart { selector: Selector::one("k0"), options: Options::default() });
        }
        let (back, there) = (&again.w.nics["pci:k0"].device, &s.w.nics["pci:k0"].device);
        assert_eq!(back.difference(there), None, "{field:?}: something else than without a new daemon");
        assert_eq!(back.channels(), plain.channels(), "{field:?}");
        // Which processors it is on is the profile's choice.
        assert!(field == Field::Queues || back.difference(&plain).is_none(), "{field:?}");
        assert_eq!(pending(&start(again.w.crashed())), [], "{field:?}: it is back");
    }
}

/// Whatever a daemon that starts was in the middle of when it died, the next one ends where it would have ended, and takes no
/// step that disturbs more than what happens by itself may: that something is taken back allows nothing else.
#[test]
fn a_start_that_dies_allows_the_next_one_nothing_more() {
    let start = |w: World| {
        let mut s = Sim::start(w, Rng(7));
        s.in_order = true;
        s
    };
    let settled_on = |w: World| {
        let mut s = start(w);
        s.settle();
        s
    };
    // Other queues on a card that drops its link for that: of an edited configuration, and those that were found, when
    // they were set for now.
    let edited = config("k2", &[(Field::Queues, "2"), (Field::HashKey, "symmetric")]);
    for (runtime, queues, next) in [(false, "4", edited), (true, "3", Config::default())] {
        let mut w = World::new(Faults::default());
        w.durable.boot.clone_from(&w.boot);
        let mut s = settled_on(w);
        let options = Options { runtime, allow: Impact::Link, ..Options::default() };
        let fields = if runtime { (Field::Queues, queues) } else { (Field::Profile, "Closest") };
        s.asked(Command::Apply { selector: Selector::one("k2"), patch: patch(&[fields]), options }).unwrap();
        let now = Options { runtime, ..Options::default() };
        let mut at_rest = s.w.crashed();
        at_rest.config = next.clone();
        let whole = settled_on(at_rest.clone());
        let mut dead = vec![];
        // Of the start, or of a harmless request before it.
        let mut starting = start(at_rest);
        while starting.step() || starting.answer() {
            dead.push(starting.w.crashed());
        }
        let key = patch(&[(Field::HashKey, "symmetric"), (Field::MaxProcessors, "1")]);
        s.ask_root(Command::Apply { selector: Selector::one("k2"), patch: key, options: now });
        while s.outstanding.len() == 1 {
            assert!(s.step() || s.answer());
            let there = World { config: next.clone(), ..s.w.crashed() };
            dead.extend((!there.durable.open.is_empty()).then_some(there));
        }
        let unfinished = dead.iter().filter(|w| w.durable.open.iter().any(|o| o.adapter == "pci:k2")).count();
        assert!(unfinished > 3, "{unfinished} of {}", dead.len());
        for w in dead {
            let again = settled_on(w);
            let nic = &again.w.nics["pci:k2"];
            let worst = again.ops.iter().map(|op| nic.driver().impact(&nic.device, op)).max();
            assert!(worst <= Some(Impact::Reorder), "runtime {runtime}: {:?}", again.ops);
            assert_eq!(nic.device.channels().to_string(), queues, "runtime {runtime}");
            assert_eq!(nic.device.difference(&whole.w.nics["pci:k2"].device), None, "runtime {runtime}");
            let pending = |s: &Sim| s.snapshot.as_ref().unwrap().by_name("k2").unwrap().pending.clone();
            assert_eq!(pending(&again), pending(&whole), "runtime {runtime}");
        }
    }
}

/// An adapter that did not follow the machine-wide switch, and is degraded, follows it as soon as a request that fails has
/// taken it back: readers see none that rests and is not what switch and settings say, and a restart finds nothing to do.
#[test]
fn what_was_missed_while_degraded_is_made_up_for() {
    let mut s = settled();
    s.asked(apply("k0", &[(Field::Profile, "Closest")])).unwrap();
    let k0 = |s: &Sim| {
        let view = s.snapshot.as_ref().unwrap().by_name("k0").unwrap().clone();
        (view.state.clone(), view.device.enabled, s.w.nics["pci:k0"].device.enabled)
    };
    let first = s.w.runs;
    // It is switched off and said to have failed; the way back fails, and so does the next request.
    s.w.scripted = [(0, Fault::DoneAllTheSame), (1, Fault::Fails), (2, Fault::Fails)]
        .map(|(n, fault)| (first + n, fault))
        .into();
    s.ask_root(Command::SetGlobal { rss: false });
    s.settle();
    assert!(matches!(k0(&s), (AdapterState::Degraded { .. }, false, false)), "{:?}", k0(&s));
    let refused = s.asked(apply("k0", &[(Field::BaseProcessor, "0:2")]));
    assert!(matches!(refused, Err(CommandError::RolledBack { .. })), "{refused:?}");
    assert!(!s.snapshot.as_ref().unwrap().rss_on);
    assert_eq!(k0(&s), (AdapterState::Managed, false, false), "{:?}", s.ops);
    let mut again = Sim::start(World { scripted: [].into(), ..s.w.crashed() }, Rng(7));
    again.settle();
    assert_eq!((again.runs, k0(&again)), (0, k0(&s)));
}

/// A VPort whose queue goes when there are fewer of them has another one after the restart, whoever crashes meanwhile.
#[test]
fn a_vport_has_another_queue_when_its_own_goes_with_a_restart() {
    let mut s = settled();
    s.crash = true;
    let k0 = || Selector::one("k0");
    let done = |s: &mut Sim, command: Command| {
        s.asked(command).unwrap();
        let device = &s.w.nics["pci:k0"].device;
        (device.channels(), device.vports.values().map(|v| v.queues[0].0).collect::<Vec<_>>())
    };
    let change = VPortChange::Create(None, VPortWish::default());
    let made = done(&mut s, Command::VPorts { selector: k0(), change, options: Options::default() });
    assert_eq!(made, (4, vec![3]));
    let later = Options { allow: Impact::None, no_restart: true, ..Options::default() };
    let fewer = patch(&[(Field::Queues, "2")]);
    let fewer = done(&mut s, Command::Apply { selector: k0(), patch: fewer, options: later });
    assert_eq!(fewer, made);
    let restarted = done(&mut s, Command::Restart { selector: k0(), options: Options::default() });
    assert_eq!(restarted, (2, vec![1]));
    assert!(s.crashes > 10, "{}", s.crashes);
}

/// A VPort spreads until the restart that is to end it, whoever crashes meanwhile.
#[test]
fn a_vport_is_switched_off_with_the_restart_that_its_adapter_waits_for() {
    let mut s = settled();
    s.crash = true;
    let k0 = || Selector::one("k0");
    let done = |s: &mut Sim, command: Command| {
        s.asked(command).unwrap();
        let device = &s.w.nics["pci:k0"].device;
        (device.enabled, device.vports.values().map(|v| v.enabled).collect::<Vec<_>>())
    };
    let add = vec![Test { mac: Some([2, 0, 0, 0, 0, 1]), vlan: None }];
    let wish = VPortWish { queues: Some(2), enabled: Some(true), add, ..VPortWish::default() };
    let change = VPortChange::Create(None, wish);
    let made = done(&mut s, Command::VPorts { selector: k0(), change, options: Options::default() });
    assert_eq!(made, (true, vec![true]));
    let later = Options { allow: Impact::None, no_restart: true, ..Options::default() };
    let off = patch(&[(Field::Enabled, "false")]);
    let off = done(&mut s, Command::Apply { selector: k0(), patch: off, options: later });
    assert_eq!(off, made);
    let restarted = done(&mut s, Command::Restart { selector: k0(), options: Options::default() });
    assert_eq!(restarted, (false, vec![false]));
    assert!(s.crashes > 5, "{}", s.crashes);
}

/// A change that waits to be confirmed goes back as a whole, also where it was being carried on because its adapter came
/// again: to what was before it, not to the part of it that was there already.
#[test]
fn what_is_carried_on_under_a_checkpoint_goes_back_to_what_was_before_it() {
    let mut s = settled();
    let found = s.w.nics["pci:k2"].device.clone();
    let confirm_within = Some(60_000_000_000);
    let options = Options { no_restart: true, confirm_within, ..Options::default() };
    let patch = patch(&[(Field::Queues, "2")]);
    let id = s.ask_root(Command::Apply { selector: Selector::one("k2"), patch, options });
    s.settle();
    assert!(s.replies[&id].is_ok(), "{:?}", s.replies[&id]);
    assert_ne!(found.difference(&s.w.nics["pci:k2"].device), None);
    assert!(!s.snapshot.as_ref().unwrap().by_name("k2").unwrap().pending.is_empty());

    s.unplug("pci:k2");
    s.plug("pci:k2");
    let runs = s.runs;
    s.execute();
    while s.runs == runs {
        assert!(s.answer(), "a card that has just come has no link to lose");
        s.execute();
    }
    let late = 70_000_000_000;
    let mut dead = s.w.crashed();
    dead.now = dead.now.after(late);
    let mut again = Sim::start(dead, Rng(7));
    again.settle();
    assert_eq!(found.difference(&again.w.nics["pci:k2"].device), None);

    s.unplug("pci:k2");
    s.pass(late);
    s.settle();
    s.plug("pci:k2");
    s.settle();
    assert_eq!(found.difference(&s.w.nics["pci:k2"].device), None);
}
