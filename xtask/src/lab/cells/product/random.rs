//! Random sequences of what people and machines do: after each step kernel and product agree.

use super::subject::{Subject, disagreements};
use crate::lab::cells::ethtool;
use anyhow::Result;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a cell goes on; `RSSMGR_LAB_SECONDS` says otherwise.
const SECONDS: u64 = 20;

/// Steps until the time is over. The seed is in every failure; `RSSMGR_LAB_SEED` repeats one.
pub(super) fn sequences(s: &mut Subject<'_>) -> Result<()> {
    let seed = std::env::var("RSSMGR_LAB_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = seed.unwrap_or(now);
    println!("    {}: random steps with seed {seed}", s.card.name);
    let mut random = Random(seed);
    let seconds =
        std::env::var("RSSMGR_LAB_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let (end, mut done) = (Instant::now() + Duration::from_secs(seconds), Vec::new());
    s.settled("--profile NUMAStatic")?;
    while Instant::now() < end {
        let step = step(s, &mut random)?;
        done.push(step);
        let mut last = String::new();
        // Settled once the daemon says so and the kernel agrees; what is not managed is not waited for.
        let ended = Instant::now() + Duration::from_secs(40);
        let agreed = loop {
            s.product.rssctl(s.guest, "wait")?;
            let differences = disagreements(&s.says()?, &s.kernel()?);
            if differences.is_empty() {
                break true;
            }
            last = differences.join("; ");
            if Instant::now() > ended {
                break false;
            }
        };
        s.checks.that(agreed, || format!("seed {seed}, after {}: {last}", done.join(", ")));
        if !agreed {
            return Ok(());
        }
    }
    s.checks.that(!done.is_empty(), || "no step at all".into());
    Ok(())
}

fn step(s: &mut Subject<'_>, random: &mut Random) -> Result<String> {
    const PROFILES: [&str; 5] = ["Closest", "ClosestStatic", "NUMA", "NUMAStatic", "Conservative"];
    let (name, queues) = (s.card.name, u64::from(s.card.queues));
    let rssctl = match random.below(8) {
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
        _ => {
            s.product.kill9(s.guest)?;
            s.product.restart(s.guest)?;
            return Ok("kill -9 and a new start".into());
        }
    };
    let (verb, arguments) = rssctl.split_once(' ').unwrap_or((&rssctl, ""));
    // A refusal is an answer, too: a base processor may leave nothing eligible.
    let code = s.rssctl(verb, &format!("{arguments} {}", s.card.allow()))?.code;
    Ok(format!("{rssctl} ({code})"))
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
