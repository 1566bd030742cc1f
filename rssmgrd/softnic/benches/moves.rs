//! How long it takes from the call of a move to its effect, with packets arriving all the time.
//!
//! `cargo bench -p rssmgr-softnic --bench moves`. A move is called at the framework: judged by the RSSv2 rules, brought
//! to the driver, posted to the port. Its effect is there when the port steers by the new table, which it says itself
//! (`SoftNic::has_followed`) between two packets: the next packet that is hashed to the entry goes to the new queue.
//! The port is one thread and each of the two queues another; rings that are full drop, as hardware does.

use std::collections::BTreeMap;
use std::hint::spin_loop;

use divan::Bencher;
use rssmgr_core::adapter::{Adapter, Begin, Event, Ops};
use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::{EntryMove, Op};
use rssmgr_core::hash::HashKey;
use rssmgr_core::scaling::{Move, MoveRequest, ParametersV1, Steering, VPortKey};
use rssmgr_core::{CpuId, EntryIndex, QueueId};
use rssmgr_softnic::{SoftNic, SoftnicSpec};

const ENTRIES: u16 = 128;

fn main() {
    divan::main();
}

fn nic() -> Option<SoftNic> {
    let source = "synthetic:rate=max,size=64,ipv6=0,multicast=0,other=0,tcp=50,udp=50,loss=drop";
    let pairs = [("queues", "2"), ("topology", "1x8x1"), ("source", source)];
    let map: BTreeMap<_, _> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    SoftNic::create(SoftnicSpec::parse("bench", &map).ok()?, HashKey::microsoft()).ok()
}

/// The NIC under the framework, spread over processors 0 and 1.
fn adapter() -> Option<Adapter<Ops<SoftNic>>> {
    let mut adapter = Adapter::new(Ops::new(nic()?));
    let begin = Begin { rss_set: (0..4).map(CpuId).collect(), affinity: CpuId(0), queues: 2 };
    for event in [Event::Capabilities, Event::Start(begin), Event::PowerUp, Event::CreateQueues] {
        adapter.handle(event).ok()?;
    }
    let request = ParametersV1 {
        hash_info: Some(0x4301),
        key: Some(vec![0x5A; 40]),
        table: Some((0..u32::from(ENTRIES)).map(|i| CpuId(i % 2)).collect()),
        ..ParametersV1::default()
    };
    adapter.request(|a| a.set_v1(VPortKey::DEFAULT, &request)).ok()?.ok()?;
    Some(adapter)
}

fn requests(entries: u16) -> [MoveRequest; 2] {
    [0, 1].map(|turn| {
        let moves = (0..entries).map(|i| {
            let target = CpuId((u32::from(i) + turn + 1) % 2);
            Move::new(VPortKey::DEFAULT, Steering::Entry(EntryIndex(i)), target)
        });
        MoveRequest::for_owner(moves.collect())
    })
}

/// Moves that many entries from one processor to the other and back, until the port steers so.
#[divan::bench(args = [1, 128], sample_count = 1000, sample_size = 1)]
fn moves_to_effect(bencher: Bencher<'_, '_>, entries: u16) {
    let Some(mut adapter) = adapter() else { return };
    let requests = requests(entries);
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = 1 - turn;
        let done = adapter.request(|a| a.move_entries(&requests[turn]));
        while adapter.hardware().is_some_and(|ops| !ops.backend().has_followed()) {
            spin_loop();
        }
        done
    });
}

/// The same without waiting for the effect: the time that the caller spends.
#[divan::bench(args = [1, 128], sample_count = 1000, sample_size = 1)]
fn moves_called(bencher: Bencher<'_, '_>, entries: u16) {
    let Some(mut adapter) = adapter() else { return };
    let requests = requests(entries);
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = 1 - turn;
        adapter.request(|a| a.move_entries(&requests[turn]))
    });
}

/// At the backend, without the framework.
#[divan::bench(args = [1, 128], sample_count = 1000, sample_size = 1)]
fn operation_to_effect(bencher: Bencher<'_, '_>, entries: u16) {
    let Some(mut nic) = nic() else { return };
    let ops = [0, 1].map(|turn| {
        let moves =
            (0..entries).map(|i| EntryMove { entry: EntryIndex(i), queue: QueueId((i + turn + 1) % 2) });
        Op::SetEntries(moves.collect())
    });
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = 1 - turn;
        let done = nic.execute(&ops[turn]);
        while !nic.has_followed() {
            spin_loop();
        }
        done
    });
}
