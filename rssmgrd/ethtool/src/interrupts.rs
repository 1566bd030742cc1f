//! Which interrupt serves which queue.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::ids::CpuId;
use rssmgr_host::NicFacts;
use rssmgr_netlink::netdev::QueueType;

use crate::files::Files;
use crate::kernel::Kernel;
use crate::names::{self, Serves, serves};
use crate::proc;

/// The interrupts of a queue pair, as in `/proc/irq`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vectors {
    /// That of the receive queue.
    pub receive: Option<u32>,
    /// That of the transmit queue of the same number, where it is another one.
    pub transmit: Option<u32>,
}

/// The interrupts of an adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupts {
    /// Those of each receive queue. Empty where it is not certain which interrupt serves which queue.
    pub queues: Vec<Vectors>,
    /// The movable ones that serve no queue of any number, with their names: a queue that is not there now may be there
    /// after a change of channels. Empty where `queues` is and for drivers whose names are not known, and without those
    /// that share a name.
    pub others: Vec<(u32, String)>,
}

impl Interrupts {
    /// Whether an interrupt is one of them.
    pub(crate) fn has(&self, irq: u32) -> bool {
        self.queues.iter().any(|v| v.receive == Some(irq) || v.transmit == Some(irq))
            || self.others.iter().any(|(other, _)| *other == irq)
    }

    /// Whether it is known for all receive queues which interrupt serves them.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        !self.queues.is_empty() && self.queues.iter().all(|v| v.receive.is_some())
    }
}

/// Where the interrupts of a device are listed, relative to the root of the machine. A virtio device has none of its
/// own: they are those of the PCI device above it.
pub(crate) fn folder(facts: &NicFacts) -> Option<PathBuf> {
    let device = facts.device.as_deref()?;
    let is_virtio = device.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with("virtio"));
    let owner = device.parent().filter(|_| is_virtio).unwrap_or(device);
    Some(owner.join("msi_irqs"))
}

/// All interrupts of a device, ascending.
fn all(root: &Path, folder: Option<&Path>) -> Vec<u32> {
    let Some(entries) = folder.and_then(|f| std::fs::read_dir(root.join(f)).ok()) else { return Vec::new() };
    let mut irqs: Vec<u32> = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok()).collect();
    irqs.sort_unstable();
    irqs
}

/// The names under which the interrupts of a device were requested, as last listed.
#[derive(Debug, Default)]
pub(crate) struct Requested(BTreeMap<u32, Vec<String>>);

impl Requested {
    /// Those of these interrupts now. What is still there is not listed again.
    fn names(&mut self, root: &Path, irqs: &[u32]) -> Vec<(u32, Vec<String>)> {
        let mut before = std::mem::take(&mut self.0);
        let now = irqs.iter().map(|irq| {
            let names = before.remove(irq).filter(|names| proc::has_still(root, *irq, names));
            (*irq, names.unwrap_or_else(|| proc::actions(root, *irq)))
        });
        self.0 = now.collect();
        self.0.iter().map(|(irq, names)| (*irq, names.clone())).collect()
    }
}

/// Finds the interrupts of the first `queues` receive queues: by what the kernel says, else by their names.
pub(crate) fn find(
    kernel: &mut Kernel,
    requested: &mut Requested,
    ifindex: u32,
    driver: &str,
    folder: Option<&Path>,
    queues: u16,
) -> Interrupts {
    let root = kernel.root().to_owned();
    let irqs = all(&root, folder);
    let names = requested.names(&root, &irqs);
    let named = by_name(driver, &names, queues);
    // What the kernel says goes before what a name seems to say, as long as no name belies it.
    let told = told(kernel, ifindex, queues)
        .filter(|told| !is_stale(driver, &names, |irq| proc::actions(&root, irq), told));
    let queues = told.or(named).unwrap_or_default();
    let others = if queues.is_empty() { Vec::new() } else { others(driver, &names, &queues) };
    let others = others.into_iter().filter(|(irq, _)| proc::is_movable(&root, *irq)).collect();
    Interrupts { queues, others }
}

/// The interrupts that serve no queue, these or others.
fn others(driver: &str, named: &[(u32, Vec<String>)], queues: &[Vectors]) -> Vec<(u32, String)> {
    if !names::are_known(driver) {
        return Vec::new();
    }
    let serves = |irq: u32| queues.iter().any(|v| v.receive == Some(irq) || v.transmit == Some(irq));
    let all: Vec<(u32, &String)> =
        named.iter().filter_map(|(irq, names)| Some((*irq, names.first()?))).collect();
    let alone = |name: &String| all.iter().filter(|(_, n)| *n == name).count() == 1;
    let idle = |name: &str| names::serves(driver, name).is_some();
    let left = all.iter().filter(|(irq, name)| !serves(*irq) && !idle(name) && alone(name));
    left.map(|(irq, name)| (*irq, (*name).clone())).collect()
}

