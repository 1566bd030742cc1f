//! What the daemon costs while nothing happens: its system calls, counted by `strace`. Unlike times they are the same on
//! an emulated machine.

use super::subject::Subject;
use crate::lab::guest::Guest;
use crate::lab::product::Product;
use anyhow::{Context as _, Result, ensure};
use std::fmt;
use std::time::Duration;

/// How long a card is watched, in seconds.
const WATCHED: u64 = 30;

/// How long it is left alone before, in seconds: it first looks at every process, for one that moves interrupts, and that is
/// once in ten minutes.
const SETTLING: u64 = 6;

/// How often everything is read where nobody says otherwise, in seconds (`poll_interval`).
const POLL: u64 = 5;

/// Calls of a minute at rest that are nobody's in particular: waiting, looking for irqbalance and for processors, and the
/// traffic of each card looked at twice.
const OTHERS: u64 = 900;

/// Calls of one reading of a card: what is asked once, and for each queue the maps of its two directions, its interrupts
/// and their names.
const READING: u64 = 45;
const A_QUEUE: u64 = 9;

/// Calls that were made while nothing happened.
pub(super) struct Calls {
    pub(super) all: u64,
    seconds: u64,
    /// The most frequent ones, with their names.
    most: Vec<(u64, String)>,
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most: Vec<String> = self.most.iter().map(|(count, name)| format!("{name} {count}")).collect();
        write!(f, "{} system calls in {} s ({})", self.all, self.seconds, most.join(", "))
    }
}

/// Watches a daemon for so long.
pub(super) fn count(guest: &mut Guest, product: &Product, seconds: u64) -> Result<Calls> {
    let script = format!(
        "sleep {SETTLING}; timeout {seconds} strace -f -c -o /tmp/calls -p $(cat {}); cat /tmp/calls",
        product.pid_file()
    );
    let text = guest.run_within(&script, Duration::from_secs(SETTLING + seconds + 60))?.stdout;
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        Some((words.get(3)?.parse::<u64>().ok()?, (*words.last()?).to_owned()))
    };
    let mut rows: Vec<(u64, String)> = text.lines().filter_map(row).collect();
    let all = rows.iter().find(|(_, name)| name == "total").map(|(count, _)| *count);
    rows.retain(|(_, name)| name != "total");
    rows.sort_unstable_by(|a, b| b.cmp(a));
    rows.truncate(8);
    let all = all.context("strace counted nothing")?;
    Ok(Calls { all, seconds, most: rows })
}

/// The most calls that a daemon may make at rest in so many seconds, with cards of so many queues each.
pub(super) fn allowed(queues: &[u32], seconds: u64) -> u64 {
    let reading: u64 = queues.iter().map(|queues| READING + A_QUEUE * u64::from(*queues)).sum();
    // One reading more than there are full intervals.
    (seconds / POLL + 1) * reading + OTHERS * seconds / 60
}

/// A card that is managed costs little while nothing happens to it.
pub(super) fn few_calls(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile NUMAStatic")?;
    s.must("get", "")?;
    let calls = count(s.guest, &s.product, WATCHED)?;
    ensure!(calls.all > 0, "a daemon that makes no call reads nothing");
    let allowed = allowed(&[s.card.queues], WATCHED);
    s.checks.that(calls.all <= allowed, || format!("{calls}; allowed are {allowed}"));
    Ok(())
}
