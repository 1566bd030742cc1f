//! Workers run where they belong, as far as this machine has the CPU.

use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::Op;
use rssmgr_core::{CpuId, QueueId};
use rustix::thread::sched_getaffinity;

use crate::support::{conserved, let_pass, nic, quiet, wait};

#[test]
fn real_cpus_are_pinned_to_and_counted() {
    let mut nic = nic("queues=2 topology=host source=synthetic:rate=max");
    assert!(!nic.is_pretended());
    let allowed = sched_getaffinity(None).unwrap();
    let homes: Vec<_> = nic.observe().unwrap().queues.iter().map(|q| q.home.unwrap()).collect();
    if homes[0] == homes[1] || homes.iter().any(|cpu| !allowed.is_set(usize::try_from(cpu.0).unwrap())) {
        eprintln!("skipped: this process may not use two cores ({homes:?})");
        return;
    }
    let_pass(&nic, 50_000);
    assert!(nic.is_pinned(QueueId(0)) && nic.is_pinned(QueueId(1)));

    // Both on one CPU: the other one has nothing to do any more.
    nic.execute(&Op::Home { queue: QueueId(0), cpu: Some(homes[1]) }).unwrap();
    let sampler = nic.sampler();
    let on = |cpu: CpuId| sampler.sample().cpus.iter().find(|c| c.cpu == cpu).map_or(0, |c| c.packets);
    let mut left = on(homes[0]);
    wait("the worker moves", || {
        let_pass(&nic, 20_000);
        let now = on(homes[0]);
        std::mem::replace(&mut left, now) == now
    });
    let_pass(&nic, 50_000);
    assert_eq!(on(homes[0]), left);
    assert!(nic.is_pinned(QueueId(0)));

    let sample = quiet(&mut nic);
    conserved(&nic, &sample);
    assert_eq!(sample.adapter.misses, 0, "pinned workers never run elsewhere");
    let cpus: Vec<_> = sample.cpus.iter().map(|c| c.cpu).collect();
    assert_eq!(cpus, homes, "real CPUs, and no others");
}

/// A queue whose CPU is not there runs somewhere, is counted there, and shows as missing its home.
#[test]
fn a_missing_cpu_shows() {
    let mut nic = nic("queues=1 topology=host source=synthetic:rate=max");
    let_pass(&nic, 1000);
    nic.execute(&Op::Home { queue: QueueId(0), cpu: Some(CpuId(8191)) }).unwrap();
    let sampler = nic.sampler();
    wait("misses", || sampler.sample().adapter.misses > 1000);
    assert!(!nic.is_pinned(QueueId(0)));
    let sample = quiet(&mut nic);
    conserved(&nic, &sample);
    assert!(sample.cpus.iter().all(|c| nic.topology().is_online(c.cpu)), "only CPUs that are there");
}

/// In a pretended machine the CPU that should handle the packets is counted, without pinning anything.
#[test]
fn pretended_cpus_are_labelled() {
    let mut nic = nic("queues=3 topology=8x16x2 source=synthetic:rate=max");
    assert!(nic.is_pretended());
    for (queue, cpu) in [(0, 255), (1, 130), (2, 130)] {
        nic.execute(&Op::Home { queue: QueueId(queue), cpu: Some(CpuId(cpu)) }).unwrap();
    }
    let_pass(&nic, 20_000);
    let before = quiet(&mut nic);
    nic.set_source(rssmgr_softnic::SourceSpec::parse("synthetic:rate=max").unwrap()).unwrap();
    let_pass(&nic, 20_000);
    let after = quiet(&mut nic);
    conserved(&nic, &after);
    let packets = |sample: &rssmgr_core::stats::Sample, cpu| {
        sample.cpus.iter().find(|c| c.cpu == CpuId(cpu)).map_or(0, |c| c.packets)
    };
    let moved: u64 = [130, 255].iter().map(|cpu| packets(&after, *cpu) - packets(&before, *cpu)).sum();
    assert_eq!(moved, after.adapter.packets - before.adapter.packets, "all on the two new homes");
    assert_eq!(after.adapter.misses, 0);
    assert!(!nic.is_pinned(QueueId(0)));
}
