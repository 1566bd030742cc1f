//! The software NIC with its threads running.

mod conservation;
mod support;
