use super::*;
use crate::capability::VPortCapability;
use crate::device::Queue;
use crate::driver::round_robin;
use crate::hash::{HashKey, HashTypes};
use crate::ids::FilterId;
use std::vec;

fn device(queues: u16) -> Device {
    Device {
        enabled: true,
        queues: (0..queues).map(|q| Queue { home: Some(CpuId(q.into())) }).collect(),
        table: round_robin(16, queues),
        ..Device::default()
    }
}

fn asked(queues: u16, cpus: &[u32]) -> AskedVPort {
    let entries: Vec<CpuId> = cpus.iter().map(|c| CpuId(*c)).collect();
    let first = entries[0];
    AskedVPort {
        name: String::new(),
        queues,
        state: VPort {
            state: VPortState::Activated,
            rss_enabled: true,
            hash_types: HashTypes::DEFAULT,
            key: HashKey::microsoft(),
            queues,
            entries,
            primary: first,
            default: first,
        },
        filters: vec![Filter { id: FilterId(1), mac: Some([2, 0, 0, 0, 0, 1]), vlan: None }],
    }
}

#[test]
fn what_is_granted_is_the_least_of_the_limits_and_says_which() {
    let cap = Capability {
        vports: VPortCapability { queues: 8, ..VPortCapability::default() },
        ..Capability::default()
    };
    assert_eq!(grant(4, &cap, 16, 0), (4, None));
    assert_eq!(grant(16, &cap, 32, 0), (8, Some(QueueLimit::PerVPort)));
    assert_eq!(grant(16, &cap, 8, 4), (3, Some(QueueLimit::Free)), "the default VPort keeps one");
    assert_eq!(grant(1, &cap, 8, 7), (0, Some(QueueLimit::Free)));
    assert_eq!(grant(8, &cap, 9, 0), (8, None));
}

#[test]
fn queues_stay_with_their_vport_and_the_highest_free_ones_are_given() {
    let mut there = device(8);
    let vports = AskedVPorts::from([(VPortId(1), asked(2, &[6])), (VPortId(2), asked(3, &[1]))]);
    let first = allot(&vports, &there, 8).unwrap();
    assert_eq!(first[&VPortId(1)], [QueueId(6), QueueId(7)]);
    assert_eq!(first[&VPortId(2)], [QueueId(3), QueueId(4), QueueId(5)]);
    there.vports.insert(VPortId(2), VPortDevice::new(vec![QueueId(6), QueueId(7), QueueId(2)]));
    let second = allot(&vports, &there, 8).unwrap();
    assert_eq!(second[&VPortId(2)], [QueueId(2), QueueId(6), QueueId(7)], "it keeps what it has");
    assert_eq!(second[&VPortId(1)], [QueueId(4), QueueId(5)]);
    assert_eq!(allot(&vports, &there, 5), Err(VPortId(2)), "queue 0 stays the default VPort's");
}

#[test]
fn each_processor_has_a_queue_and_right_queues_stay() {
    let mut vport = asked(4, &[7, 1, 9, 7]);
    vport.state.default = CpuId(9);
    let there = device(8);
    let out = realise(&AskedVPorts::from([(VPortId(3), vport.clone())]), &there, 8, true, true).unwrap();
    let made = &out.vports[&VPortId(3)];
    assert_eq!(made.queues, [QueueId(4), QueueId(5), QueueId(6), QueueId(7)]);
    let cpus = |table: &[QueueId]| -> Vec<CpuId> { table.iter().filter_map(|q| out.home(*q)).collect() };
    assert_eq!(cpus(&made.table), [CpuId(7), CpuId(1), CpuId(9), CpuId(7)]);
    assert_eq!(made.table[0], QueueId(7), "it served processor 7 already");
    assert_eq!((out.home(made.default_queue), made.filters.len()), (Some(CpuId(9)), 1));
    assert!((0..4).all(|q| out.home(QueueId(q)) == there.home(QueueId(q))), "the others are left alone");

    // Off: everything to the primary processor, and the table is kept as far as there are queues.
    vport.state.rss_enabled = false;
    vport.state.primary = CpuId(3);
    let out = realise(&AskedVPorts::from([(VPortId(3), vport.clone())]), &there, 8, true, true).unwrap();
    let made = &out.vports[&VPortId(3)];
    assert_eq!(out.home(made.default_queue), Some(CpuId(3)));
    assert_eq!(out.home(made.table[1]), Some(CpuId(1)));

    vport.state.state = VPortState::Deactivated;
    let out = realise(&AskedVPorts::from([(VPortId(3), vport)]), &there, 8, true, true).unwrap();
    assert!(out.vports[&VPortId(3)].filters.is_empty(), "not in use: nothing leads there");
}

#[test]
fn processors_that_least_is_on_come_first_near_ones_before_far_ones() {
    let array: Vec<Candidate> =
        (0..8).map(|c| Candidate { cpu: CpuId(c), node: None, distance: u32::from(c >= 6) }).collect();
    let there = device(4);
    assert_eq!(choose(3, &array, &there, &[]), [CpuId(4), CpuId(5), CpuId(6)]);
    assert_eq!(choose(2, &array, &there, &[QueueId(2), QueueId(3)]), [CpuId(2), CpuId(3)], "soon free");
    assert_eq!(choose(9, &array, &there, &[]).len(), 8);
}
