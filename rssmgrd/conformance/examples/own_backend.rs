//! A backend of somebody else's under the conformance suite: `cargo run -p rssmgr-conformance --example own_backend`.
//!
//! It keeps registers as a driver would and borrows nothing from rssmgr but the words of the contract: what to be
//! ([`Backend`]), what is asked ([`Op`]), and what it looks like ([`Device`]). A driver that is new puts its own in place of
//! [`Card`]. Requests were judged before they come here, so a driver judges only what its hardware would not survive.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use rssmgr_conformance::{Outcome as Ended, Verdict, run};
use rssmgr_core::backend::{Backend, Sampler};
use rssmgr_core::capability::{Capability, ChannelControl, UnhashedTarget, VPortCapability};
use rssmgr_core::device::{BackendError, Device, Filter, Op, Outcome, Queue, Refusal, VPortDevice, VPortOp};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::stats::Sample;
use rssmgr_core::{CpuId, QueueId, VPortId};

/// Entries of the hardware's table.
const ENTRIES: u16 = 64;
/// Queues.
const QUEUES: u16 = 8;

/// The registers of one way from a packet to a queue: those of the card itself, and of each of its ports.
#[derive(Clone, Default)]
struct Spread {
    on: bool,
    types: HashTypes,
    key: HashKey,
    table: Vec<QueueId>,
    unhashed: QueueId,
}

/// A port with queues of its own.
#[derive(Clone, Default)]
struct Port {
    queues: Vec<QueueId>,
    spread: Spread,
    filters: Vec<Filter>,
}

struct Card {
    capability: Capability,
    /// The CPU of each queue's interrupt.
    vectors: Vec<Option<CpuId>>,
    spread: Spread,
    ports: BTreeMap<VPortId, Port>,
}

impl Card {
    fn new() -> Self {
        let vports = VPortCapability {
            max: 4,
            queues: 4,
            table_entries: 16,
            dynamic_affinity: true,
            mac_filters: true,
            vlan_filters: true,
            filters: 8,
            ..VPortCapability::default()
        };
        let capability = Capability {
            max_queues: QUEUES,
            channels: ChannelControl::Fixed,
            table_entries: ENTRIES,
            key_bytes: 40,
            key_settable: true,
            hash_types: HashTypes::DEFAULT,
            hash_types_settable: true,
            unhashed: UnhashedTarget::DefaultProcessor,
            independent_entry_move: true,
            vectors: QUEUES,
            msi_x: true,
            queue_affinity: true,
            vports,
            ..Capability::default()
        };
        let table = vec![QueueId(0); ENTRIES.into()];
        let spread = Spread { table, ..Spread::default() };
        Self { capability, vectors: vec![None; QUEUES.into()], spread, ports: BTreeMap::new() }
    }
}

