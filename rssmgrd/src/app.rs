//! Wires everything: the only place that knows all concrete types.

mod demo;
mod paths;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Parser as _;
use rssmgr_core::event::{Event, EventKind};
use rssmgr_core::manager::{Caller, Command, Manager, SavedState, Setup};
use rssmgr_proto::{ApiError, ErrorKind};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing_subscriber::prelude::*;

use self::demo::Demo;
use crate::args::{Args, BusName};
use crate::backend::Made;
use crate::backend::ethtool::Interfaces;
use crate::backend::softnic::SoftnicFactory;
use crate::clock;
use crate::dbus::clients::Clients;
use crate::dbus::server::{Bus, PrivateSocket, SocketError, default_folder, on_bus};
use crate::dbus::{Context, Reload, all_well};
use crate::events::Events;
use crate::kernel::{News, Watcher};
use crate::metrics;
use crate::metrics::collect::Collector;
use crate::owner::{Ending, Handle, Owner, Parts};
use crate::service::{self, Signals, Told};
use crate::store::atomic::{Lock, private_folder};
use crate::store::config::{self, DaemonConfig, LogLevel, MetricsAddress, Search};
use crate::store::disk::Disk;
use crate::store::saved::SavedFile;
use crate::switches;

/// Private connections at the same time, unless configured.
const MOST_CLIENTS: u32 = 256;

/// Where metrics are served, unless configured.
const METRICS: &str = "127.0.0.1:9758";

/// How long clients may take to read what was told last.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// How long a disk may take for what was told and noted last.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// How often managed interfaces are read although nothing was told, in seconds, unless configured.
const POLL: u32 = 5;

/// Exit codes: a failure, and a file that cannot be used.
const FAILED: u8 = 1;
const BAD_FILE: u8 = 65;

/// A configuration that is refused ends the daemon with an exit code of its own.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct BadFile(#[from] config::ConfigError);

/// The whole program.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("rssmgrd: {e:#}");
            ExitCode::from(if e.is::<BadFile>() { BAD_FILE } else { FAILED })
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let search = match &args.config {
        Some(path) => Search::Private(path.clone()),
        // What an administrator configured is for the machine, and a demonstration is none of its business.
        None if args.demo => Search::Nowhere,
        None => Search::System(PathBuf::from("/")),
    };
    let loaded = config::load(&search).map_err(BadFile)?;
    if args.check_config {
        for file in &loaded.adapters.files {
            println!("{file}: ok");
        }
        println!(
            "{} files, {} adapter rules: nothing is wrong",
            loaded.adapters.files.len(),
            loaded.adapters.rules.len()
        );
        return Ok(());
    }
    log_to_stderr(loaded.daemon.log.unwrap_or(if args.demo { LogLevel::Warn } else { LogLevel::Info }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(serve(args, search, loaded));
    // Threads that still work on an adapter are not waited for: what they do is known to be unfinished.
    runtime.shutdown_background();
    result
}

fn log_to_stderr(level: LogLevel) {
    let level = match level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warn => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
    };
    let ours = tracing_subscriber::filter::Targets::new().with_target("rssmgrd", level);
    let format = tracing_subscriber::fmt::layer().compact().with_target(false).with_writer(io::stderr);
    let plain = !io::stderr().is_terminal() || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let format = format.with_ansi(!plain);
    // Fails only when there is a log already, which is fine too.
    let _ = tracing_subscriber::registry().with(ours).with(format).try_init();
}

/// Everything that is on disk, and the lock that keeps others from it.
struct Stored {
    file: SavedFile,
    state: SavedState,
    told: Vec<EventKind>,
    _lock: Lock,
}

fn open_state(folder: &Path) -> anyhow::Result<Stored> {
    let shown = folder.display();
    private_folder(folder).with_context(|| format!("making the state folder {shown}"))?;
    let lock =
        Lock::take(&folder.join("lock")).with_context(|| format!("locking the state folder {shown}"))?;
    let Some(lock) = lock else {
        bail!(
            "another rssmgrd uses the state folder {shown}: stop it, or choose another folder with --state DIR"
        );
    };
    let mut file = SavedFile::new(folder);
    let (state, told) = file.load()?;
    Ok(Stored { file, state, told, _lock: lock })
}

