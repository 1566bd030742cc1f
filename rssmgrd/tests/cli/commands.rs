//! Every command, end to end.

use std::fs;

use rssmgr_core::packet::LinkType;
use rssmgr_host::capture::PcapWriter;
use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Daemon, Said};
use crate::schema::fits;

fn processors(adapter: &Value) -> Vec<&str> {
    adapter["processors"].as_array().unwrap().iter().map(|p| p["processor"].as_str().unwrap()).collect()
}

#[test]
fn set_moves_the_adapter_and_reset_and_release_bring_it_back() {
    let daemon = Daemon::with_nic();
    let found = daemon.adapter("nic0");
    let said = daemon.line("set --profile NUMAStatic --queues 8");
    assert_eq!(said.code, 0, "without a name: every managed adapter: {said:?}");
    assert_eq!(
        processors(&daemon.adapter("nic0")),
        ["0:0", "0:8", "0:1", "0:9", "0:2", "0:10", "0:3", "0:11"]
    );
    let said =
        daemon.line("set nic0 --profile Closest --base-processor 0:4 --max-processors 4 -o json").json();
    assert_eq!((&said["version"], &said["adapters"][0]["status"]), (&1.into(), &"applied".into()));
    assert_eq!(processors(&daemon.adapter("nic0")), ["0:4", "0:5", "0:6", "0:7"]);
    assert_eq!(daemon.line("set nic0 --profile Closest").out, "nic0: unchanged, nothing to do\n");

    let shown = daemon.line("config show --origin").out;
    assert!(
        shown.contains("max_processors  4         saved") && shown.contains("state/saved.toml"),
        "{shown}"
    );
    assert_eq!(daemon.line("set nic0 --max-processors 2 --runtime").code, 0);
    let set = daemon.line("config show -o json").json();
    let of = |key: &str| {
        let all = set["adapters"][0]["settings"].as_array().unwrap();
        all.iter().find(|s| s["key"] == key).unwrap().clone()
    };
    assert_eq!(
        (&of("max_processors")["value"], &of("max_processors")["origin"]),
        (&"2".into(), &"runtime".into())
    );
    assert_eq!(of("profile")["origin"], "saved");

    assert_eq!(daemon.line("reset nic0").code, 0);
    let reset = daemon.adapter("nic0");
    assert_eq!((&reset["profile"], &reset["processors"]), (&found["profile"], &found["processors"]));
    assert_eq!(daemon.line("disable --all").code, 0);
    assert_eq!(daemon.adapter("nic0")["enabled"], false);
    assert_eq!(daemon.line("release nic0").code, 0);
    let released = daemon.adapter("nic0");
    assert_eq!((&released["state"], &released["enabled"]), (&"observed".into(), &true.into()));
    let none = daemon.line("set --profile Closest");
    assert_eq!(none.code, 10, "{none:?}");
    assert!(none.err.contains("no adapter is managed yet"), "{none:?}");
}

#[test]
fn refusals_have_their_exit_codes_and_change_nothing() {
    let daemon = Daemon::with_nic();
    let state = || {
        let mut adapter = daemon.adapter("nic0");
        adapter.as_object_mut().unwrap().remove("generation");
        adapter
    };
    let before = state();
    fs::write(daemon.folder.path().join("damaged.pcap"), "no capture at all").unwrap();
    for (line, code, needle) in [
        ("set nic0 --queues 8 --if-generation 999", 1, "generation 999"),
        ("set nic0 --queues 8 --allow none", 7, "reorder"),
        ("set nic0 --base-processor 1:0", 2, "base_processor"),
        ("set nic0 --hash-key 6d5a", 2, "40"),
        ("table set nic0 500=0:1", 2, "500"),
        ("table set nic0 1=0:63", 2, "0:63"),
        ("table move nic0 --from 0:40 --to 0:1", 2, "0:40"),
        ("table get nope", 10, "nope"),
        ("why nic0 --entry 128", 2, "0 to 127"),
        ("why nic0 --cpu 99", 2, "0:31"),
        ("why nope", 10, "nope"),
        ("softnic create -- -x", 2, "begins with `-`"),
        ("flow nope 192.0.2.1 192.0.2.2", 10, "nope"),
        ("stats nope", 10, "nope"),
        ("softnic create nic0", 2, "nic0"),
        ("softnic create nic1 --queues 0", 2, "queues"),
        ("softnic create nic1 --topology 3y4", 2, "topology"),
        ("softnic create nic1 --source pcap:none.pcap", 2, "none.pcap"),
        ("softnic create nic1 --source pcap:damaged.pcap", 65, "damaged.pcap"),
        ("softnic source nic0 pcap:damaged.pcap", 65, "damaged.pcap"),
        ("softnic delete nope", 10, "nope"),
        ("softnic source nope none", 10, "nope"),
    ] {
        let said = daemon.line(line);
        assert_eq!(said.code, code, "{line}: {said:?}");
        assert!(said.err.starts_with("rssctl: error: ") && said.err.contains(needle), "{line}: {said:?}");
    }
    assert!(state() == before, "{:#}", state());
    assert_eq!(daemon.line("softnic list -o name").out, "nic0\n");
}

