//! All bytes here are written by hand, for a little-endian host.

mod against_bindings;

use super::monitor::Notice;
use super::*;
use crate::genl::Operation;
use crate::testing::{attribute, family, generic, nest, number};
use crate::wire::{Attributes, Problem, Request};
use std::collections::BTreeMap;

/// The bytes of `request` under sequence number 1.
fn bytes(request: Result<Request, Error>) -> Vec<u8> {
    request.unwrap().finish(1).unwrap()
}

/// What stands before the attributes: length, type 0x15, flags, sequence 1, port 0; command, version 1.
fn head(length: u8, flags: [u8; 2], command: u8) -> Vec<u8> {
    vec![length, 0, 0, 0, 0x15, 0, flags[0], flags[1], 1, 0, 0, 0, 0, 0, 0, 0, command, 1, 0, 0]
}

/// NLM_F_REQUEST: a question, which its answer ends.
const GET: [u8; 2] = [0x01, 0];
/// NLM_F_REQUEST | NLM_F_ACK.
const DO: [u8; 2] = [0x05, 0];
/// NLM_F_REQUEST | NLM_F_DUMP.
const DUMP: [u8; 2] = [0x01, 0x03];
/// Header nest with the device index 4, no flags: 12 bytes.
const INDEX_4: [u8; 12] = [12, 0, 0x01, 0x80, 8, 0, 1, 0, 4, 0, 0, 0];

fn change() -> RssChange {
    RssChange {
        table: Some(Table::Entries(vec![0, 1, 0x0102])),
        key: Some(HashKey::from(vec![0x6d, 0x5a, 0x56, 0xda, 0x25])),
        function: Some(HashFunctions::TOEPLITZ),
        transform: Some(InputTransform::SYMMETRIC_OR_XOR),
        fields: BTreeMap::from([
            (FlowType::UDP4, HashFields::ADDRESSES_AND_PORTS),
            (FlowType::IP6, HashFields(1 << 33)),
        ]),
    }
}

#[rustfmt::skip]
const CHANGE: [u8; 68] = [
    8, 0, 3, 0, 1, 0, 0, 0,                                // hfunc Toeplitz
    16, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0,       // indir 0, 1, 0x102
    9, 0, 5, 0, 0x6d, 0x5a, 0x56, 0xda, 0x25, 0, 0, 0,     // hkey of 5 bytes, padded
    8, 0, 6, 0, 2, 0, 0, 0,                                // input-xfrm sym-or-xor
    24, 0, 8, 0x80,                                        // flow-hash, nested
    12, 0, 3, 0, 0, 0, 0, 0, 2, 0, 0, 0,                   //   ip6: bit 33 needs 8 bytes
    8, 0, 6, 0, 0xf0, 0, 0, 0,                             //   udp4: bits 4 to 7
];
#[test]
fn rss_requests() {
    let ethtool = family("ethtool");
    let device = Interface::Index(4);
    let context_2 = [8, 0, 2, 0, 2, 0, 0, 0];

    let expected = [&head(32, GET, 38)[..], &INDEX_4].concat();
    assert_eq!(bytes(rss::get(&ethtool, device, 0)), expected);
    let expected = [&head(40, GET, 38)[..], &INDEX_4, &context_2].concat();
    assert_eq!(bytes(rss::get(&ethtool, device, 2)), expected);

    // Name "eth0" with its NUL: 9 bytes and 3 of padding.
    let by_name = [16, 0, 0x01, 0x80, 9, 0, 2, 0, b'e', b't', b'h', b'0', 0, 0, 0, 0];
    let expected = [&head(36, GET, 38)[..], &by_name].concat();
    assert_eq!(bytes(rss::get(&ethtool, Interface::Name("eth0"), 0)), expected);

    assert_eq!(bytes(rss::list(&ethtool, None)), head(20, DUMP, 38));
    let expected = [&head(32, DUMP, 38)[..], &INDEX_4].concat();
    assert_eq!(bytes(rss::list(&ethtool, Some(device))), expected);

    let expected = [&head(100, DO, 48)[..], &INDEX_4, &CHANGE].concat();
    assert_eq!(bytes(rss::set(&ethtool, device, 0, &change())), expected);
    let expected = [&head(108, DO, 49)[..], &INDEX_4, &context_2, &CHANGE].concat();
    assert_eq!(bytes(rss::create(&ethtool, device, Some(2), &change())), expected);
    let expected = [&head(32, DO, 49)[..], &INDEX_4].concat();
    assert_eq!(bytes(rss::create(&ethtool, device, None, &RssChange::default())), expected);
    let expected = [&head(40, DO, 50)[..], &INDEX_4, &context_2].concat();
    assert_eq!(bytes(rss::delete(&ethtool, device, 2)), expected);

    // An empty table is the reset, which must be meant.
    let empty = RssChange { table: Some(Table::Entries(vec![])), ..RssChange::default() };
    assert!(rss::set(&ethtool, device, 0, &empty).unwrap_err().to_string().contains("would reset it"));
    assert!(rss::create(&ethtool, device, None, &empty).is_err());
    let reset = RssChange { table: Some(Table::Default), ..RssChange::default() };
    let expected = [&head(36, DO, 48)[..], &INDEX_4, &[4, 0, 4, 0]].concat();
    assert_eq!(bytes(rss::set(&ethtool, device, 0, &reset)), expected);
}

