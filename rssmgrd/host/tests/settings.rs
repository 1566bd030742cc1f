//! Which files are the configuration, and what saved settings hide of it.

mod tree;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rssmgr_core::doctor::Hidden;
use rssmgr_host::settings::{SAVED, Whom, config_files, hidden, managed, vports};
use rssmgr_host::{HostError, boot_id};
use tree::Tree;

const CONFIG: &str = "etc/rssmgrd/rssmgrd.toml";

fn whom() -> Vec<Whom> {
    let one = |name: &str, mac: &str, driver: &str| Whom {
        name: name.into(),
        mac: Some(mac.into()),
        driver: Some(driver.into()),
    };
    vec![one("eth0", "52:54:00:00:00:03", "igb"), one("eth1", "52:54:00:00:00:04", "ice")]
}

fn look(config: &str, saved: &str) -> Result<Vec<Hidden>, HostError> {
    let tree = Tree::new("hidden", &[(CONFIG, config), (SAVED, saved)]);
    hidden(&tree.0, &[CONFIG.into()], Path::new(SAVED), &whom())
}

/// `adapter key saved configured place`.
fn lines(config: &str, saved: &str) -> Vec<String> {
    let line = |h: Hidden| format!("{} {} {} {} {}", h.adapter, h.key, h.saved, h.configured, h.place);
    look(config, saved).unwrap().into_iter().map(line).collect()
}

const FOUR: &str = "# sum\nversion = 1\nrss = true\n[[adapter]]\nkey = \"k\"\nname = \"eth0\"\nmanaged = true\n\
                    [adapter.settings]\nmax_processors = 4\nhash_key = \"symmetric\"\n";

#[test]
fn only_another_value_is_hidden() {
    let rule = |condition: &str, settings: &str| {
        format!("[daemon]\nlog = \"info\"\n[[adapter]]\nmatch = {{ {condition} }}\n{settings}\n")
    };
    let at = format!("eth0 max_processors 4 8 /{CONFIG}:5");
    for condition in ["name = \"eth*\"", "mac = \"52-54-00-00-00-03\"", "driver = \"igb\", name = \"e*\""] {
        assert_eq!(lines(&rule(condition, "max_processors = 8"), FOUR), [at.as_str()], "{condition}");
    }
    for condition in ["name = \"eth1\"", "driver = \"ice\"", "slot = \"3\"", ""] {
        assert_eq!(lines(&rule(condition, "max_processors = 8"), FOUR), Vec::<String>::new(), "{condition}");
    }
    let all = "name = \"*\"";
    assert_eq!(lines(&rule(all, "max_processors = 4"), FOUR), Vec::<String>::new(), "the same value");
    assert_eq!(lines(&rule(all, "max_processors = \"4\""), FOUR), Vec::<String>::new(), "another spelling");
    assert_eq!(lines(&rule(all, "profile = \"Closest\""), FOUR), Vec::<String>::new(), "another setting");
    assert_eq!(lines(&rule(all, "max_processors = []"), FOUR), Vec::<String>::new(), "not understood");
    // The last rule decides.
    let two =
        rule(all, "max_processors = 8") + "[[adapter]]\nmatch = { name = \"eth0\" }\nmax_processors = 4\n";
    assert_eq!(lines(&two, FOUR), Vec::<String>::new());
    // Keys are secrets.
    let key = rule(all, &format!("hash_key = \"{}\"", "6d".repeat(39) + "5a"));
    assert_eq!(lines(&key, FOUR), [format!("eth0 hash_key (a key) (a key) /{CONFIG}:5")]);
}

#[test]
fn what_was_written_later_is_told() {
    let config = "[[adapter]]\nmatch = { name = \"*\" }\nmax_processors = 8\n";
    let tree = Tree::new("later", &[(CONFIG, config), (SAVED, FOUR)]);
    let now = SystemTime::now();
    let touch = |file: &str, ago: u64| {
        File::options()
            .write(true)
            .open(tree.0.join(file))
            .unwrap()
            .set_modified(now - Duration::from_secs(ago))
            .unwrap();
    };
    let newer = || hidden(&tree.0, &[CONFIG.into()], Path::new(SAVED), &whom()).unwrap()[0].newer;
    touch(CONFIG, 10);
    touch(SAVED, 20);
    assert_eq!(newer(), Some(true));
    touch(SAVED, 5);
    assert_eq!(newer(), Some(false));
}

#[test]
fn managed_adapters() {
    let more = "[[adapter]]\nname = \"eth1\"\nmanaged = false\n[[adapter]]\nname = \"eth2\"\n";
    let tree = Tree::new("managed", &[(SAVED, format!("{FOUR}{more}").as_str())]);
    assert_eq!(managed(&tree.0, Path::new(SAVED)).unwrap(), ["eth0"]);
    assert_eq!(managed(&tree.0, Path::new("nowhere")).unwrap(), Vec::<String>::new());
}

#[test]
fn vports_that_are_saved() {
    let adapter = |name: &str, more: &str, vports: &str| {
        format!("[[adapter]]\nkey = \"k\"\nname = \"{name}\"\n{more}\n[adapter.settings]\n{vports}")
    };
    let two =
        "[[adapter.vport]]\nid = 1\nname = \"vm7\"\nqueues = 2\n[[adapter.vport]]\nid = 4\nname = \"\"\n";
    let text = [
        adapter("eth0", "managed = true", two),
        adapter("eth1", "managed = true\nvmq_off = true", two),
        adapter("eth2", "managed = false", two),
        adapter("eth3", "managed = true", ""),
    ];
    let tree = Tree::new("vports", &[(SAVED, text.concat().as_str())]);
    let found = vports(&tree.0, Path::new(SAVED)).unwrap();
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        [("eth0".into(), vec![(1, "vm7".into()), (4, String::new())])]
    );
    assert!(vports(&tree.0, Path::new("nowhere")).unwrap().is_empty());
}

#[test]
fn each_boot_has_an_id() {
    let tree = Tree::new("boot", &[("proc/sys/kernel/random/boot_id", "8f6a-1\n")]);
    assert_eq!((boot_id(&tree.0).as_str(), boot_id(Path::new("/nowhere")).as_str()), ("8f6a-1", ""));
}

#[test]
fn damage_is_named_and_absence_is_none() {
    let e = look("a = 1\n[[adapter]\n", FOUR).unwrap_err();
    assert!(matches!(e, HostError::Line { line: 2, .. }), "{e}");
    assert!(look("", "x").is_err());
    let tree = Tree::new("absent", &[("etc/x", "")]);
    assert_eq!(hidden(&tree.0, &[CONFIG.into()], Path::new(SAVED), &whom()).unwrap(), []);
}

#[test]
fn files_by_the_rules_of_drop_ins() {
    let tree = Tree::new(
        "files",
        &[
            ("usr/lib/rssmgrd/rssmgrd.toml", ""),
            ("run/rssmgrd/rssmgrd.toml", ""),
            ("usr/lib/rssmgrd/rssmgrd.toml.d/10-a.toml", ""),
            ("etc/rssmgrd/rssmgrd.toml.d/10-a.toml", ""),
            ("etc/rssmgrd/rssmgrd.toml.d/05-b.toml", ""),
            ("etc/rssmgrd/rssmgrd.toml.d/notes.txt", ""),
        ],
    );
    let wanted = [
        "run/rssmgrd/rssmgrd.toml",
        "etc/rssmgrd/rssmgrd.toml.d/05-b.toml",
        "etc/rssmgrd/rssmgrd.toml.d/10-a.toml",
    ];
    assert_eq!(config_files(&tree.0).unwrap(), wanted.map(PathBuf::from));
}
