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
    // Shorter than its own header.
    if (1..header).contains(&usize::from(u16::from_be_bytes([fixed[2], fixed[3]]))) {
        return None;
    }
    let end = end(fixed, at, frame.len());
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

/// Where the datagram with this header at `at` ends, perhaps beyond what was `captured`.
#[inline]
pub(super) fn end(header: &[u8; 20], at: usize, captured: usize) -> usize {
    match usize::from(u16::from_be_bytes([header[2], header[3]])) {
        // Packets that the host segments later (or has merged already) and that outgrow 16 bits are captured so.
        0 => captured,
        total => at + total,
    }
}
