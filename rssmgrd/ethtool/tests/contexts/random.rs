//! Random VPorts, faults, kills, and what others do in between: kernel and daemon agree, and nothing of others is touched.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use rssmgr_core::device::{Device, Filter, Op, VPortOp};
use rssmgr_core::driver::{self, Driver};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::place::Target;
use rssmgr_core::plan::plan;
use rssmgr_core::{FilterId, QueueId, VPortId};
use rssmgr_ethtool::contexts::LedgerPlace;
use rssmgr_netlink::ethtool::legacy::{MacRule, Packets};

use crate::nic::{Nic, QUEUES, habits};
use crate::scripted::{Context, Killed};

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// These operations lead to the VPorts that are wanted; on the way there a change fails, or the daemon is killed.
    Want(Vec<Op>, Accident),
    /// Somebody makes a context, and a rule of their own that leads there.
    Foreign(u8),
    /// Somebody takes what was made last away.
    ForeignGone,
    /// Somebody takes our first context away and makes one of their own, which gets its number.
    Replaced,
    /// Somebody writes the table of our first context.
    Rewritten,
    /// Somebody removes our first rule.
    RuleRemoved,
    /// The driver forgets everything.
    Reset,
    /// The daemon is stopped and started.
    Restart,
}

#[derive(Clone, Copy, Debug)]
enum Accident {
    None,
    Fails(u32),
    Killed(u32),
}

const KEYS: [[u8; 40]; 2] = [[1; 40], [2; 40]];

fn op(own_types: bool) -> impl Strategy<Value = Op> {
    // The last queues: the adapter itself is on the first two.
    let queue = || (2..QUEUES).prop_map(QueueId);
    let queues = || prop::collection::vec(queue(), 1..4);
    let types = if own_types {
        vec![HashTypes::DEFAULT, HashTypes::parse("ipv4").unwrap()]
    } else {
        vec![HashTypes::DEFAULT]
    };
    let vlan = prop_oneof![Just(None), (1..3_u16).prop_map(Some)];
    let filter = (0..9_u32, 0..3_u8, vlan).prop_map(|(id, mac, vlan)| Filter {
        id: FilterId(id),
        mac: Some([2, 0, 0, 0, 0, mac]),
        vlan,
    });
    let vport = prop_oneof![
        6 => queues().prop_map(|queues| VPortOp::Create { queues }),
        1 => Just(VPortOp::Delete),
        3 => queues().prop_map(VPortOp::Queues),
        4 => prop::sample::select(types).prop_map(VPortOp::Enable),
        1 => Just(VPortOp::Disable),
        4 => prop::sample::select(KEYS.to_vec()).prop_map(|key| VPortOp::SetKey(HashKey::new(key.to_vec()))),
        5 => prop::collection::vec(queue(), 1..9).prop_map(VPortOp::WriteTable),
        2 => queue().prop_map(VPortOp::DefaultQueue),
        6 => prop::collection::vec(filter, 0..4).prop_map(VPortOp::Filters),
    ];
    ((1..4_u32).prop_map(VPortId), vport).prop_map(|(id, op)| Op::VPort { id, op })
}

fn step(own: bool) -> impl Strategy<Value = Step> {
    let accident = prop_oneof![
        3 => Just(Accident::None),
        2 => (1..25_u32).prop_map(Accident::Fails),
        2 => (1..25_u32).prop_map(Accident::Killed),
    ];
    let ops = prop::collection::vec(op(own), 1..40);
    prop_oneof![
        12 => (ops, accident).prop_map(|(ops, accident)| Step::Want(ops, accident)),
        2 => (0..4_u8).prop_map(Step::Foreign),
        1 => Just(Step::ForeignGone),
        1 => Just(Step::Replaced),
        1 => Just(Step::Rewritten),
        1 => Just(Step::RuleRemoved),
        1 => Just(Step::Reset),
        2 => Just(Step::Restart),
    ]
}

/// A run, with a record of its own of what is not the daemon's.
pub(crate) struct Run {
    pub(crate) nic: Nic,
    pub(crate) driver: &'static str,
    contexts: BTreeMap<u32, Context>,
    rules: BTreeMap<u32, MacRule>,
    /// Made by somebody: never ours, whatever happens.
    made: BTreeSet<u32>,
    /// Something of ours was left behind by a kill.
    orphan: bool,
}

