//! How much memory the daemon takes with 64 adapters of 64 queues, 4 clients that hold all properties, and after a
//! page of metrics. Adapters are modelled: a software NIC's rings and threads are not the daemon's.

#[path = "../tests/common/daemon.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod daemon;
#[path = "../tests/common/model.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod model;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{self, Stdio};

use rssmgr_core::manager::{Caller, Command};
use rssmgrd::metrics::Server;
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

/// The daemon: makes the adapters and says where it listens.
async fn serve() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    println!("{}", resident(process::id()));
    let options = [("queues", "64"), ("topology", "2x32x1")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    for i in 0..64 {
        let command = Command::CreateSoftnic { name: format!("nic{i}"), options: options.clone().into() };
        daemon.handle().ask(Caller::default(), command).await.unwrap();
    }
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    println!("{}\n{}", daemon.socket.display(), server.url());
    server.serve(Collector::new(daemon.context.clone(), false)).await;
}

async fn measure() {
    let mut child = process::Command::new(std::env::current_exe().unwrap())
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let say = |what: &str, kib: u64| println!("{what:<40} {kib:>6} KiB");
    say("ready", lines.next().unwrap().parse().unwrap());
    let (socket, url) = (lines.next().unwrap(), lines.next().unwrap());
    say("with 64 adapters of 64 queues", resident(child.id()));
    let mut clients = Vec::new();
    for _ in 0..4 {
        let address = format!("unix:path={socket}");
        let client = Client::new(Builder::address(address.as_str()).p2p().build().await.unwrap()).await;
        client.adapter("nic0").await.enabled().await.unwrap();
        clients.push(client);
    }
    say("and 4 clients", resident(child.id()));
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    let all = resident(child.id());
    say(&format!("and a page of metrics, {} bytes", page.len()), all);
    say("budget", BUDGET_KIB);
    // What an administrator does now and then.
    clients[0].manager.list_adapters(&[], &dict(serde_json::json!({}))).await.unwrap();
    say("and every adapter as a record", resident(child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
