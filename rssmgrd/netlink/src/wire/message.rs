//! The messages of a datagram.

use super::{Malformed, Problem, align, head};

/// Bytes of the header.
pub(crate) const HEADER: usize = 16;

/// What is dumped changed while it was dumped.
pub(crate) const FLAG_DUMP_INTERRUPTED: u16 = 0x10;
/// In an acknowledgement: the request's payload is not echoed.
pub(crate) const FLAG_CAPPED: u16 = 0x100;
/// In an acknowledgement: attributes follow.
pub(crate) const FLAG_ACK_ATTRIBUTES: u16 = 0x200;

/// Message types below the families' own.
pub(crate) const TYPE_NOOP: u16 = 1;
pub(crate) const TYPE_ERROR: u16 = 2;
pub(crate) const TYPE_DONE: u16 = 3;
pub(crate) const TYPE_OVERRUN: u16 = 4;

/// One netlink message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The message type: below 16 netlink's own, else the family's.
    pub kind: u16,
    /// `NLM_F_*`.
    pub flags: u16,
    /// The number of the request that it answers; 0 in notifications.
    pub sequence: u32,
    /// The port of the socket that it answers; 0 in notifications.
    pub port: u32,
    /// What follows the header, without padding.
    pub payload: &'a [u8],
}

/// The messages in one datagram. Ends after the first malformed one, since nothing behind it can be found.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    /// Over the bytes of one datagram.
    #[must_use]
    pub fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }

    fn take(&mut self) -> Result<Message<'a>, Malformed> {
        let bytes = std::mem::take(&mut self.rest);
        let bad = |problem| Malformed { what: "message header", attribute: None, problem };
        let short = || bad(Problem::Short { got: bytes.len(), want: HEADER });
        let [l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, p0, p1, p2, p3] =
            head::<HEADER>(bytes).ok_or_else(short)?;
        let claimed = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let payload = bytes
            .get(HEADER..claimed)
            .ok_or_else(|| bad(Problem::Length { claimed, available: bytes.len() }))?;
        self.rest = bytes.get(align(claimed)..).unwrap_or_default();
        Ok(Message {
            kind: u16::from_ne_bytes([k0, k1]),
            flags: u16::from_ne_bytes([f0, f1]),
            sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
            port: u32::from_ne_bytes([p0, p1, p2, p3]),
            payload,
        })
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        (!self.rest.is_empty()).then(|| self.take())
    }
}
