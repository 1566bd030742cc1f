//! The distribution's irqbalance beside the service as it is packaged: it leaves the interrupts of the card that is set
//! alone, and no others. What it leaves alone it says itself, to a client that shares nothing with the product.

use super::{Checks, NIC, PATIENCE, running, slowly};
use crate::lab::cells::{igb, nics};
use crate::lab::guest::Guest;
use anyhow::{Result, ensure};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Its socket is found by its process, since it has no name where irqbalance may not write to its folder; then it is
/// asked. Prints where it is and the answer.
const CLIENT: &str = r#"use Socket;
my $pid = shift;
my %own = map { (readlink($_) // "") =~ /^socket:\[(\d+)\]$/ ? ($1 => 1) : () } glob "/proc/$pid/fd/*";
open my $sockets, "<", "/proc/net/unix" or die $!;
my ($name) = map { my @w = split; $own{$w[6] // ""} && $w[3] eq "00010000" ? $w[7] : () } <$sockets>;
defined $name or die "process $pid does not listen\n";
print "$name\n";
$name =~ tr/@/\0/ if $name =~ /^@/;
socket my $socket, AF_UNIX, SOCK_STREAM, 0 or die $!;
connect $socket, pack_sockaddr_un($name) or die "connect: $!\n";
syswrite $socket, "setup";
print $_ while sysread $socket, $_, 4096;
"#;

const CLIENT_FILE: &str = "/tmp/ask-irqbalance";

/// What the service says when it has told it.
const TOLD: &str = "rssctl --address system events --id 2080";

type Interrupts = BTreeSet<u32>;

/// What a running irqbalance says of itself.
struct Answer {
    socket: String,
    /// What it leaves alone.
    banned: Interrupts,
}

/// Ends with irqbalance stopped; what it has moved stays.
pub(super) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    guest.expect(&format!("cat >{CLIENT_FILE} <<'END'\n{CLIENT}END"))?;
    slowly(
        guest,
        "rm -r /etc/systemd/system/rssmgrd.service.d && systemctl daemon-reload && systemctl restart rssmgrd",
    )?;
    running(guest, checks, "as packaged")?;
    let changes = guest.expect("systemctl show -P DropInPaths rssmgrd")?;
    checks.equal("what is added to the packaged unit", &changes.trim(), &"");

    let (places, before) = everywhere(guest)?;
    // It comes after the service, and by the socket in its folder.
    slowly(guest, "systemctl start irqbalance")?;
    let socket = left_alone(guest, checks, "irqbalance started")?;
    checks.that(socket.starts_with("/run/irqbalance/"), || format!("it listens at {socket}"));
    placed(guest, &places, &before)?;
    let doctor = guest.run_within("rssctl doctor", PATIENCE)?.stdout;
    checks.that(doctor.contains("irqbalance runs and may move the interrupts"), || {
        format!("of the cards that are not set the doctor says {doctor}")
    });
    checks.that(!doctor.contains(&format!("{NIC}: interrupts")), || format!("the doctor says {doctor}"));

    // Where it has no folder its socket has no name; and it is there before the service is.
    slowly(
        guest,
        "mkdir /etc/systemd/system/irqbalance.service.d && \
         printf '[Service]\\nRuntimeDirectory=\\n' >/etc/systemd/system/irqbalance.service.d/folder.conf && \
         systemctl daemon-reload && systemctl restart irqbalance && systemctl restart rssmgrd",
    )?;
    running(guest, checks, "beside irqbalance")?;
    let socket = left_alone(guest, checks, "without a folder")?;
    checks.that(socket.starts_with('@'), || format!("without a folder it listens at {socket}"));
    slowly(guest, "systemctl stop irqbalance")
}

/// Waits until irqbalance leaves the card's interrupts alone, and until the service says so. Where it listens.
fn left_alone(guest: &mut Guest, checks: &mut Checks, when: &str) -> Result<String> {
    let process = guest.expect("systemctl show -P MainPID irqbalance")?.trim().to_owned();
    let ours = vectors(guest, NIC)?;
    checks.that(!ours.is_empty(), || format!("{NIC} has no vectors"));
    let end = Instant::now() + PATIENCE;
    let answer = loop {
        let answer = ask(guest, &process)?;
        if answer.banned.is_superset(&ours) {
            break answer;
        }
        ensure!(
            Instant::now() < end,
            "{when}: it leaves {:?} alone, not {ours:?}; the service says {}",
            answer.banned,
            guest.expect(&format!("{TOLD},2081; journalctl --no-pager -b -u rssmgrd -n 20"))?
        );
    };
    for nic in nics().iter().filter(|nic| nic.name != NIC) {
        let theirs = vectors(guest, &nic.name)?;
        let both: Vec<&u32> = theirs.intersection(&answer.banned).collect();
        checks.equal(&format!("{when}: interrupts of {} among them", nic.name), &both, &Vec::new());
    }
    let says =
        format!("irqbalance (pid {process}) leaves {} interrupts of managed adapters alone", ours.len());
    let told = guest.run_within(&format!("until {TOLD} | grep -F '{says}'; do sleep 0.2; done"), PATIENCE)?;
    checks.equal(&format!("{when}: told"), &told.code, &0);
    Ok(answer.socket)
}

/// Asks as soon as it listens.
fn ask(guest: &mut Guest, process: &str) -> Result<Answer> {
    let script = format!("until perl {CLIENT_FILE} {process}; do sleep 0.2; done");
    let output = guest.run_within(&script, PATIENCE)?;
    let mut words = output.stdout.split_whitespace();
    let socket = words.next().unwrap_or_default().to_owned();
    let mut banned = Interrupts::new();
    while let Some(word) = words.next() {
        if word == "IRQ" {
            banned.extend(words.next().and_then(|number| number.parse::<u32>().ok()));
        }
    }
    ensure!(output.stdout.contains("SLEEP") && output.stdout.contains("BANNED"), "it says {}", output.stdout);
    Ok(Answer { socket, banned })
}

/// The vectors of a card's device, or of the one that it is on.
fn vectors(guest: &mut Guest, nic: &str) -> Result<Interrupts> {
    let script = format!(
        "d=/sys/class/net/{nic}/device; ls $d/msi_irqs 2>/dev/null || ls $(readlink -f $d)/../msi_irqs"
    );
    let listed = guest.expect(&script)?;
    Ok(listed.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

/// Allows the interrupts of a card that is not set on every processor: a script that prints where they may come, and what
/// it prints.
fn everywhere(guest: &mut Guest) -> Result<(String, String)> {
    let files =
        vectors(guest, igb::NIC)?.into_iter().map(|irq| format!(" /proc/irq/{irq}/smp_affinity_list"));
    let files: String = files.collect();
    let all = "cat /sys/devices/system/cpu/online";
    guest.expect(&format!("for file in{files}; do {all} >$file || exit; done"))?;
    let places = format!("cat{files}");
    let before = guest.expect(&places)?;
    Ok((places, before))
}

/// Waits until it has placed what it may.
fn placed(guest: &mut Guest, places: &str, before: &str) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while guest.expect(places)? == before {
        ensure!(Instant::now() < end, "irqbalance moves no interrupt of {}: {before}", igb::NIC);
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
