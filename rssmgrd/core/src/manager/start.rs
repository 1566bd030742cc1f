//! From a command to the group that executes it: whom it means, what their settings become, where they are placed.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::adapter::{Adapter, Runtime, replans, settings};
use super::command::{Caller, Command, CommandError, CommandId, Options, Reply};
use super::effect::{Created, Effect, Notice, SaveId};
use super::group::{Draft, Group, Member};
use super::saved::{SavedAdapter, SavedSoftnic};
use super::selector::{Selector, glob, is_glob};
use super::view::{AdapterFacts, AdapterView, Kind, Verified};
use super::{Deleting, Manager, SavePurpose, Waiting};
use crate::device::Device;
use crate::driver::Impact;
use crate::event::{Event, EventKind};
use crate::ids::{AdapterId, CpuId, EntryIndex, Generation, Processor};
use crate::place::{AdapterInput, PlaceError, Target, place};
use crate::plan::{Step, plan};
use crate::settings::{ManualTable, Settings, SettingsPatch};

/// What becomes of one adapter's settings.
#[derive(Clone, Debug)]
struct Intent {
    id: AdapterId,
    saved: Option<SavedAdapter>,
    runtime: Runtime,
    managed: bool,
    /// Back to this state instead of a placement.
    restore: Option<Device>,
}

impl Manager {
    pub(super) fn command(&mut self, id: CommandId, caller: Caller, command: Command) {
        if command.mutates() && caller.uid != 0 && caller.uid != self.owner_uid {
            let error = CommandError::NotAuthorised { uid: caller.uid, owner: self.owner_uid };
            return self.refuse(id, error);
        }
        self.waiting.push_back(Waiting { id, caller, command });
    }

    fn refuse(&mut self, id: CommandId, error: CommandError) {
        self.effects.push_back(Effect::Reply { id, result: Err(error) });
    }

    /// Starts every waiting command whose adapters are free, in order; none overtakes another on the same adapter.
    pub(super) fn start_waiting(&mut self) {
        let mut blocked: BTreeSet<AdapterId> = BTreeSet::new();
        let mut i = 0;
        while let Some(w) = self.waiting.get(i) {
            let touched = self.touches(&w.command);
            let busy = |id: &AdapterId| self.adapters.get(id).is_some_and(|a| a.busy) || blocked.contains(id);
            let held = match &w.command {
                Command::Wait(generation) => *generation > self.generation || !self.is_settled(),
                _ => touched.iter().any(busy),
            };
            if held {
                blocked.extend(touched);
                i += 1;
            } else if let Some(w) = self.waiting.remove(i) {
                self.start(w);
            }
        }
    }

    fn touches(&self, command: &Command) -> Vec<AdapterId> {
        match command {
            Command::Apply { selector, .. }
            | Command::Reset { selector, .. }
            | Command::Release { selector, .. }
            | Command::SetEntries { selector, .. }
            | Command::MoveEntries { selector, .. } => self.resolve(selector).unwrap_or_default(),
            Command::DeleteSoftnic { name } | Command::SetSource { name, .. } => {
                self.by_name(name).into_iter().collect()
            }
            Command::SetGlobal { .. } | Command::Reload(_) => self.adapters.keys().copied().collect(),
            Command::CreateSoftnic { .. } | Command::Wait(_) => Vec::new(),
        }
    }

    fn by_name(&self, name: &str) -> Option<AdapterId> {
        self.adapters.iter().find(|(_, a)| a.facts.name == name).map(|(id, _)| *id)
    }

