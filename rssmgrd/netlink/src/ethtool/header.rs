//! The header that all requests and answers of the family begin with: which device.

use crate::Interface;
use crate::wire::{Attribute, Malformed, Names, Request};

/// The header is attribute 1 of every message here.
pub(super) const HEADER: u16 = 1;

/// `ETHTOOL_A_HEADER_*`.
mod attribute {
    pub(super) const DEV_INDEX: u16 = 1;
    pub(super) const DEV_NAME: u16 = 2;
    pub(super) const FLAGS: u16 = 3;
}

/// Answer with bit sets as bit maps, not as lists of names.
pub(super) const COMPACT_BITSETS: u32 = 1;
/// Do not answer to a change beyond acknowledging it.
pub(super) const OMIT_REPLY: u32 = 2;

pub(super) static NAMES: Names = Names(&[
    (attribute::DEV_INDEX, "dev-index", None),
    (attribute::DEV_NAME, "dev-name", None),
    (attribute::FLAGS, "flags", None),
]);

/// The device that an answer or a notification is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Interface index.
    pub index: u32,
    /// Interface name at the time of the answer.
    pub name: String,
}

/// `request` about `interface`.
pub(super) fn about(request: Request, interface: Interface<'_>, flags: u32) -> Request {
    let mut request = request.about(interface.to_string());
    request.nest(HEADER, |header| {
        match interface {
            Interface::Index(index) => header.u32(attribute::DEV_INDEX, index),
            Interface::Name(name) => header.string(attribute::DEV_NAME, name),
        }
        if flags != 0 {
            header.u32(attribute::FLAGS, flags);
        }
    });
    request
}

/// `request` about no device: the header must be there all the same.
pub(super) fn about_none(mut request: Request) -> Request {
    request.nest(HEADER, |_| ());
    request
}

pub(super) fn read(header: &Attribute<'_>) -> Result<Device, Malformed> {
    let mut device = Device::default();
    for attribute in header.nested("device header") {
        let attribute = attribute?;
        match attribute.number {
            attribute::DEV_INDEX => device.index = attribute.u32()?,
            attribute::DEV_NAME => device.name = attribute.string().into_owned(),
            _ => {}
        }
    }
    Ok(device)
}
