//! Running: in D0 with queues. Here, and only here, requests are executed.

use alloc::vec::Vec;

use super::TRIES;
use super::bring::{bring, replay};
use super::callbacks::Hardware;
use super::datapath::Live;
use super::draining::Draining;
use super::memory::{Memory, Told};
use super::resetting::Resetting;
use super::seats::Seats;
use crate::cpuset::CpuSet;
use crate::device::{Filter, filter};
use crate::ids::{CpuId, QueueId};
use crate::scaling::{
    Fault, MoveRequest, MoveResults, Parameters, ParametersV1, Scaling, Status, SwitchId, VPort, VPortKey,
    VPortState,
};

/// An adapter that runs. Every request is answered when it returns, within a number of calls of the driver that the
/// size of its tables bounds; what is refused, or fails, changes nothing.
#[derive(Debug)]
pub struct Running<H> {
    live: Live<H>,
    memory: Memory,
    /// A failure after which the hardware could not be brought back.
    failure: Option<Fault>,
}

impl<H: Hardware> Running<H> {
    pub(super) const fn new(live: Live<H>, memory: Memory) -> Self {
        Self { live, memory, failure: None }
    }

    pub(super) const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The driver, to be looked at.
    #[must_use]
    pub const fn hardware(&self) -> &H {
        self.live.hardware()
    }

    /// The RSS state.
    #[must_use]
    pub const fn scaling(&self) -> &Scaling {
        &self.memory.scaling
    }

    /// The queues of a VPort; those of the default one are the first of the adapter.
    #[must_use]
    pub fn queues(&self, key: VPortKey) -> Vec<QueueId> {
        self.memory.told.get(&key).map(|told| told.seats.queues().collect()).unwrap_or_default()
    }

    /// A failure of the driver after which the hardware could not be brought back to what was before: it must be reset.
    #[must_use]
    pub const fn failure(&self) -> Option<Fault> {
        self.failure
    }

    /// Destroys the queues: the first step of powering down.
    #[must_use]
    pub fn destroy_queues(self) -> Draining<H> {
        let Self { live, mut memory, .. } = self;
        memory.rest();
        Draining { idle: live.destroy_queues(), memory }
    }

    /// The hardware is reset.
    #[must_use]
    pub fn reset(self) -> Resetting<H> {
        let Self { live, mut memory, .. } = self;
        memory.rest();
        Resetting { idle: live.destroy_queues(), memory }
    }

    /// `OID_GEN_RECEIVE_SCALE_PARAMETERS_V2`.
    ///
    /// # Errors
    /// As [`Scaling::set_parameters`]; `RESOURCES`, `ADAPTER_NOT_READY`, `ADAPTER_NOT_FOUND` when the driver fails.
    pub fn set_parameters(&mut self, key: VPortKey, request: &Parameters) -> Result<(), Status> {
        self.change(key, |scaling| scaling.set_parameters(key, request))
    }

    /// `OID_GEN_RECEIVE_SCALE_PARAMETERS`. An adapter with RSSv2 gets moves of the entries that differ, another one
    /// whole table.
    ///
    /// # Errors
    /// As [`Scaling::set_v1`], and when the driver fails.
    pub fn set_v1(&mut self, key: VPortKey, request: &ParametersV1) -> Result<(), Status> {
        self.change(key, |scaling| scaling.set_v1(key, request))
    }

    /// `OID_GEN_RSS_SET_INDIRECTION_TABLE_ENTRIES`: one call of the driver a group. An adapter without RSSv2 gets one
    /// whole table for all groups.
    ///
    /// # Errors
    /// As [`Scaling::move_entries`]; of a group also what the driver answers.
    pub fn move_entries(&mut self, request: &MoveRequest) -> Result<MoveResults, Status> {
        let Self { live, memory, failure } = self;
        let Memory { scaling, told, capability, .. } = memory;
        let moves = capability.independent_entry_move;
        let mut execute = |key: VPortKey, before: &VPort, after: &VPort| {
            let told = told.get_mut(&key).ok_or(Fault::NotReady)?;
            settle(live, key, told, before, after, moves).map_err(|(fault, lost)| {
                if lost {
                    *failure = Some(fault);
                }
                fault
            })
        };
        if moves {
            scaling.move_entries_with(request, execute)
        } else {
            scaling.move_by_table(request, |before, after| execute(VPortKey::DEFAULT, before, after))
        }
    }

