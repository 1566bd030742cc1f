//! A network interface of the kernel as a backend.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rssmgr_core::backend::{Backend, Sampler, Surveyor};
use rssmgr_core::capability::Capability;
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{BackendError, Device, Op, Outcome, Queue, Refusal, UserTable, VPortOp, Vector};
use rssmgr_core::doctor::Astray;
use rssmgr_core::driver::{Driver, Impact, KeySource, Trap, round_robin};
use rssmgr_core::hash::HashKey;
use rssmgr_core::ids::{CpuId, QueueId, VPortId};
use rssmgr_core::packet::encap::EncapState;
use rssmgr_netlink::ethtool::{HashKey as KernelKey, InputTransform, Rss, RssChange, Table};

use crate::capability::{self, offered};
use crate::contexts::{self, Ledger, LedgerPlace, OfInterface, VPorts};
use crate::explain::{What, of_one_that_is_there, refused, unwritten};
use crate::fields;
use crate::files::{Files, Which};
use crate::interrupts::{self, Interrupts, Requested};
use crate::kernel::Kernel;
use crate::proc;
use crate::sample::LinuxSampler;
use crate::steering::{self, Map, Maps};
use crate::survey::{LinuxSurveyor, number, read};
use crate::symmetric;

/// How long a link that a change of ours took down is waited for: copper negotiates for some seconds.
const LINK_BACK: Duration = Duration::from_secs(10);
/// How long a bond may take to take its port again: LACP asks once in 30 s at the slow rate, but at once when a link comes
/// up.
const BOND_BACK: Duration = Duration::from_secs(20);
/// How long one operation may wait in all for what it took down.
pub const ALL_BACK: Duration = LINK_BACK.saturating_add(BOND_BACK);
/// How often they are looked for.
const LINK_ROUND: Duration = Duration::from_millis(20);

/// A network interface of the kernel.
///
/// It is known by its index, so it may be renamed. Linux has no switch for RSS: switched off, every entry of the
/// kernel's table points at the default queue, and the table that was is kept here.
#[derive(Debug)]
pub struct LinuxNic {
    pub(crate) kernel: Kernel,
    pub(crate) ifindex: u32,
    pub(crate) driver: &'static Driver,
    /// The kernel's name of the driver; the row may be that of drivers that nobody described.
    pub(crate) driver_name: String,
    pub(crate) capability: Capability,
    pub(crate) irq_folder: Option<PathBuf>,
    /// Receive queues in sysfs, for drivers that do not tell how many they have.
    pub(crate) shown_queues: usize,
    pub(crate) boot_key: Option<HashKey>,
    pub(crate) interrupts: Option<Interrupts>,
    pub(crate) requested: Requested,
    pub(crate) files: Files,
    /// The table in force when RSS is on again; `None` while it is on.
    pub(crate) off: Option<Vec<QueueId>>,
    /// `None` where the driver has no contexts that rules lead to.
    pub(crate) vports: Option<VPorts>,
    pub(crate) sampler: Arc<LinuxSampler>,
}

impl LinuxNic {
    /// The interface's index in its network namespace.
    #[must_use]
    pub const fn ifindex(&self) -> u32 {
        self.ifindex
    }

    /// The interrupts of its queues as last found.
    #[must_use]
    pub const fn interrupts(&self) -> Option<&Interrupts> {
        self.interrupts.as_ref()
    }

