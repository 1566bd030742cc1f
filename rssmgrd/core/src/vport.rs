//! VPorts as they were asked for, and what becomes of them on an adapter: queues granted, queues allotted, processors
//! chosen, and the device that RSSv2's state stands for.
//!
//! RSSv2 speaks of processors, a device of queues. A VPort has queues for itself; each of its processors is served by
//! one of them, and a queue that serves the right processor already stays where it is.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::capability::Capability;
use crate::device::{Device, Filter, Queue, VPortDevice, sorted};
use crate::ids::{CpuId, Processor, QueueId, VPortId};
use crate::place::Candidate;
use crate::scaling::{VPort, VPortState};

/// A VPort beside the default one, as it was asked for and as RSSv2 knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedVPort {
    /// A name for people; may be empty.
    pub name: String,
    /// Queues that were asked for. Those granted are in the state.
    pub queues: u16,
    /// Whether it is in use, its hash, its table and its processors.
    pub state: VPort,
    /// What leads there.
    pub filters: Vec<Filter>,
}

/// All VPorts of an adapter beside the default one.
pub type AskedVPorts = BTreeMap<VPortId, AskedVPort>;

/// What was asked of an adapter's VPorts as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedScaling {
    /// VPorts beside the default one.
    pub vports: AskedVPorts,
    /// VMQ was switched off: VPorts are kept and not made.
    pub vmq_off: bool,
    /// The default VPort's primary processor, where it was moved.
    pub primary: Option<Processor>,
    /// The default VPort's default processor, where it was moved.
    pub default: Option<Processor>,
}

/// What cut the number of queues that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueLimit {
    /// A VPort of this adapter has no more (`MaxNumQueuePairsPerNonDefaultVPort`).
    PerVPort,
    /// The other VPorts have the rest; the default one keeps at least one (`MaxNumQueuePairs`).
    Free,
}

impl QueueLimit {
    /// The limit's name, as Windows has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PerVPort => "MaxNumQueuePairsPerNonDefaultVPort",
            Self::Free => "MaxNumQueuePairs",
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::PerVPort => "the queues that one VPort of the adapter can have",
            Self::Free => "the queues that other VPorts leave, of which the default one keeps one",
        }
    }
}

/// Queues that a VPort is given of those `asked` for, where the others hold `held` of `channels`; 0 when there is none.
#[must_use]
pub fn grant(asked: u16, cap: &Capability, channels: u16, held: u16) -> (u16, Option<QueueLimit>) {
    let free = channels.saturating_sub(held).saturating_sub(1);
    let limits = [(cap.vports.queues, QueueLimit::PerVPort), (free, QueueLimit::Free)];
    match limits.into_iter().min_by_key(|(n, _)| *n).filter(|(n, _)| *n < asked) {
        Some((n, by)) => (n, Some(by)),
        None => (asked, None),
    }
}

/// What cut the queues of a VPort that has fewer than were asked for.
#[must_use]
pub fn limit_of(vport: &AskedVPort, cap: &Capability) -> Option<QueueLimit> {
    (vport.state.queues < vport.queues).then_some(if vport.state.queues >= cap.vports.queues {
        QueueLimit::PerVPort
    } else {
        QueueLimit::Free
    })
}

/// The queues of each VPort, of an adapter with this many: those that it holds already, then the highest free ones.
/// `Err` names the first VPort for which there are not enough.
///
/// # Errors
/// The VPort that would get fewer queues than it was granted.
pub fn allot(
    vports: &AskedVPorts,
    device: &Device,
    channels: u16,
) -> Result<BTreeMap<VPortId, Vec<QueueId>>, VPortId> {
    let mut out: BTreeMap<VPortId, Vec<QueueId>> = vports
        .iter()
        .map(|(id, vport)| {
            let holds = device.vports.get(id).map(|v| v.queues.as_slice()).unwrap_or_default();
            let stay = holds.iter().copied().filter(|q| q.0 < channels);
            (*id, stay.take(vport.state.queues.into()).collect())
        })
        .collect();
    let taken: BTreeSet<QueueId> = out.values().flatten().copied().collect();
    // The lowest is the default VPort's.
    let mut free = (1..channels).rev().map(QueueId).filter(|q| !taken.contains(q));
    for (id, vport) in vports {
        let queues = out.entry(*id).or_default();
        let lacking = usize::from(vport.state.queues).saturating_sub(queues.len());
        queues.extend(free.by_ref().take(lacking));
        if queues.len() < usize::from(vport.state.queues) {
            return Err(*id);
        }
        queues.sort_unstable();
    }
    Ok(out)
}

