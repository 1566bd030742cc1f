//! How many queues, what is hashed, RPS, nodes and drivers.

use super::*;
use Severity::{Error, Info, Warning};

fn device(m: &mut Machine) -> &mut Device {
    m.nics[0].device.as_mut().unwrap()
}

fn capability(m: &mut Machine) -> &mut Capability {
    m.nics[0].capability.as_mut().unwrap()
}

/// Nothing was counted, so that only the state is judged.
fn uncounted(m: &mut Machine) {
    for queue in &mut m.nics[0].queues {
        queue.packets = None;
    }
}

#[test]
fn a_table_of_few_queues() {
    let narrow = |queues: u16| {
        with(|m| {
            uncounted(m);
            device(m).table = round_robin(128, queues);
        })
    };
    assert_eq!(found(&narrow(2)), [(Check::FewQueues, Warning)]);
    let f = one(&narrow(1));
    assert_eq!((f.check, f.severity), (Check::FewQueues, Error));
    assert!(f.title.contains("1 of 4 queues, and 4 CPUs are wanted"), "{}", f.title);
    let mut free = narrow(2);
    unmanaged(&mut free.nics[0]);
    assert_eq!(found(&free), [(Check::FewQueues, Info)], "somebody may have wanted it so");
    let mut asked = narrow(2);
    set_field(&mut asked.nics[0], "max_processors", "2");
    assert_eq!(found(&asked), []);
    let mut off = narrow(1);
    set_field(&mut off.nics[0], "enabled", "false");
    assert_eq!(found(&off), [], "nothing is to be spread");
    let mut fixed = narrow(1);
    fixed.nics[0].driver = "e1000e".into();
    assert_eq!(found(&fixed), [], "the driver has no table to write");
    let switched_off = with(|m| {
        uncounted(m);
        device(m).enabled = false;
    });
    assert_eq!(found(&switched_off), [(Check::FewQueues, Error)]);
}

#[test]
fn few_channels() {
    let more = |n| with(|m| capability(m).max_queues = n);
    let f = one(&more(16));
    assert_eq!((f.check, f.severity), (Check::FewChannels, Info));
    assert!(f.title.contains("4 queues are switched on, and 8 could be used"), "{}", f.title);
    assert!(f.evidence[1].ends_with("by the driver: link"), "{:?}", f.evidence);
    assert!(f.remedy[0].contains("--queues 8 --what-if"));
    let mut asked = more(16);
    set_field(&mut asked.nics[0], "queues", "4");
    assert_eq!(found(&asked), []);
    let mut limited = more(16);
    set_field(&mut limited.nics[0], "max_processors", "4");
    assert_eq!(found(&limited), []);
    let mut fixed = more(16);
    capability(&mut fixed).channels = ChannelControl::Fixed;
    assert_eq!(found(&fixed), []);
    let single = with(|m| {
        m.nics = vec![nic("eth0", &[4])];
        capability(m).max_queues = 8;
    });
    assert_eq!(found(&single), [(Check::FewChannels, Warning)]);
}

#[test]
fn udp_without_ports() {
    let hashing = |types: &str| with(|m| device(m).hash_types = HashTypes::parse(types).unwrap());
    let plain = hashing("ipv4,tcp_ipv4,ipv6,tcp_ipv6");
    let f = one(&plain);
    assert_eq!((f.check, f.severity), (Check::UdpAddressesOnly, Info));
    assert!(f.title.contains("IPv4 and IPv6"));
    assert!(
        f.remedy[0].contains("--hash-types ipv4,tcp_ipv4,udp_ipv4,ipv6,tcp_ipv6,udp_ipv6 "),
        "{:?}",
        f.remedy
    );
    assert!(one(&hashing("ipv4,tcp_ipv4,ipv6,tcp_ipv6,udp_ipv6")).title.contains("over IPv4 is"));
    // A tunnel that would spread by its source ports.
    let tunnel = |kind, over: Option<&str>| Tunnel {
        name: "t0".into(),
        kind,
        over: over.map(Into::into).into_iter().collect(),
    };
    let mut carried = plain.clone();
    carried.tunnels = vec![tunnel(TunnelKind::Vxlan, Some("eth0"))];
    assert_eq!(found(&carried), [(Check::UdpAddressesOnly, Warning)]);
    carried.tunnels = vec![tunnel(TunnelKind::Vxlan, Some("eth9"))];
    assert_eq!(found(&carried), [(Check::UdpAddressesOnly, Info)]);
    // The hardware cannot do better, or need not.
    let mut poor = plain.clone();
    capability(&mut poor).hash_types = HashTypes::parse("ipv4,tcp_ipv4,ipv6,tcp_ipv6").unwrap();
    assert_eq!(found(&poor), []);
    // Not through the driver: then through the kernel.
    let mut fixed = plain;
    capability(&mut fixed).hash_types_settable = false;
    assert!(one(&fixed).remedy[0].contains("rps_cpus"), "{:?}", one(&fixed).remedy);
    let alone = with(|m| {
        m.nics = vec![nic("eth0", &[4])];
        device(m).hash_types = HashTypes::parse("ipv4").unwrap();
        m.nics[0].queues[0].rps = Some(set(&[4, 5]));
    });
    assert_eq!(found(&alone), [], "a single queue hashes for nobody");
}

