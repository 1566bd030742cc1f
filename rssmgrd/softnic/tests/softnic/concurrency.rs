//! Several threads at once on one adapter, at full rate: moves, parameters, VPorts that come and go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ScopedJoinHandle};

use rssmgr_core::adapter::{Adapter, Begin, Event, Ops};
use rssmgr_core::backend::{Backend, Sampler};
use rssmgr_core::capability::Capability;
use rssmgr_core::device::{BackendError, Device, Filter, Op, Outcome};
use rssmgr_core::scaling::{Move, MoveRequest, Parameters, ParametersV1, Status, Steering, VPortKey};
use rssmgr_core::{CpuId, EntryIndex, FilterId, VPortId};
use rssmgr_softnic::{SoftNic, SourceSpec};

use crate::frames::Random;
use crate::support::{added_up, let_pass, let_pass_by, nic, quiet};
use crate::watch::Watch;

/// Rounds of each thread.
const ROUNDS: u32 = 300;
/// Packets that pass, at least, between two requests of a thread.
const PACKETS: u64 = 10;
const ENTRIES: u16 = 16;
/// The RSS set is processors 0 to 4 of 8.
const PROCESSORS: u64 = 5;

/// A NIC that the test looks at while the framework drives it.
struct Held(Arc<Mutex<SoftNic>>, Capability);

impl Backend for Held {
    fn capability(&self) -> &Capability {
        &self.1
    }

    fn blocking(&self) -> bool {
        false
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        self.0.lock().unwrap().observe()
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        self.0.lock().unwrap().execute(op)
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        self.0.lock().unwrap().sampler()
    }
}

struct Shared {
    adapter: Mutex<Adapter<Ops<Held>>>,
    sampler: Arc<dyn Sampler>,
}

/// Asks for something once some packets passed: requests alone would be done before there is traffic to disturb.
fn ask<R>(shared: &Shared, ask: impl FnOnce(&mut rssmgr_core::adapter::Running<Ops<Held>>) -> R) -> R {
    let_pass_by(&*shared.sampler, PACKETS);
    shared.adapter.lock().unwrap().request(ask).expect("the adapter runs")
}

fn cpu(random: &mut Random) -> CpuId {
    CpuId(u32::try_from(random.below(PROCESSORS)).unwrap())
}

/// Moves of the default VPort, some of which find no queue.
fn mover(adapter: &Shared, mut random: Random, done: &AtomicUsize) {
    for _ in 0..ROUNDS {
        let moves = (0..1 + random.below(6)).map(|_| {
            let index = u16::try_from(random.below(ENTRIES.into())).unwrap();
            let what =
                if random.below(9) == 0 { Steering::Default } else { Steering::Entry(EntryIndex(index)) };
            Move::new(VPortKey::DEFAULT, what, cpu(&mut random))
        });
        let request = MoveRequest::for_owner(moves.collect());
        let results = ask(adapter, |a| a.move_entries(&request)).unwrap();
        assert!(results.windows(2).all(|w| w[0] == w[1]), "one status a group: {results:?}");
        assert!(matches!(results[0], Ok(()) | Err(Status::NoQueues)), "{results:?}");
        done.fetch_add(usize::from(results[0].is_ok()), Ordering::Relaxed);
    }
}

/// Keys, types, sizes, on and off.
fn changer(adapter: &Shared, mut random: Random, done: &AtomicUsize) {
    for _ in 0..ROUNDS {
        let request = Parameters {
            enable: random.below(4) > 0,
            hash_info: Some([0x0001_FF01, 0xD701, 0x301][usize::try_from(random.below(3)).unwrap()]),
            key: Some(random.bytes(40)),
            queues: (random.below(3) == 0).then(|| 2 + u32::try_from(random.below(4)).unwrap()),
            entries: None,
        };
        let result = ask(adapter, |a| a.set_parameters(VPortKey::DEFAULT, &request));
        assert!(matches!(result, Ok(()) | Err(Status::NoQueues)), "{result:?}");
        done.fetch_add(usize::from(result.is_ok()), Ordering::Relaxed);
    }
}

