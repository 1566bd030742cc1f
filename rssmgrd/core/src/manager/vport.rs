//! VPorts of adapters: what is asked of them becomes RSSv2's state, which is saved and realised like every other setting.
//!
//! The state is what decides: a request that it refuses changes nothing. What it takes goes through the same transaction
//! as a change of settings, so that a crash, a driver that says no, or a full disk leaves what was.

mod edit;
mod error;
mod moves;
mod tell;

pub use error::{VPortError, remedy};

pub(super) use tell::{tell_vports, tell_without};

use alloc::string::String;
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
use crate::scaling::{Scaling, Spreading, SwitchId, VPort, VPortKey};
use crate::settings::{Queues, Settings};
use crate::vport::{self, AskedVPorts, QueueLimit};

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

/// Queues that the other VPorts hold.
fn held_beside(entry: &SavedAdapter, id: VPortId) -> u16 {
    let others = entry.scaling.vports.iter().filter(|(other, _)| **other != id);
    others.fold(0, |sum: u16, (_, v)| sum.saturating_add(v.state.queues))
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
            edit::edit(a, entry, change).map_err(|why| error(a, why))
        })
    }
}
