//! Real frames: Ethernet, IP and transport headers with right lengths and checksums, and a payload of zeros.

use std::net::IpAddr;

use super::flows::{Flow, Protocol, Receiver};
use super::tunnel;
use crate::frame::HEADER_BYTES;

/// A frame, of which only the start is stored; the rest is zeros.
pub(super) struct Built {
    pub(super) stored: Vec<u8>,
    /// Bytes of the whole frame.
    pub(super) wire_len: u32,
}

pub(super) const ETHERNET: usize = 14;
/// Where the frames come from, on the wire: the router.
pub(super) const ROUTER: [u8; 6] = [0x02, 0, 0, 0, 0, 0xfe];

/// A frame of a flow to the NIC with this Ethernet address, `size` bytes long or as long as its headers, with its tunnel.
pub(super) fn frame(flow: &Flow, mac: [u8; 6], size: u16) -> Built {
    match flow.tunnel {
        None => plain(flow, mac, size),
        Some(kind) => tunnel::carried(kind, |less| plain(flow, mac, size.saturating_sub(less)), mac),
    }
}

/// What the NIC's host answers to a frame of a flow; `None` where nobody answers.
pub(super) fn answer(flow: &Flow, mac: [u8; 6], size: u16) -> Option<Built> {
    if flow.tunnel.is_some() || flow.receiver == Receiver::Group {
        return None;
    }
    let Flow { src, dst, sport, dport, .. } = *flow;
    let mut built = plain(&Flow { src: dst, dst: src, sport: dport, dport: sport, ..*flow }, ROUTER, size);
    // From the NIC to the router.
    built.stored.get_mut(ROUTER.len()..2 * ROUTER.len())?.copy_from_slice(&mac);
    Some(built)
}

/// A frame without a tunnel around it.
fn plain(flow: &Flow, mac: [u8; 6], size: u16) -> Built {
    let transport = match flow.protocol {
        Protocol::Tcp => 20,
        Protocol::Udp | Protocol::Icmp => 8,
    };
    let network = if flow.src.is_ipv4() { 20 } else { 40 };
    let len = usize::from(size).max(ETHERNET + network + transport);
    let payload = len - ETHERNET - network;

    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend(destination(flow, mac));
    bytes.extend(ROUTER);
    let protocol = match (flow.protocol, flow.src) {
        (Protocol::Tcp, _) => 6,
        (Protocol::Udp, _) => 17,
        (Protocol::Icmp, IpAddr::V4(_)) => 1,
        (Protocol::Icmp, IpAddr::V6(_)) => 58,
    };
    let pseudo = match (flow.src, flow.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            bytes.extend([0x08, 0x00]);
            ipv4(&mut bytes, protocol, payload, src.octets(), dst.octets());
            sum(&src.octets()) + sum(&dst.octets())
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            bytes.extend(be16(payload));
            bytes.extend([protocol, 64]);
            bytes.extend(src.octets());
            bytes.extend(dst.octets());
            sum(&src.octets()) + sum(&dst.octets())
        }
        // A flow is made with two addresses of one version.
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0,
    };
    let pseudo = pseudo + u32::from(protocol) + sum(&be16(payload));
    segment(&mut bytes, flow, payload, pseudo);
    bytes.resize(len.min(HEADER_BYTES), 0);
    Built { stored: bytes, wire_len: u32::try_from(len).unwrap_or(u32::MAX) }
}

/// Groups have their own Ethernet addresses (RFC 1112, RFC 2464).
fn destination(flow: &Flow, mac: [u8; 6]) -> [u8; 6] {
    match (flow.receiver, flow.dst) {
        (Receiver::Host | Receiver::Forwarded, _) => mac,
        (Receiver::Group, IpAddr::V4(dst)) => {
            let [_, b, c, d] = dst.octets();
            [0x01, 0, 0x5e, b & 0x7f, c, d]
        }
        (Receiver::Group, IpAddr::V6(dst)) => {
            let [.., a, b, c, d] = dst.octets();
            [0x33, 0x33, a, b, c, d]
        }
    }
}

pub(super) fn ipv4(bytes: &mut Vec<u8>, protocol: u8, payload: usize, src: [u8; 4], dst: [u8; 4]) {
    let mut header = [0; 20];
    header[0] = 0x45;
    header[2..4].copy_from_slice(&be16(20 + payload));
    // Don't fragment, time to live 64.
    header[6] = 0x40;
    header[8] = 64;
    header[9] = protocol;
    header[12..16].copy_from_slice(&src);
    header[16..20].copy_from_slice(&dst);
    let check = checksum(sum(&header));
    header[10..12].copy_from_slice(&check);
    bytes.extend(header);
}

/// The transport header. `pseudo` is the sum over the pseudo header that checksums cover, all but ICMP's for IPv4.
fn segment(bytes: &mut Vec<u8>, flow: &Flow, payload: usize, pseudo: u32) {
    let (sport, dport) = (flow.sport.to_be_bytes(), flow.dport.to_be_bytes());
    let mut header = [0; 20];
    let (len, check_at, pseudo) = match flow.protocol {
        Protocol::Tcp => {
            header[..4].copy_from_slice(&[sport[0], sport[1], dport[0], dport[1]]);
            // Five words of header, ACK, a window.
            header[12..16].copy_from_slice(&[0x50, 0x10, 0xff, 0xff]);
            (20, 16, pseudo)
        }
        Protocol::Udp => {
            header[..4].copy_from_slice(&[sport[0], sport[1], dport[0], dport[1]]);
            header[4..6].copy_from_slice(&be16(payload));
            (8, 6, pseudo)
        }
        // Echo requests, told apart by their identifier.
        Protocol::Icmp => {
            header[0] = if flow.src.is_ipv4() { 8 } else { 128 };
            header[4..6].copy_from_slice(&sport);
            (8, 2, if flow.src.is_ipv4() { 0 } else { pseudo })
        }
    };
    let check = checksum(sum(&header) + pseudo);
    header[check_at..check_at + 2].copy_from_slice(&check);
    bytes.extend(&header[..len]);
}

/// A length. Frames have at most 9,216 bytes.
pub(super) fn be16(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

/// The sum of 16-bit words (RFC 1071), of an even number of bytes.
fn sum(bytes: &[u8]) -> u32 {
    bytes.as_chunks().0.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum()
}

/// The checksum for a sum: folded, complemented, and never the 0 that means "none" to UDP.
fn checksum(mut sum: u32) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    let check = !u16::try_from(sum).unwrap_or(0);
    if check == 0 { [0xff, 0xff] } else { check.to_be_bytes() }
}
