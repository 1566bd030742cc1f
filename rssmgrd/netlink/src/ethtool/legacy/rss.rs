//! Table, key and function by the ioctl (`struct ethtool_rxfh`).
//!
//! Two traps:
//! - A size of 0 means different things: in context 0 the default table, in another context its end.
//! - The byte behind the hash function. Up to Linux 6.7 it is reserved and must be 0. Since 6.8 it is the input
//!   transformation, where 0 switches symmetric hashing off and 0xff is to leave it alone; but some kernels (6.8, 6.9)
//!   take 0xff for a request that most drivers refuse, and ice and iavf see their symmetric bit in it. So the value
//!   that is in force is sent, where there is one to send.

use super::super::{Device, HashFunctions, HashKey, InputTransform, Rss, RssChange, Table};
use super::{Command, Ioctl, block, not_possible, subject};
use crate::Error;
use rustix::io::Errno;

pub(super) const GRSSH: Command = Command { number: 0x46, name: "ETHTOOL_GRSSH" };
pub(super) const SRSSH: Command = Command { number: 0x47, name: "ETHTOOL_SRSSH" };

const CONTEXT: usize = 4;
pub(super) const TABLE_SIZE: usize = 8;
pub(super) const KEY_SIZE: usize = 12;
const FUNCTION: usize = 16;
const TRANSFORM: usize = 17;
/// The table in 4-byte numbers, then the key.
pub(super) const CONFIG: usize = 24;

/// As a table size: the table stays.
const NO_TABLE: u32 = u32::MAX;
/// As a context: a new one.
const NEW_CONTEXT: u32 = u32::MAX;
/// As a transformation: it stays.
const NO_TRANSFORM: u8 = 0xff;

/// What the byte behind the hash function is to the running kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TransformByte {
    /// Reserved: must be 0 (up to Linux 6.7).
    Reserved,
    /// The input transformation (since Linux 6.8).
    Used,
}

/// The device's sizes, and what needs no room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sizes {
    pub(super) table: u32,
    pub(super) key: u32,
}

/// What goes to the kernel beyond context and sizes.
#[derive(Debug)]
pub(super) struct Set<'a> {
    pub(super) context: u32,
    pub(super) table: Option<&'a [u32]>,
    pub(super) reset: bool,
    pub(super) key: &'a [u8],
    pub(super) function: u8,
    pub(super) transform: u8,
}

impl Set<'_> {
    pub(super) fn length(&self) -> usize {
        CONFIG + self.table.unwrap_or_default().len() * 4 + self.key.len()
    }

    pub(super) fn write(&self, bytes: &mut [u8]) {
        let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        block::put_u32(bytes, CONTEXT, self.context);
        let table = self.table.unwrap_or_default();
        let table_size = match self.table {
            Some(table) => size(table.len()),
            None if self.reset => 0,
            None => NO_TABLE,
        };
        block::put_u32(bytes, TABLE_SIZE, table_size);
        block::put_u32(bytes, KEY_SIZE, size(self.key.len()));
        bytes[FUNCTION] = self.function;
        bytes[TRANSFORM] = self.transform;
        for (index, entry) in table.iter().enumerate() {
            block::put_u32(bytes, CONFIG + index * 4, *entry);
        }
        let key = CONFIG + table.len() * 4;
        bytes[key..key + self.key.len()].copy_from_slice(self.key);
    }
}

pub(super) fn get(ioctl: &mut Ioctl, name: &str, context: u32) -> Result<Rss, Error> {
    let sizes = sizes(ioctl, name, context, 0)?;
    let bytes_of = |size: u32| usize::try_from(size).unwrap_or(usize::MAX);
    let (table, key) = (bytes_of(sizes.table).saturating_mul(4), bytes_of(sizes.key));
    let length = table.saturating_add(key).saturating_add(CONFIG);
    let answer = ioctl.call(GRSSH, name, length, |bytes| {
        block::put_u32(bytes, CONTEXT, context);
        block::put_u32(bytes, TABLE_SIZE, sizes.table);
        block::put_u32(bytes, KEY_SIZE, sizes.key);
    })?;
    Ok(read(answer.bytes(), name, context, table, key))
}

/// Reads an answer with `table` bytes of table and `key` bytes of key.
pub(super) fn read(bytes: &[u8], name: &str, context: u32, table: usize, key: usize) -> Rss {
    let (entries, _) = bytes[CONFIG..CONFIG + table].as_chunks();
    Rss {
        device: Device { index: 0, name: name.to_owned() },
        context,
        function: HashFunctions(bytes[FUNCTION].into()),
        table: entries.iter().map(|entry| u32::from_ne_bytes(*entry)).collect(),
        key: HashKey::from(&bytes[CONFIG + table..CONFIG + table + key]),
        transform: InputTransform(bytes[TRANSFORM].into()),
        fields: None,
    }
}

/// The device's sizes, asked with `transform` in the byte that may be reserved.
fn sizes(ioctl: &mut Ioctl, name: &str, context: u32, transform: u8) -> Result<Sizes, Error> {
    let answer = ioctl.call(GRSSH, name, CONFIG, |bytes| {
        block::put_u32(bytes, CONTEXT, context);
        bytes[TRANSFORM] = transform;
    })?;
    let size = |at| block::get_u32(answer.bytes(), at);
    Ok(Sizes { table: size(TABLE_SIZE), key: size(KEY_SIZE) })
}

