//! VPorts and VMQ from the command line, with real packets through software NICs.

use rssmgr_core::packet::LinkType;
use rssmgr_host::capture::PcapWriter;
use serde_json::Value;

use crate::run::Daemon;

/// The address of the virtual machine whose packets a VPort takes.
const VM: [u8; 6] = [2, 0, 0, 0, 0, 7];
const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 9];
const FLOWS: u16 = 200;

/// A UDP packet over IPv4, of a VLAN where one is given.
fn frame(to: [u8; 6], vlan: Option<u16>, flow: u16) -> Vec<u8> {
    let mut f = to.to_vec();
    f.extend([2, 0, 0, 0, 0, 1]);
    if let Some(vlan) = vlan {
        f.extend([0x81, 0x00]);
        f.extend(vlan.to_be_bytes());
    }
    f.extend([0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0]);
    f.extend([192, 0, 2, 1, 198, 51, 100, 7]);
    f.extend((1024 + flow).to_be_bytes());
    f.extend([0x11, 0x51, 0, 26, 0, 0]);
    f.extend([0; 18]);
    f
}

/// A capture: of each flow a packet to the virtual machine, one to another address, and one to it in VLAN 100.
fn capture(daemon: &Daemon) {
    let mut file = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap();
    for flow in 0..FLOWS {
        for frame in [frame(VM, None, flow), frame(OTHER, None, flow), frame(OTHER, Some(100), flow)] {
            file.write(u64::from(flow), &frame, u32::try_from(frame.len()).unwrap()).unwrap();
        }
    }
    std::fs::write(daemon.folder.path().join("vm.pcap"), file.finish().unwrap()).unwrap();
}

