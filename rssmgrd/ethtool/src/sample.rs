//! Counters of kernel interfaces, read on a thread of their own: a driver at work holds the kernel's lock for a second,
//! and no reader of counters may wait for it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use rssmgr_core::backend::Sampler;
use rssmgr_core::stats::{AdapterStats, QueueStats, Sample};
use rssmgr_netlink::Error;
use rssmgr_netlink::netdev::{Counter, QueueType, Scope};

use crate::files;
use crate::kernel::Kernel;

/// How long a reader waits for new counters before it gets the last ones.
const PATIENCE: Duration = Duration::from_millis(50);

/// The thread that reads counters of all interfaces.
#[derive(Clone, Debug)]
pub struct Sampling {
    ask: Sender<Arc<Slot>>,
    /// Whether an answer is overdue: then nobody waits for the next ones.
    late: Arc<AtomicBool>,
}

/// One interface's counters.
#[derive(Debug)]
struct Slot {
    ifindex: u32,
    driver: String,
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Debug, Default)]
struct State {
    asked: bool,
    last: Sample,
}

impl Sampling {
    /// Starts the thread. It ends with the last sampler.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let (ask, asked) = mpsc::channel();
        let late = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&late);
        std::thread::Builder::new().name("counters".into()).spawn(move || serve(&asked, &flag))?;
        Ok(Self { ask, late })
    }
}

fn serve(asked: &Receiver<Arc<Slot>>, late: &AtomicBool) {
    let mut kernel = None;
    while let Ok(slot) = asked.recv() {
        if kernel.is_none() {
            kernel = Kernel::open().ok();
        }
        let sample = kernel.as_mut().and_then(|k| read(k, slot.ifindex, &slot.driver).ok());
        let mut state = slot.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sample) = sample {
            state.last = sample;
        }
        state.asked = false;
        late.store(false, Ordering::Relaxed);
        slot.answered.notify_all();
    }
}

/// Reads one interface's counters.
#[derive(Debug)]
pub struct LinuxSampler {
    slot: Arc<Slot>,
    sampling: Sampling,
}

impl LinuxSampler {
    pub(crate) fn new(sampling: &Sampling, ifindex: u32, driver: &str) -> Self {
        let slot =
            Slot { ifindex, driver: driver.to_owned(), state: Mutex::default(), answered: Condvar::new() };
        Self { slot: Arc::new(slot), sampling: sampling.clone() }
    }
}

impl Sampler for LinuxSampler {
    fn sample(&self) -> Sample {
        let mut state = self.slot.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.asked {
            state.asked = self.sampling.ask.send(Arc::clone(&self.slot)).is_ok();
        }
        if state.asked && !self.sampling.late.load(Ordering::Relaxed) {
            let waited = self.slot.answered.wait_timeout_while(state, PATIENCE, |s| s.asked);
            let (now, timed_out) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            if timed_out.timed_out() {
                self.sampling.late.store(true, Ordering::Relaxed);
            }
        }
        state.last.clone()
    }
}

fn read(kernel: &mut Kernel, ifindex: u32, driver: &str) -> Result<Sample, Error> {
    let name = kernel.name(ifindex)?;
    let adapter = totals(kernel.root(), &name);
    let queues = match by_netdev(kernel, ifindex) {
        Some(queues) => queues,
        None => by_driver(kernel, &name, driver),
    };
    Ok(Sample { adapter, queues, ..Sample::default() })
}

fn totals(root: &Path, name: &str) -> AdapterStats {
    let folder = root.join("sys/class/net").join(name).join("statistics");
    let read = |file: &str| -> u64 {
        let text = files::once(&folder.join(file)).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    };
    let (packets, multicast) = (read("rx_packets"), read("multicast"));
    AdapterStats {
        packets,
        bytes: read("rx_bytes"),
        drops: read("rx_dropped").saturating_add(read("rx_missed_errors")),
        multicast_packets: multicast,
        unicast_packets: packets.saturating_sub(multicast),
        ..AdapterStats::default()
    }
}

/// By the kernel's own counters of queues; `None` where the driver does not keep them.
fn by_netdev(kernel: &mut Kernel, ifindex: u32) -> Option<Vec<QueueStats>> {
    let counters = kernel.netdev.as_mut()?.counters(ifindex, Scope::Queue).ok()?;
    let mut queues: BTreeMap<u32, QueueStats> = BTreeMap::new();
    for c in &counters {
        let Some((QueueType::RX, queue)) = c.queue else { continue };
        let value = |counter| c.get(counter).unwrap_or_default();
        let stats = QueueStats {
            packets: c.get(Counter::RX_PACKETS)?,
            bytes: value(Counter::RX_BYTES),
            drops: value(Counter::RX_HW_DROPS),
            ..QueueStats::default()
        };
        queues.insert(queue, stats);
    }
    (!queues.is_empty()).then(|| queues.into_values().collect())
}

/// The names of a queue's counters in `ethtool -S`: packets (added up) and bytes, `#` being the queue.
struct CounterNames {
    packets: &'static [&'static str],
    bytes: &'static [&'static str],
}

