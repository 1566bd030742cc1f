//! Each rule with a packet made for it. What is expected is written here; that the oracle agrees is checked besides.

use super::build::{Carried, Tunnel, UdpLen, carry};
use super::oracle::expected;
use super::{DEFAULT_QUEUE, ENTRIES, steering};
use crate::build::{Built, Extension, Ip, Link, Payload, build};
use crate::toeplitz::bit_by_bit;
use rssmgr_core::hash::{HashKey, HashType, HashTypes};
use rssmgr_core::packet::encap::{
    EncapConfig, EncapOffload, Encapsulation, Encapsulations, IpLayers, VxlanPort, find, vmq_target,
};
use rssmgr_core::packet::{LinkType, parse};
use rssmgr_core::steer::{Layer, Steering, Verdict};

const OUTER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const INNER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
const NVGRE: Tunnel = Tunnel::Gre { flags: 0x20 };
const GRE: Tunnel = Tunnel::Gre { flags: 0 };
const VXLAN: Tunnel = Tunnel::Vxlan { port: 4789, udp_len: UdpLen::True };
const TCP: Payload = Payload::Tcp { sport: 0x1122, dport: 0x3344, option_words: 3, data: Vec::new() };
const UDP: Payload = Payload::Udp { sport: 0x1122, dport: 0x3344, data: Vec::new() };
const PORTS: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

fn all() -> EncapConfig {
    EncapConfig::new(Encapsulations::ALL)
}

fn link(dst: [u8; 6]) -> Link {
    Link::Ethernet { dst, src: [2, 0, 0, 0, 0, 9], tags: vec![(0x88a8, 5), (0x8100, 7)] }
}

/// Addresses that begin with this byte.
fn ip(v6: bool, first: u8) -> Ip {
    if v6 {
        Ip::V6 { src: [first; 16], dst: [first + 1; 16], extensions: vec![], fragment: None }
    } else {
        Ip::V4 { src: [first; 4], dst: [first + 1; 4], option_words: 0, fragment: None }
    }
}

fn tuple(v6: bool, first: u8, ports: &[u8]) -> Vec<u8> {
    let len = if v6 { 16 } else { 4 };
    [&vec![first; len][..], &vec![first + 1; len], ports].concat()
}

fn two_tuple(v6: bool) -> Option<(HashType, Vec<u8>)> {
    Some((if v6 { HashType::Ipv6 } else { HashType::Ipv4 }, tuple(v6, 10, &[])))
}

/// The inner packet with an Ethernet header if the tunnel carries one.
fn inner(tunnel: &Tunnel, ip: &Ip, payload: &Payload) -> Built {
    let bare = matches!(tunnel, Tunnel::Gre { flags: 0 });
    build(&if bare { Link::RawIp } else { link(INNER_MAC) }, ip, payload, 0)
}

fn carried(tunnel: &Tunnel, outer: &Ip, inner_ip: &Ip, payload: &Payload) -> Carried {
    carry(&link(OUTER_MAC), outer, tunnel, &inner(tunnel, inner_ip, payload), 3)
}

fn verdict(layer: Layer, hashed: Option<(HashType, Vec<u8>)>) -> Verdict {
    let Some((hash_type, bytes)) = hashed else {
        return Verdict { hash_type: None, hash: None, entry: None, queue: DEFAULT_QUEUE, layer };
    };
    let hash = bit_by_bit(HashKey::microsoft().bytes(), &bytes);
    let entry = u16::try_from(hash % 128).unwrap();
    Verdict {
        hash_type: Some(hash_type),
        hash: Some(hash),
        entry: Some(rssmgr_core::EntryIndex(entry)),
        queue: rssmgr_core::QueueId(entry % 16),
        layer,
    }
}

