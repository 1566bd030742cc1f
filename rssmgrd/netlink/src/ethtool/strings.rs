//! String sets: the names behind numbers.

use super::OLD;
use super::header::{self, HEADER};
use crate::Error;
use crate::genl::{self, Family, Op};
use crate::wire::{Attribute, Attributes, Kind, Malformed, Names, Problem, Request};

const GET: Op = Op { command: 1, name: "strset-get", since: OLD };

/// `ETH_SS_FEATURES`.
pub(super) const FEATURES: u32 = 4;

/// `ETHTOOL_A_STRSET_*`, `_STRINGSETS_*`, `_STRINGSET_*`, `_STRINGS_*` and `_STRING_*`.
mod attribute {
    pub(super) const STRINGSETS: u16 = 2;
    pub(super) const STRINGSET: u16 = 1;
    pub(super) const ID: u16 = 1;
    pub(super) const STRINGS: u16 = 3;
    pub(super) const STRING: u16 = 1;
    pub(super) const INDEX: u16 = 1;
    pub(super) const VALUE: u16 = 2;
}

static SET_NAMES: Names = Names(&[(attribute::ID, "id", None)]);
static SETS_NAMES: Names = Names(&[(attribute::STRINGSET, "stringset", Some(&SET_NAMES))]);
static NAMES: Names = Names(&[
    (HEADER, "header", Some(&header::NAMES)),
    (attribute::STRINGSETS, "stringsets", Some(&SETS_NAMES)),
]);

/// Indices above are refused: no set that all devices share comes near.
const MOST_STRINGS: u32 = 1 << 12;

/// Names by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StringSet(Vec<String>);

impl StringSet {
    /// The number of `name`.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known == name)
    }

    /// The names, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the strings of set `set` from an answer: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8], set: u32) -> Result<Self, Malformed> {
        read(genl::split("string sets", payload)?.1, set)
    }
}

/// A question for a set that all devices share. Sets of a device can be too long for netlink: the ioctl has them.
pub(super) fn get(family: &Family, set: u32) -> Result<Request, Error> {
    let mut request = header::about_none(family.request(GET, Kind::Get, &NAMES)?);
    request.nest(attribute::STRINGSETS, |sets| {
        sets.nest(attribute::STRINGSET, |one| one.u32(attribute::ID, set));
    });
    Ok(request)
}

pub(super) fn read(attributes: Attributes<'_>, set: u32) -> Result<StringSet, Malformed> {
    let mut strings = StringSet::default();
    for attribute in attributes {
        let attribute = attribute?;
        if attribute.number == attribute::STRINGSETS {
            for one in attribute.nested("string sets") {
                read_set(&one?, set, &mut strings)?;
            }
        }
    }
    Ok(strings)
}

fn read_set(one: &Attribute<'_>, wanted: u32, strings: &mut StringSet) -> Result<(), Malformed> {
    let (mut id, mut list) = (None, None);
    for attribute in one.nested("string set") {
        let attribute = attribute?;
        match attribute.number {
            attribute::ID => id = Some(attribute.u32()?),
            attribute::STRINGS => list = Some(attribute.nested("strings")),
            _ => {}
        }
    }
    if id != Some(wanted) {
        return Ok(());
    }
    for string in list.into_iter().flatten() {
        let string = string?;
        if string.number != attribute::STRING {
            continue;
        }
        let (mut index, mut value) = (None, None);
        for attribute in string.nested("string") {
            let attribute = attribute?;
            match attribute.number {
                attribute::INDEX => {
                    let found = attribute.u32()?;
                    if found >= MOST_STRINGS {
                        return Err(attribute.malformed(Problem::Value { got: found.into() }));
                    }
                    index = usize::try_from(found).ok();
                }
                attribute::VALUE => value = Some(attribute.string()),
                _ => {}
            }
        }
        if let (Some(index), Some(value)) = (index, value) {
            if strings.0.len() <= index {
                strings.0.resize(index + 1, String::new());
            }
            if let Some(place) = strings.0.get_mut(index) {
                *place = value.into_owned();
            }
        }
    }
    Ok(())
}
