//! Everything that is told: one catalogue, a row an event, with its number, level, fields and sentence.
//!
//! Numbers 1230 to 1247 are those of the Windows provider Microsoft-Windows-TCPIP where the event is the same one;
//! our own begin at 2000. A new event is one row here.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::hash::HashTypes;
use crate::ids::{AdapterId, CpuId, EntryIndex, Processor, QueueId};

/// How important an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed and needs a person.
    Error,
    /// Something is not as it should be.
    Warning,
    /// Something changed.
    Info,
    /// Detail.
    Verbose,
}

impl Level {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Verbose => "verbose",
        }
    }
}

/// The value of an event's field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
    /// Yes or no.
    Bool(bool),
}

/// A catalogue row without the values.
#[derive(Clone, Copy, Debug)]
pub struct EventInfo {
    /// Number.
    pub id: u32,
    /// Name.
    pub name: &'static str,
    /// Level.
    pub level: Level,
    /// What it tells, as a sentence.
    pub help: &'static str,
    /// Names of its fields.
    pub fields: &'static [&'static str],
}

/// A type that can be the value of an event's field.
trait ToField {
    fn to_field(&self) -> FieldValue;
}

impl ToField for u64 {
    fn to_field(&self) -> FieldValue {
        FieldValue::Number(*self)
    }
}
impl ToField for u32 {
    fn to_field(&self) -> FieldValue {
        FieldValue::Number((*self).into())
    }
}
impl ToField for bool {
    fn to_field(&self) -> FieldValue {
        FieldValue::Bool(*self)
    }
}
impl ToField for String {
    fn to_field(&self) -> FieldValue {
        FieldValue::Text(self.clone())
    }
}
impl ToField for EntryIndex {
    fn to_field(&self) -> FieldValue {
        FieldValue::Number(self.0.into())
    }
}
impl ToField for QueueId {
    fn to_field(&self) -> FieldValue {
        FieldValue::Number(self.0.into())
    }
}
impl ToField for Processor {
    fn to_field(&self) -> FieldValue {
        FieldValue::Text(self.to_string())
    }
}
impl ToField for HashTypes {
    fn to_field(&self) -> FieldValue {
        FieldValue::Text(self.to_string())
    }
}
impl ToField for List {
    fn to_field(&self) -> FieldValue {
        FieldValue::Text(Plain(&self.0).to_string())
    }
}

/// Processors. As a field's value they are a text, separated by blanks, `-` for one that is not known; in a sentence
/// what repeats is said once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List(pub Vec<Option<Processor>>);

impl List {
    /// The list of these CPUs.
    pub fn of(cpus: impl IntoIterator<Item = Option<CpuId>>) -> Self {
        Self(cpus.into_iter().map(|c| c.map(Processor::from)).collect())
    }

    /// How many processors come before the list begins anew; its length where it does not.
    fn period(&self) -> usize {
        let begins_anew =
            |period: &usize| self.0.iter().zip(self.0.iter().skip(*period)).all(|(a, b)| a == b);
        (1..self.0.len()).find(begins_anew).unwrap_or(self.0.len())
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = self.period();
        // Said in full where that is as short.
        if self.0.len() < 2 * period || self.0.len() < 3 {
            return Plain(&self.0).fmt(f);
        }
        let (once, _) = self.0.split_at(period);
        write!(f, "{} and so on", Plain(once))
    }
}

/// Processors in full.
struct Plain<'a>(&'a [Option<Processor>]);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, p) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            match p {
                Some(p) => write!(f, "{p}")?,
                None => f.write_str("-")?,
            }
        }
        Ok(())
    }
}

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $id:literal $level:ident $name:ident { $($field:ident: $ty:ty),* $(,)? } $message:literal;)+) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum EventKind {
            $($(#[doc = $doc])+ $name { $(#[doc = concat!("The event's field `", stringify!($field), "`.")] $field: $ty),* },)+
        }

        /// The catalogue.
        pub const CATALOGUE: &[EventInfo] = &[
            $(EventInfo { id: $id, name: stringify!($name), level: Level::$level, help: concat!($($doc),+), fields: &[$(stringify!($field)),*] },)+
        ];

        impl EventKind {
            /// The catalogue row.
            #[must_use]
            pub fn info(&self) -> &'static EventInfo {
                let id = match self { $(Self::$name { .. } => $id,)+ };
                // Each variant has its row by construction; the first row stands in for the impossible.
                CATALOGUE.iter().find(|i| i.id == id).unwrap_or(&CATALOGUE[0])
            }

            /// The fields with their values.
            #[must_use]
            pub fn fields(&self) -> Vec<(&'static str, FieldValue)> {
                match self { $(Self::$name { $($field),* } => alloc::vec![$((stringify!($field), $field.to_field())),*],)+ }
            }
        }

        impl fmt::Display for EventKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $(Self::$name { $($field),* } => write!(f, $message, $($field = $field),*),)+ }
            }
        }
    };
}