/// What the running kernel takes the byte for, asked once, of a device that has RSS: a question with the byte set is
/// refused where it is reserved, and changes nothing anywhere.
pub(super) fn transform_byte(ioctl: &mut Ioctl, name: &str) -> Result<TransformByte, Error> {
    if let Some(known) = ioctl.transform_byte {
        return Ok(known);
    }
    // A device without RSS would refuse for other reasons.
    sizes(ioctl, name, 0, 0)?;
    let found = match sizes(ioctl, name, 0, NO_TRANSFORM) {
        Ok(_) => TransformByte::Used,
        Err(error) if error.errno() == Some(Errno::INVAL) => TransformByte::Reserved,
        Err(error) => return Err(error),
    };
    ioctl.transform_byte = Some(found);
    Ok(found)
}

/// The byte to send so that what was not asked for stays.
pub(super) fn choose_transform(
    byte: TransformByte,
    asked: Option<u8>,
    in_force: u8,
    context: u32,
) -> Option<u8> {
    match (byte, asked) {
        (TransformByte::Reserved, None | Some(0)) => Some(0),
        (TransformByte::Reserved, Some(_)) => None,
        (TransformByte::Used, Some(asked)) => Some(asked),
        // In an extra context a value other than 0 is a request that drivers with one global mode refuse.
        (TransformByte::Used, None) if context != 0 && in_force != 0 => Some(NO_TRANSFORM),
        (TransformByte::Used, None) => Some(in_force),
    }
}

/// Checks `change` against the device's state `now` and makes the message of it.
pub(super) fn prepare<'a>(
    name: &str,
    context: u32,
    change: &'a RssChange,
    now: &Rss,
    byte: TransformByte,
) -> Result<Set<'a>, Error> {
    let narrow = |value: u32, reason| u8::try_from(value).map_err(|_| not_possible(SRSSH, name, reason));
    let wrong_size = |what, unit, got, allowed| Error::Size {
        operation: SRSSH.name,
        subject: subject(name),
        what,
        unit,
        got,
        allowed,
    };
    let (table, reset) = match &change.table {
        None => (None, false),
        Some(Table::Default) if context != 0 => {
            let reason = "an extra context has no default table: give its entries, or delete it";
            return Err(not_possible(SRSSH, name, reason));
        }
        Some(Table::Default) => (None, true),
        // No entries at all would reset the table or delete the context.
        Some(Table::Entries(entries)) if entries.is_empty() || entries.len() != now.table.len() => {
            return Err(wrong_size("the table", "entries", entries.len(), now.table.len()));
        }
        Some(Table::Entries(entries)) => (Some(entries.as_slice()), false),
    };
    let key = change.key.as_ref().map(HashKey::as_bytes).unwrap_or_default();
    if change.key.is_some() && (key.is_empty() || key.len() != now.key.len()) {
        return Err(wrong_size("the hash key", "bytes", key.len(), now.key.len()));
    }
    let function = change.function.map_or(0, |function| function.0);
    let function = narrow(function, "the ioctl has no room for this hash function; use netlink")?;
    let no_transform = "symmetric hashing is there since Linux 6.8: use a symmetric key before";
    let asked = change.transform.map(|asked| narrow(asked.0, no_transform)).transpose()?;
    let in_force = narrow(now.transform.0, no_transform)?;
    let transform = choose_transform(byte, asked, in_force, context)
        .ok_or_else(|| not_possible(SRSSH, name, no_transform))?;
    Ok(Set { context, table, reset, key, function, transform })
}

pub(super) fn set(ioctl: &mut Ioctl, name: &str, context: u32, change: &RssChange) -> Result<(), Error> {
    let beyond_fields = change.table.is_some()
        || change.key.is_some()
        || change.function.is_some()
        || change.transform.is_some();
    let prepared = if beyond_fields {
        let now = get(ioctl, name, context)?;
        let byte = transform_byte(ioctl, name)?;
        Some(prepare(name, context, change, &now, byte)?)
    } else {
        None
    };
    for (&flow, &fields) in &change.fields {
        ioctl.set_hash_fields(name, context, flow, fields)?;
    }
    if let Some(set) = prepared {
        ioctl.call(SRSSH, name, set.length(), |bytes| set.write(bytes))?;
    }
    Ok(())
}

pub(super) fn create(ioctl: &mut Ioctl, name: &str, change: &RssChange) -> Result<u32, Error> {
    if !change.fields.is_empty() {
        return Err(not_possible(SRSSH, name, "set the hash fields of a context after creating it"));
    }
    let now = get(ioctl, name, 0)?;
    let byte = transform_byte(ioctl, name)?;
    let set = prepare(name, NEW_CONTEXT, change, &now, byte)?;
    let answer = ioctl.call(SRSSH, name, set.length(), |bytes| set.write(bytes))?;
    Ok(block::get_u32(answer.bytes(), CONTEXT))
}

pub(super) fn delete(ioctl: &mut Ioctl, name: &str, context: u32) -> Result<(), Error> {
    if context == 0 {
        return Err(not_possible(SRSSH, name, "the default context cannot be deleted"));
    }
    // Neither key nor transformation matter to what is going away, and 0 is understood by every kernel.
    let set = Set { context, table: None, reset: true, key: &[], function: 0, transform: 0 };
    ioctl.call(SRSSH, name, set.length(), |bytes| set.write(bytes))?;
    Ok(())
}
