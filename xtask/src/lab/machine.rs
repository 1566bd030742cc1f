//! The shape of a guest as QEMU's arguments: processors, nodes, and the network cards with their places.

use std::path::Path;

/// Processors and memory. Nodes are the sockets.
pub(crate) struct Shape {
    pub(crate) nodes: u32,
    pub(crate) cores: u32,
    pub(crate) threads: u32,
    /// MiB per node.
    pub(crate) memory: u32,
    /// Distance of two nodes by how far apart their numbers are: `distances[0]` between neighbours.
    pub(crate) distances: &'static [u32],
}

/// 8 processors on 4 nodes.
pub(crate) const SMALL: Shape =
    Shape { nodes: 4, cores: 2, threads: 1, memory: 512, distances: &[16, 22, 28] };

/// 80 processors: two processor groups, hyper-threads, 4 nodes.
pub(crate) const BIG: Shape =
    Shape { nodes: 4, cores: 10, threads: 2, memory: 1024, distances: &[16, 22, 28] };

impl Shape {
    pub(crate) fn cpus(&self) -> u32 {
        self.nodes * self.cores * self.threads
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = Arguments::default();
        let per_node = self.cores * self.threads;
        arguments.add(
            "-smp",
            format!("{},sockets={},cores={},threads={}", self.cpus(), self.nodes, self.cores, self.threads),
        );
        arguments.add("-m", format!("{}M", self.memory * self.nodes));
        for node in 0..self.nodes {
            arguments.add("-object", format!("memory-backend-ram,id=mem{node},size={}M", self.memory));
            let (first, last) = (node * per_node, (node + 1) * per_node - 1);
            arguments.add("-numa", format!("node,nodeid={node},memdev=mem{node},cpus={first}-{last}"));
        }
        for from in 0..self.nodes {
            for (to, distance) in (from + 1..self.nodes).zip(self.distances) {
                arguments.add("-numa", format!("dist,src={from},dst={to},val={distance}"));
            }
        }
        arguments.0
    }
}

/// QEMU's models, by the driver that serves them in the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    VirtioNet,
    Igb,
    E1000e,
    Vmxnet3,
}

impl Model {
    fn device(self) -> &'static str {
        match self {
            // Two vectors per queue pair, one for control, one for configuration. With `vhost=off` and `hash=on` QEMU
            // itself hashes and steers.
            Self::VirtioNet => "virtio-net-pci,mq=on,vectors=18,rss=on,hash=on",
            Self::Igb => "igb",
            Self::E1000e => "e1000e",
            Self::Vmxnet3 => "vmxnet3",
        }
    }
}

/// A network card of a guest.
#[derive(Clone, Debug)]
pub(crate) struct Nic {
    /// The interface's name in the guest, and the device's in QEMU.
    pub(crate) name: String,
    pub(crate) model: Model,
    pub(crate) node: u32,
}

impl Nic {
    /// A card on node 0.
    pub(crate) fn new(name: &str, model: Model) -> Self {
        Self { name: name.to_owned(), model, node: 0 }
    }

    /// The card on another node.
    pub(crate) fn on_node(self, node: u32) -> Self {
        Self { node, ..self }
    }

    /// How many queues of the host's side of the wire it needs.
    pub(crate) fn tap_queues(&self) -> Option<u32> {
        (self.model == Model::VirtioNet).then_some(8)
    }
}

/// The hardware address of the card at a place of the list.
pub(crate) fn address(index: usize) -> String {
    format!("52:54:00:00:00:{:02x}", index + 1)
}

/// What `device_add` or `-device` takes for a card on a port.
pub(crate) fn device(nic: &Nic, index: usize, port: &str) -> String {
    let (name, mac) = (&nic.name, address(index));
    format!("{},id={name},netdev=net-{name},mac={mac},bus={port},romfile=", nic.model.device())
}

/// How many root ports stay empty, named `spare0` and so on, for cards that are plugged in later.
pub(crate) const SPARE_PORTS: usize = 2;

