//! Described and started: capabilities are known, and RSS has a state, but the adapter is not in D0.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use super::callbacks::Hardware;
use super::datapath::Idle;
use super::memory::{Memory, Told};
use super::powered::Powered;
use super::seats::Seats;
use super::{Begin, LifeError};
use crate::capability::Capability;
use crate::ids::QueueId;
use crate::scaling::{Limits, Scaling, VPortKey};

/// An adapter that has told what it can do.
#[derive(Debug)]
pub struct Described<H> {
    hardware: H,
    capability: Capability,
    limits: Limits,
}

impl<H: Hardware> Described<H> {
    pub(super) const fn new(hardware: H, capability: Capability, limits: Limits) -> Self {
        Self { hardware, capability, limits }
    }

    /// What it can do.
    #[must_use]
    pub const fn capability(&self) -> &Capability {
        &self.capability
    }

    /// The driver, to be looked at.
    #[must_use]
    pub const fn hardware(&self) -> &H {
        &self.hardware
    }

    /// Starts it, with RSS off.
    ///
    /// # Errors
    /// Queues that it does not have, a processor outside the RSS set.
    pub fn start(self, begin: Begin) -> Result<Started<H>, Box<(Self, LifeError)>> {
        let Begin { rss_set, affinity, queues } = begin;
        let scaling = match Scaling::new(self.limits.clone(), rss_set, affinity, queues) {
            Ok(scaling) => scaling,
            Err(status) => return Err(Box::new((self, LifeError::Begin(status)))),
        };
        let told = Told { seats: Seats::new((0..queues).map(QueueId)), ..Told::default() };
        let mut memory = Memory {
            capability: self.capability,
            scaling,
            told: BTreeMap::from([(VPortKey::DEFAULT, told)]),
            filters: BTreeMap::new(),
        };
        memory.rest();
        Ok(Started { idle: Idle::new(self.hardware), memory })
    }
}

/// An adapter that was started and is not in D0. What is known of its RSS is kept.
#[derive(Debug)]
pub struct Started<H> {
    pub(super) idle: Idle<H>,
    pub(super) memory: Memory,
}

impl<H: Hardware> Started<H> {
    /// It enters D0.
    #[must_use]
    pub fn power_up(self) -> Powered<H> {
        Powered { idle: self.idle, memory: self.memory }
    }
}
