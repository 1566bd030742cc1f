//! Adapters that are only modelled: core's driver model as a device, without queues, threads or packets. Their counters
//! are made up, and different in every place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use rssmgr_core::backend::{Backend, Sampler};
use rssmgr_core::capability::{Capability, ChannelControl, UnhashedTarget, VPortCapability};
use rssmgr_core::device::{BackendError, Device, Op, Outcome, Queue, UserTable};
use rssmgr_core::driver::{apply, round_robin};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::manager::{AdapterFacts, Created, Kind, Unusable};
use rssmgr_core::stats::{AdapterStats, CpuStats, EntryStats, QueueStats, Sample, VPortStats};
use rssmgr_core::topology::Topology;
use rssmgr_core::{CpuId, VPortId};
use rssmgrd::backend::{Factory, Made, Nic, Source};

/// Makes modelled adapters; options `queues`, `entries`, `topology` (NODESxCORESxTHREADS), `source`, `plain` for one whose
/// key and hash types are fixed and that has no VPorts, `whole` for one that only takes whole tables, `static` for one
/// whose VPorts spread statically, `restricted` for one whose VPorts' tables follow their queues, and `driver` for one that
/// is known as another driver's.
/// [`ModelFactory::card`] makes one that is an interface of the kernel.
#[derive(Debug, Default)]
pub(crate) struct ModelFactory {
    topologies: Mutex<BTreeMap<String, Arc<Topology>>>,
}

impl ModelFactory {
    /// An interface of the kernel with a modelled driver.
    pub(crate) fn card(&self, name: &str, ifindex: u32, mac: [u8; 6]) -> Made {
        let (mut model, mut created) = self.model(name, &BTreeMap::new()).unwrap();
        model.ifindex = Some(ifindex);
        let (kind, mac, key) = (Kind::Kernel, Some(mac), rssmgr_core::mac::show(mac));
        created.facts = AdapterFacts { kind, mac, key, ..created.facts };
        Made { nic: Box::new(model), created: Box::new(created) }
    }

    fn model(&self, name: &str, options: &BTreeMap<String, String>) -> Result<(Model, Created), Unusable> {
        let text = |key: &str, default: &str| options.get(key).map_or(default, String::as_str).to_owned();
        let number = |key: &str, default: u16| -> Result<u16, String> {
            text(key, &default.to_string()).parse().map_err(|_| format!("{key}: not a number"))
        };
        let (queues, entries) = (number("queues", 8)?, number("entries", 128)?);
        let spec = text("topology", "2x8x2");
        let mut known = self.topologies.lock().unwrap();
        let topology = match known.get(&spec) {
            Some(t) => Arc::clone(t),
            None => {
                let t = Arc::new(Topology::from_spec(&spec).map_err(|e| e.to_string())?);
                known.insert(spec.clone(), Arc::clone(&t));
                t
            }
        };
        let fixed = options.contains_key("plain");
        let capability = Capability {
            max_queues: queues,
            channels: ChannelControl::Settable,
            table_entries: entries,
            key_bytes: 40,
            key_settable: !fixed,
            hash_types: HashTypes::ALL,
            hash_types_settable: !fixed,
            unhashed: UnhashedTarget::DefaultProcessor,
            independent_entry_move: !options.contains_key("whole"),
            serialised_moves: false,
            vectors: queues,
            msi_x: true,
            queue_affinity: true,
            link_mbps: Some(10_000),
            vports: VPortCapability {
                max: if fixed { 0 } else { 8 },
                queues: 4,
                table_entries: 64,
                table_size_restricted: options.contains_key("restricted"),
                dynamic_affinity: !options.contains_key("static"),
                mac_filters: true,
                vlan_filters: true,
                filters: 16,
                ..VPortCapability::default()
            },
            ..Capability::default()
        };
        let device = Device {
            enabled: true,
            queues: (0..queues).map(|q| Queue { home: Some(CpuId(q.into())) }).collect(),
            table: round_robin(entries, queues),
            key: HashKey::microsoft(),
            hash_types: HashTypes::DEFAULT,
            user_table: UserTable::No,
            ..Device::default()
        };
        let facts = AdapterFacts {
            name: name.to_owned(),
            key: format!("softnic:{name}"),
            kind: Kind::Softnic,
            description: "modelled NIC".to_owned(),
            driver: text("driver", "softnic"),
            mac: Some([2, 0, 0, 0, 0, 1]),
            team: None,
            driver_version: String::new(),
            firmware: String::new(),
            node: None,
        };
        let options = [("queues", queues.to_string()), ("entries", entries.to_string()), ("topology", spec)];
        let mut options: BTreeMap<String, String> =
            options.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        options.insert("source".to_owned(), text("source", "endless"));
        let created =
            Created { facts, capability: capability.clone(), device: device.clone(), topology, options };
        let source = text("source", "endless");
        let vports = Arc::default();
        Ok((Model { capability, device, source, queues, vports, ifindex: None }, created))
    }
}

