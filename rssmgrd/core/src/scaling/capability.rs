//! What an adapter says about its scaling, in the two forms that Windows has for it.
//!
//! [`Capability`] holds all that either form can say, so that going through it and back changes nothing.

use crate::hash::{HashType, HashTypes};

/// `NDIS_RECEIVE_SCALE_CAPABILITIES`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NdisCapability {
    /// `CapabilitiesFlags`.
    pub flags: u32,
    /// `NumberOfInterruptMessages`; 1 where the interrupt is line based.
    pub interrupt_messages: u32,
    /// `NumberOfReceiveQueues`.
    pub queues: u32,
    /// `NumberOfIndirectionTableEntries`, at most.
    pub entries: u16,
}

/// Bits of [`NdisCapability::flags`]. The hash types have other values here than in a hash information word.
pub mod flag {
    /// The Toeplitz hash function, which every adapter has.
    pub const TOEPLITZ: u32 = 0x01;
    /// TCP over IPv4.
    pub const TCP_IPV4: u32 = 0x100;
    /// TCP over IPv6.
    pub const TCP_IPV6: u32 = 0x200;
    /// TCP over IPv6 with the extension headers understood.
    pub const TCP_IPV6_EX: u32 = 0x400;
    /// UDP over IPv4.
    pub const UDP_IPV4: u32 = 0x800;
    /// UDP over IPv6.
    pub const UDP_IPV6: u32 = 0x1000;
    /// UDP over IPv6 with the extension headers understood.
    pub const UDP_IPV6_EX: u32 = 0x2000;
    /// One interrupt for each CPU is possible.
    pub const MESSAGE_SIGNALED_INTERRUPTS: u32 = 0x0100_0000;
    /// The target CPU is known in the interrupt service routine.
    pub const CLASSIFICATION_AT_ISR: u32 = 0x0200_0000;
    /// The target CPU is known in the deferred procedure call.
    pub const CLASSIFICATION_AT_DPC: u32 = 0x0400_0000;
    /// MSI-X is in use.
    pub const USING_MSI_X: u32 = 0x0800_0000;
    /// RSS on the ports of the adapter.
    pub const RSS_AVAILABLE_ON_PORTS: u32 = 0x1000_0000;
    /// MSI-X is possible.
    pub const SUPPORTS_MSI_X: u32 = 0x2000_0000;
    /// RSSv2.
    pub const INDEPENDENT_ENTRY_MOVE: u32 = 0x4000_0000;
}

/// `NET_ADAPTER_RECEIVE_SCALING_CAPABILITIES`, without its size and callbacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NetCapability {
    /// `NumberOfQueues`, a power of two.
    pub queues: u32,
    /// `IndirectionTableSize`, a power of two and at least 128.
    pub table_size: u32,
    /// `UnhashedTargetType` and its index: `None` for unspecified, else the entry that takes unhashed packets.
    pub unhashed_index: Option<u32>,
    /// `ReceiveScalingHashTypes`: 0 none, 1 Toeplitz.
    pub hash_functions: u32,
    /// `ReceiveScalingProtocolTypes`, bits of [`protocol`].
    pub protocols: u32,
    /// `ReceiveScalingEncapsulationTypes.Outer`: 1 NVGRE, 2 VXLAN, 4 VLAN.
    pub outer: u32,
    /// `ReceiveScalingEncapsulationTypes.Inner`, as outer.
    pub inner: u32,
    /// `SynchronizeSetIndirectionEntries`.
    pub serialised_moves: bool,
}

/// Bits of [`NetCapability::protocols`].
pub mod protocol {
    /// IPv4 without options.
    pub const IPV4: u32 = 1;
    /// IPv4 with options; needs IPv4.
    pub const IPV4_OPTIONS: u32 = 2;
    /// IPv6 without extensions.
    pub const IPV6: u32 = 4;
    /// IPv6 with extensions; needs IPv6.
    pub const IPV6_EXTENSIONS: u32 = 8;
    /// TCP.
    pub const TCP: u32 = 0x10;
    /// UDP.
    pub const UDP: u32 = 0x20;
}

/// A hash type with ports, in all its names.
pub(crate) struct Product {
    pub(crate) ports: HashType,
    /// What hashes the addresses alone.
    pub(crate) addresses: HashType,
    /// The bit of [`flag`].
    pub(crate) flag: u32,
    /// The bits of [`protocol`] for the addresses.
    pub(crate) network: u32,
    /// The bit of [`protocol`] for the ports.
    pub(crate) transport: u32,
}

const fn product(ports: HashType, addresses: HashType, flag: u32, network: u32, transport: u32) -> Product {
    Product { ports, addresses, flag, network, transport }
}

