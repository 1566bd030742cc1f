//! A packet that exists only as addresses and ports, for predictions.

use super::{Addresses, Headers, Net, Span, Transport, TransportKind};
use core::net::IpAddr;

/// One direction of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowTuple {
    /// Source address.
    pub src: IpAddr,
    /// Destination address, of the same IP version.
    pub dst: IpAddr,
    /// Source and destination port; `None` for packets without (ICMP, fragments).
    pub ports: Option<(u16, u16)>,
    /// What the ports are of; `None` for any other protocol.
    pub proto: Option<TransportKind>,
}

/// Why a tuple is no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// One address is IPv4, the other IPv6.
    #[error(
        "source {src} and destination {dst} are of different IP versions: give two IPv4 or two IPv6 addresses"
    )]
    Families {
        /// Source address.
        src: IpAddr,
        /// Destination address.
        dst: IpAddr,
    },
    /// Ports without a transport protocol.
    #[error("ports {sport} and {dport} need a transport protocol: give tcp or udp, or leave the ports out")]
    NoTransport {
        /// Source port.
        sport: u16,
        /// Destination port.
        dport: u16,
    },
}

impl FlowTuple {
    /// The headers that a packet of this flow carries. Offsets are zero: there is no frame.
    ///
    /// # Errors
    /// Addresses of different IP versions, or ports without a protocol.
    pub fn headers(&self) -> Result<Headers, FlowError> {
        let addresses = match (self.src, self.dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => Addresses::V4 { src: src.octets(), dst: dst.octets() },
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                Addresses::V6 { src: src.octets(), dst: dst.octets(), home: None, routing: None }
            }
            (src, dst) => return Err(FlowError::Families { src, dst }),
        };
        let transport = match (self.ports, self.proto) {
            (Some((sport, dport)), Some(kind)) => Some(Transport { kind, sport, dport }),
            (Some((sport, dport)), None) => return Err(FlowError::NoTransport { sport, dport }),
            (None, _) => None,
        };
        let net = Net {
            addresses,
            fragment: false,
            protocol: self.proto.map(TransportKind::protocol),
            start: 0,
            payload: Span::default(),
        };
        Ok(Headers { net: Some(net), transport, ..Headers::default() })
    }
}
