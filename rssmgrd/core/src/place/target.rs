//! What an adapter is to become.

use alloc::vec::Vec;

use super::reason::{Reason, Rule};
use crate::device::{Device, Op};
use crate::field::Field;
use crate::ids::{CpuId, NodeId};

/// An eligible processor and how far it is from the adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The processor.
    pub cpu: CpuId,
    /// Its NUMA node.
    pub node: Option<NodeId>,
    /// SLIT distance from the adapter's (or preferred) node minus the local distance; 0 when unknown.
    pub distance: u32,
}

/// How the plan is realised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Path {
    /// Channels, table and interrupt affinity.
    #[default]
    Native,
    /// The number of channels cannot be changed: the table uses as many of them as there are processors.
    FixedChannels,
    /// Interrupts cannot be moved: the table uses the queues that are served by the right processors already.
    FixedInterrupts,
    /// There is no table: the kernel spreads over the processors (RPS).
    Rps,
}

impl Path {
    /// The name in output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::FixedChannels => "fixed-channels",
            Self::FixedInterrupts => "fixed-interrupts",
            Self::Rps => "rps",
        }
    }
}

/// What an adapter is to become, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The state to reach.
    pub device: Device,
    /// All eligible processors by distance: `RssProcessorArray`.
    pub array: Vec<Candidate>,
    /// The processors really used. Queue `q` is served by `processors[q]`, unless interrupts are fixed.
    pub processors: Vec<CpuId>,
    /// How many of them the profile chose; the rest serve explicit table entries.
    pub active: usize,
    /// The default and primary processor.
    pub default: CpuId,
    /// How it is realised.
    pub path: Path,
    /// The rules and limits behind every number.
    pub reasons: Vec<Reason>,
}

impl Target {
    /// The target that brings a device back to an earlier state.
    #[must_use]
    pub fn snapshot(device: Device) -> Self {
        let processors: Vec<CpuId> = device.queues.iter().filter_map(|q| q.home).collect();
        Self {
            default: processors.first().copied().unwrap_or_default(),
            active: processors.len(),
            array: Vec::new(),
            processors,
            path: Path::Native,
            reasons: alloc::vec![Reason::Rule(Rule::Restore)],
            device,
        }
    }

    /// The reason behind one operation of the plan that reaches this target.
    #[must_use]
    pub fn why(&self, op: &Op) -> Reason {
        let rule = |wanted: &dyn Fn(&Rule) -> bool| {
            self.reasons.iter().find(|r| matches!(r, Reason::Rule(x) if wanted(x))).copied()
        };
        if let Some(restore) = rule(&|r| *r == Rule::Restore) {
            return restore;
        }
        let asked = |field| Reason::Asked { field };
        match op {
            Op::SetKey(_) => asked(Field::HashKey),
            Op::HashTypes(_) => asked(Field::HashTypes),
            Op::Encapsulation(_) => asked(Field::Encapsulation),
            Op::Channels(_) => asked(Field::Queues),
            Op::Enable => asked(Field::Enabled),
            Op::Disable => rule(&|r| matches!(r, Rule::Disabled | Rule::GloballyOff))
                .unwrap_or_else(|| asked(Field::Enabled)),
            Op::SetEntries(_) | Op::WriteTable(_) | Op::ResetTable => {
                rule(&|r| *r == Rule::ManualEntries).unwrap_or(Reason::Rule(Rule::EntriesRoundRobin))
            }
            Op::DefaultQueue(_) => Reason::Rule(Rule::DefaultIsFirst),
            Op::Xps { .. } => rule(&|r| *r == Rule::TransmitNearest).unwrap_or_else(|| asked(Field::Xps)),
            Op::XpsRxqs { .. } => rule(&|r| *r == Rule::TransmitAnswers).unwrap_or_else(|| asked(Field::Xps)),
            Op::Rps { .. } => rule(&|r| matches!(r, Rule::PacketSteering | Rule::PacketSteeringNamed))
                .unwrap_or_else(|| asked(Field::Rps)),
            Op::Vector { .. } => Reason::Rule(Rule::OtherInterrupts),
            Op::VPort { .. } => Reason::Rule(Rule::VPorts),
            Op::Home { .. } => rule(&|r| r.is_order()).unwrap_or_else(|| asked(Field::Profile)),
        }
    }
}
