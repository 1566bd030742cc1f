//! The port: one thread a NIC that takes packets from the source, decides their queue and fills the rings, as the
//! hardware of a NIC does it.
//!
//! Orders (another table, more queues, another source) reach it through a mailbox and take effect between two
//! packets. They never make the one who gives them wait.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use rssmgr_core::packet::{self, LinkType};

use crate::counters::add_alone;
use crate::frame::{Cast, FrameStore, HEADER_BYTES};
use crate::handover::Handover;
use crate::order::FlowMarks;
use crate::ports::{self, Ports};
use crate::ring::{Descriptor, Sender};
use crate::shared::{Epoch, Shared};
use crate::source::{Feed, Loss, Next, Prepared, SourceState};

/// Packets between two looks at the clock and the mailbox.
const BATCH: usize = 64;
/// Packets after which sleeping workers are woken at the latest: interrupt moderation. A wake-up costs as much as
/// handling tens of packets.
const MODERATION: u64 = 512;
/// Looks at a full ring before the port lets others run.
const SPINS: u32 = 64;
/// Times that it lets others run before it sleeps.
const YIELDS: u32 = 4;
/// How long the port sleeps at most where a worker must wake it: a worker that died cannot.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long between two looks whether all rings are empty.
const SETTLING: Duration = Duration::from_micros(50);

/// What the port shall do next.
#[derive(Debug)]
pub(crate) struct Orders {
    /// How to steer.
    pub(crate) ports: Ports,
    /// How many queues there are.
    pub(crate) channels: u16,
    /// Rings of new queues, in the order of their creation, with the queue's number.
    pub(crate) rings: Vec<(u16, Sender)>,
    /// A source to change to.
    pub(crate) source: Option<Prepared>,
    /// What became of the source that was ordered last.
    pub(crate) state: SourceState,
}

/// Where orders are left for the port.
pub(crate) type Mailbox = Handover<Orders>;

impl Mailbox {
    /// What became of the source.
    pub(crate) fn source_state(&self) -> SourceState {
        self.with(|orders| orders.state.clone())
    }

    /// Notes what became of the source, unless another was ordered meanwhile.
    fn report(&self, state: SourceState) {
        self.with(|orders| {
            if orders.source.is_none() {
                orders.state = state;
            }
        });
    }
}

/// A packet that arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) data: &'a [u8],
    /// Where `data` is in the frame store; `None` for a live frame, which is in none.
    pub(crate) place: Option<u32>,
    pub(crate) link: LinkType,
    pub(crate) wire_len: u32,
    pub(crate) flow: u32,
    /// Whether the host sends it.
    pub(crate) sent: bool,
}

/// The port's thread.
pub(crate) struct Port {
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    /// The changes of the mailbox that were followed.
    changes: u64,
    ports: Ports,
    lanes: Lanes,
    epoch: Arc<Epoch>,
    feed: Feed,
    loss: Loss,
}

/// Why no packet comes just now.
enum Pause {
    /// None of them: look at the mailbox, then go on.
    No,
    /// Until this moment.
    Until(Instant),
    /// Until the source has something.
    Poll,
    /// Until all rings are empty.
    Settle,
    /// Until somebody orders another source.
    Ended,
}

impl Port {
    pub(crate) fn new(shared: Arc<Shared>, mailbox: Arc<Mailbox>) -> Self {
        let ports = mailbox.with(|orders| orders.ports.clone());
        let lanes = Lanes {
            shared: Arc::clone(&shared),
            senders: Vec::new(),
            touched: Vec::new(),
            number: 0,
            flushed: 0,
        };
        let epoch = shared.epoch();
        Self { shared, mailbox, changes: 0, ports, lanes, epoch, feed: Feed::None, loss: Loss::Lossless }
    }

