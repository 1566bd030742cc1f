//! Which contexts and rules are ours, kept in a file over restarts of the daemon.
//!
//! The kernel's contexts end with the kernel, the driver and the interface. So a ledger is of one boot, one network
//! namespace and one interface index, which the kernel does not give twice; of any other it says nothing. One that cannot
//! be read says nothing either, and then nothing is ours.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rssmgr_core::hash::HashTypes;
use rssmgr_core::ids::FilterId;
use rssmgr_core::{QueueId, VPortId};
use rssmgr_netlink::ethtool::legacy::{MacRule, Packets};
use serde::{Deserialize, Serialize};

/// What a VPort's table stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// Whether it spreads.
    pub enabled: bool,
    /// Its table, a power of two of entries.
    #[serde(with = "queues")]
    pub table: Vec<QueueId>,
    /// Where everything goes while it does not spread.
    #[serde(with = "queue")]
    pub default_queue: QueueId,
}

impl Form {
    /// The context's table, of so many entries.
    #[must_use]
    pub fn table(&self, entries: usize) -> Vec<u32> {
        let spread = self.enabled.then_some(self.table.as_slice()).filter(|table| !table.is_empty());
        let queues = spread.unwrap_or(std::slice::from_ref(&self.default_queue));
        queues.iter().cycle().take(entries).map(|queue| queue.0.into()).collect()
    }
}

/// A rule of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnedRule {
    /// The filter that it is for, or a part of it.
    pub filter: FilterId,
    /// Its place.
    pub location: u32,
    /// The rule.
    pub rule: MacRule,
}

/// A context of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owned {
    /// Its number.
    pub context: u32,
    /// The VPort's queues.
    pub queues: Vec<QueueId>,
    /// What its table stands for.
    pub form: Form,
    /// What it is about to stand for, while it is written.
    pub next: Option<Form>,
    /// The table that somebody else wrote, as last seen.
    pub other: Option<Vec<u32>>,
    /// The hash types that were asked for; none before the first.
    pub hash_types: HashTypes,
    /// Whether a key was set. The key is in no file.
    pub keyed: bool,
    /// What leads there.
    pub rules: Vec<OwnedRule>,
}

/// Where ledgers are kept.
#[derive(Clone, Debug, Default)]
pub struct LedgerPlace {
    /// The folder, which is made; `None` keeps nothing over a restart.
    pub folder: Option<PathBuf>,
    /// The kernel's id of this boot.
    pub boot: String,
    /// Somebody else's: they are read and never written.
    pub look_only: bool,
}

/// The contexts of one interface that are ours.
#[derive(Debug, Default)]
pub struct Ledger {
    place: LedgerPlace,
    ifindex: u32,
    /// By VPort.
    pub vports: BTreeMap<VPortId, Owned>,
}

impl Ledger {
    /// The ledger of an interface.
    #[must_use]
    pub fn open(place: &LedgerPlace, ifindex: u32) -> Self {
        let mut ledger = Self { place: place.clone(), ifindex, vports: BTreeMap::new() };
        let text = ledger.path().and_then(|path| fs::read_to_string(path).ok());
        let file: Option<File> = text.and_then(|text| toml::from_str(&text).ok());
        let of_here = file.filter(|file| !file.boot.is_empty() && file.matches(&ledger));
        ledger.vports = of_here.map(File::vports).unwrap_or_default();
        ledger
    }

    /// Forgets ledgers of interfaces that are not there any more.
    pub fn tidy(place: &LedgerPlace, there: &[u32]) {
        let names: Vec<String> = there.iter().map(|ifindex| file_name(*ifindex)).collect();
        let Some(folder) = place.folder.as_ref().filter(|_| !place.look_only) else { return };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_none_or(|name| !names.iter().any(|n| n == name)) {
                // One that stays is of no consequence.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn path(&self) -> Option<PathBuf> {
        self.place.folder.as_ref().map(|folder| folder.join(file_name(self.ifindex)))
    }

    /// Keeps it. It need not survive a loss of power, which no context does.
    ///
    /// # Errors
    /// Whatever the file system says; the file is the one before then.
    pub fn keep(&self) -> io::Result<()> {
        let Some(path) = self.path().filter(|_| !self.place.look_only) else { return Ok(()) };
        if self.vports.is_empty() {
            return match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
                _ => Ok(()),
            };
        }
        let text = toml::to_string(&File::of(self)).map_err(io::Error::other)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let beside = path.with_extension("new");
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&beside, &path)
    }
}

fn file_name(ifindex: u32) -> String {
    format!("{ifindex}.toml")
}

