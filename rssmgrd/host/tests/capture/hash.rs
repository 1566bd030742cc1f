//! The hashes of a capture.

use rssmgr_core::hash::{HashKey, HashType, HashTypes};
use rssmgr_core::packet::LinkType;
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
    };
    let unhashed =
        |packet| HashedPacket { packet, hash_type: None, hash: None, entry: None, queue: QueueId(3) };
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
