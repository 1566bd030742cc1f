//! What people and machines do to a card, a step each: drawn by chance, written down as a line, and done.

use super::card::Card;
use super::subject::Subject;
use crate::lab::cells::ethtool;
use anyhow::{Context as _, Result, bail};
use std::fmt;
use std::str::FromStr;

/// One thing that is done to a card, or to the daemon that manages it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `rssctl` by its verb, and the arguments behind the card's name.
    Rssctl(String),
    /// `ethtool -L`: combined channels, by hand.
    Channels(u32),
    /// `ethtool -X`: entries for so many queues, by hand.
    Table(u32),
    /// The interface goes down and up.
    DownAndUp,
    /// The daemon is killed, and started again.
    Killed,
    /// The cable is pulled and plugged.
    Cable,
    /// A processor goes off line, or comes back.
    Processor { cpu: u32, online: bool },
    /// The interrupt of a queue is moved by hand.
    Moved { queue: u32, cpu: u32 },
    /// The card is pulled out and plugged in.
    Replugged,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rssctl(arguments) => write!(f, "rssctl {arguments}"),
            Self::Channels(count) => write!(f, "ethtool -L combined {count}"),
            Self::Table(queues) => write!(f, "ethtool -X equal {queues}"),
            Self::DownAndUp => f.write_str("down and up"),
            Self::Killed => f.write_str("kill -9 and start"),
            Self::Cable => f.write_str("cable out and in"),
            Self::Processor { cpu, online: true } => write!(f, "processor {cpu} on"),
            Self::Processor { cpu, online: false } => write!(f, "processor {cpu} off"),
            Self::Moved { queue, cpu } => write!(f, "queue {queue} to {cpu}"),
            Self::Replugged => f.write_str("unplug and plug"),
        }
    }
}

impl FromStr for Step {
    type Err = anyhow::Error;

    fn from_str(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(match words[..] {
            ["rssctl", ref arguments @ ..] if !arguments.is_empty() => Self::Rssctl(arguments.join(" ")),
            ["ethtool", "-L", "combined", count] => Self::Channels(count.parse()?),
            ["ethtool", "-X", "equal", queues] => Self::Table(queues.parse()?),
            ["down", "and", "up"] => Self::DownAndUp,
            ["kill", "-9", "and", "start"] => Self::Killed,
            ["cable", "out", "and", "in"] => Self::Cable,
            ["processor", cpu, "on"] => Self::Processor { cpu: cpu.parse()?, online: true },
            ["processor", cpu, "off"] => Self::Processor { cpu: cpu.parse()?, online: false },
            ["queue", queue, "to", cpu] => Self::Moved { queue: queue.parse()?, cpu: cpu.parse()? },
            ["unplug", "and", "plug"] => Self::Replugged,
            _ => bail!("`{line}` is no step of a sequence"),
        })
    }
}

/// Draws the steps of a sequence: what a seed stands for depends on the card alone.
pub(super) fn draw(seed: u64, card: &Card, count: usize) -> Vec<Step> {
    let mut random = Random(seed);
    let mut offline = None;
    (0..count).map(|_| one(&mut random, card, &mut offline)).collect()
}

fn one(random: &mut Random, card: &Card, offline: &mut Option<u32>) -> Step {
    const PROFILES: [&str; 5] = ["Closest", "ClosestStatic", "NUMA", "NUMAStatic", "Conservative"];
    let queues = card.queues;
    match random.below(16) {
        0 => Step::Rssctl(format!("set --profile {}", PROFILES[random.below(5) as usize])),
        1 => Step::Rssctl(format!("set --base-processor {}", random.below(8))),
        2 => Step::Rssctl(format!("set --max-processors {}", 1 + random.below(queues))),
        3 => Step::Rssctl(format!("set --queues {}", 1 + random.below(queues))),
        4 if card.entries > 0 => Step::Rssctl("disable".into()),
        4 | 5 => Step::Rssctl("enable".into()),
        6 => Step::DownAndUp,
        7 => Step::Killed,
        // Refused by the kernel where the table has a queue that would go.
        8 | 9 if card.channels.is_some() => Step::Channels(1 + random.below(queues)),
        8 | 10 if card.entries > 0 => Step::Table(1 + random.below(queues)),
        8..=10 => Step::Rssctl("enable".into()),
        11 => Step::Cable,
        // Processor 0 cannot go.
        12 | 13 => match offline.take() {
            Some(cpu) => Step::Processor { cpu, online: true },
            None => {
                let cpu = 1 + random.below(7);
                *offline = Some(cpu);
                Step::Processor { cpu, online: false }
            }
        },
        14 => Step::Moved { queue: random.below(queues), cpu: random.below(8) },
        _ => Step::Replugged,
    }
}

