//! Small files of sysfs and procfs that are read again and again.
//!
//! One that is kept open is read by one system call. The kernel writes it anew whenever it is read from its beginning,
//! and one whose interrupt or queue is gone fails (`EIO` of procfs, `ENODEV` of sysfs) instead of showing what was: it is
//! looked for under its path then.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{FsWord, fstatfs};
use rustix::process::{Resource, getrlimit};

use crate::steering::Map;

/// As much as sysfs gives of a file; procfs lists the CPUs of an interrupt in more only on the largest machines.
const ROOM: usize = 4096;

/// Kinds of file systems (`PROC_SUPER_MAGIC` and `SYSFS_MAGIC` of the kernel's `linux/magic.h`).
const PROCFS: FsWord = 0x9fa0;
const SYSFS: FsWord = 0x6265_6572;

/// Files that all adapters together keep open.
static KEPT: AtomicUsize = AtomicUsize::new(0);

/// How many they may: a quarter of what the process may open. Others are opened for each reading.
fn allowance() -> usize {
    static ALLOWANCE: OnceLock<usize> = OnceLock::new();
    *ALLOWANCE.get_or_init(|| {
        let most = getrlimit(Resource::Nofile).current.unwrap_or(1024) / 4;
        usize::try_from(most).unwrap_or(usize::MAX)
    })
}

/// Which file of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Which {
    /// Where an interrupt may go.
    Affinity(u32),
    /// What a queue has in one of the kernel's maps.
    Map(Map, u16),
}

/// The files of an adapter that were read, those kept open that were read again: an adapter that nobody manages is read
/// when it is found, and then hardly ever.
#[derive(Debug, Default)]
pub(crate) struct Files(BTreeMap<Which, Option<Kept>>);

impl Files {
    /// What a file has now. It is opened under `path` where it is not kept, or is not there any more.
    ///
    /// # Errors
    /// What the kernel says of the file under that path.
    pub(crate) fn read(&mut self, which: Which, path: &Path) -> io::Result<String> {
        if let Some(Some(Kept(file))) = self.0.get(&which)
            && let Ok(text) = content(file)
        {
            return Ok(text);
        }
        let again = self.0.remove(&which).is_some();
        let file = File::open(path)?;
        let text = content(&file)?;
        self.0.insert(which, again.then(|| Kept::new(file)).flatten());
        Ok(text)
    }

    /// Closes all others.
    pub(crate) fn retain(&mut self, wanted: impl Fn(Which) -> bool) {
        self.0.retain(|which, _| wanted(*which));
    }
}

/// A file that counts as one of those that are kept.
#[derive(Debug)]
struct Kept(File);

impl Kept {
    /// `None` where there are enough, and for a file that was mounted over the kernel's own: such a one outlives its queue.
    fn new(file: File) -> Option<Self> {
        let kind = fstatfs(&file).ok()?.f_type;
        if ![PROCFS, SYSFS].contains(&kind) {
            return None;
        }
        if KEPT.fetch_add(1, Ordering::Relaxed) < allowance() {
            return Some(Self(file));
        }
        KEPT.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a small file has that is read this once.
///
/// # Errors
/// What the kernel says.
pub(crate) fn once(path: &Path) -> io::Result<String> {
    content(&File::open(path)?)
}

/// A file of a single value from its beginning. The kernel gives all of it at once where there is room, so less than
/// that is all of it.
fn content(file: &File) -> io::Result<String> {
    let mut buffer = [0; ROOM];
    let mut bytes = Vec::new();
    loop {
        let at = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match file.read_at(&mut buffer, at) {
            Ok(n) => {
                bytes.extend_from_slice(buffer.get(..n).unwrap_or_default());
                if n < ROOM {
                    return String::from_utf8(bytes).map_err(io::Error::other);
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::process::Command;

    use super::*;

    const TEST: &str = "files::tests::what_is_kept_is_of_a_queue_that_is_there";
    const INSIDE: &str = "RSSMGR_TEST_IN_NAMESPACE";

    fn skipped(why: &str) {
        // Not eprintln!: the test harness would swallow it.
        let _ = writeln!(io::stderr(), "SKIPPED {TEST}: {why}");
    }

    /// Real queues of the kernel, in a network namespace with its own sysfs.
    #[test]
    fn what_is_kept_is_of_a_queue_that_is_there() {
        if std::env::var_os(INSIDE).is_none() {
            if !fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0\t") {
                return skipped("making network namespaces needs root");
            }
            if Command::new("ip").arg("-V").output().is_err() {
                return skipped("`ip` is missing: install iproute2");
            }
            let mut command = Command::new("unshare");
            let command = command.args(["--net", "--mount"]).arg(std::env::current_exe().unwrap());
            let command = command.args(["--exact", TEST, "--nocapture"]).env(INSIDE, "1");
            let Ok(output) = command.output() else {
                return skipped("`unshare` is missing: install util-linux");
            };
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
            assert!(text.contains("1 passed"), "{text}");
            return;
        }
        if !Command::new("mount").args(["-t", "sysfs", "sysfs", "/sys"]).status().unwrap().success() {
            return skipped("sysfs cannot be mounted here");
        }
        let ip = |arguments: &str| {
            assert!(
                Command::new("ip").args(arguments.split(' ')).status().unwrap().success(),
                "ip {arguments}"
            );
        };
        let file = |name: &str| format!("/sys/class/net/{name}/queues/tx-1/xps_cpus");
        let which = Which::Map(Map::Transmit, 1);
        let is = |files: &mut Files, name: &str, mask: u32| {
            let text = files.read(which, Path::new(&file(name))).unwrap();
            assert_eq!(u32::from_str_radix(text.trim(), 16), Ok(mask), "{name}: {text}");
        };
        let add = "link add first numtxqueues 2 type veth peer name other numtxqueues 2";
        ip(add);
        let mut files = Files::default();
        let kept = |files: &Files| files.0.values().flatten().count();
        is(&mut files, "first", 0);
        assert_eq!(kept(&files), 0, "it may never be read again");
        is(&mut files, "first", 0);
        assert_eq!(kept(&files), 1);
        fs::write(file("first"), "1").unwrap();
        is(&mut files, "first", 1);
        // What is kept is the same interface's under any name.
        ip("link set first name second");
        is(&mut files, "first", 1);
        // It goes, and the next one of its name begins anew.
        ip("link delete second");
        assert!(files.read(which, Path::new(&file("second"))).is_err());
        assert_eq!(kept(&files), 0, "nothing is kept of what is gone");
        ip(add);
        is(&mut files, "first", 0);
        is(&mut files, "first", 0);
        assert_eq!(kept(&files), 1);
        files.retain(|_| false);
        assert_eq!(kept(&files), 0);
    }

    #[test]
    fn what_is_no_file_of_the_kernel_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("smp_affinity_list");
        fs::write(&path, "3").unwrap();
        let mut files = Files::default();
        for _ in 0..3 {
            assert_eq!(files.read(Which::Affinity(30), &path).unwrap(), "3");
        }
        fs::remove_file(&path).unwrap();
        assert!(files.read(Which::Affinity(30), &path).is_err());
    }

    #[test]
    fn a_file_longer_than_the_room_is_read_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("smp_affinity_list");
        for length in [0, 1, ROOM - 1, ROOM, ROOM + 1, 3 * ROOM] {
            let text = "7".repeat(length);
            fs::write(&path, &text).unwrap();
            assert_eq!(once(&path).unwrap(), text);
        }
    }
}
