//! VPorts over the API: made, granted, moved with a status each, refused by name, and there again after a restart.

use rssmgr_proto::dict::{Dictionary, from_dict};
use rssmgr_proto::proxy::AdapterProxy;
use rssmgr_proto::types::{ApplyRecord, EventRecord, MovesRecord, VPortRecord};
use rssmgr_proto::{ApiError, ErrorKind};
use serde_json::{Value, json};

use crate::daemon::{Client, Daemon, Memory, dict, refused};
use crate::model::ModelFactory;

const MAC: &str = "02:00:00:00:00:07";

async fn vports(adapter: &AdapterProxy<'_>) -> Vec<VPortRecord> {
    adapter.get_vports().await.unwrap().iter().map(|d| from_dict(d).unwrap()).collect()
}

async fn create(adapter: &AdapterProxy<'_>, request: Value) -> Result<ApplyRecord, ApiError> {
    done(adapter.create_vport(&dict(request), &dict(json!({}))).await)
}

async fn set(adapter: &AdapterProxy<'_>, id: u32, request: Value) -> Result<ApplyRecord, ApiError> {
    done(adapter.set_vport(id, &dict(request), &dict(json!({}))).await)
}

/// The record, or what failed of it.
fn done(reply: zbus::Result<Dictionary>) -> Result<ApplyRecord, ApiError> {
    let record: ApplyRecord = from_dict(&reply.map_err(ApiError::from)?)?;
    match record.adapters.first().and_then(|a| a.error.clone()) {
        Some(error) => Err(error),
        None => Ok(record),
    }
}

/// Moves of a VPort on behalf of `actor`: entry, or 65534 and 65535 for the primary and the default processor.
async fn moves(adapter: &AdapterProxy<'_>, list: &[(u32, u16, &str)], actor: &str) -> Vec<String> {
    let list: Vec<_> =
        list.iter().map(|(vport, index, to)| (0, *vport, 0, *index, (*to).to_owned())).collect();
    let reply = adapter.move_entries(&list, actor, &dict(json!({}))).await.unwrap();
    let record: MovesRecord = from_dict(&reply).unwrap();
    assert!(record.adapter.error.is_none(), "{:?}", record.adapter.error);
    assert!(record.moves.iter().all(|m| m.meaning.is_some() == (m.status != "NDIS_STATUS_SUCCESS")));
    record.moves.into_iter().map(|m| m.status.replace("NDIS_STATUS_", "")).collect()
}

fn table(v: &VPortRecord) -> Vec<&str> {
    v.indirection_table.iter().map(|e| e.processor.as_str()).collect()
}

async fn told(client: &Client, after: u64) -> Vec<(String, String)> {
    let events = client.manager.get_events(&dict(json!({}))).await.unwrap();
    let events = events.iter().map(|d| from_dict::<EventRecord>(d).unwrap());
    events.filter(|e| e.seq > after && e.id / 10 == 205).map(|e| (e.name, e.message)).collect()
}

