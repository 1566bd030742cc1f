//! The verification suite of Microsoft's RSS documentation. Its table lists the destination first.

use crate::build::{Extension, Ip, Link, Payload, build};
use rssmgr_core::hash::{HashKey, HashType, HashTypes};
use rssmgr_core::packet::{FlowTuple, TransportKind};
use rssmgr_core::steer::Steering;
use rssmgr_core::toeplitz::Toeplitz;
use rssmgr_core::{EntryIndex, QueueId};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

pub(crate) struct Vector {
    pub(crate) dst: &'static str,
    pub(crate) src: &'static str,
    pub(crate) addresses: u32,
    pub(crate) with_ports: u32,
    /// Entries of a table with 128 entries.
    pub(crate) entries: (u16, u16),
}

const fn vector(
    dst: &'static str,
    src: &'static str,
    addresses: u32,
    with_ports: u32,
    entries: (u16, u16),
) -> Vector {
    Vector { dst, src, addresses, with_ports, entries }
}

pub(crate) const VECTORS: [Vector; 8] = [
    vector("161.142.100.80:1766", "66.9.149.187:2794", 0x323e_8fc2, 0x51cc_c178, (66, 120)),
    vector("65.69.140.83:4739", "199.92.111.2:14230", 0xd718_262a, 0xc626_b0ea, (42, 106)),
    vector("12.22.207.184:38024", "24.19.198.95:12898", 0xd2d0_a5de, 0x5c2b_394a, (94, 74)),
    vector("209.142.163.6:2217", "38.27.205.30:48228", 0x8298_9176, 0xafc7_327f, (118, 127)),
    vector("202.188.127.2:1303", "153.39.163.191:44251", 0x5d18_09c5, 0x10e8_28a2, (69, 34)),
    vector("[3ffe:2501:200:3::1]:1766", "[3ffe:2501:200:1fff::7]:2794", 0x2cc1_8cd5, 0x4020_7d3d, (85, 61)),
    vector("[ff02::1]:4739", "[3ffe:501:8::260:97ff:fe40:efab]:14230", 0x0f0c_461c, 0xdde5_1bbf, (28, 63)),
    vector(
        "[fe80::200:f8ff:fe21:67cf]:38024",
        "[3ffe:1900:4545:3:200:f8ff:fe21:67cf]:44251",
        0x4b61_e985,
        0x02d1_feef,
        (5, 111),
    ),
];

/// 128 entries over 8 queues with Microsoft's key; queue 9 for what is not hashed.
pub(crate) fn steering(types: HashTypes) -> Steering {
    let table = (0..128).map(|i| QueueId(i % 8)).collect();
    Steering::new(Arc::new(Toeplitz::new(&HashKey::microsoft())), types, table, QueueId(9)).unwrap()
}

#[test]
fn official_vectors_as_strings_of_bytes() {
    let toeplitz = Toeplitz::new(&HashKey::microsoft());
    for v in &VECTORS {
        let (src, dst): (SocketAddr, SocketAddr) = (v.src.parse().unwrap(), v.dst.parse().unwrap());
        let mut bytes = Vec::new();
        for ip in [src.ip(), dst.ip()] {
            match ip {
                IpAddr::V4(ip) => bytes.extend(ip.octets()),
                IpAddr::V6(ip) => bytes.extend(ip.octets()),
            }
        }
        assert_eq!(toeplitz.hash(&bytes), v.addresses, "{} -> {}", v.src, v.dst);
        bytes.extend(src.port().to_be_bytes());
        bytes.extend(dst.port().to_be_bytes());
        assert_eq!(toeplitz.hash(&bytes), v.with_ports, "{} -> {}", v.src, v.dst);
    }
}

#[test]
fn official_vectors_as_flows() {
    let steering = steering(HashTypes::DEFAULT);
    for v in &VECTORS {
        let (src, dst): (SocketAddr, SocketAddr) = (v.src.parse().unwrap(), v.dst.parse().unwrap());
        let flow = |ports, proto| {
            let flow = FlowTuple { src: src.ip(), dst: dst.ip(), ports, proto };
            steering.steer(&flow.headers().unwrap())
        };
        let ports = Some((src.port(), dst.port()));
        let plain = flow(None, None);
        let [tcp, udp] = [TransportKind::Tcp, TransportKind::Udp].map(|proto| flow(ports, Some(proto)));
        let (ip_type, tcp_type, udp_type) = if src.is_ipv4() {
            (HashType::Ipv4, HashType::TcpIpv4, HashType::UdpIpv4)
        } else {
            (HashType::Ipv6, HashType::TcpIpv6, HashType::UdpIpv6)
        };
        for (verdict, hash_type, hash, entry) in [
            (plain, ip_type, v.addresses, v.entries.0),
            (tcp, tcp_type, v.with_ports, v.entries.1),
            (udp, udp_type, v.with_ports, v.entries.1),
        ] {
            assert_eq!(verdict.hash_type, Some(hash_type));
            assert_eq!(verdict.hash, Some(hash), "{} -> {}", v.src, v.dst);
            assert_eq!(verdict.entry, Some(EntryIndex(entry)));
            assert_eq!(verdict.queue, QueueId(entry % 8));
        }
    }
}

#[test]
fn official_vectors_as_frames() {
    let steering = steering(HashTypes::DEFAULT);
    for v in &VECTORS {
        let (src, dst): (SocketAddr, SocketAddr) = (v.src.parse().unwrap(), v.dst.parse().unwrap());
        let ip = match (src.ip(), dst.ip()) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                Ip::V4 { src: src.octets(), dst: dst.octets(), option_words: 2, fragment: None }
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => Ip::V6 {
                src: src.octets(),
                dst: dst.octets(),
                extensions: vec![Extension::HopByHop { units: 1 }],
                fragment: None,
            },
            _ => unreachable!("both of one version"),
        };
        let (sport, dport, data) = (src.port(), dst.port(), vec![1, 2, 3]);
        let link = Link::Ethernet { dst: [2; 6], src: [4; 6], tags: vec![(0x88a8, 7), (0x8100, 8)] };
        for (payload, hash) in [
            (Payload::Other { protocol: 58, data: data.clone() }, v.addresses),
            (Payload::Tcp { sport, dport, option_words: 3, data: data.clone() }, v.with_ports),
            (Payload::Udp { sport, dport, data }, v.with_ports),
        ] {
            let built = build(&link, &ip, &payload, 4);
            assert_eq!(
                steering.classify(&built.frame, built.link).hash,
                Some(hash),
                "{} -> {}",
                v.src,
                v.dst
            );
        }
    }
}

#[test]
fn tuples_that_are_no_flow() {
    let flow = |src: &str, ports, proto| {
        let flow = FlowTuple { src: src.parse().unwrap(), dst: "10.0.0.2".parse().unwrap(), ports, proto };
        flow.headers().unwrap_err().to_string()
    };
    assert!(flow("::1", None, None).contains("::1 and destination 10.0.0.2"));
    assert!(flow("10.0.0.1", Some((1, 2)), None).contains("tcp or udp"));
}
