//! VMQ by what is inside of a tunnel: the inner address and VLAN where there is an inner Ethernet header, else the outer.

use rssmgr_core::backend::Backend as _;
use rssmgr_core::device::{Filter, Op, VPortOp};
use rssmgr_core::packet::encap::{EncapState, Encapsulations, VxlanPort};
use rssmgr_core::{FilterId, QueueId, VPortId};
use rssmgr_softnic::{SoftNic, SourceSpec, SourceState};

use crate::frames::{TempFile, pcap};
use crate::support::{nic, wait};

const HOST: [u8; 6] = [2, 0, 0, 0, 0, 1];
const GUEST: [u8; 6] = [2, 0, 0, 0, 0, 7];

fn ethernet(dst: [u8; 6], vlan: Option<u8>, kind: [u8; 2], payload: &[u8]) -> Vec<u8> {
    let tag = vlan.map(|id| vec![0x81, 0, 0, id]).unwrap_or_default();
    [&dst[..], &[2, 0, 0, 0, 0, 9], &tag, &kind, payload].concat()
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let head = [0x45, 0, len[0], len[1], 0, 1, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&head[..], payload].concat()
}

fn tcp() -> Vec<u8> {
    ipv4(6, &[&[0x10, 0, 0, 80][..], &[0; 8], &[0x50, 0x10, 0, 0, 0, 0, 0, 0]].concat())
}

/// In a VXLAN tunnel to the host.
fn vxlan(inner: &[u8]) -> Vec<u8> {
    let len = u16::try_from(16 + inner.len()).unwrap().to_be_bytes();
    let udp = [0xc0, 0, 0x12, 0xb5, len[0], len[1], 0, 0, 8, 0, 0, 0, 0, 0, 1, 0];
    ethernet(HOST, None, [8, 0], &ipv4(17, &[&udp[..], inner].concat()))
}

/// In a GRE tunnel to the host, without an inner Ethernet header.
fn gre(inner: &[u8]) -> Vec<u8> {
    ethernet(HOST, None, [8, 0], &ipv4(47, &[&[0, 0, 8, 0][..], inner].concat()))
}

fn vports(nic: &mut SoftNic, frames: &[Vec<u8>]) -> Vec<u32> {
    let file = TempFile::new(&pcap(frames));
    let tap = nic.tap(frames.len());
    let source = format!("pcap:{},loop=once,pace=max", file.path().display());
    nic.set_source(SourceSpec::parse(&source).unwrap()).unwrap();
    wait("the capture ends", || nic.source_state() == SourceState::Finished);
    let mut handled = Vec::new();
    wait("all are handled", || {
        handled.extend(std::iter::from_fn(|| tap.next_packet()));
        handled.len() == frames.len()
    });
    handled.sort_by_key(|packet| packet.number);
    handled.iter().map(|packet| packet.vport.0).collect()
}

#[test]
fn the_inner_address_decides_where_there_is_one() {
    let mut nic = nic("queues=4 entries=16 topology=2x8x2");
    let filter = |id, mac, vlan| Filter { id: FilterId(id), mac: Some(mac), vlan };
    let port = |id, queue, filters| {
        [VPortOp::Create { queues: vec![QueueId(queue)] }, VPortOp::Filters(filters)]
            .map(|op| Op::VPort { id: VPortId(id), op })
    };
    nic.execute(&Op::WriteTable(vec![QueueId(0); 16])).unwrap();
    for op in port(1, 1, vec![filter(1, HOST, None)])
        .into_iter()
        .chain(port(2, 2, vec![filter(2, GUEST, None)]))
        .chain(port(3, 3, vec![filter(3, GUEST, Some(5))]))
    {
        nic.execute(&op).unwrap_or_else(|e| panic!("{op}: {e}"));
    }
    let frames = [
        vxlan(&ethernet(GUEST, None, [8, 0], &tcp())),
        vxlan(&ethernet(GUEST, Some(5), [8, 0], &tcp())),
        // The inner protocol cannot be parsed, and yet there is an inner Ethernet header.
        vxlan(&ethernet(GUEST, None, [0x08, 0x06], &[0; 28])),
        gre(&tcp()),
        ethernet(GUEST, None, [8, 0], &tcp()),
        ethernet([2, 0, 0, 0, 0, 3], None, [8, 0], &tcp()),
    ];
    assert_eq!(vports(&mut nic, &frames), [1, 1, 1, 1, 2, 0], "off: the outer address of each");
    let on =
        |kinds| EncapState { kinds: Encapsulations::parse(kinds).unwrap(), vxlan_port: VxlanPort::default() };
    nic.execute(&Op::Encapsulation(on("all"))).unwrap();
    assert_eq!(vports(&mut nic, &frames), [2, 3, 2, 1, 2, 0]);
    // The default VPort does not spread any more, and packets are still told apart.
    nic.execute(&Op::Disable).unwrap();
    assert_eq!(vports(&mut nic, &frames), [2, 3, 2, 1, 2, 0]);
    nic.execute(&Op::Encapsulation(on("gre"))).unwrap();
    assert_eq!(vports(&mut nic, &frames), [1, 1, 1, 1, 2, 0]);
}
