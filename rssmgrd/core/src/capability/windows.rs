//! The same capability in the words of NDIS and `NetAdapterCx`, and from them.
//!
//! What an adapter reported in those words is kept as it came: both have members for which there is no other use here,
//! so that each view gives back exactly what was reported. Of an adapter that reported nothing, as every Linux driver,
//! the views say what follows from its capability.

use super::{Capability, UnhashedTarget};
use crate::hash::{HashType, KEY_BYTES};
use crate::packet::encap::Encapsulation;
use crate::scaling::capability::{
    self as wire, CapabilityError, NdisCapability, NetCapability, PRODUCTS, flag, protocol,
};
use crate::scaling::limits::Limits;

/// `NET_ADAPTER_RECEIVE_SCALING_ENCAPSULATION_TYPE`.
const NVGRE: u32 = 1;
const VXLAN: u32 = 2;
const VLAN: u32 = 4;

/// The types that hash addresses alone.
const ADDRESSES: [(HashType, u32); 3] = [
    (HashType::Ipv4, protocol::IPV4),
    (HashType::Ipv6, protocol::IPV6),
    (HashType::Ipv6Ex, protocol::IPV6 | protocol::IPV6_EXTENSIONS),
];

impl Capability {
    /// The capability of an adapter that describes itself in Windows' words. What those do not say (VPorts, the number
    /// of transmit queues, the speed of the link) is as by default, and there to be filled in.
    ///
    /// # Errors
    /// More queues, or more interrupt messages, than can be counted here.
    pub fn reported(report: wire::Capability) -> Result<Self, CapabilityError> {
        let count = |field, value| {
            let max = u32::from(u16::MAX);
            u16::try_from(value).map_err(|_| CapabilityError::Count { field, value, min: 1, max })
        };
        let flags = report.ndis.flags;
        Ok(Self {
            max_queues: count("NumberOfReceiveQueues", report.ndis.queues)?,
            table_entries: report.ndis.entries,
            key_bytes: u16::try_from(KEY_BYTES).unwrap_or(u16::MAX),
            key_settable: true,
            hash_types: report.hash_types(),
            hash_types_settable: true,
            unhashed: if report.net.is_some() {
                UnhashedTarget::FirstQueue
            } else {
                UnhashedTarget::DefaultProcessor
            },
            independent_entry_move: report.independent_entry_move(),
            serialised_moves: report.net.is_some_and(|net| net.serialised_moves),
            vectors: count("NumberOfInterruptMessages", report.ndis.interrupt_messages)?,
            msi_x: flags & (flag::SUPPORTS_MSI_X | flag::USING_MSI_X) != 0,
            queue_affinity: flags & flag::MESSAGE_SIGNALED_INTERRUPTS != 0,
            report: Some(report),
            ..Self::default()
        })
    }

    /// In the words of NDIS, and of `NetAdapterCx` where it can be said in those.
    #[must_use]
    pub fn report(&self) -> wire::Capability {
        self.report.unwrap_or_else(|| wire::Capability { ndis: self.ndis(), net: self.net() })
    }

    /// `NDIS_RECEIVE_SCALE_CAPABILITIES`. Where nothing was reported: the CPU is known when NAPI polls, which stands for
    /// the deferred procedure call, and never in the interrupt itself.
    #[must_use]
    pub fn ndis(&self) -> NdisCapability {
        if let Some(report) = self.report {
            return report.ndis;
        }
        let types = PRODUCTS.iter().filter(|p| self.hash_types.has(p.ports)).map(|p| &p.flag);
        let also = [
            (self.vectors > 1 || self.msi_x, flag::MESSAGE_SIGNALED_INTERRUPTS),
            (true, flag::CLASSIFICATION_AT_DPC),
            (self.msi_x, flag::USING_MSI_X | flag::SUPPORTS_MSI_X),
            (self.vports.any(), flag::RSS_AVAILABLE_ON_PORTS),
            (self.independent_entry_move, flag::INDEPENDENT_ENTRY_MOVE),
        ];
        let also = also.iter().filter(|(has, _)| *has).map(|(_, flag)| flag);
        NdisCapability {
            flags: types.chain(also).fold(flag::TOEPLITZ, |all, flag| all | flag),
            interrupt_messages: self.vectors.into(),
            queues: self.max_queues.into(),
            entries: self.table_entries,
        }
    }

    /// `NET_ADAPTER_RECEIVE_SCALING_CAPABILITIES`; `None` of an adapter that cannot be described so: it needs RSSv2, a
    /// power of two of queues, and a power of two of at least 128 entries.
    #[must_use]
    pub fn net(&self) -> Option<NetCapability> {
        if let Some(report) = self.report {
            return report.net;
        }
        let ports = PRODUCTS.iter().map(|p| (p.ports, p.network | p.transport));
        let parts = ports.chain(ADDRESSES).filter(|(t, _)| self.hash_types.has(*t));
        let net = NetCapability {
            queues: self.max_queues.into(),
            table_size: self.table_entries.into(),
            unhashed_index: None,
            hash_functions: 1,
            protocols: parts.fold(0, |all, (_, parts)| all | parts),
            outer: self.looks_past(),
            inner: if self.encapsulation.kinds.is_empty() { 0 } else { VLAN },
            serialised_moves: self.serialised_moves,
        };
        let sayable = self.independent_entry_move && wire::Capability::from_net(net).is_ok();
        sayable.then_some(net)
    }

