//! What stands around an adapter is looked at when somebody asks for a change, and refuses what would stop its traffic.

use std::collections::BTreeMap;
use std::sync::Arc;

use rssmgr_core::backend::{Backend, Sampler, Surveyor};
use rssmgr_core::capability::Capability;
use rssmgr_core::device::{BackendError, Device, Op, Outcome};
use rssmgr_core::manager::Unusable;
use rssmgr_core::preflight::Surroundings;
use rssmgr_proto::ErrorKind;
use rssmgr_proto::dict::from_dict;
use rssmgr_proto::types::AdapterRecord;
use rssmgrd::backend::{Factory, Made, Nic, Source};
use serde_json::json;

use crate::daemon::{Daemon, dict, refused};
use crate::model::ModelFactory;

/// Adapters that stop for every write of their table, with something around them.
struct Surrounded(ModelFactory);

impl Factory for Surrounded {
    fn make(&self, name: &str, options: &BTreeMap<String, String>) -> Result<Made, Unusable> {
        let mut made = self.0.make(name, options)?;
        made.created.facts.driver = "bnxt_en".to_owned();
        let vfs = options.get("vfs").map_or(0, |n| n.parse().unwrap());
        made.created.device.virtual_functions = vfs;
        Ok(Made { nic: Box::new(Around(made.nic, vfs)), created: made.created })
    }
}

struct Around(Box<dyn Nic>, u32);

/// With so many virtual functions in use.
struct Found(u32);

impl Surveyor for Found {
    fn survey(&self) -> Surroundings {
        let addresses = vec!["192.0.2.7".parse().unwrap()];
        Surroundings { xdp: true, addresses, vfs: self.0, ..Surroundings::default() }
    }
}

impl Backend for Around {
    fn capability(&self) -> &Capability {
        self.0.capability()
    }

    fn blocking(&self) -> bool {
        self.0.blocking()
    }

    fn observe(&mut self) -> Result<Device, BackendError> {
        Ok(Device { virtual_functions: self.1, ..self.0.observe()? })
    }

    fn execute(&mut self, op: &Op) -> Result<Outcome, BackendError> {
        self.0.execute(op)
    }

    fn sampler(&self) -> Arc<dyn Sampler> {
        self.0.sampler()
    }

    fn surveyor(&self) -> Option<Arc<dyn Surveyor>> {
        Some(Arc::new(Found(self.1)))
    }
}

impl Nic for Around {
    fn set_source(&mut self, text: &str) -> Result<String, Unusable> {
        self.0.set_source(text)
    }

    fn source(&self) -> Option<Source> {
        self.0.source()
    }
}

#[tokio::test]
async fn what_is_found_around_an_adapter_refuses_what_would_stop_its_traffic() {
    let daemon = Daemon::start(Surrounded(ModelFactory::default())).await;
    let client = daemon.client().await;
    client.create("nic0", &[("queues", "16")]).await;
    let ask = async |more: serde_json::Value| {
        let mut options = json!({"allow": "link", "login": "192.0.2.7"});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.apply(&["nic0"], json!({"max_processors": 4}), options).await.unwrap().adapters.remove(0)
    };
    let plan = ask(json!({"dry_run": true})).await;
    let ids: Vec<&str> = plan.findings.iter().map(|f| f.id.as_str()).collect();
    assert_eq!((ids, plan.refusals.len()), (vec!["xdp", "callers_connection"], 2));
    let error = ask(json!({})).await.error.unwrap();
    assert_eq!(error.kind, ErrorKind::Impact);
    assert!(error.message.contains("an XDP program is attached: repeat with --force"), "{error}");
    let error = ask(json!({"force": true})).await.error.unwrap();
    assert!(error.message.contains("you are logged in through it, at 192.0.2.7"), "{error}");
    let done = ask(json!({"force": true, "confirm_within_ms": 60_000})).await;
    assert_eq!((done.error, done.status.as_str()), (None, "applied"));
}

#[tokio::test]
async fn an_adapter_does_sr_iov_or_vmq() {
    let daemon = Daemon::start(Surrounded(ModelFactory::default())).await;
    let client = daemon.client().await;
    client.create("nic0", &[("vfs", "4")]).await;
    client.create("nic1", &[]).await;
    let vmq = async |name: &str| {
        let record: AdapterRecord =
            from_dict(&client.adapter(name).await.get_record().await.unwrap()).unwrap();
        record.vmq
    };
    let (with, without) = (vmq("nic0").await, vmq("nic1").await);
    assert_eq!((with.mode.as_str(), with.virtual_functions, without.mode.as_str()), ("sriov", 4, "rss"));
    let adapter = client.adapter("nic0").await;
    let (none, allow) = (dict(json!({})), dict(json!({"allow": "link", "force": true})));
    let error = refused(adapter.create_vport(&none, &allow).await);
    assert_eq!(error.kind, ErrorKind::NotSupported);
    assert!(error.message.contains("4 virtual functions (SR-IOV) have the adapter's VPorts"), "{error}");
    adapter.set_vmq(false, &none).await.unwrap();
    assert_eq!(refused(adapter.set_vmq(true, &allow).await).kind, ErrorKind::NotSupported);
}
