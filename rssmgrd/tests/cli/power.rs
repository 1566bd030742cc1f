//! Power and resets as a user rehearses them, under traffic.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::Daemon;

fn table(daemon: &Daemon) -> Value {
    let nic = daemon.adapter("nic0");
    assert_eq!((&nic["state"], &nic["enabled"]), (&"managed".into(), &true.into()), "{nic}");
    nic["indirection_table"].clone()
}

fn totals(daemon: &Daemon) -> (u64, u64) {
    let totals = daemon.line("stats nic0 -o json").json()["totals"].clone();
    (totals["packets"].as_u64().unwrap(), totals["drops"].as_u64().unwrap())
}

fn wait(what: &str, mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Packets by processor.
fn cpus(daemon: &Daemon) -> Vec<(String, u64)> {
    let stats = daemon.line("stats nic0 --per cpu -o json").json();
    let cpu = |c: &Value| (c["processor"].as_str().unwrap().to_owned(), c["packets"].as_u64().unwrap());
    stats["cpus"].as_array().unwrap().iter().map(cpu).collect()
}

/// Events of the power since the last time that was asked, in order, with what they say.
fn told(daemon: &Daemon, since: &mut u64) -> Vec<(String, String)> {
    let all = daemon.line("events -o json").json()["events"].as_array().unwrap().clone();
    let new: Vec<Value> = all.into_iter().filter(|e| e["seq"].as_u64().unwrap() > *since).collect();
    *since = new.last().map_or(*since, |e| e["seq"].as_u64().unwrap());
    let of_power = |e: &&Value| (2016..=2019).contains(&e["id"].as_u64().unwrap());
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    new.iter().filter(of_power).map(|e| (text(&e["name"]), text(&e["message"]))).collect()
}

#[test]
fn what_power_and_resets_lose_is_replayed_under_traffic() {
    let daemon = Daemon::with_nic_of("8", "2x8x2");
    for line in [
        "set nic0 --queues 6 --profile NUMA --hash-key symmetric",
        "vport create nic0 --label vm7 --queues 2 --mac 02:00:00:00:00:07",
        "softnic source nic0 synthetic:rate=20000,flows=300",
    ] {
        let said = daemon.line(line);
        assert_eq!(said.code, 0, "{line}: {said:?}");
    }
    let wanted = table(&daemon);
    let vports = daemon.line("vport list nic0 -o json").json();
    let mut seen = 0;
    told(&daemon, &mut seen);

    let off = daemon.line("softnic power nic0 off");
    let expected = "nic0: powered off, it has no queues until `rssctl softnic power nic0 on`\n";
    assert_eq!((off.code, off.out.as_str()), (0, expected));
    let nic = daemon.adapter("nic0");
    assert_eq!(nic["state"], "down");
    assert!(nic["state_reason"].as_str().unwrap().contains("no queues"), "{nic}");
    assert!(daemon.line("softnic list").out.lines().nth(1).unwrap().trim_end().ends_with("off"));
    let (_, drops) = totals(&daemon);
    wait("packets are dropped", || totals(&daemon).1 > drops + 1000);
    let (packets, drops) = totals(&daemon);
    wait("packets are dropped", || totals(&daemon).1 > drops + 1000);
    assert_eq!(totals(&daemon).0, packets, "received without queues");
    for line in ["set nic0 --profile Closest", "disable nic0", "softnic reset nic0", "vport delete nic0 1"] {
        let said = daemon.line(line);
        let all = format!("{}{}", said.out, said.err);
        assert!(said.code == 1 && all.contains("rssctl softnic power nic0 on"), "{line}: {said:?}");
        let once = said.err.contains("error: nic0 is powered down") && !said.err.contains("nic0: nic0");
        assert!(once, "{line}: {}", said.err);
    }
    // Nobody waits for an adapter that is off.
    assert_eq!(daemon.line("wait --timeout 10s").code, 0);

    for (line, expected) in [
        ("softnic power nic0 on -o json", &["AdapterPoweredDown", "AdapterPoweredUp", "StateReplayed"][..]),
        ("softnic power nic0 on", &[]),
        ("softnic reset nic0", &["AdapterReset", "StateReplayed"]),
    ] {
        let said = daemon.line(line);
        assert_eq!(said.code, 0, "{line}: {said:?}");
        match line {
            "softnic power nic0 on -o json" => assert_eq!(said.json()["power"], "on"),
            "softnic power nic0 on" => assert_eq!(said.out, "nic0: powered on; see `rssctl get nic0`\n"),
            _ => assert_eq!(said.out, "nic0: reset; see `rssctl get nic0`\n"),
        }
        // All is there when the command returns.
        assert_eq!(table(&daemon), wanted, "{line}");
        assert_eq!(daemon.line("vport list nic0 -o json").json(), vports, "{line}");
        let events = told(&daemon, &mut seen);
        assert_eq!(events.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected, "{line}");
        let Some((_, replayed)) = events.last() else { continue };
        let order = ["queue homes", "hash key", "whole table", "VPort 1", "enable"];
        let places: Vec<_> = order.iter().map(|word| replayed.find(word)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{replayed}");
        assert!(replayed.ends_with("enable"), "{replayed}");
    }

    // Packets of a flow are where the daemon says.
    let flow = "flow nic0 198.51.100.1:1000 192.0.2.7:2000 udp -o json";
    let there = daemon.line(flow).json()["processor"].as_str().unwrap().to_owned();
    assert_eq!(daemon.line("softnic source nic0 none").code, 0);
    // What the old source gave last is handled.
    let mut last = totals(&daemon);
    wait("quiet", || {
        std::thread::sleep(Duration::from_millis(300));
        std::mem::replace(&mut last, totals(&daemon)) == last
    });
    one_flow(&daemon);
    let before = cpus(&daemon);
    let (packets, _) = totals(&daemon);
    assert_eq!(daemon.line("softnic source nic0 pcap:flow.pcap,loop=once,pace=max").code, 0);
    wait("the flow", || totals(&daemon).0 == packets + 100);
    let was = |p: &str| before.iter().find(|(cpu, _)| cpu == p).map_or(0, |(_, n)| *n);
    let new: Vec<_> = cpus(&daemon).into_iter().filter(|(p, n)| *n > was(p)).collect();
    assert_eq!(new, [(there.clone(), was(&there) + 100)]);
}

/// A capture of 100 packets of one flow.
fn one_flow(daemon: &Daemon) {
    use rssmgr_core::packet::LinkType;
    use rssmgr_host::capture::PcapWriter;
    let mut frame = vec![2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x08, 0x00];
    frame.extend([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 198, 51, 100, 1, 192, 0, 2, 7]);
    frame.extend(1000_u16.to_be_bytes());
    frame.extend(2000_u16.to_be_bytes());
    frame.extend([0, 26, 0, 0]);
    frame.extend([0; 18]);
    let mut file = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap();
    for number in 0..100 {
        file.write(number, &frame, u32::try_from(frame.len()).unwrap()).unwrap();
    }
    std::fs::write(daemon.folder.path().join("flow.pcap"), file.finish().unwrap()).unwrap();
}
