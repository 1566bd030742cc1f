//! Every method does what it says.

use rssmgr_proto::dict::{Dictionary, from_dict};
use rssmgr_proto::types::{
    AdapterRecord, ApplyRecord, ConfigRecord, EventRecord, FlowRecord, GlobalRecord, SoftnicRecord,
    StatsRecord, WhyRecord,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::daemon::{Daemon, dict};
use crate::model::ModelFactory;

fn all<T: DeserializeOwned>(dicts: &[Dictionary]) -> Vec<T> {
    dicts.iter().map(|d| from_dict(d).unwrap()).collect()
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|n| (*n).to_owned()).collect()
}

#[tokio::test]
async fn settings_are_applied_reset_and_released() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "16"), ("topology", "2x8x2")]).await;
    client.create("nic1", &[("topology", "1x4x1")]).await;

    let planned = client.apply(&["nic0"], json!({"queues": 8}), json!({"dry_run": true})).await.unwrap();
    assert!(planned.dry_run && planned.adapters[0].status == "planned" && planned.adapters[0].changed);
    let before: AdapterRecord = from_dict(&client.adapter("nic0").await.get_record().await.unwrap()).unwrap();
    assert_eq!(before.number_of_receive_queues, 16, "a dry run changes nothing");

    let applied = client
        .apply(
            &["nic0"],
            json!({"profile": "NUMAStatic", "queues": 8}),
            json!({"if_generation": planned.generation}),
        )
        .await
        .unwrap();
    assert_eq!(applied.adapters[0].status, "applied");
    let used: Vec<&str> = applied.adapters[0].processors.iter().map(|p| p.processor.as_str()).collect();
    assert_eq!(used, ["0:0", "0:8", "0:1", "0:9", "0:2", "0:10", "0:3", "0:11"], "four on each node");
    assert!(applied.generation > planned.generation);
    let again =
        client.apply(&["nic*"], json!({"queues": 8}), json!({"if_generation": planned.generation})).await;
    assert!(again.unwrap_err().message.contains("state has changed"));
    assert!(daemon.memory.saved.lock().unwrap().adapters["softnic:nic0"].managed, "acknowledged is saved");

    let moved: ApplyRecord = from_dict(
        &client.manager.move_entries(&names(&["nic0"]), "0:0", "0:3", &dict(json!({}))).await.unwrap(),
    )
    .unwrap();
    assert_eq!((moved.adapters[0].status.as_str(), &moved.adapters[0].error), ("applied", &None));
    assert_eq!(moved.adapters[0].table[0].processor.as_deref(), Some("0:3"));
    assert!(moved.adapters[0].table.iter().all(|e| e.processor.as_deref() != Some("0:0")));
    let set: ApplyRecord = from_dict(
        &client
            .manager
            .set_entries(&names(&["nic0"]), &names(&["0=0:1", "1=9"]), &dict(json!({})))
            .await
            .unwrap(),
    )
    .unwrap();
    assert_eq!(set.adapters[0].table[0].processor.as_deref(), Some("0:1"));
    assert_eq!(set.adapters[0].table[1].processor.as_deref(), Some("0:9"));

    let reset: ApplyRecord =
        from_dict(&client.manager.reset(&names(&["nic0"]), &dict(json!({}))).await.unwrap()).unwrap();
    assert_eq!(reset.adapters[0].status, "applied");
    let released: ApplyRecord =
        from_dict(&client.manager.release(&names(&["nic0"]), &dict(json!({}))).await.unwrap()).unwrap();
    assert_eq!(released.adapters[0].status, "applied");
    let record: AdapterRecord = from_dict(&client.adapter("nic0").await.get_record().await.unwrap()).unwrap();
    assert_eq!((record.state.as_str(), record.number_of_receive_queues), ("observed", 16));
}

