//! The rules of encapsulated packets once more, written from the RFCs and the table of NDIS, slice by slice and without a
//! thought for speed. Shares no code with the parser; Ethernet only.

use crate::toeplitz::bit_by_bit;
use rssmgr_core::hash::{HashType, HashTypes};
use rssmgr_core::packet::encap::{EncapConfig, EncapOffload, Encapsulation, IpLayers};
use rssmgr_core::steer::{Layer, Verdict};
use rssmgr_core::{EntryIndex, QueueId};

/// A part of a frame: the bytes that were captured, and how many there were on the wire.
#[derive(Clone, Copy)]
struct Part<'a> {
    bytes: &'a [u8],
    wire: usize,
}

impl<'a> Part<'a> {
    /// Without its first bytes.
    fn skip(self, n: usize) -> Self {
        Self { bytes: self.bytes.get(n..).unwrap_or(&[]), wire: self.wire.saturating_sub(n) }
    }

    /// No longer than this.
    fn take(self, n: usize) -> Self {
        Self { bytes: &self.bytes[..self.bytes.len().min(n)], wire: self.wire.min(n) }
    }

    fn word(self, at: usize) -> Option<usize> {
        Some(usize::from(*self.bytes.get(at)?) << 8 | usize::from(*self.bytes.get(at + 1)?))
    }
}

struct Ethernet<'a> {
    dst: Option<[u8; 6]>,
    /// Type and content, with the number of bytes before it.
    content: Option<(usize, Part<'a>, usize)>,
}

fn ethernet(part: Part<'_>) -> Ethernet<'_> {
    let dst = part.bytes.get(..12).map(|macs| macs[..6].try_into().unwrap());
    let mut at = 12;
    let content = loop {
        match part.word(at) {
            Some(0x8100 | 0x88a8 | 0x9100) => at += 4,
            Some(kind) => break Some((kind, part.skip(at + 2), at + 2)),
            None => break None,
        }
    };
    Ethernet { dst, content }
}

struct Ip<'a> {
    v6: bool,
    src: Vec<u8>,
    dst: Vec<u8>,
    ex_src: Vec<u8>,
    ex_dst: Vec<u8>,
    fragment: bool,
    protocol: Option<u8>,
    header: usize,
    payload: Part<'a>,
}

