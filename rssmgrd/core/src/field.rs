//! One table of every setting: its spellings on the command line, in PowerShell, in WMI, in files and on D-Bus, its
//! range and its help. Parsers, errors, `rssctl why`, the man pages and the parity ledger are all made from it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// A setting of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// RSS on or off.
    Enabled,
    /// How processors are chosen.
    Profile,
    /// Lowest processor.
    BaseProcessor,
    /// Highest processor.
    MaxProcessor,
    /// Most processors used at once.
    MaxProcessors,
    /// Preferred NUMA node.
    NumaNode,
    /// Receive queues.
    Queues,
    /// Secret key of the hash.
    HashKey,
    /// What is hashed.
    HashTypes,
    /// Which encapsulated packets are looked into.
    Encapsulation,
    /// By which UDP port VXLAN is recognised.
    VxlanPort,
    /// Whether SMT siblings may be used.
    Smt,
    /// CPUs never used.
    ExcludeCpus,
    /// Which CPUs send through which transmit queue.
    Xps,
    /// Whether the kernel spreads what the adapter cannot.
    Rps,
    /// What is done when somebody else changes the adapter.
    Drift,
}

/// Which part of a setting a PowerShell parameter carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole value.
    Whole,
    /// The processor group of a processor.
    Group,
    /// The number inside the group of a processor.
    Number,
}

/// A PowerShell parameter of `Set-NetAdapterRss`.
#[derive(Clone, Copy, Debug)]
pub struct PowerShell {
    /// Its name.
    pub name: &'static str,
    /// Its documented aliases.
    pub aliases: &'static [&'static str],
    /// What it carries.
    pub part: Part,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct FieldInfo {
    /// The setting.
    pub field: Field,
    /// Key in TOML, JSON and D-Bus dictionaries.
    pub key: &'static str,
    /// Option of `rssctl set`, without the dashes.
    pub flag: &'static str,
    /// Placeholder of the value in help texts.
    pub value_name: &'static str,
    /// Parameters of `Set-NetAdapterRss`; empty where Windows has none.
    pub powershell: &'static [PowerShell],
    /// Properties of `MSFT_NetAdapterRssSettingData`.
    pub wmi: &'static [&'static str],
    /// The values allowed, in words.
    pub allowed: &'static str,
    /// The value when nobody sets one.
    pub default: &'static str,
    /// One sentence of help.
    pub help: &'static str,
}

