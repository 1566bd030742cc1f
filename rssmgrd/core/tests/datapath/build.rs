//! Builds random valid packets together with the headers that a parser has to find in them.

use proptest::array::{uniform4, uniform6, uniform16};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rssmgr_core::packet::{Addresses, Headers, LinkType, Net, Span, Transport, TransportKind};

/// A frame and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    pub(crate) frame: Vec<u8>,
    pub(crate) link: LinkType,
    pub(crate) headers: Headers,
}

#[derive(Clone, Debug)]
pub(crate) enum Link {
    Ethernet { dst: [u8; 6], src: [u8; 6], tags: Vec<(u16, u16)> },
    RawIp,
    Sll { src: Option<[u8; 6]>, tags: Vec<(u16, u16)> },
    Sll2 { src: Option<[u8; 6]>, tags: Vec<(u16, u16)> },
    Null { big_endian: bool, v6_family: u8 },
}

#[derive(Clone, Debug)]
pub(crate) enum Ip {
    V4 { src: [u8; 4], dst: [u8; 4], option_words: usize, fragment: Option<(u16, bool)> },
    V6 { src: [u8; 16], dst: [u8; 16], extensions: Vec<Extension>, fragment: Option<(u16, bool)> },
}

#[derive(Clone, Debug)]
pub(crate) enum Extension {
    /// Made first wherever it is drawn.
    HopByHop {
        units: u8,
    },
    Routing {
        kind: u8,
        left: u8,
        addresses: Vec<[u8; 16]>,
    },
    Destination {
        padding: Vec<Option<u8>>,
        home: Option<[u8; 16]>,
    },
    AtomicFragment,
    Authentication {
        words: u8,
    },
    /// Mobility, host identity or shim6.
    Plain {
        kind: u8,
        units: u8,
    },
}

#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Tcp { sport: u16, dport: u16, option_words: u8, data: Vec<u8> },
    Udp { sport: u16, dport: u16, data: Vec<u8> },
    Other { protocol: u8, data: Vec<u8> },
}

fn tags() -> impl Strategy<Value = Vec<(u16, u16)>> {
    vec((select(vec![0x8100, 0x88a8, 0x9100]), any::<u16>()), 0..=3)
}

pub(crate) fn ethernet() -> impl Strategy<Value = Link> {
    (uniform6(any::<u8>()), uniform6(any::<u8>()), tags()).prop_map(|(dst, src, tags)| Link::Ethernet {
        dst,
        src,
        tags,
    })
}

pub(crate) fn links() -> impl Strategy<Value = Link> {
    let mac = || proptest::option::of(uniform6(any::<u8>()));
    prop_oneof![
        3 => ethernet(),
        1 => Just(Link::RawIp),
        1 => (mac(), tags()).prop_map(|(src, tags)| Link::Sll { src, tags }),
        1 => (mac(), tags()).prop_map(|(src, tags)| Link::Sll2 { src, tags }),
        1 => (any::<bool>(), select(vec![10, 23, 24, 28, 30]))
            .prop_map(|(big_endian, v6_family)| Link::Null { big_endian, v6_family }),
    ]
}

/// Offset in units of 8 bytes and "more fragments", at least one of them set.
fn fragment() -> impl Strategy<Value = Option<(u16, bool)>> {
    let parts = prop_oneof![Just((0, true)), (1_u16..32, any::<bool>()), (32_u16..0x2000, any::<bool>())];
    prop_oneof![3 => Just(None), 1 => parts.prop_map(Some)]
}

fn extension() -> impl Strategy<Value = Extension> {
    let address = || uniform16(any::<u8>());
    prop_oneof![
        (0_u8..3).prop_map(|units| Extension::HopByHop { units }),
        address().prop_map(|a| Extension::Routing { kind: 2, left: 1, addresses: vec![a] }),
        (select(vec![0, 2, 4]), 0_u8..3, vec(address(), 0..3))
            .prop_map(|(kind, left, addresses)| Extension::Routing { kind, left, addresses }),
        (vec(proptest::option::of(0_u8..5), 0..4), proptest::option::of(address()))
            .prop_map(|(padding, home)| Extension::Destination { padding, home }),
        Just(Extension::AtomicFragment),
        (1_u8..6).prop_map(|words| Extension::Authentication { words }),
        (select(vec![135, 139, 140]), 0_u8..3).prop_map(|(kind, units)| Extension::Plain { kind, units }),
    ]
}

pub(crate) fn ips() -> impl Strategy<Value = Ip> {
    let v4 = (uniform4(any::<u8>()), uniform4(any::<u8>()), 0_usize..=10, fragment())
        .prop_map(|(src, dst, option_words, fragment)| Ip::V4 { src, dst, option_words, fragment });
    let v6 = (uniform16(any::<u8>()), uniform16(any::<u8>()), vec(extension(), 0..5), fragment())
        .prop_map(|(src, dst, extensions, fragment)| Ip::V6 { src, dst, extensions, fragment });
    prop_oneof![v4, v6]
}

