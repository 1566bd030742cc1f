//! A packet socket: every frame that one interface receives or sends, as it is on the wire.
//!
//! ```no_run
//! use rssmgr_netlink::packet_socket::{self, Options, PacketSocket};
//! use std::time::Duration;
//!
//! let socket = PacketSocket::open("eth0", &Options::default())?;
//! let mut buffer = vec![0; packet_socket::BUFFER_BYTES];
//! while socket.wait(Duration::from_secs(1))? {
//!     while let Some(frame) = socket.recv(&mut buffer)? {
//!         println!("{} of {} bytes", frame.bytes(&buffer).len(), frame.original_len);
//!     }
//! }
//! # Ok::<(), packet_socket::PacketError>(())
//! ```
//!
//! Things that surprise (packet(7) and the kernel's `net/packet/af_packet.c`):
//! - The kernel cuts the outermost VLAN tag out of a frame and delivers it beside it. [`PacketSocket::recv`] puts it
//!   back, so that the bytes are those on the wire.
//! - Receive offload merges segments before the socket sees them: a frame may be far longer than the MTU.
//! - Frames that this host sends are delivered too, marked [`Frame::outgoing`]. Those of local senders may have an
//!   unfinished checksum, since the NIC would complete it.
//! - Reading the statistics clears them in the kernel.

mod error;
mod filter;
mod sys;

pub use error::PacketError;
pub use filter::Filter;

use crate::packet_socket::sys::{Datagram, LinkAddress};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, netdevice, sockopt};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Bytes at the start of the receive buffer that are kept for a VLAN tag.
pub const HEADROOM: usize = VLAN_TAG_BYTES;

/// A receive buffer of this size holds every frame that classic receive offload (64 KiB of IP) can make, with two
/// VLAN tags and [`HEADROOM`]. Longer ones (BIG TCP) arrive cut, which [`Frame::original_len`] shows.
pub const BUFFER_BYTES: usize = HEADROOM + 14 + 2 * VLAN_TAG_BYTES + 65_535;

const VLAN_TAG_BYTES: usize = 4;
/// Where a VLAN tag stands: behind the two addresses.
const ADDRESSES_BYTES: usize = 12;
const ETHERNET_HEADER_BYTES: usize = 14;
/// The tag protocol when the kernel does not tell it (before Linux 3.14): 802.1Q.
const ETHERTYPE_8021Q: u16 = 0x8100;

/// How to open a [`PacketSocket`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Put the interface into promiscuous mode for as long as the socket is open. Off by default, since it changes
    /// what the interface does for everybody.
    pub promiscuous: bool,
    /// Size of the kernel's receive buffer in bytes; `None` keeps `net.core.rmem_default`. Without `CAP_NET_ADMIN`
    /// the kernel caps it at `net.core.rmem_max`.
    pub receive_buffer: Option<usize>,
    /// Which frames are delivered, and how much of each; `None` delivers all of them whole.
    pub filter: Option<Filter>,
}

impl Options {
    /// The same with promiscuous mode on or off.
    #[must_use]
    pub fn promiscuous(self, on: bool) -> Self {
        Self { promiscuous: on, ..self }
    }

    /// The same with a receive buffer of `bytes`.
    #[must_use]
    pub fn receive_buffer(self, bytes: usize) -> Self {
        Self { receive_buffer: Some(bytes), ..self }
    }

    /// The same with only the frames that pass `filter`.
    #[must_use]
    pub fn filter(self, filter: Filter) -> Self {
        Self { filter: Some(filter), ..self }
    }
}

/// Where a received frame is in the caller's buffer, and what the kernel said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// Offset of the frame's first byte in the buffer: 0 when a VLAN tag was put back, else [`HEADROOM`].
    pub start: usize,
    /// Bytes of the frame in the buffer.
    pub len: usize,
    /// Bytes that the frame has on the wire, without the frame check sequence; more than `len` when the buffer was
    /// too short.
    pub original_len: usize,
    /// Whether the kernel had taken a VLAN tag out, which now is in its place again.
    pub vlan_restored: bool,
    /// Whether this host sent the frame.
    pub outgoing: bool,
}

impl Frame {
    /// The frame's bytes in the buffer that it was received into.
    ///
    /// # Panics
    /// When `buffer` is shorter than the one given to [`PacketSocket::recv`].
    #[must_use]
    pub fn bytes<'b>(&self, buffer: &'b [u8]) -> &'b [u8] {
        &buffer[self.start..self.start + self.len]
    }
}

