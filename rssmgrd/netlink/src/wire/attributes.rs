//! Reading attributes.

use super::{Malformed, Problem, align, head};
use std::borrow::Cow;

/// Bytes of an attribute's header.
pub(crate) const HEADER: usize = 4;
/// Set in the type of an attribute that holds attributes.
pub(crate) const NESTED: u16 = 0x8000;
/// The part of the type field that is the number.
pub(crate) const NUMBER: u16 = 0x3fff;

/// A sequence of attributes. Ends after the first malformed one, since nothing behind it can be found.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    rest: &'a [u8],
    what: &'static str,
}

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Its number, meant as its place says.
    pub number: u16,
    /// Its payload, without padding.
    pub payload: &'a [u8],
    what: &'static str,
}

impl<'a> Attributes<'a> {
    /// Over `bytes`, which belong to the part of a message that `what` names in errors.
    #[must_use]
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { rest: bytes, what }
    }

    /// The attributes behind a fixed header of `length` bytes.
    ///
    /// # Errors
    /// [`Problem::Short`] when there are fewer bytes.
    pub fn behind(what: &'static str, bytes: &'a [u8], length: usize) -> Result<Self, Malformed> {
        let rest = bytes.get(length..).ok_or(Malformed {
            what,
            attribute: None,
            problem: Problem::Short { got: bytes.len(), want: length },
        })?;
        Ok(Self { rest, what })
    }

    /// That attribute `number`, which the kernel always sends here, is not there.
    #[must_use]
    pub fn missing(&self, number: u16) -> Malformed {
        Malformed { what: self.what, attribute: Some(number), problem: Problem::Missing }
    }

    fn take(&mut self) -> Result<Attribute<'a>, Malformed> {
        let bytes = std::mem::take(&mut self.rest);
        let bad = |attribute, problem| Malformed { what: self.what, attribute, problem };
        let [l0, l1, t0, t1] = head::<HEADER>(bytes)
            .ok_or_else(|| bad(None, Problem::Short { got: bytes.len(), want: HEADER }))?;
        let claimed = usize::from(u16::from_ne_bytes([l0, l1]));
        let number = u16::from_ne_bytes([t0, t1]) & NUMBER;
        let payload = bytes
            .get(HEADER..claimed)
            .ok_or_else(|| bad(Some(number), Problem::Length { claimed, available: bytes.len() }))?;
        self.rest = bytes.get(align(claimed)..).unwrap_or_default();
        Ok(Attribute { number, payload, what: self.what })
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.take())
    }
}

impl<'a> Attribute<'a> {
    /// The payload as attributes of the part that `what` names.
    #[must_use]
    pub fn nested(&self, what: &'static str) -> Attributes<'a> {
        Attributes::new(what, self.payload)
    }

    /// An unsigned byte.
    ///
    /// # Errors
    /// [`Problem::Size`]; the same for the other numbers.
    pub fn u8(&self) -> Result<u8, Malformed> {
        self.array().map(u8::from_ne_bytes)
    }

    /// A number of 2 bytes.
    ///
    /// # Errors
    /// [`Problem::Size`].
    pub fn u16(&self) -> Result<u16, Malformed> {
        self.array().map(u16::from_ne_bytes)
    }

    /// A number of 4 bytes.
    ///
    /// # Errors
    /// [`Problem::Size`].
    pub fn u32(&self) -> Result<u32, Malformed> {
        self.array().map(u32::from_ne_bytes)
    }

    /// A signed number of 4 bytes.
    ///
    /// # Errors
    /// [`Problem::Size`].
    pub fn i32(&self) -> Result<i32, Malformed> {
        self.array().map(i32::from_ne_bytes)
    }

    /// A number of 8 bytes.
    ///
    /// # Errors
    /// [`Problem::Size`].
    pub fn u64(&self) -> Result<u64, Malformed> {
        self.array().map(u64::from_ne_bytes)
    }

    /// A number of 4 or 8 bytes: the kernel's `uint`, which it sends as short as it can.
    ///
    /// # Errors
    /// [`Problem::Size`].
    pub fn uint(&self) -> Result<u64, Malformed> {
        if self.payload.len() == 4 { self.u32().map(u64::from) } else { self.u64() }
    }

    /// A binary array of 4-byte numbers.
    ///
    /// # Errors
    /// [`Problem::Elements`].
    pub fn u32s(&self) -> Result<Vec<u32>, Malformed> {
        let (words, rest) = self.payload.as_chunks();
        if !rest.is_empty() {
            return Err(self.malformed(Problem::Elements { got: self.payload.len(), element: 4 }));
        }
        Ok(words.iter().map(|word| u32::from_ne_bytes(*word)).collect())
    }

    /// A string, up to its NUL where it has one. Bytes that are no UTF-8 are replaced: names are for people; what
    /// identifies an interface is its index.
    #[must_use]
    pub fn string(&self) -> Cow<'a, str> {
        let end = self.payload.iter().position(|&byte| byte == 0).unwrap_or(self.payload.len());
        String::from_utf8_lossy(self.payload.get(..end).unwrap_or_default())
    }

    fn array<const N: usize>(&self) -> Result<[u8; N], Malformed> {
        self.payload
            .try_into()
            .map_err(|_| self.malformed(Problem::Size { got: self.payload.len(), want: N }))
    }

    pub(crate) fn malformed(&self, problem: Problem) -> Malformed {
        Malformed { what: self.what, attribute: Some(self.number), problem }
    }
}
