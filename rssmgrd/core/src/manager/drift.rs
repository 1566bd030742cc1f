//! Staying right: an adapter about which something was told is read again, and what differs is settled by policy.
//!
//! One look at a time for each adapter, never while a group works on it; what is told meanwhile is looked at once,
//! afterwards. A look that finds what was expected changes nothing and is seen by nobody.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Manager;
use super::adapter::{Adapter, settings};
use super::command::{CommandError, Options};
use super::effect::Effect;
use super::group::{Group, GroupId, Member};
use super::outcome::tell_table;
use super::start::Intent;
use super::view::{AdapterState, Kind, Verified};
use crate::device::{BackendError, Device, Op, Outcome};
use crate::drift::{Adopted, Heard, Hint, Parts, Policy, Quarrel, Suspects, adopt};
use crate::driver::{Impact, TableState};
use crate::event::{Event, EventKind};
use crate::ids::{AdapterId, Moment};
use crate::topology::Topology;

/// For how long after a change of channels of our own its notification is awaited: 5 s, in ns.
const ECHO_NS: u64 = 5_000_000_000;

/// What an adapter's drift is, and what is known of its causes.
#[derive(Debug, Default)]
pub(super) struct Drift {
    /// Told since the last look began.
    heard: Heard,
    /// Told before a look that failed, or before a repair that has not succeeded yet.
    unsettled: Heard,
    /// Whether the table that is read is known to be obeyed.
    pub(super) table: TableState,
    /// Why placement must do with the channels that are there: nobody allowed to change them.
    left_channels: Option<String>,
    /// What differs and is left so.
    drifted: Option<String>,
    /// What is being put right.
    mending: Option<String>,
    /// What somebody undoes again and again, and who is suspected.
    contested: Option<String>,
    /// The call that does not come back.
    stuck: Option<String>,
    quarrel: Quarrel,
    /// Changes of channels of our own whose notifications are still to come.
    echoes: VecDeque<Moment>,
    /// Notifications that came before the change of channels under way was answered.
    early: u32,
    /// Why the last look failed.
    trouble: Option<String>,
    /// Whether it lost everything and was not read since: what was read last is no more.
    unread: bool,
    /// Whether the interface was closed in a change that failed: when it is open again it is tried once more.
    closed: bool,
    /// Whether the table was sent again because packets did not obey it; once is enough.
    distrusted: bool,
}

impl Drift {
    /// The state that is shown, where there is one worse than `Applying`.
    pub(super) fn hard_state(&self) -> Option<AdapterState> {
        Some(AdapterState::Stuck { because: self.stuck.clone()? })
    }

    /// The state that is shown of a managed adapter at rest, where it is not as it should be.
    pub(super) fn soft_state(&self) -> Option<AdapterState> {
        let drifted = || Some(AdapterState::Drifted { what: self.drifted.clone()? });
        match &self.contested {
            Some(because) => Some(AdapterState::Contested { because: because.clone() }),
            None => drifted(),
        }
    }

    /// Whether a look is due that has not begun; one that somebody asks for is.
    pub(super) fn awaits_look(&mut self, asked: bool) -> bool {
        if asked {
            self.heard.add(Hint::Poll, false);
        }
        self.heard.has(Hint::Poll)
    }

    /// Packets do not obey the table: it is looked at as one that reads right and is not in force, and so sent again.
    pub(super) fn distrust(&mut self) {
        if !core::mem::replace(&mut self.distrusted, true) {
            self.table = TableState::Stale;
            self.heard.add(Hint::Table, false);
        }
    }

    /// Packets obey the table.
    pub(super) const fn trust(&mut self) {
        self.distrusted = false;
    }

    /// It has to be looked at.
    pub(super) fn hear(&mut self, hint: Hint) {
        self.hear_of(hint, false);
    }

    /// As [`Drift::hear`]; `broke` says that the event itself took the link down or reset the hardware.
    pub(super) fn hear_of(&mut self, hint: Hint, broke: bool) {
        self.heard.add(hint, broke);
    }

