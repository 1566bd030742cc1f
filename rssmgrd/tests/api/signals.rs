//! What clients are told without asking: objects, properties, events.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::StreamExt as _;
use rssmgr_proto::dict::{Dictionary, from_dict};
use rssmgr_proto::types::EventRecord;
use serde_json::json;
use zbus::fdo::{InterfacesAdded, InterfacesRemoved, ManagedObjects, PropertiesChanged, PropertiesProxy};
use zbus::message::Type;
use zbus::wire::OwnedVariant;
use zbus::{Message, MessageStream};

use crate::daemon::{Client, Daemon};
use crate::model::ModelFactory;

async fn properties(client: &Client, path: &str) -> BTreeMap<String, OwnedVariant> {
    let proxy = PropertiesProxy::builder(&client.connection)
        .destination("org.rssmgr1")
        .path(path)
        .build()
        .await
        .unwrap();
    let all = proxy.get_all("org.rssmgr1.Adapter".try_into().unwrap()).await.unwrap();
    all.into_iter().collect()
}

/// Signals up to the one that shows a generation.
async fn until_generation(stream: &mut MessageStream, generation: u64) -> Vec<Message> {
    let mut out = Vec::new();
    loop {
        let message = stream.next().await.unwrap().unwrap();
        if message.message_type() != Type::Signal {
            continue;
        }
        out.push(message.clone());
        let Some(changed) = PropertiesChanged::from_message(message) else { continue };
        let args = changed.args().unwrap();
        let shown = args.changed_properties.get("Generation");
        if shown.is_some_and(|g| u64::try_from(g).unwrap() >= generation) {
            return out;
        }
    }
}

#[tokio::test]
async fn exactly_the_properties_that_changed_are_told() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "16")]).await;
    let path = client.manager.get_adapter("nic0").await.unwrap().to_string();
    let before = properties(&client, &path).await;
    let listener = daemon.client().await;
    let mut stream = MessageStream::from(&listener.connection);
    let settings = json!({"profile": "Closest", "queues": 4, "base_processor": 1, "hash_types": "ipv4"});
    let planned = client.apply(&["nic0"], settings.clone(), json!({"dry_run": true})).await.unwrap();
    let asked = client.apply(&["nic0"], settings, json!({}));
    // Once when it begins, once when it has ended.
    let (reply, signals) = tokio::join!(asked, until_generation(&mut stream, planned.generation + 2));
    reply.unwrap();
    let after = properties(&client, &path).await;

    let (mut values, mut invalidated) = (HashMap::new(), BTreeSet::new());
    for changed in signals.into_iter().filter_map(PropertiesChanged::from_message) {
        let args = changed.args().unwrap();
        if args.interface_name == "org.rssmgr1.Adapter" {
            let owned = |v: &zbus::wire::Variant<'_>| v.try_to_owned().unwrap();
            values.extend(args.changed_properties.iter().map(|(k, v)| ((*k).to_owned(), owned(v))));
            invalidated.extend(args.invalidated_properties.iter().map(|k| (*k).to_owned()));
        }
    }
    for (name, now) in &after {
        let differs = before[name] != *now;
        // A value that changed twice ends where it is, and may be told although it ends where it began.
        if let Some(told) = values.get(name) {
            assert_eq!(told, now, "{name}");
        }
        let told = values.contains_key(name) || invalidated.contains(name);
        assert!(told || !differs, "{name} changed and nobody was told");
        assert!(differs || !told || name == "State", "{name} did not change");
    }
    assert!(invalidated.contains("IndirectionTable") && invalidated.contains("RssProcessorArray"));
    assert!(values.contains_key("NumberOfReceiveQueues") && values.contains_key("TcpIPv4HashEnabled"));
}

#[tokio::test]
async fn objects_come_and_go_with_adapters() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    let mut stream = MessageStream::from(&client.connection);
    client.create("nic0", &[]).await;
    let added = loop {
        let message = stream.next().await.unwrap().unwrap();
        if let Some(added) = InterfacesAdded::from_message(message) {
            break added;
        }
    };
    let args = added.args().unwrap();
    assert_eq!(args.object_path.as_str(), "/org/rssmgr1/adapter/1");
    assert!(
        args.interfaces_and_properties.iter().any(|(name, p)| *name == "org.rssmgr1.Adapter" && p.len() > 40)
    );

    // A client that comes later finds it too.
    let later = daemon.client().await;
    let reply = later
        .connection
        .call_method(
            None::<()>,
            "/org/rssmgr1",
            Some("org.freedesktop.DBus.ObjectManager"),
            "GetManagedObjects",
            &(),
        )
        .await
        .unwrap();
    let objects: ManagedObjects = reply.body().deserialize().unwrap();
    let adapters: Vec<String> = objects
        .iter()
        .filter(|(_, interfaces)| interfaces.keys().any(|i| i.as_str() == "org.rssmgr1.Adapter"))
        .map(|(path, _)| path.to_string())
        .collect();
    assert_eq!(adapters, ["/org/rssmgr1/adapter/1"]);

    client.manager.delete_softnic("nic0").await.unwrap();
    let removed = loop {
        let message = stream.next().await.unwrap().unwrap();
        if let Some(removed) = InterfacesRemoved::from_message(message) {
            break removed;
        }
    };
    assert_eq!(removed.args().unwrap().object_path.as_str(), "/org/rssmgr1/adapter/1");
    // An id is never used again.
    client.create("nic0", &[]).await;
    assert_eq!(client.manager.get_adapter("nic0").await.unwrap().as_str(), "/org/rssmgr1/adapter/2");
}

#[tokio::test]
async fn events_arrive_in_order_and_are_those_of_the_ring() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "16")]).await;
    let listener = daemon.client().await;
    let mut stream = listener.manager.receive_event().await.unwrap();
    let changes = tokio::spawn(async move {
        client.apply(&["nic0"], json!({"queues": 3}), json!({})).await.unwrap();
        client.manager.set_global(false).await.unwrap();
    });
    let mut heard: Vec<EventRecord> = Vec::new();
    while heard.last().is_none_or(|e| e.name != "GlobalSwitch") {
        let signal = stream.next().await.unwrap();
        let dict: Dictionary = signal.args().unwrap().event;
        heard.push(from_dict(&dict).unwrap());
    }
    changes.await.unwrap();
    let tables = heard.iter().filter(|e| e.name == "RssInitializeIndirectionTable").count();
    assert!(heard.len() > 10 && tables == 1, "most table entries moved: {heard:?}");
    let kept = daemon
        .context
        .events
        .query(&rssmgr_proto::types::EventQuery { after_seq: Some(heard[0].seq - 1), ..Default::default() });
    assert_eq!(heard, kept);
}
