//! What a request makes of the VPorts that are saved of an adapter: RSSv2's state judges it.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::{VPortChange, VPortError, VPortWish, array, channels, held_beside, key, scaling};
use crate::device::Filter;
use crate::hash::{HashKey, HashTypes};
use crate::ids::{CpuId, FilterId, QueueId, VPortId};
use crate::manager::adapter::Adapter;
use crate::manager::saved::SavedAdapter;
use crate::scaling::parameters::TOEPLITZ;
use crate::scaling::{
    Move, MoveRequest, Parameters, ParametersV1, Scaling, Status, Steering, VPort, VPortState,
};
use crate::vport::{self, AskedVPort};

/// Makes of a saved adapter what it is after a change.
pub(super) fn edit(a: &Adapter, entry: &mut SavedAdapter, change: &VPortChange) -> Result<(), VPortError> {
    match change {
        VPortChange::Vmq(on) => entry.scaling.vmq_off = !on,
        _ if entry.scaling.vmq_off => return Err(VPortError::VmqOff),
        VPortChange::Delete(VPortId::DEFAULT) | VPortChange::Set(VPortId::DEFAULT, _) => {
            return Err(VPortError::Default);
        }
        VPortChange::Delete(id) => {
            if entry.scaling.vports.remove(id).is_none() {
                return Err(unknown(*id, entry));
            }
        }
        VPortChange::Create(id, wish) => create(a, entry, *id, wish)?,
        VPortChange::Set(id, wish) => set(a, entry, *id, wish)?,
    }
    Ok(())
}

fn unknown(id: VPortId, entry: &SavedAdapter) -> VPortError {
    VPortError::Unknown { id, known: entry.scaling.vports.keys().copied().collect() }
}

/// The most that a VPort's number can be: Windows' is as wide, and 0 is the default one.
const MOST_ID: u32 = 65_535;

fn create(
    a: &Adapter,
    entry: &mut SavedAdapter,
    id: Option<VPortId>,
    wish: &VPortWish,
) -> Result<(), VPortError> {
    let max = a.capability.vports.max;
    if entry.scaling.vports.len() + 1 >= usize::from(max) {
        return Err(VPortError::TooMany { max });
    }
    let free =
        || (1..=MOST_ID).map(VPortId).find(|id| !entry.scaling.vports.contains_key(id)).unwrap_or_default();
    let id = id.unwrap_or_else(free);
    if id == VPortId::DEFAULT {
        return Err(VPortError::Default);
    }
    if id.0 > MOST_ID {
        let (value, allowed) = (id.to_string(), alloc::format!("1 to {MOST_ID}"));
        return Err(VPortError::Value { id, field: "id", value, allowed });
    }
    if entry.scaling.vports.contains_key(&id) {
        return Err(VPortError::Exists { id });
    }
    let active = wish.activate.unwrap_or(true);
    let enabled = wish.enabled.unwrap_or(active);
    if enabled && !active {
        let allowed = "one that is not activated does not spread: leave one of them out".to_string();
        return Err(VPortError::Value { id, field: "enabled", value: "true".into(), allowed });
    }
    let asked = wish.queues.unwrap_or(1);
    let granted = granted(a, entry, id, asked)?;
    let cpus = processors(a, entry, id, wish, granted)?;
    let affinity = cpus.first().copied().unwrap_or_default();
    let status = |what| move |status| VPortError::Status { id, what, status };
    let given = Some((id, granted));
    let mut scaling = scaling(a, entry, given).ok_or_else(|| status("create")(Status::NotSupported))?;
    scaling.create(key(id), affinity, granted).map_err(status("create"))?;
    if active {
        scaling.activate(key(id)).map_err(status("activate"))?;
    }
    let entries = entries(a, id, wish, cpus.len(), granted)?;
    if enabled {
        spread(&mut scaling, a, id, &cpus, entries, wish)?;
    } else if active && entries > 1 {
        let request = Parameters { entries: Some(entries.into()), ..Parameters::default() };
        scaling.change_parameters(key(id), &request).map_err(status("entries"))?;
    }
    let mut state = scaling.vport(key(id)).cloned().ok_or_else(|| unknown(id, entry))?;
    // Of one that does not spread yet RSSv2 keeps no hash: what was asked for is that of its life all the same.
    if !enabled {
        state.key = own_key(a, wish);
        state.hash_types = own_types(a, wish);
    }
    let name = wish.name.clone().unwrap_or_default();
    let mut vport = AskedVPort { name, queues: asked, state, filters: Vec::new() };
    filter(entry, id, &mut vport, wish)?;
    entry.scaling.vports.insert(id, vport);
    Ok(())
}

