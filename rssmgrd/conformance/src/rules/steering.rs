//! What directs packets, and what is only remembered.

use crate::lab::{Checked, D, Lab, default, enable, entry, ok, primary, same, stay_on};
use crate::{Rule, Variant};
use rssmgr_core::CpuId;
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::scaling::{Parameters, Status};

const fn rule(name: &'static str, says: &'static str, check: fn(&mut Lab) -> Checked) -> Rule {
    Rule { name, source: "RSSv2: steering parameters", says, variant: Variant::Full, check }
}

pub(super) const RULES: &[Rule] = &[
    rule("initial-affinity", "everything begins on the VPort's affinity, with one entry", initial),
    rule("off-goes-to-primary", "while RSS is off every packet is the primary processor's", off_primary),
    rule("on-goes-by-table", "while RSS is on a packet with a hash goes by its entry", on_table),
    rule(
        "on-unhashed-goes-to-default",
        "while RSS is on a packet without a hash is the default processor's",
        unhashed,
    ),
    rule("entries-tracked-while-off", "entries moved while RSS is off count when it is on", tracked_entries),
    rule(
        "default-tracked-while-off",
        "a default processor moved while RSS is off counts when it is on",
        tracked_default,
    ),
    rule(
        "primary-tracked-while-on",
        "a primary processor moved while RSS is on counts when it is off",
        tracked_primary,
    ),
    rule(
        "primary-moves-alone",
        "moving the primary processor leaves table and default processor alone",
        alone,
    ),
    rule(
        "affinity-moves-primary",
        "the affinity of the VPort's parameters is its primary processor",
        affinity,
    ),
    rule("inactive-outside-set", "what directs no traffic may be outside the RSS set", outside),
    rule(
        "transition-validates",
        "what begins to direct traffic must be in the RSS set, or nothing changes",
        transition,
    ),
    rule("table-survives-toggling", "switching off and on keeps the table", toggling),
    rule(
        "off-needs-no-repointing",
        "RSS goes off whatever the table says, and traffic to the primary processor",
        off_any,
    ),
    rule("rss-set-keeps-active", "a processor that directs traffic cannot leave the RSS set", set_active),
];

fn off() -> Parameters {
    Parameters::default()
}

fn initial(lab: &mut Lab) -> Checked {
    lab.up()?;
    ok("on", lab.parameters(&enable()))?;
    same("table", lab.table(D, 8)?, vec![0; 8])?;
    same("unhashed", lab.cpu(D, None)?, 0)?;
    same("second entry", lab.moves(&[entry(D, 1, 0)]), Ok(vec![Err(Status::InvalidParameter)]))
}

fn off_primary(lab: &mut Lab) -> Checked {
    lab.up()?;
    lab.moved(&[primary(D, 3)])?;
    same("hashed", lab.cpu(D, Some(7))?, 3)?;
    same("unhashed", lab.cpu(D, None)?, 3)
}

fn on_table(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 0])?;
    same("table", lab.table(D, 8)?, vec![1, 2, 1, 0, 1, 2, 1, 0])
}

fn unhashed(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 2])?;
    lab.moved(&[default(D, 2)])?;
    same("unhashed", lab.cpu(D, None)?, 2)
}

fn tracked_entries(lab: &mut Lab) -> Checked {
    lab.up()?;
    ok("entries", lab.parameters(&Parameters { entries: Some(4), ..off() }))?;
    lab.moved(&[entry(D, 0, 1), entry(D, 2, 2), entry(D, 3, 2)])?;
    same("while off", lab.table(D, 4)?, vec![0; 4])?;
    ok("on", lab.parameters(&enable()))?;
    same("while on", lab.table(D, 4)?, vec![1, 0, 2, 2])
}

fn tracked_default(lab: &mut Lab) -> Checked {
    lab.up()?;
    lab.moved(&[default(D, 4)])?;
    same("while off", lab.cpu(D, None)?, 0)?;
    ok("on", lab.parameters(&enable()))?;
    same("while on", lab.cpu(D, None)?, 4)
}

fn tracked_primary(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.moved(&[primary(D, 5)])?;
    same("while on", (lab.table(D, 2)?, lab.cpu(D, None)?), (vec![1, 2], 0))?;
    ok("off", lab.parameters(&off()))?;
    same("while off", lab.cpu(D, Some(1))?, 5)
}

fn alone(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    lab.moved(&[default(D, 2)])?;
    ok("off", lab.parameters(&off()))?;
    lab.moved(&[primary(D, 5)])?;
    ok("on", lab.parameters(&stay_on()))?;
    same("table and default", (lab.table(D, 2)?, lab.cpu(D, None)?), (vec![1, 2], 2))
}

fn affinity(lab: &mut Lab) -> Checked {
    lab.up()?;
    ok("affinity", lab.subject.affinity(D, CpuId(4)))?;
    same("packets", lab.cpu(D, None)?, 4)
}

fn outside(lab: &mut Lab) -> Checked {
    lab.up()?;
    lab.moved(&[entry(D, 0, 7), default(D, 6)])
}

fn transition(lab: &mut Lab) -> Checked {
    lab.up()?;
    lab.moved(&[default(D, 7)])?;
    same("status", lab.parameters(&enable()), Err(Status::InvalidData))?;
    same("RSS is on", lab.device()?.enabled, false)?;
    lab.moved(&[default(D, 5)])?;
    ok("on", lab.parameters(&enable()))
}

fn toggling(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 0])?;
    ok("off", lab.parameters(&off()))?;
    ok("on", lab.parameters(&stay_on()))?;
    same("table", lab.table(D, 4)?, vec![1, 2, 1, 0])
}

fn off_any(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 2])?;
    ok("off", lab.parameters(&off()))?;
    same("packets", (lab.cpu(D, Some(1))?, lab.cpu(D, None)?), (0, 0))
}

fn set_active(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    let without: CpuSet = [0, 1].into_iter().map(CpuId).collect();
    same("status", lab.subject.rss_set(without), Err(Status::InvalidData))?;
    let with: CpuSet = [0, 1, 2].into_iter().map(CpuId).collect();
    ok("a smaller set", lab.subject.rss_set(with))
}
