//! What can be wrong with a capture file.

use std::io;
use std::path::PathBuf;

/// Why a capture, or the rest of it, cannot be read. Packets count from 1, bytes from 0; "at byte" is where the damaged
/// record starts.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file cannot be opened.
    #[error("cannot open capture {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Reading failed.
    #[error("reading the capture failed at byte {offset}: {source}")]
    Read {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// No bytes at all.
    #[error(
        "the capture is empty (0 bytes): a pcap or pcapng file has at least a header of 24 bytes; capture again"
    )]
    Empty,
    /// A compressed file.
    #[error("the capture is compressed ({format}): decompress it first, for example with `{tool}`")]
    Compressed {
        /// How it is compressed.
        format: &'static str,
        /// What undoes it.
        tool: &'static str,
    },
    /// Some other file.
    #[error(
        "not a capture: the file starts with {start} where a pcap or pcapng file has its magic number; convert it, for example with `editcap -F pcapng IN OUT`"
    )]
    NotACapture {
        /// The first bytes in hexadecimal.
        start: String,
    },
    /// A version of the pcap format that is not known.
    #[error(
        "the capture claims to be of pcap version {major}.{minor}, and only 2.x is known: it is damaged, or something else; capture again"
    )]
    Version {
        /// The major number in the file.
        major: u16,
        /// The minor number in the file.
        minor: u16,
    },
    /// A link type whose headers are not understood.
    #[error(
        "link type {number}{} is not supported: supported are Ethernet (1), raw IP (101, 12, 14, 228, 229), Linux cooked v1 (113) and v2 (276), null and loopback (0, 108); capture on another interface, or leave its packets out (Wireshark: `frame.interface_id`)",
        of_packet(*.packet)
    )]
    LinkType {
        /// The number of the link type in the file.
        number: u16,
        /// The packet; `None` when the whole file has this link type.
        packet: Option<u64>,
    },
    /// The file ends inside of a record, as a capture does that was copied while it ran or that filled a disk.
    #[error(
        "the capture is cut short: {what} at byte {offset} needs {need} bytes, the file has {got} of them{}; copy or capture it again, or keep the whole part with `editcap IN OUT`",
        before(*.packet)
    )]
    Truncated {
        /// What is cut.
        what: &'static str,
        /// The packet that is cut, or would have come next.
        packet: u64,
        /// Where what is cut starts.
        offset: u64,
        /// How long it says it is.
        need: u64,
        /// How much of it there is.
        got: u64,
    },
    /// A length that cannot be.
    #[error(
        "the capture is damaged at byte {offset}: {what} claims {len} bytes, more than the {limit} that it can have{}; copy or capture it again",
        before(*.packet)
    )]
    TooLong {
        /// What claims it.
        what: &'static str,
        /// The packet that it is, or that would have come next.
        packet: u64,
        /// Where it starts.
        offset: u64,
        /// The length that it claims, in bytes.
        len: u64,
        /// The longest that is believed, in bytes.
        limit: u32,
    },
    /// Something else that cannot be.
    #[error("the capture is damaged at byte {offset}: {what}{}; copy or capture it again", before(*.packet))]
    Corrupt {
        /// What cannot be.
        what: &'static str,
        /// The packet that would have come next.
        packet: u64,
        /// Where the damaged record starts.
        offset: u64,
    },
}

impl CaptureError {
    /// The error for a file that starts with none of the magic numbers.
    pub(super) fn unknown(start: &[u8]) -> Self {
        let (format, tool) = match start {
            [0x1f, 0x8b, ..] => ("gzip", "zcat IN > OUT"),
            [0x28, 0xb5, 0x2f, 0xfd] => ("zstd", "zstdcat IN > OUT"),
            [0xfd, b'7', b'z', b'X'] => ("xz", "xzcat IN > OUT"),
            [b'B', b'Z', b'h', _] => ("bzip2", "bzcat IN > OUT"),
            _ => {
                let start: Vec<_> = start.iter().map(|byte| format!("{byte:02x}")).collect();
                return Self::NotACapture { start: start.join(" ") };
            }
        };
        Self::Compressed { format, tool }
    }
}

fn of_packet(packet: Option<u64>) -> String {
    packet.map(|packet| format!(" of packet {packet}")).unwrap_or_default()
}

fn before(packet: u64) -> String {
    match packet {
        0 | 1 => " (no packet before it)".to_owned(),
        2 => " (packet 1 before it is whole)".to_owned(),
        next => format!(" (packets 1 to {} before it are whole)", next - 1),
    }
}
