//! An adapter of which only the VPorts are real: the rest of it is core's model of a device.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rssmgr_core::capability::{Capability, ChannelControl};
use rssmgr_core::device::{BackendError, Device, Op, Outcome, Queue, UserTable};
use rssmgr_core::doctor::Astray;
use rssmgr_core::driver::{self, Driver, round_robin};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::{CpuId, VPortId};
use rssmgr_ethtool::contexts::{Ledger, LedgerPlace, VPorts, astray};

use crate::scripted::{Habits, Scripted};

pub(crate) const QUEUES: u16 = 8;
pub(crate) const ENTRIES: u16 = 16;
const IFINDEX: u32 = 7;

#[derive(Debug)]
pub(crate) struct Nic {
    pub(crate) kernel: Arc<Mutex<Scripted>>,
    pub(crate) capability: Capability,
    driver: &'static str,
    adapter: Device,
    vports: VPorts,
    place: LedgerPlace,
}

/// What the drivers with VPorts do.
pub(crate) fn habits(driver: &str) -> Habits {
    match driver {
        "mlx5_core" => Habits {
            most: 15,
            own_key: true,
            own_fields: true,
            per_protocol: true,
            by_driver: false,
            places: 1024,
        },
        _ => Habits {
            most: 7,
            own_key: true,
            own_fields: false,
            per_protocol: false,
            by_driver: true,
            places: 64,
        },
    }
}

impl Nic {
    pub(crate) fn new(driver: &'static str, place: LedgerPlace) -> Self {
        let habits = habits(driver);
        let mut capability = Capability {
            max_queues: QUEUES,
            channels: ChannelControl::Settable,
            table_entries: ENTRIES,
            key_bytes: 40,
            key_settable: true,
            hash_types: HashTypes::DEFAULT,
            hash_types_settable: true,
            ports_imply_addresses: true,
            vectors: QUEUES,
            queue_affinity: true,
            ..Capability::default()
        };
        let facts = Driver::of(driver).contexts;
        capability.vports = facts.vports(&capability, habits.places);
        let adapter = Device {
            enabled: true,
            queues: (0..QUEUES).map(|q| Queue { home: Some(CpuId(q.into())) }).collect(),
            table: round_robin(ENTRIES, 2),
            key: HashKey::new(vec![1; 40]),
            hash_types: HashTypes::DEFAULT,
            user_table: UserTable::Yes,
            ..Device::default()
        };
        let kernel = Scripted::new(habits, QUEUES.into(), ENTRIES.into(), vec![1; 40]);
        let vports = VPorts::new(driver, facts, Ledger::open(&place, IFINDEX));
        Self { kernel: Arc::new(Mutex::new(kernel)), capability, driver, adapter, vports, place }
    }

    pub(crate) fn kernel(&self) -> std::sync::MutexGuard<'_, Scripted> {
        // A kill unwinds through it.
        self.kernel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The daemon starts anew: what it knows is what the ledger says.
    pub(crate) fn restart(&mut self) {
        let facts = Driver::of(self.driver).contexts;
        self.vports = VPorts::new(self.driver, facts, Ledger::open(&self.place, IFINDEX));
        let mut kernel = self.kernel();
        (kernel.fails, kernel.kills) = (None, None);
    }

    pub(crate) fn observe(&mut self) -> Device {
        let mut kernel = self.kernel.lock().unwrap_or_else(PoisonError::into_inner);
        let vports = self.vports.observe(&mut *kernel, &self.adapter).unwrap();
        Device { vports, ..self.adapter.clone() }
    }

    pub(crate) fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        let device = self.observe();
        if let Op::VPort { id, op } = op {
            let mut kernel = self.kernel.lock().unwrap_or_else(PoisonError::into_inner);
            return self.vports.execute(&mut *kernel, &self.capability, &device, *id, op);
        }
        self.adapter = driver::apply(&self.capability, &device, op)?;
        self.adapter.vports.clear();
        self.kernel().key = self.adapter.key.bytes().to_vec();
        Ok(Outcome::Changed)
    }

    /// What the doctor finds, which reads the ledger as it is on disk.
    pub(crate) fn astray(&self) -> BTreeMap<VPortId, Astray> {
        let facts = Driver::of(self.driver).contexts;
        astray(&Ledger::open(&self.place, IFINDEX), &facts, &mut *self.kernel()).unwrap()
    }

    /// What is ours as far as the surveyor is told.
    pub(crate) fn ours(&self) -> rssmgr_ethtool::contexts::Ours {
        self.vports.ours().lock().unwrap().clone()
    }
}
