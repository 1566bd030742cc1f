use super::*;
use proptest::prelude::*;
use rssmgr_core::field::Field;
use rssmgr_core::manager::{AdapterFacts, Kind};
use rssmgr_core::settings::Settings;
use std::fs;
use std::path::Path;

fn read(text: &str) -> Result<Loaded, String> {
    let mut loaded = Loaded::default();
    parse::file("f.toml", text, &mut loaded).map(|()| loaded).map_err(|e| e.to_string())
}

fn facts(name: &str, driver: &str) -> AdapterFacts {
    AdapterFacts {
        name: name.into(),
        key: name.into(),
        kind: Kind::Kernel,
        description: String::new(),
        driver: driver.into(),
        mac: Some([2, 0, 0, 0, 0, 1]),
        team: None,
        driver_version: String::new(),
        firmware: String::new(),
        node: None,
    }
}

#[test]
fn a_configuration_is_read_with_the_line_of_each_setting() {
    let loaded = read(
        "[daemon]\nmetrics = \"off\"\nlog = \"debug\"\nmax_clients = 7\npoll_interval = 9\nmetrics_entries = true\n\n[[adapter]]\nmatch = { name = \"eth*\", driver = \"igb\" }\nprofile = \"Closest\"\nqueues = 4\n[[adapter]]\nmatch.mac = \"02:00:00:00:00:01\"\nhash_types = [\"ipv4\", \"tcp_ipv4\"]\nqueues = \"auto\"\n",
    )
    .unwrap();
    assert_eq!(
        loaded.daemon,
        DaemonConfig {
            metrics: Some(MetricsAddress::Off),
            metrics_entries: Some(true),
            log: Some(LogLevel::Debug),
            max_clients: Some(7),
            poll_interval: Some(9),
        }
    );
    let origins = |name, driver| {
        let s = Settings::layered(&loaded.adapters.layers(&facts(name, driver)));
        [Field::Profile, Field::Queues, Field::HashTypes].map(|f| format!("{} {}", s.text(f), s.origin(f)))
    };
    assert_eq!(origins("eth0", "igb"), ["Closest f.toml:10", "auto f.toml:15", "ipv4,tcp_ipv4 f.toml:14"]);
    assert_eq!(origins("eth0", "ice"), ["NUMAStatic default", "auto f.toml:15", "ipv4,tcp_ipv4 f.toml:14"]);
}

#[test]
fn every_mistake_says_where_it_is_and_what_to_do() {
    for (text, place, needle) in [
        (
            "[[adapter]]\nmatch.name = \"*\"\nbase_procesor = 2\n",
            "f.toml:3:1",
            "did you mean `base_processor`?",
        ),
        ("[[adaptor]]\n", "f.toml:1:3", "did you mean `adapter`?"),
        ("[adapter]\nqueues = 3\n", "f.toml:1:2", "with two brackets"),
        ("[daemon]\nmetrix = \"off\"\n", "f.toml:2:1", "did you mean `metrics`?"),
        ("[daemon]\nmetrics = 9758\n", "f.toml:2:11", "write \"127.0.0.1:9758\" or \"off\""),
        ("[daemon]\nmetrics = \"localhost\"\n", "f.toml:2:11", "ADDRESS:PORT"),
        ("[daemon]\nmax_clients = 0\n", "f.toml:2:15", "1 to 10000"),
        ("[daemon]\npoll_interval = -1\n", "f.toml:2:17", "0 for never"),
        ("[daemon]\nlog = \"loud\"\n", "f.toml:2:7", "\"warn\""),
        ("daemon = 1\n", "f.toml:1:1", "write [daemon]"),
        ("[[adapter]]\nqueues = 4\n", "f.toml:1:1", "needs `match`"),
        ("[[adapter]]\nmatch = {}\n", "f.toml:2:9", "it is empty"),
        ("[[adapter]]\nmatch = { nam = \"x\" }\n", "f.toml:2:11", "did you mean `name`?"),
        ("[[adapter]]\nmatch = { mac = \"2:0:0:0:0:1\" }\n", "f.toml:2:17", "02:00:00:00:00:01"),
        ("[[adapter]]\nmatch = { name = 3 }\n", "f.toml:2:18", "write a text"),
        ("[[adapter]]\nmatch.name = \"*\"\nqueues = 2000\n", "f.toml:3:10", "is not in 1 to 1024"),
        ("[[adapter]]\nmatch.name = \"*\"\nqueues = 1.5\n", "f.toml:3:10", "this float is not taken here"),
        ("[[adapter]]\nmatch.name = \"*\"\nenabled = \"maybe\"\n", "f.toml:3:11", "true or false"),
        (
            "[[adapter]]\nmatch.name = \"*\"\nhash_key = \"random\"\n",
            "f.toml:3:12",
            "another key at each start",
        ),
        ("[[adapter]]\nmatch.name = \"*\"\nqueues = \n", "f.toml:3:10", "expected"),
        ("[[adapter]]\nmatch.name = \"*\"\nqueues = 1\nqueues = 2\n", "f.toml:4:1", "duplicate"),
        ("x", "f.toml:1:2", "expected"),
    ] {
        let e = read(text).expect_err(text);
        assert!(e.starts_with(&format!("{place}: ")), "{text:?} gave {e}");
        assert!(e.contains(needle), "{text:?} gave {e}");
    }
}

