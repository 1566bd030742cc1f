//! A tap: the handled packets as they pass, each with its header, hash, entry, queue and CPU. It settles whether traffic
//! really obeys the table and keeps its order, packet by packet, which counters alone cannot.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rssmgr_core::{CpuId, EntryIndex, QueueId, VPortId};

use crate::shared::lock;

/// One handled packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandledPacket {
    /// Its number in order of arrival since the NIC was created, from 1.
    pub number: u64,
    /// Its hash; `None` when it has none.
    pub hash: Option<u32>,
    /// The table entry that the hash chose.
    pub entry: Option<EntryIndex>,
    /// The VPort that it was for; the default one too for a packet of one that was deleted meanwhile.
    pub vport: VPortId,
    /// Whether the host sent it, and this is its completion. The hash is then that of what comes back.
    pub sent: bool,
    /// The queue whose worker handled it.
    pub queue: QueueId,
    /// The CPU where it was handled, as the NIC counts it.
    pub cpu: CpuId,
    /// Its first bytes as the worker found them, at most 128.
    pub header: Vec<u8>,
}

/// The reading end of a tap. Dropping it takes the tap off.
#[derive(Debug)]
pub struct Tap(Arc<TapLine>);

impl Tap {
    /// The next packet; `None` when there is none now. Packets come in the order in which they were handled, whichever
    /// queues they were on.
    #[must_use]
    pub fn next_packet(&self) -> Option<HandledPacket> {
        let packet = lock(&self.0.waiting).packets.pop_front();
        if packet.is_some() {
            self.0.room.notify_one();
        }
        packet
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Where a tap can be put on.
#[derive(Debug, Default)]
pub(crate) struct TapPoint {
    /// Whether there is one: asked once a batch.
    on: AtomicBool,
    line: Mutex<Option<Arc<TapLine>>>,
}

/// What the reader shares with the workers.
#[derive(Debug)]
pub(crate) struct TapLine {
    capacity: usize,
    waiting: Mutex<Waiting>,
    /// Signalled when there is room again, and when the tap is closed.
    room: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    packets: VecDeque<HandledPacket>,
    /// Set when nobody reads any more.
    closed: bool,
}

impl TapPoint {
    /// Puts a tap on that holds `capacity` packets, in place of any other.
    pub(crate) fn attach(&self, capacity: usize) -> Tap {
        self.close();
        let line = TapLine { capacity: capacity.max(1), waiting: Mutex::default(), room: Condvar::new() };
        let line = Arc::new(line);
        *lock(&self.line) = Some(Arc::clone(&line));
        self.on.store(true, Ordering::Release);
        Tap(line)
    }

    /// The line, if a tap is on.
    pub(crate) fn line(&self) -> Option<Arc<TapLine>> {
        if self.on.load(Ordering::Acquire) { lock(&self.line).clone() } else { None }
    }

    /// Takes this tap off if nobody reads it any more.
    pub(crate) fn tidy(&self, line: &Arc<TapLine>) {
        let mut current = lock(&self.line);
        if lock(&line.waiting).closed && current.as_ref().is_some_and(|current| Arc::ptr_eq(current, line)) {
            *current = None;
            self.on.store(false, Ordering::Release);
        }
    }

    /// No worker waits for the reader any more.
    pub(crate) fn close(&self) {
        if let Some(line) = &*lock(&self.line) {
            line.close();
        }
    }
}

impl TapLine {
    fn close(&self) {
        lock(&self.waiting).closed = true;
        self.room.notify_all();
    }

    /// Waits until there is room; `None` when nobody reads any more.
    pub(crate) fn turn(&self) -> Option<Turn<'_>> {
        let mut waiting = lock(&self.waiting);
        while !waiting.closed {
            if waiting.packets.len() < self.capacity {
                return Some(Turn(waiting));
            }
            waiting = self.room.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }
}

/// The right to handle the next packet. Nobody else has it, so that packets are in the tap in the order in which they were
/// handled.
#[derive(Debug)]
pub(crate) struct Turn<'a>(MutexGuard<'a, Waiting>);

impl Turn<'_> {
    /// Hands on the packet, now that it was handled.
    pub(crate) fn end(mut self, packet: HandledPacket) {
        self.0.packets.push_back(packet);
    }
}
