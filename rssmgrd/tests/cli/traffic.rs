//! Real traffic: recorded between two network namespaces, replayed through the software NIC, and checked against an
//! oracle that shares no code with the product; and the demonstration, as a new user meets it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rssmgr_core::packet::LinkType;
use rssmgr_host::capture::PcapWriter;
use rssmgr_netlink::packet_socket::{BUFFER_BYTES, Options, PacketSocket};
use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Daemon, program};

/// TCP connections and UDP flows, for each IP version.
const FLOWS: u16 = 24;
const PORT: u16 = 7001;
/// A client sends this when it is through; the recorder stops there.
const LAST_WORDS: &[u8] = b"that was all";

// ---------------------------------------------------------------------------------------------------------------
// The oracle: its own reader of pcap files and of packets, and a hash bit by bit.

/// A key of the test's own.
const KEY: [u8; 40] = [
    0xa3, 0x11, 0x5e, 0x02, 0x9c, 0xf0, 0x47, 0x6b, 0xd8, 0x21, 0x3e, 0x94, 0x70, 0x0d, 0xe5, 0xba, 0x68,
    0x1f, 0xc7, 0x52, 0x8a, 0x36, 0xfb, 0x49, 0x05, 0xdc, 0x97, 0x63, 0x2e, 0xb0, 0x7d, 0xe8, 0x14, 0xc9,
    0x55, 0xaf, 0x3b, 0x80, 0xf6, 0x29,
];

fn toeplitz(input: &[u8]) -> u32 {
    let bit = |bytes: &[u8], i: usize| bytes[i / 8] >> (7 - i % 8) & 1 == 1;
    (0..input.len() * 8).filter(|i| bit(input, *i)).fold(0, |hash, i| {
        let window = (i..i + 32).fold(0_u32, |w, k| w << 1 | u32::from(bit(&KEY, k)));
        hash ^ window
    })
}

/// The records of a nanosecond pcap file of this machine's byte order.
fn records(file: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(file).unwrap();
    let word = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!((word(0), word(20)), (0xa1b2_3c4d, 1), "a nanosecond pcap of Ethernet frames");
    let (mut at, mut out) = (24, Vec::new());
    while at < bytes.len() {
        let len = usize::try_from(word(at + 8)).unwrap();
        out.push(bytes[at + 16..at + 16 + len].to_vec());
        at += 16 + len;
    }
    out
}

/// What the oracle finds in a frame.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    kind: &'static str,
    source: IpAddr,
    destination: IpAddr,
    ports: Option<(u16, u16)>,
}

fn look(frame: &[u8]) -> Option<Seen> {
    let ip = &frame[14..];
    let port = |l4: &[u8]| (u16::from_be_bytes([l4[0], l4[1]]), u16::from_be_bytes([l4[2], l4[3]]));
    match (frame[12], frame[13]) {
        (0x08, 0x00) => {
            let address = |at: usize| IpAddr::from(<[u8; 4]>::try_from(&ip[at..at + 4]).unwrap());
            let fragment = ip[6] & 0x3f != 0 || ip[7] != 0;
            let l4 = &ip[usize::from(ip[0] & 15) * 4..];
            let (kind, ports) = match (ip[9], fragment) {
                (6, false) => ("tcp_ipv4", Some(port(l4))),
                (17, false) => ("udp_ipv4", Some(port(l4))),
                _ => ("ipv4", None),
            };
            Some(Seen { kind, source: address(12), destination: address(16), ports })
        }
        (0x86, 0xdd) => {
            let address = |at: usize| IpAddr::from(<[u8; 16]>::try_from(&ip[at..at + 16]).unwrap());
            // What a host says of itself on a new link may have a hop-by-hop header before it.
            let (next, l4) = match ip[6] {
                0 => (ip[40], &ip[40 + 8 * (usize::from(ip[41]) + 1)..]),
                next => (next, &ip[40..]),
            };
            let (kind, ports) = match next {
                6 => ("tcp_ipv6", Some(port(l4))),
                17 => ("udp_ipv6", Some(port(l4))),
                _ => ("ipv6", None),
            };
            Some(Seen { kind, source: address(8), destination: address(24), ports })
        }
        _ => None,
    }
}

