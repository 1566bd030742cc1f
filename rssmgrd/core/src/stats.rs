//! NICStats: what is counted, and one table of every family with its unit, its help and its metric name.

mod vport;

pub use vport::VPortStats;

use alloc::vec::Vec;

use crate::ids::CpuId;

/// Counters of one receive queue, since the queue was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// The CPU that serves the queue now.
    pub cpu: Option<CpuId>,
    /// Packets handled.
    pub packets: u64,
    /// Bytes handled.
    pub bytes: u64,
    /// Packets dropped because the ring was full.
    pub drops: u64,
    /// Packets handled after a later packet of the same flow.
    pub reordered: u64,
    /// Packets waiting in the ring now.
    pub backlog: u64,
    /// Sent packets whose completion was handled on the queue's CPU; 0 where that is not counted.
    pub completions: u64,
}

/// Counters of one indirection table entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryStats {
    /// Packets whose hash chose this entry.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
}

/// Counters of one CPU for one adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuStats {
    /// The CPU, as the adapter's topology numbers it.
    pub cpu: CpuId,
    /// Packets handled there.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
}

/// Counters of a whole adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AdapterStats {
    /// Packets received.
    pub packets: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Packets dropped because a ring was full.
    pub drops: u64,
    /// Packets without a hash, which went to the default queue.
    pub unhashed: u64,
    /// Packets that could not be parsed as far as an IP header.
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
    /// Sent packets whose completion was handled; 0 where that is not counted.
    pub completions: u64,
    /// Packets handled on a CPU other than the queue's home (only where a machine lacks that CPU, or just after
    /// a move).
    pub misses: u64,
}

/// All counters of an adapter at one moment. Counters only grow while the adapter lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The adapter.
    pub adapter: AdapterStats,
    /// Its queues, by number.
    pub queues: Vec<QueueStats>,
    /// Its table entries, those of the default VPort, by number.
    pub entries: Vec<EntryStats>,
    /// CPUs that handled anything, ascending.
    pub cpus: Vec<CpuStats>,
    /// Its VPorts beside the default one, ascending; `None` where they are not counted ([`Sample::count_vports`]).
    pub vports: Option<Vec<VPortStats>>,
}

/// What a metric family has a series for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One series for the daemon.
    Daemon,
    /// One series an adapter.
    Adapter,
    /// One series a queue.
    Queue,
    /// One series a CPU.
    Cpu,
    /// One series a table entry; only on request.
    Entry,
    /// One series a VPort beside the default one.
    VPort,
}

/// Counter or gauge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A metric family that comes from a [`Sample`].
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Metric name.
    pub name: &'static str,
    /// What it counts, with the unit.
    pub help: &'static str,
    /// Counter or gauge.
    pub kind: Kind,
    /// How to read it.
    pub read: Read,
}

/// How to read a family from a sample.
#[derive(Clone, Copy, Debug)]
pub enum Read {
    /// From the whole adapter.
    Adapter(fn(&AdapterStats) -> u64),
    /// From each queue.
    Queue(fn(&QueueStats) -> u64),
    /// From each CPU.
    Cpu(fn(&CpuStats) -> u64),
    /// From each table entry.
    Entry(fn(&EntryStats) -> u64),
    /// From each VPort beside the default one of which it is counted.
    VPort(fn(&VPortStats) -> Option<u64>),
}

impl Family {
    /// What the family has a series for.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        match self.read {
            Read::Adapter(_) => Scope::Adapter,
            Read::Queue(_) => Scope::Queue,
            Read::Cpu(_) => Scope::Cpu,
            Read::Entry(_) => Scope::Entry,
            Read::VPort(_) => Scope::VPort,
        }
    }
}

const fn counter(name: &'static str, help: &'static str, read: Read) -> Family {
    Family { name, help, kind: Kind::Counter, read }
}

