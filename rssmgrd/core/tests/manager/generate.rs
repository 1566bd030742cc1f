//! Random requests from small pools, so that they meet.

use std::collections::BTreeMap;

use rssmgr_core::device::Test;
use rssmgr_core::driver::Impact;
use rssmgr_core::field::{Field, Raw};
use rssmgr_core::ids::{EntryIndex, FilterId, Processor, VPortId};
use rssmgr_core::manager::{
    Caller, CheckpointAction, CheckpointId, Command, Config, ConfigRule, Matcher, Options, PowerChange,
    Selector, VPortChange, VPortWish,
};
use rssmgr_core::settings::{Layer, ManualTable, Origin, SettingsPatch};
use rssmgr_core::{CpuId, Generation};

use crate::rng::Rng;

pub(crate) const SECOND: u64 = 1_000_000_000;

const NAMES: [&str; 9] = ["k0", "k0", "k1", "k2", "s0", "s1", "k*", "*", "nobody"];
const SOFT: [&str; 3] = ["s0", "s1", "s1"];

pub(crate) fn patch(rng: &mut Rng) -> SettingsPatch {
    let mut p = SettingsPatch::default();
    for _ in 0..=rng.below(2) {
        let (field, values): (Field, &[&str]) = match rng.below(16) {
            0 | 1 => (
                Field::Profile,
                &["Closest", "ClosestStatic", "NUMA", "NUMAStatic", "Conservative", "Balanced"],
            ),
            2 | 3 => (Field::Queues, &["1", "2", "3", "4", "8", "auto", "windows"]),
            4 => (Field::Enabled, &["true", "false"]),
            5 => (Field::BaseProcessor, &["auto", "0:2", "0:4", "0:40"]),
            6 => (Field::MaxProcessor, &["auto", "0:5", "0:1"]),
            7 => (Field::MaxProcessors, &["auto", "1", "2", "3"]),
            8 => (Field::NumaNode, &["any", "0", "1", "7"]),
            9 => (Field::HashTypes, &["keep", "ipv4,tcp_ipv4", "ipv4,ipv6,tcp_ipv6"]),
            11 => (Field::Xps, &["cpus", "rxqs", "rxqs", "off"]),
            12 => (Field::Rps, &["true", "true", "false"]),
            10 => (Field::HashKey, &["keep", "symmetric", "default", "abcdef"]),
            13 => (Field::Encapsulation, &["none", "nvgre,vxlan", "+gre", "-vxlan"]),
            14 => (Field::VxlanPort, &["4789", "8472"]),
            _ => (Field::ExcludeCpus, &["none", "0", "0-3", "0-15"]),
        };
        p.set(field, &Raw::from(rng.pick(values))).unwrap();
    }
    p
}

pub(crate) fn config(rng: &mut Rng) -> Config {
    let rules = (0..rng.below(3))
        .map(|line| {
            let origin = Origin::Config { file: "rssmgrd.toml".into(), line: u32::try_from(line).unwrap() };
            let name = Some(rng.pick(&["k0", "k1", "k*", "s*"]).into());
            let matcher = Matcher { name, ..Matcher::default() };
            ConfigRule { matcher, layer: Layer::of(patch(rng), ManualTable::new(), origin) }
        })
        .collect();
    Config { files: vec!["rssmgrd.toml".into()], rules }
}

fn options(rng: &mut Rng, generation: Generation) -> Options {
    Options {
        dry_run: rng.percent(8),
        runtime: rng.percent(20),
        if_generation: rng.percent(5).then_some(generation),
        allow: rng.pick(&[Impact::None, Impact::Reorder, Impact::Reorder, Impact::Reorder, Impact::Link]),
        atomic: rng.percent(40),
        no_restart: rng.percent(20),
        confirm_within: rng.percent(25).then(|| rng.pick(&[1, 5, 60]) * SECOND),
        ..Options::default()
    }
}

fn selector(rng: &mut Rng) -> Selector {
    match rng.below(8) {
        0 => Selector::default(),
        1 => Selector(vec![rng.pick(&NAMES).into(), rng.pick(&NAMES).into()]),
        _ => Selector::one(rng.pick(&NAMES)),
    }
}

