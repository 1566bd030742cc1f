//! The next-generation format: sections of blocks, each section in its own byte order, with interfaces that packets
//! refer to. See <https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/draft-ietf-opsawg-pcapng.html>.

use super::source::{Part, Source, room, u32_at};
use super::{CaptureError, Found, MAX_PACKET};
use pcap_parser::OptionCode;
use pcap_parser::pcapng::{
    InterfaceDescriptionBlock, parse_enhancedpacketblock_be, parse_enhancedpacketblock_le,
    parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le, parse_simplepacketblock_be,
    parse_simplepacketblock_le,
};
use std::io::Read;

/// The type of a section header block, the same in both byte orders.
pub(super) const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Types of the blocks that matter; all others are skipped.
mod block {
    pub(super) const INTERFACE: u32 = 1;
    /// Obsolete since 2004, but files with it exist.
    pub(super) const PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const ENHANCED_PACKET: u32 = 6;
}

/// The longest block that is read into memory: a packet of [`MAX_PACKET`] and its options.
const MAX_BLOCK: u32 = MAX_PACKET + (1 << 17);

/// The most interfaces of one section, so that a file of nothing else stays small in memory.
const MAX_INTERFACES: usize = 1 << 16;

/// A pcapng file after its first section header.
#[derive(Debug)]
pub(super) struct PcapNg {
    big_endian: bool,
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u16,
    /// The longest that packets were captured, in bytes; 0 for no limit.
    snaplen: u32,
    /// Unit of the timestamps: 10^-n seconds, or 2^-n with the highest bit set.
    resolution: u8,
    /// Added to the timestamps, in seconds.
    offset_s: i64,
}

impl PcapNg {
    /// Reads the rest of the first section header, whose type is already read.
    pub(super) fn start<R: Read>(source: &mut Source<R>) -> Result<Self, CaptureError> {
        let mut file = Self { big_endian: false, interfaces: Vec::new() };
        file.section(source, 0, 1)?;
        Ok(file)
    }

    /// Reads blocks up to the next packet, whose block is then in `buffer`.
    pub(super) fn next<R: Read>(
        &mut self,
        source: &mut Source<R>,
        buffer: &mut Vec<u8>,
        packet: u64,
    ) -> Result<Option<Found>, CaptureError> {
        loop {
            let offset = source.offset();
            let mut kind = [0; 4];
            let part = Part { what: "a block", packet, offset, need: 12 };
            match source.fill(&mut kind)? {
                0 => return Ok(None),
                4 => {}
                _ => return Err(source.cut(part)),
            }
            if kind == SECTION_HEADER {
                self.section(source, offset, packet)?;
                continue;
            }
            let mut len_field = [0; 4];
            source.fill_all(&mut len_field, part)?;
            let len = u32_at(&len_field, 0, self.big_endian);
            let part = Part { need: len.into(), ..part };
            check_len(len, 12, part)?;
            let kind_number = u32_at(&kind, 0, self.big_endian);
            if !matches!(
                kind_number,
                block::INTERFACE | block::PACKET | block::SIMPLE_PACKET | block::ENHANCED_PACKET
            ) {
                source.skip(u64::from(len) - 12, part)?;
                self.end(source, len, part)?;
                continue;
            }
            if len > MAX_BLOCK {
                return Err(too_long("a block", len, MAX_BLOCK, part));
            }
            let block = room(buffer, usize::try_from(len).unwrap_or(0));
            let (head, body) = block.split_at_mut(8);
            let (kind_room, len_room) = head.split_at_mut(4);
            kind_room.copy_from_slice(&kind);
            len_room.copy_from_slice(&len_field);
            source.fill_all(body, part)?;
            if body.last_chunk() != Some(&len_field) {
                return Err(corrupt("the two lengths of a block differ", part));
            }
            let found = match kind_number {
                block::INTERFACE => {
                    self.interface(block, part)?;
                    continue;
                }
                block::PACKET => self.packet(block, part)?,
                block::SIMPLE_PACKET => self.simple_packet(block, part)?,
                _ => self.enhanced_packet(block, part)?,
            };
            return Ok(Some(found));
        }
    }

    /// Reads a section header behind its type: it sets the byte order and forgets the interfaces.
    fn section<R: Read>(
        &mut self,
        source: &mut Source<R>,
        offset: u64,
        packet: u64,
    ) -> Result<(), CaptureError> {
        // Length, byte-order magic, version, length of the section (which need not be known).
        let mut fixed = [0; 20];
        let part = Part { what: "a section header", packet, offset, need: 28 };
        source.fill_all(&mut fixed, part)?;
        self.big_endian = match u32_at(&fixed, 4, false) {
            0x1a2b_3c4d => false,
            0x4d3c_2b1a => true,
            _ => return Err(corrupt("a section header without byte-order magic", part)),
        };
        let len = u32_at(&fixed, 0, self.big_endian);
        let part = Part { need: len.into(), ..part };
        check_len(len, 28, part)?;
        let major = if self.big_endian { [fixed[8], fixed[9]] } else { [fixed[9], fixed[8]] };
        if major != [0, 1] {
            return Err(corrupt("a section whose format version is not 1", part));
        }
        source.skip(u64::from(len) - 28, part)?;
        self.end(source, len, part)?;
        self.interfaces.clear();
        Ok(())
    }

    /// Reads the length at the end of a block, which must repeat that at its start.
    fn end<R: Read>(&self, source: &mut Source<R>, len: u32, part: Part) -> Result<(), CaptureError> {
        let mut again = [0; 4];
        source.fill_all(&mut again, part)?;
        if u32_at(&again, 0, self.big_endian) == len {
            Ok(())
        } else {
            Err(corrupt("the two lengths of a block differ", part))
        }
    }

