//! What of encapsulated packets a NIC can use ([`EncapCapability`]), what of it is switched on ([`EncapState`]), and both
//! together as steering needs them ([`EncapConfig`]).

use super::{Encapsulation, Encapsulations, Inner};
use crate::packet::{Addresses, Headers};
use alloc::string::{String, ToString};
use core::fmt;
use core::num::NonZeroU16;

/// The UDP destination port by which VXLAN is recognised, 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VxlanPort(NonZeroU16);

/// Why something is no VXLAN port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VxlanPortError {
    /// Not a number, or outside of the range.
    #[error("VXLAN port: `{0}` is not a UDP port; give a number from 1 to 65535 (usual is 4789)")]
    NotAPort(String),
}

impl VxlanPort {
    /// A port.
    ///
    /// # Errors
    /// Port 0.
    pub fn new(port: u16) -> Result<Self, VxlanPortError> {
        NonZeroU16::new(port).map(Self).ok_or_else(|| VxlanPortError::NotAPort(port.to_string()))
    }

    /// The port.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// Parses a decimal number.
    ///
    /// # Errors
    /// Names the text that is no number from 1 to 65535.
    pub fn parse(text: &str) -> Result<Self, VxlanPortError> {
        text.trim().parse().map(Self).map_err(|_| VxlanPortError::NotAPort(text.to_string()))
    }
}

impl Default for VxlanPort {
    /// The port that IANA has assigned (RFC 7348, section 8).
    fn default() -> Self {
        const IANA: NonZeroU16 = NonZeroU16::new(4789).unwrap();
        Self(IANA)
    }
}

impl fmt::Display for VxlanPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// For which IP versions of which layer an offload works: the mask of NDIS
/// (`NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD_INNER_IPV4` and so on). Any mix of an outer and an inner version that are both
/// in the mask is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpLayers(u8);

impl IpLayers {
    /// Nothing: the offload is not there.
    pub const NONE: Self = Self(0);
    /// IPv4 inside.
    pub const INNER_IPV4: Self = Self(1);
    /// IPv4 outside.
    pub const OUTER_IPV4: Self = Self(2);
    /// IPv6 inside.
    pub const INNER_IPV6: Self = Self(4);
    /// IPv6 outside.
    pub const OUTER_IPV6: Self = Self(8);
    /// Every mix.
    pub const ALL: Self = Self(15);

    /// The NDIS mask.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of an NDIS mask; `None` when it has other bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 { Some(Self(bits)) } else { None }
    }

    /// What is in one of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything of `other` is here.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a packet with these layers is covered. Where no inner IP header was found only the outer one counts.
    #[must_use]
    #[inline]
    pub const fn covers(self, outer: &Headers, inner: &Inner) -> bool {
        let outside = match &outer.net {
            Some(net) => match net.addresses {
                Addresses::V4 { .. } => Self::OUTER_IPV4,
                Addresses::V6 { .. } => Self::OUTER_IPV6,
            },
            None => return false,
        };
        let inside = match &inner.headers.net {
            Some(net) => match net.addresses {
                Addresses::V4 { .. } => Self::INNER_IPV4,
                Addresses::V6 { .. } => Self::INNER_IPV6,
            },
            None => Self::NONE,
        };
        self.contains(outside.union(inside))
    }
}

/// What a NIC does with packets of one encapsulation protocol: the part of `NDIS_ENCAPSULATED_PACKET_TASK_OFFLOAD` that
/// concerns receive queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncapOffload {
    /// Where RSS works.
    pub rss: IpLayers,
    /// Where VMQ works.
    pub vmq: IpLayers,
    /// `MaxHeaderSizeSupported`: how far the NIC looks, in bytes from the start of the frame to the payload of the inner
    /// TCP or UDP header. A packet with longer headers is taken as it comes.
    pub max_header: usize,
}

impl Default for EncapOffload {
    /// Everything, within the 256 bytes that NDIS recommends.
    fn default() -> Self {
        Self { rss: IpLayers::ALL, vmq: IpLayers::ALL, max_header: 256 }
    }
}

/// What a NIC can be told to look into. Nothing by default: no encapsulation can be switched on then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EncapCapability {
    /// What can be switched on.
    pub kinds: Encapsulations,
    /// What it does with GRE, NVGRE included (`EncapsulatedPacketTaskOffloadGre`).
    pub gre: EncapOffload,
    /// What it does with VXLAN (`EncapsulatedPacketTaskOffloadVxlan`).
    pub vxlan: EncapOffload,
    /// Whether the port of VXLAN can be chosen (`VxlanUDPPortNumberConfigurable`).
    pub vxlan_port_settable: bool,
}

