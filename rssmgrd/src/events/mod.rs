//! What happened: numbered, kept in a bounded ring that survives restarts, logged, and sent to everybody who listens.

mod log;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rssmgr_core::event::{Event, EventKind, Level, List};
use rssmgr_core::manager::{AdapterView, Snapshot};
use rssmgr_core::scaling::VPortKey;
use rssmgr_proto::convert;
use rssmgr_proto::types::{EventQuery, EventRecord};
use tokio::sync::mpsc;

use crate::clock;
use crate::store::disk::Disk;

/// Events that are kept.
pub const RING: usize = 4096;

/// Events that wait for one listener before it loses some.
const QUEUE: usize = 1024;

/// An event in the ring: what queries look at, and the whole as a line of JSON, which takes a third of the memory of a
/// record.
#[derive(Debug)]
struct Kept {
    seq: u64,
    id: u32,
    time_ms: u64,
    line: Box<str>,
}

#[derive(Debug)]
struct Inner {
    ring: VecDeque<Kept>,
    next_seq: u64,
    listeners: Vec<mpsc::Sender<Arc<EventRecord>>>,
    told: BTreeMap<&'static str, u64>,
}

/// How events get to disk.
#[derive(Clone, Debug)]
struct Keep {
    disk: Disk,
    log: Arc<Mutex<log::Log>>,
    /// Lines that are not on disk yet.
    unwritten: Arc<Mutex<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keep {
    /// Has a line written. Lines are taken when the disk's turn comes, so that a burst is one write.
    fn line(&self, line: &str) {
        let mut unwritten = lock(&self.unwritten);
        let idle = unwritten.is_empty();
        unwritten.push_str(line);
        unwritten.push('\n');
        if idle {
            let (pending, log) = (Arc::clone(&self.unwritten), Arc::clone(&self.log));
            self.disk.run(move || {
                let lines = std::mem::take(&mut *lock(&pending));
                lock(&log).append(&lines);
            });
        }
    }
}

/// All events of this daemon.
#[derive(Debug)]
pub struct Events {
    inner: Mutex<Inner>,
    lost: AtomicU64,
    keep: Option<Keep>,
}

impl Events {
    /// Events that are kept in memory only.
    #[must_use]
    pub fn in_memory() -> Arc<Self> {
        Arc::new(Self::with(Vec::new(), None))
    }

    /// Events that are kept in a folder too, with those of earlier runs. What cannot be read there is left out: events
    /// are a record, nothing depends on them.
    #[must_use]
    pub fn open(folder: &Path, disk: Disk) -> Arc<Self> {
        let (log, lines) = log::Log::open(folder);
        let keep = Keep { disk, log: Arc::new(Mutex::new(log)), unwritten: Arc::default() };
        Arc::new(Self::with(lines, Some(keep)))
    }

    fn with(lines: Vec<String>, keep: Option<Keep>) -> Self {
        let kept = |line: String| {
            let r: EventRecord = serde_json::from_str(&line).ok()?;
            Some(Kept { seq: r.seq, id: r.id, time_ms: r.time_ms, line: line.into() })
        };
        let ring: VecDeque<Kept> = lines.into_iter().filter_map(kept).collect();
        let next_seq = ring.iter().map(|k| k.seq).max().map_or(1, |last| last.saturating_add(1));
        let inner = Inner { ring, next_seq, listeners: Vec::new(), told: BTreeMap::new() };
        Self { inner: Mutex::new(inner), lost: AtomicU64::new(0), keep }
    }

    /// Tells everybody.
    pub fn tell(&self, event: &Event) -> EventRecord {
        let mut inner = lock(&self.inner);
        let seq = inner.next_seq;
        inner.next_seq = seq.saturating_add(1);
        let record = convert::event(event, seq, clock::unix_ms(), clock::boottime_ns());
        let info = event.kind.info();
        *inner.told.entry(info.name).or_default() += 1;
        write_log(info.level, &record);
        let line = serde_json::to_string(&record).unwrap_or_default();
        if let Some(keep) = &self.keep {
            keep.line(&line);
        }
        if inner.ring.len() == RING {
            inner.ring.pop_front();
        }
        inner.ring.push_back(Kept { seq, id: record.id, time_ms: record.time_ms, line: line.into() });
        if !inner.listeners.is_empty() {
            let shared = Arc::new(record.clone());
            inner.listeners.retain(|listener| match listener.try_send(Arc::clone(&shared)) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            });
        }
        record
    }