#[test]
fn tunnels_that_hash_alike() {
    let over = |kind, over: Option<&str>| {
        with(|m| {
            let over = over.map(Into::into).into_iter().collect();
            m.tunnels = vec![Tunnel { name: "tun9".into(), kind, over }];
            // Of which nobody knows what it hashes.
            m.nics[0].driver = "ixgbe".into();
        })
    };
    for kind in [TunnelKind::Gre, TunnelKind::IpIp, TunnelKind::Ppp, TunnelKind::Wireguard] {
        let f = one(&over(kind, Some("eth0")));
        assert_eq!((f.check, f.severity), (Check::TunnelOneQueue, Info));
        assert!(f.title.contains(kind.name()), "{}", f.title);
        // CPUs 4-7 of node 1.
        assert!(f.remedy[0].starts_with("echo f0 | tee /sys/class/net/eth0/queues/rx-*/rps_cpus"));
    }
    for kind in [TunnelKind::Vxlan, TunnelKind::Geneve] {
        assert_eq!(found(&over(kind, Some("eth0"))), [], "the source port differs by flow");
    }
    assert_eq!(found(&over(TunnelKind::Gre, None)), [], "nobody knows where it comes in");
    let mut route = over(TunnelKind::Gre, None);
    route.nics[0].default_route = true;
    assert_eq!(found(&route), [(Check::TunnelOneQueue, Info)]);
    // The route of a bond leads over each of its ports.
    let mut ports = route.clone();
    ports.nics.push(NicReport { name: "eth1".into(), ..ports.nics[0].clone() });
    let named: Vec<_> = diagnose(&ports).into_iter().filter(|f| f.check == Check::TunnelOneQueue).collect();
    assert_eq!(named.iter().map(|f| f.adapter.as_deref()).collect::<Vec<_>>(), [Some("eth0"), Some("eth1")]);
    for queue in &mut route.nics[0].queues {
        queue.rps = Some(set(&[4, 5, 6, 7]));
    }
    assert_eq!(found(&route), [], "RPS looks into tunnels");
    let mut seen = over(TunnelKind::Gre, Some("eth0"));
    seen.nics[0].queues[3].packets = Some(Sampled { before: Some(0), now: 90_000 });
    assert!(found(&seen).contains(&(Check::TunnelOneQueue, Warning)), "{:?}", found(&seen));

    // The source port could spread VXLAN; what arrives on one queue all the same shows that it does not.
    let mut vxlan = over(TunnelKind::Vxlan, Some("eth0"));
    vxlan.nics[0].queues[3].packets = Some(Sampled { before: Some(0), now: 90_000 });
    capability(&mut vxlan).tunnel_features = vec!["tx-udp_tnl-segmentation".into()];
    let of_tunnel = |m: &Machine| diagnose(m).into_iter().find(|f| f.check == Check::TunnelOneQueue);
    let f = of_tunnel(&vxlan).unwrap();
    assert_eq!(f.severity, Warning);
    assert!(f.evidence[0].contains("few source ports"), "{:?}", f.evidence);
    assert!(f.evidence.iter().any(|e| e.contains("tx-udp_tnl-segmentation")), "{:?}", f.evidence);
    assert!(f.evidence.iter().any(|e| e.contains("queue 3 received")), "{:?}", f.evidence);
    // What is known of the driver is told instead; one that hashes what is inside is found only by its traffic.
    for (driver, kind, told) in [
        ("virtio_net", TunnelKind::Gre, Some("the driver virtio_net hashes outer headers only")),
        ("mlx5_core", TunnelKind::Gre, None),
        ("mlx5_core", TunnelKind::IpIp, None),
        (
            "mlx5_core",
            TunnelKind::Wireguard,
            Some("mlx5_core hashes the inner headers of GRE and IP in IP only"),
        ),
        ("ice", TunnelKind::Gre, None),
        ("ice", TunnelKind::IpIp, Some("ice hashes the inner headers of GRE, VXLAN and Geneve only")),
    ] {
        let mut known = over(kind, Some("eth0"));
        known.nics[0].driver = driver.into();
        let f = of_tunnel(&known);
        assert_eq!(f.is_some(), told.is_some(), "{driver} {kind:?}: {f:?}");
        let evidence = f.map(|f| f.evidence.join("; ")).unwrap_or_default();
        assert!(evidence.contains(told.unwrap_or_default()), "{evidence}");
        known.nics[0].queues[3].packets = Some(Sampled { before: Some(0), now: 90_000 });
        assert_eq!(of_tunnel(&known).map(|f| f.severity), Some(Warning), "{driver} {kind:?}: it is seen");
    }
    device(&mut vxlan).hash_types = HashTypes::parse("ipv4,tcp_ipv4,ipv6,tcp_ipv6").unwrap();
    assert_eq!(of_tunnel(&vxlan), None, "the types are what is to be changed");
}

