//! VPorts beside the default one, which is the adapter itself: what each has, and the operations on them.

use alloc::vec::Vec;
use core::fmt;

use super::{EntryMove, Filter};
use crate::hash::{HashKey, HashTypes};
use crate::ids::{EntryIndex, FilterId, QueueId, VPortId};

/// A VPort other than the default one.
///
/// Its queues are queues of the adapter that it has for itself: no other VPort uses them, the default one neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VPortDevice {
    /// Its queues, ascending.
    pub queues: Vec<QueueId>,
    /// Whether it spreads.
    pub enabled: bool,
    /// The hash types in force, or those of the last time that it spread; none before the first.
    pub hash_types: HashTypes,
    /// The hash key; empty until one is set.
    pub key: HashKey,
    /// The indirection table: a power of two of entries.
    pub table: Vec<QueueId>,
    /// Queue of packets without a hash, and of all packets while it does not spread.
    pub default_queue: QueueId,
    /// What leads here, by number; nothing does while there is none.
    pub filters: Vec<Filter>,
}

/// A list as a VPort keeps it, whatever order it was asked for in.
pub(crate) fn sorted<T: Ord + Clone>(list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    list.sort_unstable();
    list
}

impl VPortDevice {
    /// A VPort just made: it does not spread, and one entry, the default queue and so everything is on its first queue.
    #[must_use]
    pub fn new(mut queues: Vec<QueueId>) -> Self {
        queues.sort_unstable();
        let first = queues.first().copied().unwrap_or_default();
        Self { queues, table: alloc::vec![first], default_queue: first, ..Self::default() }
    }

    /// Whether two states are the same to packets and to whoever asks. What one that does not spread would hash is not: it
    /// is said again when it does. Nor is a key that was never set: none can be taken away.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        if self.enabled || other.enabled {
            return self == other;
        }
        let no_key = self.key.is_empty() || other.key.is_empty();
        let key = if no_key { other.key.clone() } else { self.key.clone() };
        Self { hash_types: other.hash_types, key, ..self.clone() } == *other
    }

    /// The first entry, or the default queue, that uses a queue.
    #[must_use]
    pub fn user_of(&self, queue: QueueId) -> Option<QueueUser> {
        QueueUser::of(&self.table, self.default_queue, queue)
    }
}

/// What sends packets to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueUser {
    /// It is the default queue.
    Default,
    /// A table entry.
    Entry(EntryIndex),
}

impl QueueUser {
    /// What of a table and its default queue uses a queue.
    pub(super) fn of(table: &[QueueId], default_queue: QueueId, queue: QueueId) -> Option<Self> {
        if default_queue == queue {
            return Some(Self::Default);
        }
        let entry = table.iter().zip(0..).find(|(q, _)| **q == queue);
        entry.map(|(_, i)| Self::Entry(EntryIndex(i)))
    }
}

impl fmt::Display for QueueUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default queue"),
            Self::Entry(entry) => write!(f, "table entry {entry}"),
        }
    }
}

/// An operation on a VPort other than the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VPortOp {
    /// Make it, of queues that nothing uses: not spreading, one entry, everything on the lowest of its queues.
    Create {
        /// Its queues.
        queues: Vec<QueueId>,
    },
    /// Take it away, spreading or not: its filters are gone, its queues are free, its packets are the default VPort's.
    Delete,
    /// Give it other queues. Those that it loses must not be used.
    Queues(Vec<QueueId>),
    /// Spread by these hash types. Again with others while it spreads: hash by those.
    Enable(HashTypes),
    /// Stop spreading: everything goes to the default queue. Table, key and types stay.
    Disable,
    /// Write the key.
    SetKey(HashKey),
    /// Move entries one by one, all or nothing.
    SetEntries(Vec<EntryMove>),
    /// Replace the whole table; a power of two of entries, not always as many as before.
    WriteTable(Vec<QueueId>),
    /// Choose the queue of packets without a hash, and of all packets while it does not spread.
    DefaultQueue(QueueId),
    /// Replace all its filters.
    Filters(Vec<Filter>),
}

impl fmt::Display for VPortOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { queues } => write!(f, "create with {} queues", queues.len()),
            Self::Delete => f.write_str("delete"),
            Self::Queues(queues) => write!(f, "use {} queues", queues.len()),
            Self::Enable(types) => write!(f, "enable, hash {types}"),
            Self::Disable => f.write_str("disable"),
            Self::SetKey(key) => write!(f, "set hash key ({} bytes)", key.len()),
            Self::SetEntries(moves) => match moves.as_slice() {
                [one] => write!(f, "move entry {} to queue {}", one.entry, one.queue),
                _ => write!(f, "move {} entries", moves.len()),
            },
            Self::WriteTable(table) => write!(f, "write indirection table ({} entries)", table.len()),
            Self::DefaultQueue(queue) => write!(f, "send unhashed packets to queue {queue}"),
            Self::Filters(filters) => write!(f, "take the packets of {} filters", filters.len()),
        }
    }
}

