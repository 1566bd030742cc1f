//! A backend under the framework of rssmgr-core.

use crate::recorder::{Call, Failure, Log, Recorder};
use crate::subject::{Subject, Variant};
use rssmgr_core::CpuId;
use rssmgr_core::VPortId;
use rssmgr_core::adapter::{Adapter, Event, LifeError, Ops, Phase};
use rssmgr_core::backend::{Backend, Sampler};
use rssmgr_core::capability::Capability;
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{BackendError, Device, Filter, Op, Outcome};
use rssmgr_core::scaling::{MoveRequest, MoveResults, Parameters, ParametersV1, Status, VPortKey};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// A backend that can be looked at while the framework drives it, with what a variant leaves of its capability.
struct Watched<B> {
    inner: Arc<Mutex<B>>,
    capability: Capability,
}

impl<B: Backend> Watched<B> {
    fn with<R>(&self, ask: impl FnOnce(&mut B) -> R) -> R {
        ask(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<B: Backend> Backend for Watched<B> {
    fn capability(&self) -> &Capability {
        &self.capability
    }

    fn blocking(&self) -> bool {
        self.with(|b| b.blocking())
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        self.with(Backend::observe)
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        self.with(|b| b.execute(op))
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        self.with(|b| b.sampler())
    }
}

/// A backend with the framework of rssmgr-core around it.
pub struct Framework<B: Backend> {
    backend: Arc<Mutex<B>>,
    capability: Capability,
    log: Rc<RefCell<Log>>,
    adapter: Adapter<Recorder<Ops<Watched<B>>>>,
}

impl<B: Backend> Framework<B> {
    /// The framework around a backend of which a variant is left.
    pub fn new(backend: B, variant: Variant) -> Self {
        let mut capability = backend.capability().clone();
        match variant {
            Variant::Full => {}
            Variant::WholeTable => capability.independent_entry_move = false,
            Variant::FixedAffinity => capability.vports.dynamic_affinity = false,
            Variant::Restricted => capability.vports.table_size_restricted = true,
            Variant::NoTable => capability.table_entries = 0,
        }
        let backend = Arc::new(Mutex::new(backend));
        let log = Rc::new(RefCell::new(Log::default()));
        let watched = Watched { inner: Arc::clone(&backend), capability: capability.clone() };
        let adapter = Adapter::new(Recorder::new(Ops::new(watched), Rc::clone(&log)));
        Self { backend, capability, log, adapter }
    }
}

impl<B: Backend> Subject for Framework<B> {
    fn handle(&mut self, event: Event) -> Result<(), LifeError> {
        self.adapter.handle(event)
    }

    fn phase(&self) -> Phase {
        self.adapter.phase()
    }

    fn capability(&self) -> Capability {
        self.capability.clone()
    }

    fn parameters(&mut self, key: VPortKey, request: &Parameters) -> Result<(), Status> {
        self.adapter.request(|a| a.set_parameters(key, request))?
    }

    fn v1(&mut self, key: VPortKey, request: &ParametersV1) -> Result<(), Status> {
        self.adapter.request(|a| a.set_v1(key, request))?
    }

    fn moves(&mut self, request: &MoveRequest) -> Result<MoveResults, Status> {
        self.adapter.request(|a| a.move_entries(request))?
    }

    fn affinity(&mut self, key: VPortKey, cpu: CpuId) -> Result<(), Status> {
        self.adapter.request(|a| a.set_affinity(key, cpu))?
    }

    fn rss_set(&mut self, set: CpuSet) -> Result<(), Status> {
        self.adapter.request(|a| a.set_rss_set(set))?
    }

    fn hash_only(&mut self, on: bool) -> Result<(), Status> {
        self.adapter.request(|a| a.set_hash_only(on))?
    }

    fn create(&mut self, key: VPortKey, affinity: CpuId, queues: u16) -> Result<(), Status> {
        self.adapter.request(|a| a.create_vport(key, affinity, queues))?
    }

    fn activate(&mut self, key: VPortKey) -> Result<(), Status> {
        self.adapter.request(|a| a.activate_vport(key))?
    }

    fn filters(&mut self, key: VPortKey, filters: &[Filter]) -> Result<(), Status> {
        self.adapter.request(|a| a.set_filters(key, filters))?
    }

    fn delete(&mut self, key: VPortKey) -> Result<(), Status> {
        self.adapter.request(|a| a.delete_vport(key))?
    }

    fn device(&mut self) -> Result<Device, String> {
        let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
        backend.observe().map_err(|e| e.to_string())
    }

    fn calls(&mut self) -> Vec<(VPortId, Call)> {
        std::mem::take(&mut self.log.borrow_mut().calls)
    }

    fn fail(&mut self, failure: Failure) {
        self.log.borrow_mut().failures.push_back(failure);
    }
}