#[tokio::test]
async fn a_vport_gets_queues_of_its_own_and_the_adapter_the_rest() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "8")]).await;
    let adapter = client.adapter("nic0").await;
    let only = vports(&adapter).await;
    assert_eq!((only.len(), only[0].vport_id, only[0].num_queue_pairs), (1, 0, 8), "always the default one");

    let reply =
        create(&adapter, json!({"name": "web", "queues": 3, "add_filters": [MAC, "any/200"]})).await.unwrap();
    assert_eq!(reply.adapters[0].status, "applied");
    let all = vports(&adapter).await;
    let web = &all[1];
    assert_eq!((web.vport_id, web.vport_name.as_deref(), web.state.as_str()), (1, Some("web"), "activated"));
    assert_eq!((web.num_queue_pairs, web.num_queue_pairs_requested, &web.limited_by), (3, 3, &None));
    assert_eq!((web.queues.clone(), web.spreading.as_str(), web.enabled), (vec![5, 6, 7], "dynamic", true));
    assert_eq!(web.processors.len(), 3, "{web:?}");
    assert_eq!(web.hash_key_size, 40);
    let filters: Vec<_> =
        web.filters.iter().map(|f| (f.filter_id, f.mac_address.as_deref(), f.vlan_id)).collect();
    assert_eq!(filters, [(1, Some(MAC), None), (2, None, Some(200))]);
    assert_eq!((all[0].num_queue_pairs, all[0].queues.clone()), (5, vec![0, 1, 2, 3, 4]));
    assert!(
        all[0].indirection_table.len() == 128
            && !all[0].processors.iter().any(|p| web.processors.contains(p))
    );

    // More than there is: what is granted, and by which limit.
    let reply = create(&adapter, json!({"queues": 16, "entries": 64})).await.unwrap();
    let reason = reply.adapters[0].reasons.iter().find(|r| r.id.starts_with("MaxNum")).unwrap();
    assert_eq!((reason.asked, reason.given, reason.kind.as_str()), (Some(16), Some(4), "limit"));
    let second = vports(&adapter).await.remove(2);
    assert_eq!((second.num_queue_pairs, second.num_queue_pairs_requested), (4, 16));
    assert_eq!(second.limited_by.as_deref(), Some("MaxNumQueuePairsPerNonDefaultVPort"));
    assert_eq!(second.indirection_table.len(), 64);
    let error = create(&adapter, json!({"queues": 2})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Usage);
    assert!(error.message.contains("none of the adapter's 8 is free (7 are held by VPorts"), "{error}");

    // Given back: the default VPort spreads over all of them again.
    done(adapter.delete_vport(1, &dict(json!({}))).await).unwrap();
    done(adapter.delete_vport(2, &dict(json!({}))).await).unwrap();
    let rest = vports(&adapter).await;
    assert_eq!((rest.len(), rest[0].num_queue_pairs, rest[0].processors.len()), (1, 8, 8));
    let names: Vec<String> = told(&client, 0).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "VPortCreated",
            "VPortActivated",
            "VPortFilters",
            "VPortCreated",
            "VPortActivated",
            "VPortDeleted",
            "VPortDeleted"
        ]
    );
}

