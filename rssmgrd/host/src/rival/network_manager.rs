//! NetworkManager: the `[ethtool]` section of a connection, applied when it is activated.

use std::path::Path;

use rssmgr_core::doctor::{Sign, SignKind};

use super::files::{assignments, shown};
use super::{Rivals, named};
use crate::nic::NicFacts;
use crate::root::Root;

const FOLDERS: [&str; 3] = [
    "etc/NetworkManager/system-connections",
    "run/NetworkManager/system-connections",
    "usr/lib/NetworkManager/system-connections",
];

/// What rssmgrd sets too, of the section `[ethtool]`.
const KEYS: [&str; 4] = ["channels-rx", "channels-tx", "channels-combined", "feature-rxhash"];

/// A connection may hold secrets and is then root's alone; those that cannot be read are told of.
pub(super) fn look(root: &Root<'_>, nics: &[NicFacts], rivals: &mut Rivals) {
    for folder in FOLDERS {
        let names = match root.names(folder) {
            Ok(names) => names,
            Err(e) => {
                rivals.unread.push(e);
                continue;
            }
        };
        for name in names {
            let path = Path::new(folder).join(name);
            match root.read(&path) {
                Ok(text) => rivals.signs.extend(signs(&path, &text.unwrap_or_default(), nics)),
                Err(e) => rivals.unread.push(e),
            }
        }
    }
}

fn signs(path: &Path, text: &str, nics: &[NicFacts]) -> Vec<Sign> {
    let all = assignments(text);
    let value =
        |section: &str, key: &str| all.iter().find(|a| a.section == section && a.key == key).map(|a| a.value);
    let connection =
        value("connection", "id").or_else(|| value("connection", "uuid")).unwrap_or_default().to_owned();
    let mac = value("ethernet", "mac-address").or_else(|| value("802-3-ethernet", "mac-address"));
    let adapters = match (value("connection", "interface-name"), mac) {
        (Some(name), _) => Some(named(&[name], nics)),
        (None, Some(mac)) => {
            let same = |n: &&NicFacts| n.mac.as_deref().is_some_and(|m| m.eq_ignore_ascii_case(mac));
            Some(nics.iter().filter(same).map(|n| n.name.clone()).collect())
        }
        (None, None) => None,
    };
    all.iter()
        .filter(|a| a.section == "ethtool" && KEYS.contains(&a.key))
        .map(|a| Sign {
            kind: SignKind::NetworkManager { connection: connection.clone(), key: a.key.to_owned() },
            adapters: adapters.clone(),
            place: shown(path),
            line: Some(a.line),
            text: format!("{}={}", a.key, a.value),
        })
        .collect()
}
