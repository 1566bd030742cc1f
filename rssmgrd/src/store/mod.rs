//! What is on disk: the administrator's configuration (read), and the saved settings and events (written).
//!
//! Everything is written by one thread, in order ([`disk`]), because an fsync may take long and must not hold up the
//! runtime.

pub mod atomic;
pub mod config;
pub mod disk;
pub mod saved;
