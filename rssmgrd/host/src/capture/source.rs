//! Bytes with their offsets.

use super::CaptureError;
use std::io::{self, BufReader, Read};

/// A reader that knows where it is.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: BufReader<R>,
    offset: u64,
}

/// Something that is being read, for the error if it is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) what: &'static str,
    /// The packet that it belongs to, or that would come next.
    pub(super) packet: u64,
    /// Where it starts.
    pub(super) offset: u64,
    /// How long it is.
    pub(super) need: u64,
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader: BufReader::with_capacity(1 << 16, reader), offset: 0 }
    }

    /// Where the next byte comes from.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Fills `room` as far as the file goes; returns how far.
    pub(super) fn fill(&mut self, room: &mut [u8]) -> Result<usize, CaptureError> {
        let mut got = 0;
        while let Some(rest) = room.get_mut(got..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) => break,
                Ok(n) => {
                    got += n;
                    self.offset += u64::try_from(n).unwrap_or(0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(CaptureError::Read { offset: self.offset, source }),
            }
        }
        Ok(got)
    }

    /// Fills all of `room`, which ends within `part`.
    pub(super) fn fill_all(&mut self, room: &mut [u8], part: Part) -> Result<(), CaptureError> {
        if self.fill(room)? == room.len() { Ok(()) } else { Err(self.cut(part)) }
    }

    /// Goes `bytes` forward, which end within `part`.
    pub(super) fn skip(&mut self, bytes: u64, part: Part) -> Result<(), CaptureError> {
        let skipped = io::copy(&mut (&mut self.reader).take(bytes), &mut io::sink())
            .map_err(|source| CaptureError::Read { offset: self.offset, source })?;
        self.offset += skipped;
        if skipped == bytes { Ok(()) } else { Err(self.cut(part)) }
    }

    /// The error for a file that ends here, within `part`.
    pub(super) fn cut(&self, part: Part) -> CaptureError {
        let Part { what, packet, offset, need } = part;
        CaptureError::Truncated { what, packet, offset, need, got: self.offset.saturating_sub(offset) }
    }
}

/// The first `len` bytes of the buffer, which grows to hold them but never shrinks: the next packet is likely as long.
pub(super) fn room(buffer: &mut Vec<u8>, len: usize) -> &mut [u8] {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    buffer.get_mut(..len).unwrap_or_default()
}

/// A 32-bit field of a file in one byte order or the other; 0 where there are no four bytes.
pub(super) fn u32_at(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
    if big_endian { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) }
}
