//! Random sequences of requests, several at once.

use rssmgr_core::manager::{Command, CommandId, Input, Reply, Status};

use crate::crash;
use crate::generate;
use crate::rng::Rng;
use crate::sim::{Sim, options_of_mut};
use crate::world::{Faults, World};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

/// Runs sequences over all processors; on failure the seed is printed before the trace.
fn run(default: u64, faults: fn(&mut Rng) -> Faults, finish: fn(&mut Sim)) {
    let sequences = number("RSSMGR_SEQUENCES").unwrap_or(default);
    let first = number("RSSMGR_SEED").unwrap_or(1);
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let (crashes, effects): (u64, u64) = std::thread::scope(|scope| {
        let worker = |w: u64| {
            move || {
                let mut sum = (0, 0);
                for seed in (first..first + sequences).filter(|s| s % workers == w) {
                    let said = SaySeed(seed);
                    let (c, e) = one(seed, faults, finish);
                    drop(said);
                    sum = (sum.0 + c, sum.1 + e);
                }
                sum
            }
        };
        let handles: Vec<_> = (0..workers).map(|w| scope.spawn(worker(w))).collect();
        let sums = handles.into_iter().map(|h| h.join().unwrap());
        sums.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    });
    println!("{sequences} sequences from seed {first}: {effects} effects, {crashes} crashes");
}

struct SaySeed(u64);

impl Drop for SaySeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("failed: repeat with RSSMGR_SEQUENCES=1 RSSMGR_SEED={}", self.0);
        }
    }
}

fn one(seed: u64, faults: fn(&mut Rng) -> Faults, finish: fn(&mut Sim)) -> (u64, u64) {
    let mut rng = Rng(seed);
    let mut s = Sim::start(World::new(faults(&mut rng)), rng);
    s.crash = true;
    let mut left = 2 + s.rng.below(7);
    while left > 0 {
        match s.rng.below(10) {
            0..4 if s.outstanding.len() < 4 => {
                let command = {
                    let now = s.generation();
                    generate::command(&mut s.rng, now)
                };
                let caller = generate::caller(&mut s.rng);
                s.ask(caller, command);
                left -= 1;
            }
            4 if s.rng.percent(10) => {
                let key = format!("pci:k{}", s.rng.below(3));
                if s.rng.percent(50) { s.unplug(&key) } else { s.plug(&key) }
            }
            6 if s.rng.percent(30) => {
                let ns = s.rng.pick(&[generate::SECOND / 2, 2 * generate::SECOND, 70 * generate::SECOND]);
                s.pass(ns);
            }
            5 => {
                // Answers and requests also come while effects are still to be executed.
                s.step();
                s.answer();
            }
            _ => {
                s.execute();
                s.answer();
            }
        }
    }
    s.settle();
    // Also where the last crash left the same, because what readers see at rest may have come after it.
    s.crashed = None;
    s.crashes += crash::check(&mut s);
    finish(&mut s);
    (s.crashes, s.effects.into())
}

fn withdraw_waits(s: &mut Sim) {
    let ids: Vec<CommandId> = s.outstanding.keys().copied().collect();
    for id in ids {
        s.m.handle(s.w.now, Input::Withdraw { id });
        s.outstanding.remove(&id);
    }
    s.settle();
}

fn results(s: &Sim, id: CommandId) -> Option<&Vec<rssmgr_core::manager::AdapterResult>> {
    match s.replies.get(&id)? {
        Ok(Reply::Adapters { results, .. }) => Some(results),
        _ => None,
    }
}

/// The same request twice writes nothing; a dry run tells what the real one does.
fn repeat(s: &mut Sim) {
    withdraw_waits(s);
    let now = s.generation();
    let mut wet = generate::about_adapters(&mut s.rng, now);
    let mut command = wet.clone();
    let (Some(dry), Some(real)) = (options_of_mut(&mut command), options_of_mut(&mut wet)) else { return };
    (dry.dry_run, dry.if_generation) = (true, None);
    (real.dry_run, real.if_generation) = (false, None);
    // Moving entries twice finds nothing to move the second time; nor is a VPort made or deleted twice.
    if matches!(wet, Command::MoveEntries { .. } | Command::VPorts { .. }) {
        return;
    }
    let writes = (s.runs, s.saves);
    let dry = s.ask_root(command);
    s.settle();
    assert_eq!((s.runs, s.saves), writes, "a dry run writes");
    let real = s.ask_root(wet.clone());
    s.settle();
    match (results(s, dry), results(s, real)) {
        (Some(dry), Some(real)) => {
            assert_eq!(dry.len(), real.len());
            for (d, r) in dry.iter().zip(real) {
                let status = if d.status == Status::Planned { Status::Applied } else { d.status };
                if let Some(refusal) = d.refusals.first() {
                    assert_eq!(r.error.as_ref(), Some(refusal));
                    continue;
                }
                assert_eq!((status, &d.error, &d.changes), (r.status, &r.error, &r.changes));
                assert_eq!(d.pending, r.pending);
                assert_eq!((&d.steps, &d.target, &d.before), (&r.steps, &r.target, &r.before));
                assert_eq!(d.after.difference(&r.after), None);
            }
        }
        (None, None) => assert_eq!(s.replies[&dry].as_ref().err(), s.replies[&real].as_ref().err()),
        (d, r) => panic!("{d:?} and {r:?}"),
    }
    let writes = (s.runs, s.saves);
    let again = s.ask_root(wet.clone());
    s.settle();
    assert_eq!((s.runs, s.saves), writes, "the same request again writes: {wet:?}");
    for r in results(s, again).into_iter().flatten() {
        assert!(matches!(r.status, Status::Unchanged | Status::Failed), "{wet:?}: {:?}", r.status);
    }
}

#[test]
fn without_faults_nothing_is_lost_and_nothing_is_half_applied() {
    run(1500, |_| Faults::default(), repeat);
}

#[test]
fn with_faults_it_is_as_before_or_visibly_degraded() {
    let faults = |rng: &mut Rng| {
        let mut some = |n| if rng.percent(50) { n } else { 0 };
        Faults { run: some(15), observe: some(25), save: some(15), create: some(10) }
    };
    run(1500, faults, withdraw_waits);
}
