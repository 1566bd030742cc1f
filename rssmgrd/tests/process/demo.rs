//! The demonstration: real packets on a pretended machine, moved by commands, and nothing left behind.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::json;

use crate::process::{Client, Daemon};

/// Nobody, as most systems number it.
const NOBODY: u32 = 65534;

fn demo(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
    command.arg("--demo").current_dir(dir).env("TMPDIR", dir);
    command
}

/// What it prints, up to its last line.
fn printed(daemon: &mut Daemon) -> String {
    let mut text = String::new();
    let mut lines = BufReader::new(daemon.stdout());
    while !text.contains("Ctrl-C ends it") {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "ended after {text}");
        text += &line;
    }
    text
}

/// Packets by CPU, while more than `enough` arrive between two looks.
async fn traffic(client: &Client, enough: u64) -> BTreeMap<u32, u64> {
    let by_cpu = |s: &rssmgr_proto::types::StatsRecord| -> BTreeMap<u32, u64> {
        s.cpus.iter().flatten().map(|c| (c.cpu, c.packets)).collect()
    };
    let before = client.stats().await;
    loop {
        let now = client.stats().await;
        if now.totals.packets >= before.totals.packets + enough {
            let old = by_cpu(&before);
            let new = by_cpu(&now).into_iter().map(|(cpu, n)| (cpu, n - old.get(&cpu).unwrap_or(&0)));
            return new.filter(|(_, n)| *n > 0).collect();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn packets_land_on_the_cpus_that_the_profile_chooses() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("demo.sock");
    let mut command = demo(dir.path());
    command.args(["--metrics", "127.0.0.1:0", "--socket"]).arg(&socket);
    let mut daemon = Daemon::spawn(dir.path(), command);
    let text = printed(&mut daemon);
    for needle in [
        &format!("unix:path={}", socket.display()),
        "http://127.0.0.1:",
        &format!("rssctl --address unix:path={} get\n", socket.display()),
        "set --profile NUMAStatic --queues 8\n",
        "stats nic0 --per cpu\n",
        "2 NUMA nodes, 16 cores",
    ] {
        assert!(text.contains(needle), "no {needle:?} in {text}");
    }

    let client = Client::at(&socket).await;
    assert_eq!(traffic(&client, 20_000).await.len(), 16, "one thread of every core");
    client.apply(json!({"profile": "NUMAStatic", "queues": 8})).await.unwrap();
    // What was under way when the table moved has arrived.
    traffic(&client, 20_000).await;
    let numa: Vec<u32> = traffic(&client, 20_000).await.into_keys().collect();
    assert_eq!(numa, [0, 1, 2, 3, 8, 9, 10, 11], "four on each node");
    client.apply(json!({"profile": "Closest", "base_processor": 8})).await.unwrap();
    traffic(&client, 20_000).await;
    let closest: Vec<u32> = traffic(&client, 20_000).await.into_keys().collect();
    assert_eq!(closest, [8, 9, 10, 11, 12, 13, 14, 15], "eight on the base processor's node");
    let stats = client.stats().await;
    assert_eq!(stats.totals.drops, 0, "the source waits instead");
    assert_eq!(stats.pretended_topology.as_deref(), Some("2x8x2"));

    daemon.signal(Signal::INT);
    assert!(daemon.wait().success(), "{}", daemon.output());
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["notify"], "nothing is left but the test's own socket");
}

#[test]
fn a_second_demonstration_gets_out_of_the_firsts_way() {
    if !rustix::process::getuid().is_root() {
        eprintln!(
            "SKIPPED a_second_demonstration_gets_out_of_the_firsts_way: needs root to be a user without a home"
        );
        return;
    }
    // Of a user of its own, so that the usual place is a folder of this test.
    let dir = tempfile::tempdir().unwrap();
    let folder = |name: &str| -> PathBuf {
        let path = dir.path().join(name);
        fs::create_dir(&path).unwrap();
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        path
    };
    fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (run, one, two) = (folder("run"), folder("one"), folder("two"));
    let program = dir.path().join("rssmgrd");
    fs::copy(env!("CARGO_BIN_EXE_rssmgrd"), &program).unwrap();
    let start = |tmp: &Path| {
        let mut command = Command::new(&program);
        command.arg("--demo").current_dir(tmp).env("TMPDIR", tmp).env("XDG_RUNTIME_DIR", &run);
        command.uid(NOBODY).gid(NOBODY).env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent");
        Daemon::spawn(tmp, command)
    };
    let mut first = start(&one);
    let text = printed(&mut first);
    assert!(text.contains("rssctl get\n") && !text.contains("--address"), "{text}");
    assert!(
        text.contains("cargo build") && text.contains("--bin rssctl"),
        "it is not beside the daemon: {text}"
    );
    assert!(run.join("rssmgrd/bus.sock").exists());
    let mut second = start(&two);
    let text = printed(&mut second);
    assert!(text.contains(&format!("rssctl --address unix:path={}", two.display())), "{text}");
    for mut daemon in [second, first] {
        daemon.signal(Signal::TERM);
        assert!(daemon.wait().success(), "{}", daemon.output());
    }
    assert_eq!(fs::read_dir(&run).unwrap().count(), 0);
    for tmp in [one, two] {
        assert_eq!(fs::read_dir(&tmp).unwrap().count(), 1, "only the test's socket");
    }
}
