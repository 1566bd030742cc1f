//! The process dies here and now; another one starts.

use std::sync::Arc;

use rssmgr_core::QueueId;
use rssmgr_core::driver::Impact;
use rssmgr_core::field::Field;
use rssmgr_core::hash::HashKey;
use rssmgr_core::manager::{AdapterState, AdapterView, GivenUp, Kind, SavedAdapter};
use rssmgr_core::place::{AdapterInput, GiveBack, Target, place};
use rssmgr_core::plan::{impact, plan};
use rssmgr_core::settings::{Auto, KeySetting, Layer, Origin, Queues, Settings};
use rssmgr_core::vport::realise;

use crate::generate::SECOND;
use crate::model::Kept;
use crate::rng::Rng;
use crate::sim::Sim;
use crate::world::{Nic, World};

/// Crashes a copy of the world, starts again, and checks what came of it. Returns how many crashes were tried.
pub(crate) fn check(s: &mut Sim) -> u64 {
    for (key, nic) in &s.w.nics {
        let known = s.model.get(key).cloned().unwrap_or_default();
        let asked = s.outstanding.values().map(|(_, c)| c);
        let confirmed = s.unconfirmed.values().filter_map(|parts| parts.get(key));
        let now = Kept::of(&s.w.durable, key);
        if let Some(all) = known.reachable(asked, &nic.facts.name) {
            assert!(
                all.contains(&now) || confirmed.clone().any(|k| *k == now),
                "{key}: {now:?} durable after {known:?}"
            );
        }
    }
    let mut dead = s.w.crashed();
    // Much of what happens to a software NIC, or fails, leaves nothing: no two crashes need be tried at the same state.
    if s.crashed.replace(dead.clone()).is_some_and(|last| last.leaves_the_same(&dead)) {
        return 0;
    }
    dead.now = dead.now.after(s.rng.pick(&[0, 0, 2, 70]) * SECOND);
    let mut rng = Rng(s.rng.next());
    let next = recover(dead.clone(), &mut rng, None);
    for (key, nic) in dead.nics.iter().filter(|(_, n)| n.present) {
        check_adapter(s, key, nic, &dead, &next);
    }
    let after = &next.w;
    let mut crashes = 1;
    if rng.percent(20) {
        let twice = recover(dead.clone(), &mut rng, Some(()));
        for (key, nic) in &after.nics {
            // Where adapters that are placed anew go depends on who is there already.
            let placed = dead.kept(key).is_some_and(|a| stays(&layered(&dead, nic, Some(a)), a));
            let mut other = twice.w.nics[key].device.clone();
            if !placed || !s.outstanding.is_empty() {
                other.queues.clone_from(&nic.device.queues);
                other.table.clone_from(&nic.device.table);
                // Which follow from them.
                other.xps.clone_from(&nic.device.xps);
                other.xps_rxqs.clone_from(&nic.device.xps_rxqs);
                other.rps.clone_from(&nic.device.rps);
            }
            assert_eq!(nic.device.difference(&other), None, "{key}: a second crash ends elsewhere");
        }
        crashes += 1;
    }
    crashes
}

