//! IPv6 headers, with every extension header that can be skipped.

use super::{Addresses, Headers, Net, Span, array};

/// Protocol numbers of extension headers (IANA, "IPv6 Extension Header Types"). Encrypted payload (50) cannot be
/// looked into and is not among them.
mod kind {
    pub(super) const HOP_BY_HOP: u8 = 0;
    pub(super) const ROUTING: u8 = 43;
    pub(super) const FRAGMENT: u8 = 44;
    pub(super) const AUTHENTICATION: u8 = 51;
    pub(super) const DESTINATION: u8 = 60;
    pub(super) const MOBILITY: u8 = 135;
    pub(super) const HOST_IDENTITY: u8 = 139;
    pub(super) const SHIM6: u8 = 140;
}

/// Where a walk over the extension headers ended.
struct Chain {
    /// First byte after the headers that were followed.
    at: usize,
    /// The protocol there; `None` when the chain is broken or cut.
    protocol: Option<u8>,
    fragment: bool,
    home: Option<[u8; 16]>,
    routing: Option<[u8; 16]>,
}

/// Finds the IPv6 header at `at`. Returns where the datagram ends, perhaps beyond what was captured; `None` if there is
/// no IPv6 header, or its 40 fixed bytes were not captured.
#[inline]
pub(super) fn parse(frame: &[u8], at: usize, headers: &mut Headers) -> Option<usize> {
    let fixed: &[u8; 40] = array(frame, at)?;
    if fixed[0] >> 4 != 6 {
        return None;
    }
    let end = end(fixed, at, frame.len());
    let captured = end.min(frame.len());
    let chain = walk(frame.get(..captured)?, at + 40, fixed[6]);
    headers.net = Some(Net {
        addresses: Addresses::V6 {
            src: array(fixed, 8).copied()?,
            dst: array(fixed, 24).copied()?,
            home: chain.home,
            routing: chain.routing,
        },
        fragment: chain.fragment,
        protocol: chain.protocol,
        start: at,
        payload: Span { start: chain.at, end: captured },
    });
    Some(end)
}

/// Where the datagram with this header at `at` ends, perhaps beyond what was `captured`.
#[inline]
pub(super) fn end(header: &[u8; 40], at: usize, captured: usize) -> usize {
    match usize::from(u16::from_be_bytes([header[4], header[5]])) {
        // A jumbogram (RFC 2675), or a packet that the host segments later.
        0 => captured,
        payload => at + 40 + payload,
    }
}

/// Follows the headers of `datagram` from the one of type `next` at `at`. Every header is at least 8 bytes long, so
/// the walk ends.
#[inline]
fn walk(datagram: &[u8], at: usize, next: u8) -> Chain {
    let mut chain = Chain { at, protocol: Some(next), fragment: false, home: None, routing: None };
    let mut first = true;
    while let Some(kind) = chain.protocol {
        let len = match kind {
            // Anywhere but first it is to be treated like an unknown header (RFC 8200, section 4).
            kind::HOP_BY_HOP if !first => break,
            kind::FRAGMENT => 8,
            // At least 12 bytes (RFC 4302, 2.2).
            kind::AUTHENTICATION => match datagram.get(chain.at + 1) {
                Some(words) if *words > 0 => (usize::from(*words) + 2) * 4,
                _ => return Chain { protocol: None, ..chain },
            },
            kind::HOP_BY_HOP
            | kind::ROUTING
            | kind::DESTINATION
            | kind::MOBILITY
            | kind::HOST_IDENTITY
            | kind::SHIM6 => match datagram.get(chain.at + 1) {
                Some(units) => (usize::from(*units) + 1) * 8,
                None => return Chain { protocol: None, ..chain },
            },
            _ => break,
        };
        let Some(header) = datagram.get(chain.at..chain.at + len) else {
            return Chain { protocol: None, ..chain };
        };
        match kind {
            kind::ROUTING => chain.routing = chain.routing.or_else(|| type_2_address(header)),
            kind::DESTINATION => chain.home = chain.home.or_else(|| home_address(header)),
            _ => {}
        }
        first = false;
        chain.at += len;
        chain.protocol = header.first().copied();
        // Offset (13 bits) or "more fragments" (the last bit).
        if kind == kind::FRAGMENT && header.get(2..4).is_some_and(|f| f[0] != 0 || f[1] & 0xf9 != 0) {
            chain.fragment = true;
            break;
        }
    }
    chain
}

/// The home address in a type 2 routing header, which holds exactly one address, still to be visited (RFC 6275, 6.4.1).
fn type_2_address(header: &[u8]) -> Option<[u8; 16]> {
    let [_, _, routing_type, segments_left] = *array::<4>(header, 0)?;
    if header.len() == 24 && routing_type == 2 && segments_left == 1 {
        array(header, 8).copied()
    } else {
        None
    }
}

/// The home address option (201, 16 bytes; RFC 6275, 6.3) among the options of a destination options header.
fn home_address(header: &[u8]) -> Option<[u8; 16]> {
    let mut options = header.get(2..)?;
    loop {
        match *options {
            // One byte of padding has no length field.
            [0, ref rest @ ..] => options = rest,
            [option, len, ref rest @ ..] => {
                let (data, rest) = rest.split_at_checked(usize::from(len))?;
                if option == 201 && len == 16 {
                    return data.first_chunk().copied();
                }
                options = rest;
            }
            _ => return None,
        }
    }
}
