//! The software NIC with its threads running.

mod capture;
mod concurrency;
mod conservation;
mod frames;
mod interface;
mod model;
mod oracle;
mod pinning;
mod power;
mod send_side;
mod shutdown;
mod spec;
mod support;
mod vmq_inside;
mod vports;
mod watch;