#[tokio::test]
async fn readers_see_adapters_counters_flows_and_reasons() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "4"), ("entries", "8")]).await;
    client.create("eth0", &[]).await;

    let everything: Vec<AdapterRecord> =
        all(&client.manager.list_adapters(&[], &dict(json!({}))).await.unwrap());
    assert_eq!(everything.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["nic0", "eth0"]);
    let some: Vec<AdapterRecord> = all(&client
        .manager
        .list_adapters(&names(&["n*"]), &dict(json!({"include_hidden": true})))
        .await
        .unwrap());
    assert_eq!((some.len(), some[0].indirection_table.len()), (1, 8));

    let stats = |per| {
        let client = client.clone();
        async move {
            all::<StatsRecord>(&client.manager.get_stats(&names(&["nic0"]), per).await.unwrap()).remove(0)
        }
    };
    let totals = stats("adapter").await;
    assert_eq!((totals.totals.packets, totals.queues, totals.cpus), (6004, None, None));
    assert_eq!(stats("queue").await.queues.unwrap()[3].packets, 3001);
    assert_eq!(stats("cpu").await.cpus.unwrap()[2].packets, 14);
    assert_eq!(stats("entry").await.entries.unwrap()[5].packets, 5);
    assert_eq!(client.manager.get_stats(&[], "").await.unwrap().len(), 2);

    // The verification suite's first IPv4 vector: 66.9.149.187:2794 to 161.142.100.80:1766.
    let query = json!({"src": "66.9.149.187", "src_port": 2794, "dst": "161.142.100.80", "dst_port": 1766, "protocol": "tcp"});
    let flow: FlowRecord =
        from_dict(&client.manager.predict_flow("nic0", &dict(query)).await.unwrap()).unwrap();
    assert_eq!((flow.hash.as_deref(), flow.hash_type.as_str()), (Some("51ccc178"), "tcp_ipv4"));
    assert_eq!((flow.entry, flow.queue), (Some(0), 0), "0x178 mod 8");

    let why: WhyRecord =
        from_dict(&client.manager.explain("nic0", &dict(json!({"entry": 3}))).await.unwrap()).unwrap();
    assert!(!why.chain.is_empty() && why.cpus.len() == 1);
}

#[tokio::test]
async fn software_nics_come_change_their_source_and_go() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    let made: SoftnicRecord =
        from_dict(&client.create("nic0", &[("queues", "4"), ("source", "blocking")]).await).unwrap();
    assert_eq!((made.name.as_str(), made.source_state.as_str()), ("nic0", "running"));
    assert_eq!(made.pretended_topology.as_deref(), Some("2x8x2"));
    // A backend that blocks is called on another thread.
    client.apply(&["nic0"], json!({"queues": 2}), json!({})).await.unwrap();

    client.manager.set_softnic_source("nic0", "broken").await.unwrap();
    let list: Vec<SoftnicRecord> = all(&client.manager.list_softnics().await.unwrap());
    assert_eq!(list[0].source_state, "failed");
    assert_eq!(list[0].source_error.as_deref(), Some("the cable is cut"));
    assert_eq!(list[0].options["source"], "broken");

    client.manager.delete_softnic("nic0").await.unwrap();
    assert!(client.manager.list_softnics().await.unwrap().is_empty());
    assert!(client.manager.get_adapter("nic0").await.is_err());
    assert!(daemon.memory.saved.lock().unwrap().softnics.is_empty());
}

#[tokio::test]
async fn a_source_that_ends_is_told_and_shown() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    let mut events = daemon.context.events.listen();
    client.manager.set_softnic_source("nic0", "ended").await.unwrap();
    let list: Vec<SoftnicRecord> = all(&client.manager.list_softnics().await.unwrap());
    assert_eq!(list[0].source_state, "finished");
    let told = loop {
        let e = events.recv().await.unwrap();
        if e.name == "SourceEnded" {
            break e;
        }
    };
    assert_eq!(told.fields["state"], "finished");
}

#[tokio::test]
async fn the_switch_the_configuration_the_events_and_waiting() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    let enabled = async || client.adapter("nic0").await.enabled().await.unwrap();
    assert!(enabled().await);
    client.manager.set_global(false).await.unwrap();
    let global: GlobalRecord = from_dict(&client.manager.get_global().await.unwrap()).unwrap();
    assert!(!global.rss && !enabled().await);
    client.manager.set_global(true).await.unwrap();
    assert!(enabled().await);

    let config: ConfigRecord = from_dict(&client.manager.get_config().await.unwrap()).unwrap();
    assert_eq!((config.saved_file.as_str(), config.adapters.len()), ("/saved.toml", 1));

    let generation = client.manager.generation().await.unwrap();
    assert!(client.manager.wait_settled(generation, 1000).await.unwrap() >= generation);
    let error = crate::daemon::refused(client.manager.wait_settled(generation + 1000, 20).await);
    assert_eq!(error.kind, rssmgr_proto::ErrorKind::TimedOut);
    assert!(error.message.contains("within 20 ms"), "{error}");

    let every: Vec<EventRecord> = all(&client.manager.get_events(&dict(json!({}))).await.unwrap());
    assert!(every.windows(2).all(|w| w[1].seq == w[0].seq + 1), "numbered without gaps");
    let switches: Vec<EventRecord> =
        all(&client.manager.get_events(&dict(json!({"ids": [2014], "limit": 1}))).await.unwrap());
    assert_eq!(switches.len(), 1);
    assert_eq!(switches[0].fields["rss"], true, "the newest");
    let later = json!({"after_seq": every.last().unwrap().seq});
    assert!(client.manager.get_events(&dict(later)).await.unwrap().is_empty());
    assert!(client.manager.get_events(&dict(json!({"adapter": "no"}))).await.unwrap().is_empty());

    let rundown: Vec<EventRecord> = all(&client.manager.rundown().await.unwrap());
    assert_eq!(rundown.iter().map(|e| e.id).collect::<Vec<_>>(), [1233, 1234, 1246]);
    assert_eq!(rundown[2].fields["indirection_table_size"], 128);

    assert_eq!(client.manager.version().await.unwrap(), env!("CARGO_PKG_VERSION"));
    assert_eq!(client.manager.metrics_address().await.unwrap(), "http://127.0.0.1:1/metrics");
}

