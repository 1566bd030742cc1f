//! A member of a transaction group: what is done to one adapter, and how it goes.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::device::{BackendError, Device, Op};
use crate::ids::{AdapterId, CpuId};
use crate::manager::adapter::{Runtime, changes};
use crate::manager::command::{AdapterResult, CommandError, Status};
use crate::manager::saved::SavedAdapter;
use crate::place::Target;
use crate::plan::Step;
use crate::preflight::Finding;
use crate::settings::Settings;

/// Where a member is.
#[derive(Debug)]
pub(super) enum Stage {
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
pub(in crate::manager) struct Member {
    pub(in crate::manager) id: AdapterId,
    pub(in crate::manager) key: String,
    pub(in crate::manager) name: String,
    /// The bond or team that it is a port of.
    pub(super) team: Option<String>,
    pub(in crate::manager) before: Device,
    /// The last state that was whole, to which a failure goes back.
    pub(in crate::manager) whole: Device,
    pub(in crate::manager) settings_before: Settings,
    pub(in crate::manager) settings_after: Settings,
    pub(in crate::manager) saved_after: Option<SavedAdapter>,
    pub(in crate::manager) runtime_after: Runtime,
    pub(in crate::manager) managed_after: bool,
    pub(in crate::manager) target: Option<Target>,
    pub(in crate::manager) error: Option<CommandError>,
    /// Why the adapter is only brought back to its last whole state, instead of what its settings say.
    pub(in crate::manager) instead: Option<CommandError>,
    /// Operations that failed, and how.
    pub(in crate::manager) failures: Vec<(String, String)>,
    /// As last read.
    pub(in crate::manager) device: Device,
    /// The processors that the profile chose.
    pub(in crate::manager) assigned: Vec<CpuId>,
    pub(super) steps: Vec<Step>,
    /// Steps that are left for a restart.
    pub(in crate::manager) pending: Vec<Step>,
    pub(super) refusals: Vec<CommandError>,
    pub(super) findings: Vec<Finding>,
    /// Whether a person's request names the adapter.
    pub(in crate::manager) named: bool,
    /// Whether something else than the device changes.
    pub(super) changed: bool,
    /// Whether the adapter may be in another state than was last read.
    pub(super) doubtful: bool,
    /// Whether something failed because the interface was closed, and whether something failed otherwise.
    pub(super) down: bool,
    pub(super) refused: bool,
    /// Whether the adapter lost everything that was done to it, and its plan is for what is no more.
    pub(super) interrupted: bool,
    /// Whether it brings back what an event lost.
    pub(in crate::manager) replays: bool,
    /// Whether it only takes back what an earlier run left open.
    pub(in crate::manager) recovers: bool,
    pub(super) stage: Stage,
}

/// Everything that a member is made of; its plan is either there or the reason why not.
pub(in crate::manager) struct Draft {
    pub(in crate::manager) id: AdapterId,
    pub(in crate::manager) key: String,
    pub(in crate::manager) name: String,
    pub(in crate::manager) team: Option<String>,
    pub(in crate::manager) before: Device,
    pub(in crate::manager) whole: Device,
    pub(in crate::manager) changed: bool,
    pub(in crate::manager) doubtful: bool,
    pub(in crate::manager) named: bool,
    pub(in crate::manager) instead: Option<CommandError>,
    pub(in crate::manager) settings_before: Settings,
    pub(in crate::manager) settings_after: Settings,
    pub(in crate::manager) saved_after: Option<SavedAdapter>,
    pub(in crate::manager) runtime_after: Runtime,
    pub(in crate::manager) managed_after: bool,
    pub(in crate::manager) findings: Vec<Finding>,
    pub(in crate::manager) planned: Result<Planned, CommandError>,
}

/// What is to be done to one adapter.
pub(in crate::manager) struct Planned {
    pub(in crate::manager) target: Target,
    /// The processors that the profile chose, also where those of the target are fewer until a restart.
    pub(in crate::manager) assigned: Vec<CpuId>,
    pub(in crate::manager) steps: Vec<Step>,
    /// What is left for a restart.
    pub(in crate::manager) pending: Vec<Step>,
    /// Of a dry run: why it would be refused.
    pub(in crate::manager) refusals: Vec<CommandError>,
}

impl Member {
    pub(in crate::manager) fn new(d: Draft) -> Self {
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
            recovers: false,
            stage: if error.is_some() { Stage::Failed } else { Stage::Ready },
            error,
        }
    }

