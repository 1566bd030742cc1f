//! Checkpoints: a change that goes back by itself unless somebody confirms it in time.
//!
//! The record is durable before the first step: it holds the state before, and later the settings that wait. What is
//! saved of an adapter stays what it was until the commit moves them there, so that nothing unconfirmed is ever in
//! force for good. A run that ends leaves the record to the next one: in time the rest of the time runs on, too late
//! (or after a reboot, which lost the state anyway) it is undone at once, as an unfinished change is.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use super::Manager;
use super::adapter::{Adapter, Runtime};
use super::command::{Caller, CommandError, CommandId, Options, Reply, Status};
use super::effect::Effect;
use super::group::{Group, Member};
use super::queue::Waiting;
use super::save::Purpose;
use super::saved::{OpenTransaction, SavedAdapter, SavedState};
use super::start::Intent;
use crate::device::Device;
use crate::drift::Hint;
use crate::driver::Impact;
use crate::event::EventKind;
use crate::ids::{AdapterId, CpuId, Moment};

const SECOND: u64 = 1_000_000_000;

/// The number of a checkpoint; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckpointId(pub u64);

impl core::fmt::Display for CheckpointId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

/// A change that is not confirmed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its number.
    pub id: CheckpointId,
    /// The boot in which it was made.
    pub boot: String,
    /// When it goes back.
    pub deadline: Moment,
    /// Who made it.
    pub by_uid: u32,
    /// What it holds, by the adapters' lasting keys.
    pub parts: BTreeMap<String, CheckpointPart>,
}

/// What a checkpoint holds of one adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointPart {
    /// The adapter's name.
    pub name: String,
    /// Its state before.
    pub before: Device,
    /// Whether the change was made. Until then an open transaction holds the way back.
    pub applied: bool,
    /// What is saved of the adapter when the change is confirmed.
    pub after: Option<SavedAdapter>,
}

/// What is asked about a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointAction {
    /// Keep the change.
    Commit,
    /// Take it back now.
    RollBack,
    /// Give it more time: so many nanoseconds from now.
    Extend(u64),
}

/// A checkpoint as readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointView {
    /// Its number.
    pub id: CheckpointId,
    /// When it goes back.
    pub deadline: Moment,
    /// Who made it.
    pub by_uid: u32,
    /// The adapters that it holds.
    pub adapters: Vec<String>,
}

/// What an adapter had before a change that is not confirmed, and that no file knows.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub(super) runtime: Runtime,
    pub(super) managed: bool,
    pub(super) assigned: Option<Vec<CpuId>>,
}

/// A commit that is being saved.
#[derive(Debug)]
pub(super) struct Committing {
    asked: CommandId,
    record: Checkpoint,
    /// Saved entries as they were.
    entries: Vec<(String, Option<SavedAdapter>)>,
}

/// A checkpoint of an earlier run that went back.
pub(super) struct Undone {
    id: CheckpointId,
    adapters: String,
    because: &'static str,
}

/// Undoes what an earlier run left unconfirmed and too late, and forgets what was never made. Answers what it
/// undid.
pub(super) fn inherit(saved: &mut SavedState, boot: &str, now: Moment) -> Vec<Undone> {
    let mut undone = Vec::new();
    for mut c in core::mem::take(&mut saved.checkpoints) {
        c.parts.retain(|_, part| part.applied);
        if c.parts.is_empty() {
            continue;
        }
        if c.boot == boot && c.deadline > now {
            saved.checkpoints.push(c);
            continue;
        }
        let rebooted = c.boot != boot;
        undone.push(Undone {
            id: c.id,
            adapters: c.parts.values().map(|p| p.name.clone()).collect::<Vec<_>>().join(" "),
            because: if rebooted { "the machine was restarted" } else { "nobody confirmed it in time" },
        });
        for (adapter, part) in c.parts {
            // A reboot has lost the state already.
            reopen(&mut saved.open, adapter, part.before, !rebooted);
        }
    }
    undone
}

/// Has an adapter go back to what it was before a checkpoint. What is open on it already was begun under the checkpoint, by
/// a reset or an arrival, and would only go back to what waited to be confirmed. Where nothing is open, `adds` says whether
/// it goes back at all.
fn reopen(open: &mut Vec<OpenTransaction>, adapter: String, before: Device, adds: bool) {
    match open.iter_mut().find(|o| o.adapter == adapter) {
        Some(known) => known.before = before,
        None if adds => open.push(OpenTransaction { adapter, before }),
        None => {}
    }
}

impl Manager {
    pub(super) fn tell_undone(&mut self, undone: Undone) {
        let Undone { id, adapters, because } = undone;
        let because = because.into();
        self.tell(None, EventKind::CheckpointRolledBack { checkpoint: id.0, adapters, because });
    }

