//! Bonds and teams: what an interface is a port of, and whether it takes part again after its link was down.

use std::path::Path;

use rssmgr_core::place::{Team, TeamSets};

use crate::error::HostError;
use crate::root::Root;

/// `AD_PORT_...` of 802.3ad: in sync, collecting, distributing.
const PASSING: u8 = 0x08 | 0x10 | 0x20;

/// The bond or team that an interface is a port of. A bridge is none: its ports have nothing to do with each other.
///
/// # Errors
/// A file cannot be read.
pub fn team(root: &Path, name: &str) -> Result<Option<Team>, HostError> {
    let root = Root::new(root);
    let port = format!("sys/class/net/{name}");
    let Some(master) = root.link_name(Path::new(&port), "master") else { return Ok(None) };
    let mode = root.read(format!("{port}/master/bonding/mode"))?;
    let is_bridge = root.folder(format!("{port}/master/bridge"))?.is_some();
    // Others, such as an Open vSwitch or a VRF, do not spread over their ports; teamd does.
    let is_team = || root.folder(format!("{port}/team")).is_ok_and(|f| f.is_some());
    let sets = match mode.as_deref().map(str::trim) {
        Some(mode) if mode.starts_with("active-backup") || mode.starts_with("broadcast") => {
            TeamSets::Identical
        }
        Some(_) => TeamSets::Disjoint,
        None if !is_bridge && is_team() => TeamSets::Disjoint,
        None => return Ok(None),
    };
    Ok(Some(Team { name: master, sets }))
}

/// Whether a port of a bond takes part in it: its link is up for the bond, and where the bond speaks LACP, both ends
/// agreed on it. `None` for an interface that is no port of a bond.
///
/// # Errors
/// A file cannot be read.
pub fn takes_part(root: &Path, name: &str) -> Result<Option<bool>, HostError> {
    let root = Root::new(root);
    let port = format!("sys/class/net/{name}/bonding_slave");
    let Some(status) = root.read(format!("{port}/mii_status"))? else { return Ok(None) };
    let mode = root.read(format!("sys/class/net/{name}/master/bonding/mode"))?.unwrap_or_default();
    let lacp = match mode.starts_with("802.3ad") {
        true => root.read(format!("{port}/ad_actor_oper_port_state"))?,
        false => None,
    };
    let passes = |state: String| state.trim().parse::<u8>().is_ok_and(|s| s & PASSING == PASSING);
    Ok(Some(status.trim() == "up" && lacp.is_none_or(passes)))
}
