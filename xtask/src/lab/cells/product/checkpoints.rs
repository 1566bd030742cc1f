//! A change that waits to be confirmed goes back by itself, also when the daemon was killed meanwhile, and stays once
//! it is confirmed.

use super::card::Ask;
use super::subject::{Subject, not_in_force};
use super::trace;
use anyhow::Result;

/// The change, and where it leads to.
const CHANGE: &str = "--profile ClosestStatic --base-processor 4";
const BASE: u32 = 4;

/// Nobody confirms: longer than the change itself takes on an emulated machine.
const TIME: &str = "6s";

/// A state that no driver has by itself.
fn found(s: &mut Subject<'_>) -> Result<()> {
    s.settled("--profile ClosestStatic --base-processor 2 --max-processors 2")
}

fn wanted(s: &mut Subject<'_>) -> Result<Vec<u32>> {
    let online = s.online()?;
    let count = s.card.queues.min(2);
    let ask = Ask { profile: "ClosestStatic", base: Some(BASE), max: None, count };
    Ok(ask.processors(s.card.node, &online))
}

fn none_waits(s: &mut Subject<'_>, when: &str) -> Result<()> {
    let waiting = s.product.expect(s.guest, "checkpoint list -o name")?;
    s.checks.that(waiting.trim().is_empty(), || format!("{when}: checkpoint {} waits", waiting.trim()));
    Ok(())
}

/// Nobody confirms, and the daemon lives.
pub(super) fn unconfirmed(s: &mut Subject<'_>) -> Result<()> {
    found(s)?;
    let before = s.kernel()?;
    trace::changes(s.guest)?;
    s.settled(&format!("{CHANGE} --confirm-within {TIME}"))?;
    s.until("not confirmed", |_, kernel| {
        let differences = before.differences(kernel);
        (!differences.is_empty()).then(|| differences.join("; "))
    })?;
    s.product.expect(s.guest, "wait")?;
    let made = trace::count(&trace::changes(s.guest)?);
    s.checks.that(!made.is_empty(), || "nothing was changed that could go back".into());
    none_waits(s, "afterwards")?;
    let events = s.product.expect(s.guest, "events -o jsonl")?;
    for event in ["CheckpointMade", "CheckpointRolledBack"] {
        s.checks.that(events.contains(event), || format!("no event {event}"));
    }
    s.agree("afterwards").map(drop)
}

/// Nobody confirms, and the daemon was killed and started again meanwhile.
pub(super) fn killed_meanwhile(s: &mut Subject<'_>) -> Result<()> {
    let wanted = wanted(s)?;
    // On a busy host the first time may be over before the daemon is killed, which shows nothing.
    for seconds in [6, 20, 60] {
        found(s)?;
        let before = s.kernel()?;
        let script = format!(
            "rssctl --address {} set {} {CHANGE} {} --confirm-within {seconds}s && kill -9 $(cat {})",
            s.product.address(),
            s.card.name,
            s.card.allow(),
            s.product.pid_file()
        );
        s.guest.expect(&script)?;
        let in_force = not_in_force(&s.kernel()?, &wanted).is_empty();
        s.product.restart(s.guest)?;
        s.until("not confirmed", |_, kernel| {
            let differences = before.differences(kernel);
            (!differences.is_empty()).then(|| differences.join("; "))
        })?;
        s.product.expect(s.guest, "wait")?;
        none_waits(s, "afterwards")?;
        s.agree("afterwards")?;
        if in_force {
            return Ok(());
        }
    }
    anyhow::bail!("each time the change went back before the daemon could be killed")
}

/// Confirmed: it stays, and outlives the daemon.
pub(super) fn confirmed(s: &mut Subject<'_>) -> Result<()> {
    found(s)?;
    let wanted = wanted(s)?;
    s.settled(&format!("{CHANGE} --confirm-within 1h"))?;
    let refused = s.set("--profile NUMAStatic")?;
    s.checks.that(refused.code != 0, || "changed while another change waits to be confirmed".into());
    s.product.expect(s.guest, "checkpoint commit")?;
    none_waits(s, "confirmed")?;
    s.product.kill9(s.guest)?;
    s.product.restart(s.guest)?;
    let missing = not_in_force(&s.kernel()?, &wanted);
    s.checks.that(missing.is_empty(), || format!("confirmed: {}", missing.join("; ")));
    s.agree("confirmed").map(drop)
}
