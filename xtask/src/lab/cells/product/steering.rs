//! Frames from outside arrive on the queue and CPU that the oracle of [`crate::lab::frames`] predicts from what was
//! asked for, and that `rssctl flow` says.

use super::subject::{Subject, processors};
use crate::lab::cells::interrupts::{self, Interrupts};
use crate::lab::cells::{deliver, ethtool};
use crate::lab::frames::{Flow, Protocol, SPECIFIED_KEY, VECTORS, random_flows, vector};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const FLOWS: usize = 1_000;

/// Where a flow should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    queue: u32,
    cpu: u32,
}

/// The official vectors and 1,000 random flows, each.
pub(super) fn every_flow(s: &mut Subject<'_>) -> Result<()> {
    let card = s.card;
    // What the guest itself would say to strangers is no frame of the test.
    s.guest.expect(&format!("sysctl -qw net.ipv6.conf.{}.disable_ipv6=1", card.name))?;
    let key = if card.key {
        let hex: String = SPECIFIED_KEY.iter().map(|byte| format!("{byte:02x}")).collect();
        s.settled(&format!("--profile NUMAStatic --hash-key {hex}"))?;
        SPECIFIED_KEY.to_vec()
    } else {
        s.settled("--profile NUMAStatic")?;
        boot_key(s)?
    };
    s.settled("--hash-types ipv4,tcp_ipv4,udp_ipv4,ipv6,tcp_ipv6,udp_ipv6")?;
    let cpus = processors(&s.says()?);
    s.checks.equal("processors", &cpus.len(), &usize::try_from(card.queues)?);

    // A table that nobody makes by chance.
    let entry_cpu = |entry: usize| cpus[(entry * 5 + entry / 16 + 3) % cpus.len()];
    let entries = usize::try_from(card.entries)?;
    let table: String = (0..entries).map(|entry| format!(" {entry}={}", entry_cpu(entry))).collect();
    s.must("table set", &table)?;
    let place = |flow: &Flow| -> Result<Place> {
        let cpu = entry_cpu(usize::try_from(flow.hash(&key, true))? % entries);
        let queue = cpus.iter().position(|other| *other == cpu).context("a CPU without a queue")?;
        Ok(Place { queue: u32::try_from(queue)?, cpu })
    };

    let mut flows = random_flows(19, FLOWS);
    // The card does not listen to the groups of strangers.
    let official = VECTORS.iter().map(|(source, destination, _)| vector(source, destination));
    for flow in official {
        flows.extend(Some(flow?).filter(|flow| !flow.destination.ip().is_multicast()));
    }
    s.checks.that(flows.len() > FLOWS + 6, || "the official vectors are left out".into());
    let mut by_place: BTreeMap<Place, Vec<Flow>> = BTreeMap::new();
    for flow in &flows {
        by_place.entry(place(flow)?).or_default().push(*flow);
    }
    s.checks.equal("queues with flows", &by_place.len(), &cpus.len());
    // A new affinity takes hold with the next interrupt: each vector fires once before it counts.
    deliver(s.guest, card.name, card.address, &flows)?;
    for (place, flows) in &by_place {
        let before = (interrupts::read(s.guest)?, per_queue(s)?);
        deliver(s.guest, card.name, card.address, flows)?;
        let after = (interrupts::read(s.guest)?, per_queue(s)?);
        arrived(s, *place, flows.len(), (&before.0, &after.0), (&before.1, &after.1))?;
    }
    told(s, &flows, place)?;
    s.guest.expect(&format!("sysctl -qw net.ipv6.conf.{}.disable_ipv6=0", card.name))?;
    Ok(())
}

/// That all frames of a batch came through one queue, and were served by one CPU.
fn arrived(
    s: &mut Subject<'_>,
    place: Place,
    frames: usize,
    fired: (&Interrupts, &Interrupts),
    packets: (&[u64], &[u64]),
) -> Result<()> {
    let kernel = s.kernel()?;
    let counted = packets.0.iter().zip(packets.1).map(|(before, after)| after - before);
    for (queue, count) in (0..).zip(counted) {
        let expected = if queue == place.queue { frames } else { 0 };
        let what = format!("{frames} frames for queue {}: packets of queue {queue}", place.queue);
        s.checks.equal(&what, &count, &u64::try_from(expected)?);
    }
    let zero = Vec::new();
    let mut seen = Vec::new();
    for queue in 0..s.card.queues {
        let name = &kernel.vector(queue).with_context(|| format!("queue {queue} has no vector"))?.name;
        let before = fired.0.get(name).unwrap_or(&zero);
        let after = fired.1.get(name).with_context(|| format!("no interrupt {name}"))?;
        for (cpu, count) in (0..).zip(after) {
            let since = count - before.get(usize::try_from(cpu)?).unwrap_or(&0);
            if since > 0 {
                seen.push(Place { queue, cpu });
            }
        }
    }
    // igb's watchdog fires all vectors every other second, so that its packets tell the queue, and the vector the CPU.
    if !packets.0.is_empty() {
        seen.retain(|seen| seen.queue == place.queue);
    }
    s.checks.equal("where a batch was served", &seen, &vec![place]);
    Ok(())
}

/// The driver's counters of received packets by queue; empty where it has none, and interrupts alone tell.
fn per_queue(s: &mut Subject<'_>) -> Result<Vec<u64>> {
    let statistics = ethtool::statistics(s.guest, s.card.name)?;
    let queue = |queue| statistics.get(&format!("rx_queue_{queue}_packets")).copied();
    Ok((0..s.card.queues).map_while(queue).collect())
}

/// `rssctl flow` predicts the same, flow by flow.
fn told(s: &mut Subject<'_>, flows: &[Flow], place: impl Fn(&Flow) -> Result<Place>) -> Result<()> {
    let mut file = String::new();
    for flow in flows {
        let protocol = if flow.protocol == Protocol::Tcp { "tcp" } else { "udp" };
        writeln!(file, "{} {} {protocol}", flow.source, flow.destination)?;
    }
    let command = format!("flow {} --file - -o jsonl <<'END'\n{file}END", s.card.name);
    let said = s.product.expect(s.guest, &command)?;
    let said: Vec<Value> = said.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(said.len() == flows.len(), "{} answers for {} flows", said.len(), flows.len());
    for (flow, said) in flows.iter().zip(&said) {
        let Place { queue, cpu } = place(flow)?;
        let told = (said["queue"].as_u64(), said["cpu"].as_u64());
        let expected = (Some(u64::from(queue)), Some(u64::from(cpu)));
        s.checks.equal(&format!("rssctl flow {} {}", flow.source, flow.destination), &told, &expected);
    }
    Ok(())
}

/// The key of drivers that neither show nor take one.
fn boot_key(s: &mut Subject<'_>) -> Result<Vec<u8>> {
    let key = s.guest.expect("cat /proc/sys/net/core/netdev_rss_key")?;
    let bytes = key.trim().split(':').map(|byte| u8::from_str_radix(byte, 16));
    Ok(bytes.take(40).collect::<Result<_, _>>()?)
}
