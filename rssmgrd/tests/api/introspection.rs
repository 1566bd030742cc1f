//! The interfaces as they are published in proto/dbus, compared with what the daemon serves.

use std::path::Path;

use serde_json::json;
use zbus::fdo::IntrospectableProxy;

use crate::daemon::{Client, Daemon};
use crate::model::ModelFactory;

async fn interface(client: &Client, path: &str, name: &str) -> String {
    let proxy = IntrospectableProxy::builder(&client.connection)
        .destination("org.rssmgr1")
        .path(path)
        .build()
        .await
        .unwrap();
    let xml = proxy.introspect().await.unwrap();
    let start = xml.find(&format!("  <interface name=\"{name}\">")).expect(name);
    let end = "</interface>\n";
    let body = &xml[start..];
    let body = &body[..body.find(end).unwrap() + end.len()];
    format!(
        "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n \
         \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n<node>\n{body}</node>\n"
    )
}

#[tokio::test]
async fn the_published_interfaces_are_those_that_are_served() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    let adapter = client.manager.get_adapter("nic0").await.unwrap();
    for (path, name) in [("/org/rssmgr1", "org.rssmgr1.Manager"), (adapter.as_str(), "org.rssmgr1.Adapter")] {
        let served = interface(&client, path, name).await;
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../proto/dbus/{name}.xml"));
        if std::env::var_os("RSSMGR_BLESS").is_some_and(|v| v == "1") {
            std::fs::write(&file, &served).unwrap();
        }
        let published = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(published, served, "{name}.xml differs: RSSMGR_BLESS=1 writes it anew");
    }
}

#[tokio::test]
async fn no_property_can_be_written() {
    let daemon = Daemon::start(ModelFactory::default()).await;
    let client = daemon.client().await;
    client.create("nic0", &[]).await;
    client.apply(&["nic0"], json!({"queues": 2}), json!({})).await.unwrap();
    let adapter = client.manager.get_adapter("nic0").await.unwrap();
    for (path, name) in [("/org/rssmgr1", "org.rssmgr1.Manager"), (adapter.as_str(), "org.rssmgr1.Adapter")] {
        let xml = interface(&client, path, name).await;
        assert!(xml.contains("access=\"read\"") && !xml.contains("write"), "{xml}");
    }
}
