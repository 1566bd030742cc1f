//! The system calls that rustix has no safe form of: link-layer addresses, packet options and the VLAN control
//! message. Everything here takes and gives plain values.

#![allow(unsafe_code)]

use super::Counts;
use super::filter::Instruction;
use libc::{c_int, socklen_t};
use rustix::io::Errno;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// What one `recvmsg` gave.
pub(super) struct Datagram {
    /// Bytes written to the buffer.
    pub(super) len: usize,
    /// Bytes that the kernel had.
    pub(super) original_len: usize,
    /// Whether this host sent it.
    pub(super) outgoing: bool,
    /// The tag that the kernel cut out.
    pub(super) vlan: Option<Vlan>,
}

/// A VLAN tag in host byte order.
#[derive(Clone, Copy)]
pub(super) struct Vlan {
    /// Tag protocol, where the kernel tells it.
    pub(super) tpid: Option<u16>,
    /// Priority, drop indicator and VLAN identifier.
    pub(super) tci: u16,
}

/// What a bound packet socket knows of its interface.
pub(super) struct LinkAddress {
    /// `ARPHRD_*`.
    pub(super) hardware_type: u16,
}

/// Room for the control messages of one datagram, aligned as `cmsghdr` must be. One `tpacket_auxdata` needs 40 bytes.
#[repr(C, align(8))]
struct Control([u8; 128]);

// `ETH_P_ALL` in network byte order, as `sockaddr_ll` wants it.
const ALL_PROTOCOLS: u16 = 0x0003_u16.to_be();

/// Binds to the interface and starts to receive from it.
pub(super) fn bind(fd: BorrowedFd<'_>, ifindex: u32) -> Result<(), Errno> {
    let address = libc::sockaddr_ll {
        sll_family: family(),
        sll_protocol: ALL_PROTOCOLS,
        sll_ifindex: index(ifindex)?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: the pointer and the length are those of `address`, which lives through the call and is only read.
    check(unsafe {
        libc::bind(fd.as_raw_fd(), (&raw const address).cast(), length_of::<libc::sockaddr_ll>())
    })?;
    Ok(())
}

/// The hardware type of the interface that the socket is bound to.
pub(super) fn link_address(fd: BorrowedFd<'_>) -> Result<LinkAddress, Errno> {
    let mut address = empty_address();
    let mut length = length_of::<libc::sockaddr_ll>();
    // SAFETY: the kernel writes at most `length` bytes to `address`; both live through the call.
    check(unsafe { libc::getsockname(fd.as_raw_fd(), (&raw mut address).cast(), &raw mut length) })?;
    Ok(LinkAddress { hardware_type: address.sll_hatype })
}

/// Asks for the control message that carries a VLAN tag.
pub(super) fn enable_auxdata(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    let on: c_int = 1;
    set_option(fd, libc::PACKET_AUXDATA, &on)
}

/// Has the kernel run a classic BPF program for each frame.
pub(super) fn attach_filter(fd: BorrowedFd<'_>, program: &[Instruction]) -> Result<(), Errno> {
    let mut filter: Vec<libc::sock_filter> =
        program.iter().map(|&(code, jt, jf, k)| libc::sock_filter { code, jt, jf, k }).collect();
    let len = u16::try_from(filter.len()).map_err(|_| Errno::INVAL)?;
    let program = libc::sock_fprog { len, filter: filter.as_mut_ptr() };
    // SAFETY: the pointer and the length are those of `program`; it points at `len` instructions in `filter`. Both live
    // through the call and are only read.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            ptr::from_ref(&program).cast(),
            length_of::<libc::sock_fprog>(),
        )
    })?;
    Ok(())
}

/// Keeps the interface promiscuous until the socket is closed.
pub(super) fn join_promiscuous(fd: BorrowedFd<'_>, ifindex: u32) -> Result<(), Errno> {
    let request = libc::packet_mreq {
        mr_ifindex: index(ifindex)?,
        mr_type: u16::try_from(libc::PACKET_MR_PROMISC).map_err(|_| Errno::INVAL)?,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set_option(fd, libc::PACKET_ADD_MEMBERSHIP, &request)
}

/// The kernel's counters, which reading clears.
pub(super) fn statistics(fd: BorrowedFd<'_>) -> Result<Counts, Errno> {
    let mut stats = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    let mut length = length_of::<libc::tpacket_stats>();
    // SAFETY: the kernel writes at most `length` bytes to `stats`; both live through the call.
    check(unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut stats).cast(),
            &raw mut length,
        )
    })?;
    Ok(Counts { packets: stats.tp_packets, drops: stats.tp_drops })
}