fn hash(seen: &Seen) -> u32 {
    let mut input = Vec::new();
    for address in [seen.source, seen.destination] {
        match address {
            IpAddr::V4(a) => input.extend(a.octets()),
            IpAddr::V6(a) => input.extend(a.octets()),
        }
    }
    if let Some((source, destination)) = seen.ports {
        input.extend(source.to_be_bytes());
        input.extend(destination.to_be_bytes());
    }
    toeplitz(&input)
}

// ---------------------------------------------------------------------------------------------------------------
// The recording: this program again, in two network namespaces.

/// Two namespaces with a cable between them; gone with this.
struct Lan {
    near: String,
    far: String,
}

impl Lan {
    fn lay() -> Result<Self, String> {
        let id = std::process::id();
        let lan = Self { near: format!("rssmgr-near-{id}"), far: format!("rssmgr-far-{id}") };
        for line in [
            format!("netns add {}", lan.near),
            format!("netns add {}", lan.far),
            format!("link add near0 netns {} type veth peer name far0 netns {}", lan.near, lan.far),
            format!("-n {} address add 192.0.2.1/24 dev near0", lan.near),
            format!("-n {} address add 192.0.2.2/24 dev far0", lan.far),
            format!("-n {} address add 2001:db8::1/64 dev near0 nodad", lan.near),
            format!("-n {} address add 2001:db8::2/64 dev far0 nodad", lan.far),
            format!("-n {} link set near0 up", lan.near),
            format!("-n {} link set far0 up", lan.far),
        ] {
            ip(&line)?;
        }
        Ok(lan)
    }

    /// Runs one of the bodies below in a namespace.
    fn within(namespace: &str, body: &str, file: &Path) -> Child {
        let me = std::env::current_exe().unwrap();
        let mut c = Command::new("ip");
        c.args(["netns", "exec", namespace]).arg(me);
        c.args(["--exact", &format!("traffic::{body}"), "--ignored", "--nocapture"]).env("RECORDING", file);
        c.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for name in [&self.near, &self.far] {
            let _ = ip(&format!("netns delete {name}"));
        }
    }
}

fn ip(line: &str) -> Result<(), String> {
    let out = Command::new("ip").args(line.split(' ')).output().map_err(|e| format!("ip (iproute2): {e}"))?;
    if out.status.success() {
        Ok(())
    } else {
        Err(format!("ip {line}: {}", String::from_utf8_lossy(&out.stderr)))
    }
}

/// Reads what a body prints until it says `word`.
fn hear(child: &mut Child, word: &str) {
    let mut out = BufReader::new(child.stdout.as_mut().unwrap());
    let mut line = String::new();
    while !line.trim_end().ends_with(word) {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended before it said `{word}`");
    }
}

fn hosts() -> [(IpAddr, IpAddr); 2] {
    let v6 = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last));
    [([192, 0, 2, 1].into(), [192, 0, 2, 2].into()), (v6(1), v6(2))]
}

#[test]
#[ignore = "runs in a namespace, for another test"]
fn record() {
    let file = PathBuf::from(std::env::var_os("RECORDING").unwrap());
    let socket = PacketSocket::open("near0", &Options::default()).unwrap();
    let mut writer = PcapWriter::new(fs::File::create(file).unwrap(), LinkType::Ethernet).unwrap();
    println!("recording");
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut number = 0;
    loop {
        assert!(socket.wait(Duration::from_secs(30)).unwrap(), "the traffic did not end");
        while let Some(frame) = socket.recv(&mut buffer).unwrap() {
            number += 1;
            let bytes = frame.bytes(&buffer);
            let len = u32::try_from(bytes.len()).unwrap();
            writer.write(number * 1000, bytes, len).unwrap();
            if bytes.ends_with(LAST_WORDS) {
                writer.finish().unwrap();
                return;
            }
        }
    }
}

