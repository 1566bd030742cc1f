//! What the administrator asked for: patches from the command line, files and D-Bus, layered into settings whose
//! every field knows where its value comes from.

mod encapsulation;
mod text;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;

use crate::cpuset::CpuSet;
use crate::drift::Policy;
use crate::field::{Field, FieldError, Raw};
use crate::hash::{HashKey, HashTypes};
use crate::ids::{EntryIndex, MAX_CPU, NodeId, Processor};
use crate::packet::encap::{Encapsulations, VxlanPort};
use crate::profile::Profile;
pub use encapsulation::EncapPatch;
use text::{auto_text, key_setting, key_text, number, parse_bool, processor_part, smt_text, xps_text};

/// A value, or "you choose".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Auto<T> {
    /// rssmgr chooses.
    #[default]
    Auto,
    /// The administrator chose.
    Is(T),
}

impl<T> Auto<T> {
    /// The administrator's value.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Is(v) => Some(v),
        }
    }
}

/// A processor of which only the group or only the number may be given, as PowerShell's separate parameters do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessorPart {
    /// Processor group.
    pub group: Option<u16>,
    /// Number inside the group, 0 to 63.
    pub number: Option<u8>,
}

impl ProcessorPart {
    /// This part laid over an earlier one.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self { group: self.group.or(below.group), number: self.number.or(below.number) }
    }

    /// The whole processor; what is missing is taken from `default`.
    #[must_use]
    pub fn or(self, default: Processor) -> Processor {
        Processor {
            group: self.group.unwrap_or(default.group),
            number: self.number.unwrap_or(default.number),
        }
    }
}

impl From<Processor> for ProcessorPart {
    fn from(p: Processor) -> Self {
        Self { group: Some(p.group), number: Some(p.number) }
    }
}

impl fmt::Display for ProcessorPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(g) = self.group {
            write!(f, "{g}")?;
        }
        f.write_str(":")?;
        if let Some(n) = self.number {
            write!(f, "{n}")?;
        }
        Ok(())
    }
}

/// How many receive queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Queues {
    /// As many as the adapter has.
    #[default]
    Auto,
    /// Windows' default for the link speed.
    Windows,
    /// This many.
    Count(u16),
}

/// Where the hash key comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeySetting {
    /// The key on the adapter stays.
    #[default]
    Keep,
    /// The host's boot key (`net.core.netdev_rss_key`).
    Host,
    /// `6d5a` repeated.
    Symmetric,
    /// A random key: not yet drawn (`None`), or the one that was drawn when it was asked for.
    Random(Option<HashKey>),
    /// These bytes.
    Given(HashKey),
}

/// Whether SMT siblings may receive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Smt {
    /// The first online hardware thread of each core only, as Windows does.
    #[default]
    Skip,
    /// Siblings too, after all first threads.
    Use,
}

/// How transmit queues are chosen (XPS).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Xps {
    /// Each CPU sends through the transmit queue nearest to it.
    #[default]
    Cpus,
    /// A connection sends through the transmit queue of the receive queue that its packets come in on, and what has none
    /// as with [`Xps::Cpus`].
    Rxqs,
    /// It is left alone.
    Off,
}

/// Explicit table entries, by processor, that override the computed table.
pub type ManualTable = BTreeMap<EntryIndex, Processor>;

