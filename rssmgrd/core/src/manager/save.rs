//! One save at a time: what changes while one is under way is saved together by the next.
//!
//! So what a failed save takes back was in no later one, and the durable state is always one that was whole here.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::Manager;
use super::checkpoint::{CheckpointId, Committing};
use super::command::CommandId;
use super::effect::{Effect, SaveId};
use super::group::GroupId;
use super::saved::{SavedSoftnic, SavedState};
use crate::ids::{AdapterId, Moment};

/// What a save is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// A transaction group goes on.
    Group(GroupId),
    /// Nothing waits for it.
    Noted,
    /// A checkpoint is confirmed.
    Committed(Committing),
    /// A checkpoint has more time.
    Extended { id: CheckpointId, old: Moment, asked: CommandId },
    /// A software NIC was created and is to be kept.
    Created { name: String },
    /// A software NIC is to be deleted.
    Deleted { name: String, asked: CommandId },
    /// A software NIC has a new source.
    Source { adapter: AdapterId },
}

/// What is being saved and what is to be saved next.
#[derive(Debug, Default)]
pub(super) struct Saving {
    under_way: Option<UnderWay>,
    next: Vec<Purpose>,
    last_id: u64,
}

#[derive(Debug)]
struct UnderWay {
    id: SaveId,
    purposes: Vec<Purpose>,
    durable: Durable,
}

/// What readers are shown of the saved state: never anything that may still be taken back.
#[derive(Debug)]
pub(super) struct Durable {
    pub(super) rss_on: bool,
    pub(super) softnics: Vec<SavedSoftnic>,
}

impl Durable {
    pub(super) fn of(saved: &SavedState) -> Self {
        Self { rss_on: saved.rss_on, softnics: saved.softnics.clone() }
    }
}

impl Saving {
    pub(super) const fn is_idle(&self) -> bool {
        self.under_way.is_none() && self.next.is_empty()
    }
}

impl Manager {
    /// Has the present state saved, now or as soon as the save under way is through.
    pub(super) fn save(&mut self, purpose: Purpose) {
        self.saving.next.push(purpose);
    }

    /// Starts the next save if there is one.
    pub(super) fn flush(&mut self) {
        let saving = &mut self.saving;
        if saving.under_way.is_some() || saving.next.is_empty() {
            return;
        }
        saving.last_id += 1;
        let save = SaveId(saving.last_id);
        let purposes = core::mem::take(&mut saving.next);
        saving.under_way = Some(UnderWay { id: save, purposes, durable: Durable::of(&self.saved) });
        self.effects.push_back(Effect::Save { save, state: Box::new(self.saved.clone()) });
    }

    pub(super) fn save_answered(&mut self, save: SaveId, result: &Result<(), String>) {
        let Some(UnderWay { mut purposes, durable, .. }) = self.saving.under_way.take_if(|u| u.id == save)
        else {
            return;
        };
        // Somebody may wait for all to settle.
        self.wake = true;
        match result {
            Ok(()) => self.durable = durable,
            // Taking back goes the other way round.
            Err(_) => purposes.reverse(),
        }
        for purpose in purposes {
            let result = result.clone();
            match purpose {
                Purpose::Group(group) => self.group_saved(group, result),
                Purpose::Noted => {}
                Purpose::Committed(commit) => self.commit_saved(commit, result),
                Purpose::Extended { id, old, asked } => self.extension_saved(id, old, asked, result),
                Purpose::Created { name } => self.creation_saved(&name, result),
                Purpose::Deleted { name, asked } => self.deletion_saved(&name, asked, result),
                Purpose::Source { adapter } => self.source_saved(adapter, result),
            }
        }
    }
}