pub(crate) fn payloads() -> impl Strategy<Value = Payload> {
    let data = || vec(any::<u8>(), 0..40);
    // Neither TCP nor UDP nor an extension header; 51 is followed by etherparse in IPv4, too.
    let other = any::<u8>()
        .prop_filter("a protocol without ports", |p| ![0, 6, 17, 43, 44, 51, 60, 135, 139, 140].contains(p));
    prop_oneof![
        (any::<u16>(), any::<u16>(), 0_u8..=10, data())
            .prop_map(|(sport, dport, option_words, data)| Payload::Tcp { sport, dport, option_words, data }),
        (any::<u16>(), any::<u16>(), data()).prop_map(|(sport, dport, data)| Payload::Udp {
            sport,
            dport,
            data
        }),
        // Not empty: an IPv6 payload length of 0 stands for "to the end of the frame", padding included.
        (other, vec(any::<u8>(), 1..40)).prop_map(|(protocol, data)| Payload::Other { protocol, data }),
    ]
}

/// Packets on every link type.
pub(crate) fn packets() -> impl Strategy<Value = Built> {
    (links(), ips(), payloads(), 0_usize..24).prop_map(|(l, ip, p, padding)| build(&l, &ip, &p, padding))
}

/// Packets on Ethernet.
pub(crate) fn ethernet_packets() -> impl Strategy<Value = Built> {
    (ethernet(), ips(), payloads(), 0_usize..24).prop_map(|(l, ip, p, padding)| build(&l, &ip, &p, padding))
}

pub(crate) fn build(link: &Link, ip: &Ip, payload: &Payload, padding: usize) -> Built {
    let mut headers = Headers::default();
    let (link, mut frame) = link_header(link, ip, &mut headers);
    let start = frame.len();
    let (protocol, transport, bytes) = payload_bytes(payload);
    let (net, fragment) = match ip {
        Ip::V4 { src, dst, option_words, fragment } => {
            frame.extend(v4_header(*src, *dst, *option_words, *fragment, protocol, bytes.len()));
            (Addresses::V4 { src: *src, dst: *dst }, fragment)
        }
        Ip::V6 { src, dst, extensions, fragment } => {
            let (first, chain, home, routing) = v6_chain(extensions, *fragment, protocol);
            frame.extend([0x60, 0, 0, 0]);
            frame.extend(u16::try_from(chain.len() + bytes.len()).unwrap().to_be_bytes());
            frame.extend([first, 64]);
            frame.extend(src);
            frame.extend(dst);
            frame.extend(chain);
            (Addresses::V6 { src: *src, dst: *dst, home, routing }, fragment)
        }
    };
    let payload = Span { start: frame.len(), end: frame.len() + bytes.len() };
    frame.extend(bytes);
    frame.extend(vec![0xee; padding]);
    headers.net =
        Some(Net { addresses: net, fragment: fragment.is_some(), protocol: Some(protocol), start, payload });
    headers.transport = if fragment.is_some() { None } else { transport };
    Built { frame, link, headers }
}

fn link_header(link: &Link, ip: &Ip, headers: &mut Headers) -> (LinkType, Vec<u8>) {
    let ether_type: u16 = if matches!(ip, Ip::V4 { .. }) { 0x0800 } else { 0x86dd };
    let tagged = |tags: &[(u16, u16)]| {
        // The type field, then each tag's content and the type field behind it.
        let mut types: Vec<u16> = tags.iter().map(|(kind, _)| *kind).collect();
        types.push(ether_type);
        let mut behind = Vec::new();
        for ((_, content), kind) in tags.iter().zip(&types[1..]) {
            behind.extend(content.to_be_bytes());
            behind.extend(kind.to_be_bytes());
        }
        (types[0].to_be_bytes(), behind, tags.first().map(|(_, content)| content % 4096))
    };
    let address = |src: &Option<[u8; 6]>| match src {
        Some([a, b, c, d, e, f]) => (6_u8, [*a, *b, *c, *d, *e, *f, 0, 0]),
        None => (0, [0; 8]),
    };
    match link {
        Link::Ethernet { dst, src, tags } => {
            let (kind, behind, vlan) = tagged(tags);
            (headers.dst_mac, headers.src_mac, headers.vlan) = (Some(*dst), Some(*src), vlan);
            (LinkType::Ethernet, [&dst[..], src, &kind, &behind].concat())
        }
        Link::RawIp => (LinkType::RawIp, Vec::new()),
        Link::Sll { src, tags } => {
            let (kind, behind, vlan) = tagged(tags);
            let (len, bytes) = address(src);
            (headers.src_mac, headers.vlan) = (*src, vlan);
            (LinkType::LinuxSll, [&[0, 0, 0, 1, 0, len][..], &bytes, &kind, &behind].concat())
        }
        Link::Sll2 { src, tags } => {
            let (kind, behind, vlan) = tagged(tags);
            let (len, bytes) = address(src);
            (headers.src_mac, headers.vlan) = (*src, vlan);
            let fixed = [0, 0, 0, 0, 0, 7, 0, 1, 0, len];
            (LinkType::LinuxSll2, [&kind, &fixed[..], &bytes, &behind].concat())
        }
        Link::Null { big_endian, v6_family } => {
            let family = u32::from(if ether_type == 0x0800 { 2 } else { *v6_family });
            let bytes = if *big_endian { family.to_be_bytes() } else { family.to_le_bytes() };
            (LinkType::Null, bytes.to_vec())
        }
    }
}

