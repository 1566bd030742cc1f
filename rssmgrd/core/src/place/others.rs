//! Interrupts that serve no receive queue: they stay inside the eligible set, so that no processor that was left out is
//! disturbed by them. One that is inside already stays as it is; one that is not keeps those of its CPUs that are.

use alloc::vec::Vec;

use crate::cpuset::CpuSet;
use crate::device::Vector;
use crate::topology::Topology;

pub(super) fn inside(others: &[Vector], eligible: &CpuSet, topology: &Topology) -> Vec<Vector> {
    let within = |vector: &Vector| {
        // CPUs that are off line, or not there at all, take no interrupt, and kernels name them all the same.
        let takes: CpuSet = vector.cpus.iter().filter(|cpu| topology.is_online(*cpu)).collect();
        if !takes.is_empty() && takes.iter().all(|cpu| eligible.contains(cpu)) {
            return vector.clone();
        }
        let kept: CpuSet = takes.iter().filter(|cpu| eligible.contains(*cpu)).collect();
        let cpus = if kept.is_empty() { eligible.clone() } else { kept };
        Vector { name: vector.name.clone(), cpus }
    };
    others.iter().map(within).collect()
}
