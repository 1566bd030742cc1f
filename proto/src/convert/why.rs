//! Explanations: why an adapter, an entry or a CPU is as it is.

use rssmgr_core::manager::{AdapterView, Snapshot};
use rssmgr_core::place::{Eligibility, eligibility, verdict};
use rssmgr_core::{CpuId, EntryIndex, Processor, QueueId};

use super::{count, name, node, processor_array, reason, settings};
use crate::error::ApiError;
use crate::text;
use crate::types::{CpuWhyRecord, WhyQuery, WhyRecord};

/// Why an adapter is as it is.
///
/// # Errors
/// A processor or an entry that is wrong.
pub fn why(snapshot: &Snapshot, view: &AdapterView, q: &WhyQuery) -> Result<WhyRecord, ApiError> {
    let mut out = WhyRecord {
        name: view.facts.name.clone(),
        settings: settings(&view.settings),
        reasons: view.target.iter().flat_map(|t| &t.reasons).map(reason).collect(),
        ..WhyRecord::default()
    };
    if let Some(text) = &q.cpu {
        let p: Processor = text.parse().map_err(|e| ApiError::usage(format!("cpu: {e}")))?;
        let cpu = CpuId::from(p);
        if view.topology.cpu(cpu).is_none() {
            let last = view.topology.cpus().map(|(id, _)| id).max().map_or("-".into(), name);
            return Err(ApiError::usage(format!(
                "cpu: processor {p} does not exist on the machine of {}; its last one is {last}",
                view.facts.name
            )));
        }
        out.cpus.push(cpu_why(snapshot, view, cpu));
    } else if q.entry.is_none() {
        let all = eligibility(&view.topology, &view.settings);
        out.cpus = all.into_keys().map(|cpu| cpu_why(snapshot, view, cpu)).collect();
    }
    if let Some(e) = q.entry {
        let entry = u16::try_from(e).ok().map(EntryIndex).filter(|e| e.index() < view.device.table.len());
        let Some(entry) = entry else {
            let last = view.device.table.len().saturating_sub(1);
            return Err(ApiError::usage(format!(
                "entry: `{e}` does not exist, the table has entries 0 to {last}"
            )));
        };
        out.chain = chain(view, entry);
        let cpu = view.device.entry_cpu(entry);
        out.cpus.extend(cpu.map(|c| cpu_why(snapshot, view, c)));
    }
    Ok(out)
}

fn chain(view: &AdapterView, entry: EntryIndex) -> Vec<String> {
    let device = &view.device;
    let mut out = Vec::new();
    let len = device.table.len();
    out.push(format!("hash modulo {len} = {entry} chooses table entry {entry}"));
    let Some(queue) = device.table.get(entry.index()).copied() else { return out };
    match view.settings.table.value.get(&entry) {
        Some(p) => out.push(format!(
            "entry {entry} -> queue {queue}: set by hand to processor {p} ({})",
            view.settings.table.origin
        )),
        None => out.push(format!(
            "entry {entry} -> queue {queue}: {}",
            text::rule(rssmgr_core::place::Rule::EntriesRoundRobin)
        )),
    }
    match device.home(queue) {
        Some(cpu) => {
            let node =
                node(&view.topology, Some(cpu)).map_or(String::new(), |n| format!(" on NUMA node {n}"));
            out.push(format!("queue {queue} -> processor {} (CPU {cpu}{node})", name(cpu)));
        }
        None => out.push(format!("queue {queue} is served by any CPU")),
    }
    if !device.enabled {
        let queue = device.default_queue;
        let cpu = device.home(queue).map_or("any CPU".into(), |c| format!("processor {}", name(c)));
        out.push(format!("but RSS is off: everything goes to queue {queue}, {cpu}"));
    }
    out
}

fn cpu_why(snapshot: &Snapshot, view: &AdapterView, cpu: CpuId) -> CpuWhyRecord {
    let device = &view.device;
    let judged = verdict(&view.topology, &view.settings, cpu);
    let array = processor_array(view);
    let rank = array.iter().position(|c| c.cpu == cpu).map(|i| count(i + 1));
    let queues: Vec<u32> =
        (0..device.channels()).filter(|q| device.home(QueueId(*q)) == Some(cpu)).map(u32::from).collect();
    let entries: Vec<u32> =
        (0..device.table.len()).filter(|i| device.home(device.table[*i]) == Some(cpu)).map(count).collect();
    let shared_with: Vec<String> = snapshot
        .adapters
        .values()
        .filter(|a| a.id != view.id && a.topology == view.topology)
        .filter(|a| a.target.as_ref().is_some_and(|t| t.processors.contains(&cpu)))
        .map(|a| a.facts.name.clone())
        .collect();
    let p = name(cpu);
    let mut text = format!("processor {p} {}", text::eligibility(judged));
    if judged == Eligibility::Eligible {
        let used = view.target.as_ref().map_or(!queues.is_empty(), |t| t.processors.contains(&cpu));
        if used {
            let plural = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
            let queues = plural(queues.len(), "queue", "queues");
            let entries = plural(entries.len(), "table entry", "table entries");
            let spread = device.rps.iter().filter(|cpus| cpus.contains(cpu)).count();
            text += &format!(" and is used: {queues}, {entries}");
            if spread > 0 {
                text += &format!(
                    ", and the kernel spreads packets of {} to it",
                    plural(spread, "queue", "queues")
                );
            }
        } else {
            let n = view.target.as_ref().map_or(0, |t| t.active);
            text += &format!(" but is not needed: {n} processors come before it");
        }
    }
    let transmit_queue = device.xps.iter().position(|cpus| cpus.contains(cpu)).map(count);
    if let Some(queue) = transmit_queue {
        text += &format!("; it sends through transmit queue {queue}");
        if device.xps_rxqs.iter().any(|receive| !receive.is_empty()) {
            text += ", connections through that of the receive queue they come in on";
        }
    }
    if !shared_with.is_empty() {
        text += &format!("; also used by {}", shared_with.join(", "));
    }
    CpuWhyRecord {
        processor: p,
        cpu: cpu.0,
        node: node(&view.topology, Some(cpu)),
        eligibility: judged.name().into(),
        rank,
        queues,
        entries,
        transmit_queue,
        shared_with,
        text,
    }
}
