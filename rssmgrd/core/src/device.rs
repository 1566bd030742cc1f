//! What is there: an adapter's RSS state as read from it, the operations that change it, and what came of them.
//! Observed and modelled devices are the same type, so that a plan can be folded over a model and compared with
//! the real thing.

pub(crate) mod filter;
mod vport;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::cpuset::CpuSet;
use crate::hash::{HashKey, HashTypes};
use crate::ids::{CpuId, EntryIndex, QueueId, VPortId};
use crate::packet::encap::{EncapState, Encapsulations};

pub use filter::{Filter, Filters, Test};
pub(crate) use vport::sorted;
pub use vport::{QueueUser, VPortDevice, VPortOp, VPortRefusal};

/// One receive queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// The CPU that serves it; `None` where that is not known or not one CPU.
    pub home: Option<CpuId>,
}

/// An interrupt that serves no receive queue: the link's, the configuration's, one that only sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vector {
    /// The name under which the driver requested it; no two of an adapter have one name.
    pub name: String,
    /// The CPUs that it may go to; none where that is not known.
    pub cpus: CpuSet,
}

/// Whether the table was written by somebody or is the driver's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserTable {
    /// Somebody wrote it.
    Yes,
    /// It is the driver's default.
    No,
    /// The kernel does not tell.
    #[default]
    Unknown,
}

/// An adapter's RSS state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Whether the hardware spreads.
    pub enabled: bool,
    /// The receive queues; as many as there are channels.
    pub queues: Vec<Queue>,
    /// The indirection table.
    pub table: Vec<QueueId>,
    /// The hash key; empty where the driver does not show it.
    pub key: HashKey,
    /// The hash types in force.
    pub hash_types: HashTypes,
    /// Which encapsulated packets it looks into. Nothing where that cannot be chosen, whatever the hardware does.
    pub encapsulation: EncapState,
    /// Queue of packets without a hash, and of all packets while RSS is off.
    pub default_queue: QueueId,
    /// Who wrote the table.
    pub user_table: UserTable,
    /// Transmit packet steering (XPS): for each transmit queue the CPUs that send through it, none where no CPU is
    /// mapped to it. Empty where there is nothing to steer: a single transmit queue, steering not supported or not
    /// known. In a target, empty leaves it alone.
    pub xps: Vec<CpuSet>,
    /// Transmit packet steering by receive queue (`xps_rxqs`): for each transmit queue the receive queues whose connections
    /// send through it. The kernel asks these first and the CPUs after them (`get_xps_queue`). Empty where not supported,
    /// not known, or where there is nothing to steer. In a target, empty leaves it alone.
    pub xps_rxqs: Vec<BTreeSet<QueueId>>,
    /// Receive packet steering (RPS): for each receive queue the CPUs over which the kernel spreads its packets, none
    /// where they stay on the CPU of the interrupt. Empty where not supported or not known. In a target, empty leaves
    /// it alone.
    pub rps: Vec<CpuSet>,
    /// The interrupts that serve no receive queue and can be moved. Empty where there are none, or where it is not certain
    /// what an interrupt serves. In a target, those that are not named are left alone.
    pub others: Vec<Vector>,
    /// The VPorts beside the default one, which is everything above.
    pub vports: BTreeMap<VPortId, VPortDevice>,
    /// Virtual functions in use (SR-IOV), which have the adapter's VPorts then. Looked at only where it can have VPorts;
    /// nobody's setting, and no difference.
    pub virtual_functions: u32,
}

impl Device {
    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> u16 {
        u16::try_from(self.queues.len()).unwrap_or(u16::MAX)
    }

    /// The CPU that serves a queue.
    #[must_use]
    pub fn home(&self, queue: QueueId) -> Option<CpuId> {
        self.queues.get(queue.index())?.home
    }

    /// The CPU that an entry sends to.
    #[must_use]
    pub fn entry_cpu(&self, entry: EntryIndex) -> Option<CpuId> {
        self.home(*self.table.get(entry.index())?)
    }

