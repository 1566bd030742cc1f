//! From the text of a file to rules. Every key is known or refused; every value is checked where it stands.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use rssmgr_core::field::{FIELDS, Field, Raw, nearest};
use rssmgr_core::manager::{ConfigRule, Matcher};
use rssmgr_core::settings::{KeySetting, Layer, ManualTable, Origin, SettingsPatch};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ConfigError, DaemonConfig, Loaded, LogLevel};
use crate::store::config::error::Mistake;

const TABLES: [&str; 2] = ["daemon", "adapter"];
const DAEMON: [&str; 5] = ["metrics", "metrics_entries", "log", "max_clients", "poll_interval"];
const MATCH: [&str; 3] = ["name", "mac", "driver"];

/// Most private connections that can be allowed.
const MOST_CLIENTS: i64 = 10_000;

/// The longest time between two readings, in seconds.
const LONGEST_POLL: i64 = 3600;

/// A file that is being read.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

type Value<'i> = Spanned<DeValue<'i>>;

/// Reads one file into what weaker files gave.
pub(super) fn file(file: &str, text: &str, into: &mut Loaded) -> Result<(), ConfigError> {
    let reader = Reader { file, text };
    let table =
        DeTable::parse(text).map_err(|e| reader.mistake(e.span().unwrap_or(0..0), e.message().trim_end()))?;
    for (key, value) in table.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("daemon", DeValue::Table(table)) => reader.daemon(table, &mut into.daemon)?,
            ("adapter", DeValue::Array(tables)) => {
                for table in tables {
                    into.adapters.rules.push(reader.adapter(table)?);
                }
            }
            ("daemon", _) => return Err(reader.mistake(key.span(), "`daemon` is a table; write [daemon]")),
            ("adapter", _) => {
                return Err(reader.mistake(
                    key.span(),
                    "`adapter` is a list of tables; write [[adapter]], with two brackets",
                ));
            }
            (name, _) => return Err(reader.unknown(key.span(), "table", name, &TABLES)),
        }
    }
    Ok(())
}

