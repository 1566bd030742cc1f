//! Adapters under one bond or team: which processors go with which.
//!
//! Windows' rules for teams: where every port receives at the same time (sum of queues), the ports' processors are
//! disjoint, each having its share of those that are eligible; where one port stands in for another (min queues), they
//! are identical, so that nothing moves when the other one takes over. Ports of a bridge are adapters like any other.

use alloc::vec::Vec;

use super::{AdapterInput, PlaceError, Target};
use crate::cpuset::CpuSet;
use crate::ids::CpuId;

/// How the processors of a team's ports go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TeamSets {
    /// Every port receives: no processor serves two of them.
    Disjoint,
    /// One port receives: they have the same processors.
    Identical,
}

/// What an adapter is a port of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// The name of the bond or team.
    pub name: alloc::string::String,
    /// How its ports' processors go together.
    pub sets: TeamSets,
}

/// The processors of the other ports of an adapter's team that are placed already, in their order.
pub(super) fn mates(
    of: &AdapterInput<'_>,
    inputs: &[AdapterInput<'_>],
    results: &[Option<Result<Target, PlaceError>>],
) -> Vec<CpuId> {
    let mut cpus: Vec<CpuId> = Vec::new();
    for (input, result) in inputs.iter().zip(results).filter(|(i, _)| is_mate(of, i)) {
        let theirs = match result {
            Some(Ok(target)) => target.processors.as_slice(),
            Some(Err(_)) => input.assigned.unwrap_or_default(),
            None => &[],
        };
        for cpu in theirs {
            if !cpus.contains(cpu) {
                cpus.push(*cpu);
            }
        }
    }
    cpus
}

/// How many processors an adapter may have beside the other ports of its team; `None` where that is not limited.
pub(super) fn share(of: &AdapterInput<'_>, inputs: &[AdapterInput<'_>], eligible: usize) -> Option<u32> {
    let team = of.team.filter(|t| t.sets == TeamSets::Disjoint)?;
    let ports = inputs.iter().filter(|i| i.team.is_some_and(|t| t.name == team.name)).count();
    u32::try_from((eligible / ports.max(1)).max(1)).ok()
}

/// The order in which an adapter takes processors, beside these of its mates.
pub(super) fn arrange(of: &AdapterInput<'_>, order: Vec<CpuId>, mates: &[CpuId]) -> Vec<CpuId> {
    let taken: CpuSet = mates.iter().copied().collect();
    match of.team.map(|t| t.sets) {
        Some(TeamSets::Disjoint) => {
            let free: Vec<CpuId> = order.iter().copied().filter(|cpu| !taken.contains(*cpu)).collect();
            // More ports than processors: shared ones are better than none.
            if free.is_empty() { order } else { free }
        }
        Some(TeamSets::Identical) => {
            let may = |cpu: &&CpuId| order.contains(cpu);
            let rest = order.iter().filter(|cpu| !taken.contains(**cpu));
            mates.iter().filter(may).chain(rest).copied().collect()
        }
        None => order,
    }
}

fn is_mate(of: &AdapterInput<'_>, other: &AdapterInput<'_>) -> bool {
    of.id != other.id && of.team.is_some_and(|t| other.team.is_some_and(|o| o.name == t.name))
}
