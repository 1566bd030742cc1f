//! What the manager is asked, and what it answers.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::checkpoint::{CheckpointAction, CheckpointId};
use super::effect::PowerChange;
use super::guard::ObserveOnly;
use super::selector::Selector;
use super::view::Config;
use super::vport::{VPortChange, VPortError};
use crate::device::{BackendError, Device, Refusal};
use crate::driver::Impact;
use crate::field::Field;
use crate::ids::{AdapterId, EntryIndex, Generation, Processor};
use crate::place::{PlaceError, Target};
use crate::plan::Step;
use crate::preflight::{Finding, Surroundings};
use crate::scaling::{MoveRequest, MoveResults};
use crate::settings::SettingsPatch;

/// A command, for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// User id.
    pub uid: u32,
    /// Process id, where known.
    pub pid: Option<u32>,
    /// Unique bus name, where there is one.
    pub bus_name: Option<String>,
}

/// How a change is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Plan only.
    pub dry_run: bool,
    /// Not persisted.
    pub runtime: bool,
    /// Only if this is still the published generation.
    pub if_generation: Option<Generation>,
    /// Worst impact allowed.
    pub allow: Impact,
    /// If one adapter fails, none is changed.
    pub atomic: bool,
    /// What would disturb more than is allowed stays pending, instead of refusing the change.
    pub no_restart: bool,
    /// The change goes back by itself unless it is confirmed within so many nanoseconds.
    pub confirm_within: Option<u64>,
    /// Whatever preflight finds in the way.
    pub force: bool,
    /// What stands around the adapters. What is not here has nothing around it.
    pub surroundings: Arc<BTreeMap<AdapterId, Surroundings>>,
    /// The local address of the connection that the caller is logged in by.
    pub login: Option<IpAddr>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dry_run: false,
            runtime: false,
            if_generation: None,
            allow: Impact::Reorder,
            atomic: false,
            no_restart: false,
            confirm_within: None,
            force: false,
            surroundings: Arc::default(),
            login: None,
        }
    }
}

