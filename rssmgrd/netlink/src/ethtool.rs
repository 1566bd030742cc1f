//! The `ethtool` family: RSS, channels, features, link modes and their notifications; [`legacy`] has the ioctl for
//! what older kernels do not have here.
//!
//! ```no_run
//! use rssmgr_netlink::ethtool::{Ethtool, RssChange, Table};
//!
//! let mut ethtool = Ethtool::open()?;
//! let rss = ethtool.rss("eth0", 0)?;
//! println!("{} entries, queues {:?}", rss.table.len(), rss.table);
//! let change = RssChange { table: Some(Table::Entries(vec![0, 1])), ..RssChange::default() };
//! ethtool.set_rss("eth0", 0, &change)?;
//! # Ok::<(), rssmgr_netlink::Error>(())
//! ```
//!
//! Which operations the kernel has is found by asking ([`Ethtool::can_set_rss`]), never by its version. As an
//! orientation: RSS get since Linux 6.2, its list of contexts by 6.12, RSS set, contexts and notifications since 6.17;
//! channels, features, link modes since 5.7.
//!
//! Source of numbers and rules: the kernel's `Documentation/netlink/specs/ethtool.yaml` and `net/ethtool/`.

mod bitset;
mod channels;
mod features;
mod flow;
mod hash;
mod header;
pub mod legacy;
mod link;
mod monitor;
mod rss;
mod strings;

pub use bitset::Bitset;
pub use channels::{ChannelChange, Channels};
pub use features::{Feature, Features, NTUPLE, RXHASH};
pub use flow::{FlowType, HashFields};
pub use hash::{HashFunctions, HashKey, InputTransform};
pub use header::Device;
pub use link::{Duplex, LinkModes};
pub use monitor::{Monitor, Notice};
pub use rss::{Rss, RssChange, Table};
pub use strings::StringSet;

use crate::genl::{Client, Family, Known, Op};
use crate::{Error, Interface, socket};
use std::sync::Arc;
use std::time::Duration;

static KNOWN: Known = Known {
    name: "ethtool",
    since: "it is there since Linux 5.6 when CONFIG_ETHTOOL_NETLINK is set; use the ioctl",
};

/// Since when the operations are there that all supported kernels have.
const OLD: &str = "it is there since Linux 5.7";

/// Asks and changes by the `ethtool` netlink family.
#[derive(Debug)]
pub struct Ethtool {
    client: Client,
    feature_names: Option<Arc<StringSet>>,
}

impl Ethtool {
    /// Finds the family in this thread's network namespace.
    ///
    /// # Errors
    /// [`Error::NoFamily`] where the kernel lacks it, [`Error::Socket`].
    pub fn open() -> Result<Self, Error> {
        Self::with_timeout(socket::DEFAULT_TIMEOUT)
    }

