//! What RSSv2 does to an adapter, as the specification tells it: slow, and nothing kept but what the text names.
//!
//! Shares no code with the crate: requests and results are the crate's vocabulary, everything else is written out.
//! Every request works on a copy of the whole world, which replaces the world only when all of it was right.

use rssmgr_core::CpuId;
use rssmgr_core::scaling::{
    Actor, AdapterState, Limits, MoveRequest, Parameters, ParametersV1, Status, VPortKey,
};
use std::collections::{BTreeMap, HashSet};

/// Nine bits of NDIS: IPv4, TCP/IPv4, IPv6, IPv6 EX, TCP/IPv6, TCP/IPv6 EX, UDP/IPv4, UDP/IPv6, UDP/IPv6 EX.
const KNOWN_TYPES: u32 = 0x100 | 0x200 | 0x400 | 0x800 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x1_0000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Life {
    Created,
    Running,
    Ending,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Port {
    pub life: Life,
    pub on: bool,
    pub types: u32,
    pub key: Vec<u8>,
    pub queues: u32,
    pub table: Vec<u32>,
    pub primary: u32,
    pub default: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub limits: Limits,
    pub set: HashSet<u32>,
    pub adapter: AdapterState,
    pub hash_only: bool,
    pub ports: BTreeMap<(u32, u32), Port>,
}

type Answer = Result<(), Status>;

pub(crate) fn name(key: VPortKey) -> (u32, u32) {
    (key.switch.0, key.vport.0)
}

impl Model {
    pub(crate) fn new(limits: Limits, set: HashSet<u32>, cpu: u32, queues: u32) -> Self {
        let port = Port { life: Life::Running, ..fresh(cpu, queues) };
        let ports = BTreeMap::from([((0, 0), port)]);
        Self { limits, set, adapter: AdapterState::Ready, hash_only: false, ports }
    }

    fn alive(&self) -> Answer {
        match self.adapter {
            AdapterState::Ready => Ok(()),
            AdapterState::NotReady => Err(Status::AdapterNotReady),
            AdapterState::Gone => Err(Status::AdapterNotFound),
        }
    }

    /// An unknown id is INVALID_PARAMETER; a known one that cannot be used says so.
    fn running(&self, id: (u32, u32)) -> Answer {
        match self.ports.get(&id).map(|p| p.life) {
            None => Err(Status::InvalidParameter),
            Some(Life::Created) => Err(Status::InvalidPortState),
            Some(Life::Ending) => Err(Status::InvalidPort),
            Some(Life::Running) => Ok(()),
        }
    }

    fn most_queues(&self, id: (u32, u32)) -> u32 {
        u32::from(if id == (0, 0) { self.limits.default_queues } else { self.limits.other_queues })
    }

    fn most_entries(&self, id: (u32, u32)) -> u32 {
        u32::from(if id == (0, 0) { self.limits.default_entries } else { self.limits.other_entries })
    }

    /// Every active processor is in the RSS set (invariant 3).
    fn inside(&self, port: &Port) -> bool {
        active(port).iter().all(|cpu| self.set.contains(cpu))
    }

    pub(crate) fn create(&mut self, id: (u32, u32), cpu: u32, queues: u32) -> Answer {
        self.alive()?;
        if self.ports.contains_key(&id) || queues == 0 || queues > self.most_queues(id) {
            return Err(Status::InvalidParameter);
        }
        if self.ports.len() == usize::from(self.limits.vports) {
            return Err(Status::Resources);
        }
        if self.ports.values().map(|p| p.queues).sum::<u32>() + queues > self.limits.queues {
            return Err(Status::NoQueues);
        }
        if !self.set.contains(&cpu) {
            return Err(Status::InvalidData);
        }
        self.ports.insert(id, fresh(cpu, queues));
        Ok(())
    }

    pub(crate) fn activate(&mut self, id: (u32, u32)) -> Answer {
        self.alive()?;
        match self.ports.get_mut(&id) {
            None => Err(Status::InvalidParameter),
            Some(p) if p.life == Life::Ending => Err(Status::InvalidPort),
            Some(p) => {
                p.life = Life::Running;
                Ok(())
            }
        }
    }

    pub(crate) fn start_delete(&mut self, id: (u32, u32)) -> Answer {
        self.alive()?;
        match self.ports.get_mut(&id) {
            Some(p) if id != (0, 0) => {
                p.life = Life::Ending;
                Ok(())
            }
            _ => Err(Status::InvalidParameter),
        }
    }

    pub(crate) fn delete(&mut self, id: (u32, u32)) -> Answer {
        self.alive()?;
        match self.ports.get(&id).map(|p| p.life) {
            None => Err(Status::InvalidParameter),
            Some(Life::Ending) => {
                self.ports.remove(&id);
                Ok(())
            }
            Some(_) => Err(Status::InvalidPortState),
        }
    }

    pub(crate) fn set_hash_only(&mut self, on: bool) -> Answer {
        self.alive()?;
        if on && self.ports.values().any(|p| p.on) {
            return Err(Status::NotSupported);
        }
        self.hash_only = on;
        Ok(())
    }

    pub(crate) fn set_set(&mut self, set: HashSet<u32>) -> Answer {
        if self.ports.values().any(|p| !active(p).is_subset(&set)) {
            return Err(Status::InvalidData);
        }
        self.set = set;
        Ok(())
    }

    pub(crate) fn parameters(&mut self, id: (u32, u32), r: &Parameters) -> Answer {
        self.alive()?;
        if !self.limits.independent_entry_move {
            return Err(Status::NotSupported);
        }
        self.any_parameters(id, r)
    }

    fn any_parameters(&mut self, id: (u32, u32), r: &Parameters) -> Answer {
        self.alive()?;
        self.running(id)?;
        let old = self.ports[&id].clone();
        let mut port = old.clone();
        port.on = r.enable;
        // Hash information and key are ignored while disabled.
        if r.enable {
            if self.hash_only {
                return Err(Status::NotSupported);
            }
            if let Some(key) = &r.key {
                if key.len() != 40 {
                    return Err(Status::InvalidLength);
                }
                port.key = key.clone();
            }
            if let Some(info) = r.hash_info {
                port.types = self.types(info)?;
            }
            // Static for the life of a VPort (VMMQ), once they are there.
            let changed =
                old.types != 0 && old.types != port.types || !old.key.is_empty() && old.key != port.key;
            if id != (0, 0) && changed {
                return Err(Status::InvalidParameter);
            }
        }
        if let Some(queues) = r.queues {
            if queues == 0 || queues > self.most_queues(id) {
                return Err(Status::InvalidParameter);
            }
            port.queues = queues;
        }
        let mut size = r.entries;
        if self.limits.table_size_restricted && (r.enable || r.queues.is_some() || r.entries.is_some()) {
            let power = power_above(port.queues);
            if size.is_some() && size != Some(power) {
                return Err(Status::InvalidParameter);
            }
            size = Some(power);
        }
        if let Some(size) = size
            && (size == 0 || size.count_ones() != 1 || size > self.most_entries(id))
        {
            return Err(Status::InvalidParameter);
        }
        let others: u32 = self.ports.iter().filter(|(i, _)| **i != id).map(|(_, p)| p.queues).sum();
        if others + port.queues > self.limits.queues {
            return Err(Status::NoQueues);
        }
        if let Some(size) = size {
            let size = size as usize;
            while port.table.len() < size {
                port.table.extend(port.table.clone());
            }
            if (0..port.table.len()).any(|i| port.table[i] != port.table[i % size]) {
                return Err(Status::InvalidData);
            }
            port.table.truncate(size);
        }
        if port.on && (port.types == 0 || port.key.is_empty()) {
            return Err(Status::InvalidParameter);
        }
        if !self.inside(&port) {
            return Err(Status::InvalidData);
        }
        if port.on && processors(&port).len() > port.queues as usize {
            return Err(Status::NoQueues);
        }
        self.ports.insert(id, port);
        Ok(())
    }

    fn types(&self, info: u32) -> Result<u32, Status> {
        let types = info & !0xFF;
        match info & 0xFF {
            2 | 4 | 8 => return Err(Status::NotSupported),
            1 => {}
            _ => return Err(Status::InvalidParameter),
        }
        let alone = |ip: u32, both: u32| types & both == both && types & ip == 0;
        let illegal = alone(0x100, 0x4200) || alone(0x400, 0x9000) || alone(0x800, 0x1_2000);
        if types == 0 || types & !KNOWN_TYPES != 0 || types & !self.limits.hash_types.bits() != 0 || illegal {
            return Err(Status::InvalidParameter);
        }
        Ok(types)
    }

    /// `faults` answers for the adapter, once for each group that it is asked to execute.
    pub(crate) fn moves(
        &mut self,
        r: &MoveRequest,
        faults: &mut dyn FnMut() -> Answer,
    ) -> Result<Vec<Answer>, Status> {
        if !self.limits.independent_entry_move {
            return Err(Status::NotSupported);
        }
        self.any_moves(r, faults)
    }

    fn any_moves(
        &mut self,
        r: &MoveRequest,
        faults: &mut dyn FnMut() -> Answer,
    ) -> Result<Vec<Answer>, Status> {
        let mut room = self.most_entries((0, 0)) + 2;
        for _ in 1..self.limits.vports {
            room += self.most_entries((1, 1)) + 2;
        }
        if r.moves.len() > room as usize {
            return Err(Status::InvalidLength);
        }
        if r.flags != 0 {
            return Err(Status::InvalidParameter);
        }
        let id = |i: usize| (r.moves[i].switch.0, r.moves[i].vport.0);
        let mut answers = vec![];
        let mut from = 0;
        while from < r.moves.len() {
            let mut to = from;
            while to < r.moves.len() && id(to) == id(from) {
                to += 1;
            }
            let mut copy = self.clone();
            let answer = copy.one_group(id(from), r, from..to).and_then(|()| faults());
            if answer.is_ok() {
                *self = copy;
            }
            for _ in from..to {
                answers.push(answer);
            }
            from = to;
        }
        Ok(answers)
    }

    fn one_group(&mut self, id: (u32, u32), r: &MoveRequest, range: std::ops::Range<usize>) -> Answer {
        self.alive()?;
        self.running(id)?;
        let old = self.ports[&id].clone();
        let dynamic = id == (0, 0) || self.limits.independent_entry_move && self.limits.dynamic_affinity;
        for i in range {
            let m = &r.moves[i];
            let target = m.target.0;
            let primary = m.flags == 1 && [0, 0xFFFE].contains(&m.index) || m.flags == 0 && m.index == 0xFFFE;
            let default = m.flags == 2 && [0, 0xFFFF].contains(&m.index) || m.flags == 0 && m.index == 0xFFFF;
            let entry = m.flags == 0 && usize::from(m.index) < old.table.len();
            let source = if primary {
                old.primary
            } else if default {
                old.default
            } else if entry {
                old.table[usize::from(m.index)]
            } else {
                return Err(Status::InvalidParameter);
            };
            if r.actor != Actor::Owner && r.actor != Actor::Processor(CpuId(source)) {
                return Err(Status::NotAccepted);
            }
            let directs_traffic = if primary { !old.on } else { old.on };
            if directs_traffic && source != target {
                if !dynamic {
                    return Err(Status::NotSupported);
                }
                if !self.set.contains(&target) {
                    return Err(Status::InvalidData);
                }
            }
            let port = self.ports.get_mut(&id).unwrap();
            if primary {
                port.primary = target;
            } else if default {
                port.default = target;
            } else {
                port.table[usize::from(m.index)] = target;
            }
        }
        let port = &self.ports[&id];
        if port.on && processors(port).len() > port.queues as usize {
            return Err(Status::NoQueues);
        }
        Ok(())
    }

    pub(crate) fn set_affinity(&mut self, id: (u32, u32), cpu: u32) -> Answer {
        self.alive()?;
        self.running(id)?;
        let mut port = self.ports[&id].clone();
        let dynamic = id == (0, 0) || self.limits.independent_entry_move && self.limits.dynamic_affinity;
        if !port.on && !dynamic && port.primary != cpu {
            return Err(Status::NotSupported);
        }
        port.primary = cpu;
        if !self.inside(&port) {
            return Err(Status::InvalidData);
        }
        self.ports.insert(id, port);
        Ok(())
    }

    /// The newest whole-table request wins entirely. Said as an end state, without any move.
    pub(crate) fn v1(&mut self, id: (u32, u32), r: &ParametersV1) -> Answer {
        self.alive()?;
        self.running(id)?;
        let old = self.ports[&id].clone();
        let mut port = old.clone();
        if r.disable || r.hash_info.is_some_and(|info| info.trailing_zeros() >= 8) {
            port.on = false;
            if old.on && !self.inside(&port) {
                return Err(Status::InvalidData);
            }
            self.ports.insert(id, port);
            return Ok(());
        }
        if self.hash_only {
            return Err(Status::NotSupported);
        }
        if let Some(table) = &r.table {
            let n = u32::try_from(table.len()).unwrap();
            let restricted = self.limits.table_size_restricted && n != power_above(old.queues);
            if n.count_ones() != 1 || n > self.most_entries(id) || restricted {
                return Err(Status::InvalidLength);
            }
            port.table = table.iter().map(|c| c.0).collect();
        }
        if let Some(key) = &r.key {
            if key.len() != 40 {
                return Err(Status::InvalidLength);
            }
            port.key = key.clone();
        }
        if let Some(info) = r.hash_info {
            port.types = self.types(info)?;
        }
        if let Some(default) = r.default {
            port.default = default.0;
        }
        port.on = true;
        let longest = port.table.len().max(old.table.len());
        let steering_differs = port.default != old.default
            || (0..longest).any(|i| port.table[i % port.table.len()] != old.table[i % old.table.len()]);
        if old.on {
            let dynamic = id == (0, 0) || self.limits.independent_entry_move && self.limits.dynamic_affinity;
            if steering_differs && !dynamic {
                return Err(Status::NotSupported);
            }
            if steering_differs && !self.inside(&port) {
                return Err(Status::InvalidData);
            }
            if processors(&port).len() > port.queues as usize {
                return Err(Status::NoQueues);
            }
        }
        let changed = old.types != 0 && old.types != port.types || !old.key.is_empty() && old.key != port.key;
        if id != (0, 0) && changed || port.types == 0 || port.key.is_empty() {
            return Err(Status::InvalidParameter);
        }
        if self.limits.table_size_restricted {
            let power = power_above(port.queues);
            if power > self.most_entries(id) {
                return Err(Status::InvalidParameter);
            }
            while port.table.len() < power as usize {
                port.table.extend(port.table.clone());
            }
        }
        if !self.inside(&port) {
            return Err(Status::InvalidData);
        }
        if processors(&port).len() > port.queues as usize {
            return Err(Status::NoQueues);
        }
        self.ports.insert(id, port);
        Ok(())
    }

    /// One table write for the default VPort; whether it works is `write`'s to say. `None`: no write was needed.
    pub(crate) fn by_table(&mut self, r: &MoveRequest, write: Answer) -> Result<(Vec<Answer>, bool), Status> {
        if self.limits.independent_entry_move {
            return Err(Status::NotSupported);
        }
        let old = self.ports[&(0, 0)].clone();
        let mut answers = self.any_moves(r, &mut || Ok(()))?;
        let new = &self.ports[&(0, 0)];
        let steers = |p: &Port| if p.on { (p.table.clone(), p.default) } else { (vec![], p.primary) };
        let written = steers(&old) != steers(new);
        if written && write.is_err() {
            self.ports.insert((0, 0), old);
            for (answer, m) in answers.iter_mut().zip(&r.moves) {
                if (m.switch.0, m.vport.0) == (0, 0) && *answer == Ok(()) {
                    *answer = write;
                }
            }
        }
        Ok((answers, written))
    }
}

fn fresh(cpu: u32, queues: u32) -> Port {
    Port {
        life: Life::Created,
        on: false,
        types: 0,
        key: vec![],
        queues,
        table: vec![cpu],
        primary: cpu,
        default: cpu,
    }
}

/// The queue count rounded up to a power of two: the table size of VMMQ-RESTRICTED adapters.
fn power_above(queues: u32) -> u32 {
    let mut power = 1;
    while power < queues {
        power *= 2;
    }
    power
}

/// The processors that the table and unhashed packets use.
pub(crate) fn processors(port: &Port) -> HashSet<u32> {
    let mut all: HashSet<u32> = port.table.iter().copied().collect();
    all.insert(port.default);
    all
}

/// The processors that direct traffic now.
pub(crate) fn active(port: &Port) -> HashSet<u32> {
    if port.on { processors(port) } else { HashSet::from([port.primary]) }
}
