//! The socket options of netlink, which rustix has no form of.

#![allow(unsafe_code)]

use libc::{c_int, c_uint, socklen_t};
use rustix::io::Errno;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Receive the messages of a multicast group.
pub(super) fn join(fd: BorrowedFd<'_>, group: u32) -> Result<(), Errno> {
    set_option(fd, libc::NETLINK_ADD_MEMBERSHIP, group)
}

/// Acknowledgements with the kernel's explanation (since Linux 4.12).
pub(super) fn extended_acknowledgements(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    set_option(fd, libc::NETLINK_EXT_ACK, 1)
}

/// Acknowledgements without the request's payload (since Linux 4.3).
pub(super) fn capped_acknowledgements(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    set_option(fd, libc::NETLINK_CAP_ACK, 1)
}

/// Dump requests are checked as strictly as others (since Linux 4.20).
pub(super) fn strict_checking(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    set_option(fd, libc::NETLINK_GET_STRICT_CHK, 1)
}

fn set_option(fd: BorrowedFd<'_>, name: c_int, value: c_uint) -> Result<(), Errno> {
    const LENGTH: socklen_t = 4;
    // SAFETY: the pointer is to `value`, 4 bytes that live through the call and are only read.
    let answer = unsafe {
        libc::setsockopt(fd.as_raw_fd(), libc::SOL_NETLINK, name, ptr::from_ref(&value).cast(), LENGTH)
    };
    if answer == 0 {
        return Ok(());
    }
    Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO))
}
