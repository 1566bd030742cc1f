//! Bytes for tests, written without the code under test.

use crate::genl::{Family, Operation};

#[cfg(not(target_endian = "little"))]
compile_error!("the expected bytes in the tests are those of little-endian hosts");

/// A message.
pub(crate) fn message(kind: u16, flags: u16, sequence: u32, port: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(16 + payload.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(flags.to_le_bytes());
    bytes.extend(sequence.to_le_bytes());
    bytes.extend(port.to_le_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An attribute, padded.
pub(crate) fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(4 + payload.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An attribute of a number.
pub(crate) fn number(kind: u16, value: u32) -> Vec<u8> {
    attribute(kind, &value.to_le_bytes())
}

/// An attribute of attributes, as the kernel writes them: some with the flag, some without.
pub(crate) fn nest(kind: u16, inner: &[Vec<u8>]) -> Vec<u8> {
    attribute(kind | 0x8000, &inner.concat())
}

/// A generic netlink payload.
pub(crate) fn generic(command: u8, attributes: &[Vec<u8>]) -> Vec<u8> {
    [vec![command, 1, 0, 0], attributes.concat()].concat()
}

/// A family of type 0x15 that has every operation.
pub(crate) fn family(name: &str) -> Family {
    let all = Operation { does: true, dumps: true, privileged: false };
    Family {
        id: 0x15,
        name: name.to_owned(),
        operations: (0..=255).map(|command| (command, all)).collect(),
        ..Family::default()
    }
}
