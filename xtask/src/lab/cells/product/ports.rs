//! Cards under one bond: which processors they get, and that the bond never loses its link while they are changed.

use super::kernel::{Cpus, Kernel};
use crate::lab::cells::Checks;
use crate::lab::cells::machine::PORTS;
use crate::lab::guest::Guest;
use crate::lab::product::{Options, Product};
use anyhow::Result;
use std::collections::BTreeSet;

/// What takes the link of a port down for a moment, and differs from what was there before.
const SETTING: &str = "--profile ClosestStatic --queues 4 --max-processors 4 --allow link";

pub(crate) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let mut product = Product::fresh(guest, Options::default())?;
    // All ports receive, so that each has processors of its own; one receives at a time, so that they share theirs.
    for (mode, apart) in [("balance-xor", true), ("active-backup", false)] {
        bond(guest, mode)?;
        let before = link_changes(guest)?;
        product.expect(guest, &format!("set {} {SETTING}", PORTS.join(" ")))?;
        checks.equal(&format!("{mode}: changes of the bond's link"), &link_changes(guest)?, &before);
        let [first, second] = PORTS.map(|port| homes(guest, port));
        let (first, second) = (first?, second?);
        let told = || format!("{mode}: {first:?} and {second:?}");
        checks.equal(&format!("{mode}: processors of each port"), &(first.len(), second.len()), &(4, 4));
        if apart {
            checks.that(first.is_disjoint(&second), told);
        } else {
            checks.that(first == second, told);
        }
        for port in PORTS {
            let says = product.adapter(guest, port)?;
            checks.equal(&format!("{mode}: state of {port}"), &says["state"].as_str(), &Some("managed"));
        }
        product.expect(guest, &format!("release {} --allow link", PORTS.join(" ")))?;
        checks.equal(&format!("{mode}: changes of its link, released"), &link_changes(guest)?, &before);
        guest.expect("ip link delete bond0")?;
    }
    guest.expect(&PORTS.map(|port| format!("ip link set {port} down")).join("; "))?;
    product.stop(guest)
}

/// A bond of all ports, with the link of each.
fn bond(guest: &mut Guest, mode: &str) -> Result<()> {
    let mut script = format!(
        "[ ! -e /sys/class/net/bond0 ] || ip link delete bond0; ip link add bond0 type bond mode {mode} miimon 100\n"
    );
    for port in PORTS {
        script += &format!("ip link set {port} down; ip link set {port} master bond0\n");
    }
    script += "ip link set bond0 up\n\
               until [ $(grep -c 'MII Status: up' /proc/net/bonding/bond0) = 3 ]; do sleep 0.05; done\n";
    guest.expect(&script).map(drop)
}

fn link_changes(guest: &mut Guest) -> Result<u64> {
    Ok(guest.expect("cat /sys/class/net/bond0/carrier_changes")?.trim().parse()?)
}

/// The processors to which the queues of a card are bound.
fn homes(guest: &mut Guest, name: &str) -> Result<Cpus> {
    let kernel = Kernel::read(guest, name)?;
    let queues: BTreeSet<u32> = kernel.table.iter().copied().collect();
    let cpus = queues.iter().filter_map(|queue| kernel.vector(*queue)).flat_map(|vector| &vector.cpus);
    Ok(cpus.copied().collect())
}
