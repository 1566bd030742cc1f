//! When the next packet is due.

use std::fmt;
use std::time::{Duration, Instant};

use crate::options::number;

/// The longest that packets are saved up before the port wakes for them.
const LONGEST_NAP: Duration = Duration::from_millis(5);
/// The most packets that are saved up. Bursts are never longer than a quarter of a ring, so that the pacing alone
/// never fills one.
const BURST: u64 = 256;
/// A source that is later than this does not try to catch up.
pub(super) const LATEST: Duration = Duration::from_millis(100);
/// Nanoseconds of a second.
const SECOND: u128 = 1_000_000_000;

/// How many packets a source gives in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// As many as the NIC can handle; takes a whole core.
    Max,
    /// This many, 1 to [`Rate::HIGHEST`].
    PerSecond(u32),
}

impl Rate {
    /// The highest rate that can be asked for, in packets a second.
    pub const HIGHEST: u32 = 100_000_000;
    /// What can be written.
    pub(crate) const ALLOWED: &'static str = "packets a second, 1 to 100M, such as `20k` or `1500`, or `max`";

    /// Reads `max`, or a number with `k` or `M` behind it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "max" {
            return Some(Self::Max);
        }
        let (digits, unit) = match text.as_bytes().last()? {
            b'k' => (text.strip_suffix('k')?, 1_000),
            b'M' => (text.strip_suffix('M')?, 1_000_000),
            _ => (text, 1),
        };
        let rate = number::<u32>(digits)?.checked_mul(unit)?;
        (1..=Self::HIGHEST).contains(&rate).then_some(Self::PerSecond(rate))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Max => f.write_str("max"),
            Self::PerSecond(n) if n.is_multiple_of(1_000_000) => write!(f, "{}M", n / 1_000_000),
            Self::PerSecond(n) if n.is_multiple_of(1_000) => write!(f, "{}k", n / 1_000),
            Self::PerSecond(n) => write!(f, "{n}"),
        }
    }
}

/// Paces packets at a steady rate, in small bursts, so that the port can sleep in between.
#[derive(Debug)]
pub(crate) struct Pacer {
    rate: u32,
    /// Since when packets are counted; `None` before the first.
    start: Option<Instant>,
    /// Packets given since then.
    given: u64,
    /// Packets that could have been given when the clock was last looked at.
    due: u64,
    /// Packets that are saved up.
    burst: u64,
}

impl Pacer {
    /// A pacer for this rate and rings of this length; `None` when nothing is to be paced.
    pub(crate) fn new(rate: Rate, ring: u32) -> Option<Self> {
        let Rate::PerSecond(rate) = rate else { return None };
        let mut pacer = Self { rate: rate.max(1), start: None, given: 0, due: 0, burst: 1 };
        pacer.burst = pacer.packets_in(LONGEST_NAP).min(BURST).min(u64::from(ring) / 4).max(1);
        Some(pacer)
    }

    /// Whether a packet is due; if not, when to ask again. A packet that is due counts as given.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        if self.given < self.due {
            self.given += 1;
            return Ok(());
        }
        let start = *self.start.get_or_insert(now);
        let elapsed = now.saturating_duration_since(start);
        self.due = self.packets_in(elapsed).saturating_add(1);
        if self.given < self.due {
            if self.due - self.given > self.packets_in(LATEST) + BURST {
                (self.start, self.given, self.due) = (Some(now), 0, 1);
            }
            self.given += 1;
            return Ok(());
        }
        Err(start + self.time_of(self.given + self.burst - 1))
    }

    /// How many packets fit into a time.
    fn packets_in(&self, time: Duration) -> u64 {
        u64::try_from(time.as_nanos() * u128::from(self.rate) / SECOND).unwrap_or(u64::MAX)
    }

    /// How long after the start a packet is due, counted from 0.
    fn time_of(&self, packet: u64) -> Duration {
        let ns = (u128::from(packet) * SECOND).div_ceil(u128::from(self.rate));
        Duration::from_nanos(u64::try_from(ns).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a pacer on a clock of its own that sleeps `late` too long each time; gives packets and sleeps.
    fn run(rate: u32, time: Duration, late: Duration) -> (u64, u64) {
        let mut pacer = Pacer::new(Rate::PerSecond(rate), 1024).unwrap();
        let start = Instant::now();
        let (mut now, mut packets, mut naps) = (start, 0, 0);
        while now < start + time {
            match pacer.take(now) {
                Ok(()) => packets += 1,
                Err(due) => {
                    assert!(due > now, "a nap must be in the future");
                    now = due + late;
                    naps += 1;
                }
            }
        }
        (packets, naps)
    }

    #[test]
    fn keeps_the_rate_with_few_naps() {
        for rate in [1, 3, 199, 20_000, 1_000_000, Rate::HIGHEST] {
            let seconds = if rate < 1000 { 20 } else { 1 };
            for late in [Duration::ZERO, Duration::from_micros(60)] {
                let (packets, naps) = run(rate, Duration::from_secs(seconds), late);
                let expected = u64::from(rate) * seconds;
                assert!(
                    packets.abs_diff(expected) <= expected / 1000 + BURST + u64::from(rate) / 10_000,
                    "{rate}/s, {late:?} late: {packets} packets"
                );
                assert!(naps <= packets.div_ceil(BURST).max(200 * seconds) + 1, "{rate}/s: {naps} naps");
            }
        }
    }

    /// What comes together during a nap fits into a quarter of a ring, if more than one packet does.
    #[test]
    fn bursts_fit_rings() {
        for (ring, most) in [(1, 1), (7, 1), (64, 16), (4096, BURST)] {
            let mut pacer = Pacer::new(Rate::PerSecond(1_000_000), ring).unwrap();
            let mut now = Instant::now();
            let mut longest = 0;
            for _ in 0..100 {
                let mut burst = 0;
                now = loop {
                    match pacer.take(now) {
                        Ok(()) => burst += 1,
                        Err(due) => break due,
                    }
                };
                longest = burst.max(longest);
            }
            assert_eq!(longest, most, "ring of {ring}");
        }
    }

    /// After a long stop there is no flood.
    #[test]
    fn does_not_catch_up_for_ever() {
        let mut pacer = Pacer::new(Rate::PerSecond(1000), 1024).unwrap();
        let start = Instant::now();
        assert_eq!(pacer.take(start), Ok(()));
        let later = start + Duration::from_secs(3600);
        let flood = (0..1_000_000).take_while(|_| pacer.take(later).is_ok()).count();
        assert_eq!(flood, 1);
    }

    #[test]
    fn rates_read_back() {
        for text in ["max", "1", "1500", "20k", "100M", "1001k"] {
            assert_eq!(Rate::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "0", "0k", "k", "1K", "101M", "-1", "+1", "1.5k", "5000000000", " 1", "1e3"] {
            assert_eq!(Rate::parse(bad), None, "{bad}");
        }
    }
}