#[test]
fn the_worst_of_several_adapters_decides_and_each_is_told() {
    let daemon = Daemon::with_nic();
    assert_eq!(daemon.line("softnic create nic1 --queues 2 --topology 1x2x1").code, 0);
    // Processor 0:4 exists on the one machine and not on the other.
    let said = daemon.line("set nic* --base-processor 0:4");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.out.contains("nic0: applied") && !said.out.contains("nic1: applied"), "{said:?}");
    assert_eq!(said.err.matches("rssctl: error: nic1: ").count(), 1, "{said:?}");
    let said = daemon.line("set nic* --base-processor 0:6 --atomic");
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("another adapter of the same atomic request failed"), "{said:?}");
    assert_eq!(daemon.adapter("nic0")["base_processor"], "0:4", "all or none");
}

#[test]
fn a_name_that_nobody_has_leaves_the_others_alone() {
    let daemon = Daemon::with_nic();
    assert_eq!(daemon.line("softnic create nic1 --queues 4 --topology 2x8x2").code, 0);
    let said = daemon.line("set nic0 nope nic1 none* --queues 2");
    assert_eq!(said.code, 10, "{said:?}");
    for name in ["nic0", "nic1"] {
        assert!(said.out.contains(&format!("{name}: applied")), "{said:?}");
        assert_eq!(daemon.adapter(name)["number_of_receive_queues"], 2);
    }
    assert!(said.err.contains("`nope`") && said.err.contains("`none*`"), "{said:?}");
    let said = daemon.line("set nic0 nope --queues 3 --atomic");
    assert_eq!((said.code, said.out.as_str()), (10, ""), "{said:?}");
    assert_eq!(daemon.adapter("nic0")["number_of_receive_queues"], 2, "all or none");
    let said = daemon.line("plan nope nic1 --queues 3");
    assert!(said.code == 10 && said.out.starts_with("nic1: planned"), "{said:?}");
    let said = daemon.line("disable nope none");
    assert_eq!((said.code, said.out.as_str()), (10, ""), "{said:?}");
}

#[test]
fn what_limits_a_setting_is_told() {
    let daemon = Daemon::with_nic();
    let said = daemon.line("set nic0 --queues 1024");
    let limit = "nic0: queues = 16 of 1024, limited by the queues that the adapter can have\n";
    assert!(said.code == 0 && said.out.ends_with(limit), "{said:?}");
    let said = daemon.line("set nic0 --queues 4 --max-processors 8");
    assert!(said.out.contains("nic0: max_processors = 4 of 8, limited by"), "{said:?}");
    // What an earlier request is limited by is not told again.
    let said = daemon.line("set nic0 --hash-types ipv4");
    assert_eq!(said.out.lines().count(), 1, "{said:?}");
}

#[test]
fn entries_are_set_moved_and_explained() {
    let daemon = Daemon::with_nic();
    assert_eq!(daemon.line("set nic0 --profile Closest --queues 4").code, 0);
    assert_eq!(daemon.line("table set nic0 0=0:3 1=3").code, 0);
    let table = daemon.line("table get nic0 -o json").json();
    let at = |i: usize| table["indirection_table"][i]["processor"].as_str().unwrap().to_owned();
    assert_eq!([at(0), at(1), at(2), at(3)], ["0:3", "0:3", "0:2", "0:3"]);
    let why = daemon.line("why nic0 --entry 0").out;
    assert!(why.contains("set by hand to processor 0:3"), "{why}");
    assert_eq!(daemon.line("table move nic0 --from 0:3 --to 0:0").code, 0);
    let lines = daemon.line("table get nic0").out;
    assert!(!lines.contains("0:3") && lines.lines().count() == 129, "{lines}");
    assert_eq!(processors(&daemon.adapter("nic0")), ["0:0", "0:1", "0:2"], "0:3 serves nothing any more");
    let why = daemon.line("why nic0 --cpu 20").out;
    assert!(why.contains("shares its core with processor 0:4"), "{why}");
    let why = daemon.line("why nic0").out;
    assert!(why.contains("profile         Closest") && why.contains("0:31"), "{why}");
    let plan = daemon.line("plan nic0 --profile NUMAStatic -o json").json();
    assert_eq!((&plan["dry_run"], &plan["adapters"][0]["status"]), (&true.into(), &"planned".into()));
    assert_eq!(daemon.adapter("nic0")["profile"], "Closest");
}

