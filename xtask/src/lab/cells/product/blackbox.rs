//! Black-box cases that other projects' suites have, each as a test of its own:
//!
//! | case | test | cards |
//! |---|---|---|
//! | official vectors | `steering::every_flow`; those of UDP and addresses alone: `rssctl hash` in its own tests | virtio_net |
//! | the queue that is predicted is the one that a packet takes | `steering::every_flow`; the software NIC's own tests | virtio_net, igb |
//! | growing keeps a table, shrinking below a used queue fails without a trace | [`growing_and_shrinking`], [`refused_without_a_trace`] | virtio_net, igb |
//! | a table shorter than the device's is repeated; what does not fit is refused with both numbers | [`entries_that_do_not_fit`] | all with a table |
//! | a key alone keeps the table | [`key_alone`] | virtio_net |
//! | weights stay over a resize | [`weights_stay`] | virtio_net, igb |
//! | one event a change, none for one that failed or changed nothing | [`one_event_a_change`] | all with a table |
//! | symmetric hashing | [`both_directions`] | virtio_net |
//! | everything survives restart, down and up, rename, driver rebind, processors | `events` | all |
//! | affinity survives a change of channels | [`growing_and_shrinking`], `events::channels_by_hand` | virtio_net, igb |
//! | what others use is not taken away, with a reason | [`queues_in_use`]; no card of the lab has rules or RSS contexts, which core's own tests of preflight have | igb |
//! | a new key under traffic | [`rekeyed_under_traffic`] | virtio_net |

use super::kernel::Kernel;
use super::subject::{Subject, not_in_force, processors, short};
use crate::lab::cells::{deliver, interrupts};
use crate::lab::frames::{Flow, random_flows};
use anyhow::Result;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Growing leaves no entries behind, shrinking does not fail because of an old table, and what is refused leaves no
/// trace.
pub(super) fn growing_and_shrinking(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile ClosestStatic --queues 4")?;
    let cpus = processors(&s.says()?);
    let table: String = (0..s.card.entries).map(|entry| format!(" {entry}={}", cpus[3])).collect();
    s.must("table set", &table)?;
    let kernel = s.kernel()?;
    s.checks.that(kernel.table.iter().all(|queue| *queue == 3), || format!("table {}", short(&kernel.table)));
    // The kernel alone refuses to take away a queue that is in the table.
    let refused = s.guest.run(&format!("ethtool -L {} combined 2", s.card.name))?;
    s.checks.that(refused.code != 0, || "the kernel took away a queue that was in the table".into());
    for queues in [2, 8, 1, 6] {
        s.settled(&format!("--queues {queues}"))?;
        let cpus = processors(&s.says()?);
        let missing = not_in_force(&s.kernel()?, &cpus);
        s.checks.equal(&format!("processors of {queues} queues"), &cpus.len(), &usize::try_from(queues)?);
        s.checks.that(missing.is_empty(), || format!("{queues} queues: {}", missing.join("; ")));
    }
    Ok(())
}

/// A change that needs more impact than is allowed is refused with its name, and changes nothing.
pub(super) fn refused_without_a_trace(s: &mut Subject<'_>) -> Result<()> {
    let before = s.kernel()?;
    let output = s.rssctl("set", "--queues 3")?;
    let differences = before.differences(&s.kernel()?);
    s.checks.equal("exit code", &output.code, &7);
    s.checks.that(output.stderr.contains("--allow link"), || output.stderr.trim().to_owned());
    s.checks.that(differences.is_empty(), || differences.join("; "));
    Ok(())
}

/// An entry that the table does not have is refused with both numbers; a count of queues that does not divide the
/// table fills it all the same.
pub(super) fn entries_that_do_not_fit(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile ClosestStatic --max-processors 3")?;
    let before = s.kernel()?;
    let missing = not_in_force(&before, &processors(&s.says()?));
    s.checks.that(missing.is_empty(), || format!("3 of 128: {}", missing.join("; ")));
    let entries = s.card.entries;
    let output = s.rssctl("table set", &format!("{entries}=0"))?;
    s.checks.equal("exit code of an entry too far", &output.code, &2);
    let told = output.stderr.contains(&entries.to_string());
    s.checks.that(told, || format!("without the number: {}", output.stderr.trim()));
    let differences = before.differences(&s.kernel()?);
    s.checks.that(differences.is_empty(), || differences.join("; "));
    Ok(())
}