#[track_caller]
fn check(frame: &[u8], types: HashTypes, config: EncapConfig, want: &Verdict, mac: [u8; 6]) {
    let steering = steering(types, config);
    assert_eq!(steering.classify(frame, LinkType::Ethernet), *want);
    let outer = parse(frame, LinkType::Ethernet);
    let inner = find(frame, &outer, &config);
    assert_eq!(steering.steer_layers(&outer, inner.as_ref()), *want);
    assert_eq!(vmq_target(&outer, inner.as_ref(), &config).0, Some(mac));
    let key = HashKey::microsoft();
    let oracle = expected(frame, key.bytes(), types, u32::from(ENTRIES), DEFAULT_QUEUE, &config);
    assert_eq!(oracle, (*want, Some(mac)), "the oracle");
}

/// Each tunnel over each IP version around each: (tunnel, kind, outer is IPv6, inner is IPv6).
fn mixes() -> Vec<(Tunnel, Encapsulation, bool, bool)> {
    let tunnels = [(NVGRE, Encapsulation::Nvgre), (GRE, Encapsulation::Gre), (VXLAN, Encapsulation::Vxlan)];
    let mut mixes = Vec::new();
    for (tunnel, kind) in tunnels {
        for versions in 0..4 {
            mixes.push((tunnel.clone(), kind, versions & 1 != 0, versions & 2 != 0));
        }
    }
    mixes
}

fn mac(tunnel: &Tunnel) -> [u8; 6] {
    if matches!(tunnel, Tunnel::Gre { flags: 0 }) { OUTER_MAC } else { INNER_MAC }
}

#[test]
fn tcp_and_udp_inside_are_hashed_by_the_inner_4_tuple() {
    for (tunnel, kind, v6_outside, v6_inside) in mixes() {
        for (payload, v4, v6) in
            [(TCP, HashType::TcpIpv4, HashType::TcpIpv6), (UDP, HashType::UdpIpv4, HashType::UdpIpv6)]
        {
            let packet = carried(&tunnel, &ip(v6_outside, 10), &ip(v6_inside, 20), &payload);
            let bytes = tuple(v6_inside, 20, &PORTS);
            let want = verdict(Layer::Inner(kind), Some((if v6_inside { v6 } else { v4 }, bytes)));
            check(&packet.outer.frame, HashTypes::DEFAULT, all(), &want, mac(&tunnel));
        }
    }
}

#[test]
fn options_and_extension_headers_inside_are_passed_over() {
    let options = Ip::V4 { src: [20; 4], dst: [21; 4], option_words: 4, fragment: None };
    let packet = carried(&NVGRE, &ip(false, 10), &options, &TCP);
    let tcp = |t, v6| verdict(Layer::Inner(Encapsulation::Nvgre), Some((t, tuple(v6, 20, &PORTS))));
    check(&packet.outer.frame, HashTypes::DEFAULT, all(), &tcp(HashType::TcpIpv4, false), INNER_MAC);

    let extensions = vec![
        Extension::HopByHop { units: 0 },
        Extension::Destination { padding: vec![], home: Some([0x77; 16]) },
        Extension::AtomicFragment,
    ];
    let extended = Ip::V6 { src: [20; 16], dst: [21; 16], extensions, fragment: None };
    let packet = carried(&NVGRE, &ip(false, 10), &extended, &TCP);
    check(&packet.outer.frame, HashTypes::DEFAULT, all(), &tcp(HashType::TcpIpv6, true), INNER_MAC);
    // The home address is hashed where its type is enabled.
    let ex = [&[0x77; 16][..], &[21; 16], &PORTS].concat();
    let want = verdict(Layer::Inner(Encapsulation::Nvgre), Some((HashType::TcpIpv6Ex, ex)));
    check(&packet.outer.frame, HashTypes::ALL, all(), &want, INNER_MAC);
}