    /// The adapters a selector means, ascending.
    fn resolve(&self, selector: &Selector) -> Result<Vec<AdapterId>, CommandError> {
        if selector.is_all() {
            return Ok(self.adapters.iter().filter(|(_, a)| a.managed).map(|(id, _)| *id).collect());
        }
        let mut out = BTreeSet::new();
        for pattern in &selector.0 {
            let hits: Vec<AdapterId> = self
                .adapters
                .iter()
                .filter(|(_, a)| {
                    a.facts.name == *pattern || (is_glob(pattern) && glob(pattern, &a.facts.name))
                })
                .map(|(id, _)| *id)
                .collect();
            if hits.is_empty() {
                let known = self.adapters.values().map(|a| a.facts.name.clone()).collect();
                return Err(CommandError::NoSuchAdapter { pattern: pattern.clone(), known });
            }
            out.extend(hits);
        }
        Ok(out.into_iter().collect())
    }

    fn start(&mut self, w: Waiting) {
        let Waiting { id, caller, command } = w;
        let outcome = match command {
            Command::Apply { selector, patch, options } => {
                self.apply(id, &caller, &selector, &patch, options)
            }
            Command::Reset { selector, options } => {
                self.change(id, &caller, &selector, options, |_, entry, runtime| {
                    entry.patch = SettingsPatch::default();
                    entry.table = ManualTable::new();
                    *runtime = Runtime::default();
                    Ok(())
                })
            }
            Command::Release { selector, options } => self.release(id, &caller, &selector, options),
            Command::SetEntries { selector, entries, options } => {
                self.set_entries(id, &caller, &selector, options, |_| Ok(entries.clone()))
            }
            Command::MoveEntries { selector, from, to, options } => {
                self.set_entries(id, &caller, &selector, options, |a| entries_of(&a.device, from, to))
            }
            Command::SetGlobal { rss } => {
                self.set_global(id, &caller, rss);
                Ok(())
            }
            Command::CreateSoftnic { name, options } => self.create(id, name, options),
            Command::DeleteSoftnic { name } => self.delete(id, &name),
            Command::SetSource { name, source } => self.set_source(id, name, source),
            Command::Reload(config) => {
                self.config = config;
                let files = u32::try_from(self.config.files.len()).unwrap_or(u32::MAX);
                self.tell(None, EventKind::ConfigurationLoaded { files });
                let ids: Vec<AdapterId> = self.adapters.keys().copied().collect();
                let intents = ids.into_iter().filter_map(|a| self.as_is(a)).collect();
                self.build(Some(id), caller.uid, intents, Options::default(), None);
                Ok(())
            }
            Command::Wait(_) => {
                let result = Ok(Reply::Done { generation: self.generation });
                self.effects.push_back(Effect::Reply { id, result });
                Ok(())
            }
        };
        if let Err(error) = outcome {
            self.refuse(id, error);
        }
    }

    fn apply(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        patch: &SettingsPatch,
        options: Options,
    ) -> Result<(), CommandError> {
        if patch.is_empty() {
            return Err(CommandError::Empty);
        }
        let for_now = options.runtime;
        self.change(id, caller, selector, options, |_, entry, runtime| {
            if for_now {
                runtime.patch.merge(patch);
                if patch.replans() {
                    runtime.table.clear();
                }
            } else {
                entry.patch.merge(patch);
                if patch.replans() {
                    entry.table.clear();
                    *runtime = Runtime::default();
                } else {
                    runtime.patch.unset(patch);
                }
            }
            Ok(())
        })
    }

    fn set_entries(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        options: Options,
        entries: impl Fn(&Adapter) -> Result<BTreeMap<EntryIndex, Processor>, CommandError>,
    ) -> Result<(), CommandError> {
        let for_now = options.runtime;
        self.change(id, caller, selector, options, |a, entry, runtime| {
            let new = entries(a)?;
            if for_now {
                runtime.table.extend(new);
            } else {
                for e in new.keys() {
                    runtime.table.remove(e);
                }
                entry.table.extend(new);
            }
            Ok(())
        })
    }