impl Factory for ModelFactory {
    fn make(&self, name: &str, options: &BTreeMap<String, String>) -> Result<Made, Unusable> {
        let (model, created) = self.model(name, options)?;
        Ok(Made { nic: Box::new(model), created: Box::new(created) })
    }
}

struct Model {
    capability: Capability,
    device: Device,
    source: String,
    queues: u16,
    /// Those there are, for whoever samples.
    vports: Arc<Mutex<Vec<VPortId>>>,
    ifindex: Option<u32>,
}

impl Backend for Model {
    fn capability(&self) -> &Capability {
        &self.capability
    }

    fn blocking(&self) -> bool {
        // So that both ways of the owner are walked.
        self.source == "blocking"
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        Ok(self.device.clone())
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        let after = apply(&self.capability, &self.device, op)?;
        let outcome = if after == self.device { Outcome::Unchanged } else { Outcome::Changed };
        self.device = after;
        *self.vports.lock().unwrap() = self.device.vports.keys().copied().collect();
        Ok(outcome)
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        let vports = Arc::clone(&self.vports);
        Arc::new(MadeUp { queues: self.queues, entries: self.capability.table_entries, vports })
    }
}

impl Nic for Model {
    fn set_source(&mut self, text: &str) -> Result<String, Unusable> {
        if !["endless", "ended", "broken", "blocking"].contains(&text) {
            return Err(format!("source is `{text}`; write endless, ended, broken or blocking").into());
        }
        self.source = text.to_owned();
        Ok(self.source.clone())
    }

    fn ifindex(&self) -> Option<u32> {
        self.ifindex
    }

    fn source(&self) -> Option<Source> {
        if self.ifindex.is_some() {
            return None;
        }
        Some(match self.source.as_str() {
            "ended" => Source::Finished,
            "broken" => Source::Failed("the cable is cut".to_owned()),
            _ => Source::Running,
        })
    }
}

/// Queue q has 1000 q + 1 packets, entry e has e, CPU c has 7 c, VPort v has 11 v.
struct MadeUp {
    queues: u16,
    entries: u16,
    vports: Arc<Mutex<Vec<VPortId>>>,
}

impl Sampler for MadeUp {
    fn sample(&self) -> Sample {
        let queues: Vec<QueueStats> = (0..self.queues)
            .map(|q| QueueStats {
                cpu: Some(CpuId(q.into())),
                packets: u64::from(q) * 1000 + 1,
                bytes: 64,
                ..QueueStats::default()
            })
            .collect();
        Sample {
            adapter: AdapterStats {
                packets: queues.iter().map(|q| q.packets).sum(),
                ..AdapterStats::default()
            },
            entries: (0..self.entries).map(|e| EntryStats { packets: e.into(), bytes: 0 }).collect(),
            cpus: (0..self.queues)
                .map(|c| CpuStats { cpu: CpuId(c.into()), packets: u64::from(c) * 7, bytes: 0 })
                .collect(),
            queues,
            vports: Some(
                self.vports
                    .lock()
                    .unwrap()
                    .iter()
                    .map(|id| VPortStats {
                        id: *id,
                        packets: u64::from(id.0) * 11,
                        bytes: Some(0),
                        drops: Some(0),
                        unhashed: Some(0),
                        reordered: Some(0),
                        entries: Vec::new(),
                    })
                    .collect(),
            ),
        }
    }
}
