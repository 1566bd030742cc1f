//! A running guest: commands in it, files into it, frames at its cards, cables and cards pulled and plugged.

use super::initramfs;
use super::kernel::Kernel;
use super::machine::{self, Nic, Shape};
use super::outside::{Kept, Namespace, Wire, foreign, tied};
use super::qmp::Qmp;
use super::store::Store;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a guest may take until its agent answers: far more than on a free machine, by its number of processors and
/// by whether it starts a whole system.
fn patience(shape: &Shape, disk: Option<&Path>) -> Duration {
    let system = if disk.is_some() { 300 } else { 0 };
    Duration::from_secs(120 + system + 5 * u64::from(shape.cpus()))
}

/// How long a command may take unless said otherwise.
const COMMAND: Duration = Duration::from_secs(60);

/// As the guest's first process does it.
const MOUNT_SHARE: &str = "mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=none share /share";

/// A guest. It ends when dropped, and with the thread that booted it.
pub(crate) struct Guest {
    // Dropped in this order: QEMU before its wires, the folder last.
    qemu: Kept,
    agent: BufReader<UnixStream>,
    /// What came of the agent's next line before the time was up.
    begun: String,
    qmp: Qmp,
    wires: BTreeMap<String, Wire>,
    namespace: Option<Namespace>,
    nics: Vec<Nic>,
    patience: Duration,
    commands: u32,
    finished: BTreeMap<u32, u8>,
    /// From QEMU's start until the agent answered.
    pub(crate) booted_in: Duration,
    folder: Folder,
}

/// What a guest is made of.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    /// A name of [`Store::kernels`].
    pub(crate) kernel: &'a str,
    pub(crate) shape: &'a Shape,
    pub(crate) nics: &'a [Nic],
    /// Programs of this machine for its `/usr/bin`, which come with the libraries that they need.
    pub(crate) programs: &'a [PathBuf],
    /// A file system to go on from ([`super::debian::disk`]); its `/usr/bin` is its own.
    pub(crate) disk: Option<&'a Path>,
}

/// What a command in the guest did.
#[derive(Debug)]
pub(crate) struct Output {
    /// The exit code; 128 and the signal's number where a signal ended it.
    pub(crate) code: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that runs in the guest while the host does something else.
pub(crate) struct Job(u32);

impl Guest {
    /// Boots it, and waits until its agent answers. An emulated machine now and then hangs while it boots, which says
    /// nothing about a driver: there is a second try, and it is told aloud.
    pub(crate) fn boot(store: &Store, setup: &Setup<'_>) -> Result<Self> {
        Self::try_boot(store, setup).or_else(|error| {
            println!("{}: boots again, because {error:#}", setup.kernel);
            Self::try_boot(store, setup)
        })
    }

    fn try_boot(store: &Store, setup: &Setup<'_>) -> Result<Self> {
        let Setup { kernel, shape, nics, programs, disk } = *setup;
        let folder = Folder::new()?;
        let started = Instant::now();
        let image = Kernel::find(&store.group(kernel))?;
        fs::write(folder.0.join("initramfs"), initramfs::build(store, kernel, &image, programs)?)?;
        fs::create_dir(folder.0.join("share"))?;
        let interfaces = |(index, nic): (usize, &Nic)| format!("{} {}\n", machine::address(index), nic.name);
        let interfaces: String = nics.iter().enumerate().map(interfaces).collect();
        fs::write(folder.0.join("share/interfaces"), interfaces)?;
        if disk.is_some() {
            fs::write(folder.0.join("share/disk"), "")?;
        }

        let agent = UnixListener::bind(folder.0.join("agent.socket"))?;
        let qmp = UnixListener::bind(folder.0.join("qmp.socket"))?;
        let taps = nics.iter().any(|nic| nic.tap_queues().is_some());
        let namespace = taps.then(Namespace::new).transpose()?;
        let mut wires = BTreeMap::new();
        for nic in nics {
            wires.insert(nic.name.clone(), Wire::lay(nic, &folder.0, namespace.as_ref())?);
        }

        let root = store.group("qemu");
        let program = foreign(&root, "usr/bin/qemu-system-x86_64");
        let mut command = match &namespace {
            Some(namespace) => namespace.command(&program[0]),
            None => tied(Path::new(&program[0])),
        };
        command.args(&program[1..]);
        for data in ["usr/share/qemu", "usr/share/seabios"] {
            command.arg("-L").arg(root.join(data));
        }
        command.args(machine::arguments(shape, nics, &image.image, disk, &folder.0));
        let messages = fs::File::create(folder.0.join("qemu"))?;
        command.stdin(Stdio::null()).stdout(messages.try_clone()?).stderr(messages);
        let mut qemu = Kept(command.spawn().context("cannot start QEMU")?);

        let agent = accept(&agent, &mut qemu, &folder.0)?;
        let qmp = Qmp::new(accept(&qmp, &mut qemu, &folder.0)?)?;
        for nic in nics {
            let Some(wire) = wires.get_mut(&nic.name) else { continue };
            if let (Some(_), Some(namespace)) = (nic.tap_queues(), &namespace) {
                wire.join(nic, namespace, store)?;
            }
        }
        let mut guest = Self {
            qemu,
            agent: BufReader::new(agent),
            begun: String::new(),
            qmp,
            wires,
            namespace,
            nics: nics.to_vec(),
            patience: patience(shape, disk),
            commands: 0,
            finished: BTreeMap::new(),
            booted_in: Duration::ZERO,
            folder,
        };
        guest.greeted()?;
        for wire in guest.wires.values() {
            wire.ready(COMMAND)?;
        }
        guest.booted_in = started.elapsed();
        Ok(guest)
    }

