//! A daemon with a folder of its own, and rssctl asking it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }
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

/// rssctl beside the daemon that is tested.
pub(crate) fn program() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_rssmgrd")).with_file_name("rssctl");
    assert!(path.is_file(), "{} is not built: run `cargo build --bin rssctl` first", path.display());
    path
}

/// A daemon that serves, and ends when this is dropped.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) folder: TempDir,
    socket: PathBuf,
}

impl Daemon {
    /// Starts one without adapters.
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("bus.sock");
        Self::at(folder, socket, |_| {})
    }

    /// Starts one whose socket is at `socket`, and with whatever else `more` gives it.
    pub(crate) fn at(folder: TempDir, socket: PathBuf, more: impl FnOnce(&mut Command)) -> Self {
        std::fs::write(folder.path().join("rssmgrd.toml"), "").unwrap();
        Self { child: serving(folder.path(), &socket, more), folder, socket }
    }

    /// Starts one that sees the interfaces of a network namespace.
    pub(crate) fn in_namespace(name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("bus.sock");
        std::fs::write(folder.path().join("rssmgrd.toml"), "").unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", name, env!("CARGO_BIN_EXE_rssmgrd")]);
        let child = serve(command, folder.path(), &socket, |_| {});
        Self { child, folder, socket }
    }

    /// Starts the daemon that was killed again, with its folder.
    pub(crate) fn restart(&mut self) {
        self.restart_with(|_| {});
    }

    pub(crate) fn restart_with(&mut self, more: impl FnOnce(&mut Command)) {
        self.child = serving(self.folder.path(), &self.socket, more);
    }

    /// One with a software NIC without traffic: nic0, 16 queues, 2 nodes of 8 cores with 2 threads.
    pub(crate) fn with_nic() -> Self {
        Self::with_nic_of("16", "2x8x2")
    }

    pub(crate) fn with_nic_of(queues: &str, topology: &str) -> Self {
        let daemon = Self::start();
        let said = daemon.rssctl(&["softnic", "create", "nic0", "--queues", queues, "--topology", topology]);
        assert_eq!(said.code, 0, "{said:?}");
        daemon
    }

    /// A command line for this daemon.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut c = Command::new(program());
        c.args(args);
        self.surround(&mut c);
        c
    }

    fn surround(&self, c: &mut Command) {
        for name in ["NO_COLOR", "CLICOLOR_FORCE"] {
            c.env_remove(name);
        }
        c.env("RSSCTL_ADDRESS", &self.socket).current_dir(self.folder.path()).stdin(Stdio::null());
    }

    pub(crate) fn rssctl(&self, args: &[&str]) -> Said {
        self.command(args).output().unwrap().into()
    }

    /// A line as it is typed, split at blanks.
    pub(crate) fn line(&self, line: &str) -> Said {
        self.rssctl(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// The record of an adapter.
    #[track_caller]
    pub(crate) fn adapter(&self, name: &str) -> Value {
        self.rssctl(&["get", name, "-o", "json"]).json()["adapters"][0].clone()
    }

    /// rssctl on a terminal.
    pub(crate) fn terminal(&self, line: &str) -> Terminal {
        let mut c = Command::new("script");
        let typed = format!("exec {} {line}", program().display());
        c.args(["--quiet", "--return", "--command", &typed, "/dev/null"]);
        self.surround(&mut c);
        c.env("NO_COLOR", "1");
        let mut child = c.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Terminal { child, out }
    }

    /// rssctl whose lines are read as they come; what it says beside them goes to `followed.err`.
    pub(crate) fn follow(&self, args: &[&str]) -> Lines {
        let err = std::fs::File::create(self.folder.path().join("followed.err")).unwrap();
        let mut child = self.command(args).stdout(Stdio::piped()).stderr(err).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Lines { child, out }
    }

    /// Ends the daemon at once, as a crash does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A daemon that looks at none of the machine's interfaces.
fn serving(dir: &Path, socket: &Path, more: impl FnOnce(&mut Command)) -> Child {
    serve(Command::new(env!("CARGO_BIN_EXE_rssmgrd")), dir, socket, |command| {
        command.arg("--software-only");
        more(command);
    })
}

/// A daemon that says that it serves, as it does to systemd.
fn serve(mut command: Command, dir: &Path, socket: &Path, more: impl FnOnce(&mut Command)) -> Child {
    // One that was killed has left its own.
    let _ = std::fs::remove_file(dir.join("notify"));
    let ready = UnixDatagram::bind(dir.join("notify")).unwrap();
    ready.set_read_timeout(Some(PATIENCE)).unwrap();
    command
        .arg("--config")
        .arg(dir.join("rssmgrd.toml"))
        .arg("--state")
        .arg(dir.join("state"))
        .arg("--socket")
        .arg(socket);
    command.args(["--metrics", "off"]).env("NOTIFY_SOCKET", dir.join("notify")).stdin(Stdio::null());
    // Its log stays out of the test's.
    command.stdout(Stdio::null()).stderr(std::fs::File::create(dir.join("log")).unwrap());
    more(&mut command);
    let child = command.spawn().unwrap();
    let mut said = [0; 4096];
    let mut length = 0;
    while !said[..length].starts_with(b"READY=1") {
        length = ready.recv(&mut said).expect("the daemon did not start");
    }
    child
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running rssctl that a person sits at.
pub(crate) struct Terminal {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Terminal {
    /// Reads until a question stands there.
    pub(crate) fn question(&mut self) -> String {
        let mut seen = String::new();
        while !seen.ends_with("[y/N] ") {
            let buffer = std::io::BufRead::fill_buf(&mut self.out).unwrap();
            assert!(!buffer.is_empty(), "it ended without a question: {seen}");
            let byte = buffer[0];
            std::io::BufRead::consume(&mut self.out, 1);
            seen.push(char::from(byte));
        }
        seen
    }

    /// Types an answer; gives the exit code and what was said after it.
    pub(crate) fn answer(mut self, text: &str) -> (i32, String) {
        let mut stdin = self.child.stdin.take().unwrap();
        writeln!(stdin, "{text}").unwrap();
        stdin.flush().unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.out, &mut rest).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), rest)
    }
}

/// A running rssctl whose lines are read.
pub(crate) struct Lines {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Lines {
    /// The next line as JSON; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        (self.out.read_line(&mut line).unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// The lines up to the one that `last` knows; a stop before it fails after [`PATIENCE`].
    pub(crate) fn until(&mut self, last: impl Fn(&Value) -> bool) -> Vec<Value> {
        let done = AtomicBool::new(false);
        let mut found = Vec::new();
        std::thread::scope(|scope| {
            let (child, out) = (&mut self.child, &mut self.out);
            let watch = scope.spawn(|| {
                let start = Instant::now();
                while !done.load(Ordering::Relaxed) && start.elapsed() < PATIENCE {
                    std::thread::park_timeout(Duration::from_millis(100));
                }
                let late = !done.load(Ordering::Relaxed);
                if late {
                    let _ = child.kill();
                }
                late
            });
            let mut line = String::new();
            while out.read_line(&mut line).unwrap() > 0 {
                found.push(serde_json::from_str(&line).unwrap());
                line.clear();
                if found.last().is_some_and(&last) {
                    break;
                }
            }
            done.store(true, Ordering::Relaxed);
            watch.thread().unpark();
            assert!(!watch.join().unwrap(), "it stopped after {} lines", found.len());
        });
        found
    }

    /// The exit code, once it has ended by itself.
    pub(crate) fn code(mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
