//! From core's types to records: one place, used by the daemon and by the command line's offline modes.

mod doctor;
mod encapsulation;
mod flow;
mod socket;
mod stats;
mod vport;
mod why;

pub use doctor::finding;
pub use encapsulation::{encapsulation_capability, encapsulations};
pub use flow::{flow, flow_tuple};
pub use socket::{socket, socket_ends};
pub use stats::{Per, stats};
pub use vport::{moves, vmq, vports};
pub use why::why;

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Refusal, VPortRefusal};
use rssmgr_core::driver::Driver;
use rssmgr_core::event::{Event, FieldValue};
use rssmgr_core::field::Field;
use rssmgr_core::hash::HashTypes;
use rssmgr_core::mac;
use rssmgr_core::manager::{
    AdapterResult, AdapterState, AdapterView, CheckpointView, CommandError, VPortError,
};
use rssmgr_core::place::{Candidate, PlaceError, Reason, Target, eligible};
use rssmgr_core::plan::{Step, impact};
use rssmgr_core::preflight::Finding;
use rssmgr_core::scaling::Status;
use rssmgr_core::settings::Settings;
use rssmgr_core::topology::Topology;
use rssmgr_core::verify::{Evidence, Verdict};
use rssmgr_core::{CpuId, Moment, Processor, QueueId};
use std::collections::{BTreeMap, BTreeSet};

use crate::error::{ApiError, ErrorKind};
use crate::text;
use crate::types::{
    AdapterRecord, AnswerRecord, CapabilityRecord, ChangeRecord, CheckpointRecord, EntryRecord, EventRecord,
    PlanRecord, PreflightRecord, ProcessorRecord, QueueRecord, ReasonRecord, SettingRecord, StateRecord,
    SteeringRecord, StepRecord, VerifiedQueueRecord, VerifyRecord,
};

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn name(cpu: CpuId) -> String {
    Processor::from(cpu).to_string()
}

fn node(topology: &Topology, cpu: Option<CpuId>) -> Option<u32> {
    Some(topology.cpu(cpu?)?.node.0)
}

/// Names of hash types.
#[must_use]
pub fn hash_types(types: HashTypes) -> Vec<String> {
    types.iter().map(|t| t.name().to_string()).collect()
}

/// A reason.
#[must_use]
pub fn reason(r: &Reason) -> ReasonRecord {
    let text = text::reason(r);
    match r {
        Reason::Limit { field, asked, given, by } => ReasonRecord {
            kind: "limit".into(),
            id: by.name().into(),
            field: Some(field.key().into()),
            asked: Some(*asked),
            given: Some(*given),
            text,
        },
        Reason::Rule(rule) => {
            ReasonRecord { kind: "rule".into(), id: rule.name().into(), text, ..ReasonRecord::default() }
        }
        Reason::Driver(quirk) => {
            ReasonRecord { kind: "driver".into(), id: quirk.name().into(), text, ..ReasonRecord::default() }
        }
        Reason::Asked { field } => ReasonRecord {
            kind: "asked".into(),
            id: field.key().into(),
            field: Some(field.key().into()),
            text,
            ..ReasonRecord::default()
        },
        Reason::VPortQueues { asked, given, by, .. } => ReasonRecord {
            kind: "limit".into(),
            id: by.name().into(),
            field: None,
            asked: Some((*asked).into()),
            given: Some((*given).into()),
            text,
        },
        Reason::VPortUnsupported { .. } => ReasonRecord {
            kind: "driver".into(),
            id: "vport_unsupported".into(),
            text,
            ..ReasonRecord::default()
        },
        Reason::Moved { entry, .. } => {
            ReasonRecord { kind: "moved".into(), id: entry.to_string(), text, ..ReasonRecord::default() }
        }
    }
}

fn step(s: &Step) -> StepRecord {
    StepRecord { op: s.op.to_string(), impact: s.impact.name().into(), why: reason(&s.why) }
}

fn preflight(f: &Finding) -> PreflightRecord {
    PreflightRecord { id: f.name().into(), remedy: f.remedy().flag().into(), text: f.to_string() }
}

fn candidate(c: &Candidate) -> ProcessorRecord {
    ProcessorRecord { processor: name(c.cpu), cpu: c.cpu.0, node: c.node.map(|n| n.0), distance: c.distance }
}