    /// It lost everything: what was read last is no more.
    pub(super) const fn forget(&mut self) {
        self.unread = true;
    }

    /// It was read.
    pub(super) const fn is_read(&mut self) {
        self.unread = false;
    }

    /// Why it could not be read since it lost everything, if that is so.
    pub(super) fn unread(&self) -> Option<&str> {
        self.unread.then(|| self.trouble.as_deref().unwrap_or("it was not tried yet"))
    }

    /// Whether something broke the link since the last look began.
    pub(super) const fn has_broken(&self) -> bool {
        self.heard.broke()
    }

    /// A person asks for it: what somebody else does counts from now on.
    fn make_peace(&mut self) {
        (self.contested, self.quarrel) = (None, Quarrel::default());
    }

    pub(super) const fn is_contested(&self) -> bool {
        self.contested.is_some()
    }

    /// Whether placement must do with the channels that are there.
    pub(super) const fn leaves_channels(&self) -> bool {
        self.left_channels.is_some()
    }

    /// A group is through with the adapter.
    pub(super) fn settled(&mut self, member: &Member, tell: &mut impl FnMut(EventKind)) {
        let mending = self.mending.take();
        // What was refused on the way and is not back is not tried again by an event: only what failed because there was
        // nothing to ask.
        self.closed = !member.succeeded() && member.met_closed() && (member.is_closed() || member.is_whole());
        if !member.succeeded() {
            // What failed by itself, and is as before, is tried again after the next look: an interface that has just
            // come is renamed and opened by others meanwhile.
            let retried = !member.named && member.managed_after && member.is_whole();
            let retried = retried && member.settings_after.drift.value == Policy::Reassert;
            let error =
                member.error.as_ref().filter(|e| retried && matches!(e, CommandError::RolledBack { .. }));
            self.drifted = mending.or(self.drifted.take()).or_else(|| error.map(ToString::to_string));
            return;
        }
        self.table = TableState::Obeyed;
        self.unsettled = Heard::default();
        if member.named || !member.managed_after {
            *self = Self { heard: self.heard, echoes: core::mem::take(&mut self.echoes), ..Self::default() };
        }
        self.drifted.clone_from(&self.left_channels);
        if let Some(what) = mending {
            tell(EventKind::DriftRepaired { what });
        }
    }
}

/// What a look has shown.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The adapter is not as it was.
    changed: bool,
    /// Other settings or other processors than before are to be had.
    resettled: bool,
}

/// A look that is under way.
#[derive(Debug)]
pub(super) struct Look {
    /// For the answer; looks and groups are numbered together.
    id: GroupId,
    /// Whether anything but the clock called for it.
    news: bool,
}

impl Manager {
    /// Whether nobody waits for a look; the regular ones are nobody's.
    pub(super) fn looks_are_through(&self) -> bool {
        let waits = |a: &Adapter| a.drift.heard.is_news() && !a.power.is_down();
        !self.looks.values().any(|l| l.news) && !self.adapters.values().any(waits)
    }

    /// When the next regular look is due.
    pub(super) fn next_look(&self) -> Option<Moment> {
        let poll = self.poll_ns.filter(|_| self.adapters.values().any(is_watched))?;
        Some(self.looked_at.after(poll))
    }

    /// Has all managed interfaces read again when it is time.
    pub(super) fn tick(&mut self) {
        if self.next_look().is_none_or(|at| at > self.now) {
            return;
        }
        self.looked_at = self.now;
        for a in self.adapters.values_mut().filter(|a| is_watched(a)) {
            a.drift.heard.add(Hint::Poll, false);
        }
    }

