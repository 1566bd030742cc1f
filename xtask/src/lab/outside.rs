//! The host's side of the guest's wires: frames into and out of each card. Taps live in a network namespace that goes
//! with the run, so that the machine's own network stays as it is.

use super::initramfs::{LOADER, library_path};
use super::machine::Nic;
use super::store::Store;
use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// Frames that wait to be read; more are dropped, as a card would.
const BACKLOG: usize = 4096;

/// A child process that ends with this value, and with the thread that started it.
pub(crate) struct Kept(pub(crate) Child);

impl Drop for Kept {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A command whose process the kernel ends together with ours, however ours ends.
pub(crate) fn tied(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// A program of an unpacked group, started with that group's own C library.
pub(crate) fn foreign(root: &Path, program: &str) -> Vec<String> {
    let loader = root.join(LOADER).display().to_string();
    let program = root.join(program).display().to_string();
    vec![loader, "--library-path".into(), library_path(root), program]
}

/// A network namespace without a name: a process that only waits holds it.
pub(crate) struct Namespace {
    holder: Kept,
}

impl Namespace {
    pub(crate) fn new() -> Result<Self> {
        let mut command = tied(Path::new("unshare"));
        command.args(["--net", "--", "sh", "-c", "ip link set lo up && echo made && exec sleep infinity"]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot run unshare")?;
        let output = child.stdout.take().context("no output")?;
        let holder = Kept(child);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line.trim() == "made", "cannot make a network namespace; the lab's taps need root");
        Ok(Self { holder })
    }

    /// A command inside.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = tied(Path::new("nsenter"));
        command.arg(format!("--net=/proc/{}/ns/net", self.holder.0.id())).arg("--").arg(program);
        command.stdin(Stdio::null());
        command
    }

    /// Runs a shell script inside, and gives its standard output.
    pub(crate) fn run(&self, script: &str) -> Result<String> {
        let output = self.command("sh").args(["-e", "-c", script]).output().context("cannot run nsenter")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "outside, `{script}` failed: {}", errors.trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// The far end of the cable of one card.
pub(crate) struct Wire {
    socket: UnixDatagram,
    into: PathBuf,
    out: PathBuf,
    frames: Receiver<Vec<u8>>,
    relays: Vec<Kept>,
}

impl Wire {
    /// Lays the cable, before QEMU starts.
    pub(crate) fn lay(nic: &Nic, folder: &Path, namespace: Option<&Namespace>) -> Result<Self> {
        let name = &nic.name;
        if let (true, Some(namespace)) = (nic.tap_queues().is_some(), namespace) {
            namespace.run(&format!(
                "ip tuntap add dev {name} mode tap multi_queue\n\
                 sysctl -q -w net.ipv6.conf.{name}.disable_ipv6=1 2>/dev/null || :\n\
                 ip link set {name} up txqueuelen 10000"
            ))?;
        }
        let out = folder.join(format!("{name}.out"));
        let receiver = UnixDatagram::bind(&out).with_context(|| format!("cannot bind {}", out.display()))?;
        let (sender, frames) = sync_channel(BACKLOG);
        std::thread::spawn(move || collect(&receiver, &sender));
        let into = folder.join(format!("{name}.in"));
        Ok(Self { socket: UnixDatagram::unbound()?, into, out, frames, relays: Vec::new() })
    }

    /// Joins a tap, which only a network socket reaches, to the two local sockets. After QEMU has opened the tap.
    pub(crate) fn join(&mut self, nic: &Nic, namespace: &Namespace, store: &Store) -> Result<()> {
        let interface = format!("INTERFACE:{}", nic.name);
        let socat = foreign(&store.group("qemu"), "usr/bin/socat");
        for (from, to) in [
            (format!("UNIX-RECV:{}", self.into.display()), interface.clone()),
            (interface, format!("UNIX-SENDTO:{}", self.out.display())),
        ] {
            let mut command = namespace.command(&socat[0]);
            command.args(&socat[1..]).args(["-u", "-b", "65536", &from, &to]);
            self.relays.push(Kept(command.spawn().context("cannot run socat")?));
        }
        Ok(())
    }

    /// Waits until frames can be sent.
    pub(crate) fn ready(&self, within: Duration) -> Result<()> {
        let end = Instant::now() + within;
        while !self.into.exists() {
            ensure!(Instant::now() < end, "nothing listens at {}", self.into.display());
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Sends one Ethernet frame to the card.
    pub(crate) fn send(&self, frame: &[u8]) -> Result<()> {
        self.socket.send_to(frame, &self.into).map(drop).context("cannot send a frame to the guest")
    }

    /// The next frame from the card, if one comes in time.
    pub(crate) fn receive(&self, within: Duration) -> Option<Vec<u8>> {
        self.frames.recv_timeout(within).ok()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // Ends the collector; where that cannot be said it ends with the program.
        let _ = self.socket.send_to(&[], &self.out);
    }
}

/// Takes what the card sends, so that it never waits for us. An empty frame ends it.
fn collect(receiver: &UnixDatagram, frames: &SyncSender<Vec<u8>>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = receiver.recv(&mut buffer) {
        if let Err(TrySendError::Disconnected(_)) = frames.try_send(buffer[..length].to_vec()) {
            break;
        }
    }
}
