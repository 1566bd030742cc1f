//! Real drivers against their rows: operations are executed on a real network interface, and after each one the state
//! that the kernel shows must be the one that [`Driver::apply`] says. What the row refuses the kernel must refuse too, and
//! nothing may have changed then.
//!
//! It changes the interface, so it only runs where somebody names one: `RSSMGR_REAL_NIC=igb0`. The lab does that in a
//! guest; `RSSMGR_REAL_SEED` repeats a sequence.

use std::env;
use std::io::Write as _;
use std::sync::Mutex;

use rssmgr_core::backend::Backend as _;
use rssmgr_core::capability::{Capability, ChannelControl};
use rssmgr_core::cpuset::CpuSet;
use rssmgr_core::device::{Device, Op, UserTable};
use rssmgr_core::driver::{Driver, Nic, TableState, round_robin};
use rssmgr_core::hash::{HashKey, HashType, HashTypes};
use rssmgr_core::ids::{CpuId, QueueId};
use rssmgr_ethtool::{Found, LinuxNic, Sampling, discover};
use rssmgr_netlink::sock_diag::XdpSockets;
use rustix::net::xdp::{SocketAddrXdp, SocketAddrXdpFlags, XdpUmemReg, XdpUmemRegFlags};
use rustix::net::{self, AddressFamily, SocketType, sockopt};

/// Operations of one sequence.
const STEPS: u32 = 60;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u16) -> u16 {
        u16::try_from(self.next() % u64::from(n.max(1))).unwrap()
    }
}

/// One test at a time has the interface.
static TURN: Mutex<()> = Mutex::new(());

/// The interface that may be changed, if there is one.
fn named(test: &str) -> Option<String> {
    let name = env::var("RSSMGR_REAL_NIC").ok();
    if name.is_none() {
        // Beside the test harness, which would keep it to itself.
        let why = "RSSMGR_REAL_NIC names no interface that may be changed; `cargo xtask lab` does";
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
    }
    name
}

/// The adapter of this name.
fn adapter(name: &str) -> Found {
    let found = discover(&Sampling::start().unwrap()).unwrap();
    found.adapters.into_iter().find(|f| f.facts.name == name).expect("no such adapter")
}

/// A program that takes the packets of a queue by itself, as DPDK and Suricata do, is seen before anything is changed.
#[test]
fn a_program_that_takes_packets_is_seen() {
    let Some(name) = named("a_program_that_takes_packets_is_seen") else { return };
    let _turn = TURN.lock();
    let found = adapter(&name);
    let (ifindex, surveyor) = (found.nic.ifindex(), found.nic.surveyor().unwrap());
    let mut sockets = XdpSockets::open().unwrap();
    match sockets.list() {
        Ok(none) => assert_eq!(none, []),
        Err(e) if e.is_missing() => return println!("{name}: this kernel does not tell of AF_XDP sockets"),
        Err(e) => panic!("{e}"),
    }
    assert!(!surveyor.survey().af_xdp);

    let memory = vec![0_u8; 8 * 4096];
    let page = memory.as_ptr().addr().next_multiple_of(4096);
    let socket = net::socket(AddressFamily::XDP, SocketType::RAW, None).unwrap();
    let frames = XdpUmemReg {
        addr: u64::try_from(page).unwrap(),
        len: 4 * 4096,
        chunk_size: 4096,
        headroom: 0,
        flags: XdpUmemRegFlags::empty(),
        tx_metadata_len: 0,
    };
    sockopt::set_xdp_umem_reg(&socket, frames).unwrap();
    sockopt::set_xdp_umem_fill_ring_size(&socket, 4).unwrap();
    sockopt::set_xdp_umem_completion_ring_size(&socket, 4).unwrap();
    sockopt::set_xdp_rx_ring_size(&socket, 4).unwrap();
    net::bind(&socket, &SocketAddrXdp::new(SocketAddrXdpFlags::XDP_COPY, ifindex, 0)).unwrap();
    let taken: Vec<_> = sockets.list().unwrap().into_iter().map(|s| (s.ifindex, s.queue)).collect();
    assert_eq!(taken, [(ifindex, 0)]);
    assert!(surveyor.survey().af_xdp);
    drop(socket);
    drop(memory);
    assert!(!surveyor.survey().af_xdp);
    println!("{name}: an AF_XDP socket was seen, and that it was closed");
}

