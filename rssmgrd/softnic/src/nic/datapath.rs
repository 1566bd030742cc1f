//! Everything of the NIC that exists as long as its queues do, and is lost with them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rssmgr_core::CpuId;
use rssmgr_core::adapter::datapath::Queues;
use rssmgr_core::capability::Capability;
use rssmgr_core::device::{Device, Queue, UserTable};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::encap::EncapState;
use rssmgr_core::steer::{Steering, TableError};

use super::vports::VPorts;
use crate::port::Mailbox;
use crate::ports::Ports;
use crate::ring::ring;
use crate::shared::Shared;
use crate::spec::SoftnicSpec;

/// Queues with all that is set about them. Operations are its methods.
#[derive(Debug)]
pub(super) struct Datapath {
    pub(super) capability: Capability,
    pub(super) shared: Arc<Shared>,
    pub(super) mailbox: Arc<Mailbox>,
    /// Descriptors in a ring.
    ring: usize,
    own: Own,
    /// How many queues there are.
    pub(super) channels: u16,
    pub(super) enabled: bool,
    pub(super) key: HashKey,
    /// Which encapsulated packets are looked into.
    pub(super) encapsulation: EncapState,
    /// How packets are steered while RSS is enabled.
    pub(super) steering: Steering,
    pub(super) user_table: UserTable,
    pub(super) vports: VPorts,
}

/// What the hardware begins with, after every reset.
#[derive(Debug)]
struct Own {
    key: HashKey,
    /// How packets are steered once RSS is enabled.
    steering: Steering,
    /// How they are steered until then.
    unhashed: Arc<Steering>,
}

impl Datapath {
    /// Without queues. The steering is the one that a reset leaves, once RSS is enabled.
    pub(super) fn new(
        spec: &SoftnicSpec,
        capability: Capability,
        key: HashKey,
        steering: Steering,
        (shared, mailbox): (Arc<Shared>, Arc<Mailbox>),
    ) -> Result<Self, TableError> {
        let (toeplitz, table) = (Arc::clone(steering.toeplitz()), steering.table().into());
        let unhashed = Steering::new(toeplitz, HashTypes::NONE, table, steering.default_queue())?;
        Ok(Self {
            capability,
            shared,
            mailbox,
            ring: usize::try_from(spec.ring).unwrap_or(usize::MAX),
            own: Own { key: key.clone(), steering: steering.clone(), unhashed: Arc::new(unhashed) },
            channels: 0,
            enabled: false,
            key,
            encapsulation: EncapState::default(),
            steering,
            user_table: UserTable::No,
            vports: VPorts::default(),
        })
    }

    /// As a driver leaves it that has just been loaded: RSS is on, and each queue has a home.
    pub(super) fn begin(&mut self, homes: &[CpuId]) {
        let queues = self.shared.queues.iter().take(self.channels.into());
        for (queue, home) in queues.zip(homes.iter().cycle()) {
            queue.set_home(Some(*home));
        }
        self.enabled = true;
        let default = Arc::new(self.steering.clone());
        self.mailbox.post(&self.shared.port, |orders| orders.ports.default = default);
    }

    /// Its state.
    pub(super) fn device(&self) -> Device {
        let queues = self.shared.queues.iter().take(usize::from(self.channels));
        Device {
            enabled: self.enabled,
            queues: queues.map(|queue| Queue { home: queue.home() }).collect(),
            table: self.steering.table().to_vec(),
            key: self.key.clone(),
            hash_types: self.steering.types(),
            encapsulation: self.encapsulation,
            default_queue: self.steering.default_queue(),
            user_table: self.user_table,
            vports: self.vports.devices().clone(),
            ..Device::default()
        }
    }

    /// Makes queues, or takes the last ones away, until there are `channels`.
    pub(super) fn set_queues(&mut self, channels: u16) {
        let mut rings = Vec::new();
        for number in self.channels..channels {
            if let Some(queue) = self.shared.queues.get(usize::from(number)) {
                let (sender, receiver) = ring(self.ring);
                queue.give_ring(receiver);
                rings.push((number, sender));
            }
        }
        self.channels = channels;
        self.shared.channels.store(channels, Ordering::Release);
        self.mailbox.post(&self.shared.port, |orders| {
            orders.rings.append(&mut rings);
            orders.channels = channels;
        });
    }
}

impl Queues for Datapath {
    /// Its queues are memory of this process.
    type Error = Infallible;

    /// RSS is off, and any CPU may serve the queues.
    fn create_queues(&mut self, queues: u16) -> Result<(), Infallible> {
        self.set_queues(queues);
        Ok(())
    }

    /// Packets that are in a ring are handled, those that arrive from now on are dropped. All that was set is lost.
    fn destroy_queues(&mut self) {
        let gone = std::mem::take(&mut self.vports);
        let default = Arc::clone(&self.own.unhashed);
        self.mailbox.post(&self.shared.port, |orders| orders.ports = Ports { default, others: None });
        for id in gone.devices().keys() {
            self.shared.vports.close(*id, self.mailbox.changes());
        }
        self.set_queues(0);
        for queue in &self.shared.queues {
            queue.set_home(None);
            // For the packets that are left, and so that its worker lets go of the CPU.
            queue.bell.ring();
        }
        self.enabled = false;
        self.key.clone_from(&self.own.key);
        self.encapsulation = EncapState::default();
        self.steering.clone_from(&self.own.steering);
        self.user_table = UserTable::No;
    }
}
