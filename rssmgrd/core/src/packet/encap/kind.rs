//! The encapsulations that can be looked into, by name and as a set.

use alloc::string::{String, ToString};
use core::fmt;

/// One way of carrying a packet inside of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Encapsulation {
    /// GRE with a key, around Ethernet frames (RFC 7637).
    Nvgre = 1,
    /// Any other GRE of version 0 (RFC 2784, RFC 2890), around IPv4, IPv6 or Ethernet.
    Gre = 2,
    /// VXLAN over UDP, around Ethernet frames (RFC 7348).
    Vxlan = 4,
}

impl Encapsulation {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; 3] = [Self::Nvgre, Self::Gre, Self::Vxlan];

    /// The name in arguments, files and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nvgre => "nvgre",
            Self::Gre => "gre",
            Self::Vxlan => "vxlan",
        }
    }
}

impl fmt::Display for Encapsulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of encapsulations.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Encapsulations(u8);

/// Why a set of encapsulations is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncapsulationsError {
    /// A name nobody knows.
    #[error("unknown encapsulation `{0}`: known are nvgre, gre, vxlan, all and none")]
    Unknown(String),
}

impl Encapsulations {
    /// None: every packet is taken as it comes.
    pub const NONE: Self = Self(0);
    /// All three.
    pub const ALL: Self =
        Self::NONE.with(Encapsulation::Nvgre).with(Encapsulation::Gre).with(Encapsulation::Vxlan);

    /// Whether this one is in the set.
    #[must_use]
    pub const fn has(self, kind: Encapsulation) -> bool {
        self.0 & kind as u8 != 0
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, kind: Encapsulation) -> Self {
        Self(self.0 | kind as u8)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in one of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is here and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in printing order.
    pub fn iter(self) -> impl Iterator<Item = Encapsulation> {
        Encapsulation::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// Parses names separated by commas or blanks (`nvgre,vxlan`), or `all`, `none`. Case does not matter.
    ///
    /// # Errors
    /// Names the unknown word; a text without any word is one.
    pub fn parse(text: &str) -> Result<Self, EncapsulationsError> {
        let mut set = Self::NONE;
        let mut any = false;
        for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
            any = true;
            set = match word.to_ascii_lowercase().as_str() {
                "none" => set,
                "all" => Self::ALL,
                name => match Encapsulation::ALL.into_iter().find(|kind| kind.name() == name) {
                    Some(kind) => set.with(kind),
                    None => return Err(EncapsulationsError::Unknown(word.to_string())),
                },
            };
        }
        if any { Ok(set) } else { Err(EncapsulationsError::Unknown(text.to_string())) }
    }
}

impl FromIterator<Encapsulation> for Encapsulations {
    fn from_iter<I: IntoIterator<Item = Encapsulation>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Encapsulations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (i, kind) in self.iter().enumerate() {
            write!(f, "{}{kind}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Encapsulations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encapsulations({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_as_they_are_read() {
        let parse = |text| Encapsulations::parse(text).map(|set| set.to_string());
        assert_eq!(parse("VXLAN, nvgre").unwrap(), "nvgre,vxlan");
        assert_eq!(parse("all").unwrap(), "nvgre,gre,vxlan");
        assert_eq!(parse("none").unwrap(), "none");
        assert_eq!(parse("none,gre").unwrap(), "gre");
        for bits in 0..8_u8 {
            let set: Encapsulations =
                Encapsulation::ALL.into_iter().filter(|kind| bits & *kind as u8 != 0).collect();
            assert_eq!(Encapsulations::parse(&set.to_string()), Ok(set));
        }
    }

    #[test]
    fn an_unknown_name_is_named() {
        let error = Encapsulations::parse("vxlan,Geneve").unwrap_err();
        assert_eq!(error, EncapsulationsError::Unknown("Geneve".into()));
        assert!(error.to_string().contains("nvgre, gre, vxlan"), "{error}");
        assert_eq!(Encapsulations::parse(" , "), Err(EncapsulationsError::Unknown(" , ".into())));
    }
}
