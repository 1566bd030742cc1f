//! The table-driven hash against its definition.

use proptest::collection::vec;
use proptest::prelude::*;
use rssmgr_core::hash::HashKey;
use rssmgr_core::toeplitz::Toeplitz;

/// Toeplitz as Microsoft's documentation defines it: a window of 32 key bits slides by one for each input bit, most
/// significant first, and is xored in when the bit is set. The key is followed by zero bits.
pub(crate) fn bit_by_bit(key: &[u8], input: &[u8]) -> u32 {
    let bit = |bytes: &[u8], at: usize| bytes.get(at / 8).is_some_and(|b| b >> (7 - at % 8) & 1 == 1);
    let mut result = 0;
    for at in 0..input.len() * 8 {
        if bit(input, at) {
            result ^= (at..at + 32).fold(0_u32, |window, k| window << 1 | u32::from(bit(key, k)));
        }
    }
    result
}

/// Mostly the lengths that RSS uses, also none, odd ones and ones beyond the key.
fn inputs() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 8),
        vec(any::<u8>(), 12),
        vec(any::<u8>(), 32),
        vec(any::<u8>(), 36),
        vec(any::<u8>(), 0..80),
    ]
}

fn keys() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 40), 1 => vec(any::<u8>(), 52), 1 => vec(any::<u8>(), 0..64)]
}

proptest! {
    #[test]
    fn agrees_with_the_definition(key in keys(), input in inputs()) {
        let toeplitz = Toeplitz::new(&HashKey::new(key.clone()));
        prop_assert_eq!(toeplitz.hash(&input), bit_by_bit(&key, &input));
    }

    #[test]
    fn is_linear(key in keys(), pair in vec(any::<(u8, u8)>(), 0..64)) {
        let toeplitz = Toeplitz::new(&HashKey::new(key));
        let (a, b): (Vec<u8>, Vec<u8>) = pair.into_iter().unzip();
        let both: Vec<u8> = a.iter().zip(&b).map(|(a, b)| a ^ b).collect();
        prop_assert_eq!(toeplitz.hash(&both), toeplitz.hash(&a) ^ toeplitz.hash(&b));
    }

    #[test]
    fn what_is_beyond_the_rss_key_does_not_count(key in vec(any::<u8>(), 40), more in vec(any::<u8>(), 1..16), input in vec(any::<u8>(), 36)) {
        let long = Toeplitz::new(&HashKey::new([key.clone(), more].concat()));
        prop_assert_eq!(long.hash(&input), Toeplitz::new(&HashKey::new(key)).hash(&input));
    }
}

#[test]
fn the_symmetric_key_joins_both_directions() {
    let toeplitz = Toeplitz::new(&HashKey::symmetric(40));
    assert_eq!(
        toeplitz.hash(&[10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 3, 4]),
        toeplitz.hash(&[10, 0, 0, 2, 10, 0, 0, 1, 3, 4, 1, 2])
    );
}

#[test]
fn debug_shows_no_key_material() {
    assert_eq!(format!("{:?}", Toeplitz::new(&HashKey::microsoft())), "Toeplitz { .. }");
}