fn processors(topology: &Topology, array: &[Candidate], cpus: &[CpuId]) -> Vec<ProcessorRecord> {
    cpus.iter()
        .map(|cpu| match array.iter().find(|c| c.cpu == *cpu) {
            Some(c) => candidate(c),
            None => ProcessorRecord {
                processor: name(*cpu),
                cpu: cpu.0,
                node: node(topology, Some(*cpu)),
                distance: 0,
            },
        })
        .collect()
}

/// The indirection table of a device.
#[must_use]
pub fn table(device: &Device) -> Vec<EntryRecord> {
    device
        .table
        .iter()
        .enumerate()
        .map(|(i, queue)| {
            let cpu = device.home(*queue);
            EntryRecord {
                entry: count(i),
                queue: queue.0.into(),
                cpu: cpu.map(|c| c.0),
                processor: cpu.map(name),
            }
        })
        .collect()
}

/// The receive queues of a device.
#[must_use]
pub fn queues(device: &Device, topology: &Topology) -> Vec<QueueRecord> {
    (0..device.channels())
        .map(|q| {
            let cpu = device.home(QueueId(q));
            QueueRecord {
                queue: q.into(),
                cpu: cpu.map(|c| c.0),
                processor: cpu.map(name),
                node: node(topology, cpu),
                entries: count(device.table.iter().filter(|t| t.0 == q).count()),
            }
        })
        .collect()
}

/// The CPUs that a device sends packets to, in order of queues, each once; where the kernel spreads a queue's packets,
/// those to which it does.
fn in_use(device: &Device) -> Vec<CpuId> {
    let mut out: Vec<CpuId> = Vec::new();
    for q in (0..device.channels()).map(QueueId) {
        let used = device.table.contains(&q) || q == device.default_queue;
        let spread = device.rps.get(q.index()).filter(|cpus| !cpus.is_empty());
        let home = device.home(q).filter(|_| used && spread.is_none());
        for cpu in spread.into_iter().flatten().chain(home) {
            if !out.contains(&cpu) {
                out.push(cpu);
            }
        }
    }
    out
}

/// The CPUs of each queue.
fn cpus_of(queues: &[CpuSet]) -> Vec<SteeringRecord> {
    let record = |(i, cpus): (usize, &CpuSet)| SteeringRecord { queue: count(i), cpus: cpus.to_string() };
    queues.iter().enumerate().map(record).collect()
}

/// The receive queues of each transmit queue.
fn answers_of(queues: &[BTreeSet<QueueId>]) -> Vec<AnswerRecord> {
    let record = |(i, receive): (usize, &BTreeSet<QueueId>)| AnswerRecord {
        queue: count(i),
        receive_queues: receive.iter().map(|q| q.0.into()).collect(),
    };
    queues.iter().enumerate().map(record).collect()
}

/// The CPUs that a device sends packets to, in the order of its target. A device whose queues have no CPUs of their own
/// is shown with those of its target.
fn used(device: &Device, target: Option<&Target>) -> Vec<CpuId> {
    let mut used = in_use(device);
    if let Some(target) = target {
        let rank = |cpu: &CpuId| target.processors.iter().position(|p| p == cpu).unwrap_or(usize::MAX);
        used.sort_by_key(rank);
        if used.is_empty() {
            used.clone_from(&target.processors);
        }
    }
    used
}

fn state(device: &Device) -> StateRecord {
    StateRecord {
        enabled: device.enabled,
        queues: device.channels().into(),
        processors: in_use(device).into_iter().map(name).collect(),
        hash_types: hash_types(device.hash_types),
        encapsulation: encapsulations(device.encapsulation.kinds),
        table: device.table.iter().map(|q| device.home(*q).map_or("-".into(), name)).collect(),
    }
}

/// Every setting with its origin, in the order of the field table, then the explicit table entries if there are any.
#[must_use]
pub fn settings(s: &Settings) -> Vec<SettingRecord> {
    let mut out: Vec<SettingRecord> = Field::all()
        .map(|f| SettingRecord { key: f.key().into(), value: s.text(f), origin: s.origin(f).to_string() })
        .collect();
    if !s.table.value.is_empty() {
        let entries: Vec<String> = s.table.value.iter().map(|(e, p)| format!("{e}={p}")).collect();
        out.push(SettingRecord {
            key: "table".into(),
            value: entries.join(","),
            origin: s.table.origin.to_string(),
        });
    }
    out
}

