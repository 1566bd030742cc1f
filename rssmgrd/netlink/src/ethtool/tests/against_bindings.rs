//! The attributes of each request against those that `netlink-bindings` makes from the kernel's specification. Its
//! command numbers for this family are not the kernel's, so only what follows them is compared.

use super::{bytes, change};
use crate::ethtool::{ChannelChange, RXHASH, channels, features, link, rss, strings};
use crate::testing::family;
use crate::wire::Request;
use crate::{Error, Interface};
use netlink_bindings::ethtool as bindings;

/// Behind netlink's and generic netlink's header.
const OURS: usize = 20;
/// Behind generic netlink's header.
const THEIRS: usize = 4;

/// Compares `ours` with what `theirs` writes.
fn same(ours: Result<Request, Error>, theirs: impl FnOnce(&mut Vec<u8>)) {
    let mut buffer = Vec::new();
    theirs(&mut buffer);
    buffer.resize(buffer.len().next_multiple_of(4), 0);
    assert_eq!(bytes(ours)[OURS..], buffer[THEIRS..]);
}

#[test]
fn requests_have_the_same_attributes() {
    let ethtool = family("ethtool");
    let device = Interface::Index(4);
    same(rss::get(&ethtool, Interface::Name("enp1s0f0"), 7), |buffer| {
        let request = bindings::OpRssGetDo::encode_request(buffer);
        request.nested_header().push_dev_name(c"enp1s0f0").end_nested().push_context(7);
    });
    same(rss::list(&ethtool, Some(device)), |buffer| {
        bindings::OpRssGetDump::encode_request(buffer).nested_header().push_dev_index(4);
    });
    let mut narrow = change();
    // Theirs writes flow types as 4 bytes always.
    narrow.fields.retain(|_, fields| fields.0 < 1 << 32);
    same(rss::set(&ethtool, device, 7, &narrow), |buffer| {
        let request = bindings::OpRssSetDo::encode_request(buffer);
        let header = request.nested_header().push_dev_index(4).end_nested();
        let table = [0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0];
        let settings = header
            .push_context(7)
            .push_hfunc(1)
            .push_indir(&table)
            .push_hkey(&[0x6d, 0x5a, 0x56, 0xda, 0x25])
            .push_input_xfrm(2);
        settings.nested_flow_hash().push_udp4(0xf0);
    });
    same(rss::delete(&ethtool, device, 7), |buffer| {
        let request = bindings::OpRssDeleteActDo::encode_request(buffer);
        request.nested_header().push_dev_index(4).end_nested().push_context(7);
    });
    let all = ChannelChange { rx: Some(1), tx: Some(2), other: Some(3), combined: Some(4) };
    same(channels::set(&ethtool, device, &all), |buffer| {
        let request = bindings::OpChannelsSetDo::encode_request(buffer);
        let header = request.nested_header().push_dev_index(4).end_nested();
        header.push_rx_count(1).push_tx_count(2).push_other_count(3).push_combined_count(4);
    });
    same(features::get(&ethtool, device), |buffer| {
        let request = bindings::OpFeaturesGetDo::encode_request(buffer);
        request.nested_header().push_dev_index(4).push_flags(1);
    });
    same(features::set(&ethtool, device, RXHASH, true), |buffer| {
        let request = bindings::OpFeaturesSetDo::encode_request(buffer);
        let header = request.nested_header().push_dev_index(4).push_flags(2).end_nested();
        header.nested_wanted().nested_bits().nested_bit().push_name(c"rx-hashing").push_value(());
    });
    same(link::get(&ethtool, device), |buffer| {
        let request = bindings::OpLinkmodesGetDo::encode_request(buffer);
        request.nested_header().push_dev_index(4).push_flags(1);
    });
    same(strings::get(&ethtool, strings::FEATURES), |buffer| {
        let request = bindings::OpStrsetGetDo::encode_request(buffer);
        let header = request.nested_header().end_nested();
        header.nested_stringsets().nested_stringset().push_id(4);
    });
}