    /// The same with another limit on how long an answer may take once the kernel did what was asked.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_timeout(timeout: Duration) -> Result<Self, Error> {
        Ok(Self { client: Client::open(&KNOWN, timeout)?, feature_names: None })
    }

    /// What the running kernel told of the family.
    #[must_use]
    pub fn family(&self) -> &Family {
        self.client.family()
    }

    /// What the kernel remarked about the last request, although it did what was asked; it remarks on changes only.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.client.warning()
    }

    /// Whether the kernel reads RSS here (since Linux 6.2).
    #[must_use]
    pub fn can_get_rss(&self) -> bool {
        self.does(rss::GET)
    }

    /// Whether the kernel lists all RSS contexts (by Linux 6.12).
    #[must_use]
    pub fn can_list_rss(&self) -> bool {
        self.family().operation(rss::GET.command).is_some_and(|found| found.dumps)
    }

    /// Whether the kernel sets RSS here, and tells of changes (since Linux 6.17).
    #[must_use]
    pub fn can_set_rss(&self) -> bool {
        self.does(rss::SET)
    }

    /// Whether the kernel makes and deletes RSS contexts here (since Linux 6.17).
    #[must_use]
    pub fn can_create_rss(&self) -> bool {
        self.does(rss::CREATE) && self.does(rss::DELETE)
    }

    fn does(&self, op: Op) -> bool {
        self.family().operation(op.command).is_some_and(|found| found.does)
    }

    /// The RSS settings of `context`, 0 being the default one.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the driver has none or has no contexts, `ENOENT` for a context that does not exist.
    pub fn rss<'a>(&mut self, interface: impl Into<Interface<'a>>, context: u32) -> Result<Rss, Error> {
        let request = rss::get(self.family(), interface.into(), context)?;
        self.client.ask_one(&request, rss::read)
    }

    /// The RSS settings of all contexts, of one interface or of all that have some.
    ///
    /// # Errors
    /// [`Error::NoOperation`] before Linux 6.12.
    pub fn rss_list<'a>(&mut self, interface: Option<Interface<'a>>) -> Result<Vec<Rss>, Error> {
        let request = rss::list(self.family(), interface)?;
        self.client.ask(&request, |attributes| rss::read(attributes).map(Some))
    }

    /// Changes the RSS settings of `context`. Not atomic: the kernel sets the hash fields first, then table, key and
    /// function in one call of the driver; a refused second step leaves the first done.
    ///
    /// # Errors
    /// `EINVAL` for a table or key that does not fit (the kernel says how), `EOPNOTSUPP` for what the driver lacks.
    pub fn set_rss<'a>(
        &mut self,
        interface: impl Into<Interface<'a>>,
        context: u32,
        change: &RssChange,
    ) -> Result<(), Error> {
        let request = rss::set(self.family(), interface.into(), context, change)?;
        self.client.tell(&request)
    }

    /// Creates an RSS context, with the number `wanted` or one that the kernel picks; its number.
    ///
    /// # Errors
    /// `EBUSY` when the number is taken, `ERANGE` beyond the driver's limit, `EOPNOTSUPP` without contexts.
    pub fn create_rss_context<'a>(
        &mut self,
        interface: impl Into<Interface<'a>>,
        wanted: Option<u32>,
        change: &RssChange,
    ) -> Result<u32, Error> {
        let request = rss::create(self.family(), interface.into(), wanted, change)?;
        self.client.ask_one(&request, rss::read).map(|created| created.context)
    }

    /// Deletes an RSS context.
    ///
    /// # Errors
    /// `EBUSY` while a filter rule points at it, `ENOENT`.
    pub fn delete_rss_context<'a>(
        &mut self,
        interface: impl Into<Interface<'a>>,
        context: u32,
    ) -> Result<(), Error> {
        let request = rss::delete(self.family(), interface.into(), context)?;
        self.client.tell(&request)
    }

    /// How many channels there are and can be.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the driver does not say.
    pub fn channels<'a>(&mut self, interface: impl Into<Interface<'a>>) -> Result<Channels, Error> {
        let request = channels::get(self.family(), interface.into())?;
        self.client.ask_one(&request, channels::read)
    }

    /// Changes the number of channels. With most drivers that interrupts traffic; with some the link goes down.
    ///
    /// # Errors
    /// `EINVAL` above the maximum, or below a queue that the table uses (the kernel says which), `EBUSY`,
    /// `EOPNOTSUPP`.
    pub fn set_channels<'a>(
        &mut self,
        interface: impl Into<Interface<'a>>,
        change: &ChannelChange,
    ) -> Result<(), Error> {
        let request = channels::set(self.family(), interface.into(), change)?;
        self.client.tell(&request)
    }

    /// The state of the device's features.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn features<'a>(&mut self, interface: impl Into<Interface<'a>>) -> Result<Features, Error> {
        let names = match &self.feature_names {
            Some(names) => Arc::clone(names),
            None => {
                let names = Arc::new(self.strings(strings::FEATURES)?);
                Arc::clone(self.feature_names.insert(names))
            }
        };
        let request = features::get(self.family(), interface.into())?;
        self.client.ask_one(&request, |attributes| features::read(attributes, &names))
    }

    /// Switches a feature on or off, by the kernel's name ([`RXHASH`]). What came of it is to be read back: other
    /// features may forbid it without an error.
    ///
    /// # Errors
    /// [`Error::Refused`], with `EOPNOTSUPP` for a name that the kernel does not know.
    pub fn set_feature<'a>(
        &mut self,
        interface: impl Into<Interface<'a>>,
        name: &str,
        on: bool,
    ) -> Result<(), Error> {
        let request = features::set(self.family(), interface.into(), name, on)?;
        self.client.tell(&request)
    }

    /// Speed, duplex and lanes of the link.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the driver does not say.
    pub fn link_modes<'a>(&mut self, interface: impl Into<Interface<'a>>) -> Result<LinkModes, Error> {
        let request = link::get(self.family(), interface.into())?;
        self.client.ask_one(&request, link::read)
    }

    fn strings(&mut self, set: u32) -> Result<StringSet, Error> {
        let request = strings::get(self.family(), set)?;
        self.client.ask_one(&request, |attributes| strings::read(attributes, set))
    }
}

#[cfg(test)]
mod tests;
