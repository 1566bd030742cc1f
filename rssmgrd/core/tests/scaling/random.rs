//! Random sequences of requests, the crate and the model side by side.

use crate::model::{self, Life, Model};
use crate::rng::Rng;
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::hash::HashTypes;
use rssmgr_core::scaling::{
    Actor, AdapterState, Fault, Limits, Move, MoveRequest, Parameters, ParametersV1, Scaling, Status,
    Steering, Step, SwitchId, VPortKey, VPortState,
};
use rssmgr_core::{CpuId, EntryIndex, VPortId};
use std::collections::{BTreeMap, BTreeSet};

const STEPS: usize = 28;
const OPENING: usize = 4;
const CPUS: usize = 7;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What a sequence asks for, one request after the other.
#[derive(Debug)]
enum Ask {
    Create(VPortKey, CpuId, u16),
    Activate(VPortKey),
    StartDelete(VPortKey),
    Delete(VPortKey),
    Adapter(AdapterState),
    HashOnly(bool),
    Set(BTreeSet<u32>),
    Affinity(VPortKey, CpuId),
    Parameters(VPortKey, Parameters),
    Moves(MoveRequest, Vec<Option<Fault>>),
    V1(VPortKey, ParametersV1),
    ByTable(MoveRequest, Option<Fault>),
}

fn limits(rng: &mut Rng) -> Limits {
    Limits {
        independent_entry_move: rng.percent(80),
        dynamic_affinity: rng.percent(75),
        table_size_restricted: rng.percent(20),
        hash_types: if rng.percent(70) { HashTypes::ALL } else { HashTypes::DEFAULT },
        default_entries: rng.pick(&[2, 4, 8, 8, 16]),
        other_entries: rng.pick(&[1, 2, 4, 8]),
        default_queues: rng.pick(&[1, 2, 4, 8]),
        other_queues: rng.pick(&[1, 2, 4]),
        queues: rng.pick(&[8, 9, 12, 64]),
        vports: rng.pick(&[1, 3, 3, 3]),
    }
}

fn cpu(rng: &mut Rng) -> CpuId {
    let far = if rng.percent(1) { 9000 } else { 1 };
    CpuId(u32::try_from(rng.below(CPUS)).unwrap() * far)
}

fn key(rng: &mut Rng) -> VPortKey {
    if rng.percent(60) {
        return VPortKey::DEFAULT;
    }
    let switch = SwitchId(u32::from(rng.percent(10)));
    VPortKey { switch, vport: VPortId(u32::try_from(rng.below(3)).unwrap()) }
}

/// One of the adapter's own VPorts, mostly.
fn known(rng: &mut Rng, state: &Scaling) -> VPortKey {
    let all: Vec<VPortKey> = state.vports().map(|(key, _)| key).collect();
    if rng.percent(92) { rng.pick(&all) } else { key(rng) }
}

fn key_bytes(rng: &mut Rng) -> Vec<u8> {
    let bytes = u8::try_from(rng.below(2)).unwrap();
    vec![bytes + 1; if rng.percent(95) { 40 } else { rng.pick(&[0, 39, 41]) }]
}

fn hash_info(rng: &mut Rng) -> u32 {
    if rng.percent(80) {
        return rng.pick(&[0x0001_FF01, 0xD701, 0x301, 0x301, 0x301]);
    }
    rng.pick(&[0, 1, 2, 4, 8, 3, 0x300, 0x302, 0x4201, 0x4301, 0x9001, 0x1_2001, 0x2_0001, 0x8000_0301])
}

fn maybe<T>(rng: &mut Rng, percent: usize, make: impl Fn(&mut Rng) -> T) -> Option<T> {
    if rng.percent(percent) { Some(make(rng)) } else { None }
}

fn parameters(rng: &mut Rng) -> Parameters {
    Parameters {
        enable: rng.percent(70),
        hash_info: maybe(rng, 70, hash_info),
        key: maybe(rng, 70, key_bytes),
        queues: maybe(rng, 25, |r| r.pick(&[1, 2, 2, 3, 4, 4, 4, 8, 0, 9, 70_000])),
        entries: maybe(rng, 35, |r| r.pick(&[1, 2, 4, 4, 4, 8, 8, 8, 0, 3, 16, 65_536])),
    }
}