    /// Works until the NIC is dropped.
    pub(crate) fn run(mut self) {
        while !self.shared.is_stopping() {
            self.follow();
            let pause = self.take_batch();
            self.lanes.flush_if(!matches!(pause, Pause::No));
            let news = || self.mailbox.changes() != self.changes || self.shared.is_stopping();
            match pause {
                Pause::No => {}
                Pause::Until(due) => {
                    let limit = due.saturating_duration_since(Instant::now());
                    self.shared.port.sleep(news, Some(limit));
                }
                Pause::Poll => {
                    if let Err(why) = self.feed.wait() {
                        self.end(SourceState::Failed(why));
                    }
                }
                Pause::Settle => self.lanes.settle(),
                Pause::Ended => self.shared.port.sleep(news, None),
            }
        }
    }

    /// Follows the orders in the mailbox.
    fn follow(&mut self) {
        let orders = self.mailbox.take(&mut self.changes, |orders| {
            let rings = std::mem::take(&mut orders.rings);
            (orders.ports.clone(), rings, orders.channels, orders.source.take())
        });
        let Some((ports, rings, channels, source)) = orders else { return };
        self.ports = ports;
        self.lanes.arrange(rings, channels);
        if let Some(Prepared { store, feed, loss, flows }) = source {
            // The workers may still be at packets of the old source.
            self.lanes.settle();
            let epoch = Arc::new(Epoch { store, marks: FlowMarks::new(flows) });
            self.epoch = Arc::clone(&epoch);
            self.shared.set_epoch(epoch);
            // So that sleeping workers do not keep the old frames in memory.
            self.shared.queues.iter().for_each(|queue| queue.bell.ring());
            (self.feed, self.loss) = (feed, loss);
        }
        self.mailbox.done(self.changes);
    }

    /// Gives the rings one batch of packets.
    fn take_batch(&mut self) -> Pause {
        let now = Instant::now();
        for _ in 0..BATCH {
            let arrival = match self.feed.next(now) {
                Next::Frame(index) => {
                    let store: &FrameStore = &self.epoch.store;
                    let Some(frame) = store.frames.get(index) else { return Pause::No };
                    Arrival {
                        data: store.data(frame),
                        place: Some(frame.start),
                        link: frame.link,
                        wire_len: frame.wire_len,
                        flow: frame.flow,
                        sent: frame.sent,
                    }
                }
                Next::Live(frame) => Arrival {
                    data: self.feed.live_data(&frame),
                    place: None,
                    link: LinkType::Ethernet,
                    wire_len: frame.wire_len,
                    flow: frame.flow,
                    sent: false,
                },
                Next::Wait(due) => return Pause::Until(due),
                Next::Poll => return Pause::Poll,
                Next::Pass => return Pause::No,
                Next::Settle => return Pause::Settle,
                Next::Finished => {
                    self.end(SourceState::Finished);
                    return Pause::Ended;
                }
                Next::Failed(why) => {
                    self.end(SourceState::Failed(why));
                    return Pause::Ended;
                }
                Next::Nothing => return Pause::Ended,
            };
            if !self.lanes.deliver(&self.ports, &arrival, self.loss) {
                return Pause::No;
            }
            // At once, so that an entry moves within the time of a packet and not of a batch.
            if self.mailbox.changes() != self.changes {
                return Pause::No;
            }
        }
        Pause::No
    }

    /// The source gives no more.
    fn end(&mut self, state: SourceState) {
        self.feed = Feed::None;
        self.lanes.flush();
        self.mailbox.report(state);
    }
}

/// The rings, seen from the port.
struct Lanes {
    shared: Arc<Shared>,
    senders: Vec<Sender>,
    /// Queues that got something since the last flush.
    touched: Vec<usize>,
    /// Packets that arrived.
    number: u64,
    /// How many of them were published.
    flushed: u64,
}

impl Lanes {
    /// Takes over new rings and lets go of those that are no longer used, which the workers then empty.
    fn arrange(&mut self, rings: Vec<(u16, Sender)>, channels: u16) {
        self.flush();
        for (queue, sender) in rings {
            match self.senders.get_mut(usize::from(queue)) {
                Some(old) => *old = sender,
                None => self.senders.push(sender),
            }
        }
        self.senders.truncate(usize::from(channels));
    }

