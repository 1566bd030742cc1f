//! What can go wrong with a packet socket, and what helps.

use rustix::io::Errno;

/// Why a packet socket could not be opened or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// The process lacks `CAP_NET_RAW`.
    #[error(
        "reading frames of `{ifname}` needs CAP_NET_RAW: run as root, or grant it with `setcap cap_net_raw+ep PROGRAM` or with AmbientCapabilities=CAP_NET_RAW in the systemd unit"
    )]
    NotPermitted {
        /// The interface asked for.
        ifname: String,
    },
    /// No such interface.
    #[error("no interface `{ifname}` in this network namespace: `ip link` lists those that are")]
    NoInterface {
        /// The interface asked for.
        ifname: String,
    },
    /// The interface is down.
    #[error("interface `{ifname}` is down: `ip link set {ifname} up` starts it")]
    Down {
        /// The interface.
        ifname: String,
    },
    /// The interface was removed, or moved to another network namespace, while the socket was open.
    #[error(
        "interface `{ifname}` was removed or moved to another network namespace: open it again when it is back"
    )]
    Gone {
        /// The interface.
        ifname: String,
    },
    /// The frames of the interface do not begin with an Ethernet header.
    #[error(
        "interface `{ifname}` does not carry Ethernet frames (hardware type {hardware_type}, Ethernet is 1): use an Ethernet interface"
    )]
    NotEthernet {
        /// The interface.
        ifname: String,
        /// The kernel's `ARPHRD_*` number.
        hardware_type: u16,
    },
    /// The kernel knows no packet sockets, or a sandbox forbids them.
    #[error(
        "reading frames of `{ifname}`: this process cannot have packet sockets: load the kernel module `af_packet` (CONFIG_PACKET), and allow AF_PACKET where a sandbox restricts address families"
    )]
    NoPacketSockets {
        /// The interface asked for.
        ifname: String,
    },
    /// The receive buffer is too short for any frame.
    #[error("receive buffer of {got} bytes: at least {want} are needed, BUFFER_BYTES holds every frame")]
    Buffer {
        /// Its length in bytes.
        got: usize,
        /// The least length in bytes.
        want: usize,
    },
    /// The frame to send is too short or too long.
    #[error(
        "a frame of {got} bytes cannot be sent on `{ifname}`: it needs an Ethernet header ({min} bytes) and at most the interface's MTU behind it"
    )]
    FrameLength {
        /// The interface.
        ifname: String,
        /// Length of the frame in bytes.
        got: usize,
        /// The least length in bytes.
        min: usize,
    },
    /// Anything else that the kernel answered.
    #[error("interface `{ifname}`: {doing} failed: {errno}")]
    Io {
        /// The interface.
        ifname: String,
        /// What was tried.
        doing: &'static str,
        /// The kernel's answer.
        #[source]
        errno: Errno,
    },
}

impl PacketError {
    pub(super) fn from_errno(ifname: &str, doing: &'static str, errno: Errno) -> Self {
        let ifname = ifname.to_owned();
        match errno {
            Errno::PERM | Errno::ACCESS => Self::NotPermitted { ifname },
            Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT | Errno::SOCKTNOSUPPORT => {
                Self::NoPacketSockets { ifname }
            }
            Errno::NODEV | Errno::NXIO => Self::NoInterface { ifname },
            Errno::NETDOWN => Self::Down { ifname },
            errno => Self::Io { ifname, doing, errno },
        }
    }
}
