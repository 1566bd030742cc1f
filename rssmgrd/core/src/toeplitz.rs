//! The Toeplitz hash: for every set bit of the input, xor the 32 key bits that start at the same position.
//!
//! The hash is linear over xor, so the contribution of each input byte can be looked up: one table of 256 words for
//! each byte position, 36 KiB for the longest RSS input (two IPv6 addresses and two ports).

use crate::hash::HashKey;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

/// Bytes of the longest RSS input: two IPv6 addresses and two ports.
pub const MAX_INPUT: usize = 36;

/// What each value of one input byte adds to the hash.
type ByteTable = [u32; 256];

/// A hash key, expanded for fast hashing. Immutable: share it behind an `Arc`.
///
/// The key counts as followed by zero bits without end. So every input has a hash: bytes up to `key length - 4` use
/// key bits alone (40 bytes of key for the 36 of an IPv6 4-tuple), later ones ever fewer of them, and bytes beyond
/// the key add nothing.
#[derive(Clone)]
pub struct Toeplitz {
    /// One table for each byte of the key, and at least [`MAX_INPUT`].
    tables: Box<[ByteTable]>,
}

impl Toeplitz {
    /// Expands a key; about 1 KiB for each byte of it.
    #[must_use]
    pub fn new(key: &HashKey) -> Self {
        let key = key.bytes();
        let byte = |i: usize| key.get(i).copied().unwrap_or(0);
        let table = |at: usize| {
            // The 39 key bits that this byte position can select: 32 for its first bit, one more for each later bit.
            let window = (0..5).fold(0_u64, |w, i| w << 8 | u64::from(byte(at + i)));
            let mut table = [0; 256];
            for bit in 0..8 {
                let key_bits = low_word(window >> (bit + 1));
                let (known, fresh) = table.split_at_mut(1 << bit);
                for (with_bit, without) in fresh.iter_mut().zip(known) {
                    *with_bit = *without ^ key_bits;
                }
            }
            table
        };
        Self { tables: (0..key.len().max(MAX_INPUT)).map(table).collect::<Vec<_>>().into_boxed_slice() }
    }

    /// The hash of `input`, in network byte order as RSS concatenates it.
    #[must_use]
    #[inline]
    pub fn hash(&self, input: &[u8]) -> u32 {
        // A length that the compiler knows unrolls into straight-line loads.
        match input.len() {
            8 => self.hash_array::<8>(input),
            12 => self.hash_array::<12>(input),
            32 => self.hash_array::<32>(input),
            36 => self.hash_array::<36>(input),
            _ => self.hash_any(input),
        }
    }

    #[inline]
    fn hash_array<const N: usize>(&self, input: &[u8]) -> u32 {
        match (self.tables.first_chunk::<N>(), input.first_chunk::<N>()) {
            (Some(tables), Some(input)) => {
                let mut hash = 0;
                for i in 0..N {
                    hash ^= tables[i][usize::from(input[i])];
                }
                hash
            }
            _ => self.hash_any(input),
        }
    }

    fn hash_any(&self, input: &[u8]) -> u32 {
        self.tables.iter().zip(input).fold(0, |hash, (table, byte)| hash ^ table[usize::from(*byte)])
    }
}

impl fmt::Debug for Toeplitz {
    /// Says nothing about the key, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Toeplitz").finish_non_exhaustive()
    }
}

fn low_word(x: u64) -> u32 {
    let [_, _, _, _, a, b, c, d] = x.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
