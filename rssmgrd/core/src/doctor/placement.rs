//! Interrupts on CPUs where they should not be.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::case::Case;
use super::{Check, Finding, Severity, shortened};
use crate::cpuset::CpuSet;
use crate::ids::{CpuId, NodeId, QueueId};
use crate::place::{Eligibility, verdict};
use crate::settings::Smt;

pub(super) fn look(case: &Case<'_>, found: &mut Vec<Finding>) {
    if !case.on() || !case.nic.up {
        return;
    }
    let homes = case.homes();
    found.extend(off_node(case, &homes));
    found.extend(not_eligible(case, &homes));
    found.extend(queues_share_cpu(case, &homes));
    found.extend(siblings_share_core(case, &homes));
    found.extend(not_pinned(case));
}

/// For a managed adapter the profile says how many queues each node serves. An adapter that nobody manages has no
/// profile; it is judged by what all of them have in common: the nearest node serves.
fn off_node(case: &Case<'_>, homes: &[(QueueId, CpuId)]) -> Option<Finding> {
    let topology = case.topology();
    let nodes = topology.nodes().filter(|n| !topology.node_cpus(*n).is_empty()).count();
    if nodes < 2 || homes.is_empty() {
        return None;
    }
    let (title, off): (String, Vec<(QueueId, CpuId)>) = if case.managed() {
        let target = case.target.ok()?;
        let chosen = target.processors.get(..target.active).filter(|c| !c.is_empty())?;
        let mut left: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (i, _) in homes.iter().enumerate() {
            *left.entry(case.node_of(chosen[i % chosen.len()])?).or_default() += 1;
        }
        let wanted: Vec<String> = left.iter().map(|(node, n)| format!("{n} on node {node}")).collect();
        let mut off = homes.to_vec();
        off.retain(|(_, cpu)| match case.node_of(*cpu).and_then(|node| left.get_mut(&node)) {
            Some(n) if *n > 0 => {
                *n -= 1;
                false
            }
            _ => true,
        });
        let title = format!(
            "{}: {} of {} queues are not on the NUMA nodes that {} wants ({})",
            case.nic.name,
            off.len(),
            homes.len(),
            case.nic.settings.profile.value,
            wanted.join(", ")
        );
        (title, off)
    } else {
        let own = case.nic.node?;
        let could = case.eligible().intersection(&topology.node_cpus(own));
        if could.is_empty() || homes.iter().any(|(_, cpu)| case.node_of(*cpu) == Some(own)) {
            return None;
        }
        (format!("{}: no queue is served on its own NUMA node {own}", case.nic.name), homes.to_vec())
    };
    if off.is_empty() {
        return None;
    }
    let mut finding = case.finding(Check::OffNode, Severity::Warning, title);
    finding.evidence = shortened(off.iter().map(|(q, cpu)| case.line(*q, *cpu)).collect());
    finding.remedy.push(case.plan_anew());
    Some(finding)
}

fn not_eligible(case: &Case<'_>, homes: &[(QueueId, CpuId)]) -> Option<Finding> {
    let mut lines = Vec::new();
    for (queue, cpu) in homes {
        let why = match verdict(case.topology(), &case.nic.settings, *cpu) {
            Eligibility::Eligible | Eligibility::SiblingOf(_) => continue,
            Eligibility::Absent => "there is no such CPU",
            Eligibility::Offline => "it is offline",
            Eligibility::Isolated => "it is isolated (isolcpus)",
            Eligibility::NohzFull => "it runs without a tick (nohz_full)",
            Eligibility::Excluded => "exclude_cpus names it",
            Eligibility::BelowBase => "it is below the base processor",
            Eligibility::AboveMax => "it is above the max processor",
        };
        lines.push(format!("{}: {why}", case.line(*queue, *cpu)));
    }
    if lines.is_empty() {
        return None;
    }
    let title = format!("{}: {} queues interrupt CPUs that may not receive", case.nic.name, lines.len());
    let mut finding = case.finding(Check::NotEligible, Severity::Warning, title);
    finding.evidence = shortened(lines);
    finding.remedy.push(case.plan_anew());
    Some(finding)
}

fn queues_share_cpu(case: &Case<'_>, homes: &[(QueueId, CpuId)]) -> Option<Finding> {
    let mut by_cpu: BTreeMap<CpuId, Vec<QueueId>> = BTreeMap::new();
    for (queue, cpu) in homes {
        by_cpu.entry(*cpu).or_default().push(*queue);
    }
    let may = case.eligible();
    let fair = homes.len().div_ceil(may.len().max(1));
    let most = by_cpu.values().map(Vec::len).max()?;
    let free: CpuSet = may.iter().filter(|cpu| !by_cpu.contains_key(cpu)).collect();
    if most <= fair || free.is_empty() {
        return None;
    }
    let (severity, title) = if by_cpu.len() == 1 {
        (Severity::Error, format!("{}: all {} queues interrupt one CPU", case.nic.name, homes.len()))
    } else {
        (Severity::Warning, format!("{}: up to {most} queues interrupt one CPU", case.nic.name))
    };
    let mut finding = case.finding(Check::QueuesShareCpu, severity, title);
    let full = by_cpu.iter().filter(|(_, queues)| queues.len() > fair);
    finding.evidence =
        shortened(full.flat_map(|(cpu, queues)| queues.iter().map(|q| case.line(*q, *cpu))).collect());
    finding.evidence.push(format!("free CPUs that may be used: {free}"));
    finding.remedy.push(case.plan_anew());
    Some(finding)
}

