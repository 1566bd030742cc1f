//! The ethtool ioctl: for kernels whose `ethtool` family cannot set RSS (before Linux 6.17), and for the few things
//! that netlink does not tell at all.
//!
//! The socket that carries it is of `AF_NETLINK`: no Internet socket is opened.
//!
//! The structures are those of 64-bit hosts (`include/uapi/linux/ethtool.h`).

#[cfg(any(test, fuzzing))]
pub(crate) mod any_bytes;
mod block;
mod rss;
mod rule;
mod sys;

pub use rule::{MacRule, Packets, PlacedRule, PlacedRules};

use super::{FlowType, HashFields, Rss, RssChange};
use crate::Error;
use crate::wire::Refusal;
use block::{Layout, text};
use rss::TransformByte;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, netlink};
use std::os::fd::{AsFd, OwnedFd};
use sys::{Arena, Block};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("the layouts of the ethtool ioctl here are those of 64-bit hosts");

/// A command of the ioctl: `ETHTOOL_*`.
#[derive(Clone, Copy, Debug)]
struct Command {
    number: u32,
    name: &'static str,
}

const GDRVINFO: Command = Command { number: 0x03, name: "ETHTOOL_GDRVINFO" };
const GSTRINGS: Command = Command { number: 0x1b, name: "ETHTOOL_GSTRINGS" };
const GSTATS: Command = Command { number: 0x1d, name: "ETHTOOL_GSTATS" };
const GPERMADDR: Command = Command { number: 0x20, name: "ETHTOOL_GPERMADDR" };
const GRXFH: Command = Command { number: 0x29, name: "ETHTOOL_GRXFH" };
const SRXFH: Command = Command { number: 0x2a, name: "ETHTOOL_SRXFH" };
const GRXCLSRLCNT: Command = Command { number: 0x2e, name: "ETHTOOL_GRXCLSRLCNT" };
const GRXRINGS: Command = Command { number: 0x2d, name: "ETHTOOL_GRXRINGS" };

/// `struct ethtool_drvinfo`.
mod drvinfo {
    use super::Layout;
    pub(super) const SIZE: usize = 196;
    pub(super) const DRIVER: Layout = Layout { at: 4, len: 32 };
    pub(super) const VERSION: Layout = Layout { at: 36, len: 32 };
    pub(super) const FIRMWARE: Layout = Layout { at: 68, len: 32 };
    pub(super) const BUS: Layout = Layout { at: 100, len: 32 };
    pub(super) const COUNTERS: usize = 180;
}

/// `struct ethtool_perm_addr`.
mod permaddr {
    pub(super) const SIZE: usize = 4;
    pub(super) const DATA: usize = 8;
}

/// `struct ethtool_gstrings`.
mod gstrings {
    pub(super) const SET: usize = 4;
    pub(super) const COUNT: usize = 8;
    pub(super) const DATA: usize = 12;
    /// `ETH_GSTRING_LEN`.
    pub(super) const NAME_BYTES: usize = 32;
    /// `ETH_SS_STATS`.
    pub(super) const COUNTERS: u32 = 1;
}

/// `struct ethtool_stats`.
mod stats {
    pub(super) const COUNT: usize = 4;
    pub(super) const DATA: usize = 8;
    pub(super) const VALUE_BYTES: usize = 8;
}

/// `struct ethtool_rxnfc`.
mod rxnfc {
    pub(super) const SIZE: usize = 192;
    pub(super) const FLOW_TYPE: usize = 4;
    pub(super) const DATA: usize = 8;
    pub(super) const CONTEXT: usize = 184;
    /// The same place, in the answer to a count.
    pub(super) const RULES: usize = 184;
    /// In the flow type: the context is meant.
    pub(super) const FLOW_RSS: u32 = 0x2000_0000;
}

/// Longest hardware address (`MAX_ADDR_LEN`).
const MOST_ADDRESS_BYTES: u8 = 32;
/// How often counters are read again whose number changed meanwhile.
const COUNTER_TRIES: u32 = 4;

