//! Events, a line each.

use rssmgr_proto::types::EventRecord;

use super::style::Paint;
use crate::resolve::timestamp;

/// One event: time, level, id, name, sentence.
#[must_use]
pub fn event(e: &EventRecord, paint: Paint) -> String {
    let level = paint.graded(&e.level, &format!("{:<7}", e.level));
    format!("{}  {level}  {:>4}  {:<24}  {}\n", timestamp(e.time_ms), e.id, e.name, e.message)
}