    /// Reads every adapter about which something was told and on which nobody is at work.
    pub(super) fn start_looks(&mut self) {
        for (id, a) in &mut self.adapters {
            let resting = a.power.is_down() || a.drift.heard == Heard::default();
            if a.busy || self.looks.contains_key(id) || resting {
                continue;
            }
            let heard = core::mem::take(&mut a.drift.heard);
            let news = heard.is_news();
            a.drift.unsettled = a.drift.unsettled.and(heard);
            let group = GroupId(self.next_group);
            self.next_group += 1;
            self.looks.insert(*id, Look { id: group, news });
            self.effects.push_back(Effect::Observe { group, adapter: *id });
        }
    }

    /// Whether an answer is that of a look; ends the look then.
    pub(super) fn end_look(&mut self, group: GroupId, adapter: AdapterId) -> bool {
        let ends = self.looks.get(&adapter).is_some_and(|l| l.id == group);
        if ends {
            self.looks.remove(&adapter);
            self.wake = true;
        }
        ends
    }

    /// An adapter about which something was told was read.
    pub(super) fn looked(&mut self, id: AdapterId, result: Result<Device, BackendError>) {
        let Some(a) = self.adapters.get_mut(&id) else { return };
        if a.power.is_down() || (a.power.is_back() && a.drift.has_broken()) {
            // What it was when this look began is no more.
            return;
        }
        match result {
            Ok(found) => {
                a.drift.trouble = None;
                a.drift.is_read();
                a.note_table_size(&found);
                self.compare(id, found);
            }
            // That it is gone is told by others.
            Err(BackendError::Gone) => {}
            Err(e) => {
                let failure_description = e.to_string();
                if a.drift.trouble.as_ref() != Some(&failure_description) {
                    a.drift.trouble = Some(failure_description.clone());
                    self.announce(
                        id,
                        EventKind::RssFailure { operation: "reading".into(), failure_description },
                    );
                }
                self.unreadable(id, e.to_string());
            }
        }
    }

    /// Takes what was found for the present state, and has it settled where it is not as wanted.
    fn compare(&mut self, id: AdapterId, found: Device) {
        let Some(intent) = self.as_is(id) else { return };
        let Some(a) = self.adapters.get_mut(&id) else { return };
        let heard = core::mem::take(&mut a.drift.unsettled);
        // Interrupts are missing while it is closed, which is nobody's doing: it is looked at when it is open again.
        let opened = heard.broke() && core::mem::take(&mut a.drift.closed);
        let back = a.power.is_back();
        let opened = opened || (back && a.power.named);
        if back && a.power.named {
            a.drift.make_peace();
        }
        let left_alone = (a.degraded.is_some() && !opened) || a.drift.closed || a.drift.is_contested();
        if heard.table_state(a.driver(), &found) == TableState::Stale {
            a.drift.table = TableState::Stale;
        }
        let changed = found != a.device;
        if changed {
            let mut events = Vec::new();
            let (name, managed) = (a.facts.name.clone(), a.managed);
            tell_table(a, &found, managed, &mut |kind| {
                events.push(Event { adapter: Some(name.clone()), id: Some(id), kind });
            });
            a.device = found;
            self.effects.extend(events.into_iter().map(Effect::Emit));
        }
        let Some(a) = self.adapters.get_mut(&id) else { return };
        if !a.managed && !intent.managed {
            let in_hand = self.saved.adapters.get(&a.facts.key).is_some_and(|s| s.original.is_some());
            if !in_hand && a.back.is_none() {
                // What release goes back to is what was there before us.
                a.original.clone_from(&a.device);
                a.found_queues = a.device.channels();
            }
            return self.leave_so(id, changed);
        }
        if left_alone {
            return self.leave_so(id, changed);
        }
        let asked = settings(&a.facts, &self.config, intent.saved.as_ref(), &intent.runtime);
        let same_settings = a.managed == intent.managed && a.settings == asked && !heard.has(Hint::Cpus);
        let at_rest = a.drift.drifted.is_none() && a.drift.table == TableState::Obeyed && !opened;
        let resettled = !same_settings && heard.is_news();
        if changed || resettled || !at_rest || back {
            self.settle(id, intent, heard, Seen { changed, resettled });
        }
    }

