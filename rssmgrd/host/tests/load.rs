//! What CPUs and interrupts had to do, routes, tunnels and processes: texts as kernels print them.

mod tree;

use std::collections::{BTreeMap, BTreeSet};

use rssmgr_core::doctor::Knobs;
use rssmgr_core::ids::{CpuId, NodeId};
use rssmgr_core::tunnel::TunnelKind;
use rssmgr_host::{
    CpuTime, HostError, Router, Softnet, cpu_times, default_routes, gateways, interrupt, interrupt_counts,
    nic, processes, receive_limits, receive_steering, softnet, tunnels,
};
use tree::Tree;

/// Linux 6.1 prints 13 columns, later ones 15; CPU 1 is offline and has no row.
#[test]
fn softnet_rows_are_known_by_their_own_cpu() {
    let row = "0000a1b2 00000003 00000010 00000000 00000000 00000000 00000000 00000000 00000000 00000007 00000000 \
               00000000";
    let old =
        Tree::new("softnet61", &[("proc/net/softnet_stat", &format!("{row} 00000000\n{row} 00000002\n"))]);
    let rows = softnet(&old.0).unwrap();
    let wanted =
        |cpu| Softnet { cpu: CpuId(cpu), processed: 0xa1b2, dropped: 3, squeezed: 16, received_rps: 7 };
    assert_eq!(rows, [wanted(0), wanted(2)]);
    let text = format!("{row} 00000000 00000009 00000009\n{row} 0000000a 00000009 00000009\n");
    let new = Tree::new("softnet71", &[("proc/net/softnet_stat", &text)]);
    assert_eq!(softnet(&new.0).unwrap(), [wanted(0), wanted(10)]);
    assert_eq!(softnet(&Tree::new("softnet0", &[("proc/x", "")]).0).unwrap(), []);
    for damaged in ["", "0000a1b2 00000003", "+1 0 0 0 0 0 0 0 0 0 0 0 0", "x"] {
        let text = format!("{row} 00000000\n{damaged}\n");
        let tree = Tree::new("softnetbad", &[("proc/net/softnet_stat", &text)]);
        let e = softnet(&tree.0).unwrap_err();
        assert!(matches!(e, HostError::Line { line: 2, .. }), "{damaged}: {e}");
    }
}

#[test]
fn times_and_limits() {
    let tree = Tree::new(
        "stat",
        &[
            (
                "proc/stat",
                "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 10 0 20 900 5 3 40 0 0 0\ncpu3 1 2 3 4 5 6 7 8 100 0\nintr 5 1\n",
            ),
            ("proc/sys/net/core/netdev_max_backlog", "1000\n"),
            ("proc/sys/net/core/netdev_budget", "x\n"),
        ],
    );
    let times = [
        CpuTime { cpu: CpuId(0), interrupts: 43, total: 978 },
        // Guest time, 100, is in user time already.
        CpuTime { cpu: CpuId(3), interrupts: 13, total: 36 },
    ];
    assert_eq!(cpu_times(&tree.0).unwrap(), times);
    assert_eq!(receive_limits(&tree.0), Knobs { max_backlog: Some(1000), budget: None, budget_usecs: None });
}

#[test]
fn interrupts_and_their_counts() {
    let text = "            CPU0       CPU2       \n  0:         12          0   IO-APIC   2-edge      timer\n \
                40:        100         23   PCI-MSIX-0000:00:04.0   1-edge      eth0-TxRx-0\n \
                41:          5   PCI-MSIX-0000:00:04.0   2-edge      eth0-TxRx-1\n\
                NMI:          7          8   Non-maskable interrupts\nERR:          0\n";
    let tree = Tree::new(
        "interrupts",
        &[
            ("proc/interrupts", text),
            ("proc/irq/40/smp_affinity_list", "0,2\n"),
            ("proc/irq/40/effective_affinity_list", "2\n"),
            ("proc/irq/40/affinity_hint", "00,00000004\n"),
            ("proc/irq/40/node", "1\n"),
            ("proc/irq/40/eth0-TxRx-0/x", ""),
        ],
    );
    let counts = interrupt_counts(&tree.0, |irq| (40..50).contains(&irq)).unwrap();
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), [40, 41]);
    assert_eq!(counts[&40].cpus, BTreeMap::from([(CpuId(0), 100), (CpuId(2), 23)]));
    assert_eq!(counts[&40].text, "PCI-MSIX-0000:00:04.0 1-edge eth0-TxRx-0");
    assert_eq!(counts[&41].cpus, BTreeMap::from([(CpuId(0), 5)]), "a CPU went while the kernel wrote");
    let irq = interrupt(&tree.0, 40).unwrap();
    assert_eq!(irq.allowed.unwrap().to_string(), "0,2");
    assert_eq!(irq.effective.unwrap().to_string(), "2");
    assert_eq!(irq.hint.unwrap().to_string(), "2");
    assert_eq!((irq.node, irq.names), (Some(NodeId(1)), vec!["eth0-TxRx-0".to_owned()]));
    assert_eq!(interrupt(&tree.0, 41).unwrap(), rssmgr_host::Interrupt::default());
    tree.file("proc/irq/41/smp_affinity_list", "0-\n");
    assert!(matches!(interrupt(&tree.0, 41), Err(HostError::Set { .. })));
}