/// Starts a daemon on what is left and lets it settle; with `again`, that one dies too on the way.
fn recover(w: World, rng: &mut Rng, again: Option<()>) -> Sim {
    let mut s = Sim::start(w, Rng(rng.next()));
    // Adapters that were never placed are placed in the order in which they arrive.
    s.in_order = true;
    if again.is_some() {
        let mut left = rng.below(25);
        while left > 0 {
            if !s.step() && !s.answer() {
                break;
            }
            left -= 1;
        }
        return recover(s.w.crashed(), rng, None);
    }
    s.settle();
    let absent = |key: &String| s.w.nics.get(key).is_none_or(|n| !n.present);
    assert!(s.w.durable.open.iter().all(|o| absent(&o.adapter)), "an open transaction remains");
    let snapshot = s.snapshot.clone().unwrap();
    for v in snapshot.adapters.values() {
        assert!(!matches!(v.state, AdapterState::Degraded { .. }), "degraded without a fault: {:?}", v.state);
    }
    check_plan(&s);
    if rng.percent(20) {
        let mut again = Sim::start(s.w.crashed(), Rng(rng.next()));
        again.in_order = true;
        again.settle();
        let kernel: Vec<_> = snapshot.adapters.values().filter(|v| v.facts.kind == Kind::Kernel).collect();
        if kernel.len() == snapshot.adapters.len() {
            assert_eq!((again.runs, again.saves), (0, 0), "writes on an agreeing machine");
        }
        for v in kernel {
            let now = again.snapshot.as_ref().unwrap().by_name(&v.facts.name).unwrap().clone();
            assert_eq!(now.device.difference(&v.device), None, "{}: moved by a restart", v.facts.name);
            assert_eq!(now.pending, v.pending, "{}: something else waits after a restart", v.facts.name);
        }
    }
    s
}

/// The settings to place by, and what goes back, where what nobody asks for any more waits for a restart.
fn given_up<'a>(settings: &Settings, saved: &'a SavedAdapter) -> (Settings, GiveBack<'a>) {
    let (mut s, mut back) = (settings.clone(), GiveBack::default());
    let Some(found) = &saved.original else { return (s, back) };
    for part in &saved.gives_back {
        match part {
            GivenUp::Queues => s.queues.value = Queues::Count(saved.found_queues),
            GivenUp::HashKey => s.hash_key.value = KeySetting::Given(found.key.clone()),
            GivenUp::HashTypes => s.hash_types.value = Auto::Is(found.hash_types),
            GivenUp::Xps => back.xps = Some(&found.xps),
            GivenUp::XpsRxqs => back.xps_rxqs = Some(&found.xps_rxqs),
            GivenUp::Rps => back.rps = Some(&found.rps),
        }
    }
    (s, back)
}

/// Whether it has processors, and they were chosen by the settings that are in force now.
fn stays(settings: &Settings, saved: &SavedAdapter) -> bool {
    let said = |word: &str| Field::all().any(|f| format!("{}={}", f.key(), settings.text(f)) == word);
    !saved.assigned.is_empty() && saved.basis.split(' ').all(said)
}

fn layered(w: &World, nic: &Nic, saved: Option<&SavedAdapter>) -> Settings {
    let mut layers = w.config.layers(&nic.facts);
    layers.extend(saved.map(|s| Layer::of(s.patch.clone(), s.table.clone(), Origin::Saved)));
    Settings::layered(&layers)
}

