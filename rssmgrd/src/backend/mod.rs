//! The adapters' drivers, and who makes them. The owner knows these traits only.

pub mod ethtool;
pub mod faulty;
pub mod softnic;

use std::collections::BTreeMap;
use std::fmt;

use rssmgr_core::backend::Backend;
use rssmgr_core::device::{BackendError, Refusal};
use rssmgr_core::manager::{Created, PowerChange, Unusable};

/// How an adapter's traffic source is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Packets come, or will.
    Running,
    /// All packets came.
    Finished,
    /// It cannot go on; why.
    Failed(String),
}

impl Source {
    /// The name in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed(_) => "failed",
        }
    }
}

/// An adapter as the owner holds it: a backend that may have a traffic source of its own.
pub trait Nic: Backend {
    /// Changes the source. May take long; never called on the runtime's thread. Answers its canonical form.
    ///
    /// # Errors
    /// What is wrong with the source; the old one goes on then.
    fn set_source(&mut self, text: &str) -> Result<String, Unusable>;

    /// How the source is doing; `None` for an adapter that has none of its own.
    fn source(&self) -> Option<Source>;

    /// Switches it off or on, or resets it. Answers whether that changed anything.
    ///
    /// # Errors
    /// It cannot be switched; or there is nothing to reset, because it has no power.
    fn power(&mut self, change: PowerChange) -> Result<bool, BackendError> {
        Err(Refusal::Unsupported { op: change.name().to_owned() }.into())
    }

    /// The index of the kernel's interface that it is; `None` for a software NIC.
    fn ifindex(&self) -> Option<u32> {
        None
    }
}

/// An adapter that was made.
pub struct Made {
    /// The adapter.
    pub nic: Box<dyn Nic>,
    /// What the manager is told about it.
    pub created: Box<Created>,
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Made").field(&self.created.facts.name).finish_non_exhaustive()
    }
}

/// Makes software NICs.
pub trait Factory: Send + Sync {
    /// Makes one. May take long; never called on the runtime's thread.
    ///
    /// # Errors
    /// Names the option, its value and what is allowed.
    fn make(&self, name: &str, options: &BTreeMap<String, String>) -> Result<Made, Unusable>;

    /// Makes one that an earlier run had. One whose source cannot be opened any more is made without packets, and its
    /// source says why it failed: its settings are in force all the same, and it can be given another source.
    ///
    /// # Errors
    /// As [`Factory::make`].
    fn restore(&self, name: &str, options: &BTreeMap<String, String>) -> Result<Made, Unusable> {
        self.make(name, options)
    }
}
