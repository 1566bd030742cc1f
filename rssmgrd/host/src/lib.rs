#![forbid(unsafe_code)]
//! Reads a Linux host into rssmgr-core's plain snapshots.
//!
//! Everything about the machine takes its root: `/` for the running one, or a folder that holds the recorded `sys/`
//! (and `proc/`) of another one. Nothing outside that folder is ever read, whatever its links say. [`capture`] reads
//! packets from capture files, [`irqbalance`] talks to a daemon.

mod below;
pub mod capture;
mod connection;
mod error;
mod interrupt;
pub mod irqbalance;
mod key;
mod load;
mod nic;
mod process;
pub mod rival;
mod root;
mod route;
pub mod settings;
mod team;
mod topology;
mod tunnel;

pub use connection::{Connection, connections, holders, sockets};
pub use error::HostError;
pub use interrupt::{Counts, Interrupt, interrupt, interrupt_counts};
pub use key::{boot_id, boot_key};
pub use load::{CpuTime, Softnet, cpu_times, receive_limits, softnet};
pub use nic::{NicFacts, msi_irqs, nic, nics, receive_steering};
pub use process::{Process, processes};
pub use route::{Router, default_routes, gateways};
pub use team::{takes_part, team};
pub use topology::{raw_topology, topology};
pub use tunnel::tunnels;
