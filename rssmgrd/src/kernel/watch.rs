//! The thread that listens.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rssmgr_core::drift::Hint;
use rssmgr_core::place::Team;
use rssmgr_netlink::Error;
use rssmgr_netlink::ethtool::{Monitor, Notice};
use rssmgr_netlink::rtnetlink::{Link, LinkMonitor, LinkNotice, Links as Kernel, NeighbourState};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc::UnboundedSender;

use super::links::{Links, Meaning};
use super::telling::Telling;
use super::uevents::Uevents;
use super::{Discover, News};

/// The owner does not listen any more.
struct Deaf;

/// Listens to the kernel in the network namespace where it was opened.
#[derive(Debug)]
pub struct Watcher {
    monitor: LinkMonitor,
    /// Absent where the kernel has no ethtool netlink: then only the regular reading finds what was changed.
    ethtool: Option<Monitor>,
    kernel: Kernel,
    links: Links,
    /// Absent where the kernel gives none: then processors are only looked at regularly.
    uevents: Option<Uevents>,
    /// Which processors are on line, as the kernel writes it.
    online: PathBuf,
}

impl Watcher {
    /// Begins to listen, before anybody looks for interfaces: so nothing is missed in between.
    ///
    /// # Errors
    /// The kernel gives no socket.
    pub fn open() -> Result<Self, Error> {
        let monitor = LinkMonitor::open()?;
        let ethtool = match Monitor::open() {
            Ok(monitor) => Some(monitor),
            Err(Error::NoFamily { .. }) => None,
            Err(e) => return Err(e),
        };
        let mut kernel = Kernel::open()?;
        let mut links = Links::new(team_of);
        kernel.list()?.iter().for_each(|link| links.learn(link));
        let uevents = Uevents::open().ok();
        Ok(Self { monitor, ethtool, kernel, links, uevents, online: "/sys/devices/system/cpu/online".into() })
    }

    /// Listens on a thread of its own, for as long as the owner does. Processors, and interfaces that could not be read,
    /// of which these are the first, are looked at as often as this.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        self,
        discover: impl Discover + 'static,
        unread: Vec<u32>,
        news: UnboundedSender<News>,
        every: Duration,
    ) -> io::Result<()> {
        let processors = self.processors();
        let listen = move || {
            let telling = Telling::new(Instant::now());
            let unread = unread.into_iter().map(|ifindex| (ifindex, String::new())).collect();
            let mut listener =
                Listener { watcher: self, discover, news, telling, processors, unread, lost: false };
            if let Err(Some(e)) = listener.listen(every) {
                tracing::error!("listening to the kernel: {e}");
            }
        };
        std::thread::Builder::new().name("kernel".into()).spawn(listen).map(drop)
    }

    /// As text, because only whether it changed matters here.
    fn processors(&self) -> String {
        fs::read_to_string(&self.online).unwrap_or_default()
    }
}

/// What an interface is a port of; nothing where that cannot be read.
fn team_of(name: &str) -> Option<Team> {
    rssmgr_host::team(Path::new("/"), name).unwrap_or_else(|e| {
        tracing::warn!("{name}: what it is a port of cannot be read: {e}");
        None
    })
}

fn timespec(time: Duration) -> Timespec {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec: seconds, tv_nsec: time.subsec_nanos().into() }
}

struct Listener<D> {
    watcher: Watcher,
    discover: D,
    news: UnboundedSender<News>,
    telling: Telling,
    /// The processors that were told of last.
    processors: String,
    /// Interfaces that could not be read, and why: a device may be in a reset. They are looked at again.
    unread: BTreeMap<u32, String>,
    /// Whether notifications were lost and what there is could not be looked at since.
    lost: bool,
}

