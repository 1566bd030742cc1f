//! Hash functions, hash keys and input transformations.

use std::fmt;

/// Hash functions as a bit map (`ETH_RSS_HASH_*`); a device uses one at a time. Zero where the driver does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HashFunctions(pub u32);

impl HashFunctions {
    /// Toeplitz.
    pub const TOEPLITZ: Self = Self(1);
    /// XOR of the input words.
    pub const XOR: Self = Self(2);
    /// CRC-32.
    pub const CRC32: Self = Self(4);
}

/// What is done to addresses and ports before they are hashed (`RXH_XFRM_*`), as a bit map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct InputTransform(pub u32);

impl InputTransform {
    /// Nothing: both directions of a connection hash differently.
    pub const NONE: Self = Self(0);
    /// Source XOR destination, twice: symmetric.
    pub const SYMMETRIC_XOR: Self = Self(1);
    /// Source OR destination, and source XOR destination: symmetric.
    pub const SYMMETRIC_OR_XOR: Self = Self(2);
}

/// A hash key. Whoever knows it can aim all flows at one queue: [`fmt::Debug`] shows its length only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HashKey(Vec<u8>);

impl HashKey {
    /// The bytes, most significant bit first, as the device takes them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes it has; 0 where the device shows none.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<u8>> for HashKey {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for HashKey {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashKey({} bytes)", self.0.len())
    }
}
