//! Receive rules (`ethtool -N`, `struct ethtool_rx_flow_spec`): which packets go to which RSS context.
//!
//! Only the kind that a virtual port needs is written: the destination address, and where given the VLAN, whole and equal;
//! of all packets, or of those of one protocol. Of rules of other kinds only their place and context is read. Netlink has
//! no rules.

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
    /// `h_u.usr_ip4_spec.ip_ver`: two addresses, 4 bytes behind the header and the type of service before it.
    pub(super) const IP_VERSION: usize = 20 + 13;
    /// `h_ext.h_dest`: 2 bytes of padding before it.
    pub(super) const EXTRA_MAC: usize = 72 + 2;
    /// `h_ext.vlan_tci`: 6 bytes of an address and 2 of a type between.
    pub(super) const VLAN: usize = 72 + 10;
    /// `m_u`, which ends where `m_ext` begins.
    pub(super) const MASK: usize = 92;
    /// `m_u.ether_spec.h_dest`.
    pub(super) const MAC_MASK: usize = MASK;
    /// `m_ext`.
    pub(super) const EXTRA_MASK: usize = 144;
    /// `m_ext.h_dest`.
    pub(super) const EXTRA_MAC_MASK: usize = 144 + 2;
    /// `m_ext.vlan_etype`.
    pub(super) const VLAN_TYPE_MASK: usize = 144 + 8;
    /// `m_ext.vlan_tci`.
    pub(super) const VLAN_MASK: usize = 144 + 10;
    /// `m_ext.data`, whatever the driver takes it for.
    pub(super) const DATA_MASK: usize = 144 + 12;
    /// Where `m_ext` ends.
    pub(super) const MASK_END: usize = 164;
    /// `ring_cookie`: added to what the context's table says.
    pub(super) const QUEUE: usize = 168;
    pub(super) const LOCATION: usize = 176;
    /// `rule_locs`, from the end of the structure without them.
    pub(super) const LOCATIONS: usize = 188;

    /// `ETH_RX_NFC_IP4`.
    pub(super) const IPV4: u8 = 1;
    /// `FLOW_EXT`: the part with the VLAN counts.
    pub(super) const EXTENDED: u32 = 0x8000_0000;
    /// `FLOW_MAC_EXT`: the address behind a protocol's own fields counts.
    pub(super) const EXTRA_ADDRESS: u32 = 0x4000_0000;
    /// The flags among the bits of a flow type.
    pub(super) const FLAGS: u32 = 0xE000_0000;
    /// The VLAN's number in a tag; priority and DEI are not asked for.
    pub(super) const VLAN_NUMBER: u16 = 0x0fff;
}

/// `RX_CLS_LOC_ANY`: the driver picks the place.
const ANY: u32 = u32::MAX;
/// `RX_CLS_LOC_SPECIAL`, in the count: places may be left to the driver.
const SPECIAL: u32 = 0x8000_0000;

/// Which of the packets to an address a rule takes.
///
/// Devices that hash each protocol in an object of its own (mlx5) take rules that lead to a context for one protocol at a
/// time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Packets {
    /// All of them.
    #[default]
    All,
    /// TCP over IPv4.
    Tcp4,
    /// UDP over IPv4.
    Udp4,
    /// IPv4, whatever follows.
    Ip4,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv6.
    Udp6,
    /// IPv6, whatever follows.
    Ip6,
}

impl Packets {
    /// Those of one protocol, the narrower before the wider.
    pub const PROTOCOLS: [Self; 6] = [Self::Tcp4, Self::Udp4, Self::Ip4, Self::Tcp6, Self::Udp6, Self::Ip6];

    /// The flow type: `ETHER_FLOW`, `TCP_V4_FLOW` and so on.
    const fn number(self) -> u32 {
        match self {
            Self::All => 0x12,
            Self::Tcp4 => 0x01,
            Self::Udp4 => 0x02,
            Self::Ip4 => 0x0d,
            Self::Tcp6 => 0x05,
            Self::Udp6 => 0x06,
            Self::Ip6 => 0x0e,
        }
    }
}

/// A rule: packets to an address, and where given of a VLAN, go by the table of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacRule {
    /// The destination address.
    pub mac: [u8; 6],
    /// The VLAN, 0 to 4095; `None` for any, and for packets without one.
    pub vlan: Option<u16>,
    /// Which of these packets.
    pub packets: Packets,
    /// The RSS context.
    pub context: u32,
}

/// A rule that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedRule {
    /// Its place.
    pub location: u32,
    /// The RSS context that it leads to; `None` for a rule that leads to a queue, or drops.
    pub context: Option<u32>,
    /// The whole of it; `None` where it is of another kind.
    pub rule: Option<MacRule>,
}

/// The rules that are there, and room for more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacedRules {
    /// The rules.
    pub rules: Vec<PlacedRule>,
    /// How many places there are; 0 where the driver does not say.
    pub places: u32,
    /// Whether the driver picks the place of a rule; otherwise one must be named, and a rule that is there is overwritten.
    pub by_driver: bool,
}

