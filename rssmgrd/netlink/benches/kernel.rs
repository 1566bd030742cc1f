//! Round trips to the kernel, and decoding without it. What an interface cannot answer is measured as the refusal
//! that it is: the way to the kernel and back is the same.

use divan::Bencher;
use rssmgr_netlink::ethtool::legacy::Ioctl;
use rssmgr_netlink::ethtool::{Ethtool, Rss};
use rssmgr_netlink::netdev::{Netdev, Scope};
use rssmgr_netlink::rtnetlink::Links;

fn main() {
    divan::main();
}

/// The first interface of a device, else the loopback interface.
fn interface() -> (u32, String) {
    let all = Links::open().unwrap().list().unwrap();
    let card = all.iter().find(|link| link.parent_device.is_some()).unwrap_or(&all[0]);
    (card.index, card.name.clone())
}

#[divan::bench]
fn rss_get(bencher: Bencher<'_, '_>) {
    let ((index, _), mut ethtool) = (interface(), Ethtool::open().unwrap());
    bencher.bench_local(|| ethtool.rss(index, 0));
}

#[divan::bench]
fn rss_get_by_ioctl(bencher: Bencher<'_, '_>) {
    let ((_, name), mut ioctl) = (interface(), Ioctl::open().unwrap());
    bencher.bench_local(|| ioctl.rss(&name, 0));
}

#[divan::bench]
fn channels_get(bencher: Bencher<'_, '_>) {
    let ((index, _), mut ethtool) = (interface(), Ethtool::open().unwrap());
    bencher.bench_local(|| ethtool.channels(index));
}

#[divan::bench]
fn queue_counters(bencher: Bencher<'_, '_>) {
    let ((index, _), Ok(mut netdev)) = (interface(), Netdev::open()) else { return };
    bencher.bench_local(|| netdev.counters(index, Scope::Queue));
}

#[divan::bench]
fn link_list(bencher: Bencher<'_, '_>) {
    let mut links = Links::open().unwrap();
    bencher.bench_local(|| links.list());
}

#[divan::bench]
fn open_and_find_the_family() -> Ethtool {
    Ethtool::open().unwrap()
}

/// A table of 2,048 entries, a key and 27 flow types.
#[divan::bench]
fn decode_rss(bencher: Bencher<'_, '_>) {
    let attribute = |kind: u16, payload: &[u8]| {
        let length = u16::try_from(4 + payload.len()).unwrap().to_ne_bytes();
        [&length[..], &kind.to_ne_bytes(), payload].concat()
    };
    let table: Vec<u8> = (0..2048_u32).flat_map(|entry| (entry % 64).to_ne_bytes()).collect();
    let flows: Vec<u8> = (1..=27).flat_map(|flow| attribute(flow, &[0xf0, 0, 0, 0])).collect();
    let parts =
        [vec![38, 1, 0, 0], attribute(4, &table), attribute(5, &[0x6d; 52]), attribute(0x8008, &flows)];
    let payload = parts.concat();
    bencher.bench(|| Rss::decode(divan::black_box(&payload)).unwrap());
}
