//! Changes that wait: steps that are left for a restart, and changes that go back unless they are confirmed.

use crate::run::Daemon;

fn texts(list: &serde_json::Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|s| s[key].as_str().unwrap().to_owned()).collect()
}

/// "A person's `set` may take up to `reorder` by itself, more with `--allow`; the error names the step, the class and
/// the flag."
#[test]
fn a_step_that_disturbs_more_than_allowed_is_refused_by_name_and_a_dry_run_only_tells() {
    let daemon = Daemon::with_nic();
    for line in ["set nic0 --queues 8", "disable nic0", "table set nic0 0=0:1"] {
        let refused = daemon.line(&format!("{line} --allow none"));
        assert_eq!(refused.code, 7, "{refused:?}");
        assert!(
            refused
                .err
                .contains("has impact `reorder` and only `none` is allowed: repeat with --allow reorder"),
            "{refused:?}"
        );
        let planned = daemon.line(&format!("{line} --allow none --what-if"));
        assert_eq!((planned.code, planned.err.as_str()), (0, ""), "{planned:?}");
        assert!(
            planned.out.contains("Would be refused") && planned.out.contains("--allow reorder"),
            "{planned:?}"
        );
        let planned = daemon.line(&format!("{line} --allow none --what-if -o json")).json();
        let nic = &planned["adapters"][0];
        assert_eq!((&nic["status"], &nic["refusals"][0]["kind"]), (&"planned".into(), &"impact".into()));
        assert_eq!(nic["impact"], "reorder");
        assert_eq!(
            daemon.line(&format!("{line} --what-if -o json")).json()["adapters"][0]["refusals"],
            serde_json::json!([])
        );
    }
    assert_eq!(daemon.line("reset nic0 --allow none").code, 0, "nothing to do");
    assert_eq!(daemon.adapter("nic0")["number_of_receive_queues"], 16);
}

/// "`--no-restart`: harmless steps now, the rest stored as `pending` and shown; `restart` executes pending steps."
#[test]
fn what_no_restart_leaves_is_shown_survives_the_daemon_and_is_taken_by_restart() {
    let mut daemon = Daemon::with_nic();
    let said = daemon.line("set nic0 --queues 4 --no-restart --allow none");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("are pending, impact reorder: `rssctl restart nic0` takes them"), "{said:?}");
    let pending = daemon.adapter("nic0");
    assert_eq!((&pending["state"], &pending["number_of_receive_queues"]), (&"pending".into(), &16.into()));
    let steps = texts(&pending["pending"], "op");
    assert!(steps.iter().any(|s| s.contains('4')), "{steps:?}");
    assert!(daemon.line("get nic0").out.contains("\nPending "), "the list shows them");
    assert!(daemon.line("get -o wide").out.contains(&format!("{} steps", steps.len())));

    daemon.kill();
    daemon.restart();
    // The software NIC is a new one; what is pending follows from the settings.
    assert_eq!(
        texts(&daemon.adapter("nic0")["pending"], "op").last(),
        steps.last(),
        "the next run has them too"
    );

    let said = daemon.line("set nic0 --queues 8 --no-restart --allow none");
    assert_eq!(said.code, 0, "{said:?}");
    assert_ne!(texts(&daemon.adapter("nic0")["pending"], "op"), steps, "a new set replaces them");
    let plan = daemon.line("restart nic0 --what-if");
    assert!(plan.out.contains("Steps"), "{plan:?}");
    assert_eq!(daemon.line("restart --all").code, 0);
    let done = daemon.adapter("nic0");
    assert_eq!((&done["state"], &done["number_of_receive_queues"]), (&"managed".into(), &8.into()));
    assert_eq!(done["pending"], serde_json::json!([]));
    assert_eq!(daemon.line("restart nic0").out, "nic0: unchanged, nothing to do\n");

    for drop in ["reset", "release"] {
        assert_eq!(daemon.line("set nic0 --queues 2 --no-restart --allow none").code, 0);
        assert_eq!(daemon.adapter("nic0")["state"], "pending");
        assert_eq!(daemon.line(&format!("{drop} nic0")).code, 0);
        assert_eq!(daemon.adapter("nic0")["pending"], serde_json::json!([]), "{drop} drops them");
    }
}

