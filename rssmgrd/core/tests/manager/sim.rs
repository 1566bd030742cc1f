//! Executes the manager's effects on the world, gives the answers back in any order, and checks every effect as it
//! comes.

mod checks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rssmgr_core::device::{Device, Op};
use rssmgr_core::drift::Hint;
use rssmgr_core::event::{Event, EventKind};
use rssmgr_core::field::Field;
use rssmgr_core::hash::HashKey;
use rssmgr_core::ids::Processor;
use rssmgr_core::manager::{
    AdapterResult, AdapterState, Caller, Command, CommandError, CommandId, Effect, Input, Manager, Notice,
    OpenTransaction, Options, PowerChange, Reply, Setup, Snapshot, Status,
};
use rssmgr_core::topology::Topology;
use rssmgr_core::{AdapterId, CpuId, Generation};

use crate::model::Kept;
use crate::rng::Rng;
use crate::world::World;

/// The user who may change things besides root.
pub(crate) const OWNER: u32 = 1000;

fn tracing() -> bool {
    static ON: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ON.get_or_init(|| std::env::var_os("RSSMGR_TRACE").is_some())
}

/// More effects than any sequence here can need.
const ENOUGH: u32 = 20_000;

pub(crate) struct Sim {
    pub(crate) m: Manager,
    pub(crate) w: World,
    pub(crate) rng: Rng,
    pub(crate) answers: Vec<Input>,
    pub(crate) outstanding: BTreeMap<CommandId, (Caller, Command)>,
    /// The adapters that were there and meant when a request was made.
    claims: BTreeMap<CommandId, BTreeSet<String>>,
    pub(crate) replies: BTreeMap<CommandId, Result<Reply, CommandError>>,
    /// What was acknowledged, by adapter key.
    pub(crate) model: BTreeMap<String, Kept>,
    /// What waits to be confirmed, by checkpoint and adapter key.
    pub(crate) unconfirmed: BTreeMap<u64, BTreeMap<String, Kept>>,
    pub(crate) snapshot: Option<Arc<Snapshot>>,
    pub(crate) runs: u32,
    pub(crate) saves: u32,
    pub(crate) crashes: u64,
    /// Whether answers come in the order in which they became due.
    pub(crate) in_order: bool,
    /// Whether a crash is tried after every effect that changes something outside.
    pub(crate) crash: bool,
    /// What the last crash left.
    pub(crate) crashed: Option<World>,
    pub(crate) effects: u32,
    /// Whether others change adapters too, so that what requests left is not all that may be there.
    pub(crate) meddled: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) ops: Vec<Op>,
    next: u64,
    /// Adapters with an operation or a reading under way.
    at_work: BTreeSet<AdapterId>,
    saving: bool,
    /// All that was ever durable of what readers see.
    durable: Vec<Shown>,
    tables: BTreeMap<AdapterId, Vec<Option<Processor>>>,
    used: BTreeMap<AdapterId, BTreeSet<Processor>>,
    told: BTreeMap<(AdapterId, String), String>,
    degraded: BTreeSet<AdapterId>,
    failed: BTreeSet<AdapterId>,
    /// What happened, when `RSSMGR_TRACE` is set.
    trace: Option<Vec<String>>,
}

fn note(trace: &mut Option<Vec<String>>, text: impl FnOnce() -> String) {
    if let Some(t) = trace {
        t.push(text());
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in self.trace.iter().flatten() {
                println!("  {line}");
            }
        }
    }
}

