//! The metrics page against the catalogue, and over HTTP.

use std::collections::{BTreeMap, BTreeSet};

use rssmgr_core::stats::{FAMILIES, Kind, Scope};
use rssmgrd::metrics::collect::Collector;
use rssmgrd::metrics::{Server, catalogue};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::daemon::{Daemon, dict};
use crate::model::ModelFactory;

pub(crate) fn page(daemon: &Daemon) -> String {
    Collector::new(daemon.context.clone(), false).page(false).unwrap()
}

/// A daemon in which every family has something to say.
async fn daemon() -> Daemon {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "16"), ("entries", "8")]).await;
    client.create("nic1", &[("queues", "2")]).await;
    client.apply(&["nic0"], json!({"queues": 8}), json!({})).await.unwrap();
    let web = dict(json!({"name": "web", "add_filters": ["02:00:00:00:00:07"]}));
    client.adapter("nic0").await.create_vport(&web, &dict(json!({}))).await.unwrap();
    client.manager.get_adapter("none").await.unwrap_err();
    daemon
}

/// Help, type, and series with their values.
type Shown = (String, String, Vec<(String, f64)>);

/// Families as a reader of the text format sees them.
fn read(page: &str) -> BTreeMap<String, Shown> {
    let mut families: BTreeMap<String, Shown> = BTreeMap::new();
    let (mut help, mut current) = (String::new(), String::new());
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').unwrap().1.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            current = name.to_owned();
            let new =
                families.insert(current.clone(), (std::mem::take(&mut help), kind.to_owned(), Vec::new()));
            assert!(new.is_none(), "{name} twice");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(series.split('{').next().unwrap(), current, "series under another family");
            families.get_mut(&current).unwrap().2.push((series.to_owned(), value.parse().unwrap()));
        }
    }
    families
}

#[tokio::test]
async fn the_page_has_exactly_the_families_of_the_catalogue() {
    let daemon = daemon().await;
    let full = read(&Collector::new(daemon.context.clone(), true).page(false).unwrap());
    let names: BTreeSet<&str> = full.keys().map(String::as_str).collect();
    // Nothing was lost and nothing is degraded, which is said with a 0, not with silence.
    assert_eq!(names, catalogue::all().map(|(name, ..)| name).collect());
    for (name, help, kind) in catalogue::all() {
        let (shown, kind_shown, series) = &full[name];
        assert_eq!((shown.as_str(), kind_shown == "counter"), (help, kind == Kind::Counter), "{name}");
        assert!(!series.is_empty());
        let unique: BTreeSet<&String> = series.iter().map(|(s, _)| s).collect();
        assert_eq!(unique.len(), series.len(), "{name} has a series twice");
    }
    let standard = read(&page(&daemon));
    let entries: BTreeSet<&str> =
        FAMILIES.iter().filter(|f| f.scope() == Scope::Entry).map(|f| f.name).collect();
    let left_out: BTreeSet<&str> = names.into_iter().filter(|n| !standard.contains_key(*n)).collect();
    assert_eq!(left_out, entries, "entries only on request");
}

#[tokio::test]
async fn names_and_labels_are_as_prometheus_wants_them() {
    let daemon = daemon().await;
    for (name, (help, kind, series)) in
        read(&Collector::new(daemon.context.clone(), true).page(true).unwrap())
    {
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        assert!(plain(&name) && name.starts_with("rssmgrd_"), "{name}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name}");
        assert!(!help.is_empty() && !help.ends_with('.'), "{name}: {help}");
        for wrong in ["_milli", "_micro", "_nano", "_ms", "_kilo", "_count", "_sum", "_bucket"] {
            assert!(!name.contains(wrong), "{name} has {wrong}");
        }
        for (text, value) in series {
            assert!(value >= 0.0 && value.is_finite());
            let labels = text.strip_prefix(&name).unwrap().trim_matches(['{', '}']);
            for label in labels.split(',').filter(|l| !l.is_empty()) {
                let (key, quoted) = label.split_once('=').unwrap();
                assert!(
                    plain(key) && quoted.len() >= 2 && quoted.starts_with('"') && quoted.ends_with('"'),
                    "{text}"
                );
            }
            if name.ends_with("_info") {
                assert!((value - 1.0).abs() < f64::EPSILON, "{text}");
            }
        }
    }
}