    /// Changes the saved and run-time settings of the selected adapters and makes a group of it.
    fn change(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        options: Options,
        edit: impl Fn(&Adapter, &mut SavedAdapter, &mut Runtime) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        self.check_generation(&options)?;
        let ids = self.resolve(selector)?;
        if ids.is_empty() {
            let known = self.adapters.values().map(|a| a.facts.name.clone()).collect();
            return Err(CommandError::NoSuchAdapter { pattern: "every managed adapter".into(), known });
        }
        let mut intents = Vec::new();
        for adapter in ids {
            let Some(a) = self.adapters.get(&adapter) else { continue };
            let mut entry = self.entry(a);
            let mut runtime = a.runtime.clone();
            edit(a, &mut entry, &mut runtime)?;
            let saved = if options.runtime {
                self.saved.adapters.get(&a.facts.key).cloned()
            } else {
                entry.managed = true;
                entry.released = false;
                Some(entry)
            };
            intents.push(Intent { id: adapter, saved, runtime, managed: true, restore: None });
        }
        self.build(Some(id), caller.uid, intents, options, None);
        Ok(())
    }

    fn check_generation(&self, options: &Options) -> Result<(), CommandError> {
        match options.if_generation {
            Some(g) if g != self.generation => {
                Err(CommandError::Stale { asked: g.0, now: self.generation.0 })
            }
            _ => Ok(()),
        }
    }

    fn release(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        options: Options,
    ) -> Result<(), CommandError> {
        self.check_generation(&options)?;
        let ids = self.resolve(selector)?;
        let intents = ids
            .into_iter()
            .filter_map(|adapter| {
                let a = self.adapters.get(&adapter)?;
                let saved = SavedAdapter {
                    name: a.facts.name.clone(),
                    released: true,
                    found_queues: a.found_queues,
                    original: Some(a.original.clone()),
                    ..SavedAdapter::default()
                };
                let restore = Some(a.original.clone());
                Some(Intent {
                    id: adapter,
                    saved: Some(saved),
                    runtime: Runtime::default(),
                    managed: false,
                    restore,
                })
            })
            .collect();
        self.build(Some(id), caller.uid, intents, options, None);
        Ok(())
    }

    fn set_global(&mut self, id: CommandId, caller: &Caller, rss: bool) {
        let ids: Vec<AdapterId> =
            self.adapters.iter().filter(|(_, a)| a.managed).map(|(id, _)| *id).collect();
        let intents = ids.into_iter().filter_map(|a| self.as_is(a)).collect();
        let turned = (self.saved.rss_on != rss).then_some(rss);
        self.build(Some(id), caller.uid, intents, Options::default(), turned);
    }

    /// The intent that changes nothing but what configuration and machine make of the settings.
    fn as_is(&self, id: AdapterId) -> Option<Intent> {
        let a = self.adapters.get(&id)?;
        let saved = self.saved.adapters.get(&a.facts.key);
        let managed = self.is_managed(&a.facts, saved);
        let entry = if managed { Some(self.entry(a)) } else { saved.cloned() };
        Some(Intent { id, saved: entry, runtime: a.runtime.clone(), managed, restore: None })
    }

    /// The saved entry of an adapter, a new one if there is none.
    fn entry(&self, a: &Adapter) -> SavedAdapter {
        let mut entry = self.saved.adapters.get(&a.facts.key).cloned().unwrap_or_else(|| SavedAdapter {
            found_queues: a.found_queues,
            original: Some(a.original.clone()),
            ..SavedAdapter::default()
        });
        entry.name.clone_from(&a.facts.name);
        entry
    }

    fn is_managed(&self, facts: &AdapterFacts, saved: Option<&SavedAdapter>) -> bool {
        match saved {
            Some(s) if s.released => false,
            Some(s) if s.managed => true,
            _ => facts.kind == Kind::Softnic || !self.config.layers(facts).is_empty(),
        }
    }

