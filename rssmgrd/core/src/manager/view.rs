//! The state as readers see it: immutable, with a generation.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::checkpoint::{CheckpointId, CheckpointView};
use super::command::CommandError;
use super::guard::ObserveOnly;
use super::selector::{Selector, glob, is_glob};
use super::vport::VPortView;
use crate::capability::Capability;
use crate::device::Device;
use crate::ids::{AdapterId, Generation, NodeId};
use crate::place::{self, Path, Reason, Target, Team};
use crate::plan::Step;
use crate::settings::{Layer, Settings};
use crate::topology::Topology;

/// What kind of adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The built-in software NIC.
    Softnic,
    /// A network interface of the kernel.
    Kernel,
}

/// What an adapter is, apart from its RSS state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterFacts {
    /// Interface name.
    pub name: String,
    /// What finds it again after a restart.
    pub key: String,
    /// What kind.
    pub kind: Kind,
    /// Vendor's text, or what stands for it.
    pub description: String,
    /// Driver name.
    pub driver: String,
    /// The driver's version, as it prints it; that of the kernel for most. Empty where there is none.
    pub driver_version: String,
    /// The firmware's version, as the driver prints it. Empty where it does not.
    pub firmware: String,
    /// MAC address.
    pub mac: Option<[u8; 6]>,
    /// NUMA node.
    pub node: Option<NodeId>,
    /// The bond or team that it is a port of.
    pub team: Option<Team>,
}

/// How far an adapter's state is in our hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterState {
    /// Nobody named it: only watched.
    Observed,
    /// Managed.
    Managed,
    /// Managed, and steps are left for a restart.
    Pending,
    /// A change is under way.
    Applying,
    /// A change failed and could not be taken back; nothing is changed automatically.
    Degraded {
        /// Why.
        because: String,
    },
    /// A call into its driver has not come back for a long time.
    Stuck {
        /// Which, and for how long.
        because: String,
    },
    /// Somebody undid twice what was put back; nothing is changed until a request names it.
    Contested {
        /// What, and who is suspected.
        because: String,
    },
    /// It is not as its settings say, and is left so: by its policy, or because mending it would disturb too much.
    Drifted {
        /// What differs.
        what: String,
    },
    /// Without power, and so without queues: nothing is received, and nothing is changed.
    Down,
    /// Moved to another network namespace: nothing is changed there.
    Away,
}

impl AdapterState {
    /// The names of all states.
    pub const NAMES: [&'static str; 10] = [
        "observed",
        "managed",
        "pending",
        "applying",
        "degraded",
        "stuck",
        "contested",
        "drifted",
        "down",
        "away",
    ];

    /// The name in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Managed => "managed",
            Self::Pending => "pending",
            Self::Applying => "applying",
            Self::Degraded { .. } => "degraded",
            Self::Stuck { .. } => "stuck",
            Self::Contested { .. } => "contested",
            Self::Drifted { .. } => "drifted",
            Self::Down => "down",
            Self::Away => "away",
        }
    }

    /// What there is to say about it, in words; nothing for one that is as it should be.
    #[must_use]
    pub fn because(&self) -> Option<&str> {
        match self {
            Self::Degraded { because } | Self::Stuck { because } | Self::Contested { because } => {
                Some(because)
            }
            Self::Drifted { what } => Some(what),
            Self::Down => {
                Some("it has no power, and so no queues: nothing is received, and nothing is changed")
            }
            Self::Away => Some("moved to another network namespace"),
            Self::Observed | Self::Managed | Self::Pending | Self::Applying => None,
        }
    }
}

/// How far the state was verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verified {
    /// Not at all.
    #[default]
    Unknown,
    /// What was written was read back.
    Config,
    /// Packets arrived as the table says.
    Traffic,
    /// Packets arrived otherwise than the table says: it is not what the hardware does.
    Refuted,
}

impl Verified {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Config => "config",
            Self::Traffic => "traffic",
            Self::Refuted => "refuted",
        }
    }
}

