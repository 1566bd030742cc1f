//! Figures of the product in a guest. They are of an emulated machine: to be compared with each other, not with hardware.

use super::card::{Ask, CARDS, Card};
use super::rest;
use super::subject::Subject;
use super::trace;
use super::writes;
use crate::lab::cells::Checks;
use crate::lab::guest::Guest;
use anyhow::{Context as _, Result};
use std::time::Duration;

/// Runs of each.
const RUNS: usize = 9;

/// How long the daemon is watched at rest.
const REST: u64 = 60;

/// Two profiles and numbers of processors, which differ in the processor of nearly each queue and in the table.
const SETTINGS: [(&str, u32); 2] = [("ClosestStatic", 8), ("NUMAStatic", 7)];

fn settings(number: usize) -> String {
    let (profile, count) = SETTINGS[number];
    format!("--profile {profile} --max-processors {count}")
}

/// Prints them, for the cards with a table; whether the daemon changes no more than a script does, and makes few calls at
/// rest. How long that takes decides nothing: an emulator makes a program's own work dear, and the kernel's cheap.
pub(in crate::lab) fn print(guest: &mut Guest) -> Result<bool> {
    let mut checks = Checks::default();
    println!(
        "kernel {}, emulated: to be compared with each other alone; medians of {RUNS} runs, [fastest to slowest]",
        guest.expect("uname -r")?.trim()
    );
    let mut few = true;
    for card in CARDS.iter().filter(|card| card.entries > 0) {
        println!("{}, {} queues", card.driver, card.queues);
        let mut s = Subject::new(guest, &mut checks, card)?;
        applies(&mut s)?;
        // What was done by hand is found by a new daemon at once, by this one when it reads regularly.
        drop(s);
        let mut s = Subject::new(guest, &mut checks, card)?;
        few &= setters(&mut s)?;
        drop(s);
        repairs(guest, &mut checks, card)?;
    }
    few &= at_rest(guest, &mut checks)?;
    Ok(few)
}

/// What took so long, in milliseconds.
struct Times(Vec<Duration>);

impl Times {
    fn median(&self) -> Duration {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = [Some(&self.median()), self.0.first(), self.0.last()];
        let [median, first, last] = all.map(|time| time.map_or(0, Duration::as_millis));
        write!(f, "{median:>6} ms  [{first} to {last}]")
    }
}

/// The whole change of a card with all its queues, as the guest's clock sees it: table, interrupts and transmit queues.
fn applies(s: &mut Subject<'_>) -> Result<()> {
    let card = s.card;
    s.settled(&settings(1))?;
    let address = s.product.address();
    let set =
        |number| format!("rssctl --address {address} set {} {} >/dev/null", card.name, settings(number));
    let ours = timed(s, |run| set(run % 2))?;
    let unchanged = timed(s, |_| set((RUNS - 1) % 2))?;
    let started = timed(s, |_| "rssctl --version >/dev/null".to_owned())?;
    // From here on nobody puts right what is done by hand.
    s.must("release", &card.allow())?;
    let theirs = timed(s, |run| by_hand(card, run % 2))?;
    println!("  whole apply by rssctl                {ours}");
    println!("  rssctl where nothing is to change    {unchanged}");
    println!("  rssctl started for its version       {started}");
    println!("  the same by ethtool and a shell      {theirs}");
    Ok(())
}

/// How long a script runs, by the guest's own clock, without the way into the guest.
fn timed(s: &mut Subject<'_>, script: impl Fn(usize) -> String) -> Result<Times> {
    let mut took = Vec::new();
    for run in 0..RUNS {
        let script = script(run);
        let script =
            format!("{NOW}\nnow; since=$now\n{script}\n[ $? = 0 ] || exit\nnow; echo $((now - since))");
        let text = s.guest.expect(&script)?;
        let hundredths: u64 = text.lines().last().unwrap_or_default().trim().parse().context("no time")?;
        took.push(Duration::from_millis(hundredths * 10));
    }
    took.sort_unstable();
    Ok(Times(took))
}

/// Sets `now` to the guest's time in hundredths of a second.
const NOW: &str = "now() { IFS='. ' read a b _ </proc/uptime; now=$((a * 100 + 1$b - 100)); }";

/// What the kernel was told, beside the steps of the plan and beside what a script tells it; whether that is no more.
fn setters(s: &mut Subject<'_>) -> Result<bool> {
    trace::start(s.guest)?;
    s.settled(&settings(1))?;
    let plan = s.json("plan", &settings(0))?;
    let steps = plan["adapters"][0]["steps"].as_array().cloned().unwrap_or_default();
    trace::changes(s.guest)?;
    s.settled(&settings(0))?;
    let ours = trace::count(&trace::changes(s.guest)?);
    s.must("release", &s.card.allow())?;
    s.guest.expect(&by_hand(s.card, 1))?;
    trace::changes(s.guest)?;
    s.guest.expect(&by_hand(s.card, 0))?;
    let theirs = trace::count(&trace::changes(s.guest)?);
    let all = |of: &trace::Counts| of.values().sum::<usize>();
    println!(
        "  calls that change something          {} for {} steps of the plan; by hand {}",
        all(&ours),
        steps.len(),
        all(&theirs)
    );
    // A step serves a queue, which may have an interrupt for each direction.
    println!("    {:<10} {:>5} {:>5} {:>8}", "", "calls", "steps", "by hand");
    let planned = writes::planned(&steps);
    let kinds: std::collections::BTreeSet<_> =
        ours.keys().chain(planned.keys()).chain(theirs.keys()).collect();
    for kind in kinds {
        let of = |counts: &trace::Counts| counts.get(kind).copied().unwrap_or_default();
        println!("    {:<10} {:>5} {:>5} {:>8}", format!("{kind:?}"), of(&ours), of(&planned), of(&theirs));
    }
    let few = all(&ours) <= all(&theirs);
    if !few {
        println!("  MORE than by hand");
    }
    Ok(few)
}

