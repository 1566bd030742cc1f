//! The RSSv2 state of one adapter: VPorts with their tables, and the requests that change them.
//!
//! Pure state and pure rules, those of NDIS 6.80. An entry names a processor. Where Microsoft's documents contradict
//! each other: parameters that direct no traffic are tracked and judged when they start to; RSS can be switched off
//! without emptying the table first, and keeps it; an unknown VPort is `INVALID_PARAMETER`, one that is not
//! activated `INVALID_PORT_STATE`, one that is being deleted `INVALID_PORT`.
//!
//! What holds after every request, where RSS of a VPort is on: its entries and its default processor are in the RSS
//! set, and use no more processors than the VPort has queues. Where it is off: its primary processor is in the set.

pub mod capability;
pub mod convert;
pub mod limits;
pub mod moves;
pub mod parameters;
pub mod status;
pub mod vport;

use crate::cpuset::CpuSet;
use crate::ids::CpuId;
use alloc::collections::BTreeMap;

pub use convert::{ParametersV1, Step};
pub use limits::{Limits, Spreading};
pub use moves::{Actor, Move, MoveRequest, MoveResults};
pub use parameters::Parameters;
pub use status::{Fault, Status};
pub use vport::{Steering, SwitchId, VPort, VPortKey, VPortState};

/// Whether the adapter can take requests at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AdapterState {
    /// It can.
    #[default]
    Ready,
    /// Starting, stopping, resetting or powered down.
    NotReady,
    /// Removed.
    Gone,
}

/// The scaling state of an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaling {
    limits: Limits,
    rss_set: CpuSet,
    adapter: AdapterState,
    hash_only: bool,
    vports: BTreeMap<VPortKey, VPort>,
}

impl Scaling {
    /// An adapter after initialisation: its default VPort is activated and has RSS off.
    ///
    /// # Errors
    /// As [`Scaling::create`] for the default VPort.
    pub fn new(limits: Limits, rss_set: CpuSet, affinity: CpuId, queues: u16) -> Result<Self, Status> {
        let adapter = AdapterState::Ready;
        let mut new = Self { limits, rss_set, adapter, hash_only: false, vports: BTreeMap::new() };
        new.create(VPortKey::DEFAULT, affinity, queues)?;
        new.activate(VPortKey::DEFAULT)?;
        Ok(new)
    }

    /// The state of an adapter whose VPorts are these. What they came to be was judged then and is not judged again.
    #[must_use]
    pub fn of(limits: Limits, rss_set: CpuSet, vports: BTreeMap<VPortKey, VPort>) -> Self {
        Self { limits, rss_set, adapter: AdapterState::Ready, hash_only: false, vports }
    }

    /// What bounds the state.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The processors that may direct traffic.
    #[must_use]
    pub fn rss_set(&self) -> &CpuSet {
        &self.rss_set
    }

    /// A VPort.
    #[must_use]
    pub fn vport(&self, key: VPortKey) -> Option<&VPort> {
        self.vports.get(&key)
    }

    /// All VPorts, by switch and id.
    pub fn vports(&self) -> impl Iterator<Item = (VPortKey, &VPort)> {
        self.vports.iter().map(|(key, vport)| (*key, vport))
    }

    /// Whether the adapter takes requests.
    #[must_use]
    pub fn adapter(&self) -> AdapterState {
        self.adapter
    }

    /// The adapter starts, stops or goes. State is kept, so that it can be replayed.
    pub fn set_adapter(&mut self, state: AdapterState) {
        self.adapter = state;
    }

    /// Whether the adapter hashes without scaling (`OID_GEN_RECEIVE_HASH`).
    #[must_use]
    pub fn hash_only(&self) -> bool {
        self.hash_only
    }

    /// Switches hashing without scaling on or off.
    ///
    /// # Errors
    /// `NOT_SUPPORTED` to switch it on while RSS of any VPort is on: the two exclude each other.
    pub fn set_hash_only(&mut self, on: bool) -> Result<(), Status> {
        self.ready()?;
        if on && self.vports.values().any(|v| v.rss_enabled) {
            return Err(Status::NotSupported);
        }
        self.hash_only = on;
        Ok(())
    }

