//! The thread that does everything slow with files, one job after the other.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread::Builder;

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A queue of jobs in front of one thread. The thread ends when the last handle is gone and every job done.
#[derive(Clone, Debug)]
pub struct Disk {
    jobs: Sender<Job>,
}

impl Disk {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> io::Result<Self> {
        let (jobs, queue) = channel::<Job>();
        let work = move || {
            for job in queue {
                job();
            }
        };
        Builder::new().name("disk".into()).stack_size(256 << 10).spawn(work)?;
        Ok(Self { jobs })
    }

    /// Has a job done after all earlier ones. `false` when the thread is gone, which only a panic in a job brings
    /// about.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) -> bool {
        self.jobs.send(Box::new(job)).is_ok()
    }

    /// Waits until everything asked for so far is done.
    pub async fn flush(&self) {
        let (done, waits) = oneshot::channel::<()>();
        if self.run(move || drop(done)) {
            // The sender is dropped when its turn has come.
            let _ = waits.await;
        }
    }
}
