//! Counters as records.

use rssmgr_core::manager::AdapterView;
use rssmgr_core::stats::{EntryStats, QueueStats, Sample};

use super::{count, name, node, table, vport};
use crate::error::ApiError;
use crate::types::{
    CpuStatsRecord, EntryRecord, EntryStatsRecord, QueueStatsRecord, StatsRecord, TotalsRecord,
};

/// Which counters are wanted beside the totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Per {
    /// None.
    #[default]
    Adapter,
    /// By queue.
    Queue,
    /// By CPU.
    Cpu,
    /// By table entry.
    Entry,
    /// By VPort.
    VPort,
}

impl Per {
    /// Parses `adapter`, `queue`, `cpu`, `entry` or `vport`.
    ///
    /// # Errors
    /// Names the value and what is allowed.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        match text {
            "" | "adapter" => Ok(Self::Adapter),
            "queue" => Ok(Self::Queue),
            "cpu" => Ok(Self::Cpu),
            "entry" => Ok(Self::Entry),
            "vport" => Ok(Self::VPort),
            other => Err(ApiError::usage(format!(
                "per: `{other}` is not known; allowed: adapter, queue, cpu, entry, vport"
            ))),
        }
    }
}

/// Counters of an adapter.
#[must_use]
pub fn stats(view: &AdapterView, sample: &Sample, per: Per, time_ms: u64) -> StatsRecord {
    let a = &sample.adapter;
    let topology = &view.topology;
    let mut out = StatsRecord {
        name: view.facts.name.clone(),
        time_ms,
        pretended_topology: topology.label().map(Into::into),
        totals: TotalsRecord {
            packets: a.packets,
            bytes: a.bytes,
            drops: a.drops,
            unhashed: a.unhashed,
            unparsed: a.unparsed,
            reordered: a.reordered,
            entry_moves: a.entry_moves,
            unicast_packets: a.unicast_packets,
            multicast_packets: a.multicast_packets,
            broadcast_packets: a.broadcast_packets,
            misses: a.misses,
            completions: a.completions,
        },
        ..StatsRecord::default()
    };
    match per {
        Per::Adapter => {}
        Per::Queue => {
            let queue = |(i, q): (usize, &QueueStats)| QueueStatsRecord {
                queue: count(i),
                cpu: q.cpu.map(|c| c.0),
                processor: q.cpu.map(name),
                node: node(topology, q.cpu),
                packets: q.packets,
                bytes: q.bytes,
                drops: q.drops,
                reordered: q.reordered,
                backlog: q.backlog,
                completions: q.completions,
            };
            out.queues = Some(sample.queues.iter().enumerate().map(queue).collect());
        }
        Per::Cpu => {
            let cpu = |c: &rssmgr_core::stats::CpuStats| CpuStatsRecord {
                cpu: c.cpu.0,
                processor: name(c.cpu),
                node: node(topology, Some(c.cpu)),
                packets: c.packets,
                bytes: c.bytes,
            };
            out.cpus = Some(sample.cpus.iter().map(cpu).collect());
        }
        Per::Entry => {
            let table = table(&view.device);
            let entry = |(e, s): (EntryRecord, &EntryStats)| EntryStatsRecord {
                entry: e.entry,
                queue: e.queue,
                cpu: e.cpu,
                processor: e.processor,
                packets: s.packets,
                bytes: s.bytes,
            };
            out.entries = Some(table.into_iter().zip(&sample.entries).map(entry).collect());
        }
        Per::VPort => out.vports = Some(vport::stats(view, sample)),
    }
    out
}