#[test]
fn the_machine_wide_switch_is_its_own() {
    let daemon = Daemon::with_nic();
    assert_eq!(daemon.line("Get-NetOffloadGlobalSetting").out, "ReceiveSideScaling : Enabled\n");
    assert_eq!(daemon.line("Set-NetOffloadGlobalSetting -ReceiveSideScaling Disabled").code, 0);
    assert_eq!(daemon.line("global get -o json").json()["rss"], false);
    let text = daemon.line("get nic0").out;
    assert!(text.contains("GlobalEnabled                                   : False"), "{text}");
    assert_eq!(daemon.line("global set --rss on -o json").json()["rss"], true);
    assert_eq!(daemon.line("global get -o json").json()["rss"], true);
}

/// A TCP packet from a port of 192.0.2.1 to 198.51.100.7:443.
fn packet(port: u16) -> Vec<u8> {
    let head: &[u8] = &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    let ip: &[u8] = &[0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7];
    let tcp = [
        &port.to_be_bytes()[..],
        &443_u16.to_be_bytes(),
        &[0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0],
    ];
    [head, ip, &tcp.concat()].concat()
}

#[test]
fn counters_say_what_flow_and_hash_said_before() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("flows.pcap");
    let mut writer = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap();
    for port in 1000..1064 {
        writer.write(u64::from(port), &packet(port), 54).unwrap();
    }
    fs::write(&file, writer.finish().unwrap()).unwrap();

    let daemon = Daemon::with_nic();
    assert_eq!(daemon.line("set nic0 --hash-key symmetric --queues 8").code, 0);
    let flow =
        |port: u16| daemon.line(&format!("flow nic0 192.0.2.1:{port} 198.51.100.7:443 -o json")).json();
    let mut expected = std::collections::BTreeMap::<u64, u64>::new();
    for port in 1000..1064 {
        *expected.entry(flow(port)["entry"].as_u64().unwrap()).or_default() += 1;
    }
    // The same without the daemon: it knows the key.
    let path = file.to_str().unwrap();
    let offline = daemon.rssctl(&["hash", "--pcap", path, "--hash-key", "symmetric", "-o", "jsonl"]);
    for (line, port) in offline.out.lines().zip(1000..1064) {
        let record: Value = serde_json::from_str(line).unwrap();
        let flow = flow(port);
        assert_eq!((&record["hash"], &record["entry"]), (&flow["hash"], &flow["entry"]), "port {port}");
    }

    // The file once, by a path relative to where rssctl runs.
    fs::copy(&file, daemon.folder.path().join("flows.pcap")).unwrap();
    let said = daemon.line("softnic source nic0 pcap:flows.pcap,loop=1,pace=max");
    assert_eq!(said.code, 0, "{said:?}");
    let entries = loop {
        let stats = daemon.line("stats nic0 --per entry -o json").json();
        if stats["totals"]["packets"].as_u64().unwrap() >= 64 {
            break stats;
        }
        std::thread::yield_now();
    };
    assert_eq!((&entries["version"], &entries["name"]), (&1.into(), &"nic0".into()));
    for entry in entries["entries"].as_array().unwrap() {
        let number = entry["entry"].as_u64().unwrap();
        assert_eq!(
            entry["packets"].as_u64().unwrap(),
            expected.get(&number).copied().unwrap_or_default(),
            "{entry}"
        );
    }
    let cpus = daemon.line("stats nic0 --per cpu -o json").json();
    let sum =
        |list: &Value| list.as_array().unwrap().iter().map(|c| c["packets"].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum(&cpus["cpus"]), &cpus["totals"]["packets"]), (64, &64.into()));
    assert!(
        cpus["cpus"]
            .as_array()
            .unwrap()
            .iter()
            .all(|c| c["bytes"].is_u64() && c["processor"].is_string() && c["node"].is_u64())
    );
    let queues = daemon.line("Get-NetAdapterStatistics -Name nic0 --per queue -o json").json();
    assert_eq!(sum(&queues["queues"]), 64);
    let several = daemon.line("stats -o json").json();
    assert_eq!(several["adapters"][0]["totals"]["packets"], 64);
    let watched = daemon.line("stats nic0 --watch=0.1 --count 2 --per cpu").out;
    assert_eq!(watched.matches("PACKETS/S").count(), 2, "{watched}");
    assert!(watched.contains("total: 0 packets/s"), "{watched}");
}

