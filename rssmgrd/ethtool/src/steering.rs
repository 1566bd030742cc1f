//! Transmit packet steering (XPS) and receive packet steering (RPS) in sysfs.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::ids::{CpuId, QueueId};

use crate::files::{Files, Which};

/// One of the kernel's maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Map {
    /// The CPUs that send through a transmit queue.
    Transmit,
    /// The receive queues whose connections do.
    Answers,
    /// The CPUs that take up the packets of a receive queue.
    Receive,
}

fn file(root: &Path, interface: &str, map: Map, queue: u16) -> PathBuf {
    let (folder, file) = match map {
        Map::Transmit => ("tx", "xps_cpus"),
        Map::Answers => ("tx", "xps_rxqs"),
        Map::Receive => ("rx", "rps_cpus"),
    };
    root.join(format!("sys/class/net/{interface}/queues/{folder}-{queue}/{file}"))
}

/// Whether this kernel chooses transmit queues by receive queue: since Linux 4.18, where it is built with XPS.
pub(crate) fn has_answers(root: &Path, interface: &str) -> bool {
    file(root, interface, Map::Answers, 0).exists()
}

/// The maps of an interface that has this name now.
pub(crate) struct Maps<'a> {
    pub(crate) files: &'a mut Files,
    pub(crate) root: &'a Path,
    pub(crate) interface: &'a str,
}

impl Maps<'_> {
    /// What the first `count` queues have; nothing at all when one of them cannot be read. A transmit queue of its own has
    /// no file to read: there is nothing to choose.
    fn read(&mut self, map: Map, count: u16) -> Vec<CpuSet> {
        let one = |queue| {
            let file = file(self.root, self.interface, map, queue);
            CpuSet::parse_mask(self.files.read(Which::Map(map, queue), &file).ok()?.trim()).ok()
        };
        (0..count).map(one).collect::<Option<_>>().unwrap_or_default()
    }

    /// The CPUs of each transmit queue.
    pub(crate) fn transmit(&mut self, count: u16) -> Vec<CpuSet> {
        self.read(Map::Transmit, count)
    }

    /// The receive queues of each transmit queue. The kernel writes them as it writes CPUs.
    pub(crate) fn answers(&mut self, count: u16) -> Vec<BTreeSet<QueueId>> {
        let queue = |cpu: CpuId| u16::try_from(cpu.0).ok().map(QueueId);
        let masks = self.read(Map::Answers, count);
        masks.iter().map(|mask| mask.iter().filter_map(queue).collect()).collect()
    }

    /// The CPUs of each receive queue.
    pub(crate) fn receive(&mut self, count: u16) -> Vec<CpuSet> {
        self.read(Map::Receive, count)
    }
}

/// Receive queues as a mask has them.
pub(crate) fn mask(receive: &BTreeSet<QueueId>) -> CpuSet {
    receive.iter().map(|queue| CpuId(queue.0.into())).collect()
}

/// Writes what a queue has.
///
/// # Errors
/// What the kernel says.
pub(crate) fn write(root: &Path, interface: &str, map: Map, queue: QueueId, mask: &CpuSet) -> io::Result<()> {
    fs::write(file(root, interface, map, queue.0), mask.to_mask(width(mask)))
}

/// Digits are written up to the last one: the kernel refuses a mask longer than it has CPUs, or the card queues.
fn width(cpus: &CpuSet) -> u32 {
    cpus.last().map_or(1, |cpu| cpu.0 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_written_and_read_as_the_kernel_has_them() {
        let root = tempfile::tempdir().unwrap();
        for queue in 0..2 {
            let file = file(root.path(), "eth0", Map::Transmit, queue);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "0\n").unwrap();
        }
        let cpus = CpuSet::parse_list("1,33,70").unwrap();
        write(root.path(), "eth0", Map::Transmit, QueueId(1), &cpus).unwrap();
        let text = fs::read_to_string(file(root.path(), "eth0", Map::Transmit, 1)).unwrap();
        assert_eq!(text, "40,00000002,00000002");
        let mut files = Files::default();
        let mut maps = Maps { files: &mut files, root: root.path(), interface: "eth0" };
        assert_eq!(maps.transmit(2), [CpuSet::new(), cpus]);
        assert_eq!(maps.transmit(3), [], "a queue that is not there");
        assert!(!has_answers(root.path(), "eth0"), "a kernel without them");
        for queue in 0..2 {
            fs::write(file(root.path(), "eth0", Map::Answers, queue), "00000000\n").unwrap();
        }
        assert!(has_answers(root.path(), "eth0"));
        let receive: BTreeSet<_> = [QueueId(1), QueueId(3)].into();
        write(root.path(), "eth0", Map::Answers, QueueId(0), &mask(&receive)).unwrap();
        assert_eq!(fs::read_to_string(file(root.path(), "eth0", Map::Answers, 0)).unwrap(), "a");
        let mut maps = Maps { files: &mut files, root: root.path(), interface: "eth0" };
        assert_eq!(maps.answers(2), [receive, [].into()]);
        assert_eq!(width(&CpuSet::new()), 1);
        assert!(CpuSet::new().first().is_none_or(|c: CpuId| c.0 == 0));
    }
}