/// The network namespace of this thread: an interface index counts in one.
fn namespace() -> String {
    let link = fs::read_link(Path::new("/proc/thread-self/ns/net"));
    link.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    boot: String,
    namespace: String,
    ifindex: u32,
    #[serde(default, rename = "vport")]
    vports: Vec<SavedVPort>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedVPort {
    id: u32,
    context: u32,
    #[serde(with = "queues")]
    queues: Vec<QueueId>,
    hash_types: u32,
    keyed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    other: Option<Vec<u32>>,
    form: Form,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Form>,
    #[serde(default, rename = "rule")]
    rules: Vec<SavedRule>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedRule {
    filter: u32,
    location: u32,
    mac: [u8; 6],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vlan: Option<u16>,
    /// The place in [`Packets::PROTOCOLS`]; none for all packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<usize>,
}

impl File {
    fn of(ledger: &Ledger) -> Self {
        let protocol = |packets| Packets::PROTOCOLS.iter().position(|p| *p == packets);
        let rule = |r: &OwnedRule| SavedRule {
            filter: r.filter.0,
            location: r.location,
            mac: r.rule.mac,
            vlan: r.rule.vlan,
            protocol: protocol(r.rule.packets),
        };
        let vport = |(id, owned): (&VPortId, &Owned)| SavedVPort {
            id: id.0,
            context: owned.context,
            queues: owned.queues.clone(),
            hash_types: owned.hash_types.bits(),
            keyed: owned.keyed,
            form: owned.form.clone(),
            next: owned.next.clone(),
            other: owned.other.clone(),
            rules: owned.rules.iter().map(rule).collect(),
        };
        Self {
            boot: ledger.place.boot.clone(),
            namespace: namespace(),
            ifindex: ledger.ifindex,
            vports: ledger.vports.iter().map(vport).collect(),
        }
    }

    fn matches(&self, ledger: &Ledger) -> bool {
        (self.boot.as_str(), self.ifindex) == (ledger.place.boot.as_str(), ledger.ifindex)
            && self.namespace == namespace()
    }

    fn vports(self) -> BTreeMap<VPortId, Owned> {
        let vport = |saved: SavedVPort| {
            let context = saved.context;
            let rule = |r: SavedRule| {
                let packets = match r.protocol {
                    Some(at) => *Packets::PROTOCOLS.get(at)?,
                    None => Packets::All,
                };
                let rule = MacRule { mac: r.mac, vlan: r.vlan, packets, context };
                Some(OwnedRule { filter: FilterId(r.filter), location: r.location, rule })
            };
            let owned = Owned {
                context,
                queues: saved.queues,
                form: saved.form,
                next: saved.next,
                other: saved.other,
                hash_types: HashTypes::from_bits(saved.hash_types).unwrap_or_default(),
                keyed: saved.keyed,
                rules: saved.rules.into_iter().filter_map(rule).collect(),
            };
            (VPortId(saved.id), owned)
        };
        self.vports.into_iter().map(vport).collect()
    }
}

mod queue {
    use rssmgr_core::QueueId;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(queue: &QueueId, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(queue.0)
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<QueueId, D::Error> {
        u16::deserialize(from).map(QueueId)
    }
}

mod queues {
    use rssmgr_core::QueueId;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(queues: &[QueueId], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(queues.iter().map(|queue| queue.0))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Vec<QueueId>, D::Error> {
        Ok(Vec::<u16>::deserialize(from)?.into_iter().map(QueueId).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned() -> Owned {
        let form = |enabled| Form { enabled, table: vec![QueueId(6), QueueId(7)], default_queue: QueueId(6) };
        let rule = |location, packets| OwnedRule {
            filter: FilterId(3),
            location,
            rule: MacRule { mac: [2, 0, 0, 0, 0, 7], vlan: Some(100), packets, context: 4 },
        };
        Owned {
            context: 4,
            queues: vec![QueueId(6), QueueId(7)],
            form: form(true),
            next: Some(form(false)),
            other: Some(vec![0, 1]),
            hash_types: HashTypes::DEFAULT,
            keyed: true,
            rules: vec![rule(0, Packets::All), rule(9, Packets::Ip6)],
        }
    }

    #[test]
    fn a_ledger_is_of_one_boot_and_one_interface() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Some(dir.path().join("contexts"));
        let place = |boot: &str| LedgerPlace { folder: folder.clone(), boot: boot.into(), look_only: false };
        let mut ledger = Ledger::open(&place("b1"), 7);
        assert!(ledger.vports.is_empty());
        ledger.vports.insert(VPortId(1), owned());
        ledger.keep().unwrap();
        assert_eq!(Ledger::open(&place("b1"), 7).vports, ledger.vports);
        assert!(Ledger::open(&place("b2"), 7).vports.is_empty(), "after a reboot the kernel has none");
        assert!(Ledger::open(&place("b1"), 8).vports.is_empty());
        let file = dir.path().join("contexts/7.toml");
        let elsewhere = fs::read_to_string(&file).unwrap().replace("ifindex = 7", "ifindex = 8");
        fs::write(dir.path().join("contexts/8.toml"), elsewhere.replace("net:[", "net:[0")).unwrap();
        assert!(Ledger::open(&place("b1"), 8).vports.is_empty(), "of another network namespace");
        Ledger::tidy(&place("b1"), &[7]);
        assert_eq!(fs::read_dir(dir.path().join("contexts")).unwrap().count(), 1);
        // Who only looks writes nothing, whatever comes of it.
        let looks = LedgerPlace { look_only: true, ..place("b1") };
        let mut looked = Ledger::open(&looks, 7);
        looked.vports.clear();
        looked.keep().unwrap();
        Ledger::tidy(&looks, &[]);
        assert_eq!(Ledger::open(&looks, 7).vports, ledger.vports);
        // A damaged file claims nothing.
        let text = fs::read_to_string(&file).unwrap();
        for cut in 0..text.len() {
            fs::write(&file, &text[..cut]).unwrap();
            for owned in Ledger::open(&place("b1"), 7).vports.values() {
                assert_eq!((owned.context, &owned.form), (4, &self::owned().form), "cut at {cut}");
            }
        }
        ledger.vports.clear();
        ledger.keep().unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn a_table_fills_the_contexts() {
        let mut form = owned().form;
        assert_eq!(form.table(4), [6, 7, 6, 7]);
        form.enabled = false;
        assert_eq!(form.table(4), [6, 6, 6, 6]);
        assert_eq!(Form::default().table(2), [0, 0]);
    }
}
