//! Placing and planning on 1,024 CPUs. Budgets: one adapter in 1 ms, 64 adapters together in 50 ms.

use divan::{Bencher, black_box};
use rssmgr_core::capability::{Capability, ChannelControl};
use rssmgr_core::device::{Device, Queue, UserTable};
use rssmgr_core::driver::{SOFTNIC, round_robin};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::place::{AdapterInput, GiveBack, place};
use rssmgr_core::plan::plan;
use rssmgr_core::profile::Profile;
use rssmgr_core::settings::{Settings, Smt};
use rssmgr_core::topology::Topology;
use rssmgr_core::{AdapterId, NodeId};

fn main() {
    divan::main();
}

struct Machine {
    topology: Topology,
    settings: Settings,
    capability: Capability,
    device: Device,
}

/// 8 nodes of 64 cores with 2 threads each; a NIC whose queues are nowhere yet and whose table must be written.
fn machine(profile: Profile, queues: u16) -> Machine {
    let mut settings = Settings::layered(&[]);
    settings.profile.value = profile;
    settings.smt.value = Smt::Use;
    let entries = queues.max(128);
    Machine {
        topology: Topology::from_spec("8x64x2").expect("a valid specification"),
        settings,
        capability: Capability {
            max_queues: queues,
            channels: ChannelControl::Settable,
            table_entries: entries,
            key_bytes: 40,
            key_settable: true,
            hash_types: HashTypes::DEFAULT,
            hash_types_settable: true,
            queue_affinity: true,
            ..Capability::default()
        },
        device: Device {
            enabled: true,
            queues: vec![Queue::default(); queues.into()],
            table: round_robin(entries, 1),
            key: HashKey::microsoft(),
            hash_types: HashTypes::DEFAULT,
            user_table: UserTable::No,
            ..Device::default()
        },
    }
}

fn run(machine: &Machine, adapters: u32) -> usize {
    let input = |id: u32| AdapterInput {
        id: AdapterId(id),
        node: Some(NodeId(id % 8)),
        settings: &machine.settings,
        capability: &machine.capability,
        device: &machine.device,
        driver: "softnic",
        found_queues: machine.device.channels(),
        assigned: None,
        replan: false,
        rss_on: true,
        boot_key: None,
        team: None,
        give_back: GiveBack::default(),
    };
    let inputs: Vec<_> = (0..adapters).map(input).collect();
    let targets = place(black_box(&inputs), &machine.topology);
    let steps =
        |target| plan(&SOFTNIC, &machine.capability, &machine.device, target).map_or(0, |steps| steps.len());
    targets.iter().flatten().map(steps).sum()
}

const PROFILES: [Profile; 3] = [Profile::Closest, Profile::NumaStatic, Profile::Balanced];

#[divan::bench(args = PROFILES)]
fn one_adapter_64_queues(bencher: Bencher<'_, '_>, profile: Profile) {
    let machine = machine(profile, 64);
    bencher.bench(|| run(&machine, 1));
}

#[divan::bench(args = PROFILES)]
fn one_adapter_1024_queues(bencher: Bencher<'_, '_>, profile: Profile) {
    let machine = machine(profile, 1024);
    bencher.bench(|| run(&machine, 1));
}

#[divan::bench(args = PROFILES)]
fn sixty_four_adapters_64_queues(bencher: Bencher<'_, '_>, profile: Profile) {
    let machine = machine(profile, 64);
    bencher.bench(|| run(&machine, 64));
}
