//! `NDIS_RSS_SET_INDIRECTION_ENTRIES`: where entries, primary and default processors point.
//!
//! On the wire the moves are an array that starts at `RssEntryTableOffset` and is walked with `RssEntrySize`, never
//! with the size that the reader knows: a newer caller may send longer elements. Whoever reads that layout answers
//! `INVALID_LENGTH` for an element shorter than known or an array that leaves the buffer; here the moves are a slice.

use super::Scaling;
use super::limits::Spreading;
use super::status::{Fault, Status};
use super::vport::{Steering, SwitchId, VPort, VPortKey};
use crate::ids::{CpuId, EntryIndex, VPortId};
use alloc::vec::Vec;

/// `NDIS_RSS_SET_INDIRECTION_ENTRY_FLAG_PRIMARY_PROCESSOR`: the move is of the primary processor.
pub const FLAG_PRIMARY: u32 = 1;
/// `NDIS_RSS_SET_INDIRECTION_ENTRY_FLAG_DEFAULT_PROCESSOR`: the move is of the default processor.
pub const FLAG_DEFAULT: u32 = 2;
/// The index that names the primary processor.
pub const INDEX_PRIMARY: u16 = 0xFFFE;
/// The index that names the default processor.
pub const INDEX_DEFAULT: u16 = 0xFFFF;

/// Who asks for moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A processor, for itself: it can only push away what points at it.
    Processor(CpuId),
    /// Somebody who acts for whichever processor owns the entry.
    Owner,
}

/// One move, as the caller wrote it (`NDIS_RSS_SET_INDIRECTION_ENTRY`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Move {
    /// The switch; 0 where there is none.
    pub switch: SwitchId,
    /// The VPort.
    pub vport: VPortId,
    /// [`FLAG_PRIMARY`] or [`FLAG_DEFAULT`] or 0.
    pub flags: u32,
    /// A table entry, [`INDEX_PRIMARY`] or [`INDEX_DEFAULT`]; 0 where a flag says it all.
    pub index: u16,
    /// Where it shall point.
    pub target: CpuId,
}

impl Move {
    /// The move of a steering parameter, in its shortest form.
    #[must_use]
    pub fn new(key: VPortKey, what: Steering, target: CpuId) -> Self {
        let (flags, index) = match what {
            Steering::Primary => (FLAG_PRIMARY, INDEX_PRIMARY),
            Steering::Default => (FLAG_DEFAULT, INDEX_DEFAULT),
            Steering::Entry(index) => (0, index.0),
        };
        Self { switch: key.switch, vport: key.vport, flags, index, target }
    }

    /// The VPort that it is about.
    #[must_use]
    pub fn key(&self) -> VPortKey {
        VPortKey { switch: self.switch, vport: self.vport }
    }

    /// What is to move. Documents name primary and default processor by flag or by index, so either is taken;
    /// with a flag, the index is the matching one or 0.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for unknown flags, both flags, and an index that disagrees with the flag.
    pub fn steering(&self) -> Result<Steering, Status> {
        match (self.flags, self.index) {
            (FLAG_PRIMARY, INDEX_PRIMARY | 0) | (0, INDEX_PRIMARY) => Ok(Steering::Primary),
            (FLAG_DEFAULT, INDEX_DEFAULT | 0) | (0, INDEX_DEFAULT) => Ok(Steering::Default),
            (0, index) => Ok(Steering::Entry(EntryIndex(index))),
            _ => Err(Status::InvalidParameter),
        }
    }
}

/// A request: any number of moves, of several VPorts if need be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveRequest {
    /// NDIS defines none: 0.
    pub flags: u32,
    /// Who asks.
    pub actor: Actor,
    /// The moves; neighbours of the same VPort form a group.
    pub moves: Vec<Move>,
}

impl MoveRequest {
    /// A request on behalf of the owners of the entries.
    #[must_use]
    pub fn for_owner(moves: Vec<Move>) -> Self {
        Self { flags: 0, actor: Actor::Owner, moves }
    }
}

/// One result a move, in the order of the request; alike within a group.
pub type MoveResults = Vec<Result<(), Status>>;

