//! Where the packets of a socket come in: the CPU and the NAPI instance that handled the last one.
//!
//! The kernel tells it to whoever holds the socket. Another process's socket can be had, as a debugger would, by whoever
//! may trace that process: the same user where the security module Yama does not forbid it, and root.

mod sys;

use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::sockopt;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// What the kernel says of a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// `SO_INCOMING_CPU`: the CPU that handled the last packet; `None` before the first one.
    pub cpu: Option<u32>,
    /// `SO_INCOMING_NAPI_ID`: the NAPI instance that received it, which is one receive queue of one interface; `None`
    /// where it came through none, as over the loopback.
    pub napi: Option<u32>,
}

impl Incoming {
    /// Asks a socket.
    ///
    /// # Errors
    /// `ENOTSOCK` for what is no socket.
    pub fn of(socket: impl AsFd) -> Result<Self, Errno> {
        let cpu = match sockopt::socket_incoming_cpu(&socket) {
            Ok(cpu) => Some(cpu).filter(|cpu| i32::try_from(*cpu).is_ok()),
            Err(Errno::NOPROTOOPT) => None,
            Err(errno) => return Err(errno),
        };
        Ok(Self { cpu, napi: sys::napi_id(socket.as_fd())? })
    }
}

/// A copy of a file descriptor of another process.
///
/// # Errors
/// `ESRCH` and `EBADF` where there is none (any more), `EPERM` without the right to trace the process.
pub fn borrow(pid: u32, fd: u32) -> Result<OwnedFd, Errno> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Errno::SRCH)?;
    let fd = i32::try_from(fd).map_err(|_| Errno::BADF)?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    pidfd_getfd(&process, fd, PidfdGetfdFlags::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;

    #[test]
    fn a_connection_over_the_loopback_has_a_cpu_and_no_napi() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        client.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
        let own = Incoming::of(&server).unwrap();
        assert!(own.cpu.is_some_and(|cpu| cpu < 8192), "{own:?}");
        assert_eq!(own.napi, None);
        // The same through the process, as another one would do it.
        let fd = u32::try_from(server.as_raw_fd()).unwrap();
        match borrow(std::process::id(), fd) {
            Ok(copy) => assert_eq!(Incoming::of(copy).unwrap().napi, None),
            Err(errno) => assert!(matches!(errno, Errno::PERM | Errno::NOSYS), "{errno}"),
        }
    }

    #[test]
    fn what_is_not_there_is_told() {
        assert_eq!(borrow(u32::MAX, 0).unwrap_err(), Errno::SRCH);
        assert_eq!(borrow(0, 0).unwrap_err(), Errno::SRCH);
        let file = std::fs::File::open("/proc/self/stat").unwrap();
        assert_eq!(Incoming::of(&file), Err(Errno::NOTSOCK));
        assert!(matches!(borrow(std::process::id(), 1 << 20), Err(Errno::BADF | Errno::PERM | Errno::NOSYS)));
    }
}
