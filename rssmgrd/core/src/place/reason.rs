//! Why a plan is as it is: identifiers and values, never prose. `rssmgr-proto` turns them into sentences.

use crate::field::Field;
use crate::ids::{CpuId, EntryIndex, VPortId};
use crate::vport::QueueLimit;

/// What limited a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitBy {
    /// The setting `max_processors`.
    MaxProcessors,
    /// The number of receive queues.
    Queues,
    /// The number of eligible processors.
    EligibleProcessors,
    /// The channels the hardware can have.
    Channels,
    /// The size of the indirection table.
    TableEntries,
    /// The queues that the indirection table may name.
    TableQueues,
    /// The number of interrupt vectors.
    Vectors,
    /// The eligible processors that a fixed interrupt goes to.
    FixedInterrupts,
    /// The processors that it runs on already and keeps.
    Kept,
    /// Its share of the eligible processors in a bond or team.
    Team,
}

impl LimitBy {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MaxProcessors => "max_processors",
            Self::Queues => "queues",
            Self::EligibleProcessors => "eligible_processors",
            Self::Channels => "channels",
            Self::TableEntries => "table_entries",
            Self::TableQueues => "table_queues",
            Self::Vectors => "vectors",
            Self::FixedInterrupts => "fixed_interrupts",
            Self::Kept => "kept",
            Self::Team => "team",
        }
    }
}

/// A rule that acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Closest, ClosestStatic, Conservative: nearest processors first.
    NearestFirst,
    /// NUMA, NUMAStatic: each node gives one processor before any gives a second.
    RoundRobinNodes,
    /// Balanced: by core capacity.
    ByCapacity,
    /// Conservative without a load meter stays at its full number.
    ConservativeUnmetered,
    /// Balanced without a load meter starts on the performance cores.
    BalancedUnmetered,
    /// Table entry i goes to queue i mod n.
    EntriesRoundRobin,
    /// Explicit entries override the computed table.
    ManualEntries,
    /// The default and primary processor is the first of the list.
    DefaultIsFirst,
    /// RSS is off for this adapter.
    Disabled,
    /// RSS is off for the whole machine.
    GloballyOff,
    /// There are more queues than processors are used: the rest get no entry and idle, since channels are changed only
    /// when asked, or cannot be.
    IdleQueues,
    /// Queues cannot be steered to CPUs here.
    NoAffinity,
    /// Back to an earlier state.
    Restore,
    /// The adapter keeps the processors that it runs on already.
    Kept,
    /// Every port of its bond or team receives: no processor serves two of them.
    TeamDisjoint,
    /// One port of its bond receives at a time: they have the same processors.
    TeamIdentical,
    /// A processor of this adapter serves another one too.
    Shared,
    /// Interrupts cannot be moved: only queues are used whose processor is.
    FixedInterrupts,
    /// Interrupts that serve no receive queue stay on eligible processors.
    OtherInterrupts,
    /// Each CPU sends through the transmit queue nearest to it.
    TransmitNearest,
    /// A connection sends through the transmit queue of the receive queue that it comes in on.
    TransmitAnswers,
    /// The kernel spreads the packets, because it was asked to.
    PacketSteering,
    /// The kernel spreads the packets of an adapter without a table, because the adapter was set by name.
    PacketSteeringNamed,
    /// Packet steering was asked for, but the adapter spreads by its own table.
    PacketSteeringUnneeded,
    /// The interface is closed and may show a table when it is opened: it is planned anew then, and the kernel does not
    /// spread its packets until it is known that there is none.
    TableUnseen,
    /// A VPort was asked for, changed or taken away.
    VPorts,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 26] = [
        Self::NearestFirst,
        Self::RoundRobinNodes,
        Self::ByCapacity,
        Self::ConservativeUnmetered,
        Self::BalancedUnmetered,
        Self::EntriesRoundRobin,
        Self::ManualEntries,
        Self::DefaultIsFirst,
        Self::Disabled,
        Self::GloballyOff,
        Self::IdleQueues,
        Self::NoAffinity,
        Self::Restore,
        Self::Kept,
        Self::TeamDisjoint,
        Self::TeamIdentical,
        Self::Shared,
        Self::FixedInterrupts,
        Self::OtherInterrupts,
        Self::TransmitNearest,
        Self::TransmitAnswers,
        Self::PacketSteering,
        Self::PacketSteeringNamed,
        Self::PacketSteeringUnneeded,
        Self::TableUnseen,
        Self::VPorts,
    ];

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NearestFirst => "nearest_first",
            Self::RoundRobinNodes => "round_robin_nodes",
            Self::ByCapacity => "by_capacity",
            Self::ConservativeUnmetered => "conservative_unmetered",
            Self::BalancedUnmetered => "balanced_unmetered",
            Self::EntriesRoundRobin => "entries_round_robin",
            Self::ManualEntries => "manual_entries",
            Self::DefaultIsFirst => "default_is_first",
            Self::Disabled => "disabled",
            Self::GloballyOff => "globally_off",
            Self::IdleQueues => "idle_queues",
            Self::NoAffinity => "no_affinity",
            Self::Restore => "restore",
            Self::Kept => "kept",
            Self::TeamDisjoint => "team_disjoint",
            Self::TeamIdentical => "team_identical",
            Self::Shared => "shared",
            Self::FixedInterrupts => "fixed_interrupts",
            Self::OtherInterrupts => "other_interrupts",
            Self::TransmitNearest => "transmit_nearest",
            Self::TransmitAnswers => "transmit_answers",
            Self::PacketSteering => "packet_steering",
            Self::PacketSteeringNamed => "packet_steering_named",
            Self::PacketSteeringUnneeded => "packet_steering_unneeded",
            Self::TableUnseen => "table_unseen",
            Self::VPorts => "vports",
        }
    }

    /// Whether the rule orders processors.
    #[must_use]
    pub const fn is_order(self) -> bool {
        matches!(self, Self::NearestFirst | Self::RoundRobinNodes | Self::ByCapacity)
    }
}

