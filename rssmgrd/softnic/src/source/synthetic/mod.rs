//! Made-up flows with Zipf popularity: the same packets in the same order for the same seed.
//!
//! The rooms: `flows` (which flows there are), `build` (their frames), `tunnel` (what is around them), `random`
//! (popularity and the generator).

mod build;
mod flows;
mod random;
mod tunnel;

use std::fmt;
use std::time::Instant;

use rssmgr_core::packet::LinkType;

use super::pace::{Pacer, Rate};
use super::{Loss, Next, Prepared};
use crate::error::SpecError;
use crate::frame::FrameStore;
use crate::options::{Options, number};
use random::{Popularity, Random};

/// Frame sizes in bytes, from the Ethernet header on, without the frame check sequence. A frame is never shorter
/// than its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// Evenly from the first to the second, both included.
    Range(u16, u16),
    /// The simple Internet mix: of 12 packets 7 of 64 bytes, 4 of 594 and 1 of 1518.
    Imix,
}

impl Sizes {
    /// The smallest frame.
    pub const SMALLEST: u16 = 64;
    /// The largest frame: what NICs call jumbo.
    pub const LARGEST: u16 = 9216;
    const ALLOWED: &'static str =
        "a size or a range in bytes, 64 to 9216, such as `64` or `64-1500`, or `imix`";

    fn parse(text: &str) -> Option<Self> {
        if text == "imix" {
            return Some(Self::Imix);
        }
        let (least, most) = text.split_once('-').unwrap_or((text, text));
        let (least, most) = (number(least)?, number(most)?);
        let fits = Self::SMALLEST <= least && least <= most && most <= Self::LARGEST;
        fits.then_some(Self::Range(least, most))
    }

    fn draw(self, random: &mut Random) -> u16 {
        match self {
            Self::Range(least, most) => {
                let span = u32::from(most - least) + 1;
                least + u16::try_from(random.below(span)).unwrap_or(0)
            }
            Self::Imix => match random.below(12) {
                0..=6 => 64,
                7..=10 => 594,
                _ => 1518,
            },
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(least, most) if least == most => write!(f, "{least}"),
            Self::Range(least, most) => write!(f, "{least}-{most}"),
            Self::Imix => f.write_str("imix"),
        }
    }
}

/// What a synthetic source makes. Shares are of packets.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticSpec {
    /// Number of flows, 1 to [`SyntheticSpec::MOST_FLOWS`].
    pub flows: u32,
    /// Exponent of the popularity: the flow of rank k is k^-zipf times as frequent as the first. 0 to 5; 0 makes
    /// all alike.
    pub zipf: f64,
    /// Packets a second.
    pub rate: Rate,
    /// Weight of TCP, 0 to 100.
    pub tcp: u8,
    /// Weight of UDP, 0 to 100.
    pub udp: u8,
    /// Weight of ICMP, 0 to 100.
    pub other: u8,
    /// Percentage of IPv6.
    pub ipv6: u8,
    /// Percentage of packets to multicast groups, which are never TCP.
    pub multicast: u8,
    /// Percentage of packets that are to be forwarded: to our Ethernet address, but to somebody else's IP address.
    pub forwarded: u8,
    /// Percentage of packets that come through one NVGRE tunnel.
    pub nvgre: u8,
    /// Percentage of packets that come through one GRE tunnel.
    pub gre: u8,
    /// Percentage of packets that come through one VXLAN tunnel, whose sender always takes the same source port: the
    /// worst case for a NIC that hashes the outer headers.
    pub vxlan: u8,
    /// Percentage of packets that the host sends, in answer to those of a flow: their completions are handled. Nobody
    /// answers a multicast group, or through a tunnel.
    pub sent: u8,
    /// Frame sizes.
    pub size: Sizes,
    /// Start of the random numbers.
    pub seed: u64,
    /// What happens when a ring is full.
    pub loss: Loss,
}

impl Default for SyntheticSpec {
    /// A thousand flows at a rate that leaves the machine alone.
    fn default() -> Self {
        Self {
            flows: 1000,
            zipf: 1.1,
            rate: Rate::PerSecond(20_000),
            tcp: 70,
            udp: 25,
            other: 5,
            ipv6: 20,
            multicast: 2,
            forwarded: 10,
            nvgre: 0,
            gre: 0,
            vxlan: 0,
            sent: 0,
            size: Sizes::Range(64, 1500),
            seed: 1,
            loss: Loss::Lossless,
        }
    }
}

