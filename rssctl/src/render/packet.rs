//! Hashes of packets, a line each, so that a capture of any size streams.

use rssmgr_proto::types::HashRecord;

use super::style::Paint;

/// The heading of [`packet`] lines.
#[must_use]
pub fn packet_header(paint: Paint) -> String {
    paint.bold(&format!("{:>8}  {:<11}  {:<8}  {:>5}", "PACKET", "HASH-TYPE", "HASH", "ENTRY")) + "\n"
}

/// One packet.
#[must_use]
pub fn packet(r: &HashRecord) -> String {
    let entry = r.entry.map_or("-".into(), |e| e.to_string());
    let hash = r.hash.as_deref().unwrap_or("-");
    format!("{:>8}  {:<11}  {hash:<8}  {entry:>5}\n", r.packet, r.hash_type)
}
