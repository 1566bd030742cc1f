//! What sysfs tells of a network interface without asking its driver.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::ids::NodeId;

use crate::error::HostError;
use crate::root::{Root, numbered};

const CLASS_DIR: &str = "sys/class/net";
const PCI_DIR: &str = "sys/bus/pci/devices";
const DEVICES: &str = "sys/devices";
/// The folder of a device that has a file for each of its message-signalled interrupts.
const VECTORS: &str = "msi_irqs";
const VIRTUAL: &str = "sys/devices/virtual";

/// Facts of a network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NicFacts {
    /// The interface's name.
    pub name: String,
    /// The folder of its parent device, relative to the root; `None` for a virtual interface.
    pub device: Option<PathBuf>,
    /// The PCI address (`0000:02:00.0`) of that device, or of the nearest one above it.
    pub pci: Option<String>,
    /// The NUMA node that the device hangs on; `None` when the firmware does not say (-1).
    pub node: Option<NodeId>,
    /// The CPUs that the kernel calls local to the device; `None` when it does not say.
    pub local_cpus: Option<CpuSet>,
    /// The driver's name.
    pub driver: Option<String>,
    /// The hardware address as the kernel prints it.
    pub mac: Option<String>,
    /// Whether it is up; `None` when nothing tells.
    pub up: Option<bool>,
    /// Receive queues that the kernel shows.
    pub rx_queues: usize,
    /// Transmit queues that the kernel shows.
    pub tx_queues: usize,
    /// Its message-signalled interrupts (MSI, MSI-X), ascending.
    pub msi_irqs: Vec<u32>,
}

/// All network interfaces of the machine whose root is `root`, by name.
///
/// # Errors
/// A file cannot be read or its content is damaged.
pub fn nics(root: &Path) -> Result<Vec<NicFacts>, HostError> {
    let root = Root::new(root);
    let mut found = Vec::new();
    for name in names(&root)? {
        if let Some(place) = find(&root, &name)? {
            found.push(facts(&root, name, place)?);
        }
    }
    Ok(found)
}

/// The facts of one interface of the machine whose root is `root`.
///
/// # Errors
/// There is no such interface (the error lists those there are), a file cannot be read, or its content is damaged.
pub fn nic(root: &Path, name: &str) -> Result<NicFacts, HostError> {
    let root = Root::new(root);
    // The name becomes part of a path; the kernel has no interface with a slash, nor one called `.` or `..`.
    let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']);
    match if plain { find(&root, name)? } else { None } {
        Some(place) => facts(&root, name.to_owned(), place),
        None => {
            let mut known = Vec::new();
            for name in names(&root)? {
                known.extend(find(&root, &name)?.map(|_| name));
            }
            Err(HostError::NoInterface { root: root.path(), name: name.to_owned(), known })
        }
    }
}

/// The message-signalled interrupts of an interface alone, ascending; none where it has no device.
///
/// # Errors
/// They cannot be listed.
pub fn msi_irqs(root: &Path, name: &str) -> Result<Vec<u32>, HostError> {
    let root = Root::new(root);
    let interface = Path::new(CLASS_DIR).join(name);
    // Without a step for each folder on the way, where the link is there.
    if let Some(device) = root.link_name(&interface, "device") {
        let owner = if is_virtio(&device) { "device/.." } else { "device" };
        return root.numbered(interface.join(owner).join(VECTORS), "");
    }
    let device = find(&root, name)?.and_then(|place| place.device);
    device.map_or(Ok(Vec::new()), |device| vectors(&root, &device))
}

/// Whether a device of this name is virtio's, which has neither node nor vectors of its own: both are its PCI device's, one
/// level up.
fn is_virtio(device: &str) -> bool {
    device.starts_with("virtio")
}

fn vectors(root: &Root<'_>, device: &Path) -> Result<Vec<u32>, HostError> {
    let is_virtio = device.file_name().and_then(|n| n.to_str()).is_some_and(is_virtio);
    let owner = device.parent().filter(|_| is_virtio).unwrap_or(device);
    root.numbered(owner.join(VECTORS), "")
}

/// The CPUs over which the kernel spreads the packets of each receive queue of an interface (RPS), by queue; empty
/// where it does not, or cannot.
///
/// # Errors
/// A file cannot be read or its content is damaged.
pub fn receive_steering(root: &Path, name: &str) -> Result<Vec<CpuSet>, HostError> {
    let root = Root::new(root);
    let Some(place) = find(&root, name)? else { return Ok(Vec::new()) };
    let queues = place.interface.join("queues");
    let mut steering = Vec::new();
    for queue in root.numbered(&queues, "rx-")? {
        let file = queues.join(format!("rx-{queue}/rps_cpus"));
        let Some(text) = root.read(&file)? else { continue };
        let set = CpuSet::parse_mask(text.trim());
        steering.push(set.map_err(|cause| HostError::Set { path: root.path().join(&file), cause })?);
    }
    Ok(steering)
}

