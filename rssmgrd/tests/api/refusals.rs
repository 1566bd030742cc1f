//! Wrong requests are answered with the field, the value, what is allowed and the remedy, and change nothing.

use std::collections::HashMap;

use rssmgr_proto::ErrorKind::{self, NoSuchAdapter, NotAuthorised, NotSupported, Usage};
use rssmgr_proto::dict::{Dictionary, from_dict};
use rssmgr_proto::types::AdapterRecord;
use serde_json::{Value, json};
use zbus::wire::Variant;

use crate::daemon::{Daemon, dict, refused};
use crate::model::ModelFactory;

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|n| (*n).to_owned()).collect()
}

#[tokio::test]
async fn what_a_driver_hashes_otherwise_is_not_predicted() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("driver", "mlx5_core")]).await;
    let flow = json!({"src": "10.0.0.1", "src_port": 1, "dst": "10.0.0.2", "dst_port": 2});
    let error = refused(client.manager.predict_flow("nic0", &dict(flow)).await);
    assert_eq!(error.kind, NotSupported);
    let says = "nic0: with the driver mlx5_core nothing can be predicted: it mixes source and destination";
    assert!(error.message.starts_with(says), "{}", error.message);
}

#[tokio::test]
async fn wrong_settings_and_options_name_what_is_wrong() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    let state = async || {
        let record = client.adapter("nic0").await.get_record().await.unwrap();
        from_dict::<AdapterRecord>(&record).map(|r| AdapterRecord { generation: 0, ..r }).unwrap()
    };
    let before = state().await;
    let none = || json!({});
    for (settings, options, kind, needle) in [
        (json!({"profil": "NUMA"}), none(), Usage, "did you mean `profile`?"),
        (json!({"queues": true}), none(), Usage, "queues: `true` is a boolean; allowed: 1 to 1024"),
        (json!({"queues": 0}), none(), Usage, "queues: `0` is not in 1 to 1024"),
        (
            json!({"queues": u64::MAX}),
            none(),
            Usage,
            "queues: `18446744073709551615` is no whole number in range",
        ),
        (json!({"queues": {"a": 1}}), none(), Usage, "queues: `{\"a\":1}` is a dictionary"),
        (json!({"queues": [1, 2]}), none(), Usage, "is a list"),
        (json!({"exclude_cpus": [[1]]}), none(), Usage, "is no text inside a list"),
        (json!({"enabled": 1}), none(), Usage, "enabled: `1` is a number; allowed: true or false"),
        (json!({"base_processor": "1:64"}), none(), Usage, "inside a group the number is 0 to 63"),
        (json!({"hash_key": "6d5a"}), none(), Usage, "40"),
        (json!({"hash_key": "xyz"}), none(), Usage, "hash_key: `xyz` is refused"),
        (
            json!({"profile": "x".repeat(5000)}),
            none(),
            Usage,
            "profile: 5000 bytes are too long; allowed: 4096",
        ),
        (json!({"profile": "NUMA\u{1b}[31m"}), none(), Usage, "control character"),
        (json!({"numa_node": 7}), none(), Usage, "7"),
        (json!({"base_processor": 40}), none(), Usage, "lower base_processor"),
        (json!({}), none(), Usage, "nothing to change"),
        (
            json!({"queues": 4}),
            json!({"dry": true}),
            Usage,
            "options: unknown field `dry`, expected one of `dry_run`",
        ),
        (
            json!({"queues": 4}),
            json!({"dry_run": 1}),
            Usage,
            "options: invalid type: integer `1`, expected a boolean",
        ),
        (
            json!({"queues": 4}),
            json!({"allow": "all"}),
            Usage,
            "options: allow: `all` is not known; allowed: none, reorder, gap",
        ),
        (json!({"queues": 4}), json!({"if_generation": 1}), ErrorKind::Failed, "generation 1 was asked for"),
    ] {
        let name = format!("{settings} {options}");
        let result = client.apply(&["nic0"], settings, options).await;
        // A request is refused as a whole, or its one adapter is.
        let error = match result {
            Ok(record) => record.adapters[0].error.clone().unwrap_or_else(|| panic!("{name} was taken")),
            Err(error) => error,
        };
        assert_eq!(error.kind, kind, "{name}: {error}");
        assert!(error.message.contains(needle), "{name}: {error}");
    }
    let impact = client.apply(&["nic0"], json!({"queues": 4}), json!({"allow": "none"})).await.unwrap();
    let error = impact.adapters[0].error.clone().unwrap();
    assert_eq!(error.kind, ErrorKind::Impact);
    assert!(error.message.contains("--allow reorder"), "{error}");
    assert_eq!(state().await, before, "nothing has changed");
}

