//! A transaction group: what one request does to its adapters, from the open transaction to the answer.
//!
//! Each member goes its own way (steps, look, compare; on failure look, plan back, steps, look, compare); the group
//! as a whole is saved before the first step and after the last.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::adapter::{Runtime, changes};
use super::command::{AdapterResult, CommandError, CommandId, Options, Reply, Status};
use super::effect::{Effect, SaveId};
use super::saved::SavedAdapter;
use super::view::Verified;
use super::{Manager, SavePurpose};
use crate::device::{BackendError, Device, Op, Outcome};
use crate::event::{Event, EventKind, List};
use crate::ids::{AdapterId, CpuId, EntryIndex, Processor};
use crate::place::Target;
use crate::plan::{Step, plan};
use crate::settings::Settings;

/// A group, for answers to its effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u64);

/// Where a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The open transaction is being saved.
    Opening,
    /// Members run.
    Running,
    /// The result is being saved.
    Committing,
    /// The result could not be saved; members go back.
    Reverting,
    /// Nothing succeeded; the open transaction is being struck out.
    Closing,
}

/// Where a member is.
#[derive(Debug)]
enum Stage {
    /// Not begun.
    Ready,
    /// These steps are left; the first is running.
    Forward(VecDeque<Op>),
    /// Being read to see whether it took.
    Check,
    /// Being read to find the way back.
    Lost,
    /// These steps back are left; the first is running.
    Back(VecDeque<Op>),
    /// Being read to see whether it is back.
    CheckBack,
    /// As wanted.
    Succeeded,
    /// Not as wanted; `error` says how it ended.
    Failed,
}

/// What a group does to one adapter.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: AdapterId,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) before: Device,
    pub(super) settings_before: Settings,
    pub(super) settings_after: Settings,
    pub(super) saved_after: Option<SavedAdapter>,
    pub(super) runtime_after: Runtime,
    pub(super) managed_after: bool,
    pub(super) target: Option<Target>,
    pub(super) steps: Vec<Step>,
    pub(super) error: Option<CommandError>,
    /// As last read during the group.
    device: Device,
    stage: Stage,
}

/// Everything that a member is made of; its plan is either there or the reason why not.
pub(super) struct Draft {
    pub(super) id: AdapterId,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) before: Device,
    pub(super) settings_before: Settings,
    pub(super) settings_after: Settings,
    pub(super) saved_after: Option<SavedAdapter>,
    pub(super) runtime_after: Runtime,
    pub(super) managed_after: bool,
    pub(super) planned: Result<(Target, Vec<Step>), CommandError>,
}

impl Member {
    pub(super) fn new(d: Draft) -> Self {
        let (target, steps, error) = match d.planned {
            Ok((target, steps)) => (Some(target), steps, None),
            Err(e) => (None, Vec::new(), Some(e)),
        };
        Self {
            id: d.id,
            key: d.key,
            name: d.name,
            device: d.before.clone(),
            before: d.before,
            settings_before: d.settings_before,
            settings_after: d.settings_after,
            saved_after: d.saved_after,
            runtime_after: d.runtime_after,
            managed_after: d.managed_after,
            target,
            steps,
            stage: if error.is_some() { Stage::Failed } else { Stage::Ready },
            error,
        }
    }

    pub(super) fn fail(&mut self, error: CommandError) {
        self.error = Some(error);
        self.stage = Stage::Failed;
    }

    pub(super) const fn has_failed(&self) -> bool {
        matches!(self.stage, Stage::Failed)
    }

    fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Succeeded | Stage::Failed)
    }

    fn succeeded(&self) -> bool {
        matches!(self.stage, Stage::Succeeded)
    }

    /// The member's result, as it stands.
    pub(super) fn result(&self, dry_run: bool) -> AdapterResult {
        let changes = changes(&self.settings_before, &self.settings_after);
        let changed = !self.steps.is_empty() || !changes.is_empty();
        let status = match (&self.error, dry_run, changed) {
            (Some(_), ..) => Status::Failed,
            (None, _, false) => Status::Unchanged,
            (None, true, true) => Status::Planned,
            (None, false, true) => Status::Applied,
        };
        let after = match (&self.target, status) {
            (Some(t), Status::Planned) => t.device.clone(),
            _ => self.device.clone(),
        };
        AdapterResult {
            id: self.id,
            name: self.name.clone(),
            status,
            changes,
            steps: self.steps.clone(),
            before: self.before.clone(),
            after,
            target: self.target.clone(),
            error: self.error.clone(),
        }
    }
}

