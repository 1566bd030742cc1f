//! The daemon on a bus that belongs to the test.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use zbus::connection::Builder;

use crate::process::{Client, Daemon, ended, rssmgrd};

/// A bus of the test's own.
pub(crate) struct Bus {
    child: Child,
    address: String,
}

impl Bus {
    /// One for every user of this machine; `None` where there is no dbus-daemon.
    fn start(dir: &Path) -> Option<Self> {
        let policy = "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_destination=\"*\"/>\n\
             <allow receive_sender=\"*\"/></policy>";
        Self::with_policy(dir, policy)
    }

    /// One that may be used as the policy says; `None` where there is no dbus-daemon.
    pub(crate) fn with_policy(dir: &Path, policy: &str) -> Option<Self> {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();
        let config = dir.join("bus.conf");
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
             <busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\n\
             {policy}</busconfig>\n",
            dir.join("bus").display()
        );
        fs::write(&config, text).unwrap();
        let mut child = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address"])
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Self { child, address: address.trim().to_owned() })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn on_bus(dir: &Path, bus: &Bus) -> Command {
    let mut command = rssmgrd(dir);
    command.args(["--bus", "session"]).env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    command
}

#[tokio::test]
async fn the_same_objects_are_on_the_bus_and_callers_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mut bus) = Bus::start(dir.path()) else {
        eprintln!("SKIPPED the_same_objects_are_on_the_bus_and_callers_are_told_apart: no dbus-daemon here");
        return;
    };
    let mut daemon = Daemon::spawn(dir.path(), on_bus(dir.path(), &bus));
    daemon.told("READY=1");
    let client = Client::over(Builder::address(bus.address.as_str())).await;
    client.create().await;
    client.apply(json!({"queues": 2})).await.unwrap();
    assert_eq!(client.nic().await.number_of_receive_queues, 2);
    // The private socket shows the same.
    let private = Client::at(&dir.path().join("bus.sock")).await;
    assert_eq!(private.nic().await, client.nic().await);
    let path = client.0.get_adapter("nic0").await.unwrap();
    let adapter = rssmgr_proto::proxy::AdapterProxy::builder(client.0.inner().connection());
    let adapter = adapter.path(path).build().await.unwrap();
    assert_eq!(adapter.get_hash_key().await.unwrap().len(), 40);

    if rustix::process::getuid().is_root() {
        // Somebody else, who may look and not touch.
        let send = |member: &str, arguments: &[&str]| {
            let mut command = Command::new("dbus-send");
            command.args([
                &format!("--bus={}", bus.address),
                "--print-reply",
                "--dest=org.rssmgr1",
                "/org/rssmgr1",
            ]);
            command.arg(format!("org.rssmgr1.Manager.{member}")).args(arguments).uid(65534).gid(65534);
            ended(command)
        };
        let (code, text) = send("GetGlobal", &[]);
        assert_eq!(code, Some(0), "{text}");
        let (code, text) = send("SetGlobal", &["boolean:false"]);
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains("org.rssmgr1.Error.NotAuthorised") && text.contains("uid 65534 may not"),
            "{text}"
        );
        assert!(format!("{:?}", client.0.get_global().await.unwrap()).contains("true"));
    } else {
        eprintln!("SKIPPED the part of another user: needs root");
    }

    // One name, one daemon.
    let other = tempfile::tempdir().unwrap();
    let (code, text) = ended(on_bus(other.path(), &bus));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("serving the session bus") && text.contains("name"), "{text}");

    // Without its bus the daemon ends, so that the service manager starts it anew.
    bus.child.kill().unwrap();
    let status = daemon.wait();
    let output = daemon.output();
    assert_eq!(status.code(), Some(1), "{output}");
    assert!(output.contains("the bus is gone"), "{output}");
}

#[tokio::test]
async fn a_bus_that_is_not_there_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = rssmgrd(dir.path());
    command.args(["--bus", "session"]).env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let (code, text) = ended(command);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("serving the session bus"), "{text}");
}