impl Step {
    /// Does it, and tells what was done. What is refused is an answer, too.
    pub(super) fn perform(&self, s: &mut Subject<'_>) -> Result<String> {
        let name = s.card.name;
        let code = match self {
            Self::Rssctl(arguments) => {
                let (verb, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
                s.rssctl(verb, &format!("{rest} {}", s.card.allow()))?.code
            }
            Self::Channels(count) => s.guest.run(&format!("ethtool -L {name} combined {count}"))?.code,
            Self::Table(queues) => s.guest.run(&format!("ethtool -X {name} equal {queues}"))?.code,
            Self::DownAndUp => {
                s.guest.expect(&format!("ip link set {name} down"))?;
                ethtool::up(s.guest, name)?;
                0
            }
            Self::Killed => {
                s.product.kill9(s.guest)?;
                s.product.restart(s.guest)?;
                0
            }
            Self::Cable => {
                s.guest.link(name, false)?;
                s.guest.expect(&format!(
                    "until [ \"$(cat /sys/class/net/{name}/carrier)\" = 0 ]; do sleep 0.02; done"
                ))?;
                s.guest.link(name, true)?;
                ethtool::up(s.guest, name)?;
                0
            }
            Self::Processor { cpu, online } => {
                let online = u8::from(*online);
                s.guest.run(&format!("echo {online} >/sys/devices/system/cpu/cpu{cpu}/online"))?.code
            }
            Self::Moved { queue, cpu } => {
                // Down to fewer channels there is none.
                let vector = s.kernel()?.vector(*queue).map(|vector| vector.number);
                let Some(vector) = vector else { return Ok(format!("{self}: no vector")) };
                s.guest.run(&format!("echo {cpu} >/proc/irq/{vector}/smp_affinity_list"))?.code
            }
            Self::Replugged => {
                s.guest.unplug(name)?;
                s.guest.plug_back(name)?;
                let there = s.guest.interface(name)?;
                s.guest.expect(&format!("[ {there} = {name} ] || ip link set {there} name {name}"))?;
                ethtool::up(s.guest, name)?;
                0
            }
        };
        Ok(if code == 0 { self.to_string() } else { format!("{self} ({code})") })
    }
}

/// The steps of lines.
pub(super) fn parse(lines: &[String]) -> Result<Vec<Step>> {
    lines.iter().map(|line| line.parse().with_context(|| format!("in the sequence {lines:?}"))).collect()
}

/// splitmix64
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((z ^ (z >> 31)) % u64::from(end.max(1))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::card::CARDS;
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_of_step_is_drawn_and_can_be_written_down() {
        let mut kinds = BTreeSet::new();
        for card in &CARDS {
            for seed in 0..200 {
                for step in draw(seed, card, 8) {
                    assert_eq!(step.to_string().parse::<Step>().unwrap(), step);
                    let text = step.to_string();
                    kinds.insert(text.trim_matches(|c: char| !c.is_alphabetic()).to_owned());
                }
            }
        }
        for kind in ["rssctl set --profile NUMAStatic", "rssctl disable", "rssctl enable", "down and up"] {
            assert!(kinds.contains(kind), "{kind} in {kinds:?}");
        }
        for kind in ["kill -9 and start", "cable out and in", "unplug and plug", "ethtool -L combined"] {
            assert!(kinds.contains(kind), "{kind} in {kinds:?}");
        }
    }

    #[test]
    fn a_seed_is_the_same_sequence_each_time() {
        assert_eq!(draw(7, &CARDS[0], 8), draw(7, &CARDS[0], 8));
        assert_ne!(draw(7, &CARDS[0], 8), draw(8, &CARDS[0], 8));
    }

    #[test]
    fn what_is_no_step_is_told() {
        for line in ["", "rssctl", "ethtool -L combined x", "processor 3", "queue 1 to"] {
            assert!(line.parse::<Step>().is_err(), "{line}");
        }
    }
}