    /// Waits for the agent's first word.
    fn greeted(&mut self) -> Result<()> {
        let end = Instant::now() + self.patience;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            ensure!(
                !left.is_zero(),
                "the guest did not come up in {} s: {}",
                self.patience.as_secs(),
                self.last_words()
            );
            // Scripts that a reboot ends may still tell of it.
            if self.agent_line(left).context("the guest did not come up")? == "ready" {
                return Ok(());
            }
        }
    }

    /// Reboots a guest that has a disk, and waits until it is back.
    pub(crate) fn reboot(&mut self) -> Result<()> {
        self.start("systemctl reboot")?;
        self.finished.clear();
        self.greeted()
    }

    /// Suspends all devices of the guest and resumes them. The shared folder's device does not outlive that: it is let go
    /// of before, and taken again.
    pub(crate) fn suspend(&mut self, within: Duration) -> Result<()> {
        let resumed = self.folder.0.join("share/resumed");
        // The kernel wakes the devices after a while that it counts in turns of a loop, which takes long on a busy host.
        self.expect(&format!(
            "cat >/run/suspend <<'END'\n\
             until umount /share; do sleep 0.05; done\n\
             cd /sys/bus/virtio/drivers/9pnet_virtio; device=$(echo virtio*); echo $device >unbind\n\
             echo 1 >/sys/module/suspend/parameters/pm_test_delay; echo devices >/sys/power/pm_test\n\
             echo mem >/sys/power/state; code=$?; echo none >/sys/power/pm_test\n\
             echo $device >bind; until {MOUNT_SHARE}; do sleep 0.05; done\n\
             echo $code >/share/resumed\nEND\n\
             setsid sh /run/suspend >/run/suspended 2>&1 </dev/null &"
        ))?;
        let end = Instant::now() + within;
        let code = loop {
            match fs::read_to_string(&resumed) {
                Ok(code) if code.ends_with('\n') => break code,
                _ => ensure!(
                    Instant::now() < end,
                    "no resume in {} s: {}",
                    within.as_secs(),
                    self.last_words()
                ),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        fs::remove_file(&resumed)?;
        let said = self.expect("cat /run/suspended")?;
        ensure!(code.trim() == "0", "not suspended: {}", said.trim());
        Ok(())
    }

    /// Runs a shell script in the guest and waits for its end, up to a minute.
    pub(crate) fn run(&mut self, script: &str) -> Result<Output> {
        self.run_within(script, COMMAND)
    }

    /// As [`Guest::run`], with another limit. What takes longer is killed, and is an error.
    pub(crate) fn run_within(&mut self, script: &str, within: Duration) -> Result<Output> {
        let job = self.start(script)?;
        self.wait(&job, within).with_context(|| format!("in the guest, `{script}`"))
    }

    /// The standard output of a script that must succeed.
    pub(crate) fn expect(&mut self, script: &str) -> Result<String> {
        let output = self.run(script)?;
        ensure!(
            output.code == 0,
            "in the guest, `{script}` ended with {}: {}",
            output.code,
            output.stderr.trim()
        );
        Ok(output.stdout)
    }

    /// Starts a shell script in the guest.
    pub(crate) fn start(&mut self, script: &str) -> Result<Job> {
        self.commands += 1;
        let number = self.commands;
        fs::write(self.share(number, "sh"), script)?;
        writeln!(self.agent.get_mut(), "run {number}").context("the guest's agent is gone")?;
        Ok(Job(number))
    }

    /// The output of a started script, if it has ended.
    pub(crate) fn ended(&mut self, job: &Job) -> Result<Option<Output>> {
        // Jobs are told in the order in which they end: a question behind them hears of all of them.
        self.expect(":")?;
        if self.finished.contains_key(&job.0) { self.wait(job, COMMAND).map(Some) } else { Ok(None) }
    }

    /// Waits for a started script.
    pub(crate) fn wait(&mut self, job: &Job, within: Duration) -> Result<Output> {
        let end = Instant::now() + within;
        let code = loop {
            if let Some(code) = self.finished.remove(&job.0) {
                break code;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                writeln!(self.agent.get_mut(), "kill {}", job.0)?;
                bail!("killed after {} s", within.as_secs());
            }
            let line = self.agent_line(left)?;
            let mut words = line.split(' ');
            let (Some("done"), Some(Ok(number)), Some(Ok(code))) =
                (words.next(), words.next().map(str::parse), words.next().map(str::parse))
            else {
                // Nothing came within what was left: the loop says so.
                ensure!(line.is_empty(), "the guest's agent said `{line}`");
                continue;
            };
            self.finished.insert(number, code);
        };
        let text = |end: &str| -> Result<String> {
            let bytes = fs::read(self.share(job.0, end));
            let bytes = bytes.with_context(|| format!("the guest wrote no output: {}", self.last_words()))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(Output { code, stdout: text("out")?, stderr: text("err")? })
    }

    /// Copies a file of this machine to a path in the guest, with its permissions.
    pub(crate) fn put(&mut self, file: &Path, path: &str) -> Result<()> {
        self.commands += 1;
        let staged = self.share(self.commands, "file");
        fs::copy(file, &staged).with_context(|| format!("cannot read {}", file.display()))?;
        let name = staged.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.expect(&format!("mkdir -p \"$(dirname '{path}')\" && cp -p '/share/{name}' '{path}'"))?;
        fs::remove_file(staged)?;
        Ok(())
    }

    /// The far end of a card's cable.
    pub(crate) fn wire(&self, nic: &str) -> Result<&Wire> {
        self.wires.get(nic).with_context(|| format!("the guest has no card {nic}"))
    }

    /// Where the host's side of the taps is; commands there can talk to the guest over IP.
    pub(crate) fn outside(&self) -> Result<&Namespace> {
        self.namespace.as_ref().context("no card of this guest has a tap")
    }

    /// Pulls or plugs a cable.
    pub(crate) fn link(&mut self, nic: &str, up: bool) -> Result<()> {
        self.qmp.execute("set_link", &json!({ "name": nic, "up": up })).map(drop)
    }

    /// Pulls a card out, and waits until the guest has let go of it.
    pub(crate) fn unplug(&mut self, nic: &str) -> Result<()> {
        self.qmp.execute("device_del", &json!({ "id": nic }))?;
        self.qmp.event("DEVICE_DELETED", |data| data["device"] == nic, COMMAND).map(drop)
    }

    /// Plugs a card that was pulled out into a spare port. The guest names it as it likes: see [`Guest::interface`].
    pub(crate) fn plug(&mut self, nic: &str, spare: usize) -> Result<()> {
        self.plug_into(nic, &format!("spare{spare}"))
    }

    /// As [`Guest::plug`], into the port that it was in, until the guest has it. QEMU puts the card in and presses the port's
    /// button; a guest that hears of the button last takes the card for one that is to go, and powers it off again.
    pub(crate) fn plug_back(&mut self, nic: &str) -> Result<()> {
        let index = self.index(nic)?;
        let goes = |guest: &Self| guest.console().matches("will power off").count();
        loop {
            let before = goes(self);
            self.plug_into(nic, &format!("slot{index}"))?;
            self.interface(nic)?;
            if goes(self) == before {
                return Ok(());
            }
            println!("    {nic}: the guest powers it off again");
            self.qmp.event("DEVICE_DELETED", |data| data["device"] == nic, COMMAND)?;
        }
    }

    fn plug_into(&mut self, nic: &str, port: &str) -> Result<()> {
        let index = self.index(nic)?;
        let device = machine::device(&self.nics[index], index, port);
        let mut arguments = serde_json::Map::<String, serde_json::Value>::new();
        for (place, part) in device.split(',').enumerate() {
            let (key, value) =
                if place == 0 { ("driver", part) } else { part.split_once('=').unwrap_or((part, "on")) };
            // A command line has text alone; here each value has its type.
            let value = match value {
                "on" => true.into(),
                "off" => false.into(),
                text => text.parse::<u64>().map_or_else(|_| text.into(), Into::into),
            };
            arguments.insert(key.to_owned(), value);
        }
        self.qmp.execute("device_add", &arguments.into()).map(drop)
    }

    /// The name that a card's interface has in the guest now, once it is there.
    pub(crate) fn interface(&mut self, nic: &str) -> Result<String> {
        let address = machine::address(self.index(nic)?);
        let script = format!(
            "while :; do for i in /sys/class/net/*/; do [ \"$(cat $i/address)\" = {address} ] && \
             basename $i && exit; done; sleep 0.02; done 2>/dev/null"
        );
        Ok(self.expect(&script)?.trim().to_owned())
    }

    /// What the guest's console printed so far.
    pub(crate) fn console(&self) -> String {
        read_lossy(&self.folder.0.join("console"))
    }

    /// The console's end and QEMU's messages, for a report.
    pub(crate) fn last_words(&self) -> String {
        last_words(&self.folder.0)
    }

    fn index(&self, nic: &str) -> Result<usize> {
        self.nics.iter().position(|n| n.name == nic).with_context(|| format!("the guest has no card {nic}"))
    }

    fn share(&self, number: u32, end: &str) -> PathBuf {
        self.folder.0.join(format!("share/{number}.{end}"))
    }

    /// A line of the agent; an empty one when none came in time.
    fn agent_line(&mut self, within: Duration) -> Result<String> {
        self.agent.get_ref().set_read_timeout(Some(within))?;
        match self.agent.read_line(&mut self.begun) {
            Ok(0) => bail!("the guest has ended ({:?}): {}", self.qemu.0.try_wait()?, self.last_words()),
            Ok(_) => Ok(std::mem::take(&mut self.begun).trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(String::new()),
            Err(error) => Err(error).context("cannot read from the guest's agent"),
        }
    }
}

/// The connection that QEMU makes, or why it did not.
fn accept(listener: &UnixListener, qemu: &mut Kept, folder: &Path) -> Result<UnixStream> {
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error).context("QEMU does not connect"),
        }
        if let Some(status) = qemu.0.try_wait()? {
            bail!("QEMU ended at once ({status}): {}", last_words(folder));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn last_words(folder: &Path) -> String {
    let mut lines = Vec::new();
    for file in ["console", "qemu"] {
        let text = read_lossy(&folder.join(file));
        let all: Vec<&str> = text.lines().collect();
        lines.extend(all.iter().skip(all.len().saturating_sub(15)).map(|line| format!("\n  {file}: {line}")));
    }
    lines.concat()
}

fn read_lossy(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned()
}

/// How the folder of a run is named, before the number of our process.
const RUN: &str = "rssmgr-lab-";

/// A folder of one run, with a path short enough for sockets.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let temporary = std::env::temp_dir();
        for entry in fs::read_dir(&temporary)?.flatten() {
            let name = entry.file_name();
            let process = name.to_str().and_then(|name| name.strip_prefix(RUN)?.split('-').next());
            if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
                // Left by a run that was killed; another user's stays.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let name = format!("{RUN}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = temporary.join(name);
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays behind is small, and in the folder for what may stay behind.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The names of processors in a list such as `0-3,8`.
pub(crate) fn cpu_list(text: &str) -> BTreeSet<u32> {
    let mut cpus = BTreeSet::new();
    for part in text.trim().split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse(), last.parse()) {
            cpus.extend::<std::ops::RangeInclusive<u32>>(first..=last);
        }
    }
    cpus
}
