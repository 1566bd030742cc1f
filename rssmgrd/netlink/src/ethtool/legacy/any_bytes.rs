//! Any bytes as the blocks that come back from the ioctl. A block is as long as was asked for, whatever is in it.

use super::rule::{MacRule, Packets, PlacedRule, locations, space};
use super::{MOST_ADDRESS_BYTES, block, drvinfo, gstrings, permaddr, rss, rxnfc, stats};
use super::{read_address, read_counters, read_driver, read_names};

pub(crate) fn read(bytes: &[u8]) {
    let driver = read_driver(&at_least(bytes, drvinfo::SIZE));
    assert!(!driver.name.contains('\0') && !driver.bus.contains('\0'));
    let address = read_address(&at_least(bytes, permaddr::DATA + usize::from(MOST_ADDRESS_BYTES)));
    assert!(address.len() <= MOST_ADDRESS_BYTES.into());
    let names = at_least(bytes, gstrings::DATA);
    assert!(read_names(&names).len() * gstrings::NAME_BYTES <= names.len());
    let counters = at_least(bytes, stats::DATA);
    assert!(read_counters(&counters).len() * stats::VALUE_BYTES <= counters.len());
    settings(&at_least(bytes, rss::CONFIG));
    rules(&at_least(bytes, rxnfc::SIZE));
    for packets in [Packets::All, Packets::Tcp4] {
        rules(&changed_rule(bytes, packets));
    }
}

/// A rule of our kind with some of its bytes changed: where, and by what.
fn changed_rule(bytes: &[u8], packets: Packets) -> [u8; rxnfc::SIZE] {
    let rule = MacRule { mac: [2, 0, 0, 0, 0, 7], vlan: Some(100), packets, context: 3 };
    let mut block = [0; rxnfc::SIZE];
    rule.write(&mut block, 9);
    for [at, by] in bytes.as_chunks().0 {
        if let Some(byte) = block.get_mut(usize::from(*at)) {
            *byte ^= by;
        }
    }
    block
}

fn at_least(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut block = bytes.to_vec();
    block.resize(length.max(bytes.len()), 0);
    block
}

/// RSS settings with a table and a key of every size that fits.
fn settings(bytes: &[u8]) {
    let room = bytes.len() - rss::CONFIG;
    let size = |at| usize::try_from(block::get_u32(bytes, at)).unwrap_or(usize::MAX);
    let table = size(rss::TABLE_SIZE).saturating_mul(4).min(room / 4 * 4);
    let key = size(rss::KEY_SIZE).min(room - table);
    let found = rss::read(bytes, "eth0", 0, table, key);
    assert_eq!((found.table.len() * 4, found.key.len()), (table, key));
}

/// What is taken for a rule of our kind asks for nothing that is lost when it is written again.
fn rules(bytes: &[u8]) {
    let placed = PlacedRule::read(block::get_u32(bytes, 0), bytes);
    if let Some(rule) = placed.rule {
        let mut again = [0; rxnfc::SIZE];
        rule.write(&mut again, placed.location);
        assert_eq!(MacRule::read(&again), Some(rule));
        assert_eq!(placed.context, Some(rule.context));
        // `m_u`; `m_ext.h_dest`; and where `FLOW_EXT` says that it counts, the rest of `m_ext`.
        assert_eq!(again[92..144], bytes[92..144], "{rule:?}");
        assert_eq!(again[146..152], bytes[146..152], "{rule:?}");
        if bytes[19] & 0x80 != 0 {
            assert_eq!(again[152..164], bytes[152..164], "{rule:?}");
        }
    }
    assert!(locations(bytes).len() * 4 <= bytes.len());
    let places = space(block::get_u64(bytes, 0), block::get_u64(bytes, rxnfc::DATA));
    assert!(places.rules.is_empty());
}
