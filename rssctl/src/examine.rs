//! Reads a machine for the doctor: this one, through the kernel and its files, or a recorded one, from its files alone.
//! Nothing is ever changed.

mod daemon;
mod live;
mod recorded;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rssmgr_core::doctor::{
    CpuSample, DaemonView, Hidden, Machine, NicReport, QueueReport, Sampled, VPortReport,
};
use rssmgr_core::settings::Settings;
use rssmgr_core::{CpuId, VPortId};
use rssmgr_host::rival::rivals;
use rssmgr_host::settings::{SAVED, Whom, config_files, hidden, managed, vports};
use rssmgr_host::{CpuTime, HostError, NicFacts, Softnet};
use rssmgr_proto::types::{AdapterRecord, ConfigRecord, VPortRecord};

use crate::exit::Failure;
use crate::resolve::host_failure;

/// A machine as it was found, and what could not be looked at.
#[derive(Debug)]
pub struct Examined {
    /// The machine.
    pub machine: Machine,
    /// What is missing in it, and why.
    pub not_checked: Vec<String>,
}

/// What a daemon knows.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Its adapters.
    pub adapters: Vec<AdapterRecord>,
    /// Its configuration and saved settings.
    pub config: ConfigRecord,
    /// The machine-wide switch.
    pub rss_on: bool,
    /// VPorts beside the default one, by adapter.
    pub vports: BTreeMap<String, Vec<VPortRecord>>,
}

/// Reads this machine; counters twice, `interval` apart.
///
/// # Errors
/// Its CPUs cannot be read. What else cannot be read is in the answer.
pub fn this_machine(interval: Duration, told: Option<&Told>) -> Result<Examined, Failure> {
    let mut reader = Reader::new(Path::new("/"))?;
    live::read(&mut reader, interval, told);
    reader.finish(told)
}

/// Reads a recorded machine.
///
/// # Errors
/// Its CPUs cannot be read. What else cannot be read is in the answer.
pub fn recorded_machine(root: &Path) -> Result<Examined, Failure> {
    let mut reader = Reader::new(root)?;
    recorded::read(&mut reader);
    reader.finish(None)
}

/// What has been read so far.
struct Reader {
    root: PathBuf,
    machine: Machine,
    /// The interfaces that have a device behind them.
    facts: Vec<NicFacts>,
    not_checked: Vec<String>,
}

impl Reader {
    fn new(root: &Path) -> Result<Self, Failure> {
        let topology = rssmgr_host::topology(root).map_err(|e| host_failure(&e))?;
        let mut reader = Self {
            root: root.to_owned(),
            machine: Machine {
                topology,
                nics: Vec::new(),
                tunnels: Vec::new(),
                cpus: Vec::new(),
                interval_ms: 0,
                knobs: rssmgr_host::receive_limits(root),
                signs: Vec::new(),
                hidden: Vec::new(),
                unattended: Vec::new(),
                daemon: false,
                rss_on: true,
            },
            facts: Vec::new(),
            not_checked: Vec::new(),
        };
        let facts = reader.try_read(rssmgr_host::nics(root));
        reader.facts = facts.into_iter().filter(|n| n.device.is_some()).collect();
        reader.machine.tunnels = reader.try_read(rssmgr_host::tunnels(root));
        Ok(reader)
    }

    /// What was read, or nothing and a note.
    fn try_read<T: Default>(&mut self, result: Result<T, HostError>) -> T {
        result.unwrap_or_else(|e| {
            self.not_checked.push(e.to_string());
            T::default()
        })
    }

    /// Counters of the CPUs.
    fn cpus(&mut self) -> (Vec<Softnet>, Vec<CpuTime>) {
        let softnet = rssmgr_host::softnet(&self.root);
        let times = rssmgr_host::cpu_times(&self.root);
        (self.try_read(softnet), self.try_read(times))
    }

    /// Where the interrupt of a queue goes, and over which CPUs RPS spreads what it brings.
    fn queue(&mut self, irq: Option<u32>) -> QueueReport {
        let Some(number) = irq else { return QueueReport::default() };
        let read = rssmgr_host::interrupt(&self.root, number);
        let found = self.try_read(read);
        QueueReport { irq, allowed: found.allowed, effective: found.effective, ..QueueReport::default() }
    }

    /// An adapter of which only the files tell.
    fn plain(&self, facts: &NicFacts) -> NicReport {
        NicReport {
            name: facts.name.clone(),
            driver: facts.driver.clone().unwrap_or_default(),
            node: facts.node,
            // A recording that does not tell is taken for one of a machine at work.
            up: facts.up.unwrap_or(true),
            default_route: false,
            daemon: None,
            settings: Settings::layered(&[]),
            capability: None,
            device: None,
            queues: Vec::new(),
            vports: Vec::new(),
        }
    }

