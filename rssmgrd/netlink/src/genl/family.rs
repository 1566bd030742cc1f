//! What the kernel tells of a family (`nlctrl`).

use super::{Known, Op};
use crate::Error;
use crate::socket::RequestSocket;
use crate::wire::{Attributes, Kind, Malformed, Names, Problem, Request};
use std::collections::BTreeMap;

/// The family that tells about families has a fixed number.
const CONTROL_ID: u16 = 0x10;
const GET_FAMILY: Op = Op { command: 3, name: "getfamily", since: "always there" };

/// `CTRL_ATTR_*`.
mod attribute {
    pub(super) const FAMILY_ID: u16 = 1;
    pub(super) const FAMILY_NAME: u16 = 2;
    pub(super) const VERSION: u16 = 3;
    pub(super) const OPS: u16 = 6;
    pub(super) const MCAST_GROUPS: u16 = 7;
}

static NAMES: Names = Names(&[(attribute::FAMILY_NAME, "family-name", None)]);

/// A generic netlink family of the running kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Family {
    /// The message type of its messages; differs from boot to boot.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// Its version, which in practice never changes.
    pub version: u32,
    /// What it can do, by command.
    pub operations: BTreeMap<u32, Operation>,
    /// The groups that its notifications go to.
    pub groups: Vec<Group>,
}

/// What can be done with an operation of a family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// It does something to, or tells about, one thing.
    pub does: bool,
    /// It lists everything.
    pub dumps: bool,
    /// It needs `CAP_NET_ADMIN`.
    pub privileged: bool,
}

/// A multicast group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name in the family.
    pub name: String,
    /// Its number in the kernel.
    pub id: u32,
}

impl Family {
    /// The operation with number `command` in requests, where the running kernel has it.
    #[must_use]
    pub fn operation(&self, command: u8) -> Option<Operation> {
        self.operations.get(&command.into()).copied()
    }

    /// The number of the multicast group `name`.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<u32> {
        self.groups.iter().find(|group| group.name == name).map(|group| group.id)
    }

    /// An empty request.
    pub(crate) fn request(&self, op: Op, kind: Kind, names: &'static Names) -> Result<Request, Error> {
        let there = self.operation(op.command).is_some_and(|found| match kind {
            Kind::Do | Kind::Get => found.does,
            Kind::Dump => found.dumps,
        });
        if !there {
            let Op { name: operation, since, .. } = op;
            return Err(Error::NoOperation { family: self.name.clone(), operation, since });
        }
        // All families here have version 1, and the kernel does not look at it.
        Ok(Request::new(op.name, kind, self.id, &[op.command, 1, 0, 0], names))
    }

    /// Reads the answer to a question for a family: the bytes behind netlink's header.
    ///
    /// # Errors
    /// [`Malformed`] when they are none.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let (_, attributes) = super::split("family", payload)?;
        let (mut family, mut id) = (Self::default(), None);
        for attribute in attributes {
            let attribute = attribute?;
            match attribute.number {
                attribute::FAMILY_ID => id = Some(attribute.u16()?),
                attribute::FAMILY_NAME => family.name = attribute.string().into_owned(),
                attribute::VERSION => family.version = attribute.u32()?,
                attribute::OPS => {
                    for operation in attribute.nested("operations") {
                        let (command, operation) = read_operation(operation?.nested("operation"))?;
                        family.operations.insert(command, operation);
                    }
                }
                attribute::MCAST_GROUPS => {
                    for group in attribute.nested("groups") {
                        family.groups.push(read_group(group?.nested("group"))?);
                    }
                }
                _ => {}
            }
        }
        family.id = id.ok_or_else(|| attributes.missing(attribute::FAMILY_ID))?;
        if family.id < CONTROL_ID {
            // Such a number would be one of netlink's own messages.
            let problem = Problem::Value { got: family.id.into() };
            return Err(Malformed { what: "family", attribute: Some(attribute::FAMILY_ID), problem });
        }
        Ok(family)
    }
}

fn read_operation(attributes: Attributes<'_>) -> Result<(u32, Operation), Malformed> {
    const ID: u16 = 1;
    const FLAGS: u16 = 2;
    const ADMIN: u32 = 0x1;
    const DO: u32 = 0x2;
    const DUMP: u32 = 0x4;
    const NAMESPACE_ADMIN: u32 = 0x10;
    let (mut id, mut flags) = (None, 0);
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            ID => id = Some(attribute.u32()?),
            FLAGS => flags = attribute.u32()?,
            _ => {}
        }
    }
    let operation = Operation {
        does: flags & DO != 0,
        dumps: flags & DUMP != 0,
        privileged: flags & (ADMIN | NAMESPACE_ADMIN) != 0,
    };
    Ok((id.ok_or_else(|| attributes.missing(ID))?, operation))
}

fn read_group(attributes: Attributes<'_>) -> Result<Group, Malformed> {
    const NAME: u16 = 1;
    const ID: u16 = 2;
    let mut group = Group::default();
    for attribute in attributes {
        let attribute = attribute?;
        match attribute.number {
            NAME => group.name = attribute.string().into_owned(),
            ID => group.id = attribute.u32()?,
            _ => {}
        }
    }
    Ok(group)
}

pub(super) fn question(known: &Known) -> Request {
    let mut request =
        Request::new(GET_FAMILY.name, Kind::Get, CONTROL_ID, &[GET_FAMILY.command, 1, 0, 0], &NAMES)
            .about(format!("generic netlink family `{}`", known.name));
    request.string(attribute::FAMILY_NAME, known.name);
    request
}

/// Asks for a family by name.
pub(super) fn find(socket: &mut RequestSocket, known: &Known) -> Result<Family, Error> {
    let request = question(known);
    let answers = socket.ask(&request, |message| match message.kind {
        CONTROL_ID => Family::decode(message.payload).map(Some),
        _ => Ok(None),
    });
    match answers {
        Ok(answers) => answers.into_iter().next().ok_or(Error::NoAnswer { operation: request.operation }),
        Err(error) if error.is_missing() => Err(Error::NoFamily { family: known.name, since: known.since }),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
