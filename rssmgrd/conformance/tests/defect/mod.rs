//! The defects, by the rule that they break.

mod answers;
mod looks;

use rssmgr_conformance::model::Model;
use rssmgr_conformance::{Call, Failure, Framework, Subject, Variant};
use rssmgr_core::adapter::{Event, LifeError, Phase};
use rssmgr_core::capability::Capability;
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Filter};
use rssmgr_core::scaling::{
    Actor, Move, MoveRequest, MoveResults, Parameters, ParametersV1, Status, SwitchId, VPortKey,
};
use rssmgr_core::{CpuId, EntryIndex, VPortId};

/// A subject with one defect.
pub(crate) struct Mutant {
    inner: Framework<Model>,
    variant: Variant,
    /// The rule that it breaks.
    rule: &'static str,
    memory: Memory,
}

/// What was asked so far.
#[derive(Default)]
struct Memory {
    v1: Option<(VPortKey, ParametersV1)>,
    info: u32,
    /// Whether a table was asked for, in whatever way.
    sized: bool,
    was_on: bool,
    moves: usize,
    last: Vec<Move>,
    events: Vec<&'static str>,
    created: Vec<VPortKey>,
    failing: bool,
    parameters: usize,
    filters: Vec<(VPortKey, Vec<Filter>)>,
    reset: bool,
}

impl Mutant {
    pub(crate) fn new(inner: Framework<Model>, variant: Variant, rule: &'static str) -> Self {
        Self { inner, variant, rule, memory: Memory::default() }
    }

    fn is(&self, rule: &str) -> bool {
        self.rule == rule
    }

    fn on(&mut self) -> bool {
        self.inner.device().is_ok_and(|d| d.enabled)
    }

    /// The state before something that must not be seen.
    fn before(&mut self) -> Device {
        self.inner.device().unwrap_or_default()
    }
}

const D: VPortKey = VPortKey::DEFAULT;

fn key(id: u32) -> VPortKey {
    VPortKey { vport: VPortId(id), ..D }
}

impl Subject for Mutant {
    fn handle(&mut self, event: Event) -> Result<(), LifeError> {
        self.memory.events.push(event.name());
        self.memory.reset |= event == Event::Reset;
        self.live(event)
    }

    fn phase(&self) -> Phase {
        match (self.rule, self.inner.phase()) {
            ("gone-is-removed", Phase::Removed) if self.memory.failing => Phase::Running,
            (_, phase) => phase,
        }
    }

    fn capability(&self) -> Capability {
        self.inner.capability()
    }

    fn parameters(&mut self, key: VPortKey, request: &Parameters) -> Result<(), Status> {
        self.memory.parameters += 1;
        let result = self.change(key, request);
        self.memory.sized |= request.entries.is_some();
        self.memory.was_on |= request.enable && result.is_ok();
        result
    }

    fn v1(&mut self, key: VPortKey, request: &ParametersV1) -> Result<(), Status> {
        let result = self.change_v1(key, request);
        self.memory.info |= request.hash_info.unwrap_or_default() & !0xFF;
        self.memory.sized |= request.table.is_some();
        self.memory.was_on |= result.is_ok();
        self.memory.v1 = Some((key, request.clone()));
        result
    }

    fn moves(&mut self, request: &MoveRequest) -> Result<MoveResults, Status> {
        let result = self.push(request);
        self.memory.moves += 1;
        self.memory.last.clone_from(&request.moves);
        result
    }

    fn affinity(&mut self, key: VPortKey, cpu: CpuId) -> Result<(), Status> {
        if self.is("affinity-moves-primary") { Ok(()) } else { self.inner.affinity(key, cpu) }
    }

    fn rss_set(&mut self, set: CpuSet) -> Result<(), Status> {
        let result = self.inner.rss_set(set);
        if self.is("rss-set-keeps-active") { Ok(()) } else { result }
    }

    fn hash_only(&mut self, on: bool) -> Result<(), Status> {
        let rule = self.rule;
        match rule {
            "hash-only-excludes-rss" if !self.on() => Ok(()),
            "rss-excludes-hash-only" if self.on() => Ok(()),
            _ => self.inner.hash_only(on),
        }
    }

    fn create(&mut self, key: VPortKey, affinity: CpuId, queues: u16) -> Result<(), Status> {
        let result = self.make(key, affinity, queues);
        if result.is_ok() {
            self.memory.created.push(key);
        }
        result
    }

    fn activate(&mut self, key: VPortKey) -> Result<(), Status> {
        self.inner.activate(key)
    }

    fn filters(&mut self, key: VPortKey, filters: &[Filter]) -> Result<(), Status> {
        self.memory.filters.push((key, filters.to_vec()));
        let result = self.inner.filters(key, filters);
        let rule = self.rule;
        match rule {
            "filter-numbers"
                if self.memory.filters.len() == 2
                    && filters.iter().all(|f| f.mac != Some([2, 0, 0, 0, 0, 1])) =>
            {
                Ok(())
            }
            "filter-same-test" if result.is_err() && filters.iter().all(|f| f.id.0 == 2) => Ok(()),
            "filter-needs-a-field" if filters.iter().all(|f| f.mac.is_none() && f.vlan.is_none()) => Ok(()),
            _ => result,
        }
    }

    fn delete(&mut self, key: VPortKey) -> Result<(), Status> {
        let rule = self.rule;
        match rule {
            "vport-delete-while-on" if self.before().vports.get(&key.vport).is_some_and(|v| v.enabled) => {
                Err(Status::InvalidPortState)
            }
            "vport-default-stays" if key == D => Ok(()),
            // The queues leak.
            "vport-delete-frees" if key != D && self.memory.filters.is_empty() && !self.memory.failing => {
                Ok(())
            }
            _ => self.inner.delete(key),
        }
    }

    fn device(&mut self) -> Result<Device, String> {
        let device = self.inner.device()?;
        Ok(self.look(device))
    }

    fn calls(&mut self) -> Vec<(VPortId, Call)> {
        let calls = self.inner.calls();
        self.told(calls)
    }

    fn fail(&mut self, failure: Failure) {
        self.memory.failing = true;
        self.break_driver(failure);
    }
}

/// A move of an entry in its short form.
fn entry(key: VPortKey, index: u16, target: u32) -> Move {
    Move::new(key, rssmgr_core::scaling::Steering::Entry(EntryIndex(index)), CpuId(target))
}

fn other_switch(key: VPortKey) -> bool {
    key.switch != SwitchId::default()
}

fn by_owner(request: &MoveRequest) -> MoveRequest {
    MoveRequest { actor: Actor::Owner, ..request.clone() }
}
