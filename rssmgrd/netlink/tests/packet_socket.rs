//! Packet sockets on real interfaces, each test in a network namespace of its own.

mod common;

use common::{PATIENCE, eventually, in_namespace, ip, skipped};
use rssmgr_netlink::packet_socket::{
    BUFFER_BYTES, Counts, Frame, HEADROOM, Options, PacketError, PacketSocket, wait_for_any,
};
use rustix::thread::CapabilitySet;
use std::process::Command;
use std::time::Duration;

const SOURCE: [u8; 6] = [0x02, 0x52, 0x53, 0x53, 0x00, 0x01];
const BROADCAST: [u8; 6] = [0xff; 6];
/// IEEE 802 local experimental EtherType 1.
const EXPERIMENTAL: [u8; 2] = [0x88, 0xb5];

/// Two interfaces with a cable between them: `left` and `right`, silent and up.
fn cable() {
    ip("link add name left type veth peer name right");
    for end in ["left", "right"] {
        ip(&format!("link set {end} addrgenmode none up"));
    }
    connect("left", "right");
    connect("right", "left");
}

/// Sends probes until one arrives. The kernel starts an interface's transmit queue some time after the carrier is
/// there, and drops frames until then without a word.
fn connect(from: &str, to: &str) {
    const PROBE: [u8; 6] = [0x02, 0x52, 0x53, 0x53, 0x00, 0xff];
    let (sender, receiver) = (open(from), open(to));
    let probe = [&BROADCAST[..], &PROBE, &EXPERIMENTAL, &[0; 46]].concat();
    let mut buffer = vec![0; BUFFER_BYTES];
    eventually("a probe arrives", || {
        sender.send(&probe).unwrap();
        receiver.wait(Duration::from_millis(5)).unwrap()
            && receiver.recv(&mut buffer).unwrap().is_some_and(|f| f.bytes(&buffer)[6..12] == PROBE)
    });
}

fn open(ifname: &str) -> PacketSocket {
    PacketSocket::open(ifname, &Options::default()).unwrap()
}

/// A frame from [`SOURCE`] with `tags` between the addresses and the EtherType and a payload that differs by `seed`.
fn frame(tags: &[[u8; 4]], payload: usize, seed: u8) -> Vec<u8> {
    let mut frame = [BROADCAST, SOURCE].concat();
    frame.extend(tags.iter().flatten());
    frame.extend(EXPERIMENTAL);
    frame.extend((0..payload).map(|i| u8::try_from(i % 251).unwrap() ^ seed));
    frame
}

/// The next frame from [`SOURCE`].
fn next(socket: &PacketSocket, buffer: &mut [u8]) -> Frame {
    while socket.wait(PATIENCE).unwrap() {
        if let Some(frame) = socket.recv(buffer).unwrap()
            && frame.bytes(buffer)[6..12] == SOURCE
        {
            return frame;
        }
    }
    panic!("no frame within {PATIENCE:?}");
}

#[test]
fn frames_arrive_as_they_were_sent() {
    in_namespace("frames_arrive_as_they_were_sent", || {
        cable();
        let (sender, receiver, bystander) = (open("left"), open("right"), open("left"));
        assert_eq!((receiver.ifname(), receiver.ifindex() > 0), ("right", true));
        let tag = |tpid: u16, tci: u16| {
            let ([a, b], [c, d]) = (tpid.to_be_bytes(), tci.to_be_bytes());
            [a, b, c, d]
        };
        let q = 0x8100;
        let ad = 0x88a8;
        let mut buffer = vec![0; BUFFER_BYTES];
        for (seed, (tags, payload)) in [
            (vec![], 46),
            (vec![], 1500),
            (vec![], 0),
            (vec![tag(q, 5)], 46),
            (vec![tag(q, 0)], 100),
            (vec![tag(q, 0xefff)], 1496),
            (vec![tag(ad, 100)], 64),
            (vec![tag(ad, 100), tag(q, 200)], 64),
            (vec![tag(q, 1), tag(q, 2), tag(q, 3)], 64),
        ]
        .into_iter()
        .enumerate()
        {
            let sent = frame(&tags, payload, u8::try_from(seed).unwrap());
            sender.send(&sent).unwrap();
            let got = next(&receiver, &mut buffer);
            assert_eq!(got.bytes(&buffer), sent, "tags {tags:x?}, payload {payload}");
            assert_eq!(got.original_len, sent.len());
            assert!(!got.outgoing);
            // This kernel path (receive on a veth) takes the outermost tag out; the test is worth something only so.
            assert_eq!(got.vlan_restored, !tags.is_empty(), "tags {tags:x?}");
            let seen = next(&bystander, &mut buffer);
            assert_eq!(seen.bytes(&buffer), sent);
            assert!(seen.outgoing);
        }
        assert_eq!(receiver.recv(&mut buffer), Ok(None));
        assert_eq!(receiver.wait(Duration::ZERO), Ok(false));
        let other = open("right");
        assert_eq!(wait_for_any([&other, &receiver], Duration::ZERO), Ok(false));
        sender.send(&frame(&[], 46, 0)).unwrap();
        assert_eq!(wait_for_any([&other, &receiver], PATIENCE), Ok(true));
        next(&other, &mut buffer);
        assert_eq!(wait_for_any([&other, &receiver], Duration::ZERO), Ok(true), "one of them is enough");
        next(&receiver, &mut buffer);
        assert_eq!(wait_for_any([&other, &receiver], Duration::ZERO), Ok(false));
        assert_eq!(wait_for_any([], PATIENCE), Ok(false));
    });
}