events! {
    /// What an adapter can do.
    1233 Info RssPortCapabilities { receive_queues: u32, table_entries: u32, interrupt_messages: u32, hash_types: HashTypes, independent_entry_move: bool }
        "{receive_queues} receive queues, {table_entries} table entries, {interrupt_messages} vectors, hashes {hash_types}, single entry moves: {independent_entry_move}";
    /// The processors an adapter may use, and how many at most.
    1234 Info RssPortProcessors { maximum_processors: u32, available_processors: List }
        "may use {maximum_processors} of the processors {available_processors}";
    /// An adapter begins to use a processor.
    1235 Info RssProcessorAssignment { processor: Processor }
        "uses processor {processor}";
    /// An adapter stops using a processor.
    1236 Info RssProcessorUnassignment { processor: Processor }
        "no longer uses processor {processor}";
    /// A table entry points at another processor.
    1237 Info RssIndirectionChange { indirection_index: EntryIndex, old_processor: List, new_processor: List }
        "table entry {indirection_index} moved from {old_processor} to {new_processor}";
    /// A setting changed.
    1239 Info RssConfigurationChange { setting: String, old_value: String, value: String, by_uid: u32 }
        "{setting} changed from {old_value} to {value} by uid {by_uid}";
    /// An operation failed.
    1240 Error RssFailure { operation: String, failure_description: String }
        "{operation}: {failure_description}";
    /// A table, told as a whole: the first time, and where many entries changed together.
    1244 Info RssInitializeIndirectionTable { indirection_table_size: u32, indirection_table: List }
        "indirection table of {indirection_table_size} entries: {indirection_table}";
    /// The whole state of an adapter, on demand.
    1246 Info RssPortRundown { enabled: bool, profile: String, receive_queues: u32, hash_types: HashTypes, processors: List, indirection_table_size: u32, indirection_table: List }
        "RSS on: {enabled}; {profile}; {receive_queues} queues; hashes {hash_types}; processors {processors}; table of {indirection_table_size}: {indirection_table}";
    /// The daemon is ready.
    2000 Info DaemonStarted { version: String, adapters: u32 }
        "rssmgrd {version} started with {adapters} adapters";
    /// The daemon stops; adapters keep their settings.
    2001 Info DaemonStopping { }
        "rssmgrd is stopping";
    /// An adapter appeared.
    2002 Info AdapterArrived { driver: String, managed: bool }
        "appeared, driver {driver}, managed: {managed}";
    /// An adapter disappeared.
    2003 Info AdapterGone { }
        "disappeared";
    /// An adapter is managed from now on.
    2004 Info AdapterManaged { }
        "is managed from now on";
    /// An adapter was given back in the state in which it was found.
    2005 Info AdapterReleased { }
        "was released: back as found, only observed from now on";
    /// A change did not hold and was taken back.
    2006 Warning RolledBack { because: String }
        "a change was rolled back: {because}";
    /// A change could not be taken back, or what a reset lost could not be put in force again in three tries, so that RSS is
    /// revoked. Nothing is changed automatically any more until a request names the adapter, with one exception: what
    /// failed only because the interface was closed, and was refused by nobody, is tried again when it is open.
    2007 Error AdapterDegraded { because: String }
        "is degraded: {because}";
    /// The daemon ended in the middle of a change; the settings of before are in force.
    2008 Warning TransactionRecovered { }
        "an unfinished change of an earlier run was taken back";
    /// The configuration was read.
    2009 Info ConfigurationLoaded { files: u32 }
        "configuration read from {files} files";
    /// The configuration could not be used; the old one stays.
    2010 Error ConfigurationRejected { because: String }
        "configuration rejected, the old one stays in force: {because}";
    /// The saved settings were damaged and set aside.
    2011 Error StateFileSetAside { file: String, because: String, used: String }
        "saved settings {file} are damaged ({because}); set aside, {used}";
    /// A software NIC could not be created again.
    2012 Error SoftnicFailed { name: String, because: String }
        "software NIC {name} could not be created: {because}";
    /// Settings of an adapter cannot be satisfied on this machine.
    2013 Error SettingsUnsatisfiable { because: String }
        "settings cannot be applied: {because}";
    /// The machine-wide switch was turned.
    2014 Info GlobalSwitch { rss: bool }
        "machine-wide RSS switch on: {rss}";
    /// A traffic source ended or failed.
    2015 Warning SourceEnded { state: String, because: String }
        "traffic source {state}: {because}";
    /// An adapter lost its power, and with it its queues and all that was set.
    2016 Warning AdapterPoweredDown { }
        "is powered down: it has no queues, and nothing is received or changed until it is up";
    /// An adapter has power and queues again; what was lost is replayed.
    2017 Info AdapterPoweredUp { }
        "is powered up: its queues were created anew";
    /// The hardware of an adapter was reset and forgot everything; what was lost is replayed.
    2018 Warning AdapterReset { }
        "was reset: its queues were created anew, and all that was set is lost";
    /// What power or a reset had lost is in force again: what was done, in its order.
    2019 Info StateReplayed { tries: u32, steps: String }
        "what was lost is in force again, at try {tries} of 3: {steps}";
    /// A change waits to be confirmed.
    2030 Warning CheckpointMade { checkpoint: u64, adapters: String, seconds: u64, by_uid: u32 }
        "checkpoint {checkpoint} by uid {by_uid}: the change of {adapters} goes back in {seconds} s unless it is confirmed";
    /// A change was confirmed.
    2031 Info CheckpointCommitted { checkpoint: u64, adapters: String }
        "checkpoint {checkpoint} was confirmed: the change of {adapters} stays";
    /// A change that was not confirmed was taken back.
    2032 Warning CheckpointRolledBack { checkpoint: u64, adapters: String, because: String }
        "checkpoint {checkpoint}: the change of {adapters} was taken back, because {because}";
    /// Nothing is changed in this run.
    2033 Warning ObserveOnly { because: String }
        "adapters are only observed: {because}";
    /// Somebody else, or an event, left an adapter otherwise than its settings say.
    2040 Warning AdapterDrifted { what: String, policy: String }
        "is not as its settings say: {what} (drift = {policy})";
    /// The settings are in force again.
    2041 Info DriftRepaired { what: String }
        "is as its settings say again: {what}";
    /// What somebody else changed became the setting.
    2042 Info DriftAdopted { what: String }
        "what was found became the setting: {what}";
    /// Somebody undoes again and again what is put back; nothing is changed automatically any more.
    2043 Error AdapterContested { what: String, suspect: String }
        "is contested: {what} does not stay as it is put back; suspect: {suspect}; left alone until a request names it";
    /// A call into the driver takes too long.
    2044 Error AdapterStuck { operation: String, seconds: u32 }
        "is stuck: {operation} has not come back for {seconds} s";
    /// The call that took too long came back.
    2045 Info AdapterAnswers { }
        "answers again";
    /// An interface has another name.
    2046 Info AdapterRenamed { from: String }
        "has a new name; it was {from}";
    /// An interface was moved to another network namespace; nothing is changed there.
    2047 Info AdapterAway { }
        "was moved to another network namespace: nothing is changed until it is back";
    /// CPUs went on line or off line.
    2048 Info ProcessorsChanged { online: u32 }
        "{online} processors are on line";
    /// What differed is as the settings say again, without our doing.
    2049 Info DriftGone { }
        "is as its settings say again, by itself";
    /// A VPort was made.
    2050 Info VPortCreated { vport: u32, name: String, queues_asked: u32, queues: u32, processors: List }
        "VPort {vport} ({name}) was created: {queues} of {queues_asked} queues, processors {processors}";
    /// A VPort was taken into use.
    2051 Info VPortActivated { vport: u32 }
        "VPort {vport} is in use";
    /// A VPort was deleted.
    2052 Info VPortDeleted { vport: u32, name: String }
        "VPort {vport} ({name}) was deleted: its packets are the default VPort's";
    /// An entry of a VPort's table, its primary or its default processor was moved.
    2053 Info VPortMoved { vport: u32, steering: String, old_processor: List, new_processor: List }
        "VPort {vport}: {steering} moved from {old_processor} to {new_processor}";
    /// A VPort was changed.
    2054 Info VPortChanged { vport: u32, setting: String, old_value: String, value: String }
        "VPort {vport}: {setting} {old_value} -> {value}";
    /// What leads to a VPort was changed.
    2055 Info VPortFilters { vport: u32, filters: u32 }
        "VPort {vport} takes the packets of {filters} filters";
    /// VMQ was switched on or off.
    2056 Info VmqSwitched { enabled: bool }
        "VMQ on: {enabled}";
    /// The whole state of a VPort, on demand.
    2057 Info VPortRundown { vport: u32, name: String, enabled: bool, receive_queues: u32, filters: u32, indirection_table_size: u32, indirection_table: List }
        "VPort {vport} ({name}): RSS on: {enabled}; {receive_queues} queues; {filters} filters; table of {indirection_table_size}: {indirection_table}";
    /// Packets arrived as the table says.
    2060 Info TrafficObeysTable { packets: u64 }
        "traffic obeys the table: {packets} packets arrived as predicted";
    /// Packets arrived otherwise than the table says.
    2061 Error TableIgnored { because: String }
        "the hardware does not do what the table says: {because}";
    /// irqbalance was told which interrupts are ours.
    2080 Info IrqbalanceTold { pid: u32, interrupts: u32 }
        "irqbalance (pid {pid}) leaves {interrupts} interrupts of managed adapters alone";
    /// irqbalance runs and cannot be told which interrupts are ours.
    2081 Warning IrqbalanceNotTold { pid: u32, because: String, remedy: String }
        "irqbalance (pid {pid}) may move interrupts of managed adapters, because {because}; {remedy}";
}

