//! Live frames from the kernel.

use std::net::UdpSocket;
use std::process::Command;

use rssmgr_core::hash::HashKey;
use rssmgr_softnic::{SoftNic, SoftnicSpec, SourceSpec, SourceState};

use crate::oracle;
use crate::support::{conserved, let_pass, quiet, wait};

const DATAGRAMS: u32 = 200;

fn create(interface: &str) -> Result<SoftNic, String> {
    let map = [("queues", "4"), ("topology", "1x4x1"), ("source", interface)];
    let map = map.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let spec = SoftnicSpec::parse("nic0", &map).unwrap();
    SoftNic::create(spec, HashKey::microsoft()).map_err(|e| e.to_string())
}

/// Frames that the kernel really delivers land where the oracle says.
#[test]
fn live_frames_are_steered() {
    let mut nic = match create("interface:lo") {
        Ok(nic) => nic,
        Err(message) => {
            assert!(message.contains("CAP_NET_RAW") || message.contains("AF_PACKET"), "{message}");
            eprintln!("skipped: {message}");
            return;
        }
    };
    let tap = nic.tap(100_000);
    let (receiver, sender) =
        (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let port = |socket: &UdpSocket| socket.local_addr().unwrap().port().to_be_bytes();
    // Ethernet and IPv4 headers as far as the oracle looks at them.
    let mut frame = vec![0; 12];
    frame.extend([0x08, 0x00, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    frame.extend([port(&sender), port(&receiver)].concat());
    let hash = oracle::hash(&oracle::KEY, &frame).unwrap();
    for _ in 0..DATAGRAMS {
        sender.send_to(b"softnic", receiver.local_addr().unwrap()).unwrap();
    }
    let mut found = 0;
    let mut look = || {
        while let Some(packet) = tap.next_packet() {
            if packet.hash == Some(hash) {
                found += 1;
                assert_eq!(u32::from(packet.queue.0), hash % 128 % 4);
                assert_eq!(packet.header[26..38], frame[26..38], "addresses and ports");
            }
        }
        found
    };
    wait("our datagrams", || look() >= DATAGRAMS);
    let sample = quiet(&mut nic);
    assert_eq!(look(), DATAGRAMS, "once, although the loopback interface shows them leave and come");
    conserved(&nic, &sample);
    assert_eq!(sample.adapter.reordered, 0);
    assert!(sample.adapter.bytes >= u64::from(DATAGRAMS) * (14 + 20 + 8 + 7));
}

#[test]
fn no_such_interface() {
    let message = create("interface:nosuch0").unwrap_err();
    assert!(message.contains("nosuch0"), "{message}");
    assert!(SourceSpec::parse("interface:").is_err());
}

/// Set for the tests that run in a network namespace of their own.
const INSIDE: &str = "SOFTNIC_TEST_INSIDE_NAMESPACE";

/// Runs an ignored test of this file in a new network namespace, behind the command `wrapper`.
fn in_namespace(test: &str, wrapper: &[&str]) {
    let program = std::env::current_exe().unwrap();
    let unshare = |command: &[&str]| {
        let mut run = Command::new("unshare");
        run.args(["--map-root-user", "--net"]).args(wrapper).args(command).env(INSIDE, "1").output()
    };
    // Where namespaces are forbidden, or a tool is missing, there is nothing to test.
    if !unshare(&["ip", "link", "add", "gone0", "type", "veth", "peer", "name", "gone1"])
        .is_ok_and(|output| output.status.success())
    {
        eprintln!("skipped: no network namespace with a veth pair by `unshare`, `ip` and {wrapper:?} here");
        return;
    }
    let program = program.to_str().unwrap();
    let name = format!("interface::{test}");
    let output = unshare(&[program, "--exact", &name, "--ignored", "--nocapture"]).unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn ip(arguments: &str) {
    assert!(Command::new("ip").args(arguments.split(' ')).status().unwrap().success(), "ip {arguments}");
}

#[test]
fn a_removed_interface_fails_and_the_nic_goes_on() {
    in_namespace("removed_interface", &[]);
}

#[test]
#[ignore = "run by a_removed_interface_fails_and_the_nic_goes_on"]
fn removed_interface() {
    assert!(std::env::var_os(INSIDE).is_some(), "it changes the network: only in a namespace");
    ip("link add gone0 type veth peer name gone1");
    let message = create("interface:gone0").unwrap_err();
    assert!(message.contains("ip link set gone0 up"), "{message}");
    ip("link set gone0 up");
    let mut nic = create("interface:gone0").unwrap();
    assert_eq!(nic.source_state(), SourceState::Running);
    ip("link set gone0 down");
    ip("link set gone0 up");
    assert_eq!(nic.source_state(), SourceState::Running, "it may come back");
    ip("link delete gone0");
    wait(
        "the source fails",
        || matches!(nic.source_state(), SourceState::Failed(why) if why.contains("gone0")),
    );
    nic.set_source(SourceSpec::parse("synthetic:rate=max").unwrap()).unwrap();
    assert_eq!(nic.source_state(), SourceState::Running);
    let_pass(&nic, 1000);
    let sample = quiet(&mut nic);
    conserved(&nic, &sample);
}

#[test]
fn without_the_capability_the_remedy_is_named() {
    in_namespace("no_capability", &["setpriv", "--bounding-set", "-net_raw"]);
}

#[test]
#[ignore = "run by without_the_capability_the_remedy_is_named"]
fn no_capability() {
    let message = create("interface:lo").unwrap_err();
    assert!(message.contains("CAP_NET_RAW") && message.contains("setcap"), "{message}");
}
