//! What a tunnel puts around a frame. There is one tunnel of each kind, between two IPv4 addresses, so that all that comes
//! through it has the same outer headers.

use rssmgr_core::packet::encap::{Encapsulation, VxlanPort};

use super::build::{Built, ETHERNET, ROUTER, be16, ipv4};
use crate::frame::HEADER_BYTES;

/// The far end: a neighbour of this host.
const FAR: [u8; 4] = [10, 0, 0, 2];
/// This host, as in `flows`.
const NEAR: [u8; 4] = [10, 0, 0, 1];
/// The source port of VXLAN, from the range that RFC 7348 recommends.
const SPORT: u16 = 49_152;

/// A frame inside of another to the NIC with this Ethernet address; `inner` gives one that is so many bytes shorter than
/// what is asked for.
pub(super) fn carried(kind: Encapsulation, inner: impl FnOnce(u16) -> Built, mac: [u8; 6]) -> Built {
    let (protocol, mut header): (u8, Vec<u8>) = match kind {
        // A key: virtual subnet 0x1234, flow 0 (RFC 7637).
        Encapsulation::Nvgre => (47, vec![0x20, 0, 0x65, 0x58, 0, 0x12, 0x34, 0]),
        // The type of what is inside follows.
        Encapsulation::Gre => (47, vec![0, 0]),
        Encapsulation::Vxlan => (17, vec![0x08, 0, 0, 0, 0, 0x12, 0x34, 0]),
    };
    // IP, and UDP where it is there; plain GRE carries no Ethernet header, and its type takes two bytes.
    let (udp, dropped) = match kind {
        Encapsulation::Vxlan => (8, 0),
        Encapsulation::Nvgre => (0, 0),
        Encapsulation::Gre => (0, ETHERNET - 2),
    };
    let more = ETHERNET + 20 + udp + header.len() - dropped;
    let Built { stored, wire_len } = inner(u16::try_from(more).unwrap_or(u16::MAX));
    let inside = stored.get(dropped..).unwrap_or_default();
    let inside_len = usize::try_from(wire_len).unwrap_or(usize::MAX).saturating_sub(dropped);
    let payload = udp + header.len() + inside_len;
    if udp > 0 {
        // Without a checksum, as RFC 7348 recommends.
        let [len_high, len_low] = be16(payload);
        let [[s0, s1], [d0, d1]] = [SPORT, VxlanPort::default().get()].map(u16::to_be_bytes);
        header.splice(..0, [s0, s1, d0, d1, len_high, len_low, 0, 0]);
    }
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend(mac);
    bytes.extend(ROUTER);
    bytes.extend([0x08, 0x00]);
    ipv4(&mut bytes, protocol, payload, FAR, NEAR);
    bytes.extend(header);
    bytes.extend(inside);
    bytes.truncate(HEADER_BYTES);
    let wire_len = ETHERNET + 20 + payload;
    Built { stored: bytes, wire_len: u32::try_from(wire_len).unwrap_or(u32::MAX) }
}