#[tokio::test]
async fn the_values_are_those_of_the_counters_and_the_state() {
    let daemon = daemon().await;
    let page = Collector::new(daemon.context.clone(), true).page(false).unwrap();
    for line in [
        "rssmgrd_adapter_receive_packets_total{device=\"nic0\"} 120016",
        "rssmgrd_queue_receive_packets_total{device=\"nic0\",queue=\"3\"} 3001",
        "rssmgrd_queue_receive_packets_total{device=\"nic1\",queue=\"1\"} 1001",
        "rssmgrd_cpu_receive_packets_total{device=\"nic0\",cpu=\"9\",node=\"1\"} 63",
        "rssmgrd_entry_receive_packets_total{device=\"nic0\",entry=\"5\"} 5",
        "rssmgrd_vport_receive_packets_total{device=\"nic0\",vport=\"1\",name=\"web\"} 11",
        "rssmgrd_vport_queues{device=\"nic0\",vport=\"0\",name=\"\"} 7",
        "rssmgrd_vport_queues{device=\"nic0\",vport=\"1\",name=\"web\"} 1",
        "rssmgrd_adapters{state=\"managed\"} 2",
        "rssmgrd_adapter_info{device=\"nic0\",driver=\"softnic\",profile=\"NUMAStatic\",state=\"managed\",verified=\"config\"} 1",
        "rssmgrd_adapter_queues{device=\"nic0\"} 8",
        "rssmgrd_queue_info{device=\"nic0\",queue=\"1\",cpu=\"8\",node=\"1\"} 1",
        "rssmgrd_dbus_calls_total{method=\"Apply\",outcome=\"ok\"} 1",
        "rssmgrd_dbus_calls_total{method=\"GetAdapter\",outcome=\"NoSuchAdapter\"} 1",
        "rssmgrd_events_total{event=\"AdapterArrived\"} 2",
        "rssmgrd_collect_success{device=\"nic1\"} 1",
    ] {
        assert!(page.lines().any(|l| l == line), "no line {line} in\n{page}");
    }
}

async fn http(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The text of a body in chunks.
fn unchunked(mut body: &str) -> String {
    let mut out = String::new();
    loop {
        let (length, rest) = body.split_once("\r\n").unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return out;
        }
        out += &rest[..length];
        body = rest[length..].strip_prefix("\r\n").unwrap();
    }
}

#[tokio::test]
async fn pages_are_served_over_http() {
    let daemon = daemon().await;
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = server.url();
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap().to_owned();
    tokio::spawn(server.serve(Collector::new(daemon.context.clone(), false)));
    let get = |method: &str, path: &str| format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n");

    let answer = http(&address, &get("GET", "/metrics")).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("text/plain; version=0.0.4"), "{head}");
    let body = unchunked(body);
    assert!(read(&body).contains_key("rssmgrd_build_info") && !body.contains("rssmgrd_entry_"));
    assert!(body.ends_with('\n'));
    assert!(
        http(&address, &get("GET", "/metrics?entries=1"))
            .await
            .contains("rssmgrd_entry_receive_bytes_total{")
    );
    let head = http(&address, &get("HEAD", "/metrics")).await;
    assert!(
        head.contains("200 OK") && head.contains("version=0.0.4") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    for (request, status, needle) in [
        (get("GET", "/-/healthy"), "200", "healthy"),
        (get("GET", "/-/ready"), "200", "ready"),
        (get("GET", "/"), "404", "/metrics"),
        (get("POST", "/metrics"), "405", "allow: GET, HEAD"),
        (get("GET", "/metrics?entries=yes"), "400", "entries=1"),
        (format!("GET /metrics HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200)), "431", ""),
        ("nonsense\r\n\r\n".to_owned(), "400", ""),
    ] {
        let answer = http(&address, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(needle), "{answer}");
    }
    let taken = Server::bind(address.parse().unwrap()).await.unwrap_err().to_string();
    assert!(taken.contains(&address) && taken.contains("--metrics off"), "{taken}");
}
