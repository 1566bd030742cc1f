//! SIGTERM, SIGHUP and the watchdog.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rssmgr_core::manager::{BootGuard, SavedState};
use rssmgr_proto::{ApiError, ErrorKind};
use rssmgrd::store::saved::SavedFile;
use rustix::process::Signal;
use serde_json::json;

use crate::process::{Client, Daemon, rssmgrd};

#[tokio::test]
async fn a_daemon_that_is_told_to_end_leaves_only_its_state() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(dir.path());
    let client = Client::at(&dir.path().join("bus.sock")).await;
    client.create().await;
    daemon.signal(Signal::TERM);
    daemon.told("STOPPING=1");
    assert!(daemon.wait().success());
    assert!(daemon.output().contains("rssmgrd is stopping"));
    let left = |path: &str| -> Vec<String> {
        let entries = fs::read_dir(dir.path().join(path)).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(left("."), ["config", "notify", "state"]);
    assert_eq!(left("state"), ["events.jsonl", "saved.toml", "saved.toml.last-good"]);
    let last = fs::read_to_string(dir.path().join("state/events.jsonl")).unwrap();
    assert!(last.lines().last().unwrap().contains("DaemonStopping"), "flushed to the last line");
}

#[tokio::test]
async fn a_reload_is_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(dir.path());
    let client = Client::at(&dir.path().join("bus.sock")).await;
    client.create().await;
    let file = dir.path().join("config/rssmgrd.toml");
    fs::write(&file, "[[adapter]]\nmatch.name = \"nic*\"\nqueues = 2\nprofile = \"Closest\"\n").unwrap();
    daemon.signal(Signal::HUP);
    let reloading = daemon.told("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    daemon.told("READY=1");
    let nic = client.nic().await;
    assert_eq!((nic.number_of_receive_queues, nic.profile.as_str()), (2, "Closest"));
    let origin = nic.settings.iter().find(|s| s.key == "queues").unwrap().origin.clone();
    assert!(origin.ends_with("rssmgrd.toml:3"), "{origin}");

    // One mistake, and nothing of it is used.
    fs::write(
        &file,
        "[[adapter]]\nmatch.name = \"nic*\"\nqueues = 3\n[[adapter]]\nmatch.name = \"x\"\nqueue = 1\n",
    )
    .unwrap();
    let error = ApiError::from(client.0.reload().await.unwrap_err());
    assert_eq!(error.kind, ErrorKind::BadFile);
    assert!(
        error.message.contains("rssmgrd.toml:6:1: unknown setting `queue` (did you mean `queues`?)"),
        "{error}"
    );
    assert!(error.message.contains("\n 6 | queue = 1\n   | ^^^^^"), "{error}");
    daemon.signal(Signal::HUP);
    daemon.told("READY=1");
    assert_eq!(client.nic().await.number_of_receive_queues, 2, "the old one stays");
    assert_eq!(client.events(&[2010]).await.len(), 2);

    // What rssctl set is stronger, field by field.
    client.apply(json!({"queues": 4})).await.unwrap();
    fs::write(&file, "[[adapter]]\nmatch.name = \"nic*\"\nqueues = 1\nprofile = \"NUMA\"\n").unwrap();
    client.0.reload().await.unwrap();
    let nic = client.nic().await;
    assert_eq!((nic.number_of_receive_queues, nic.profile.as_str()), (4, "NUMA"));
    daemon.stop();
}

#[tokio::test]
async fn the_watchdog_hears_from_the_owner() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = rssmgrd(dir.path());
    command.env("WATCHDOG_USEC", "20000");
    let mut daemon = Daemon::spawn(dir.path(), command);
    daemon.told("READY=1");
    for _ in 0..3 {
        daemon.told("WATCHDOG=1");
    }
    daemon.stop();
}

/// Who only observes because of the boot guard goes on so after a crash, and not after it was told to end.
#[tokio::test]
async fn only_an_end_that_was_told_ends_the_boot_guard() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("state");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    let guard = BootGuard { failures: 2, ..BootGuard::default() };
    let boot = rssmgr_host::boot_id(Path::new("/"));
    assert_ne!(boot, "");
    SavedFile::new(&folder).save(&SavedState { boot, guard, ..SavedState::default() }).unwrap();
    let mut observed = 0;
    for (signal, more) in [(Signal::KILL, 1), (Signal::TERM, 1), (Signal::KILL, 0), (Signal::TERM, 0)] {
        let mut daemon = Daemon::start(dir.path());
        let told = Client::at(&dir.path().join("bus.sock")).await.events(&[2033]).await.len();
        assert_eq!(told - observed, more, "before {signal:?}");
        observed = told;
        daemon.signal(signal);
        daemon.wait();
    }
}
