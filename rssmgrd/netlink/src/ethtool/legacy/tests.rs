//! All bytes here are written by hand after `include/uapi/linux/ethtool.h`, for a little-endian 64-bit host.

use super::super::{HashFunctions, HashKey, InputTransform, Table};
use super::rss::{Set, TransformByte, choose_transform, prepare, read};
use super::rule::{locations, space};
use super::*;
use std::io::Write as _;

const KEY: [u8; 5] = [0x6d, 0x5a, 0x56, 0xda, 0x25];

/// A device with a table of 4 entries and a key of 5 bytes, symmetric hashing as given.
fn now(transform: u32) -> Rss {
    let mut rss = Rss::default();
    (rss.table, rss.key, rss.transform) =
        (vec![0, 1, 0, 1], HashKey::from(&KEY[..]), InputTransform(transform));
    rss
}

fn bytes(set: &Set<'_>) -> Vec<u8> {
    let mut bytes = vec![0; set.length()];
    set.write(&mut bytes);
    bytes
}

#[test]
fn rss_settings_are_written_byte_for_byte() {
    let change = RssChange {
        table: Some(Table::Entries(vec![3, 2, 1, 0])),
        key: Some(HashKey::from(&KEY[..])),
        function: Some(HashFunctions::XOR),
        ..RssChange::default()
    };
    let set = prepare("eth0", 0, &change, &now(1), TransformByte::Used).unwrap();
    #[rustfmt::skip]
    let expected = [
        0, 0, 0, 0,             // the command, which the caller writes
        0, 0, 0, 0,             // context 0
        4, 0, 0, 0, 5, 0, 0, 0, // entries, bytes of key
        2, 1, 0, 0, 0, 0, 0, 0, // hfunc, input_xfrm as in force, reserved
        3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        0x6d, 0x5a, 0x56, 0xda, 0x25,
    ];
    assert_eq!(bytes(&set), expected);

    let reset = RssChange { table: Some(Table::Default), ..RssChange::default() };
    let set = prepare("eth0", 0, &reset, &now(0), TransformByte::Reserved).unwrap();
    assert_eq!(bytes(&set), [0; 24]);

    let key = RssChange { key: Some(HashKey::from(&KEY[..])), ..RssChange::default() };
    let set = prepare("eth0", 2, &key, &now(0), TransformByte::Used).unwrap();
    // Context 2, the table stays.
    assert_eq!(bytes(&set)[4..16], [2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 5, 0, 0, 0]);
    assert_eq!(bytes(&set)[24..], KEY);
}

#[test]
fn what_was_not_asked_for_stays() {
    use TransformByte::{Reserved, Used};
    // byte, asked for, in force, context -> sent
    for (byte, asked, in_force, context, sent) in [
        (Reserved, None, 0, 0, Some(0)),
        (Reserved, Some(0), 0, 0, Some(0)),
        (Reserved, Some(1), 0, 0, None),
        (Used, None, 0, 0, Some(0)),
        // 0 would switch symmetric hashing off.
        (Used, None, 1, 0, Some(1)),
        (Used, Some(0), 1, 0, Some(0)),
        (Used, Some(2), 0, 0, Some(2)),
        // Drivers with one mode for all contexts refuse a mode here.
        (Used, None, 1, 3, Some(0xff)),
        (Used, None, 0, 3, Some(0)),
    ] {
        assert_eq!(
            choose_transform(byte, asked, in_force, context),
            sent,
            "{byte:?} {asked:?} {in_force} {context}"
        );
    }
}

