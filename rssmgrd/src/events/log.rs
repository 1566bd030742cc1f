//! The ring on disk: lines of JSON in two files that take turns, so that at least a full ring is always there.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::RING;

/// Two full files are well below this; what is longer is damage.
const MOST_BYTES: u64 = 64 << 20;

#[derive(Debug)]
pub(super) struct Log {
    now: PathBuf,
    before: PathBuf,
    lines: usize,
    /// Whether the last line lacks its end, because a run ended in the middle of it.
    torn: bool,
    /// Said once, not with every event.
    failed: bool,
}

impl Log {
    /// The log in a folder, and the last lines in it, oldest first.
    pub(super) fn open(folder: &Path) -> (Self, Vec<String>) {
        let (now, before) = (folder.join("events.jsonl"), folder.join("events.1.jsonl"));
        let mut all = lines(&before);
        let current = lines(&now);
        let torn = fs::read(&now).is_ok_and(|bytes| bytes.last().is_some_and(|b| *b != b'\n'));
        let log = Self { now, before, lines: current.len(), torn, failed: false };
        all.extend(current);
        let surplus = all.len().saturating_sub(RING);
        (log, all.split_off(surplus))
    }

    /// Adds whole lines.
    pub(super) fn append(&mut self, text: &str) {
        if let Err(e) = self.try_append(text)
            && !std::mem::replace(&mut self.failed, true)
        {
            tracing::warn!(
                "events cannot be written to {}: {e}; they are kept in memory",
                self.now.display()
            );
        }
    }

    fn try_append(&mut self, text: &str) -> std::io::Result<()> {
        if self.lines >= RING {
            fs::rename(&self.now, &self.before)?;
            self.lines = 0;
        }
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.now)?;
        if std::mem::take(&mut self.torn) {
            file.write_all(b"\n")?;
        }
        file.write_all(text.as_bytes())?;
        self.lines += text.lines().count();
        Ok(())
    }
}

/// The lines of a file; none when it cannot be read.
fn lines(path: &Path) -> Vec<String> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    BufReader::new(file.take(MOST_BYTES)).lines().map_while(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_survives_every_turn_of_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let (mut log, _) = Log::open(dir.path());
        for i in 0..RING * 2 + 10 {
            log.append(&format!("{i}\n"));
        }
        let (_, read) = Log::open(dir.path());
        assert_eq!(read.len(), RING);
        assert_eq!(read.last().unwrap(), &(RING * 2 + 9).to_string());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_torn_line_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("events.jsonl"), "one\ntw").unwrap();
        Log::open(dir.path()).0.append("three\n");
        assert_eq!(Log::open(dir.path()).1, ["one", "tw", "three"]);
    }
}