/// Changes to an adapter's settings: one type for command line, files, D-Bus and the saved file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsPatch {
    /// RSS on or off.
    pub enabled: Option<bool>,
    /// The profile.
    pub profile: Option<Profile>,
    /// Lowest processor.
    pub base_processor: Option<Auto<ProcessorPart>>,
    /// Highest processor.
    pub max_processor: Option<Auto<ProcessorPart>>,
    /// Most processors at once.
    pub max_processors: Option<Auto<u32>>,
    /// Preferred NUMA node; `Auto` is "any".
    pub numa_node: Option<Auto<NodeId>>,
    /// Receive queues.
    pub queues: Option<Queues>,
    /// Hash key.
    pub hash_key: Option<KeySetting>,
    /// Hash types; `Auto` keeps what the adapter has.
    pub hash_types: Option<Auto<HashTypes>>,
    /// Encapsulations looked into.
    pub encapsulation: Option<EncapPatch>,
    /// UDP port of VXLAN.
    pub vxlan_port: Option<VxlanPort>,
    /// SMT policy.
    pub smt: Option<Smt>,
    /// CPUs never used.
    pub exclude_cpus: Option<CpuSet>,
    /// Transmit packet steering.
    pub xps: Option<Xps>,
    /// Receive packet steering.
    pub rps: Option<bool>,
    /// What is done about changes by others; what a reset loses is put back, except with [`Policy::Report`].
    pub drift: Option<Policy>,
}

/// Where a value comes from, from weakest to strongest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    #[default]
    Default,
    /// A configuration file.
    Config {
        /// Path of the file.
        file: Arc<str>,
        /// Line, from 1.
        line: u32,
    },
    /// `rssctl set`.
    Saved,
    /// `rssctl set --runtime`.
    Runtime,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Config { file, line } => write!(f, "{file}:{line}"),
            Self::Saved => f.write_str("saved"),
            Self::Runtime => f.write_str("runtime"),
        }
    }
}

/// Whether the kernel is to spread packets over CPUs (RPS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketSteering {
    /// Nobody asked for it.
    Off,
    /// `rps = true`.
    Asked,
    /// `rps` is not set, but the adapter was set by name.
    Named,
}

/// A value and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Its origin.
    pub origin: Origin,
}

/// What fills in a base processor of which only a part is given (windows-rss: keyword defaults).
const BASE: Processor = Processor { group: 0, number: 0 };
/// What fills in a max processor of which only a part is given.
const MAX: Processor = Processor { group: 0, number: 63 };

/// The settings in force for one adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// RSS on or off.
    pub enabled: Sourced<bool>,
    /// The profile.
    pub profile: Sourced<Profile>,
    /// Lowest processor.
    pub base_processor: Sourced<Auto<Processor>>,
    /// Highest processor.
    pub max_processor: Sourced<Auto<Processor>>,
    /// Most processors at once.
    pub max_processors: Sourced<Auto<u32>>,
    /// Preferred NUMA node.
    pub numa_node: Sourced<Auto<NodeId>>,
    /// Receive queues.
    pub queues: Sourced<Queues>,
    /// Hash key.
    pub hash_key: Sourced<KeySetting>,
    /// Hash types.
    pub hash_types: Sourced<Auto<HashTypes>>,
    /// Encapsulations looked into.
    pub encapsulation: Sourced<Encapsulations>,
    /// UDP port of VXLAN.
    pub vxlan_port: Sourced<VxlanPort>,
    /// SMT policy.
    pub smt: Sourced<Smt>,
    /// CPUs never used.
    pub exclude_cpus: Sourced<CpuSet>,
    /// Transmit packet steering.
    pub xps: Sourced<Xps>,
    /// Receive packet steering; see [`Settings::packet_steering`].
    pub rps: Sourced<bool>,
    /// What is done about changes by others; what a reset loses is put back, except with [`Policy::Report`].
    pub drift: Sourced<Policy>,
    /// Explicit entries.
    pub table: Sourced<ManualTable>,
}

/// One layer of settings: a patch and the origin of each field.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// The values.
    pub patch: SettingsPatch,
    /// Explicit table entries of this layer.
    pub table: ManualTable,
    /// Origin of each field set; fields not listed have `origin`.
    pub origins: BTreeMap<Field, Origin>,
    /// Origin of what is not listed.
    pub origin: Origin,
}

impl Layer {
    /// A layer all of whose fields have one origin.
    #[must_use]
    pub fn of(patch: SettingsPatch, table: ManualTable, origin: Origin) -> Self {
        Self { patch, table, origins: BTreeMap::new(), origin }
    }

    fn origin_of(&self, field: Field) -> Origin {
        self.origins.get(&field).unwrap_or(&self.origin).clone()
    }
}

