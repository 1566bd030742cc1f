//! A driver's behaviour as one pure function: [`Driver::apply`].
//!
//! A [`Device`] is what can be read. A few drivers have state that cannot: after a change of channels virtio-net shows
//! the user's table and spreads by another. That state must not be a field of `Device`, because no backend could fill
//! it in and two equal readings would compare unequal. It lives beside it, in [`Nic`]: the planner starts from a
//! reading, which it takes for obeyed, and carries the hidden part along its own steps.

use alloc::collections::BTreeSet;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::{Driver, Fate, HomeFate, KeyFate, Refuses, Shape, TableFate, XpsFate, vport};
use crate::capability::{Capability, ChannelControl};
use crate::cpuset::CpuSet;
use crate::device::{Device, Op, Queue, Refusal, UserTable};
use crate::hash::{HashKey, HashTypes};
use crate::ids::{EntryIndex, QueueId};

/// Whether the hardware spreads by the table that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableState {
    /// It does, as far as is known.
    #[default]
    Obeyed,
    /// It does not, or nobody can tell: the table must be sent again even where it reads back as wanted.
    Stale,
}

/// An adapter with what no reading shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nic {
    /// What can be read.
    pub device: Device,
    /// Whether the table is obeyed.
    pub table: TableState,
    /// The key that the driver takes by itself, where that is known.
    pub own_key: Option<HashKey>,
    /// Transmit queues to which the driver may have given CPUs of its own choice: what is shown of them is not known.
    pub xps_unsure: BTreeSet<QueueId>,
    /// Transmit queues whose receive queues the driver may have cleared, or not.
    pub xps_rxqs_unsure: BTreeSet<QueueId>,
}

impl From<Device> for Nic {
    /// What was read, taken at its word.
    fn from(device: Device) -> Self {
        Self { device, ..Self::default() }
    }
}

/// Something that happens to an adapter without an operation of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The interface went down and up, or the driver reset the hardware.
    Reopened,
    /// The MTU was changed.
    Mtu,
}

impl Shape {
    /// The driver's own table.
    #[must_use]
    pub fn table(self, entries: u16, queues: u16) -> Vec<QueueId> {
        match self {
            Self::RoundRobin => round_robin(entries, queues),
            Self::Blocks => {
                let (length, queues) = (u32::from(entries.max(1)), u32::from(queues.max(1)));
                let queue = |i: u16| u16::try_from(u32::from(i) * queues / length).unwrap_or(u16::MAX);
                (0..entries).map(|i| QueueId(queue(i))).collect()
            }
        }
    }
}

impl Driver {
    /// What the adapter is after an operation with this driver. The planner folds it; a backend that imitates the
    /// driver *is* it.
    ///
    /// # Errors
    /// What the kernel or the driver refuses.
    pub fn apply(&self, cap: &Capability, nic: &Nic, op: &Op) -> Result<Nic, Refusal> {
        let mut after = nic.clone();
        self.change(cap, &mut after, op)?;
        Ok(after)
    }

    /// [`Driver::apply`] in place. What a refused operation leaves is not defined.
    pub(crate) fn change(&self, cap: &Capability, nic: &mut Nic, op: &Op) -> Result<(), Refusal> {
        self.permits(&nic.device, op)?;
        match op {
            Op::Channels(n) => self.change_channels(cap, nic, *n),
            Op::SetKey(_) => {
                change(cap, &mut nic.device, op)?;
                let entries = entries(&nic.device);
                self.table_after(cap, nic, self.key_only, self.key_only, entries);
                Ok(())
            }
            Op::SetEntries(_) | Op::WriteTable(_) | Op::ResetTable => {
                change(cap, &mut nic.device, op)?;
                nic.table = TableState::Obeyed;
                Ok(())
            }
            Op::Enable
            | Op::Disable
            | Op::Home { .. }
            | Op::HashTypes(_)
            | Op::Encapsulation(_)
            | Op::DefaultQueue(_)
            | Op::Vector { .. }
            | Op::Rps { .. }
            | Op::VPort { .. } => change(cap, &mut nic.device, op),
            Op::Xps { queue, .. } => {
                nic.xps_unsure.remove(queue);
                change(cap, &mut nic.device, op)
            }
            Op::XpsRxqs { queue, .. } => {
                nic.xps_rxqs_unsure.remove(queue);
                change(cap, &mut nic.device, op)
            }
        }
    }