/// An event and the adapter that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The adapter's name, where there is one.
    pub adapter: Option<String>,
    /// The adapter's id.
    pub id: Option<AdapterId>,
    /// What happened.
    pub kind: EventKind,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::format;

    #[test]
    fn numbers_and_names_are_unique_and_own_ones_begin_at_2000() {
        let ids: BTreeSet<u32> = CATALOGUE.iter().map(|i| i.id).collect();
        let names: BTreeSet<&str> = CATALOGUE.iter().map(|i| i.name).collect();
        assert_eq!((ids.len(), names.len()), (CATALOGUE.len(), CATALOGUE.len()));
        assert!(ids.iter().all(|id| (1230..=1247).contains(id) || *id >= 2000));
    }

    #[test]
    fn an_event_knows_its_row() {
        let e = EventKind::RssIndirectionChange {
            indirection_index: EntryIndex(3),
            old_processor: List::of([Some(CpuId(1))]),
            new_processor: List::of([Some(CpuId(66))]),
        };
        assert_eq!((e.info().id, e.info().name), (1237, "RssIndirectionChange"));
        assert_eq!(format!("{e}"), "table entry 3 moved from 0:1 to 1:2");
        assert_eq!(e.fields()[2], ("new_processor", FieldValue::Text("1:2".into())));
        assert_eq!(e.fields().len(), e.info().fields.len());
    }

    #[test]
    fn a_list_that_repeats_is_short_in_a_sentence_and_whole_in_a_field() {
        let list = |cpus: &[u32]| List::of(cpus.iter().map(|cpu| Some(CpuId(*cpu))));
        for (cpus, sentence) in [
            (&[][..], ""),
            (&[3, 3], "0:3 0:3"),
            (&[1, 2, 3], "0:1 0:2 0:3"),
            (&[1, 2, 1, 2, 1], "0:1 0:2 and so on"),
            (&[1, 2, 1, 2, 3], "0:1 0:2 0:1 0:2 0:3"),
            (&[7; 128], "0:7 and so on"),
        ] {
            let list = list(cpus);
            assert_eq!(format!("{list}"), sentence);
            let FieldValue::Text(whole) = list.to_field() else { panic!("no text") };
            assert_eq!(whole.split_whitespace().count(), cpus.len());
        }
    }
}
