//! How many packets a second the software NIC handles: parse, hash, table, ring, worker, counters, order check.
//!
//! `cargo bench -p rssmgr-softnic`. The port is one thread and each queue another, so a NIC with one queue takes two
//! cores. Frames have 64 bytes and nothing is lost.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use rssmgr_core::backend::Backend as _;
use rssmgr_core::hash::HashKey;
use rssmgr_softnic::{SoftNic, SoftnicSpec};

/// Packets of one measurement: long enough that waking up too late at its end does not matter.
const PACKETS: u64 = 2_000_000;

fn main() {
    divan::main();
}

fn nic(queues: u16) -> Option<SoftNic> {
    let pairs = [
        ("queues", queues.to_string()),
        ("source", "synthetic:rate=max,size=64,ipv6=0,multicast=0,other=0,tcp=50,udp=50".to_owned()),
    ];
    let map: BTreeMap<_, _> = pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    let spec = SoftnicSpec::parse("bench", &map).ok()?;
    SoftNic::create(spec, HashKey::microsoft()).ok()
}

#[divan::bench(args = [1, 2, 8], sample_count = 10, sample_size = 1)]
fn packets(bencher: Bencher<'_, '_>, queues: u16) {
    let Some(nic) = nic(queues) else { return };
    let sampler = nic.sampler();
    let handled = || sampler.sample().adapter.packets;
    bencher.counter(ItemsCount::new(PACKETS)).bench_local(|| {
        let until = handled() + PACKETS;
        while handled() < until {
            thread::sleep(Duration::from_micros(200));
        }
    });
}
