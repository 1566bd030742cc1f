//! Traffic that the hash cannot spread.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::case::Case;
use super::machine::{Machine, Tunnel};
use super::{Check, Finding, Severity, load, steering};
use crate::driver::InnerHash;
use crate::hash::{HashType, HashTypes};
use crate::tunnel::TunnelKind;

/// Addresses, and the same with the ports of UDP.
const FAMILIES: [(HashType, HashType, &str); 2] =
    [(HashType::Ipv4, HashType::UdpIpv4, "IPv4"), (HashType::Ipv6, HashType::UdpIpv6, "IPv6")];

/// A queue with this share of all packets has them all to itself.
const ONE_QUEUE_PERCENT: u64 = 80;

pub(super) fn look(case: &Case<'_>, found: &mut Vec<Finding>) {
    if case.on() && case.nic.up && case.used().len() > 1 {
        found.extend(udp_addresses_only(case));
    }
}

/// The families whose UDP is hashed on addresses although the hardware could do better, and the types with ports.
fn portless(case: &Case<'_>) -> (Vec<&'static str>, HashTypes) {
    let mut better = HashTypes::NONE;
    let mut families = Vec::new();
    if let Some(device) = &case.nic.device {
        better = device.hash_types;
        for (plain, ports, name) in FAMILIES {
            let could = case.nic.capability.as_ref().is_none_or(|c| c.hash_types.has(ports));
            if device.hash_types.has(plain) && !device.hash_types.has(ports) && could {
                families.push(name);
                better = better.with(ports);
            }
        }
    }
    (families, better)
}

fn udp_addresses_only(case: &Case<'_>) -> Option<Finding> {
    let (families, better) = portless(case);
    if families.is_empty() {
        return None;
    }
    let carries = |t: &&Tunnel| t.kind.has_entropy() && carries(case, t);
    let tunnel = case.machine.tunnels.iter().find(carries);
    let severity = if tunnel.is_some() { Severity::Warning } else { Severity::Info };
    let title = format!("{}: UDP over {} is hashed on addresses only", case.nic.name, families.join(" and "));
    let mut finding = case.finding(Check::UdpAddressesOnly, severity, title);
    let types = case.nic.device.as_ref().map(|d| d.hash_types).unwrap_or_default();
    finding.evidence.push(format!("hash types in force: {types}"));
    finding
        .evidence
        .push("all UDP packets between two hosts arrive on one queue: DNS, QUIC, VXLAN, media".into());
    if let Some(tunnel) = tunnel {
        finding.evidence.push(format!(
            "{} carries the {} tunnel {}",
            case.nic.name,
            tunnel.kind.name(),
            tunnel.name
        ));
    }
    let settable = case.nic.capability.as_ref().is_some_and(|c| c.hash_types_settable);
    if settable && case.driver().controls.hash_types {
        finding.remedy.push(format!(
            "rssctl set {} --hash-types {better}  # fragments of large UDP packets may then be reordered",
            case.word()
        ));
    } else {
        finding.remedy.push(steering::spread(case));
    }
    Some(finding)
}

/// Tunnels whose outer headers are alike for all that is inside, or whose packets arrive on one queue all the same.
pub(super) fn look_at_tunnels(machine: &Machine, cases: &[Case<'_>], found: &mut Vec<Finding>) {
    let each = |tunnel| cases.iter().filter(move |c| carries(c, tunnel)).map(move |c| (tunnel, c));
    for (tunnel, case) in machine.tunnels.iter().flat_map(each) {
        // RPS looks into tunnels.
        let spread = case.nic.queues.iter().all(|q| q.rps.as_ref().is_some_and(|set| set.len() > 1));
        if !case.on() || case.used().len() < 2 || (spread && !case.nic.queues.is_empty()) {
            continue;
        }
        let busiest = load::shares(case).into_iter().rfind(|s| s.percent >= ONE_QUEUE_PERCENT);
        let inner = case.driver().inner_hash;
        // Where the inner headers are hashed, only the traffic can show that it does not help.
        if inner.looks_into(tunnel.kind) == Some(true) && busiest.is_none() {
            continue;
        }
        // With source ports that stand for what is inside, only the traffic can show it; that they are not hashed is
        // found by another check.
        if tunnel.kind.has_entropy() && (busiest.is_none() || !portless(case).0.is_empty()) {
            continue;
        }
        let alike = match tunnel.kind {
            TunnelKind::Vxlan | TunnelKind::Geneve => {
                "the outer ports are hashed, so that its far end gives few source ports to all that is inside"
            }
            TunnelKind::Gre => "the outer header of GRE, which NVGRE is too, has addresses and no ports",
            TunnelKind::Wireguard => "all packets of a peer have the same addresses and ports",
            TunnelKind::Ppp => "most adapters find no IP header behind that of PPP, and hash nothing",
            _ => "the outer header has addresses and no ports",
        };
        let severity = if busiest.is_some() { Severity::Warning } else { Severity::Info };
        let title = format!(
            "{}: what comes through the {} tunnel {} from one peer arrives on one queue",
            case.nic.name,
            tunnel.kind.name(),
            tunnel.name
        );
        let mut finding = case.finding(Check::TunnelOneQueue, severity, title);
        finding.evidence.push(String::from(alike));
        if let Some(words) = inner.words() {
            finding.evidence.push(format!("the driver {} {words}", case.nic.driver));
        }
        let features = case.nic.capability.as_ref().map(|c| c.tunnel_features.join(", ")).unwrap_or_default();
        if !features.is_empty() && inner == InnerHash::Unknown {
            finding.evidence.push(format!(
                "the hardware understands tunnels ({features}); whether its hash looks into them, Linux does not tell"
            ));
        }
        finding.evidence.extend(busiest.map(|s| {
            format!("queue {} received {} of {} packets ({} %)", s.queue, s.packets, s.total, s.percent)
        }));
        finding.remedy.push(steering::spread(case));
        found.push(finding);
    }
}

/// Whether a tunnel's packets arrive on an adapter: by what the tunnel says, else by the default route.
fn carries(case: &Case<'_>, tunnel: &Tunnel) -> bool {
    match tunnel.over.is_empty() {
        true => case.nic.default_route,
        false => tunnel.over.contains(&case.nic.name),
    }
}
