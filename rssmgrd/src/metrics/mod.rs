//! Metrics for Prometheus, collected when they are asked for from what is published and from the adapters' counters.

pub mod catalogue;
pub mod collect;
mod http;

pub use http::{MetricsError, Server};