/// What a driver does that makes a step necessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quirk {
    /// The table must not use queues that go away.
    FitBeforeShrink,
    /// The driver builds its own table only when no user's is there.
    ResetBeforeRebuild,
    /// The driver does not resize a table that a user wrote.
    ResetBeforeResize,
    /// A change of channels replaces the table.
    TableLostWithChannels,
    /// After a change of channels the table reads back as before and is not obeyed.
    TableNotObeyed,
    /// A new key replaces the table.
    TableLostWithKey,
    /// A change of channels replaces the key.
    KeyLostWithChannels,
    /// A change of channels takes the queues' CPUs away.
    HomesLostWithChannels,
    /// A change of channels gives transmit queues to CPUs of the driver's choice.
    XpsLostWithChannels,
}

impl Quirk {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FitBeforeShrink => "fit_before_shrink",
            Self::ResetBeforeRebuild => "reset_before_rebuild",
            Self::ResetBeforeResize => "reset_before_resize",
            Self::TableLostWithChannels => "table_lost_with_channels",
            Self::TableNotObeyed => "table_not_obeyed",
            Self::TableLostWithKey => "table_lost_with_key",
            Self::KeyLostWithChannels => "key_lost_with_channels",
            Self::HomesLostWithChannels => "homes_lost_with_channels",
            Self::XpsLostWithChannels => "xps_lost_with_channels",
        }
    }
}

/// Why something is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A number is not what was asked for, or is what the named limit allows.
    Limit {
        /// The setting behind the number.
        field: Field,
        /// What was asked for.
        asked: u32,
        /// What it is.
        given: u32,
        /// What limits it.
        by: LimitBy,
    },
    /// A rule acted.
    Rule(Rule),
    /// The driver makes it necessary.
    Driver(Quirk),
    /// The administrator asked for it.
    Asked {
        /// The setting.
        field: Field,
    },
    /// A VPort has fewer queues than were asked for.
    VPortQueues {
        /// The VPort.
        vport: VPortId,
        /// What was asked for.
        asked: u16,
        /// What it has.
        given: u16,
        /// What limits it.
        by: QueueLimit,
        /// Whether it is so by the change that this belongs to.
        new: bool,
    },
    /// A VPort that was asked for is not there: driver or kernel can have none.
    VPortUnsupported {
        /// The VPort.
        vport: VPortId,
    },
    /// An entry was moved.
    Moved {
        /// The entry.
        entry: EntryIndex,
        /// Where it pointed.
        from: Option<CpuId>,
        /// Where it points.
        to: Option<CpuId>,
    },
}