#[test]
fn output_of_the_daemons_records_fits_the_schemas() {
    let daemon = Daemon::with_nic();
    let said: Said = daemon.line("generate schema --dir schema");
    assert_eq!(said.code, 0, "{said:?}");
    for (line, name) in [
        ("get -o json", "adapters"),
        ("set nic0 --queues 4 -o json", "apply"),
        ("plan --profile Closest -o json", "apply"),
        ("stats nic0 --per cpu -o json", "stats"),
        ("stats nic0 --per queue -o json", "stats"),
        ("stats nic0 --per entry -o json", "stats"),
        ("stats -o json", "stats-list"),
        ("flow nic0 192.0.2.1 192.0.2.2 -o json", "flow"),
        ("why nic0 -o json", "why"),
        ("why nic0 --entry 3 -o json", "why"),
        ("events -o json", "events"),
        ("softnic list -o json", "softnics"),
        ("config show -o json", "config"),
        ("global get -o json", "global"),
    ] {
        let path = daemon.folder.path().join(format!("schema/{name}.schema.json"));
        let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let document = daemon.line(line).json();
        assert_eq!(document["version"], 1, "{line}");
        fits(&document, &schema, &schema, line).unwrap();
    }
}

#[test]
fn changes_outside_of_adapters_have_records_too() {
    let daemon = Daemon::with_nic();
    let source = daemon.line("softnic source nic0 synthetic:flows=7 -o json").json();
    assert_eq!((&source["version"], &source["name"]), (&1.into(), &"nic0".into()));
    assert!(source["options"]["source"].as_str().unwrap().contains("flows=7"), "{source}");
    let deleted = daemon.line("softnic delete nic0 -o json").json();
    assert_eq!((&deleted["name"], &deleted["deleted"]), (&"nic0".into(), &true.into()));
    let written = daemon.line("generate schema --dir schema -o json").json();
    let files = written["files"].as_array().unwrap();
    assert!(
        files.len() > 5 && files.iter().all(|f| daemon.folder.path().join(f.as_str().unwrap()).is_file())
    );
}

#[test]
fn every_format_says_the_same() {
    let daemon = Daemon::with_nic();
    assert_eq!(daemon.line("get -o name").out, "nic0\n");
    let json = daemon.line("get -o json").json();
    let line: Value = serde_json::from_str(&daemon.line("get -o jsonl").out).unwrap();
    assert_eq!(line["version"], 1);
    assert_eq!(line["indirection_table"], json["adapters"][0]["indirection_table"]);
    let yaml = daemon.line("get -o yaml").out;
    assert!(yaml.starts_with("version: 1\nadapters:\n- name: nic0\n"), "{yaml}");
    assert!(daemon.line("get -o table").out.starts_with("NAME  STATE    ENABLED  PROFILE"));
    assert!(daemon.line("get -o wide").out.contains("rssmgr software NIC"));
    assert_eq!(daemon.line("get nic0 -o list").out, daemon.line("get nic0").out);
    let painted = daemon.line("get -o table --color always").out;
    assert!(painted.starts_with("\x1b[1mNAME"), "{painted}");
}

#[test]
fn a_configuration_is_checked_by_the_daemons_program() {
    let daemon = Daemon::start();
    let said = daemon.line("config check rssmgrd.toml");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.starts_with("checked rssmgrd.toml\n") && said.err.is_empty(), "{said:?}");
    fs::write(daemon.folder.path().join("other.toml"), "").unwrap();
    let said = daemon.line("config check other.toml");
    assert!(said.code == 0 && said.err.contains("rssmgrd.toml: that was not checked"), "{said:?}");
    let record = daemon.line("config check other.toml -o json").json();
    assert_eq!((&record["path"], &record["files"][0]), (&"other.toml".into(), &"other.toml".into()));
    assert!(record["daemon_files"][0].as_str().unwrap().ends_with("/rssmgrd.toml"), "{record}");
    fs::write(daemon.folder.path().join("rssmgrd.toml"), "[[adapter]]\nprofil = 1\n").unwrap();
    let said = daemon.line("config check rssmgrd.toml");
    assert_eq!(said.code, 65, "{said:?}");
    assert!(said.err.contains("rssmgrd.toml:2:") && said.err.contains("profil"), "{said:?}");
}

#[test]
fn a_daemon_that_dies_is_told() {
    let mut daemon = Daemon::with_nic();
    daemon.kill();
    let said = daemon.line("set nic0 --queues 2");
    assert_eq!(said.code, 8, "{said:?}");
    assert!(said.err.contains("nobody listens there"), "{said:?}");
}