#[test]
fn channel_requests() {
    let ethtool = family("ethtool");
    let device = Interface::Index(4);
    assert_eq!(bytes(channels::get(&ethtool, device)), [&head(32, GET, 17)[..], &INDEX_4].concat());
    let all = ChannelChange { rx: Some(1), tx: Some(2), other: Some(3), combined: Some(4) };
    #[rustfmt::skip]
    let counts = [
        8, 0, 6, 0, 1, 0, 0, 0, // rx-count
        8, 0, 7, 0, 2, 0, 0, 0, // tx-count
        8, 0, 8, 0, 3, 0, 0, 0, // other-count
        8, 0, 9, 0, 4, 0, 0, 0, // combined-count
    ];
    let expected = [&head(64, DO, 18)[..], &INDEX_4, &counts].concat();
    assert_eq!(bytes(channels::set(&ethtool, device, &all)), expected);
    let one = ChannelChange { combined: Some(4), ..ChannelChange::default() };
    let expected = [&head(40, DO, 18)[..], &INDEX_4, &counts[24..]].concat();
    assert_eq!(bytes(channels::set(&ethtool, device, &one)), expected);
}

#[test]
fn feature_link_and_string_requests() {
    let ethtool = family("ethtool");
    let device = Interface::Index(4);
    // Header nest with device index 4 and the flag for compact bit sets.
    let compact = [20, 0, 0x01, 0x80, 8, 0, 1, 0, 4, 0, 0, 0, 8, 0, 3, 0, 1, 0, 0, 0];
    let expected = [&head(40, GET, 11)[..], &compact].concat();
    assert_eq!(bytes(features::get(&ethtool, device)), expected);
    let expected = [&head(40, GET, 4)[..], &compact].concat();
    assert_eq!(bytes(link::get(&ethtool, device)), expected);

    #[rustfmt::skip]
    let on = [
        20, 0, 0x01, 0x80, 8, 0, 1, 0, 4, 0, 0, 0, 8, 0, 3, 0, 2, 0, 0, 0, // header, no reply wanted
        32, 0, 3, 0x80,                                                    // wanted
        28, 0, 3, 0x80,                                                    //   bits
        24, 0, 1, 0x80,                                                    //     bit
        15, 0, 2, 0,                                                       //       name, 10 bytes and NUL
        b'r', b'x', b'-', b'h', b'a', b's', b'h', b'i', b'n', b'g', 0, 0,
        4, 0, 3, 0,                                                        //       value: a flag
    ];
    let expected = [&head(72, DO, 12)[..], &on].concat();
    assert_eq!(bytes(features::set(&ethtool, device, RXHASH, true)), expected);
    let off = bytes(features::set(&ethtool, device, RXHASH, false));
    assert_eq!(off.len(), 68);
    assert_eq!(off[40..52], [28, 0, 3, 0x80, 24, 0, 3, 0x80, 20, 0, 1, 0x80]);

    #[rustfmt::skip]
    let sets = [
        16, 0, 2, 0x80,         // stringsets
        12, 0, 1, 0x80,         //   stringset
        8, 0, 1, 0, 4, 0, 0, 0, //     id 4: features
    ];
    let expected = [&head(40, GET, 1)[..], &[4, 0, 0x01, 0x80], &sets].concat();
    assert_eq!(bytes(strings::get(&ethtool, strings::FEATURES)), expected);
}

#[test]
fn operations_that_the_kernel_lacks_are_not_sent() {
    // A kernel between 6.2 and 6.11: RSS get, but neither its list nor RSS set.
    let mut old = family("ethtool");
    old.operations.retain(|&command, _| command <= 38);
    old.operations.insert(38, Operation { does: true, dumps: false, privileged: false });
    assert!(rss::get(&old, Interface::Index(4), 0).is_ok());
    for (refused, operation) in [
        (rss::list(&old, None), "rss-get"),
        (rss::set(&old, Interface::Index(4), 0, &RssChange::default()), "rss-set"),
        (rss::create(&old, Interface::Index(4), None, &RssChange::default()), "rss-create-act"),
        (rss::delete(&old, Interface::Index(4), 1), "rss-delete-act"),
    ] {
        let error = refused.unwrap_err();
        assert!(error.is_unsupported() && error.errno().is_none(), "{error:?}");
        let words = format!("this kernel's `ethtool` family has no operation `{operation}`");
        assert!(error.to_string().starts_with(&words) && error.to_string().contains("ioctl"), "{error}");
    }
}

