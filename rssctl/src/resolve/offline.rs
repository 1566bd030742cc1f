//! The adapter and the machine of an offline plan.

use std::path::PathBuf;

use rssmgr_core::NodeId;
use rssmgr_core::field::nearest;
use rssmgr_core::topology::Topology;
use rssmgr_host::HostError;
use rssmgr_proto::ErrorKind;

use crate::exit::Failure;

/// The machine that an offline plan is for.
#[derive(Debug)]
pub struct OfflineMachine {
    /// Its CPUs.
    pub topology: Topology,
    /// Its root, when it is recorded and not made up.
    pub root: Option<PathBuf>,
}

impl OfflineMachine {
    /// Reads a recorded machine.
    ///
    /// # Errors
    /// It cannot be read, or its files are damaged.
    pub fn recorded(root: PathBuf) -> Result<Self, Failure> {
        let topology = rssmgr_host::topology(&root).map_err(|e| host_failure(&e))?;
        Ok(Self { topology, root: Some(root) })
    }

    /// Makes one up: NODESxCORESxTHREADS.
    ///
    /// # Errors
    /// Not such a text.
    pub fn made_up(spec: &str) -> Result<Self, Failure> {
        let topology = Topology::from_spec(spec).map_err(|e| Failure::usage(e.to_string()))?;
        Ok(Self { topology, root: None })
    }
}

pub(crate) fn host_failure(e: &HostError) -> Failure {
    let kind = match e {
        HostError::NotAMachine { .. } | HostError::Io { .. } => ErrorKind::Usage,
        HostError::NoInterface { .. } => ErrorKind::NoSuchAdapter,
        HostError::TooLarge { .. }
        | HostError::Topology { .. }
        | HostError::Number { .. }
        | HostError::Line { .. }
        | HostError::Set { .. } => ErrorKind::BadFile,
    };
    Failure::new(kind, e.to_string())
}

/// An adapter as described after `--adapter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterSpec {
    /// Its name.
    pub name: String,
    /// Queues it has now.
    pub queues: u16,
    /// The most it can have.
    pub max_queues: u16,
    /// Indirection table entries.
    pub entries: u16,
    /// Interrupt vectors for receive queues.
    pub vectors: u16,
    /// Its NUMA node.
    pub node: Option<NodeId>,
    /// Link speed in Mbit/s.
    pub speed: Option<u32>,
}

const KEYS: [&str; 7] = ["name", "queues", "max_queues", "entries", "vectors", "node", "speed"];

/// Entries of the table when nobody says: what every printed Windows table has.
const ENTRIES: u16 = 128;

impl AdapterSpec {
    /// Reads `KEY=VALUE,KEY=VALUE`; what is missing comes from the recorded interface `name`, then from defaults.
    ///
    /// # Errors
    /// An unknown key, a value out of range, or nothing that tells the number of queues.
    pub fn parse(text: &str, machine: &OfflineMachine) -> Result<Self, Failure> {
        let mut given: Vec<(&str, &str)> = Vec::new();
        for part in text.split(',').filter(|p| !p.trim().is_empty()) {
            let Some((key, value)) = part.trim().split_once('=') else {
                return Err(Failure::usage(format!(
                    "adapter: `{part}` is not KEY=VALUE; keys are {}",
                    KEYS.join(", ")
                )));
            };
            let Some(key) = KEYS.into_iter().find(|k| k.eq_ignore_ascii_case(key)) else {
                let near = nearest(key, KEYS.into_iter())
                    .map(|n| format!(" (did you mean `{n}`?)"))
                    .unwrap_or_default();
                return Err(Failure::usage(format!(
                    "adapter: unknown key `{key}`{near}; keys are {}",
                    KEYS.join(", ")
                )));
            };
            if given.iter().any(|(k, _)| *k == key) {
                return Err(Failure::usage(format!("adapter: `{key}` is given twice")));
            }
            given.push((key, value));
        }
        let text = |key: &str| given.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        let number = |key: &str, min: u32, max: u32| -> Result<Option<u32>, Failure> {
            let Some(value) = text(key) else { return Ok(None) };
            let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
            match value.parse().ok().filter(|n| digits && (min..=max).contains(n)) {
                Some(n) => Ok(Some(n)),
                None => {
                    Err(Failure::usage(format!("adapter: {key}: `{value}` is no number from {min} to {max}")))
                }
            }
        };
        let small = |key: &str, max: u32| -> Result<Option<u16>, Failure> {
            Ok(number(key, 1, max)?.and_then(|n| u16::try_from(n).ok()))
        };
        let most = rssmgr_core::settings::MAX_QUEUES;
        let max_queues = small("max_queues", most)?;
        let mut node = number("node", 0, 1023)?.map(NodeId);
        let mut found = None;
        if let Some((root, name)) = machine.root.as_ref().zip(text("name")) {
            match rssmgr_host::nic(root, name) {
                Ok(nic) => {
                    node = node.or(nic.node);
                    found = u16::try_from(nic.rx_queues).ok().filter(|q| *q > 0);
                }
                // A name alone is a label; but it must lead somewhere when something is to be read from it.
                Err(HostError::NoInterface { .. }) if text("queues").is_some() && node.is_some() => {}
                Err(e) => return Err(host_failure(&e)),
            }
        }
        let Some(queues) = small("queues", most)?.or(found).or(max_queues) else {
            return Err(Failure::usage("adapter: queues is missing: write for example queues=8,node=1"));
        };
        if let Some(n) = node.filter(|n| machine.topology.nodes().all(|id| id != *n)) {
            let have: Vec<String> = machine.topology.nodes().map(|id| id.to_string()).collect();
            return Err(Failure::usage(format!(
                "adapter: node: `{n}` does not exist; the machine has {}",
                have.join(", ")
            )));
        }
        let max_queues = max_queues.unwrap_or(queues);
        if queues > max_queues {
            return Err(Failure::usage(format!(
                "adapter: queues: `{queues}` is more than max_queues, {max_queues}"
            )));
        }
        Ok(Self {
            name: text("name").unwrap_or("offline0").into(),
            queues,
            max_queues,
            entries: small("entries", 1 << 15)?.unwrap_or(ENTRIES),
            vectors: small("vectors", most)?.unwrap_or(max_queues),
            node,
            speed: number("speed", 1, 1_600_000)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_key_and_value_is_named() {
        let machine = OfflineMachine::made_up("2x4x1").unwrap();
        for (text, needle) in [
            ("queues", "`queues` is not KEY=VALUE"),
            ("queue=8", "did you mean `queues`?"),
            ("queues=8,queues=4", "`queues` is given twice"),
            ("queues=0", "queues: `0` is no number from 1 to 1024"),
            ("queues=x", "queues: `x` is no number"),
            ("queues=8,entries=40000", "entries: `40000` is no number from 1 to 32768"),
            ("queues=8,node=2", "node: `2` does not exist; the machine has 0, 1"),
            ("queues=8,max_queues=4", "more than max_queues, 4"),
            ("node=1", "queues is missing"),
        ] {
            let e = AdapterSpec::parse(text, &machine).unwrap_err();
            assert!(e.error.message.contains(needle), "{text}: {e}");
        }
        let spec = AdapterSpec::parse("max_queues=16, queues=8,node=1,speed=25000", &machine).unwrap();
        assert_eq!((spec.queues, spec.vectors, spec.entries, spec.node), (8, 16, 128, Some(NodeId(1))));
    }
}
