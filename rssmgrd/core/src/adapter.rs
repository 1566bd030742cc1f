//! The contract between the framework and an adapter's driver: which callback comes when.
//!
//! The rules are those of `NetAdapterCx`: capabilities before start; callbacks only in D0 and while the queues exist, none
//! after they are destroyed, which is the first step of powering down; the key at any time while running; the table is
//! kept over enable and disable; moves one after the other; after every reset the state is replayed, in the order
//! homes, whole table, key, enable; three tries, then RSS is revoked.
//!
//! A driver implements [`Callbacks`] and [`Hardware`]; any [`Backend`](crate::backend::Backend) becomes one with
//! [`Ops`]. Each state of an adapter's life is a type of its own, and callbacks can be reached only through
//! [`datapath::Live`], which exists only while queues do: a callback at the wrong time does not compile. [`Adapter`] is
//! any of these states behind one type, for those who learn at run time what comes next: what does not fit is refused.
//!
//! An entry names a processor. The framework owns the [`Scaling`] state and finds the queue: the
//! one of this VPort whose home is that processor, else a queue that no processor in use has, whose home it becomes
//! (`seats`). So a processor is evacuated by giving its queue another home.
//!
//! The daemon's manager keeps the same contract for software NICs, but with a planner that owns the mapping of processors
//! to queues: what was lost is replayed by a plan from what is read, in the order of the driver's row, three times at most
//! (`manager::power`; `cargo test -p rssmgr-core --test manager power`). That nothing reaches hardware without queues is
//! the same [`datapath::Live`], in which the software NIC holds its queues (`cargo test -p rssmgrd --test cli power`).
//!
//! The states, a file each: [`created`], [`started`], [`powered`], [`running`], [`draining`], [`resetting`], [`revoked`],
//! `Removed`.

mod bring;
pub mod callbacks;
pub mod created;
pub mod datapath;
pub mod draining;
mod memory;
pub mod ops;
pub mod powered;
pub mod resetting;
pub mod revoked;
pub mod running;
mod seats;
pub mod started;

use core::fmt;
use core::mem;

use crate::capability::Capability;
use crate::cpuset::CpuSet;
use crate::ids::CpuId;
use crate::scaling::{Fault, Scaling, Status};

pub use callbacks::{Callbacks, Entry, Hardware};
pub use created::Created;
pub use draining::Draining;
pub use ops::Ops;
pub use powered::Powered;
pub use resetting::Resetting;
pub use revoked::Revoked;
pub use running::Running;
pub use started::{Described, Started};

/// Tries of a configuration before RSS is revoked.
pub const TRIES: u32 = 3;

/// How RSS of an adapter begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// The processors that may direct traffic.
    pub rss_set: CpuSet,
    /// Where everything of the default VPort points first.
    pub affinity: CpuId,
    /// Queues of the default VPort.
    pub queues: u16,
}

/// What becomes of an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The driver tells what the adapter can do.
    Capabilities,
    /// The adapter starts.
    Start(Begin),
    /// It enters D0.
    PowerUp,
    /// Its queues are created: the end of powering up. What is known of RSS is brought to the adapter.
    CreateQueues,
    /// Its queues are destroyed: the first step of powering down.
    DestroyQueues,
    /// It leaves D0.
    PowerDown,
    /// The hardware is reset, and forgets.
    Reset,
    /// The reset is over.
    Restore,
    /// It is pulled out.
    Remove,
}

/// Where an adapter is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Nothing is known of it.
    Created,
    /// Its capabilities are known.
    Described,
    /// It was started, and is not in D0.
    Started,
    /// It is in D0, without queues.
    Powered,
    /// It has queues: callbacks are possible.
    Running,
    /// Its queues are gone, and it is still in D0.
    Draining,
    /// Its hardware is being reset.
    Resetting,
    /// It runs without RSS: the driver failed [`TRIES`] times.
    Revoked,
    /// It is gone.
    Removed,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Described => "described",
            Self::Started => "started",
            Self::Powered => "powered",
            Self::Running => "running",
            Self::Draining => "powering down",
            Self::Resetting => "resetting",
            Self::Revoked => "running with RSS revoked",
            Self::Removed => "removed",
        })
    }
}

