//! Which encapsulated packets are looked into.

use rssmgr_core::packet::encap::{EncapCapability, EncapOffload, Encapsulation, Encapsulations, IpLayers};

use super::count;
use crate::types::{EncapCapabilityRecord, EncapOffloadRecord};

/// Names of encapsulations.
#[must_use]
pub fn encapsulations(kinds: Encapsulations) -> Vec<String> {
    kinds.iter().map(|kind| kind.name().to_string()).collect()
}

/// What an adapter can be told to look into; nothing where it cannot be told.
#[must_use]
pub fn encapsulation_capability(cap: &EncapCapability) -> Option<EncapCapabilityRecord> {
    let offload = |kind| {
        let EncapOffload { rss, vmq, max_header } = cap.offload(kind);
        EncapOffloadRecord { rss: layers(rss), vmq: layers(vmq), max_header: count(max_header) }
    };
    (!cap.kinds.is_empty()).then(|| EncapCapabilityRecord {
        kinds: encapsulations(cap.kinds),
        gre: offload(Encapsulation::Gre),
        vxlan: offload(Encapsulation::Vxlan),
        vxlan_port_settable: cap.vxlan_port_settable,
    })
}

fn layers(mask: IpLayers) -> Vec<String> {
    let names = [
        (IpLayers::INNER_IPV4, "inner_ipv4"),
        (IpLayers::OUTER_IPV4, "outer_ipv4"),
        (IpLayers::INNER_IPV6, "inner_ipv6"),
        (IpLayers::OUTER_IPV6, "outer_ipv6"),
    ];
    names.into_iter().filter(|(bit, _)| mask.contains(*bit)).map(|(_, name)| name.to_string()).collect()
}