/// 1,024 CPUs and 2,000 interrupts: 24 MB.
#[test]
fn a_large_interrupts_file_is_read_line_by_line() {
    let cpus = 1024;
    let mut text: String = (0..cpus).map(|c| format!("   CPU{c}")).collect();
    text.push('\n');
    let zeros = " 0000000000".repeat(cpus - 1);
    for irq in 0..2000 {
        text += &format!("{irq}: {irq}{zeros}  PCI-MSI {irq}-edge eth0-TxRx-{irq}\n");
    }
    assert!(text.len() > 20 << 20);
    let tree = Tree::new("large", &[("proc/interrupts", &text)]);
    let counts = interrupt_counts(&tree.0, |irq| irq == 1999).unwrap();
    assert_eq!(counts.len(), 1);
    assert_eq!(counts[&1999].cpus.len(), cpus);
    assert_eq!(counts[&1999].cpus[&CpuId(0)], 1999);
    tree.file("proc/interrupts", "CPU0 ".repeat(100_000));
    assert!(matches!(interrupt_counts(&tree.0, |_| true), Err(HostError::TooLarge { .. })));
}

#[test]
fn default_routes_by_interface() {
    let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    let rows = "eth1\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
                eth2\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n\
                eth3\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n\
                *\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\nshort\n";
    let tree = Tree::new("route", &[("proc/net/route", &format!("{head}{rows}"))]);
    assert_eq!(default_routes(&tree.0).unwrap().into_iter().collect::<Vec<_>>(), ["eth1"]);
    let zeros = "0".repeat(32);
    let local = "fe800000000000000000000000000001";
    let v6 = format!(
        "{zeros} 00 {zeros} 00 {local} 00000400 00000001 00000000 00000003     eth1\n\
         {zeros} 00 {zeros} 00 {local} ffffffff 00000001 00000000 00200200       lo\n\
         20010db8{} 20 {zeros} 00 {local} 00000400 00000001 00000000 00000003     eth4\n\
         {zeros} 00 {zeros} 00 {zeros} 00000400 00000001 00000000 00000001     eth5\n",
        "0".repeat(24)
    );
    tree.file("proc/net/ipv6_route", v6);
    let gateways = gateways(&tree.0).unwrap();
    assert_eq!(gateways.len(), 1, "{gateways:?}");
    let router = |address: &str| Router { interface: "eth1".into(), address: address.parse().unwrap() };
    assert_eq!(gateways["eth1"], [router("192.168.2.1"), router("fe80::1")]);
}

/// A bridge on a VLAN on a bond of two ports, and a bridge that is below itself, as only a damaged recording has it.
#[test]
fn default_routes_lead_over_what_is_below() {
    let rows = "br0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
                br1\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n";
    let tree = Tree::new("below", &[("proc/net/route", &format!("Iface\n{rows}"))]);
    for (name, lower) in
        [("br0", "bond0.5"), ("bond0.5", "bond0"), ("bond0", "eth0"), ("bond0", "eth1"), ("br1", "br1")]
    {
        tree.link(&format!("sys/class/net/{name}/lower_{lower}"), format!("../{lower}"));
    }
    tree.file("sys/class/net/eth2/flags", "0x1003\n");
    tree.link("sys/class/net/eth0.7/lower_eth0", "../eth0");
    let over = default_routes(&tree.0).unwrap();
    assert_eq!(over.iter().collect::<Vec<_>>(), ["bond0", "bond0.5", "br0", "br1", "eth0", "eth1"]);
    let gateways = gateways(&tree.0).unwrap();
    let router = Router { interface: "br0".into(), address: "192.168.2.1".parse().unwrap() };
    assert_eq!(gateways.keys().collect::<Vec<_>>(), ["bond0", "bond0.5", "br0", "eth0", "eth1"]);
    assert!(gateways.values().all(|routers| *routers == [router.clone()]), "{gateways:?}");
}

