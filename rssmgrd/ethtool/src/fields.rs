//! Hash fields of each flow type, as Linux has them, and hash types, as NDIS has them.
//!
//! Linux says for each kind of packet which header fields are hashed; NDIS says which inputs the hardware knows. A TCP
//! packet is hashed by its ports where its flow type has all four fields, and by its addresses where it has two.

use std::collections::BTreeMap;

use rssmgr_core::hash::{HashType, HashTypes};
use rssmgr_netlink::Error;
use rssmgr_netlink::ethtool::{FlowType, HashFields, RXHASH, Rss, RssChange};

use crate::kernel::Kernel;

/// The hash fields of the flow types that matter, as far as the driver tells.
pub type Fields = BTreeMap<FlowType, HashFields>;

/// A family of packets: its flow types and hash types.
struct Protocol {
    ip: (FlowType, HashType),
    ports: [(FlowType, HashType); 2],
}

const PROTOCOLS: [Protocol; 2] = [
    Protocol {
        ip: (FlowType::IP4, HashType::Ipv4),
        ports: [(FlowType::TCP4, HashType::TcpIpv4), (FlowType::UDP4, HashType::UdpIpv4)],
    },
    Protocol {
        ip: (FlowType::IP6, HashType::Ipv6),
        ports: [(FlowType::TCP6, HashType::TcpIpv6), (FlowType::UDP6, HashType::UdpIpv6)],
    },
];

/// What hardware hashes whose driver does not tell: addresses, and ports of TCP. That is what all drivers begin with.
pub(crate) const UNTOLD: HashTypes =
    HashTypes::only(HashType::Ipv4).with(HashType::TcpIpv4).with(HashType::Ipv6).with(HashType::TcpIpv6);

/// The fields of a context of an interface: those in `rss` where the kernel put them there (since Linux 6.17), else asked one by
/// one. Empty where the driver does not tell.
///
/// # Errors
/// The interface is gone, or the kernel fails otherwise.
pub(crate) fn read(
    kernel: &mut Kernel,
    ifindex: u32,
    context: u32,
    rss: Option<&Rss>,
) -> Result<Fields, Error> {
    let wanted = || PROTOCOLS.iter().flat_map(|p| [p.ip.0, p.ports[0].0, p.ports[1].0]);
    if let Some(fields) = rss.and_then(|r| r.fields.as_ref()) {
        return Ok(wanted().filter_map(|flow| Some((flow, *fields.get(&flow)?))).collect());
    }
    kernel.by_ioctl(ifindex, |ioctl, name| {
        let mut fields = Fields::new();
        for flow in wanted() {
            match ioctl.hash_fields(name, context, flow) {
                Ok(found) => drop(fields.insert(flow, found)),
                // EINVAL: a flow type that this driver does not know.
                Err(e) if e.is_gone() => return Err(e),
                Err(_) => {}
            }
        }
        Ok(fields)
    })
}

/// The hash types that the fields amount to.
pub(crate) fn types(fields: &Fields) -> HashTypes {
    let mut types = HashTypes::NONE;
    for protocol in &PROTOCOLS {
        let has = |flow, what| fields.get(&flow).is_some_and(|f: &HashFields| f.contains(what));
        for (flow, with_ports) in protocol.ports {
            if has(flow, HashFields::ADDRESSES_AND_PORTS) {
                types = types.with(with_ports);
            }
        }
        let flows = [protocol.ip.0, protocol.ports[0].0, protocol.ports[1].0];
        if flows.into_iter().any(|flow| has(flow, HashFields::ADDRESSES)) {
            types = types.with(protocol.ip.1);
        }
    }
    types
}

/// The hash types that an interface can have: those of the flow types that its driver knows.
pub(crate) fn possible(fields: &Fields) -> HashTypes {
    let mut types = HashTypes::NONE;
    for protocol in &PROTOCOLS {
        for (flow, with_ports) in protocol.ports {
            if fields.contains_key(&flow) {
                types = types.with(with_ports).with(protocol.ip.1);
            }
        }
    }
    types
}

/// The fields to set, in order, that turn `present` into these hash types; what is right already is left out. Types with
/// ports and without addresses of the same family do not exist on Linux.
///
/// Only flow types with ports are set. Setting one of plain IP would be enough for some drivers, but virtio-net then
/// forgets all others.
pub(crate) fn changes(present: &Fields, types: HashTypes) -> Vec<(FlowType, HashFields)> {
    let mut off = Vec::new();
    let mut on = Vec::new();
    for protocol in &PROTOCOLS {
        for (flow, with_ports) in protocol.ports {
            let Some(there) = present.get(&flow) else { continue };
            let (ports, addresses) = (types.has(with_ports), types.has(protocol.ip.1));
            let wanted = match (ports, addresses) {
                (true, _) => HashFields::ADDRESSES_AND_PORTS,
                (false, true) => HashFields::ADDRESSES,
                (false, false) => HashFields::DISCARD,
            };
            if *there == wanted || (wanted == HashFields::DISCARD && *there == HashFields::NONE) {
                continue;
            }
            // What is switched off goes first: with virtio-net it takes the addresses of the whole family along.
            if wanted == HashFields::DISCARD { &mut off } else { &mut on }.push((flow, wanted));
        }
    }
    off.append(&mut on);
    off
}

