//! `org.freedesktop.DBus.ObjectManager` for the adapters. zbus has one of its own, which would tell every new client of
//! every adapter before the client has asked for anything.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rssmgr_core::AdapterId;
use rssmgr_core::manager::AdapterView;
use rssmgr_proto::names;
use zbus::object_server::SignalEmitter;
use zbus::wire::{ObjectPath, OwnedObjectPath, Variant};
use zbus::{fdo, interface};

use super::Context;
use super::adapter::values;
use super::lazy::Objects;

/// The object, one for each connection.
#[derive(Debug)]
pub struct ObjectManager {
    context: Arc<Context>,
}

impl ObjectManager {
    pub(super) const fn new(context: Arc<Context>) -> Self {
        Self { context }
    }
}

#[interface(name = "org.freedesktop.DBus.ObjectManager", introspection_docs = false)]
impl ObjectManager {
    /// Every adapter with its properties.
    async fn get_managed_objects(&self) -> fdo::Result<Objects> {
        let snapshot = self.context.handle.snapshot();
        let paths = snapshot.adapters.keys().map(|id| path(*id)).collect::<zbus::Result<_>>()?;
        let views: Vec<Arc<AdapterView>> = snapshot.adapters.values().cloned().collect();
        Ok(Objects::of(paths, names::ADAPTER, move |i| {
            let values = views.get(i).map(|v| values(v)).unwrap_or_default();
            values.into_iter().map(|(name, _, value)| Ok((name, value.try_into_owned()?))).collect()
        }))
    }

    /// An adapter appeared.
    #[zbus(signal)]
    async fn interfaces_added(
        emitter: &SignalEmitter<'_>,
        object_path: ObjectPath<'_>,
        interfaces_and_properties: HashMap<&str, BTreeMap<&str, Variant<'_>>>,
    ) -> zbus::Result<()>;

    /// An adapter disappeared.
    #[zbus(signal)]
    async fn interfaces_removed(
        emitter: &SignalEmitter<'_>,
        object_path: ObjectPath<'_>,
        interfaces: &[&str],
    ) -> zbus::Result<()>;
}

/// Tells of a new adapter.
pub(super) async fn added(emitter: &SignalEmitter<'_>, view: &AdapterView) -> zbus::Result<()> {
    let properties = values(view).into_iter().map(|(name, _, value)| (name, value)).collect();
    let interfaces = HashMap::from([(names::ADAPTER, properties)]);
    ObjectManager::interfaces_added(emitter, path(view.id)?.into(), interfaces).await
}

/// Tells that an adapter has gone.
pub(super) async fn removed(emitter: &SignalEmitter<'_>, id: AdapterId) -> zbus::Result<()> {
    ObjectManager::interfaces_removed(emitter, path(id)?.into(), &[names::ADAPTER]).await
}

/// The object of an adapter.
pub(super) fn path(id: AdapterId) -> zbus::Result<OwnedObjectPath> {
    OwnedObjectPath::try_from(names::adapter_path(id.0))
}