/// Header nest of an answer about eth0, which has index 4.
fn eth0() -> Vec<u8> {
    nest(1, &[number(1, 4), attribute(2, b"eth0\0")])
}

fn device() -> Device {
    Device { index: 4, name: "eth0".into() }
}

#[test]
fn rss_answers() {
    let payload = generic(
        38,
        &[
            eth0(),
            number(2, 3),
            number(3, 1),
            attribute(4, &[0, 0, 0, 0, 7, 0, 0, 0]),
            attribute(5, &[1, 2, 3]),
            number(6, 1),
            nest(8, &[number(4, 0xf0), attribute(27, &[0, 0, 0, 0, 1, 0, 0, 0]), number(99, 2)]),
            // What a later kernel may add.
            attribute(77, b"later"),
        ],
    );
    let expected = Rss {
        device: device(),
        context: 3,
        function: HashFunctions::TOEPLITZ,
        table: vec![0, 7],
        key: HashKey::from(vec![1, 2, 3]),
        transform: InputTransform::SYMMETRIC_XOR,
        fields: Some(BTreeMap::from([
            (FlowType::TCP4, HashFields::ADDRESSES_AND_PORTS),
            (FlowType(27), HashFields(1 << 32)),
            (FlowType(99), HashFields::L2_DESTINATION),
        ])),
    };
    assert_eq!(Rss::decode(&payload), Ok(expected.clone()));
    assert!(!format!("{expected:?}").contains("[1, 2, 3]"), "the key must not be printed");

    // Before Linux 6.17 there are no hash fields; a driver without table or key sends neither.
    let old = Rss::decode(&generic(38, &[eth0()])).unwrap();
    assert_eq!(old, Rss { device: device(), ..Rss::default() });
    assert_eq!(old.fields, None);

    for (attributes, number, problem) in [
        (attribute(4, &[0; 6]), 4, Problem::Elements { got: 6, element: 4 }),
        (attribute(2, &[0; 2]), 2, Problem::Size { got: 2, want: 4 }),
        (nest(8, &[attribute(4, &[0; 2])]), 4, Problem::Size { got: 2, want: 8 }),
    ] {
        let malformed = Rss::decode(&generic(38, &[attributes])).unwrap_err();
        assert_eq!((malformed.attribute, malformed.problem), (Some(number), problem));
    }
    assert_eq!(Rss::decode(&[38, 1]).unwrap_err().problem, Problem::Short { got: 2, want: 4 });
}

#[test]
fn channel_and_link_answers() {
    let counts = [number(2, 1), number(3, 2), number(4, 3), number(5, 4), number(6, 5), number(7, 6)];
    let rest = [eth0(), number(8, 7), number(9, 8)];
    let channels = Channels::decode(&generic(18, &[counts.concat(), rest.concat()])).unwrap();
    let expected = Channels {
        device: device(),
        rx_max: 1,
        tx_max: 2,
        other_max: 3,
        combined_max: 4,
        rx: 5,
        tx: 6,
        other: 7,
        combined: 8,
    };
    assert_eq!(channels, expected);
    assert_eq!(channels.receive_queues(), 13);

    let modes = |speed: u32, duplex: u8| {
        let attributes =
            [eth0(), attribute(2, &[1]), number(5, speed), attribute(6, &[duplex]), number(9, 4)];
        LinkModes::decode(&generic(4, &attributes)).unwrap()
    };
    let known = modes(100_000, 1);
    let expected = LinkModes {
        device: device(),
        speed: Some(100_000),
        duplex: Some(Duplex::Full),
        autoneg: Some(true),
        lanes: Some(4),
    };
    assert_eq!(known, expected);
    assert_eq!((modes(u32::MAX, 0xff).speed, modes(u32::MAX, 0xff).duplex), (None, None));
    assert_eq!(modes(10, 0).duplex, Some(Duplex::Half));
}

