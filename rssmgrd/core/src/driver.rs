//! Drivers as data: what each driver's operations do, a row each, and the one function that models them.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::capability::{Capability, ChannelControl};
use crate::device::{Device, Op, Queue, Refusal, UserTable};
use crate::hash::HashTypes;
use crate::ids::{EntryIndex, QueueId};

/// What an operation does to traffic, from harmless to worst. Automatic changes stop at [`Impact::Reorder`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Impact {
    /// Nothing that a packet could notice.
    #[default]
    None,
    /// Packets of a flow may for a moment be handled on two CPUs.
    Reorder,
    /// Reception stops for a moment.
    Gap,
    /// The link goes down and up.
    Link,
    /// The interface loses addresses and routes.
    Addresses,
}

impl Impact {
    /// All classes, mildest first.
    pub const ALL: [Self; 5] = [Self::None, Self::Reorder, Self::Gap, Self::Link, Self::Addresses];

    /// The name in arguments and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Reorder => "reorder",
            Self::Gap => "gap",
            Self::Link => "link",
            Self::Addresses => "addresses",
        }
    }

    /// The class of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|i| i.name().eq_ignore_ascii_case(text))
    }
}

/// A driver's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Driver {
    /// The kernel's driver name, or `softnic`.
    pub name: &'static str,
    /// Impact of changing the number of queues.
    pub channels: Impact,
    /// Impact of writing table entries.
    pub table: Impact,
    /// Impact of moving a queue to another CPU.
    pub home: Impact,
    /// Impact of a new key or new hash types: every flow may move.
    pub rehash: Impact,
    /// Impact of switching RSS on or off.
    pub enable: Impact,
}

/// The built-in software NIC: workers are started and drained without losing a packet, so that the worst is
/// reordering, which it counts.
pub const SOFTNIC: Driver = Driver {
    name: "softnic",
    channels: Impact::Reorder,
    table: Impact::Reorder,
    home: Impact::Reorder,
    rehash: Impact::Reorder,
    enable: Impact::Reorder,
};

/// All rows.
pub const DRIVERS: [Driver; 1] = [SOFTNIC];

impl Driver {
    /// The row of a driver.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        DRIVERS.iter().find(|d| d.name == name)
    }

    /// What the operation does to traffic on this device.
    #[must_use]
    pub fn impact(&self, device: &Device, op: &Op) -> Impact {
        let in_use = |q: QueueId| q == device.default_queue || (device.enabled && device.table.contains(&q));
        match op {
            Op::Enable | Op::Disable | Op::DefaultQueue(_) => self.enable,
            // With RSS off nothing looks at the hash or at the table.
            Op::SetKey(_) | Op::HashTypes(_) | Op::SetEntries(_) | Op::WriteTable(_) | Op::ResetTable
                if !device.enabled =>
            {
                Impact::None
            }
            Op::SetKey(_) | Op::HashTypes(_) => self.rehash,
            Op::SetEntries(_) | Op::WriteTable(_) | Op::ResetTable => self.table,
            Op::Channels(_) => self.channels,
            Op::Home { queue, .. } => {
                if in_use(*queue) {
                    self.home
                } else {
                    Impact::None
                }
            }
        }
    }
}

/// What the device is after an operation: a driver's behaviour as one pure function. The planner folds it, the
/// software NIC is compared with it.
///
/// # Errors
/// What a driver would refuse.
pub fn apply(cap: &Capability, device: &Device, op: &Op) -> Result<Device, Refusal> {
    let mut after = device.clone();
    change(cap, &mut after, op)?;
    Ok(after)
}

/// [`apply`] in place, for the planner, which gives up its device after a refusal: what a refused operation leaves
/// is not defined.
pub(crate) fn change(cap: &Capability, d: &mut Device, op: &Op) -> Result<(), Refusal> {
    let channels = d.channels();
    let last = channels.saturating_sub(1);
    let queue_ok = |queue: QueueId| {
        if queue.0 <= last { Ok(()) } else { Err(Refusal::NoSuchQueue { op: op.to_string(), queue, last }) }
    };
    let unsupported = || Refusal::Unsupported { op: op.to_string() };
    match op {
        Op::Enable => d.enabled = true,
        Op::Disable => d.enabled = false,
        Op::SetKey(key) => {
            if !cap.key_settable {
                return Err(unsupported());
            }
            if key.len() != usize::from(cap.key_bytes) {
                return Err(Refusal::KeyLength { got: key.len(), want: cap.key_bytes.into() });
            }
            d.key = key.clone();
        }
        Op::SetEntries(moves) => {
            if !cap.independent_entry_move {
                return Err(unsupported());
            }
            for m in moves {
                queue_ok(m.queue)?;
                let slot = d.table.get_mut(m.entry.index()).ok_or(Refusal::NoSuchEntry {
                    entry: m.entry,
                    last: cap.table_entries.saturating_sub(1),
                })?;
                *slot = m.queue;
            }
            d.user_table = UserTable::Yes;
        }
        Op::WriteTable(table) => {
            if cap.table_entries == 0 {
                return Err(unsupported());
            }
            if table.len() != usize::from(cap.table_entries) {
                return Err(Refusal::TableLength { got: table.len(), want: cap.table_entries.into() });
            }
            table.iter().try_for_each(|q| queue_ok(*q))?;
            d.table.clone_from(table);
            d.user_table = UserTable::Yes;
        }
        Op::ResetTable => {
            if cap.table_entries == 0 {
                return Err(unsupported());
            }
            d.table = round_robin(cap.table_entries, channels);
            d.user_table = UserTable::No;
        }
        Op::Channels(n) => {
            if cap.channels == ChannelControl::Fixed && *n != channels {
                return Err(unsupported());
            }
            if *n == 0 || *n > cap.max_queues {
                return Err(Refusal::QueueCount { got: *n, max: cap.max_queues });
            }
            let stranded = d.table.iter().position(|q| q.0 >= *n);
            if let Some(i) = stranded {
                let entry = EntryIndex(u16::try_from(i).unwrap_or(u16::MAX));
                return Err(Refusal::QueueInUse { queues: *n, entry, queue: d.table[i] });
            }
            if d.default_queue.0 >= *n {
                d.default_queue = QueueId(0);
            }
            d.queues.resize(usize::from(*n), Queue::default());
        }
        Op::Home { queue, cpu } => {
            if !cap.queue_affinity {
                return Err(unsupported());
            }
            queue_ok(*queue)?;
            d.queues[queue.index()].home = *cpu;
        }
        Op::HashTypes(types) => {
            if !cap.hash_types_settable {
                return Err(unsupported());
            }
            if !types.is_subset(cap.hash_types) {
                let lacking = HashTypes::from_bits(types.bits() & !cap.hash_types.bits());
                return Err(Refusal::HashTypes {
                    types: lacking.unwrap_or_default(),
                    supported: cap.hash_types,
                });
            }
            d.hash_types = *types;
        }
        Op::DefaultQueue(queue) => {
            queue_ok(*queue)?;
            d.default_queue = *queue;
        }
    }
    Ok(())
}

/// A table that sends entry `i` to queue `i mod queues`.
#[must_use]
pub fn round_robin(entries: u16, queues: u16) -> Vec<QueueId> {
    (0..entries).map(|i| QueueId(i % queues.max(1))).collect()
}
