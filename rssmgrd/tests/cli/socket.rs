//! `rssctl socket`: what the kernel says of real connections, and what is predicted of others.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;

use serde_json::Value;

use crate::run::{Daemon, Said};

/// A connection of this process to itself: the end that was sent something, and the other.
fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    (server, client)
}

fn found(list: &Value, local: SocketAddr, remote: SocketAddr) -> Value {
    let all = list["sockets"].as_array().unwrap();
    let ends = |r: &&Value| r["local"] == local.to_string() && r["remote"] == remote.to_string();
    all.iter().find(ends).unwrap_or_else(|| panic!("{local} {remote} is not in {list}")).clone()
}

#[test]
fn the_kernel_says_where_real_connections_come_in() {
    let daemon = Daemon::start();
    let (server, client) = connected();
    let (local, remote) = (server.local_addr().unwrap(), server.peer_addr().unwrap());
    let pid = std::process::id();
    let of_process = daemon.line(&format!("socket {pid} -o json")).json();
    let by_ends = daemon.line(&format!("socket {local} {remote} -o json")).json();
    // Nothing was received since.
    let cpu = rustix::net::sockopt::socket_incoming_cpu(&server).unwrap();
    for list in [&of_process, &by_ends] {
        let one = found(list, local, remote);
        assert_eq!((&one["protocol"], &one["pid"]), (&"tcp".into(), &pid.into()), "{one}");
        // Where a security module keeps processes apart, not even their own user may ask.
        if one["source"] == "unknown" {
            assert!(one["note"].as_str().unwrap().contains("trace"), "{one}");
            continue;
        }
        assert_eq!((&one["source"], &one["cpu"]), (&"kernel".into(), &cpu.into()), "{one}");
        assert_eq!(one["processor"], format!("{}:{}", cpu / 64, cpu % 64), "{one}");
        assert!(one["node"].is_u64(), "{one}");
        assert!(one["note"].as_str().unwrap().contains("is an address of lo"), "no queue: {one}");
    }
    found(&of_process, remote, local);
    assert_eq!(by_ends["sockets"].as_array().unwrap().len(), 1);
    let text = daemon.line(&format!("socket {local} {remote}")).out;
    assert!(text.lines().next().unwrap().starts_with("PROTO"), "{text}");
    assert!(text.contains(&local.to_string()) && text.contains(&pid.to_string()), "{text}");

    drop((server, client));
    let said = daemon.line(&format!("socket {local} {remote}"));
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains(&format!("no tcp connection from {local} to {remote}")), "{said:?}");
    assert!(said.err.contains("--adapter"), "{said:?}");
}

#[test]
fn on_a_software_nic_it_is_predicted_as_for_the_flow() {
    let daemon = Daemon::with_nic();
    assert_eq!(daemon.line("set nic0 --queues 8").code, 0);
    for (local, remote, protocol) in [
        ("198.51.100.7:443", "192.0.2.1:1000", "tcp"),
        ("198.51.100.7:443", "192.0.2.1:1001", "udp"),
        ("[2001:db8::7]:443", "[2001:db8::1]:1002", "tcp"),
    ] {
        let list = daemon.line(&format!("socket {local} {remote} {protocol} --adapter nic0 -o json")).json();
        let socket = &list["sockets"][0];
        // Packets come from the far end.
        let flow = daemon.line(&format!("flow nic0 {remote} {local} {protocol} -o json")).json();
        for key in ["queue", "cpu", "processor", "node"] {
            assert!(!flow[key].is_null() && socket[key] == flow[key], "{key}: {socket} {flow}");
        }
        assert_eq!((&socket["source"], &socket["queue_source"]), (&"predicted".into(), &"predicted".into()));
        assert_eq!(socket["adapter"], "nic0");
    }
}

#[test]
fn what_is_not_there_or_may_not_be_seen_is_told() {
    let daemon = Daemon::with_nic();
    let fails = |line: &str, code: i32, needles: &[&str]| {
        let said = daemon.line(line);
        assert_eq!(said.code, code, "{line}: {said:?}");
        assert!(needles.iter().all(|n| said.err.contains(n)), "{line}: {said:?}");
    };
    fails("socket 4194399", 1, &["there is no process 4194399"]);
    fails("socket 192.0.2.1:1", 2, &["`192.0.2.1:1` is no process id", "REMOTE"]);
    fails("socket 192.0.2.1 192.0.2.2:1", 2, &["`192.0.2.1` has no port"]);
    fails("socket 192.0.2.1:1 192.0.2.2:2", 1, &["no tcp connection from 192.0.2.1:1 to 192.0.2.2:2"]);
    fails("socket 192.0.2.1:1 192.0.2.2:2 --adapter nope", 10, &["nope"]);
    fails("socket 192.0.2.1:1 192.0.2.2:2 sctp --adapter nic0", 2, &["`sctp`", "tcp, udp"]);
    fails("socket 192.0.2.1:1 [::1]:2 --adapter nic0", 2, &["different IP versions"]);

    // Another user's process.
    let mut command = daemon.command(&["socket", "1"]);
    let said: Said = match command.uid(65_534).gid(65_534).output() {
        Ok(output) => output.into(),
        Err(e) => {
            let _ = writeln!(std::io::stderr(), "SKIPPED what_may_not_be_seen: no other user: {e}");
            return;
        }
    };
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("process 1 may not be seen") && said.err.contains("root"), "{said:?}");
}