    pub(in crate::manager) fn fail(&mut self, error: CommandError) {
        self.error = Some(error);
        self.stage = Stage::Failed;
    }

    /// Whether it failed for no other reason than that somebody closed the interface.
    pub(in crate::manager) const fn is_closed(&self) -> bool {
        self.down && !self.refused
    }

    /// Whether anything failed because somebody closed the interface.
    pub(in crate::manager) const fn met_closed(&self) -> bool {
        self.down
    }

    pub(super) fn note<T>(&mut self, result: &Result<T, BackendError>) {
        match result {
            Ok(_) => {}
            Err(BackendError::Down(_)) => self.down = true,
            Err(_) => self.refused = true,
        }
    }

    /// The adapter lost everything that was set, so nothing of the change is there, and nothing of what was before.
    pub(super) fn lose_power(&mut self) {
        self.device.clone_from(&self.whole);
        self.doubtful = false;
        self.fail(CommandError::PowerLost { name: self.name.clone() });
    }

    /// What it does, in order.
    pub(in crate::manager) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The operation under way.
    pub(super) fn running(&self) -> Option<&Op> {
        match &self.stage {
            Stage::Forward(left) | Stage::Back(left) => left.front(),
            _ => None,
        }
    }

    pub(in crate::manager) const fn has_failed(&self) -> bool {
        matches!(self.stage, Stage::Failed)
    }

    /// Whether a dry run found that it would be refused.
    pub(in crate::manager) const fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    pub(in crate::manager) const fn has_steps(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Of the way back from a checkpoint: to be as before is what was wanted, however it came to be.
    pub(in crate::manager) fn back_is_success(&mut self) {
        if self.has_failed() && self.is_whole() {
            self.error = None;
            self.stage = Stage::Succeeded;
        }
    }

    /// Notes that the real run would be refused, where nothing says so yet.
    pub(in crate::manager) fn would_be_refused(&mut self, error: CommandError) {
        if !self.is_refused() {
            self.refusals.push(error);
        }
    }

    pub(in crate::manager) const fn succeeded(&self) -> bool {
        matches!(self.stage, Stage::Succeeded)
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Succeeded | Stage::Failed)
    }

    pub(super) const fn is_at_work(&self) -> bool {
        !self.is_over() && !matches!(self.stage, Stage::Ready | Stage::Recalled)
    }

    pub(super) fn is_back(&self) -> bool {
        self.whole.difference(&self.device).is_none()
    }

    /// Whether the adapter is in a state that was meant: the new one, or the one before. False only after a failure.
    pub(in crate::manager) fn is_whole(&self) -> bool {
        let lost = matches!(self.error, Some(CommandError::Degraded { .. }));
        self.succeeded() || (!lost && !self.doubtful && self.is_back())
    }

    /// Ends a member because of something that happened elsewhere, and has it taken back if it was changed.
    pub(super) fn recall(&mut self, error: CommandError) {
        let changed = self.succeeded() && (!self.steps.is_empty() || !self.is_back());
        self.fail(error);
        if changed {
            self.stage = Stage::Recalled;
        }
    }

    /// Something did not work: the way back begins with a look.
    pub(super) fn lose(&mut self, what: String, how: String) {
        let because = alloc::format!("{what}: {how}");
        self.failures.push((what, how));
        self.error = Some(CommandError::RolledBack { because });
        self.stage = Stage::Lost;
    }

    /// The way back does not work either.
    pub(super) fn degrade(&mut self, what: String, how: String) {
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
    pub(super) fn begin(&mut self) {
        self.stage = match self.stage {
            Stage::Ready if self.steps.is_empty() && self.doubtful => Stage::Check,
            Stage::Ready if self.steps.is_empty() => Stage::Succeeded,
            Stage::Ready => Stage::Forward(self.steps.iter().map(|s| s.op.clone()).collect()),
            _ => Stage::Lost,
        };
    }

    /// The member's result, as it stands.
    pub(in crate::manager) fn result(&self, dry_run: bool) -> AdapterResult {
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
