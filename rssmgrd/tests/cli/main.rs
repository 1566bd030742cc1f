//! The command line against the daemon: both programs as they are built, talking over the private socket.

mod commands;
mod doctor;
mod encapsulation;
mod events;
mod find;
mod hidden;
mod parity;
mod power;
mod run;
#[path = "../../../rssctl/tests/common/schema.rs"]
mod schema;
mod socket;
mod traffic;
mod transactions;
mod vports;
