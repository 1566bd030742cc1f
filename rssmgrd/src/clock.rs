//! The two clocks: time since boot for order and deadlines, wall time for people.

use std::time::{SystemTime, UNIX_EPOCH};

use rssmgr_core::Moment;
use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of `CLOCK_BOOTTIME`, so that time spent suspended counts.
#[must_use]
pub fn boottime_ns() -> u64 {
    let t = clock_gettime(ClockId::Boottime);
    let part = |n: i64| u64::try_from(n).unwrap_or(0);
    part(t.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(t.tv_nsec))
}

/// The time of everything that waits for a moment.
#[must_use]
pub fn now() -> Moment {
    Moment(boottime_ns())
}

/// Milliseconds since 1970.
#[must_use]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
