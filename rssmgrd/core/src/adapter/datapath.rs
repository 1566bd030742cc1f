//! A driver with queues and without: only the one with queues can be called.
//!
//! This is all of the life-cycle that a driver without a framework above it needs as well. So the software NIC of the
//! daemon holds its queues in these types, and what it does is a method of what [`Live::call`] gives.

use super::callbacks::Hardware;
use crate::scaling::Fault;

/// What has queues that come and go.
pub trait Queues {
    /// Why they cannot be made.
    type Error;

    /// Makes all queues. Nothing is known of an earlier life then.
    ///
    /// # Errors
    /// Why there are no queues.
    fn create_queues(&mut self, queues: u16) -> Result<(), Self::Error>;

    /// Takes all queues away.
    fn destroy_queues(&mut self);
}

impl<H: Hardware> Queues for H {
    type Error = Fault;

    fn create_queues(&mut self, queues: u16) -> Result<(), Fault> {
        Hardware::create_queues(self, queues)
    }

    fn destroy_queues(&mut self) {
        Hardware::destroy_queues(self);
    }
}

/// A driver whose queues do not exist. There is nothing that it could be asked.
#[derive(Debug)]
pub struct Idle<H>(H);

/// A driver whose queues exist. Callbacks come only from here.
#[derive(Debug)]
pub struct Live<H>(H);

impl<H> Idle<H> {
    /// A driver that has no queues yet.
    pub const fn new(hardware: H) -> Self {
        Self(hardware)
    }

    /// The driver, to be looked at.
    #[must_use]
    pub const fn hardware(&self) -> &H {
        &self.0
    }
}

impl<H: Queues> Idle<H> {
    /// Makes all queues: the end of powering up.
    ///
    /// # Errors
    /// The driver, still without queues, and its failure.
    pub fn create_queues(mut self, queues: u16) -> Result<Live<H>, (Self, H::Error)> {
        match self.0.create_queues(queues) {
            Ok(()) => Ok(Live(self.0)),
            Err(fault) => Err((self, fault)),
        }
    }
}

impl<H> Live<H> {
    /// The driver, to be looked at.
    #[must_use]
    pub const fn hardware(&self) -> &H {
        &self.0
    }

    /// The driver, to be called.
    pub const fn call(&mut self) -> &mut H {
        &mut self.0
    }
}

impl<H: Queues> Live<H> {
    /// Takes all queues away: the first step of powering down.
    #[must_use]
    pub fn destroy_queues(mut self) -> Idle<H> {
        self.0.destroy_queues();
        Idle(self.0)
    }
}