/// What a driver says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Driver {
    /// Its name (`virtio_net`).
    pub name: String,
    /// Its version: the kernel's for drivers in the kernel.
    pub version: String,
    /// The firmware of the device; empty where it does not say.
    pub firmware: String,
    /// Where the device is (`0000:00:03.0`).
    pub bus: String,
    /// How many counters [`Ioctl::counters`] reads.
    pub counters: u32,
}

/// Asks and changes by the ioctl, by interface name: it has no other way to say which.
#[derive(Debug)]
pub struct Ioctl {
    fd: OwnedFd,
    arena: Arena,
    /// Found by the first device that has RSS.
    transform_byte: Option<TransformByte>,
}

impl Ioctl {
    /// Opens a socket in this thread's network namespace.
    ///
    /// # Errors
    /// [`Error::Socket`].
    pub fn open() -> Result<Self, Error> {
        let fd = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            Some(netlink::GENERIC),
        )
        .map_err(|errno| Error::Socket { doing: "opening a netlink socket for ioctls", errno })?;
        let arena =
            Arena::new().map_err(|errno| Error::Socket { doing: "mapping memory for ioctls", errno })?;
        Ok(Self { fd, arena, transform_byte: None })
    }

    /// The name of the interface with this index now, in one system call.
    ///
    /// # Errors
    /// `ENODEV` where there is none ([`Error::is_gone`]).
    pub fn interface_name(&self, index: u32) -> Result<String, Error> {
        netdevice::index_to_name(&self.fd, index).map_err(|errno| {
            let subject = crate::Interface::Index(index).to_string();
            Error::Refused(Box::new(Refusal::bare("SIOCGIFNAME", &subject, errno)))
        })
    }

    /// Name, version and place of the driver and its device.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where there is no parent device and the driver says nothing, `ENODEV`.
    pub fn driver(&mut self, name: &str) -> Result<Driver, Error> {
        let block = self.call(GDRVINFO, name, drvinfo::SIZE, |_| ())?;
        Ok(read_driver(block.bytes()))
    }

    /// The address that the device was made with. All zeroes where it has none.
    ///
    /// # Errors
    /// `ENODEV`.
    pub fn permanent_address(&mut self, name: &str) -> Result<Vec<u8>, Error> {
        let block =
            self.call(GPERMADDR, name, permaddr::DATA + usize::from(MOST_ADDRESS_BYTES), |bytes| {
                block::put_u32(bytes, permaddr::SIZE, MOST_ADDRESS_BYTES.into());
            })?;
        Ok(read_address(block.bytes()))
    }

    /// How many receive queues the table may name: what the kernel checks entries against.
    ///
    /// # Errors
    /// `EOPNOTSUPP`.
    pub fn receive_queues(&mut self, name: &str) -> Result<u64, Error> {
        let block = self.call(GRXRINGS, name, rxnfc::SIZE, |_| ())?;
        Ok(block::get_u64(block.bytes(), rxnfc::DATA))
    }

    /// How many receive rules (`ethtool -n`) there are.
    ///
    /// # Errors
    /// `EOPNOTSUPP`.
    pub fn receive_rules(&mut self, name: &str) -> Result<u32, Error> {
        let block = self.call(GRXCLSRLCNT, name, rxnfc::SIZE, |_| ())?;
        Ok(block::get_u32(block.bytes(), rxnfc::RULES))
    }

    /// The hash fields of a flow type, in `context` (0: the default one).
    ///
    /// # Errors
    /// `EOPNOTSUPP` or `EINVAL` for flow types that the driver does not know.
    pub fn hash_fields(&mut self, name: &str, context: u32, flow: FlowType) -> Result<HashFields, Error> {
        let number = ioctl_number(GRXFH, name, flow)?;
        let block = self.call(GRXFH, name, rxnfc::SIZE, |bytes| write_flow(bytes, number, context))?;
        Ok(HashFields(block::get_u64(block.bytes(), rxnfc::DATA)))
    }

    /// Chooses the hash fields of a flow type.
    ///
    /// # Errors
    /// `EINVAL` for a choice that the device cannot make, `EOPNOTSUPP`.
    pub fn set_hash_fields(
        &mut self,
        name: &str,
        context: u32,
        flow: FlowType,
        fields: HashFields,
    ) -> Result<(), Error> {
        let number = ioctl_number(SRXFH, name, flow)?;
        self.call(SRXFH, name, rxnfc::SIZE, |bytes| {
            write_flow(bytes, number, context);
            block::put_u64(bytes, rxnfc::DATA, fields.0);
        })?;
        Ok(())
    }

    /// The names of the device's own counters, in the order of [`Self::counters`].
    ///
    /// # Errors
    /// As [`Self::counters`].
    pub fn counter_names(&mut self, name: &str) -> Result<Vec<String>, Error> {
        let fill = |bytes: &mut [u8], count| {
            block::put_u32(bytes, gstrings::SET, gstrings::COUNTERS);
            block::put_u32(bytes, gstrings::COUNT, count);
        };
        self.per_counter(GSTRINGS, name, (gstrings::DATA, gstrings::NAME_BYTES), fill, read_names)
    }

    /// The device's own counters. Pair them with [`Self::counter_names`] only when there are as many of both: a
    /// channel change brings other ones.
    ///
    /// # Errors
    /// `EOPNOTSUPP`; `EFAULT` when their number grew again and again meanwhile.
    pub fn counters(&mut self, name: &str) -> Result<Vec<u64>, Error> {
        let fill = |bytes: &mut [u8], count| block::put_u32(bytes, stats::COUNT, count);
        self.per_counter(GSTATS, name, (stats::DATA, stats::VALUE_BYTES), fill, read_counters)
    }

    /// Sends `command` with room for as many elements as there are counters, and `read`s the answer. `sizes` are the
    /// bytes before the elements and those of each.
    fn per_counter<T>(
        &mut self,
        command: Command,
        name: &str,
        sizes: (usize, usize),
        fill: impl Fn(&mut [u8], u32),
        read: impl Fn(&[u8]) -> T,
    ) -> Result<T, Error> {
        let mut tries = 1;
        loop {
            let count = self.driver(name)?.counters;
            let elements = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(sizes.1);
            match self.call(command, name, elements.saturating_add(sizes.0), |bytes| fill(bytes, count)) {
                Ok(block) => return Ok(read(block.bytes())),
                // More than there is room for: their number grew meanwhile.
                Err(error) if error.errno() == Some(Errno::FAULT) && tries < COUNTER_TRIES => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// The RSS settings of `context`. [`Rss::fields`] is `None`: [`Self::hash_fields`] reads them one by one.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the driver has none or has no contexts.
    pub fn rss(&mut self, name: &str, context: u32) -> Result<Rss, Error> {
        rss::get(self, name, context)
    }

    /// Changes the RSS settings of `context`, as [`super::Ethtool::set_rss`] does: hash fields first, then the rest
    /// in one call. Not atomic.
    ///
    /// # Errors
    /// [`Error::Size`] for a table or key that has not exactly the device's size; `EINVAL` for a queue that is not
    /// there, `EOPNOTSUPP` for what the driver lacks; [`Error::NotPossible`] for what this kernel's ioctl cannot say.
    pub fn set_rss(&mut self, name: &str, context: u32, change: &RssChange) -> Result<(), Error> {
        rss::set(self, name, context, change)
    }

    /// Whether the ioctl of this kernel knows input transformations (since Linux 6.8), found by a question to
    /// interface `name` and remembered.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the driver has no RSS: ask another interface.
    pub fn knows_transforms(&mut self, name: &str) -> Result<bool, Error> {
        rss::transform_byte(self, name).map(|byte| byte == TransformByte::Used)
    }

    /// Creates an RSS context; its number, which the kernel picks.
    ///
    /// # Errors
    /// As [`Self::set_rss`]; `EOPNOTSUPP` without contexts.
    pub fn create_rss_context(&mut self, name: &str, change: &RssChange) -> Result<u32, Error> {
        rss::create(self, name, change)
    }

    /// Deletes an RSS context, which must not be 0.
    ///
    /// # Errors
    /// `EBUSY` while a filter rule points at it, `ENOENT`.
    pub fn delete_rss_context(&mut self, name: &str, context: u32) -> Result<(), Error> {
        rss::delete(self, name, context)
    }

    /// Sends `command` with what `fill` writes to a block of `length` zeroes; the block with the answer.
    fn call(
        &mut self,
        command: Command,
        name: &str,
        length: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Block<'_>, Error> {
        if name.is_empty() || name.len() > 15 || name.contains('\0') {
            return Err(Error::Name { name: name.to_owned() });
        }
        let too_long = || refused(command, name, Errno::TOOBIG);
        let mut block = self.arena.block(length).ok_or_else(too_long)?;
        block::put_u32(block.bytes_mut(), 0, command.number);
        fill(block.bytes_mut());
        match block.call(self.fd.as_fd(), name) {
            Ok(()) => Ok(block),
            Err(errno) => Err(refused(command, name, errno)),
        }
    }
}

/// Reads an answer to [`GDRVINFO`].
fn read_driver(bytes: &[u8]) -> Driver {
    Driver {
        name: text(bytes, drvinfo::DRIVER),
        version: text(bytes, drvinfo::VERSION),
        firmware: text(bytes, drvinfo::FIRMWARE),
        bus: text(bytes, drvinfo::BUS),
        counters: block::get_u32(bytes, drvinfo::COUNTERS),
    }
}

/// Reads an answer to [`GPERMADDR`] with room for [`MOST_ADDRESS_BYTES`].
fn read_address(bytes: &[u8]) -> Vec<u8> {
    let length = count(bytes, permaddr::SIZE).min(MOST_ADDRESS_BYTES.into());
    bytes[permaddr::DATA..permaddr::DATA + length].to_vec()
}

/// Reads an answer to [`GSTRINGS`]: as many as it says and has room for.
fn read_names(bytes: &[u8]) -> Vec<String> {
    let (names, _) = bytes[gstrings::DATA..].as_chunks::<{ gstrings::NAME_BYTES }>();
    let whole = Layout { at: 0, len: gstrings::NAME_BYTES };
    names.iter().take(count(bytes, gstrings::COUNT)).map(|name| text(name, whole)).collect()
}

/// Reads an answer to [`GSTATS`]: as many as it says and has room for.
fn read_counters(bytes: &[u8]) -> Vec<u64> {
    let (values, _) = bytes[stats::DATA..].as_chunks::<{ stats::VALUE_BYTES }>();
    values.iter().take(count(bytes, stats::COUNT)).map(|value| u64::from_ne_bytes(*value)).collect()
}

fn count(bytes: &[u8], at: usize) -> usize {
    usize::try_from(block::get_u32(bytes, at)).unwrap_or(usize::MAX)
}

fn refused(command: Command, name: &str, errno: Errno) -> Error {
    Error::Refused(Box::new(Refusal::bare(command.name, &subject(name), errno)))
}

fn not_possible(command: Command, name: &str, reason: &'static str) -> Error {
    Error::NotPossible { operation: command.name, subject: subject(name), reason }
}

fn subject(name: &str) -> String {
    crate::Interface::Name(name).to_string()
}

fn ioctl_number(command: Command, name: &str, flow: FlowType) -> Result<u32, Error> {
    flow.ioctl_number()
        .ok_or_else(|| not_possible(command, name, "the ioctl has no number for this flow type; use netlink"))
}

fn write_flow(bytes: &mut [u8], number: u32, context: u32) {
    let flag = if context == 0 { 0 } else { rxnfc::FLOW_RSS };
    block::put_u32(bytes, rxnfc::FLOW_TYPE, number | flag);
    block::put_u32(bytes, rxnfc::CONTEXT, context);
}

#[cfg(test)]
mod tests;
