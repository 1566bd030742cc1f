//! What callers send, checked: every text has a length and printable characters, every key is known.

use std::collections::BTreeMap;
use std::time::Duration;

use rssmgr_core::driver::Impact;
use rssmgr_core::field::{Field, FieldError, Raw};
use rssmgr_core::manager::{Options, Selector};
use rssmgr_core::settings::{KeySetting, SettingsPatch};
use rssmgr_core::{EntryIndex, Generation, Processor};
use rssmgr_ethtool::Capture;
use rssmgr_proto::dict::{Dictionary, from_dict, from_variant};
use rssmgr_proto::types::{ApplyOptions, VerifyOptions};
use rssmgr_proto::{ApiError, ErrorKind};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::backend::softnic::random_key;

/// Names and globs in one request.
const MOST_NAMES: usize = 1024;
/// Longest name or glob.
const LONGEST_NAME: usize = 64;
/// Longest text of any other kind.
const LONGEST_TEXT: usize = 4096;
/// Table entries in one request.
const MOST_ENTRIES: usize = 1 << 15;
/// Bytes of a random key: as many as any adapter takes; each adapter uses the first ones.
const RANDOM_BYTES: usize = 64;

/// A text of at most `most` printable characters.
pub(super) fn text<'a>(what: &str, text: &'a str, most: usize) -> Result<&'a str, ApiError> {
    if text.len() > most {
        return Err(ApiError::usage(format!("{what}: {} bytes are too long; allowed: {most}", text.len())));
    }
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(ApiError::usage(format!(
            "{what}: `{}` has the control character {}; leave it out",
            text.escape_debug(),
            c.escape_unicode()
        ))),
        None => Ok(text),
    }
}

/// A name of an adapter.
pub(super) fn name(what: &str, given: &str) -> Result<String, ApiError> {
    if given.is_empty() {
        return Err(ApiError::usage(format!("{what}: the name is empty; `rssctl get` lists names")));
    }
    text(what, given, LONGEST_NAME).map(str::to_owned)
}

/// Names and globs.
pub(super) fn selector(names: Vec<String>) -> Result<Selector, ApiError> {
    if names.len() > MOST_NAMES {
        return Err(ApiError::usage(format!(
            "selector: {} names are too many; allowed: {MOST_NAMES}; use a glob such as `eth*`",
            names.len()
        )));
    }
    names.iter().try_for_each(|n| name("selector", n).map(drop))?;
    Ok(Selector(names))
}

/// Settings by field key. A random key that was asked for is drawn here.
pub(super) fn settings(dict: &Dictionary) -> Result<SettingsPatch, ApiError> {
    let mut patch = SettingsPatch::default();
    // In order, so that of several wrong values always the same is reported.
    for (key, value) in dict.iter().collect::<BTreeMap<_, _>>() {
        text("settings", key, LONGEST_NAME)?;
        let field =
            Field::from_key(key).ok_or_else(|| ApiError::usage(FieldError::unknown(key).to_string()))?;
        let raw = raw(field, from_variant(value)?)?;
        text(field.key(), &raw.to_text(), LONGEST_TEXT)?;
        patch.set(field, &raw).map_err(|e| ApiError::usage(e.to_string()))?;
    }
    if patch.hash_key == Some(KeySetting::Random(None)) {
        let key = random_key(RANDOM_BYTES)
            .map_err(|e| ApiError::new(ErrorKind::Failed, format!("no random bytes for a hash key: {e}")))?;
        patch.hash_key = Some(KeySetting::Random(Some(key)));
    }
    Ok(patch)
}

fn raw(field: Field, value: Value) -> Result<Raw, ApiError> {
    let wrong = |value: &Value, kind: &str| {
        ApiError::usage(format!("{field}: `{value}` is {kind}; allowed: {}", field.info().allowed))
    };
    match value {
        Value::Bool(b) => Ok(Raw::Bool(b)),
        Value::String(s) => Ok(Raw::Text(s)),
        Value::Number(ref n) => match n.as_i64() {
            Some(n) => Ok(Raw::Int(n)),
            None => Err(wrong(&value, "no whole number in range")),
        },
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::String(s) => Ok(s),
                Value::Number(n) => Ok(n.to_string()),
                other => Err(wrong(&other, "no text inside a list")),
            })
            .collect::<Result<_, _>>()
            .map(Raw::List),
        other @ (Value::Object(_) | Value::Null) => Err(wrong(&other, "a dictionary")),
    }
}

