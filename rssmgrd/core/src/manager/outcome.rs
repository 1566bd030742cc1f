//! What a group came to: installed, published, told and answered, in this order.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::Manager;
use super::adapter::{Adapter, changes};
use super::checkpoint::{Before, CheckpointId};
use super::command::{AdapterResult, CommandError, CommandId, Reply};
use super::effect::Effect;
use super::group::{Group, GroupId, Member};
use super::power::{self, Power, Replay};
use super::view::Verified;
use super::vport::{tell_vports, tell_without, unsupported};
use crate::device::{BackendError, Device};
use crate::event::{Event, EventKind, List};
use crate::field::Field;
use crate::ids::{AdapterId, CpuId, EntryIndex, Processor};
use crate::place::Target;
use crate::scaling::Status;
use crate::vport::AskedScaling;

impl Manager {
    /// Installs what the group achieved, publishes, tells and answers.
    pub(super) fn finish(&mut self, id: GroupId) {
        let Some(group) = self.groups.remove(&id) else { return };
        self.wake = true;
        let (mut events, mut replayed, mut back) = (Vec::new(), Vec::new(), Vec::new());
        for m in &group.members {
            let Some(a) = self.adapters.get_mut(&m.id) else { continue };
            let mut tell = |kind| events.push(Event { adapter: Some(m.name.clone()), id: Some(m.id), kind });
            (a.busy, a.at_boot) = (false, false);
            for (operation, failure) in &m.failures {
                tell(EventKind::RssFailure {
                    operation: operation.clone(),
                    failure_description: failure.clone(),
                });
            }
            let replay = m.replays.then(|| power::ended(a, m));
            let was_degraded = a.degraded.is_some();
            match &replay {
                _ if m.recovers && m.succeeded() => {
                    recover(a, m, &mut tell);
                    back.push(m.id);
                }
                _ if m.succeeded() => succeed(a, m, &group, &mut tell),
                Some(Replay::Again) => fail_for_now(a, m, &mut tell),
                Some(Replay::Revoked(e)) => revoke(a, m, e, &mut tell),
                _ => {
                    fail(a, m, group.asked.is_none(), &mut tell);
                    if was_degraded && a.degraded.is_none() {
                        back.push(m.id);
                    }
                }
            }
            a.drift.settled(m, &mut tell);
            a.device = m.device.clone();
            match replay {
                None | Some(Replay::Void) => {}
                Some(Replay::Again) => a.drift.hear_break(),
                Some(Replay::Done) => {
                    if a.power.is_back() {
                        let (tries, steps) = (a.power.tries, power::told(m.steps()));
                        tell(EventKind::StateReplayed { tries, steps });
                    }
                    a.power = Power::default();
                    replayed.push((m.id, Ok(())));
                }
                Some(Replay::Revoked(e)) => {
                    a.power = Power::default();
                    replayed.push((m.id, Err(e)));
                }
            }
            if group.rolls_back.is_some() {
                if !m.succeeded() {
                    tell_settings(m, group.uid, &mut tell);
                }
                went_back(a, m);
            }
        }
        if let Some(rss) = group.rss_after {
            events.push(Event { adapter: None, id: None, kind: EventKind::GlobalSwitch { rss } });
        }
        if let (Some(id), Some(time)) = (group.checkpoint, group.confirm_within) {
            let names: Vec<&str> =
                group.members.iter().filter(|m| m.succeeded()).map(|m| m.name.as_str()).collect();
            let (adapters, seconds, by_uid) = (names.join(" "), time / 1_000_000_000, group.uid);
            let kind = EventKind::CheckpointMade { checkpoint: id.0, adapters, seconds, by_uid };
            events.push(Event { adapter: None, id: None, kind });
        }
        let touched: Vec<AdapterId> = group.members.iter().map(|m| m.id).collect();
        // What was refused before its first step left everything as it was, also the generation that others rely on.
        let refused = group.members.iter().all(Member::has_failed) && !group.concerns_more();
        let as_published = |id: &AdapterId| self.adapters.get(id).is_some_and(|a| a.is_as_published(*id));
        if !refused || !touched.iter().all(as_published) {
            self.publish(&touched);
        }
        self.effects.extend(events.into_iter().map(Effect::Emit));
        if let (Some(asked), Some(error)) = (group.asked, &group.error) {
            self.refuse(asked, error.clone());
        } else if let Some(asked) = group.asked {
            let results: Vec<AdapterResult> = group.members.iter().map(|m| m.result(false)).collect();
            self.answer(asked, results, false, group.checkpoint);
        }
        for m in &group.members {
            self.answer_creation(m.id, m.error.as_ref());
        }
        for (id, result) in replayed {
            self.answer_power(id, result);
        }
        self.after_rollback(&group);
        // Now that an unfinished change is taken back, the settings say what is done, and what goes on waiting. So they and
        // the machine-wide switch do of one that was degraded, which no change of them reached.
        self.follow(&back);
    }

