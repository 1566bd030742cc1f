//! JSON, JSON lines and YAML. Every document carries `version`.

use rssmgr_proto::types::{Document, HiddenRecord, Versioned};
use rssmgr_proto::{ErrorKind, JSON_VERSION};
use serde::Serialize;

use crate::cli::Output;
use crate::exit::Failure;

/// The formats of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One document.
    Json,
    /// One object a line.
    Jsonl,
    /// One document.
    Yaml,
}

impl Form {
    /// The structured form of an output format; `None` for those that are for people, and for names.
    #[must_use]
    pub const fn of(output: Output) -> Option<Self> {
        match output {
            Output::Json => Some(Self::Json),
            Output::Jsonl => Some(Self::Jsonl),
            Output::Yaml => Some(Self::Yaml),
            Output::List | Output::Table | Output::Wide | Output::Name => None,
        }
    }
}

fn unwritable(e: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Failed, format!("the answer cannot be written in this format: {e}"))
}

/// Any document, which carries its version already.
///
/// # Errors
/// It has no such form; no record of ours does that.
pub fn document<T: Serialize>(document: &T, form: Form) -> Result<String, Failure> {
    match form {
        Form::Json => Ok(serde_json::to_string_pretty(document).map_err(unwritable)? + "\n"),
        Form::Jsonl => Ok(serde_json::to_string(document).map_err(unwritable)? + "\n"),
        Form::Yaml => {
            let text = serde_saphyr::to_string(document).map_err(unwritable)?;
            Ok(if text.ends_with('\n') { text } else { text + "\n" })
        }
    }
}

/// One record; its keys stand beside `version`.
///
/// # Errors
/// As [`document`].
pub fn record<T: Serialize>(record: T, form: Form) -> Result<String, Failure> {
    document(&Versioned::new(record), form)
}

/// Records of adapters: `{version, adapters: [..]}`, or one a line.
///
/// # Errors
/// As [`document`].
pub fn adapters<T: Serialize>(records: Vec<T>, form: Form) -> Result<String, Failure> {
    with_hidden(records, None, form)
}

/// [`adapters`], and those interfaces that are none: `hidden` beside `adapters`, or further lines.
///
/// # Errors
/// As [`document`].
pub fn with_hidden<T: Serialize>(
    records: Vec<T>,
    hidden: Option<Vec<HiddenRecord>>,
    form: Form,
) -> Result<String, Failure> {
    match form {
        Form::Jsonl => Ok(lines(records)? + &lines(hidden.unwrap_or_default())?),
        form => document(&Document { hidden, ..Document::new(records) }, form),
    }
}

/// Records that are no adapters: `{version, KEY: [..]}`, or one a line.
///
/// # Errors
/// As [`document`].
pub fn list<T: Serialize>(key: &str, records: Vec<T>, form: Form) -> Result<String, Failure> {
    match form {
        Form::Jsonl => lines(records),
        form => {
            let mut map = serde_json::Map::new();
            map.insert("version".into(), JSON_VERSION.into());
            map.insert(key.into(), serde_json::to_value(records).map_err(unwritable)?);
            document(&map, form)
        }
    }
}

fn lines<T: Serialize>(records: Vec<T>) -> Result<String, Failure> {
    records.into_iter().map(|r| record(r, Form::Jsonl)).collect()
}
