//! Undamaged files.

use crate::files::{Packet, Writer, Written, pcap_files, pcapng_files, read};
use proptest::collection::vec;
use proptest::prelude::*;
use rssmgr_core::packet::LinkType;
use rssmgr_host::capture::{Capture, CaptureError, PcapWriter};
use std::io::ErrorKind;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn pcap_files_of_all_variants(Written { bytes, packets, .. } in pcap_files()) {
        let (read, error) = read(&bytes);
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(read, packets);
    }

    #[test]
    fn pcapng_files_with_sections_and_interfaces(Written { bytes, packets, .. } in pcapng_files()) {
        let (read, error) = read(&bytes);
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(read, packets);
    }

    #[test]
    fn what_the_writer_writes_is_read_again(
        link in proptest::sample::select(vec![
            LinkType::Ethernet, LinkType::RawIp, LinkType::LinuxSll, LinkType::LinuxSll2, LinkType::Null,
        ]),
        packets in vec((0..u64::from(u32::MAX) * 1_000_000_000, vec(any::<u8>(), 0..100), any::<u32>()), 0..8),
    ) {
        let mut writer = PcapWriter::new(Vec::new(), link).unwrap();
        let mut expected = Vec::new();
        for (time_ns, data, original_len) in packets {
            writer.write(time_ns, &data, original_len).unwrap();
            expected.push(Packet { time_ns: Some(time_ns), link, data, original_len });
        }
        let (read, error) = read(&writer.finish().unwrap());
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(read, expected);
    }
}

#[test]
fn the_writer_refuses_what_the_format_cannot_hold() {
    let mut writer = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap();
    let start = writer.write(u64::MAX, &[], 0).unwrap_err();
    assert_eq!(start.kind(), ErrorKind::InvalidInput);
    let long = writer.write(0, &vec![0; (1 << 20) + 1], 0).unwrap_err();
    assert_eq!(long.kind(), ErrorKind::InvalidInput);
    assert_eq!(writer.finish().unwrap().len(), 24, "nothing of a refused packet is written");
}

/// The file header says which format follows; a version that nobody has defined is not read as if it were 2.4.
#[test]
fn pcap_of_another_version_is_refused() {
    let whole = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap().finish().unwrap();
    for (major, minor, known) in
        [(2, 4, true), (2, 3, true), (3, 0, false), (0, 0, false), (0x0200, 4, false)]
    {
        let mut bytes = whole.clone();
        bytes[4..8].copy_from_slice(&[u16::to_le_bytes(major), u16::to_le_bytes(minor)].concat());
        match Capture::new(&bytes[..]) {
            Ok(_) => assert!(known, "{major}.{minor}"),
            Err(e) => {
                assert!(!known && e.to_string().contains(&format!("version {major}.{minor}")), "{e}");
            }
        }
    }
}

/// Packets of an interface that is not understood are errors of their own; those of other interfaces are read on.
#[test]
fn one_strange_interface_does_not_hide_the_others() {
    let mut w = Writer { bytes: Vec::new(), big_endian: false };
    w.section();
    for link in [1, 220] {
        w.block(1, |w| {
            w.u16(link);
            w.u16(0);
            w.u32(0);
        });
    }
    for interface in [0, 1, 0] {
        w.block(6, |w| {
            for field in [interface, 0, 0, 1, 1] {
                w.u32(field);
            }
            w.bytes.push(7);
        });
    }
    let mut capture = Capture::new(&w.bytes[..]).unwrap();
    assert_eq!(capture.next_record().unwrap().unwrap().packet, 1);
    let error = capture.next_record().unwrap_err();
    assert!(matches!(error, CaptureError::LinkType { number: 220, packet: Some(2) }), "{error:?}");
    assert_eq!(capture.next_record().unwrap().unwrap().packet, 3);
    assert!(capture.next_record().unwrap().is_none());
}

#[test]
fn resolutions_beyond_64_bits_are_exact() {
    // 2^34 ticks are a second of 2^-34 s, 1.7 ns of 10^-19 s, and nothing of the finest units.
    let second = 1_000_000_000;
    for (resolution, expected) in [(0x80 | 34_u8, second), (19, 1), (38, 0), (39, 0), (0xff, 0)] {
        let mut w = Writer { bytes: Vec::new(), big_endian: true };
        w.section();
        w.block(1, |w| {
            w.u16(1);
            w.u16(0);
            w.u32(0);
            w.option(9, &[resolution]);
        });
        w.block(6, |w| {
            for field in [0, 4, 0, 0, 0] {
                w.u32(field);
            }
        });
        let (packets, error) = read(&w.bytes);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(packets[0].time_ns, Some(expected), "resolution {resolution}");
    }
}
