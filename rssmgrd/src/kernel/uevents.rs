//! The kernel's own announcements of devices: they say that a processor came or went. Only that something was said is
//! used, never what, so it does not matter who said it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};

/// The kernel's group; others are for whoever repeats what it says.
const GROUP: u32 = 1;

/// Longer than anything the kernel says at once.
const LONGEST: usize = 8192;

/// Announcements of the kernel.
#[derive(Debug)]
pub(super) struct Uevents {
    socket: OwnedFd,
}

impl Uevents {
    pub(super) fn open() -> Result<Self, Errno> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(KOBJECT_UEVENT))?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUP))?;
        Ok(Self { socket })
    }

    /// Takes everything that was said. Whatever fails: who asks looks for himself anyway.
    pub(super) fn drain(&self) {
        let mut buffer = vec![0_u8; LONGEST];
        loop {
            match recv(&self.socket, &mut buffer[..], RecvFlags::empty()) {
                // Too much was said to keep: there is more to take.
                Ok(_) | Err(Errno::INTR | Errno::NOBUFS) => {}
                Err(_) => return,
            }
        }
    }
}

impl AsFd for Uevents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