    /// Places and plans all intents together and begins the group, or answers at once when nothing is to be done.
    fn build(
        &mut self,
        asked: Option<CommandId>,
        uid: u32,
        intents: Vec<Intent>,
        options: Options,
        rss_after: Option<bool>,
    ) {
        let rss_on = rss_after.unwrap_or(self.saved.rss_on);
        let after: BTreeMap<AdapterId, Settings> = intents
            .iter()
            .filter_map(|i| {
                let a = self.adapters.get(&i.id)?;
                Some((i.id, settings(&a.facts, &self.config, i.saved.as_ref(), &i.runtime)))
            })
            .collect();
        let targets = self.targets(&intents, &after, rss_on);
        let mut members = Vec::new();
        for mut intent in intents {
            let (Some(a), Some(settings_after)) = (self.adapters.get(&intent.id), after.get(&intent.id))
            else {
                continue;
            };
            let target = match (&intent.restore, intent.managed) {
                (Some(device), _) => Ok(Target::snapshot(device.clone())),
                (None, true) => {
                    targets.get(&intent.id).cloned().unwrap_or_else(|| Ok(Target::snapshot(a.device.clone())))
                }
                (None, false) => Ok(Target::snapshot(a.device.clone())),
            };
            let planned = target.map_err(CommandError::from).and_then(|t| {
                let steps = plan(a.driver(), &a.capability, &a.device, &t)?;
                within(&steps, options.allow)?;
                Ok((t, steps))
            });
            if let (Ok((target, _)), true, Some(entry)) = (&planned, intent.managed, &mut intent.saved)
                && !options.runtime
            {
                entry.assigned = target.processors[..target.active.min(target.processors.len())].to_vec();
            }
            members.push(Member::new(Draft {
                id: intent.id,
                key: a.facts.key.clone(),
                name: a.facts.name.clone(),
                before: a.device.clone(),
                settings_before: a.settings.clone(),
                settings_after: settings_after.clone(),
                saved_after: intent.saved,
                runtime_after: intent.runtime,
                managed_after: intent.managed,
                planned,
            }));
        }
        if options.atomic && members.iter().any(Member::has_failed) {
            for m in members.iter_mut().filter(|m| !m.has_failed()) {
                m.fail(CommandError::Atomic);
            }
        }
        if let (true, Some(id)) = (options.dry_run, asked) {
            let results = members.iter().map(|m| m.result(true)).collect();
            return self.answer(id, results, true);
        }
        let marked = members.iter().any(|m| self.saved.open.iter().any(|o| o.adapter == m.key));
        self.begin(Group::new(asked, uid, options, members, rss_after, marked));
    }

    /// Where everything goes: per machine, all managed adapters together.
    fn targets(
        &self,
        intents: &[Intent],
        after: &BTreeMap<AdapterId, Settings>,
        rss_on: bool,
    ) -> BTreeMap<AdapterId, Result<Target, PlaceError>> {
        let intent = |id: &AdapterId| intents.iter().find(|i| i.id == *id);
        let mut out = BTreeMap::new();
        let mut machines: Vec<(&Arc<crate::topology::Topology>, Vec<AdapterId>)> = Vec::new();
        for (id, a) in &self.adapters {
            let managed = intent(id).map_or(a.managed, |i| i.managed && i.restore.is_none());
            if !managed {
                continue;
            }
            match machines.iter_mut().find(|(t, _)| same_machine(t, &a.topology)) {
                Some((_, ids)) => ids.push(*id),
                None => machines.push((&a.topology, alloc::vec![*id])),
            }
        }
        for (topology, ids) in machines {
            if !ids.iter().any(|id| intent(id).is_some()) {
                continue;
            }
            let inputs: Vec<AdapterInput<'_>> = ids
                .iter()
                .filter_map(|id| {
                    let a = self.adapters.get(id)?;
                    let settings = after.get(id).unwrap_or(&a.settings);
                    let replan = intent(id).is_some() && (!a.managed || replans(&a.settings, settings));
                    Some(AdapterInput {
                        id: *id,
                        node: a.facts.node,
                        settings,
                        capability: &a.capability,
                        device: &a.device,
                        found_queues: a.found_queues,
                        assigned: self.present(*id, a),
                        replan,
                        rss_on,
                        boot_key: self.boot_key.as_ref(),
                    })
                })
                .collect();
            let placed = place(&inputs, topology);
            let wanted = inputs.iter().map(|i| i.id).zip(placed).filter(|(id, _)| intent(id).is_some());
            out.extend(wanted);
        }
        out
    }

