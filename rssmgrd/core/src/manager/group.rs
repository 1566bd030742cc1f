//! A transaction group: what one request does to its adapters, from the open transaction to the answer.
//!
//! Each member goes its own way (steps, look, compare; on failure look, plan back, steps, look, compare), one after
//! the other; the group as a whole is saved before the first step and after the last. An open transaction is struck
//! out only when its adapter is whole: as wanted, or as before. A [`Member`] is what is done to one adapter.

mod member;

pub(super) use member::{Draft, Member, Planned};

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use member::Stage;

use super::Manager;
use super::checkpoint::CheckpointId;
use super::command::{CommandError, CommandId, Options};
use super::effect::Effect;
use super::save::Purpose;
use super::saved::{OpenTransaction, SavedAdapter};
use crate::device::{BackendError, Device, Op, Outcome};
use crate::driver::Impact;
use crate::ids::AdapterId;
use crate::place::Target;
use crate::plan::plan;

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
            // One that was recalled has nothing to go back to either.
            if m.interrupted {
                m.lose_power();
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
        let recovers = group.members.iter().any(|m| m.recovers);
        let keeps = group.phase == Phase::Running && group.rolls_back.is_none() && !recovers;
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
        members.filter(|m| m.id == adapter && !m.has_failed()).for_each(|m| m.interrupted = true);
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
