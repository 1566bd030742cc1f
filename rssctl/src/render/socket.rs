//! Where connections come in.

use rssmgr_proto::types::SocketRecord;

use super::style::{Paint, table};

/// Connections, one a line; below them why something is missing, each reason once.
#[must_use]
pub fn sockets(records: &[SocketRecord], paint: Paint) -> String {
    if records.is_empty() {
        return String::new();
    }
    let or_dash = |n: Option<u32>| n.map_or("-".into(), |n| n.to_string());
    let row = |r: &SocketRecord| {
        vec![
            r.protocol.clone(),
            r.local.clone(),
            r.remote.clone(),
            r.adapter.clone().unwrap_or_else(|| "-".into()),
            or_dash(r.queue),
            r.queue_source.clone(),
            r.processor.clone().unwrap_or_else(|| or_dash(r.cpu)),
            or_dash(r.node),
            r.source.clone(),
            or_dash(r.pid),
        ]
    };
    let heads = ["PROTO", "LOCAL", "REMOTE", "ADAPTER", "QUEUE", "BY", "PROCESSOR", "NODE", "BY", "PID"];
    let mut out = table(paint, &heads, &records.iter().map(row).collect::<Vec<_>>());
    let mut told: Vec<&String> = Vec::new();
    for note in records.iter().filter_map(|r| r.note.as_ref()) {
        if !told.contains(&note) {
            out += &format!("note: {note}\n");
            told.push(note);
        }
    }
    out
}