/// Every hash type with ports.
pub(crate) const PRODUCTS: [Product; 6] = {
    const V4: u32 = protocol::IPV4;
    const V6: u32 = protocol::IPV6;
    const V6_EX: u32 = protocol::IPV6 | protocol::IPV6_EXTENSIONS;
    [
        product(HashType::TcpIpv4, HashType::Ipv4, flag::TCP_IPV4, V4, protocol::TCP),
        product(HashType::TcpIpv6, HashType::Ipv6, flag::TCP_IPV6, V6, protocol::TCP),
        product(HashType::TcpIpv6Ex, HashType::Ipv6Ex, flag::TCP_IPV6_EX, V6_EX, protocol::TCP),
        product(HashType::UdpIpv4, HashType::Ipv4, flag::UDP_IPV4, V4, protocol::UDP),
        product(HashType::UdpIpv6, HashType::Ipv6, flag::UDP_IPV6, V6, protocol::UDP),
        product(HashType::UdpIpv6Ex, HashType::Ipv6Ex, flag::UDP_IPV6_EX, V6_EX, protocol::UDP),
    ]
};

/// All that the two structures can say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Capability {
    /// The NDIS form; of an adapter that spoke the other, what `NetAdapterCx` tells NDIS.
    pub ndis: NdisCapability,
    /// The `NetAdapterCx` form, where the adapter has it.
    pub net: Option<NetCapability>,
}

/// Why a capability is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityError {
    /// A count that is no power of two.
    #[error("{field}: {value} is not a power of two from {min} to {max}; report the next lower one")]
    Count {
        /// The member.
        field: &'static str,
        /// What it says.
        value: u32,
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// Bits without a meaning.
    #[error("{field}: the bits {unknown:#x} have no meaning; known are {known:#x}")]
    Bits {
        /// The member.
        field: &'static str,
        /// What is set and unknown.
        unknown: u32,
        /// What may be set.
        known: u32,
    },
    /// A protocol without the one it extends.
    #[error("ReceiveScalingProtocolTypes: {0} needs {1}; add it")]
    Needs(&'static str, &'static str),
    /// The entry for unhashed packets is outside the table.
    #[error("UnhashedTargetIndex: {index} is outside the table of {size} entries; use 0 to {}", size - 1)]
    Unhashed {
        /// The entry.
        index: u32,
        /// Entries of the table.
        size: u32,
    },
    /// RSS without the one function that there is.
    #[error(
        "CapabilitiesFlags: {0:#x} lacks the Toeplitz hash function, 0x1, which every adapter has; add it"
    )]
    NoToeplitz(u32),
}

/// Entries at most: an index is 16 bits wide and its two highest values have another meaning.
const MOST_ENTRIES: u32 = 0x8000;

impl Capability {
    /// From an adapter that speaks NDIS.
    ///
    /// # Errors
    /// Unknown flags, no Toeplitz, a table that is no power of two.
    pub fn from_ndis(ndis: NdisCapability) -> Result<Self, CapabilityError> {
        bits("CapabilitiesFlags", ndis.flags, 0x7F00_3F0F)?;
        if ndis.flags & flag::TOEPLITZ == 0 {
            return Err(CapabilityError::NoToeplitz(ndis.flags));
        }
        power("NumberOfIndirectionTableEntries", u32::from(ndis.entries), 1, MOST_ENTRIES)?;
        Ok(Self { ndis, net: None })
    }

    /// From an adapter that speaks `NetAdapterCx`, which always has RSSv2 and a vector for each queue. `None` when it
    /// has no hash function and so no RSS.
    ///
    /// # Errors
    /// The rules of its members: powers of two, known bits, protocols that need another, the unhashed entry.
    pub fn from_net(net: NetCapability) -> Result<Option<Self>, CapabilityError> {
        power("NumberOfQueues", net.queues, 1, MOST_ENTRIES)?;
        power("IndirectionTableSize", net.table_size, 128, MOST_ENTRIES)?;
        bits("ReceiveScalingHashTypes", net.hash_functions, 1)?;
        bits("ReceiveScalingProtocolTypes", net.protocols, 0x3F)?;
        bits("ReceiveScalingEncapsulationTypes.Outer", net.outer, 7)?;
        bits("ReceiveScalingEncapsulationTypes.Inner", net.inner, 7)?;
        let has = |bit: u32| net.protocols & bit != 0;
        if has(protocol::IPV4_OPTIONS) && !has(protocol::IPV4) {
            return Err(CapabilityError::Needs("IPv4Options", "IPv4"));
        }
        if has(protocol::IPV6_EXTENSIONS) && !has(protocol::IPV6) {
            return Err(CapabilityError::Needs("IPv6Extensions", "IPv6"));
        }
        if let Some(index) = net.unhashed_index.filter(|index| *index >= net.table_size) {
            return Err(CapabilityError::Unhashed { index, size: net.table_size });
        }
        if net.hash_functions == 0 {
            return Ok(None);
        }
        let flags = flag::TOEPLITZ
            | flag::INDEPENDENT_ENTRY_MOVE
            | flag::MESSAGE_SIGNALED_INTERRUPTS
            | flag::SUPPORTS_MSI_X
            | flag::USING_MSI_X;
        let has = |bits: u32| net.protocols & bits == bits;
        let products = PRODUCTS.iter().filter(|p| has(p.network) && has(p.transport));
        let flags = products.fold(flags, |all, p| all | p.flag);
        // Checked above to be at most 0x8000.
        let entries = u16::try_from(net.table_size).unwrap_or(u16::MAX);
        let ndis = NdisCapability { flags, interrupt_messages: net.queues, queues: net.queues, entries };
        Ok(Some(Self { ndis, net: Some(net) }))
    }

