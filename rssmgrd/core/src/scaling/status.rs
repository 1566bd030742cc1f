//! How a scaling request ends, in NDIS' words.

/// Why a request, or a group of moves, was refused. Success is `Ok(())`.
///
/// There is no `PENDING`: the requests are synchronous, so a forgotten answer cannot be expressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Status {
    /// Malformed: a key that is not 40 bytes long, a v1 table of an impossible size, more moves than are taken.
    #[error("NDIS_STATUS_INVALID_LENGTH")]
    InvalidLength,
    /// An unknown VPort, flag, index or hash type, or a number outside its range.
    #[error("NDIS_STATUS_INVALID_PARAMETER")]
    InvalidParameter,
    /// A processor that would direct traffic is not in the adapter's RSS set, or the part of a table that a
    /// shrink drops does not repeat the part that stays.
    #[error("NDIS_STATUS_INVALID_DATA")]
    InvalidData,
    /// The VPort is being deleted.
    #[error("NDIS_STATUS_INVALID_PORT")]
    InvalidPort,
    /// The VPort is not activated.
    #[error("NDIS_STATUS_INVALID_PORT_STATE")]
    InvalidPortState,
    /// The adapter is gone.
    #[error("NDIS_STATUS_ADAPTER_NOT_FOUND")]
    AdapterNotFound,
    /// The adapter is starting, stopping or powered down.
    #[error("NDIS_STATUS_ADAPTER_NOT_READY")]
    AdapterNotReady,
    /// The entry does not point at the processor that asked for the move.
    #[error("NDIS_STATUS_NOT_ACCEPTED")]
    NotAccepted,
    /// More processors than queues.
    #[error("NDIS_STATUS_NO_QUEUES")]
    NoQueues,
    /// Nothing left, for now, to execute the request with.
    #[error("NDIS_STATUS_RESOURCES")]
    Resources,
    /// The adapter cannot do this at all, or not while it hashes without scaling.
    #[error("NDIS_STATUS_NOT_SUPPORTED")]
    NotSupported,
}

/// What can go wrong when the adapter executes a group that was judged to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Out of memory, for a moment.
    Resources,
    /// The adapter was reset or powered down meanwhile.
    NotReady,
    /// The adapter was removed meanwhile.
    Gone,
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Resources => Self::Resources,
            Fault::NotReady => Self::AdapterNotReady,
            Fault::Gone => Self::AdapterNotFound,
        }
    }
}
