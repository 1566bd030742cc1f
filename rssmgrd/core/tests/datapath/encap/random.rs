//! Random packets, whole, cut and damaged, against the built headers, the oracle and etherparse.

use super::build::{Carried, on_any_link, on_ethernet, shifted};
use super::oracle::expected;
use super::{DEFAULT_QUEUE, ENTRIES, steering};
use crate::against_etherparse::agrees;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rssmgr_core::hash::{HashKey, HashType, HashTypes};
use rssmgr_core::packet::encap::{
    EncapConfig, EncapOffload, Encapsulations, Inner, IpLayers, VxlanPort, find, vmq_target,
};
use rssmgr_core::packet::{Headers, LinkType, Net, parse};
use rssmgr_core::steer::Layer;

fn all() -> EncapConfig {
    let offload = EncapOffload { max_header: usize::MAX, ..EncapOffload::default() };
    EncapConfig { gre: offload, vxlan: offload, ..EncapConfig::new(Encapsulations::ALL) }
}

fn find_in(frame: &[u8], link: LinkType, config: &EncapConfig) -> Option<Inner> {
    find(frame, &parse(frame, link), config)
}

/// Mostly all types, and any other set.
fn types() -> impl Strategy<Value = HashTypes> {
    let any = proptest::sample::subsequence(HashType::ALL.to_vec(), 0..=9);
    prop_oneof![
        Just(HashTypes::ALL),
        Just(HashTypes::DEFAULT),
        any.prop_map(|types| types.into_iter().collect())
    ]
}

fn configs() -> impl Strategy<Value = EncapConfig> {
    let mask = || prop_oneof![Just(15_u8), 0_u8..16].prop_map(|bits| IpLayers::from_bits(bits).unwrap());
    let max_header = prop_oneof![Just(256), Just(usize::MAX), 50_usize..200];
    let offload =
        (mask(), mask(), max_header).prop_map(|(rss, vmq, max_header)| EncapOffload { rss, vmq, max_header });
    let kinds = select(vec!["all", "nvgre", "gre", "vxlan", "nvgre,vxlan", "none"]);
    let port = prop_oneof![4 => Just(VxlanPort::default()), 1 => Just(VxlanPort::new(8472).unwrap())];
    (kinds, port, offload.clone(), offload).prop_map(|(kinds, vxlan_port, gre, vxlan)| EncapConfig {
        kinds: Encapsulations::parse(kinds).unwrap(),
        vxlan_port,
        gre,
        vxlan,
    })
}

/// Steers a frame both ways. Returns the layer that both agree on.
fn compare(frame: &[u8], types: HashTypes, config: &EncapConfig) -> Result<Layer, TestCaseError> {
    let key = HashKey::microsoft();
    let (verdict, mac) = expected(frame, key.bytes(), types, u32::from(ENTRIES), DEFAULT_QUEUE, config);
    let steering = steering(types, *config);
    prop_assert_eq!(steering.classify(frame, LinkType::Ethernet), verdict);
    let outer = parse(frame, LinkType::Ethernet);
    let inner = find(frame, &outer, config);
    prop_assert_eq!(vmq_target(&outer, inner.as_ref(), config).0, mac);
    Ok(verdict.layer)
}