/// The device with the VPorts that were asked for in place of those that are there, with `channels` queues at least: what
/// placement starts from. None of them spreads where `on` is false, whatever it is set to itself: the adapter's switch is
/// that of all its VPorts (the keyword `*RSS`, which VMMQ leaves as it is).
///
/// # Errors
/// As [`allot`].
pub fn realise(
    vports: &AskedVPorts,
    device: &Device,
    channels: u16,
    affinity: bool,
    on: bool,
) -> Result<Device, VPortId> {
    let allotted = allot(vports, device, channels)?;
    let mut out = device.clone();
    if out.queues.len() < usize::from(channels) && !allotted.is_empty() {
        out.queues.resize(usize::from(channels), Queue::default());
    }
    out.vports = allotted
        .into_iter()
        .filter_map(|(id, queues)| {
            let asked = vports.get(&id)?;
            Some((id, vport(asked, &queues, &mut out.queues, affinity, on)))
        })
        .collect();
    Ok(out)
}

/// One VPort on its queues.
fn vport(
    asked: &AskedVPort,
    queues: &[QueueId],
    homes: &mut [Queue],
    affinity: bool,
    on: bool,
) -> VPortDevice {
    let state = &asked.state;
    let spreads = state.rss_enabled && on;
    let active: BTreeSet<CpuId> = if spreads { state.spread() } else { BTreeSet::from([state.primary]) };
    // What directs traffic comes first; what is only tracked has a queue where one is left.
    let tracked = state.spread().into_iter().chain([state.primary]).filter(|cpu| !active.contains(cpu));
    let wanted: Vec<CpuId> = active.iter().copied().chain(tracked).collect();
    let mut serves: BTreeMap<CpuId, QueueId> = BTreeMap::new();
    for queue in queues {
        if let Some(cpu) = homes.get(queue.index()).and_then(|q| q.home).filter(|cpu| wanted.contains(cpu)) {
            serves.entry(cpu).or_insert(*queue);
        }
    }
    if affinity {
        let used: BTreeSet<QueueId> = serves.values().copied().collect();
        let mut idle = queues.iter().copied().filter(|q| !used.contains(q));
        for cpu in &wanted {
            if serves.contains_key(cpu) {
                continue;
            }
            let Some(queue) = idle.next() else { break };
            serves.insert(*cpu, queue);
        }
        for (cpu, queue) in &serves {
            if let Some(q) = homes.get_mut(queue.index()) {
                q.home = Some(*cpu);
            }
        }
    }
    let first = queues.first().copied().unwrap_or_default();
    let queue = |cpu: CpuId| serves.get(&cpu).copied().unwrap_or(first);
    VPortDevice {
        queues: queues.to_vec(),
        enabled: spreads,
        hash_types: state.hash_types,
        key: state.key.clone(),
        table: state.entries.iter().map(|cpu| queue(*cpu)).collect(),
        default_queue: queue(if spreads { state.default } else { state.primary }),
        // One that is not in use takes no packet.
        filters: if state.state == VPortState::Activated { sorted(&asked.filters) } else { Vec::new() },
    }
}

/// The state of the default VPort, as the device shows it; `primary` and `default` are those that were asked for.
#[must_use]
pub fn default_vport(device: &Device, primary: Option<CpuId>, default: Option<CpuId>) -> VPort {
    let home = device.home(device.default_queue).unwrap_or_default();
    let held: usize = device.vports.values().map(|v| v.queues.len()).sum();
    VPort {
        state: VPortState::Activated,
        rss_enabled: device.enabled,
        hash_types: device.hash_types,
        key: device.key.clone(),
        queues: u16::try_from(device.queues.len().saturating_sub(held)).unwrap_or(u16::MAX),
        entries: device.table.iter().map(|q| device.home(*q).unwrap_or(home)).collect(),
        primary: primary.unwrap_or(home),
        default: default.unwrap_or(home),
    }
}

/// The first `n` of the processors that may be used, those first that least is on: near ones before far ones.
/// `taken` are the queues that are about to be the VPort's, which count for nobody.
#[must_use]
pub fn choose(n: u16, array: &[Candidate], device: &Device, taken: &[QueueId]) -> Vec<CpuId> {
    let used = |queue: &QueueId| {
        let of_default = device.table.contains(queue) || device.default_queue == *queue;
        let of_others = device.vports.values().any(|v| v.table.contains(queue) || v.default_queue == *queue);
        (of_default || of_others) && !taken.contains(queue)
    };
    let busy: Vec<CpuId> =
        (0..device.channels()).map(QueueId).filter(used).filter_map(|q| device.home(q)).collect();
    let mut order: Vec<(usize, usize, CpuId)> = array
        .iter()
        .enumerate()
        .map(|(place, c)| (busy.iter().filter(|cpu| **cpu == c.cpu).count(), place, c.cpu))
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, _, cpu)| cpu).take(n.into()).collect()
}

#[cfg(test)]
mod tests;
