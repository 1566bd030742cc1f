//! Interfaces: a list of them, one by name, their addresses and neighbours, and notifications when one comes, changes or
//! goes.
//!
//! Only what is needed to know a network card from other interfaces is read. Source of numbers: the kernel's
//! `include/uapi/linux/if_link.h` and `rtnetlink.h`.

mod address;
#[cfg(any(test, fuzzing))]
pub(crate) mod any_bytes;
mod link;
mod monitor;
mod neighbour;

pub use link::{Link, OperState};
pub use monitor::{LinkMonitor, LinkNotice};
pub use neighbour::NeighbourState;

use crate::socket::{self, Protocol, RequestSocket};
use crate::wire::{Kind, Message, Request};
use crate::{Error, Interface};
use std::net::IpAddr;
use std::time::Duration;

const NEW_LINK: u16 = 16;
const DELETE_LINK: u16 = 17;
const GET_LINK: u16 = 18;

/// Asks for interfaces. Needs no privilege.
#[derive(Debug)]
pub struct Links {
    socket: RequestSocket,
}

impl Links {
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
        Ok(Self { socket: RequestSocket::open(Protocol::Route, timeout)? })
    }

    /// All interfaces of the namespace, by index.
    ///
    /// # Errors
    /// [`Error::Unsteady`] when they come and go too fast.
    pub fn list(&mut self) -> Result<Vec<Link>, Error> {
        self.ask(&list_question())
    }

    /// One interface.
    ///
    /// # Errors
    /// `ENODEV` where there is none ([`Error::is_gone`]).
    pub fn get<'a>(&mut self, interface: impl Into<Interface<'a>>) -> Result<Link, Error> {
        let request = one_question(interface.into())?;
        let found = self.ask(&request)?;
        found.into_iter().next().ok_or(Error::NoAnswer { operation: request.operation })
    }

    /// The addresses of one interface.
    ///
    /// # Errors
    /// [`Error::Unsteady`] when addresses come and go too fast.
    pub fn addresses(&mut self, index: u32) -> Result<Vec<IpAddr>, Error> {
        let all = self.socket.ask(&address::list_question(), |Message { kind, payload, .. }| match kind {
            address::NEW_ADDRESS => address::decode(payload),
            _ => Ok(None),
        })?;
        Ok(all.into_iter().filter(|(of, _)| *of == index).map(|(_, address)| address).collect())
    }

    /// What is known of a neighbour of an interface; `None` for one that nobody has asked for.
    ///
    /// # Errors
    /// `EOPNOTSUPP` before Linux 5.0, `ENODEV`.
    pub fn neighbour(&mut self, index: u32, address: IpAddr) -> Result<Option<NeighbourState>, Error> {
        let request = neighbour::question(index, address)?;
        let found = self.socket.ask(&request, |Message { kind, payload, .. }| match kind {
            neighbour::NEW_NEIGHBOUR => neighbour::decode(payload).map(Some),
            _ => Ok(None),
        });
        match found {
            Ok(found) => Ok(found.into_iter().next()),
            Err(e) if e.is_missing() => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Vec<Link>, Error> {
        self.socket.ask(request, |Message { kind, payload, .. }| match kind {
            NEW_LINK => Link::decode(payload).map(Some),
            _ => Ok(None),
        })
    }
}

fn list_question() -> Request {
    let mut request = link::question("getlink", Kind::Dump, 0);
    link::skip_statistics(&mut request);
    request
}

fn one_question(interface: Interface<'_>) -> Result<Request, Error> {
    let index = match interface {
        // The kernel's index is a signed number.
        Interface::Index(index) => i32::try_from(index).map_err(|_| Error::NotPossible {
            operation: "getlink",
            subject: interface.to_string(),
            reason: "interface indices are below 2,147,483,648",
        })?,
        Interface::Name(_) => 0,
    };
    let mut request = link::question("getlink", Kind::Get, index).about(interface.to_string());
    if let Interface::Name(name) = interface {
        link::write_name(&mut request, name);
    }
    link::skip_statistics(&mut request);
    Ok(request)
}

#[cfg(test)]
mod tests;
