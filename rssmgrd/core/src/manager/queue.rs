//! Who waits for whom: one change at a time per adapter and per name, in order of arrival; nobody waits for adapters
//! that are not theirs.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::Manager;
use super::checkpoint::CheckpointId;
use super::command::{Caller, Command, CommandError, CommandId};
use super::effect::{Created, Effect};
use super::selector::Selector;
use super::view::Kind;
use crate::ids::AdapterId;

/// Something that waits for its turn.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all that waits is a command")]
pub(super) enum Waiting {
    Command {
        id: CommandId,
        caller: Caller,
        command: Command,
        /// Whether its adapters are being read for it, or were.
        looked: bool,
    },
    /// A checkpoint whose time is over.
    Expired { id: CheckpointId, looked: bool },
    /// An adapter that is there, and who asked for it.
    Arrival {
        created: Box<Created>,
        asked: Option<CommandId>,
        /// Whether it came into being just now.
        fresh: bool,
    },
}

impl Waiting {
    pub(super) const fn is_for_settling(&self) -> bool {
        matches!(self, Self::Command { command: Command::Wait(_), .. })
    }
}

/// What a command must have for itself.
#[derive(Debug, Default)]
struct Claim {
    adapters: Vec<AdapterId>,
    names: Vec<String>,
}

impl Manager {
    pub(super) fn command(&mut self, id: CommandId, caller: Caller, command: Command) {
        if command.mutates() && !self.may_change(&caller) {
            let error = CommandError::NotAuthorised { uid: caller.uid, owner: self.owner_uid };
            return self.refuse(id, error);
        }
        // What changes nothing by itself is followed as far as it goes.
        let harmless = !command.mutates() || matches!(command, Command::Reload(_));
        if let Some(by) = self.observe.filter(|_| !harmless) {
            return self.refuse(id, CommandError::ObserveOnly { by });
        }
        // Who may not change anything sees what is known; a reading is work for the kernel.
        let looked = !self.may_change(&caller);
        self.enqueue(Waiting::Command { id, caller, command, looked });
    }

    const fn may_change(&self, caller: &Caller) -> bool {
        caller.uid == 0 || caller.uid == self.owner_uid
    }

    pub(super) fn enqueue(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
        self.wake = true;
    }

    pub(super) fn refuse(&mut self, id: CommandId, error: CommandError) {
        self.effects.push_back(Effect::Reply { id, result: Err(error) });
    }

    /// A caller left: what only waits to tell it something ends.
    pub(super) fn withdraw(&mut self, id: CommandId) {
        self.waiting.retain(
            |w| !matches!(w, Waiting::Command { id: of, command: Command::Wait(_), .. } if *of == id),
        );
    }

    /// Starts everything that waits and is free to go, in order; nothing overtakes on the same adapter.
    pub(super) fn start_waiting(&mut self) {
        while core::mem::take(&mut self.wake) {
            let mut adapters: BTreeSet<AdapterId> = BTreeSet::new();
            let mut names: BTreeSet<String> = BTreeSet::new();
            let mut i = 0;
            while let Some(w) = self.waiting.get(i) {
                let claim = self.claim(w);
                let held = self.is_held(w)
                    || claim.adapters.iter().any(|id| {
                        let a = self.adapters.get(id);
                        adapters.contains(id)
                            || a.is_some_and(|a| a.busy || a.power.is_back() || names.contains(&a.facts.name))
                            || self.looks.contains_key(id)
                    })
                    || claim.names.iter().any(|n| names.contains(n) || self.is_between(n));
                if held || self.looks_first(i, &claim.adapters) {
                    adapters.extend(claim.adapters);
                    names.extend(claim.names);
                    i += 1;
                } else {
                    // One thing less in the way of those who wait for all to settle.
                    self.wake = true;
                    match self.waiting.remove(i) {
                        Some(Waiting::Command { id, caller, command, .. }) => {
                            self.start(id, &caller, command);
                        }
                        Some(Waiting::Expired { id, .. }) => self.roll_back(id, None),
                        Some(Waiting::Arrival { created, asked, fresh }) => {
                            self.arrive(*created, asked, fresh);
                        }
                        None => {}
                    }
                }
            }
        }
    }