/// Serves until told to stop.
async fn serve(args: &Args, search: Search, loaded: config::Loaded) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let demo = args.demo.then(Demo::new).transpose()?;
    let folder = match (&demo, &args.state) {
        (Some(demo), _) => demo.state().to_owned(),
        (None, Some(folder)) => folder.clone(),
        (None, None) => paths::state()?,
    };
    let uid = rustix::process::getuid().as_raw();
    let stored = open_state(&folder)?;
    let (socket, usual) = open_socket(args, uid, demo.as_ref())?;
    let address = socket.address();
    let metrics = open_metrics(args, &loaded.daemon, demo.is_some()).await?;
    let url = metrics.as_ref().map(metrics::Server::url);

    let disk = Disk::start()?;
    let events = Events::open(&folder, disk.clone());
    let tell = |kind| events.tell(&Event { adapter: None, id: None, kind });
    stored.told.into_iter().for_each(|kind| drop(tell(kind)));
    tell(EventKind::ConfigurationLoaded { files: count(loaded.adapters.files.len()) });

    let root = args.root.as_deref().unwrap_or(Path::new("/"));
    let boot_key = rssmgr_host::boot_key(Path::new("/"));
    let factory = Arc::new(SoftnicFactory::new(boot_key.as_ref()).context("drawing a hash key")?);
    let poll = loaded.daemon.poll_interval.unwrap_or(POLL);
    let saved_file = stored.file.path().display().to_string();
    let manager = Manager::new(Setup {
        now: clock::now(),
        boot: rssmgr_host::boot_id(root),
        observe: switches::thrown(root).filter(|_| demo.is_none()),
        owner_uid: uid,
        boot_key,
        config: loaded.adapters,
        saved: stored.state,
        poll_ns: (poll > 0).then(|| u64::from(poll) * 1_000_000_000),
    });
    let save = Box::new(stored.file);
    // A demonstration never touches the machine.
    let kernel = demo.is_none() && !args.software_only;
    let news = unbounded_channel();
    let adapters = if kernel { interfaces(poll, folder.clone(), news.0.clone()).await? } else { Vec::new() };
    let parts = Parts { factory, adapters, news, save, disk: disk.clone(), events: Arc::clone(&events) };
    let (owner, handle) = Owner::new(manager, parts).context("making a timer")?;
    let (stop, stopped) = oneshot::channel();
    // Stopped by a word, and by the sender's end.
    let stopped = async { stopped.await.unwrap_or(Ending::Failing) };
    let mut owner = tokio::spawn(owner.run(stopped, service::watchdog()));

    let context = Arc::new(Context {
        handle: handle.clone(),
        events: Arc::clone(&events),
        calls: Arc::default(),
        owner_uid: uid,
        metrics_address: url.clone().unwrap_or_default(),
        saved_file,
        kernel,
        reload: reload(search, handle.clone(), Arc::clone(&events)),
    });
    if let Some(demo) = &demo {
        demo.create(&handle, uid).await?;
    }
    // The first state that is seen is the one that configuration and saved settings ask for.
    let mut published = handle.watch();
    published.wait_for(|p| p.settled).await.context("the owner ended")?;

    if let Some(server) = metrics {
        tracing::info!("metrics are served at {}", server.url());
        if !server.is_local() {
            tracing::warn!("{} can be read by other machines, without a password", server.url());
        }
        let entries = loaded.daemon.metrics_entries.unwrap_or(false);
        tokio::spawn(server.serve(Collector::new(Arc::clone(&context), entries)));
    }
    if kernel {
        tokio::spawn(crate::verify::in_background(handle.clone()));
        tokio::spawn(crate::irqbalance::keep_off(handle.clone(), Arc::clone(&events)));
    }
    let bus = match args.bus {
        None => None,
        Some(name) => {
            let bus = match name {
                BusName::System => Bus::System,
                BusName::Session => Bus::Session,
            };
            Some(on_bus(bus, Arc::clone(&context)).await.with_context(|| format!("serving the {name} bus"))?)
        }
    };
    let clients = Clients::new(loaded.daemon.max_clients.unwrap_or(MOST_CLIENTS), uid);
    let serving = {
        let (context, clients) = (Arc::clone(&context), clients.clone());
        async move { socket.serve(context, clients).await }
    };

    let adapters = count(handle.snapshot().adapters.len());
    tell(EventKind::DaemonStarted { version: env!("CARGO_PKG_VERSION").into(), adapters });
    service::ready(&format!("serving {adapters} adapters"));
    if let Some(demo) = &demo {
        let plain = usual && !demo::system_daemon().await;
        demo.print(&address, plain, url.as_deref()).context("printing what to type")?;
    }

    let bus = async {
        match bus {
            Some(bus) => bus.await,
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        () = told(&mut signals, &context) => Ok(Ending::Told),
        () = serving => Ok(Ending::Failing),
        () = bus => Err(anyhow!("the bus is gone")),
        ended = &mut owner => return ended.context("the owner panicked"),
    };
    service::stopping();
    // An owner that has ended hears nothing.
    let _ = stop.send(*result.as_ref().unwrap_or(&Ending::Failing));
    // The owner ends what is under way, and with its publication every connection's task ends.
    let ended = owner.await.context("the owner panicked");
    clients.gone(LAST_WORDS).await;
    if timeout(LAST_WRITES, disk.flush()).await.is_err() {
        tracing::warn!("the state folder's disk does not answer: the last events may be lost");
    }
    result.map(drop).and(ended)
}

