//! One adapter in its machine, with what the planner would do with it.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::machine::{Machine, NicReport};
use super::{Check, Finding, Severity, word};
use crate::capability::{Capability, ChannelControl};
use crate::cpuset::CpuSet;
use crate::device::{Device, Queue};
use crate::driver::Driver;
use crate::ids::{AdapterId, CpuId, NodeId, QueueId};
use crate::place::{AdapterInput, GiveBack, PlaceError, Target, eligible, place};
use crate::topology::Topology;

/// One adapter.
pub(super) struct Case<'a> {
    pub(super) machine: &'a Machine,
    pub(super) nic: &'a NicReport,
    /// Where the settings would put it now.
    pub(super) target: Result<&'a Target, &'a PlaceError>,
}

impl<'a> Case<'a> {
    /// A finding about this adapter.
    pub(super) fn finding(&self, check: Check, severity: Severity, title: String) -> Finding {
        let adapter = Some(self.nic.name.clone());
        Finding { check, severity, adapter, title, evidence: Vec::new(), remedy: Vec::new() }
    }

    /// The adapter's name as a word of a command.
    pub(super) fn word(&self) -> String {
        word(&self.nic.name)
    }

    /// The command that plans it anew with the profile in force.
    pub(super) fn plan_anew(&self) -> String {
        format!("rssctl set {} --profile {}", self.word(), self.nic.settings.profile.value)
    }

    pub(super) fn topology(&self) -> &'a Topology {
        &self.machine.topology
    }

    pub(super) fn managed(&self) -> bool {
        self.nic.daemon.as_ref().is_some_and(|d| d.managed)
    }

    pub(super) fn driver(&self) -> &'static Driver {
        Driver::of(&self.nic.driver)
    }

    /// Whether it is to spread.
    pub(super) fn on(&self) -> bool {
        self.nic.settings.enabled.value && self.machine.rss_on
    }

    /// Queues that packets can arrive on: those in the table, or all where there is no table to be seen.
    pub(super) fn used(&self) -> BTreeSet<QueueId> {
        match &self.nic.device {
            Some(d) if !d.enabled => BTreeSet::from([d.default_queue]),
            Some(d) if !d.table.is_empty() => d.table.iter().copied().collect(),
            _ => (0..self.channels()).map(QueueId).collect(),
        }
    }

    /// Receive queues there are.
    pub(super) fn channels(&self) -> u16 {
        channels(self.nic)
    }

    /// The one CPU that serves a queue.
    pub(super) fn home(&self, queue: QueueId) -> Option<CpuId> {
        let seen = self.nic.queues.get(queue.index()).and_then(super::QueueReport::home);
        seen.or_else(|| self.nic.device.as_ref()?.home(queue))
    }

    /// Each used queue that is served by one CPU, with that.
    pub(super) fn homes(&self) -> Vec<(QueueId, CpuId)> {
        self.used().into_iter().filter_map(|q| Some((q, self.home(q)?))).collect()
    }

    /// The CPUs that it may use.
    pub(super) fn eligible(&self) -> CpuSet {
        eligible::eligible(self.topology(), &self.nic.settings)
    }

    pub(super) fn node_of(&self, cpu: CpuId) -> Option<NodeId> {
        self.topology().cpu(cpu).map(|c| c.node)
    }

    /// A line on where a queue's interrupt goes.
    pub(super) fn line(&self, queue: QueueId, cpu: CpuId) -> String {
        let node = self.node_of(cpu).map(|n| format!(", node {n}")).unwrap_or_default();
        let Some((report, irq)) = self.nic.queues.get(queue.index()).and_then(|q| Some((q, q.irq?))) else {
            return format!("queue {queue} on CPU {cpu}{node}");
        };
        let bound = report.allowed.as_ref().is_some_and(|set| set.len() == 1);
        let file = if bound { "smp_affinity_list" } else { "effective_affinity_list" };
        format!("queue {queue}: interrupt {irq} on CPU {cpu}{node} (/proc/irq/{irq}/{file})")
    }
}

fn channels(nic: &NicReport) -> u16 {
    let seen = u16::try_from(nic.queues.len()).unwrap_or(u16::MAX);
    nic.device.as_ref().map_or(seen, Device::channels)
}

/// Where the settings of each adapter would put it now, all adapters together.
pub(super) fn targets(machine: &Machine) -> Vec<Result<Target, PlaceError>> {
    let known: Vec<(Capability, Device)> = machine.nics.iter().map(known).collect();
    let inputs: Vec<AdapterInput<'_>> = (0..)
        .zip(machine.nics.iter().zip(&known))
        .map(|(id, (nic, (capability, device)))| AdapterInput {
            id: AdapterId(id),
            node: nic.node,
            settings: &nic.settings,
            capability,
            device,
            driver: &nic.driver,
            found_queues: device.channels(),
            assigned: None,
            replan: true,
            rss_on: machine.rss_on,
            boot_key: None,
            team: None,
            give_back: GiveBack::default(),
        })
        .collect();
    place(&inputs, &machine.topology)
}

/// What is known of an adapter, or what must be assumed where its driver was not asked: as many queues as it shows.
fn known(nic: &NicReport) -> (Capability, Device) {
    let queues = channels(nic).max(1);
    let capability = nic.capability.clone().unwrap_or_else(|| Capability {
        max_queues: queues,
        channels: ChannelControl::Fixed,
        vectors: queues,
        queue_affinity: true,
        ..Capability::default()
    });
    let device = nic.device.clone().unwrap_or_else(|| Device {
        enabled: true,
        queues: alloc::vec![Queue::default(); usize::from(queues)],
        ..Device::default()
    });
    (capability, device)
}
