//! Where the packets come from.
//!
//! A [`SourceSpec`] says it in words. From it a source is prepared: frames are built or loaded, files and sockets
//! opened, everything that takes long or can fail. What is prepared goes to the port, which asks it for one packet
//! after the other.
//!
//! The rooms: `synthetic` (made-up flows), `capture` (a file), `interface` (live frames), `pace` (when the next
//! packet is due) and `flow` (telling the flows of real traffic apart).

mod capture;
mod flow;
mod interface;
mod pace;
mod synthetic;

use std::fmt;
use std::time::Instant;

use crate::error::{SoftnicError, SpecError};
use crate::frame::FrameStore;
use crate::options::{Options, shown};

pub use capture::{CaptureSpec, Pace, Rounds};
pub use interface::InterfaceSpec;
pub(crate) use interface::LiveFrame;
pub use pace::Rate;
pub use synthetic::{Sizes, SyntheticSpec};

/// What happens to a packet whose ring is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// The source waits until there is room.
    #[default]
    Lossless,
    /// The packet is dropped and counted, as a NIC does it.
    Drop,
}

impl Loss {
    const ALLOWED: &'static str = "`lossless` (wait while a ring is full) or `drop` (drop and count)";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "lossless" => Some(Self::Lossless),
            "drop" => Some(Self::Drop),
            _ => None,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lossless => "lossless",
            Self::Drop => "drop",
        })
    }
}

/// A source of packets, as typed after `--source`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SourceSpec {
    /// `none`: no packets.
    #[default]
    None,
    /// `synthetic[:OPTIONS]`: made-up flows.
    Synthetic(SyntheticSpec),
    /// `pcap:FILE[,OPTIONS]`: the packets of a capture file.
    Pcap(CaptureSpec),
    /// `interface:NAME`: the frames that a network interface receives.
    Interface(InterfaceSpec),
}

impl SourceSpec {
    /// Reads a source as it is typed.
    ///
    /// # Errors
    /// Names the option, its value and what is allowed.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "none" => Options::parse("source none", &[], rest).map(|_| Self::None),
            "synthetic" => SyntheticSpec::parse(rest).map(Self::Synthetic),
            "pcap" => CaptureSpec::parse(rest).map(Self::Pcap),
            "interface" => InterfaceSpec::parse(rest).map(Self::Interface),
            _ => Err(SpecError::Value {
                of: "software NIC",
                key: "source",
                value: shown(text),
                allowed: "`synthetic[:OPTIONS]`, `pcap:FILE[,OPTIONS]`, `interface:NAME` or `none`"
                    .to_owned(),
            }),
        }
    }

    /// Builds or loads the frames and opens what must be opened, for a NIC with this Ethernet address and rings of
    /// this length. May take long.
    ///
    /// # Errors
    /// What cannot be opened, or is damaged.
    pub(crate) fn prepare(&self, mac: [u8; 6], ring: u32) -> Result<Prepared, SoftnicError> {
        match self {
            Self::None => Ok(Prepared {
                store: FrameStore::default(),
                flows: 0,
                feed: Feed::None,
                loss: Loss::Lossless,
            }),
            Self::Synthetic(spec) => Ok(synthetic::prepare(spec, mac, ring)),
            Self::Pcap(spec) => capture::prepare(spec, ring),
            Self::Interface(spec) => interface::prepare(spec),
        }
    }
}

impl fmt::Display for SourceSpec {
    /// As it is typed; [`SourceSpec::parse`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Synthetic(spec) => write!(f, "synthetic:{spec}"),
            Self::Pcap(spec) => write!(f, "pcap:{spec}"),
            Self::Interface(spec) => write!(f, "interface:{spec}"),
        }
    }
}

/// How the source of a NIC is doing. The NIC itself goes on in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// Packets come, or will.
    Running,
    /// All packets came; also the state of the source `none`.
    Finished,
    /// It cannot go on; why.
    Failed(String),
}

impl fmt::Display for SourceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("running"),
            Self::Finished => f.write_str("finished"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

/// A source that is ready to run.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) store: FrameStore,
    /// How many flows the order check must tell apart.
    pub(crate) flows: u32,
    pub(crate) feed: Feed,
    pub(crate) loss: Loss,
}

impl Prepared {
    /// How the source is doing before its first packet.
    pub(crate) fn state(&self) -> SourceState {
        match self.feed {
            Feed::None => SourceState::Finished,
            Feed::Synthetic(_) | Feed::Capture(_) | Feed::Interface(_) => SourceState::Running,
        }
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This frame of the store.
    Frame(usize),
    /// This frame in the feed's buffer.
    Live(LiveFrame),
    /// Nothing before this moment.
    Wait(Instant),
    /// Nothing until [`Feed::wait`] returns.
    Poll,
    /// Something, but the mailbox shall be looked at first.
    Pass,
    /// Something, but all rings must be empty first.
    Settle,
    /// Nothing any more: all was given.
    Finished,
    /// Nothing any more, and why.
    Failed(String),
    /// Nothing at all.
    Nothing,
}

/// What the port asks for packets.
#[derive(Debug)]
pub(crate) enum Feed {
    None,
    Synthetic(synthetic::Feed),
    Capture(capture::Feed),
    Interface(Box<interface::Feed>),
}

impl Feed {
    /// The next packet at the time `now`.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        match self {
            Self::None => Next::Nothing,
            Self::Synthetic(feed) => feed.next(now),
            Self::Capture(feed) => feed.next(now),
            Self::Interface(feed) => feed.next(),
        }
    }

    /// The bytes of the live frame that was given last.
    pub(crate) fn live_data(&self, frame: &LiveFrame) -> &[u8] {
        match self {
            Self::Interface(feed) => feed.data(frame),
            Self::None | Self::Synthetic(_) | Self::Capture(_) => &[],
        }
    }

    /// Waits a moment for the next packet, after [`Next::Poll`]; why none can come any more.
    pub(crate) fn wait(&self) -> Result<(), String> {
        match self {
            Self::Interface(feed) => feed.wait(),
            Self::None | Self::Synthetic(_) | Self::Capture(_) => Ok(()),
        }
    }
}
