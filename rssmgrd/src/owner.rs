//! The owner: the only task that holds the manager and the adapters. It executes the manager's effects in order and
//! publishes what readers may see; nobody waits for it but those who change something.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rssmgr_core::AdapterId;
use rssmgr_core::backend::{Sampler, Surveyor};
use rssmgr_core::device::BackendError;
use rssmgr_core::event::{Event, EventKind};
use rssmgr_core::manager::{
    Caller, Command, CommandError, CommandId, Created, Effect, Input, Manager, Notice, PowerChange, Reply,
    SavedState, Snapshot, Unusable,
};
use rssmgr_ethtool::ALL_BACK;
use rssmgr_proto::{ApiError, ErrorKind, convert};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::alarm::Alarm;
use crate::backend::{Factory, Made, Nic, Source};
use crate::clock;
use crate::events::Events;
use crate::kernel::News;
use crate::store::disk::Disk;

/// Commands that wait for the owner to take them.
const QUEUE: usize = 64;

/// Effects after which other tasks get a turn, so that a long burst of events does not overflow their listeners.
const TURN: usize = 64;

/// How often sources are asked whether they have ended.
const SOURCES: Duration = Duration::from_millis(250);

/// How often calls are looked for that do not come back.
const LATE: Duration = Duration::from_secs(1);

/// How long a call into a driver may take before it is told of: igb takes a second to change its channels, and then the
/// link and the bond are waited for, which is no call that does not come back.
const TOO_LONG: Duration = ALL_BACK.saturating_add(Duration::from_secs(5));

/// How long changes under way may take to end when the daemon is told to stop.
const LAST_CHANGES: Duration = Duration::from_secs(5);

/// Why the owner ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Somebody told the daemon to.
    Told,
    /// The daemon cannot go on.
    Failing,
}

/// What readers see.
#[derive(Clone)]
pub struct Published {
    /// The manager's state.
    pub snapshot: Arc<Snapshot>,
    /// Readers of counters.
    pub samplers: Arc<BTreeMap<AdapterId, Arc<dyn Sampler>>>,
    /// What looks around adapters.
    pub surveyors: Arc<BTreeMap<AdapterId, Arc<dyn Surveyor>>>,
    /// Traffic sources.
    pub sources: Arc<BTreeMap<AdapterId, Source>>,
    /// Whether nothing is under way.
    pub settled: bool,
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published")
            .field("generation", &self.snapshot.generation)
            .field("settled", &self.settled)
            .finish_non_exhaustive()
    }
}

/// A command and who waits for the answer.
#[derive(Debug)]
struct Ask {
    caller: Caller,
    command: Command,
    answer: oneshot::Sender<Result<Reply, CommandError>>,
}

/// How everybody else reaches the owner and what it published.
#[derive(Clone, Debug)]
pub struct Handle {
    asks: mpsc::Sender<Ask>,
    published: watch::Receiver<Arc<Published>>,
    news: mpsc::UnboundedSender<News>,
}

impl Handle {
    /// Tells the owner what happened. Nobody hears it when the daemon is stopping.
    pub fn tell(&self, notice: Notice) {
        let _ = self.news.send(News::Found(notice));
    }

    /// Has a command executed and waits for the answer. A caller that stops waiting loses only that.
    ///
    /// # Errors
    /// What the manager answers; or that the daemon is stopping.
    pub async fn ask(&self, caller: Caller, command: Command) -> Result<Reply, ApiError> {
        let stopping = || ApiError::new(ErrorKind::Unreachable, "rssmgrd is stopping");
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask { caller, command, answer }).await.map_err(|_| stopping())?;
        answered.await.map_err(|_| stopping())?.map_err(|e| convert::error(&e))
    }

    /// What is published now.
    #[must_use]
    pub fn published(&self) -> Arc<Published> {
        Arc::clone(&self.published.borrow())
    }

    /// The published state.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.published.borrow().snapshot)
    }

    /// A receiver that is woken by each publication.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Published>> {
        self.published.clone()
    }
}

