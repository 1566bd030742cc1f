//! Changes that wait: steps that are left for a restart.

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