/// How many system calls the daemon makes while nothing happens; whether they are as few as they may be.
fn at_rest(guest: &mut Guest, checks: &mut Checks) -> Result<bool> {
    let s = Subject::new(guest, checks, &CARDS[0])?;
    let [first, second, third, _] = &CARDS;
    let cards = [first, second, third];
    for card in cards {
        s.product.expect(s.guest, &format!("set {} --profile NUMAStatic", card.name))?;
    }
    let calls = rest::count(s.guest, &s.product, REST)?;
    let allowed = rest::allowed(&cards.map(|card| card.queues), REST);
    println!("at rest, {} cards managed: {calls}; allowed are {allowed}", cards.len());
    Ok(calls.all <= allowed)
}

/// How long after an event everything is right again, read with `ethtool` and from `/proc/irq` alone. Where the kernel
/// does not tell of a change, the regular reading finds it.
fn repairs(guest: &mut Guest, checks: &mut Checks, card: &'static Card) -> Result<()> {
    let name = card.name;
    let mut events = vec![
        ("ethtool -X by hand", format!("ethtool -X {name} equal 1")),
        ("interrupts moved by hand", format!("each_vector move; {READY}")),
        ("down and up", format!("ip link set {name} down; ip link set {name} up; {READY}")),
        (
            "the driver bound again",
            format!(
                "e=$(readlink -f /sys/class/net/{name}/device); b=$(readlink -f $e/driver)\n\
                 echo ${{e##*/}} >$b/unbind; echo ${{e##*/}} >$b/bind\n\
                 for i in /sys/class/net/*/; do read a <$i/address; i=${{i%/}}\n\
                 [ $a != $address ] || [ ${{i##*/}} = {name} ] || ip link set ${{i##*/}} name {name}; done\n\
                 ip link set {name} up; {READY}"
            ),
        ),
    ];
    // Of the others the channels stay as somebody set them: setting them back would take the link down again.
    if card.channels == Some("reorder") {
        events.push(("ethtool -L by hand", format!("ethtool -L {name} combined 7")));
    }
    println!("  right again after the event, once the driver is ready");
    for (what, event) in events {
        // A daemon of its own for each: one that is contradicted again and again leaves the card to who does it.
        let mut s = Subject::new(guest, checks, card)?;
        // With every queue in use: the interrupts of idle ones are nobody's.
        s.settled("--profile NUMAStatic")?;
        let script = format!(
            "n={name}; d=/sys/class/net/$n/device; [ -d $d/msi_irqs ] || d=$(readlink -f $d/..); d=$(readlink -f $d)\n\
             read address </sys/class/net/$n/address\n\
             show() {{ read a </proc/irq/$1/smp_affinity_list; echo \"$2 $a\"; }}\n\
             move() {{ echo 7 >/proc/irq/$1/smp_affinity_list; }}\n\
             each_vector() {{ for i in $d/msi_irqs/*; do i=${{i##*/}}; for v in /proc/irq/$i/*/; do v=${{v%/}}; v=${{v##*/}}\n\
             case $v in *-event-*) ;; *-*[0-9]) $1 $i $v;; esac; done; done 2>/dev/null; }}\n\
             state() {{ ethtool -x $n | grep '^ *[0-9]*: '; each_vector show | sort; }}\n\
             {NOW}\n\
             state >/tmp/wanted; {event}\n\
             now; since=$now; until state | cmp -s - /tmp/wanted; do now; [ $((now - since)) -lt 4000 ] || exit 1; done\n\
             now; echo $(((now - since) * 10))"
        );
        let output = s.guest.run(&script)?;
        let took = if output.code == 0 { output.stdout.trim().to_owned() } else { "more than 40000".into() };
        println!("    {what:<34} {took:>6} ms");
    }
    Ok(())
}

/// Waits for the driver to be ready.
const READY: &str = "until read u </sys/class/net/$n/carrier && [ $u = 1 ]; do sleep 0.02; done 2>/dev/null";

/// What the settings of that number mean, as a careful shell script: the table, then each queue's interrupts to a processor,
/// and its transmit queue with it. The shell's own means wherever they will do; `ethtool` alone is a program.
fn by_hand(card: &Card, number: usize) -> String {
    let (name, (profile, count)) = (card.name, SETTINGS[number]);
    let processors = Ask { profile, base: None, max: None, count }.processors(card.node, &(0..8).collect());
    let processors = processors.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    format!(
        "n={name}; d=/sys/class/net/$n/device; [ -d $d/msi_irqs ] || d=$d/..\n\
         ethtool -X $n equal {count}\n\
         for i in $d/msi_irqs/*; do i=${{i##*/}}; for a in /proc/irq/$i/*-*[0-9]/; do [ -d \"$a\" ] || continue\n\
           a=${{a%/}}; q=${{a##*[!0-9]}}; set -- {processors}; [ $q -lt $# ] || continue; shift $q\n\
           echo $1 >/proc/irq/$i/smp_affinity_list; done; done\n\
         q=0; for c in {processors}; do printf %x $((1 << c)) >/sys/class/net/$n/queues/tx-$q/xps_cpus; q=$((q + 1)); done\n:"
    )
}
