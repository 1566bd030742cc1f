//! Settings that no placement can satisfy. Every message names the setting, the value, what is possible and what to do.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::eligible::{Eligibility, eligibility};
use crate::capability::Capability;
use crate::cpuset::CpuSet;
use crate::driver::{Driver, InnerHash};
use crate::field::Field;
use crate::hash::{HashType, HashTypes};
use crate::ids::{CpuId, EntryIndex, NodeId, Processor};
use crate::packet::encap::{Encapsulations, VxlanPort};
use crate::profile::Profile;
use crate::settings::{Origin, Settings};
use crate::topology::Topology;

/// Why an adapter cannot be placed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Base processor above max processor.
    #[error(
        "base_processor {base} is above max_processor {max}: lower the one or raise the other (`auto` lifts a limit)"
    )]
    BaseAboveMax {
        /// The base.
        base: Processor,
        /// The max.
        max: Processor,
    },
    /// No such node.
    #[error("numa_node {node} does not exist on this machine: it has {known}; or use `any`")]
    UnknownNode {
        /// The node asked for.
        node: NodeId,
        /// The nodes there are, in words.
        known: String,
    },
    /// Balanced chooses by core type and takes no range.
    #[error(
        "{field} cannot be combined with the profile Balanced, which chooses processors by core type: reset {field} to its default or choose another profile"
    )]
    BalancedRefuses {
        /// The setting in the way.
        field: Field,
    },
    /// Every CPU is ruled out.
    #[error("no processor is eligible: {because}; {remedy}")]
    NothingEligible {
        /// What rules CPUs out, in words.
        because: String,
        /// What to do.
        remedy: String,
    },
    /// Every queue is fixed to a CPU that may not be used.
    #[error(
        "the interrupts of this adapter are fixed to CPUs {fixed}, and none of them is eligible (eligible: {eligible}): \
         widen base_processor to max_processor, shorten exclude_cpus, or lift the isolation of one of them"
    )]
    FixedElsewhere {
        /// Where the interrupts are.
        fixed: CpuSet,
        /// Where they might be.
        eligible: CpuSet,
    },
    /// Packet steering was asked for and cannot be had.
    #[error("rps: the kernel cannot spread this adapter's packets; use `false`")]
    NoPacketSteering,
    /// Transmit queues were to be chosen by receive queue, and cannot be.
    #[error("xps: `rxqs` is not supported by {driver}: {}; use `cpus`", .because.words())]
    NoReceiveMap {
        /// Its driver.
        driver: String,
        /// Why not.
        because: NoReceiveMap,
    },
    /// An explicit entry beyond the table.
    #[error("table entry {entry} does not exist: {}", table(*.entries))]
    NoSuchEntry {
        /// The entry asked for.
        entry: EntryIndex,
        /// How many there are.
        entries: u16,
    },
    /// An explicit entry at a processor that may not be used.
    #[error("table entry {entry}: processor {processor} is not eligible ({}); `rssctl why` lists the eligible ones", .why.name())]
    EntryTarget {
        /// The entry.
        entry: EntryIndex,
        /// The processor asked for.
        processor: Processor,
        /// Why not.
        why: Eligibility,
    },
    /// An explicit entry needs one more queue than there is.
    #[error(
        "table entry {entry}: processor {processor} has no queue and all {queues} queues serve other processors: raise `queues`, or move to a processor that is in use"
    )]
    NoQueueLeft {
        /// The entry.
        entry: EntryIndex,
        /// The processor asked for.
        processor: Processor,
        /// Queues there are.
        queues: u16,
    },
    /// The key cannot be set here.
    #[error("hash_key: the key cannot be set, because this adapter's driver takes none; use `keep`")]
    KeyFixed,
    /// What is asked for is not shown yet.
    #[error(
        "{what}: the interface is closed, and its driver shows only when it is opened what it has: set the link up \
         (`ip link set NAME up`) and repeat"
    )]
    Closed {
        /// What was asked for: a setting, or a table entry.
        what: String,
    },
    /// The wrong key length.
    #[error("hash_key: {got} bytes given, this adapter takes exactly {want}")]
    KeyLength {
        /// Bytes given.
        got: usize,
        /// Bytes wanted.
        want: usize,
    },
    /// The host has not drawn its boot key.
    #[error(
        "hash_key: this host has no boot key (net.core.netdev_rss_key is all zero until a driver asks for it); use `random`"
    )]
    NoBootKey,
    /// Hash types cannot be chosen here.
    #[error("hash_types: they cannot be set, because this adapter's driver takes none; use `keep`")]
    HashTypesFixed,
    /// Hash types that cannot be left out.
    #[error("hash_types: `{asked}` leaves out what this adapter always hashes; add {always}")]
    HashTypesAlways {
        /// Asked for.
        asked: HashTypes,
        /// What cannot be left out.
        always: HashTypes,
    },
    /// Ports without addresses, which this adapter does not have.
    #[error("hash_types: `{asked}` has ports without the addresses of the same family; add {missing}")]
    HashTypesPorts {
        /// Asked for.
        asked: HashTypes,
        /// What is missing.
        missing: HashTypes,
    },
    /// Hash types that the hardware lacks.
    #[error("hash_types: `{asked}` asks for types that this adapter lacks; it has {supported}")]
    HashTypes {
        /// Types asked for.
        asked: HashTypes,
        /// Types there are.
        supported: HashTypes,
    },
    /// Encapsulations that the adapter does not look into.
    #[error("encapsulation: {lacking} is not supported by {driver}, which looks into {supported}; {}", tunnels(.driver, *.types))]
    Encapsulation {
        /// Its driver.
        driver: String,
        /// What was asked for and is not there.
        lacking: Encapsulations,
        /// What there is.
        supported: Encapsulations,
        /// Hash types there are.
        types: HashTypes,
    },
    /// The port of VXLAN cannot be chosen here.
    #[error(
        "vxlan_port: {asked} is not supported by {driver}, which knows VXLAN by port {} alone",
        VxlanPort::default()
    )]
    VxlanPortFixed {
        /// Its driver.
        driver: String,
        /// What was asked for.
        asked: VxlanPort,
    },
}

