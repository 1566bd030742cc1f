//! Where the packets of a connection come in.

use std::net::SocketAddr;

use rssmgr_core::manager::AdapterView;
use rssmgr_core::topology::Topology;
use rssmgr_core::{CpuId, QueueId};

use super::{flow, name, node};
use crate::error::ApiError;
use crate::types::{FlowQuery, SocketQuery, SocketRecord};

const KERNEL: &str = "kernel";
const PREDICTED: &str = "predicted";
const UNKNOWN: &str = "unknown";

/// The two ends of a query.
///
/// # Errors
/// An end that is no address with a port, or two of different IP versions.
pub fn socket_ends(q: &SocketQuery) -> Result<(SocketAddr, SocketAddr), ApiError> {
    let end = |what: &str, text: &str| -> Result<SocketAddr, ApiError> {
        let wrong = |_| {
            ApiError::usage(format!(
                "{what}: `{text}` is no address with a port; write 192.0.2.1:443 or [2001:db8::1]:443"
            ))
        };
        let end: SocketAddr = text.parse().map_err(wrong)?;
        Ok(SocketAddr::new(end.ip().to_canonical(), end.port()))
    };
    let (local, remote) = (end("local", &q.local)?, end("remote", &q.remote)?);
    if local.is_ipv4() != remote.is_ipv4() {
        return Err(ApiError::usage(format!(
            "local {local} and remote {remote} are of different IP versions"
        )));
    }
    Ok((local, remote))
}

/// What is known of a connection: what the kernel says of its socket, and what key, table and interrupts of the adapter
/// by which it comes predict. `queue` is the one whose NAPI instance the kernel named, `why` says why there is no adapter.
///
/// # Errors
/// A wrong query.
pub fn socket(
    view: Option<&AdapterView>,
    topology: &Topology,
    queue: Option<QueueId>,
    q: &SocketQuery,
    why: Option<String>,
) -> Result<SocketRecord, ApiError> {
    let (local, remote) = socket_ends(q)?;
    let protocol = match q.protocol.to_ascii_lowercase().as_str() {
        "" | "tcp" => "tcp",
        "udp" => "udp",
        other => return Err(ApiError::usage(format!("protocol: `{other}` is neither; allowed: tcp, udp"))),
    };
    let mut record = SocketRecord {
        protocol: protocol.into(),
        local: local.to_string(),
        remote: remote.to_string(),
        adapter: view.map(|v| v.facts.name.clone()),
        napi: q.napi,
        source: UNKNOWN.into(),
        queue_source: UNKNOWN.into(),
        note: why,
        ..SocketRecord::default()
    };
    // Its packets come from the far end.
    let incoming = FlowQuery {
        src: remote.ip().to_string(),
        dst: local.ip().to_string(),
        src_port: Some(remote.port()),
        dst_port: Some(local.port()),
        protocol: protocol.into(),
        ..FlowQuery::default()
    };
    match view.map(|v| flow(v, &incoming)) {
        Some(Ok(predicted)) => {
            (record.queue, record.queue_source) = (Some(predicted.queue), PREDICTED.into());
            if let Some(cpu) = predicted.cpu {
                (record.cpu, record.source) = (Some(cpu), PREDICTED.into());
                (record.processor, record.node) = (predicted.processor, predicted.node);
            }
        }
        Some(Err(e)) => record.note = Some(e.message),
        None => {}
    }
    if let Some(cpu) = q.cpu.map(CpuId) {
        (record.cpu, record.source) = (Some(cpu.0), KERNEL.into());
        (record.processor, record.node) = (Some(name(cpu)), node(topology, Some(cpu)));
    }
    if let Some(queue) = queue {
        (record.queue, record.queue_source) = (Some(queue.0.into()), KERNEL.into());
    }
    Ok(record)
}
