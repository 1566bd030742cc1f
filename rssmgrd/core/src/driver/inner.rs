//! Whether a driver's hash looks into tunnels. Linux neither tells nor lets anybody choose, so it is known from the driver's
//! code alone, where it is known.

use alloc::string::String;
use alloc::vec::Vec;

use crate::tunnel::TunnelKind;

/// Which headers of what came through a tunnel are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InnerHash {
    /// Nobody found out, or the firmware decides.
    Unknown,
    /// The outer ones of every tunnel.
    Outer,
    /// The inner ones of these, as far as the device can, and the outer ones of the rest.
    Of(&'static [TunnelKind]),
}

impl InnerHash {
    /// Whether the inner headers of such a tunnel are hashed; `None` where nobody knows.
    #[must_use]
    pub fn looks_into(self, kind: TunnelKind) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Outer => Some(false),
            Self::Of(kinds) => Some(kinds.contains(&kind)),
        }
    }

    /// The tunnels whose inner headers are hashed; `None` where nobody knows.
    #[must_use]
    pub const fn kinds(self) -> Option<&'static [TunnelKind]> {
        match self {
            Self::Unknown => None,
            Self::Outer => Some(&[]),
            Self::Of(kinds) => Some(kinds),
        }
    }

    /// The same as the end of a sentence about the driver; nothing where nobody knows.
    #[must_use]
    pub fn words(self) -> Option<String> {
        let names: Vec<&str> = self.kinds()?.iter().map(|kind| kind.name()).collect();
        Some(match names.split_last() {
            None => String::from("hashes outer headers only"),
            Some((last, [])) => alloc::format!("hashes the inner headers of {last} only"),
            Some((last, rest)) => {
                alloc::format!("hashes the inner headers of {} and {last} only", rest.join(", "))
            }
        })
    }
}
