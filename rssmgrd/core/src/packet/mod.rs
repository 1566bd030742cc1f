//! From the bytes of a frame to the headers that steering looks at.
//!
//! [`parse`] never fails and never panics: it goes as far as the headers are whole and says what it found. A frame
//! that is no IP packet, or whose IP header is broken, has no [`Net`]; one whose transport cannot be reached has no
//! [`Transport`].
//!
//! Lengths in IP headers count: what follows the datagram (Ethernet padding, a frame check sequence) is not payload.
//! A capture may be shorter than the packet was: then a header counts as there when the fields that steering needs
//! were captured and the datagram, by its own length, has room for all of it. For TCP and UDP these are the ports,
//! because the NIC that the capture stands for saw the whole header.
//!
//! The rooms: `link` (what is before IP), `ipv4`, `ipv6` (with the extension headers), `transport`, and `flow` (the
//! headers of a packet that exists only as addresses and ports). Encapsulation has a room of its own beside them,
//! [`encap`], which goes on from [`Net::protocol`] and [`Net::payload`].

pub mod encap;
mod flow;
mod ipv4;
mod ipv6;
mod link;
mod transport;

pub use flow::{FlowError, FlowTuple};
pub use link::LinkType;
pub use transport::{Transport, TransportKind};

/// What was found in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Destination address of the Ethernet header.
    pub dst_mac: Option<[u8; 6]>,
    /// Source address of the Ethernet header, or the sender that a Linux cooked capture names.
    pub src_mac: Option<[u8; 6]>,
    /// VLAN id of the outermost tag, 0 to 4095; 0 is a priority tag, which names no VLAN.
    pub vlan: Option<u16>,
    /// The IP header.
    pub net: Option<Net>,
    /// The TCP or UDP header of a packet that is not a fragment.
    pub transport: Option<Transport>,
}

/// An IP header together with its options or extension headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// The addresses.
    pub addresses: Addresses,
    /// Whether this is a part of a fragmented datagram, be it the first, a middle or the last one. An IPv6 packet
    /// with a fragment header that holds the whole datagram is not (RFC 6946).
    pub fragment: bool,
    /// The protocol of the payload (of the reassembled one for a fragment); `None` when the extension headers could
    /// not be followed to their end.
    pub protocol: Option<u8>,
    /// Where the IP header starts in the frame, in bytes.
    pub start: usize,
    /// Where the payload is: after options and extension headers, up to the end of the datagram or of the capture.
    pub payload: Span,
}

/// The addresses of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Addresses {
    /// IPv4.
    V4 {
        /// Source address.
        src: [u8; 4],
        /// Destination address.
        dst: [u8; 4],
    },
    /// IPv6.
    V6 {
        /// Source address.
        src: [u8; 16],
        /// Destination address.
        dst: [u8; 16],
        /// The home address option of a destination options header: who really sent it (RFC 6275, 6.3).
        home: Option<[u8; 16]>,
        /// The address of a type 2 routing header: who shall really get it (RFC 6275, 6.4).
        routing: Option<[u8; 16]>,
    },
}

/// A range of bytes in a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte; never below `start`.
    pub end: usize,
}

impl Span {
    /// The bytes of `frame` in this range; empty when the range is not inside of it.
    #[must_use]
    pub fn of(self, frame: &[u8]) -> &[u8] {
        frame.get(self.start..self.end).unwrap_or_default()
    }
}

impl Headers {
    /// Those of a packet that comes back: senders and receivers change places.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let addresses = |addresses| match addresses {
            Addresses::V4 { src, dst } => Addresses::V4 { src: dst, dst: src },
            // A mobile node puts its home address into what it sends, its peer into the routing header of what comes back.
            Addresses::V6 { src, dst, home, routing } => {
                Addresses::V6 { src: dst, dst: src, home: routing, routing: home }
            }
        };
        Self {
            dst_mac: self.src_mac,
            src_mac: self.dst_mac,
            vlan: self.vlan,
            net: self.net.map(|net| Net { addresses: addresses(net.addresses), ..net }),
            transport: self.transport.map(|t| Transport { sport: t.dport, dport: t.sport, ..t }),
        }
    }
}

/// Finds the headers of one frame as captured on a link of this type.
#[must_use]
#[inline]
pub fn parse(frame: &[u8], link: LinkType) -> Headers {
    let mut headers = Headers::default();
    fill(frame, link, &mut headers);
    headers
}

/// As [`parse`], into empty headers that stay where they are. Steering does without the copy that returning them is: it
/// takes as long as the rest, since it reads fields that were written just before, in other widths.
#[inline(never)]
pub(crate) fn fill(frame: &[u8], link: LinkType, headers: &mut Headers) {
    if let Some((payload, at)) = link::parse(frame, link, headers) {
        network(frame, payload, at, usize::MAX, headers);
    }
}

/// Fills in the headers from the network layer on. Nothing reaches behind `limit`, which may be beyond what was captured.
#[inline]
fn network(frame: &[u8], payload: link::Payload, at: usize, limit: usize, headers: &mut Headers) {
    let end = match payload {
        link::Payload::Ipv4 => ipv4::parse(frame, at, headers),
        link::Payload::Ipv6 => ipv6::parse(frame, at, headers),
        link::Payload::Other => None,
    };
    if let (Some(end), Some(net)) = (end, &headers.net) {
        headers.transport = transport::parse(frame, net, end.min(limit));
    }
}

/// `N` bytes of `frame` from `at`, if they were captured.
#[inline]
fn array<const N: usize>(frame: &[u8], at: usize) -> Option<&[u8; N]> {
    frame.get(at..)?.first_chunk()
}

/// A 16-bit field in network byte order.
#[inline]
fn be16(frame: &[u8], at: usize) -> Option<u16> {
    array(frame, at).copied().map(u16::from_be_bytes)
}