impl Run {
    pub(crate) fn new(driver: &'static str, place: LedgerPlace) -> Self {
        let nic = Nic::new(driver, place);
        let (contexts, rules) = (BTreeMap::new(), BTreeMap::new());
        Self { nic, driver, contexts, rules, made: BTreeSet::new(), orphan: false }
    }

    fn protocol(&self) -> Packets {
        if habits(self.driver).per_protocol { Packets::Udp4 } else { Packets::All }
    }

    /// Everything that the daemon does not claim is somebody's from now on.
    fn take_stock(&mut self) {
        drop(self.nic.observe());
        let ours = self.nic.ours();
        let kernel = self.nic.kernel();
        self.contexts = kernel.contexts.clone();
        self.contexts.retain(|number, _| !ours.contexts.contains(number));
        self.rules = kernel.rules.clone();
        self.rules.retain(|place, _| !ours.rules.contains(place));
    }

    pub(crate) fn nothing_of_others_was_touched(&mut self) {
        drop(self.nic.observe());
        let ours = self.nic.ours();
        let kernel = self.nic.kernel();
        for (number, context) in &self.contexts {
            assert_eq!(kernel.contexts.get(number), Some(context), "context {number} is somebody else's");
        }
        for (place, rule) in &self.rules {
            assert_eq!(kernel.rules.get(place), Some(rule), "rule {place} is somebody else's");
        }
        assert!(self.made.is_disjoint(&ours.contexts), "claimed: {:?} {ours:?}", self.made);
    }

    /// Somebody makes a context, and a rule that leads there.
    pub(crate) fn foreign(&mut self, n: u8) {
        let table = (0..16).map(|i| (i + u32::from(n)) % 2).collect();
        let (packets, few) = (self.protocol(), self.made.len() < 2);
        let made = if few { self.nic.kernel().make(table) } else { None };
        if let Some(context) = made {
            self.made.insert(context);
            let rule = MacRule { mac: [4, 0, 0, 0, 0, n], vlan: None, packets, context };
            let places = 0..habits(self.driver).places;
            let mut kernel = self.nic.kernel();
            let place = { places }.find(|place| !kernel.rules.contains_key(place)).unwrap();
            kernel.rules.insert(place, rule);
        }
        self.take_stock();
    }