    /// Changes the processors that may direct traffic.
    ///
    /// # Errors
    /// `INVALID_DATA` while something still directs traffic to a processor that would leave the set: move that first.
    pub fn set_rss_set(&mut self, set: CpuSet) -> Result<(), Status> {
        self.vports.values().try_for_each(|v| v.check_active(&set))?;
        self.rss_set = set;
        Ok(())
    }

    /// Makes a VPort, deactivated and with everything on the processor `affinity`.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for an id in use or queues outside their range, `RESOURCES` when there are no more VPorts,
    /// `NO_QUEUES` when other VPorts hold the queues, `INVALID_DATA` for a processor outside the RSS set.
    pub fn create(&mut self, key: VPortKey, affinity: CpuId, queues: u16) -> Result<(), Status> {
        self.ready()?;
        if self.vports.contains_key(&key) || !(1..=self.limits.max_queues(key)).contains(&queues) {
            return Err(Status::InvalidParameter);
        }
        if self.vports.len() >= usize::from(self.limits.vports) {
            return Err(Status::Resources);
        }
        if self.queues_beside(key) + u32::from(queues) > self.limits.queues {
            return Err(Status::NoQueues);
        }
        let vport = VPort::new(VPortState::Deactivated, affinity, queues);
        vport.check_active(&self.rss_set)?;
        self.vports.insert(key, vport);
        Ok(())
    }

    /// Takes a VPort into use; again for one in use.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for an unknown VPort, `INVALID_PORT` for one that is being deleted.
    pub fn activate(&mut self, key: VPortKey) -> Result<(), Status> {
        self.ready()?;
        let vport = self.vports.get_mut(&key).ok_or(Status::InvalidParameter)?;
        if vport.state == VPortState::Deleting {
            return Err(Status::InvalidPort);
        }
        vport.state = VPortState::Activated;
        Ok(())
    }

    /// Starts the deletion of a VPort, whether its RSS is on or not. It takes no request from here on; packets that
    /// are under way still find it.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for an unknown VPort and for the default one, which every adapter keeps.
    pub fn start_delete(&mut self, key: VPortKey) -> Result<(), Status> {
        self.ready()?;
        let vport = self.vports.get_mut(&key).ok_or(Status::InvalidParameter)?;
        if key == VPortKey::DEFAULT {
            return Err(Status::InvalidParameter);
        }
        vport.state = VPortState::Deleting;
        Ok(())
    }

    /// Ends a deletion: the VPort and its queues are free.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for an unknown VPort, `INVALID_PORT_STATE` for one whose deletion was not started.
    pub fn delete(&mut self, key: VPortKey) -> Result<(), Status> {
        self.ready()?;
        match self.vports.get(&key) {
            None => Err(Status::InvalidParameter),
            Some(vport) if vport.state != VPortState::Deleting => Err(Status::InvalidPortState),
            Some(_) => {
                self.vports.remove(&key);
                Ok(())
            }
        }
    }

    /// Moves the primary processor by the affinity of the VPort's parameters (`OID_NIC_SWITCH_VPORT_PARAMETERS`), the
    /// older way that the cmdlets use.
    ///
    /// # Errors
    /// Those of a group of one move, see [`Scaling::move_entries`].
    pub fn set_affinity(&mut self, key: VPortKey, affinity: CpuId) -> Result<(), Status> {
        let request = MoveRequest::for_owner(alloc::vec![Move::new(key, Steering::Primary, affinity)]);
        self.moves(&request, |_, _, _| Ok(()))?.into_iter().collect()
    }

    fn ready(&self) -> Result<(), Status> {
        match self.adapter {
            AdapterState::Ready => Ok(()),
            AdapterState::NotReady => Err(Status::AdapterNotReady),
            AdapterState::Gone => Err(Status::AdapterNotFound),
        }
    }
}
