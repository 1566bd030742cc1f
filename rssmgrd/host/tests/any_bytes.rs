//! Whatever the files of a machine hold, every reader answers or names what is wrong.

mod tree;

use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use rssmgr_host::rival::rivals;
use rssmgr_host::settings::{SAVED, Whom, config_files, hidden};
use rssmgr_host::{
    cpu_times, default_routes, gateways, interrupt, interrupt_counts, nics, processes, receive_limits,
    receive_steering, softnet, tunnels,
};
use tree::Tree;

const FILES: [&str; 25] = [
    "proc/net/softnet_stat",
    "proc/net/route",
    "proc/net/ipv6_route",
    "proc/stat",
    "proc/interrupts",
    "proc/irq/40/smp_affinity_list",
    "proc/irq/40/effective_affinity_list",
    "proc/irq/40/affinity_hint",
    "proc/irq/40/node",
    "proc/7/comm",
    "proc/7/cmdline",
    "proc/sys/net/core/netdev_budget",
    "sys/class/net/eth0/flags",
    "sys/class/net/eth0/type",
    "sys/class/net/eth0/iflink",
    "sys/class/net/eth0/uevent",
    "sys/class/net/eth0/queues/rx-0/rps_cpus",
    "etc/systemd/network/10-a.link",
    "etc/NetworkManager/system-connections/a",
    "etc/tuned/active_profile",
    "etc/tuned/a/tuned.conf",
    "etc/rc.local",
    "etc/systemd/system/a.service",
    "etc/rssmgrd/rssmgrd.toml",
    SAVED,
];

/// Bytes that look like what belongs there, and any bytes.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "cpu0 ",
        "CPU1 ",
        "40: ",
        "\n",
        " ",
        "0x1003",
        "ffffffff ",
        "4294967296 ",
        "-1",
        "0-7",
        "eth0\t00000000\t0\t0003\t",
        "[Match]\n",
        "OriginalName=*\n",
        "[Link]\n",
        "CombinedChannels=4\n",
        "[main]\ninclude=a\n",
        "[net]\nchannels=x\n",
        "ExecStart=ethtool -L ",
        "irqbalance",
        "\0--banirq=",
        "[[adapter]]\n",
        "match = { name = \"*\" }\n",
        "max_processors = 9\n",
        "[adapter.settings]\n",
        "name = \"eth0\"\n",
        "é",
        "a\n",
        "99999999999999999999",
    ]);
    prop_oneof![vec(words, 0..30).prop_map(|w| w.concat().into_bytes()), vec(any::<u8>(), 0..200),]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn every_reader_survives(contents in vec(content(), FILES.len())) {
        let tree = Tree::new("any", &[]);
        for (file, bytes) in FILES.iter().zip(contents) {
            tree.file(file, bytes);
        }
        let root = &tree.0;
        let _ = softnet(root);
        let _ = default_routes(root);
        let _ = gateways(root);
        let _ = cpu_times(root);
        let _ = interrupt_counts(root, |_| true);
        let _ = interrupt(root, 40);
        let _ = processes(root, &["irqbalance"]);
        let _ = receive_limits(root);
        let _ = tunnels(root);
        let _ = receive_steering(root, "eth0");
        let found = nics(root).unwrap_or_default();
        let all = rivals(root, &found);
        for sign in &all.signs {
            prop_assert!(sign.place.starts_with('/') || sign.place.starts_with("process "), "{sign:?}");
        }
        let files: Vec<PathBuf> = config_files(root).unwrap();
        let whom = [Whom { name: "eth0".into(), ..Whom::default() }];
        let _ = hidden(root, &files, Path::new(SAVED), &whom);
    }
}
