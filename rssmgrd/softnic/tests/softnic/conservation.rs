//! Every packet is counted once, wherever one looks, whatever is changed meanwhile.

use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::{EntryMove, Op};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::stats::Sample;
use rssmgr_core::{CpuId, EntryIndex, QueueId};
use rssmgr_softnic::SourceSpec;

use crate::frames::Random;
use crate::support::{conserved, let_pass, nic, quiet, wait};
use crate::watch::Watch;

#[test]
fn nothing_is_lost_or_reordered_at_full_rate() {
    for ring in [1, 3, 1024] {
        let mut nic = nic(&format!("queues=8 ring={ring} topology=2x8x2 source=synthetic:rate=max"));
        // A ring of few descriptors changes threads with every packet.
        let_pass(&nic, if ring < 16 { 2_000 } else { 50_000 });
        let sample = quiet(&mut nic);
        conserved(&nic, &sample);
        assert_eq!((sample.adapter.drops, sample.adapter.reordered, sample.adapter.misses), (0, 0, 0));
        let cpus: Vec<_> = sample.cpus.iter().map(|c| c.cpu.0).collect();
        assert_eq!(cpus, (0..8).collect::<Vec<_>>(), "the homes that the NIC starts with");
        assert!(sample.queues.iter().all(|q| q.packets > 0));
    }
}

#[test]
fn a_paced_source_drops_and_counts() {
    let mut nic = nic("queues=2 ring=1 topology=1x2x1 source=synthetic:rate=max,loss=drop");
    let sampler = nic.sampler();
    wait("drops", || sampler.sample().queues.iter().all(|q| q.drops > 1000 && q.packets > 1000));
    let sample = quiet(&mut nic);
    conserved(&nic, &sample);
    assert_eq!(sample.adapter.reordered, 0, "what is dropped is not reordered");
}

/// Counters of one moment are never below those of an earlier one.
fn grown(before: &Sample, after: &Sample) {
    let (a, b) = (&before.adapter, &after.adapter);
    assert!(a.packets <= b.packets && a.bytes <= b.bytes && a.reordered <= b.reordered);
    assert!(a.unhashed <= b.unhashed && a.entry_moves <= b.entry_moves && a.misses <= b.misses);
    for (a, b) in before.queues.iter().zip(&after.queues) {
        assert!(a.packets <= b.packets && a.bytes <= b.bytes && a.reordered <= b.reordered);
    }
    for (a, b) in before.entries.iter().zip(&after.entries) {
        assert!(a.packets <= b.packets && a.bytes <= b.bytes);
    }
    for a in &before.cpus {
        assert!(after.cpus.iter().any(|b| a.cpu == b.cpu && a.packets <= b.packets && a.bytes <= b.bytes));
    }
}

/// Every operation again and again at full rate, with rings that are mostly full.
#[test]
fn no_operation_loses_a_packet() {
    let mut nic = nic("queues=6 ring=16 entries=32 topology=2x8x2 source=synthetic:rate=max,flows=300");
    let sampler = nic.sampler();
    let mut random = Random(3);
    let mut draw = |end: u64| u16::try_from(random.below(end)).unwrap();
    let mut before = sampler.sample();
    let mut changed = 0;
    for round in 0..1500 {
        let channels = nic.observe().unwrap().channels();
        let queue = QueueId(draw(channels.into()));
        let op = match draw(10) {
            0 => Op::Disable,
            1 => Op::Enable,
            2 => Op::SetKey(HashKey::new((0..40).map(|_| u8::try_from(draw(256)).unwrap()).collect())),
            3 => Op::SetEntries(vec![EntryMove { entry: EntryIndex(draw(32)), queue }]),
            4 => Op::WriteTable((0..32).map(|i| QueueId(i % (queue.0 + 1))).collect()),
            5 => Op::ResetTable,
            6 => Op::Channels(1 + draw(6)),
            7 => Op::Home { queue, cpu: Some(CpuId(draw(32).into())) },
            8 => Op::HashTypes(if draw(2) == 0 { HashTypes::ALL } else { HashTypes::DEFAULT }),
            _ => Op::DefaultQueue(queue),
        };
        changed += u32::from(nic.execute(&op).is_ok());
        if round % 10 == 0 {
            let_pass(&nic, 100);
            let after = sampler.sample();
            grown(&before, &after);
            before = after;
        }
    }
    assert!(changed > 1000, "{changed} operations were carried out");
    // Queues that are not there are not listed, so all must be.
    nic.execute(&Op::Channels(6)).unwrap();
    let sample = quiet(&mut nic);
    grown(&before, &sample);
    conserved(&nic, &sample);
    assert_eq!((sample.adapter.drops, sample.adapter.misses), (0, 0));
}

/// Moving entries between queues that have packets waiting lets later packets pass earlier ones: exactly as many as are
/// seen to are counted, and none without moves, be it before them or after.
#[test]
fn reordering_by_moves_is_counted() {
    let mut nic = nic("queues=2 topology=1x2x1 entries=1");
    for moves in [0, 500, 0] {
        // Workers that wait for every single packet to be taken: their rings are full.
        let mut watch = Watch::start(&mut nic, 1);
        watch.see(5000);
        for queue in (0..2).cycle().map(QueueId).take(moves) {
            nic.execute(&Op::SetEntries(vec![EntryMove { entry: EntryIndex(0), queue }])).unwrap();
            watch.see(10);
        }
        watch.see(5000);
        let late = watch.end(&mut nic);
        assert_eq!(late > 0, moves > 0, "{late} packets out of order with {moves} moves");
        let sample = nic.sampler().sample();
        conserved(&nic, &sample);
        assert_eq!(sample.adapter.entry_moves > 0, sample.adapter.reordered > 0);
    }
}

/// Counters of a queue that is taken away stay in the totals, and go on when it comes back.
#[test]
fn removed_queues_stay_counted() {
    let mut nic = nic("queues=4 topology=1x4x1 source=synthetic:rate=max");
    let_pass(&nic, 20_000);
    nic.execute(&Op::WriteTable(vec![QueueId(0); 128])).unwrap();
    nic.execute(&Op::Channels(1)).unwrap();
    let less = quiet(&mut nic);
    assert_eq!(less.queues.len(), 1);
    assert_eq!(less.adapter.packets, nic.generated());
    assert_eq!(less.cpus.iter().map(|c| c.packets).sum::<u64>(), nic.generated());
    nic.execute(&Op::Channels(4)).unwrap();
    let again = nic.sampler().sample();
    conserved(&nic, &again);
    assert!(again.queues.iter().all(|q| q.packets > 0));
    nic.execute(&Op::ResetTable).unwrap();
    nic.set_source(SourceSpec::parse("synthetic:rate=max").unwrap()).unwrap();
    let_pass(&nic, 20_000);
    let more = quiet(&mut nic);
    conserved(&nic, &more);
    grown(&again, &more);
    assert!(more.queues.iter().zip(&again.queues).all(|(new, old)| new.packets > old.packets));
}
