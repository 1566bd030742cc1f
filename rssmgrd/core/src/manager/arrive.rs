//! Adapters come and go: what an earlier run left is found again, and what it left open is taken back.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter;

use super::Manager;
use super::adapter::{Adapter, Runtime, basis, settings};
use super::command::{CommandError, CommandId, Options, Reply};
use super::drift::Drift;
use super::effect::{Created, Effect, Notice};
use super::power::Power;
use super::queue::Waiting;
use super::save::Purpose;
use super::saved::SavedState;
use super::start::Intent;
use super::view::{AdapterState, AdapterView, Kind, Verified};
use crate::cpuset::CpuSet;
use crate::device::{BackendError, Device, differs};
use crate::driver::Impact;
use crate::event::{Event, EventKind};
use crate::ids::{AdapterId, CpuId, Generation};
use crate::vport::AskedScaling;

impl Manager {
    /// An adapter came to be: its settings are found again and, if it is managed, applied. One that an earlier run
    /// had in its hands and that nobody names any more is given back.
    pub(super) fn arrive(&mut self, created: Created, reply: Option<CommandId>, fresh: bool) {
        let Created { facts, capability, device, topology, .. } = created;
        self.wake = true;
        // Whoever looked at the interface may have looked at the machine long before.
        let machine = self.machine.as_ref().filter(|_| facts.kind == Kind::Kernel);
        let topology = machine.map_or(topology, Arc::clone);
        let back_from_away = self.away.iter().find(|(_, v)| v.facts.key == facts.key).map(|(id, _)| *id);
        let id = back_from_away.unwrap_or(AdapterId(self.next_adapter));
        if self.away.remove(&id).is_none() {
            self.next_adapter += 1;
        }
        // Seen in this run already, it went and came again; one that is there when the machine starts has nothing to lose
        // yet either.
        let again = !self.seen.insert(facts.key.clone());
        let first_shown = self.first_shown(&facts.key, &device);
        let at_boot = self.first_of_boot && !again;
        let fresh = fresh || again || at_boot;
        // A software NIC ends with the process, and what was done to it.
        let lasts = facts.kind != Kind::Softnic;
        if fresh || !lasts {
            self.forget_what_goes_back(&facts.key);
        }
        let checkpoint = self.checkpoint_of(&facts.key).filter(|_| self.observe.is_none()).map(|c| c.id);
        let saved = self.effective(&facts.key);
        let open = self.saved.open.iter().find(|o| o.adapter == facts.key);
        let recovering = open.is_some();
        let back = open.filter(|_| lasts).map(|o| o.before.clone());
        let ours = saved.filter(|s| lasts && s.original.is_some());
        let found = back.as_ref().unwrap_or(&device);
        let original: Device = ours.and_then(|s| s.original.clone()).unwrap_or_else(|| found.clone());
        let found_queues =
            ours.map(|s| s.found_queues).filter(|n| *n > 0).unwrap_or_else(|| found.channels());
        let found_spread =
            first_shown && ours.is_some_and(|s| spreads_as_told(&device, &original, &s.assigned));
        let ours = ours.is_some();
        let in_hand = ours || back.is_some();

        let runtime = Runtime::default();
        let in_force = settings(&facts, &self.config, saved, &runtime);
        let current = |b: &str| b.is_empty() || b == basis(&in_force);
        let assigned =
            saved.filter(|s| !s.assigned.is_empty() && current(&s.basis)).map(|s| s.assigned.clone());
        let observing = self.observe.is_some();
        let named = self.is_managed(&facts, saved) && !observing;
        self.effects.push_back(Effect::Adopted { name: facts.name.clone(), adapter: id });
        let name = facts.name.clone();
        let arrived = EventKind::AdapterArrived { driver: facts.driver.clone(), managed: named };
        let capabilities = EventKind::RssPortCapabilities {
            receive_queues: capability.max_queues.into(),
            table_entries: capability.table_entries.into(),
            interrupt_messages: capability.vectors.into(),
            hash_types: capability.hash_types,
            independent_entry_move: capability.independent_entry_move,
        };
        let view = Arc::new(AdapterView {
            id,
            facts: facts.clone(),
            capability: capability.clone(),
            device: device.clone(),
            topology: Arc::clone(&topology),
            settings: in_force.clone(),
            target: None,
            pending: Vec::new(),
            checkpoint,
            state: AdapterState::Observed,
            verified: Verified::Unknown,
            vports: Vec::new(),
            vmq: true,
            generation: Generation(0),
        });
        self.adapters.insert(
            id,
            Adapter {
                facts,
                capability,
                topology,
                device,
                back,
                original,
                found_spread,
                found_queues,
                runtime,
                managed: named || (ours && !observing),
                degraded: None,
                verified: Verified::Unknown,
                target: None,
                checkpoint,
                before: None,
                at_boot,
                pending: Vec::new(),
                assigned,
                busy: false,
                recovering,
                told: false,
                power: Power::default(),
                drift: Drift::default(),
                settings: in_force,
                scaling: AskedScaling::default(),
                view,
            },
        );
        self.tell(Some((id, &name)), arrived);
        self.tell(Some((id, &name)), capabilities);
        if let Some(command) = reply {
            self.reply_after.insert(id, command);
        }
        if (named || in_hand || recovering) && !observing {
            self.resume(id, recovering, fresh);
        } else {
            self.publish(&[id]);
            self.answer_creation(id, None);
        }
    }