/// A transaction group.
#[derive(Debug)]
pub(super) struct Group {
    /// Who waits for an answer.
    pub(super) asked: Option<CommandId>,
    pub(super) uid: u32,
    pub(super) options: Options,
    pub(super) members: Vec<Member>,
    pub(super) phase: Phase,
    /// The new position of the machine-wide switch, where the group turns it.
    pub(super) rss_after: Option<bool>,
    /// Saved entries as they were, for when saving fails.
    undo: Vec<(String, Option<SavedAdapter>)>,
    undo_rss: Option<bool>,
    /// Whether an open transaction was saved that has to be struck out.
    marked: bool,
}

impl Group {
    pub(super) const fn new(
        asked: Option<CommandId>,
        uid: u32,
        options: Options,
        members: Vec<Member>,
        rss_after: Option<bool>,
        marked: bool,
    ) -> Self {
        let phase = Phase::Running;
        Self { asked, uid, options, members, phase, rss_after, undo: Vec::new(), undo_rss: None, marked }
    }
}

impl Manager {
    /// Begins a group: marks it as open when it has steps, else goes straight to saving the result.
    pub(super) fn begin(&mut self, mut group: Group) {
        let id = GroupId(self.next_group);
        self.next_group += 1;
        for m in &group.members {
            if let Some(a) = self.adapters.get_mut(&m.id) {
                a.busy = true;
            }
        }
        let stepping: Vec<_> =
            group.members.iter().filter(|m| !m.has_failed() && !m.steps.is_empty()).collect();
        if stepping.is_empty() {
            self.groups.insert(id, group);
            self.advance(id);
            return;
        }
        for m in stepping {
            let open = super::OpenTransaction { adapter: m.key.clone(), before: m.before.clone() };
            self.saved.open.retain(|o| o.adapter != m.key);
            self.saved.open.push(open);
        }
        group.marked = true;
        group.phase = Phase::Opening;
        let touched: Vec<AdapterId> = group.members.iter().map(|m| m.id).collect();
        self.groups.insert(id, group);
        self.publish(&touched);
        self.save(SavePurpose::Group(id));
    }

    pub(super) fn save(&mut self, purpose: SavePurpose) {
        let save = SaveId(self.next_save);
        self.next_save += 1;
        self.saves.insert(save, purpose);
        self.effects.push_back(Effect::Save { save, state: alloc::boxed::Box::new(self.saved.clone()) });
    }

    /// An operation was executed.
    pub(super) fn ran(&mut self, id: GroupId, adapter: AdapterId, result: Result<Outcome, BackendError>) {
        let Some(member) = self.member(id, adapter) else { return };
        match (&mut member.stage, result) {
            (Stage::Forward(left), Ok(_)) => {
                left.pop_front();
                if left.is_empty() {
                    member.stage = Stage::Check;
                }
            }
            (Stage::Forward(left), Err(e)) => {
                let op = left.front().map(ToString::to_string).unwrap_or_default();
                member.error = Some(CommandError::RolledBack { because: alloc::format!("{op}: {e}") });
                member.stage = Stage::Lost;
            }
            (Stage::Back(left), Ok(_)) => {
                left.pop_front();
                if left.is_empty() {
                    member.stage = Stage::CheckBack;
                }
            }
            (Stage::Back(left), Err(e)) => {
                let op = left.front().map(ToString::to_string).unwrap_or_default();
                member.degrade(alloc::format!("{op}: {e}"));
            }
            _ => return,
        }
        self.go_on(id, adapter);
    }

