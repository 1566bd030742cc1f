//! From headers to a hash, from the hash to an entry of the indirection table, from the entry to a queue.
//!
//! An encapsulated packet has two sets of headers. Once [`Steering::with_encapsulation`] has switched its encapsulation
//! on, the rules of NDIS ("Supporting NVGRE in RSS and VMQ Receive Task Offloads"; Windows applies them to VXLAN too)
//! choose what is hashed:
//!
//! | the packet | is hashed by | [`Layer`] |
//! |---|---|---|
//! | inner IP with TCP or UDP whose hash type is enabled | the inner 4-tuple | `Inner` |
//! | inner IP without: another protocol, a fragment, a hash type that is not enabled | the outer 2-tuple | `Outer` |
//! | inner protocol that cannot be parsed | the outer 2-tuple | `Outer` |
//! | anything else: not encapsulated, unknown, switched off, too long, versions not covered | as always | `Plain` |
//!
//! How hash types apply:
//!
//! - The inner 4-tuple needs a type that has the ports of the *inner* packet: `tcp_ipv4` for TCP over IPv4, and so on,
//!   the `_ex` type before the plain one. The types of the outer packet do not matter then.
//! - Where that type is not enabled, the packet counts as one without TCP or UDP, as it does without encapsulation, and so
//!   it falls to the outer 2-tuple. NDIS does not say it, but the other choice, the inner 2-tuple, would part the fragments
//!   of an inner flow (which have the outer 2-tuple, being without ports) from its whole packets. To keep those together
//!   is why one would leave such a type out.
//! - The outer 2-tuple needs the address type of the *outer* packet: `ipv4`, or `ipv6_ex` before `ipv6`. The outer UDP
//!   ports of VXLAN are not hashed, even with `udp_ipv4` enabled. Without the address type the packet has no hash and goes
//!   to the default queue.

mod inside;

use crate::hash::{HashType, HashTypes};
use crate::ids::{EntryIndex, QueueId};
use crate::packet::encap::{EncapConfig, Encapsulation};
use crate::packet::{self, Addresses, Headers, LinkType, TransportKind};
use crate::toeplitz::{MAX_INPUT, Toeplitz};
use alloc::boxed::Box;
use alloc::sync::Arc;

/// The bytes that are hashed for one packet: source address, destination address and, for a 4-tuple, source port
/// and destination port, all in network byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    bytes: [u8; MAX_INPUT],
    len: usize,
}

impl Input {
    /// The bytes: 8, 12, 32 or 36.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Which enabled hash type a packet gets, and the bytes to hash for it; `None` when no enabled type fits.
///
/// The rules of NDIS: the most specific enabled type wins, so ports (TCP and UDP alike) before addresses alone; for
/// the same fields the `_ex` type comes before the plain one; fragments, the first included, are hashed by their
/// addresses only, so that all parts of a datagram meet; a transport whose type is not enabled falls back to the
/// addresses if that type is enabled, and is not hashed otherwise.
#[must_use]
#[inline]
pub fn hash_input(headers: &Headers, types: HashTypes) -> Option<(HashType, Input)> {
    with_input(headers, types, |bytes| {
        let mut input = Input { bytes: [0; MAX_INPUT], len: bytes.len() };
        if let Some(room) = input.bytes.get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
        }
        input
    })
}

/// As [`hash_input`], with what `then` makes of the bytes. Hashing them here, where they are, saves the way of an
/// [`Input`] through memory, which takes as long as hashing.
#[inline(always)]
fn with_input<R>(headers: &Headers, types: HashTypes, then: impl Fn(&[u8]) -> R) -> Option<(HashType, R)> {
    let net = headers.net.as_ref()?;
    let transport = if net.fragment { None } else { headers.transport };
    let tcp_or_udp = |tcp, udp| match transport?.kind {
        TransportKind::Tcp => Some(tcp),
        TransportKind::Udp => Some(udp),
    };
    let enabled = |t: &HashType| types.has(*t);
    let ports = transport.map_or([0; 4], |t| {
        let ([a, b], [c, d]) = (t.sport.to_be_bytes(), t.dport.to_be_bytes());
        [a, b, c, d]
    });
    match net.addresses {
        Addresses::V4 { src, dst } => {
            if let Some(t) = tcp_or_udp(HashType::TcpIpv4, HashType::UdpIpv4).filter(enabled) {
                return Some((t, then([src, dst, ports].as_flattened())));
            }
            Some(HashType::Ipv4).filter(enabled).map(|t| (t, then([src, dst].as_flattened())))
        }
        Addresses::V6 { src, dst, home, routing } => {
            let (ex_src, ex_dst) = (home.unwrap_or(src), routing.unwrap_or(dst));
            let four_tuple = tcp_or_udp(HashType::TcpIpv6Ex, HashType::UdpIpv6Ex)
                .filter(enabled)
                .map(|t| (t, ex_src, ex_dst))
                .or_else(|| {
                    tcp_or_udp(HashType::TcpIpv6, HashType::UdpIpv6).filter(enabled).map(|t| (t, src, dst))
                });
            if let Some((t, src, dst)) = four_tuple {
                let mut bytes = [0; 36];
                bytes[..16].copy_from_slice(&src);
                bytes[16..32].copy_from_slice(&dst);
                bytes[32..].copy_from_slice(&ports);
                return Some((t, then(&bytes)));
            }
            let two_tuple = Some(HashType::Ipv6Ex)
                .filter(enabled)
                .map(|t| (t, ex_src, ex_dst))
                .or_else(|| Some(HashType::Ipv6).filter(enabled).map(|t| (t, src, dst)));
            two_tuple.map(|(t, src, dst)| (t, then([src, dst].as_flattened())))
        }
    }
}