impl Sim {
    /// A daemon that starts: every interface is announced.
    pub(crate) fn start(w: World, rng: Rng) -> Self {
        let m = Manager::new(Setup {
            now: w.now,
            boot: w.boot.clone(),
            observe: w.observe,
            owner_uid: OWNER,
            boot_key: Some(HashKey::microsoft()),
            config: w.config.clone(),
            saved: w.durable.clone(),
            ..Setup::default()
        });
        let first = w.shown();
        let mut s = Self {
            m,
            w,
            rng,
            answers: Vec::new(),
            outstanding: BTreeMap::new(),
            claims: BTreeMap::new(),
            replies: BTreeMap::new(),
            model: BTreeMap::new(),
            unconfirmed: BTreeMap::new(),
            snapshot: None,
            runs: 0,
            saves: 0,
            crashes: 0,
            in_order: false,
            crash: false,
            crashed: None,
            effects: 0,
            meddled: false,
            events: Vec::new(),
            ops: Vec::new(),
            next: 1,
            at_work: BTreeSet::new(),
            saving: false,
            durable: vec![first],
            tables: BTreeMap::new(),
            used: BTreeMap::new(),
            told: BTreeMap::new(),
            degraded: BTreeSet::new(),
            failed: BTreeSet::new(),
            trace: tracing().then(Vec::new),
        };
        for key in s.w.durable.adapters.keys() {
            s.model.insert(key.clone(), Kept::of(&s.w.durable, key));
        }
        let present = s.w.nics.values().filter(|n| n.present);
        s.answers = present.map(|n| Input::Kernel(Notice::Arrived(Box::new(n.arrival())))).collect();
        s
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        note(&mut self.trace, text);
    }

    pub(crate) fn generation(&self) -> Generation {
        self.snapshot.as_ref().map_or(Generation(0), |s| s.generation)
    }

    pub(crate) fn ask(&mut self, caller: Caller, command: Command) -> CommandId {
        let id = CommandId(self.next);
        self.next += 1;
        self.note(|| format!("ask {} by {}: {command:?}", id.0, caller.uid));
        if let Command::Reload(config) = &command {
            self.w.config = config.clone();
            self.crashed = None;
        }
        self.outstanding.insert(id, (caller.clone(), command.clone()));
        let there = self.snapshot.iter().flat_map(|s| s.adapters.values()).map(|v| v.facts.name.clone());
        let there = there.filter(|n| self.w.by_name(n).is_some_and(|nic| nic.present));
        let patterns = selector_of(&command).unwrap_or_default();
        let means = |p: &String, n: &String| p == n || p == "*" || (p == "k*" && n.starts_with('k'));
        let meant: BTreeSet<String> = there.filter(|n| patterns.iter().any(|p| means(p, n))).collect();
        // A name that does not exist ends a request at once.
        if patterns.iter().all(|p| p.contains('*') || meant.contains(p)) {
            self.claims.insert(id, meant);
        }
        self.m.handle(self.w.now, Input::Command { id, caller, command });
        id
    }

    pub(crate) fn ask_root(&mut self, command: Command) -> CommandId {
        self.ask(Caller::default(), command)
    }

    /// Asks as root and waits until nothing is under way: the answer, or why it failed for all adapters or for one.
    pub(crate) fn asked(&mut self, command: Command) -> Result<Reply, CommandError> {
        let id = self.ask_root(command);
        self.settle();
        let reply = self.replies.remove(&id).expect("an answer")?;
        match &reply {
            Reply::Adapters { results, .. } => match results.iter().find_map(|r| r.error.clone()) {
                Some(error) => Err(error),
                None => Ok(reply),
            },
            _ => Ok(reply),
        }
    }

    /// An interface goes, with whatever state it is in.
    pub(crate) fn unplug(&mut self, key: &str) {
        self.execute();
        let nic = self.w.nics.get_mut(key).unwrap();
        let id = nic.id.or(nic.away.take());
        self.leaves(key);
        if let Some(id) = id {
            note(&mut self.trace, || format!("unplug {key} {id}"));
            self.at_work.remove(&id);
            self.m.handle(self.w.now, Input::Kernel(Notice::Gone { adapter: id }));
        }
    }

    pub(crate) fn plug(&mut self, key: &str) {
        let nic = self.w.nics.get_mut(key).unwrap();
        if !nic.present {
            nic.present = true;
            nic.away = None;
            note(&mut self.trace, || format!("plug {key}"));
            let arrival = Notice::Arrived(Box::new(nic.arrival()));
            self.m.handle(self.w.now, Input::Kernel(arrival));
        }
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.note(|| format!("  {input:?}").chars().take(160).collect());
        self.m.handle(self.w.now, input);
    }

