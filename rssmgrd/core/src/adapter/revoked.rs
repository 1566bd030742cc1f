//! Revoked: the driver could not be configured, so the adapter runs without RSS until it is reset or powered down.

use super::callbacks::Hardware;
use super::datapath::Live;
use super::draining::Draining;
use super::memory::Memory;
use super::resetting::Resetting;

/// An adapter whose RSS was revoked. What is known of it is kept, for the next try.
#[derive(Debug)]
pub struct Revoked<H> {
    pub(super) live: Live<H>,
    pub(super) memory: Memory,
}

impl<H: Hardware> Revoked<H> {
    /// Destroys the queues: the first step of powering down.
    #[must_use]
    pub fn destroy_queues(self) -> Draining<H> {
        Draining { idle: self.live.destroy_queues(), memory: self.memory }
    }

    /// The hardware is reset.
    #[must_use]
    pub fn reset(self) -> Resetting<H> {
        Resetting { idle: self.live.destroy_queues(), memory: self.memory }
    }
}
