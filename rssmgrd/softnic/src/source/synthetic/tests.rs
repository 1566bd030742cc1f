//! The frames, seen by a parser that is not ours, and their mix.

use std::time::Instant;

use etherparse::{NetHeaders, PacketHeaders, TransportHeader};

use super::*;
use crate::source::Feed as AnyFeed;

const MAC: [u8; 6] = [2, 1, 2, 3, 4, 5];

fn prepared(text: &str) -> Prepared {
    prepare(&SyntheticSpec::parse(text).unwrap(), MAC, 1024)
}

/// The frames of the first packets.
fn draw(source: &mut Prepared, packets: usize) -> Vec<usize> {
    let AnyFeed::Synthetic(feed) = &mut source.feed else { panic!("synthetic") };
    let now = Instant::now();
    let next = |_| match feed.next(now) {
        Next::Frame(index) => index,
        other => panic!("{other:?}"),
    };
    (0..packets).map(next).collect()
}

/// A frame at its full length: what is not stored is zeros.
fn whole(store: &FrameStore, index: usize) -> Vec<u8> {
    let frame = &store.frames[index];
    let mut bytes = store.data(frame).to_vec();
    bytes.resize(usize::try_from(frame.wire_len).unwrap(), 0);
    bytes
}

#[test]
fn the_same_for_the_same_seed() {
    let text = "rate=max,flows=77,seed=5";
    let (mut a, mut b, mut c) = (prepared(text), prepared(text), prepared("rate=max,flows=77,seed=6"));
    assert!(a.store.bytes == b.store.bytes && a.store.frames == b.store.frames);
    assert!(a.store.bytes != c.store.bytes);
    let packets = draw(&mut a, 10_000);
    assert_eq!(packets, draw(&mut b, 10_000));
    assert_ne!(packets, draw(&mut c, 10_000));
}

/// Every frame is whole and right: lengths, checksums, addresses.
#[test]
fn frames_are_real() {
    let source = prepared("flows=3000,ipv6=40,multicast=10,tcp=40,udp=40,other=20,size=64-1500");
    for (index, frame) in source.store.frames.iter().enumerate() {
        let bytes = whole(&source.store, index);
        assert!((64..=1500).contains(&frame.wire_len), "{}", frame.wire_len);
        let headers = PacketHeaders::from_ethernet_slice(&bytes).unwrap();
        let payload = headers.payload.slice();
        match (headers.net.unwrap(), headers.transport.unwrap()) {
            (NetHeaders::Ipv4(ip, _), transport) => {
                assert_eq!(ip.header_checksum, ip.calc_header_checksum());
                assert_eq!(usize::from(ip.total_len), bytes.len() - 14);
                let (found, right) = match transport {
                    TransportHeader::Tcp(tcp) => {
                        (tcp.checksum, tcp.calc_checksum_ipv4(&ip, payload).unwrap())
                    }
                    TransportHeader::Udp(udp) => {
                        (udp.checksum, udp.calc_checksum_ipv4(&ip, payload).unwrap())
                    }
                    TransportHeader::Icmpv4(icmp) => (icmp.checksum, icmp.icmp_type.calc_checksum(payload)),
                    other => panic!("{other:?} over IPv4"),
                };
                assert_eq!(found, right);
            }
            (NetHeaders::Ipv6(ip, _), transport) => {
                assert_eq!(usize::from(ip.payload_length), bytes.len() - 54);
                let (found, right) = match transport {
                    TransportHeader::Tcp(tcp) => {
                        (tcp.checksum, tcp.calc_checksum_ipv6(&ip, payload).unwrap())
                    }
                    TransportHeader::Udp(udp) => {
                        (udp.checksum, udp.calc_checksum_ipv6(&ip, payload).unwrap())
                    }
                    TransportHeader::Icmpv6(icmp) => (
                        icmp.checksum,
                        icmp.icmp_type.calc_checksum(ip.source, ip.destination, payload).unwrap(),
                    ),
                    other => panic!("{other:?} over IPv6"),
                };
                assert_eq!(found, right);
            }
            (NetHeaders::Arp(_), _) => panic!("ARP"),
        }
        let link = headers.link.unwrap().ethernet2().unwrap();
        assert!(link.destination == MAC || link.destination[0] & 1 == 1);
    }
}

/// The frame inside, found by the numbers of the RFCs, and the kind of what is around it.
fn inside(frame: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let outer = etherparse::SlicedPacket::from_ethernet(frame).unwrap();
    let Some(etherparse::NetSlice::Ipv4(ip)) = outer.net else { return None };
    assert_eq!(ip.header().header_checksum(), ip.header().to_header().calc_header_checksum());
    let payload = ip.payload().payload;
    match ip.header().protocol().0 {
        47 if payload[..4] == [0x20, 0, 0x65, 0x58] => Some(("nvgre", payload[8..].to_vec())),
        47 => {
            assert_eq!(payload[..2], [0, 0]);
            Some(("gre", [&[0; 12], &payload[2..]].concat()))
        }
        17 if payload[..4] == [0xc0, 0, 0x12, 0xb5] => {
            assert_eq!(payload[4..12], [&be(payload.len())[..], &[0, 0, 8, 0, 0, 0]].concat());
            Some(("vxlan", payload[16..].to_vec()))
        }
        _ => None,
    }
}

fn be(n: usize) -> [u8; 2] {
    u16::try_from(n).unwrap().to_be_bytes()
}