/// What the kernel counted on a socket since the last time that it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that were to be delivered, dropped ones included.
    pub packets: u32,
    /// Frames lost because the receive buffer was full.
    pub drops: u32,
}

/// A raw `AF_PACKET` socket bound to one interface, non-blocking.
#[derive(Debug)]
pub struct PacketSocket {
    fd: OwnedFd,
    ifname: String,
    ifindex: u32,
}

impl PacketSocket {
    /// Opens a socket that receives every frame of interface `ifname` of the calling thread's network namespace.
    ///
    /// # Errors
    /// [`PacketError::NotPermitted`] without `CAP_NET_RAW`, [`PacketError::NoInterface`], [`PacketError::Down`],
    /// [`PacketError::NotEthernet`] when its frames do not begin with an Ethernet header, and
    /// [`PacketError::NoPacketSockets`] on a kernel without them.
    pub fn open(ifname: &str, options: &Options) -> Result<Self, PacketError> {
        let failed = |doing, errno| PacketError::from_errno(ifname, doing, errno);
        // Protocol 0: nothing is received until the socket is bound, so no frame of another interface slips in.
        let fd = rustix::net::socket_with(
            AddressFamily::PACKET,
            SocketType::RAW,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )
        .map_err(|e| failed("opening a packet socket", e))?;
        let ifindex = netdevice::name_to_index(&fd, ifname)
            .map_err(|_| PacketError::NoInterface { ifname: ifname.to_owned() })?;
        sys::enable_auxdata(fd.as_fd()).map_err(|e| failed("asking for VLAN tags", e))?;
        if let Some(bytes) = options.receive_buffer {
            sockopt::set_socket_recv_buffer_size_force(&fd, bytes)
                .or_else(|_| sockopt::set_socket_recv_buffer_size(&fd, bytes))
                .map_err(|e| failed("setting the receive buffer", e))?;
        }
        // Before the first frame can come.
        if let Some(filter) = &options.filter {
            sys::attach_filter(fd.as_fd(), &filter.program())
                .map_err(|e| failed("attaching the filter", e))?;
        }
        sys::bind(fd.as_fd(), ifindex).map_err(|e| failed("binding", e))?;
        let socket = Self { fd, ifname: ifname.to_owned(), ifindex };
        // Binding to an interface that is down succeeds and leaves the reason as the socket's pending error.
        match sockopt::socket_error(&socket.fd).map_err(|e| failed("binding", e))? {
            Ok(()) => {}
            Err(errno) => return Err(socket.error("binding", errno)),
        }
        let LinkAddress { hardware_type } =
            sys::link_address(socket.as_fd()).map_err(|e| failed("reading the hardware type", e))?;
        if !matches!(hardware_type, libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK) {
            return Err(PacketError::NotEthernet { ifname: socket.ifname, hardware_type });
        }
        if options.promiscuous {
            sys::join_promiscuous(socket.as_fd(), ifindex)
                .map_err(|e| failed("switching promiscuous mode on", e))?;
        }
        Ok(socket)
    }

    /// The interface's name at the time of opening.
    #[must_use]
    pub fn ifname(&self) -> &str {
        &self.ifname
    }

    /// The interface's index in its network namespace.
    #[must_use]
    pub fn ifindex(&self) -> u32 {
        self.ifindex
    }

    /// Waits until a frame (or an error) is there, at most `timeout`. `false` when time was up.
    ///
    /// # Errors
    /// [`PacketError::Io`] when the kernel refuses to wait.
    pub fn wait(&self, timeout: Duration) -> Result<bool, PacketError> {
        wait_for_any([self], timeout)
    }

