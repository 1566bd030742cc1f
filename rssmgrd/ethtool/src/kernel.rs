//! The kernel's interfaces, opened once for each adapter.

use std::path::{Path, PathBuf};

use rssmgr_netlink::Error;
use rssmgr_netlink::ethtool::legacy::Ioctl;
use rssmgr_netlink::ethtool::{Ethtool, Rss, RssChange};
use rssmgr_netlink::netdev::Netdev;
use rssmgr_netlink::rtnetlink::Links;

const ENOENT: i32 = 2;
const EINVAL: i32 = 22;

/// Handles to the kernel, for one thread at a time.
#[derive(Debug)]
pub struct Kernel {
    /// The `ethtool` netlink family.
    pub ethtool: Ethtool,
    /// The `netdev` netlink family, since Linux 6.3.
    pub netdev: Option<Netdev>,
    /// Interfaces.
    pub links: Links,
    /// The ioctl, for what netlink does not have.
    pub ioctl: Ioctl,
    root: PathBuf,
}

impl Kernel {
    /// Opens everything in this thread's network namespace.
    ///
    /// # Errors
    /// What the kernel refuses; a missing `netdev` family is none.
    pub fn open() -> Result<Self, Error> {
        let netdev = match Netdev::open() {
            Ok(netdev) => Some(netdev),
            Err(Error::NoFamily { .. }) => None,
            Err(e) => return Err(e),
        };
        let root = PathBuf::from("/");
        Ok(Self { ethtool: Ethtool::open()?, netdev, links: Links::open()?, ioctl: Ioctl::open()?, root })
    }

    /// Where `sys` and `proc` are.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The name of an interface now. The ioctl knows names only.
    ///
    /// # Errors
    /// There is no such interface in this namespace.
    pub fn name(&mut self, ifindex: u32) -> Result<String, Error> {
        self.ioctl.interface_name(ifindex)
    }

    /// Asks the ioctl under the interface's name. A name that is somebody else's or nobody's by the time the kernel looks
    /// it up was given away meanwhile: then the same is asked under the new one.
    ///
    /// # Errors
    /// What the kernel refuses; that the interface is gone only where it really is.
    pub fn by_ioctl<T>(
        &mut self,
        ifindex: u32,
        mut call: impl FnMut(&mut Ioctl, &str) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut name = self.name(ifindex)?;
        loop {
            let done = call(&mut self.ioctl, &name);
            let now = self.name(ifindex)?;
            if now == name {
                return done;
            }
            name = now;
        }
    }

    /// The RSS settings, by netlink where the kernel has it there.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the driver has none.
    pub fn rss(&mut self, ifindex: u32) -> Result<Rss, Error> {
        if self.ethtool.can_get_rss() {
            return self.ethtool.rss(ifindex, 0);
        }
        self.by_ioctl(ifindex, |ioctl, name| ioctl.rss(name, 0))
    }

    /// Whether the driver has RSS contexts and receive rules: asked for a context that nobody made, one that has them says
    /// that there is none of this number. Nothing is changed.
    pub fn has_rss_contexts(&mut self, ifindex: u32) -> bool {
        /// As high as numbers go that can be asked for, and not the one that means a new context.
        const NOBODYS: u32 = u32::MAX - 1;
        let Ok(name) = self.name(ifindex) else { return false };
        let asked = match self.ethtool.can_get_rss() {
            true => self.ethtool.rss(ifindex, NOBODYS),
            false => self.ioctl.rss(&name, NOBODYS),
        };
        let no_such = asked.err().and_then(|e| e.errno()).map(rssmgr_netlink::Errno::raw_os_error);
        no_such == Some(ENOENT) && self.ioctl.receive_rules(&name).is_ok()
    }

    /// All RSS contexts but the default one, whoever made them. A kernel that cannot list them is asked for one after the
    /// other, up to the number `most`.
    ///
    /// # Errors
    /// What the kernel refuses.
    pub fn contexts(&mut self, ifindex: u32, most: u16) -> Result<Vec<Rss>, Error> {
        if self.ethtool.can_list_rss() {
            let all = self.ethtool.rss_list(Some(ifindex.into()))?;
            return Ok(all.into_iter().filter(|rss| rss.context != 0).collect());
        }
        let mut found = Vec::new();
        for context in 1..=u32::from(most) {
            match self.by_ioctl(ifindex, |ioctl, name| ioctl.rss(name, context)) {
                Ok(rss) => found.push(rss),
                // The driver's own answer, before the kernel kept contexts itself (Linux 6.11).
                Err(e)
                    if matches!(
                        e.errno().map(rssmgr_netlink::Errno::raw_os_error),
                        Some(ENOENT | EINVAL)
                    ) => {}
                Err(e) if e.is_unsupported() => break,
                Err(e) => return Err(e),
            }
        }
        Ok(found)
    }

    /// Changes table, key, function or symmetric mode, by netlink where the kernel has it there.
    ///
    /// # Errors
    /// What the kernel or the driver refuses.
    pub fn set_rss(&mut self, ifindex: u32, change: &RssChange) -> Result<(), Error> {
        if self.ethtool.can_set_rss() {
            return self.ethtool.set_rss(ifindex, 0, change);
        }
        self.by_ioctl(ifindex, |ioctl, name| ioctl.set_rss(name, 0, change))
    }
}
