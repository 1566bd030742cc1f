//! Wakes the owner at a moment of the boot clock: time spent suspended counts, which the runtime's own timers do not
//! see.

use std::io;
use std::os::fd::OwnedFd;

use rssmgr_core::Moment;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

const SECOND: u64 = 1_000_000_000;

/// One alarm, which rings once.
#[derive(Debug)]
pub struct Alarm {
    timer: AsyncFd<OwnedFd>,
    at: Option<Moment>,
}

impl Alarm {
    /// An alarm that is not set.
    ///
    /// # Errors
    /// The kernel gives no timer.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Boottime, flags)?;
        #[expect(
            deprecated,
            reason = "an owned descriptor is all that the successor, which is unsafe, asks for"
        )]
        let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
        Ok(Self { timer, at: None })
    }

    /// Sets it to ring at this moment, or not at all. One that has passed rings at once.
    pub fn set(&mut self, at: Option<Moment>) {
        if at == self.at {
            return;
        }
        // All zero would turn it off.
        let ns = at.map_or(0, |Moment(ns)| ns.max(1));
        let part = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let value = Timespec { tv_sec: part(ns / SECOND), tv_nsec: part(ns % SECOND) };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        match timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::ABSTIME, &once) {
            Ok(_) => self.at = at,
            // Tried again after the next input.
            Err(e) => tracing::error!("setting the timer: {e}"),
        }
    }

    /// Waits until it rings.
    pub async fn rings(&mut self) {
        loop {
            let Ok(mut ready) = self.timer.readable_mut().await else { return std::future::pending().await };
            let mut count = [0; 8];
            match rustix::io::read(ready.get_inner(), &mut count) {
                Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                _ => break,
            }
        }
        self.at = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    #[tokio::test]
    async fn rings_at_its_moment_once_and_not_when_it_was_put_off() {
        let mut alarm = Alarm::new().unwrap();
        let at = clock::now().after(SECOND / 20);
        alarm.set(Some(at));
        alarm.rings().await;
        assert!(clock::now() >= at);
        assert!(tokio::time::timeout(Duration::from_millis(100), alarm.rings()).await.is_err());
        alarm.set(Some(Moment(0)));
        alarm.rings().await;
        alarm.set(Some(clock::now().after(SECOND / 50)));
        alarm.set(None);
        assert!(tokio::time::timeout(Duration::from_millis(100), alarm.rings()).await.is_err());
    }
}
