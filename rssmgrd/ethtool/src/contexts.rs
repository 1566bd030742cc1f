//! VPorts of a network interface: each is an RSS context, a table beside the adapter's own, with receive rules that lead
//! there.
//!
//! The kernel knows contexts and rules and not whose they are. Which are ours is kept in a ledger ([`Ledger`]), with what a
//! VPort has that the kernel has no place for. Something that is there is ours when the ledger says so and what is there
//! bears it out; everything else is somebody else's, and is neither changed nor deleted nor used. So what was made in the
//! instant before the daemon was killed, and is in no ledger, stays behind as somebody else's: rather that than the other
//! way round.
//!
//! A context has one whole table. Linux can neither switch one off nor give it a queue for packets without a hash: a VPort
//! that does not spread is a table that names one queue.

mod astray;
mod change;
mod filters;
mod kernel;
mod ledger;

pub use astray::astray;
pub use kernel::{ContextKernel, OfInterface};
pub use ledger::{Form, Ledger, LedgerPlace, Owned, OwnedRule};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rssmgr_core::VPortId;
use rssmgr_core::device::{Device, Filter, VPortDevice};
use rssmgr_core::driver::Contexts;
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::ids::FilterId;
use rssmgr_netlink::Error;
use rssmgr_netlink::ethtool::Rss;
use rssmgr_netlink::ethtool::legacy::PlacedRules;

use crate::fields;

/// The contexts and rules that are ours, for whoever looks around an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ours {
    /// Numbers of contexts.
    pub contexts: BTreeSet<u32>,
    /// Places of rules.
    pub rules: BTreeSet<u32>,
}

/// What is there: read whole before anything is judged or done.
struct Seen {
    default: Rss,
    contexts: Vec<Rss>,
    rules: PlacedRules,
}

impl Seen {
    fn read(kernel: &mut dyn ContextKernel, facts: &Contexts) -> Result<Self, Error> {
        let default = kernel.default_context()?;
        let contexts = kernel.contexts(facts.most)?;
        Ok(Self { default, contexts, rules: kernel.rules()? })
    }

    fn context(&self, number: u32) -> Option<&Rss> {
        self.contexts.iter().find(|c| c.context == number)
    }

    fn has(&self, rule: &OwnedRule) -> bool {
        self.rules.rules.iter().any(|r| r.location == rule.location && r.rule == Some(rule.rule))
    }

    /// Whether a context of the ledger is still the one that was made: its table is one that was written, or was there when
    /// it was ours, or a rule of ours leads there, without whose removal nobody can have replaced it.
    fn bears_out(&self, owned: &Owned) -> bool {
        let Some(there) = self.context(owned.context) else { return false };
        let written = [Some(&owned.form), owned.next.as_ref()];
        written.into_iter().flatten().any(|form| form.table(there.table.len()) == there.table)
            || owned.other.as_ref() == Some(&there.table)
            || owned.rules.iter().any(|rule| self.has(rule))
    }
}

/// The VPorts of one interface.
#[derive(Debug)]
pub struct VPorts {
    driver: String,
    facts: Contexts,
    ledger: Ledger,
    ours: Arc<Mutex<Ours>>,
}

impl VPorts {
    /// Those of an interface with this driver, as its ledger has them.
    #[must_use]
    pub fn new(driver: &str, facts: Contexts, ledger: Ledger) -> Self {
        let vports = Self { driver: driver.to_owned(), facts, ledger, ours: Arc::default() };
        vports.tell_ours();
        vports
    }

    /// What is ours, kept up to date.
    #[must_use]
    pub fn ours(&self) -> Arc<Mutex<Ours>> {
        Arc::clone(&self.ours)
    }