    /// Nothing is done about what a look has shown.
    fn leave_so(&mut self, id: AdapterId, changed: bool) {
        if self.adapters.get(&id).is_some_and(|a| a.power.is_back()) {
            self.needs_no_replay(id);
        } else if changed {
            self.publish(&[id]);
        }
    }

    /// Settles by policy what a managed adapter is and what its settings say.
    fn settle(&mut self, id: AdapterId, intent: Intent, heard: Heard, seen: Seen) {
        // What waits to be confirmed, or a run that changes nothing, is only told about.
        let key = self.adapters.get(&id).map(|a| a.facts.key.clone()).unwrap_or_default();
        let held = self.observe.is_some() || self.checkpoint_of(&key).is_some();
        let allow = if heard.broke() { Impact::Link } else { Impact::Reorder };
        let Some(member) = self.by_itself(id, intent.clone(), allow) else { return };
        if self.replays(id, held) {
            return self.replay(id, member);
        }
        // What is not replayed is a difference like any other, and seen at least.
        let seen = Seen { changed: self.forgo_replay(id) || seen.changed, ..seen };
        if seen.resettled && !held {
            // Not the adapter has changed but what it is to be.
            let failed = member.error.as_ref().map(ToString::to_string);
            return self.begin_owing(
                id,
                member,
                failed.unwrap_or_else(|| "what it is to be has changed".into()),
            );
        }
        let Some(a) = self.adapters.get_mut(&id) else { return };
        if a.degraded.is_some() && !held && !member.has_failed() {
            // Not what somebody did to it, but what could not be done.
            return self.begin_by_itself(member);
        }
        let idle = member.has_failed() || member.steps().is_empty();
        let left = member.error.as_ref().map(ToString::to_string).or(a.drift.left_channels.clone());
        let wanted = member.target.as_ref().map(|t| &t.device);
        let parts = wanted.map(|w| Parts::between(w, &a.device)).unwrap_or_default();
        let what = match (&left, parts.is_empty()) {
            (Some(left), true) => left.clone(),
            (Some(left), false) => alloc::format!("{parts}; {left}"),
            (None, true) => "the indirection table may not be obeyed".into(),
            (None, false) => parts.to_string(),
        };
        if idle && left.is_none() && held && seen.resettled {
            // What it is to be waits until nobody holds it.
            if seen.changed {
                self.publish(&[id]);
            }
            return;
        }
        if idle && left.is_none() {
            a.target.clone_from(&member.target);
            a.verified = Verified::Config;
            let gone = a.drift.drifted.take().is_some();
            self.publish(&[id]);
            if gone {
                self.announce(id, EventKind::DriftGone {});
            }
            return;
        }
        let policy = match a.settings.drift.value {
            _ if held => Policy::Report,
            Policy::Adopt if heard.only_broke() => Policy::Reassert,
            policy => policy,
        };
        if idle || policy == Policy::Report {
            return self.report(id, what, seen.changed);
        }
        if policy == Policy::Adopt {
            let active = a.target.as_ref().map_or(0, |t| t.active);
            let adopted =
                wanted.and_then(|w| adopt(w, &a.device, active, !a.settings.table.value.is_empty()));
            return match adopted.and_then(|adopted| self.adopting(intent, adopted)) {
                Some(member) => {
                    self.announce(id, EventKind::DriftAdopted { what: what.clone() });
                    self.begin_owing(id, member, what);
                }
                None => self.report(id, what, seen.changed),
            };
        }
        if !heard.explains() && a.drift.quarrel.again(self.now) {
            return self.contest(id, what, &parts);
        }
        a.drift.quarrel.repaired(self.now);
        a.verified = Verified::Unknown;
        a.drift.mending = Some(what.clone());
        self.announce(id, EventKind::AdapterDrifted { what, policy: policy.name().into() });
        self.begin_by_itself(member);
    }

