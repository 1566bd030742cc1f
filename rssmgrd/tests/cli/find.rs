//! Which daemon is meant when nobody says so.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::run::{Daemon, Said, program};

/// rssctl without an address, in a run-time folder of this test's, with this system bus.
fn anywhere(runtime: &Path, bus: &str, args: &[&str]) -> Said {
    let mut c = Command::new(program());
    c.args(args)
        .env_remove("RSSCTL_ADDRESS")
        .env("XDG_RUNTIME_DIR", runtime)
        .env("DBUS_SYSTEM_BUS_ADDRESS", bus);
    c.stdin(Stdio::null()).output().unwrap().into()
}

/// A daemon with its socket where rssctl looks for it below `XDG_RUNTIME_DIR`.
fn own_daemon(more: impl FnOnce(&mut Command)) -> Option<Daemon> {
    if Path::new("/run/rssmgrd/bus.sock").exists() {
        eprintln!("SKIPPED find: a daemon of this machine has its socket in /run/rssmgrd");
        return None;
    }
    let folder = TempDir::new().unwrap();
    let inner = folder.path().join("rssmgrd");
    fs::DirBuilder::new().mode(0o700).create(&inner).unwrap();
    Some(Daemon::at(folder, inner.join("bus.sock"), more))
}

const NO_BUS: &str = "unix:path=/nonexistent/bus";

#[test]
fn the_private_socket_of_the_same_user_is_found_and_a_strange_folder_is_not_believed() {
    let Some(daemon) = own_daemon(|_| {}) else { return };
    let runtime = daemon.folder.path();
    let said = anywhere(runtime, NO_BUS, &["-v", "softnic", "list", "-o", "json"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.err.contains(&format!("the daemon at {}", runtime.join("rssmgrd/bus.sock").display())),
        "{said:?}"
    );
    // Who else may write into the folder may have put the socket there.
    fs::set_permissions(runtime.join("rssmgrd"), fs::Permissions::from_mode(0o777)).unwrap();
    let said = anywhere(runtime, NO_BUS, &["softnic", "list"]);
    assert_eq!(said.code, 8, "{said:?}");
    assert!(said.err.contains("is open to others (mode 0777)"), "{said:?}");
}

/// A message bus of this test's.
struct Bus(Child);

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn bus(folder: &Path) -> Option<(Bus, String)> {
    let address = format!("unix:path={}", folder.join("dbus").display());
    let config = folder.join("dbus.conf");
    let text = format!(
        "<busconfig><type>session</type><listen>{address}</listen><policy context=\"default\">\
         <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
    );
    fs::write(&config, text).unwrap();
    let mut c = Command::new("dbus-daemon");
    c.arg(format!("--config-file={}", config.display())).args(["--print-address", "--nofork", "--nopidfile"]);
    let Ok(mut child) = c.stdout(Stdio::piped()).stderr(Stdio::null()).spawn() else {
        eprintln!("SKIPPED find: dbus-daemon is not installed");
        return None;
    };
    // It prints its address once it listens.
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    assert!(line.starts_with("unix:"), "{line}");
    Some((Bus(child), address))
}

#[test]
fn a_daemon_on_the_bus_that_has_its_socket_too_is_one_daemon() {
    let outside = TempDir::new().unwrap();
    let Some((_bus, address)) = bus(outside.path()) else { return };
    let service = own_daemon(|c| {
        c.args(["--bus", "system"]).env("DBUS_SYSTEM_BUS_ADDRESS", &address);
    });
    let Some(service) = service else { return };
    let said = anywhere(service.folder.path(), &address, &["-v", "global", "set", "--rss", "off"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.err.contains("(the same daemon)") && said.err.contains("the daemon at the system bus"),
        "{said:?}"
    );
}

#[test]
fn when_two_daemons_answer_nothing_is_changed_without_an_address() {
    let outside = TempDir::new().unwrap();
    let Some((_bus, address)) = bus(outside.path()) else { return };
    let on_bus = |c: &mut Command| {
        c.args(["--bus", "system"]).env("DBUS_SYSTEM_BUS_ADDRESS", &address);
    };
    // One on the bus alone, then one that only has its socket.
    let system = Daemon::at(TempDir::new().unwrap(), outside.path().join("system.sock"), on_bus);
    let Some(private) = own_daemon(|_| {}) else { return };
    let runtime = private.folder.path();
    assert_eq!(system.line("softnic create far0 --queues 2 --topology 1x2x1").code, 0);
    assert_eq!(private.line("softnic create near0 --queues 2 --topology 1x2x1").code, 0);

    let said = anywhere(runtime, &address, &["get", "-o", "name"]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (0, "far0\n"),
        "reading: the system bus comes first: {said:?}"
    );
    for args in [
        &["set", "--profile", "Closest"][..],
        &["softnic", "delete", "near0"],
        &["global", "set", "--rss", "off"],
    ] {
        let said = anywhere(runtime, &address, args);
        assert_eq!(said.code, 2, "{args:?}: {said:?}");
        let socket = runtime.join("rssmgrd/bus.sock");
        assert!(
            said.err.contains("two daemons answer") && said.err.contains(socket.to_str().unwrap()),
            "{said:?}"
        );
    }
    let said = anywhere(runtime, &address, &["set", "--profile", "Closest", "--what-if"]);
    assert_eq!(said.code, 0, "a plan changes nothing: {said:?}");
    for (whose, name) in [("system", "far0"), (runtime.join("rssmgrd/bus.sock").to_str().unwrap(), "near0")] {
        let said =
            anywhere(runtime, &address, &["set", "--profile", "Closest", "-o", "name", "--address", whose]);
        assert_eq!((said.code, said.out.trim()), (0, name), "{said:?}");
    }
}
