//! The rules of placement once more, written from their description and sharing nothing with the code that they
//! check: it looks at the plain machine and at the plain patch, not at a topology or at layered settings.

use std::collections::{BTreeMap, BTreeSet};

use rssmgr_core::capability::ChannelControl;
use rssmgr_core::field::Field;
use rssmgr_core::hash::HashTypes;
use rssmgr_core::profile::Profile;
use rssmgr_core::settings::{Auto, KeySetting, ProcessorPart, Queues, Smt, Xps};

use crate::machine::Machine;
use crate::world::{Adapter, World};

/// What is known of one adapter on one machine.
pub(crate) struct Oracle<'a> {
    machine: &'a Machine,
    adapter: &'a Adapter,
    /// CPUs that may receive.
    pub(crate) eligible: BTreeSet<u32>,
    /// Those of them that can be reached: all, unless interrupts are fixed.
    pub(crate) reachable: BTreeSet<u32>,
    /// Whether every interrupt is fixed to a known CPU.
    pub(crate) fixed: bool,
    /// Whether the kernel spreads.
    pub(crate) kernel: bool,
    /// How many processors there are to be.
    pub(crate) n: usize,
    /// How many channels.
    pub(crate) channels: usize,
    /// Every limit by name.
    pub(crate) limits: BTreeMap<&'static str, usize>,
}

fn whole(part: Option<Auto<ProcessorPart>>) -> Option<u32> {
    match part {
        Some(Auto::Is(ProcessorPart { group: Some(g), number: Some(n) })) => {
            Some(u32::from(g) * 64 + u32::from(n))
        }
        _ => None,
    }
}

impl<'a> Oracle<'a> {
    pub(crate) fn of(world: &'a World, adapter: &'a Adapter) -> Self {
        let machine = &world.machine;
        let patch = &adapter.patch;
        let (base, max) = (whole(patch.base_processor), whole(patch.max_processor));
        let skip = patch.smt != Some(Smt::Use);
        let mut eligible = BTreeSet::new();
        for id in machine.cpus.keys().copied() {
            let excluded = patch.exclude_cpus.as_ref().is_some_and(|s| s.iter().any(|c| c.0 == id));
            let aside = machine.offline.contains(&id)
                || machine.isolated.contains(&id)
                || machine.nohz_full.contains(&id);
            let outside = base.is_some_and(|b| id < b) || max.is_some_and(|m| id > m);
            if !(excluded || aside || outside || skip && first_thread(machine, id) != Some(id)) {
                eligible.insert(id);
            }
        }
        let cap = &adapter.capability;
        let there = adapter.device.queues.len();
        let homes: Vec<u32> = adapter.device.queues.iter().filter_map(|q| Some(q.home?.0)).collect();
        // Interrupts that are somewhere for good would be elsewhere with another number of them.
        let stays = cap.channels == ChannelControl::Fixed || !(cap.queue_affinity || homes.is_empty());
        let most = if stays { there } else { cap.max_queues.into() };
        let asked = match patch.queues {
            None | Some(Queues::Auto) => adapter.found.into(),
            // MSI-X, link speed unknown.
            Some(Queues::Windows) => 4,
            Some(Queues::Count(n)) => usize::from(n),
        };
        let queues = asked.min(most).max(1);
        let mut limits = BTreeMap::from([("queues", queues), ("eligible_processors", eligible.len())]);
        if let Some(Auto::Is(m)) = patch.max_processors {
            limits.insert("max_processors", m as usize);
        }
        if cap.table_entries > 0 {
            limits.insert("table_entries", cap.table_entries.into());
        }
        if let Some(most) = cap.table_queues {
            limits.insert("table_queues", most.into());
        }
        if cap.vectors > 0 {
            limits.insert("vectors", cap.vectors.into());
        }
        let asked_for = !matches!(patch.queues, None | Some(Queues::Auto));
        let single = queues == 1 && (asked_for || there == 1);
        // Something is always set by name here: the excluded CPUs.
        let kernel = cap.rps
            && match patch.rps {
                Some(asked) => asked && (single || cap.table_entries == 0),
                None => cap.table_entries == 0,
            };
        let fixed = !kernel && !cap.queue_affinity && homes.len() == there;
        let reachable: BTreeSet<u32> =
            eligible.iter().copied().filter(|c| !fixed || homes.contains(c)).collect();
        if fixed {
            limits.insert("fixed_interrupts", reachable.len());
        }
        if kernel {
            limits.retain(|name, _| ["max_processors", "eligible_processors"].contains(name));
        }
        let n = limits.values().copied().min().unwrap_or(0);
        let grows = n > there && !kernel && !fixed;
        let channels = if !stays && (asked_for || grows) { queues } else { there };
        Self { machine, adapter, eligible, reachable, fixed, kernel, n, channels, limits }
    }

