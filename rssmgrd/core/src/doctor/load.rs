//! Load that was really seen, between two looks.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use super::case::Case;
use super::machine::Machine;
use super::{Check, CpuSample, Finding, Sampled, Severity, shortened};
use crate::ids::QueueId;
use crate::manager::Verified;
use crate::place::eligible;
use crate::settings::Settings;

/// Packets that must have come before a share of them means anything.
const ENOUGH: u64 = 1000;
/// Packets a second from which uneven queues cost something.
const BUSY: u64 = 10_000;
/// A queue with this many times its due share is overloaded.
const UNEVEN: u64 = 2;
/// Percent of all packets beyond the table that are no accident.
const STRAY_PERCENT: u64 = 10;
/// Percent of all packets that one CPU may handle.
const CPU_PERCENT: u64 = 80;
/// Percent of its time that a CPU may spend in interrupts.
const INTERRUPT_PERCENT: u64 = 90;

/// What a queue received between the two looks.
pub(super) struct Share {
    pub(super) queue: QueueId,
    pub(super) packets: u64,
    /// Of all queues.
    pub(super) total: u64,
    pub(super) percent: u64,
}

/// What each queue received, least first; nothing when too few packets came. Queues of VPorts have their own tables, and
/// nothing to do with the adapter's.
pub(super) fn shares(case: &Case<'_>) -> Vec<Share> {
    let held = |queue: QueueId| case.nic.device.as_ref().is_some_and(|d| d.holder(queue).is_some());
    let counted = (0..).map(QueueId).zip(&case.nic.queues).filter(|(queue, _)| !held(*queue));
    let mut shares: Vec<Share> = counted
        .filter_map(|(queue, report)| {
            let packets = report.packets?.grown()?;
            Some(Share { queue, packets, total: 0, percent: 0 })
        })
        .collect();
    let total = shares.iter().map(|s| s.packets).fold(0, u64::saturating_add);
    if total < ENOUGH || case.machine.interval_ms == 0 {
        return Vec::new();
    }
    for share in &mut shares {
        share.total = total;
        share.percent = percent(share.packets, total);
    }
    shares.sort_by_key(|s| s.packets);
    shares
}

pub(super) fn look(case: &Case<'_>, found: &mut Vec<Finding>) {
    if !case.on() {
        return;
    }
    let shares = shares(case);
    found.extend(table_ignored(case, &shares));
    found.extend(queue_imbalance(case, &shares));
}

/// Packets on queues that no table entry names. Filter rules and contexts can do that too.
fn table_ignored(case: &Case<'_>, shares: &[Share]) -> Option<Finding> {
    let device = case.nic.device.as_ref().filter(|d| d.enabled && !d.table.is_empty())?;
    let refuted = case.nic.daemon.as_ref().is_some_and(|d| d.verified == Verified::Refuted);
    let used = case.used();
    let stray: Vec<&Share> = shares
        .iter()
        .filter(|s| s.packets > 0 && !used.contains(&s.queue) && s.queue != device.default_queue)
        .collect();
    let (beyond, total) = (stray.iter().map(|s| s.packets).sum(), shares.first().map_or(0, |s| s.total));
    let seen = percent(beyond, total) >= STRAY_PERCENT;
    if !refuted && !seen {
        return None;
    }
    let severity = if refuted { Severity::Error } else { Severity::Warning };
    let title = format!("{}: traffic does not obey the indirection table", case.nic.name);
    let mut finding = case.finding(Check::TableIgnored, severity, title);
    if refuted {
        finding.evidence.push("rssmgrd compared packets with the table, and they did not follow it".into());
    }
    if seen {
        finding
            .evidence
            .push(format!("{beyond} of {total} packets came on queues that no table entry names"));
        let lines = stray.iter().map(|s| format!("queue {}: {} packets", s.queue, s.packets)).collect();
        finding.evidence.extend(shortened(lines));
        finding.remedy.push(format!("ethtool -n {}  # do filter rules send them there", case.word()));
    }
    finding.remedy.push(format!("{}  # writes the table again", case.plan_anew()));
    finding.remedy.push(format!("rssctl verify {}  # does the traffic obey now", case.word()));
    Some(finding)
}