#[tokio::test]
async fn moves_have_a_status_each_and_groups_are_all_or_nothing() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "8")]).await;
    let adapter = client.adapter("nic0").await;
    create(&adapter, json!({"queues": 2, "entries": 4, "processors": ["4", "5"]})).await.unwrap();
    create(&adapter, json!({"queues": 1, "activate": false})).await.unwrap();
    let of = async |id: usize| vports(&adapter).await.remove(id);
    assert_eq!(table(&of(1).await), ["0:4", "0:5", "0:4", "0:5"]);

    // Two groups of one VPort, and one of another between them: three outcomes.
    let statuses = moves(&adapter, &[(1, 0, "0:5"), (1, 2, "0:5"), (2, 0, "0:5"), (1, 1, "0:6")], "").await;
    assert_eq!(statuses, ["SUCCESS", "SUCCESS", "INVALID_PORT_STATE", "NO_QUEUES"]);
    assert_eq!(table(&of(1).await), ["0:5", "0:5", "0:5", "0:5"]);
    // The default processor takes a queue too; evacuated together, everything may go where no queue was.
    assert_eq!(moves(&adapter, &[(1, 65535, "0:5")], "").await, ["SUCCESS"]);
    let all: Vec<_> = (0..4).map(|i| (1, i, "0:7")).chain([(1, 65535, "0:6")]).collect();
    assert_eq!(moves(&adapter, &all, "0:5").await, ["SUCCESS"; 5]);
    let now = of(1).await;
    assert_eq!((table(&now), now.default_processor.as_str()), (vec!["0:7"; 4], "0:6"));

    for (list, actor, expected) in [
        (vec![(1, 0, "0:6")], "0:6", "NOT_ACCEPTED"),
        (vec![(1, 0, "0:7")], "0:6", "NOT_ACCEPTED"),
        (vec![(1, 4, "0:6")], "", "INVALID_PARAMETER"),
        (vec![(9, 0, "0:6")], "", "INVALID_PARAMETER"),
        (vec![(1, 0, "0:17")], "", "INVALID_DATA"),
        (vec![(1, 65534, "0:17")], "", "SUCCESS"),
        (vec![(0, 0, "0:17")], "", "INVALID_DATA"),
        (vec![(0, 3, "0:3"), (0, 200, "0:3")], "", "INVALID_PARAMETER"),
    ] {
        let statuses = moves(&adapter, &list, actor).await;
        assert!(statuses.iter().all(|s| s == expected), "{list:?} {statuses:?}");
    }
    assert_eq!(of(1).await.primary_processor, "0:17", "tracked: it directs nothing while RSS is on");
    // Judged when it would: RSS cannot be switched off with everything on a processor that may not be used.
    let error = set(&adapter, 1, json!({"enabled": false})).await.unwrap_err();
    assert!(error.message.contains("disable: NDIS_STATUS_INVALID_DATA"), "{error}");

    // The default VPort's entries are the adapter's: explicit ones from then on.
    assert_eq!(moves(&adapter, &[(0, 0, "0:1"), (0, 1, "0:1")], "").await, ["SUCCESS"; 2]);
    assert_eq!(table(&of(0).await)[..2], ["0:1", "0:1"]);
    assert_eq!(moves(&adapter, &[(0, 65535, "0:1")], "").await, ["SUCCESS"]);
    assert_eq!(of(0).await.default_processor, "0:1");
    let moved = told(&client, 0).await;
    assert!(
        moved
            .iter()
            .any(|(name, text)| name == "VPortMoved"
                && text.contains("VPort 1: default moved from 0:5 to 0:6"))
    );

    let empty = refused(adapter.move_entries(&[], "", &dict(json!({}))).await);
    assert!(empty.message.contains("0 moves; allowed: 1 to"), "{empty}");
    let many = vec![(0, 1, 0, 0, "0:4".to_owned()); 5000];
    let many = refused(adapter.move_entries(&many, "", &dict(json!({}))).await);
    assert!(many.message.contains("NDIS_STATUS_INVALID_LENGTH"), "{many}");
}

#[tokio::test]
async fn moves_on_an_adapter_without_rssv2_are_one_write_of_its_table() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("whole", ""), ("entries", "16")]).await;
    let adapter = client.adapter("nic0").await;
    // Two groups of the default VPort, one of which asks for too many processors: that one is left out whole.
    let list = [(0, 0, "0:1"), (0, 1, "0:1"), (7, 0, "0:1"), (0, 2, "0:4"), (0, 3, "0:1")];
    let list: Vec<_> = list.map(|(vport, entry, to)| (0, vport, 0, entry, to.to_owned())).into();
    let reply = adapter.move_entries(&list, "", &dict(json!({}))).await.unwrap();
    let record: MovesRecord = from_dict(&reply).unwrap();
    let ok: Vec<bool> = record.moves.iter().map(|m| m.status == "NDIS_STATUS_SUCCESS").collect();
    assert_eq!(ok, [true, true, false, false, false], "{record:?}");
    let steps: Vec<&str> = record.adapter.steps.iter().map(|s| s.op.as_str()).collect();
    assert_eq!(steps, ["write indirection table (16 entries)"]);
    assert_eq!(table(&vports(&adapter).await[0])[..4], ["0:1", "0:1", "0:1", "0:9"]);
    // VPorts are spread once and stay so.
    create(&adapter, json!({"queues": 2})).await.unwrap();
    assert_eq!(vports(&adapter).await[1].spreading, "static");
}

