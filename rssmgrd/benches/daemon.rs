//! How quick the daemon is: a property over the private socket, a page of metrics, from start to ready.

#[path = "../tests/common/daemon.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod daemon;
#[path = "../tests/common/model.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod model;

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use divan::Bencher;
use rssmgrd::metrics::collect::Collector;
use serde_json::json;
use tokio::runtime::Runtime;
use zbus::Connection;
use zbus::connection::Builder;

use daemon::Daemon;
use model::ModelFactory;

fn main() {
    divan::main();
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A daemon on a thread of its own, as it is on a process of its own otherwise.
fn elsewhere() -> PathBuf {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        runtime().block_on(async {
            let daemon = Daemon::start(ModelFactory::default()).await;
            daemon.client().await.create("nic0", &[("queues", "16")]).await;
            sender.send(daemon.socket.clone()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().unwrap()
}

fn connect(runtime: &Runtime) -> Connection {
    let address = format!("unix:path={}", elsewhere().display());
    runtime.block_on(Builder::address(address.as_str()).p2p().build()).unwrap()
}

/// Budget: 40 us, median.
#[divan::bench(sample_count = 2000, sample_size = 1)]
fn read_a_property(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let connection = connect(&runtime);
    bencher.bench_local(|| {
        let interface = Some("org.freedesktop.DBus.Properties");
        let body = &("org.rssmgr1.Adapter", "Profile");
        runtime
            .block_on(connection.call_method(None::<()>, "/org/rssmgr1/adapter/1", interface, "Get", body))
            .unwrap()
    });
}

/// A whole record of an adapter of 16 queues and 128 entries.
#[divan::bench(sample_count = 200, sample_size = 1)]
fn read_a_record(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let connection = connect(&runtime);
    bencher.bench_local(|| {
        let interface = Some("org.rssmgr1.Adapter");
        let path = "/org/rssmgr1/adapter/1";
        runtime.block_on(connection.call_method(None::<()>, path, interface, "GetRecord", &())).unwrap()
    });
}

/// Budget: 10 ms for 64 adapters of 64 queues.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn scrape_64_adapters_of_64_queues(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let daemon = runtime.block_on(async {
        let daemon = Daemon::start(ModelFactory::default()).await;
        let client = daemon.client().await;
        for i in 0..64 {
            client.create(&format!("nic{i}"), &[("queues", "64"), ("topology", "2x32x1")]).await;
        }
        daemon
    });
    let collector = Collector::new(daemon.context.clone(), false);
    let page = collector.page(false).unwrap();
    println!("{} series, {} bytes", page.lines().filter(|l| !l.starts_with('#')).count(), page.len());
    bencher.bench_local(|| collector.page(false).unwrap());
}

/// A daemon that is ready, and its end when it is dropped.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Budget: 10 ms, with one software NIC to restore when `nics` is 1.
#[divan::bench(args = [0, 1], sample_count = 50, sample_size = 1)]
fn start_to_ready(bencher: Bencher<'_, '_>, nics: u32) {
    let dir = tempfile::tempdir().unwrap();
    let notify = UnixDatagram::bind(dir.path().join("notify")).unwrap();
    std::fs::create_dir(dir.path().join("config")).unwrap();
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
        command
            .args([
                "--software-only",
                "--state",
                "state",
                "--socket",
                "bus.sock",
                "--metrics",
                "127.0.0.1:0",
                "--config",
                "config",
            ])
            .current_dir(dir.path())
            .env("NOTIFY_SOCKET", dir.path().join("notify"))
            .stderr(Stdio::null());
        let child = Started(command.spawn().unwrap());
        let mut buffer = [0; 256];
        loop {
            let n = notify.recv(&mut buffer).unwrap();
            if String::from_utf8_lossy(&buffer[..n]).contains("READY=1") {
                return child;
            }
        }
    };
    if nics > 0 {
        let _daemon = start();
        let runtime = runtime();
        runtime.block_on(async {
            let address = format!("unix:path={}", dir.path().join("bus.sock").display());
            let client =
                daemon::Client::new(Builder::address(address.as_str()).p2p().build().await.unwrap()).await;
            client.create("nic0", &[("queues", "4"), ("topology", "2x8x2")]).await;
            client.apply(&["nic0"], json!({"profile": "Closest"}), json!({})).await.unwrap();
        });
    }
    bencher.bench_local(start);
}