const fn ps(name: &'static str, aliases: &'static [&'static str], part: Part) -> PowerShell {
    PowerShell { name, aliases, part }
}

/// The table.
pub const FIELDS: [FieldInfo; 16] = [
    FieldInfo {
        field: Field::Enabled,
        key: "enabled",
        flag: "enabled",
        value_name: "BOOL",
        powershell: &[ps("Enabled", &[], Part::Whole)],
        wmi: &["Enabled"],
        allowed: "true or false",
        default: "true",
        help: "Receive side scaling on or off; off sends everything to the primary processor and keeps the table for later",
    },
    FieldInfo {
        field: Field::Profile,
        key: "profile",
        flag: "profile",
        value_name: "PROFILE",
        powershell: &[ps("Profile", &[], Part::Whole)],
        wmi: &["Profile"],
        allowed: "Closest, ClosestStatic, NUMA, NUMAStatic, Conservative or Balanced (or 1 to 6)",
        default: "NUMAStatic",
        help: "How processors are chosen; the profiles without Static may rebalance at run time",
    },
    FieldInfo {
        field: Field::BaseProcessor,
        key: "base_processor",
        flag: "base-processor",
        value_name: "[G:]N",
        powershell: &[
            ps("BaseProcessorGroup", &["BaseG"], Part::Group),
            ps("BaseProcessorNumber", &["BaseN"], Part::Number),
        ],
        wmi: &["BaseProcessorGroup", "BaseProcessorNumber"],
        allowed: "a CPU number (8), group:number (1:3), 1: or :3 for the group or the number alone (the other part stays), or auto",
        default: "auto (the first processor)",
        help: "Lowest processor that may be used, inclusive",
    },
    FieldInfo {
        field: Field::MaxProcessor,
        key: "max_processor",
        flag: "max-processor",
        value_name: "[G:]N",
        powershell: &[
            ps("MaxProcessorGroup", &["MaxG"], Part::Group),
            ps("MaxProcessorNumber", &["MaxN"], Part::Number),
        ],
        wmi: &["MaxProcessorGroup", "MaxProcessorNumber"],
        allowed: "a CPU number (8), group:number (1:3), 1: or :3 for the group or the number alone (the other part stays), or auto",
        default: "auto (the last processor)",
        help: "Highest processor that may be used, inclusive",
    },
    FieldInfo {
        field: Field::MaxProcessors,
        key: "max_processors",
        flag: "max-processors",
        value_name: "N",
        powershell: &[ps("MaxProcessors", &["Max"], Part::Whole)],
        wmi: &["MaxProcessors"],
        allowed: "1 to 8192, or auto",
        default: "auto (no limit of its own)",
        help: "Most processors used at the same time",
    },
    FieldInfo {
        field: Field::NumaNode,
        key: "numa_node",
        flag: "numa-node",
        value_name: "N|any",
        powershell: &[ps("NumaNode", &[], Part::Whole)],
        wmi: &["NumaNode"],
        allowed: "a NUMA node number, or any (65535)",
        default: "any (the adapter's own node)",
        help: "NUMA node from which nearness is counted; changes the order of processors, never which ones are eligible",
    },
    FieldInfo {
        field: Field::Queues,
        key: "queues",
        flag: "queues",
        value_name: "N|windows|auto",
        powershell: &[ps("NumberOfReceiveQueues", &[], Part::Whole)],
        wmi: &["NumberOfReceiveQueues"],
        allowed: "1 to 1024, windows (Windows' default for the link speed), or auto",
        default: "auto (the queues found on the adapter)",
        help: "Number of receive queues",
    },
    FieldInfo {
        field: Field::HashKey,
        key: "hash_key",
        flag: "hash-key",
        value_name: "random|symmetric|default|keep|HEX",
        powershell: &[],
        wmi: &[],
        allowed: "random, symmetric, default (the host's boot key), keep, or the key in hex (40 bytes on most adapters)",
        default: "keep (never changed unless asked)",
        help: "Secret key of the Toeplitz hash",
    },
    FieldInfo {
        field: Field::HashTypes,
        key: "hash_types",
        flag: "hash-types",
        value_name: "LIST",
        powershell: &[],
        wmi: &[],
        allowed: "a list of ipv4, tcp_ipv4, udp_ipv4, ipv6, tcp_ipv6, udp_ipv6, ipv6_ex, tcp_ipv6_ex, udp_ipv6_ex; or default, all, none, keep",
        default: "keep (what the adapter hashes already)",
        help: "Which headers are hashed",
    },
    FieldInfo {
        field: Field::Encapsulation,
        key: "encapsulation",
        flag: "encapsulation",
        value_name: "LIST",
        powershell: &[],
        wmi: &[],
        allowed: "a list of nvgre, gre, vxlan; or all, none; or single ones with a sign (+nvgre,-vxlan), the others stay",
        default: "none",
        help: "Encapsulated packets are hashed by the inner addresses and ports, for these encapsulations",
    },
    FieldInfo {
        field: Field::VxlanPort,
        key: "vxlan_port",
        flag: "vxlan-port",
        value_name: "N",
        powershell: &[],
        wmi: &[],
        allowed: "a UDP port, 1 to 65535",
        default: "4789",
        help: "UDP destination port by which VXLAN is recognised",
    },
    FieldInfo {
        field: Field::Smt,
        key: "smt",
        flag: "smt",
        value_name: "skip|use",
        powershell: &[],
        wmi: &[],
        allowed: "skip (first hardware thread of each core only) or use (siblings too, after all first threads)",
        default: "skip",
        help: "Whether SMT siblings may receive",
    },
    FieldInfo {
        field: Field::ExcludeCpus,
        key: "exclude_cpus",
        flag: "exclude-cpus",
        value_name: "LIST",
        powershell: &[],
        wmi: &[],
        allowed: "a CPU list such as 0-3,8 (or empty)",
        default: "none",
        help: "CPUs that are never used",
    },
    FieldInfo {
        field: Field::Xps,
        key: "xps",
        flag: "xps",
        value_name: "cpus|rxqs|off",
        powershell: &[],
        wmi: &[],
        allowed: "cpus (each CPU sends through the transmit queue nearest to it), rxqs (a connection sends through the transmit queue of the receive queue that it comes in on, the rest as with cpus) or off (left alone)",
        default: "cpus",
        help: "Transmit packet steering: who sends through which transmit queue",
    },
    FieldInfo {
        field: Field::Rps,
        key: "rps",
        flag: "rps",
        value_name: "BOOL",
        powershell: &[],
        wmi: &[],
        allowed: "true or false",
        default: "false (true where an adapter without a table was set by name)",
        help: "Receive packet steering: the kernel spreads the packets of an adapter that has no indirection table, or a single queue",
    },
    FieldInfo {
        field: Field::Drift,
        key: "drift",
        flag: "drift",
        value_name: "reassert|report|adopt",
        powershell: &[],
        wmi: &[],
        allowed: "reassert (put the settings back), report (only say so) or adopt (what was found becomes the setting)",
        default: "reassert",
        help: "What is done when somebody else changes the adapter; what a reset or a loss of power took is put back, except with report",
    },
];

impl Field {
    /// The field's row.
    #[must_use]
    pub fn info(self) -> &'static FieldInfo {
        &FIELDS[self as usize]
    }

    /// Key in TOML, JSON and D-Bus dictionaries.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.info().key
    }

    /// The field with this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        FIELDS.iter().find(|i| i.key == key).map(|i| i.field)
    }

    /// All fields, in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        FIELDS.iter().map(|i| i.field)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}

