//! Sockets: by which queue, CPU and node their packets come.

use serde::{Deserialize, Serialize};

/// A connection to locate, seen from this end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SocketQuery {
    /// Near end: `192.0.2.1:443` or `[2001:db8::1]:443`.
    pub local: String,
    /// Far end, likewise.
    pub remote: String,
    /// `tcp` or `udp`; tcp when empty.
    #[serde(default)]
    pub protocol: String,
    /// The adapter by which it comes; without it the one that has the local address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The CPU that the kernel names (`SO_INCOMING_CPU`), where the caller holds the socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// The NAPI instance that the kernel names (`SO_INCOMING_NAPI_ID`), likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub napi: Option<u32>,
}

/// Where the packets of a connection come in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SocketRecord {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Near end.
    pub local: String,
    /// Far end.
    pub remote: String,
    /// A process that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The adapter by which it comes; absent where no adapter has the local address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// The same as `group:number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// NUMA node of that CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// Who says so: `kernel` (the socket's last packet), `predicted` (key, table and interrupt) or `unknown`.
    pub source: String,
    /// The receive queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    /// Who says so, likewise; `kernel` where it names the NAPI instance.
    pub queue_source: String,
    /// The NAPI instance of the last packet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub napi: Option<u32>,
    /// Why something is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