impl Options {
    /// How what nobody asked for just now is done: what is harmless at once, and the rest stays pending.
    #[must_use]
    pub(super) fn automatic() -> Self {
        Self { no_restart: true, ..Self::default() }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Command {
    /// Change settings.
    Apply {
        /// Which adapters.
        selector: Selector,
        /// The new settings.
        patch: SettingsPatch,
        /// How.
        options: Options,
    },
    /// Drop the settings saved for adapters and plan anew with what is left.
    Reset {
        /// Which adapters.
        selector: Selector,
        /// How.
        options: Options,
    },
    /// Give adapters back in the state in which they were found.
    Release {
        /// Which adapters.
        selector: Selector,
        /// How.
        options: Options,
    },
    /// Set explicit table entries.
    SetEntries {
        /// Which adapters.
        selector: Selector,
        /// Entries and their processors.
        entries: BTreeMap<EntryIndex, Processor>,
        /// How.
        options: Options,
    },
    /// Move all entries of one processor to another.
    MoveEntries {
        /// Which adapters.
        selector: Selector,
        /// The processor to leave.
        from: Processor,
        /// The processor to go to.
        to: Processor,
        /// How.
        options: Options,
    },
    /// Change the VPorts of adapters.
    VPorts {
        /// Which adapters.
        selector: Selector,
        /// What to do.
        change: VPortChange,
        /// How.
        options: Options,
    },
    /// Move entries, primary and default processors of the VPorts of one adapter, as RSSv2 does.
    MoveSteering {
        /// Which adapter.
        selector: Selector,
        /// The moves, and who asks.
        request: MoveRequest,
        /// How.
        options: Options,
    },
    /// Take the steps that are pending.
    Restart {
        /// Which adapters.
        selector: Selector,
        /// How.
        options: Options,
    },
    /// Settle a checkpoint.
    Checkpoint {
        /// Which one; the latest without it.
        id: Option<CheckpointId>,
        /// How.
        action: CheckpointAction,
    },
    /// Turn the machine-wide switch.
    SetGlobal {
        /// RSS on or off.
        rss: bool,
    },
    /// Create a software NIC.
    CreateSoftnic {
        /// Its name.
        name: String,
        /// Its options, as typed.
        options: BTreeMap<String, String>,
    },
    /// Delete a software NIC.
    DeleteSoftnic {
        /// Its name.
        name: String,
    },
    /// Give a software NIC another traffic source.
    SetSource {
        /// Its name.
        name: String,
        /// The source, as typed.
        source: String,
    },
    /// Switch a software NIC off or on, or reset it. Answered when what that lost is in force again.
    Power {
        /// Its name.
        name: String,
        /// What is to happen.
        change: PowerChange,
    },
    /// Use a new configuration.
    Reload(Config),
    /// Answer when nothing is under way and at least this generation is published.
    Wait(Generation),
}

impl Command {
    /// Whether it is planned from what adapters are like, or would be: also where nothing is to be done.
    pub(super) const fn is_planned(&self) -> bool {
        matches!(
            self,
            Self::Apply { .. }
                | Self::Reset { .. }
                | Self::Release { .. }
                | Self::Restart { .. }
                | Self::SetEntries { .. }
                | Self::MoveEntries { .. }
                | Self::VPorts { .. }
                | Self::MoveSteering { .. }
                | Self::SetGlobal { .. }
        )
    }

    /// Whether the command changes anything, and so needs authority.
    #[must_use]
    pub fn mutates(&self) -> bool {
        match self {
            Self::Wait(_) => false,
            Self::Apply { options, .. }
            | Self::Reset { options, .. }
            | Self::Release { options, .. }
            | Self::Restart { options, .. }
            | Self::SetEntries { options, .. }
            | Self::MoveEntries { options, .. }
            | Self::VPorts { options, .. }
            | Self::MoveSteering { options, .. } => !options.dry_run,
            _ => true,
        }
    }
}

/// Why a command, or its part for one adapter, fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The caller has no authority.
    #[error("uid {uid} may not change anything: only root and uid {owner} may")]
    NotAuthorised {
        /// Who asked.
        uid: u32,
        /// Who may.
        owner: u32,
    },
    /// Nothing by that name.
    #[error("no adapter matches `{pattern}`: there {}", known_adapters(.known))]
    NoSuchAdapter {
        /// Name or glob.
        pattern: String,
        /// Names there are.
        known: Vec<String>,
    },
    /// It is in another network namespace.
    #[error(
        "`{name}` was moved to another network namespace, where nothing is changed: move it back (`ip -n NAMESPACE link \
         set {name} netns 1`) and repeat"
    )]
    Away {
        /// The name.
        name: String,
    },
    /// A name is taken.
    #[error("an adapter named `{name}` exists already: choose another name or delete it first")]
    Exists {
        /// The name.
        name: String,
    },
    /// Not a software NIC.
    #[error("`{name}` is not a software NIC")]
    NotSoftnic {
        /// The name.
        name: String,
    },
    /// A software NIC cannot be created or changed as asked.
    #[error("software NIC {name}: {reason}")]
    Softnic {
        /// The name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A file that a software NIC is to use is damaged or of the wrong format.
    #[error("software NIC {name}: {reason}")]
    BadFile {
        /// The name.
        name: String,
        /// What is wrong with the file.
        reason: String,
    },
    /// The published state has moved on.
    #[error(
        "the state has changed meanwhile (generation {asked} was asked for, {now} is in force): look again and repeat"
    )]
    Stale {
        /// Generation of the request.
        asked: u64,
        /// Generation in force.
        now: u64,
    },
    /// Settings that cannot be satisfied.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The adapter would refuse.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A change of it waits to be confirmed.
    #[error(
        "{name}: its last change goes back in {seconds} s unless it is confirmed; settle that first: `rssctl checkpoint commit {id}` or `rssctl checkpoint rollback {id}`"
    )]
    UnderCheckpoint {
        /// The adapter.
        name: String,
        /// The checkpoint.
        id: CheckpointId,
        /// Seconds left.
        seconds: u64,
    },
    /// No such checkpoint.
    #[error("{}: it was confirmed or has gone back; there {}", .id.map_or_else(|| "no checkpoint waits".into(), |id| alloc::format!("no checkpoint {id}")), known_checkpoints(.known))]
    NoSuchCheckpoint {
        /// Its number; none stands for the latest.
        id: Option<CheckpointId>,
        /// Those there are.
        known: Vec<CheckpointId>,
    },
    /// Nothing is changed at all.
    #[error("nothing is changed: {by}")]
    ObserveOnly {
        /// Why.
        by: ObserveOnly,
    },
    /// More disturbance than allowed.
    #[error("`{step}` has impact `{}` and only `{}` is allowed: repeat with --allow {}", .impact.name(), .allowed.name(), .impact.name())]
    Impact {
        /// The step in words.
        step: String,
        /// Its impact.
        impact: Impact,
        /// The worst allowed.
        allowed: Impact,
    },
    /// Something in the way of a change that stops traffic.
    #[error("`{step}` has impact `{}`, and {finding}: repeat with {} if it may be done all the same", .impact.name(), .finding.remedy().flag())]
    Preflight {
        /// The step in words.
        step: String,
        /// Its impact.
        impact: Impact,
        /// What stands in the way.
        finding: Finding,
    },
    /// No entry points where entries were to be moved from.
    #[error("no table entry points at processor {from}: `rssctl table get` shows where they point")]
    NothingToMove {
        /// The processor.
        from: Processor,
    },
    /// Something about a VPort.
    #[error("{}{why}", .name.as_ref().map(|n| alloc::format!("{n}: ")).unwrap_or_default())]
    VPort {
        /// The adapter, where that is not said anyway.
        name: Option<String>,
        /// Why.
        why: VPortError,
    },
    /// It is about one adapter.
    #[error("{count} adapters are meant, and this is about one: name it")]
    OneAdapter {
        /// How many are meant.
        count: usize,
    },
    /// Nothing to do was named.
    #[error("nothing to change: name at least one setting")]
    Empty,
    /// Saved settings could not be written; nothing was changed.
    #[error(
        "the settings could not be saved ({reason}); nothing was changed: make room or mend the state directory, and repeat"
    )]
    NotSaved {
        /// What the store says.
        reason: String,
    },
    /// The change failed and was taken back.
    #[error("{because}; the adapter is back as it was")]
    RolledBack {
        /// What failed.
        because: String,
    },
    /// The change failed and could not be taken back.
    #[error(
        "{because}; taking it back failed too ({second}): the adapter is degraded and nothing changes it automatically; repeat the request, or `rssctl reset` it, when the cause is mended"
    )]
    Degraded {
        /// What failed first.
        because: String,
        /// What failed then.
        second: String,
    },
    /// It has no power, and so no queues that anything could be done to.
    #[error(
        "{name} is powered down, and nothing is changed until it is up: `rssctl softnic power {name} on`, and repeat"
    )]
    PoweredDown {
        /// The adapter.
        name: String,
    },
    /// It lost its power, or was reset, on the way.
    #[error(
        "{name} lost its power, or was reset, in the middle of the change: nothing of the change is kept; repeat it when \
         `rssctl get {name}` shows it up"
    )]
    PowerLost {
        /// The adapter.
        name: String,
    },
    /// It was reset, and nobody knows what it is now.
    #[error(
        "{name} lost its power, or was reset, and cannot be read since ({because}): nothing is changed as long as nobody \
         knows what it is now; mend the cause and repeat the request"
    )]
    Unread {
        /// The adapter.
        name: String,
        /// Why it cannot be read.
        because: String,
    },
    /// What a reset lost could not be replayed.
    #[error(
        "RSS of {name} is revoked: {tries} tries to put in force again what a reset lost have failed, the last one so: \
         {because}. Nothing changes it automatically any more; `rssctl reset {name}` when the cause is mended"
    )]
    Revoked {
        /// The adapter.
        name: String,
        /// Tries.
        tries: u32,
        /// What failed the last time.
        because: String,
    },
    /// The backend failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// Another adapter of an atomic request failed.
    #[error("not changed, because another adapter of the same atomic request failed")]
    Atomic,
    /// Another port of the same bond or team did not come back.
    #[error(
        "not changed, because {port}, another port of {team}, was not as it should be after its change: look at that one \
         first (`rssctl get {port}`), then repeat"
    )]
    TeamMate {
        /// The bond or team.
        team: String,
        /// The other port.
        port: String,
    },
}