#[test]
fn the_line_is_quoted_with_a_caret_below_the_mistake() {
    let e = read("[[adapter]]\nmatch.name = \"ä\" \nqueues = \"ö\" # x\n").unwrap_err();
    let lines: Vec<&str> = e.lines().collect();
    assert_eq!(lines[1..], [" 3 | queues = \"ö\" # x", "   |          ^^^"], "{e}");
}

#[test]
fn folders_mask_and_order_as_systemd_does_it() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, queues: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, if queues.is_empty() { String::new() } else { rule(queues) }).unwrap();
    };
    fn rule(queues: &str) -> String {
        format!("[[adapter]]\nmatch.name = \"*\"\nqueues = {queues}\n")
    }
    write("usr/lib/rssmgrd/rssmgrd.toml", "1");
    write("run/rssmgrd/rssmgrd.toml", "2");
    write("usr/lib/rssmgrd/rssmgrd.toml.d/50-b.toml", "3");
    write("usr/local/lib/rssmgrd/rssmgrd.toml.d/10-a.toml", "4");
    write("etc/rssmgrd/rssmgrd.toml.d/50-b.toml", "5");
    write("usr/lib/rssmgrd/rssmgrd.toml.d/60-c.toml", "6");
    write("etc/rssmgrd/rssmgrd.toml.d/60-c.toml", "");
    write("usr/lib/rssmgrd/rssmgrd.toml.d/70-d.toml", "7");
    std::os::unix::fs::symlink("/dev/null", root.path().join("etc/rssmgrd/rssmgrd.toml.d/70-d.toml"))
        .unwrap();
    write("etc/rssmgrd/rssmgrd.toml.d/80-e.conf", "8");
    let loaded = load(&Search::System(root.path().into())).unwrap();
    let files: Vec<&Path> = loaded.adapters.files.iter().map(Path::new).collect();
    let names = [
        "run/rssmgrd/rssmgrd.toml",
        "usr/local/lib/rssmgrd/rssmgrd.toml.d/10-a.toml",
        "etc/rssmgrd/rssmgrd.toml.d/50-b.toml",
    ];
    assert_eq!(files, names.map(|n| root.path().join(n)));
    let settings = Settings::layered(&loaded.adapters.layers(&facts("eth0", "igb")));
    assert_eq!(settings.text(Field::Queues), "5", "the last file wins");
}

#[test]
fn private_configuration_is_a_file_or_a_folder_and_must_exist() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.toml");
    let e = load(&Search::Private(file.clone())).unwrap_err().to_string();
    assert!(e.contains("x.toml") && e.contains("No such file"), "{e}");
    fs::write(&file, "[daemon]\nmax_clients = 3\n").unwrap();
    assert_eq!(load(&Search::Private(file)).unwrap().daemon.max_clients, Some(3));
    assert!(load(&Search::Private(dir.path().into())).unwrap().adapters.files.is_empty());
    fs::write(dir.path().join(MAIN), [b'a', b'\n', 0xff]).unwrap();
    let e = load(&Search::Private(dir.path().into())).unwrap_err().to_string();
    assert!(e.contains("line 2 is not UTF-8"), "{e}");
}

proptest! {
    #[test]
    fn no_text_panics(text in "(\\[\\[?(adapter|daemon|x)\\]\\]?\n)?([a-z_.=\"'{}\\[\\]0-9 \n#\u{e4}\u{1f600}-]{0,60}\n){0,4}") {
        if let Err(e) = read(&text) {
            prop_assert!(e.starts_with("f.toml:"), "{}", e);
        }
    }
}