/// Sets hash fields. `needs_rxhash`: the feature has to be on before, or the device never hears of them.
///
/// # Errors
/// What the kernel or the driver refuses; what came before it is in force.
pub(crate) fn set(
    kernel: &mut Kernel,
    ifindex: u32,
    context: u32,
    changes: &[(FlowType, HashFields)],
    needs_rxhash: bool,
) -> Result<(), Error> {
    if needs_rxhash {
        let feature = kernel.ethtool.features(ifindex)?.get(RXHASH);
        if feature.is_some_and(|f| !f.active && f.changeable) {
            kernel.ethtool.set_feature(ifindex, RXHASH, true)?;
        }
    }
    if kernel.ethtool.can_set_rss() {
        let change = RssChange { fields: changes.iter().copied().collect(), ..RssChange::default() };
        return kernel.ethtool.set_rss(ifindex, context, &change);
    }
    kernel.by_ioctl(ifindex, |ioctl, name| {
        changes.iter().try_for_each(|(flow, fields)| ioctl.set_hash_fields(name, context, *flow, *fields))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: HashFields = HashFields::ADDRESSES_AND_PORTS;
    const TWO: HashFields = HashFields::ADDRESSES;

    fn fields(of: [HashFields; 6]) -> Fields {
        let flows =
            [FlowType::IP4, FlowType::TCP4, FlowType::UDP4, FlowType::IP6, FlowType::TCP6, FlowType::UDP6];
        flows.into_iter().zip(of).collect()
    }

    #[test]
    fn igb_begins_with_ports_of_tcp_only() {
        let igb = fields([TWO, FOUR, TWO, TWO, FOUR, TWO]);
        assert_eq!(types(&igb), UNTOLD);
        assert_eq!(changes(&igb, UNTOLD), []);
        let with_udp = UNTOLD.with(HashType::UdpIpv4);
        assert_eq!(changes(&igb, with_udp), [(FlowType::UDP4, FOUR)]);
    }

    #[test]
    fn what_is_switched_off_goes_first() {
        let all = fields([TWO, FOUR, FOUR, TWO, FOUR, FOUR]);
        let only = HashTypes::only(HashType::Ipv4);
        let wanted = [
            (FlowType::TCP6, HashFields::DISCARD),
            (FlowType::UDP6, HashFields::DISCARD),
            (FlowType::TCP4, TWO),
            (FlowType::UDP4, TWO),
        ];
        assert_eq!(changes(&all, only), wanted);
    }

    #[test]
    fn a_flow_type_that_the_driver_does_not_know_is_never_set() {
        let mut some = fields([TWO, FOUR, TWO, TWO, FOUR, TWO]);
        some.remove(&FlowType::UDP6);
        assert!(!possible(&some).has(HashType::UdpIpv6));
        let asked = UNTOLD.with(HashType::UdpIpv6);
        assert_eq!(changes(&some, asked), []);
    }

    #[test]
    fn setting_then_reading_gives_what_was_asked_for() {
        // Every legal set of the six types, from every other: the fields set amount to it.
        let legal: Vec<HashTypes> = (0..64_u32)
            .map(|bits| {
                let all = [
                    HashType::Ipv4,
                    HashType::TcpIpv4,
                    HashType::UdpIpv4,
                    HashType::Ipv6,
                    HashType::TcpIpv6,
                    HashType::UdpIpv6,
                ];
                let chosen = all.into_iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
                chosen.fold(HashTypes::NONE, |types, (_, t)| types.with(t))
            })
            .filter(|t| {
                [
                    (HashType::Ipv4, [HashType::TcpIpv4, HashType::UdpIpv4]),
                    (HashType::Ipv6, [HashType::TcpIpv6, HashType::UdpIpv6]),
                ]
                .into_iter()
                .all(|(ip, ports)| t.has(ip) || ports.into_iter().all(|p| !t.has(p)))
            })
            .collect();
        assert_eq!(legal.len(), 25);
        for to in &legal {
            let mut device = fields([TWO, FOUR, FOUR, TWO, FOUR, FOUR]);
            for (flow, wanted) in changes(&device.clone(), *to) {
                device.insert(flow, wanted);
            }
            for protocol in &PROTOCOLS {
                device.remove(&protocol.ip.0);
            }
            assert_eq!(types(&device), *to);
        }
    }
}
