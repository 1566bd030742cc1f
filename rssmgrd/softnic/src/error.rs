//! What can be wrong with a specification, and why a NIC cannot be made.

use rssmgr_core::{NodeId, topology};

/// Why a text specifies no software NIC or no source. Names the key, the value, what is allowed and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// A name that cannot be used.
    #[error(
        "software NIC name `{name}` {problem}; a name has 1 to 15 characters of A-Z, a-z, 0-9, `.`, `_` and `-`, such as `nic0`"
    )]
    Name {
        /// The name given, shortened.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A key or an option that does not exist.
    #[error("{of} has no `{key}`{}; it has {known}", hint(.nearest.as_deref()))]
    Unknown {
        /// What was specified: the software NIC, or a kind of source.
        of: &'static str,
        /// The key given.
        key: String,
        /// A known key that looks like it.
        nearest: Option<String>,
        /// All known keys.
        known: String,
    },
    /// An option given twice.
    #[error("{of}: `{key}` is given twice; give it once")]
    Twice {
        /// What was specified.
        of: &'static str,
        /// The key.
        key: String,
    },
    /// An option without a value.
    #[error("{of}: `{text}` is no option; write options as KEY=VALUE, separated by commas")]
    Form {
        /// What was specified.
        of: &'static str,
        /// What stands there.
        text: String,
    },
    /// A value that does not fit.
    #[error("{of}: {key} is `{value}`; write {allowed}")]
    Value {
        /// What was specified.
        of: &'static str,
        /// The key.
        key: &'static str,
        /// The value given.
        value: String,
        /// What may be written, with an example where it is not a range.
        allowed: String,
    },
    /// A pretended topology that is none.
    #[error(transparent)]
    Topology(#[from] topology::SpecError),
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default()
}

/// Why a software NIC cannot be made, or its source not be changed.
#[derive(Debug, thiserror::Error)]
pub enum SoftnicError {
    /// The specification cannot be.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A NUMA node that the topology does not have.
    #[error("NUMA node {node} is not in the topology; it has {}; give one of these, or leave `node` out", list(.known))]
    Node {
        /// The node asked for.
        node: NodeId,
        /// The nodes that there are.
        known: Vec<NodeId>,
    },
    /// No CPU to run on.
    #[error("the topology has no CPU that is online; give another one")]
    NoCpu,
    /// A key of the wrong length.
    #[error("a hash key of {got} bytes does not fit, a software NIC takes {want}")]
    Key {
        /// Bytes given.
        got: usize,
        /// Bytes wanted.
        want: usize,
    },
    /// The machine cannot be read.
    #[error(transparent)]
    Host(#[from] rssmgr_host::HostError),
    /// A capture that cannot be opened.
    #[error(transparent)]
    CaptureOpen(rssmgr_host::capture::CaptureError),
    /// A capture that is none, or is damaged.
    #[error("{file}: {cause}")]
    Capture {
        /// The file.
        file: String,
        /// What is wrong with it, and where.
        cause: rssmgr_host::capture::CaptureError,
    },
    /// A capture that does not fit into memory.
    #[error(
        "{file}: packet {packet} is the first for which there is no room: the packets of a capture may take {limit} MiB; keep fewer of them (`editcap -r IN OUT 1-{}`) or only their headers (`editcap -s 128 IN OUT`)", .packet - 1
    )]
    CaptureTooLarge {
        /// The file.
        file: String,
        /// The first packet that does not fit, from 1.
        packet: u64,
        /// The most memory, in MiB.
        limit: u64,
    },
    /// A capture without packets.
    #[error("{file}: the capture holds no packet; capture again")]
    CaptureEmpty {
        /// The file.
        file: String,
    },
    /// An interface that cannot be read.
    #[error(transparent)]
    Interface(#[from] rssmgr_netlink::packet_socket::PacketError),
    /// A table that cannot be.
    #[error(transparent)]
    Table(#[from] rssmgr_core::steer::TableError),
    /// A thread could not be started.
    #[error(
        "cannot start the threads of `{name}`: {source}; use fewer queues, or raise the limit (`ulimit -u`, TasksMax= in the systemd unit)"
    )]
    Thread {
        /// The NIC.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}

fn list(nodes: &[NodeId]) -> String {
    nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(", ")
}
