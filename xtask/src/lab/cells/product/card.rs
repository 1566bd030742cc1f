//! What each card of the guest can do, as its own cell shows it with `ethtool`: not the product's opinion.

use crate::lab::cells::{e1000e, igb, virtio_net, vmxnet3};
use std::collections::BTreeSet;

/// A card under test.
#[derive(Debug)]
pub(super) struct Card {
    /// The interface's name, and the device's in QEMU.
    pub(super) name: &'static str,
    pub(super) driver: &'static str,
    pub(super) address: [u8; 6],
    /// The NUMA node; virtio's is that of its slot, which QEMU leaves unknown.
    pub(super) node: Option<u32>,
    pub(super) queues: u32,
    /// Whether their number can be changed, and with which impact at most.
    pub(super) channels: Option<&'static str>,
    /// Entries of the table, 0 where there is none.
    pub(super) entries: u32,
    pub(super) key: bool,
    /// Flow types whose fields can be switched between addresses and four fields.
    pub(super) fields: &'static [&'static str],
    /// Whether the device spreads as the table says.
    pub(super) spreads: bool,
    /// Whether `ethtool -S` counts packets of each queue in both directions.
    pub(super) counts_transmit: bool,
}

impl Card {
    /// What permits its driver to change channels.
    pub(super) fn allow(&self) -> String {
        self.channels.map_or_else(String::new, |class| format!("--allow {class}"))
    }
}

pub(super) const CARDS: [Card; 4] = [VIRTIO, IGB, E1000E, VMXNET3];

pub(super) const VIRTIO: Card = Card {
    name: virtio_net::NIC,
    driver: "virtio_net",
    address: [0x52, 0x54, 0, 0, 0, 1],
    node: None,
    queues: 8,
    channels: Some("reorder"),
    entries: 128,
    key: true,
    fields: &["tcp4", "udp4", "tcp6", "udp6"],
    spreads: true,
    counts_transmit: false,
};

pub(super) const IGB: Card = Card {
    name: igb::NIC,
    driver: "igb",
    address: [0x52, 0x54, 0, 0, 0, 2],
    node: Some(1),
    queues: 8,
    channels: Some("link"),
    entries: 128,
    key: false,
    fields: &["udp4", "udp6"],
    spreads: true,
    counts_transmit: true,
};

pub(super) const E1000E: Card = Card {
    name: e1000e::NIC,
    driver: "e1000e",
    address: [0x52, 0x54, 0, 0, 0, 3],
    node: None,
    queues: 1,
    channels: None,
    entries: 0,
    key: false,
    fields: &[],
    spreads: false,
    counts_transmit: false,
};

pub(super) const VMXNET3: Card = Card {
    name: vmxnet3::NIC,
    driver: "vmxnet3",
    address: [0x52, 0x54, 0, 0, 0, 4],
    node: Some(2),
    queues: 8,
    channels: None,
    entries: 128,
    key: false,
    fields: &[],
    spreads: false,
    counts_transmit: false,
};

/// The processors that a plan uses, from the documented rules alone: 8 CPUs, two on each of four nodes.
pub(super) struct Ask {
    pub(super) profile: &'static str,
    pub(super) base: Option<u32>,
    pub(super) max: Option<u32>,
    /// The least of all limits on the number of processors.
    pub(super) count: u32,
}

impl Ask {
    /// In the order in which queues get them.
    pub(super) fn processors(&self, node: Option<u32>, online: &BTreeSet<u32>) -> Vec<u32> {
        let eligible = |cpu: &u32| *cpu >= self.base.unwrap_or(0) && *cpu <= self.max.unwrap_or(u32::MAX);
        let mut cpus: Vec<u32> = online.iter().copied().filter(eligible).collect();
        let from = match self.profile {
            // An explicit base processor is where nearness is counted from.
            "Closest" | "ClosestStatic" | "Conservative" => self.base.map(node_of).or(node),
            _ => node,
        };
        let distance = |cpu: u32| from.map_or(0, |from| DISTANCES[from.abs_diff(node_of(cpu)) as usize]);
        cpus.sort_by_key(|cpu| (distance(*cpu), *cpu));
        if matches!(self.profile, "NUMA" | "NUMAStatic") {
            let turn = |cpu: u32| {
                cpus.iter().filter(|other| node_of(**other) == node_of(cpu) && **other < cpu).count()
            };
            let mut turns: Vec<(usize, u32, u32)> =
                cpus.iter().map(|cpu| (turn(*cpu), distance(*cpu), *cpu)).collect();
            turns.sort_unstable();
            cpus = turns.into_iter().map(|(_, _, cpu)| cpu).collect();
        }
        cpus.truncate(self.count as usize);
        cpus
    }
}

/// Distances from a node to itself, its neighbour, and so on.
const DISTANCES: [u32; 4] = [0, 6, 12, 18];

pub(super) const fn node_of(cpu: u32) -> u32 {
    cpu / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_order_as_documented() {
        let online: BTreeSet<u32> = (0..8).collect();
        let ask = |profile, base, count| Ask { profile, base, max: None, count };
        assert_eq!(ask("Closest", None, 5).processors(Some(1), &online), [2, 3, 0, 1, 4]);
        assert_eq!(ask("NUMAStatic", None, 5).processors(Some(1), &online), [2, 0, 4, 6, 3]);
        assert_eq!(ask("ClosestStatic", Some(4), 8).processors(Some(1), &online), [4, 5, 6, 7]);
        assert_eq!(ask("NUMA", None, 4).processors(None, &online), [0, 2, 4, 6]);
    }
}
