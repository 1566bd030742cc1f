//! What one packet costs: hash, parse, classify, plain and encapsulated. `cargo bench -p rssmgr-core --bench datapath`.
//!
//! Each iteration works through a burst of different packets, so that neither the branch predictor nor the cache knows
//! a single one by heart; divan's `item/s` is packets per second, and time divided by [`BURST`] that of one packet.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rssmgr_core::QueueId;
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::encap::{EncapConfig, Encapsulations};
use rssmgr_core::packet::{LinkType, parse};
use rssmgr_core::steer::Steering;
use rssmgr_core::toeplitz::Toeplitz;
use std::sync::Arc;

/// Packets in one iteration.
const BURST: usize = 1000;

fn main() {
    divan::main();
}

/// A fixed sequence of bytes without pattern (xorshift).
fn noise() -> impl FnMut() -> u8 {
    let mut x = 0x2545_f491_4f6c_dd1d_u64;
    move || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x.to_le_bytes()[3]
    }
}

#[divan::bench(args = [8, 12, 32, 36])]
fn toeplitz(bencher: Bencher<'_, '_>, bytes: usize) {
    let toeplitz = Toeplitz::new(&HashKey::microsoft());
    let mut noise = noise();
    let inputs: Vec<u8> = (0..BURST * bytes).map(|_| noise()).collect();
    bencher.counter(ItemsCount::new(BURST)).bench_local(|| {
        for input in black_box(&inputs).chunks_exact(bytes) {
            black_box(toeplitz.hash(input));
        }
    });
}

/// Expanding a key into its tables.
#[divan::bench]
fn toeplitz_new() -> Toeplitz {
    Toeplitz::new(black_box(&HashKey::microsoft()))
}

/// An Ethernet header, an IP header with other addresses in each frame, and a TCP header, padded to `len`.
fn frames(ip: &[u8], ether_type: u16, addresses: std::ops::Range<usize>, len: usize) -> Vec<Vec<u8>> {
    let mut noise = noise();
    let mut frame = vec![2; 12];
    frame.extend(ether_type.to_be_bytes());
    frame.extend(ip);
    frame.extend([0, 80, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0]);
    frame.resize(frame.len().max(len), 0);
    let ports = 14 + ip.len()..14 + ip.len() + 4;
    (0..BURST)
        .map(|_| {
            let mut frame = frame.clone();
            for at in (addresses.start + 14..addresses.end + 14).chain(ports.clone()) {
                frame[at] = noise();
            }
            frame
        })
        .collect()
}

/// 64 bytes on the wire, of which four are the frame check sequence.
fn tcp_ipv4() -> Vec<Vec<u8>> {
    let ip = [0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    frames(&ip, 0x0800, 12..20, 60)
}

fn tcp_ipv6() -> Vec<Vec<u8>> {
    let mut ip = [0; 40];
    ip[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, 20, 6, 64]);
    frames(&ip, 0x86dd, 8..40, 74)
}

/// The frames with an outer Ethernet header, an outer IPv4 or IPv6 header and these bytes in front.
fn carried(frames: Vec<Vec<u8>>, over_ipv6: bool, protocol: u8, tunnel: &[u8]) -> Vec<Vec<u8>> {
    let mut noise = noise();
    let carry = |frame: Vec<u8>| {
        let payload = u16::try_from(tunnel.len() + frame.len()).unwrap_or_else(|e| panic!("{e}"));
        let mut outer = vec![4; 12];
        if over_ipv6 {
            outer.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            outer.extend(payload.to_be_bytes());
            outer.extend([protocol, 64]);
            outer.extend(std::iter::repeat_with(&mut noise).take(32));
        } else {
            outer.extend([0x08, 0, 0x45, 0]);
            outer.extend((payload + 20).to_be_bytes());
            outer.extend([0, 1, 0x40, 0, 64, protocol, 0, 0]);
            outer.extend(std::iter::repeat_with(&mut noise).take(8));
        }
        outer.extend(tunnel);
        outer.extend(frame);
        outer
    };
    frames.into_iter().map(carry).collect()
}

