//! Software NICs: created, deleted and given sources by command; each is durable before it is acknowledged.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use super::Manager;
use super::adapter::Adapter;
use super::command::{CommandError, CommandId, Reply};
use super::effect::{Created, Effect, Unusable};
use super::queue::Waiting;
use super::save::Purpose;
use super::saved::{OpenTransaction, SavedAdapter, SavedSoftnic};
use crate::event::EventKind;
use crate::ids::AdapterId;

/// What to put back when a deletion cannot be saved.
#[derive(Debug)]
pub(super) struct Deleting {
    position: usize,
    softnic: SavedSoftnic,
    entries: BTreeMap<String, SavedAdapter>,
    open: alloc::vec::Vec<OpenTransaction>,
}

/// A source that is being set.
#[derive(Debug)]
pub(super) struct SourceChange {
    asked: CommandId,
    /// The source before.
    old: Option<String>,
    /// Why it could not be saved, once the old source is being set again.
    unsaved: Option<String>,
}

impl Manager {
    pub(super) fn create(
        &mut self,
        id: CommandId,
        name: String,
        options: BTreeMap<String, String>,
    ) -> Result<(), CommandError> {
        if self.by_name(&name).is_some() || self.saved.softnics.iter().any(|s| s.name == name) {
            return Err(CommandError::Exists { name });
        }
        self.creating.insert(name.clone(), Some(id));
        self.effects.push_back(Effect::Create { name, options, restored: false });
        Ok(())
    }

    /// The answer to [`Effect::Create`].
    pub(super) fn created(&mut self, name: String, result: Result<Box<Created>, Unusable>) {
        match self.creating.get(&name).copied() {
            Some(Some(id)) => {
                self.creating.remove(&name);
                self.made(id, name, result);
            }
            Some(None) => self.restored(&name, result),
            None => return,
        }
        self.wake = true;
    }

    /// A saved software NIC was made, or not. They arrive in the order in which they were saved, not in the order in
    /// which they are ready, so that each has the same id after every start.
    fn restored(&mut self, name: &str, result: Result<Box<Created>, Unusable>) {
        if let Some((_, answer)) = self.restoring.iter_mut().find(|(n, _)| n == name) {
            *answer = Some(result);
        }
        while let Some((name, answer)) = self.restoring.pop_front() {
            match answer {
                None => return self.restoring.push_front((name, None)),
                Some(Ok(created)) => {
                    self.creating.remove(&name);
                    self.enqueue(Waiting::Arrival { created, asked: None, fresh: false });
                }
                Some(Err(Unusable { because, .. })) => {
                    self.creating.remove(&name);
                    self.failed_softnics.insert(name.clone(), because.clone());
                    self.tell(None, EventKind::SoftnicFailed { name, because });
                    self.publish(&[]);
                }
            }
        }
    }

    /// A software NIC that somebody asked for was made, or not.
    fn made(&mut self, id: CommandId, name: String, result: Result<Box<Created>, Unusable>) {
        match result {
            Ok(created) => {
                let softnic = SavedSoftnic { name: name.clone(), options: created.options.clone() };
                self.saved.softnics.push(softnic);
                self.unsaved.insert(name.clone(), (id, created));
                self.save(Purpose::Created { name });
            }
            Err(why) => self.refuse(id, unusable(name, why)),
        }
    }

    pub(super) fn creation_saved(&mut self, name: &str, result: Result<(), String>) {
        let Some((id, created)) = self.unsaved.remove(name) else { return };
        self.wake = true;
        match result {
            Ok(()) => self.enqueue(Waiting::Arrival { created, asked: Some(id), fresh: false }),
            Err(reason) => {
                self.saved.softnics.retain(|s| s.name != name);
                self.effects.push_back(Effect::Discard { name: name.into() });
                self.refuse(id, CommandError::NotSaved { reason });
            }
        }
    }

    pub(super) fn delete(&mut self, id: CommandId, name: &str) -> Result<(), CommandError> {
        let adapter = self.by_name(name);
        let held = adapter.and_then(|id| self.held(&self.adapters.get(&id)?.facts.key));
        if let Some(error) = held {
            return Err(error);
        }
        let Some(position) = self.saved.softnics.iter().position(|s| s.name == name) else {
            return Err(match adapter {
                Some(_) => CommandError::NotSoftnic { name: name.into() },
                None => self.no_such_softnic(name),
            });
        };
        let softnic = self.saved.softnics.remove(position);
        // One that could not be created again has no adapter to take the key from.
        let key = adapter.and_then(|a| self.adapters.get(&a)).map(|a| a.facts.key.clone());
        let present = |k: &str| self.adapters.values().any(|a| a.facts.key == k);
        let of_it = |k: &String, s: &SavedAdapter| match &key {
            Some(key) => k == key,
            None => s.name == name && !present(k),
        };
        let entries: BTreeMap<String, SavedAdapter> = self
            .saved
            .adapters
            .iter()
            .filter(|(k, s)| of_it(k, s))
            .map(|(k, s)| (k.clone(), s.clone()))
            .collect();
        self.saved.adapters.retain(|k, _| !entries.contains_key(k));
        let gone = |o: &OpenTransaction| entries.contains_key(&o.adapter) || key.as_ref() == Some(&o.adapter);
        let open = self.saved.open.iter().filter(|o| gone(o)).cloned().collect();
        self.saved.open.retain(|o| !gone(o));
        if let Some(a) = adapter.and_then(|a| self.adapters.get_mut(&a)) {
            a.busy = true;
        }
        self.deleting.insert(name.into(), Deleting { position, softnic, entries, open });
        self.save(Purpose::Deleted { name: name.into(), asked: id });
        Ok(())
    }