impl Settings {
    /// Layers, weakest first, over the defaults.
    #[must_use]
    pub fn layered(layers: &[Layer]) -> Self {
        let mut s = Self::default();
        s.enabled.value = true;
        let mut base = Auto::Auto;
        let mut max = Auto::Auto;
        for l in layers {
            let p = &l.patch;
            over(&mut s.enabled, p.enabled.as_ref(), l, Field::Enabled);
            over(&mut s.profile, p.profile.as_ref(), l, Field::Profile);
            over(&mut s.max_processors, p.max_processors.as_ref(), l, Field::MaxProcessors);
            over(&mut s.numa_node, p.numa_node.as_ref(), l, Field::NumaNode);
            over(&mut s.queues, p.queues.as_ref(), l, Field::Queues);
            over(&mut s.hash_key, p.hash_key.as_ref(), l, Field::HashKey);
            over(&mut s.hash_types, p.hash_types.as_ref(), l, Field::HashTypes);
            let kinds = p.encapsulation.map(|e| e.over(s.encapsulation.value));
            over(&mut s.encapsulation, kinds.as_ref(), l, Field::Encapsulation);
            over(&mut s.vxlan_port, p.vxlan_port.as_ref(), l, Field::VxlanPort);
            over(&mut s.smt, p.smt.as_ref(), l, Field::Smt);
            over(&mut s.exclude_cpus, p.exclude_cpus.as_ref(), l, Field::ExcludeCpus);
            over(&mut s.xps, p.xps.as_ref(), l, Field::Xps);
            over(&mut s.rps, p.rps.as_ref(), l, Field::Rps);
            over(&mut s.drift, p.drift.as_ref(), l, Field::Drift);
            if let Some(part) = p.base_processor {
                base = part_over(part, base);
                s.base_processor.origin = l.origin_of(Field::BaseProcessor);
            }
            if let Some(part) = p.max_processor {
                max = part_over(part, max);
                s.max_processor.origin = l.origin_of(Field::MaxProcessor);
            }
            if !l.table.is_empty() {
                s.table.value.extend(l.table.iter().map(|(k, v)| (*k, *v)));
                s.table.origin = l.origin.clone();
            }
        }
        s.base_processor.value = whole(base, BASE);
        s.max_processor.value = whole(max, MAX);
        s
    }
}

impl Settings {
    /// The value of one field as text, as `rssctl` shows it; a hash key appears as a word.
    #[must_use]
    pub fn text(&self, field: Field) -> String {
        match field {
            Field::Enabled => self.enabled.value.to_string(),
            Field::Profile => self.profile.value.to_string(),
            Field::BaseProcessor => auto_text(self.base_processor.value, "auto"),
            Field::MaxProcessor => auto_text(self.max_processor.value, "auto"),
            Field::MaxProcessors => auto_text(self.max_processors.value, "auto"),
            Field::NumaNode => auto_text(self.numa_node.value, "any"),
            Field::Queues => match self.queues.value {
                Queues::Auto => "auto".to_string(),
                Queues::Windows => "windows".to_string(),
                Queues::Count(n) => n.to_string(),
            },
            Field::HashKey => self.hash_key.value.describe().to_string(),
            Field::HashTypes => auto_text(self.hash_types.value, "keep"),
            Field::Encapsulation => self.encapsulation.value.to_string(),
            Field::VxlanPort => self.vxlan_port.value.to_string(),
            Field::Smt => smt_text(self.smt.value).to_string(),
            Field::ExcludeCpus if self.exclude_cpus.value.is_empty() => "none".to_string(),
            Field::ExcludeCpus => self.exclude_cpus.value.to_string(),
            Field::Xps => xps_text(self.xps.value).to_string(),
            Field::Rps => self.rps.value.to_string(),
            Field::Drift => self.drift.value.name().to_string(),
        }
    }

