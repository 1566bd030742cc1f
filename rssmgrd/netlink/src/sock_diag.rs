//! `AF_XDP` sockets: which interfaces and queues programs take packets from by themselves.
//!
//! Told by the socket diagnosis of the kernel since Linux 5.1, where it is built with `CONFIG_XDP_SOCKETS_DIAG`. Sockets of
//! every mode are listed, those that copy included; the `xsk` attribute of `netdev` queues (Linux 6.15) has only those
//! with a pool. Source of numbers: `include/uapi/linux/sock_diag.h` and `xdp_diag.h`.

use crate::Error;
use crate::socket::{self, Protocol, RequestSocket};
use crate::wire::{Attributes, Kind, Malformed, Message, Names, Problem, Request};
use std::time::Duration;

/// `SOCK_DIAG_BY_FAMILY`.
const BY_FAMILY: u16 = 20;
/// `AF_XDP`.
const XDP: u8 = 44;
/// `XDP_SHOW_INFO`: the interface and the queue.
const SHOW_INFO: u32 = 1;
/// Bytes of `struct xdp_diag_msg`: family, type, padding, inode, cookie.
const HEADER: usize = 16;
/// `XDP_DIAG_INFO`.
const INFO: u16 = 1;

static NAMES: Names = Names(&[]);

/// A socket that takes the packets of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct XdpSocket {
    /// Interface index; 0 for one that is not bound yet.
    pub ifindex: u32,
    /// The queue.
    pub queue: u32,
}

/// Asks for sockets. Needs no privilege.
#[derive(Debug)]
pub struct XdpSockets {
    socket: RequestSocket,
}

impl XdpSockets {
    /// Opens a socket in this thread's network namespace.
    ///
    /// # Errors
    /// [`Error::Socket`].
    pub fn open() -> Result<Self, Error> {
        Self::with_timeout(socket::DEFAULT_TIMEOUT)
    }

    /// The same with another limit on how long an answer may take.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_timeout(timeout: Duration) -> Result<Self, Error> {
        Ok(Self { socket: RequestSocket::open(Protocol::SockDiag, timeout)? })
    }

    /// All `AF_XDP` sockets of the namespace.
    ///
    /// # Errors
    /// `ENOENT` where the kernel has no such diagnosis ([`Error::is_missing`]).
    pub fn list(&mut self) -> Result<Vec<XdpSocket>, Error> {
        self.socket.ask(&question(), |Message { kind, payload, .. }| match kind {
            BY_FAMILY => XdpSocket::decode(payload).map(Some),
            _ => Ok(None),
        })
    }
}

impl XdpSocket {
    /// Reads an answer: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        for attribute in Attributes::behind("xdp socket", payload, HEADER)? {
            let attribute = attribute?;
            if attribute.number == INFO {
                let words = attribute.u32s()?;
                let &[ifindex, queue] = words.as_slice() else {
                    let problem = Problem::Size { got: attribute.payload.len(), want: 8 };
                    return Err(Malformed { what: "xdp socket", attribute: Some(INFO), problem });
                };
                (found.ifindex, found.queue) = (ifindex, queue);
            }
        }
        Ok(found)
    }
}

fn question() -> Request {
    // struct xdp_diag_req: family, protocol, padding, inode, what to show, cookie.
    let mut fixed = [0; 20];
    fixed[0] = XDP;
    fixed[8..12].copy_from_slice(&SHOW_INFO.to_ne_bytes());
    Request::new("xdp-diag", Kind::Dump, BY_FAMILY, &fixed, &NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{attribute, number};

    #[test]
    fn sockets_are_asked_for_and_read() {
        let expected = [
            &[36, 0, 0, 0, 20, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0][..],
            &[44, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(question().finish(1).unwrap(), expected.concat());

        let head = [44, 3, 0, 0, 0x39, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        let info = attribute(1, &[7, 0, 0, 0, 2, 0, 0, 0]);
        let answer = [&head[..], &number(2, 1000), &info].concat();
        assert_eq!(XdpSocket::decode(&answer), Ok(XdpSocket { ifindex: 7, queue: 2 }));
        assert_eq!(XdpSocket::decode(&head), Ok(XdpSocket::default()), "not told");
        assert!(XdpSocket::decode(&head[..15]).is_err());
        assert!(XdpSocket::decode(&[&head[..], &number(1, 7)].concat()).is_err());
    }
}
