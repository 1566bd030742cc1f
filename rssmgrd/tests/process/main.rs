//! The daemon as a process: what survives it, what it leaves, and what it says when it cannot start.

mod bus;
mod demo;
mod packaged;
mod process;
mod restart;
mod signals;
mod start;
