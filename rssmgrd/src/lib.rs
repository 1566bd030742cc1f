#![forbid(unsafe_code)]
//! The daemon: the imperative shell around `rssmgr_core::manager`.
//!
//! [`app`] wires everything. [`owner`] holds the manager and executes its effects; readers see what it publishes and
//! never ask it. The rooms: [`args`], [`app`], [`owner`], [`backend`], [`dbus`], [`metrics`], [`events`],
//! [`irqbalance`], [`kernel`], [`store`], [`service`], [`switches`], [`clock`], [`alarm`], [`verify`].

pub mod alarm;
pub mod app;
pub mod args;
pub mod backend;
pub mod clock;
pub mod dbus;
pub mod events;
pub mod irqbalance;
pub mod kernel;
pub mod metrics;
pub mod owner;
pub mod service;
pub mod sockets;
pub mod store;
pub mod switches;
pub mod verify;
