//! Bringing a VPort's state to the hardware: what differs, or everything.

use alloc::vec::Vec;

use super::callbacks::{Entry, Hardware};
use super::memory::Told;
use super::seats::Seats;
use crate::ids::{CpuId, EntryIndex, QueueId};
use crate::scaling::{Fault, VPort, VPortKey};

/// Brings a VPort from what the hardware was told to its new state, on the shortest way; `moves` says whether the hardware
/// can move single entries.
///
/// On: homes, table, default queue, key, then on. Off: off first, so that nothing directs traffic to what
/// changes.
pub(super) fn bring<H: Hardware>(
    h: &mut H,
    key: VPortKey,
    told: &mut Told,
    want: &VPort,
    moves: bool,
) -> Result<(), Fault> {
    if !want.rss_enabled {
        if told.enabled {
            h.disable(key.vport)?;
            told.enabled = false;
        }
        homes(h, &mut told.seats, &[want.primary])?;
        return default_queue(h, key, told, want.primary);
    }
    homes(h, &mut told.seats, &spread(want))?;
    let table = table(&told.seats, want, told.default_queue);
    if table.len() != told.table.len() || !moves && table != told.table {
        h.write_table(key.vport, &table)?;
        told.table = table;
    } else {
        entries(h, key, told, &table)?;
    }
    default_queue(h, key, told, want.default)?;
    if told.key != want.key {
        h.set_hash_secret_key(key.vport, &want.key)?;
        told.key = want.key.clone();
    }
    if told.enabled && told.types != want.hash_types {
        h.disable(key.vport)?;
        told.enabled = false;
    }
    if !told.enabled {
        h.enable(key.vport, want.hash_types)?;
        (told.enabled, told.types) = (true, want.hash_types);
    }
    Ok(())
}

/// Tells the hardware everything of a VPort: after a reset, and after a call that failed on the way. Homes, whole table
/// (also while RSS is off), key, then on or off.
pub(super) fn replay<H: Hardware>(
    h: &mut H,
    key: VPortKey,
    told: &mut Told,
    want: &VPort,
) -> Result<(), Fault> {
    told.seats.clear();
    let first = if want.rss_enabled { want.default } else { want.primary };
    // The default queue first: it stands in for entries whose processor has no queue while RSS is off.
    let needed = if want.rss_enabled { spread(want) } else { alloc::vec![want.primary] };
    homes(h, &mut told.seats, &needed)?;
    let queue = told.seats.of(first).ok_or(Fault::Resources)?;
    let table = table(&told.seats, want, queue);
    h.write_table(key.vport, &table)?;
    told.table = table;
    h.set_default_queue(key.vport, queue)?;
    told.default_queue = queue;
    if !want.key.is_empty() {
        h.set_hash_secret_key(key.vport, &want.key)?;
        told.key = want.key.clone();
    }
    if want.rss_enabled {
        h.enable(key.vport, want.hash_types)?;
    } else {
        h.disable(key.vport)?;
    }
    (told.enabled, told.types) = (want.rss_enabled, want.hash_types);
    Ok(())
}

/// The processors that need a queue while RSS is on, each once, in the order in which the table names them.
fn spread(want: &VPort) -> Vec<CpuId> {
    let mut cpus: Vec<CpuId> = Vec::new();
    for cpu in want.entries.iter().chain([&want.default]) {
        if !cpus.contains(cpu) {
            cpus.push(*cpu);
        }
    }
    cpus
}

fn homes<H: Hardware>(h: &mut H, seats: &mut Seats, needed: &[CpuId]) -> Result<(), Fault> {
    for (queue, cpu) in seats.missing(needed).ok_or(Fault::Resources)? {
        h.set_home(queue, cpu)?;
        seats.seat(queue, cpu);
    }
    Ok(())
}

/// The table in queues. A processor without a queue can be in it only while RSS is off.
fn table(seats: &Seats, want: &VPort, instead: QueueId) -> Vec<QueueId> {
    want.entries.iter().map(|cpu| seats.of(*cpu).unwrap_or(instead)).collect()
}

fn default_queue<H: Hardware>(h: &mut H, key: VPortKey, told: &mut Told, cpu: CpuId) -> Result<(), Fault> {
    let queue = told.seats.of(cpu).ok_or(Fault::Resources)?;
    if told.default_queue != queue {
        h.set_default_queue(key.vport, queue)?;
        told.default_queue = queue;
    }
    Ok(())
}

/// Moves the entries that differ, in one call. The first failure is that of all.
fn entries<H: Hardware>(h: &mut H, key: VPortKey, told: &mut Told, table: &[QueueId]) -> Result<(), Fault> {
    let differ = told.table.iter().zip(table).zip(0..).filter(|((old, new), _)| old != new);
    let mut calls: Vec<Entry> = differ
        .map(|((_, queue), i)| Entry { index: EntryIndex(i), queue: *queue, status: Err(Fault::NotReady) })
        .collect();
    if calls.is_empty() {
        return Ok(());
    }
    h.set_indirection_entries(key.vport, &mut calls);
    for entry in &calls {
        if entry.status.is_ok()
            && let Some(slot) = told.table.get_mut(entry.index.index())
        {
            *slot = entry.queue;
        }
    }
    calls.iter().try_for_each(|entry| entry.status)
}
