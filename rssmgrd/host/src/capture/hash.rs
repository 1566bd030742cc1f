//! The hash of each packet of a capture, offline.

use super::{Capture, CaptureError};
use rssmgr_core::hash::HashType;
use rssmgr_core::packet::encap::Encapsulation;
use rssmgr_core::steer::{Steering, Verdict};
use rssmgr_core::{EntryIndex, QueueId};
use std::io::Read;

/// What steering makes of one packet of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashedPacket {
    /// Number of the packet in the file, from 1.
    pub packet: u64,
    /// The hash type; `None` for a packet that is not hashed, be it for its kind or because it cannot be parsed.
    pub hash_type: Option<HashType>,
    /// The hash.
    pub hash: Option<u32>,
    /// The entry of the indirection table.
    pub entry: Option<EntryIndex>,
    /// The queue; the default queue for a packet without a hash.
    pub queue: QueueId,
    /// How the packet is encapsulated; `None` for one that is not, or is not treated so.
    pub encapsulation: Option<Encapsulation>,
    /// Whether the hash is of the inner headers of an encapsulated packet.
    pub inner: bool,
}

impl HashedPacket {
    /// What a verdict says about a packet.
    #[must_use]
    pub const fn new(packet: u64, verdict: &Verdict) -> Self {
        let Verdict { hash_type, hash, entry, queue, layer } = *verdict;
        let (encapsulation, inner) = (layer.encapsulation(), layer.is_inner());
        Self { packet, hash_type, hash, entry, queue, encapsulation, inner }
    }
}

/// Steers every packet of a capture, one after the other, looking into encapsulated ones as `steering` does. Errors are
/// those of [`Capture::next_record`]; the iterator ends after damage.
pub fn hash_capture<R: Read>(
    capture: &mut Capture<R>,
    steering: &Steering,
) -> impl Iterator<Item = Result<HashedPacket, CaptureError>> {
    std::iter::from_fn(move || {
        let record = match capture.next_record() {
            Ok(record) => record?,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(HashedPacket::new(record.packet, &steering.classify(record.data, record.link))))
    })
}
