//! Capture files written by the test, field by field, and what a reader must find in them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rssmgr_core::packet::LinkType;
use rssmgr_host::capture::{Capture, CaptureError};

/// A packet as the reader reports it, with its data owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) time_ns: Option<u64>,
    pub(crate) link: LinkType,
    pub(crate) data: Vec<u8>,
    pub(crate) original_len: u32,
}

/// A file, the packets in it, and where the record of each one starts and ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    pub(crate) packets: Vec<Packet>,
    pub(crate) ends: Vec<usize>,
    /// Offsets at which a file may end: behind the header, records and other blocks.
    pub(crate) boundaries: Vec<usize>,
}

/// All packets up to the end or the first error.
pub(crate) fn read(bytes: &[u8]) -> (Vec<Packet>, Option<CaptureError>) {
    let mut packets = Vec::new();
    let mut capture = match Capture::new(bytes) {
        Ok(capture) => capture,
        Err(error) => return (packets, Some(error)),
    };
    loop {
        match capture.next_record() {
            Ok(Some(record)) => {
                packets.push(Packet {
                    time_ns: record.time_ns,
                    link: record.link,
                    data: record.data.to_vec(),
                    original_len: record.original_len,
                });
                assert_eq!(usize::try_from(record.packet), Ok(packets.len()));
            }
            Ok(None) => return (packets, None),
            Err(error) => return (packets, Some(error)),
        }
    }
}

pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) big_endian: bool,
}

impl Writer {
    pub(crate) fn u16(&mut self, x: u16) {
        self.bytes.extend(if self.big_endian { x.to_be_bytes() } else { x.to_le_bytes() });
    }

    pub(crate) fn u32(&mut self, x: u32) {
        self.bytes.extend(if self.big_endian { x.to_be_bytes() } else { x.to_le_bytes() });
    }

    /// A pcapng block with this body, which is padded.
    pub(crate) fn block(&mut self, kind: u32, body: impl FnOnce(&mut Self)) {
        let mut inner = Self { bytes: Vec::new(), big_endian: self.big_endian };
        body(&mut inner);
        inner.bytes.resize(inner.bytes.len().next_multiple_of(4), 0);
        let len = u32::try_from(inner.bytes.len() + 12).unwrap();
        self.u32(kind);
        self.u32(len);
        self.bytes.extend(inner.bytes);
        self.u32(len);
    }

