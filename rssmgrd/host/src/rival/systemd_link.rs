//! systemd.link: udev applies the first file, by name, whose `[Match]` fits, when an interface appears.

use std::path::Path;

use rssmgr_core::doctor::{Sign, SignKind};
use rssmgr_core::manager::glob;

use super::files::{Assignment, assignments, layered, shown};
use crate::error::HostError;
use crate::nic::NicFacts;
use crate::root::Root;

const FOLDERS: [&str; 4] = [
    "etc/systemd/network",
    "run/systemd/network",
    "usr/local/lib/systemd/network",
    "usr/lib/systemd/network",
];

/// What rssmgrd sets too, of the section `[Link]` (systemd 260).
const KEYS: [&str; 7] = [
    "RxChannels",
    "TxChannels",
    "CombinedChannels",
    "ReceivePacketSteeringCPUMask",
    "IRQAffinityPolicy",
    "IRQAffinity",
    "IRQAffinityNUMA",
];

pub(super) fn signs(root: &Root<'_>, nics: &[NicFacts]) -> Result<Vec<Sign>, HostError> {
    let mut files = Vec::new();
    for (name, path) in layered(root, &FOLDERS, |name| name.ends_with(".link"))? {
        let mut parts = vec![path];
        let folders = FOLDERS.map(|folder| format!("{folder}/{name}.d"));
        let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
        parts.extend(layered(root, &folders, |name| name.ends_with(".conf"))?.into_values());
        let mut texts = Vec::new();
        for path in parts {
            // A file that is empty or a link to /dev/null only hides others.
            texts.extend(root.read(&path)?.map(|text| (path, text)));
        }
        files.push(texts);
    }
    let mut signs: Vec<Sign> = Vec::new();
    for nic in nics {
        let fits = |texts: &&Vec<(_, String)>| {
            let all: Vec<Assignment<'_>> = texts.iter().flat_map(|(_, text)| assignments(text)).collect();
            matches(&all, nic)
        };
        let Some(file) = files.iter().find(fits) else { continue };
        for (path, text) in file {
            for a in assignments(text) {
                if a.section == "Link" && KEYS.contains(&a.key) && !a.value.is_empty() {
                    note(&mut signs, path, &a, nic);
                }
            }
        }
    }
    Ok(signs)
}

/// One sign for a line, whatever the number of interfaces it is about.
fn note(signs: &mut Vec<Sign>, path: &Path, a: &Assignment<'_>, nic: &NicFacts) {
    let place = shown(path);
    let same = signs.iter_mut().find(|s| s.place == place && s.line == Some(a.line));
    match same.and_then(|s| s.adapters.as_mut()) {
        Some(adapters) => adapters.push(nic.name.clone()),
        None => signs.push(Sign {
            kind: SignKind::SystemdLink,
            adapters: Some(vec![nic.name.clone()]),
            place,
            line: Some(a.line),
            text: format!("{}={}", a.key, a.value),
        }),
    }
}

/// Whether `[Match]` fits an interface. A file without conditions fits none; a condition that cannot be judged here
/// (host, kernel, property) counts as met.
fn matches(all: &[Assignment<'_>], nic: &NicFacts) -> bool {
    let conditions: Vec<&Assignment<'_>> = all.iter().filter(|a| a.section == "Match").collect();
    let one_of = |value: &str, have: Option<&str>| {
        let (negated, value) = match value.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, value),
        };
        let fits = have.is_some_and(|h| value.split_whitespace().any(|g| glob(g, h)));
        fits != negated
    };
    let path = nic.pci.as_ref().map(|p| format!("pci-{p}"));
    let meets = |a: &&Assignment<'_>| match a.key {
        "OriginalName" => one_of(a.value, Some(&nic.name)),
        "Driver" => one_of(a.value, nic.driver.as_deref()),
        "Path" => one_of(a.value, path.as_deref()),
        "MACAddress" | "PermanentMACAddress" => {
            let wanted = a.value.to_ascii_lowercase().replace('-', ":");
            nic.mac
                .as_ref()
                .is_some_and(|mac| wanted.split_whitespace().any(|m| m == mac.to_ascii_lowercase()))
        }
        _ => true,
    };
    !conditions.is_empty() && conditions.iter().all(meets)
}
