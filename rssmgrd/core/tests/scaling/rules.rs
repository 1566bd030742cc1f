//! The rules of RSSv1, RSSv2 and VPorts, one case each.

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::hash::HashTypes;
use rssmgr_core::scaling::moves::{FLAG_DEFAULT, FLAG_PRIMARY, INDEX_DEFAULT, INDEX_PRIMARY};
use rssmgr_core::scaling::{
    Actor, AdapterState, Fault, Limits, Move, MoveRequest, Parameters, ParametersV1, Scaling, Spreading,
    Status, Steering, Step, SwitchId, VPortKey, VPortState,
};
use rssmgr_core::{CpuId, EntryIndex, VPortId};

const TYPES: u32 = 0x301;
const D: VPortKey = VPortKey::DEFAULT;
const V1: VPortKey = VPortKey { switch: SwitchId(0), vport: VPortId(1) };
const V2: VPortKey = VPortKey { switch: SwitchId(0), vport: VPortId(2) };

fn limits() -> Limits {
    Limits {
        independent_entry_move: true,
        dynamic_affinity: true,
        table_size_restricted: false,
        hash_types: HashTypes::DEFAULT,
        default_entries: 128,
        other_entries: 16,
        default_queues: 8,
        other_queues: 4,
        queues: 16,
        vports: 4,
    }
}

/// An adapter with processors 0 to 7 in its RSS set, everything on 0, 4 queues, RSS off.
fn adapter(limits: Limits) -> Scaling {
    Scaling::new(limits, CpuSet::parse_list("0-7").unwrap(), CpuId(0), 4).unwrap()
}

/// The same with RSS on and this table.
fn spread(limits: Limits, table: &[u32]) -> Scaling {
    let mut a = adapter(limits);
    on(&mut a, D, table).unwrap();
    a
}

fn on(a: &mut Scaling, key: VPortKey, table: &[u32]) -> Result<(), Status> {
    let table = Some(cpus(table));
    a.set_v1(
        key,
        &ParametersV1 { hash_info: Some(TYPES), key: Some(vec![1; 40]), table, ..ParametersV1::default() },
    )
}

/// The adapter with VPorts 1 and 2 beside the default one, all spread over `table`.
fn three(table: &[u32]) -> Scaling {
    let mut a = spread(limits(), table);
    for key in [V1, V2] {
        a.create(key, CpuId(0), 4).unwrap();
        a.activate(key).unwrap();
        on(&mut a, key, table).unwrap();
    }
    a
}

fn cpus(table: &[u32]) -> Vec<CpuId> {
    table.iter().map(|c| CpuId(*c)).collect()
}

fn table(a: &Scaling, key: VPortKey) -> Vec<u32> {
    a.vport(key).unwrap().entries.iter().map(|c| c.0).collect()
}

fn entry(key: VPortKey, index: u16, target: u32) -> Move {
    Move::new(key, Steering::Entry(EntryIndex(index)), CpuId(target))
}

fn raw(flags: u32, index: u16, target: u32) -> Move {
    Move { switch: SwitchId(0), vport: VPortId(0), flags, index, target: CpuId(target) }
}

fn push(a: &mut Scaling, moves: &[Move]) -> Vec<Result<(), Status>> {
    a.move_entries(&MoveRequest::for_owner(moves.to_vec())).unwrap()
}

fn by(a: &mut Scaling, cpu: u32, moves: &[Move]) -> Vec<Result<(), Status>> {
    let actor = Actor::Processor(CpuId(cpu));
    a.move_entries(&MoveRequest { flags: 0, actor, moves: moves.to_vec() }).unwrap()
}

fn enable() -> Parameters {
    Parameters { enable: true, hash_info: Some(TYPES), key: Some(vec![1; 40]), ..Parameters::default() }
}

fn enabled() -> Parameters {
    Parameters { enable: true, ..Parameters::default() }
}

fn entries(n: u32) -> Parameters {
    Parameters { enable: true, entries: Some(n), ..Parameters::default() }
}

