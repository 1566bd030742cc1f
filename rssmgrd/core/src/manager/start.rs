//! What a command means: for each adapter, what becomes of its settings.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Manager;
use super::adapter::{Adapter, Runtime};
use super::command::{Caller, Command, CommandError, CommandId, Options, Reply};
use super::effect::Effect;
use super::saved::SavedAdapter;
use super::selector::Selector;
use super::view::{AdapterFacts, Kind};
use crate::device::Device;
use crate::driver::Impact;
use crate::event::EventKind;
use crate::ids::{AdapterId, CpuId, EntryIndex, Processor};
use crate::settings::{ManualTable, SettingsPatch};

/// What becomes of one adapter's settings.
#[derive(Clone, Debug)]
pub(super) struct Intent {
    pub(super) id: AdapterId,
    pub(super) saved: Option<SavedAdapter>,
    pub(super) runtime: Runtime,
    pub(super) managed: bool,
    /// Back to this state instead of a placement.
    pub(super) restore: Option<Device>,
    /// The worst that may be done to the adapter until a restart, whatever is allowed otherwise.
    pub(super) limit: Option<Impact>,
    /// Whether a person's request names the adapter.
    pub(super) named: bool,
    /// The processors it is to have, whatever else would be chosen.
    pub(super) processors: Option<Vec<CpuId>>,
}

