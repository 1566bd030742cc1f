//! A golden case as its `case.toml` writes it.

use std::collections::{BTreeMap, BTreeSet};

use rssmgr_core::capability::{Capability, ChannelControl, TxQueues, UnhashedTarget};
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Queue, UserTable, Vector};
use rssmgr_core::driver::Driver;
use rssmgr_core::field::{Field, FieldError, Raw};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::encap::{EncapCapability, EncapState};
use rssmgr_core::place::{GiveBack, Team, TeamSets};
use rssmgr_core::settings::{Layer, ManualTable, Origin, Settings, SettingsPatch};
use rssmgr_core::topology::Topology;
use rssmgr_core::{CpuId, EntryIndex, NodeId, Processor, QueueId};
use serde::Deserialize;

use crate::machine::{Machine, MachineCpu};

/// `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The machine.
    machine: MachineToml,
    /// The machine-wide RSS switch.
    #[serde(default = "yes")]
    pub(crate) rss: bool,
    /// The host's boot key in hex; none when not drawn.
    boot_key: Option<String>,
    /// The adapters; the first has id 0, the next id 1, ...
    pub(crate) adapter: Vec<Adapter>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MachineToml {
    /// `NODESxCORESxTHREADS`
    spec: Option<String>,
    /// Threads of a core have adjacent numbers, as on Windows.
    #[serde(default)]
    siblings_adjacent: bool,
    /// New numbers of the nodes of `spec`.
    node_ids: Option<Vec<u32>>,
    /// Instead of `spec`: nodes by number with the CPU list of each.
    nodes: Option<BTreeMap<String, String>>,
    /// With `nodes`: the CPU lists of cores that have several threads.
    #[serde(default)]
    cores: Vec<String>,
    /// With `nodes`: this many consecutive CPUs of a node are a core.
    threads: Option<usize>,
    #[serde(default)]
    offline: String,
    #[serde(default)]
    isolated: String,
    #[serde(default)]
    nohz_full: String,
    /// SLIT rows, nodes ascending.
    slit: Option<Vec<Vec<u32>>>,
    /// Capacity by CPU list.
    #[serde(default)]
    capacity: BTreeMap<String, u32>,
}

