//! Defects in what is done and answered.

use rssmgr_conformance::{Call, Failure, Subject, Variant};
use rssmgr_core::CpuId;
use rssmgr_core::adapter::{Event, LifeError, Phase};
use rssmgr_core::scaling::{
    Fault, Move, MoveRequest, MoveResults, Parameters, ParametersV1, Status, Steering, VPortKey,
};

use super::{D, Mutant, by_owner, entry, key, other_switch};

impl Mutant {
    pub(super) fn live(&mut self, event: Event) -> Result<(), LifeError> {
        let phase = self.inner.phase();
        match (self.rule, &event) {
            ("capabilities-before-start", Event::Start(_)) if phase == Phase::Created => Ok(()),
            ("rss-needs-a-table", Event::Capabilities) if self.variant == Variant::NoTable => Ok(()),
            // Another reset while it is being reset already.
            ("life-has-an-order", Event::Reset) if phase == Phase::Resetting => Ok(()),
            ("removed-is-the-end", _) if phase == Phase::Removed => Ok(()),
            // What was known is lost with the power.
            ("replay-after-power-down", Event::CreateQueues)
                if self.memory.parameters + self.memory.moves == 0 =>
            {
                let result = self.inner.handle(event);
                if self.memory.v1.is_some() {
                    let _ = self.inner.v1(D, &table(&[0, 0]));
                }
                result
            }
            // Only one try.
            ("three-tries", Event::Restore) if self.memory.failing => {
                let result = self.inner.handle(event);
                if result.is_ok() && self.memory.events.iter().filter(|e| **e == "a reset").count() == 1 {
                    let _ = self.inner.handle(Event::Reset);
                }
                result
            }
            ("then-revoked", Event::Restore) if self.memory.failing => {
                let _ = self.inner.handle(event);
                Ok(())
            }
            ("replay-brings-everything", Event::Restore) => {
                let result = self.inner.handle(event);
                let moved = Move::new(D, Steering::Default, CpuId(0));
                let _ = self.inner.moves(&MoveRequest::for_owner(vec![moved]));
                result
            }
            ("replay-brings-vports", Event::Restore) => {
                let result = self.inner.handle(event);
                let _ = self.inner.filters(key(1), &[]);
                result
            }
            ("replay-while-off", Event::Restore) if !self.memory.failing && self.memory.parameters > 0 => {
                let result = self.inner.handle(event);
                let _ = self.inner.parameters(D, &Parameters { enable: true, ..Parameters::default() });
                result
            }
            _ => self.inner.handle(event),
        }
    }

