//! Many changes of one adapter's table by one process, each through the whole command line: what a test of real traffic
//! needs, since a thousand programs take long to start. Most move the entries of a processor; now and then the number of
//! processors is another one, so that interrupts move as well.
//!
//! It changes an adapter, so it only runs where somebody names one: `RSSMGR_CHANGES_OF=virtio0`, with the daemon's address in
//! `RSSCTL_ADDRESS`, their number in `RSSMGR_CHANGES`, the most processors in `RSSMGR_CHANGES_QUEUES`, and two that are always
//! among them in `RSSMGR_CHANGES_BETWEEN`, such as `0 2`. The lab does that in a guest.

use std::env;
use std::ffi::OsString;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Of so many changes one is of the number of processors.
const TURN: u32 = 20;

#[test]
fn each_of_many_changes_succeeds() {
    let Ok(name) = env::var("RSSMGR_CHANGES_OF") else {
        // Beside the test harness, which would keep it to itself.
        let why = "RSSMGR_CHANGES_OF names no adapter that may be changed; `cargo xtask lab` does";
        let _ = writeln!(std::io::stderr(), "SKIPPED each_of_many_changes_succeeds: {why}");
        return;
    };
    let number =
        |name: &str| env::var(name).ok().and_then(|text| text.parse::<u32>().ok()).expect("a number");
    let (changes, queues) = (number("RSSMGR_CHANGES"), number("RSSMGR_CHANGES_QUEUES"));
    let between = env::var("RSSMGR_CHANGES_BETWEEN").expect("two processors");
    let (one, other) = between.split_once(' ').expect("two processors");
    assert!(queues > 2, "there is nothing to change");
    let started = Instant::now();
    let mut longest = Duration::ZERO;
    for change in 0..changes {
        let processors = (2 + change / TURN % (queues - 1)).to_string();
        let (from, to) = if change % 2 == 1 { (one, other) } else { (other, one) };
        let set = ["rssctl", "set", &name, "--max-processors", &processors];
        let words = match change % TURN {
            0 => set.to_vec(),
            _ => vec!["rssctl", "table", "move", &name, "--from", from, "--to", to],
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let began = Instant::now();
        let code = rssctl::run(words.iter().map(OsString::from), &mut out, &mut err);
        longest = longest.max(began.elapsed());
        let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
        assert_eq!(code, 0, "change {change}, {words:?}: {err}");
        assert!(out.contains("applied"), "change {change}, {words:?}: {out}");
    }
    let each = started.elapsed().checked_div(changes).unwrap_or_default();
    println!("{changes} changes, {} ms each, {} ms at most", each.as_millis(), longest.as_millis());
}
