//! Changes that fail half-way: taken back, or visibly degraded.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};

use rssmgr_core::manager::{SavedSoftnic, Unusable};
use rssmgr_proto::ErrorKind;
use rssmgr_proto::dict::from_dict;
use rssmgr_proto::types::AdapterRecord;
use rssmgrd::backend::faulty::{Faults, FaultyFactory};
use rssmgrd::backend::softnic::SoftnicFactory;
use rssmgrd::backend::{Factory, Made};
use serde_json::json;

use crate::daemon::{Client, Daemon, Memory};
use crate::model::ModelFactory;

async fn record(client: &Client) -> AdapterRecord {
    from_dict(&client.adapter("nic0").await.get_record().await.unwrap()).unwrap()
}

/// A daemon whose one adapter is managed, and the number of operations that `CHANGE` takes.
async fn daemon() -> (Daemon, Client, Arc<Faults>, u64) {
    let faults = Arc::new(Faults::default());
    let daemon = Daemon::start(FaultyFactory::new(ModelFactory::default(), Arc::clone(&faults))).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "16")]).await;
    let planned = client.apply(&["nic0"], change(), json!({"dry_run": true})).await.unwrap();
    let steps = u64::try_from(planned.adapters[0].steps.len()).unwrap();
    assert!(steps > 3, "a change worth failing: {steps}");
    (daemon, client, faults, steps)
}

fn change() -> serde_json::Value {
    json!({"profile": "Closest", "queues": 4, "hash_types": "ipv4"})
}

#[tokio::test]
async fn an_operation_that_fails_at_any_step_leaves_the_adapter_as_it_was() {
    let (daemon, client, faults, steps) = daemon().await;
    let before = record(&client).await;
    for step in 0..steps {
        faults.fail(&[step]);
        let result = client.apply(&["nic0"], change(), json!({})).await.unwrap();
        let error = result.adapters[0].error.clone().expect("fails");
        assert_eq!(error.kind, ErrorKind::RolledBack, "step {step}: {error}");
        assert!(error.message.contains("injected fault: EIO"), "step {step}: {error}");
        assert!(error.message.contains("back as it was"), "step {step}: {error}");
        let after = record(&client).await;
        assert_eq!(
            (&after.indirection_table, &after.queues, &after.hash_types, &after.settings),
            (&before.indirection_table, &before.queues, &before.hash_types, &before.settings),
            "step {step}"
        );
        assert_eq!(after.state, "managed");
    }
    let told = daemon.context.events.told();
    assert_eq!(told.get("RolledBack"), Some(&steps));
    faults.fail(&[]);
    let done = client.apply(&["nic0"], change(), json!({})).await.unwrap();
    assert_eq!(done.adapters[0].status, "applied");
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_degraded_and_seen_everywhere() {
    let (daemon, client, faults, steps) = daemon().await;
    // The last step fails, and so does the first one of the way back.
    faults.fail(&[steps - 1, steps]);
    let result = client.apply(&["nic0"], change(), json!({})).await.unwrap();
    let error = result.adapters[0].error.clone().expect("fails");
    assert_eq!(error.kind, ErrorKind::Failed);
    assert!(
        error.message.contains("the adapter is degraded") && error.message.contains("rssctl reset"),
        "{error}"
    );

    let seen = record(&client).await;
    assert_eq!(seen.state, "degraded");
    assert!(seen.state_reason.unwrap().contains("injected fault"));
    assert_eq!(client.adapter("nic0").await.state().await.unwrap(), "degraded");
    assert_eq!(daemon.context.events.told().get("AdapterDegraded"), Some(&1));
    let page = crate::metrics::page(&daemon);
    assert!(page.contains("rssmgrd_adapter_degraded{device=\"nic0\"} 1"), "{page}");

    // The way out that the message names.
    faults.fail(&[]);
    client.manager.reset(&["nic0".to_owned()], &crate::daemon::dict(json!({}))).await.unwrap();
    let mended = record(&client).await;
    assert_eq!((mended.state.as_str(), mended.state_reason), ("managed", None));
}

/// The software NIC itself, with a driver that fails.
#[tokio::test]
async fn a_reset_that_cannot_be_replayed_in_three_tries_revokes_rss() {
    let faults = Arc::new(Faults::default());
    let factory = FaultyFactory::new(SoftnicFactory::new(None).unwrap(), Arc::clone(&faults));
    let daemon = Daemon::start(factory).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "4"), ("topology", "1x4x1")]).await;
    client.apply(&["nic0"], json!({"profile": "Closest"}), json!({})).await.unwrap();
    let wanted = record(&client).await;

    faults.fail(&[0, 1]);
    client.manager.reset_softnic("nic0").await.unwrap();
    let there = record(&client).await;
    assert_eq!((&there.indirection_table, there.state.as_str()), (&wanted.indirection_table, "managed"));
    assert_eq!(daemon.context.events.told().get("StateReplayed"), Some(&1));

    faults.fail(&(0..100).collect::<Vec<_>>());
    let error = crate::daemon::refused(client.manager.reset_softnic("nic0").await);
    assert_eq!(error.kind, ErrorKind::Failed);
    assert!(error.message.contains("RSS of nic0 is revoked: 3 tries"), "{error}");
    assert!(error.message.contains("injected fault: EIO"), "{error}");
    let seen = record(&client).await;
    assert_eq!((seen.state.as_str(), seen.enabled), ("degraded", false));
    assert!(seen.state_reason.unwrap().contains("revoked"));
    let told = daemon.context.events.told();
    assert_eq!((told.get("AdapterDegraded"), told.get("RssFailure")), (Some(&1), Some(&5)));
    assert!(crate::metrics::page(&daemon).contains("rssmgrd_adapter_degraded{device=\"nic0\"} 1"));

    faults.fail(&[]);
    client.manager.reset(&["nic0".to_owned()], &crate::daemon::dict(json!({}))).await.unwrap();
    let mended = record(&client).await;
    assert_eq!((mended.state.as_str(), mended.enabled), ("managed", true));
}