fn queues(n: u32) -> Parameters {
    Parameters { enable: true, queues: Some(n), ..Parameters::default() }
}

/// The request fails so, and changes nothing.
#[track_caller]
fn refused<T: std::fmt::Debug + PartialEq>(
    a: &mut Scaling,
    status: Status,
    request: impl FnOnce(&mut Scaling) -> Result<T, Status>,
) {
    let before = a.clone();
    assert_eq!(request(a), Err(status));
    assert_eq!(*a, before, "a refused request changed the state");
}

#[track_caller]
fn group_refused(a: &mut Scaling, status: Status, moves: &[Move]) {
    let before = a.clone();
    assert_eq!(push(a, moves), vec![Err(status); moves.len()]);
    assert_eq!(*a, before, "a refused group changed the state");
}

// 3.2: RSSv1, and 3.3: what the RSSv2 flag decides.

#[test]
fn a_v1_table_becomes_moves_for_what_differs() {
    let a = spread(limits(), &[0, 1, 2, 3]);
    let request = ParametersV1 { table: Some(cpus(&[0, 1, 3, 3])), ..ParametersV1::default() };
    let moved = MoveRequest::for_owner(vec![entry(D, 2, 3)]);
    assert_eq!(a.v1_steps(D, &request), Ok(vec![Step::Moves(moved)]));
}

#[test]
fn a_v1_request_for_what_is_there_is_no_request() {
    let a = spread(limits(), &[0, 1, 2, 3]);
    let same = ParametersV1 {
        hash_info: Some(TYPES),
        key: Some(vec![1; 40]),
        table: Some(cpus(&[0, 1, 2, 3])),
        default: Some(CpuId(0)),
        disable: false,
    };
    assert_eq!(a.v1_steps(D, &same), Ok(vec![]), "a clear hint means: compare");
    assert_eq!(a.v1_steps(D, &ParametersV1::default()), Ok(vec![]), "a set hint means: unchanged");
}

#[test]
fn a_v1_table_may_change_its_size_and_all_its_processors_at_once() {
    let mut a = spread(limits(), &[0, 1, 2, 3]);
    let default = Some(CpuId(4));
    for new in [vec![4, 5, 6, 7, 4, 5, 6, 7], vec![6, 5], vec![7, 6, 5, 4]] {
        let request = ParametersV1 {
            table: Some(cpus(&new)),
            default: default.filter(|_| new.len() != 2),
            ..ParametersV1::default()
        };
        assert_eq!(a.set_v1(D, &request), Ok(()), "{new:?}");
        assert_eq!(table(&a, D), new);
    }
}

#[test]
fn a_v1_table_of_impossible_size_and_a_v1_key_of_wrong_length_are_invalid_length() {
    let mut a = adapter(limits());
    for length in [0, 3, 256] {
        refused(&mut a, Status::InvalidLength, |a| on(a, D, &vec![0; length]));
    }
    let key = ParametersV1 { key: Some(vec![1; 52]), hash_info: Some(TYPES), ..ParametersV1::default() };
    refused(&mut a, Status::InvalidLength, |a| a.set_v1(D, &key));
}

#[test]
fn v1_function_zero_disables_and_the_table_stays() {
    let mut a = spread(limits(), &[0, 1, 2, 3]);
    a.set_v1(D, &ParametersV1 { hash_info: Some(0x300), ..ParametersV1::default() }).unwrap();
    assert!(!a.vport(D).unwrap().rss_enabled);
    assert_eq!(table(&a, D), [0, 1, 2, 3]);
}

#[test]
fn hash_only_and_rss_exclude_each_other() {
    let mut a = adapter(limits());
    a.set_hash_only(true).unwrap();
    refused(&mut a, Status::NotSupported, |a| a.set_parameters(D, &enable()));
    refused(&mut a, Status::NotSupported, |a| on(a, D, &[0]));
    a.set_hash_only(false).unwrap();
    a.set_parameters(D, &enable()).unwrap();
    refused(&mut a, Status::NotSupported, |a| a.set_hash_only(true));
}

