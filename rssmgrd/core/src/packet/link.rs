//! What is before the IP header: Ethernet with VLAN tags, the cooked headers of Linux captures, or nothing.

use super::{Headers, array, be16};

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
    Other,
}

/// Finds the addresses and the VLAN of a link header. Returns what follows it, and where; `None` when it was cut.
#[inline]
pub(super) fn parse(frame: &[u8], link: LinkType, headers: &mut Headers) -> Option<(Payload, usize)> {
    match link {
        LinkType::Ethernet => ethernet(frame, 0, headers),
        LinkType::RawIp => raw(frame),
        LinkType::LinuxSll => sll(frame, headers),
        LinkType::LinuxSll2 => sll2(frame, headers),
        LinkType::Null => null(frame),
    }
}

/// The Ethernet header at `at`.
#[inline]
pub(super) fn ethernet(frame: &[u8], at: usize, headers: &mut Headers) -> Option<(Payload, usize)> {
    let macs: &[u8; 12] = array(frame, at)?;
    headers.dst_mac = array(macs, 0).copied();
    headers.src_mac = array(macs, 6).copied();
    tags(frame, be16(frame, at + 12)?, at + 14, headers)
}

fn raw(frame: &[u8]) -> Option<(Payload, usize)> {
    match frame.first()? >> 4 {
        4 => Some((Payload::Ipv4, 0)),
        6 => Some((Payload::Ipv6, 0)),
        _ => Some((Payload::Other, 0)),
    }
}

/// Protocol at byte 14, sender at 6, its length at 4.
fn sll(frame: &[u8], headers: &mut Headers) -> Option<(Payload, usize)> {
    let header: &[u8; 16] = array(frame, 0)?;
    headers.src_mac = cooked_mac(be16(header, 4)?, header, 6);
    tags(frame, be16(header, 14)?, 16, headers)
}

/// Protocol at byte 0, sender at 12, its length at 11.
fn sll2(frame: &[u8], headers: &mut Headers) -> Option<(Payload, usize)> {
    let header: &[u8; 20] = array(frame, 0)?;
    headers.src_mac = cooked_mac(u16::from(header[11]), header, 12);
    tags(frame, be16(header, 0)?, 20, headers)
}

fn cooked_mac(len: u16, header: &[u8], at: usize) -> Option<[u8; 6]> {
    if len == 6 { array(header, at).copied() } else { None }
}

/// The numbers of `AF_INET` and `AF_INET6`: the first is the same everywhere, the second is not (Linux 10, Windows
/// 23, the BSDs 24 and 28, macOS 30). The byte order is that of the machine that captured, unknown to us.
fn null(frame: &[u8]) -> Option<(Payload, usize)> {
    let ([0, 0, 0, family] | [family, 0, 0, 0]) = *array::<4>(frame, 0)? else { return None };
    let payload = match family {
        2 => Payload::Ipv4,
        10 | 23 | 24 | 28 | 30 => Payload::Ipv6,
        _ => Payload::Other,
    };
    Some((payload, 4))
}

/// Walks the VLAN tags (802.1Q 0x8100, 802.1ad 0x88a8, and 0x9100 of the time before 802.1ad) from `at`, where a frame
/// of type `kind` goes on.
#[inline]
fn tags(frame: &[u8], mut kind: u16, mut at: usize, headers: &mut Headers) -> Option<(Payload, usize)> {
    while matches!(kind, 0x8100 | 0x88a8 | 0x9100) {
        let tag = be16(frame, at)?;
        headers.vlan = headers.vlan.or(Some(tag & 0x0fff));
        kind = be16(frame, at + 2)?;
        at += 4;
    }
    let payload = match kind {
        0x0800 => Payload::Ipv4,
        0x86dd => Payload::Ipv6,
        _ => Payload::Other,
    };
    Some((payload, at))
}