/// A record, such as options or a query; an error says in what it is.
pub(super) fn record<T: DeserializeOwned>(what: &str, dict: &Dictionary) -> Result<T, ApiError> {
    from_dict(dict).map_err(|e| ApiError::new(e.kind, format!("{what}: {}", e.message)))
}

/// Options of a request that changes adapters.
pub(super) fn options(dict: &Dictionary) -> Result<Options, ApiError> {
    let given: ApplyOptions = record("options", dict)?;
    let allow = match given.allow {
        None => Options::default().allow,
        Some(text) => Impact::parse(&text).ok_or_else(|| {
            let all = Impact::ALL.map(Impact::name).join(", ");
            ApiError::usage(format!("options: allow: `{}` is not known; allowed: {all}", text.escape_debug()))
        })?,
    };
    let login = match given.login {
        None => None,
        Some(ip) => Some(ip.parse().map_err(|_| {
            ApiError::usage(format!("options: login: `{}` is no IPv4 or IPv6 address", ip.escape_debug()))
        })?),
    };
    Ok(Options {
        dry_run: given.dry_run,
        runtime: given.runtime,
        if_generation: given.if_generation.map(Generation),
        allow,
        atomic: given.atomic,
        no_restart: given.no_restart,
        confirm_within: given
            .confirm_within_ms
            .map(|ms| confirm_within("options: confirm_within_ms", ms))
            .transpose()?,
        force: given.force,
        login,
        ..Options::default()
    })
}

/// How long a change waits to be confirmed, in nanoseconds.
pub(super) fn confirm_within(what: &str, ms: u64) -> Result<u64, ApiError> {
    match ms {
        1_000..=86_400_000 => Ok(ms * 1_000_000),
        _ => Err(ApiError::usage(format!(
            "{what}: {ms} is out of range; allowed: 1000 (1 s) to 86400000 (1 d)"
        ))),
    }
}

/// Table entries as `ENTRY=PROCESSOR`.
pub(super) fn entries(given: &[String]) -> Result<BTreeMap<EntryIndex, Processor>, ApiError> {
    if given.is_empty() || given.len() > MOST_ENTRIES {
        return Err(ApiError::usage(format!(
            "entries: {} entries; allowed: 1 to {MOST_ENTRIES}, each as ENTRY=PROCESSOR such as 12=0:4",
            given.len()
        )));
    }
    let mut out = BTreeMap::new();
    for one in given {
        text("entries", one, LONGEST_NAME)?;
        let form = || ApiError::usage(format!("entries: `{one}` is no ENTRY=PROCESSOR such as 12=0:4"));
        let (entry, at) = one.split_once('=').ok_or_else(form)?;
        let entry = EntryIndex(entry.trim().parse().map_err(|_| form())?);
        if out.insert(entry, processor("entries", at)?).is_some() {
            return Err(ApiError::usage(format!("entries: entry {entry} is given twice; give it once")));
        }
    }
    Ok(out)
}

/// A processor.
pub(super) fn processor(what: &str, given: &str) -> Result<Processor, ApiError> {
    text(what, given, LONGEST_NAME)?.trim().parse().map_err(|e| ApiError::usage(format!("{what}: {e}")))
}

/// Options of a software NIC, as typed.
pub(super) fn softnic(
    given: std::collections::HashMap<String, String>,
) -> Result<BTreeMap<String, String>, ApiError> {
    for (key, value) in given.iter().collect::<BTreeMap<_, _>>() {
        text("options", key, LONGEST_NAME)?;
        text(key, value, LONGEST_TEXT)?;
    }
    Ok(given.into_iter().collect())
}

/// A traffic source, as typed.
pub(super) fn source(given: &str) -> Result<String, ApiError> {
    text("source", given, LONGEST_TEXT).map(str::to_owned)
}

/// How an adapter's traffic is to be looked at.
pub(super) fn capture(options: &Dictionary) -> Result<Capture, ApiError> {
    let options: VerifyOptions = record("options", options)?;
    let within = |field: &str, value: u32, least: u32, most: u32| {
        if (least..=most).contains(&value) {
            return Ok(value);
        }
        let text = format!("{field}: {value} is out of range; {least} to {most} is allowed");
        Err(ApiError::new(ErrorKind::Usage, text))
    };
    let window = within("window_ms", options.window_ms.unwrap_or(5_000), 100, 60_000)?;
    let packets = within("packets", options.packets.unwrap_or(5_000), 20, 1_000_000)?;
    Ok(Capture { window: Duration::from_millis(window.into()), packets })
}
