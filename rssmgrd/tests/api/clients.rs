//! Many clients, and clients that misbehave: nobody but themselves is held up.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use futures_util::StreamExt as _;
use rssmgr_core::event::{Event, EventKind};
use rssmgr_proto::dict::from_dict;
use rssmgr_proto::types::EventRecord;
use rssmgrd::dbus::server::{PrivateSocket, default_folder};
use serde_json::json;

use crate::daemon::{Daemon, dict};
use crate::model::ModelFactory;

fn noise(n: usize) -> Event {
    let because = format!("{n} {}", "x".repeat(1000));
    Event { adapter: None, id: None, kind: EventKind::RolledBack { because } }
}

/// A client that says who it is and then neither reads nor says anything.
fn silent(daemon: &Daemon) -> UnixStream {
    let mut stream = UnixStream::connect(&daemon.socket).unwrap();
    let uid: String =
        rustix::process::getuid().as_raw().to_string().bytes().map(|b| format!("{b:02x}")).collect();
    stream.write_all(format!("\0AUTH EXTERNAL {uid}\r\nBEGIN\r\n").as_bytes()).unwrap();
    stream
}

#[tokio::test]
async fn a_client_that_never_reads_holds_up_nobody() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    let silent = silent(&daemon);
    let listener = daemon.client().await;
    let mut heard = listener.manager.receive_event().await.unwrap();
    let mut rings =
        async || -> EventRecord { from_dict(&heard.next().await.unwrap().args().unwrap().event).unwrap() };
    // A few hundred go into the silent client's socket buffer and 1024 into its queue; the rest is lost to it.
    for n in 0..1500 {
        daemon.context.events.tell(&noise(n));
        let event = rings().await;
        assert!(
            event.message.contains(&format!(": {n} xx")),
            "in order and without a gap: {}",
            event.message
        );
    }
    assert!(daemon.context.events.lost() > 0, "the silent client lost events");
    for n in 0..20 {
        let asked = client.apply(&["nic0"], json!({"queues": n % 7 + 1}), json!({}));
        let told = async { while rings().await.name != "RssConfigurationChange" {} };
        let (applied, ()) = tokio::join!(asked, told);
        assert_eq!(applied.unwrap().adapters[0].status, "applied");
        assert!(client.adapter("nic0").await.enabled().await.unwrap());
    }
    drop(silent);
}

/// A client that asks without end and reads no answer is not taken more calls from than fit into its socket and a few.
#[tokio::test]
async fn a_client_that_asks_and_never_reads_costs_little() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    for n in 0..4 {
        client.create(&format!("nic{n}"), &[]).await;
    }
    let mut silent = silent(&daemon);
    silent.set_nonblocking(true).unwrap();
    let call = zbus::Message::method_call("/org/rssmgr1", "GetManagedObjects")
        .interface("org.freedesktop.DBus.ObjectManager")
        .build(&())
        .unwrap();
    // Whole calls, a few at a time; those that wait in the kernel are a few hundred kB.
    let calls = call.data().repeat(16);
    let (mut taken, mut stuck, mut at) = (0, 0, 0);
    while stuck < 50 {
        match silent.write(&calls[at..]) {
            Ok(n) => (taken, stuck, at) = (taken + n, 0, (at + n) % calls.len()),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => stuck += 1,
            // It was hung up on.
            Err(_) => break,
        }
        assert!(taken < 4 << 20, "it is taken ever more calls from");
        // Others are served all the time.
        assert_eq!(client.manager.list_adapters(&[], &dict(json!({}))).await.unwrap().len(), 4);
    }
}

#[tokio::test]
async fn calls_without_an_answer_leave_room_for_others() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    let mut answers = zbus::MessageStream::from(&client.connection);
    for member in ["ListSoftnics", "NoSuchMethod"].repeat(100) {
        let call = zbus::Message::method_call("/org/rssmgr1", member)
            .interface("org.rssmgr1.Manager")
            .with_flags(zbus::message::Flags::NO_REPLY_EXPECTED)
            .build(&())
            .unwrap();
        client.connection.send(&call).await.unwrap();
    }
    assert!(client.manager.list_softnics().await.unwrap().is_empty());
    let first = answers.next().await.unwrap().unwrap();
    let body = first.body().deserialize::<Vec<rssmgr_proto::dict::Dictionary>>();
    assert!(body.is_ok(), "the only answer is the one that was wanted: {first:?}");
}

