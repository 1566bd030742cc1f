//! An adapter as `rssctl get` shows it.

use serde::{Deserialize, Serialize};

use super::plan::{ReasonRecord, StepRecord};
use super::settings::SettingRecord;
use super::vport::{NdisCapabilityRecord, NetCapabilityRecord, VmqRecord};

/// A CPU and where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessorRecord {
    /// `group:number`.
    pub processor: String,
    /// Kernel CPU id.
    pub cpu: u32,
    /// NUMA node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// Distance from the adapter: SLIT minus local, 0 when near or unknown.
    pub distance: u32,
}

/// One indirection table entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntryRecord {
    /// The entry, from 0.
    pub entry: u32,
    /// The queue it points at.
    pub queue: u32,
    /// The CPU that serves that queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// The same as `group:number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
}

/// One receive queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QueueRecord {
    /// The queue, from 0.
    pub queue: u32,
    /// The CPU that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// The same as `group:number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// NUMA node of that CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// Table entries that point here.
    pub entries: u32,
}

/// The receive queues whose connections send through a transmit queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AnswerRecord {
    /// The transmit queue.
    pub queue: u32,
    /// Its receive queues.
    pub receive_queues: Vec<u32>,
}

/// The CPUs of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SteeringRecord {
    /// The queue, from 0.
    pub queue: u32,
    /// Its CPUs as a list, such as `0-3,8`; empty when it has none.
    pub cpus: String,
}

/// What the adapter can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CapabilityRecord {
    /// Receive queues the hardware has.
    pub max_queues: u32,
    /// Whether their number can be changed.
    pub channels_settable: bool,
    /// Indirection table entries.
    pub table_entries: u32,
    /// Key length in bytes.
    pub key_bytes: u32,
    /// Whether the key can be set.
    pub key_settable: bool,
    /// Hash types the hardware has.
    pub hash_types: Vec<String>,
    /// Whether they can be chosen.
    pub hash_types_settable: bool,
    /// Encapsulations that it can be told to look into; absent where it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encapsulation: Option<EncapCapabilityRecord>,
    /// Features that show how far the hardware understands tunnels, by the kernel's names, of those that are on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tunnel_features: Vec<String>,
    /// Tunnels whose inner headers the driver is known to hash without being told, by their names; empty where it hashes outer
    /// headers only, absent where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inner_hash: Option<Vec<String>>,
    /// Single entries can be moved (RSSv2).
    pub independent_entry_move: bool,
    /// Receive interrupt vectors.
    pub vectors: u32,
    /// MSI-X.
    pub msi_x: bool,
    /// It can be chosen which CPUs send through which transmit queue.
    #[serde(default)]
    pub xps: bool,
    /// It can be chosen which receive queues' connections send through which transmit queue.
    #[serde(default)]
    pub xps_rxqs: bool,
    /// The kernel can spread a queue's packets over CPUs.
    #[serde(default)]
    pub rps: bool,
    /// Link speed in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_mbps: Option<u32>,
    /// VPorts that it can have, the default one included.
    #[serde(default)]
    pub max_vports: u32,
    /// The driver has RSS contexts and receive rules.
    #[serde(default)]
    pub rss_contexts: bool,
    /// Processors of VPorts can change while they direct traffic.
    #[serde(default)]
    pub dynamic_affinity: bool,
    /// Moves come one after the other.
    #[serde(default)]
    pub serialised_moves: bool,
    /// The same in the words of NDIS.
    #[serde(default)]
    pub ndis: NdisCapabilityRecord,
    /// The same in the words of `NetAdapterCx`; absent where it cannot be said in those: they have RSSv2, a power of two of
    /// queues and at least 128 entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_adapter_cx: Option<NetCapabilityRecord>,
}

/// Which encapsulated packets an adapter can be told to look into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EncapCapabilityRecord {
    /// `nvgre`, `gre` and `vxlan`.
    pub kinds: Vec<String>,
    /// What it does with GRE, NVGRE included.
    pub gre: EncapOffloadRecord,
    /// What it does with VXLAN.
    pub vxlan: EncapOffloadRecord,
    /// Whether the UDP port of VXLAN can be chosen.
    pub vxlan_port_settable: bool,
}

