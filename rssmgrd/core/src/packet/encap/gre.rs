//! GRE of version 0 (RFC 2784) with key and sequence number (RFC 2890). NVGRE (RFC 7637) is GRE with a key around
//! Ethernet frames.

use super::{Content, Encapsulation, Tunnel};
use crate::packet::array;

/// The number of GRE as an IP protocol.
pub(super) const PROTOCOL: u8 = 47;

/// Bits of the first byte of the header.
mod flag {
    pub(super) const CHECKSUM: u8 = 0x80;
    pub(super) const KEY: u8 = 0x20;
    pub(super) const SEQUENCE: u8 = 0x10;
    /// Bits 1, 4 and 5, source routing in RFC 1701: a receiver that does not know them must not go on (RFC 2784, 2.3).
    pub(super) const UNKNOWN: u8 = 0x4c;
}

/// The GRE header at `at` of a datagram whose captured part is `frame`, and which ends at `end`; `None` when it is of
/// another version or not whole.
#[inline]
pub(super) fn parse(frame: &[u8], at: usize, end: usize) -> Option<Tunnel> {
    let [flags, version, kind @ ..] = *array::<4>(frame, at)?;
    if flags & flag::UNKNOWN != 0 || version & 7 != 0 {
        return None;
    }
    // The checksum field (with its reserved half), the key and the sequence number take four bytes each.
    let options = (flags & (flag::CHECKSUM | flag::KEY | flag::SEQUENCE)).count_ones();
    let content = match u16::from_be_bytes(kind) {
        0x0800 => Content::Ipv4,
        0x86dd => Content::Ipv6,
        // Transparent Ethernet bridging.
        0x6558 => Content::Ethernet,
        _ => Content::Other,
    };
    let kind = if content == Content::Ethernet && flags & flag::KEY != 0 {
        Encapsulation::Nvgre
    } else {
        Encapsulation::Gre
    };
    let at = at + 4 * (1 + usize::try_from(options).ok()?);
    if at > frame.len() { None } else { Some(Tunnel { kind, content, at, end }) }
}
