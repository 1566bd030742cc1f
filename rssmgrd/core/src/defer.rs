//! The part of a change that may be made now, where the whole would disturb more than is allowed.
//!
//! Leaving out single steps would leave half of something: a table that was only fitted for queues that do not come. So
//! parts of the target are given up instead, until the plan to the rest is harmless: first the number of queues, then
//! whatever else is too much. What is left is a state of its own, and the plan from it to the whole is what is pending.

use alloc::vec::Vec;

use crate::capability::Capability;
use crate::device::{Device, Op, UserTable};
use crate::driver::{Driver, Impact};
use crate::ids::QueueId;
use crate::place::Target;
use crate::plan::{Step, plan};

/// What can be done of a change within `allowed`: the target that is reached so, and the steps to it. When nothing can,
/// the device as it is, and no step.
#[must_use]
pub fn harmless(
    driver: &Driver,
    cap: &Capability,
    device: &Device,
    target: &Target,
    allowed: Impact,
) -> (Target, Vec<Step>) {
    let mut rest = target.clone();
    while let Ok(steps) = plan(driver, cap, device, &rest) {
        let Some(step) = steps.iter().find(|s| s.impact > allowed) else { return (rest, steps) };
        let before = rest.device.clone();
        give_up(&mut rest, device, &step.op);
        if rest.device == before {
            break;
        }
    }
    rest.device = device.clone();
    (rest, Vec::new())
}

/// Leaves the part of a target that an operation is for as it is.
fn give_up(target: &mut Target, device: &Device, op: &Op) {
    let want = &mut target.device;
    let same_queues = want.queues.len() == device.queues.len();
    let same_table = want.table.len() == device.table.len();
    match op {
        Op::Channels(_) => keep_channels(target, device),
        Op::SetKey(_) => want.key.clone_from(&device.key),
        Op::HashTypes(_) => want.hash_types = device.hash_types,
        Op::Encapsulation(_) => want.encapsulation = device.encapsulation,
        Op::Home { .. } if same_queues => want.queues.clone_from(&device.queues),
        Op::SetEntries(_) | Op::WriteTable(_) | Op::ResetTable if same_queues && same_table => {
            want.table.clone_from(&device.table);
            want.user_table = device.user_table;
        }
        Op::Enable | Op::Disable => want.enabled = device.enabled,
        Op::DefaultQueue(_) => want.default_queue = device.default_queue,
        Op::Xps { .. } => want.xps.clone_from(&device.xps),
        Op::XpsRxqs { .. } => want.xps_rxqs.clone_from(&device.xps_rxqs),
        Op::Vector { .. } => want.others.clone_from(&device.others),
        Op::Rps { .. } => want.rps.clone_from(&device.rps),
        Op::VPort { .. } => want.vports.clone_from(&device.vports),
        _ => *want = device.clone(),
    }
}

/// The target with the queues that are there: those that would come are served by the others, those that would go are
/// left out of the table.
fn keep_channels(target: &mut Target, device: &Device) {
    let want = &mut target.device;
    let (have, wanted) = (device.channels(), want.channels());
    if have == 0 || wanted == 0 || want.table.len() != device.table.len() {
        *want = device.clone();
        return;
    }
    let among = |q: QueueId, n: u16| QueueId(q.0 % n);
    want.queues = (0..have).map(|q| want.queues[among(QueueId(q), wanted).index()]).collect();
    want.table.iter_mut().for_each(|q| *q = among(*q, have));
    want.default_queue = among(want.default_queue, have);
    // Steering in the kernel follows the queues when they are there.
    want.xps.clone_from(&device.xps);
    want.xps_rxqs.clone_from(&device.xps_rxqs);
    want.rps.clone_from(&device.rps);
    want.user_table = if want.table == device.table { device.user_table } else { UserTable::Yes };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::ChannelControl;
    use crate::device::Queue;
    use crate::driver::round_robin;
    use crate::hash::{HashKey, HashTypes};
    use crate::ids::CpuId;
    use crate::plan::impact;
    use std::vec;

    fn device(queues: u16, first_cpu: u32) -> Device {
        Device {
            enabled: true,
            queues: (0..queues).map(|q| Queue { home: Some(CpuId(first_cpu + u32::from(q))) }).collect(),
            table: round_robin(16, queues),
            key: HashKey::new(vec![7; 40]),
            hash_types: HashTypes::DEFAULT,
            default_queue: QueueId(0),
            user_table: UserTable::No,
            ..Device::default()
        }
    }

    fn capability() -> Capability {
        Capability {
            max_queues: 8,
            channels: ChannelControl::Settable,
            table_entries: 16,
            key_bytes: 40,
            key_settable: true,
            hash_types: HashTypes::ALL,
            hash_types_settable: true,
            vectors: 8,
            queue_affinity: true,
            ..Capability::default()
        }
    }

    #[test]
    fn no_restart_takes_harmless_steps_now_and_the_rest_leads_to_the_whole() {
        let cap = capability();
        let mut cases = 0;
        for name in ["softnic", "igb", "i40e", "iavf", "mlx5_core", "bnxt_en", "ena", "virtio_net", "ixgbe"] {
            let driver = Driver::of(name);
            for (from, to) in [(4, 8), (8, 4), (4, 4), (3, 8), (8, 3)] {
                let (have, mut want) = (device(from, 0), device(to, 8));
                want.hash_types = HashTypes::parse("ipv4").unwrap();
                if driver.controls.key {
                    want.key = HashKey::new(vec![9; 40]);
                }
                let target = Target::snapshot(want);
                let Ok(whole) = plan(driver, &cap, &have, &target) else { continue };
                for allowed in Impact::ALL {
                    let (now, steps) = harmless(driver, &cap, &have, &target, allowed);
                    assert!(impact(&steps) <= allowed, "{name} {from}->{to} {allowed:?}: {steps:?}");
                    let pending = plan(driver, &cap, &now.device, &target).unwrap();
                    assert_eq!(pending.is_empty(), now.device.difference(&target.device).is_none());
                    if impact(&whole) <= allowed {
                        assert_eq!(steps, whole, "all of it is harmless");
                    } else {
                        assert!(!pending.is_empty(), "{name} {from}->{to} {allowed:?}");
                    }
                    cases += 1;
                }
            }
        }
        assert!(cases > 150, "{cases}");
    }

    #[test]
    fn fewer_queues_are_used_at_once_and_go_with_the_restart() {
        let driver = Driver::of("iavf");
        let (have, want) = (device(8, 0), device(4, 0));
        let (now, steps) = harmless(driver, &capability(), &have, &Target::snapshot(want), Impact::Reorder);
        assert_eq!(now.device.channels(), 8);
        assert!(now.device.table.iter().all(|q| q.0 < 4) && !steps.is_empty());
    }

    #[test]
    fn where_nothing_is_harmless_nothing_is_done() {
        let driver = Driver::of("bnxt_en");
        let (have, mut want) = (device(4, 0), device(4, 0));
        want.table.reverse();
        let (now, steps) = harmless(driver, &capability(), &have, &Target::snapshot(want), Impact::Reorder);
        assert_eq!((now.device, steps), (have, vec![]));
    }
}
