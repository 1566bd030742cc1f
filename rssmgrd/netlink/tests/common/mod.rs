//! Network namespaces for tests: each ends with its thread, so nothing is left behind. They need root and `ip`
//! (iproute2), else the tests say that they were skipped.

#![allow(dead_code, reason = "each test file uses a part of it")]

use rustix::thread::UnshareFlags;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Enough for a loaded machine; nothing waits that long unless something was lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Says that a test, or a part of it, did not run. Not eprintln!: the test harness would swallow it.
pub(crate) fn skipped(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

/// Runs `body` on a thread in a new network namespace, or says why not.
pub(crate) fn in_namespace(test: &str, body: impl FnOnce() + Send) {
    if !rustix::process::geteuid().is_root() {
        return skipped(test, "making network namespaces needs root");
    }
    if Command::new("ip").arg("-V").output().is_err() {
        return skipped(test, "`ip` is missing: install iproute2");
    }
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: only the network namespace is new; file descriptors stay shared.
            match unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) } {
                Ok(()) => body(),
                Err(errno) => skipped(test, &format!("no new network namespace here: {errno}")),
            }
        });
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Runs `ip` in this thread's namespace.
pub(crate) fn ip(arguments: &str) -> String {
    let output = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Repeats `done` until it is true.
pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
    }
}

/// Whether `program` can be run.
pub(crate) fn have(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// What `program` prints in this thread's namespace.
pub(crate) fn output(program: &str, arguments: &str) -> String {
    let output = Command::new(program).args(arguments.split(' ')).output().unwrap();
    assert!(output.status.success(), "{program} {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs many lines of `ip` at once in this thread's namespace.
pub(crate) fn ip_batch(lines: &str) {
    let mut child = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}
