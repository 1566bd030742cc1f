//! What the traffic says about an adapter.

use serde::{Deserialize, Serialize};

/// How an adapter's traffic is looked at. What is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct VerifyOptions {
    /// How long at most, in ms: 100 to 60,000; 5,000 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<u32>,
    /// How many packets at most: 20 to 1,000,000; 5,000 unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packets: Option<u32>,
}

/// Packets of one queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifiedQueueRecord {
    /// The queue.
    pub queue: u32,
    /// Packets that came by it.
    pub arrived: u64,
    /// Packets that were predicted for it.
    pub predicted: u64,
}

/// Whether an adapter's traffic obeys its table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VerifyRecord {
    /// Interface name.
    pub name: String,
    /// `obeyed`, `ignored` (the hardware does something else) or `unclear`.
    pub verdict: String,
    /// Why, unless it is obeyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Packets whose queue could be predicted.
    pub packets: u64,
    /// Of those, packets that came by the predicted queue.
    pub agreeing: u64,
    /// Packets whose queue could not be predicted.
    pub unpredicted: u64,
    /// Packets by queues that the table does not name.
    pub astray: u64,
    /// Queues that packets came by or were predicted for.
    pub queues: Vec<VerifiedQueueRecord>,
}