fn ip(kind: usize, part: Part<'_>) -> Option<Ip<'_>> {
    match kind {
        0x0800 => ipv4(part),
        0x86dd => ipv6(part),
        _ => None,
    }
}

fn ipv4(part: Part<'_>) -> Option<Ip<'_>> {
    let fixed = part.bytes.get(..20)?;
    let header = usize::from(fixed[0] % 16) * 4;
    let total = match part.word(2)? {
        0 => part.bytes.len(),
        total if total < header => return None,
        total => total,
    };
    if fixed[0] / 16 != 4 || header < 20 {
        return None;
    }
    let whole =
        if part.word(2) == Some(0) { Part { bytes: part.bytes, wire: total } } else { part.take(total) };
    let (src, dst) = (fixed[12..16].to_vec(), fixed[16..20].to_vec());
    Some(Ip {
        v6: false,
        ex_src: src.clone(),
        ex_dst: dst.clone(),
        src,
        dst,
        // All but the reserved bit and "don't fragment".
        fragment: part.word(6)? % 0x4000 != 0,
        protocol: Some(fixed[9]),
        header: header.min(whole.bytes.len()),
        payload: whole.skip(header),
    })
}

fn ipv6(part: Part<'_>) -> Option<Ip<'_>> {
    let fixed = part.bytes.get(..40)?;
    if fixed[0] / 16 != 6 {
        return None;
    }
    let whole = match part.word(4)? {
        0 => Part { bytes: part.bytes, wire: part.bytes.len() },
        payload => part.take(40 + payload),
    };
    let (src, dst) = (fixed[8..24].to_vec(), fixed[24..40].to_vec());
    let (mut home, mut routing) = (None, None);
    let (mut fragment, mut at) = (false, 40);
    let mut next = Some(fixed[6]);
    while let Some(kind) = next {
        let rest = whole.skip(at).bytes;
        let len = match kind {
            0 if at == 40 => rest.get(1).map(|n| usize::from(*n) * 8 + 8),
            43 | 60 | 135 | 139 | 140 => rest.get(1).map(|n| usize::from(*n) * 8 + 8),
            44 => Some(8),
            51 => rest.get(1).filter(|n| **n > 0).map(|n| usize::from(*n) * 4 + 8),
            _ => break,
        };
        let Some(header) = len.and_then(|len| rest.get(..len)) else {
            next = None;
            break;
        };
        at += header.len();
        next = Some(header[0]);
        if kind == 43 && header.len() == 24 && header[2..4] == [2, 1] {
            routing.get_or_insert(header[8..].to_vec());
        }
        if kind == 60 && home.is_none() {
            home = home_address(header);
        }
        if kind == 44 && (header[2] != 0 || header[3] & 0b1111_1001 != 0) {
            fragment = true;
            break;
        }
    }
    Some(Ip {
        v6: true,
        ex_src: home.unwrap_or_else(|| src.clone()),
        ex_dst: routing.unwrap_or_else(|| dst.clone()),
        src,
        dst,
        fragment,
        protocol: next,
        header: at,
        payload: whole.skip(at),
    })
}

fn home_address(header: &[u8]) -> Option<Vec<u8>> {
    let mut at = 2;
    loop {
        if *header.get(at)? == 0 {
            at += 1;
            continue;
        }
        let len = usize::from(*header.get(at + 1)?);
        let data = header.get(at + 2..at + 2 + len)?;
        if header[at] == 201 && len == 16 {
            return Some(data.to_vec());
        }
        at += 2 + len;
    }
}

/// The ports as bytes.
fn ports(ip: &Ip<'_>) -> Option<Vec<u8>> {
    let header = match ip.protocol {
        Some(6) => 20,
        Some(17) => 8,
        _ => return None,
    };
    let there = !ip.fragment && ip.payload.wire >= header;
    ip.payload.bytes.get(..4).filter(|_| there).map(<[u8]>::to_vec)
}

/// Which of these types hashes the packet, and the bytes that it hashes.
fn hashed(ip: &Ip<'_>, types: HashTypes, four: bool, two: bool) -> Option<(HashType, Vec<u8>)> {
    use HashType::{Ipv4, Ipv6, Ipv6Ex, TcpIpv4, TcpIpv6, TcpIpv6Ex, UdpIpv4, UdpIpv6, UdpIpv6Ex};
    let order: &[HashType] = match (ip.v6, ip.protocol) {
        (false, Some(6)) => &[TcpIpv4, Ipv4],
        (false, Some(17)) => &[UdpIpv4, Ipv4],
        (false, _) => &[Ipv4],
        (true, Some(6)) => &[TcpIpv6Ex, TcpIpv6, Ipv6Ex, Ipv6],
        (true, Some(17)) => &[UdpIpv6Ex, UdpIpv6, Ipv6Ex, Ipv6],
        (true, _) => &[Ipv6Ex, Ipv6],
    };
    let ports = ports(ip);
    order.iter().filter(|t| types.has(**t)).find_map(|t| {
        let addresses_only = matches!(t, Ipv4 | Ipv6 | Ipv6Ex);
        let ex = matches!(t, Ipv6Ex | TcpIpv6Ex | UdpIpv6Ex);
        let mut bytes =
            if ex { [&ip.ex_src[..], &ip.ex_dst].concat() } else { [&ip.src[..], &ip.dst].concat() };
        if addresses_only {
            return two.then_some((*t, bytes));
        }
        bytes.extend(ports.as_ref().filter(|_| four)?);
        Some((*t, bytes))
    })
}

/// An inner packet, whatever is switched on.
struct Inside<'a> {
    kind: Encapsulation,
    dst: Option<[u8; 6]>,
    ip: Option<Ip<'a>>,
    header: usize,
}

fn inside<'a>(outer: &Ip<'a>, before: usize, config: &EncapConfig) -> Option<Inside<'a>> {
    if outer.fragment {
        return None;
    }
    let payload = outer.payload;
    let (kind, protocol, content, before) = if outer.protocol == Some(47) {
        let (flags, protocol) = (payload.word(0)?, payload.word(2)?);
        // Bits 0 (checksum), 2 (key) and 3 (sequence number) may be set; 1, 4 and 5 and the version must not.
        if flags & 0b0100_1100_0000_0111 != 0 {
            return None;
        }
        let options = [15, 13, 12].into_iter().filter(|bit| flags >> bit & 1 == 1).count();
        let header = 4 + 4 * options;
        payload.bytes.get(..header)?;
        let nvgre = protocol == 0x6558 && flags >> 13 & 1 == 1;
        let kind = if nvgre { Encapsulation::Nvgre } else { Encapsulation::Gre };
        (kind, protocol, payload.skip(header), before + header)
    } else {
        let to_port = ports(outer).is_some_and(|p| p[2..] == config.vxlan_port.get().to_be_bytes());
        if outer.protocol != Some(17) || !to_port {
            return None;
        }
        let datagram = match payload.word(4)? {
            0 => payload,
            len => payload.take(len),
        };
        let header = datagram.bytes.get(8..16)?;
        if header[0] / 8 % 2 == 0 {
            return None;
        }
        (Encapsulation::Vxlan, 0x6558, datagram.skip(16), before + 16)
    };
    let (dst, found) = if protocol == 0x6558 {
        let frame = ethernet(content);
        (frame.dst, frame.content)
    } else {
        (None, Some((protocol, content, 0)))
    };
    let Some((protocol, content, link)) = found else {
        return Some(Inside { kind, dst, ip: None, header: before });
    };
    let inner = ip(protocol, content);
    let behind = inner.as_ref().map_or(0, |ip| {
        let transport = match (ports(ip), ip.protocol) {
            (None, _) => 0,
            (_, Some(6)) => {
                ip.payload.bytes.get(12).map_or(20, |offset| usize::from(offset / 16 * 4).max(20))
            }
            _ => 8,
        };
        ip.header + transport
    });
    Some(Inside { kind, dst, ip: inner, header: before + link + behind })
}