/// What makes state durable. Called on the disk thread, in order.
pub trait Save: Send {
    /// Makes a state durable.
    ///
    /// # Errors
    /// Why it is not durable.
    fn save(&mut self, state: &SavedState) -> Result<(), String>;
}

impl Save for crate::store::saved::SavedFile {
    fn save(&mut self, state: &SavedState) -> Result<(), String> {
        Self::save(self, state).map_err(|e| e.to_string())
    }
}

/// What the owner needs.
pub struct Parts {
    /// Makes adapters.
    pub factory: Arc<dyn Factory>,
    /// Adapters of the machine that are there already.
    pub adapters: Vec<Made>,
    /// What is told of them from then on, by the kernel and by others.
    pub news: (mpsc::UnboundedSender<News>, mpsc::UnboundedReceiver<News>),
    /// Where state is made durable.
    pub save: Box<dyn Save>,
    /// The thread for that.
    pub disk: Disk,
    /// Where events go.
    pub events: Arc<Events>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// Work that was done elsewhere.
enum Done {
    /// An answer for the manager.
    Answer(Input),
    /// An adapter was made.
    Made { name: String, result: Result<Made, Unusable> },
    /// An interface was read again before it arrives; the count tells it from one that came later.
    Again { made: Made, ifindex: u32, serial: u64 },
    /// An adapter comes back from another thread.
    Back { adapter: AdapterId, serial: u64, nic: Box<dyn Nic>, answer: Input },
}

/// An adapter; absent while another thread works on it.
struct Slot {
    nic: Option<Box<dyn Nic>>,
    sampler: Arc<dyn Sampler>,
    surveyor: Option<Arc<dyn Surveyor>>,
    source: Option<Source>,
    /// Tells it from an earlier one of the same id.
    serial: u64,
    /// Since when another thread works on it, with what, and how often that was told to take too long.
    working: Option<(Instant, &'static str, u32)>,
}

/// The owner.
pub struct Owner {
    manager: Manager,
    factory: Arc<dyn Factory>,
    save: Arc<Mutex<Box<dyn Save>>>,
    disk: Disk,
    events: Arc<Events>,
    nics: BTreeMap<AdapterId, Slot>,
    /// Adapters that were made and have no id yet.
    newborn: BTreeMap<String, Box<dyn Nic>>,
    news: mpsc::UnboundedReceiver<News>,
    /// The kernel's interfaces by index.
    indexes: BTreeMap<u32, AdapterId>,
    /// What was told of interfaces that had no id yet.
    early: BTreeMap<u32, Vec<News>>,
    /// Interfaces that are read again before they arrive, with the count of the last that did.
    again: BTreeMap<u32, u64>,
    /// Those that wait until the last operation on what they replace has ended: by the adapter that they replace.
    detained: BTreeMap<AdapterId, (u32, Made)>,
    next_serial: u64,
    /// Whether an adapter came whose source was not looked at yet.
    adopted: bool,
    asks: mpsc::Receiver<Ask>,
    answers: BTreeMap<CommandId, oneshot::Sender<Result<Reply, CommandError>>>,
    next_command: u64,
    done: mpsc::UnboundedReceiver<Done>,
    done_from: mpsc::UnboundedSender<Done>,
    publish: watch::Sender<Arc<Published>>,
    alarm: Alarm,
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner").field("manager", &self.manager).finish_non_exhaustive()
    }
}

impl Owner {
    /// An owner of this manager, and the way to reach it.
    ///
    /// # Errors
    /// The kernel gives no timer.
    pub fn new(manager: Manager, parts: Parts) -> io::Result<(Self, Handle)> {
        let (ask, asks) = mpsc::channel(QUEUE);
        let (done_from, done) = mpsc::unbounded_channel();
        let first = Published {
            snapshot: Arc::new(manager.snapshot()),
            samplers: Arc::default(),
            surveyors: Arc::default(),
            sources: Arc::default(),
            settled: false,
        };
        let (publish, published) = watch::channel(Arc::new(first));
        let Parts { factory, adapters, news: (tell, news), save, disk, events } = parts;
        let mut owner = Self {
            manager,
            factory,
            save: Arc::new(Mutex::new(save)),
            disk,
            events,
            nics: BTreeMap::new(),
            newborn: BTreeMap::new(),
            news,
            indexes: BTreeMap::new(),
            early: BTreeMap::new(),
            again: BTreeMap::new(),
            detained: BTreeMap::new(),
            next_serial: 0,
            adopted: false,
            asks,
            answers: BTreeMap::new(),
            next_command: 1,
            done,
            done_from,
            publish,
            alarm: Alarm::new()?,
        };
        adapters.into_iter().for_each(|made| owner.arrive(made, Notice::Arrived));
        Ok((owner, Handle { asks: ask, published, news: tell }))
    }