    /// Takes over from another reading what an interface may not show before it was opened first, and what nobody can write
    /// until then ([`Capability::table_unseen`](crate::capability::Capability::table_unseen)).
    pub fn take_unseen(&mut self, read: &Self) {
        self.enabled = read.enabled;
        self.table.clone_from(&read.table);
        self.key = read.key.clone();
        self.hash_types = read.hash_types;
        self.user_table = read.user_table;
        self.others.clone_from(&read.others);
    }

    /// The VPort, other than the default one, that has a queue for itself.
    #[must_use]
    pub fn holder(&self, queue: QueueId) -> Option<VPortId> {
        holder(&self.vports, queue)
    }

    /// The queues that no other VPort has for itself: those of the default one.
    pub fn own_queues(&self) -> impl Iterator<Item = QueueId> {
        self.own_queues_of(self.channels())
    }

    /// As [`Device::own_queues`], with this many queues instead of those that there are.
    pub(crate) fn own_queues_of(&self, channels: u16) -> impl Iterator<Item = QueueId> {
        (0..channels).map(QueueId).filter(|queue| self.holder(*queue).is_none())
    }

    /// What of the default VPort uses a queue: its first entry, or the default queue.
    #[must_use]
    pub fn user_of(&self, queue: QueueId) -> Option<QueueUser> {
        QueueUser::of(&self.table, self.default_queue, queue)
    }

    /// The first part in which two states differ, in words; `None` when they agree. Transmit steering and receive
    /// packet steering and other interrupts are compared only where both know them.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        if self.queues.len() != other.queues.len() {
            Some("number of queues")
        } else if self.queues != other.queues {
            Some("queue to CPU assignment")
        } else if self.table != other.table {
            Some("indirection table")
        } else if self.key != other.key {
            Some("hash key")
        } else if self.hash_types != other.hash_types {
            Some("hash types")
        } else if !self.encapsulation.steers_as(other.encapsulation) {
            Some("encapsulation")
        } else if self.default_queue != other.default_queue {
            Some("default queue")
        } else if self.enabled != other.enabled {
            Some("enabled")
        } else if differs(&self.xps, &other.xps) {
            Some("transmit steering")
        } else if differs(&self.xps_rxqs, &other.xps_rxqs) {
            Some("transmit steering by receive queue")
        } else if differs(&self.rps, &other.rps) {
            Some("receive packet steering")
        } else if self.other_differs(other) {
            Some("other interrupts")
        } else if !same_vports(&self.vports, &other.vports) {
            Some("VPorts")
        } else {
            None
        }
    }

    /// Whether an interrupt that both name, and that serves no receive queue, goes elsewhere.
    #[must_use]
    pub fn other_differs(&self, other: &Self) -> bool {
        self.others.iter().any(|v| other.others.iter().any(|w| w.name == v.name && w.cpus != v.cpus))
    }
}

pub(crate) fn holder(vports: &BTreeMap<VPortId, VPortDevice>, queue: QueueId) -> Option<VPortId> {
    vports.iter().find(|(_, vport)| vport.queues.contains(&queue)).map(|(id, _)| *id)
}

/// Whether two states steer differently; one that does not tell differs from nothing.
pub(crate) fn differs<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    !a.is_empty() && !b.is_empty() && a != b
}

pub(crate) fn same_vports(a: &BTreeMap<VPortId, VPortDevice>, b: &BTreeMap<VPortId, VPortDevice>) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|((a, x), (b, y))| a == b && x.same(y))
}

/// One entry's new queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryMove {
    /// The entry.
    pub entry: EntryIndex,
    /// Where it points afterwards.
    pub queue: QueueId,
}

