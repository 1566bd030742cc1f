//! What a driver implements.

use crate::capability::Capability;
use crate::device::Filter;
use crate::hash::{HashKey, HashTypes};
use crate::ids::{CpuId, EntryIndex, QueueId, VPortId};
use crate::scaling::Fault;

/// One entry of a call of [`Callbacks::set_indirection_entries`] (`NET_ADAPTER_RECEIVE_SCALING_INDIRECTION_ENTRY`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry of the indirection table.
    pub index: EntryIndex,
    /// The queue it shall point at.
    pub queue: QueueId,
    /// How that went. The framework fills in a failure, so that an entry that is forgotten has failed.
    pub status: Result<(), Fault>,
}

/// The four callbacks of `NetAdapterCx`. They are called one after the other, only between
/// [`Hardware::create_queues`] and [`Hardware::destroy_queues`], and must answer at once: nothing is pending, ever.
pub trait Callbacks {
    /// Starts spreading by these hash types (`EvtNetAdapterReceiveScalingEnable`). Must not clear the table.
    ///
    /// # Errors
    /// The driver's failure; it does not spread then.
    fn enable(&mut self, vport: VPortId, types: HashTypes) -> Result<(), Fault>;

    /// Stops spreading: everything goes to the default queue (`EvtNetAdapterReceiveScalingDisable`). Must not clear the
    /// table.
    ///
    /// # Errors
    /// The driver's failure; it still spreads then.
    fn disable(&mut self, vport: VPortId) -> Result<(), Fault>;

    /// Takes another key (`EvtNetAdapterReceiveScalingSetHashSecretKey`), spreading or not.
    ///
    /// # Errors
    /// The driver's failure; the old key is in force then.
    fn set_hash_secret_key(&mut self, vport: VPortId, key: &HashKey) -> Result<(), Fault>;

    /// Moves entries (`EvtNetAdapterReceiveScalingSetIndirectionEntries`), and says of each how it went. Where one failed
    /// the framework brings the others back. Only on adapters with
    /// [`independent_entry_move`](Capability::independent_entry_move).
    fn set_indirection_entries(&mut self, vport: VPortId, entries: &mut [Entry]);
}

/// What there is beside the callbacks: queues, their processors, and VPorts. The same times apply.
pub trait Hardware: Callbacks {
    /// What the adapter can do. Asked once, before everything else.
    fn capability(&self) -> Capability;

    /// Makes all queues. RSS is off then, and nothing is known of an earlier life: the framework replays it.
    ///
    /// # Errors
    /// The driver's failure; there are no queues then.
    fn create_queues(&mut self, queues: u16) -> Result<(), Fault>;

    /// Takes all queues away. No callback comes after it.
    fn destroy_queues(&mut self);

    /// Has a queue served by a processor.
    ///
    /// # Errors
    /// The driver's failure.
    fn set_home(&mut self, queue: QueueId, cpu: CpuId) -> Result<(), Fault>;

    /// Replaces the whole table of a VPort, also by one of another power of two of entries.
    ///
    /// # Errors
    /// The driver's failure.
    fn write_table(&mut self, vport: VPortId, table: &[QueueId]) -> Result<(), Fault>;

    /// Chooses the queue of packets without a hash, and of all packets while the VPort does not spread.
    ///
    /// # Errors
    /// The driver's failure.
    fn set_default_queue(&mut self, vport: VPortId, queue: QueueId) -> Result<(), Fault>;

    /// Makes a VPort of these queues, not spreading and without a filter.
    ///
    /// # Errors
    /// The driver's failure.
    fn create_vport(&mut self, vport: VPortId, queues: &[QueueId]) -> Result<(), Fault>;

    /// Gives a VPort other queues.
    ///
    /// # Errors
    /// The driver's failure.
    fn set_queues(&mut self, vport: VPortId, queues: &[QueueId]) -> Result<(), Fault>;

    /// Replaces all filters of a VPort.
    ///
    /// # Errors
    /// The driver's failure.
    fn set_filters(&mut self, vport: VPortId, filters: &[Filter]) -> Result<(), Fault>;

    /// Takes a VPort away.
    ///
    /// # Errors
    /// The driver's failure.
    fn delete_vport(&mut self, vport: VPortId) -> Result<(), Fault>;
}
