//! Changes that others make: what differs, what is done about it, and when to stop.
//!
//! A difference is somebody's doing, or the consequence of an event that drivers are known for: a change of channels
//! builds tables anew, a reset loses interrupts. Only the first can become a quarrel, in which whoever stops first is
//! right: a table that two programs write in turn is worse than either of theirs.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::device::{Device, UserTable, differs, same_vports};
use crate::driver::{Driver, Fate, TableFate, TableState};
use crate::ids::{CpuId, EntryIndex, Moment, Processor};
use crate::settings::{Auto, EncapPatch, KeySetting, ManualTable, Queues, SettingsPatch};

/// What is done when an adapter is not as its settings say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// The settings are put in force again.
    #[default]
    Reassert,
    /// It is only told.
    Report,
    /// What was found becomes the setting, where somebody did it. What a reset, a loss of power or the opening of the
    /// interface took is nobody's choice that could be adopted: it is put back as with [`Policy::Reassert`].
    Adopt,
}

impl Policy {
    /// All policies.
    pub const ALL: [Self; 3] = [Self::Reassert, Self::Report, Self::Adopt];

    /// The word for it in arguments, files and output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reassert => "reassert",
            Self::Report => "report",
            Self::Adopt => "adopt",
        }
    }

    /// The policy of this name, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name().eq_ignore_ascii_case(text))
    }
}

/// What a notification was about. Whatever it is, everything is read again: drivers change more than they tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hint {
    /// Table, key or hash fields were written.
    Table,
    /// The number of channels was changed.
    Channels,
    /// A feature was switched.
    Features,
    /// The link, its flags or its MTU.
    Link,
    /// Somebody moved interrupts.
    Affinity,
    /// CPUs came or went.
    Cpus,
    /// Nothing was told; it is time to look, or somebody is about to change it.
    Poll,
}

/// What was heard of an adapter since it was last read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    hints: u8,
    broke: bool,
}

impl Heard {
    /// Hears one thing more; `broke` says that the event itself took the link down or reset the hardware.
    pub fn add(&mut self, hint: Hint, broke: bool) {
        self.hints |= 1 << hint as u8;
        self.broke |= broke;
    }

    /// What was heard here and there.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { hints: self.hints | other.hints, broke: self.broke || other.broke }
    }

    /// Whether this was among what was heard.
    #[must_use]
    pub const fn has(self, hint: Hint) -> bool {
        self.hints & (1 << hint as u8) != 0
    }

    /// Whether the link was broken by what happened, so that no step of ours can break it first.
    #[must_use]
    pub const fn broke(self) -> bool {
        self.broke
    }

    /// Whether drivers may lose settings over what happened: then a difference is nobody's doing.
    #[must_use]
    pub const fn explains(self) -> bool {
        self.broke || self.has(Hint::Channels) || self.has(Hint::Cpus)
    }

    /// Whether all that is known to have happened broke the link, as a reset does, or the opening of the interface: what
    /// is missing then nobody took away.
    #[must_use]
    pub const fn only_broke(self) -> bool {
        const WITH_IT: u8 = 1 << Hint::Link as u8 | 1 << Hint::Poll as u8 | 1 << Hint::Cpus as u8;
        self.broke && self.hints & !WITH_IT == 0
    }

    /// Whether anything but the clock calls for a look.
    #[must_use]
    pub const fn is_news(self) -> bool {
        self.hints & !(1 << Hint::Poll as u8) != 0
    }

    /// Whether the table that `device` shows is obeyed after what happened, as the driver's row says.
    #[must_use]
    pub fn table_state(self, driver: &Driver, device: &Device) -> TableState {
        let unsure = |fate: TableFate| matches!(fate, TableFate::OnPaper | TableFate::Unsure);
        let stale = |fate: Fate| match device.user_table {
            UserTable::Yes => unsure(fate.user_table),
            UserTable::No => unsure(fate.default_table),
            UserTable::Unknown => unsure(fate.user_table) || unsure(fate.default_table),
        };
        let channels = self.has(Hint::Channels) && (stale(driver.grow) || stale(driver.shrink));
        let reset = self.broke && (stale(driver.reopen) || stale(driver.mtu));
        if (channels || reset) && !device.table.is_empty() { TableState::Stale } else { TableState::Obeyed }
    }
}

/// A part of an adapter's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// How many queues.
    Queues,
    /// Which CPU serves which queue.
    Homes,
    /// The indirection table.
    Table,
    /// The hash key.
    Key,
    /// What is hashed.
    HashTypes,
    /// Which encapsulated packets are looked into.
    Encapsulation,
    /// Where packets without a hash go.
    DefaultQueue,
    /// On or off.
    Enabled,
    /// Which CPUs send through which queue.
    Xps,
    /// Which receive queues' connections send through which queue.
    XpsRxqs,
    /// Over which CPUs the kernel spreads.
    Rps,
    /// Where the interrupts go that serve no receive queue.
    Others,
    /// VPorts beside the default one.
    VPorts,
}

impl Part {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queues => "number of queues",
            Self::Homes => "queue to CPU assignment",
            Self::Table => "indirection table",
            Self::Key => "hash key",
            Self::HashTypes => "hash types",
            Self::Encapsulation => "encapsulation",
            Self::DefaultQueue => "default queue",
            Self::Enabled => "switch",
            Self::Xps => "transmit steering",
            Self::XpsRxqs => "transmit steering by receive queue",
            Self::Rps => "receive packet steering",
            Self::Others => "other interrupts",
            Self::VPorts => "VPorts",
        }
    }
}

