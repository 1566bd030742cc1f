//! The hashes of a capture.

use rssmgr_core::hash::{HashKey, HashType, HashTypes};
use rssmgr_core::packet::LinkType;
use rssmgr_core::packet::encap::{EncapConfig, Encapsulation, Encapsulations};
use rssmgr_core::steer::Steering;
use rssmgr_core::toeplitz::Toeplitz;
use rssmgr_core::{EntryIndex, QueueId};
use rssmgr_host::capture::{Capture, HashedPacket, PcapWriter, hash_capture};
use std::sync::Arc;

/// 66.9.149.187:2794 to 161.142.100.80:1766, of Microsoft's verification suite.
const DATAGRAM: [u8; 28] = [
    0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6, 0,
    8, 0, 0,
];

#[test]
fn every_packet_gets_a_line_and_damage_comes_last() {
    let mut icmp = DATAGRAM;
    icmp[9] = 1;
    let mut arp = [0; 42];
    (arp[12], arp[13]) = (8, 6);
    let ethernet = |ip: &[u8]| [&[2; 12][..], &[8, 0], ip, &[0; 18]].concat();
    let frames = [ethernet(&DATAGRAM), ethernet(&icmp), arp.to_vec(), vec![1, 2, 3], Vec::new()];
    let mut writer = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap();
    for frame in &frames {
        writer.write(0, frame, u32::try_from(frame.len()).unwrap()).unwrap();
    }
    let mut file = writer.finish().unwrap();
    file.extend([9; 5]);

    let table = (0..128).map(|i| QueueId(i % 4)).collect();
    let toeplitz = Arc::new(Toeplitz::new(&HashKey::microsoft()));
    let steering = Steering::new(toeplitz, HashTypes::DEFAULT, table, QueueId(3)).unwrap();
    let mut capture = Capture::new(&file[..]).unwrap();
    let mut lines: Vec<_> = hash_capture(&mut capture, &steering).collect();

    let damage = lines.pop().unwrap().unwrap_err().to_string();
    assert!(damage.contains("packets 1 to 5"), "{damage}");
    let lines: Vec<_> = lines.into_iter().map(Result::unwrap).collect();
    let hashed = |packet, hash_type, hash, entry| HashedPacket {
        packet,
        hash_type: Some(hash_type),
        hash: Some(hash),
        entry: Some(EntryIndex(entry)),
        queue: QueueId(entry % 4),
        encapsulation: None,
        inner: false,
    };
    let unhashed = |packet| HashedPacket {
        packet,
        hash_type: None,
        hash: None,
        entry: None,
        queue: QueueId(3),
        encapsulation: None,
        inner: false,
    };
    assert_eq!(
        lines,
        [
            hashed(1, HashType::UdpIpv4, 0x51cc_c178, 120),
            hashed(2, HashType::Ipv4, 0x323e_8fc2, 66),
            unhashed(3),
            unhashed(4),
            unhashed(5),
        ]
    );
}

/// The datagram of the suite in VXLAN, ICMP in NVGRE, and both once more where only VXLAN is switched on.
#[test]
fn tunnels_are_looked_into_when_switched_on() {
    let ethernet = |ip: &[u8]| [&[2; 12][..], &[8, 0], ip].concat();
    let carried = |protocol, tunnel: &[u8], ip: &[u8]| {
        let frame = ethernet(ip);
        let total = u8::try_from(20 + tunnel.len() + frame.len()).unwrap();
        let header = [0x45, 0, 0, total, 0, 1, 0, 0, 64, protocol, 0, 0, 66, 9, 149, 187, 161, 142, 100, 80];
        ethernet(&[&header[..], tunnel, &frame].concat())
    };
    let mut icmp = DATAGRAM;
    (icmp[9], icmp[12]) = (1, 10);
    let vxlan = carried(17, &[0xc0, 0, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 7, 0], &DATAGRAM);
    let nvgre = carried(47, &[0x20, 0, 0x65, 0x58, 0, 0, 7, 0], &icmp);
    let mut writer = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap();
    for frame in [&vxlan, &nvgre] {
        writer.write(0, frame, u32::try_from(frame.len()).unwrap()).unwrap();
    }
    let file = writer.finish().unwrap();

    let records = |kinds: &str| -> Vec<_> {
        let toeplitz = Arc::new(Toeplitz::new(&HashKey::microsoft()));
        let table = Box::new([QueueId(0), QueueId(1)]);
        let steering = Steering::new(toeplitz, HashTypes::DEFAULT, table, QueueId(3))
            .unwrap()
            .with_encapsulation(EncapConfig::new(Encapsulations::parse(kinds).unwrap()));
        let mut capture = Capture::new(&file[..]).unwrap();
        hash_capture(&mut capture, &steering)
            .map(Result::unwrap)
            .map(|r| (r.hash_type.unwrap(), r.hash.unwrap(), r.encapsulation, r.inner))
            .collect()
    };
    let inner = (HashType::UdpIpv4, 0x51cc_c178, Some(Encapsulation::Vxlan), true);
    let outer = (HashType::Ipv4, 0x323e_8fc2, Some(Encapsulation::Nvgre), false);
    assert_eq!(records("nvgre,vxlan"), [inner, outer]);
    assert_eq!(records("vxlan"), [inner, (HashType::Ipv4, 0x323e_8fc2, None, false)]);
    let plain = records("none");
    assert_eq!((plain[0].0, plain[0].2, plain[0].3), (HashType::UdpIpv4, None, false));
    assert_ne!(plain[0].1, inner.1);
}