/// One adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct AdapterView {
    /// Its id.
    pub id: AdapterId,
    /// What it is.
    pub facts: AdapterFacts,
    /// What it can do.
    pub capability: Capability,
    /// Its state as last read.
    pub device: Device,
    /// The machine that its CPUs belong to.
    pub topology: Arc<Topology>,
    /// Settings in force.
    pub settings: Settings,
    /// The plan in force; `None` for an adapter that is only observed.
    pub target: Option<Target>,
    /// Steps that are left for a restart.
    pub pending: Vec<Step>,
    /// The checkpoint that it is under.
    pub checkpoint: Option<CheckpointId>,
    /// Whose hands it is in.
    pub state: AdapterState,
    /// How far it was verified.
    pub verified: Verified,
    /// Its VPorts, the default one first; none where its table cannot be one of RSSv2.
    pub vports: Vec<VPortView>,
    /// Whether VMQ is on: VPorts beside the default one are made.
    pub vmq: bool,
    /// The generation in which this was published.
    pub generation: Generation,
}

impl AdapterView {
    /// Whether packets are spread over processors now: by the adapter's table, or by the kernel where there is none.
    #[must_use]
    pub fn spreads(&self) -> bool {
        let off = |r: &Reason| matches!(r, Reason::Rule(place::Rule::Disabled | place::Rule::GloballyOff));
        let kernel_off = |t: &Target| t.path == Path::Rps && t.reasons.iter().any(off);
        self.device.enabled && !self.target.as_ref().is_some_and(kernel_off)
    }
}

/// A software NIC as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoftnicView {
    /// Its name.
    pub name: String,
    /// Its options.
    pub options: BTreeMap<String, String>,
    /// Why it could not be created again, if so.
    pub error: Option<String>,
}

/// Everything readers may see.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Grows by one with each publication.
    pub generation: Generation,
    /// The machine-wide switch.
    pub rss_on: bool,
    /// The adapters.
    pub adapters: BTreeMap<AdapterId, Arc<AdapterView>>,
    /// Software NICs, also those that could not be created.
    pub softnics: Vec<SoftnicView>,
    /// Configuration files in force, weakest first.
    pub config_files: Vec<String>,
    /// Changes that wait to be confirmed.
    pub checkpoints: Vec<CheckpointView>,
    /// Why nothing is changed, if so.
    pub observe: Option<ObserveOnly>,
}

impl Snapshot {
    /// The adapter of this name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Arc<AdapterView>> {
        self.adapters.values().find(|a| a.facts.name == name)
    }

    /// The adapters that a reader means, ascending by id; every one when nothing is named.
    ///
    /// # Errors
    /// A name or glob that matches nothing.
    pub fn select(&self, selector: &Selector) -> Result<Vec<Arc<AdapterView>>, CommandError> {
        let means =
            |pattern: &String, name: &String| pattern == name || (is_glob(pattern) && glob(pattern, name));
        let names = || self.adapters.values().map(|a| &a.facts.name);
        if let Some(pattern) = selector.0.iter().find(|p| !names().any(|n| means(p, n))) {
            let known = names().cloned().collect();
            return Err(CommandError::NoSuchAdapter { pattern: pattern.clone(), known });
        }
        let meant =
            |a: &&Arc<AdapterView>| selector.is_all() || selector.0.iter().any(|p| means(p, &a.facts.name));
        Ok(self.adapters.values().filter(meant).cloned().collect())
    }
}

/// Which adapters a configuration rule means. All that is given must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// Glob of the interface name.
    pub name: Option<String>,
    /// MAC address.
    pub mac: Option<[u8; 6]>,
    /// Driver name.
    pub driver: Option<String>,
}

impl Matcher {
    /// Whether an adapter is meant.
    #[must_use]
    pub fn matches(&self, facts: &AdapterFacts) -> bool {
        self.name.as_ref().is_none_or(|g| glob(g, &facts.name))
            && self.mac.is_none_or(|m| facts.mac == Some(m))
            && self.driver.as_ref().is_none_or(|d| *d == facts.driver)
    }
}

/// A rule of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// For whom.
    pub matcher: Matcher,
    /// What.
    pub layer: Layer,
}

/// The administrator's configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The files it comes from, weakest first.
    pub files: Vec<String>,
    /// The rules, weakest first.
    pub rules: Vec<Rule>,
}

impl Config {
    /// The layers for one adapter, weakest first; empty when no rule names it.
    #[must_use]
    pub fn layers(&self, facts: &AdapterFacts) -> Vec<Layer> {
        self.rules.iter().filter(|r| r.matcher.matches(facts)).map(|r| r.layer.clone()).collect()
    }
}
