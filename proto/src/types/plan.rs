//! Plans and their results.

use serde::{Deserialize, Serialize};

use super::adapter::{EntryRecord, ProcessorRecord, QueueRecord};
use crate::error::ApiError;

/// Why something is as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReasonRecord {
    /// `limit`, `rule`, `driver`, `asked` or `moved`.
    pub kind: String,
    /// Identifier of the rule, or of what limits.
    pub id: String,
    /// The setting behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<u32>,
    /// What was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<u32>,
    /// The reason as a sentence.
    pub text: String,
}

/// One step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StepRecord {
    /// The operation in words.
    pub op: String,
    /// What it does to traffic: `none`, `reorder`, `gap`, `link` or `addresses`.
    pub impact: String,
    /// Why.
    pub why: ReasonRecord,
}

/// An adapter's state in short, for before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateRecord {
    /// Whether it spreads.
    pub enabled: bool,
    /// Receive queues.
    pub queues: u32,
    /// Processors in use, as `group:number`, in order of queues.
    pub processors: Vec<String>,
    /// Hash types.
    pub hash_types: Vec<String>,
    /// Encapsulations looked into.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encapsulation: Vec<String>,
    /// The processor of each table entry (`-` where unknown).
    pub table: Vec<String>,
}

/// What a request does, or would do, to one adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlanRecord {
    /// Interface name.
    pub name: String,
    /// `planned`, `applied`, `unchanged` or `failed`.
    pub status: String,
    /// Whether anything changes.
    pub changed: bool,
    /// Settings that change: key, before, after.
    pub settings: Vec<ChangeRecord>,
    /// The worst impact of any step.
    pub impact: String,
    /// The steps.
    pub steps: Vec<StepRecord>,
    /// State before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<StateRecord>,
    /// State after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<StateRecord>,
    /// Eligible processors by distance.
    pub processor_array: Vec<ProcessorRecord>,
    /// Processors used.
    pub processors: Vec<ProcessorRecord>,
    /// The table, one element an entry.
    pub table: Vec<EntryRecord>,
    /// The queues.
    pub queues: Vec<QueueRecord>,
    /// Why.
    pub reasons: Vec<ReasonRecord>,
    /// Steps that are left for a restart.
    #[serde(default)]
    pub pending: Vec<StepRecord>,
    /// What stands around the adapter and would suffer from a change that stops its traffic.
    #[serde(default)]
    pub findings: Vec<PreflightRecord>,
    /// Of a dry run: why the request would be refused.
    #[serde(default)]
    pub refusals: Vec<ApiError>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ApiError>,
}

/// Something that preflight found around an adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreflightRecord {
    /// What it is, such as `xdp` or `default_route`.
    pub id: String,
    /// The option that lets a change happen all the same.
    pub remedy: String,
    /// The finding as a sentence.
    pub text: String,
}

/// One setting that changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeRecord {
    /// Key of the field.
    pub key: String,
    /// Value before.
    pub before: String,
    /// Value after.
    pub after: String,
}

/// The answer to a request that changes adapters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApplyRecord {
    /// Generation after the request.
    pub generation: u64,
    /// Whether nothing was applied because a dry run was asked for.
    pub dry_run: bool,
    /// The checkpoint that was made: the change goes back unless it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<u64>,
    /// One element an adapter.
    pub adapters: Vec<PlanRecord>,
}

/// Options of a request that changes adapters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ApplyOptions {
    /// Plan only.
    pub dry_run: bool,
    /// In force until reboot or replan; not persisted.
    pub runtime: bool,
    /// Apply only if the published generation is still this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_generation: Option<u64>,
    /// Worst impact allowed: `none`, `reorder` (default), `gap`, `link` or `addresses`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<String>,
    /// If one adapter fails, none is changed.
    pub atomic: bool,
    /// What would disturb more than is allowed stays pending, instead of refusing the change.
    pub no_restart: bool,
    /// The change goes back by itself unless it is confirmed within so many milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_within_ms: Option<u64>,
    /// Whatever stands in the way of a change that stops traffic.
    pub force: bool,
    /// The local address of the connection that the caller is logged in by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
}