/// An operation on an adapter. The first four are the callbacks of the NetAdapterCx contract, for the default VPort; those
/// of other VPorts are in [`VPortOp`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Start spreading.
    Enable,
    /// Stop spreading: everything goes to the default queue. The table stays.
    Disable,
    /// Write the key.
    SetKey(HashKey),
    /// Move entries one by one, all or nothing.
    SetEntries(Vec<EntryMove>),
    /// Replace the whole table.
    WriteTable(Vec<QueueId>),
    /// Give the table back to the driver.
    ResetTable,
    /// Change the number of receive queues.
    Channels(u16),
    /// Have a queue served by a CPU.
    Home {
        /// The queue.
        queue: QueueId,
        /// Its CPU; `None` lets any CPU serve it.
        cpu: Option<CpuId>,
    },
    /// Choose what is hashed.
    HashTypes(HashTypes),
    /// Choose which encapsulated packets are looked into.
    Encapsulation(EncapState),
    /// Choose the queue of packets without a hash.
    DefaultQueue(QueueId),
    /// Have these CPUs, and no others, send through a transmit queue.
    Xps {
        /// The transmit queue.
        queue: QueueId,
        /// The CPUs; none takes every CPU off the queue.
        cpus: CpuSet,
    },
    /// Have the connections of these receive queues, and of no others, send through a transmit queue.
    XpsRxqs {
        /// The transmit queue.
        queue: QueueId,
        /// The receive queues; none takes all of them off the queue.
        receive: BTreeSet<QueueId>,
    },
    /// Let an interrupt that serves no receive queue go to these CPUs only.
    Vector {
        /// Its name.
        name: String,
        /// The CPUs.
        cpus: CpuSet,
    },
    /// Spread the packets of a receive queue over these CPUs, in the kernel.
    Rps {
        /// The receive queue.
        queue: QueueId,
        /// The CPUs; none leaves the packets on the CPU of the interrupt.
        cpus: CpuSet,
    },
    /// Change a VPort other than the default one.
    VPort {
        /// The VPort.
        id: VPortId,
        /// What to do with it.
        op: VPortOp,
    },
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enable => f.write_str("enable"),
            Self::Disable => f.write_str("disable"),
            Self::SetKey(k) => write!(f, "set hash key ({} bytes)", k.len()),
            Self::SetEntries(m) => match m.as_slice() {
                [one] => write!(f, "move entry {} to queue {}", one.entry, one.queue),
                _ => write!(f, "move {} entries", m.len()),
            },
            Self::WriteTable(t) => write!(f, "write indirection table ({} entries)", t.len()),
            Self::ResetTable => f.write_str("reset indirection table to the driver's default"),
            Self::Channels(n) => write!(f, "set {n} receive queues"),
            Self::Home { queue, cpu: Some(cpu) } => write!(f, "serve queue {queue} on CPU {cpu}"),
            Self::Home { queue, cpu: None } => write!(f, "serve queue {queue} on any CPU"),
            Self::HashTypes(t) => write!(f, "hash {t}"),
            Self::Encapsulation(e) if e.kinds.is_empty() => f.write_str("look into no encapsulated packets"),
            Self::Encapsulation(e) => write!(f, "look into {e}"),
            Self::DefaultQueue(q) => write!(f, "send unhashed packets to queue {q}"),
            Self::Xps { queue, cpus } => match Named::of(cpus) {
                Some(cpus) => write!(f, "send from {cpus} through transmit queue {queue}"),
                None => write!(f, "send from no CPU through transmit queue {queue}"),
            },
            Self::XpsRxqs { queue, receive } if receive.is_empty() => {
                write!(f, "answer no receive queue through transmit queue {queue}")
            }
            Self::XpsRxqs { queue, receive } => {
                let list: CpuSet = receive.iter().map(|q| CpuId(q.0.into())).collect();
                let queues = if receive.len() == 1 { "queue" } else { "queues" };
                write!(f, "answer receive {queues} {list} through transmit queue {queue}")
            }
            Self::Vector { name, cpus } => match Named::of(cpus) {
                Some(cpus) => write!(f, "serve interrupt {name} on {cpus}"),
                None => write!(f, "serve interrupt {name} on any CPU"),
            },
            Self::Rps { queue, cpus } => match Named::of(cpus) {
                Some(cpus) => write!(f, "spread the packets of queue {queue} over {cpus}"),
                None => write!(f, "keep the packets of queue {queue} on the CPU of its interrupt"),
            },
            Self::VPort { id, op } => write!(f, "VPort {id}: {op}"),
        }
    }
}

/// CPUs with the word before them.
struct Named<'a>(&'a CpuSet);

impl<'a> Named<'a> {
    fn of(cpus: &'a CpuSet) -> Option<Self> {
        (!cpus.is_empty()).then_some(Self(cpus))
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.0.len() == 1 { "CPU" } else { "CPUs" }, self.0)
    }
}

/// What executing an operation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was so already.
    Unchanged,
    /// Done.
    Changed,
}

