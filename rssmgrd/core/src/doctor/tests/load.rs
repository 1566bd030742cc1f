//! What was counted between two looks.

use super::*;
use Severity::{Error, Info, Warning};

/// Packets of each queue between the two looks.
fn received(packets: &[u64]) -> Machine {
    with(|m| {
        for (queue, n) in m.nics[0].queues.iter_mut().zip(packets) {
            queue.packets = Some(Sampled { before: Some(1), now: n + 1 });
        }
    })
}

#[test]
fn uneven_queues() {
    let f = one(&received(&[4001, 2000, 1000, 999]));
    assert_eq!((f.check, f.severity), (Check::QueueImbalance, Info));
    assert_eq!(f.title, "eth0: queue 0 received 50 % of all packets, and 25 % are its due");
    assert_eq!(f.evidence[1], "queue 0: 4001 packets, 50 %, due 25 %");
    assert_eq!(found(&received(&[4000, 2000, 1000, 1000])), [], "twice its due is not more than that");
    assert_eq!(found(&received(&[40_010, 20_000, 10_000, 9_990])), [(Check::QueueImbalance, Warning)]);
    assert_eq!(found(&received(&[999, 0, 0, 0])), [], "too few to mean anything");
    let mut once = received(&[4001, 2000, 1000, 999]);
    once.interval_ms = 0;
    assert_eq!(found(&once), []);
    // A table that gives queue 0 five of eight entries.
    let mut weighted = received(&[5000, 1000, 1000, 1000]);
    weighted.nics[0].device.as_mut().unwrap().table =
        [0, 0, 0, 0, 0, 1, 2, 3].into_iter().cycle().take(128).map(QueueId).collect();
    assert_eq!(found(&weighted), []);
    let mut began_anew = received(&[5000, 1000, 1000, 1000]);
    began_anew.nics[0].queues[0].packets = Some(Sampled { before: Some(9000), now: 5000 });
    assert_eq!(found(&began_anew), [], "a counter that began anew counts for nothing");
}

#[test]
fn packets_beyond_the_table() {
    let stray = |table: u16, packets: &[u64]| {
        let mut m = received(packets);
        set_field(&mut m.nics[0], "max_processors", &format!("{table}"));
        m.nics[0].device.as_mut().unwrap().table = round_robin(128, table);
        m
    };
    // The table names queues 0 and 1.
    let f = one(&stray(2, &[4500, 4500, 500, 500]));
    assert_eq!((f.check, f.severity), (Check::TableIgnored, Warning));
    assert!(f.evidence[0].starts_with("1000 of 10000 packets"), "{:?}", f.evidence);
    assert_eq!(found(&stray(2, &[4501, 4500, 500, 499])), [], "a few may come by filter rules");
    assert_eq!(found(&stray(4, &[4500, 4500, 500, 500])), []);
    // Packets without a hash go to the default queue, whatever the table says.
    let mut unhashed = stray(2, &[4500, 4500, 500, 500]);
    let device = unhashed.nics[0].device.as_mut().unwrap();
    device.table = [1, 2, 3].into_iter().cycle().take(128).map(QueueId).collect();
    set_field(&mut unhashed.nics[0], "max_processors", "3");
    assert!(found(&unhashed).iter().all(|(check, _)| *check != Check::TableIgnored));
    // The daemon saw it.
    let refuted = with(|m| m.nics[0].daemon.as_mut().unwrap().verified = Verified::Refuted);
    assert_eq!(found(&refuted), [(Check::TableIgnored, Error)]);
}

#[test]
fn one_cpu_for_all_packets() {
    let loaded = |top: u64, rest: u64, interrupts: u64| {
        with(|m| {
            for (i, cpu) in m.cpus.iter_mut().enumerate() {
                let n = if i == 2 { top } else { rest };
                cpu.processed = Sampled { before: Some(1_000_000), now: 1_000_000 + n };
            }
            m.cpus[2].interrupt_time = Some(Sampled { before: Some(10), now: 10 + interrupts });
        })
    };
    let f = one(&loaded(80_000, 1333, 20));
    assert_eq!(
        (f.check, f.severity, f.title.as_str()),
        (Check::CpuImbalance, Warning, "CPU 2 handles 80 % of all received packets")
    );
    assert_eq!(found(&loaded(79_000, 1400, 89)), []);
    assert_eq!(found(&loaded(79_000, 1400, 90)), [(Check::CpuImbalance, Error)], "it does nothing else");
    assert_eq!(found(&loaded(9_000, 10, 99)), [], "too little to matter");
    let mut alone = loaded(80_000, 0, 20);
    alone.nics.clear();
    alone.topology = Topology::from_spec("1x1x2").unwrap();
    assert_eq!(found(&alone), []);
}

#[test]
fn dropped_packets() {
    let dropped = |before: u64, now: u64| with(|m| m.cpus[5].dropped = Sampled { before: Some(before), now });
    let f = one(&dropped(3, 10));
    assert_eq!((f.check, f.severity), (Check::SoftnetDrops, Error));
    assert_eq!(f.evidence[0], "CPU 5: 10 packets dropped since boot, 7 in 1000 ms");
    assert_eq!(f.remedy[0], "sysctl -w net.core.netdev_max_backlog=2000");
    // 16 CPUs handled 16,032,000 packets: one in 10,000 are 1,603.
    assert_eq!(found(&dropped(1603, 1603)), [(Check::SoftnetDrops, Info)]);
    assert_eq!(found(&dropped(1604, 1604)), [(Check::SoftnetDrops, Warning)]);
    assert_eq!(found(&dropped(0, 0)), []);
}

#[test]
fn time_squeezes() {
    let squeezed =
        |before: u64, now: u64| with(|m| m.cpus[5].squeezed = Sampled { before: Some(before), now });
    let f = one(&squeezed(100, 110));
    assert_eq!((f.check, f.severity), (Check::TimeSqueeze, Warning));
    assert_eq!(f.remedy[0], "sysctl -w net.core.netdev_budget=600 net.core.netdev_budget_usecs=16000");
    assert_eq!(found(&squeezed(100, 109)), []);
    // One in 1,000 of 16,032,000, with the 45 of the others.
    assert_eq!(found(&squeezed(15_987, 15_987)), [(Check::TimeSqueeze, Info)]);
    assert_eq!(found(&squeezed(15_986, 15_986)), []);
}