#[test]
fn other_protocols_and_fragments_inside_are_hashed_by_the_outer_2_tuple() {
    for (tunnel, kind, v6_outside, v6_inside) in mixes() {
        let icmp = Payload::Other { protocol: 1, data: vec![8, 0, 0, 0] };
        let mut fragment = ip(v6_inside, 20);
        match &mut fragment {
            Ip::V4 { fragment, .. } | Ip::V6 { fragment, .. } => *fragment = Some((0, true)),
        }
        let want = verdict(Layer::Outer(kind), two_tuple(v6_outside));
        for (inner, payload) in [(ip(v6_inside, 20), icmp), (fragment, UDP)] {
            let packet = carried(&tunnel, &ip(v6_outside, 10), &inner, &payload);
            check(&packet.outer.frame, HashTypes::DEFAULT, all(), &want, mac(&tunnel));
        }
    }
}

#[test]
fn what_cannot_be_parsed_inside_is_hashed_by_the_outer_2_tuple() {
    for (tunnel, kind, v6_outside, _) in mixes() {
        let packet = carried(&tunnel, &ip(v6_outside, 10), &ip(false, 20), &TCP);
        let want = verdict(Layer::Outer(kind), two_tuple(v6_outside));
        // ARP behind the inner Ethernet header, IPX in plain GRE; the version of the IP header broken.
        let mut other = packet.outer.frame.clone();
        if mac(&tunnel) == INNER_MAC {
            other[packet.at + 20..packet.at + 22].copy_from_slice(&[0x08, 0x06]);
        } else {
            other[packet.at - 2..packet.at].copy_from_slice(&[0x81, 0x37]);
        }
        check(&other, HashTypes::DEFAULT, all(), &want, mac(&tunnel));
        let mut broken = packet.outer.frame;
        broken[packet.inner.net.unwrap().start] = 0x15;
        check(&broken, HashTypes::DEFAULT, all(), &want, mac(&tunnel));
    }
}

#[test]
fn a_tunnel_in_a_tunnel_is_payload() {
    let nested = carried(&GRE, &ip(false, 20), &ip(false, 30), &TCP).outer;
    let packet = carry(&link(OUTER_MAC), &ip(false, 10), &NVGRE, &nested, 0);
    let want = verdict(Layer::Outer(Encapsulation::Nvgre), two_tuple(false));
    check(&packet.outer.frame, HashTypes::DEFAULT, all(), &want, OUTER_MAC);
    // VXLAN inside is UDP.
    let nested = carried(&VXLAN, &ip(false, 20), &ip(false, 30), &TCP).outer;
    let packet = carry(&link(OUTER_MAC), &ip(false, 10), &VXLAN, &nested, 0);
    let ports = [0xc1, 0x23, 0x12, 0xb5];
    let want =
        verdict(Layer::Inner(Encapsulation::Vxlan), Some((HashType::UdpIpv4, tuple(false, 20, &ports))));
    check(&packet.outer.frame, HashTypes::DEFAULT, all(), &want, OUTER_MAC);
}

/// As it comes: GRE has no ports, VXLAN has.
fn plain(kind: Encapsulation, v6: bool) -> Verdict {
    let udp = Some((
        if v6 { HashType::UdpIpv6 } else { HashType::UdpIpv4 },
        tuple(v6, 10, &[0xc1, 0x23, 0x12, 0xb5]),
    ));
    verdict(Layer::Plain, if kind == Encapsulation::Vxlan { udp } else { two_tuple(v6) })
}

#[test]
fn what_is_not_switched_on_is_taken_as_it_comes() {
    for (tunnel, kind, v6_outside, v6_inside) in mixes() {
        let frame = carried(&tunnel, &ip(v6_outside, 10), &ip(v6_inside, 20), &TCP).outer.frame;
        let want = plain(kind, v6_outside);
        let others: Encapsulations = Encapsulation::ALL.into_iter().filter(|k| *k != kind).collect();
        check(&frame, HashTypes::DEFAULT, EncapConfig::new(others), &want, OUTER_MAC);
        check(&frame, HashTypes::DEFAULT, EncapConfig::default(), &want, OUTER_MAC);
        let never: Steering = steering(HashTypes::DEFAULT, EncapConfig::default());
        assert_eq!(never.steer(&parse(&frame, LinkType::Ethernet)), want);
    }
}