#[test]
fn without_rssv2_there_are_no_v2_requests_but_v1_works() {
    let mut a = spread(Limits { independent_entry_move: false, ..limits() }, &[0, 1]);
    refused(&mut a, Status::NotSupported, |a| a.set_parameters(D, &enabled()));
    refused(&mut a, Status::NotSupported, |a| a.move_entries(&MoveRequest::for_owner(vec![entry(D, 0, 1)])));
    on(&mut a, D, &[2, 3]).unwrap();
    assert_eq!(table(&a, D), [2, 3]);
}

#[test]
fn moves_on_a_whole_table_backend_are_one_write_with_groups_kept_whole() {
    let mut a = spread(Limits { independent_entry_move: false, ..limits() }, &[0, 1, 2, 3]);
    let unknown = VPortKey { switch: SwitchId(9), vport: VPortId(9) };
    // The first group leaves the RSS set half way; the second is right; the third names no VPort.
    let moves = vec![entry(D, 0, 1), entry(D, 1, 99), entry(unknown, 0, 0), entry(D, 2, 1), entry(D, 3, 0)];
    let request = MoveRequest::for_owner(moves);
    let wanted =
        [Err(Status::InvalidData), Err(Status::InvalidData), Err(Status::InvalidParameter), Ok(()), Ok(())];
    let mut failing = a.clone();
    let mut writes = Vec::new();
    let results = a.move_by_table(&request, |_, after| {
        writes.push(after.entries.clone());
        Ok(())
    });
    assert_eq!(results.unwrap(), wanted);
    assert_eq!(writes, [cpus(&[0, 1, 1, 0])]);
    assert_eq!(table(&a, D), [0, 1, 1, 0]);

    let results = failing.move_by_table(&request, |_, _| Err(Fault::Resources)).unwrap();
    assert_eq!(results[3..], [Err(Status::Resources); 2]);
    assert_eq!(results[..3], wanted[..3], "a group that was refused keeps its own status");
    assert_eq!(table(&failing, D), [0, 1, 2, 3]);
}

#[test]
fn moves_that_change_no_traffic_need_no_table_write() {
    let mut a = spread(Limits { independent_entry_move: false, ..limits() }, &[0, 1]);
    let request = MoveRequest::for_owner(vec![entry(D, 0, 0), Move::new(D, Steering::Primary, CpuId(5))]);
    let results = a.move_by_table(&request, |_, _| Err(Fault::Gone)).unwrap();
    assert_eq!(results, [Ok(()), Ok(())]);
    assert_eq!(a.vport(D).unwrap().primary, CpuId(5));
}

#[test]
fn spreading_is_static_without_both_flags_except_on_the_default_vport() {
    for (v2, dynamic) in [(false, false), (false, true), (true, false), (true, true)] {
        let l = Limits { independent_entry_move: v2, dynamic_affinity: dynamic, ..limits() };
        let wanted = if v2 && dynamic { Spreading::Dynamic } else { Spreading::Static };
        assert_eq!((l.spreading(D), l.spreading(V1)), (Spreading::Dynamic, wanted));
        let mut a = adapter(l);
        a.create(V1, CpuId(0), 4).unwrap();
        a.activate(V1).unwrap();
        on(&mut a, V1, &[0, 1]).unwrap();
        let result = on(&mut a, V1, &[1, 1]);
        let wanted = if wanted == Spreading::Dynamic { Ok(()) } else { Err(Status::NotSupported) };
        assert_eq!(result, wanted, "moving what directs traffic with v2 {v2}, dynamic {dynamic}");
        a.set_v1(V1, &ParametersV1 { disable: true, ..ParametersV1::default() }).unwrap();
        on(&mut a, V1, &[2, 3]).unwrap();
    }
}

// 3.4: steering parameters.

