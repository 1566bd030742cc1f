//! How much memory the daemon takes with 64 adapters of 64 queues, 4 clients that hold all properties, and after a
//! page of metrics. Adapters are modelled: a software NIC's rings and threads are not the daemon's.

#[path = "../tests/common/daemon.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod daemon;
#[path = "../tests/common/model.rs"]
mod model;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use rssmgrd::metrics::collect::Collector;

use daemon::{Client, Daemon, dict};
use model::ModelFactory;
use zbus::connection::Builder;

/// Budget: 12 MiB.
const BUDGET_KIB: u64 = 12 << 10;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if std::env::args().any(|a| a == "serve") {
        runtime.block_on(serve());
    } else {
        runtime.block_on(measure());
    }
}

/// The daemon: makes the adapters, says where it listens, and makes a page for each line that it is sent.
async fn serve() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    for i in 0..64 {
        // By a client that leaves, as an administrator would.
        let client = daemon.client().await;
        client.create(&format!("nic{i}"), &[("queues", "64"), ("topology", "2x32x1")]).await;
    }
    println!("{}", daemon.socket.display());
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stdin()));
    let collector = Collector::new(daemon.context.clone(), false);
    while lines.next_line().await.unwrap().is_some() {
        let collector = collector.clone();
        let page = tokio::task::spawn_blocking(move || collector.page(false).unwrap()).await.unwrap();
        println!("{}", page.len());
    }
}

/// Standard input without a thread of its own.
fn stdin() -> tokio::net::unix::pipe::Receiver {
    let fd = rustix::io::dup(std::io::stdin()).unwrap();
    tokio::net::unix::pipe::Receiver::from_owned_fd(fd).unwrap()
}

async fn measure() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let socket = lines.next().unwrap();
    println!("64 adapters of 64 queues        {:>6} KiB", resident(child.id()));
    let mut clients = Vec::new();
    for _ in 0..4 {
        let address = format!("unix:path={socket}");
        let client = Client::new(Builder::address(address.as_str()).p2p().build().await.unwrap()).await;
        client.manager.list_adapters(&[], &dict(serde_json::json!({}))).await.unwrap();
        clients.push(client);
    }
    println!("and 4 clients                   {:>6} KiB", resident(child.id()));
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    let page = lines.next().unwrap();
    let all = resident(child.id());
    println!("and a page of {page} bytes    {all:>6} KiB, budget {BUDGET_KIB} KiB");
    child.kill().unwrap();
    child.wait().unwrap();
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