    /// Runs until `stop` completes; then ends what is under way, tells that the daemon stops, and returns. `alive` is
    /// called as often as it says, to prove that this loop turns.
    pub async fn run(mut self, stop: impl Future<Output = Ending>, alive: Option<(Duration, fn())>) {
        tokio::pin!(stop);
        let mut sources = interval(SOURCES);
        sources.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut late = interval(LATE);
        late.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beat = interval(alive.map_or(Duration::from_secs(3600), |(every, _)| every));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ending = loop {
            self.drain().await;
            tokio::select! {
                biased;
                ending = &mut stop => break ending,
                Some(done) = self.done.recv() => self.take(done),
                Some(ask) = self.asks.recv() => self.command(ask),
                Some(news) = self.news.recv() => self.hear(news),
                _ = late.tick(), if self.nics.values().any(|s| s.working.is_some()) => self.look_for_late_calls(),
                () = self.alarm.rings() => self.tell(Input::Timer),
                _ = sources.tick(), if self.nics.values().any(|s| s.source.is_some()) => self.look_at_sources(),
                _ = beat.tick(), if alive.is_some() => {
                    if let Some((_, alive)) = alive {
                        alive();
                    }
                }
            }
        };
        self.end(ending).await;
    }

    /// Takes no more commands, lets changes under way come to their end, and tells.
    async fn end(&mut self, ending: Ending) {
        self.asks.close();
        if ending == Ending::Told {
            self.tell(Input::Ending);
            self.drain().await;
        }
        let deadline = Instant::now() + LAST_CHANGES;
        while !self.manager.is_settled() {
            match timeout_at(deadline, self.done.recv()).await {
                Ok(Some(done)) => self.take(done),
                Ok(None) => break,
                Err(_) => {
                    tracing::warn!("a change is still under way; the next start takes it back");
                    break;
                }
            }
            self.drain().await;
        }
        self.events.tell(&Event { adapter: None, id: None, kind: EventKind::DaemonStopping {} });
    }

    fn tell(&mut self, input: Input) {
        self.manager.handle(clock::now(), input);
    }

    /// An interface of the machine is there.
    fn arrive(&mut self, Made { nic, created }: Made, how: fn(Box<Created>) -> Notice) {
        self.newborn.insert(created.facts.name.clone(), nic);
        self.tell(Input::Kernel(how(created)));
    }

    /// The kernel, or somebody in this daemon, tells something.
    fn hear(&mut self, news: News) {
        let id = news.ifindex().and_then(|i| self.indexes.get(&i).copied());
        let notice = match (news, id) {
            (News::Here(made), _) => return self.here(made),
            (News::Processors(machine), _) => Notice::Topology(machine),
            (News::Found(notice), _) => notice,
            (News::Changed { hint, broke, .. }, Some(adapter)) => Notice::Changed { adapter, hint, broke },
            (News::Carrier { gateway, .. }, Some(adapter)) => Notice::Carrier { adapter, gateway },
            (News::Renamed { name, .. }, Some(adapter)) => Notice::Renamed { adapter, name },
            (News::Teamed { team, .. }, Some(adapter)) => Notice::Teamed { adapter, team },
            (News::Gone { ifindex, away }, Some(adapter)) => {
                self.indexes.remove(&ifindex);
                drop_elsewhere(self.nics.remove(&adapter));
                if away { Notice::Away { adapter } } else { Notice::Gone { adapter } }
            }
            (news, None) => {
                // One that waits for its id is told of afterwards; others are no adapters.
                if let Some(ifindex) = news.ifindex().filter(|i| self.is_newborn(*i)) {
                    self.early.entry(ifindex).or_default().push(news);
                }
                return;
            }
        };
        self.tell(Input::Kernel(notice));
    }

