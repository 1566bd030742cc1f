//! VPorts of network interfaces on a kernel that is imitated: no driver that can be had in a virtual machine has contexts.

mod cases;
mod daemon;
mod nic;
mod random;
mod scripted;