    /// A listener for everything told from now on. When it does not keep up it loses events, and sees it from the gap
    /// in the sequence numbers.
    #[must_use]
    pub fn listen(&self) -> mpsc::Receiver<Arc<EventRecord>> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        lock(&self.inner).listeners.push(sender);
        receiver
    }

    /// Events of the ring, oldest first.
    #[must_use]
    pub fn query(&self, q: &EventQuery) -> Vec<EventRecord> {
        let inner = lock(&self.inner);
        let wanted = |k: &&Kept| {
            q.after_seq.is_none_or(|seq| k.seq > seq)
                && q.since_ms.is_none_or(|ms| k.time_ms >= ms)
                && (q.ids.is_empty() || q.ids.contains(&k.id))
        };
        let limit = q.limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(RING);
        let mut out: Vec<EventRecord> = inner
            .ring
            .iter()
            .rev()
            .filter(wanted)
            .filter_map(|k| serde_json::from_str(&k.line).ok())
            .filter(|r: &EventRecord| q.adapter.is_none() || r.adapter == q.adapter)
            .take(limit)
            .collect();
        out.reverse();
        out
    }

    /// How often each event was told since the daemon started, by name.
    #[must_use]
    pub fn told(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.inner).told.clone()
    }

    /// Events that listeners lost because they did not keep up.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Tells the whole state as events (1233, 1234 and 1246 of each adapter, 2057 of each VPort); answers them.
    pub fn rundown(&self, snapshot: &Snapshot) -> Vec<EventRecord> {
        snapshot.adapters.values().flat_map(|view| rundown(view)).map(|event| self.tell(&event)).collect()
    }
}

/// The state of one adapter as events.
fn rundown(view: &AdapterView) -> Vec<Event> {
    let (cap, device) = (&view.capability, &view.device);
    let about = |kind| Event { adapter: Some(view.facts.name.clone()), id: Some(view.id), kind };
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let target = view.target.as_ref();
    let in_use: Vec<_> = match target {
        Some(t) => t.processors.iter().take(t.active).map(|c| Some(*c)).collect(),
        None => device.queues.iter().map(|q| q.home).collect(),
    };
    let vports = view.vports.iter().filter(|v| v.key != VPortKey::DEFAULT).map(|v| {
        about(EventKind::VPortRundown {
            vport: v.key.vport.0,
            name: v.name.clone(),
            enabled: v.spreads,
            receive_queues: v.state.queues.into(),
            filters: count(v.filters.len()),
            indirection_table_size: count(v.state.entries.len()),
            indirection_table: List::of(v.state.entries.iter().copied().map(Some)),
        })
    });
    [
        about(EventKind::RssPortCapabilities {
            receive_queues: cap.max_queues.into(),
            table_entries: cap.table_entries.into(),
            interrupt_messages: cap.vectors.into(),
            hash_types: cap.hash_types,
            independent_entry_move: cap.independent_entry_move,
        }),
        about(EventKind::RssPortProcessors {
            maximum_processors: count(target.map_or(in_use.len(), |t| t.processors.len())),
            available_processors: List::of(
                target.iter().flat_map(|t| &t.array).map(|candidate| Some(candidate.cpu)),
            ),
        }),
        about(EventKind::RssPortRundown {
            enabled: view.spreads(),
            profile: view.settings.profile.value.name().into(),
            receive_queues: device.channels().into(),
            hash_types: device.hash_types,
            processors: List::of(in_use),
            indirection_table_size: count(device.table.len()),
            indirection_table: List::of(device.table.iter().map(|q| device.home(*q))),
        }),
    ]
    .into_iter()
    .chain(vports)
    .collect()
}

/// One line for people, with the number for programs.
fn write_log(level: Level, r: &EventRecord) {
    match level {
        Level::Error => tracing::error!(event = r.id, "{}", r.message),
        Level::Warning => tracing::warn!(event = r.id, "{}", r.message),
        Level::Info => tracing::info!(event = r.id, "{}", r.message),
        Level::Verbose => tracing::debug!(event = r.id, "{}", r.message),
    }
}
