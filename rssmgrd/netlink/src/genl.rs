//! Generic netlink: families found by name, their operations found by asking, never by the kernel's version.

mod family;

pub use family::{Family, Group, Operation};

use crate::Error;
use crate::socket::{Protocol, RequestSocket};
use crate::wire::{Attributes, Malformed, Request};
use std::time::Duration;

/// Bytes of the header behind netlink's: command, version, two reserved bytes.
const HEADER: usize = 4;

/// A family that this crate speaks.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// What to tell where it is not there.
    pub(crate) since: &'static str,
}

/// An operation of such a family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// Its number in requests.
    pub(crate) command: u8,
    /// Its name in the kernel's specification.
    pub(crate) name: &'static str,
    /// What to tell where it is not there.
    pub(crate) since: &'static str,
}

/// Asks one family.
#[derive(Debug)]
pub(crate) struct Client {
    socket: RequestSocket,
    family: Family,
}

impl Client {
    pub(crate) fn open(known: &'static Known, timeout: Duration) -> Result<Self, Error> {
        let mut socket = RequestSocket::open(Protocol::Generic, timeout)?;
        let family = family::find(&mut socket, known)?;
        Ok(Self { socket, family })
    }

    pub(crate) fn family(&self) -> &Family {
        &self.family
    }

    pub(crate) fn warning(&self) -> Option<&str> {
        self.socket.warning()
    }

    /// Sends `request`; what `read` makes of the attributes of each answer.
    pub(crate) fn ask<T>(
        &mut self,
        request: &Request,
        read: impl Fn(Attributes<'_>) -> Result<Option<T>, Malformed>,
    ) -> Result<Vec<T>, Error> {
        let (id, operation) = (self.family.id, request.operation);
        self.socket.ask(request, |message| {
            if message.kind != id {
                return Ok(None);
            }
            read(Attributes::behind(operation, message.payload, HEADER)?)
        })
    }

    /// Sends `request`, which has one answer.
    pub(crate) fn ask_one<T>(
        &mut self,
        request: &Request,
        read: impl Fn(Attributes<'_>) -> Result<T, Malformed>,
    ) -> Result<T, Error> {
        let answers = self.ask(request, |attributes| read(attributes).map(Some))?;
        answers.into_iter().next().ok_or(Error::NoAnswer { operation: request.operation })
    }

    /// Sends `request`, which is only acknowledged.
    pub(crate) fn tell(&mut self, request: &Request) -> Result<(), Error> {
        self.ask(request, |_| Ok(None::<()>)).map(drop)
    }
}

/// The command of a message of a family, and its attributes.
pub(crate) fn split<'a>(what: &'static str, payload: &'a [u8]) -> Result<(u8, Attributes<'a>), Malformed> {
    let attributes = Attributes::behind(what, payload, HEADER)?;
    Ok((payload.first().copied().unwrap_or_default(), attributes))
}
