//! Files under the root of a machine, live or recorded.
//!
//! A recorded tree keeps the links of the machine that it came from, and may come from anybody. So links are followed
//! as `chroot` would: an absolute one starts at the tree's root, and `..` ends there.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use crate::error::HostError;

/// The most that is read of one file. The longest there is, a list of every second of 8,192 CPUs, takes 20 KiB.
const FILE_LIMIT: u64 = 64 * 1024;

/// Room for the first bytes of a file: from none at all the first reads would be of 32 bytes each.
const USUAL: usize = 4096;

/// Links followed for one path before it counts as a loop, as in the kernel (`MAXSYMLINKS`).
const MAX_LINKS: u32 = 40;

/// The root of a machine. Paths given to its methods are relative to it.
pub(crate) struct Root<'a> {
    prefix: &'a Path,
    /// The running machine: its links are the kernel's own, which needs no help to follow them.
    live: bool,
}

impl<'a> Root<'a> {
    pub(crate) fn new(prefix: &'a Path) -> Self {
        Self { prefix, live: prefix == Path::new("/") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.prefix.to_owned()
    }

    /// The content of a file; `None` when it is not there or is no regular file. Bytes that are not UTF-8 are replaced,
    /// and so end in an error where the content is read.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Result<Option<String>, HostError> {
        let path = path.as_ref();
        let full = self.prefix.join(path);
        let content = self.open(path).and_then(|file| {
            let Some(file) = file else { return Ok(None) };
            let mut bytes = Vec::with_capacity(USUAL);
            file.take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        });
        match content {
            Ok(Some(bytes)) if bytes.len() as u64 > FILE_LIMIT => {
                Err(HostError::TooLarge { path: full, limit: FILE_LIMIT })
            }
            Ok(Some(bytes)) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Ok(None) => Ok(None),
            Err(cause) => self.unless_missing(path, cause),
        }
    }

    /// The first `limit` bytes of a file at most; `None` when it is not there or is no regular file.
    pub(crate) fn read_start(&self, path: impl AsRef<Path>, limit: u64) -> Result<Option<String>, HostError> {
        let path = path.as_ref();
        let content = self.open(path).and_then(|file| {
            let Some(file) = file else { return Ok(None) };
            let mut bytes = Vec::with_capacity(USUAL);
            file.take(limit).read_to_end(&mut bytes)?;
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
        });
        content.or_else(|cause| self.unless_missing(path, cause))
    }

    /// The lines of a file that may be far larger than others, one by one, with the longest there may be;
    /// whether there is such a file.
    pub(crate) fn each_line(
        &self,
        path: impl AsRef<Path>,
        longest: u64,
        mut each: impl FnMut(&str),
    ) -> Result<bool, HostError> {
        let path = path.as_ref();
        let read = self.open(path).and_then(|file| {
            let Some(file) = file else { return Ok(Some(false)) };
            let mut reader = BufReader::new(file);
            let mut line = Vec::new();
            loop {
                line.clear();
                let n = reader.by_ref().take(longest + 1).read_until(b'\n', &mut line)?;
                if n == 0 {
                    return Ok(Some(true));
                }
                if line.len() as u64 > longest {
                    return Ok(None);
                }
                each(&String::from_utf8_lossy(&line));
            }
        });
        match read {
            Ok(Some(there)) => Ok(there),
            Ok(None) => Err(HostError::TooLarge { path: self.prefix.join(path), limit: longest }),
            Err(cause) => Ok(self.unless_missing::<()>(path, cause)?.is_some()),
        }
    }

    /// When a file was last written; `None` when it is not there, or nothing tells.
    pub(crate) fn modified(&self, path: impl AsRef<Path>) -> Option<SystemTime> {
        fs::metadata(self.inside(path.as_ref()).ok()?).ok()?.modified().ok()
    }

    /// A regular file. Asked before it is opened: opening a pipe would wait for a writer.
    fn open(&self, path: &Path) -> io::Result<Option<File>> {
        let real = self.inside(path)?;
        if fs::metadata(&real)?.is_file() { File::open(&real).map(Some) } else { Ok(None) }
    }