    /// The driver forgets everything.
    pub(crate) fn reset(&mut self) {
        self.nic.kernel().reset();
        self.made.clear();
        self.orphan = false;
        self.take_stock();
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Want(ops, accident) => {
                self.want(ops, *accident);
                return self.nothing_of_others_was_touched();
            }
            Step::Foreign(n) => self.foreign(*n),
            Step::ForeignGone => {
                if let Some(context) = self.made.pop_last() {
                    let mut kernel = self.nic.kernel();
                    kernel.rules.retain(|_, rule| rule.context != context);
                    kernel.contexts.remove(&context);
                }
            }
            Step::Replaced => {
                let first = self.nic.ours().contexts.first().copied();
                if let Some(context) = first.filter(|_| self.made.len() < 2) {
                    let mut kernel = self.nic.kernel();
                    kernel.rules.retain(|_, rule| rule.context != context);
                    let there = kernel.contexts.get_mut(&context).unwrap();
                    there.table = vec![1; 16];
                    drop(kernel);
                    self.made.insert(context);
                }
            }
            Step::Rewritten => {
                let first = self.nic.ours().contexts.first().copied();
                if let Some(there) = first.and_then(|c| self.nic.kernel().contexts.get_mut(&c).cloned()) {
                    let other = Context { table: vec![0; 16], ..there };
                    self.nic.kernel().contexts.insert(first.unwrap(), other);
                }
            }
            Step::RuleRemoved => {
                if let Some(place) = self.nic.ours().rules.first() {
                    self.nic.kernel().rules.remove(place);
                }
            }
            Step::Reset => self.reset(),
            Step::Restart => {
                let before = self.nic.observe();
                self.nic.restart();
                let changes = self.nic.kernel().changes;
                assert_eq!(self.nic.observe(), before, "the same after a restart");
                assert_eq!(self.nic.kernel().changes, changes, "looking changes nothing");
                return self.nothing_of_others_was_touched();
            }
        }
        self.take_stock();
        assert!(self.made.is_disjoint(&self.nic.ours().contexts));
    }

    /// The plan to the VPorts that these operations make of none, and whether it got there.
    fn want(&mut self, ops: &[Op], accident: Accident) {
        let cap = self.nic.capability.clone();
        let from = self.nic.observe();
        let none = Device { vports: BTreeMap::new(), ..from.clone() };
        let to = ops.iter().fold(none, |d, op| driver::apply(&cap, &d, op).unwrap_or(d));
        let target = Target::snapshot(to.clone());
        let steps = plan(Driver::of(self.driver), &cap, &from, &target).unwrap();
        {
            let mut kernel = self.nic.kernel();
            let at = kernel.changes;
            match accident {
                Accident::None => {}
                Accident::Fails(n) => kernel.fails = Some(at + n),
                Accident::Killed(n) => kernel.kills = Some(at + n),
            }
        }
        for step in &steps {
            let before = self.nic.observe();
            let done = catch_unwind(AssertUnwindSafe(|| self.nic.execute(&step.op)));
            match done {
                Ok(Ok(_)) => {
                    let after = driver::apply(&cap, &before, &step.op).unwrap();
                    assert_eq!(self.nic.observe().difference(&after), None, "{}", step.op);
                }
                Ok(Err(why)) => {
                    assert_eq!(self.nic.observe(), before, "{}: whole or not at all: {why}", step.op);
                    let kernel = self.nic.kernel();
                    let full = kernel.contexts.len() >= usize::try_from(kernel.habits.most).unwrap();
                    assert!(kernel.fails.is_some() || full || self.orphan, "{}: {why}", step.op);
                    drop(kernel);
                    self.nic.kernel().fails = None;
                    return;
                }
                Err(killed) => {
                    assert!(killed.is::<Killed>(), "a panic");
                    self.nic.restart();
                    drop(self.nic.observe());
                    let (ours, kernel) = (self.nic.ours(), self.nic.kernel());
                    let left = |all: usize, ours: usize, theirs: usize| all - ours - theirs;
                    let contexts = left(kernel.contexts.len(), ours.contexts.len(), self.contexts.len());
                    let rules = left(kernel.rules.len(), ours.rules.len(), self.rules.len());
                    assert!(contexts + rules <= 1, "one change at most is in no ledger: {contexts} {rules}");
                    drop(kernel);
                    self.orphan |= contexts + rules > 0;
                    self.nothing_of_others_was_touched();
                    return self.take_stock();
                }
            }
        }
        let mut kernel = self.nic.kernel();
        (kernel.fails, kernel.kills) = (None, None);
        drop(kernel);
        let there = self.nic.observe();
        assert_eq!(there.difference(&to), None);
        self.agrees(&to);
    }

    /// The kernel does with packets what the VPorts say.
    pub(crate) fn agrees(&self, device: &Device) {
        let kernel = self.nic.kernel();
        let ours = self.nic.ours();
        assert_eq!(ours.contexts.len(), device.vports.len());
        assert_eq!(kernel.contexts.len(), device.vports.len() + self.contexts.len(), "no context too many");
        assert_eq!(kernel.rules.len(), ours.rules.len() + self.rules.len(), "no rule too many");
        if self.orphan {
            return;
        }
        let protocols: &[Packets] =
            if kernel.habits.per_protocol { &Packets::PROTOCOLS } else { &[Packets::All] };
        for (id, vport) in &device.vports {
            for filter in &vport.filters {
                for packets in protocols {
                    let context = kernel.takes(filter.mac.unwrap(), filter.vlan, *packets).unwrap();
                    let table = &kernel.contexts[&context].table;
                    for (hash, queue) in table.iter().enumerate() {
                        let spread = vport.table[hash % vport.table.len()];
                        let expected = if vport.enabled { spread } else { vport.default_queue };
                        assert_eq!(*queue, u32::from(expected.0), "VPort {id}, {filter:?}, hash {hash}");
                    }
                    if kernel.habits.own_key && vport.enabled {
                        assert_eq!(kernel.contexts[&context].key, vport.key.bytes());
                    }
                }
            }
        }
    }
}

fn run(driver: &'static str, steps: &[Step]) {
    let dir = tempfile::tempdir().unwrap();
    let place = LedgerPlace { folder: Some(dir.path().to_owned()), boot: "b".into(), look_only: false };
    let mut run = Run::new(driver, place);
    for step in steps {
        run.step(step);
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn mlx5_and_daemon_agree(steps in prop::collection::vec(step(true), 1..12)) {
        run("mlx5_core", &steps);
    }

    #[test]
    fn sfc_and_daemon_agree(steps in prop::collection::vec(step(false), 1..12)) {
        run("sfc", &steps);
    }
}