    /// Somebody else changes an interface, and the kernel tells.
    pub(crate) fn others(&mut self, key: &str, hint: Hint, broke: bool, f: impl FnOnce(&mut Device)) {
        self.meddled = true;
        let nic = self.w.nics.get_mut(key).unwrap();
        if !nic.present {
            return;
        }
        f(&mut nic.device);
        match nic.id {
            Some(adapter) => self.handle(Input::Kernel(Notice::Changed { adapter, hint, broke })),
            None => nic.changed = true,
        }
    }

    /// Whether readers see a change of this adapter wait to be confirmed. The file does not tell: it may hold a change that was
    /// given up, because that could not be saved.
    pub(crate) fn held(&self, key: &str) -> bool {
        let holds = |name: &String| self.w.nics.get(key).is_some_and(|n| n.facts.name == *name);
        self.snapshot.iter().flat_map(|s| &s.checkpoints).any(|c| c.adapters.iter().any(holds))
    }

    /// An adapter loses its power, has it again or is reset, and nobody asked for it.
    pub(crate) fn switch(&mut self, key: &str, change: PowerChange) {
        self.meddled = true;
        self.execute();
        let nic = &self.w.nics[key];
        let Some(adapter) = nic.id.filter(|_| nic.present) else { return };
        let held = self.held(key);
        if self.w.switch(key, change, held) {
            self.handle(Input::Kernel(Notice::Power { adapter, change }));
        }
    }

    /// An interface is moved to another network namespace.
    pub(crate) fn move_away(&mut self, key: &str) {
        self.meddled = true;
        self.execute();
        let Some(id) = self.w.nics[key].id else { return };
        self.leaves(key);
        self.w.nics.get_mut(key).unwrap().away = Some(id);
        self.at_work.remove(&id);
        self.handle(Input::Kernel(Notice::Away { adapter: id }));
    }

    /// It comes back; its link was taken down by the move.
    pub(crate) fn come_back(&mut self, key: &str) {
        let nic = self.w.nics.get_mut(key).unwrap();
        if nic.away.take().is_some() {
            nic.present = true;
            let arrival = Notice::Plugged(Box::new(nic.arrival()));
            self.handle(Input::Kernel(arrival));
        }
    }

    /// CPUs come or go.
    pub(crate) fn machine(&mut self, now: &Arc<Topology>) {
        self.meddled = true;
        self.w.nics.values_mut().filter(|n| n.is_kernel()).for_each(|n| n.topology = Arc::clone(now));
        self.handle(Input::Kernel(Notice::Topology(Arc::clone(now))));
    }

    /// An interface is not there any more; what it was when it was announced counts no longer.
    fn leaves(&mut self, key: &str) {
        let nic = self.w.nics.get_mut(key).unwrap();
        nic.present = false;
        nic.powered = true;
        nic.id = None;
        let name = nic.facts.name.clone();
        for (id, claim) in &mut self.claims {
            claim.remove(&name);
            // Who named it is refused, and so stands in nobody's way.
            let named = self.outstanding.get(id).and_then(|(_, c)| selector_of(c));
            if named.is_some_and(|patterns| patterns.contains(&name)) {
                claim.clear();
            }
        }
        let of_it = |i: &Input| matches!(i, Input::Kernel(Notice::Arrived(c)) if c.facts.key == key);
        self.answers.retain(|i| !of_it(i));
    }

    /// Executes all effects that there are.
    pub(crate) fn execute(&mut self) {
        while self.step() {}
    }

    /// Executes one effect.
    pub(crate) fn step(&mut self) -> bool {
        let Some(effect) = self.m.poll() else { return false };
        self.effects += 1;
        assert!(self.effects < ENOUGH, "does not settle");
        self.note(|| match &effect {
            Effect::Publish(s) => format!("publish {}", s.generation),
            e => format!("{e:?}").chars().take(400).collect(),
        });
        self.effect(effect);
        true
    }

