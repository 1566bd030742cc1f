//! What finds an interface again after a restart, in another slot, under another name.
//!
//! The lasting key of an interface says what it is made of, so that it can be looked for by each part: the permanent
//! address and the place on the bus together, then the address alone, then the place alone.

use alloc::string::String;
use core::fmt;

use super::Manager;
use super::view::{AdapterFacts, Kind};
use crate::mac;

/// What is lasting about a network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The address that it was made with.
    pub mac: Option<[u8; 6]>,
    /// Its place on the bus, such as `0000:03:00.0`.
    pub path: Option<String>,
}

impl Identity {
    /// The identity of which a key tells; `None` for a key of another kind.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let (address, path) = match key.split_once('@') {
            Some((address, path)) => (address, Some(path.into())),
            None => (key, None),
        };
        let mac = if address.is_empty() { None } else { Some(mac::parse(address)?) };
        Some(Self { mac, path }).filter(|i| i.mac.is_some() || i.path.is_some())
    }
}

impl fmt::Display for Identity {
    /// The key: `ADDRESS@PLACE`, or the one that is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mac) = self.mac {
            f.write_str(&mac::show(mac))?;
        }
        match &self.path {
            Some(path) => write!(f, "@{path}"),
            None => Ok(()),
        }
    }
}

impl Manager {
    /// The key under which an interface that arrives is known: its own, or that of what it was when it was in another
    /// slot, or of what was in its slot.
    pub(super) fn lasting_key(&self, facts: &AdapterFacts) -> String {
        let own = || facts.key.clone();
        let known = |key: &str| {
            self.saved.adapters.contains_key(key) || self.saved.open.iter().any(|o| o.adapter == key)
        };
        let (Kind::Kernel, false, Some(sought)) =
            (facts.kind, known(&facts.key), Identity::parse(&facts.key))
        else {
            return own();
        };
        let used = |key: &str| self.adapters.values().any(|a| a.facts.key == key);
        let keys = || {
            let open = self.saved.open.iter().map(|o| &o.adapter);
            let keys =
                self.saved.adapters.keys().chain(open.filter(|k| !self.saved.adapters.contains_key(*k)));
            keys.filter_map(|k| Some((k, Identity::parse(k)?)))
        };
        let only = |matches: &dyn Fn(&Identity) -> bool| {
            let mut found = keys().filter(|(_, i)| matches(i));
            let (key, _) = found.next()?;
            (found.next().is_none() && !used(key)).then(|| key.clone())
        };
        let by_mac = sought.mac.and_then(|m| only(&|i: &Identity| i.mac == Some(m)));
        let by_path = || sought.path.as_ref().and_then(|p| only(&|i: &Identity| i.path.as_ref() == Some(p)));
        by_mac.or_else(by_path).unwrap_or_else(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::{SavedAdapter, SavedState, Setup};
    use std::string::ToString;

    fn identity(last: u8, slot: u8) -> Identity {
        let path = (slot > 0).then(|| alloc::format!("0000:0{slot}:00.0"));
        Identity { mac: (last > 0).then_some([2, 0, 0, 0, 0, last]), path }
    }

    #[test]
    fn a_key_says_what_it_is_made_of() {
        for i in [identity(1, 3), identity(0, 3), identity(1, 0)] {
            assert_eq!(Identity::parse(&i.to_string()), Some(i));
        }
        assert_eq!(identity(1, 3).to_string(), "02:00:00:00:00:01@0000:03:00.0");
        for other in ["softnic:s0", "", "02:00:00:00:00", "02:00:00:00:00:01:07", "name:eth0"] {
            assert_eq!(Identity::parse(other), None, "{other}");
        }
    }

    #[test]
    fn both_then_the_address_then_the_place() {
        let mut saved = SavedState::default();
        for i in [identity(1, 1), identity(2, 2), identity(3, 3), identity(3, 4)] {
            saved.adapters.insert(i.to_string(), SavedAdapter::default());
        }
        let m = Manager::new(Setup { saved, ..Setup::default() });
        let found = |last, slot| {
            let facts = AdapterFacts {
                name: "k".into(),
                key: identity(last, slot).to_string(),
                kind: Kind::Kernel,
                description: String::new(),
                driver: "igb".into(),
                mac: None,
                team: None,
                driver_version: String::new(),
                firmware: String::new(),
                node: None,
            };
            m.lasting_key(&facts)
        };
        for ((last, slot), (known, there)) in [
            ((1, 1), (1, 1)), // as it was
            ((1, 7), (1, 1)), // moved to another slot
            ((1, 2), (1, 1)), // the address says more than the slot
            ((9, 2), (2, 2)), // replaced
            ((3, 3), (3, 3)),
            ((3, 9), (3, 9)), // the address is not unique
            ((9, 9), (9, 9)), // never seen
        ] {
            assert_eq!(found(last, slot), identity(known, there).to_string(), "{last} in {slot}");
        }
    }
}