    /// What an interface did not show while it was closed and shows now is what it was before us: nobody could write it. So
    /// it becomes a part of every state that was read then, and to which the adapter may go back. Whether there are any.
    fn first_shown(&mut self, key: &str, device: &Device) -> bool {
        if device.table.is_empty() {
            return false;
        }
        let SavedState { adapters, open, checkpoints, .. } = &mut self.saved;
        let original = adapters.get_mut(key).and_then(|s| s.original.as_mut());
        let open = open.iter_mut().filter(|o| o.adapter == *key).map(|o| &mut o.before);
        let waiting = checkpoints.iter_mut().filter_map(|c| c.parts.get_mut(key)).flat_map(|part| {
            let after = part.after.as_mut().and_then(|s| s.original.as_mut());
            iter::once(&mut part.before).chain(after)
        });
        let mut noted = false;
        for state in original.into_iter().chain(open).chain(waiting).filter(|d| d.table.is_empty()) {
            state.take_unseen(device);
            noted = true;
        }
        if noted {
            self.save(Purpose::Noted);
        }
        noted
    }

    /// What was to go back on an adapter went with it: nothing is written for the sake of that to one that has just come.
    fn forget_what_goes_back(&mut self, key: &str) {
        let Some(mut entry) = self.effective(key).filter(|s| !s.gives_back.is_empty()).cloned() else {
            return;
        };
        entry.gives_back.clear();
        self.put(key, Some(entry));
        self.save(Purpose::Noted);
    }

    /// Makes an adapter that arrived, and is ours, what its settings say: takes back what an earlier run left open, and
    /// leaves for a restart what may not be done without one.
    fn resume(&mut self, id: AdapterId, recovering: bool, fresh: bool) {
        if recovering && !fresh && self.go_back(id) {
            return;
        }
        // A link that is down has nothing to lose.
        let allow = match (recovering, fresh) {
            (true, _) => Impact::Addresses,
            (false, true) => Impact::Link,
            (false, false) => Impact::Reorder,
        };
        let mut intent = self.as_is(id);
        if let (Some(intent), true) = (&mut intent, allow > Impact::Reorder) {
            intent.limit = None;
        }
        let options = Options { allow, ..Options::automatic() };
        self.build(None, self.owner_uid, intent.into_iter().collect(), &options, None);
    }

    /// Takes an unfinished change back whatever that takes, and nothing more: what its settings say follows when it is back,
    /// within what may be done by itself. Whether there is a state to go back to.
    fn go_back(&mut self, id: AdapterId) -> bool {
        let Some(a) = self.adapters.get(&id) else { return false };
        let Some(restore) = a.back.clone() else { return false };
        let intent = Intent {
            id,
            saved: self.effective(&a.facts.key).cloned(),
            runtime: Runtime::default(),
            managed: a.managed,
            restore: Some(restore),
            limit: None,
            named: false,
            processors: None,
        };
        let options = Options { allow: Impact::Addresses, ..Options::automatic() };
        let Some(mut member) = self.draw(alloc::vec![intent], &options, None).pop() else { return false };
        member.recovers = true;
        self.begin_by_itself(member);
        true
    }

    /// Answers the command that an adapter owes its being to, when there is one.
    pub(super) fn answer_creation(&mut self, id: AdapterId, error: Option<&CommandError>) {
        let Some(command) = self.reply_after.remove(&id) else { return };
        let result = match error {
            None => Ok(Reply::Done { generation: self.generation }),
            Some(e) => {
                let name = self.adapters.get(&id).map(|a| a.facts.name.clone()).unwrap_or_default();
                let reason = alloc::format!("it was created, but its settings are not in force: {e}");
                Err(CommandError::Softnic { name, reason })
            }
        };
        self.effects.push_back(Effect::Reply { id: command, result });
    }

