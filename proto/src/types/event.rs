//! Events.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventRecord {
    /// Grows by one with every event; gaps are events lost to a slow reader.
    pub seq: u64,
    /// Numeric id; 1230 to 1247 have the meaning they have on Windows.
    pub id: u32,
    /// Name.
    pub name: String,
    /// `error`, `warning`, `info` or `verbose`.
    pub level: String,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    /// Nanoseconds since boot.
    pub boottime_ns: u64,
    /// Adapter concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The event's own fields.
    pub fields: Map<String, Value>,
    /// One sentence.
    pub message: String,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct EventQuery {
    /// Only events after this sequence number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_seq: Option<u64>,
    /// Only events since this time, milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
    /// Only these ids; empty is all.
    pub ids: Vec<u32>,
    /// Only this adapter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// At most this many, the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}
