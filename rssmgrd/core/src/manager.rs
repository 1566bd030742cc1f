//! The owner's logic as a machine without I/O: inputs in, effects out, time passed in.
//!
//! The shell calls [`Manager::handle`] with everything that happens and executes what [`Manager::poll`] gives, in
//! order. A change to adapters is a transaction: the open transaction is saved, the steps run, the result is read back
//! and compared, the settings are saved, the new state is published, the caller gets its answer. Whatever is
//! acknowledged has been made durable before; a run that ends in between is taken back by the next one.
//!
//! Rooms: `queue` (who waits for whom), `start` (what a command means), `build` (placing, planning), `group` (the
//! transaction), `checkpoint` (changes that wait to be confirmed), `guard` (when nothing is changed), `outcome` (what it
//! came to, for readers and listeners), `drift` (what others change), `power` (what resets lose), `arrive`, `identity`,
//! `softnic`, `save`.

mod adapter;
mod arrive;
mod build;
mod checked;
mod checkpoint;
mod command;
mod drift;
mod effect;
mod group;
mod guard;
mod identity;
mod outcome;
mod power;
mod queue;
mod save;
mod saved;
mod selector;
mod softnic;
mod start;
mod view;
mod vport;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use checkpoint::{Checkpoint, CheckpointAction, CheckpointId, CheckpointPart, CheckpointView};
pub use command::{AdapterResult, Caller, Change, Command, CommandError, CommandId, Options, Reply, Status};
pub use effect::{Created, Effect, Input, Notice, PowerChange, SaveId, Unusable};
pub use group::GroupId;
pub use guard::{BootGuard, Gateway, ObserveOnly};
pub use identity::Identity;
pub use saved::{GivenUp, OpenTransaction, SavedAdapter, SavedSoftnic, SavedState};
pub use selector::{Selector, glob, is_glob};
pub use view::{
    AdapterFacts, AdapterState, AdapterView, Config, Kind, Matcher, Rule as ConfigRule, Snapshot,
    SoftnicView, Verified,
};
pub use vport::{VPortChange, VPortError, VPortView, VPortWish, remedy};

use crate::drift::Suspects;
use crate::hash::HashKey;
use crate::ids::{AdapterId, Generation, Moment};
use crate::scaling::MoveResults;
use crate::topology::Topology;
use adapter::Adapter;
use drift::Look;
use group::Group;
use queue::Waiting;
use save::{Durable, Purpose, Saving};
use softnic::{Deleting, SourceChange};

/// What a machine starts from.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The time of the start.
    pub now: Moment,
    /// The kernel's id of this boot; empty where it has none.
    pub boot: String,
    /// Why nothing is to be changed, if so.
    pub observe: Option<ObserveOnly>,
    /// The user who may change things besides root.
    pub owner_uid: u32,
    /// The host's boot key, where it has one.
    pub boot_key: Option<HashKey>,
    /// The configuration.
    pub config: Config,
    /// What an earlier run saved.
    pub saved: SavedState,
    /// How often managed interfaces are read although nothing was told, in ns; `None`: never.
    pub poll_ns: Option<u64>,
}

/// The machine.
#[derive(Debug)]
pub struct Manager {
    /// The time of the latest input.
    now: Moment,
    boot: String,
    /// Whether this is the first run of its boot.
    first_of_boot: bool,
    /// Adapters that were there in this run.
    seen: BTreeSet<String>,
    observe: Option<ObserveOnly>,
    owner_uid: u32,
    boot_key: Option<HashKey>,
    config: Config,
    saved: SavedState,
    adapters: BTreeMap<AdapterId, Adapter>,
    next_adapter: u32,
    groups: BTreeMap<GroupId, Group>,
    next_group: u64,
    waiting: VecDeque<Waiting>,
    /// Whether something that waits may be able to go on.
    wake: bool,
    /// Software NICs being created, and who asked; nobody for those that were saved.
    creating: BTreeMap<String, Option<CommandId>>,
    /// Saved software NICs that have not come yet, in the order in which they come, and those that wait for one before
    /// them.
    restoring: VecDeque<(String, Option<Making>)>,
    /// Software NICs that exist but are not durable yet.
    unsaved: BTreeMap<String, (CommandId, Box<Created>)>,
    /// Software NICs being deleted: what to put back if that cannot be saved.
    deleting: BTreeMap<String, Deleting>,
    /// New sources being set.
    sources: BTreeMap<AdapterId, SourceChange>,
    /// Who asked for power or a reset of an adapter that is not as it should be yet.
    powering: BTreeMap<AdapterId, CommandId>,
    /// What became of the moves of commands that are under way.
    moved: BTreeMap<CommandId, MoveResults>,
    /// Commands answered when the group that follows an arrival has ended.
    reply_after: BTreeMap<AdapterId, CommandId>,
    failed_softnics: BTreeMap<String, String>,
    saving: Saving,
    durable: Durable,
    /// Checkpoints that are being taken back because their time is over.
    expired: BTreeSet<CheckpointId>,
    generation: Generation,
    effects: VecDeque<Effect>,
    /// Adapters that are being read because something was told.
    looks: BTreeMap<AdapterId, Look>,
    poll_ns: Option<u64>,
    /// When all managed interfaces were read last.
    looked_at: Moment,
    suspects: Suspects,
    /// The machine, once it has changed.
    machine: Option<Arc<Topology>>,
    /// Interfaces in other network namespaces, as they were when they went.
    away: BTreeMap<AdapterId, Arc<AdapterView>>,
}

