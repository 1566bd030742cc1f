#![forbid(unsafe_code)]
//! Reads a Linux host into rssmgr-core's plain snapshots.
//!
//! Everything about the machine takes its root: `/` for the running one, or a folder that holds the recorded `sys/`
//! (and `proc/`) of another one. Nothing outside that folder is ever read, whatever its links say. [`capture`] reads
//! packets from capture files.

pub mod capture;
mod error;
mod key;
mod nic;
mod root;
mod topology;

pub use error::HostError;
pub use key::boot_key;
pub use nic::{NicFacts, nic, nics};
pub use topology::{raw_topology, topology};