/// By the `netdev` family: queue to NAPI instance to interrupt. `None` when any receive queue is missing.
fn told(kernel: &mut Kernel, ifindex: u32, count: u16) -> Option<Vec<Vectors>> {
    let netdev = kernel.netdev.as_mut()?;
    let queues = netdev.queues(ifindex).ok()?;
    if !queues.iter().any(|q| q.napi.is_some()) {
        return None;
    }
    let napis = netdev.napis(ifindex).ok()?;
    let irq = |direction: QueueType, id: u16| {
        let queue = queues.iter().find(|q| q.direction == direction && q.id == u32::from(id))?;
        napis.iter().find(|n| Some(n.id) == queue.napi)?.irq.filter(|irq| *irq != 0)
    };
    (0..count)
        .map(|q| {
            let receive = irq(QueueType::RX, q)?;
            let transmit = irq(QueueType::TX, q).filter(|t| *t != receive);
            Some(Vectors { receive: Some(receive), transmit })
        })
        .collect()
}

/// Whether the kernel tells of interrupts that a device had once: a driver may request others and not say so, as e1000e
/// does when it is resumed (Linux 7.2), and the old numbers are soon somebody else's. `names` are those of all interrupts
/// of the device, or empty where it is not known which they are; `others` tells those of any other, as a card may be
/// reached through several devices (mlx5's socket direct).
fn is_stale(
    driver: &str,
    names: &[(u32, Vec<String>)],
    others: impl Fn(u32) -> Vec<String>,
    told: &[Vectors],
) -> bool {
    let known = names::are_known(driver);
    let belied = |irq: Option<u32>, is_right: &dyn Fn(Serves) -> bool| {
        let Some(irq) = irq.filter(|_| !names.is_empty()) else { return false };
        let serves_it = |names: &[String]| names.iter().filter_map(|name| serves(driver, name)).any(is_right);
        match names.iter().find(|(of, _)| *of == irq) {
            // An interrupt that nobody has requested, as those of a closed interface, says nothing.
            Some((_, names)) => known && !names.is_empty() && !serves_it(names),
            None => !known || !serves_it(&others(irq)),
        }
    };
    let any = !names::count_queues(driver);
    (0..).zip(told).any(|(queue, vectors)| {
        let receives = |s: Serves| matches!(s, Serves::Both(q) | Serves::Receive(q) if any || q == queue);
        let transmits = |s: Serves| matches!(s, Serves::Both(q) | Serves::Transmit(q) if any || q == queue);
        belied(vectors.receive, &receives) || belied(vectors.transmit, &transmits)
    })
}

/// The interrupts of the first `count` receive queues by the names under which the driver requested them: number and
/// names of each interrupt of the device. `None` when a receive queue has no interrupt by that name, or more than one.
#[must_use]
pub fn by_name(driver: &str, names: &[(u32, Vec<String>)], count: u16) -> Option<Vec<Vectors>> {
    let mut vectors = vec![Vectors::default(); usize::from(count)];
    for (irq, names) in names {
        for served in names.iter().filter_map(|name| serves(driver, name)) {
            let (queue, receives, transmits) = match served {
                Serves::Both(q) => (q, true, false),
                Serves::Receive(q) => (q, true, false),
                Serves::Transmit(q) => (q, false, true),
            };
            let Some(slot) = vectors.get_mut(usize::from(queue)) else { continue };
            if receives && slot.receive.replace(*irq).is_some() {
                return None;
            }
            if transmits && slot.transmit.replace(*irq).is_some() {
                return None;
            }
        }
    }
    (count > 0 && vectors.iter().all(|v| v.receive.is_some())).then_some(vectors)
}

