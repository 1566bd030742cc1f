//! The machine that the tests run on.

mod common;

use std::path::Path;

use rssmgr_host::{boot_key, nics, topology};

#[test]
fn this_machine_agrees_with_lscpu() {
    let t = topology(Path::new("/")).unwrap();
    common::agrees_with_lscpu(Path::new("/"), &t);
    let online = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap();
    assert_eq!(t.online().to_string(), online.trim());
}

#[test]
fn this_machine_has_its_interfaces() {
    let entries = std::fs::read_dir("/sys/class/net").unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut wanted: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    wanted.sort_unstable();
    let found = nics(Path::new("/")).unwrap();
    assert_eq!(found.iter().map(|n| n.name.clone()).collect::<Vec<_>>(), wanted);
    let lo = found.iter().find(|n| n.name == "lo").unwrap();
    assert_eq!((lo.device.as_ref(), lo.node, lo.rx_queues), (None, None, 1));
    for nic in found.iter().filter(|n| n.device.is_some()) {
        assert!(nic.driver.is_some() && nic.rx_queues > 0, "{nic:?}");
    }
}

#[test]
fn the_boot_key_is_what_procfs_prints() {
    let printed = std::fs::read_to_string("/proc/sys/net/core/netdev_rss_key").unwrap_or_default();
    let digits = printed.trim();
    let key = boot_key(Path::new("/")).map(|key| key.to_hex());
    let zero = digits.chars().all(|c| matches!(c, '0' | ':'));
    assert_eq!(key, (!zero).then(|| digits.to_owned()));
}
