//! Archives in the format that the kernel unpacks its first file system from ("newc", see the kernel's
//! Documentation/driver-api/early-userspace/buffer-format.rst). Several of them may follow each other in one file; a
//! later file of the same name replaces an earlier one.

use anyhow::{Context as _, Result};
use std::collections::BTreeSet;

/// An archive in the making. Paths are absolute; the folders above them are added as needed.
#[derive(Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    folders: BTreeSet<String>,
    entries: u32,
}

const FOLDER: u32 = 0o04_0755;
const LINK: u32 = 0o12_0777;
const PLAIN: u32 = 0o10_0000;
const CHARACTER_DEVICE: u32 = 0o02_0600;

impl Archive {
    pub(crate) fn folder(&mut self, path: &str) -> Result<()> {
        let mut above: Vec<&str> = Vec::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            above.push(part);
            let path = above.join("/");
            if self.folders.insert(path.clone()) {
                self.entry(&path, FOLDER, (0, 0), &[])?;
            }
        }
        Ok(())
    }

    pub(crate) fn file(&mut self, path: &str, permissions: u32, content: &[u8]) -> Result<()> {
        self.below_folder(path, PLAIN | permissions, (0, 0), content)
    }

    pub(crate) fn link(&mut self, path: &str, target: &str) -> Result<()> {
        self.below_folder(path, LINK, (0, 0), target.as_bytes())
    }

    pub(crate) fn character_device(&mut self, path: &str, number: (u32, u32)) -> Result<()> {
        self.below_folder(path, CHARACTER_DEVICE, number, &[])
    }

    /// The whole archive.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>> {
        self.entry("TRAILER!!!", 0, (0, 0), &[])?;
        Ok(self.bytes)
    }

    fn below_folder(&mut self, path: &str, mode: u32, device: (u32, u32), content: &[u8]) -> Result<()> {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.folder(folder)?;
        }
        self.entry(path.trim_start_matches('/'), mode, device, content)
    }

    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) -> Result<()> {
        self.entries += 1;
        let size =
            u32::try_from(content.len()).with_context(|| format!("{name} is too large for an archive"))?;
        let name_size = u32::try_from(name.len() + 1)?;
        let (owner, group, links, time, checksum) = (0, 0, 1, 0, 0);
        let (major, minor) = (0, 0);
        let fields = [
            self.entries,
            mode,
            owner,
            group,
            links,
            time,
            size,
            major,
            minor,
            device.0,
            device.1,
            name_size,
            checksum,
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
        Ok(())
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_laid_out_as_the_format_says() {
        let mut archive = Archive::default();
        archive.file("/a/b", 0o755, b"hello").unwrap();
        archive.link("/a/c", "b").unwrap();
        let bytes = archive.finish().unwrap();
        // The folder: 110 bytes of header, the name `a` with its NUL, no content.
        assert!(bytes.starts_with(b"07070100000001000041ed"), "{:?}", String::from_utf8_lossy(&bytes[..110]));
        assert_eq!(&bytes[110..112], b"a\0");
        // The file: its header says 5 bytes and a name of 4 with the NUL; both are padded to 4.
        let file = &bytes[112..];
        assert_eq!(&file[54..62], b"00000005");
        assert_eq!(&file[94..102], b"00000004");
        assert_eq!(&file[110..114], b"a/b\0");
        assert_eq!(&file[116..124], b"hello\0\0\0");
        assert_eq!(&file[124..130], b"070701", "the folder is not repeated");
        assert_eq!(bytes.len() % 4, 0);
        assert!(bytes.windows(10).any(|w| w == b"TRAILER!!!"));
    }
}
