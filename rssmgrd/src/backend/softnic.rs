//! The built-in software NIC as an adapter.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rssmgr_core::backend::{Backend, Sampler};
use rssmgr_core::capability::Capability;
use rssmgr_core::device::{BackendError, Device, Op, Outcome};
use rssmgr_core::hash::{HashKey, KEY_BYTES};
use rssmgr_core::manager::{AdapterFacts, Created, Kind, PowerChange, Unusable};
use rssmgr_core::topology::Topology;
use rssmgr_softnic::{SoftNic, SoftnicError, SoftnicSpec, SourceSpec, SourceState, TopologySpec};

use super::{Factory, Made, Nic, Source};

/// Makes software NICs that begin with one key and share topologies.
#[derive(Debug)]
pub struct SoftnicFactory {
    key: HashKey,
    /// Topologies in use by their canonical text; NICs in one machine share one.
    topologies: Mutex<BTreeMap<String, Weak<Topology>>>,
}

impl SoftnicFactory {
    /// A factory whose NICs begin with the first 40 bytes of the host's boot key, or, where the kernel shows none, with
    /// a random one.
    ///
    /// # Errors
    /// When there is no boot key and the system gives no random bytes.
    pub fn new(boot_key: Option<&HashKey>) -> Result<Self, getrandom::Error> {
        let key = match boot_key.and_then(|k| k.bytes().get(..KEY_BYTES)) {
            Some(bytes) => HashKey::new(bytes.to_vec()),
            None => random_key(KEY_BYTES)?,
        };
        Ok(Self { key, topologies: Mutex::default() })
    }

    /// The topology of a specification, shared with the NICs that have the same one. The host's is read anew when
    /// nobody holds it.
    fn topology(&self, spec: &TopologySpec) -> Result<Arc<Topology>, String> {
        let mut known = self.topologies.lock().unwrap_or_else(PoisonError::into_inner);
        let text = spec.to_string();
        if let Some(topology) = known.get(&text).and_then(Weak::upgrade) {
            return Ok(topology);
        }
        let topology = match spec {
            TopologySpec::Host => rssmgr_host::topology(Path::new("/")).map_err(|e| e.to_string())?,
            TopologySpec::Pretended(text) => Topology::from_spec(text).map_err(|e| e.to_string())?,
            TopologySpec::Recorded(dir) => {
                rssmgr_host::topology(Path::new(dir)).map_err(|e| e.to_string())?
            }
        };
        let topology = Arc::new(topology);
        known.retain(|_, t| t.strong_count() > 0);
        known.insert(text, Arc::downgrade(&topology));
        Ok(topology)
    }
}

fn unusable(e: &SoftnicError) -> Unusable {
    let bad_file = matches!(e, SoftnicError::Capture { .. } | SoftnicError::CaptureEmpty { .. });
    Unusable { because: e.to_string(), bad_file }
}

/// A key of random bytes.
///
/// # Errors
/// When the system gives none.
pub fn random_key(bytes: usize) -> Result<HashKey, getrandom::Error> {
    let mut key = vec![0; bytes];
    getrandom::fill(&mut key)?;
    Ok(HashKey::new(key))
}

impl SoftnicFactory {
    /// Makes a NIC whose source is as said, or failed for this reason.
    fn build(
        &self,
        name: &str,
        options: &BTreeMap<String, String>,
        lost: Option<String>,
    ) -> Result<Made, Unusable> {
        let spec = SoftnicSpec::parse(name, options).map_err(|e| e.to_string())?;
        let topology = self.topology(&spec.topology)?;
        let mut nic = SoftNic::with_topology(spec, self.key.clone(), Arc::clone(&topology))
            .map_err(|e| unusable(&e))?;
        let description = match topology.label() {
            Some(label) => format!("rssmgr software NIC (pretended {label})"),
            None if nic.is_pretended() => format!("rssmgr software NIC (recorded {})", nic.spec().topology),
            None => "rssmgr software NIC".to_owned(),
        };
        let facts = AdapterFacts {
            name: name.to_owned(),
            key: format!("softnic:{name}"),
            kind: Kind::Softnic,
            description,
            driver: "softnic".to_owned(),
            mac: Some(nic.mac()),
            team: None,
            driver_version: String::new(),
            firmware: String::new(),
            node: nic.node(),
        };
        let created = Created {
            facts,
            capability: nic.capability().clone(),
            device: nic.observe().map_err(|e| e.to_string())?,
            topology,
            options: nic.spec().to_map(),
        };
        Ok(Made { nic: Box::new(SoftnicAdapter { nic, lost }), created: Box::new(created) })
    }
}

impl Factory for SoftnicFactory {
    fn make(&self, name: &str, options: &BTreeMap<String, String>) -> Result<Made, Unusable> {
        self.build(name, options, None)
    }

    fn restore(&self, name: &str, options: &BTreeMap<String, String>) -> Result<Made, Unusable> {
        self.make(name, options).or_else(|why| {
            let mut quiet = options.clone();
            quiet.insert("source".to_owned(), SourceSpec::None.to_string());
            // What goes wrong without a source too has nothing to do with it.
            self.build(name, &quiet, Some(why.because.clone())).map_err(|_| why)
        })
    }
}

#[derive(Debug)]
struct SoftnicAdapter {
    nic: SoftNic,
    /// Why it has not got its source, if so.
    lost: Option<String>,
}

impl Backend for SoftnicAdapter {
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

    fn sampler(&self) -> Arc<dyn Sampler> {
        self.nic.sampler()
    }
}

impl Nic for SoftnicAdapter {
    fn set_source(&mut self, text: &str) -> Result<String, Unusable> {
        let source = SourceSpec::parse(text).map_err(|e| e.to_string())?;
        self.nic.set_source(source).map_err(|e| unusable(&e))?;
        self.lost = None;
        Ok(self.nic.spec().source.to_string())
    }

    fn source(&self) -> Option<Source> {
        if let Some(why) = &self.lost {
            return Some(Source::Failed(why.clone()));
        }
        Some(match self.nic.source_state() {
            SourceState::Running => Source::Running,
            SourceState::Finished => Source::Finished,
            SourceState::Failed(why) => Source::Failed(why),
        })
    }

    fn power(&mut self, change: PowerChange) -> Result<bool, BackendError> {
        match change {
            PowerChange::Off => Ok(self.nic.power_down()),
            PowerChange::On => Ok(self.nic.power_up()),
            PowerChange::Reset if self.nic.power_down() => Ok(self.nic.power_up()),
            PowerChange::Reset => Err(BackendError::Down("a reset".to_owned())),
        }
    }
}
