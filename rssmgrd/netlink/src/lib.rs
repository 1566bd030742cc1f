//! The kernel's network interfaces for whoever manages receive side scaling.
//!
//! - [`ethtool`]: RSS, channels, features and link modes by netlink, their notifications, and the ioctl for what older
//!   kernels do not have there.
//! - [`netdev`]: which NAPI instance and interrupt serve a queue, and counters of each queue.
//! - [`rtnetlink`]: interfaces, and notifications when one comes, changes or goes.
//! - [`incoming`]: where the packets of a socket come in.
//! - [`sock_diag`]: the `AF_XDP` sockets of an interface.
//! - [`packet_socket`]: the frames of one interface as they are on the wire.
//! - [`genl`] and [`wire`]: what the first three are made of.
//!
//! The crate stands alone: its types are its own (plain numbers, byte slices, interface names), it knows nothing of
//! the rest of rssmgr and can be published and used by itself. It opens `AF_PACKET` and `AF_NETLINK` sockets only,
//! never an Internet socket, so that a service may run with those address families alone.
//!
//! Which operations the running kernel has is found by asking it. Refusals ([`Error::Refused`]) carry the kernel's
//! own explanation and the name of the attribute that it refuses.
//!
//! `unsafe` is confined to one private `sys` module in each room; everything else is safe code over it.

#![deny(unsafe_code)]

#[cfg(any(test, fuzzing))]
pub mod any_bytes;
pub mod ethtool;
pub mod genl;
pub mod incoming;
pub mod netdev;
pub mod packet_socket;
pub mod rtnetlink;
pub mod sock_diag;
pub mod wire;

mod error;
mod interface;
mod socket;
#[cfg(test)]
mod testing;

pub use error::Error;
pub use interface::Interface;
pub use rustix::io::Errno;