    /// Gives one of the answers that are due.
    pub(crate) fn answer(&mut self) -> bool {
        if self.answers.is_empty() {
            return false;
        }
        let i = if self.in_order { 0 } else { self.rng.below(self.answers.len()) };
        let input = self.answers.remove(i);
        self.note(|| format!("  {input:?}").chars().take(160).collect());
        match &input {
            Input::Ran { adapter, .. }
            | Input::Observed { adapter, .. }
            | Input::PowerSet { adapter, .. } => {
                self.at_work.remove(adapter);
            }
            Input::Saved { .. } => self.saving = false,
            _ => {}
        }
        self.m.handle(self.w.now, input);
        true
    }

    /// Time passes; the alarm rings when it is due.
    pub(crate) fn pass(&mut self, ns: u64) {
        self.w.now = self.w.now.after(ns);
        self.note(|| format!("time passes: {ns} ns"));
        if self.m.deadline().is_some_and(|at| at <= self.w.now) {
            self.m.handle(self.w.now, Input::Timer);
        }
    }

    /// Lets everything come to rest.
    pub(crate) fn settle(&mut self) {
        loop {
            self.execute();
            if !self.answer() {
                break;
            }
        }
        assert!(self.m.is_settled(), "waits for ever");
        if !self.meddled {
            self.check_rest();
        }
    }

    fn view_state(&self, id: AdapterId) -> Option<&AdapterState> {
        self.snapshot.as_ref()?.adapters.get(&id).map(|v| &v.state)
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Run { group, adapter, op } => {
                assert!(self.at_work.insert(adapter), "two things at once on adapter {adapter}");
                let seen = self.view_state(adapter);
                assert!(
                    matches!(
                        seen,
                        Some(
                            AdapterState::Applying
                                | AdapterState::Degraded { .. }
                                | AdapterState::Stuck { .. }
                        )
                    ),
                    "changed while readers think it rests: {seen:?}"
                );
                self.check_written_ahead(adapter);
                let result = self.w.run(&mut self.rng, adapter, &op);
                self.runs += 1;
                self.ops.push(op);
                self.answers.push(Input::Ran { group, adapter, result });
                self.try_crash();
            }
            Effect::Observe { group, adapter } => {
                assert!(self.at_work.insert(adapter), "two things at once on adapter {adapter}");
                let result = self.w.observe(&mut self.rng, adapter);
                self.answers.push(Input::Observed { group, adapter, result });
            }
            Effect::Save { save, state } => {
                assert!(!self.saving, "two saves at once");
                self.saving = true;
                let result = self.w.save(&mut self.rng, *state);
                self.durable.push(self.w.shown());
                self.saves += 1;
                self.answers.push(Input::Saved { save, result });
                self.try_crash();
            }
            Effect::Create { name, options, .. } => {
                let result = self.w.create(&mut self.rng, &name, &options);
                self.answers.push(Input::Created { name, result });
            }
            Effect::Adopted { name, adapter } => {
                let nic = self.w.nics.values_mut().find(|n| n.facts.name == name).expect("adopts what is");
                nic.id = Some(adapter);
                if core::mem::take(&mut nic.changed) && nic.present {
                    let hint = Hint::Features;
                    self.m.handle(self.w.now, Input::Kernel(Notice::Changed { adapter, hint, broke: false }));
                } else if !nic.present {
                    // It went before it had a name.
                    nic.id = None;
                    self.m.handle(self.w.now, Input::Kernel(Notice::Gone { adapter }));
                }
            }
            Effect::Delete { adapter } => {
                let before = self.w.nics.len();
                self.w.nics.retain(|_, n| n.id != Some(adapter) || n.is_kernel());
                assert_eq!(self.w.nics.len() + 1, before, "deletes one");
            }
            Effect::Discard { name } => {
                let key = self.w.by_name(&name).expect("discards what is").facts.key.clone();
                self.w.nics.remove(&key);
            }
            Effect::SetSource { adapter, source } => {
                let nic = self.w.by_id(adapter).expect("a software NIC");
                let result = if source == "bad" {
                    Err("no such source".to_string().into())
                } else {
                    nic.options.insert("source".into(), source.clone());
                    Ok(source)
                };
                self.answers.push(Input::SourceSet { adapter, result });
            }
            Effect::Power { adapter, change } => {
                assert!(self.at_work.insert(adapter), "two things at once on adapter {adapter}");
                let key = self.w.by_id(adapter).expect("a software NIC").facts.key.clone();
                let held = self.held(&key);
                if self.w.switch(&key, change, held) {
                    self.handle(Input::Kernel(Notice::Power { adapter, change }));
                }
                self.answers.push(Input::PowerSet { adapter, result: Ok(()) });
                self.try_crash();
            }
            Effect::Publish(snapshot) => self.published(snapshot),
            Effect::Emit(event) => self.told(event),
            Effect::Reply { id, result } => self.replied(id, result),
        }
    }

    fn try_crash(&mut self) {
        if self.crash {
            self.crashes += crate::crash::check(self);
        }
    }
}

