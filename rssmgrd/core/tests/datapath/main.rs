//! Hashing, parsing and steering against independent oracles: Microsoft's vectors, a bit-by-bit Toeplitz, packets
//! whose headers are known because the test built them, and the parser crate `etherparse`.

mod against_etherparse;
mod build;
mod encap;
mod frames;
mod send_side;
mod steering;
mod toeplitz;
mod vectors;
