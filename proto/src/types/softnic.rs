//! Software NICs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A software NIC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SoftnicRecord {
    /// Name.
    pub name: String,
    /// The options it was created with, by key, as `rssctl softnic create` takes them.
    pub options: BTreeMap<String, String>,
    /// `running`, `finished` or `failed`.
    pub source_state: String,
    /// Why the source failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_error: Option<String>,
    /// `on` or `off`.
    #[serde(default)]
    pub power: String,
    /// The pretended machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretended_topology: Option<String>,
}