#[tokio::test]
async fn wrong_names_entries_queries_and_software_nics() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("entries", "8")]).await;
    let m = &client.manager;
    let d = |v: Value| dict(v);
    let empty = || dict(json!({}));
    let list = names;
    let softnic =
        |pairs: &[(&'static str, &'static str)]| -> HashMap<&str, &str> { pairs.iter().copied().collect() };
    for (error, kind, needle) in [
        (
            refused(m.list_adapters(&list(&["eth0"]), &empty()).await),
            NoSuchAdapter,
            "no adapter matches `eth0`: there are nic0",
        ),
        (
            refused(m.list_adapters(&[], &d(json!({"all": true}))).await),
            Usage,
            "options: unknown field `all`",
        ),
        (refused(m.list_adapters(&list(&[""]), &empty()).await), Usage, "the name is empty"),
        (refused(m.list_adapters(&list(&["a\nb"]), &empty()).await), Usage, "control character \\u{a}"),
        (
            refused(m.list_adapters(&vec!["nic0".to_owned(); 2000], &empty()).await),
            Usage,
            "2000 names are too many",
        ),
        (refused(m.get_adapter("nic1").await), NoSuchAdapter, "nic1"),
        (refused(m.get_adapter(&"n".repeat(100)).await), Usage, "100 bytes are too long; allowed: 64"),
        (
            refused(m.get_stats(&[], "core").await),
            Usage,
            "per: `core` is not known; allowed: adapter, queue, cpu, entry",
        ),
        (refused(m.get_stats(&list(&["x*"]), "cpu").await), NoSuchAdapter, "x*"),
        (
            refused(m.predict_flow("nic0", &d(json!({"src": "here", "dst": "::1"}))).await),
            Usage,
            "source: `here` is no IPv4 or IPv6 address",
        ),
        (
            refused(m.predict_flow("nic0", &d(json!({"dst": "::1"}))).await),
            Usage,
            "query: missing field `src`",
        ),
        (
            refused(
                m.predict_flow(
                    "nic0",
                    &d(json!({"src": "::1", "dst": "::2", "src_port": 70000, "dst_port": 1})),
                )
                .await,
            ),
            Usage,
            "70000",
        ),
        (refused(m.predict_flow("no", &d(json!({"src": "::1", "dst": "::2"}))).await), NoSuchAdapter, "no"),
        (refused(m.explain("nic0", &d(json!({"entry": 8}))).await), Usage, "the table has entries 0 to 7"),
        (refused(m.explain("nic0", &d(json!({"cpu": "first"}))).await), Usage, "first"),
        (refused(m.explain("no", &empty()).await), NoSuchAdapter, "no"),
        (refused(m.get_events(&d(json!({"after": 3}))).await), Usage, "query: unknown field `after`"),
        (refused(m.get_events(&d(json!({"limit": "many"}))).await), Usage, "invalid type"),
        (refused(m.set_entries(&list(&["nic0"]), &list(&["9=0:1=2"]), &empty()).await), Usage, "entries:"),
        (
            refused(m.set_entries(&list(&["nic0"]), &list(&["x=0:1"]), &empty()).await),
            Usage,
            "`x=0:1` is no ENTRY=PROCESSOR",
        ),
        (
            refused(m.set_entries(&list(&["nic0"]), &list(&["1=0:1", "1=0:2"]), &empty()).await),
            Usage,
            "entry 1 is given twice",
        ),
        (
            refused(m.set_entries(&list(&["nic0"]), &[], &empty()).await),
            Usage,
            "0 entries; allowed: 1 to 32768",
        ),
        (refused(m.set_entries(&list(&["no"]), &list(&["1=1"]), &empty()).await), NoSuchAdapter, "no"),
        (
            refused(m.move_entries(&list(&["nic0"]), "zero", "1", &empty()).await),
            Usage,
            "from: `zero` is not a processor",
        ),
        (
            refused(m.move_entries(&list(&["nic0"]), "0:31", "1", &empty()).await),
            Usage,
            "no table entry points at processor 0:31",
        ),
        (refused(m.reset(&list(&["no"]), &empty()).await), NoSuchAdapter, "no"),
        (refused(m.reset(&[], &d(json!({"x": 1}))).await), Usage, "unknown field `x`"),
        (refused(m.release(&list(&["no"]), &empty()).await), NoSuchAdapter, "no"),
        (refused(m.create_softnic("nic0", softnic(&[])).await), Usage, "exists already"),
        (
            refused(m.create_softnic("nic1", softnic(&[("queues", "many")])).await),
            Usage,
            "software NIC nic1: queues: not a number",
        ),
        (refused(m.create_softnic("", softnic(&[])).await), Usage, "the name is empty"),
        (refused(m.delete_softnic("no").await), NoSuchAdapter, "no"),
        (refused(m.set_softnic_source("nic0", "sky").await), Usage, "source is `sky`"),
        (refused(m.set_softnic_source("no", "ended").await), NoSuchAdapter, "no"),
        (refused(m.reload().await), ErrorKind::BadFile, "f.toml:1:1"),
    ] {
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(needle), "wanted {needle:?} in {error}");
    }
    assert_eq!(m.list_softnics().await.unwrap().len(), 1);
}