    pub(super) fn change(&mut self, key: VPortKey, request: &Parameters) -> Result<(), Status> {
        let on = self.on();
        let mut r = request.clone();
        let rule = self.rule;
        match rule {
            "v2-parameters-need-v2" if self.variant == Variant::WholeTable => return Ok(()),
            "initial-affinity"
                if self.variant == Variant::Full
                    && request.enable
                    && !on
                    && !self.memory.sized
                    && request.entries.is_none()
                    && request.hash_info.is_some() =>
            {
                r.entries = Some(2);
            }
            "off-ignores-hash-and-key" if !request.enable && request.key.is_some() => {
                return Err(Status::InvalidLength);
            }
            "off-changes-sizes"
                if !request.enable && request.entries.is_some() && request.queues.is_some() =>
            {
                return Ok(());
            }
            "enable-with-all" if request.enable && request.queues.is_some() && request.entries.is_some() => {
                r.queues = None;
                r.entries = None;
            }
            "shrink-needs-replicas" if request.entries == Some(2) => {
                let result = self.inner.parameters(key, &r);
                return if self.memory.parameters == 1 { Ok(()) } else { result };
            }
            "shrink-undoes-growth" if request.entries == Some(2) && self.memory.parameters > 1 => {
                return Ok(());
            }
            "entries-power-of-two" if request.entries == Some(3) => return Ok(()),
            "queues-below-use" if request.queues == Some(3) && on => return Ok(()),
            "queues-within-limits" if request.queues == Some(0) => return Ok(()),
            "key-of-40-bytes" if request.enable && request.key.as_ref().is_some_and(|k| k.len() != 40) => {
                r.key = Some(vec![0; 40]);
            }
            "hash-reserved-function" if request.enable && request.hash_info == Some(0x302) => {
                return Err(Status::InvalidParameter);
            }
            "hash-unknown-types" if request.hash_info == Some(1) => return Ok(()),
            "enable-needs-hash" if request.enable && !on && !self.memory.was_on && request.key.is_none() => {
                r.key = Some(vec![0; 40]);
                r.hash_info = r.hash_info.or(Some(0x301));
            }
            "restricted-follows-queues"
                if self.variant == Variant::Restricted && request.entries == Some(8) =>
            {
                return Ok(());
            }
            "transition-validates" => {
                let result = self.inner.parameters(key, &r);
                return if result == Err(Status::InvalidData) && !on { Ok(()) } else { result };
            }
            "table-survives-toggling"
                if request.enable && !on && self.memory.moves == 0 && self.memory.v1.is_some() =>
            {
                let result = self.inner.parameters(key, &r);
                let _ = self.inner.v1(key, &table(&[0, 0, 0, 0]));
                return result;
            }
            "off-needs-no-repointing" if !request.enable && on && self.asked(&[1, 2, 1, 2]) => {
                return Err(Status::InvalidData);
            }
            "default-tracked-while-off" if request.enable && self.memory.moves == 1 && !self.memory.sized => {
                let result = self.inner.parameters(key, &r);
                let back = Move::new(D, Steering::Default, CpuId(0));
                let _ = self.inner.moves(&MoveRequest::for_owner(vec![back]));
                return result;
            }
            "entries-tracked-while-off" if request.enable && self.memory.moves == 1 && self.memory.sized => {
                let result = self.inner.parameters(key, &r);
                let _ = self.inner.v1(key, &table(&[0, 0, 0, 0]));
                return result;
            }
            "primary-moves-alone" if request.enable && self.memory.moves == 2 && self.memory.v1.is_some() => {
                let result = self.inner.parameters(key, &r);
                let moved = Move::new(D, Steering::Default, CpuId(0));
                let _ = self.inner.moves(&MoveRequest::for_owner(vec![moved]));
                return result;
            }
            "vport-hash-is-for-life" if key != D => {
                let result = self.inner.parameters(key, &r);
                return if result == Err(Status::InvalidParameter) { Ok(()) } else { result };
            }
            "failed-parameters-undone" if self.memory.failing && request.entries.is_some() => {
                let result = self.inner.parameters(key, &r);
                let _ = self.inner.parameters(
                    key,
                    &Parameters { enable: true, key: Some(vec![7; 40]), ..Parameters::default() },
                );
                return result;
            }
            "calls-only-with-queues" if self.inner.phase() == Phase::Powered => return Ok(()),
            "no-calls-after-teardown" if self.inner.phase() == Phase::Draining => return Ok(()),
            "vport-own-hash"
                if key != D
                    && self.memory.v1.as_ref().is_some_and(|(k, _)| *k == D)
                    && request.hash_info == Some(0x101) =>
            {
                r.hash_info = Some(0x301);
            }
            _ => {}
        }
        self.inner.parameters(key, &r)
    }

    pub(super) fn change_v1(&mut self, key: VPortKey, request: &ParametersV1) -> Result<(), Status> {
        let mut r = request.clone();
        let rule = self.rule;
        match rule {
            "v1-newest-wins" => r.hash_info = request.hash_info.map(|info| info | self.memory.info),
            "v1-unchanged-hints"
                if request.key.is_none()
                    && request.table.is_some()
                    && request.default.is_none()
                    && key == D =>
            {
                r.key = Some(vec![0; 40]);
            }
            "v1-compares" if self.memory.v1 == Some((key, request.clone())) => {
                let off = ParametersV1 { disable: true, ..ParametersV1::default() };
                self.inner.v1(key, &off)?;
            }
            "v1-table-length" if request.table.as_ref().is_some_and(|t| !t.len().is_power_of_two()) => {
                return Err(Status::InvalidParameter);
            }
            "v1-key-length" if request.key.as_ref().is_some_and(|k| k.len() != 40) => return Ok(()),
            "v1-function-none" if request.hash_info == Some(0x300) => return Ok(()),
            "v1-disable" if request.disable => return Ok(()),
            "static-without-v2" if self.variant == Variant::WholeTable && key != D => {
                let result = self.inner.v1(key, &r);
                return if result == Err(Status::NotSupported) { Ok(()) } else { result };
            }
            "vport-own-table"
                if self.memory.moves == 0
                    && key != D
                    && self.memory.v1.as_ref().is_some_and(|(k, _)| *k != D && *k != key)
                    && r.table.as_ref().is_some_and(|t| t.contains(&CpuId(3))) =>
            {
                r.table = Some([0, 2].map(CpuId).to_vec());
            }
            _ => {}
        }
        self.inner.v1(key, &r)
    }

