//! Which interfaces are adapters, and what they are.

use std::sync::Arc;

use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::{BackendError, Device};
use rssmgr_core::driver::Driver;
use rssmgr_core::mac;
use rssmgr_core::manager::{AdapterFacts, Kind};
use rssmgr_host::{HostError, NicFacts};
use rssmgr_netlink::Error;
use rssmgr_netlink::rtnetlink::Link;

use crate::capability;
use crate::contexts::{Ledger, LedgerPlace, VPorts};
use crate::files::Files;
use crate::interrupts;
use crate::kernel::Kernel;
use crate::nic::LinuxNic;
use crate::sample::{LinuxSampler, Sampling};

/// An adapter that was found.
#[derive(Debug)]
pub struct Found {
    /// To be read and changed.
    pub nic: LinuxNic,
    /// What it is.
    pub facts: AdapterFacts,
    /// Its state.
    pub device: Device,
    /// Whether the link is there.
    pub carrier: Option<bool>,
    /// What sysfs tells.
    pub host: NicFacts,
    /// What rtnetlink tells.
    pub link: Link,
}

/// An interface that is no adapter, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Its name.
    pub name: String,
    /// Why it is left out.
    pub because: String,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Discovered {
    /// The adapters, by interface index.
    pub adapters: Vec<Found>,
    /// The rest.
    pub hidden: Vec<Hidden>,
    /// The indexes of those among the rest that could not be read, which may succeed later.
    pub unread: Vec<u32>,
}

/// Why an interface cannot be looked at.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Netlink(#[from] Error),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// Drivers take a device away while they reset or resume it.
    #[error("the interface is there, and its device is not: {0}")]
    Detached(Box<Failure>),
}

impl Failure {
    /// Whether it says that there is no such interface, or none with a device.
    fn is_gone(&self) -> bool {
        match self {
            Self::Netlink(e) => e.is_gone(),
            Self::Backend(e) => matches!(e, BackendError::Gone),
            Self::Host(_) | Self::Detached(_) => false,
        }
    }
}

/// All interfaces of this network namespace. `ledgers` is where it is kept which RSS contexts are ours.
///
/// # Errors
/// The kernel does not list them. An interface that cannot be read is hidden, and says why.
pub fn discover(sampling: &Sampling, ledgers: &LedgerPlace) -> Result<Discovered, Error> {
    let mut kernel = Kernel::open()?;
    let mut links = kernel.links.list()?;
    links.sort_by_key(|l| l.index);
    Ledger::tidy(ledgers, &links.iter().map(|l| l.index).collect::<Vec<_>>());
    let mut discovered = Discovered::default();
    for link in links {
        let (index, name) = (link.index, link.name.clone());
        match look(&mut kernel, link, sampling, ledgers) {
            Ok(Ok(found)) => discovered.adapters.push(found),
            Ok(Err(because)) => discovered.hidden.push(Hidden { name, because }),
            // It went while it was looked at.
            Err(e) if e.is_gone() && kernel.links.get(index).is_err_and(|e| e.is_gone()) => {}
            Err(e) => {
                discovered.hidden.push(Hidden { name, because: e.to_string() });
                discovered.unread.push(index);
            }
        }
    }
    Ok(discovered)
}

/// One interface; `None` when it is no adapter or has gone.
///
/// # Errors
/// Why it cannot be read.
pub fn discover_one(
    ifindex: u32,
    sampling: &Sampling,
    ledgers: &LedgerPlace,
) -> Result<Option<Found>, String> {
    let look_at = || -> Result<Option<Found>, Failure> {
        let mut kernel = Kernel::open()?;
        let mut link = kernel.links.get(ifindex)?;
        loop {
            let name = link.name.clone();
            let found = look(&mut kernel, link, sampling, ledgers);
            link = kernel.links.get(ifindex)?;
            // New interfaces are renamed as soon as they are there: what was found under the old name is somebody else's
            // or nothing.
            if link.name == name {
                let there = |e: Failure| if e.is_gone() { Failure::Detached(Box::new(e)) } else { e };
                return Ok(found.map_err(there)?.ok());
            }
        }
    };
    match look_at() {
        Err(e) if e.is_gone() => Ok(None),
        other => other.map_err(|e| e.to_string()),
    }
}

/// Ethernet, as the kernel numbers hardware.
const ETHERNET: u16 = 1;

/// Why an interface is none of ours, told from its link alone. A port of a bond or bridge is one.
fn no_adapter(link: &Link) -> Option<String> {
    if link.is_loopback() {
        return Some("the loopback interface".to_owned());
    }
    if let Some(kind) = &link.kind {
        return Some(format!("a virtual interface ({kind}): its packets come through other interfaces"));
    }
    if link.hardware_type != ETHERNET {
        return Some("no Ethernet interface".to_owned());
    }
    None
}

/// Why an interface is none of ours.
fn left_out(link: &Link, host: &NicFacts) -> Option<String> {
    no_adapter(link).or_else(|| host.device.is_none().then(|| "no hardware behind it".to_owned()))
}

