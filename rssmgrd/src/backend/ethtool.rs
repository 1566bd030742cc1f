//! The machine's network interfaces as adapters.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rssmgr_core::backend::{Backend, Sampler, Surveyor};
use rssmgr_core::capability::Capability;
use rssmgr_core::device::{BackendError, Device, Op, Outcome};
use rssmgr_core::manager::{Created, Unusable};
use rssmgr_core::topology::Topology;
use rssmgr_ethtool::contexts::LedgerPlace;
use rssmgr_ethtool::{Found, LinuxNic, Sampling, discover, discover_one};

use super::{Made, Nic, Source};
use crate::kernel::Discover;

/// Finds the machine's adapters.
#[derive(Clone, Debug)]
pub struct Interfaces {
    sampling: Sampling,
    ledgers: LedgerPlace,
    topology: Arc<Topology>,
}

impl Interfaces {
    /// Reads the machine and starts the thread that reads counters. `state` is the state folder.
    ///
    /// # Errors
    /// The machine's processors cannot be read, or the system gives no thread.
    pub fn new(state: &Path) -> anyhow::Result<Self> {
        let topology = Arc::new(rssmgr_host::topology(Path::new("/"))?);
        let boot = rssmgr_host::boot_id(Path::new("/"));
        let ledgers = LedgerPlace { folder: Some(state.join("contexts")), boot, look_only: false };
        Ok(Self { sampling: Sampling::start()?, ledgers, topology })
    }

    /// All adapters of this network namespace, and the indexes of interfaces that could not be read.
    ///
    /// # Errors
    /// The kernel does not list its interfaces.
    pub fn all(&self) -> Result<(Vec<Made>, Vec<u32>), rssmgr_netlink::Error> {
        let found = discover(&self.sampling, &self.ledgers)?;
        for hidden in &found.hidden {
            tracing::debug!("{} is no adapter: {}", hidden.name, hidden.because);
        }
        Ok((found.adapters.into_iter().map(|f| self.made(f)).collect(), found.unread))
    }

    /// The adapter of this interface index; `None` when it is no adapter or has gone.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn one(&self, ifindex: u32) -> Result<Option<Made>, String> {
        Ok(discover_one(ifindex, &self.sampling, &self.ledgers)?.map(|f| self.made(f)))
    }

    fn made(&self, found: Found) -> Made {
        let created = Created {
            facts: found.facts,
            capability: found.nic.capability().clone(),
            device: found.device,
            topology: Arc::clone(&self.topology),
            options: BTreeMap::new(),
        };
        Made { nic: Box::new(KernelAdapter { nic: found.nic }), created: Box::new(created) }
    }
}

impl Discover for Interfaces {
    fn adapter(&mut self, ifindex: u32) -> Result<Option<Made>, String> {
        self.one(ifindex)
    }

    fn machine(&mut self) -> Result<Arc<Topology>, String> {
        let topology = rssmgr_host::topology(Path::new("/")).map_err(|e| e.to_string())?;
        self.topology = Arc::new(topology);
        Ok(Arc::clone(&self.topology))
    }
}

#[derive(Debug)]
struct KernelAdapter {
    nic: LinuxNic,
}

impl Backend for KernelAdapter {
    fn capability(&self) -> &Capability {
        self.nic.capability()
    }

    fn blocking(&self) -> bool {
        self.nic.blocking()
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        self.nic.observe()
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        self.nic.execute(op)
    }

    fn surveyor(&self) -> Option<Arc<dyn Surveyor>> {
        self.nic.surveyor()
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        self.nic.sampler()
    }
}

impl Nic for KernelAdapter {
    fn set_source(&mut self, _: &str) -> Result<String, Unusable> {
        Err("its packets come from the network: only a software NIC has another source".to_owned().into())
    }

    fn source(&self) -> Option<Source> {
        None
    }

    fn ifindex(&self) -> Option<u32> {
        Some(self.nic.ifindex())
    }
}
