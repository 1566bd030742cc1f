//! Running the program as a user does.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program.
pub(crate) const RSSCTL: &str = env!("CARGO_BIN_EXE_rssctl");

/// What a run said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(o: Output) -> Self {
        Self {
            code: o.status.code().unwrap_or(-1),
            out: String::from_utf8(o.stdout).unwrap(),
            err: String::from_utf8(o.stderr).unwrap(),
        }
    }
}

/// The program in an environment where nothing of this machine shows: no daemon, no colours, no terminal.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut c = Command::new(RSSCTL);
    c.args(args);
    quiet(&mut c);
    c
}

pub(crate) fn quiet(c: &mut Command) {
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "XDG_RUNTIME_DIR"] {
        c.env_remove(name);
    }
    c.env("RSSCTL_ADDRESS", nowhere()).stdin(Stdio::null());
}

/// The path of a socket that does not exist.
pub(crate) fn nowhere() -> PathBuf {
    std::env::temp_dir().join(format!("rssctl-nowhere-{}", std::process::id())).join("bus.sock")
}

pub(crate) fn rssctl(args: &[&str]) -> Said {
    command(args).output().unwrap().into()
}

/// A command line as bash gives it to the program.
pub(crate) fn bash(line: &str, dir: &Path) -> Said {
    let mut c = Command::new("bash");
    let bin = Path::new(RSSCTL).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    c.args(["-c", line]).current_dir(dir).env("PATH", path);
    quiet(&mut c);
    c.output().unwrap().into()
}

/// A folder of this test, removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rssctl-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