    /// An interface came, or shows more of itself than before. In the second case it was read while the adapter that it
    /// replaces may have been changed: it is read again, once that adapter's last operation has ended.
    fn here(&mut self, made: Made) {
        let replaces = |ifindex| Some((ifindex, self.indexes.get(&ifindex).copied()));
        match made.nic.ifindex().and_then(replaces) {
            Some((ifindex, Some(old))) => {
                self.indexes.remove(&ifindex);
                let slot = self.nics.remove(&old);
                let at_work = slot.as_ref().is_some_and(|slot| slot.working.is_some());
                drop_elsewhere(slot);
                self.tell(Input::Kernel(Notice::Gone { adapter: old }));
                if at_work {
                    self.again.insert(ifindex, 0);
                    self.detained.insert(old, (ifindex, made));
                } else {
                    self.read_again(ifindex, made);
                }
            }
            Some((ifindex, None)) if self.again.contains_key(&ifindex) => {
                match self.detained.values_mut().find(|(detained, _)| *detained == ifindex) {
                    Some((_, detained)) => *detained = made,
                    None => self.read_again(ifindex, made),
                }
            }
            _ => self.arrive(made, Notice::Plugged),
        }
    }

    fn read_again(&mut self, ifindex: u32, mut made: Made) {
        self.next_serial += 1;
        let (serial, done) = (self.next_serial, self.done_from.clone());
        self.again.insert(ifindex, serial);
        tokio::task::spawn_blocking(move || {
            // One that has gone meanwhile is told of by others.
            if let Ok(device) = made.nic.observe() {
                made.created.device = device;
            }
            let _ = done.send(Done::Again { made, ifindex, serial });
        });
    }

    fn is_newborn(&self, ifindex: u32) -> bool {
        self.again.contains_key(&ifindex) || self.newborn.values().any(|nic| nic.ifindex() == Some(ifindex))
    }

    /// Tells of calls into drivers that do not come back, once and then every tenfold of it.
    fn look_for_late_calls(&mut self) {
        let mut stuck = Vec::new();
        for (adapter, slot) in &mut self.nics {
            let Some((since, operation, told)) = &mut slot.working else { continue };
            let seconds = u32::try_from(since.elapsed().as_secs()).unwrap_or(u32::MAX);
            if since.elapsed() > TOO_LONG * (1 + 10 * *told) {
                *told += 1;
                let operation = (*operation).to_owned();
                stuck.push(Notice::Stuck { adapter: *adapter, operation, seconds });
            }
        }
        stuck.into_iter().for_each(|notice| self.tell(Input::Kernel(notice)));
    }

    fn command(&mut self, ask: Ask) {
        let id = CommandId(self.next_command);
        self.next_command += 1;
        self.answers.insert(id, ask.answer);
        self.tell(Input::Command { id, caller: ask.caller, command: ask.command });
    }

    fn take(&mut self, done: Done) {
        match done {
            Done::Answer(input) => self.tell(input),
            Done::Made { name, result } => {
                let result = result.map(|Made { nic, created }: Made| -> Box<Created> {
                    self.newborn.insert(name.clone(), nic);
                    created
                });
                self.tell(Input::Created { name, result });
            }
            Done::Again { made, ifindex, serial } => {
                if self.again.get(&ifindex) == Some(&serial) {
                    self.again.remove(&ifindex);
                    self.arrive(made, Notice::Plugged);
                }
            }
            Done::Back { adapter, serial, nic, answer } => {
                if let Some((ifindex, made)) = self.detained.remove(&adapter) {
                    self.read_again(ifindex, made);
                }
                if let Some(slot) = self.nics.get_mut(&adapter).filter(|s| s.serial == serial) {
                    slot.nic = Some(nic);
                    slot.working = None;
                    if matches!(answer, Input::SourceSet { result: Ok(_), .. }) {
                        // A new source begins as a running one, so that its end is noticed however early it comes.
                        slot.source = Some(Source::Running);
                    }
                }
                self.tell(answer);
                self.look_at_sources();
            }
        }
    }

