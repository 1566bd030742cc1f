//! Packets inside of packets: what [`crate::build`] builds, carried in a tunnel.

use crate::build::{Built, Ip, Link, Payload, build, ethernet, ips, links, payloads};
use proptest::prelude::*;
use proptest::sample::select;
use rssmgr_core::packet::encap::Encapsulation;
use rssmgr_core::packet::{Headers, Net, Span};

/// How a packet is carried.
#[derive(Clone, Debug)]
pub(crate) enum Tunnel {
    /// The flags C, K and S as in the first byte of the header; the protocol is that of the content.
    Gre {
        flags: u8,
    },
    Vxlan {
        port: u16,
        udp_len: UdpLen,
    },
}

/// What the UDP header of a VXLAN packet says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UdpLen {
    True,
    /// As for datagrams that are segmented later.
    Zero,
}

/// A packet in a tunnel, and what is to be found in it.
#[derive(Clone, Debug)]
pub(crate) struct Carried {
    pub(crate) outer: Built,
    pub(crate) kind: Encapsulation,
    /// Where the inner packet starts.
    pub(crate) at: usize,
    /// The inner headers, with offsets in the whole frame.
    pub(crate) inner: Headers,
}

pub(crate) fn carry(link: &Link, ip: &Ip, tunnel: &Tunnel, inner: &Built, padding: usize) -> Carried {
    let ethernet = inner.headers.dst_mac.is_some();
    let (header, kind) = match *tunnel {
        Tunnel::Gre { flags } => {
            let protocol: [u8; 2] = match (ethernet, inner.frame[0] >> 4) {
                (true, _) => [0x65, 0x58],
                (false, 4) => [0x08, 0x00],
                (false, _) => [0x86, 0xdd],
            };
            let mut header = [&[flags, 0][..], &protocol].concat();
            for option in [0x80, 0x20, 0x10] {
                if flags & option != 0 {
                    header.extend([option, 2, 3, 4]);
                }
            }
            let nvgre = ethernet && flags & 0x20 != 0;
            (header, if nvgre { Encapsulation::Nvgre } else { Encapsulation::Gre })
        }
        Tunnel::Vxlan { .. } => (vec![8, 0, 0, 0, 0, 0x12, 0x34, 0], Encapsulation::Vxlan),
    };
    let data = [&header[..], &inner.frame].concat();
    let payload = match *tunnel {
        Tunnel::Gre { .. } => Payload::Other { protocol: 47, data },
        Tunnel::Vxlan { port, .. } => Payload::Udp { sport: 0xc123, dport: port, data },
    };
    let mut outer = build(link, ip, &payload, padding);
    let start = outer.headers.net.unwrap().payload.start;
    let at = match *tunnel {
        Tunnel::Gre { .. } => start + header.len(),
        Tunnel::Vxlan { udp_len, .. } => {
            if matches!(udp_len, UdpLen::Zero) {
                outer.frame[start + 4..start + 6].fill(0);
            }
            start + 8 + header.len()
        }
    };
    Carried { outer, kind, at, inner: shifted(&inner.headers, at) }
}

/// The same headers `by` bytes further behind, wrapping around for those before.
pub(crate) fn shifted(headers: &Headers, by: usize) -> Headers {
    let net = headers.net.map(|net| Net {
        start: net.start.wrapping_add(by),
        payload: Span { start: net.payload.start.wrapping_add(by), end: net.payload.end.wrapping_add(by) },
        ..net
    });
    Headers { net, ..*headers }
}

fn tunnels() -> impl Strategy<Value = (Tunnel, bool)> {
    let flags = select(vec![0, 0x20, 0x80, 0x10, 0xa0, 0x30, 0x90, 0xb0]);
    let udp_len = prop_oneof![4 => Just(UdpLen::True), 1 => Just(UdpLen::Zero)];
    prop_oneof![
        Just((Tunnel::Gre { flags: 0x20 }, true)),
        (flags, any::<bool>()).prop_map(|(flags, ethernet)| (Tunnel::Gre { flags }, ethernet)),
        udp_len.prop_map(|udp_len| (Tunnel::Vxlan { port: 4789, udp_len }, true)),
    ]
}

fn inner(ethernet_inside: bool) -> impl Strategy<Value = Built> {
    let link = if ethernet_inside { ethernet().boxed() } else { Just(Link::RawIp).boxed() };
    (link, ips(), payloads(), 0_usize..24).prop_map(|(link, ip, payload, padding)| {
        // Padding of a packet without a frame of its own would be payload of the tunnel all the same.
        build(&link, &ip, &payload, padding)
    })
}

/// Every tunnel around everything on this link; the outer packet may be a fragment.
fn carried_on(link: impl Strategy<Value = Link>) -> impl Strategy<Value = Carried> {
    (link, ips(), tunnels(), 0_usize..24).prop_flat_map(|(link, ip, (tunnel, ethernet), padding)| {
        inner(ethernet).prop_map(move |inner| carry(&link, &ip, &tunnel, &inner, padding))
    })
}

/// Tunnels on Ethernet.
pub(crate) fn on_ethernet() -> impl Strategy<Value = Carried> {
    carried_on(ethernet())
}

/// Tunnels on any link.
pub(crate) fn on_any_link() -> impl Strategy<Value = Carried> {
    carried_on(links())
}