    /// A pcapng option, padded.
    pub(crate) fn option(&mut self, code: u16, value: &[u8]) {
        self.u16(code);
        self.u16(u16::try_from(value.len()).unwrap());
        self.bytes.extend(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    pub(crate) fn section(&mut self) {
        self.block(0x0a0d_0d0a, |w| {
            w.u32(0x1a2b_3c4d);
            w.u16(1);
            w.u16(0);
            w.bytes.extend([0xff; 8]);
            w.option(4, b"test");
            w.option(0, &[]);
        });
    }
}

fn len(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap()
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

/// Link types with one of the numbers that files have for them.
fn links() -> impl Strategy<Value = (u16, LinkType)> {
    select(vec![
        (1, LinkType::Ethernet),
        (12, LinkType::RawIp),
        (14, LinkType::RawIp),
        (101, LinkType::RawIp),
        (228, LinkType::RawIp),
        (229, LinkType::RawIp),
        (113, LinkType::LinuxSll),
        (276, LinkType::LinuxSll2),
        (0, LinkType::Null),
        (108, LinkType::Null),
    ])
}

/// The magic number, whether in nanoseconds, and bytes at the end of each packet header.
type Variant = (u32, u32, usize);

/// Classic files in both byte orders and resolutions, and the variant with long packet headers (little-endian only).
pub(crate) fn pcap_files() -> impl Strategy<Value = Written> {
    let variants: Vec<(bool, Variant)> = vec![
        (false, (0xa1b2_c3d4, 1000, 0)),
        (true, (0xa1b2_c3d4, 1000, 0)),
        (false, (0xa1b2_3c4d, 1, 0)),
        (true, (0xa1b2_3c4d, 1, 0)),
        (false, (0xa1b2_cd34, 1000, 8)),
    ];
    let packet = (any::<u32>(), 0_u32..1_000_000, data(), 0_u32..2000);
    (select(variants), links(), any::<bool>(), vec(packet, 0..6)).prop_map(
        |((big_endian, (magic, unit, more)), (number, link), fcs, packets)| {
            let mut w = Writer { bytes: Vec::new(), big_endian };
            w.u32(magic);
            w.u16(2);
            w.u16(4);
            w.u32(0);
            w.u32(0);
            w.u32(65_535);
            // Above the number: that frames have a check sequence of four bytes.
            w.u32(u32::from(number) | if fcs { 0x4400_0000 } else { 0 });
            let mut written = Written { boundaries: vec![w.bytes.len()], ..Written::default() };
            for (seconds, fraction, data, cut) in packets {
                let original_len = len(&data) + cut;
                for field in [seconds, fraction, len(&data), original_len] {
                    w.u32(field);
                }
                w.bytes.extend(vec![0; more]);
                w.bytes.extend(&data);
                let time_ns = Some(u64::from(seconds) * 1_000_000_000 + u64::from(fraction * unit));
                written.packets.push(Packet { time_ns, link, data, original_len });
                written.ends.push(w.bytes.len());
            }
            written.boundaries.extend(&written.ends);
            Written { bytes: w.bytes, ..written }
        },
    )
}

/// An interface: link type, snap length, unit of time and offset in seconds.
#[derive(Clone, Debug)]
struct Interface {
    link: (u16, LinkType),
    snaplen: u32,
    resolution: Option<u8>,
    offset_s: Option<i64>,
}

#[derive(Clone, Debug)]
enum Block {
    Interface(Interface),
    Enhanced {
        interface: prop::sample::Index,
        ticks: u64,
        data: Vec<u8>,
        cut: u32,
        comment: bool,
    },
    Obsolete {
        interface: prop::sample::Index,
        ticks: u64,
        data: Vec<u8>,
        cut: u32,
    },
    Simple {
        data: Vec<u8>,
    },
    /// Name resolution, statistics, custom, or something of the future.
    Other {
        kind: u32,
        body: Vec<u8>,
    },
}

fn interface() -> impl Strategy<Value = Interface> {
    // 6 is the default; 0x8a stands for 1/1024 s.
    let resolution = proptest::option::of(select(vec![0_u8, 3, 6, 9, 12, 0x80, 0x8a]));
    let offset = proptest::option::of(-1000_i64..2_000_000_000);
    (links(), select(vec![0_u32, 10, 65_535]), resolution, offset)
        .prop_map(|(link, snaplen, resolution, offset_s)| Interface { link, snaplen, resolution, offset_s })
}

fn block() -> impl Strategy<Value = Block> {
    let other = select(vec![4_u32, 5, 0xbad, 0x7fff_ffff]);
    prop_oneof![
        1 => interface().prop_map(Block::Interface),
        3 => (any::<prop::sample::Index>(), 0..u64::MAX >> 8, data(), 0_u32..2000, any::<bool>()).prop_map(
            |(interface, ticks, data, cut, comment)| Block::Enhanced { interface, ticks, data, cut, comment }
        ),
        1 => (any::<prop::sample::Index>(), 0..u64::MAX >> 8, data(), 0_u32..2000)
            .prop_map(|(interface, ticks, data, cut)| Block::Obsolete { interface, ticks, data, cut }),
        1 => data().prop_map(|data| Block::Simple { data }),
        1 => (other, data()).prop_map(|(kind, body)| Block::Other { kind, body }),
    ]
}

/// Files of several sections in their own byte orders, with several interfaces each.
pub(crate) fn pcapng_files() -> impl Strategy<Value = Written> {
    let section = (any::<bool>(), interface(), vec(block(), 0..8));
    vec(section, 1..3).prop_map(|sections| {
        let mut written = Written::default();
        let mut w = Writer { bytes: Vec::new(), big_endian: false };
        for (big_endian, first, blocks) in sections {
            w.big_endian = big_endian;
            w.section();
            written.boundaries.push(w.bytes.len());
            let mut interfaces = Vec::new();
            for block in std::iter::once(Block::Interface(first)).chain(blocks) {
                if let Some(packet) = write_block(&mut w, &mut interfaces, block) {
                    written.packets.push(packet);
                    written.ends.push(w.bytes.len());
                }
                written.boundaries.push(w.bytes.len());
            }
        }
        Written { bytes: w.bytes, ..written }
    })
}

fn write_block(w: &mut Writer, interfaces: &mut Vec<Interface>, block: Block) -> Option<Packet> {
    match block {
        Block::Interface(interface) => {
            w.block(1, |w| {
                w.u16(interface.link.0);
                w.u16(0);
                w.u32(interface.snaplen);
                w.option(2, b"eth0");
                if let Some(resolution) = interface.resolution {
                    w.option(9, &[resolution]);
                }
                if let Some(s) = interface.offset_s {
                    w.option(14, &if w.big_endian { s.to_be_bytes() } else { s.to_le_bytes() });
                }
                w.option(0, &[]);
            });
            interfaces.push(interface);
            None
        }
        Block::Enhanced { interface, ticks, data, cut, comment } => {
            let at = interface.index(interfaces.len());
            let original_len = len(&data) + cut;
            w.block(6, |w| {
                w.u32(u32::try_from(at).unwrap());
                packet_fields(w, ticks, &data, original_len);
                if comment {
                    w.option(1, b"a comment");
                    w.option(0, &[]);
                }
            });
            Some(packet(&interfaces[at], ticks, data, original_len))
        }
        Block::Obsolete { interface, ticks, data, cut } => {
            let at = interface.index(interfaces.len());
            let original_len = len(&data) + cut;
            w.block(2, |w| {
                w.u16(u16::try_from(at).unwrap());
                w.u16(0xffff);
                packet_fields(w, ticks, &data, original_len);
            });
            Some(packet(&interfaces[at], ticks, data, original_len))
        }
        Block::Simple { mut data } => {
            let original_len = len(&data);
            let Interface { link, snaplen, .. } = interfaces[0];
            if snaplen > 0 {
                data.truncate(usize::try_from(snaplen).unwrap());
            }
            w.block(3, |w| {
                w.u32(original_len);
                w.bytes.extend(&data);
            });
            Some(Packet { time_ns: None, link: link.1, data, original_len })
        }
        Block::Other { kind, body } => {
            w.block(kind, |w| w.bytes.extend(body));
            None
        }
    }
}

fn packet_fields(w: &mut Writer, ticks: u64, data: &[u8], original_len: u32) {
    w.u32(u32::try_from(ticks >> 32).unwrap());
    w.u32(u32::try_from(ticks & 0xffff_ffff).unwrap());
    w.u32(len(data));
    w.u32(original_len);
    w.bytes.extend(data);
    w.bytes.resize(w.bytes.len().next_multiple_of(4), 0);
}

fn packet(interface: &Interface, ticks: u64, data: Vec<u8>, original_len: u32) -> Packet {
    let ticks = i128::from(ticks);
    let ns = match interface.resolution.unwrap_or(6) {
        0 | 0x80 => ticks * 1_000_000_000,
        3 => ticks * 1_000_000,
        6 => ticks * 1000,
        9 => ticks,
        12 => ticks / 1000,
        _ => ticks * 1_000_000_000 / 1024,
    };
    let ns = ns + i128::from(interface.offset_s.unwrap_or(0)) * 1_000_000_000;
    Packet { time_ns: u64::try_from(ns).ok(), link: interface.link.1, data, original_len }
}
