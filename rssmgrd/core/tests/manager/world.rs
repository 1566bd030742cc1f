//! What lives outside the manager: network interfaces that keep their state over a crash, software NICs that do not,
//! a file of saved settings; and the faults they can have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rssmgr_core::capability::{Capability, ChannelControl, VPortCapability};
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{BackendError, Device, Op, Outcome, Queue, UserTable};
use rssmgr_core::driver::{self, Driver, TableState, apply, round_robin};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::manager::{
    AdapterFacts, Config, Created, Kind, ObserveOnly, PowerChange, SavedAdapter, SavedState, Unusable,
};
use rssmgr_core::packet::encap::{EncapCapability, EncapState};
use rssmgr_core::topology::Topology;
use rssmgr_core::{AdapterId, CpuId, Moment, NodeId, QueueId};

use crate::rng::Rng;

/// How often things go wrong, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) run: usize,
    pub(crate) observe: usize,
    pub(crate) save: usize,
    pub(crate) create: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Nic {
    pub(crate) facts: AdapterFacts,
    pub(crate) capability: Capability,
    pub(crate) topology: Arc<Topology>,
    pub(crate) device: Device,
    /// Its state before anybody touched it.
    pub(crate) found: Device,
    /// Its state when nothing was open on it, as the saved file tells.
    pub(crate) stable: Device,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) present: bool,
    /// Its id in the present run.
    pub(crate) id: Option<AdapterId>,
    /// Whether its table is obeyed.
    pub(crate) table: TableState,
    /// The id that it had when it went to another namespace.
    pub(crate) away: Option<AdapterId>,
    /// Whether it was changed after it was announced and before it had an id.
    pub(crate) changed: bool,
    /// Whether it has power, and so queues.
    pub(crate) powered: bool,
    /// Whether it ever lost its power, or was reset.
    pub(crate) cycled: bool,
    /// Whether somebody closed the interface: it can be read, and takes nothing.
    pub(crate) closed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) now: Moment,
    /// A kill switch.
    pub(crate) observe: Option<ObserveOnly>,
    /// The kernel's id of this boot.
    pub(crate) boot: String,
    /// By key.
    pub(crate) nics: BTreeMap<String, Nic>,
    pub(crate) durable: SavedState,
    pub(crate) config: Config,
    pub(crate) faults: Faults,
    /// Operations that go wrong for certain, by their number.
    pub(crate) scripted: BTreeMap<u32, Fault>,
    /// Operations so far.
    pub(crate) runs: u32,
}

/// How an operation goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, and nothing was done.
    Fails,
    /// It succeeds, and nothing was done.
    Pretends,
    /// Half a table is written, and it fails; it only fails where there is no table to write.
    Halves,
    /// As that, and it succeeds.
    HalvesInSilence,
    /// It fails, and all was done.
    DoneAllTheSame,
    /// The interface is closed.
    Closes,
}

impl Fault {
    pub(crate) const ALL: [Self; 5] =
        [Self::Fails, Self::Pretends, Self::Halves, Self::HalvesInSilence, Self::DoneAllTheSame];
}

fn machines() -> (Arc<Topology>, Arc<Topology>) {
    let t = |spec| Arc::new(Topology::from_spec(spec).unwrap());
    (t("2x4x2"), t("1x8x1"))
}

fn capability(max: u16, entries: u16) -> Capability {
    Capability {
        max_queues: max,
        channels: ChannelControl::Settable,
        table_entries: entries,
        key_bytes: 40,
        key_settable: true,
        hash_types: HashTypes::ALL,
        hash_types_settable: true,
        encapsulation: EncapCapability::all(),
        independent_entry_move: true,
        vectors: max,
        msi_x: true,
        queue_affinity: true,
        link_mbps: Some(10_000),
        vports: VPortCapability {
            max: 4,
            queues: 3,
            table_entries: 8,
            table_size_restricted: false,
            dynamic_affinity: true,
            mac_filters: true,
            vlan_filters: true,
            filters: 6,
            ..VPortCapability::default()
        },
        ..Capability::default()
    }
}

impl Nic {
    fn new(name: &str, kind: Kind, topology: &Arc<Topology>, capability: &Capability, channels: u16) -> Self {
        let steers = kind == Kind::Kernel;
        let capability = Capability { xps: steers, xps_rxqs: steers, rps: steers, ..capability.clone() };
        let device = Device {
            xps: vec![CpuSet::new(); capability.steered_tx_queues(channels).into()],
            xps_rxqs: vec![BTreeSet::new(); capability.answering_tx_queues(channels).into()],
            rps: vec![CpuSet::new(); if steers { channels.into() } else { 0 }],
            enabled: true,
            queues: vec![Queue { home: Some(CpuId(0)) }; channels.into()],
            table: round_robin(capability.table_entries, channels),
            key: HashKey::new(vec![name.bytes().last().unwrap(); capability.key_bytes.into()]),
            hash_types: HashTypes::parse("ipv4,tcp_ipv4").unwrap(),
            encapsulation: EncapState::default(),
            default_queue: QueueId(0),
            user_table: UserTable::No,
            others: Vec::new(),
            ..Device::default()
        };
        let prefix = if kind == Kind::Kernel { "pci" } else { "softnic" };
        Self {
            facts: AdapterFacts {
                name: name.into(),
                key: format!("{prefix}:{name}"),
                kind,
                description: name.into(),
                driver: "softnic".into(),
                mac: None,
                team: None,
                driver_version: String::new(),
                firmware: String::new(),
                node: Some(NodeId(0)),
            },
            capability,
            topology: Arc::clone(topology),
            found: device.clone(),
            stable: device.clone(),
            device,
            options: BTreeMap::new(),
            present: true,
            id: None,
            table: TableState::Obeyed,
            away: None,
            changed: false,
            powered: true,
            cycled: false,
            closed: false,
        }
    }