    /// What it can look past outside of the innermost packet. One that looks into tunnels passes over VLAN tags in front of
    /// either IP header; of any other it is not known. `NetAdapterCx` has no word for GRE that is not NVGRE.
    fn looks_past(&self) -> u32 {
        let kinds = self.encapsulation.kinds;
        let bit = |kind| match kind {
            Encapsulation::Nvgre => NVGRE,
            Encapsulation::Gre => 0,
            Encapsulation::Vxlan => VXLAN,
        };
        kinds.iter().fold(if kinds.is_empty() { 0 } else { VLAN }, |all, kind| all | bit(kind))
    }

    /// What bounds the scaling state. An adapter whose table is no power of two, and that cannot be asked for another,
    /// has no RSSv2 state.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        let power = |n: u16| n.is_power_of_two();
        let others = !self.vports.any() || power(self.vports.table_entries);
        (power(self.table_entries) && others && self.max_queues > 0).then(|| Limits {
            independent_entry_move: self.independent_entry_move,
            dynamic_affinity: self.vports.dynamic_affinity,
            table_size_restricted: self.vports.table_size_restricted,
            hash_types: self.hash_types,
            default_entries: self.table_entries,
            other_entries: self.vports.table_entries,
            default_queues: self.max_queues,
            other_queues: self.vports.queues,
            queues: self.max_queues.into(),
            vports: self.vports.max.max(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::VPortCapability;
    use crate::hash::HashTypes;
    use crate::packet::encap::EncapCapability;
    use std::vec::Vec;

    /// Every flag alone and all together, and every member at odds with the others.
    #[test]
    fn what_ndis_reports_comes_back() {
        let flags = (0..32).map(|bit| 1_u32 << bit).filter(|bit| 0x7F00_3F0F & bit != 0);
        for flags in flags.chain([0x7F00_3F0F]) {
            for (interrupt_messages, queues, entries) in [(1, 1, 1), (9, 8, 128), (65_535, 3, 32_768)] {
                let flags = flags | flag::TOEPLITZ;
                let ndis = NdisCapability { flags, interrupt_messages, queues, entries };
                let report = wire::Capability::from_ndis(ndis).unwrap();
                let capability = Capability::reported(report).unwrap();
                assert_eq!((capability.ndis(), capability.net()), (ndis, None));
                assert_eq!(capability.report(), report);
                assert_eq!(capability.independent_entry_move, flags & 0x4000_0000 != 0);
            }
        }
        let many = NdisCapability { flags: 1, interrupt_messages: 1, queues: 65_536, entries: 1 };
        let many = Capability::reported(wire::Capability::from_ndis(many).unwrap());
        assert!(matches!(many, Err(CapabilityError::Count { value: 65_536, .. })));
    }

    #[test]
    fn what_netadaptercx_reports_comes_back() {
        let mut seen = 0;
        for protocols in 0..0x40 {
            for (unhashed_index, serialised_moves, outer, inner) in
                [(None, false, 0, 0), (Some(0), true, 7, 2), (Some(127), false, 1, 4)]
            {
                let net = NetCapability {
                    queues: 8,
                    table_size: 256,
                    unhashed_index,
                    hash_functions: 1,
                    protocols,
                    outer,
                    inner,
                    serialised_moves,
                };
                let Ok(Some(report)) = wire::Capability::from_net(net) else { continue };
                let capability = Capability::reported(report).unwrap();
                assert_eq!((capability.net(), capability.report()), (Some(net), report));
                assert_eq!(capability.serialised_moves, serialised_moves);
                seen += 1;
            }
        }
        assert!(seen > 60, "{seen} combinations are legal");
    }

    /// Of an adapter that reported nothing the views say what it can do, and that can be read from them again.
    #[test]
    fn what_follows_is_read_back() {
        let products: Vec<HashTypes> = [0x3_u32, 0x40, 0xD7, 0x1FF]
            .iter()
            .map(|bits| HashTypes::from_bits(bits << 8).unwrap())
            .chain([HashTypes::DEFAULT, HashTypes::ALL])
            .collect();
        for hash_types in products {
            for independent_entry_move in [false, true] {
                let capability = Capability {
                    max_queues: 8,
                    table_entries: 128,
                    key_bytes: 40,
                    key_settable: true,
                    hash_types,
                    hash_types_settable: true,
                    independent_entry_move,
                    vectors: 9,
                    msi_x: true,
                    queue_affinity: true,
                    vports: VPortCapability { max: 4, table_entries: 16, ..VPortCapability::default() },
                    ..Capability::default()
                };
                let report = wire::Capability::from_ndis(capability.ndis()).unwrap();
                let read = report.hash_types();
                let ports = PRODUCTS.iter().all(|p| read.has(p.ports) == hash_types.has(p.ports));
                assert!(ports, "{hash_types}");
                let again = Capability::reported(report).unwrap();
                assert_eq!((again.max_queues, again.table_entries, again.vectors), (8, 128, 9));
                assert_eq!((again.msi_x, again.queue_affinity), (true, true));
                assert_eq!(again.independent_entry_move, independent_entry_move);
                let net = capability.net();
                assert_eq!(net.is_some(), independent_entry_move, "NetAdapterCx is RSSv2");
                assert!(net.is_none_or(|n| (n.outer, n.inner) == (0, 0)), "it looks into no tunnel");
                let looks = Capability { encapsulation: EncapCapability::all(), ..capability };
                let net = looks.net().map(|n| (n.outer, n.inner));
                assert!(net.is_none_or(|n| n == (1 | 2 | 4, 4)), "{net:?}");
                assert!(looks.net().is_none_or(|n| wire::Capability::from_net(n).is_ok()));
            }
        }
    }
}
