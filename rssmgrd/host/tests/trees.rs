//! Trees made by hand: links that lead elsewhere, files that are no files, old and partial layouts.

mod tree;

use std::fs;
use std::path::Path;
use std::process::Command;

use rssmgr_core::ids::NodeId;
use rssmgr_core::place::TeamSets;
use rssmgr_host::{HostError, boot_key, msi_irqs, nic, nics, topology};
use tree::Tree;

const CPU: &str = "sys/devices/system/cpu";

#[test]
fn links_stay_inside_the_root() {
    let tree = Tree::new("links", &[("sys/devices/system/cpu/online", "0-3\n"), ("kept/isolated", "2\n")]);
    // An absolute link starts at the root of the tree, and no number of `..` leaves it.
    tree.link(&format!("{CPU}/isolated"), "/kept/isolated");
    let outside = Tree::new("outside", &[("secret", "3\n")]);
    tree.link(&format!("{CPU}/nohz_full"), outside.0.join("secret"));
    let t = topology(&tree.0).unwrap();
    assert_eq!(t.cpus().filter(|(_, c)| c.isolated).map(|(id, _)| id.0).collect::<Vec<_>>(), [2]);
    assert!(t.cpus().all(|(_, c)| !c.nohz_full), "nothing outside the tree is read");
    fs::remove_file(tree.0.join(CPU).join("isolated")).unwrap();
    tree.link(&format!("{CPU}/isolated"), format!("{}kept/isolated", "../".repeat(40)));
    assert!(topology(&tree.0).unwrap().cpus().any(|(_, c)| c.isolated));
    // A loop, and a pipe that nobody writes to, are as good as missing.
    tree.link("proc/cmdline", "cmdline");
    let pipe = tree.place("sys/devices/system/cpu/cpu0/cpu_capacity");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    assert_eq!(topology(&tree.0).unwrap().online().len(), 4);
}

#[test]
fn ports_know_their_bond_and_whether_they_take_part() {
    let tree = Tree::new("teams", &[]);
    let part = |name: &str| rssmgr_host::takes_part(&tree.0, name).unwrap();
    for (name, master, mode) in [("eth0", "bond0", "802.3ad 4"), ("eth1", "bond1", "active-backup 1")] {
        tree.file(&format!("sys/devices/virtual/net/{master}/bonding/mode"), format!("{mode}\n"));
        tree.file(&format!("sys/class/net/{name}/bonding_slave/mii_status"), "up\n");
        tree.link(&format!("sys/class/net/{name}/master"), format!("../../../devices/virtual/net/{master}"));
    }
    tree.file("sys/devices/virtual/net/br0/bridge/stp_state", "0\n");
    tree.file("sys/class/net/eth2/address", "\n");
    tree.link("sys/class/net/eth2/master", "../../../devices/virtual/net/br0");
    let team = |name: &str| rssmgr_host::team(&tree.0, name).unwrap().map(|t| (t.name, t.sets));
    assert_eq!(team("eth0"), Some(("bond0".into(), TeamSets::Disjoint)));
    assert_eq!(team("eth1"), Some(("bond1".into(), TeamSets::Identical)));
    assert_eq!((team("eth2"), team("eth3")), (None, None), "a bridge, and nothing");

    assert_eq!((part("eth1"), part("eth2")), (Some(true), None));
    let lacp = |state: &str| {
        tree.file("sys/class/net/eth0/bonding_slave/ad_actor_oper_port_state", state);
        part("eth0")
    };
    assert_eq!((lacp("61\n"), lacp("5\n"), lacp("?\n")), (Some(true), Some(false), Some(false)));
    tree.file("sys/class/net/eth1/bonding_slave/mii_status", "going back\n");
    assert_eq!(part("eth1"), Some(false));
}

#[test]
fn damage_is_named_with_its_place() {
    let tree = Tree::new("damage", &[]);
    let error = || topology(&tree.0).unwrap_err();
    assert!(
        error().to_string().contains("holds no sys/devices/system/cpu; name the folder that holds `sys`")
    );
    assert!(matches!(topology(&tree.0.join("nowhere")), Err(HostError::NotAMachine { .. })));
    tree.file(&format!("{CPU}/online"), "0-\n");
    assert!(error().to_string().contains("sys/devices/system/cpu/online: CPU list `0-`: unexpected"));
    fs::write(tree.0.join(CPU).join("online"), b"0-\xff\xfe\x00").unwrap();
    assert!(matches!(error(), HostError::Topology { .. }));
    tree.file(&format!("{CPU}/online"), "0,".repeat(40_000));
    assert!(matches!(error(), HostError::TooLarge { limit: 65536, .. }));
    tree.file(&format!("{CPU}/online"), "0\n");
    tree.file("sys/devices/pci0000:00/0000:00:03.0/numa_node", "near\n");
    tree.file("sys/devices/pci0000:00/0000:00:03.0/net/eth0/address", "\n");
    tree.link("sys/class/net/eth0", "../../devices/pci0000:00/0000:00:03.0/net/eth0");
    let e = nic(&tree.0, "eth0").unwrap_err().to_string();
    assert!(e.ends_with(
        "0000:00:03.0/numa_node holds `near`, where a whole number is expected; record the machine again"
    ));
    for name in ["", ".", "..", "../../sys", "eth0/.", "a\0b"] {
        assert!(matches!(nic(&tree.0, name), Err(HostError::NoInterface { .. })), "{name:?}");
    }
}

