//! What an adapter can be steered with, and what the driver refuses is routed around: a table over queues whose
//! interrupts can be moved; only those queues whose interrupt is fixed to a processor that is used; or, without a table,
//! the kernel itself (RPS).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::reason::Rule;
use super::{AdapterInput, Path, PlaceError, queues_wanted};
use crate::capability::ChannelControl;
use crate::cpuset::CpuSet;
use crate::ids::{CpuId, QueueId};
use crate::settings::{PacketSteering, Queues};

/// How an adapter's processors come to serve its queues.
pub(super) enum Means {
    /// A table; any queue can be given to any processor, or nobody knows whom it is given to.
    Table,
    /// A table; each queue has its processor for good. The first queue of each.
    Fixed(BTreeMap<CpuId, QueueId>),
    /// No table: the kernel spreads.
    Kernel(PacketSteering),
}

impl Means {
    pub(super) fn of(input: &AdapterInput<'_>) -> Result<Self, PlaceError> {
        let cap = input.capability;
        let asked_for = input.settings.queues.value != Queues::Auto;
        let single = queues_wanted(input).0 == 1 && (asked_for || input.device.channels() == 1);
        // Of one that is closed nobody knows: it would go on being spread by the kernel when its table is in use.
        let no_table = cap.table_entries == 0 && !cap.table_unseen;
        let alone = no_table || single;
        let asked = input.settings.packet_steering();
        let wanted = match asked {
            PacketSteering::Off => false,
            PacketSteering::Asked if alone && !cap.rps => return Err(PlaceError::NoPacketSteering),
            PacketSteering::Asked => alone,
            // A single queue with a table was wanted so: naming the adapter asks for no more.
            PacketSteering::Named => no_table,
        };
        if wanted && cap.rps {
            return Ok(Self::Kernel(asked));
        }
        Ok(fixed(input).map_or(Self::Table, Self::Fixed))
    }

    pub(super) const fn path(&self, channels: ChannelControl) -> Path {
        match (self, channels) {
            (Self::Kernel(_), _) => Path::Rps,
            (Self::Fixed(_), _) => Path::FixedInterrupts,
            (Self::Table, ChannelControl::Settable) => Path::Native,
            (Self::Table, ChannelControl::Fixed) => Path::FixedChannels,
        }
    }

    /// Whether a processor can be reached at all.
    pub(super) fn reaches(&self, cpu: CpuId) -> bool {
        match self {
            Self::Fixed(queues) => queues.contains_key(&cpu),
            Self::Table | Self::Kernel(_) => true,
        }
    }

    /// The rules to tell of.
    pub(super) fn rules(&self, input: &AdapterInput<'_>) -> impl Iterator<Item = Rule> + use<> {
        let moves = input.capability.queue_affinity;
        let unneeded = input.settings.packet_steering() == PacketSteering::Asked;
        let steering = match self {
            Self::Kernel(PacketSteering::Named) => Some(Rule::PacketSteeringNamed),
            Self::Kernel(_) => Some(Rule::PacketSteering),
            Self::Table | Self::Fixed(_) if input.capability.table_unseen => Some(Rule::TableUnseen),
            Self::Table | Self::Fixed(_) => unneeded.then_some(Rule::PacketSteeringUnneeded),
        };
        let interrupts = match self {
            Self::Fixed(_) => Some(Rule::FixedInterrupts),
            // Interrupts come with the queues, when it is opened.
            Self::Table if input.capability.table_unseen => None,
            Self::Table | Self::Kernel(_) => (!moves).then_some(Rule::NoAffinity),
        };
        steering.into_iter().chain(interrupts)
    }

    /// The processors of the kernel's choice for each receive queue. A queue whose only processor is that of its
    /// interrupt needs none, and neither does an adapter that is not to spread.
    pub(super) fn packet_steering(
        &self,
        homes: &[Option<CpuId>],
        processors: &[CpuId],
        on: bool,
    ) -> Option<Vec<CpuSet>> {
        let Self::Kernel(_) = self else { return None };
        let all: CpuSet = processors.iter().copied().collect();
        let mask = |home: &Option<CpuId>| match (processors, home) {
            ([only], Some(home)) if only == home => CpuSet::new(),
            _ if on => all.clone(),
            _ => CpuSet::new(),
        };
        Some(homes.iter().map(mask).collect())
    }
}

/// The first queue of each processor where interrupts cannot be moved and all are known.
fn fixed(input: &AdapterInput<'_>) -> Option<BTreeMap<CpuId, QueueId>> {
    let device = input.device;
    if input.capability.queue_affinity || device.queues.iter().any(|q| q.home.is_none()) {
        return None;
    }
    let mut first = BTreeMap::new();
    for queue in (0..device.channels()).map(QueueId) {
        first.entry(device.home(queue)?).or_insert(queue);
    }
    Some(first)
}
