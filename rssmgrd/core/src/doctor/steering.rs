//! Receive packet steering (RPS): the kernel's own spreading, where the hardware cannot.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::case::Case;
use super::{Check, Finding, Severity};
use crate::cpuset::CpuSet;

/// Packets a second from which one CPU is better helped.
const BUSY: u64 = 20_000;

pub(super) fn look(case: &Case<'_>, found: &mut Vec<Finding>) {
    found.extend(needs_rps(case));
}

fn needs_rps(case: &Case<'_>) -> Option<Finding> {
    let [queue] = case.nic.queues.as_slice() else { return None };
    let more = case.nic.capability.as_ref().is_some_and(|c| c.max_queues > 1);
    let steered = queue.rps.as_ref()?.len() > 1;
    if !case.nic.up || !case.on() || more || steered || case.eligible().len() < 2 {
        return None;
    }
    let rate = queue
        .packets
        .and_then(super::Sampled::grown)
        .and_then(|n| n.saturating_mul(1000).checked_div(case.machine.interval_ms));
    let busy = rate.filter(|r| *r >= BUSY);
    let severity = if busy.is_some() { Severity::Warning } else { Severity::Info };
    let title = format!("{}: it has a single queue, and RPS does not spread its packets", case.nic.name);
    let mut finding = case.finding(Check::NeedsRps, severity, title);
    finding
        .evidence
        .push(format!("/sys/class/net/{}/queues/rx-0/rps_cpus names no other CPU", case.nic.name));
    finding.evidence.extend(rate.map(|r| format!("{r} packets/s on one CPU")));
    let ours = case.nic.capability.as_ref().is_some_and(|c| c.rps);
    finding.remedy.push(if ours { format!("rssctl set {} --rps true", case.word()) } else { spread(case) });
    Some(finding)
}

/// The command that lets RPS spread an adapter's packets over the CPUs near it that may receive.
pub(super) fn spread(case: &Case<'_>) -> String {
    let may = case.eligible();
    let near = |node| may.intersection(&case.topology().node_cpus(node));
    let near: Option<CpuSet> = case.nic.node.map(near).filter(|set| set.len() > 1);
    let cpus = near.unwrap_or(may);
    let width = cpus.last().map_or(0, |cpu| cpu.0 + 1);
    format!(
        "echo {} | tee /sys/class/net/{}/queues/rx-*/rps_cpus  # CPUs {cpus}; until reboot",
        cpus.to_mask(width),
        case.word()
    )
}
