//! A transaction group: what one request does to its adapters, from the open transaction to the answer.
//!
//! Each member goes its own way (steps, look, compare; on failure look, plan back, steps, look, compare), one after
//! the other; the group as a whole is saved before the first step and after the last. An open transaction is struck
//! out only when its adapter is whole: as wanted, or as before.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Manager;
use super::adapter::{Runtime, changes};
use super::checkpoint::CheckpointId;
use super::command::{AdapterResult, CommandError, CommandId, Options, Status};
use super::effect::Effect;
use super::save::Purpose;
use super::saved::{OpenTransaction, SavedAdapter};
use crate::device::{BackendError, Device, Op, Outcome};
use crate::driver::Impact;
use crate::ids::{AdapterId, CpuId};
use crate::place::Target;
use crate::plan::{Step, plan};
use crate::preflight::Finding;
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
    /// Nothing is to be kept; the open transaction is being struck out.
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
    /// As wanted, but to be taken back when it is its turn.
    Recalled,
    /// Being read to find the way back.
    Lost,
    /// These steps back are left; the first is running.
    Back(VecDeque<Op>),
    /// Being read to see whether it is back, whatever the steps said; the operation that failed on the way.
    CheckBack(Option<(String, String)>),
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
    /// The bond or team that it is a port of.
    team: Option<String>,
    pub(super) before: Device,
    /// The last state that was whole, to which a failure goes back.
    pub(super) whole: Device,
    pub(super) settings_before: Settings,
    pub(super) settings_after: Settings,
    pub(super) saved_after: Option<SavedAdapter>,
    pub(super) runtime_after: Runtime,
    pub(super) managed_after: bool,
    pub(super) target: Option<Target>,
    pub(super) error: Option<CommandError>,
    /// Why the adapter is only brought back to its last whole state, instead of what its settings say.
    pub(super) instead: Option<CommandError>,
    /// Operations that failed, and how.
    pub(super) failures: Vec<(String, String)>,
    /// As last read.
    pub(super) device: Device,
    /// The processors that the profile chose.
    pub(super) assigned: Vec<CpuId>,
    steps: Vec<Step>,
    /// Steps that are left for a restart.
    pub(super) pending: Vec<Step>,
    refusals: Vec<CommandError>,
    findings: Vec<Finding>,
    /// Whether a person's request names the adapter.
    pub(super) named: bool,
    /// Whether something else than the device changes.
    changed: bool,
    /// Whether the adapter may be in another state than was last read.
    doubtful: bool,
    /// Whether something failed because the interface was closed, and whether something failed otherwise.
    down: bool,
    refused: bool,
    /// Whether the adapter lost everything that was done to it, and its plan is for what is no more.
    interrupted: bool,
    /// Whether it brings back what an event lost.
    pub(super) replays: bool,
    stage: Stage,
}

/// Everything that a member is made of; its plan is either there or the reason why not.
pub(super) struct Draft {
    pub(super) id: AdapterId,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) team: Option<String>,
    pub(super) before: Device,
    pub(super) whole: Device,
    pub(super) changed: bool,
    pub(super) doubtful: bool,
    pub(super) named: bool,
    pub(super) instead: Option<CommandError>,
    pub(super) settings_before: Settings,
    pub(super) settings_after: Settings,
    pub(super) saved_after: Option<SavedAdapter>,
    pub(super) runtime_after: Runtime,
    pub(super) managed_after: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) planned: Result<Planned, CommandError>,
}

/// What is to be done to one adapter.
pub(super) struct Planned {
    pub(super) target: Target,
    /// The processors that the profile chose, also where those of the target are fewer until a restart.
    pub(super) assigned: Vec<CpuId>,
    pub(super) steps: Vec<Step>,
    /// What is left for a restart.
    pub(super) pending: Vec<Step>,
    /// Of a dry run: why it would be refused.
    pub(super) refusals: Vec<CommandError>,
}

