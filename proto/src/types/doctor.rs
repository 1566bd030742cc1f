//! What `rssctl doctor` finds.

use serde::{Deserialize, Serialize};

/// Something found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FindingRecord {
    /// Name of the check, stable: `off-node`, `queues-share-cpu` and so on (`rssctl doctor --help` lists all).
    pub check: String,
    /// `info`, `warning` or `error`.
    pub severity: String,
    /// The adapter; absent when it is about the whole machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// What is wrong, as a sentence.
    pub title: String,
    /// Numbers and files that show it, a sentence each.
    pub evidence: Vec<String>,
    /// Commands to type; what stands behind ` # ` explains.
    pub remedy: Vec<String>,
}

/// `rssctl doctor`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DoctorRecord {
    /// Severity of the worst finding; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<String>,
    /// Whether a daemon told what it knows.
    pub daemon: bool,
    /// Milliseconds between the two looks at the counters; 0 when there was only one.
    pub interval_ms: u64,
    /// The adapters that were looked at.
    pub adapters: Vec<String>,
    /// What was found, the worst first.
    pub findings: Vec<FindingRecord>,
    /// What could not be looked at, and why.
    pub not_checked: Vec<String>,
}
