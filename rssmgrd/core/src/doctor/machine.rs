//! The snapshot that is judged: plain data, from whoever read it.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::capability::Capability;
use crate::cpuset::CpuSet;
use crate::device::Device;
use crate::ids::{CpuId, NodeId, VPortId};
use crate::manager::Verified;
use crate::settings::Settings;
use crate::topology::Topology;
use crate::tunnel::TunnelKind;

/// A counter, or several, now and a while before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sampled<T> {
    /// At the first look; `None` when there was only one.
    pub before: Option<T>,
    /// At the last look.
    pub now: T,
}

impl Sampled<u64> {
    /// How much was counted in between; `None` with one look, or when the counter began anew.
    #[must_use]
    pub fn grown(self) -> Option<u64> {
        self.now.checked_sub(self.before?)
    }
}

/// A machine, as far as receiving is concerned.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its CPUs.
    pub topology: Topology,
    /// Its adapters that have a device behind them, by name.
    pub nics: Vec<NicReport>,
    /// Tunnels that end here.
    pub tunnels: Vec<Tunnel>,
    /// What each CPU received.
    pub cpus: Vec<CpuSample>,
    /// Milliseconds between the two looks of every [`Sampled`]; 0 when there was only one.
    pub interval_ms: u64,
    /// The kernel's limits of receiving.
    pub knobs: Knobs,
    /// Others that set what rssmgrd sets.
    pub signs: Vec<Sign>,
    /// Saved settings in front of other ones.
    pub hidden: Vec<Hidden>,
    /// Adapters that a daemon which does not answer was told to manage, by the file of saved settings.
    pub unattended: Vec<String>,
    /// Whether a daemon told its view.
    pub daemon: bool,
    /// The machine-wide switch.
    pub rss_on: bool,
}

/// One adapter.
#[derive(Clone, Debug)]
pub struct NicReport {
    /// Interface name.
    pub name: String,
    /// The kernel's driver name.
    pub driver: String,
    /// The NUMA node of its device; `None` when nothing tells.
    pub node: Option<NodeId>,
    /// Whether the interface is up.
    pub up: bool,
    /// Whether the default route leads over it, or over a bond, bridge or VLAN that it is part of.
    pub default_route: bool,
    /// What the daemon says of it.
    pub daemon: Option<DaemonView>,
    /// The settings in force; `Settings::layered(&[])` where nobody set any.
    pub settings: Settings,
    /// What it can do, where its driver was asked.
    pub capability: Option<Capability>,
    /// Its state, where its driver was asked.
    pub device: Option<Device>,
    /// Its receive queues, as many as are in use.
    pub queues: Vec<QueueReport>,
    /// The VPorts that were asked for beside the default one, and those that rssmgrd made.
    pub vports: Vec<VPortReport>,
}

/// A VPort beside the default one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VPortReport {
    /// Its number.
    pub id: VPortId,
    /// Its name; empty where it has none, or none is known.
    pub name: String,
    /// Whether it is saved, and so is to be there whenever rssmgrd runs.
    pub saved: bool,
    /// What became of the RSS context that rssmgrd made for it, where that is not as it was made.
    pub astray: Option<Astray>,
}

/// What became of an RSS context that rssmgrd made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Astray {
    /// Its number.
    pub context: u32,
    /// What is wrong with the context.
    pub fault: Option<ContextFault>,
    /// Receive rules that lead there and are gone, of how many.
    pub rules: (usize, usize),
}

/// What can be wrong with an RSS context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextFault {
    /// There is none of this number.
    Gone,
    /// There is one of this number, and nothing of it is as it was made: it is somebody else's.
    Replaced,
    /// Its table is not as it was written.
    Table,
}

/// One receive queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueReport {
    /// Its interrupt, where that is certain.
    pub irq: Option<u32>,
    /// The CPUs that the interrupt may go to.
    pub allowed: Option<CpuSet>,
    /// The CPUs that it goes to.
    pub effective: Option<CpuSet>,
    /// The CPUs that RPS spreads it over; empty when it does not, `None` when not known.
    pub rps: Option<CpuSet>,
    /// Packets received.
    pub packets: Option<Sampled<u64>>,
}

