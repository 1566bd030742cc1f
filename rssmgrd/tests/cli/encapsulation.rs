//! Encapsulated packets: one queue while they are taken as they come, all of them once they are looked into.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::run::Daemon;

/// Packets of each queue.
fn packets(daemon: &Daemon) -> Vec<u64> {
    let stats = daemon.line("stats nic0 --per queue -o json").json();
    stats["queues"].as_array().unwrap().iter().map(|q| q["packets"].as_u64().unwrap()).collect()
}

/// The queues that get packets from now on, once many came.
fn busy(daemon: &Daemon) -> BTreeSet<usize> {
    let before = packets(daemon);
    loop {
        let now = packets(daemon);
        let come: Vec<u64> = now.iter().zip(&before).map(|(now, before)| now - before).collect();
        if come.iter().sum::<u64>() > 20_000 {
            return come.iter().enumerate().filter(|(_, n)| **n > 0).map(|(queue, _)| queue).collect();
        }
        std::thread::yield_now();
    }
}

fn tunnelled(kind: &str) -> Daemon {
    let daemon = Daemon::with_nic_of("8", "1x8x1");
    let source =
        format!("softnic source nic0 synthetic:flows=500,zipf=0,other=0,multicast=0,rate=max,{kind}=100");
    assert_eq!(daemon.line(&source).code, 0);
    daemon
}

#[test]
fn tunnels_come_by_one_queue_until_they_are_looked_into() {
    let all: BTreeSet<usize> = (0..8).collect();
    for kind in ["nvgre", "gre", "vxlan"] {
        let daemon = tunnelled(kind);
        assert_eq!(busy(&daemon).len(), 1, "{kind}: all flows of a tunnel have the same outer headers");
        let said = daemon.line(&format!("set nic0 --encapsulation {kind}"));
        assert_eq!(said.code, 0, "{said:?}");
        // What was under way when the setting changed is over.
        while busy(&daemon) != all {}
        assert_eq!(daemon.line("set nic0 --encapsulation none").code, 0);
        while busy(&daemon).len() != 1 {}
    }
}

#[test]
fn vxlan_is_known_by_its_port() {
    let daemon = tunnelled("vxlan");
    assert_eq!(daemon.line("set nic0 --encapsulation vxlan --vxlan-port 8472").code, 0);
    while busy(&daemon).len() != 1 {}
    let shown = daemon.line("encapsulation nic0").out;
    assert!(shown.lines().any(|l| l.starts_with("VxlanUDPPortNumber ") && l.ends_with(": 8472")), "{shown}");
    assert_eq!(daemon.line("set nic0 --vxlan-port 4789").code, 0);
    while busy(&daemon).len() != 8 {}
}