    /// Leaves an adapter as it is, and says so once.
    pub(super) fn report(&mut self, id: AdapterId, what: String, changed: bool) {
        let Some(a) = self.adapters.get_mut(&id) else { return };
        let known = a.drift.drifted.as_ref() == Some(&what);
        if known && !changed {
            return;
        }
        let policy = a.settings.drift.value.name().into();
        a.drift.drifted = Some(what.clone());
        a.verified = Verified::Unknown;
        self.publish(&[id]);
        if !known {
            self.announce(id, EventKind::AdapterDrifted { what, policy });
        }
    }

    fn contest(&mut self, id: AdapterId, what: String, parts: &Parts) {
        let suspect = parts.suspects(&self.suspects).unwrap_or_else(|| "unknown".into());
        let Some(a) = self.adapters.get_mut(&id) else { return };
        a.drift.contested = Some(alloc::format!("{what}; suspect: {suspect}"));
        a.drift.drifted = None;
        a.verified = Verified::Unknown;
        self.publish(&[id]);
        self.announce(id, EventKind::AdapterContested { what, suspect });
    }

    /// The plan by which an adapter is put right without anybody asking. Channels that nobody allowed to change stay,
    /// and the rest is made to fit them.
    fn by_itself(&mut self, id: AdapterId, mut intent: Intent, allow: Impact) -> Option<Member> {
        let a = self.adapters.get_mut(&id)?;
        a.drift.left_channels = None;
        // Steps that wait for a restart go on waiting.
        let no_restart = !a.pending.is_empty();
        let options = Options { allow, no_restart, ..Options::default() };
        if allow > Impact::Reorder {
            intent.limit = None;
        }
        let member = self.draw(alloc::vec![intent.clone()], &options, None).pop()?;
        let too_much = |e: &&CommandError| matches!(e, CommandError::Impact { .. });
        let Some(error) = member.error.as_ref().or(member.instead.as_ref()).filter(too_much) else {
            return Some(member);
        };
        self.adapters.get_mut(&id)?.drift.left_channels = Some(error.to_string());
        let fitted = self.draw(alloc::vec![intent], &options, None).pop()?;
        if fitted.has_failed() || fitted.instead.is_some() {
            self.adapters.get_mut(&id)?.drift.left_channels = None;
            return Some(member);
        }
        Some(fitted)
    }

    /// Until the change is through, the adapter is not as it is to be, and says so if it fails.
    fn begin_owing(&mut self, id: AdapterId, member: Member, what: String) {
        if let Some(a) = self.adapters.get_mut(&id) {
            a.drift.drifted = Some(what);
        }
        self.begin_by_itself(member);
    }

    pub(super) fn begin_by_itself(&mut self, member: Member) {
        let (uid, options) = (self.owner_uid, Options::default());
        self.begin(Group::new(None, uid, &options, alloc::vec![member], None));
    }

    /// The plan by which what was found becomes the setting; `None` where the settings would not say it.
    fn adopting(&self, mut intent: Intent, adopted: Adopted) -> Option<Member> {
        let Adopted { patch, table, processors } = adopted;
        let replans = patch.replans();
        let for_now = !intent.runtime.is_empty();
        let (into, entries) = match &mut intent.saved {
            Some(saved) if !for_now => (&mut saved.patch, &mut saved.table),
            _ => (&mut intent.runtime.patch, &mut intent.runtime.table),
        };
        into.merge(&patch);
        if replans || !table.is_empty() {
            *entries = table;
        }
        intent.processors = processors;
        self.draw(alloc::vec![intent], &Options::default(), None).pop().filter(|m| !m.has_failed())
    }

    fn announce(&mut self, id: AdapterId, kind: EventKind) {
        let Some(name) = self.adapters.get(&id).map(|a| a.facts.name.clone()) else { return };
        self.tell(Some((id, &name)), kind);
    }

