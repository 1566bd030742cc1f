//! What the parser finds in built, cut, damaged and random frames.

use crate::build::{Built, packets};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rssmgr_core::packet::{Addresses, LinkType, Span, parse};

const LINKS: [LinkType; 5] =
    [LinkType::Ethernet, LinkType::RawIp, LinkType::LinuxSll, LinkType::LinuxSll2, LinkType::Null];

fn spans_are_inside(frame: &[u8], link: LinkType) -> Result<(), TestCaseError> {
    if let Some(net) = parse(frame, link).net {
        prop_assert!(net.start < net.payload.start);
        prop_assert!(net.payload.start <= net.payload.end && net.payload.end <= frame.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn finds_what_was_built(built in packets()) {
        prop_assert_eq!(parse(&built.frame, built.link), built.headers);
    }

    /// Nothing appears that is not in the packet, and each thing appears as soon as its bytes are there: addresses with
    /// the fixed header, ports with their four bytes.
    #[test]
    fn cut_frames_give_what_is_whole(built in packets()) {
        let Built { frame, link, headers } = built;
        let whole = headers.net.unwrap();
        let fixed = whole.start + if matches!(whole.addresses, Addresses::V4 { .. }) { 20 } else { 40 };
        for len in 0..frame.len() {
            let cut = parse(&frame[..len], link);
            prop_assert_eq!(cut.net.is_some(), len >= fixed, "{} bytes", len);
            let ports = len >= whole.payload.start + 4;
            prop_assert_eq!(cut.transport, headers.transport.filter(|_| ports), "{} bytes", len);
            prop_assert!(cut.vlan.is_none() || cut.vlan == headers.vlan);
            prop_assert!(cut.src_mac.is_none() || cut.src_mac == headers.src_mac);
            prop_assert!(cut.dst_mac.is_none() || cut.dst_mac == headers.dst_mac);
            if let Some(net) = cut.net {
                let hidden = |a: Addresses| match a {
                    Addresses::V6 { src, dst, .. } => Addresses::V6 { src, dst, home: None, routing: None },
                    v4 => v4,
                };
                prop_assert_eq!(hidden(net.addresses), hidden(whole.addresses));
                prop_assert!(net.payload.start <= net.payload.end && net.payload.end <= len);
                prop_assert!(net.protocol.is_none() || net.protocol == whole.protocol);
                prop_assert!(!net.fragment || whole.fragment);
            }
        }
    }

    #[test]
    fn damaged_frames_never_panic(built in packets(), hits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut frame = built.frame;
        for (at, byte) in hits {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        for len in (0..=frame.len()).rev() {
            for link in LINKS {
                spans_are_inside(&frame[..len], link)?;
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(frame in vec(any::<u8>(), 0..200), link in select(LINKS.to_vec())) {
        spans_are_inside(&frame, link)?;
    }
}

/// An IPv6 packet with this first header behind a raw link.
fn v6(next: u8, payload_len: u16, rest: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x60, 0, 0, 0];
    frame.extend(payload_len.to_be_bytes());
    frame.extend([next, 64]);
    frame.extend([1; 32]);
    frame.extend(rest);
    frame
}

const TCP: [u8; 20] = [0, 80, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn lengths_of_zero_reach_to_the_end_of_the_frame() {
    let jumbo = v6(6, 0, &TCP);
    let headers = parse(&jumbo, LinkType::RawIp);
    assert_eq!(headers.transport.unwrap().sport, 80);
    assert_eq!(headers.net.unwrap().payload, Span { start: 40, end: 60 });
    let mut v4 = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
    v4.extend(TCP);
    assert_eq!(parse(&v4, LinkType::RawIp).transport.unwrap().dport, 258);
}

#[test]
fn padding_is_not_a_transport_header() {
    // The datagram ends after its IP header; what follows only looks like TCP.
    let mut v4 = vec![0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
    v4.extend(TCP);
    let headers = parse(&v4, LinkType::RawIp);
    assert!(headers.transport.is_none());
    assert_eq!(headers.net.unwrap().payload, Span { start: 20, end: 20 });
    // A datagram with no room for a whole TCP header has none.
    assert!(parse(&v6(6, 19, &TCP), LinkType::RawIp).transport.is_none());
    // An extension header that reaches over the end of the datagram is not followed.
    let over = [&[6, 1, 0, 0, 0, 0, 0, 0][..], &[0; 8], &TCP].concat();
    let headers = parse(&v6(60, 8, &over), LinkType::RawIp);
    assert_eq!((headers.net.unwrap().protocol, headers.transport), (None, None));
}

#[test]
fn broken_ip_headers_are_none() {
    let short_header = [0x44, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
    let short_total = [0x45, 0, 0, 19, 0, 0, 0, 0, 64, 17, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
    let version = [0x55, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
    for packet in [short_header, short_total, version] {
        assert_eq!(parse(&packet, LinkType::RawIp).net, None);
    }
    // The Ethernet type and the version must agree.
    let v6_as_v4 = [&[0; 12][..], &[0x08, 0x00], &v6(6, 20, &TCP)].concat();
    assert_eq!(parse(&v6_as_v4, LinkType::Ethernet).net, None);
}

#[test]
fn hop_by_hop_options_count_only_as_the_first_header() {
    let twice = [&[0, 0, 0, 0, 0, 0, 0, 0][..], &[6, 0, 0, 0, 0, 0, 0, 0], &TCP].concat();
    let headers = parse(&v6(0, 36, &twice), LinkType::RawIp);
    assert_eq!((headers.net.unwrap().protocol, headers.transport), (Some(0), None));
}

#[test]
fn long_tag_stacks_are_walked() {
    let mut frame = vec![0; 12];
    for vid in [0x0064_u16, 7, 8, 9, 10, 11] {
        frame.extend([0x81, 0x00]);
        frame.extend(vid.to_be_bytes());
    }
    frame.extend([0x86, 0xdd]);
    frame.extend(v6(6, 20, &TCP));
    let headers = parse(&frame, LinkType::Ethernet);
    assert_eq!((headers.vlan, headers.transport.unwrap().sport), (Some(100), 80));
}

#[test]
fn an_authentication_header_is_at_least_12_bytes_long() {
    // The header says 8 bytes, behind which there would be TCP.
    let short = [&[6, 0, 0, 0, 0, 0, 0, 0][..], &TCP].concat();
    let headers = parse(&v6(51, 28, &short), LinkType::RawIp);
    assert_eq!((headers.net.unwrap().protocol, headers.transport), (None, None));
}
