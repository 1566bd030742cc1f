//! A kernel with RSS contexts, written from what Linux 7.1 does (`net/ethtool/rss.c`, `ioctl.c`, drivers): the rules of
//! contexts and receive rules, and which error comes when. No driver that can be had in a virtual machine has contexts.
//!
//! It knows nothing of VPorts and shares no code with what it checks.

use std::collections::BTreeMap;

use rssmgr_ethtool::Fields;
use rssmgr_ethtool::contexts::ContextKernel;
use rssmgr_netlink::ethtool::legacy::{MacRule, Packets, PlacedRule, PlacedRules};
use rssmgr_netlink::ethtool::{FlowType, HashFields, HashKey, Rss, RssChange, Table};
use rssmgr_netlink::{Errno, Error};

/// A context besides the default one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) table: Vec<u32>,
    pub(crate) key: Vec<u8>,
    pub(crate) fields: Fields,
}

/// What kind of driver is imitated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// The highest number of a context.
    pub(crate) most: u32,
    pub(crate) own_key: bool,
    pub(crate) own_fields: bool,
    /// Rules lead to a context for one protocol only.
    pub(crate) per_protocol: bool,
    /// The driver picks places.
    pub(crate) by_driver: bool,
    pub(crate) places: u32,
}

/// The kernel and its driver.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    pub(crate) habits: Habits,
    pub(crate) queues: u32,
    pub(crate) entries: usize,
    pub(crate) key: Vec<u8>,
    pub(crate) contexts: BTreeMap<u32, Context>,
    pub(crate) rules: BTreeMap<u32, MacRule>,
    /// It says that it has no contexts.
    pub(crate) unsupported: bool,
    /// Calls that read contexts or rules, so far.
    pub(crate) reads: u32,
    /// Calls that change something, so far.
    pub(crate) changes: u32,
    /// The change of this number fails, and changes nothing.
    pub(crate) fails: Option<u32>,
    /// The daemon is killed when the change of this number is done.
    pub(crate) kills: Option<u32>,
}

/// What a kill unwinds with.
pub(crate) struct Killed;

pub(crate) const FOUR: HashFields = HashFields::ADDRESSES_AND_PORTS;

fn fields() -> Fields {
    let flows =
        [FlowType::IP4, FlowType::TCP4, FlowType::UDP4, FlowType::IP6, FlowType::TCP6, FlowType::UDP6];
    flows.into_iter().map(|flow| (flow, FOUR)).collect()
}

fn refused<T>(doing: &'static str, errno: Errno) -> Result<T, Error> {
    Err(Error::Socket { doing, errno })
}

impl Scripted {
    pub(crate) fn new(habits: Habits, queues: u32, entries: usize, key: Vec<u8>) -> Self {
        Self {
            habits,
            queues,
            entries,
            key,
            contexts: BTreeMap::new(),
            rules: BTreeMap::new(),
            unsupported: false,
            reads: 0,
            changes: 0,
            fails: None,
            kills: None,
        }
    }

    fn read(&mut self, doing: &'static str) -> Result<(), Error> {
        self.reads += 1;
        if self.unsupported { refused(doing, Errno::OPNOTSUPP) } else { Ok(()) }
    }

    /// A change begins: it may be the one that fails.
    fn begin(&mut self, doing: &'static str) -> Result<(), Error> {
        self.changes += 1;
        if self.fails == Some(self.changes) { refused(doing, Errno::IO) } else { Ok(()) }
    }

    /// A change is done: the daemon may be killed by now.
    fn done<T>(&self, result: T) -> T {
        if self.kills == Some(self.changes) {
            // Without a word on standard error.
            std::panic::resume_unwind(Box::new(Killed));
        }
        result
    }

    fn table(&self, change: &RssChange) -> Result<Option<Vec<u32>>, Error> {
        let table = match &change.table {
            None => return Ok(None),
            Some(Table::Default) => return refused("rss", Errno::INVAL),
            Some(Table::Entries(table)) => table,
        };
        // A shorter table is repeated where it goes into the device's.
        let fits = !table.is_empty() && self.entries.is_multiple_of(table.len());
        if !fits || table.iter().any(|queue| *queue >= self.queues) {
            return refused("rss", Errno::INVAL);
        }
        Ok(Some(table.iter().copied().cycle().take(self.entries).collect()))
    }

    fn own_key(&self, change: &RssChange) -> Result<Option<Vec<u8>>, Error> {
        match &change.key {
            None => Ok(None),
            Some(_) if !self.habits.own_key => refused("rss", Errno::OPNOTSUPP),
            Some(key) if key.as_bytes().len() != self.key.len() => refused("rss", Errno::INVAL),
            Some(key) => Ok(Some(key.as_bytes().to_vec())),
        }
    }

    fn answer(&self, number: u32, context: &Context) -> Rss {
        let mut rss = Rss::default();
        (rss.context, rss.table) = (number, context.table.clone());
        if self.habits.own_key {
            rss.key = HashKey::from(context.key.as_slice());
        }
        if self.habits.own_fields {
            rss.fields = Some(context.fields.clone());
        }
        rss
    }

    /// Somebody makes a context.
    pub(crate) fn make(&mut self, table: Vec<u32>) -> Option<u32> {
        let number = (1..=self.habits.most).find(|number| !self.contexts.contains_key(number))?;
        let context = Context { table, key: self.key.clone(), fields: fields() };
        self.contexts.insert(number, context);
        Some(number)
    }

