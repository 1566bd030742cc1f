//! A tap: some handled packets as they pass, each with its hash, entry, queue and CPU. It settles whether traffic
//! really obeys the table, packet by packet, which counters alone cannot.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};

use rssmgr_core::{CpuId, EntryIndex, QueueId, VPortId};

use crate::shared::lock;

/// One handled packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// The reading end of a tap. Dropping it takes the tap off.
#[derive(Debug)]
pub struct Tap {
    packets: Receiver<HandledPacket>,
    lost: Arc<AtomicBool>,
}

impl Tap {
    /// The next packet; `None` when there is none now. Packets of one queue come in the order in which they were
    /// handled.
    #[must_use]
    pub fn next_packet(&self) -> Option<HandledPacket> {
        self.packets.try_recv().ok()
    }

    /// Whether packets passed that the tap had no room for.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

/// Where a tap can be put on.
#[derive(Debug, Default)]
pub(crate) struct TapPoint {
    /// Whether there is one: asked once a batch.
    on: AtomicBool,
    line: Mutex<Option<TapLine>>,
}

/// The writing end.
#[derive(Clone, Debug)]
pub(crate) struct TapLine {
    packets: SyncSender<HandledPacket>,
    lost: Arc<AtomicBool>,
}

impl TapPoint {
    /// Puts a tap on that holds `capacity` packets, in place of any other.
    pub(crate) fn attach(&self, capacity: usize) -> Tap {
        let (sender, packets) = sync_channel(capacity);
        let lost = Arc::new(AtomicBool::new(false));
        *lock(&self.line) = Some(TapLine { packets: sender, lost: Arc::clone(&lost) });
        self.on.store(true, Ordering::Release);
        Tap { packets, lost }
    }

    /// The line, if a tap is on.
    pub(crate) fn line(&self) -> Option<TapLine> {
        if self.on.load(Ordering::Acquire) { lock(&self.line).clone() } else { None }
    }

    /// Takes the tap off: nobody reads it any more.
    pub(crate) fn detach(&self) {
        self.on.store(false, Ordering::Release);
        *lock(&self.line) = None;
    }
}

impl TapLine {
    /// Hands on a packet. `false` when nobody reads any more.
    pub(crate) fn send(&self, packet: HandledPacket) -> bool {
        match self.packets.try_send(packet) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.lost.store(true, Ordering::Release);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}
