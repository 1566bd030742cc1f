//! Version 1 of the saved settings. Frozen: what these types mean never changes; a change is a new version beside it.

mod vports;

use std::collections::BTreeMap;
use std::fmt::Display;

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Queue, UserTable, Vector};
use rssmgr_core::driver::Impact;
use rssmgr_core::field::{Field, FieldError, Raw};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::manager::{
    BootGuard, Checkpoint, CheckpointId, CheckpointPart, GivenUp, OpenTransaction, SavedAdapter,
    SavedSoftnic, SavedState,
};
use rssmgr_core::packet::encap::{EncapState, Encapsulations, VxlanPort};
use rssmgr_core::settings::SettingsPatch;
use rssmgr_core::vport::AskedScaling;
use rssmgr_core::{CpuId, EntryIndex, Moment, Processor, QueueId};
use serde::{Deserialize, Serialize};

pub(super) const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    version: u64,
    rss: bool,
    #[serde(default, rename = "adapter", skip_serializing_if = "Vec::is_empty")]
    adapters: Vec<Adapter>,
    #[serde(default, rename = "softnic", skip_serializing_if = "Vec::is_empty")]
    softnics: Vec<Softnic>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    open: Vec<Open>,
    #[serde(default, rename = "checkpoint", skip_serializing_if = "Vec::is_empty")]
    checkpoints: Vec<Unconfirmed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boot: Option<Boot>,
}

/// A change that waits to be confirmed. The deadline is in nanoseconds of the boot's clock.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unconfirmed {
    id: u64,
    boot: String,
    deadline: u64,
    by_uid: u32,
    #[serde(rename = "part")]
    parts: Vec<Part>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    adapter: String,
    name: String,
    applied: bool,
    before: Hardware,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Adapter>,
}