#[test]
fn tags_of_a_vlan_interface_are_seen_on_both_ends() {
    in_namespace("tags_of_a_vlan_interface_are_seen_on_both_ends", || {
        cable();
        if !Command::new("ip")
            .args("link add link left name left.7 type vlan id 7".split(' '))
            .output()
            .unwrap()
            .status
            .success()
        {
            return skipped(
                "tags_of_a_vlan_interface_are_seen_on_both_ends",
                "this kernel has no VLAN interfaces",
            );
        }
        ip("link set left.7 addrgenmode none up");
        connect("left.7", "right");
        let (sender, near, far) = (open("left.7"), open("left"), open("right"));
        sender.send(&frame(&[], 60, 9)).unwrap();
        let mut buffer = vec![0; BUFFER_BYTES];
        for (end, outgoing) in [(&near, true), (&far, false)] {
            let got = next(end, &mut buffer);
            assert_eq!(got.bytes(&buffer), frame(&[[0x81, 0, 0, 7]], 60, 9), "{}", end.ifname());
            assert_eq!((got.outgoing, got.vlan_restored), (outgoing, true));
        }
    });
}

#[test]
fn a_short_buffer_cuts_the_frame_and_says_so() {
    in_namespace("a_short_buffer_cuts_the_frame_and_says_so", || {
        cable();
        let (sender, receiver) = (open("left"), open("right"));
        for tags in [&[][..], &[[0x81, 0, 0, 5]]] {
            let sent = frame(tags, 500, 3);
            sender.send(&sent).unwrap();
            let mut buffer = [0xee; HEADROOM + 100];
            let got = next(&receiver, &mut buffer);
            assert_eq!(got.len, if tags.is_empty() { 100 } else { 104 });
            assert_eq!(got.bytes(&buffer), &sent[..got.len]);
            assert_eq!(got.original_len, sent.len());
        }
        let mut tiny = [0; HEADROOM + 13];
        assert_eq!(receiver.recv(&mut tiny), Err(PacketError::Buffer { got: 17, want: 18 }));
    });
}

#[test]
fn lost_frames_are_counted_once() {
    in_namespace("lost_frames_are_counted_once", || {
        cable();
        let sender = open("left");
        let receiver = PacketSocket::open("right", &Options::default().receive_buffer(16 * 1024)).unwrap();
        // Many more than the buffer holds, and fewer than the backlog between the two interfaces (1000).
        let sent = 400_u32;
        for _ in 0..sent {
            sender.send(&frame(&[], 1000, 0)).unwrap();
        }
        let mut counts = Counts::default();
        eventually("all frames are counted", || {
            let more = receiver.take_counts().unwrap();
            counts.packets += more.packets;
            counts.drops += more.drops;
            counts.packets >= sent
        });
        assert_eq!(counts.packets, sent, "each is counted once, since taking the counts clears them");
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut received = 0_u32;
        while receiver.recv(&mut buffer).unwrap().is_some() {
            received += 1;
        }
        assert_eq!(counts.packets - counts.drops, received);
        assert!(counts.drops > 0 && received > 0, "{counts:?}");
        assert_eq!(receiver.take_counts(), Ok(Counts::default()));
    });
}