#[test]
fn versions_that_the_masks_do_not_cover_are_taken_as_they_come() {
    for (tunnel, kind, v6_outside, v6_inside) in mixes() {
        let frame = carried(&tunnel, &ip(v6_outside, 10), &ip(v6_inside, 20), &TCP).outer.frame;
        let t = if v6_inside { HashType::TcpIpv6 } else { HashType::TcpIpv4 };
        let inside = verdict(Layer::Inner(kind), Some((t, tuple(v6_inside, 20, &PORTS))));
        for (rss, vmq) in (0..16).flat_map(|rss| [(rss, 15), (15, rss)]) {
            let covered = |mask: u8| {
                mask & if v6_outside { 8 } else { 2 } != 0 && mask & if v6_inside { 4 } else { 1 } != 0
            };
            let mask = |bits| IpLayers::from_bits(bits).unwrap();
            let offload = EncapOffload { rss: mask(rss), vmq: mask(vmq), ..EncapOffload::default() };
            // The masks of the other protocol must not matter.
            let none = EncapOffload { rss: IpLayers::NONE, vmq: IpLayers::NONE, max_header: 0 };
            let config = match kind {
                Encapsulation::Vxlan => EncapConfig { vxlan: offload, gre: none, ..all() },
                _ => EncapConfig { gre: offload, vxlan: none, ..all() },
            };
            let want = if covered(rss) { inside } else { plain(kind, v6_outside) };
            let mac = if covered(vmq) { mac(&tunnel) } else { OUTER_MAC };
            check(&frame, HashTypes::DEFAULT, config, &want, mac);
        }
    }
}

#[test]
fn headers_beyond_the_limit_are_not_looked_into() {
    for (tunnel, kind, v6_outside, v6_inside) in mixes() {
        let packet = carried(&tunnel, &ip(v6_outside, 10), &ip(v6_inside, 20), &TCP);
        let t = if v6_inside { HashType::TcpIpv6 } else { HashType::TcpIpv4 };
        let inside = verdict(Layer::Inner(kind), Some((t, tuple(v6_inside, 20, &PORTS))));
        // TCP's header with its three words of options.
        let header = packet.inner.net.unwrap().payload.start + 32;
        for max_header in [0, header - 1, header] {
            let offload = EncapOffload { max_header, ..EncapOffload::default() };
            let config = EncapConfig { gre: offload, vxlan: offload, ..all() };
            let (want, mac) = if max_header < header {
                (plain(kind, v6_outside), OUTER_MAC)
            } else {
                (inside, mac(&tunnel))
            };
            check(&packet.outer.frame, HashTypes::DEFAULT, config, &want, mac);
        }
    }
    assert_eq!(EncapOffload::default().max_header, 256);
}

#[test]
fn fragments_outside_are_taken_as_they_come() {
    for (tunnel, _, v6_outside, _) in mixes() {
        let mut outer = ip(v6_outside, 10);
        match &mut outer {
            Ip::V4 { fragment, .. } | Ip::V6 { fragment, .. } => *fragment = Some((0, true)),
        }
        let frame = carried(&tunnel, &outer, &ip(false, 20), &TCP).outer.frame;
        let want = verdict(Layer::Plain, two_tuple(v6_outside));
        check(&frame, HashTypes::DEFAULT, all(), &want, OUTER_MAC);
    }
}

