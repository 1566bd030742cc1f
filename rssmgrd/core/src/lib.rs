#![no_std]
#![forbid(unsafe_code)]
//! Everything in rssmgr that decides, as pure functions over plain data.
//!
//! No clock (time is an argument), no I/O, no log: `no_std` lets the compiler prove it. The daemon, the command
//! line's offline modes and the tests all call the same functions.

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod adapter;
pub mod backend;
pub mod capability;
pub mod cpuset;
pub mod defer;
pub mod device;
pub mod doctor;
pub mod drift;
pub mod driver;
pub mod event;
pub mod field;
pub mod hash;
pub mod ids;
pub mod irqbalance;
pub mod mac;
pub mod manager;
pub mod packet;
pub mod place;
pub mod plan;
pub mod preflight;
pub mod profile;
pub mod scaling;
pub mod settings;
pub mod stats;
pub mod steer;
pub mod toeplitz;
pub mod topology;
pub mod tunnel;
pub mod verify;
pub mod vport;

pub use ids::{
    AdapterId, CpuId, EntryIndex, FilterId, Generation, Moment, NodeId, Processor, QueueId, TxnId, VPortId,
};
