//! Replays a capture file. The whole file is loaded first, so that damage is found before anything is sent and no
//! disk is read while packets are.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use rssmgr_core::packet;
use rssmgr_host::capture::{Capture, CaptureError};

use super::flow::Flows;
use super::pace::{LATEST, Pacer, Rate};
use super::{Loss, Next, Prepared};
use crate::error::{SoftnicError, SpecError};
use crate::frame::{Frame, FrameStore};
use crate::options::{Options, number};

/// The most memory that the packets of a capture may take, in bytes.
const MOST_MEMORY: u64 = 256 << 20;
/// The shortest nap between two packets of a capture that is paced by its timestamps.
const SHORTEST_NAP: Duration = Duration::from_micros(200);
/// The shortest time between the last packet of a capture and the first of its next round.
const SHORTEST_GAP: u64 = 1_000_000;

/// How often a capture is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounds {
    /// Again and again.
    Forever,
    /// This often, at least once.
    Times(u32),
}

impl Rounds {
    const ALLOWED: &'static str = "`forever`, `once`, or how often, 1 to 4294967295";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "forever" => Some(Self::Forever),
            "once" => Some(Self::Times(1)),
            text => number(text).filter(|n| *n > 0).map(Self::Times),
        }
    }
}

impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.write_str("forever"),
            Self::Times(1) => f.write_str("once"),
            Self::Times(n) => n.fmt(f),
        }
    }
}

/// When the packets of a capture are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As far apart as they were captured.
    Real,
    /// At a rate.
    Rate(Rate),
}

impl Pace {
    const ALLOWED: &'static str =
        "`real` (as captured), `max`, or packets a second, 1 to 100M, such as `20k` or `1500`";

    fn parse(text: &str) -> Option<Self> {
        if text == "real" { Some(Self::Real) } else { Rate::parse(text).map(Self::Rate) }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Rate(rate) => rate.fmt(f),
        }
    }
}

/// A capture file and how it is replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureSpec {
    /// The file, pcap or pcapng.
    pub file: String,
    /// How often.
    pub rounds: Rounds,
    /// When each packet is sent.
    pub pace: Pace,
    /// What happens when a ring is full.
    pub loss: Loss,
}

impl CaptureSpec {
    const OF: &'static str = "source pcap";
    const KEYS: &'static [&'static str] = &["loop", "pace", "loss"];

    /// Reads `FILE[,OPTIONS]`. In FILE a comma and a backslash are written with a backslash before them.
    pub(super) fn parse(text: &str) -> Result<Self, SpecError> {
        let (file, rest) = split_file(text);
        let options = Options::parse(Self::OF, Self::KEYS, rest)?;
        if file.is_empty() {
            return Err(options.wrong("file", "", "the file behind the colon, such as `pcap:/tmp/web.pcap`"));
        }
        Ok(Self {
            file,
            rounds: options.read("loop", Rounds::Forever, Rounds::ALLOWED, Rounds::parse)?,
            pace: options.read("pace", Pace::Real, Pace::ALLOWED, Pace::parse)?,
            loss: options.read("loss", Loss::Lossless, Loss::ALLOWED, Loss::parse)?,
        })
    }
}

/// The file and what is behind the first comma that has no backslash.
fn split_file(text: &str) -> (String, &str) {
    let mut file = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ',' => return (file, chars.as_str()),
            '\\' => file.extend(chars.next()),
            c => file.push(c),
        }
    }
    (file, "")
}

impl fmt::Display for CaptureSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, rounds, pace, loss } = self;
        let file = file.replace('\\', "\\\\").replace(',', "\\,");
        write!(f, "{file},loop={rounds},pace={pace},loss={loss}")
    }
}

/// Loads the capture, for a NIC with rings of this length.
pub(super) fn prepare(spec: &CaptureSpec, ring: u32) -> Result<Prepared, SoftnicError> {
    let damaged = |cause| match cause {
        CaptureError::Open { .. } => SoftnicError::CaptureOpen(cause),
        cause => SoftnicError::Capture { file: spec.file.clone(), cause },
    };
    let mut capture = Capture::open(Path::new(&spec.file)).map_err(damaged)?;
    let mut store = FrameStore::default();
    let mut flows = Flows::default();
    let mut clock = Clock::default();
    let mut memory = 0;
    while let Some(record) = capture.next_record().map_err(damaged)? {
        memory +=
            u64::try_from(record.data.len() + size_of::<Frame>() + size_of::<u64>()).unwrap_or(u64::MAX);
        let flow = flows.number(&packet::parse(record.data, record.link), u32::MAX).unwrap_or(0);
        // Some writers leave the original length at 0, or below what they captured.
        let wire_len = record.original_len.max(u32::try_from(record.data.len()).unwrap_or(u32::MAX));
        if memory > MOST_MEMORY || !store.push(record.data, wire_len, flow, record.link) {
            let (file, packet) = (spec.file.clone(), record.packet);
            return Err(SoftnicError::CaptureTooLarge { file, packet, limit: MOST_MEMORY >> 20 });
        }
        clock.add(record.time_ns);
    }
    if store.frames.is_empty() {
        return Err(SoftnicError::CaptureEmpty { file: spec.file.clone() });
    }
    let timing = match spec.pace {
        Pace::Real => Timing::AsCaptured { start: None, gap: clock.gap(), times: clock.times },
        Pace::Rate(rate) => Timing::Rate(Pacer::new(rate, ring)),
    };
    let packets = store.frames.len();
    let feed = Feed { packets, next: 0, round: 0, rounds: spec.rounds, timing };
    Ok(Prepared { flows: flows.count(), store, feed: super::Feed::Capture(feed), loss: spec.loss })
}

