//! The adapter contract: what every NIC, software or hardware, implements.

use crate::capability::Capability;
use crate::device::{BackendError, Device, Op, Outcome};
use crate::preflight::Surroundings;
use crate::stats::Sample;

/// An adapter that can be read, changed and measured.
///
/// The framework around it guarantees: [`Backend::capability`] is asked before anything else; operations come only
/// between creation and drop, one at a time, and none that it knows to find no queues; a table is never cleared by enable
/// or disable. What comes all the same while there are no queues is answered with [`BackendError::Down`].
pub trait Backend: Send {
    /// What the adapter can do. Does not change while the backend lives.
    fn capability(&self) -> &Capability;

    /// Whether calls may block on the kernel for long; such a backend is never called on the owner's thread.
    fn blocking(&self) -> bool;

    /// Reads the adapter's state.
    ///
    /// # Errors
    /// When the adapter is gone or the system refuses to be read.
    fn observe(&mut self) -> Result<Device, BackendError>;

    /// Executes one operation: whole or not at all.
    ///
    /// # Errors
    /// When the adapter refuses or the system fails; nothing has changed then.
    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError>;

    /// A handle that reads counters without disturbing the backend, from any thread.
    fn sampler(&self) -> alloc::sync::Arc<dyn Sampler>;

    /// A handle that looks at what stands around the adapter, from any thread; `None` where nothing can.
    fn surveyor(&self) -> Option<alloc::sync::Arc<dyn Surveyor>> {
        None
    }
}

/// Looks at what stands around an adapter before a change. May block; never called on the owner's thread.
pub trait Surveyor: Send + Sync {
    /// What is there now. What cannot be read counts as not there.
    fn survey(&self) -> Surroundings;
}

/// Reads an adapter's counters; cheap, never blocks.
pub trait Sampler: Send + Sync {
    /// The counters now.
    fn sample(&self) -> Sample;
}
