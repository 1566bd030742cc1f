//! All bytes here are written by hand, for a little-endian host.

use super::*;
use crate::testing::{attribute, family, generic, number};
use netlink_bindings::netdev as bindings;

/// Request and dump flags, then command and version, then the attributes.
fn expected(command: u8, attributes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(20 + attributes.len()).unwrap();
    let head = [length, 0, 0, 0, 0x15, 0, 0x01, 0x03, 1, 0, 0, 0, 0, 0, 0, 0, command, 1, 0, 0];
    [&head[..], attributes].concat()
}

#[test]
fn requests() {
    let netdev = family("netdev");
    // ifindex is attribute 2 of a queue, 1 of the others.
    let queues = expected(10, &[8, 0, 2, 0, 4, 0, 0, 0]);
    let napis = expected(11, &[8, 0, 1, 0, 4, 0, 0, 0]);
    let counters = expected(12, &[8, 0, 1, 0, 4, 0, 0, 0, 8, 0, 4, 0, 1, 0, 0, 0]);
    assert_eq!(queue::list(&netdev, 4).unwrap().finish(1).unwrap(), queues);
    assert_eq!(napi::list(&netdev, 4).unwrap().finish(1).unwrap(), napis);
    assert_eq!(qstats::list(&netdev, 4, Scope::Queue).unwrap().finish(1).unwrap(), counters);
    let device = qstats::list(&netdev, 4, Scope::Device).unwrap().finish(1).unwrap();
    assert_eq!(device, expected(12, &[8, 0, 1, 0, 4, 0, 0, 0]));

    // Of this family the command numbers of netlink-bindings are the kernel's.
    let (mut their_queues, mut their_napis, mut their_counters) = (Vec::new(), Vec::new(), Vec::new());
    bindings::OpQueueGetDump::encode_request(&mut their_queues).push_ifindex(4);
    bindings::OpNapiGetDump::encode_request(&mut their_napis).push_ifindex(4);
    bindings::OpQstatsGetDump::encode_request(&mut their_counters).push_ifindex(4).push_scope(1);
    for (ours, theirs) in [(queues, their_queues), (napis, their_napis), (counters, their_counters)] {
        assert_eq!(ours[16], theirs[0]);
        assert_eq!(ours[20..], theirs[4..]);
    }
}

#[test]
fn operations_that_the_kernel_lacks_are_not_sent() {
    let mut old = family("netdev");
    old.operations.retain(|&command, _| command <= 11);
    assert!(napi::list(&old, 4).is_ok());
    let error = qstats::list(&old, 4, Scope::Queue).unwrap_err();
    assert!(error.is_unsupported() && error.to_string().contains("`qstats-get`"), "{error}");
}

#[test]
fn answers() {
    let payload = generic(10, &[number(1, 3), number(2, 4), number(3, 1), number(4, 8193), number(99, 1)]);
    let queue = Queue { ifindex: 4, direction: QueueType::TX, id: 3, napi: Some(8193) };
    assert_eq!(Queue::decode(&payload), Ok(queue));
    assert_eq!(Queue::decode(&generic(10, &[number(1, 3)])).unwrap().napi, None);

    let payload = generic(
        11,
        &[
            number(1, 4),
            number(2, 8193),
            number(3, 24),
            number(4, 77),
            number(5, 2),
            number(6, 20_000),
            attribute(7, &[0, 0, 0, 0, 1, 0, 0, 0]),
            number(8, 2),
        ],
    );
    let napi = Napi {
        ifindex: 4,
        id: 8193,
        irq: Some(24),
        pid: Some(77),
        defer_hard_irqs: Some(2),
        gro_flush_timeout: Some(20_000),
        irq_suspend_timeout: Some(1 << 32),
        threaded: Some(Threaded::BUSY_POLL),
    };
    assert_eq!(Napi::decode(&payload), Ok(napi));

    let wide = attribute(9, &[0, 0, 0, 0, 1, 0, 0, 0]);
    let payload =
        generic(12, &[number(1, 4), number(2, 0), number(3, 5), number(8, 10), wide, number(60, 7)]);
    let counters = QueueCounters::decode(&payload).unwrap();
    assert_eq!((counters.ifindex, counters.queue), (4, Some((QueueType::RX, 5))));
    assert_eq!(counters.get(Counter::RX_PACKETS), Some(10));
    assert_eq!(counters.get(Counter::RX_BYTES), Some(1 << 32));
    assert_eq!(counters.get(Counter::TX_BYTES), None);
    assert_eq!(counters.get(Counter(60)), Some(7));
    assert_eq!(QueueCounters::decode(&generic(12, &[number(1, 4)])).unwrap().queue, None);
}

#[test]
fn counters_have_the_kernels_names() {
    let name = |number| Counter(number).name();
    // Numbers as the kernel counts them from rx-packets, 8.
    assert_eq!((name(7), name(8), name(13)), (None, Some("rx-packets"), Some("rx-hw-drops")));
    assert_eq!(
        (name(23), name(24), name(34), name(35)),
        (Some("rx-hw-drop-ratelimits"), Some("tx-hw-drops"), Some("tx-wake"), None)
    );
}
