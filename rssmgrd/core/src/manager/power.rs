//! Power and resets: the contract between framework and driver, as it is kept for the adapters that are managed.
//!
//! An adapter without power has no queues: nothing is executed on it or read from it, requests are refused, and what was
//! under way ends. When it is back everything of it is lost, and that broke its link already: what is there is read, and
//! what its settings say is replayed by a plan, in the order of its driver's row and with the whole table. Three tries,
//! then RSS is revoked: the adapter is degraded and left alone until a person asks. Network cards of the kernel tell of no
//! power: what a link event takes from them is a difference as any other, settled once for each event (`drift`).

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Manager;
use super::adapter::Adapter;
use super::command::{CommandError, CommandId, Reply};
use super::effect::{Effect, PowerChange};
use super::group::Member;
use crate::adapter::TRIES;
use crate::device::{BackendError, Op};
use crate::drift::{Hint, Policy};
use crate::event::EventKind;
use crate::ids::AdapterId;
use crate::plan::Step;

/// Where an adapter is between losing its queues and having everything again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has queues, and what was lost is replayed.
    #[default]
    Up,
    /// It has no queues.
    Down,
    /// It has queues again, and nothing is replayed yet.
    Back,
}

/// What is known of an adapter's power.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Power {
    pub(super) phase: Phase,
    /// Tries to replay what the last event lost.
    pub(super) tries: u32,
    /// Whether a person asked for the event: that is also asking for one that was left alone.
    pub(super) named: bool,
}

impl Power {
    pub(super) fn is_down(self) -> bool {
        self.phase == Phase::Down
    }

    pub(super) fn is_up(self) -> bool {
        self.phase == Phase::Up
    }

    pub(super) fn is_back(self) -> bool {
        self.phase == Phase::Back
    }
}

/// How a replay ended.
pub(super) enum Replay {
    /// Everything is in force.
    Done,
    /// It failed, and is tried again.
    Again,
    /// It failed as often as it may.
    Revoked(CommandError),
    /// It does not count: the adapter lost everything again.
    Void,
}

impl Manager {
    /// Somebody asks for power, or for a reset.
    pub(super) fn power(
        &mut self,
        id: CommandId,
        name: String,
        change: PowerChange,
    ) -> Result<(), CommandError> {
        let (adapter, a) = self.softnic(&name)?;
        if change == PowerChange::Reset && a.power.is_down() {
            return Err(CommandError::PoweredDown { name });
        }
        a.busy = true;
        self.powering.insert(adapter, id);
        self.publish(&[adapter]);
        self.effects.push_back(Effect::Power { adapter, change });
        Ok(())
    }

    /// The answer to [`Effect::Power`]. Whoever asked is answered when everything is in force again.
    pub(super) fn power_set(&mut self, id: AdapterId, result: Result<(), BackendError>) {
        let Some(a) = self.adapters.get_mut(&id) else { return };
        a.busy = false;
        self.wake = true;
        let waits = a.power.is_back();
        self.publish(&[id]);
        match result {
            Err(e) => self.answer_power(id, Err(e.into())),
            Ok(()) if waits => {}
            Ok(()) => self.answer_power(id, Ok(())),
        }
    }

    /// Answers who asked for power, if somebody did.
    pub(super) fn answer_power(&mut self, id: AdapterId, result: Result<(), CommandError>) {
        let Some(asked) = self.powering.remove(&id) else { return };
        let result = result.map(|()| Reply::Done { generation: self.generation });
        self.effects.push_back(Effect::Reply { id: asked, result });
    }

    /// An adapter lost its queues, or has them again.
    pub(super) fn powered(&mut self, id: AdapterId, change: PowerChange) {
        let named = self.powering.contains_key(&id);
        let Some(a) = self.adapters.get_mut(&id) else { return };
        let kind = match (change, a.power.phase) {
            (PowerChange::Off, Phase::Up | Phase::Back) => EventKind::AdapterPoweredDown {},
            (PowerChange::On, Phase::Down) => EventKind::AdapterPoweredUp {},
            (PowerChange::Reset, Phase::Up | Phase::Back) => EventKind::AdapterReset {},
            // Nothing that is new.
            (PowerChange::Off | PowerChange::Reset, Phase::Down) | (PowerChange::On, _) => return,
        };
        let name = a.facts.name.clone();
        let again = a.power.is_back();
        // What was half done is no more.
        a.back = None;
        if change == PowerChange::Off {
            a.power = Power { phase: Phase::Down, ..Power::default() };
        } else {
            a.power = Power { phase: Phase::Back, tries: 0, named: named || a.power.named };
            a.drift.lost_everything();
        }
        self.interrupt(id);
        self.publish(&[id]);
        self.tell(Some((id, &name)), kind);
        if again && change == PowerChange::Off {
            // Who waits for the replay would wait for the next power.
            self.answer_power(id, Err(CommandError::PowerLost { name }));
        }
    }

