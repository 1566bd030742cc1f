//! A daemon in a process of its own, with the service manager played by the test.

use std::io::Read as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rssmgr_proto::dict::{Dictionary, from_dict, to_dict};
use rssmgr_proto::proxy::ManagerProxy;
use rssmgr_proto::types::{AdapterRecord, ApplyRecord, EventQuery, EventRecord, StatsRecord};
use rssmgr_proto::{ApiError, types};
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use serde_json::Value;
use zbus::connection::Builder;
use zbus::proxy::CacheProperties;

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Options of a software NIC that is quick to make.
pub(crate) const NIC: [(&str, &str); 3] =
    [("queues", "4"), ("topology", "2x4x1"), ("source", "synthetic:rate=2000,flows=200")];

/// The program with a test's folder for everything.
pub(crate) fn rssmgrd(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
    command.args([
        "--state",
        "state",
        "--socket",
        "bus.sock",
        "--metrics",
        "off",
        "--config",
        "config",
        "--software-only",
    ]);
    command.current_dir(dir).stdin(Stdio::null());
    if !dir.join("config").exists() {
        std::fs::create_dir(dir.join("config")).unwrap();
    }
    command
}

/// What a program says that is expected to end by itself.
pub(crate) fn ended(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stderr, stdout } = command.output().unwrap();
    let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    (status.code(), text)
}

pub(crate) struct Daemon {
    child: Child,
    notify: UnixDatagram,
}

impl Daemon {
    /// Starts the daemon of a folder and waits until it says that it is ready.
    pub(crate) fn start(dir: &Path) -> Self {
        let mut daemon = Self::spawn(dir, rssmgrd(dir));
        daemon.told("READY=1");
        daemon
    }

    /// Starts a command that tells the test what a service manager would be told.
    pub(crate) fn spawn(dir: &Path, mut command: Command) -> Self {
        let path = dir.join("notify");
        let _ = std::fs::remove_file(&path);
        let notify = UnixDatagram::bind(&path).unwrap();
        notify.set_read_timeout(Some(PATIENCE)).unwrap();
        command.env("NOTIFY_SOCKET", &path).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { child: command.spawn().unwrap(), notify }
    }

    /// Waits until the service manager has been told something, and answers the whole message.
    pub(crate) fn told(&mut self, what: &str) -> String {
        loop {
            let mut buffer = [0; 4096];
            match self.notify.recv(&mut buffer) {
                Ok(n) => {
                    let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
                    if text.contains(what) {
                        return text;
                    }
                }
                Err(e) => {
                    let _ = self.child.kill();
                    panic!("{what} was not told ({e}): {}", self.output());
                }
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Everything that it printed; it must have ended.
    pub(crate) fn output(&mut self) -> String {
        let mut text = String::new();
        if let Some(out) = &mut self.child.stdout {
            out.read_to_string(&mut text).unwrap();
        }
        if let Some(err) = &mut self.child.stderr {
            err.read_to_string(&mut text).unwrap();
        }
        text
    }

    pub(crate) fn stdout(&mut self) -> &mut std::process::ChildStdout {
        self.child.stdout.as_mut().unwrap()
    }

    /// Ends it as the service manager does.
    pub(crate) fn stop(mut self) -> String {
        self.signal(Signal::TERM);
        let status = self.wait();
        let output = self.output();
        assert!(status.success(), "{status}: {output}");
        output
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Fails when it has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn dict(record: impl Serialize) -> Dictionary {
    to_dict(&record).unwrap()
}

/// A client of a daemon.
#[derive(Clone)]
pub(crate) struct Client(pub(crate) ManagerProxy<'static>);

impl Client {
    pub(crate) async fn at(socket: &Path) -> Self {
        let address = format!("unix:path={}", socket.display());
        Self::over(Builder::address(address.as_str()).p2p()).await
    }

    pub(crate) async fn over(builder: Builder<'_>) -> Self {
        let connection = builder.method_timeout(PATIENCE).build().await.unwrap();
        let manager =
            ManagerProxy::builder(&connection).cache_properties(CacheProperties::No).build().await.unwrap();
        Self(manager)
    }

    pub(crate) async fn apply(&self, settings: Value) -> Result<ApplyRecord, ApiError> {
        let (names, options) = (["nic0".to_owned()], dict(types::ApplyOptions::default()));
        let reply = self.0.apply(&names, &dict(settings), &options).await;
        reply.map_err(ApiError::from).and_then(|d| from_dict(&d))
    }

    pub(crate) async fn nic(&self) -> AdapterRecord {
        let empty = Dictionary::new();
        from_dict(&self.0.list_adapters(&["nic0".to_owned()], &empty).await.unwrap()[0]).unwrap()
    }

    pub(crate) async fn stats(&self) -> StatsRecord {
        from_dict(&self.0.get_stats(&["nic0".to_owned()], "cpu").await.unwrap()[0]).unwrap()
    }

    pub(crate) async fn events(&self, ids: &[u32]) -> Vec<EventRecord> {
        let query = EventQuery { ids: ids.to_vec(), ..EventQuery::default() };
        let events = self.0.get_events(&dict(query)).await.unwrap();
        events.iter().map(|d| from_dict(d).unwrap()).collect()
    }

    pub(crate) async fn create(&self) {
        self.0.create_softnic("nic0", NIC.into_iter().collect()).await.unwrap();
    }
}
