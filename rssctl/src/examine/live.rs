//! This machine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rssmgr_core::VPortId;
use rssmgr_core::backend::{Backend as _, Sampler};
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::doctor::{Astray, NicReport, QueueReport, Sampled, Tunnel, VPortReport};
use rssmgr_core::stats::Sample;
use rssmgr_core::tunnel::TunnelKind;
use rssmgr_ethtool::contexts::LedgerPlace;
use rssmgr_ethtool::{Found, Sampling, discover};
use rssmgr_host::settings::SAVED;
use rssmgr_host::{Counts, boot_id};
use rssmgr_netlink::rtnetlink::{Link, Links};

use super::{Reader, Told, cpu_samples};

/// Interrupts of a NIC's queues as `/proc/interrupts` counts them.
type Interrupts = BTreeMap<u32, Counts>;

/// `IFF_UP`.
const UP: u32 = 1;

/// How often counters are asked for that are not there in time, and how long in between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

pub(super) fn read(reader: &mut Reader, interval: Duration, told: Option<&Told>) {
    let ledgers = ledgers(told);
    let mut found = adapters(reader, &ledgers);
    let strayed = astray(reader, &mut found, &ledgers);
    reader.machine.tunnels.extend(gre_with_ethernet());
    let before = (!interval.is_zero()).then(|| {
        let start = Instant::now();
        let look = look(reader, &found);
        sleep(interval);
        (look, start)
    });
    let now = look(reader, &found);
    if let Some((_, start)) = &before {
        reader.machine.interval_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    }
    let before = before.map(|(look, _)| look);
    // What the daemon was about to change at the first look, it has changed at the second.
    let mut strayed_still = astray(reader, &mut found, &ledgers);
    for (still, first) in strayed_still.iter_mut().zip(&strayed) {
        still.retain(|id, astray| first.get(id) == Some(astray));
    }
    reader.machine.cpus = cpu_samples(before.as_ref().map(|b| &b.cpus), &now.cpus);
    for (i, found) in found.iter().enumerate() {
        let samples = (before.as_ref().map(|b| &b.nics[i]), &now.nics[i]);
        let mut nic = report(reader, found, samples);
        if let Some(before) = &before {
            fired(&mut nic, &before.interrupts, &now.interrupts);
        }
        let strayed = strayed_still.get(i).into_iter().flatten();
        let vport = |(id, astray): (&VPortId, &Astray)| VPortReport {
            id: *id,
            astray: Some(*astray),
            ..VPortReport::default()
        };
        nic.vports = strayed.map(vport).collect();
        reader.machine.nics.push(nic);
    }
}

/// GRE that carries Ethernet, as NVGRE does: sysfs shows it as any Ethernet interface. Which one it goes over is not told.
fn gre_with_ethernet() -> Vec<Tunnel> {
    const KINDS: [&str; 4] = ["gretap", "ip6gretap", "erspan", "ip6erspan"];
    let links = Links::open().and_then(|mut links| links.list()).unwrap_or_default();
    let is_one = |l: &Link| l.flags & UP != 0 && l.kind.as_deref().is_some_and(|k| KINDS.contains(&k));
    let tunnel = |l: Link| Tunnel { name: l.name, kind: TunnelKind::Gre, over: BTreeSet::new() };
    links.into_iter().filter(is_one).map(tunnel).collect()
}

/// Where the daemon keeps which RSS contexts are its own: beside its saved settings.
fn ledgers(told: Option<&Told>) -> LedgerPlace {
    let saved = told.map(|t| PathBuf::from(&t.config.saved_file)).filter(|file| file.is_absolute());
    let saved = saved.unwrap_or_else(|| Path::new("/").join(SAVED));
    let folder = saved.parent().map(|f| f.join("contexts"));
    LedgerPlace { folder, boot: boot_id(Path::new("/")), look_only: true }
}