fn waits_for(what: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !what() {
        assert!(start.elapsed() < std::time::Duration::from_secs(60), "it never comes");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn queues(daemon: &Daemon) -> serde_json::Value {
    daemon.adapter("nic0")["number_of_receive_queues"].clone()
}

fn saved(daemon: &Daemon) -> String {
    std::fs::read_to_string(daemon.folder.path().join("state/saved.toml")).unwrap()
}

/// "Unless `checkpoint commit` comes in time, everything goes back"; "unconfirmed settings never reach the saved settings".
#[test]
fn a_change_that_is_not_confirmed_goes_back_and_one_that_is_stays() {
    let daemon = Daemon::with_nic();
    let said = daemon.line("set nic0 --queues 8 --confirm-within 60s");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.err.contains(
            "checkpoint 1: this goes back in 60s unless it is confirmed: rssctl checkpoint commit 1"
        )
    );
    assert_eq!((queues(&daemon), &daemon.adapter("nic0")["checkpoint"]), (8.into(), &1.into()));
    let list = daemon.line("checkpoint list -o json").json();
    let one = &list["checkpoints"][0];
    assert_eq!((&one["id"], &one["adapters"]), (&1.into(), &serde_json::json!(["nic0"])));
    assert!((1..=60_000).contains(&one["left_ms"].as_u64().unwrap()), "{one}");
    assert!(daemon.line("checkpoint list").out.contains("GOES-BACK-IN"));

    // Whoever changes it meanwhile is told what to do first.
    for line in
        ["set nic0 --queues 4", "release nic0", "disable nic0 --confirm-within 5s", "softnic delete nic0"]
    {
        let refused = daemon.line(line);
        assert_eq!(refused.code, 1, "{line}: {refused:?}");
        assert!(
            refused.err.contains("`rssctl checkpoint commit 1` or `rssctl checkpoint rollback 1`"),
            "{refused:?}"
        );
    }
    let said = daemon.line("checkpoint rollback");
    assert_eq!((said.code, queues(&daemon)), (0, 16.into()), "{said:?}");
    assert_eq!(daemon.line("checkpoint commit 1").code, 2, "it is over");
    assert!(!saved(&daemon).contains("queues = 8"), "{}", saved(&daemon));

    assert_eq!(daemon.line("set nic0 --queues 8 --confirm-within 60s -o json").json()["checkpoint"], 2);
    assert_eq!(daemon.line("checkpoint commit").code, 0);
    assert_eq!(daemon.line("checkpoint list -o json").json()["checkpoints"], serde_json::json!([]));
    assert!(saved(&daemon).contains("queues = 8"), "{}", saved(&daemon));

    let said = daemon.line("disable nic0 --confirm-within 1s");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(daemon.line("checkpoint extend 3 2s").code, 0);
    waits_for(|| daemon.line("checkpoint list -o name").out.is_empty());
    assert_eq!(daemon.line("wait").code, 0);
    assert_eq!(daemon.adapter("nic0")["enabled"], true, "its time was over");
    let events = daemon.line("events --id 2030,2031,2032 -o jsonl").out;
    let ids: Vec<u64> = events
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids, [2030, 2032, 2030, 2031, 2030, 2032]);
    assert_eq!(daemon.line("set nic0 --queues 4 --confirm-within 10ms").code, 2, "too short to be confirmed");
}

/// "Also after kill -9 and restart meanwhile: rolled back at once if the deadline passed; otherwise the rest of the time
/// runs on."
#[test]
fn a_checkpoint_outlives_a_killed_daemon_and_goes_back_in_time() {
    let mut daemon = Daemon::with_nic();
    assert_eq!(daemon.line("set nic0 --queues 8 --confirm-within 60s").code, 0);
    daemon.kill();
    daemon.restart();
    assert_eq!((queues(&daemon), &daemon.adapter("nic0")["checkpoint"]), (8.into(), &1.into()), "in time");
    assert_eq!(daemon.line("checkpoint commit 1").code, 0);
    daemon.kill();
    daemon.restart();
    assert_eq!(queues(&daemon), 8, "confirmed");

    assert_eq!(daemon.line("set nic0 --queues 4 --confirm-within 1s").code, 0);
    daemon.kill();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    daemon.restart();
    assert_eq!(
        (queues(&daemon), &daemon.adapter("nic0")["checkpoint"]),
        (8.into(), &serde_json::Value::Null),
        "too late"
    );
    assert!(daemon.line("events --id 2032").out.contains("nobody confirmed it in time"));

    assert_eq!(daemon.line("set nic0 --queues 2 --confirm-within 3s").code, 0);
    daemon.kill();
    daemon.restart();
    waits_for(|| queues(&daemon) == 8);
}

/// "`rssmgrd.manage=0` on the kernel command line or /etc/rssmgrd/observe": nothing is changed, and who asks is told why.
#[test]
fn a_kill_switch_refuses_every_change_and_names_itself() {
    let folder = tempfile::TempDir::new().unwrap();
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("etc/rssmgrd")).unwrap();
    std::fs::create_dir_all(root.join("proc")).unwrap();
    let socket = folder.path().join("bus.sock");
    let with_root = |c: &mut std::process::Command| {
        c.arg("--root").arg(&root);
    };
    let mut daemon = Daemon::at(folder, socket, with_root);
    assert_eq!(daemon.line("softnic create nic0 --queues 16 --topology 2x8x2").code, 0);
    assert_eq!(daemon.line("set nic0 --queues 8").code, 0);
    for (file, text, needle) in [
        ("etc/rssmgrd/observe", "", "/etc/rssmgrd/observe exists"),
        ("proc/cmdline", "quiet rssmgrd.manage=0", "rssmgrd.manage=0 is on the kernel's command line"),
    ] {
        std::fs::write(root.join(file), text).unwrap();
        daemon.kill();
        daemon.restart_with(with_root);
        let nic = daemon.adapter("nic0");
        assert_eq!((&nic["state"], &nic["number_of_receive_queues"]), (&"observed".into(), &16.into()));
        for line in ["set nic0 --queues 4", "reset nic0", "global set --rss off", "softnic delete nic0"] {
            let said = daemon.line(line);
            assert_eq!(said.code, 1, "{line}: {said:?}");
            assert!(said.err.contains("nothing is changed: ") && said.err.contains(needle), "{said:?}");
        }
        assert_eq!(daemon.line("plan nic0 --queues 4").code, 0, "looking is free");
        assert!(daemon.line("events --id 2033").out.contains(needle));
        std::fs::remove_file(root.join(file)).unwrap();
    }
    daemon.kill();
    daemon.restart_with(with_root);
    assert_eq!(queues(&daemon), 8, "what was saved is in force again");
}