    /// The checkpoint that an adapter is under.
    pub(super) fn checkpoint_of(&self, key: &str) -> Option<&Checkpoint> {
        self.saved.checkpoints.iter().find(|c| c.parts.contains_key(key))
    }

    /// What is saved of an adapter, or will be when it is confirmed.
    pub(super) fn effective(&self, key: &str) -> Option<&SavedAdapter> {
        match self.checkpoint_of(key).and_then(|c| c.parts.get(key)).filter(|p| p.applied) {
            Some(part) => part.after.as_ref(),
            None => self.saved.adapters.get(key),
        }
    }

    /// Replaces what [`Manager::effective`] answers; answers the old one.
    pub(super) fn put(&mut self, key: &str, entry: Option<SavedAdapter>) -> Option<SavedAdapter> {
        let mut parts = self.saved.checkpoints.iter_mut().filter_map(|c| c.parts.get_mut(key));
        match parts.find(|p| p.applied) {
            Some(part) => core::mem::replace(&mut part.after, entry),
            None => match entry {
                Some(entry) => self.saved.adapters.insert(key.into(), entry),
                None => self.saved.adapters.remove(key),
            },
        }
    }

    /// That an adapter cannot be changed, because a change of it waits to be confirmed.
    pub(super) fn held(&self, key: &str) -> Option<CommandError> {
        let c = self.checkpoint_of(key)?;
        let name = c.parts.get(key).map(|p| p.name.clone()).unwrap_or_default();
        Some(CommandError::UnderCheckpoint { name, id: c.id, seconds: self.seconds_left(c) })
    }

    fn seconds_left(&self, c: &Checkpoint) -> u64 {
        c.deadline.since(self.now).div_ceil(SECOND)
    }

    /// Readers see what is durable: not the record of a change that is being made.
    pub(super) fn checkpoint_views(&self) -> Vec<CheckpointView> {
        let made = |c: &&Checkpoint| self.groups.values().all(|g| g.checkpoint != Some(c.id));
        let view = |c: &Checkpoint| CheckpointView {
            id: c.id,
            deadline: c.deadline,
            by_uid: c.by_uid,
            adapters: c.parts.values().map(|p| p.name.clone()).collect(),
        };
        self.saved.checkpoints.iter().filter(made).map(view).collect()
    }

    /// When the next checkpoint goes back.
    pub(super) fn next_rollback(&self) -> Option<Moment> {
        let waits = |c: &&Checkpoint| !self.expired.contains(&c.id);
        self.saved
            .checkpoints
            .iter()
            .filter(waits)
            .map(|c| c.deadline)
            .min()
            .filter(|_| self.observe.is_none())
    }

    /// Has checkpoints taken back whose time is over, as soon as their adapters are free.
    pub(super) fn expire(&mut self) {
        if self.next_rollback().is_none_or(|at| at > self.now) {
            return;
        }
        let over = |c: &&Checkpoint| c.deadline <= self.now && !self.expired.contains(&c.id);
        let over: Vec<CheckpointId> = self.saved.checkpoints.iter().filter(over).map(|c| c.id).collect();
        for id in over {
            self.expired.insert(id);
            self.enqueue(Waiting::Expired { id, looked: false });
        }
    }

    /// The adapters of a checkpoint that are there.
    pub(super) fn adapters_of(&self, id: Option<CheckpointId>) -> Vec<AdapterId> {
        let Some(c) = self.find(id) else { return Vec::new() };
        self.adapters.iter().filter(|(_, a)| c.parts.contains_key(&a.facts.key)).map(|(id, _)| *id).collect()
    }

    /// A checkpoint by its number; the latest without one.
    fn find(&self, id: Option<CheckpointId>) -> Option<&Checkpoint> {
        match id {
            Some(id) => self.saved.checkpoints.iter().find(|c| c.id == id),
            None => self.saved.checkpoints.iter().max_by_key(|c| c.id),
        }
    }

    /// The record of a change that is about to begin: of every adapter that it changes.
    pub(super) fn record(&mut self, group: &mut Group) {
        let Some(time) = group.confirm_within else { return };
        let changes = |m: &&Member| m.result(false).status == Status::Applied;
        let part = |m: &Member| {
            let before = m.whole.clone();
            (m.key.clone(), CheckpointPart { name: m.name.clone(), before, applied: false, after: None })
        };
        let parts: BTreeMap<_, _> = group.members.iter().filter(changes).map(part).collect();
        if parts.is_empty() {
            return;
        }
        self.saved.last_checkpoint += 1;
        let id = CheckpointId(self.saved.last_checkpoint);
        let (boot, deadline, by_uid) = (self.boot.clone(), self.now.after(time), group.uid);
        self.saved.checkpoints.push(Checkpoint { id, boot, deadline, by_uid, parts });
        group.checkpoint = Some(id);
    }

