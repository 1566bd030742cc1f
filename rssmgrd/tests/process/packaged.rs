//! The files that packages install, with the real daemon.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use zbus::connection::Builder;

use crate::bus::{Bus, on_bus};
use crate::process::{Client, Daemon, ended};

/// What the bus's policy keeps from everybody but root. Anything else that the daemon can be asked must reach it: a new
/// method belongs either here or in packaging/dbus/org.rssmgr1.conf.
const FOR_ROOT: [&str; 13] = [
    "org.rssmgr1.Adapter.GetHashKey",
    "org.rssmgr1.Manager.CommitCheckpoint",
    "org.rssmgr1.Manager.CreateSoftnic",
    "org.rssmgr1.Manager.DeleteSoftnic",
    "org.rssmgr1.Manager.ExtendCheckpoint",
    "org.rssmgr1.Manager.Reload",
    "org.rssmgr1.Manager.ResetSoftnic",
    "org.rssmgr1.Manager.RollBackCheckpoint",
    "org.rssmgr1.Manager.Rundown",
    "org.rssmgr1.Manager.SetGlobal",
    "org.rssmgr1.Manager.SetSoftnicPower",
    "org.rssmgr1.Manager.SetSoftnicSource",
    "org.rssmgr1.Manager.Verify",
];

const NOBODY: u32 = 65534;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every method of our interfaces, from their descriptions.
fn methods() -> Vec<String> {
    let mut methods = Vec::new();
    for entry in fs::read_dir(project().join("proto/dbus")).unwrap() {
        let file = entry.unwrap().path();
        let interface = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        let names = text.split("<method name=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        methods.extend(names.map(|name| format!("{interface}.{name}")));
    }
    methods
}

#[tokio::test]
async fn the_bus_lets_anyone_read_and_only_root_change() {
    let skipped = |why: &str| {
        eprintln!("SKIPPED the_bus_lets_anyone_read_and_only_root_change: {why}");
    };
    if !rustix::process::getuid().is_root() {
        return skipped("needs root, to be somebody else");
    }
    let dir = tempfile::tempdir().unwrap();
    // What a system bus says by itself, and ours.
    let policy = format!(
        "<policy context=\"default\"><allow user=\"*\"/><deny own=\"*\"/><deny send_type=\"method_call\"/>\n\
         <allow send_type=\"signal\"/><allow send_requested_reply=\"true\" send_type=\"method_return\"/>\n\
         <allow send_requested_reply=\"true\" send_type=\"error\"/><allow receive_type=\"*\"/>\n\
         <allow send_destination=\"org.freedesktop.DBus\"/></policy>\n\
         <include>{}</include>",
        project().join("packaging/dbus/org.rssmgr1.conf").display()
    );
    let Some(bus) = Bus::with_policy(dir.path(), &policy) else { return skipped("no dbus-daemon here") };
    let mut daemon = Daemon::spawn(dir.path(), on_bus(dir.path(), &bus));
    daemon.told("READY=1");
    let client = Client::over(Builder::address(bus.address())).await;
    client.create().await;
    let adapter = client.0.get_adapter("nic0").await.unwrap();

    let send = |uid: u32, object: &str, method: &str, arguments: &[&str]| {
        let mut command = Command::new("dbus-send");
        let address = format!("--bus={}", bus.address());
        command
            .args([address.as_str(), "--print-reply", "--dest=org.rssmgr1", object, method])
            .args(arguments);
        command.uid(uid).gid(uid);
        ended(command)
    };
    let methods = methods();
    assert!(methods.len() > FOR_ROOT.len(), "{methods:?}");
    assert!(FOR_ROOT.iter().all(|method| methods.iter().any(|m| m == method)), "{methods:?}");
    for method in &methods {
        // None takes such an argument: what reaches the daemon changes nothing there.
        let object = if method.contains(".Adapter.") { adapter.as_str() } else { "/org/rssmgr1" };
        let refused = |uid| send(uid, object, method, &["double:1"]).1.contains("DBus.Error.AccessDenied");
        assert!(!refused(0), "{method} as root");
        assert_eq!(refused(NOBODY), FOR_ROOT.contains(&method.as_str()), "{method} as somebody else");
    }
    for read in ["org.freedesktop.DBus.Introspectable.Introspect", "org.freedesktop.DBus.Peer.Ping"] {
        let (code, text) = send(NOBODY, "/org/rssmgr1", read, &[]);
        assert_eq!(code, Some(0), "{read}: {text}");
    }
    let (code, text) =
        send(NOBODY, "/org/rssmgr1", "org.freedesktop.DBus.ObjectManager.GetManagedObjects", &[]);
    assert!(code == Some(0) && text.contains("nic0"), "{text}");
    let properties = "org.freedesktop.DBus.Properties";
    let (code, text) =
        send(NOBODY, adapter.as_str(), &format!("{properties}.GetAll"), &["string:org.rssmgr1.Adapter"]);
    assert!(code == Some(0) && text.contains("IndirectionTable"), "{text}");

    // The name is root's.
    let mut command = Command::new("dbus-send");
    command.args([&format!("--bus={}", bus.address()), "--print-reply", "--dest=org.freedesktop.DBus", "/"]);
    command
        .args(["org.freedesktop.DBus.RequestName", "string:org.rssmgr1", "uint32:2"])
        .uid(NOBODY)
        .gid(NOBODY);
    let (code, text) = ended(command);
    assert!(code == Some(1) && text.contains("not allowed to own"), "{text}");
    daemon.stop();
}

#[test]
fn the_installed_configuration_manages_nothing_and_its_examples_work() {
    let file = project().join("packaging/etc/rssmgrd.toml");
    let dir = tempfile::tempdir().unwrap();
    let check = |file: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rssmgrd"));
        command.args(["--check-config", "--config"]).arg(file);
        ended(command)
    };
    let (code, text) = check(&file);
    assert!(code == Some(0) && text.contains("0 adapter rules"), "{text}");

    let text = fs::read_to_string(&file).unwrap();
    let example =
        |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).map(str::to_owned);
    let examples: Vec<String> = text.lines().filter_map(example).collect();
    let all = dir.path().join("all.toml");
    fs::write(&all, examples.join("\n")).unwrap();
    let (code, text) = check(&all);
    assert!(code == Some(0) && text.contains("2 adapter rules"), "{text}");
}