    /// Whether the kernel is to spread what the adapter cannot. Where `rps` is not set, setting anything of the adapter
    /// with `rssctl` asks for it: only adapters that were named are set.
    #[must_use]
    pub fn packet_steering(&self) -> PacketSteering {
        let by_name = |field| matches!(self.origin(field), Origin::Saved | Origin::Runtime);
        match self.rps.value {
            true => PacketSteering::Asked,
            false if self.rps.origin == Origin::Default && Field::all().any(by_name) => PacketSteering::Named,
            false => PacketSteering::Off,
        }
    }

    /// Where the value of one field comes from.
    #[must_use]
    pub const fn origin(&self, field: Field) -> &Origin {
        match field {
            Field::Enabled => &self.enabled.origin,
            Field::Profile => &self.profile.origin,
            Field::BaseProcessor => &self.base_processor.origin,
            Field::MaxProcessor => &self.max_processor.origin,
            Field::MaxProcessors => &self.max_processors.origin,
            Field::NumaNode => &self.numa_node.origin,
            Field::Queues => &self.queues.origin,
            Field::HashKey => &self.hash_key.origin,
            Field::HashTypes => &self.hash_types.origin,
            Field::Encapsulation => &self.encapsulation.origin,
            Field::VxlanPort => &self.vxlan_port.origin,
            Field::Smt => &self.smt.origin,
            Field::ExcludeCpus => &self.exclude_cpus.origin,
            Field::Xps => &self.xps.origin,
            Field::Rps => &self.rps.origin,
            Field::Drift => &self.drift.origin,
        }
    }
}

fn over<T: Clone>(slot: &mut Sourced<T>, value: Option<&T>, layer: &Layer, field: Field) {
    if let Some(v) = value {
        slot.value = v.clone();
        slot.origin = layer.origin_of(field);
    }
}

fn part_over(part: Auto<ProcessorPart>, below: Auto<ProcessorPart>) -> Auto<ProcessorPart> {
    match (part, below) {
        (Auto::Is(p), Auto::Is(b)) => Auto::Is(p.over(b)),
        (other, _) => other,
    }
}

fn whole(part: Auto<ProcessorPart>, default: Processor) -> Auto<Processor> {
    match part {
        Auto::Auto => Auto::Auto,
        Auto::Is(p) => Auto::Is(p.or(default)),
    }
}

impl SettingsPatch {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the patch changes how processors, queues or the table are chosen, which ends explicit table entries.
    #[must_use]
    pub fn replans(&self) -> bool {
        self.profile.is_some()
            || self.base_processor.is_some()
            || self.max_processor.is_some()
            || self.max_processors.is_some()
            || self.numa_node.is_some()
            || self.queues.is_some()
            || self.smt.is_some()
            || self.exclude_cpus.is_some()
            || self.rps.is_some()
    }

    /// Takes out every field that `other` sets.
    pub fn unset(&mut self, other: &Self) {
        fn drop_if<T>(slot: &mut Option<T>, set: bool) {
            if set {
                *slot = None;
            }
        }
        drop_if(&mut self.enabled, other.enabled.is_some());
        drop_if(&mut self.profile, other.profile.is_some());
        drop_if(&mut self.base_processor, other.base_processor.is_some());
        drop_if(&mut self.max_processor, other.max_processor.is_some());
        drop_if(&mut self.max_processors, other.max_processors.is_some());
        drop_if(&mut self.numa_node, other.numa_node.is_some());
        drop_if(&mut self.queues, other.queues.is_some());
        drop_if(&mut self.hash_key, other.hash_key.is_some());
        drop_if(&mut self.hash_types, other.hash_types.is_some());
        drop_if(&mut self.encapsulation, other.encapsulation.is_some());
        drop_if(&mut self.vxlan_port, other.vxlan_port.is_some());
        drop_if(&mut self.smt, other.smt.is_some());
        drop_if(&mut self.exclude_cpus, other.exclude_cpus.is_some());
        drop_if(&mut self.xps, other.xps.is_some());
        drop_if(&mut self.rps, other.rps.is_some());
        drop_if(&mut self.drift, other.drift.is_some());
    }

