//! The `SIOCETHTOOL` call, and memory that the kernel cannot write beyond.
//!
//! Some commands write as much as the driver has, whatever the caller made room for: counters that appeared between
//! asking for their number and reading them would go over the end. So the block given to the kernel always ends where
//! an inaccessible page begins: the kernel stops there and answers `EFAULT`.

#![allow(unsafe_code)]

use libc::{c_int, c_void};
use rustix::io::Errno;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};

const SIOCETHTOOL: libc::Ioctl = 0x8946;

/// Bytes for the largest block: the names of 260,000 counters. Pages that are never touched take no memory.
const CAPACITY: usize = 1 << 23;
/// The inaccessible end. Page sizes of all Linux hosts divide it.
const GUARD: usize = 1 << 16;

/// Memory for one block at a time.
#[derive(Debug)]
pub(super) struct Arena {
    start: NonNull<u8>,
}

// SAFETY: the mapping belongs to the arena alone, and is reached through `&mut` only.
unsafe impl Send for Arena {}

impl Arena {
    pub(super) fn new() -> Result<Self, Errno> {
        // SAFETY: a new private mapping at an address of the kernel's choice touches no memory of ours.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                CAPACITY + GUARD,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(last_error());
        }
        let start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        // From here on dropping unmaps.
        let arena = Self { start };
        // SAFETY: CAPACITY + GUARD bytes were mapped at `start`.
        let guard = unsafe { start.add(CAPACITY) };
        // SAFETY: the range is the end of our mapping, to which no reference exists.
        check(unsafe { libc::mprotect(guard.as_ptr().cast(), GUARD, libc::PROT_NONE) })?;
        Ok(arena)
    }

    /// A block of `length` bytes of zeroes, right before the inaccessible end; `None` when it is too long.
    pub(super) fn block(&mut self, length: usize) -> Option<Block<'_>> {
        // The kernel's structures hold numbers of 8 bytes.
        let begin = CAPACITY.checked_sub(length.checked_next_multiple_of(8)?)?;
        // SAFETY: `begin` is within the mapping.
        let start = unsafe { self.start.add(begin) };
        // SAFETY: the bytes from `begin` to CAPACITY are mapped, readable, writable and initialised (with zeroes at
        // first), nothing else refers to them, and the block borrows the arena exclusively.
        let bytes = unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), CAPACITY - begin) };
        bytes.fill(0);
        Some(Block { bytes })
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, whole, and no block borrows it any more.
        unsafe { libc::munmap(self.start.as_ptr().cast(), CAPACITY + GUARD) };
    }
}

/// A command for the kernel, which answers in place.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// They end at the inaccessible page.
    bytes: &'a mut [u8],
}

impl Block<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes
    }

    /// Hands the block to the driver of interface `name` (at most 15 bytes, no NUL, else `EINVAL`).
    pub(super) fn call(&mut self, fd: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
        // SAFETY: `ifreq` is plain data (bytes, integers and pointers), for which all zeroes is a valid value.
        let mut request: libc::ifreq = unsafe { MaybeUninit::zeroed().assume_init() };
        if name.is_empty() || name.len() >= request.ifr_name.len() || name.contains('\0') {
            return Err(Errno::INVAL);
        }
        for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
            *to = libc::c_char::from_ne_bytes([from]);
        }
        request.ifr_ifru.ifru_data = self.bytes.as_mut_ptr().cast();
        let pointer: *mut c_void = (&raw mut request).cast();
        // SAFETY: the kernel reads and writes `request`, which lives through the call, and the block that it points
        // to, which is exclusively borrowed and ends at an inaccessible page, so that nothing behind it can be
        // touched. Any bytes that the kernel writes are valid bytes.
        check(unsafe { libc::ioctl(fd.as_raw_fd(), SIOCETHTOOL, pointer) })
    }
}

fn check(answer: c_int) -> Result<(), Errno> {
    if answer == -1 { Err(last_error()) } else { Ok(()) }
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}