    fn interface(&mut self, block: &[u8], part: Part) -> Result<(), CaptureError> {
        let parse = if self.big_endian {
            parse_interfacedescriptionblock_be
        } else {
            parse_interfacedescriptionblock_le
        };
        let Ok((_, description)) = parse(block) else {
            return Err(corrupt("an interface description that does not fit its block", part));
        };
        if self.interfaces.len() >= MAX_INTERFACES {
            return Err(corrupt("a section with more than 65536 interfaces", part));
        }
        self.interfaces.push(Interface {
            link: u16::try_from(description.linktype.0).unwrap_or(u16::MAX),
            snaplen: description.snaplen,
            resolution: description.if_tsresol,
            offset_s: self.offset_s(&description),
        });
        Ok(())
    }

    /// The time offset of an interface: pcap-parser reads it as little-endian in every section.
    fn offset_s(&self, description: &InterfaceDescriptionBlock<'_>) -> i64 {
        let option = description.options.iter().find(|option| option.code == OptionCode::IfTsoffset);
        let field = option.and_then(|option| option.value().first_chunk::<8>().copied()).unwrap_or_default();
        if self.big_endian { i64::from_be_bytes(field) } else { i64::from_le_bytes(field) }
    }

    fn enhanced_packet(&self, block: &[u8], part: Part) -> Result<Found, CaptureError> {
        let parse = if self.big_endian { parse_enhancedpacketblock_be } else { parse_enhancedpacketblock_le };
        let Ok((_, fields)) = parse(block) else {
            return Err(corrupt("a packet that does not fit its block", part));
        };
        let ticks = u64::from(fields.ts_high) << 32 | u64::from(fields.ts_low);
        self.timed(fields.if_id, ticks, fields.caplen, fields.origlen, part)
    }

    /// The obsolete packet block: as the enhanced one, but for an interface number of 16 bits and a drop count.
    fn packet(&self, block: &[u8], part: Part) -> Result<Found, CaptureError> {
        check_len(u32::try_from(block.len()).unwrap_or(0), 32, part)?;
        let field = |at| u32_at(block, at, self.big_endian);
        let interface = if self.big_endian { field(8) >> 16 } else { field(8) & 0xffff };
        let captured = field(20);
        if usize::try_from(captured).map_or(true, |captured| captured > block.len() - 32) {
            return Err(corrupt("a packet that does not fit its block", part));
        }
        let ticks = u64::from(field(12)) << 32 | u64::from(field(16));
        self.timed(interface, ticks, captured, field(24), part)
    }

    /// A packet whose data starts at byte 28 of its block.
    fn timed(
        &self,
        interface: u32,
        ticks: u64,
        captured: u32,
        original_len: u32,
        part: Part,
    ) -> Result<Found, CaptureError> {
        if captured > MAX_PACKET {
            return Err(too_long("a packet", captured, MAX_PACKET, part));
        }
        let interface = self.described(interface, part)?;
        let time_ns = nanoseconds(ticks, interface.resolution, interface.offset_s);
        let end = 28 + usize::try_from(captured).unwrap_or(0);
        Ok(Found { time_ns, link: interface.link, data: 28..end, original_len })
    }

    /// A packet without time on the first interface, cut to that one's snap length.
    fn simple_packet(&self, block: &[u8], part: Part) -> Result<Found, CaptureError> {
        let parse = if self.big_endian { parse_simplepacketblock_be } else { parse_simplepacketblock_le };
        let Ok((_, fields)) = parse(block) else {
            return Err(corrupt("a packet that does not fit its block", part));
        };
        let interface = self.described(0, part)?;
        let limit = if interface.snaplen == 0 { u32::MAX } else { interface.snaplen };
        let captured = usize::try_from(fields.origlen.min(limit)).unwrap_or(usize::MAX);
        if captured > fields.data.len() {
            return Err(corrupt("a packet that does not fit its block", part));
        }
        let data = 12..12 + captured;
        Ok(Found { time_ns: None, link: interface.link, data, original_len: fields.origlen })
    }

    fn described(&self, interface: u32, part: Part) -> Result<Interface, CaptureError> {
        usize::try_from(interface)
            .ok()
            .and_then(|interface| self.interfaces.get(interface).copied())
            .ok_or_else(|| corrupt("a packet of an interface that the section has not described", part))
    }
}

fn check_len(len: u32, least: u32, part: Part) -> Result<(), CaptureError> {
    if len < least {
        Err(corrupt("a block that is shorter than its header", part))
    } else if !len.is_multiple_of(4) {
        Err(corrupt("a block whose length is not a multiple of 4", part))
    } else {
        Ok(())
    }
}

fn too_long(what: &'static str, len: u32, limit: u32, part: Part) -> CaptureError {
    CaptureError::TooLong { what, packet: part.packet, offset: part.offset, len: len.into(), limit }
}

fn corrupt(what: &'static str, part: Part) -> CaptureError {
    CaptureError::Corrupt { what, packet: part.packet, offset: part.offset }
}

/// A timestamp in nanoseconds since 1970; `None` when that is no 64-bit number.
fn nanoseconds(ticks: u64, resolution: u8, offset_s: i64) -> Option<u64> {
    let power = u32::from(resolution & 0x7f);
    let per_second = if resolution & 0x80 == 0 { 10_u128.checked_pow(power) } else { Some(1 << power) };
    // Beyond 10^38 units to the second, 64 bits of them are less than a nanosecond.
    let ns = per_second.map_or(0, |per_second| u128::from(ticks) * 1_000_000_000 / per_second);
    let ns = i128::try_from(ns).ok()? + i128::from(offset_s) * 1_000_000_000;
    u64::try_from(ns).ok()
}
