//! Random sequences of what people and machines do: after each step kernel and product agree.

use super::card::Card;
use super::subject::{Subject, disagreements};
use crate::lab::cells::{Checks, ethtool};
use crate::lab::guest::Guest;
use anyhow::Result;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a cell of the gate begins new sequences; `RSSMGR_LAB_SECONDS` says otherwise.
const SECONDS: u64 = 20;

/// Steps of a sequence.
const STEPS: usize = 8;

/// How long kernel and product may take to agree after a step.
const AGREED_WITHIN: Duration = Duration::from_secs(40);

/// When to stop, whichever comes first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) sequences: u64,
    /// No sequence begins after it.
    pub(super) until: Option<Instant>,
}

/// Some sequences, as many as there is time for. `RSSMGR_LAB_SEED` repeats the one of that seed.
pub(super) fn sequences(s: &mut Subject<'_>) -> Result<()> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let asked = number("RSSMGR_LAB_SEED");
    let seconds = Duration::from_secs(number("RSSMGR_LAB_SECONDS").unwrap_or(SECONDS));
    let until = Some(Instant::now() + seconds);
    let limit = Limit { sequences: if asked.is_some() { 1 } else { u64::MAX }, until };
    let (guest, checks) = (&mut *s.guest, &mut *s.checks);
    run(guest, checks, s.card, asked.unwrap_or_else(seed_of_now), limit).map(drop)
}

/// A seed that no earlier run had.
pub(super) fn seed_of_now() -> u64 {
    // Short enough to be typed, and far enough from the next for many sequences of this run.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() * 10_000)
}

/// Sequences with the seeds from this one on, until one fails; how many were run. Each begins with the card as after
/// boot and a new daemon, so that its seed alone repeats it.
pub(super) fn run(
    guest: &mut Guest,
    checks: &mut Checks,
    card: &'static Card,
    first: u64,
    limit: Limit,
) -> Result<u64> {
    println!("    {}: random sequences from seed {first} on", card.name);
    let mut done = 0;
    let in_time = || limit.until.is_none_or(|until| Instant::now() < until);
    while done < limit.sequences && (done == 0 || in_time()) {
        let mut s = Subject::new(guest, checks, card)?;
        if !sequence(&mut s, first + done)? {
            break;
        }
        done += 1;
    }
    Ok(done)
}

/// One sequence; whether kernel and product agreed after each step.
fn sequence(s: &mut Subject<'_>, seed: u64) -> Result<bool> {
    let mut random = Random(seed);
    let mut offline = None;
    let mut done: Vec<String> = Vec::new();
    s.settled("--profile NUMAStatic")?;
    let mut agreed = true;
    while agreed && done.len() < STEPS {
        let step = step(s, &mut random, &mut offline);
        done.push(match step {
            Ok(step) => step,
            Err(error) => {
                s.checks.that(false, || format!("seed {seed}, after {}: {error:#}", done.join(", ")));
                agreed = false;
                break;
            }
        });
        let disagreement = disagreement(s)?;
        agreed = disagreement.is_none();
        s.checks.that(agreed, || {
            format!("seed {seed}, after {}: {}", done.join(", "), disagreement.unwrap_or_default())
        });
    }
    if let Some(cpu) = offline {
        s.guest.expect(&format!("echo 1 >/sys/devices/system/cpu/cpu{cpu}/online"))?;
    }
    Ok(agreed)
}

/// What kernel and product still disagree in when the time is up.
fn disagreement(s: &mut Subject<'_>) -> Result<Option<String>> {
    let end = Instant::now() + AGREED_WITHIN;
    loop {
        s.product.rssctl(s.guest, "wait")?;
        // One that was plugged in just now may not be known yet.
        let differences = match s.says() {
            Ok(says) => disagreements(&says, &s.kernel()?),
            Err(error) => vec![format!("{error:#}")],
        };
        if differences.is_empty() {
            return Ok(None);
        }
        if Instant::now() > end {
            return Ok(Some(differences.join("; ")));
        }
    }
}

fn step(s: &mut Subject<'_>, random: &mut Random, offline: &mut Option<u64>) -> Result<String> {
    const PROFILES: [&str; 5] = ["Closest", "ClosestStatic", "NUMA", "NUMAStatic", "Conservative"];
    let (name, queues) = (s.card.name, u64::from(s.card.queues));
    let rssctl = match random.below(16) {
        0 => format!("set --profile {}", PROFILES[usize::try_from(random.below(5))?]),
        1 => format!("set --base-processor {}", random.below(8)),
        2 => format!("set --max-processors {}", 1 + random.below(queues)),
        3 => format!("set --queues {}", 1 + random.below(queues)),
        4 if s.card.entries > 0 => "disable".to_owned(),
        4 | 5 => "enable".to_owned(),
        6 => {
            s.guest.expect(&format!("ip link set {name} down"))?;
            ethtool::up(s.guest, name)?;
            return Ok("down and up".into());
        }
        7 => {
            s.product.kill9(s.guest)?;
            s.product.restart(s.guest)?;
            return Ok("kill -9 and a new start".into());
        }
        8 | 9 if s.card.channels.is_some() => {
            // Refused by the kernel where the table has a queue that would go.
            return by_hand(s, &format!("ethtool -L {name} combined {}", 1 + random.below(queues)));
        }
        8 | 10 if s.card.entries > 0 => {
            return by_hand(s, &format!("ethtool -X {name} equal {}", 1 + random.below(queues)));
        }
        8..=10 => "enable".to_owned(),
        11 => {
            s.guest.link(name, false)?;
            s.guest.expect(&format!(
                "until [ \"$(cat /sys/class/net/{name}/carrier)\" = 0 ]; do sleep 0.02; done"
            ))?;
            s.guest.link(name, true)?;
            ethtool::up(s.guest, name)?;
            return Ok("cable out and in".into());
        }
        12 | 13 => {
            let (cpu, online) = offline.take().map_or((1 + random.below(7), 0), |cpu| (cpu, 1));
            *offline = (online == 0).then_some(cpu);
            return by_hand(s, &format!("echo {online} >/sys/devices/system/cpu/cpu{cpu}/online"));
        }
        14 => {
            let queue = random.below(queues);
            let vector = s.kernel()?.vector(u32::try_from(queue)?).map(|vector| vector.number);
            // Down to fewer channels there is none.
            let Some(vector) = vector else { return Ok(format!("no vector of queue {queue}")) };
            let home = random.below(8);
            by_hand(s, &format!("echo {home} >/proc/irq/{vector}/smp_affinity_list"))?;
            return Ok(format!("queue {queue} moved to CPU {home}"));
        }
        _ => {
            s.guest.unplug(name)?;
            s.guest.plug_back(name)?;
            let there = s.guest.interface(name)?;
            s.guest.expect(&format!("[ {there} = {name} ] || ip link set {there} name {name}"))?;
            ethtool::up(s.guest, name)?;
            return Ok("unplugged and plugged in".into());
        }
    };
    let (verb, arguments) = rssctl.split_once(' ').unwrap_or((&rssctl, ""));
    // A refusal is an answer, too: a base processor may leave nothing eligible.
    let code = s.rssctl(verb, &format!("{arguments} {}", s.card.allow()))?.code;
    Ok(format!("{rssctl} ({code})"))
}

/// What somebody types, whatever comes of it.
fn by_hand(s: &mut Subject<'_>, command: &str) -> Result<String> {
    let code = s.guest.run(command)?.code;
    Ok(format!("{command} ({code})"))
}

/// splitmix64
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }
}
