//! Notifications about interfaces.

use super::{DELETE_LINK, Link, NEW_LINK};
use crate::Error;
use crate::socket::{Heard, NotificationSocket, Protocol};
use crate::wire::{Malformed, Message};
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// `RTNLGRP_LINK`.
const GROUP: u32 = 1;
/// Room for a burst of a few hundred notifications.
const RECEIVE_BUFFER: usize = 1024 * 1024;

/// What happened to an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkNotice {
    /// It is new or something of it changed: as it is now. A changed name shows by the index.
    Present(Link),
    /// It was removed, or moved to another namespace: as it was.
    Gone(Link),
    /// Notifications were lost because they were not taken in time: read everything again, but only when
    /// [`LinkMonitor::recv`] has given `None`. What it gives until then is older than the loss, and meanwhile the kernel
    /// drops more without telling so again.
    Lost,
}

/// `AF_BRIDGE`: what a bridge says of a port of its own. A port that leaves is told as an interface that goes, and none
/// of its attributes is needed here: the interface itself is told of, too.
const OF_A_BRIDGE: u8 = 7;

impl LinkNotice {
    fn read(message: &Message<'_>) -> Result<Option<Self>, Malformed> {
        if message.payload.first() == Some(&OF_A_BRIDGE) {
            return Ok(None);
        }
        match message.kind {
            NEW_LINK => Link::decode(message.payload).map(|link| Some(Self::Present(link))),
            DELETE_LINK => Link::decode(message.payload).map(|link| Some(Self::Gone(link))),
            _ => Ok(None),
        }
    }
}

/// Listens for interfaces that come, change or go, in the network namespace where it was opened. Never blocks.
///
/// Poll its file descriptor for reading, then call [`Self::recv`] until it gives `None`.
#[derive(Debug)]
pub struct LinkMonitor {
    socket: NotificationSocket,
    waiting: VecDeque<LinkNotice>,
}

impl LinkMonitor {
    /// Starts to listen.
    ///
    /// # Errors
    /// [`Error::Socket`].
    pub fn open() -> Result<Self, Error> {
        Self::with_receive_buffer(RECEIVE_BUFFER)
    }

    /// The same with a receive buffer of `bytes`; without `CAP_NET_ADMIN` the kernel caps it at
    /// `net.core.rmem_max`.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_receive_buffer(bytes: usize) -> Result<Self, Error> {
        let socket = NotificationSocket::open(Protocol::Route, &[GROUP], bytes)?;
        Ok(Self { socket, waiting: VecDeque::new() })
    }

    /// The next notification, if there is one.
    ///
    /// # Errors
    /// [`Error::Malformed`], after which the next may be taken; [`Error::Socket`].
    pub fn recv(&mut self) -> Result<Option<LinkNotice>, Error> {
        loop {
            if let Some(notice) = self.waiting.pop_front() {
                return Ok(Some(notice));
            }
            let messages = match self.socket.recv()? {
                None => return Ok(None),
                Some(Heard::Lost) => return Ok(Some(LinkNotice::Lost)),
                Some(Heard::Messages(messages)) => messages,
            };
            for message in messages {
                let read = message.and_then(|message| LinkNotice::read(&message));
                let malformed = |malformed| Error::Malformed { operation: "link notification", malformed };
                self.waiting.extend(read.map_err(malformed)?);
            }
        }
    }

    /// Waits until there may be a notification, at most `timeout`; `false` when time was up.
    ///
    /// # Errors
    /// [`Error::Socket`].
    pub fn wait(&self, timeout: Duration) -> Result<bool, Error> {
        if self.waiting.is_empty() { self.socket.wait(timeout) } else { Ok(true) }
    }
}

impl AsFd for LinkMonitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
