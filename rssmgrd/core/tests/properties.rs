//! What must hold for every machine, every adapter and every setting.

#[path = "support/machine.rs"]
mod machine;
#[path = "support/oracle.rs"]
mod oracle;
#[path = "support/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};

use oracle::{Oracle, nearest_queues};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use rssmgr_core::capability::{Capability, ChannelControl, TxQueues};
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, EntryMove, Op, Queue, UserTable, VPortOp};
use rssmgr_core::driver::{
    DRIVERS, Driver, Fate, Nic, SOFTNIC, TableFate, TableState, UNKNOWN, apply, round_robin,
};
use rssmgr_core::field::{FIELDS, Field, Raw};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::encap::{EncapState, Encapsulation, Encapsulations, VxlanPort};
use rssmgr_core::place::{Path, PlaceError, Reason, Rule, Target, place};
use rssmgr_core::plan::{plan, plan_nic};
use rssmgr_core::settings::{Auto, Layer, ManualTable, Origin, ProcessorPart, Settings, SettingsPatch, Xps};
use rssmgr_core::{CpuId, EntryIndex, QueueId, VPortId};
use world::{Adapter, World, worlds};

type Placed = Vec<Result<Target, PlaceError>>;

fn placed(world: &World) -> Placed {
    place(&world.inputs(), &world.machine.topology().expect("a machine that a kernel could show"))
}

fn has(target: &Target, rule: Rule) -> bool {
    target.reasons.contains(&Reason::Rule(rule))
}

fn ids(cpus: &[CpuId]) -> Vec<u32> {
    cpus.iter().map(|c| c.0).collect()
}

