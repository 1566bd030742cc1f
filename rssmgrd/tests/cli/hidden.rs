//! `--include-hidden`: the interfaces of a machine that are no adapters, each with its reason. The machine is a network
//! namespace with one of each kind that its kernel can make.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::run::Daemon;

/// A namespace; gone with this.
struct Namespace(String);

impl Namespace {
    fn make(what: &str) -> Result<Self, String> {
        let name = format!("rssmgr-{what}-{}", std::process::id());
        ip(&format!("netns add {name}"))?;
        Ok(Self(name))
    }

    fn ip(&self, line: &str) -> Result<(), String> {
        ip(&format!("-n {} {line}", self.0))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = ip(&format!("netns delete {}", self.0));
    }
}

fn ip(line: &str) -> Result<(), String> {
    let out = Command::new("ip").args(line.split(' ')).output().map_err(|e| format!("ip (iproute2): {e}"))?;
    match out.status.success() {
        true => Ok(()),
        false => Err(format!("ip {line}: {}", String::from_utf8_lossy(&out.stderr).trim())),
    }
}

fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED each_interface_that_is_no_adapter_has_its_reason: {why}");
}

/// How to make an interface, its name, and its kind.
const KINDS: [(&str, &str, &str); 8] = [
    ("link add pair0 type veth peer name pair1", "pair0", "veth"),
    ("link add br0 type bridge", "br0", "bridge"),
    ("link add dummy0 type dummy", "dummy0", "dummy"),
    ("link add bond0 type bond", "bond0", "bond"),
    ("link add link pair0 name pair0.5 type vlan id 5", "pair0.5", "vlan"),
    ("link add link pair0 name mac0 type macvlan", "mac0", "macvlan"),
    ("tuntap add tap0 mode tap", "tap0", "tun"),
    ("link add gre1 type gretap remote 192.0.2.1 local 192.0.2.2", "gre1", "gretap"),
];

fn reasons(said: &Value) -> BTreeMap<String, String> {
    let text = |of: &Value, key: &str| of[key].as_str().unwrap().to_owned();
    said["hidden"].as_array().unwrap().iter().map(|h| (text(h, "name"), text(h, "because"))).collect()
}

#[test]
fn each_interface_that_is_no_adapter_has_its_reason() {
    let machine = match Namespace::make("hidden") {
        Ok(machine) => machine,
        Err(why) => return skipped(&why),
    };
    let mut made = BTreeMap::from([("lo".to_owned(), "the loopback interface".to_owned())]);
    let because =
        |kind: &str| format!("a virtual interface ({kind}): its packets come through other interfaces");
    let mut lacking = Vec::new();
    for (line, name, kind) in KINDS {
        match machine.ip(line) {
            Ok(()) => drop(made.insert(name.to_owned(), because(kind))),
            Err(_) => lacking.push(kind),
        }
    }
    if !lacking.is_empty() {
        skipped(&format!("in part: this kernel makes no {}", lacking.join(", ")));
    }
    made.insert("pair1".to_owned(), because("veth"));
    assert!(made.len() >= 3, "{made:?}");

    let daemon = Daemon::in_namespace(&machine.0);
    assert_eq!(daemon.line("softnic create nic0 --queues 4 --topology 1x4x1").code, 0);
    let json = daemon.line("get --include-hidden -o json").json();
    // A kernel makes some by itself, for each module that has tunnels.
    let (asked_for, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
        reasons(&json).into_iter().partition(|(name, _)| made.contains_key(name));
    assert_eq!(asked_for, made);
    assert!(others.values().all(|why| !why.is_empty() && !why.contains("journal")), "{others:?}");
    let adapters: Vec<&Value> = json["adapters"].as_array().unwrap().iter().map(|a| &a["name"]).collect();
    assert_eq!(adapters, [&json!("nic0")], "what is an adapter is not hidden");

    let table = daemon.line("get --include-hidden -o table");
    let lines: Vec<Vec<&str>> = table.out.lines().map(|l| l.split("  ").collect()).collect();
    for (name, why) in &made {
        let shown = lines.iter().any(|l| l[0].trim() == name && l.last().unwrap().trim() == why);
        assert!(shown, "{name}: {why}\n{}", table.out);
    }
    assert!(table.out.contains("LEFT-OUT-BECAUSE") && table.out.contains("nic0"), "{table:?}");

    // One by its name, several by a pattern; PowerShell's spelling; and nothing of it unless it is asked for.
    let one = reasons(&daemon.line("get pair0 --include-hidden -o json").json());
    assert_eq!(one, BTreeMap::from([("pair0".to_owned(), because("veth"))]));
    let pair = reasons(&daemon.line("Get-NetAdapterRss -Name pair? -IncludeHidden -o json").json());
    assert_eq!(pair.keys().collect::<Vec<_>>(), ["pair0", "pair1"]);
    let plain = daemon.line("get -o json").json();
    assert!(plain.get("hidden").is_none(), "{plain}");
    assert_eq!(daemon.line("get pair0").code, 10, "no adapter");
    let refused = daemon.line("set pair0 --queues 2");
    assert_eq!(refused.code, 10, "{refused:?}");
}

#[test]
fn an_interface_that_comes_later_is_there_and_one_that_went_is_not() {
    let machine = match Namespace::make("late") {
        Ok(machine) => machine,
        Err(why) => return skipped(&why),
    };
    let daemon = Daemon::in_namespace(&machine.0);
    let names = || reasons(&daemon.line("get --include-hidden -o json").json());
    assert!(!names().contains_key("late0"));
    machine.ip("link add late0 type veth peer name late1").unwrap();
    assert!(names().contains_key("late0") && names().contains_key("late1"));
    machine.ip("link delete late0").unwrap();
    assert!(!names().contains_key("late0") && !names().contains_key("late1"));
}
