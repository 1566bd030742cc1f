//! A recorded machine: its files tell of queues, interrupts and counters; nobody can be asked for tables.

use rssmgr_core::doctor::{NicReport, QueueReport};
use rssmgr_ethtool::by_name;
use rssmgr_host::{Interrupt, NicFacts};

use super::{Reader, cpu_samples};

pub(super) fn read(reader: &mut Reader) {
    let now = reader.cpus();
    reader.machine.cpus = cpu_samples(None, &now);
    for facts in reader.facts.clone() {
        let mut nic = reader.plain(&facts);
        queues(reader, &facts, &mut nic);
        reader.machine.nics.push(nic);
    }
    if !reader.machine.nics.is_empty() {
        let missing = "tables, hash types and limits of the adapters: no recording holds them";
        reader.not_checked.push(missing.to_owned());
    }
}

fn queues(reader: &mut Reader, facts: &NicFacts, nic: &mut NicReport) {
    let count = u16::try_from(facts.rx_queues).unwrap_or(u16::MAX);
    let names = names(reader, facts);
    let vectors = by_name(&nic.driver, &names, count).unwrap_or_default();
    let steering = rssmgr_host::receive_steering(&reader.root, &facts.name);
    let steering = reader.try_read(steering);
    nic.queues = (0..usize::from(count))
        .map(|q| QueueReport {
            rps: steering.get(q).cloned(),
            ..reader.queue(vectors.get(q).and_then(|v| v.receive))
        })
        .collect();
    if vectors.is_empty() && count > 0 {
        let note = format!("{}: the recording does not tell which interrupt serves which queue", facts.name);
        reader.not_checked.push(note);
    }
}

/// The names of an adapter's interrupts: as `/proc/irq` has them, else as `/proc/interrupts` prints them.
fn names(reader: &mut Reader, facts: &NicFacts) -> Vec<(u32, Vec<String>)> {
    let counts = rssmgr_host::interrupt_counts(&reader.root, |irq| facts.msi_irqs.contains(&irq));
    let counts = reader.try_read(counts);
    let mut all = Vec::new();
    for &irq in &facts.msi_irqs {
        let read = rssmgr_host::interrupt(&reader.root, irq);
        let Interrupt { mut names, .. } = reader.try_read(read);
        if names.is_empty() {
            let text = counts.get(&irq).map(|c| c.text.as_str()).unwrap_or_default();
            // Chip, kind and trigger come before the names, which have commas in between.
            names.extend(text.split_whitespace().skip(1).map(|w| w.trim_end_matches(',').to_owned()));
        }
        all.push((irq, names));
    }
    all
}
