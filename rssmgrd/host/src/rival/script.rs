//! Scripts, and units that run them: one shot at boot or when an interface comes up, and nobody knows afterwards.

use std::collections::BTreeSet;
use std::path::Path;

use rssmgr_core::doctor::{Sign, SignKind};

use super::Rivals;
use super::files::{layered, shown};
use crate::error::HostError;
use crate::nic::NicFacts;
use crate::root::Root;

const UNITS: [&str; 4] =
    ["etc/systemd/system", "run/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system"];

/// Files, and folders of files, that are run or read when the machine or an interface comes up.
const FILES: [&str; 3] = ["etc/rc.local", "etc/rc.d/rc.local", "etc/network/interfaces"];
const SCRIPTS: [&str; 7] = [
    "etc/network/interfaces.d",
    "etc/network/if-pre-up.d",
    "etc/network/if-up.d",
    "etc/NetworkManager/dispatcher.d",
    "etc/networkd-dispatcher/routable.d",
    "etc/sysconfig/network-scripts",
    "etc/udev/rules.d",
];

/// Programs that place interrupts or set steering: Intel's and Mellanox' scripts, those of clouds, and others.
const PROGRAMS: [&str; 9] = [
    "set_irq_affinity",
    "mlnx_tune",
    "mlnx_affinity",
    "google_set_multiqueue",
    "google-set-multiqueue",
    "perftune.py",
    "rss-ladder",
    "autorps",
    "autoxps",
];

/// Files of the kernel that they would write.
const WRITTEN: [&str; 4] = ["smp_affinity", "rps_cpus", "xps_cpus", "xps_rxqs"];

/// What ethtool does to queues, table, key and hash fields.
const ETHTOOL: [&str; 8] =
    ["-X", "-L", "-N", "--rxfh", "--set-rxfh-indir", "--set-channels", "--config-nfc", "rx-flow-hash"];

pub(super) fn look(root: &Root<'_>, nics: &[NicFacts], rivals: &mut Rivals) {
    rivals.add(units(root, nics));
    for file in FILES {
        rivals.add(script(root, Path::new(file), nics));
    }
    for folder in SCRIPTS {
        match root.names(folder) {
            Ok(names) => {
                for name in names {
                    rivals.add(script(root, &Path::new(folder).join(name), nics));
                }
            }
            Err(e) => rivals.unread.push(e),
        }
    }
}

/// Units that something starts.
fn units(root: &Root<'_>, nics: &[NicFacts]) -> Result<Vec<Sign>, HostError> {
    let mut wanted = BTreeSet::new();
    for folder in UNITS {
        for target in root.names(folder)?.iter().filter(|n| n.ends_with(".wants") || n.ends_with(".requires"))
        {
            wanted.extend(root.names(Path::new(folder).join(target))?);
        }
    }
    let mut signs = Vec::new();
    for (name, path) in layered(root, &UNITS, |name| name.ends_with(".service"))? {
        let Some(unit) = wanted.iter().find(|w| **w == name || template(w) == Some(name.clone())) else {
            continue;
        };
        let text = root.read(&path)?.unwrap_or_default();
        let kind = SignKind::Script { unit: Some(unit.clone()) };
        let runs = |line: &str| line.split_once('=').is_some_and(|(key, _)| key.trim().starts_with("Exec"));
        signs.extend(lines(&path, &text, nics, &kind, runs));
    }
    Ok(signs)
}

/// The template of an instance: `tune@.service` of `tune@eth0.service`.
fn template(instance: &str) -> Option<String> {
    let (front, back) = instance.split_once('@')?;
    let (_, kind) = back.rsplit_once('.')?;
    Some(format!("{front}@.{kind}"))
}

fn script(root: &Root<'_>, path: &Path, nics: &[NicFacts]) -> Result<Vec<Sign>, HostError> {
    let text = root.read(path)?.unwrap_or_default();
    Ok(lines(path, &text, nics, &SignKind::Script { unit: None }, |_| true))
}

fn lines(
    path: &Path,
    text: &str,
    nics: &[NicFacts],
    kind: &SignKind,
    counts: impl Fn(&str) -> bool,
) -> Vec<Sign> {
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim_start().starts_with('#') && counts(line) && sets(line))
        .map(|(number, line)| {
            let word = |n: &&NicFacts| words(line).any(|w| w == n.name);
            let named: Vec<String> = nics.iter().filter(word).map(|n| n.name.clone()).collect();
            Sign {
                kind: kind.clone(),
                adapters: (!named.is_empty()).then_some(named),
                place: shown(path),
                line: Some(number),
                text: line.trim().chars().take(200).collect(),
            }
        })
        .collect()
}

/// Whether a line of a script sets what rssmgrd sets.
fn sets(line: &str) -> bool {
    let mentions = |list: &[&str]| list.iter().any(|word| line.contains(word));
    let ethtool =
        words(line).any(|w| w == "ethtool" || w.ends_with("/ethtool") || w.contains("ETHTOOL_OPTS"));
    mentions(&PROGRAMS)
        || (mentions(&WRITTEN) && (line.contains('>') || line.contains("tee") || line.contains("ATTR{")))
        || (ethtool && words(line).any(|w| ETHTOOL.contains(&w)))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '=' | ','))
        .filter(|w| !w.is_empty())
}
