//! Sentences: what core's reasons and verdicts mean in words.

use rssmgr_core::Processor;
use rssmgr_core::place::{Eligibility, LimitBy, Quirk, Reason, Rule};

/// A reason as a sentence.
#[must_use]
pub fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Limit { field, asked, given, by } => {
            let by = limit(*by);
            if asked == given {
                format!("{field} = {given}, as many as {by} allow")
            } else {
                format!("{field} = {given} of {asked}, limited by {by}")
            }
        }
        Reason::Rule(r) => rule(*r).to_string(),
        Reason::Driver(q) => quirk(*q).to_string(),
        Reason::Asked { field } => format!("asked for: {field}"),
        Reason::VPortQueues { vport, asked, given, by, .. } => {
            format!("VPort {vport} has {given} of {asked} queues, limited by {} ({})", by.words(), by.name())
        }
        Reason::VPortUnsupported { vport } => {
            format!("VPort {vport} is saved and not there: the driver, or this kernel, has no VPorts")
        }
        Reason::Moved { entry, from, to } => {
            let name =
                |c: &Option<rssmgr_core::CpuId>| c.map_or("-".into(), |c| Processor::from(c).to_string());
            format!("entry {entry} moved from {} to {}", name(from), name(to))
        }
    }
}

/// What limits, in words.
#[must_use]
pub const fn limit(by: LimitBy) -> &'static str {
    match by {
        LimitBy::MaxProcessors => "the setting max_processors",
        LimitBy::Queues => "the receive queues",
        LimitBy::EligibleProcessors => "the eligible processors",
        LimitBy::Channels => "the queues that the adapter can have",
        LimitBy::TableEntries => "the entries of the indirection table",
        LimitBy::TableQueues => "the queues that the indirection table may name",
        LimitBy::Vectors => "the interrupt vectors",
        LimitBy::FixedInterrupts => "the eligible processors that the interrupts are fixed to",
        LimitBy::Team => "its share of the eligible processors among the ports of its bond or team",
        LimitBy::Kept => "the processors that it runs on already and keeps",
    }
}

/// A rule as a sentence.
#[must_use]
pub const fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::NearestFirst => "processors nearest to the adapter first, free ones before shared ones",
        Rule::RoundRobinNodes => {
            "each NUMA node gives one processor before any gives a second, nearest node first, free ones before shared ones"
        }
        Rule::ByCapacity => "processors by core capacity, biggest first",
        Rule::ConservativeUnmetered => {
            "Conservative stays at its full number of processors because the load is not measured"
        }
        Rule::BalancedUnmetered => "Balanced stays on the performance cores because the load is not measured",
        Rule::EntriesRoundRobin => "table entry i goes to queue i modulo the number of processors",
        Rule::ManualEntries => {
            "explicit table entries override the computed ones until the next profile or queue change"
        }
        Rule::DefaultIsFirst => "packets without a hash go to the first processor",
        Rule::Disabled => {
            "RSS is off for this adapter: everything goes to the primary processor, the table is kept"
        }
        Rule::GloballyOff => {
            "RSS is off for the whole machine: everything goes to the primary processor, the table is kept"
        }
        Rule::IdleQueues => {
            "queues beyond the processors used idle: their number is changed only when asked for, where it can be"
        }
        Rule::NoAffinity => "queues cannot be steered to processors on this adapter",
        Rule::Restore => "back to an earlier state",
        Rule::Kept => "a running adapter keeps its processors until it is planned anew",
        Rule::TeamDisjoint => {
            "all ports of its bond or team receive at the same time, so no processor serves two of them"
        }
        Rule::TeamIdentical => {
            "one port of its bond receives at a time, so its ports have the same processors"
        }
        Rule::Shared => "some of its processors serve another adapter too",
        Rule::FixedInterrupts => {
            "interrupts cannot be moved on this adapter: only the queues are used that are served by the right processors already"
        }
        Rule::OtherInterrupts => {
            "interrupts that serve no receive queue (link, configuration) stay on eligible processors"
        }
        Rule::TransmitNearest => {
            "each CPU sends through its own transmit queue, else its SMT sibling's, else one in its L3 domain, else one of its node"
        }
        Rule::PacketSteering => {
            "the adapter spreads nothing by itself, so the kernel spreads its packets over the processors (RPS), as asked for"
        }
        Rule::PacketSteeringNamed => {
            "the adapter has no indirection table and was set by name, so the kernel spreads its packets over the processors (RPS); rps = false keeps it from that"
        }
        Rule::TransmitAnswers => {
            "a connection sends through the transmit queue of the receive queue that it comes in on (xps_rxqs); what has \
             none goes by CPU"
        }
        Rule::PacketSteeringUnneeded => {
            "the adapter spreads by its own table, so the kernel does not have to (rps = true changes nothing)"
        }
        Rule::TableUnseen => {
            "the interface is closed, and its driver may show an indirection table only when it is opened: it is planned \
             anew then, and until then the kernel spreads nothing (no RPS)"
        }
        Rule::VPorts => "a VPort was created, changed or deleted",
    }
}

/// What is to be said of an adapter, with its name before it where it does not begin with that.
#[must_use]
pub fn about(name: &str, message: &str) -> String {
    let named = message.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', ':']));
    if named { message.into() } else { format!("{name}: {message}") }
}

/// What a driver does, as a sentence.
#[must_use]
pub const fn quirk(quirk: Quirk) -> &'static str {
    match quirk {
        Quirk::FitBeforeShrink => "fewer queues are refused while the table uses those that go away",
        Quirk::ResetBeforeRebuild => {
            "the driver goes back to its own table only when it is not marked as written"
        }
        Quirk::ResetBeforeResize => {
            "so many queues need a table of another size, and the driver resizes only its own"
        }
        Quirk::TableLostWithChannels => "this driver replaces the table when the number of queues changes",
        Quirk::TableNotObeyed => {
            "this driver may not obey the table after a change of queues although it reads back, so it is sent again"
        }
        Quirk::TableLostWithKey => "this driver replaces the table when the key changes",
        Quirk::KeyLostWithChannels => "this driver replaces the key when the number of queues changes",
        Quirk::HomesLostWithChannels => {
            "this driver requests or spreads its interrupts anew when the number of queues changes"
        }
        Quirk::XpsLostWithChannels => {
            "this driver may give its transmit queues to CPUs of its own choice when the number of queues changes"
        }
    }
}

/// A verdict on a CPU as a sentence.
#[must_use]
pub fn eligibility(e: Eligibility) -> String {
    match e {
        Eligibility::Eligible => "may be used".into(),
        Eligibility::Absent => "does not exist on this machine".into(),
        Eligibility::Offline => "is offline".into(),
        Eligibility::Isolated => "is isolated (isolcpus)".into(),
        Eligibility::NohzFull => "runs without a tick (nohz_full)".into(),
        Eligibility::Excluded => "is excluded by exclude_cpus".into(),
        Eligibility::BelowBase => "is below base_processor".into(),
        Eligibility::AboveMax => "is above max_processor".into(),
        Eligibility::SiblingOf(first) => {
            format!(
                "shares its core with processor {}, which comes first (smt = skip)",
                Processor::from(first)
            )
        }
    }
}