/// An adapter.
#[must_use]
pub fn adapter(view: &AdapterView, rss_on: bool) -> AdapterRecord {
    let topology = &view.topology;
    let array = processor_array(view);
    let used = used(&view.device, view.target.as_ref());
    let eligible = eligible::eligible(topology, &view.settings);
    let present: Vec<CpuId> = topology.cpus().map(|(id, _)| id).collect();
    let edge = |set: Option<Processor>, default: Option<CpuId>| {
        set.or_else(|| default.map(Processor::from)).unwrap_or_default().to_string()
    };
    let cap = &view.capability;
    AdapterRecord {
        name: view.facts.name.clone(),
        id: view.id.0,
        interface_description: view.facts.description.clone(),
        driver: view.facts.driver.clone(),
        driver_version: told(&view.facts.driver_version),
        firmware: told(&view.facts.firmware),
        mac: view.facts.mac.map(mac::show),
        node: view.facts.node.map(|n| n.0),
        pretended_topology: topology.label().map(Into::into),
        state: view.state.name().into(),
        state_reason: state_reason(view),
        verified: view.verified.name().into(),
        enabled: view.spreads(),
        global_enabled: rss_on,
        number_of_receive_queues: view.device.channels().into(),
        profile: view.settings.profile.value.name().into(),
        profile_number: view.settings.profile.value.number().into(),
        base_processor: edge(
            view.settings.base_processor.value.value(),
            eligible.first().or(present.first().copied()),
        ),
        max_processor: edge(
            view.settings.max_processor.value.value(),
            eligible.last().or(present.last().copied()),
        ),
        max_processors: count(view.target.as_ref().map_or(used.len(), |t| t.active)),
        numa_node: view.settings.numa_node.value.value().map_or(65535, |n| n.0),
        processor_array: array.iter().map(candidate).collect(),
        processors: processors(topology, &array, &used),
        default_processor: view.device.home(view.device.default_queue).map_or("-".into(), name),
        indirection_table: table(&view.device),
        queues: queues(&view.device, topology),
        xps: cpus_of(&view.device.xps),
        xps_rxqs: answers_of(&view.device.xps_rxqs),
        rps: cpus_of(&view.device.rps),
        hash_types: hash_types(view.device.hash_types),
        encapsulation: encapsulations(view.device.encapsulation.kinds),
        vxlan_port: view.device.encapsulation.vxlan_port.get().into(),
        hash_key_size: count(view.device.key.len()),
        hash_key: view.settings.hash_key.value.describe().into(),
        capabilities: CapabilityRecord {
            max_queues: cap.max_queues.into(),
            channels_settable: cap.channels == rssmgr_core::capability::ChannelControl::Settable,
            table_entries: cap.table_entries.into(),
            key_bytes: cap.key_bytes.into(),
            key_settable: cap.key_settable,
            hash_types: hash_types(cap.hash_types),
            hash_types_settable: cap.hash_types_settable,
            encapsulation: encapsulation_capability(&cap.encapsulation),
            tunnel_features: cap.tunnel_features.clone(),
            inner_hash: inner_hash(&view.facts.driver),
            independent_entry_move: cap.independent_entry_move,
            vectors: cap.vectors.into(),
            msi_x: cap.msi_x,
            xps: cap.xps,
            xps_rxqs: cap.xps_rxqs,
            rps: cap.rps,
            link_mbps: cap.link_mbps,
            max_vports: cap.vports.max.max(1).into(),
            rss_contexts: cap.rss_contexts,
            dynamic_affinity: cap.vports.dynamic_affinity,
            serialised_moves: cap.serialised_moves,
            ndis: vport::ndis(cap),
            net_adapter_cx: vport::net(cap),
        },
        vmq: vmq(view),
        settings: settings(&view.settings),
        reasons: view.target.iter().flat_map(|t| &t.reasons).map(reason).collect(),
        pending: view.pending.iter().map(step).collect(),
        checkpoint: view.checkpoint.map(|id| id.0),
        generation: view.generation.0,
    }
}

/// The tunnels whose inner headers a driver hashes.
fn inner_hash(driver: &str) -> Option<Vec<String>> {
    let kinds = Driver::of(driver).inner_hash.kinds()?;
    Some(kinds.iter().map(|kind| kind.name().to_owned()).collect())
}