impl Member {
    pub(super) fn new(d: Draft) -> Self {
        let (planned, error) = match d.planned {
            Ok(p) => (Some(p), None),
            Err(e) => (None, Some(e)),
        };
        let (target, assigned, steps, pending, refusals) = match planned {
            Some(p) => (Some(p.target), p.assigned, p.steps, p.pending, p.refusals),
            None => (None, Vec::new(), Vec::new(), Vec::new(), Vec::new()),
        };
        Self {
            id: d.id,
            key: d.key,
            name: d.name,
            team: d.team,
            device: d.before.clone(),
            before: d.before,
            whole: d.whole,
            changed: d.changed,
            doubtful: d.doubtful,
            named: d.named,
            instead: d.instead,
            settings_before: d.settings_before,
            settings_after: d.settings_after,
            saved_after: d.saved_after,
            runtime_after: d.runtime_after,
            managed_after: d.managed_after,
            target,
            assigned,
            steps,
            pending,
            refusals,
            findings: d.findings,
            failures: Vec::new(),
            down: false,
            refused: false,
            interrupted: false,
            replays: false,
            stage: if error.is_some() { Stage::Failed } else { Stage::Ready },
            error,
        }
    }

    pub(super) fn fail(&mut self, error: CommandError) {
        self.error = Some(error);
        self.stage = Stage::Failed;
    }

    /// Whether it failed for no other reason than that somebody closed the interface.
    pub(super) const fn is_closed(&self) -> bool {
        self.down && !self.refused
    }

    /// Whether anything failed because somebody closed the interface.
    pub(super) const fn met_closed(&self) -> bool {
        self.down
    }

    fn note<T>(&mut self, result: &Result<T, BackendError>) {
        match result {
            Ok(_) => {}
            Err(BackendError::Down(_)) => self.down = true,
            Err(_) => self.refused = true,
        }
    }

    /// The adapter lost everything that was set, so nothing of the change is there, and nothing of what was before.
    fn lose_power(&mut self) {
        self.device.clone_from(&self.whole);
        self.doubtful = false;
        self.fail(CommandError::PowerLost { name: self.name.clone() });
    }

    /// What it does, in order.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The operation under way.
    fn running(&self) -> Option<&Op> {
        match &self.stage {
            Stage::Forward(left) | Stage::Back(left) => left.front(),
            _ => None,
        }
    }

    pub(super) const fn has_failed(&self) -> bool {
        matches!(self.stage, Stage::Failed)
    }

