//! What can go wrong while a host is read.

use std::io;
use std::path::PathBuf;

use rssmgr_core::cpuset::CpuSetError;
use rssmgr_core::topology::TopologyError;

/// Why a host, or a recorded one, cannot be read. `Display` is the whole message, with its cause and a remedy.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The kernel, or the folder's permissions, refused.
    #[error("cannot read {path}: {cause}; check that the path exists and that you may read it")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the kernel said.
        cause: io::Error,
    },
    /// A file far larger than anything the kernel writes there.
    #[error(
        "{path} is larger than {limit} bytes, which no file of sysfs or procfs is; record the machine again"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// The root of no machine.
    #[error("{root} holds no sys/devices/system/cpu; name the folder that holds `sys`, or mount sysfs")]
    NotAMachine {
        /// What was named as root.
        root: PathBuf,
    },
    /// The files are there, but do not describe a machine.
    #[error("{root}: {cause}")]
    Topology {
        /// The root of the machine.
        root: PathBuf,
        /// What is wrong with them.
        cause: TopologyError,
    },
    /// A file that should hold a number.
    #[error("{path} holds `{content}`, where a whole number is expected; record the machine again")]
    Number {
        /// The file.
        path: PathBuf,
        /// Its content.
        content: String,
    },
    /// A line that is not as the kernel, or a person, writes it.
    #[error("{path}, line {line}: `{content}` is not understood: {wanted}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Its content.
        content: String,
        /// What is expected there.
        wanted: String,
    },
    /// A file that should hold CPUs.
    #[error("{path}: {cause}")]
    Set {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        cause: CpuSetError,
    },
    /// No such network interface.
    #[error("{root} has no network interface `{name}`; it has {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    NoInterface {
        /// The root of the machine.
        root: PathBuf,
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
}