#[tokio::test]
async fn static_spreading_and_restricted_tables_are_enforced() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("static", "")]).await;
    client.create("nic1", &[("restricted", "")]).await;
    let (fixed, restricted) = (client.adapter("nic0").await, client.adapter("nic1").await);
    create(&fixed, json!({"queues": 2})).await.unwrap();
    let before = vports(&fixed).await.remove(1);
    assert_eq!(before.spreading, "static");
    assert_eq!(moves(&fixed, &[(1, 0, "0:4")], "").await, ["NOT_SUPPORTED"]);
    let error = set(&fixed, 1, json!({"processors": ["3"]})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotSupported, "{error}");
    assert!(error.message.contains("disable the VPort first"), "{error}");
    // Off, it can be changed; on again, it is where it was moved to.
    set(&fixed, 1, json!({"enabled": false})).await.unwrap();
    set(&fixed, 1, json!({"enabled": true, "processors": ["0:3"]})).await.unwrap();
    assert_eq!(vports(&fixed).await[1].processors, ["0:3"]);

    create(&restricted, json!({"queues": 3})).await.unwrap();
    assert_eq!(vports(&restricted).await[1].indirection_table.len(), 4, "queues rounded up");
    let error = create(&restricted, json!({"queues": 2, "entries": 8})).await.unwrap_err();
    assert!(
        error.message.contains("entries: 8 is not allowed; allowed: 2, which goes with 2 queues"),
        "{error}"
    );
}

#[tokio::test]
async fn refusals_name_field_value_range_and_remedy_and_change_nothing() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    client.create("nic1", &[("plain", "")]).await;
    let adapter = client.adapter("nic0").await;
    create(&adapter, json!({"add_filters": [MAC]})).await.unwrap();
    let before = vports(&adapter).await;
    for (request, needle) in [
        (json!({"id": 0}), "VPort 0 is the adapter itself"),
        (json!({"id": 1}), "VPort 1 exists already"),
        (json!({"id": 70000}), "id: 70000 is not allowed; allowed: 1 to 65535"),
        (json!({"queues": 0}), "queues: 0 is not allowed; allowed: 1 to 4"),
        (json!({"queues": 70000}), "queues: 70000 is not allowed"),
        (json!({"entries": 3}), "entries: 3 is not allowed; allowed: a power of two, 1 to 64"),
        (json!({"entries": 128}), "entries: 128 is not allowed"),
        (json!({"processors": ["0:99"]}), "processors: "),
        (json!({"processors": ["0:17"]}), "NDIS_STATUS_INVALID_DATA"),
        (json!({"queues": 1, "processors": ["1", "2"]}), "NDIS_STATUS_NO_QUEUES"),
        (json!({"hash_types": "tcp"}), "hash_types: "),
        (json!({"hash_key": "6d5a"}), "hash_key: "),
        (json!({"name": "x".repeat(65)}), "name: 65 bytes are too long; allowed: 64"),
        (json!({"add_filters": ["02:00:00:00:07"]}), "no Ethernet address; write MAC, MAC/VLAN or any/VLAN"),
        (json!({"add_filters": ["any"]}), "nothing to test"),
        (json!({"add_filters": [format!("{MAC}/x")]}), "no VLAN of 0 to 4094"),
        (json!({"add_filters": ["any/4095"]}), "VLAN 4095 does not exist"),
        (json!({"add_filters": [MAC]}), "tests the same as filter 1 of VPort 1"),
        (json!({"add_filters": vec!["any/1"; 2000]}), "2000 are too many in one request"),
        (json!({"activate": false, "enabled": true}), "one that is not activated does not spread"),
        (json!({"queue": 1}), "unknown field `queue`"),
    ] {
        let error = create(&adapter, request.clone()).await.expect_err(&request.to_string());
        assert_eq!(error.kind, ErrorKind::Usage, "{request}: {error}");
        assert!(error.message.contains(needle), "{request}: {error}");
    }
    for (request, needle) in [
        (json!({"queues": 0}), "allowed: 1 to 4"),
        (json!({"hash_types": "ipv4"}), "it is fixed for the VPort's life"),
        (json!({"hash_key": "symmetric"}), "it is fixed for the VPort's life"),
        (json!({"remove_filters": [9]}), "VPort 1 has no filter 9: it has 1"),
        (json!({"activate": false}), "a VPort in use is deleted, not deactivated"),
    ] {
        let error = set(&adapter, 1, request.clone()).await.expect_err(&request.to_string());
        assert!(error.message.contains(needle), "{request}: {error}");
    }
    let missing = set(&adapter, 5, json!({"queues": 1})).await.unwrap_err();
    assert!(missing.message.contains("VPort 5 does not exist: there are 0, 1"), "{missing}");
    let runtime = adapter.delete_vport(1, &dict(json!({"runtime": true}))).await;
    assert!(refused(runtime).message.contains("leave out --runtime"));
    let none = create(&client.adapter("nic1").await, json!({})).await.unwrap_err();
    assert_eq!(none.kind, ErrorKind::NotSupported);
    assert!(none.message.contains("VPorts are not supported by softnic"), "{none}");
    let nobody = daemon.client_as(4242).await.adapter("nic0").await;
    assert_eq!(create(&nobody, json!({})).await.unwrap_err().kind, ErrorKind::NotAuthorised);
    assert_eq!(vports(&adapter).await, before, "nothing was changed");

    // More queues than are left for it: named before anything is done.
    let shortage = client.apply(&["nic0"], json!({"queues": 1}), json!({})).await.unwrap();
    let shortage = shortage.adapters[0].error.clone().unwrap();
    assert!(shortage.message.contains("VPort 1 holds queues of the 1"), "{shortage}");
}