/// All arguments but for the program's own paths; `folder` holds the run's sockets.
/// With a disk the guest may reboot, and what it writes there lasts as long as QEMU runs.
pub(crate) fn arguments(
    shape: &Shape,
    nics: &[Nic],
    image: &Path,
    disk: Option<&Path>,
    folder: &Path,
) -> Vec<String> {
    let mut arguments = Arguments::default();
    let at = |name: &str| folder.join(name).display().to_string();
    // All processors on one thread of the host: with a thread each, QEMU 10.0 now and then ends by an assertion while cards
    // are set up, and a kernel whose processors do not get their turn on a busy host takes itself for hung.
    arguments.add("-accel", "tcg,thread=single".into());
    arguments.add("-M", "q35".into());
    arguments.add("-cpu", "Nehalem".into());
    arguments.0.extend(shape.arguments());
    arguments.0.extend(["-nodefaults".to_owned(), "-nographic".to_owned()]);
    // The clock of an emulated processor is no reason to measure it for long; a panic ends the run. On a busy host the
    // timer may be late for the kernel's check of it, which is a panic too.
    let mut parameters = "console=ttyS0 tsc=reliable no_timer_check".to_owned();
    if let Some(disk) = disk {
        let disk = disk.display();
        arguments.add("-drive", format!("file={disk},format=raw,if=none,id=disk,snapshot=on"));
        arguments.add("-device", "virtio-blk-pci,drive=disk,romfile=".into());
        parameters += " net.ifnames=0";
    } else {
        arguments.0.push("-no-reboot".to_owned());
        parameters += " panic=-1";
    }
    arguments.add("-kernel", image.display().to_string());
    arguments.add("-initrd", at("initramfs"));
    arguments.add("-append", parameters);
    for (id, backend) in [
        ("console", format!("file,path={}", at("console"))),
        ("agent", format!("socket,path={}", at("agent.socket"))),
        ("qmp", format!("socket,path={}", at("qmp.socket"))),
    ] {
        let (kind, rest) = backend.split_once(',').unwrap_or((&backend, ""));
        arguments.add("-chardev", format!("{kind},id={id},{rest}"));
    }
    arguments.add("-serial", "chardev:console".into());
    arguments.add("-serial", "chardev:agent".into());
    arguments.add("-mon", "chardev=qmp,mode=control".into());
    arguments.add("-fsdev", format!("local,id=share,path={},security_model=none", at("share")));
    arguments.add("-device", "virtio-9p-pci,fsdev=share,mount_tag=share,romfile=".into());

    // A card cannot sit on an expander bridge itself: every card has a root port, which also makes it pluggable.
    let mut expanders: Vec<u32> = nics.iter().map(|nic| nic.node).filter(|node| *node > 0).collect();
    expanders.sort_unstable();
    expanders.dedup();
    for node in expanders {
        let bus = 0x40 * node;
        arguments.add("-device", format!("pxb-pcie,id=node{node},bus=pcie.0,bus_nr={bus},numa_node={node}"));
    }
    for (index, nic) in nics.iter().enumerate() {
        let bus = if nic.node == 0 { "pcie.0".to_owned() } else { format!("node{}", nic.node) };
        arguments.port(&format!("slot{index}"), &bus, index + 1);
        arguments.add("-netdev", netdev(nic, folder));
        arguments.add("-device", device(nic, index, &format!("slot{index}")));
    }
    for spare in 0..SPARE_PORTS {
        arguments.port(&format!("spare{spare}"), "pcie.0", nics.len() + spare + 1);
    }
    arguments.0
}

fn netdev(nic: &Nic, folder: &Path) -> String {
    let name = &nic.name;
    match nic.tap_queues() {
        Some(queues) => {
            format!("tap,id=net-{name},ifname={name},queues={queues},vhost=off,script=no,downscript=no")
        }
        None => {
            let at = |end: &str| folder.join(format!("{name}.{end}")).display().to_string();
            let (local, remote) = (at("in"), at("out"));
            format!(
                "dgram,id=net-{name},local.type=unix,local.path={local},remote.type=unix,remote.path={remote}"
            )
        }
    }
}

#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn add(&mut self, name: &str, value: String) {
        self.0.extend([name.to_owned(), value]);
    }

    fn port(&mut self, id: &str, bus: &str, number: usize) {
        self.add("-device", format!("pcie-root-port,id={id},bus={bus},chassis={number},slot={number}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_processor_has_a_node_and_every_pair_of_nodes_a_distance() {
        let arguments = BIG.arguments().join(" ");
        for part in ["-smp 80,sockets=4,cores=10,threads=2", "nodeid=3,memdev=mem3,cpus=60-79", "-m 4096M"] {
            assert!(arguments.contains(part), "{part} in {arguments}");
        }
        assert_eq!(arguments.matches("dist,").count(), 6);
        assert!(arguments.contains("dist,src=0,dst=3,val=28"), "{arguments}");
    }

    #[test]
    fn a_card_of_another_node_sits_behind_that_nodes_expander() {
        let nics = [Nic::new("a", Model::VirtioNet), Nic::new("b", Model::Igb).on_node(2)];
        let arguments = arguments(&SMALL, &nics, Path::new("/k"), None, Path::new("/run")).join(" ");
        for part in [
            "pxb-pcie,id=node2,bus=pcie.0,bus_nr=128,numa_node=2",
            "pcie-root-port,id=slot1,bus=node2,",
            "igb,id=b,netdev=net-b,mac=52:54:00:00:00:02,bus=slot1",
            "tap,id=net-a,ifname=a,queues=8,vhost=off",
        ] {
            assert!(arguments.contains(part), "{part} in {arguments}");
        }
    }
}
