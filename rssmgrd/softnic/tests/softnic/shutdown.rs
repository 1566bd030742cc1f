//! Dropping a NIC ends its threads, whatever they are doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rssmgr_core::QueueId;
use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::Op;

use crate::support::{let_pass, nic, wait};

#[test]
fn ends_under_full_rings_and_asleep() {
    let done = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&done);
    // On a thread of its own, so that a NIC that does not end fails the test instead of hanging it.
    let drops = thread::spawn(move || {
        for ring in [1, 2, 1024] {
            for (queues, source) in [
                (1, "synthetic:rate=max"),
                (8, "synthetic:rate=max"),
                (8, "synthetic:rate=max,loss=drop"),
                (2, "synthetic:rate=1"),
                (2, "none"),
            ] {
                // Several times around the ring; a ring of one changes threads with every packet.
                for pass in [0, 1, 5 * ring] {
                    let mut nic = nic(&format!("queues={queues} ring={ring} topology=host source={source}"));
                    if source.contains("max") {
                        let_pass(&nic, pass);
                    }
                    // Workers that are just being taken away.
                    nic.execute(&Op::WriteTable(vec![QueueId(0); 128])).unwrap();
                    nic.execute(&Op::Channels(1)).unwrap();
                    // A worker that waits for who reads a tap.
                    let tap = nic.tap(1);
                    if source.contains("max") {
                        wait("a packet in the tap", || tap.next_packet().is_some());
                    }
                    drop(nic);
                    drop(tap);
                }
            }
        }
        told.store(true, Ordering::Release);
    });
    wait("all NICs end", || done.load(Ordering::Acquire) || drops.is_finished());
    drops.join().unwrap();
}

/// A NIC has a thread for each queue that it can have and one for the port, and leaves none behind.
#[test]
fn leaves_no_thread_behind() {
    let threads = |name: &str| {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|t| std::fs::read_to_string(t.unwrap().path().join("comm")).ok());
        names.filter(|comm| comm.trim_end().ends_with(name)).count()
    };
    let map = [("queues", "4"), ("topology", "1x4x1"), ("source", "synthetic:rate=max")];
    let map = map.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let spec = rssmgr_softnic::SoftnicSpec::parse("counted", &map).unwrap();
    let mut nic = rssmgr_softnic::SoftNic::create(spec, rssmgr_core::hash::HashKey::microsoft()).unwrap();
    wait("all have started", || threads(".counted") == 5);
    nic.execute(&Op::WriteTable(vec![QueueId(0); 128])).unwrap();
    nic.execute(&Op::Channels(1)).unwrap();
    let_pass(&nic, 1000);
    assert_eq!(threads(".counted"), 5);
    drop(nic);
    // The kernel lists a thread for a moment after it was joined.
    wait("all are gone", || threads(".counted") == 0);
}
