//! Changes that wait to be confirmed.

use serde::{Deserialize, Serialize};

/// A checkpoint: a change that goes back by itself unless it is confirmed in time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckpointRecord {
    /// Its number.
    pub id: u64,
    /// The adapters that were changed.
    pub adapters: Vec<String>,
    /// User id of whoever made it.
    pub by_uid: u32,
    /// Milliseconds until it goes back.
    pub left_ms: u64,
}