    /// What its settings say is brought to an adapter that lost everything.
    pub(super) fn replay(&mut self, id: AdapterId, mut member: Member) {
        let Some(a) = self.adapters.get_mut(&id) else { return };
        if let Some(error) = member.error.clone() {
            // It cannot even be planned, and another try would not change that.
            a.power = Power::default();
            self.report(id, error.to_string(), true);
            return self.answer_power(id, Err(error));
        }
        if !member.has_steps() && a.degraded.is_none() {
            a.target.clone_from(&member.target);
            return self.needs_no_replay(id);
        }
        a.power.tries += 1;
        member.replays = true;
        self.begin_by_itself(member);
    }

    /// An adapter cannot be read: where something is to be replayed, that is a try that failed.
    pub(super) fn unreadable(&mut self, id: AdapterId, because: String) {
        let Some(a) = self.adapters.get_mut(&id).filter(|a| a.power.is_back()) else { return };
        a.power.tries += 1;
        if a.power.tries < TRIES && a.degraded.is_none() {
            return a.drift.hear_break();
        }
        let error = CommandError::Revoked { name: a.facts.name.clone(), tries: a.power.tries, because };
        let because = error.to_string();
        let name = a.facts.name.clone();
        a.power = Power::default();
        let known = a.degraded.replace(because.clone()).is_some();
        self.publish(&[id]);
        if !known {
            self.tell(Some((id, &name)), EventKind::AdapterDegraded { because });
        }
        self.answer_power(id, Err(error));
    }

    /// Whether what an adapter lost is to be put in force again. Where a person asked for the event it always is; what
    /// nobody asked for is only told about where that is the policy, or while the adapter is `held`: the daemon only
    /// observes, or a change waits to be confirmed. With [`Policy::Adopt`] too it is put in force: an adapter without its
    /// settings is nobody's choice.
    pub(super) fn replays(&self, id: AdapterId, held: bool) -> bool {
        let replays = |a: &Adapter| {
            let allowed = !held && a.settings.drift.value != Policy::Report;
            a.power.is_back() && (a.power.named || allowed)
        };
        self.adapters.get(&id).is_some_and(replays)
    }

    /// What an adapter lost is not replayed, if it lost anything: it is one like any other again. Whether it had.
    pub(super) fn forgo_replay(&mut self, id: AdapterId) -> bool {
        let Some(a) = self.adapters.get_mut(&id).filter(|a| a.power.is_back()) else { return false };
        a.power = Power::default();
        self.answer_power(id, Ok(()));
        true
    }

    /// There is nothing to replay, or nothing that may be.
    pub(super) fn needs_no_replay(&mut self, id: AdapterId) {
        if let Some(a) = self.adapters.get_mut(&id) {
            a.power = Power::default();
        }
        self.publish(&[id]);
        self.answer_power(id, Ok(()));
    }
}

/// What the end of a group means for the replay that it was.
pub(super) fn ended(a: &Adapter, m: &Member) -> Replay {
    if a.power.is_down() || a.drift.has_broken() || matches!(m.error, Some(CommandError::PowerLost { .. })) {
        return Replay::Void;
    }
    if m.succeeded() {
        return Replay::Done;
    }
    if a.power.tries < TRIES && a.degraded.is_none() {
        return Replay::Again;
    }
    let because = m.error.as_ref().map(ToString::to_string).unwrap_or_default();
    Replay::Revoked(CommandError::Revoked { name: m.name.clone(), tries: a.power.tries, because })
}

/// What was done, in its order, with what repeats said once.
pub(super) fn told(steps: &[Step]) -> String {
    let mut runs: Vec<(String, u32)> = Vec::new();
    for step in steps {
        let word = match &step.op {
            Op::Home { .. } => "queue homes".into(),
            Op::SetKey(_) => "hash key".into(),
            Op::WriteTable(_) => "whole table".into(),
            Op::ResetTable => "whole table, the driver's own".into(),
            Op::VPort { id, .. } => alloc::format!("VPort {id}"),
            op => op.to_string(),
        };
        match runs.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => runs.push((word, 1)),
        }
    }
    let words = runs.into_iter().map(|(word, count)| match word.as_str() {
        "queue homes" => alloc::format!("{count} {word}"),
        _ => word,
    });
    words.collect::<Vec<String>>().join(", ")
}

impl super::drift::Drift {
    /// A reset, or power that was off: everything is read again and sent again.
    fn lost_everything(&mut self) {
        self.table = crate::driver::TableState::Stale;
        self.forget();
        self.hear_break();
    }

    /// Another try.
    pub(super) fn hear_break(&mut self) {
        self.hear_of(Hint::Link, true);
    }
}
