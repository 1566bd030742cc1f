//! VPorts, VMQ and RSSv2's moves.

use serde::{Deserialize, Serialize};

use super::plan::PlanRecord;

/// A receive filter: all fields that it has must match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FilterRecord {
    /// Its number, the only one on the adapter.
    pub filter_id: u32,
    /// The destination Ethernet address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac_address: Option<String>,
    /// The VLAN; 0 is a packet without a tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan_id: Option<u32>,
}

/// An entry of a VPort's table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VPortEntryRecord {
    /// The entry, from 0.
    pub entry: u32,
    /// The processor that it names, as `group:number`.
    pub processor: String,
}

/// A VPort, with the names of `MSFT_NetAdapterVPortSettingData` where it has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VPortRecord {
    /// Interface name of the adapter.
    pub name: String,
    /// Its number; 0 is the default VPort, which is the adapter itself.
    pub vport_id: u32,
    /// Its name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vport_name: Option<String>,
    /// The switch; 0 is the only one.
    pub switch_id: u32,
    /// The function that it is on: `PF`.
    pub function_id: String,
    /// `activated` or `deactivated`.
    pub state: String,
    /// Whether the adapter has it now.
    pub in_force: bool,
    /// Why it has not: `vmq_off`; `not_supported`, driver or kernel can have none; `no_power`; `missing`, it should be
    /// there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_in_force: Option<String>,
    /// Whether it spreads.
    pub enabled: bool,
    /// Queues that were asked for.
    pub num_queue_pairs_requested: u32,
    /// Queues that were granted.
    pub num_queue_pairs: u32,
    /// What cut them, by Windows' name for the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited_by: Option<String>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Its queues on the adapter.
    pub queues: Vec<u32>,
    /// `static`: its processors stay while it spreads; `dynamic`: they can be moved.
    pub spreading: String,
    /// Processors that take its packets now.
    pub processors: Vec<String>,
    /// The processor group of the mask.
    pub processor_group: u32,
    /// Those of the group, as a mask in hex.
    pub processor_affinity_mask: String,
    /// Where everything goes while it does not spread.
    pub primary_processor: String,
    /// Where packets without a hash go while it spreads.
    pub default_processor: String,
    /// Its table.
    pub indirection_table: Vec<VPortEntryRecord>,
    /// Its hash types; empty before it first spreads.
    pub hash_types: Vec<String>,
    /// Length of its key in bytes; never the key.
    pub hash_key_size: u32,
    /// `unknown`: interrupt moderation is not the VPort's here.
    pub interrupt_moderation: String,
    /// What leads there; nothing leads to the default VPort, which takes the rest.
    pub filters: Vec<FilterRecord>,
}

/// VMQ of an adapter, with the names of `MSFT_NetAdapterVmqSettingData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct VmqRecord {
    /// Whether the adapter can have VPorts beside the default one.
    pub supported: bool,
    /// Whether VMQ is on.
    pub enabled: bool,
    /// What the adapter does: `rss`; `vmq` as soon as it has a VPort beside the default one; `sriov` while it has virtual
    /// functions, which exclude new VPorts.
    pub mode: String,
    /// Virtual functions in use, where the adapter can have VPorts.
    pub virtual_functions: u32,
    /// VPorts that it can have, the default one included (`MaxNumVPorts`).
    pub max_vports: u32,
    /// VPorts that it has.
    pub vports: u32,
    /// Queues of one VPort at most.
    pub max_queue_pairs_per_vport: u32,
    /// Table entries of one VPort at most.
    pub max_entries_per_vport: u32,
    /// Queues that VPorts can have together: all but the default one's last.
    pub number_of_receive_queues: u32,
    /// Queues that VPorts have.
    pub queues_in_use: u32,
    /// Filters on the whole adapter at most.
    pub total_number_of_mac_addresses: u32,
    /// Filters of one VPort at most.
    pub num_mac_addresses_per_port: u32,
    /// VLANs of one VPort at most.
    pub num_vlans_per_port: u32,
    /// Filters can test the VLAN.
    pub vlan_filtering_supported: bool,
    /// Filters can test the VLAN alone.
    pub any_vlan_supported: bool,
    /// Processors of VPorts can change while they direct traffic.
    pub dynamic_processor_affinity_change_supported: bool,
    /// Interrupts of several VPorts can be one: never here.
    pub interrupt_vector_coalescing_supported: bool,
    /// What each VPort spreads by: `static` or `dynamic`.
    pub spreading: String,
}