    pub(super) fn answer(
        &mut self,
        id: CommandId,
        results: Vec<AdapterResult>,
        dry_run: bool,
        checkpoint: Option<CheckpointId>,
    ) {
        if let Some(reply) = self.moves_answer(id, &results, dry_run, checkpoint) {
            self.effects.push_back(Effect::Reply { id, result: Ok(reply) });
            return;
        }
        let reply = Reply::Adapters { generation: self.generation, dry_run, checkpoint, results };
        self.effects.push_back(Effect::Reply { id, result: Ok(reply) });
    }
}

impl Manager {
    /// The answer to moves: those that were judged right and could not be executed have a status too.
    fn moves_answer(
        &mut self,
        id: CommandId,
        results: &[AdapterResult],
        dry_run: bool,
        checkpoint: Option<CheckpointId>,
    ) -> Option<Reply> {
        let mut statuses = self.moved.remove(&id)?;
        let result = results.first()?.clone();
        let failed = match &result.error {
            None => None,
            Some(CommandError::Backend(BackendError::Gone)) => Some(Status::AdapterNotFound),
            Some(CommandError::PoweredDown { .. } | CommandError::PowerLost { .. }) => {
                Some(Status::AdapterNotReady)
            }
            Some(_) => Some(Status::Resources),
        };
        if let Some(status) = failed {
            statuses.iter_mut().filter(|s| s.is_ok()).for_each(|s| *s = Err(status));
        }
        let (generation, result) = (self.generation, Box::new(result));
        Some(Reply::Moved { generation, dry_run, checkpoint, statuses, result })
    }
}

/// What an earlier run left open is taken back. That is all: what its settings say is not in force yet.
fn recover(a: &mut Adapter, m: &Member, tell: &mut impl FnMut(EventKind)) {
    (a.degraded, a.back, a.recovering) = (None, None, false);
    tell(EventKind::TransactionRecovered {});
    tell_table(a, &m.device, false, tell);
}

fn succeed(a: &mut Adapter, m: &Member, group: &Group, tell: &mut impl FnMut(EventKind)) {
    let was_managed = a.managed;
    if let Some(id) = group.checkpoint {
        let (runtime, assigned) = (a.runtime.clone(), a.assigned.clone());
        a.checkpoint = Some(id);
        a.before = Some(Before { runtime, managed: a.managed, assigned });
    }
    a.settings = m.settings_after.clone();
    a.runtime = m.runtime_after.clone();
    a.managed = m.managed_after;
    a.degraded = None;
    a.back = None;
    a.verified = if a.managed { Verified::Config } else { Verified::Unknown };
    a.pending = if m.managed_after && m.instead.is_none() { m.pending.clone() } else { Vec::new() };
    a.target = m.target.clone().filter(|_| m.managed_after && m.instead.is_none());
    // With channels that somebody took away it does with fewer processors only as long as it must.
    if m.instead.is_none() && (m.named || !a.drift.leaves_channels()) {
        a.assigned = a.target.is_some().then(|| m.assigned.clone());
    }
    if core::mem::take(&mut a.recovering) {
        tell(EventKind::TransactionRecovered {});
    }
    if let Some(e) = &m.instead {
        tell(EventKind::SettingsUnsatisfiable { because: e.to_string() });
    }
    tell_settings(m, group.uid, tell);
    let scaling = scaling_after(m);
    if !a.capability.vports.any() && !scaling.vports.is_empty() {
        tell_without(&a.scaling, &scaling, &unsupported(a), tell);
    } else if a.told || !scaling.vports.is_empty() {
        tell_vports(&a.scaling, &scaling, tell);
    }
    a.scaling = scaling;
    let moved = cpus_in_use(&a.device) != cpus_in_use(&m.device);
    if let Some(t) = a.target.as_ref().filter(|_| moved || !a.told) {
        tell(EventKind::RssPortProcessors {
            maximum_processors: u32::try_from(t.processors.len()).unwrap_or(u32::MAX),
            available_processors: List::of(t.array.iter().map(|c| Some(c.cpu))),
        });
    }
    tell_table(a, &m.device, m.managed_after, tell);
    match (was_managed, m.managed_after) {
        (false, true) => tell(EventKind::AdapterManaged {}),
        (true, false) => tell(EventKind::AdapterReleased {}),
        _ => {}
    }
}

/// What an adapter has of VPorts afterwards: nothing where it is not managed.
fn scaling_after(m: &Member) -> AskedScaling {
    let saved = m.saved_after.as_ref().filter(|_| m.managed_after);
    saved.map(|s| s.scaling.clone()).unwrap_or_default()
}

fn tell_settings(m: &Member, by_uid: u32, tell: &mut impl FnMut(EventKind)) {
    for c in changes(&m.settings_before, &m.settings_after) {
        tell(EventKind::RssConfigurationChange {
            setting: c.field.map_or("table", Field::key).into(),
            old_value: c.before,
            value: c.after,
            by_uid,
        });
    }
}

