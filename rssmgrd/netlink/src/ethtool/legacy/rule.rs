//! Receive rules (`ethtool -N`, `struct ethtool_rx_flow_spec`): which packets go to which RSS context.
//!
//! Only the kind that a virtual port needs: the destination address, and where given the VLAN, whole and equal. Netlink
//! has no rules.

use super::{Command, Ioctl, block, not_possible, rxnfc};
use crate::Error;

const GRXCLSRULE: Command = Command { number: 0x2f, name: "ETHTOOL_GRXCLSRULE" };
const GRXCLSRLALL: Command = Command { number: 0x30, name: "ETHTOOL_GRXCLSRLALL" };
const SRXCLSRLDEL: Command = Command { number: 0x31, name: "ETHTOOL_SRXCLSRLDEL" };
const SRXCLSRLINS: Command = Command { number: 0x32, name: "ETHTOOL_SRXCLSRLINS" };

/// Where the parts of `struct ethtool_rxnfc` stand; its rule begins at 16.
mod spec {
    pub(super) const FLOW_TYPE: usize = 16;
    /// `h_u.ether_spec.h_dest`.
    pub(super) const MAC: usize = 20;
    /// `h_ext.vlan_tci`: 2 bytes of padding, 6 of an address and 2 of a type before it.
    pub(super) const VLAN: usize = 72 + 10;
    /// `m_u.ether_spec.h_dest`.
    pub(super) const MAC_MASK: usize = 92;
    /// `m_ext.vlan_tci`.
    pub(super) const VLAN_MASK: usize = 144 + 10;
    /// `ring_cookie`: added to what the context's table says.
    pub(super) const QUEUE: usize = 168;
    pub(super) const LOCATION: usize = 176;
    /// `rule_locs`, from the end of the structure without them.
    pub(super) const LOCATIONS: usize = 188;

    /// `ETHER_FLOW`.
    pub(super) const ETHER: u32 = 0x12;
    /// `FLOW_EXT`: the part with the VLAN counts.
    pub(super) const EXTENDED: u32 = 0x8000_0000;
    /// The flags among the bits of a flow type.
    pub(super) const FLAGS: u32 = 0xE000_0000;
    /// The VLAN's number in a tag; priority and DEI are not asked for.
    pub(super) const VLAN_NUMBER: u16 = 0x0fff;
}

/// `RX_CLS_LOC_ANY`: the driver picks the place.
const ANY: u32 = u32::MAX;
/// `RX_CLS_LOC_SPECIAL`, in the count: places may be left to the driver.
const SPECIAL: u32 = 0x8000_0000;

/// A rule: packets to an address, and where given of a VLAN, go by the table of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MacRule {
    /// The destination address.
    pub mac: [u8; 6],
    /// The VLAN, 0 to 4095; `None` for any, and for packets without one.
    pub vlan: Option<u16>,
    /// The RSS context.
    pub context: u32,
}

impl MacRule {
    pub(super) fn write(&self, bytes: &mut [u8], location: u32) {
        let extended = if self.vlan.is_some() { spec::EXTENDED } else { 0 };
        // The flow type of the rule carries the flags; the one before it is for hash fields, and stays 0.
        block::put_u32(bytes, spec::FLOW_TYPE, spec::ETHER | rxnfc::FLOW_RSS | extended);
        bytes[spec::MAC..spec::MAC + 6].copy_from_slice(&self.mac);
        bytes[spec::MAC_MASK..spec::MAC_MASK + 6].fill(0xff);
        if let Some(vlan) = self.vlan {
            bytes[spec::VLAN..spec::VLAN + 2].copy_from_slice(&vlan.to_be_bytes());
            bytes[spec::VLAN_MASK..spec::VLAN_MASK + 2].copy_from_slice(&spec::VLAN_NUMBER.to_be_bytes());
        }
        block::put_u32(bytes, spec::LOCATION, location);
        block::put_u32(bytes, rxnfc::CONTEXT, self.context);
    }

