//! Bit sets, which come as a bit map (compact) or as a list of bits.

use crate::wire::{Attribute, Malformed, Names, Problem, Request};

/// `ETHTOOL_A_BITSET_*`, `_BITS_*` and `_BIT_*`.
mod attribute {
    pub(super) const NOMASK: u16 = 1;
    pub(super) const SIZE: u16 = 2;
    pub(super) const BITS: u16 = 3;
    pub(super) const VALUE: u16 = 4;
    pub(super) const MASK: u16 = 5;
    pub(super) const BIT: u16 = 1;
    pub(super) const BIT_INDEX: u16 = 1;
    pub(super) const BIT_NAME: u16 = 2;
    pub(super) const BIT_VALUE: u16 = 3;
}

static BIT_NAMES: Names = Names(&[
    (attribute::BIT_INDEX, "index", None),
    (attribute::BIT_NAME, "name", None),
    (attribute::BIT_VALUE, "value", None),
]);
static BITS_NAMES: Names = Names(&[(attribute::BIT, "bit", Some(&BIT_NAMES))]);
pub(super) static NAMES: Names = Names(&[
    (attribute::NOMASK, "nomask", None),
    (attribute::SIZE, "size", None),
    (attribute::BITS, "bits", Some(&BITS_NAMES)),
    (attribute::VALUE, "value", None),
    (attribute::MASK, "mask", None),
]);

/// The bits of a list form must be below this: no set of the kernel comes near.
const MOST_BITS: u32 = 1 << 16;

/// A set of bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitset {
    words: Vec<u32>,
}

impl Bitset {
    /// Whether bit `index` is set.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        self.words.get(index / 32).is_some_and(|word| word >> (index % 32) & 1 == 1)
    }

    fn insert(&mut self, index: usize) {
        let word = index / 32;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (index % 32);
        }
    }
}

/// The values of a set; its mask, where it has one, is not needed for answers.
pub(super) fn read(bitset: &Attribute<'_>) -> Result<Bitset, Malformed> {
    let (mut set, mut list) = (Bitset::default(), false);
    for attribute in bitset.nested("bit set") {
        let attribute = attribute?;
        match attribute.number {
            attribute::NOMASK => list = true,
            attribute::VALUE => set.words = attribute.u32s()?,
            attribute::BITS => {
                for bit in attribute.nested("bits") {
                    read_bit(&bit?, list, &mut set)?;
                }
            }
            _ => {}
        }
    }
    Ok(set)
}

/// One bit of a list: in a set without mask all those listed are set, else those with the flag.
fn read_bit(bit: &Attribute<'_>, list: bool, set: &mut Bitset) -> Result<(), Malformed> {
    let (mut index, mut value) = (None, list);
    for attribute in bit.nested("bit") {
        let attribute = attribute?;
        match attribute.number {
            attribute::BIT_INDEX => {
                let found = attribute.u32()?;
                if found >= MOST_BITS {
                    return Err(attribute.malformed(Problem::Value { got: found.into() }));
                }
                index = usize::try_from(found).ok();
            }
            attribute::BIT_VALUE => value = true,
            _ => {}
        }
    }
    if let Some(index) = index.filter(|_| value) {
        set.insert(index);
    }
    Ok(())
}

/// A set with a mask of the one bit `name`.
pub(super) fn write_one(request: &mut Request, number: u16, name: &str, on: bool) {
    request.nest(number, |set| {
        set.nest(attribute::BITS, |bits| {
            bits.nest(attribute::BIT, |bit| {
                bit.string(attribute::BIT_NAME, name);
                if on {
                    bit.flag(attribute::BIT_VALUE);
                }
            });
        });
    });
}
