//! Explanations.

use serde::{Deserialize, Serialize};

use super::plan::ReasonRecord;
use super::settings::SettingRecord;

/// What `rssctl why` is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct WhyQuery {
    /// A processor (`8` or `1:3`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// A table entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u32>,
}

/// Why a CPU is used or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CpuWhyRecord {
    /// `group:number`.
    pub processor: String,
    /// Kernel CPU id.
    pub cpu: u32,
    /// NUMA node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// `eligible`, or the rule against it: `offline`, `isolated`, `nohz_full`, `excluded`, `below_base`, `above_max`,
    /// `smt_sibling`, `absent`.
    pub eligibility: String,
    /// Place in the processor array, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
    /// Queues it serves.
    pub queues: Vec<u32>,
    /// Table entries that lead to it.
    pub entries: Vec<u32>,
    /// The transmit queue that it sends through, where that is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transmit_queue: Option<u32>,
    /// Other adapters that use it.
    pub shared_with: Vec<String>,
    /// The verdict as a sentence.
    pub text: String,
}

/// `rssctl why`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhyRecord {
    /// Interface name.
    pub name: String,
    /// Settings in force.
    pub settings: Vec<SettingRecord>,
    /// Rules and limits of the present plan.
    pub reasons: Vec<ReasonRecord>,
    /// One CPU, or all of them.
    pub cpus: Vec<CpuWhyRecord>,
    /// The chain from an entry to its CPU, a sentence each.
    pub chain: Vec<String>,
}