    /// Takes the next frame, if there is one; never blocks. The frame is where [`Frame::bytes`] says; its first
    /// bytes land at [`HEADROOM`], so that putting a VLAN tag back moves 12 bytes and not the whole frame.
    ///
    /// # Errors
    /// [`PacketError::Buffer`] when `buffer` cannot hold an Ethernet header, [`PacketError::Down`] once each time
    /// the interface goes down (the socket works again when it is back up), [`PacketError::Gone`] when it was
    /// removed or moved to another network namespace.
    pub fn recv(&self, buffer: &mut [u8]) -> Result<Option<Frame>, PacketError> {
        let want = HEADROOM + ETHERNET_HEADER_BYTES;
        if buffer.len() < want {
            return Err(PacketError::Buffer { got: buffer.len(), want });
        }
        let datagram = loop {
            match sys::receive(self.as_fd(), &mut buffer[HEADROOM..]) {
                Ok(datagram) => break datagram,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(errno) => return Err(self.error("receiving", errno)),
            }
        };
        Ok(Some(restore_vlan(buffer, &datagram)))
    }

    /// Sends one frame, which begins with its Ethernet header and has no frame check sequence.
    ///
    /// # Errors
    /// [`PacketError::FrameLength`] for one that is too short or longer than the interface takes,
    /// [`PacketError::Down`], [`PacketError::Gone`], [`PacketError::Io`] when the interface's queue is full.
    pub fn send(&self, frame: &[u8]) -> Result<(), PacketError> {
        let length = || PacketError::FrameLength {
            ifname: self.ifname.clone(),
            got: frame.len(),
            min: ETHERNET_HEADER_BYTES,
        };
        if frame.len() < ETHERNET_HEADER_BYTES {
            return Err(length());
        }
        loop {
            match rustix::net::send(&self.fd, frame, SendFlags::empty()) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::MSGSIZE) => return Err(length()),
                Err(errno) => return Err(self.error("sending", errno)),
            }
        }
    }

    /// What the kernel counted since the last call (or since opening); the kernel's counters start again at 0.
    ///
    /// # Errors
    /// [`PacketError::Io`].
    pub fn take_counts(&self) -> Result<Counts, PacketError> {
        sys::statistics(self.as_fd()).map_err(|e| self.error("reading the statistics", e))
    }

    fn error(&self, doing: &'static str, errno: Errno) -> PacketError {
        // The kernel says "down" for a removed interface too; the namespace is the socket's, whichever thread asks.
        let gone = || netdevice::name_to_index(&self.fd, &self.ifname) != Ok(self.ifindex);
        match errno {
            Errno::NETDOWN | Errno::NODEV | Errno::NXIO if gone() => {
                PacketError::Gone { ifname: self.ifname.clone() }
            }
            errno => PacketError::from_errno(&self.ifname, doing, errno),
        }
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Waits until one of these sockets has a frame (or an error), at most `timeout`. `false` when time was up, and for no
/// sockets at all.
///
/// # Errors
/// [`PacketError::Io`] when the kernel refuses to wait.
pub fn wait_for_any<'a>(
    sockets: impl IntoIterator<Item = &'a PacketSocket>,
    timeout: Duration,
) -> Result<bool, PacketError> {
    let sockets: Vec<&PacketSocket> = sockets.into_iter().collect();
    let Some(first) = sockets.first() else { return Ok(false) };
    let mut asked: Vec<PollFd<'_>> = sockets.iter().map(|s| PollFd::new(&s.fd, PollFlags::IN)).collect();
    let end = Instant::now().checked_add(timeout);
    loop {
        // A duration too long for the kernel, or the clock, is as good as for ever.
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut asked, left.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(first.error("waiting", errno)),
        }
    }
}

/// Puts the tag that the kernel took out back into the frame that was received at [`HEADROOM`].
fn restore_vlan(buffer: &mut [u8], datagram: &Datagram) -> Frame {
    let Datagram { len, original_len, outgoing, vlan } = *datagram;
    match vlan {
        Some(vlan) if len >= ADDRESSES_BYTES => {
            buffer.copy_within(HEADROOM..HEADROOM + ADDRESSES_BYTES, 0);
            let tpid = vlan.tpid.unwrap_or(ETHERTYPE_8021Q).to_be_bytes();
            let tci = vlan.tci.to_be_bytes();
            buffer[ADDRESSES_BYTES..ADDRESSES_BYTES + VLAN_TAG_BYTES]
                .copy_from_slice(&[tpid[0], tpid[1], tci[0], tci[1]]);
            Frame {
                start: 0,
                len: len + VLAN_TAG_BYTES,
                original_len: original_len + VLAN_TAG_BYTES,
                vlan_restored: true,
                outgoing,
            }
        }
        _ => Frame { start: HEADROOM, len, original_len, vlan_restored: false, outgoing },
    }
}
