//! What a connection is told: objects that come and go, properties that change, events. One task a connection; only
//! that task waits for the client to read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rssmgr_core::manager::Snapshot;
use rssmgr_proto::dict::to_dict;
use rssmgr_proto::names;
use rssmgr_proto::types::EventRecord;
use tokio::sync::{mpsc, watch};
use zbus::fdo::Properties;
use zbus::names::InterfaceName;
use zbus::object_server::SignalEmitter;
use zbus::wire::Variant;
use zbus::{Connection, Message};

use super::Context;
use super::adapter::{self, Adapter};
use super::auth::Peer;
use super::objects::{self, path};

/// Tells one connection what is new.
pub(super) struct Publisher {
    context: Arc<Context>,
    peer: Peer,
    connection: Connection,
    /// What the connection's objects show.
    shows: Arc<Snapshot>,
    shown: watch::Sender<u64>,
    events: mpsc::Receiver<Arc<EventRecord>>,
}

impl Publisher {
    /// For a connection whose objects show `shows`, with a listener that was there before they were made.
    pub(super) fn new(
        context: Arc<Context>,
        peer: Peer,
        connection: Connection,
        shows: Arc<Snapshot>,
        shown: watch::Sender<u64>,
        events: mpsc::Receiver<Arc<EventRecord>>,
    ) -> Self {
        shown.send_replace(shows.generation.0);
        Self { context, peer, connection, shows, shown, events }
    }

    /// Runs until the connection is closed or the daemon stops.
    pub(super) async fn run(mut self) {
        let connection = self.connection.clone();
        tokio::select! {
            () = connection.closed() => {}
            result = self.tell() => if let Err(e) = result {
                tracing::debug!("a client is gone: {e}");
            }
        }
    }

    async fn tell(&mut self) -> zbus::Result<()> {
        let mut published = self.context.handle.watch();
        published.mark_changed();
        loop {
            tokio::select! {
                biased;
                changed = published.changed() => {
                    if changed.is_err() {
                        return self.rest().await;
                    }
                    let now = Arc::clone(&published.borrow_and_update().snapshot);
                    self.show(now).await?;
                }
                Some(event) = self.events.recv() => self.send(&event).await?,
            }
        }
    }

    /// The daemon stops: sends the events that wait.
    async fn rest(&mut self) -> zbus::Result<()> {
        while let Ok(event) = self.events.try_recv() {
            self.send(&event).await?;
        }
        Ok(())
    }

    async fn send(&self, event: &EventRecord) -> zbus::Result<()> {
        let dict = to_dict(event).map_err(|e| zbus::Error::Failure(e.message))?;
        let message = Message::signal(names::MANAGER_PATH, names::MANAGER, "Event").build(&(dict,))?;
        self.connection.send(&message).await
    }

    /// Makes the connection's objects show a state.
    async fn show(&mut self, now: Arc<Snapshot>) -> zbus::Result<()> {
        if self.shows.generation == now.generation {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.shows, Arc::clone(&now));
        let server = self.connection.object_server();
        let emitter = SignalEmitter::new(&self.connection, names::MANAGER_PATH)?;
        for id in before.adapters.keys().filter(|id| !now.adapters.contains_key(id)) {
            server.remove::<Adapter, _>(path(*id)?).await?;
            objects::removed(&emitter, *id).await?;
        }
        for (id, view) in &now.adapters {
            match before.adapters.get(id) {
                None => {
                    let object = Adapter::new(*id, Arc::clone(&self.context), self.peer.clone());
                    server.at(path(*id)?, object).await?;
                    objects::added(&emitter, view).await?;
                }
                Some(old) if Arc::ptr_eq(old, view) => {}
                Some(old) => {
                    let (changed, invalidated) = adapter::changes(old, view);
                    self.changed(path(*id)?.as_str(), names::ADAPTER, changed, &invalidated).await?;
                }
            }
        }
        let generation = HashMap::from([("Generation", Variant::from(now.generation.0))]);
        self.changed(names::MANAGER_PATH, names::MANAGER, generation, &[]).await?;
        self.shown.send_replace(now.generation.0);
        Ok(())
    }

    async fn changed(
        &self,
        path: &str,
        interface: &'static str,
        changed: HashMap<&str, Variant<'_>>,
        invalidated: &[&str],
    ) -> zbus::Result<()> {
        if changed.is_empty() && invalidated.is_empty() {
            return Ok(());
        }
        let emitter = SignalEmitter::new(&self.connection, path)?;
        let interface = InterfaceName::try_from(interface)?;
        Properties::properties_changed(&emitter, interface, changed, Cow::Borrowed(invalidated)).await
    }
}