    /// An adapter was read.
    pub(super) fn observed(&mut self, id: GroupId, adapter: AdapterId, result: Result<Device, BackendError>) {
        let Some(a) = self.adapters.get(&adapter) else { return };
        let (driver, capability) = (a.driver(), a.capability.clone());
        let Some(member) = self.member(id, adapter) else { return };
        if let Ok(device) = &result {
            member.device = device.clone();
        }
        match (&member.stage, result) {
            (Stage::Check, Ok(device)) => {
                let want = member.target.as_ref().map(|t| &t.device);
                match want.and_then(|w| w.difference(&device)) {
                    None => member.stage = Stage::Succeeded,
                    Some(part) => {
                        let because = alloc::format!("the {part} read back is not what was written");
                        member.error = Some(CommandError::RolledBack { because });
                        member.stage = Stage::Lost;
                    }
                }
            }
            (Stage::Check, Err(e)) => {
                let because = alloc::format!("reading back: {e}");
                member.error = Some(CommandError::RolledBack { because });
                member.stage = Stage::Lost;
            }
            (Stage::Lost, Ok(device)) => {
                let back = plan(driver, &capability, &device, &Target::snapshot(member.before.clone()));
                match back {
                    Ok(steps) if steps.is_empty() => member.stage = Stage::Failed,
                    Ok(steps) => member.stage = Stage::Back(steps.into_iter().map(|s| s.op).collect()),
                    Err(e) => member.degrade(e.to_string()),
                }
            }
            (Stage::CheckBack, Ok(device)) => match member.before.difference(&device) {
                None => member.stage = Stage::Failed,
                Some(part) => member.degrade(alloc::format!("the {part} did not go back")),
            },
            (Stage::Lost | Stage::CheckBack, Err(e)) => member.degrade(alloc::format!("reading back: {e}")),
            _ => return,
        }
        self.go_on(id, adapter);
    }

    fn member(&mut self, id: GroupId, adapter: AdapterId) -> Option<&mut Member> {
        self.groups.get_mut(&id)?.members.iter_mut().find(|m| m.id == adapter)
    }

    /// Asks for what the member needs next, or advances the group when it needs nothing more.
    fn go_on(&mut self, group: GroupId, adapter: AdapterId) {
        let Some(member) = self.member(group, adapter) else { return };
        let effect = match &member.stage {
            Stage::Forward(left) | Stage::Back(left) => {
                left.front().map(|op| Effect::Run { group, adapter, op: op.clone() })
            }
            Stage::Check | Stage::Lost | Stage::CheckBack => Some(Effect::Observe { group, adapter }),
            Stage::Ready | Stage::Succeeded | Stage::Failed => None,
        };
        match effect {
            Some(e) => self.effects.push_back(e),
            None => self.advance(group),
        }
    }

    /// Starts the next member, one after the other, or ends the phase when all are through.
    fn advance(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        for m in &mut group.members {
            if matches!(m.stage, Stage::Ready) {
                if m.steps.is_empty() {
                    m.stage = Stage::Succeeded;
                    continue;
                }
                m.stage = Stage::Forward(m.steps.iter().map(|s| s.op.clone()).collect());
                let adapter = m.id;
                return self.go_on(id, adapter);
            }
            if !m.is_over() {
                return;
            }
        }
        match group.phase {
            Phase::Running => self.ended(id),
            Phase::Reverting => self.finish(id),
            Phase::Opening | Phase::Committing | Phase::Closing => {}
        }
    }

    /// All members are through: takes the successful ones back if the group is atomic and one failed, else saves.
    fn ended(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let failed = group.members.iter().any(Member::has_failed);
        if group.options.atomic && failed {
            for m in &mut group.members {
                if m.succeeded() {
                    m.error = Some(CommandError::Atomic);
                    m.stage = if m.steps.is_empty() { Stage::Failed } else { Stage::Lost };
                }
            }
            if let Some(m) = group.members.iter().find(|m| !m.is_over()) {
                let adapter = m.id;
                return self.go_on(id, adapter);
            }
        }
        let keys: Vec<String> = group.members.iter().map(|m| m.key.clone()).collect();
        let any = group.members.iter().any(Member::succeeded);
        if any {
            for m in group.members.iter().filter(|m| m.succeeded()) {
                let old = match &m.saved_after {
                    Some(new) => self.saved.adapters.insert(m.key.clone(), new.clone()),
                    None => self.saved.adapters.remove(&m.key),
                };
                group.undo.push((m.key.clone(), old));
            }
        }
        if let Some(rss) = group.rss_after {
            group.undo_rss = Some(self.saved.rss_on);
            self.saved.rss_on = rss;
        }
        let marked = group.marked;
        let changes = group.undo.iter().any(|(key, old)| self.saved.adapters.get(key) != old.as_ref())
            || group.undo_rss.is_some_and(|old| old != self.saved.rss_on);
        if marked {
            self.saved.open.retain(|o| !keys.contains(&o.adapter));
        }
        if marked || changes {
            group.phase = if any || changes { Phase::Committing } else { Phase::Closing };
            self.save(SavePurpose::Group(id));
        } else {
            self.finish(id);
        }
    }

