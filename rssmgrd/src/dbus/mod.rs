//! The daemon's objects on D-Bus: on a private socket always, on a bus when told.
//!
//! Handlers take `&self`: what they read is published, what they change they ask of the owner. Each connection has its
//! own objects and one task ([`publish`]) that tells it what is new, so that a client that stops reading holds up
//! nobody but itself.

pub mod adapter;
pub mod auth;
pub mod clients;
mod gate;
mod input;
pub mod lazy;
pub mod manager;
pub mod objects;
pub mod publish;
pub mod server;
mod vports;
pub mod wmi;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use rssmgr_core::manager::{Caller, Reply};
use rssmgr_proto::{ApiError, convert, text};

use crate::events::Events;
use crate::owner::Handle;

/// Reads the configuration again and has it applied.
pub type Reload =
    Arc<dyn Fn(Caller) -> Pin<Box<dyn Future<Output = Result<(), ApiError>> + Send>> + Send + Sync>;

/// Everything that the objects serve.
#[derive(Clone)]
pub struct Context {
    /// The owner.
    pub handle: Handle,
    /// Events.
    pub events: Arc<Events>,
    /// How often each method was called.
    pub calls: Arc<Calls>,
    /// The user who may change things, besides root.
    pub owner_uid: u32,
    /// Where metrics are served, or empty.
    pub metrics_address: String,
    /// The file that keeps what `rssctl` sets.
    pub saved_file: String,
    /// Whether the machine's network interfaces are looked at.
    pub kernel: bool,
    /// Reads the configuration again.
    pub reload: Reload,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("owner_uid", &self.owner_uid).finish_non_exhaustive()
    }
}

/// How often each method was called, by method and outcome (`ok` or the kind of error).
#[derive(Debug, Default)]
pub struct Calls(Mutex<BTreeMap<(&'static str, &'static str), u64>>);

impl Calls {
    fn count<T>(&self, method: &'static str, result: Result<T, ApiError>) -> Result<T, ApiError> {
        let outcome = result.as_ref().map_or_else(|e| e.kind.name(), |_| "ok");
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((method, outcome)).or_default() += 1;
        result
    }

    /// The counts.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The generation of an answer; the failures of single adapters become one.
///
/// # Errors
/// Names each adapter that failed; the kind is that of the worst.
pub fn all_well(reply: Reply) -> Result<u64, ApiError> {
    match reply {
        Reply::Done { generation } | Reply::Moved { generation, .. } => Ok(generation.0),
        Reply::Adapters { generation, results, .. } => {
            let failed: Vec<(String, ApiError)> = results
                .iter()
                .filter_map(|r| Some((r.name.clone(), convert::error(r.error.as_ref()?))))
                .collect();
            let Some((_, worst)) = failed.iter().max_by_key(|(_, e)| e.kind.severity()) else {
                return Ok(generation.0);
            };
            let all: Vec<String> = failed.iter().map(|(name, e)| text::about(name, &e.message)).collect();
            Err(ApiError::new(worst.kind, all.join("; ")))
        }
    }
}