/// The parts in which two states differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(pub Vec<Part>);

impl Parts {
    /// What differs between `want` and `have`.
    #[must_use]
    pub fn between(want: &Device, have: &Device) -> Self {
        let shared = want.queues.iter().zip(&have.queues);
        let differs = [
            (Part::Queues, want.queues.len() != have.queues.len()),
            (Part::Homes, shared.into_iter().any(|(w, h)| w.home != h.home)),
            (Part::Table, want.table != have.table),
            (Part::Key, want.key != have.key),
            (Part::HashTypes, want.hash_types != have.hash_types),
            (Part::Encapsulation, !want.encapsulation.steers_as(have.encapsulation)),
            (Part::DefaultQueue, want.default_queue != have.default_queue),
            (Part::Enabled, want.enabled != have.enabled),
            (Part::Xps, differs(&want.xps, &have.xps)),
            (Part::XpsRxqs, differs(&want.xps_rxqs, &have.xps_rxqs)),
            (Part::Rps, differs(&want.rps, &have.rps)),
            (Part::Others, want.other_differs(have)),
            (Part::VPorts, !same_vports(&want.vports, &have.vports)),
        ];
        Self(differs.into_iter().filter(|(_, d)| *d).map(|(p, _)| p).collect())
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who is known to write one of these parts and is running.
    #[must_use]
    pub fn suspects(&self, known: &Suspects) -> Option<String> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.0.iter().filter_map(|p| known.get(p)).flatten() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        (!names.is_empty()).then(|| names.join(", "))
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            f.write_str(part.name())?;
        }
        Ok(())
    }
}

/// Programs that run on this machine and are known to write a part of an adapter's state.
pub type Suspects = BTreeMap<Part, Vec<String>>;

/// How long a quarrel is remembered: 10 minutes, in ns.
pub const MEMORY_NS: u64 = 600_000_000_000;
/// How many times somebody may undo what was put back before it is left alone.
pub const CONFLICTS: usize = 2;

/// What an adapter went through lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quarrel {
    repaired: Option<Moment>,
    conflicts: Vec<Moment>,
}

impl Quarrel {
    /// The adapter is being put right.
    pub fn repaired(&mut self, now: Moment) {
        self.repaired = Some(now);
    }

    /// The adapter is wrong again, and no event explains it. Whether it has to be left alone.
    pub fn again(&mut self, now: Moment) -> bool {
        let recent = |then: &Moment| now.since(*then) < MEMORY_NS;
        self.conflicts.retain(recent);
        if self.repaired.as_ref().is_some_and(recent) {
            self.conflicts.push(now);
        }
        self.conflicts.len() >= CONFLICTS
    }
}

/// Settings by which an adapter would be as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Fields.
    pub patch: SettingsPatch,
    /// Explicit entries; empty when the table need not be told.
    pub table: ManualTable,
    /// The processors of the queues, queue by queue, where they changed.
    pub processors: Option<Vec<CpuId>>,
}

/// The settings that describe `found` where it differs from `wanted`, of which `active` queues are in the table;
/// `explicit` says that entries are set one by one already, which name processors. `None` where no settings can.
#[must_use]
pub fn adopt(wanted: &Device, found: &Device, active: usize, explicit: bool) -> Option<Adopted> {
    let mut adopted = Adopted::default();
    let Parts(parts) = Parts::between(wanted, found);
    for part in &parts {
        match part {
            Part::Queues => adopted.patch.queues = Some(Queues::Count(found.channels())),
            Part::Homes | Part::Table => {}
            Part::Key if found.key.is_empty() => return None,
            Part::Key => adopted.patch.hash_key = Some(KeySetting::Given(found.key.clone())),
            Part::HashTypes => adopted.patch.hash_types = Some(Auto::Is(found.hash_types)),
            Part::Encapsulation => {
                adopted.patch.encapsulation = Some(EncapPatch::exactly(found.encapsulation.kinds));
                adopted.patch.vxlan_port = Some(found.encapsulation.vxlan_port);
            }
            Part::DefaultQueue | Part::Xps | Part::XpsRxqs | Part::Rps | Part::Others | Part::VPorts => {
                return None;
            }
            Part::Enabled => adopted.patch.enabled = Some(found.enabled),
        }
    }
    let homes = parts.contains(&Part::Homes) || parts.contains(&Part::Queues);
    if homes {
        let homes = found.queues.iter().take(active.max(1));
        adopted.processors = Some(homes.map(|q| q.home).collect::<Option<Vec<CpuId>>>()?);
    }
    if parts.contains(&Part::Table) || parts.contains(&Part::Queues) || (homes && explicit) {
        let entries = (0..found.table.len()).map(|i| u16::try_from(i).map(EntryIndex).ok());
        let cpu = |e: EntryIndex| Some((e, Processor::from(found.entry_cpu(e)?)));
        adopted.table = entries.map(|e| e.and_then(cpu)).collect::<Option<ManualTable>>()?;
    }
    Some(adopted)
}

#[cfg(test)]
mod tests;