impl MacRule {
    pub(super) fn write(&self, bytes: &mut [u8], location: u32) {
        let mut flags = rxnfc::FLOW_RSS;
        let (mac, mask) = if self.packets == Packets::All {
            (spec::MAC, spec::MAC_MASK)
        } else {
            flags |= spec::EXTRA_ADDRESS;
            (spec::EXTRA_MAC, spec::EXTRA_MAC_MASK)
        };
        if self.packets == Packets::Ip4 {
            bytes[spec::IP_VERSION] = spec::IPV4;
        }
        bytes[mac..mac + 6].copy_from_slice(&self.mac);
        bytes[mask..mask + 6].fill(0xff);
        if let Some(vlan) = self.vlan {
            flags |= spec::EXTENDED;
            bytes[spec::VLAN..spec::VLAN + 2].copy_from_slice(&vlan.to_be_bytes());
            bytes[spec::VLAN_MASK..spec::VLAN_MASK + 2].copy_from_slice(&spec::VLAN_NUMBER.to_be_bytes());
        }
        // The flow type of the rule carries the flags; the one before it is for hash fields, and stays 0.
        block::put_u32(bytes, spec::FLOW_TYPE, self.packets.number() | flags);
        block::put_u32(bytes, spec::LOCATION, location);
        block::put_u32(bytes, rxnfc::CONTEXT, self.context);
    }

    /// Reads a rule; `None` for one of another kind.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let flow = block::get_u32(bytes, spec::FLOW_TYPE);
        let protocols = std::iter::once(Packets::All).chain(Packets::PROTOCOLS);
        let packets = { protocols }.find(|p| p.number() == flow & !spec::FLAGS)?;
        let (mac, mask, expected) = match packets {
            Packets::All => (spec::MAC, spec::MAC_MASK, rxnfc::FLOW_RSS),
            _ => (spec::EXTRA_MAC, spec::EXTRA_MAC_MASK, rxnfc::FLOW_RSS | spec::EXTRA_ADDRESS),
        };
        let to_context = flow & spec::FLAGS & !spec::EXTENDED == expected;
        // Nothing else is asked for: all other bits of the masks are 0.
        let in_address = |at: &usize| (mask..mask + 6).contains(at);
        let other = (spec::MASK..spec::EXTRA_MASK).chain(spec::EXTRA_MAC_MASK..spec::EXTRA_MAC_MASK + 6);
        let extended = flow & spec::EXTENDED != 0;
        let beside_vlan = (spec::VLAN_TYPE_MASK..spec::VLAN_MASK).chain(spec::DATA_MASK..spec::MASK_END);
        let only = other.filter(|at| !in_address(at)).all(|at| bytes[at] == 0)
            && !(extended && { beside_vlan }.any(|at| bytes[at] != 0));
        let whole = bytes[mask..mask + 6] == [0xff; 6];
        if !to_context || !whole || !only || block::get_u64(bytes, spec::QUEUE) != 0 {
            return None;
        }
        let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let vlan = match (extended, word(spec::VLAN_MASK)) {
            (false, _) | (true, 0) => None,
            (true, spec::VLAN_NUMBER) => Some(word(spec::VLAN) & spec::VLAN_NUMBER),
            (true, _) => return None,
        };
        let mut address = [0; 6];
        address.copy_from_slice(&bytes[mac..mac + 6]);
        Some(Self { mac: address, vlan, packets, context: block::get_u32(bytes, rxnfc::CONTEXT) })
    }
}

impl PlacedRule {
    pub(super) fn read(location: u32, bytes: &[u8]) -> Self {
        let to_context = block::get_u32(bytes, spec::FLOW_TYPE) & rxnfc::FLOW_RSS != 0;
        let context = to_context.then(|| block::get_u32(bytes, rxnfc::CONTEXT));
        Self { location, context, rule: MacRule::read(bytes) }
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

    /// All receive rules, and where others can be.
    ///
    /// # Errors
    /// `EOPNOTSUPP` where the driver has no rules.
    pub fn rules(&mut self, name: &str) -> Result<PlacedRules, Error> {
        let answer = self.call(super::GRXCLSRLCNT, name, rxnfc::SIZE, |_| ())?;
        let count = block::get_u32(answer.bytes(), rxnfc::RULES);
        let counted = block::get_u64(answer.bytes(), rxnfc::DATA);
        let room = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(4);
        let answer = self.call(GRXCLSRLALL, name, rxnfc::SIZE.saturating_add(room), |bytes| {
            block::put_u32(bytes, rxnfc::RULES, count);
        })?;
        let mut found = space(counted, block::get_u64(answer.bytes(), rxnfc::DATA));
        for location in locations(answer.bytes()) {
            let answer = self.call(GRXCLSRULE, name, rxnfc::SIZE, |bytes| {
                block::put_u32(bytes, spec::LOCATION, location);
            });
            match answer {
                Ok(block) => found.rules.push(PlacedRule::read(location, block.bytes())),
                // It went meanwhile.
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}

/// What the answers to a count and to a list say of places: some drivers give their number in one, some in the other.
pub(super) fn space(counted: u64, listed: u64) -> PlacedRules {
    let (special, places) = (u64::from(SPECIAL), (counted | listed) & u64::from(!SPECIAL));
    let places = u32::try_from(places).unwrap_or(u32::MAX);
    PlacedRules { rules: Vec::new(), places, by_driver: counted & special != 0 }
}

/// The places in an answer, as many as it says and has room for.
pub(super) fn locations(bytes: &[u8]) -> Vec<u32> {
    let there = usize::try_from(block::get_u32(bytes, rxnfc::RULES)).unwrap_or(usize::MAX);
    let (places, _) = bytes[spec::LOCATIONS..].as_chunks();
    places.iter().take(there).map(|place| u32::from_ne_bytes(*place)).collect()
}
