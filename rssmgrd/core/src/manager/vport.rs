//! VPorts of adapters: what is asked of them becomes RSSv2's state, which is saved and realised like every other setting.
//!
//! The state is what decides: a request that it refuses changes nothing. What it takes goes through the same transaction
//! as a change of settings, so that a crash, a driver that says no, or a full disk leaves what was.

mod error;
mod moves;
mod tell;

pub use error::{VPortError, remedy};

pub(super) use tell::{tell_vports, tell_without};

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Manager;
use super::adapter::Adapter;
use super::command::{Caller, CommandError, CommandId, Options};
use super::saved::SavedAdapter;
use super::selector::Selector;
use crate::capability::{ChannelControl, UnhashedTarget};
use crate::cpuset::CpuSet;
use crate::device::{Device, Filter, Test};
use crate::hash::{HashKey, HashTypes};
use crate::ids::{CpuId, FilterId, Processor, QueueId, VPortId};
use crate::place::{Candidate, Reason, Target, candidates, eligible};
use crate::scaling::parameters::TOEPLITZ;
use crate::scaling::{
    Move, MoveRequest, Parameters, ParametersV1, Scaling, Spreading, Status, Steering, SwitchId, VPort,
    VPortKey, VPortState,
};
use crate::settings::{Queues, Settings};
use crate::vport::{self, AskedVPort, AskedVPorts, QueueLimit};

/// What a VPort is to be. A field that is `None` stays, or is the default of a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VPortWish {
    /// A name for people.
    pub name: Option<String>,
    /// Whether a new one is taken into use at once (it is), or one that was not is now.
    pub activate: Option<bool>,
    /// Whether it spreads; a new one does.
    pub enabled: Option<bool>,
    /// Queues; a new one has one.
    pub queues: Option<u16>,
    /// Table entries, a power of two.
    pub entries: Option<u16>,
    /// The processors that it spreads over, or of which the first is its primary one; chosen where none is given.
    pub processors: Option<Vec<Processor>>,
    /// Hash types; the adapter's where none are given. Fixed for the VPort's life.
    pub hash_types: Option<HashTypes>,
    /// The hash key; the adapter's where none is given. Fixed for the VPort's life.
    pub key: Option<HashKey>,
    /// Filters to add.
    pub add: Vec<Test>,
    /// Filters to take away.
    pub remove: Vec<FilterId>,
}

/// What is done with a VPort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VPortChange {
    /// Make one, with this number or the lowest that is free.
    Create(Option<VPortId>, VPortWish),
    /// Change one.
    Set(VPortId, VPortWish),
    /// Take one away.
    Delete(VPortId),
    /// VMQ as a whole: off, every packet is the adapter's; VPorts are kept.
    Vmq(bool),
}

/// A VPort as readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VPortView {
    /// Switch and number.
    pub key: VPortKey,
    /// Its name; empty where it has none.
    pub name: String,
    /// Queues that were asked for.
    pub asked: u16,
    /// What cut them.
    pub limit: Option<QueueLimit>,
    /// What RSSv2 knows of it.
    pub state: VPort,
    /// Its queues.
    pub queues: Vec<QueueId>,
    /// What leads there.
    pub filters: Vec<Filter>,
    /// Whether its processors can change while they direct traffic.
    pub spreading: Spreading,
    /// Whether the adapter has it now: not while VMQ is off.
    pub in_force: bool,
    /// Whether it spreads now: not while RSS of the adapter, or of the machine, is off.
    pub spreads: bool,
}

/// The processors that may direct traffic.
fn rss_set(a: &Adapter) -> CpuSet {
    eligible::eligible(&a.topology, &a.settings)
}

/// These, nearest first.
fn array(a: &Adapter) -> Vec<Candidate> {
    if let Some(target) = &a.target {
        return target.array.clone();
    }
    candidates(&a.topology, &a.settings, a.facts.node, &rss_set(a))
}

/// The scaling state of an adapter with what is saved of it; `None` where its table is no power of two. The default VPort
/// has the queues that are left where one of the others is to have `given`.
fn scaling(a: &Adapter, entry: &SavedAdapter, given: Option<(VPortId, u16)>) -> Option<Scaling> {
    let mut default = vport::default_vport(
        a.whole(),
        entry.scaling.primary.map(CpuId::from),
        entry.scaling.default.map(CpuId::from),
    );
    if let Some((id, queues)) = given {
        let taken = held_beside(entry, id).saturating_add(queues);
        default.queues = channels(a, &a.settings).saturating_sub(taken).max(1);
    }
    let others = entry.scaling.vports.iter().map(|(id, v)| (key(*id), v.state.clone()));
    let vports = core::iter::once((VPortKey::DEFAULT, default)).chain(others).collect();
    // A processor that directs traffic already may do so, also where a setting has since left it out.
    let mut set = rss_set(a);
    set.extend(a.whole().queues.iter().filter_map(|q| q.home));
    Some(Scaling::of(a.capability.limits()?, set, vports))
}

