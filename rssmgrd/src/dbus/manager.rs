//! `org.rssmgr1.Manager`: everything that reads or changes more than one adapter. What callers see is in `interface`, what
//! stands behind it here.

mod interface;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rssmgr_core::manager::{
    AdapterState, AdapterView, Caller, CheckpointAction, CheckpointId, Command, CommandError, Options,
    PowerChange, Reply, Selector, Snapshot,
};
use rssmgr_core::stats::Sample;
use rssmgr_proto::convert::{self, Per};
use rssmgr_proto::dict::{Dictionary, to_dict};
use rssmgr_proto::types::{ApplyRecord, ConfigRecord, SettingsRecord, SocketQuery, SoftnicRecord};
use rssmgr_proto::{ApiError, ErrorKind};
use tokio::sync::watch;
use zbus::Connection;
use zbus::message::Header;

use super::auth::Peer;
use super::lazy::Records;
use super::{Context, all_well, input};
use crate::backend::Source;
use crate::clock;
use crate::owner::Published;
use crate::sockets;

/// How long an answer waits for the caller's objects to show what it answers.
const SHOWN: Duration = Duration::from_secs(1);

/// The object, one for each connection.
#[derive(Debug)]
pub struct Manager {
    context: Arc<Context>,
    peer: Peer,
    /// Generation that this connection's objects show.
    shown: watch::Receiver<u64>,
}

impl Manager {
    pub(super) const fn new(context: Arc<Context>, peer: Peer, shown: watch::Receiver<u64>) -> Self {
        Self { context, peer, shown }
    }

    /// Has a command executed for the caller of a message.
    async fn ask(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        command: Command,
    ) -> Result<Reply, ApiError> {
        let caller = self.peer.caller(header, connection).await?;
        self.context.handle.ask(caller, command).await
    }

    /// Has a software NIC switched off or on, or reset.
    async fn power(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        name: &str,
        change: PowerChange,
    ) -> Result<(), ApiError> {
        let name = input::name("name", name)?;
        let generation = all_well(self.ask(header, connection, Command::Power { name, change }).await?)?;
        self.shown(generation).await;
        Ok(())
    }

    /// As [`Manager::ask`], for commands that change adapters.
    async fn change(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        command: Command,
    ) -> Result<Dictionary, ApiError> {
        let reply = self.ask(header, connection, command).await?;
        let snapshot = self.context.handle.snapshot();
        let record = match reply {
            Reply::Done { generation } | Reply::Moved { generation, .. } => {
                ApplyRecord { generation: generation.0, ..ApplyRecord::default() }
            }
            Reply::Adapters { generation, dry_run, checkpoint, results } => ApplyRecord {
                generation: generation.0,
                dry_run,
                checkpoint: checkpoint.map(|id| id.0),
                adapters: results
                    .iter()
                    .filter_map(|r| Some(convert::result(r, &snapshot.adapters.get(&r.id)?.topology)))
                    .collect(),
            },
        };
        to_dict(&record)
    }

    /// The options with what stands around the adapters that are meant, looked at now.
    async fn surveyed(&self, selector: &Selector, mut options: Options) -> Options {
        let published = self.context.handle.published();
        let Ok(views) = published.snapshot.select(selector) else { return options };
        let surveyors: Vec<_> =
            views.iter().filter_map(|v| Some((v.id, Arc::clone(published.surveyors.get(&v.id)?)))).collect();
        if surveyors.is_empty() {
            return options;
        }
        let survey = || surveyors.into_iter().map(|(id, s)| (id, s.survey())).collect();
        // A survey that panics found nothing.
        let around = tokio::task::spawn_blocking(survey).await.unwrap_or_default();
        options.surroundings = Arc::new(around);
        options
    }

    /// Waits until this connection's objects show a generation, so that a caller who was answered finds them.
    async fn shown(&self, generation: u64) {
        let mut shown = self.shown.clone();
        let wait = shown.wait_for(|g| *g >= generation);
        // A client that does not read its signals is answered without.
        let _ = tokio::time::timeout(SHOWN, wait).await;
    }

    async fn located(&self, query: &Dictionary) -> Result<Dictionary, ApiError> {
        let query: SocketQuery = input::record("query", query)?;
        let (local, _) = convert::socket_ends(&query)?;
        if let Some(name) = &query.adapter {
            let (_, view) = self.view(name)?;
            return to_dict(&convert::socket(Some(&view), &view.topology, None, &query, None)?);
        }
        let napi = query.napi;
        let asked = tokio::task::spawn_blocking(move || {
            let topology = rssmgr_host::topology(Path::new("/")).map_err(|e| e.to_string())?;
            Ok::<_, String>((sockets::owner(local.ip(), napi)?, topology))
        });
        let failed = |e: String| ApiError::new(ErrorKind::Failed, e);
        let (owner, topology) = asked.await.map_err(|e| failed(e.to_string()))?.map_err(failed)?;
        let snapshot = self.context.handle.snapshot();
        let view = owner.as_ref().and_then(|o| snapshot.by_name(&o.interface));
        let why = match (&owner, view) {
            (_, Some(_)) => None,
            (Some(o), None) => Some(format!(
                "{} is an address of {}, which is no adapter here: name the one below it with --adapter",
                local.ip(),
                o.interface
            )),
            (None, None) => Some(format!("no interface has the address {}", local.ip())),
        };
        let queue = owner.as_ref().and_then(|o| o.queue);
        to_dict(&convert::socket(view.map(AsRef::as_ref), &topology, queue, &query, why)?)
    }

