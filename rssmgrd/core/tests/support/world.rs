//! Random machines with random adapters.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rssmgr_core::capability::{Capability, ChannelControl, TxQueues, UnhashedTarget};
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Queue, UserTable};
use rssmgr_core::driver::round_robin;
use rssmgr_core::field::{Field, Raw};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::encap::{EncapCapability, EncapState};
use rssmgr_core::place::{AdapterInput, GiveBack};
use rssmgr_core::profile::Profile;
use rssmgr_core::settings::{
    Auto, KeySetting, Layer, ManualTable, Origin, ProcessorPart, Queues, Settings, SettingsPatch, Smt, Xps,
};
use rssmgr_core::{AdapterId, CpuId, EntryIndex, NodeId, Processor, QueueId};

use crate::machine::Machine;

/// A machine and its adapters.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) adapters: Vec<Adapter>,
    pub(crate) rss_on: bool,
    pub(crate) boot_key: Option<HashKey>,
}

/// An adapter.
#[derive(Clone, Debug)]
pub(crate) struct Adapter {
    pub(crate) node: Option<u32>,
    pub(crate) patch: SettingsPatch,
    pub(crate) manual: ManualTable,
    pub(crate) settings: Settings,
    pub(crate) capability: Capability,
    pub(crate) device: Device,
    pub(crate) found: u16,
    pub(crate) assigned: Option<Vec<CpuId>>,
    pub(crate) replan: bool,
}

impl World {
    /// What is given to `place`.
    pub(crate) fn inputs(&self) -> Vec<AdapterInput<'_>> {
        let mut inputs = Vec::new();
        for (id, a) in (0..).zip(&self.adapters) {
            inputs.push(AdapterInput {
                id: AdapterId(id),
                node: a.node.map(NodeId),
                settings: &a.settings,
                capability: &a.capability,
                device: &a.device,
                driver: "softnic",
                found_queues: a.found,
                assigned: a.assigned.as_deref(),
                replan: a.replan,
                rss_on: self.rss_on,
                boot_key: self.boot_key.as_ref(),
                team: None,
                give_back: GiveBack::default(),
            });
        }
        inputs
    }
}

/// Bits of a random mask, as a set of CPUs.
fn chosen(machine: &Machine, mask: u64) -> impl Iterator<Item = u32> + '_ {
    machine.cpus.keys().enumerate().filter(move |(i, _)| mask >> (i % 64) & 1 == 1).map(|(_, id)| *id)
}

/// A mask with few bits, often none.
fn sparse() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0), 2 => (any::<u64>(), any::<u64>()).prop_map(|(a, b)| a & b), 1 => any::<u64>()]
}

prop_compose! {
    /// 1 to 4 nodes of 1 to 6 cores of 1 to 3 threads, with holes in every numbering.
    pub(crate) fn machines()(
        size in (1u32..=4, 1u32..=6, 1u32..=3),
        adjacent in any::<bool>(),
        spread in prop_oneof![Just(1u32), Just(1), Just(3), Just(11)],
        node_step in prop_oneof![Just(1u32), Just(1), Just(4)],
        lost in sparse(),
        offline in sparse(),
        isolated in sparse(),
        nohz_full in sparse(),
        small in prop_oneof![Just(0u64), any::<u64>()],
        slit in proptest::option::of(proptest::collection::vec(11u32..=14, 16)),
    ) -> Machine {
        let (nodes, cores, threads) = size;
        let mut machine = Machine::new(nodes, cores, threads, adjacent);
        let gone: Vec<u32> = chosen(&machine, lost).skip(1).collect();
        machine.cpus.retain(|id, _| !gone.contains(id));
        machine.cpus = machine.cpus.into_iter().map(|(id, mut cpu)| {
            cpu.node = cpu.node * node_step + (node_step - 1);
            cpu.capacity = (small != 0).then_some(if small >> (cpu.core % 64) & 1 == 1 { 512 } else { 1024 });
            (id * spread, cpu)
        }).collect();
        machine.offline = chosen(&machine, offline).skip(1).collect();
        machine.isolated = chosen(&machine, isolated).collect();
        machine.nohz_full = chosen(&machine, nohz_full).collect();
        // The kernel knows only nodes that are there.
        let left = machine.nodes().len();
        machine.slit = slit.map_or(Vec::new(), |values| {
            (0..left).map(|a| (0..left).map(|b| {
                if a == b { 10 } else { values[a.min(b) * 4 + a.max(b)] }
            }).collect()).collect()
        });
        machine
    }
}

