//! irqbalance's own socket: which interrupts it leaves alone, and how to change that.
//!
//! It listens at `/run/irqbalance/irqbalance<pid>.sock`, or where it cannot write there, at an abstract name of its network
//! namespace: older versions at `irqbalance<pid>.sock`, 1.9.2 at one of nothing but NULs, which is therefore found by
//! its process. Whoever asks must be root, and says so by credentials that the kernel
//! vouches for. A request is one message; the answer ends with the connection.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice, Read as _};
use std::mem::MaybeUninit;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rssmgr_core::irqbalance::{Interrupts, SETUP, SHORT_REQUEST, banned, request};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, UCred, sendmsg};
use rustix::process::{getgid, getpid, getuid};

use crate::error::HostError;
use crate::process::processes;
use crate::root::{Root, numbered};

const FOLDER: &str = "run/irqbalance";
const STEM: &str = "irqbalance";
const END: &str = ".sock";

/// It answers between two rounds, each of which reads `/proc/interrupts` of the whole machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// More than it can have to say of every interrupt of a machine.
const LONGEST: u64 = 1 << 20;

/// `__SO_ACCEPTCON`, as the kernel prints it.
const LISTENS: &str = "00010000";

/// What listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listening {
    /// Every irqbalance with its process id in the name of its socket.
    pub irqbalances: Vec<Irqbalance>,
    /// The inodes of sockets that listen at a name of nothing but NULs: one that is new may be of an irqbalance, which
    /// only [`running`] finds.
    pub nameless: BTreeSet<u64>,
}

/// A running irqbalance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Irqbalance {
    /// Its process id.
    pub pid: u32,
    /// Interrupts that its command line bans.
    pub fixed: Interrupts,
    address: Option<Address>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Address {
    File(PathBuf),
    /// With NULs where the kernel prints `@`.
    Abstract(Vec<u8>),
}

/// Why it cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum IrqbalanceError {
    /// No socket of it can be seen from here.
    #[error("it has no socket that can be reached")]
    NoSocket,
    /// The socket does not answer.
    #[error("its socket does not answer: {0}")]
    Io(#[from] io::Error),
    /// It answers something else.
    #[error("its socket answers what is not understood; only root is answered")]
    NotUnderstood,
    /// It keeps only a part of the list.
    #[error("it keeps only {kept} of {asked} interrupts")]
    Partial {
        /// How many it keeps.
        kept: usize,
        /// How many it was asked to keep.
        asked: usize,
    },
}

/// What listens for those who ask an irqbalance. Cheap: no process is looked at but those whose id is in a name.
///
/// # Errors
/// A folder cannot be read.
pub fn listening(root: &Path) -> Result<Listening, HostError> {
    let unix = unix(&Root::new(root))?;
    let sockets = sockets(&Root::new(root), &unix)?;
    let running = sockets.into_iter().filter_map(|(pid, address)| {
        let (name, fixed) = process(&Root::new(root), pid)?;
        (name == STEM).then_some(Irqbalance { pid, fixed, address: Some(address) })
    });
    let nameless = listeners(&unix).filter(|(_, name)| name.bytes().all(|b| b == b'@'));
    let nameless = nameless.filter_map(|(inode, _)| inode.parse().ok()).collect();
    Ok(Listening { irqbalances: running.collect(), nameless })
}

/// Every irqbalance that runs, whether it has a socket or not. Looks at every process of the machine.
///
/// # Errors
/// The folder of processes cannot be read.
pub fn running(root: &Path) -> Result<Vec<Irqbalance>, HostError> {
    let unix = unix(&Root::new(root))?;
    let mut sockets = sockets(&Root::new(root), &unix)?;
    let mut all = Vec::new();
    for process in processes(root, &[STEM])? {
        let address = match sockets.remove(&process.pid) {
            Some(address) => Some(address),
            None => opened(&Root::new(root), process.pid, &unix),
        };
        all.push(Irqbalance { pid: process.pid, fixed: banned_by(&process.arguments), address });
    }
    Ok(all)
}

impl Irqbalance {
    /// Whether it still runs on the machine of this root.
    #[must_use]
    pub fn is_alive(&self, root: &Path) -> bool {
        process(&Root::new(root), self.pid).is_some_and(|(name, _)| name == STEM)
    }