fn moves(rng: &mut Rng, state: &Scaling) -> MoveRequest {
    let mut moves = Vec::new();
    let mut actor = Actor::Owner;
    for _ in 0..rng.below(4) {
        let key = known(rng, state);
        let Some(vport) = state.vport(key) else {
            moves.push(Move::new(key, Steering::Primary, cpu(rng)));
            continue;
        };
        let length = vport.entries.len();
        let target = cpu(rng);
        if rng.percent(25) {
            // A whole processor is evacuated, or nearly.
            let from = rng.pick(&vport.entries);
            if rng.percent(50) {
                actor = Actor::Processor(from);
            }
            for (i, entry) in vport.entries.iter().enumerate() {
                if *entry == from && rng.percent(90) {
                    let index = EntryIndex(u16::try_from(i).unwrap());
                    moves.push(Move::new(key, Steering::Entry(index), target));
                }
            }
            if vport.default == from {
                moves.push(Move::new(key, Steering::Default, target));
            }
            continue;
        }
        for _ in 0..=rng.below(4) {
            let beyond = usize::from(rng.percent(5));
            let index = u16::try_from(rng.below(length + beyond)).unwrap();
            let (flags, index) = match rng.below(20) {
                0 => (0, 0xFFFE),
                1 => (1, 0xFFFE),
                2 => (1, 0),
                3 => (0, 0xFFFF),
                4 => (2, 0xFFFF),
                5 => (2, 0),
                6 => rng.pick(&[(1, 0xFFFF), (2, 0xFFFE), (3, 0), (4, 0), (1, 1), (2, 3), (0, 0xFFFD)]),
                _ => (0, index),
            };
            moves.push(Move { switch: key.switch, vport: key.vport, flags, index, target: cpu(rng) });
        }
    }
    if rng.percent(10) {
        actor = Actor::Processor(cpu(rng));
    }
    if rng.percent(1) {
        let one = Move::new(VPortKey::DEFAULT, Steering::Primary, cpu(rng));
        let most = state.limits().max_moves();
        moves.resize(rng.pick(&[most, most + 1]), one);
    }
    MoveRequest { flags: u32::from(rng.percent(1)), actor, moves }
}

fn fault(rng: &mut Rng) -> Option<Fault> {
    maybe(rng, 6, |r| r.pick(&[Fault::Resources, Fault::NotReady, Fault::Gone]))
}

fn v1(rng: &mut Rng) -> ParametersV1 {
    ParametersV1 {
        disable: rng.percent(15),
        hash_info: maybe(rng, 60, hash_info),
        table: maybe(rng, 70, |r| {
            let length = r.pick(&[1, 2, 4, 4, 8, 8, 0, 3, 16]);
            let few = [cpu(r), cpu(r), cpu(r)];
            (0..length).map(|_| r.pick(&few)).collect()
        }),
        key: maybe(rng, 60, key_bytes),
        default: maybe(rng, 30, cpu),
    }
}

/// Most sequences begin with the other VPorts in place.
fn opening(rng: &mut Rng, step: usize) -> Ask {
    let vport = VPortId(u32::try_from(step / 2 + 1).unwrap());
    let key = VPortKey { switch: SwitchId(0), vport };
    if step.is_multiple_of(2) {
        Ask::Create(key, CpuId(1), rng.pick(&[1, 2, 4, 4]))
    } else {
        Ask::Activate(key)
    }
}

