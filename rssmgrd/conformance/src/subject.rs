//! What the cases drive and look at.

use crate::recorder::{Call, Failure};
use rssmgr_core::adapter::{Event, LifeError, Phase};
use rssmgr_core::capability::Capability;
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Filter};
use rssmgr_core::scaling::{MoveRequest, MoveResults, Parameters, ParametersV1, Status, VPortKey};
use rssmgr_core::{CpuId, VPortId};

/// What of the adapter's capability is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// All.
    Full,
    /// No independent entry moves: RSSv1.
    WholeTable,
    /// RSSv2, but processors of VPorts beside the default one stay while they direct traffic.
    FixedAffinity,
    /// A table is as large as the number of queues, rounded up.
    Restricted,
    /// No table: an adapter without RSS.
    NoTable,
}

/// An adapter with its framework.
pub trait Subject {
    /// Something happens in the adapter's life.
    ///
    /// # Errors
    /// What does not fit.
    fn handle(&mut self, event: Event) -> Result<(), LifeError>;
    /// Where it is in its life.
    fn phase(&self) -> Phase;
    /// What it can do.
    fn capability(&self) -> Capability;
    /// A v2 parameters request.
    ///
    /// # Errors
    /// Its status.
    fn parameters(&mut self, key: VPortKey, request: &Parameters) -> Result<(), Status>;
    /// A v1 request.
    ///
    /// # Errors
    /// Its status.
    fn v1(&mut self, key: VPortKey, request: &ParametersV1) -> Result<(), Status>;
    /// A request for moves.
    ///
    /// # Errors
    /// The status of the whole request.
    fn moves(&mut self, request: &MoveRequest) -> Result<MoveResults, Status>;
    /// The primary processor, by the parameters of the VPort.
    ///
    /// # Errors
    /// Its status.
    fn affinity(&mut self, key: VPortKey, cpu: CpuId) -> Result<(), Status>;
    /// The processors that may direct traffic.
    ///
    /// # Errors
    /// Its status.
    fn rss_set(&mut self, set: CpuSet) -> Result<(), Status>;
    /// Hashing without scaling.
    ///
    /// # Errors
    /// Its status.
    fn hash_only(&mut self, on: bool) -> Result<(), Status>;
    /// A new VPort.
    ///
    /// # Errors
    /// Its status.
    fn create(&mut self, key: VPortKey, affinity: CpuId, queues: u16) -> Result<(), Status>;
    /// A VPort is taken into use.
    ///
    /// # Errors
    /// Its status.
    fn activate(&mut self, key: VPortKey) -> Result<(), Status>;
    /// Other filters for a VPort.
    ///
    /// # Errors
    /// Its status.
    fn filters(&mut self, key: VPortKey, filters: &[Filter]) -> Result<(), Status>;
    /// A VPort is deleted.
    ///
    /// # Errors
    /// Its status.
    fn delete(&mut self, key: VPortKey) -> Result<(), Status>;
    /// What the hardware is like.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn device(&mut self) -> Result<Device, String>;
    /// The calls that reached the driver since this was last asked.
    fn calls(&mut self) -> Vec<(VPortId, Call)>;
    /// The driver fails from now on.
    fn fail(&mut self, failure: Failure);
}