/// The processors of an adapter if it had no explicit entries.
fn without_manual(world: &World, index: usize) -> Option<Vec<u32>> {
    let mut world = world.clone();
    world.adapters[index].settings.table.value.clear();
    placed(&world).swap_remove(index).ok().map(|t| ids(&t.processors))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(600),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    /// Processors, counts and limits are those of the oracle, and it fails where the oracle says so.
    #[test]
    fn processors_and_limits(world in worlds()) {
        for (i, (adapter, result)) in world.adapters.iter().zip(placed(&world)).enumerate() {
            let oracle = Oracle::of(&world, adapter);
            let refused = oracle.refused(world.boot_key.as_ref().map(HashKey::len));
            let Ok(target) = result else {
                if !refused {
                    let chosen = without_manual(&world, i);
                    prop_assert!(chosen.is_some_and(|c| !oracle.manual_fits(&c)), "refused without need: {result:?}");
                }
                continue;
            };
            prop_assert!(!refused, "not refused");
            let active = ids(&target.processors[..target.active]);
            prop_assert!(oracle.manual_fits(&active));
            let array: Vec<_> = target.array.iter().map(|c| (c.distance, c.cpu.0)).collect();
            prop_assert_eq!(array, oracle.array());
            let all = ids(&target.processors);
            prop_assert!(all.iter().all(|c| oracle.eligible.contains(c)));
            let mut distinct = all.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), all.len(), "a processor has two queues");
            // At least what the arbiter guarantees, since it never cuts below what the limits allow.
            match (oracle.kept(), oracle.mended()) {
                (Some(kept), _) => prop_assert_eq!(&active, &kept, "a running adapter moved"),
                (None, Some(stays)) => {
                    prop_assert_eq!(active.len(), oracle.n.min(stays.len()).min(oracle.eligible.len()));
                    let moved = stays.iter().zip(&active).any(|(stays, cpu)| stays.is_some_and(|s| s != *cpu));
                    prop_assert!(!moved || active.len() == oracle.eligible.len(), "{stays:?} became {active:?}");
                }
                (None, None) => prop_assert_eq!(active.len(), oracle.n),
            }
            prop_assert_eq!(has(&target, Rule::Kept), oracle.kept().is_some());
            let limit = target.reasons.iter().find_map(|r| match r {
                Reason::Limit { field: Field::MaxProcessors, given, by, .. } => Some((*given as usize, by.name())),
                _ => None,
            });
            let (given, by) = limit.expect("a limit is named");
            prop_assert_eq!(given, active.len());
            match oracle.limits.get(by) {
                Some(value) => prop_assert_eq!(*value, given, "{} did not bite", by),
                None => prop_assert!(by == "kept" && given < oracle.n, "{}", by),
            }
            prop_assert_eq!(target.device.queues.len(), oracle.channels);
            prop_assert_eq!(has(&target, Rule::IdleQueues), all.len() < oracle.channels && !oracle.kernel);
            let on = world.rss_on && adapter.patch.enabled != Some(false);
            let kernel_alone = oracle.kernel && adapter.capability.table_entries == 0;
            prop_assert_eq!(target.device.enabled, if kernel_alone { adapter.device.enabled } else { on });
        }
    }

    /// Every table entry has a queue, every queue an eligible processor, or a reason says why not.
    #[test]
    fn tables_and_homes(world in worlds()) {
        for (adapter, result) in world.adapters.iter().zip(placed(&world)) {
            let Ok(target) = result else { continue };
            let oracle = Oracle::of(&world, adapter);
            prop_assert_eq!(target.device.table.len(), usize::from(adapter.capability.table_entries));
            prop_assert_eq!(target.default, target.processors[0]);
            let cap = &adapter.capability;
            if oracle.fixed {
                prop_assert_eq!(target.device.home(target.device.default_queue), Some(target.default));
                let kept = adapter.device.queues.iter().zip(&target.device.queues).all(|(a, b)| a == b);
                prop_assert!(kept, "a fixed interrupt was moved");
            } else {
                prop_assert_eq!(target.device.default_queue, QueueId(0));
            }
            prop_assert_eq!(has(&target, Rule::NoAffinity), !cap.queue_affinity && !oracle.fixed);
            prop_assert_eq!(has(&target, Rule::FixedInterrupts), oracle.fixed);
            let spread = if oracle.kernel { 1 } else { target.active };
            for (i, queue) in target.device.table.iter().enumerate() {
                let entry = EntryIndex(u16::try_from(i).unwrap());
                prop_assert!(queue.index() < target.device.queues.len());
                let cpu = if oracle.fixed {
                    target.device.home(*queue).expect("all are known")
                } else {
                    target.processors[queue.index()]
                };
                match adapter.manual.get(&entry) {
                    Some(processor) => prop_assert_eq!(cpu, CpuId::from(*processor)),
                    None => prop_assert_eq!(cpu, target.processors[i % spread]),
                }
            }
            if cap.queue_affinity {
                for (q, queue) in target.device.queues.iter().enumerate() {
                    let home = queue.home.expect("every queue has a home");
                    prop_assert!(oracle.eligible.contains(&home.0));
                    prop_assert!(target.processors.get(q).is_none_or(|cpu| *cpu == home));
                }
            }
        }
    }

    /// The processors are the first of the profile's order: sorted by it, and none that is left out comes before one
    /// that is used. For NUMA that makes the counts of two nodes differ by at most one unless one has no more to give.
    #[test]
    fn profiles_order(world in worlds()) {
        let results = placed(&world);
        // A failing adapter stays where it is. What is kept is known before anything is chosen.
        let in_use = |i: usize| match &results[i] {
            Ok(target) => target.processors.clone(),
            Err(_) => world.adapters[i].assigned.clone().unwrap_or_default(),
        };
        let settled = |i: usize| {
            let oracle = Oracle::of(&world, &world.adapters[i]);
            oracle.nowhere() || oracle.kept().is_some()
        };
        for (me, (adapter, result)) in world.adapters.iter().zip(&results).enumerate() {
            let oracle = Oracle::of(&world, adapter);
            let Ok(target) = result else { continue };
            if oracle.kept().is_some() || oracle.mended().is_some() {
                continue;
            }
            let mut shares: BTreeMap<u32, u32> = BTreeMap::new();
            for other in (0..results.len()).filter(|o| *o != me && (settled(*o) || *o < me)) {
                for cpu in in_use(other) {
                    *shares.entry(cpu.0).or_default() += 1;
                }
            }
            let share = |cpu: u32| shares.get(&cpu).copied().unwrap_or(0);
            let mut given: BTreeMap<u32, usize> = BTreeMap::new();
            let mut last = None;
            let active = ids(&target.processors[..target.active]);
            for cpu in &active {
                let count = given.entry(oracle.node(*cpu)).or_default();
                let rank = oracle.rank(*cpu, share(*cpu), *count);
                *count += 1;
                prop_assert!(last < Some(rank), "{active:?} is not in order at {cpu}");
                last = Some(rank);
            }
            for cpu in oracle.reachable.iter().filter(|c| !active.contains(c)) {
                let count = given.get(&oracle.node(*cpu)).copied().unwrap_or(0);
                let rank = oracle.rank(*cpu, share(*cpu), count);
                prop_assert!(Some(rank) > last, "{cpu} was passed over for {active:?}");
            }
            for node in world.machine.nodes() {
                let here = |c: &u32| oracle.node(*c) == node;
                let rank = |c: &u32| oracle.rank_in_node(*c, share(*c));
                let used: Vec<_> = active.iter().filter(|c| here(c)).map(rank).collect();
                prop_assert!(used.is_sorted(), "node {node} of {active:?} is not in order");
                let unused = oracle.reachable.iter().filter(|c| here(c) && !active.contains(c)).map(rank).min();
                prop_assert!(unused.is_none_or(|u| used.last() < Some(&u)), "node {node} gave a worse one in {active:?}");
            }
        }
    }

    /// Every online CPU sends through exactly one queue, which is the nearest by the written rule; the kernel spreads
    /// over the processors where it is to spread; what nobody asked for is left alone.
    #[test]
    fn steering_by_others_than_the_table(world in worlds()) {
        for (adapter, result) in world.adapters.iter().zip(placed(&world)) {
            let Ok(target) = result else { continue };
            let oracle = Oracle::of(&world, adapter);
            let cap = &adapter.capability;
            let homes: Vec<Option<u32>> = target.device.queues.iter().map(|q| Some(q.home?.0)).collect();
            let count = match cap.tx_queues {
                TxQueues::Paired => homes.len(),
                TxQueues::Own(n) => n.into(),
            };
            let steers = cap.xps && count > 1 && adapter.patch.xps != Some(Xps::Off);
            prop_assert_eq!(has(&target, Rule::TransmitNearest), steers);
            let xps: Vec<BTreeSet<u32>> =
                target.device.xps.iter().map(|s| s.iter().map(|c| c.0).collect()).collect();
            if steers {
                let homes: Vec<_> = (0..count).map(|t| homes[t % homes.len()]).collect();
                prop_assert_eq!(&xps, &nearest_queues(&world.machine, &homes, &oracle.eligible));
                for cpu in world.machine.cpus.keys() {
                    let queues = xps.iter().filter(|s| s.contains(cpu)).count();
                    prop_assert_eq!(queues, usize::from(!world.machine.offline.contains(cpu)), "CPU {}", cpu);
                }
            } else {
                prop_assert_eq!(xps, Vec::<BTreeSet<u32>>::new());
            }
            // Every receive queue is answered through one transmit queue: that of its number where there is one.
            if adapter.patch.xps == Some(Xps::Rxqs) {
                prop_assert!(cap.xps_rxqs, "placed with what the kernel does not have");
                let maps = &target.device.xps_rxqs;
                prop_assert_eq!(maps.len(), if cap.xps && count > 1 { count } else { 0 });
                for q in 0..if maps.is_empty() { 0 } else { target.device.channels() } {
                    let through: Vec<usize> = (0..count).filter(|t| maps[*t].contains(&QueueId(q))).collect();
                    prop_assert_eq!(through, [usize::from(q) % count], "receive queue {}", q);
                }
            } else {
                prop_assert_eq!(&target.device.xps_rxqs, &Vec::<BTreeSet<QueueId>>::new());
            }
            prop_assert_eq!(target.path == Path::Rps, oracle.kernel);
            let on = world.rss_on && adapter.patch.enabled != Some(false);
            let rps: Vec<Vec<u32>> = target.device.rps.iter().map(|s| s.iter().map(|c| c.0).collect()).collect();
            let mut all = ids(&target.processors);
            all.sort_unstable();
            let expected = |home: &Option<u32>| {
                let pointless = all.len() == 1 && all.first() == home.as_ref();
                if on && !pointless { all.clone() } else { Vec::new() }
            };
            let expected: Vec<_> = if oracle.kernel { homes.iter().map(expected).collect() } else { Vec::new() };
            prop_assert_eq!(rps, expected);
        }
    }

    /// A processor of two adapters is told of, by both.
    #[test]
    fn sharing_is_told(world in worlds()) {
        let results = placed(&world);
        let used = |i: usize| match &results[i] {
            Ok(target) => target.processors.clone(),
            Err(_) => world.adapters[i].assigned.clone().unwrap_or_default(),
        };
        for (me, result) in results.iter().enumerate() {
            let Ok(target) = result else { continue };
            let elsewhere: Vec<CpuId> = (0..results.len()).filter(|o| *o != me).flat_map(used).collect();
            let shared = target.processors.iter().any(|cpu| elsewhere.contains(cpu));
            prop_assert_eq!(has(target, Rule::Shared), shared);
        }
    }

    /// Same input, same output, in whichever order adapters are listed; an arrival moves no running adapter.
    #[test]
    fn placement_is_a_function_of_the_set(world in worlds(), turn in any::<prop::sample::Index>()) {
        let topology = world.machine.topology().expect("a machine that a kernel could show");
        let mut inputs = world.inputs();
        let first = place(&inputs, &topology);
        prop_assert_eq!(&first, &place(&inputs, &topology));
        let by = turn.index(inputs.len());
        inputs.rotate_left(by);
        let mut rotated = first.clone();
        rotated.rotate_left(by);
        prop_assert_eq!(rotated, place(&inputs, &topology));

        // All run where they were put; then the first arrives anew.
        let mut running = world.clone();
        for (adapter, result) in running.adapters.iter_mut().zip(&first).skip(1) {
            if let Ok(target) = result {
                adapter.assigned = Some(target.processors[..target.active].to_vec());
                adapter.replan = false;
            }
        }
        for (before, after) in first.iter().zip(placed(&running)).skip(1) {
            if let (Ok(before), Ok(after)) = (before, &after) {
                prop_assert_eq!(&before.processors, &after.processors);
                prop_assert_eq!(&before.device, &after.device);
            }
        }
    }

    /// The steps reach the target, each changes something, none is refused, and then there is nothing left to do.
    /// From every point on the way there is a way back.
    #[test]
    fn plans_arrive_and_return(world in worlds()) {
        for (adapter, result) in world.adapters.iter().zip(placed(&world)) {
            let Ok(target) = result else { continue };
            let cap = &adapter.capability;
            let before = &adapter.device;
            let steps = plan(&SOFTNIC, cap, before, &target).expect("a plan");
            let snapshot = Target::snapshot(before.clone());
            let mut device = before.clone();
            for i in 0..=steps.len() {
                let mut back = device.clone();
                for step in plan(&SOFTNIC, cap, &device, &snapshot).expect("a way back") {
                    let after = apply(cap, &back, &step.op).expect("no step is refused");
                    prop_assert_ne!(&after, &back, "a step back changes nothing: {}", step.op);
                    back = after;
                }
                prop_assert_eq!(back.difference(before), None, "the way back from step {}", i);
                if before.user_table == UserTable::No && before.table == round_robin(cap.table_entries, before.channels()) {
                    prop_assert_eq!(back.user_table, UserTable::No, "the driver's table was not given back");
                }
                if let Some(step) = steps.get(i) {
                    let after = apply(cap, &device, &step.op).expect("no step is refused");
                    prop_assert_ne!(&after, &device, "a step changes nothing: {}", step.op);
                    device = after;
                }
            }
            prop_assert_eq!(device.difference(&target.device), None);
            prop_assert_eq!(plan(&SOFTNIC, cap, &device, &target).expect("a plan"), vec![]);
        }
    }

    /// With every driver's row: a plan made from what can be seen, folded over an adapter that has more than that (who
    /// wrote the table, a key of the driver's own, a table that is not obeyed, an older kernel), is never refused and
    /// reaches the target, obeyed; and so does the way back from every point, planned from a reading alone.
    #[test]
    fn plans_outwit_drivers(world in worlds(), rows in proptest::collection::vec((0..18usize, any::<bool>()), 6)) {
        let mut world = world;
        let mut kernels = Vec::new();
        for (adapter, (row, hides)) in world.adapters.iter_mut().zip(rows) {
            let kernel = Kernel::under(adapter, row);
            adapter.device = kernel.shown(hides);
            kernels.push((kernel, hides));
        }
        for ((adapter, result), (kernel, hides)) in world.adapters.iter().zip(placed(&world)).zip(kernels) {
            let Ok(target) = result else { continue };
            let (row, cap, before) = (kernel.planned_by, &adapter.capability, &adapter.device);
            let steps = plan(row, cap, before, &target).map_err(|e| TestCaseError::fail(format!("{}: {e}", row.name)))?;
            let mut seen = Nic::from(before.clone());
            for step in &steps {
                let after = row.apply(cap, &seen, &step.op).expect("no step is refused");
                prop_assert_ne!(&after, &seen, "{}: a step changes nothing: {}", row.name, step.op);
                seen = after;
            }
            prop_assert_eq!(plan_nic(row, cap, &seen, &target).expect("a plan"), vec![]);

            let snapshot = Target::snapshot(before.clone());
            let mut there = kernel.clone();
            for i in 0..=steps.len() {
                let mut back = there.clone();
                for step in plan(row, cap, &there.shown(hides), &snapshot).expect("a way back") {
                    back.execute(cap, &step.op)?;
                }
                prop_assert_eq!(back.nic.device.difference(before), None, "{}: the way back from step {}", row.name, i);
                prop_assert_eq!(back.nic.table, TableState::Obeyed, "{}: the way back from step {}", row.name, i);
                if before.user_table == UserTable::No && before.table == round_robin(cap.table_entries, before.channels()) {
                    prop_assert_eq!(back.nic.device.user_table, UserTable::No, "{}: not given back", row.name);
                }
                if let Some(step) = steps.get(i) {
                    there.execute(cap, &step.op)?;
                }
            }
            prop_assert_eq!(there.nic.device.difference(&target.device), None, "{}", row.name);
            prop_assert_eq!(there.nic.table, TableState::Obeyed, "{}", row.name);
        }
    }

    /// The software NIC's row has no quirk.
    #[test]
    fn the_software_nic_does_what_it_is_told(world in worlds(), op in ops()) {
        for Adapter { capability: cap, device, .. } in &world.adapters {
            let told = apply(cap, device, &op).map(Nic::from);
            prop_assert_eq!(SOFTNIC.apply(cap, &Nic::from(device.clone()), &op), told);
        }
    }

    /// An operation is refused when it asks for what is not there, and otherwise does what it says and no more.
    #[test]
    fn drivers_refuse_what_cannot_be(world in worlds(), op in ops()) {
        for Adapter { capability: cap, device: before, .. } in &world.adapters {
        let queue = |q: &QueueId| q.0 < before.channels();
        let possible = match &op {
            Op::Enable | Op::Disable => true,
            Op::SetKey(key) => cap.key_settable && key.len() == 4,
            Op::SetEntries(moves) => {
                cap.independent_entry_move
                    && moves.iter().all(|m| queue(&m.queue) && m.entry.0 < cap.table_entries)
            }
            Op::WriteTable(table) => {
                cap.table_entries > 0
                    && table.len() == usize::from(cap.table_entries)
                    && table.iter().all(queue)
            }
            Op::ResetTable => cap.table_entries > 0,
            Op::Channels(n) => {
                let range = 1..=cap.max_queues;
                let settable = cap.channels == ChannelControl::Settable || *n == before.channels();
                settable && range.contains(n) && before.table.iter().all(|q| q.0 < *n)
            }
            Op::Home { queue: q, .. } => cap.queue_affinity && queue(q),
            Op::HashTypes(t) => cap.hash_types_settable && t.is_subset(HashTypes::DEFAULT),
            Op::Encapsulation(e) => e.kinds.is_empty() || cap.encapsulation.kinds.has(Encapsulation::Gre),
            Op::DefaultQueue(q) => queue(q),
            Op::Xps { queue: q, .. } => cap.xps && q.index() < before.xps.len(),
            Op::XpsRxqs { queue: q, receive } => {
                q.index() < before.xps_rxqs.len() && receive.iter().all(|q| q.0 < cap.max_queues)
            }
            Op::Vector { name, .. } => before.others.iter().any(|v| v.name == *name),
            Op::Rps { queue: q, .. } => cap.rps && q.index() < before.rps.len(),
            Op::VPort { .. } => false,
        };
        let after = apply(cap, before, &op);
        prop_assert_eq!(after.is_ok(), possible, "{}: {:?}", op, after);
        let Ok(after) = after else { continue };
        prop_assert!(after.table.iter().chain([&after.default_queue]).all(|q| q.0 < after.channels()));
        let mut expected = before.clone();
        match op.clone() {
            Op::Enable => expected.enabled = true,
            Op::Disable => expected.enabled = false,
            Op::SetKey(key) => expected.key = key,
            Op::SetEntries(moves) => {
                moves.iter().for_each(|m| expected.table[m.entry.index()] = m.queue);
                expected.user_table = UserTable::Yes;
            }
            Op::WriteTable(table) => (expected.table, expected.user_table) = (table, UserTable::Yes),
            Op::ResetTable => {
                let spread = |i| QueueId(i % before.channels());
                expected.table = (0..cap.table_entries).map(spread).collect();
                expected.user_table = UserTable::No;
            }
            Op::Channels(n) => {
                expected.queues.resize(usize::from(n), Queue { home: None });
                let transmit = if cap.tx_queues == TxQueues::Paired { n.into() } else { before.xps.len() };
                expected.xps.resize(if cap.xps && transmit > 1 { transmit } else { 0 }, CpuSet::new());
                let answering = if cap.xps_rxqs { expected.xps.len() } else { 0 };
                expected.xps_rxqs.resize(answering, BTreeSet::new());
                expected.rps.resize(if cap.rps { n.into() } else { 0 }, CpuSet::new());
                expected.default_queue = if before.default_queue.0 < n { before.default_queue } else { QueueId(0) };
            }
            Op::Home { queue, cpu } => expected.queues[queue.index()].home = cpu,
            Op::HashTypes(types) => expected.hash_types = types,
            Op::Encapsulation(e) => expected.encapsulation = e,
            Op::DefaultQueue(queue) => expected.default_queue = queue,
            Op::Xps { queue, cpus } => expected.xps[queue.index()] = cpus,
            Op::XpsRxqs { queue, receive } => expected.xps_rxqs[queue.index()] = receive,
            Op::Vector { name, cpus } => {
                expected.others.iter_mut().filter(|v| v.name == name).for_each(|v| v.cpus.clone_from(&cpus));
            }
            Op::Rps { queue, cpus } => expected.rps[queue.index()] = cpus,
            Op::VPort { .. } => prop_assert!(false, "no adapter here has VPorts"),
        }
        prop_assert_eq!(after, expected);
        }
    }

    /// Patches can be merged in any grouping, before layering or by it.
    #[test]
    fn layers_are_associative(a in parts(), b in parts(), c in parts()) {
        let merged = |x: &SettingsPatch, y: &SettingsPatch| {
            let mut m = x.clone();
            m.merge(y);
            m
        };
        let left = merged(&merged(&a, &b), &c);
        let right = merged(&a, &merged(&b, &c));
        prop_assert_eq!(&left, &right);
        let layer = |p: &SettingsPatch| Layer::of(p.clone(), ManualTable::new(), Origin::Saved);
        let one = Settings::layered(&[layer(&left)]);
        let three = Settings::layered(&[layer(&a), layer(&b), layer(&c)]);
        prop_assert_eq!(one, three);
    }

    /// A refused value leaves the patch as it was; an accepted one changes its own field only.
    #[test]
    fn set_is_all_or_nothing(before in parts(), field in 0usize..FIELDS.len(), raw in raws()) {
        let field = Field::all().nth(field).expect("that many fields");
        let mut after = before.clone();
        let result = after.set(field, &raw);
        for other in Field::all().filter(|f| result.is_err() || *f != field) {
            prop_assert_eq!(before.get(other), after.get(other));
        }
        match result {
            Ok(()) => prop_assert!(after.get(field).is_some()),
            Err(e) => prop_assert!(e.to_string().starts_with(field.key()), "{}", e),
        }
    }
}