#[test]
fn a_new_vport_has_everything_on_its_affinity() {
    let mut a = adapter(limits());
    a.create(V1, CpuId(3), 2).unwrap();
    let v = a.vport(V1).unwrap();
    assert_eq!((v.primary, v.default, &v.entries[..]), (CpuId(3), CpuId(3), &[CpuId(3)][..]));
    assert_eq!((v.rss_enabled, v.queues, v.state), (false, 2, VPortState::Deactivated));
}

#[test]
fn traffic_goes_to_the_primary_processor_while_rss_is_off() {
    let mut a = spread(limits(), &[0, 1, 2, 3]);
    assert_eq!(push(&mut a, &[raw(FLAG_PRIMARY, 0, 7)]), [Ok(())]);
    assert_eq!(a.vport(D).unwrap().processor(Some(6)), CpuId(2), "the low bits of the hash choose");
    assert_eq!(a.vport(D).unwrap().processor(None), CpuId(0));
    a.set_parameters(D, &Parameters::default()).unwrap();
    assert_eq!(a.vport(D).unwrap().processor(Some(6)), CpuId(7), "the table was not emptied first");
    assert_eq!(a.vport(D).unwrap().processor(None), CpuId(7));
}

#[test]
fn moving_the_primary_processor_touches_nothing_else() {
    let mut a = adapter(limits());
    assert_eq!(push(&mut a, &[raw(FLAG_PRIMARY, INDEX_PRIMARY, 5)]), [Ok(())]);
    let v = a.vport(D).unwrap();
    assert_eq!((v.primary, v.default, v.entries[0]), (CpuId(5), CpuId(0), CpuId(0)));
    a.set_affinity(D, CpuId(6)).unwrap();
    let v = a.vport(D).unwrap();
    assert_eq!((v.primary, v.default, v.entries[0]), (CpuId(6), CpuId(0), CpuId(0)));
}

#[test]
fn inactive_parameters_are_tracked_unjudged_and_judged_at_the_transition() {
    let mut a = adapter(limits());
    a.set_parameters(D, &Parameters { entries: Some(8), ..Parameters::default() }).unwrap();
    let many: Vec<Move> = (0..8).map(|i| entry(D, i, u32::from(i) + 1)).collect();
    assert_eq!(push(&mut a, &many), vec![Ok(()); 8], "neither the set nor the queues count while off");
    refused(&mut a, Status::InvalidData, |a| a.set_parameters(D, &enable()));
    assert_eq!(push(&mut a, &[entry(D, 7, 1)]), [Ok(())]);
    refused(&mut a, Status::NoQueues, |a| a.set_parameters(D, &enable()));
    a.set_parameters(D, &Parameters { queues: Some(8), ..enable() }).unwrap();

    assert_eq!(push(&mut a, &[raw(FLAG_PRIMARY, 0, 99)]), [Ok(())]);
    refused(&mut a, Status::InvalidData, |a| a.set_parameters(D, &Parameters::default()));
}

#[test]
fn inactive_state_survives_toggles() {
    let mut a = spread(limits(), &[0, 1, 2, 3]);
    let before = a.clone();
    for _ in 0..3 {
        a.set_parameters(D, &Parameters::default()).unwrap();
        a.set_parameters(D, &enabled()).unwrap();
    }
    assert_eq!(a, before);
}

#[test]
fn a_vport_is_deleted_without_disabling_rss_and_takes_no_moves_meanwhile() {
    let mut a = three(&[0, 1]);
    refused(&mut a, Status::InvalidPortState, |a| a.delete(V1));
    a.start_delete(V1).unwrap();
    group_refused(&mut a, Status::InvalidPort, &[entry(V1, 0, 2)]);
    assert_eq!(a.vport(V1).unwrap().processor(Some(1)), CpuId(1), "packets under way still find it");
    a.delete(V1).unwrap();
    group_refused(&mut a, Status::InvalidParameter, &[entry(V1, 0, 2)]);
    refused(&mut a, Status::InvalidParameter, |a| a.start_delete(D));
}

