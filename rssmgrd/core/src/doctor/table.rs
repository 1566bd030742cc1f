//! The number of queues that are used.

use alloc::format;
use alloc::vec::Vec;

use super::case::Case;
use super::{Check, Finding, Severity};
use crate::capability::ChannelControl;
use crate::place::Path;
use crate::settings::{Auto, Queues};

pub(super) fn look(case: &Case<'_>, found: &mut Vec<Finding>) {
    if !case.on() || !case.nic.up {
        return;
    }
    found.extend(few_queues(case));
    found.extend(few_channels(case));
}

fn few_queues(case: &Case<'_>) -> Option<Finding> {
    let device = case.nic.device.as_ref().filter(|d| !d.table.is_empty())?;
    let (target, used) = (case.target.ok()?, case.used());
    let wanted = target.active;
    // Where the kernel spreads, one queue serves many CPUs.
    let by_table = target.path != Path::Rps && case.driver().controls.table;
    if used.len() >= wanted || !by_table {
        return None;
    }
    let severity = match (used.len(), case.managed()) {
        (1, true) => Severity::Error,
        (1, false) | (_, true) => Severity::Warning,
        (_, false) => Severity::Info,
    };
    let title = format!(
        "{}: its table points at {} of {} queues, and {wanted} CPUs are wanted",
        case.nic.name,
        used.len(),
        case.channels()
    );
    let mut finding = case.finding(Check::FewQueues, severity, title);
    let queues: Vec<_> = used.iter().map(|q| format!("{q}")).collect();
    finding.evidence.push(format!(
        "{} table entries, all at queues {}",
        device.table.len(),
        queues.join(", ")
    ));
    if !device.enabled {
        finding.evidence.push("receive side scaling is switched off in the adapter".into());
    }
    finding.remedy.push(case.plan_anew());
    Some(finding)
}

fn few_channels(case: &Case<'_>) -> Option<Finding> {
    let capability = case.nic.capability.as_ref()?;
    let settings = &case.nic.settings;
    let asked = settings.queues.value != Queues::Auto;
    if asked || capability.channels == ChannelControl::Fixed || !case.driver().controls.channels {
        return None;
    }
    let limit = match settings.max_processors.value {
        Auto::Is(n) => usize::try_from(n).unwrap_or(usize::MAX),
        Auto::Auto => usize::MAX,
    };
    let could = case.eligible().len().min(usize::from(capability.max_queues)).min(limit);
    let have = case.channels();
    if usize::from(have) >= could {
        return None;
    }
    let severity = if have == 1 { Severity::Warning } else { Severity::Info };
    let title = format!("{}: {have} queues are switched on, and {could} could be used", case.nic.name);
    let mut finding = case.finding(Check::FewChannels, severity, title);
    finding.evidence.push(format!(
        "the adapter has up to {} queues, and {} CPUs may receive",
        capability.max_queues,
        case.eligible().len()
    ));
    let impact = case.driver().impact.channels.name();
    finding.evidence.push(format!("what a change of their number does to traffic, by the driver: {impact}"));
    if case.nic.default_route {
        finding.evidence.push("the default route of this machine leads over it".into());
    }
    finding.remedy.push(format!(
        "rssctl set {} --queues {could} --what-if  # then without --what-if, with --allow {impact}",
        case.word()
    ));
    Some(finding)
}