/// The interfaces of this network namespace that are not among the adapters of these names, and why. No driver is asked
/// anything.
///
/// # Errors
/// The kernel does not list them.
pub fn hidden(adapters: &[&str]) -> Result<Vec<Hidden>, Error> {
    let mut kernel = Kernel::open()?;
    let mut links = kernel.links.list()?;
    links.sort_by_key(|l| l.index);
    links.retain(|l| !adapters.contains(&l.name.as_str()));
    let hidden = |link: Link| {
        let because = match rssmgr_host::nic(kernel.root(), &link.name) {
            Ok(host) => left_out(&link, &host),
            Err(e) => no_adapter(&link).or_else(|| Some(e.to_string())),
        };
        let unread = || "it could not be read when it came; the journal of rssmgrd says why".to_owned();
        Hidden { name: link.name, because: because.unwrap_or_else(unread) }
    };
    Ok(links.into_iter().map(hidden).collect())
}

fn look(
    kernel: &mut Kernel,
    link: Link,
    sampling: &Sampling,
    ledgers: &LedgerPlace,
) -> Result<Result<Found, String>, Failure> {
    if let Some(because) = no_adapter(&link) {
        return Ok(Err(because));
    }
    let host = rssmgr_host::nic(kernel.root(), &link.name)?;
    if let Some(because) = left_out(&link, &host) {
        return Ok(Err(because));
    }
    let told = kernel.ioctl.driver(&link.name).ok();
    let driver_name =
        told.as_ref().map(|d| d.name.clone()).or_else(|| host.driver.clone()).unwrap_or_default();
    let driver = Driver::of(&driver_name);
    let asked = capability::ask(kernel, link.index, link.is_up(), driver, &driver_name, &host)?;
    let permanent = permanent(kernel, &link);
    let path = host.pci.clone().unwrap_or_else(|| told.as_ref().map(|d| d.bus.clone()).unwrap_or_default());
    let facts = AdapterFacts {
        name: link.name.clone(),
        key: key(permanent, &path, &link.name),
        kind: Kind::Kernel,
        description: description(kernel, &host, &driver_name),
        driver: driver_name.clone(),
        driver_version: told.as_ref().map(|d| d.version.clone()).unwrap_or_default(),
        firmware: told.as_ref().map(|d| printed(&d.firmware)).unwrap_or_default(),
        mac: permanent,
        node: host.node,
        team: rssmgr_host::team(kernel.root(), &link.name)?,
    };
    let sampler = LinuxSampler::new(sampling, link.index, &driver_name);
    let vports = asked.capability.vports.any().then(|| {
        let ledger = Ledger::open(ledgers, link.index);
        VPorts::new(&driver_name, driver.contexts, ledger)
    });
    let mut nic = LinuxNic {
        kernel: Kernel::open()?,
        ifindex: link.index,
        driver,
        driver_name,
        capability: asked.capability,
        irq_folder: interrupts::folder(&host),
        shown_queues: host.rx_queues,
        boot_key: rssmgr_host::boot_key(kernel.root()),
        interrupts: Some(asked.interrupts),
        requested: asked.requested,
        files: Files::default(),
        off: None,
        vports,
        sampler: Arc::new(sampler),
    };
    let device = nic.observe()?;
    Ok(Ok(Found { nic, facts, device, carrier: link.carrier, host, link }))
}

/// What a driver prints that has nothing to print.
fn printed(text: &str) -> String {
    let text = text.trim();
    if matches!(text, "N/A" | "n/a") { String::new() } else { text.to_owned() }
}

/// The address that the hardware was made with; the present one where the driver does not tell.
fn permanent(kernel: &mut Kernel, link: &Link) -> Option<[u8; 6]> {
    let told = link.permanent_address.clone().or_else(|| kernel.ioctl.permanent_address(&link.name).ok());
    let usable = |a: &Vec<u8>| a.len() == 6 && a.iter().any(|b| *b != 0);
    let address = told.filter(usable).or_else(|| Some(link.address.clone()).filter(usable))?;
    address.try_into().ok()
}

/// What finds the adapter again after a restart.
fn key(mac: Option<[u8; 6]>, path: &str, name: &str) -> String {
    match (mac.map(mac::show), path) {
        (Some(mac), "") => mac,
        (Some(mac), path) => format!("{mac}@{path}"),
        (None, "") => format!("name:{name}"),
        (None, path) => format!("@{path}"),
    }
}

fn description(kernel: &Kernel, host: &NicFacts, driver: &str) -> String {
    let Some(pci) = &host.pci else { return format!("{driver} network interface") };
    let id = |file: &str| {
        let path = kernel.root().join("sys/bus/pci/devices").join(pci).join(file);
        let text = std::fs::read_to_string(path).ok()?;
        text.trim().strip_prefix("0x").map(str::to_owned)
    };
    match (id("vendor"), id("device")) {
        (Some(vendor), Some(device)) => {
            format!("{driver} network interface [{vendor}:{device}] at PCI {pci}")
        }
        _ => format!("{driver} network interface at PCI {pci}"),
    }
}