impl<D: Discover> Listener<D> {
    /// Listens until the owner does not any more (`None`), or the kernel does not give news (why).
    fn listen(&mut self, every: Duration) -> Result<(), Option<io::Error>> {
        let mut tried = Instant::now();
        loop {
            let timeout = timespec(self.telling.rest(Instant::now(), every));
            let mut sockets = vec![PollFd::from_borrowed_fd(self.watcher.monitor.as_fd(), PollFlags::IN)];
            sockets.extend(
                self.watcher.ethtool.iter().map(|m| PollFd::from_borrowed_fd(m.as_fd(), PollFlags::IN)),
            );
            sockets.extend(
                self.watcher.uevents.iter().map(|u| PollFd::from_borrowed_fd(u.as_fd(), PollFlags::IN)),
            );
            match poll(&mut sockets, Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(Some(e.into())),
            }
            drop(sockets);
            // Processors first: what a driver does when one comes or goes is judged by what is there then.
            if let Some(uevents) = &self.watcher.uevents {
                uevents.drain();
            }
            let now = self.watcher.processors();
            if now != self.processors {
                match self.discover.machine() {
                    Ok(machine) => {
                        self.processors = now;
                        self.tell(News::Processors(machine)).map_err(|Deaf| None)?;
                    }
                    // One of them may be going while it is read.
                    Err(e) => tracing::warn!("processors changed, and cannot be read: {e}"),
                }
            }
            self.links().map_err(|Deaf| None)?;
            self.ethtool().map_err(|Deaf| None)?;
            if tried.elapsed() >= every {
                tried = Instant::now();
                self.try_again().map_err(|Deaf| None)?;
            }
            if self.telling.is_due(Instant::now()) {
                self.carriers().map_err(|Deaf| None)?;
            }
            if self.news.is_closed() {
                return Err(None);
            }
        }
    }

    /// Tells of every carrier and of the gateway behind it.
    fn carriers(&mut self) -> Result<(), Deaf> {
        let gateways = rssmgr_host::gateways(Path::new("/")).unwrap_or_else(|e| {
            tracing::warn!("default routes cannot be read: {e}");
            BTreeMap::new()
        });
        let Watcher { links, kernel, .. } = &mut self.watcher;
        let mut known = |ifindex, address| {
            let state = kernel.neighbour(ifindex, address);
            state.is_ok_and(|state| state.is_some_and(NeighbourState::is_known))
        };
        let all = links.behind(&gateways, &mut known);
        all.into_iter().try_for_each(|(ifindex, gateway)| self.tell(News::Carrier { ifindex, gateway }))
    }

    fn tell(&self, news: News) -> Result<(), Deaf> {
        self.news.send(news).map_err(|_| Deaf)
    }

    /// Hears what was told of interfaces. The kernel tells of a loss before what it had kept until then, which is older;
    /// and until all of that is taken, it drops what comes and does not tell so again. So only then it can be looked at
    /// what there is.
    fn links(&mut self) -> Result<(), Deaf> {
        let mut lost = false;
        loop {
            match self.watcher.monitor.recv() {
                Ok(None) => break,
                Ok(Some(LinkNotice::Present(link))) => self.present(&link)?,
                Ok(Some(LinkNotice::Gone(link))) => {
                    if let Some(news) = self.watcher.links.gone(&link) {
                        self.tell(news)?;
                    }
                }
                Ok(Some(_)) => lost = true,
                Err(e) => {
                    tracing::warn!("a notification about interfaces: {e}");
                    break;
                }
            }
        }
        if lost { self.all_again() } else { Ok(()) }
    }

    /// An interface is there, as it is now.
    fn present(&mut self, link: &Link) -> Result<(), Deaf> {
        let had = self.watcher.links.has_carrier(link.index);
        let meaning = self.watcher.links.present(link);
        if !had && self.watcher.links.has_carrier(link.index) {
            self.telling.carrier_came(Instant::now());
        }
        match meaning {
            Meaning::New => self.appeared(link.index),
            Meaning::Told(told) => told.into_iter().try_for_each(|news| self.tell(news)),
        }
    }

    /// Hears what was told by ethtool; of a loss as in [`Self::links`].
    fn ethtool(&mut self) -> Result<(), Deaf> {
        let mut lost = false;
        while let Some(monitor) = &mut self.watcher.ethtool {
            let (device, hint) = match monitor.recv() {
                Ok(None) => break,
                Ok(Some(Notice::Rss(rss) | Notice::ContextCreated(rss))) => (rss.device, Hint::Table),
                Ok(Some(Notice::ContextDeleted { device, .. })) => (device, Hint::Table),
                Ok(Some(Notice::Channels(channels))) => (channels.device, Hint::Channels),
                Ok(Some(Notice::Features(device))) => (device, Hint::Features),
                Ok(Some(Notice::Lost)) => {
                    lost = true;
                    continue;
                }
                Ok(Some(_)) => continue,
                Err(e) => {
                    tracing::warn!("a notification of ethtool: {e}");
                    break;
                }
            };
            self.tell(News::Changed { ifindex: device.index, hint, broke: false })?;
        }
        if lost { self.everything_changed(Hint::Channels) } else { Ok(()) }
    }

