//! Netlink sockets: one kind asks and waits for the answer, the other listens.
//!
//! Both live in the network namespace of the thread that opened them, for as long as they are open.

mod sys;

use crate::Error;
use crate::wire::{Exchange, Failure, Kind, Malformed, Message, Messages, Request};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, sockopt};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Datagrams longer than this do not occur: the kernel splits what it lists into pieces of at most 32 KiB, and a
/// single answer holds attributes of at most 64 KiB, of which an indirection table is the only large one.
const RECEIVE_BYTES: usize = 128 * 1024;

/// How often a list that changed while it was read is read again.
const DUMP_TRIES: u32 = 8;

/// How long an answer may take, unless said otherwise. The kernel answers while the request is sent; what takes long
/// is sending, when a driver resets its device: that is not limited by this.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// The netlink protocols used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Route,
    Generic,
    SockDiag,
}

/// Asks the kernel, one request at a time.
#[derive(Debug)]
pub(crate) struct RequestSocket {
    fd: OwnedFd,
    port: u32,
    sequence: u32,
    timeout: Duration,
    buffer: Box<[u8]>,
    warning: Option<String>,
}

impl RequestSocket {
    pub(crate) fn open(protocol: Protocol, timeout: Duration) -> Result<Self, Error> {
        let (fd, port) = open(protocol)?;
        for (doing, done) in [
            ("asking for extended acknowledgements", sys::extended_acknowledgements(fd.as_fd())),
            ("asking for short acknowledgements", sys::capped_acknowledgements(fd.as_fd())),
            ("asking for strict checking", sys::strict_checking(fd.as_fd())),
        ] {
            // A kernel without the option answers more tersely; the answers are understood all the same.
            match done {
                Ok(()) | Err(Errno::NOPROTOOPT) => {}
                Err(errno) => return Err(Error::Socket { doing, errno }),
            }
        }
        let buffer = vec![0; RECEIVE_BYTES].into_boxed_slice();
        Ok(Self { fd, port, sequence: 0, timeout, buffer, warning: None })
    }

