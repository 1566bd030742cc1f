//! What operations on VPorts do. No driver has habits of its own here, as far as is known: all do what they are told.

use alloc::collections::BTreeMap;
use alloc::string::ToString;

use crate::capability::Capability;
use crate::device::{Device, Op, Refusal, VPortDevice, VPortOp, VPortRefusal, filter, holder, sorted};
use crate::hash::HashTypes;
use crate::ids::{QueueId, VPortId};

/// A VPort's operation on the device, in place. What a refused operation leaves is not defined.
pub(super) fn change(cap: &Capability, d: &mut Device, id: VPortId, op: &VPortOp) -> Result<(), Refusal> {
    if !cap.vports.any() {
        return Err(Refusal::Unsupported { op: Op::VPort { id, op: op.clone() }.to_string() });
    }
    execute(cap, d, id, op).map_err(|why| Refusal::VPort { id, why })
}

fn execute(cap: &Capability, d: &mut Device, id: VPortId, op: &VPortOp) -> Result<(), VPortRefusal> {
    if id == VPortId::DEFAULT {
        return Err(VPortRefusal::Default);
    }
    match op {
        VPortOp::Create { queues } => {
            if d.vports.contains_key(&id) {
                return Err(VPortRefusal::Exists);
            }
            if d.vports.len() + 1 >= usize::from(cap.vports.max) {
                return Err(VPortRefusal::TooMany { max: cap.vports.max });
            }
            check_queues(cap, d, id, queues)?;
            d.vports.insert(id, VPortDevice::new(queues.clone()));
            return Ok(());
        }
        VPortOp::Queues(queues) => {
            let vport = d.vports.get(&id).ok_or(VPortRefusal::Unknown)?;
            check_queues(cap, d, id, queues)?;
            let lost = vport.queues.iter().filter(|queue| !queues.contains(queue));
            for queue in lost {
                if let Some(user) = vport.user_of(*queue) {
                    return Err(VPortRefusal::QueueInUse { queue: *queue, user });
                }
            }
        }
        VPortOp::Filters(filters) => {
            if !d.vports.contains_key(&id) {
                return Err(VPortRefusal::Unknown);
            }
            let all = d.vports.iter().map(|(id, vport)| (*id, vport.filters.as_slice()));
            filter::check(&cap.vports, &all, id, filters)?;
        }
        VPortOp::Enable(types) if cap.vports.shared_hash_types && *types != d.hash_types => {
            return Err(VPortRefusal::SharedTypes { types: d.hash_types });
        }
        VPortOp::Delete => return d.vports.remove(&id).map(|_| ()).ok_or(VPortRefusal::Unknown),
        _ => {}
    }
    change_vport(cap, d.vports.get_mut(&id).ok_or(VPortRefusal::Unknown)?, op)
}

/// An operation that concerns no other VPort, on the one that it is for, in place: all but creation, deletion, queues
/// and filters, which are right here and must have been judged before.
///
/// # Errors
/// What the adapter would refuse. What a refused operation leaves is not defined.
pub fn change_vport(cap: &Capability, vport: &mut VPortDevice, op: &VPortOp) -> Result<(), VPortRefusal> {
    let its = |vport: &VPortDevice, queue: QueueId| {
        if vport.queues.contains(&queue) { Ok(()) } else { Err(VPortRefusal::NotItsQueue { queue }) }
    };
    match op {
        VPortOp::Create { .. } | VPortOp::Delete => {}
        VPortOp::Queues(queues) => vport.queues = sorted(queues),
        VPortOp::Filters(filters) => vport.filters = sorted(filters),
        VPortOp::Enable(types) => {
            let supported = cap.hash_types;
            if !types.is_subset(supported) {
                let types = HashTypes::from_bits(types.bits() & !supported.bits()).unwrap_or_default();
                return Err(VPortRefusal::HashTypes { types, supported });
            }
            if types.is_empty() {
                return Err(VPortRefusal::NoHash { lacks: "hash types" });
            }
            if vport.key.is_empty() {
                return Err(VPortRefusal::NoHash { lacks: "a hash key" });
            }
            (vport.enabled, vport.hash_types) = (true, *types);
        }
        VPortOp::Disable => vport.enabled = false,
        VPortOp::SetKey(key) => {
            let want = usize::from(cap.key_bytes);
            if key.len() != want {
                return Err(VPortRefusal::KeyLength { got: key.len(), want });
            }
            vport.key = key.clone();
        }
        VPortOp::SetEntries(moves) => {
            for m in moves {
                its(vport, m.queue)?;
                let last = u16::try_from(vport.table.len().saturating_sub(1)).unwrap_or(u16::MAX);
                let slot = vport.table.get_mut(m.entry.index());
                *slot.ok_or(VPortRefusal::NoSuchEntry { entry: m.entry, last })? = m.queue;
            }
        }
        VPortOp::WriteTable(table) => {
            let max = cap.vports.table_entries;
            if !table.len().is_power_of_two() || table.len() > usize::from(max) {
                return Err(VPortRefusal::TableLength { got: table.len(), max });
            }
            table.iter().try_for_each(|queue| its(vport, *queue))?;
            vport.table.clone_from(table);
        }
        VPortOp::DefaultQueue(queue) => {
            its(vport, *queue)?;
            vport.default_queue = *queue;
        }
    }
    Ok(())
}

/// Whether a VPort may have these queues.
fn check_queues(cap: &Capability, d: &Device, id: VPortId, queues: &[QueueId]) -> Result<(), VPortRefusal> {
    let max = cap.vports.queues;
    if queues.is_empty() || queues.len() > usize::from(max) {
        return Err(VPortRefusal::QueueCount { got: queues.len(), max });
    }
    for (i, queue) in queues.iter().enumerate() {
        let queue = *queue;
        if queue.0 >= d.channels() {
            return Err(VPortRefusal::NoSuchQueue { queue, last: d.channels().saturating_sub(1) });
        }
        if queues.iter().take(i).any(|q| *q == queue) {
            return Err(VPortRefusal::QueueTwice { queue });
        }
        if let Some(vport) = d.holder(queue).filter(|vport| *vport != id) {
            return Err(VPortRefusal::QueueTaken { queue, vport });
        }
        if let Some(user) = d.user_of(queue) {
            return Err(VPortRefusal::QueueInUse { queue, user });
        }
    }
    Ok(())
}

/// What VPorts share with the adapter changes with the adapter's.
pub(super) fn share(cap: &Capability, d: &mut Device) {
    for vport in d.vports.values_mut() {
        if cap.vports.shared_hash_types && vport.enabled {
            vport.hash_types = d.hash_types;
        }
    }
}

/// Whether the default VPort may use a queue.
///
/// # Errors
/// It belongs to one of these VPorts.
pub fn not_held(vports: &BTreeMap<VPortId, VPortDevice>, op: &Op, queue: QueueId) -> Result<(), Refusal> {
    match holder(vports, queue) {
        Some(vport) => Err(Refusal::QueueHeld { op: op.to_string(), queue, vport }),
        None => Ok(()),
    }
}

/// Whether none of these VPorts has a queue from this number on.
///
/// # Errors
/// One has.
pub fn none_held_from(vports: &BTreeMap<VPortId, VPortDevice>, op: &Op, first: u16) -> Result<(), Refusal> {
    let held = vports.values().flat_map(|vport| &vport.queues).find(|queue| queue.0 >= first);
    held.map_or(Ok(()), |queue| not_held(vports, op, *queue))
}