    /// Moves the primary processor by the affinity of the VPort's parameters.
    ///
    /// # Errors
    /// As [`Scaling::set_affinity`], and when the driver fails.
    pub fn set_affinity(&mut self, key: VPortKey, affinity: CpuId) -> Result<(), Status> {
        self.change(key, |scaling| scaling.set_affinity(key, affinity))
    }

    /// Changes the processors that may direct traffic.
    ///
    /// # Errors
    /// As [`Scaling::set_rss_set`].
    pub fn set_rss_set(&mut self, set: CpuSet) -> Result<(), Status> {
        self.memory.scaling.set_rss_set(set)
    }

    /// `OID_GEN_RECEIVE_HASH`: hashing without scaling. It is the stack that looks at the hash; no driver is asked.
    ///
    /// # Errors
    /// As [`Scaling::set_hash_only`].
    pub fn set_hash_only(&mut self, on: bool) -> Result<(), Status> {
        self.memory.scaling.set_hash_only(on)
    }

    /// Makes a VPort, deactivated, with everything on the processor `affinity`.
    ///
    /// # Errors
    /// As [`Scaling::create`]; `INVALID_PARAMETER` for a switch other than the default one; when the driver fails.
    pub fn create_vport(&mut self, key: VPortKey, affinity: CpuId, queues: u16) -> Result<(), Status> {
        if key.switch != SwitchId::default() {
            return Err(Status::InvalidParameter);
        }
        let mut scaling = self.memory.scaling.clone();
        scaling.create(key, affinity, queues)?;
        let ids = self.memory.take_queues(key, queues.into());
        if ids.len() < usize::from(queues) {
            return Err(Status::NoQueues);
        }
        let mut told = Told { seats: Seats::new(ids.iter().copied()), ..Told::default() };
        self.live.call().create_vport(key.vport, &ids)?;
        let made = scaling.vport(key).ok_or(Status::InvalidParameter)?;
        if let Err(fault) = replay(self.live.call(), key, &mut told, made) {
            if self.live.call().delete_vport(key.vport).is_err() || fault == Fault::Gone {
                self.failure = Some(fault);
            }
            return Err(fault.into());
        }
        self.memory.told.insert(key, told);
        self.memory.scaling = scaling;
        Ok(())
    }

    /// Takes a VPort into use: its filters lead to it.
    ///
    /// # Errors
    /// As [`Scaling::activate`], and when the driver fails.
    pub fn activate_vport(&mut self, key: VPortKey) -> Result<(), Status> {
        let mut scaling = self.memory.scaling.clone();
        scaling.activate(key)?;
        if let Some(filters) = self.memory.filters.get(&key) {
            self.live.call().set_filters(key.vport, filters)?;
        }
        self.memory.scaling = scaling;
        Ok(())
    }

    /// Replaces the filters of a VPort other than the default one. They lead to it while it is activated.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` for an unknown VPort, the default one, a filter that tests nothing or what the adapter cannot,
    /// a number in use, and a test that another VPort has; `INVALID_PORT` for a VPort that is being deleted; when the
    /// driver fails.
    pub fn set_filters(&mut self, key: VPortKey, filters: &[Filter]) -> Result<(), Status> {
        let memory = &mut self.memory;
        let state = memory.scaling.vport(key).ok_or(Status::InvalidParameter)?.state;
        if key == VPortKey::DEFAULT {
            return Err(Status::InvalidParameter);
        }
        if state == VPortState::Deleting {
            return Err(Status::InvalidPort);
        }
        let others = memory.filters.iter().map(|(key, filters)| (key.vport, filters.as_slice()));
        filter::check(&memory.capability.vports, &others, key.vport, filters)
            .map_err(|_| Status::InvalidParameter)?;
        if state == VPortState::Activated {
            self.live.call().set_filters(key.vport, filters)?;
        }
        memory.filters.insert(key, filters.to_vec());
        Ok(())
    }