    /// Something was told of an adapter.
    pub(super) fn changed(&mut self, id: AdapterId, hint: Hint, broke: bool) {
        let ours = hint == Hint::Channels && self.is_changing_channels(id);
        let now = self.now;
        let Some(a) = self.adapters.get_mut(&id).filter(|a| a.facts.kind == Kind::Kernel) else { return };
        let drift = &mut a.drift;
        let hint = match hint {
            Hint::Channels if ours => {
                drift.early += 1;
                Hint::Features
            }
            Hint::Channels => {
                drift.echoes.retain(|then| now.since(*then) < ECHO_NS);
                // Our own change: everything is read all the same, but nothing of it is in doubt.
                if drift.echoes.pop_front().is_some() { Hint::Features } else { Hint::Channels }
            }
            hint => hint,
        };
        drift.heard.add(hint, broke);
    }

    /// An operation of ours was answered: a change of channels is told to everybody, also to us.
    pub(super) fn expect_echo(&mut self, id: AdapterId, result: &Result<Outcome, BackendError>) {
        if !self.is_changing_channels(id) {
            return;
        }
        let now = self.now;
        let Some(a) = self.adapters.get_mut(&id) else { return };
        let early = core::mem::take(&mut a.drift.early);
        match (result, early) {
            (Ok(Outcome::Changed), 0) => a.drift.echoes.push_back(now),
            (Ok(Outcome::Changed), 1) | (_, 0) => {}
            // More was told than we did.
            _ => a.drift.heard.add(Hint::Channels, false),
        }
    }

    fn is_changing_channels(&self, id: AdapterId) -> bool {
        self.running(id).is_some_and(|op| matches!(op, Op::Channels(_)))
    }

    pub(super) fn renamed(&mut self, id: AdapterId, name: String) {
        let Some(a) = self.adapters.get_mut(&id).filter(|a| a.facts.name != name) else { return };
        let from = core::mem::replace(&mut a.facts.name, name);
        // Another name may have other rules in the configuration.
        a.drift.heard.add(Hint::Link, false);
        self.publish(&[id]);
        self.announce(id, EventKind::AdapterRenamed { from });
    }

    pub(super) fn stuck(&mut self, id: AdapterId, operation: String, seconds: u32) {
        let Some(a) = self.adapters.get_mut(&id) else { return };
        let because = alloc::format!("{operation} has not come back for {seconds} s");
        if a.drift.stuck.replace(because).is_none() {
            self.announce(id, EventKind::AdapterStuck { operation, seconds });
        }
        self.publish(&[id]);
    }

    /// An adapter answered, so nothing of it is stuck.
    pub(super) fn answers(&mut self, id: AdapterId) {
        let Some(a) = self.adapters.get_mut(&id) else { return };
        if a.drift.stuck.take().is_some() {
            self.publish(&[id]);
            self.announce(id, EventKind::AdapterAnswers {});
        }
    }

    /// CPUs came or went. Adapters of this machine are placed again as far as they must.
    pub(super) fn processors_changed(&mut self, now: &Arc<Topology>) {
        let here = |a: &Adapter| a.facts.kind == Kind::Kernel;
        let before = self.machine.replace(Arc::clone(now));
        let online = u32::try_from(now.online().len()).unwrap_or(u32::MAX);
        let mut touched = Vec::new();
        for (id, a) in &mut self.adapters {
            let same = before.as_ref().is_some_and(|b| *b == a.topology);
            if (here(a) || same) && a.topology != *now {
                a.topology = Arc::clone(now);
                a.drift.heard.add(Hint::Cpus, false);
                touched.push(*id);
            }
        }
        if before.as_ref() != Some(now) && (before.is_some() || !touched.is_empty()) {
            self.publish(&touched);
            self.tell(None, EventKind::ProcessorsChanged { online });
        }
    }

    pub(super) fn suspected(&mut self, suspects: Suspects) {
        self.suspects = suspects;
    }
}

/// Whether it is looked at regularly.
fn is_watched(a: &Adapter) -> bool {
    a.managed && a.facts.kind == Kind::Kernel
}
