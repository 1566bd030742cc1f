//! What is asked of the kernel about contexts and rules, and the kernel itself.

use rssmgr_netlink::Error;
use rssmgr_netlink::ethtool::legacy::{Ioctl, MacRule, PlacedRules};
use rssmgr_netlink::ethtool::{FlowType, HashFields, Rss, RssChange};

use crate::fields::{self, Fields};
use crate::kernel::Kernel;

/// RSS contexts and receive rules of one interface, as the kernel has them.
pub trait ContextKernel {
    /// The default context.
    ///
    /// # Errors
    /// What the kernel refuses.
    fn default_context(&mut self) -> Result<Rss, Error>;

    /// All others, whoever made them. `most` is the highest number that the driver gives, for kernels that cannot list them.
    ///
    /// # Errors
    /// What the kernel refuses.
    fn contexts(&mut self, most: u16) -> Result<Vec<Rss>, Error>;

    /// Makes one; its number, which the kernel picks.
    ///
    /// # Errors
    /// `EOPNOTSUPP`, `ENOSPC`, `ERANGE`, `EBUSY` where there is no room, `EINVAL` for what does not fit.
    fn create(&mut self, change: &RssChange) -> Result<u32, Error>;

    /// Changes one.
    ///
    /// # Errors
    /// `ENOENT`, `EINVAL` for what does not fit, `EOPNOTSUPP` for what it has not of its own.
    fn change(&mut self, context: u32, change: &RssChange) -> Result<(), Error>;

    /// Takes one away.
    ///
    /// # Errors
    /// `ENOENT`, `EBUSY` while a rule leads there.
    fn delete(&mut self, context: u32) -> Result<(), Error>;

    /// What it hashes, as far as the driver tells.
    ///
    /// # Errors
    /// The interface is gone.
    fn fields(&mut self, context: &Rss) -> Result<Fields, Error>;

    /// Chooses what it hashes; what came before a refusal is in force.
    ///
    /// # Errors
    /// `EINVAL`, `EOPNOTSUPP`.
    fn set_fields(&mut self, context: u32, changes: &[(FlowType, HashFields)]) -> Result<(), Error>;

    /// All receive rules, whoever made them.
    ///
    /// # Errors
    /// `EOPNOTSUPP`.
    fn rules(&mut self) -> Result<PlacedRules, Error>;

    /// Adds a rule, at `location` or where the driver likes; its place.
    ///
    /// # Errors
    /// `ENOSPC`, `EINVAL`, `EOPNOTSUPP`, `EEXIST`.
    fn insert(&mut self, rule: &MacRule, location: Option<u32>) -> Result<u32, Error>;

    /// Takes the rule at a place away.
    ///
    /// # Errors
    /// `ENOENT`.
    fn remove(&mut self, location: u32) -> Result<(), Error>;
}

/// An interface of the running kernel: by netlink where it has the operation there, else by the ioctl.
#[derive(Debug)]
pub struct OfInterface<'a> {
    /// The kernel.
    pub kernel: &'a mut Kernel,
    /// The interface.
    pub ifindex: u32,
}

impl ContextKernel for OfInterface<'_> {
    fn default_context(&mut self) -> Result<Rss, Error> {
        self.kernel.rss(self.ifindex)
    }

    fn contexts(&mut self, most: u16) -> Result<Vec<Rss>, Error> {
        self.kernel.contexts(self.ifindex, most)
    }

    fn create(&mut self, change: &RssChange) -> Result<u32, Error> {
        if self.kernel.ethtool.can_create_rss() {
            return self.kernel.ethtool.create_rss_context(self.ifindex, None, change);
        }
        self.kernel.by_ioctl(self.ifindex, |ioctl, name| ioctl.create_rss_context(name, change))
    }

    fn change(&mut self, context: u32, change: &RssChange) -> Result<(), Error> {
        if self.kernel.ethtool.can_set_rss() {
            return self.kernel.ethtool.set_rss(self.ifindex, context, change);
        }
        self.kernel.by_ioctl(self.ifindex, |ioctl, name| ioctl.set_rss(name, context, change))
    }

    fn delete(&mut self, context: u32) -> Result<(), Error> {
        if self.kernel.ethtool.can_create_rss() {
            return self.kernel.ethtool.delete_rss_context(self.ifindex, context);
        }
        self.kernel.by_ioctl(self.ifindex, |ioctl, name| ioctl.delete_rss_context(name, context))
    }

    fn fields(&mut self, context: &Rss) -> Result<Fields, Error> {
        fields::read(self.kernel, self.ifindex, context.context, Some(context))
    }

    fn set_fields(&mut self, context: u32, changes: &[(FlowType, HashFields)]) -> Result<(), Error> {
        fields::set(self.kernel, self.ifindex, context, changes, false)
    }

    fn rules(&mut self) -> Result<PlacedRules, Error> {
        self.kernel.by_ioctl(self.ifindex, Ioctl::rules)
    }

    fn insert(&mut self, rule: &MacRule, location: Option<u32>) -> Result<u32, Error> {
        self.kernel.by_ioctl(self.ifindex, |ioctl, name| match location {
            Some(location) => ioctl.insert_rule_at(name, rule, location),
            None => ioctl.insert_rule(name, rule),
        })
    }

    fn remove(&mut self, location: u32) -> Result<(), Error> {
        self.kernel.by_ioctl(self.ifindex, |ioctl, name| ioctl.delete_rule(name, location))
    }
}