/// An adapter as it really is.
#[derive(Clone, Debug)]
struct Kernel {
    planned_by: &'static Driver,
    behaves_as: Driver,
    nic: Nic,
}

impl Kernel {
    /// Puts an adapter under a driver: a row each, the careful one, and virtio-net on Linux 6.1, which leaves its
    /// default table as it was.
    fn under(adapter: &mut Adapter, row: usize) -> Self {
        let planned_by = match row {
            0..16 => &DRIVERS[row],
            16 => &UNKNOWN,
            _ => Driver::of("virtio_net"),
        };
        let old = |fate: Fate| Fate { default_table: TableFate::OnPaper, ..fate };
        let mut behaves_as = *planned_by;
        if row == 17 {
            (behaves_as.grow, behaves_as.shrink) = (old(behaves_as.grow), old(behaves_as.shrink));
        }
        adapter.capability = planned_by.limit(adapter.capability.clone());
        let mut nic = Nic::from(adapter.device.clone());
        let entries = adapter.capability.table_entries;
        nic.device.table.truncate(entries.into());
        if nic.device.user_table == UserTable::No {
            nic.device.table = planned_by.default_table.table(entries, nic.device.channels());
        }
        nic.own_key = Some(HashKey::new(vec![7; 4]));
        Self { planned_by, behaves_as, nic }
    }

