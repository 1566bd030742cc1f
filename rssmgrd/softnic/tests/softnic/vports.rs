//! VPorts: each packet on the VPort whose filters take it, hashed with that one's key and spread by its table.

use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::{EntryMove, Filter, Op, VPortOp};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::stats::Sample;
use rssmgr_core::{CpuId, EntryIndex, FilterId, QueueId, VPortId};
use rssmgr_softnic::{SoftNic, SourceSpec, SourceState};

use crate::frames::{Random, TempFile, frame, pcap};
use crate::oracle;
use crate::support::{added_up, conserved, let_pass, nic, quiet, wait};

fn vport(id: u32, op: VPortOp) -> Op {
    Op::VPort { id: VPortId(id), op }
}

fn queues(list: &[u16]) -> Vec<QueueId> {
    list.iter().copied().map(QueueId).collect()
}

fn mac(last: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, last]
}

fn filter(id: u32, mac: Option<[u8; 6]>, vlan: Option<u16>) -> Filter {
    Filter { id: FilterId(id), mac, vlan }
}

fn run(nic: &mut SoftNic, ops: impl IntoIterator<Item = Op>) {
    for op in ops {
        nic.execute(&op).unwrap_or_else(|e| panic!("{op}: {e}"));
    }
}

/// The VPort of a frame with these filters: what a person would do with a list on paper.
fn owner(frame: &[u8]) -> u32 {
    let vlan = if frame[12..14] == [0x81, 0x00] { u16::from_be_bytes([frame[14], frame[15]]) } else { 0 };
    match (frame[..6] == mac(3), frame[..6] == mac(4), frame[..6] == mac(5), vlan) {
        (true, .., 9) => 2,
        (true, ..) => 1,
        (_, true, ..) => 1,
        (_, _, true, 0) => 3,
        (.., 7) => 3,
        _ => 0,
    }
}

/// Every single packet, with filters that overlap, one VPort that does not spread, and one with few hash types.
#[test]
fn each_packet_is_with_its_vport() {
    let mut random = Random(11);
    let frames: Vec<Vec<u8>> = (0..4000)
        .map(|_| {
            let mut frame = frame(&mut random);
            if frame[0] == 2 {
                frame[5] = u8::try_from(random.below(6)).unwrap();
            }
            if frame[12..14] == [0x81, 0x00] {
                frame[15] = [0, 7, 9][usize::try_from(random.below(3)).unwrap()];
            }
            frame
        })
        .collect();
    let file = TempFile::new(&pcap(&frames));
    let mut nic = nic("queues=9 entries=16 topology=2x8x2");
    let keys: Vec<Vec<u8>> = (0..4).map(|_| random.bytes(40)).collect();
    let key = |i: usize| VPortOp::SetKey(HashKey::new(keys[i].clone()));
    run(
        &mut nic,
        [
            Op::SetKey(HashKey::new(keys[0].clone())),
            Op::WriteTable(queues(&[0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0])),
            vport(1, VPortOp::Create { queues: queues(&[4, 2, 3]) }),
            vport(1, key(1)),
            vport(1, VPortOp::WriteTable(queues(&[3, 4, 3, 4, 4, 3, 4, 4]))),
            vport(1, VPortOp::DefaultQueue(QueueId(2))),
            vport(1, VPortOp::Enable(HashTypes::DEFAULT)),
            vport(1, VPortOp::Filters(vec![filter(1, Some(mac(3)), None), filter(2, Some(mac(4)), None)])),
            vport(2, VPortOp::Create { queues: queues(&[5]) }),
            vport(2, VPortOp::Filters(vec![filter(3, Some(mac(3)), Some(9))])),
            vport(3, VPortOp::Create { queues: queues(&[7, 8]) }),
            vport(3, key(3)),
            vport(3, VPortOp::WriteTable(queues(&[8, 7]))),
            vport(3, VPortOp::Enable(HashTypes::DEFAULT)),
            vport(3, VPortOp::SetEntries(vec![EntryMove { entry: EntryIndex(0), queue: QueueId(7) }])),
            vport(3, VPortOp::Filters(vec![filter(5, Some(mac(5)), Some(0)), filter(4, None, Some(7))])),
        ],
    );
    let tables = [
        queues(&[0, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 0, 0]),
        queues(&[3, 4, 3, 4, 4, 3, 4, 4]),
        queues(&[5]),
        queues(&[7, 7]),
    ];
    let defaults = queues(&[0, 2, 5, 7]);
    let tap = nic.tap(frames.len());
    nic.set_source(SourceSpec::parse(&format!("pcap:{},loop=once,pace=max", file.path().display())).unwrap())
        .unwrap();
    wait("the capture ends", || nic.source_state() == SourceState::Finished);
    let sampler = nic.sampler();
    wait("all are handled", || sampler.sample().adapter.packets == nic.generated());

    let mut handled: Vec<_> = std::iter::from_fn(|| tap.next_packet()).collect();
    handled.sort_by_key(|packet| packet.number);
    assert_eq!(handled.len(), frames.len(), "each packet once");
    let mut counted = [(0, 0, 0); 4];
    for (frame, packet) in frames.iter().zip(&handled) {
        let owner = owner(frame);
        assert_eq!(packet.vport, VPortId(owner), "packet {}", packet.number);
        let owner = usize::try_from(owner).unwrap();
        let hash = oracle::hash(&keys[owner], frame).filter(|_| owner != 2);
        let table = &tables[owner];
        let entry = hash.map(|hash| usize::try_from(hash).unwrap() % table.len());
        assert_eq!((packet.hash, packet.entry.map(EntryIndex::index)), (hash, entry));
        assert_eq!(packet.queue, entry.map_or(defaults[owner], |entry| table[entry]));
        counted[owner].0 += 1;
        counted[owner].1 += u64::try_from(frame.len()).unwrap();
        counted[owner].2 += u64::from(hash.is_none());
    }
    assert!(counted.iter().all(|(packets, ..)| *packets > 20), "{counted:?}");
    let sample = sampler.sample();
    conserved(&nic, &sample);
    let all = sample.all_vports().unwrap();
    let seen: Vec<_> = all.iter().map(|v| (v.packets, v.bytes.unwrap(), v.unhashed.unwrap())).collect();
    assert_eq!(seen, counted);
    assert!(all.iter().all(|v| v.drops == Some(0)));
}