    /// The VPorts whose RSS contexts are not as the ledger has them. Nothing is changed, whoever the ledger belongs to.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub fn vports_astray(
        &mut self,
        ledgers: &LedgerPlace,
    ) -> Result<BTreeMap<VPortId, Astray>, rssmgr_netlink::Error> {
        let ledger = Ledger::open(ledgers, self.ifindex);
        let mut kernel = OfInterface { kernel: &mut self.kernel, ifindex: self.ifindex };
        contexts::astray(&ledger, &self.driver.contexts, &mut kernel)
    }

    fn refused(&self, what: What, error: &rssmgr_netlink::Error) -> BackendError {
        refused(&self.driver_name, what, error)
    }

    fn rss(&mut self) -> Result<Option<Rss>, BackendError> {
        offered(self.kernel.rss(self.ifindex)).map_err(|e| self.refused(What::Read, &e))
    }

    fn find_interrupts(&mut self, queues: u16) -> &Interrupts {
        let found = interrupts::find(
            &mut self.kernel,
            &mut self.requested,
            self.ifindex,
            &self.driver_name,
            self.irq_folder.as_deref(),
            queues,
        );
        self.interrupts.insert(found)
    }

    /// The key that the hardware hashes with, also where the driver does not show it.
    fn key(&self, rss: Option<&Rss>) -> HashKey {
        let shown = rss.map(|r| r.key.as_bytes()).unwrap_or_default();
        if !shown.is_empty() || self.driver.key_source != KeySource::Boot {
            return HashKey::new(shown.to_vec());
        }
        let boot =
            self.boot_key.as_ref().and_then(|k| k.bytes().get(..usize::from(self.capability.key_bytes)));
        HashKey::new(boot.unwrap_or_default().to_vec())
    }

    /// Writes the kernel's table. A table that the kernel would make by itself is asked for as that: the entries are the
    /// same, and it is not marked as a user's, which would stand in the way of fewer queues later.
    fn write_table(&mut self, table: &[QueueId]) -> Result<(), BackendError> {
        let queues = self.queue_count()?;
        let entries = u16::try_from(table.len()).unwrap_or(u16::MAX);
        let change = if table == round_robin(entries, queues) {
            Table::Default
        } else {
            Table::Entries(table.iter().map(|q| q.0.into()).collect())
        };
        self.send_table(table, change)
    }

    /// Sends a table. Netlink does not call the driver when the table reads back as wanted, whatever the device really
    /// does; the ioctl always does.
    fn send_table(&mut self, entries: &[QueueId], table: Table) -> Result<(), BackendError> {
        let there = self.rss()?.map(|r| r.table).unwrap_or_default();
        let reads_back =
            there.len() == entries.len() && there.iter().zip(entries).all(|(a, b)| *a == u32::from(b.0));
        let change = RssChange { table: Some(table), ..RssChange::default() };
        if reads_back && self.kernel.ethtool.can_set_rss() && !self.switches_symmetric_hashing() {
            let sent = self.kernel.by_ioctl(self.ifindex, |ioctl, name| ioctl.set_rss(name, 0, &change));
            return sent.map_err(|e| self.refused(What::Table, &e));
        }
        self.set_rss(What::Table, &change)
    }

    /// Whether a request that leaves symmetric hashing alone may switch it.
    fn switches_symmetric_hashing(&self) -> bool {
        self.driver.traps.contains(&Trap::SymmetricReadBack)
    }

    fn set_rss(&mut self, what: What, change: &RssChange) -> Result<(), BackendError> {
        if !self.switches_symmetric_hashing() {
            return self.kernel.set_rss(self.ifindex, change).map_err(|e| self.refused(what, &e));
        }
        let left =
            symmetric::set(&mut self.kernel, self.ifindex, change).map_err(|e| self.refused(what, &e))?;
        let Some(left) = left else { return Ok(()) };
        let now = if left == InputTransform::NONE { "off" } else { "on" };
        let reason =
            format!("the driver switched symmetric hashing {now} by itself and does not take it back");
        Err(BackendError::system("reading back", reason))
    }

    fn queue_count(&mut self) -> Result<u16, BackendError> {
        capability::queues(&mut self.kernel, self.ifindex, self.shown_queues)
            .map(|(n, _)| n)
            .map_err(|e| self.refused(What::Read, &e))
    }

    fn set_key(&mut self, key: &HashKey) -> Result<(), BackendError> {
        let want = usize::from(self.capability.key_bytes);
        if key.len() != want {
            return Err(Refusal::KeyLength { got: key.len(), want }.into());
        }
        // The table of a user, where the driver would drop it otherwise.
        let table = match self.driver.key_with_table {
            true => self.rss()?.map(|r| Table::Entries(r.table)),
            false => None,
        };
        let key = Some(KernelKey::from(key.bytes()));
        let change = RssChange { key, table, ..RssChange::default() };
        self.set_rss(What::Key, &change)
    }

    fn set_channels(&mut self, queues: u16) -> Result<Outcome, BackendError> {
        let there =
            self.kernel.ethtool.channels(self.ifindex).map_err(|e| self.refused(What::Channels, &e))?;
        if there.receive_queues() == u32::from(queues) {
            return Ok(Outcome::Unchanged);
        }
        let change = capability::channel_change(&there, queues);
        // Whatever comes of it: interrupts may have new numbers.
        self.interrupts = None;
        let had_carrier = self.has_carrier();
        let took_part = self.takes_part();
        let set = self.kernel.ethtool.set_channels(self.ifindex, &change);
        set.map_err(|e| self.refused(What::Channels, &e))?;
        if had_carrier && self.driver.impact.channels >= Impact::Link {
            self.wait_until(LINK_BACK, Self::has_carrier);
        }
        // The next port of a bond must not go down before this one is back.
        if took_part == Some(true) && !self.wait_until(BOND_BACK, |nic| nic.takes_part() != Some(false)) {
            let reason = format!("its bond has not taken it again within {} s", BOND_BACK.as_secs());
            return Err(BackendError::system("waiting for the link", reason));
        }
        Ok(Outcome::Changed)
    }

    /// Whether it takes part in the bond that it is a port of.
    fn takes_part(&mut self) -> Option<bool> {
        let name = self.kernel.name(self.ifindex).ok()?;
        rssmgr_host::takes_part(self.kernel.root(), &name).ok().flatten()
    }

    fn has_carrier(&mut self) -> bool {
        self.kernel.links.get(self.ifindex).is_ok_and(|link| link.carrier == Some(true))
    }

    /// Waits until something is back; not for ever, since it may be lost for another reason. Whether it is.
    fn wait_until(&mut self, longest: Duration, is_back: impl Fn(&mut Self) -> bool) -> bool {
        let started = Instant::now();
        loop {
            if is_back(self) {
                return true;
            }
            if started.elapsed() >= longest {
                return false;
            }
            std::thread::sleep(LINK_ROUND);
        }
    }

    fn set_home(&mut self, doing: &str, queue: QueueId, cpu: Option<CpuId>) -> Result<Outcome, BackendError> {
        let count = self.queue_count()?;
        if self.interrupts.as_ref().is_none_or(|i| i.queues.len() != usize::from(count)) {
            self.find_interrupts(count);
        }
        let unsupported = || Refusal::Unsupported { op: doing.to_owned() };
        let vectors = self.interrupts.as_ref().and_then(|i| i.queues.get(queue.index())).copied();
        let vectors = vectors.ok_or_else(unsupported)?;
        let receive = vectors.receive.ok_or_else(unsupported)?;
        let root = self.kernel.root().to_owned();
        let mut outcome = Outcome::Unchanged;
        for irq in [Some(receive), vectors.transmit].into_iter().flatten() {
            if cpu.is_some() && interrupts::home(&mut self.files, &root, Some(irq)) == cpu {
                continue;
            }
            let written = match cpu {
                Some(cpu) => proc::pin(&root, irq, cpu),
                None => proc::unpin(&root, irq),
            };
            if let Err(e) = written {
                self.interrupts = None;
                return Err(unwritten(&self.driver_name, What::Affinity, &format!("interrupt {irq}"), &e));
            }
            outcome = Outcome::Changed;
        }
        Ok(outcome)
    }

    fn set_vector(&mut self, doing: &str, name: &str, cpus: &CpuSet) -> Result<Outcome, BackendError> {
        let count = self.queue_count()?;
        if self.interrupts.as_ref().is_none_or(|i| i.queues.len() != usize::from(count)) {
            self.find_interrupts(count);
        }
        let others = self.interrupts.as_ref().map(|i| i.others.as_slice()).unwrap_or_default();
        let found = others.iter().find(|(_, n)| n == name).map(|(irq, _)| *irq);
        let irq = found.ok_or_else(|| Refusal::Unsupported { op: doing.to_owned() })?;
        let root = self.kernel.root();
        if proc::affinity(&mut self.files, root, irq).as_ref() == Some(cpus) {
            return Ok(Outcome::Unchanged);
        }
        let written = if cpus.is_empty() { proc::unpin(root, irq) } else { proc::allow(root, irq, cpus) };
        if let Err(e) = written {
            self.interrupts = None;
            let what = format!("interrupt {irq} ({name})");
            return Err(unwritten(&self.driver_name, What::Affinity, &what, &e));
        }
        Ok(Outcome::Changed)
    }

    fn set_hash_types(&mut self, types: rssmgr_core::hash::HashTypes) -> Result<Outcome, BackendError> {
        let rss = self.rss()?;
        let present = fields::read(&mut self.kernel, self.ifindex, 0, rss.as_ref())
            .map_err(|e| self.refused(What::Read, &e))?;
        let changes = fields::changes(&present, types);
        if changes.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        let needs_rxhash = self.driver.traps.contains(&Trap::RxhashStaysOn);
        fields::set(&mut self.kernel, self.ifindex, 0, &changes, needs_rxhash)
            .map_err(|e| self.refused(What::Fields, &e))?;
        Ok(Outcome::Changed)
    }

    /// What the kernel steers with this many channels: a device with nothing else.
    fn steering(&mut self, channels: u16) -> Result<Device, BackendError> {
        let mut name = self.kernel.name(self.ifindex).map_err(|e| self.refused(What::Read, &e))?;
        loop {
            let mut maps = Maps { files: &mut self.files, root: self.kernel.root(), interface: &name };
            let capability = &self.capability;
            let steering = Device {
                xps: maps.transmit(capability.steered_tx_queues(channels)),
                xps_rxqs: maps.answers(capability.answering_tx_queues(channels)),
                rps: maps.receive(if capability.rps { channels } else { 0 }),
                ..Device::default()
            };
            // Renamed in between: the files are under the new name.
            let now = self.kernel.name(self.ifindex).map_err(|e| self.refused(What::Read, &e))?;
            if now == name {
                return Ok(steering);
            }
            // What was opened may be somebody else's.
            self.files.retain(|which| !matches!(which, Which::Map(..)));
            name = now;
        }
    }

    fn steer(&mut self, map: Map, queue: QueueId, mask: &CpuSet) -> Result<Outcome, BackendError> {
        let mut name = self.kernel.name(self.ifindex).map_err(|e| self.refused(What::Read, &e))?;
        loop {
            let written = steering::write(self.kernel.root(), &name, map, queue, mask);
            let Err(e) = written else { return Ok(Outcome::Changed) };
            // Renamed in between: the files are under the new name.
            let now = self.kernel.name(self.ifindex).map_err(|e| self.refused(What::Read, &e))?;
            if e.kind() != std::io::ErrorKind::NotFound || now == name {
                return Err(unwritten(&self.driver_name, What::Steering, &format!("queue {queue}"), &e));
            }
            name = now;
        }
    }

    fn needs_table(&self, doing: &str) -> Result<(), BackendError> {
        if self.capability.table_entries > 0 {
            return Ok(());
        }
        Err(Refusal::Unsupported { op: doing.to_owned() }.into())
    }
}