#[test]
fn what_would_do_something_else_is_refused() {
    let refused = |context, change: RssChange| {
        prepare("eth0", context, &change, &now(0), TransformByte::Used).unwrap_err().to_string()
    };
    let table = |table| RssChange { table: Some(table), ..RssChange::default() };
    // Size 0 in a context would delete it, in the default one reset it.
    assert!(refused(1, table(Table::Default)).contains("no default table"));
    assert_eq!(
        refused(0, table(Table::Entries(vec![]))),
        "ETHTOOL_SRSSH of interface `eth0`: the table has 0 entries, the device takes 4"
    );
    assert!(refused(0, table(Table::Entries(vec![0, 1]))).contains("has 2 entries, the device takes 4"));
    let key = RssChange { key: Some(HashKey::from(&KEY[..4])), ..RssChange::default() };
    assert!(refused(0, key).contains("the hash key has 4 bytes, the device takes 5"));
    let function = RssChange { function: Some(HashFunctions(1 << 8)), ..RssChange::default() };
    assert!(refused(0, function).contains("use netlink"));
    let symmetric = RssChange { transform: Some(InputTransform::SYMMETRIC_XOR), ..RssChange::default() };
    let old = prepare("eth0", 0, &symmetric, &now(0), TransformByte::Reserved).unwrap_err();
    assert!(old.is_unsupported() && old.to_string().contains("Linux 6.8"), "{old}");
    let mut ioctl = Ioctl::open().unwrap();
    assert!(ioctl.delete_rss_context("eth0", 0).unwrap_err().is_unsupported());
}

#[test]
fn rss_settings_are_read() {
    let mut bytes = vec![0; 24];
    (bytes[16], bytes[17]) = (1, 2);
    bytes.extend([7, 0, 0, 0, 0, 1, 0, 0]);
    bytes.extend(KEY);
    // The block is longer than what is asked for.
    bytes.extend([0xee; 3]);
    let rss = read(&bytes, "eth0", 3, 8, 5);
    let mut expected = now(2);
    (expected.device.name, expected.context) = ("eth0".into(), 3);
    (expected.table, expected.function) = (vec![7, 256], HashFunctions::TOEPLITZ);
    assert_eq!(rss, expected);
}

#[test]
fn flow_types_are_written_with_their_context() {
    let mut bytes = [0; rxnfc::SIZE];
    write_flow(&mut bytes, 0x11, 0);
    let mut expected = [0; 192];
    expected[4] = 0x11;
    assert_eq!(bytes, expected);
    write_flow(&mut bytes, 0x11, 5);
    (expected[7], expected[184]) = (0x20, 5);
    assert_eq!(bytes, expected);
}

/// `ethtool -N eth0 flow-type ether dst 02:00:00:00:00:07 vlan 100 m 0xf000 context 3 loc 9`, byte for byte.
#[test]
fn receive_rules_are_written_and_read_byte_for_byte() {
    let mut expected = [0; 192];
    // flow_type of the rule: ETHER_FLOW, FLOW_RSS, FLOW_EXT.
    (expected[16], expected[19]) = (0x12, 0xa0);
    // h_u.ether_spec: destination; source and protocol are not asked for.
    expected[20..26].copy_from_slice(&[2, 0, 0, 0, 0, 7]);
    // h_ext at 16 + 4 + 52: padding 2, h_dest 6, vlan_etype 2, vlan_tci in network order.
    expected[82..84].copy_from_slice(&[0, 100]);
    // m_u at 16 + 4 + 52 + 20, m_ext 52 behind it.
    expected[92..98].fill(0xff);
    expected[154..156].copy_from_slice(&[0x0f, 0xff]);
    // ring_cookie 0 at 168, location at 176, rss_context behind the rule.
    (expected[176], expected[184]) = (9, 3);
    let rule = MacRule { mac: [2, 0, 0, 0, 0, 7], vlan: Some(100), packets: Packets::All, context: 3 };
    let mut bytes = [0; rxnfc::SIZE];
    rule.write(&mut bytes, 9);
    assert_eq!(bytes, expected);
    assert_eq!(MacRule::read(&bytes), Some(rule));

    let any = MacRule { vlan: None, ..rule };
    let mut bytes = [0; rxnfc::SIZE];
    any.write(&mut bytes, u32::MAX);
    expected[19] = 0x20;
    expected[82..84].fill(0);
    expected[154..156].fill(0);
    expected[176..180].fill(0xff);
    assert_eq!(bytes, expected);
    assert_eq!(MacRule::read(&bytes), Some(any));

    // Rules of other kinds: TCP over IPv4, a part of an address, a source besides, without a context, to a queue.
    for (at, other) in [(16, 0x01), (92, 0xfe), (98, 0xff), (19, 0), (168, 1)] {
        let mut bytes = bytes;
        bytes[at] = other;
        assert_eq!(MacRule::read(&bytes), None, "{at}");
    }
    (bytes[19], bytes[155]) = (0xa0, 0x01);
    assert_eq!(MacRule::read(&bytes), None);

    // What packets of the VLAN are to have besides: a type, a priority, the driver's own.
    let mut bytes = [0; rxnfc::SIZE];
    rule.write(&mut bytes, 9);
    for (at, other) in [(152, 0xff), (154, 0xef), (156, 0xff), (163, 1)] {
        let mut bytes = bytes;
        bytes[at] = other;
        assert_eq!(MacRule::read(&bytes), None, "{at}");
    }
}

