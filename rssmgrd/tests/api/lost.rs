//! The kernel drops notifications about interfaces, because whoever listens is held up by a driver.
//!
//! The interfaces, the watching thread, the overrun of its socket and the daemon are real. In a network namespace all
//! interfaces are virtual, and the daemon leaves those out: so a modelled driver stands behind each veth. `ip` is the
//! oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rssmgr_core::topology::Topology;
use rssmgr_netlink::rtnetlink::Links;
use rssmgr_proto::dict::from_dict;
use rssmgr_proto::types::AdapterRecord;
use rssmgrd::backend::Made;
use rssmgrd::kernel::{Discover, Watcher};
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;

use crate::daemon::{Client, Daemon, Memory, dict};
use crate::model::ModelFactory;

const TEST: &str = "lost::what_changed_while_notifications_were_lost_is_found";
const INSIDE: &str = "RSSMGR_TEST_IN_NAMESPACE";

/// Enough for a loaded machine; nothing waits that long unless something was lost.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nothing is found by looking regularly.
const NEVER: Duration = Duration::from_secs(3600);

/// Looking at the interfaces of these names takes until the test lets go.
const SLOW: [&str; 2] = ["slow0", "new0"];

fn skipped(why: &str) {
    // Not eprintln!: the test harness would swallow it.
    let _ = writeln!(std::io::stderr(), "SKIPPED {TEST}: {why}");
}

fn ip(arguments: &str) -> String {
    let out = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(out.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn ip_batch(lines: &str) {
    let mut child = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "ip -batch: {lines}");
}

/// Every veth is a card.
struct Cards {
    kernel: Links,
    models: ModelFactory,
    /// Told when one is looked at that takes long, and what lets it go on.
    held: Sender<String>,
    go_on: Receiver<()>,
}

impl Discover for Cards {
    fn adapter(&mut self, ifindex: u32) -> Result<Option<Made>, String> {
        let link = match self.kernel.get(ifindex) {
            Ok(link) => link,
            Err(e) if e.is_gone() => return Ok(None),
            Err(e) => return Err(e.to_string()),
        };
        if link.kind.as_deref() != Some("veth") {
            return Ok(None);
        }
        if SLOW.contains(&link.name.as_str()) {
            // A test that failed waits no more.
            let _ = self.held.send(link.name.clone());
            let _ = self.go_on.recv();
        }
        Ok(Some(self.models.card(&link.name, ifindex, link.address.try_into().unwrap())))
    }

    fn machine(&mut self) -> Result<Arc<Topology>, String> {
        Err("the machine is none of this test's business".to_owned())
    }
}

/// How many notifications the kernel could not give to the only socket that listens to interfaces.
fn dropped() -> u64 {
    let table = fs::read_to_string("/proc/self/net/netlink").unwrap();
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
    let listening: Vec<_> = rows.filter(|row| row[1] == "0" && row[3] == "00000001").collect();
    assert_eq!(listening.len(), 1, "{table}");
    listening[0][8].parse().unwrap()
}

/// Names and addresses of what is there, as `ip` says.
fn there() -> BTreeSet<(String, String)> {
    let told = ip("-o link show type veth");
    let one = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let name = words[1].split(['@', ':']).next().unwrap().to_owned();
        let address = words.iter().position(|word| *word == "link/ether").unwrap() + 1;
        (name, words[address].to_owned())
    };
    told.lines().map(one).collect()
}

/// Waits until the daemon says what `ip` says: ids by names.
async fn agreed(client: &Client) -> BTreeMap<String, u32> {
    let (there, started) = (there(), Instant::now());
    loop {
        let told = client.manager.list_adapters(&[], &dict(json!({}))).await.unwrap();
        let records: Vec<AdapterRecord> = told.iter().map(|record| from_dict(record).unwrap()).collect();
        let said: BTreeSet<_> = records.iter().map(|r| (r.name.clone(), r.mac.clone().unwrap())).collect();
        if said == there && records.len() == there.len() {
            return records.into_iter().map(|record| (record.name, record.id)).collect();
        }
        assert!(started.elapsed() < PATIENCE, "the daemon says {said:?}\n`ip` says {there:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn what_changed_while_notifications_were_lost_is_found() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(inside());
    }
    let unshare = |program: &str, arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.arg("--net").arg(program).args(arguments).env(INSIDE, "1").output()
    };
    match unshare("ip", &["link", "add", "pair0", "type", "veth", "peer", "name", "pair1"]) {
        Err(_) => return skipped("`unshare` is missing: install util-linux"),
        Ok(out) if !out.status.success() => {
            return skipped(&format!(
                "no network namespace with a veth pair by `unshare` and `ip` (iproute2): {}",
                String::from_utf8_lossy(&out.stderr).trim()
            ));
        }
        Ok(_) => {}
    }
    let itself = std::env::current_exe().unwrap();
    let out = unshare(itself.to_str().unwrap(), &["--exact", TEST, "--nocapture"]).unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    assert!(text.contains("1 passed"), "{text}");
}