    /// Steers one packet and puts it into its ring. `false` when the NIC is being dropped.
    fn deliver(&mut self, vports: &Ports, arrival: &Arrival<'_>, loss: Loss) -> bool {
        let headers = packet::parse(arrival.data, arrival.link);
        let (slot, verdict) = if arrival.sent {
            // The host's own, and so the default VPort's.
            (ports::DEFAULT, vports.default.classify_sent(arrival.data, arrival.link))
        } else if vports.default.looks_inside() {
            vports.steer_inside(arrival.data, &headers)
        } else {
            let (slot, steering) = vports.pick(&headers);
            (slot, steering.steer(&headers))
        };
        let queue = verdict.queue.index();
        let room = loop {
            match self.senders.get(queue) {
                Some(sender) if sender.has_room() => break true,
                Some(sender) if loss == Loss::Lossless && !sender.is_abandoned() => {}
                _ => break false,
            }
            if !self.wait_for_room(queue) {
                return false;
            }
        };
        self.number += 1;
        match self.senders.get_mut(queue) {
            Some(sender) if room => {
                let header = arrival.data.get(..HEADER_BYTES).unwrap_or(arrival.data);
                let (place, live) = match arrival.place {
                    Some(place) => (place, false),
                    None => (sender.store_header(header), true),
                };
                let descriptor = Descriptor {
                    number: self.number,
                    place,
                    header: u8::try_from(header.len()).unwrap_or(0),
                    live,
                    cast: if arrival.sent { Cast::Sent } else { Cast::of(&headers) },
                    parsed: headers.net.is_some(),
                    flow: arrival.flow,
                    bytes: arrival.wire_len,
                    hashed: verdict.entry.is_some(),
                    hash: verdict.hash.unwrap_or(0),
                    entry: verdict.entry.map_or(0, |entry| entry.0),
                    slot,
                };
                if sender.unseen == 0 {
                    self.touched.push(queue);
                }
                sender.push(descriptor);
                if slot != ports::DEFAULT {
                    self.shared.vports.offered(slot, false);
                }
            }
            _ => {
                self.shared.vports.offered(slot, true);
                if let Some(queue) = self.shared.queues.get(queue) {
                    add_alone(&queue.offered.0.drops, 1);
                }
            }
        }
        true
    }

    /// Waits until a ring has room. `false` when the NIC is being dropped.
    fn wait_for_room(&mut self, queue: usize) -> bool {
        // Whoever shall make room must know that there is something.
        self.flush();
        let Some(sender) = self.senders.get(queue) else { return true };
        for attempt in 0.. {
            if sender.has_room() || sender.is_abandoned() {
                return true;
            }
            if self.shared.is_stopping() {
                return false;
            }
            if attempt < SPINS {
                spin_loop();
            } else if attempt < SPINS + YIELDS {
                thread::yield_now();
            } else {
                sender.starve();
                let ready = || sender.has_room() || self.shared.is_stopping();
                self.shared.port.sleep(ready, Some(PATIENCE));
            }
        }
        true
    }

    /// Flushes when the port is about to pause, or enough has come together.
    fn flush_if(&mut self, pausing: bool) {
        if pausing || self.number - self.flushed >= MODERATION {
            self.flush();
        }
    }

    /// Publishes what was put into the rings and wakes the workers.
    fn flush(&mut self) {
        for queue in self.touched.drain(..) {
            if let (Some(sender), Some(state)) = (self.senders.get_mut(queue), self.shared.queues.get(queue))
            {
                add_alone(&state.offered.0.pushed, sender.unseen);
                sender.unseen = 0;
                state.bell.ring();
            }
        }
        self.flushed = self.number;
        self.shared.generated.0.store(self.number, Ordering::Release);
    }

    /// Waits until every packet was handled, those in rings that were let go included.
    fn settle(&mut self) {
        self.flush();
        while self.shared.queues.iter().any(|queue| queue.backlog() > 0) && !self.shared.is_stopping() {
            thread::sleep(SETTLING);
        }
    }
}
