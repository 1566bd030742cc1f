//! The parser against `etherparse`, on valid, damaged and cut Ethernet frames. Where the two differ on purpose, the
//! test says why and checks that nothing but the reason can be at work.

use crate::build::ethernet_packets;
use etherparse::{
    IpNumber, LaxLinkExtSlice, LaxNetSlice, LaxSlicedPacket, TransportSlice, ether_type, ip_number,
};
use proptest::collection::vec;
use proptest::prelude::*;
use rssmgr_core::packet::{Addresses, Headers, LinkType, TransportKind, parse};

fn compare(frame: &[u8]) -> Result<(), TestCaseError> {
    agrees(&parse(frame, LinkType::Ethernet), frame)
}

/// Whether etherparse finds in an Ethernet frame what we found there.
pub(crate) fn agrees(ours: &Headers, frame: &[u8]) -> Result<(), TestCaseError> {
    let Ok(theirs) = LaxSlicedPacket::from_ethernet(frame) else {
        prop_assert_eq!(ours.net, None);
        return Ok(());
    };
    // MACsec: etherparse looks into frames that are only authenticated, an RSS NIC does not.
    if theirs.link_exts.iter().any(|e| matches!(e, LaxLinkExtSlice::Macsec(_))) {
        prop_assert_eq!(ours.net, None);
        return Ok(());
    }
    let vlan = theirs.vlan_ids().first().map(|id| id.value());
    // A tag of which only the id was captured: we report the id.
    let cut_tag = vlan.is_none() && frame.len() < 18;
    prop_assert!(ours.vlan == vlan || cut_tag, "{:?} {:?}", ours.vlan, vlan);
    // etherparse takes at most three tags.
    if theirs.link_exts.is_full() && theirs.net.is_none() {
        return Ok(());
    }

    // In its lax mode etherparse goes by the version field alone; we want the Ethernet type to agree with it.
    let version = match theirs.ether_payload().map(|payload| payload.ether_type) {
        Some(ether_type::IPV4) => Some(4),
        Some(ether_type::IPV6) => Some(6),
        _ => None,
    };
    let theirs_version = match &theirs.net {
        Some(LaxNetSlice::Ipv4(_)) => Some(4),
        Some(LaxNetSlice::Ipv6(_)) => Some(6),
        _ => None,
    };
    if theirs_version.is_some() && theirs_version != version {
        prop_assert_eq!(ours.net, None);
        return Ok(());
    }

    let (addresses, fragment, authenticated_v4) = match &theirs.net {
        None | Some(LaxNetSlice::Arp(_)) => {
            // Options that were not captured whole: the addresses were, and for us they count.
            if let Some(net) = ours.net {
                let header = usize::from(frame[net.start] & 0x0f) * 4;
                prop_assert!(frame[net.start] >> 4 == 4 && frame.len() < net.start + header);
            }
            return Ok(());
        }
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            // A datagram shorter than its own header is no datagram for us; etherparse takes the rest of the frame.
            if (1..header.slice().len()).contains(&usize::from(header.total_len())) {
                prop_assert_eq!(ours.net, None);
                return Ok(());
            }
            let addresses = Addresses::V4 { src: header.source(), dst: header.destination() };
            (addresses, header.is_fragmenting_payload(), header.protocol() == ip_number::AUTH)
        }
        Some(LaxNetSlice::Ipv6(ip)) => {
            let header = ip.header();
            let (src, dst) = (header.source(), header.destination());
            // The mobility addresses are compared with the built packets: etherparse leaves options to its caller.
            let (home, routing) = match ours.net.map(|net| net.addresses) {
                Some(Addresses::V6 { home, routing, .. }) => (home, routing),
                _ => (None, None),
            };
            (Addresses::V6 { src, dst, home, routing }, ip.is_payload_fragmented(), false)
        }
    };
    prop_assert_eq!(ours.net.map(|net| net.addresses), Some(addresses));
    let payload = theirs.net.as_ref().and_then(LaxNetSlice::ip_payload_ref).unwrap();
    // Mobility, host identity and shim6 headers end the walk of etherparse; we skip them.
    let skipped_by_us_only = matches!(addresses, Addresses::V6 { .. })
        && [135, 139, 140].map(IpNumber).contains(&payload.ip_number);
    if skipped_by_us_only {
        return Ok(());
    }
    prop_assert_eq!(ours.net.map(|net| net.fragment), Some(fragment));

    let found = match &theirs.transport {
        Some(TransportSlice::Tcp(tcp)) => {
            Some((TransportKind::Tcp, tcp.source_port(), tcp.destination_port()))
        }
        Some(TransportSlice::Udp(udp)) => {
            Some((TransportKind::Udp, udp.source_port(), udp.destination_port()))
        }
        _ => None,
    };
    let ours = ours.transport.map(|t| (t.kind, t.sport, t.dport));
    if authenticated_v4 {
        // IPv4 has no extension headers: AH is a protocol like any other to an RSS NIC; etherparse looks behind it.
        prop_assert_eq!(ours, None);
    } else if let (Some((kind, sport, dport)), None) = (ours, found) {
        // etherparse wants the whole header with consistent lengths. For us the ports count as soon as they were
        // captured, provided that the datagram has room for the header.
        let bytes = payload.payload;
        prop_assert_eq!(&bytes[..4], &[sport.to_be_bytes(), dport.to_be_bytes()].concat()[..]);
        prop_assert_eq!(payload.ip_number.0, kind.protocol());
        let complete = bytes.len() >= if kind == TransportKind::Tcp { 20 } else { 8 };
        if complete {
            let header = usize::from(bytes[12] >> 4) * 4;
            prop_assert!(kind == TransportKind::Tcp && (header < 20 || header > bytes.len()));
        } else {
            prop_assert!(payload.incomplete);
        }
    } else {
        prop_assert_eq!(ours, found);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn on_valid_frames(built in ethernet_packets()) {
        compare(&built.frame)?;
    }

    #[test]
    fn on_cut_frames(built in ethernet_packets()) {
        for len in 0..built.frame.len() {
            compare(&built.frame[..len])?;
        }
    }

    #[test]
    fn on_damaged_frames(
        built in ethernet_packets(),
        hits in vec((0_usize..120, any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut frame = built.frame;
        for (at, byte) in hits {
            if let Some(target) = frame.get_mut(at) {
                *target = byte;
            }
        }
        compare(&frame)?;
        compare(&frame[..cut.index(frame.len())])?;
    }

    /// Random bytes behind a plausible start, so that they are parsed at all.
    #[test]
    fn on_random_datagrams(v6 in any::<bool>(), ihl in 4_u8..16, body in vec(any::<u8>(), 0..160)) {
        let mut frame = vec![0; 12];
        frame.extend(if v6 { [0x86, 0xdd, 0x60] } else { [0x08, 0x00, 0x40 | ihl] });
        frame.extend(body);
        compare(&frame)?;
    }
}