    /// The processors an adapter runs on, or will when the change under way is through.
    fn present<'a>(&'a self, id: AdapterId, a: &'a Adapter) -> Option<&'a [CpuId]> {
        let under_way = self
            .groups
            .values()
            .flat_map(|g| &g.members)
            .filter(|m| m.id == id)
            .find_map(|m| m.target.as_ref())
            .map(|t| &t.processors[..t.active.min(t.processors.len())]);
        under_way.or(a.assigned.as_deref())
    }

    // Software NICs.

    fn create(
        &mut self,
        id: CommandId,
        name: String,
        options: BTreeMap<String, String>,
    ) -> Result<(), CommandError> {
        let taken = self.by_name(&name).is_some()
            || self.creating.contains_key(&name)
            || self.saved.softnics.iter().any(|s| s.name == name);
        if taken {
            return Err(CommandError::Exists { name });
        }
        self.creating.insert(name.clone(), Some(id));
        self.effects.push_back(Effect::Create { name, options });
        Ok(())
    }

    pub(super) fn created(&mut self, name: String, result: Result<alloc::boxed::Box<Created>, String>) {
        let Some(asked) = self.creating.remove(&name) else { return };
        match (asked, result) {
            (Some(id), Ok(created)) => {
                self.saved
                    .softnics
                    .push(SavedSoftnic { name: name.clone(), options: created.options.clone() });
                self.unsaved.insert(name.clone(), (id, created));
                self.save(SavePurpose::Created { name });
            }
            (Some(id), Err(reason)) => self.refuse(id, CommandError::Softnic { name, reason }),
            (None, Ok(created)) => {
                self.failed_softnics.remove(&name);
                self.arrive(*created, None);
            }
            (None, Err(because)) => {
                self.failed_softnics.insert(name.clone(), because.clone());
                self.tell(None, EventKind::SoftnicFailed { name, because });
                self.publish(&[]);
            }
        }
    }

    fn delete(&mut self, id: CommandId, name: &str) -> Result<(), CommandError> {
        let position = self.saved.softnics.iter().position(|s| s.name == name);
        let Some(position) = position else {
            return Err(match self.by_name(name) {
                Some(_) => CommandError::NotSoftnic { name: name.into() },
                None => {
                    let known = self.saved.softnics.iter().map(|s| s.name.clone()).collect();
                    CommandError::NoSuchAdapter { pattern: name.into(), known }
                }
            });
        };
        let softnic = self.saved.softnics.remove(position);
        let key = self.by_name(name).and_then(|a| self.adapters.get(&a)).map(|a| a.facts.key.clone());
        let entry = key.and_then(|k| self.saved.adapters.remove_entry(&k));
        if let Some(a) = self.by_name(name).and_then(|a| self.adapters.get_mut(&a)) {
            a.busy = true;
        }
        self.deleting.insert(name.into(), Deleting { position, softnic, entry });
        self.save(SavePurpose::Deleted { name: name.into(), asked: id });
        Ok(())
    }

    fn set_source(&mut self, id: CommandId, name: String, source: String) -> Result<(), CommandError> {
        let known = || self.saved.softnics.iter().map(|s| s.name.clone()).collect();
        let Some(adapter) = self.by_name(&name) else {
            return Err(CommandError::NoSuchAdapter { pattern: name, known: known() });
        };
        if !self.saved.softnics.iter().any(|s| s.name == name) {
            return Err(CommandError::NotSoftnic { name });
        }
        if let Some(a) = self.adapters.get_mut(&adapter) {
            a.busy = true;
        }
        self.sources.insert(adapter, id);
        self.effects.push_back(Effect::SetSource { adapter, source });
        Ok(())
    }

