//! RSS settings of a device: table, key, function, hash fields.

use super::header::{self, Device, HEADER};
use super::{FlowType, HashFields, HashFunctions, HashKey, InputTransform, flow};
use crate::genl;
use crate::wire::{Attributes, Malformed, Names, Request};
use std::collections::BTreeMap;

/// `ETHTOOL_A_RSS_*`.
mod attribute {
    pub(super) const CONTEXT: u16 = 2;
    pub(super) const HFUNC: u16 = 3;
    pub(super) const INDIR: u16 = 4;
    pub(super) const HKEY: u16 = 5;
    pub(super) const INPUT_XFRM: u16 = 6;
    pub(super) const START_CONTEXT: u16 = 7;
    pub(super) const FLOW_HASH: u16 = 8;
}

pub(super) static NAMES: Names = Names(&[
    (HEADER, "header", Some(&header::NAMES)),
    (attribute::CONTEXT, "context", None),
    (attribute::HFUNC, "hfunc", None),
    (attribute::INDIR, "indir", None),
    (attribute::HKEY, "hkey", None),
    (attribute::INPUT_XFRM, "input-xfrm", None),
    (attribute::START_CONTEXT, "start-context", None),
    (attribute::FLOW_HASH, "flow-hash", Some(&flow::NAMES)),
]);

/// RSS settings as the kernel reports them. That the device does what they say is another question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rss {
    /// The device; by the ioctl its name only.
    pub device: Device,
    /// The context, 0 being the default one.
    pub context: u32,
    /// The hash function in use.
    pub function: HashFunctions,
    /// The queue of each entry of the indirection table; empty where the driver has no table.
    pub table: Vec<u32>,
    /// The hash key; empty where the driver does not show it.
    pub key: HashKey,
    /// What is done to the input before it is hashed.
    pub transform: InputTransform,
    /// The hash fields of each flow type that the driver tells about; `None` where the kernel does not report them
    /// here (before Linux 6.17): ask [`super::legacy::Ioctl::hash_fields`].
    pub fields: Option<BTreeMap<FlowType, HashFields>>,
}

/// What is to be done to the indirection table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Table {
    /// Back to the driver's default, no longer counted as set by the user. Deletes nothing; extra contexts have no
    /// default.
    Default,
    /// The queue of each entry. By netlink a table whose length divides the device's is repeated by the kernel; the
    /// ioctl takes the device's length only.
    Entries(Vec<u32>),
}

/// A change of RSS settings; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RssChange {
    /// The indirection table.
    pub table: Option<Table>,
    /// The hash key, as long as the device's.
    pub key: Option<HashKey>,
    /// The hash function, one bit.
    pub function: Option<HashFunctions>,
    /// The input transformation; [`InputTransform::NONE`] switches symmetric hashing off.
    pub transform: Option<InputTransform>,
    /// Hash fields of flow types.
    pub fields: BTreeMap<FlowType, HashFields>,
}

impl Rss {
    /// Reads an answer or a notification: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        read(genl::split("RSS settings", payload)?.1)
    }
}

/// The default context is not written.
pub(super) fn write_context(request: &mut Request, context: u32) {
    if context != 0 {
        request.u32(attribute::CONTEXT, context);
    }
}

pub(super) fn write_change(request: &mut Request, change: &RssChange) {
    if let Some(function) = change.function {
        request.u32(attribute::HFUNC, function.0);
    }
    match &change.table {
        Some(Table::Default) => request.u32s(attribute::INDIR, &[]),
        Some(Table::Entries(entries)) => request.u32s(attribute::INDIR, entries),
        None => {}
    }
    if let Some(key) = &change.key {
        request.bytes(attribute::HKEY, key.as_bytes());
    }
    if let Some(transform) = change.transform {
        request.u32(attribute::INPUT_XFRM, transform.0);
    }
    if !change.fields.is_empty() {
        request.nest(attribute::FLOW_HASH, |flows| {
            for (flow, fields) in &change.fields {
                flows.uint(flow.0, fields.0);
            }
        });
    }
}

pub(super) fn read(attributes: Attributes<'_>) -> Result<Rss, Malformed> {
    let mut rss = Rss::default();
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            HEADER => rss.device = header::read(&attribute)?,
            attribute::CONTEXT => rss.context = attribute.u32()?,
            attribute::HFUNC => rss.function = HashFunctions(attribute.u32()?),
            attribute::INDIR => rss.table = attribute.u32s()?,
            attribute::HKEY => rss.key = HashKey::from(attribute.payload),
            attribute::INPUT_XFRM => rss.transform = InputTransform(attribute.u32()?),
            attribute::FLOW_HASH => {
                let fields = rss.fields.get_or_insert_default();
                for flow in attribute.nested("hash fields") {
                    let flow = flow?;
                    fields.insert(FlowType(flow.number), HashFields(flow.uint()?));
                }
            }
            _ => {}
        }
    }
    Ok(rss)
}