/// Sends the capture through the NIC and waits until every packet was handled.
fn send(daemon: &Daemon, packets: u64) {
    assert_eq!(daemon.line("softnic source nic0 pcap:vm.pcap,loop=once").code, 0);
    let start = std::time::Instant::now();
    loop {
        let seen = daemon.line("stats nic0 -o json").json()["totals"]["packets"].as_u64().unwrap();
        if seen >= packets {
            return assert_eq!(seen, packets);
        }
        assert!(start.elapsed().as_secs() < 60, "{seen} of {packets} packets");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn vports(daemon: &Daemon) -> Vec<Value> {
    daemon.line("vport list nic0 -o json").json()["vports"].as_array().unwrap().clone()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Packets that processors of a list handled.
fn handled_on(daemon: &Daemon, processors: &[String]) -> u64 {
    let stats = daemon.line("stats nic0 --per cpu -o json").json();
    let cpus = stats["cpus"].as_array().unwrap();
    let of = |c: &&Value| processors.iter().any(|p| c["processor"] == p.as_str());
    cpus.iter().filter(of).map(|c| c["packets"].as_u64().unwrap()).sum()
}

#[test]
fn packets_of_an_address_land_on_the_processors_of_its_vport_also_after_a_crash() {
    let mut daemon = Daemon::with_nic_of("8", "2x8x2");
    capture(&daemon);
    let said = daemon.line("vport create nic0 --label vm7 --queues 3 --mac 02:00:00:00:00:07 --mac any/100");
    assert_eq!(said.code, 0, "{said:?}");
    let rundown = daemon.line("events --rundown -o jsonl");
    let vport = rundown.out.lines().find(|line| line.contains("VPortRundown")).expect("told on demand");
    assert!(vport.contains("VPort 1 (vm7): RSS on: true; 3 queues; 2 filters"), "{vport}");
    assert!(said.out.starts_with("nic0: applied, "), "{said:?}");
    let shown = vports(&daemon);
    let [default, vm] = shown.as_slice() else { panic!("{shown:?}") };
    let (ours, theirs) = (strings(&vm["processors"]), strings(&default["processors"]));
    assert_eq!((ours.len(), theirs.len()), (3, 5));
    assert!(ours.iter().all(|p| !theirs.contains(p)), "{ours:?} {theirs:?}");

    let each = u64::from(FLOWS);
    let counts = |daemon: &Daemon| -> Vec<(u64, u64)> {
        let by = daemon.line("stats nic0 --per vport -o json").json();
        let count = |v: &Value| (v["vport_id"].as_u64().unwrap(), v["packets"].as_u64().unwrap());
        by["vports"].as_array().unwrap().iter().map(count).collect()
    };
    let check = |daemon: &Daemon| {
        send(daemon, 3 * each);
        // Its address and VLAN 100 are the VPort's, whatever their flow; the rest is the adapter's.
        assert_eq!(counts(daemon), [(0, each), (1, 2 * each)]);
        assert_eq!(handled_on(daemon, &ours), 2 * each);
        assert_eq!(handled_on(daemon, &theirs), each);
        for p in &ours {
            assert!(handled_on(daemon, std::slice::from_ref(p)) > 0, "{p} has nothing to do");
        }
    };
    check(&daemon);
    let table = daemon.line("stats nic0 --per vport").out;
    assert!(table.contains("VPORTID") && table.contains("vm7"), "{table}");

    // Killed, not stopped: the VPort is made again, and takes its packets.
    daemon.line("softnic source nic0 none");
    daemon.kill();
    daemon.restart();
    assert_eq!(daemon.line("wait --timeout 30s").code, 0);
    assert_eq!(vports(&daemon), shown);
    check(&daemon);

    // Off, everything is the adapter's; deleted as well.
    assert_eq!(daemon.line("vmq disable nic0").code, 0);
    assert_eq!(daemon.line("softnic source nic0 none").code, 0);
    send(&daemon, 6 * each);
    assert_eq!(counts(&daemon), [(0, 6 * each)]);
    assert_eq!(daemon.line("vmq enable nic0").code, 0);
    assert_eq!(daemon.line("vport delete nic0 1").code, 0);
    assert_eq!(vports(&daemon).len(), 1);
}

#[test]
fn moves_by_entry_have_a_status_each() {
    let daemon = Daemon::with_nic_of("8", "1x16x1");
    let said = daemon.line("vport create nic0 --id 5 --queues 2 --entries 4 --processors 0:4,0:5");
    assert_eq!(said.code, 0, "{said:?}");
    let said = daemon.line("table move nic0 --vport 5 0=0:5 2=0:5");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out.matches("NDIS_STATUS_SUCCESS").count(), 2, "{said:?}");

    let said = daemon.line("table move nic0 5/1=0:4 0/0=0:9 9/0=0:1 -o json");
    assert_eq!(said.code, 1, "some of them failed: {said:?}");
    let moved: Value = serde_json::from_str(&said.out).unwrap();
    let statuses: Vec<&str> =
        moved["moves"].as_array().unwrap().iter().map(|m| m["status"].as_str().unwrap()).collect();
    assert_eq!(
        statuses,
        ["NDIS_STATUS_SUCCESS", "NDIS_STATUS_NO_QUEUES", "NDIS_STATUS_INVALID_PARAMETER"],
        "{moved:#}"
    );
    assert!(said.err.contains("VPort 9, 0: NDIS_STATUS_INVALID_PARAMETER"), "{said:?}");

    // The owner pushes; --actor says who asks.
    let said = daemon.line("table move nic0 --vport 5 0=0:4 --actor 0:4");
    assert_eq!(said.code, 1);
    assert!(said.out.contains("NDIS_STATUS_NOT_ACCEPTED") && said.err.contains("hint: "), "{said:?}");
    assert_eq!(daemon.line("table move nic0 --vport 5 0=0:4 --actor 0:5").code, 0);
    let before = vports(&daemon);
    let planned = daemon.line("table move nic0 --vport 5 0=0:5 --what-if");
    assert_eq!((planned.code, vports(&daemon)), (0, before), "{planned:?}");

    // All entries of a processor, of a VPort too.
    assert_eq!(daemon.line("table move nic0 --vport 5 --from 0:4 --to 0:5").code, 0);
    let table = vports(&daemon)[1]["indirection_table"].clone();
    assert!(table.as_array().unwrap().iter().all(|e| e["processor"] == "0:5"), "{table:#}");
    let none = daemon.line("table move nic0 --vport 5 --from 0:9 --to 0:5");
    assert!(none.code == 2 && none.err.contains("no entry of VPort 5 points at processor 0:9"), "{none:?}");
    assert_eq!(daemon.line("table move nic0 0=0:1").code, 0);
    let adapter = daemon.adapter("nic0");
    assert_eq!(adapter["indirection_table"][0]["processor"], "0:1");
    assert_eq!(daemon.line("table move nic0 default=0:2").code, 0);
    assert_eq!(daemon.adapter("nic0")["default_processor"], "0:2");
}

#[test]
fn the_cmdlets_of_vmq_and_vports_work() {
    let daemon = Daemon::with_nic_of("8", "2x8x1");
    let said = daemon.line("vport create nic0 --label web --queues 16 --mac 02:00:00:00:00:07/100");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("VPort 1 has 7 of 16 queues, limited by "), "{said:?}");

    let list = daemon.line("Get-NetAdapterVPort -Name nic0 -VPortID 1").out;
    for line in [
        "VPortName                                  : web",
        "FunctionID                                 : PF",
        "NumQueuePairs                              : 7",
        "NumQueuePairsRequested                     : 16",
        "VPortState                                 : activated",
        "FilterList                                 : 1:02:00:00:00:00:07/100",
    ] {
        assert!(list.contains(line), "{line}\n{list}");
    }
    assert!(list.contains("LimitedBy                                  : MaxNumQueuePairs"), "{list}");
    let table = daemon.line("get-netadaptervport nic0").out;
    assert!(table.starts_with("NAME  VPORTID  VPORTNAME  STATE") && table.contains("7 of 16 ("), "{table}");
    let names =
        |line: &str| daemon.line(&format!("{line} -o name")).out.lines().collect::<Vec<_>>().join(" ");
    for (line, found) in [
        ("Get-NetAdapterVPort", "nic0/0 nic0/1"),
        ("Get-NetAdapterVPort -InterfaceDescription *software* -PhysicalFunction", "nic0/0 nic0/1"),
        (
            "Get-NetAdapterVPort -Name nic0 -VPortID 0,1 -SwitchID 0 -FunctionID pf -IncludeHidden",
            "nic0/0 nic0/1",
        ),
        ("Get-NetAdapterVPort -Name nic0 -SwitchID 1", ""),
        ("Get-NetAdapterVmq", "nic0"),
        ("Get-NetAdapterVmqQueue -Name nic0 -Id 6,7", "nic0/6 nic0/7"),
        ("Get-NetAdapterVmqQueue -ifDesc *software*", "nic0/1 nic0/2 nic0/3 nic0/4 nic0/5 nic0/6 nic0/7"),
    ] {
        assert_eq!(names(line), found, "{line}");
    }
    let queues = daemon.line("vmq queues nic0").out;
    assert!(
        queues.starts_with("NAME  QUEUEID  MACADDRESS") && queues.contains("02:00:00:00:00:07"),
        "{queues}"
    );

    // The processors of VMQ are those of RSS, as on Windows.
    let said = daemon
        .line("Set-NetAdapterVmq nic0 -BaseProcessorGroup 0 -BaseProcessorNumber 2 -MaxProcessors 1 -WhatIf");
    assert!(said.code == 0 && said.out.contains("nic0: planned"), "{said:?}");
    let said = daemon
        .line("Set-NetAdapterVmq -Name nic0 -MaxProcessorNumber 8 -NumaNode 0 -NoRestart -Confirm:$false");
    assert_eq!(said.code, 0, "{said:?}");
    let vmq = daemon.line("Get-NetAdapterVmq -Name nic0 -o json").json()["adapters"][0].clone();
    assert_eq!((&vmq["max_processor"], &vmq["numa_node"]), (&"0:8".into(), &0.into()));
    assert_eq!((&vmq["vmq"]["mode"], &vmq["vmq"]["queues_in_use"]), (&"vmq".into(), &7.into()));
    let list = daemon.line("Get-NetAdapterVmq nic0").out;
    assert!(list.contains("Enabled                                    : True\n"), "{list}");
    assert!(list.contains("DynamicProcessorAffinityChangeSupported    : True\n"), "{list}");

    for (line, on) in [
        ("Set-NetAdapterVmq nic0 -Enabled $false", false),
        ("Enable-NetAdapterVmq -Name nic0 -PassThru", true),
        ("Disable-NetAdapterVmq -ifAlias nic0", false),
        ("Enable-NetAdapterVmq nic0 -Confirm:$false", true),
    ] {
        let said = daemon.line(line);
        assert_eq!(said.code, 0, "{line}: {said:?}");
        let enabled = daemon.adapter("nic0")["vmq"]["enabled"].as_bool().unwrap();
        assert_eq!((enabled, vports(&daemon)[1]["in_force"].as_bool().unwrap()), (on, on), "{line}");
    }
    assert_eq!(daemon.line("vmq set nic0").code, 2, "nothing to set");

    // What the adapter can, in both views.
    let caps = &daemon.adapter("nic0")["capabilities"];
    assert_eq!((&caps["independent_entry_move"], &caps["dynamic_affinity"]), (&true.into(), &true.into()));
    assert!(strings(&caps["ndis"]["flags"]).contains(&"SUPPORTS_INDEPENDENT_ENTRY_MOVE".to_owned()));
    assert_eq!(caps["net_adapter_cx"]["indirection_table_size"], 128);
    let wide = daemon.line("get -o wide").out;
    assert!(wide.contains("NDIS-CAPS") && wide.contains("8q/128e/ipv4+"), "{wide}");
}

/// The switch of an adapter, and that of the machine, are those of all its VPorts: each sends everything to its primary
/// processor, keeps its table, and spreads again as before.
#[test]
fn rss_off_is_off_for_every_vport_also_after_a_crash() {
    let mut daemon = Daemon::with_nic_of("8", "1x8x1");
    capture(&daemon);
    let said = daemon.line("vport create nic0 --queues 3 --mac 02:00:00:00:00:07 --processors 0:5,0:6,0:7");
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(
        daemon.line("vport create nic0 --queues 2 --mac any/100 --enabled false --processors 0:3,0:4").code,
        0
    );
    let before = vports(&daemon);
    let each = u64::from(FLOWS);
    let mut sent = 0;
    // Packets of the first VPort by processor, in this run of the capture.
    let mut run = |daemon: &Daemon| -> Vec<u64> {
        let on = |p: &str| handled_on(daemon, &[p.to_owned()]);
        let cpus = ["0:5", "0:6", "0:7"];
        let then = cpus.map(on);
        assert_eq!(daemon.line("softnic source nic0 none").code, 0);
        sent += 3 * each;
        send(daemon, sent);
        cpus.iter().zip(then).map(|(cpu, then)| on(cpu) - then).collect()
    };
    let spread = run(&daemon);
    assert!(spread.iter().all(|n| *n > 0), "{spread:?}");
    for (off, on) in [
        ("disable nic0", "enable nic0"),
        ("global set --rss off", "global set --rss on"),
        ("set nic0 --enabled false", "set nic0 --enabled true"),
    ] {
        let said = daemon.line(off);
        assert_eq!(said.code, 0, "{said:?}");
        let now = vports(&daemon);
        for (then, now) in before.iter().zip(&now).skip(1) {
            assert_eq!(now["enabled"], false, "{off}: {now:#}");
            assert_eq!(now["processors"], serde_json::json!([now["primary_processor"]]), "{off}: {now:#}");
            for kept in ["indirection_table", "num_queue_pairs", "hash_types", "default_processor", "filters"]
            {
                assert_eq!(then[kept], now[kept], "{off}: {kept}");
            }
        }
        let primary = now[1]["primary_processor"].as_str().unwrap();
        let alone = run(&daemon);
        let of = |p: &str| alone[["0:5", "0:6", "0:7"].iter().position(|cpu| *cpu == p).unwrap()];
        assert_eq!((of(primary), alone.iter().sum::<u64>()), (each, each), "{off}: {alone:?}");
        assert_eq!(daemon.line(on).code, 0);
        assert_eq!(vports(&daemon), before, "{on}");
        assert_eq!(run(&daemon), spread, "{on}: as before");
    }
    assert_eq!(daemon.line("disable nic0").code, 0);
    let off = vports(&daemon);
    daemon.kill();
    daemon.restart();
    assert_eq!(daemon.line("wait --timeout 30s").code, 0);
    assert_eq!(vports(&daemon), off, "off after a crash too");
    assert_eq!(daemon.line("enable nic0").code, 0);
    assert_eq!(vports(&daemon), before);
}

/// What cut a VPort short is told by the change that did it, and by no later one; the list tells it always.
#[test]
fn a_vport_that_was_cut_short_is_told_once() {
    let mut daemon = Daemon::with_nic_of("8", "2x8x1");
    let note = |said: &crate::run::Said| said.out.contains(" queues, limited by the queues that ");
    let said = daemon.line("vport create nic0 --queues 16 --what-if");
    assert!(said.code == 0 && said.out.contains("VPort 1 has 7 of 16 queues"), "{said:?}");
    let said = daemon.line("vport create nic0 --queues 16 --mac 02:00:00:00:00:07");
    assert!(said.code == 0 && note(&said), "{said:?}");
    for line in [
        "set nic0 --hash-types ipv4,tcp_ipv4",
        "vport filter nic0 1 --add 02:00:00:00:00:08",
        "disable nic0",
        "enable nic0",
    ] {
        let said = daemon.line(line);
        assert!(said.code == 0 && !said.out.contains("of 16 queues"), "{line}: {said:?}");
    }
    daemon.kill();
    daemon.restart();
    assert_eq!(daemon.line("wait --timeout 30s").code, 0);
    let said = daemon.line("set nic0 --hash-types ipv4");
    assert!(said.code == 0 && !said.out.contains("of 16 queues"), "after a restart: {said:?}");
    assert!(daemon.line("vport list nic0").out.contains("7 of 16 (MaxNumQueuePairs"));
    let reasons = daemon.adapter("nic0")["reasons"].to_string();
    assert!(reasons.contains("VPort 1 has 7 of 16 queues"), "why it is so: {reasons}");
    // Asked for anew, it is this change's: cut short again, less, and not at all.
    for (queues, told) in
        [("12", Some("VPort 1 has 7 of 12 queues")), ("7", None), ("9", Some("7 of 9 queues"))]
    {
        let said = daemon.line(&format!("vport set nic0 1 --queues {queues}"));
        assert_eq!(said.code, 0, "{queues}: {said:?}");
        assert_eq!(told.is_some_and(|t| said.out.contains(t)), note(&said), "{queues}: {said:?}");
        assert_eq!(note(&said), told.is_some(), "{queues}: {said:?}");
    }
}

#[test]
fn changes_of_vports_are_refused_by_name() {
    let daemon = Daemon::with_nic_of("4", "1x4x1");
    assert_eq!(daemon.line("softnic create nic1 --vports 1").code, 0);
    assert_eq!(daemon.line("vport create nic0 --mac 02:00:00:00:00:07").code, 0);
    let before = vports(&daemon);
    for (line, code, needle) in [
        ("vport create nope", 10, "nope"),
        ("vport create nic1", 5, "VPorts are not supported by softnic"),
        ("vport create nic0 --id 1", 2, "VPort 1 exists already"),
        ("vport create nic0 --queues 0", 2, "queues: 0 is not allowed; allowed: 1 to 3"),
        ("vport create nic0 --entries 5", 2, "entries: 5 is not allowed; allowed: a power of two"),
        ("vport create nic0 --processors 0:9", 2, "NDIS_STATUS_INVALID_DATA"),
        ("vport create nic0 --mac 02:00:00:00:00:07", 2, "tests the same as filter 1 of VPort 1"),
        ("vport create nic0 --mac 0200", 2, "no Ethernet address"),
        ("vport create nic0 --runtime", 2, "leave out --runtime"),
        ("vport delete nic0 7", 2, "VPort 7 does not exist: there are 0, 1"),
        ("vport delete nic0 0", 2, "VPort 0 is the adapter itself"),
        ("vport set nic0 1", 2, "nothing to set"),
        ("vport set nic0 1 --hash-types ipv4", 2, "fixed for the VPort's life"),
        ("vport filter nic0 1 --remove 9", 2, "has no filter 9: it has 1"),
        ("vport list nic0 --id 7", 2, "VPort 7 does not exist"),
        ("table move nic0 x=0:1", 2, "`x=0:1` is no move"),
        ("table move nic0 --from 0:1", 2, "--to"),
        ("stats nic0 --per port", 2, "vport"),
    ] {
        let said = daemon.line(line);
        assert_eq!(said.code, code, "{line}: {said:?}");
        assert!(said.err.contains(needle), "{line}: {said:?}");
    }
    assert_eq!(vports(&daemon), before, "nothing was changed");
    let said = daemon.line("vport filter nic0 1 --add 02:00:00:00:00:08/4 --remove 1");
    assert_eq!(said.code, 0, "{said:?}");
    let filters = vports(&daemon)[1]["filters"].clone();
    assert_eq!((filters.as_array().unwrap().len(), &filters[0]["vlan_id"]), (1, &4.into()), "{filters:#}");
    assert_eq!(daemon.line("release nic0").code, 0);
    assert_eq!(vports(&daemon).len(), 1, "given back as it was found");
}