#[test]
#[ignore = "runs in a namespace, for another test"]
fn serve() {
    let mut servers = Vec::new();
    for (_, address) in hosts() {
        let listener = TcpListener::bind((address, PORT)).unwrap();
        let socket = UdpSocket::bind((address, PORT)).unwrap();
        servers.push(std::thread::spawn(move || {
            for _ in 0..FLOWS {
                let (mut stream, _) = listener.accept().unwrap();
                let mut heard = Vec::new();
                stream.read_to_end(&mut heard).unwrap();
                stream.write_all(&heard).unwrap();
            }
        }));
        servers.push(std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            for _ in 0..FLOWS * 3 {
                let (n, from) = socket.recv_from(&mut buffer).unwrap();
                socket.send_to(&buffer[..n], from).unwrap();
            }
        }));
    }
    println!("serving");
    for server in servers {
        server.join().unwrap();
    }
}

#[test]
#[ignore = "runs in a namespace, for another test"]
fn talk() {
    for (own, other) in hosts() {
        for flow in 0..FLOWS {
            let mut stream = TcpStream::connect((other, PORT)).unwrap();
            stream.write_all(&vec![7; usize::from(flow) * 300]).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
            let socket = UdpSocket::bind((own, 0)).unwrap();
            let mut buffer = [0; 2048];
            for _ in 0..3 {
                socket.send_to(&vec![9; usize::from(flow) * 20 + 1], (other, PORT)).unwrap();
                socket.recv(&mut buffer).unwrap();
            }
        }
    }
    let (own, other) = hosts()[0];
    UdpSocket::bind((own, 0)).unwrap().send_to(LAST_WORDS, (other, 9)).unwrap();
}

/// Records real conversations; `None` where namespaces cannot be made.
fn recording(file: &Path) -> Option<()> {
    let lan = match Lan::lay() {
        Ok(lan) => lan,
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "SKIPPED traffic: {why}");
            return None;
        }
    };
    let mut recorder = Lan::within(&lan.near, "record", file);
    hear(&mut recorder, "recording");
    let mut server = Lan::within(&lan.far, "serve", file);
    hear(&mut server, "serving");
    for mut child in [Lan::within(&lan.near, "talk", file), server, recorder] {
        let mut rest = String::new();
        child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        assert!(child.wait().unwrap().success(), "{rest}");
    }
    Some(())
}