/// `ethtool -N eth0 flow-type ip4 dst-mac 02:00:00:00:00:07 vlan 100 m 0xf000 context 3 loc 9` and its like, byte for byte:
/// what devices take that hash each protocol in an object of its own.
#[test]
fn receive_rules_for_a_protocol_are_written_and_read_byte_for_byte() {
    let kinds = [
        (Packets::Tcp4, 0x01),
        (Packets::Udp4, 0x02),
        (Packets::Ip4, 0x0d),
        (Packets::Tcp6, 0x05),
        (Packets::Udp6, 0x06),
        (Packets::Ip6, 0x0e),
    ];
    assert_eq!(kinds.map(|(packets, _)| packets), Packets::PROTOCOLS);
    for (packets, flow_type) in kinds {
        let mut expected = [0; 192];
        // flow_type of the rule: the protocol's, FLOW_RSS, FLOW_MAC_EXT, FLOW_EXT.
        (expected[16], expected[19]) = (flow_type, 0xe0);
        if packets == Packets::Ip4 {
            // h_u.usr_ip4_spec.ip_ver: ETH_RX_NFC_IP4.
            expected[33] = 1;
        }
        // h_ext at 16 + 4 + 52: padding 2, h_dest 6, vlan_etype 2, vlan_tci in network order.
        expected[74..80].copy_from_slice(&[2, 0, 0, 0, 0, 7]);
        expected[82..84].copy_from_slice(&[0, 100]);
        // m_ext.
        expected[146..152].fill(0xff);
        expected[154..156].copy_from_slice(&[0x0f, 0xff]);
        (expected[176], expected[184]) = (9, 3);
        let rule = MacRule { mac: [2, 0, 0, 0, 0, 7], vlan: Some(100), packets, context: 3 };
        let mut bytes = [0; rxnfc::SIZE];
        rule.write(&mut bytes, 9);
        assert_eq!(bytes, expected, "{packets:?}");
        assert_eq!(MacRule::read(&bytes), Some(rule));
        // A port or an address besides: another kind.
        for at in [92, 100, 104, 140] {
            let mut bytes = bytes;
            bytes[at] = 0xff;
            assert_eq!(MacRule::read(&bytes), None, "{packets:?} {at}");
        }
        bytes[19] = 0xc0;
        assert_eq!(MacRule::read(&bytes), None, "to a queue");
        assert_eq!(PlacedRule::read(9, &bytes).context, None);
    }
    // Of a rule of another kind its context is known all the same.
    let mut bytes = [0; rxnfc::SIZE];
    (bytes[16], bytes[19], bytes[184], bytes[104]) = (0x01, 0x20, 5, 0xff);
    let other = PlacedRule { location: 4, context: Some(5), rule: None };
    assert_eq!(PlacedRule::read(4, &bytes), other);
}

