//! Hashes of packets, a line each, so that a capture of any size streams.

use rssmgr_proto::types::HashRecord;

use super::style::Paint;

/// The heading of [`packet`] lines; `inside` where encapsulated packets are looked into.
#[must_use]
pub fn packet_header(paint: Paint, inside: bool) -> String {
    let more = if inside { "  ENCAPSULATION" } else { "" };
    paint.bold(&format!("{:>8}  {:<11}  {:<8}  {:>5}{more}", "PACKET", "HASH-TYPE", "HASH", "ENTRY")) + "\n"
}

/// One packet.
#[must_use]
pub fn packet(r: &HashRecord, inside: bool) -> String {
    let entry = r.entry.map_or("-".into(), |e| e.to_string());
    let hash = r.hash.as_deref().unwrap_or("-");
    let more = match &r.encapsulation {
        _ if !inside => String::new(),
        None => "  -".into(),
        Some(kind) => format!("  {kind} {}", if r.inner { "inner" } else { "outer" }),
    };
    format!("{:>8}  {:<11}  {hash:<8}  {entry:>5}{more}\n", r.packet, r.hash_type)
}
