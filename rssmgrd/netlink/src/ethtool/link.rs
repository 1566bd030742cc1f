//! Speed and duplex of the link.

use super::OLD;
use super::header::{self, Device, HEADER};
use crate::genl::{self, Family, Op};
use crate::wire::{Attributes, Kind, Malformed, Names, Request};
use crate::{Error, Interface};

const GET: Op = Op { command: 4, name: "linkmodes-get", since: OLD };

/// `ETHTOOL_A_LINKMODES_*`.
mod attribute {
    pub(super) const AUTONEG: u16 = 2;
    pub(super) const SPEED: u16 = 5;
    pub(super) const DUPLEX: u16 = 6;
    pub(super) const LANES: u16 = 9;
}

static NAMES: Names = Names(&[
    (HEADER, "header", Some(&header::NAMES)),
    (attribute::AUTONEG, "autoneg", None),
    (attribute::SPEED, "speed", None),
    (attribute::DUPLEX, "duplex", None),
    (attribute::LANES, "lanes", None),
]);

/// `SPEED_UNKNOWN`.
const UNKNOWN: u32 = u32::MAX;

/// Whether both ends may send at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplex {
    /// One at a time.
    Half,
    /// Both.
    Full,
}

/// What the driver says about the link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkModes {
    /// The device.
    pub device: Device,
    /// Megabits per second; `None` while there is no link or the driver does not know.
    pub speed: Option<u32>,
    /// Half or full duplex, where the driver knows.
    pub duplex: Option<Duplex>,
    /// Whether speed and duplex are negotiated.
    pub autoneg: Option<bool>,
    /// Lanes of the link, where the driver knows.
    pub lanes: Option<u32>,
}

impl LinkModes {
    /// Reads an answer or a notification: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        read(genl::split("link modes", payload)?.1)
    }
}

pub(super) fn get(family: &Family, interface: Interface<'_>) -> Result<Request, Error> {
    Ok(header::about(family.request(GET, Kind::Get, &NAMES)?, interface, header::COMPACT_BITSETS))
}

pub(super) fn read(attributes: Attributes<'_>) -> Result<LinkModes, Malformed> {
    let mut modes = LinkModes::default();
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            HEADER => modes.device = header::read(&attribute)?,
            attribute::AUTONEG => modes.autoneg = Some(attribute.u8()? != 0),
            attribute::SPEED => modes.speed = Some(attribute.u32()?).filter(|&s| s != UNKNOWN && s != 0),
            attribute::DUPLEX => {
                modes.duplex = match attribute.u8()? {
                    0 => Some(Duplex::Half),
                    1 => Some(Duplex::Full),
                    _ => None,
                };
            }
            attribute::LANES => modes.lanes = Some(attribute.u32()?).filter(|&lanes| lanes != 0),
            _ => {}
        }
    }
    Ok(modes)
}