/// Timestamps that never go back, in nanoseconds after the first.
#[derive(Debug, Default)]
struct Clock {
    first: Option<u64>,
    times: Vec<u64>,
}

impl Clock {
    /// Adds a packet; one without a time, or from before its predecessor, comes right after that.
    fn add(&mut self, time_ns: Option<u64>) {
        let last = self.times.last().copied().unwrap_or(0);
        let time = time_ns.map_or(last, |time| time.saturating_sub(*self.first.get_or_insert(time)));
        self.times.push(time.max(last));
    }

    /// How long after the last packet the first one comes again: as far apart as packets are on average.
    fn gap(&self) -> u64 {
        let packets = u64::try_from(self.times.len()).unwrap_or(u64::MAX);
        let duration = self.times.last().copied().unwrap_or(0);
        (duration / packets.saturating_sub(1).max(1)).max(SHORTEST_GAP)
    }
}

/// Replays one packet after the other.
#[derive(Debug)]
pub(crate) struct Feed {
    packets: usize,
    next: usize,
    /// Rounds that are done.
    round: u32,
    rounds: Rounds,
    timing: Timing,
}

#[derive(Debug)]
enum Timing {
    AsCaptured {
        /// When this round started; `None` before the first.
        start: Option<Instant>,
        /// Nanoseconds from a round's start to each packet.
        times: Vec<u64>,
        /// Nanoseconds from a round's last packet to the next round.
        gap: u64,
    },
    Rate(Option<Pacer>),
}

impl Feed {
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if self.next >= self.packets {
            self.round = self.round.saturating_add(1);
            if let Rounds::Times(n) = self.rounds
                && self.round >= n
            {
                return Next::Finished;
            }
            self.next = 0;
            self.timing.next_round();
        }
        if let Err(due) = self.timing.take(self.next, now) {
            return Next::Wait(due);
        }
        self.next += 1;
        Next::Frame(self.next - 1)
    }
}

impl Timing {
    fn next_round(&mut self) {
        if let Self::AsCaptured { start: Some(start), times, gap } = self {
            let duration = times.last().copied().unwrap_or(0);
            *start += Duration::from_nanos(duration.saturating_add(*gap));
        }
    }

    /// Whether a packet is due; if not, when to ask again.
    fn take(&mut self, packet: usize, now: Instant) -> Result<(), Instant> {
        match self {
            Self::AsCaptured { start, times, .. } => {
                let time = Duration::from_nanos(times.get(packet).copied().unwrap_or(0));
                let start = start.get_or_insert(now);
                let due = *start + time;
                if due > now {
                    return Err(due.max(now + SHORTEST_NAP));
                }
                // Who was held up goes on from where it is.
                let late = now - due;
                if late > LATEST {
                    *start += late;
                }
                Ok(())
            }
            Self::Rate(pacer) => pacer.as_mut().map_or(Ok(()), |pacer| pacer.take(now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each packet is given on a clock that only the feed's naps move, in nanoseconds after the start.
    fn schedule(times: &[Option<u64>], rounds: Rounds, most: usize) -> Vec<u128> {
        let mut clock = Clock::default();
        times.iter().for_each(|time| clock.add(*time));
        let timing = Timing::AsCaptured { start: None, gap: clock.gap(), times: clock.times };
        let mut feed = Feed { packets: times.len(), next: 0, round: 0, rounds, timing };
        let start = Instant::now();
        let (mut now, mut given) = (start, Vec::new());
        while given.len() < most {
            match feed.next(now) {
                Next::Frame(index) => {
                    assert_eq!(index, given.len() % times.len());
                    given.push((now - start).as_nanos());
                }
                Next::Wait(due) => now = due,
                _ => break,
            }
        }
        given
    }

    #[test]
    fn as_far_apart_as_captured() {
        const S: u64 = 1_000_000_000;
        // A time that goes back, and one that is missing.
        let times = [Some(5 * S), Some(7 * S), Some(6 * S), None, Some(13 * S)];
        let s = u128::from(S);
        assert_eq!(schedule(&times, Rounds::Times(1), 9), [0, 2 * s, 2 * s, 2 * s, 8 * s]);
        // Eight seconds and five packets: two seconds apart on average.
        assert_eq!(
            schedule(&times, Rounds::Forever, 7),
            [0, 2 * s, 2 * s, 2 * s, 8 * s, 10 * s, 12 * s],
            "the second round"
        );
        assert_eq!(schedule(&times, Rounds::Times(3), usize::MAX).len(), 15);
    }

    /// A capture of one packet, or of many at the same time, does not flood.
    #[test]
    fn rounds_take_time() {
        let gap = u128::from(SHORTEST_GAP);
        assert_eq!(schedule(&[None], Rounds::Forever, 3), [0, gap, 2 * gap]);
        assert_eq!(schedule(&[Some(3), Some(3)], Rounds::Forever, 4), [0, 0, gap, gap]);
    }

    #[test]
    fn goes_on_after_a_stop() {
        const S: u64 = 1_000_000_000;
        let mut timing = Timing::AsCaptured { start: None, times: vec![0, S, 2 * S], gap: S };
        let now = Instant::now();
        assert_eq!(timing.take(0, now), Ok(()));
        let hour = Duration::from_secs(3600);
        assert_eq!(timing.take(1, now + hour), Ok(()));
        assert_eq!(timing.take(2, now + hour), Err(now + hour + Duration::from_secs(1)), "no catching up");
    }

    #[test]
    fn files_with_commas() {
        let parse = |text| CaptureSpec::parse(text).unwrap();
        assert_eq!(parse(r"a\,b\\c.pcap,loop=3").file, r"a,b\c.pcap");
        assert_eq!(parse("x.pcap").file, "x.pcap");
        assert!(CaptureSpec::parse(",loop=3").is_err());
    }
}