    /// What concerns the machine as a whole, and what the daemon knows.
    fn finish(mut self, told: Option<&Told>) -> Result<Examined, Failure> {
        let routes = rssmgr_host::default_routes(&self.root);
        let routes = self.try_read(routes);
        for nic in &mut self.machine.nics {
            nic.default_route = routes.contains(&nic.name);
        }
        let others = rivals(&self.root, &self.facts);
        self.machine.signs = others.signs;
        self.not_checked.extend(others.unread.iter().map(ToString::to_string));
        let whom = self.facts.iter().map(|f| Whom {
            name: f.name.clone(),
            mac: f.mac.clone(),
            driver: f.driver.clone(),
        });
        let whom: Vec<Whom> = whom.collect();
        let hidden = match told {
            Some(told) => daemon::merge(&mut self.machine, told, &mut self.not_checked),
            None => {
                // A recording has no daemon that could answer.
                if self.root == Path::new("/") {
                    let managed = managed(&self.root, Path::new(SAVED));
                    self.machine.unattended = self.try_read(managed);
                }
                let vports = vports(&self.root, Path::new(SAVED));
                self.saved_vports(vports);
                self.hidden(&whom)
            }
        };
        self.machine.hidden = self.try_read(hidden);
        self.machine.nics.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Examined { machine: self.machine, not_checked: self.not_checked })
    }

    /// Notes which VPorts are saved.
    fn saved_vports(&mut self, vports: Result<BTreeMap<String, Vec<(u32, String)>>, HostError>) {
        // Whoever may not read the file was told so when its other settings were read.
        for (adapter, vports) in vports.unwrap_or_default() {
            if let Some(nic) = self.machine.nics.iter_mut().find(|n| n.name == adapter) {
                vports.into_iter().for_each(|(id, name)| note_vport(nic, VPortId(id), name));
            }
        }
    }

    /// Saved settings in front of the configuration, where the files are where the system has them.
    fn hidden(&self, whom: &[Whom]) -> Result<Vec<Hidden>, HostError> {
        let files = config_files(&self.root)?;
        hidden(&self.root, &files, Path::new(SAVED), whom)
    }
}

/// Rows of two looks, or of one, by CPU. Counters of softnet_stat wrap at 32 bits; over one interval they are put right.
fn cpu_samples(
    before: Option<&(Vec<Softnet>, Vec<CpuTime>)>,
    now: &(Vec<Softnet>, Vec<CpuTime>),
) -> Vec<CpuSample> {
    let sample = |row: &Softnet| {
        let cpu = row.cpu;
        let earlier = before.and_then(|(rows, _)| rows.iter().find(|r| r.cpu == cpu));
        let counter = |of: fn(&Softnet) -> u32| {
            let now = u64::from(of(row));
            let before = earlier.map(|r| u64::from(of(r)));
            let wrapped = before.is_some_and(|b| b > now);
            Sampled { before, now: if wrapped { now + (1 << 32) } else { now } }
        };
        let time = |of: fn(&CpuTime) -> u64| {
            let at = |times: &[CpuTime]| times.iter().find(|t| t.cpu == cpu).map(of);
            Some(Sampled { before: before.and_then(|(_, times)| at(times)), now: at(&now.1)? })
        };
        CpuSample {
            cpu: CpuId(cpu.0),
            processed: counter(|r| r.processed),
            dropped: counter(|r| r.dropped),
            squeezed: counter(|r| r.squeezed),
            interrupt_time: time(|t| t.interrupts),
            time: time(|t| t.total),
        }
    };
    now.0.iter().map(sample).collect()
}

/// Notes that a VPort is saved.
fn note_vport(nic: &mut NicReport, id: VPortId, name: String) {
    let at = nic.vports.iter().position(|v| v.id == id).unwrap_or_else(|| {
        nic.vports.push(VPortReport { id, ..VPortReport::default() });
        nic.vports.len() - 1
    });
    if let Some(vport) = nic.vports.get_mut(at) {
        (vport.saved, vport.name) = (true, name);
    }
}

/// An adapter that only the daemon knows of.
fn only_told(record: &AdapterRecord, view: DaemonView, settings: Settings) -> NicReport {
    NicReport {
        name: record.name.clone(),
        driver: record.driver.clone(),
        node: record.node.map(rssmgr_core::NodeId),
        // Its interrupts, if it has any, are not this machine's.
        up: false,
        default_route: false,
        daemon: Some(view),
        settings,
        capability: None,
        device: None,
        queues: Vec::new(),
        vports: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_two_looks_are_put_together_by_cpu() {
        let row = |cpu, processed| Softnet { cpu: CpuId(cpu), processed, ..Softnet::default() };
        let time = |cpu, total| CpuTime { cpu: CpuId(cpu), interrupts: 1, total };
        let before = (vec![row(0, 10), row(1, u32::MAX)], vec![time(1, 50)]);
        let now = (vec![row(1, 4), row(2, 7)], vec![time(1, 80), time(2, 9)]);
        let samples = cpu_samples(Some(&before), &now);
        assert_eq!(samples[0].cpu, CpuId(1));
        assert_eq!(samples[0].processed.grown(), Some(5), "it wrapped");
        assert_eq!(samples[0].time.unwrap().grown(), Some(30));
        assert_eq!(samples[1].processed, Sampled { before: None, now: 7 }, "the CPU came meanwhile");
        assert_eq!(cpu_samples(None, &now)[0].processed.grown(), None);
    }
}