    /// Lays `newer` over this patch.
    pub fn merge(&mut self, newer: &Self) {
        fn take<T: Clone>(slot: &mut Option<T>, newer: Option<&T>) {
            if let Some(v) = newer {
                *slot = Some(v.clone());
            }
        }
        take(&mut self.enabled, newer.enabled.as_ref());
        take(&mut self.profile, newer.profile.as_ref());
        take(&mut self.max_processors, newer.max_processors.as_ref());
        take(&mut self.numa_node, newer.numa_node.as_ref());
        take(&mut self.queues, newer.queues.as_ref());
        take(&mut self.hash_key, newer.hash_key.as_ref());
        take(&mut self.hash_types, newer.hash_types.as_ref());
        let kinds = newer.encapsulation.map(|e| self.encapsulation.map_or(e, |below| e.after(below)));
        take(&mut self.encapsulation, kinds.as_ref());
        take(&mut self.vxlan_port, newer.vxlan_port.as_ref());
        take(&mut self.smt, newer.smt.as_ref());
        take(&mut self.exclude_cpus, newer.exclude_cpus.as_ref());
        take(&mut self.xps, newer.xps.as_ref());
        take(&mut self.rps, newer.rps.as_ref());
        take(&mut self.drift, newer.drift.as_ref());
        for (slot, part, default) in [
            (&mut self.base_processor, newer.base_processor, BASE),
            (&mut self.max_processor, newer.max_processor, MAX),
        ] {
            *slot = match (*slot, part) {
                // `auto` here hides what lies below, so a part over it must not let it show again.
                (Some(Auto::Auto), Some(Auto::Is(p))) => Some(Auto::Is(p.or(default).into())),
                (Some(below), Some(part)) => Some(part_over(part, below)),
                (below, part) => part.or(below),
            };
        }
    }

    /// Sets one field from a value as it arrived.
    ///
    /// # Errors
    /// Names the field, the value, what is wrong and what is allowed.
    pub fn set(&mut self, field: Field, raw: &Raw) -> Result<(), FieldError> {
        let text = raw.to_text();
        let text = text.trim();
        let fail = |problem: String| FieldError::Value { field, value: text.to_string(), problem };
        let auto = text.eq_ignore_ascii_case("auto");
        let fits = match raw {
            Raw::Text(_) => true,
            Raw::Bool(_) => matches!(field, Field::Enabled | Field::Rps),
            Raw::Int(_) => !matches!(field, Field::Enabled | Field::Rps),
            Raw::List(_) => matches!(field, Field::HashTypes | Field::Encapsulation | Field::ExcludeCpus),
        };
        if !fits {
            return Err(fail(format!("is {}", raw.kind())));
        }
        match field {
            Field::Enabled => self.enabled = Some(parse_bool(text).ok_or_else(|| fail("is neither".into()))?),
            Field::Rps => self.rps = Some(parse_bool(text).ok_or_else(|| fail("is neither".into()))?),
            Field::Xps => {
                self.xps = Some(match text.to_ascii_lowercase().as_str() {
                    "cpus" => Xps::Cpus,
                    "rxqs" => Xps::Rxqs,
                    "off" => Xps::Off,
                    _ => return Err(fail("is none of them".into())),
                });
            }
            Field::Profile => self.profile = Some(text.parse().map_err(|_| fail("is no profile".into()))?),
            Field::BaseProcessor => self.base_processor = Some(processor_part(text, auto).map_err(fail)?),
            Field::MaxProcessor => self.max_processor = Some(processor_part(text, auto).map_err(fail)?),
            Field::MaxProcessors => {
                self.max_processors = Some(if auto {
                    Auto::Auto
                } else {
                    Auto::Is(number(text, 1, MAX_CPU + 1).map_err(fail)?)
                });
            }
            Field::NumaNode => {
                self.numa_node = Some(if auto || text.eq_ignore_ascii_case("any") {
                    Auto::Auto
                } else {
                    match number(text, 0, 65535).map_err(fail)? {
                        65535 => Auto::Auto,
                        n => Auto::Is(NodeId(n)),
                    }
                });
            }
            Field::Queues => {
                self.queues = Some(if auto {
                    Queues::Auto
                } else if text.eq_ignore_ascii_case("windows") {
                    Queues::Windows
                } else {
                    let n = number(text, 1, MAX_QUEUES).map_err(fail)?;
                    Queues::Count(u16::try_from(n).unwrap_or(u16::MAX))
                });
            }
            Field::HashKey => self.hash_key = Some(key_setting(text).map_err(fail)?),
            Field::HashTypes => {
                self.hash_types = Some(if auto || text.eq_ignore_ascii_case("keep") {
                    Auto::Auto
                } else {
                    Auto::Is(HashTypes::parse(text).map_err(|e| fail(format!("is not legal: {e}")))?)
                });
            }
            Field::Encapsulation => {
                let kinds = EncapPatch::parse(text).map_err(|e| fail(format!("is refused: {e}")))?;
                self.encapsulation = Some(kinds);
            }
            Field::VxlanPort => {
                let port = number(text, 1, u16::MAX.into()).map_err(fail)?;
                self.vxlan_port = u16::try_from(port).ok().and_then(|port| VxlanPort::new(port).ok());
            }
            Field::Smt => {
                self.smt = Some(match text.to_ascii_lowercase().as_str() {
                    "skip" => Smt::Skip,
                    "use" => Smt::Use,
                    _ => return Err(fail("is neither".into())),
                });
            }
            Field::ExcludeCpus => {
                let list = if text.eq_ignore_ascii_case("none") { "" } else { text };
                self.exclude_cpus =
                    Some(CpuSet::parse_list(list).map_err(|e| fail(format!("is no CPU list: {e}")))?);
            }
            Field::Drift => {
                self.drift = Some(Policy::parse(text).ok_or_else(|| fail("is no policy".into()))?);
            }
        }
        Ok(())
    }

