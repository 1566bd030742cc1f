//! Any bytes as what has no decoder of its own outside of the room.

use super::{address, neighbour};
use crate::wire::Malformed;

pub(crate) fn address(bytes: &[u8]) -> Result<(), Malformed> {
    address::decode(bytes).map(drop)
}

pub(crate) fn neighbour(bytes: &[u8]) -> Result<(), Malformed> {
    neighbour::decode(bytes).map(|state| assert_eq!(state.is_known(), state.0 & 0xde != 0))
}