    /// The interrupts that it leaves alone because it was told to, by its command line or by its socket.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn banned(&self) -> Result<Interrupts, IrqbalanceError> {
        banned(&self.ask(SETUP)?).ok_or(IrqbalanceError::NotUnderstood)
    }

    /// Replaces the list of interrupts that it leaves alone, and reads it back. Old versions read the beginning of a
    /// request only; they are told the lowest numbers that fit.
    ///
    /// # Errors
    /// It cannot be told, or does not keep all of it.
    pub fn ban(&self, list: &Interrupts) -> Result<(), IrqbalanceError> {
        let whole = request(list, usize::MAX);
        // One that does not read all of it breaks the connection, having taken what it read.
        let sent = self.ask(&whole).map(drop);
        if whole.len() <= SHORT_REQUEST {
            sent?;
        }
        let kept = self.banned()?;
        if kept == *list {
            return Ok(());
        }
        self.ask(&request(list, SHORT_REQUEST))?;
        let kept = self.banned()?.intersection(list).count();
        if kept == list.len() { Ok(()) } else { Err(IrqbalanceError::Partial { kept, asked: list.len() }) }
    }

    fn ask(&self, words: &str) -> Result<String, IrqbalanceError> {
        let stream = match self.address.as_ref().ok_or(IrqbalanceError::NoSocket)? {
            Address::File(path) => UnixStream::connect(path)?,
            Address::Abstract(name) => UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)?,
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        let credentials = UCred { pid: getpid(), uid: getuid(), gid: getgid() };
        ancillary.push(SendAncillaryMessage::ScmCredentials(credentials));
        let sent = sendmsg(&stream, &[IoSlice::new(words.as_bytes())], &mut ancillary, SendFlags::NOSIGNAL);
        if sent.map_err(io::Error::from)? < words.len() {
            return Err(io::Error::from(io::ErrorKind::WriteZero).into());
        }
        let mut answer = Vec::new();
        (&stream).take(LONGEST).read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// The kernel's list of sockets. Abstract names are those of this network namespace; a recorded machine has none that can
/// be reached.
fn unix(root: &Root<'_>) -> Result<String, HostError> {
    Ok(root.read_start("proc/net/unix", LONGEST)?.unwrap_or_default())
}

/// The sockets that listen at an abstract name: inode and name, with `@` for each NUL.
fn listeners(unix: &str) -> impl Iterator<Item = (&str, &str)> {
    unix.lines().filter_map(|line| {
        // Address, references, protocol, flags, type, state, inode, name.
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, _, _, LISTENS, _, _, inode, name] = words.as_slice() else { return None };
        name.starts_with('@').then_some((*inode, *name))
    })
}

/// The sockets by the process that is in their names; whether it lives is another question.
fn sockets(root: &Root<'_>, unix: &str) -> Result<BTreeMap<u32, Address>, HostError> {
    let pid = |name: &str| numbered(name.strip_suffix(END)?, STEM);
    let mut found = BTreeMap::new();
    for name in unix.lines().filter_map(|line| line.split(" @").nth(1)) {
        if let Some(pid) = pid(name) {
            found.insert(pid, Address::Abstract(name.as_bytes().to_vec()));
        }
    }
    for name in root.names(FOLDER)? {
        if let Some(pid) = pid(&name) {
            found.insert(pid, Address::File(root.path().join(FOLDER).join(name)));
        }
    }
    Ok(found)
}

/// The abstract address at which a process listens. Who may not see its open files finds none.
fn opened(root: &Root<'_>, pid: u32, unix: &str) -> Option<Address> {
    let folder = format!("proc/{pid}/fd");
    let files = root.names(&folder).unwrap_or_default();
    let opened: BTreeSet<String> = files
        .iter()
        .filter_map(|file| root.link_name(Path::new(&folder), file))
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let (_, name) = listeners(unix).find(|(inode, _)| opened.contains(*inode))?;
    let name = name.strip_prefix('@')?;
    Some(Address::Abstract(name.bytes().map(|b| if b == b'@' { 0 } else { b }).collect()))
}

/// The name of a process, and the interrupts that its command line bans.
fn process(root: &Root<'_>, pid: u32) -> Option<(String, Interrupts)> {
    let name = root.read(format!("proc/{pid}/comm")).ok()??;
    let line = root.read(format!("proc/{pid}/cmdline")).ok().flatten().unwrap_or_default();
    let arguments: Vec<String> = line.split('\0').map(str::to_owned).collect();
    Some((name.trim_end().to_owned(), banned_by(&arguments)))
}

/// `--banirq=33`, `--banirq 33`, `-i 33`, `-i33`.
pub(crate) fn banned_by(arguments: &[String]) -> Interrupts {
    bans_and_rest(arguments).0
}

/// The interrupts that a command line bans, and what else it says.
pub(crate) fn bans_and_rest(arguments: &[String]) -> (Interrupts, Vec<String>) {
    let (mut banned, mut rest) = (Interrupts::new(), Vec::new());
    let mut next = false;
    for argument in arguments {
        let value = match argument.strip_prefix("--banirq").or_else(|| argument.strip_prefix("-i")) {
            _ if next => Some(argument.as_str()),
            Some("") => {
                next = true;
                continue;
            }
            Some(value) => Some(value.trim_start_matches('=')),
            None => None,
        };
        next = false;
        match value {
            Some(value) => banned.extend(value.parse::<u32>().ok()),
            None => rest.push(argument.clone()),
        }
    }
    (banned, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_ban() {
        let line =
            "irqbalance --foreground --banirq=33 --banirq 34 -i 35 -i36 --banmod=i40e --banirq= --banirq=x";
        let arguments: Vec<String> = line.split(' ').map(Into::into).collect();
        let rest = ["irqbalance", "--foreground", "--banmod=i40e"].map(String::from).to_vec();
        assert_eq!(bans_and_rest(&arguments), ([33, 34, 35, 36].into(), rest));
        assert_eq!(banned_by(&["irqbalance".into(), "--banirq".into()]), Interrupts::new());
    }
}