/// What came of making a software NIC.
type Making = Result<Box<Created>, Unusable>;

impl Manager {
    /// A machine that starts from what an earlier run left.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let Setup { now, boot, observe, owner_uid, boot_key, config, mut saved, poll_ns } = setup;
        let guarded = saved.guard.clone();
        let (first_of_boot, enough) = guard::inherit(&mut saved, &boot);
        if first_of_boot {
            // What was to go back is lost already.
            saved.adapters.values_mut().for_each(|s| s.gives_back.clear());
        }
        let noted = first_of_boot || saved.guard != guarded;
        let observe = observe.or(enough.then_some(ObserveOnly::BootGuard));
        let waited = saved.checkpoints.clone();
        let undone = match observe {
            // What waits to be confirmed waits for a run that may change something.
            Some(_) => Vec::new(),
            None => checkpoint::inherit(&mut saved, &boot, now),
        };
        let durable = Durable::of(&saved);
        let mut m = Self {
            now,
            boot,
            first_of_boot,
            seen: BTreeSet::new(),
            observe,
            owner_uid,
            boot_key,
            config,
            saved,
            adapters: BTreeMap::new(),
            next_adapter: 1,
            groups: BTreeMap::new(),
            next_group: 1,
            waiting: VecDeque::new(),
            wake: false,
            creating: BTreeMap::new(),
            restoring: VecDeque::new(),
            unsaved: BTreeMap::new(),
            deleting: BTreeMap::new(),
            sources: BTreeMap::new(),
            powering: BTreeMap::new(),
            moved: BTreeMap::new(),
            reply_after: BTreeMap::new(),
            failed_softnics: BTreeMap::new(),
            saving: Saving::default(),
            durable,
            expired: BTreeSet::new(),
            generation: Generation(0),
            effects: VecDeque::new(),
            looks: BTreeMap::new(),
            poll_ns,
            looked_at: now,
            suspects: Suspects::new(),
            machine: None,
            away: BTreeMap::new(),
        };
        for nic in m.saved.softnics.clone() {
            m.creating.insert(nic.name.clone(), None);
            m.restoring.push_back((nic.name.clone(), None));
            m.effects.push_back(Effect::Create { name: nic.name, options: nic.options, restored: true });
        }
        m.publish(&[]);
        m.tell_observing();
        for one in undone {
            m.tell_undone(one);
        }
        if noted || m.saved.checkpoints != waited {
            m.save(Purpose::Noted);
            m.flush();
        }
        m
    }

    /// Takes one input, and the time at which it comes. Time that goes backwards is taken to stand still.
    pub fn handle(&mut self, now: Moment, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Command { id, caller, command } => self.command(id, caller, command),
            Input::Withdraw { id } => self.withdraw(id),
            Input::Ran { group, adapter, result } => {
                self.answers(adapter);
                self.expect_echo(adapter, &result);
                self.ran(group, adapter, result);
            }
            Input::Observed { group, adapter, result } => {
                self.answers(adapter);
                if self.end_look(group, adapter) {
                    self.looked(adapter, result);
                } else {
                    self.observed(group, adapter, result);
                }
            }
            Input::Saved { save, result } => self.save_answered(save, &result),
            Input::Created { name, result } => self.created(name, result),
            Input::SourceSet { adapter, result } => self.source_set(adapter, result),
            Input::PowerSet { adapter, result } => self.power_set(adapter, result),
            Input::Kernel(notice) => self.notice(notice),
            Input::Ending => self.ending(),
            Input::Timer => {}
        }
        self.expire();
        self.tick();
        self.start_waiting();
        self.start_looks();
        self.flush();
    }

    /// When [`Input::Timer`] is due next; `None` while nothing waits for a time. To be asked again after every input.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        [self.next_look(), self.next_rollback()].into_iter().flatten().min()
    }

    /// The next effect to execute, if there is one.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Whether nothing is under way, apart from commands that wait for just that.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.groups.is_empty()
            && self.creating.is_empty()
            && self.sources.is_empty()
            && self.powering.is_empty()
            && self.saving.is_idle()
            && self.looks_are_through()
            && self.waiting.iter().all(Waiting::is_for_settling)
    }

    /// The state as readers see it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            generation: self.generation,
            rss_on: self.durable.rss_on,
            adapters: self
                .adapters
                .iter()
                .map(|(id, a)| (*id, &a.view))
                .chain(self.away.iter().map(|(id, v)| (*id, v)))
                .map(|(id, view)| (id, Arc::clone(view)))
                .collect(),
            softnics: self
                .durable
                .softnics
                .iter()
                .map(|s| SoftnicView {
                    name: s.name.clone(),
                    options: s.options.clone(),
                    error: self.failed_softnics.get(&s.name).cloned(),
                })
                .collect(),
            config_files: self.config.files.clone(),
            checkpoints: self.checkpoint_views(),
            observe: self.observe,
        }
    }

    /// What is to be durable now.
    #[must_use]
    pub const fn saved_state(&self) -> &SavedState {
        &self.saved
    }

    /// Publishes the present state, with new views of the adapters that changed.
    fn publish(&mut self, changed: &[AdapterId]) {
        self.generation.0 += 1;
        for id in changed {
            if let Some(a) = self.adapters.get_mut(id) {
                a.refresh(*id, self.generation);
            }
        }
        let snapshot = Arc::new(self.snapshot());
        self.effects.push_back(Effect::Publish(snapshot));
    }
}
