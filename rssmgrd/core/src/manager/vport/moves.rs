//! Moves of entries, primary and default processors: one status a move.

use alloc::vec::Vec;

use super::{error, scaling, takes_default};
use crate::ids::{EntryIndex, Processor};
use crate::manager::adapter::{Adapter, Runtime};
use crate::manager::command::{Caller, CommandError, CommandId, Options};
use crate::manager::saved::SavedAdapter;
use crate::manager::selector::Selector;
use crate::manager::{Manager, VPortError};
use crate::scaling::{Move, MoveRequest, MoveResults, Status, Steering, VPortKey};

impl Manager {
    /// Judges the moves of one adapter and has those that are right made. The answer has a status for each.
    pub(in crate::manager) fn move_steering(
        &mut self,
        id: CommandId,
        caller: &Caller,
        selector: &Selector,
        request: &MoveRequest,
        options: &Options,
    ) -> Result<(), CommandError> {
        let selected = self.selected(selector, options)?;
        let [(_, a)] = selected.as_slice() else {
            return Err(CommandError::OneAdapter { count: selected.len() });
        };
        if request.moves.is_empty() {
            return Err(CommandError::Empty);
        }
        let others = request.moves.iter().any(|m| m.key() != VPortKey::DEFAULT);
        if options.runtime && others {
            return Err(error(a, VPortError::Runtime));
        }
        let (mut entry, mut runtime) = (self.entry(a), a.runtime.clone());
        let results = judge(a, &mut entry, &mut runtime, request, options.runtime).map_err(|status| {
            error(a, VPortError::Status { id: request.moves[0].vport, what: "moves", status })
        })?;
        self.moved.insert(id, results);
        let done = self.change(id, caller, selector, options, |_, saved, now| {
            saved.scaling.clone_from(&entry.scaling);
            saved.table.clone_from(&entry.table);
            now.table.clone_from(&runtime.table);
            Ok(())
        });
        if done.is_err() {
            self.moved.remove(&id);
        }
        done
    }
}

/// What becomes of the saved state, and of each move.
fn judge(
    a: &Adapter,
    entry: &mut SavedAdapter,
    runtime: &mut Runtime,
    request: &MoveRequest,
    for_now: bool,
) -> Result<MoveResults, Status> {
    let mut scaling = scaling(a, entry, None).ok_or(Status::NotSupported)?;
    if request.moves.len() > scaling.limits().max_moves() {
        return Err(Status::InvalidLength);
    }
    if request.flags != 0 {
        return Err(Status::InvalidParameter);
    }
    let mut results = Vec::with_capacity(request.moves.len());
    for group in request.moves.chunk_by(|x, y| x.key() == y.key()) {
        let before = scaling.clone();
        let part = MoveRequest { moves: group.to_vec(), ..*request };
        let mut answers =
            if can(a, group) { scaling.execute_moves(&part)? } else { refuse(group, Status::NotSupported) };
        if answers.iter().all(Result::is_ok) && !has_queues(&scaling, group) {
            answers = refuse(group, Status::NoQueues);
            scaling = before;
        } else if answers.iter().all(Result::is_ok) {
            keep(group, a, entry, runtime, for_now);
        }
        results.extend(answers);
    }
    for (id, vport) in &mut entry.scaling.vports {
        if let Some(state) = scaling.vport(super::key(*id)) {
            vport.state = state.clone();
        }
    }
    Ok(results)
}

fn refuse(group: &[Move], status: Status) -> MoveResults {
    group.iter().map(|_| Err(status)).collect()
}

/// Whether the adapter can do what a group asks: of the default VPort, where packets without a hash go.
fn can(a: &Adapter, group: &[Move]) -> bool {
    let entry = |m: &Move| matches!(m.steering(), Ok(Steering::Entry(_)) | Err(_));
    takes_default(a) || group.iter().all(|m| m.key() != VPortKey::DEFAULT || entry(m))
}

/// Whether the default VPort, which has one queue to a processor also while it does not spread, has enough of them.
fn has_queues(scaling: &crate::scaling::Scaling, group: &[Move]) -> bool {
    let key = group.first().map(Move::key);
    let Some(vport) = key.filter(|k| *k == VPortKey::DEFAULT).and_then(|k| scaling.vport(k)) else {
        return true;
    };
    let mut cpus = vport.spread();
    if !vport.rss_enabled {
        cpus.remove(&vport.default);
        cpus.extend(vport.entries.iter().copied().chain([vport.primary]));
    }
    cpus.len() <= usize::from(vport.queues)
}

/// Notes what a group did to the default VPort: its entries are explicit table entries, as those set by hand.
fn keep(group: &[Move], a: &Adapter, entry: &mut SavedAdapter, runtime: &mut Runtime, for_now: bool) {
    for m in group.iter().filter(|m| m.key() == VPortKey::DEFAULT) {
        let to = Processor::from(m.target);
        match m.steering() {
            Ok(Steering::Primary) => entry.scaling.primary = Some(to),
            Ok(Steering::Default) => entry.scaling.default = Some(to),
            Ok(Steering::Entry(index)) => note(index, to, a, entry, runtime, for_now),
            Err(_) => {}
        }
    }
}

fn note(
    index: EntryIndex,
    to: Processor,
    a: &Adapter,
    entry: &mut SavedAdapter,
    runtime: &mut Runtime,
    for_now: bool,
) {
    let there = a.device.entry_cpu(index).map(Processor::from);
    let explicit = entry.table.contains_key(&index) || runtime.table.contains_key(&index);
    if there == Some(to) && !explicit {
        return;
    }
    if for_now {
        runtime.table.insert(index, to);
    } else {
        runtime.table.remove(&index);
        entry.table.insert(index, to);
    }
}
