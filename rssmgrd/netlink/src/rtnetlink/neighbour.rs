//! Neighbours: whether a host on the link is known to be there.

use crate::Error;
use crate::wire::{Kind, Malformed, Names, Problem, Request};
use std::net::IpAddr;

pub(super) const NEW_NEIGHBOUR: u16 = 28;
const GET_NEIGHBOUR: u16 = 30;

/// Bytes of `struct ndmsg`: family, padding, interface index, state, flags, type.
const HEADER: usize = 12;

/// `AF_INET`, `AF_INET6`.
const FAMILIES: [u8; 2] = [2, 10];

/// `NDA_DST`.
const DESTINATION: u16 = 1;

static NAMES: Names = Names(&[(DESTINATION, "destination", None)]);

/// What is known of a neighbour, by the kernel's bits (`NUD_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NeighbourState(pub u16);

impl NeighbourState {
    /// It was asked for and has not answered yet.
    pub const INCOMPLETE: Self = Self(0x01);
    /// It answered lately.
    pub const REACHABLE: Self = Self(0x02);
    /// It answered, and has not been needed for a while.
    pub const STALE: Self = Self(0x04);
    /// It is about to be asked again.
    pub const DELAY: Self = Self(0x08);
    /// It is being asked again.
    pub const PROBE: Self = Self(0x10);
    /// It does not answer.
    pub const FAILED: Self = Self(0x20);
    /// Links without addresses need no answer.
    pub const NO_ARP: Self = Self(0x40);
    /// Somebody wrote its address down.
    pub const PERMANENT: Self = Self(0x80);

    /// Whether packets are sent to it without asking for it first. The kernel forgets the neighbours of a link that goes
    /// down, so that none of these states outlives it but those of an administrator.
    #[must_use]
    pub const fn is_known(self) -> bool {
        const KNOWN: [NeighbourState; 6] = [
            NeighbourState::REACHABLE,
            NeighbourState::STALE,
            NeighbourState::DELAY,
            NeighbourState::PROBE,
            NeighbourState::NO_ARP,
            NeighbourState::PERMANENT,
        ];
        let [a, b, c, d, e, f] = KNOWN;
        self.0 & (a.0 | b.0 | c.0 | d.0 | e.0 | f.0) != 0
    }
}

/// One neighbour of an interface.
pub(super) fn question(index: u32, address: IpAddr) -> Result<Request, Error> {
    let subject = format!("neighbour {address} of interface {index}");
    // The kernel's index is a signed number.
    let index = i32::try_from(index).map_err(|_| Error::NotPossible {
        operation: "getneigh",
        subject: subject.clone(),
        reason: "interface indices are below 2,147,483,648",
    })?;
    let mut header = [0; HEADER];
    header[0] = FAMILIES[usize::from(address.is_ipv6())];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    let mut request = Request::new("getneigh", Kind::Get, GET_NEIGHBOUR, &header, &NAMES).about(subject);
    match address {
        IpAddr::V4(a) => request.bytes(DESTINATION, &a.octets()),
        IpAddr::V6(a) => request.bytes(DESTINATION, &a.octets()),
    }
    Ok(request)
}

pub(super) fn decode(payload: &[u8]) -> Result<NeighbourState, Malformed> {
    let short = Problem::Short { got: payload.len(), want: HEADER };
    let header = payload.first_chunk::<HEADER>();
    let Some(&[.., low, high, _, _]) = header else {
        return Err(Malformed { what: "neighbour", attribute: None, problem: short });
    };
    Ok(NeighbourState(u16::from_ne_bytes([low, high])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_neighbour_is_asked_for_and_its_state_is_read() {
        let v4 = question(7, IpAddr::from([192, 0, 2, 1])).unwrap().finish(1).unwrap();
        let expected = [
            &[36, 0, 0, 0, 30, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0][..],
            &[2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0],
            &[8, 0, 1, 0, 192, 0, 2, 1],
        ];
        assert_eq!(v4, expected.concat());
        let v6 = question(7, IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 1])).unwrap().finish(1).unwrap();
        assert_eq!((v6[16], &v6[28..32]), (10, &[20, 0, 1, 0][..]));
        assert!(question(u32::MAX, IpAddr::from([0, 0, 0, 0])).unwrap_err().is_unsupported());

        let answer = |state: u8| decode(&[2, 0, 0, 0, 7, 0, 0, 0, state, 0, 0, 1]).unwrap();
        assert_eq!(answer(4), NeighbourState::STALE);
        let known = [0x02, 0x04, 0x08, 0x10, 0x40, 0x80];
        assert!(known.into_iter().all(|state| answer(state).is_known()));
        assert!([0x00, 0x01, 0x20].into_iter().all(|state| !answer(state).is_known()));
        assert!(decode(&[0; 11]).is_err());
    }
}