#[tokio::test]
async fn wrong_types_on_the_wire_are_usage_errors() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    async fn call<B: serde::Serialize + zbus::DynamicType>(
        connection: &zbus::Connection,
        member: &str,
        body: B,
    ) -> rssmgr_proto::ApiError {
        let name = Some("org.rssmgr1.Manager");
        refused(connection.call_method(None::<()>, "/org/rssmgr1", name, member, &body).await)
    }
    let c = &client.connection;
    for error in [
        call(c, "Apply", ("nic0",)).await,
        call(c, "WaitSettled", ("soon", 3u32)).await,
        call(c, "SetGlobal", (1u32,)).await,
        call(c, "GetAdapter", (vec!["nic0"],)).await,
        call(c, "NoSuchMethod", ()).await,
    ] {
        assert_eq!(error.kind, Usage, "{error}");
    }
    // A value of a type that settings never have.
    let file = std::fs::File::open("/dev/null").unwrap();
    let value = Variant::from(zbus::wire::Fd::from(std::os::fd::OwnedFd::from(file)));
    let settings: Dictionary = [("queues".to_owned(), value.try_into_owned().unwrap())].into();
    let error = refused(client.manager.apply(&names(&["nic0"]), &settings, &dict(json!({}))).await);
    assert_eq!(error.kind, Usage, "{error}");
    assert!(error.message.contains("D-Bus type `h`"), "{error}");
    // Properties are for reading.
    let adapter = client.adapter("nic0").await;
    assert!(adapter.inner().set_property("Enabled", false).await.is_err());
    assert!(adapter.enabled().await.unwrap());
}

#[tokio::test]
async fn only_root_and_the_daemons_user_change_anything_or_see_keys() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    daemon.client().await.create("nic0", &[]).await;
    let stranger = daemon.client_as(12345).await;
    let (m, empty) = (&stranger.manager, || dict(json!({})));
    let one = names(&["nic0"]);
    for (what, error) in [
        ("Apply", stranger.apply(&["nic0"], json!({"queues": 2}), json!({})).await.unwrap_err()),
        ("Reset", refused(m.reset(&one, &empty()).await)),
        ("Release", refused(m.release(&one, &empty()).await)),
        ("SetEntries", refused(m.set_entries(&one, &names(&["0=1"]), &empty()).await)),
        ("MoveEntries", refused(m.move_entries(&one, "0", "1", &empty()).await)),
        ("CreateSoftnic", refused(m.create_softnic("nic1", HashMap::new()).await)),
        ("DeleteSoftnic", refused(m.delete_softnic("nic0").await)),
        ("SetSoftnicSource", refused(m.set_softnic_source("nic0", "ended").await)),
        ("SetSoftnicPower", refused(m.set_softnic_power("nic0", false).await)),
        ("ResetSoftnic", refused(m.reset_softnic("nic0").await)),
        ("SetGlobal", refused(m.set_global(false).await)),
        ("Reload", refused(m.reload().await)),
        ("Rundown", refused(m.rundown().await)),
        ("GetHashKey", refused(stranger.adapter("nic0").await.get_hash_key().await)),
    ] {
        assert_eq!(error.kind, NotAuthorised, "{what}: {error}");
        assert!(error.message.contains("uid 12345"), "{what}: {error}");
    }
    // Looking is free, and so is asking what would be.
    assert_eq!(m.list_adapters(&[], &empty()).await.unwrap().len(), 1);
    stranger.apply(&["nic0"], json!({"queues": 2}), json!({"dry_run": true})).await.unwrap();
    assert!(!daemon.client_as(0).await.adapter("nic0").await.get_hash_key().await.unwrap().is_empty());
    assert_eq!(daemon.context.calls.counts()[&("SetGlobal", "NotAuthorised")], 1);
}

#[tokio::test]
async fn what_an_adapter_lacks_is_told_as_not_supported() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("plain", "yes")]).await;
    for (settings, needle) in [
        (json!({"hash_key": "symmetric"}), "hash_key"),
        (json!({"hash_types": "ipv4"}), "hash_types"),
        (json!({"encapsulation": "vxlan"}), "vxlan is not supported by"),
        (json!({"encapsulation": ["nvgre"]}), "NVGRE and GRE by their addresses"),
    ] {
        let record = client.apply(&["nic0"], settings.clone(), json!({})).await.unwrap();
        let error = record.adapters[0].error.clone().expect("it has a fixed one");
        assert_eq!(error.kind, NotSupported, "{settings}: {error}");
        assert!(error.message.contains(needle), "{settings}: {error}");
    }
}
