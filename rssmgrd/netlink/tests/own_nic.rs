//! The machine's own network card, which is only read: what one kernel interface says against another, sysfs and
//! `ethtool`.

mod common;

use common::{have, output, skipped};
use rssmgr_netlink::Error;
use rssmgr_netlink::ethtool::legacy::Ioctl;
use rssmgr_netlink::ethtool::{Ethtool, FlowType, Rss};
use rssmgr_netlink::netdev::{Counter, Netdev, QueueType, Scope};
use rssmgr_netlink::rtnetlink::{Link, Links};

/// Interfaces of devices, that are up.
fn cards(test: &str) -> Vec<Link> {
    let all = Links::open().unwrap().list().unwrap();
    let cards: Vec<Link> =
        all.into_iter().filter(|link| link.parent_device.is_some() && link.is_up()).collect();
    if cards.is_empty() {
        skipped(test, "no network card that is up");
    }
    cards
}

/// The value, or `None` when the kernel or the driver has no such thing.
fn if_supported<T>(answer: Result<T, Error>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(error) if error.is_unsupported() => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn rss_is_the_same_by_netlink_and_by_ioctl() {
    for card in cards("rss_is_the_same_by_netlink_and_by_ioctl") {
        let (mut ethtool, mut ioctl) = (Ethtool::open().unwrap(), Ioctl::open().unwrap());
        let Some(by_ioctl) = if_supported(ioctl.rss(&card.name, 0)) else {
            skipped("rss_is_the_same_by_netlink_and_by_ioctl", "the card has no RSS");
            continue;
        };
        if ethtool.can_get_rss() {
            let by_netlink = ethtool.rss(card.index, 0).unwrap();
            let fields = by_netlink.fields.clone();
            let mut same = Rss::default();
            (same.device.name, same.function) = (card.name.clone(), by_netlink.function);
            (same.table, same.key) = (by_netlink.table.clone(), by_netlink.key.clone());
            same.transform = by_netlink.transform;
            assert_eq!(by_ioctl, same);
            for (flow, fields) in fields.into_iter().flatten() {
                if let Some(by_ioctl) = if_supported(ioctl.hash_fields(&card.name, 0, flow)) {
                    assert_eq!(by_ioctl, fields, "{flow}");
                }
            }
            if ethtool.can_list_rss() {
                assert!(ethtool.rss_list(None).unwrap().contains(&by_netlink));
            }
        }
        // Netlink has the input transformation, so that the ioctl must know it, when it sets RSS.
        if ethtool.can_set_rss() {
            assert!(ioctl.knows_transforms(&card.name).unwrap());
        }
        assert!(ioctl.hash_fields(&card.name, 0, FlowType(99)).unwrap_err().is_unsupported());
        if let Some(queues) = if_supported(ioctl.receive_queues(&card.name)) {
            assert!(by_ioctl.table.iter().all(|&queue| u64::from(queue) < queues));
        }
    }
}

#[test]
fn driver_address_and_channels_are_those_of_ethtool() {
    const TEST: &str = "driver_address_and_channels_are_those_of_ethtool";
    for card in cards(TEST) {
        let (mut ethtool, mut ioctl) = (Ethtool::open().unwrap(), Ioctl::open().unwrap());
        if let Some(permanent) = &card.permanent_address {
            assert_eq!(&ioctl.permanent_address(&card.name).unwrap(), permanent);
        }
        if !have("ethtool") {
            skipped(TEST, "`ethtool` is missing");
            continue;
        }
        let driver = ioctl.driver(&card.name).unwrap();
        let theirs = output("ethtool", &format!("-i {}", card.name));
        for (name, value) in [
            ("driver", &driver.name),
            ("version", &driver.version),
            ("firmware-version", &driver.firmware),
            ("bus-info", &driver.bus),
        ] {
            assert!(
                theirs.lines().any(|line| line == format!("{name}: {value}")),
                "{name}: {value}\n{theirs}"
            );
        }
        if let Some(channels) = if_supported(ethtool.channels(card.index)) {
            let theirs = output("ethtool", &format!("-l {}", card.name));
            let numbers: Vec<u32> = theirs
                .lines()
                .filter_map(|line| line.split_once(':')?.1.trim().parse::<u32>().ok())
                .filter(|&number| number > 0)
                .collect();
            let ours = [channels.rx_max, channels.tx_max, channels.other_max, channels.combined_max];
            let now = [channels.rx, channels.tx, channels.other, channels.combined];
            let ours: Vec<u32> = ours.into_iter().chain(now).filter(|&number| number > 0).collect();
            assert_eq!(ours, numbers, "{theirs}");
        }
        let modes = if_supported(ethtool.link_modes(card.index));
        let theirs = output("ethtool", &card.name);
        let speed = modes.and_then(|modes| modes.speed);
        assert_eq!(speed.is_some(), theirs.contains("Mb/s"), "{theirs}");
        if let Some(speed) = speed {
            assert!(theirs.contains(&format!("Speed: {speed}Mb/s")), "{theirs}");
        }
    }
}

#[test]
fn queues_are_those_of_sysfs_and_count() {
    const TEST: &str = "queues_are_those_of_sysfs_and_count";
    for card in cards(TEST) {
        let Some(mut netdev) = if_supported(Netdev::open()) else {
            skipped(TEST, "this kernel has no netdev family");
            continue;
        };
        let Some(queues) = if_supported(netdev.queues(card.index)) else {
            skipped(TEST, "this kernel does not tell about queues");
            continue;
        };
        for (direction, prefix) in [(QueueType::RX, "rx-"), (QueueType::TX, "tx-")] {
            let directory = std::fs::read_dir(format!("/sys/class/net/{}/queues", card.name)).unwrap();
            let mut theirs: Vec<u32> = directory
                .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_prefix(prefix)?.parse().ok())
                .collect();
            theirs.sort_unstable();
            let ours: Vec<u32> = queues.iter().filter(|q| q.direction == direction).map(|q| q.id).collect();
            assert_eq!(ours, theirs, "{prefix}");
        }
        let napis = netdev.napis(card.index).unwrap();
        for queue in &queues {
            assert_eq!(queue.ifindex, card.index);
            if let Some(napi) = queue.napi {
                assert!(napis.iter().any(|found| found.id == napi), "{queue:?} {napis:?}");
            }
        }
        for napi in napis {
            let interrupts = std::fs::read_to_string("/proc/interrupts").unwrap();
            if let Some(irq) = napi.irq {
                let row = format!("{irq}:");
                assert!(interrupts.lines().any(|line| line.trim_start().starts_with(&row)), "{napi:?}");
            }
        }
        if let Some(per_queue) = if_supported(netdev.counters(card.index, Scope::Queue)) {
            let device = netdev.counters(card.index, Scope::Device).unwrap();
            let sum: u64 = per_queue.iter().filter_map(|counters| counters.get(Counter::RX_PACKETS)).sum();
            let [whole] = device.as_slice() else { panic!("{device:?}") };
            // Read later, and counting over all reconfigurations.
            assert!(whole.get(Counter::RX_PACKETS).unwrap() >= sum);
            assert_eq!(whole.queue, None);
            assert!(per_queue.iter().all(|counters| counters.queue.is_some()));
        }
        assert!(netdev.queues(1 << 20).unwrap_err().is_gone());
    }
}

#[test]
fn no_internet_socket_is_opened() {
    const TEST: &str = "no_internet_socket_is_opened";
    if !have("strace") {
        return skipped(TEST, "`strace` is missing");
    }
    let itself = std::env::current_exe().unwrap();
    // Both sockets and the ioctl are used there, and no other program is started.
    let traced = std::process::Command::new("strace")
        .args(["-f", "-e", "trace=socket,ioctl"])
        .arg(itself)
        .args(["--exact", "rss_is_the_same_by_netlink_and_by_ioctl"])
        .output()
        .unwrap();
    let calls = String::from_utf8_lossy(&traced.stderr);
    if !traced.status.success() && calls.contains("ptrace") {
        return skipped(TEST, "no process may be traced here");
    }
    assert!(traced.status.success(), "{calls}");
    let sockets: Vec<&str> = calls.lines().filter(|line| line.contains("socket(")).collect();
    assert!(!sockets.is_empty(), "{calls}");
    for socket in sockets {
        assert!(socket.contains("socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC"), "{socket}");
    }
}