#[test]
fn one_queue_without_rps() {
    let single = with(|m| m.nics = vec![nic("eth0", &[4])]);
    let f = one(&single);
    assert_eq!((f.check, f.severity), (Check::NeedsRps, Info));
    assert!(f.remedy[0].starts_with("echo f0 | tee /sys/class/net/eth0/queues/rx-*/rps_cpus"));
    let busy = |n| {
        let mut m = single.clone();
        m.nics[0].queues[0].packets = Some(Sampled { before: Some(0), now: n });
        found(&m)
    };
    assert_eq!(busy(20_000), [(Check::NeedsRps, Warning)]);
    assert_eq!(busy(19_999), [(Check::NeedsRps, Info)]);
    let mut ours = single.clone();
    capability(&mut ours).rps = true;
    assert_eq!(one(&ours).remedy, ["rssctl set eth0 --rps true"]);
    // What that leads to is as it should be: one queue for all the CPUs.
    set_field(&mut ours.nics[0], "rps", "true");
    ours.nics[0].queues[0].rps = Some(set(&[0, 1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(found(&ours), []);
    let mut spread = single.clone();
    spread.nics[0].queues[0].rps = Some(set(&[5, 6]));
    assert_eq!(found(&spread), []);
    spread.nics[0].queues[0].rps = None;
    assert_eq!(found(&spread), [], "nothing is known");
    let mut one_cpu = single;
    one_cpu.topology = Topology::from_spec("1x1x2").unwrap();
    one_cpu.nics[0] = nic("eth0", &[0]);
    assert_eq!(found(&one_cpu), []);
}

#[test]
fn adapters_without_a_node() {
    let lost = with(|m| m.nics[0].node = None);
    let f = one(&lost);
    assert_eq!((f.check, f.severity), (Check::NoNumaNode, Warning));
    assert!(f.remedy[0].starts_with("rssctl set eth0 --numa-node 0"));
    let mut told = lost.clone();
    set_field(&mut told.nics[0], "numa_node", "1");
    assert_eq!(found(&told), []);
    let mut single = lost;
    single.topology = Topology::from_spec("1x8x2").unwrap();
    assert_eq!(found(&single), []);
}

#[test]
fn drivers_whose_word_is_not_to_be_taken() {
    let driven = |name: &str, verified| {
        with(|m| {
            m.nics[0].driver = name.into();
            m.nics[0].daemon.as_mut().unwrap().verified = verified;
        })
    };
    let f = one(&driven("vmxnet3", Verified::Config));
    assert_eq!((f.check, f.severity), (Check::MayIgnoreTable, Info));
    assert_eq!(found(&driven("vmxnet3", Verified::Traffic)), [], "packets proved it");
    assert_eq!(found(&driven("ixgbe", Verified::Config)), []);
    let mut all_on_one = driven("vmxnet3", Verified::Unknown);
    for queue in &mut all_on_one.nics[0].queues[1..] {
        queue.packets = Some(Sampled { before: Some(7), now: 7 });
    }
    assert!(found(&all_on_one).contains(&(Check::MayIgnoreTable, Warning)));
    // virtio: a table on paper, when somebody else wrote it.
    let paper = |user_table, rows: u16| {
        let mut m = driven("virtio_net", Verified::Unknown);
        unmanaged(&mut m.nics[0]);
        uncounted(&mut m);
        device(&mut m).user_table = user_table;
        device(&mut m).table = round_robin(128, 4);
        device(&mut m).table.rotate_left(rows.into());
        found(&m)
    };
    assert_eq!(paper(UserTable::Yes, 0), [(Check::MayIgnoreTable, Info)]);
    assert_eq!(paper(UserTable::Unknown, 1), [(Check::MayIgnoreTable, Info)]);
    assert_eq!(paper(UserTable::Unknown, 0), []);
    assert_eq!(paper(UserTable::No, 0), []);
    assert_eq!(found(&driven("virtio_net", Verified::Unknown)), [], "rssmgrd sends it again");
}
