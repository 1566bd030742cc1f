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
}
