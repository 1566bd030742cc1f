//! Frames: the store that a source fills before it starts, and what a NIC tells apart by the first header.

use rssmgr_core::packet::{Addresses, Headers, LinkType};

/// Header bytes that a worker looks at: two cache lines, enough for Ethernet, two VLAN tags, IPv6 and TCP.
pub(crate) const HEADER_BYTES: usize = 128;

/// Where a frame is in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// First byte.
    pub(crate) start: u32,
    /// Bytes that are stored.
    pub(crate) len: u32,
    /// Bytes on the wire.
    pub(crate) wire_len: u32,
    /// Its flow, for the order check.
    pub(crate) flow: u32,
    /// What its first header is.
    pub(crate) link: LinkType,
    /// Whether the host sends it.
    pub(crate) sent: bool,
}

/// Frames that never change once a source runs; shared by the port and all workers.
#[derive(Debug, Default)]
pub(crate) struct FrameStore {
    pub(crate) bytes: Vec<u8>,
    pub(crate) frames: Vec<Frame>,
}

impl FrameStore {
    /// Adds a frame; `false` when the store would pass 4 GiB.
    pub(crate) fn push(&mut self, data: &[u8], wire_len: u32, flow: u32, link: LinkType) -> bool {
        let start = u32::try_from(self.bytes.len());
        let (Ok(start), Ok(len)) = (start, u32::try_from(data.len())) else { return false };
        self.bytes.extend_from_slice(data);
        self.frames.push(Frame { start, len, wire_len, flow, link, sent: false });
        true
    }

    /// As [`FrameStore::push`], of a frame that the host sends.
    pub(crate) fn push_sent(&mut self, data: &[u8], wire_len: u32, flow: u32, link: LinkType) -> bool {
        let fits = self.push(data, wire_len, flow, link);
        if let Some(frame) = self.frames.last_mut().filter(|_| fits) {
            frame.sent = true;
        }
        fits
    }

    /// The stored bytes of a frame.
    pub(crate) fn data(&self, frame: &Frame) -> &[u8] {
        slice(&self.bytes, frame.start, frame.len)
    }

    /// A header.
    pub(crate) fn header(&self, start: u32, len: u8) -> &[u8] {
        slice(&self.bytes, start, u32::from(len))
    }

    /// Reads a header, as one number that depends on every bit.
    pub(crate) fn touch(&self, start: u32, len: u8) -> u64 {
        let (words, rest) = self.header(start, len).as_chunks::<8>();
        let rest = rest.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        words.iter().fold(rest, |sum, word| sum ^ u64::from_le_bytes(*word))
    }
}

fn slice(bytes: &[u8], start: u32, len: u32) -> &[u8] {
    let index = |x| usize::try_from(x).unwrap_or(usize::MAX);
    bytes.get(index(start)..).and_then(|rest| rest.get(..index(len))).unwrap_or_default()
}

/// For whom a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cast {
    Unicast,
    Multicast,
    Broadcast,
    /// Somebody else: the host sends it, and waits for its completion.
    Sent,
}

impl Cast {
    /// By the destination of the Ethernet header; without one, by that of the IP header.
    pub(crate) fn of(headers: &Headers) -> Self {
        match (headers.dst_mac, headers.net.as_ref().map(|net| &net.addresses)) {
            (Some([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), _)
            | (None, Some(Addresses::V4 { dst: [255, 255, 255, 255], .. })) => Self::Broadcast,
            (Some([first, ..]), _) if first & 1 == 1 => Self::Multicast,
            (None, Some(Addresses::V4 { dst: [224..=239, ..], .. }))
            | (None, Some(Addresses::V6 { dst: [0xff, ..], .. })) => Self::Multicast,
            _ => Self::Unicast,
        }
    }
}
