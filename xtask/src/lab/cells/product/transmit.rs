//! Transmit steering against the rule as it is documented, not as it is computed: every processor sends through exactly
//! one queue, as near as any is, and queues that are as near share their processors evenly. By receive queue, a TCP
//! connection sends through the queue that its packets come in on, as the driver's own counters tell.

use super::card::node_of;
use super::kernel::{Cpus, Kernel};
use super::subject::Subject;
use super::trace;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// In some numbers of queues and homes of them.
pub(super) fn nearest_queue(s: &mut Subject<'_>) -> Result<()> {
    let mut cases =
        vec!["--profile NUMAStatic", "--profile ClosestStatic --max-processors 3", "--base-processor 4"];
    if s.card.channels.is_some() {
        cases.extend(["--base-processor auto --max-processors auto --queues 3", "--queues 5"]);
    }
    let online = s.online()?;
    for arguments in cases {
        s.settled(&format!("{arguments} --xps cpus"))?;
        let kernel = s.kernel()?;
        s.checks.that(!kernel.xps.is_empty(), || format!("{arguments}: no transmit queue"));
        let faults = faults(&kernel, &online);
        s.checks.that(faults.is_empty(), || format!("{arguments}: {}", faults.join("; ")));
    }
    Ok(())
}

/// Where a connection comes from and goes to.
const OUTSIDE: &str = "192.0.2.1";
const INSIDE: &str = "192.0.2.2";
const PORT: u16 = 5002;
/// The processor that the server runs on.
const SERVER: u32 = 7;

/// What comes in on a receive queue is answered through the transmit queue of its number, whatever is changed; and
/// nothing is left of it when it is not asked for any more.
pub(super) fn answers(s: &mut Subject<'_>) -> Result<()> {
    let before = s.kernel()?;
    s.settled("--profile ClosestStatic --xps rxqs")?;
    in_order(s, "asked for", s.card.queues)?;
    let online = s.online()?;
    let kernel = s.kernel()?;
    let faults = faults(&kernel, &online);
    s.checks.that(faults.is_empty(), || format!("CPUs beside them: {}", faults.join("; ")));
    let says = s.says()?["xps_rxqs"].clone();
    let listed = says.as_array().map_or(0, Vec::len);
    s.checks.equal("queues in `get`", &listed, &kernel.xps_rxqs.len());

    trace::changes(s.guest)?;
    s.settled("--profile ClosestStatic --xps rxqs")?;
    let again = trace::changes(s.guest)?;
    s.checks.that(again.is_empty(), || format!("asked for again: {again:?}"));

    if s.card.counts_transmit {
        transfers(s, true)?;
        // The control: by CPU, the same transfers go through the server's queue.
        s.settled("--xps cpus")?;
        transfers(s, false)?;
        s.settled("--xps rxqs")?;
    }
    if s.card.channels.is_some() {
        s.settled("--queues 3")?;
        in_order(s, "with fewer queues", 3)?;
        s.settled("--queues 5")?;
        in_order(s, "with more queues", 5)?;
    }
    s.guest.expect(&format!("echo 0 >/sys/class/net/{}/queues/tx-1/xps_rxqs", s.card.name))?;
    s.until("after one was cleared by hand", |_, kernel| {
        (kernel.xps_rxqs.get(1) != Some(&[1].into())).then(|| format!("{:?}", kernel.xps_rxqs))
    })?;

    s.settled("--xps cpus")?;
    let left = s.kernel()?.xps_rxqs;
    s.checks.that(left.iter().all(BTreeSet::is_empty), || format!("by CPU again: {left:?} are left"));
    s.settled("--xps rxqs")?;
    s.must("release", &s.card.allow())?;
    let differences = before.differences(&s.kernel()?);
    s.checks.that(differences.is_empty(), || format!("released: {}", differences.join("; ")));
    Ok(())
}

fn in_order(s: &mut Subject<'_>, when: &str, queues: u32) -> Result<()> {
    let there = s.kernel()?.xps_rxqs;
    let wanted: Vec<BTreeSet<u32>> = (0..queues).map(|queue| [queue].into()).collect();
    s.checks.equal(&format!("{when}: xps_rxqs"), &there, &wanted);
    Ok(())
}

