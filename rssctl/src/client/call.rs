//! Calls: records in, records out, and what a failed call means.

use std::io;

use rssmgr_proto::dict::{Dictionary, from_dict, to_dict};
use rssmgr_proto::types::{
    AdapterRecord, ApplyOptions, ApplyRecord, CheckpointRecord, ConfigRecord, EventQuery, EventRecord,
    FlowQuery, FlowRecord, GlobalRecord, ListOptions, SocketQuery, SocketRecord, SoftnicRecord, StatsRecord,
    VerifyOptions, VerifyRecord, WhyQuery, WhyRecord,
};
use rssmgr_proto::{ApiError, ErrorKind};
use serde::de::DeserializeOwned;

use super::Client;
use crate::exit::{Failure, Stop};

impl From<zbus::Error> for Failure {
    fn from(e: zbus::Error) -> Self {
        failure(&e)
    }
}

/// What a failed call means.
fn failure(e: &zbus::Error) -> Failure {
    let gone = |why: &str| {
        Failure::new(ErrorKind::Unreachable, format!("the daemon went away before it answered: {why}"))
            .hint("what it had acknowledged is kept; start it again and look with `rssctl get`")
    };
    match e {
        zbus::Error::InputOutput(io) => match io.kind() {
            io::ErrorKind::TimedOut => Failure::new(ErrorKind::TimedOut, "the daemon did not answer in time")
                .hint("the change may still be under way: `rssctl wait`, then `rssctl get`"),
            _ => gone(&io.to_string()),
        },
        _ => {
            let error = ApiError::from(e.clone());
            match error.kind {
                ErrorKind::Unreachable => gone(&error.message),
                ErrorKind::NotAuthorised => Failure::from(error)
                    .hint("run it as root, such as with sudo; to read and to plan needs no right"),
                _ => error.into(),
            }
        }
    }
}

fn record<T: DeserializeOwned>(dict: &Dictionary) -> Result<T, Failure> {
    from_dict(dict).map_err(|e| {
        Failure::new(ErrorKind::Failed, format!("the daemon's answer is not understood: {}", e.message))
            .hint("daemon and rssctl are of different versions; install the same of both")
    })
}

fn records<T: DeserializeOwned>(dicts: &[Dictionary]) -> Result<Vec<T>, Failure> {
    dicts.iter().map(record).collect()
}

/// A change that the daemon makes to adapters.
#[derive(Clone, Debug)]
pub enum Change {
    /// Settings by field key.
    Apply(Dictionary),
    /// Back to the configuration.
    Reset,
    /// Back to how it was found.
    Release,
    /// What is pending is taken.
    Restart,
    /// Entries by hand, each `ENTRY=PROCESSOR`.
    SetEntries(Vec<String>),
    /// All entries of one processor to another.
    MoveEntries {
        /// The one to empty.
        from: String,
        /// The one to fill.
        to: String,
    },
}

impl Client {
    /// Makes a change, or plans it.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn change(
        &self,
        names: &[String],
        change: &Change,
        options: &ApplyOptions,
    ) -> Result<ApplyRecord, Stop> {
        let m = &self.manager;
        let o = to_dict(options)?;
        let reply = match change {
            Change::Apply(settings) => m.apply(names, settings, &o).await,
            Change::Reset => m.reset(names, &o).await,
            Change::Release => m.release(names, &o).await,
            Change::Restart => m.restart(names, &o).await,
            Change::SetEntries(entries) => m.set_entries(names, entries, &o).await,
            Change::MoveEntries { from, to } => m.move_entries(names, from, to, &o).await,
        };
        Ok(record(&reply?)?)
    }

    /// Adapters that match; no name is all.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn adapters(
        &self,
        names: &[String],
        options: &ListOptions,
    ) -> Result<Vec<AdapterRecord>, Failure> {
        records(&self.manager.list_adapters(names, &to_dict(options)?).await?)
    }

    /// Counters of adapters that match; no name is all.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn stats(&self, names: &[String], per: &str) -> Result<Vec<StatsRecord>, Failure> {
        records(&self.manager.get_stats(names, per).await?)
    }

    /// Where a flow goes.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn flow(&self, name: &str, query: &FlowQuery) -> Result<FlowRecord, Failure> {
        record(&self.manager.predict_flow(name, &to_dict(query)?).await?)
    }

    /// Where the packets of a connection come in.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn socket(&self, query: &SocketQuery) -> Result<SocketRecord, Failure> {
        record(&self.manager.locate_socket(&to_dict(query)?).await?)
    }

    /// What the traffic says.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn verify(
        &self,
        names: &[String],
        options: &VerifyOptions,
    ) -> Result<Vec<VerifyRecord>, Failure> {
        records(&self.manager.verify(names, &to_dict(options)?).await?)
    }

    /// Why.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn why(&self, name: &str, query: &WhyQuery) -> Result<WhyRecord, Failure> {
        record(&self.manager.explain(name, &to_dict(query)?).await?)
    }

    /// Events of the past.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn events(&self, query: &EventQuery) -> Result<Vec<EventRecord>, Failure> {
        records(&self.manager.get_events(&to_dict(query)?).await?)
    }

    /// The whole state as events.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn rundown(&self) -> Result<Vec<EventRecord>, Failure> {
        records(&self.manager.rundown().await?)
    }

    /// Changes that wait to be confirmed.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn checkpoints(&self) -> Result<Vec<CheckpointRecord>, Failure> {
        records(&self.manager.list_checkpoints().await?)
    }

    /// Takes the change of a checkpoint back; 0 is the latest.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn roll_back(&self, id: u64) -> Result<ApplyRecord, Failure> {
        record(&self.manager.roll_back_checkpoint(id).await?)
    }

    /// Software NICs.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn softnics(&self) -> Result<Vec<SoftnicRecord>, Failure> {
        records(&self.manager.list_softnics().await?)
    }

    /// Creates a software NIC.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn create_softnic(
        &self,
        name: &str,
        options: &[(&str, String)],
    ) -> Result<SoftnicRecord, Failure> {
        let options = options.iter().map(|(k, v)| (*k, v.as_str())).collect();
        record(&self.manager.create_softnic(name, options).await?)
    }

    /// The machine-wide switches.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn global(&self) -> Result<GlobalRecord, Failure> {
        record(&self.manager.get_global().await?)
    }

    /// Configuration in force.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn config(&self) -> Result<ConfigRecord, Failure> {
        record(&self.manager.get_config().await?)
    }
}

/// An event of a signal.
///
/// # Errors
/// It is not understood.
pub(super) fn event(dict: &Dictionary) -> Result<EventRecord, Failure> {
    record(dict)
}
