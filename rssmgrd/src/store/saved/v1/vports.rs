//! VPorts in the saved settings: as they were asked for, and as a device had them.

use rssmgr_core::device::{Filter, VPortDevice};
use rssmgr_core::hash::HashTypes;
use rssmgr_core::mac;
use rssmgr_core::scaling::{VPort, VPortState};
use rssmgr_core::vport::AskedVPort;
use rssmgr_core::{CpuId, FilterId, QueueId, VPortId};
use serde::{Deserialize, Serialize};

use super::key;

/// A VPort as it was asked for. The key is in hex; entries and processors are kernel CPU ids.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    id: u32,
    name: String,
    active: bool,
    enabled: bool,
    queues_asked: u16,
    queues: u16,
    hash_types: u32,
    key: String,
    entries: Vec<u32>,
    primary: u32,
    default: u32,
    #[serde(default, rename = "filter", skip_serializing_if = "Vec::is_empty")]
    filters: Vec<SavedFilter>,
}

/// A VPort of a device.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct There {
    id: u32,
    queues: Vec<u16>,
    enabled: bool,
    hash_types: u32,
    key: String,
    table: Vec<u16>,
    default_queue: u16,
    #[serde(default, rename = "filter", skip_serializing_if = "Vec::is_empty")]
    filters: Vec<SavedFilter>,
}

/// A filter; what is missing is not tested.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedFilter {
    id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vlan: Option<u16>,
}

impl Asked {
    pub(super) fn of(id: VPortId, v: &AskedVPort) -> Self {
        let s = &v.state;
        Self {
            id: id.0,
            name: v.name.clone(),
            active: s.state == VPortState::Activated,
            enabled: s.rss_enabled,
            queues_asked: v.queues,
            queues: s.queues,
            hash_types: s.hash_types.bits(),
            key: s.key.to_hex(),
            entries: s.entries.iter().map(|c| c.0).collect(),
            primary: s.primary.0,
            default: s.default.0,
            filters: v.filters.iter().map(saved).collect(),
        }
    }

    pub(super) fn read(self) -> Result<(VPortId, AskedVPort), String> {
        let state = VPort {
            state: if self.active { VPortState::Activated } else { VPortState::Deactivated },
            rss_enabled: self.enabled,
            hash_types: types(self.hash_types)?,
            key: key(&self.key)?,
            queues: self.queues,
            entries: self.entries.into_iter().map(CpuId).collect(),
            primary: CpuId(self.primary),
            default: CpuId(self.default),
        };
        let filters = self.filters.into_iter().map(filter).collect::<Result<_, _>>()?;
        Ok((VPortId(self.id), AskedVPort { name: self.name, queues: self.queues_asked, state, filters }))
    }
}

impl There {
    pub(super) fn of(id: VPortId, v: &VPortDevice) -> Self {
        Self {
            id: id.0,
            queues: v.queues.iter().map(|q| q.0).collect(),
            enabled: v.enabled,
            hash_types: v.hash_types.bits(),
            key: v.key.to_hex(),
            table: v.table.iter().map(|q| q.0).collect(),
            default_queue: v.default_queue.0,
            filters: v.filters.iter().map(saved).collect(),
        }
    }

    pub(super) fn read(self) -> Result<(VPortId, VPortDevice), String> {
        let device = VPortDevice {
            queues: self.queues.into_iter().map(QueueId).collect(),
            enabled: self.enabled,
            hash_types: types(self.hash_types)?,
            key: key(&self.key)?,
            table: self.table.into_iter().map(QueueId).collect(),
            default_queue: QueueId(self.default_queue),
            filters: self.filters.into_iter().map(filter).collect::<Result<_, _>>()?,
        };
        Ok((VPortId(self.id), device))
    }
}

fn types(bits: u32) -> Result<HashTypes, String> {
    HashTypes::from_bits(bits).ok_or_else(|| "there are no such hash types".to_owned())
}

fn saved(f: &Filter) -> SavedFilter {
    SavedFilter { id: f.id.0, mac: f.mac.map(mac::show), vlan: f.vlan }
}

fn filter(f: SavedFilter) -> Result<Filter, String> {
    let mac = |t: String| mac::parse(&t).ok_or_else(|| format!("`{t}` is no Ethernet address"));
    Ok(Filter { id: FilterId(f.id), mac: f.mac.map(mac).transpose()?, vlan: f.vlan })
}