    /// What can be read; kernels do not tell who wrote the table.
    fn shown(&self, hides: bool) -> Device {
        let mut device = self.nic.device.clone();
        if hides {
            device.user_table = UserTable::Unknown;
        }
        device
    }

    fn execute(&mut self, cap: &Capability, op: &Op) -> Result<(), TestCaseError> {
        let refused = |e| TestCaseError::fail(format!("{}: {op}: {e}", self.planned_by.name));
        self.nic = self.behaves_as.apply(cap, &self.nic, op).map_err(refused)?;
        if let Op::Channels(_) = op {
            // A driver that chooses CPUs itself chooses some.
            for queue in &self.nic.xps_unsure {
                self.nic.device.xps[queue.index()] = [CpuId(queue.0.into())].into_iter().collect();
            }
            // One that does not clear receive queues has kept some.
            for queue in &self.nic.xps_rxqs_unsure {
                self.nic.device.xps_rxqs[queue.index()] = [QueueId(0)].into();
            }
        }
        Ok(())
    }
}

fn part() -> impl Strategy<Value = Auto<ProcessorPart>> {
    let is = (proptest::option::of(0u16..3), proptest::option::of(0u8..64))
        .prop_filter("something is given", |(g, n)| g.is_some() || n.is_some())
        .prop_map(|(group, number)| Auto::Is(ProcessorPart { group, number }));
    prop_oneof![1 => Just(Auto::Auto), 3 => is]
}

