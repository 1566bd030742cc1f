//! The counters: relaxed atomics, written once a batch, on cache lines of their own. They only grow.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rssmgr_core::CpuId;
use rssmgr_core::stats::CpuStats;

/// Keeps a value on a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Padded<T>(pub(crate) T);

/// Packets and their bytes.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    packets: AtomicU64,
    bytes: AtomicU64,
}

impl Traffic {
    pub(crate) fn add(&self, packets: u64, bytes: u64) {
        self.packets.fetch_add(packets, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Packets, bytes.
    pub(crate) fn get(&self) -> (u64, u64) {
        (self.packets.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }
}

/// What the worker of a queue counts.
#[derive(Debug, Default)]
pub(crate) struct Handled {
    /// Written last, so that who sees a packet here sees it everywhere.
    packets: AtomicU64,
    bytes: AtomicU64,
    reordered: AtomicU64,
    unhashed: AtomicU64,
    unparsed: AtomicU64,
    multicast: AtomicU64,
    broadcast: AtomicU64,
    misses: AtomicU64,
    /// Written last too.
    completions: AtomicU64,
}

/// The same for one batch, and for whoever reads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) reordered: u64,
    pub(crate) unhashed: u64,
    pub(crate) unparsed: u64,
    pub(crate) multicast: u64,
    pub(crate) broadcast: u64,
    pub(crate) misses: u64,
    pub(crate) completions: u64,
}

impl Handled {
    pub(crate) fn add(&self, tally: &Tally) {
        let add = |counter: &AtomicU64, n| {
            if n > 0 {
                counter.fetch_add(n, Ordering::Relaxed);
            }
        };
        add(&self.bytes, tally.bytes);
        add(&self.reordered, tally.reordered);
        add(&self.unhashed, tally.unhashed);
        add(&self.unparsed, tally.unparsed);
        add(&self.multicast, tally.multicast);
        add(&self.broadcast, tally.broadcast);
        add(&self.misses, tally.misses);
        self.packets.fetch_add(tally.packets, Ordering::Release);
        if tally.completions > 0 {
            self.completions.fetch_add(tally.completions, Ordering::Release);
        }
    }

    /// What was taken out of the ring, received or sent.
    pub(crate) fn taken(&self) -> u64 {
        self.completions.load(Ordering::Acquire) + self.packets()
    }

    pub(crate) fn packets(&self) -> u64 {
        self.packets.load(Ordering::Acquire)
    }

    pub(crate) fn get(&self) -> Tally {
        let packets = self.packets();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Tally {
            packets,
            bytes: read(&self.bytes),
            reordered: read(&self.reordered),
            unhashed: read(&self.unhashed),
            unparsed: read(&self.unparsed),
            multicast: read(&self.multicast),
            broadcast: read(&self.broadcast),
            misses: read(&self.misses),
            completions: self.completions.load(Ordering::Acquire),
        }
    }
}

/// What the port counts of a queue. It alone writes here.
#[derive(Debug, Default)]
pub(crate) struct Offered {
    /// Descriptors put into the ring.
    pub(crate) pushed: AtomicU64,
    /// Packets dropped because the ring was full.
    pub(crate) drops: AtomicU64,
}

/// Adds to a counter that only the calling thread writes.
pub(crate) fn add_alone(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(n), Ordering::Release);
}

/// Traffic by CPU. A worker asks once for the counter of the CPU that it is on and keeps it.
#[derive(Debug, Default)]
pub(crate) struct CpuCounters(Mutex<BTreeMap<CpuId, Arc<Padded<Traffic>>>>);

impl CpuCounters {
    /// The counter of a CPU.
    pub(crate) fn of(&self, cpu: CpuId) -> Arc<Padded<Traffic>> {
        let mut cpus = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cpus.entry(cpu).or_default())
    }

    /// CPUs that handled anything, ascending.
    pub(crate) fn stats(&self) -> Vec<CpuStats> {
        let cpus = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stats = cpus.iter().map(|(cpu, traffic)| {
            let (packets, bytes) = traffic.0.get();
            CpuStats { cpu: *cpu, packets, bytes }
        });
        stats.filter(|stats| stats.packets > 0).collect()
    }
}
