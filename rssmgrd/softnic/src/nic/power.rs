//! Powered or not: what decides whether there is anything that an operation could be done to.
//!
//! The types are those of the contract between framework and driver ([`rssmgr_core::adapter`]): only a driver with queues
//! can be called.

use rssmgr_core::adapter::datapath::{Idle, Live};

use super::datapath::Datapath;

/// The queues of a NIC, with power or without.
#[derive(Debug)]
pub(super) struct Power(State);

#[derive(Debug)]
enum State {
    Down(Idle<Datapath>),
    Up(Live<Datapath>),
    /// Only while it changes.
    Between,
}

impl Power {
    /// Without power.
    pub(super) const fn new(datapath: Datapath) -> Self {
        Self(State::Down(Idle::new(datapath)))
    }

    pub(super) const fn is_up(&self) -> bool {
        matches!(self.0, State::Up(_))
    }

    /// What operations are done to, where there are queues.
    pub(super) const fn live(&mut self) -> Option<&mut Datapath> {
        match &mut self.0 {
            State::Up(live) => Some(live.call()),
            State::Down(_) | State::Between => None,
        }
    }

    /// Creates queues; whether there were none.
    pub(super) fn up(&mut self, queues: u16) -> bool {
        let (state, new) = match std::mem::replace(&mut self.0, State::Between) {
            State::Down(idle) => match idle.create_queues(queues) {
                Ok(live) => (State::Up(live), true),
                Err((_, never)) => match never {},
            },
            other => (other, false),
        };
        self.0 = state;
        new
    }

    /// Destroys the queues; whether there were any.
    pub(super) fn down(&mut self) -> bool {
        let (state, new) = match std::mem::replace(&mut self.0, State::Between) {
            State::Up(live) => (State::Down(live.destroy_queues()), true),
            other => (other, false),
        };
        self.0 = state;
        new
    }
}