    /// Whether the adapter speaks RSSv2.
    #[must_use]
    pub fn independent_entry_move(&self) -> bool {
        self.ndis.flags & flag::INDEPENDENT_ENTRY_MOVE != 0
    }

    /// The hash types that the flags stand for, each with its addresses-only type: a packet without the transport is
    /// hashed by its addresses.
    #[must_use]
    pub fn hash_types(&self) -> HashTypes {
        let has = PRODUCTS.iter().filter(|p| self.ndis.flags & p.flag != 0);
        has.flat_map(|p| [p.ports, p.addresses]).collect()
    }
}

fn bits(field: &'static str, value: u32, known: u32) -> Result<(), CapabilityError> {
    match value & !known {
        0 => Ok(()),
        unknown => Err(CapabilityError::Bits { field, unknown, known }),
    }
}

fn power(field: &'static str, value: u32, min: u32, max: u32) -> Result<(), CapabilityError> {
    if value.is_power_of_two() && (min..=max).contains(&value) {
        return Ok(());
    }
    Err(CapabilityError::Count { field, value, min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NET: NetCapability = NetCapability {
        queues: 4,
        table_size: 128,
        unhashed_index: Some(127),
        hash_functions: 1,
        protocols: 0x3F,
        outer: 3,
        inner: 4,
        serialised_moves: true,
    };

    #[test]
    fn ndis_flags_survive_one_by_one() {
        for bit in (0..32).filter(|b| 0x7F00_3F0E_u32 >> b & 1 == 1) {
            let ndis = NdisCapability { flags: 1 | 1 << bit, interrupt_messages: 9, queues: 8, entries: 64 };
            assert_eq!(Capability::from_ndis(ndis).unwrap().ndis, ndis);
        }
        let bad = |flags, entries| {
            Capability::from_ndis(NdisCapability { flags, entries, ..NdisCapability::default() }).unwrap_err()
        };
        assert!(matches!(bad(0x8000_0001, 64), CapabilityError::Bits { unknown: 0x8000_0000, .. }));
        assert_eq!(bad(0x100, 64), CapabilityError::NoToeplitz(0x100));
        assert!(matches!(bad(1, 96), CapabilityError::Count { value: 96, .. }));
    }

    #[test]
    fn protocols_become_products_and_rssv2_is_always_there() {
        for (protocols, flags) in [
            (0x3F, 0x3F00),
            (protocol::IPV4 | protocol::TCP, 0x100),
            (protocol::IPV4 | protocol::IPV6 | protocol::UDP, 0x1800),
            (protocol::IPV6 | protocol::IPV6_EXTENSIONS | protocol::TCP, 0x600),
            (protocol::IPV4, 0),
        ] {
            let net = NetCapability { protocols, ..NET };
            let c = Capability::from_net(net).unwrap().unwrap();
            assert_eq!((c.ndis.flags & 0xFF00, c.net), (flags, Some(net)));
            assert!(c.independent_entry_move());
        }
        let all = Capability::from_net(NET).unwrap().unwrap();
        assert_eq!((all.hash_types(), all.ndis.queues, all.ndis.entries), (HashTypes::ALL, 4, 128));
        assert_eq!(Capability::from_net(NetCapability { hash_functions: 0, ..NET }), Ok(None));
    }

    #[test]
    fn the_rules_of_netadaptercx_members_hold() {
        let bad = |net| Capability::from_net(net).unwrap_err();
        assert!(matches!(bad(NetCapability { queues: 3, ..NET }), CapabilityError::Count { value: 3, .. }));
        assert!(matches!(
            bad(NetCapability { table_size: 64, ..NET }),
            CapabilityError::Count { min: 128, .. }
        ));
        assert_eq!(
            bad(NetCapability { unhashed_index: Some(128), ..NET }),
            CapabilityError::Unhashed { index: 128, size: 128 }
        );
        assert_eq!(
            bad(NetCapability { protocols: protocol::IPV6 | protocol::IPV4_OPTIONS, ..NET }),
            CapabilityError::Needs("IPv4Options", "IPv4")
        );
        assert_eq!(
            bad(NetCapability { protocols: protocol::IPV6_EXTENSIONS, ..NET }),
            CapabilityError::Needs("IPv6Extensions", "IPv6")
        );
        assert!(matches!(
            bad(NetCapability { protocols: 0x40, ..NET }),
            CapabilityError::Bits { unknown: 0x40, .. }
        ));
    }
}