    fn view(&self, name: &str) -> Result<(Arc<Snapshot>, Arc<AdapterView>), ApiError> {
        let name = input::name("name", name)?;
        let snapshot = self.context.handle.snapshot();
        match snapshot.by_name(&name).cloned() {
            Some(view) => Ok((snapshot, view)),
            None => Err(no_such_adapter(&snapshot, name)),
        }
    }

    fn views(&self, names: Vec<String>) -> Result<(Arc<Published>, Vec<Arc<AdapterView>>), ApiError> {
        let published = self.context.handle.published();
        let selector = input::selector(names)?;
        let views = published.snapshot.select(&selector).map_err(|e| convert::error(&e))?;
        Ok((published, views))
    }

    fn stats(&self, selector: Vec<String>, per: &str) -> Result<Records, ApiError> {
        let per = Per::parse(input::text("per", per, 16)?)?;
        let (published, views) = self.views(selector)?;
        let now = clock::unix_ms();
        let sampled = views
            .into_iter()
            .filter_map(|v| {
                let mut sample = published.samplers.get(&v.id)?.sample();
                sample.count_vports(&v.device);
                Some((v, sample))
            })
            .collect();
        Ok(Records::of(sampled, move |(view, sample): &(Arc<AdapterView>, Sample)| {
            to_dict(&convert::stats(view, sample, per, now))
        }))
    }

    fn softnics(&self) -> Vec<SoftnicRecord> {
        let published = self.context.handle.published();
        let record = |s: &rssmgr_core::manager::SoftnicView| {
            let view = published.snapshot.by_name(&s.name);
            let source = view.and_then(|v| published.sources.get(&v.id));
            let source_error = match source {
                Some(Source::Failed(why)) => Some(why.clone()),
                _ => s.error.clone(),
            };
            SoftnicRecord {
                name: s.name.clone(),
                options: s.options.clone(),
                source_state: source.map_or("failed", Source::name).to_owned(),
                source_error,
                power: if view.is_some_and(|v| v.state == AdapterState::Down) { "off" } else { "on" }
                    .to_owned(),
                pretended_topology: view.and_then(|v| v.topology.label()).map(str::to_owned),
            }
        };
        published.snapshot.softnics.iter().map(record).collect()
    }

    fn config(&self) -> ConfigRecord {
        let snapshot = self.context.handle.snapshot();
        let settings = |v: &Arc<AdapterView>| SettingsRecord {
            name: v.facts.name.clone(),
            settings: convert::settings(&v.settings),
        };
        ConfigRecord {
            files: snapshot.config_files.clone(),
            saved_file: self.context.saved_file.clone(),
            adapters: snapshot.adapters.values().map(settings).collect(),
        }
    }

    /// Waits until nothing is under way and a generation is published, or the caller has gone.
    async fn settled(
        &self,
        connection: &Connection,
        generation: u64,
        timeout_ms: u32,
    ) -> Result<u64, ApiError> {
        let mut published = self.context.handle.watch();
        let wait = async {
            let now = published.wait_for(|p| p.settled && p.snapshot.generation.0 >= generation).await;
            now.map(|now| now.snapshot.generation.0)
        };
        let wait = tokio::time::timeout(Duration::from_millis(timeout_ms.into()), wait);
        let waited = tokio::select! {
            waited = wait => waited,
            () = connection.closed() => return Err(ApiError::new(ErrorKind::Failed, "nobody waits any more")),
        };
        let now = match waited {
            Ok(Ok(now)) => now,
            Ok(Err(_)) => return Err(ApiError::new(ErrorKind::Unreachable, "rssmgrd is stopping")),
            Err(_) => {
                let now = self.context.handle.published();
                let state = if now.settled { "nothing is under way" } else { "changes are under way" };
                return Err(ApiError::new(
                    ErrorKind::TimedOut,
                    format!(
                        "generation {generation} was not settled within {timeout_ms} ms: {state} at generation {}; wait longer, or for a lower generation",
                        now.snapshot.generation
                    ),
                ));
            }
        };
        self.shown(now).await;
        Ok(now)
    }
}

/// A command about a checkpoint, of which 0 is the latest.
fn settle(id: u64, action: CheckpointAction) -> Command {
    Command::Checkpoint { id: (id > 0).then_some(CheckpointId(id)), action }
}

fn no_such_adapter(snapshot: &Snapshot, pattern: String) -> ApiError {
    let known = snapshot.adapters.values().map(|v| v.facts.name.clone()).collect();
    convert::error(&CommandError::NoSuchAdapter { pattern, known })
}

impl Manager {
    /// The check that the core makes for commands, for what never reaches it.
    fn authorised(&self, caller: &Caller) -> Result<(), ApiError> {
        let owner = self.context.owner_uid;
        if caller.uid == 0 || caller.uid == owner {
            return Ok(());
        }
        Err(convert::error(&CommandError::NotAuthorised { uid: caller.uid, owner }))
    }
}
