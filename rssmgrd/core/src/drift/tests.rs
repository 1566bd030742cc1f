//! When a quarrel is one, what drivers leave in doubt, and what can be adopted.

use super::*;
use crate::device::Queue;
use crate::hash::{HashKey, HashTypes};
use crate::ids::QueueId;
use std::string::ToString;
use std::vec;

const SECOND: u64 = 1_000_000_000;

fn at(seconds: u64) -> Moment {
    Moment(seconds * SECOND)
}

fn device(homes: &[u32], table: &[u16]) -> Device {
    Device {
        enabled: true,
        queues: homes.iter().map(|c| Queue { home: Some(CpuId(*c)) }).collect(),
        table: table.iter().map(|q| QueueId(*q)).collect(),
        key: HashKey::new(vec![7; 40]),
        hash_types: HashTypes::ALL,
        default_queue: QueueId(0),
        user_table: UserTable::Yes,
        ..Device::default()
    }
}

fn heard(hint: Hint, broke: bool) -> Heard {
    let mut h = Heard::default();
    h.add(hint, broke);
    h
}

#[test]
fn the_second_time_within_ten_minutes_that_a_repair_is_undone_it_is_left_alone() {
    let mut q = Quarrel::default();
    assert!(!q.again(at(0)), "nobody undid anything of ours yet");
    q.repaired(at(0));
    assert!(!q.again(at(300)));
    q.repaired(at(300));
    assert!(q.again(at(599)));
}

#[test]
fn what_happens_every_eleven_minutes_is_no_quarrel() {
    let mut q = Quarrel::default();
    for i in 0..20 {
        assert!(!q.again(at(660 * i)));
        q.repaired(at(660 * i));
    }
}

/// linux-rss: virtio shows the user's table after a change of channels and does not use it; igb builds another one,
/// which a reading shows; an interface that went down and up keeps it with both.
#[test]
fn the_drivers_row_says_which_table_may_be_one_on_paper() {
    let (virtio, igb, unknown) = (Driver::of("virtio_net"), Driver::of("igb"), Driver::of("nobody"));
    let d = device(&[0, 1], &[0, 1]);
    let channels = heard(Hint::Channels, false);
    assert_eq!(channels.table_state(virtio, &d), TableState::Stale);
    assert_eq!(channels.table_state(igb, &d), TableState::Obeyed);
    let reopened = heard(Hint::Link, true);
    assert_eq!(reopened.table_state(virtio, &d), TableState::Obeyed);
    assert_eq!(reopened.table_state(unknown, &d), TableState::Stale);
    for hint in [Hint::Link, Hint::Poll, Hint::Table, Hint::Affinity, Hint::Cpus, Hint::Features] {
        assert_eq!(heard(hint, false).table_state(unknown, &d), TableState::Obeyed, "{hint:?}");
    }
    let none = Device { table: Vec::new(), ..d };
    assert_eq!(channels.table_state(virtio, &none), TableState::Obeyed, "there is no table to doubt");
}

#[test]
fn only_what_no_event_explains_is_somebodys_doing() {
    for (hint, broke, explained) in [
        (Hint::Table, false, false),
        (Hint::Poll, false, false),
        (Hint::Affinity, false, false),
        (Hint::Link, false, false),
        (Hint::Link, true, true),
        (Hint::Channels, false, true),
        (Hint::Cpus, false, true),
    ] {
        assert_eq!(heard(hint, broke).explains(), explained, "{hint:?}");
    }
    let both = heard(Hint::Poll, false).and(heard(Hint::Channels, false));
    assert!(both.explains() && both.is_news() && !heard(Hint::Poll, false).is_news());
}

#[test]
fn what_differs_is_named_whole_and_suspects_by_what_they_write() {
    let (a, mut b) = (device(&[0, 1], &[0, 1]), device(&[0, 2, 3], &[1, 1]));
    b.key = HashKey::new(vec![8; 40]);
    let parts = Parts::between(&a, &b);
    assert_eq!(parts.to_string(), "number of queues, queue to CPU assignment, indirection table, hash key");
    assert!(Parts::between(&a, &a).is_empty());
    let known = Suspects::from([(Part::Homes, vec!["irqbalance (pid 7)".into()])]);
    assert_eq!(parts.suspects(&known).unwrap(), "irqbalance (pid 7)");
    assert_eq!(Parts(vec![Part::Table]).suspects(&known), None);
}

#[test]
fn what_is_adopted_are_queues_entries_and_processors() {
    let wanted = device(&[0, 2, 4, 6], &[0, 1, 2, 3]);
    let table = adopt(&wanted, &device(&[0, 2, 4, 6], &[0, 0, 1, 1]), 4, false).unwrap();
    let cpus: Vec<u32> = table.table.values().map(|p| CpuId::from(*p).0).collect();
    assert_eq!((cpus, table.processors, table.patch.is_empty()), (vec![0, 0, 2, 2], None, true));

    let homes = adopt(&wanted, &device(&[1, 3, 5, 7], &[0, 1, 2, 3]), 4, false).unwrap();
    assert_eq!((homes.table.len(), homes.processors.unwrap().len()), (0, 4));

    let moved = adopt(&wanted, &device(&[1, 3, 5, 7], &[0, 1, 2, 3]), 4, true).unwrap();
    assert_eq!(moved.table.len(), 4, "explicit entries name the processors of before");

    let fewer = adopt(&wanted, &device(&[0, 2], &[0, 1, 0, 1]), 4, false).unwrap();
    assert_eq!(fewer.patch.queues, Some(Queues::Count(2)));
    assert_eq!(fewer.processors, Some(vec![CpuId(0), CpuId(2)]));

    let mut nowhere = device(&[0, 2, 4, 6], &[0, 0, 0, 0]);
    nowhere.queues[0].home = None;
    assert_eq!(adopt(&wanted, &nowhere, 4, false), None, "no settings say: on any CPU");
    let elsewhere = Device { default_queue: QueueId(1), ..wanted.clone() };
    assert_eq!(adopt(&wanted, &elsewhere, 4, false), None);
}
