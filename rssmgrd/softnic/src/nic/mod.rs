//! The NIC: its threads, and what the daemon does with it.

mod ops;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, JoinHandle};

use rssmgr_core::backend::{Backend, Sampler};
use rssmgr_core::capability::{Capability, ChannelControl, UnhashedTarget};
use rssmgr_core::device::{BackendError, Device, Op, Outcome, Queue, UserTable};
use rssmgr_core::driver::round_robin;
use rssmgr_core::hash::{HashKey, HashTypes, KEY_BYTES};
use rssmgr_core::steer::Steering;
use rssmgr_core::toeplitz::Toeplitz;
use rssmgr_core::topology::Topology;
use rssmgr_core::{CpuId, NodeId, QueueId};

use crate::cpu::Placement;
use crate::error::{SoftnicError, SpecError};
use crate::port::{Mailbox, Orders, Port};
use crate::ring::{Link, Sender, ring};
use crate::shared::Shared;
use crate::source::{SourceSpec, SourceState};
use crate::spec::{SoftnicSpec, TopologySpec};
use crate::tap::Tap;
use crate::worker::Worker;

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
    /// The queues that there are, by number.
    queues: Vec<QueueThread>,
    /// Workers of queues that were taken away: they empty their rings and end.
    retired: Vec<QueueThread>,
    enabled: bool,
    key: HashKey,
    /// How packets are steered while RSS is enabled.
    steering: Steering,
    user_table: UserTable,
}

/// A queue's thread and what wakes it.
#[derive(Debug)]
struct QueueThread {
    thread: JoinHandle<()>,
    link: Arc<Link>,
}

/// A queue that the port does not have yet.
struct NewQueue {
    number: u16,
    sender: Sender,
    thread: QueueThread,
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
        let source = spec.source.prepare(mac(&spec.name))?;

        let table = round_robin(spec.entries, spec.queues);
        let toeplitz = Arc::new(Toeplitz::new(&key));
        let steering = Steering::new(toeplitz, HashTypes::DEFAULT, table.into(), QueueId(0))?;
        let placement = match spec.topology {
            TopologySpec::Host => Placement::real(),
            TopologySpec::Pretended(_) | TopologySpec::Recorded(_) => Placement::pretended(&topology),
        };
        let shared = Arc::new(Shared::new(spec.max_queues, spec.entries, placement));
        let mailbox = Arc::new(Mailbox::new(Orders {
            steering: Arc::new(steering.clone()),
            channels: 0,
            rings: Vec::new(),
            state: source.state(),
            source: Some(source),
        }));
        let (name, queues) = (spec.name.clone(), spec.queues);
        let failed = |source| SoftnicError::Thread { name: name.clone(), source };
        let mut nic = Self {
            capability: capability(&spec),
            topology,
            shared,
            mailbox,
            port: None,
            queues: Vec::new(),
            retired: Vec::new(),
            enabled: true,
            key,
            steering,
            user_table: UserTable::No,
            spec,
        };
        for (queue, home) in nic.shared.queues.iter().zip(homes.iter().cycle()).take(queues.into()) {
            queue.set_home(Some(*home));
        }
        let queues = nic.start_queues(0, queues).map_err(failed)?;
        nic.add_queues(queues);
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
        let prepared = source.prepare(self.mac())?;
        self.mailbox.post(&self.shared, |orders| {
            orders.state = prepared.state();
            orders.source = Some(prepared);
        });
        self.spec.source = source;
        Ok(())
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

    /// Puts a tap on that holds up to `capacity` packets, in place of any other: it gets every packet handled from
    /// now on, as long as it has room.
    #[must_use]
    pub fn tap(&self, capacity: usize) -> Tap {
        self.shared.tap.attach(capacity)
    }

    /// Starts the workers of queues `from..to`, which do nothing until the port gets their rings. On an error those
    /// that were started end.
    fn start_queues(&self, from: u16, to: u16) -> io::Result<Vec<NewQueue>> {
        let capacity = usize::try_from(self.spec.ring).unwrap_or(usize::MAX);
        let start = |number: u16| {
            let (sender, receiver) = ring(capacity);
            let link = Arc::clone(&receiver.link);
            let worker = Worker::new(Arc::clone(&self.shared), QueueId(number), receiver);
            let thread = Builder::new().name(format!("rx{number}.{}", self.spec.name)).stack_size(STACK);
            let thread = thread.spawn(|| worker.run())?;
            Ok(NewQueue { number, sender, thread: QueueThread { thread, link } })
        };
        (from..to).map(start).collect()
    }

    /// Hands the rings of new queues to the port.
    fn add_queues(&mut self, queues: Vec<NewQueue>) {
        let mut rings = Vec::with_capacity(queues.len());
        for NewQueue { number, sender, thread } in queues {
            rings.push((number, sender));
            self.queues.push(thread);
        }
        self.post_channels(rings);
    }

    /// Tells the port, and whoever reads counters, how many queues there are.
    fn post_channels(&self, mut rings: Vec<(u16, Sender)>) {
        let channels = self.channels();
        self.shared.channels.store(channels, Ordering::Release);
        self.mailbox.post(&self.shared, |orders| {
            orders.rings.append(&mut rings);
            orders.channels = channels;
        });
    }

    /// How many queues there are.
    fn channels(&self) -> u16 {
        u16::try_from(self.queues.len()).unwrap_or(u16::MAX)
    }

    /// Joins the workers that have ended.
    fn reap(&mut self) {
        for queue in self.retired.extract_if(.., |queue| queue.thread.is_finished()) {
            // A worker that panicked has said so on its own.
            let _ = queue.thread.join();
        }
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
        unhashed: UnhashedTarget::DefaultProcessor,
        independent_entry_move: true,
        serialised_moves: false,
        vectors: spec.max_queues,
        msi_x: true,
        queue_affinity: true,
        link_mbps: Some(spec.speed),
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
        let queues = self.shared.queues.iter().take(self.queues.len());
        Ok(Device {
            enabled: self.enabled,
            queues: queues.map(|queue| Queue { home: queue.home() }).collect(),
            table: self.steering.table().to_vec(),
            key: self.key.clone(),
            hash_types: self.steering.types(),
            default_queue: self.steering.default_queue(),
            user_table: self.user_table,
        })
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        self.reap();
        let changed = self.apply(op)?;
        Ok(if changed { Outcome::Changed } else { Outcome::Unchanged })
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        Arc::clone(&self.shared) as Arc<dyn Sampler>
    }
}

impl Drop for SoftNic {
    fn drop(&mut self) {
        self.shared.stop();
        self.shared.port.ring();
        for queue in self.queues.iter().chain(&self.retired) {
            queue.link.bell.ring();
        }
        let queues = self.queues.drain(..).chain(self.retired.drain(..)).map(|queue| queue.thread);
        for thread in self.port.take().into_iter().chain(queues) {
            // A thread that panicked has said so on its own.
            let _ = thread.join();
        }
    }
}