/// An adapter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adapter {
    /// Its name in `expected.txt`.
    pub(crate) name: String,
    /// Its driver; the software NIC when missing.
    driver: Option<String>,
    /// Its NUMA node; unknown when missing.
    pub(crate) node: Option<u32>,
    /// Queues it has now.
    channels: u16,
    /// Queues it had when it was first seen; `channels` when missing.
    pub(crate) found: Option<u16>,
    /// The most queues it can have; `channels` when missing.
    max_queues: Option<u16>,
    /// The number of queues cannot be changed.
    #[serde(default)]
    fixed_channels: bool,
    #[serde(default = "entries")]
    entries: u16,
    /// Whether it is closed, so that a table may show only when it is opened.
    #[serde(default)]
    closed: bool,
    #[serde(default = "key_bytes")]
    key_bytes: u16,
    #[serde(default = "yes")]
    key_settable: bool,
    /// Hash types the hardware has.
    #[serde(default = "all_types")]
    hash_types: String,
    #[serde(default = "yes")]
    hash_types_settable: bool,
    /// Queues that the table may name; all when missing.
    table_queues: Option<u16>,
    /// Interrupt vectors for receive queues; unlimited when missing.
    #[serde(default)]
    vectors: u16,
    #[serde(default = "yes")]
    msi_x: bool,
    /// Link speed in Mbit/s.
    speed: Option<u32>,
    /// Whether queues can be steered to CPUs.
    #[serde(default = "yes")]
    affinity: bool,
    /// Transmit queues: `paired` (one to each receive queue) or their number.
    #[serde(default = "paired")]
    tx_queues: toml::Value,
    /// Whether CPUs can be given to transmit queues.
    #[serde(default)]
    xps: bool,
    /// Whether receive queues can be given to transmit queues.
    #[serde(default)]
    xps_rxqs: bool,
    /// Whether the kernel can spread.
    #[serde(default)]
    rps: bool,
    /// Steering that was found and goes back.
    #[serde(default)]
    give_back: Steering,
    /// Whether single entries can be moved (RSSv2).
    #[serde(default)]
    entry_moves: bool,
    /// The bond or team that it is a port of.
    team: Option<String>,
    /// How the processors of its ports go together: `disjoint` or `identical`.
    team_sets: Option<String>,
    /// The processors it runs on, as a CPU list in the order of queues.
    pub(crate) assigned: Option<String>,
    /// Whether its processors are chosen anew.
    #[serde(default)]
    pub(crate) replan: bool,
    /// What is there, where it is not the default.
    #[serde(default)]
    device: DeviceToml,
    /// Settings by key.
    #[serde(default)]
    settings: BTreeMap<String, toml::Value>,
    /// Explicit entries: processor by entry.
    #[serde(default)]
    table: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceToml {
    /// A processor for each queue, `-` for any.
    homes: Option<String>,
    /// Queues of the entries, repeated to the length of the table; the driver's round robin when missing.
    table: Option<String>,
    /// `false`: RSS is off.
    enabled: Option<bool>,
    /// The key in hex.
    key: Option<String>,
    /// Hash types in force.
    hash_types: Option<String>,
    #[serde(default)]
    default_queue: u16,
    /// CPU lists, one for each transmit queue, `-` for none.
    xps: Option<String>,
    /// Lists of receive queues, one for each transmit queue, `-` for none.
    xps_rxqs: Option<String>,
    /// CPU lists, one for each receive queue, `-` for none.
    rps: Option<String>,
    /// Interrupts that serve no receive queue, and their CPU lists.
    #[serde(default)]
    others: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Steering {
    xps: Option<String>,
    xps_rxqs: Option<String>,
    rps: Option<String>,
}

const fn yes() -> bool {
    true
}
const fn entries() -> u16 {
    128
}
const fn key_bytes() -> u16 {
    40
}
fn all_types() -> String {
    "all".into()
}

fn paired() -> toml::Value {
    "paired".into()
}

/// CPU lists, one for each queue; those that are not given are empty.
fn steering(text: Option<&str>, queues: u16) -> Result<Vec<CpuSet>, String> {
    let mut sets = vec![CpuSet::new(); usize::from(queues)];
    for (set, list) in sets.iter_mut().zip(text.unwrap_or("").split_whitespace()) {
        if list != "-" {
            *set = CpuSet::parse_list(list).map_err(|e| e.to_string())?;
        }
    }
    Ok(sets)
}

/// The same numbers as receive queues.
fn receive_queues(sets: &[CpuSet]) -> Result<Vec<BTreeSet<QueueId>>, String> {
    let queue = |cpu: CpuId| u16::try_from(cpu.0).map(QueueId).map_err(|e| e.to_string());
    sets.iter().map(|set| set.iter().map(queue).collect()).collect()
}

/// What goes back.
pub(crate) struct Found {
    xps: Option<Vec<CpuSet>>,
    xps_rxqs: Option<Vec<BTreeSet<QueueId>>>,
    rps: Option<Vec<CpuSet>>,
}

impl Found {
    pub(crate) fn give_back(&self) -> GiveBack<'_> {
        GiveBack { xps: self.xps.as_deref(), xps_rxqs: self.xps_rxqs.as_deref(), rps: self.rps.as_deref() }
    }
}

fn cpus(list: &str) -> Result<BTreeSet<u32>, String> {
    let set = CpuSet::parse_list(list).map_err(|e| e.to_string())?;
    Ok(set.iter().map(|c| c.0).collect())
}

/// A key of any length.
fn key(hex: &str) -> Result<HashKey, String> {
    let bytes = hex.chars().filter(char::is_ascii_hexdigit).count() / 2;
    HashKey::parse(hex, bytes).map_err(|e| e.to_string())
}