const fn key(id: VPortId) -> VPortKey {
    VPortKey { switch: SwitchId(0), vport: id }
}

/// The queues that an adapter is to have by its settings.
fn channels(a: &Adapter, settings: &Settings) -> u16 {
    let there = a.whole().channels();
    let asked = match settings.queues.value {
        Queues::Auto => there,
        Queues::Windows => a.capability.windows_queues(),
        Queues::Count(n) => n,
    };
    match a.capability.channels {
        ChannelControl::Settable => asked.clamp(1, a.capability.max_queues.max(1)),
        ChannelControl::Fixed => there,
    }
}

/// The VPorts of a saved adapter that it is to have: none while VMQ is off, and none where its driver can have none any
/// more. They stay saved then.
fn to_have<'a>(a: &Adapter, saved: Option<&'a SavedAdapter>) -> Option<&'a AskedVPorts> {
    let carries = a.capability.vports.any();
    saved.filter(|s| carries && !s.scaling.vmq_off).map(|s| &s.scaling.vports)
}

/// Why VPorts that were asked for are not there: the driver, or the kernel, can have none.
pub(super) fn unsupported(a: &Adapter) -> VPortError {
    VPortError::NotSupported { driver: a.facts.driver.clone(), contexts: a.capability.rss_contexts }
}

/// The device from which an adapter is placed: with the VPorts that it is to have. Where others changed its queues, and
/// nobody's request names it, they are of the queues that there are.
pub(super) fn wanted(
    a: &Adapter,
    saved: Option<&SavedAdapter>,
    after: &Settings,
    named: bool,
    rss_on: bool,
) -> Result<Device, CommandError> {
    let none = AskedVPorts::new();
    let vports = to_have(a, saved).unwrap_or(&none);
    let left = a.drift.leaves_channels() && !named;
    let channels = if left { a.whole().channels() } else { channels(a, after) };
    let on = after.enabled.value && rss_on;
    vport::realise(vports, a.whole(), channels, a.capability.queue_affinity, on)
        .map_err(|id| CommandError::VPort { name: None, why: VPortError::Shortage { id, channels } })
}

/// Which of the VPorts got fewer queues than were asked for, and which are not there at all.
pub(super) fn limits(a: &Adapter, saved: Option<&SavedAdapter>, target: &mut Target) {
    if !a.capability.vports.any() {
        let vports = saved.into_iter().flat_map(|s| s.scaling.vports.keys());
        target.reasons.extend(vports.map(|id| Reason::VPortUnsupported { vport: *id }));
    }
    let vports = to_have(a, saved).into_iter().flatten();
    let cut = vports.filter_map(|(id, v)| {
        let (asked, given, by) = (v.queues, v.state.queues, vport::limit_of(v, &a.capability)?);
        let before = a.scaling.vports.get(id).map(|b| (b.queues, b.state.queues));
        let new = before != Some((asked, given));
        Some(Reason::VPortQueues { vport: *id, asked, given, by, new })
    });
    target.reasons.extend(cut);
}

/// Points the default queue where the default VPort's default or primary processor is, once that was asked for.
pub(super) fn steer_default(a: &Adapter, saved: Option<&SavedAdapter>, target: &mut Target) {
    let Some(saved) = saved else { return };
    let asked = if target.device.enabled { saved.scaling.default } else { saved.scaling.primary };
    let Some(cpu) = asked.map(CpuId::from).filter(|_| takes_default(a)) else { return };
    let device = &mut target.device;
    let own: Vec<_> = device.own_queues().collect();
    let serves = own.iter().copied().find(|q| device.home(*q) == Some(cpu));
    let idle = || own.iter().copied().find(|q| !device.table.contains(q) && *q != device.default_queue);
    let Some(queue) = serves.or_else(idle) else { return };
    if let Some(q) = device.queues.get_mut(queue.index()) {
        q.home = Some(cpu);
    }
    device.default_queue = queue;
    target.default = cpu;
}

