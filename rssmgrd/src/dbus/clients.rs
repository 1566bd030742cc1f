//! How many clients the private socket has, and who may still come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rssmgr_core::manager::Caller;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Places beyond the usual ones. They are for root and the daemon's owner, and only for processes that have no
/// connection yet: whatever one program does with its connections, the next `rssctl` gets in.
const RESERVE: u32 = 16;

#[derive(Debug)]
struct Places {
    most: u32,
    owner: u32,
    /// Connections of each process.
    taken: Mutex<BTreeMap<Option<u32>, u32>>,
    left: Notify,
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, BTreeMap<Option<u32>, u32>> {
        // Nothing in here panics half-way through a change.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clients of the private socket: a place each.
#[derive(Clone, Debug)]
pub struct Clients(Arc<Places>);

/// The place of one client; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    pid: Option<u32>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(n) = taken.get_mut(&self.pid) {
            *n -= 1;
            if *n == 0 {
                taken.remove(&self.pid);
            }
        }
        drop(taken);
        self.places.left.notify_one();
    }
}

impl Clients {
    /// Room for so many at the same time, and a few more of root's and of this user's.
    #[must_use]
    pub fn new(most: u32, owner: u32) -> Self {
        let places = Places { most, owner, taken: Mutex::default(), left: Notify::new() };
        Self(Arc::new(places))
    }

    /// How many there are now.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.taken().values().sum()
    }

    /// How many there may be, without the reserve.
    pub(super) fn most(&self) -> u32 {
        self.0.most
    }

    /// A place for a client, if there is one for it.
    pub(super) fn admit(&self, caller: &Caller) -> Option<Place> {
        let Places { most, owner, .. } = *self.0;
        let mut taken = self.0.taken();
        let count: u32 = taken.values().sum();
        let served = caller.uid == 0 || caller.uid == owner;
        let reserved = served && caller.pid.is_some() && !taken.contains_key(&caller.pid);
        if count >= most && !(reserved && count < most.saturating_add(RESERVE)) {
            return None;
        }
        *taken.entry(caller.pid).or_default() += 1;
        Some(Place { places: Arc::clone(&self.0), pid: caller.pid })
    }

    /// Waits until all clients are gone, but not for long.
    pub async fn gone(&self, within: Duration) {
        let all = async {
            while self.count() > 0 {
                self.0.left.notified().await;
            }
        };
        // Those that do not read what they are sent are left.
        let _ = timeout(within, all).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(uid: u32, pid: u32) -> Caller {
        Caller { uid, pid: Some(pid), bus_name: None }
    }

    #[test]
    fn one_process_cannot_take_the_last_places() {
        let clients = Clients::new(3, 1000);
        let mut hoard: Vec<Place> =
            std::iter::from_fn(|| clients.admit(&caller(1000, 7))).take(100).collect();
        assert_eq!(hoard.len(), 3);
        let mut others: Vec<Place> = (100..).map_while(|pid| clients.admit(&caller(1000, pid))).collect();
        assert_eq!(others.len(), usize::try_from(RESERVE).unwrap(), "the reserve has an end too");
        drop(others.pop());
        assert!(clients.admit(&caller(1000, 7)).is_none(), "it has its share");
        assert!(clients.admit(&caller(1001, 8)).is_none(), "the reserve is not for everybody");
        assert!(clients.admit(&caller(0, 8)).is_some(), "but for root");
        others.clear();
        hoard.pop();
        assert!(clients.admit(&caller(1001, 8)).is_some(), "a usual place is for everybody");
        assert_eq!(clients.count(), 2);
    }

    #[tokio::test]
    async fn the_last_one_to_leave_is_waited_for() {
        let clients = Clients::new(3, 1000);
        let place = clients.admit(&caller(1000, 7)).unwrap();
        let waits = tokio::spawn({
            let clients = clients.clone();
            async move { clients.gone(Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        drop(place);
        waits.await.unwrap();
    }
}
