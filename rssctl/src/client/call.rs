//! Calls: records in, records out, and what a failed call means.

use std::io;

use rssmgr_proto::dict::{Dictionary, from_dict, to_dict};
use rssmgr_proto::proxy::AdapterProxy;
use rssmgr_proto::types::{
    AdapterRecord, ApplyOptions, ApplyRecord, CheckpointRecord, ConfigRecord, EventQuery, EventRecord,
    FlowQuery, FlowRecord, GlobalRecord, HiddenRecord, ListOptions, MoveRequest, MovesRecord, SocketQuery,
    SocketRecord, SoftnicRecord, StatsRecord, VPortRecord, VPortRequest, VerifyOptions, VerifyRecord,
    WhyQuery, WhyRecord,
};
use rssmgr_proto::{ApiError, ErrorKind};
use serde::de::DeserializeOwned;
use zbus::proxy::CacheProperties;

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
    /// A new VPort.
    CreateVPort(VPortRequest),
    /// A VPort, otherwise.
    SetVPort(u32, VPortRequest),
    /// A VPort less.
    DeleteVPort(u32),
    /// VMQ on or off.
    Vmq(bool),
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
            Change::CreateVPort(_) | Change::SetVPort(..) | Change::DeleteVPort(_) | Change::Vmq(_) => {
                return self.change_vports(names, change, &o).await;
            }
        };
        Ok(record(&reply?)?)
    }

    /// As [`Client::change`], for what is asked of each adapter by itself.
    async fn change_vports(
        &self,
        names: &[String],
        change: &Change,
        options: &Dictionary,
    ) -> Result<ApplyRecord, Stop> {
        let mut out = ApplyRecord::default();
        for adapter in self.adapters(names, &ListOptions::default()).await? {
            let object = self.adapter(&adapter.name).await?;
            let reply = match change {
                Change::CreateVPort(wish) => object.create_vport(&to_dict(wish)?, options).await,
                Change::SetVPort(id, wish) => object.set_vport(*id, &to_dict(wish)?, options).await,
                Change::DeleteVPort(id) => object.delete_vport(*id, options).await,
                Change::Vmq(on) => object.set_vmq(*on, options).await,
                _ => continue,
            };
            let reply: ApplyRecord = record(&reply?)?;
            (out.generation, out.dry_run) = (reply.generation, reply.dry_run);
            out.checkpoint = out.checkpoint.or(reply.checkpoint);
            out.adapters.extend(reply.adapters);
        }
        Ok(out)
    }

    /// The object of an adapter.
    async fn adapter(&self, name: &str) -> Result<AdapterProxy<'static>, Failure> {
        let path = self.manager.get_adapter(name).await?;
        let proxy = AdapterProxy::builder(self.manager.inner().connection()).path(path);
        Ok(proxy.cache_properties(CacheProperties::No).build().await?)
    }

    /// The VPorts of an adapter.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn vports(&self, name: &str) -> Result<Vec<VPortRecord>, Failure> {
        records(&self.adapter(name).await?.get_vports().await?)
    }

    /// Moves entries, primary and default processors of an adapter.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn moves(
        &self,
        name: &str,
        moves: &[MoveRequest],
        actor: &str,
        options: &ApplyOptions,
    ) -> Result<MovesRecord, Failure> {
        record(&self.adapter(name).await?.move_entries(moves, actor, &to_dict(options)?).await?)
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

    /// Network interfaces that are no adapters.
    ///
    /// # Errors
    /// What the daemon says.
    pub async fn hidden(&self) -> Result<Vec<HiddenRecord>, Failure> {
        records(&self.manager.list_hidden().await?)
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