/// Why an adapter refuses an operation; never anybody's fault but the caller's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The adapter cannot do this at all.
    #[error("{op}: not supported by this adapter")]
    Unsupported {
        /// The operation in words.
        op: String,
    },
    /// The driver cannot do this on any adapter, or is not known well enough to be asked.
    #[error("{op}: the driver {driver} cannot, or is not known well enough to be asked")]
    Driver {
        /// The operation in words.
        op: String,
        /// The driver's row.
        driver: &'static str,
    },
    /// A queue that does not exist.
    #[error("{op}: queue {queue} does not exist, the adapter has queues 0 to {last}")]
    NoSuchQueue {
        /// The operation in words.
        op: String,
        /// The queue asked for.
        queue: QueueId,
        /// The last queue there is.
        last: u16,
    },
    /// An entry that does not exist.
    #[error("entry {entry} does not exist, the table has entries 0 to {last}")]
    NoSuchEntry {
        /// The entry asked for.
        entry: EntryIndex,
        /// The last entry there is.
        last: u16,
    },
    /// A table of the wrong length.
    #[error("a table of {got} entries does not fit, the adapter has {want}")]
    TableLength {
        /// Entries given.
        got: usize,
        /// Entries wanted.
        want: usize,
    },
    /// A key of the wrong length.
    #[error("a hash key of {got} bytes does not fit, the adapter takes {want}")]
    KeyLength {
        /// Bytes given.
        got: usize,
        /// Bytes wanted.
        want: usize,
    },
    /// Too many or too few queues.
    #[error("{got} receive queues: the adapter can have 1 to {max}")]
    QueueCount {
        /// Queues asked for.
        got: u16,
        /// The most there can be.
        max: u16,
    },
    /// The table still uses queues that would go away.
    #[error("cannot shrink to {queues} queues while table entry {entry} points at queue {queue}")]
    QueueInUse {
        /// Queues asked for.
        queues: u16,
        /// An entry in the way.
        entry: EntryIndex,
        /// Where it points.
        queue: QueueId,
    },
    /// A queue that a VPort has for itself.
    #[error("{op}: queue {queue} belongs to VPort {vport}: delete that or give it other queues first")]
    QueueHeld {
        /// The operation in words.
        op: String,
        /// The queue.
        queue: QueueId,
        /// Whose it is.
        vport: VPortId,
    },
    /// An operation on a VPort.
    #[error("VPort {id}: {why}")]
    VPort {
        /// The VPort.
        id: VPortId,
        /// Why.
        why: VPortRefusal,
    },
    /// The number of queues decides the size of the table, and the driver does not resize a table that a user wrote.
    #[error(
        "{queues} queues need a table of {to} entries instead of {from}, and the driver does not resize one that was \
         written: reset the table first"
    )]
    TableResize {
        /// Queues asked for.
        queues: u16,
        /// Entries now.
        from: u16,
        /// Entries with so many queues.
        to: u16,
    },
    /// Encapsulations that the hardware does not have.
    #[error("looking into {kinds} is not supported, the adapter has {supported}")]
    Encapsulation {
        /// The encapsulations asked for that it lacks.
        kinds: Encapsulations,
        /// What it has.
        supported: Encapsulations,
    },
    /// Hash types that the hardware does not have.
    #[error("hash types {types} are not supported, the adapter has {supported}")]
    HashTypes {
        /// The types asked for that it lacks.
        types: HashTypes,
        /// What it has.
        supported: HashTypes,
    },
}

/// Why executing an operation or reading an adapter failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The adapter refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The adapter is not there any more.
    #[error("the adapter is gone")]
    Gone,
    /// It failed because the interface was closed meanwhile: many drivers have interrupts, and take settings, only while
    /// it is up.
    #[error("{0}, because the interface is down")]
    Down(String),
    /// The operating system failed.
    #[error("{action}: {reason}")]
    System {
        /// What was tried.
        action: String,
        /// What came back, with errno.
        reason: String,
    },
}

impl BackendError {
    /// A failure of the operating system.
    pub fn system(action: &str, reason: impl fmt::Display) -> Self {
        Self::System { action: action.to_string(), reason: reason.to_string() }
    }
}
