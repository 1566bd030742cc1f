//! Others that set what rssmgrd sets, each in the form in which it does, and in a form that does not count.

mod tree;

use rssmgr_core::doctor::{Sign, SignKind};
use rssmgr_host::rival::rivals;
use rssmgr_host::{NicFacts, nics};
use tree::Tree;

/// Two adapters: eth0 is an igb at 0000:00:03.0, eth1 an ice at 0000:00:04.0.
fn machine(name: &str, files: &[(&str, &str)]) -> (Tree, Vec<NicFacts>) {
    let tree = Tree::new(name, files);
    for (slot, nic, driver) in [("03", "eth0", "igb"), ("04", "eth1", "ice")] {
        let device = format!("sys/devices/pci0000:00/0000:00:{slot}.0");
        tree.file(&format!("{device}/uevent"), format!("DRIVER={driver}\n"));
        tree.file(&format!("{device}/net/{nic}/address"), format!("52:54:00:00:00:{slot}\n"));
        tree.link(&format!("sys/class/net/{nic}"), format!("../../../{device}/net/{nic}"));
    }
    let nics = nics(&tree.0).unwrap();
    assert_eq!(nics.len(), 2);
    (tree, nics)
}

/// Who sets what for whom, as `place:line whom text`; nothing may be unread.
fn found(name: &str, files: &[(&str, &str)]) -> Vec<String> {
    let (tree, nics) = machine(name, files);
    let all = rivals(&tree.0, &nics);
    assert!(all.unread.is_empty(), "{:?}", all.unread);
    all.signs.iter().map(line).collect()
}

fn line(sign: &Sign) -> String {
    let whom = sign.adapters.as_ref().map_or("all".into(), |a| a.join("+"));
    format!("{}:{} {whom} {}", sign.place, sign.line.unwrap_or(0), sign.text)
}

#[test]
fn a_usual_machine_has_none() {
    let usual = [
        (
            "etc/systemd/network/10-lan.link",
            "[Match]\nMACAddress=52:54:00:00:00:03\n\n[Link]\nName=lan0\nMTUBytes=9000\n",
        ),
        (
            "usr/lib/systemd/network/99-default.link",
            "[Match]\nOriginalName=*\n\n[Link]\nNamePolicy=keep kernel\n",
        ),
        (
            "etc/NetworkManager/system-connections/w.nmconnection",
            "[connection]\nid=w\n[ethtool]\nfeature-tso=false\n",
        ),
        ("etc/tuned/active_profile", "balanced\n"),
        (
            "usr/lib/tuned/balanced/tuned.conf",
            "[main]\nsummary=x\n[cpu]\ngovernor=schedutil\n[audio]\ntimeout=10\n",
        ),
        ("etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n  up ethtool -K eth0 gro on\n"),
        ("etc/udev/rules.d/70-net.rules", "ACTION==\"add\", SUBSYSTEM==\"net\", NAME=\"lan0\"\n"),
        ("usr/lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd -D\n"),
        ("proc/1/comm", "systemd\n"),
    ];
    assert_eq!(found("usual", &usual), Vec::<String>::new());
}

#[test]
fn irqbalance() {
    let (tree, nics) = machine(
        "irqbalance",
        &[("proc/77/comm", "irqbalance\n"), ("proc/77/cmdline", "irqbalance\0--banirq=40\0--foreground\0")],
    );
    let signs = rivals(&tree.0, &nics).signs;
    assert_eq!(signs.len(), 1);
    let rest = vec!["--foreground".into()];
    assert_eq!(signs[0].kind, SignKind::Irqbalance { banned: vec![40], rest, unasked: None });
    assert_eq!(line(&signs[0]), "process 77:0 all irqbalance --banirq=40 --foreground");
}

#[test]
fn systemd_link_files_apply_as_udev_applies_them() {
    let channels =
        |matching: &str| format!("[Match]\n{matching}\n[Link]\n# RxChannels=1\nCombinedChannels=4\n");
    let at = "etc/systemd/network/20-x.link";
    let one = |matching: &str| found("link", &[(at, &channels(matching))]);
    for matching in [
        "OriginalName=eth0",
        "OriginalName=x* eth[01] !y",
        "Driver=igb ixgbe",
        "MACAddress=52-54-00-00-00-03",
        "Path=pci-0000:00:03.*",
        "Driver=!ice",
        "OriginalName=eth0\nKernelVersion=>6",
    ] {
        let lines = one(matching);
        assert_eq!(lines.len(), 1, "{matching}");
        assert!(
            lines[0].contains("eth0") && lines[0].ends_with("CombinedChannels=4"),
            "{matching}: {lines:?}"
        );
    }
    for matching in ["OriginalName=eth7", "Driver=!igb !ice", "", "MACAddress=00:00:00:00:00:01"] {
        let lines = one(matching);
        assert!(lines.iter().all(|l| !l.contains("eth0")), "{matching}: {lines:?}");
    }
    // The first file by name wins, whatever its folder; one in /etc hides its namesake.
    let lines = found(
        "links",
        &[
            ("usr/lib/systemd/network/10-a.link", &channels("OriginalName=eth0")),
            ("etc/systemd/network/20-x.link", "[Match]\nOriginalName=*\n[Link]\nIRQAffinityPolicy=spread\n"),
            ("usr/lib/systemd/network/20-x.link", &channels("OriginalName=*")),
            ("etc/systemd/network/10-a.link.d/more.conf", "[Link]\nRxChannels=2\n"),
        ],
    );
    assert_eq!(
        lines,
        [
            "/usr/lib/systemd/network/10-a.link:5 eth0 CombinedChannels=4",
            "/etc/systemd/network/10-a.link.d/more.conf:2 eth0 RxChannels=2",
            "/etc/systemd/network/20-x.link:4 eth1 IRQAffinityPolicy=spread",
        ]
    );
    // A link to /dev/null in /etc hides as well.
    let (tree, nics) =
        machine("masked", &[("usr/lib/systemd/network/20-x.link", &channels("OriginalName=*"))]);
    tree.link("etc/systemd/network/20-x.link", "/dev/null");
    assert_eq!(rivals(&tree.0, &nics).signs, []);
}

