//! Which encapsulations are to be looked into: all of them at once, or single ones switched, as PowerShell's separate
//! parameters do.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

use crate::packet::encap::{Encapsulation, Encapsulations};

/// A change of the encapsulations that are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncapPatch {
    /// Which ones it is about.
    about: Encapsulations,
    /// Those of them that are to be on.
    on: Encapsulations,
}

impl EncapPatch {
    /// These on, the others off.
    #[must_use]
    pub const fn exactly(on: Encapsulations) -> Self {
        Self { about: Encapsulations::ALL, on }
    }

    /// The encapsulations that are on after this change of `before`.
    #[must_use]
    pub const fn over(self, before: Encapsulations) -> Encapsulations {
        before.without(self.about).union(self.on)
    }

    /// This change made after an earlier one.
    #[must_use]
    pub const fn after(self, earlier: Self) -> Self {
        Self { about: self.about.union(earlier.about), on: self.over(earlier.on) }
    }

    /// `nvgre,vxlan`, `all` or `none`; or `+nvgre,-vxlan`, which leaves the others as they are.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let words = || text.split([',', ' ']).filter(|word| !word.is_empty());
        let signed = |word: &str| word.starts_with(['+', '-']);
        if !words().any(signed) {
            return Encapsulations::parse(text).map(Self::exactly).map_err(|e| e.to_string());
        }
        let mut patch = Self { about: Encapsulations::NONE, on: Encapsulations::NONE };
        for word in words() {
            let Some(name) = word.strip_prefix(['+', '-']) else {
                return Err(format!(
                    "`{word}` stands among others with a sign: give every one a sign, or none"
                ));
            };
            let kinds = Encapsulations::parse(name).map_err(|e| e.to_string())?;
            let on = if word.starts_with('+') { kinds } else { Encapsulations::NONE };
            patch = Self { about: kinds, on }.after(patch);
        }
        Ok(patch)
    }
}

impl fmt::Display for EncapPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.about == Encapsulations::ALL {
            return self.on.fmt(f);
        }
        let sign = |kind: Encapsulation| if self.on.has(kind) { '+' } else { '-' };
        for (i, kind) in self.about.iter().enumerate() {
            write!(f, "{}{}{kind}", if i == 0 { "" } else { "," }, sign(kind))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ones_are_switched_and_the_others_stay() {
        let parse = |text| EncapPatch::parse(text).unwrap();
        let set = |text| Encapsulations::parse(text).unwrap();
        assert_eq!(parse("+nvgre,-VXLAN").over(set("gre,vxlan")), set("nvgre,gre"));
        assert_eq!(parse("nvgre").over(set("gre,vxlan")), set("nvgre"));
        assert_eq!(parse("none").over(Encapsulations::ALL), Encapsulations::NONE);
        assert_eq!(parse("-all").to_string(), "none");
        assert_eq!(parse("+gre").after(parse("-gre,+vxlan")).to_string(), "+gre,+vxlan");
        assert_eq!(parse("+gre").after(parse("none")).to_string(), "gre");
        for text in ["+nvgre,-vxlan", "-gre", "nvgre,vxlan", "none"] {
            assert_eq!(parse(text).to_string(), text);
        }
    }

    #[test]
    fn signs_are_for_all_or_none() {
        let error = EncapPatch::parse("nvgre,-vxlan").unwrap_err();
        assert!(error.contains("`nvgre`"), "{error}");
        assert!(EncapPatch::parse("+geneve").unwrap_err().contains("geneve"));
        assert!(EncapPatch::parse("").is_err());
    }
}