/// Whether an interface is up, by its flags; `None` when nothing tells.
pub(crate) fn is_up(root: &Root<'_>, folder: &Path) -> Result<Option<bool>, HostError> {
    let flags = root.read(folder.join("flags"))?;
    let flags = flags.and_then(|text| u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok());
    Ok(flags.map(|f| f & 1 != 0))
}

/// Where an interface lives.
struct Place {
    /// Its own folder.
    interface: PathBuf,
    /// The folder of its parent device.
    device: Option<PathBuf>,
}

fn names(root: &Root<'_>) -> Result<BTreeSet<String>, HostError> {
    let mut names = root.names(CLASS_DIR)?;
    // A recording may hold the devices but not the class folder.
    if names.is_empty() {
        for pci in root.names(PCI_DIR)? {
            names.append(&mut root.names(format!("{PCI_DIR}/{pci}/net"))?);
        }
    }
    Ok(names)
}

fn find(root: &Root<'_>, name: &str) -> Result<Option<Place>, HostError> {
    if let Some(interface) = root.folder(Path::new(CLASS_DIR).join(name))? {
        let linked = root.folder(interface.join("device"))?;
        // Without the link, the folder itself tells: DEVICE/net/NAME.
        let device = linked.or_else(|| {
            let net = interface.parent()?;
            let device = net.parent().filter(|_| net.ends_with("net"))?;
            (device.starts_with(DEVICES) && !device.starts_with(VIRTUAL)).then(|| device.to_owned())
        });
        return Ok(Some(Place { interface, device }));
    }
    for pci in root.names(PCI_DIR)? {
        let pci = Path::new(PCI_DIR).join(pci);
        if let Some(interface) = root.folder(pci.join("net").join(name))? {
            return Ok(Some(Place { interface, device: root.folder(&pci)? }));
        }
    }
    Ok(None)
}

fn facts(root: &Root<'_>, name: String, place: Place) -> Result<NicFacts, HostError> {
    let queues = root.names(place.interface.join("queues"))?;
    let count = |stem| queues.iter().filter(|name| numbered(name, stem).is_some()).count();
    let mac = root.read(place.interface.join("address"))?.map(|text| text.trim().to_owned());
    let mut facts = NicFacts {
        name,
        pci: None,
        node: None,
        local_cpus: None,
        driver: None,
        mac: mac.filter(|mac| !mac.is_empty()),
        up: is_up(root, &place.interface)?,
        rx_queues: count("rx-"),
        tx_queues: count("tx-"),
        msi_irqs: Vec::new(),
        device: place.device,
    };
    let Some(device) = facts.device.as_deref() else { return Ok(facts) };
    facts.driver = driver(root, device)?;
    facts.msi_irqs = vectors(root, device)?;
    let above = || device.ancestors().take_while(|folder| folder.starts_with(DEVICES));
    facts.pci = above().filter_map(|f| f.file_name()?.to_str()).find(|n| is_pci(n)).map(str::to_owned);
    for folder in above() {
        if let Some(text) = root.read(folder.join("numa_node"))? {
            let node: i64 = text.trim().parse().map_err(|_| HostError::Number {
                path: root.path().join(folder).join("numa_node"),
                content: text.trim().chars().take(64).collect(),
            })?;
            facts.node = u32::try_from(node).ok().map(NodeId);
            break;
        }
    }
    for folder in above() {
        if let Some(cpus) = local_cpus(root, folder)? {
            facts.local_cpus = Some(cpus);
            break;
        }
    }
    Ok(facts)
}

/// The driver by the link, or by what the device would tell udev.
fn driver(root: &Root<'_>, device: &Path) -> Result<Option<String>, HostError> {
    if let Some(name) = root.link_name(device, "driver") {
        return Ok(Some(name));
    }
    let uevent = root.read(device.join("uevent"))?;
    let line = uevent.iter().flat_map(|text| text.lines()).find_map(|line| line.strip_prefix("DRIVER="));
    Ok(line.map(str::to_owned))
}

/// `local_cpulist`, or on old kernels the mask `local_cpus`.
fn local_cpus(root: &Root<'_>, folder: &Path) -> Result<Option<CpuSet>, HostError> {
    let list = root.read(folder.join("local_cpulist"))?;
    let (name, set) = match &list {
        Some(text) => ("local_cpulist", CpuSet::parse_list(text)),
        None => match root.read(folder.join("local_cpus"))? {
            Some(text) => ("local_cpus", CpuSet::parse_mask(&text)),
            None => return Ok(None),
        },
    };
    set.map(Some).map_err(|cause| HostError::Set { path: root.path().join(folder).join(name), cause })
}

/// Whether a name is a PCI address: `0000:02:00.0`, the domain possibly longer.
fn is_pci(name: &str) -> bool {
    let hex = |t: &str, least: usize, most: usize| {
        (least..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let mut parts = name.split([':', '.']);
    let wanted = [(4, 8), (2, 2), (2, 2), (1, 1)];
    wanted.into_iter().all(|(least, most)| parts.next().is_some_and(|p| hex(p, least, most)))
        && parts.next().is_none()
}