    /// An adapter is not there any more. What was saved of it stays, also what was left open.
    pub(super) fn leave(&mut self, id: AdapterId) {
        if let Some(view) = self.away.remove(&id) {
            self.publish(&[]);
            self.tell(Some((id, &view.facts.name)), EventKind::AdapterGone {});
        }
        let Some(a) = self.take_out(id) else { return };
        self.publish(&[]);
        self.tell(Some((id, &a.facts.name)), EventKind::AdapterGone {});
        self.abandon(id);
    }

    /// An interface was moved to another network namespace: for everything here it is gone, but it is shown, and when
    /// it comes back it has its id again.
    fn go_away(&mut self, id: AdapterId) {
        let Some(a) = self.take_out(id) else { return };
        let view = AdapterView { state: AdapterState::Away, target: None, ..(*a.view).clone() };
        self.away.insert(id, Arc::new(AdapterView { facts: a.facts.clone(), device: a.device, ..view }));
        self.publish(&[]);
        self.tell(Some((id, &a.facts.name)), EventKind::AdapterAway {});
        self.abandon(id);
    }

    fn take_out(&mut self, id: AdapterId) -> Option<Adapter> {
        let a = self.adapters.remove(&id)?;
        self.looks.remove(&id);
        self.answer_power(id, Err(BackendError::Gone.into()));
        self.wake = true;
        Some(a)
    }

    fn arrived(&mut self, mut created: Box<Created>, fresh: bool) {
        created.facts.key = self.lasting_key(&created.facts);
        let key = &created.facts.key;
        // It came, went and came again: only what was read last is true.
        if let Some(old) = self.adapters.iter().find(|(_, a)| a.facts.key == *key).map(|(id, _)| *id) {
            self.leave(old);
        }
        self.waiting.retain(|w| !matches!(w, Waiting::Arrival { created: c, .. } if c.facts.key == *key));
        self.enqueue(Waiting::Arrival { created, asked: None, fresh });
    }

    fn is_kernel(&self, id: AdapterId) -> bool {
        self.adapters.get(&id).is_some_and(|a| a.facts.kind == Kind::Kernel)
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Arrived(created) => self.arrived(created, false),
            Notice::Plugged(created) => self.arrived(created, true),
            Notice::Changed { adapter, hint, broke } => self.changed(adapter, hint, broke),
            Notice::Power { adapter, change } => self.powered(adapter, change),
            Notice::Renamed { adapter, name } => self.renamed(adapter, name),
            Notice::Stuck { adapter, operation, seconds } => self.stuck(adapter, operation, seconds),
            Notice::Topology(topology) => self.processors_changed(&topology),
            Notice::Suspects(suspects) => self.suspected(suspects),
            Notice::Teamed { adapter, team } => {
                if let Some(a) = self.adapters.get_mut(&adapter).filter(|a| a.facts.team != team) {
                    a.facts.team = team;
                    self.publish(&[adapter]);
                }
            }
            Notice::Away { adapter } => {
                if self.is_kernel(adapter) {
                    self.go_away(adapter);
                }
            }
            Notice::Gone { adapter } => {
                if self.is_kernel(adapter) || self.away.contains_key(&adapter) {
                    self.leave(adapter);
                }
            }
            Notice::Checked { adapter, device, verdict, packets } => {
                self.checked(adapter, &device, verdict, packets);
            }
            Notice::Carrier { adapter, gateway } => self.carrier(adapter, gateway),
            Notice::SourceEnded { adapter, state, because } => {
                if let Some(a) = self.adapters.get(&adapter) {
                    let name = a.facts.name.clone();
                    self.tell(Some((adapter, &name)), EventKind::SourceEnded { state, because });
                }
            }
        }
    }

    pub(super) fn tell(&mut self, about: Option<(AdapterId, &str)>, kind: EventKind) {
        let (id, adapter) = about.map_or((None, None), |(id, name)| (Some(id), Some(name.into())));
        self.effects.push_back(Effect::Emit(Event { adapter, id, kind }));
    }
}

/// Whether the kernel spreads the packets of an adapter over the processors that were chosen for it, which it did not do
/// before us.
fn spreads_as_told(device: &Device, original: &Device, assigned: &[CpuId]) -> bool {
    let told: CpuSet = assigned.iter().copied().collect();
    let ours = |mask: &CpuSet| *mask == told || mask.is_empty();
    differs(&original.rps, &device.rps) && device.rps.contains(&told) && device.rps.iter().all(ours)
}
