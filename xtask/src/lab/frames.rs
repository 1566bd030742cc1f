//! Frames that are sent to the guest, and an oracle for where they should arrive: built from the standards alone, and
//! sharing no code with the product.

use std::net::IpAddr;

/// The verification key of the RSS specification.
pub(crate) const SPECIFIED_KEY: [u8; 40] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0,
    0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42,
    0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

/// The TCP vectors of the RSS specification for that key: source, destination, hash.
pub(crate) const VECTORS: [(&str, &str, u32); 8] = [
    ("66.9.149.187:2794", "161.142.100.80:1766", 0x51cc_c178),
    ("199.92.111.2:14230", "65.69.140.83:4739", 0xc626_b0ea),
    ("24.19.198.95:12898", "12.22.207.184:38024", 0x5c2b_394a),
    ("38.27.205.30:48228", "209.142.163.6:2217", 0xafc7_327f),
    ("153.39.163.191:44251", "202.188.127.2:1303", 0x10e8_28a2),
    ("[3ffe:2501:200:1fff::7]:2794", "[3ffe:2501:200:3::1]:1766", 0x4020_7d3d),
    ("[3ffe:501:8::260:97ff:fe40:efab]:14230", "[ff02::1]:4739", 0xdde5_1bbf),
    ("[3ffe:1900:4545:3:200:f8ff:fe21:67cf]:44251", "[fe80::200:f8ff:fe21:67cf]:38024", 0x02d1_feef),
];

/// One direction of a connection. Both addresses are of the same family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) source: std::net::SocketAddr,
    pub(crate) destination: std::net::SocketAddr,
    pub(crate) protocol: Protocol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Tcp,
    Udp,
}

const TCP: u8 = 6;
const UDP: u8 = 17;

impl Flow {
    /// What RSS hashes: addresses, and ports if `ports`, in network order, source first.
    fn input(&self, ports: bool) -> Vec<u8> {
        let mut input = bytes(self.source.ip());
        input.extend(bytes(self.destination.ip()));
        if ports {
            input.extend(self.source.port().to_be_bytes());
            input.extend(self.destination.port().to_be_bytes());
        }
        input
    }

    /// The hash under a key, over four fields or over the addresses alone.
    pub(crate) fn hash(&self, key: &[u8], ports: bool) -> u32 {
        toeplitz(key, &self.input(ports))
    }

    /// An Ethernet frame to a hardware address: a SYN, or a datagram of four bytes. All checksums are right.
    pub(crate) fn frame(&self, to: [u8; 6]) -> Vec<u8> {
        let ports = [self.source.port().to_be_bytes(), self.destination.port().to_be_bytes()].concat();
        let (number, mut segment) = match self.protocol {
            // Sequence number, acknowledgement, header of 5 words with SYN set, window; checksum and urgent pointer.
            Protocol::Tcp => {
                (TCP, [&ports[..], &[0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff], &[0; 4]].concat())
            }
            Protocol::Udp => (UDP, [&ports[..], &[0, 12], &[0, 0], b"rss!"].concat()),
        };
        let length = u16::try_from(segment.len()).unwrap_or(u16::MAX).to_be_bytes();
        let pseudo = [&self.input(false)[..], &length, &[0, number], &segment].concat();
        let sum = checksum(&pseudo).to_be_bytes();
        let at = if self.protocol == Protocol::Tcp { 16 } else { 6 };
        segment[at..at + 2].copy_from_slice(&sum);

        let (kind, header) = if self.source.is_ipv4() {
            let total = u16::try_from(segment.len() + 20).unwrap_or(u16::MAX).to_be_bytes();
            let mut header = vec![0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, number, 0, 0];
            header.extend(self.input(false));
            let sum = checksum(&header).to_be_bytes();
            header[10..12].copy_from_slice(&sum);
            ([0x08, 0x00], header)
        } else {
            let mut header = vec![0x60, 0, 0, 0, length[0], length[1], number, 64];
            header.extend(self.input(false));
            ([0x86, 0xdd], header)
        };
        let from = [0x52, 0x54, 0, 0xff, 0xff, 0xff];
        [&to[..], &from, &kind, &header, &segment].concat()
    }
}

/// The flow of one of [`VECTORS`].
pub(crate) fn vector(source: &str, destination: &str) -> anyhow::Result<Flow> {
    Ok(Flow { source: source.parse()?, destination: destination.parse()?, protocol: Protocol::Tcp })
}

/// Flows that are different in every run of numbers from `seed`: both families, both protocols in turn.
pub(crate) fn random_flows(seed: u64, count: usize) -> Vec<Flow> {
    let mut state = seed;
    // splitmix64
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_be_bytes()
    };
    let flow = |index: usize| {
        let (a, b, c) = (next(), next(), next());
        let [s, t, ..] = [u16::from_be_bytes([c[0], c[1]]), u16::from_be_bytes([c[2], c[3]])];
        let (source, destination): (IpAddr, IpAddr) = if index.is_multiple_of(2) {
            ([10, a[0], a[1], a[2]].into(), [10, b[0], b[1], b[2]].into())
        } else {
            let net = |x: [u8; 8]| {
                let mut address = [0; 16];
                address[..2].copy_from_slice(&[0x20, 0x01]);
                address[8..].copy_from_slice(&x);
                IpAddr::from(address)
            };
            (net(a), net(b))
        };
        let protocol = if index % 4 < 2 { Protocol::Tcp } else { Protocol::Udp };
        Flow { source: (source, s.max(1)).into(), destination: (destination, t.max(1)).into(), protocol }
    };
    (0..count).map(flow).collect()
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The definition, bit by bit: for every set bit of the input, the 32 bits of the key that begin there.
fn toeplitz(key: &[u8], input: &[u8]) -> u32 {
    let bit = |of: &[u8], at: usize| of.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let window = |at: usize| (at..at + 32).fold(0, |word, at| word << 1 | u32::from(bit(key, at)));
    (0..input.len() * 8).filter(|at| bit(input, *at)).fold(0, |hash, at| hash ^ window(at))
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracle_gives_the_specified_hashes() {
        for (source, destination, hash) in VECTORS {
            assert_eq!(vector(source, destination).unwrap().hash(&SPECIFIED_KEY, true), hash, "{source}");
        }
        let first = vector(VECTORS[0].0, VECTORS[0].1).unwrap();
        assert_eq!(first.hash(&SPECIFIED_KEY, false), 0x323e_8fc2);
    }

    #[test]
    fn frames_have_right_lengths_and_checksums() {
        for flow in random_flows(1, 8) {
            let frame = flow.frame([0x52, 0x54, 0, 0, 0, 1]);
            let (start, length) = if flow.source.is_ipv4() { (34, 20) } else { (54, 40) };
            assert!(frame.len() == start + if flow.protocol == Protocol::Tcp { 20 } else { 12 });
            if length == 20 {
                assert_eq!(checksum(&frame[14..34]), 0, "a header sums to zero with its checksum");
            }
            let number = if flow.protocol == Protocol::Tcp { 6 } else { 17 };
            let size = u8::try_from(frame.len() - start).unwrap();
            let pseudo = [&flow.input(false)[..], &[0, size, 0, number], &frame[start..]].concat();
            assert_eq!(checksum(&pseudo), 0);
        }
    }
}
