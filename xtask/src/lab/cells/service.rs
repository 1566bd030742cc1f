//! The installed service in a full Debian: it touches no card until one is named, is the administrator's to change, and
//! what was set is in force after a reboot.

mod irqbalance;

use super::interrupts::virtio_device;
use super::{Checks, ethtool, virtio_net};
use crate::lab::guest::{Guest, cpu_list};
use crate::lab::setters::{self, Seen};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The card that is set.
const NIC: &str = virtio_net::NIC;

/// What is asked for it, and the processors that this means on four nodes of two: each node gives its first from number
/// 2 on before any gives its second.
const SETTINGS: &str = "--profile NUMAStatic --base-processor 2";
const PROCESSORS: [u64; 6] = [2, 4, 6, 3, 5, 7];

/// An installation, or a boot, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// What `rssctl get` tells of a card that is set.
const TOLD: [&str; 10] = [
    "state",
    "enabled",
    "profile",
    "base_processor",
    "max_processor",
    "max_processors",
    "number_of_receive_queues",
    "processors",
    "indirection_table",
    "settings",
];

/// Where the traced daemon's calls are written; the service's own folders may go with it.
const TRACE: &str = "/var/log/rssmgrd-trace/calls";

/// What the trace has of a start, and of a configuration that is read.
const STARTED: &str = "execve(\"/usr/bin/rssmgrd\"";
const READ_CONFIGURATION: &str = "\"/etc/rssmgrd/rssmgrd.toml\"";

/// A user without rights.
const NOBODY: &str = "runuser -u nobody --";

/// The service as it is installed and upgraded: two packages, the second with a higher revision. Each part builds on the
/// one before.
pub(crate) fn check(guest: &mut Guest, checks: &mut Checks, packages: &[PathBuf; 2]) -> Result<()> {
    // What could not go on has been told.
    let _ = parts(guest, checks, packages);
    Ok(())
}

fn parts(guest: &mut Guest, checks: &mut Checks, packages: &[PathBuf; 2]) -> Option<()> {
    let found = checks.needed("a whole system", |checks| {
        super::machine::check_debian(guest, checks)?;
        prepare(guest)?;
        cards(guest)
    })?;
    checks.needed("installed: no card is touched", |checks| {
        install(guest, checks, &packages[0])?;
        untouched(guest, checks, "installed", STARTED, &found)
    })?;
    checks.needed("anybody may look, root alone may change", |checks| {
        readers(guest, checks)?;
        checks.that(cards(guest)? == found, || "somebody without rights changed the cards".into());
        Ok(())
    })?;
    let set = checks.needed("set over the system bus", |checks| administrator(guest, checks))?;
    checks.needed("restart, reload, a new bus: no change", |checks| no_change(guest, checks))?;
    checks.needed("in force after a reboot", |checks| {
        super::machine::check_reboot(guest, checks)?;
        running(guest, checks, "after a reboot")?;
        in_force(guest, checks, "after a reboot", &set)
    })?;
    checks.needed("upgraded: no change", |checks| {
        guest.expect(setters::WATCH_KERNEL)?;
        let changed = cards(guest)?;
        upgrade(guest, checks, &packages[1])?;
        untouched(guest, checks, "upgraded", STARTED, &changed)?;
        in_force(guest, checks, "after an upgrade", &set)
    })?;
    checks.part("irqbalance beside it", |checks| {
        irqbalance::check(guest, checks)?;
        in_force(guest, checks, "beside irqbalance", &set)
    });
    checks.needed("removed and purged", |checks| {
        let set = cards(guest)?;
        remove(guest, checks, &set)
    })
}