impl Scaling {
    /// Executes moves, group by group. A group is all or nothing and has one result; groups succeed or fail on their
    /// own, and a later one sees what an earlier one did.
    ///
    /// The moves of a group are judged against the state before it, so a parameter that is named twice must be
    /// owned by the actor before the group, and ends where its last move points. Queues are counted for the state
    /// after the group: a processor can be evacuated with every queue in use.
    ///
    /// # Errors
    /// Of the request, with nothing done: `NOT_SUPPORTED` without RSSv2, `INVALID_LENGTH` for more than
    /// [`max_moves`](super::limits::Limits::max_moves), `INVALID_PARAMETER` for flags. Of a group, the first
    /// that applies: `ADAPTER_NOT_FOUND`, `ADAPTER_NOT_READY`; `INVALID_PARAMETER`, `INVALID_PORT`,
    /// `INVALID_PORT_STATE` for the VPort; of its first bad move `INVALID_PARAMETER` (flags, index), `NOT_ACCEPTED`
    /// (actor), and, where that would change what directs traffic, `NOT_SUPPORTED` (static spreading) and
    /// `INVALID_DATA` (RSS set); `NO_QUEUES`.
    pub fn move_entries(&mut self, request: &MoveRequest) -> Result<MoveResults, Status> {
        self.move_entries_with(request, |_, _, _| Ok(()))
    }

    /// As [`Scaling::move_entries`]; `execute` brings each group that was judged right to the adapter. It gets the
    /// VPort before and after the group, and must do the whole group or nothing, without waiting.
    ///
    /// # Errors
    /// As [`Scaling::move_entries`], and for a group what `execute` says: the state is then as before the group.
    pub fn move_entries_with(
        &mut self,
        request: &MoveRequest,
        execute: impl FnMut(VPortKey, &VPort, &VPort) -> Result<(), Fault>,
    ) -> Result<MoveResults, Status> {
        if !self.limits.independent_entry_move {
            return Err(Status::NotSupported);
        }
        self.moves(request, execute)
    }

    /// As [`Scaling::move_entries_with`], for adapters without RSSv2 too.
    pub(super) fn moves(
        &mut self,
        request: &MoveRequest,
        mut execute: impl FnMut(VPortKey, &VPort, &VPort) -> Result<(), Fault>,
    ) -> Result<MoveResults, Status> {
        if request.moves.len() > self.limits.max_moves() {
            return Err(Status::InvalidLength);
        }
        if request.flags != 0 {
            return Err(Status::InvalidParameter);
        }
        let mut results = Vec::with_capacity(request.moves.len());
        for group in request.moves.chunk_by(|a, b| a.key() == b.key()) {
            let Some(key) = group.first().map(Move::key) else { continue };
            let result = self.group(key, group, request.actor, &mut execute);
            results.extend(group.iter().map(|_| result));
        }
        Ok(results)
    }

    fn group(
        &mut self,
        key: VPortKey,
        group: &[Move],
        actor: Actor,
        execute: &mut impl FnMut(VPortKey, &VPort, &VPort) -> Result<(), Fault>,
    ) -> Result<(), Status> {
        self.ready()?;
        let before = self.usable(key)?;
        let mut after = before.clone();
        for m in group {
            after.point(self.judge(key, before, m, actor)?, m.target);
        }
        after.check_queues()?;
        execute(key, before, &after)?;
        self.vports.insert(key, after);
        Ok(())
    }

    fn judge(&self, key: VPortKey, vport: &VPort, m: &Move, actor: Actor) -> Result<Steering, Status> {
        let what = m.steering()?;
        let now = vport.points_at(what).ok_or(Status::InvalidParameter)?;
        if matches!(actor, Actor::Processor(cpu) if cpu != now) {
            return Err(Status::NotAccepted);
        }
        if vport.is_active(what) && m.target != now {
            if self.limits.spreading(key) == Spreading::Static {
                return Err(Status::NotSupported);
            }
            if !self.rss_set.contains(m.target) {
                return Err(Status::InvalidData);
            }
        }
        Ok(what)
    }
}
