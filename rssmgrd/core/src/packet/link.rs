//! What is before the IP header: Ethernet with VLAN tags, the cooked headers of Linux captures, or nothing.

use super::{array, be16};

/// How the frames of a link or a capture start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// An Ethernet header with any number of VLAN tags.
    Ethernet,
    /// The IP header itself; its version field says which.
    RawIp,
    /// Linux cooked capture, version 1 (16 bytes).
    LinuxSll,
    /// Linux cooked capture, version 2 (20 bytes).
    LinuxSll2,
    /// Four bytes of address family in either byte order (BSD loopback).
    Null,
}

/// What follows the link header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Ipv4,
    Ipv6,
    /// IP of the version that its first byte says.
    Ip,
    Other,
}

/// The link header, tags included.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) dst_mac: Option<[u8; 6]>,
    pub(super) src_mac: Option<[u8; 6]>,
    pub(super) vlan: Option<u16>,
    pub(super) payload: Payload,
    /// Where the payload starts.
    pub(super) end: usize,
}

impl Link {
    const UNKNOWN: Self = Self { dst_mac: None, src_mac: None, vlan: None, payload: Payload::Other, end: 0 };
}

#[inline]
pub(super) fn parse(frame: &[u8], link: LinkType) -> Link {
    let header = match link {
        LinkType::Ethernet => ethernet(frame),
        LinkType::RawIp => Some(Link { payload: Payload::Ip, ..Link::UNKNOWN }),
        LinkType::LinuxSll => sll(frame),
        LinkType::LinuxSll2 => sll2(frame),
        LinkType::Null => null(frame),
    };
    header.unwrap_or(Link::UNKNOWN)
}

fn ethernet(frame: &[u8]) -> Option<Link> {
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] = *array::<12>(frame, 0)?;
    let (dst_mac, src_mac) = ([d0, d1, d2, d3, d4, d5], [s0, s1, s2, s3, s4, s5]);
    Some(Link { dst_mac: Some(dst_mac), src_mac: Some(src_mac), ..ether_type(frame, 12) })
}

/// Protocol at byte 14, sender at 6, its length at 4.
fn sll(frame: &[u8]) -> Option<Link> {
    let header: &[u8; 16] = array(frame, 0)?;
    Some(Link { src_mac: cooked_mac(be16(header, 4)?, header, 6), ..ether_type(frame, 14) })
}

/// Protocol at byte 0, sender at 12, its length at 11.
fn sll2(frame: &[u8]) -> Option<Link> {
    let header: &[u8; 20] = array(frame, 0)?;
    // The protocol is first, the tags that it announces come after the header.
    let link = follow(frame, be16(header, 0)?, 20);
    Some(Link { src_mac: cooked_mac(u16::from(header[11]), header, 12), ..link })
}

fn cooked_mac(len: u16, header: &[u8], at: usize) -> Option<[u8; 6]> {
    if len == 6 { array(header, at).copied() } else { None }
}

/// The numbers of `AF_INET` and `AF_INET6`: the first is the same everywhere, the second is not (Linux 10, Windows
/// 23, the BSDs 24 and 28, macOS 30). The byte order is that of the machine that captured, unknown to us.
fn null(frame: &[u8]) -> Option<Link> {
    let ([0, 0, 0, family] | [family, 0, 0, 0]) = *array::<4>(frame, 0)? else { return None };
    let payload = match family {
        2 => Payload::Ipv4,
        10 | 23 | 24 | 28 | 30 => Payload::Ipv6,
        _ => Payload::Other,
    };
    Some(Link { payload, end: 4, ..Link::UNKNOWN })
}

/// The type field at `at` and the tags that follow it.
#[inline]
fn ether_type(frame: &[u8], at: usize) -> Link {
    match be16(frame, at) {
        Some(kind) => follow(frame, kind, at + 2),
        None => Link::UNKNOWN,
    }
}

/// Walks VLAN tags (802.1Q 0x8100, 802.1ad 0x88a8, and 0x9100 of the time before 802.1ad) from `at`.
#[inline]
fn follow(frame: &[u8], mut kind: u16, mut at: usize) -> Link {
    let mut vlan = None;
    while matches!(kind, 0x8100 | 0x88a8 | 0x9100) {
        let Some([hi, lo, k0, k1]) = array(frame, at).copied() else {
            // The tag is cut; its id may have been captured all the same.
            vlan = vlan.or_else(|| be16(frame, at).map(|tag| tag & 0x0fff));
            return Link { vlan, end: at, ..Link::UNKNOWN };
        };
        vlan = vlan.or(Some(u16::from_be_bytes([hi, lo]) & 0x0fff));
        kind = u16::from_be_bytes([k0, k1]);
        at += 4;
    }
    let payload = match kind {
        0x0800 => Payload::Ipv4,
        0x86dd => Payload::Ipv6,
        _ => Payload::Other,
    };
    Link { vlan, payload, end: at, ..Link::UNKNOWN }
}
