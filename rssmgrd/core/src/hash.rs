//! Hash types and the secret key: what goes into a packet's Toeplitz hash.
//!
//! Nine types with the NDIS values (`NDIS_HASH_IPV4` and so on) and the combination rules of NDIS: inside each
//! family the legal sets are {IP}, {TCP}, {UDP}, {TCP, IP}, {UDP, IP} and {TCP, UDP, IP}.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// One kind of hash input. The discriminant is the NDIS hash type bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum HashType {
    /// IPv4 addresses.
    Ipv4 = 0x100,
    /// IPv4 addresses and TCP ports.
    TcpIpv4 = 0x200,
    /// IPv4 addresses and UDP ports.
    UdpIpv4 = 0x4000,
    /// IPv6 addresses.
    Ipv6 = 0x400,
    /// IPv6 addresses and TCP ports.
    TcpIpv6 = 0x1000,
    /// IPv6 addresses and UDP ports.
    UdpIpv6 = 0x8000,
    /// IPv6 addresses; home address option and type 2 routing header understood.
    Ipv6Ex = 0x800,
    /// As [`HashType::Ipv6Ex`] with TCP ports.
    TcpIpv6Ex = 0x2000,
    /// As [`HashType::Ipv6Ex`] with UDP ports.
    UdpIpv6Ex = 0x1_0000,
}

impl HashType {
    /// All nine, in the order in which they are printed.
    pub const ALL: [Self; 9] = [
        Self::Ipv4,
        Self::TcpIpv4,
        Self::UdpIpv4,
        Self::Ipv6,
        Self::TcpIpv6,
        Self::UdpIpv6,
        Self::Ipv6Ex,
        Self::TcpIpv6Ex,
        Self::UdpIpv6Ex,
    ];

    /// Whether it hashes addresses alone.
    #[must_use]
    pub const fn is_addresses(self) -> bool {
        matches!(self, Self::Ipv4 | Self::Ipv6 | Self::Ipv6Ex)
    }

    /// The name in arguments, files and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::TcpIpv4 => "tcp_ipv4",
            Self::UdpIpv4 => "udp_ipv4",
            Self::Ipv6 => "ipv6",
            Self::TcpIpv6 => "tcp_ipv6",
            Self::UdpIpv6 => "udp_ipv6",
            Self::Ipv6Ex => "ipv6_ex",
            Self::TcpIpv6Ex => "tcp_ipv6_ex",
            Self::UdpIpv6Ex => "udp_ipv6_ex",
        }
    }
}

impl fmt::Display for HashType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of hash types, as the NDIS mask.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HashTypes(u32);

/// Why a set of hash types is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashTypesError {
    /// A name nobody knows.
    #[error(
        "unknown hash type `{0}`: known are ipv4, tcp_ipv4, udp_ipv4, ipv6, tcp_ipv6, udp_ipv6, ipv6_ex, tcp_ipv6_ex, udp_ipv6_ex, default, all and none"
    )]
    Unknown(String),
    /// TCP and UDP without the plain type: NDIS does not list that set.
    #[error("hash types tcp_{0} and udp_{0} without {0} is not a legal set: add {0}")]
    Combination(&'static str),
}

impl HashTypes {
    /// No hashing: every packet goes to the default processor.
    pub const NONE: Self = Self(0);
    /// All nine types.
    pub const ALL: Self = Self(0x1_FF00);
    /// All but the `_ex` types: what a plain 5-tuple NIC does.
    pub const DEFAULT: Self = Self(0xD700);

    /// The set with exactly one type.
    #[must_use]
    pub const fn only(t: HashType) -> Self {
        Self(t as u32)
    }