impl QueueReport {
    /// The CPU that takes its interrupts, where it is one.
    #[must_use]
    pub fn home(&self) -> Option<CpuId> {
        let one = |set: &CpuSet| set.first().filter(|_| set.len() == 1);
        self.allowed.as_ref().and_then(one).or_else(|| self.effective.as_ref().and_then(one))
    }
}

/// What the daemon says of an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonView {
    /// Whether it is managed.
    pub managed: bool,
    /// How it is.
    pub health: Health,
    /// Why, in the daemon's words.
    pub reason: Option<String>,
    /// How far the daemon knows that the table is in use.
    pub verified: Verified,
}

/// How an adapter is, in the daemon's eyes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// As it should be, or only observed.
    #[default]
    Fine,
    /// A change failed and could not be undone.
    Degraded,
    /// The driver does not answer.
    Stuck,
    /// Somebody else keeps changing it.
    Contested,
    /// Somebody else changed it.
    Drifted,
    /// Steps wait.
    Pending,
    /// It is not there.
    Away,
}

/// What one CPU received, and how busy it was (`/proc/net/softnet_stat`, `/proc/stat`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuSample {
    /// The CPU.
    pub cpu: CpuId,
    /// Packets handled.
    pub processed: Sampled<u64>,
    /// Packets dropped because its backlog was full.
    pub dropped: Sampled<u64>,
    /// How often time or budget ran out with packets left.
    pub squeezed: Sampled<u64>,
    /// Time in interrupts and soft interrupts, in clock ticks; `None` when not known.
    pub interrupt_time: Option<Sampled<u64>>,
    /// All its time, in clock ticks.
    pub time: Option<Sampled<u64>>,
}

/// The kernel's limits of receiving (`net.core`); `None` where not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Knobs {
    /// `netdev_max_backlog`, in packets.
    pub max_backlog: Option<u64>,
    /// `netdev_budget`, in packets.
    pub budget: Option<u64>,
    /// `netdev_budget_usecs`, in microseconds.
    pub budget_usecs: Option<u64>,
}

/// A tunnel that ends on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// Its interface.
    pub name: String,
    /// What it is.
    pub kind: TunnelKind,
    /// The interfaces that its packets arrive on: the one that it is bound to, and those below that. Empty where it is
    /// bound to none: then it is those of the default route.
    pub over: BTreeSet<String>,
}

/// Somebody else who sets what rssmgrd sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// Who.
    pub kind: SignKind,
    /// The adapters that it is about; `None` means all, or that it cannot be told.
    pub adapters: Option<Vec<String>>,
    /// The file, or the process.
    pub place: String,
    /// The line in that file.
    pub line: Option<u32>,
    /// What stands there.
    pub text: String,
}

/// Who sets what rssmgrd sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignKind {
    /// irqbalance runs.
    Irqbalance {
        /// Interrupts that it was told to leave alone.
        banned: Vec<u32>,
        /// What else its command line says, without its name.
        rest: Vec<String>,
        /// Why it could not be asked what else it leaves alone.
        unasked: Option<String>,
    },
    /// The profile of tuned that is active.
    Tuned,
    /// A connection of NetworkManager.
    NetworkManager {
        /// Its id or UUID.
        connection: String,
        /// The setting, such as `channels-combined`.
        key: String,
    },
    /// A systemd.link file.
    SystemdLink,
    /// A script, or a unit that runs one.
    Script {
        /// The unit.
        unit: Option<String>,
    },
}

/// A saved setting that hides what the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The adapter.
    pub adapter: String,
    /// Key of the setting.
    pub key: String,
    /// The value in force.
    pub saved: String,
    /// The value that the configuration has.
    pub configured: String,
    /// File and line of that.
    pub place: String,
    /// Whether the configuration was written after the setting was saved; `None` when it cannot be told.
    pub newer: Option<bool>,
}