    /// The driver forgets contexts and rules.
    pub(crate) fn reset(&mut self) {
        self.contexts.clear();
        self.rules.clear();
    }

    /// The context that takes a packet: the rule that says most, a protocol's before all.
    pub(crate) fn takes(&self, mac: [u8; 6], vlan: Option<u16>, packets: Packets) -> Option<u32> {
        let fits = |rule: &&MacRule| {
            rule.mac == mac
                && (rule.vlan.is_none() || rule.vlan == vlan)
                && (rule.packets == Packets::All || rule.packets == packets)
        };
        let says = |rule: &&MacRule| (rule.vlan.is_some(), rule.packets != Packets::All);
        self.rules.values().filter(fits).max_by_key(says).map(|rule| rule.context)
    }
}

impl ContextKernel for Scripted {
    fn default_context(&mut self) -> Result<Rss, Error> {
        self.read("rss-get")?;
        let mut rss = Rss::default();
        (rss.table, rss.key) = (vec![0; self.entries], HashKey::from(self.key.as_slice()));
        rss.fields = Some(fields());
        Ok(rss)
    }

    fn contexts(&mut self, _: u16) -> Result<Vec<Rss>, Error> {
        self.read("rss-get")?;
        Ok(self.contexts.iter().map(|(number, context)| self.answer(*number, context)).collect())
    }

    fn create(&mut self, change: &RssChange) -> Result<u32, Error> {
        self.begin("rss-create-act")?;
        let table = self.table(change)?;
        let key = self.own_key(change)?;
        let Some(table) = table else { return refused("rss-create-act", Errno::INVAL) };
        let Some(number) = self.make(table) else { return refused("rss-create-act", Errno::RANGE) };
        if let (Some(key), Some(context)) = (key, self.contexts.get_mut(&number)) {
            context.key = key;
        }
        Ok(self.done(number))
    }

    fn change(&mut self, context: u32, change: &RssChange) -> Result<(), Error> {
        self.begin("rss-set")?;
        if !self.contexts.contains_key(&context) {
            return refused("rss-set", Errno::NOENT);
        }
        let (table, key) = (self.table(change)?, self.own_key(change)?);
        if let Some(there) = self.contexts.get_mut(&context) {
            there.table = table.unwrap_or_else(|| there.table.clone());
            there.key = key.unwrap_or_else(|| there.key.clone());
        }
        self.done(());
        Ok(())
    }

    fn delete(&mut self, context: u32) -> Result<(), Error> {
        self.begin("rss-delete-act")?;
        if self.rules.values().any(|rule| rule.context == context) {
            return refused("rss-delete-act", Errno::BUSY);
        }
        if self.contexts.remove(&context).is_none() {
            return refused("rss-delete-act", Errno::NOENT);
        }
        self.done(());
        Ok(())
    }

    fn fields(&mut self, context: &Rss) -> Result<Fields, Error> {
        Ok(self.contexts.get(&context.context).map(|c| c.fields.clone()).unwrap_or_default())
    }

    fn set_fields(&mut self, context: u32, changes: &[(FlowType, HashFields)]) -> Result<(), Error> {
        for (flow, fields) in changes {
            self.begin("ETHTOOL_SRXFH")?;
            if !self.habits.own_fields {
                return refused("ETHTOOL_SRXFH", Errno::OPNOTSUPP);
            }
            let Some(there) = self.contexts.get_mut(&context) else {
                return refused("ETHTOOL_SRXFH", Errno::NOENT);
            };
            there.fields.insert(*flow, *fields);
            self.done(());
        }
        Ok(())
    }

    fn rules(&mut self) -> Result<PlacedRules, Error> {
        self.read("ETHTOOL_GRXCLSRLALL")?;
        let placed = |(location, rule): (&u32, &MacRule)| PlacedRule {
            location: *location,
            context: Some(rule.context),
            rule: Some(*rule),
        };
        let rules = self.rules.iter().map(placed).collect();
        Ok(PlacedRules { rules, places: self.habits.places, by_driver: self.habits.by_driver })
    }

    fn insert(&mut self, rule: &MacRule, location: Option<u32>) -> Result<u32, Error> {
        const DOING: &str = "ETHTOOL_SRXCLSRLINS";
        self.begin(DOING)?;
        if !self.contexts.contains_key(&rule.context) {
            return refused(DOING, Errno::NOENT);
        }
        if self.habits.per_protocol == (rule.packets == Packets::All) {
            return refused(DOING, Errno::INVAL);
        }
        let same = |r: &MacRule| (r.mac, r.vlan, r.packets) == (rule.mac, rule.vlan, rule.packets);
        if self.rules.values().any(same) {
            return refused(DOING, Errno::EXIST);
        }
        let free = || (0..self.habits.places).find(|place| !self.rules.contains_key(place));
        let place = match (location, self.habits.by_driver) {
            (Some(_), true) | (None, false) => return refused(DOING, Errno::INVAL),
            (None, true) => free(),
            (Some(location), false) => Some(location).filter(|place| *place < self.habits.places),
        };
        let Some(place) = place else { return refused(DOING, Errno::NOSPC) };
        // One that is there is overwritten, as mlx5 does.
        self.rules.insert(place, *rule);
        Ok(self.done(place))
    }

    fn remove(&mut self, location: u32) -> Result<(), Error> {
        self.begin("ETHTOOL_SRXCLSRLDEL")?;
        if self.rules.remove(&location).is_none() {
            return refused("ETHTOOL_SRXCLSRLDEL", Errno::NOENT);
        }
        self.done(());
        Ok(())
    }
}