fn nvgre(frames: Vec<Vec<u8>>, over_ipv6: bool) -> Vec<Vec<u8>> {
    carried(frames, over_ipv6, 47, &[0x20, 0, 0x65, 0x58, 0, 1, 2, 0])
}

/// The UDP length is 0: to the end of the datagram.
fn vxlan(frames: Vec<Vec<u8>>, over_ipv6: bool) -> Vec<Vec<u8>> {
    carried(frames, over_ipv6, 17, &[0xc0, 1, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 1, 2, 0])
}

fn steering() -> Steering {
    let table = (0..128).map(|i| QueueId(i % 8)).collect();
    let toeplitz = Arc::new(Toeplitz::new(&HashKey::microsoft()));
    Steering::new(toeplitz, HashTypes::DEFAULT, table, QueueId(0)).unwrap_or_else(|e| panic!("{e}"))
}

fn bench_parse(bencher: Bencher<'_, '_>, frames: &[Vec<u8>]) {
    bencher.counter(ItemsCount::new(BURST)).bench_local(|| {
        for frame in black_box(frames) {
            black_box(parse(frame, LinkType::Ethernet));
        }
    });
}

fn bench_classify(bencher: Bencher<'_, '_>, frames: &[Vec<u8>]) {
    bench_steering(bencher, &steering(), frames);
}

/// Looking into everything.
fn bench_classify_inside(bencher: Bencher<'_, '_>, frames: &[Vec<u8>]) {
    let steering = steering().with_encapsulation(EncapConfig::new(Encapsulations::ALL));
    bench_steering(bencher, &steering, frames);
}

fn bench_steering(bencher: Bencher<'_, '_>, steering: &Steering, frames: &[Vec<u8>]) {
    bencher.counter(ItemsCount::new(BURST)).bench_local(|| {
        for frame in black_box(frames) {
            black_box(steering.classify(frame, LinkType::Ethernet));
        }
    });
}

#[divan::bench]
fn parse_tcp_ipv4(bencher: Bencher<'_, '_>) {
    bench_parse(bencher, &tcp_ipv4());
}

#[divan::bench]
fn parse_tcp_ipv6(bencher: Bencher<'_, '_>) {
    bench_parse(bencher, &tcp_ipv6());
}

#[divan::bench]
fn classify_tcp_ipv4(bencher: Bencher<'_, '_>) {
    bench_classify(bencher, &tcp_ipv4());
}

#[divan::bench]
fn classify_tcp_ipv6(bencher: Bencher<'_, '_>) {
    bench_classify(bencher, &tcp_ipv6());
}

/// Everything is switched on, but nothing is encapsulated.
#[divan::bench]
fn classify_tcp_ipv4_looking_inside(bencher: Bencher<'_, '_>) {
    bench_classify_inside(bencher, &tcp_ipv4());
}

#[divan::bench(args = [false, true])]
fn classify_nvgre_tcp_ipv4(bencher: Bencher<'_, '_>, over_ipv6: bool) {
    bench_classify_inside(bencher, &nvgre(tcp_ipv4(), over_ipv6));
}

#[divan::bench(args = [false, true])]
fn classify_nvgre_tcp_ipv6(bencher: Bencher<'_, '_>, over_ipv6: bool) {
    bench_classify_inside(bencher, &nvgre(tcp_ipv6(), over_ipv6));
}

#[divan::bench(args = [false, true])]
fn classify_vxlan_tcp_ipv4(bencher: Bencher<'_, '_>, over_ipv6: bool) {
    bench_classify_inside(bencher, &vxlan(tcp_ipv4(), over_ipv6));
}

#[divan::bench(args = [false, true])]
fn classify_vxlan_tcp_ipv6(bencher: Bencher<'_, '_>, over_ipv6: bool) {
    bench_classify_inside(bencher, &vxlan(tcp_ipv6(), over_ipv6));
}
