//! Interrupts: where they may go, where they go, and how often they came.

use std::collections::BTreeMap;
use std::path::Path;

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::ids::{CpuId, NodeId};

use crate::error::HostError;
use crate::root::Root;

/// Each CPU takes 11 columns of a line; 8,192 of them, with the name behind.
const LONGEST_LINE: u64 = 256 * 1024;

/// What `/proc/irq/N` says of an interrupt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupt {
    /// The CPUs that it may go to (`smp_affinity_list`).
    pub allowed: Option<CpuSet>,
    /// The CPUs that it goes to. x86 moves an interrupt when the next one comes, so this may lag.
    pub effective: Option<CpuSet>,
    /// The driver's own wish; empty when it has none.
    pub hint: Option<CpuSet>,
    /// The node of its device.
    pub node: Option<NodeId>,
    /// The names under which drivers requested it.
    pub names: Vec<String>,
}

/// Reads an interrupt of the machine whose root is `root`; what is not there is `None`.
///
/// # Errors
/// A file cannot be read or its content is damaged.
pub fn interrupt(root: &Path, irq: u32) -> Result<Interrupt, HostError> {
    let root = Root::new(root);
    let folder = format!("proc/irq/{irq}");
    let set = |name: &str, parse: fn(&str) -> Result<CpuSet, rssmgr_core::cpuset::CpuSetError>| {
        let path = format!("{folder}/{name}");
        let Some(text) = root.read(&path)? else { return Ok(None) };
        let parsed = parse(text.trim());
        parsed.map(Some).map_err(|cause| HostError::Set { path: root.path().join(path), cause })
    };
    let list = |name: &str| set(name, CpuSet::parse_list);
    let mut names = Vec::new();
    for name in root.names(&folder)? {
        if root.folder(format!("{folder}/{name}"))?.is_some() {
            names.push(name);
        }
    }
    let node = root.read(format!("{folder}/node"))?;
    Ok(Interrupt {
        allowed: list("smp_affinity_list")?,
        effective: list("effective_affinity_list")?,
        hint: set("affinity_hint", CpuSet::parse_mask)?,
        node: node.and_then(|text| text.trim().parse().ok()).map(NodeId),
        names,
    })
}

/// A line of `/proc/interrupts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often it came, by CPU.
    pub cpus: BTreeMap<CpuId, u64>,
    /// The names under which drivers requested it, and before them chip and kind, as the kernel prints them.
    pub text: String,
}

/// How often the interrupts that `wanted` names came on each CPU. The file is read line by line: on large machines it
/// is many megabytes.
///
/// # Errors
/// It cannot be read, or a line is longer than any kernel writes.
pub fn interrupt_counts(
    root: &Path,
    wanted: impl Fn(u32) -> bool,
) -> Result<BTreeMap<u32, Counts>, HostError> {
    let mut columns: Option<Vec<CpuId>> = None;
    let mut found = BTreeMap::new();
    Root::new(root).each_line("proc/interrupts", LONGEST_LINE, |line| {
        let Some(columns) = &columns else {
            columns = Some(line.split_whitespace().filter_map(cpu_column).collect());
            return;
        };
        let Some((irq, rest)) = line.split_once(':') else { return };
        let Some(irq) = irq.trim().parse().ok().filter(|irq| wanted(*irq)) else { return };
        let mut words = rest.split_whitespace();
        let mut counts = Counts::default();
        for cpu in columns {
            // Fewer numbers than columns: a CPU came or went while the kernel wrote.
            match words.clone().next().map(str::parse) {
                Some(Ok(n)) => counts.cpus.insert(*cpu, n),
                _ => break,
            };
            words.next();
        }
        counts.text = words.collect::<Vec<_>>().join(" ");
        found.insert(irq, counts);
    })?;
    Ok(found)
}

/// `CPU7`.
fn cpu_column(word: &str) -> Option<CpuId> {
    word.strip_prefix("CPU")?.parse().ok().map(CpuId)
}