fn ask(rng: &mut Rng, state: &Scaling) -> Ask {
    if state.adapter() != AdapterState::Ready && rng.percent(40) {
        return Ask::Adapter(AdapterState::Ready);
    }
    match rng.below(100) {
        0..3 => Ask::Create(key(rng), cpu(rng), rng.pick(&[0, 1, 2, 2, 4, 4, 9])),
        3..12 => Ask::Activate(known(rng, state)),
        12..14 => Ask::StartDelete(known(rng, state)),
        14..16 => Ask::Delete(known(rng, state)),
        16..18 if state.adapter() == AdapterState::Ready => {
            Ask::Adapter(rng.pick(&[AdapterState::NotReady, AdapterState::Gone]))
        }
        16..21 => Ask::HashOnly(rng.percent(30)),
        21..24 => {
            Ask::Set((0..u32::try_from(CPUS).unwrap()).filter(|_| rng.percent(75)).collect::<BTreeSet<u32>>())
        }
        24..27 => Ask::Affinity(known(rng, state), cpu(rng)),
        27..50 => Ask::Parameters(known(rng, state), parameters(rng)),
        50..62 => Ask::V1(known(rng, state), v1(rng)),
        62..64 => Ask::ByTable(moves(rng, state), fault(rng)),
        64..94 if !state.limits().independent_entry_move => Ask::ByTable(moves(rng, state), fault(rng)),
        _ => Ask::Moves(moves(rng, state), (0..4).map(|_| fault(rng)).collect()),
    }
}

type Answer = Result<Vec<Result<(), Status>>, Status>;

fn one(answer: Result<(), Status>) -> Answer {
    answer.map(|()| Vec::new())
}

/// The faults of the groups that reach the adapter, in order; none after the last.
fn next(faults: &[Option<Fault>], at: &mut usize) -> Result<(), Fault> {
    *at += 1;
    faults.get(*at - 1).copied().flatten().map_or(Ok(()), Err)
}

fn do_crate(state: &mut Scaling, ask: &Ask) -> Answer {
    match ask {
        Ask::Create(key, cpu, queues) => one(state.create(*key, *cpu, *queues)),
        Ask::Activate(key) => one(state.activate(*key)),
        Ask::StartDelete(key) => one(state.start_delete(*key)),
        Ask::Delete(key) => one(state.delete(*key)),
        Ask::Adapter(to) => {
            state.set_adapter(*to);
            Ok(Vec::new())
        }
        Ask::HashOnly(on) => one(state.set_hash_only(*on)),
        Ask::Set(set) => one(state.set_rss_set(set.iter().map(|c| CpuId(*c)).collect())),
        Ask::Affinity(key, cpu) => one(state.set_affinity(*key, *cpu)),
        Ask::Parameters(key, parameters) => one(state.set_parameters(*key, parameters)),
        Ask::Moves(request, faults) => {
            let mut at = 0;
            state.move_entries_with(request, |_, _, _| next(faults, &mut at))
        }
        Ask::V1(key, request) => {
            let steps = state.v1_steps(*key, request);
            let mut by_steps = state.clone();
            let answer = state.set_v1(*key, request);
            assert_eq!(steps.is_ok(), answer.is_ok());
            if by_steps.limits().independent_entry_move {
                for step in steps.iter().flatten() {
                    match step {
                        Step::Parameters(p) => assert_eq!(by_steps.set_parameters(*key, p), Ok(())),
                        Step::Moves(m) => {
                            assert!(by_steps.move_entries(m).unwrap().iter().all(Result::is_ok));
                        }
                    }
                }
                assert_eq!(by_steps, *state, "the steps do not lead where the request does");
            }
            one(answer)
        }
        Ask::ByTable(request, fault) => {
            let mut writes = 0;
            let answer = state.move_by_table(request, |_, _| {
                writes += 1;
                fault.map_or(Ok(()), Err)
            });
            answer.map(|mut results| {
                results.extend((0..writes).map(|_| Ok(())));
                results
            })
        }
    }
}