    pub(super) fn push(&mut self, request: &MoveRequest) -> Result<MoveResults, Status> {
        let on = self.on();
        let ok = || Ok(vec![Ok(()); request.moves.len()]);
        let all = |status: Status| Ok(vec![Err(status); request.moves.len()]);
        let first = request.moves.first().copied();
        let single =
            |what: Steering| request.moves.len() == 1 && first.is_some_and(|m| m.steering() == Ok(what));
        let rule = self.rule;
        match rule {
            "off-goes-to-primary" if !on && !self.memory.was_on && single(Steering::Primary) => return ok(),
            "primary-tracked-while-on" if on && single(Steering::Primary) => return ok(),
            "inactive-outside-set"
                if !on && request.moves.len() == 2 && request.moves.iter().any(|m| m.target.0 > 5) =>
            {
                return all(Status::InvalidData);
            }
            "on-unhashed-goes-to-default"
                if on && self.memory.moves == 0 && single(Steering::Default) && self.asked(&[1, 2, 1, 2]) =>
            {
                return ok();
            }
            "actor-owns-entry" => return self.inner.moves(&by_owner(request)),
            "group-is-atomic" => {
                let result = self.inner.moves(request);
                if result == all(Status::InvalidData) && request.moves.len() == 3 {
                    let _ = self.inner.moves(&MoveRequest::for_owner(request.moves[..1].to_vec()));
                }
                return result;
            }
            "group-has-one-status" => {
                let result = self.inner.moves(request);
                if result == all(Status::InvalidParameter) && request.moves.len() == 3 {
                    return Ok(vec![Ok(()), Err(Status::InvalidParameter), Ok(())]);
                }
                return result;
            }
            // Groups by VPort, not by neighbourhood: the last move shares the fate of what is between.
            "groups-are-neighbours" if request.moves.iter().any(|m| m.vport.0 == 2) => {
                return all(Status::InvalidParameter);
            }
            // Queues are counted move by move.
            "queues-after-the-group" if on && self.asked(&[0, 1, 2, 3]) && first == Some(entry(D, 0, 4)) => {
                return all(Status::NoQueues);
            }
            "queues-limit"
                if on && request.moves == [entry(D, 1, 4), Move::new(D, Steering::Default, CpuId(5))] =>
            {
                return ok();
            }
            "queues-part-of-evacuation" if request.moves == [entry(D, 1, 4)] => return ok(),
            "default-needs-a-queue"
                if on && single(Steering::Default) && first.is_some_and(|m| m.target.0 == 5) =>
            {
                return ok();
            }
            "moves-as-many-as-entries" if request.moves.len() == 128 => return Err(Status::InvalidLength),
            "move-to-itself" if on && request.moves.len() == 3 && request.moves[0] == entry(D, 0, 1) => {
                return all(Status::InvalidData);
            }
            "move-ready-at-once"
                if self.memory.moves == 2 && request.moves == [entry(D, 0, 1)] && self.table_is(&[3, 2]) =>
            {
                return ok();
            }
            "driver-partial-failure" if self.memory.failing && request.moves.len() == 3 => {
                let result = self.inner.moves(request);
                let _ = self.inner.moves(&MoveRequest::for_owner(request.moves[..1].to_vec()));
                return result;
            }
            "status-unknown-vport"
                if first == Some(entry(key(1), 0, 1))
                    && self.memory.created.is_empty()
                    && self.variant == Variant::Full =>
            {
                return all(Status::InvalidPort);
            }
            "status-unknown-switch" if first.is_some_and(|m| other_switch(m.key())) => {
                return all(Status::InvalidPort);
            }
            "status-not-activated" => {
                let result = self.inner.moves(request);
                return if result == all(Status::InvalidPortState) { ok() } else { result };
            }
            "status-being-deleted" => {
                let result = self.inner.moves(request);
                return if result == all(Status::InvalidPort) {
                    all(Status::InvalidPortState)
                } else {
                    result
                };
            }
            "static-without-dynamic-affinity" if self.variant == Variant::FixedAffinity => {
                let result = self.inner.moves(request);
                return if result == all(Status::NotSupported) { ok() } else { result };
            }
            "status-index" if request.moves == [entry(D, 2, 1)] && self.memory.parameters == 0 => {
                return all(Status::InvalidData);
            }
            "status-target" if request.moves == [entry(D, 0, 6)] => return ok(),
            "status-not-ready" if self.inner.phase() == Phase::Started => return ok(),
            "status-not-found" if self.inner.phase() == Phase::Removed => {
                return Err(Status::AdapterNotReady);
            }
            "status-request-flags" if request.flags != 0 => {
                return self.inner.moves(&MoveRequest { flags: 0, ..request.clone() });
            }
            "status-too-many-moves" if request.moves.len() > 200 => return Err(Status::InvalidParameter),
            "named-by-flag-or-index" if first.is_some_and(|m| (m.flags, m.index) == (0, 0xFFFF)) => {
                return all(Status::InvalidParameter);
            }
            "flag-and-index-agree" if first.is_some_and(|m| (m.flags, m.index) == (2, 1)) => {
                let m = Move { index: 0, ..request.moves[0] };
                return self.inner.moves(&MoveRequest::for_owner(vec![m]));
            }
            "vport-own-default" if first.is_some_and(|m| m.key() == key(1)) && single(Steering::Default) => {
                let m = Move { vport: D.vport, ..request.moves[0] };
                return self.inner.moves(&MoveRequest::for_owner(vec![m]));
            }
            "then-revoked" if self.inner.phase() == Phase::Revoked => return ok(),
            _ => {}
        }
        self.inner.moves(request)
    }