impl LinuxNic {
    /// What failed while somebody had closed the interface says so.
    fn unless_down<T>(&mut self, result: Result<T, BackendError>) -> Result<T, BackendError> {
        match result {
            Err(e @ (BackendError::System { .. } | BackendError::Refused(Refusal::Unsupported { .. })))
                if self.kernel.links.get(self.ifindex).is_ok_and(|link| !link.is_up()) =>
            {
                Err(BackendError::Down(e.to_string()))
            }
            result => result,
        }
    }

    /// A change of one that is listed still did not fail because it is gone. A reading does not say so: it is told by
    /// others when one is gone, and read again when one is back.
    fn unless_there<T>(&mut self, result: Result<T, BackendError>) -> Result<T, BackendError> {
        result.map_err(
            |e| if self.kernel.links.get(self.ifindex).is_ok() { of_one_that_is_there(e) } else { e },
        )
    }

    fn read(&mut self) -> Result<Device, BackendError> {
        let count = self.queue_count()?;
        let rss = self.rss()?;
        let fields = fields::read(&mut self.kernel, self.ifindex, 0, rss.as_ref())
            .map_err(|e| self.refused(What::Read, &e))?;
        self.find_interrupts(count);
        let steering = self.steering(count)?;
        let (queues, others) = self.affinities(count);
        let has_table = self.capability.table_entries > 0;
        let told = rss.as_ref().filter(|_| has_table).map(|r| r.table.as_slice()).unwrap_or_default();
        let table = queue_ids(told);
        // Somebody who wrote another table switched it on again.
        if table.iter().any(|q| *q != QueueId(0)) {
            self.off = None;
        }
        let types = if fields.is_empty() { fields::UNTOLD } else { fields::types(&fields) };
        let mut device = Device {
            enabled: self.off.is_none(),
            queues,
            table: self.off.clone().unwrap_or(table),
            key: self.key(rss.as_ref()),
            hash_types: if has_table { types } else { rssmgr_core::hash::HashTypes::NONE },
            encapsulation: EncapState::default(),
            default_queue: QueueId(0),
            user_table: UserTable::Unknown,
            others,
            ..steering
        };
        if let Some(vports) = &mut self.vports {
            let mut kernel = OfInterface { kernel: &mut self.kernel, ifindex: self.ifindex };
            let found = vports.observe(&mut kernel, &device);
            device.vports = found.map_err(|e| self.refused(What::Read, &e))?;
            let parent = self.irq_folder.as_ref().and_then(|f| f.parent());
            let file = parent.map(|p| self.kernel.root().join(p).join("sriov_numvfs"));
            device.virtual_functions = file.map_or(0, |file| number(&read(&file)));
        }
        Ok(device)
    }