#[test]
fn recorded_traffic_lands_where_an_independent_oracle_says() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("recorded.pcap");
    if recording(&file).is_none() {
        return;
    }
    let frames = records(&file);
    let seen: Vec<Option<Seen>> = frames.iter().map(|f| look(f)).collect();
    for kind in ["tcp_ipv4", "udp_ipv4", "tcp_ipv6", "udp_ipv6"] {
        let n = seen.iter().flatten().filter(|s| s.kind == kind).count();
        assert!(n >= usize::from(FLOWS) * 3, "{n} packets of {kind} were recorded");
    }

    let daemon = Daemon::with_nic();
    let key: String = KEY.iter().map(|b| format!("{b:02x}")).collect();
    let said =
        daemon.rssctl(&["set", "nic0", "--queues", "8", "--profile", "NUMAStatic", "--hash-key", &key]);
    assert_eq!(said.code, 0, "{said:?}");
    let table = daemon.adapter("nic0")["indirection_table"].clone();
    let entry_of = |s: &Seen| usize::try_from(hash(s) % 128).unwrap();
    let queue_of = |s: &Seen| usize::try_from(table[entry_of(s)]["queue"].as_u64().unwrap()).unwrap();

    // Each packet by itself, offline.
    let path = file.to_str().unwrap();
    let offline = daemon.rssctl(&["hash", "--pcap", path, "--hash-key", &key, "-o", "jsonl"]);
    assert_eq!(offline.code, 0, "{offline:?}");
    assert_eq!(offline.out.lines().count(), frames.len());
    for (i, (line, seen)) in offline.out.lines().zip(&seen).enumerate() {
        let record: Value = serde_json::from_str(line).unwrap();
        let (kind, hash) = match seen {
            Some(s) => (s.kind, Value::from(format!("{:08x}", hash(s)))),
            None => ("none", Value::Null),
        };
        assert_eq!(
            (&record["hash_type"], &record["hash"]),
            (&kind.into(), &hash),
            "packet {}: {seen:?}",
            i + 1
        );
    }
    // Each flow by itself, as the daemon predicts it.
    let flows: std::collections::BTreeSet<&Seen> =
        seen.iter().flatten().filter(|s| s.ports.is_some()).collect();
    assert!(flows.len() >= usize::from(FLOWS) * 8, "both directions of every conversation: {}", flows.len());
    for s in flows {
        let (source, destination) = s.ports.unwrap();
        let ends = [SocketAddr::new(s.source, source), SocketAddr::new(s.destination, destination)]
            .map(|e| e.to_string());
        let said = daemon.rssctl(&["flow", "nic0", &ends[0], &ends[1], &s.kind[..3], "-o", "json"]).json();
        assert_eq!(said["entry"], entry_of(s), "{s:?}");
        assert_eq!(
            (&said["queue"], &said["cpu"]),
            (&queue_of(s).into(), &table[entry_of(s)]["cpu"]),
            "{s:?}"
        );
    }
    // All of them through the NIC, without loss.
    let said = daemon.rssctl(&[
        "softnic",
        "source",
        "nic0",
        &format!("pcap:{path},loop=once,pace=max,loss=lossless"),
    ]);
    assert_eq!(said.code, 0, "{said:?}");
    let total = u64::try_from(frames.len()).unwrap();
    let stats = |per: &str| daemon.rssctl(&["stats", "nic0", "--per", per, "-o", "json"]).json();
    while stats("queue")["totals"]["packets"].as_u64().unwrap() < total {
        std::thread::yield_now();
    }
    let (mut queues, mut entries) = (BTreeMap::<usize, u64>::new(), BTreeMap::<usize, u64>::new());
    for s in &seen {
        *queues.entry(s.as_ref().map_or(0, queue_of)).or_default() += 1;
        if let Some(s) = s {
            *entries.entry(entry_of(s)).or_default() += 1;
        }
    }
    let counted = |list: &Value| -> BTreeMap<usize, u64> {
        let packets = |v: &Value| v["packets"].as_u64().unwrap();
        list.as_array().unwrap().iter().map(packets).enumerate().filter(|(_, n)| *n > 0).collect()
    };
    assert_eq!(counted(&stats("entry")["entries"]), entries);
    let by_queue = stats("queue");
    assert_eq!(counted(&by_queue["queues"]), queues);
    let totals = &by_queue["totals"];
    assert_eq!(
        (&totals["packets"], &totals["drops"], &totals["reordered"]),
        (&total.into(), &0.into(), &0.into())
    );
}

// ---------------------------------------------------------------------------------------------------------------
// The demonstration.

/// The demonstration, in a run-time folder of its own; ended as Ctrl-C does.
struct Demo {
    child: Child,
    text: String,
    runtime: TempDir,
}

impl Demo {
    fn start() -> Self {
        let runtime = TempDir::new().unwrap();
        let mut c = Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
        let socket = runtime.path().join("bus.sock");
        c.arg("--demo").arg("--socket").arg(&socket).args(["--metrics", "127.0.0.1:0"]);
        c.env("TMPDIR", runtime.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = c.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.as_mut().unwrap());
        let mut text = String::new();
        while !text.contains("Ctrl-C") {
            assert!(out.read_line(&mut text).unwrap() > 0, "it ended: {text}");
        }
        Self { child, text, runtime }
    }