    /// Distance from a node, 0 when anything is unknown.
    fn distance_from(&self, node: Option<u32>, cpu: u32) -> u32 {
        let nodes: Vec<u32> = self.machine.nodes().into_iter().collect();
        let index = |node: u32| nodes.iter().position(|n| *n == node);
        let to = self.machine.cpus.get(&cpu).and_then(|c| index(c.node));
        match (node.and_then(index), to) {
            (Some(from), Some(to)) if !self.machine.slit.is_empty() => {
                self.machine.slit[from][to] - self.machine.slit[from][from]
            }
            _ => 0,
        }
    }

    fn preferred(&self) -> Option<u32> {
        match self.adapter.patch.numa_node {
            Some(Auto::Is(node)) => Some(node.0),
            _ => None,
        }
    }

    /// Distance from the adapter, or from the preferred node.
    pub(crate) fn distance(&self, cpu: u32) -> u32 {
        self.distance_from(self.preferred().or(self.adapter.node), cpu)
    }

    /// `RssProcessorArray`.
    pub(crate) fn array(&self) -> Vec<(u32, u32)> {
        let mut array: Vec<_> = self.eligible.iter().map(|c| (self.distance(*c), *c)).collect();
        array.sort_unstable();
        array
    }

    /// The rank of a processor among those of its node, given how many other adapters use it. The lower comes first.
    pub(crate) fn rank_in_node(&self, cpu: u32, shares: u32) -> [u32; 6] {
        let sibling = u32::from(first_thread(self.machine, cpu) != Some(cpu));
        match self.profile() {
            Profile::Numa | Profile::NumaStatic => [sibling, shares, cpu, 0, 0, 0],
            _ => self.rank(cpu, shares, 0),
        }
    }

    /// The rank of a processor in the profile's order, given how many other adapters use it and, for NUMA, how many
    /// processors its node gave before it. The lower comes first.
    pub(crate) fn rank(&self, cpu: u32, shares: u32, given: usize) -> [u32; 6] {
        let facts = &self.machine.cpus[&cpu];
        let sibling = u32::from(first_thread(self.machine, cpu) != Some(cpu));
        let distance = self.distance(cpu);
        match self.profile() {
            Profile::Numa | Profile::NumaStatic => {
                [sibling, u32::try_from(given).unwrap(), distance, facts.node, 0, 0]
            }
            Profile::Balanced => [sibling, 1024 - facts.capacity.unwrap_or(1024), shares, distance, cpu, 0],
            Profile::Closest | Profile::ClosestStatic | Profile::Conservative => {
                let near = match whole(self.adapter.patch.base_processor) {
                    Some(base) if self.preferred().is_none() => {
                        self.distance_from(Some(self.machine.cpus[&base].node), cpu)
                    }
                    _ => distance,
                };
                [sibling, near, shares, distance, cpu, 0]
            }
        }
    }

    pub(crate) fn profile(&self) -> Profile {
        self.adapter.patch.profile.unwrap_or(Profile::NumaStatic)
    }

    pub(crate) fn node(&self, cpu: u32) -> u32 {
        self.machine.cpus[&cpu].node
    }

    /// Whether no processor can be chosen at all.
    pub(crate) fn nowhere(&self) -> bool {
        let patch = &self.adapter.patch;
        let cap = &self.adapter.capability;
        let (base, max) = (whole(patch.base_processor), whole(patch.max_processor));
        self.reachable.is_empty()
            || (self.adapter.patch.rps == Some(true) && !cap.rps && self.alone())
            || base.zip(max).is_some_and(|(b, m)| b > m)
            || self.preferred().is_some_and(|n| !self.machine.nodes().contains(&n))
            || self.profile() == Profile::Balanced
                && (base.is_some() || max.is_some() || self.preferred().is_some())
    }

    /// Whether the adapter spreads nothing by itself.
    fn alone(&self) -> bool {
        let there = self.adapter.device.queues.len();
        let asked_for = !matches!(self.adapter.patch.queues, None | Some(Queues::Auto));
        let single = self.limits.get("queues") == Some(&1) && (asked_for || there == 1);
        self.adapter.capability.table_entries == 0 || single
    }

    /// Whether no target is possible, explicit entries aside.
    pub(crate) fn refused(&self, boot_key: Option<usize>) -> bool {
        let patch = &self.adapter.patch;
        let cap = &self.adapter.capability;
        let there = self.adapter.device.key.bytes();
        let key = match &patch.hash_key {
            None | Some(KeySetting::Keep | KeySetting::Random(None)) => false,
            Some(KeySetting::Given(k)) if k.bytes() == there => false,
            Some(_) if !cap.key_settable => true,
            Some(KeySetting::Given(k)) => k.bytes().len() != 4,
            Some(KeySetting::Random(Some(k))) => k.bytes().len() < 4,
            Some(KeySetting::Host) => boot_key.is_none_or(|len| len < 4),
            Some(KeySetting::Symmetric) => false,
        };
        let types = match patch.hash_types {
            None | Some(Auto::Auto) => false,
            Some(Auto::Is(t)) if t == HashTypes::DEFAULT => false,
            Some(Auto::Is(t)) => !cap.hash_types_settable || t == HashTypes::ALL,
        };
        let inside = match patch.get(Field::Encapsulation).map(|raw| raw.to_text()).as_deref() {
            None | Some("none" | "-gre") => false,
            Some(_) => cap.encapsulation.kinds.is_empty(),
        };
        let answering = patch.xps == Some(Xps::Rxqs) && !cap.xps_rxqs;
        self.nowhere() || key || types || inside || answering
    }

