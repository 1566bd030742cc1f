//! From a device to a target: the steps, in an order that never points the table at a queue that is not there, with
//! the reason and the impact of each. The driver's row decides the order and what must be sent again. Also the way
//! back: a rollback is a plan from what is observed to the snapshot.

mod vports;

use alloc::vec::Vec;

use crate::capability::Capability;
use crate::device::{Device, EntryMove, Op, Refusal, UserTable, Vector};
use crate::driver::{Driver, Fate, Impact, Nic, Shape, TableFate, TableState, round_robin};
use crate::ids::{EntryIndex, QueueId};
use crate::place::{Quirk, Reason, Target};

/// One operation of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub op: Op,
    /// Why.
    pub why: Reason,
    /// What it does to traffic.
    pub impact: Impact,
}

/// The steps from `device`, taken at its word, to `target`. Empty when they agree already.
///
/// # Errors
/// What the driver would refuse on the way.
pub fn plan(
    driver: &Driver,
    cap: &Capability,
    device: &Device,
    target: &Target,
) -> Result<Vec<Step>, Refusal> {
    plan_nic(driver, cap, &Nic::from(device.clone()), target)
}

/// [`plan`] from an adapter of which more is known than a reading shows: after a change of channels by somebody else,
/// or by a run that was cut short, a table may have to be sent again although it reads back as wanted.
///
/// # Errors
/// What the driver would refuse on the way.
pub fn plan_nic(driver: &Driver, cap: &Capability, nic: &Nic, target: &Target) -> Result<Vec<Step>, Refusal> {
    let first = &nic.device;
    let mut p = Planner {
        driver,
        cap,
        target,
        first,
        nic: nic.clone(),
        lost: None,
        fitted: false,
        steps: Vec::new(),
    };
    let want = &target.device;
    let shrinks = want.channels() < first.channels();
    // Where fewer queues cost nothing else, they come last: no part is written twice.
    let early = shrinks && driver.shrink != Fate::KEPT;

    p.give_up_vports()?;
    if want.channels() > first.channels() {
        p.channels()?;
    }
    if p.nic.device.enabled && !want.enabled {
        // Off first, so that nothing else on the way can reorder anything.
        p.home(want.default_queue)?;
        p.default_queue()?;
        p.push(Op::Disable)?;
    }
    if early {
        p.channels()?;
    }
    for q in 0..want.channels().min(p.nic.device.channels()) {
        p.home(QueueId(q))?;
    }
    p.other_vectors()?;
    p.transmit_steering()?;
    p.packet_steering()?;
    p.default_queue()?;
    // Before the table, which some drivers reset with it.
    p.key()?;
    if p.nic.device.hash_types != want.hash_types {
        p.push(Op::HashTypes(want.hash_types))?;
    }
    if p.nic.device.encapsulation != want.encapsulation {
        p.push(Op::Encapsulation(want.encapsulation))?;
    }
    p.table()?;
    p.vports()?;
    if shrinks && !early {
        p.push(Op::Channels(want.channels()))?;
        p.give_back()?;
    }
    if want.enabled && !p.nic.device.enabled {
        p.push(Op::Enable)?;
    }
    Ok(p.steps)
}

struct Planner<'a> {
    driver: &'a Driver,
    cap: &'a Capability,
    target: &'a Target,
    /// What was there. A step for a part that was right already is there because of the driver.
    first: &'a Device,
    nic: Nic,
    /// What took the table away last.
    lost: Option<Quirk>,
    /// Whether the wanted table was written already.
    fitted: bool,
    steps: Vec<Step>,
}

