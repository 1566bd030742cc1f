//! Where the adapter is.

use alloc::format;
use alloc::vec::Vec;

use super::case::Case;
use super::{Check, Finding, Severity};

pub(super) fn look(case: &Case<'_>, found: &mut Vec<Finding>) {
    let topology = case.topology();
    let nodes: Vec<_> = topology.nodes().filter(|n| !topology.node_cpus(*n).is_empty()).collect();
    let told = case.nic.node.is_some() || case.nic.settings.numa_node.value.value().is_some();
    if nodes.len() < 2 || told || !case.nic.up {
        return;
    }
    let title = format!("{}: nothing tells to which of {} NUMA nodes it belongs", case.nic.name, nodes.len());
    let mut finding = case.finding(Check::NoNumaNode, Severity::Warning, title);
    finding.evidence.push(format!("/sys/class/net/{}/device/numa_node is -1 or missing", case.nic.name));
    finding.evidence.push("nearness then counts for nothing: all nodes are taken as equally near".into());
    finding.remedy.push(format!(
        "rssctl set {} --numa-node {}  # the node of its slot; the board's manual tells",
        case.word(),
        nodes[0]
    ));
    found.push(finding);
}
