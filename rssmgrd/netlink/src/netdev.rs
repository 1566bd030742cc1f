//! The `netdev` family: which NAPI instance and interrupt serve a queue, and counters of each queue.
//!
//! Which operations the kernel has is found by asking; each that is missing answers
//! [`crate::Error::NoOperation`]. As an orientation: queues and NAPI instances since Linux 6.8, counters since 6.9.
//! What is told depends on the driver: the interrupt of a NAPI instance is there for some only.
//!
//! Source of numbers and rules: the kernel's `Documentation/netlink/specs/netdev.yaml`.

mod napi;
mod qstats;
mod queue;

pub use napi::{Napi, Threaded};
pub use qstats::{Counter, QueueCounters, Scope};
pub use queue::{Queue, QueueType};

use crate::genl::{Client, Family, Known};
use crate::{Error, socket};
use std::time::Duration;

static KNOWN: Known =
    Known { name: "netdev", since: "it is there since Linux 6.3; use sysfs and /proc/interrupts before" };

/// Asks the `netdev` family. Needs no privilege.
#[derive(Debug)]
pub struct Netdev {
    client: Client,
}

impl Netdev {
    /// Finds the family in this thread's network namespace.
    ///
    /// # Errors
    /// [`Error::NoFamily`] where the kernel lacks it, [`Error::Socket`].
    pub fn open() -> Result<Self, Error> {
        Self::with_timeout(socket::DEFAULT_TIMEOUT)
    }

    /// The same with another limit on how long an answer may take.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_timeout(timeout: Duration) -> Result<Self, Error> {
        Ok(Self { client: Client::open(&KNOWN, timeout)? })
    }

    /// What the running kernel told of the family.
    #[must_use]
    pub fn family(&self) -> &Family {
        self.client.family()
    }

    /// The queues in use of the interface with index `ifindex`; none while it is down.
    ///
    /// # Errors
    /// [`Error::NoOperation`], `ENODEV`.
    pub fn queues(&mut self, ifindex: u32) -> Result<Vec<Queue>, Error> {
        let request = queue::list(self.family(), ifindex)?;
        self.client.ask(&request, |attributes| queue::read(attributes).map(Some))
    }

    /// The NAPI instances of the interface with index `ifindex`; none while it is down.
    ///
    /// # Errors
    /// [`Error::NoOperation`], `ENODEV`.
    pub fn napis(&mut self, ifindex: u32) -> Result<Vec<Napi>, Error> {
        let request = napi::list(self.family(), ifindex)?;
        self.client.ask(&request, |attributes| napi::read(attributes).map(Some))
    }

    /// The counters of the interface with index `ifindex`, for each queue or for the whole device. Those of queues
    /// may start again when the device is reconfigured, those of the device do not.
    ///
    /// # Errors
    /// [`Error::NoOperation`], `EOPNOTSUPP` where the driver has none, `ENODEV`.
    pub fn counters(&mut self, ifindex: u32, scope: Scope) -> Result<Vec<QueueCounters>, Error> {
        let request = qstats::list(self.family(), ifindex, scope)?;
        self.client.ask(&request, |attributes| qstats::read(attributes).map(Some))
    }
}

#[cfg(test)]
mod tests;