impl EncapCapability {
    /// Everything, as a NIC that does it in software has it.
    #[must_use]
    pub fn all() -> Self {
        let (gre, vxlan) = (EncapOffload::default(), EncapOffload::default());
        Self { kinds: Encapsulations::ALL, gre, vxlan, vxlan_port_settable: true }
    }

    /// What is done with packets of this encapsulation; nothing where it cannot be switched on.
    #[must_use]
    pub const fn offload(&self, kind: Encapsulation) -> EncapOffload {
        match kind {
            _ if !self.kinds.has(kind) => {
                EncapOffload { rss: IpLayers::NONE, vmq: IpLayers::NONE, max_header: 0 }
            }
            Encapsulation::Nvgre | Encapsulation::Gre => self.gre,
            Encapsulation::Vxlan => self.vxlan,
        }
    }

    /// How packets are looked into with this switched on.
    #[must_use]
    pub const fn config(&self, state: EncapState) -> EncapConfig {
        let EncapState { kinds, vxlan_port } = state;
        EncapConfig { kinds: kinds.intersection(self.kinds), vxlan_port, gre: self.gre, vxlan: self.vxlan }
    }
}

impl Default for EncapCapability {
    fn default() -> Self {
        let none = EncapOffload { rss: IpLayers::NONE, vmq: IpLayers::NONE, max_header: 0 };
        Self { kinds: Encapsulations::NONE, gre: none, vxlan: none, vxlan_port_settable: false }
    }
}

/// What is switched on. Nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EncapState {
    /// The encapsulations.
    pub kinds: Encapsulations,
    /// The port of VXLAN.
    pub vxlan_port: VxlanPort,
}

impl EncapState {
    /// Whether packets are steered alike by both: the port matters only where VXLAN is looked into.
    #[must_use]
    pub fn steers_as(self, other: Self) -> bool {
        let port = |state: Self| state.kinds.has(Encapsulation::Vxlan).then_some(state.vxlan_port);
        self.kinds == other.kinds && port(self) == port(other)
    }
}

impl fmt::Display for EncapState {
    /// `nvgre,vxlan (port 4789)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kinds)?;
        if self.kinds.has(Encapsulation::Vxlan) {
            write!(f, " (port {})", self.vxlan_port)?;
        }
        Ok(())
    }
}

/// How encapsulated packets are looked into. By default they are not: what a NIC can do stays inactive until an
/// encapsulation is switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EncapConfig {
    /// What is switched on.
    pub kinds: Encapsulations,
    /// The port of VXLAN.
    pub vxlan_port: VxlanPort,
    /// What the NIC can do with GRE, NVGRE included (`EncapsulatedPacketTaskOffloadGre`).
    pub gre: EncapOffload,
    /// What the NIC can do with VXLAN (`EncapsulatedPacketTaskOffloadVxlan`).
    pub vxlan: EncapOffload,
}

impl EncapConfig {
    /// These encapsulations with everything else at its default.
    #[must_use]
    pub fn new(kinds: Encapsulations) -> Self {
        Self { kinds, ..Self::default() }
    }

    /// What the NIC can do with an encapsulation.
    #[must_use]
    #[inline]
    pub const fn offload(&self, kind: Encapsulation) -> &EncapOffload {
        match kind {
            Encapsulation::Nvgre | Encapsulation::Gre => &self.gre,
            Encapsulation::Vxlan => &self.vxlan,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_1_to_65535() {
        for port in [1, 4789, 65_535_u16] {
            let text = port.to_string();
            assert_eq!(VxlanPort::parse(&text).map(VxlanPort::get), Ok(port));
            assert_eq!(VxlanPort::new(port).map(|p| p.to_string()), Ok(text));
        }
        for text in ["0", "65536", "-1", "vxlan", ""] {
            let error = VxlanPort::parse(text).unwrap_err();
            assert_eq!(error, VxlanPortError::NotAPort(text.into()));
            assert!(error.to_string().contains("1 to 65535"), "{error}");
        }
        assert!(VxlanPort::new(0).is_err());
        assert_eq!(VxlanPort::default().get(), 4789);
    }

    #[test]
    fn masks_have_the_ndis_values() {
        let all = [IpLayers::INNER_IPV4, IpLayers::OUTER_IPV4, IpLayers::INNER_IPV6, IpLayers::OUTER_IPV6];
        assert_eq!(all.map(IpLayers::bits), [1, 2, 4, 8]);
        assert_eq!(all.into_iter().fold(IpLayers::NONE, IpLayers::union), IpLayers::ALL);
        assert_eq!(IpLayers::from_bits(15), Some(IpLayers::ALL));
        assert_eq!(IpLayers::from_bits(16), None);
    }
}
