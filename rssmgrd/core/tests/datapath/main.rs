//! Hashing, parsing and steering against independent oracles: Microsoft's vectors, a bit-by-bit Toeplitz, and the
//! parser crate `etherparse`.

mod toeplitz;
mod vectors;