fn known_checkpoints(known: &[CheckpointId]) -> String {
    match known {
        [] => "are none".into(),
        ids => {
            let ids: Vec<String> = ids.iter().map(alloc::string::ToString::to_string).collect();
            alloc::format!("are {}", ids.join(", "))
        }
    }
}

fn known_adapters(known: &[String]) -> String {
    match known {
        [] => "are none; `rssctl softnic create` makes a software NIC".into(),
        names => alloc::format!("are {}", names.join(", ")),
    }
}

/// What became of one adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Dry run: this would be done.
    Planned,
    /// Done.
    Applied,
    /// It was so already.
    Unchanged,
    /// It failed; see the error.
    Failed,
}

impl Status {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

/// A setting that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The setting; `None` stands for explicit table entries.
    pub field: Option<Field>,
    /// Its value before, as text.
    pub before: String,
    /// Its value after, as text.
    pub after: String,
}

/// What a command did, or would do, to one adapter.
#[derive(Clone, Debug)]
pub struct AdapterResult {
    /// The adapter.
    pub id: AdapterId,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub status: Status,
    /// Settings that change.
    pub changes: Vec<Change>,
    /// The steps.
    pub steps: Vec<Step>,
    /// State before.
    pub before: Device,
    /// State after (planned or read back).
    pub after: Device,
    /// What was planned.
    pub target: Option<Target>,
    /// Steps that are left for a restart.
    pub pending: Vec<Step>,
    /// What preflight found around it.
    pub findings: Vec<Finding>,
    /// Of a dry run: why it would be refused.
    pub refusals: Vec<CommandError>,
    /// What went wrong.
    pub error: Option<CommandError>,
}

/// The answer to a command.
#[derive(Clone, Debug)]
pub enum Reply {
    /// To a change of adapters.
    Adapters {
        /// Generation in force.
        generation: Generation,
        /// Whether nothing was applied.
        dry_run: bool,
        /// The checkpoint that was made.
        checkpoint: Option<CheckpointId>,
        /// One element an adapter.
        results: Vec<AdapterResult>,
    },
    /// To moves.
    Moved {
        /// Generation in force.
        generation: Generation,
        /// Whether nothing was applied.
        dry_run: bool,
        /// The checkpoint that was made.
        checkpoint: Option<CheckpointId>,
        /// A status for each move, in their order.
        statuses: MoveResults,
        /// What became of the adapter.
        result: Box<AdapterResult>,
    },
    /// Done.
    Done {
        /// Generation in force.
        generation: Generation,
    },
}