/// A VPort that takes all packets, spreads them, and is deleted while it does.
fn creator(adapter: &Shared, mut random: Random, mac: [u8; 6], done: &AtomicUsize) {
    for round in 0..ROUNDS / 3 {
        let key = VPortKey { vport: VPortId(1 + round), ..VPortKey::DEFAULT };
        ask(adapter, |a| a.create_vport(key, cpu(&mut random), 2)).unwrap();
        ask(adapter, |a| a.activate_vport(key)).unwrap();
        let affinity = ask(adapter, |a| a.scaling().vport(key).unwrap().primary);
        let other = cpu(&mut random);
        let request = ParametersV1 {
            hash_info: Some(0xD701),
            key: Some(random.bytes(40)),
            table: Some([affinity, other, other, affinity].to_vec()),
            ..ParametersV1::default()
        };
        ask(adapter, |a| a.set_v1(key, &request)).unwrap();
        let filter = Filter { id: FilterId(1), mac: Some(mac), vlan: None };
        ask(adapter, |a| a.set_filters(key, &[filter])).unwrap();
        for _ in 0..3 {
            let index = EntryIndex(u16::try_from(random.below(4)).unwrap());
            let target = if random.below(2) == 0 { affinity } else { other };
            let moved = Move::new(key, Steering::Entry(index), target);
            let results = ask(adapter, |a| a.move_entries(&MoveRequest::for_owner(vec![moved]))).unwrap();
            assert_eq!(results, [Ok(())]);
        }
        ask(adapter, |a| a.delete_vport(key)).unwrap();
        done.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn no_packet_is_lost_or_strays_whatever_happens_at_once() {
    at_once(false);
}

#[test]
fn what_is_out_of_order_is_counted_whatever_happens_at_once() {
    at_once(true);
}

/// All threads against one NIC: its workers as fast as they can or, watched, one packet at a time.
fn at_once(watched: bool) {
    let nic = nic("queues=10 ring=16 entries=16 topology=1x8x1 vports=2");
    let mac = nic.mac();
    let capability = nic.capability().clone();
    let nic = Arc::new(Mutex::new(nic));
    let mut adapter = Adapter::new(Ops::new(Held(Arc::clone(&nic), capability)));
    let rss_set = (0..u32::try_from(PROCESSORS).unwrap()).map(CpuId).collect();
    let begin = Begin { rss_set, affinity: CpuId(0), queues: 4 };
    for event in [Event::Capabilities, Event::Start(begin), Event::PowerUp, Event::CreateQueues] {
        adapter.handle(event).unwrap();
    }
    let table: Vec<CpuId> = (0..u32::from(ENTRIES)).map(|i| CpuId(i % 4)).collect();
    let first = ParametersV1 {
        hash_info: Some(0xD701),
        key: Some(vec![1; 40]),
        table: Some(table),
        ..ParametersV1::default()
    };
    adapter.request(|a| a.set_v1(VPortKey::DEFAULT, &first)).unwrap().unwrap();
    let synthetic = SourceSpec::parse("synthetic:rate=max,flows=300").unwrap();
    let mut watch = watched.then(|| Watch::start(&mut nic.lock().unwrap(), 64));
    match &mut watch {
        Some(watch) => watch.see(1000),
        None => {
            let mut nic = nic.lock().unwrap();
            nic.set_source(synthetic.clone()).unwrap();
            let_pass(&nic, 1000);
        }
    }

    let sampler = nic.lock().unwrap().sampler();
    let adapter = Shared { adapter: Mutex::new(adapter), sampler };
    let done: [AtomicUsize; 4] = Default::default();
    thread::scope(|scope| {
        let threads = [
            scope.spawn(|| mover(&adapter, Random(1), &done[0])),
            scope.spawn(|| mover(&adapter, Random(2), &done[1])),
            scope.spawn(|| changer(&adapter, Random(3), &done[2])),
            scope.spawn(|| creator(&adapter, Random(4), mac, &done[3])),
        ];
        if let Some(watch) = &mut watch {
            while !threads.iter().all(ScopedJoinHandle::is_finished) {
                if !watch.take() {
                    thread::yield_now();
                }
            }
        }
    });
    let done = done.map(AtomicUsize::into_inner);
    assert!(done[..3].iter().all(|n| *n > 50) && done[3] == 100, "requests that succeeded: {done:?}");

    let mut nic = nic.lock().unwrap();
    if let Some(mut watch) = watch {
        watch.see(1000);
        let late = watch.end(&mut nic);
        assert!(late > 0, "nothing was out of order: the count says nothing");
    } else {
        let_pass(&nic, 1000);
    }
    let sample = quiet(&mut nic);
    added_up(&nic, &sample);
    assert_eq!(sample.adapter.drops, 0, "no packet is lost");
    let strays: Vec<_> = sample.cpus.iter().filter(|c| u64::from(c.cpu.0) >= PROCESSORS).collect();
    assert!(strays.is_empty(), "outside the RSS set: {strays:?}");
    // Nothing moves any more: nothing is out of order any more.
    nic.set_source(synthetic).unwrap();
    let_pass(&nic, 5000);
    assert_eq!(quiet(&mut nic).adapter.reordered, sample.adapter.reordered);
}
