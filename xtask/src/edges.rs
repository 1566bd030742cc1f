//! Which crate may depend on which: the rules that keep the house in order, checked on the resolved graph (normal
//! and build dependencies, however many steps away).

use crate::metadata::Package;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// From which of our crates no path may lead to which others.
struct Forbidden {
    from: From,
    to: &'static [&'static str],
    why: &'static str,
}

enum From {
    Any,
    Only(&'static str),
}

const RUNTIME: &[&str] = &["tokio", "zbus"];

const FORBIDDEN: &[Forbidden] = &[
    Forbidden { from: From::Any, to: &["rssmgrd", "xtask"], why: "the daemon and the tools are leaves" },
    Forbidden {
        from: From::Only("rssctl"),
        to: &["rssmgr-softnic"],
        why: "the command line changes nothing by itself: it asks the daemon, or reads and computes",
    },
    Forbidden {
        from: From::Only("rssmgr-proto"),
        to: &["rssmgr-host", "rssmgr-netlink", "rssmgr-softnic"],
        why: "the contract knows no machine",
    },
    Forbidden {
        from: From::Only("rssmgr-host"),
        to: &["rssmgr-netlink", "rssmgr-softnic", "rssmgr-proto"],
        why: "host only reads files",
    },
    Forbidden {
        from: From::Only("rssmgr-netlink"),
        to: &["rssmgr-core", "rssmgr-host", "rssmgr-proto", "rssmgr-softnic"],
        why: "netlink stands alone and can be published by itself",
    },
    Forbidden {
        from: From::Only("rssmgr-ethtool"),
        to: &["rssmgr-proto", "rssmgr-softnic", "tokio", "zbus"],
        why: "a network interface is plain blocking code, and knows no other backend",
    },
    Forbidden {
        from: From::Only("rssmgr-conformance"),
        to: &[
            "rssmgr-ethtool",
            "rssmgr-host",
            "rssmgr-netlink",
            "rssmgr-proto",
            "rssmgr-softnic",
            "tokio",
            "zbus",
        ],
        why: "the rules hold for anybody's backend, and know none",
    },
    Forbidden { from: From::Only("rssmgr-host"), to: RUNTIME, why: "host is plain blocking code" },
    Forbidden { from: From::Only("rssmgr-netlink"), to: RUNTIME, why: "netlink is plain blocking code" },
    Forbidden {
        from: From::Only("rssmgr-softnic"),
        to: RUNTIME,
        why: "the software NIC runs on std threads, so that no runtime stands between a packet and its queue",
    },
    Forbidden {
        from: From::Only("xtask"),
        to: &[
            "rssmgr-core",
            "rssmgr-ethtool",
            "rssmgr-host",
            "rssmgr-netlink",
            "rssmgr-proto",
            "rssmgr-softnic",
            "tokio",
            "zbus",
        ],
        why: "the gate must build fast, also when the crates do not build",
    },
];

/// Everything that core may be built from: derive macros for errors and nothing that can do I/O.
const CORE: &str = "rssmgr-core";
const CORE_TREE: &[&str] = &["thiserror", "thiserror-impl", "proc-macro2", "quote", "syn", "unicode-ident"];

/// All crates that the rules name of ours; a rename must not silence a rule.
const OURS: &[&str] = &[
    "rssctl",
    "rssmgr-conformance",
    "rssmgr-core",
    "rssmgr-ethtool",
    "rssmgr-host",
    "rssmgr-netlink",
    "rssmgr-proto",
    "rssmgr-softnic",
    "rssmgrd",
    "xtask",
];

/// Every broken rule, in words.
pub(crate) fn check(packages: &BTreeMap<String, Package>) -> Vec<String> {
    let mut broken = Vec::new();
    let members: BTreeSet<&str> = packages.values().filter(|p| p.member).map(|p| p.name.as_str()).collect();
    for name in OURS.iter().filter(|name| !members.contains(*name)) {
        broken.push(format!("no crate `{name}` in the workspace: the rules in edges.rs name it"));
    }
    for name in members.iter().filter(|name| !OURS.contains(name)) {
        broken.push(format!("crate `{name}` is not in edges.rs: say there what it may not depend on"));
    }
    for (id, package) in packages.iter().filter(|(_, p)| p.member) {
        let paths = paths_from(id, packages);
        for rule in FORBIDDEN {
            if matches!(rule.from, From::Only(name) if name != package.name) {
                continue;
            }
            for path in rule.to.iter().filter_map(|to| paths.get(to)) {
                broken.push(format!("{}: {}", path.join(" -> "), rule.why));
            }
        }
        if package.name == CORE {
            for (_, path) in paths.iter().filter(|(name, _)| !CORE_TREE.contains(name)) {
                broken.push(format!(
                    "{}: core decides and does no I/O; see CORE_TREE in edges.rs",
                    path.join(" -> ")
                ));
            }
        }
    }
    broken
}

/// The shortest path to each package that can be reached, by its name; the start itself is not in it.
fn paths_from<'a>(
    start: &'a str,
    packages: &'a BTreeMap<String, Package>,
) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut paths = BTreeMap::new();
    let mut seen = BTreeSet::from([start]);
    let mut queue = VecDeque::from([(start, Vec::new())]);
    while let Some((id, mut path)) = queue.pop_front() {
        let Some(package) = packages.get(id) else { continue };
        path.push(package.name.as_str());
        if id != start {
            paths.entry(package.name.as_str()).or_insert_with(|| path.clone());
        }
        for need in package.needs.iter().filter(|need| seen.insert(need)) {
            queue.push_back((need, path.clone()));
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of our crates with the given edges; names that are not ours are foreign crates.
    fn graph(edges: &[(&str, &str)]) -> BTreeMap<String, Package> {
        let mut packages = BTreeMap::new();
        let foreign = edges.iter().flat_map(|(from, to)| [*from, *to]);
        for name in OURS.iter().copied().chain(foreign) {
            let needs =
                edges.iter().filter(|(from, _)| *from == name).map(|(_, to)| (*to).to_owned()).collect();
            let package =
                Package { name: name.into(), member: OURS.contains(&name), needs, ..Package::default() };
            packages.insert(name.to_owned(), package);
        }
        packages
    }

    /// The edges as they are meant to be.
    const SOUND: &[(&str, &str)] = &[
        ("rssmgrd", "rssmgr-core"),
        ("rssmgrd", "rssmgr-softnic"),
        ("rssmgrd", "rssmgr-proto"),
        ("rssmgrd", "tokio"),
        ("rssctl", "rssmgr-proto"),
        ("rssctl", "rssmgr-host"),
        ("rssctl", "tokio"),
        ("rssmgr-proto", "rssmgr-core"),
        ("rssmgr-proto", "zbus"),
        ("rssmgr-host", "rssmgr-core"),
        ("rssmgr-softnic", "rssmgr-netlink"),
        ("rssmgr-softnic", "rssmgr-host"),
        ("rssmgr-netlink", "rustix"),
        ("rssmgr-core", "thiserror"),
        ("thiserror", "thiserror-impl"),
    ];

    #[test]
    fn the_intended_edges_are_sound() {
        assert_eq!(check(&graph(SOUND)), [""; 0]);
    }

    #[test]
    fn each_seeded_edge_is_found_with_its_path() {
        for (seed, path) in [
            (("rssctl", "rssmgrd"), "rssctl -> rssmgrd"),
            (("rssmgr-softnic", "xtask"), "rssmgr-softnic -> xtask"),
            (("rssctl", "rssmgr-softnic"), "rssctl -> rssmgr-softnic"),
            (("rssmgr-host", "rssmgr-netlink"), "rssmgr-host -> rssmgr-netlink"),
            (("rssmgr-host", "rssmgr-softnic"), "rssmgr-host -> rssmgr-softnic"),
            (("rssmgr-netlink", "rssmgr-core"), "rssmgr-netlink -> rssmgr-core"),
            (("rssmgr-softnic", "rssmgr-proto"), "rssmgr-softnic -> rssmgr-proto -> zbus"),
            (("rssmgr-softnic", "tokio"), "rssmgr-softnic -> tokio"),
            (("rssmgr-proto", "rssmgr-host"), "rssmgr-proto -> rssmgr-host"),
            (("rssmgr-core", "serde"), "rssmgr-core -> serde"),
            (("thiserror-impl", "libc"), "rssmgr-core -> thiserror -> thiserror-impl -> libc"),
            (("rssmgr-ethtool", "zbus"), "rssmgr-ethtool -> zbus"),
            (("xtask", "rssmgr-core"), "xtask -> rssmgr-core"),
        ] {
            let broken = check(&graph(&[SOUND, &[seed]].concat()));
            let found = broken.iter().any(|b| b.starts_with(&format!("{path}: ")));
            assert!(found, "{seed:?} gave {broken:#?}");
        }
    }

    #[test]
    fn a_renamed_or_new_crate_is_noticed() {
        let mut packages = graph(SOUND);
        packages.get_mut("rssmgr-host").unwrap().name = "rssmgr-machine".into();
        let broken = check(&packages);
        assert!(broken.iter().any(|b| b.contains("no crate `rssmgr-host`")), "{broken:#?}");
        assert!(broken.iter().any(|b| b.contains("`rssmgr-machine` is not in edges.rs")), "{broken:#?}");
    }
}
