//! What the traffic says.

use std::fmt::Write as _;

use rssmgr_proto::types::VerifyRecord;

/// One adapter: the verdict as a sentence, then a line a queue.
#[must_use]
pub fn verified(r: &VerifyRecord) -> String {
    let mut out = match (r.verdict.as_str(), &r.reason) {
        ("obeyed", _) => {
            format!(
                "{}: obeyed, {} of {} packets came by the predicted queue\n",
                r.name, r.agreeing, r.packets
            )
        }
        (verdict, Some(reason)) => format!("{}: {verdict}, {reason}\n", r.name),
        (verdict, None) => format!("{}: {verdict}\n", r.name),
    };
    if !r.queues.is_empty() {
        out += "  QUEUE  ARRIVED  PREDICTED\n";
    }
    for q in &r.queues {
        let _ = writeln!(out, "  {:>5}  {:>7}  {:>9}", q.queue, q.arrived, q.predicted);
    }
    if r.unpredicted > 0 {
        let _ = writeln!(
            out,
            "  {} packets have no prediction (not hashed, fragments or tunnels)",
            r.unpredicted
        );
    }
    out
}