/// mlx5 tells how many places there are with the list, others with the count; the highest bit is a flag.
#[test]
fn where_rules_can_be_is_in_one_of_two_answers() {
    for (counted, listed, places, by_driver) in [
        (0, 1024, 1024, false),
        (64, 0, 64, false),
        (0x8000_0000 | 256, 256, 256, true),
        (0x8000_0000, 0, 0, true),
        (0, 0, 0, false),
    ] {
        let found = space(counted, listed);
        assert_eq!((found.places, found.by_driver), (places, by_driver), "{counted:x} {listed:x}");
    }
}

#[test]
fn places_of_rules_are_as_many_as_there_is_room_for() {
    let mut bytes = [0; 200];
    bytes[184] = 2;
    (bytes[188], bytes[192], bytes[196]) = (4, 9, 1);
    assert_eq!(locations(&bytes), [4, 9]);
    bytes[184..188].fill(0xff);
    assert_eq!(locations(&bytes), [4, 9, 1]);
}

#[test]
fn rules_that_mean_nothing_are_refused() {
    let mut ioctl = Ioctl::open().unwrap();
    let rule = MacRule { mac: [2, 0, 0, 0, 0, 7], vlan: Some(4096), packets: Packets::All, context: 3 };
    assert!(ioctl.insert_rule("eth0", &rule).unwrap_err().to_string().contains("0 to 4095"));
    let rule = MacRule { vlan: None, context: 0, ..rule };
    assert!(ioctl.insert_rule("eth0", &rule).unwrap_err().is_unsupported());
}

#[test]
fn the_layouts_are_those_of_the_kernels_structures() {
    // struct ethtool_drvinfo: cmd, 32 + 32 + 32 + 32 + 32 + 12 bytes of text, then five numbers, of which the second
    // is n_stats.
    assert_eq!(drvinfo::SIZE, 4 + 5 * 32 + 12 + 5 * 4);
    assert_eq!(drvinfo::COUNTERS, 4 + 5 * 32 + 12 + 4);
    // struct ethtool_rx_flow_spec: 4 + 2 * (52 + 20), padded to 152; ring_cookie 8, location 4, padded to 168.
    assert_eq!(rxnfc::CONTEXT, 16 + 168);
    assert_eq!(rxnfc::SIZE, 16 + 168 + 4 + 4);
}

#[test]
fn the_kernel_cannot_write_beyond_a_block() {
    let mut arena = Arena::new().unwrap();
    assert!(arena.block(usize::MAX).is_none());
    assert!(arena.block((1 << 23) + 1).is_none());
    assert_eq!(arena.block(1 << 23).unwrap().bytes().len(), 1 << 23);
    let mut block = arena.block(13).unwrap();
    block.bytes_mut().fill(0xaa);
    assert_eq!(arena.block(13).unwrap().bytes(), [0; 16]);

    // The kernel fills 196 bytes; a block with room for 8 ends where it may not write.
    let mut ioctl = Ioctl::open().unwrap();
    let Some(name) = (1..100).find_map(|index| {
        let name = ioctl.interface_name(index).ok()?;
        ioctl.driver(&name).ok().map(|_| name)
    }) else {
        let _ =
            writeln!(std::io::stderr(), "SKIPPED the_kernel_cannot_write_beyond_a_block: no network card");
        return;
    };
    let refused = ioctl.call(GDRVINFO, &name, 8, |_| ()).unwrap_err();
    assert_eq!(refused.errno(), Some(Errno::FAULT));
}

#[test]
fn names_that_no_interface_has_are_refused() {
    let mut ioctl = Ioctl::open().unwrap();
    for name in ["", "sixteen-bytes-xx", "nul\0"] {
        assert_eq!(ioctl.driver(name).unwrap_err(), Error::Name { name: name.into() });
    }
    assert!(ioctl.driver("no-such-device").unwrap_err().is_gone());
}