/// A text, where there is one.
fn told(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A checkpoint, at this time.
#[must_use]
pub fn checkpoint(c: &CheckpointView, now: Moment) -> CheckpointRecord {
    CheckpointRecord {
        id: c.id.0,
        adapters: c.adapters.clone(),
        by_uid: c.by_uid,
        left_ms: c.deadline.since(now).div_ceil(1_000_000),
    }
}

/// Why an adapter is in its state, where that needs a reason.
#[must_use]
pub fn state_reason(view: &AdapterView) -> Option<String> {
    match (&view.state, view.pending.len()) {
        (AdapterState::Pending, 1) => Some("1 step is left for `rssctl restart`".into()),
        (AdapterState::Pending, n) => Some(format!("{n} steps are left for `rssctl restart`")),
        (state, _) => state.because().map(Into::into),
    }
}

/// The eligible processors of an adapter by distance: its `RssProcessorArray`.
#[must_use]
pub fn processor_array(view: &AdapterView) -> Vec<Candidate> {
    view.target.as_ref().map_or_else(|| own_array(view), |t| t.array.clone())
}

/// The processor array of an adapter that is only observed.
fn own_array(view: &AdapterView) -> Vec<Candidate> {
    let from = view.settings.numa_node.value.value().or(view.facts.node);
    let mut array: Vec<Candidate> = eligible::eligible(&view.topology, &view.settings)
        .iter()
        .map(|cpu| Candidate {
            cpu,
            node: view.topology.cpu(cpu).map(|c| c.node),
            distance: view.topology.distance(from, cpu),
        })
        .collect();
    array.sort_by_key(|c| (c.distance, c.cpu));
    array
}

/// A plan that was made offline.
#[must_use]
pub fn offline_plan(
    name: &str,
    device: &Device,
    target: &Target,
    steps: &[Step],
    topology: &Topology,
) -> PlanRecord {
    PlanRecord {
        name: name.into(),
        status: if steps.is_empty() { "unchanged" } else { "planned" }.into(),
        changed: !steps.is_empty(),
        settings: Vec::new(),
        impact: impact(steps).name().into(),
        steps: steps.iter().map(step).collect(),
        before: Some(state(device)),
        after: Some(state(&target.device)),
        processor_array: target.array.iter().map(candidate).collect(),
        processors: processors(topology, &target.array, &used(&target.device, Some(target))),
        table: table(&target.device),
        queues: queues(&target.device, topology),
        reasons: target.reasons.iter().map(reason).collect(),
        pending: Vec::new(),
        findings: Vec::new(),
        refusals: Vec::new(),
        error: None,
    }
}

/// Whether a reason is one of the change that a result tells of: a VPort that was cut short before is so still.
const fn of_this_change(reason: &Reason) -> bool {
    !matches!(reason, Reason::VPortQueues { new: false, .. })
}

/// What a request did, or would do, to one adapter.
#[must_use]
pub fn result(r: &AdapterResult, topology: &Topology) -> PlanRecord {
    let array: &[Candidate] = r.target.as_ref().map_or(&[], |t| &t.array);
    let used = used(&r.after, r.target.as_ref());
    PlanRecord {
        name: r.name.clone(),
        status: r.status.name().into(),
        changed: matches!(
            r.status,
            rssmgr_core::manager::Status::Applied | rssmgr_core::manager::Status::Planned
        ),
        settings: r
            .changes
            .iter()
            .map(|c| ChangeRecord {
                key: c.field.map_or("table", Field::key).into(),
                before: c.before.clone(),
                after: c.after.clone(),
            })
            .collect(),
        impact: impact(&r.steps).name().into(),
        steps: r.steps.iter().map(step).collect(),
        before: Some(state(&r.before)),
        after: Some(state(&r.after)),
        processor_array: array.iter().map(candidate).collect(),
        processors: processors(topology, array, &used),
        table: table(&r.after),
        queues: queues(&r.after, topology),
        reasons: r.target.iter().flat_map(|t| &t.reasons).filter(|r| of_this_change(r)).map(reason).collect(),
        pending: r.pending.iter().map(step).collect(),
        findings: r.findings.iter().map(preflight).collect(),
        refusals: r.refusals.iter().map(error).collect(),
        error: r.error.as_ref().map(error),
    }
}

/// A failed command.
#[must_use]
pub fn error(e: &CommandError) -> ApiError {
    let kind = match e {
        CommandError::NotAuthorised { .. } => ErrorKind::NotAuthorised,
        CommandError::NoSuchAdapter { .. } => ErrorKind::NoSuchAdapter,
        CommandError::Place(p) if p.is_unsupported() => ErrorKind::NotSupported,
        CommandError::Place(PlaceError::Closed { .. }) => ErrorKind::Failed,
        CommandError::VPort { why, .. } => match why {
            VPortError::NotSupported { .. }
            | VPortError::VirtualFunctions { .. }
            | VPortError::Status { status: Status::NotSupported, .. } => ErrorKind::NotSupported,
            VPortError::Status { status: Status::AdapterNotReady | Status::Resources, .. } => {
                ErrorKind::Failed
            }
            _ => ErrorKind::Usage,
        },
        CommandError::Refused(Refusal::VPort { why, .. })
            if !matches!(why, VPortRefusal::FilterField { .. }) =>
        {
            ErrorKind::Usage
        }
        CommandError::OneAdapter { .. } => ErrorKind::Usage,
        CommandError::Refused(_) | CommandError::NotSoftnic { .. } => ErrorKind::NotSupported,
        CommandError::Exists { .. }
        | CommandError::Softnic { .. }
        | CommandError::Place(_)
        | CommandError::NothingToMove { .. }
        | CommandError::NoSuchCheckpoint { .. }
        | CommandError::Empty => ErrorKind::Usage,
        CommandError::Impact { .. } | CommandError::Preflight { .. } => ErrorKind::Impact,
        CommandError::BadFile { .. } => ErrorKind::BadFile,
        CommandError::RolledBack { .. } => ErrorKind::RolledBack,
        CommandError::Stale { .. }
        | CommandError::UnderCheckpoint { .. }
        | CommandError::ObserveOnly { .. }
        | CommandError::NotSaved { .. }
        | CommandError::Away { .. }
        | CommandError::Degraded { .. }
        | CommandError::PoweredDown { .. }
        | CommandError::PowerLost { .. }
        | CommandError::Unread { .. }
        | CommandError::Revoked { .. }
        | CommandError::Backend(_)
        | CommandError::TeamMate { .. }
        | CommandError::Atomic => ErrorKind::Failed,
    };
    ApiError::new(kind, e.to_string())
}

/// An event; `seq` and times come from the ring that keeps it.
#[must_use]
pub fn event(e: &Event, seq: u64, time_ms: u64, boottime_ns: u64) -> EventRecord {
    let info = e.kind.info();
    EventRecord {
        seq,
        id: info.id,
        name: info.name.into(),
        level: info.level.name().into(),
        time_ms,
        boottime_ns,
        adapter: e.adapter.clone(),
        fields: e
            .kind
            .fields()
            .into_iter()
            .map(|(k, v)| {
                let value = match v {
                    FieldValue::Number(n) => n.into(),
                    FieldValue::Text(t) => t.into(),
                    FieldValue::Bool(b) => b.into(),
                };
                (k.to_string(), value)
            })
            .collect(),
        message: match &e.adapter {
            Some(a) => format!("{a}: {}", e.kind),
            None => e.kind.to_string(),
        },
    }
}

/// What the traffic said about an adapter, or why it could not be asked.
#[must_use]
pub fn verified(name: String, looked: Result<(Evidence, Verdict), String>) -> VerifyRecord {
    let (evidence, verdict) =
        looked.unwrap_or_else(|because| (Evidence::default(), Verdict::Unclear { because }));
    let queues: BTreeSet<QueueId> =
        evidence.arrived.keys().chain(evidence.predicted.keys()).copied().collect();
    let of = |counts: &BTreeMap<QueueId, u64>, queue| counts.get(queue).copied().unwrap_or_default();
    VerifyRecord {
        name,
        verdict: verdict.name().into(),
        packets: evidence.packets,
        agreeing: evidence.agreeing,
        unpredicted: evidence.unpredicted,
        astray: evidence.astray,
        queues: queues
            .iter()
            .map(|q| VerifiedQueueRecord {
                queue: q.0.into(),
                arrived: of(&evidence.arrived, q),
                predicted: of(&evidence.predicted, q),
            })
            .collect(),
        reason: match verdict {
            Verdict::Obeyed => None,
            Verdict::Ignored { because } | Verdict::Unclear { because } => Some(because),
        },
    }
}
