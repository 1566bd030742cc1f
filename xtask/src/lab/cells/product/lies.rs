//! Drivers that report a table which the device does not use.

use super::subject::{Subject, processors};
use crate::lab::cells::deliver;
use crate::lab::cells::interrupts;
use crate::lab::frames::random_flows;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long `rssctl verify` may take beyond what it was given.
const VERIFIED_WITHIN: Duration = Duration::from_secs(60);

/// virtio after a channel change: the product's own changes leave no such table behind, and one made by hand is seen
/// by the traffic and sent again.
pub(super) fn table_on_paper(s: &mut Subject<'_>) -> Result<()> {
    for queues in ["2", "4", "3", "8", "5"] {
        s.settled(&format!("--queues {queues}"))?;
        // Half of the queues, so that spreading over all of them shows.
        s.settled("--max-processors 2")?;
        let hit = queues_hit(s)?;
        s.checks.equal(&format!("queues hit with 2 of {queues}"), &hit, &[0, 1].into());
        s.settled("--max-processors auto")?;
        let hit = queues_hit(s)?;
        s.checks.equal(
            &format!("queues hit with all of {queues}"),
            &u32::try_from(hit.len())?,
            &queues.parse()?,
        );
    }
    Ok(())
}

/// The queues that 200 flows arrive at.
fn queues_hit(s: &mut Subject<'_>) -> Result<BTreeSet<u32>> {
    let kernel = s.kernel()?;
    let before = interrupts::read(s.guest)?;
    deliver(s.guest, s.card.name, s.card.address, &random_flows(23, 200))?;
    let after = interrupts::read(s.guest)?;
    let fired = |queue: &u32| {
        let name = kernel.vector(*queue).map(|vector| vector.name.clone()).unwrap_or_default();
        let sum = |of: &interrupts::Interrupts| of.get(&name).map_or(0, |counts| counts.iter().sum::<u64>());
        sum(&after) > sum(&before)
    };
    Ok((0..s.card.queues).filter(fired).collect())
}

/// What `rssctl verify` finds out while packets arrive: hardware that spreads by its table, and hardware that reports a
/// table and does not.
pub(super) fn traffic_is_asked(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile NUMAStatic")?;
    let name = s.card.name;
    let asked = s.product.begin(s.guest, &format!("verify {name} --for 8s --packets 300 -o json"))?;
    for seed in 40..46 {
        deliver(s.guest, name, s.card.address, &random_flows(seed, 100))?;
    }
    let output = s.guest.wait(&asked, VERIFIED_WITHIN)?;
    let (verdict, code, verified) =
        if s.card.spreads { ("obeyed", 0, "traffic") } else { ("ignored", 6, "refuted") };
    let found: Value = serde_json::from_str(&output.stdout)
        .with_context(|| format!("`rssctl verify` printed {} {}", output.stdout, output.stderr))?;
    let found = &found["adapters"][0];
    s.checks.that(found["verdict"] == verdict, || format!("not {verdict}: {found}"));
    s.checks.equal("exit code", &output.code, &code);
    let says = s.says()?;
    s.checks.that(says["verified"] == verified, || format!("not {verified}: {}", says["verified"]));
    let (events, _) = s.events(0)?;
    let told = if s.card.spreads { "TrafficObeysTable" } else { "TableIgnored" };
    s.checks.that(events.iter().any(|event| event == told), || format!("no {told} among {events:?}"));
    Ok(())
}

/// vmxnet3 always: what is in force is never claimed to be verified by traffic.
pub(super) fn table_of_no_effect(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile NUMAStatic")?;
    s.checks.equal("processors", &processors(&s.product.adapter(s.guest, s.card.name)?).len(), &8);
    deliver(s.guest, s.card.name, s.card.address, &random_flows(29, 400))?;
    let says = s.says()?;
    s.checks.that(says["verified"] != "traffic", || format!("verified: {}", says["verified"]));
    Ok(())
}