    /// Whether a dry run found that it would be refused.
    pub(super) const fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    pub(super) const fn has_steps(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Of the way back from a checkpoint: to be as before is what was wanted, however it came to be.
    pub(super) fn back_is_success(&mut self) {
        if self.has_failed() && self.is_whole() {
            self.error = None;
            self.stage = Stage::Succeeded;
        }
    }

    /// Notes that the real run would be refused, where nothing says so yet.
    pub(super) fn would_be_refused(&mut self, error: CommandError) {
        if !self.is_refused() {
            self.refusals.push(error);
        }
    }

    pub(super) const fn succeeded(&self) -> bool {
        matches!(self.stage, Stage::Succeeded)
    }

    const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Succeeded | Stage::Failed)
    }

    const fn is_at_work(&self) -> bool {
        !self.is_over() && !matches!(self.stage, Stage::Ready | Stage::Recalled)
    }

    fn is_back(&self) -> bool {
        self.whole.difference(&self.device).is_none()
    }

    /// Whether the adapter is in a state that was meant: the new one, or the one before. False only after a failure.
    pub(super) fn is_whole(&self) -> bool {
        let lost = matches!(self.error, Some(CommandError::Degraded { .. }));
        self.succeeded() || (!lost && !self.doubtful && self.is_back())
    }

    /// Ends a member because of something that happened elsewhere, and has it taken back if it was changed.
    fn recall(&mut self, error: CommandError) {
        let changed = self.succeeded() && (!self.steps.is_empty() || !self.is_back());
        self.fail(error);
        if changed {
            self.stage = Stage::Recalled;
        }
    }

    /// Something did not work: the way back begins with a look.
    fn lose(&mut self, what: String, how: String) {
        let because = alloc::format!("{what}: {how}");
        self.failures.push((what, how));
        self.error = Some(CommandError::RolledBack { because });
        self.stage = Stage::Lost;
    }

    /// The way back does not work either.
    fn degrade(&mut self, what: String, how: String) {
        let because = match self.error.take() {
            Some(CommandError::RolledBack { because }) => because,
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let second = alloc::format!("{what}: {how}");
        self.failures.push((what, how));
        self.fail(CommandError::Degraded { because, second });
    }

    /// Begins what is to be done when it is this member's turn.
    fn begin(&mut self) {
        self.stage = match self.stage {
            Stage::Ready if self.steps.is_empty() && self.doubtful => Stage::Check,
            Stage::Ready if self.steps.is_empty() => Stage::Succeeded,
            Stage::Ready => Stage::Forward(self.steps.iter().map(|s| s.op.clone()).collect()),
            _ => Stage::Lost,
        };
    }

    /// The member's result, as it stands.
    pub(super) fn result(&self, dry_run: bool) -> AdapterResult {
        let changes = changes(&self.settings_before, &self.settings_after);
        let changed = self.changed || !self.steps.is_empty() || !changes.is_empty();
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
            pending: self.pending.clone(),
            findings: self.findings.clone(),
            refusals: self.refusals.clone(),
            error: self.error.clone(),
        }
    }
}

/// What a save that fails takes back.
#[derive(Debug, Default)]
struct Undo {
    /// Saved entries as they were.
    entries: Vec<(String, Option<SavedAdapter>)>,
    /// Adapters whose open transactions were put in.
    opened: Vec<String>,
    /// Open transactions that were struck out or replaced.
    open: Vec<OpenTransaction>,
    /// The machine-wide switch as it was.
    rss_on: Option<bool>,
}

/// A transaction group.
#[derive(Debug)]
pub(super) struct Group {
    /// Who waits for an answer.
    pub(super) asked: Option<CommandId>,
    pub(super) uid: u32,
    pub(super) members: Vec<Member>,
    /// The new position of the machine-wide switch, where the group turns it.
    pub(super) rss_after: Option<bool>,
    /// Why the request as a whole failed: the switch could not be saved.
    pub(super) error: Option<CommandError>,
    /// The change goes back unless it is confirmed within so many nanoseconds.
    pub(super) confirm_within: Option<u64>,
    /// The checkpoint that is made.
    pub(super) checkpoint: Option<CheckpointId>,
    /// The checkpoint that is taken back.
    pub(super) rolls_back: Option<CheckpointId>,
    atomic: bool,
    phase: Phase,
    undo: Undo,
}

impl Group {
    pub(super) fn new(
        asked: Option<CommandId>,
        uid: u32,
        options: &Options,
        members: Vec<Member>,
        rss_after: Option<bool>,
    ) -> Self {
        Self {
            asked,
            uid,
            members,
            rss_after,
            error: None,
            confirm_within: options.confirm_within,
            checkpoint: None,
            rolls_back: None,
            atomic: options.atomic,
            phase: Phase::Running,
            undo: Undo::default(),
        }
    }
}

impl Group {
    /// Whether it is about more than its adapters: the switch, or a checkpoint.
    pub(super) const fn concerns_more(&self) -> bool {
        self.rss_after.is_some() || self.checkpoint.is_some() || self.rolls_back.is_some()
    }
}