    pub(super) fn make(&mut self, key: VPortKey, affinity: CpuId, queues: u16) -> Result<(), Status> {
        let result = self.inner.create(key, affinity, queues);
        match (self.rule, result) {
            ("vport-queues-shared", Err(Status::NoQueues))
                if queues == 1 && self.memory.created.len() == 1 =>
            {
                Ok(())
            }
            ("vport-number-in-use", Err(Status::InvalidParameter)) if self.memory.created.contains(&key) => {
                Ok(())
            }
            ("vport-most", Err(Status::Resources)) => Err(Status::NoQueues),
            ("vport-affinity-in-set", Err(Status::InvalidData)) => Ok(()),
            (_, result) => result,
        }
    }

    pub(super) fn break_driver(&mut self, failure: Failure) {
        let failure = match (self.rule, failure) {
            // It is told as something that lasts.
            ("driver-failure-is-resources", Failure::Calls(Call::Entries(n), 1, Fault::Resources)) => {
                Failure::Calls(Call::Entries(n), 1, Fault::NotReady)
            }
            (_, failure) => failure,
        };
        self.inner.fail(failure);
    }

    /// Whether the last v1 request asked for this table.
    fn asked(&self, cpus: &[u32]) -> bool {
        let table = self.memory.v1.as_ref().and_then(|(_, request)| request.table.as_ref());
        table.is_some_and(|t| t.iter().map(|cpu| cpu.0).eq(cpus.iter().copied()))
    }

    /// Whether the table of the default VPort was last asked to be this one.
    fn table_is(&mut self, cpus: &[u32]) -> bool {
        let device = self.before();
        cpus.iter()
            .zip(&device.table)
            .all(|(cpu, queue)| device.queues.get(queue.index()).and_then(|q| q.home) == Some(CpuId(*cpu)))
    }
}

fn table(cpus: &[u32]) -> ParametersV1 {
    ParametersV1 { table: Some(cpus.iter().copied().map(CpuId).collect()), ..ParametersV1::default() }
}
