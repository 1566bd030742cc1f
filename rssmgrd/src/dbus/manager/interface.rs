//! The methods and properties of `org.rssmgr1.Manager`.

use std::collections::HashMap;

use rssmgr_core::manager::{CheckpointAction, Command, Kind, PowerChange};
use rssmgr_proto::convert;
use rssmgr_proto::dict::{Dictionary, to_dict};
use rssmgr_proto::names;
use rssmgr_proto::types::{EventQuery, FlowQuery, GlobalRecord, HiddenRecord, ListOptions, WhyQuery};
use rssmgr_proto::{ApiError, ErrorKind};
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::wire::OwnedObjectPath;
use zbus::{Connection, interface};

use super::super::lazy::Records;
use super::super::{all_well, input};
use super::{Manager, no_such_adapter, settle};
use crate::clock;
use crate::verify;

#[interface(name = "org.rssmgr1.Manager")]
impl Manager {
    /// Changes settings of adapters: by field key, with the options of ApplyOptions.
    async fn apply(
        &self,
        selector: Vec<String>,
        settings: Dictionary,
        options: Dictionary,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Dictionary, ApiError> {
        let work = async {
            let selector = input::selector(selector)?;
            let (patch, options) = (input::settings(&settings)?, input::options(&options)?);
            let options = self.surveyed(&selector, options).await;
            self.change(&header, connection, Command::Apply { selector, patch, options }).await
        };
        self.context.calls.count("Apply", work.await)
    }

    /// Drops the saved settings of adapters and plans anew.
    async fn reset(
        &self,
        selector: Vec<String>,
        options: Dictionary,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Dictionary, ApiError> {
        let work = async {
            let (selector, options) = (input::selector(selector)?, input::options(&options)?);
            let options = self.surveyed(&selector, options).await;
            self.change(&header, connection, Command::Reset { selector, options }).await
        };
        self.context.calls.count("Reset", work.await)
    }

    /// Gives adapters back as they were found.
    async fn release(
        &self,
        selector: Vec<String>,
        options: Dictionary,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Dictionary, ApiError> {
        let work = async {
            let (selector, options) = (input::selector(selector)?, input::options(&options)?);
            let options = self.surveyed(&selector, options).await;
            self.change(&header, connection, Command::Release { selector, options }).await
        };
        self.context.calls.count("Release", work.await)
    }

    /// Takes the steps that are pending.
    async fn restart(
        &self,
        selector: Vec<String>,
        options: Dictionary,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Dictionary, ApiError> {
        let work = async {
            let (selector, options) = (input::selector(selector)?, input::options(&options)?);
            let options = self.surveyed(&selector, options).await;
            self.change(&header, connection, Command::Restart { selector, options }).await
        };
        self.context.calls.count("Restart", work.await)
    }

    /// Sets explicit table entries, each as ENTRY=PROCESSOR.
    async fn set_entries(
        &self,
        selector: Vec<String>,
        entries: Vec<String>,
        options: Dictionary,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Dictionary, ApiError> {
        let work = async {
            let (selector, options) = (input::selector(selector)?, input::options(&options)?);
            let entries = input::entries(&entries)?;
            let options = self.surveyed(&selector, options).await;
            self.change(&header, connection, Command::SetEntries { selector, entries, options }).await
        };
        self.context.calls.count("SetEntries", work.await)
    }

    /// Moves all table entries of one processor to another.
    async fn move_entries(
        &self,
        selector: Vec<String>,
        from: String,
        to: String,
        options: Dictionary,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Dictionary, ApiError> {
        let work = async {
            let (selector, options) = (input::selector(selector)?, input::options(&options)?);
            let (from, to) = (input::processor("from", &from)?, input::processor("to", &to)?);
            let options = self.surveyed(&selector, options).await;
            self.change(&header, connection, Command::MoveEntries { selector, from, to, options }).await
        };
        self.context.calls.count("MoveEntries", work.await)
    }

    /// Changes that wait to be confirmed.
    async fn list_checkpoints(&self) -> Result<Records, ApiError> {
        let now = clock::now();
        let list = self.context.handle.snapshot().checkpoints.clone();
        let records = Records::of(list, move |c| to_dict(&convert::checkpoint(c, now)));
        self.context.calls.count("ListCheckpoints", Ok(records))
    }

    /// Confirms the change of a checkpoint; 0 is the latest.
    async fn commit_checkpoint(
        &self,
        id: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), ApiError> {
        let work = async {
            let command = settle(id, CheckpointAction::Commit);
            all_well(self.ask(&header, connection, command).await?).map(drop)
        };
        self.context.calls.count("CommitCheckpoint", work.await)
    }

    /// Takes the change of a checkpoint back now; 0 is the latest.
    async fn roll_back_checkpoint(
        &self,
        id: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Dictionary, ApiError> {
        let command = settle(id, CheckpointAction::RollBack);
        self.context.calls.count("RollBackCheckpoint", self.change(&header, connection, command).await)
    }

    /// Has a checkpoint wait so many milliseconds from now; 0 is the latest.
    async fn extend_checkpoint(
        &self,
        id: u64,
        by_ms: u64,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), ApiError> {
        let work = async {
            let command = settle(id, CheckpointAction::Extend(input::confirm_within("by_ms", by_ms)?));
            all_well(self.ask(&header, connection, command).await?).map(drop)
        };
        self.context.calls.count("ExtendCheckpoint", work.await)
    }

    /// The object of an adapter.
    async fn get_adapter(&self, name: String) -> Result<OwnedObjectPath, ApiError> {
        let work = async {
            let (snapshot, view) = self.view(&name)?;
            self.shown(snapshot.generation.0).await;
            OwnedObjectPath::try_from(names::adapter_path(view.id.0))
                .map_err(|e| ApiError::new(ErrorKind::Failed, e.to_string()))
        };
        self.context.calls.count("GetAdapter", work.await)
    }

    /// Adapters that match; none named is all.
    async fn list_adapters(&self, selector: Vec<String>, options: Dictionary) -> Result<Records, ApiError> {
        let work = || {
            // Interfaces that are no adapters are left out whatever is asked for: they have no such record.
            let _: ListOptions = input::record("options", &options)?;
            let (published, views) = self.views(selector)?;
            let rss_on = published.snapshot.rss_on;
            Ok(Records::of(views, move |v| to_dict(&convert::adapter(v, rss_on))))
        };
        self.context.calls.count("ListAdapters", work())
    }

    /// Network interfaces that are no adapters, and why.
    async fn list_hidden(&self) -> Result<Vec<Dictionary>, ApiError> {
        let work = async {
            if !self.context.kernel {
                return Ok(Vec::new());
            }
            let snapshot = self.context.handle.snapshot();
            let look = move || {
                let known: Vec<&str> = snapshot.adapters.values().map(|a| a.facts.name.as_str()).collect();
                rssmgr_ethtool::hidden(&known).map_err(|e| e.to_string())
            };
            let looked = tokio::task::spawn_blocking(look).await.map_err(|e| e.to_string());
            let hidden = looked.and_then(|h| h).map_err(|e| ApiError::new(ErrorKind::Failed, e))?;
            let record = |h: rssmgr_ethtool::Hidden| HiddenRecord { name: h.name, because: h.because };
            hidden.into_iter().map(|h| to_dict(&record(h))).collect()
        };
        self.context.calls.count("ListHidden", work.await)
    }

    /// Counters of adapters that match, per adapter, queue, cpu or entry.
    async fn get_stats(&self, selector: Vec<String>, per: String) -> Result<Records, ApiError> {
        self.context.calls.count("GetStats", self.stats(selector, &per))
    }

    /// Where a flow goes.
    async fn predict_flow(&self, name: String, query: Dictionary) -> Result<Dictionary, ApiError> {
        let work = || {
            let (_, view) = self.view(&name)?;
            let query: FlowQuery = input::record("query", &query)?;
            to_dict(&convert::flow(&view, &query)?)
        };
        self.context.calls.count("PredictFlow", work())
    }

    /// Where the packets of a connection come in.
    async fn locate_socket(&self, query: Dictionary) -> Result<Dictionary, ApiError> {
        self.context.calls.count("LocateSocket", self.located(&query).await)
    }

    /// Why an adapter is as it is.
    async fn explain(&self, name: String, query: Dictionary) -> Result<Dictionary, ApiError> {
        let work = || {
            let (snapshot, view) = self.view(&name)?;
            let query: WhyQuery = input::record("query", &query)?;
            to_dict(&convert::why(&snapshot, &view, &query)?)
        };
        self.context.calls.count("Explain", work())
    }

    /// Whether the traffic of adapters obeys their tables.
    async fn verify(
        &self,
        selector: Vec<String>,
        options: Dictionary,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<Dictionary>, ApiError> {
        let work = async {
            // It looks at packets, so that not everybody may do it.
            let caller = self.peer.caller(&header, connection).await?;
            self.authorised(&caller)?;
            let how = input::capture(&options)?;
            let named = !selector.is_empty();
            let (_, views) = self.views(selector)?;
            let mut records = Vec::new();
            for view in views {
                if !named && (view.facts.kind == Kind::Softnic || view.capability.table_entries == 0) {
                    continue;
                }
                let name = view.facts.name.clone();
                let looked = verify::look(&self.context.handle, view, how).await;
                records.push(to_dict(&convert::verified(name, looked.map(|l| (l.evidence, l.verdict))))?);
            }
            Ok(records)
        };
        self.context.calls.count("Verify", work.await)
    }

    /// Events of the ring.
    async fn get_events(&self, query: Dictionary) -> Result<Records, ApiError> {
        let work = || {
            let query: EventQuery = input::record("query", &query)?;
            Ok(Records::of(self.context.events.query(&query), to_dict))
        };
        self.context.calls.count("GetEvents", work())
    }

    /// Tells the whole state as events; answers them.
    async fn rundown(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Records, ApiError> {
        let work = async {
            // It fills the ring, so that not everybody may do it.
            let caller = self.peer.caller(&header, connection).await?;
            self.authorised(&caller)?;
            let events = self.context.events.rundown(&self.context.handle.snapshot());
            Ok(Records::of(events, to_dict))
        };
        self.context.calls.count("Rundown", work.await)
    }

    /// Waits until nothing is under way and at least this generation is published; answers the generation.
    async fn wait_settled(
        &self,
        generation: u64,
        timeout_ms: u32,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<u64, ApiError> {
        let result = self.settled(connection, generation, timeout_ms).await;
        self.context.calls.count("WaitSettled", result)
    }

    /// Creates a software NIC.
    async fn create_softnic(
        &self,
        name: String,
        options: HashMap<String, String>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Dictionary, ApiError> {
        let work = async {
            let (name, options) = (input::name("name", &name)?, input::softnic(options)?);
            let command = Command::CreateSoftnic { name: name.clone(), options };
            let generation = all_well(self.ask(&header, connection, command).await?)?;
            self.shown(generation).await;
            match self.softnics().into_iter().find(|s| s.name == name) {
                Some(record) => to_dict(&record),
                None => Err(no_such_adapter(&self.context.handle.snapshot(), name)),
            }
        };
        self.context.calls.count("CreateSoftnic", work.await)
    }

    /// Deletes a software NIC.
    async fn delete_softnic(
        &self,
        name: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), ApiError> {
        let work = async {
            let command = Command::DeleteSoftnic { name: input::name("name", &name)? };
            let generation = all_well(self.ask(&header, connection, command).await?)?;
            self.shown(generation).await;
            Ok(())
        };
        self.context.calls.count("DeleteSoftnic", work.await)
    }

    /// Gives a software NIC another traffic source.
    async fn set_softnic_source(
        &self,
        name: String,
        source: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), ApiError> {
        let work = async {
            let (name, source) = (input::name("name", &name)?, input::source(&source)?);
            all_well(self.ask(&header, connection, Command::SetSource { name, source }).await?).map(drop)
        };
        self.context.calls.count("SetSoftnicSource", work.await)
    }

    /// Switches a software NIC off or on. Answers when what it lost is in force again.
    async fn set_softnic_power(
        &self,
        name: String,
        on: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), ApiError> {
        let change = if on { PowerChange::On } else { PowerChange::Off };
        self.context.calls.count("SetSoftnicPower", self.power(&header, connection, &name, change).await)
    }

    /// Resets a software NIC. Answers when what it lost is in force again.
    async fn reset_softnic(
        &self,
        name: String,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), ApiError> {
        let work = self.power(&header, connection, &name, PowerChange::Reset);
        self.context.calls.count("ResetSoftnic", work.await)
    }

    /// Software NICs.
    async fn list_softnics(&self) -> Result<Records, ApiError> {
        self.context.calls.count("ListSoftnics", Ok(Records::of(self.softnics(), to_dict)))
    }

    /// The machine-wide switches.
    async fn get_global(&self) -> Result<Dictionary, ApiError> {
        let record = GlobalRecord { rss: self.context.handle.snapshot().rss_on };
        self.context.calls.count("GetGlobal", to_dict(&record))
    }

    /// Turns the machine-wide RSS switch.
    async fn set_global(
        &self,
        rss: bool,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), ApiError> {
        let work =
            async { all_well(self.ask(&header, connection, Command::SetGlobal { rss }).await?).map(drop) };
        self.context.calls.count("SetGlobal", work.await)
    }

    /// Configuration in force.
    async fn get_config(&self) -> Result<Dictionary, ApiError> {
        self.context.calls.count("GetConfig", to_dict(&self.config()))
    }

    /// Reads the configuration again.
    async fn reload(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<(), ApiError> {
        let work = async {
            let caller = self.peer.caller(&header, connection).await?;
            self.authorised(&caller)?;
            (self.context.reload)(caller).await
        };
        self.context.calls.count("Reload", work.await)
    }

    /// Version of the daemon.
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    /// Generation of the published state.
    #[zbus(property)]
    fn generation(&self) -> u64 {
        self.context.handle.snapshot().generation.0
    }

    /// Why nothing is changed in this run, or empty.
    #[zbus(property(emits_changed_signal = "const"))]
    fn observe_only(&self) -> String {
        self.context.handle.snapshot().observe.map(|why| why.to_string()).unwrap_or_default()
    }

    /// Address where the metrics are served, or empty.
    #[zbus(property(emits_changed_signal = "const"))]
    fn metrics_address(&self) -> String {
        self.context.metrics_address.clone()
    }

    /// Something happened.
    #[zbus(signal)]
    pub(super) async fn event(emitter: &SignalEmitter<'_>, event: Dictionary) -> zbus::Result<()>;
}