impl Reader<'_> {
    fn mistake(&self, span: Range<usize>, message: impl Display) -> ConfigError {
        ConfigError::Mistake(Box::new(Mistake::new(self.file, self.text, span, message.to_string())))
    }

    fn unknown(&self, span: Range<usize>, what: &str, name: &str, known: &[&str]) -> ConfigError {
        let hint = nearest(name, known.iter().copied())
            .map(|n| format!(" (did you mean `{n}`?)"))
            .unwrap_or_default();
        self.mistake(
            span,
            format!("unknown {what} `{}`{hint}; known are {}", name.escape_debug(), known.join(", ")),
        )
    }

    fn wrong(&self, key: &str, value: &Value<'_>, allowed: impl Display) -> ConfigError {
        let kind = value.get_ref().type_str();
        self.mistake(value.span(), format!("{key}: this {kind} is not taken here; write {allowed}"))
    }

    fn daemon(&self, table: &DeTable<'_>, into: &mut DaemonConfig) -> Result<(), ConfigError> {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match (name, value.get_ref()) {
                ("metrics", DeValue::String(text)) => {
                    let address = text.parse();
                    into.metrics =
                        Some(address.map_err(|e| self.mistake(value.span(), format!("metrics: {e}")))?);
                }
                ("metrics", _) => return Err(self.wrong(name, value, "\"127.0.0.1:9758\" or \"off\"")),
                ("metrics_entries", DeValue::Boolean(on)) => into.metrics_entries = Some(*on),
                ("metrics_entries", _) => return Err(self.wrong(name, value, "true or false")),
                ("log", value_) => {
                    let level = value_.as_str().and_then(LogLevel::parse);
                    let allowed = || LogLevel::ALL.map(|(name, _)| format!("\"{name}\"")).join(", ");
                    into.log = Some(level.ok_or_else(|| self.wrong(name, value, allowed()))?);
                }
                ("max_clients", value_) => {
                    let n = integer(value_).filter(|n| (1..=MOST_CLIENTS).contains(n));
                    let n = n.and_then(|n| u32::try_from(n).ok());
                    let allowed = || format!("a number, 1 to {MOST_CLIENTS}");
                    into.max_clients = Some(n.ok_or_else(|| self.wrong(name, value, allowed()))?);
                }
                ("poll_interval", value_) => {
                    let seconds = integer(value_).filter(|n| (0..=LONGEST_POLL).contains(n));
                    let seconds = seconds.and_then(|n| u32::try_from(n).ok());
                    let allowed = || format!("seconds, 1 to {LONGEST_POLL}, or 0 for never");
                    into.poll_interval = Some(seconds.ok_or_else(|| self.wrong(name, value, allowed()))?);
                }
                _ => return Err(self.unknown(key.span(), "key of [daemon]", name, &DAEMON)),
            }
        }
        Ok(())
    }

    fn adapter(&self, value: &Value<'_>) -> Result<ConfigRule, ConfigError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.wrong("adapter", value, "[[adapter]] tables"));
        };
        let mut matcher = None;
        let (mut patch, mut origins) = (SettingsPatch::default(), BTreeMap::new());
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if name == "match" {
                matcher = Some(self.matcher(value)?);
                continue;
            }
            let Some(field) = Field::from_key(name) else {
                let known: Vec<&str> = ["match"].into_iter().chain(FIELDS.iter().map(|f| f.key)).collect();
                return Err(self.unknown(key.span(), "setting", name, &known));
            };
            let raw = raw(value.get_ref()).ok_or_else(|| self.wrong(name, value, field.info().allowed))?;
            patch.set(field, &raw).map_err(|e| self.mistake(value.span(), e))?;
            let line = u32::try_from(self.line(key.span().start)).unwrap_or(u32::MAX);
            origins.insert(field, Origin::Config { file: Arc::from(self.file), line });
            if patch.hash_key == Some(KeySetting::Random(None)) {
                return Err(self.mistake(
                    value.span(),
                    "hash_key: `random` would be another key at each start; use `rssctl set --hash-key random`, which keeps the key that it draws",
                ));
            }
        }
        let needed =
            "[[adapter]] needs `match`, which says for whom it is, such as match = { name = \"eth*\" }";
        let matcher = matcher.ok_or_else(|| self.mistake(value.span(), needed))?;
        let layer = Layer { patch, table: ManualTable::new(), origins, origin: Origin::Default };
        Ok(ConfigRule { matcher, layer })
    }

    fn matcher(&self, value: &Value<'_>) -> Result<Matcher, ConfigError> {
        let form = "{ name = \"eth*\", mac = \"02:00:00:00:00:01\", driver = \"igb\" }, one or more of these";
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.wrong("match", value, form));
        };
        let mut matcher = Matcher::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if !MATCH.contains(&name) {
                return Err(self.unknown(key.span(), "key of match", name, &MATCH));
            }
            let Some(text) = value.get_ref().as_str().filter(|t| !t.is_empty()) else {
                return Err(self.wrong(name, value, "a text"));
            };
            match name {
                "name" => matcher.name = Some(text.to_owned()),
                "driver" => matcher.driver = Some(text.to_owned()),
                _ => {
                    let mac = rssmgr_core::mac::parse(text)
                        .ok_or_else(|| self.wrong(name, value, "\"02:00:00:00:00:01\""))?;
                    matcher.mac = Some(mac);
                }
            }
        }
        if matcher == Matcher::default() {
            return Err(self.mistake(
                value.span(),
                format!("match: it is empty; write {form}; name = \"*\" is everything"),
            ));
        }
        Ok(matcher)
    }

    fn line(&self, at: usize) -> usize {
        self.text.bytes().take(at).filter(|b| *b == b'\n').count() + 1
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let n = value.as_integer()?;
    i64::from_str_radix(n.as_str(), n.radix()).ok()
}

/// A value of a setting; `None` for a kind that no setting takes.
fn raw(value: &DeValue<'_>) -> Option<Raw> {
    match value {
        DeValue::Boolean(b) => Some(Raw::Bool(*b)),
        DeValue::Integer(_) => integer(value).map(Raw::Int),
        DeValue::String(s) => Some(Raw::Text(s.as_ref().to_owned())),
        DeValue::Array(items) => {
            let text = |v: &Value<'_>| match v.get_ref() {
                DeValue::String(s) => Some(s.as_ref().to_owned()),
                DeValue::Integer(_) => integer(v.get_ref()).map(|n| n.to_string()),
                _ => None,
            };
            items.iter().map(text).collect::<Option<_>>().map(Raw::List)
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}
