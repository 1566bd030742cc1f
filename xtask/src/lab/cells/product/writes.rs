//! Nothing is written that need not be: the kernel's own record of changes stays empty.

use super::subject::Subject;
use super::trace::{self, Change, Counts, Setter};
use crate::lab::product::{Options, Product};
use anyhow::Result;
use serde_json::Value;

/// A first start touches nothing; start, reload, and applying again on a kernel that agrees touch nothing either.
pub(super) fn none_when_in_force(s: &mut Subject<'_>) -> Result<()> {
    // The daemon of this test has started already: once more, under the record.
    trace::changes(s.guest)?;
    let before = s.kernel()?;
    s.product = Product::fresh(s.guest, Options::default())?;
    silent(s, "first start")?;
    let differences = before.differences(&s.kernel()?);
    s.checks.that(differences.is_empty(), || format!("first start: {}", differences.join("; ")));
    let says = s.says()?;
    s.checks.equal("state before it is named", &says["state"].as_str(), &Some("observed"));

    let arguments = "--profile ClosestStatic --queues 3";
    s.settled(arguments)?;
    let recorded = trace::changes(s.guest)?;
    s.checks
        .that(!recorded.is_empty(), || "a change was not recorded, so that silence proves nothing".into());

    s.settled(arguments)?;
    silent(s, "applying again")?;
    s.product.reload(s.guest)?;
    s.product.expect(s.guest, "wait")?;
    silent(s, "reload")?;
    s.product.restart(s.guest)?;
    silent(s, "restart")?;
    s.product.kill9(s.guest)?;
    s.product.restart(s.guest)?;
    silent(s, "restart after a crash")?;
    s.agree("after the restarts").map(drop)
}

fn silent(s: &mut Subject<'_>, when: &str) -> Result<()> {
    let changes = trace::changes(s.guest)?;
    s.checks.that(changes.is_empty(), || format!("{when} changed something: {}", list(&changes)));
    Ok(())
}

fn list(changes: &[Change]) -> String {
    let list: Vec<String> =
        changes.iter().take(8).map(|change| format!("{} by {}", change.function, change.by)).collect();
    format!("{} ({} in all)", list.join(", "), changes.len())
}

/// An apply makes the changes of its plan and no others.
pub(super) fn the_plans_steps(s: &mut Subject<'_>) -> Result<()> {
    for arguments in
        ["--profile NUMAStatic --queues 4", "--profile ClosestStatic --base-processor 3", "--queues auto"]
    {
        let plan = s.json("plan", &format!("{arguments} {}", s.card.allow()))?;
        trace::changes(s.guest)?;
        s.settled(arguments)?;
        let changes = trace::changes(s.guest)?;
        let steps = plan["adapters"][0]["steps"].as_array().cloned().unwrap_or_default();
        let planned = planned(&steps);
        let made = trace::count(&changes);
        for setter in [Setter::Channels, Setter::Rss, Setter::Fields, Setter::Other] {
            let (planned, made) = (planned.get(&setter), made.get(&setter));
            s.checks.equal(&format!("{arguments}: changes of {setter:?}"), &made, &planned);
        }
        // A step serves a queue; a queue may have a vector for each direction, and a driver may set one itself.
        for setter in [Setter::Affinity, Setter::Xps, Setter::Rps] {
            let (planned, made) = (planned.get(&setter).unwrap_or(&0), made.get(&setter).unwrap_or(&0));
            let fits = (*planned..=planned * 2).contains(made);
            s.checks.that(fits, || format!("{arguments}: {made} changes of {setter:?} for {planned} steps"));
        }
        let ours = |by: &str| by.starts_with("rssmgrd") || by.starts_with("tokio-rt-worker");
        let strangers: Vec<&Change> = changes.iter().filter(|change| !ours(&change.by)).collect();
        s.checks.that(strangers.is_empty(), || format!("{arguments}: changed by {strangers:?}"));
    }
    Ok(())
}

/// The changes that a plan's steps stand for.
pub(super) fn planned(steps: &[Value]) -> Counts {
    let mut counts = Counts::new();
    for step in steps {
        let op = step["op"].as_str().unwrap_or_default();
        let setter = match op {
            _ if op.starts_with("serve queue") || op.starts_with("serve interrupt") => Setter::Affinity,
            _ if op.contains("receive queues") => Setter::Channels,
            _ if op.contains("indirection table") || op.contains("hash key") || op.ends_with("able") => {
                Setter::Rss
            }
            _ if op.starts_with("hash ") => Setter::Fields,
            _ if op.contains("transmit queue") => Setter::Xps,
            _ if op.contains("the packets of queue") => Setter::Rps,
            _ => Setter::Other,
        };
        *counts.entry(setter).or_default() += 1;
    }
    counts
}