    /// Executes effects until there are none.
    async fn drain(&mut self) {
        let mut executed = 0;
        loop {
            let Some(effect) = self.manager.poll() else {
                if !std::mem::take(&mut self.adopted) {
                    break;
                }
                self.look_at_sources();
                continue;
            };
            self.execute(effect);
            executed += 1;
            if executed % TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        self.alarm.set(self.manager.deadline());
        let settled = self.manager.is_settled();
        if self.publish.borrow().settled != settled {
            self.publish.send_modify(|p| Arc::make_mut(p).settled = settled);
        }
    }

    fn execute(&mut self, effect: Effect) {
        match effect {
            Effect::Run { group, adapter, op } => self.work_on(
                adapter,
                "an operation",
                false,
                move |nic| Input::Ran { group, adapter, result: nic.execute(&op) },
                move |e| Input::Ran { group, adapter, result: Err(e) },
            ),
            Effect::Observe { group, adapter } => self.work_on(
                adapter,
                "a reading",
                false,
                move |nic| Input::Observed { group, adapter, result: nic.observe() },
                move |e| Input::Observed { group, adapter, result: Err(e) },
            ),
            Effect::SetSource { adapter, source } => self.work_on(
                adapter,
                "a new source",
                true,
                move |nic| Input::SourceSet { adapter, result: nic.set_source(&source) },
                move |e| Input::SourceSet { adapter, result: Err(e.to_string().into()) },
            ),
            Effect::Power { adapter, change } => self.power(adapter, change),
            Effect::Save { save, state } => {
                let (store, done) = (Arc::clone(&self.save), self.done_from.clone());
                let taken = self.disk.run(move || {
                    let result = store.lock().unwrap_or_else(PoisonError::into_inner).save(&state);
                    // Nobody listens any more when the daemon has stopped waiting.
                    let _ = done.send(Done::Answer(Input::Saved { save, result }));
                });
                if !taken {
                    let result = Err("the disk thread has died".to_owned());
                    self.tell(Input::Saved { save, result });
                }
            }
            Effect::Create { name, options, restored } => {
                let (factory, done) = (Arc::clone(&self.factory), self.done_from.clone());
                tokio::task::spawn_blocking(move || {
                    let result = if restored {
                        factory.restore(&name, &options)
                    } else {
                        factory.make(&name, &options)
                    };
                    let _ = done.send(Done::Made { name, result });
                });
            }
            Effect::Adopted { name, adapter } => {
                if let Some(nic) = self.newborn.remove(&name) {
                    // One that has failed begins as a running one, so that its failure is told.
                    let source = match nic.source() {
                        Some(Source::Failed(_)) => Some(Source::Running),
                        source => source,
                    };
                    self.next_serial += 1;
                    let slot = Slot {
                        sampler: nic.sampler(),
                        surveyor: nic.surveyor(),
                        source,
                        nic: Some(nic),
                        serial: self.next_serial,
                        working: None,
                    };
                    self.adopted = true;
                    let ifindex = slot.nic.as_ref().and_then(|n| n.ifindex());
                    self.nics.insert(adapter, slot);
                    if let Some(ifindex) = ifindex {
                        self.indexes.insert(ifindex, adapter);
                        let early = self.early.remove(&ifindex).unwrap_or_default();
                        early.into_iter().for_each(|news| self.hear(news));
                    }
                }
            }
            Effect::Delete { adapter } => drop_elsewhere(self.nics.remove(&adapter)),
            Effect::Discard { name } => drop_elsewhere(self.newborn.remove(&name)),
            Effect::Publish(snapshot) => self.show(snapshot),
            Effect::Emit(event) => {
                self.events.tell(&event);
            }
            Effect::Reply { id, result } => {
                if let Some(answer) = self.answers.remove(&id) {
                    // The caller may have left.
                    let _ = answer.send(result);
                }
            }
        }
    }

    /// Switches an adapter off or on, or resets it. What came of it is told as it is of a network card: before anything
    /// else is asked of it.
    fn power(&mut self, adapter: AdapterId, change: PowerChange) {
        let nic = self.nics.get_mut(&adapter).and_then(|slot| slot.nic.as_mut());
        let done = nic.map_or(Err(BackendError::Gone), |nic| nic.power(change));
        if matches!(done, Ok(true)) {
            self.tell(Input::Kernel(Notice::Power { adapter, change }));
        }
        self.tell(Input::PowerSet { adapter, result: done.map(drop) });
    }

    /// Has an adapter work: here if it does not block, else on another thread. The manager asks nothing more of an
    /// adapter before it has the answer.
    fn work_on(
        &mut self,
        adapter: AdapterId,
        what: &'static str,
        slow: bool,
        work: impl FnOnce(&mut dyn Nic) -> Input + Send + 'static,
        failed: impl FnOnce(BackendError) -> Input,
    ) {
        let nic = self.nics.get_mut(&adapter).and_then(|slot| slot.nic.take());
        let Some(mut nic) = nic else {
            return self.tell(failed(BackendError::Gone));
        };
        if slow || nic.blocking() {
            let done = self.done_from.clone();
            let mut serial = 0;
            if let Some(slot) = self.nics.get_mut(&adapter) {
                serial = slot.serial;
                slot.working = Some((Instant::now(), what, 0));
            }
            tokio::task::spawn_blocking(move || {
                let answer = work(&mut *nic);
                let _ = done.send(Done::Back { adapter, serial, nic, answer });
            });
        } else {
            let answer = work(&mut *nic);
            if let Some(slot) = self.nics.get_mut(&adapter) {
                slot.nic = Some(nic);
            }
            self.tell(answer);
        }
    }

    fn show(&self, snapshot: Arc<Snapshot>) {
        let samplers = self.nics.iter().map(|(id, slot)| (*id, Arc::clone(&slot.sampler))).collect();
        let surveyors =
            self.nics.iter().filter_map(|(id, slot)| Some((*id, slot.surveyor.clone()?))).collect();
        let published = Published {
            snapshot,
            samplers: Arc::new(samplers),
            surveyors: Arc::new(surveyors),
            sources: Arc::new(self.sources()),
            settled: self.manager.is_settled(),
        };
        self.publish.send_replace(Arc::new(published));
    }

    fn sources(&self) -> BTreeMap<AdapterId, Source> {
        self.nics.iter().filter_map(|(id, slot)| Some((*id, slot.source.clone()?))).collect()
    }

    /// Publishes sources that have changed their state, and tells of those that have ended.
    fn look_at_sources(&mut self) {
        let mut ended = Vec::new();
        for (adapter, slot) in &mut self.nics {
            let Some(now) = slot.nic.as_ref().map(|nic| nic.source()) else { continue };
            if slot.source == now {
                continue;
            }
            slot.source.clone_from(&now);
            let because = match &now {
                Some(Source::Finished) => "every packet was delivered".to_owned(),
                Some(Source::Failed(why)) => why.clone(),
                Some(Source::Running) | None => continue,
            };
            let state = now.map_or("", |s| s.name()).to_owned();
            ended.push(Notice::SourceEnded { adapter: *adapter, state, because });
        }
        let sources = self.sources();
        if *self.publish.borrow().sources != sources {
            self.publish.send_modify(|p| Arc::make_mut(p).sources = Arc::new(sources));
        }
        for notice in ended {
            self.tell(Input::Kernel(notice));
        }
    }
}

/// Ends an adapter, which waits for its threads.
fn drop_elsewhere<T: Send + 'static>(adapter: Option<T>) {
    if let Some(adapter) = adapter {
        tokio::task::spawn_blocking(move || drop(adapter));
    }
}
