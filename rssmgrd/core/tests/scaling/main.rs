//! The RSSv2 scaling state: every rule by name, and random sequences against a model of the specification.
//!
//! `RSSMGR_SEQUENCES` sets the number of random sequences, `RSSMGR_SEED` the first seed.

mod model;
mod random;
#[path = "../manager/rng.rs"]
mod rng;
mod rules;
