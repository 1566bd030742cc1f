//! What is asked of VPorts goes through the manager, as with a daemon, to the imitated kernel.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use rssmgr_core::capability::VPortCapability;
use rssmgr_core::device::Test;
use rssmgr_core::event::{Event, EventKind};
use rssmgr_core::manager::{
    AdapterFacts, AdapterView, Caller, Command, CommandError, CommandId, Created, Effect, Input, Kind,
    Manager, Notice, Options, Reply, SavedState, Selector, Setup, Snapshot, Status, VPortChange, VPortWish,
};
use rssmgr_core::topology::Topology;
use rssmgr_core::{FilterId, Moment, VPortId};
use rssmgr_ethtool::contexts::LedgerPlace;

use crate::random::Run;

struct Daemon {
    run: Run,
    manager: Manager,
    saved: SavedState,
    replies: Vec<Result<Reply, CommandError>>,
    asked: u64,
    now: Moment,
    told: Vec<Event>,
    snapshot: Option<Arc<Snapshot>>,
}

impl Daemon {
    fn start(mut run: Run, saved: SavedState, now: Moment) -> Self {
        let setup = Setup { now, boot: "b".into(), saved: saved.clone(), ..Setup::default() };
        let created = Created {
            facts: AdapterFacts {
                name: "eth0".into(),
                key: "pci:eth0".into(),
                kind: Kind::Kernel,
                description: String::new(),
                driver: run.driver.into(),
                driver_version: String::new(),
                firmware: String::new(),
                mac: None,
                node: None,
                team: None,
            },
            capability: run.nic.capability.clone(),
            device: run.nic.observe(),
            topology: Arc::new(Topology::from_spec("1x8x1").unwrap()),
            options: BTreeMap::new(),
        };
        let manager = Manager::new(setup);
        let (replies, told) = (Vec::new(), Vec::new());
        let mut daemon = Self { run, manager, saved, replies, asked: 0, now, told, snapshot: None };
        daemon.tell(Input::Kernel(Notice::Arrived(Box::new(created))));
        daemon
    }

    /// Stopped and started, or the machine's contexts gone meanwhile.
    fn restart(self) -> Self {
        let Self { mut run, saved, now, .. } = self;
        run.nic.restart();
        Self::start(run, saved, now)
    }

    fn tell(&mut self, input: Input) {
        self.manager.handle(self.now, input);
        while let Some(effect) = self.manager.poll() {
            let answer = match effect {
                Effect::Run { group, adapter, op } => {
                    Input::Ran { group, adapter, result: self.run.nic.execute(&op) }
                }
                Effect::Observe { group, adapter } => {
                    Input::Observed { group, adapter, result: Ok(self.run.nic.observe()) }
                }
                Effect::Save { save, state } => {
                    self.saved = *state;
                    Input::Saved { save, result: Ok(()) }
                }
                Effect::Reply { result, .. } => {
                    self.replies.push(result);
                    continue;
                }
                Effect::Emit(event) => {
                    self.told.push(event);
                    continue;
                }
                Effect::Publish(snapshot) => {
                    self.snapshot = Some(snapshot);
                    continue;
                }
                _ => continue,
            };
            self.manager.handle(self.now, answer);
        }
    }

    /// What readers see of it.
    fn view(&self) -> Arc<AdapterView> {
        Arc::clone(self.snapshot.as_ref().unwrap().by_name("eth0").unwrap())
    }

    /// Asks for a change: whether it was made, else why not.
    fn ask(&mut self, change: VPortChange) -> Result<(), String> {
        self.asked += 1;
        let command =
            Command::VPorts { selector: Selector::one("eth0"), change, options: Options::default() };
        self.tell(Input::Command { id: CommandId(self.asked), caller: Caller::default(), command });
        match self.replies.pop().expect("an answer") {
            Ok(Reply::Adapters { results, .. }) => {
                let result = &results[0];
                let failed = result.error.as_ref().map(ToString::to_string);
                assert_eq!(result.status == Status::Failed, failed.is_some());
                failed.map_or(Ok(()), Err)
            }
            Ok(other) => panic!("{other:?}"),
            Err(e) => Err(e.to_string()),
        }
    }

