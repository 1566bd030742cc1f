//! Black-box cases that other projects' suites have, each as a test of its own. Not here: the official vectors and the
//! prediction of queues, which are `steering`; weights over a change of the table's size and the deletion of contexts
//! and rules in use, which no card of the lab has.

use super::subject::{Subject, not_in_force, processors, short};
use crate::lab::cells::{deliver, interrupts};
use crate::lab::frames::{Flow, random_flows};
use anyhow::Result;

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
    let mut hit = std::collections::BTreeSet::new();
    for flow in random_flows(31, 8) {
        let back = Flow { source: flow.destination, destination: flow.source, ..flow };
        let mut queue = |flow: &Flow| {
            interrupts::queue_of(s.guest, s.card.name, &vectors, s.card.queues, &flow.frame(s.card.address))
        };
        let (there, back) = (queue(&flow)?, queue(&back)?);
        s.checks.equal(&format!("queue of the way back of {}", flow.source), &back, &there);
        hit.insert(there);
    }
    s.checks.that(hit.len() >= 2, || format!("8 connections on {hit:?}"));
    // And with a key that is not symmetric this test would fail.
    s.settled("--hash-key default")?;
    deliver(s.guest, s.card.name, s.card.address, &random_flows(33, 4))
}
