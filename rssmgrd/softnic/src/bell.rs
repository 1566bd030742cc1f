//! Putting one thread to sleep until another has something for it, without a lock and without losing the call.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, Thread};
use std::time::Duration;

/// One thread sleeps on it, any thread rings it.
///
/// The sleeper first says that it sleeps, then looks once more whether there is something to do; the ringer first
/// makes the thing visible, then looks whether somebody sleeps. The fences order the two steps on both sides, so at
/// least one of the two sees the other.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    sleeper: OnceLock<Thread>,
    asleep: AtomicBool,
}

impl Bell {
    /// Wakes the sleeper, if it sleeps. What it shall see must have been written before.
    pub(crate) fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed)
            && self.asleep.swap(false, Ordering::AcqRel)
            && let Some(thread) = self.sleeper.get()
        {
            thread.unpark();
        }
    }

    /// Sleeps until rung, at most for `limit`, unless `ready` says that there is something to do already. May come
    /// back early. Always called by the same thread.
    pub(crate) fn sleep(&self, ready: impl FnOnce() -> bool, limit: Option<Duration>) {
        self.sleeper.get_or_init(thread::current);
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !ready() {
            match limit {
                Some(limit) => thread::park_timeout(limit),
                None => thread::park(),
            }
        }
        self.asleep.store(false, Ordering::Relaxed);
    }
}