#[tokio::test]
async fn vports_are_saved_planned_rolled_back_and_switched_off() {
    let memory = Memory::default();
    let daemon = Daemon::with(ModelFactory::default(), memory.clone(), 100).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    let adapter = client.adapter("nic0").await;
    let planned = adapter.create_vport(&dict(json!({"queues": 2})), &dict(json!({"dry_run": true}))).await;
    let planned = done(planned).unwrap();
    assert_eq!(planned.adapters[0].status, "planned");
    assert!(planned.adapters[0].steps.iter().any(|s| s.op == "VPort 1: create with 2 queues"), "{planned:?}");
    assert_eq!(vports(&adapter).await.len(), 1, "a dry run makes none");

    // A change that is not confirmed goes back.
    let options = dict(json!({"confirm_within_ms": 60_000}));
    let made = done(adapter.create_vport(&dict(json!({"queues": 2})), &options).await).unwrap();
    assert_eq!(vports(&adapter).await.len(), 2);
    client.manager.roll_back_checkpoint(made.checkpoint.unwrap()).await.unwrap();
    assert_eq!(vports(&adapter).await.len(), 1, "it went back");

    create(&adapter, json!({"id": 7, "name": "db", "queues": 2, "add_filters": [MAC]})).await.unwrap();
    assert_eq!(moves(&adapter, &[(7, 0, "0:3"), (7, 1, "0:3")], "").await, ["SUCCESS"; 2]);
    let before = vports(&adapter).await;

    // VMQ off: kept, and not there; nothing is changed meanwhile.
    done(adapter.set_vmq(false, &dict(json!({}))).await).unwrap();
    let off = vports(&adapter).await;
    assert!(!off[1].in_force && off[1].queues.is_empty() && off[0].num_queue_pairs == 8, "{off:?}");
    assert!(create(&adapter, json!({})).await.unwrap_err().message.contains("`rssctl vmq enable`"));
    done(adapter.set_vmq(true, &dict(json!({}))).await).unwrap();
    assert_eq!(vports(&adapter).await[1], before[1]);

    // A full disk: nothing is done.
    memory.broken.store(true, std::sync::atomic::Ordering::Relaxed);
    let error = create(&adapter, json!({})).await.unwrap_err();
    assert!(error.message.contains("the disk is full"), "{error}");
    memory.broken.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(vports(&adapter).await, before);

    // The next run has them again.
    drop((client, daemon));
    let again = Daemon::with(ModelFactory::default(), memory, 100).await;
    let client = again.client().await;
    let adapter = client.adapter("nic0").await;
    assert_eq!(vports(&adapter).await, before);
    done(client.manager.release(&["nic0".to_owned()], &dict(json!({}))).await).unwrap();
    assert_eq!(vports(&adapter).await.len(), 1, "given back as it was found");
}
