//! The records of the contract, by subject.

mod adapter;
mod checkpoint;
mod doctor;
mod event;
mod packet;
mod plan;
mod settings;
mod socket;
mod softnic;
mod stats;
mod verify;
mod vport;
mod why;

pub use adapter::*;
pub use checkpoint::*;
pub use doctor::*;
pub use event::*;
pub use packet::*;
pub use plan::*;
pub use settings::*;
pub use socket::*;
pub use softnic::*;
pub use stats::*;
pub use verify::*;
pub use vport::*;
pub use why::*;

use serde::{Deserialize, Serialize};

/// A list of adapters as one JSON document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Document<T> {
    /// [`crate::JSON_VERSION`].
    pub version: u32,
    /// One element an adapter.
    pub adapters: Vec<T>,
    /// Network interfaces that are no adapters, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<HiddenRecord>>,
}

impl<T> Document<T> {
    /// A document of this version.
    #[must_use]
    pub const fn new(adapters: Vec<T>) -> Self {
        Self { version: crate::JSON_VERSION, adapters, hidden: None }
    }
}

/// One record as a JSON document of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Versioned<T> {
    /// [`crate::JSON_VERSION`].
    pub version: u32,
    /// The record; its keys stand beside `version`.
    #[serde(flatten)]
    pub record: T,
}

impl<T> Versioned<T> {
    /// A document of this version.
    #[must_use]
    pub const fn new(record: T) -> Self {
        Self { version: crate::JSON_VERSION, record }
    }
}