/// What is asked of the registers of either kind.
enum Write<'a> {
    On(bool),
    Types(HashTypes),
    Key(&'a HashKey),
    Entry(usize, QueueId),
    Table(&'a [QueueId]),
    Unhashed(QueueId),
}

fn write(spread: &mut Spread, what: &Write<'_>) -> Result<(), BackendError> {
    match what {
        Write::On(on) => spread.on = *on,
        Write::Types(types) => spread.types = *types,
        Write::Key(key) => spread.key = (*key).clone(),
        Write::Entry(at, queue) => {
            let missing = || BackendError::system("writing an entry", format!("there is no entry {at}"));
            *spread.table.get_mut(*at).ok_or_else(missing)? = *queue;
        }
        Write::Table(table) => spread.table = table.to_vec(),
        Write::Unhashed(queue) => spread.unhashed = *queue,
    }
    Ok(())
}

impl Card {
    /// The writes of one operation, to a copy of the registers: all of them or none.
    fn change(&mut self, port: Option<VPortId>, writes: &[Write<'_>]) -> Result<(), BackendError> {
        let unknown = || BackendError::system("a port", "there is none of this number");
        let registers = match port {
            None => &mut self.spread,
            Some(id) => &mut self.ports.get_mut(&id).ok_or_else(unknown)?.spread,
        };
        let mut copy = registers.clone();
        writes.iter().try_for_each(|what| write(&mut copy, what))?;
        *registers = copy;
        Ok(())
    }

    fn port(&mut self, id: VPortId, op: &VPortOp) -> Result<(), BackendError> {
        match op {
            VPortOp::Create { queues } => {
                let first = queues.first().copied().unwrap_or_default();
                let spread = Spread { table: vec![first], unhashed: first, ..Spread::default() };
                self.ports.insert(id, Port { queues: queues.clone(), spread, filters: Vec::new() });
                Ok(())
            }
            VPortOp::Delete => {
                self.ports.remove(&id);
                Ok(())
            }
            VPortOp::Queues(queues) => {
                self.ports.entry(id).and_modify(|port| port.queues.clone_from(queues));
                Ok(())
            }
            VPortOp::Filters(filters) => {
                self.ports.entry(id).and_modify(|port| port.filters.clone_from(filters));
                Ok(())
            }
            VPortOp::Enable(types) => self.change(Some(id), &[Write::Types(*types), Write::On(true)]),
            VPortOp::Disable => self.change(Some(id), &[Write::On(false)]),
            VPortOp::SetKey(key) => self.change(Some(id), &[Write::Key(key)]),
            VPortOp::WriteTable(table) => self.change(Some(id), &[Write::Table(table)]),
            VPortOp::DefaultQueue(queue) => self.change(Some(id), &[Write::Unhashed(*queue)]),
            VPortOp::SetEntries(moves) => {
                let writes: Vec<_> = moves.iter().map(|m| Write::Entry(m.entry.index(), m.queue)).collect();
                self.change(Some(id), &writes)
            }
        }
    }
}

struct NoCounters;

impl Sampler for NoCounters {
    fn sample(&self) -> Sample {
        Sample::default()
    }
}

impl Backend for Card {
    fn capability(&self) -> &Capability {
        &self.capability
    }

    fn blocking(&self) -> bool {
        false
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        let port = |(id, port): (&VPortId, &Port)| {
            let Port { queues, spread, filters } = port.clone();
            let Spread { on, types, key, table, unhashed } = spread;
            let port = VPortDevice {
                queues,
                enabled: on,
                hash_types: types,
                key,
                table,
                default_queue: unhashed,
                filters,
            };
            (*id, port)
        };
        Ok(Device {
            enabled: self.spread.on,
            queues: self.vectors.iter().map(|cpu| Queue { home: *cpu }).collect(),
            table: self.spread.table.clone(),
            key: self.spread.key.clone(),
            hash_types: self.spread.types,
            default_queue: self.spread.unhashed,
            vports: self.ports.iter().map(port).collect(),
            ..Device::default()
        })
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        match op {
            Op::Enable => self.change(None, &[Write::On(true)])?,
            Op::Disable => self.change(None, &[Write::On(false)])?,
            Op::SetKey(key) => self.change(None, &[Write::Key(key)])?,
            Op::HashTypes(types) => self.change(None, &[Write::Types(*types)])?,
            Op::WriteTable(table) => self.change(None, &[Write::Table(table)])?,
            Op::DefaultQueue(queue) => self.change(None, &[Write::Unhashed(*queue)])?,
            Op::SetEntries(moves) => {
                let writes: Vec<_> = moves.iter().map(|m| Write::Entry(m.entry.index(), m.queue)).collect();
                self.change(None, &writes)?;
            }
            Op::Home { queue, cpu } => {
                let missing = || BackendError::system("an interrupt", format!("there is no queue {queue}"));
                *self.vectors.get_mut(queue.index()).ok_or_else(missing)? = *cpu;
            }
            Op::VPort { id, op } => self.port(*id, op)?,
            op => return Err(Refusal::Unsupported { op: op.to_string() }.into()),
        }
        Ok(Outcome::Changed)
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        Arc::new(NoCounters)
    }
}

fn main() -> ExitCode {
    let outcomes = run(&mut Card::new);
    let held = |o: &Ended| o.verdict == Verdict::Holds;
    for Ended { rule, verdict } in &outcomes {
        println!(
            "{} {rule:?} {}",
            if *verdict == Verdict::Holds { "ok    " } else { "FAILED" },
            match verdict {
                Verdict::Holds => "",
                Verdict::Broken(why) => why,
                Verdict::Skipped(lacks) => lacks,
            }
        );
    }
    let count = outcomes.iter().filter(|o| held(o)).count();
    println!("{count} of {} rules hold", outcomes.len());
    if outcomes.iter().all(held) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[test]
fn somebody_elses_backend_keeps_every_rule() {
    let outcomes = run(&mut Card::new);
    let broken: Vec<_> = outcomes.iter().filter(|o| o.verdict != Verdict::Holds).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// One that loses the table while it is switched off is found, and by no rule but those about that.
#[test]
fn a_backend_with_a_fault_is_told_which_rules_it_breaks() {
    struct Forgets(Card);
    impl Backend for Forgets {
        fn capability(&self) -> &Capability {
            self.0.capability()
        }
        fn blocking(&self) -> bool {
            false
        }
        fn observe(&mut self) -> Result<Device, BackendError> {
            self.0.observe()
        }
        fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
            if *op == Op::Disable && self.0.spread.on {
                self.0.spread.table.fill(QueueId(0));
            }
            self.0.execute(op)
        }
        fn sampler(&self) -> Arc<dyn Sampler> {
            self.0.sampler()
        }
    }
    let outcomes = run(&mut || Forgets(Card::new()));
    let broken: Vec<&str> =
        outcomes.iter().filter(|o| o.verdict != Verdict::Holds).map(|o| o.rule.name).collect();
    assert!(broken.contains(&"table-survives-toggling"), "{broken:?}");
    assert!(broken.len() < 8, "{broken:?}");
}
