//! Features of a device: receive hashing, filter rules and the rest, by the kernel's names.

use super::OLD;
use super::bitset::{self, Bitset};
use super::header::{self, Device, HEADER};
use super::strings::StringSet;
use crate::genl::{self, Family, Op};
use crate::wire::{Attributes, Kind, Malformed, Names, Request};
use crate::{Error, Interface};
use std::sync::Arc;

/// The feature that `ethtool` calls `rxhash`: the device tells the hash of each packet. With some drivers it switches
/// hashing itself.
pub const RXHASH: &str = "rx-hashing";
/// The feature that `ethtool` calls `ntuple`: filter rules.
pub const NTUPLE: &str = "rx-ntuple-filter";

const GET: Op = Op { command: 11, name: "features-get", since: OLD };
const SET: Op = Op { command: 12, name: "features-set", since: OLD };

/// `ETHTOOL_A_FEATURES_*`.
mod attribute {
    pub(super) const HW: u16 = 2;
    pub(super) const WANTED: u16 = 3;
    pub(super) const ACTIVE: u16 = 4;
    pub(super) const NOCHANGE: u16 = 5;
}

static NAMES: Names = Names(&[
    (HEADER, "header", Some(&header::NAMES)),
    (attribute::HW, "hw", Some(&bitset::NAMES)),
    (attribute::WANTED, "wanted", Some(&bitset::NAMES)),
    (attribute::ACTIVE, "active", Some(&bitset::NAMES)),
    (attribute::NOCHANGE, "nochange", Some(&bitset::NAMES)),
]);

/// The state of one feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Feature {
    /// It is on.
    pub active: bool,
    /// It was asked for; not `active` then when another feature forbids it.
    pub wanted: bool,
    /// It can be switched.
    pub changeable: bool,
}

/// The features of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// The device.
    pub device: Device,
    names: Arc<StringSet>,
    hardware: Bitset,
    wanted: Bitset,
    active: Bitset,
    fixed: Bitset,
}

impl Features {
    /// The state of the feature with the kernel's name `name`; `None` when the kernel does not know it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Feature> {
        let index = self.names.position(name)?;
        Some(Feature {
            active: self.active.contains(index),
            wanted: self.wanted.contains(index),
            changeable: self.hardware.contains(index) && !self.fixed.contains(index),
        })
    }

    /// Reads an answer: the bytes behind netlink's header. `names` are those of the kernel's set of features.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8], names: &Arc<StringSet>) -> Result<Self, Malformed> {
        read(genl::split("features", payload)?.1, names)
    }

    /// All features that the kernel knows, with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Feature)> {
        self.names.iter().filter_map(|name| Some((name, self.get(name)?)))
    }
}

pub(super) fn get(family: &Family, interface: Interface<'_>) -> Result<Request, Error> {
    Ok(header::about(family.request(GET, Kind::Get, &NAMES)?, interface, header::COMPACT_BITSETS))
}

pub(super) fn set(family: &Family, interface: Interface<'_>, name: &str, on: bool) -> Result<Request, Error> {
    let request = family.request(SET, Kind::Do, &NAMES)?;
    let mut request = header::about(request, interface, header::OMIT_REPLY);
    bitset::write_one(&mut request, attribute::WANTED, name, on);
    Ok(request)
}

pub(super) fn read(attributes: Attributes<'_>, names: &Arc<StringSet>) -> Result<Features, Malformed> {
    let mut features = Features { names: Arc::clone(names), ..Features::default() };
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            HEADER => features.device = header::read(&attribute)?,
            attribute::HW => features.hardware = bitset::read(&attribute)?,
            attribute::WANTED => features.wanted = bitset::read(&attribute)?,
            attribute::ACTIVE => features.active = bitset::read(&attribute)?,
            attribute::NOCHANGE => features.fixed = bitset::read(&attribute)?,
            _ => {}
        }
    }
    Ok(features)
}
