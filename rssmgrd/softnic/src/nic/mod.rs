//! The NIC: its threads, and what the daemon does with it.

mod datapath;
mod ops;
mod power;
mod vports;

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};

use rssmgr_core::backend::{Backend, Sampler};
use rssmgr_core::capability::{Capability, ChannelControl, TxQueues, UnhashedTarget, VPortCapability};
use rssmgr_core::device::{BackendError, Device, Op, Outcome};
use rssmgr_core::driver::round_robin;
use rssmgr_core::hash::{HashKey, HashTypes, KEY_BYTES};
use rssmgr_core::packet::encap::EncapCapability;
use rssmgr_core::steer::Steering;
use rssmgr_core::toeplitz::Toeplitz;
use rssmgr_core::topology::Topology;
use rssmgr_core::{CpuId, NodeId, QueueId};

use crate::cpu::Placement;
use crate::error::{SoftnicError, SpecError};
use crate::port::{Mailbox, Orders, Port};
use crate::ports::Ports;
use crate::shared::Shared;
use crate::source::{SourceSpec, SourceState};
use crate::spec::{SoftnicSpec, TopologySpec};
use crate::tap::Tap;
use crate::worker::Worker;
use datapath::Datapath;
use power::Power;

/// Filters of all VPorts together. Each lookup takes the logarithm of them.
const FILTERS: u16 = 4096;
/// The threads call little and recurse nowhere.
const STACK: usize = 256 << 10;

/// A software NIC. Its threads run from creation to drop; dropping it ends them and waits for that.
#[derive(Debug)]
pub struct SoftNic {
    spec: SoftnicSpec,
    capability: Capability,
    topology: Arc<Topology>,
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    port: Option<JoinHandle<()>>,
    /// One for each queue that there can be, by number. Those of queues that do not exist sleep, so that a change of
    /// the number of queues neither fails nor takes long.
    workers: Vec<JoinHandle<()>>,
    power: Power,
}

impl SoftNic {
    /// Makes a NIC and starts it. Reads files where the topology or the source says so, so this may take long.
    ///
    /// It starts enabled, with the table filled round robin over all queues, queue q served by the q-th of the CPUs
    /// that are the first online thread of their core, and the default hash types.
    ///
    /// # Errors
    /// What in the specification does not fit the machine, a key that is not 40 bytes long, a file or an interface
    /// that cannot be opened, and threads that cannot be started.
    pub fn create(spec: SoftnicSpec, key: HashKey) -> Result<Self, SoftnicError> {
        let topology = match &spec.topology {
            TopologySpec::Host => rssmgr_host::topology(Path::new("/"))?,
            TopologySpec::Pretended(text) => Topology::from_spec(text).map_err(SpecError::Topology)?,
            TopologySpec::Recorded(folder) => rssmgr_host::topology(Path::new(folder))?,
        };
        Self::with_topology(spec, key, Arc::new(topology))
    }