/// Why a step of an adapter's life is refused. Nothing has changed then, unless it says so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LifeError {
    /// Not now.
    #[error("{event} cannot be while the adapter is {phase}")]
    Order {
        /// What was to happen.
        event: &'static str,
        /// Where the adapter is.
        phase: Phase,
    },
    /// The capability cannot be that of an adapter with RSS.
    #[error(
        "an adapter with {entries} table entries and {queues} queues has no RSS: both must be there, and the entries a power of two"
    )]
    NoRss {
        /// Table entries.
        entries: u16,
        /// Queues.
        queues: u16,
    },
    /// The beginning is not right.
    #[error("RSS cannot begin so: {0}")]
    Begin(Status),
    /// The driver failed. RSS is revoked where it could not be configured, and the adapter removed where it is gone.
    #[error("the driver failed: {0}")]
    Driver(Status),
}

impl LifeError {
    fn driver(fault: Fault) -> Self {
        Self::Driver(fault.into())
    }
}

#[derive(Debug)]
enum State<H: Hardware> {
    Created(Created<H>),
    Described(Described<H>),
    Started(Started<H>),
    Powered(Powered<H>),
    Running(Running<H>),
    Draining(Draining<H>),
    Resetting(Resetting<H>),
    Revoked(Revoked<H>),
    Removed,
}

/// An adapter in any state of its life.
#[derive(Debug)]
pub struct Adapter<H: Hardware> {
    state: State<H>,
}

impl<H: Hardware> Adapter<H> {
    /// An adapter of which nothing is known yet.
    pub const fn new(hardware: H) -> Self {
        Self { state: State::Created(Created::new(hardware)) }
    }

    /// Where it is in its life.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match &self.state {
            State::Created(_) => Phase::Created,
            State::Described(_) => Phase::Described,
            State::Started(_) => Phase::Started,
            State::Powered(_) => Phase::Powered,
            State::Running(_) => Phase::Running,
            State::Draining(_) => Phase::Draining,
            State::Resetting(_) => Phase::Resetting,
            State::Revoked(_) => Phase::Revoked,
            State::Removed => Phase::Removed,
        }
    }

    /// What it can do; `None` before it said so and after it is gone.
    #[must_use]
    pub fn capability(&self) -> Option<&Capability> {
        match &self.state {
            State::Described(s) => Some(s.capability()),
            _ => self.memory().map(|memory| &memory.capability),
        }
    }

    /// What is known of its RSS, in whatever state it is; `None` before it was started and after it is gone.
    #[must_use]
    pub fn scaling(&self) -> Option<&Scaling> {
        self.memory().map(|memory| &memory.scaling)
    }

    fn memory(&self) -> Option<&memory::Memory> {
        match &self.state {
            State::Started(s) => Some(&s.memory),
            State::Powered(s) => Some(&s.memory),
            State::Running(s) => Some(s.memory()),
            State::Draining(s) => Some(&s.memory),
            State::Resetting(s) => Some(&s.memory),
            State::Revoked(s) => Some(&s.memory),
            State::Created(_) | State::Described(_) | State::Removed => None,
        }
    }

    /// The driver, to be looked at; `None` after the adapter is gone.
    #[must_use]
    pub fn hardware(&self) -> Option<&H> {
        Some(match &self.state {
            State::Created(s) => s.hardware(),
            State::Described(s) => s.hardware(),
            State::Started(s) => s.idle.hardware(),
            State::Powered(s) => s.idle.hardware(),
            State::Running(s) => s.hardware(),
            State::Draining(s) => s.idle.hardware(),
            State::Resetting(s) => s.idle.hardware(),
            State::Revoked(s) => s.live.hardware(),
            State::Removed => return None,
        })
    }

    /// Something happens to the adapter.
    ///
    /// # Errors
    /// What does not fit where it is in its life, and what the driver fails to do.
    pub fn handle(&mut self, event: Event) -> Result<(), LifeError> {
        let (state, result) = mem::replace(&mut self.state, State::Removed).next(event);
        self.state = state;
        result
    }

    /// Makes a request of a running adapter. Where the driver failed on the way and could not be brought back to what
    /// was before, everything is replayed, [`TRIES`] times at most; then RSS is revoked.
    ///
    /// # Errors
    /// `ADAPTER_NOT_FOUND` when it is gone, `ADAPTER_NOT_READY` in any other state.
    pub fn request<R>(&mut self, ask: impl FnOnce(&mut Running<H>) -> R) -> Result<R, Status> {
        let running = match &mut self.state {
            State::Running(running) => running,
            State::Removed => return Err(Status::AdapterNotFound),
            _ => return Err(Status::AdapterNotReady),
        };
        let answer = ask(running);
        match running.failure() {
            None => {}
            Some(Fault::Gone) => self.state = State::Removed,
            Some(_) => {
                if let State::Running(running) = mem::replace(&mut self.state, State::Removed) {
                    self.state = restored(running.reset().restore()).0;
                }
            }
        }
        Ok(answer)
    }
}