/// What an adapter is made of before it knows its machine.
#[derive(Clone, Debug)]
struct Seed {
    node: Option<usize>,
    hardware: (u16, bool, u16, u16, bool, bool),
    settable: (bool, bool),
    channels: u16,
    found: u16,
    homes: Vec<Option<usize>>,
    table: Option<Vec<u16>>,
    enabled: bool,
    default_queue: u16,
    assigned: Option<Vec<usize>>,
    replan: bool,
    patch: SettingsPatch,
    range: (Option<usize>, Option<usize>),
    numa_node: Option<usize>,
    exclude: u64,
    manual: Vec<(u16, usize)>,
    /// Where nobody can move interrupts: they are known all the same.
    pinned: bool,
    steering: Steering,
}

/// What is to be steered by others than the table.
#[derive(Clone, Debug)]
struct Steering {
    tx_queues: TxQueues,
    xps: bool,
    xps_rxqs: bool,
    rps: bool,
    masks: Vec<u64>,
}

fn queues() -> impl Strategy<Value = Queues> {
    prop_oneof![Just(Queues::Auto), Just(Queues::Windows), (1u16..20).prop_map(Queues::Count)]
}

fn keys() -> impl Strategy<Value = KeySetting> {
    let bytes = || proptest::collection::vec(any::<u8>(), 3..6).prop_map(HashKey::new);
    prop_oneof![
        4 => Just(KeySetting::Keep),
        1 => Just(KeySetting::Host),
        1 => Just(KeySetting::Symmetric),
        1 => Just(KeySetting::Random(None)),
        1 => bytes().prop_map(|k| KeySetting::Random(Some(k))),
        1 => bytes().prop_map(KeySetting::Given),
        1 => Just(KeySetting::Given(HashKey::new(vec![1, 2, 3, 4]))),
    ]
}

fn types() -> impl Strategy<Value = Auto<HashTypes>> {
    prop_oneof![
        3 => Just(Auto::Auto),
        1 => Just(Auto::Is(HashTypes::DEFAULT)),
        1 => Just(Auto::Is(HashTypes::ALL)),
        1 => Just(Auto::Is(HashTypes::NONE)),
    ]
}

prop_compose! {
    fn steerings()(
        tx_queues in prop_oneof![2 => Just(TxQueues::Paired), 1 => (1u16..12).prop_map(TxQueues::Own)],
        xps in any::<bool>(),
        xps_rxqs in any::<bool>(),
        rps in any::<bool>(),
        masks in proptest::collection::vec(sparse(), 16),
    ) -> Steering {
        Steering { tx_queues, xps, xps_rxqs, rps, masks }
    }
}

prop_compose! {
    fn patches()(
        enabled in proptest::option::of(any::<bool>()),
        profile in proptest::option::of(proptest::sample::select(Profile::ALL.to_vec())),
        max_processors in proptest::option::of(1u32..10),
        queues in proptest::option::of(queues()),
        hash_key in proptest::option::of(keys()),
        hash_types in proptest::option::of(types()),
        smt in proptest::option::of(prop_oneof![Just(Smt::Skip), Just(Smt::Use)]),
        xps in proptest::option::of(prop_oneof![Just(Xps::Cpus), Just(Xps::Rxqs), Just(Xps::Off)]),
        rps in proptest::option::of(any::<bool>()),
        inside in proptest::option::weighted(
            0.2, proptest::sample::select(vec!["none", "-gre", "-gre", "nvgre", "+vxlan"]),
        ),
    ) -> SettingsPatch {
        let mut patch = SettingsPatch {
            enabled, profile, queues, hash_key, hash_types, smt, xps, rps,
            max_processors: max_processors.map(Auto::Is),
            ..SettingsPatch::default()
        };
        if let Some(text) = inside {
            patch.set(Field::Encapsulation, &Raw::from(text)).expect("one that parses");
        }
        patch
    }
}

prop_compose! {
    fn seeds()(
        node in proptest::option::of(0usize..8),
        hardware in (
            1u16..=16,
            proptest::bool::weighted(0.2),
            prop_oneof![Just(0u16), Just(1), Just(3), Just(16), Just(100)],
            prop_oneof![Just(0u16), 1u16..8],
            proptest::bool::weighted(0.8),
            any::<bool>(),
        ),
        settable in (proptest::bool::weighted(0.8), proptest::bool::weighted(0.8)),
        counts in (0u16..16, 0u16..20),
        homes in proptest::collection::vec(proptest::option::of(any::<usize>()), 16),
        table in proptest::option::of(proptest::collection::vec(any::<u16>(), 100)),
        state in (any::<bool>(), 0u16..16, any::<bool>()),
        assigned in proptest::option::of(proptest::collection::vec(any::<usize>(), 0..6)),
        patch in patches(),
        range in (
            proptest::option::weighted(0.2, any::<usize>()),
            proptest::option::weighted(0.2, any::<usize>()),
        ),
        numa_node in proptest::option::weighted(0.2, 0usize..5),
        exclude in sparse(),
        manual in prop_oneof![
            4 => Just(Vec::new()),
            1 => proptest::collection::vec((0u16..20, any::<usize>()), 1..5),
        ],
        pinned in any::<bool>(),
        steering in steerings(),
    ) -> Seed {
        let ((channels, found), (enabled, default_queue, replan)) = (counts, state);
        Seed {
            node, hardware, settable, channels, found, homes, table, enabled, default_queue, assigned, replan,
            patch, range, numa_node, exclude, manual, pinned, steering,
        }
    }
}