/// Tunnels are whole too, and so is what they carry; each has as many packets as asked for, and one pair of addresses.
#[test]
fn tunnels_are_real() {
    const PACKETS: usize = 50_000;
    let mut source = prepared("rate=max,ipv6=40,multicast=0,nvgre=30,gre=20,vxlan=40,size=64-1500");
    let mut found = std::collections::BTreeMap::<_, (usize, std::collections::BTreeSet<Vec<u8>>)>::new();
    for index in draw(&mut source, PACKETS) {
        let bytes = whole(&source.store, index);
        assert!((64..=1500).contains(&bytes.len()), "{}", bytes.len());
        let Some((kind, inner)) = inside(&bytes) else { continue };
        let headers = PacketHeaders::from_ethernet_slice(&inner).unwrap();
        let payload = headers.payload.slice();
        match (headers.net.unwrap(), headers.transport.unwrap()) {
            (NetHeaders::Ipv4(ip, _), TransportHeader::Tcp(tcp)) => {
                assert_eq!(usize::from(ip.total_len), inner.len() - 14);
                assert_eq!(tcp.checksum, tcp.calc_checksum_ipv4(&ip, payload).unwrap());
            }
            (NetHeaders::Ipv6(ip, _), TransportHeader::Udp(udp)) => {
                assert_eq!(usize::from(ip.payload_length), inner.len() - 54);
                assert_eq!(udp.checksum, udp.calc_checksum_ipv6(&ip, payload).unwrap());
            }
            _ => {}
        }
        let (count, outer) = found.entry(kind).or_default();
        *count += 1;
        // Addresses and, of VXLAN, ports.
        outer.insert(bytes[26..34].to_vec());
    }
    for (kind, share) in [("nvgre", 30), ("gre", 20), ("vxlan", 40)] {
        let (count, outer) = &found[kind];
        assert!(count.abs_diff(PACKETS * share / 100) < PACKETS / 100, "{count} of {kind}");
        assert_eq!(outer.len(), 1, "{kind}");
    }
}

/// Shares are of packets, not of flows, popular ones included.
#[test]
fn the_mix_is_as_asked() {
    const PACKETS: usize = 200_000;
    for (tcp, udp, other, ipv6, multicast, forwarded) in
        [(70, 25, 5, 20, 2, 10), (0, 100, 0, 0, 50, 50), (90, 5, 5, 100, 0, 0), (50, 30, 20, 50, 25, 25)]
    {
        let mut source = prepared(&format!(
            "rate=max,size=64,tcp={tcp},udp={udp},other={other},ipv6={ipv6},multicast={multicast},forwarded={forwarded}"
        ));
        let mut found = [0_usize; 6];
        for index in draw(&mut source, PACKETS) {
            let bytes = source.store.data(&source.store.frames[index]);
            let v6 = bytes[12..14] == [0x86, 0xdd];
            let protocol = if v6 { bytes[20] } else { bytes[23] };
            let dst = if v6 { &bytes[38..54] } else { &bytes[30..34] };
            found[0] += usize::from(protocol == 6);
            found[1] += usize::from(protocol == 17);
            found[2] += usize::from([1, 58].contains(&protocol));
            found[3] += usize::from(v6);
            found[4] += usize::from(bytes[0] & 1 == 1);
            found[5] += usize::from(dst.starts_with(&[198]) || dst.starts_with(&[0x20, 0x01]));
        }
        let wanted = [tcp, udp, other, ipv6, multicast, forwarded];
        for (found, wanted) in found.into_iter().zip(wanted) {
            let wanted = PACKETS * wanted / 100;
            assert!(found.abs_diff(wanted) < PACKETS / 100, "{found} instead of {wanted} of {PACKETS}");
        }
    }
}

#[test]
fn sizes_are_as_asked() {
    let lengths = |text: &str| {
        let mut source = prepared(text);
        let packets = draw(&mut source, 50_000);
        packets.iter().map(|i| source.store.frames[*i].wire_len).collect::<Vec<_>>()
    };
    assert!(lengths("rate=max,size=64,ipv6=0").iter().all(|len| *len == 64));
    assert!(
        lengths("rate=max,size=64,ipv6=100,udp=0,other=0,multicast=0").iter().all(|len| *len == 14 + 40 + 20)
    );
    // 7, 4 and 1 of 12; a bit of slack, for each flow has eight sizes only.
    let imix = lengths("rate=max,size=imix,ipv6=0,zipf=0");
    let count = |size| imix.iter().filter(|len| **len == size).count();
    let near = |size, twelfths| count(size).abs_diff(imix.len() * twelfths / 12) < imix.len() / 50;
    assert!(near(64, 7) && near(594, 4) && near(1518, 1));
    assert_eq!(count(64) + count(594) + count(1518), imix.len());
}

/// A checksum field of 0 says "no checksum", so a sum of 0 is sent as all ones (RFC 768).
#[test]
fn udp_never_says_that_there_is_no_checksum() {
    let source = prepared("flows=65536,ipv6=0,tcp=0,udp=100,other=0,multicast=0,size=64");
    let mut ones = 0;
    for frame in &source.store.frames {
        let checksum = &source.store.data(frame)[40..42];
        assert_ne!(checksum, [0, 0]);
        ones += usize::from(checksum == [0xff, 0xff]);
    }
    // One frame in 65,536 on average; with this seed the case does occur.
    assert!(ones > 0);
}