fn processor(rng: &mut Rng) -> Processor {
    CpuId(u32::try_from(rng.below(10)).unwrap()).into()
}

/// What is done with a VPort: of three numbers, so that requests meet.
fn vport(rng: &mut Rng) -> VPortChange {
    let id = VPortId(u32::try_from(1 + rng.below(3)).unwrap());
    let some = |rng: &mut Rng, percent| rng.percent(percent);
    let mut wish = VPortWish {
        queues: some(rng, 60).then(|| u16::try_from(rng.below(5)).unwrap()),
        enabled: some(rng, 30).then(|| rng.percent(60)),
        activate: some(rng, 15).then(|| rng.percent(50)),
        entries: some(rng, 15).then(|| rng.pick(&[1, 2, 3, 4, 8, 16])),
        processors: some(rng, 30).then(|| (0..=rng.below(2)).map(|_| processor(rng)).collect()),
        ..VPortWish::default()
    };
    if rng.percent(40) {
        let mac = Some([2, 0, 0, 0, 0, u8::try_from(rng.below(4)).unwrap()]);
        wish.add.push(Test { mac, vlan: rng.percent(30).then_some(7) });
    }
    if rng.percent(15) {
        wish.remove.push(FilterId(u32::try_from(1 + rng.below(3)).unwrap()));
    }
    match rng.below(10) {
        0..=3 => VPortChange::Create(rng.percent(60).then_some(id), wish),
        4..=6 => VPortChange::Set(id, wish),
        7 | 8 => VPortChange::Delete(id),
        _ => VPortChange::Vmq(rng.percent(60)),
    }
}

/// A request that names adapters.
pub(crate) fn about_adapters(rng: &mut Rng, generation: Generation) -> Command {
    let (selector, options) = (selector(rng), options(rng, generation));
    match rng.below(20) {
        16..=19 => Command::VPorts { selector, change: vport(rng), options },
        0 | 1 => Command::Reset { selector, options },
        2 => Command::Release { selector, options },
        3 => Command::Restart { selector, options },
        4 | 5 => {
            let entries: BTreeMap<_, _> = (0..rng.below(4))
                .map(|_| (EntryIndex(u16::try_from(rng.below(9)).unwrap()), processor(rng)))
                .collect();
            Command::SetEntries { selector, entries, options }
        }
        6 => Command::MoveEntries { selector, from: processor(rng), to: processor(rng), options },
        _ => Command::Apply { selector, patch: patch(rng), options },
    }
}

pub(crate) fn command(rng: &mut Rng, generation: Generation) -> Command {
    let name = String::from(rng.pick(&SOFT));
    match rng.below(20) {
        0 => Command::SetGlobal { rss: rng.percent(50) },
        1 => Command::Reload(config(rng)),
        2 | 3 => {
            let source = ("source".to_string(), rng.pick(&["none", "zipf"]).to_string());
            let bad = rng.percent(10).then(|| ("bad".to_string(), String::new()));
            Command::CreateSoftnic { name, options: [source].into_iter().chain(bad).collect() }
        }
        4 => Command::DeleteSoftnic { name },
        5 => Command::SetSource { name, source: rng.pick(&["none", "zipf", "uniform", "bad"]).into() },
        7 | 8 => {
            let id = rng.percent(50).then(|| CheckpointId(1 + rng.below(4) as u64));
            let action = rng.pick(&[
                CheckpointAction::Commit,
                CheckpointAction::Commit,
                CheckpointAction::RollBack,
                CheckpointAction::Extend(SECOND),
            ]);
            Command::Checkpoint { id, action }
        }
        9 | 10 => Command::Power { name, change: power(rng) },
        6 => Command::Wait(Generation(generation.0 + rng.below(3) as u64)),
        _ => about_adapters(rng, generation),
    }
}

/// What happens to an adapter's power.
pub(crate) fn power(rng: &mut Rng) -> PowerChange {
    rng.pick(&[PowerChange::Off, PowerChange::On, PowerChange::On, PowerChange::Reset])
}

pub(crate) fn caller(rng: &mut Rng) -> Caller {
    Caller { uid: rng.pick(&[0, 0, 0, 1000, 1000, 1001]), ..Caller::default() }
}