    /// The NDIS mask.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set of an NDIS mask; `None` when it has bits that are no hash type.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 { Some(Self(bits)) } else { None }
    }

    /// Whether the type is in the set.
    #[must_use]
    pub const fn has(self, t: HashType) -> bool {
        self.0 & t as u32 != 0
    }

    /// The set with one more type.
    #[must_use]
    pub const fn with(self, t: HashType) -> Self {
        Self(self.0 | t as u32)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether everything here is in `other` too.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The types of the set, in printing order.
    pub fn iter(self) -> impl Iterator<Item = HashType> {
        HashType::ALL.into_iter().filter(move |t| self.has(*t))
    }

    /// Checks NDIS' combination rules.
    ///
    /// # Errors
    /// [`HashTypesError::Combination`] names the family that has TCP and UDP but not the plain type.
    pub fn check(self) -> Result<Self, HashTypesError> {
        use HashType::{Ipv4, Ipv6, Ipv6Ex, TcpIpv4, TcpIpv6, TcpIpv6Ex, UdpIpv4, UdpIpv6, UdpIpv6Ex};
        for (ip, tcp, udp) in
            [(Ipv4, TcpIpv4, UdpIpv4), (Ipv6, TcpIpv6, UdpIpv6), (Ipv6Ex, TcpIpv6Ex, UdpIpv6Ex)]
        {
            if self.has(tcp) && self.has(udp) && !self.has(ip) {
                return Err(HashTypesError::Combination(ip.name()));
            }
        }
        Ok(self)
    }

    /// Parses names separated by commas or blanks (`tcp_ipv4,ipv4`), or `default`, `all`, `none`, and checks the
    /// combination. Case does not matter and `-` may stand for `_`.
    ///
    /// # Errors
    /// Names the unknown word, or the family whose combination is not legal.
    pub fn parse(text: &str) -> Result<Self, HashTypesError> {
        let mut set = Self::NONE;
        let mut any = false;
        for word in text.split([',', ' ']).filter(|w| !w.is_empty()) {
            any = true;
            let folded = word.to_ascii_lowercase().replace('-', "_");
            set = match folded.as_str() {
                "none" => set,
                "all" => Self::ALL,
                "default" => Self(set.0 | Self::DEFAULT.0),
                name => match HashType::ALL.into_iter().find(|t| t.name() == name) {
                    Some(t) => set.with(t),
                    None => return Err(HashTypesError::Unknown(word.to_string())),
                },
            };
        }
        if any { set.check() } else { Err(HashTypesError::Unknown(text.to_string())) }
    }
}

impl FromIterator<HashType> for HashTypes {
    fn from_iter<I: IntoIterator<Item = HashType>>(iter: I) -> Self {
        iter.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for HashTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (i, t) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            f.write_str(t.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for HashTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashTypes({self})")
    }
}

/// The secret key of the Toeplitz hash, usually 40 bytes. It is a secret, since whoever knows it can aim flows at one
/// queue; `Debug` redacts it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct HashKey(Vec<u8>);

/// Why a key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashKeyError {
    /// Not a hexadecimal digit, or a separator inside a byte.
    #[error(
        "hash key: character {at} (`{found}`) is not a hexadecimal digit; write {bytes} bytes as `6d:5a:56:...` or `6d5a56...`"
    )]
    Hex {
        /// Position in the text, from 1.
        at: usize,
        /// What stands there.
        found: char,
        /// The length that is wanted.
        bytes: usize,
    },
    /// Half a byte at the end.
    #[error(
        "hash key: {digits} hexadecimal digits are an odd number, so the last byte is half missing; write {bytes} bytes with two digits each"
    )]
    OddDigits {
        /// Digits given.
        digits: usize,
        /// Bytes wanted.
        bytes: usize,
    },
    /// The wrong length.
    #[error("hash key: {got} bytes given, exactly {want} are taken")]
    Length {
        /// Bytes given.
        got: usize,
        /// Bytes wanted.
        want: usize,
    },
    /// A key that cannot spread anything.
    #[error(
        "hash key: all bytes are {0:#04x}, which sends every flow to few entries; use `random`, or `symmetric` if both directions must meet"
    )]
    Weak(u8),
}

/// The key length that NDIS prescribes, in bytes.
pub const KEY_BYTES: usize = 40;

impl HashKey {
    /// The public key of Microsoft's verification suite. For tests and offline use only: everybody knows it.
    #[must_use]
    pub fn microsoft() -> Self {
        Self(MICROSOFT_KEY.to_vec())
    }

