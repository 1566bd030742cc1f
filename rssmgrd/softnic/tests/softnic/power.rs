//! Without power there are no queues: packets are dropped and counted, operations are refused, and what was set is lost.

use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::{BackendError, Device, Filter, Op, UserTable, VPortOp};
use rssmgr_core::hash::{HashKey, HashTypes};
use rssmgr_core::{CpuId, FilterId, QueueId, VPortId};
use rssmgr_softnic::SourceSpec;

use crate::support::{added_up, let_pass, nic, quiet, wait};

#[test]
fn without_power_packets_are_dropped_and_everything_is_lost() {
    let mut nic =
        nic("queues=4 max_queues=6 ring=16 topology=1x8x1 vports=2 source=synthetic:rate=max,flows=50");
    let begun = nic.observe().unwrap();
    let own = Filter { id: FilterId(1), mac: Some(nic.mac()), vlan: None };
    let vport = |op| Op::VPort { id: VPortId(1), op };
    for op in [
        Op::Channels(6),
        Op::Home { queue: QueueId(1), cpu: Some(CpuId(7)) },
        Op::SetKey(HashKey::new(vec![7; 40])),
        Op::WriteTable(vec![QueueId(1); 128]),
        Op::HashTypes(HashTypes::ALL),
        vport(VPortOp::Create { queues: vec![QueueId(5)] }),
        vport(VPortOp::Filters(vec![own])),
    ] {
        nic.execute(&op).unwrap_or_else(|e| panic!("{op}: {e}"));
    }
    let_pass(&nic, 1000);
    for round in 0..20 {
        assert!(nic.power_down() && !nic.power_down() && !nic.is_powered());
        assert!(matches!(nic.observe(), Err(BackendError::Down(_))));
        for op in [Op::Enable, Op::SetKey(HashKey::microsoft()), Op::Channels(2), vport(VPortOp::Delete)] {
            assert!(matches!(nic.execute(&op), Err(BackendError::Down(_))), "{op}");
        }
        wait("the port has followed", || nic.has_followed());
        let sampler = nic.sampler();
        let handled = || sampler.sample().adapter.packets;
        let dropped = || sampler.sample().adapter.drops;
        assert!(sampler.sample().queues.is_empty() && sampler.sample().vports == Some(Vec::new()));
        // What is in a ring is handled still; then nothing is received any more.
        let (mut last, mut drops) = (handled(), dropped());
        wait("nothing is received", || {
            if dropped() < drops + 5000 {
                return false;
            }
            drops = dropped();
            std::mem::replace(&mut last, handled()) == last
        });

        assert!(nic.power_up() && !nic.power_up() && nic.is_powered());
        let lost = nic.observe().unwrap();
        assert!(!lost.enabled && lost.queues.iter().all(|q| q.home.is_none()));
        let homes = Device { enabled: true, queues: begun.queues.clone(), ..lost };
        assert_eq!(homes, begun, "round {round}: something stayed");
        assert_eq!(homes.user_table, UserTable::No);
        // RSS is off: everything goes to queue 0.
        let before: Vec<u64> = sampler.sample().queues.iter().map(|q| q.packets).collect();
        let_pass(&nic, 500);
        let after: Vec<u64> = sampler.sample().queues.iter().map(|q| q.packets).collect();
        assert!(after[0] > before[0] && after[1..] == before[1..], "round {round}: {before:?} {after:?}");
    }
    nic.execute(&Op::Channels(6)).unwrap();
    nic.execute(&Op::Enable).unwrap();
    nic.set_source(SourceSpec::parse("synthetic:rate=max,flows=200").unwrap()).unwrap();
    let_pass(&nic, 5000);
    let sample = quiet(&mut nic);
    added_up(&nic, &sample);
    assert!(sample.queues[..4].iter().all(|q| q.packets > 0), "it spreads again");
}
