//! Any bytes through every decoder: first as the messages of a datagram, then as the payload of one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rssmgr_netlink::ethtool::{Channels, Features, LinkModes, Notice, Rss, StringSet};
use rssmgr_netlink::genl::Family;
use rssmgr_netlink::netdev::{Napi, Queue, QueueCounters};
use rssmgr_netlink::rtnetlink::Link;
use rssmgr_netlink::wire::Messages;
use std::sync::Arc;

fn decode(payload: &[u8]) {
    let names = Arc::new(StringSet::decode(payload, 4).unwrap_or_default());
    let _ = Features::decode(payload, &names);
    let _ = Family::decode(payload);
    let _ = Rss::decode(payload);
    let _ = Channels::decode(payload);
    let _ = LinkModes::decode(payload);
    let _ = Notice::decode(payload);
    let _ = Queue::decode(payload);
    let _ = Napi::decode(payload);
    let _ = QueueCounters::decode(payload);
    let _ = Link::decode(payload);
}

fuzz_target!(|bytes: &[u8]| {
    for message in Messages::new(bytes).flatten() {
        decode(message.payload);
    }
    decode(bytes);
});
