//! The callbacks: when they come, and what a driver may do.

use crate::lab::{Checked, D, KEY, Lab, V1, begin, enable, entry, filter, is, mac, ok, same, stay_on};
use crate::recorder::{Call, Failure};
use crate::{Rule, Variant};
use rssmgr_core::adapter::{Event, Phase};
use rssmgr_core::scaling::{Fault, Parameters, Status};

const fn rule(name: &'static str, says: &'static str, check: fn(&mut Lab) -> Checked) -> Rule {
    Rule { name, source: "NetAdapterCx receive scaling", says, variant: Variant::Full, check }
}

pub(super) const RULES: &[Rule] = &[
    rule("calls-only-with-queues", "no callback before the queues exist", before_queues),
    rule("no-calls-after-teardown", "no callback after the queues are destroyed", after_teardown),
    rule("key-any-time", "the key changes while RSS is on, without switching it off", key),
    rule("replay-order", "after a reset: homes, whole table, key, enable", order),
    rule("replay-while-off", "the table is replayed although RSS is off", while_off),
    rule("replay-brings-everything", "after a reset everything is as it was", everything),
    rule("replay-brings-vports", "after a reset VPorts are there again, with table and filters", vports),
    rule("replay-after-power-down", "what was known before powering down is known after it", power),
    rule("three-tries", "a configuration that fails is tried three times", tries),
    rule("then-revoked", "then RSS is revoked, and comes back with the next reset", revoked),
    rule("failed-parameters-undone", "parameters that the driver fails to take leave all as it was", undone),
    rule("gone-is-removed", "a driver that says its adapter is gone is removed", gone),
];

fn before_queues(lab: &mut Lab) -> Checked {
    let begin = begin();
    for event in [Event::Capabilities, Event::Start(begin), Event::PowerUp] {
        lab.event(event)?;
        same("a request", lab.parameters(&enable()), Err(Status::AdapterNotReady))?;
    }
    same("calls", lab.calls(), vec![])?;
    lab.event(Event::CreateQueues)?;
    same("the first call", lab.calls().first().copied(), Some(Call::CreateQueues))
}

fn after_teardown(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.event(Event::DestroyQueues)?;
    same("a request", lab.parameters(&Parameters::default()), Err(Status::AdapterNotReady))?;
    lab.event(Event::PowerDown)?;
    same("calls", lab.calls(), vec![Call::DestroyQueues])
}

fn key(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    ok("another key", lab.parameters(&Parameters { key: Some(vec![7; 40]), ..stay_on() }))?;
    same("calls", lab.calls(), vec![Call::Key])?;
    same("key", lab.device()?.key.bytes() == [7; 40], true)
}

/// The calls for the default VPort after a reset.
fn replayed(lab: &mut Lab) -> Result<Vec<Call>, String> {
    lab.event(Event::Reset)?;
    lab.calls();
    lab.event(Event::Restore)?;
    Ok(lab.calls())
}

fn order(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    let mut calls = replayed(lab)?;
    calls.dedup();
    let should = vec![Call::CreateQueues, Call::Home, Call::Table, Call::Key, Call::Enable];
    same("calls", calls, should)
}

fn while_off(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    ok("off", lab.parameters(&Parameters::default()))?;
    let calls = replayed(lab)?;
    is("the table is written", calls.contains(&Call::Table))?;
    is("RSS stays off", !calls.contains(&Call::Enable) && !lab.device()?.enabled)
}

fn everything(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 3, 1])?;
    lab.moved(&[crate::lab::default(D, 2)])?;
    replayed(lab)?;
    same("table and default", (lab.table(D, 4)?, lab.cpu(D, None)?), (vec![1, 2, 3, 1], 2))?;
    let device = lab.device()?;
    same("on, key", (device.enabled, device.key.bytes() == KEY), (true, true))
}

fn vports(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.vports()?;
    lab.spread(V1, &[0, 3])?;
    ok("filters", lab.subject.filters(V1, &[filter(1, Some(mac(1)), None)]))?;
    replayed(lab)?;
    same("table", lab.table(V1, 2)?, vec![0, 3])?;
    same("owner", lab.owner(mac(1), 0)?, 1)
}

fn power(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    for event in [Event::DestroyQueues, Event::PowerDown, Event::PowerUp, Event::CreateQueues] {
        lab.event(event)?;
    }
    same("table", lab.table(D, 2)?, vec![1, 2])?;
    lab.moved(&[entry(D, 0, 3)])
}

fn tries(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.event(Event::Reset)?;
    lab.fail(Failure::Calls(Call::Enable, 2, Fault::NotReady));
    lab.calls();
    ok("the third", lab.subject.handle(Event::Restore).map_err(|_| Status::AdapterNotReady))?;
    let enables = lab.calls().iter().filter(|call| **call == Call::Enable).count();
    same("tries", enables, 3)?;
    same("phase", lab.subject.phase(), Phase::Running)
}

fn revoked(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.event(Event::Reset)?;
    lab.fail(Failure::Calls(Call::Key, 3, Fault::NotReady));
    is("it is told", lab.subject.handle(Event::Restore).is_err())?;
    same("phase", lab.subject.phase(), Phase::Revoked)?;
    same("a request", lab.moves(&[entry(D, 0, 3)]), Err(Status::AdapterNotReady))?;
    is("it does not spread", !lab.device()?.enabled)?;
    replayed(lab)?;
    same("phase", lab.subject.phase(), Phase::Running)?;
    same("table", lab.table(D, 2)?, vec![1, 2])
}

fn undone(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.fail(Failure::Calls(Call::Key, 1, Fault::Resources));
    let request = Parameters { key: Some(vec![7; 40]), entries: Some(4), ..stay_on() };
    same("status", lab.parameters(&request), Err(Status::Resources))?;
    let device = lab.device()?;
    same("key, on", (device.key.bytes() == KEY, device.enabled), (true, true))?;
    same(
        "an entry that did not come",
        lab.moves(&[entry(D, 2, 3)]),
        Ok(vec![Err(Status::InvalidParameter)]),
    )?;
    same("table", lab.table(D, 2)?, vec![1, 2])?;
    // As often as one likes: queues that were taken for it went back.
    let most = u32::from(lab.subject.capability().max_queues);
    for _ in 0..3 {
        lab.fail(Failure::Calls(Call::Key, 1, Fault::Resources));
        let request = Parameters { key: Some(vec![7; 40]), queues: Some(most), ..stay_on() };
        same("status", lab.parameters(&request), Err(Status::Resources))?;
    }
    ok("all queues", lab.parameters(&Parameters { queues: Some(most), ..stay_on() }))
}

fn gone(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.fail(Failure::Calls(Call::Entries(1), 1, Fault::Gone));
    same("status", lab.moves(&[entry(D, 0, 2)]), Ok(vec![Err(Status::AdapterNotFound)]))?;
    same("phase", lab.subject.phase(), Phase::Removed)
}
