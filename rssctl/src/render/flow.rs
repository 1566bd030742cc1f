//! The way of a flow.

use std::fmt::Write as _;

use rssmgr_proto::types::FlowRecord;

/// A flow, a line a step: packet, hash, entry, queue, processor.
#[must_use]
pub fn flow(f: &FlowRecord) -> String {
    let end = |address: &str, port: Option<u16>| match port {
        Some(p) if address.contains(':') => format!("[{address}]:{p}"),
        Some(p) => format!("{address}:{p}"),
        None => address.to_string(),
    };
    let mut out = String::new();
    let _ = writeln!(
        out,
        "flow       {} -> {} ({})",
        end(&f.src, f.src_port),
        end(&f.dst, f.dst_port),
        f.protocol
    );
    if let (Some(kind), Some(src), Some(dst)) = (&f.encapsulation, &f.outer_src, &f.outer_dst) {
        let _ = writeln!(out, "inside     {kind} {} -> {dst}", end(src, f.outer_src_port));
    }
    let of = match (&f.encapsulation, f.inner) {
        (Some(_), true) => " of the inner headers",
        (Some(_), false) => " of the outer headers",
        (None, _) => "",
    };
    match &f.hash {
        Some(hash) => {
            let _ = writeln!(out, "hash       {hash} ({}{of})", f.hash_type);
        }
        None => out += "hash       none (no enabled hash type fits)\n",
    }
    match (f.entry, f.enabled) {
        (Some(e), true) => {
            let _ = writeln!(out, "entry      {e}");
        }
        (Some(e), false) => {
            let _ = writeln!(
                out,
                "entry      {e} (not looked at: RSS is off, everything goes to the default queue)"
            );
        }
        (None, _) => out += "entry      none (the default queue takes it)\n",
    }
    let _ = writeln!(out, "queue      {}", f.queue);
    match (&f.processor, f.cpu) {
        (Some(p), Some(cpu)) => {
            let node = f.node.map_or(String::new(), |n| format!(", NUMA node {n}"));
            let _ = writeln!(out, "processor  {p} (CPU {cpu}{node})");
        }
        _ => out += "processor  any (the queue is not bound to one)\n",
    }
    out
}