    /// What is saved is what is there, and the kernel does it; nothing of others was touched.
    fn agrees(&mut self) {
        let device = self.run.nic.observe();
        let saved = self.saved.adapters.get("pci:eth0").filter(|a| !a.scaling.vmq_off);
        let wanted: Vec<VPortId> =
            saved.map(|a| a.scaling.vports.keys().copied().collect()).unwrap_or_default();
        assert_eq!(device.vports.keys().copied().collect::<Vec<_>>(), wanted);
        for (id, vport) in &device.vports {
            let asked = &saved.unwrap().scaling.vports[id];
            assert_eq!(vport.queues.len(), usize::from(asked.state.queues), "VPort {id}");
            assert_eq!((vport.enabled, vport.filters.len()), (asked.state.rss_enabled, asked.filters.len()));
            assert!(device.table.iter().all(|queue| !vport.queues.contains(queue)), "queues are apart");
        }
        self.run.agrees(&device);
        self.run.nothing_of_others_was_touched();
    }
}

#[derive(Clone, Debug)]
enum Step {
    Ask(VPortChange),
    /// The same, and a change on the way fails.
    Fails(VPortChange, u32),
    Restart,
    Foreign(u8),
    /// The driver forgets everything, and the daemon is started after that.
    Reset,
}

fn change() -> impl Strategy<Value = VPortChange> {
    let test = (0..4_u8, prop::option::of(1..3_u16))
        .prop_map(|(mac, vlan)| Test { mac: Some([2, 0, 0, 0, 0, mac]), vlan });
    let tests = || prop::collection::vec(test.clone(), 0..3);
    let id = || (1..4_u32).prop_map(VPortId);
    let create = (1..4_u16, tests()).prop_map(|(queues, add)| {
        VPortChange::Create(None, VPortWish { queues: Some(queues), add, ..VPortWish::default() })
    });
    let set = (id(), prop::option::of(1..4_u16), prop::option::of(any::<bool>()), tests(), 0..3_u32)
        .prop_map(|(id, queues, enabled, add, remove)| {
            let remove = (remove > 0).then_some(FilterId(remove)).into_iter().collect();
            VPortChange::Set(id, VPortWish { queues, enabled, add, remove, ..VPortWish::default() })
        });
    prop_oneof![
        5 => create,
        5 => set,
        2 => id().prop_map(VPortChange::Delete),
        1 => any::<bool>().prop_map(VPortChange::Vmq),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => change().prop_map(Step::Ask),
        4 => (change(), 1..12_u32).prop_map(|(change, n)| Step::Fails(change, n)),
        2 => Just(Step::Restart),
        1 => (0..4_u8).prop_map(Step::Foreign),
        1 => Just(Step::Reset),
    ]
}

fn sequence(driver: &'static str, steps: &[Step]) {
    let dir = tempfile::tempdir().unwrap();
    let place = LedgerPlace { folder: Some(dir.path().to_owned()), boot: "b".into(), look_only: false };
    let mut daemon = Daemon::start(Run::new(driver, place), SavedState::default(), Moment(1_000_000_000));
    for step in steps {
        match step {
            Step::Ask(change) => drop(daemon.ask(change.clone())),
            Step::Fails(change, n) => {
                let at = daemon.run.nic.kernel().changes;
                daemon.run.nic.kernel().fails = Some(at + n);
                let before = daemon.run.nic.observe();
                if daemon.ask(change.clone()).is_err() {
                    let after = daemon.run.nic.observe();
                    assert_eq!(after.vports, before.vports, "it went back");
                }
                daemon.run.nic.kernel().fails = None;
            }
            Step::Restart => {
                let changes = daemon.run.nic.kernel().changes;
                daemon = daemon.restart();
                assert_eq!(daemon.run.nic.kernel().changes, changes, "what agrees is not written");
            }
            Step::Foreign(n) => daemon.run.foreign(*n),
            Step::Reset => {
                daemon.run.reset();
                daemon = daemon.restart();
            }
        }
        daemon.agrees();
    }
}

#[test]
fn a_vport_that_was_asked_for_is_there_after_a_reboot() {
    let dir = tempfile::tempdir().unwrap();
    let place = LedgerPlace { folder: Some(dir.path().to_owned()), boot: "b".into(), look_only: false };
    let run = Run::new("mlx5_core", place);
    let mut daemon = Daemon::start(run, SavedState::default(), Moment(1_000_000_000));
    let add = vec![Test { mac: Some([2, 0, 0, 0, 0, 7]), vlan: None }];
    let wish = VPortWish { queues: Some(3), add, ..VPortWish::default() };
    daemon.ask(VPortChange::Create(None, wish)).unwrap();
    daemon.agrees();
    let kernel = daemon.run.nic.kernel().clone();
    assert_eq!((kernel.contexts.len(), kernel.rules.len()), (1, 6));
    daemon.run.reset();
    let daemon = daemon.restart();
    assert_eq!(daemon.run.nic.kernel().contexts, kernel.contexts);
    assert_eq!(daemon.run.nic.kernel().rules, kernel.rules);
}

