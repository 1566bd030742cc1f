//! Queues, and which NAPI instance serves each.

use crate::genl::{self, Family, Op};
use crate::wire::{Attributes, Kind, Malformed, Names, Request};
use crate::{Error, Interface};

const GET: Op = Op {
    command: 10,
    name: "queue-get",
    since: "it is there since Linux 6.8; use /sys/class/net/NAME/queues before",
};

/// `NETDEV_A_QUEUE_*`.
mod attribute {
    pub(super) const ID: u16 = 1;
    pub(super) const IFINDEX: u16 = 2;
    pub(super) const TYPE: u16 = 3;
    pub(super) const NAPI_ID: u16 = 4;
}

static NAMES: Names = Names(&[
    (attribute::ID, "id", None),
    (attribute::IFINDEX, "ifindex", None),
    (attribute::TYPE, "type", None),
    (attribute::NAPI_ID, "napi-id", None),
]);

/// Direction of a queue, by the kernel's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueType(pub u32);

impl QueueType {
    /// Receive.
    pub const RX: Self = Self(0);
    /// Transmit.
    pub const TX: Self = Self(1);
}

/// A queue in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queue {
    /// Interface index.
    pub ifindex: u32,
    /// Receive or transmit; each counts its queues from 0.
    pub direction: QueueType,
    /// Its number.
    pub id: u32,
    /// The NAPI instance that serves it, where the driver tells.
    pub napi: Option<u32>,
}

impl Queue {
    /// Reads an answer: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        read(genl::split("queue", payload)?.1)
    }
}

pub(super) fn list(family: &Family, ifindex: u32) -> Result<Request, Error> {
    let mut request = family.request(GET, Kind::Dump, &NAMES)?.about(Interface::Index(ifindex).to_string());
    request.u32(attribute::IFINDEX, ifindex);
    Ok(request)
}

pub(super) fn read(attributes: Attributes<'_>) -> Result<Queue, Malformed> {
    let mut queue = Queue::default();
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            attribute::ID => queue.id = attribute.u32()?,
            attribute::IFINDEX => queue.ifindex = attribute.u32()?,
            attribute::TYPE => queue.direction = QueueType(attribute.u32()?),
            attribute::NAPI_ID => queue.napi = Some(attribute.u32()?),
            _ => {}
        }
    }
    Ok(queue)
}