impl Manager {
    pub(super) fn start(&mut self, id: CommandId, caller: &Caller, command: Command) {
        let outcome = match command {
            Command::Apply { selector, patch, options } => {
                self.apply(id, caller, &selector, &patch, &options)
            }
            Command::Reset { selector, options } => self.reset(id, caller, &selector, &options),
            Command::Release { selector, options } => self.release(id, caller, &selector, &options),
            Command::Restart { selector, options } => self.restart(id, caller, &selector, &options),
            Command::SetEntries { selector, entries, options } => {
                self.set_entries(id, caller, &selector, &options, |_| Ok(entries.clone()))
            }
            Command::MoveEntries { selector, from, to, options } => {
                self.set_entries(id, caller, &selector, &options, |a| entries_of(&a.device, from, to))
            }
            Command::VPorts { selector, change, options } => {
                self.change_vports(id, caller, &selector, &change, &options)
            }
            Command::MoveSteering { selector, request, options } => {
                self.move_steering(id, caller, &selector, &request, &options)
            }
            Command::Checkpoint { id: which, action } => self.checkpoint(id, caller, which, action),
            Command::SetGlobal { rss } => {
                if let Some(error) = self.adapters.values().find_map(|a| self.held(&a.facts.key)) {
                    return self.refuse(id, error);
                }
                let turned = (self.saved.rss_on != rss).then_some(rss);
                let intents = self.all_as_they_are(|a| a.managed);
                self.build(Some(id), caller.uid, intents, &Options::automatic(), turned);
                Ok(())
            }
            Command::CreateSoftnic { name, options } => self.create(id, name, options),
            Command::DeleteSoftnic { name } => self.delete(id, &name),
            Command::SetSource { name, source } => self.set_source(id, &name, source),
            Command::Power { name, change } => self.power(id, name, change),
            Command::Reload(config) => {
                self.config = config;
                let files = u32::try_from(self.config.files.len()).unwrap_or(u32::MAX);
                self.tell(None, EventKind::ConfigurationLoaded { files });
                let intents = self.all_as_they_are(|_| true);
                self.build(Some(id), caller.uid, intents, &Options::automatic(), None);
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
        options: &Options,
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
                    (entry.scaling.primary, entry.scaling.default) = (None, None);
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
        options: &Options,
        entries: impl Fn(&Adapter) -> Result<BTreeMap<EntryIndex, Processor>, CommandError>,
    ) -> Result<(), CommandError> {
        let for_now = options.runtime;
        self.change(id, caller, selector, options, |a, entry, runtime| {
            let new = entries(a)?;
            if new.is_empty() {
                return Err(CommandError::Empty);
            }
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

    /// Changes the saved or run-time settings of the selected adapters, which are managed from then on.
    pub(super) fn change(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        options: &Options,
        edit: impl Fn(&Adapter, &mut SavedAdapter, &mut Runtime) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let mut intents = Vec::new();
        for (adapter, a) in self.selected(selector, options)? {
            let mut entry = self.entry(a);
            let mut runtime = a.runtime.clone();
            edit(a, &mut entry, &mut runtime)?;
            if options.runtime {
                // Saved all the same, without the settings: the next run must know that it has to give the adapter
                // back.
                entry = self.entry(a);
            } else {
                entry.managed = true;
                entry.released = false;
            }
            intents.push(Intent {
                id: adapter,
                saved: Some(entry),
                runtime,
                managed: true,
                restore: None,
                limit: None,
                named: true,
                processors: None,
            });
        }
        self.build(Some(id), caller.uid, intents, options, None);
        Ok(())
    }

    fn reset(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        options: &Options,
    ) -> Result<(), CommandError> {
        let mut intents = Vec::new();
        for (adapter, a) in self.selected(selector, options)? {
            let Some(mut intent) = self.as_is(adapter) else { continue };
            intent.named = true;
            if let (true, Some(entry)) = (a.managed, &mut intent.saved) {
                intent.runtime = Runtime::default();
                intent.limit = None;
                // An adapter stays managed, unless only run-time settings made it so.
                intent.managed = self.is_managed(&a.facts, Some(entry));
                if !options.runtime {
                    entry.patch = SettingsPatch::default();
                    entry.table = ManualTable::new();
                    (entry.scaling.primary, entry.scaling.default) = (None, None);
                }
                if !intent.managed {
                    self.give_back(a, &mut intent);
                }
            }
            intents.push(intent);
        }
        self.build(Some(id), caller.uid, intents, options, None);
        Ok(())
    }

    fn release(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        options: &Options,
    ) -> Result<(), CommandError> {
        let mut intents = Vec::new();
        for (adapter, a) in self.selected(selector, options)? {
            let saved = SavedAdapter { released: true, ..SavedAdapter::default() };
            let mut intent = Intent {
                id: adapter,
                saved: Some(saved),
                runtime: Runtime::default(),
                managed: false,
                restore: None,
                limit: None,
                named: true,
                processors: None,
            };
            self.give_back(a, &mut intent);
            intents.push(intent);
        }
        self.build(Some(id), caller.uid, intents, options, None);
        Ok(())
    }

    /// The settings stay; what is pending of them is taken.
    fn restart(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        options: &Options,
    ) -> Result<(), CommandError> {
        let selected = self.selected(selector, options)?;
        let now = |intent: Intent| Intent { limit: None, ..intent };
        let intents = selected.into_iter().filter_map(|(adapter, _)| self.as_is(adapter).map(now)).collect();
        self.build(Some(id), caller.uid, intents, options, None);
        Ok(())
    }

    /// The adapters a request means, after the checks that all requests have in common.
    pub(super) fn selected(
        &self,
        selector: &Selector,
        options: &Options,
    ) -> Result<Vec<(AdapterId, &Adapter)>, CommandError> {
        if let Some(g) = options.if_generation.filter(|g| *g != self.generation) {
            return Err(CommandError::Stale { asked: g.0, now: self.generation.0 });
        }
        let ids = self.resolve(selector)?;
        if ids.is_empty() {
            return Err(self.no_such("every managed adapter"));
        }
        Ok(ids.into_iter().filter_map(|id| Some((id, self.adapters.get(&id)?))).collect())
    }

    /// What a change of configuration or of the machine-wide switch means for everybody whom it may touch: nothing
    /// changes a degraded or contested adapter but a request that names it.
    fn all_as_they_are(&self, of: impl Fn(&Adapter) -> bool) -> Vec<Intent> {
        let free = |a: &Adapter| {
            // One without power, or under a checkpoint, follows when it has power, or that is settled.
            let settled = a.power.is_up() && self.checkpoint_of(&a.facts.key).is_none();
            settled && a.degraded.is_none() && !a.drift.is_contested()
        };
        let whole = self.adapters.iter().filter(|(_, a)| self.observe.is_none() && free(a) && of(a));
        whole.filter_map(|(id, _)| self.as_is(*id)).collect()
    }

    /// The intent that changes nothing but what configuration and machine make of the settings. An adapter in our
    /// hands that nobody names any more is given back.
    pub(super) fn as_is(&self, id: AdapterId) -> Option<Intent> {
        let a = self.adapters.get(&id)?;
        let saved = self.effective(&a.facts.key);
        let managed = self.is_managed(&a.facts, saved) || !a.runtime.is_empty();
        let entry = if managed { Some(self.entry(a)) } else { saved.cloned() };
        // What waits for a restart belongs to what was asked for, and ends with it.
        let limit = saved.and_then(|s| s.pending).filter(|_| managed);
        let mut intent = Intent {
            id,
            saved: entry,
            runtime: a.runtime.clone(),
            managed,
            restore: None,
            limit,
            named: false,
            processors: None,
        };
        if !managed && (a.managed || a.back.is_some()) {
            self.give_back(a, &mut intent);
        }
        Some(intent)
    }

    /// Turns an intent into one that brings the adapter back to the state in which it was found.
    fn give_back(&self, a: &Adapter, intent: &mut Intent) {
        intent.managed = false;
        intent.restore = Some(a.original.clone());
        // What stays is only that it was given back by request, so that nothing takes it again.
        intent.saved = intent.saved.take().filter(|s| s.released).map(|_| SavedAdapter {
            name: a.facts.name.clone(),
            released: true,
            ..SavedAdapter::default()
        });
    }

    /// The saved entry of an adapter in our hands, a new one if there is none.
    pub(super) fn entry(&self, a: &Adapter) -> SavedAdapter {
        let mut entry = self.effective(&a.facts.key).cloned().unwrap_or_default();
        if entry.original.is_none() {
            entry.original = Some(a.original.clone());
            entry.found_queues = a.found_queues;
        }
        entry.name.clone_from(&a.facts.name);
        entry
    }

    pub(super) fn is_managed(&self, facts: &AdapterFacts, saved: Option<&SavedAdapter>) -> bool {
        match saved {
            Some(s) if s.released => false,
            Some(s) if s.managed => true,
            _ => facts.kind == Kind::Softnic || !self.config.layers(facts).is_empty(),
        }
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
