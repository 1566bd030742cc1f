//! Where clients connect: the private socket, and a bus when told.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rssmgr_core::manager::Caller;
use rssmgr_proto::names;
use rustix::net::sockopt::socket_peercred;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use zbus::connection::Builder;
use zbus::fdo::RequestNameFlags;
use zbus::{Connection, Guid};

use super::Context;
use super::adapter::Adapter;
use super::auth::Peer;
use super::clients::{Clients, Place};
use super::gate::Gate;
use super::manager::Manager;
use super::objects::{ObjectManager, path};
use super::publish::Publisher;
use crate::store::atomic::{Lock, private_folder, with_suffix};

/// How long a client may take to say who it is.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// How long a call to a bus may take.
const BUS: Duration = Duration::from_secs(10);

/// How many clients that came too late are told so at the same time; more are hung up on.
const REFUSALS: usize = 16;

/// Longest line of a client's handshake that is read before it is refused.
const LONGEST_LINE: u64 = 1024;

/// Why the private socket cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody else serves it.
    #[error(
        "another rssmgrd{} serves {} already: stop it, or choose another socket with --socket PATH",
        .pid.map(|p| format!(" (pid {p})")).unwrap_or_default(), .path.display()
    )]
    Taken {
        /// The socket.
        path: PathBuf,
        /// Who serves it, where that can be seen.
        pid: Option<i32>,
    },
    /// Others could put a socket of their own there.
    #[error(
        "{} belongs to uid {owner} with mode {mode:o}: the folder of the private socket must belong to uid {uid} with mode 700; mend or remove it, or choose another socket with --socket PATH",
        .folder.display()
    )]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Its owner.
        owner: u32,
        /// Its mode.
        mode: u32,
        /// Who it must belong to.
        uid: u32,
    },
    /// Something that is no socket is there.
    #[error("{} exists and is no socket: remove it, or choose another socket with --socket PATH", .0.display())]
    NoSocket(PathBuf),
    /// The system refuses.
    #[error("{action} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What came back.
        source: io::Error,
    },
}

/// The folder of the private socket when nobody chose one: for root in /run, else in the user's run-time folder, else
/// in /tmp.
#[must_use]
pub fn default_folder(uid: u32, xdg_runtime_dir: Option<&Path>) -> PathBuf {
    if uid == 0 {
        return Path::new("/run").join(names::RUNTIME_DIR);
    }
    if let Some(dir) = xdg_runtime_dir.filter(|d| d.is_absolute()) {
        return dir.join(names::RUNTIME_DIR);
    }
    let run_user = PathBuf::from(format!("/run/user/{uid}"));
    if run_user.is_dir() {
        return run_user.join(names::RUNTIME_DIR);
    }
    std::env::temp_dir().join(format!("{}-{uid}", names::RUNTIME_DIR))
}

/// The private socket. Dropping it removes it.
#[derive(Debug)]
pub struct PrivateSocket {
    path: PathBuf,
    listener: UnixListener,
    /// Held while the socket is served; its file goes after the socket's.
    lock: Option<Lock>,
    /// The folder, when it was made for the socket.
    made: Option<PathBuf>,
}

impl PrivateSocket {
    /// Serves the socket of the default folder, whose owner and mode are checked.
    ///
    /// # Errors
    /// When it is served already, when others have access to the folder, or when the system refuses.
    pub fn in_folder(folder: &Path, uid: u32) -> Result<Self, SocketError> {
        let made = !folder.exists();
        let failed = |source| SocketError::Io { action: "making", path: folder.to_owned(), source };
        private_folder(folder).map_err(failed)?;
        let meta = fs::symlink_metadata(folder).map_err(failed)?;
        let mode = meta.permissions().mode() & 0o7777;
        if !meta.is_dir() || meta.uid() != uid || mode & 0o077 != 0 {
            return Err(SocketError::Folder { folder: folder.to_owned(), owner: meta.uid(), mode, uid });
        }
        let mut socket = Self::at(&folder.join(names::SOCKET))?;
        socket.made = made.then(|| folder.to_owned());
        Ok(socket)
    }

    /// Serves a socket at this path, in a folder that exists. A socket that nobody serves is replaced.
    ///
    /// # Errors
    /// When it is served already, or when the system refuses.
    pub fn at(path: &Path) -> Result<Self, SocketError> {
        let failed = |action| {
            let path = path.to_owned();
            move |source| SocketError::Io { action, path, source }
        };
        let taken = || SocketError::Taken { path: path.to_owned(), pid: server_of(path) };
        let lock = Lock::take(&with_suffix(path, ".lock")).map_err(failed("locking"))?.ok_or_else(taken)?;
        match fs::symlink_metadata(path) {
            Ok(meta) if !std::os::unix::fs::FileTypeExt::is_socket(&meta.file_type()) => {
                return Err(SocketError::NoSocket(path.to_owned()));
            }
            // A server that does not know our locks.
            Ok(_) if server_of(path).is_some() => return Err(taken()),
            Ok(_) => fs::remove_file(path).map_err(failed("removing"))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(failed("reading")(e)),
        }
        let listener = UnixListener::bind(path).map_err(failed("serving"))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed("protecting"))?;
        Ok(Self { path: path.to_owned(), listener, lock: Some(lock), made: None })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its address on D-Bus.
    #[must_use]
    pub fn address(&self) -> String {
        format!("unix:path={}", self.path.display())
    }