/// An adapter was brought back from a checkpoint: the settings from before are in force, also where the device is not
/// back. Its processors are those of before; its target follows from the settings.
fn went_back(a: &mut Adapter, m: &Member) {
    let saved = m.saved_after.as_ref().map(|s| s.assigned.clone()).filter(|cpus| !cpus.is_empty());
    a.assigned = a.before.take().map_or(saved, |b| b.assigned);
    (a.checkpoint, a.target) = (None, None);
    a.settings = m.settings_after.clone();
    a.scaling = scaling_after(m);
    a.runtime = m.runtime_after.clone();
    a.managed = m.managed_after;
}

fn fail(a: &mut Adapter, m: &Member, by_itself: bool, tell: &mut impl FnMut(EventKind)) {
    tell_table(a, &m.device, false, tell);
    if m.is_whole() {
        // What a reset lost is not in force again because a request failed without leaving anything.
        let lost = |t: &Target| t.device.difference(&m.device).is_some();
        if !a.target.as_ref().is_some_and(lost) {
            a.degraded = None;
        }
        a.back = None;
        a.recovering = false;
        match &m.error {
            Some(e @ (CommandError::RolledBack { .. } | CommandError::NotSaved { .. })) => {
                tell(EventKind::RolledBack { because: e.to_string() });
            }
            Some(CommandError::PowerLost { .. }) => {}
            Some(e) if by_itself => tell(EventKind::SettingsUnsatisfiable { because: e.to_string() }),
            _ => {}
        }
        return;
    }
    let because = match &m.error {
        // It was so already, and this request did not touch it.
        Some(_) if a.degraded.is_some() && m.failures.is_empty() => return,
        Some(CommandError::Degraded { because, second }) => alloc::format!("{because}; {second}"),
        Some(e) => e.to_string(),
        None => return,
    };
    a.verified = Verified::Unknown;
    a.back = Some(m.whole.clone());
    a.degraded = Some(because.clone());
    tell(EventKind::AdapterDegraded { because });
}

/// A try that is not the last one failed: only what it left is noted.
fn fail_for_now(a: &mut Adapter, m: &Member, tell: &mut impl FnMut(EventKind)) {
    tell_table(a, &m.device, false, tell);
    a.back = (!m.is_whole()).then(|| m.whole.clone());
    a.verified = Verified::Unknown;
}

/// The last try failed.
fn revoke(a: &mut Adapter, m: &Member, error: &CommandError, tell: &mut impl FnMut(EventKind)) {
    fail_for_now(a, m, tell);
    let because = error.to_string();
    if let (true, Some(e)) = (m.failures.is_empty(), &m.error) {
        // It was not the driver.
        tell(EventKind::RssFailure { operation: "replaying".into(), failure_description: e.to_string() });
    }
    a.degraded = Some(because.clone());
    tell(EventKind::AdapterDegraded { because });
}

/// The CPUs that packets are sent to, ascending, each once.
fn cpus_in_use(device: &Device) -> Vec<CpuId> {
    let table: &[_] = if device.enabled { &device.table } else { &[] };
    let queues = table.iter().copied().chain([device.default_queue]);
    let mut cpus: Vec<CpuId> = queues.filter_map(|q| device.home(q)).collect();
    cpus.sort_unstable();
    cpus.dedup();
    cpus
}

/// Table entries that are told one by one. Where more change together the table is told as a whole, or one `set` would
/// fill the log with a line an entry.
const TOLD_SINGLY: usize = 8;

/// Tells what changed between two states of a device: processors taken and left, and table entries. The first time
/// everything is told; of an adapter that is only observed nothing is told until it changes.
pub(super) fn tell_table(a: &mut Adapter, new: &Device, managed: bool, tell: &mut impl FnMut(EventKind)) {
    let old = &a.device;
    if !a.told && !managed && old.difference(new).is_none() {
        return;
    }
    let first = !core::mem::replace(&mut a.told, true);
    let (before, after) = (cpus_in_use(old), cpus_in_use(new));
    for cpu in after.iter().filter(|c| first || !before.contains(c)) {
        tell(EventKind::RssProcessorAssignment { processor: Processor::from(*cpu) });
    }
    for cpu in before.iter().filter(|c| !first && !after.contains(c)) {
        tell(EventKind::RssProcessorUnassignment { processor: Processor::from(*cpu) });
    }
    let homes = |d: &Device| -> Vec<Option<CpuId>> { d.table.iter().map(|q| d.home(*q)).collect() };
    let (x, y) = (homes(old), homes(new));
    let changed = x.iter().zip(&y).filter(|(x, y)| x != y).count();
    if first || x.len() != y.len() || changed > TOLD_SINGLY {
        tell(EventKind::RssInitializeIndirectionTable {
            indirection_table_size: u32::try_from(y.len()).unwrap_or(u32::MAX),
            indirection_table: List::of(y),
        });
        return;
    }
    for (i, (x, y)) in x.into_iter().zip(y).enumerate().filter(|(_, (x, y))| x != y) {
        tell(EventKind::RssIndirectionChange {
            indirection_index: EntryIndex(u16::try_from(i).unwrap_or(u16::MAX)),
            old_processor: List::of([x]),
            new_processor: List::of([y]),
        });
    }
}