/// The table.
pub const FAMILIES: [Family; 26] = [
    counter(
        "rssmgrd_adapter_receive_packets_total",
        "Packets received by the adapter",
        Read::Adapter(|a| a.packets),
    ),
    counter(
        "rssmgrd_adapter_receive_bytes_total",
        "Bytes received by the adapter",
        Read::Adapter(|a| a.bytes),
    ),
    counter(
        "rssmgrd_adapter_receive_drops_total",
        "Packets dropped because a receive ring was full",
        Read::Adapter(|a| a.drops),
    ),
    counter(
        "rssmgrd_adapter_unhashed_packets_total",
        "Packets without a hash, sent to the default queue",
        Read::Adapter(|a| a.unhashed),
    ),
    counter(
        "rssmgrd_adapter_unparsed_packets_total",
        "Packets that could not be parsed as far as an IP header",
        Read::Adapter(|a| a.unparsed),
    ),
    counter(
        "rssmgrd_adapter_reordered_packets_total",
        "Packets handled after a later packet of the same flow",
        Read::Adapter(|a| a.reordered),
    ),
    counter(
        "rssmgrd_adapter_entry_moves_total",
        "Indirection table entries moved",
        Read::Adapter(|a| a.entry_moves),
    ),
    counter(
        "rssmgrd_adapter_unicast_packets_total",
        "Packets received for a single host",
        Read::Adapter(|a| a.unicast_packets),
    ),
    counter(
        "rssmgrd_adapter_multicast_packets_total",
        "Packets received for a multicast group",
        Read::Adapter(|a| a.multicast_packets),
    ),
    counter(
        "rssmgrd_adapter_broadcast_packets_total",
        "Packets received for everybody",
        Read::Adapter(|a| a.broadcast_packets),
    ),
    counter(
        "rssmgrd_adapter_misses_total",
        "Packets handled on another CPU than the queue's home",
        Read::Adapter(|a| a.misses),
    ),
    counter(
        "rssmgrd_queue_receive_packets_total",
        "Packets handled by the receive queue",
        Read::Queue(|q| q.packets),
    ),
    counter(
        "rssmgrd_queue_receive_bytes_total",
        "Bytes handled by the receive queue",
        Read::Queue(|q| q.bytes),
    ),
    counter(
        "rssmgrd_queue_receive_drops_total",
        "Packets dropped because the queue's ring was full",
        Read::Queue(|q| q.drops),
    ),
    counter(
        "rssmgrd_queue_reordered_packets_total",
        "Packets the queue handled after a later packet of the same flow",
        Read::Queue(|q| q.reordered),
    ),
    counter(
        "rssmgrd_queue_transmit_completions_total",
        "Sent packets whose completion was handled on the queue's CPU",
        Read::Queue(|q| q.completions),
    ),
    Family {
        name: "rssmgrd_queue_backlog_packets",
        help: "Packets waiting in the queue's ring",
        kind: Kind::Gauge,
        read: Read::Queue(|q| q.backlog),
    },
    counter(
        "rssmgrd_cpu_receive_packets_total",
        "Packets of the adapter handled on the CPU (software NICs: hardware counts by queue)",
        Read::Cpu(|c| c.packets),
    ),
    counter(
        "rssmgrd_cpu_receive_bytes_total",
        "Bytes of the adapter handled on the CPU (software NICs: hardware counts by queue)",
        Read::Cpu(|c| c.bytes),
    ),
    counter(
        "rssmgrd_entry_receive_packets_total",
        "Packets whose hash chose the indirection table entry (software NICs: hardware counts by queue)",
        Read::Entry(|e| e.packets),
    ),
    counter(
        "rssmgrd_entry_receive_bytes_total",
        "Bytes whose hash chose the indirection table entry (software NICs: hardware counts by queue)",
        Read::Entry(|e| e.bytes),
    ),
    counter(
        "rssmgrd_vport_receive_packets_total",
        "Packets of the VPort handled since it was created (hardware: of its queues, since those were)",
        Read::VPort(|v| Some(v.packets)),
    ),
    counter(
        "rssmgrd_vport_receive_bytes_total",
        "Bytes of the VPort handled since it was created (hardware: of its queues, since those were)",
        Read::VPort(|v| v.bytes),
    ),
    counter(
        "rssmgrd_vport_receive_drops_total",
        "Packets of the VPort dropped because a receive ring was full (software NICs)",
        Read::VPort(|v| v.drops),
    ),
    counter(
        "rssmgrd_vport_unhashed_packets_total",
        "Packets of the VPort without a hash, sent to its default queue (software NICs)",
        Read::VPort(|v| v.unhashed),
    ),
    counter(
        "rssmgrd_vport_reordered_packets_total",
        "Packets of the VPort handled after a later packet of the same flow (software NICs)",
        Read::VPort(|v| v.reordered),
    ),
];
