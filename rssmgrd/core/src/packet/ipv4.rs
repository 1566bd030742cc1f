//! IPv4 headers, with options.

use super::{Addresses, Headers, Net, Span, array};

/// Finds the IPv4 header at `at`. Returns where the datagram ends, perhaps beyond what was captured; `None` if there is
/// no IPv4 header, or its 20 fixed bytes were not captured.
#[inline]
pub(super) fn parse(frame: &[u8], at: usize, headers: &mut Headers) -> Option<usize> {
    let fixed: &[u8; 20] = array(frame, at)?;
    let header = usize::from(fixed[0] & 0x0f) * 4;
    if fixed[0] >> 4 != 4 || header < 20 {
        return None;
    }
    let end = match usize::from(u16::from_be_bytes([fixed[2], fixed[3]])) {
        // Packets that the host segments later (or has merged already) and that outgrow 16 bits are captured so.
        0 => frame.len(),
        total if total < header => return None,
        total => at + total,
    };
    // More fragments, or an offset.
    let fragment = u16::from_be_bytes([fixed[6], fixed[7]]) & 0x3fff != 0;
    let captured = end.min(frame.len());
    let start = (at + header).min(captured);
    headers.net = Some(Net {
        addresses: Addresses::V4 { src: array(fixed, 12).copied()?, dst: array(fixed, 16).copied()? },
        fragment,
        protocol: Some(fixed[9]),
        start: at,
        payload: Span { start, end: captured },
    });
    Some(end)
}
