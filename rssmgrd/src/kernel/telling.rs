//! When carriers are told of: what was applied at the start is proven by a carrier that is still there a while later.

use std::time::{Duration, Instant};

/// For how long after the start, and after a carrier came: routers are known to be there only some time later.
const AFTER_THE_START: Duration = Duration::from_secs(100);
const AFTER_A_CARRIER: Duration = Duration::from_secs(30);

/// How often they are told of in that time, at least and at most.
const AT_LEAST: Duration = Duration::from_secs(5);
const AT_MOST: Duration = Duration::from_secs(1);

/// Counts time, not notifications: of those a machine with many interfaces has hundreds before its first carrier.
#[derive(Debug)]
pub(super) struct Telling {
    until: Instant,
    told: Option<Instant>,
}

impl Telling {
    pub(super) fn new(now: Instant) -> Self {
        Self { until: now + AFTER_THE_START, told: None }
    }

    /// An interface has a carrier that it did not have.
    pub(super) fn carrier_came(&mut self, now: Instant) {
        self.until = self.until.max(now + AFTER_A_CARRIER);
    }

    /// Whether they are to be told of now.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let rested = self.told.is_none_or(|told| now.duration_since(told) >= AT_MOST);
        let due = rested && now <= self.until;
        if due {
            self.told = Some(now);
        }
        due
    }

    /// For how long nothing need be done, where otherwise `every` is.
    pub(super) fn rest(&self, now: Instant, every: Duration) -> Duration {
        if now <= self.until { every.min(AT_LEAST) } else { every }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// How often they were told of until then, when there is a notification every 100 ms.
    fn told(telling: &mut Telling, from: Instant, seconds: u64) -> usize {
        (0..seconds * 10).filter(|tenth| telling.is_due(from + Duration::from_millis(tenth * 100))).count()
    }

    #[test]
    fn notifications_do_not_use_up_the_time() {
        let start = Instant::now();
        let mut telling = Telling::new(start);
        assert_eq!(told(&mut telling, start, 60), 60);
        assert_eq!(telling.rest(start + Duration::from_secs(60), HOUR), AT_LEAST);
        assert!(telling.is_due(start + Duration::from_secs(99)), "a carrier that took its time");
    }

    #[test]
    fn a_carrier_that_comes_later_is_told_of_too() {
        let start = Instant::now();
        let mut telling = Telling::new(start);
        let late = start + Duration::from_secs(600);
        assert!(!telling.is_due(late));
        assert_eq!(telling.rest(late, HOUR), HOUR);
        telling.carrier_came(late);
        assert_eq!(telling.rest(late, HOUR), AT_LEAST);
        assert_eq!(told(&mut telling, late, 60), 31);
    }
}
