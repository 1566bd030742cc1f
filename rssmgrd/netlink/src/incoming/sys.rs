//! The socket option that rustix has no form of.

#![allow(unsafe_code)]

use libc::{c_uint, socklen_t};
use rustix::io::Errno;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Lower numbers are no NAPI instances (`MIN_NAPI_ID`: the number of possible CPUs plus one, but 0 alone stands for
/// "none" here, since the kernel reports any other below it as 0).
const NONE: c_uint = 0;

/// The NAPI instance of the last packet; `None` where there is none, or on a kernel before 4.12.
pub(super) fn napi_id(fd: BorrowedFd<'_>) -> Result<Option<u32>, Errno> {
    let mut id: c_uint = NONE;
    let mut length: socklen_t = 4;
    // SAFETY: both pointers are to values that live through the call; the kernel writes at most `length` bytes, which
    // are those of `id`.
    let answer = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_INCOMING_NAPI_ID,
            ptr::from_mut(&mut id).cast(),
            ptr::from_mut(&mut length),
        )
    };
    if answer == 0 {
        return Ok(Some(id).filter(|id| *id != NONE));
    }
    match Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO) {
        Errno::NOPROTOOPT => Ok(None),
        errno => Err(errno),
    }
}