/// Transfers out of the guest, by a server on one processor. By receive queue, each is sent through the queue that its
/// acknowledgements come in on; by CPU, all through one.
fn transfers(s: &mut Subject<'_>, by_receive_queue: bool) -> Result<()> {
    let name = s.card.name;
    s.guest.run(&format!("ip address replace {INSIDE}/24 dev {name}"))?;
    s.guest.outside()?.run(&format!("ip address replace {OUTSIDE}/24 dev {name}"))?;
    let (mut received, mut sent) = (BTreeSet::new(), BTreeSet::new());
    for port in PORT..PORT + 6 {
        let script = format!("head -c 2000000 /dev/zero | taskset -c {SERVER} nc -l -p {port}");
        let serve = s.guest.start(&script)?;
        s.guest.expect(&format!("until ss -ltn | grep -q ':{port} '; do sleep 0.05; done"))?;
        let before = packets(s)?;
        let mut reader = s.guest.outside()?.command("bash");
        let script = format!("exec 3<>/dev/tcp/{INSIDE}/{port}; head -c 2000000 <&3 | wc -c");
        let read = reader.args(["-c", &script]).output().context("cannot run bash")?;
        s.guest.wait(&serve, Duration::from_secs(60))?;
        let after = packets(s)?;
        s.checks.equal("bytes", &String::from_utf8_lossy(&read.stdout).trim(), &"2000000");
        let most = |direction: &str| {
            let grown = |(queue, count): (&(String, u32), &u64)| {
                (queue.0 == direction).then(|| (count - before.get(queue).unwrap_or(&0), queue.1))
            };
            after.iter().filter_map(grown).max()
        };
        let (rx, tx) = (most("rx"), most("tx"));
        received.extend(rx.map(|(_, queue)| queue));
        sent.extend(tx.map(|(_, queue)| queue));
        if by_receive_queue {
            let same = rx.is_some() && rx.map(|(_, queue)| queue) == tx.map(|(_, queue)| queue);
            s.checks.that(same, || format!("port {port}: most came in by {rx:?}, most went out by {tx:?}"));
        }
    }
    println!(
        "    {name}: by receive queue: {by_receive_queue}: came in by {received:?}, went out by {sent:?}"
    );
    s.checks.that(received.len() > 1, || "all came in by one queue: nothing is shown".into());
    if !by_receive_queue {
        s.checks.that(sent.len() == 1, || format!("by CPU, one processor sent by {sent:?}"));
    }
    s.guest.run(&format!("ip address flush dev {name}")).map(drop)
}

/// Packets by direction and queue, as the driver counts them.
fn packets(s: &mut Subject<'_>) -> Result<BTreeMap<(String, u32), u64>> {
    let text = s.guest.expect(&format!("ethtool -S {}", s.card.name))?;
    let line = |line: &str| {
        let (name, count) = line.trim().split_once(": ")?;
        let (direction, rest) = name.split_once("_queue_")?;
        let queue = rest.strip_suffix("_packets")?.parse().ok()?;
        Some(((direction.to_owned(), queue), count.parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}

/// How far a processor is from the home of a queue: it is the same, it is on the same node, it is elsewhere.
fn distance(cpu: u32, home: Option<u32>) -> u32 {
    match home {
        Some(home) if home == cpu => 0,
        Some(home) if node_of(home) == node_of(cpu) => 1,
        _ => 2,
    }
}

fn faults(kernel: &Kernel, online: &Cpus) -> Vec<String> {
    let home = |queue: usize| {
        let vector = kernel.vector(u32::try_from(queue).ok()?)?;
        vector.cpus.first().copied().filter(|_| vector.cpus.len() == 1)
    };
    let mut faults = Vec::new();
    for cpu in online {
        let through: Vec<usize> =
            (0..kernel.xps.len()).filter(|queue| kernel.xps[*queue].contains(cpu)).collect();
        let [queue] = through[..] else {
            faults.push(format!("CPU {cpu} sends through queues {through:?}"));
            continue;
        };
        let nearest = (0..kernel.xps.len()).map(|queue| distance(*cpu, home(queue))).min();
        if Some(distance(*cpu, home(queue))) != nearest {
            faults.push(format!("CPU {cpu} sends through queue {queue}, and another one is nearer"));
        }
        let as_near = (0..kernel.xps.len()).filter(|other| Some(distance(*cpu, home(*other))) == nearest);
        for other in as_near.filter(|other| kernel.xps[*other].len() + 1 < kernel.xps[queue].len()) {
            faults.push(format!(
                "queue {queue} has more CPUs than queue {other}, which is as near to CPU {cpu}"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Vector;
    use super::*;

    #[test]
    fn only_the_nearest_and_evenly_is_right() {
        let vector =
            |queue: u32, cpu| Vector { number: queue, name: format!("x-rx-{queue}"), cpus: [cpu].into() };
        let online: Cpus = (0..8).collect();
        let of = |xps: [&[u32]; 2]| {
            let xps = xps.map(|cpus| cpus.iter().copied().collect()).to_vec();
            faults(&Kernel { vectors: vec![vector(0, 0), vector(1, 2)], xps, ..Kernel::default() }, &online)
        };
        assert_eq!(of([&[0, 1, 4, 6], &[2, 3, 5, 7]]), [""; 0]);
        assert_eq!(of([&[0, 1, 4], &[2, 3, 5, 7]]).len(), 1, "one without a queue");
        assert_eq!(of([&[0, 1, 2, 4], &[3, 5, 6, 7]]).len(), 1, "one sends through a farther queue");
        assert!(!of([&[0, 1, 4, 5, 6, 7], &[2, 3]]).is_empty(), "uneven");
    }
}
