//! Every argument with a wrong type, a value out of range, or an unknown name: exit code 2, one line that names the
//! argument, the value and what is allowed, and nothing done.

mod common;

use common::{Folder, rssctl};

#[test]
fn every_wrong_argument_is_named_with_its_value_and_what_is_allowed() {
    const NAMED: &[&str] = &["set", "nic0"];
    const OFFLINE: &[&str] = &["plan", "--topology", "2x4x1", "--adapter"];
    let cases: &[(&[&str], &[&str], &[&str])] = &[
        // Settings, one wrong value at least of each.
        (NAMED, &["--enabled", "maybe"], &["enabled: `maybe`", "true or false"]),
        (NAMED, &["--profile", "Nearest"], &["profile: `Nearest`", "Closest, ClosestStatic, NUMA"]),
        (NAMED, &["--profile", "7"], &["profile: `7`"]),
        (NAMED, &["--base-processor", "0:64"], &["base_processor: `0:64`", "0 to 63"]),
        (NAMED, &["--max-processor", "x"], &["max_processor: `x`", "group:number"]),
        (NAMED, &["--max-processors", "0"], &["max_processors: `0`", "1 to 8192"]),
        (NAMED, &["--numa-node", "65536"], &["numa_node: `65536`", "0 to 65535"]),
        (NAMED, &["--numa-node", "near"], &["numa_node: `near`", "any (65535)"]),
        (NAMED, &["--queues", "0"], &["queues: `0`", "1 to 1024"]),
        (NAMED, &["--queues", "-3"], &["queues: `-3`", "1 to 1024"]),
        (NAMED, &["--queues", "8.5"], &["queues: `8.5`", "not a whole number"]),
        (NAMED, &["--queues", "99999999999999999999"], &["queues: `99999999999999999999`", "1 to 1024"]),
        (NAMED, &["--hash-key", "6d5"], &["hash_key: `6d5`"]),
        (
            NAMED,
            &["--hash-key", "xyz"],
            &["hash_key: `xyz` is refused: character 1 (`x`)", "40 bytes on most adapters"],
        ),
        (NAMED, &["--hash-key", ""], &["hash_key: `` has no byte", "40 bytes on most adapters"]),
        (NAMED, &["--encapsulation", "geneve"], &["encapsulation: `geneve`", "nvgre, gre, vxlan"]),
        (NAMED, &["--encapsulation", "gre,+vxlan"], &["encapsulation: `gre,+vxlan`", "every one a sign"]),
        (NAMED, &["--vxlan-port", "65536"], &["vxlan_port: `65536`", "1 to 65535"]),
        (NAMED, &["--hash-types", "tcp"], &["hash_types: `tcp`", "tcp_ipv4"]),
        (NAMED, &["--hash-types", "tcp_ipv4,udp_ipv4"], &["hash_types: `tcp_ipv4,udp_ipv4`", "ipv4"]),
        (NAMED, &["--smt", "off"], &["smt: `off`", "skip"]),
        (NAMED, &["--exclude-cpus", "3-1"], &["exclude_cpus: `3-1`", "0-3,8"]),
        // How to apply.
        (
            NAMED,
            &["--queues", "8", "--allow", "much"],
            &["'much'", "--allow", "none, reorder, gap, link, addresses"],
        ),
        (NAMED, &["--queues", "8", "--if-generation", "-1"], &["--if-generation", "-1"]),
        (NAMED, &["--queues", "8", "--confirm=perhaps"], &["'perhaps'", "--confirm", "true, false"]),
        (NAMED, &["--queues", "8", "--confirm"], &["nobody is there to answer", "--confirm=false"]),
        (NAMED, &["--queues", "8", "--queues", "9"], &["--queues", "multiple times"]),
        (NAMED, &["--queue", "8"], &["'--queue'", "--queues"]),
        (NAMED, &["--interface-description", "x", "--queues", "8"], &["--interface-description", "NAME"]),
        (NAMED, &[], &["nothing to set", "--profile"]),
        (&["set"], &["--enabled", "false"], &["--enabled needs the name of an adapter", "disable --all"]),
        (&["enable"], &[], &["NAME", "--all"]),
        (&["disable"], &["--all", "nic0"], &["--all", "NAME"]),
        (&["release"], &["--everything"], &["'--everything'"]),
        // Tables, flows, explanations.
        (&["table", "set", "nic0"], &["5"], &["`5`", "ENTRY=PROCESSOR"]),
        (&["table", "set", "nic0"], &["x=0:1"], &["`x=0:1`", "ENTRY=PROCESSOR"]),
        (&["table", "set", "nic0"], &["1=0:64"], &["`0:64`", "0 to 63"]),
        (&["table", "set", "nic0"], &[], &["<ENTRY=PROCESSOR>"]),
        (&["table", "move", "nic0"], &["--from", "8192", "--to", "1"], &["`8192`", "8191"]),
        (&["table", "move", "nic0"], &["--from", "1"], &["--to"]),
        (&["table", "move", "nic0"], &[], &["<MOVE>"]),
        (&["table", "move", "nic0"], &["3=0:64"], &["`0:64`", "0 to 63"]),
        (&["table", "move", "nic0"], &["32768=1"], &["`32768=1`", "0 to 32767"]),
        (
            &["table", "move", "nic0"],
            &["3=1", "--from", "1", "--to", "2"],
            &["--from", "cannot be used with"],
        ),
        (&["table", "move", "nic0"], &["3=1", "--actor", "x"], &["`x`"]),
        // VPorts.
        (&["vport", "create", "nic0"], &["--queues", "-1"], &["'-1'", "--queues"]),
        (&["vport", "create", "nic0"], &["--processors", "0:64"], &["`0:64`", "0 to 63"]),
        (&["vport", "create", "nic0"], &["--enabled", "perhaps"], &["'perhaps'", "true, false"]),
        (&["vport", "set", "nic0", "1"], &[], &["nothing to set", "--queues"]),
        (&["vport", "delete", "nic0"], &["x"], &["'x'", "<ID>"]),
        (&["vport", "filter", "nic0", "1"], &[], &["--add"]),
        (&["vmq", "set", "nic0"], &[], &["nothing to set", "--base-processor"]),
        (&["vmq", "set", "nic0"], &["--enabled", "maybe"], &["enabled: `maybe`", "true or false"]),
        (&["vmq", "set"], &["--enabled", "true"], &["NAME"]),
        (&["why", "nic0"], &["--cpu", "a"], &["`a`", "group:number"]),
        (&["why", "nic0"], &["--entry", "-1"], &["-1"]),
        (&["why", "nic0"], &["--cpu", "1", "--entry", "1"], &["--cpu", "--entry"]),
        (&["why", "nic0"], &["--flow", "192.0.2.1"], &["--flow"]),
        (&["flow", "nic0"], &["192.0.2.1:x", "192.0.2.2:1"], &["`192.0.2.1:x`", "0 to 65535"]),
        (&["flow", "nic0"], &["192.0.2.1:1", "192.0.2.2"], &["needs both ports"]),
        (&["flow", "nic0"], &["192.0.2.1:1", "192.0.2.2:2", "sctp"], &["`sctp`", "tcp, udp, ip"]),
        // Counters, events, waiting.
        (&["stats"], &["--per", "core"], &["'core'", "queue, cpu, entry"]),
        (&["stats"], &["--watch=soon"], &["watch: `soon`", "30s"]),
        (&["stats"], &["--watch=0"], &["watch: `0`", "0.1 to 3600"]),
        (&["stats"], &["--watch=2h"], &["watch: `2h`", "0.1 to 3600"]),
        (&["table", "get", "nic0"], &["-o", "name"], &["`-o name`", "table, json, jsonl or yaml"]),
        (&["why", "nic0"], &["-o", "name"], &["`-o name`", "json, jsonl or yaml"]),
        (&["flow", "nic0", "192.0.2.1", "192.0.2.2"], &["-o", "name"], &["`-o name`", "json, jsonl or yaml"]),
        (&["stats"], &["--count", "3"], &["--watch"]),
        (&["events"], &["--since", "yesterday"], &["since: `yesterday`", "2026-01-31T08:00:00Z"]),
        (&["events"], &["--id", "x"], &["'x'", "--id"]),
        (&["events"], &["--rundown", "--follow"], &["--rundown", "--follow"]),
        (&["events"], &["--follow", "-o", "json"], &["no single document", "jsonl"]),
        (&["wait"], &["--timeout", "forever"], &["timeout: `forever`", "30s"]),
        (&["wait"], &["--generation", "x"], &["'x'", "--generation"]),
        (&["global", "set"], &["--rss", "maybe"], &["'maybe'", "on, off"]),
        (&["softnic", "source", "nic0"], &[], &["<SOURCE>"]),
        // Offline.
        (&["hash"], &[], &["SRC"]),
        (&["hash"], &["192.0.2.1"], &["DST"]),
        (&["hash"], &["192.0.2.1", "::1"], &["different IP versions"]),
        (&["hash", "192.0.2.1:1", "192.0.2.2:2"], &["--proto", "x"], &["`x`", "tcp, udp, ip"]),
        (&["hash", "192.0.2.1", "192.0.2.2"], &["--hash-key", "00"], &["hash-key", "40"]),
        (&["hash", "192.0.2.1", "192.0.2.2"], &["--hash-types", "ip"], &["hash-types", "ip"]),
        (&["hash", "192.0.2.1", "192.0.2.2"], &["--entries", "0"], &["entries: `0`", "1 to 65536"]),
        (&["hash", "192.0.2.1", "192.0.2.2"], &["--entries", "65537"], &["entries: `65537`", "1 to 65536"]),
        (
            &["hash", "--pcap", "x"],
            &["--encapsulation", "geneve"],
            &["encapsulation", "`geneve`", "nvgre, gre, vxlan"],
        ),
        (
            &["hash", "--pcap", "x", "--encapsulation", "vxlan"],
            &["--vxlan-port", "0"],
            &["VXLAN port: `0`", "1 to 65535"],
        ),
        (OFFLINE, &["queues=0"], &["queues: `0`", "1 to 1024"]),
        (OFFLINE, &["queue=8"], &["`queue`", "did you mean `queues`?"]),
        (OFFLINE, &["queues=8,node=2"], &["node: `2`", "0, 1"]),
        (OFFLINE, &["queues=8", "--queues", "x"], &["queues: `x`"]),
        (OFFLINE, &["queues=8", "--base-processor", "0:9"], &["base_processor", "no processor is eligible"]),
        (&["plan"], &["--topology", "2x4", "--adapter", "queues=8"], &["`2x4`", "2x8x2"]),
        (&["plan"], &["--topology", "0x4x1", "--adapter", "queues=8"], &["nodes", "1 to 1024"]),
        (&["plan"], &["--topology", "2x4x1"], &["--adapter"]),
        (&["plan"], &["--adapter", "queues=8"], &["--sysroot", "--topology"]),
        (&["plan"], &["--sysroot", "nowhere", "--adapter", "queues=8"], &["nowhere"]),
        // The program itself.
        (&["gett"], &[], &["'gett'", "'get'"]),
        (&["get"], &["-o", "xml"], &["'xml'", "jsonl"]),
        (&["get"], &["--color", "blue"], &["'blue'", "always"]),
        (&["get"], &["--address", "somewhere"], &["address: `somewhere`", "unix:path="]),
        (&["get"], &["--json"], &["'--json'"]),
        (&["Get-NetAdapterRsss"], &[], &["`Get-NetAdapterRsss`", "did you mean Get-NetAdapterRss?"]),
        (&["Restart-NetAdapter"], &["-Name", "nic0"], &["Restart-NetAdapter is not there yet"]),
    ];
    let mut wrong = Vec::new();
    for (verb, args, needles) in cases {
        let line: Vec<&str> = verb.iter().chain(*args).copied().collect();
        let said = rssctl(&line);
        let one_error = said.err.lines().filter(|l| l.starts_with("rssctl: error: ")).count() == 1;
        let named = needles.iter().all(|n| said.err.contains(n));
        if said.code != 2 || !one_error || !named || !said.out.is_empty() || said.err.lines().count() > 3 {
            wrong.push(format!("{line:?} -> {said:?}, expected 2 and {needles:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_daemon_that_is_not_there_is_exit_code_8_with_the_remedy() {
    for line in
        [&["get"][..], &["set", "--queues", "8"], &["events", "--follow"], &["wait"], &["softnic", "list"]]
    {
        let said = rssctl(line);
        assert_eq!(said.code, 8, "{line:?}: {said:?}");
        assert!(said.err.contains("does not exist") && said.err.contains("rssmgrd --demo"), "{said:?}");
    }
}

#[test]
fn a_socket_that_nobody_serves_is_exit_code_8() {
    let folder = Folder::new("stale");
    let path = folder.0.join("bus.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let address = path.to_str().unwrap();
    let said = rssctl(&["get", "--address", address]);
    assert_eq!(said.code, 8, "{said:?}");
    assert!(said.err.contains("nobody listens there") && said.err.contains(address), "{said:?}");
}

#[test]
fn output_that_nobody_reads_is_no_failure() {
    let folder = Folder::new("closed");
    let said = common::bash(
        "rssctl generate schema --dir s && rssctl hash 192.0.2.1 192.0.2.2 > /dev/full",
        &folder.0,
    );
    assert_eq!(said.code, 1, "a full disk is a failure: {said:?}");
    let line = "set -o pipefail; rssctl plan --topology 8x64x2 --adapter queues=512,entries=32768 -o json | head -c 10";
    let said = common::bash(line, &folder.0);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    let said = common::bash("set -o pipefail; rssctl --help | head -n 1", &folder.0);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
}
