//! Whatever bytes come, every decoder ends, without a panic; and what it takes from a damaged message it takes from
//! inside of it.

use super::*;
use crate::testing::attribute;
use proptest::prelude::*;

/// A message with attributes of several types and depths, of which each decoder finds some that it knows: numbers of
/// 1 to 8 bytes, strings, arrays, nests.
fn valid() -> Vec<u8> {
    let device = [attribute(1, &4_u32.to_ne_bytes()), attribute(2, b"eth0\0")].concat();
    let flow = [attribute(4, &[0xf0, 0, 0, 0]), attribute(6, &[0; 8])].concat();
    let bit = attribute(0x8001, &[attribute(1, &33_u32.to_ne_bytes()), attribute(3, &[])].concat());
    let set = [attribute(2, &34_u32.to_ne_bytes()), attribute(0x8003, &bit), attribute(4, &[0; 8])].concat();
    let string = attribute(0x8001, &[attribute(1, &7_u32.to_ne_bytes()), attribute(2, b"name\0")].concat());
    let strings = [attribute(1, &4_u32.to_ne_bytes()), attribute(0x8003, &string)].concat();
    let mut bytes = vec![50, 1, 0, 0];
    for part in [
        attribute(0x8001, &device),
        attribute(0x8002, &attribute(0x8001, &strings)),
        attribute(3, &1_u32.to_ne_bytes()),
        attribute(4, &[0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]),
        attribute(0x8004, &set),
        attribute(5, &[0x6d, 0x5a, 0x56, 0xda]),
        attribute(6, &[1, 0, 0, 0]),
        attribute(0x8006, &attribute(1, &device)),
        attribute(0x8008, &flow),
        attribute(9, &[1, 2, 3, 4, 5, 6, 7, 8]),
    ] {
        bytes.extend(part);
    }
    bytes
}

#[test]
fn the_valid_message_reaches_the_decoders() {
    // Some of its parts are of the wrong type for some of them, which is as it should be.
    assert!(read(&valid()) > 0);
    let rss = [50, 1, 0, 0].into_iter().chain(attribute(4, &[1, 0, 0, 0])).collect::<Vec<u8>>();
    assert_eq!(Rss::decode(&rss).unwrap().table, [1]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        read(&bytes);
    }

    /// Small numbers make many attributes that fit.
    #[test]
    fn any_small_bytes_are_survived(bytes in proptest::collection::vec(0_u8..12, 0..512)) {
        read(&bytes);
    }

    #[test]
    fn any_damage_is_survived(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut bytes = valid();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        read(&bytes);
    }
}