    /// The answer to [`Effect::SetSource`].
    pub(super) fn source_set(&mut self, adapter: AdapterId, result: Result<String, String>) {
        let Some(id) = self.sources.remove(&adapter) else { return };
        let Some(a) = self.adapters.get_mut(&adapter) else { return };
        a.busy = false;
        let name = a.facts.name.clone();
        match result {
            Err(reason) => self.refuse(id, CommandError::Softnic { name, reason }),
            Ok(source) => {
                if let Some(s) = self.saved.softnics.iter_mut().find(|s| s.name == name) {
                    s.options.insert("source".into(), source);
                }
                self.save(SavePurpose::Source { asked: id });
            }
        }
    }

    pub(super) fn saved_answer(&mut self, save: SaveId, result: Result<(), String>) {
        match self.saves.remove(&save) {
            Some(SavePurpose::Group(group)) => self.group_saved(group, result),
            Some(SavePurpose::Created { name }) => {
                let Some((id, created)) = self.unsaved.remove(&name) else { return };
                match result {
                    Ok(()) => self.arrive(*created, Some(id)),
                    Err(reason) => {
                        self.saved.softnics.retain(|s| s.name != name);
                        self.effects.push_back(Effect::Discard { name });
                        self.refuse(id, CommandError::NotSaved { reason });
                    }
                }
            }
            Some(SavePurpose::Deleted { name, asked }) => {
                let Some(Deleting { position, softnic, entry }) = self.deleting.remove(&name) else { return };
                let adapter = self.by_name(&name);
                match result {
                    Ok(()) => {
                        self.failed_softnics.remove(&name);
                        if let Some(adapter) = adapter {
                            self.effects.push_back(Effect::Delete { adapter });
                            self.leave(adapter);
                        } else {
                            self.publish(&[]);
                        }
                        let reply = Ok(Reply::Done { generation: self.generation });
                        self.effects.push_back(Effect::Reply { id: asked, result: reply });
                    }
                    Err(reason) => {
                        self.saved.softnics.insert(position.min(self.saved.softnics.len()), softnic);
                        self.saved.adapters.extend(entry);
                        if let Some(a) = adapter.and_then(|a| self.adapters.get_mut(&a)) {
                            a.busy = false;
                        }
                        self.refuse(asked, CommandError::NotSaved { reason });
                    }
                }
            }
            Some(SavePurpose::Source { asked }) => match result {
                Ok(()) => {
                    self.publish(&[]);
                    let reply = Ok(Reply::Done { generation: self.generation });
                    self.effects.push_back(Effect::Reply { id: asked, result: reply });
                }
                Err(reason) => self.refuse(asked, CommandError::NotSaved { reason }),
            },
            None => {}
        }
    }

