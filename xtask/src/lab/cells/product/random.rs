//! Sequences of what people and machines do: after each step kernel and product agree, and what the product says to be
//! in force is. Some are drawn by chance; those that failed once are kept, and done again.

use super::card::{CARDS, Card};
use super::kernel::Kernel;
use super::step::{self, Step};
use super::subject::{Subject, disagreements, not_in_force, processors};
use crate::lab::cells::Checks;
use crate::lab::guest::Guest;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a cell of the gate begins new sequences; `RSSMGR_LAB_SECONDS` says otherwise.
const SECONDS: u64 = 60;

/// Steps of a sequence.
const STEPS: usize = 8;

/// How long kernel and product may take to agree after a step.
const AGREED_WITHIN: Duration = Duration::from_secs(40);

/// Sequences that failed once, as `cargo xtask soak` writes them.
const KEPT: &str = include_str!("../../../../lab/sequences.toml");

/// What [`KEPT`] has.
#[derive(Deserialize)]
struct Kept {
    #[serde(default)]
    sequence: Vec<Sequence>,
}

#[derive(Deserialize)]
struct Sequence {
    kernel: String,
    driver: String,
    steps: Vec<String>,
}

/// Some sequences, as many as there is time for, with seeds that no earlier run had or from `RSSMGR_LAB_FIRST_SEED` on.
/// `RSSMGR_LAB_SEED` repeats the one of that seed.
pub(super) fn sequences(s: &mut Subject<'_>) -> Result<()> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (name, asked) = (s.card.name, number("RSSMGR_LAB_SEED"));
    let seconds = Duration::from_secs(number("RSSMGR_LAB_SECONDS").unwrap_or(SECONDS));
    let until = Instant::now() + seconds;
    let first = asked.or_else(|| number("RSSMGR_LAB_FIRST_SEED")).unwrap_or_else(seed_of_now);
    println!("    {name}: random sequences from seed {first} on");
    for seed in first.. {
        let failures = s.checks.failures();
        let (guest, checks) = (&mut *s.guest, &mut *s.checks);
        drawn(guest, checks, s.card, seed)?;
        if asked.is_some() || s.checks.failures() > failures || Instant::now() > until {
            break;
        }
    }
    Ok(())
}

/// A seed that no earlier run had.
pub(in crate::lab) fn seed_of_now() -> u64 {
    // Short enough to be typed, and far enough from the next for many sequences of this run.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() * 10_000)
}

/// The sequence of a seed. It begins with the card as after boot and a new daemon, so that its seed alone repeats it.
fn drawn(guest: &mut Guest, checks: &mut Checks, card: &'static Card, seed: u64) -> Result<()> {
    let steps = step::draw(seed, card, STEPS);
    run(&mut Subject::new(guest, checks, card)?, &format!("seed {seed}, "), &steps)
}

/// The sequence of a seed on the card of a driver.
pub(in crate::lab::cells) fn of_seed(
    guest: &mut Guest,
    checks: &mut Checks,
    driver: &str,
    seed: u64,
) -> Result<()> {
    let card = CARDS.iter().find(|card| card.driver == driver).context("no such card")?;
    run(&mut Subject::new(guest, checks, card)?, "", &step::draw(seed, card, STEPS))
}

/// The steps of a seed as lines, for [`KEPT`].
pub(in crate::lab) fn lines(driver: &str, seed: u64) -> Vec<String> {
    let card = CARDS.iter().find(|card| card.driver == driver);
    card.map(|card| step::draw(seed, card, STEPS)).unwrap_or_default().iter().map(Step::to_string).collect()
}

/// Whether a sequence that failed once is of this card.
pub(super) fn has_kept(card: &Card) -> bool {
    KEPT.contains(&format!("driver = \"{}\"", card.driver))
}

/// What failed once, on the kernel on which it did.
pub(super) fn kept(s: &mut Subject<'_>) -> Result<()> {
    let kept: Kept = toml::from_str(KEPT).context("xtask/lab/sequences.toml")?;
    let release = s.guest.expect("uname -r")?;
    let here = |kernel: &str| release.starts_with(&format!("{}.", kernel.trim_start_matches("linux-")));
    for one in kept.sequence.iter().filter(|one| one.driver == s.card.driver && here(&one.kernel)) {
        let steps = step::parse(&one.steps)?;
        let (guest, checks) = (&mut *s.guest, &mut *s.checks);
        run(&mut Subject::new(guest, checks, s.card)?, "", &steps)?;
    }
    Ok(())
}

/// Does the steps up to the first after which something is not right.
fn run(s: &mut Subject<'_>, name: &str, steps: &[Step]) -> Result<()> {
    let ended = go(s, name, steps);
    let on = "for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do echo 1 >$cpu; done";
    s.guest.expect(on)?;
    ended
}

fn go(s: &mut Subject<'_>, name: &str, steps: &[Step]) -> Result<()> {
    s.settled("--profile NUMAStatic")?;
    let mut done = Vec::new();
    for step in steps {
        match step.perform(s) {
            Ok(told) => done.push(told),
            Err(error) => {
                s.checks.that(false, || format!("{name}{step} after {}: {error:#}", done.join(", ")));
                break;
            }
        }
        let wrong = wrong(s)?;
        let right = wrong.is_none();
        s.checks.that(right, || format!("{name}after {}: {}", done.join(", "), wrong.unwrap_or_default()));
        if !right {
            break;
        }
    }
    Ok(())
}

/// What is still wrong when the time is up.
fn wrong(s: &mut Subject<'_>) -> Result<Option<String>> {
    let end = Instant::now() + AGREED_WITHIN;
    loop {
        s.product.rssctl(s.guest, "wait")?;
        // One that was plugged in just now may not be known yet.
        let (state, differences) = match s.says() {
            Ok(says) => (says["state"].to_string(), differences(&says, &s.kernel()?)),
            Err(error) => ("unknown".into(), vec![format!("{error:#}")]),
        };
        if differences.is_empty() {
            return Ok(None);
        }
        if Instant::now() > end {
            let log = s.product.log(s.guest)?;
            return Ok(Some(format!("{state}: {}; the daemon's log:\n{log}", differences.join("; "))));
        }
    }
}

/// Where product and kernel differ; and, where the product says that nothing is left to do, what is not in force.
fn differences(says: &Value, kernel: &Kernel) -> Vec<String> {
    let mut differences = disagreements(says, kernel);
    if says["state"] == "managed" && says["enabled"] == true {
        // Those that may be used: a card that was plugged in while processors were off line may have fewer queues. Where the
        // kernel spreads as well, those to which it does come after them.
        let mut homes = processors(says);
        let most =
            says["max_processors"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        homes.truncate(says["queues"].as_array().map_or(0, Vec::len).min(most));
        differences.extend(not_in_force(kernel, &homes));
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_can_be_done() {
        let kept: Kept = toml::from_str(KEPT).unwrap();
        for one in &kept.sequence {
            assert!(!step::parse(&one.steps).unwrap().is_empty());
            assert!(one.kernel.starts_with("linux-"), "{}", one.kernel);
            let card = CARDS.iter().find(|card| card.driver == one.driver);
            assert!(card.is_some_and(has_kept), "{}", one.driver);
        }
    }
}
