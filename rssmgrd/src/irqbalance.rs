//! Takes the interrupts of managed adapters out of irqbalance's hands, through its own socket.
//!
//! Told are the vectors of adapters whose interrupts are placed by us, and of no others; they are taken out again when an
//! adapter is released. It is told anew when it was started anew or when interrupts have other numbers, always before its
//! first round would move anything; one whose socket is in another network namespace cannot be told at all, and is found
//! when every process is looked at. What others told it stays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rssmgr_core::drift::{Part, Suspects};
use rssmgr_core::event::{Event, EventKind};
use rssmgr_core::irqbalance::{Interrupts, wanted};
use rssmgr_core::manager::{AdapterState, Kind, Notice, Snapshot};
use rssmgr_host::HostError;
use rssmgr_host::irqbalance::{Irqbalance, IrqbalanceError, listening, running};
use tokio::time::sleep;

use crate::events::Events;
use crate::owner::Handle;

/// How often it is looked for. Its own rounds are 10 s long, and the first thing that it does is to wait for one.
const ROUND: Duration = Duration::from_secs(5);

/// A change of an adapter comes in several publications.
const SETTLING: Duration = Duration::from_millis(300);

/// In how many rounds every process is looked at, for one that has no socket.
const THOROUGH: u32 = 120;

/// For as long as the daemon runs.
pub async fn keep_off(handle: Handle, events: Arc<Events>) {
    let mut keeper = Keeper::new(Path::new("/"));
    let mut published = handle.watch();
    let mut rounds = 0_u32;
    loop {
        let adapters = ours(&handle.snapshot());
        let idle = adapters.is_empty() && keeper.is_idle();
        if !idle {
            let thorough = rounds.is_multiple_of(THOROUGH);
            rounds = rounds.wrapping_add(1);
            let looked = tokio::task::spawn_blocking(move || {
                let told = keeper.look(&adapters, thorough);
                (keeper, told)
            });
            let Ok((back, told)) = looked.await else { return };
            keeper = back;
            for kind in told {
                events.tell(&Event { adapter: None, id: None, kind });
            }
            if let Some(suspects) = keeper.new_suspects() {
                handle.tell(Notice::Suspects(suspects));
            }
        }
        let ended = tokio::select! {
            changed = published.changed() => changed.is_err(),
            () = sleep(ROUND), if !idle => false,
        };
        if ended {
            return;
        }
        sleep(SETTLING).await;
    }
}

/// The interfaces whose interrupts are placed by us.
fn ours(snapshot: &Snapshot) -> Vec<String> {
    if snapshot.observe.is_some() {
        return Vec::new();
    }
    let placed = snapshot.adapters.values().filter(|view| {
        view.facts.kind == Kind::Kernel
            && view.capability.queue_affinity
            && !matches!(view.state, AdapterState::Observed | AdapterState::Away)
    });
    placed.map(|view| view.facts.name.clone()).collect()
}

/// What was told to whom.
#[derive(Debug)]
struct Keeper {
    root: PathBuf,
    /// All that were seen, and have not ended.
    known: Vec<Irqbalance>,
    /// By process id.
    told: BTreeMap<u32, Told>,
    /// The sockets without a name that were there at the last look.
    nameless: BTreeSet<u64>,
    suspects: Suspects,
}

#[derive(Debug, Default)]
struct Told {
    /// Interrupts that it leaves alone for us.
    ours: Interrupts,
    /// Whether it did not answer the last time.
    silent: bool,
    /// Why it cannot be told.
    trouble: Option<String>,
}