/// Why transmit queues cannot be chosen by receive queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReceiveMap {
    /// It has no transmit queues: each send is completed where the table says.
    NoQueues,
    /// There is nothing to choose.
    OneQueue,
    /// Only one is in use, or the kernel steers none.
    Unsteered,
    /// The kernel has no such map.
    Kernel,
}

impl NoReceiveMap {
    pub(super) fn of(cap: &Capability) -> Self {
        match cap.tx_queues.count(cap.max_queues) {
            0 => Self::NoQueues,
            1 => Self::OneQueue,
            _ if cap.xps => Self::Kernel,
            _ => Self::Unsteered,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::NoQueues => {
                "it has no transmit queues, each send is completed where the indirection table says"
            }
            Self::OneQueue => "it has a single transmit queue, so there is nothing to choose",
            Self::Unsteered => {
                "only one transmit queue is in use, or this kernel steers none (it is built without XPS)"
            }
            Self::Kernel => {
                "this kernel has no map from receive queues to transmit queues (Linux 4.18 and newer have)"
            }
        }
    }
}

/// What hardware that looks into nothing does with tunnels.
fn tunnels(driver: &str, types: HashTypes) -> String {
    if let (InnerHash::Of(_), Some(words)) =
        (Driver::of(driver).inner_hash, Driver::of(driver).inner_hash.words())
    {
        return format!("it {words}, and that is not to be switched");
    }
    let types = match (types.is_empty(), types.has(HashType::UdpIpv4) || types.has(HashType::UdpIpv6)) {
        (true, _) => return "it hashes nothing".into(),
        (false, true) => {
            "VXLAN by the outer UDP ports where udp_ipv4 and udp_ipv6 are among hash_types, whose source port \
             stands for the inner flow"
        }
        (false, false) => "VXLAN too, because it hashes no UDP ports",
    };
    format!("it hashes the outer headers: NVGRE and GRE by their addresses, {types}")
}