impl Case {
    /// The machine. One that is only a `spec` goes through [`Topology::from_spec`].
    pub(crate) fn topology(&self) -> Result<Topology, String> {
        let m = &self.machine;
        let spec = m.spec.as_deref();
        let plain = m.offline.is_empty() && m.isolated.is_empty() && m.nohz_full.is_empty();
        if let Some(spec) = spec.filter(|_| {
            plain && !m.siblings_adjacent && m.node_ids.is_none() && m.slit.is_none() && m.capacity.is_empty()
        }) {
            return Topology::from_spec(spec).map_err(|e| e.to_string());
        }
        let mut machine = match (spec, &m.nodes) {
            (Some(spec), None) => {
                let size: Vec<u32> = spec.split('x').filter_map(|n| n.parse().ok()).collect();
                let [nodes, cores, threads] = size[..] else { return Err(format!("spec `{spec}`")) };
                Machine::new(nodes, cores, threads, m.siblings_adjacent)
            }
            (None, Some(nodes)) => self.explicit(nodes)?,
            _ => return Err("a machine has either `spec` or `nodes`".into()),
        };
        if let Some(ids) = &m.node_ids {
            for cpu in machine.cpus.values_mut() {
                cpu.node =
                    *usize::try_from(cpu.node).ok().and_then(|n| ids.get(n)).ok_or("node_ids is short")?;
            }
        }
        machine.offline = cpus(&m.offline)?;
        machine.isolated = cpus(&m.isolated)?;
        machine.nohz_full = cpus(&m.nohz_full)?;
        if let Some(slit) = &m.slit {
            machine.slit.clone_from(slit);
        }
        for (list, capacity) in &m.capacity {
            for id in cpus(list)? {
                machine.cpus.get_mut(&id).ok_or("capacity names a CPU that is not there")?.capacity =
                    Some(*capacity);
            }
        }
        machine.topology().map_err(|e| e.to_string())
    }

    fn explicit(&self, nodes: &BTreeMap<String, String>) -> Result<Machine, String> {
        let mut machine = Machine::default();
        for (node, list) in nodes {
            let node = node.parse().map_err(|_| format!("node `{node}`"))?;
            let list: Vec<u32> = cpus(list)?.into_iter().collect();
            for core in list.chunks(self.machine.threads.unwrap_or(1).max(1)) {
                for id in core {
                    machine.cpus.insert(*id, MachineCpu { node, core: core[0], capacity: None });
                }
            }
        }
        for list in &self.machine.cores {
            let threads = cpus(list)?;
            let core = threads.first().copied().ok_or("an empty core")?;
            for id in &threads {
                machine.cpus.get_mut(id).ok_or("cores names a CPU that is not there")?.core = core;
            }
        }
        Ok(machine)
    }

    /// The host's boot key.
    pub(crate) fn boot_key(&self) -> Result<Option<HashKey>, String> {
        self.boot_key.as_deref().map(key).transpose()
    }
}