/// What is asked of a VPort. What is missing stays, or is the default of a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct VPortRequest {
    /// Of a new one: its number; without it the lowest that is free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// A name for people, up to 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is taken into use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activate: Option<bool>,
    /// Whether it spreads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Queues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queues: Option<u32>,
    /// Table entries, a power of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<u32>,
    /// Processors, each `N` or `G:N`; chosen where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processors: Option<Vec<String>>,
    /// Hash types as in settings; the adapter's where none are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_types: Option<String>,
    /// The key in hex, `random` or `symmetric`; the adapter's where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_key: Option<String>,
    /// Filters to add, each `MAC`, `MAC/VLAN` or `any/VLAN`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_filters: Vec<String>,
    /// Filters to take away, by number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove_filters: Vec<u32>,
}

/// One move and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MoveRecord {
    /// The VPort.
    pub vport_id: u32,
    /// The entry, `primary` or `default`.
    pub steering: String,
    /// Where it was to go.
    pub processor: String,
    /// `NDIS_STATUS_SUCCESS`, or why not.
    pub status: String,
    /// What the status means; absent for a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
}

/// What came of moves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MovesRecord {
    /// Generation after the request.
    pub generation: u64,
    /// Whether nothing was applied because a dry run was asked for.
    pub dry_run: bool,
    /// The checkpoint that was made: the moves go back unless it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<u64>,
    /// One element a move, in their order.
    pub moves: Vec<MoveRecord>,
    /// What became of the adapter.
    pub adapter: PlanRecord,
}

/// A move as it travels: switch, VPort, flags (1 primary, 2 default), index (65534 primary, 65535 default), processor.
pub type MoveRequest = (u32, u32, u32, u16, String);

/// `NDIS_RECEIVE_SCALE_CAPABILITIES`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct NdisCapabilityRecord {
    /// `CapabilitiesFlags` in hex.
    pub capabilities_flags: String,
    /// Their names.
    pub flags: Vec<String>,
    /// `NumberOfInterruptMessages`.
    pub number_of_interrupt_messages: u32,
    /// `NumberOfReceiveQueues`.
    pub number_of_receive_queues: u32,
    /// `NumberOfIndirectionTableEntries`.
    pub number_of_indirection_table_entries: u32,
}

/// `NET_ADAPTER_RECEIVE_SCALING_CAPABILITIES`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct NetCapabilityRecord {
    /// `NumberOfQueues`.
    pub number_of_queues: u32,
    /// `IndirectionTableSize`.
    pub indirection_table_size: u32,
    /// `UnhashedTargetType`: `unspecified` or `hash_index`.
    pub unhashed_target_type: String,
    /// `UnhashedTargetIndex`.
    pub unhashed_target_index: u32,
    /// `ReceiveScalingHashTypes`: `toeplitz`.
    pub receive_scaling_hash_types: Vec<String>,
    /// `ReceiveScalingProtocolTypes`.
    pub receive_scaling_protocol_types: Vec<String>,
    /// `ReceiveScalingEncapsulationTypes.Outer`.
    pub encapsulation_outer: Vec<String>,
    /// `ReceiveScalingEncapsulationTypes.Inner`.
    pub encapsulation_inner: Vec<String>,
    /// `SynchronizeSetIndirectionEntries`.
    pub synchronize_set_indirection_entries: bool,
}

/// VMQ of an adapter as `rssctl vmq get` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdapterVmqRecord {
    /// Interface name.
    pub name: String,
    /// What kind of device, in words.
    pub interface_description: String,
    /// Lowest processor that may be used.
    pub base_processor: String,
    /// Highest processor that may be used.
    pub max_processor: String,
    /// Most processors used at once.
    pub max_processors: u32,
    /// Preferred node; 65535 is any.
    pub numa_node: u32,
    /// VMQ.
    pub vmq: VmqRecord,
}

/// A queue of a VPort, with the names of `MSFT_NetAdapterVmqQueueSettingData`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VmqQueueRecord {
    /// Interface name.
    pub name: String,
    /// The queue's number on the adapter.
    pub queue_id: u32,
    /// `running` or `paused`.
    pub state: String,
    /// The VPort that has it.
    pub vport_id: u32,
    /// That VPort's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_name: Option<String>,
    /// The processor that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// What leads to its VPort.
    pub filters: Vec<FilterRecord>,
}
