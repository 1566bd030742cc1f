//! What the CPUs had to do with received packets: `/proc/net/softnet_stat`, `/proc/stat`, `net.core`.

use std::path::Path;

use rssmgr_core::doctor::Knobs;
use rssmgr_core::ids::CpuId;

use crate::error::HostError;
use crate::root::Root;

const SOFTNET: &str = "proc/net/softnet_stat";

/// The lines of the CPUs come first in `/proc/stat`; 8,192 of them take a megabyte.
const STAT_LIMIT: u64 = 2 << 20;

/// Columns of softnet_stat, from 0. 13 and 14 exist on new kernels only and are not read.
const PROCESSED: usize = 0;
const DROPPED: usize = 1;
const SQUEEZED: usize = 2;
const RECEIVED_RPS: usize = 9;
const CPU: usize = 12;

/// A row of softnet_stat: counters of one CPU since boot. They wrap at 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Softnet {
    /// The CPU.
    pub cpu: CpuId,
    /// Packets handled.
    pub processed: u32,
    /// Packets dropped because the backlog was full.
    pub dropped: u32,
    /// Times that time or budget ran out with packets left.
    pub squeezed: u32,
    /// Times that another CPU sent packets here (RPS).
    pub received_rps: u32,
}

/// The rows of the online CPUs; none when the file is not there. A CPU that is offline has no row, so a row is known by
/// its own column and not by its place.
///
/// # Errors
/// The file cannot be read, or a row is damaged or older than Linux 5.10, which has no column for the CPU.
pub fn softnet(root: &Path) -> Result<Vec<Softnet>, HostError> {
    let root = Root::new(root);
    // A row takes 9 bytes a column.
    let Some(text) = root.read_start(SOFTNET, STAT_LIMIT)? else { return Ok(Vec::new()) };
    let row = |(i, line): (usize, &str)| {
        let column = |n: usize| line.split_ascii_whitespace().nth(n).and_then(hex);
        let read = || {
            Some(Softnet {
                cpu: CpuId(column(CPU)?),
                processed: column(PROCESSED)?,
                dropped: column(DROPPED)?,
                squeezed: column(SQUEEZED)?,
                received_rps: column(RECEIVED_RPS)?,
            })
        };
        read().ok_or_else(|| HostError::Line {
            path: root.path().join(SOFTNET),
            line: i + 1,
            content: line.chars().take(64).collect(),
            wanted: "13 or more hexadecimal numbers are expected, the last of them the CPU".into(),
        })
    };
    text.lines().enumerate().map(row).collect()
}

/// Eight hexadecimal digits, no sign.
fn hex(word: &str) -> Option<u32> {
    let digits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(word, 16).ok().filter(|_| digits)
}

/// How a CPU spent its time since boot, in clock ticks (100 a second).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// The CPU.
    pub cpu: CpuId,
    /// In interrupts and soft interrupts.
    pub interrupts: u64,
    /// Altogether.
    pub total: u64,
}

/// The time of each online CPU; none when `/proc/stat` is not there. Lines that are no CPU's are passed over.
///
/// # Errors
/// The file cannot be read.
pub fn cpu_times(root: &Path) -> Result<Vec<CpuTime>, HostError> {
    let text = Root::new(root).read_start("proc/stat", STAT_LIMIT)?.unwrap_or_default();
    let one = |line: &str| {
        let mut words = line.strip_prefix("cpu")?.split_ascii_whitespace();
        // The line of all CPUs together has no number.
        let cpu = CpuId(words.next().filter(|_| !line.starts_with("cpu "))?.parse().ok()?);
        // user, nice, system, idle, iowait, irq, softirq, steal; guest time is in user time already.
        let ticks: Vec<u64> = words.map_while(|w| w.parse().ok()).take(8).collect();
        let interrupts = ticks.get(5)?.saturating_add(*ticks.get(6)?);
        Some(CpuTime { cpu, interrupts, total: ticks.iter().fold(0, |sum, n| sum.saturating_add(*n)) })
    };
    Ok(text.lines().filter_map(one).collect())
}

/// The kernel's limits of receiving; `None` where a file is not there or holds no number.
#[must_use]
pub fn receive_limits(root: &Path) -> Knobs {
    let root = Root::new(root);
    let number = |name: &str| root.read(format!("proc/sys/net/core/{name}")).ok()??.trim().parse().ok();
    Knobs {
        max_backlog: number("netdev_max_backlog"),
        budget: number("netdev_budget"),
        budget_usecs: number("netdev_budget_usecs"),
    }
}
