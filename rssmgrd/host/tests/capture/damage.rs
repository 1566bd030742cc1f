//! Files that are cut, damaged, hostile, or no captures.

use crate::files::{Writer, Written, pcap_files, pcapng_files, read};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rssmgr_host::capture::{Capture, CaptureError};
use std::io::{self, Read};

/// Cuts at every byte: first all packets that are whole, then a clean end exactly at the boundaries, and elsewhere an
/// error that names the packet and where it starts.
fn cut_everywhere(written: &Written) -> Result<(), TestCaseError> {
    for len in 0..written.bytes.len() {
        let (packets, error) = read(&written.bytes[..len]);
        let whole = written.ends.iter().filter(|end| **end <= len).count();
        prop_assert_eq!(&packets, &written.packets[..whole], "cut at {}", len);
        match error {
            None => prop_assert!(written.boundaries.contains(&len), "cut at {}", len),
            Some(CaptureError::Empty) => prop_assert_eq!(len, 0),
            Some(CaptureError::NotACapture { .. }) => prop_assert!(len < 4),
            Some(CaptureError::Truncated { packet, offset, need, got, .. }) => {
                prop_assert!(!written.boundaries.contains(&len), "cut at {}", len);
                let start = written.boundaries.iter().filter(|b| **b <= len).max().copied().unwrap_or(0);
                prop_assert_eq!(usize::try_from(packet), Ok(whole + 1));
                prop_assert_eq!(usize::try_from(offset), Ok(start));
                prop_assert_eq!(usize::try_from(got), Ok(len - start));
                prop_assert!(need > got);
            }
            Some(other) => prop_assert!(false, "cut at {}: {:?}", len, other),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn cut_pcap_files(written in pcap_files()) {
        cut_everywhere(&written)?;
    }

    #[test]
    fn cut_pcapng_files(written in pcapng_files()) {
        cut_everywhere(&written)?;
    }

    #[test]
    fn damaged_files_never_panic(
        written in prop_oneof![pcap_files(), pcapng_files()],
        hits in vec((any::<Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = written.bytes;
        let mut first = bytes.len();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            first = first.min(at);
        }
        // What is before the damage is not affected by it.
        let before = written.ends.iter().filter(|end| **end <= first).count();
        let (packets, _) = read(&bytes);
        prop_assert!(packets.len() >= before);
        prop_assert_eq!(&packets[..before], &written.packets[..before]);
    }

    #[test]
    fn random_bytes_never_panic(magic in 0_usize..4, bytes in vec(any::<u8>(), 0..300)) {
        let start: [&[u8]; 4] = [
            &[],
            &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
            &[0x0a, 0x0d, 0x0d, 0x0a],
            &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0],
        ];
        let (packets, _) = read(&[start[magic], &bytes].concat());
        prop_assert!(packets.iter().map(|p| p.data.len()).sum::<usize>() <= bytes.len());
    }
}

/// The text of the first error, after `whole` packets.
#[track_caller]
fn error(bytes: &[u8], whole: usize) -> String {
    let (packets, error) = read(bytes);
    assert_eq!(packets.len(), whole);
    error.expect("an error").to_string()
}

#[track_caller]
fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{text}` does not say `{word}`");
    }
}

/// A pcap file of one link type with one packet of two bytes.
fn small(link: u32) -> Writer {
    let mut w = Writer { bytes: Vec::new(), big_endian: false };
    for field in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, link, 1, 0, 2, 2] {
        w.u32(field);
    }
    w.bytes.extend([1, 2]);
    w
}

#[test]
fn a_packet_that_claims_gigabytes() {
    let mut w = small(1);
    for field in [1, 0, 0x8000_0000, 60] {
        w.u32(field);
    }
    assert_says(&error(&w.bytes, 1), &["packet", "byte 42", "2147483648", "1048576", "packet 1 before it"]);

    // A pcapng packet that does so, and one whose length would wrap around.
    for claimed in [0x8000_0000, 0xffff_fffc] {
        let mut w = Writer { bytes: Vec::new(), big_endian: false };
        w.section();
        let offset = w.bytes.len();
        w.u32(6);
        w.u32(claimed);
        assert_says(
            &error(&w.bytes, 0),
            &[&format!("byte {offset}"), &claimed.to_string(), "no packet before"],
        );
    }
    // A block to be skipped costs only the time to read it.
    let mut w = Writer { bytes: Vec::new(), big_endian: false };
    w.section();
    w.u32(0xbad);
    w.u32(0xffff_fff0);
    assert_says(&error(&w.bytes, 0), &["cut short", "4294967280"]);
}

#[test]
fn damaged_pcapng_blocks() {
    let file = |damage: &dyn Fn(&mut Writer)| {
        let mut w = Writer { bytes: Vec::new(), big_endian: false };
        w.section();
        damage(&mut w);
        error(&w.bytes, 0)
    };
    assert_says(&file(&|w| w.block(6, |w| w.bytes.extend([0; 20]))), &["interface", "not described"]);
    assert_says(&file(&|w| w.block(3, |w| w.u32(0))), &["interface", "not described"]);
    let describe = |w: &mut Writer| w.block(1, |w| w.bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]));
    let packet = |len: u32| {
        file(&move |w| {
            describe(w);
            w.block(6, |w| {
                for field in [0, 0, 0, len, len] {
                    w.u32(field);
                }
                w.bytes.extend([0; 8]);
            });
        })
    };
    assert_says(&packet(9), &["does not fit its block"]);
    assert_says(&packet(u32::MAX), &["does not fit its block"]);
    let simple = file(&|w| {
        describe(w);
        w.block(3, |w| w.u32(4));
    });
    assert_says(&simple, &["does not fit its block"]);
    let lengths = |first: u32, last: u32| {
        file(&move |w| {
            w.u32(0xbad);
            w.u32(first);
            w.u32(last);
        })
    };
    assert_says(&lengths(12, 16), &["lengths of a block differ"]);
    assert_says(&lengths(8, 8), &["shorter than its header"]);
    assert_says(&lengths(13, 13), &["multiple of 4"]);
    let mut w = Writer { bytes: Vec::new(), big_endian: false };
    w.section();
    w.bytes[12] = 2;
    assert_says(&error(&w.bytes, 0), &["version is not 1", "byte 0"]);
    w.bytes[8] = 0;
    assert_says(&error(&w.bytes, 0), &["byte-order magic"]);
}

#[test]
fn files_that_are_no_captures_or_not_for_us() {
    assert_says(&error(&[], 0), &["empty"]);
    assert_says(&error(b"hello world", 0), &["not a capture", "68 65 6c 6c", "editcap"]);
    assert_says(&error(&[0x1f, 0x8b, 8, 0, 0], 0), &["gzip", "zcat"]);
    assert_says(&error(&[0x28, 0xb5, 0x2f, 0xfd, 0], 0), &["zstd", "zstdcat"]);
    let wifi = error(&small(105).bytes, 0);
    assert_says(&wifi, &["link type 105 is", "Ethernet (1)", "101", "113", "276", "(0, 108)"]);
    let missing = Capture::open(std::path::Path::new("/nonexistent/x.pcap")).unwrap_err();
    assert_says(&missing.to_string(), &["/nonexistent/x.pcap"]);
}

/// Delivers the file byte by byte with interruptions, then fails.
struct Unsteady<'a>(&'a [u8], bool);

impl Read for Unsteady<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        match self.0 {
            _ if self.1 => Err(io::ErrorKind::Interrupted.into()),
            [] => Err(io::Error::other("disk on fire")),
            [byte, rest @ ..] => {
                room[0] = *byte;
                self.0 = rest;
                Ok(1)
            }
        }
    }
}

#[test]
fn an_unsteady_reader() {
    let bytes = small(1).bytes;
    let mut capture = Capture::new(Unsteady(&bytes, false)).unwrap();
    assert_eq!(capture.next_record().unwrap().unwrap().data, [1, 2]);
    assert_says(&capture.next_record().unwrap_err().to_string(), &["byte 42", "disk on fire"]);
    assert!(capture.next_record().unwrap().is_none(), "the reader ends after damage");
}
