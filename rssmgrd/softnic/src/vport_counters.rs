//! What is counted of VPorts beside the default one.
//!
//! Each has a slot while it lives, and packets under way carry the number of the slot. A slot is given again only when
//! every packet that was put into a ring with it was handled.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use rssmgr_core::VPortId;
use rssmgr_core::stats::{EntryStats, VPortStats};

use crate::counters::{Padded, Tally, Traffic, add_alone};
use crate::ports::{DEFAULT, Slot};
use crate::shared::lock;

/// Counters of one slot; they only grow.
#[derive(Debug, Default)]
struct Counters {
    /// Written last by a worker, so that who sees a packet here sees it everywhere.
    packets: AtomicU64,
    bytes: AtomicU64,
    unhashed: AtomicU64,
    reordered: AtomicU64,
    /// Put into rings, and dropped; the port alone writes these two.
    pushed: AtomicU64,
    drops: AtomicU64,
    /// Made with the first packet.
    entries: OnceLock<Box<[Padded<Traffic>]>>,
}

/// What became of a slot.
#[derive(Debug)]
enum Use {
    /// A VPort has it; what was counted before.
    Open(VPortId, VPortStats),
    /// Nobody has it; the change of orders after which the port steers nothing there.
    Closed(u64),
}

/// All slots.
#[derive(Debug)]
pub(crate) struct VPortCounters {
    slots: Box<[Padded<Counters>]>,
    uses: Mutex<BTreeMap<Slot, Use>>,
    entries: u16,
}

impl VPortCounters {
    /// Slots for VPorts with up to so many table entries each.
    pub(crate) fn new(entries: u16) -> Self {
        let slots = (DEFAULT + 1..=Slot::MAX).map(|_| Padded::default()).collect();
        Self { slots, uses: Mutex::default(), entries }
    }

    fn slot(&self, slot: Slot) -> Option<&Counters> {
        self.slots.get(usize::from(slot).checked_sub(1)?).map(|padded| &padded.0)
    }

    /// A slot for a new VPort; `followed` counts the changes of orders that the port has followed. `None` while packets
    /// of deleted VPorts are in all of them.
    pub(crate) fn open(&self, id: VPortId, followed: u64) -> Option<Slot> {
        let mut uses = lock(&self.uses);
        let free = |slot: &Slot| match uses.get(slot) {
            None => true,
            Some(Use::Open(..)) => false,
            Some(Use::Closed(at)) => followed >= *at && self.slot(*slot).is_some_and(Counters::is_idle),
        };
        let slot = (DEFAULT + 1..=Slot::MAX).find(free)?;
        let so_far = self.slot(slot)?.stats(id);
        uses.insert(slot, Use::Open(id, so_far));
        Some(slot)
    }

    /// The VPort is deleted; the port knows when it has followed this many changes of orders.
    pub(crate) fn close(&self, id: VPortId, at: u64) {
        for state in lock(&self.uses).values_mut() {
            if matches!(state, Use::Open(open, _) if *open == id) {
                *state = Use::Closed(at);
            }
        }
    }

    /// The VPort of a slot; the default one for its slot and for one that nobody has any more.
    pub(crate) fn id(&self, slot: Slot) -> VPortId {
        if slot == DEFAULT {
            return VPortId::DEFAULT;
        }
        match lock(&self.uses).get(&slot) {
            Some(Use::Open(id, _)) => *id,
            _ => VPortId::DEFAULT,
        }
    }

    /// The port put a packet of this slot into a ring, or dropped it.
    pub(crate) fn offered(&self, slot: Slot, dropped: bool) {
        if let Some(counters) = self.slot(slot) {
            add_alone(if dropped { &counters.drops } else { &counters.pushed }, 1);
        }
    }

    /// A worker handled packets of this slot.
    pub(crate) fn handled(&self, slot: Slot, tally: &Tally) {
        let Some(counters) = self.slot(slot) else { return };
        counters.bytes.fetch_add(tally.bytes, Ordering::Relaxed);
        counters.unhashed.fetch_add(tally.unhashed, Ordering::Relaxed);
        counters.reordered.fetch_add(tally.reordered, Ordering::Relaxed);
        counters.packets.fetch_add(tally.packets, Ordering::Release);
    }

