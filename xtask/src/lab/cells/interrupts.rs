//! /proc/interrupts of the guest: which queue's vector fired on which processor.

use crate::lab::guest::Guest;
use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Counts per processor, by the interrupt's name.
pub(crate) type Interrupts = BTreeMap<String, Vec<u64>>;

pub(crate) fn read(guest: &mut Guest) -> Result<Interrupts> {
    Ok(parse(&guest.expect("cat /proc/interrupts")?))
}

fn parse(text: &str) -> Interrupts {
    let cpus = text.lines().next().unwrap_or_default().split_whitespace().count();
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        words.next()?.strip_suffix(':')?.parse::<u32>().ok()?;
        let counts: Vec<u64> = words.by_ref().take(cpus).map_while(|word| word.parse().ok()).collect();
        Some((words.last()?.to_owned(), counts))
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// What fired per queue since: `name` has a `{}` where the queue's number stands.
pub(crate) fn fired(before: &Interrupts, after: &Interrupts, name: &str, queues: u32) -> Vec<u64> {
    let sum = |of: &Interrupts, name: &str| of.get(name).map_or(0, |counts| counts.iter().sum::<u64>());
    let queue = |queue: u32| {
        let name = name.replace("{}", &queue.to_string());
        sum(after, &name).saturating_sub(sum(before, &name))
    };
    (0..queues).map(queue).collect()
}

/// Sends one frame to a card and waits for the queue whose interrupt fires for it.
pub(crate) fn queue_of(guest: &mut Guest, nic: &str, name: &str, queues: u32, frame: &[u8]) -> Result<u32> {
    let before = read(guest)?;
    guest.wire(nic)?.send(frame)?;
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let fired = fired(&before, &read(guest)?, name, queues);
        let mut hit = (0..).zip(&fired).filter(|(_, count)| **count > 0).map(|(queue, _)| queue);
        if let Some(queue) = hit.next() {
            ensure!(hit.next().is_none(), "one frame fired several queues: {fired:?}");
            return Ok(queue);
        }
        ensure!(Instant::now() < end, "the frame fired no interrupt of {nic}");
    }
}

/// The name of the virtio device behind an interface, after which its interrupts are named.
pub(crate) fn virtio_device(guest: &mut Guest, nic: &str) -> Result<String> {
    let path = guest.expect(&format!("readlink /sys/class/net/{nic}/device"))?;
    path.trim().rsplit('/').next().map(str::to_owned).context("no device")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_by_name_and_processor() {
        let text = "           CPU0       CPU1\n  0:  7 0 IO-APIC 2-edge timer\n 33:  1 20  PCI-MSIX 1-edge      x-rx-1\nNMI: 0 0 x\n";
        let now = parse(text);
        assert_eq!(now["x-rx-1"], [1, 20]);
        assert_eq!(now.len(), 2);
        assert_eq!(fired(&Interrupts::new(), &now, "x-rx-{}", 3), [0, 21, 0]);
    }
}