    /// Forgets the record of a change that was not made.
    pub(super) fn unrecord(&mut self, id: Option<CheckpointId>) {
        self.saved.checkpoints.retain(|c| Some(c.id) != id);
    }

    /// The change was made: the settings of its adapters wait in the record. Answers whose.
    pub(super) fn keep_for_later(&mut self, group: &mut Group) -> BTreeSet<String> {
        let record = self.saved.checkpoints.iter_mut().find(|c| Some(c.id) == group.checkpoint);
        let Some(record) = record else { return BTreeSet::new() };
        for m in &group.members {
            match record.parts.get_mut(&m.key) {
                Some(part) if m.succeeded() => {
                    part.applied = true;
                    part.after.clone_from(&m.saved_after);
                }
                _ => drop(record.parts.remove(&m.key)),
            }
        }
        let waiting: BTreeSet<String> = record.parts.keys().cloned().collect();
        if waiting.is_empty() {
            self.unrecord(group.checkpoint.take());
        }
        waiting
    }

    pub(super) fn checkpoint(
        &mut self,
        asked: CommandId,
        caller: &Caller,
        id: Option<CheckpointId>,
        action: CheckpointAction,
    ) -> Result<(), CommandError> {
        let known: Vec<CheckpointId> = self.saved.checkpoints.iter().map(|c| c.id).collect();
        let found = self.find(id).map(|c| c.id).filter(|id| !self.expired.contains(id));
        // One whose adapters have gone is not waited for, and may be of a change that is still being made.
        let found = found.filter(|id| self.groups.values().all(|g| g.checkpoint != Some(*id)));
        let Some(id) = found else { return Err(CommandError::NoSuchCheckpoint { id, known }) };
        match action {
            CheckpointAction::Commit => self.commit(asked, id),
            CheckpointAction::RollBack => self.roll_back(id, Some((asked, caller.uid))),
            CheckpointAction::Extend(time) => {
                let deadline = self.now.after(time);
                let record = self.saved.checkpoints.iter_mut().find(|c| c.id == id);
                let old = record.map(|c| core::mem::replace(&mut c.deadline, deadline));
                if let Some(old) = old {
                    self.save(Purpose::Extended { id, old, asked });
                }
            }
        }
        Ok(())
    }

    pub(super) fn extension_saved(
        &mut self,
        id: CheckpointId,
        old: Moment,
        asked: CommandId,
        result: Result<(), String>,
    ) {
        let result = match result {
            Ok(()) => {
                self.publish(&[]);
                Ok(Reply::Done { generation: self.generation })
            }
            Err(reason) => {
                if let Some(c) = self.saved.checkpoints.iter_mut().find(|c| c.id == id) {
                    c.deadline = old;
                }
                Err(CommandError::NotSaved { reason })
            }
        };
        self.effects.push_back(Effect::Reply { id: asked, result });
    }

    fn commit(&mut self, asked: CommandId, id: CheckpointId) {
        let touched = self.adapters_of(Some(id));
        let Some(at) = self.saved.checkpoints.iter().position(|c| c.id == id) else { return };
        let record = self.saved.checkpoints.remove(at);
        let entries = record
            .parts
            .iter()
            .map(|(key, part)| (key.clone(), self.put(key, part.after.clone())))
            .collect::<Vec<_>>();
        for id in touched {
            if let Some(a) = self.adapters.get_mut(&id) {
                a.busy = true;
            }
        }
        self.save(Purpose::Committed(Committing { asked, record, entries }));
    }

    pub(super) fn commit_saved(&mut self, commit: Committing, result: Result<(), String>) {
        let Committing { asked, record, entries } = commit;
        let id = record.id;
        let names: Vec<String> = record.parts.values().map(|p| p.name.clone()).collect();
        let keys: Vec<String> = record.parts.keys().cloned().collect();
        let saved = result.is_ok();
        if !saved {
            for (key, old) in entries {
                self.put(&key, old);
            }
            self.saved.checkpoints.push(record);
        }
        let mut touched = Vec::new();
        for (adapter, a) in self.adapters.iter_mut().filter(|(_, a)| keys.contains(&a.facts.key)) {
            a.busy = false;
            if saved {
                (a.before, a.checkpoint) = (None, None);
            }
            touched.push(*adapter);
        }
        self.wake = true;
        self.publish(&touched);
        let reply = match result {
            Ok(()) => {
                let adapters = names.join(" ");
                self.tell(None, EventKind::CheckpointCommitted { checkpoint: id.0, adapters });
                Ok(Reply::Done { generation: self.generation })
            }
            Err(reason) => Err(CommandError::NotSaved { reason }),
        };
        self.effects.push_back(Effect::Reply { id: asked, result: reply });
        if saved {
            self.follow(&touched);
        }
    }

