//! The worker of a queue: a thread that takes packets out of the ring and handles them, as a driver's poll loop
//! does it on the CPU that serves the queue's interrupt.

use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use rssmgr_core::{CpuId, EntryIndex, QueueId, VPortId};

use crate::counters::{Padded, Tally, Traffic};
use crate::frame::Cast;
use crate::ports::{self, Slot};
use crate::ring::{Descriptor, Receiver};
use crate::shared::{Epoch, QueueState, Shared};
use crate::tap::HandledPacket;

/// Packets handled between two looks at orders and counters; as NAPI's budget.
const BATCH: usize = 64;
/// Looks at an empty ring before the worker lets others run.
const SPINS: u32 = 64;
/// Times that it lets others run before it sleeps.
const YIELDS: u32 = 4;

/// A worker, ready to run on a thread of its own.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    queue: QueueId,
    /// The ring that it reads; `None` while the queue does not exist.
    ring: Option<Receiver>,
    epoch: Arc<Epoch>,
    epochs: u64,
    /// The home that the thread was last told to run on; `None` when it was not told yet.
    home: Option<Option<CpuId>>,
    /// The CPU counted last and its counter.
    cpu: Option<(CpuId, Arc<Padded<Traffic>>)>,
}

impl Worker {
    /// The worker of a queue.
    pub(crate) fn new(shared: Arc<Shared>, queue: QueueId) -> Self {
        // The number first: if an epoch starts in between, it is fetched once more.
        let epochs = shared.epochs();
        let epoch = shared.epoch();
        Self { shared, queue, ring: None, epoch, epochs, home: None, cpu: None }
    }

    /// Works until the NIC is dropped. A ring that the port let go of is emptied, then the next one is taken.
    pub(crate) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let Some(state) = shared.queues.get(self.queue.index()) else { return };
        let mut idle = 0;
        while !shared.is_stopping() {
            self.follow(state);
            self.ring = self.ring.take().or_else(|| state.take_ring());
            // Asked before the ring is read: once the port let go, nothing more comes.
            let last = self.ring.as_ref().is_some_and(|ring| ring.consumer.is_abandoned());
            if self.handle_batch(state) {
                idle = 0;
                continue;
            }
            if last {
                self.ring = None;
                continue;
            }
            idle += 1;
            if idle <= SPINS {
                spin_loop();
            } else if idle <= SPINS + YIELDS {
                thread::yield_now();
            } else {
                state.bell.sleep(|| self.has_work(state), None);
            }
        }
    }

    /// Whether there is something to do.
    fn has_work(&self, state: &QueueState) -> bool {
        let waiting = match &self.ring {
            Some(ring) => !ring.consumer.is_empty() || ring.consumer.is_abandoned(),
            None => state.has_ring(),
        };
        waiting
            || self.shared.is_stopping()
            || self.home != Some(state.home())
            || self.epochs != self.shared.epochs()
    }

    /// Follows what was ordered meanwhile: another home, another epoch.
    fn follow(&mut self, state: &QueueState) {
        let home = state.home();
        if self.home != Some(home) {
            let pinned = self.shared.placement.pin(home);
            state.pinned.store(pinned, Ordering::Release);
            self.home = Some(home);
        }
        let epochs = self.shared.epochs();
        if self.epochs != epochs {
            self.epoch = self.shared.epoch();
            self.epochs = epochs;
        }
    }

    /// Handles what is in the ring, at most [`BATCH`] packets. `false` when it is empty.
    fn handle_batch(&mut self, state: &QueueState) -> bool {
        let Some(Receiver { consumer, link }) = &mut self.ring else { return false };
        let waiting = consumer.slots().min(BATCH);
        let Ok(chunk) = consumer.read_chunk(waiting) else { return false };
        if chunk.is_empty() {
            return false;
        }
        // An epoch starts only when all rings are empty: these packets are of the epoch that `follow` saw, or of
        // one that started since.
        let epochs = self.shared.epochs();
        if self.epochs != epochs {
            self.epoch = self.shared.epoch();
            self.epochs = epochs;
        }
        let home = self.home.flatten();
        let cpu = self.shared.placement.current(home);
        let mut tally = Tally::default();
        // A queue is of one VPort; only just after it changed hands there are packets of two.
        let mut of_slot = (ports::DEFAULT, Tally::default());
        // Asked after the ring was read: what arrives once the tap is on is seen by it.
        let tap = self.shared.tap.line();
        let (first, second) = chunk.as_slices();
        for d in first.iter().chain(second) {
            let header = if d.live {
                link.touch(d.place, d.header)
            } else {
                self.epoch.store.touch(d.place, d.header)
            };
            black_box(header);
            let turn = tap.as_ref().and_then(|tap| tap.turn());
            let late = d.cast != Cast::Sent && self.epoch.marks.is_late(d.flow, d.number);
            if let Some(turn) = turn {
                let header = if d.live {
                    link.header(d.place, d.header)
                } else {
                    self.epoch.store.header(d.place, d.header).to_vec()
                };
                turn.end(handled(d, self.shared.vports.id(d.slot), header, (self.queue, cpu)));
            }
            if d.cast == Cast::Sent {
                tally.completions += 1;
                continue;
            }
            tally.add(d, late);
            if d.slot != ports::DEFAULT {
                self.shared.count(&mut of_slot, d, late);
            } else if d.hashed
                && let Some(entry) = self.shared.entries.get(usize::from(d.entry))
            {
                entry.0.add(1, u64::from(d.bytes));
            }
        }
        self.shared.vports.handled(of_slot.0, &of_slot.1);
        if let Some(tap) = tap {
            self.shared.tap.tidy(&tap);
        }
        if home.is_some_and(|home| home != cpu) {
            tally.misses = tally.packets;
        }
        let counter = match self.cpu.take() {
            Some((last, counter)) if last == cpu => counter,
            _ => self.shared.cpus.of(cpu),
        };
        counter.0.add(tally.packets, tally.bytes);
        self.cpu = Some((cpu, counter));
        chunk.commit_all();
        state.handled.0.add(&tally);
        if let Some(ring) = &self.ring {
            ring.relieve(&self.shared.port);
        }
        true
    }
}

impl Shared {
    /// Counts a packet of a VPort beside the default one; `so_far` are those of the last such VPort.
    fn count(&self, so_far: &mut (Slot, Tally), d: &Descriptor, late: bool) {
        if so_far.0 != d.slot {
            self.vports.handled(so_far.0, &so_far.1);
            *so_far = (d.slot, Tally::default());
        }
        so_far.1.add(d, late);
        if d.hashed {
            self.vports.chosen(d.slot, d.entry, d.bytes);
        }
    }
}

impl Tally {
    fn add(&mut self, d: &Descriptor, late: bool) {
        self.packets += 1;
        self.bytes += u64::from(d.bytes);
        self.reordered += u64::from(late);
        self.unhashed += u64::from(!d.hashed);
        self.unparsed += u64::from(!d.parsed);
        self.multicast += u64::from(d.cast == Cast::Multicast);
        self.broadcast += u64::from(d.cast == Cast::Broadcast);
    }
}

fn handled(d: &Descriptor, vport: VPortId, header: Vec<u8>, (queue, cpu): (QueueId, CpuId)) -> HandledPacket {
    HandledPacket {
        number: d.number,
        hash: d.hashed.then_some(d.hash),
        entry: d.hashed.then_some(EntryIndex(d.entry)),
        vport,
        sent: d.cast == Cast::Sent,
        queue,
        cpu,
        header,
    }
}
