//! What happens to a card while the product manages it: by hand, by the guest, and from outside.

use super::card::Ask;
use super::kernel::Kernel;
use super::subject::{Subject, disagreements, not_in_force, processors};
use crate::lab::cells::ethtool;
use anyhow::{Context as _, Result};
use std::time::Duration;

/// How long all devices may take to suspend and resume.
const SUSPENDED_WITHIN: Duration = Duration::from_secs(150);

/// Puts a setting in force that no driver has by itself, and gives its processors.
fn managed(s: &mut Subject<'_>) -> Result<Vec<u32>> {
    let count = s.card.queues.min(3);
    s.settled(&format!("--profile ClosestStatic --max-processors {count}"))?;
    let ask = Ask { profile: "ClosestStatic", base: None, max: None, count };
    let online = s.online()?;
    let cpus = ask.processors(s.card.node, &online);
    s.until_in_force("set", &cpus)?;
    Ok(cpus)
}

/// A table written by hand is written again.
pub(super) fn table_by_hand(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    s.guest.expect(&format!("ethtool -X {} start 4 equal 2", s.card.name))?;
    s.until_in_force("after ethtool -X", &cpus)
}

/// Interrupts moved by hand go home.
pub(super) fn affinity_by_hand(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    for vector in s.kernel()?.vectors {
        s.guest.run(&format!("echo 7 >/proc/irq/{}/smp_affinity_list", vector.number))?;
    }
    s.until_in_force("after echo 7 >smp_affinity_list", &cpus)
}

/// A request right after interrupts were moved by hand, of which the kernel tells nobody.
pub(super) fn set_right_after(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    let mut script = String::new();
    for vector in s.kernel()?.vectors {
        script += &format!("echo 7 >/proc/irq/{}/smp_affinity_list\n", vector.number);
    }
    let (address, name) = (s.product.address(), s.card.name);
    let set = s.guest.run(&format!("{script}rssctl --address {address} set {name} --xps off"))?;
    s.checks.that(set.code == 0, || format!("set ended with {}: {}", set.code, set.stderr.trim()));
    s.until_in_force("after echo 7 >smp_affinity_list and a set", &cpus)
}

/// A card that shows its table only once it was opened is named before that, opened, and given back.
pub(super) fn named_while_closed(s: &mut Subject<'_>) -> Result<()> {
    let name = s.card.name;
    let found = s.kernel()?;
    s.guest.unplug(name)?;
    s.guest.plug_back(name)?;
    let there = s.guest.interface(name)?;
    s.guest.expect(&format!("[ {there} = {name} ] || ip link set {there} name {name}"))?;
    let address = s.product.address();
    let known = format!("until rssctl --address {address} get {name} -o name; do sleep 0.1; done");
    s.guest.run_within(&known, Duration::from_secs(40))?;
    s.settled("--profile ClosestStatic --max-processors 3")?;
    let spread = |kernel: &Kernel| kernel.rps.iter().any(|cpus| !cpus.is_empty());
    let closed = s.kernel()?;
    s.checks.that(closed.table.is_empty(), || "the card shows its table while it is closed".into());
    s.checks.that(!spread(&closed), || format!("spread by the kernel while closed: {:?}", closed.rps));
    let why = s.must("why", "")?;
    s.checks.that(why.contains("when it is opened"), || format!("why does not say so: {why}"));

    ethtool::up(s.guest, name)?;
    let ask = Ask { profile: "ClosestStatic", base: None, max: None, count: 3 };
    let online = s.online()?;
    let cpus = ask.processors(s.card.node, &online);
    s.until_in_force("opened", &cpus)?;
    let open = s.kernel()?;
    s.checks.that(!spread(&open), || format!("spread by the kernel, too: {:?}", open.rps));
    s.must("release", "")?;
    let left = s.kernel()?;
    s.checks.equal("table after release", &left.table, &found.table);
    s.checks.equal("hash fields after release", &left.fields, &found.fields);
    s.checks.equal("RPS after release", &left.rps, &found.rps);
    let homes = left.vectors.iter().filter(|vector| vector.cpus.len() == 1).count();
    s.checks.equal("interrupts that are still held", &homes, &0);
    Ok(())
}

/// Channels changed by hand: what rests on them is right again, and the change is told.
pub(super) fn channels_by_hand(s: &mut Subject<'_>) -> Result<()> {
    managed(s)?;
    let place = s.events(0)?.1;
    s.guest.expect(&format!("ethtool -L {} combined 6", s.card.name))?;
    s.until("after ethtool -L", |says, kernel| {
        let mut differences = disagreements(says, kernel);
        differences.extend(not_in_force(kernel, &processors(says)));
        (!differences.is_empty()).then(|| differences.join("; "))
    })?;
    let (names, _) = s.events(place)?;
    s.checks.that(!names.is_empty(), || "no event tells of it".into());
    Ok(())
}

/// A new name keeps the settings.
pub(super) fn renamed(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    let name = s.card.name;
    s.guest
        .expect(&format!("ip link set {name} down; ip link set {name} name other; ip link set other up"))?;
    let known =
        format!("until rssctl --address {} get other -o name; do sleep 0.1; done", s.product.address());
    let known = s.guest.run_within(&known, Duration::from_secs(40));
    s.checks.that(known.is_ok_and(|output| output.code == 0), || "not known by its new name".into());
    s.guest.expect(&format!("ip link set other down; ip link set other name {name}"))?;
    ethtool::up(s.guest, name)?;
    s.until_in_force("with its old name again", &cpus)
}