/// A new key alone leaves table, affinity and link as they are.
pub(super) fn key_alone(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile NUMAStatic --max-processors 5 --hash-key default")?;
    let carrier = format!("cat /sys/class/net/{}/carrier_changes", s.card.name);
    let changes = s.guest.expect(&carrier)?;
    let mut before = s.kernel()?;
    s.settled("--hash-key random")?;
    let after = s.kernel()?;
    s.checks.that(before.key != after.key, || "the key is the old one".into());
    before.key.clone_from(&after.key);
    let differences = before.differences(&after);
    s.checks.that(differences.is_empty(), || differences.join("; "));
    s.checks.equal("changes of the carrier", &s.guest.expect(&carrier)?, &changes);
    Ok(())
}

/// Exactly one event for a change, none for one that failed or changed nothing.
pub(super) fn one_event_a_change(s: &mut Subject<'_>) -> Result<()> {
    const CHANGED: &str = "RssConfigurationChange";
    s.settled("--profile NUMAStatic")?;
    let mut place = s.events(0)?.1;
    for (arguments, expected) in [
        ("--profile ClosestStatic", 1),
        ("--profile ClosestStatic", 0),
        ("--base-processor 9", 0),
        ("--max-processors 1", 1),
    ] {
        s.set(arguments)?;
        let (names, next) = s.events(place)?;
        place = next;
        let count = names.iter().filter(|name| name.contains(CHANGED)).count();
        s.checks.that(count == expected, || {
            format!("{arguments}: {count} of {CHANGED}, expected {expected}: {names:?}")
        });
        if expected == 0 {
            s.checks.that(names.is_empty(), || format!("{arguments}: {names:?}"));
        }
    }
    Ok(())
}

/// Both directions of a connection arrive at the same queue, and connections are spread.
pub(super) fn both_directions(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile NUMAStatic --hash-key symmetric")?;
    let device = interrupts::virtio_device(s.guest, s.card.name)?;
    let vectors = format!("{device}-input.{{}}");
    let flows = random_flows(31, 8);
    let both = |s: &mut Subject<'_>, flow: &Flow| {
        let back = Flow { source: flow.destination, destination: flow.source, ..*flow };
        let mut queue = |flow: &Flow| {
            interrupts::queue_of(s.guest, s.card.name, &vectors, s.card.queues, &flow.frame(s.card.address))
        };
        Ok::<_, anyhow::Error>((queue(flow)?, queue(&back)?))
    };
    let mut hit = std::collections::BTreeSet::new();
    for flow in &flows {
        let (there, back) = both(s, flow)?;
        s.checks.equal(&format!("queue of the way back of {}", flow.source), &back, &there);
        hit.insert(there);
    }
    s.checks.that(hit.len() >= 2, || format!("8 connections on {hit:?}"));
    // With a key that is not symmetric the ways part.
    s.settled("--hash-key default")?;
    let mut parted = false;
    for flow in &flows {
        let (there, back) = both(s, flow)?;
        parted |= there != back;
    }
    s.checks.that(parted, || "8 connections come back as they went, with any key".into());
    deliver(s.guest, s.card.name, s.card.address, &random_flows(33, 4))
}

/// How many entries of the table lead to each set of CPUs.
fn shares(kernel: &Kernel) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for queue in &kernel.table {
        let cpus = kernel.vector(*queue).map(|vector| vector.cpus.clone()).unwrap_or_default();
        *shares.entry(format!("{cpus:?}")).or_default() += 1;
    }
    shares
}

/// Weights are kept when somebody changes the number of queues: each CPU has the share of entries that it had.
pub(super) fn weights_stay(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile ClosestStatic --queues 4")?;
    let cpus = processors(&s.says()?);
    // Of every 16 entries 8, 4, 3 and 1.
    let place = |entry: u32| [8, 12, 15, 16].into_iter().take_while(|end| entry % 16 >= *end).count();
    let table: String = (0..s.card.entries).map(|e| format!(" {e}={}", cpus[place(e)])).collect();
    s.must("table set", &table)?;
    let before = shares(&s.kernel()?);
    let mut counts: Vec<usize> = before.values().copied().collect();
    counts.sort_unstable();
    s.checks.equal("entries of each CPU", &counts, &vec![8, 24, 32, 64]);
    for queues in [8, 5] {
        s.guest.expect(&format!("ethtool -L {} combined {queues}", s.card.name))?;
        s.until(&format!("after ethtool -L to {queues}"), |_, kernel| {
            let now = shares(kernel);
            (now != before).then(|| format!("entries by CPU: {now:?}, before {before:?}"))
        })?;
    }
    Ok(())
}