    pub(super) fn deletion_saved(&mut self, name: &str, asked: CommandId, result: Result<(), String>) {
        let Some(Deleting { position, softnic, entries, open }) = self.deleting.remove(name) else { return };
        let adapter = self.by_name(name);
        self.wake = true;
        match result {
            Ok(()) => {
                self.failed_softnics.remove(name);
                match adapter {
                    Some(adapter) => {
                        self.effects.push_back(Effect::Delete { adapter });
                        self.leave(adapter);
                    }
                    None => self.publish(&[]),
                }
                let reply = Ok(Reply::Done { generation: self.generation });
                self.effects.push_back(Effect::Reply { id: asked, result: reply });
            }
            Err(reason) => {
                self.saved.softnics.insert(position.min(self.saved.softnics.len()), softnic);
                self.saved.adapters.extend(entries);
                self.saved.open.extend(open);
                if let Some(a) = adapter.and_then(|a| self.adapters.get_mut(&a)) {
                    a.busy = false;
                }
                self.refuse(asked, CommandError::NotSaved { reason });
            }
        }
    }

    pub(super) fn set_source(
        &mut self,
        id: CommandId,
        name: &str,
        source: String,
    ) -> Result<(), CommandError> {
        let (adapter, a) = self.softnic(name)?;
        a.busy = true;
        let softnic = self.saved.softnics.iter().find(|s| s.name == name);
        let old = softnic.and_then(|s| s.options.get("source").cloned());
        self.sources.insert(adapter, SourceChange { asked: id, old, unsaved: None });
        self.effects.push_back(Effect::SetSource { adapter, source });
        Ok(())
    }

    /// The software NIC of this name, as an adapter.
    pub(super) fn softnic(&mut self, name: &str) -> Result<(AdapterId, &mut Adapter), CommandError> {
        let adapter = self.by_name(name);
        if self.saved.softnics.iter().all(|s| s.name != name) {
            return Err(match adapter {
                Some(_) => CommandError::NotSoftnic { name: name.into() },
                None => self.no_such_softnic(name),
            });
        }
        let reason = || self.failed_softnics.get(name).cloned().unwrap_or_else(|| "it is not there".into());
        let lost = |reason: String| CommandError::Softnic { name: name.into(), reason };
        let id = adapter.ok_or_else(|| lost(reason()))?;
        Ok((id, self.adapters.get_mut(&id).ok_or_else(|| lost("it is not there".into()))?))
    }

    fn no_such_softnic(&self, name: &str) -> CommandError {
        let known = self.saved.softnics.iter().map(|s| s.name.clone()).collect();
        CommandError::NoSuchAdapter { pattern: name.into(), known }
    }

    /// The answer to [`Effect::SetSource`].
    pub(super) fn source_set(&mut self, adapter: AdapterId, result: Result<String, Unusable>) {
        let name = self.adapters.get(&adapter).map(|a| a.facts.name.clone()).unwrap_or_default();
        let Some(SourceChange { asked, old, unsaved }) = self.sources.get(&adapter) else { return };
        let error = match (unsaved, result) {
            (None, Ok(source)) if old.as_ref() == Some(&source) => None,
            (None, Ok(source)) => {
                self.note_source(&name, Some(source));
                return self.save(Purpose::Source { adapter });
            }
            (None, Err(why)) => Some(unusable(name, why)),
            (Some(reason), Ok(_)) => Some(CommandError::NotSaved { reason: reason.clone() }),
            (Some(unsaved), Err(Unusable { because: back, .. })) => {
                let reason =
                    alloc::format!("{unsaved}, and its old source cannot be set again ({back}): set one");
                Some(CommandError::Softnic { name, reason })
            }
        };
        let asked = *asked;
        self.source_done(adapter, asked, error);
    }

    pub(super) fn source_saved(&mut self, adapter: AdapterId, result: Result<(), String>) {
        let Some(a) = self.adapters.get(&adapter) else { return };
        let name = a.facts.name.clone();
        let Some(change) = self.sources.get_mut(&adapter) else { return };
        let (asked, old) = (change.asked, change.old.clone());
        match result {
            Ok(()) => {
                self.publish(&[]);
                self.source_done(adapter, asked, None);
            }
            Err(reason) => {
                change.unsaved = Some(reason.clone());
                self.note_source(&name, old.clone());
                match old {
                    Some(source) => self.effects.push_back(Effect::SetSource { adapter, source }),
                    None => self.source_done(adapter, asked, Some(CommandError::NotSaved { reason })),
                }
            }
        }
    }

    fn note_source(&mut self, name: &str, source: Option<String>) {
        if let Some(s) = self.saved.softnics.iter_mut().find(|s| s.name == name) {
            match source {
                Some(source) => s.options.insert("source".to_string(), source),
                None => s.options.remove("source"),
            };
        }
    }

    fn source_done(&mut self, adapter: AdapterId, asked: CommandId, error: Option<CommandError>) {
        self.sources.remove(&adapter);
        self.wake = true;
        if let Some(a) = self.adapters.get_mut(&adapter) {
            a.busy = false;
        }
        let result = error.map_or(Ok(Reply::Done { generation: self.generation }), Err);
        self.effects.push_back(Effect::Reply { id: asked, result });
    }
}

fn unusable(name: String, why: Unusable) -> CommandError {
    let reason = why.because;
    if why.bad_file { CommandError::BadFile { name, reason } } else { CommandError::Softnic { name, reason } }
}
