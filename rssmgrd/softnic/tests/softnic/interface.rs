//! Live frames from the loopback interface.

use std::net::UdpSocket;

use rssmgr_core::hash::HashKey;
use rssmgr_softnic::{SoftNic, SoftnicSpec, SourceSpec};

use crate::oracle;
use crate::support::{conserved, quiet, wait};

const DATAGRAMS: u32 = 200;

fn create(interface: &str) -> Result<SoftNic, String> {
    let map = [("queues", "4"), ("topology", "1x4x1"), ("source", interface)];
    let map = map.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let spec = SoftnicSpec::parse("nic0", &map).unwrap();
    SoftNic::create(spec, HashKey::microsoft()).map_err(|e| e.to_string())
}

/// Frames that the kernel really delivers land where the oracle says.
#[test]
fn live_frames_are_steered() {
    let mut nic = match create("interface:lo") {
        Ok(nic) => nic,
        Err(message) => {
            assert!(message.contains("CAP_NET_RAW") || message.contains("AF_PACKET"), "{message}");
            eprintln!("skipped: {message}");
            return;
        }
    };
    let tap = nic.tap(100_000);
    let (receiver, sender) =
        (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let port = |socket: &UdpSocket| socket.local_addr().unwrap().port().to_be_bytes();
    // Ethernet and IPv4 headers as far as the oracle looks at them.
    let mut frame = vec![0; 12];
    frame.extend([0x08, 0x00, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    frame.extend([port(&sender), port(&receiver)].concat());
    let hash = oracle::hash(&oracle::KEY, &frame).unwrap();
    for _ in 0..DATAGRAMS {
        sender.send_to(b"softnic", receiver.local_addr().unwrap()).unwrap();
    }
    let mut found = 0;
    let mut look = || {
        while let Some(packet) = tap.next_packet() {
            if packet.hash == Some(hash) {
                found += 1;
                assert_eq!(u32::from(packet.queue.0), hash % 128 % 4);
            }
        }
        found
    };
    wait("our datagrams", || look() >= DATAGRAMS);
    let sample = quiet(&mut nic);
    assert_eq!(look(), DATAGRAMS, "once, although the loopback interface shows them leave and come");
    conserved(&nic, &sample);
    assert_eq!(sample.adapter.reordered, 0);
    assert!(sample.adapter.bytes >= u64::from(DATAGRAMS) * (14 + 20 + 8 + 7));
}

#[test]
fn no_such_interface() {
    let message = create("interface:nosuch0").unwrap_err();
    assert!(message.contains("nosuch0"), "{message}");
    assert!(SourceSpec::parse("interface:").is_err());
}