#[test]
fn promiscuous_only_when_asked_and_only_while_open() {
    in_namespace("promiscuous_only_when_asked_and_only_while_open", || {
        cable();
        let promiscuity = |n| ip("-d -o link show right").contains(&format!("promiscuity {n} "));
        let _plain = open("right");
        assert!(promiscuity(0));
        let asked = PacketSocket::open("right", &Options::default().promiscuous(true)).unwrap();
        assert!(promiscuity(1));
        drop(asked);
        // What another test starts at this moment has all files open until it is executed.
        eventually("promiscuous no more", || promiscuity(0));
    });
}

#[test]
fn link_down_is_told_and_survived_and_removal_is_told() {
    in_namespace("link_down_is_told_and_survived_and_removal_is_told", || {
        cable();
        let (sender, receiver) = (open("left"), open("right"));
        let mut buffer = vec![0; BUFFER_BYTES];
        let down = |name: &str| PacketError::Down { ifname: name.into() };
        let gone = |name: &str| PacketError::Gone { ifname: name.into() };

        ip("link set right down");
        assert!(receiver.wait(PATIENCE).unwrap(), "the error wakes the reader");
        assert_eq!(receiver.recv(&mut buffer), Err(down("right")));
        assert_eq!(receiver.recv(&mut buffer), Ok(None), "told once");
        let refused = PacketSocket::open("right", &Options::default()).unwrap_err();
        assert_eq!(refused, down("right"));
        assert!(refused.to_string().contains("ip link set right up"));

        ip("link set right up");
        connect("left", "right");
        sender.send(&frame(&[], 60, 1)).unwrap();
        assert_eq!(next(&receiver, &mut buffer).bytes(&buffer), frame(&[], 60, 1));

        ip("link del right");
        assert_eq!(receiver.recv(&mut buffer), Err(gone("right")));
        // The other end of the cable went with it; its first error is the pending one of the removal.
        assert_eq!(sender.recv(&mut buffer), Err(gone("left")));
        assert_eq!(sender.send(&frame(&[], 60, 1)), Err(gone("left")));
    });
}

#[test]
fn what_cannot_be_sent_is_refused() {
    in_namespace("what_cannot_be_sent_is_refused", || {
        cable();
        let sender = open("left");
        for bytes in [0, 13, 20_000] {
            let refused = sender.send(&vec![0xff; bytes]).unwrap_err();
            assert_eq!(refused, PacketError::FrameLength { ifname: "left".into(), got: bytes, min: 14 });
        }
    });
}

#[test]
fn interfaces_that_do_not_exist_or_are_not_ethernet() {
    in_namespace("interfaces_that_do_not_exist_or_are_not_ethernet", || {
        for name in ["eth9", "", "a-name-that-is-longer-than-any", "a/b", "..", "nul\0"] {
            let refused = PacketSocket::open(name, &Options::default()).unwrap_err();
            assert_eq!(refused, PacketError::NoInterface { ifname: name.into() });
        }
        ip("link set lo up");
        open("lo");
        if !Command::new("ip")
            .args("tuntap add dev layer3 mode tun".split(' '))
            .output()
            .unwrap()
            .status
            .success()
        {
            return skipped("part of interfaces_that_do_not_exist_or_are_not_ethernet", "no tun device here");
        }
        ip("link set layer3 up");
        let refused = PacketSocket::open("layer3", &Options::default()).unwrap_err();
        assert!(matches!(refused, PacketError::NotEthernet { hardware_type: 0xfffe, .. }), "{refused:?}");
    });
}

#[test]
fn without_the_capability_the_remedy_is_named() {
    in_namespace("without_the_capability_the_remedy_is_named", || {
        cable();
        open("left");
        // The capabilities of this thread only, which ends with the test.
        let mut sets = rustix::thread::capabilities(None).unwrap();
        sets.effective.remove(CapabilitySet::NET_RAW);
        rustix::thread::set_capabilities(None, sets).unwrap();
        let refused = PacketSocket::open("left", &Options::default()).unwrap_err();
        assert_eq!(refused, PacketError::NotPermitted { ifname: "left".into() });
        let message = refused.to_string();
        for word in ["`left`", "CAP_NET_RAW", "root", "setcap", "AmbientCapabilities"] {
            assert!(message.contains(word), "{message}");
        }
    });
}
