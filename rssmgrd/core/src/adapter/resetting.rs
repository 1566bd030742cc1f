//! Resetting: the hardware forgets everything. What was known is replayed when it is back.

use super::callbacks::Hardware;
use super::datapath::Idle;
use super::memory::Memory;
use super::powered::{Powered, Restored};

/// An adapter whose hardware is being reset. It has no queues.
#[derive(Debug)]
pub struct Resetting<H> {
    pub(super) idle: Idle<H>,
    pub(super) memory: Memory,
}

impl<H: Hardware> Resetting<H> {
    /// The reset is over: queues are created again and everything is replayed.
    #[must_use]
    pub fn restore(self) -> Restored<H> {
        Powered { idle: self.idle, memory: self.memory }.create_queues()
    }
}