#[test]
fn each_is_switched_by_itself_in_both_spellings_and_kept() {
    let mut daemon = Daemon::with_nic();
    let on = |daemon: &Daemon| {
        let adapter = daemon.adapter("nic0");
        let kinds: Vec<&str> =
            adapter["encapsulation"].as_array().unwrap().iter().map(|k| k.as_str().unwrap()).collect();
        kinds.join(",")
    };
    assert_eq!(on(&daemon), "", "off until switched on");
    for (line, kinds) in [
        ("set nic0 --encapsulation nvgre,vxlan", "nvgre,vxlan"),
        ("set nic0 --encapsulation +gre,-nvgre", "gre,vxlan"),
        ("Disable-NetAdapterEncapsulatedPacketTaskOffload -Name nic0", ""),
        ("Enable-NetAdapterEncapsulatedPacketTaskOffload nic0", "nvgre,vxlan"),
        ("Disable-NetAdapterEncapsulatedPacketTaskOffload nic0 -EncapsulationType VXLAN", "nvgre"),
        (
            "Set-NetAdapterEncapsulatedPacketTaskOffload nic0 -Nvgre $false -Vxlane $true -VxlanUDPPortNumber 8472",
            "vxlan",
        ),
    ] {
        let said = daemon.line(line);
        assert_eq!((said.code, on(&daemon).as_str()), (0, kinds), "{line}: {said:?}");
    }
    daemon.kill();
    daemon.restart();
    assert_eq!(on(&daemon), "vxlan");
    let settings = daemon.line("config show --origin").out;
    let row = |key: &str| settings.lines().find(|l| l.trim_start().starts_with(key)).unwrap().to_string();
    assert!(
        row("encapsulation").contains("-nvgre,+vxlan") || row("encapsulation").contains("vxlan"),
        "{settings}"
    );
    assert!(row("vxlan_port").contains("8472") && row("vxlan_port").contains("saved"), "{settings}");
    assert!(daemon.line("why nic0").out.contains("encapsulation"));

    let shown = daemon.line("Get-NetAdapterEncapsulatedPacketTaskOffload").out;
    for (name, value) in [
        ("NvgreEncapsulatedPacketTaskOffloadEnabled", "False"),
        ("VxlanEncapsulatedPacketTaskOffloadEnabled", "True"),
        ("VxlanUDPPortNumber", "8472"),
        ("VxlanRssSupported", "inner_ipv4, outer_ipv4, inner_ipv6, outer_ipv6"),
        ("NvgreMaxHeaderSizeSupported", "256"),
    ] {
        let line = shown.lines().find(|l| l.split_whitespace().next() == Some(name));
        assert_eq!(line.and_then(|l| l.split_once(" : ")).map(|(_, v)| v), Some(value), "{name}: {shown}");
    }
    assert_eq!(daemon.line("reset nic0").code, 0);
    assert_eq!(on(&daemon), "");
}

#[test]
fn a_flow_in_a_tunnel_is_predicted_by_the_same_rule() {
    let daemon = Daemon::with_nic();
    let flow = |rest: &str| daemon.line(&format!("flow nic0 {rest} -o json")).json();
    let inner = "10.1.0.1:1000 10.1.0.2:443";
    let carried = |kind: &str, src: &str| {
        flow(&format!("{inner} --encapsulation {kind} --outer-src {src} --outer-dst 192.0.2.2"))
    };
    let by_addresses = flow("192.0.2.1 192.0.2.2");
    let same = |a: &Value, b: &Value| (a["hash"] == b["hash"], a["inner"] == Value::Bool(true));
    assert_eq!(same(&carried("nvgre", "192.0.2.1"), &by_addresses), (true, false));
    let by_ports = flow("192.0.2.1:5555 192.0.2.2:4789 udp");
    assert_eq!(same(&carried("vxlan", "192.0.2.1:5555"), &by_ports), (true, false));
    let said = daemon.line(&format!(
        "flow nic0 {inner} --encapsulation vxlan --outer-src 192.0.2.1 --outer-dst 192.0.2.2"
    ));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("outer source port"), "{said:?}");

    assert_eq!(daemon.line("set nic0 --encapsulation nvgre,vxlan").code, 0);
    assert_eq!(same(&carried("nvgre", "192.0.2.1"), &flow(inner)), (true, true));
    assert_eq!(same(&carried("vxlan", "192.0.2.1"), &flow(inner)), (true, true));
    assert_eq!(same(&carried("gre", "192.0.2.1"), &by_addresses), (true, false), "still off");
    // No ports inside: the outer addresses.
    let icmp =
        flow("10.1.0.1 10.1.0.2 --encapsulation vxlan --outer-src 192.0.2.1:5555 --outer-dst 192.0.2.2");
    assert_eq!(same(&icmp, &by_addresses), (true, false));
    let text = daemon
        .line(&format!("flow nic0 {inner} --encapsulation nvgre --outer-src 192.0.2.1 --outer-dst 192.0.2.2"))
        .out;
    assert!(text.contains("inside     nvgre 192.0.2.1 -> 192.0.2.2"), "{text}");
    assert!(text.contains("of the inner headers"), "{text}");
}
