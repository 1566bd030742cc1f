//! Precedence of hash types, table look-up and default queue, against rules written down once more as tables.

use crate::build::{Built, packets};
use crate::toeplitz::bit_by_bit;
use proptest::collection::vec;
use proptest::prelude::*;
use rssmgr_core::hash::{HashKey, HashType, HashTypes};
use rssmgr_core::packet::{Addresses, Headers, TransportKind};
use rssmgr_core::steer::{Layer, MAX_ENTRIES, Steering, TableError, Verdict};
use rssmgr_core::toeplitz::Toeplitz;
use rssmgr_core::{EntryIndex, QueueId};
use std::sync::Arc;

/// The types that may hash these headers, best first, and whether the ports and the mobility addresses go in.
fn candidates(headers: &Headers) -> Vec<(HashType, bool, bool)> {
    use HashType::{Ipv4, Ipv6, Ipv6Ex, TcpIpv4, TcpIpv6, TcpIpv6Ex, UdpIpv4, UdpIpv6, UdpIpv6Ex};
    let kind = headers.transport.map(|t| t.kind);
    match (headers.net.map(|net| net.addresses), kind) {
        (None, _) => vec![],
        (Some(Addresses::V4 { .. }), None) => vec![(Ipv4, false, false)],
        (Some(Addresses::V4 { .. }), Some(TransportKind::Tcp)) => {
            vec![(TcpIpv4, true, false), (Ipv4, false, false)]
        }
        (Some(Addresses::V4 { .. }), Some(TransportKind::Udp)) => {
            vec![(UdpIpv4, true, false), (Ipv4, false, false)]
        }
        (Some(Addresses::V6 { .. }), None) => vec![(Ipv6Ex, false, true), (Ipv6, false, false)],
        (Some(Addresses::V6 { .. }), Some(TransportKind::Tcp)) => {
            vec![(TcpIpv6Ex, true, true), (TcpIpv6, true, false), (Ipv6Ex, false, true), (Ipv6, false, false)]
        }
        (Some(Addresses::V6 { .. }), Some(TransportKind::Udp)) => {
            vec![(UdpIpv6Ex, true, true), (UdpIpv6, true, false), (Ipv6Ex, false, true), (Ipv6, false, false)]
        }
    }
}

fn bytes(headers: &Headers, ports: bool, mobility: bool) -> Vec<u8> {
    let mut bytes = match headers.net.unwrap().addresses {
        Addresses::V4 { src, dst } => [src, dst].concat(),
        Addresses::V6 { src, dst, home, routing } if mobility => {
            [home.unwrap_or(src), routing.unwrap_or(dst)].concat()
        }
        Addresses::V6 { src, dst, .. } => [src, dst].concat(),
    };
    if let Some(t) = headers.transport.filter(|_| ports) {
        bytes.extend(t.sport.to_be_bytes());
        bytes.extend(t.dport.to_be_bytes());
    }
    bytes
}

fn any_types() -> impl Strategy<Value = HashTypes> {
    proptest::sample::subsequence(HashType::ALL.to_vec(), 0..=9).prop_map(|types| types.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn packets_land_where_the_rules_say(
        Built { frame, link, headers } in packets(),
        key in vec(any::<u8>(), 40),
        types in any_types(),
        entries in prop_oneof![Just(128_u16), 1_u16..300],
    ) {
        let table: Box<[QueueId]> = (0..entries).map(|i| QueueId(i.wrapping_mul(7) % 64)).collect();
        let toeplitz = Arc::new(Toeplitz::new(&HashKey::new(key.clone())));
        let steering = Steering::new(toeplitz, types, table, QueueId(99)).unwrap();
        let expected = match candidates(&headers).into_iter().find(|(t, ..)| types.has(*t)) {
            None => Verdict { hash_type: None, hash: None, entry: None, queue: QueueId(99), layer: Layer::Plain },
            Some((hash_type, ports, mobility)) => {
                let hash = bit_by_bit(&key, &bytes(&headers, ports, mobility));
                let entry = u16::try_from(hash % u32::from(entries)).unwrap();
                Verdict {
                    hash_type: Some(hash_type),
                    hash: Some(hash),
                    entry: Some(EntryIndex(entry)),
                    queue: QueueId(entry.wrapping_mul(7) % 64),
                    layer: Layer::Plain,
                }
            }
        };
        prop_assert_eq!(steering.classify(&frame, link), expected);
        prop_assert_eq!(steering.steer(&headers), expected);
    }
}

#[test]
fn tables_have_1_to_65536_entries() {
    let toeplitz = Arc::new(Toeplitz::new(&HashKey::microsoft()));
    let table = |entries| {
        let table = vec![QueueId(1); entries].into_boxed_slice();
        Steering::new(Arc::clone(&toeplitz), HashTypes::ALL, table, QueueId(0))
    };
    assert_eq!(table(0).err(), Some(TableError::Entries { entries: 0 }));
    assert_eq!(table(MAX_ENTRIES + 1).err(), Some(TableError::Entries { entries: MAX_ENTRIES + 1 }));
    assert_eq!(table(MAX_ENTRIES).unwrap().entry(0xabcd_ffff), EntryIndex(0xffff));
    assert_eq!(table(1).unwrap().entry(u32::MAX), EntryIndex(0));
    assert_eq!(table(65_535).unwrap().entry(u32::MAX), EntryIndex(0));
}
