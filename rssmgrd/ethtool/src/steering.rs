//! Transmit packet steering (XPS) and receive packet steering (RPS) in sysfs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::ids::QueueId;

/// Which way the packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Transmit,
    Receive,
}

fn file(root: &Path, interface: &str, direction: Direction, queue: u16) -> PathBuf {
    let (folder, file) = match direction {
        Direction::Transmit => ("tx", "xps_cpus"),
        Direction::Receive => ("rx", "rps_cpus"),
    };
    root.join(format!("sys/class/net/{interface}/queues/{folder}-{queue}/{file}"))
}

/// The CPUs of the first `count` queues; none at all when one of them cannot be read. A transmit queue of its own has no
/// file to read: there is nothing to choose.
fn read(root: &Path, interface: &str, direction: Direction, count: u16) -> Vec<CpuSet> {
    let one = |queue| {
        let text = fs::read_to_string(file(root, interface, direction, queue)).ok()?;
        CpuSet::parse_mask(text.trim()).ok()
    };
    (0..count).map(one).collect::<Option<_>>().unwrap_or_default()
}

pub(crate) fn transmit(root: &Path, interface: &str, count: u16) -> Vec<CpuSet> {
    read(root, interface, Direction::Transmit, count)
}

pub(crate) fn receive(root: &Path, interface: &str, count: u16) -> Vec<CpuSet> {
    read(root, interface, Direction::Receive, count)
}

/// Writes the CPUs of a queue.
///
/// # Errors
/// What the kernel says.
pub(crate) fn write(
    root: &Path,
    interface: &str,
    direction: Direction,
    queue: QueueId,
    cpus: &CpuSet,
) -> io::Result<()> {
    fs::write(file(root, interface, direction, queue.0), cpus.to_mask(width(cpus)))
}

/// Digits are written up to the last CPU: the kernel refuses a mask longer than it has CPUs.
fn width(cpus: &CpuSet) -> u32 {
    cpus.last().map_or(1, |cpu| cpu.0 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rssmgr_core::ids::CpuId;

    #[test]
    fn masks_are_written_and_read_as_the_kernel_has_them() {
        let root = tempfile::tempdir().unwrap();
        for queue in 0..2 {
            let file = file(root.path(), "eth0", Direction::Transmit, queue);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "0\n").unwrap();
        }
        let cpus = CpuSet::parse_list("1,33,70").unwrap();
        write(root.path(), "eth0", Direction::Transmit, QueueId(1), &cpus).unwrap();
        let text = fs::read_to_string(file(root.path(), "eth0", Direction::Transmit, 1)).unwrap();
        assert_eq!(text, "40,00000002,00000002");
        assert_eq!(transmit(root.path(), "eth0", 2), [CpuSet::new(), cpus]);
        assert_eq!(transmit(root.path(), "eth0", 3), [], "a queue that is not there");
        assert_eq!(width(&CpuSet::new()), 1);
        assert!(CpuSet::new().first().is_none_or(|c: CpuId| c.0 == 0));
    }
}
