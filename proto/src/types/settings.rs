//! Settings and where they come from.

use serde::{Deserialize, Serialize};

/// One setting in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SettingRecord {
    /// Key of the field.
    pub key: String,
    /// Its value as text; a hash key appears as a word.
    pub value: String,
    /// `default`, `FILE:LINE`, `saved` or `runtime`.
    pub origin: String,
}

/// The settings of one adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SettingsRecord {
    /// Interface name.
    pub name: String,
    /// Every setting.
    pub settings: Vec<SettingRecord>,
}

/// `rssctl config show`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConfigRecord {
    /// Files that were read, weakest first.
    pub files: Vec<String>,
    /// The file that `rssctl set` writes.
    pub saved_file: String,
    /// Settings of each adapter.
    pub adapters: Vec<SettingsRecord>,
}

/// `rssctl global get`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GlobalRecord {
    /// The machine-wide RSS switch.
    pub rss: bool,
}
