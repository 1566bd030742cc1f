//! Drivers as data: what each driver's operations do, a row each, and the one function that models them.

mod contexts;
mod inner;
mod model;
mod rows;
#[cfg(test)]
mod tests;
mod vport;

pub use contexts::{ContextRules, Contexts};
pub use inner::InnerHash;
pub use model::{Happening, Nic, TableState, apply, round_robin};
pub use rows::{DRIVERS, SOFTNIC, UNKNOWN};
pub use vport::{change_vport, none_held_from, not_held};

use crate::capability::{Capability, ChannelControl};
use crate::device::{Device, Op, VPortOp};
use crate::hash::HashTypes;
use crate::ids::QueueId;

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

/// The impact of each kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impacts {
    /// Changing the number of queues.
    pub channels: Impact,
    /// Writing table entries.
    pub table: Impact,
    /// Moving a queue to another CPU.
    pub home: Impact,
    /// A new key or new hash types: every flow may move.
    pub rehash: Impact,
    /// Switching RSS on or off.
    pub enable: Impact,
}

/// What becomes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFate {
    /// It stays and is obeyed.
    Kept,
    /// It reads back as before, but the hardware does not obey it until it is sent again.
    OnPaper,
    /// The driver builds its default.
    Default,
    /// Rebuilt or left as it was, obeyed or not, depending on the kernel: it must be sent again.
    Unsure,
    /// All entries point at queue 0.
    Zeros,
}

/// What becomes of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFate {
    /// It stays.
    Kept,
    /// The driver takes its own again ([`Driver::key_source`]).
    Default,
}

/// What becomes of the CPUs that serve the queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HomeFate {
    /// They stay.
    Kept,
    /// Interrupts are requested anew or the driver spreads them itself: each queue must be given its CPU again.
    Lost,
}

/// What becomes of transmit steering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XpsFate {
    /// The kernel's doing alone: queues that stay keep their CPUs.
    Kept,
    /// The driver gives its queues CPUs of its own choice, or may. No driver chooses receive queues, but some clear them
    /// together with the CPUs (`netdev_reset_tc`).
    Lost,
}

/// What an event does to what was set. Packet steering (RPS) is the kernel's: no driver touches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// A table that a user wrote.
    pub user_table: TableFate,
    /// The driver's own table.
    pub default_table: TableFate,
    /// The key.
    pub key: KeyFate,
    /// The CPUs of the queues.
    pub homes: HomeFate,
    /// The CPUs that send through each transmit queue.
    pub xps: XpsFate,
}

impl Fate {
    /// Nothing is lost.
    pub const KEPT: Self = Self {
        user_table: TableFate::Kept,
        default_table: TableFate::Kept,
        key: KeyFate::Kept,
        homes: HomeFate::Kept,
        xps: XpsFate::Kept,
    };
}

/// The form of a driver's own table. Whatever it is, resetting through the kernel writes round robin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Entry `i` to queue `i mod queues`.
    RoundRobin,
    /// Entry `i` to queue `i * queues / entries`: a block of entries for each queue.
    Blocks,
}

/// Where the key comes from that a driver takes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The host's boot key (`net.core.netdev_rss_key`), cut to length.
    Boot,
    /// The hardware, the host of a guest, or not known.
    Device,
}

/// Which tables stand in the way of fewer queues than they use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuses {
    /// Those that a user wrote: the kernel's rule for every driver.
    UserTable,
    /// All: nothing rebuilds a table by itself.
    AnyTable,
}

/// How the size of the table depends on the number of queues. With a table that a user wrote, a change of size is
/// refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableSize {
    /// It does not.
    Fixed,
    /// The next power of two of `per_queue` entries a queue, `least` at least.
    PowerOfTwo {
        /// Entries at least.
        least: u16,
        /// Entries a queue.
        per_queue: u16,
    },
    /// As many entries as queues, rounded up to groups of `of`, `most` at most.
    Groups {
        /// Entries, and queues, of a group.
        of: u16,
        /// Entries at most.
        most: u16,
    },
}

impl TableSize {
    /// Entries after a change from `before` queues with `there` entries to `after` queues. A table that is not of the size
    /// that is expected now is one of which nothing is known, and is taken to stay as long as it is.
    #[must_use]
    pub fn after(self, before: u16, there: u16, after: u16) -> u16 {
        let as_expected = before != after && self.entries(before) == Some(there);
        self.entries(after).filter(|_| as_expected).unwrap_or(there)
    }

    /// Entries with this many queues; `None` where they do not depend on them.
    #[must_use]
    pub fn entries(self, queues: u16) -> Option<u16> {
        match self {
            Self::Fixed => None,
            Self::PowerOfTwo { least, per_queue } => Some(
                queues.saturating_mul(per_queue).checked_next_power_of_two().unwrap_or(u16::MAX).max(least),
            ),
            Self::Groups { of, most } => Some(queues.checked_next_multiple_of(of).unwrap_or(most).min(most)),
        }
    }
}

/// What may be asked of a driver at all; the capability of the single adapter may still be less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controls {
    /// The number of queues.
    pub channels: bool,
    /// The indirection table.
    pub table: bool,
    /// The key.
    pub key: bool,
    /// The hash types.
    pub hash_types: bool,
}

