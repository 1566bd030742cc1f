//! The RSS profiles: names, numbers and what distinguishes them. How each orders processors is in [`crate::place`].

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

/// An RSS profile, with its Windows number (`*RSSProfile`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Profile {
    /// Processors near the adapter; rebalances at run time.
    Closest = 1,
    /// Processors near the adapter; fixed.
    ClosestStatic = 2,
    /// Round robin over NUMA nodes; rebalances at run time.
    Numa = 3,
    /// Round robin over NUMA nodes; fixed. The default, as on Windows.
    #[default]
    NumaStatic = 4,
    /// As few processors as the load needs.
    Conservative = 5,
    /// Hybrid CPUs: efficiency cores at low load, performance cores as it grows.
    Balanced = 6,
}

impl Profile {
    /// All six, by number.
    pub const ALL: [Self; 6] = [
        Self::Closest,
        Self::ClosestStatic,
        Self::Numa,
        Self::NumaStatic,
        Self::Conservative,
        Self::Balanced,
    ];

    /// The cmdlet name, as `Get-NetAdapterRss` prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closest => "Closest",
            Self::ClosestStatic => "ClosestStatic",
            Self::Numa => "NUMA",
            Self::NumaStatic => "NUMAStatic",
            Self::Conservative => "Conservative",
            Self::Balanced => "Balanced",
        }
    }

    /// The text of the `*RSSProfile` keyword.
    #[must_use]
    pub const fn registry_name(self) -> &'static str {
        match self {
            Self::Closest => "ClosestProcessor",
            Self::ClosestStatic => "ClosestProcessorStatic",
            Self::Numa => "NUMAScaling",
            Self::NumaStatic => "NUMAScalingStatic",
            Self::Conservative => "ConservativeScaling",
            Self::Balanced => "NdisRssProfileBalanced",
        }
    }

    /// The Windows number, 1 to 6.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Whether the profile rebalances at run time.
    #[must_use]
    pub const fn is_dynamic(self) -> bool {
        !matches!(self, Self::ClosestStatic | Self::NumaStatic)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A profile nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown profile `{0}`: known are Closest, ClosestStatic, NUMA, NUMAStatic, Conservative, Balanced (or 1 to 6)"
)]
pub struct UnknownProfile(pub String);

impl FromStr for Profile {
    type Err = UnknownProfile;

    /// Takes cmdlet names, registry names and numbers 1 to 6; case does not matter.
    fn from_str(s: &str) -> Result<Self, UnknownProfile> {
        Self::ALL
            .into_iter()
            .find(|p| {
                s.eq_ignore_ascii_case(p.name())
                    || s.eq_ignore_ascii_case(p.registry_name())
                    || s.parse() == Ok(p.number())
            })
            .ok_or_else(|| UnknownProfile(s.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_spelling_parses() {
        for p in Profile::ALL {
            for s in [p.name(), p.registry_name(), &p.number().to_string(), &p.name().to_lowercase()] {
                assert_eq!(s.parse(), Ok(p), "{s}");
            }
        }
        for bad in ["", "0", "7", "Default", "NUMA Static"] {
            assert!(bad.parse::<Profile>().is_err(), "{bad}");
        }
    }
}
