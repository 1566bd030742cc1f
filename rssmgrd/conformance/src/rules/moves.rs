//! `NDIS_RSS_SET_INDIRECTION_ENTRIES`: groups, owners, queues.

use crate::lab::{Checked, D, Lab, QUEUES, V1, V2, default, entry, is, ok, primary, same};
use crate::recorder::{Call, Failure};
use crate::{Rule, Variant};
use rssmgr_core::CpuId;
use rssmgr_core::scaling::{Actor, Fault, Move, MoveRequest, Parameters, Status};

const fn rule(name: &'static str, says: &'static str, check: fn(&mut Lab) -> Checked) -> Rule {
    Rule { name, source: "NDIS_RSS_SET_INDIRECTION_ENTRIES", says, variant: Variant::Full, check }
}

pub(super) const RULES: &[Rule] = &[
    rule("actor-owns-entry", "an entry is pushed by the processor that it points at, never pulled", actor),
    rule("group-is-atomic", "a group is all or nothing", atomic),
    rule("group-has-one-status", "all moves of a group have one status", one_status),
    rule("groups-are-neighbours", "moves of a VPort that are apart are groups of their own", neighbours),
    rule(
        "queues-after-the-group",
        "queues are counted for the end of a group: a processor is evacuated at the limit",
        evacuate,
    ),
    rule("queues-limit", "a group that would use more processors than queues is NO_QUEUES", limit),
    rule("queues-part-of-evacuation", "evacuating a part of a processor at the limit is NO_QUEUES", part),
    rule("default-needs-a-queue", "the default processor needs a queue like the entries", default_queue),
    rule("moves-as-many-as-entries", "a request takes a move for every entry", many),
    rule("move-to-itself", "a move to where the entry is succeeds", itself),
    rule("move-ready-at-once", "after success the next move can come", at_once),
    rule(
        "driver-failure-is-resources",
        "what the driver cannot for a moment is RESOURCES, and nothing changed",
        resources,
    ),
    rule("driver-partial-failure", "where the driver does a part of a group, that is taken back", partial),
    rule("queue-keeps-its-processor", "a processor that has a queue keeps it", keeps),
    rule("one-call-a-group", "a group is one call of the driver", one_call),
];

fn actor(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 2])?;
    let request = |cpu, moves: &[Move]| MoveRequest {
        flags: 0,
        actor: Actor::Processor(CpuId(cpu)),
        moves: moves.to_vec(),
    };
    let pulled = lab.subject.moves(&request(2, &[entry(D, 0, 2)]));
    same("pulled", pulled, Ok(vec![Err(Status::NotAccepted)]))?;
    let pushed = lab.subject.moves(&request(1, &[entry(D, 0, 2), entry(D, 2, 0)]));
    same("pushed", pushed, Ok(vec![Ok(()); 2]))?;
    same("table", lab.table(D, 4)?, vec![2, 2, 0, 2])
}

fn atomic(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 2])?;
    let _ = lab.moves(&[entry(D, 0, 2), entry(D, 1, 7), entry(D, 2, 2)]);
    same("table", lab.table(D, 4)?, vec![1, 2, 1, 2])
}

fn one_status(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 2])?;
    let bad = lab.moves(&[entry(D, 1, 1), entry(D, 9, 1), entry(D, 2, 2)]);
    same("statuses", bad, Ok(vec![Err(Status::InvalidParameter); 3]))
}

fn neighbours(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 2])?;
    lab.vports()?;
    for key in [V1, V2] {
        lab.spread(key, &[0, 2])?;
    }
    // Three groups: two of the first VPort are right, that of the second is not.
    let request = [entry(V1, 0, 2), entry(V2, 5, 2), entry(V1, 1, 0)];
    let results = lab.moves(&request);
    same("statuses", results, Ok(vec![Ok(()), Err(Status::InvalidParameter), Ok(())]))?;
    same("tables", (lab.table(V1, 2)?, lab.table(V2, 2)?), (vec![2, 0], vec![0, 2]))
}

/// As many processors as queues, the default one among them.
fn full(lab: &mut Lab) -> Checked {
    lab.on(&[0, 1, 2, 3])?;
    is("four queues", QUEUES == 4)
}

fn evacuate(lab: &mut Lab) -> Checked {
    full(lab)?;
    lab.moved(&[entry(D, 0, 4), default(D, 4)])?;
    same("table", (lab.table(D, 4)?, lab.cpu(D, None)?), (vec![4, 1, 2, 3], 4))
}

fn limit(lab: &mut Lab) -> Checked {
    full(lab)?;
    let request = [entry(D, 1, 4), default(D, 5)];
    same("status", lab.moves(&request), Ok(vec![Err(Status::NoQueues); 2]))?;
    same("table", lab.table(D, 4)?, vec![0, 1, 2, 3])
}

fn part(lab: &mut Lab) -> Checked {
    full(lab)?;
    ok("growth", lab.parameters(&Parameters { entries: Some(8), enable: true, ..Parameters::default() }))?;
    same("status", lab.moves(&[entry(D, 1, 4)]), Ok(vec![Err(Status::NoQueues)]))?;
    lab.moved(&[entry(D, 1, 4), entry(D, 5, 4)])
}

fn default_queue(lab: &mut Lab) -> Checked {
    full(lab)?;
    same("status", lab.moves(&[default(D, 5)]), Ok(vec![Err(Status::NoQueues)]))
}

fn many(lab: &mut Lab) -> Checked {
    let entries = lab.subject.capability().table_entries;
    lab.on(&vec![1; usize::from(entries)])?;
    let moves: Vec<Move> = (0..entries).map(|i| entry(D, i, if i % 2 == 0 { 2 } else { 3 })).collect();
    lab.moved(&moves)?;
    same("table", lab.table(D, 4)?, vec![2, 3, 2, 3])
}

fn itself(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.moved(&[entry(D, 0, 1), default(D, 0), primary(D, 0)])
}

fn at_once(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    for target in [2, 3, 1, 2] {
        lab.moved(&[entry(D, 0, target)])?;
        same("table", lab.table(D, 2)?, vec![target, 2])?;
    }
    Ok(())
}

fn resources(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.fail(Failure::Calls(Call::Entries(1), 1, Fault::Resources));
    same("status", lab.moves(&[entry(D, 0, 2)]), Ok(vec![Err(Status::Resources)]))?;
    same("table", lab.table(D, 2)?, vec![1, 2])?;
    lab.moved(&[entry(D, 0, 2)])?;
    same("table", lab.table(D, 2)?, vec![2, 2])
}

fn partial(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 2])?;
    lab.fail(Failure::Entry(1, Fault::NotReady));
    let moves = lab.moves(&[entry(D, 0, 2), entry(D, 1, 1), entry(D, 2, 2)]);
    same("status", moves, Ok(vec![Err(Status::AdapterNotReady); 3]))?;
    same("table", lab.table(D, 4)?, vec![1, 2, 1, 2])
}

fn keeps(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 3, 1])?;
    lab.moved(&[entry(D, 0, 2), entry(D, 3, 3)])?;
    same("calls", lab.calls(), vec![Call::Entries(2)])
}

fn one_call(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 2])?;
    lab.moved(&[entry(D, 0, 2), entry(D, 1, 1), entry(D, 2, 2)])?;
    same("calls", lab.calls(), vec![Call::Entries(3)])
}
