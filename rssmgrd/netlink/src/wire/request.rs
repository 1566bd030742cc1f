//! Writing requests.

use super::attributes::NESTED;
use super::names::Names;
use super::{align, message};
use crate::Error;

const FLAG_REQUEST: u16 = 0x1;
const FLAG_ACK: u16 = 0x4;
const FLAG_DUMP: u16 = 0x300;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One answer or none, then an acknowledgement.
    Do,
    /// One answer or a refusal, and nothing behind it: a question that is asked again and again costs no third call.
    Get,
    /// Everything there is, in several messages.
    Dump,
}

/// A request that is being written, or was.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    /// Where the attributes begin.
    attributes: usize,
    /// The operation, as the kernel names it.
    pub(crate) operation: &'static str,
    /// The interface that it is about, in words; empty when it is about none.
    pub(crate) subject: String,
    pub(crate) names: &'static Names,
    pub(crate) kind: Kind,
    /// An attribute that does not fit: number and bytes.
    too_long: Option<(u16, usize)>,
}

impl Request {
    /// A request of message type `message_type` whose attributes stand behind `fixed`.
    pub(crate) fn new(
        operation: &'static str,
        kind: Kind,
        message_type: u16,
        fixed: &[u8],
        names: &'static Names,
    ) -> Self {
        let flags = FLAG_REQUEST
            | match kind {
                Kind::Do => FLAG_ACK,
                Kind::Get => 0,
                Kind::Dump => FLAG_DUMP,
            };
        let mut bytes = vec![0; 4];
        bytes.extend(message_type.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.resize(message::HEADER, 0);
        bytes.extend(fixed);
        bytes.resize(align(bytes.len()), 0);
        let attributes = bytes.len();
        Self { bytes, attributes, operation, subject: String::new(), names, kind, too_long: None }
    }

    /// The same about `subject`.
    pub(crate) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// An attribute of raw bytes.
    pub(crate) fn bytes(&mut self, number: u16, payload: &[u8]) {
        self.nest_as(number, |request| request.bytes.extend_from_slice(payload));
    }

    pub(crate) fn flag(&mut self, number: u16) {
        self.bytes(number, &[]);
    }

    pub(crate) fn u32(&mut self, number: u16, value: u32) {
        self.bytes(number, &value.to_ne_bytes());
    }

    /// The kernel's `uint`: 4 bytes where they suffice, else 8.
    pub(crate) fn uint(&mut self, number: u16, value: u64) {
        match u32::try_from(value) {
            Ok(small) => self.u32(number, small),
            Err(_) => self.bytes(number, &value.to_ne_bytes()),
        }
    }

    /// A binary array of 4-byte numbers.
    pub(crate) fn u32s(&mut self, number: u16, values: &[u32]) {
        self.nest_as(number, |request| {
            request.bytes.extend(values.iter().flat_map(|value| value.to_ne_bytes()));
        });
    }

    /// A string with its NUL.
    pub(crate) fn string(&mut self, number: u16, value: &str) {
        self.nest_as(number, |request| {
            request.bytes.extend_from_slice(value.as_bytes());
            request.bytes.push(0);
        });
    }

    /// An attribute that holds what `fill` writes.
    pub(crate) fn nest(&mut self, number: u16, fill: impl FnOnce(&mut Self)) {
        self.nest_as(number | NESTED, fill);
    }

    fn nest_as(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        let [t0, t1] = kind.to_ne_bytes();
        self.bytes.extend([0, 0, t0, t1]);
        fill(self);
        let length = self.bytes.len() - start;
        match u16::try_from(length) {
            Ok(fits) => self.bytes[start..start + 2].copy_from_slice(&fits.to_ne_bytes()),
            // The outermost one closes last: it is the one that `names` knows.
            Err(_) => self.too_long = Some((kind & !NESTED, length)),
        }
        self.bytes.resize(align(self.bytes.len()), 0);
    }

    /// The bytes to send under `sequence`.
    pub(crate) fn finish(&self, sequence: u32) -> Result<Vec<u8>, Error> {
        if let Some((number, got)) = self.too_long {
            return Err(Error::TooLong {
                operation: self.operation,
                attribute: self.names.name(number),
                got,
                max: usize::from(u16::MAX),
            });
        }
        let mut bytes = self.bytes.clone();
        let length = u32::try_from(bytes.len()).map_err(|_| Error::TooLong {
            operation: self.operation,
            attribute: "the whole message".to_owned(),
            got: bytes.len(),
            max: usize::try_from(u32::MAX).unwrap_or(usize::MAX),
        })?;
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        Ok(bytes)
    }

    /// Where in the request's bytes the attributes begin.
    pub(crate) fn attributes(&self) -> usize {
        self.attributes
    }
}