#[tokio::test]
async fn an_adapter_has_the_properties_of_the_wmi_class() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "16"), ("topology", "2x8x2")]).await;
    let settings = json!({"profile": "ClosestStatic", "base_processor": 2, "max_processor": "0:9", "max_processors": 4, "numa_node": 1, "hash_types": ["ipv4", "tcp_ipv4"]});
    client.apply(&["nic0"], settings, json!({})).await.unwrap();
    let adapter = client.adapter("nic0").await;
    assert_eq!(adapter.name().await.unwrap(), "nic0");
    assert_eq!(adapter.interface_description().await.unwrap(), "modelled NIC");
    assert_eq!((adapter.enabled().await.unwrap(), adapter.profile().await.unwrap()), (true, 2));
    assert_eq!(adapter.max_processors().await.unwrap(), 4);
    assert_eq!(adapter.state().await.unwrap(), "managed");
    assert_eq!(adapter.number_of_receive_queues().await.unwrap(), 16);
    let array = adapter.rss_processor_array().await.unwrap();
    assert_eq!(array[..2], [(0, 8, 0), (0, 9, 0)], "node 1 is near");
    assert_eq!(array.len(), 8, "2 to 9, first threads only");
    let table = adapter.indirection_table().await.unwrap();
    assert_eq!(table.len(), 128);
    assert!(table.iter().all(|p| [(0, 8), (0, 9), (0, 2), (0, 3)].contains(p)), "{table:?}");
    // Those that the proxy leaves out.
    let get = |name: &'static str| {
        let adapter = adapter.clone();
        async move {
            let value: zbus::wire::OwnedVariant = adapter.inner().get_property(name).await.unwrap();
            rssmgr_proto::dict::from_variant(&value).unwrap()
        }
    };
    for (name, want) in [
        ("BaseProcessorGroup", json!(0)),
        ("BaseProcessorNumber", json!(2)),
        ("MaxProcessorNumber", json!(9)),
        ("NumaNode", json!(1)),
        ("IndirectionTableEntryCount", json!(128)),
        ("HashKeySize", json!(40)),
        ("RssProcessorArraySize", json!(8)),
        ("NumberOfInterruptMessages", json!(16)),
        ("TcpIPv4HashEnabled", json!(true)),
        ("TcpIPv6HashEnabled", json!(false)),
        ("TcpIPv6ExtensionHashSupported", json!(true)),
        ("ToeplitzHashFunctionEnabled", json!(true)),
        ("Source", json!(3)),
        ("HashTypes", json!(["ipv4", "tcp_ipv4"])),
        ("DefaultProcessor", json!([0, 8])),
        ("InstanceID", json!("softnic:nic0")),
        ("PretendedTopology", json!("2x8x2")),
        ("MacAddress", json!("02:00:00:00:00:01")),
    ] {
        assert_eq!(get(name).await, want, "{name}");
    }
    let key = adapter.get_hash_key().await.unwrap();
    assert_eq!((key.len(), &key[..2]), (40, &[0x6d, 0x5a][..]));
}

#[tokio::test]
async fn a_random_key_is_drawn_once_and_kept() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    client.create("nic1", &[]).await;
    let key = async |name| client.adapter(name).await.get_hash_key().await.unwrap();
    let before = key("nic0").await;
    client.apply(&["*"], json!({"hash_key": "random"}), json!({})).await.unwrap();
    let drawn = key("nic0").await;
    assert!(drawn != before && drawn.len() == 40);
    assert_eq!(key("nic1").await, drawn, "one request, one key");
    client.apply(&["nic0"], json!({"queues": 2}), json!({})).await.unwrap();
    assert_eq!(key("nic0").await, drawn, "another request leaves it");
    client.apply(&["nic0"], json!({"hash_key": "random"}), json!({})).await.unwrap();
    assert_ne!(key("nic0").await, drawn);
    // Not even its owner finds it where settings are shown.
    let record = client.adapter("nic0").await.get_record().await.unwrap();
    let config = client.manager.get_config().await.unwrap();
    let hex: String = drawn.iter().map(|b| format!("{b:02x}:")).collect();
    for text in [format!("{record:?}"), format!("{config:?}")] {
        assert!(!text.contains(&hex[..20]), "{text}");
    }
}