impl Keeper {
    fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            known: Vec::new(),
            told: BTreeMap::new(),
            nameless: BTreeSet::new(),
            suspects: Suspects::new(),
        }
    }

    /// Whether nobody leaves anything alone for us.
    fn is_idle(&self) -> bool {
        self.told.values().all(|t| t.ours.is_empty())
    }

    /// Those that can be seen, all of them after a thorough look.
    fn find(&mut self, thorough: bool) -> Result<Vec<Irqbalance>, HostError> {
        let listening = listening(&self.root)?;
        // Whose a socket without a name is, only the open files of every process tell.
        let unknown = !listening.nameless.is_subset(&self.nameless);
        let found = if thorough || unknown { running(&self.root)? } else { listening.irqbalances };
        self.nameless = listening.nameless;
        Ok(found)
    }

    /// Tells every irqbalance which interrupts of these interfaces are ours; what there is to say about it.
    fn look(&mut self, adapters: &[String], thorough: bool) -> Vec<EventKind> {
        let mut found = match self.find(thorough) {
            Ok(found) => found,
            Err(e) => {
                tracing::warn!("looking for irqbalance: {e}");
                return Vec::new();
            }
        };
        // One whose socket has no name is not seen at every look.
        let seen: BTreeSet<u32> = found.iter().map(|d| d.pid).collect();
        let others = std::mem::take(&mut self.known).into_iter().filter(|d| !seen.contains(&d.pid));
        found.extend(others.filter(|d| d.is_alive(&self.root)));
        self.told.retain(|pid, _| found.iter().any(|d| d.pid == *pid));
        let ours = if found.is_empty() { Interrupts::new() } else { self.interrupts(adapters) };
        let mut events = Vec::new();
        for daemon in &found {
            let told = self.told.entry(daemon.pid).or_default();
            let there = daemon.banned();
            // What it was told it keeps; while it looks at all interrupts of a large machine it may answer late.
            if let Err(e) = &there
                && told.ours == ours
                && !std::mem::replace(&mut told.silent, true)
            {
                tracing::debug!("irqbalance (pid {}): {e}; it is asked again", daemon.pid);
                continue;
            }
            match there.and_then(|there| tell(daemon, &there, &told.ours, &ours)) {
                Ok(changed) => {
                    told.silent = false;
                    told.ours.clone_from(&ours);
                    told.trouble = None;
                    if changed {
                        let interrupts = u32::try_from(ours.len()).unwrap_or(u32::MAX);
                        events.push(EventKind::IrqbalanceTold { pid: daemon.pid, interrupts });
                    }
                }
                Err(e) => {
                    let because = e.to_string();
                    if told.trouble.as_ref() != Some(&because) {
                        told.trouble = Some(because.clone());
                        let remedy = "`rssctl doctor` prints what to type".to_owned();
                        events.push(EventKind::IrqbalanceNotTold { pid: daemon.pid, because, remedy });
                    }
                }
            }
        }
        self.known = found;
        events
    }

    /// All vectors of these interfaces.
    fn interrupts(&self, adapters: &[String]) -> Interrupts {
        let vectors = |name: &String| match rssmgr_host::msi_irqs(&self.root, name) {
            Ok(irqs) => irqs,
            // Going, or just renamed: there is another look.
            Err(e) => {
                tracing::debug!("{name}: its interrupts cannot be read: {e}");
                Vec::new()
            }
        };
        adapters.iter().flat_map(vectors).collect()
    }

    /// Who may move interrupts, where that has changed.
    fn new_suspects(&mut self) -> Option<Suspects> {
        let name = |(pid, told): (&u32, &Told)| match told.trouble {
            None => format!("irqbalance (pid {pid}), although it was told not to"),
            Some(_) => format!("irqbalance (pid {pid})"),
        };
        let names: Vec<String> = self.told.iter().map(name).collect();
        let now = if names.is_empty() { Suspects::new() } else { [(Part::Homes, names)].into() };
        if now == self.suspects {
            return None;
        }
        self.suspects.clone_from(&now);
        Some(now)
    }
}

/// Whether one with this list had to be told.
fn tell(
    daemon: &Irqbalance,
    there: &Interrupts,
    before: &Interrupts,
    ours: &Interrupts,
) -> Result<bool, IrqbalanceError> {
    let wanted = wanted(there, &daemon.fixed, before, ours);
    if wanted == *there {
        return Ok(false);
    }
    daemon.ban(&wanted).map(|()| true)
}

#[cfg(test)]
mod tests;