#[test]
fn virtio_takes_node_and_vectors_from_its_pci_device() {
    let pci = "sys/devices/pci0000:00/0000:00:03.0";
    let tree = Tree::new(
        "virtio",
        &[
            (&format!("{pci}/numa_node"), "1\n"),
            (&format!("{pci}/local_cpus"), "ff00\n"),
            (&format!("{pci}/msi_irqs/25"), "msix\n"),
            (&format!("{pci}/msi_irqs/9"), "msix\n"),
            (&format!("{pci}/virtio0/uevent"), "DRIVER=virtio_net\nMODALIAS=virtio:d1v1\n"),
            (&format!("{pci}/virtio0/net/ens3/address"), "52:54:00:12:34:56\n"),
            (&format!("{pci}/virtio0/net/ens3/queues/rx-0/rps_cpus"), "0\n"),
            (&format!("{pci}/virtio0/net/ens3/queues/tx-0/xps_cpus"), "0\n"),
            (&format!("{pci}/virtio0/net/ens3/queues/tx-1/xps_cpus"), "0\n"),
            ("sys/devices/virtual/net/br0/address", "02:00:00:00:00:01\n"),
            ("sys/class/net/bonding_masters", "\n"),
        ],
    );
    tree.link("sys/class/net/ens3", format!("../../../{pci}/virtio0/net/ens3"));
    tree.link("sys/class/net/br0", "../../devices/virtual/net/br0");
    let all = nics(&tree.0).unwrap();
    assert_eq!(
        all.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(),
        ["br0", "ens3"],
        "a file is no interface"
    );
    assert_eq!((&all[0].device, all[0].mac.as_deref()), (&None, Some("02:00:00:00:00:01")));
    let ens3 = &all[1];
    assert_eq!(
        ens3.device.as_deref(),
        Some(Path::new(pci).join("virtio0").as_path()),
        "also without a device link"
    );
    assert_eq!((ens3.node, ens3.pci.as_deref()), (Some(NodeId(1)), Some("0000:00:03.0")));
    assert_eq!(ens3.local_cpus.as_ref().unwrap().to_string(), "8-15");
    assert_eq!((ens3.driver.as_deref(), &ens3.msi_irqs), (Some("virtio_net"), &vec![9, 25]));
    assert_eq!(msi_irqs(&tree.0, "ens3").unwrap(), [9, 25]);
    assert_eq!((ens3.rx_queues, ens3.tx_queues), (1, 2));
    tree.link(&format!("{pci}/virtio0/net/ens3/device"), "../..");
    assert_eq!(msi_irqs(&tree.0, "ens3").unwrap(), [9, 25], "by the device link");
    assert!(msi_irqs(&tree.0, "br0").unwrap().is_empty() && msi_irqs(&tree.0, "eth9").unwrap().is_empty());
    // A recording without the class folder.
    fs::remove_dir_all(tree.0.join("sys/class")).unwrap();
    tree.file("sys/devices/pci0000:00/0000:00:04.0/net/eth7/address", "52:54:00:12:34:57\n");
    tree.link("sys/bus/pci/devices/0000:00:04.0", "../../../devices/pci0000:00/0000:00:04.0");
    let eth7 = nic(&tree.0, "eth7").unwrap();
    assert_eq!((eth7.pci.as_deref(), eth7.node), (Some("0000:00:04.0"), None));
}

#[test]
fn the_boot_key_of_a_recording() {
    let file = "proc/sys/net/core/netdev_rss_key";
    let tree = Tree::new("key", &[]);
    assert_eq!(boot_key(&tree.0), None);
    let bytes: Vec<u8> = (1..=52).collect();
    let text: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    tree.file(file, format!("{}\n", text.join(":")));
    assert_eq!(boot_key(&tree.0).unwrap().bytes(), bytes);
    tree.file(file, format!("{}\n", ["00"; 52].join(":")));
    assert_eq!(boot_key(&tree.0), None, "the kernel has not made it yet");
    tree.file(file, "no key\n");
    assert_eq!(boot_key(&tree.0), None);
}
