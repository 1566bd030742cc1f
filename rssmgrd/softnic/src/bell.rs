//! Putting one thread to sleep until another has something for it, without a lock and without losing the call.

use std::sync::OnceLock;
use std::time::Duration;

use crate::sync::{AtomicBool, Ordering, Thread, fence, park, thread};

/// One thread sleeps on it, any thread rings it.
///
/// The sleeper first says that it sleeps, then looks once more whether there is something to do; the ringer first
/// makes the thing visible, then looks whether somebody sleeps. The fences order the two steps on both sides, so at
/// least one of the two sees the other. Checked with every order in which the two can meet (`cargo test -p rssmgr-softnic
/// --features loom --lib bell`).
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
        // Exchanged, not stored: all changes are in one line then, for the checker too, which lets a store be overtaken by
        // an exchange before it. And the ringer that sees this one sees who sleeps.
        self.asleep.swap(true, Ordering::AcqRel);
        fence(Ordering::SeqCst);
        if !ready() {
            park(limit);
        }
        self.asleep.swap(false, Ordering::AcqRel);
    }
}

#[cfg(all(test, feature = "loom"))]
mod tests {
    use super::*;
    use crate::sync::AtomicU64;
    use loom::sync::Arc;

    /// One thread sleeps until two others have left something, one each: it comes to see both.
    #[test]
    fn no_call_is_lost() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let bell = Arc::new(Bell::default());
            let things: Arc<[AtomicU64; 2]> = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
            let sleeper = {
                let (bell, things) = (Arc::clone(&bell), Arc::clone(&things));
                thread::spawn(move || {
                    let there = || things.iter().map(|t| t.load(Ordering::Acquire)).sum::<u64>();
                    let mut seen = 0;
                    while seen < 2 {
                        bell.sleep(|| there() > seen, None);
                        seen = there();
                    }
                })
            };
            let leave = |bell: &Bell, thing: &AtomicU64| {
                thing.store(1, Ordering::Release);
                bell.ring();
            };
            let other = {
                let (bell, things) = (Arc::clone(&bell), Arc::clone(&things));
                thread::spawn(move || leave(&bell, &things[0]))
            };
            leave(&bell, &things[1]);
            other.join().unwrap();
            sleeper.join().unwrap();
        });
    }
}