/// The CPU that an interrupt is bound to; `None` when it may go to several.
pub(crate) fn home(files: &mut Files, root: &Path, irq: Option<u32>) -> Option<CpuId> {
    let cpus: CpuSet = proc::affinity(files, root, irq?)?;
    cpus.first().filter(|_| cpus.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[(u32, &str)]) -> Vec<(u32, Vec<String>)> {
        of.iter().map(|(irq, name)| (*irq, vec![(*name).to_owned()])).collect()
    }

    fn vectors(receive: u32, transmit: Option<u32>) -> Vectors {
        Vectors { receive: Some(receive), transmit }
    }

    #[test]
    fn queues_are_found_by_name() {
        let virtio = names(&[
            (24, "virtio0-config"),
            (25, "virtio0-input.0"),
            (26, "virtio0-output.0"),
            (27, "virtio0-input.1"),
            (28, "virtio0-output.1"),
        ]);
        let wanted = [vectors(25, Some(26)), vectors(27, Some(28))];
        assert_eq!(by_name("virtio_net", &virtio, 2).unwrap(), wanted);
    }

    #[test]
    fn numbers_that_the_kernel_kept_from_before_are_not_believed() {
        let resumed = names(&[(76, "eth0-rx-0"), (77, "eth0-tx-0"), (78, "eth0")]);
        let nobody = |_| Vec::new();
        let stale = |driver, names: &[(u32, Vec<String>)], receive, transmit| {
            is_stale(driver, names, nobody, &[vectors(receive, transmit)])
        };
        assert!(!stale("e1000e", &resumed, 76, Some(77)));
        assert!(stale("e1000e", &resumed, 78, None), "it serves no queue now");
        assert!(stale("e1000e", &resumed, 77, None), "it sends now");
        assert!(stale("e1000e", &resumed, 76, Some(78)));
        assert!(stale("e1000e", &resumed, 79, None), "it is not the device's any more");
        assert!(stale("unheard_of", &resumed, 79, None));
        assert!(!stale("unheard_of", &resumed, 78, None), "its names mean nothing to us");
        assert!(!stale("e1000e", &[], 79, None), "it is not known which are the device's");
        assert!(!stale("e1000e", &[(79, vec![])], 79, None), "the interface is closed");
        let second = [Vectors::default(), vectors(31, None)];
        assert!(
            is_stale("igb", &names(&[(31, "eth0-TxRx-0")]), nobody, &second),
            "it serves another queue now"
        );
    }

    #[test]
    fn completion_vectors_are_believed_whatever_their_number() {
        let comp = |pci: &str| vec![format!("mlx5_comp7@pci:{pci}")];
        let told = [Vectors::default(), vectors(31, None)];
        let stale = |first: &[(u32, Vec<String>)], second: Vec<String>| {
            is_stale("mlx5_core", first, |irq| if irq == 31 { second.clone() } else { Vec::new() }, &told)
        };
        assert!(!stale(&[(31, comp("0000:3b:00.0"))], Vec::new()));
        assert!(stale(&names(&[(31, "mlx5_async0@pci:0000:3b:00.0")]), Vec::new()));
        let first = [(30, comp("0000:3b:00.0"))];
        assert!(!stale(&first, comp("0000:af:00.0")), "it is that of the card's second device");
        assert!(stale(&first, vec!["nvme0q3".to_owned()]));
        // With rings apart, bnxt numbers those to send through after those to receive by.
        let apart = names(&[(40, "eth0-rx-0"), (41, "eth0-tx-1"), (42, "eth0")]);
        let bnxt = |receive, transmit| {
            is_stale("bnxt_en", &apart, |_| Vec::new(), &[vectors(receive, Some(transmit))])
        };
        assert!(!bnxt(40, 41));
        assert!(bnxt(42, 41) && bnxt(41, 40));
    }

    #[test]
    fn the_rest_is_known_by_name() {
        let igb =
            names(&[(30, "eth0"), (31, "eth0-TxRx-0"), (32, "eth0-TxRx-1"), (33, "again"), (34, "again")]);
        let queues = by_name("igb", &igb, 2).unwrap();
        assert_eq!(others("igb", &igb, &queues), [(30, "eth0".to_owned())]);
        let idle = by_name("igb", &igb, 1).unwrap();
        assert_eq!(others("igb", &igb, &idle).len(), 1, "a queue that is not there now may come back");
        assert_eq!(others("igb", &[(35, vec![])], &queues), [], "nobody has requested it");
        assert_eq!(others("unheard_of", &igb, &queues), [], "any of them may be a queue's");
    }

    #[test]
    fn names_are_listed_again_where_they_are_others() {
        use std::fs;
        let root = tempfile::tempdir().unwrap();
        let action = |irq: u32, name: &str| root.path().join(format!("proc/irq/{irq}/{name}"));
        fs::create_dir_all(action(30, "eth0-TxRx-0")).unwrap();
        fs::create_dir_all(action(31, "")).unwrap();
        let mut requested = Requested::default();
        let unnamed = |irq| (irq, Vec::new());
        let first = requested.names(root.path(), &[30, 31]);
        assert_eq!(first, [(30, vec!["eth0-TxRx-0".to_owned()]), unnamed(31)]);
        assert_eq!(requested.names(root.path(), &[30, 31]), first);
        // Requested under another name; requested at all; another interrupt; one less.
        fs::rename(action(30, "eth0-TxRx-0"), action(30, "eth0-TxRx-1")).unwrap();
        fs::create_dir(action(31, "eth0")).unwrap();
        fs::create_dir_all(action(32, "eth0-TxRx-0")).unwrap();
        let all = names(&[(30, "eth0-TxRx-1"), (31, "eth0"), (32, "eth0-TxRx-0")]);
        assert_eq!(requested.names(root.path(), &[30, 31, 32]), all);
        fs::remove_dir(action(31, "eth0")).unwrap();
        assert_eq!(requested.names(root.path(), &[31]), [unnamed(31)]);
    }

    #[test]
    fn what_is_not_certain_is_not_guessed() {
        let twice = names(&[(30, "eth0-TxRx-0"), (31, "eth9-TxRx-0")]);
        assert_eq!(by_name("igb", &twice, 1), None, "two interrupts for one queue");
        let missing = names(&[(30, "eth0-TxRx-0")]);
        assert_eq!(by_name("igb", &missing, 2), None, "a queue without an interrupt");
        assert_eq!(by_name("igb", &missing, 0), None);
        assert_eq!(by_name("unheard_of", &missing, 1), None);
    }
}