    /// Whether the explicit entries fit beside these processors.
    pub(crate) fn manual_fits(&self, processors: &[u32]) -> bool {
        let manual = &self.adapter.manual;
        let targets: BTreeSet<u32> =
            manual.values().map(|p| u32::from(p.group) * 64 + u32::from(p.number)).collect();
        let extra = targets.iter().filter(|t| !processors.contains(t)).count();
        manual.keys().all(|e| e.0 < self.adapter.capability.table_entries)
            && targets.is_subset(&self.eligible)
            && if self.kernel {
                targets.iter().all(|t| processors.first() == Some(t))
            } else if self.fixed {
                targets.is_subset(&self.reachable)
            } else {
                processors.len() + extra <= self.channels.max(processors.len())
            }
    }

    /// What each processor of a running adapter is worth that lost some of them: itself, or nothing where another must
    /// take its place. `None` for an adapter that keeps all or is chosen anew.
    pub(crate) fn mended(&self) -> Option<Vec<Option<u32>>> {
        let assigned =
            self.adapter.assigned.as_ref().filter(|_| !self.adapter.replan && self.kept().is_none())?;
        let mut seen = BTreeSet::new();
        let stays =
            assigned.iter().map(|c| Some(c.0).filter(|c| self.reachable.contains(c) && seen.insert(*c)));
        let stays: Vec<Option<u32>> = stays.collect();
        let off_line = |c: &rssmgr_core::CpuId| self.machine.offline.contains(&c.0);
        let lost = assigned.iter().filter(|c| !self.reachable.contains(&c.0));
        if !lost.clone().all(off_line) {
            return None;
        }
        stays.iter().any(Option::is_some).then_some(stays)
    }

    /// The processors that a running adapter keeps.
    pub(crate) fn kept(&self) -> Option<Vec<u32>> {
        let assigned = self.adapter.assigned.as_ref().filter(|a| !self.adapter.replan && !a.is_empty())?;
        let mut kept = Vec::new();
        for cpu in assigned {
            if !self.reachable.contains(&cpu.0) {
                return None;
            }
            if !kept.contains(&cpu.0) {
                kept.push(cpu.0);
            }
        }
        kept.truncate(self.n);
        Some(kept)
    }
}

/// The CPUs of each transmit queue, by the rule as it is written: CPUs in the order of how near their nearest queue is,
/// then by number; each takes the nearest queue, the one with the fewest CPUs among these, then the lowest.
pub(crate) fn nearest_queues(
    machine: &Machine,
    homes: &[Option<u32>],
    eligible: &BTreeSet<u32>,
) -> Vec<BTreeSet<u32>> {
    let inside = |home: &Option<u32>| home.is_some_and(|cpu| eligible.contains(&cpu));
    let all = !homes.iter().any(inside);
    let open: Vec<usize> = (0..homes.len()).filter(|q| all || inside(&homes[*q])).collect();
    let online = |cpu: u32| !machine.offline.contains(&cpu);
    let far = |cpu: u32, q: usize| match homes[q] {
        Some(home) if home == cpu => 0,
        Some(home) => {
            let (a, b) = (&machine.cpus[&cpu], &machine.cpus[&home]);
            // The kernel does not tell the core or the cache of an offline CPU.
            match online(home) {
                true if a.core == b.core => 1,
                true if a.node == b.node => 2,
                false if a.node == b.node => 3,
                _ => 4,
            }
        }
        None => 4,
    };
    let nearest = |cpu: u32| open.iter().map(|q| far(cpu, *q)).min();
    let mut cpus: Vec<u32> = machine.cpus.keys().copied().filter(|c| online(*c)).collect();
    cpus.sort_by_key(|cpu| (nearest(*cpu), *cpu));
    let mut sets = vec![BTreeSet::new(); homes.len()];
    for cpu in cpus {
        if let Some(q) = open.iter().copied().min_by_key(|q| (far(cpu, *q), sets[*q].len(), *q)) {
            sets[q].insert(cpu);
        }
    }
    sets
}

/// The lowest online CPU of a CPU's core. The kernel does not tell the siblings of an offline CPU.
fn first_thread(machine: &Machine, cpu: u32) -> Option<u32> {
    let core = machine.cpus.get(&cpu)?.core;
    machine
        .cpus
        .iter()
        .filter(|(id, c)| c.core == core && !machine.offline.contains(id))
        .map(|(id, _)| *id)
        .next()
}