    /// Where the interrupts of the first `count` queues go, and the movable ones of no queue.
    fn affinities(&mut self, count: u16) -> (Vec<Queue>, Vec<Vector>) {
        let (root, files) = (self.kernel.root(), &mut self.files);
        let none = Interrupts::default();
        let there = self.interrupts.as_ref().unwrap_or(&none);
        // What queues and interrupts that are no more had open is closed.
        let steered = self.capability.steered_tx_queues(count).max(count);
        files.retain(|which| match which {
            Which::Affinity(irq) => there.has(irq),
            Which::Map(_, queue) => queue < steered,
        });
        let home = |q: u16| interrupts::home(files, root, there.queues.get(usize::from(q))?.receive);
        let queues = (0..count).map(home).map(|home| Queue { home }).collect();
        if !self.capability.queue_affinity {
            return (queues, Vec::new());
        }
        let others = there.others.iter().filter_map(|(irq, name)| {
            Some(Vector { name: name.clone(), cpus: proc::affinity(files, root, *irq)? })
        });
        (queues, others.collect())
    }

    fn change_vport(&mut self, doing: &str, id: VPortId, op: &VPortOp) -> Result<Outcome, BackendError> {
        if self.vports.is_none() {
            return Err(Refusal::Unsupported { op: doing.to_owned() }.into());
        }
        let device = self.read()?;
        let Some(vports) = &mut self.vports else { return Ok(Outcome::Unchanged) };
        let mut kernel = OfInterface { kernel: &mut self.kernel, ifindex: self.ifindex };
        vports.execute(&mut kernel, &self.capability, &device, id, op)
    }

