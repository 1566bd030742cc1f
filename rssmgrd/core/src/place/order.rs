//! A profile is an ordering of processors.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{AdapterInput, Candidate, Rule, Shares};
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

/// The candidates, which are sorted as the array is, in the order in which the profile takes them.
///
/// First threads come before all siblings, however near those are. Within what the profile prescribes, a processor
/// with fewer other adapters comes first; for the Closest profiles nearness is prescribed, for NUMA the alternation of
/// nodes, for Balanced the kind of core. What still ties is in the order of the array.
pub(super) fn order(
    input: &AdapterInput<'_>,
    topology: &Topology,
    candidates: &[Candidate],
    shares: &Shares,
) -> Vec<CpuId> {
    let sibling = |c: &Candidate| !topology.is_first_online_thread(c.cpu);
    let mut list = candidates.to_vec();
    match rule(input.settings.profile.value) {
        Rule::RoundRobinNodes => {
            list.sort_by_cached_key(|c| (sibling(c), shares.of(c.cpu)));
            list = round_robin(&list, sibling);
        }
        Rule::ByCapacity => {
            let smaller = |c: &Candidate| topology.cpu(c.cpu).map_or(u16::MAX, |cpu| u16::MAX - cpu.capacity);
            list.sort_by_cached_key(|c| (sibling(c), smaller(c), shares.of(c.cpu)));
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
            list.sort_by_cached_key(|c| (sibling(c), near(c), shares.of(c.cpu)));
        }
    }
    list.into_iter().map(|c| c.cpu).collect()
}

/// Each node gives its k-th processor before any gives the one after, nearest node first. First threads stay before
/// all siblings, even where a node with few cores then falls behind; its siblings catch up first.
///
/// `list` has each node's processors in the order in which the node gives them.
fn round_robin(list: &[Candidate], sibling: impl Fn(&Candidate) -> bool) -> Vec<Candidate> {
    let mut given: BTreeMap<Option<NodeId>, u32> = BTreeMap::new();
    let mut keyed = Vec::with_capacity(list.len());
    for c in list {
        let turn = given.entry(c.node).or_default();
        keyed.push(((sibling(c), *turn, c.distance, c.node), *c));
        *turn += 1;
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, c)| c).collect()
}