impl<H: Hardware> State<H> {
    fn next(self, event: Event) -> (Self, Result<(), LifeError>) {
        match (self, event) {
            (Self::Removed, event) => {
                (Self::Removed, Err(LifeError::Order { event: event.name(), phase: Phase::Removed }))
            }
            (_, Event::Remove) => (Self::Removed, Ok(())),
            (Self::Created(s), Event::Capabilities) => match s.capabilities() {
                Ok(s) => (Self::Described(s), Ok(())),
                Err(refused) => (Self::Created(refused.0), Err(refused.1)),
            },
            (Self::Described(s), Event::Start(begin)) => match s.start(begin) {
                Ok(s) => (Self::Started(s), Ok(())),
                Err(refused) => (Self::Described(refused.0), Err(refused.1)),
            },
            (Self::Started(s), Event::PowerUp) => (Self::Powered(s.power_up()), Ok(())),
            (Self::Powered(s), Event::CreateQueues) => restored(s.create_queues()),
            (Self::Powered(s), Event::PowerDown) => (Self::Started(s.power_down()), Ok(())),
            (Self::Running(s), Event::DestroyQueues) => (Self::Draining(s.destroy_queues()), Ok(())),
            (Self::Running(s), Event::Reset) => (Self::Resetting(s.reset()), Ok(())),
            (Self::Revoked(s), Event::DestroyQueues) => (Self::Draining(s.destroy_queues()), Ok(())),
            (Self::Revoked(s), Event::Reset) => (Self::Resetting(s.reset()), Ok(())),
            (Self::Draining(s), Event::PowerDown) => (Self::Started(s.power_down()), Ok(())),
            (Self::Resetting(s), Event::Restore) => restored(s.restore()),
            (state, event) => {
                let phase = Adapter { state };
                let error = LifeError::Order { event: event.name(), phase: phase.phase() };
                (phase.state, Err(error))
            }
        }
    }
}

/// Where an adapter is after its queues were created.
fn restored<H: Hardware>(after: powered::Restored<H>) -> (State<H>, Result<(), LifeError>) {
    match after {
        powered::Restored::Running(s) => (State::Running(s), Ok(())),
        powered::Restored::Revoked(s, fault) => (State::Revoked(s), Err(LifeError::driver(fault))),
        powered::Restored::NoQueues(s, fault) => (State::Powered(s), Err(LifeError::driver(fault))),
        powered::Restored::Gone => (State::Removed, Err(LifeError::driver(Fault::Gone))),
    }
}

impl Event {
    /// The event in words.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Capabilities => "telling capabilities",
            Self::Start(_) => "starting",
            Self::PowerUp => "powering up",
            Self::CreateQueues => "creating queues",
            Self::DestroyQueues => "destroying queues",
            Self::PowerDown => "powering down",
            Self::Reset => "a reset",
            Self::Restore => "the end of a reset",
            Self::Remove => "removal",
        }
    }
}