    /// An interface is new; one that is an adapter is told of.
    fn appeared(&mut self, ifindex: u32) -> Result<(), Deaf> {
        let found = self.discover.adapter(ifindex);
        let before = self.unread.remove(&ifindex);
        match found {
            Ok(Some(made)) => self.tell(News::Here(made)),
            Ok(None) => Ok(()),
            Err(e) => {
                if before.as_ref() != Some(&e) {
                    tracing::warn!("interface {ifindex} cannot be read, and is tried again: {e}");
                }
                self.unread.insert(ifindex, e);
                Ok(())
            }
        }
    }

    /// What could not be looked at is tried again.
    fn try_again(&mut self) -> Result<(), Deaf> {
        if self.lost {
            self.all_again()?;
        }
        let unread: Vec<u32> = self.unread.keys().copied().collect();
        unread.into_iter().try_for_each(|ifindex| self.appeared(ifindex))
    }

    /// Notifications were lost: what there is is looked at anew.
    fn all_again(&mut self) -> Result<(), Deaf> {
        let there = self.watcher.kernel.list();
        self.lost = there.is_err();
        let there = match there {
            Ok(there) => there,
            Err(e) => {
                tracing::warn!("notifications were lost, and interfaces cannot be listed: {e}");
                return Ok(());
            }
        };
        for news in self.watcher.links.lost(&there) {
            self.tell(news)?;
        }
        there.iter().try_for_each(|link| self.present(link))?;
        self.everything_changed(Hint::Link)
    }

    fn everything_changed(&self, hint: Hint) -> Result<(), Deaf> {
        let mut all = self.watcher.links.indexes();
        all.try_for_each(|ifindex| self.tell(News::Changed { ifindex, hint, broke: false }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rssmgr_core::topology::Topology;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    const EVERY: Duration = Duration::from_millis(50);
    const PATIENCE: Duration = Duration::from_secs(20);
    const LOOPBACK: u32 = 1;

    /// Fails a few times, and tells of each.
    struct Failing {
        failures: u32,
        asked: Sender<()>,
    }

    impl Failing {
        fn answer<T>(&mut self, answer: T) -> Result<T, String> {
            let _ = self.asked.send(());
            let left = self.failures.checked_sub(1);
            self.failures = left.unwrap_or_default();
            left.map_or(Ok(answer), |_| Err("it is in a reset".to_owned()))
        }
    }

    impl Discover for Failing {
        fn adapter(&mut self, ifindex: u32) -> Result<Option<crate::backend::Made>, String> {
            // Others may make interfaces meanwhile.
            if ifindex == LOOPBACK { self.answer(None) } else { Ok(None) }
        }

        fn machine(&mut self) -> Result<Arc<Topology>, String> {
            self.answer(Arc::new(Topology::from_spec("1x2x1").map_err(|e| e.to_string())?))
        }
    }

    /// A listener whose first two attempts fail: what it attempts, and what it tells.
    fn listening(watcher: Watcher, unread: Vec<u32>) -> (Receiver<()>, UnboundedReceiver<News>) {
        let (asked, attempts) = channel();
        let (tell, told) = unbounded_channel();
        watcher.start(Failing { failures: 2, asked }, unread, tell, EVERY).unwrap();
        (attempts, told)
    }

    fn three_and_no_more(attempts: &Receiver<()>) {
        for attempt in 1..=3 {
            attempts.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("attempt {attempt}: {e}"));
        }
        assert_eq!(attempts.recv_timeout(EVERY * 6), Err(RecvTimeoutError::Timeout));
    }

    #[test]
    fn an_interface_that_could_not_be_read_is_tried_again() {
        let (attempts, _told) = listening(Watcher::open().unwrap(), vec![LOOPBACK]);
        three_and_no_more(&attempts);
    }

    #[test]
    fn processors_that_could_not_be_read_are_tried_again() {
        let online = std::env::temp_dir().join(format!("rssmgrd-online-{}", std::process::id()));
        fs::write(&online, "0-2").unwrap();
        let mut watcher = Watcher::open().unwrap();
        watcher.online.clone_from(&online);
        let (attempts, mut told) = listening(watcher, Vec::new());
        fs::write(&online, "0-1").unwrap();
        three_and_no_more(&attempts);
        let mut news = std::iter::from_fn(|| told.try_recv().ok());
        assert!(news.any(|n| matches!(n, News::Processors(_))));
        fs::remove_file(&online).unwrap();
    }
}
