//! Drivers that report a table which the device does not use.

use super::subject::{Subject, processors};
use crate::lab::cells::deliver;
use crate::lab::cells::interrupts;
use crate::lab::frames::random_flows;
use anyhow::Result;
use std::collections::BTreeSet;

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

/// vmxnet3 always: what is in force is never claimed to be verified by traffic.
pub(super) fn table_of_no_effect(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile NUMAStatic")?;
    s.checks.equal("processors", &processors(&s.product.adapter(s.guest, s.card.name)?).len(), &8);
    deliver(s.guest, s.card.name, s.card.address, &random_flows(29, 400))?;
    let says = s.says()?;
    s.checks.that(says["verified"] != "traffic", || format!("verified: {}", says["verified"]));
    Ok(())
}