    /// As [`SoftNic::create`], with the topology that `spec` names already read.
    ///
    /// # Errors
    /// As [`SoftNic::create`].
    pub fn with_topology(
        spec: SoftnicSpec,
        key: HashKey,
        topology: Arc<Topology>,
    ) -> Result<Self, SoftnicError> {
        if key.len() != KEY_BYTES {
            return Err(SoftnicError::Key { got: key.len(), want: KEY_BYTES });
        }
        if let Some(node) = spec.node.filter(|node| !topology.nodes().any(|n| n == *node)) {
            return Err(SoftnicError::Node { node, known: topology.nodes().collect() });
        }
        let online = topology.online();
        let homes: Vec<CpuId> = online.iter().filter(|c| topology.is_first_online_thread(*c)).collect();
        if homes.is_empty() {
            return Err(SoftnicError::NoCpu);
        }
        let source = spec.source.prepare(mac(&spec.name), spec.ring)?;

        let table = round_robin(spec.entries, spec.queues);
        let toeplitz = Arc::new(Toeplitz::new(&key));
        let steering = Steering::new(toeplitz, HashTypes::DEFAULT, table.into(), QueueId(0))?;
        let placement = match spec.topology {
            TopologySpec::Host => Placement::real(),
            TopologySpec::Pretended(_) | TopologySpec::Recorded(_) => Placement::pretended(&topology),
        };
        let shared = Arc::new(Shared::new(spec.max_queues, spec.entries, placement));
        let mailbox = Arc::new(Mailbox::new(Orders {
            ports: Ports { default: Arc::new(steering.clone()), others: None },
            channels: 0,
            rings: Vec::new(),
            state: source.state(),
            source: Some(source),
        }));
        let name = spec.name.clone();
        let failed = |source| SoftnicError::Thread { name: name.clone(), source };
        let capability = capability(&spec);
        let parts = (Arc::clone(&shared), Arc::clone(&mailbox));
        let datapath = Datapath::new(&spec, capability.clone(), key, steering, parts)?;
        let mut power = Power::new(datapath);
        power.up(spec.queues);
        if let Some(datapath) = power.live() {
            datapath.begin(&homes);
        }
        let mut nic =
            Self { spec, capability, topology, shared, mailbox, port: None, workers: Vec::new(), power };
        for number in 0..nic.spec.max_queues {
            let worker = Worker::new(Arc::clone(&nic.shared), QueueId(number));
            let thread = Builder::new().name(format!("rx{number}.{name}")).stack_size(STACK);
            // On an error `nic` is dropped, which ends those that run.
            nic.workers.push(thread.spawn(|| worker.run()).map_err(failed)?);
        }
        let port = Port::new(Arc::clone(&nic.shared), Arc::clone(&nic.mailbox));
        let thread = Builder::new().name(format!("port.{name}")).stack_size(STACK);
        nic.port = Some(thread.spawn(|| port.run()).map_err(failed)?);
        Ok(nic)
    }

    /// The specification it was made from, with the source that it has now.
    #[must_use]
    pub fn spec(&self) -> &SoftnicSpec {
        &self.spec
    }

    /// The machine that it is in.
    #[must_use]
    pub fn topology(&self) -> Arc<Topology> {
        Arc::clone(&self.topology)
    }

    /// Whether that machine is not this one: then the CPUs in its counters are those that should have handled the
    /// packets, not those that did.
    #[must_use]
    pub fn is_pretended(&self) -> bool {
        self.spec.topology != TopologySpec::Host
    }

    /// Whether a queue's worker is pinned to the queue's CPU. It is not when any CPU may serve the queue, when the
    /// machine is pretended, and when this process may not use that CPU; and not yet when it was moved just now.
    #[must_use]
    pub fn is_pinned(&self, queue: QueueId) -> bool {
        let queue = self.shared.queues.get(queue.index());
        queue.is_some_and(|queue| queue.pinned.load(Ordering::Acquire))
    }