    fn unless_missing<T>(&self, path: &Path, cause: io::Error) -> Result<Option<T>, HostError> {
        if is_missing(&cause) { Ok(None) } else { Err(HostError::Io { path: self.prefix.join(path), cause }) }
    }

    /// The names in a folder, sorted; none when it is not there. Names that are not UTF-8 are none of the kernel's.
    pub(crate) fn names(&self, path: impl AsRef<Path>) -> Result<BTreeSet<String>, HostError> {
        let path = path.as_ref();
        let names = self.inside(path).and_then(|real| {
            let mut names = BTreeSet::new();
            for entry in fs::read_dir(real)? {
                names.extend(entry?.file_name().into_string());
            }
            Ok(names)
        });
        names.or_else(|cause| {
            if is_missing(&cause) {
                Ok(BTreeSet::new())
            } else {
                Err(HostError::Io { path: self.prefix.join(path), cause })
            }
        })
    }

    /// The numbers of names such as `cpu7` in a folder.
    pub(crate) fn numbered(&self, path: impl AsRef<Path>, stem: &str) -> Result<Vec<u32>, HostError> {
        let names = self.names(path)?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| numbered(name, stem)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The folder that a path leads to, links followed, relative to the root; `None` when there is no folder.
    pub(crate) fn folder(&self, path: impl AsRef<Path>) -> Result<Option<PathBuf>, HostError> {
        let path = path.as_ref();
        let folder =
            self.real(path).and_then(|real| Ok((fs::metadata(self.prefix.join(&real))?.is_dir(), real)));
        match folder {
            Ok((is_dir, real)) => Ok(is_dir.then_some(real)),
            Err(e) if is_missing(&e) => Ok(None),
            Err(cause) => Err(HostError::Io { path: self.prefix.join(path), cause }),
        }
    }

    /// The last name in the target of a link, whether or not the target is there.
    pub(crate) fn link_name(&self, folder: &Path, link: &str) -> Option<String> {
        let target = fs::read_link(self.inside(folder).ok()?.join(link)).ok()?;
        target.file_name()?.to_str().map(str::to_owned)
    }

    /// The path to open for a path, which leads to nothing outside the root.
    fn inside(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.prefix.join(if self.live { path.to_owned() } else { self.real(path)? }))
    }

    /// Follows all links of a path. The result is relative to the root, has no link and no `..` in it, and exists.
    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        let mut pending = parts(path);
        let mut at = PathBuf::new();
        let mut links = 0;
        while let Some(part) = pending.pop_front() {
            match part {
                Part::Root => at = PathBuf::new(),
                Part::Up => {
                    at.pop();
                }
                Part::Name(name) => {
                    at.push(name);
                    let full = self.prefix.join(&at);
                    if !fs::symlink_metadata(&full)?.is_symlink() {
                        continue;
                    }
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(io::Error::from(io::ErrorKind::NotFound));
                    }
                    at.pop();
                    let mut target = parts(&fs::read_link(&full)?);
                    target.append(&mut pending);
                    pending = target;
                }
            }
        }
        Ok(at)
    }
}

/// A step of a path.
enum Part {
    Root,
    Up,
    Name(OsString),
}

fn parts(path: &Path) -> VecDeque<Part> {
    path.components()
        .filter_map(|c| match c {
            Component::RootDir => Some(Part::Root),
            Component::ParentDir => Some(Part::Up),
            Component::Normal(name) => Some(Part::Name(name.to_owned())),
            Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

/// N of a name `stemN`.
pub(crate) fn numbered(name: &str, stem: &str) -> Option<u32> {
    let digits = name.strip_prefix(stem)?;
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Whether an error says that there is nothing: no such file, or (a CPU or device that is just going away, an
/// attribute without a value) no such device, no data.
fn is_missing(e: &io::Error) -> bool {
    const ENXIO: i32 = 6;
    const ENODEV: i32 = 19;
    const EINVAL: i32 = 22;
    const ENODATA: i32 = 61;
    const EOPNOTSUPP: i32 = 95;
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || matches!(e.raw_os_error(), Some(ENXIO | ENODEV | EINVAL | ENODATA | EOPNOTSUPP))
}