#[test]
fn feature_answers_in_both_forms() {
    let string = |index, name: &[u8]| nest(1, &[number(1, index), attribute(2, name)]);
    let sets = |set| {
        nest(
            2,
            &[nest(
                1,
                &[
                    number(1, set),
                    number(2, 3),
                    nest(3, &[string(0, b"zero\0"), string(33, b"rx-hashing\0"), string(2, b"two\0")]),
                ],
            )],
        )
    };
    let payload = generic(1, &[nest(1, &[]), sets(4)]);
    let names = Arc::new(StringSet::decode(&payload, strings::FEATURES).unwrap());
    assert_eq!((names.position(RXHASH), names.position("two"), names.len()), (Some(33), Some(2), 34));
    assert!(StringSet::decode(&generic(1, &[sets(9)]), strings::FEATURES).unwrap().is_empty());
    let huge = nest(2, &[nest(1, &[number(1, 4), nest(3, &[string(u32::MAX, b"x\0")])])]);
    let malformed = StringSet::decode(&generic(1, &[huge]), strings::FEATURES).unwrap_err();
    assert_eq!(malformed.problem, Problem::Value { got: u32::MAX.into() });

    // Bits 0 and 33 as a map, and as a list with a mask in which bit 2 is off.
    let map = |kind, low: u32, high: u32| {
        let words = [low.to_le_bytes(), high.to_le_bytes()].concat();
        nest(kind, &[attribute(1, &[]), number(2, 34), attribute(4, &words)])
    };
    let bit = |index, on: bool| {
        let mut parts = vec![number(1, index), attribute(2, b"name\0")];
        parts.extend(on.then(|| attribute(3, &[])));
        nest(1, &parts)
    };
    let list = |kind| nest(kind, &[number(2, 34), nest(3, &[bit(0, true), bit(2, false), bit(33, true)])]);
    let unmasked = |kind| nest(kind, &[attribute(1, &[]), nest(3, &[bit(33, false)])]);
    for active in [map(4, 1, 2), list(4)] {
        let answer = [eth0(), map(2, 5, 2), map(3, 4, 2), active, unmasked(5)].concat();
        let features = features::read(Attributes::new("test", &answer), &names).unwrap();
        let state = |name| features.get(name).map(|f| (f.active, f.wanted, f.changeable));
        assert_eq!(features.device, device());
        assert_eq!(state("zero"), Some((true, false, true)));
        assert_eq!(state("two"), Some((false, true, true)));
        assert_eq!(state(RXHASH), Some((true, true, false)));
        assert_eq!(state(NTUPLE), None);
        assert_eq!(features.iter().filter(|(_, feature)| feature.active).count(), 2);
    }
    let huge = nest(4, &[nest(3, &[bit(u32::MAX, true)])]);
    assert!(features::read(Attributes::new("test", &huge), &names).is_err());
}

#[test]
fn notifications() {
    let rss = |command| generic(command, &[eth0(), number(2, 5), attribute(4, &[1, 0, 0, 0])]);
    let mut settings = Rss::default();
    (settings.device, settings.context, settings.table) = (device(), 5, vec![1]);
    let told = |payload: &[u8]| Notice::decode(payload).unwrap();
    assert_eq!(told(&rss(50)), Some(Notice::Rss(settings.clone())));
    assert_eq!(told(&rss(52)), Some(Notice::ContextCreated(settings)));
    assert_eq!(told(&rss(53)), Some(Notice::ContextDeleted { device: device(), context: 5 }));
    let Some(Notice::Channels(channels)) = told(&generic(19, &[eth0(), number(9, 2)])) else {
        panic!("no channels")
    };
    assert_eq!((channels.device, channels.combined), (device(), 2));
    assert_eq!(told(&generic(13, &[eth0()])), Some(Notice::Features(device())));
    assert_eq!(told(&generic(5, &[eth0()])), Some(Notice::LinkModes(device())));
    // The number of a question is that of another answer: 18 is no notification.
    assert_eq!(told(&generic(18, &[eth0()])), None);
    assert_eq!(Notice::decode(&generic(13, &[])).unwrap_err().problem, Problem::Missing);
}

#[test]
fn flow_types_have_the_names_and_numbers_of_both_interfaces() {
    let known: Vec<FlowType> = FlowType::known().collect();
    assert_eq!(known.len(), 27);
    let row = |flow: FlowType| (flow.0, flow.name().unwrap(), flow.ioctl_number().unwrap());
    // include/uapi/linux/ethtool.h: TCP_V4_FLOW .. GTPU_DL_V6_FLOW.
    for expected in [
        (1, "ether", 0x12),
        (2, "ip4", 0x10),
        (3, "ip6", 0x11),
        (4, "tcp4", 0x01),
        (5, "tcp6", 0x05),
        (6, "udp4", 0x02),
        (7, "udp6", 0x06),
        (8, "sctp4", 0x03),
        (9, "sctp6", 0x07),
        (14, "ah-esp4", 0x04),
        (15, "ah-esp6", 0x08),
        (16, "gtpu4", 0x13),
        (27, "gtpu-dl6", 0x1e),
    ] {
        assert_eq!(row(FlowType(expected.0)), expected);
    }
    let mut numbers: Vec<u32> = known.iter().map(|flow| flow.ioctl_number().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 27);
    assert_eq!((FlowType(0).name(), FlowType(28).ioctl_number()), (None, None));
    assert_eq!(
        (FlowType::UDP6.to_string(), FlowType(99).to_string()),
        ("udp6".into(), "flow type 99".into())
    );
}