    /// The NUMA node that it is near to.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        self.spec.node
    }

    /// Its Ethernet address: locally administered, always the same for the same name.
    #[must_use]
    pub fn mac(&self) -> [u8; 6] {
        mac(&self.spec.name)
    }

    /// Changes the source. Queues, table and counters stay. Packets of the old source that are in a ring are handled
    /// first. Reads files where the source says so, so this may take long.
    ///
    /// # Errors
    /// A file or an interface that cannot be opened; the old source goes on then.
    pub fn set_source(&mut self, source: SourceSpec) -> Result<(), SoftnicError> {
        let prepared = source.prepare(self.mac(), self.spec.ring)?;
        self.mailbox.post(&self.shared.port, |orders| {
            orders.state = prepared.state();
            orders.source = Some(prepared);
        });
        self.spec.source = source;
        Ok(())
    }

    /// Powers it down: its queues are gone with all that was set. What its source still gives is dropped, and every
    /// operation is [`BackendError::Down`]. Whether that is new.
    pub fn power_down(&mut self) -> bool {
        self.power.down()
    }

    /// Powers it up: it has as many queues as it was made with, RSS is off, table, key and hash types are those that it
    /// was made with, any CPU may serve a queue, and there is no VPort. Whether that is new.
    pub fn power_up(&mut self) -> bool {
        self.power.up(self.spec.queues)
    }

    /// Whether it is powered.
    #[must_use]
    pub const fn is_powered(&self) -> bool {
        self.power.is_up()
    }

    /// How the source is doing.
    #[must_use]
    pub fn source_state(&self) -> SourceState {
        self.mailbox.source_state()
    }

    /// Whether packets that arrive from now on are steered as the last operation said, and come from the source that
    /// was set last. Operations take effect between two packets, a moment after they return.
    #[must_use]
    pub fn has_followed(&self) -> bool {
        self.mailbox.is_followed()
    }

    /// Packets that its sources gave so far. Each was, or will be, either handled or dropped.
    #[must_use]
    pub fn generated(&self) -> u64 {
        self.shared.generated.0.load(Ordering::Acquire)
    }

    /// Puts a tap on that holds up to `capacity` packets, in place of any other: it gets every packet that arrives from
    /// now on. The workers handle one packet at a time while it is on, and none while it is full.
    #[must_use]
    pub fn tap(&self, capacity: usize) -> Tap {
        self.shared.tap.attach(capacity)
    }
}

fn capability(spec: &SoftnicSpec) -> Capability {
    Capability {
        max_queues: spec.max_queues,
        channels: ChannelControl::Settable,
        table_entries: spec.entries,
        key_bytes: u16::try_from(KEY_BYTES).unwrap_or(u16::MAX),
        key_settable: true,
        hash_types: HashTypes::ALL,
        hash_types_settable: true,
        encapsulation: EncapCapability::all(),
        unhashed: UnhashedTarget::DefaultProcessor,
        independent_entry_move: true,
        serialised_moves: false,
        vectors: spec.max_queues,
        msi_x: true,
        queue_affinity: true,
        link_mbps: Some(spec.speed),
        // A send is completed where the table says: see `send_side`.
        tx_queues: TxQueues::Own(0),
        vports: VPortCapability {
            max: spec.vports,
            queues: spec.max_queues.saturating_sub(1),
            table_entries: spec.entries,
            table_size_restricted: false,
            dynamic_affinity: true,
            mac_filters: true,
            vlan_filters: true,
            filters: FILTERS,
            ..VPortCapability::default()
        },
        ..Capability::default()
    }
}

/// An address for a name: 02 for "locally administered, one host", then the name's FNV-1a hash.
fn mac(name: &str) -> [u8; 6] {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let [.., a, b, c, d, e] = hash.to_be_bytes();
    [0x02, a, b, c, d, e]
}

impl Backend for SoftNic {
    fn capability(&self) -> &Capability {
        &self.capability
    }

    fn blocking(&self) -> bool {
        false
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        Ok(self.power.live().ok_or_else(|| down("reading its state"))?.device())
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        let changed = self.power.live().ok_or_else(|| down(op))?.apply(op)?;
        Ok(if changed { Outcome::Changed } else { Outcome::Unchanged })
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        Arc::clone(&self.shared) as Arc<dyn Sampler>
    }
}

/// There are no queues that could be asked.
fn down(what: impl Display) -> BackendError {
    BackendError::Down(what.to_string())
}

impl Drop for SoftNic {
    fn drop(&mut self) {
        self.shared.stop();
        self.shared.port.ring();
        for queue in &self.shared.queues {
            queue.bell.ring();
        }
        for thread in self.port.take().into_iter().chain(self.workers.drain(..)) {
            // A thread that panicked has said so on its own.
            let _ = thread.join();
        }
    }
}
