//! What is counted of VPorts: by the adapter, or put together from the queues of each where hardware counts by queue.

use alloc::vec::Vec;

use super::{EntryStats, QueueStats, Sample};
use crate::device::{Device, VPortDevice};
use crate::ids::VPortId;

/// Counters of one VPort beside the default one. What of the adapter's counters is of no such VPort is of the default
/// one, or of one that was deleted. `None` where that is not counted by VPort.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VPortStats {
    /// The VPort.
    pub id: VPortId,
    /// Packets handled.
    pub packets: u64,
    /// Bytes handled.
    pub bytes: Option<u64>,
    /// Packets dropped because a ring was full.
    pub drops: Option<u64>,
    /// Packets without a hash, which went to its default queue.
    pub unhashed: Option<u64>,
    /// Packets handled after a later packet of the same flow.
    pub reordered: Option<u64>,
    /// Its table entries, by number.
    pub entries: Vec<EntryStats>,
}

impl Sample {
    /// Puts the counters of VPorts together where they were not counted: each has what its queues have, since the queues
    /// were created, for whomever. Where a queue of a VPort is not counted, those of all VPorts stay unknown: what is of
    /// the default one is not known either then.
    pub fn count_vports(&mut self, device: &Device) {
        if self.vports.is_some() {
            return;
        }
        // Some drivers count packets by queue and not their bytes; none has packets without bytes.
        let has_bytes = self.queues.iter().any(|q| q.bytes > 0) || self.queues.iter().all(|q| q.packets == 0);
        let of = |(id, vport): (&VPortId, &VPortDevice)| {
            let mut stats = VPortStats { id: *id, bytes: has_bytes.then_some(0), ..VPortStats::default() };
            for queue in &vport.queues {
                let QueueStats { packets, bytes, .. } = self.queues.get(queue.index())?;
                stats.packets = stats.packets.saturating_add(*packets);
                stats.bytes = stats.bytes.map(|sum| sum.saturating_add(*bytes));
            }
            Some(stats)
        };
        self.vports = device.vports.iter().map(of).collect();
    }

    /// The counters of all VPorts, the default one first with what is of no other; `None` where they are not known.
    #[must_use]
    pub fn all_vports(&self) -> Option<Vec<VPortStats>> {
        let others = self.vports.as_ref()?;
        let rest = |all: u64, of: fn(&VPortStats) -> Option<u64>| {
            let sum = others.iter().map(of).try_fold(0_u64, |sum, n| Some(sum.saturating_add(n?)))?;
            Some(all.saturating_sub(sum))
        };
        let a = &self.adapter;
        let default = VPortStats {
            id: VPortId::DEFAULT,
            packets: rest(a.packets, |v| Some(v.packets))?,
            bytes: rest(a.bytes, |v| v.bytes),
            drops: rest(a.drops, |v| v.drops),
            unhashed: rest(a.unhashed, |v| v.unhashed),
            reordered: rest(a.reordered, |v| v.reordered),
            entries: Vec::new(),
        };
        Some(core::iter::once(default).chain(others.iter().cloned()).collect())
    }
}