    /// `6d 5a` repeated: both directions of a connection get the same hash (Woo and Park, 2012).
    #[must_use]
    pub fn symmetric(bytes: usize) -> Self {
        Self([0x6d, 0x5a].into_iter().cycle().take(bytes).collect())
    }

    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key at all (a driver that does not show its key).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Parses hex digits, with or without `:`, `-`, `,` or blanks between bytes.
    ///
    /// # Errors
    /// Wrong digits, an odd number of them, wrong length (`want` bytes), or all bytes alike.
    pub fn parse(text: &str, want: usize) -> Result<Self, HashKeyError> {
        let mut bytes = Vec::with_capacity(want);
        let mut high: Option<u8> = None;
        for (i, c) in text.chars().enumerate() {
            match c.to_digit(16) {
                Some(d) => {
                    let d = u8::try_from(d).unwrap_or(0);
                    match high.take() {
                        None => high = Some(d),
                        Some(h) => bytes.push(h << 4 | d),
                    }
                }
                None if matches!(c, ':' | '-' | ',' | ' ') && high.is_none() => {}
                None => return Err(HashKeyError::Hex { at: i + 1, found: c, bytes: want }),
            }
        }
        if high.is_some() {
            return Err(HashKeyError::OddDigits { digits: bytes.len() * 2 + 1, bytes: want });
        }
        if bytes.len() != want {
            return Err(HashKeyError::Length { got: bytes.len(), want });
        }
        Self(bytes).check()
    }

    /// Refuses a key whose bytes are all alike.
    ///
    /// # Errors
    /// [`HashKeyError::Weak`].
    pub fn check(self) -> Result<Self, HashKeyError> {
        match self.0.first() {
            Some(first) if self.0.len() > 1 && self.0.iter().all(|b| b == first) => {
                Err(HashKeyError::Weak(*first))
            }
            _ => Ok(self),
        }
    }

    /// The key as `6d:5a:...`.
    #[must_use]
    pub fn to_hex(&self) -> String {
        use core::fmt::Write as _;
        let mut s = String::with_capacity(self.0.len() * 3);
        for (i, b) in self.0.iter().enumerate() {
            if i > 0 {
                s.push(':');
            }
            let _ = write!(s, "{b:02x}");
        }
        s
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashKey({} bytes, redacted)", self.0.len())
    }
}

/// Key of Microsoft's RSS verification suite.
const MICROSOFT_KEY: [u8; 40] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0,
    0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42,
    0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn sets_have_the_ndis_values() {
        assert_eq!(HashTypes::ALL, HashType::ALL.into_iter().collect());
        let no_ex: HashTypes = HashType::ALL[..6].iter().copied().collect();
        assert_eq!(HashTypes::DEFAULT, no_ex);
    }

    #[test]
    fn names_and_combinations() {
        let parse = |s| HashTypes::parse(s).map(|t| t.to_string());
        assert_eq!(parse("TCP-IPv4, ipv4").unwrap(), "ipv4,tcp_ipv4");
        assert_eq!(parse("none").unwrap(), "none");
        assert_eq!(parse("default").unwrap(), HashTypes::DEFAULT.to_string());
        assert_eq!(parse("tcp_ipv4,udp_ipv4"), Err(HashTypesError::Combination("ipv4")));
        assert_eq!(parse("tcp"), Err(HashTypesError::Unknown("tcp".into())));
        assert!(parse("").is_err());
    }

    #[test]
    fn keys() {
        let text = HashKey::microsoft().to_hex();
        assert_eq!(HashKey::parse(&text, 40).unwrap(), HashKey::microsoft());
        assert_eq!(HashKey::parse(&text.replace(':', ""), 40).unwrap(), HashKey::microsoft());
        assert_eq!(
            HashKey::parse(&text[..text.len() - 1], 40),
            Err(HashKeyError::OddDigits { digits: 79, bytes: 40 }),
            "half a byte is not a byte"
        );
        assert_eq!(HashKey::parse("6d:5a", 40), Err(HashKeyError::Length { got: 2, want: 40 }));
        assert!(matches!(HashKey::parse("6x", 1), Err(HashKeyError::Hex { at: 2, .. })));
        assert!(matches!(HashKey::parse("0000", 2), Err(HashKeyError::Weak(0))));
        assert!(!format!("{:?}", HashKey::microsoft()).contains("6d"));
    }
}
