//! What the tests have in common.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use rssmgr_core::backend::{Backend as _, Sampler};
use rssmgr_core::hash::HashKey;
use rssmgr_core::stats::Sample;
use rssmgr_softnic::{SoftNic, SoftnicSpec, SourceSpec};

/// A NIC from `key=value` pairs separated by blanks.
pub(crate) fn nic(pairs: &str) -> SoftNic {
    let pair = |pair: &str| pair.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())).unwrap();
    let map: BTreeMap<_, _> = pairs.split_whitespace().map(pair).collect();
    SoftNic::create(SoftnicSpec::parse("nic0", &map).unwrap(), HashKey::microsoft()).unwrap()
}

/// Waits for a condition; a machine under heavy load may take long.
pub(crate) fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        thread::yield_now();
    }
}

/// Waits until at least `packets` more were handled.
pub(crate) fn let_pass(nic: &SoftNic, packets: u64) {
    let_pass_by(&*nic.sampler(), packets);
}

/// As [`let_pass`], for who has not the NIC.
pub(crate) fn let_pass_by(sampler: &dyn Sampler, packets: u64) {
    let until = sampler.sample().adapter.packets + packets;
    wait("packets pass", || sampler.sample().adapter.packets >= until);
}

/// Takes the source off, which waits until every packet was handled; what was counted.
pub(crate) fn quiet(nic: &mut SoftNic) -> Sample {
    nic.set_source(SourceSpec::None).unwrap();
    wait("the source is off", || nic.has_followed());
    nic.sampler().sample()
}

/// Checks what must add up when nothing is in a ring. All queues must exist, and no VPort may have been deleted.
pub(crate) fn conserved(nic: &SoftNic, sample: &Sample) {
    added_up(nic, sample);
    let entries = sample.entries.iter().chain(sample.vports.iter().flatten().flat_map(|v| &v.entries));
    let entries: u64 = entries.map(|e| e.packets).sum();
    assert_eq!(entries + sample.adapter.unhashed, sample.adapter.packets, "entries + unhashed");
    for vport in sample.vports.iter().flatten() {
        let entries: u64 = vport.entries.iter().map(|e| e.packets).sum();
        assert_eq!(entries + vport.unhashed.unwrap(), vport.packets, "VPort {}", vport.id);
    }
}

/// As [`conserved`], without the entries: those of deleted VPorts are not counted any more.
pub(crate) fn added_up(nic: &SoftNic, sample: &Sample) {
    let a = &sample.adapter;
    assert_eq!(nic.generated(), a.packets + a.completions + a.drops, "generated = handled + dropped");
    let sum = |xs: &mut dyn Iterator<Item = (u64, u64)>| xs.fold((0, 0), |s, x| (s.0 + x.0, s.1 + x.1));
    let total = (a.packets, a.bytes);
    assert_eq!(sum(&mut sample.queues.iter().map(|q| (q.packets, q.bytes))), total, "queues");
    assert_eq!(sum(&mut sample.cpus.iter().map(|c| (c.packets, c.bytes))), total, "CPUs");
    assert_eq!(a.unicast_packets + a.multicast_packets + a.broadcast_packets, a.packets, "casts");
    assert_eq!(sample.queues.iter().map(|q| q.drops).sum::<u64>(), a.drops, "drops");
    assert_eq!(sample.queues.iter().map(|q| q.reordered).sum::<u64>(), a.reordered, "reordered");
    assert_eq!(sample.queues.iter().map(|q| q.completions).sum::<u64>(), a.completions, "completions");
    assert!(sample.queues.iter().all(|q| q.backlog == 0), "backlog");
}
