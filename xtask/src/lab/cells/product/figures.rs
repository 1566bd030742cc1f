//! Figures of the product in a guest. They are of an emulated machine: to be compared with each other, not with hardware.

use super::card::{CARDS, Card};
use super::subject::Subject;
use crate::lab::cells::Checks;
use crate::lab::guest::Guest;
use anyhow::Result;
use std::time::{Duration, Instant};

/// Runs of each.
const RUNS: usize = 7;

/// How long the daemon is watched at rest.
const REST: u64 = 60;

/// Prints them, for the cards with a table.
pub(in crate::lab) fn print(guest: &mut Guest) -> Result<()> {
    let mut checks = Checks::default();
    for card in CARDS.iter().filter(|card| card.entries > 0) {
        let mut s = Subject::new(guest, &mut checks, card)?;
        let empty = median(&mut s, |s, _| s.guest.expect(":").map(drop))?;
        let ours =
            median(&mut s, |s, run| s.settled(&format!("--profile {}", ["NUMAStatic", "Closest"][run % 2])))?;
        let unchanged = median(&mut s, |s, _| s.settled("--profile NUMAStatic"))?;
        s.must("release", &card.allow())?;
        let theirs = median(&mut s, |s, run| s.guest.expect(&by_hand(card, run % 2)).map(drop))?;
        let of = |took: Duration| took.saturating_sub(empty).as_millis();
        println!(
            "{}: 8 queues applied by rssctl {} ms, by ethtool and a shell {} ms; nothing to change {} ms",
            card.driver,
            of(ours),
            of(theirs),
            of(unchanged)
        );
    }
    let s = Subject::new(guest, &mut checks, &CARDS[0])?;
    for card in CARDS.iter().take(3) {
        s.product.expect(s.guest, &format!("set {} --profile NUMAStatic", card.name))?;
    }
    let script = format!(
        "timeout {REST} strace -f -c -o /tmp/calls -p $(cat {}); awk '/ total$/ {{ print $4 }}' /tmp/calls",
        s.product.pid_file()
    );
    let text = s.guest.run_within(&script, Duration::from_secs(REST + 60))?.stdout;
    println!(
        "at rest with 3 adapters, system calls in {REST} s: {}",
        text.lines().last().unwrap_or_default().trim()
    );
    Ok(())
}

/// The same as a shell script: queue i to CPU, its transmit queue, and the table.
fn by_hand(card: &Card, shift: usize) -> String {
    let name = card.name;
    format!(
        "n={name}; d=/sys/class/net/$n/device; [ -d $d/msi_irqs ] || d=$d/..\n\
         ethtool -X $n equal {}\nq=0\n\
         for i in $(ls $d/msi_irqs | sort -n); do for a in /proc/irq/$i/*/; do case $a in *[0-9]/)\n\
           cpu=$(((q + {shift}) % 8)); echo $cpu >/proc/irq/$i/smp_affinity_list\n\
           printf %x $((1 << cpu)) >/sys/class/net/$n/queues/tx-$((q % 8))/xps_cpus; q=$((q + 1));; esac; done; done\n:",
        card.queues - u32::from(shift == 1)
    )
}

fn median(
    s: &mut Subject<'_>,
    mut run: impl FnMut(&mut Subject<'_>, usize) -> Result<()>,
) -> Result<Duration> {
    let mut took = Vec::new();
    for number in 0..RUNS {
        let started = Instant::now();
        run(s, number)?;
        took.push(started.elapsed());
    }
    took.sort_unstable();
    Ok(took[RUNS / 2])
}