/// Where a port of a bond or team failed on the way, the other ports are spared what takes a link down: one of them at
/// least has to carry the traffic.
fn hold_back(members: &mut [Member]) {
    let lost = |m: &Member| m.has_failed() && !m.failures.is_empty();
    let failed: Vec<(String, String)> =
        members.iter().filter(|m| lost(m)).filter_map(|m| Some((m.team.clone()?, m.name.clone()))).collect();
    for m in members.iter_mut().filter(|m| matches!(m.stage, Stage::Ready)) {
        let breaks = m.steps.iter().any(|s| s.impact >= Impact::Link);
        let mate = failed.iter().find(|(team, _)| breaks && m.team.as_ref() == Some(team));
        if let Some((team, port)) = mate {
            m.fail(CommandError::TeamMate { team: team.clone(), port: port.clone() });
        }
    }
}

impl Manager {
    /// Begins a group: saves the open transactions when it has steps, else goes straight to saving the result.
    pub(super) fn begin(&mut self, mut group: Group) {
        let id = GroupId(self.next_group);
        self.next_group += 1;
        for m in &group.members {
            if let Some(a) = self.adapters.get_mut(&m.id) {
                a.busy = true;
            }
        }
        let stepping = group.members.iter().filter(|m| !m.has_failed() && !m.steps.is_empty());
        let opened: Vec<OpenTransaction> =
            stepping.map(|m| OpenTransaction { adapter: m.key.clone(), before: m.whole.clone() }).collect();
        let touched: Vec<AdapterId> = group.members.iter().map(|m| m.id).collect();
        self.record(&mut group);
        if opened.is_empty() && group.checkpoint.is_none() {
            // A look may show that there is something to take back.
            let looks = group.members.iter().any(|m| !m.has_failed() && m.doubtful);
            self.groups.insert(id, group);
            if looks {
                self.publish(&touched);
            }
            return self.advance(id);
        }
        self.mark(&group);
        // What is still open from before is durable already, and can be taken back on a full disk.
        // So is what a checkpoint goes back to.
        let durable = group.rolls_back.is_some()
            || (group.checkpoint.is_none() && opened.iter().all(|o| self.saved.open.contains(o)));
        if !durable {
            group.undo.open = self.strike(&opened.iter().map(|o| o.adapter.as_str()).collect());
            group.undo.opened = opened.iter().map(|o| o.adapter.clone()).collect();
            self.saved.open.extend(opened);
            group.phase = Phase::Opening;
        }
        self.groups.insert(id, group);
        self.publish(&touched);
        if durable {
            return self.advance(id);
        }
        self.save(Purpose::Group(id));
    }

    /// Takes open transactions out of what is saved.
    fn strike(&mut self, keys: &BTreeSet<&str>) -> Vec<OpenTransaction> {
        let (struck, rest) = core::mem::take(&mut self.saved.open)
            .into_iter()
            .partition(|o| keys.contains(o.adapter.as_str()));
        self.saved.open = rest;
        struck
    }

    /// An operation was executed.
    pub(super) fn ran(&mut self, id: GroupId, adapter: AdapterId, result: Result<Outcome, BackendError>) {
        let Some(member) = self.member(id, adapter) else { return };
        member.note(&result);
        if member.interrupted && member.is_at_work() {
            member.lose_power();
            return self.advance(id);
        }
        match (&mut member.stage, result) {
            (Stage::Forward(left), Ok(_)) => {
                left.pop_front();
                if left.is_empty() {
                    member.stage = Stage::Check;
                }
            }
            (Stage::Back(left), Ok(_)) => {
                left.pop_front();
                if left.is_empty() {
                    member.stage = Stage::CheckBack(None);
                }
            }
            (Stage::Forward(left), Err(e)) => {
                let op = left.front().map(ToString::to_string).unwrap_or_default();
                member.lose(op, e.to_string());
            }
            (Stage::Back(left), Err(e)) => {
                let op = left.front().map(ToString::to_string).unwrap_or_default();
                member.stage = Stage::CheckBack(Some((op, e.to_string())));
            }
            _ => return,
        }
        self.go_on(id, adapter);
    }

