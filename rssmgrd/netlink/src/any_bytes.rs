//! Any bytes through every decoder of the crate: what fuzzing and the property tests do. Not part of the crate as it is
//! used.
//!
//! A decoder that is added here, or in the `any_bytes` of its room, is reached by both.

use crate::ethtool::{Channels, Features, LinkModes, Notice, Rss, StringSet, legacy};
use crate::genl::Family;
use crate::netdev::{Napi, Queue, QueueCounters};
use crate::rtnetlink::{self, Link};
use crate::sock_diag::XdpSocket;
use crate::wire::{self, Malformed, Messages};
use std::sync::Arc;

/// `ETH_SS_FEATURES`.
const FEATURES: u32 = 4;

/// Reads `bytes` as whatever the kernel could have sent with them: a datagram, the payload of a message, an answer to a
/// request, a block of the ioctl. How many decoders of a payload took them.
///
/// # Panics
/// When a decoder does not keep its word.
pub fn read(bytes: &[u8]) -> usize {
    wire::any_bytes::read(bytes);
    legacy::any_bytes::read(bytes);
    for message in Messages::new(bytes).flatten() {
        payload(message.payload);
    }
    payload(bytes)
}

/// What follows netlink's header. How many decoders took it.
fn payload(bytes: &[u8]) -> usize {
    let names = Arc::new(StringSet::decode(bytes, FEATURES).unwrap_or_default());
    let ends = [
        Family::decode(bytes).map(drop),
        Rss::decode(bytes).map(|rss| rss_holds(&rss, bytes)),
        Channels::decode(bytes).map(|found| assert!(found.receive_queues() >= found.rx.max(found.combined))),
        LinkModes::decode(bytes).map(drop),
        StringSet::decode(bytes, FEATURES).map(drop),
        Features::decode(bytes, &names).map(|found| assert_eq!(found.iter().count(), names.len())),
        Notice::decode(bytes).map(drop),
        Queue::decode(bytes).map(drop),
        Napi::decode(bytes).map(drop),
        QueueCounters::decode(bytes).map(|found| assert!(found.values.keys().all(|counter| counter.0 >= 8))),
        Link::decode(bytes).map(drop),
        rtnetlink::any_bytes::address(bytes),
        rtnetlink::any_bytes::neighbour(bytes),
        XdpSocket::decode(bytes).map(drop),
    ];
    ends.iter().filter(|end| end.as_ref().map_err(Malformed::to_string).is_ok()).count()
}

/// Nothing is in it that was not in the message.
fn rss_holds(rss: &Rss, bytes: &[u8]) {
    assert!(rss.table.len() * 4 <= bytes.len() && rss.key.len() <= bytes.len());
    for flow in rss.fields.iter().flat_map(|fields| fields.keys()) {
        assert!(!flow.to_string().is_empty());
    }
}

#[cfg(test)]
mod tests;