    /// A save for a group was answered.
    pub(super) fn group_saved(&mut self, id: GroupId, result: Result<(), String>) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        match (group.phase, result) {
            (Phase::Opening, Ok(())) => {
                group.phase = Phase::Running;
                self.advance(id);
            }
            (Phase::Opening, Err(reason)) => {
                let keys: Vec<String> = group.members.iter().map(|m| m.key.clone()).collect();
                for m in &mut group.members {
                    if !m.has_failed() {
                        m.fail(CommandError::NotSaved { reason: reason.clone() });
                    }
                }
                group.rss_after = None;
                self.saved.open.retain(|o| !keys.contains(&o.adapter));
                self.finish(id);
            }
            (Phase::Committing, Err(reason)) => {
                for (key, old) in core::mem::take(&mut group.undo) {
                    match old {
                        Some(old) => self.saved.adapters.insert(key, old),
                        None => self.saved.adapters.remove(&key),
                    };
                }
                if let Some(old) = group.undo_rss.take() {
                    self.saved.rss_on = old;
                }
                group.rss_after = None;
                group.phase = Phase::Reverting;
                let mut first = None;
                for m in &mut group.members {
                    if m.succeeded() {
                        m.error = Some(CommandError::NotSaved { reason: reason.clone() });
                        m.stage = if m.steps.is_empty() { Stage::Failed } else { Stage::Lost };
                    }
                    if !m.is_over() && first.is_none() {
                        first = Some(m.id);
                    }
                }
                match first {
                    Some(adapter) => self.go_on(id, adapter),
                    None => self.finish(id),
                }
            }
            (Phase::Committing | Phase::Closing, _) => self.finish(id),
            (Phase::Running | Phase::Reverting, _) => {}
        }
    }

    /// Installs what the group achieved, publishes, tells and answers.
    fn finish(&mut self, id: GroupId) {
        let Some(group) = self.groups.remove(&id) else { return };
        let mut events = Vec::new();
        for m in &group.members {
            let Some(a) = self.adapters.get_mut(&m.id) else { continue };
            a.busy = false;
            let was_managed = a.managed;
            let old_cpus = cpus_in_use(&a.device);
            let first = a.target.is_none();
            let mut tell = |kind| events.push(Event { adapter: Some(m.name.clone()), id: Some(m.id), kind });
            if m.succeeded() {
                a.settings = m.settings_after.clone();
                a.runtime = m.runtime_after.clone();
                a.managed = m.managed_after;
                a.degraded = None;
                a.verified = if a.managed { Verified::Config } else { Verified::Unknown };
                a.target = m.target.clone().filter(|_| m.managed_after);
                a.assigned =
                    a.target.as_ref().map(|t| t.processors[..t.active.min(t.processors.len())].to_vec());
                for c in changes(&m.settings_before, &m.settings_after) {
                    tell(EventKind::RssConfigurationChange {
                        setting: c.field.map_or("table", crate::field::Field::key).into(),
                        old_value: c.before,
                        value: c.after,
                        by_uid: group.uid,
                    });
                }
                if let Some(t) = &a.target {
                    let limit = u32::try_from(t.processors.len()).unwrap_or(u32::MAX);
                    if first || old_cpus != cpus_in_use(&m.device) {
                        let available = List::of(t.array.iter().map(|c| Some(c.cpu)));
                        tell(EventKind::RssPortProcessors {
                            maximum_processors: limit,
                            available_processors: available,
                        });
                    }
                }
                tell_table(&a.device, &m.device, first, &mut tell);
                match (was_managed, m.managed_after) {
                    (false, true) => tell(EventKind::AdapterManaged {}),
                    (true, false) => tell(EventKind::AdapterReleased {}),
                    _ => {}
                }
            } else {
                match &m.error {
                    Some(CommandError::Degraded { because, second }) => {
                        let because = alloc::format!("{because}; {second}");
                        a.degraded = Some(because.clone());
                        a.verified = Verified::Unknown;
                        tell(EventKind::AdapterDegraded { because });
                    }
                    Some(e @ (CommandError::RolledBack { .. } | CommandError::NotSaved { .. })) => {
                        tell(EventKind::RolledBack { because: e.to_string() });
                    }
                    Some(e) if group.asked.is_none() => {
                        tell(EventKind::SettingsUnsatisfiable { because: e.to_string() });
                    }
                    _ => {}
                }
            }
            a.device = m.device.clone();
        }
        if let Some(rss) = group.rss_after {
            events.push(Event { adapter: None, id: None, kind: EventKind::GlobalSwitch { rss } });
        }
        let touched: Vec<AdapterId> = group.members.iter().map(|m| m.id).collect();
        self.publish(&touched);
        self.effects.extend(events.into_iter().map(Effect::Emit));
        if let Some(asked) = group.asked {
            let results: Vec<AdapterResult> = group.members.iter().map(|m| m.result(false)).collect();
            self.answer(asked, results, false);
        }
        for m in &group.members {
            if let Some(asked) = self.reply_after.remove(&m.id) {
                let result = match &m.error {
                    None => Ok(Reply::Done { generation: self.generation }),
                    Some(e) => Err(e.clone()),
                };
                self.effects.push_back(Effect::Reply { id: asked, result });
            }
        }
    }

    pub(super) fn answer(&mut self, id: CommandId, results: Vec<AdapterResult>, dry_run: bool) {
        let reply = Reply::Adapters { generation: self.generation, dry_run, results };
        self.effects.push_back(Effect::Reply { id, result: Ok(reply) });
    }
}

