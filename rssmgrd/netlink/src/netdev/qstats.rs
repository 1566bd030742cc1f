//! Counters of queues.

use super::QueueType;
use crate::genl::{self, Family, Op};
use crate::wire::{Attributes, Kind, Malformed, Names, Request};
use crate::{Error, Interface};
use std::collections::BTreeMap;

const GET: Op = Op {
    command: 12,
    name: "qstats-get",
    since: "it is there since Linux 6.9; use the driver's counters before",
};

/// `NETDEV_A_QSTATS_*`.
mod attribute {
    pub(super) const IFINDEX: u16 = 1;
    pub(super) const QUEUE_TYPE: u16 = 2;
    pub(super) const QUEUE_ID: u16 = 3;
    pub(super) const SCOPE: u16 = 4;
    /// Counters begin here.
    pub(super) const FIRST_COUNTER: u16 = 8;
}

static NAMES: Names = Names(&[
    (attribute::IFINDEX, "ifindex", None),
    (attribute::QUEUE_TYPE, "queue-type", None),
    (attribute::QUEUE_ID, "queue-id", None),
    (attribute::SCOPE, "scope", None),
]);

/// Names of counters in the kernel's specification, from [`attribute::FIRST_COUNTER`] on.
const COUNTER_NAMES: [&str; 27] = [
    "rx-packets",
    "rx-bytes",
    "tx-packets",
    "tx-bytes",
    "rx-alloc-fail",
    "rx-hw-drops",
    "rx-hw-drop-overruns",
    "rx-csum-complete",
    "rx-csum-unnecessary",
    "rx-csum-none",
    "rx-csum-bad",
    "rx-hw-gro-packets",
    "rx-hw-gro-bytes",
    "rx-hw-gro-wire-packets",
    "rx-hw-gro-wire-bytes",
    "rx-hw-drop-ratelimits",
    "tx-hw-drops",
    "tx-hw-drop-errors",
    "tx-csum-none",
    "tx-needs-csum",
    "tx-hw-gso-packets",
    "tx-hw-gso-bytes",
    "tx-hw-gso-wire-packets",
    "tx-hw-gso-wire-bytes",
    "tx-hw-drop-ratelimits",
    "tx-stop",
    "tx-wake",
];

/// What the counters are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole device, over all reconfigurations.
    Device,
    /// Each queue.
    Queue,
}

/// A counter, by the kernel's number. A number that this crate does not know is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(pub u16);

impl Counter {
    /// Packets received.
    pub const RX_PACKETS: Self = Self(8);
    /// Bytes received.
    pub const RX_BYTES: Self = Self(9);
    /// Packets sent.
    pub const TX_PACKETS: Self = Self(10);
    /// Bytes sent.
    pub const TX_BYTES: Self = Self(11);
    /// Packets lost for want of memory.
    pub const RX_ALLOC_FAIL: Self = Self(12);
    /// Packets that the device dropped.
    pub const RX_HW_DROPS: Self = Self(13);
    /// Of those, the ones for want of room.
    pub const RX_HW_DROP_OVERRUNS: Self = Self(14);

    /// Its name in the kernel's specification.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        COUNTER_NAMES.get(usize::from(self.0.checked_sub(attribute::FIRST_COUNTER)?)).copied()
    }
}

/// The counters of one queue, or of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueCounters {
    /// Interface index.
    pub ifindex: u32,
    /// Direction and number of the queue; `None` for the whole device.
    pub queue: Option<(QueueType, u32)>,
    /// Those that the driver keeps.
    pub values: BTreeMap<Counter, u64>,
}

impl QueueCounters {
    /// The value of one counter, where the driver keeps it.
    #[must_use]
    pub fn get(&self, counter: Counter) -> Option<u64> {
        self.values.get(&counter).copied()
    }

    /// Reads an answer: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        read(genl::split("queue counters", payload)?.1)
    }
}

pub(super) fn list(family: &Family, ifindex: u32, scope: Scope) -> Result<Request, Error> {
    let mut request = family.request(GET, Kind::Dump, &NAMES)?.about(Interface::Index(ifindex).to_string());
    request.u32(attribute::IFINDEX, ifindex);
    if scope == Scope::Queue {
        request.uint(attribute::SCOPE, 1);
    }
    Ok(request)
}

pub(super) fn read(attributes: Attributes<'_>) -> Result<QueueCounters, Malformed> {
    let mut counters = QueueCounters::default();
    let (mut direction, mut id) = (None, None);
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            attribute::IFINDEX => counters.ifindex = attribute.u32()?,
            attribute::QUEUE_TYPE => direction = Some(QueueType(attribute.u32()?)),
            attribute::QUEUE_ID => id = Some(attribute.u32()?),
            number if number >= attribute::FIRST_COUNTER => {
                counters.values.insert(Counter(number), attribute.uint()?);
            }
            _ => {}
        }
    }
    counters.queue = direction.zip(id);
    Ok(counters)
}
