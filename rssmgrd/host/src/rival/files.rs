//! Files of sections, keys and values, and folders that hide each other, as systemd and others have them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::HostError;
use crate::root::Root;

/// One `key=value` and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment<'a> {
    /// The section; empty before the first one.
    pub(super) section: &'a str,
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    /// From 1.
    pub(super) line: u32,
}

/// All assignments of a file. Comments, and lines that are none, are passed over.
pub(super) fn assignments(text: &str) -> Vec<Assignment<'_>> {
    let mut section = "";
    let mut found = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            section = name.trim();
        } else if let Some((key, value)) = text.split_once('=') {
            found.push(Assignment { section, key: key.trim(), value: value.trim(), line });
        }
    }
    found
}

/// The files of these folders, strongest first, by name: one hides those of the same name in weaker folders.
pub(super) fn layered(
    root: &Root<'_>,
    folders: &[&str],
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, PathBuf>, HostError> {
    let mut files = BTreeMap::new();
    for folder in folders {
        for name in root.names(folder)?.into_iter().filter(|name| wanted(name)) {
            let path = Path::new(folder).join(&name);
            files.entry(name).or_insert(path);
        }
    }
    Ok(files)
}

/// How a path below the root is shown: as the machine itself has it.
pub(super) fn shown(path: &Path) -> String {
    format!("/{}", path.display())
}