/// What is remembered from boot to boot.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Boot {
    id: String,
    last_checkpoint: u64,
    carriers: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gateways: Vec<String>,
    unproven: Vec<String>,
    failures: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ended: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Adapter {
    key: String,
    name: String,
    managed: bool,
    released: bool,
    found_queues: u16,
    assigned: Vec<u32>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    basis: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gives_back: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    vmq_off: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    primary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    settings: BTreeMap<String, Setting>,
    table: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    original: Option<Hardware>,
    #[serde(default, rename = "vport", skip_serializing_if = "Vec::is_empty")]
    vports: Vec<vports::Asked>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Setting {
    Bool(bool),
    Int(i64),
    Text(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Softnic {
    name: String,
    options: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    adapter: String,
    before: Hardware,
}

/// A device's state. A queue without a home is -1; the key is in hex; `xps` and `rps` are CPU lists, one to a queue, `xps_rxqs`
/// the receive queues of each transmit queue, and missing where nothing is steered; `encapsulation` and `vxlan_port` are missing where they are the default.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hardware {
    enabled: bool,
    queues: Vec<i64>,
    table: Vec<u16>,
    key: String,
    hash_types: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    encapsulation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vxlan_port: Option<u16>,
    default_queue: u16,
    user_table: UserWrote,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    xps: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    xps_rxqs: Vec<Vec<u16>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rps: Vec<String>,
    #[serde(default, rename = "vport", skip_serializing_if = "Vec::is_empty")]
    vports: Vec<vports::There>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<Interrupt>,
}

/// An interrupt that serves no receive queue.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Interrupt {
    name: String,
    cpus: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum UserWrote {
    Yes,
    No,
    Unknown,
}

/// The version that a text says it has.
pub(super) fn version(text: &str) -> Result<u64, String> {
    #[derive(Deserialize)]
    struct Any {
        version: u64,
    }
    toml::from_str::<Any>(text).map(|any| any.version).map_err(|e| e.message().to_owned())
}

pub(super) fn render(state: &SavedState) -> Result<String, toml::ser::Error> {
    let v1 = State {
        version: VERSION,
        rss: state.rss_on,
        adapters: state.adapters.iter().map(|(key, a)| adapter(key, a)).collect(),
        softnics: state
            .softnics
            .iter()
            .map(|s| Softnic { name: s.name.clone(), options: s.options.clone() })
            .collect(),
        open: state
            .open
            .iter()
            .map(|o| Open { adapter: o.adapter.clone(), before: hardware(&o.before) })
            .collect(),
        checkpoints: state.checkpoints.iter().map(unconfirmed).collect(),
        boot: boot(state),
    };
    let body = toml::to_string(&v1)?;
    Ok(format!(
        "# Written by rssmgrd. Settings are changed with rssctl; this file is not for editing.\n{body}"
    ))
}

fn unconfirmed(c: &Checkpoint) -> Unconfirmed {
    let part = |(key, p): (&String, &CheckpointPart)| Part {
        adapter: key.clone(),
        name: p.name.clone(),
        applied: p.applied,
        before: hardware(&p.before),
        after: p.after.as_ref().map(|a| adapter(key, a)),
    };
    Unconfirmed {
        id: c.id.0,
        boot: c.boot.clone(),
        deadline: c.deadline.0,
        by_uid: c.by_uid,
        parts: c.parts.iter().map(part).collect(),
    }
}

/// Nothing where nothing is remembered.
fn boot(state: &SavedState) -> Option<Boot> {
    let new = SavedState::default();
    let same =
        (&state.boot, state.last_checkpoint, &state.guard) == (&new.boot, new.last_checkpoint, &new.guard);
    (!same).then(|| Boot {
        id: state.boot.clone(),
        last_checkpoint: state.last_checkpoint,
        carriers: state.guard.carriers.iter().cloned().collect(),
        gateways: state.guard.gateways.iter().cloned().collect(),
        unproven: state.guard.unproven.iter().cloned().collect(),
        failures: state.guard.failures,
        ended: state.guard.ended,
    })
}

fn adapter(key: &str, a: &SavedAdapter) -> Adapter {
    let setting = |raw: Raw| match raw {
        Raw::Bool(b) => Setting::Bool(b),
        Raw::Int(n) => Setting::Int(n),
        text => Setting::Text(text.to_text()),
    };
    Adapter {
        key: key.to_owned(),
        name: a.name.clone(),
        managed: a.managed,
        released: a.released,
        found_queues: a.found_queues,
        assigned: a.assigned.iter().map(|c| c.0).collect(),
        basis: a.basis.clone(),
        pending: a.pending.map(|impact| impact.name().to_owned()),
        gives_back: a.gives_back.iter().map(|part| part.name().to_owned()).collect(),
        settings: a.patch.iter().map(|(f, raw)| (f.key().to_owned(), setting(raw))).collect(),
        table: a.table.iter().map(|(e, p)| (e.to_string(), p.to_string())).collect(),
        original: a.original.as_ref().map(hardware),
        vmq_off: a.scaling.vmq_off,
        primary: a.scaling.primary.map(|p| p.to_string()),
        default: a.scaling.default.map(|p| p.to_string()),
        vports: a.scaling.vports.iter().map(|(id, v)| vports::Asked::of(*id, v)).collect(),
    }
}

fn hardware(d: &Device) -> Hardware {
    let inside = d.encapsulation;
    Hardware {
        enabled: d.enabled,
        queues: d.queues.iter().map(|q| q.home.map_or(-1, |c| c.0.into())).collect(),
        table: d.table.iter().map(|q| q.0).collect(),
        key: d.key.to_hex(),
        hash_types: d.hash_types.bits(),
        encapsulation: if inside.kinds.is_empty() { String::new() } else { inside.kinds.to_string() },
        vxlan_port: (inside.vxlan_port != VxlanPort::default()).then(|| inside.vxlan_port.get()),
        default_queue: d.default_queue.0,
        user_table: match d.user_table {
            UserTable::Yes => UserWrote::Yes,
            UserTable::No => UserWrote::No,
            UserTable::Unknown => UserWrote::Unknown,
        },
        xps: d.xps.iter().map(CpuSet::to_string).collect(),
        xps_rxqs: d.xps_rxqs.iter().map(|receive| receive.iter().map(|q| q.0).collect()).collect(),
        rps: d.rps.iter().map(CpuSet::to_string).collect(),
        others: d
            .others
            .iter()
            .map(|v| Interrupt { name: v.name.clone(), cpus: v.cpus.to_string() })
            .collect(),
        vports: d.vports.iter().map(|(id, v)| vports::There::of(*id, v)).collect(),
    }
}

pub(super) fn parse(text: &str) -> Result<SavedState, String> {
    let v1: State = toml::from_str(text).map_err(|e| e.message().to_owned())?;
    let mut adapters = BTreeMap::new();
    for a in v1.adapters {
        let key = a.key.clone();
        adapters.insert(key, saved_adapter(a)?);
    }
    let softnics =
        v1.softnics.into_iter().map(|s| SavedSoftnic { name: s.name, options: s.options }).collect();
    let open = v1
        .open
        .into_iter()
        .map(|o| Ok(OpenTransaction { adapter: o.adapter, before: device(o.before)? }))
        .collect::<Result<_, String>>()?;
    let checkpoints = v1.checkpoints.into_iter().map(checkpoint).collect::<Result<_, String>>()?;
    let mut state =
        SavedState { rss_on: v1.rss, adapters, softnics, open, checkpoints, ..SavedState::default() };
    if let Some(boot) = v1.boot {
        (state.boot, state.last_checkpoint) = (boot.id, boot.last_checkpoint);
        state.guard = BootGuard {
            carriers: boot.carriers.into_iter().collect(),
            gateways: boot.gateways.into_iter().collect(),
            unproven: boot.unproven.into_iter().collect(),
            failures: boot.failures,
            ended: boot.ended,
        };
    }
    Ok(state)
}

fn checkpoint(c: Unconfirmed) -> Result<Checkpoint, String> {
    let part = |p: Part| -> Result<(String, CheckpointPart), String> {
        let after = p.after.map(saved_adapter).transpose()?;
        let before = device(p.before)?;
        Ok((p.adapter, CheckpointPart { name: p.name, before, applied: p.applied, after }))
    };
    Ok(Checkpoint {
        id: CheckpointId(c.id),
        boot: c.boot,
        deadline: Moment(c.deadline),
        by_uid: c.by_uid,
        parts: c.parts.into_iter().map(part).collect::<Result<_, String>>()?,
    })
}

fn saved_adapter(a: Adapter) -> Result<SavedAdapter, String> {
    let mut patch = SettingsPatch::default();
    for (key, setting) in a.settings {
        let field = Field::from_key(&key).ok_or_else(|| FieldError::unknown(&key).to_string())?;
        let raw = match setting {
            Setting::Bool(b) => Raw::Bool(b),
            Setting::Int(n) => Raw::Int(n),
            Setting::Text(t) => Raw::Text(t),
        };
        patch.set(field, &raw).map_err(text)?;
    }
    let entry = |(e, p): (String, String)| -> Result<(EntryIndex, Processor), String> {
        Ok((EntryIndex(e.parse().map_err(text)?), p.parse().map_err(text)?))
    };
    Ok(SavedAdapter {
        name: a.name,
        patch,
        table: a.table.into_iter().map(entry).collect::<Result<_, _>>()?,
        managed: a.managed,
        released: a.released,
        assigned: a.assigned.into_iter().map(CpuId).collect(),
        basis: a.basis,
        pending: a.pending.as_deref().map(impact).transpose()?,
        gives_back: a.gives_back.iter().map(|part| given_up(part)).collect::<Result<_, _>>()?,
        found_queues: a.found_queues,
        original: a.original.map(device).transpose()?,
        scaling: AskedScaling {
            vports: a.vports.into_iter().map(vports::Asked::read).collect::<Result<_, _>>()?,
            vmq_off: a.vmq_off,
            primary: a.primary.map(|p| p.parse().map_err(text)).transpose()?,
            default: a.default.map(|p| p.parse().map_err(text)).transpose()?,
        },
    })
}

fn impact(name: &str) -> Result<Impact, String> {
    Impact::parse(name).ok_or_else(|| format!("there is no impact `{name}`"))
}

fn given_up(name: &str) -> Result<GivenUp, String> {
    GivenUp::parse(name).ok_or_else(|| format!("there is no `{name}` to give back"))
}

fn device(h: Hardware) -> Result<Device, String> {
    let home = |n: i64| match n {
        -1 => Ok(Queue { home: None }),
        n => u32::try_from(n).map(|c| Queue { home: Some(CpuId(c)) }).map_err(text),
    };
    let key = key(&h.key)?;
    let kinds = match h.encapsulation.as_str() {
        "" => Encapsulations::NONE,
        list => Encapsulations::parse(list).map_err(text)?,
    };
    let vxlan_port = h.vxlan_port.map_or(Ok(VxlanPort::default()), VxlanPort::new).map_err(text)?;
    Ok(Device {
        enabled: h.enabled,
        queues: h.queues.into_iter().map(home).collect::<Result<_, _>>()?,
        table: h.table.into_iter().map(QueueId).collect(),
        key,
        hash_types: HashTypes::from_bits(h.hash_types).ok_or("there are no such hash types")?,
        encapsulation: EncapState { kinds, vxlan_port },
        default_queue: QueueId(h.default_queue),
        user_table: match h.user_table {
            UserWrote::Yes => UserTable::Yes,
            UserWrote::No => UserTable::No,
            UserWrote::Unknown => UserTable::Unknown,
        },
        xps: cpu_lists(&h.xps)?,
        xps_rxqs: h.xps_rxqs.into_iter().map(|receive| receive.into_iter().map(QueueId).collect()).collect(),
        rps: cpu_lists(&h.rps)?,
        others: h.others.into_iter().map(vector).collect::<Result<_, _>>()?,
        vports: h.vports.into_iter().map(vports::There::read).collect::<Result<_, _>>()?,
        // Nobody's setting.
        virtual_functions: 0,
    })
}

fn vector(i: Interrupt) -> Result<Vector, String> {
    Ok(Vector { name: i.name, cpus: CpuSet::parse_list(&i.cpus).map_err(text)? })
}

/// Not `HashKey::parse`: a key that is there may be one that nobody would be allowed to set.
fn key(hex: &str) -> Result<HashKey, String> {
    if hex.is_empty() {
        return Ok(HashKey::default());
    }
    let bytes = hex.split(':').map(|b| u8::from_str_radix(b, 16)).collect::<Result<_, _>>();
    bytes.map(HashKey::new).map_err(text)
}

fn cpu_lists(lists: &[String]) -> Result<Vec<CpuSet>, String> {
    lists.iter().map(|list| CpuSet::parse_list(list).map_err(text)).collect()
}

fn text(e: impl Display) -> String {
    e.to_string()
}
