//! Powering down: the queues are gone, which was the first step, and the adapter is still in D0.

use super::callbacks::Hardware;
use super::datapath::Idle;
use super::memory::Memory;
use super::started::Started;

/// An adapter on its way out of D0.
#[derive(Debug)]
pub struct Draining<H> {
    pub(super) idle: Idle<H>,
    pub(super) memory: Memory,
}

impl<H: Hardware> Draining<H> {
    /// It leaves D0.
    #[must_use]
    pub fn power_down(self) -> Started<H> {
        Started { idle: self.idle, memory: self.memory }
    }
}
