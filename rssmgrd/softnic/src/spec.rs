//! What a software NIC shall be, as text and as values.

use std::collections::BTreeMap;
use std::fmt;

use rssmgr_core::NodeId;
use rssmgr_core::topology::Topology;

use crate::error::SpecError;
use crate::options::{Options, shown};
use crate::source::SourceSpec;

/// The machine whose CPUs the NIC's queues are served by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TopologySpec {
    /// `host`: this one.
    #[default]
    Host,
    /// `NODESxCORESxTHREADS[:DISTANCE]`: a pretended one.
    Pretended(String),
    /// `path:DIR`: a recorded one; DIR holds its `sys`. Pretended too, as far as this machine is concerned.
    Recorded(String),
}

impl TopologySpec {
    /// Reads a topology as it is typed.
    ///
    /// # Errors
    /// No topology; what can be written.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        match text.split_once(':') {
            Some(("path", folder)) if !folder.is_empty() => Ok(Self::Recorded(folder.to_owned())),
            _ if text == "host" => Ok(Self::Host),
            _ if text.starts_with(|c: char| c.is_ascii_digit()) => {
                // The label is the canonical form of the text.
                let topology = Topology::from_spec(text)?;
                Ok(Self::Pretended(topology.label().unwrap_or(text).to_owned()))
            }
            _ => Err(SpecError::Value {
                of: SoftnicSpec::OF,
                key: "topology",
                value: shown(text),
                allowed:
                    "`host`, NODESxCORESxTHREADS such as `2x8x2`, or `path:DIR` with a folder that holds a \
                          recorded `sys`"
                        .to_owned(),
            }),
        }
    }
}

impl fmt::Display for TopologySpec {
    /// As it is typed; [`TopologySpec::parse`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Pretended(label) => f.write_str(label),
            Self::Recorded(folder) => write!(f, "path:{folder}"),
        }
    }
}

/// What a software NIC shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftnicSpec {
    /// Its name: 1 to 15 characters, as a network interface's.
    pub name: String,
    /// Receive queues at the start, 1 to `max_queues`.
    pub queues: u16,
    /// The most receive queues it can have, 1 to [`SoftnicSpec::MOST_QUEUES`].
    pub max_queues: u16,
    /// Indirection table entries, a power of two up to [`SoftnicSpec::MOST_ENTRIES`].
    pub entries: u16,
    /// The machine that it is in.
    pub topology: TopologySpec,
    /// The NUMA node that it is near to; `None` when it is near to none.
    pub node: Option<NodeId>,
    /// Descriptors in each queue's ring, 1 to [`SoftnicSpec::LONGEST_RING`].
    pub ring: u32,
    /// Where packets come from.
    pub source: SourceSpec,
    /// The most VPorts, the default one included, 1 to [`SoftnicSpec::MOST_VPORTS`].
    pub vports: u16,
    /// Link speed in Mbit/s, 1 to [`SoftnicSpec::FASTEST`]; changes nothing but what is reported.
    pub speed: u32,
}

impl SoftnicSpec {
    /// The most receive queues; each has a thread.
    pub const MOST_QUEUES: u16 = 256;
    /// The most table entries.
    pub const MOST_ENTRIES: u16 = 1 << 15;
    /// The longest ring, in descriptors.
    pub const LONGEST_RING: u32 = 1 << 16;
    /// The most VPorts.
    pub const MOST_VPORTS: u16 = 64;
    /// The highest link speed, in Mbit/s.
    pub const FASTEST: u32 = 1_600_000;
    /// All keys.
    pub const KEYS: &'static [&'static str] =
        &["queues", "max_queues", "entries", "topology", "node", "ring", "source", "vports", "speed"];
    const OF: &'static str = "software NIC";

    /// A NIC with this name and the defaults: Windows' eight queues of a 10 Gbit/s NIC with MSI-X, 128 entries, in
    /// this machine, without a source.
    ///
    /// # Errors
    /// A name that cannot be used.
    pub fn new(name: &str) -> Result<Self, SpecError> {
        Self::parse(name, &BTreeMap::new())
    }

    /// Reads a specification. Keys that are not given have their defaults.
    ///
    /// # Errors
    /// Names the key, its value, what is allowed and, for an unknown key, a known one that looks like it.
    pub fn parse(name: &str, map: &BTreeMap<String, String>) -> Result<Self, SpecError> {
        check_name(name)?;
        let options = Options::new(
            Self::OF,
            Self::KEYS,
            map.iter().map(|(key, value)| (key.as_str(), value.as_str())),
        )?;
        let most = options.number("max_queues", Self::MOST_QUEUES, 1..=Self::MOST_QUEUES)?;
        let queues = options.number("queues", most.min(8), 1..=most)?;
        let max_queues = if options.text("max_queues").is_some() { most } else { queues };
        let entries = format!("a power of two, 1 to {}", Self::MOST_ENTRIES);
        let power = |text: &str| {
            crate::options::number(text).filter(|n: &u16| n.is_power_of_two() && *n <= Self::MOST_ENTRIES)
        };
        let entries = options.read("entries", 128, &entries, power)?;
        let node = |text: &str| match text {
            "none" => Some(None),
            text => crate::options::number(text).map(|node| Some(NodeId(node))),
        };
        let node = options.read("node", None, "the number of a NUMA node, or `none`", node)?;
        Ok(Self {
            name: name.to_owned(),
            queues,
            max_queues,
            entries,
            topology: options.text("topology").map_or(Ok(TopologySpec::Host), TopologySpec::parse)?,
            node,
            ring: options.number("ring", 1024, 1..=Self::LONGEST_RING)?,
            source: options.text("source").map_or(Ok(SourceSpec::None), SourceSpec::parse)?,
            vports: options.number("vports", 8, 1..=Self::MOST_VPORTS)?,
            speed: options.number("speed", 10_000, 1..=Self::FASTEST)?,
        })
    }

    /// The specification as text, every key with its value; [`SoftnicSpec::parse`] reads it back.
    #[must_use]
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let node = self.node.map_or_else(|| "none".to_owned(), |node| node.to_string());
        let pairs = [
            ("queues", self.queues.to_string()),
            ("max_queues", self.max_queues.to_string()),
            ("entries", self.entries.to_string()),
            ("topology", self.topology.to_string()),
            ("node", node),
            ("ring", self.ring.to_string()),
            ("source", self.source.to_string()),
            ("vports", self.vports.to_string()),
            ("speed", self.speed.to_string()),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

fn check_name(name: &str) -> Result<(), SpecError> {
    let wrong = |problem| Err(SpecError::Name { name: shown(name), problem });
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name {
        "" => wrong("is empty"),
        "." | ".." | "all" => wrong("has a meaning of its own"),
        _ if name.starts_with('-') => wrong("begins with `-`, as options do"),
        _ if !name.chars().all(fits) => wrong("has a character that names cannot have"),
        _ if name.len() > 15 => wrong("is too long"),
        _ => Ok(()),
    }
}
