//! A driver with queues and without: only the one with queues can be called.

use super::callbacks::Hardware;
use crate::scaling::Fault;

/// A driver whose queues do not exist. There is nothing that it could be asked.
#[derive(Debug)]
pub struct Idle<H>(H);

/// A driver whose queues exist. Callbacks come only from here.
#[derive(Debug)]
pub struct Live<H>(H);

impl<H: Hardware> Idle<H> {
    pub(super) const fn new(hardware: H) -> Self {
        Self(hardware)
    }

    pub(super) fn create_queues(mut self, queues: u16) -> Result<Live<H>, (Self, Fault)> {
        match self.0.create_queues(queues) {
            Ok(()) => Ok(Live(self.0)),
            Err(fault) => Err((self, fault)),
        }
    }

    /// The driver, to be looked at.
    #[must_use]
    pub const fn hardware(&self) -> &H {
        &self.0
    }
}

impl<H: Hardware> Live<H> {
    pub(super) fn destroy_queues(mut self) -> Idle<H> {
        self.0.destroy_queues();
        Idle(self.0)
    }

    /// The driver, to be looked at.
    #[must_use]
    pub const fn hardware(&self) -> &H {
        &self.0
    }

    /// The driver, to be called.
    pub(super) const fn call(&mut self) -> &mut H {
        &mut self.0
    }
}