/// Patches with processors of which only a part is given.
fn parts() -> impl Strategy<Value = SettingsPatch> {
    let ranges = (proptest::option::of(part()), proptest::option::of(part()));
    (worlds(), ranges).prop_map(|(world, (base, max))| {
        let Adapter { patch, .. } = world.adapters.into_iter().next().expect("one adapter at least");
        SettingsPatch { base_processor: base, max_processor: max, ..patch }
    })
}

fn encapsulations() -> impl Strategy<Value = EncapState> {
    let kinds = proptest::sample::select(vec!["none", "nvgre", "gre,vxlan", "all"]);
    (kinds, proptest::sample::select(vec![4789, 8472])).prop_map(|(kinds, port)| EncapState {
        kinds: Encapsulations::parse(kinds).unwrap(),
        vxlan_port: VxlanPort::new(port).unwrap(),
    })
}

/// Operations, some of them impossible on any adapter.
fn ops() -> impl Strategy<Value = Op> {
    let queue = || (0u16..18).prop_map(QueueId);
    let cpus =
        || proptest::collection::vec((0u32..40).prop_map(CpuId), 0..4).prop_map(|c| c.into_iter().collect());
    let low = || (0u16..3).prop_map(QueueId);
    let moved = (0u16..20, low()).prop_map(|(e, queue)| EntryMove { entry: EntryIndex(e), queue });
    let length = prop_oneof![Just(0usize), Just(1), Just(3), Just(16), Just(100), Just(101)];
    prop_oneof![
        1 => Just(Op::Enable),
        1 => Just(Op::Disable),
        1 => Just(Op::ResetTable),
        1 => proptest::collection::vec(any::<u8>(), 3..6).prop_map(|k| Op::SetKey(HashKey::new(k))),
        1 => proptest::collection::vec(moved, 0..3).prop_map(Op::SetEntries),
        1 => (low(), length).prop_map(|(q, n)| Op::WriteTable(vec![q; n])),
        // Shrinking past the default queue needs luck.
        8 => (0u16..18).prop_map(Op::Channels),
        1 => (queue(), proptest::option::of(0u32..9)).prop_map(|(queue, c)| Op::Home { queue, cpu: c.map(CpuId) }),
        1 => proptest::sample::select(vec![HashTypes::NONE, HashTypes::DEFAULT, HashTypes::ALL])
            .prop_map(Op::HashTypes),
        1 => encapsulations().prop_map(Op::Encapsulation),
        1 => queue().prop_map(Op::DefaultQueue),
        1 => (queue(), cpus()).prop_map(|(queue, cpus)| Op::Xps { queue, cpus }),
        1 => (queue(), proptest::collection::btree_set(queue(), 0..3))
            .prop_map(|(queue, receive)| Op::XpsRxqs { queue, receive }),
        1 => (queue(), cpus()).prop_map(|(queue, cpus)| Op::Rps { queue, cpus }),
        1 => (proptest::sample::select(vec!["link", "nobody"]), cpus())
            .prop_map(|(name, cpus)| Op::Vector { name: name.into(), cpus }),
        1 => queue().prop_map(|q| Op::VPort { id: VPortId(1), op: VPortOp::Create { queues: vec![q] } }),
    ]
}

fn raws() -> impl Strategy<Value = Raw> {
    let word = || {
        prop_oneof![
            Just("auto"),
            Just("Closest"),
            Just("1:"),
            Just(":3"),
            Just("1:3"),
            Just("0:64"),
            Just("random"),
            Just("ipv4"),
            Just("tcp_ipv4,udp_ipv4"),
            Just("use"),
            Just("0-3,8"),
            Just("6d5a6d5b"),
            Just("true"),
            Just("8"),
            Just("70000"),
            Just("windows"),
            Just("+nvgre,-vxlan"),
            Just("any"),
            Just("nonsense"),
            Just(""),
        ]
        .prop_map(str::to_string)
    };
    prop_oneof![
        any::<bool>().prop_map(Raw::Bool),
        any::<i64>().prop_map(Raw::Int),
        (-2i64..70).prop_map(Raw::Int),
        word().prop_map(Raw::Text),
        ".{0,12}".prop_map(Raw::Text),
        proptest::collection::vec(word(), 0..3).prop_map(Raw::List),
    ]
}
