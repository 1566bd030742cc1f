//! What is planned for a case, for people to read.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use rssmgr_core::capability::Capability;
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Op};
use rssmgr_core::driver::{Nic, TableState};
use rssmgr_core::place::{AdapterInput, Candidate, Reason, Target, place};
use rssmgr_core::plan::{self, Step};
use rssmgr_core::{AdapterId, CpuId, Processor, QueueId};

use crate::case::{Adapter, Case};

/// Receive queues as a list.
fn queues_of(receive: &BTreeSet<QueueId>) -> String {
    let numbers: CpuSet = receive.iter().map(|q| CpuId(q.0.into())).collect();
    list(&numbers)
}

/// Places and plans all adapters of a case.
pub(crate) fn plan(case: &Case) -> Result<String, String> {
    let topology = case.topology()?;
    let boot_key = case.boot_key()?;
    let parts = case
        .adapter
        .iter()
        .map(|a| {
            let here = (a.assigned()?, a.team()?);
            Ok((a, a.settings()?, a.capability()?, a.device()?, here, a.give_back()?))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let mut inputs = Vec::new();
    for (i, (adapter, settings, capability, device, (assigned, team), found)) in parts.iter().enumerate() {
        inputs.push(AdapterInput {
            id: AdapterId(u32::try_from(i).map_err(|e| e.to_string())?),
            node: adapter.node(),
            settings,
            capability,
            device,
            driver: adapter.driver().name,
            found_queues: adapter.found.unwrap_or(device.channels()),
            assigned: assigned.as_deref(),
            replan: adapter.replan,
            rss_on: case.rss,
            boot_key: boot_key.as_ref(),
            team: team.as_ref(),
            give_back: found.give_back(),
        });
    }
    let mut out = String::new();
    for ((adapter, _, capability, device, ..), result) in parts.iter().zip(place(&inputs, &topology)) {
        if !out.is_empty() {
            out.push('\n');
        }
        match result {
            Ok(target) => show(&mut out, adapter, capability, device, &target)?,
            Err(e) => line(&mut out, &adapter.name, &format!("error: {e}")),
        }
    }
    Ok(out)
}

fn show(
    out: &mut String,
    adapter: &Adapter,
    cap: &Capability,
    device: &Device,
    target: &Target,
) -> Result<(), String> {
    let driver = adapter.driver();
    let steps = plan::plan(driver, cap, device, target).map_err(|e| format!("{}: {e}", adapter.name))?;
    let mut after = Nic::from(device.clone());
    for step in &steps {
        after =
            driver.apply(cap, &after, &step.op).map_err(|e| format!("{}: {}: {e}", adapter.name, step.op))?;
    }
    if let Some(part) = after.device.difference(&target.device) {
        return Err(format!("{}: the steps do not reach the target: {part}", adapter.name));
    }
    if after.table != TableState::Obeyed {
        return Err(format!("{}: the table is not obeyed", adapter.name));
    }
    line(out, &adapter.name, &format!("path {}", target.path.name()));
    wrapped(out, "array", &array(target));
    wrapped(out, "processors", &target.processors.iter().map(|c| name(*c)).collect::<Vec<_>>());
    if target.active != target.processors.len() {
        line(out, "active", &target.active.to_string());
    }
    let queues = target.device.queues.iter().enumerate();
    wrapped(out, "queues", &queues.map(|(q, queue)| format!("{q}>{}", home(queue.home))).collect::<Vec<_>>());
    line(out, "table", &table(&target.device.table));
    for (label, queues) in [("transmit", &target.device.xps), ("spread", &target.device.rps)] {
        wrapped(out, label, &steering(queues));
    }
    let answers = target.device.xps_rxqs.iter().enumerate();
    wrapped(
        out,
        "answers",
        &answers.map(|(q, receive)| format!("{q}:{}", queues_of(receive))).collect::<Vec<_>>(),
    );
    let others = target.device.others.iter().map(|v| format!("{}>{}", v.name, list(&v.cpus)));
    wrapped(out, "others", &others.collect::<Vec<_>>());
    line(out, "default", &format!("{} (queue {})", name(target.default), target.device.default_queue));
    if !target.device.enabled {
        line(out, "enabled", "false");
    }
    for reason in &target.reasons {
        line(out, "reason", &why(reason));
    }
    let mut run: Option<(String, String)> = None;
    for step in &steps {
        // Steps of one kind for one reason are one line.
        let tail = format!("[{}; {}]", step.impact.name(), why(&step.why));
        let part = match &step.op {
            Op::Home { queue, cpu } => Some(("serve queues", format!("{queue}>{}", home(*cpu)))),
            Op::Xps { queue, cpus } => Some(("send through", format!("{queue}<{}", list(cpus)))),
            Op::XpsRxqs { queue, receive } => {
                Some(("answer through", format!("{queue}<{}", queues_of(receive))))
            }
            Op::Vector { name, cpus } => Some(("serve interrupts", format!("{name}>{}", list(cpus)))),
            Op::Rps { queue, cpus } => Some(("spread", format!("{queue}>{}", list(cpus)))),
            _ => None,
        };
        let Some((verb, one)) = part else {
            flush(out, &mut run);
            line(out, "step", &format!("{} {tail}", words(step)));
            continue;
        };
        match &mut run {
            Some((text, last)) if *last == tail && text.starts_with(verb) => {
                text.push(' ');
                text.push_str(&one);
            }
            _ => {
                flush(out, &mut run);
                run = Some((format!("{verb} {one}"), tail));
            }
        }
    }
    flush(out, &mut run);
    let again = plan::plan_nic(driver, cap, &after, target).map_err(|e| format!("{}: {e}", adapter.name))?;
    if !again.is_empty() {
        return Err(format!("{}: a second plan is not empty: {again:?}", adapter.name));
    }
    if steps.is_empty() {
        line(out, "step", "none");
    }
    Ok(())
}

fn flush(out: &mut String, run: &mut Option<(String, String)>) {
    if let Some((text, tail)) = run.take() {
        line(out, "step", &format!("{text} {tail}"));
    }
}

/// `0:0,16`: the CPUs of each queue.
fn steering(queues: &[CpuSet]) -> Vec<String> {
    queues.iter().enumerate().map(|(q, cpus)| format!("{q}:{}", list(cpus))).collect()
}

fn list(cpus: &CpuSet) -> String {
    if cpus.is_empty() { "-".into() } else { cpus.to_string() }
}

/// A step with what it writes, where that is not shown elsewhere.
fn words(step: &Step) -> String {
    match &step.op {
        Op::SetKey(key) => format!("{}: {}", step.op, key.to_hex()),
        Op::WriteTable(entries) => format!("{}: {}", step.op, table(entries)),
        op => op.to_string(),
    }
}

/// `0 1 2 3 repeated, 128 entries`: the shortest pattern that fits, and the entries that differ.
fn table(table: &[QueueId]) -> String {
    let misfits = |pattern: &[QueueId]| -> Vec<usize> {
        (0..table.len()).filter(|i| table[*i] != pattern[*i % pattern.len()]).collect()
    };
    // For each length, the pattern that most entries agree on.
    let pattern = |length: usize| -> Vec<QueueId> {
        let column = |j: usize| table.iter().skip(j).step_by(length);
        let count = |j: usize, q: QueueId| column(j).filter(|x| **x == q).count();
        let most = |j: usize| column(j).copied().max_by_key(|q| (count(j, *q), Reverse(*q)));
        (0..length).filter_map(most).collect()
    };
    let best = (1..=table.len())
        .map(pattern)
        .map(|p| (misfits(&p), p))
        .min_by_key(|(odd, p)| p.len() + 4 * odd.len());
    let Some((odd, pattern)) = best else { return "no entries".into() };
    let mut text: String = pattern.iter().map(|q| format!("{q} ")).collect();
    let _ = write!(
        text,
        "{}, {} entries",
        if pattern.len() < table.len() { "repeated" } else { "once" },
        table.len()
    );
    for i in odd {
        let _ = write!(text, "; entry {i} = {}", table[i]);
    }
    text
}

/// `0:0-7/0`: processors one after the other at one distance are one item.
fn array(target: &Target) -> Vec<String> {
    let same_run = |a: &Candidate, b: &Candidate| {
        let (pa, pb) = (Processor::from(a.cpu), Processor::from(b.cpu));
        b.cpu.0 == a.cpu.0 + 1 && pa.group == pb.group && a.distance == b.distance
    };
    let item = |run: &[Candidate]| {
        let tail =
            run.last().filter(|_| run.len() > 2).map(|c| format!("-{}", Processor::from(c.cpu).number));
        (format!("{}{}/{}", name(run[0].cpu), tail.unwrap_or_default(), run[0].distance), run.len() > 2)
    };
    let runs = target.array.chunk_by(same_run).flat_map(|run| match item(run) {
        (text, true) => vec![text],
        (_, false) => run.iter().map(|c| item(&[*c]).0).collect(),
    });
    runs.collect()
}

fn why(reason: &Reason) -> String {
    match reason {
        Reason::Limit { field, asked, given, by } => {
            format!("limit {field}: asked {asked}, given {given}, by {}", by.name())
        }
        Reason::Rule(rule) => format!("rule {}", rule.name()),
        Reason::Driver(quirk) => format!("driver {}", quirk.name()),
        Reason::Asked { field } => format!("asked {field}"),
        Reason::VPortQueues { vport, asked, given, by, .. } => {
            format!("VPort {vport}: {given} of {asked} queues ({})", by.name())
        }
        Reason::VPortUnsupported { vport } => format!("VPort {vport}: not supported"),
        Reason::Moved { entry, from, to } => format!("moved entry {entry}: {} to {}", home(*from), home(*to)),
    }
}

fn name(cpu: CpuId) -> String {
    Processor::from(cpu).to_string()
}

fn home(cpu: Option<CpuId>) -> String {
    cpu.map_or_else(|| "any".into(), name)
}

fn line(out: &mut String, label: &str, text: &str) {
    let _ = writeln!(out, "{label:<11} {text}");
}

/// Eight items a row.
fn wrapped(out: &mut String, label: &str, items: &[String]) {
    for (i, row) in items.chunks(8).enumerate() {
        line(out, if i == 0 { label } else { "" }, &row.join("  "));
    }
}
