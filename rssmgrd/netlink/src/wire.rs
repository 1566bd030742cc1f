//! Netlink on the wire: message headers, attributes, and the kernel's answers to requests.
//!
//! Everything here is pure: bytes in, values out, and the other way round. Nothing panics and nothing loops on any
//! bytes. Numbers are in host byte order, as netlink has them.
//!
//! Layout (netlink(7), `include/uapi/linux/netlink.h`):
//!
//! ```text
//! message    length u32 | type u16 | flags u16 | sequence u32 | port u32 | payload, padded to 4
//! attribute  length u16 | type u16 (bit 15: nested, bit 14: big endian)  | payload, padded to 4
//! ```

#[cfg(any(test, fuzzing))]
pub(crate) mod any_bytes;
mod attributes;
mod exchange;
mod message;
mod names;
mod refusal;
mod request;

pub use attributes::{Attribute, Attributes};
pub(crate) use exchange::{Exchange, Failure};
pub use message::{Message, Messages};
pub(crate) use names::Names;
pub use refusal::{Policy, Refusal};
pub(crate) use request::{Kind, Request};

use std::fmt;

/// Bytes to which messages and attributes are padded.
const ALIGNMENT: usize = 4;

/// `length` rounded up to whole words; saturates, which no length of a real buffer reaches.
fn align(length: usize) -> usize {
    length.checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX)
}

/// The first bytes of `bytes` as an array.
fn head<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

/// A message that is not what the protocol says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed message from the kernel: {what}{attribute}: {problem}", attribute = Place(*attribute))]
pub struct Malformed {
    /// Which part of the message.
    pub what: &'static str,
    /// The number of the attribute concerned.
    pub attribute: Option<u16>,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Fewer bytes than the fixed part needs.
    #[error("{got} bytes, {want} are needed")]
    Short {
        /// Bytes there.
        got: usize,
        /// Bytes needed.
        want: usize,
    },
    /// A length field that its place cannot hold.
    #[error("its length field says {claimed}, of {available} bytes there")]
    Length {
        /// What the length field says.
        claimed: usize,
        /// Bytes there.
        available: usize,
    },
    /// A payload of the wrong size for its type.
    #[error("{got} bytes of payload, {want} wanted")]
    Size {
        /// Bytes of payload.
        got: usize,
        /// What the type has.
        want: usize,
    },
    /// A binary array whose length is no multiple of its elements.
    #[error("{got} bytes of payload, not a multiple of {element}")]
    Elements {
        /// Bytes of payload.
        got: usize,
        /// Bytes of an element.
        element: usize,
    },
    /// A part that the kernel always sends is not there.
    #[error("missing")]
    Missing,
    /// A value outside its range.
    #[error("the value {got} is out of range")]
    Value {
        /// The value.
        got: i64,
    },
}

struct Place(Option<u16>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |number| write!(f, ", attribute {number}"))
    }
}

#[cfg(test)]
mod tests;
