//! The daemon inside a test: the owner, the objects and a private socket, with adapters of the test's choice.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rssmgr_core::manager::{Caller, Manager, SavedState, Setup};
use rssmgr_proto::dict::{Dictionary, from_dict, to_dict};
use rssmgr_proto::proxy::{AdapterProxy, ManagerProxy};
use rssmgr_proto::types::ApplyRecord;
use rssmgr_proto::{ApiError, ErrorKind};
use rssmgrd::backend::{Factory, Made};
use rssmgrd::clock;
use rssmgrd::dbus::auth::Peer;
use rssmgrd::dbus::clients::Clients;
use rssmgrd::dbus::server::{PrivateSocket, serve_stream};
use rssmgrd::dbus::{Calls, Context};
use rssmgrd::events::Events;
use rssmgrd::kernel::News;
use rssmgrd::owner::{Ending, Handle, Owner, Parts, Save};
use rssmgrd::store::disk::Disk;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zbus::Connection;
use zbus::connection::Builder;
use zbus::proxy::CacheProperties;

/// What was saved, whether saving works, and a gate that holds it up while a test has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) gate: Arc<tokio::sync::Mutex<()>>,
    pub(crate) saved: Arc<Mutex<SavedState>>,
    pub(crate) broken: Arc<AtomicBool>,
}

impl Save for Memory {
    fn save(&mut self, state: &SavedState) -> Result<(), String> {
        drop(self.gate.blocking_lock());
        if self.broken.load(Ordering::Relaxed) {
            return Err("the disk is full".to_owned());
        }
        *self.saved.lock().unwrap() = state.clone();
        Ok(())
    }
}

pub(crate) struct Daemon {
    pub(crate) context: Arc<Context>,
    pub(crate) memory: Memory,
    pub(crate) socket: PathBuf,
    pub(crate) clients: Clients,
    pub(crate) owner: JoinHandle<()>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    _dir: tempfile::TempDir,
}

impl Daemon {
    pub(crate) async fn start(factory: impl Factory + 'static) -> Self {
        Self::with(factory, Memory::default(), 100).await
    }

    pub(crate) async fn with(factory: impl Factory + 'static, memory: Memory, most: u32) -> Self {
        Self::hearing(factory, memory, most, Vec::new(), unbounded_channel()).await
    }

    /// One that has these adapters, and hears news of them.
    pub(crate) async fn hearing(
        factory: impl Factory + 'static,
        memory: Memory,
        most: u32,
        adapters: Vec<Made>,
        news: (UnboundedSender<News>, UnboundedReceiver<News>),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let events = Events::in_memory();
        let saved = memory.saved.lock().unwrap().clone();
        let uid = rustix::process::getuid().as_raw();
        let manager = Manager::new(Setup { now: clock::now(), owner_uid: uid, saved, ..Setup::default() });
        let parts = Parts {
            factory: Arc::new(factory),
            adapters,
            news,
            save: Box::new(memory.clone()),
            disk: Disk::start().unwrap(),
            events: Arc::clone(&events),
        };
        let (owner, handle) = Owner::new(manager, parts).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            drop(stopped.await);
            Ending::Told
        };
        let owner = tokio::spawn(owner.run(stopped, None));
        let context = Arc::new(Context {
            handle,
            events,
            calls: Arc::new(Calls::default()),
            owner_uid: uid,
            metrics_address: "http://127.0.0.1:1/metrics".into(),
            saved_file: "/saved.toml".into(),
            kernel: false,
            reload: Arc::new(|_| {
                Box::pin(async { Err(ApiError::new(ErrorKind::BadFile, "f.toml:1:1: wrong")) })
            }),
        });
        let mut published = context.handle.watch();
        published.wait_for(|p| p.settled).await.unwrap();
        let socket = dir.path().join("bus.sock");
        let listener = PrivateSocket::at(&socket).unwrap();
        let clients = Clients::new(most, uid);
        tokio::spawn({
            let (context, clients) = (Arc::clone(&context), clients.clone());
            async move { listener.serve(context, clients).await }
        });
        Self { context, memory, socket, clients, owner, stop: Some(stop), _dir: dir }
    }

    /// A client over the socket: this process, so the daemon's own user.
    pub(crate) async fn connect(&self) -> zbus::Result<Connection> {
        let stream = std::os::unix::net::UnixStream::connect(&self.socket)?;
        stream.set_nonblocking(true)?;
        Builder::unix_stream(stream).p2p().build().await
    }

    pub(crate) async fn client(&self) -> Client {
        Client::new(self.connect().await.unwrap()).await
    }

    /// A client over a socket pair whose user is what the test says.
    pub(crate) async fn client_as(&self, uid: u32) -> Client {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        for stream in [&ours, &theirs] {
            stream.set_nonblocking(true).unwrap();
        }
        let peer = Peer::Private(Caller { uid, pid: None, bus_name: None });
        let ours = tokio::net::UnixStream::from_std(ours).unwrap();
        tokio::spawn(serve_stream(ours, Arc::clone(&self.context), peer));
        Client::new(Builder::unix_stream(theirs).p2p().build().await.unwrap()).await
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.context.handle
    }
}

/// A client of the daemon.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) connection: Connection,
    pub(crate) manager: ManagerProxy<'static>,
}

impl Client {
    pub(crate) async fn new(connection: Connection) -> Self {
        let manager = ManagerProxy::builder(&connection)
            .destination("org.rssmgr1")
            .cache_properties(CacheProperties::No)
            .build()
            .await
            .unwrap();
        Self { connection, manager }
    }

    pub(crate) async fn adapter(&self, name: &str) -> AdapterProxy<'static> {
        let path = self.manager.get_adapter(name).await.unwrap();
        AdapterProxy::builder(&self.connection)
            .path(path)
            .cache_properties(CacheProperties::No)
            .build()
            .await
            .unwrap()
    }

    pub(crate) async fn create(&self, name: &str, options: &[(&str, &str)]) -> Dictionary {
        let options: HashMap<&str, &str> = options.iter().copied().collect();
        self.manager.create_softnic(name, options).await.unwrap()
    }

    /// Applies settings and answers the record.
    pub(crate) async fn apply(
        &self,
        names: &[&str],
        settings: Value,
        options: Value,
    ) -> Result<ApplyRecord, ApiError> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let reply = self.manager.apply(&names, &dict(settings), &dict(options)).await;
        reply.map_err(ApiError::from).and_then(|d| from_dict(&d))
    }
}

pub(crate) fn dict(record: impl Serialize) -> Dictionary {
    to_dict(&record).unwrap()
}

/// The error of a call that must fail.
pub(crate) fn refused<T: std::fmt::Debug>(result: zbus::Result<T>) -> ApiError {
    ApiError::from(result.expect_err("refused"))
}