impl Adapter {
    /// The row of its driver.
    pub(crate) fn driver(&self) -> &'static Driver {
        Driver::of(self.driver.as_deref().unwrap_or("softnic"))
    }

    /// What it can do with its driver.
    pub(crate) fn capability(&self) -> Result<Capability, String> {
        Ok(self.driver().limit(Capability {
            max_queues: self.max_queues.unwrap_or(self.channels),
            channels: if self.fixed_channels { ChannelControl::Fixed } else { ChannelControl::Settable },
            table_entries: self.entries,
            table_queues: self.table_queues,
            table_unseen: self.closed && self.entries == 0,
            key_bytes: self.key_bytes,
            key_settable: self.key_settable,
            hash_types: HashTypes::parse(&self.hash_types).map_err(|e| e.to_string())?,
            hash_types_settable: self.hash_types_settable,
            hash_types_always: HashTypes::NONE,
            encapsulation: if self.driver.is_none() {
                EncapCapability::all()
            } else {
                EncapCapability::default()
            },
            ports_imply_addresses: self.driver.as_deref().is_some_and(|d| d != "softnic"),
            tunnel_features: Vec::new(),
            unhashed: UnhashedTarget::DefaultProcessor,
            independent_entry_move: self.entry_moves,
            serialised_moves: false,
            vectors: self.vectors,
            msi_x: self.msi_x,
            queue_affinity: self.affinity,
            link_mbps: self.speed,
            tx_queues: match &self.tx_queues {
                toml::Value::String(s) if s == "paired" => TxQueues::Paired,
                toml::Value::Integer(n) => TxQueues::Own(u16::try_from(*n).map_err(|e| e.to_string())?),
                other => return Err(format!("tx_queues: {other}")),
            },
            xps: self.xps,
            xps_rxqs: self.xps_rxqs,
            rps: self.rps,
            ..Capability::default()
        }))
    }

    /// Steering that was found and goes back.
    pub(crate) fn give_back(&self) -> Result<Found, String> {
        let found = self.found.unwrap_or(self.channels);
        let part = |text: &Option<String>| text.as_deref().map(|t| steering(Some(t), found)).transpose();
        let receive = part(&self.give_back.xps_rxqs)?.as_deref().map(receive_queues).transpose()?;
        Ok(Found { xps: part(&self.give_back.xps)?, xps_rxqs: receive, rps: part(&self.give_back.rps)? })
    }

    /// What is there.
    pub(crate) fn device(&self) -> Result<Device, String> {
        let d = &self.device;
        let mut queues = vec![Queue::default(); usize::from(self.channels)];
        for (queue, home) in queues.iter_mut().zip(d.homes.as_deref().unwrap_or("").split_whitespace()) {
            let cpu = || home.parse::<Processor>().map(CpuId::from).map_err(|e| e.to_string());
            queue.home = if home == "-" { None } else { Some(cpu()?) };
        }
        let table = match &d.table {
            None => self.driver().default_table.table(self.entries, self.channels),
            Some(text) => {
                let queues: Result<Vec<u16>, _> = text.split_whitespace().map(str::parse).collect();
                let queues = queues.map_err(|e| format!("device.table: {e}"))?;
                queues.into_iter().map(QueueId).cycle().take(usize::from(self.entries)).collect()
            }
        };
        let microsoft = || {
            HashKey::new(
                HashKey::microsoft().bytes().iter().copied().take(usize::from(self.key_bytes)).collect(),
            )
        };
        Ok(Device {
            enabled: d.enabled.unwrap_or(true),
            queues,
            table,
            key: d.key.as_deref().map_or_else(|| Ok(microsoft()), key)?,
            hash_types: HashTypes::parse(d.hash_types.as_deref().unwrap_or("default"))
                .map_err(|e| e.to_string())?,
            encapsulation: EncapState::default(),
            default_queue: QueueId(d.default_queue),
            user_table: if d.table.is_some() { UserTable::Yes } else { UserTable::No },
            xps: steering(d.xps.as_deref(), self.capability()?.steered_tx_queues(self.channels))?,
            xps_rxqs: receive_queues(&steering(
                d.xps_rxqs.as_deref(),
                self.capability()?.answering_tx_queues(self.channels),
            )?)?,
            rps: steering(d.rps.as_deref(), if self.rps { self.channels } else { 0 })?,
            others: d
                .others
                .iter()
                .map(|(name, list)| {
                    let cpus = CpuSet::parse_list(list).map_err(|e| e.to_string())?;
                    Ok(Vector { name: name.clone(), cpus })
                })
                .collect::<Result<_, String>>()?,
            ..Device::default()
        })
    }

    /// What was asked for, as the saved file would hold it.
    pub(crate) fn settings(&self) -> Result<Settings, String> {
        let mut patch = SettingsPatch::default();
        for (key, value) in &self.settings {
            let raw = match value {
                toml::Value::Boolean(b) => Raw::Bool(*b),
                toml::Value::Integer(n) => Raw::Int(*n),
                toml::Value::String(s) => Raw::Text(s.clone()),
                toml::Value::Array(a) => Raw::List(
                    a.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_string)).collect(),
                ),
                other => return Err(format!("settings.{key}: {other}")),
            };
            let field = Field::from_key(key).ok_or_else(|| FieldError::unknown(key).to_string())?;
            patch.set(field, &raw).map_err(|e| e.to_string())?;
        }
        let mut table = ManualTable::new();
        for (entry, processor) in &self.table {
            let entry = entry.parse().map_err(|_| format!("table.{entry}"))?;
            table.insert(EntryIndex(entry), processor.parse().map_err(|e| format!("table.{entry}: {e}"))?);
        }
        Ok(Settings::layered(&[Layer::of(patch, table, Origin::Saved)]))
    }

    /// The processors it runs on.
    pub(crate) fn assigned(&self) -> Result<Option<Vec<CpuId>>, String> {
        let Some(text) = &self.assigned else { return Ok(None) };
        let parse = |p: &str| p.parse::<Processor>().map(CpuId::from).map_err(|e| e.to_string());
        text.split([',', ' ']).filter(|p| !p.is_empty()).map(parse).collect::<Result<_, _>>().map(Some)
    }

    /// The bond or team that it is a port of.
    pub(crate) fn team(&self) -> Result<Option<Team>, String> {
        let sets = match self.team_sets.as_deref() {
            None | Some("disjoint") => TeamSets::Disjoint,
            Some("identical") => TeamSets::Identical,
            Some(other) => return Err(format!("team_sets `{other}`")),
        };
        Ok(self.team.clone().map(|name| Team { name, sets }))
    }

    /// Its node.
    pub(crate) fn node(&self) -> Option<NodeId> {
        self.node.map(NodeId)
    }
}