#[test]
fn unknown_encapsulations_are_taken_as_they_come() {
    let unchanged = |frame: &[u8], want: &Verdict| {
        check(frame, HashTypes::DEFAULT, all(), want, OUTER_MAC);
    };
    // GRE: routing (bit 1), strict source route (4), recursion (5), version 1 (PPTP) and any other.
    let gre = carried(&GRE, &ip(false, 10), &ip(false, 20), &TCP);
    for (byte, bits) in [(0, 0x40), (0, 0x08), (0, 0x04), (1, 1), (1, 2), (1, 4)] {
        let mut frame = gre.outer.frame.clone();
        frame[gre.at - 4 + byte] |= bits;
        unchanged(&frame, &plain(Encapsulation::Gre, false));
    }
    // Bits 6 to 12 are to be ignored.
    let mut frame = gre.outer.frame.clone();
    (frame[gre.at - 4], frame[gre.at - 3]) = (0x03, 0xf8);
    let inside = |kind| verdict(Layer::Inner(kind), Some((HashType::TcpIpv4, tuple(false, 20, &PORTS))));
    check(&frame, HashTypes::DEFAULT, all(), &inside(Encapsulation::Gre), OUTER_MAC);

    // VXLAN: no I flag. The other flags are to be ignored.
    let vxlan = carried(&VXLAN, &ip(false, 10), &ip(false, 20), &TCP);
    let mut frame = vxlan.outer.frame.clone();
    frame[vxlan.at - 8] = 0xf7;
    unchanged(&frame, &plain(Encapsulation::Vxlan, false));
    frame[vxlan.at - 8] = 0xff;
    check(&frame, HashTypes::DEFAULT, all(), &inside(Encapsulation::Vxlan), INNER_MAC);
    // A UDP datagram without room for the VXLAN header, and one of unknown length.
    frame[vxlan.at - 12..vxlan.at - 10].copy_from_slice(&[0, 15]);
    unchanged(&frame, &plain(Encapsulation::Vxlan, false));
    frame[vxlan.at - 12..vxlan.at - 10].copy_from_slice(&[0, 0]);
    check(&frame, HashTypes::DEFAULT, all(), &inside(Encapsulation::Vxlan), INNER_MAC);
    // Another port than the configured one.
    let config = EncapConfig { vxlan_port: VxlanPort::new(8472).unwrap(), ..all() };
    let want = plain(Encapsulation::Vxlan, false);
    check(&vxlan.outer.frame, HashTypes::DEFAULT, config, &want, OUTER_MAC);
    let tunnel = Tunnel::Vxlan { port: 8472, udp_len: UdpLen::True };
    let linux = carried(&tunnel, &ip(false, 10), &ip(false, 20), &TCP).outer.frame;
    check(&linux, HashTypes::DEFAULT, config, &inside(Encapsulation::Vxlan), INNER_MAC);
}

#[test]
fn nvgre_is_gre_with_a_key_around_ethernet() {
    for flags in [0, 0x10, 0x20, 0x30, 0x80, 0x90, 0xa0, 0xb0] {
        let kind = if flags & 0x20 != 0 { Encapsulation::Nvgre } else { Encapsulation::Gre };
        let frame = build(&link(INNER_MAC), &ip(false, 20), &TCP, 0);
        let packet = carry(&link(OUTER_MAC), &ip(false, 10), &Tunnel::Gre { flags }, &frame, 0);
        let want = verdict(Layer::Inner(kind), Some((HashType::TcpIpv4, tuple(false, 20, &PORTS))));
        check(&packet.outer.frame, HashTypes::DEFAULT, all(), &want, INNER_MAC);
        // With a key, but around IP: plain GRE.
        let bare = build(&Link::RawIp, &ip(false, 20), &TCP, 0);
        let packet = carry(&link(OUTER_MAC), &ip(false, 10), &Tunnel::Gre { flags }, &bare, 0);
        let want = Verdict { layer: Layer::Inner(Encapsulation::Gre), ..want };
        check(&packet.outer.frame, HashTypes::DEFAULT, all(), &want, OUTER_MAC);
    }
}

