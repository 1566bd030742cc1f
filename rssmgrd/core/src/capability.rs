//! What an adapter can do, before anybody asks it to.

mod windows;

use alloc::string::String;
use alloc::vec::Vec;

use crate::hash::HashTypes;
use crate::packet::encap::EncapCapability;
use crate::scaling;

/// Where a NIC sends packets without a hash (`NET_ADAPTER_RECEIVE_SCALING_UNHASHED_TARGET_TYPE`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnhashedTarget {
    /// A fixed queue, 0 on nearly all hardware.
    #[default]
    FirstQueue,
    /// A default processor that can be set.
    DefaultProcessor,
}

/// How the number of receive queues (channels) can be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelControl {
    /// It cannot.
    #[default]
    Fixed,
    /// Anything from 1 to [`Capability::max_queues`].
    Settable,
}

/// How many transmit queues there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TxQueues {
    /// One to each receive queue: they come and go with the channels.
    #[default]
    Paired,
    /// This many, whatever the receive queues.
    Own(u16),
}

impl TxQueues {
    /// Transmit queues with this many channels.
    #[must_use]
    pub const fn count(self, channels: u16) -> u16 {
        match self {
            Self::Paired => channels,
            Self::Own(n) => n,
        }
    }
}

/// What VPorts an adapter can have beside the default one (`NDIS_NIC_SWITCH_CAPABILITIES` and the receive filter
/// capabilities). The default value is an adapter without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VPortCapability {
    /// VPorts, the default one included; 0 and 1 mean that there is no other (`MaxNumVPorts`).
    pub max: u16,
    /// Queues of one VPort at most (`MaxNumQueuePairsPerNonDefaultVPort`).
    pub queues: u16,
    /// Table entries of one VPort at most, a power of two (`NumberOfIndirectionTableEntriesPerNonDefaultPFVPort`).
    pub table_entries: u16,
    /// A table has as many entries as the VPort has queues, rounded up to a power of two
    /// (`PER_PF_VPORT_INDIRECTION_TABLE_SIZE_RESTRICTED`).
    pub table_size_restricted: bool,
    /// Processors can change while they direct traffic (`DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED`). It takes
    /// [`Capability::independent_entry_move`] too; otherwise spreading is static.
    pub dynamic_affinity: bool,
    /// Filters can test the destination Ethernet address.
    pub mac_filters: bool,
    /// Filters can test the VLAN.
    pub vlan_filters: bool,
    /// Filters on the whole adapter at most.
    pub filters: u16,
    /// Every filter tests an address, whatever else; and a packet without a tag has no VLAN that could be tested.
    pub address_required: bool,
    /// VPorts hash what the adapter hashes, and nothing else.
    pub shared_hash_types: bool,
}

impl VPortCapability {
    /// Whether there can be a VPort beside the default one.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.max > 1
    }
}

/// What an adapter can do. Reported by its backend before it starts and whole whatever is switched on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capability {
    /// Receive queues the hardware has.
    pub max_queues: u16,
    /// Whether the number of queues can be changed.
    pub channels: ChannelControl,
    /// Indirection table entries; 0 where there is no table.
    pub table_entries: u16,
    /// Queues that the table may name at most, the first ones; `None` where it may name all. ixgbe has 16 or 64 of its channels
    /// there, i40e as many as its firmware says.
    pub table_queues: Option<u16>,
    /// The interface is closed and shows no table, but may have one: some drivers show table, key and hash types only once
    /// it was opened. What it can do is asked anew then.
    pub table_unseen: bool,
    /// Key length in bytes; 0 where the key can neither be read nor set.
    pub key_bytes: u16,
    /// Whether the key can be set.
    pub key_settable: bool,
    /// Hash types the hardware has.
    pub hash_types: HashTypes,
    /// Whether hash types can be set.
    pub hash_types_settable: bool,
    /// Hash types that cannot be left out.
    pub hash_types_always: HashTypes,
    /// Whether hardware that hashes ports hashes the addresses of other packets of the family too: there are no hash
    /// types with ports alone then. So it is with Linux drivers.
    pub ports_imply_addresses: bool,
    /// Which encapsulated packets it can be told to look into.
    pub encapsulation: EncapCapability,
    /// Features of the interface that show how far the hardware understands tunnels, by the kernel's names, of those that
    /// are on. Linux does not tell whether the hash looks into them.
    pub tunnel_features: Vec<String>,
    /// Where unhashed packets go.
    pub unhashed: UnhashedTarget,
    /// Single entries can be moved (`NDIS_RSS_CAPS_SUPPORTS_INDEPENDENT_ENTRY_MOVE`, which is RSSv2).
    pub independent_entry_move: bool,
    /// Moves must come one after the other (`SynchronizeSetIndirectionEntries`).
    pub serialised_moves: bool,
    /// Interrupt vectors for receive queues; 1 where the interrupt is line based.
    pub vectors: u16,
    /// Message signalled interrupts with a vector a queue (MSI-X).
    pub msi_x: bool,
    /// Whether a queue's interrupt can be steered to a CPU.
    pub queue_affinity: bool,
    /// How many transmit queues there are.
    pub tx_queues: TxQueues,
    /// Whether it can be chosen which CPUs send through which transmit queue (XPS).
    pub xps: bool,
    /// Whether it can be chosen which receive queues' connections send through which transmit queue (`xps_rxqs`).
    pub xps_rxqs: bool,
    /// Whether the kernel can spread a queue's packets over CPUs (RPS).
    pub rps: bool,
    /// Link speed in Mbit/s, where known. Only Windows' queue default looks at it.
    pub link_mbps: Option<u32>,
    /// What VPorts it can have.
    pub vports: VPortCapability,
    /// The driver has RSS contexts and receive rules. VPorts are made of them where its row says how, and that is in
    /// `vports` then.
    pub rss_contexts: bool,
    /// What the adapter said of itself in the words of NDIS or `NetAdapterCx`, where it did
    /// ([`Capability::reported`]).
    pub report: Option<scaling::capability::Capability>,
}

impl Capability {
    /// Transmit queues whose CPUs can be chosen, with this many channels: none where there is only one queue to choose.
    #[must_use]
    pub const fn steered_tx_queues(&self, channels: u16) -> u16 {
        match self.tx_queues.count(channels) {
            n if self.xps && n > 1 => n,
            _ => 0,
        }
    }

    /// Transmit queues whose receive queues can be chosen, with this many channels.
    #[must_use]
    pub const fn answering_tx_queues(&self, channels: u16) -> u16 {
        if self.xps_rxqs { self.steered_tx_queues(channels) } else { 0 }
    }

    /// Windows' default number of queues by link speed and interrupt type: the certification kit's minimum for
    /// `*NumRSSQueues` (Test-NetHLK).
    #[must_use]
    pub fn windows_queues(&self) -> u16 {
        let fast = self.link_mbps.is_some_and(|m| m >= 10_000);
        match (self.msi_x, fast) {
            (true, true) => 8,
            (true, false) | (false, true) => 4,
            (false, false) => 2,
        }
    }
}