/// The switch and the software NICs, as readers see them.
type Shown = (bool, Vec<(String, BTreeMap<String, String>)>);

fn shown(s: &Snapshot) -> Shown {
    (s.rss_on, s.softnics.iter().map(|n| (n.name.clone(), n.options.clone())).collect())
}

impl World {
    fn shown(&self) -> Shown {
        let softnics = self.durable.softnics.iter();
        (self.durable.rss_on, softnics.map(|n| (n.name.clone(), n.options.clone())).collect())
    }

    /// The durable state, or what is in memory where only a transaction that was closed has not reached the file.
    fn durable_or(&self, memory: &rssmgr_core::manager::SavedState) -> rssmgr_core::manager::SavedState {
        let mut d = self.durable.clone();
        if self.faults.save > 0 {
            d.open.retain(|o| memory.open.contains(o));
            // One that could not be taken back is open, which its record says too as long as it is in the file.
            let stale = d.checkpoints.extract_if(.., |c| !memory.checkpoints.contains(c));
            let parts: BTreeSet<String> = stale.flat_map(|c| c.parts.into_keys()).collect();
            let left = |o: &&OpenTransaction| parts.contains(&o.adapter) && !d.open.contains(o);
            let left: Vec<_> = memory.open.iter().filter(left).cloned().collect();
            d.open.extend(left);
            d.last_checkpoint = memory.last_checkpoint;
            d.boot.clone_from(&memory.boot);
        }
        // Their order means nothing.
        let place = |o: &OpenTransaction| memory.open.iter().position(|m| m == o);
        d.open.sort_by_key(place);
        d
    }
}

/// The CPUs that packets can reach.
fn in_use(v: &rssmgr_core::manager::AdapterView) -> Vec<CpuId> {
    let d = &v.device;
    let spread = if d.enabled { d.table.clone() } else { Vec::new() };
    spread.into_iter().chain([d.default_queue]).filter_map(|q| d.home(q)).collect()
}

fn atomic(c: &Command) -> bool {
    options_of(c).is_some_and(|o| o.atomic)
}

pub(crate) fn options_of(c: &Command) -> Option<Options> {
    options_of_mut(&mut c.clone()).cloned()
}

pub(crate) fn options_of_mut(c: &mut Command) -> Option<&mut Options> {
    match c {
        Command::Apply { options, .. }
        | Command::Reset { options, .. }
        | Command::Release { options, .. }
        | Command::Restart { options, .. }
        | Command::SetEntries { options, .. }
        | Command::VPorts { options, .. }
        | Command::MoveEntries { options, .. } => Some(options),
        _ => None,
    }
}

pub(crate) fn selector_of(c: &Command) -> Option<Vec<String>> {
    match c {
        Command::Apply { selector, .. }
        | Command::Reset { selector, .. }
        | Command::Release { selector, .. }
        | Command::Restart { selector, .. }
        | Command::SetEntries { selector, .. }
        | Command::MoveEntries { selector, .. }
        | Command::VPorts { selector, .. } => Some(selector.0.clone()),
        _ => None,
    }
}