/// What an adapter does with packets of one encapsulation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EncapOffloadRecord {
    /// Where RSS works: `inner_ipv4`, `outer_ipv4`, `inner_ipv6`, `outer_ipv6`, in any mix.
    pub rss: Vec<String>,
    /// Where VMQ works, likewise.
    pub vmq: Vec<String>,
    /// How far it looks, in bytes from the start of the frame to the inner payload.
    pub max_header: u32,
}

/// An adapter's RSS state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdapterRecord {
    /// Interface name.
    pub name: String,
    /// Id on the bus; survives a rename.
    pub id: u32,
    /// What kind of device, in words.
    pub interface_description: String,
    /// Driver.
    pub driver: String,
    /// The driver's version, as it prints it; absent where it prints none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver_version: Option<String>,
    /// The firmware's version, as the driver prints it; absent where it prints none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// MAC address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// The adapter's own NUMA node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// The pretended machine that the adapter's CPUs belong to; absent when they are this machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretended_topology: Option<String>,
    /// `observed`, `managed`, `pending`, `applying`, `degraded`, `stuck`, `contested`, `drifted`, `down` or `away`.
    pub state: String,
    /// Why, where the state needs a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,
    /// How far the state was verified: `traffic` (packets arrive as the table says), `config` (only read back),
    /// `refuted` (packets arrive otherwise) or `unknown`.
    pub verified: String,
    /// Whether the adapter spreads now.
    pub enabled: bool,
    /// The machine-wide switch.
    pub global_enabled: bool,
    /// Receive queues now.
    pub number_of_receive_queues: u32,
    /// Profile.
    pub profile: String,
    /// Its Windows number.
    pub profile_number: u32,
    /// Lowest processor that may be used.
    pub base_processor: String,
    /// Highest processor that may be used.
    pub max_processor: String,
    /// Most processors used at once, after every limit.
    pub max_processors: u32,
    /// Preferred node; 65535 is any.
    pub numa_node: u32,
    /// Eligible processors by distance.
    pub processor_array: Vec<ProcessorRecord>,
    /// Processors in use.
    pub processors: Vec<ProcessorRecord>,
    /// Processor of packets without a hash.
    pub default_processor: String,
    /// The table.
    pub indirection_table: Vec<EntryRecord>,
    /// The queues.
    pub queues: Vec<QueueRecord>,
    /// Transmit packet steering: the CPUs that send through each transmit queue; absent where there is nothing to choose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub xps: Vec<SteeringRecord>,
    /// Transmit packet steering by receive queue: the receive queues whose connections send through each transmit queue,
    /// which the kernel asks before `xps`; absent where there is nothing to choose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub xps_rxqs: Vec<AnswerRecord>,
    /// Receive packet steering: the CPUs over which the kernel spreads each queue's packets; absent where it cannot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rps: Vec<SteeringRecord>,
    /// Hash types in force.
    pub hash_types: Vec<String>,
    /// Encapsulations looked into: `nvgre`, `gre`, `vxlan`.
    #[serde(default)]
    pub encapsulation: Vec<String>,
    /// UDP port of VXLAN.
    #[serde(default)]
    pub vxlan_port: u32,
    /// Key length in bytes.
    pub hash_key_size: u32,
    /// Where the key comes from; never the key.
    pub hash_key: String,
    /// What it can do.
    pub capabilities: CapabilityRecord,
    /// VMQ and the VPorts beside the default one.
    #[serde(default)]
    pub vmq: VmqRecord,
    /// Every setting with its origin.
    pub settings: Vec<SettingRecord>,
    /// Why the plan is as it is.
    pub reasons: Vec<ReasonRecord>,
    /// Steps that are left for a restart.
    #[serde(default)]
    pub pending: Vec<StepRecord>,
    /// The checkpoint that it is under: its last change waits to be confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<u64>,
    /// Generation of the published state.
    pub generation: u64,
}

/// A network interface that is no adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HiddenRecord {
    /// Interface name.
    pub name: String,
    /// Why it is left out.
    pub because: String,
}

/// Which adapters a list holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ListOptions {
    /// Also those that are left out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub include_hidden: bool,
}