/// Receives one frame to the start of `buffer`, without waiting.
pub(super) fn receive(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Datagram, Errno> {
    let mut address = empty_address();
    let mut control = Control([0; 128]);
    let mut vector = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: `msghdr` is plain data (integers and pointers), for which all zeroes is a valid value.
    let mut message: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_name = (&raw mut address).cast();
    message.msg_namelen = length_of::<libc::sockaddr_ll>();
    message.msg_iov = &raw mut vector;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len();
    // SAFETY: every pointer in `message` is to a live, exclusively borrowed object of the length beside it.
    let received = check(unsafe {
        libc::recvmsg(fd.as_raw_fd(), &raw mut message, libc::MSG_DONTWAIT | libc::MSG_TRUNC)
    })?;
    let original_len = usize::try_from(received).map_err(|_| Errno::IO)?;
    Ok(Datagram {
        len: original_len.min(buffer.len()),
        original_len,
        outgoing: address.sll_pkttype == libc::PACKET_OUTGOING,
        vlan: vlan_tag(&message),
    })
}

/// The tag in the control messages of a datagram.
fn vlan_tag(message: &libc::msghdr) -> Option<Vlan> {
    // SAFETY: `message` was filled by `recvmsg`: its control pointer and length describe the part of the control
    // buffer that the kernel wrote, and the buffer is aligned for `cmsghdr`.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR give null or a header that lies wholly inside the control buffer.
        let found = unsafe { header.read_unaligned() };
        // SAFETY: as above; CMSG_LEN only computes.
        let enough =
            found.cmsg_len >= unsafe { libc::CMSG_LEN(length_of::<libc::tpacket_auxdata>()) } as usize;
        if found.cmsg_level == libc::SOL_PACKET && found.cmsg_type == libc::PACKET_AUXDATA && enough {
            // SAFETY: the message's length says that a whole `tpacket_auxdata` follows the header, and every bit
            // pattern is one (it has only integers).
            let data =
                unsafe { ptr::read_unaligned(libc::CMSG_DATA(header).cast::<libc::tpacket_auxdata>()) };
            let has = |flag| data.tp_status & flag != 0;
            return has(libc::TP_STATUS_VLAN_VALID).then(|| Vlan {
                tpid: has(libc::TP_STATUS_VLAN_TPID_VALID).then_some(data.tp_vlan_tpid),
                tci: data.tp_vlan_tci,
            });
        }
        // SAFETY: `header` is a header of this message, which is unchanged.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
    None
}

fn set_option<T>(fd: BorrowedFd<'_>, name: c_int, value: &T) -> Result<(), Errno> {
    // SAFETY: the pointer and the length are those of `value`, which lives through the call and is only read.
    check(unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::SOL_PACKET,
            name,
            ptr::from_ref(value).cast(),
            length_of::<T>(),
        )
    })?;
    Ok(())
}

fn empty_address() -> libc::sockaddr_ll {
    libc::sockaddr_ll {
        sll_family: 0,
        sll_protocol: 0,
        sll_ifindex: 0,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    }
}

/// `AF_PACKET` (17) in the width of `sa_family_t`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the constant is 17")]
const fn family() -> libc::sa_family_t {
    libc::AF_PACKET as libc::sa_family_t
}

/// The size of one of the kernel's small structures, as it is passed to system calls.
#[allow(clippy::cast_possible_truncation, reason = "all of them are below 4 GiB")]
const fn length_of<T>() -> socklen_t {
    size_of::<T>() as socklen_t
}

fn index(ifindex: u32) -> Result<c_int, Errno> {
    c_int::try_from(ifindex).map_err(|_| Errno::NODEV)
}

/// Turns the C convention (-1 and errno) into a result.
fn check<N: PartialEq + From<i8>>(answer: N) -> Result<N, Errno> {
    if answer == N::from(-1) {
        let error = std::io::Error::last_os_error();
        return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
    }
    Ok(answer)
}