/// A service that is started again, in all the ways that there are, finds everything as it is to be.
fn no_change(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let changed = cards(guest)?;
    quietly(guest, checks, "systemctl restart rssmgrd", STARTED, &changed)?;
    quietly(guest, checks, "systemctl reload rssmgrd", READ_CONFIGURATION, &changed)?;
    let refused = "cd /etc/rssmgrd; cp rssmgrd.toml kept; echo mistake >>rssmgrd.toml; systemctl reload rssmgrd; \
                   code=$?; mv kept rssmgrd.toml; exit $code";
    checks.that(guest.run_within(refused, PATIENCE)?.code != 0, || {
        "a refused configuration, and the reload says nothing".into()
    });
    // Without its bus the daemon ends, and is started again.
    quietly(guest, checks, "systemctl restart dbus", STARTED, &changed)
}

/// Links that are up from the boot on, nothing that moves interrupts of its own accord, and the daemon watched from its
/// first moment: all its calls, and the ethtool ioctls of the whole machine.
fn prepare(guest: &mut Guest) -> Result<()> {
    let up: String = super::nics().iter().map(|nic| format!("ip link set {} up; ", nic.name)).collect();
    let strace = setters::STRACE.replacen("strace", "/usr/bin/strace", 1);
    // What only the tracing needs is allowed for it: to trace, a folder to write to, to outlive the daemon, and time.
    let script = format!(
        "systemctl disable --now irqbalance\n\
         cat >/etc/systemd/system/links.service <<'END'\n\
         [Unit]\nAfter=network-pre.target\nBefore=network.target\n\
         [Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c '{up}'\n\
         [Install]\nWantedBy=multi-user.target\nEND\n\
         mkdir -p /etc/systemd/system/rssmgrd.service.d\n\
         cat >/etc/systemd/system/rssmgrd.service.d/trace.conf <<'END'\n\
         [Service]\nExecStart=\nExecStart={strace} -A -o {TRACE} /usr/bin/rssmgrd --bus system\n\
         LogsDirectory=rssmgrd-trace\nSystemCallFilter=ptrace process_vm_readv\nKillMode=mixed\n\
         TimeoutStartSec=10min\nWatchdogSec=5min\nEND\n\
         systemctl enable --now links && {}",
        setters::WATCH_KERNEL
    );
    slowly(guest, &script)?;
    for nic in super::nics() {
        ethtool::up(guest, &nic.name)?;
    }
    Ok(())
}

/// Runs what may take long and must succeed.
fn slowly(guest: &mut Guest, script: &str) -> Result<()> {
    let output = guest.run_within(script, PATIENCE)?;
    let said = format!("{}{}", output.stdout, output.stderr);
    ensure!(output.code == 0, "in the guest, `{script}` ended with {}: {}", output.code, said.trim());
    Ok(())
}

/// What can be set of all cards, as others see it.
fn cards(guest: &mut Guest) -> Result<String> {
    let mut script = String::new();
    for nic in super::nics() {
        let name = &nic.name;
        script += &format!("ethtool -l {name} 2>&1; ethtool -x {name} 2>&1; ethtool -k {name}; ");
        script += &format!("for f in tcp4 udp4 tcp6 udp6; do ethtool -n {name} rx-flow-hash $f 2>&1; done; ");
    }
    script += "grep . /proc/irq/*/smp_affinity_list /sys/class/net/*/queues/*/[rx]ps_cpus; :";
    guest.expect(&script)
}

fn install(guest: &mut Guest, checks: &mut Checks, package: &Path) -> Result<()> {
    guest.put(package, "/tmp/rssmgr.deb")?;
    slowly(guest, "dpkg -i /tmp/rssmgr.deb && rm /tmp/rssmgr.deb")?;
    running(guest, checks, "after dpkg -i")?;
    let enabled = guest.run("systemctl is-enabled rssmgrd")?;
    checks.equal("at boot", &enabled.stdout.trim(), &"enabled");
    let verified = guest.run("dpkg --verify rssmgr")?.stdout;
    let differ: Vec<&str> = verified.lines().filter(|line| !line.contains(" c /etc/")).collect();
    checks.equal("installed files that differ from the package's", &differ, &Vec::new());
    Ok(())
}