/// What cannot be seen in settings and bites all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trap {
    /// Implementations exist that accept the table and spread by nothing: only traffic shows it.
    MayIgnoreTable,
    /// The feature `rxhash` reads off after boot while RSS works. Once switched on it must never be switched off:
    /// everything would go to queue 0.
    RxhashStaysOn,
    /// The driver swallows errors of the device: success proves nothing.
    HidesErrors,
    /// A request that leaves symmetric hashing alone may switch it: read it back after every request.
    SymmetricReadBack,
    /// The hardware starts its hash from another value than 0: predictions need calibration by real packets.
    HashInitialValue,
    /// The hardware mixes source and destination before it hashes (symmetric-or-xor) unless it is told not to, and older
    /// kernels neither say so nor let it be told: plain Toeplitz predicts nothing.
    SymmetricHash,
    /// Setting hash fields steers what is sent, not what is received.
    FieldsSteerTransmit,
    /// Requests fail while the interface is down.
    NeedsInterfaceUp,
}

/// A driver's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Driver {
    /// The kernel's driver name as ethtool reports it, or `softnic`.
    pub name: &'static str,
    /// What operations do to traffic.
    pub impact: Impacts,
    /// What more queues do to the rest.
    pub grow: Fate,
    /// What fewer queues do to the rest.
    pub shrink: Fate,
    /// What the interface going down and up, or a reset, does.
    pub reopen: Fate,
    /// What a change of the MTU does.
    pub mtu: Fate,
    /// What a request that carries a key and no table does to the table.
    pub key_only: TableFate,
    /// Whether a request for a key should carry the table of a user along, so that it is never gone in between.
    pub key_with_table: bool,
    /// The driver's own table.
    pub default_table: Shape,
    /// The driver's own key.
    pub key_source: KeySource,
    /// Which tables refuse a shrink.
    pub refuses: Refuses,
    /// How the table's size depends on the queues.
    pub table_size: TableSize,
    /// What may be asked of it.
    pub controls: Controls,
    /// Hash types that the hardware cannot leave out.
    pub fixed_types: HashTypes,
    /// Whether the hash looks into tunnels.
    pub inner_hash: InnerHash,
    /// The least time in ms between table writes of a balancer; `None`: it must not write at all.
    pub table_interval_ms: Option<u32>,
    /// What it has of RSS contexts, of which VPorts are made.
    pub contexts: Contexts,
    /// What to mind.
    pub traps: &'static [Trap],
}

impl Driver {
    /// The row of a driver.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        DRIVERS.iter().find(|d| d.name == name)
    }

    /// The row of a driver, or the careful one of drivers that nobody described.
    #[must_use]
    pub fn of(name: &str) -> &'static Self {
        Self::by_name(name).unwrap_or(&UNKNOWN)
    }

    /// What is left of an adapter's capability with this driver. Placement then routes around the rest.
    #[must_use]
    pub fn limit(&self, mut cap: Capability) -> Capability {
        if !self.controls.channels {
            cap.channels = ChannelControl::Fixed;
        }
        if !self.controls.table {
            (cap.table_entries, cap.table_unseen) = (0, false);
        }
        cap.key_settable &= self.controls.key;
        cap.hash_types_settable &= self.controls.hash_types;
        cap.hash_types_always = self.fixed_types.intersection(cap.hash_types);
        cap
    }

    /// Why the queue of a packet cannot be predicted from key and table, as part of a sentence; `None` where it can.
    #[must_use]
    pub fn unpredictable(&self) -> Option<&'static str> {
        let because = |trap: &Trap| match trap {
            Trap::HashInitialValue => Some("its hash begins with a value that is not known"),
            Trap::SymmetricHash => {
                Some("it mixes source and destination before it hashes, unless it was told not to")
            }
            _ => None,
        };
        self.traps.iter().find_map(because)
    }

    /// What the operation does to traffic on this device.
    #[must_use]
    pub fn impact(&self, device: &Device, op: &Op) -> Impact {
        let in_use = |q: QueueId| q == device.default_queue || (device.enabled && device.table.contains(&q));
        // With RSS off nothing looks at the hash or at the table; a driver that stops for a write stops all the same.
        let unseen = |impact: Impact| {
            if !device.enabled && impact <= Impact::Reorder { Impact::None } else { impact }
        };
        match op {
            Op::Enable | Op::Disable | Op::DefaultQueue(_) => self.impact.enable,
            Op::Encapsulation(e) if e.steers_as(device.encapsulation) => Impact::None,
            Op::SetKey(_) | Op::HashTypes(_) | Op::Encapsulation(_) => unseen(self.impact.rehash),
            Op::SetEntries(_) | Op::WriteTable(_) | Op::ResetTable => unseen(self.impact.table),
            Op::Channels(_) => self.impact.channels,
            Op::Home { queue, .. } => {
                if in_use(*queue) {
                    self.impact.home
                } else {
                    Impact::None
                }
            }
            // A flow's packets may leave through two queues, or be taken up by two CPUs, for a moment.
            Op::Xps { .. } | Op::XpsRxqs { .. } | Op::Rps { .. } => Impact::Reorder,
            Op::Vector { .. } => Impact::None,
            Op::VPort { id, op } => {
                let vport = device.vports.get(id);
                let unseen =
                    |impact| if vport.is_some_and(|v| !v.filters.is_empty()) { impact } else { Impact::None };
                let asleep =
                    |impact| if vport.is_some_and(|v| v.enabled) { unseen(impact) } else { Impact::None };
                match op {
                    VPortOp::Create { .. } | VPortOp::Queues(_) => Impact::None,
                    VPortOp::Delete => unseen(self.impact.table),
                    VPortOp::Enable(_) | VPortOp::Disable | VPortOp::DefaultQueue(_) => {
                        unseen(self.impact.enable)
                    }
                    VPortOp::SetKey(_) => asleep(self.impact.rehash),
                    VPortOp::SetEntries(_) | VPortOp::WriteTable(_) => asleep(self.impact.table),
                    VPortOp::Filters(_) => self.impact.table,
                }
            }
        }
    }
}