/// Whose headers decided about a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Those of the packet as it came: it is not encapsulated, or not treated so.
    #[default]
    Plain,
    /// The outer addresses of an encapsulated packet.
    Outer(Encapsulation),
    /// The inner addresses and ports of an encapsulated packet.
    Inner(Encapsulation),
}

impl Layer {
    /// The encapsulation; `None` for a packet that was not treated as an encapsulated one.
    #[must_use]
    pub const fn encapsulation(self) -> Option<Encapsulation> {
        match self {
            Self::Plain => None,
            Self::Outer(kind) | Self::Inner(kind) => Some(kind),
        }
    }

    /// Whether inner headers decided.
    #[must_use]
    pub const fn is_inner(self) -> bool {
        matches!(self, Self::Inner(_))
    }
}

/// What became of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The type that was hashed; `None` when nothing was.
    pub hash_type: Option<HashType>,
    /// The hash.
    pub hash: Option<u32>,
    /// The entry of the indirection table that the hash chose.
    pub entry: Option<EntryIndex>,
    /// The queue: that of the entry, or the default queue for a packet without a hash.
    pub queue: QueueId,
    /// Whose headers the hash is of, or would have been of if a fitting type were enabled.
    pub layer: Layer,
}

/// The most entries that a table can have: as many as [`EntryIndex`] can name.
pub const MAX_ENTRIES: usize = 1 << 16;

/// Why a table cannot steer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// No entries, or too many.
    #[error("indirection table: {entries} entries given, a table has 1 to {MAX_ENTRIES}")]
    Entries {
        /// Entries given.
        entries: usize,
    },
}

/// Everything that decides about the queue of a packet. Immutable: a change makes a new one.
#[derive(Clone, Debug)]
pub struct Steering {
    toeplitz: Arc<Toeplitz>,
    types: HashTypes,
    table: Box<[QueueId]>,
    default_queue: QueueId,
    index: Index,
    encapsulation: EncapConfig,
}

/// How a hash becomes an index.
#[derive(Clone, Copy, Debug)]
enum Index {
    /// The length is a power of two: `hash & mask`.
    Mask(u16),
    /// Any other length: `hash % length`.
    Modulo(u32),
}

impl Steering {
    /// Steers by `table`, whose length is normally, but need not be, a power of two. Packets without a hash go to
    /// `default_queue`.
    ///
    /// # Errors
    /// A table without entries or with more than [`MAX_ENTRIES`].
    pub fn new(
        toeplitz: Arc<Toeplitz>,
        types: HashTypes,
        table: Box<[QueueId]>,
        default_queue: QueueId,
    ) -> Result<Self, TableError> {
        let entries = table.len();
        let index = match u32::try_from(entries) {
            Ok(len) if (1..=MAX_ENTRIES).contains(&entries) => {
                if len.is_power_of_two() {
                    Index::Mask(low_half(len - 1))
                } else {
                    Index::Modulo(len)
                }
            }
            _ => return Err(TableError::Entries { entries }),
        };
        let encapsulation = EncapConfig::default();
        Ok(Self { toeplitz, types, table, default_queue, index, encapsulation })
    }

    /// The same, looking into encapsulated packets as `config` says.
    #[must_use]
    pub fn with_encapsulation(self, config: EncapConfig) -> Self {
        Self { encapsulation: config, ..self }
    }

    /// Parses a frame and steers it.
    #[must_use]
    pub fn classify(&self, frame: &[u8], link: LinkType) -> Verdict {
        if self.looks_inside() {
            return self.classify_inside(frame, link);
        }
        let mut headers = Headers::default();
        packet::fill(frame, link, &mut headers);
        self.steer(&headers)
    }

    /// Steers a packet with these headers, as it came.
    #[must_use]
    pub fn steer(&self, headers: &Headers) -> Verdict {
        let layer = Layer::Plain;
        let Some((hash_type, hash)) = with_input(headers, self.types, |input| self.toeplitz.hash(input))
        else {
            return Verdict { hash_type: None, hash: None, entry: None, queue: self.default_queue, layer };
        };
        let entry = self.entry(hash);
        let queue = self.table.get(entry.index()).copied().unwrap_or(self.default_queue);
        Verdict { hash_type: Some(hash_type), hash: Some(hash), entry: Some(entry), queue, layer }
    }

    /// The entry that a hash chooses: hash modulo the length of the table.
    #[must_use]
    #[inline]
    pub fn entry(&self, hash: u32) -> EntryIndex {
        EntryIndex(match self.index {
            Index::Mask(mask) => low_half(hash) & mask,
            Index::Modulo(len) => low_half(hash % len),
        })
    }

    /// The expanded key.
    #[must_use]
    pub fn toeplitz(&self) -> &Arc<Toeplitz> {
        &self.toeplitz
    }

    /// The enabled hash types.
    #[must_use]
    pub fn types(&self) -> HashTypes {
        self.types
    }

    /// The indirection table: the queue of each entry.
    #[must_use]
    pub fn table(&self) -> &[QueueId] {
        &self.table
    }

    /// Whether any encapsulated packets are looked into.
    #[must_use]
    #[inline]
    pub const fn looks_inside(&self) -> bool {
        !self.encapsulation.kinds.is_empty()
    }

    /// How encapsulated packets are looked into.
    #[must_use]
    pub fn encapsulation(&self) -> &EncapConfig {
        &self.encapsulation
    }

    /// Where packets without a hash go.
    #[must_use]
    pub fn default_queue(&self) -> QueueId {
        self.default_queue
    }
}

fn low_half(x: u32) -> u16 {
    let [_, _, a, b] = x.to_be_bytes();
    u16::from_be_bytes([a, b])
}