    /// What the adapter is after something happened to it.
    #[must_use]
    pub fn after(&self, cap: &Capability, nic: &Nic, what: Happening) -> Nic {
        let mut after = nic.clone();
        let fate = match what {
            Happening::Reopened => self.reopen,
            Happening::Mtu => self.mtu,
        };
        let entries = entries(&after.device);
        self.suffer(cap, &mut after, fate, entries);
        after
    }

    fn permits(&self, device: &Device, op: &Op) -> Result<(), Refusal> {
        let permitted = match op {
            Op::Channels(n) => self.controls.channels || *n == device.channels(),
            Op::SetKey(_) => self.controls.key,
            Op::HashTypes(_) => self.controls.hash_types,
            Op::SetEntries(_) | Op::WriteTable(_) | Op::ResetTable => self.controls.table,
            Op::Enable
            | Op::Disable
            | Op::Home { .. }
            | Op::Encapsulation(_)
            | Op::DefaultQueue(_)
            | Op::Xps { .. }
            | Op::XpsRxqs { .. }
            | Op::Vector { .. }
            | Op::Rps { .. }
            | Op::VPort { .. } => true,
        };
        if permitted { Ok(()) } else { Err(Refusal::Driver { op: op.to_string(), driver: self.name }) }
    }

    /// Whether the present table stands in the way of this number of queues. A table of which nobody knows who wrote
    /// it is taken for a user's.
    ///
    /// # Errors
    /// The refusal that the change would meet.
    pub(crate) fn table_allows(&self, device: &Device, n: u16) -> Result<(), Refusal> {
        let own = device.user_table == UserTable::No;
        if !own || self.refuses == Refuses::AnyTable {
            table_fits(device, n)?;
        }
        let sizes = (self.table_size.entries(device.channels()), self.table_size.entries(n));
        match sizes {
            (Some(from), Some(to)) if from != to && !own => Err(Refusal::TableResize { queues: n, from, to }),
            _ => Ok(()),
        }
    }

    fn change_channels(&self, cap: &Capability, nic: &mut Nic, n: u16) -> Result<(), Refusal> {
        let before = nic.device.channels();
        if cap.channels == ChannelControl::Fixed && n != before {
            return Err(Refusal::Unsupported { op: Op::Channels(n).to_string() });
        }
        queue_count_ok(cap, n)?;
        vport::none_held_from(&nic.device.vports, &Op::Channels(n), n)?;
        self.table_allows(&nic.device, n)?;
        // The kernel does not call the driver when nothing changes.
        if n == before {
            return Ok(());
        }
        let entries = self.table_size.after(before, entries(&nic.device), n);
        resize(cap, &mut nic.device, n);
        nic.xps_unsure.retain(|q| q.index() < nic.device.xps.len());
        nic.xps_rxqs_unsure.retain(|q| q.index() < nic.device.xps_rxqs.len());
        self.suffer(cap, nic, if n > before { self.grow } else { self.shrink }, entries);
        Ok(())
    }

    fn suffer(&self, cap: &Capability, nic: &mut Nic, fate: Fate, entries: u16) {
        self.table_after(cap, nic, fate.user_table, fate.default_table, entries);
        // A key that cannot be set is the driver's own already.
        if fate.key == KeyFate::Default && cap.key_settable {
            nic.device.key = nic.own_key.clone().unwrap_or_default();
        }
        if fate.homes == HomeFate::Lost && cap.queue_affinity {
            nic.device.queues.iter_mut().for_each(|q| q.home = None);
            nic.device.others.iter_mut().for_each(|v| v.cpus = CpuSet::new());
        }
        if fate.xps == XpsFate::Lost {
            nic.device.xps.fill(CpuSet::new());
            nic.device.xps_rxqs.fill(BTreeSet::new());
            nic.xps_unsure = all(nic.device.xps.len());
            nic.xps_rxqs_unsure = all(nic.device.xps_rxqs.len());
        }
    }