/// Another driver, firmware or kernel that has no contexts: the adapter has its settings all the same, the VPorts stay
/// saved, are shown as not there, can be deleted, and come back with the contexts.
#[test]
fn vports_that_the_driver_lost_cost_the_adapter_nothing_and_come_back() {
    let run = Run::new("sfc", LedgerPlace::default());
    let can = run.nic.capability.vports;
    let mut daemon = Daemon::start(run, SavedState::default(), Moment(1_000_000_000));
    let add = vec![Test { mac: Some([2, 0, 0, 0, 0, 7]), vlan: None }];
    let wish = VPortWish { queues: Some(3), add, ..VPortWish::default() };
    daemon.ask(VPortChange::Create(None, wish.clone())).unwrap();
    daemon.ask(VPortChange::Create(None, VPortWish { add: Vec::new(), ..wish.clone() })).unwrap();
    assert_eq!(daemon.view().device.table.iter().max().unwrap().0, 1, "two queues are left for the adapter");

    daemon.run.reset();
    daemon.run.nic.capability.vports = VPortCapability::default();
    let changes = daemon.run.nic.kernel().changes;
    let mut daemon = daemon.restart();
    let view = daemon.view();
    assert_eq!((view.state.name(), daemon.run.nic.kernel().changes), ("managed", changes));
    let there: Vec<bool> = view.vports.iter().map(|v| v.in_force).collect();
    assert_eq!(there, [true, false, false]);
    let without: Vec<&String> = daemon
        .told
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::SettingsUnsatisfiable { because } => Some(because),
            _ => None,
        })
        .collect();
    assert_eq!(without.len(), 1, "{:?}", daemon.told);
    assert!(without[0].starts_with("VPort 1, 2: VPorts are not supported by sfc"), "{without:?}");
    assert!(!daemon.told.iter().any(|e| matches!(e.kind, EventKind::VPortCreated { .. })));
    assert!(daemon.ask(VPortChange::Create(None, wish)).unwrap_err().contains("not supported by sfc"));
    assert!(daemon.ask(VPortChange::Delete(VPortId(9))).unwrap_err().contains("not supported by sfc"));
    daemon.ask(VPortChange::Delete(VPortId(2))).unwrap();

    daemon.run.nic.capability.vports = can;
    let daemon = daemon.restart();
    let view = daemon.view();
    let ids: Vec<_> = view.device.vports.keys().copied().collect();
    assert_eq!((ids, view.state.name()), (vec![VPortId(1)], "managed"));
    assert_eq!(daemon.run.nic.kernel().rules.len(), 1);
}

/// A filter that cannot be said to a card is refused before anything is done, and so are processors that move at run time.
#[test]
fn what_a_card_cannot_do_is_refused_by_name() {
    let mut daemon =
        Daemon::start(Run::new("sfc", LedgerPlace::default()), SavedState::default(), Moment(1_000_000_000));
    for (test, because) in [
        (Test { mac: None, vlan: Some(5) }, "a VLAN without an Ethernet address"),
        (Test { mac: Some([2; 6]), vlan: Some(0) }, "that a packet has no VLAN tag"),
    ] {
        let wish = VPortWish { add: vec![test], ..VPortWish::default() };
        let said = daemon.ask(VPortChange::Create(None, wish)).unwrap_err();
        assert!(said.contains(because), "{said}");
    }
    let other = rssmgr_core::hash::HashTypes::parse("ipv4").unwrap();
    let wish = VPortWish { hash_types: Some(other), ..VPortWish::default() };
    let said = daemon.ask(VPortChange::Create(None, wish)).unwrap_err();
    assert!(said.contains("hashes what the adapter hashes"), "{said}");
    assert_eq!(daemon.run.nic.kernel().changes, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn requests_to_mlx5_are_done_whole_or_not_at_all(steps in prop::collection::vec(step(), 1..12)) {
        sequence("mlx5_core", &steps);
    }

    #[test]
    fn requests_to_sfc_are_done_whole_or_not_at_all(steps in prop::collection::vec(step(), 1..12)) {
        sequence("sfc", &steps);
    }
}
