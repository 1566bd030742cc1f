//! Tunnels that end on this machine.

use std::path::Path;

use rssmgr_core::doctor::Tunnel;
use rssmgr_core::tunnel::TunnelKind;

use crate::below::with_below;
use crate::error::HostError;
use crate::nic::is_up;
use crate::root::Root;

const CLASS_DIR: &str = "sys/class/net";

/// The tunnels that are up, by name. What sysfs does not tell apart from an Ethernet interface (GRE that carries
/// Ethernet) is not among them.
///
/// # Errors
/// A file cannot be read.
pub fn tunnels(root: &Path) -> Result<Vec<Tunnel>, HostError> {
    let root = Root::new(root);
    let mut found = Vec::new();
    for name in root.names(CLASS_DIR)? {
        let folder = Path::new(CLASS_DIR).join(&name);
        // The kernel makes some when a module is loaded, such as gre0; they are down.
        if is_up(&root, &folder)? != Some(true) {
            continue;
        }
        let Some(kind) = kind(&root, &folder)? else { continue };
        let below = root.names(&folder)?.iter().find_map(|n| n.strip_prefix("lower_").map(str::to_owned));
        let bound = match below {
            Some(name) => Some(name),
            None => linked(&root, &folder)?,
        };
        let over = bound.map(|name| with_below(&root, &name)).unwrap_or_default();
        found.push(Tunnel { name, kind, over });
    }
    Ok(found)
}

fn kind(root: &Root<'_>, folder: &Path) -> Result<Option<TunnelKind>, HostError> {
    let uevent = root.read(folder.join("uevent"))?.unwrap_or_default();
    let kind = match uevent.lines().find_map(|line| line.strip_prefix("DEVTYPE=")) {
        Some("vxlan") => Some(TunnelKind::Vxlan),
        Some("geneve") => Some(TunnelKind::Geneve),
        Some("wireguard") => Some(TunnelKind::Wireguard),
        Some("ppp") => Some(TunnelKind::Ppp),
        _ => None,
    };
    if kind.is_some() {
        return Ok(kind);
    }
    // `ARPHRD_*`.
    let number = root.read(folder.join("type"))?.and_then(|text| text.trim().parse().ok());
    Ok(match number {
        Some(512u32) => Some(TunnelKind::Ppp),
        Some(768 | 769 | 776) => Some(TunnelKind::IpIp),
        Some(778 | 823) => Some(TunnelKind::Gre),
        _ => None,
    })
}

/// The interface that a tunnel was bound to.
fn linked(root: &Root<'_>, folder: &Path) -> Result<Option<String>, HostError> {
    let number = |folder: &Path, file: &str| {
        let text = root.read(folder.join(file))?;
        Ok::<_, HostError>(text.and_then(|t| t.trim().parse::<u32>().ok()))
    };
    let own = number(folder, "ifindex")?;
    let Some(wanted) = number(folder, "iflink")?.filter(|n| *n != 0 && Some(*n) != own) else {
        return Ok(None);
    };
    for name in root.names(CLASS_DIR)? {
        if number(&Path::new(CLASS_DIR).join(&name), "ifindex")? == Some(wanted) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
