//! Starts that fail say why and what to do, with an exit code that programs understand.

use std::fs;
use std::net::TcpListener;

use crate::process::{Daemon, ended, rssmgrd};

#[test]
fn two_daemons_never_share_a_socket_or_a_state() {
    let dir = tempfile::tempdir().unwrap();
    let first = Daemon::start(dir.path());
    let mut same_socket = std::process::Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
    same_socket.current_dir(dir.path()).args([
        "--state",
        "other",
        "--socket",
        "bus.sock",
        "--metrics",
        "off",
        "--config",
        "config",
    ]);
    let (code, text) = ended(same_socket);
    let pid = first.pid().as_raw_nonzero();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(&format!("another rssmgrd (pid {pid}) serves bus.sock already")), "{text}");
    let mut same_state = std::process::Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
    same_state.current_dir(dir.path()).args([
        "--state",
        "state",
        "--socket",
        "other.sock",
        "--metrics",
        "off",
        "--config",
        "config",
    ]);
    let (code, text) = ended(same_state);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("another rssmgrd uses the state folder state") && text.contains("--state DIR"),
        "{text}"
    );
    first.stop();
}

#[test]
fn a_configuration_is_checked_and_a_bad_one_is_not_started_with() {
    let dir = tempfile::tempdir().unwrap();
    let mut check = rssmgrd(dir.path());
    check.arg("--check-config");
    let file = dir.path().join("config/rssmgrd.toml");
    fs::write(&file, "[daemon]\nmetrics = \"off\"\n[[adapter]]\nmatch = { name = \"eth*\" }\nqueues = 4\n")
        .unwrap();
    let (code, text) = ended(check);
    assert_eq!(
        (code, text.as_str()),
        (Some(0), "config/rssmgrd.toml: ok\n1 files, 1 adapter rules: nothing is wrong\n")
    );

    fs::write(&file, "[[adapter]]\nmatch = { name = \"eth*\" }\nqueues = \"many\"\n").unwrap();
    let mut check = rssmgrd(dir.path());
    check.arg("--check-config");
    for command in [check, rssmgrd(dir.path())] {
        let (code, text) = ended(command);
        assert_eq!(code, Some(65), "{text}");
        assert!(
            text.contains(
                "config/rssmgrd.toml:3:10: queues: `many` is not a whole number; allowed: 1 to 1024"
            ),
            "{text}"
        );
        assert!(text.contains(" 3 | queues = \"many\"\n   |          ^^^^^^"), "{text}");
    }
    assert!(!dir.path().join("state").exists(), "nothing was begun");
}

#[test]
fn the_port_of_the_metrics_is_told() {
    let dir = tempfile::tempdir().unwrap();
    for (address, warned) in [("127.0.0.1:0", false), ("0.0.0.0:0", true)] {
        let program = rssmgrd(dir.path());
        let file = dir.path().join("config/rssmgrd.toml");
        fs::write(&file, format!("[daemon]\nmetrics = \"{address}\"\n")).unwrap();
        let mut command = std::process::Command::new(program.get_program());
        command.current_dir(dir.path()).args(["--state", "state", "--socket", "bus.sock", "--software-only"]);
        command.args(["--config", "config"]);
        let mut daemon = Daemon::spawn(dir.path(), command);
        daemon.told("READY=1");
        let text = daemon.stop();
        let port =
            text.split("metrics are served at http://").nth(1).and_then(|t| t.split(['/', ':']).nth(1));
        assert!(port.is_some_and(|p| p.parse::<u16>().is_ok_and(|p| p > 0)), "{text}");
        assert_eq!(text.contains("can be read by other machines"), warned, "{text}");
        assert!(!text.contains('\u{1b}'), "no colours where there is no terminal: {text:?}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("config")).unwrap();
    fs::write(dir.path().join("config/rssmgrd.toml"), format!("[daemon]\nmetrics = \"{address}\"\n"))
        .unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
    command.current_dir(dir.path()).args([
        "--state",
        "state",
        "--socket",
        "bus.sock",
        "--config",
        "config",
        "--software-only",
    ]);
    let (code, text) = ended(command);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(&format!("metrics cannot be served at {address}: ")), "{text}");
    assert!(text.contains("--metrics off"), "{text}");
    assert!(!dir.path().join("bus.sock").exists(), "nothing is left");
}

#[test]
fn settings_of_a_later_version_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("state")).unwrap();
    let rest = "version = 9\n";
    let newer = format!("checksum = \"{:016x}\"\n{rest}", fnv(rest));
    fs::write(dir.path().join("state/saved.toml"), &newer).unwrap();
    let (code, text) = ended(rssmgrd(dir.path()));
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("state/saved.toml has version 9") && text.contains("install the newer rssmgrd"),
        "{text}"
    );
    assert_eq!(fs::read_to_string(dir.path().join("state/saved.toml")).unwrap(), newer);
}

fn fnv(text: &str) -> u64 {
    let mut hash = 14_695_981_039_346_656_037_u64;
    for b in text.bytes() {
        hash ^= u64::from(b);
        hash = hash.wrapping_mul(1_099_511_628_211);
    }
    hash
}

#[test]
fn wrong_arguments_are_usage_errors() {
    for (args, needle) in [
        (&["--metrics", "here"][..], "write ADDRESS:PORT such as 127.0.0.1:9758, or off"),
        (&["--bus", "local"], "possible values: system, session"),
        (&["--stat", "x"], "--state"),
        (&["--demo", "--state", "x"], "cannot be used with"),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
        command.args(args);
        let (code, text) = ended(command);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(needle), "{args:?}: {text}");
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
    command.args(["--config", "/nonexistent/x.toml"]);
    let (code, text) = ended(command);
    assert_eq!(code, Some(65), "{text}");
    assert!(text.contains("/nonexistent/x.toml: No such file"), "{text}");
}
