//! Capture files, pcap and pcapng, read as a stream of packets in bounded memory.
//!
//! [`Capture`] hands out one [`Record`] after the other. Damage is an error that names the packet and the byte where it
//! is, and it comes after every record before it, so that the caller decides what the good part is worth. `pcap-parser`
//! takes the headers and blocks apart; lengths are checked here before anything is read, so that a record that claims
//! gigabytes costs nothing.
//!
//! The rooms: `source` (bytes with their offsets), `pcap` and `pcapng` (the two formats), `write` (a pcap writer),
//! `hash` (the Toeplitz hash of each packet), `error`.

mod error;
mod hash;
mod pcap;
mod pcapng;
mod source;
mod write;

pub use error::CaptureError;
pub use hash::{HashedPacket, hash_capture};
pub use write::PcapWriter;

use rssmgr_core::packet::LinkType;
use source::Source;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

/// The longest packet that is believed, in bytes: twice the longest frame that Linux hands out (segmentation offload,
/// 512 KiB). A longer one is damage.
pub const MAX_PACKET: u32 = 1 << 20;

/// One packet of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Number of the packet in the file, from 1.
    pub packet: u64,
    /// When it was captured, in nanoseconds since 1970; `None` where the file does not say.
    pub time_ns: Option<u64>,
    /// What its first header is.
    pub link: LinkType,
    /// The captured bytes, perhaps fewer than the packet had.
    pub data: &'a [u8],
    /// How long the packet was on the wire, in bytes, as the file has it.
    pub original_len: u32,
}

/// A capture file that is being read.
#[derive(Debug)]
pub struct Capture<R> {
    source: Source<R>,
    format: Format,
    /// The current block or packet.
    buffer: Vec<u8>,
    /// Packets met so far.
    packets: u64,
    finished: bool,
}

#[derive(Debug)]
enum Format {
    Pcap(pcap::Pcap),
    PcapNg(pcapng::PcapNg),
}

/// A packet in the buffer.
#[derive(Debug)]
struct Found {
    time_ns: Option<u64>,
    /// As the file numbers link types.
    link: u16,
    data: Range<usize>,
    original_len: u32,
}

impl Capture<File> {
    /// Opens a capture file.
    ///
    /// # Errors
    /// The file cannot be opened, or as for [`Capture::new`].
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let file =
            File::open(path).map_err(|source| CaptureError::Open { path: path.to_path_buf(), source })?;
        Self::new(file)
    }
}

impl<R: Read> Capture<R> {
    /// Reads the file header from `reader`, which needs no buffer of its own.
    ///
    /// # Errors
    /// Not a capture, compressed, cut within the file header, or a pcap file of a link type that is not understood.
    pub fn new(reader: R) -> Result<Self, CaptureError> {
        let mut source = Source::new(reader);
        let mut magic = [0; 4];
        let got = source.fill(&mut magic)?;
        if got == 0 {
            return Err(CaptureError::Empty);
        }
        let format = match magic {
            pcapng::SECTION_HEADER => Format::PcapNg(pcapng::PcapNg::start(&mut source)?),
            magic => match pcap::Pcap::start(&mut source, magic)? {
                Some(pcap) => Format::Pcap(pcap),
                None => return Err(CaptureError::unknown(magic.get(..got).unwrap_or_default())),
            },
        };
        Ok(Self { source, format, buffer: Vec::new(), packets: 0, finished: false })
    }

    /// The next packet; `None` at the end of the file, and after damage has been reported.
    ///
    /// # Errors
    /// The file is damaged here: nothing more can be read. But after [`CaptureError::LinkType`] (one interface of a
    /// pcapng file has a link type that is not understood) the next call goes on behind the packet.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, CaptureError> {
        if self.finished {
            return Ok(None);
        }
        let packet = self.packets + 1;
        let found = match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.source, &mut self.buffer, packet),
            Format::PcapNg(pcapng) => pcapng.next(&mut self.source, &mut self.buffer, packet),
        };
        let Found { time_ns, link: number, data, original_len } = match found {
            Ok(Some(found)) => found,
            other => {
                self.finished = true;
                return other.map(|_| None);
            }
        };
        self.packets = packet;
        let link = link_type(number).ok_or(CaptureError::LinkType { number, packet: Some(packet) })?;
        let data = self.buffer.get(data).unwrap_or_default();
        Ok(Some(Record { packet, time_ns, link, data, original_len }))
    }

    /// How many packets were met so far.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.packets
    }
}

/// The link types that are understood, by the numbers of <https://www.tcpdump.org/linktypes.html>. Raw IP also has the
/// numbers that it has on single systems (12, 14) and those for one IP version (228, 229).
fn link_type(number: u16) -> Option<LinkType> {
    match number {
        1 => Some(LinkType::Ethernet),
        12 | 14 | 101 | 228 | 229 => Some(LinkType::RawIp),
        113 => Some(LinkType::LinuxSll),
        276 => Some(LinkType::LinuxSll2),
        0 | 108 => Some(LinkType::Null),
        _ => None,
    }
}
