//! igb: table and UDP fields can be set, the key can be neither read nor set and is the host's boot key.

use super::Checks;
use super::ethtool::{self, INVALID, UNSUPPORTED};
use crate::lab::frames::{Flow, Protocol, random_flows};
use crate::lab::guest::Guest;
use anyhow::{Context as _, Result};

pub(crate) const NIC: &str = "igb0";
const ADDRESS: [u8; 6] = [0x52, 0x54, 0, 0, 0, 2];
const QUEUES: u32 = 8;

pub(crate) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    ethtool::up(guest, NIC)?;
    checks.equal("channels", &ethtool::channels(guest, NIC)?, &(QUEUES, QUEUES));
    let there = super::interrupts::read(guest)?;
    let named = (0..QUEUES).filter(|q| there.contains_key(&format!("{NIC}-TxRx-{q}"))).count();
    checks.equal("queue vectors", &named, &8);
    let node = guest.expect(&format!("cat /sys/class/net/{NIC}/device/numa_node"))?;
    checks.equal("NUMA node", &node.trim(), &"1");

    let rss = ethtool::rss(guest, NIC)?;
    checks.equal("key", &rss.key, &None);
    checks.equal("default table", &rss.table, &(0..128).map(|entry| entry / 16).collect());
    for (flow, fields) in [("tcp4", "sdfn"), ("udp4", "sd"), ("tcp6", "sdfn"), ("udp6", "sd")] {
        checks.equal(&format!("fields of {flow}"), &ethtool::fields(guest, NIC, flow)?.as_str(), &fields);
    }
    let key = vec!["aa"; 40].join(":");
    for (arguments, expected) in [
        (format!("-X {NIC} equal 9"), INVALID),
        (format!("-X {NIC} hfunc xor"), UNSUPPORTED),
        (format!("-X {NIC} context new"), UNSUPPORTED),
        (format!("-X {NIC} hkey {key}"), "Hash key setting not supported"),
        (format!("-N {NIC} rx-flow-hash tcp4 sd"), INVALID),
        (format!("-N {NIC} rx-flow-hash udp4 sdfn"), "ok"),
        (format!("-X {NIC} weight 1 0 1 2"), "ok"),
    ] {
        let verdict = ethtool::verdict(guest, &arguments)?;
        checks.equal(&arguments, &verdict.as_str(), &expected);
    }
    checks.equal("fields of udp4 once set", &ethtool::fields(guest, NIC, "udp4")?.as_str(), &"sdfn");
    let table = ethtool::rss(guest, NIC)?.table;
    checks.that(!table.contains(&1) && table.contains(&3), || format!("weights 1 0 1 2 gave {table:?}"));
    steering(guest, checks, &table)?;
    for arguments in [format!("-N {NIC} rx-flow-hash udp4 sd"), format!("-X {NIC} default")] {
        checks.equal(&arguments, &ethtool::verdict(guest, &arguments)?.as_str(), &"ok");
    }
    Ok(())
}

/// Every flow arrives where the boot key and the table say, counted by the card itself.
fn steering(guest: &mut Guest, checks: &mut Checks, table: &[u32]) -> Result<()> {
    let key = guest.expect("cat /proc/sys/net/core/netdev_rss_key")?;
    let key: Vec<u8> =
        key.trim().split(':').map(|byte| u8::from_str_radix(byte, 16)).collect::<Result<_, _>>()?;
    let flows = random_flows(11, 400);
    // IPv6 over UDP is hashed on addresses, as the fields said.
    let ports = |flow: &Flow| flow.protocol == Protocol::Tcp || flow.source.is_ipv4();
    let mut expected = vec![0; 8];
    for flow in &flows {
        let entry = usize::try_from(flow.hash(&key, ports(flow)))? % table.len();
        let queue = usize::try_from(table[entry])?;
        *expected.get_mut(queue).context("the table names a queue that is not there")? += 1;
    }
    let before = per_queue(guest)?;
    super::deliver(guest, NIC, ADDRESS, &flows)?;
    let after = per_queue(guest)?;
    let counts: Vec<u64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    checks.equal("packets per queue", &counts, &expected);
    Ok(())
}

fn per_queue(guest: &mut Guest) -> Result<Vec<u64>> {
    let statistics = ethtool::statistics(guest, NIC)?;
    let queue = |queue| {
        let name = format!("rx_queue_{queue}_packets");
        statistics.get(&name).copied().with_context(|| format!("no {name}"))
    };
    (0..QUEUES).map(queue).collect()
}
