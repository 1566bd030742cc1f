//! From headers to a hash, from the hash to an entry of the indirection table, from the entry to a queue.

use crate::hash::{HashType, HashTypes};
use crate::ids::{EntryIndex, QueueId};
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

    #[inline]
    fn new<const ADDRESS: usize>(src: [u8; ADDRESS], dst: [u8; ADDRESS], ports: Option<(u16, u16)>) -> Self {
        let mut bytes = [0; MAX_INPUT];
        let mut len = 0;
        let mut put = |field: &[u8]| {
            if let Some(room) = bytes.get_mut(len..len + field.len()) {
                room.copy_from_slice(field);
                len += field.len();
            }
        };
        put(&src);
        put(&dst);
        if let Some((sport, dport)) = ports {
            put(&sport.to_be_bytes());
            put(&dport.to_be_bytes());
        }
        Self { bytes, len }
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
    let net = headers.net.as_ref()?;
    let transport = if net.fragment { None } else { headers.transport };
    let ports = transport.map(|t| (t.sport, t.dport));
    let tcp_or_udp = |tcp, udp| match transport?.kind {
        TransportKind::Tcp => Some(tcp),
        TransportKind::Udp => Some(udp),
    };
    let enabled = |t: &HashType| types.has(*t);
    match net.addresses {
        Addresses::V4 { src, dst } => {
            if let Some(t) = tcp_or_udp(HashType::TcpIpv4, HashType::UdpIpv4).filter(enabled) {
                return Some((t, Input::new(src, dst, ports)));
            }
            Some(HashType::Ipv4).filter(enabled).map(|t| (t, Input::new(src, dst, None)))
        }
        Addresses::V6 { src, dst, home, routing } => {
            let (ex_src, ex_dst) = (home.unwrap_or(src), routing.unwrap_or(dst));
            if let Some(t) = tcp_or_udp(HashType::TcpIpv6Ex, HashType::UdpIpv6Ex).filter(enabled) {
                return Some((t, Input::new(ex_src, ex_dst, ports)));
            }
            if let Some(t) = tcp_or_udp(HashType::TcpIpv6, HashType::UdpIpv6).filter(enabled) {
                return Some((t, Input::new(src, dst, ports)));
            }
            if let Some(t) = Some(HashType::Ipv6Ex).filter(enabled) {
                return Some((t, Input::new(ex_src, ex_dst, None)));
            }
            Some(HashType::Ipv6).filter(enabled).map(|t| (t, Input::new(src, dst, None)))
        }
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
        Ok(Self { toeplitz, types, table, default_queue, index })
    }

    /// Parses a frame and steers it.
    #[must_use]
    pub fn classify(&self, frame: &[u8], link: LinkType) -> Verdict {
        let mut headers = Headers::default();
        packet::fill(frame, link, &mut headers);
        self.steer(&headers)
    }

    /// Steers a packet with these headers.
    #[must_use]
    pub fn steer(&self, headers: &Headers) -> Verdict {
        let Some((hash_type, input)) = hash_input(headers, self.types) else {
            return Verdict { hash_type: None, hash: None, entry: None, queue: self.default_queue };
        };
        let hash = self.toeplitz.hash(input.bytes());
        let entry = self.entry(hash);
        let queue = self.table.get(entry.index()).copied().unwrap_or(self.default_queue);
        Verdict { hash_type: Some(hash_type), hash: Some(hash), entry: Some(entry), queue }
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
