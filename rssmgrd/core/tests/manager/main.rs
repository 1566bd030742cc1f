//! The manager machine against a modelled world: random requests, a crash after every effect, and faults.
//!
//! `RSSMGR_SEQUENCES` sets the number of random sequences, `RSSMGR_SEED` the first seed.

mod cases;
mod closed;
mod crash;
mod drift;
mod faults;
mod generate;
mod model;
mod power;
mod rng;
mod rules;
mod sequences;
mod sim;
mod world;
