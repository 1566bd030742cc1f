//! An apply that cannot end well ends in the old state or in a state that says so.

use super::card::Ask;
use super::subject::{Subject, disagreements, not_in_force};
use crate::lab::cells::ethtool;
use anyhow::{Context as _, Result};
use std::time::Duration;

/// An interrupt's file that cannot be written.
pub(super) fn read_only_affinity(s: &mut Subject<'_>) -> Result<()> {
    let online = s.online()?;
    let ask = |profile, base| Ask { profile, base, max: None, count: s.card.queues.min(2) };
    let wanted = ask("ClosestStatic", Some(6)).processors(s.card.node, &online);
    s.settled("--profile ClosestStatic --base-processor 2 --max-processors 2")?;
    let before = s.kernel()?;
    // The last queue that moves: what came before it has to go back.
    let queue = u32::try_from(wanted.len())? - 1;
    let file = format!("/proc/irq/{}/smp_affinity_list", before.vector(queue).context("no vector")?.number);
    s.guest.expect(&format!(
        "cat {file} >/tmp/affinity; mount --bind /tmp/affinity {file}; mount -o remount,bind,ro {file}"
    ))?;
    let output = s.set("--base-processor 6")?;
    let (says, kernel) = (s.says()?, s.kernel()?);
    let differences = before.differences(&kernel);
    let degraded = says["state"] == "degraded";
    s.checks.that(matches!(output.code, 1 | 6), || format!("exit code {}", output.code));
    s.checks.that(degraded || differences.is_empty(), || {
        format!("state {} after a failed apply: {}", says["state"], differences.join("; "))
    });
    let told = output.stderr.contains("interrupt") && output.stderr.contains("read-only");
    s.checks.that(told, || format!("not what cannot be written: {}", output.stderr.trim()));
    s.guest.expect(&format!("umount {file}; rm /tmp/affinity"))?;

    s.settled("--base-processor 6")?;
    let missing = not_in_force(&s.kernel()?, &wanted);
    s.checks.that(missing.is_empty(), || format!("once it can be written: {}", missing.join("; ")));
    s.agree("after the fault").map(drop)
}

/// The daemon is killed at some moments of an apply, and started again: what was asked for is in force, or what was
/// there before where the question did not get through.
pub(super) fn killed_in_an_apply(s: &mut Subject<'_>) -> Result<()> {
    let online = s.online()?;
    let asks = [("ClosestStatic", 3), ("NUMAStatic", s.card.queues)];
    let processors = |at: usize| {
        let (profile, count) = asks[at];
        Ask { profile, base: None, max: None, count: count.min(s.card.queues) }
            .processors(s.card.node, &online)
    };
    let wanted = [processors(0), processors(1)];
    s.settled(&format!("--profile {} --max-processors {}", asks[1].0, asks[1].1))?;
    let mut in_force = 1;
    for (round, delay) in ["0", "0.05", "0.15", "0.3", "0.6", "1"].into_iter().enumerate() {
        let at = round % 2;
        let (profile, count) = asks[at];
        let address = s.product.address();
        let script = format!(
            "rssctl --address {address} set {} --profile {profile} --max-processors {count} {} & sleep {delay}; \
             kill -9 $(cat {}); wait $!",
            s.card.name,
            s.card.allow(),
            s.product.pid_file()
        );
        let answered = s.guest.run(&script)?.code == 0;
        s.product.restart(s.guest)?;
        let (says, kernel) = (s.says()?, s.kernel()?);
        let differences = disagreements(&says, &kernel);
        s.checks
            .that(differences.is_empty(), || format!("killed after {delay} s: {}", differences.join("; ")));
        let missing = [not_in_force(&kernel, &wanted[0]), not_in_force(&kernel, &wanted[1])];
        let there = |at: usize| missing[at].is_empty();
        let right = if answered { there(at) } else { there(at) || there(in_force) };
        s.checks.that(right, || {
            format!(
                "killed after {delay} s, answered: {answered}: {} / {}",
                missing[0].join("; "),
                missing[1].join("; ")
            )
        });
        in_force = if there(at) { at } else { in_force };
    }
    Ok(())
}

/// The card goes while it is changed, and comes back: as before, with its settings.
pub(super) fn unplugged_in_an_apply(s: &mut Subject<'_>) -> Result<()> {
    let card = s.card;
    let online = s.online()?;
    s.settled("--profile ClosestStatic")?;
    let wanted = Ask { profile: "ClosestStatic", base: Some(2), max: None, count: card.queues.min(2) }
        .processors(card.node, &online);
    let address = s.product.address();
    let change = |base| {
        format!("rssctl --address {address} set {} --base-processor {base} --max-processors 2", card.name)
    };
    // The guest takes some seconds to let go: it is changed all the while.
    let script = format!(
        "while [ -e /sys/class/net/{} ]; do {}; {}; done 2>&1; exit 0",
        card.name,
        change(4),
        change(2)
    );
    let job = s.guest.start(&script)?;
    s.guest.unplug(card.name)?;
    s.guest.wait(&job, Duration::from_secs(60))?;
    let output = s.rssctl("get", "")?;
    s.checks.that(matches!(output.code, 0 | 10), || format!("get of a card that is gone: {}", output.code));
    let all = s.product.rssctl(s.guest, "get")?;
    s.checks.equal("the daemon answers", &all.code, &0);

    s.guest.plug_back(card.name)?;
    let interface = s.guest.interface(card.name)?;
    s.guest.expect(&format!("[ {interface} = {0} ] || ip link set {interface} name {0}", card.name))?;
    ethtool::up(s.guest, card.name)?;
    // Whichever of the two was asked for last and answered: both name the first processor of two.
    s.settled("--base-processor 2 --max-processors 2")?;
    s.until_in_force("settings of a card that came back", &wanted)
}