/// Whether the adapter can send packets without a hash to a processor of choice.
fn takes_default(a: &Adapter) -> bool {
    a.capability.unhashed == UnhashedTarget::DefaultProcessor
}

fn error(a: &Adapter, why: VPortError) -> CommandError {
    CommandError::VPort { name: Some(a.facts.name.clone()), why }
}

/// The VPorts of an adapter as readers see them, the default one first.
pub(super) fn views(a: &Adapter) -> Vec<VPortView> {
    let Some(limits) = a.capability.limits() else { return Vec::new() };
    let device = &a.device;
    let (primary, default) = (a.scaling.primary.map(CpuId::from), a.scaling.default.map(CpuId::from));
    let state = vport::default_vport(device, primary, default);
    let first = VPortView {
        key: VPortKey::DEFAULT,
        name: String::new(),
        asked: state.queues,
        limit: None,
        spreads: state.rss_enabled,
        state,
        queues: device.own_queues().collect(),
        filters: Vec::new(),
        spreading: limits.spreading(VPortKey::DEFAULT),
        in_force: true,
    };
    let others = a.scaling.vports.iter().map(|(id, v)| VPortView {
        key: key(*id),
        name: v.name.clone(),
        asked: v.queues,
        limit: vport::limit_of(v, &a.capability),
        state: v.state.clone(),
        queues: device.vports.get(id).map(|d| d.queues.clone()).unwrap_or_default(),
        filters: v.filters.clone(),
        spreading: limits.spreading(key(*id)),
        in_force: device.vports.contains_key(id),
        spreads: device.vports.get(id).map_or(v.state.rss_enabled, |there| there.enabled),
    });
    core::iter::once(first).chain(others).collect()
}

impl Manager {
    pub(super) fn change_vports(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        change: &VPortChange,
        options: &Options,
    ) -> Result<(), CommandError> {
        let vfs = |a: &super::AdapterId| options.surroundings.get(a).map_or(0, |s| s.vfs);
        for (adapter, a) in self.selected(selector, options)? {
            let refused = |why| Err(error(a, why));
            // What an earlier driver or kernel had can be given up all the same.
            let known = |id: &VPortId| a.scaling.vports.contains_key(id);
            let gives_up = matches!(change, VPortChange::Delete(id) if known(id));
            if !a.capability.vports.any() && !gives_up {
                return refused(unsupported(a));
            }
            let takes = !matches!(change, VPortChange::Delete(_) | VPortChange::Vmq(false));
            if takes && vfs(&adapter) > 0 {
                return refused(VPortError::VirtualFunctions { vfs: vfs(&adapter) });
            }
            if options.runtime {
                return refused(VPortError::Runtime);
            }
        }
        self.change(id, caller, selector, options, |a, entry, _| {
            edit(a, entry, change).map_err(|why| error(a, why))
        })
    }
}

/// Makes of a saved adapter what it is after a change.
fn edit(a: &Adapter, entry: &mut SavedAdapter, change: &VPortChange) -> Result<(), VPortError> {
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
        parameters(&mut scaling, key(id), &request).map_err(status("entries"))?;
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
        parameters(&mut scaling, key(id), &request).map_err(status("queues"))?;
    }
    let enable = wish.enabled.unwrap_or(vport.state.rss_enabled);
    if vport.state.rss_enabled && !enable {
        parameters(&mut scaling, key(id), &Parameters::default()).map_err(status("disable"))?;
    }
    let now = scaling.vport(key(id)).cloned().ok_or_else(|| unknown(id, entry))?;
    if let Some(n) = wish.entries {
        entries(a, id, wish, 1, now.queues)?;
        let enable = now.rss_enabled;
        let request = Parameters { enable, entries: Some(n.into()), ..Parameters::default() };
        parameters(&mut scaling, key(id), &request).map_err(status("entries"))?;
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
        parameters(&mut scaling, key(id), &request).map_err(status("enable"))?;
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

/// A change of parameters, also on an adapter that speaks RSSv1: there the whole table stands for it.
fn parameters(scaling: &mut Scaling, key: VPortKey, request: &Parameters) -> Result<(), Status> {
    scaling.change_parameters(key, request)
}

/// Queues that the other VPorts hold.
fn held_beside(entry: &SavedAdapter, id: VPortId) -> u16 {
    let others = entry.scaling.vports.iter().filter(|(other, _)| **other != id);
    others.fold(0, |sum: u16, (_, v)| sum.saturating_add(v.state.queues))
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