    /// The VPorts that are there. `adapter` is the rest of the adapter's state: they share with it what the driver does not
    /// keep apart.
    ///
    /// # Errors
    /// What the kernel refuses. Nothing is changed in any case.
    pub fn observe(
        &mut self,
        kernel: &mut dyn ContextKernel,
        adapter: &Device,
    ) -> Result<BTreeMap<VPortId, VPortDevice>, Error> {
        if self.ledger.vports.is_empty() {
            return Ok(BTreeMap::new());
        }
        let seen = match Seen::read(kernel, &self.facts) {
            // Without contexts no VPort can be seen; the ledger keeps them until they can.
            Err(e) if e.is_unsupported() => return Ok(BTreeMap::new()),
            read => read?,
        };
        self.believe(&seen);
        let mut found = BTreeMap::new();
        for (id, owned) in &self.ledger.vports {
            let Some(there) = seen.context(owned.context) else { continue };
            let as_written = owned.form.table(there.table.len()) == there.table;
            // A table that somebody else wrote is shown as it is.
            let enabled = owned.form.enabled || !as_written;
            let types = self.hash_types(kernel, owned, enabled.then_some(there), adapter)?;
            let key =
                if owned.keyed { HashKey::new(there.key.as_bytes().to_vec()) } else { HashKey::default() };
            found.insert(
                *id,
                VPortDevice {
                    queues: owned.queues.clone(),
                    enabled,
                    table: if as_written {
                        owned.form.table.clone()
                    } else {
                        crate::nic::queue_ids(&there.table)
                    },
                    hash_types: types,
                    key,
                    default_queue: owned.form.default_queue,
                    filters: self.filters(owned),
                },
            );
        }
        Ok(found)
    }

    /// Takes out of the ledger what is not there any more, or not ours.
    fn believe(&mut self, seen: &Seen) {
        let before = self.ledger.vports.clone();
        self.ledger.vports.retain(|_, owned| seen.bears_out(owned));
        for owned in self.ledger.vports.values_mut() {
            owned.rules.retain(|rule| seen.has(rule));
            // Killed between the mark and the end of a write: what is there tells whether it was done.
            let is_there = |form: &Form| {
                seen.context(owned.context).is_some_and(|c| form.table(c.table.len()) == c.table)
            };
            if let Some(next) = owned.next.take_if(|next| is_there(next)) {
                owned.form = next;
            }
            owned.next = None;
            let as_written = is_there(&owned.form);
            let table = seen.context(owned.context).map(|c| c.table.clone());
            owned.other = table.filter(|_| !as_written);
        }
        if self.ledger.vports != before {
            // Where it cannot be kept, the same is found out the next time.
            let _ = self.ledger.keep();
            self.tell_ours();
        }
    }

    fn tell_ours(&self) {
        let vports = self.ledger.vports.values();
        let ours = Ours {
            contexts: vports.clone().map(|v| v.context).collect(),
            rules: vports.flat_map(|v| &v.rules).map(|r| r.location).collect(),
        };
        *self.ours.lock().unwrap_or_else(PoisonError::into_inner) = ours;
    }

    /// The hash types of one that spreads (`spreads` is its context), where they can be read; what was asked for where they
    /// amount to that.
    fn hash_types(
        &self,
        kernel: &mut dyn ContextKernel,
        owned: &Owned,
        spreads: Option<&Rss>,
        adapter: &Device,
    ) -> Result<HashTypes, Error> {
        let Some(there) = spreads else { return Ok(owned.hash_types) };
        if !self.facts.own_fields {
            return Ok(adapter.hash_types);
        }
        let present = kernel.fields(there)?;
        let as_asked = present.is_empty() || fields::changes(&present, owned.hash_types).is_empty();
        Ok(if as_asked { owned.hash_types } else { fields::types(&present) })
    }

    /// The filters of which every rule is there.
    fn filters(&self, owned: &Owned) -> Vec<Filter> {
        let mut rules: BTreeMap<FilterId, Vec<&OwnedRule>> = BTreeMap::new();
        for rule in &owned.rules {
            rules.entry(rule.filter).or_default().push(rule);
        }
        let whole = usize::from(self.facts.rules.per_filter());
        let filter = |(id, rules): (FilterId, Vec<&OwnedRule>)| {
            let first = rules.first().filter(|_| rules.len() == whole)?;
            Some(Filter { id, mac: Some(first.rule.mac), vlan: first.rule.vlan })
        };
        let mut filters: Vec<Filter> = rules.into_iter().filter_map(filter).collect();
        filters.sort_unstable();
        filters
    }
}
