//! What stands around an interface and would suffer from a change that stops its traffic.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rssmgr_core::backend::Surveyor;
use rssmgr_core::preflight::Surroundings;
use rssmgr_netlink::sock_diag::XdpSockets;

use crate::contexts::Ours;
use crate::files;
use crate::kernel::Kernel;

/// Looks around one interface.
#[derive(Debug)]
pub struct LinuxSurveyor {
    pub(crate) ifindex: u32,
    pub(crate) driver: String,
    /// Whether it has a table, so that steering in the kernel is none of ours.
    pub(crate) has_table: bool,
    /// RSS contexts that the driver can have, the default one left out.
    pub(crate) contexts: u16,
    /// Those that are ours, and rules.
    pub(crate) ours: Arc<Mutex<Ours>>,
}

impl Surveyor for LinuxSurveyor {
    fn survey(&self) -> Surroundings {
        let Ok(mut kernel) = Kernel::open() else { return Surroundings::default() };
        let Ok(link) = kernel.links.get(self.ifindex) else { return Surroundings::default() };
        let root = kernel.root().to_owned();
        let interface = root.join("sys/class/net").join(&link.name);
        let queues: Vec<PathBuf> = paths(&interface.join("queues")).collect();
        let default_route =
            rssmgr_host::default_routes(&root).is_ok_and(|through| through.contains(&link.name));
        let ours = self.ours.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let contexts = kernel.contexts(self.ifindex, self.contexts).unwrap_or_default();
        let extra = contexts.iter().filter(|c| !ours.contexts.contains(&c.context)).count();
        let ntuple_rules = rules_of_others(&mut kernel, &link.name, &ours);
        Surroundings {
            xdp: link.xdp,
            af_xdp: takes_packets(self.ifindex),
            mqprio: queues.iter().any(|queue| has_traffic_class(queue)),
            ntuple_rules,
            extra_contexts: u32::try_from(extra).unwrap_or(u32::MAX),
            vfs: number(&read(&interface.join("device/sriov_numvfs"))),
            rdma: has_entries(&interface.join("device/infiniband")),
            foreign_rps: self.has_table && queues.iter().any(|queue| is_steered(queue)),
            threaded_napi: number(&read(&interface.join("threaded"))) > 0,
            accelerated_by_vf: self.driver == "hv_netvsc"
                && names(&interface).any(|n| n.starts_with("lower_")),
            network_root: default_route && root_is_remote(&mounts(&root)),
            iscsi: iscsi(&root, &link.name),
            default_route,
            addresses: kernel.links.addresses(self.ifindex).unwrap_or_default(),
        }
    }
}

/// Receive rules that somebody else made: all of them where ours cannot be told apart.
fn rules_of_others(kernel: &mut Kernel, name: &str, ours: &Ours) -> u32 {
    let all = kernel.ioctl.receive_rules(name).unwrap_or_default();
    if ours.rules.is_empty() {
        return all;
    }
    kernel.ioctl.rules(name).map_or(all, |found| {
        let others = found.rules.iter().filter(|rule| !ours.rules.contains(&rule.location));
        u32::try_from(others.count()).unwrap_or(u32::MAX)
    })
}

/// Whether a program takes packets of the interface by itself. A kernel without that diagnosis does not tell.
fn takes_packets(ifindex: u32) -> bool {
    let sockets = XdpSockets::open().and_then(|mut sockets| sockets.list());
    sockets.is_ok_and(|all| all.iter().any(|socket| socket.ifindex == ifindex))
}

pub(crate) fn read(path: &Path) -> String {
    files::once(path).unwrap_or_default()
}

pub(crate) fn number(text: &str) -> u32 {
    text.trim().parse().unwrap_or_default()
}

fn names(folder: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|e| e.ok()?.file_name().into_string().ok())
}

fn has_entries(folder: &Path) -> bool {
    names(folder).next().is_some()
}

/// What is in a folder.
fn paths(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().filter_map(|e| Some(e.ok()?.path()))
}

/// Whether a folder of `queues` is that of a receive (`rx-`) or transmit queue (`tx-`).
fn is_queue(folder: &Path, stem: &str) -> bool {
    folder.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(stem))
}

/// Whether a transmit queue carries one class of traffic among others.
fn has_traffic_class(queue: &Path) -> bool {
    is_queue(queue, "tx-") && number(&read(&queue.join("traffic_class"))) > 0
}

/// Whether the kernel spreads the packets of a receive queue.
fn is_steered(queue: &Path) -> bool {
    let mask = |text: String| text.bytes().any(|b| b.is_ascii_hexdigit() && b != b'0');
    is_queue(queue, "rx-")
        && (mask(read(&queue.join("rps_cpus"))) || number(&read(&queue.join("rps_flow_cnt"))) > 0)
}

/// A list, of which a reading may give a part.
fn mounts(root: &Path) -> String {
    fs::read_to_string(root.join("proc/mounts")).unwrap_or_default()
}

/// Whether the root file system comes over the network.
fn root_is_remote(mounts: &str) -> bool {
    const REMOTE: [&str; 7] = ["nfs", "nfs4", "cifs", "ceph", "9p", "glusterfs", "lustre"];
    // The last one mounted over it is the one in force.
    let root = mounts.lines().rev().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        (words.next()? == "/").then(|| words.next()).flatten()
    });
    root.is_some_and(|kind| REMOTE.contains(&kind))
}

fn iscsi(root: &Path, interface: &str) -> bool {
    let faces = root.join("sys/class/iscsi_iface");
    let hosts = root.join("sys/class/iscsi_host");
    let named = |folder: &PathBuf, file: &str| {
        names(folder).any(|name| read(&folder.join(name).join(file)).trim() == interface)
    };
    named(&hosts, "netdev") || named(&faces, "net_ifacename")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_in_force_decides() {
        let local = "rootfs / rootfs rw 0 0\n/dev/vda1 / ext4 rw 0 0\n10.0.0.1:/home /home nfs4 rw 0 0\n";
        assert!(!root_is_remote(local));
        assert!(root_is_remote("rootfs / rootfs rw 0 0\n10.0.0.1:/root / nfs4 rw 0 0\n"));
        assert!(!root_is_remote(""));
    }

    #[test]
    fn steering_and_traffic_classes_are_found_in_the_files_of_queues() {
        let dir = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file("queues/rx-0/rps_cpus", "00,00000000\n");
        file("queues/rx-0/rps_flow_cnt", "0\n");
        file("queues/tx-0/traffic_class", "0\n");
        let any = |what: fn(&Path) -> bool| paths(&dir.path().join("queues")).any(|queue| what(&queue));
        assert!(!any(is_steered) && !any(has_traffic_class));
        file("queues/rx-1/rps_cpus", "00,0000000f\n");
        file("queues/tx-1/traffic_class", "1\n");
        assert!(any(is_steered) && any(has_traffic_class));
    }
}