fn do_model(model: &mut Model, ask: &Ask) -> Answer {
    let id = |key: &VPortKey| model::name(*key);
    let status = |fault: Fault| match fault {
        Fault::Resources => Status::Resources,
        Fault::NotReady => Status::AdapterNotReady,
        Fault::Gone => Status::AdapterNotFound,
    };
    match ask {
        Ask::Create(key, cpu, queues) => one(model.create(id(key), cpu.0, u32::from(*queues))),
        Ask::Activate(key) => one(model.activate(id(key))),
        Ask::StartDelete(key) => one(model.start_delete(id(key))),
        Ask::Delete(key) => one(model.delete(id(key))),
        Ask::Adapter(to) => {
            model.adapter = *to;
            Ok(Vec::new())
        }
        Ask::HashOnly(on) => one(model.set_hash_only(*on)),
        Ask::Set(set) => one(model.set_set(set.iter().copied().collect())),
        Ask::Affinity(key, cpu) => one(model.set_affinity(id(key), cpu.0)),
        Ask::Parameters(key, parameters) => one(model.parameters(id(key), parameters)),
        Ask::Moves(request, faults) => {
            let mut at = 0;
            model.moves(request, &mut || next(faults, &mut at).map_err(status))
        }
        Ask::V1(key, request) => one(model.v1(id(key), request)),
        Ask::ByTable(request, fault) => {
            let write = fault.map_or(Ok(()), |f| Err(status(f)));
            model.by_table(request, write).map(|(mut answers, written)| {
                answers.extend(written.then_some(Ok(())));
                answers
            })
        }
    }
}

fn assert_same(state: &Scaling, model: &Model) {
    assert_eq!(state.hash_only(), model.hash_only);
    assert_eq!(state.vports().count(), model.ports.len());
    for (key, v) in state.vports() {
        let port = &model.ports[&model::name(key)];
        let life = match v.state {
            VPortState::Deactivated => Life::Created,
            VPortState::Activated => Life::Running,
            VPortState::Deleting => Life::Ending,
        };
        assert_eq!((life, v.rss_enabled, v.hash_types.bits()), (port.life, port.on, port.types), "{key}");
        assert_eq!(v.key.bytes(), port.key, "{key}: key");
        assert_eq!(u32::from(v.queues), port.queues, "{key}: queues");
        assert!(v.entries.iter().map(|c| c.0).eq(port.table.iter().copied()), "{key}: table");
        assert_eq!((v.primary.0, v.default.0), (port.primary, port.default), "{key}: primary, default");
        for hash in [0_u32, 1, 5, 0xFFFF_FFFF, 0x8000_0006] {
            let index = usize::try_from(hash).unwrap() % port.table.len();
            let goes = if port.on { port.table[index] } else { port.primary };
            assert_eq!(v.processor(Some(hash)).0, goes);
        }
        assert_eq!(v.processor(None).0, if port.on { port.default } else { port.primary });
    }
}

/// Invariants 1 to 4 of the specification; 5 (no PENDING) holds by type, 6 and 7 are tested as rules.
fn assert_invariants(state: &Scaling, ask: &Ask, answer: &Answer) {
    for (key, v) in state.vports() {
        let cap = if key == VPortKey::DEFAULT {
            state.limits().default_entries
        } else {
            state.limits().other_entries
        };
        assert!(v.entries.len().is_power_of_two() && v.entries.len() <= usize::from(cap), "2: {key}");
        let mut active: BTreeSet<CpuId> = BTreeSet::new();
        if v.rss_enabled {
            active.extend(&v.entries);
            active.insert(v.default);
            assert!(active.len() <= usize::from(v.queues), "1: {key}");
        } else {
            active.insert(v.primary);
        }
        assert!(active.iter().all(|c| state.rss_set().contains(*c)), "3: {key}");
    }
    if let (Ask::Moves(request, _), Ok(results)) = (ask, answer) {
        assert_eq!(results.len(), request.moves.len());
        for (m, r) in request.moves.windows(2).zip(results.windows(2)) {
            assert!(m[0].key() != m[1].key() || r[0] == r[1], "4: mixed group");
        }
    }
}

