//! Packets and flows: what the hash makes of them.

use serde::{Deserialize, Serialize};

/// One packet of a capture, or one tuple.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HashRecord {
    /// Number in the file, from 1.
    pub packet: u64,
    /// `none`, `ipv4`, `tcp_ipv4`, ...
    pub hash_type: String,
    /// Eight hex digits; null without a hash.
    pub hash: Option<String>,
    /// The entry it chooses; null without a hash.
    pub entry: Option<u32>,
    /// `nvgre`, `gre` or `vxlan`; null for a packet that is not encapsulated, or not looked into.
    pub encapsulation: Option<String>,
    /// Whether the hash is of the inner addresses and ports of an encapsulated packet.
    pub inner: bool,
}

/// Where a flow goes: packet, hash, entry, queue, CPU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FlowRecord {
    /// Interface name.
    pub name: String,
    /// Source address.
    pub src: String,
    /// Destination address.
    pub dst: String,
    /// Source port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_port: Option<u16>,
    /// Destination port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_port: Option<u16>,
    /// `tcp`, `udp` or `ip`.
    pub protocol: String,
    /// How it is carried: `nvgre`, `gre` or `vxlan`; absent for a flow that is not encapsulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encapsulation: Option<String>,
    /// Outer source address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer_src: Option<String>,
    /// Outer destination address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer_dst: Option<String>,
    /// Outer source port of VXLAN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer_src_port: Option<u16>,
    /// Whether the hash is of the inner addresses and ports of an encapsulated flow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inner: bool,
    /// Whether RSS is on; if not, everything goes to the default queue.
    pub enabled: bool,
    /// `none`, `ipv4`, `tcp_ipv4`, ...
    pub hash_type: String,
    /// Eight hex digits; null without a hash.
    pub hash: Option<String>,
    /// The entry; null without a hash.
    pub entry: Option<u32>,
    /// The queue.
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
}

/// A flow to predict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlowQuery {
    /// Source address.
    pub src: String,
    /// Destination address.
    pub dst: String,
    /// Source port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_port: Option<u16>,
    /// Destination port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_port: Option<u16>,
    /// `tcp`, `udp`, or `ip` (also fragments and other protocols).
    #[serde(default)]
    pub protocol: String,
    /// How the flow is carried: `nvgre`, `gre` or `vxlan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encapsulation: Option<String>,
    /// Outer source address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer_src: Option<String>,
    /// Outer destination address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer_dst: Option<String>,
    /// Outer source port of VXLAN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer_src_port: Option<u16>,
}