// 3.5: parameters.

#[test]
fn while_disabled_only_queues_and_entries_change_and_hash_is_not_even_looked_at() {
    let mut a = adapter(limits());
    let request = Parameters {
        enable: false,
        hash_info: Some(0xFF),
        key: Some(vec![]),
        queues: Some(2),
        entries: Some(4),
    };
    a.set_parameters(D, &request).unwrap();
    let v = a.vport(D).unwrap();
    assert_eq!((v.queues, v.entries.len(), v.hash_types, v.key.len()), (2, 4, HashTypes::NONE, 0));
}

#[test]
fn enable_and_all_parameters_fit_one_request() {
    let mut a = adapter(limits());
    a.set_parameters(D, &Parameters { queues: Some(8), entries: Some(128), ..enable() }).unwrap();
    let v = a.vport(D).unwrap();
    assert_eq!((v.rss_enabled, v.queues, v.entries.len(), v.hash_types.bits()), (true, 8, 128, 0x300));
}

#[test]
fn growing_clones_and_shrinking_takes_it_back() {
    let mut a = spread(limits(), &[3, 1]);
    a.set_parameters(D, &entries(8)).unwrap();
    assert_eq!(table(&a, D), [3, 1, 3, 1, 3, 1, 3, 1]);
    a.set_parameters(D, &entries(2)).unwrap();
    assert_eq!(table(&a, D), [3, 1]);
}

#[test]
fn shrinking_may_only_drop_repetitions() {
    let mut a = spread(limits(), &[0, 1, 0, 2]);
    refused(&mut a, Status::InvalidData, |a| a.set_parameters(D, &entries(2)));
    a.set_parameters(D, &Parameters::default()).unwrap();
    refused(&mut a, Status::InvalidData, |a| {
        a.set_parameters(D, &Parameters { entries: Some(2), ..Parameters::default() })
    });
}

#[test]
fn fewer_queues_than_processors_in_use_are_no_queues() {
    let mut a = spread(limits(), &[1, 2, 3, 3]);
    // The default processor, 0, needs a queue too.
    refused(&mut a, Status::NoQueues, |a| a.set_parameters(D, &queues(3)));
    assert_eq!(push(&mut a, &[raw(FLAG_DEFAULT, 0, 1)]), [Ok(())]);
    a.set_parameters(D, &queues(3)).unwrap();
    a.set_parameters(D, &Parameters { queues: Some(1), ..Parameters::default() }).unwrap();
    refused(&mut a, Status::NoQueues, |a| a.set_parameters(D, &enabled()));
}

#[test]
fn queues_that_other_vports_hold_are_no_queues() {
    let mut a = adapter(Limits { queues: 7, ..limits() });
    a.create(V1, CpuId(0), 2).unwrap();
    refused(&mut a, Status::NoQueues, |a| a.set_parameters(D, &Parameters { queues: Some(6), ..enable() }));
    refused(&mut a, Status::NoQueues, |a| a.create(V2, CpuId(0), 2));
    a.set_parameters(D, &Parameters { queues: Some(5), ..enable() }).unwrap();
}

#[test]
fn numbers_outside_their_range_are_invalid_parameter() {
    let mut a = spread(limits(), &[0]);
    for n in [0, 3, 256, 65_536, u32::MAX] {
        refused(&mut a, Status::InvalidParameter, |a| a.set_parameters(D, &entries(n)));
    }
    for n in [0, 9, 65_537] {
        refused(&mut a, Status::InvalidParameter, |a| a.set_parameters(D, &queues(n)));
    }
}

