//! Telling flows apart in traffic that somebody else made, for the order check.

use std::collections::HashMap;

use rssmgr_core::packet::{Addresses, Headers};

/// What the packets of a flow have in common. Never coarser than what RSS hashes, so that a flow has one queue at a
/// time: fragments, which are hashed without ports, are a flow of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct FlowKey {
    vlan: Option<u16>,
    /// The Ethernet addresses of what is not IP.
    macs: Option<([u8; 6], [u8; 6])>,
    addresses: Option<Addresses>,
    protocol: Option<u8>,
    ports: Option<(u16, u16)>,
}

/// Flows by number, in the order in which they were first seen.
#[derive(Debug, Default)]
pub(super) struct Flows(HashMap<FlowKey, u32>);

impl Flows {
    /// The number of a packet's flow; `None` when it is a new one and there are `most` already.
    pub(super) fn number(&mut self, headers: &Headers, most: u32) -> Option<u32> {
        let key = FlowKey {
            vlan: headers.vlan,
            macs: if headers.net.is_none() { headers.src_mac.zip(headers.dst_mac) } else { None },
            addresses: headers.net.as_ref().map(|net| net.addresses),
            protocol: headers.net.as_ref().and_then(|net| net.protocol),
            ports: headers.transport.map(|t| (t.sport, t.dport)),
        };
        let next = self.count();
        if next >= most {
            return self.0.get(&key).copied();
        }
        Some(*self.0.entry(key).or_insert(next))
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