/// That the service runs and answers on the system bus.
fn running(guest: &mut Guest, checks: &mut Checks, when: &str) -> Result<()> {
    let script = "until systemctl is-active --quiet rssmgrd && rssctl --address system wait; do \
                  systemctl is-failed --quiet rssmgrd && exit 1; sleep 0.2; done";
    let output = guest.run_within(script, PATIENCE)?;
    let log = guest.expect("journalctl --no-pager -b -u rssmgrd -n 30")?;
    checks.that(output.code == 0, || format!("{when} the service does not run: {log}"));
    Ok(())
}

/// That a command changes nothing although the daemon does `what` because of it.
fn quietly(guest: &mut Guest, checks: &mut Checks, command: &str, what: &str, cards: &str) -> Result<()> {
    forget(guest)?;
    slowly(guest, command)?;
    slowly(guest, &format!("until grep -qF '{what}' {TRACE}; do sleep 0.1; done"))?;
    running(guest, checks, command)?;
    untouched(guest, checks, command, what, cards)
}

/// Begins anew: what is in the trace is put where only [`traced`] looks, for the sockets that were opened then.
fn forget(guest: &mut Guest) -> Result<()> {
    guest.expect(&format!("cat {TRACE} >>{TRACE}.old; : >{TRACE}; echo >/sys/kernel/tracing/trace")).map(drop)
}

/// That the daemon did `what` and changed nothing of any card since the last [`forget`].
fn untouched(guest: &mut Guest, checks: &mut Checks, when: &str, what: &str, found: &str) -> Result<()> {
    let (trace, seen, kernel) = traced(guest)?;
    checks.that(trace.contains(what), || format!("{when}: no {what} in the trace"));
    checks.equal(&format!("{when}: calls that change"), &seen.changes, &Vec::new());
    checks.equal(&format!("{when}: ethtool ioctls that change"), &kernel.changes, &Vec::new());
    if what == STARTED {
        checks.that(seen.reads > 0 && kernel.reads > 0, || format!("{when}: it did not look at the cards"));
    }
    checks.that(cards(guest)? == found, || format!("{when}: the cards are no longer as they were"));
    Ok(())
}

/// What was written down since the last [`forget`]: of the daemon, its trace and what it means; and of all but those who
/// ask cards things on behalf of this test or of the system.
fn traced(guest: &mut Guest) -> Result<(String, Seen, Seen)> {
    let kernel = setters::in_kernel(&guest.expect(setters::KERNEL_TRACE)?, &["ethtool", "(udev-worker)"])?;
    let families = setters::families(&guest.expect(setters::FAMILIES)?);
    let old = guest.expect(&format!("cat {TRACE}.old 2>/dev/null; :"))?;
    let trace = guest.expect(&format!("cat {TRACE}"))?;
    let seen = setters::in_trace(&format!("{old}{trace}"), old.lines().count(), &families);
    Ok((trace, seen, kernel))
}

/// What anybody may do, and what only root.
fn readers(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    for (command, code, says) in [
        ("rssctl get", 0, NIC),
        (&format!("rssctl plan {NIC} {SETTINGS}"), 0, "planned"),
        (&format!("rssctl set {NIC} {SETTINGS}"), 4, "uid 65534 may not change anything"),
        ("rssctl softnic create nic1", 4, "as root"),
        ("busctl get-property org.rssmgr1 /org/rssmgr1 org.rssmgr1.Manager Version", 0, "0."),
    ] {
        let output = guest.run(&format!("{NOBODY} {command}"))?;
        let said = output.stdout + &output.stderr;
        checks.equal(&format!("`{command}` as nobody: {said}"), &output.code, &code);
        checks.that(said.contains(says), || format!("`{command}` as nobody says {said}"));
    }
    Ok(())
}

