//! RSS settings of a device: table, key, function, hash fields.

use super::header::{self, Device, HEADER};
use super::{FlowType, HashFields, HashFunctions, HashKey, InputTransform, flow};
use crate::genl::{self, Family, Op};
use crate::wire::{Attributes, Kind, Malformed, Names, Request};
use crate::{Error, Interface};
use std::collections::BTreeMap;

pub(super) const GET: Op = Op {
    command: 38,
    name: "rss-get",
    since: "it is there since Linux 6.2, and lists contexts since 6.12; before, use the ioctl",
};
pub(super) const SET: Op =
    Op { command: 48, name: "rss-set", since: "it is there since Linux 6.17; before, use the ioctl" };
pub(super) const CREATE: Op = Op { command: 49, name: "rss-create-act", since: SET.since };
pub(super) const DELETE: Op = Op { command: 50, name: "rss-delete-act", since: SET.since };

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

static NAMES: Names = Names(&[
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

pub(super) fn get(family: &Family, interface: Interface<'_>, context: u32) -> Result<Request, Error> {
    let mut request = header::about(family.request(GET, Kind::Get, &NAMES)?, interface, 0);
    write_context(&mut request, context);
    Ok(request)
}

pub(super) fn list(family: &Family, interface: Option<Interface<'_>>) -> Result<Request, Error> {
    let request = family.request(GET, Kind::Dump, &NAMES)?;
    Ok(match interface {
        Some(interface) => header::about(request, interface, 0),
        None => request,
    })
}

pub(super) fn set(
    family: &Family,
    interface: Interface<'_>,
    context: u32,
    change: &RssChange,
) -> Result<Request, Error> {
    check(SET, interface, change)?;
    let mut request = header::about(family.request(SET, Kind::Do, &NAMES)?, interface, 0);
    write_context(&mut request, context);
    write_change(&mut request, change);
    Ok(request)
}

pub(super) fn create(
    family: &Family,
    interface: Interface<'_>,
    wanted: Option<u32>,
    change: &RssChange,
) -> Result<Request, Error> {
    check(CREATE, interface, change)?;
    let mut request = header::about(family.request(CREATE, Kind::Do, &NAMES)?, interface, 0);
    write_context(&mut request, wanted.unwrap_or_default());
    write_change(&mut request, change);
    Ok(request)
}

pub(super) fn delete(family: &Family, interface: Interface<'_>, context: u32) -> Result<Request, Error> {
    let mut request = header::about(family.request(DELETE, Kind::Do, &NAMES)?, interface, 0);
    write_context(&mut request, context);
    Ok(request)
}

/// Nothing may be sent that means something else to the kernel.
fn check(op: Op, interface: Interface<'_>, change: &RssChange) -> Result<(), Error> {
    match &change.table {
        Some(Table::Entries(entries)) if entries.is_empty() => Err(Error::NotPossible {
            operation: op.name,
            subject: interface.to_string(),
            reason: "a table without entries would reset it: give entries, or ask for the default table",
        }),
        _ => Ok(()),
    }
}

/// The default context is not written.
fn write_context(request: &mut Request, context: u32) {
    if context != 0 {
        request.u32(attribute::CONTEXT, context);
    }
}

fn write_change(request: &mut Request, change: &RssChange) {
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