fn set(a: &Adapter, entry: &mut SavedAdapter, id: VPortId, wish: &VPortWish) -> Result<(), VPortError> {
    let status = |what| move |status| VPortError::Status { id, what, status };
    let Some(mut vport) = entry.scaling.vports.get(&id).cloned() else { return Err(unknown(id, entry)) };
    let granted = match wish.queues {
        Some(asked) => granted(a, entry, id, asked)?,
        None => vport.state.queues,
    };
    let given = Some((id, granted));
    let mut scaling = scaling(a, entry, given).ok_or_else(|| status("set")(Status::NotSupported))?;
    match wish.activate {
        Some(true) => scaling.activate(key(id)).map_err(status("activate"))?,
        Some(false) if vport.state.state == VPortState::Activated => {
            let allowed = "true: a VPort in use is deleted, not deactivated".to_string();
            return Err(VPortError::Value { id, field: "activate", value: "false".into(), allowed });
        }
        _ => {}
    }
    if let Some(asked) = wish.queues {
        vport.queues = asked;
        let queues = Some(u32::from(granted));
        let request = Parameters { enable: vport.state.rss_enabled, queues, ..Parameters::default() };
        scaling.change_parameters(key(id), &request).map_err(status("queues"))?;
    }
    let enable = wish.enabled.unwrap_or(vport.state.rss_enabled);
    if vport.state.rss_enabled && !enable {
        scaling.change_parameters(key(id), &Parameters::default()).map_err(status("disable"))?;
    }
    let now = scaling.vport(key(id)).cloned().ok_or_else(|| unknown(id, entry))?;
    if let Some(n) = wish.entries {
        entries(a, id, wish, 1, now.queues)?;
        let enable = now.rss_enabled;
        let request = Parameters { enable, entries: Some(n.into()), ..Parameters::default() };
        scaling.change_parameters(key(id), &request).map_err(status("entries"))?;
    }
    let hash = wish.hash_types.is_some() || wish.key.is_some();
    let never_spread = now.entries.len() == 1;
    if enable && (wish.processors.is_some() || !now.rss_enabled && never_spread) {
        let cpus = processors(a, entry, id, wish, now.queues)?;
        // A table that was spread before keeps its length as long as the processors go into it.
        let length = now.entries.len().max(cpus.len().next_power_of_two());
        let length = u16::try_from(length).ok().filter(|_| !never_spread);
        let sized = VPortWish { entries: wish.entries.or(length), ..VPortWish::default() };
        let entries = entries(a, id, &sized, cpus.len(), now.queues)?;
        spread(&mut scaling, a, id, &cpus, entries, wish)?;
    } else if enable && (!now.rss_enabled || hash) {
        let (hash_info, key_bytes) = (Some(TOEPLITZ | types(a, wish, &now).bits()), secret(a, wish, &now));
        let request = Parameters { enable: true, hash_info, key: Some(key_bytes), ..Parameters::default() };
        scaling.change_parameters(key(id), &request).map_err(status("enable"))?;
    } else if !enable {
        if hash {
            let allowed =
                "only together with --enabled true: hash types and key count while it spreads".into();
            return Err(VPortError::Value { id, field: "hash", value: "a hash".into(), allowed });
        }
        if let Some(cpu) = wish.processors.as_ref().and_then(|p| p.first()) {
            scaling.set_affinity(key(id), CpuId::from(*cpu)).map_err(status("processors"))?;
        }
    }
    vport.state = scaling.vport(key(id)).cloned().ok_or_else(|| unknown(id, entry))?;
    if let Some(name) = &wish.name {
        vport.name.clone_from(name);
    }
    filter(entry, id, &mut vport, wish)?;
    entry.scaling.vports.insert(id, vport);
    Ok(())
}

/// The queues that a VPort gets of those asked for.
fn granted(a: &Adapter, entry: &SavedAdapter, id: VPortId, asked: u16) -> Result<u16, VPortError> {
    if asked == 0 {
        let allowed = alloc::format!("1 to {}", a.capability.vports.queues);
        return Err(VPortError::Value { id, field: "queues", value: "0".into(), allowed });
    }
    let held = held_beside(entry, id);
    let channels = channels(a, &a.settings);
    match vport::grant(asked, &a.capability, channels, held) {
        (0, _) => Err(VPortError::NoQueue { id, asked, channels, held }),
        (n, _) => Ok(n),
    }
}

/// The processors that a VPort is to spread over.
fn processors(
    a: &Adapter,
    entry: &SavedAdapter,
    id: VPortId,
    wish: &VPortWish,
    queues: u16,
) -> Result<Vec<CpuId>, VPortError> {
    if let Some(given) = &wish.processors {
        let mut cpus: Vec<CpuId> = Vec::new();
        for cpu in given.iter().map(|p| CpuId::from(*p)) {
            if !cpus.contains(&cpu) {
                cpus.push(cpu);
            }
        }
        if cpus.is_empty() {
            let allowed = "at least one processor such as 0:4".to_string();
            return Err(VPortError::Value { id, field: "processors", value: "none".into(), allowed });
        }
        return Ok(cpus);
    }
    let mut vports = entry.scaling.vports.clone();
    if let Some(v) = vports.get_mut(&id) {
        v.state.queues = queues;
    }
    let channels = channels(a, &a.settings);
    let device = a.whole();
    let mut taken =
        vport::allot(&vports, device, channels).map_err(|id| VPortError::Shortage { id, channels })?;
    let used: Vec<_> = taken.values().flatten().copied().collect();
    let own = taken.remove(&id).unwrap_or_else(|| {
        let free = (1..channels).rev().map(QueueId).filter(|q| !used.contains(q));
        free.take(queues.into()).collect()
    });
    Ok(vport::choose(queues, &array(a), device, &own))
}

