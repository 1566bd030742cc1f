//! What was acknowledged outlives the daemon, however it ends.

use std::fs;

use rustix::process::Signal;
use serde_json::json;

use rssmgr_proto::dict::from_dict;
use rssmgr_proto::types::SoftnicRecord;

use crate::process::{Client, Daemon};

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(dir.path());
    let socket = dir.path().join("bus.sock");
    let client = Client::at(&socket).await;
    client.create().await;
    client.apply(json!({"profile": "Closest", "queues": 3, "hash_key": "random"})).await.unwrap();
    client.0.set_softnic_source("nic0", "synthetic:rate=1000,flows=7").await.unwrap();
    let before = client.nic().await;
    let events = client.events(&[]).await;
    daemon.signal(Signal::KILL);
    daemon.wait();

    let daemon = Daemon::start(dir.path());
    let client = Client::at(&socket).await;
    let after = client.nic().await;
    assert_eq!((after.profile.as_str(), after.number_of_receive_queues), ("Closest", 3));
    assert_eq!(
        (&after.indirection_table, &after.queues, &after.settings, &after.state),
        (&before.indirection_table, &before.queues, &before.settings, &before.state)
    );
    assert!(after.settings.iter().any(|s| s.key == "queues" && s.origin == "saved"));
    let softnics = client.0.list_softnics().await.unwrap();
    assert!(format!("{softnics:?}").contains("flows=7"));
    let now = client.events(&[]).await;
    let kept = now.iter().filter(|e| events.contains(e)).count();
    assert!(kept + 1 >= events.len(), "{kept} of {} events kept", events.len());
    assert!(now.windows(2).all(|w| w[0].seq < w[1].seq), "numbers go on");
    daemon.stop();
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_what_was_acknowledged_or_what_was_asked_next() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("bus.sock");
    let mut daemon = Daemon::start(dir.path());
    Client::at(&socket).await.create().await;
    let mut acknowledged = 4;
    for round in 0u32..12 {
        let client = Client::at(&socket).await;
        let asked = acknowledged % 4 + 1;
        let request = tokio::spawn(async move { client.apply(json!({"queues": asked})).await });
        // Later in every round: before it is read, while it is saved, after the answer.
        for _ in 0..round * round * 4 {
            tokio::task::yield_now().await;
        }
        daemon.signal(Signal::KILL);
        daemon.wait();
        let answered = request.await.unwrap().is_ok();
        daemon = Daemon::start(dir.path());
        let client = Client::at(&socket).await;
        let nic = client.nic().await;
        let found = nic.number_of_receive_queues;
        assert_eq!(nic.state, "managed");
        assert!(
            found == asked || (!answered && found == acknowledged),
            "{found}: {acknowledged} -> {asked} {answered}"
        );
        let settings: Vec<_> =
            nic.settings.iter().filter(|s| s.key == "queues").map(|s| s.value.clone()).collect();
        assert!(settings == [found.to_string()] || (found == 4 && settings == ["auto"]), "{settings:?}");
        acknowledged = found;
    }
    let saved = fs::read_to_string(dir.path().join("state/saved.toml")).unwrap();
    assert!(!saved.contains("[[open]]"), "nothing is unfinished: {saved}");
    daemon.stop();
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_the_last_good_copy_used() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("bus.sock");
    let daemon = Daemon::start(dir.path());
    let client = Client::at(&socket).await;
    client.create().await;
    client.apply(json!({"queues": 2})).await.unwrap();
    daemon.stop();
    let file = dir.path().join("state/saved.toml");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&file, &bytes).unwrap();

    let daemon = Daemon::start(dir.path());
    let client = Client::at(&socket).await;
    let told = client.events(&[2011]).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].message.contains("its checksum is wrong"), "{}", told[0].message);
    let aside = told[0].fields["file"].as_str().unwrap();
    assert_eq!(fs::read(dir.path().join(aside)).unwrap(), bytes, "kept for people");
    assert_eq!(client.nic().await.name, "nic0");
    client.apply(json!({"queues": 3})).await.unwrap();
    let output = daemon.stop();
    assert!(output.contains("set aside"), "{output}");
}

/// A capture of one Ethernet frame: 60 bytes of an unknown protocol.
fn capture() -> Vec<u8> {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0];
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0]);
    bytes.extend([0x02; 60]);
    bytes
}

#[tokio::test]
async fn a_nic_whose_capture_is_gone_comes_back_without_packets() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("bus.sock");
    let file = dir.path().join("a.pcap");
    fs::write(&file, capture()).unwrap();
    let source = format!("pcap:{}", file.display());
    let options = [("queues", "4"), ("topology", "2x4x1"), ("source", source.as_str())];
    let daemon = Daemon::start(dir.path());
    let client = Client::at(&socket).await;
    client.0.create_softnic("nic0", options.into_iter().collect()).await.unwrap();
    client.apply(json!({"queues": 2, "profile": "Closest"})).await.unwrap();
    daemon.stop();
    fs::remove_file(&file).unwrap();

    let softnic = async |client: &Client| -> SoftnicRecord {
        from_dict(&client.0.list_softnics().await.unwrap()[0]).unwrap()
    };
    for round in 1..=2 {
        let daemon = Daemon::start(dir.path());
        let client = Client::at(&socket).await;
        let nic = client.nic().await;
        assert_eq!((nic.profile.as_str(), nic.number_of_receive_queues), ("Closest", 2));
        let told = client.events(&[2015]).await;
        assert_eq!(told.iter().filter(|e| e.fields["state"] == "failed").count(), round, "{told:?}");
        assert!(told.last().unwrap().message.contains("a.pcap"), "{told:?}");
        let record = softnic(&client).await;
        assert_eq!(record.source_state, "failed");
        assert!(record.source_error.as_ref().is_some_and(|e| e.contains("a.pcap")), "{record:?}");
        assert!(record.options["source"].starts_with(&source), "what was asked for stays: {record:?}");
        if round == 2 {
            client.0.set_softnic_source("nic0", "synthetic:rate=1000").await.unwrap();
            let record = softnic(&client).await;
            assert_eq!((record.source_state.as_str(), record.source_error), ("running", None));
        }
        daemon.stop();
    }
    // Somebody who creates one is told instead.
    let daemon = Daemon::start(dir.path());
    let client = Client::at(&socket).await;
    assert_eq!(softnic(&client).await.source_state, "running");
    let options = options.into_iter().collect();
    assert!(client.0.create_softnic("nic1", options).await.unwrap_err().to_string().contains("a.pcap"));
    daemon.stop();
}
