//! What bounds the scaling state of an adapter.

use super::vport::VPortKey;
use crate::hash::HashTypes;

/// The limits that an adapter advertises (`NDIS_RECEIVE_SCALE_CAPABILITIES`, `NDIS_NIC_SWITCH_CAPABILITIES`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Single entries can be moved (`SUPPORTS_INDEPENDENT_ENTRY_MOVE`): the adapter speaks RSSv2.
    pub independent_entry_move: bool,
    /// Processors of VPorts other than the default one can change while they direct traffic
    /// (`DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED`).
    pub dynamic_affinity: bool,
    /// A table always has as many entries as the VPort has queues, rounded up to a power of two
    /// (`PER_PF_VPORT_INDIRECTION_TABLE_SIZE_RESTRICTED`).
    pub table_size_restricted: bool,
    /// Hash types the adapter has.
    pub hash_types: HashTypes,
    /// Table entries of the default VPort at most, a power of two (`NumberOfIndirectionTableEntriesForDefaultVPort`;
    /// natively `NumberOfIndirectionTableEntries`).
    pub default_entries: u16,
    /// Table entries of any other VPort at most, a power of two
    /// (`NumberOfIndirectionTableEntriesPerNonDefaultPFVPort`).
    pub other_entries: u16,
    /// Queues of the default VPort at most (`MaxNumQueuePairsForDefaultVPort`).
    pub default_queues: u16,
    /// Queues of any other VPort at most (`MaxNumQueuePairsPerNonDefaultVPort`).
    pub other_queues: u16,
    /// Queues of all VPorts together (`MaxNumQueuePairs`).
    pub queues: u32,
    /// VPorts, the default one included (`MaxNumVPorts`).
    pub vports: u16,
}

/// Whether the processors of a VPort can change while they direct traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spreading {
    /// They stay until RSS is switched off and on.
    Static,
    /// They can be moved at any time.
    Dynamic,
}

impl Limits {
    /// Table entries the VPort can have.
    #[must_use]
    pub fn max_entries(&self, key: VPortKey) -> u16 {
        if key == VPortKey::DEFAULT { self.default_entries } else { self.other_entries }
    }

    /// Queues the VPort can have.
    #[must_use]
    pub fn max_queues(&self, key: VPortKey) -> u16 {
        if key == VPortKey::DEFAULT { self.default_queues } else { self.other_queues }
    }

    /// The one table size that goes with a number of queues, on an adapter that restricts it.
    #[must_use]
    pub fn restricted_entries(&self, queues: u16) -> Option<u32> {
        self.table_size_restricted.then(|| u32::from(queues).next_power_of_two())
    }

    /// Moves taken in one request: once every entry, primary and default processor that the adapter can have. Bounds
    /// the time of a request, and is never less than the entries advertised.
    #[must_use]
    pub fn max_moves(&self) -> usize {
        let others = usize::from(self.vports.saturating_sub(1));
        usize::from(self.default_entries) + 2 + others * (usize::from(self.other_entries) + 2)
    }

    /// Dynamic for the default VPort; for others only with both independent entry moves and dynamic affinity.
    #[must_use]
    pub fn spreading(&self, key: VPortKey) -> Spreading {
        if key == VPortKey::DEFAULT || self.independent_entry_move && self.dynamic_affinity {
            Spreading::Dynamic
        } else {
            Spreading::Static
        }
    }
}