impl Planner<'_> {
    fn push(&mut self, op: Op) -> Result<(), Refusal> {
        let why = self.target.why(&op);
        self.push_for(op, why)
    }

    fn push_for(&mut self, op: Op, why: Reason) -> Result<(), Refusal> {
        let impact = match &op {
            // Which queues are in use is not known then.
            Op::Home { .. } if self.nic.table == TableState::Stale => self.driver.impact.home,
            op => self.driver.impact(&self.nic.device, op),
        };
        self.driver.change(self.cap, &mut self.nic, &op)?;
        self.steps.push(Step { why, impact, op });
        Ok(())
    }

    /// A step for a part that is not as wanted now: because of the driver where it was right at first.
    fn push_again(&mut self, op: Op, was_right: bool, quirk: Quirk) -> Result<(), Refusal> {
        let why = if was_right { Reason::Driver(quirk) } else { self.target.why(&op) };
        self.push_for(op, why)
    }

    /// Changes the number of queues, after making the table one that lets it.
    fn channels(&mut self) -> Result<(), Refusal> {
        let want = &self.target.device;
        let n = want.channels();
        let device = &self.nic.device;
        let back = self.builds_wanted_table() && device.user_table != UserTable::No;
        if self.cap.table_entries == 0 {
            // Nothing stands in the way.
        } else if back {
            self.push_for(Op::ResetTable, Reason::Driver(Quirk::ResetBeforeRebuild))?;
        } else {
            match self.driver.table_allows(device, n) {
                Ok(()) => {}
                Err(Refusal::QueueInUse { .. }) if !self.resizes() => {
                    let op = match want.user_table {
                        UserTable::No if device.vports.is_empty() => Op::ResetTable,
                        _ => Op::WriteTable(want.table.clone()),
                    };
                    self.fitted = true;
                    self.push_for(op, Reason::Driver(Quirk::FitBeforeShrink))?;
                }
                Err(_) => self.push_for(Op::ResetTable, Reason::Driver(Quirk::ResetBeforeResize))?,
            }
        }
        let before = self.nic.device.table.clone();
        self.push(Op::Channels(n))?;
        if self.nic.table == TableState::Stale {
            self.lost = Some(Quirk::TableNotObeyed);
        } else if self.nic.device.table != before {
            self.lost = Some(Quirk::TableLostWithChannels);
        }
        Ok(())
    }

    /// Whether the driver, asked for this number of queues with a table of its own, builds the wanted one, and nothing
    /// else does: a reset afterwards writes round robin.
    fn builds_wanted_table(&self) -> bool {
        let (d, want) = (self.driver, &self.target.device);
        let fate = if want.channels() > self.nic.device.channels() { d.grow } else { d.shrink };
        want.user_table == UserTable::No
            && d.default_table != Shape::RoundRobin
            && fate.default_table == TableFate::Default
            && want.table == d.default_table.table(entries(&want.table), want.channels())
    }

    fn resizes(&self) -> bool {
        let size = self.driver.table_size;
        size.entries(self.nic.device.channels()) != size.entries(self.target.device.channels())
    }

    fn home(&mut self, queue: QueueId) -> Result<(), Refusal> {
        let cpu = self.target.device.home(queue);
        let there = queue.0 < self.nic.device.channels();
        if self.cap.queue_affinity && there && self.nic.device.home(queue) != cpu {
            let was_right = self.first.home(queue) == cpu;
            self.push_again(Op::Home { queue, cpu }, was_right, Quirk::HomesLostWithChannels)?;
        }
        Ok(())
    }

    fn other_vectors(&mut self) -> Result<(), Refusal> {
        for Vector { name, cpus } in &self.target.device.others {
            let goes = |d: &Device| d.others.iter().find(|v| v.name == *name).map(|v| v.cpus.clone());
            if goes(&self.nic.device).is_some_and(|there| there != *cpus) {
                let was_right = goes(self.first).as_ref() == Some(cpus);
                let op = Op::Vector { name: name.clone(), cpus: cpus.clone() };
                self.push_again(op, was_right, Quirk::HomesLostWithChannels)?;
            }
        }
        Ok(())
    }

    fn transmit_steering(&mut self) -> Result<(), Refusal> {
        let want = &self.target.device.xps;
        for (i, cpus) in want.iter().enumerate().take(self.nic.device.xps.len()) {
            let queue = queue(i);
            if self.nic.device.xps[i] != *cpus || self.nic.xps_unsure.contains(&queue) {
                let was_right = self.first.xps.get(i) == Some(cpus);
                let op = Op::Xps { queue, cpus: cpus.clone() };
                self.push_again(op, was_right, Quirk::XpsLostWithChannels)?;
            }
        }
        let want = &self.target.device.xps_rxqs;
        for (i, receive) in want.iter().enumerate().take(self.nic.device.xps_rxqs.len()) {
            let queue = queue(i);
            if self.nic.device.xps_rxqs[i] != *receive || self.nic.xps_rxqs_unsure.contains(&queue) {
                let was_right = self.first.xps_rxqs.get(i) == Some(receive);
                let op = Op::XpsRxqs { queue, receive: receive.clone() };
                self.push_again(op, was_right, Quirk::XpsLostWithChannels)?;
            }
        }
        Ok(())
    }

    fn packet_steering(&mut self) -> Result<(), Refusal> {
        let want = &self.target.device.rps;
        for (i, cpus) in want.iter().enumerate().take(self.nic.device.rps.len()) {
            if self.nic.device.rps[i] != *cpus {
                self.push(Op::Rps { queue: queue(i), cpus: cpus.clone() })?;
            }
        }
        Ok(())
    }

    fn default_queue(&mut self) -> Result<(), Refusal> {
        let queue = self.target.device.default_queue;
        if self.nic.device.default_queue != queue {
            self.push(Op::DefaultQueue(queue))?;
        }
        Ok(())
    }

    fn key(&mut self) -> Result<(), Refusal> {
        let key = &self.target.device.key;
        if self.nic.device.key == *key {
            return Ok(());
        }
        let before = self.nic.device.table.clone();
        self.push_again(Op::SetKey(key.clone()), self.first.key == *key, Quirk::KeyLostWithChannels)?;
        if self.nic.device.table != before {
            self.lost = Some(Quirk::TableLostWithKey);
        }
        Ok(())
    }

    fn table(&mut self) -> Result<(), Refusal> {
        let want = &self.target.device;
        let stale = self.nic.table == TableState::Stale;
        if self.give_back()? || (!stale && self.nic.device.table == want.table) {
            return Ok(());
        }
        let ops = if stale {
            alloc::vec![Op::WriteTable(want.table.clone())]
        } else {
            table_ops(self.cap, &self.nic.device.table, &want.table)
        };
        let was_right = self.fitted || self.first.table == want.table;
        let quirk = self.lost.unwrap_or(Quirk::TableNotObeyed);
        ops.into_iter().try_for_each(|op| self.push_again(op, was_right, quirk))
    }

    /// Resets a table that was the driver's own, once the channels are as they were. Writing the same entries would
    /// mark it as set by a user, and some drivers then refuse the next change of channels. That holds too where a driver
    /// lost it on the way, to another table of its own.
    fn give_back(&mut self) -> Result<bool, Refusal> {
        let want = &self.target.device;
        let have = &self.nic.device;
        let stale = self.nic.table == TableState::Stale;
        let reset = want.user_table == UserTable::No
            && have.vports.is_empty()
            && (have.user_table == UserTable::Yes || stale || have.table != want.table)
            && self.cap.table_entries > 0
            && want.channels() == have.channels()
            && want.table.len() == have.table.len()
            && want.table == round_robin(entries(&want.table), want.channels());
        if reset {
            let was_right = self.first.user_table == UserTable::No && self.first.table == want.table;
            let quirk = self.lost.unwrap_or(Quirk::TableNotObeyed);
            self.push_again(Op::ResetTable, was_right, quirk)?;
        }
        Ok(reset)
    }
}

fn entries(table: &[QueueId]) -> u16 {
    u16::try_from(table.len()).unwrap_or(u16::MAX)
}

fn queue(index: usize) -> QueueId {
    QueueId(u16::try_from(index).unwrap_or(u16::MAX))
}

/// The writes that turn one table into another: moves where the adapter can move single entries, else the whole.
fn table_ops(cap: &Capability, have: &[QueueId], want: &[QueueId]) -> Vec<Op> {
    if !cap.independent_entry_move || have.len() != want.len() {
        return alloc::vec![Op::WriteTable(want.to_vec())];
    }
    alloc::vec![Op::SetEntries(moves(have, want))]
}

/// The moves that turn one table into another of the same length.
fn moves(have: &[QueueId], want: &[QueueId]) -> Vec<EntryMove> {
    have.iter()
        .zip(want)
        .zip(0..)
        .filter(|((a, b), _)| a != b)
        .map(|((_, queue), i)| EntryMove { entry: EntryIndex(i), queue: *queue })
        .collect()
}

/// The worst impact of a plan.
#[must_use]
pub fn impact(steps: &[Step]) -> Impact {
    steps.iter().map(|s| s.impact).max().unwrap_or_default()
}