fn run(seed: u64, seen: &mut BTreeMap<(&'static str, String), u64>) {
    let mut rng = Rng(seed);
    let limits = limits(&mut rng);
    let set: BTreeSet<u32> = (0..5).collect();
    let affinity = u32::try_from(rng.below(5)).unwrap();
    let queues = limits.default_queues;
    let cpus: CpuSet = set.iter().map(|c| CpuId(*c)).collect();
    let mut state = Scaling::new(limits.clone(), cpus, CpuId(affinity), queues).unwrap();
    let mut model = Model::new(limits, set.into_iter().collect(), affinity, u32::from(queues));
    for step in 0..STEPS {
        let ask = if step < OPENING { opening(&mut rng, step) } else { ask(&mut rng, &state) };
        let ours = do_crate(&mut state, &ask);
        let theirs = do_model(&mut model, &ask);
        let place = || format!("RSSMGR_SEED={seed}, step {step}: {ask:?}");
        assert_eq!(ours, theirs, "{}\n{state:#?}", place());
        let checked = std::panic::catch_unwind(|| {
            assert_same(&state, &model);
            assert_invariants(&state, &ask, &ours);
        });
        assert!(checked.is_ok(), "{}\n{state:#?}", place());
        let kind = match ask {
            Ask::Parameters(..) => "parameters",
            Ask::Moves(..) => "moves",
            Ask::V1(..) => "v1",
            Ask::ByTable(..) => "table",
            _ => "other",
        };
        let text = |s: &Status| s.to_string();
        match &ours {
            Err(s) => *seen.entry((kind, format!("whole {}", text(s)))).or_default() += 1,
            Ok(results) => {
                let mut words: Vec<String> =
                    results.iter().map(|r| r.as_ref().map_or_else(text, |()| "ok".into())).collect();
                words.dedup();
                if words.is_empty() {
                    words.push("ok".into());
                }
                for word in words {
                    *seen.entry((kind, word)).or_default() += 1;
                }
            }
        }
    }
}

#[test]
fn no_sequence_tells_the_crate_from_the_specification() {
    let sequences = number("RSSMGR_SEQUENCES", 100_000);
    let first = number("RSSMGR_SEED", 1);
    let mut seen = BTreeMap::new();
    for seed in first..first + sequences {
        run(seed, &mut seen);
    }
    for ((kind, what), times) in &seen {
        println!("{kind:12} {what:40} {times}");
    }
    if sequences >= 100_000 {
        // A generator that never reaches a status proves nothing about it.
        let wanted = [
            ("parameters", "ok"),
            ("parameters", "whole NDIS_STATUS_NO_QUEUES"),
            ("parameters", "whole NDIS_STATUS_INVALID_DATA"),
            ("parameters", "whole NDIS_STATUS_INVALID_LENGTH"),
            ("parameters", "whole NDIS_STATUS_INVALID_PARAMETER"),
            ("parameters", "whole NDIS_STATUS_NOT_SUPPORTED"),
            ("moves", "ok"),
            ("moves", "NDIS_STATUS_INVALID_PARAMETER"),
            ("moves", "NDIS_STATUS_INVALID_PORT"),
            ("moves", "NDIS_STATUS_INVALID_PORT_STATE"),
            ("moves", "NDIS_STATUS_ADAPTER_NOT_FOUND"),
            ("moves", "NDIS_STATUS_ADAPTER_NOT_READY"),
            ("moves", "NDIS_STATUS_NOT_ACCEPTED"),
            ("moves", "NDIS_STATUS_INVALID_DATA"),
            ("moves", "NDIS_STATUS_NO_QUEUES"),
            ("moves", "NDIS_STATUS_RESOURCES"),
            ("moves", "NDIS_STATUS_NOT_SUPPORTED"),
            ("moves", "whole NDIS_STATUS_INVALID_LENGTH"),
            ("moves", "whole NDIS_STATUS_INVALID_PARAMETER"),
            ("v1", "ok"),
            ("v1", "whole NDIS_STATUS_NO_QUEUES"),
            ("v1", "whole NDIS_STATUS_INVALID_DATA"),
            ("table", "ok"),
            ("table", "NDIS_STATUS_RESOURCES"),
        ];
        for (kind, what) in wanted {
            let times = seen.get(&(kind, what.to_string())).copied().unwrap_or(0);
            assert!(times >= 100, "{kind} {what}: only {times} times");
        }
    }
}
