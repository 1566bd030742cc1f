//! Files that are either the old ones or the new ones, whatever happens in between; and locks.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// Replaces a file, mode 0600: writes beside it, syncs, renames, syncs the folder. When this returns without error the
/// content survives a loss of power.
///
/// # Errors
/// Whatever the file system says. The old file is untouched then, unless only the last step failed.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_after(path, content, || Ok(()))
}

/// As [`replace`], with something done when the new content is durable and the old file still in its place.
///
/// # Errors
/// Whatever the file system says, or `between`. The old file is untouched then, unless only the last step failed.
pub fn replace_after(
    path: &Path,
    content: &[u8],
    between: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    let beside = with_suffix(path, ".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    drop(file);
    if let Err(e) = written.and_then(|()| between()).and_then(|()| fs::rename(&beside, path)) {
        // What is left of the attempt is worthless; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&beside);
        return Err(e);
    }
    sync_folder(path)
}

/// Makes renames and new names in a file's folder durable.
///
/// # Errors
/// Whatever the file system says.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// A path with something put behind its file name.
#[must_use]
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes a folder, and those above it, that only its owner may enter.
///
/// # Errors
/// Whatever the file system says.
pub fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A lock file that this process holds. Dropping it removes the file and lets go.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock, or answers `None` when somebody else holds it.
    ///
    /// # Errors
    /// When the lock file cannot be opened or made.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(e) => return Err(e.into()),
            }
            // The holder before may have removed the file after we opened it: then the lock is on a file that nobody
            // else can see.
            let (mine, there) = (file.metadata()?, fs::metadata(path));
            if there.is_ok_and(|there| (there.dev(), there.ino()) == (mine.dev(), mine.ino())) {
                return Ok(Some(Self { path: path.to_owned(), _file: file }));
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock goes, so that nobody can take it in between.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_one_holder_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let first = Lock::take(&path).unwrap().expect("free");
        assert!(Lock::take(&path).unwrap().is_none());
        drop(first);
        assert!(!path.exists());
        assert!(Lock::take(&path).unwrap().is_some());
    }

    #[test]
    fn a_file_is_replaced_whole_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        let missing = dir.path().join("no/f");
        assert!(replace(&missing, b"x").is_err());
    }
}