    /// An adapter was read.
    pub(super) fn observed(&mut self, id: GroupId, adapter: AdapterId, result: Result<Device, BackendError>) {
        let Some(a) = self.adapters.get_mut(&adapter) else { return };
        if let Ok(device) = &result {
            a.note_table_size(device);
        }
        let (driver, capability) = (a.driver(), a.capability.clone());
        let Some(member) = self.member(id, adapter).filter(|m| m.is_at_work()) else { return };
        member.note(&result);
        if member.interrupted {
            member.lose_power();
            return self.advance(id);
        }
        if let Ok(device) = &result {
            member.device = device.clone();
            member.doubtful = false;
        }
        let reading = || "reading back".to_string();
        match (&mut member.stage, result) {
            (Stage::Check, Ok(device)) => {
                let want = member.target.as_ref().map(|t| &t.device);
                match want.and_then(|w| w.difference(&device)) {
                    None => member.stage = Stage::Succeeded,
                    Some(part) => {
                        member.lose(reading(), alloc::format!("the {part} is not what was written"));
                    }
                }
            }
            (Stage::Check, Err(e)) => member.lose(reading(), e.to_string()),
            (Stage::Lost, Ok(device)) => {
                let back = plan(driver, &capability, &device, &Target::snapshot(member.whole.clone()));
                match back {
                    Ok(steps) if steps.is_empty() => member.stage = Stage::Failed,
                    Ok(steps) => member.stage = Stage::Back(steps.into_iter().map(|s| s.op).collect()),
                    Err(e) => {
                        member.refused = true;
                        member.degrade("planning the way back".into(), e.to_string());
                    }
                }
            }
            (Stage::CheckBack(failure), Ok(device)) => {
                let failure = failure.take();
                match member.whole.difference(&device) {
                    None => member.stage = Stage::Failed,
                    Some(part) => {
                        let (what, how) = failure
                            .unwrap_or_else(|| (reading(), alloc::format!("the {part} did not go back")));
                        member.degrade(what, how);
                    }
                }
            }
            (Stage::Lost | Stage::CheckBack(_), Err(e)) => member.degrade(reading(), e.to_string()),
            _ => return,
        }
        self.go_on(id, adapter);
    }