    /// Has the adapters of a request read before it is planned, and answers whether that is still to come.
    ///
    /// Others change interfaces too, and the kernel does not tell of everything: a plan from an old reading would fail at the
    /// end, and what it goes back to would be what was there before the others' change. Nobody but us changes a software
    /// NIC, but a reset makes anything something else than it was. What is found is settled like anything that a look
    /// finds; where reading fails, the request goes on and is refused where nothing is known.
    fn looks_first(&mut self, at: usize, adapters: &[AdapterId]) -> bool {
        let (looked, planned, dry) = match self.waiting.get_mut(at) {
            Some(Waiting::Command { command, looked, .. }) => {
                let goes_back = matches!(command, Command::Checkpoint { .. });
                if !command.is_planned() && !goes_back {
                    return false;
                }
                (looked, !goes_back, !command.mutates())
            }
            // What a checkpoint goes back to is known.
            Some(Waiting::Expired { looked, .. }) => (looked, false, false),
            Some(Waiting::Arrival { .. }) | None => return false,
        };
        let asks = !core::mem::replace(looked, true);
        let mut to_come = false;
        for id in adapters {
            let Some(a) = self.adapters.get_mut(id) else { continue };
            // What is managed is read regularly, and a dry run is not to be what has a difference put right.
            let old = planned && a.facts.kind == Kind::Kernel && !a.power.is_down() && !(dry && a.managed);
            if old || a.unread().is_some() {
                to_come |= a.drift.awaits_look(asks);
            }
        }
        to_come
    }

    /// Whether it must wait whatever it is about.
    fn is_held(&self, w: &Waiting) -> bool {
        match w {
            Waiting::Command { command: Command::Wait(generation), .. } => {
                *generation > self.generation || !self.is_settled()
            }
            // While the machine-wide switch is turning, nobody can be placed by it.
            _ if self.groups.values().any(|g| g.rss_after.is_some()) => true,
            Waiting::Arrival { created, .. } => {
                self.groups.values().flat_map(|g| &g.members).any(|m| m.key == created.facts.key)
            }
            Waiting::Command { .. } | Waiting::Expired { .. } => false,
        }
    }

    /// Whether a software NIC of this name is coming or going.
    fn is_between(&self, name: &str) -> bool {
        self.creating.contains_key(name)
            || self.unsaved.contains_key(name)
            || self.deleting.contains_key(name)
            || self.arriving().any(|n| n == name)
    }

    fn arriving(&self) -> impl Iterator<Item = &String> {
        self.waiting.iter().filter_map(|w| match w {
            Waiting::Arrival { created, .. } => Some(&created.facts.name),
            Waiting::Command { .. } | Waiting::Expired { .. } => None,
        })
    }

    fn claim(&self, w: &Waiting) -> Claim {
        let of = |adapters: Vec<AdapterId>| Claim { adapters, names: Vec::new() };
        let command = match w {
            Waiting::Command { command, .. } => command,
            Waiting::Expired { id, .. } => return of(self.adapters_of(Some(*id))),
            Waiting::Arrival { .. } => return Claim::default(),
        };
        match command {
            Command::Checkpoint { id, .. } => of(self.adapters_of(*id)),
            Command::Apply { selector, .. }
            | Command::Reset { selector, .. }
            | Command::Release { selector, .. }
            | Command::Restart { selector, .. }
            | Command::SetEntries { selector, .. }
            | Command::MoveEntries { selector, .. }
            | Command::VPorts { selector, .. }
            | Command::MoveSteering { selector, .. } => {
                let between = self.creating.keys().chain(self.unsaved.keys()).chain(self.deleting.keys());
                let names = between.chain(self.arriving()).filter(|n| selector.means(n)).cloned().collect();
                Claim { adapters: self.resolve(selector).unwrap_or_default(), names }
            }
            Command::CreateSoftnic { name, .. }
            | Command::DeleteSoftnic { name }
            | Command::Power { name, .. }
            | Command::SetSource { name, .. } => {
                Claim { adapters: self.by_name(name).into_iter().collect(), names: alloc::vec![name.clone()] }
            }
            Command::SetGlobal { .. } | Command::Reload(_) => {
                Claim { adapters: self.adapters.keys().copied().collect(), names: Vec::new() }
            }
            Command::Wait(_) => Claim::default(),
        }
    }

    pub(super) fn by_name(&self, name: &str) -> Option<AdapterId> {
        self.adapters.iter().find(|(_, a)| a.facts.name == name).map(|(id, _)| *id)
    }

    /// The adapters a selector means, ascending.
    pub(super) fn resolve(&self, selector: &Selector) -> Result<Vec<AdapterId>, CommandError> {
        if selector.is_all() {
            return Ok(self.adapters.iter().filter(|(_, a)| a.managed).map(|(id, _)| *id).collect());
        }
        let mut out = BTreeSet::new();
        for pattern in &selector.0 {
            let one = Selector::one(pattern);
            let hits: Vec<AdapterId> =
                self.adapters.iter().filter(|(_, a)| one.means(&a.facts.name)).map(|(id, _)| *id).collect();
            if hits.is_empty() {
                let away = self.away.values().find(|v| one.means(&v.facts.name));
                return Err(match away {
                    Some(v) => CommandError::Away { name: v.facts.name.clone() },
                    None => self.no_such(pattern),
                });
            }
            out.extend(hits);
        }
        Ok(out.into_iter().collect())
    }

    pub(super) fn no_such(&self, pattern: &str) -> CommandError {
        let known = self.adapters.values().map(|a| a.facts.name.clone()).collect();
        CommandError::NoSuchAdapter { pattern: pattern.into(), known }
    }
}