    /// The value of one field, in the form that [`SettingsPatch::set`] takes back. A hash key appears whole: this
    /// is for the saved file, not for output.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<Raw> {
        let text = |t: String| Some(Raw::Text(t));
        match field {
            Field::Enabled => self.enabled.map(Raw::Bool),
            Field::Profile => text(self.profile?.name().to_string()),
            Field::BaseProcessor => text(auto_text(self.base_processor?, "auto")),
            Field::MaxProcessor => text(auto_text(self.max_processor?, "auto")),
            Field::MaxProcessors => Some(match self.max_processors? {
                Auto::Auto => Raw::from("auto"),
                Auto::Is(n) => Raw::Int(n.into()),
            }),
            Field::NumaNode => Some(match self.numa_node? {
                Auto::Auto => Raw::from("any"),
                Auto::Is(n) => Raw::Int(n.0.into()),
            }),
            Field::Queues => Some(match self.queues? {
                Queues::Auto => Raw::from("auto"),
                Queues::Windows => Raw::from("windows"),
                Queues::Count(n) => Raw::Int(n.into()),
            }),
            Field::HashKey => text(key_text(self.hash_key.as_ref()?)),
            Field::HashTypes => text(auto_text(self.hash_types?, "keep")),
            Field::Encapsulation => text(self.encapsulation?.to_string()),
            Field::VxlanPort => Some(Raw::Int(self.vxlan_port?.get().into())),
            Field::Smt => text(smt_text(self.smt?).to_string()),
            Field::ExcludeCpus => text(self.exclude_cpus.as_ref()?.to_string()),
            Field::Xps => text(xps_text(self.xps?).to_string()),
            Field::Rps => self.rps.map(Raw::Bool),
            Field::Drift => text(self.drift?.name().to_string()),
        }
    }

    /// The fields that are set, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (Field, Raw)> + '_ {
        Field::all().filter_map(|f| Some((f, self.get(f)?)))
    }
}

/// The most queues any adapter can have here; also the bound of every per-queue table.
pub const MAX_QUEUES: u32 = 1024;

#[cfg(test)]
mod tests;
