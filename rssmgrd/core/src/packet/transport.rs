//! The ports of TCP and UDP.

use super::{Net, array};

/// A transport protocol whose ports can be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TransportKind {
    /// Protocol number 6.
    Tcp,
    /// Protocol number 17.
    Udp,
}

impl TransportKind {
    /// The transport with this IP protocol number.
    #[must_use]
    pub const fn from_protocol(number: u8) -> Option<Self> {
        match number {
            6 => Some(Self::Tcp),
            17 => Some(Self::Udp),
            _ => None,
        }
    }

    /// The IP protocol number.
    #[must_use]
    pub const fn protocol(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }

    /// Bytes of the shortest header.
    const fn header(self) -> usize {
        match self {
            Self::Tcp => 20,
            Self::Udp => 8,
        }
    }

    /// Bytes of the header at `at`. TCP's options count as far as their length was captured and makes sense.
    pub(super) fn header_len(self, frame: &[u8], at: usize) -> usize {
        let options = match self {
            Self::Tcp => frame.get(at + 12).map_or(0, |byte| usize::from(byte >> 4) * 4),
            Self::Udp => 0,
        };
        options.max(self.header())
    }
}

/// A transport header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Which one.
    pub kind: TransportKind,
    /// Source port.
    pub sport: u16,
    /// Destination port.
    pub dport: u16,
}

/// The transport header of a datagram that ends at `end`, perhaps beyond what was captured. Fragments have none: those
/// after the first do not carry it, and no part of a datagram may be treated other than the rest.
#[inline]
pub(super) fn parse(frame: &[u8], net: &Net, end: usize) -> Option<Transport> {
    let kind = TransportKind::from_protocol(net.protocol?)?;
    if net.fragment || net.payload.start + kind.header() > end {
        return None;
    }
    let [s0, s1, d0, d1] = *array(frame, net.payload.start)?;
    Some(Transport { kind, sport: u16::from_be_bytes([s0, s1]), dport: u16::from_be_bytes([d0, d1]) })
}