#[test]
fn tunnels_that_are_up() {
    let at = |name: &str, file: &str| format!("sys/class/net/{name}/{file}");
    let tree = Tree::new("tunnels", &[]);
    for (name, flags, kind, index, link, devtype) in [
        ("eth0", "0x1003", "1", "2", "2", ""),
        ("vx1", "0x1003", "1", "5", "5", "vxlan"),
        ("vx2", "0x1003", "1", "10", "10", "vxlan"),
        ("wg0", "0x91", "65534", "6", "6", "wireguard"),
        ("gre0", "0x80", "778", "3", "0", ""),
        ("gre1", "0x91", "778", "7", "2", ""),
        ("sit1", "0x91", "776", "8", "0", ""),
        ("ppp0", "0x91", "512", "9", "9", "ppp"),
    ] {
        tree.file(&at(name, "flags"), format!("{flags}\n"));
        tree.file(&at(name, "type"), format!("{kind}\n"));
        tree.file(&at(name, "ifindex"), format!("{index}\n"));
        tree.file(&at(name, "iflink"), format!("{link}\n"));
        if !devtype.is_empty() {
            tree.file(&at(name, "uevent"), format!("DEVTYPE={devtype}\nINTERFACE={name}\n"));
        }
    }
    for (name, lower) in [("vx1", "eth0"), ("vx2", "bond0"), ("bond0", "eth0"), ("bond0", "eth1")] {
        tree.link(&at(name, &format!("lower_{lower}")), format!("../{lower}"));
    }
    let found: Vec<_> = tunnels(&tree.0).unwrap().into_iter().map(|t| (t.name, t.kind, t.over)).collect();
    let own = |name: &str, kind, over: &[&str]| {
        (name.to_owned(), kind, over.iter().map(|&n| n.to_owned()).collect::<BTreeSet<_>>())
    };
    assert_eq!(
        found,
        [
            own("gre1", TunnelKind::Gre, &["eth0"]),
            own("ppp0", TunnelKind::Ppp, &[]),
            own("sit1", TunnelKind::IpIp, &[]),
            own("vx1", TunnelKind::Vxlan, &["eth0"]),
            own("vx2", TunnelKind::Vxlan, &["bond0", "eth0", "eth1"]),
            own("wg0", TunnelKind::Wireguard, &[]),
        ],
        "gre0 is down: the kernel made it"
    );
}

#[test]
fn processes_by_name() {
    let tree = Tree::new(
        "processes",
        &[
            ("proc/12/comm", "irqbalance\n"),
            ("proc/12/cmdline", "/usr/sbin/irqbalance\0--foreground\0"),
            ("proc/13/comm", "irqbalance2\n"),
            ("proc/14/comm", "tuned\n"),
            ("proc/self/comm", "irqbalance\n"),
        ],
    );
    let found = processes(&tree.0, &["irqbalance", "tuned"]).unwrap();
    let seen: Vec<_> = found.iter().map(|p| (p.pid, p.name.as_str(), p.arguments.len())).collect();
    assert_eq!(seen, [(12, "irqbalance", 2), (14, "tuned", 0)]);
}

#[test]
fn steering_and_flags_of_an_interface() {
    let folder = "sys/devices/pci0000:00/0000:00:03.0/net/eth0";
    let tree = Tree::new(
        "steering",
        &[
            (&format!("{folder}/flags"), "0x1003\n"),
            (&format!("{folder}/queues/rx-0/rps_cpus"), "00,0000000c\n"),
            (&format!("{folder}/queues/rx-10/rps_cpus"), "00,00000000\n"),
            (&format!("{folder}/queues/rx-2/rps_cpus"), "01,00000000\n"),
        ],
    );
    tree.link("sys/class/net/eth0", format!("../../../{folder}"));
    let steering: Vec<String> =
        receive_steering(&tree.0, "eth0").unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(steering, ["2-3", "32", ""], "by the queue's number");
    assert_eq!(nic(&tree.0, "eth0").unwrap().up, Some(true));
    tree.file(&format!("{folder}/flags"), "0x1002\n");
    assert_eq!(nic(&tree.0, "eth0").unwrap().up, Some(false));
}
