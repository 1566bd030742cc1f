//! A VPort: its table, and the processors that take what the table does not.

use super::status::Status;
use crate::cpuset::CpuSet;
use crate::hash::{HashKey, HashTypes};
use crate::ids::{CpuId, EntryIndex, VPortId};
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// A switch of an adapter; 0 where the adapter has none (`NDIS_NIC_SWITCH_ID`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SwitchId(pub u32);

/// A VPort's full name on its adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VPortKey {
    /// The switch.
    pub switch: SwitchId,
    /// The VPort on it.
    pub vport: VPortId,
}

impl VPortKey {
    /// The default VPort of the default switch: the whole adapter where there are no other VPorts.
    pub const DEFAULT: Self = Self { switch: SwitchId(0), vport: VPortId::DEFAULT };
}

impl fmt::Display for VPortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.switch.0, self.vport)
    }
}

/// Where a VPort is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VPortState {
    /// Created, not in use yet.
    Deactivated,
    /// In use.
    Activated,
    /// No filter leads here any more and packets under way are drained; takes no request.
    Deleting,
}

/// A thing that directs packets to a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Steering {
    /// The primary processor: all packets while RSS is off.
    Primary,
    /// The default processor: packets without a hash while RSS is on.
    Default,
    /// A table entry: packets whose hash selects it while RSS is on.
    Entry(EntryIndex),
}

/// The scaling state of one VPort.
///
/// Steering parameters that direct no traffic are kept all the same and count again when RSS is switched over: a
/// software spread that is already in place is then not funnelled through one processor first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VPort {
    /// Where it is in its life.
    pub state: VPortState,
    /// Whether RSS is on.
    pub rss_enabled: bool,
    /// Hash types in use; none until RSS was first switched on.
    pub hash_types: HashTypes,
    /// Hash key; empty until RSS was first switched on.
    pub key: HashKey,
    /// Queues, which bound the processors in use.
    pub queues: u16,
    /// The indirection table; its length is a power of two.
    pub entries: Vec<CpuId>,
    /// The primary processor.
    pub primary: CpuId,
    /// The default processor.
    pub default: CpuId,
}

impl VPort {
    /// A new VPort: RSS off, a table of one entry, everything on one processor.
    pub(super) fn new(state: VPortState, affinity: CpuId, queues: u16) -> Self {
        Self {
            state,
            rss_enabled: false,
            hash_types: HashTypes::NONE,
            key: HashKey::default(),
            queues,
            entries: vec![affinity],
            primary: affinity,
            default: affinity,
        }
    }

    /// The processor of a packet; `hash` is `None` for a packet without one.
    #[must_use]
    pub fn processor(&self, hash: Option<u32>) -> CpuId {
        match hash {
            _ if !self.rss_enabled => self.primary,
            None => self.default,
            Some(hash) => {
                let index = usize::try_from(hash).unwrap_or(usize::MAX) & self.entries.len().wrapping_sub(1);
                self.entries.get(index).copied().unwrap_or(self.default)
            }
        }
    }

    /// Whether the parameter directs traffic now.
    #[must_use]
    pub fn is_active(&self, what: Steering) -> bool {
        self.rss_enabled == (what != Steering::Primary)
    }

    /// Where a steering parameter points; `None` for an entry that the table does not have.
    #[must_use]
    pub fn points_at(&self, what: Steering) -> Option<CpuId> {
        match what {
            Steering::Primary => Some(self.primary),
            Steering::Default => Some(self.default),
            Steering::Entry(index) => self.entries.get(index.index()).copied(),
        }
    }

    /// The processors that RSS uses when it is on: those of the table and the default one. Each needs a queue.
    #[must_use]
    pub fn spread(&self) -> BTreeSet<CpuId> {
        self.entries.iter().copied().chain([self.default]).collect()
    }

    pub(super) fn point(&mut self, what: Steering, target: CpuId) {
        match what {
            Steering::Primary => self.primary = target,
            Steering::Default => self.default = target,
            Steering::Entry(index) => {
                if let Some(entry) = self.entries.get_mut(index.index()) {
                    *entry = target;
                }
            }
        }
    }

    /// Resizes the table: growth repeats the content, a shrink may only drop repetitions.
    pub(super) fn resize(&mut self, entries: u16) -> Result<(), Status> {
        let new: Vec<CpuId> = self.entries.iter().copied().cycle().take(usize::from(entries)).collect();
        if !new.iter().cycle().zip(&self.entries).all(|(kept, old)| kept == old) {
            return Err(Status::InvalidData);
        }
        self.entries = new;
        Ok(())
    }

    /// Whether the parameters that direct traffic may: processors first, then queues.
    pub(super) fn check_active(&self, rss_set: &CpuSet) -> Result<(), Status> {
        if !self.rss_enabled {
            return if rss_set.contains(self.primary) { Ok(()) } else { Err(Status::InvalidData) };
        }
        if !self.entries.iter().chain([&self.default]).all(|cpu| rss_set.contains(*cpu)) {
            return Err(Status::InvalidData);
        }
        self.check_queues()
    }

    /// Whether there is a queue for every processor, where RSS is on.
    pub(super) fn check_queues(&self) -> Result<(), Status> {
        if self.rss_enabled && self.spread().len() > usize::from(self.queues) {
            return Err(Status::NoQueues);
        }
        Ok(())
    }
}