fn siblings_share_core(case: &Case<'_>, homes: &[(QueueId, CpuId)]) -> Option<Finding> {
    if case.nic.settings.smt.value == Smt::Use {
        return None;
    }
    let topology = case.topology();
    let mut by_core: BTreeMap<u32, BTreeSet<CpuId>> = BTreeMap::new();
    for (_, cpu) in homes {
        by_core.entry(topology.cpu(*cpu)?.core).or_default().insert(*cpu);
    }
    let free: CpuSet = case
        .eligible()
        .iter()
        .filter(|cpu| topology.cpu(*cpu).is_some_and(|c| !by_core.contains_key(&c.core)))
        .collect();
    let full: Vec<&BTreeSet<CpuId>> = by_core.values().filter(|cpus| cpus.len() > 1).collect();
    if full.is_empty() || free.is_empty() {
        return None;
    }
    let title =
        format!("{}: {} cores serve queues on both of their hyper-threads", case.nic.name, full.len());
    let mut finding = case.finding(Check::SiblingsShareCore, Severity::Warning, title);
    let line = |cpus: &&BTreeSet<CpuId>| {
        let core: CpuSet = cpus.iter().copied().collect();
        format!("CPUs {core} are one core (/sys/devices/system/cpu/cpu*/topology/thread_siblings_list)")
    };
    finding.evidence = shortened(full.iter().map(line).collect());
    finding.evidence.push(format!("first threads of cores without a queue: {free}"));
    finding.remedy.push(case.plan_anew());
    Some(finding)
}

/// What rssmgrd manages it binds; what is not bound it could not find, or somebody took away.
fn not_pinned(case: &Case<'_>) -> Option<Finding> {
    if !case.managed() {
        return None;
    }
    let mut lines = Vec::new();
    for queue in case.used() {
        let Some(report) = case.nic.queues.get(queue.index()) else { continue };
        match (report.irq, report.allowed.as_ref()) {
            (Some(irq), Some(allowed)) if allowed.len() > 1 => lines.push(format!(
                "queue {queue}: interrupt {irq} may go to CPUs {allowed} (/proc/irq/{irq}/smp_affinity_list)"
            )),
            _ => {}
        }
    }
    if lines.is_empty() {
        return None;
    }
    let title = format!("{}: interrupts of {} queues are bound to no CPU", case.nic.name, lines.len());
    let mut finding = case.finding(Check::NotPinned, Severity::Warning, title);
    finding.evidence = shortened(lines);
    finding.remedy.push(case.plan_anew());
    Some(finding)
}

/// Adapters that share CPUs although others are free: a running adapter is never planned anew because another one
/// came.
pub(super) fn look_at_all(cases: &[Case<'_>], found: &mut Vec<Finding>) {
    let active: Vec<&Case<'_>> = cases.iter().filter(|c| c.on() && c.nic.up).collect();
    let mut users: BTreeMap<CpuId, Vec<&Case<'_>>> = BTreeMap::new();
    for case in &active {
        let cpus: BTreeSet<CpuId> = case.homes().into_iter().map(|(_, cpu)| cpu).collect();
        for cpu in cpus {
            users.entry(cpu).or_default().push(case);
        }
    }
    let shared: Vec<_> = users.iter().filter(|(_, cases)| cases.len() > 1).collect();
    // The last of those that share is the one to move; it must have somewhere to go.
    let Some(mover) = shared.iter().filter_map(|(_, cases)| cases.last()).next_back() else { return };
    let free: CpuSet = mover.eligible().iter().filter(|cpu| !users.contains_key(cpu)).collect();
    if free.is_empty() {
        return;
    }
    let line = |(cpu, cases): &(&CpuId, &Vec<&Case<'_>>)| {
        let names: Vec<&str> = cases.iter().map(|c| c.nic.name.as_str()).collect();
        format!("CPU {cpu}: {}", names.join(", "))
    };
    let mut evidence = shortened(shared.iter().map(line).collect());
    evidence.push(format!("CPUs that no adapter uses: {free}"));
    found.push(Finding {
        check: Check::AdaptersShareCpu,
        severity: Severity::Info,
        adapter: None,
        title: format!("{} CPUs serve several adapters while {} serve none", shared.len(), free.len()),
        evidence,
        remedy: alloc::vec![format!("{}  # chooses its CPUs anew, free ones first", mover.plan_anew())],
    });
}
