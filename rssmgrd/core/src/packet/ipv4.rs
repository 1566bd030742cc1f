//! IPv4 headers, with options.

use super::transport::{self, Transport};
use super::{Addresses, Net, Span, array};

/// The IPv4 header at `at`; `None` if it is not one, or its 20 fixed bytes were not captured.
#[inline]
pub(super) fn parse(frame: &[u8], at: usize) -> Option<(Net, Option<Transport>)> {
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
    let protocol = fixed[9];
    let captured = end.min(frame.len());
    let start = (at + header).min(captured);
    let net = Net {
        addresses: Addresses::V4 {
            src: [fixed[12], fixed[13], fixed[14], fixed[15]],
            dst: [fixed[16], fixed[17], fixed[18], fixed[19]],
        },
        fragment,
        protocol: Some(protocol),
        start: at,
        payload: Span { start, end: captured },
    };
    let transport = if fragment { None } else { transport::parse(frame, protocol, at + header, end) };
    Some((net, transport))
}
