//! Send-side scaling: what the host sends is completed where the packets of its flow come in.

use std::collections::{BTreeMap, BTreeSet};

use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::{EntryMove, Op};
use rssmgr_core::{CpuId, EntryIndex, QueueId};
use rssmgr_softnic::{SoftNic, SourceSpec};

use crate::support::{conserved, nic, quiet, wait};

/// For each hash: the queues and CPUs of what came in, and of what was sent.
type Seen = BTreeMap<u32, [BTreeSet<(QueueId, CpuId)>; 2]>;

fn look(nic: &mut SoftNic) -> Seen {
    let tap = nic.tap(50_000);
    let source = "synthetic:rate=max,flows=300,zipf=0,other=0,multicast=0,ipv6=40,sent=50,size=64";
    nic.set_source(SourceSpec::parse(source).unwrap()).unwrap();
    let mut seen = Seen::new();
    let mut packets = 0;
    wait("packets both ways", || {
        while packets < 20_000
            && let Some(packet) = tap.next_packet()
        {
            let hash = packet.hash.expect("all of these are hashed");
            seen.entry(hash).or_default()[usize::from(packet.sent)].insert((packet.queue, packet.cpu));
            packets += 1;
        }
        packets == 20_000
    });
    drop(tap);
    quiet(nic);
    seen
}

#[test]
fn a_send_is_completed_on_the_cpu_that_receives_its_flow() {
    let mut nic = nic("queues=6 entries=32 ring=64 topology=2x8x2");
    for round in 0..3_u16 {
        let seen = look(&mut nic);
        assert_eq!(seen.len(), 300, "a hash for each flow, the same both ways");
        for (hash, [received, sent]) in &seen {
            assert_eq!((received.len(), received), (1, sent), "flow {hash:08x}");
        }
        let cpus: BTreeSet<CpuId> = seen.values().flat_map(|ways| &ways[1]).map(|(_, cpu)| *cpu).collect();
        assert!(cpus.len() >= 3, "{cpus:?}");
        let sample = nic.sampler().sample();
        conserved(&nic, &sample);
        assert!(sample.adapter.completions > 5000 && sample.queues.iter().all(|q| q.completions > 0));
        // Another table and other CPUs: both ways follow.
        let moves = (0..32).map(|i| EntryMove { entry: EntryIndex(i), queue: QueueId((i * 5 + round) % 6) });
        nic.execute(&Op::SetEntries(moves.collect())).unwrap();
        let home = Op::Home { queue: QueueId(round), cpu: Some(CpuId(20 + u32::from(round))) };
        nic.execute(&home).unwrap();
    }
}