    fn change(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        let doing = op.to_string();
        let doing = doing.as_str();
        match op {
            Op::Enable => match self.off.clone() {
                None => Ok(Outcome::Unchanged),
                Some(table) => {
                    self.write_table(&table)?;
                    self.off = None;
                    Ok(Outcome::Changed)
                }
            },
            Op::Disable => {
                self.needs_table(doing)?;
                if self.off.is_some() {
                    return Ok(Outcome::Unchanged);
                }
                let there = self.rss()?.map(|r| r.table).unwrap_or_default();
                let kept = queue_ids(&there);
                if there.iter().any(|q| *q != 0) {
                    let shut = vec![QueueId(0); there.len()];
                    let entries = vec![0; there.len()];
                    self.send_table(&shut, Table::Entries(entries))?;
                }
                self.off = Some(kept);
                Ok(Outcome::Changed)
            }
            Op::SetKey(key) => self.set_key(key).map(|()| Outcome::Changed),
            Op::SetEntries(_) => Err(Refusal::Unsupported { op: doing.to_owned() }.into()),
            Op::WriteTable(table) => {
                self.needs_table(doing)?;
                match &mut self.off {
                    Some(kept) => kept.clone_from(table),
                    None => self.write_table(table)?,
                }
                Ok(Outcome::Changed)
            }
            Op::ResetTable => {
                self.needs_table(doing)?;
                let queues = self.queue_count()?;
                let entries = self.rss()?.map_or(0, |r| r.table.len());
                let wanted = round_robin(u16::try_from(entries).unwrap_or(u16::MAX), queues);
                match &mut self.off {
                    Some(kept) => *kept = wanted,
                    None => self.send_table(&wanted, Table::Default)?,
                }
                Ok(Outcome::Changed)
            }
            Op::Channels(n) => self.set_channels(*n),
            Op::Home { queue, cpu } => self.set_home(doing, *queue, *cpu),
            Op::Vector { name, cpus } => self.set_vector(doing, name, cpus),
            Op::HashTypes(types) => self.set_hash_types(*types),
            Op::Xps { queue, cpus } => self.steer(Map::Transmit, *queue, cpus),
            Op::XpsRxqs { queue, receive } => self.steer(Map::Answers, *queue, &steering::mask(receive)),
            Op::Rps { queue, cpus } => self.steer(Map::Receive, *queue, cpus),
            Op::DefaultQueue(QueueId(0)) => Ok(Outcome::Unchanged),
            Op::VPort { id, op } => self.change_vport(doing, *id, op),
            Op::Encapsulation(_) | Op::DefaultQueue(_) => {
                Err(Refusal::Unsupported { op: doing.to_owned() }.into())
            }
        }
    }
}

impl Backend for LinuxNic {
    fn capability(&self) -> &Capability {
        &self.capability
    }

    fn blocking(&self) -> bool {
        true
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        let read = self.read();
        self.unless_down(read)
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        let changed = self.change(op);
        let changed = self.unless_there(changed);
        self.unless_down(changed)
    }

    fn surveyor(&self) -> Option<Arc<dyn Surveyor>> {
        Some(Arc::new(LinuxSurveyor {
            ifindex: self.ifindex,
            driver: self.driver_name.clone(),
            has_table: self.capability.table_entries > 0,
            contexts: self.driver.contexts.most,
            ours: self.vports.as_ref().map(VPorts::ours).unwrap_or_default(),
        }))
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        Arc::clone(&self.sampler) as Arc<dyn Sampler>
    }
}

/// The kernel's table in our words.
pub(crate) fn queue_ids(table: &[u32]) -> Vec<QueueId> {
    table.iter().map(|q| QueueId(u16::try_from(*q).unwrap_or(u16::MAX))).collect()
}
