//! Writes classic pcap files with nanosecond timestamps.

use rssmgr_core::packet::LinkType;
use std::io::{self, Write};

/// A pcap file that is being written, in little-endian byte order. Give it a buffered writer.
#[derive(Debug)]
pub struct PcapWriter<W> {
    writer: W,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn new(mut writer: W, link: LinkType) -> io::Result<Self> {
        let link: u32 = match link {
            LinkType::Ethernet => 1,
            LinkType::RawIp => 101,
            LinkType::LinuxSll => 113,
            LinkType::LinuxSll2 => 276,
            LinkType::Null => 0,
        };
        // Magic for nanoseconds; version 2.4; no time zone, no accuracy; snap length; link type.
        for field in [0xa1b2_3c4d, 4 << 16 | 2, 0, 0, super::MAX_PACKET, link] {
            writer.write_all(&field.to_le_bytes())?;
        }
        Ok(Self { writer })
    }

    /// Writes one packet.
    ///
    /// # Errors
    /// What the writer returns; [`io::ErrorKind::InvalidInput`] for a packet above [`super::MAX_PACKET`] bytes or a time
    /// that the format cannot hold (after the year 2106).
    pub fn write(&mut self, time_ns: u64, data: &[u8], original_len: u32) -> io::Result<()> {
        let captured = u32::try_from(data.len()).ok().filter(|len| *len <= super::MAX_PACKET);
        let seconds = u32::try_from(time_ns / 1_000_000_000).ok();
        let fraction = u32::try_from(time_ns % 1_000_000_000).ok();
        let (Some(captured), Some(seconds), Some(fraction)) = (captured, seconds, fraction) else {
            let problem = format!(
                "a packet of {} bytes at {time_ns} ns does not fit a pcap file: at most {} bytes, before 2106",
                data.len(),
                super::MAX_PACKET
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        };
        for field in [seconds, fraction, captured, original_len] {
            self.writer.write_all(&field.to_le_bytes())?;
        }
        self.writer.write_all(data)
    }

    /// Flushes and returns the writer.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.flush()?;
        Ok(self.writer)
    }
}