fn of(sample: &Sample, id: u32) -> u64 {
    sample.vports.iter().flatten().find(|v| v.id == VPortId(id)).unwrap().packets
}

/// A VPort that is deleted gives its packets back to the default one and its queues to the next; the next starts to
/// count at zero. Nothing is lost on the way.
#[test]
fn vports_come_and_go_under_traffic() {
    let mut nic = nic("queues=4 ring=8 topology=1x4x1 entries=4 vports=2 source=synthetic:rate=max,flows=50");
    let own = filter(1, Some(nic.mac()), None);
    let key = VPortOp::SetKey(HashKey::microsoft());
    run(&mut nic, [Op::WriteTable(queues(&[0, 1, 0, 1]))]);
    let sampler = nic.sampler();
    for round in 1..=30 {
        run(
            &mut nic,
            [
                vport(round, VPortOp::Create { queues: queues(&[2, 3]) }),
                vport(round, key.clone()),
                vport(round, VPortOp::WriteTable(queues(&[2, 3]))),
                vport(round, VPortOp::Enable(HashTypes::DEFAULT)),
            ],
        );
        assert_eq!(of(&sampler.sample(), round), 0, "no filter leads there");
        run(&mut nic, [vport(round, VPortOp::Filters(vec![own]))]);
        wait("packets of the VPort", || of(&sampler.sample(), round) > 200);
        run(&mut nic, [vport(round, VPortOp::Delete)]);
        assert_eq!(sampler.sample().vports, Some(Vec::new()));
    }
    wait("the port has followed", || nic.has_followed());
    let_pass(&nic, 500);
    // Counters of entries and of the adapter are only of one moment while nothing passes.
    let before = quiet(&mut nic);
    nic.set_source(SourceSpec::parse("synthetic:rate=max,flows=50").unwrap()).unwrap();
    let_pass(&nic, 2000);
    let sample = quiet(&mut nic);
    let entries = |s: &Sample| s.entries.iter().map(|e| e.packets).sum::<u64>() + s.adapter.unhashed;
    assert_eq!(entries(&sample) - entries(&before), sample.adapter.packets - before.adapter.packets);
    added_up(&nic, &sample);
    assert_eq!((sample.adapter.drops, sample.adapter.misses), (0, 0));
    let home = |q: u16| Op::Home { queue: QueueId(q), cpu: Some(CpuId(0)) };
    run(&mut nic, [home(2), home(3), Op::ResetTable]);
}