    /// What the kernel remarked about the last request, although it did what was asked.
    pub(crate) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Sends `request` and collects what `read` makes of the answers. A list that changed while it was read is read
    /// again.
    pub(crate) fn ask<T>(
        &mut self,
        request: &Request,
        mut read: impl FnMut(Message<'_>) -> Result<Option<T>, Malformed>,
    ) -> Result<Vec<T>, Error> {
        let tries = if request.kind == Kind::Dump { DUMP_TRIES } else { 1 };
        for _ in 0..tries {
            let mut answers = Vec::new();
            let done = self.once(request, |message| {
                answers.extend(read(message)?);
                Ok(())
            });
            match done {
                Ok(()) => return Ok(answers),
                Err(None) => {}
                Err(Some(error)) => return Err(error),
            }
        }
        Err(Error::Unsteady { operation: request.operation, tries })
    }

    /// One try; `Err(None)` when the list changed meanwhile.
    fn once(
        &mut self,
        request: &Request,
        mut answer: impl FnMut(Message<'_>) -> Result<(), Malformed>,
    ) -> Result<(), Option<Error>> {
        let operation = request.operation;
        // 0 is the number of notifications.
        self.sequence = self.sequence.checked_add(1).unwrap_or(1);
        self.warning = None;
        let sent = request.finish(self.sequence)?;
        send(self.fd.as_fd(), &sent)?;
        // A time too long for the clock is as good as for ever.
        let deadline = Instant::now().checked_add(self.timeout);
        let mut exchange = Exchange::new(request, &sent, self.sequence, self.port);
        loop {
            let datagram = match receive(self.fd.as_fd(), &mut self.buffer) {
                Ok(Some(length)) => self.buffer.get(..length).unwrap_or_default(),
                Ok(None) => {
                    let left =
                        deadline.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
                    if left.is_zero() {
                        return Err(Some(match exchange.into_malformed() {
                            Some(malformed) => Error::Malformed { operation, malformed },
                            None => Error::TimedOut { operation, after: self.timeout },
                        }));
                    }
                    wait(self.fd.as_fd(), left)?;
                    continue;
                }
                Err(Errno::NOBUFS | Errno::MSGSIZE) => return Err(Some(Error::AnswerLost { operation })),
                Err(errno) => return Err(Some(Error::Socket { doing: "receiving from netlink", errno })),
            };
            match exchange.feed(datagram, &mut answer) {
                Ok(false) => {}
                Ok(true) => {
                    self.warning = exchange.into_warning();
                    return Ok(());
                }
                Err(Failure::Interrupted) => return Err(None),
                Err(Failure::Refused(refusal)) => return Err(Some(Error::Refused(refusal))),
                Err(Failure::Lost) => return Err(Some(Error::AnswerLost { operation })),
                Err(Failure::Malformed(malformed)) => {
                    return Err(Some(Error::Malformed { operation, malformed }));
                }
            }
        }
    }
}

/// What a listening socket has for its owner.
#[derive(Debug)]
pub(crate) enum Heard<'a> {
    /// The messages of one datagram.
    Messages(Messages<'a>),
    /// Messages were lost because the owner was slow: everything must be read again.
    Lost,
}

/// Listens to multicast groups; never blocks.
#[derive(Debug)]
pub(crate) struct NotificationSocket {
    fd: OwnedFd,
    buffer: Box<[u8]>,
}

impl NotificationSocket {
    /// Listens to `groups`. `receive_buffer` is in bytes; without `CAP_NET_ADMIN` the kernel caps it at
    /// `net.core.rmem_max`.
    pub(crate) fn open(protocol: Protocol, groups: &[u32], receive_buffer: usize) -> Result<Self, Error> {
        let (fd, _) = open(protocol)?;
        sockopt::set_socket_recv_buffer_size_force(&fd, receive_buffer)
            .or_else(|_| sockopt::set_socket_recv_buffer_size(&fd, receive_buffer))
            .map_err(|errno| Error::Socket { doing: "setting the receive buffer", errno })?;
        for group in groups {
            sys::join(fd.as_fd(), *group)
                .map_err(|errno| Error::Socket { doing: "joining a netlink multicast group", errno })?;
        }
        Ok(Self { fd, buffer: vec![0; RECEIVE_BYTES].into_boxed_slice() })
    }

    /// The next datagram, if there is one.
    pub(crate) fn recv(&mut self) -> Result<Option<Heard<'_>>, Error> {
        match receive(self.fd.as_fd(), &mut self.buffer) {
            Ok(None) => Ok(None),
            Ok(Some(length)) => {
                Ok(Some(Heard::Messages(Messages::new(self.buffer.get(..length).unwrap_or_default()))))
            }
            Err(Errno::NOBUFS | Errno::MSGSIZE) => Ok(Some(Heard::Lost)),
            Err(errno) => Err(Error::Socket { doing: "receiving from netlink", errno }),
        }
    }

    /// Waits until there is something to receive, at most `timeout`; `false` when time was up.
    pub(crate) fn wait(&self, timeout: Duration) -> Result<bool, Error> {
        wait(self.fd.as_fd(), timeout)
    }
}

impl AsFd for NotificationSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// A socket with a port of its own, and that port.
fn open(protocol: Protocol) -> Result<(OwnedFd, u32), Error> {
    let failed = |doing| move |errno| Error::Socket { doing, errno };
    let protocol = match protocol {
        Protocol::Route => None,
        Protocol::Generic => Some(netlink::GENERIC),
        Protocol::SockDiag => Some(netlink::SOCK_DIAG),
    };
    let fd = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        protocol,
    )
    .map_err(failed("opening a netlink socket"))?;
    rustix::net::bind(&fd, &SocketAddrNetlink::new(0, 0)).map_err(failed("binding a netlink socket"))?;
    let address = rustix::net::getsockname(&fd)
        .and_then(SocketAddrNetlink::try_from)
        .map_err(failed("reading the port of a netlink socket"))?;
    Ok((fd, address.pid()))
}

fn send(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), Error> {
    loop {
        match rustix::net::sendto(fd, bytes, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(Error::Socket { doing: "sending to netlink", errno }),
        }
    }
}

/// The length of the next datagram of the kernel, now in `buffer`; `None` when there is none. `MSGSIZE` when it does
/// not fit.
fn receive(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
    loop {
        match rustix::net::recvfrom(fd, &mut *buffer, RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
            Ok((_, length, sender)) => {
                // Only the kernel has port 0; a privileged process could write to ours.
                let sender = sender.and_then(|sender| SocketAddrNetlink::try_from(sender).ok());
                if sender.is_none_or(|sender| sender.pid() != 0) {
                    continue;
                }
                return if length > buffer.len() { Err(Errno::MSGSIZE) } else { Ok(Some(length)) };
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(None),
            Err(errno) => return Err(errno),
        }
    }
}

fn wait(fd: BorrowedFd<'_>, timeout: Duration) -> Result<bool, Error> {
    // A duration too long for the kernel is as good as for ever.
    let timeout = Timespec::try_from(timeout).ok();
    match poll(&mut [PollFd::new(&fd, PollFlags::IN)], timeout.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(errno) => Err(Error::Socket { doing: "waiting for netlink", errno }),
    }
}