    /// Deletes a VPort, spreading or not: its filters first, so that nothing leads to it any more, then the VPort. No
    /// request reaches it from the moment that this begins.
    ///
    /// # Errors
    /// As [`Scaling::start_delete`]; when the driver fails, and then it stays to be deleted, for another call.
    pub fn delete_vport(&mut self, key: VPortKey) -> Result<(), Status> {
        self.memory.scaling.start_delete(key)?;
        let h = self.live.call();
        h.set_filters(key.vport, &[])?;
        self.memory.filters.remove(&key);
        h.delete_vport(key.vport)?;
        self.memory.told.remove(&key);
        self.memory.scaling.delete(key)
    }

    /// Changes the state of a VPort and brings the change to the hardware, or nothing of it.
    fn change(
        &mut self,
        key: VPortKey,
        ask: impl FnOnce(&mut Scaling) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let mut next = self.memory.scaling.clone();
        ask(&mut next)?;
        let (Some(before), Some(after)) = (self.memory.scaling.vport(key), next.vport(key)) else {
            return Err(Status::InvalidParameter);
        };
        let (had, has) = (usize::from(before.queues), usize::from(after.queues));
        let more = if has > had { self.memory.take_queues(key, has - had) } else { Vec::new() };
        if has > had + more.len() {
            return Err(Status::NoQueues);
        }
        let moves = self.memory.capability.independent_entry_move;
        let told = self.memory.told.get_mut(&key).ok_or(Status::InvalidParameter)?;
        let result = resize(&mut self.live, key, told, &more)
            .map_err(|fault| (fault, fault == Fault::Gone))
            .and_then(|()| settle(&mut self.live, key, told, before, after, moves))
            .and_then(|()| {
                release(&mut self.live, key, told, after).map_err(|fault| (fault, fault == Fault::Gone))
            });
        match result {
            Ok(()) => {
                self.memory.scaling = next;
                Ok(())
            }
            Err((fault, lost)) => {
                // Queues that were taken for it go back.
                let back = lost || release(&mut self.live, key, told, before).is_ok();
                if lost || !back {
                    self.failure = Some(fault);
                }
                Err(fault.into())
            }
        }
    }
}

/// Brings a VPort to its new state; where that fails, back to the one before. The flag says that this failed too, or that
/// the adapter is gone.
fn settle<H: Hardware>(
    live: &mut Live<H>,
    key: VPortKey,
    told: &mut Told,
    before: &VPort,
    after: &VPort,
    moves: bool,
) -> Result<(), (Fault, bool)> {
    let Err(fault) = bring(live.call(), key, told, after, moves) else { return Ok(()) };
    if fault == Fault::Gone {
        return Err((fault, true));
    }
    let back = (0..TRIES).any(|_| replay(live.call(), key, told, before).is_ok());
    Err((fault, !back))
}

/// Gives a VPort more queues.
fn resize<H: Hardware>(
    live: &mut Live<H>,
    key: VPortKey,
    told: &mut Told,
    more: &[QueueId],
) -> Result<(), Fault> {
    if more.is_empty() {
        return Ok(());
    }
    if key != VPortKey::DEFAULT {
        let queues: Vec<QueueId> = told.seats.queues().chain(more.iter().copied()).collect();
        live.call().set_queues(key.vport, &queues)?;
    }
    more.iter().for_each(|queue| told.seats.add(*queue));
    Ok(())
}

/// Takes the queues away that a VPort may no longer have: those that nothing of it uses.
fn release<H: Hardware>(
    live: &mut Live<H>,
    key: VPortKey,
    told: &mut Told,
    after: &VPort,
) -> Result<(), Fault> {
    let surplus = told.seats.len().saturating_sub(after.queues.into());
    if surplus == 0 {
        return Ok(());
    }
    if !after.rss_enabled {
        // The table is only tracked then: it must not hold queues that others are to have.
        let table = alloc::vec![told.default_queue; told.table.len().max(1)];
        live.call().write_table(key.vport, &table)?;
        told.table = table;
    }
    let used = |queue: QueueId| told.default_queue == queue || told.table.contains(&queue);
    let go: Vec<QueueId> = told.seats.queues().filter(|queue| !used(*queue)).take(surplus).collect();
    let stay: Vec<QueueId> = told.seats.queues().filter(|queue| !go.contains(queue)).collect();
    if key != VPortKey::DEFAULT {
        live.call().set_queues(key.vport, &stay)?;
    }
    go.iter().for_each(|queue| told.seats.drop_queue(*queue));
    Ok(())
}
