//! Capture files: both formats in all their variants, cut, damaged and hostile; and the hash of their packets.

mod damage;
mod files;
mod formats;
mod hash;