/// The driver lets go of the card and takes it again: a new interface, which gets its name only afterwards.
pub(super) fn driver_rebound(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    let name = s.card.name;
    s.guest.expect(&format!(
        "d=$(readlink -f /sys/class/net/{name}/device); b=$(readlink -f $d/driver)\n\
         echo ${{d##*/}} >$b/unbind && echo ${{d##*/}} >$b/bind"
    ))?;
    let there = s.guest.interface(name)?;
    s.guest.expect(&format!("[ {there} = {name} ] || ip link set {there} name {name}"))?;
    ethtool::up(s.guest, name)?;
    s.until_in_force("after the driver was bound again", &cpus)
}

/// To another namespace and back: away in between, and with its settings afterwards.
pub(super) fn moved_to_a_namespace(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    let name = s.card.name;
    s.guest.expect(&format!("ip netns add away && ip link set {name} netns away"))?;
    let other = s.product.rssctl(s.guest, "get")?;
    s.checks.equal("the daemon answers meanwhile", &other.code, &0);
    s.guest.expect(&format!("ip -n away link set {name} netns 1 && ip netns delete away"))?;
    ethtool::up(s.guest, name)?;
    s.until_in_force("back from a namespace", &cpus)
}

/// The cable is pulled and plugged; the interface goes down and up.
pub(super) fn link_flaps(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    let name = s.card.name;
    for up in [false, true] {
        s.guest.link(name, up)?;
        let want = u8::from(up);
        s.guest.expect(&format!(
            "until [ $(cat /sys/class/net/{name}/carrier) = {want} ]; do sleep 0.02; done"
        ))?;
    }
    s.until_in_force("after the cable was out", &cpus)?;
    s.guest.expect(&format!("ip link set {name} down"))?;
    ethtool::up(s.guest, name)?;
    s.until_in_force("after down and up", &cpus)
}

/// A CPU in use goes off line: only its queue moves. One that comes back moves nothing, whatever the driver did then.
pub(super) fn processor_off_line(s: &mut Subject<'_>) -> Result<()> {
    // Processor 0 cannot go.
    let count = s.card.queues.min(3);
    s.settled(&format!("--profile ClosestStatic --base-processor 2 --max-processors {count}"))?;
    let ask = Ask { profile: "ClosestStatic", base: Some(2), max: None, count };
    let cpus = ask.processors(s.card.node, &s.online()?);
    let gone = *cpus.last().context("no processors")?;
    let file = format!("/sys/devices/system/cpu/cpu{gone}/online");
    s.guest.expect(&format!("echo 0 >{file}"))?;
    let mut moved = Vec::new();
    let stays = |now: &[u32]| {
        let kept = |(was, is): (&u32, &u32)| if *was == gone { !cpus.contains(is) } else { was == is };
        now.len() == cpus.len() && cpus.iter().zip(now).all(kept)
    };
    s.until("a CPU off line", |says, kernel| {
        moved = processors(says);
        let mut differences = disagreements(says, kernel);
        differences.extend(not_in_force(kernel, &moved));
        if !stays(&moved) {
            differences.push(format!("processors {cpus:?} became {moved:?} without {gone}"));
        }
        (!differences.is_empty()).then(|| differences.join("; "))
    })?;
    s.guest.expect(&format!("echo 1 >{file}"))?;
    s.guest.expect(&format!(
        "until [ $(rssctl --address {} events -o jsonl | grep -c ProcessorsChanged) -ge 2 ]; do sleep 0.1; done",
        s.product.address()
    ))?;
    s.product.expect(s.guest, "wait")?;
    s.until_in_force("the CPU is back", &moved)
}

/// A port of a bridge, and of none again: the card was there all the time.
pub(super) fn bridged(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    let name = s.card.name;
    let place = s.events(0)?.1;
    s.guest.expect(&format!(
        "ip link add br0 type bridge && ip link set {name} master br0 && ip link set br0 up && sleep 1\n\
         ip link set {name} nomaster && ip link delete br0"
    ))?;
    s.until_in_force("a port of a bridge, and of none again", &cpus)?;
    let told = s.events(place)?.0;
    let gone = told.iter().any(|event| ["AdapterGone", "AdapterAway", "AdapterArrived"].contains(&&**event));
    s.checks.that(!gone, || format!("it was there all the time: {told:?}"));
    Ok(())
}

/// Devices are suspended and resumed.
pub(super) fn suspended(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    s.guest.suspend(SUSPENDED_WITHIN)?;
    ethtool::up(s.guest, s.card.name)?;
    s.until_in_force("after suspend and resume", &cpus)
}

/// A first service: what is in force outlives the daemon.
pub(super) fn daemon_restarts(s: &mut Subject<'_>) -> Result<()> {
    let cpus = managed(s)?;
    let before = s.kernel()?;
    s.product.stop(s.guest)?;
    let differences = before.differences(&s.kernel()?);
    s.checks.that(differences.is_empty(), || format!("while stopped: {}", differences.join("; ")));
    // What changed while nobody looked is found at the start.
    if s.card.entries > 0 {
        s.guest.expect(&format!("ethtool -X {} equal 1", s.card.name))?;
    }
    s.product.restart(s.guest)?;
    s.until_in_force("after the restart", &cpus)
}

/// Released: as it was found.
pub(super) fn released(s: &mut Subject<'_>) -> Result<()> {
    let before = s.kernel()?;
    s.settled("--profile ClosestStatic --base-processor 1 --queues 2")?;
    s.must("release", &s.card.allow())?;
    let differences = before.differences(&s.kernel()?);
    s.checks.that(differences.is_empty(), || differences.join("; "));
    let says = s.says()?;
    s.checks.equal("state", &says["state"].as_str(), &Some("observed"));
    Ok(())
}
