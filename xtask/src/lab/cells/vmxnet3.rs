//! vmxnet3: takes a table, reports it, and never spreads, since QEMU's model has no RSS.

use super::Checks;
use super::ethtool::{self, INVALID, UNSUPPORTED};
use super::interrupts;
use crate::lab::frames::random_flows;
use crate::lab::guest::Guest;
use anyhow::Result;

pub(crate) const NIC: &str = "vmxnet0";
const ADDRESS: [u8; 6] = [0x52, 0x54, 0, 0, 0, 4];
const QUEUES: u32 = 8;

pub(crate) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    ethtool::up(guest, NIC)?;
    checks.equal("channels", &ethtool::channels(guest, NIC)?, &(QUEUES, QUEUES));
    let there = interrupts::read(guest)?;
    let named = (0..QUEUES).filter(|q| there.contains_key(&format!("{NIC}-rxtx-{q}"))).count();
    checks.equal("queue vectors", &named, &8);
    let node = guest.expect(&format!("cat /sys/class/net/{NIC}/device/numa_node"))?;
    checks.equal("NUMA node", &node.trim(), &"2");
    let rss = ethtool::rss(guest, NIC)?;
    checks.equal("key", &rss.key, &None);
    checks.equal("entries", &rss.table.len(), &128);
    let key = vec!["aa"; 40].join(":");
    for (arguments, expected) in [
        (format!("-L {NIC} combined 4"), UNSUPPORTED),
        (format!("-X {NIC} equal 9"), INVALID),
        (format!("-X {NIC} hfunc xor"), UNSUPPORTED),
        (format!("-X {NIC} context new"), UNSUPPORTED),
        (format!("-X {NIC} hkey {key}"), "Hash key setting not supported"),
        (format!("-n {NIC} rx-flow-hash tcp4"), UNSUPPORTED),
        (format!("-N {NIC} rx-flow-hash udp4 sdfn"), UNSUPPORTED),
        (format!("-X {NIC} start 4 equal 4"), "ok"),
    ] {
        checks.equal(&arguments, &ethtool::verdict(guest, &arguments)?.as_str(), &expected);
    }
    let table = ethtool::rss(guest, NIC)?.table;
    checks.equal("table once set", &table, &(0..128).map(|entry| 4 + entry % 4).collect());

    let before = per_queue(guest)?;
    super::deliver(guest, NIC, ADDRESS, &random_flows(13, 200))?;
    let after = per_queue(guest)?;
    let counts: Vec<u64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    checks.equal("packets per queue", &counts, &vec![200, 0, 0, 0, 0, 0, 0, 0]);

    guest.expect(&format!("ip link set {NIC} down"))?;
    ethtool::up(guest, NIC)?;
    let lost = ethtool::rss(guest, NIC)?.table != table;
    checks.that(lost, || "the table outlived down and up".into());
    Ok(())
}

/// The driver's count of received packets by queue: the vectors serve sending too, and so tell nothing.
fn per_queue(guest: &mut Guest) -> Result<Vec<u64>> {
    let text = guest.expect(&format!("ethtool -S {NIC}"))?;
    let received = text.lines().filter_map(|line| line.trim().strip_prefix("ucast pkts rx: "));
    Ok(received.map(str::parse).collect::<Result<_, _>>()?)
}