#[test]
fn network_manager() {
    let file = "etc/NetworkManager/system-connections/lan.nmconnection";
    let with = |head: &str| {
        let text = format!("{head}\n[ethtool]\nchannels-combined=4\nfeature-gro=true\n");
        found("nm", &[(file, &text)])
    };
    assert_eq!(
        with("[connection]\nid=lan\ninterface-name=eth1"),
        [format!("/{file}:5 eth1 channels-combined=4")]
    );
    assert_eq!(
        with("[ethernet]\nmac-address=52:54:00:00:00:03"),
        [format!("/{file}:4 eth0 channels-combined=4")]
    );
    assert_eq!(with("[connection]\nid=lan"), [format!("/{file}:4 all channels-combined=4")]);
}

#[test]
fn tuned_profiles_and_what_they_include() {
    let lines = found(
        "tuned",
        &[
            ("etc/tuned/active_profile", "mine ../../evil\n"),
            (
                "etc/tuned/mine/tuned.conf",
                "[main]\ninclude=base,mine\n[lan]\ntype=net\ndevices=eth*,!eth1\nchannels=combined 4\n",
            ),
            ("usr/lib/tuned/mine/tuned.conf", "[net]\nchannels=combined 8\n"),
            (
                "usr/lib/tuned/profiles/base/tuned.conf",
                "[scheduler]\nisolated_cores=2-3\nsched_x=1\n[sysfs]\n/sys/class/net/*/queues/rx-*/rps_cpus=f\n",
            ),
            ("usr/lib/tuned/other/tuned.conf", "[net]\nchannels=combined 2\n"),
            ("evil/tuned.conf", "[net]\nchannels=combined 9\n"),
        ],
    );
    assert_eq!(
        lines,
        [
            "/etc/tuned/mine/tuned.conf:6 eth0 [lan] channels=combined 4",
            "/usr/lib/tuned/profiles/base/tuned.conf:2 all [scheduler] isolated_cores=2-3",
            "/usr/lib/tuned/profiles/base/tuned.conf:5 all [sysfs] /sys/class/net/*/queues/rx-*/rps_cpus=f",
        ]
    );
}

#[test]
fn units_that_are_started_and_scripts() {
    let unit = "[Service]\nType=oneshot\n# set_irq_affinity\nExecStart=/opt/set_irq_affinity local eth1\n";
    let (tree, nics) = machine(
        "scripts",
        &[
            ("etc/systemd/system/tune.service", unit),
            ("etc/systemd/system/idle.service", unit),
            ("usr/lib/systemd/system/ring@.service", "[Service]\nExecStart=/sbin/ethtool -L %i combined 4\n"),
            (
                "usr/lib/systemd/system/google-set-multiqueue.service",
                "[Service]\nExecStart=/usr/bin/google_set_multiqueue\n",
            ),
            (
                "etc/rc.local",
                "#!/bin/sh\nethtool -X eth0 equal 4\nethtool -i eth0\ncat /proc/irq/40/smp_affinity\n",
            ),
            ("etc/network/if-up.d/steer", "echo f > /sys/class/net/eth1/queues/rx-0/rps_cpus\n"),
            ("etc/sysconfig/network-scripts/ifcfg-eth0", "ETHTOOL_OPTS=\"-L eth0 combined 2\"\n"),
        ],
    );
    tree.link("etc/systemd/system/multi-user.target.wants/tune.service", "../tune.service");
    tree.link(
        "etc/systemd/system/multi-user.target.wants/ring@eth0.service",
        "/usr/lib/systemd/system/ring@.service",
    );
    let all = rivals(&tree.0, &nics);
    assert!(all.unread.is_empty(), "{:?}", all.unread);
    let units: Vec<_> = all
        .signs
        .iter()
        .filter_map(|s| match &s.kind {
            SignKind::Script { unit: Some(unit) } => Some(unit.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(units, ["ring@eth0.service", "tune.service"], "nobody starts the other two");
    let mut lines: Vec<String> = all.signs.iter().map(line).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "/etc/network/if-up.d/steer:1 all echo f > /sys/class/net/eth1/queues/rx-0/rps_cpus",
            "/etc/rc.local:2 eth0 ethtool -X eth0 equal 4",
            "/etc/sysconfig/network-scripts/ifcfg-eth0:1 eth0 ETHTOOL_OPTS=\"-L eth0 combined 2\"",
            "/etc/systemd/system/tune.service:4 eth1 ExecStart=/opt/set_irq_affinity local eth1",
            "/usr/lib/systemd/system/ring@.service:2 all ExecStart=/sbin/ethtool -L %i combined 4",
        ]
    );
}