/// What root sets over the system bus, and what comes of it.
fn administrator(guest: &mut Guest, checks: &mut Checks) -> Result<Value> {
    forget(guest)?;
    // The daemon is on the system bus and has its private socket: it is one all the same.
    let said = guest.expect(&format!("rssctl -v set {NIC} {SETTINGS} 2>&1"))?;
    checks.that(said.contains("the daemon at the system bus"), || said);
    let (_, seen, kernel) = traced(guest)?;
    checks.that(seen.changes.iter().any(|call| call.contains("/proc/irq/")), || {
        "no affinity in the trace".into()
    });
    checks.that(!kernel.changes.is_empty(), || "the kernel saw no ethtool ioctl that changes".into());
    let set = adapter(guest)?;
    in_force(guest, checks, "set", &set)?;
    Ok(set)
}

/// That the card is as it was when it was set, as `rssctl` tells and as the kernel does.
fn in_force(guest: &mut Guest, checks: &mut Checks, when: &str, set: &Value) -> Result<()> {
    let now = adapter(guest)?;
    for key in TOLD {
        checks.that(!now[key].is_null(), || format!("{when}: nothing is told of {key}"));
        checks.equal(&format!("{when}: {key}"), &now[key], &set[key]);
    }
    checks.equal(&format!("{when}: state"), &now["state"], &"managed".into());
    checks.equal(&format!("{when}: profile"), &now["profile"], &"NUMAStatic".into());

    let table = ethtool::rss(guest, NIC)?.table;
    let queues = u32::try_from(PROCESSORS.len())?;
    let expected: Vec<u32> = (0..128).map(|entry| entry % queues).collect();
    checks.equal(&format!("{when}: table"), &table, &expected);
    let device = virtio_device(guest, NIC)?;
    for (queue, processor) in PROCESSORS.iter().enumerate() {
        let file = format!("cat $(dirname /proc/irq/*/{device}-input.{queue})/smp_affinity_list");
        let seen: BTreeSet<u32> = cpu_list(&guest.expect(&file)?);
        checks.equal(&format!("{when}: queue {queue}"), &seen, &[u32::try_from(*processor)?].into());
    }
    Ok(())
}

/// The card as `rssctl` tells it.
fn adapter(guest: &mut Guest) -> Result<Value> {
    let text = guest.expect(&format!("rssctl --address system get {NIC} -o json"))?;
    let mut json: Value = serde_json::from_str(&text).with_context(|| format!("rssctl printed {text}"))?;
    Ok(json["adapters"][0].take())
}

fn upgrade(guest: &mut Guest, checks: &mut Checks, package: &Path) -> Result<()> {
    let process = "systemctl show -P MainPID rssmgrd";
    let before = guest.expect(process)?;
    guest.expect("echo '# mine' >>/etc/rssmgrd/rssmgrd.toml")?;
    forget(guest)?;
    install(guest, checks, package)?;
    checks.that(guest.expect(process)? != before, || "the upgrade did not restart the daemon".into());
    let kept = guest.run("tail -n 1 /etc/rssmgrd/rssmgrd.toml")?;
    checks.equal("a changed configuration", &kept.stdout.trim(), &"# mine");
    Ok(())
}

/// Removing leaves the cards and what was saved; purging leaves the cards alone.
fn remove(guest: &mut Guest, checks: &mut Checks, set: &str) -> Result<()> {
    let saved = "cat /var/lib/rssmgrd/saved.toml";
    let saved_before = guest.expect(saved)?;
    slowly(guest, "dpkg -r rssmgr")?;
    let left = guest.expect("systemctl is-active rssmgrd; grep -lx rssmgrd /proc/[0-9]*/comm; :")?;
    checks.equal("the service, after removing", &left.trim(), &"inactive");
    checks.equal("what is saved, after removing", &guest.expect(saved)?, &saved_before);
    slowly(guest, "dpkg -P rssmgr")?;
    let left = guest.expect(
        "ls -d /etc/rssmgrd /var/lib/rssmgrd /run/rssmgrd 2>/dev/null; dpkg -L rssmgr 2>/dev/null; :",
    )?;
    checks.equal("left after purging", &left.as_str(), &"");
    checks.that(cards(guest)? == set, || "the cards are no longer as they were set".into());
    Ok(())
}