impl Member {
    fn degrade(&mut self, second: String) {
        let because = match self.error.take() {
            Some(CommandError::RolledBack { because }) => because,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        self.fail(CommandError::Degraded { because, second });
    }
}

/// The CPUs that packets are sent to, ascending, each once.
fn cpus_in_use(device: &Device) -> Vec<CpuId> {
    let queues = device.table.iter().copied().chain([device.default_queue]);
    let mut cpus: Vec<CpuId> = queues.filter_map(|q| device.home(q)).collect();
    cpus.sort_unstable();
    cpus.dedup();
    cpus
}

/// Tells what changed between two states of a device: processors taken and left, and table entries.
fn tell_table(old: &Device, new: &Device, first: bool, tell: &mut impl FnMut(EventKind)) {
    let (before, after) = (cpus_in_use(old), cpus_in_use(new));
    for cpu in after.iter().filter(|c| first || !before.contains(c)) {
        tell(EventKind::RssProcessorAssignment { processor: Processor::from(*cpu) });
    }
    for cpu in before.iter().filter(|c| !after.contains(c)) {
        tell(EventKind::RssProcessorUnassignment { processor: Processor::from(*cpu) });
    }
    let homes = |d: &Device| -> Vec<Option<CpuId>> { d.table.iter().map(|q| d.home(*q)).collect() };
    let (a, b) = (homes(old), homes(new));
    if first || a.len() != b.len() {
        let size = u32::try_from(b.len()).unwrap_or(u32::MAX);
        tell(EventKind::RssInitializeIndirectionTable {
            indirection_table_size: size,
            indirection_table: List::of(b),
        });
        return;
    }
    for (i, (x, y)) in a.into_iter().zip(b).enumerate() {
        if x != y {
            tell(EventKind::RssIndirectionChange {
                indirection_index: EntryIndex(u16::try_from(i).unwrap_or(u16::MAX)),
                old_processor: List::of([x]),
                new_processor: List::of([y]),
            });
        }
    }
}