#[test]
fn hash_information_and_key_are_judged_to_enable() {
    let mut a = adapter(limits());
    for (info, status) in [
        (0x300, Status::InvalidParameter),
        (0x302, Status::NotSupported),
        (0x303, Status::InvalidParameter),
        (0x001, Status::InvalidParameter),
        (0x4201, Status::InvalidParameter),
        (0x2_0101, Status::InvalidParameter),
        (0x801, Status::InvalidParameter),
    ] {
        let request = Parameters { hash_info: Some(info), ..enable() };
        refused(&mut a, status, |a| a.set_parameters(D, &request));
    }
    for length in [0, 39, 41] {
        let request = Parameters { key: Some(vec![1; length]), ..enable() };
        refused(&mut a, Status::InvalidLength, |a| a.set_parameters(D, &request));
    }
    refused(&mut a, Status::InvalidParameter, |a| a.set_parameters(D, &Parameters { key: None, ..enable() }));
    refused(&mut a, Status::InvalidParameter, |a| {
        a.set_parameters(D, &Parameters { hash_info: None, ..enable() })
    });
}

#[test]
fn on_a_restricted_adapter_the_table_follows_the_queues() {
    let mut a = adapter(Limits { table_size_restricted: true, ..limits() });
    a.set_parameters(D, &Parameters { queues: Some(3), ..enable() }).unwrap();
    assert_eq!(table(&a, D).len(), 4);
    refused(&mut a, Status::InvalidParameter, |a| a.set_parameters(D, &entries(8)));
    a.set_parameters(D, &Parameters { queues: Some(8), ..entries(8) }).unwrap();
    assert_eq!(table(&a, D).len(), 8);
    assert_eq!(push(&mut a, &[entry(D, 0, 1)]), [Ok(())]);
    refused(&mut a, Status::InvalidData, |a| a.set_parameters(D, &queues(2)));
}

// 3.6: moves.

#[test]
fn groups_are_consecutive_whole_and_independent() {
    let mut a = three(&[0, 1, 2, 3]);
    // v1[0,1] v2[0] v1[2]: three groups, and only the first is wrong.
    let moves = [entry(V1, 0, 1), entry(V1, 1, 99), entry(V2, 0, 2), entry(V1, 2, 3)];
    let wrong = Err(Status::InvalidData);
    assert_eq!(push(&mut a, &moves), [wrong, wrong, Ok(()), Ok(())]);
    assert_eq!(
        table(&a, V1),
        [0, 1, 3, 3],
        "the group with the wrong move was rolled back, the later one not"
    );
    assert_eq!(table(&a, V2), [2, 1, 2, 3]);
}

#[test]
fn a_group_that_the_adapter_fails_to_execute_is_rolled_back() {
    let mut a = three(&[0, 1]);
    let request = MoveRequest::for_owner(vec![entry(V1, 0, 1), entry(V1, 1, 0), entry(V2, 0, 1)]);
    for (fault, status) in [
        (Fault::Resources, Status::Resources),
        (Fault::NotReady, Status::AdapterNotReady),
        (Fault::Gone, Status::AdapterNotFound),
    ] {
        let mut b = a.clone();
        let results = b.move_entries_with(&request, |key, _, _| if key == V1 { Err(fault) } else { Ok(()) });
        assert_eq!(results.unwrap(), [Err(status), Err(status), Ok(())]);
        assert_eq!((table(&b, V1), table(&b, V2)), (vec![0, 1], vec![1, 1]));
    }
    assert_eq!(a.move_entries(&request).unwrap(), [Ok(()); 3]);
}

#[test]
fn primary_and_default_processor_are_named_by_flag_or_by_index() {
    for (flags, index, what) in [
        (FLAG_PRIMARY, 0, Steering::Primary),
        (FLAG_PRIMARY, INDEX_PRIMARY, Steering::Primary),
        (0, INDEX_PRIMARY, Steering::Primary),
        (FLAG_DEFAULT, 0, Steering::Default),
        (FLAG_DEFAULT, INDEX_DEFAULT, Steering::Default),
        (0, INDEX_DEFAULT, Steering::Default),
    ] {
        let mut a = adapter(limits());
        assert_eq!(push(&mut a, &[raw(flags, index, 5)]), [Ok(())]);
        assert_eq!(a.vport(D).unwrap().points_at(what), Some(CpuId(5)), "{flags} {index:#x}");
        assert_eq!(table(&a, D), [0]);
    }
    let mut a = adapter(limits());
    for (flags, index) in [
        (FLAG_PRIMARY, INDEX_DEFAULT),
        (FLAG_DEFAULT, INDEX_PRIMARY),
        (FLAG_PRIMARY, 1),
        (3, 0),
        (4, 0),
        (5, 0),
    ] {
        group_refused(&mut a, Status::InvalidParameter, &[raw(flags, index, 0)]);
    }
}