/// Source: the drivers' `get_strings` in Linux 7.1.
fn names(driver: &str) -> Option<CounterNames> {
    let (packets, bytes): (&[_], &[_]) = match driver {
        "ixgbe" | "ixgbevf" | "igb" | "igc" | "ice" | "hv_netvsc" | "virtio_net" => {
            (&["rx_queue_#_packets"], &["rx_queue_#_bytes"])
        }
        "mlx5_core" => (&["rx#_packets"], &["rx#_bytes"]),
        "mana" => (&["rx_#_packets"], &["rx_#_bytes"]),
        "i40e" | "iavf" => (&["rx-#.packets"], &["rx-#.bytes"]),
        "bnxt_en" => (
            &["[#]: rx_ucast_packets", "[#]: rx_mcast_packets", "[#]: rx_bcast_packets"],
            &["[#]: rx_ucast_bytes", "[#]: rx_mcast_bytes", "[#]: rx_bcast_bytes"],
        ),
        "ena" => (&["queue_#_rx_cnt"], &["queue_#_rx_bytes"]),
        "nfp" => (&["rvec_#_rx_pkts"], &[]),
        "sfc" => (&["rx-#.rx_packets"], &[]),
        "qede" => (&["#: rcv_pkts"], &[]),
        _ => return None,
    };
    Some(CounterNames { packets, bytes })
}

fn by_driver(kernel: &mut Kernel, name: &str, driver: &str) -> Vec<QueueStats> {
    let Ok(labels) = kernel.ioctl.counter_names(name) else { return Vec::new() };
    let Ok(values) = kernel.ioctl.counters(name) else { return Vec::new() };
    let counters: Vec<(&str, u64)> = labels.iter().map(String::as_str).zip(values).collect();
    if driver == "vmxnet3" {
        return vmxnet3(&counters);
    }
    names(driver).map(|n| named(&n, &counters)).unwrap_or_default()
}

fn named(names: &CounterNames, counters: &[(&str, u64)]) -> Vec<QueueStats> {
    let by_name: BTreeMap<&str, u64> = counters.iter().copied().collect();
    let sum = |patterns: &[&str], queue: &str| {
        let found = patterns.iter().filter_map(|p| by_name.get(p.replace('#', queue).as_str()));
        found.fold(None, |sum: Option<u64>, n| Some(sum.unwrap_or_default().saturating_add(*n)))
    };
    let mut queues = Vec::new();
    while let Some(packets) = sum(names.packets, &queues.len().to_string()) {
        let bytes = sum(names.bytes, &queues.len().to_string()).unwrap_or_default();
        queues.push(QueueStats { packets, bytes, ..QueueStats::default() });
    }
    queues
}

/// A block of counters for each queue, which begins with the queue's number.
fn vmxnet3(counters: &[(&str, u64)]) -> Vec<QueueStats> {
    let mut queues: Vec<QueueStats> = Vec::new();
    let mut receive = false;
    for (name, value) in counters {
        let name = name.trim();
        if name.ends_with("Queue#") {
            receive = name.starts_with("Rx");
            if receive {
                queues.push(QueueStats::default());
            }
            continue;
        }
        let Some(queue) = queues.last_mut().filter(|_| receive) else { continue };
        match name {
            "ucast pkts rx" | "mcast pkts rx" | "bcast pkts rx" => {
                queue.packets = queue.packets.saturating_add(*value);
            }
            "ucast bytes rx" | "mcast bytes rx" | "bcast bytes rx" => {
                queue.bytes = queue.bytes.saturating_add(*value);
            }
            "drv dropped rx total" => queue.drops = *value,
            // The counters of the whole adapter follow the last queue.
            "tx timeout count" => receive = false,
            _ => {}
        }
    }
    queues
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_their_names() {
        let igb = [
            ("rx_packets", 9),
            ("rx_queue_0_packets", 4),
            ("rx_queue_0_bytes", 400),
            ("rx_queue_1_packets", 5),
        ];
        let queues = named(&names("igb").unwrap(), &igb);
        let seen: Vec<_> = queues.iter().map(|q| (q.packets, q.bytes)).collect();
        assert_eq!(seen, [(4, 400), (5, 0)]);
        let bnxt = [("[0]: rx_ucast_packets", 3), ("[0]: rx_mcast_packets", 2)];
        assert_eq!(named(&names("bnxt_en").unwrap(), &bnxt)[0].packets, 5);
        assert!(names("e1000e").is_none());
    }

    #[test]
    fn the_blocks_of_vmxnet3_are_told_apart() {
        let told = [
            ("Tx Queue#", 0),
            ("  ucast pkts tx", 7),
            ("Rx Queue#", 0),
            ("  ucast pkts rx", 3),
            ("  mcast pkts rx", 1),
            ("  ucast bytes rx", 300),
            ("Rx Queue#", 1),
            ("  ucast pkts rx", 5),
            ("tx timeout count", 9),
            ("ucast pkts rx", 99),
        ];
        let seen: Vec<_> = vmxnet3(&told).iter().map(|q| (q.packets, q.bytes)).collect();
        assert_eq!(seen, [(4, 300), (5, 0)]);
    }
}