    /// Serves clients. Never returns.
    pub async fn serve(&self, context: Arc<Context>, clients: Clients) {
        let refusals = Arc::new(Semaphore::new(REFUSALS));
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(e) => {
                    // No descriptors left, most likely: those in use must go first.
                    tracing::warn!("accepting a client on {}: {e}", self.path.display());
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let caller = match caller(&stream) {
                Ok(caller) => caller,
                Err(e) => {
                    tracing::debug!("a client cannot be known: {e}");
                    continue;
                }
            };
            if let Some(place) = clients.admit(&caller) {
                tokio::spawn(client(stream, Arc::clone(&context), caller, place));
            } else if let Ok(slot) = Arc::clone(&refusals).try_acquire_owned() {
                tokio::spawn(refuse(stream, clients.most(), slot));
            }
        }
    }
}

impl Drop for PrivateSocket {
    fn drop(&mut self) {
        // What cannot be removed is replaced by the next start.
        let _ = fs::remove_file(&self.path);
        drop(self.lock.take());
        if let Some(folder) = &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The process that serves a socket, if there is one.
fn server_of(path: &Path) -> Option<i32> {
    let stream = std::os::unix::net::UnixStream::connect(path).ok()?;
    Some(socket_peercred(&stream).ok()?.pid.as_raw_nonzero().get())
}

/// Who is at the other end.
fn caller(stream: &UnixStream) -> io::Result<Caller> {
    let credentials = socket_peercred(stream)?;
    let pid = u32::try_from(credentials.pid.as_raw_nonzero().get()).ok();
    Ok(Caller { uid: credentials.uid.as_raw(), pid, bus_name: None })
}

async fn client(stream: UnixStream, context: Arc<Context>, caller: Caller, _place: Place) {
    if let Err(e) = serve_stream(stream, context, Peer::Private(caller)).await {
        tracing::debug!("a client did not get through: {e}");
    }
}

/// Serves one client until it leaves or the daemon stops.
///
/// # Errors
/// When the client does not get through the handshake in time.
pub async fn serve_stream(stream: UnixStream, context: Arc<Context>, peer: Peer) -> zbus::Result<()> {
    let builder = Builder::socket(Gate::new(stream)).server(Guid::generate()).p2p();
    let opening = timeout(HANDSHAKE, open(builder, context, peer)).await;
    let (connection, publisher) = opening.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    publisher.run().await;
    // Calls under way are answered, if the client is still there to read that.
    let _ = timeout(HANDSHAKE, connection.graceful_shutdown()).await;
    Ok(())
}

/// Puts all objects on a connection and opens it.
async fn open(
    mut builder: Builder<'_>,
    context: Arc<Context>,
    peer: Peer,
) -> zbus::Result<(Connection, Publisher)> {
    let (shown, is_shown) = watch::channel(0);
    let events = context.events.listen();
    let snapshot = context.handle.snapshot();
    for id in snapshot.adapters.keys() {
        let adapter = Adapter::new(*id, Arc::clone(&context), peer.clone());
        builder = builder.serve_at(path(*id)?, adapter);
    }
    let manager = Manager::new(Arc::clone(&context), peer.clone(), is_shown);
    let connection = builder
        .serve_at(names::MANAGER_PATH, manager)
        .serve_at(names::MANAGER_PATH, ObjectManager::new(Arc::clone(&context)))
        .build()
        .await?;
    let publisher = Publisher::new(context, peer, connection.clone(), snapshot, shown, events);
    Ok((connection, publisher))
}

/// Tells a client that there are too many, in the words of the handshake.
async fn refuse(mut stream: UnixStream, most: u32, _slot: OwnedSemaphorePermit) {
    let told = async {
        let (read, mut write) = stream.split();
        // Hanging up on what was not read would lose the answer.
        let mut line = Vec::new();
        BufReader::new(read.take(LONGEST_LINE)).read_until(b'\n', &mut line).await?;
        let text = format!("ERROR rssmgrd serves {most} clients already; try again later\r\n");
        write.write_all(text.as_bytes()).await?;
        write.shutdown().await
    };
    // It may have left already, or say nothing.
    let _ = timeout(HANDSHAKE, told).await;
}

/// Which bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// The system's.
    System,
    /// The session's.
    Session,
}

/// Serves a bus under our name, which is requested when all objects are there. Runs until the bus is gone.
///
/// # Errors
/// When the bus cannot be reached or somebody else has the name.
pub async fn on_bus(bus: Bus, context: Arc<Context>) -> zbus::Result<impl Future<Output = ()>> {
    let builder = match bus {
        Bus::System => Builder::system(),
        Bus::Session => Builder::session(),
    };
    let (connection, publisher) = open(builder.method_timeout(BUS), context, Peer::Bus).await?;
    // Not to wait in line: two daemons would change the same adapters.
    connection.request_name_with_flags(names::BUS, RequestNameFlags::DO_NOT_QUEUE).await?;
    Ok(async move {
        publisher.run().await;
        drop(connection);
    })
}