#[test]
fn an_entry_beyond_the_table_is_invalid_parameter() {
    let mut a = spread(limits(), &[0, 1]);
    for index in [2, 127, 0xFFFD] {
        group_refused(&mut a, Status::InvalidParameter, &[entry(D, 0, 1), entry(D, index, 0)]);
    }
}

#[test]
fn a_vport_must_be_known_and_activated() {
    let mut a = adapter(limits());
    a.create(V1, CpuId(0), 1).unwrap();
    group_refused(&mut a, Status::InvalidPortState, &[entry(V1, 0, 1)]);
    group_refused(&mut a, Status::InvalidParameter, &[entry(V2, 0, 1)]);
    let elsewhere = VPortKey { switch: SwitchId(1), vport: VPortId(0) };
    group_refused(&mut a, Status::InvalidParameter, &[entry(elsewhere, 0, 1)]);
    refused(&mut a, Status::InvalidPortState, |a| a.set_parameters(V1, &enable()));
}

#[test]
fn the_adapter_must_be_there_and_ready() {
    let mut a = spread(limits(), &[0, 1]);
    for (state, status) in
        [(AdapterState::NotReady, Status::AdapterNotReady), (AdapterState::Gone, Status::AdapterNotFound)]
    {
        a.set_adapter(state);
        group_refused(&mut a, status, &[entry(D, 0, 1)]);
        refused(&mut a, status, |a| a.set_parameters(D, &enabled()));
    }
    a.set_adapter(AdapterState::Ready);
    assert_eq!(push(&mut a, &[entry(D, 0, 1)]), [Ok(())]);
}

#[test]
fn only_the_owner_pushes_an_entry_away() {
    let mut a = spread(limits(), &[0, 1]);
    let before = a.clone();
    assert_eq!(by(&mut a, 1, &[entry(D, 1, 0), entry(D, 0, 1)]), [Err(Status::NotAccepted); 2]);
    assert_eq!(a, before);
    assert_eq!(by(&mut a, 1, &[entry(D, 1, 0)]), [Ok(())]);
    assert_eq!(by(&mut a, 1, &[raw(FLAG_PRIMARY, 0, 1)]), [Err(Status::NotAccepted)], "inactive ones too");
    assert_eq!(push(&mut a, &[entry(D, 0, 1)]), [Ok(())], "on behalf of the owner");
}

#[test]
fn active_targets_are_in_the_rss_set() {
    let mut a = spread(limits(), &[0, 1]);
    group_refused(&mut a, Status::InvalidData, &[entry(D, 0, 8)]);
    group_refused(&mut a, Status::InvalidData, &[raw(FLAG_DEFAULT, 0, 8)]);
    assert_eq!(push(&mut a, &[raw(FLAG_PRIMARY, 0, 8)]), [Ok(())], "tracked");
    let smaller = CpuSet::parse_list("0,2-7").unwrap();
    refused(&mut a, Status::InvalidData, |a| a.set_rss_set(smaller.clone()));
    let mut off = adapter(limits());
    group_refused(&mut off, Status::InvalidData, &[raw(FLAG_PRIMARY, 0, 8)]);
    assert_eq!(push(&mut off, &[entry(D, 0, 8), raw(FLAG_DEFAULT, 0, 8)]), [Ok(()); 2], "tracked");
}

