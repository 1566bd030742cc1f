//! JSON schemas of the documents that `rssctl -o json` prints, made from the types themselves.

use schemars::{JsonSchema, Schema, schema_for};

use crate::types::{
    AdapterRecord, ApplyRecord, CheckpointRecord, ConfigRecord, DoctorRecord, Document, EventRecord,
    FlowRecord, GlobalRecord, HashRecord, MovesRecord, PlanRecord, SocketRecord, SoftnicRecord, StatsRecord,
    VPortRecord, VerifyRecord, Versioned, WhyRecord,
};

/// A list of records that are no adapters, under the key of its kind.
macro_rules! list {
    ($name:ident, $key:ident: $record:ty) => {
        #[derive(JsonSchema)]
        #[allow(dead_code, reason = "only its shape is used")]
        struct $name {
            /// Version of the document.
            version: u32,
            /// The records.
            $key: Vec<$record>,
        }
    };
}

list!(Checkpoints, checkpoints: CheckpointRecord);
list!(Events, events: EventRecord);
list!(Packets, packets: HashRecord);
list!(Sockets, sockets: SocketRecord);
list!(Softnics, softnics: SoftnicRecord);
list!(VPorts, vports: VPortRecord);

/// Every document by name: what `get` prints is `adapters`, and so on.
#[must_use]
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("adapters", schema_for!(Document<AdapterRecord>)),
        ("apply", schema_for!(Versioned<ApplyRecord>)),
        ("checkpoints", schema_for!(Checkpoints)),
        ("config", schema_for!(Versioned<ConfigRecord>)),
        ("doctor", schema_for!(Versioned<DoctorRecord>)),
        ("events", schema_for!(Events)),
        ("flow", schema_for!(Versioned<FlowRecord>)),
        ("global", schema_for!(Versioned<GlobalRecord>)),
        ("hash", schema_for!(Versioned<HashRecord>)),
        ("moves", schema_for!(Versioned<MovesRecord>)),
        ("packets", schema_for!(Packets)),
        ("plan", schema_for!(Versioned<PlanRecord>)),
        ("sockets", schema_for!(Sockets)),
        ("softnics", schema_for!(Softnics)),
        ("stats", schema_for!(Versioned<StatsRecord>)),
        ("stats-list", schema_for!(Document<StatsRecord>)),
        ("verify", schema_for!(Document<VerifyRecord>)),
        ("vports", schema_for!(VPorts)),
        ("why", schema_for!(Versioned<WhyRecord>)),
    ]
}