    /// An adapter came to be: its settings are found again and, if it is managed, applied.
    fn arrive(&mut self, created: Created, reply: Option<CommandId>) {
        let Created { facts, capability, device, topology, .. } = created;
        let id = AdapterId(self.next_adapter);
        self.next_adapter += 1;
        let saved = self.saved.adapters.get(&facts.key);
        let original = saved.and_then(|s| s.original.clone()).unwrap_or_else(|| device.clone());
        let found_queues =
            saved.map(|s| s.found_queues).filter(|n| *n > 0).unwrap_or_else(|| device.channels());
        let assigned = saved.map(|s| s.assigned.clone()).filter(|a| !a.is_empty());
        let managed = self.is_managed(&facts, saved);
        let runtime = Runtime::default();
        let in_force = settings(&facts, &self.config, saved, &runtime);
        self.effects.push_back(Effect::Adopted { name: facts.name.clone(), adapter: id });
        let name = facts.name.clone();
        let arrived = EventKind::AdapterArrived { driver: facts.driver.clone(), managed };
        let capabilities = EventKind::RssPortCapabilities {
            receive_queues: capability.max_queues.into(),
            table_entries: capability.table_entries.into(),
            interrupt_messages: capability.vectors.into(),
            hash_types: capability.hash_types,
            independent_entry_move: capability.independent_entry_move,
        };
        let key = facts.key.clone();
        let view = Arc::new(AdapterView {
            id,
            facts: facts.clone(),
            capability: capability.clone(),
            device: device.clone(),
            topology: Arc::clone(&topology),
            settings: in_force.clone(),
            target: None,
            state: super::AdapterState::Observed,
            verified: Verified::Unknown,
            generation: Generation(0),
        });
        self.adapters.insert(
            id,
            Adapter {
                facts,
                capability,
                topology,
                device,
                original,
                found_queues,
                runtime,
                managed,
                degraded: None,
                verified: Verified::Unknown,
                target: None,
                assigned,
                busy: false,
                settings: in_force,
                view,
            },
        );
        self.tell(Some((id, &name)), arrived);
        self.tell(Some((id, &name)), capabilities);
        let open = self.saved.open.iter().find(|o| o.adapter == key).cloned();
        if open.is_some() {
            self.tell(Some((id, &name)), EventKind::TransactionRecovered {});
        }
        if let Some(command) = reply {
            self.reply_after.insert(id, command);
        }
        if managed || open.is_some() {
            // Unfinished business of an adapter that is not managed goes back to where it began.
            let restore = open.filter(|_| !managed).map(|o| o.before);
            if let Some(mut intent) = self.as_is(id) {
                intent.restore = restore;
                self.build(None, self.owner_uid, alloc::vec![intent], Options::default(), None);
            }
        } else {
            self.publish(&[id]);
            if let Some(command) = self.reply_after.remove(&id) {
                let result = Ok(Reply::Done { generation: self.generation });
                self.effects.push_back(Effect::Reply { id: command, result });
            }
        }
    }

    fn leave(&mut self, id: AdapterId) {
        if let Some(a) = self.adapters.remove(&id) {
            self.publish(&[]);
            self.tell(Some((id, &a.facts.name)), EventKind::AdapterGone {});
        }
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::SourceEnded { adapter, state, because } => {
                if let Some(a) = self.adapters.get(&adapter) {
                    let name = a.facts.name.clone();
                    self.tell(Some((adapter, &name)), EventKind::SourceEnded { state, because });
                }
            }
        }
    }

    pub(super) fn tell(&mut self, about: Option<(AdapterId, &str)>, kind: EventKind) {
        let (id, adapter) = about.map_or((None, None), |(id, name)| (Some(id), Some(name.to_string())));
        self.effects.push_back(Effect::Emit(Event { adapter, id, kind }));
    }
}

/// Whether two topologies describe the same machine.
fn same_machine(a: &Arc<crate::topology::Topology>, b: &Arc<crate::topology::Topology>) -> bool {
    Arc::ptr_eq(a, b) || a == b
}

fn within(steps: &[Step], allowed: Impact) -> Result<(), CommandError> {
    match steps.iter().find(|s| s.impact > allowed) {
        Some(s) => Err(CommandError::Impact { step: s.op.to_string(), impact: s.impact, allowed }),
        None => Ok(()),
    }
}

/// The entries that point at one processor, to be moved to another.
fn entries_of(
    device: &Device,
    from: Processor,
    to: Processor,
) -> Result<BTreeMap<EntryIndex, Processor>, CommandError> {
    let entries: BTreeMap<EntryIndex, Processor> = (0..device.table.len())
        .filter_map(|i| u16::try_from(i).ok().map(EntryIndex))
        .filter(|e| device.entry_cpu(*e) == Some(CpuId::from(from)))
        .map(|e| (e, to))
        .collect();
    if entries.is_empty() { Err(CommandError::NothingToMove { from }) } else { Ok(entries) }
}
