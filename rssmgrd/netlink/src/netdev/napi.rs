//! NAPI instances: what polls the queues, and the interrupt that wakes it.

use crate::genl::{self, Family, Op};
use crate::wire::{Attributes, Kind, Malformed, Names, Request};
use crate::{Error, Interface};

const GET: Op =
    Op { command: 11, name: "napi-get", since: "it is there since Linux 6.8; use /proc/interrupts before" };

/// `NETDEV_A_NAPI_*`.
mod attribute {
    pub(super) const IFINDEX: u16 = 1;
    pub(super) const ID: u16 = 2;
    pub(super) const IRQ: u16 = 3;
    pub(super) const PID: u16 = 4;
    pub(super) const DEFER_HARD_IRQS: u16 = 5;
    pub(super) const GRO_FLUSH_TIMEOUT: u16 = 6;
    pub(super) const IRQ_SUSPEND_TIMEOUT: u16 = 7;
    pub(super) const THREADED: u16 = 8;
}

static NAMES: Names = Names(&[
    (attribute::IFINDEX, "ifindex", None),
    (attribute::ID, "id", None),
    (attribute::IRQ, "irq", None),
    (attribute::PID, "pid", None),
]);

/// Where an instance is polled, by the kernel's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threaded(pub u32);

impl Threaded {
    /// In the softirq of the CPU that took the interrupt.
    pub const OFF: Self = Self(0);
    /// In a kernel thread.
    pub const ON: Self = Self(1);
    /// In a kernel thread that never sleeps.
    pub const BUSY_POLL: Self = Self(2);
}

/// A NAPI instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Napi {
    /// Interface index.
    pub ifindex: u32,
    /// Its number, unique in the kernel, new each time the interface comes up.
    pub id: u32,
    /// Its interrupt (as in `/proc/interrupts`), where the driver tells.
    pub irq: Option<u32>,
    /// Process of its thread, when it is polled in one.
    pub pid: Option<u32>,
    /// How many empty polls there are before interrupts are switched on again.
    pub defer_hard_irqs: Option<u32>,
    /// How long merged packets may wait, in nanoseconds.
    pub gro_flush_timeout: Option<u64>,
    /// How long interrupts stay off while an application polls, in nanoseconds.
    pub irq_suspend_timeout: Option<u64>,
    /// Where it is polled, where the kernel tells.
    pub threaded: Option<Threaded>,
}

impl Napi {
    /// Reads an answer: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        read(genl::split("NAPI instance", payload)?.1)
    }
}

pub(super) fn list(family: &Family, ifindex: u32) -> Result<Request, Error> {
    let mut request = family.request(GET, Kind::Dump, &NAMES)?.about(Interface::Index(ifindex).to_string());
    request.u32(attribute::IFINDEX, ifindex);
    Ok(request)
}

pub(super) fn read(attributes: Attributes<'_>) -> Result<Napi, Malformed> {
    let mut napi = Napi::default();
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            attribute::IFINDEX => napi.ifindex = attribute.u32()?,
            attribute::ID => napi.id = attribute.u32()?,
            attribute::IRQ => napi.irq = Some(attribute.u32()?),
            attribute::PID => napi.pid = Some(attribute.u32()?),
            attribute::DEFER_HARD_IRQS => napi.defer_hard_irqs = Some(attribute.u32()?),
            attribute::GRO_FLUSH_TIMEOUT => napi.gro_flush_timeout = Some(attribute.uint()?),
            attribute::IRQ_SUSPEND_TIMEOUT => napi.irq_suspend_timeout = Some(attribute.uint()?),
            attribute::THREADED => napi.threaded = Some(Threaded(attribute.u32()?)),
            _ => {}
        }
    }
    Ok(napi)
}
