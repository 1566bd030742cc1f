//! `rssctl doctor` beside a daemon: its view is taken in.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::run::Daemon;

/// What is found of nic0, whatever is found of the machine that runs the tests.
fn found(daemon: &Daemon) -> Vec<Value> {
    let said = daemon.line("doctor nic0 --interval 0s -o json");
    assert!([0, 20, 21].contains(&said.code), "{said:?}");
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&document["daemon"], &document["adapters"]), (&true.into(), &serde_json::json!(["nic0"])));
    let findings = document["findings"].as_array().unwrap();
    findings.iter().filter(|f| f["adapter"] == "nic0").cloned().collect()
}

#[test]
fn saved_settings_in_front_of_newer_configuration_are_named() {
    let daemon = Daemon::with_nic();
    assert_eq!(found(&daemon), Vec::<Value>::new());
    assert_eq!(daemon.line("set nic0 --max-processors 4 --profile Closest").code, 0);
    let config = daemon.folder.path().join("rssmgrd.toml");
    let rule = "[[adapter]]\nmatch = { name = \"nic*\" }\nprofile = \"Closest\"\nmax_processors = 8\n";
    fs::write(&config, rule).unwrap();
    let later = SystemTime::now() + Duration::from_secs(60);
    File::options().append(true).open(&config).unwrap().set_modified(later).unwrap();
    let found = found(&daemon);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["check"], &found[0]["severity"]),
        (&"saved-hides-config".into(), &"warning".into())
    );
    let place =
        format!("max_processors: `4` is saved; {}:4 has `8`, and was written later", config.display());
    assert_eq!(found[0]["evidence"], serde_json::json!([place]), "the profile is the same in both");
    // The remedy is one.
    assert_eq!(daemon.line("reset nic0").code, 0);
    assert_eq!(self::found(&daemon), Vec::<Value>::new());
}
