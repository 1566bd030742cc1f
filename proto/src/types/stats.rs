//! Counters.

use serde::{Deserialize, Serialize};

/// Counters of a whole adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TotalsRecord {
    /// Packets received.
    pub packets: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Packets dropped because a ring was full.
    pub drops: u64,
    /// Packets without a hash.
    pub unhashed: u64,
    /// Packets that could not be parsed.
    pub unparsed: u64,
    /// Packets handled after a later packet of the same flow.
    pub reordered: u64,
    /// Table entries moved.
    pub entry_moves: u64,
    /// Packets for a single host.
    pub unicast_packets: u64,
    /// Packets for a multicast group.
    pub multicast_packets: u64,
    /// Packets for everybody.
    pub broadcast_packets: u64,
    /// Packets handled on another CPU than the queue's home.
    pub misses: u64,
    /// Sent packets whose completion was handled; 0 where that is not counted.
    #[serde(default)]
    pub completions: u64,
}

/// Counters of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QueueStatsRecord {
    /// The queue.
    pub queue: u32,
    /// The CPU that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// The same as `group:number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// NUMA node of that CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// Packets handled.
    pub packets: u64,
    /// Bytes handled.
    pub bytes: u64,
    /// Packets dropped.
    pub drops: u64,
    /// Packets reordered.
    pub reordered: u64,
    /// Packets waiting now.
    pub backlog: u64,
    /// Sent packets whose completion was handled on the queue's CPU; 0 where that is not counted.
    #[serde(default)]
    pub completions: u64,
}

/// Counters of one CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CpuStatsRecord {
    /// Kernel CPU id.
    pub cpu: u32,
    /// The same as `group:number`.
    pub processor: String,
    /// NUMA node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// Packets handled there.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
}

/// Counters of one table entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntryStatsRecord {
    /// The entry.
    pub entry: u32,
    /// The queue it points at now.
    pub queue: u32,
    /// The CPU that serves that queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// The same as `group:number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// Packets whose hash chose it.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
}

/// Counters of one VPort, since it was created; on a network card those of its queues, since those were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VPortStatsRecord {
    /// The VPort; 0 is the default one, which has what is of no other.
    pub vport_id: u32,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vport_name: Option<String>,
    /// Processors that take its packets now.
    pub processors: Vec<String>,
    /// Packets handled.
    pub packets: u64,
    /// Bytes handled; absent where that is not counted by VPort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Packets dropped; absent where that is not counted by VPort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drops: Option<u64>,
    /// Packets without a hash; absent where that is not counted by VPort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unhashed: Option<u64>,
    /// Packets reordered; absent where that is not counted by VPort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reordered: Option<u64>,
}

/// What `rssctl stats` shows of one adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatsRecord {
    /// Interface name.
    pub name: String,
    /// When the counters were read: milliseconds since 1970.
    pub time_ms: u64,
    /// The pretended machine that the CPUs belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretended_topology: Option<String>,
    /// The whole adapter.
    pub totals: TotalsRecord,
    /// By queue, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queues: Option<Vec<QueueStatsRecord>>,
    /// By CPU, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<Vec<CpuStatsRecord>>,
    /// By table entry, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<EntryStatsRecord>>,
    /// By VPort, when asked for; none where the card has VPorts and its driver does not count by queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vports: Option<Vec<VPortStatsRecord>>,
}
