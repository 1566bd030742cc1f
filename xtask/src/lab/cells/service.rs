//! The installed service in a full Debian: it touches no card until one is named, is the administrator's to change, and
//! what was set is in force after a reboot.

use super::Checks;
use crate::lab::guest::Guest;
use crate::lab::setters::{self, Seen};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// The adapter that is set.
const NIC: &str = "nic0";

/// An installation, or a boot, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Where the traced daemon's calls are written; the service's own folders may go with it.
const TRACE: &str = "/var/log/rssmgrd-trace/calls";

/// A user without rights.
const NOBODY: &str = "runuser -u nobody --";

/// The service as it is installed and upgraded: two packages, the second with a higher revision.
pub(crate) fn check(guest: &mut Guest, checks: &mut Checks, packages: &[PathBuf; 2]) -> Result<()> {
    super::machine::check_debian(guest, checks)?;
    // It moves interrupts whenever it likes.
    guest.expect("systemctl disable --now irqbalance")?;
    for nic in super::nics() {
        super::ethtool::up(guest, &nic.name)?;
    }
    let found = cards(guest)?;
    watch(guest)?;
    install(guest, checks, &packages[0])?;
    untouched(guest, checks, "installed", &found)?;
    readers(guest, checks)?;
    let set = administrator(guest, checks)?;

    forget(guest)?;
    guest.expect("systemctl restart rssmgrd")?;
    checks.equal("after a restart", &adapter(guest)?, &set);
    untouched(guest, checks, "restarted", &found)?;

    guest.reboot()?;
    running(guest, checks, "after a reboot")?;
    checks.equal("after a reboot", &adapter(guest)?, &set);

    guest.expect("systemctl restart dbus")?;
    running(guest, checks, "after the bus was restarted")?;
    checks.equal("after the bus was restarted", &adapter(guest)?, &set);

    upgrade(guest, checks, &packages[1])?;
    checks.equal("after an upgrade", &adapter(guest)?, &set);
    remove(guest, checks)
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

/// Has everything written down that the daemon does from its first moment on, and all ethtool ioctls of the machine.
fn watch(guest: &mut Guest) -> Result<()> {
    let strace = setters::STRACE;
    // What only the tracing needs is allowed to it: to trace, a folder to write to, and to outlive the daemon.
    guest.expect(&format!(
        "{} && mkdir -p /etc/systemd/system/rssmgrd.service.d && \
         cat >/etc/systemd/system/rssmgrd.service.d/trace.conf <<'END'\n\
         [Service]\nExecStart=\nExecStart={} -A -o {TRACE} /usr/bin/rssmgrd --bus system\n\
         LogsDirectory=rssmgrd-trace\nSystemCallFilter=ptrace process_vm_readv\nKillMode=mixed\nEND\n",
        setters::WATCH_KERNEL,
        strace.replacen("strace", "/usr/bin/strace", 1),
    ))?;
    Ok(())
}

fn forget(guest: &mut Guest) -> Result<()> {
    guest.expect(&format!(": >{TRACE}; echo >/sys/kernel/tracing/trace")).map(drop)
}

fn install(guest: &mut Guest, checks: &mut Checks, package: &std::path::Path) -> Result<()> {
    guest.put(package, "/tmp/rssmgr.deb")?;
    let installed = guest.run_within("dpkg -i /tmp/rssmgr.deb && rm /tmp/rssmgr.deb", PATIENCE)?;
    checks.that(installed.code == 0, || format!("dpkg -i: {}{}", installed.stdout, installed.stderr));
    running(guest, checks, "after dpkg -i")?;
    let enabled = guest.run("systemctl is-enabled rssmgrd")?;
    checks.equal("at boot", &enabled.stdout.trim(), &"enabled");
    let verified = guest.run("dpkg --verify rssmgr")?;
    checks.equal("installed files that differ from the package's", &verified.stdout.as_str(), &"");
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

/// That the daemon changed nothing of any card since the last [`forget`].
fn untouched(guest: &mut Guest, checks: &mut Checks, when: &str, found: &str) -> Result<()> {
    // Others may ask cards of things, and say so.
    let kernel = guest.expect(setters::KERNEL_TRACE)?;
    let Seen { changes, .. } = setters::in_kernel(&kernel, &["ethtool", "(udev-worker)"])?;
    checks.equal(&format!("{when}: ethtool ioctls that change"), &changes, &Vec::new());
    let trace = guest.expect(&format!("cat {TRACE}"))?;
    checks.that(trace.contains("execve(\"/usr/bin/rssmgrd\""), || format!("{when}: no start in the trace"));
    checks.that(trace.contains("\"/sys/"), || format!("{when}: the daemon did not look at the machine"));
    checks.equal(&format!("{when}: calls that change"), &setters::in_trace(&trace).changes, &Vec::new());
    checks.that(cards(guest)? == found, || format!("{when}: the cards are no longer as they were"));
    Ok(())
}

/// What anybody may do, and what only root.
fn readers(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.expect(&format!("rssctl --address system softnic create {NIC} --queues 8"))?;
    for (command, code, says) in [
        ("rssctl get", 0, NIC),
        (&format!("rssctl plan {NIC} --profile Closest"), 0, "planned"),
        (&format!("rssctl set {NIC} --profile Closest"), 4, "uid 65534 may not change anything"),
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
    guest.expect(&format!(
        "rssctl --address system set {NIC} --profile NUMAStatic --base-processor 2 --queues 4"
    ))?;
    let set = adapter(guest)?;
    checks.equal("the profile", &set["profile"], &"NUMAStatic".into());
    let cpus: Vec<u64> = set["processors"]
        .as_array()
        .context("no processors")?
        .iter()
        .filter_map(|processor| processor["cpu"].as_u64())
        .collect();
    // Nodes have two processors each, and the first one is below the base processor.
    checks.equal("processors", &cpus, &vec![2, 4, 6, 3]);
    Ok(set)
}

/// The adapter as `rssctl` tells it, but for the number that a daemon gives it.
fn adapter(guest: &mut Guest) -> Result<Value> {
    let text = guest.expect(&format!("rssctl --address system get {NIC} -o json"))?;
    let mut json: Value = serde_json::from_str(&text).with_context(|| format!("rssctl printed {text}"))?;
    let mut adapter = json["adapters"][0].take();
    adapter.as_object_mut().context("no adapter")?.remove("id");
    Ok(adapter)
}

fn upgrade(guest: &mut Guest, checks: &mut Checks, package: &std::path::Path) -> Result<()> {
    let process = "systemctl show -P MainPID rssmgrd";
    let before = guest.expect(process)?;
    guest.expect("echo '# mine' >>/etc/rssmgrd/rssmgrd.toml")?;
    install(guest, checks, package)?;
    checks.that(guest.expect(process)? != before, || "the upgrade did not restart the daemon".into());
    let kept = guest.run("tail -n 1 /etc/rssmgrd/rssmgrd.toml")?;
    checks.equal("a changed configuration", &kept.stdout.trim(), &"# mine");
    Ok(())
}

/// Removing leaves the cards and what was saved; purging leaves the cards alone.
fn remove(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let cards_before = cards(guest)?;
    let saved = "cat /var/lib/rssmgrd/saved.toml";
    let saved_before = guest.expect(saved)?;
    guest.expect("dpkg -r rssmgr")?;
    let gone = guest.run("systemctl is-active rssmgrd || ! pgrep -x rssmgrd")?;
    checks.that(gone.code == 0 && gone.stdout.trim() != "active", || format!("removed, and {}", gone.stdout));
    checks.equal("what is saved, after removing", &guest.expect(saved)?, &saved_before);
    guest.expect("dpkg -P rssmgr")?;
    let left = guest.expect(
        "ls -d /etc/rssmgrd /var/lib/rssmgrd /run/rssmgrd 2>/dev/null; dpkg -L rssmgr 2>/dev/null; :",
    )?;
    checks.equal("left after purging", &left.as_str(), &"");
    checks.that(cards(guest)? == cards_before, || "the cards are no longer as they were set".into());
    Ok(())
}
