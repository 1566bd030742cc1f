//! A software NIC: real receive queues, each with a worker thread, that obey an RSS indirection table.
//!
//! Packets come from a [`SourceSpec`], are parsed, hashed and steered as a NIC does it, wait in bounded rings and
//! are handled by the workers, which count per queue, table entry and CPU and check the order within each flow. So
//! what a change of the table, of the number of queues or of a queue's CPU costs is counted, not guessed; and
//! whether traffic obeys the table can be seen without hardware and without root.
//!
//! It may be in a machine that is not this one ([`TopologySpec`]): then it is [pretended](SoftNic::is_pretended),
//! and its counters name the CPUs that should have served the queues.
//!
//! The threads: one `port` a NIC (source, parser, hash, table), one `worker` for each queue that it can have. They
//! share counters and rings, and sleep on a `bell` when there is nothing to do. No packet is lost by a change, whatever
//! it is.
//!
//! The rooms: `spec` and `options` (text to values), `source/` (where packets come from), `nic/` (creation,
//! power, operations), `port`, `ports` (which VPort a packet is for), `ring`, `worker`, `order` (the order check), `counters`,
//! `vport_counters` and `shared` (what the threads share), `cpu` (pinning), `tap`, `frame`, `handover` and `bell` (from
//! those who operate it to the port), `sync`, `error`.

#![forbid(unsafe_code)]

mod bell;
mod counters;
mod cpu;
mod error;
mod frame;
mod handover;
mod nic;
mod options;
mod order;
mod port;
mod ports;
mod ring;
mod shared;
mod source;
mod spec;
mod sync;
mod tap;
mod vport_counters;
mod worker;

pub use error::{SoftnicError, SpecError};
pub use nic::SoftNic;
pub use source::{
    CaptureSpec, InterfaceSpec, Loss, Pace, Rate, Rounds, Sizes, SourceSpec, SourceState, SyntheticSpec,
};
pub use spec::{SoftnicSpec, TopologySpec};
pub use tap::{HandledPacket, Tap};
