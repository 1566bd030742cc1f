//! VXLAN (RFC 7348): eight bytes and an Ethernet frame in a UDP datagram.

use super::{Content, Encapsulation, Tunnel};
use crate::packet::array;

/// Bytes of the UDP header and of the VXLAN header behind it.
const HEADERS: usize = 16;
/// The I flag: there is a network identifier. All other bits of the flags are to be ignored.
const IDENTIFIER: u8 = 0x08;

/// The VXLAN header behind the UDP header at `at` of a datagram whose captured part is `frame`, and which ends at `end`;
/// `None` when it names no network or is not whole.
#[inline]
pub(super) fn parse(frame: &[u8], at: usize, end: usize) -> Option<Tunnel> {
    let headers: &[u8; HEADERS] = array(frame, at)?;
    let end = match usize::from(u16::from_be_bytes([headers[4], headers[5]])) {
        // Datagrams that outgrow 16 bits (RFC 2675), or that the host segments later.
        0 => end,
        len if len < HEADERS => return None,
        len => end.min(at + len),
    };
    if headers[8] & IDENTIFIER == 0 {
        return None;
    }
    Some(Tunnel { kind: Encapsulation::Vxlan, content: Content::Ethernet, at: at + HEADERS, end })
}