/// Why an adapter refuses an operation on a VPort.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VPortRefusal {
    /// There is no such VPort.
    #[error("does not exist: create it first")]
    Unknown,
    /// The default VPort is the adapter.
    #[error("is the adapter itself: change the adapter")]
    Default,
    /// There is one of this number.
    #[error("exists already: use another number, or delete it first")]
    Exists,
    /// No more VPorts.
    #[error("the adapter can have {max} VPorts, the default one included")]
    TooMany {
        /// The most there can be.
        max: u16,
    },
    /// Too many or too few queues.
    #[error("{got} queues: it can have 1 to {max}")]
    QueueCount {
        /// Queues given.
        got: usize,
        /// The most there can be.
        max: u16,
    },
    /// A queue that the adapter does not have.
    #[error("queue {queue} does not exist, the adapter has queues 0 to {last}")]
    NoSuchQueue {
        /// The queue asked for.
        queue: QueueId,
        /// The last queue there is.
        last: u16,
    },
    /// The same queue more than once.
    #[error("queue {queue} is named twice")]
    QueueTwice {
        /// The queue.
        queue: QueueId,
    },
    /// A queue of another VPort.
    #[error("queue {queue} belongs to VPort {vport}")]
    QueueTaken {
        /// The queue.
        queue: QueueId,
        /// Whose it is.
        vport: VPortId,
    },
    /// A queue that is used, by the adapter or by the VPort that would lose it.
    #[error("queue {queue} is in use by {user}: point that elsewhere first")]
    QueueInUse {
        /// The queue.
        queue: QueueId,
        /// What points there.
        user: QueueUser,
    },
    /// A queue that is not one of the VPort's.
    #[error("queue {queue} is not one of its queues")]
    NotItsQueue {
        /// The queue.
        queue: QueueId,
    },
    /// An entry that does not exist.
    #[error("entry {entry} does not exist, the table has entries 0 to {last}")]
    NoSuchEntry {
        /// The entry asked for.
        entry: EntryIndex,
        /// The last entry there is.
        last: u16,
    },
    /// A table of an impossible length.
    #[error("a table of {got} entries does not fit: it can have a power of two, at most {max}")]
    TableLength {
        /// Entries given.
        got: usize,
        /// The most there can be.
        max: u16,
    },
    /// A key of the wrong length.
    #[error("a hash key of {got} bytes does not fit, the adapter takes {want}")]
    KeyLength {
        /// Bytes given.
        got: usize,
        /// Bytes wanted.
        want: usize,
    },
    /// Nothing to hash, or nothing to hash with.
    #[error("cannot spread without {lacks}")]
    NoHash {
        /// What is not there.
        lacks: &'static str,
    },
    /// Other hash types than the adapter's, where all have the same.
    #[error(
        "hashes what the adapter hashes, {types}, as every VPort of this adapter: give both the same, or delete the VPort"
    )]
    SharedTypes {
        /// What the adapter hashes.
        types: HashTypes,
    },
    /// Hash types that the hardware does not have.
    #[error("hash types {types} are not supported, the adapter has {supported}")]
    HashTypes {
        /// The types asked for that it lacks.
        types: HashTypes,
        /// What it has.
        supported: HashTypes,
    },
    /// Too many filters.
    #[error("{got} filters on the adapter: it can have {max}")]
    FilterCount {
        /// Filters there would be.
        got: usize,
        /// The most there can be.
        max: u16,
    },
    /// A filter that would take everything.
    #[error("filter {filter} tests nothing: give an Ethernet address, a VLAN or both")]
    FilterEmpty {
        /// The filter.
        filter: FilterId,
    },
    /// A VLAN that cannot be.
    #[error("filter {filter}: VLAN {vlan} does not exist, ids are 0 (no tag) to {}", Filter::LAST_VLAN)]
    FilterVlan {
        /// The filter.
        filter: FilterId,
        /// The VLAN.
        vlan: u16,
    },
    /// A field that the hardware does not look at.
    #[error("filter {filter}: the adapter cannot test {field}")]
    FilterField {
        /// The filter.
        filter: FilterId,
        /// The field.
        field: &'static str,
    },
    /// A filter number in use.
    #[error("filter {filter} exists already, on VPort {vport}: use another number")]
    FilterTwice {
        /// The filter.
        filter: FilterId,
        /// Where it is.
        vport: VPortId,
    },
    /// Two VPorts that want the same packets.
    #[error(
        "filter {filter} tests the same as filter {other} of VPort {vport}: a packet can only go to one of them"
    )]
    FilterAmbiguous {
        /// The filter.
        filter: FilterId,
        /// The one that is there.
        other: FilterId,
        /// Where it is.
        vport: VPortId,
    },
}
