//! Flow types, and which header fields of each are hashed.

use crate::wire::Names;
use std::fmt;

/// A type of packets whose hash fields can be chosen, by its number in netlink (`ETHTOOL_A_FLOW_*`). A number that
/// this crate does not know is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowType(pub u16);

/// The names in the kernel's specification.
pub(super) static NAMES: Names = Names(&[
    (1, "ether", None),
    (2, "ip4", None),
    (3, "ip6", None),
    (4, "tcp4", None),
    (5, "tcp6", None),
    (6, "udp4", None),
    (7, "udp6", None),
    (8, "sctp4", None),
    (9, "sctp6", None),
    (10, "ah4", None),
    (11, "ah6", None),
    (12, "esp4", None),
    (13, "esp6", None),
    (14, "ah-esp4", None),
    (15, "ah-esp6", None),
    (16, "gtpu4", None),
    (17, "gtpu6", None),
    (18, "gtpc4", None),
    (19, "gtpc6", None),
    (20, "gtpc-teid4", None),
    (21, "gtpc-teid6", None),
    (22, "gtpu-eh4", None),
    (23, "gtpu-eh6", None),
    (24, "gtpu-ul4", None),
    (25, "gtpu-ul6", None),
    (26, "gtpu-dl4", None),
    (27, "gtpu-dl6", None),
]);

/// The numbers in the ioctl (`*_FLOW`), in the order of those in netlink, which begin with 1.
const IOCTL_NUMBERS: [u32; 27] = [
    0x12, 0x10, 0x11, 0x01, 0x05, 0x02, 0x06, 0x03, 0x07, 0x09, 0x0b, 0x0a, 0x0c, 0x04, 0x08, 0x13, 0x14,
    0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e,
];

impl FlowType {
    /// Frames without an IP header.
    pub const ETHER: Self = Self(1);
    /// IPv4 that is nothing of the below.
    pub const IP4: Self = Self(2);
    /// IPv6 that is nothing of the below.
    pub const IP6: Self = Self(3);
    /// TCP over IPv4.
    pub const TCP4: Self = Self(4);
    /// TCP over IPv6.
    pub const TCP6: Self = Self(5);
    /// UDP over IPv4.
    pub const UDP4: Self = Self(6);
    /// UDP over IPv6.
    pub const UDP6: Self = Self(7);
    /// SCTP over IPv4.
    pub const SCTP4: Self = Self(8);
    /// SCTP over IPv6.
    pub const SCTP6: Self = Self(9);
    /// Authentication headers over IPv4.
    pub const AH4: Self = Self(10);
    /// Authentication headers over IPv6.
    pub const AH6: Self = Self(11);
    /// Encapsulating security payload over IPv4.
    pub const ESP4: Self = Self(12);
    /// Encapsulating security payload over IPv6.
    pub const ESP6: Self = Self(13);
    /// AH and ESP over IPv4 together, with drivers that do not tell them apart.
    pub const AH_ESP4: Self = Self(14);
    /// AH and ESP over IPv6 together.
    pub const AH_ESP6: Self = Self(15);

    /// All flow types that this crate knows.
    pub fn known() -> impl Iterator<Item = Self> {
        (1..).take(IOCTL_NUMBERS.len()).map(Self)
    }

    /// The name in the kernel's specification.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.0.iter().find(|(number, ..)| *number == self.0).map(|&(_, name, _)| name)
    }

    /// The number in the ioctl.
    pub(super) fn ioctl_number(self) -> Option<u32> {
        IOCTL_NUMBERS.get(usize::from(self.0).checked_sub(1)?).copied()
    }
}

impl fmt::Display for FlowType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "flow type {}", self.0),
        }
    }
}

/// The header fields that are hashed, as a bit map (`RXH_*`). Unknown bits are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HashFields(pub u64);

impl HashFields {
    /// No hash: such packets go to the first queue on most devices.
    pub const NONE: Self = Self(0);
    /// Destination MAC address.
    pub const L2_DESTINATION: Self = Self(1 << 1);
    /// VLAN tag.
    pub const VLAN: Self = Self(1 << 2);
    /// Protocol number of the IP header.
    pub const L3_PROTOCOL: Self = Self(1 << 3);
    /// Source IP address.
    pub const IP_SOURCE: Self = Self(1 << 4);
    /// Destination IP address.
    pub const IP_DESTINATION: Self = Self(1 << 5);
    /// Bytes 0 and 1 behind the IP header: the source port of TCP, UDP and SCTP.
    pub const L4_SOURCE: Self = Self(1 << 6);
    /// Bytes 2 and 3 behind the IP header: the destination port.
    pub const L4_DESTINATION: Self = Self(1 << 7);
    /// Tunnel endpoint of GTP.
    pub const GTP_TEID: Self = Self(1 << 8);
    /// IPv6 flow label (since Linux 6.18).
    pub const IP6_FLOW_LABEL: Self = Self(1 << 9);
    /// Packets are dropped.
    pub const DISCARD: Self = Self(1 << 31);
    /// Both addresses.
    pub const ADDRESSES: Self = Self(Self::IP_SOURCE.0 | Self::IP_DESTINATION.0);
    /// Both addresses and both ports.
    pub const ADDRESSES_AND_PORTS: Self =
        Self(Self::ADDRESSES.0 | Self::L4_SOURCE.0 | Self::L4_DESTINATION.0);

    /// Whether all of `fields` are hashed.
    #[must_use]
    pub fn contains(self, fields: Self) -> bool {
        self.0 & fields.0 == fields.0
    }
}

impl std::ops::BitOr for HashFields {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