impl PlaceError {
    /// Whether the adapter lacks the ability, as opposed to the request being wrong.
    #[must_use]
    pub const fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::KeyFixed
                | Self::HashTypesFixed
                | Self::HashTypes { .. }
                | Self::HashTypesAlways { .. }
                | Self::HashTypesPorts { .. }
                | Self::Encapsulation { .. }
                | Self::VxlanPortFixed { .. }
                | Self::NoBootKey
                | Self::NoPacketSteering
                | Self::NoReceiveMap { .. }
        )
    }

    pub(super) fn nothing_eligible(settings: &Settings, topology: &Topology) -> Self {
        let verdicts = eligibility(topology, settings);
        let of = |name: &str| -> CpuSet {
            verdicts.iter().filter(|(_, v)| v.name() == name).map(|(c, _)| *c).collect()
        };
        let kinds: [(&str, &str); 7] = [
            ("offline", "offline"),
            ("isolated", "isolated"),
            ("nohz_full", "nohz_full"),
            ("excluded", "in exclude_cpus"),
            ("below_base", "below base_processor"),
            ("above_max", "above max_processor"),
            ("smt_sibling", "SMT siblings (smt = skip)"),
        ];
        let parts: Vec<String> = kinds
            .into_iter()
            .map(|(name, words)| (of(name), words))
            .filter(|(cpus, _)| !cpus.is_empty())
            .map(|(cpus, words)| format!("{} {cpus} {words}", if cpus.len() == 1 { "CPU" } else { "CPUs" }))
            .collect();
        let mut remedies = Vec::new();
        if !of("below_base").is_empty() {
            remedies.push("lower base_processor");
        }
        if !of("above_max").is_empty() {
            remedies.push("raise max_processor");
        }
        if !of("excluded").is_empty() {
            remedies.push("shorten exclude_cpus");
        }
        if !of("smt_sibling").is_empty() {
            remedies.push("allow siblings with smt = use");
        }
        if remedies.is_empty() {
            remedies.push("bring a CPU online or lift its isolation");
        }
        Self::NothingEligible { because: parts.join(", "), remedy: remedies.join(", or ") }
    }
}

fn table(entries: u16) -> String {
    match entries.checked_sub(1) {
        Some(last) => format!("the table has entries 0 to {last}"),
        None => "this adapter has no indirection table".into(),
    }
}

/// What can be refused without looking at an adapter.
pub(super) fn check_settings(settings: &Settings, topology: &Topology) -> Result<(), PlaceError> {
    if settings.profile.value == Profile::Balanced {
        let set = |origin: &Origin| *origin != Origin::Default;
        let blocked = [
            (
                Field::BaseProcessor,
                settings.base_processor.value.value().is_some() && set(&settings.base_processor.origin),
            ),
            (
                Field::MaxProcessor,
                settings.max_processor.value.value().is_some() && set(&settings.max_processor.origin),
            ),
            (Field::NumaNode, settings.numa_node.value.value().is_some() && set(&settings.numa_node.origin)),
        ];
        if let Some((field, _)) = blocked.into_iter().find(|(_, set)| *set) {
            return Err(PlaceError::BalancedRefuses { field });
        }
    }
    if let (Some(base), Some(max)) =
        (settings.base_processor.value.value(), settings.max_processor.value.value())
        && base > max
    {
        return Err(PlaceError::BaseAboveMax { base, max });
    }
    if let Some(node) = settings.numa_node.value.value()
        && !topology.nodes().any(|n| n == node)
    {
        let nodes: Vec<CpuId> = topology.nodes().map(|n| CpuId(n.0)).collect();
        let word = if nodes.len() == 1 { "node" } else { "nodes" };
        let known = format!("{word} {}", nodes.into_iter().collect::<CpuSet>());
        return Err(PlaceError::UnknownNode { node, known });
    }
    Ok(())
}
