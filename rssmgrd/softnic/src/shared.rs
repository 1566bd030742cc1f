//! What the threads of one NIC share.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rssmgr_core::CpuId;
use rssmgr_core::backend::Sampler;
use rssmgr_core::stats::{AdapterStats, EntryStats, QueueStats, Sample};

use crate::bell::Bell;
use crate::counters::{CpuCounters, Handled, Offered, Padded, Traffic};
use crate::cpu::Placement;
use crate::frame::FrameStore;
use crate::order::FlowMarks;
use crate::ring::Receiver;
use crate::tap::TapPoint;
use crate::vport_counters::VPortCounters;

/// The frames of one source, and how far each of its flows was handled.
#[derive(Debug)]
pub(crate) struct Epoch {
    pub(crate) store: FrameStore,
    pub(crate) marks: FlowMarks,
}

/// A receive queue as long as the NIC lives, whether it exists just now or not.
#[derive(Debug)]
pub(crate) struct QueueState {
    pub(crate) handled: Padded<Handled>,
    pub(crate) offered: Padded<Offered>,
    /// [`ANYWHERE`] or the number of the CPU that shall serve it.
    home: AtomicU32,
    /// Whether its worker is pinned to that CPU.
    pub(crate) pinned: AtomicBool,
    /// Wakes its worker.
    pub(crate) bell: Bell,
    /// Rings that its worker has not taken yet. Each time that the queue is created it gets a new one; the worker
    /// empties one before it takes the next.
    rings: Mutex<VecDeque<Receiver>>,
}

/// No home: any CPU may serve the queue.
const ANYWHERE: u32 = u32::MAX;

impl QueueState {
    pub(crate) fn home(&self) -> Option<CpuId> {
        Some(self.home.load(Ordering::Acquire)).filter(|cpu| *cpu != ANYWHERE).map(CpuId)
    }

    pub(crate) fn set_home(&self, home: Option<CpuId>) {
        self.home.store(home.map_or(ANYWHERE, |cpu| cpu.0), Ordering::Release);
    }

    /// Leaves a ring for the worker, which takes it when the first packet in it wakes it.
    pub(crate) fn give_ring(&self, ring: Receiver) {
        lock(&self.rings).push_back(ring);
    }

    /// The next ring.
    pub(crate) fn take_ring(&self) -> Option<Receiver> {
        lock(&self.rings).pop_front()
    }

    /// Whether there is a next ring.
    pub(crate) fn has_ring(&self) -> bool {
        !lock(&self.rings).is_empty()
    }

    /// Packets in the ring. The two counters are read one after the other, so this is never below 0 but may lag.
    pub(crate) fn backlog(&self) -> u64 {
        let handled = self.handled.0.taken();
        self.offered.0.pushed.load(Ordering::Acquire).saturating_sub(handled)
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    /// One for each queue that the NIC can have.
    pub(crate) queues: Box<[QueueState]>,
    /// How many of them exist.
    pub(crate) channels: AtomicU16,
    pub(crate) entries: Box<[Padded<Traffic>]>,
    pub(crate) cpus: CpuCounters,
    /// Those of VPorts beside the default one.
    pub(crate) vports: VPortCounters,
    pub(crate) entry_moves: AtomicU64,
    /// Packets that the sources gave: each was put into a ring or dropped.
    pub(crate) generated: Padded<AtomicU64>,
    pub(crate) placement: Placement,
    /// Wakes the port.
    pub(crate) port: Bell,
    stop: AtomicBool,
    /// Grows by one with each new epoch.
    epochs: AtomicU64,
    epoch: Mutex<Arc<Epoch>>,
    pub(crate) tap: TapPoint,
}

impl Shared {
    pub(crate) fn new(queues: u16, entries: u16, placement: Placement) -> Self {
        let queue = |_| QueueState {
            handled: Padded::default(),
            offered: Padded::default(),
            home: AtomicU32::new(ANYWHERE),
            pinned: AtomicBool::new(false),
            bell: Bell::default(),
            rings: Mutex::default(),
        };
        Self {
            queues: (0..queues).map(queue).collect(),
            channels: AtomicU16::new(0),
            entries: (0..entries).map(|_| Padded::default()).collect(),
            cpus: CpuCounters::default(),
            vports: VPortCounters::new(entries),
            entry_moves: AtomicU64::new(0),
            generated: Padded::default(),
            placement,
            port: Bell::default(),
            stop: AtomicBool::new(false),
            epochs: AtomicU64::new(0),
            epoch: Mutex::new(Arc::new(Epoch { store: FrameStore::default(), marks: FlowMarks::new(0) })),
            tap: TapPoint::default(),
        }
    }

    /// Tells all threads to end. Who sleeps must be rung.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.tap.close();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// How many epochs there were.
    pub(crate) fn epochs(&self) -> u64 {
        self.epochs.load(Ordering::Acquire)
    }

    pub(crate) fn epoch(&self) -> Arc<Epoch> {
        Arc::clone(&lock(&self.epoch))
    }

    /// Starts an epoch. No packet of the one before may be in a ring.
    pub(crate) fn set_epoch(&self, epoch: Arc<Epoch>) {
        *lock(&self.epoch) = epoch;
        self.epochs.fetch_add(1, Ordering::Release);
    }
}

/// Locks; what a lock protects here is whole at any moment, so a panic elsewhere does not spoil it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sampler for Shared {
    fn sample(&self) -> Sample {
        let mut adapter =
            AdapterStats { entry_moves: self.entry_moves.load(Ordering::Relaxed), ..AdapterStats::default() };
        let channels = usize::from(self.channels.load(Ordering::Acquire));
        let mut queues = Vec::with_capacity(channels);
        // Queues first: what is seen there was added to entries and CPUs before.
        for (index, queue) in self.queues.iter().enumerate() {
            let tally = queue.handled.0.get();
            let drops = queue.offered.0.drops.load(Ordering::Acquire);
            adapter.packets += tally.packets;
            adapter.bytes += tally.bytes;
            adapter.drops += drops;
            adapter.unhashed += tally.unhashed;
            adapter.unparsed += tally.unparsed;
            adapter.reordered += tally.reordered;
            adapter.multicast_packets += tally.multicast;
            adapter.broadcast_packets += tally.broadcast;
            adapter.unicast_packets += tally.packets.saturating_sub(tally.multicast + tally.broadcast);
            adapter.misses += tally.misses;
            adapter.completions += tally.completions;
            if index < channels {
                queues.push(QueueStats {
                    cpu: queue.home(),
                    packets: tally.packets,
                    bytes: tally.bytes,
                    drops,
                    reordered: tally.reordered,
                    backlog: queue.backlog(),
                    completions: tally.completions,
                });
            }
        }
        let entry = |traffic: &Padded<Traffic>| {
            let (packets, bytes) = traffic.0.get();
            EntryStats { packets, bytes }
        };
        Sample {
            adapter,
            queues,
            entries: self.entries.iter().map(entry).collect(),
            cpus: self.cpus.stats(),
            vports: Some(self.vports.stats()),
        }
    }
}
