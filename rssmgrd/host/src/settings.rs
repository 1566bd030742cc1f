//! The configuration files and saved settings of rssmgrd, as far as others need them without the daemon.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rssmgr_core::doctor::Hidden;
use rssmgr_core::field::{Field, Raw};
use rssmgr_core::manager::glob;
use rssmgr_core::settings::SettingsPatch;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::HostError;
use crate::root::Root;

/// The file that `rssctl set` has the daemon write.
pub const SAVED: &str = "var/lib/rssmgrd/saved.toml";

/// Thousands of adapters take less.
const SAVED_LIMIT: u64 = 16 << 20;

/// Folders of configuration, strongest first.
const FOLDERS: [&str; 4] = ["etc/rssmgrd", "run/rssmgrd", "usr/local/lib/rssmgrd", "usr/lib/rssmgrd"];
const MAIN: &str = "rssmgrd.toml";

/// What a rule of the configuration is matched with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whom {
    /// Interface name.
    pub name: String,
    /// MAC address, as the kernel prints it.
    pub mac: Option<String>,
    /// Driver.
    pub driver: Option<String>,
}

/// The configuration files of a machine, weakest first: the main file of the strongest folder that has one, then the
/// drop-ins of all by name, each hiding those of the same name in weaker folders.
///
/// # Errors
/// A folder cannot be read.
pub fn config_files(root: &Path) -> Result<Vec<PathBuf>, HostError> {
    let root = Root::new(root);
    let mut files = Vec::new();
    for folder in FOLDERS {
        if root.names(folder)?.contains(MAIN) {
            files.push(Path::new(folder).join(MAIN));
            break;
        }
    }
    let mut drop_ins: BTreeMap<String, PathBuf> = BTreeMap::new();
    for folder in FOLDERS {
        let folder = Path::new(folder).join(format!("{MAIN}.d"));
        for name in root.names(&folder)?.into_iter().filter(|n| n.ends_with(".toml")) {
            let path = folder.join(&name);
            drop_ins.entry(name).or_insert(path);
        }
    }
    files.extend(drop_ins.into_values());
    Ok(files)
}

/// A setting of the configuration, for whom, and where it stands.
struct Rule {
    matcher: BTreeMap<String, String>,
    patch: SettingsPatch,
    places: BTreeMap<Field, u32>,
}

