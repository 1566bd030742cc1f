//! Trees of files made by hand.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A tree of files under a fresh folder.
pub(crate) struct Tree(pub(crate) PathBuf);

impl Tree {
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        // Tests of one name run side by side, too.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (pid, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{pid}-{count}"));
        let _ = fs::remove_dir_all(&dir);
        let tree = Self(dir);
        for (path, content) in files {
            tree.file(path, content);
        }
        tree
    }

    pub(crate) fn place(&self, path: &str) -> PathBuf {
        let full = self.0.join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        full
    }

    pub(crate) fn file(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::write(self.place(path), content).unwrap();
    }

    pub(crate) fn link(&self, path: &str, target: impl AsRef<Path>) {
        symlink(target, self.place(path)).unwrap();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