/// The machine's adapters, and what is told of them from now on. Asking the drivers may block for long.
async fn interfaces(poll: u32, state: PathBuf, tell: UnboundedSender<News>) -> anyhow::Result<Vec<Made>> {
    let look = move || {
        let watcher = Watcher::open()?;
        let interfaces = Interfaces::new(&state)?;
        let (found, unread) = interfaces.all()?;
        watcher.start(interfaces, unread, tell, Duration::from_secs(poll.max(1).into()))?;
        anyhow::Ok(found)
    };
    tokio::task::spawn_blocking(look).await?.context("looking for network interfaces")
}

/// The private socket, and whether it is where `rssctl` looks for it.
fn open_socket(args: &Args, uid: u32, demo: Option<&Demo>) -> Result<(PrivateSocket, bool), SocketError> {
    if let Some(path) = &args.socket {
        return Ok((PrivateSocket::at(path)?, false));
    }
    let folder = default_folder(uid, paths::xdg_runtime().as_deref());
    match (PrivateSocket::in_folder(&folder, uid), demo) {
        (Ok(socket), _) => Ok((socket, true)),
        // A demonstration gets out of everybody's way.
        (Err(_), Some(demo)) => Ok((PrivateSocket::in_folder(demo.state(), uid)?, false)),
        (Err(e), None) => Err(e),
    }
}

/// The metrics' listener; a demonstration takes any free port when the usual one is taken.
async fn open_metrics(
    args: &Args,
    configured: &DaemonConfig,
    demo: bool,
) -> anyhow::Result<Option<metrics::Server>> {
    let asked = args.metrics.or(configured.metrics);
    let address = match asked {
        Some(MetricsAddress::Off) => return Ok(None),
        Some(MetricsAddress::At(address)) => address,
        None => METRICS.parse()?,
    };
    match metrics::Server::bind(address).await {
        Ok(server) => Ok(Some(server)),
        Err(_) if demo && asked.is_none() => Ok(Some(metrics::Server::bind((address.ip(), 0).into()).await?)),
        Err(e) => Err(e.into()),
    }
}

/// What reads the configuration again and has it applied, whole or not at all.
fn reload(search: Search, handle: Handle, events: Arc<Events>) -> Reload {
    Arc::new(move |caller| {
        let (search, handle, events) = (search.clone(), handle.clone(), Arc::clone(&events));
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || config::load(&search)).await;
            let read = read.map_err(|e| e.to_string()).and_then(|r| r.map_err(|e| e.to_string()));
            match read {
                Ok(loaded) => all_well(handle.ask(caller, Command::Reload(loaded.adapters)).await?).map(drop),
                Err(because) => {
                    let kind = EventKind::ConfigurationRejected { because: because.clone() };
                    events.tell(&Event { adapter: None, id: None, kind });
                    Err(ApiError::new(ErrorKind::BadFile, because))
                }
            }
        })
    })
}

/// Does what signals say, until one says stop.
async fn told(signals: &mut Signals, context: &Context) {
    loop {
        match signals.next().await {
            Told::Stop => return,
            Told::Reload => {
                service::reloading();
                let caller = Caller { uid: context.owner_uid, pid: Some(std::process::id()), bus_name: None };
                if let Err(e) = (context.reload)(caller).await {
                    tracing::warn!("reload: {e}");
                }
                service::ready("configuration read again");
            }
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