#[test]
fn the_kernel_does_what_the_row_says() {
    let Some(name) = named("the_kernel_does_what_the_row_says") else { return };
    let _turn = TURN.lock();
    let seed = env::var("RSSMGR_REAL_SEED").map_or_else(|_| drawn(), |s| s.parse().unwrap());
    println!("{name}: RSSMGR_REAL_SEED={seed}");
    let found = adapter(&name);
    let driver = Driver::by_name(&found.facts.driver).expect("a driver that has a row");
    let mut random = Random(seed);
    let mut nic = found.nic;
    let capability = nic.capability().clone();
    let mut model = Nic::from(found.device);
    // Whoever wrote the table before: from here on it is known.
    if capability.table_entries > 0 {
        nic.execute(&Op::ResetTable).unwrap();
        model = driver.apply(&capability, &model, &Op::ResetTable).unwrap();
        let seen = nic.observe().unwrap();
        model.device = Device { user_table: model.device.user_table, ..seen };
    }
    let (mut done, mut refused) = (0, 0);
    for step in 0..STEPS {
        let Some(op) = draw(&mut random, &capability, &model.device) else { break };
        let told = format!("{name}, seed {seed}, step {step}, {op}");
        let predicted = driver.apply(&capability, &model, &op);
        let before = nic.observe().unwrap();
        let executed = nic.execute(&op);
        let seen = nic.observe().unwrap();
        match (predicted, executed) {
            (Ok(after), Ok(_)) => {
                model = agree(&told, driver, &op, after, &seen);
                done += 1;
            }
            (Err(_), Err(_)) => {
                assert_eq!(before.difference(&seen), None, "{told}: refused, and changed something");
                refused += 1;
            }
            (Ok(_), Err(e)) => panic!("{told}: the row allows it, the kernel says: {e}"),
            (Err(e), Ok(_)) => panic!("{told}: the kernel allows it, the row says: {e}"),
        }
    }
    assert!(done > 0, "{name}: nothing could be tried");
    println!("{name}: {done} operations as the row of {} says, {refused} refused as it says", driver.name);
    back(&mut nic, &capability);
}

fn drawn() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::from(now.subsec_nanos()) | 1
}

/// Compares the state that is seen with the modelled one, and goes on with what was seen where the row does not claim to
/// know.
fn agree(told: &str, driver: &Driver, op: &Op, mut after: Nic, seen: &Device) -> Nic {
    let want = &mut after.device;
    if matches!(op, Op::Channels(_)) {
        assert_eq!(want.queues.len(), seen.queues.len(), "{told}: number of queues");
        // Lost homes and masks are wherever the driver puts them.
        want.queues.clone_from(&seen.queues);
        want.xps.clone_from(&seen.xps);
        want.xps_rxqs.clone_from(&seen.xps_rxqs);
        want.rps.clone_from(&seen.rps);
        want.others.clone_from(&seen.others);
    }
    // The kernel's table is anything then; the row only says that it must be sent again.
    if after.table == TableState::Stale {
        want.table.clone_from(&seen.table);
    }
    // The backend asks for the kernel's own table by that name, and it is nobody's then.
    if matches!(op, Op::WriteTable(t) if *t == round_robin(u16::try_from(t.len()).unwrap(), want.channels()))
    {
        want.user_table = UserTable::No;
    }
    let difference = want.difference(seen);
    assert_eq!(difference, None, "{told}: the row of {} says {want:?}, the kernel {seen:?}", driver.name);
    after
}

/// An operation that the adapter has at all; `None` where it has none.
fn draw(random: &mut Random, cap: &Capability, device: &Device) -> Option<Op> {
    let channels = device.channels();
    for _ in 0..1000 {
        let kind = random.below(10);
        let has = match kind {
            0..=2 => cap.table_entries > 0,
            3 | 4 => cap.channels == ChannelControl::Settable,
            5 => cap.key_settable,
            6 => cap.hash_types_settable,
            7 => cap.queue_affinity,
            8 => !device.xps_rxqs.is_empty(),
            _ => !device.xps.is_empty(),
        };
        if !has {
            continue;
        }
        return Some(match kind {
            0 => Op::WriteTable(round_robin(cap.table_entries, 1 + random.below(channels))),
            1 => Op::WriteTable((0..cap.table_entries).map(|_| QueueId(random.below(channels))).collect()),
            2 => Op::ResetTable,
            3 | 4 => Op::Channels(1 + random.below(cap.max_queues)),
            5 => Op::SetKey(HashKey::new(
                (0..cap.key_bytes).map(|_| random.below(256).to_le_bytes()[0]).collect(),
            )),
            6 => {
                let types = HashTypes::only(HashType::Ipv4)
                    .with(HashType::TcpIpv4)
                    .with(HashType::Ipv6)
                    .with(HashType::TcpIpv6);
                let udp = types.with(HashType::UdpIpv4).with(HashType::UdpIpv6);
                Op::HashTypes(if random.below(2) == 0 { types } else { udp })
            }
            7 => {
                Op::Home { queue: QueueId(random.below(channels)), cpu: Some(CpuId(random.below(4).into())) }
            }
            8 => {
                let queue = QueueId(random.below(u16::try_from(device.xps_rxqs.len()).unwrap()));
                let receive = (0..random.below(3)).map(|_| QueueId(random.below(channels))).collect();
                Op::XpsRxqs { queue, receive }
            }
            _ => {
                let queue = QueueId(random.below(u16::try_from(device.xps.len()).unwrap()));
                let mut cpus = CpuSet::new();
                for cpu in 0..random.below(4) {
                    cpus.insert(CpuId(cpu.into()));
                }
                Op::Xps { queue, cpus }
            }
        });
    }
    None
}

/// Leaves the interface about as it was.
fn back(nic: &mut LinuxNic, cap: &Capability) {
    if cap.table_entries > 0 {
        nic.execute(&Op::ResetTable).unwrap();
    }
    if cap.channels == ChannelControl::Settable {
        nic.execute(&Op::Channels(cap.max_queues)).unwrap();
    }
}