fn is_inside(frame: &[u8], inner: &Inner) {
    if let Some(Net { start, payload, .. }) = inner.headers.net {
        assert!(start < payload.start && payload.start <= payload.end && payload.end <= frame.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn finds_what_was_built(packet in on_any_link()) {
        let Carried { outer, kind, at, inner: headers } = packet;
        prop_assert_eq!(parse(&outer.frame, outer.link), outer.headers);
        let inner = find_in(&outer.frame, outer.link, &all());
        let net = outer.headers.net.unwrap();
        if net.fragment {
            prop_assert_eq!(inner, None);
        } else {
            let inner = inner.unwrap();
            prop_assert_eq!((inner.kind, inner.headers), (kind, headers));
            prop_assert!(inner.header_len > at && inner.header_len <= net.payload.end);
        }
    }

    #[test]
    fn packets_land_where_the_rules_say(packet in on_ethernet(), types in types(), config in configs()) {
        compare(&packet.outer.frame, types, &config)?;
    }

    #[test]
    fn cut_packets_land_where_the_rules_say(packet in on_ethernet(), types in types(), config in configs()) {
        for len in 0..packet.outer.frame.len() {
            compare(&packet.outer.frame[..len], types, &config)?;
        }
    }

    /// Nothing appears inside that is not in the packet.
    #[test]
    fn cut_packets_give_what_is_whole(packet in on_any_link()) {
        let Carried { outer, kind, at, inner: whole } = packet;
        for len in 0..outer.frame.len() {
            let Some(inner) = find_in(&outer.frame[..len], outer.link, &all()) else {
                prop_assert!(len < at || outer.headers.net.unwrap().fragment, "{} bytes", len);
                continue;
            };
            prop_assert!(inner.kind == kind && len >= at);
            prop_assert!(inner.headers.dst_mac.is_none() || inner.headers.dst_mac == whole.dst_mac);
            prop_assert!(inner.headers.vlan.is_none() || inner.headers.vlan == whole.vlan);
            prop_assert!(inner.headers.net.is_none() || whole.net.is_some());
            prop_assert!(inner.headers.transport.is_none() || inner.headers.transport == whole.transport);
            is_inside(&outer.frame[..len], &inner);
        }
    }

    /// The inner Ethernet frame, also damaged, is for etherparse a frame like any other.
    #[test]
    fn etherparse_agrees_on_the_inner_frame(
        packet in on_ethernet(),
        hits in vec((any::<Index>(), any::<u8>()), 0..6),
    ) {
        let Carried { outer, at, inner, .. } = packet;
        let net = outer.headers.net.unwrap();
        if inner.dst_mac.is_none() || net.fragment {
            return Ok(());
        }
        let mut frame = outer.frame;
        for (hit, byte) in hits {
            let hit = at + hit.index(net.payload.end - at);
            frame[hit] = byte;
        }
        let found = find_in(&frame, LinkType::Ethernet, &all()).unwrap();
        let headers = shifted_back(&found.headers, at);
        agrees(&headers, &frame[at..net.payload.end])?;
    }

    #[test]
    fn random_bytes_never_panic(frame in vec(any::<u8>(), 0..300), config in configs()) {
        compare(&frame, HashTypes::ALL, &config)?;
    }
}

fn shifted_back(headers: &Headers, by: usize) -> Headers {
    shifted(headers, 0usize.wrapping_sub(by))
}

/// A million packets, each a valid one that was hit, cut, or had bytes put in or taken out.
#[test]
fn a_million_damaged_packets_land_where_the_rules_say() {
    const PACKETS: usize = 1_000_000;
    let mut runner = TestRunner::deterministic();
    let mut draw = |n| {
        (0..n).map(|_| on_ethernet().new_tree(&mut runner).unwrap().current().outer.frame).collect::<Vec<_>>()
    };
    let frames: Vec<Vec<u8>> = draw(4000);
    let mut runner = TestRunner::deterministic();
    let rules: Vec<(HashTypes, EncapConfig)> =
        (0..500).map(|_| (types(), configs()).new_tree(&mut runner).unwrap().current()).collect();
    let mut x = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |n: usize| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        usize::try_from(x >> 16).unwrap() % n.max(1)
    };

    let (mut plain, mut outer, mut inner) = (0, 0, 0);
    for i in 0..PACKETS {
        let mut frame = frames[below(frames.len())].clone();
        for _ in 0..=below(4) {
            // Mostly in the headers.
            let reach = if below(4) > 0 { frame.len().min(120) } else { frame.len() };
            let at = below(reach);
            match below(8) {
                0 => frame.truncate(at),
                1 => frame.insert(at, u8::try_from(below(256)).unwrap()),
                2 if !frame.is_empty() => drop(frame.remove(at)),
                3..5 if !frame.is_empty() => frame[at] = u8::try_from(below(256)).unwrap(),
                _ if !frame.is_empty() => frame[at] ^= 1 << below(8),
                _ => {}
            }
        }
        // Often enough with everything switched on.
        let (types, config) = if i % 2 == 0 { (HashTypes::ALL, all()) } else { rules[below(rules.len())] };
        match compare(&frame, types, &config) {
            Ok(Layer::Plain) => plain += 1,
            Ok(Layer::Outer(_)) => outer += 1,
            Ok(Layer::Inner(_)) => inner += 1,
            Err(error) => panic!("packet {i}: {error}\n{types:?} {config:?}\n{frame:02x?}"),
        }
    }
    println!("{plain} plain, {outer} outer, {inner} inner");
    assert!([plain, outer, inner].into_iter().all(|n| n > PACKETS / 20), "{plain} {outer} {inner}");
}
