//! The classic format: a file header, then packets with a header of 16 bytes each.

use super::source::{Part, Source, room, u32_at};
use super::{CaptureError, Found, MAX_PACKET, link_type};
use pcap_parser::parse_pcap_header;
use std::io::Read;

/// Bytes of the file header.
const HEADER: usize = 24;

/// A pcap file after its header.
#[derive(Debug)]
pub(super) struct Pcap {
    big_endian: bool,
    /// Nanoseconds in one unit of the second time field.
    fraction_ns: u32,
    /// Bytes of a packet header: 16, or 24 in the variant that Kuznetzov's patched tcpdump wrote.
    record_header: usize,
    link: u16,
}

impl Pcap {
    /// Reads the rest of the file header; `None` if `magic` is not that of a pcap file.
    pub(super) fn start<R: Read>(
        source: &mut Source<R>,
        magic: [u8; 4],
    ) -> Result<Option<Self>, CaptureError> {
        // In either byte order; the last one is the variant with long packet headers, which pcap-parser knows in one.
        let known = [0xa1b2_c3d4_u32, 0xa1b2_3c4d, 0xd4c3_b2a1, 0x4d3c_b2a1, 0xa1b2_cd34];
        if !known.contains(&u32::from_le_bytes(magic)) {
            return Ok(None);
        }
        let part = Part { what: "the file header", packet: 1, offset: 0, need: 24 };
        let mut header = [0; HEADER];
        let (start, rest) = header.split_at_mut(magic.len());
        start.copy_from_slice(&magic);
        source.fill_all(rest, part)?;
        let Ok((_, header)) = parse_pcap_header(&header) else { return Ok(None) };
        let (major, minor) = (header.version_major, header.version_minor);
        if major != 2 {
            return Err(CaptureError::Version { major, minor });
        }
        // The upper half of the field tells of the frame check sequence.
        let [link @ .., _, _] = header.network.0.to_le_bytes();
        let number = u16::from_le_bytes(link);
        if link_type(number).is_none() {
            return Err(CaptureError::LinkType { number, packet: None });
        }
        Ok(Some(Self {
            big_endian: header.is_bigendian(),
            fraction_ns: if header.is_nanosecond_precision() { 1 } else { 1000 },
            record_header: if header.is_modified_format() { 24 } else { 16 },
            link: number,
        }))
    }

    /// Reads the next packet into `buffer`.
    pub(super) fn next<R: Read>(
        &self,
        source: &mut Source<R>,
        buffer: &mut Vec<u8>,
        packet: u64,
    ) -> Result<Option<Found>, CaptureError> {
        let offset = source.offset();
        let mut header = [0; 24];
        let header = header.get_mut(..self.record_header).unwrap_or_default();
        let need = u64::try_from(header.len()).unwrap_or(0);
        match source.fill(header)? {
            0 => return Ok(None),
            got if got < header.len() => {
                return Err(source.cut(Part { what: "a packet header", packet, offset, need }));
            }
            _ => {}
        }
        let field = |at| u32_at(header, at, self.big_endian);
        let (seconds, fraction, captured, original_len) = (field(0), field(4), field(8), field(12));
        if captured > MAX_PACKET {
            let (what, len) = ("a packet", captured.into());
            return Err(CaptureError::TooLong { what, packet, offset, len, limit: MAX_PACKET });
        }
        let len = usize::try_from(captured).unwrap_or(0);
        let part = Part { what: "a packet", packet, offset, need: need + u64::from(captured) };
        source.fill_all(room(buffer, len), part)?;
        let time_ns = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * u64::from(self.fraction_ns);
        Ok(Some(Found { time_ns: Some(time_ns), link: self.link, data: 0..len, original_len }))
    }
}