    /// Reads a rule; `None` for one of another kind.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let flow = block::get_u32(bytes, spec::FLOW_TYPE);
        let whole = bytes[spec::MAC_MASK..spec::MAC_MASK + 6] == [0xff; 6];
        let to_context = flow & rxnfc::FLOW_RSS != 0 && block::get_u64(bytes, spec::QUEUE) == 0;
        if flow & !spec::FLAGS != spec::ETHER || !whole || !to_context {
            return None;
        }
        let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]) & spec::VLAN_NUMBER;
        let vlan = match (flow & spec::EXTENDED != 0, word(spec::VLAN_MASK)) {
            (false, _) | (true, 0) => None,
            (true, spec::VLAN_NUMBER) => Some(word(spec::VLAN)),
            (true, _) => return None,
        };
        let mut mac = [0; 6];
        mac.copy_from_slice(&bytes[spec::MAC..spec::MAC + 6]);
        Some(Self { mac, vlan, context: block::get_u32(bytes, rxnfc::CONTEXT) })
    }
}

impl Ioctl {
    /// Adds a rule at a place of the driver's choice; its place.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the driver has no rules, `ENOENT` or `EINVAL` for a context that is not there, `ENOSPC` when
    /// there is no room; [`Error::NotPossible`] for a VLAN above 4095 and for context 0, which needs no rule.
    pub fn insert_rule(&mut self, name: &str, rule: &MacRule) -> Result<u32, Error> {
        self.insert_rule_at(name, rule, ANY)
    }

    /// As [`Self::insert_rule`], at the place `location`: for drivers that choose none themselves.
    ///
    /// # Errors
    /// As [`Self::insert_rule`].
    pub fn insert_rule_at(&mut self, name: &str, rule: &MacRule, location: u32) -> Result<u32, Error> {
        if rule.vlan.is_some_and(|vlan| vlan > spec::VLAN_NUMBER) {
            return Err(not_possible(SRXCLSRLINS, name, "VLANs have the numbers 0 to 4095"));
        }
        if rule.context == 0 {
            let reason = "packets that no rule matches go to the default context anyway";
            return Err(not_possible(SRXCLSRLINS, name, reason));
        }
        let answer = self.call(SRXCLSRLINS, name, rxnfc::SIZE, |bytes| rule.write(bytes, location))?;
        Ok(block::get_u32(answer.bytes(), spec::LOCATION))
    }

    /// Removes the rule at a place.
    ///
    /// # Errors
    /// `ENOENT` or `EINVAL` when there is none.
    pub fn delete_rule(&mut self, name: &str, location: u32) -> Result<(), Error> {
        self.call(SRXCLSRLDEL, name, rxnfc::SIZE, |bytes| {
            block::put_u32(bytes, spec::LOCATION, location);
        })?;
        Ok(())
    }

    /// Whether the driver picks the places of rules itself.
    ///
    /// # Errors
    /// As [`Self::receive_rules`].
    pub fn places_rules(&mut self, name: &str) -> Result<bool, Error> {
        let answer = self.call(super::GRXCLSRLCNT, name, rxnfc::SIZE, |_| ())?;
        Ok(block::get_u64(answer.bytes(), rxnfc::DATA) & u64::from(SPECIAL) != 0)
    }

    /// The rules of this kind, with their places; those of other kinds are left out.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the driver has no rules.
    pub fn mac_rules(&mut self, name: &str) -> Result<Vec<(u32, MacRule)>, Error> {
        let count = self.receive_rules(name)?;
        let room = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(4);
        let answer = self.call(GRXCLSRLALL, name, rxnfc::SIZE.saturating_add(room), |bytes| {
            block::put_u32(bytes, rxnfc::RULES, count);
        })?;
        let found = locations(answer.bytes());
        let mut rules = Vec::new();
        for location in found {
            let answer = self.call(GRXCLSRULE, name, rxnfc::SIZE, |bytes| {
                block::put_u32(bytes, spec::LOCATION, location);
            });
            match answer {
                Ok(block) => rules.extend(MacRule::read(block.bytes()).map(|rule| (location, rule))),
                // It went meanwhile.
                Err(error) if error.errno() == Some(rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(rules)
    }
}

/// The places in an answer, as many as it says and has room for.
pub(super) fn locations(bytes: &[u8]) -> Vec<u32> {
    let there = usize::try_from(block::get_u32(bytes, rxnfc::RULES)).unwrap_or(usize::MAX);
    let (places, _) = bytes[spec::LOCATIONS..].as_chunks();
    places.iter().take(there).map(|place| u32::from_ne_bytes(*place)).collect()
}
