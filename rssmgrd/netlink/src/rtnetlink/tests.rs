//! All bytes here are written by hand, for a little-endian host.

use super::*;
use crate::testing::{attribute, nest, number};

/// Message type 18, flags, sequence 1, then the 16 bytes of `ifinfomsg` with an index.
fn head(length: u8, flags: [u8; 2], index: u8) -> Vec<u8> {
    let mut bytes = vec![length, 0, 0, 0, 18, 0, flags[0], flags[1], 1, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend([0, 0, 0, 0, index, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// ext-mask: without statistics.
const MASK: [u8; 8] = [8, 0, 29, 0, 8, 0, 0, 0];

#[test]
fn requests() {
    let expected = [&head(40, [0x01, 0x03], 0)[..], &MASK].concat();
    assert_eq!(list_question().finish(1).unwrap(), expected);
    let one = |interface| one_question(interface).unwrap().finish(1).unwrap();
    let expected = [&head(40, [0x01, 0], 4)[..], &MASK].concat();
    assert_eq!(one(Interface::Index(4)), expected);
    let name = [9, 0, 3, 0, b'e', b't', b'h', b'0', 0, 0, 0, 0];
    let expected = [&head(52, [0x01, 0], 0)[..], &name, &MASK].concat();
    assert_eq!(one(Interface::Name("eth0")), expected);
    // 16 bytes are too long for a name: an alternative one.
    assert_eq!(one(Interface::Name("enp0s31f6-uplink"))[32..36], [21, 0, 53, 0]);
    assert!(one_question(Interface::Index(1 << 31)).unwrap_err().is_unsupported());
}

#[test]
fn answers() {
    // Family, padding, type 1; index 7; flags up and running; changed flags all.
    let header = [0, 0, 1, 0, 7, 0, 0, 0, 0x41, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
    let attributes = [
        attribute(1, &[2, 0, 0, 0, 0, 9]),
        attribute(3, b"enp1s0\0"),
        number(4, 9000),
        number(5, 3),
        number(10, 12),
        attribute(16, &[6]),
        nest(18, &[attribute(1, b"vlan\0"), attribute(4, b"bond\0")]),
        number(31, 16),
        number(32, 8),
        attribute(33, &[1]),
        number(35, 5),
        attribute(37, &(-1_i32).to_le_bytes()),
        nest(43, &[attribute(2, &[1])]),
        number(45, 1),
        number(49, 2),
        attribute(54, &[2, 0, 0, 0, 0, 1]),
        attribute(56, b"0000:01:00.0\0"),
        attribute(57, b"pci\0"),
        attribute(200, b"later"),
    ];
    let link = Link::decode(&[&header[..], &attributes.concat()].concat()).unwrap();
    let mut expected = Link::default();
    (expected.index, expected.name, expected.hardware_type) = (7, "enp1s0".into(), 1);
    (expected.flags, expected.changed_flags, expected.mtu) = (0x41, u32::MAX, 9000);
    (expected.carrier, expected.carrier_changes, expected.operstate) = (Some(true), Some(5), OperState::UP);
    expected.address = vec![2, 0, 0, 0, 0, 9];
    expected.permanent_address = Some(vec![2, 0, 0, 0, 0, 1]);
    (expected.master, expected.lower, expected.lower_namespace) = (Some(12), Some(3), Some(-1));
    (expected.kind, expected.port_kind) = (Some("vlan".into()), Some("bond".into()));
    (expected.rx_queues, expected.tx_queues, expected.xdp) = (Some(8), Some(16), true);
    (expected.parent_device, expected.parent_bus) = (Some("0000:01:00.0".into()), Some("pci".into()));
    (expected.new_namespace, expected.new_index) = (Some(1), Some(2));
    assert_eq!(link, expected);
    assert!(link.is_up() && !link.is_loopback());

    let bare = Link::decode(&header).unwrap();
    assert_eq!((bare.index, bare.carrier, bare.kind, bare.xdp), (7, None, None, false));
    assert!(Link::decode(&header[..15]).is_err());
    let mut negative = header;
    negative[4..8].copy_from_slice(&(-1_i32).to_le_bytes());
    assert!(Link::decode(&negative).is_err());
}