/// VPorts whose RSS contexts are not as the daemon made them, of each adapter.
fn astray(reader: &mut Reader, found: &mut [Found], ledgers: &LedgerPlace) -> Vec<BTreeMap<VPortId, Astray>> {
    let closed = ledgers.folder.as_ref().is_some_and(|folder| {
        std::fs::read_dir(folder).is_err_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied)
    });
    let mut of = |found: &mut Found| {
        if !found.nic.capability().vports.any() {
            return BTreeMap::new();
        }
        let name = &found.host.name;
        let note = match found.nic.vports_astray(ledgers) {
            Ok(_) if closed => {
                format!("{name}: whether RSS contexts of VPorts are as rssmgrd made them (root may see that)")
            }
            Ok(strayed) => return strayed,
            Err(e) => format!("{name}: RSS contexts of VPorts: {e}"),
        };
        if !reader.not_checked.contains(&note) {
            reader.not_checked.push(note);
        }
        BTreeMap::new()
    };
    found.iter_mut().map(&mut of).collect()
}

/// One look at all counters.
struct Look {
    cpus: (Vec<rssmgr_host::Softnet>, Vec<rssmgr_host::CpuTime>),
    interrupts: Interrupts,
    /// Of each adapter.
    nics: Vec<Sample>,
}

fn look(reader: &mut Reader, found: &[Found]) -> Look {
    let nics = found.iter().map(|f| sample(&*f.nic.sampler())).collect();
    let wanted = |irq: u32| {
        let of =
            |f: &Found| f.nic.interrupts().is_some_and(|i| i.queues.iter().any(|v| v.receive == Some(irq)));
        found.iter().any(of)
    };
    let counts = rssmgr_host::interrupt_counts(&reader.root, wanted);
    Look { cpus: reader.cpus(), interrupts: reader.try_read(counts), nics }
}

/// The counters of an adapter; a driver at work may keep them back for a while.
fn sample(sampler: &dyn Sampler) -> Sample {
    for _ in 0..TRIES {
        let sample = sampler.sample();
        if sample != Sample::default() {
            return sample;
        }
        sleep(PAUSE);
    }
    sampler.sample()
}

/// The adapters that the kernel tells of; why it does not tell of others that have a device.
fn adapters(reader: &mut Reader, ledgers: &LedgerPlace) -> Vec<Found> {
    let discovered = Sampling::start().map_err(|e| e.to_string());
    let discovered = discovered.and_then(|sampling| discover(&sampling, ledgers).map_err(|e| e.to_string()));
    match discovered {
        Ok(discovered) => {
            let hardware = |name: &str| reader.facts.iter().any(|f| f.name == name);
            let hidden = discovered.hidden.iter().filter(|h| hardware(&h.name));
            let notes: Vec<String> = hidden.map(|h| format!("{}: {}", h.name, h.because)).collect();
            reader.not_checked.extend(notes);
            discovered.adapters
        }
        Err(e) => {
            reader
                .not_checked
                .push(format!("no adapter was looked at, because the kernel does not list them: {e}"));
            Vec::new()
        }
    }
}

fn report(reader: &mut Reader, found: &Found, samples: (Option<&Sample>, &Sample)) -> NicReport {
    let device = &found.device;
    let vectors = found.nic.interrupts();
    let mut nic = reader.plain(&found.host);
    nic.driver.clone_from(&found.facts.driver);
    nic.up = found.link.flags & UP != 0;
    nic.capability = Some(found.nic.capability().clone());
    nic.queues = (0..device.queues.len())
        .map(|q| {
            let irq = vectors.and_then(|v| v.queues.get(q)?.receive);
            let packets = |s: &Sample| s.queues.get(q).map(|s| s.packets);
            QueueReport {
                rps: device.rps.get(q).cloned(),
                packets: packets(samples.1).map(|now| Sampled { before: samples.0.and_then(packets), now }),
                ..reader.queue(irq)
            }
        })
        .collect();
    nic.device = Some(device.clone());
    nic
}

/// Where the kernel does not say to which CPU an interrupt goes, the one that took them all says it.
fn fired(nic: &mut NicReport, before: &Interrupts, now: &Interrupts) {
    for queue in nic.queues.iter_mut().filter(|q| q.effective.is_none()) {
        let Some((before, now)) = queue.irq.and_then(|irq| Some((before.get(&irq)?, now.get(&irq)?))) else {
            continue;
        };
        let more = |(cpu, n): (&rssmgr_core::CpuId, &u64)| {
            (before.cpus.get(cpu).copied().unwrap_or(0) < *n).then_some(*cpu)
        };
        let took: CpuSet = now.cpus.iter().filter_map(more).collect();
        queue.effective = Some(took).filter(|set| set.len() == 1);
    }
}