/// The length of a table over this many processors.
fn entries(
    a: &Adapter,
    id: VPortId,
    wish: &VPortWish,
    processors: usize,
    queues: u16,
) -> Result<u16, VPortError> {
    let max = a.capability.vports.table_entries;
    let restricted = a.capability.vports.table_size_restricted.then(|| queues.next_power_of_two());
    let least = u16::try_from(processors.next_power_of_two()).unwrap_or(u16::MAX);
    // Several entries a processor, so that one of them can be moved without all of its flows.
    let usual = restricted.unwrap_or_else(|| least.saturating_mul(4)).min(max);
    let n = wish.entries.unwrap_or(usual);
    if n.is_power_of_two() && n <= max && restricted.is_none_or(|only| only == n) {
        return Ok(n);
    }
    let allowed = match restricted {
        Some(only) => alloc::format!("{only}, which goes with {queues} queues on this adapter"),
        None => alloc::format!("a power of two, 1 to {max}"),
    };
    Err(VPortError::Value { id, field: "entries", value: n.to_string(), allowed })
}

/// Spreads a VPort over processors: by a table that goes round, the first of them taking what has no hash.
fn spread(
    scaling: &mut Scaling,
    a: &Adapter,
    id: VPortId,
    cpus: &[CpuId],
    entries: u16,
    wish: &VPortWish,
) -> Result<(), VPortError> {
    let status = |status| VPortError::Status { id, what: "spread", status };
    let now = scaling.vport(key(id)).cloned().ok_or(status(Status::InvalidParameter))?;
    let table: Vec<CpuId> = cpus.iter().copied().cycle().take(entries.into()).collect();
    let first = cpus.first().copied();
    let request = ParametersV1 {
        disable: false,
        hash_info: Some(TOEPLITZ | types(a, wish, &now).bits()),
        table: Some(table),
        key: Some(secret(a, wish, &now)),
        default: first,
    };
    scaling.set_v1(key(id), &request).map_err(status)?;
    if let Some(cpu) = first.filter(|cpu| *cpu != now.primary) {
        let request = MoveRequest::for_owner(alloc::vec![Move::new(key(id), Steering::Primary, cpu)]);
        scaling
            .execute_moves(&request)
            .and_then(|r| r.into_iter().collect::<Result<(), Status>>())
            .map_err(status)?;
    }
    Ok(())
}

fn own_types(a: &Adapter, wish: &VPortWish) -> HashTypes {
    let adapters = if a.device.hash_types.is_empty() { a.capability.hash_types } else { a.device.hash_types };
    wish.hash_types.unwrap_or(adapters)
}

fn own_key(a: &Adapter, wish: &VPortWish) -> HashKey {
    wish.key.clone().unwrap_or_else(|| a.device.key.clone())
}

/// Its hash types; those it has had from the beginning where nothing else is asked for.
fn types(a: &Adapter, wish: &VPortWish, now: &VPort) -> HashTypes {
    match (wish.hash_types, now.hash_types.is_empty()) {
        (None, false) => now.hash_types,
        _ => own_types(a, wish),
    }
}

fn secret(a: &Adapter, wish: &VPortWish, now: &VPort) -> Vec<u8> {
    let key = match (&wish.key, now.key.is_empty()) {
        (None, false) => now.key.clone(),
        _ => own_key(a, wish),
    };
    key.bytes().to_vec()
}

/// Takes filters away and adds others; the adapter's driver model says whether they can be together.
fn filter(
    entry: &SavedAdapter,
    id: VPortId,
    vport: &mut AskedVPort,
    wish: &VPortWish,
) -> Result<(), VPortError> {
    for filter in &wish.remove {
        let Some(at) = vport.filters.iter().position(|f| f.id == *filter) else {
            let known = vport.filters.iter().map(|f| f.id).collect();
            return Err(VPortError::NoSuchFilter { id, filter: *filter, known });
        };
        vport.filters.remove(at);
    }
    for test in &wish.add {
        let others =
            entry.scaling.vports.iter().filter(|(other, _)| **other != id).flat_map(|(_, v)| &v.filters);
        let used: Vec<FilterId> = others.chain(&vport.filters).map(|f| f.id).collect();
        let free = (1..).map(FilterId).find(|f| !used.contains(f)).unwrap_or_default();
        vport.filters.push(Filter { id: free, mac: test.mac, vlan: test.vlan });
    }
    Ok(())
}