#[test]
fn a_processor_is_evacuated_with_every_queue_in_use() {
    let mut a = spread(limits(), &[0, 1, 2, 3, 0, 1, 2, 3]);
    group_refused(&mut a, Status::NoQueues, &[entry(D, 3, 7)]);
    assert_eq!(push(&mut a, &[entry(D, 3, 7), entry(D, 7, 7)]), [Ok(()); 2]);
    // Processor 0 is the default one as well: its queue is free only when that has moved too.
    group_refused(&mut a, Status::NoQueues, &[entry(D, 0, 6), entry(D, 4, 6)]);
    let all = [entry(D, 0, 6), entry(D, 4, 6), raw(FLAG_DEFAULT, 0, 6)];
    assert_eq!(by(&mut a, 0, &all), [Ok(()); 3]);
}

#[test]
fn current_to_current_succeeds_and_the_next_move_is_taken_at_once() {
    let mut a = spread(limits(), &[0, 1]);
    assert_eq!(by(&mut a, 0, &[entry(D, 0, 0)]), [Ok(())]);
    for (from, to) in [(0, 2), (2, 3), (3, 0)] {
        assert_eq!(by(&mut a, from, &[entry(D, 0, to)]), [Ok(())]);
    }
}

#[test]
fn a_group_is_judged_by_the_state_before_it() {
    let mut a = spread(limits(), &[0, 1]);
    assert_eq!(by(&mut a, 0, &[entry(D, 0, 2), entry(D, 0, 3)]), [Ok(()); 2]);
    assert_eq!(table(&a, D), [3, 1], "the last move of an entry counts");
}

#[test]
fn a_request_takes_as_many_moves_as_there_are_entries_and_has_no_flags() {
    let mut a = spread(Limits { vports: 1, ..limits() }, &[0; 128]);
    let all: Vec<Move> = (0..128).map(|i| entry(D, i, 3)).collect();
    assert_eq!(push(&mut a, &all), vec![Ok(()); 128]);
    let too_many = MoveRequest::for_owner(vec![entry(D, 0, 0); 131]);
    refused(&mut a, Status::InvalidLength, |a| a.move_entries(&too_many));
    let flags = MoveRequest { flags: 1, ..MoveRequest::for_owner(vec![]) };
    refused(&mut a, Status::InvalidParameter, |a| a.move_entries(&flags));
}

// 3.7: VPorts.

#[test]
fn vports_have_tables_of_their_own() {
    let mut a = three(&[0, 1]);
    assert_eq!(push(&mut a, &[entry(V1, 0, 5)]), [Ok(())]);
    assert_eq!((table(&a, D), table(&a, V1), table(&a, V2)), (vec![0, 1], vec![5, 1], vec![0, 1]));
}

#[test]
fn the_hash_of_a_vport_is_fixed_for_its_life_but_not_that_of_the_adapter() {
    let mut a = three(&[0, 1]);
    let other_key = Parameters { key: Some(vec![2; 40]), ..enabled() };
    let other_types = Parameters { hash_info: Some(0x101), ..enabled() };
    for request in [&other_key, &other_types] {
        refused(&mut a, Status::InvalidParameter, |a| a.set_parameters(V1, request));
        a.set_parameters(D, request).unwrap();
    }
    a.set_parameters(V1, &enable()).unwrap();
}

#[test]
fn vport_ids_queues_and_processors_are_checked_on_creation() {
    let mut a = three(&[0]);
    refused(&mut a, Status::InvalidParameter, |a| a.create(V1, CpuId(0), 1));
    let v3 = VPortKey { switch: SwitchId(0), vport: VPortId(3) };
    for queues in [0, 5] {
        refused(&mut a, Status::InvalidParameter, |a| a.create(v3, CpuId(0), queues));
    }
    refused(&mut a, Status::InvalidData, |a| a.create(v3, CpuId(8), 1));
    a.create(v3, CpuId(0), 4).unwrap();
    let v4 = VPortKey { switch: SwitchId(1), vport: VPortId(3) };
    refused(&mut a, Status::Resources, |a| a.create(v4, CpuId(0), 1));
}