/// Queues that others use are not taken away: refused with the reason and the remedy, without a trace, and done once they
/// are free.
pub(super) fn queues_in_use(s: &mut Subject<'_>) -> Result<()> {
    let name = s.card.name;
    let queue = s.card.queues - 1;
    for (begin, end, reason, remedy) in [
        (
            format!("echo 1 >/sys/class/net/{name}/threaded"),
            format!("echo 0 >/sys/class/net/{name}/threaded"),
            "threaded NAPI",
            "--force",
        ),
        (
            format!("echo f >/sys/class/net/{name}/queues/rx-{queue}/rps_cpus"),
            format!("echo 0 >/sys/class/net/{name}/queues/rx-{queue}/rps_cpus"),
            "RPS",
            "--force",
        ),
        (
            format!("ip address add 192.0.2.9/24 dev {name}; ip route add default via 192.0.2.1 dev {name}"),
            format!("ip address flush dev {name}"),
            "default route",
            "--confirm-within",
        ),
    ] {
        s.guest.expect(&begin)?;
        let before = s.kernel()?;
        let output = s.set("--queues 3")?;
        let differences = before.differences(&s.kernel()?);
        s.guest.expect(&end)?;
        s.checks.equal(&format!("{reason}: exit code"), &output.code, &7);
        let told = output.stderr.contains(reason) && output.stderr.contains(remedy);
        s.checks.that(told, || format!("{reason}: told {}", output.stderr.trim()));
        s.checks.that(differences.is_empty(), || format!("{reason}: {}", differences.join("; ")));
    }
    s.settled("--queues 3")?;
    let channels = s.kernel()?.channels;
    s.checks.equal("channels once they are free", &channels, &Some((s.card.queues, 3)));
    Ok(())
}

/// New keys while packets arrive: none is lost, the carrier stays, and it is told how long none came.
pub(super) fn rekeyed_under_traffic(s: &mut Subject<'_>) -> Result<()> {
    const KEYS: u32 = 4;
    let (name, address) = (s.card.name, s.card.address);
    s.settled("--profile NUMAStatic --hash-key default")?;
    let file = |file: &str| format!("cat /sys/class/net/{name}/{file}");
    let carrier = s.guest.expect(&file("carrier_changes"))?;
    let received = |s: &mut Subject<'_>| -> Result<u64> {
        Ok(s.guest.expect(&file("statistics/rx_packets"))?.trim().parse()?)
    };
    let before = received(s)?;
    // The longest time in which the card counted nothing, in hundredths of a second, until it is told to end.
    let gaps = format!(
        "last=; most=0; until [ -e /tmp/rekeyed ]; do read n </sys/class/net/{name}/statistics/rx_packets\n\
         IFS='. ' read a b _ </proc/uptime; now=$((a * 100 + 1$b - 100))\n\
         [ \"$n\" = \"$last\" ] || {{ last=$n; since=$now; }}\n\
         [ $((now - since)) -le $most ] || most=$((now - since)); sleep 0.01; done; rm /tmp/rekeyed; echo $most"
    );
    let watch = s.guest.start(&gaps)?;
    let keys = format!(
        "for i in $(seq {KEYS}); do rssctl --address {} set {name} --hash-key random || failed=1; done\n\
         : >/tmp/rekeyed; [ -z \"$failed\" ]",
        s.product.address()
    );
    let keys = s.guest.start(&keys)?;
    let mut sent = 0_u64;
    let flows = random_flows(41, 64);
    let end = Instant::now() + Duration::from_secs(60);
    let watched = loop {
        for flow in &flows {
            s.guest.wire(name)?.send(&flow.frame(address))?;
            sent += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        if let Some(output) = s.guest.ended(&watch)? {
            break Some(output);
        }
        if Instant::now() > end {
            break None;
        }
    };
    let done = s.guest.wait(&keys, Duration::from_secs(60))?;
    s.checks.that(done.code == 0, || format!("new keys: {}", done.stderr.trim()));
    let arrived = s.guest.expect(&format!(
        "until n=$({}); [ $((n - {before})) -ge {sent} ] || [ $((i=i+1)) -gt 200 ]; do sleep 0.05; done; echo $n",
        file("statistics/rx_packets")
    ))?;
    s.checks.equal("frames that arrived", &(arrived.trim().parse::<u64>()? - before), &sent);
    s.checks.equal("changes of the carrier", &s.guest.expect(&file("carrier_changes"))?, &carrier);
    let gap = watched.map(|output| output.stdout.trim().to_owned()).unwrap_or_default();
    println!("    {name}: {KEYS} new keys, {sent} frames, at most {gap}0 ms without one");
    Ok(())
}
