//! What the kernel tells: interfaces that come, change and go, and processors that go on line and off line.
//!
//! One thread listens to rtnetlink and to ethtool's notifications and tells the owner, by interface index, what to read
//! again. It decides nothing: whether a change was somebody's doing or our own is the manager's business.

mod links;
mod telling;
mod uevents;
mod watch;

use std::sync::Arc;

use rssmgr_core::drift::Hint;
use rssmgr_core::manager::{Gateway, Notice};
use rssmgr_core::place::Team;
use rssmgr_core::topology::Topology;

use crate::backend::Made;

pub use watch::Watcher;

/// What the owner is told.
#[derive(Debug)]
pub enum News {
    /// An adapter came into being.
    Here(Made),
    /// Something about an interface changed.
    Changed {
        /// Its index.
        ifindex: u32,
        /// What was told.
        hint: Hint,
        /// Whether the event itself took the interface down or reset it.
        broke: bool,
    },
    /// It has a carrier.
    Carrier {
        /// Its index.
        ifindex: u32,
        /// What is behind it.
        gateway: Gateway,
    },
    /// It has another name.
    Renamed {
        /// Its index.
        ifindex: u32,
        /// The new name.
        name: String,
    },
    /// It became a port of a bond or team, or is none any more.
    Teamed {
        /// Its index.
        ifindex: u32,
        /// What it is a port of now.
        team: Option<Team>,
    },
    /// It is not there any more.
    Gone {
        /// Its index.
        ifindex: u32,
        /// Whether it was moved to another network namespace.
        away: bool,
    },
    /// The machine's processors are these now.
    Processors(Arc<Topology>),
    /// What somebody in this daemon found out about adapters.
    Found(Notice),
}

impl News {
    /// The interface that it is about, where it is about one that is known.
    #[must_use]
    pub const fn ifindex(&self) -> Option<u32> {
        match self {
            Self::Changed { ifindex, .. }
            | Self::Carrier { ifindex, .. }
            | Self::Renamed { ifindex, .. }
            | Self::Teamed { ifindex, .. }
            | Self::Gone { ifindex, .. } => Some(*ifindex),
            Self::Here(_) | Self::Processors(_) | Self::Found(_) => None,
        }
    }
}

/// Who knows which interfaces are adapters.
pub trait Discover: Send {
    /// The adapter of this index; `None` when it is none, or has gone.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn adapter(&mut self, ifindex: u32) -> Result<Option<Made>, String>;

    /// The machine as it is now.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn machine(&mut self) -> Result<Arc<Topology>, String>;
}
