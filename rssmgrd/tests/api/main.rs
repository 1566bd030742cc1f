//! The API as a client sees it, over a private socket, with modelled adapters.

#[path = "../common/daemon.rs"]
mod daemon;
#[path = "../common/model.rs"]
mod model;

mod clients;
mod faults;
mod introspection;
mod lost;
mod methods;
mod metrics;
mod preflight;
mod refusals;
mod signals;
mod vports;