    /// The mark that a user wrote the table is the kernel's: no driver clears it, whatever it does to the table.
    fn table_after(&self, cap: &Capability, nic: &mut Nic, user: TableFate, own: TableFate, entries: u16) {
        if cap.table_entries == 0 {
            return;
        }
        let fate = if nic.device.user_table == UserTable::No { own } else { user };
        let resized = usize::from(entries) != nic.device.table.len();
        let default = || self.default_table.table(entries, nic.device.channels());
        match fate {
            // A table of another size is another table.
            TableFate::Kept if resized => nic.device.table = default(),
            TableFate::Kept => {}
            TableFate::OnPaper => nic.table = TableState::Stale,
            TableFate::Default => (nic.device.table, nic.table) = (default(), TableState::Obeyed),
            TableFate::Unsure => (nic.device.table, nic.table) = (default(), TableState::Stale),
            TableFate::Zeros => {
                let zeros = alloc::vec![QueueId(0); usize::from(entries)];
                (nic.device.table, nic.table) = (zeros, TableState::Obeyed);
            }
        }
        if nic.device.user_table == UserTable::Unknown && user != own {
            nic.table = TableState::Stale;
        }
    }
}

/// What the device is after an operation on an adapter without quirks: it does what it is told and no more. The
/// software NIC is compared with it; a Linux driver's own behaviour is [`Driver::apply`].
///
/// # Errors
/// What a driver would refuse.
pub fn apply(cap: &Capability, device: &Device, op: &Op) -> Result<Device, Refusal> {
    let mut after = device.clone();
    change(cap, &mut after, op)?;
    Ok(after)
}

/// [`apply`] in place. What a refused operation leaves is not defined.
fn change(cap: &Capability, d: &mut Device, op: &Op) -> Result<(), Refusal> {
    let channels = d.channels();
    let last = channels.saturating_sub(1);
    let queue_ok = |queue: QueueId| {
        if queue.0 <= last { Ok(()) } else { Err(Refusal::NoSuchQueue { op: op.to_string(), queue, last }) }
    };
    let own =
        |d: &Device, queue: QueueId| queue_ok(queue).and_then(|()| vport::not_held(&d.vports, op, queue));
    let unsupported = || Refusal::Unsupported { op: op.to_string() };
    match op {
        Op::Enable => d.enabled = true,
        Op::Disable => d.enabled = false,
        Op::SetKey(key) => {
            if !cap.key_settable {
                return Err(unsupported());
            }
            if key.len() != usize::from(cap.key_bytes) {
                return Err(Refusal::KeyLength { got: key.len(), want: cap.key_bytes.into() });
            }
            d.key = key.clone();
        }
        Op::SetEntries(moves) => {
            if !cap.independent_entry_move {
                return Err(unsupported());
            }
            for m in moves {
                own(d, m.queue)?;
                let slot = d.table.get_mut(m.entry.index()).ok_or(Refusal::NoSuchEntry {
                    entry: m.entry,
                    last: cap.table_entries.saturating_sub(1),
                })?;
                *slot = m.queue;
            }
            d.user_table = UserTable::Yes;
        }
        Op::WriteTable(table) => {
            if cap.table_entries == 0 {
                return Err(unsupported());
            }
            let want = if d.table.is_empty() { cap.table_entries.into() } else { d.table.len() };
            if table.len() != want {
                return Err(Refusal::TableLength { got: table.len(), want });
            }
            table.iter().try_for_each(|q| own(d, *q))?;
            d.table.clone_from(table);
            d.user_table = UserTable::Yes;
        }
        Op::ResetTable => {
            if cap.table_entries == 0 {
                return Err(unsupported());
            }
            // It would point at all queues.
            vport::none_held_from(&d.vports, op, 0)?;
            let entries = if d.table.is_empty() { cap.table_entries } else { entries(d) };
            d.table = round_robin(entries, channels);
            d.user_table = UserTable::No;
        }
        Op::Channels(n) => {
            if cap.channels == ChannelControl::Fixed && *n != channels {
                return Err(unsupported());
            }
            queue_count_ok(cap, *n)?;
            vport::none_held_from(&d.vports, op, *n)?;
            table_fits(d, *n)?;
            resize(cap, d, *n);
        }
        Op::Home { queue, cpu } => {
            if !cap.queue_affinity {
                return Err(unsupported());
            }
            queue_ok(*queue)?;
            d.queues[queue.index()].home = *cpu;
        }
        Op::HashTypes(types) => {
            if !cap.hash_types_settable {
                return Err(unsupported());
            }
            if !types.is_subset(cap.hash_types) {
                let lacking = HashTypes::from_bits(types.bits() & !cap.hash_types.bits());
                return Err(Refusal::HashTypes {
                    types: lacking.unwrap_or_default(),
                    supported: cap.hash_types,
                });
            }
            d.hash_types = *types;
        }
        Op::Encapsulation(state) => {
            let supported = cap.encapsulation.kinds;
            let kinds = state.kinds.without(supported);
            if !kinds.is_empty() {
                return Err(Refusal::Encapsulation { kinds, supported });
            }
            d.encapsulation = *state;
        }
        Op::DefaultQueue(queue) => {
            own(d, *queue)?;
            d.default_queue = *queue;
        }
        Op::Xps { queue, cpus } => *steered(&mut d.xps, cap.xps, *queue, op)? = cpus.clone(),
        Op::XpsRxqs { queue, receive } => {
            // The kernel takes the numbers of queues that are closed, too.
            let last = cap.max_queues.saturating_sub(1);
            if let Some(beyond) = receive.last().filter(|q| q.0 > last) {
                return Err(Refusal::NoSuchQueue { op: op.to_string(), queue: *beyond, last });
            }
            *steered(&mut d.xps_rxqs, cap.xps_rxqs, *queue, op)? = receive.clone();
        }
        Op::Vector { name, cpus } => {
            let vector = d.others.iter_mut().find(|v| v.name == *name).ok_or_else(unsupported)?;
            vector.cpus.clone_from(cpus);
        }
        Op::Rps { queue, cpus } => *steered(&mut d.rps, cap.rps, *queue, op)? = cpus.clone(),
        Op::VPort { id, op } => vport::change(cap, d, *id, op)?,
    }
    Ok(())
}