#[tokio::test]
async fn settings_that_cannot_be_saved_are_not_in_force() {
    let memory = Memory::default();
    let daemon = Daemon::with(ModelFactory::default(), memory.clone(), 100).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    let before = record(&client).await;
    memory.broken.store(true, Ordering::Relaxed);
    let result = client.apply(&["nic0"], change(), json!({})).await.unwrap();
    let error = result.adapters[0].error.clone().expect("fails");
    assert!(error.message.contains("the disk is full") && error.message.contains("make room"), "{error}");
    assert_eq!(record(&client).await.indirection_table, before.indirection_table);
    let error = crate::daemon::refused(client.manager.create_softnic("nic1", Default::default()).await);
    assert!(error.message.contains("could not be saved"), "{error}");
    let error = crate::daemon::refused(client.manager.delete_softnic("nic0").await);
    assert!(error.message.contains("could not be saved"), "{error}");
    memory.broken.store(false, Ordering::Relaxed);
    client.manager.delete_softnic("nic0").await.unwrap();
}

#[tokio::test]
async fn a_client_that_leaves_loses_only_its_answer() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "16")]).await;
    let leaving = daemon.client().await;
    let mut events = daemon.context.events.listen();
    {
        let asked = leaving.apply(&["nic0"], change(), json!({}));
        tokio::pin!(asked);
        // The request is on its way, and nobody waits for the answer.
        tokio::select! {
            biased;
            _ = &mut asked => panic!("answered before it was asked"),
            _ = events.recv() => {}
        }
    }
    leaving.connection.close().await.unwrap();
    client.manager.wait_settled(0, 5000).await.unwrap();
    let record = record(&client).await;
    assert_eq!((record.number_of_receive_queues, record.profile.as_str()), (4, "Closest"));
    assert!(!daemon.memory.saved.lock().unwrap().adapters["softnic:nic0"].patch.is_empty());
}

/// Makes `first` only when `last` is made.
struct Backwards {
    inner: ModelFactory,
    last_is_made: Barrier,
}

impl Factory for Backwards {
    fn make(&self, name: &str, options: &BTreeMap<String, String>) -> Result<Made, Unusable> {
        let made = (name != "bad").then(|| self.inner.make(name, options));
        if ["first", "last"].contains(&name) {
            self.last_is_made.wait();
        }
        made.unwrap_or_else(|| Err("it is broken".to_owned().into()))
    }
}

#[tokio::test]
async fn saved_nics_come_in_their_order_whichever_is_ready_first() {
    let memory = Memory::default();
    let names = ["first", "zebra", "bad", "ant", "last"];
    let softnics = names.map(|name| SavedSoftnic { name: name.to_owned(), options: BTreeMap::new() });
    memory.saved.lock().unwrap().softnics = softnics.to_vec();
    let factory = Backwards { inner: ModelFactory::default(), last_is_made: Barrier::new(2) };
    let daemon = Daemon::with(factory, memory, 1).await;
    let snapshot = daemon.handle().snapshot();
    let ids: Vec<_> = snapshot.adapters.values().map(|a| (a.id.0, a.facts.name.as_str())).collect();
    assert_eq!(ids, [(1, "first"), (2, "zebra"), (3, "ant"), (4, "last")]);
}
