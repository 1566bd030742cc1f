//! Packets of many kinds, and capture files of them, written byte by byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A small generator for tests (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// A well-formed Ethernet frame: IPv4 (sometimes with options or fragmented) or IPv6 (sometimes with extension
/// headers), TCP, UDP or something else, sometimes with VLAN tags; now and then an ARP request.
pub(crate) fn frame(random: &mut Random) -> Vec<u8> {
    let mut frame = vec![0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2];
    match random.below(16) {
        0 => frame[..6].fill(0xff),
        1 => frame[0] = 0x33,
        _ => {}
    }
    for _ in 0..random.below(8).saturating_sub(5) {
        frame.extend([0x81, 0x00, 0x00, 7]);
    }
    let (protocol, header) = match random.below(8) {
        0..=3 => (6, 20),
        4..=6 => (17, 8),
        _ => (47, 4),
    };
    let payload = usize::try_from(random.below(600)).unwrap();
    let mut segment = random.bytes(header + payload);
    // A TCP header of five words; the length of a UDP datagram.
    if protocol == 6 {
        segment[12] = 0x50;
    } else if protocol == 17 {
        let length = u16::try_from(segment.len()).unwrap().to_be_bytes();
        segment[4..6].copy_from_slice(&length);
    }
    match random.below(20) {
        0 => {
            frame.extend([0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1]);
            frame.extend(random.bytes(20));
        }
        1..=12 => {
            let options = 4 * usize::try_from(random.below(6).saturating_sub(3)).unwrap();
            let total = u16::try_from(20 + options + segment.len()).unwrap().to_be_bytes();
            let fragment: u16 = match random.below(10) {
                0 => 0x2000,
                1 => 0x2010,
                2 => 0x0020,
                _ => 0x4000,
            };
            let [f0, f1] = fragment.to_be_bytes();
            let words = u8::try_from(5 + options / 4).unwrap();
            frame.extend([0x08, 0x00, 0x40 | words, 0, total[0], total[1], 0, 1, f0, f1, 64, protocol, 0, 0]);
            // Few addresses, so that there are flows of several packets.
            frame.extend([10, 0, 0, u8::try_from(random.below(9)).unwrap(), 10, 0, 1, 1]);
            frame.extend(vec![1; options]);
            frame.extend(segment);
        }
        _ => {
            let mut extension = Vec::new();
            let mut next = protocol;
            if random.below(3) == 0 {
                extension = vec![next, 0, 1, 4, 0, 0, 0, 0];
                next = 60;
            }
            let length = u16::try_from(extension.len() + segment.len()).unwrap().to_be_bytes();
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, length[0], length[1], next, 64]);
            let host = u8::try_from(random.below(9)).unwrap();
            frame.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
            frame.extend([0xfd, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
            frame.extend(extension);
            frame.extend(segment);
        }
    }
    frame
}

/// A pcap file (microseconds, Ethernet) of these frames, a microsecond apart.
pub(crate) fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1] {
        file.extend(word.to_le_bytes());
    }
    for (i, frame) in (0_u32..).zip(frames) {
        let length = u32::try_from(frame.len()).unwrap();
        for word in [1_700_000_000, i, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// A file that is removed when dropped.
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    pub(crate) fn new(content: &[u8]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("softnic-{}-{}.pcap", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
