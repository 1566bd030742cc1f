//! From a device to a target: the steps, in an order that never points the table at a queue that is not there, with
//! the reason and the impact of each. Also the way back: a rollback is a plan from what is observed to the snapshot.

use alloc::vec::Vec;

use crate::capability::Capability;
use crate::device::{Device, EntryMove, Op, Refusal, UserTable};
use crate::driver::{Driver, Impact, change, round_robin};
use crate::ids::{EntryIndex, QueueId};
use crate::place::{Reason, Target};

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

/// The steps from `device` to `target`. Empty when they agree already.
///
/// # Errors
/// What the driver would refuse on the way.
pub fn plan(
    driver: &Driver,
    cap: &Capability,
    device: &Device,
    target: &Target,
) -> Result<Vec<Step>, Refusal> {
    let mut p = Planner { driver, cap, target, device: device.clone(), steps: Vec::new() };
    let want = &target.device;

    if want.channels() > p.device.channels() {
        p.push(Op::Channels(want.channels()))?;
    }
    if p.device.enabled && !want.enabled {
        // Off first, so that nothing else on the way can reorder anything.
        p.home(want.default_queue)?;
        p.default_queue()?;
        p.push(Op::Disable)?;
    }
    for q in 0..want.channels().min(p.device.channels()) {
        p.home(QueueId(q))?;
    }
    p.default_queue()?;
    if p.device.key != want.key {
        p.push(Op::SetKey(want.key.clone()))?;
    }
    if p.device.hash_types != want.hash_types {
        p.push(Op::HashTypes(want.hash_types))?;
    }
    p.table()?;
    if want.channels() < p.device.channels() {
        p.push(Op::Channels(want.channels()))?;
        p.give_back()?;
    }
    if want.enabled && !p.device.enabled {
        p.push(Op::Enable)?;
    }
    Ok(p.steps)
}

struct Planner<'a> {
    driver: &'a Driver,
    cap: &'a Capability,
    target: &'a Target,
    device: Device,
    steps: Vec<Step>,
}

impl Planner<'_> {
    fn push(&mut self, op: Op) -> Result<(), Refusal> {
        let impact = self.driver.impact(&self.device, &op);
        change(self.cap, &mut self.device, &op)?;
        self.steps.push(Step { why: self.target.why(&op), impact, op });
        Ok(())
    }

    fn home(&mut self, queue: QueueId) -> Result<(), Refusal> {
        let cpu = self.target.device.home(queue);
        if self.cap.queue_affinity && queue.0 < self.device.channels() && self.device.home(queue) != cpu {
            self.push(Op::Home { queue, cpu })?;
        }
        Ok(())
    }

    fn default_queue(&mut self) -> Result<(), Refusal> {
        let queue = self.target.device.default_queue;
        if self.device.default_queue != queue {
            self.push(Op::DefaultQueue(queue))?;
        }
        Ok(())
    }

    fn table(&mut self) -> Result<(), Refusal> {
        let want = &self.target.device;
        if self.give_back()? || self.device.table == want.table {
            return Ok(());
        }
        let ops = table_ops(self.cap, &self.device.table, &want.table);
        ops.into_iter().try_for_each(|op| self.push(op))
    }

    /// Resets a table that was the driver's own, once the channels are as they were. Writing the same entries would
    /// mark it as set by a user, and some drivers then refuse the next change of channels.
    fn give_back(&mut self) -> Result<bool, Refusal> {
        let want = &self.target.device;
        let reset = want.user_table == UserTable::No
            && self.device.user_table == UserTable::Yes
            && self.cap.table_entries > 0
            && want.channels() == self.device.channels()
            && want.table == round_robin(self.cap.table_entries, want.channels());
        if reset {
            self.push(Op::ResetTable)?;
        }
        Ok(reset)
    }
}

/// The writes that turn one table into another: moves where the adapter can move single entries, else the whole.
fn table_ops(cap: &Capability, have: &[QueueId], want: &[QueueId]) -> Vec<Op> {
    if !cap.independent_entry_move || have.len() != want.len() {
        return alloc::vec![Op::WriteTable(want.to_vec())];
    }
    let moves: Vec<EntryMove> = have
        .iter()
        .zip(want)
        .enumerate()
        .filter(|(_, (a, b))| a != b)
        .map(|(i, (_, queue))| EntryMove {
            entry: EntryIndex(u16::try_from(i).unwrap_or(u16::MAX)),
            queue: *queue,
        })
        .collect();
    alloc::vec![Op::SetEntries(moves)]
}

/// The worst impact of a plan.
#[must_use]
pub fn impact(steps: &[Step]) -> Impact {
    steps.iter().map(|s| s.impact).max().unwrap_or_default()
}