    /// Its power is switched, or it is reset; whether anything came of that. It begins as hardware does without a driver.
    fn switch(&mut self, change: PowerChange) -> bool {
        let new = match change {
            PowerChange::Off | PowerChange::Reset => self.powered,
            PowerChange::On => !self.powered,
        };
        if new {
            self.powered = change != PowerChange::Off;
            self.cycled = true;
            self.device = Device { enabled: false, ..self.found.clone() };
            self.device.queues.iter_mut().for_each(|q| q.home = None);
            self.device.xps.fill(CpuSet::new());
            self.table = TableState::Obeyed;
        }
        new
    }

    pub(crate) fn is_kernel(&self) -> bool {
        self.facts.kind == Kind::Kernel
    }

    pub(crate) fn driver(&self) -> &'static Driver {
        Driver::of(&self.facts.driver)
    }

    pub(crate) fn arrival(&self) -> Created {
        Created {
            facts: self.facts.clone(),
            capability: self.capability.clone(),
            device: self.device.clone(),
            topology: Arc::clone(&self.topology),
            options: self.options.clone(),
        }
    }
}

impl World {
    /// Three interfaces of different abilities on two machines' worth of processors.
    pub(crate) fn new(faults: Faults) -> Self {
        let (big, small) = machines();
        let fixed = Capability {
            channels: ChannelControl::Fixed,
            independent_entry_move: false,
            hash_types_settable: false,
            encapsulation: EncapCapability::default(),
            ..capability(4, 12)
        };
        let mut blocks = Nic::new("k2", Kind::Kernel, &small, &capability(4, 8), 4);
        blocks.device.table = (0..8).map(|i| QueueId(i / 2)).collect();
        // Its link goes down when its queues change.
        blocks.facts.driver = "iavf".into();
        blocks.stable = blocks.device.clone();
        blocks.found = blocks.device.clone();
        let nics = [
            Nic::new("k0", Kind::Kernel, &big, &capability(8, 16), 4),
            Nic::new("k1", Kind::Kernel, &big, &fixed, 4),
            blocks,
        ];
        Self {
            now: Moment(1_000_000_000),
            observe: None,
            boot: "first".into(),
            nics: nics.into_iter().map(|n| (n.facts.key.clone(), n)).collect(),
            durable: SavedState::default(),
            config: Config::default(),
            faults,
            scripted: BTreeMap::new(),
            runs: 0,
        }
    }

    /// One interface of a driver, with all that its row leaves of a capable card.
    pub(crate) fn of(driver: &Driver) -> Self {
        let capability = driver.limit(capability(8, 64));
        let mut nic = Nic::new("k0", Kind::Kernel, &machines().0, &capability, 8);
        nic.facts.driver = driver.name.into();
        let own = HashTypes::parse("ipv4,tcp_ipv4").unwrap();
        nic.device.hash_types = own.iter().chain(capability.hash_types_always.iter()).collect();
        (nic.stable, nic.found) = (nic.device.clone(), nic.device.clone());
        let nics = BTreeMap::from([(nic.facts.key.clone(), nic)]);
        Self { nics, ..Self::new(Faults::default()) }
    }

    /// What the next run has of an adapter's settings: those that wait to be confirmed, where there is still time.
    pub(crate) fn kept(&self, key: &str) -> Option<&SavedAdapter> {
        let part = |c: &rssmgr_core::manager::Checkpoint| c.parts.get(key).filter(|p| p.applied).cloned();
        match self.durable.checkpoints.iter().find(|c| part(c).is_some()) {
            Some(c) if c.deadline > self.now => c.parts[key].after.as_ref(),
            _ => self.durable.adapters.get(key),
        }
    }

    /// Whether the next run takes a change of this adapter back.
    pub(crate) fn goes_back(&self, key: &str) -> bool {
        let late = |c: &&rssmgr_core::manager::Checkpoint| c.deadline <= self.now;
        let applied = |c: &rssmgr_core::manager::Checkpoint| c.parts.get(key).is_some_and(|p| p.applied);
        self.durable.open.iter().any(|o| o.adapter == *key)
            || self.durable.checkpoints.iter().filter(late).any(applied)
    }