fn payload_bytes(payload: &Payload) -> (u8, Option<Transport>, Vec<u8>) {
    match payload {
        Payload::Tcp { sport, dport, option_words, data } => {
            let offset = (5 + option_words) << 4;
            let fixed = [0, 0, 0, 1, 0, 0, 0, 2, offset, 0x10, 0xff, 0xff, 0, 0, 0, 0];
            let options = vec![1; usize::from(*option_words) * 4];
            let ports = [sport.to_be_bytes(), dport.to_be_bytes()].concat();
            let transport = Transport { kind: TransportKind::Tcp, sport: *sport, dport: *dport };
            (6, Some(transport), [&ports[..], &fixed, &options, data].concat())
        }
        Payload::Udp { sport, dport, data } => {
            let len = u16::try_from(8 + data.len()).unwrap().to_be_bytes();
            let header = [sport.to_be_bytes(), dport.to_be_bytes(), len, [0, 0]].concat();
            let transport = Transport { kind: TransportKind::Udp, sport: *sport, dport: *dport };
            (17, Some(transport), [&header[..], data].concat())
        }
        Payload::Other { protocol, data } => (*protocol, None, data.clone()),
    }
}

fn v4_header(
    src: [u8; 4],
    dst: [u8; 4],
    option_words: usize,
    fragment: Option<(u16, bool)>,
    protocol: u8,
    payload: usize,
) -> Vec<u8> {
    let header = 20 + option_words * 4;
    let total = u16::try_from(header + payload).unwrap().to_be_bytes();
    let words = u8::try_from(header / 4).unwrap();
    // "Don't fragment" in the packets that are no fragments.
    let flags = fragment.map_or(0x4000, |(offset, more)| offset | u16::from(more) << 13).to_be_bytes();
    let fixed = [0x40 | words, 0, total[0], total[1], 0, 1, flags[0], flags[1], 64, protocol, 0, 0];
    [&fixed[..], &src, &dst, &vec![1; option_words * 4]].concat()
}

type Chain = (u8, Vec<u8>, Option<[u8; 16]>, Option<[u8; 16]>);

/// The first header's type, the headers, the home address and the type 2 routing address.
fn v6_chain(extensions: &[Extension], fragment: Option<(u16, bool)>, protocol: u8) -> Chain {
    let (hop, others): (Vec<_>, Vec<_>) =
        extensions.iter().partition(|e| matches!(e, Extension::HopByHop { .. }));
    let (mut home, mut routing) = (None, None);
    let mut headers: Vec<(u8, Vec<u8>)> = Vec::new();
    for extension in hop.into_iter().take(1).chain(others) {
        headers.push(match extension {
            Extension::HopByHop { units } => (0, plain(*units)),
            Extension::Plain { kind, units } => (*kind, plain(*units)),
            Extension::Routing { kind, left, addresses } => {
                if let (2, 1, [address]) = (*kind, *left, &addresses[..]) {
                    routing = routing.or(Some(*address));
                }
                let units = u8::try_from(addresses.len() * 2).unwrap();
                (43, [&[0, units, *kind, *left, 0, 0, 0, 0][..], &addresses.concat()].concat())
            }
            Extension::Destination { padding, home: address } => {
                home = home.or(*address);
                (60, destination(padding, *address))
            }
            Extension::AtomicFragment => (44, vec![0; 8]),
            Extension::Authentication { words } => {
                (51, [&[0, *words][..], &vec![7; usize::from(*words) * 4 + 6]].concat())
            }
        });
    }
    if let Some((offset, more)) = fragment {
        let field = (offset << 3 | u16::from(more)).to_be_bytes();
        headers.push((44, vec![0, 0, field[0], field[1], 0, 0, 0, 9]));
    }
    let mut next = protocol;
    for (kind, header) in headers.iter_mut().rev() {
        header[0] = next;
        next = *kind;
    }
    (next, headers.into_iter().flat_map(|(_, header)| header).collect(), home, routing)
}

fn plain(units: u8) -> Vec<u8> {
    [&[0, units][..], &vec![0; usize::from(units) * 8 + 6]].concat()
}

/// Options: padding of one byte (`None`) or more, then the home address, filled up to 8 bytes.
fn destination(padding: &[Option<u8>], home: Option<[u8; 16]>) -> Vec<u8> {
    let mut header = vec![0, 0];
    for pad in padding {
        match pad {
            None => header.push(0),
            Some(len) => {
                header.extend([1, *len]);
                header.extend(vec![0; usize::from(*len)]);
            }
        }
    }
    if let Some(home) = home {
        header.extend([201, 16]);
        header.extend(home);
    }
    while header.len() % 8 != 0 {
        header.push(0);
    }
    header[1] = u8::try_from(header.len() / 8 - 1).unwrap();
    header
}