    /// Takes a change back: to the state before, and then to what the settings from before make of it now.
    pub(super) fn roll_back(&mut self, id: CheckpointId, asked: Option<(CommandId, u32)>) {
        let Some(record) = self.saved.checkpoints.iter().find(|c| c.id == id).cloned() else {
            self.expired.remove(&id);
            return;
        };
        let mut intents = Vec::new();
        for (id, a) in &self.adapters {
            let Some(part) = record.parts.get(&a.facts.key) else { continue };
            let saved = self.saved.adapters.get(&a.facts.key).cloned();
            // What an earlier run had in its hands is given back afterwards when nobody names it.
            let in_hand = saved.as_ref().is_some_and(|s| s.original.is_some());
            let managed = a
                .before
                .as_ref()
                .map_or_else(|| in_hand || self.is_managed(&a.facts, saved.as_ref()), |b| b.managed);
            let runtime = a.before.as_ref().map(|b| b.runtime.clone()).unwrap_or_default();
            // In our hands neither before nor now: what it is like is others' doing, and stays.
            let others = !managed && !a.managed && a.back.is_none();
            let restore = (!others).then(|| part.before.clone());
            let (id, limit, named, processors) = (*id, None, true, None);
            intents.push(Intent { id, saved, runtime, managed, restore, limit, named, processors });
        }
        for intent in &intents {
            // Where a failure on the way goes back to.
            if let (Some(a), Some(device)) = (self.adapters.get_mut(&intent.id), &intent.restore) {
                a.back = Some(device.clone());
            }
        }
        let options = Options { allow: Impact::Addresses, force: true, ..Options::default() };
        let members = self.assemble(None, intents, &options, self.saved.rss_on);
        let (asked, uid) = asked.map_or((None, self.owner_uid), |(id, uid)| (Some(id), uid));
        let mut group = Group::new(asked, uid, &options, members, None);
        group.rolls_back = Some(id);
        self.begin(group);
    }

    /// The members of a rollback are through: its record goes, and an adapter that is not back keeps its way back open.
    pub(super) fn rolled_back(&mut self, group: &mut Group) {
        let Some(id) = group.rolls_back else { return };
        for m in &mut group.members {
            m.back_is_success();
        }
        let Some(at) = self.saved.checkpoints.iter().position(|c| c.id == id) else { return };
        let record = self.saved.checkpoints.remove(at);
        self.expired.remove(&id);
        // One that came back while the others were taken back has to follow them.
        let late = |a: &&mut Adapter| {
            record.parts.contains_key(&a.facts.key) && group.members.iter().all(|m| m.key != a.facts.key)
        };
        self.adapters.values_mut().filter(late).for_each(|a| a.drift.hear(Hint::Features));
        for (adapter, part) in record.parts {
            let back = group.members.iter().any(|m| m.key == adapter && m.is_whole());
            if !back {
                reopen(&mut self.saved.open, adapter, part.before, true);
            }
        }
    }

    /// Tells that a change was taken back, and applies what the settings ask for now.
    pub(super) fn after_rollback(&mut self, group: &Group) {
        let Some(id) = group.rolls_back else { return };
        let adapters: Vec<String> = group.members.iter().map(|m| m.name.clone()).collect();
        let because = if group.asked.is_some() { "it was asked for" } else { "nobody confirmed it in time" };
        self.tell(
            None,
            EventKind::CheckpointRolledBack {
                checkpoint: id.0,
                adapters: adapters.join(" "),
                because: because.into(),
            },
        );
        let back: Vec<AdapterId> = group.members.iter().filter(|m| m.succeeded()).map(|m| m.id).collect();
        self.follow(&back);
    }

    /// Applies what the settings ask for now, which a change of configuration may have made something else meanwhile.
    pub(super) fn follow(&mut self, ids: &[AdapterId]) {
        let free = |id: &&AdapterId| self.adapters.get(id).is_some_and(|a| !a.busy && a.power.is_up());
        let intents = ids.iter().filter(free).filter_map(|id| self.as_is(*id));
        let intents: Vec<Intent> = intents.filter(|i| i.managed || i.restore.is_some()).collect();
        if !intents.is_empty() {
            self.build(None, self.owner_uid, intents, &Options::automatic(), None);
        }
    }
}
