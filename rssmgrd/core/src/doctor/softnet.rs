//! What the kernel could not keep up with (`/proc/net/softnet_stat`).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::machine::{CpuSample, Machine, Sampled};
use super::{Check, Finding, Severity, shortened};

/// Since boot: one drop in so many packets is worth a warning.
const DROPS_ONE_IN: u64 = 10_000;
/// Since boot: one squeeze in so many packets is worth telling.
const SQUEEZES_ONE_IN: u64 = 1000;
/// Squeezes a second that are worth a warning.
const SQUEEZES_A_SECOND: u64 = 10;

pub(super) fn look(machine: &Machine, found: &mut Vec<Finding>) {
    found.extend(drops(machine));
    found.extend(squeezes(machine));
}

/// Of all CPUs together: since boot, and between the two looks.
fn sum(machine: &Machine, of: impl Fn(&CpuSample) -> Sampled<u64>) -> (u64, u64) {
    let add = |n: u64, m: u64| n.saturating_add(m);
    let now = machine.cpus.iter().map(|c| of(c).now).fold(0, add);
    let grown = machine.cpus.iter().filter_map(|c| of(c).grown()).fold(0, add);
    (now, grown)
}

fn lines(machine: &Machine, of: impl Fn(&CpuSample) -> Sampled<u64>, what: &str) -> Vec<String> {
    let line = |c: &CpuSample| {
        let (n, grown) = (of(c).now, of(c).grown().unwrap_or(0));
        let lately =
            if grown > 0 { format!(", {grown} in {} ms", machine.interval_ms) } else { String::new() };
        (n > 0).then(|| format!("CPU {}: {n} {what} since boot{lately}", c.cpu))
    };
    shortened(machine.cpus.iter().filter_map(line).collect())
}

/// The backlog is what RPS and interfaces without NAPI go through.
fn drops(machine: &Machine) -> Option<Finding> {
    let (dropped, lately) = sum(machine, |c| c.dropped);
    let (processed, _) = sum(machine, |c| c.processed);
    if dropped == 0 {
        return None;
    }
    let often = dropped.saturating_mul(DROPS_ONE_IN) >= processed;
    let (severity, title) = if lately > 0 {
        (
            Severity::Error,
            format!("the kernel is dropping received packets: {lately} in {} ms", machine.interval_ms),
        )
    } else {
        let severity = if often { Severity::Warning } else { Severity::Info };
        (severity, format!("the kernel has dropped {dropped} of {processed} received packets since boot"))
    };
    let mut evidence = lines(machine, |c| c.dropped, "packets dropped");
    evidence.push("second column of /proc/net/softnet_stat: the CPU's backlog was full".into());
    let mut remedy = Vec::new();
    if let Some(backlog) = machine.knobs.max_backlog {
        evidence.push(format!("net.core.netdev_max_backlog is {backlog}"));
        remedy.push(format!("sysctl -w net.core.netdev_max_backlog={}", backlog.saturating_mul(2)));
    }
    remedy.push("rssctl stats --per cpu  # is it one CPU, and which adapter feeds it".into());
    Some(Finding { check: Check::SoftnetDrops, severity, adapter: None, title, evidence, remedy })
}

fn squeezes(machine: &Machine) -> Option<Finding> {
    let (squeezed, lately) = sum(machine, |c| c.squeezed);
    let (processed, _) = sum(machine, |c| c.processed);
    let rate = lately.saturating_mul(1000).checked_div(machine.interval_ms).unwrap_or(0);
    let now = rate >= SQUEEZES_A_SECOND;
    if !now && (squeezed == 0 || squeezed.saturating_mul(SQUEEZES_ONE_IN) < processed) {
        return None;
    }
    let (severity, title) = if now {
        (Severity::Warning, format!("CPUs run out of time with packets left: {rate} times a second"))
    } else {
        (Severity::Info, format!("CPUs ran out of time with packets left {squeezed} times since boot"))
    };
    let mut evidence = lines(machine, |c| c.squeezed, "time squeezes");
    evidence.push(format!("third column of /proc/net/softnet_stat; {processed} packets handled since boot"));
    let mut remedy = Vec::new();
    if let (Some(budget), Some(usecs)) = (machine.knobs.budget, machine.knobs.budget_usecs) {
        evidence.push(format!("net.core.netdev_budget is {budget}, netdev_budget_usecs is {usecs}"));
        remedy.push(format!(
            "sysctl -w net.core.netdev_budget={} net.core.netdev_budget_usecs={}",
            budget.saturating_mul(2),
            usecs.saturating_mul(2)
        ));
    }
    remedy.push("rssctl stats --per cpu  # is it one CPU, and which adapter feeds it".into());
    Some(Finding { check: Check::TimeSqueeze, severity, adapter: None, title, evidence, remedy })
}
