//! Linux network sockets for whoever manages receive side scaling.
//!
//! [`packet_socket`] reads the frames of one interface as they are on the wire. Ethtool and netdev netlink have
//! their rooms here as they come.
//!
//! The crate stands alone: its types are its own (plain numbers, byte slices, interface names), it knows nothing of
//! the rest of rssmgr and can be published and used by itself. It opens `AF_PACKET` and `AF_NETLINK` sockets only,
//! never an Internet socket, so that a service may run with those address families alone.
//!
//! `unsafe` is confined to one private `sys` module in each room; everything else is safe code over it.

#![deny(unsafe_code)]

pub mod packet_socket;