fn offload(config: &EncapConfig, kind: Encapsulation) -> EncapOffload {
    if kind == Encapsulation::Vxlan { config.vxlan } else { config.gre }
}

fn covers(mask: IpLayers, outer: &Ip<'_>, inside: &Inside<'_>) -> bool {
    let outer_bit = if outer.v6 { 8 } else { 2 };
    let inner_bit = inside.ip.as_ref().map(|ip| if ip.v6 { 4 } else { 1 });
    mask.bits() & outer_bit != 0 && inner_bit.is_none_or(|bit| mask.bits() & bit != 0)
}

/// What steering has to make of an Ethernet frame, and the address for VMQ. Queue of an entry: entry mod 16.
pub(crate) fn expected(
    frame: &[u8],
    key: &[u8],
    types: HashTypes,
    entries: u32,
    default_queue: QueueId,
    config: &EncapConfig,
) -> (Verdict, Option<[u8; 6]>) {
    let outer_frame = ethernet(Part { bytes: frame, wire: usize::MAX });
    let mut mac = outer_frame.dst;
    let verdict = |hashed: Option<(HashType, Vec<u8>)>, layer| match hashed {
        None => Verdict { hash_type: None, hash: None, entry: None, queue: default_queue, layer },
        Some((hash_type, bytes)) => {
            let hash = bit_by_bit(key, &bytes);
            let entry = u16::try_from(hash % entries).unwrap();
            let (hash_type, hash) = (Some(hash_type), Some(hash));
            Verdict { hash_type, hash, entry: Some(EntryIndex(entry)), queue: QueueId(entry % 16), layer }
        }
    };
    let outer = outer_frame.content.and_then(|(kind, part, link)| Some((ip(kind, part)?, link)));
    let Some((outer, link)) = outer else {
        return (verdict(None, Layer::Plain), mac);
    };
    let inside = inside(&outer, link + outer.header, config)
        .filter(|i| config.kinds.has(i.kind) && i.header <= offload(config, i.kind).max_header);
    if let Some(dst) =
        inside.as_ref().filter(|i| covers(offload(config, i.kind).vmq, &outer, i)).and_then(|i| i.dst)
    {
        mac = Some(dst);
    }
    let verdict = match inside.filter(|i| covers(offload(config, i.kind).rss, &outer, i)) {
        None => verdict(hashed(&outer, types, true, true), Layer::Plain),
        Some(inside) => match inside.ip.and_then(|ip| hashed(&ip, types, true, false)) {
            Some(tuple) => verdict(Some(tuple), Layer::Inner(inside.kind)),
            None => verdict(hashed(&outer, types, false, true), Layer::Outer(inside.kind)),
        },
    };
    (verdict, mac)
}
