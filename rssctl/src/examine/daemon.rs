//! What the daemon knows of the adapters: settings, states, and where its files are.

use std::path::{Path, PathBuf};

use rssmgr_core::device::VPortDevice;
use rssmgr_core::doctor::{DaemonView, Health, Hidden, Machine};
use rssmgr_core::field::{Field, Raw};
use rssmgr_core::manager::Verified;
use rssmgr_core::settings::{Layer, ManualTable, Origin, Settings, SettingsPatch};
use rssmgr_core::{QueueId, VPortId};
use rssmgr_host::HostError;
use rssmgr_host::settings::{Whom, hidden};
use rssmgr_proto::types::{AdapterRecord, VPortRecord};

use super::{Told, note_vport, only_told};

/// Takes it in; answers the saved settings that hide configuration, by the daemon's own files.
pub(super) fn merge(
    machine: &mut Machine,
    told: &Told,
    not_checked: &mut Vec<String>,
) -> Result<Vec<Hidden>, HostError> {
    machine.daemon = true;
    machine.rss_on = told.rss_on;
    for record in &told.adapters {
        let (view, settings) = (view(record), settings(record));
        match machine.nics.iter_mut().find(|n| n.name == record.name && record.pretended_topology.is_none()) {
            Some(nic) => {
                nic.daemon = Some(view);
                nic.settings = settings;
                // What it was told to forget for a while is no finding.
                let asked = told.vports.get(&record.name).into_iter().flatten();
                let wanted = |v: &&VPortRecord| v.not_in_force.as_deref() != Some("vmq_off");
                for v in asked.filter(wanted) {
                    let id = VPortId(v.vport_id);
                    note_vport(nic, id, v.vport_name.clone().unwrap_or_default());
                    // Who may not read which contexts are the daemon's learns here which queues they have.
                    if let Some(device) =
                        nic.device.as_mut().filter(|d| v.in_force && !d.vports.contains_key(&id))
                    {
                        let queue = |q: &u32| u16::try_from(*q).ok().map(QueueId);
                        let queues = v.queues.iter().filter_map(queue).collect();
                        device.vports.insert(id, VPortDevice::new(queues));
                    }
                }
            }
            None => machine.nics.push(only_told(record, view, settings)),
        }
    }
    let whom: Vec<Whom> = told
        .adapters
        .iter()
        .map(|a| Whom { name: a.name.clone(), mac: a.mac.clone(), driver: Some(a.driver.clone()) })
        .collect();
    let root = Path::new("/");
    let below = |file: &String| PathBuf::from(file.trim_start_matches('/'));
    let files: Vec<PathBuf> = told.config.files.iter().map(below).collect();
    let saved = below(&told.config.saved_file);
    if saved.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    match hidden(root, &files, &saved, &whom) {
        // The file of saved settings is the daemon's own.
        Err(e @ HostError::Io { .. }) => {
            not_checked.push(format!("{e} (as root, what saved settings hide is told too)"));
            Ok(Vec::new())
        }
        other => other,
    }
}

fn view(record: &AdapterRecord) -> DaemonView {
    let health = match record.state.as_str() {
        "degraded" => Health::Degraded,
        "stuck" => Health::Stuck,
        "contested" => Health::Contested,
        "drifted" => Health::Drifted,
        "pending" => Health::Pending,
        "away" => Health::Away,
        _ => Health::Fine,
    };
    let verified = match record.verified.as_str() {
        "traffic" => Verified::Traffic,
        "config" => Verified::Config,
        "refuted" => Verified::Refuted,
        _ => Verified::Unknown,
    };
    DaemonView { managed: record.state != "observed", health, reason: record.state_reason.clone(), verified }
}

/// The settings in force. The key is a secret, which no record holds and nothing here needs.
fn settings(record: &AdapterRecord) -> Settings {
    let mut patch = SettingsPatch::default();
    for setting in &record.settings {
        match Field::from_key(&setting.key) {
            Some(Field::HashKey) | None => {}
            // A newer daemon may know values that are not known here; then the default is judged.
            Some(field) => drop(patch.set(field, &Raw::Text(setting.value.clone()))),
        }
    }
    Settings::layered(&[Layer::of(patch, ManualTable::new(), Origin::Runtime)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rssmgr_core::profile::Profile;
    use rssmgr_core::settings::Auto;
    use rssmgr_proto::types::SettingRecord;

    fn record(state: &str, settings: &[(&str, &str)]) -> AdapterRecord {
        let setting = |(key, value): &(&str, &str)| SettingRecord {
            key: (*key).into(),
            value: (*value).into(),
            origin: "saved".into(),
        };
        AdapterRecord {
            name: "eth0".into(),
            state: state.into(),
            settings: settings.iter().map(setting).collect(),
            ..AdapterRecord::default()
        }
    }

    #[test]
    fn what_the_daemon_says_is_understood() {
        let r = record(
            "managed",
            &[
                ("profile", "Closest"),
                ("max_processors", "4"),
                ("queues", "auto"),
                ("hash_key", "x"),
                ("later", "y"),
            ],
        );
        let s = settings(&r);
        assert_eq!((s.profile.value, s.max_processors.value), (Profile::Closest, Auto::Is(4)));
        assert!(s.enabled.value, "what is not told is the default");
        assert!(view(&r).managed && view(&r).health == Health::Fine);
        assert!(!view(&record("observed", &[])).managed);
        for (state, health) in [
            ("degraded", Health::Degraded),
            ("stuck", Health::Stuck),
            ("contested", Health::Contested),
            ("drifted", Health::Drifted),
            ("pending", Health::Pending),
            ("away", Health::Away),
            ("applying", Health::Fine),
        ] {
            assert_eq!(view(&record(state, &[])).health, health);
        }
    }
}