    fn rssctl(&self, args: &[&str]) -> Value {
        let mut c = Command::new(program());
        let out = c.args(args).env("RSSCTL_ADDRESS", self.runtime.path().join("bus.sock")).output().unwrap();
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// Counters by processor, once at least `more` packets were handled after they were read before.
    fn cpus(&self) -> (BTreeMap<String, u64>, Value) {
        let stats = self.rssctl(&["stats", "nic0", "--per", "cpu", "-o", "json"]);
        let cpu = |c: &Value| (c["processor"].as_str().unwrap().to_owned(), c["packets"].as_u64().unwrap());
        (stats["cpus"].as_array().unwrap().iter().map(cpu).collect(), stats["totals"].clone())
    }

    /// Which processors handle packets from now on, and on which nodes they are.
    fn active(&self, many: u64) -> BTreeMap<String, u64> {
        // Whatever was in a ring when the settings changed is handled before this much new has passed.
        let settled = self.after(20_000);
        let later = self.after_since(&settled.0, many);
        later.into_iter().filter(|(_, n)| *n > 0).collect()
    }

    fn after(&self, many: u64) -> (BTreeMap<String, u64>, Value) {
        let start = self.cpus().1["packets"].as_u64().unwrap();
        loop {
            let now = self.cpus();
            if now.1["packets"].as_u64().unwrap() >= start + many {
                return now;
            }
            std::thread::yield_now();
        }
    }

    fn after_since(&self, before: &BTreeMap<String, u64>, many: u64) -> BTreeMap<String, u64> {
        let (after, _) = self.after(many);
        after.into_iter().map(|(cpu, n)| (cpu.clone(), n - before.get(&cpu).copied().unwrap_or(0))).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_demonstration_spreads_as_it_is_told_and_leaves_nothing_behind() {
    let mut demo = Demo::start();
    for needle in ["nic0", "rssctl", "get", "set --profile NUMAStatic", "http://127.0.0.1:", "/metrics"] {
        assert!(demo.text.contains(needle), "{needle} is missing: {}", demo.text);
    }
    let applied = demo.rssctl(&["set", "--profile", "NUMAStatic", "--queues", "8", "-o", "json"]);
    assert_eq!(applied["adapters"][0]["status"], "applied");
    let chosen: Vec<&Value> = applied["adapters"][0]["processors"].as_array().unwrap().iter().collect();
    assert_eq!(chosen.len(), 8);
    for node in [0, 1] {
        assert_eq!(chosen.iter().filter(|p| p["node"] == node).count(), 4, "four on node {node}");
    }
    let names = |list: &[&Value]| -> Vec<String> {
        let mut names: Vec<String> =
            list.iter().map(|p| p["processor"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    // A thousand flows: with enough packets, every queue has some.
    let active = demo.active(40_000);
    assert_eq!(
        active.keys().cloned().collect::<Vec<_>>(),
        names(&chosen),
        "those eight and no other: {active:?}"
    );

    let moved = demo.rssctl(&["set", "--profile", "Closest", "-o", "json"]);
    let closest: Vec<&Value> = moved["adapters"][0]["processors"].as_array().unwrap().iter().collect();
    assert!(closest.iter().all(|p| p["node"] == 0 && p["distance"] == 0), "{closest:?}");
    let active = demo.active(40_000);
    assert_eq!(active.keys().cloned().collect::<Vec<_>>(), names(&closest), "{active:?}");
    let (cpus, totals) = demo.cpus();
    assert_eq!((&totals["drops"], totals["reordered"].is_u64()), (&0.into(), true), "{totals}");
    assert_eq!(cpus.values().sum::<u64>(), totals["packets"].as_u64().unwrap(), "no packet lost");

    let pid = demo.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert!(demo.child.wait().unwrap().success());
    let left: Vec<_> = fs::read_dir(demo.runtime.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}
