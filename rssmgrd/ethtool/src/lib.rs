#![forbid(unsafe_code)]
//! A network interface of the running kernel as a [`Backend`](rssmgr_core::backend::Backend).
//!
//! - [`discover`]: which interfaces there are, what they are and can do; what is left out, and why.
//! - [`LinuxNic`]: one of them, to be read, changed and measured. What a driver does by itself on the way is not its
//!   business: the planner knows the drivers ([`rssmgr_core::driver`]), this crate does what it is told, whole or not at
//!   all, and reads back what there is.
//!
//! Queues and interrupts belong together where the kernel says so (`netdev` netlink), else where the driver's names
//! for its interrupts say so (one table, in `names`). Where neither is certain, no interrupt is touched.

mod capability;
mod capture;
pub mod contexts;
mod discover;
mod explain;
mod fields;
mod files;
mod interrupts;
mod kernel;
mod names;
mod nic;
mod proc;
mod sample;
mod steering;
mod survey;
mod symmetric;

pub use capture::{Capture, capture};
pub use discover::{Discovered, Found, Hidden, discover, discover_one, hidden};
pub use fields::Fields;
pub use interrupts::{Interrupts, Vectors, by_name};
pub use kernel::Kernel;
pub use nic::{ALL_BACK, LinuxNic};
pub use sample::{LinuxSampler, Sampling};
pub use survey::LinuxSurveyor;
