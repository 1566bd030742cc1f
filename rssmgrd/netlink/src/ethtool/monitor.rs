//! Notifications of the family.

use super::header::{self, Device, HEADER};
use super::{Channels, KNOWN, Rss, channels, rss};
use crate::Error;
use crate::genl::{self, Client, Family};
use crate::socket::{DEFAULT_TIMEOUT, Heard, NotificationSocket, Protocol};
use crate::wire::{Malformed, Message};
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

const GROUP: &str = "monitor";

/// Room for a burst: a notification with a table of 2,048 entries takes about 16 KiB of the kernel's memory.
const RECEIVE_BUFFER: usize = 1024 * 1024;

/// Numbers of notifications (`ETHTOOL_MSG_*_NTF`).
mod command {
    pub(super) const LINKMODES: u8 = 5;
    pub(super) const FEATURES: u8 = 13;
    pub(super) const CHANNELS: u8 = 19;
    pub(super) const RSS: u8 = 50;
    pub(super) const RSS_CREATED: u8 = 52;
    pub(super) const RSS_DELETED: u8 = 53;
}

/// What was changed, by whomever, the listener included.
///
/// A table that a driver rewrites because channels changed raises no notification of its own: after
/// [`Notice::Channels`] read everything again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// RSS settings, as they are now (since Linux 6.17).
    Rss(Rss),
    /// A new RSS context (since Linux 6.17).
    ContextCreated(Rss),
    /// An RSS context that is no more: deleted, or lost by the driver (since Linux 6.17).
    ContextDeleted {
        /// The device.
        device: Device,
        /// Its number.
        context: u32,
    },
    /// Channel counts, as they are now.
    Channels(Channels),
    /// Features of the device.
    Features(Device),
    /// Speed or duplex.
    LinkModes(Device),
    /// Notifications were lost because they were not taken in time: read everything again, but only when
    /// [`Monitor::recv`] has given `None`: meanwhile the kernel drops more without telling so again.
    Lost,
}

impl Notice {
    /// Reads a notification: the bytes behind netlink's header. `None` for one that is not told about here.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Option<Self>, Malformed> {
        let (command, attributes) = genl::split("notification", payload)?;
        let device = || {
            for attribute in attributes {
                let attribute = attribute?;
                if attribute.number == HEADER {
                    return header::read(&attribute);
                }
            }
            Err(attributes.missing(HEADER))
        };
        Ok(Some(match command {
            command::RSS => Self::Rss(rss::read(attributes)?),
            command::RSS_CREATED => Self::ContextCreated(rss::read(attributes)?),
            command::RSS_DELETED => {
                let Rss { device, context, .. } = rss::read(attributes)?;
                Self::ContextDeleted { device, context }
            }
            command::CHANNELS => Self::Channels(channels::read(attributes)?),
            command::FEATURES => Self::Features(device()?),
            command::LINKMODES => Self::LinkModes(device()?),
            _ => return Ok(None),
        }))
    }
}

/// Listens to the family's notifications in the network namespace where it was opened. Never blocks.
///
/// Poll its file descriptor for reading, then call [`Self::recv`] until it gives `None`.
#[derive(Debug)]
pub struct Monitor {
    socket: NotificationSocket,
    family: u16,
    waiting: VecDeque<Notice>,
}

impl Monitor {
    /// Starts to listen.
    ///
    /// # Errors
    /// [`Error::NoFamily`], [`Error::Socket`].
    pub fn open() -> Result<Self, Error> {
        let client = Client::open(&KNOWN, DEFAULT_TIMEOUT)?;
        let Family { id: family, .. } = *client.family();
        let group = client
            .family()
            .group(GROUP)
            .ok_or(Error::NoFamily { family: KNOWN.name, since: "its group `monitor` is missing" })?;
        let socket = NotificationSocket::open(Protocol::Generic, &[group], RECEIVE_BUFFER)?;
        Ok(Self { socket, family, waiting: VecDeque::new() })
    }

    /// The next notification, if there is one.
    ///
    /// # Errors
    /// [`Error::Malformed`], after which the next may be taken; [`Error::Socket`].
    pub fn recv(&mut self) -> Result<Option<Notice>, Error> {
        const OPERATION: &str = "notification";
        loop {
            if let Some(notice) = self.waiting.pop_front() {
                return Ok(Some(notice));
            }
            let messages = match self.socket.recv()? {
                None => return Ok(None),
                Some(Heard::Lost) => return Ok(Some(Notice::Lost)),
                Some(Heard::Messages(messages)) => messages,
            };
            for message in messages {
                let read =
                    message.and_then(
                        |Message { kind, payload, .. }| {
                            if kind == self.family { Notice::decode(payload) } else { Ok(None) }
                        },
                    );
                let malformed = |malformed| Error::Malformed { operation: OPERATION, malformed };
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

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
