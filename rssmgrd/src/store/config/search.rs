//! Which files make up the configuration, by the rules of systemd's drop-in folders.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::ConfigError;

/// Name of the main file; its drop-ins are in the folder of the same name with `.d`.
pub const MAIN: &str = "rssmgrd.toml";

/// Folders, strongest first.
const FOLDERS: [&str; 4] = ["etc/rssmgrd", "run/rssmgrd", "usr/local/lib/rssmgrd", "usr/lib/rssmgrd"];

/// A configuration is text that people write.
const MOST_BYTES: u64 = 1 << 20;

/// Where configuration is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// The system's folders below a root: the main file of the strongest folder that has one, then the drop-ins of all,
    /// by file name; a drop-in hides those of the same name in weaker folders, and one that is empty or a link to
    /// /dev/null hides without being read.
    System(PathBuf),
    /// One folder with a main file and its drop-ins, or one file.
    Private(PathBuf),
    /// No configuration.
    Nowhere,
}

impl Search {
    /// The files, weakest first.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>, ConfigError> {
        match self {
            Self::System(root) => layered(&FOLDERS.map(|f| root.join(f))),
            Self::Private(path) if path.is_dir() => layered(&[path]),
            Self::Private(path) => Ok(vec![path.clone()]),
            Self::Nowhere => Ok(Vec::new()),
        }
    }
}

fn layered(folders: &[impl AsRef<Path>]) -> Result<Vec<PathBuf>, ConfigError> {
    let mut files: Vec<PathBuf> = Vec::new();
    files.extend(folders.iter().map(|f| f.as_ref().join(MAIN)).find(|f| f.exists()).filter(|f| !is_mask(f)));
    let mut drop_ins = BTreeMap::new();
    for folder in folders {
        let folder = folder.as_ref().join(format!("{MAIN}.d"));
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(e) => return Err(ConfigError::io(folder, &e)),
        };
        for entry in entries {
            let path = entry.map_err(|e| ConfigError::io(&folder, &e))?.path();
            let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|e| e == "toml"))
            else {
                continue;
            };
            drop_ins.entry(name.to_owned()).or_insert(path);
        }
    }
    files.extend(drop_ins.into_values().filter(|f| !is_mask(f)));
    Ok(files)
}

/// Whether a file is there only to hide others.
fn is_mask(file: &Path) -> bool {
    fs::canonicalize(file).is_ok_and(|target| target == Path::new("/dev/null"))
        || fs::metadata(file).is_ok_and(|m| m.is_file() && m.len() == 0)
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|e| ConfigError::io(path, &e))?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|e| ConfigError::io(path, &e))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(unreadable(format!("it is larger than {MOST_BYTES} bytes; that is no configuration")));
    }
    String::from_utf8(bytes).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        unreadable(format!("line {line} is not UTF-8; save the file as UTF-8"))
    })
}
