//! Orders from whoever operates the NIC to the port: left under a lock, counted, and followed between two packets.
//!
//! Who gives an order does not wait for it to be followed. Orders that come faster than the port looks are followed
//! together: what counts is the last one. That none is missed, that none comes twice, that the port sleeps only when there
//! is none, and that what counts as followed is in force, is checked with every order in which the two threads can meet,
//! within a bound (`cargo test -p rssmgr-softnic --features loom --lib handover`).

use std::sync::PoisonError;

use crate::bell::Bell;
use crate::sync::{AtomicU64, Mutex, Ordering};

/// Where orders are left.
#[derive(Debug)]
pub(crate) struct Handover<T> {
    orders: Mutex<T>,
    /// Changes so far.
    changes: AtomicU64,
    /// How many of them were followed.
    followed: AtomicU64,
}

impl<T> Handover<T> {
    /// With these first orders, which count as a change.
    pub(crate) fn new(orders: T) -> Self {
        Self { orders: Mutex::new(orders), changes: AtomicU64::new(1), followed: AtomicU64::new(0) }
    }

    /// Changes the orders and wakes who follows them.
    pub(crate) fn post(&self, follower: &Bell, change: impl FnOnce(&mut T)) {
        self.with(change);
        // After the change: who sees the count sees the change.
        self.changes.fetch_add(1, Ordering::Release);
        follower.ring();
    }

    /// Looks at the orders, or writes what is no order.
    pub(crate) fn with<R>(&self, ask: impl FnOnce(&mut T) -> R) -> R {
        ask(&mut self.orders.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes so far.
    #[inline]
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Changes that were followed.
    pub(crate) fn followed(&self) -> u64 {
        self.followed.load(Ordering::Acquire)
    }

    /// Whether every change was followed.
    pub(crate) fn is_followed(&self) -> bool {
        // Followed first: it never passes the changes.
        self.followed() == self.changes()
    }

    /// For the follower: takes the orders if there are others than those that it has `seen`, and counts them as seen.
    pub(crate) fn take<R>(&self, seen: &mut u64, take: impl FnOnce(&mut T) -> R) -> Option<R> {
        let changes = self.changes();
        if changes == *seen {
            return None;
        }
        // A change that comes in between is taken now and once more.
        *seen = changes;
        Some(self.with(take))
    }

    /// For the follower: what it has seen is in force.
    pub(crate) fn done(&self, seen: u64) {
        self.followed.store(seen, Ordering::Release);
    }
}

#[cfg(all(test, feature = "loom"))]
mod tests {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    /// Two changes, of which the port must come to follow the last, be it asleep or awake, and never goes back.
    #[test]
    fn no_order_is_missed_and_none_comes_twice() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let shared = Arc::new((Handover::new(0_u32), Bell::default()));
            let port = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let (mailbox, bell) = &*shared;
                    let (mut seen, mut table) = (0, 0);
                    while table != 2 {
                        let Some(next) = mailbox.take(&mut seen, |orders| *orders) else {
                            bell.sleep(|| mailbox.changes() != seen, None);
                            continue;
                        };
                        assert!(next >= table, "an older table comes back");
                        table = next;
                        mailbox.done(seen);
                    }
                })
            };
            let (mailbox, bell) = &*shared;
            for table in 1..=2 {
                mailbox.post(bell, |orders| *orders = table);
            }
            port.join().unwrap();
            // What the port followed last may have been counted before the second change was.
            assert!(mailbox.followed() <= mailbox.changes());
            assert_eq!(mailbox.with(|orders| *orders), 2);
        });
    }

    /// Who sees every change followed sees a port that has the last table.
    #[test]
    fn followed_means_in_force() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let mailbox = Arc::new(Handover::new(0_u32));
            let in_force = Arc::new(AtomicU64::new(0));
            let port = {
                let (mailbox, in_force) = (Arc::clone(&mailbox), Arc::clone(&in_force));
                thread::spawn(move || {
                    let mut seen = 0;
                    for _ in 0..2 {
                        if let Some(table) = mailbox.take(&mut seen, |orders| *orders) {
                            in_force.store(table.into(), Ordering::Relaxed);
                            mailbox.done(seen);
                        }
                    }
                })
            };
            let bell = Bell::default();
            mailbox.post(&bell, |orders| *orders = 1);
            if mailbox.is_followed() {
                assert_eq!(in_force.load(Ordering::Relaxed), 1);
            }
            port.join().unwrap();
        });
    }
}