#[test]
fn the_type_of_the_inner_transport_decides_between_inner_and_outer() {
    let frame =
        |inner_ip: &Ip, payload: &Payload| carried(&VXLAN, &ip(false, 10), inner_ip, payload).outer.frame;
    let set = |types: &[HashType]| types.iter().copied().collect::<HashTypes>();
    let outer = verdict(Layer::Outer(Encapsulation::Vxlan), two_tuple(false));
    let inner = |t| verdict(Layer::Inner(Encapsulation::Vxlan), Some((t, tuple(false, 20, &PORTS))));
    let (tcp, udp) = (frame(&ip(false, 20), &TCP), frame(&ip(false, 20), &UDP));

    // UDP off: UDP inside meets its fragments at the outer addresses, not at the inner ones.
    let types = set(&[HashType::Ipv4, HashType::TcpIpv4]);
    check(&tcp, types, all(), &inner(HashType::TcpIpv4), INNER_MAC);
    check(&udp, types, all(), &outer, INNER_MAC);
    let fragment = Ip::V4 { src: [20; 4], dst: [21; 4], option_words: 0, fragment: Some((7, false)) };
    check(&frame(&fragment, &UDP), types, all(), &outer, INNER_MAC);
    // The type of the outer UDP header does not matter, neither for the inner 4-tuple nor instead of the outer addresses.
    check(&tcp, set(&[HashType::TcpIpv4]), all(), &inner(HashType::TcpIpv4), INNER_MAC);
    check(&tcp, set(&[HashType::UdpIpv4, HashType::Ipv4]), all(), &outer, INNER_MAC);
    // No type for the outer addresses: no hash.
    let nothing = verdict(Layer::Outer(Encapsulation::Vxlan), None);
    check(&tcp, set(&[HashType::UdpIpv4]), all(), &nothing, INNER_MAC);
    check(&tcp, set(&[HashType::Ipv6, HashType::TcpIpv6]), all(), &nothing, INNER_MAC);
    check(&tcp, HashTypes::NONE, all(), &nothing, INNER_MAC);
    // The version inside decides which type it is.
    let v6 = frame(&ip(true, 20), &TCP);
    check(&v6, set(&[HashType::Ipv4, HashType::TcpIpv4]), all(), &outer, INNER_MAC);
}

#[test]
fn what_reaches_behind_the_outer_datagram_is_not_inside() {
    // The outer datagram ends four bytes behind the inner IP header: the ports are there, TCP's header is not.
    let packet = carried(&NVGRE, &ip(false, 10), &ip(false, 20), &TCP);
    let net = packet.inner.net.unwrap();
    let mut frame = packet.outer.frame;
    let start = packet.outer.headers.net.unwrap().start;
    let short = u16::try_from(net.payload.start + 4 - start).unwrap();
    frame[start + 2..start + 4].copy_from_slice(&short.to_be_bytes());
    let want = verdict(Layer::Outer(Encapsulation::Nvgre), two_tuple(false));
    check(&frame, HashTypes::DEFAULT, all(), &want, INNER_MAC);
}

/// What a capture has to hold of a VXLAN packet for each rule to apply.
#[test]
fn a_cut_packet_falls_back_step_by_step() {
    let untagged = |dst| Link::Ethernet { dst, src: [9; 6], tags: vec![] };
    let inner = build(&untagged(INNER_MAC), &ip(false, 20), &TCP, 0);
    let frame = carry(&untagged(OUTER_MAC), &ip(false, 10), &VXLAN, &inner, 0).outer.frame;
    let inside = Some((HashType::TcpIpv4, tuple(false, 20, &PORTS)));
    for len in 12..=frame.len() {
        let want = match len {
            // Up to the outer IP header, the outer ports, the VXLAN header, the inner ports.
            ..34 => verdict(Layer::Plain, None),
            34..38 => verdict(Layer::Plain, two_tuple(false)),
            38..50 => plain(Encapsulation::Vxlan, false),
            50..88 => verdict(Layer::Outer(Encapsulation::Vxlan), two_tuple(false)),
            _ => verdict(Layer::Inner(Encapsulation::Vxlan), inside.clone()),
        };
        let mac = if len < 62 { OUTER_MAC } else { INNER_MAC };
        check(&frame[..len], HashTypes::DEFAULT, all(), &want, mac);
    }
}