/// Saved settings that hide another value of the configuration. `config` are the configuration files, weakest first,
/// and `saved` is the file of saved settings; all are relative to the root.
///
/// # Errors
/// A file cannot be read or is not TOML; rules that are not understood are the business of `rssctl config check`.
pub fn hidden(
    root: &Path,
    config: &[PathBuf],
    saved: &Path,
    adapters: &[Whom],
) -> Result<Vec<Hidden>, HostError> {
    let root = Root::new(root);
    let Some(text) = root.read_start(saved, SAVED_LIMIT)? else { return Ok(Vec::new()) };
    let saved_at = root.modified(saved);
    let kept = saved_settings(&root, saved, &text)?;
    let mut found: BTreeMap<(String, Field), Hidden> = BTreeMap::new();
    for file in config {
        let Some(text) = root.read(file)? else { continue };
        let newer = saved_at.zip(root.modified(file)).map(|(saved, file)| file > saved);
        for rule in rules(&root, file, &text)? {
            for whom in adapters.iter().filter(|w| means(&rule.matcher, w)) {
                let Some(patch) = kept.get(&whom.name) else { continue };
                for (field, configured) in rule.patch.iter() {
                    let Some(saved) = patch.get(field) else { continue };
                    let key = (whom.name.clone(), field);
                    // The last rule that sets a field decides what is hidden.
                    found.remove(&key);
                    if saved != configured {
                        let line = rule.places.get(&field).copied().unwrap_or(1);
                        let hidden = Hidden {
                            adapter: whom.name.clone(),
                            key: field.key().to_owned(),
                            saved: told(field, &saved),
                            configured: told(field, &configured),
                            place: format!("/{}:{line}", file.display()),
                            newer,
                        };
                        found.insert(key, hidden);
                    }
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

/// The adapters that saved settings have managed, by name; none where nothing is saved.
///
/// # Errors
/// As [`hidden`].
pub fn managed(root: &Path, saved: &Path) -> Result<Vec<String>, HostError> {
    let root = Root::new(root);
    let Some(text) = root.read_start(saved, SAVED_LIMIT)? else { return Ok(Vec::new()) };
    let table = parse(&root, saved, &text)?;
    let name = |adapter: &DeTable<'_>| {
        let managed = adapter.get("managed")?.get_ref().as_bool()?;
        adapter.get("name")?.get_ref().as_str().filter(|_| managed).map(str::to_owned)
    };
    Ok(tables(&table).filter_map(name).collect())
}

/// The VPorts that are saved of each adapter, number and name, by the adapter's name; none of one whose VMQ is off, or that
/// is not managed.
///
/// # Errors
/// As [`hidden`].
pub fn vports(root: &Path, saved: &Path) -> Result<BTreeMap<String, Vec<(u32, String)>>, HostError> {
    let root = Root::new(root);
    let Some(text) = root.read_start(saved, SAVED_LIMIT)? else { return Ok(BTreeMap::new()) };
    let table = parse(&root, saved, &text)?;
    let flag =
        |table: &DeTable<'_>, key: &str| table.get(key).and_then(|v| v.get_ref().as_bool()) == Some(true);
    let text = |table: &DeTable<'_>, key: &str| Some(table.get(key)?.get_ref().as_str()?.to_owned());
    let vport = |v: &Spanned<DeValue<'_>>| {
        let table = v.get_ref().as_table()?;
        let id = table.get("id")?.get_ref().as_integer()?;
        let id = u32::from_str_radix(id.as_str(), id.radix()).ok()?;
        Some((id, text(table, "name").unwrap_or_default()))
    };
    let of = |adapter: &DeTable<'_>| {
        let list = adapter.get("vport")?.get_ref().as_array()?;
        Some((text(adapter, "name")?, list.iter().filter_map(vport).collect()))
    };
    let in_use = |adapter: &&DeTable<'_>| flag(adapter, "managed") && !flag(adapter, "vmq_off");
    Ok(tables(&table).filter(in_use).filter_map(of).collect())
}

/// A value as it may be shown: a key is a secret.
fn told(field: Field, raw: &Raw) -> String {
    match field {
        Field::HashKey => "(a key)".into(),
        _ => raw.to_text(),
    }
}

/// The saved settings of each adapter.
fn saved_settings(
    root: &Root<'_>,
    file: &Path,
    text: &str,
) -> Result<BTreeMap<String, SettingsPatch>, HostError> {
    let table = parse(root, file, text)?;
    let mut all = BTreeMap::new();
    for adapter in tables(&table) {
        let Some(name) = adapter.get("name").and_then(|v| v.get_ref().as_str()) else { continue };
        let Some(settings) = adapter.get("settings").and_then(|v| v.get_ref().as_table()) else { continue };
        all.insert(name.to_owned(), patch(settings).0);
    }
    Ok(all)
}

fn rules(root: &Root<'_>, file: &Path, text: &str) -> Result<Vec<Rule>, HostError> {
    let table = parse(root, file, text)?;
    let mut rules = Vec::new();
    for adapter in tables(&table) {
        let Some(conditions) = adapter.get("match").and_then(|v| v.get_ref().as_table()) else { continue };
        let condition = |(k, v): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &std::borrow::Cow<'_, str> = k.get_ref();
            Some((key.to_string(), v.get_ref().as_str()?.to_owned()))
        };
        let (patch, spans) = patch(adapter);
        let line = |at: usize| {
            let before = text.bytes().take(at).filter(|b| *b == b'\n').count();
            u32::try_from(before + 1).unwrap_or(u32::MAX)
        };
        rules.push(Rule {
            matcher: conditions.iter().filter_map(condition).collect(),
            patch,
            places: spans.into_iter().map(|(field, at)| (field, line(at))).collect(),
        });
    }
    Ok(rules)
}

fn parse<'t>(root: &Root<'_>, file: &Path, text: &'t str) -> Result<DeTable<'t>, HostError> {
    DeTable::parse(text).map(Spanned::into_inner).map_err(|e| {
        let at = e.span().map_or(0, |span| span.start);
        let line = text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
        HostError::Line {
            path: root.path().join(file),
            line,
            content: text.lines().nth(line - 1).unwrap_or_default().chars().take(64).collect(),
            wanted: e.message().trim().to_owned(),
        }
    })
}

/// The `[[adapter]]` tables.
fn tables<'a, 'i>(table: &'a DeTable<'i>) -> impl Iterator<Item = &'a DeTable<'i>> {
    let list = table.get("adapter").and_then(|v| v.get_ref().as_array());
    list.into_iter().flat_map(|list| list.iter().filter_map(|v| v.get_ref().as_table()))
}

/// The settings of a table, and where each stands. Keys and values that are none are passed over.
fn patch(table: &DeTable<'_>) -> (SettingsPatch, Vec<(Field, usize)>) {
    let mut patch = SettingsPatch::default();
    let mut places = Vec::new();
    for (key, value) in table {
        let Some(field) = Field::from_key(key.get_ref().as_ref()) else { continue };
        let Some(raw) = raw(value.get_ref()) else { continue };
        if patch.set(field, &raw).is_ok() {
            places.push((field, key.span().start));
        }
    }
    (patch, places)
}

fn raw(value: &DeValue<'_>) -> Option<Raw> {
    let integer = |v: &DeValue<'_>| {
        let n = v.as_integer()?;
        i64::from_str_radix(n.as_str(), n.radix()).ok()
    };
    match value {
        DeValue::Boolean(b) => Some(Raw::Bool(*b)),
        DeValue::Integer(_) => integer(value).map(Raw::Int),
        DeValue::String(s) => Some(Raw::Text(s.as_ref().to_owned())),
        DeValue::Array(items) => {
            let text = |v: &Spanned<DeValue<'_>>| match v.get_ref() {
                DeValue::String(s) => Some(s.as_ref().to_owned()),
                v => integer(v).map(|n| n.to_string()),
            };
            items.iter().map(text).collect::<Option<_>>().map(Raw::List)
        }
        _ => None,
    }
}

/// Whether a rule is about an adapter. A condition that is not known fits nobody.
fn means(matcher: &BTreeMap<String, String>, whom: &Whom) -> bool {
    let fits = |(key, wanted): (&String, &String)| match key.as_str() {
        "name" => glob(wanted, &whom.name),
        "driver" => whom.driver.as_deref() == Some(wanted),
        "mac" => whom.mac.as_ref().is_some_and(|mac| mac.eq_ignore_ascii_case(&wanted.replace('-', ":"))),
        _ => false,
    };
    !matcher.is_empty() && matcher.iter().all(fits)
}
