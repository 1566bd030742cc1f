//! What a packet's hash should be, found without any code of rssmgr: a parser for well-formed packets and the
//! Toeplitz hash bit by bit, from the rules of NDIS.

/// The key of Microsoft's verification suite.
pub(crate) const KEY: [u8; 40] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0,
    0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42,
    0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

fn toeplitz(key: &[u8], input: &[u8]) -> u32 {
    let key_bit = |i: usize| u32::from(key[i / 8] >> (7 - i % 8) & 1);
    let mut hash = 0;
    for i in 0..input.len() * 8 {
        if input[i / 8] >> (7 - i % 8) & 1 == 1 {
            hash ^= (0..32).fold(0, |window, j| window << 1 | key_bit(i + j));
        }
    }
    hash
}

/// The hash of an Ethernet frame with the default types (all but the `_ex` ones); `None` when it has none.
pub(crate) fn hash(key: &[u8], frame: &[u8]) -> Option<u32> {
    let mut at = 12;
    while [[0x81, 0x00], [0x88, 0xa8]].contains(&[frame[at], frame[at + 1]]) {
        at += 4;
    }
    let ip = &frame[at + 2..];
    let (addresses, protocol, payload, fragment) = match [frame[at], frame[at + 1]] {
        [0x08, 0x00] => {
            let fragment = u16::from_be_bytes([ip[6], ip[7]]) & 0x3fff != 0;
            (&ip[12..20], ip[9], usize::from(ip[0] & 15) * 4, fragment)
        }
        [0x86, 0xdd] => {
            let (mut protocol, mut payload, mut fragment) = (ip[6], 40, false);
            // Hop-by-hop, routing and destination options, then a fragment header.
            while [0, 43, 60, 44].contains(&protocol) {
                fragment |= protocol == 44;
                let length = if protocol == 44 { 8 } else { usize::from(ip[payload + 1]) * 8 + 8 };
                protocol = ip[payload];
                payload += length;
            }
            (&ip[8..40], protocol, payload, fragment)
        }
        _ => return None,
    };
    let mut input = addresses.to_vec();
    if !fragment && [6, 17].contains(&protocol) {
        input.extend(&ip[payload..payload + 4]);
    }
    Some(toeplitz(key, &input))
}

/// Two of the official vectors, so that the oracle itself is held to something.
#[test]
fn the_oracle_knows_the_official_vectors() {
    let v4 = [66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6];
    assert_eq!(toeplitz(&KEY, &v4), 0x51cc_c178);
    assert_eq!(toeplitz(&KEY, &v4[..8]), 0x323e_8fc2);
}
