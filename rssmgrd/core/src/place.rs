//! Which processors each adapter uses: from settings, topology and capability of all adapters together to targets.
//!
//! The rules, in the order in which they act:
//! 1. [`eligible`]: which CPUs may be used at all.
//! 2. `order`: the profile's order of them, free processors before shared ones; `team`: ports of one bond together.
//! 3. `means`: what the adapter can be steered with.
//! 4. here: how many, which queue goes where, what the table says; every limit that bit becomes a [`Reason`].
//! 5. `transmit`: who sends through which queue; `others`: where all other interrupts go.

pub mod eligible;
mod error;
mod means;
mod order;
mod others;
mod reason;
mod seats;
mod target;
mod team;
mod transmit;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::ToString;
use alloc::vec::Vec;

use means::Means;
use seats::Seats;

pub use eligible::{Eligibility, eligibility, verdict};
pub use error::{NoReceiveMap, PlaceError};
pub use reason::{LimitBy, Quirk, Reason, Rule};
pub use target::{Candidate, Path, Target};
pub use team::{Team, TeamSets};

use crate::capability::{Capability, ChannelControl, UnhashedTarget};
use crate::cpuset::CpuSet;
use crate::device::{Device, Queue, UserTable};
use crate::driver::{Controls, Driver};
use crate::field::Field;
use crate::hash::{HashKey, HashType, HashTypes};
use crate::ids::{AdapterId, CpuId, NodeId, Processor, QueueId};
use crate::packet::encap::{EncapState, Encapsulation, VxlanPort};
use crate::profile::Profile;
use crate::settings::{Auto, KeySetting, Queues, Settings, Xps};
use crate::topology::Topology;

/// One adapter to be placed.
#[derive(Clone, Debug)]
pub struct AdapterInput<'a> {
    /// Which one.
    pub id: AdapterId,
    /// Its NUMA node, where known.
    pub node: Option<NodeId>,
    /// The name of its driver.
    pub driver: &'a str,
    /// What was asked for.
    pub settings: &'a Settings,
    /// What it can do.
    pub capability: &'a Capability,
    /// What is there.
    pub device: &'a Device,
    /// Queues it had when it was first seen; what `queues = auto` means.
    pub found_queues: u16,
    /// The processors that were chosen for it and that it runs on now (the [`Target::active`] first of its target);
    /// `None` when it was never placed.
    pub assigned: Option<&'a [CpuId]>,
    /// Whether its processors are chosen anew. A running adapter is otherwise left where it is.
    pub replan: bool,
    /// The machine-wide RSS switch.
    pub rss_on: bool,
    /// The host's boot key, for `hash_key = default`.
    pub boot_key: Option<&'a HashKey>,
    /// Steering of ours that is not asked for any more.
    pub give_back: GiveBack<'a>,
    /// The bond or team that it is a port of.
    pub team: Option<&'a Team>,
}

impl AdapterInput<'_> {
    /// Entries of its table with this many channels; 0 where there is none.
    fn table_entries(&self, channels: u16) -> u16 {
        match self.capability.table_entries {
            0 => 0,
            there => Driver::of(self.driver).table_size.after(self.device.channels(), there, channels),
        }
    }
}

/// Steering as it was found, for what was ours and is not asked for any more: it goes back. Only then is it touched at
/// all without being asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct GiveBack<'a> {
    /// The CPUs of each transmit queue.
    pub xps: Option<&'a [CpuSet]>,
    /// The receive queues of each transmit queue.
    pub xps_rxqs: Option<&'a [BTreeSet<QueueId>]>,
    /// The CPUs of each receive queue.
    pub rps: Option<&'a [CpuSet]>,
}

