//! A fault injector: wraps any maker of adapters, and lets the operations that a test chose fail.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rssmgr_core::backend::{Backend, Sampler, Surveyor};
use rssmgr_core::capability::Capability;
use rssmgr_core::device::{BackendError, Device, Op, Outcome};
use rssmgr_core::manager::{PowerChange, Unusable};

use super::{Factory, Made, Nic, Source};

/// What shall fail. Operations are counted from 0 over all adapters of the factory, from the last
/// [`Faults::fail`] on.
#[derive(Debug, Default)]
pub struct Faults {
    done: AtomicU64,
    failing: Mutex<Vec<u64>>,
}

impl Faults {
    /// From now on, the operations with these numbers fail, and change nothing.
    pub fn fail(&self, operations: &[u64]) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        *failing = operations.to_vec();
        self.done.store(0, Ordering::Relaxed);
    }

    fn next_fails(&self) -> bool {
        let n = self.done.fetch_add(1, Ordering::Relaxed);
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).contains(&n)
    }
}

/// A factory whose adapters fail where [`Faults`] says so.
pub struct FaultyFactory<F> {
    inner: F,
    faults: Arc<Faults>,
}

impl<F> FaultyFactory<F> {
    /// Wraps a factory.
    pub const fn new(inner: F, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }

    fn wrap(&self, made: Made) -> Made {
        let nic = Box::new(Faulty { inner: made.nic, faults: Arc::clone(&self.faults) });
        Made { nic, created: made.created }
    }
}

impl<F: Factory> Factory for FaultyFactory<F> {
    fn make(&self, name: &str, options: &BTreeMap<String, String>) -> Result<Made, Unusable> {
        Ok(self.wrap(self.inner.make(name, options)?))
    }

    fn restore(&self, name: &str, options: &BTreeMap<String, String>) -> Result<Made, Unusable> {
        Ok(self.wrap(self.inner.restore(name, options)?))
    }
}

struct Faulty {
    inner: Box<dyn Nic>,
    faults: Arc<Faults>,
}

impl Backend for Faulty {
    fn capability(&self) -> &Capability {
        self.inner.capability()
    }

    fn blocking(&self) -> bool {
        self.inner.blocking()
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        self.inner.observe()
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        if self.faults.next_fails() {
            return Err(BackendError::system("injected fault", "EIO"));
        }
        self.inner.execute(op)
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        self.inner.sampler()
    }

    fn surveyor(&self) -> Option<Arc<dyn Surveyor>> {
        self.inner.surveyor()
    }
}

impl Nic for Faulty {
    fn set_source(&mut self, text: &str) -> Result<String, Unusable> {
        self.inner.set_source(text)
    }

    fn source(&self) -> Option<Source> {
        self.inner.source()
    }

    fn power(&mut self, change: PowerChange) -> Result<bool, BackendError> {
        self.inner.power(change)
    }
}