impl SyntheticSpec {
    /// The most flows there can be.
    pub const MOST_FLOWS: u32 = 65_536;
    const OF: &'static str = "source synthetic";
    const KEYS: &'static [&'static str] = &[
        "flows",
        "zipf",
        "rate",
        "tcp",
        "udp",
        "other",
        "ipv6",
        "multicast",
        "forwarded",
        "nvgre",
        "gre",
        "vxlan",
        "sent",
        "size",
        "seed",
        "loss",
    ];

    pub(super) fn parse(text: &str) -> Result<Self, SpecError> {
        let options = Options::parse(Self::OF, Self::KEYS, text)?;
        let standard = Self::default();
        let zipf = |text: &str| {
            let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            text.parse().ok().filter(|zipf| plain && (0.0..=5.0).contains(zipf))
        };
        let spec = Self {
            flows: options.number("flows", standard.flows, 1..=Self::MOST_FLOWS)?,
            zipf: options.read("zipf", standard.zipf, "0 to 5, such as `1.1`", zipf)?,
            rate: options.read("rate", standard.rate, Rate::ALLOWED, Rate::parse)?,
            tcp: options.number("tcp", standard.tcp, 0..=100)?,
            udp: options.number("udp", standard.udp, 0..=100)?,
            other: options.number("other", standard.other, 0..=100)?,
            ipv6: options.number("ipv6", standard.ipv6, 0..=100)?,
            multicast: options.number("multicast", standard.multicast, 0..=100)?,
            forwarded: options.number("forwarded", standard.forwarded, 0..=100)?,
            nvgre: options.number("nvgre", standard.nvgre, 0..=100)?,
            gre: options.number("gre", standard.gre, 0..=100)?,
            vxlan: options.number("vxlan", standard.vxlan, 0..=100)?,
            sent: options.number("sent", standard.sent, 0..=90)?,
            size: options.read("size", standard.size, Sizes::ALLOWED, Sizes::parse)?,
            seed: options.number("seed", standard.seed, 0..=u64::MAX)?,
            loss: options.read("loss", standard.loss, Loss::ALLOWED, Loss::parse)?,
        };
        if spec.tcp == 0 && spec.udp == 0 && spec.other == 0 {
            return Err(options.wrong(
                "other",
                "0",
                "1 to 100 where `tcp` and `udp` are 0: something must be sent",
            ));
        }
        if u16::from(spec.multicast) + u16::from(spec.forwarded) > 100 {
            let value = spec.forwarded.to_string();
            let allowed = format!("0 to {}: what is multicast is not forwarded", 100 - spec.multicast);
            return Err(options.wrong("forwarded", &value, &allowed));
        }
        let tunnels = u16::from(spec.nvgre) + u16::from(spec.gre) + u16::from(spec.vxlan);
        if tunnels > 100 {
            let value = spec.vxlan.to_string();
            return Err(options.wrong(
                "vxlan",
                &value,
                "so that nvgre, gre and vxlan are 100 together at most",
            ));
        }
        Ok(spec)
    }
}

impl fmt::Display for SyntheticSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flows, zipf, rate, tcp, udp, other, ipv6, multicast, forwarded, .. } = self;
        let Self { nvgre, gre, vxlan, sent, size, seed, loss, .. } = self;
        write!(
            f,
            "flows={flows},zipf={zipf},rate={rate},tcp={tcp},udp={udp},other={other},ipv6={ipv6},\
             multicast={multicast},forwarded={forwarded},nvgre={nvgre},gre={gre},vxlan={vxlan},sent={sent},size={size},seed={seed},loss={loss}"
        )
    }
}

/// Frames that all flows together have in the store, about; each has at least one and at most [`MOST_SIZES`].
const FRAMES: u32 = 16_384;
/// Frames of different sizes that a flow has.
const MOST_SIZES: u32 = 8;

/// Builds the flows and their frames, for a NIC with this Ethernet address and rings of this length.
pub(super) fn prepare(spec: &SyntheticSpec, mac: [u8; 6], ring: u32) -> Prepared {
    let mut random = Random::new(spec.seed);
    let popularity = Popularity::zipf(spec.flows, spec.zipf);
    let sizes = match spec.size {
        Sizes::Range(least, most) if least == most => 1,
        _ => (FRAMES / spec.flows).clamp(1, MOST_SIZES),
    };
    let mut store = FrameStore::default();
    for (flow, id) in flows::flows(spec, &popularity, &mut random).into_iter().zip(0..) {
        for _ in 0..sizes {
            let frame = build::frame(&flow, mac, spec.size.draw(&mut random));
            // 16,384 or 65,536 frames of at most 128 bytes are far from the 4 GiB that a store can hold.
            let _ = store.push(&frame.stored, frame.wire_len, id, LinkType::Ethernet);
        }
        if spec.sent > 0 {
            let frame = build::answer(&flow, mac, spec.size.draw(&mut random));
            let _ = match frame {
                Some(frame) => store.push_sent(&frame.stored, frame.wire_len, id, LinkType::Ethernet),
                None => {
                    let frame = build::frame(&flow, mac, spec.size.draw(&mut random));
                    store.push(&frame.stored, frame.wire_len, id, LinkType::Ethernet)
                }
            };
        }
    }
    let feed = Feed { random, popularity, sizes, sent: spec.sent.into(), pacer: Pacer::new(spec.rate, ring) };
    Prepared { flows: spec.flows, store, feed: super::Feed::Synthetic(feed), loss: spec.loss }
}

/// Draws one packet after the other.
#[derive(Debug)]
pub(crate) struct Feed {
    random: Random,
    popularity: Popularity,
    /// Frames of each flow in the store, without the answer.
    sizes: u32,
    /// Percentage of packets that are answers.
    sent: u32,
    pacer: Option<Pacer>,
}

impl Feed {
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if let Some(Err(due)) = self.pacer.as_mut().map(|pacer| pacer.take(now)) {
            return Next::Wait(due);
        }
        let flow = self.popularity.draw(&mut self.random);
        let size = match self.sizes {
            _ if self.sent > 0 && self.random.below(100) < self.sent => self.sizes,
            1 => 0,
            sizes => self.random.below(sizes),
        };
        let of_flow = self.sizes + u32::from(self.sent > 0);
        Next::Frame(usize::try_from(flow * of_flow + size).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests;