/// Entries of the table that is there.
fn entries(d: &Device) -> u16 {
    u16::try_from(d.table.len()).unwrap_or(u16::MAX)
}

fn queue_count_ok(cap: &Capability, n: u16) -> Result<(), Refusal> {
    if n == 0 || n > cap.max_queues {
        return Err(Refusal::QueueCount { got: n, max: cap.max_queues });
    }
    Ok(())
}

fn table_fits(d: &Device, n: u16) -> Result<(), Refusal> {
    match d.table.iter().zip(0..).find(|(q, _)| q.0 >= n) {
        Some((queue, i)) => Err(Refusal::QueueInUse { queues: n, entry: EntryIndex(i), queue: *queue }),
        None => Ok(()),
    }
}

/// What a queue that can be steered has.
fn steered<'a, T>(
    queues: &'a mut [T],
    supported: bool,
    queue: QueueId,
    op: &Op,
) -> Result<&'a mut T, Refusal> {
    let last = match queues.len().checked_sub(1) {
        Some(last) if supported => u16::try_from(last).unwrap_or(u16::MAX),
        _ => return Err(Refusal::Unsupported { op: op.to_string() }),
    };
    queues.get_mut(queue.index()).ok_or_else(|| Refusal::NoSuchQueue { op: op.to_string(), queue, last })
}

/// The numbers of this many queues.
fn all(queues: usize) -> BTreeSet<QueueId> {
    (0..queues).filter_map(|q| u16::try_from(q).ok()).map(QueueId).collect()
}

/// Queues that go take their CPUs along, queues that come have none: the kernel's doing with every driver
/// (`netif_reset_xps_queues_gt`, `rx_queue_release`).
fn resize(cap: &Capability, d: &mut Device, n: u16) {
    if d.default_queue.0 >= n {
        d.default_queue = QueueId(0);
    }
    d.queues.resize(usize::from(n), Queue::default());
    d.xps.resize(cap.steered_tx_queues(n).into(), CpuSet::new());
    d.xps_rxqs.resize(cap.answering_tx_queues(n).into(), BTreeSet::new());
    d.rps.resize(if cap.rps { n.into() } else { 0 }, CpuSet::new());
}

/// A table that sends entry `i` to queue `i mod queues`: what the kernel writes when it is asked for the default.
#[must_use]
pub fn round_robin(entries: u16, queues: u16) -> Vec<QueueId> {
    (0..entries).map(|i| QueueId(i % queues.max(1))).collect()
}
