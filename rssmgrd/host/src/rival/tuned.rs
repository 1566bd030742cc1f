//! tuned: what its active profile, and those that it includes, set.

use std::collections::BTreeSet;
use std::path::PathBuf;

use rssmgr_core::doctor::{Sign, SignKind};

use super::files::{Assignment, assignments, shown};
use super::named;
use crate::error::HostError;
use crate::nic::NicFacts;
use crate::root::Root;

const ACTIVE: &str = "etc/tuned/active_profile";
const FOLDERS: [&str; 4] = ["etc/tuned/profiles", "etc/tuned", "usr/lib/tuned/profiles", "usr/lib/tuned"];

/// Profiles that are read at most, one including the next.
const MOST: usize = 32;

pub(super) fn signs(root: &Root<'_>, nics: &[NicFacts]) -> Result<Vec<Sign>, HostError> {
    let active = root.read(ACTIVE)?.unwrap_or_default();
    let mut pending: Vec<String> = active.split_whitespace().map(Into::into).collect();
    let mut seen = BTreeSet::new();
    let mut signs = Vec::new();
    while let Some(name) = pending.pop() {
        // A profile is a folder of that name, nowhere else.
        let plain = !name.contains(['/', '\0']) && name != "." && name != "..";
        if !plain || seen.len() >= MOST || !seen.insert(name.clone()) {
            continue;
        }
        for folder in FOLDERS {
            let path = PathBuf::from(folder).join(&name).join("tuned.conf");
            let Some(text) = root.read(&path)? else { continue };
            let all = assignments(&text);
            let include = all.iter().filter(|a| a.section == "main" && a.key == "include");
            pending.extend(
                include.flat_map(|a| a.value.split([',', ' '])).filter(|n| !n.is_empty()).map(Into::into),
            );
            for a in all.iter().filter(|a| is_ours(&all, a)) {
                signs.push(Sign {
                    kind: SignKind::Tuned,
                    adapters: devices(&all, a.section, nics),
                    place: shown(&path),
                    line: Some(a.line),
                    text: format!("[{}] {}={}", a.section, a.key, a.value),
                });
            }
            break;
        }
    }
    Ok(signs)
}

/// Whether a line sets what rssmgrd sets too. A section is of the plugin that `type` names, else of that of its name.
fn is_ours(all: &[Assignment<'_>], a: &Assignment<'_>) -> bool {
    let typed = all.iter().find(|t| t.section == a.section && t.key == "type");
    match typed.map_or(a.section, |t| t.value) {
        "net" => a.key == "channels" || (a.key == "features" && a.value.contains("rxhash")),
        "irq" => a.key == "affinity" || a.key.starts_with("irq"),
        "scheduler" => ["isolated_cores", "default_irq_smp_affinity"].contains(&a.key),
        "sysfs" => ["/rps_cpus", "/xps_cpus", "/xps_rxqs"].iter().any(|end| a.key.ends_with(end)),
        _ => false,
    }
}

fn devices(all: &[Assignment<'_>], section: &str, nics: &[NicFacts]) -> Option<Vec<String>> {
    let line = all.iter().find(|a| a.section == section && a.key == "devices")?;
    let globs: Vec<&str> = line.value.split([',', ' ', ';']).filter(|g| !g.is_empty()).collect();
    Some(named(&globs, nics))
}
