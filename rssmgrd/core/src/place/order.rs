//! A profile is an ordering of processors.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{AdapterInput, Candidate, Rule};
use crate::ids::{CpuId, NodeId};
use crate::profile::Profile;
use crate::topology::Topology;

/// The rule by which a profile orders.
pub(super) const fn rule(profile: Profile) -> Rule {
    match profile {
        Profile::Closest | Profile::ClosestStatic | Profile::Conservative => Rule::NearestFirst,
        Profile::Numa | Profile::NumaStatic => Rule::RoundRobinNodes,
        Profile::Balanced => Rule::ByCapacity,
    }
}

/// The candidates in the order in which the profile takes them. `shares` counts the other adapters on each CPU.
pub(super) fn order(
    input: &AdapterInput<'_>,
    topology: &Topology,
    candidates: &[Candidate],
    shares: &BTreeMap<CpuId, u32>,
) -> Vec<CpuId> {
    let shared = |c: &Candidate| shares.get(&c.cpu).copied().unwrap_or(0);
    // Siblings come after all first threads, however near they are.
    let sibling = |c: &Candidate| !topology.is_first_online_thread(c.cpu);
    let mut list = candidates.to_vec();
    match rule(input.settings.profile.value) {
        Rule::RoundRobinNodes => round_robin(&list, |c| (sibling(c), shared(c), c.cpu), sibling),
        Rule::ByCapacity => {
            let capacity = |c: &Candidate| topology.cpu(c.cpu).map_or(0, |cpu| cpu.capacity);
            list.sort_by_key(|c| (sibling(c), u16::MAX - capacity(c), c.distance, shared(c), c.cpu));
            list.iter().map(|c| c.cpu).collect()
        }
        _ => {
            // An explicit base processor is the anchor, unless a node was preferred by name.
            let settings = input.settings;
            let base =
                settings.base_processor.value.value().filter(|_| settings.numa_node.value.value().is_none());
            let anchor = base.and_then(|b| topology.cpu(b.into())).map(|cpu| cpu.node);
            let near = |c: &Candidate| match anchor {
                Some(node) => topology.distance(Some(node), c.cpu),
                None => c.distance,
            };
            list.sort_by_key(|c| (sibling(c), near(c), shared(c), c.cpu));
            list.iter().map(|c| c.cpu).collect()
        }
    }
}

/// Every node, nearest first, gives its first processor before any gives its second; all first threads before all
/// siblings.
fn round_robin<K: Ord>(
    candidates: &[Candidate],
    key: impl Fn(&Candidate) -> K,
    sibling: impl Fn(&Candidate) -> bool,
) -> Vec<CpuId> {
    let mut nodes: BTreeMap<(u32, Option<NodeId>), Vec<Candidate>> = BTreeMap::new();
    for c in candidates {
        nodes.entry((c.distance, c.node)).or_default().push(*c);
    }
    for members in nodes.values_mut() {
        members.sort_by_key(|c| key(c));
    }
    let mut out = Vec::with_capacity(candidates.len());
    for class in [false, true] {
        let lists: Vec<Vec<CpuId>> = nodes
            .values()
            .map(|m| m.iter().filter(|c| sibling(c) == class).map(|c| c.cpu).collect())
            .collect();
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        out.extend((0..longest).flat_map(|i| lists.iter().filter_map(move |l| l.get(i).copied())));
    }
    out
}
