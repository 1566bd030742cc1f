//! Why something about a VPort is refused.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ids::{FilterId, VPortId};
use crate::scaling::Status;

/// Why something about a VPort is refused. Nothing of the request is done then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VPortError {
    /// The adapter has none beside the default one.
    #[error("VPorts are not supported by {driver}: {}; the default VPort is the adapter itself (`rssctl set`)", if *.contexts { "it has RSS contexts and receive rules, but none by an address that lead to a context, or rssmgrd does not know them" } else { "it has no RSS contexts with receive rules to make them of" })]
    NotSupported {
        /// The driver.
        driver: String,
        /// Whether it has what they could be made of.
        contexts: bool,
    },
    /// The adapter's queues are in the hands of its virtual functions.
    #[error(
        "{vfs} virtual functions (SR-IOV) have the adapter's VPorts: an adapter does SR-IOV or VMQ; take the functions away first (`echo 0 > /sys/class/net/NAME/device/sriov_numvfs`)"
    )]
    VirtualFunctions {
        /// How many there are.
        vfs: u32,
    },
    /// VMQ is switched off.
    #[error(
        "VMQ is off on this adapter, so that it takes no change of a VPort: `rssctl vmq enable` switches it on"
    )]
    VmqOff,
    /// No such VPort.
    #[error("VPort {id} does not exist: there are {}; `rssctl vport create` makes one", list(known))]
    Unknown {
        /// Its number.
        id: VPortId,
        /// Those there are.
        known: Vec<VPortId>,
    },
    /// The default VPort is the adapter.
    #[error("VPort 0 is the adapter itself: it is neither created nor deleted, and changed by `rssctl set`")]
    Default,
    /// The number is taken.
    #[error("VPort {id} exists already: leave the number out, or delete that one first")]
    Exists {
        /// The number.
        id: VPortId,
    },
    /// No more of them.
    #[error(
        "{max} VPorts are there, the default one included, and the adapter has no more: delete one first"
    )]
    TooMany {
        /// As many as there can be.
        max: u16,
    },
    /// A value outside its range.
    #[error("VPort {id}: {field}: {value} is not allowed; allowed: {allowed}")]
    Value {
        /// The VPort.
        id: VPortId,
        /// The field.
        field: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// No queue is left.
    #[error(
        "VPort {id}: queues: {asked} asked for and none of the adapter's {channels} is free ({held} are held by VPorts, one stays with the default one): delete a VPort, or give the adapter more (`rssctl set NAME --queues N`)"
    )]
    NoQueue {
        /// The VPort.
        id: VPortId,
        /// Asked for.
        asked: u16,
        /// The adapter's.
        channels: u16,
        /// Those of other VPorts.
        held: u16,
    },
    /// The adapter is to have fewer queues than VPorts hold.
    #[error(
        "VPort {id} holds queues of the {channels} that the adapter is to have: delete it, or give it fewer queues first (`rssctl vport set`)"
    )]
    Shortage {
        /// The VPort.
        id: VPortId,
        /// Queues that the adapter would have.
        channels: u16,
    },
    /// No such filter.
    #[error("VPort {id} has no filter {filter}: it has {}", filters(known))]
    NoSuchFilter {
        /// The VPort.
        id: VPortId,
        /// The filter.
        filter: FilterId,
        /// Those it has.
        known: Vec<FilterId>,
    },
    /// VPorts are always kept.
    #[error("what VPorts are is always kept: leave out --runtime")]
    Runtime,
    /// RSSv2 says no.
    #[error("VPort {id}: {what}: {status}: {}", remedy(*.status))]
    Status {
        /// The VPort.
        id: VPortId,
        /// What was asked.
        what: &'static str,
        /// What NDIS calls it.
        status: Status,
    },
}

fn list(known: &[VPortId]) -> String {
    let ids: Vec<String> = core::iter::once(VPortId::DEFAULT)
        .chain(known.iter().copied())
        .map(|id| alloc::format!("{id}"))
        .collect();
    ids.join(", ")
}

fn filters(known: &[FilterId]) -> String {
    if known.is_empty() {
        return "none".into();
    }
    let ids: Vec<String> = known.iter().map(|id| alloc::format!("{id}")).collect();
    ids.join(", ")
}

/// What a status means, and what to do about it.
#[must_use]
pub const fn remedy(status: Status) -> &'static str {
    match status {
        Status::InvalidLength => {
            "a key has not 40 bytes, a table is no power of two, or there are more moves than the adapter takes at once"
        }
        Status::InvalidParameter => {
            "no such VPort, entry or hash type, or the hash of a VPort that has one: it is fixed for the VPort's life, make a new one"
        }
        Status::InvalidData => {
            "a processor is outside the adapter's RSS set (`rssctl get NAME` shows it), or a smaller table would drop entries that differ: move them first"
        }
        Status::InvalidPort => "the VPort is being deleted",
        Status::InvalidPortState => "the VPort is not activated: `rssctl vport set NAME ID --activate`",
        Status::AdapterNotFound => "the adapter is gone",
        Status::AdapterNotReady => "the adapter is starting, stopping or reset: repeat it",
        Status::NotAccepted => "the entry does not point at the processor that asks (--actor)",
        Status::NoQueues => {
            "more processors than queues: move all entries of a processor together, or give the VPort more queues"
        }
        Status::Resources => "nothing left for now: repeat it",
        Status::NotSupported => {
            "the adapter cannot move single entries, or spreads this VPort statically: disable the VPort first, then it can be changed"
        }
    }
}