#[tokio::test]
async fn a_hundred_clients_are_served_at_once_and_the_next_is_told() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let first = daemon.client().await;
    // Few entries: every change tells a hundred clients of each entry that it moves.
    first.create("nic0", &[("entries", "8")]).await;
    let mut clients = Vec::new();
    for _ in 1..100 {
        clients.push(daemon.client().await);
    }
    let mut asked = tokio::task::JoinSet::new();
    for (n, client) in clients.iter().cloned().enumerate() {
        asked.spawn(async move {
            let list = client.manager.list_adapters(&[], &dict(json!({}))).await.unwrap();
            let options = json!({"dry_run": n % 10 != 0});
            let reply = client.apply(&["nic0"], json!({"queues": n / 10 % 8 + 1}), options).await.unwrap();
            (list.len(), reply.adapters[0].error.clone())
        });
    }
    let answers = asked.join_all().await;
    assert_eq!(answers.len(), 99);
    assert!(answers.iter().all(|a| *a == (1, None)));

    let error = daemon.connect().await.unwrap_err().to_string();
    assert!(error.contains("rssmgrd serves 100 clients already; try again later"), "{error}");
    drop(clients.pop());
    // Its place is free as soon as the daemon has seen it leave.
    while let Err(e) = daemon.connect().await {
        assert!(e.to_string().contains("100 clients already"), "{e}");
    }
}

#[tokio::test]
async fn nonsense_ends_the_connection_and_nothing_else() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    for nonsense in [
        &b""[..],
        b"\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0AUTH EXTERNAL zz\r\nBEGIN\r\n",
        b"\0AUTH ANONYMOUS\r\n",
        b"\0AUTH EXTERNAL 39393939\r\nBEGIN\r\n",
        &[0xff; 4096],
    ] {
        let mut stream = UnixStream::connect(&daemon.socket).unwrap();
        // It may hang up in the middle of it.
        let _ = stream.write_all(nonsense);
    }
    let mut after_handshake = silent(&daemon);
    after_handshake.write_all(&[0x6c; 64]).unwrap();
    assert!(daemon.client().await.manager.list_adapters(&[], &dict(json!({}))).await.unwrap().is_empty());
    // All slots come back but that of the client that is still there.
    tokio::time::timeout(Duration::from_secs(30), async {
        while daemon.clients.count() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .expect("every slot is free again");
    let mut rest = Vec::new();
    after_handshake.read_to_end(&mut rest).unwrap();
}

#[tokio::test]
async fn a_daemon_that_stops_tells_its_clients_and_ends_its_change() {
    let mut daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "16")]).await;
    let listener = daemon.client().await;
    let mut events = listener.manager.receive_event().await.unwrap();
    let gate = daemon.memory.gate.clone();
    let closed = gate.lock().await;
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.apply(&["nic0"], json!({"queues": 2}), json!({})).await }
    });
    // The change is under way: it is being saved.
    daemon.handle().watch().wait_for(|p| !p.settled).await.unwrap();
    drop(daemon.stop.take());
    drop(closed);
    loop {
        let event = events.next().await.expect("told before the end").args().unwrap().event;
        if format!("{:?}", event["name"]).contains("DaemonStopping") {
            break;
        }
    }
    (&mut daemon.owner).await.unwrap();
    let saved = daemon.memory.saved.lock().unwrap().clone();
    assert!(saved.open.is_empty(), "the change came to its end");
    assert_eq!(asked.await.unwrap().unwrap().adapters[0].status, "applied");
    let error = client.apply(&["nic0"], json!({"queues": 3}), json!({})).await.unwrap_err();
    assert!(!error.message.is_empty());
    assert_eq!(daemon.memory.saved.lock().unwrap().clone(), saved);
}

#[tokio::test]
async fn a_socket_has_one_daemon_and_a_dead_one_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus.sock");
    let first = PrivateSocket::at(&path).unwrap();
    let error = PrivateSocket::at(&path).unwrap_err().to_string();
    let me = format!("another rssmgrd (pid {}) serves", std::process::id());
    assert!(error.contains(&me) && error.contains("--socket PATH"), "{error}");
    drop(first);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");

    // What a killed daemon leaves: the socket, and a lock that nobody holds.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    std::fs::write(dir.path().join("bus.sock.lock"), "").unwrap();
    let second = PrivateSocket::at(&path).unwrap();
    drop(second);
    std::fs::write(&path, "a file").unwrap();
    assert!(PrivateSocket::at(&path).unwrap_err().to_string().contains("is no socket"));
}

#[tokio::test]
async fn the_sockets_folder_must_be_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let uid = rustix::process::getuid().as_raw();
    let folder = dir.path().join("run");
    drop(PrivateSocket::in_folder(&folder, uid).unwrap());
    assert!(!folder.exists(), "made for the socket, gone with it");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = PrivateSocket::in_folder(&folder, uid).unwrap_err().to_string();
    assert!(error.contains("mode 755") && error.contains("mode 700"), "{error}");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(PrivateSocket::in_folder(&folder, uid + 1).is_err());
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    assert!(PrivateSocket::in_folder(&link, uid).is_err());

    assert_eq!(default_folder(0, None).to_str(), Some("/run/rssmgrd"));
    assert_eq!(default_folder(7, Some("/run/user/7".as_ref())).to_str(), Some("/run/user/7/rssmgrd"));
    let elsewhere = default_folder(4_000_000, Some("relative".as_ref()));
    assert!(elsewhere.ends_with("rssmgrd-4000000"), "{elsewhere:?}");
}