/// A value as it arrives from a command line (always text), a file, JSON or D-Bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Raw {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text; numbers and booleans may come as text too.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

impl Raw {
    /// The value as one text: what a person would have typed.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Bool(b) => b.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Text(t) => t.clone(),
            Self::List(l) => l.join(","),
        }
    }

    /// What kind of value it is, in words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
        }
    }
}

impl From<&str> for Raw {
    fn from(s: &str) -> Self {
        Self::Text(s.to_string())
    }
}

/// A value that a field does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// No such field.
    #[error("unknown setting `{key}`{}; known are {}", hint(.nearest), known())]
    Unknown {
        /// The key given.
        key: String,
        /// A known key that looks like it.
        nearest: Option<&'static str>,
    },
    /// The value does not fit.
    #[error("{field}: `{value}` {problem}; allowed: {}", .field.info().allowed)]
    Value {
        /// The field.
        field: Field,
        /// The value given.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
}

fn hint(nearest: &Option<&'static str>) -> String {
    nearest.map(|n| alloc::format!(" (did you mean `{n}`?)")).unwrap_or_default()
}

fn known() -> String {
    FIELDS.iter().map(|i| i.key).collect::<Vec<_>>().join(", ")
}

impl FieldError {
    /// An unknown key, with the nearest known one.
    #[must_use]
    pub fn unknown(key: &str) -> Self {
        Self::Unknown { key: key.to_string(), nearest: nearest(key, FIELDS.iter().map(|i| i.key)) }
    }
}

/// The candidate that differs from `word` by the fewest edits, when that is at most a third of its length.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|c| (edits(word, c), c))
        .filter(|(d, c)| *d <= c.len().div_ceil(3))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// Levenshtein distance, ignoring ASCII case.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<u8> = b.bytes().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.bytes().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca.to_ascii_lowercase() != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_indexed_by_the_enum() {
        for (i, row) in FIELDS.iter().enumerate() {
            assert_eq!(row.field as usize, i);
            assert_eq!(Field::from_key(row.key), Some(row.field));
        }
        let flags: BTreeSet<_> = FIELDS.iter().map(|r| r.flag).collect();
        assert_eq!(flags.len(), FIELDS.len());
    }

    #[test]
    fn typos_are_recognised() {
        let text = FieldError::unknown("base_procesor").to_string();
        assert!(text.contains("did you mean `base_processor`?"), "{text}");
        assert!(
            FieldError::unknown("colour")
                .to_string()
                .starts_with("unknown setting `colour`; known are enabled,")
        );
    }
}