    /// Switches the power of an adapter, or resets it; whether anything came of that. Where it is `held` by a checkpoint,
    /// that goes back to what was before it, whatever was lost meanwhile.
    pub(crate) fn switch(&mut self, key: &str, change: PowerChange, held: bool) -> bool {
        let Some(nic) = self.nics.get_mut(key) else { return false };
        let new = nic.switch(change);
        if new && !held {
            nic.stable = nic.device.clone();
        }
        new
    }

    /// What is left when the process dies.
    pub(crate) fn crashed(&self) -> Self {
        let mut w = self.clone();
        w.nics.retain(|_, n| n.is_kernel());
        w.nics.values_mut().for_each(|n| (n.id, n.powered) = (None, true));
        w.faults = Faults::default();
        w
    }

    /// Whether a daemon finds the same after two crashes of one run, between which no other configuration came.
    pub(crate) fn leaves_the_same(&self, other: &Self) -> bool {
        let found = |n: &Nic| (n.present, n.table, n.closed, n.cycled);
        let same = |a: &Nic, b: &Nic| found(a) == found(b) && a.device == b.device && a.stable == b.stable;
        (self.now, &self.boot, self.observe) == (other.now, &other.boot, other.observe)
            && self.nics.len() == other.nics.len()
            && self.nics.iter().zip(&other.nics).all(|((k, a), (l, b))| k == l && same(a, b))
            && self.durable == other.durable
    }

    pub(crate) fn by_id(&mut self, id: AdapterId) -> Option<&mut Nic> {
        self.nics.values_mut().find(|n| n.id == Some(id))
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<&Nic> {
        self.nics.values().find(|n| n.facts.name == name)
    }

    pub(crate) fn run(&mut self, rng: &mut Rng, id: AdapterId, op: &Op) -> Result<Outcome, BackendError> {
        let random = rng.percent(self.faults.run).then(|| Fault::ALL[rng.below(Fault::ALL.len())]);
        let fault = self.scripted.get(&self.runs).copied().or(random);
        self.runs += 1;
        let Some(nic) = self.by_id(id).filter(|n| n.present) else { return Err(BackendError::Gone) };
        assert!(nic.powered, "an operation on a NIC without queues: {op}");
        nic.closed |= fault == Some(Fault::Closes);
        if nic.closed {
            return Err(BackendError::Down(op.to_string()));
        }
        let after = if nic.facts.driver == "softnic" {
            apply(&nic.capability, &nic.device, op)?
        } else {
            let before = driver::Nic { table: nic.table, ..driver::Nic::from(nic.device.clone()) };
            let after = Driver::of(&nic.facts.driver).apply(&nic.capability, &before, op)?;
            nic.table = after.table;
            after.device
        };
        let failed = Err(BackendError::system("ioctl", "EIO"));
        match fault {
            None | Some(Fault::Closes) => nic.device = after,
            Some(Fault::Fails) => return failed,
            Some(Fault::Pretends) => {}
            Some(Fault::Halves | Fault::HalvesInSilence) => {
                let half = after.table.len() / 2;
                let halved = after.table.len() == nic.device.table.len() && after.table != nic.device.table;
                if halved {
                    nic.device.table[..half].copy_from_slice(&after.table[..half]);
                }
                if !halved || fault == Some(Fault::Halves) {
                    return failed;
                }
            }
            Some(Fault::DoneAllTheSame) => {
                nic.device = after;
                return failed;
            }
        }
        Ok(Outcome::Changed)
    }

    pub(crate) fn observe(&mut self, rng: &mut Rng, id: AdapterId) -> Result<Device, BackendError> {
        let fault = rng.percent(self.faults.observe);
        match self.by_id(id).filter(|n| n.present) {
            None => Err(BackendError::Gone),
            Some(_) if fault => Err(BackendError::system("read", "EIO")),
            Some(nic) => {
                assert!(nic.powered, "a reading of a NIC without queues");
                Ok(nic.device.clone())
            }
        }
    }

    pub(crate) fn save(&mut self, rng: &mut Rng, state: SavedState) -> Result<(), String> {
        if rng.percent(self.faults.save) {
            return Err("ENOSPC".into());
        }
        self.durable = state;
        for (key, nic) in &mut self.nics {
            let held = self.durable.checkpoints.iter().any(|c| c.parts.contains_key(key));
            if !held && self.durable.open.iter().all(|o| o.adapter != *key) {
                nic.stable = nic.device.clone();
            }
        }
        Ok(())
    }

    pub(crate) fn create(
        &mut self,
        rng: &mut Rng,
        name: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Box<Created>, Unusable> {
        if options.contains_key("bad") || rng.percent(self.faults.create) {
            return Err("no such option".to_owned().into());
        }
        let mut nic = Nic::new(name, Kind::Softnic, &machines().1, &capability(8, 16), 8);
        nic.options = options.clone();
        nic.options.entry("source".into()).or_insert_with(|| "none".into());
        let created = nic.arrival();
        let old = self.nics.insert(nic.facts.key.clone(), nic);
        assert!(old.is_none(), "{name} created twice");
        Ok(Box::new(created))
    }
}