/// Places all adapters at once. An adapter that keeps its processors is not moved by the arrival of another; those
/// to be planned anew are placed in order of id around them. Same input, same result.
///
/// The answers are in the order of the inputs. A failing adapter does not disturb the others: it keeps running where
/// it is, so its processors count as used.
#[must_use]
pub fn place(inputs: &[AdapterInput<'_>], topology: &Topology) -> Vec<Result<Target, PlaceError>> {
    let arrays: Vec<_> = inputs.iter().map(|a| Array::of(a, inputs, topology)).collect();
    let mut shares = Shares::default();
    let mut results: Vec<Option<Result<Target, PlaceError>>> = inputs.iter().map(|_| None).collect();
    for ((input, array), result) in inputs.iter().zip(&arrays).zip(&mut results) {
        *result = match array {
            Ok(array) => array.kept(input).map(|cpus| target(input, topology, array, cpus, true)),
            Err(e) => Some(Err(e.clone())),
        };
        if let Some(result) = result {
            shares.add(result, input);
        }
    }
    let mut turn: Vec<usize> = (0..inputs.len()).filter(|i| results[*i].is_none()).collect();
    turn.sort_by_key(|&i| inputs[i].id);
    for i in turn {
        let result = arrays[i].as_ref().map_err(Clone::clone).and_then(|array| {
            let mates = team::mates(&inputs[i], inputs, &results);
            let cpus = choose(&inputs[i], topology, array, &shares, &mates)?;
            target(&inputs[i], topology, array, cpus, false)
        });
        shares.add(&result, &inputs[i]);
        results[i] = Some(result);
    }
    let mut results: Vec<_> = results.into_iter().flatten().collect();
    for target in results.iter_mut().flatten() {
        if target.processors.iter().any(|cpu| shares.of(*cpu) > 1) {
            target.reasons.push(Reason::Rule(Rule::Shared));
        }
    }
    results
}

/// How many adapters use each processor.
#[derive(Default)]
struct Shares(BTreeMap<CpuId, u32>);

impl Shares {
    fn of(&self, cpu: CpuId) -> u32 {
        self.0.get(&cpu).copied().unwrap_or(0)
    }

    fn add(&mut self, result: &Result<Target, PlaceError>, input: &AdapterInput<'_>) {
        let cpus = match result {
            Ok(target) => &target.processors,
            Err(_) => input.assigned.unwrap_or_default(),
        };
        for cpu in cpus {
            *self.0.entry(*cpu).or_default() += 1;
        }
    }
}

/// These processors, nearest first, as seen from an adapter on this node or from the node that its settings prefer.
pub(crate) fn candidates(
    topology: &Topology,
    settings: &Settings,
    node: Option<NodeId>,
    cpus: &CpuSet,
) -> Vec<Candidate> {
    let from = settings.numa_node.value.value().or(node);
    let candidate = |cpu: CpuId| Candidate {
        cpu,
        node: topology.cpu(cpu).map(|c| c.node),
        distance: topology.distance(from, cpu),
    };
    let mut candidates: Vec<Candidate> = cpus.iter().map(candidate).collect();
    candidates.sort_by_key(|c| (c.distance, c.cpu));
    candidates
}

/// The eligible processors of one adapter, sorted as `RssProcessorArray` is.
struct Array {
    candidates: Vec<Candidate>,
    eligible: CpuSet,
    means: Means,
    /// The most processors it may have beside the other ports of its team.
    share: Option<u32>,
}

impl Array {
    fn of(
        input: &AdapterInput<'_>,
        inputs: &[AdapterInput<'_>],
        topology: &Topology,
    ) -> Result<Self, PlaceError> {
        error::check_settings(input.settings, topology)?;
        let eligible = eligible::eligible(topology, input.settings);
        if eligible.is_empty() {
            return Err(PlaceError::nothing_eligible(input.settings, topology));
        }
        let candidates = candidates(topology, input.settings, input.node, &eligible);
        let means = Means::of(input)?;
        if let Means::Fixed(queues) = &means
            && !queues.keys().any(|cpu| eligible.contains(*cpu))
        {
            return Err(PlaceError::FixedElsewhere { fixed: queues.keys().copied().collect(), eligible });
        }
        let share = team::share(input, inputs, candidates.len());
        Ok(Self { candidates, eligible, means, share })
    }

    /// The processors that can be used.
    fn reachable(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|c| self.means.reaches(c.cpu))
    }

    /// The processors that a running adapter keeps; `None` when they are to be chosen: it is new, a new choice was
    /// asked for, or one of them may not be used any more.
    fn kept(&self, input: &AdapterInput<'_>) -> Option<Vec<CpuId>> {
        let assigned = input.assigned.filter(|a| !input.replan && !a.is_empty())?;
        let mut seen = CpuSet::new();
        let distinct = assigned.iter().copied().filter(|cpu| seen.insert(*cpu)).collect();
        let may = |cpu: CpuId| self.eligible.contains(cpu) && self.means.reaches(cpu);
        seen.iter().all(may).then_some(distinct)
    }
}

/// How many queues were asked for, after the hardware had its say, and the reason if it cut the number.
fn queues_wanted(input: &AdapterInput<'_>) -> (u16, Option<Reason>) {
    let cap = input.capability;
    let asked = match input.settings.queues.value {
        Queues::Auto => input.found_queues,
        Queues::Windows => cap.windows_queues(),
        Queues::Count(n) => n,
    };
    let most = if can_change_channels(input) { cap.max_queues } else { input.device.channels() };
    let given = asked.clamp(1, most.max(1));
    let limit = (given != asked).then(|| Reason::Limit {
        field: Field::Queues,
        asked: asked.into(),
        given: given.into(),
        by: LimitBy::Channels,
    });
    (given, limit)
}

/// The number of processors and what limits it: the smallest limit, the first of equals. One that keeps its processors
/// gives none of them up to its team.
fn processor_limit(input: &AdapterInput<'_>, array: &Array, queues: u16, kept: bool) -> (u32, LimitBy) {
    let cap = input.capability;
    let nonzero = |n: u16| if n == 0 { u32::MAX } else { n.into() };
    let many = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let held = many(input.device.vports.values().map(|vport| vport.queues.len()).sum());
    let own = (u32::from(queues).saturating_sub(held), LimitBy::Queues);
    let asked = (input.settings.max_processors.value.value().unwrap_or(u32::MAX), LimitBy::MaxProcessors);
    let eligible = (many(array.candidates.len()), LimitBy::EligibleProcessors);
    let hardware = [
        (nonzero(cap.table_entries), LimitBy::TableEntries),
        (cap.table_queues.map_or(u32::MAX, u32::from), LimitBy::TableQueues),
        (nonzero(cap.vectors), LimitBy::Vectors),
        (many(array.reachable().count()), LimitBy::FixedInterrupts),
    ];
    let share = array.share.filter(|_| !kept).map(|n| (n, LimitBy::Team));
    let limits = [asked, own, eligible].into_iter().chain(hardware).chain(share);
    match array.means {
        // The kernel reaches every processor from any queue.
        Means::Kernel(_) => share.map_or(asked.min(eligible), |share| asked.min(eligible).min(share)),
        Means::Table | Means::Fixed(_) => limits.min_by_key(|(n, _)| *n).unwrap_or(eligible),
    }
}

/// How many channels there are to be. They are changed only when a number was asked for or when the processors exceed
/// what is there: a change may drop the link, and takes transmit queues along. More queues do not help the kernel to
/// spread.
fn channels(input: &AdapterInput<'_>, means: &Means, queues: u16, processors: u32) -> u16 {
    let there = input.device.channels();
    let enough = !matches!(means, Means::Table) || processors <= there.into();
    let enough = input.settings.queues.value == Queues::Auto && enough;
    if enough || !can_change_channels(input) { there } else { queues }
}

/// Whether the number of queues can be changed, and back: interrupts that cannot be moved would be elsewhere with another
/// number of them, nobody knows where.
fn can_change_channels(input: &AdapterInput<'_>) -> bool {
    let fixed = !input.capability.queue_affinity && input.device.queues.iter().any(|q| q.home.is_some());
    input.capability.channels == ChannelControl::Settable && !fixed
}

fn choose(
    input: &AdapterInput<'_>,
    topology: &Topology,
    array: &Array,
    shares: &Shares,
    mates: &[CpuId],
) -> Result<Vec<CpuId>, PlaceError> {
    let (queues, _) = queues_wanted(input);
    let (n, _) = processor_limit(input, array, queues, false);
    let reachable: Vec<Candidate> = array.reachable().copied().collect();
    let order = order::order(input, topology, &reachable, shares);
    let mut cpus = match input.assigned {
        Some(assigned) if !input.replan && lost_cpus(assigned, &order, topology) => mended(assigned, &order),
        _ => team::arrange(input, order, mates),
    };
    cpus.truncate(usize::try_from(n).unwrap_or(usize::MAX));
    if cpus.is_empty() { Err(PlaceError::nothing_eligible(input.settings, topology)) } else { Ok(cpus) }
}

/// Whether processors that may not be used any more are all off line: no setting and no hardware is in their way.
fn lost_cpus(assigned: &[CpuId], order: &[CpuId], topology: &Topology) -> bool {
    assigned.iter().filter(|cpu| !order.contains(cpu)).all(|cpu| !topology.is_online(*cpu))
}

/// The processors of a running adapter of which some went off line: each of those gives way to the next of
/// the profile's order, the others stay where they are.
fn mended(assigned: &[CpuId], order: &[CpuId]) -> Vec<CpuId> {
    let mut kept = CpuSet::new();
    let stays: Vec<Option<CpuId>> =
        assigned.iter().map(|cpu| Some(*cpu).filter(|c| order.contains(c) && kept.insert(*c))).collect();
    if kept.is_empty() {
        return order.to_vec();
    }
    let mut next = order.iter().copied().filter(|cpu| !kept.contains(*cpu));
    stays.into_iter().filter_map(|cpu| cpu.or_else(|| next.next())).collect()
}

/// The target of an adapter that is to use these processors.
fn target(
    input: &AdapterInput<'_>,
    topology: &Topology,
    array: &Array,
    mut cpus: Vec<CpuId>,
    kept: bool,
) -> Result<Target, PlaceError> {
    let cap = input.capability;
    let settings = input.settings;
    let mut reasons = Vec::new();
    let (queues, clamped) = queues_wanted(input);
    reasons.extend(clamped);
    let (n, by) = processor_limit(input, array, queues, kept);
    cpus.truncate(usize::try_from(n).unwrap_or(usize::MAX));
    let given = u32::try_from(cpus.len()).unwrap_or(u32::MAX);
    let by = if given < n { LimitBy::Kept } else { by };
    let asked = settings
        .max_processors
        .value
        .value()
        .unwrap_or_else(|| u32::try_from(array.candidates.len()).unwrap_or(u32::MAX));
    reasons.push(Reason::Limit { field: Field::MaxProcessors, asked, given, by });
    reasons.push(Reason::Rule(order::rule(settings.profile.value)));
    if kept {
        reasons.push(Reason::Rule(Rule::Kept));
    } else if let Some(team) = input.team {
        reasons.push(Reason::Rule(match team.sets {
            TeamSets::Disjoint => Rule::TeamDisjoint,
            TeamSets::Identical => Rule::TeamIdentical,
        }));
    }
    match settings.profile.value {
        Profile::Conservative => reasons.push(Reason::Rule(Rule::ConservativeUnmetered)),
        Profile::Balanced if topology.is_hybrid() => reasons.push(Reason::Rule(Rule::BalancedUnmetered)),
        _ => {}
    }

    let means = &array.means;
    let channels = channels(input, means, queues, n);
    let active = cpus.len();
    let mut seats = Seats::new(input, means, channels, cpus);
    let table = seats.table(input, means, topology, &array.eligible, &mut reasons)?;
    if !matches!(means, Means::Kernel(_)) && seats.cpus.len() < usize::from(channels) {
        reasons.push(Reason::Rule(Rule::IdleQueues));
    }
    reasons.extend(means.rules(input).map(Reason::Rule));
    let xps = transmit_steering(input, topology, array, &seats.homes, &mut reasons);
    let xps_rxqs = transmit_answers(input, channels, &mut reasons)?;

    let others = others::inside(&input.device.others, &array.eligible, topology);
    if others != input.device.others {
        reasons.push(Reason::Rule(Rule::OtherInterrupts));
    }

    let on = settings.enabled.value && input.rss_on;
    if !settings.enabled.value {
        reasons.push(Reason::Rule(Rule::Disabled));
    } else if !input.rss_on {
        reasons.push(Reason::Rule(Rule::GloballyOff));
    }
    let same_table = table == input.device.table;
    let device = Device {
        // Without a table it is the kernel's spreading that is on or off; one that is not shown yet waits.
        enabled: if cap.table_unseen || (matches!(means, Means::Kernel(_)) && cap.table_entries == 0) {
            input.device.enabled
        } else {
            on
        },
        key: key(input)?,
        hash_types: hash_types(input)?,
        encapsulation: encapsulation(input)?,
        default_queue: match cap.unhashed {
            UnhashedTarget::DefaultProcessor => seats.first(),
            UnhashedTarget::FirstQueue => QueueId(0),
        },
        user_table: if same_table { input.device.user_table } else { UserTable::Yes },
        table,
        others,
        xps,
        xps_rxqs,
        rps: means
            .packet_steering(&seats.homes, &seats.cpus, on)
            .unwrap_or_else(|| given_back(input.give_back.rps, seats.homes.len())),
        queues: seats.homes.into_iter().map(|home| Queue { home }).collect(),
        vports: input.device.vports.clone(),
        virtual_functions: input.device.virtual_functions,
    };
    Ok(Target {
        device,
        array: array.candidates.clone(),
        default: seats.cpus.first().copied().unwrap_or_default(),
        active,
        processors: seats.cpus,
        path: means.path(cap.channels),
        reasons,
    })
}

/// The CPUs of each transmit queue; nothing where they are left alone.
///
/// A transmit queue is served where the receive queue of its number is, because they share a channel. Where there are
/// more transmit queues, they go round among the receive queues, as idle queues do among the processors.
fn transmit_steering(
    input: &AdapterInput<'_>,
    topology: &Topology,
    array: &Array,
    homes: &[Option<CpuId>],
    reasons: &mut Vec<Reason>,
) -> Vec<CpuSet> {
    let channels = u16::try_from(homes.len()).unwrap_or(u16::MAX);
    let count = usize::from(input.capability.steered_tx_queues(channels));
    if count == 0 {
        return Vec::new();
    }
    match input.settings.xps.value {
        // Also what the kernel falls back to where a packet belongs to no connection that came in on a queue.
        Xps::Cpus | Xps::Rxqs => {
            reasons.push(Reason::Rule(Rule::TransmitNearest));
            let homes: Vec<_> = homes.iter().copied().cycle().take(count).collect();
            transmit::nearest(topology, &homes, &array.eligible)
        }
        Xps::Off => given_back(input.give_back.xps, count),
    }
}

/// The receive queues of each transmit queue; nothing where they are left alone.
fn transmit_answers(
    input: &AdapterInput<'_>,
    channels: u16,
    reasons: &mut Vec<Reason>,
) -> Result<Vec<BTreeSet<QueueId>>, PlaceError> {
    let cap = input.capability;
    let count = cap.answering_tx_queues(channels);
    if input.settings.xps.value != Xps::Rxqs {
        return Ok(given_back(input.give_back.xps_rxqs, count.into()));
    }
    if !cap.xps_rxqs {
        let (driver, because) = (input.driver.to_string(), NoReceiveMap::of(cap));
        return Err(PlaceError::NoReceiveMap { driver, because });
    }
    if count > 0 {
        reasons.push(Reason::Rule(Rule::TransmitAnswers));
    }
    Ok(transmit::answering(count, channels))
}

/// Steering as it was found, for as many queues as there are now.
fn given_back<T: Clone + Default>(found: Option<&[T]>, count: usize) -> Vec<T> {
    let mut queues = found.unwrap_or_default().to_vec();
    if !queues.is_empty() {
        queues.resize(count, T::default());
    }
    queues
}

/// Whether the interface does not show yet what its driver lets be set.
fn closed(input: &AdapterInput<'_>, part: impl Fn(&Controls) -> bool) -> bool {
    input.capability.table_unseen && part(&Driver::of(input.driver).controls)
}

fn key(input: &AdapterInput<'_>) -> Result<HashKey, PlaceError> {
    let cap = input.capability;
    let want = usize::from(cap.key_bytes);
    let there = &input.device.key;
    let wanted = match &input.settings.hash_key.value {
        KeySetting::Keep | KeySetting::Random(None) => return Ok(there.clone()),
        // A key that is there already needs no write, so it may be asked for where none can be made.
        KeySetting::Given(k) if k == there => return Ok(k.clone()),
        _ if !cap.key_settable && closed(input, |may| may.key) => {
            return Err(PlaceError::Closed { what: Field::HashKey.key().to_string() });
        }
        _ if !cap.key_settable => return Err(PlaceError::KeyFixed),
        KeySetting::Symmetric => return Ok(HashKey::symmetric(want)),
        KeySetting::Given(k) if k.len() != want => return Err(PlaceError::KeyLength { got: k.len(), want }),
        // The kernel's buffer is all zero until a driver asks for the key.
        KeySetting::Host => {
            input.boot_key.filter(|k| k.bytes().iter().any(|b| *b != 0)).ok_or(PlaceError::NoBootKey)?
        }
        KeySetting::Given(k) | KeySetting::Random(Some(k)) => k,
    };
    match wanted.bytes().get(..want) {
        Some(bytes) => Ok(HashKey::new(bytes.to_vec())),
        None => Err(PlaceError::KeyLength { got: wanted.len(), want }),
    }
}

fn hash_types(input: &AdapterInput<'_>) -> Result<HashTypes, PlaceError> {
    let cap = input.capability;
    match input.settings.hash_types.value {
        Auto::Auto => Ok(input.device.hash_types),
        Auto::Is(t) if t == input.device.hash_types => Ok(t),
        Auto::Is(_) if !cap.hash_types_settable && closed(input, |may| may.hash_types) => {
            Err(PlaceError::Closed { what: Field::HashTypes.key().to_string() })
        }
        Auto::Is(_) if !cap.hash_types_settable => Err(PlaceError::HashTypesFixed),
        Auto::Is(t) if !t.is_subset(cap.hash_types) => {
            Err(PlaceError::HashTypes { asked: t, supported: cap.hash_types })
        }
        Auto::Is(t) if !cap.hash_types_always.is_subset(t) => {
            Err(PlaceError::HashTypesAlways { asked: t, always: cap.hash_types_always })
        }
        Auto::Is(t) => match implied(t) {
            missing if cap.ports_imply_addresses && !missing.is_empty() => {
                Err(PlaceError::HashTypesPorts { asked: t, missing })
            }
            _ => Ok(t),
        },
    }
}

fn encapsulation(input: &AdapterInput<'_>) -> Result<EncapState, PlaceError> {
    let cap = &input.capability.encapsulation;
    let (kinds, vxlan_port) = (input.settings.encapsulation.value, input.settings.vxlan_port.value);
    let lacking = kinds.without(cap.kinds);
    if !lacking.is_empty() {
        return Err(PlaceError::Encapsulation {
            driver: input.driver.to_string(),
            lacking,
            supported: cap.kinds,
            types: input.capability.hash_types,
        });
    }
    if kinds.has(Encapsulation::Vxlan) && !cap.vxlan_port_settable && vxlan_port != VxlanPort::default() {
        return Err(PlaceError::VxlanPortFixed { driver: input.driver.to_string(), asked: vxlan_port });
    }
    // Where nothing can be looked into there is nothing to set.
    let vxlan_port = if cap.vxlan_port_settable { vxlan_port } else { input.device.encapsulation.vxlan_port };
    Ok(EncapState { kinds, vxlan_port })
}

/// Addresses that are not hashed although ports of their family are.
fn implied(types: HashTypes) -> HashTypes {
    let families = [
        (HashType::Ipv4, [HashType::TcpIpv4, HashType::UdpIpv4]),
        (HashType::Ipv6, [HashType::TcpIpv6, HashType::UdpIpv6]),
    ];
    let missing =
        families.into_iter().filter(|(ip, ports)| !types.has(*ip) && ports.iter().any(|p| types.has(*p)));
    missing.fold(HashTypes::NONE, |all, (ip, _)| all.with(ip))
}

/// The processors of a set of CPUs, for messages and views.
pub fn processors(cpus: impl IntoIterator<Item = CpuId>) -> Vec<Processor> {
    cpus.into_iter().map(Processor::from).collect()
}

/// Checks what can be checked of settings without an adapter.
///
/// # Errors
/// The same errors that placing an adapter with these settings would give.
pub fn check(settings: &Settings, topology: &Topology) -> Result<(), PlaceError> {
    error::check_settings(settings, topology)
}