    /// The operation under way on an adapter.
    pub(super) fn running(&self, adapter: AdapterId) -> Option<&Op> {
        self.groups
            .values()
            .flat_map(|g| &g.members)
            .find(|m| m.id == adapter && m.running().is_some())?
            .running()
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
            Stage::Check | Stage::Lost | Stage::CheckBack(_) => Some(Effect::Observe { group, adapter }),
            Stage::Ready | Stage::Recalled | Stage::Succeeded | Stage::Failed => None,
        };
        match effect {
            Some(e) => self.effects.push_back(e),
            None => self.advance(group),
        }
    }

    /// Starts the next member, one after the other, or ends the phase when all are through.
    fn advance(&mut self, id: GroupId) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        if group.members.iter().any(Member::is_at_work) {
            return;
        }
        for m in group.members.iter_mut().filter(|m| !m.is_over()) {
            if m.interrupted || self.adapters.get(&m.id).is_some_and(|a| a.power.is_down()) {
                m.lose_power();
            }
        }
        if group.atomic && group.phase == Phase::Running && group.members.iter().any(Member::has_failed) {
            for m in group.members.iter_mut().filter(|m| !m.has_failed() && m.error.is_none()) {
                m.recall(CommandError::Atomic);
            }
        }
        hold_back(&mut group.members);
        while let Some(m) = group.members.iter_mut().find(|m| !m.is_over()) {
            if !self.adapters.contains_key(&m.id) {
                m.fail(BackendError::Gone.into());
                continue;
            }
            m.begin();
            if m.is_at_work() {
                let adapter = m.id;
                return self.go_on(id, adapter);
            }
        }
        match group.phase {
            Phase::Running | Phase::Reverting => self.ended(id),
            Phase::Opening | Phase::Committing | Phase::Closing => {}
        }
    }

    /// All members are through: saves what they came to, or only that nothing is open any more.
    fn ended(&mut self, id: GroupId) {
        let Some(mut group) = self.groups.remove(&id) else { return };
        let mut undo = Undo::default();
        let keeps = group.phase == Phase::Running && group.rolls_back.is_none();
        self.rolled_back(&mut group);
        let recorded = group.checkpoint.is_some();
        if keeps {
            let waiting = self.keep_for_later(&mut group);
            for m in group.members.iter().filter(|m| m.succeeded() && !waiting.contains(&m.key)) {
                let old = self.put(&m.key, m.saved_after.clone());
                if old != m.saved_after {
                    undo.entries.push((m.key.clone(), old));
                }
            }
            undo.rss_on = group.rss_after.filter(|rss| *rss != self.saved.rss_on).map(|_| self.saved.rss_on);
            self.saved.rss_on = group.rss_after.unwrap_or(self.saved.rss_on);
        }
        let there = |m: &&Member| m.is_whole() && self.adapters.contains_key(&m.id);
        let whole: BTreeSet<&str> = group.members.iter().filter(there).map(|m| m.key.as_str()).collect();
        undo.open = self.strike(&whole);
        let kept = !undo.entries.is_empty() || undo.rss_on.is_some() || recorded;
        let saves = kept || !undo.open.is_empty() || group.rolls_back.is_some();
        let commits = kept || group.members.iter().any(Member::succeeded);
        group.phase = if keeps && commits { Phase::Committing } else { Phase::Closing };
        group.undo = undo;
        self.groups.insert(id, group);
        if saves { self.save(Purpose::Group(id)) } else { self.finish(id) }
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
                for m in group.members.iter_mut().filter(|m| !m.has_failed()) {
                    m.fail(CommandError::NotSaved { reason: reason.clone() });
                }
                self.take_back(id, reason);
                self.finish(id);
            }
            (Phase::Committing, Err(reason)) => {
                group.phase = Phase::Reverting;
                for m in group.members.iter_mut().filter(|m| m.succeeded()) {
                    m.recall(CommandError::NotSaved { reason: reason.clone() });
                }
                self.take_back(id, reason);
                self.advance(id);
            }
            // That a transaction is closed need not be durable: the next run would only find nothing to take back.
            (Phase::Committing | Phase::Closing, _) => self.finish(id),
            (Phase::Running | Phase::Reverting, _) => {}
        }
    }

    /// Makes what is to be saved again what it was before the save that failed.
    fn take_back(&mut self, id: GroupId, reason: String) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let checkpoint = group.checkpoint.take();
        group.error = group.rss_after.take().map(|_| CommandError::NotSaved { reason });
        let Undo { entries, opened, open, rss_on } = core::mem::take(&mut group.undo);
        for (key, old) in entries {
            self.put(&key, old);
        }
        self.unrecord(checkpoint);
        self.saved.rss_on = rss_on.unwrap_or(self.saved.rss_on);
        self.saved.open.retain(|o| !opened.contains(&o.adapter));
        self.saved.open.extend(open);
    }

    /// An adapter lost its queues: what is done to it ends with the next answer.
    pub(super) fn interrupt(&mut self, adapter: AdapterId) {
        let members = self.groups.values_mut().flat_map(|g| &mut g.members);
        members.filter(|m| m.id == adapter && !m.is_over()).for_each(|m| m.interrupted = true);
    }

    /// An adapter is gone: its part of a group ends here.
    pub(super) fn abandon(&mut self, adapter: AdapterId) {
        let groups: Vec<GroupId> = self.groups.keys().copied().collect();
        for id in groups {
            let Some(member) = self.member(id, adapter).filter(|m| !m.is_over()) else { continue };
            member.fail(BackendError::Gone.into());
            if self.groups.get(&id).is_some_and(|g| matches!(g.phase, Phase::Running | Phase::Reverting)) {
                self.advance(id);
            }
        }
    }
}