    /// A worker handled a packet that this entry of the slot's table had chosen.
    pub(crate) fn chosen(&self, slot: Slot, entry: u16, bytes: u32) {
        let Some(counters) = self.slot(slot) else { return };
        let entries = counters.entries.get_or_init(|| (0..self.entries).map(|_| Padded::default()).collect());
        if let Some(entry) = entries.get(usize::from(entry)) {
            entry.0.add(1, u64::from(bytes));
        }
    }

    /// The counters of the VPorts that there are, since they were created, ascending.
    pub(crate) fn stats(&self) -> Vec<VPortStats> {
        let uses = lock(&self.uses);
        let stats = uses.iter().filter_map(|(slot, state)| match state {
            Use::Open(id, before) => Some(since(self.slot(*slot)?.stats(*id), before)),
            Use::Closed(_) => None,
        });
        let mut stats: Vec<_> = stats.collect();
        stats.sort_unstable_by_key(|vport| vport.id);
        stats
    }
}

impl Counters {
    /// Whether every packet that was put into a ring was handled.
    fn is_idle(&self) -> bool {
        // Handled first: what is handled was pushed before.
        let handled = self.packets.load(Ordering::Acquire);
        handled == self.pushed.load(Ordering::Acquire)
    }

    fn stats(&self, id: VPortId) -> VPortStats {
        let packets = self.packets.load(Ordering::Acquire);
        let entries = self.entries.get().into_iter().flatten().map(|traffic| {
            let (packets, bytes) = traffic.0.get();
            EntryStats { packets, bytes }
        });
        VPortStats {
            id,
            packets,
            bytes: Some(self.bytes.load(Ordering::Relaxed)),
            drops: Some(self.drops.load(Ordering::Acquire)),
            unhashed: Some(self.unhashed.load(Ordering::Relaxed)),
            reordered: Some(self.reordered.load(Ordering::Relaxed)),
            entries: entries.collect(),
        }
    }
}

fn since(mut now: VPortStats, before: &VPortStats) -> VPortStats {
    let grown = |now: Option<u64>, before: Option<u64>| Some(now?.saturating_sub(before?));
    now.packets = now.packets.saturating_sub(before.packets);
    now.bytes = grown(now.bytes, before.bytes);
    now.drops = grown(now.drops, before.drops);
    now.unhashed = grown(now.unhashed, before.unhashed);
    now.reordered = grown(now.reordered, before.reordered);
    for (entry, before) in now.entries.iter_mut().zip(&before.entries) {
        entry.packets = entry.packets.saturating_sub(before.packets);
        entry.bytes = entry.bytes.saturating_sub(before.bytes);
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slot comes back only when the port has let go of it and nothing of it is in a ring; then it counts from zero.
    #[test]
    fn a_slot_is_given_again_when_nothing_of_it_is_under_way() {
        let counters = VPortCounters::new(2);
        let tally = Tally { packets: 1, bytes: 60, ..Tally::default() };
        let all: Vec<Slot> = (0..255).map(|n| counters.open(VPortId(n + 1), 0).unwrap()).collect();
        assert_eq!(all, (1..=255).collect::<Vec<_>>());
        assert_eq!(counters.open(VPortId(999), 0), None, "all are in use");
        counters.offered(7, false);
        counters.close(VPortId(7), 5);
        assert_eq!(counters.open(VPortId(999), 4), None, "the port may still steer there");
        assert_eq!(counters.open(VPortId(999), 5), None, "a packet is under way");
        counters.chosen(7, 1, 60);
        counters.handled(7, &tally);
        assert_eq!((counters.open(VPortId(999), 5), counters.id(7)), (Some(7), VPortId(999)));
        let of = |id| counters.stats().into_iter().find(|s| s.id == VPortId(id)).unwrap();
        assert_eq!((of(999).packets, of(999).bytes, of(999).entries[1].packets), (0, Some(0), 0));
        counters.offered(7, true);
        counters.handled(7, &tally);
        assert_eq!((of(999).packets, of(999).drops, of(998 - 900).packets), (1, Some(1), 0));
        assert_eq!(counters.stats().len(), 255);
    }
}