async fn inside() {
    for pair in ["gone", "moved", "swap", "late"] {
        ip(&format!("link add {pair}0 type veth peer name {pair}1"));
    }
    // As the daemon begins: it listens before it looks.
    let watcher = Watcher::open().unwrap();
    let (held, is_held) = channel();
    let (let_go, go_on) = channel();
    let mut cards = Cards { kernel: Links::open().unwrap(), models: ModelFactory::default(), held, go_on };
    let indexes: Vec<u32> = cards.kernel.list().unwrap().iter().map(|link| link.index).collect();
    let adapters = indexes.into_iter().filter_map(|index| cards.adapter(index).unwrap()).collect();
    let news = unbounded_channel();
    watcher.start(cards, Vec::new(), news.0.clone(), NEVER).unwrap();
    let daemon = Daemon::hearing(ModelFactory::default(), Memory::default(), 100, adapters, news).await;
    let client = daemon.client().await;
    let before = agreed(&client).await;
    assert_eq!(before.len(), 8);

    // A driver takes its time, and meanwhile more is told than the socket holds: it is full of what was.
    ip("link add slow0 type veth peer name slow1");
    assert_eq!(is_held.recv_timeout(PATIENCE).as_deref(), Ok("slow0"));
    let started = Instant::now();
    while dropped() == 0 {
        assert!(started.elapsed() < PATIENCE, "the socket does not overrun");
        let lines = |mtu: u32| {
            ["gone0", "moved0", "swap0", "swap1", "late0"].map(|name| format!("link set {name} mtu {mtu}\n"))
        };
        ip_batch(&(1300..1340).flat_map(lines).collect::<String>());
    }
    // From here on everything is lost. Names of what went and of what is called otherwise now are taken again.
    let lost = dropped();
    ip("link delete gone0");
    ip("link add gone0 type veth peer name gone1");
    ip("link set moved0 name renamed0");
    ip("link add moved0 type veth peer name other0");
    ip("link set swap0 name between");
    ip("link set swap1 name swap0");
    ip("link set between name swap1");
    ip("link add brief0 type veth peer name brief1");
    ip("link delete brief0");
    ip("link add new0 type veth peer name new1");
    assert!(dropped() >= lost + 10, "{lost}, then {}", dropped());
    let_go.send(()).unwrap();

    // The new one is found, and looking at it takes long again: what changes meanwhile is not in the list that was read.
    assert_eq!(is_held.recv_timeout(PATIENCE).as_deref(), Ok("new0"), "what is new is not looked for");
    ip("link set late1 name later1");
    ip("link add last0 type veth peer name last1");
    let_go.send(()).unwrap();
    let after = agreed(&client).await;
    let same = [("moved0", "renamed0"), ("moved1", "moved1"), ("swap0", "swap1"), ("swap1", "swap0")];
    for (old, new) in same.into_iter().chain([("late0", "late0"), ("late1", "later1")]) {
        assert_eq!(before[old], after[new], "{old} is {new} now");
    }
    let known: BTreeSet<u32> = before.values().copied().collect();
    for new in ["gone0", "gone1", "moved0", "other0", "new0", "new1", "last0", "last1", "slow0", "slow1"] {
        assert!(!known.contains(&after[new]), "{new} is another");
    }
    assert_eq!(after.len(), 16);

    // And so it stays when everything that was told is heard, to this last word.
    ip("link set last0 name end0");
    agreed(&client).await;
    let told = daemon.context.events.told();
    let count = |name: &str| told.get(name).copied().unwrap_or_default();
    assert_eq!((count("AdapterRenamed"), count("AdapterGone")), (5, 2), "once each: {told:?}");
}
