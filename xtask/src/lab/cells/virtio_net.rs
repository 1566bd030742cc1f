//! virtio_net: all of RSS is there, QEMU steers by it, and the table has to be sent again after a channel change.

use super::Checks;
use super::ethtool::{self, INVALID, UNSUPPORTED};
use super::interrupts::{self, queue_of, virtio_device};
use crate::lab::frames::{Flow, SPECIFIED_KEY, VECTORS, random_flows, vector};
use crate::lab::guest::Guest;
use anyhow::Result;
use std::collections::BTreeSet;

pub(crate) const NIC: &str = "virtio0";
const ADDRESS: [u8; 6] = [0x52, 0x54, 0, 0, 0, 1];
const QUEUES: u32 = 8;

pub(crate) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    ethtool::up(guest, NIC)?;
    let device = virtio_device(guest, NIC)?;
    let vector_name = format!("{device}-input.{{}}");
    checks.equal("channels", &ethtool::channels(guest, NIC)?, &(QUEUES, QUEUES));
    let there = interrupts::read(guest)?;
    for direction in ["input", "output"] {
        let named = (0..QUEUES).filter(|q| there.contains_key(&format!("{device}-{direction}.{q}"))).count();
        checks.equal(&format!("{direction} vectors"), &named, &8);
    }
    let node = guest.expect(&format!("cat /sys/class/net/{NIC}/device/../numa_node"))?;
    checks.equal("NUMA node of the PCI parent", &node.trim(), &"-1");

    for flow in ["tcp4", "udp4", "tcp6", "udp6"] {
        checks.equal(&format!("fields of {flow}"), &ethtool::fields(guest, NIC, flow)?, &"sdfn".to_owned());
    }
    for (arguments, expected) in [
        ("equal 9", INVALID),
        ("hfunc xor", UNSUPPORTED),
        ("context new", UNSUPPORTED),
        ("hkey KEY equal 8", "ok"),
    ] {
        let hex: Vec<String> = SPECIFIED_KEY.iter().map(|byte| format!("{byte:02x}")).collect();
        let arguments = arguments.replace("KEY", &hex.join(":"));
        let verdict = ethtool::verdict(guest, &format!("-X {NIC} {arguments}"))?;
        checks.equal(&format!("-X {arguments}"), &verdict.as_str(), &expected);
        if expected == "ok" {
            let rss = ethtool::rss(guest, NIC)?;
            checks.equal("key", &rss.key, &Some(hex.join(":")));
            checks.equal("table", &rss.table, &round_robin(8));
        }
    }
    let verdict = ethtool::verdict(guest, &format!("-N {NIC} rx-flow-hash udp4 s"))?;
    checks.equal("udp4 by source alone", &verdict.as_str(), &INVALID);

    for (source, destination, hash) in VECTORS {
        let flow = vector(source, destination)?;
        let queue = queue_of(guest, NIC, &vector_name, QUEUES, &flow.frame(multicast_or(&flow)))?;
        checks.equal(&format!("queue of {source}"), &queue, &(hash % 128 % QUEUES));
    }
    lie(guest, checks, &vector_name)
}

/// After a channel change the kernel reports the table that was set, and the device spreads over all queues until the
/// table is sent again.
fn lie(guest: &mut Guest, checks: &mut Checks, vector_name: &str) -> Result<()> {
    for step in ["-X virtio0 equal 2", "-L virtio0 combined 2", "-L virtio0 combined 4"] {
        checks.equal(step, &ethtool::verdict(guest, step)?.as_str(), &"ok");
    }
    checks.equal("table after -L", &ethtool::rss(guest, NIC)?.table, &round_robin(2));
    let flows = random_flows(7, 200);
    let spread = queues_hit(guest, vector_name, &flows)?;
    checks.equal("queues hit after -L", &spread, &(0..4).collect());
    ethtool::verdict(guest, &format!("-X {NIC} equal 2"))?;
    let repaired = queues_hit(guest, vector_name, &flows)?;
    checks.equal("queues hit after the table was sent again", &repaired, &(0..2).collect());
    ethtool::verdict(guest, &format!("-L {NIC} combined {QUEUES}"))?;
    let verdict = ethtool::verdict(guest, &format!("-X {NIC} default"))?;
    checks.equal("-X default", &verdict.as_str(), &"ok");
    Ok(())
}

fn queues_hit(guest: &mut Guest, vector_name: &str, flows: &[Flow]) -> Result<BTreeSet<u32>> {
    let before = interrupts::read(guest)?;
    super::deliver(guest, NIC, ADDRESS, flows)?;
    let fired = interrupts::fired(&before, &interrupts::read(guest)?, vector_name, QUEUES);
    Ok((0..).zip(fired).filter(|(_, count)| *count > 0).map(|(queue, _)| queue).collect())
}

fn round_robin(queues: u32) -> Vec<u32> {
    (0..128).map(|entry| entry % queues).collect()
}

/// The card's own address, or the group's for a group's traffic.
fn multicast_or(flow: &Flow) -> [u8; 6] {
    match flow.destination.ip() {
        std::net::IpAddr::V6(address) if address.is_multicast() => [0x33, 0x33, 0, 0, 0, 1],
        _ => ADDRESS,
    }
}