fn queue_imbalance(case: &Case<'_>, shares: &[Share]) -> Option<Finding> {
    let used = case.used();
    let busiest = shares.last()?;
    if used.len() < 2 || !used.contains(&busiest.queue) {
        return None;
    }
    // What each queue is due by its table entries; a table may give queues unequal parts on purpose.
    let mut entries: BTreeMap<QueueId, u64> = BTreeMap::new();
    match case.nic.device.as_ref().filter(|d| d.enabled) {
        Some(device) if !device.table.is_empty() => {
            for queue in &device.table {
                *entries.entry(*queue).or_default() += 1;
            }
        }
        _ => entries.extend(used.iter().map(|q| (*q, 1))),
    }
    let all: u64 = entries.values().sum();
    let due = |queue: QueueId| entries.get(&queue).copied().unwrap_or(0);
    let over = |s: &&Share| {
        let due = due(s.queue);
        // packets / total > UNEVEN * due / all, without a division.
        due > 0 && u128::from(s.packets) * u128::from(all) > u128::from(UNEVEN * due) * u128::from(s.total)
    };
    let full: Vec<&Share> = shares.iter().filter(over).collect();
    let worst = full.last()?;
    let rate = worst.total.saturating_mul(1000).checked_div(case.machine.interval_ms).unwrap_or(0);
    let severity = if rate >= BUSY { Severity::Warning } else { Severity::Info };
    let title = format!(
        "{}: queue {} received {} % of all packets, and {} % are its due",
        case.nic.name,
        worst.queue,
        worst.percent,
        percent(due(worst.queue), all)
    );
    let mut finding = case.finding(Check::QueueImbalance, severity, title);
    finding.evidence.push(format!("{} packets in {} ms", worst.total, case.machine.interval_ms));
    let lines = shares.iter().rev().filter(|s| due(s.queue) > 0);
    finding.evidence.extend(shortened(
        lines
            .map(|s| {
                let due = percent(due(s.queue), all);
                format!("queue {}: {} packets, {} %, due {due} %", s.queue, s.packets, s.percent)
            })
            .collect(),
    ));
    finding.evidence.push("one large flow cannot be split; many flows that meet can be".into());
    finding.remedy.push(format!("rssctl stats {} --per entry  # a few entries, or one flow", case.word()));
    Some(finding)
}

/// One CPU that does nearly all the receiving, or does nothing else.
pub(super) fn look_at_cpus(machine: &Machine, found: &mut Vec<Finding>) {
    if machine.interval_ms == 0 {
        return;
    }
    let may = eligible::eligible(&machine.topology, &Settings::layered(&[]));
    let grown = |c: &CpuSample| c.processed.grown().unwrap_or(0);
    let total = machine.cpus.iter().map(grown).fold(0, u64::saturating_add);
    let rate = total.saturating_mul(1000) / machine.interval_ms;
    if may.len() < 2 || rate < BUSY {
        return;
    }
    let Some(top) = machine.cpus.iter().max_by_key(|c| grown(c)) else { return };
    let interrupts = share_of(top.interrupt_time, top.time);
    let saturated = interrupts.is_some_and(|p| p >= INTERRUPT_PERCENT);
    let share = percent(grown(top), total);
    if share < CPU_PERCENT && !saturated {
        return;
    }
    let mut evidence = alloc::vec![format!(
        "CPU {}: {} of {total} packets in {} ms (/proc/net/softnet_stat)",
        top.cpu,
        grown(top),
        machine.interval_ms
    )];
    evidence.extend(interrupts.map(|p| format!("{p} % of its time went to interrupts (/proc/stat)")));
    found.push(Finding {
        check: Check::CpuImbalance,
        severity: if saturated { Severity::Error } else { Severity::Warning },
        adapter: None,
        title: format!("CPU {} handles {share} % of all received packets", top.cpu),
        evidence,
        remedy: alloc::vec![
            "rssctl get -o wide  # which adapters it serves".into(),
            "rssctl stats --per cpu".into(),
        ],
    });
}

fn share_of(part: Option<Sampled<u64>>, whole: Option<Sampled<u64>>) -> Option<u64> {
    let whole = whole?.grown().filter(|w| *w > 0)?;
    Some(percent(part?.grown()?, whole))
}

/// Rounded down; 0 of nothing.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 100).checked_div(u128::from(whole)).and_then(|p| u64::try_from(p).ok()).unwrap_or(0)
}
