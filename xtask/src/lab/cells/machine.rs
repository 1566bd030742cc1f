//! The guest as a machine: what may happen to a card or a processor while the product runs.

use super::Checks;
use super::ethtool;
use crate::lab::guest::{Guest, cpu_list};
use crate::lab::machine::BIG;
use anyhow::Result;
use std::path::PathBuf;
use std::time::Duration;

/// The cards of the bond.
pub(crate) const PORTS: [&str; 2] = ["port0", "port1"];

pub(crate) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let nodes = guest.expect("cat /sys/devices/system/node/node*/cpulist")?;
    checks.equal(
        "processors of the nodes",
        &nodes.split_whitespace().collect(),
        &vec!["0-1", "2-3", "4-5", "6-7"],
    );
    let distances = guest.expect("cat /sys/devices/system/node/node0/distance")?;
    checks.equal("distances of node 0", &distances.trim(), &"10 16 22 28");

    bond(guest, checks)?;
    cable(guest, checks)?;
    plug(guest, checks)?;

    guest.expect("echo 0 >/sys/devices/system/cpu/cpu5/online")?;
    let online = guest.expect("cat /sys/devices/system/cpu/online")?;
    checks.equal("online without 5", &cpu_list(&online), &[0, 1, 2, 3, 4, 6, 7].into());
    guest.expect("echo 1 >/sys/devices/system/cpu/cpu5/online")?;
    let online = guest.expect("cat /sys/devices/system/cpu/online")?;
    checks.equal("online again", &cpu_list(&online), &(0..8).collect());

    channel(guest, checks)
}

/// The lab's own ways in and out of the guest.
fn channel(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let kept = guest.run("echo out; echo err >&2; exit 7")?;
    checks.equal("a script's end", &(kept.code, &kept.stdout[..], &kept.stderr[..]), &(7, "out\n", "err\n"));
    let killed = guest.run_within("sleep 600", Duration::from_millis(500));
    checks.that(killed.is_err(), || "a script outlived its limit".into());
    let slow = guest.start("sleep 1; echo slow")?;
    checks.equal("another script meanwhile", &guest.expect("echo quick")?.as_str(), &"quick\n");
    checks.equal("the slow one", &guest.wait(&slow, Duration::from_secs(30))?.stdout.as_str(), &"slow\n");

    checks.equal("a program of this machine", &guest.run("rssctl --version")?.code, &0);
    guest.expect("for nic in virtio0 igb0 e1000e0 vmxnet0; do ip link set $nic up; done")?;
    // By this name it can be read even when it was built anew meanwhile.
    let file = PathBuf::from("/proc/self/exe");
    guest.put(&file, "/tmp/put/file")?;
    let size = guest.expect("stat -c %s /tmp/put/file && rm /tmp/put/file")?;
    checks.equal("size of a file that was put", &size.trim().parse()?, &file.metadata()?.len());
    checks.that(guest.console().contains("init: "), || "the console lacks the first process's words".into());

    let nic = super::virtio_net::NIC;
    guest.expect(&format!("ip address add 192.0.2.2/24 dev {nic}"))?;
    guest.outside()?.run(&format!("ip address add 192.0.2.1/24 dev {nic}"))?;
    let ping = guest.expect("ping -c 1 -W 10 192.0.2.1")?;
    checks.that(ping.contains("1 packets received"), || ping);

    let nic = super::e1000e::NIC;
    guest.expect(&format!("ip address add 198.51.100.2/24 dev {nic}; ping -c 1 -W 1 198.51.100.1 || :"))?;
    let who_has = |frame: &[u8]| frame.get(12..14) == Some(&[8, 6]) && frame.ends_with(&[198, 51, 100, 1]);
    let wire = guest.wire(nic)?;
    let asked = std::iter::from_fn(|| wire.receive(Duration::from_secs(5)))
        .any(|frame| who_has(&frame[..frame.len().min(42)]));
    checks.that(asked, || format!("{nic} sent no frame that arrived outside"));
    Ok(())
}

fn bond(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.expect("ip link add bond0 type bond mode balance-xor miimon 100")?;
    for port in PORTS {
        guest.expect(&format!("ip link set {port} master bond0"))?;
    }
    guest.expect("ip link set bond0 up")?;
    for port in PORTS {
        ethtool::up(guest, port)?;
    }
    let script = "until [ $(grep -c 'MII Status: up' /proc/net/bonding/bond0) = 3 ]; do sleep 0.05; done; \
                  grep '^Slave Interface' /proc/net/bonding/bond0";
    let ports = guest.expect(script)?;
    checks.equal("ports of the bond", &ports.lines().count(), &2);
    Ok(())
}

fn cable(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let nic = super::virtio_net::NIC;
    ethtool::up(guest, nic)?;
    for up in [false, true] {
        guest.link(nic, up)?;
        let want = u8::from(up);
        let script = format!("until [ $(cat /sys/class/net/{nic}/carrier) = {want} ]; do sleep 0.02; done");
        checks.equal("carrier follows the cable", &guest.run(&script)?.code, &0);
    }
    Ok(())
}

fn plug(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let nic = super::igb::NIC;
    guest.unplug(nic)?;
    let gone = guest.run(&format!("test ! -e /sys/class/net/{nic}"))?;
    checks.equal("unplugged", &gone.code, &0);
    guest.plug(nic, 0)?;
    let interface = guest.interface(nic)?;
    let driver = guest.expect(&format!("basename $(readlink /sys/class/net/{interface}/device/driver)"))?;
    checks.equal("driver of the card that was plugged in", &driver.trim(), &"igb");
    Ok(())
}

/// 80 processors in two processor groups, each with its hyper-thread sibling beside it.
pub(crate) fn check_big(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let online = guest.expect("cat /sys/devices/system/cpu/online")?;
    checks.equal("online", &cpu_list(&online), &(0..BIG.cpus()).collect());
    let siblings = guest.expect("cat /sys/devices/system/cpu/cpu70/topology/thread_siblings_list")?;
    checks.equal("siblings of 70", &cpu_list(&siblings), &[70, 71].into());
    let last = guest.expect("cat /sys/devices/system/node/node3/cpulist")?;
    checks.equal("processors of node 3", &cpu_list(&last), &(60..80).collect());
    Ok(())
}

/// A whole system.
pub(crate) fn check_debian(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let state = "systemctl is-system-running --wait || systemctl --failed --no-legend";
    let running = guest.run_within(state, Duration::from_secs(300))?;
    checks.equal("the system", &running.stdout.trim(), &"running");
    let names =
        guest.expect("busctl call org.freedesktop.DBus / org.freedesktop.DBus ListActivatableNames")?;
    checks.that(names.contains("org.freedesktop.PolicyKit1"), || format!("no polkit among {names}"));
    for nic in super::nics() {
        let there = guest.run(&format!("ethtool -i {}", nic.name))?;
        checks.equal(&nic.name, &there.code, &0);
    }
    Ok(())
}

/// That it outlives a reboot.
pub(crate) fn check_reboot(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let boot = "cat /proc/sys/kernel/random/boot_id";
    let before = guest.expect(boot)?;
    guest.expect("echo kept >/var/lib/kept; sync")?;
    guest.reboot()?;
    checks.that(guest.expect(boot)? != before, || "that was no reboot".into());
    checks.equal("a file after the reboot", &guest.expect("cat /var/lib/kept")?.trim(), &"kept");
    Ok(())
}
