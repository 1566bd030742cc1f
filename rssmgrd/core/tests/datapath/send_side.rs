//! Send-side scaling: where sends are completed, and the transmit queues that XPS gives, follow the table that receives.

use crate::build::packets;
use proptest::prelude::*;
use rssmgr_core::AdapterId;
use rssmgr_core::capability::{Capability, ChannelControl, UnhashedTarget};
use rssmgr_core::device::{Device, Queue};
use rssmgr_core::driver::round_robin;
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::packet::{FlowTuple, TransportKind};
use rssmgr_core::place::{AdapterInput, GiveBack, Target, place};
use rssmgr_core::settings::{Layer, ManualTable, Origin, Settings, SettingsPatch};
use rssmgr_core::steer::Steering;
use rssmgr_core::toeplitz::Toeplitz;
use rssmgr_core::topology::Topology;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

fn steering(device: &Device) -> Steering {
    let toeplitz = Arc::new(Toeplitz::new(&HashKey::microsoft()));
    Steering::new(toeplitz, device.hash_types, device.table.clone().into(), device.default_queue).unwrap()
}

/// What is planned for a Linux NIC on this machine.
fn planned(machine: &str, queues: u16) -> Target {
    let topology = Topology::from_spec(machine).unwrap();
    let capability = Capability {
        max_queues: queues,
        channels: ChannelControl::Settable,
        table_entries: 128,
        key_bytes: 40,
        hash_types: HashTypes::DEFAULT,
        ports_imply_addresses: true,
        unhashed: UnhashedTarget::FirstQueue,
        vectors: queues,
        msi_x: true,
        queue_affinity: true,
        xps: true,
        ..Capability::default()
    };
    let device = Device {
        enabled: true,
        queues: vec![Queue::default(); queues.into()],
        table: round_robin(128, queues),
        key: HashKey::microsoft(),
        hash_types: HashTypes::DEFAULT,
        xps: vec![Default::default(); queues.into()],
        ..Device::default()
    };
    let settings =
        Settings::layered(&[Layer::of(SettingsPatch::default(), ManualTable::new(), Origin::Saved)]);
    let input = AdapterInput {
        id: AdapterId(1),
        node: None,
        driver: "ixgbe",
        settings: &settings,
        capability: &capability,
        device: &device,
        found_queues: queues,
        assigned: None,
        replan: true,
        rss_on: true,
        boot_key: None,
        team: None,
        give_back: GiveBack::default(),
    };
    place(&[input], &topology).remove(0).unwrap()
}

/// The software NIC completes a send where the table says; Linux sends through the queue that XPS gives the CPU. For every
/// flow both are the queue pair that receives it, on the CPU that receives it.
#[test]
fn xps_and_the_table_agree_for_every_flow() {
    for (machine, queues) in [("1x4x1", 4), ("2x8x2", 8), ("2x8x2", 16), ("4x16x1", 63)] {
        let target = planned(machine, queues);
        let device = &target.device;
        let steering = steering(device);
        for flow in 0..4000_u32 {
            let [a, b, c, d] = flow.wrapping_mul(2_654_435_761).to_be_bytes();
            let tuple = |src: u8, dst: u8, sport, dport| FlowTuple {
                src: IpAddr::from(Ipv4Addr::new(10, 0, c, src)),
                dst: IpAddr::from(Ipv4Addr::new(10, 0, c, dst)),
                ports: Some((sport, dport)),
                proto: Some(if d & 1 == 0 { TransportKind::Tcp } else { TransportKind::Udp }),
            };
            let (near, far) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([b, d]));
            let comes = tuple(1, 2, far, near).headers().unwrap();
            let goes = tuple(2, 1, near, far).headers().unwrap();
            let received = steering.steer(&comes).queue;
            let completed = steering.steer(&goes.reversed()).queue;
            let cpu = device.home(received).unwrap();
            assert_eq!(device.home(completed), Some(cpu), "{machine}, flow {flow}");
            // Whoever answers on that CPU sends through the queue pair of the same number, and no other.
            let through: Vec<usize> = device
                .xps
                .iter()
                .enumerate()
                .filter(|(_, cpus)| cpus.contains(cpu))
                .map(|(q, _)| q)
                .collect();
            assert_eq!(through, [received.index()], "{machine}, flow {flow}, CPU {cpu}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Twice reversed is as it was, and what is sent is steered as what comes back.
    #[test]
    fn what_is_sent_is_steered_as_what_comes_back(built in packets()) {
        let headers = built.headers;
        prop_assert_eq!(headers.reversed().reversed(), headers);
        let target = planned("1x4x1", 4);
        let steering = steering(&target.device);
        let sent = steering.classify_sent(&built.frame, built.link);
        prop_assert_eq!(sent, steering.steer(&headers.reversed()));
    }
}
