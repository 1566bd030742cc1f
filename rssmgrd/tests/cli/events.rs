//! Events, and waiting.

use std::fs;

use crate::run::Daemon;

#[test]
fn what_happens_is_followed_without_a_gap() {
    let mut daemon = Daemon::with_nic();
    let past = daemon.line("events -o json").json();
    let last = past["events"].as_array().unwrap().last().unwrap()["seq"].as_u64().unwrap();
    let mut lines = daemon.follow(&["events", "--follow", "--since", "1h", "-o", "jsonl"]);
    let mut seq = 0;
    while seq < last {
        let next = lines.next().unwrap()["seq"].as_u64().unwrap();
        assert_eq!(next, seq + 1, "the past, whole");
        seq = next;
    }
    assert_eq!(daemon.line("set nic0 --profile Closest --queues 4").code, 0);
    let upto = daemon.line("events -o json").json()["events"].as_array().unwrap().last().unwrap()["seq"]
        .as_u64()
        .unwrap();
    assert!(upto > last);
    while seq < upto {
        let event = lines.next().unwrap();
        assert_eq!((&event["seq"], &event["version"]), (&(seq + 1).into(), &1.into()), "{event}");
        assert!(event["message"].as_str().unwrap().starts_with("nic0"), "{event}");
        seq += 1;
    }
    daemon.kill();
    assert!(lines.next().is_none());
    assert_eq!(lines.code(), 8, "the end of the daemon is told");
}

#[test]
fn a_follower_that_is_too_slow_goes_on_and_tells_what_it_missed() {
    let daemon = Daemon::start();
    for n in 0..64 {
        let line = format!("softnic create a{n} --queues 8 --topology 2x8x2");
        assert_eq!(daemon.line(&line).code, 0);
    }
    let newest = || {
        let last = daemon.line("events -n 1 -o json").json();
        last["events"][0]["seq"].as_u64().unwrap()
    };
    // It listens before it tells of the past.
    let mut lines = daemon.follow(&["events", "--follow", "--since", "1h", "-o", "jsonl"]);
    let first = lines.next().unwrap()["seq"].as_u64().unwrap();
    // Nobody reads its lines until everything has happened.
    let said = daemon.line("set a* --queues 3 --profile NUMA");
    assert_eq!(said.code, 0, "{said:?}");
    let upto = newest();
    let found = lines.until(|e| e["seq"].as_u64().unwrap() >= upto);
    let seqs: Vec<u64> = found.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b), "in order, each once");
    let told = fs::read_to_string(daemon.folder.path().join("followed.err")).unwrap();
    let lost: u64 = told
        .lines()
        .filter_map(|l| {
            l.strip_prefix("rssctl: note: ")?.split_once(" events were lost")?.0.parse::<u64>().ok()
        })
        .sum();
    assert_eq!(u64::try_from(found.len()).unwrap() + lost, upto - first, "{told}");
}

#[test]
fn events_are_chosen_by_id_adapter_number_and_time() {
    let daemon = Daemon::with_nic();
    assert_eq!(daemon.line("set nic0 --profile Closest").code, 0);
    let count = |line: &str| daemon.line(line).json()["events"].as_array().unwrap().len();
    let all = count("events -o json");
    assert!(all > 3);
    assert_eq!(count("events -n 2 -o json"), 2);
    assert_eq!(count("events --adapter nope -o json"), 0);
    assert_eq!(count("events --since 2100-01-01 -o json"), 0);
    assert_eq!(count("events --since 1d -o json"), all);
    let of = |id: u32| daemon.line(&format!("events --id {id} -o json")).json()["events"].clone();
    // One entry is told by itself, many at once as a table.
    let tables = of(1244).as_array().unwrap().len();
    assert_eq!((tables, of(1237).as_array().unwrap().len()), (2, 0));
    let onto =
        daemon.line("get nic0 -o json").json()["adapters"][0]["indirection_table"][1]["processor"].clone();
    assert_eq!(daemon.line(&format!("table set nic0 0={}", onto.as_str().unwrap())).code, 0);
    assert_eq!((of(1244).as_array().unwrap().len(), of(1237)[0]["id"].as_u64()), (2, Some(1237)));
    let rundown = daemon.line("events --rundown -o jsonl");
    assert!(rundown.code == 0 && rundown.out.lines().count() > 0, "{rundown:?}");
    let people = daemon.line("events -n 1").out;
    assert!(people.contains("T") && people.contains("Z  info") && people.lines().count() == 1, "{people}");
}

#[test]
fn waiting_ends_when_settled_or_when_time_is_over() {
    let daemon = Daemon::with_nic();
    let now: u64 = daemon.line("wait").out.trim().parse().unwrap();
    assert_eq!(daemon.line(&format!("wait --generation {now} -o json")).json()["generation"], now);
    let late = daemon.line(&format!("wait --generation {} --timeout 50ms", now + 1000));
    assert_eq!(late.code, 3, "{late:?}");
    assert!(late.err.contains("50 ms"), "{late:?}");
}
