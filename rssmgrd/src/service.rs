//! What the service manager and the terminal tell the daemon, and what it tells them.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals that mean something.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// End cleanly.
    Stop,
    /// Read the configuration again.
    Reload,
}

impl Signals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
        }
    }
}

/// Everything is served.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The configuration is being read again. The service manager wants to know when that began.
pub fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        notify(&[NotifyState::Reloading, now]);
    }
}

/// The daemon ends.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// How often the service manager wants to hear that the owner's loop turns: half of what it allows.
#[must_use]
pub fn watchdog() -> Option<(Duration, fn())> {
    let allowed = sd_notify::watchdog_enabled()?;
    Some((allowed / 2, || notify(&[NotifyState::Watchdog])))
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(e) = sd_notify::notify(state) {
        tracing::warn!("the service manager cannot be told: {e}");
    }
}