impl Seed {
    fn adapter(self, machine: &Machine) -> Adapter {
        let ids: Vec<u32> = machine.cpus.keys().copied().collect();
        let nodes: Vec<u32> = machine.nodes().into_iter().collect();
        let cpu = |i: usize| CpuId(ids[i % ids.len()]);
        let (max_queues, fixed, entries, vectors, affinity, moves) = self.hardware;
        let channels = 1 + self.channels % max_queues;
        let mut queues = vec![Queue::default(); usize::from(channels)];
        if affinity || fixed {
            for (queue, home) in queues.iter_mut().zip(&self.homes) {
                queue.home = home.map(cpu);
            }
        }
        if !affinity && self.pinned {
            for (i, (queue, home)) in queues.iter_mut().zip(&self.homes).enumerate() {
                queue.home = Some(cpu(home.unwrap_or(i)));
            }
        }
        let masks = |n: u16| -> Vec<CpuSet> {
            let mask = |m: &u64| chosen(machine, *m).map(CpuId).collect();
            self.steering.masks.iter().map(mask).take(n.into()).collect()
        };
        let capability = Capability {
            max_queues,
            channels: if fixed { ChannelControl::Fixed } else { ChannelControl::Settable },
            table_entries: entries,
            key_bytes: 4,
            key_settable: self.settable.0,
            hash_types: HashTypes::DEFAULT,
            hash_types_settable: self.settable.1,
            hash_types_always: HashTypes::NONE,
            encapsulation: if self.settable.1 { EncapCapability::all() } else { EncapCapability::default() },
            ports_imply_addresses: false,
            unhashed: UnhashedTarget::DefaultProcessor,
            independent_entry_move: moves,
            serialised_moves: false,
            vectors,
            msi_x: true,
            queue_affinity: affinity,
            tx_queues: self.steering.tx_queues,
            xps: self.steering.xps,
            xps_rxqs: self.steering.xps_rxqs,
            rps: self.steering.rps,
            ..Capability::default()
        };
        let device = Device {
            enabled: self.enabled,
            queues,
            user_table: if self.table.is_some() { UserTable::Yes } else { UserTable::No },
            table: match self.table {
                Some(random) => random.iter().take(entries.into()).map(|q| QueueId(q % channels)).collect(),
                None => round_robin(entries, channels),
            },
            key: HashKey::new(vec![1, 2, 3, 4]),
            hash_types: HashTypes::DEFAULT,
            encapsulation: EncapState::default(),
            default_queue: QueueId(self.default_queue % channels),
            xps: masks(capability.steered_tx_queues(channels)),
            xps_rxqs: vec![BTreeSet::new(); capability.answering_tx_queues(channels).into()],
            rps: masks(if capability.rps { channels } else { 0 }),
            others: Vec::new(),
            ..Device::default()
        };
        let mut patch = self.patch;
        let part = |i: usize| Auto::Is(ProcessorPart::from(Processor::from(cpu(i))));
        patch.base_processor = self.range.0.map(part);
        patch.max_processor = self.range.1.map(part);
        // One in five is not there.
        patch.numa_node = self.numa_node.map(|n| Auto::Is(NodeId(nodes.get(n).copied().unwrap_or(77))));
        patch.exclude_cpus = Some(chosen(machine, self.exclude).map(CpuId).collect::<CpuSet>());
        let manual: ManualTable =
            self.manual.iter().map(|(e, i)| (EntryIndex(*e), Processor::from(cpu(*i)))).collect();
        Adapter {
            node: self.node.and_then(|n| nodes.get(n).copied()),
            settings: Settings::layered(&[Layer::of(patch.clone(), manual.clone(), Origin::Saved)]),
            patch,
            manual,
            capability,
            device,
            found: self.found,
            assigned: self.assigned.map(|list| list.into_iter().map(cpu).collect()),
            replan: self.replan,
        }
    }
}

prop_compose! {
    /// A machine with 1 to 6 adapters.
    pub(crate) fn worlds()(
        machine in machines(),
        seeds in proptest::collection::vec(seeds(), 1..=6),
        rss_on in proptest::bool::weighted(0.8),
        boot_key in proptest::option::of(proptest::collection::vec(1u8.., 3..6)),
    ) -> World {
        let adapters = seeds.into_iter().map(|s| s.adapter(&machine)).collect();
        World { machine, adapters, rss_on, boot_key: boot_key.map(HashKey::new) }
    }
}
