//! The packet inside of a packet: NVGRE, GRE and VXLAN.
//!
//! [`find`] goes on where [`parse`](super::parse) stopped, from the payload of the outer IP header, and finds the same
//! [`Headers`] once more. One level is looked into: a tunnel inside of the inner packet is payload. A packet has exactly
//! one [`Encapsulation`]; where that one is not switched on, or something keeps a NIC from looking inside, there is no
//! [`Inner`], and the packet is taken as it comes:
//!
//! - a fragment of an outer datagram;
//! - GRE of another version or with source routing, VXLAN without its I flag or on another port;
//! - an encapsulation header that was not captured whole or that outgrows its datagram;
//! - headers beyond [`EncapOffload::max_header`].
//!
//! An [`Inner`] without [`Net`] is an encapsulated packet whose inner protocol cannot be parsed: another one
//! than IP, or an IP header that is broken or was cut. The inner packet ends where its own lengths say, but never behind
//! the end of the packet that carries it.
//!
//! The rooms: `kind` (names and sets), `config` (what a NIC can do and what is switched on), `gre`, `vxlan`.

mod config;
mod gre;
mod kind;
mod vxlan;

pub use config::{
    EncapCapability, EncapConfig, EncapOffload, EncapState, IpLayers, VxlanPort, VxlanPortError,
};
pub use kind::{Encapsulation, Encapsulations, EncapsulationsError};

use super::link::{self, Payload};
use super::{Addresses, Headers, Net, Transport, TransportKind, array, ipv4, ipv6, network};

/// The packet that was found inside of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inner {
    /// How it is carried.
    pub kind: Encapsulation,
    /// Its headers; offsets count from the start of the whole frame.
    pub headers: Headers,
    /// Bytes from the start of the whole frame to the inner payload: behind the inner TCP or UDP header where there is
    /// one, else behind the last header that was found.
    pub header_len: usize,
}

/// An encapsulation header that was found.
struct Tunnel {
    kind: Encapsulation,
    content: Content,
    /// Where the content starts.
    at: usize,
    /// Where it ends at the latest, perhaps beyond what was captured.
    end: usize,
}

/// What is inside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    Ethernet,
    Ipv4,
    Ipv6,
    Other,
}

/// Finds the packet inside of the one that has these `outer` headers, as [`parse`](super::parse) found them in `frame`.
#[must_use]
#[inline]
pub fn find(frame: &[u8], outer: &Headers, config: &EncapConfig) -> Option<Inner> {
    let tunnel = tunnel(frame, outer, config)?;
    let mut headers = Headers::default();
    let header_len = fill(frame, &tunnel, &mut headers);
    if header_len > config.offload(tunnel.kind).max_header {
        return None;
    }
    Some(Inner { kind: tunnel.kind, headers, header_len })
}

#[inline]
fn tunnel(frame: &[u8], outer: &Headers, config: &EncapConfig) -> Option<Tunnel> {
    let net = outer.net.as_ref()?;
    if net.fragment || config.kinds.is_empty() {
        return None;
    }
    let at = net.payload.start;
    let captured = frame.get(..net.payload.end)?;
    let tunnel = match (net.protocol, outer.transport) {
        (Some(gre::PROTOCOL), _) => gre::parse(captured, at, end(frame, net)?),
        (_, Some(Transport { kind: TransportKind::Udp, dport, .. })) if dport == config.vxlan_port.get() => {
            vxlan::parse(captured, at, end(frame, net)?)
        }
        _ => None,
    };
    tunnel.filter(|tunnel| config.kinds.has(tunnel.kind))
}

/// Where a datagram ends, perhaps beyond what was captured.
#[inline]
fn end(frame: &[u8], net: &Net) -> Option<usize> {
    let (at, captured) = (net.start, frame.len());
    Some(match net.addresses {
        Addresses::V4 { .. } => ipv4::end(array(frame, at)?, at, captured),
        Addresses::V6 { .. } => ipv6::end(array(frame, at)?, at, captured),
    })
}

/// Fills in the headers inside of a tunnel. Returns where they end.
#[inline(never)]
fn fill(frame: &[u8], tunnel: &Tunnel, headers: &mut Headers) -> usize {
    let captured = frame.get(..tunnel.end).unwrap_or(frame);
    let found = match tunnel.content {
        Content::Ethernet => link::ethernet(captured, tunnel.at, headers),
        Content::Ipv4 => Some((Payload::Ipv4, tunnel.at)),
        Content::Ipv6 => Some((Payload::Ipv6, tunnel.at)),
        Content::Other => None,
    };
    let Some((payload, at)) = found else { return tunnel.at };
    network(captured, payload, at, tunnel.end, headers);
    match (&headers.net, headers.transport) {
        (None, _) => at,
        (Some(net), None) => net.payload.start,
        (Some(net), Some(transport)) => {
            net.payload.start + transport.kind.header_len(captured, net.payload.start)
        }
    }
}

/// The Ethernet address and the VLAN by which VMQ finds the queue of a packet: those of the inner Ethernet header where
/// there is one, be its payload parsable or not, else the outermost ones. So too for packets whose IP versions the mask
/// [`EncapOffload::vmq`] does not cover. `inner` is what [`find`] found with the same configuration.
#[must_use]
#[inline]
pub fn vmq_target(
    outer: &Headers,
    inner: Option<&Inner>,
    config: &EncapConfig,
) -> (Option<[u8; 6]>, Option<u16>) {
    let inside = inner
        .filter(|inner| inner.headers.dst_mac.is_some())
        .filter(|inner| config.offload(inner.kind).vmq.covers(outer, inner))
        .map(|inner| &inner.headers);
    let headers = inside.unwrap_or(outer);
    (headers.dst_mac, headers.vlan)
}
