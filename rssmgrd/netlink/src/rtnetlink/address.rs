//! Addresses of interfaces.

use crate::wire::{Attributes, Kind, Malformed, Names, Request};
use std::net::IpAddr;

pub(super) const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;

/// Bytes of `struct ifaddrmsg`: family, prefix length, flags, scope, interface index.
const HEADER: usize = 8;

/// `IFA_*`.
mod attribute {
    pub(super) const ADDRESS: u16 = 1;
    /// On a link between two hosts this is our end, and `ADDRESS` theirs.
    pub(super) const LOCAL: u16 = 2;
}

static NAMES: Names = Names(&[(attribute::ADDRESS, "address", None), (attribute::LOCAL, "local", None)]);

/// All addresses of the namespace.
pub(super) fn list_question() -> Request {
    Request::new("getaddr", Kind::Dump, GET_ADDRESS, &[0; HEADER], &NAMES)
}

/// The interface's index and the address.
pub(super) fn decode(payload: &[u8]) -> Result<Option<(u32, IpAddr)>, Malformed> {
    let attributes = Attributes::behind("address", payload, HEADER)?;
    let Some(&[_, _, _, _, a, b, c, d]) = payload.first_chunk::<HEADER>() else { return Ok(None) };
    let (mut address, mut local) = (None, None);
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            attribute::ADDRESS => address = ip(attribute.payload),
            attribute::LOCAL => local = ip(attribute.payload),
            _ => {}
        }
    }
    Ok(local.or(address).map(|ip| (u32::from_ne_bytes([a, b, c, d]), ip)))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_end_of_a_link_is_the_address() {
        // 192.0.2.1 of interface 3, the peer being 192.0.2.2.
        let mut message = vec![2, 32, 0, 0];
        message.extend(3_u32.to_ne_bytes());
        for (number, last) in [(attribute::ADDRESS, 2), (attribute::LOCAL, 1)] {
            message.extend(8_u16.to_ne_bytes());
            message.extend(number.to_ne_bytes());
            message.extend([192, 0, 2, last]);
        }
        assert_eq!(decode(&message).unwrap(), Some((3, IpAddr::from([192, 0, 2, 1]))));
        assert!(decode(&message[..7]).is_err(), "shorter than its header");
        assert_eq!(decode(&message[..8]).unwrap(), None, "no address in it");
    }
}
