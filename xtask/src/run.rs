//! Running other programs in the project's root.

use anyhow::{Context as _, Result, ensure};
use std::ffi::OsString;
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Where the project is and which cargo runs us.
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    pub(crate) cargo: OsString,
}

impl Project {
    /// The project that cargo runs us for.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").context("run me as `cargo xtask`")?;
        let root = Path::new(&manifest).parent().context("xtask has no parent directory")?.to_owned();
        Ok(Self { root, cargo: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()) })
    }

    /// A cargo call in the root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Call {
        // Golden files are rewritten by `bless` alone, whatever the environment of the caller has.
        let mut command = Command::new(&self.cargo);
        command.current_dir(&self.root).args(arguments).env_remove(BLESS);
        Call { text: format!("cargo {}", arguments.join(" ")), command }
    }

    /// A call of any program in the root.
    pub(crate) fn program(&self, program: &Path, arguments: &[&str]) -> Call {
        let mut command = Command::new(program);
        command.current_dir(&self.root).args(arguments);
        Call { text: format!("{} {}", program.display(), arguments.join(" ")), command }
    }

    /// The files that git tracks or would track, relative to the root.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let listing = self
            .program(Path::new("git"), &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()?;
        let mut files: Vec<String> =
            listing.split('\0').filter(|f| !f.is_empty()).map(str::to_owned).collect();
        files.retain(|file| self.root.join(file).is_file());
        Ok(files)
    }
}

/// The variable that makes golden tests write their files.
pub(crate) const BLESS: &str = "RSSMGR_BLESS";

/// One program call, and the text that a person types to repeat it.
pub(crate) struct Call {
    text: String,
    command: Command,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Call {
    /// The call with one more environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self.text = format!("{name}='{value}' {}", self.text);
        self
    }

    /// Runs it with our own output; whether it succeeded.
    pub(crate) fn status(mut self) -> Result<bool> {
        Ok(self.command.status().with_context(|| format!("cannot run `{}`", self.text))?.success())
    }

    /// Runs it and gives its standard output.
    pub(crate) fn output(mut self) -> Result<String> {
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot run `{}`", self.text))?;
        ensure!(output.status.success(), "`{}` failed ({})", self.text, output.status);
        String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote no UTF-8", self.text))
    }

    /// Runs it, prints each line of its output and error output in the order in which they are written, and shows it
    /// to `see`; whether it succeeded.
    pub(crate) fn watch(mut self, mut see: impl FnMut(&str)) -> Result<bool> {
        let (reader, writer) = std::io::pipe().context("no pipe")?;
        self.command.stdout(writer.try_clone().context("no pipe")?).stderr(writer);
        let mut child = self.command.spawn().with_context(|| format!("cannot run `{}`", self.text))?;
        // Our copies of the pipe's writing end go with the command, so that the pipe ends when its users do.
        drop(self.command);
        let (lines, arrived) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                if lines.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                    break;
                }
                line.clear();
            }
        });
        let mut ended = None;
        loop {
            match arrived.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => {
                    println!("{line}");
                    see(&line);
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                // A program that a test left behind keeps the pipe open: do not wait for it for ever.
                Err(mpsc::RecvTimeoutError::Timeout) if ended.is_some() => {
                    println!("warning: a process that `{}` started is still running", self.text);
                    break;
                }
                Err(mpsc::RecvTimeoutError::Timeout) => ended = child.try_wait()?,
            }
        }
        Ok(child.wait()?.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Project {
        /// A project anywhere, for tests.
        pub(crate) fn at(root: &Path) -> Self {
            Self { root: root.to_owned(), cargo: "cargo".into() }
        }
    }

    fn shell(script: &str) -> Call {
        Project::at(&std::env::temp_dir()).program(Path::new("sh"), &["-c", script])
    }

    #[test]
    fn watching_sees_both_outputs_in_order_and_the_exit_code() {
        let mut seen = Vec::new();
        assert!(!shell("echo a; echo b >&2; printf c; exit 3").watch(|l| seen.push(l.to_owned())).unwrap());
        assert_eq!(seen, ["a", "b", "c"]);
        assert!(shell("true").watch(|_| {}).unwrap());
    }

    #[test]
    fn watching_does_not_wait_for_what_is_left_behind() {
        let mut pid = String::new();
        assert!(shell("sleep 600 & echo $!").watch(|l| l.clone_into(&mut pid)).unwrap());
        assert!(shell(&format!("kill {pid}")).status().unwrap(), "it was still running");
    }
}
