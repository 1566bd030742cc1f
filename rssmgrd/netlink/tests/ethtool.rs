//! The `ethtool` family and the ioctl on real interfaces, each test in a network namespace of its own, with
//! `ethtool` as the oracle where it is there.

mod common;

use common::{PATIENCE, eventually, have, in_namespace, ip, output, skipped};
use rssmgr_netlink::ethtool::legacy::Ioctl;
use rssmgr_netlink::ethtool::{
    ChannelChange, Channels, Ethtool, FlowType, HashFunctions, HashKey, Monitor, NTUPLE, Notice, RXHASH,
    RssChange, Table,
};
use rssmgr_netlink::rtnetlink::Links;
use rssmgr_netlink::{Error, Interface};
use rustix::io::Errno;
use rustix::thread::CapabilitySet;
use std::collections::BTreeMap;

/// Two interfaces with a cable between them that can have 4 queues each way.
fn cable() {
    ip("link add left numrxqueues 4 numtxqueues 4 type veth peer name right numrxqueues 4 numtxqueues 4");
}

fn refusal(error: Error) -> rssmgr_netlink::wire::Refusal {
    match error {
        Error::Refused(refusal) => *refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn the_family_tells_what_it_can() {
    in_namespace("the_family_tells_what_it_can", || {
        let ethtool = Ethtool::open().unwrap();
        let family = ethtool.family();
        assert_eq!(family.name, "ethtool");
        assert!(family.group("monitor").is_some());
        let [get, set] = [17, 18].map(|command| family.operation(command).unwrap());
        assert!(get.does && get.dumps && !get.privileged, "{get:?}");
        assert!(set.does && !set.dumps && set.privileged, "{set:?}");
        if !have("genl") {
            return skipped("the_family_tells_what_it_can", "part: `genl` is missing: install iproute2");
        }
        let theirs = output("genl", "ctrl get name ethtool");
        assert!(theirs.contains(&format!("ID: {:#x} ", family.id)), "{theirs}");
        let mut operations: Vec<u32> = theirs
            .lines()
            .filter_map(|line| u32::from_str_radix(line.split_once("ID-0x")?.1.trim(), 16).ok())
            .collect();
        operations.sort_unstable();
        assert_eq!(operations, family.operations.keys().copied().collect::<Vec<_>>());
    });
}

#[test]
fn channels_are_read_set_and_told() {
    in_namespace("channels_are_read_set_and_told", || {
        cable();
        let mut ethtool = Ethtool::open().unwrap();
        let mut monitor = Monitor::open().unwrap();
        let before = ethtool.channels("left").unwrap();
        assert_eq!((before.rx_max, before.tx_max, before.combined_max), (4, 4, 0));
        assert_eq!(before.device.name, "left");
        assert_eq!(ethtool.channels(before.device.index).unwrap(), before);

        let change = ChannelChange { rx: Some(2), tx: Some(3), ..ChannelChange::default() };
        ethtool.set_channels("left", &change).unwrap();
        let after = ethtool.channels("left").unwrap();
        assert_eq!((after.rx, after.tx, after.combined, after.other), (2, 3, 0, 0));
        assert_eq!(after.receive_queues(), 2);
        assert!(monitor.wait(PATIENCE).unwrap());
        assert_eq!(monitor.recv().unwrap(), Some(Notice::Channels(after)));
        // What changes nothing is not told.
        ethtool.set_channels("left", &change).unwrap();
        assert_eq!(monitor.recv().unwrap(), None);
        if have("ethtool") {
            let theirs = output("ethtool", "-l left");
            let numbers: Vec<u32> =
                theirs.lines().filter_map(|line| line.split_once(":\t\t")?.1.trim().parse().ok()).collect();
            assert_eq!(numbers, [4, 4, 2, 3], "{theirs}");
        } else {
            skipped("channels_are_read_set_and_told", "part: `ethtool` is missing");
        }
    });
}

#[test]
fn refused_channels_are_explained() {
    in_namespace("refused_channels_are_explained", || {
        cable();
        let mut ethtool = Ethtool::open().unwrap();
        let set = |ethtool: &mut Ethtool, rx, tx| {
            let change = ChannelChange { rx: Some(rx), tx: Some(tx), ..ChannelChange::default() };
            refusal(ethtool.set_channels("left", &change).unwrap_err())
        };
        let before = ethtool.channels("left").unwrap();
        let above = set(&mut ethtool, 1, 5);
        assert_eq!(above.errno, Errno::INVAL);
        assert_eq!(above.message.as_deref(), Some("requested channel count exceeds maximum"));
        assert_eq!(above.attribute.as_deref(), Some("tx-count"));
        let none = set(&mut ethtool, 0, 1);
        assert!(none.message.as_ref().is_some_and(|words| words.contains("no RX or TX channel")), "{none}");
        // Nobody has channels of this kind here.
        let change = ChannelChange { combined: Some(1), ..ChannelChange::default() };
        let combined = refusal(ethtool.set_channels("left", &change).unwrap_err());
        assert_eq!(combined.attribute.as_deref(), Some("combined-count"));
        assert_eq!(ethtool.channels("left").unwrap(), before);
    });
}

#[test]
fn what_is_not_there_is_told_apart() {
    in_namespace("what_is_not_there_is_told_apart", || {
        cable();
        let mut ethtool = Ethtool::open().unwrap();
        let gone = ethtool.channels("nosuch").unwrap_err();
        assert!(gone.is_gone() && !gone.is_unsupported(), "{gone}");
        assert_eq!(refusal(gone).attribute.as_deref(), Some("header.dev-name"));
        let gone = ethtool.channels(9999).unwrap_err();
        assert!(gone.is_gone(), "{gone}");
        assert_eq!(refusal(gone).attribute.as_deref(), Some("header.dev-index"));
        let long = "a".repeat(200);
        let long = refusal(ethtool.channels(&long).unwrap_err());
        assert_eq!(long.attribute.as_deref(), Some("header.dev-name"), "{long}");
        let unsupported = ethtool.channels("lo").unwrap_err();
        assert!(unsupported.is_unsupported() && !unsupported.is_gone(), "{unsupported}");
        // The socket is as good as before.
        assert!(ethtool.channels("left").is_ok());
    });
}

#[test]
fn an_interface_without_rss_says_so() {
    in_namespace("an_interface_without_rss_says_so", || {
        cable();
        let mut ethtool = Ethtool::open().unwrap();
        let change = RssChange { table: Some(Table::Entries(vec![0])), ..RssChange::default() };
        let mut answers = vec![
            ethtool.rss("left", 0).map(drop),
            ethtool.set_rss("left", 0, &change),
            ethtool.create_rss_context("left", None, &change).map(drop),
            ethtool.delete_rss_context("left", 1),
        ];
        let mut ioctl = Ioctl::open().unwrap();
        answers.extend([
            ioctl.rss("left", 0).map(drop),
            ioctl.set_rss("left", 0, &change),
            ioctl.create_rss_context("left", &change).map(drop),
            ioctl.delete_rss_context("left", 1),
            ioctl.hash_fields("left", 0, FlowType::TCP4).map(drop),
            ioctl.receive_queues("left").map(drop),
            ioctl.knows_transforms("left").map(drop),
        ]);
        for answer in answers {
            let error = answer.unwrap_err();
            assert!(error.is_unsupported() && !error.is_permission(), "{error}");
        }
        if ethtool.can_list_rss() {
            assert_eq!(ethtool.rss_list(None).unwrap(), []);
            assert_eq!(ethtool.rss_list(Some(Interface::Name("left"))).unwrap(), []);
        }
    });
}

#[test]
fn the_kernels_rules_for_rss_requests_are_told() {
    in_namespace("the_kernels_rules_for_rss_requests_are_told", || {
        cable();
        let mut ethtool = Ethtool::open().unwrap();
        if !ethtool.can_set_rss() {
            return skipped("the_kernels_rules_for_rss_requests_are_told", "this kernel has no rss-set");
        }
        // Checked before the driver is asked.
        let no_function = RssChange { function: Some(HashFunctions(0)), ..RssChange::default() };
        let refused = refusal(ethtool.set_rss("left", 0, &no_function).unwrap_err());
        assert_eq!(refused.attribute.as_deref(), Some("hfunc"));
        let policy = refused.policy.unwrap();
        assert_eq!(policy.min, Some(1), "{policy:?}");
        assert!(refused.to_string().contains("allowed: 1 "), "{refused}");
        let no_key = RssChange { key: Some(HashKey::default()), ..RssChange::default() };
        let refused = refusal(ethtool.set_rss("left", 0, &no_key).unwrap_err());
        assert_eq!(refused.attribute.as_deref(), Some("hkey"));
        let fields = BTreeMap::from([(FlowType::UDP4, rssmgr_netlink::ethtool::HashFields(1 << 40))]);
        let refused =
            refusal(ethtool.set_rss("left", 0, &RssChange { fields, ..RssChange::default() }).unwrap_err());
        assert_eq!(refused.attribute.as_deref(), Some("flow-hash.udp4"));
        // The default context cannot be deleted: it is not even said.
        let refused = refusal(ethtool.delete_rss_context("left", 0).unwrap_err());
        assert_eq!(refused.missing.as_deref(), Some("context"));
    });
}

#[test]
fn features_are_read_set_and_told() {
    const GRO: &str = "rx-gro";
    in_namespace("features_are_read_set_and_told", || {
        cable();
        let mut ethtool = Ethtool::open().unwrap();
        let features = ethtool.features("left").unwrap();
        assert_eq!(features.get("no-such-feature"), None);
        for name in [RXHASH, NTUPLE] {
            let feature = features.get(name).unwrap();
            assert!(!feature.active && !feature.changeable, "{name}: {feature:?}");
        }
        if have("ethtool") {
            let theirs = output("ethtool", "-k left");
            let mut compared = 0;
            for (name, state) in theirs.lines().filter_map(|line| line.trim().split_once(": ")) {
                // Some have another name there.
                if let Some(feature) = features.get(name) {
                    assert_eq!(feature.active, state.starts_with("on"), "{name}");
                    assert_eq!(!feature.changeable, state.ends_with("[fixed]"), "{name}");
                    compared += 1;
                }
            }
            assert!(compared > 30, "only {compared} features have the same name:\n{theirs}");
        } else {
            skipped("features_are_read_set_and_told", "part: `ethtool` is missing");
        }

        let mut monitor = Monitor::open().unwrap();
        let on = !features.get(GRO).unwrap().active;
        ethtool.set_feature("left", GRO, on).unwrap();
        let feature = ethtool.features("left").unwrap().get(GRO).unwrap();
        assert_eq!((feature.active, feature.wanted), (on, on));
        assert!(monitor.wait(PATIENCE).unwrap());
        assert_eq!(monitor.recv().unwrap(), Some(Notice::Features(features.device)));
        let unknown = refusal(ethtool.set_feature("left", "no-such-feature", true).unwrap_err());
        assert_eq!(unknown.attribute.as_deref(), Some("wanted.bits.bit.name"), "{unknown}");
    });
}

#[test]
fn drivers_addresses_and_counters_by_the_ioctl() {
    in_namespace("drivers_addresses_and_counters_by_the_ioctl", || {
        cable();
        let mut ioctl = Ioctl::open().unwrap();
        let driver = ioctl.driver("left").unwrap();
        assert_eq!(driver.name, "veth");
        // A veth was made with no address.
        assert_eq!(ioctl.permanent_address("left").unwrap(), [0; 6]);
        let (names, values) = (ioctl.counter_names("left").unwrap(), ioctl.counters("left").unwrap());
        assert_eq!((names.len(), u32::try_from(values.len())), (values.len(), Ok(driver.counters)));
        let peer = names.iter().position(|name| name == "peer_ifindex").unwrap();
        let right = Links::open().unwrap().get("right").unwrap();
        assert_eq!(values[peer], right.index.into());
        assert!(ioctl.driver("nosuch").unwrap_err().is_gone());
        if have("ethtool") {
            let theirs = output("ethtool", "-S left");
            let theirs: Vec<&str> =
                theirs.lines().skip(1).filter_map(|line| Some(line.trim().split_once(": ")?.0)).collect();
            assert_eq!(names, theirs);
        } else {
            skipped("drivers_addresses_and_counters_by_the_ioctl", "part: `ethtool` is missing");
        }
    });
}

#[test]
fn without_the_capability_reading_works_and_changing_does_not() {
    in_namespace("without_the_capability_reading_works_and_changing_does_not", || {
        cable();
        let (mut ethtool, mut ioctl) = (Ethtool::open().unwrap(), Ioctl::open().unwrap());
        // The capabilities of this thread only, which ends with the test.
        let mut sets = rustix::thread::capabilities(None).unwrap();
        sets.effective.remove(CapabilitySet::NET_ADMIN);
        rustix::thread::set_capabilities(None, sets).unwrap();
        assert!(ethtool.channels("left").is_ok());
        assert!(ethtool.features("left").is_ok());
        assert!(Monitor::open().is_ok());
        let change = ChannelChange { rx: Some(1), ..ChannelChange::default() };
        let refused = ethtool.set_channels("left", &change).unwrap_err();
        assert!(refused.is_permission() && !refused.is_unsupported(), "{refused}");
        let fields = rssmgr_netlink::ethtool::HashFields::ADDRESSES;
        let refused = ioctl.set_hash_fields("left", 0, FlowType::UDP4, fields).unwrap_err();
        assert!(refused.is_permission(), "{refused}");
    });
}

#[test]
fn notifications_that_were_lost_are_told() {
    in_namespace("notifications_that_were_lost_are_told", || {
        cable();
        let mut ethtool = Ethtool::open().unwrap();
        let mut monitor = Monitor::open().unwrap();
        // One notification takes 256 bytes and more of the receive buffer of 1 or 2 MiB.
        for round in 0..10_000 {
            let change = ChannelChange { rx: Some(1 + round % 2), ..ChannelChange::default() };
            ethtool.set_channels("left", &change).unwrap();
        }
        let (mut told, mut lost) = (0, 0);
        while let Some(notice) = monitor.recv().unwrap() {
            match notice {
                Notice::Lost => lost += 1,
                Notice::Channels(Channels { rx: 1 | 2, .. }) => told += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(told > 0 && lost == 1, "{told} told, {lost} lost");
        // And it goes on.
        ethtool.set_channels("left", &ChannelChange { rx: Some(3), ..ChannelChange::default() }).unwrap();
        eventually("the next notification", || {
            matches!(monitor.recv().unwrap(), Some(Notice::Channels(Channels { rx: 3, .. })))
        });
    });
}
