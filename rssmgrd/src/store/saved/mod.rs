//! `saved.toml`: what `rssctl` has set, kept over restarts.
//!
//! The first line is a checksum of the rest, so that a file of which a single bit is wrong is recognised. The file
//! before the last change stays as `saved.toml.last-good` and takes over when `saved.toml` is damaged; a damaged file
//! is set aside and never overwritten.

mod v1;

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rssmgr_core::event::EventKind;
use rssmgr_core::manager::SavedState;

use super::atomic::{replace_after, sync_folder, with_suffix};
use crate::clock;

/// Name of the file in the state folder.
pub const FILE: &str = "saved.toml";

/// Nobody's settings are this large; a file that is larger is damaged.
const MOST_BYTES: u64 = 64 << 20;

/// Why saved settings cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// The file system refuses.
    #[error("{action} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What came back.
        source: io::Error,
    },
    /// The settings have no form in a file.
    #[error("the settings cannot be written as TOML: {0}")]
    Format(#[from] toml::ser::Error),
    /// A later rssmgrd wrote the file.
    #[error(
        "{} has version {found}, and this rssmgrd knows versions up to {known}: install the newer rssmgrd again, or move the file away to begin without saved settings",
        .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// The newest version known here.
        known: u64,
    },
}

/// What the content of a file is.
#[derive(Debug)]
enum Content {
    State(SavedState),
    Newer(u64),
    Damaged(String),
}

/// The saved settings on disk.
#[derive(Debug)]
pub struct SavedFile {
    path: PathBuf,
    /// What the file holds, when that is known to be good.
    on_disk: Option<SavedState>,
}

impl SavedFile {
    /// The file in a state folder, which must exist.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join(FILE), on_disk: None }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what was saved. A damaged file is set aside and told of; the last good copy is used then, and where there
    /// is none, the defaults.
    ///
    /// # Errors
    /// A file of a later version, or one that cannot be read or set aside.
    pub fn load(&mut self) -> Result<(SavedState, Vec<EventKind>), SavedError> {
        let mut told = Vec::new();
        let Some(bytes) = self.read(&self.path)? else { return Ok((SavedState::default(), told)) };
        let because = match parse(&bytes) {
            Content::State(state) => {
                self.on_disk = Some(state.clone());
                return Ok((state, told));
            }
            Content::Newer(found) => return Err(self.newer(&self.path, found)),
            Content::Damaged(because) => because,
        };
        let last_good = self.last_good();
        let copy = match self.read(&last_good)?.map(|bytes| parse(&bytes)) {
            Some(Content::Newer(found)) => return Err(self.newer(&last_good, found)),
            other => other,
        };
        let file = self.set_aside(&self.path)?;
        let (state, used) = match copy {
            Some(Content::State(state)) => (state, "the last good copy is used"),
            Some(_) => {
                self.set_aside(&last_good)?;
                (SavedState::default(), "the last good copy is damaged too, so defaults are used")
            }
            None => (SavedState::default(), "there is no last good copy, so defaults are used"),
        };
        told.push(EventKind::StateFileSetAside { file, because, used: used.into() });
        Ok((state, told))
    }

    /// Makes a state durable. Writes nothing when the file holds just that.
    ///
    /// # Errors
    /// When the file system refuses; the file is as it was then.
    pub fn save(&mut self, state: &SavedState) -> Result<(), SavedError> {
        if self.on_disk.as_ref() == Some(state) {
            return Ok(());
        }
        let content = render(state)?;
        let action = |action, path: &Path| {
            let path = path.to_owned();
            move |source| SavedError::Io { action, path, source }
        };
        let good = self.on_disk.is_some();
        let (last_good, link) = (self.last_good(), with_suffix(&self.path, ".last-good.new"));
        // Only when the new content is durable: until then there would be two names for one copy.
        let keep = || {
            if !good {
                return Ok(());
            }
            match fs::remove_file(&link) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
            fs::hard_link(&self.path, &link)?;
            fs::rename(&link, &last_good)
        };
        // What is there after a failure is not known for certain.
        self.on_disk = None;
        replace_after(&self.path, content.as_bytes(), keep).map_err(action("writing", &self.path))?;
        self.on_disk = Some(state.clone());
        Ok(())
    }

    fn last_good(&self) -> PathBuf {
        with_suffix(&self.path, ".last-good")
    }

    fn newer(&self, path: &Path, found: u64) -> SavedError {
        SavedError::Newer { path: path.to_owned(), found, known: v1::VERSION }
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, SavedError> {
        let failed = |source| SavedError::Io { action: "reading", path: path.to_owned(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(e)),
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        Ok(Some(bytes))
    }

    /// Renames a damaged file so that it is kept for people; answers its new name.
    fn set_aside(&self, path: &Path) -> Result<String, SavedError> {
        let stamp = clock::unix_ms();
        let name = (0..)
            .map(|n| with_suffix(path, &format!(".damaged-{}", stamp + n)))
            .find(|name| !name.exists())
            .unwrap_or_else(|| with_suffix(path, ".damaged"));
        fs::rename(path, &name).and_then(|()| sync_folder(path)).map_err(|source| SavedError::Io {
            action: "setting aside",
            path: path.to_owned(),
            source,
        })?;
        Ok(name.display().to_string())
    }
}

/// FNV-1a, 64 bits: a step is a bijection of the state, so two texts that differ in one byte never have the same sum.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

const HEAD: &str = "checksum = \"";

fn render(state: &SavedState) -> Result<String, SavedError> {
    let rest = v1::render(state)?;
    Ok(format!("{HEAD}{:016x}\"\n{rest}", checksum(&rest)))
}

fn parse(bytes: &[u8]) -> Content {
    let damaged = |because: &str| Content::Damaged(because.to_owned());
    if bytes.len() as u64 > MOST_BYTES {
        return damaged("it is too large");
    }
    let Ok(text) = str::from_utf8(bytes) else { return damaged("it is no text") };
    let Some((head, rest)) = text.split_once('\n') else { return damaged("it is cut off") };
    let sum = head.strip_prefix(HEAD).and_then(|s| s.strip_suffix('"'));
    if sum != Some(&format!("{:016x}", checksum(rest))) {
        return damaged("its checksum is wrong");
    }
    // The sum is right, so this is what some rssmgrd wrote.
    match v1::version(rest) {
        Ok(v1::VERSION) => v1::parse(rest).map_or_else(Content::Damaged, Content::State),
        Ok(newer) if newer > v1::VERSION => Content::Newer(newer),
        Ok(other) => Content::Damaged(format!("there is no version {other}")),
        Err(because) => Content::Damaged(because),
    }
}

#[cfg(test)]
mod tests;