/// Every managed adapter is what placing and planning its durable settings and processors anew would give.
fn check_plan(s: &Sim) {
    let snapshot = s.snapshot.as_ref().unwrap();
    let key = HashKey::microsoft();
    let managed: Vec<&AdapterView> =
        snapshot.adapters.values().map(AsRef::as_ref).filter(|v| v.target.is_some()).collect();
    for v in &managed {
        let nic = s.w.by_name(&v.facts.name).unwrap();
        let saved = s.w.kept(&v.facts.key);
        let settings = layered(&s.w, nic, saved);
        let saved = saved.expect("a managed adapter is durable");
        assert_eq!(settings, v.settings, "{}: other settings in force than durable", v.facts.name);
        // VPorts that wait to be made or taken away are not there to be placed around.
        let waits = saved.scaling.vports.keys().ne(nic.device.vports.keys()) && !saved.scaling.vmq_off;
        if waits && !v.pending.is_empty() {
            continue;
        }
        let (settings, give_back) = given_up(&settings, saved);
        let input = AdapterInput {
            id: v.id,
            node: v.facts.node,
            settings: &settings,
            capability: &nic.capability,
            device: &nic.device,
            driver: &nic.facts.driver,
            found_queues: saved.found_queues,
            assigned: Some(&saved.assigned),
            replan: false,
            rss_on: s.w.durable.rss_on,
            boot_key: Some(&key),
            team: None,
            give_back,
        };
        let mut target = place(std::slice::from_ref(&input), &nic.topology).remove(0).expect("placed before");
        // Nor are those that wait to have other queues, because theirs go with a restart.
        let goes = |q: &QueueId| q.0 >= target.device.channels();
        if nic.device.vports.values().flat_map(|v| &v.queues).any(goes) && !v.pending.is_empty() {
            continue;
        }
        // Those that are there may wait to be something else: one that spreads does so until its adapter does not.
        if !v.pending.is_empty() && !saved.scaling.vmq_off {
            let (channels, on) = (target.device.channels(), settings.enabled.value && s.w.durable.rss_on);
            let asked = &saved.scaling.vports;
            let wanted = realise(asked, &nic.device, channels, nic.capability.queue_affinity, on);
            let device = &wanted.expect("queues for all");
            let input = AdapterInput { device, ..input };
            target = place(&[input], &nic.topology).remove(0).expect("placed before");
        }
        let steps = plan(nic.driver(), &nic.capability, &nic.device, &target).unwrap();
        assert_eq!(steps, v.pending, "{}: not what its durable settings say", v.facts.name);
    }
    for v in snapshot.adapters.values().filter(|v| v.target.is_none() && v.state == AdapterState::Managed) {
        let nic = s.w.by_name(&v.facts.name).unwrap();
        // What waits to be confirmed is there on purpose.
        let held = s.held(&v.facts.key);
        assert!(held || nic.device.difference(&nic.stable).is_none(), "{}: touched in vain", v.facts.name);
    }
}

/// What one adapter is after crash and restart, against what it was.
fn check_adapter(s: &Sim, key: &str, nic: &Nic, dead: &World, next: &Sim) {
    let now = &next.w.nics[key];
    let saved = dead.kept(key);
    let open = dead.goes_back(key);
    // A change under way is taken back before anything else; one that is not open was whole.
    let whole = if open { &nic.stable } else { &nic.device };
    let named = saved.is_some_and(|e| e.managed) || !s.w.config.layers(&nic.facts).is_empty();
    let released = saved.is_some_and(|e| e.released);
    if !named || released {
        let back = Target::snapshot(nic.found.clone());
        let steps = plan(nic.driver(), &nic.capability, &now.device, &back).unwrap();
        // What would take the link down waits for somebody who allows it.
        assert!(
            now.device.difference(&nic.found).is_none() || impact(&steps) > Impact::Reorder,
            "{key}: nobody's, and not as it was found: {steps:?}"
        );
        return;
    }
    let settings = layered(&s.w, nic, saved);
    if settings.hash_key.value == KeySetting::Keep {
        assert_eq!(now.device.key, whole.key, "{key}: half of a change stayed");
    }
    if settings.hash_types.value == Auto::Auto {
        assert_eq!(now.device.hash_types, whole.hash_types, "{key}: half of a change stayed");
    }
    // Where the settings in force were the durable ones, a restart changes nothing.
    let view = s.snapshot.as_ref().and_then(|p| p.by_name(&nic.facts.name));
    let rests = |v: &&Arc<AdapterView>| {
        matches!(v.state, AdapterState::Managed | AdapterState::Pending) && v.target.is_some() && !open
    };
    let Some(view) = view.filter(rests) else { return };
    if view.settings == settings
        && view.device.difference(&nic.device).is_none()
        && s.snapshot.as_ref().unwrap().rss_on == s.w.durable.rss_on
        && s.outstanding.is_empty()
    {
        assert_eq!(now.device.difference(&nic.device), None, "{key}: a restart moved it");
        let waits = &next.snapshot.as_ref().and_then(|p| p.by_name(&nic.facts.name)).unwrap().pending;
        assert_eq!(*waits, view.pending, "{key}: something else waits after a restart");
    }
}
