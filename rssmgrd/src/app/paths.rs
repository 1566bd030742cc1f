//! Where things are when nobody says otherwise.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::bail;

/// The state folder: the system's for root, else the user's (XDG base directories).
pub(super) fn state() -> anyhow::Result<PathBuf> {
    if rustix::process::getuid().is_root() {
        return Ok("/var/lib/rssmgrd".into());
    }
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    match absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state"))) {
        Some(state) => Ok(state.join("rssmgrd")),
        None => bail!("there is no home folder for the state: choose a folder with --state DIR"),
    }
}

/// The user's run-time folder.
pub(super) fn xdg_runtime() -> Option<PathBuf> {
    env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)
}

/// A path as it is shortest to type from here.
pub(super) fn typed(path: &Path) -> String {
    let here = env::current_dir().ok();
    let short = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    match short {
        // A bare name would be looked for in PATH.
        Some(short) if short.components().count() == 1 => format!("./{}", short.display()),
        Some(short) => short.display().to_string(),
        None => path.display().to_string(),
    }
}
