//! Every status, and how moves are named.

use crate::lab::{Checked, D, Lab, V1, default, entry, ok, primary, same, stay_on};
use crate::recorder::{Call, Failure};
use crate::{Rule, Variant};
use rssmgr_core::CpuId;
use rssmgr_core::adapter::Event;
use rssmgr_core::scaling::moves::{FLAG_DEFAULT, FLAG_PRIMARY, INDEX_DEFAULT, INDEX_PRIMARY};
use rssmgr_core::scaling::{Fault, Move, MoveRequest, Status, SwitchId, VPortKey};

const fn rule(name: &'static str, says: &'static str, check: fn(&mut Lab) -> Checked) -> Rule {
    Rule { name, source: "NDIS_RSS_SET_INDIRECTION_ENTRY", says, variant: Variant::Full, check }
}

pub(super) const RULES: &[Rule] = &[
    rule("status-unknown-vport", "an unknown VPort is INVALID_PARAMETER", unknown_vport),
    rule("status-unknown-switch", "an unknown switch is INVALID_PARAMETER", unknown_switch),
    rule("status-not-activated", "a VPort that is not activated is INVALID_PORT_STATE", not_activated),
    rule("status-being-deleted", "a VPort whose deletion has begun is INVALID_PORT", being_deleted),
    rule("status-index", "an entry beyond the table is INVALID_PARAMETER", index),
    rule("status-target", "a target outside the RSS set is INVALID_DATA", target),
    rule("status-not-ready", "an adapter that is powered down is ADAPTER_NOT_READY", not_ready),
    rule("status-not-found", "an adapter that is removed is ADAPTER_NOT_FOUND", not_found),
    rule("status-request-flags", "a request with flags is INVALID_PARAMETER", request_flags),
    rule("status-too-many-moves", "more moves than there can be is INVALID_LENGTH", too_many),
    rule("named-by-flag-or-index", "primary and default processor are named by flag or by index", named),
    rule("flag-and-index-agree", "a flag and an index that disagree are INVALID_PARAMETER", agree),
];

fn one(lab: &mut Lab, m: Move, status: Status) -> Checked {
    same("status", lab.moves(&[m]), Ok(vec![Err(status)]))
}

fn unknown_vport(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    one(lab, entry(V1, 0, 1), Status::InvalidParameter)
}

fn unknown_switch(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    let key = VPortKey { switch: SwitchId(3), ..D };
    one(lab, entry(key, 0, 1), Status::InvalidParameter)
}

fn not_activated(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    ok("create", lab.subject.create(V1, CpuId(0), 2))?;
    one(lab, entry(V1, 0, 1), Status::InvalidPortState)?;
    ok("activate", lab.subject.activate(V1))?;
    lab.moved(&[entry(V1, 0, 1)])
}

fn being_deleted(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.vports()?;
    lab.fail(Failure::Calls(Call::DeleteVPort, 1, Fault::Resources));
    same("the deletion", lab.subject.delete(V1), Err(Status::Resources))?;
    one(lab, entry(V1, 0, 2), Status::InvalidPort)?;
    same("parameters", lab.subject.parameters(V1, &stay_on()), Err(Status::InvalidPort))?;
    ok("the deletion, again", lab.subject.delete(V1))?;
    one(lab, entry(V1, 0, 2), Status::InvalidParameter)
}

fn index(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    one(lab, entry(D, 2, 1), Status::InvalidParameter)
}

fn target(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    one(lab, entry(D, 0, 6), Status::InvalidData)
}

fn not_ready(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.event(Event::DestroyQueues)?;
    lab.event(Event::PowerDown)?;
    same("status", lab.moves(&[entry(D, 0, 2)]), Err(Status::AdapterNotReady))
}

fn not_found(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.event(Event::Remove)?;
    same("status", lab.moves(&[entry(D, 0, 2)]), Err(Status::AdapterNotFound))
}

fn request_flags(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    let request = MoveRequest { flags: 1, ..MoveRequest::for_owner(vec![entry(D, 0, 2)]) };
    same("status", lab.subject.moves(&request), Err(Status::InvalidParameter))
}

fn too_many(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    let c = lab.subject.capability();
    let others = usize::from(c.vports.max.saturating_sub(1)) * (usize::from(c.vports.table_entries) + 2);
    let most = usize::from(c.table_entries) + 2 + others;
    same("status", lab.moves(&vec![entry(D, 0, 2); most + 1]), Err(Status::InvalidLength))
}

fn raw(flags: u32, index: u16, target: u32) -> Move {
    Move { switch: D.switch, vport: D.vport, flags, index, target: CpuId(target) }
}

fn named(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    for (flags, index) in [(FLAG_DEFAULT, INDEX_DEFAULT), (FLAG_DEFAULT, 0), (0, INDEX_DEFAULT)] {
        lab.moved(&[raw(flags, index, 3)])?;
        same("default processor", lab.cpu(D, None)?, 3)?;
        lab.moved(&[default(D, 2)])?;
    }
    for (flags, index) in [(FLAG_PRIMARY, INDEX_PRIMARY), (FLAG_PRIMARY, 0), (0, INDEX_PRIMARY)] {
        lab.moved(&[raw(flags, index, 3), primary(D, 2)])?;
    }
    same("the rest", (lab.table(D, 2)?, lab.cpu(D, None)?), (vec![1, 2], 2))
}

fn agree(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    let both = FLAG_PRIMARY | FLAG_DEFAULT;
    for (flags, index) in [
        (FLAG_DEFAULT, INDEX_PRIMARY),
        (FLAG_PRIMARY, INDEX_DEFAULT),
        (FLAG_DEFAULT, 1),
        (FLAG_PRIMARY, 1),
        (both, 0),
        (4, 0),
    ] {
        one(lab, raw(flags, index, 2), Status::InvalidParameter)?;
    }
    Ok(())
}
