//! Where a flow goes.

use std::net::IpAddr;
use std::sync::Arc;

use rssmgr_core::driver::Driver;
use rssmgr_core::manager::{AdapterFacts, AdapterView};
use rssmgr_core::packet::encap::{Encapsulation, Inner, VxlanPort};
use rssmgr_core::packet::{FlowTuple, Headers, TransportKind};
use rssmgr_core::steer::{self, Layer, Steering};
use rssmgr_core::toeplitz::Toeplitz;

use super::{name, node};
use crate::error::{ApiError, ErrorKind};
use crate::types::{FlowQuery, FlowRecord};

/// The tuple of a query.
///
/// # Errors
/// Names the address, port or protocol that is wrong.
pub fn flow_tuple(q: &FlowQuery) -> Result<FlowTuple, ApiError> {
    let address = |what: &str, text: &str| -> Result<IpAddr, ApiError> {
        text.parse().map_err(|_| ApiError::usage(format!("{what}: `{text}` is no IPv4 or IPv6 address")))
    };
    let proto = match q.protocol.to_ascii_lowercase().as_str() {
        "tcp" => Some(TransportKind::Tcp),
        "udp" => Some(TransportKind::Udp),
        "ip" => None,
        "" if q.src_port.is_some() || q.dst_port.is_some() => Some(TransportKind::Tcp),
        "" => None,
        other => {
            return Err(ApiError::usage(format!("protocol: `{other}` is not known; allowed: tcp, udp, ip")));
        }
    };
    let ports = match (proto, q.src_port, q.dst_port) {
        (None, None, None) => None,
        (_, Some(s), Some(d)) => Some((s, d)),
        _ => {
            return Err(ApiError::usage(
                "a tcp or udp flow needs both ports: write ADDRESS:PORT, or [ADDRESS]:PORT for IPv6",
            ));
        }
    };
    Ok(FlowTuple { src: address("source", &q.src)?, dst: address("destination", &q.dst)?, ports, proto })
}

/// The steering of an adapter, for predictions; `None` when its key or table is not known.
fn steering(view: &AdapterView) -> Option<Steering> {
    let device = &view.device;
    if device.key.is_empty() || device.table.is_empty() {
        return None;
    }
    let toeplitz = Arc::new(Toeplitz::new(&device.key));
    let table = device.table.clone().into();
    let steering = Steering::new(toeplitz, device.hash_types, table, device.default_queue).ok()?;
    Some(steering.with_encapsulation(view.capability.encapsulation.config(device.encapsulation)))
}

/// How a flow is carried: the encapsulation and the headers outside.
fn carrier(q: &FlowQuery, vxlan_port: VxlanPort) -> Result<Option<(Encapsulation, Headers)>, ApiError> {
    let (src, dst, kind) = match (&q.outer_src, &q.outer_dst, q.encapsulation.as_deref()) {
        (None, None, None) => return Ok(None),
        (Some(src), Some(dst), Some(kind)) => (src, dst, kind.to_ascii_lowercase()),
        _ => {
            return Err(ApiError::usage(
                "an encapsulated flow needs all three: the encapsulation, the outer source and the outer destination",
            ));
        }
    };
    let Some(kind) = Encapsulation::ALL.into_iter().find(|k| k.name() == kind) else {
        return Err(ApiError::usage(format!(
            "encapsulation: `{kind}` is not known; allowed: nvgre, gre, vxlan"
        )));
    };
    let protocol = if kind == Encapsulation::Vxlan { "udp" } else { "ip" };
    let ports = (kind == Encapsulation::Vxlan).then(|| (q.outer_src_port.unwrap_or(0), vxlan_port.get()));
    let outer = flow_tuple(&FlowQuery {
        src: src.clone(),
        dst: dst.clone(),
        src_port: ports.map(|(src, _)| src),
        dst_port: ports.map(|(_, dst)| dst),
        protocol: protocol.into(),
        ..FlowQuery::default()
    })?;
    Ok(Some((kind, outer.headers().map_err(|e| ApiError::usage(format!("outer {e}")))?)))
}

/// What becomes of a packet with these headers, carried as the query says.
fn steered(steering: &Steering, headers: &Headers, q: &FlowQuery) -> Result<steer::Verdict, ApiError> {
    let config = steering.encapsulation();
    let Some((kind, outer)) = carrier(q, config.vxlan_port)? else { return Ok(steering.steer(headers)) };
    let inner = Inner { kind, headers: *headers, header_len: 0 };
    let verdict = steering.steer_layers(&outer, Some(&inner).filter(|_| config.kinds.has(kind)));
    let by_ports = verdict.layer == Layer::Plain && verdict.hash_type.is_some_and(|t| !t.is_addresses());
    if by_ports && q.outer_src_port.is_none() {
        return Err(ApiError::usage(format!(
            "this adapter does not look into {kind}, so that the outer source port decides: write it behind the outer \
             source, ADDRESS:PORT"
        )));
    }
    Ok(verdict)
}

/// Where a flow goes on an adapter.
///
/// # Errors
/// A wrong query, or an adapter whose key is not known, or whose driver does not hash as key and table say.
pub fn flow(view: &AdapterView, q: &FlowQuery) -> Result<FlowRecord, ApiError> {
    let tuple = flow_tuple(q)?;
    let headers = tuple.headers().map_err(|e| ApiError::usage(e.to_string()))?;
    let AdapterFacts { name: adapter, driver, .. } = &view.facts;
    if let Some(because) = Driver::of(driver).unpredictable() {
        let message = format!(
            "{adapter}: with the driver {driver} nothing can be predicted: {because}; `rssctl stats {adapter} --per \
             queue` counts what arrives"
        );
        return Err(ApiError::new(ErrorKind::NotSupported, message));
    }
    let steering = steering(view).ok_or_else(|| {
        ApiError::new(
            ErrorKind::NotSupported,
            format!("{adapter}: the adapter does not show its hash key, so nothing can be predicted"),
        )
    })?;
    let enabled = view.device.enabled;
    let verdict = steered(&steering, &headers, q)?;
    let queue = if enabled { verdict.queue } else { view.device.default_queue };
    let cpu = view.device.home(queue);
    Ok(FlowRecord {
        name: view.facts.name.clone(),
        src: tuple.src.to_string(),
        dst: tuple.dst.to_string(),
        src_port: q.src_port,
        dst_port: q.dst_port,
        protocol: match tuple.proto {
            Some(TransportKind::Tcp) => "tcp",
            Some(TransportKind::Udp) => "udp",
            None => "ip",
        }
        .into(),
        encapsulation: q.encapsulation.as_ref().map(|kind| kind.to_ascii_lowercase()),
        outer_src: q.outer_src.clone(),
        outer_dst: q.outer_dst.clone(),
        outer_src_port: q.outer_src_port,
        inner: verdict.layer.is_inner(),
        enabled,
        hash_type: verdict.hash_type.map_or("none", |t| t.name()).into(),
        hash: verdict.hash.map(|h| format!("{h:08x}")),
        entry: verdict.entry.map(|e| e.0.into()),
        queue: queue.0.into(),
        cpu: cpu.map(|c| c.0),
        processor: cpu.map(name),
        node: node(&view.topology, cpu),
    })
}
