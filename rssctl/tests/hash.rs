//! `rssctl hash` against an oracle that shares nothing with it: frames built byte by byte here, their hash input taken
//! from the fields they were built of, and Toeplitz bit by bit.

mod common;

use common::{Folder, command, rssctl};
use rssmgr_core::packet::LinkType;
use rssmgr_host::capture::PcapWriter;
use serde_json::Value;
use std::process::Stdio;

/// Microsoft's test key.
const KEY: [u8; 40] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0,
    0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42,
    0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

/// For each input bit that is set: the 32 key bits that start there.
fn toeplitz(key: &[u8], input: &[u8]) -> u32 {
    let bit = |bytes: &[u8], i: usize| bytes.get(i / 8).map_or(0, |b| u32::from(b >> (7 - i % 8) & 1));
    let mut hash = 0;
    for i in (0..input.len() * 8).filter(|i| bit(input, *i) == 1) {
        hash ^= (0..32).fold(0, |word, k| word << 1 | bit(key, i + k));
    }
    hash
}

fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &kind.to_be_bytes(), payload].concat()
}

fn ipv4(src: [u8; 4], dst: [u8; 4], protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let f = fragment.to_be_bytes();
    let head = [0x45, 0, len[0], len[1], 0, 1, f[0], f[1], 64, protocol, 0, 0];
    ethernet(0x0800, &[&head[..], &src, &dst, payload].concat())
}

fn ports(src: u16, dst: u16) -> Vec<u8> {
    [&src.to_be_bytes()[..], &dst.to_be_bytes(), &[0; 16]].concat()
}

/// A frame with what its line must say: type and hash.
struct Case {
    frame: Vec<u8>,
    kind: &'static str,
    hash: Option<u32>,
}

fn cases() -> Vec<Case> {
    let (a, b) = ([66, 9, 149, 187], [161, 142, 100, 80]);
    let four = |s: u16, d: u16| [&a[..], &b, &s.to_be_bytes(), &d.to_be_bytes()].concat();
    let two = [&a[..], &b].concat();
    let v6: ([u8; 16], [u8; 16]) = ([0x20; 16], [0x3f; 16]);
    let ipv6 = [&[0x60, 0, 0, 0, 0, 20, 6, 64][..], &v6.0, &v6.1, &ports(7, 9)].concat();
    let six = [&v6.0[..], &v6.1, &7_u16.to_be_bytes(), &9_u16.to_be_bytes()].concat();
    vec![
        Case {
            frame: ipv4(a, b, 6, 0, &ports(2794, 1766)),
            kind: "tcp_ipv4",
            hash: Some(toeplitz(&KEY, &four(2794, 1766))),
        },
        Case {
            frame: ipv4(a, b, 17, 0, &ports(53, 5353)),
            kind: "udp_ipv4",
            hash: Some(toeplitz(&KEY, &four(53, 5353))),
        },
        Case { frame: ipv4(a, b, 1, 0, &[8, 0, 0, 0]), kind: "ipv4", hash: Some(toeplitz(&KEY, &two)) },
        // The first fragment has the ports, and yet counts by its addresses.
        Case {
            frame: ipv4(a, b, 17, 0x2000, &ports(53, 5353)),
            kind: "ipv4",
            hash: Some(toeplitz(&KEY, &two)),
        },
        Case { frame: ethernet(0x86dd, &ipv6), kind: "tcp_ipv6", hash: Some(toeplitz(&KEY, &six)) },
        Case { frame: ethernet(0x0806, &[0; 28]), kind: "none", hash: None },
        Case { frame: ethernet(0x0800, &[0x45, 0]), kind: "none", hash: None },
        Case { frame: vec![1, 2, 3], kind: "none", hash: None },
    ]
}

fn capture(cases: &[Case]) -> Vec<u8> {
    let mut writer = PcapWriter::new(Vec::new(), LinkType::Ethernet).unwrap();
    for (i, case) in (0..).zip(cases) {
        writer.write(i, &case.frame, u32::try_from(case.frame.len()).unwrap()).unwrap();
    }
    writer.finish().unwrap()
}

fn lines_of(out: &str) -> Vec<Value> {
    out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn the_oracle_knows_the_official_vector() {
    let input = [66, 9, 149, 187, 161, 142, 100, 80, 0x0a, 0xea, 0x06, 0xe6];
    assert_eq!(toeplitz(&KEY, &input), 0x51cc_c178);
    assert_eq!(toeplitz(&KEY, &input[..8]), 0x323e_8fc2);
}

#[test]
fn one_object_for_every_packet() {
    let folder = Folder::new("hash");
    let cases = cases();
    let file = folder.file("all.pcap", &capture(&cases));
    for (entries, args) in
        [(128, &[][..]), (256, &["--entries", "256"][..]), (100, &["--entries", "100"][..])]
    {
        let said = rssctl(&[&["hash", "--pcap", &file, "-o", "jsonl"][..], args].concat());
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        let got = lines_of(&said.out);
        assert_eq!(got.len(), cases.len());
        for (n, (line, case)) in (1..).zip(got.iter().zip(&cases)) {
            assert_eq!(line["version"], 1);
            assert_eq!(line["packet"], n);
            assert_eq!(line["hash_type"], case.kind, "packet {n}");
            assert_eq!(
                line["hash"],
                case.hash.map_or(Value::Null, |h| format!("{h:08x}").into()),
                "packet {n}"
            );
            assert_eq!(line["entry"], case.hash.map_or(Value::Null, |h| (h % entries).into()), "packet {n}");
        }
    }
    // The same as one document, as YAML, and for people.
    let said = rssctl(&["hash", "--pcap", &file, "-o", "json"]);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&document["version"], document["packets"].as_array().unwrap().len()),
        (&1.into(), cases.len())
    );
    let said = rssctl(&["hash", "--pcap", &file]);
    assert!(said.out.lines().nth(1).unwrap().ends_with("1  tcp_ipv4     51ccc178    120"), "{}", said.out);
    assert_eq!(said.out.lines().count(), cases.len() + 1);
}

/// An Ethernet frame inside of an IPv4 packet: what stands between them, and the outer protocol.
fn carried(protocol: u8, between: &[u8], inner: &[u8]) -> Vec<u8> {
    ipv4([192, 0, 2, 1], [192, 0, 2, 2], protocol, 0, &[between, inner].concat())
}

fn vxlan(port: u16, inner: &[u8]) -> Vec<u8> {
    let len = u16::try_from(16 + inner.len()).unwrap().to_be_bytes();
    let udp = [&40_000_u16.to_be_bytes()[..], &port.to_be_bytes(), &len, &[0, 0]].concat();
    carried(17, &[&udp[..], &[8, 0, 0, 0, 0, 0, 7, 0]].concat(), inner)
}

/// The frame with a VLAN tag.
fn tagged(frame: &[u8]) -> Vec<u8> {
    [&frame[..12], &[0x81, 0, 0, 5], &frame[12..]].concat()
}

#[test]
fn encapsulated_packets_are_hashed_by_the_rules_of_the_table() {
    const NVGRE: [u8; 8] = [0x20, 0, 0x65, 0x58, 0, 0, 1, 0];
    let folder = Folder::new("hash-encapsulation");
    let (a, b) = ([66, 9, 149, 187], [161, 142, 100, 80]);
    let inner = |protocol, fragment| ipv4(a, b, protocol, fragment, &ports(2794, 1766));
    let four = toeplitz(&KEY, &[&a[..], &b, &2794_u16.to_be_bytes(), &1766_u16.to_be_bytes()].concat());
    let outer = toeplitz(&KEY, &[192, 0, 2, 1, 192, 0, 2, 2]);
    let by_ports = |port: u16| {
        let ports = [40_000_u16.to_be_bytes(), port.to_be_bytes()].concat();
        toeplitz(&KEY, &[&[192, 0, 2, 1, 192, 0, 2, 2][..], &ports].concat())
    };
    let plain_gre = [&[0, 0, 0x08, 0][..], &inner(6, 0)[14..]].concat();
    // Frame, type, hash, encapsulation and whether inner: with nvgre and vxlan; the same with nothing.
    type Line = (&'static str, u32, Option<&'static str>, bool);
    let lines: Vec<(Vec<u8>, Line, Line)> = vec![
        (
            carried(47, &NVGRE, &inner(6, 0)),
            ("tcp_ipv4", four, Some("nvgre"), true),
            ("ipv4", outer, None, false),
        ),
        (
            vxlan(4789, &inner(17, 0)),
            ("udp_ipv4", four, Some("vxlan"), true),
            ("udp_ipv4", by_ports(4789), None, false),
        ),
        // VLAN tags outside and inside.
        (
            tagged(&vxlan(4789, &tagged(&inner(6, 0)))),
            ("tcp_ipv4", four, Some("vxlan"), true),
            ("udp_ipv4", by_ports(4789), None, false),
        ),
        // No TCP or UDP behind the inner IP header, and a fragment: the outer addresses.
        (
            vxlan(4789, &inner(1, 0)),
            ("ipv4", outer, Some("vxlan"), false),
            ("udp_ipv4", by_ports(4789), None, false),
        ),
        (
            carried(47, &NVGRE, &inner(6, 0x2000)),
            ("ipv4", outer, Some("nvgre"), false),
            ("ipv4", outer, None, false),
        ),
        // An inner protocol that cannot be parsed.
        (
            vxlan(4789, &ethernet(0x0806, &[0; 28])),
            ("ipv4", outer, Some("vxlan"), false),
            ("udp_ipv4", by_ports(4789), None, false),
        ),
        // Another port, and an encapsulation that is not switched on: as they come.
        (
            vxlan(8472, &inner(6, 0)),
            ("udp_ipv4", by_ports(8472), None, false),
            ("udp_ipv4", by_ports(8472), None, false),
        ),
        (carried(47, &plain_gre, &[]), ("ipv4", outer, None, false), ("ipv4", outer, None, false)),
        (inner(6, 0), ("tcp_ipv4", four, None, false), ("tcp_ipv4", four, None, false)),
    ];
    let frames: Vec<Case> =
        lines.iter().map(|(frame, ..)| Case { frame: frame.clone(), kind: "", hash: None }).collect();
    let file = folder.file("tunnels.pcap", &capture(&frames));
    let check = |args: &[&str], wanted: &dyn Fn(usize) -> Line| {
        let said = rssctl(&[&["hash", "--pcap", &file, "-o", "jsonl"][..], args].concat());
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        for (i, line) in lines_of(&said.out).iter().enumerate() {
            let (kind, hash, encapsulation, inner) = wanted(i);
            let found = (&line["hash_type"], &line["hash"], &line["encapsulation"], &line["inner"]);
            let right = (kind.into(), format!("{hash:08x}").into(), encapsulation.into(), inner.into());
            assert_eq!(found, (&right.0, &right.1, &right.2, &right.3), "packet {} {args:?}", i + 1);
        }
    };
    check(&["--encapsulation", "nvgre,vxlan"], &|i| lines[i].1);
    check(&[], &|i| lines[i].2);
    check(&["--encapsulation", "none"], &|i| lines[i].2);
    check(&["--encapsulation", "vxlan", "--vxlan-port", "8472"], &|i| match i {
        6 => ("tcp_ipv4", four, Some("vxlan"), true),
        _ => lines[i].2,
    });
    check(&["--encapsulation", "gre"], &|i| match i {
        7 => ("tcp_ipv4", four, Some("gre"), true),
        _ => lines[i].2,
    });
    let said = rssctl(&["hash", "--pcap", &file, "--encapsulation", "nvgre,vxlan"]);
    let rows: Vec<&str> = said.out.lines().collect();
    assert!(rows[0].ends_with("ENTRY  ENCAPSULATION"), "{}", said.out);
    assert!(rows[1].ends_with("nvgre inner") && rows[4].ends_with("vxlan outer") && rows[9].ends_with("  -"));
}

#[test]
fn the_key_and_the_types_are_options() {
    let folder = Folder::new("hash-options");
    let cases = cases();
    let file = folder.file("all.pcap", &capture(&cases));
    let key: Vec<u8> = (0..40).collect();
    let hex: Vec<String> = key.iter().map(|b| format!("{b:02x}")).collect();
    let said = rssctl(&[
        "hash",
        "--pcap",
        &file,
        "-o",
        "jsonl",
        "--hash-key",
        &hex.join(":"),
        "--hash-types",
        "ipv4",
    ]);
    let input = [66, 9, 149, 187, 161, 142, 100, 80];
    let got = lines_of(&said.out);
    for line in &got[..4] {
        assert_eq!(
            (&line["hash_type"], &line["hash"]),
            (&"ipv4".into(), &format!("{:08x}", toeplitz(&key, &input)).into())
        );
    }
    assert_eq!(got[4]["hash_type"], "none");
    let said = rssctl(&["hash", "66.9.149.187:2794", "161.142.100.80:1766", "--proto", "udp", "-o", "json"]);
    let one: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&one["hash_type"], &one["hash"]), (&"udp_ipv4".into(), &"51ccc178".into()));
}

#[test]
fn damage_is_named_after_everything_before_it() {
    let folder = Folder::new("damaged");
    let cases = cases();
    let whole = capture(&cases);
    let third = 24 + (16 + cases[0].frame.len()) + (16 + cases[1].frame.len());
    let check = |name: &str, bytes: &[u8], packets: usize, needles: &[&str]| {
        let file = folder.file(name, bytes);
        let said = rssctl(&["hash", "--pcap", &file, "-o", "jsonl"]);
        assert_eq!(said.code, 65, "{name}: {said:?}");
        assert_eq!(lines_of(&said.out).len(), packets, "{name}: {said:?}");
        assert!(said.err.starts_with("rssctl: error: ") && said.err.contains(name), "{name}: {said:?}");
        assert!(needles.iter().all(|n| said.err.contains(n)), "{name}: {said:?}, expected {needles:?}");
        // One document holds what could be read, too.
        let said = rssctl(&["hash", "--pcap", &file, "-o", "json"]);
        assert_eq!(said.code, 65);
        if packets > 0 {
            let document: Value = serde_json::from_str(&said.out).unwrap();
            assert_eq!(document["packets"].as_array().unwrap().len(), packets);
        }
    };
    check("cut.pcap", &whole[..third + 20], 2, &["cut short", &format!("byte {third}"), "packets 1 to 2"]);
    let mut oversized = whole.clone();
    oversized[third + 8..third + 12].copy_from_slice(&u32::MAX.to_ne_bytes());
    check("oversized.pcap", &oversized, 2, &[&format!("byte {third}"), "packets 1 to 2"]);
    check("empty.pcap", &[], 0, &["empty"]);
    check("other.pcap", b"#!/bin/sh\necho no capture\n", 0, &["not a capture"]);
    check("packed.pcap", &[0x1f, 0x8b, 8, 0, 0, 0], 0, &["gzip", "zcat"]);
    let mut strange = whole.clone();
    strange[20..24].copy_from_slice(&127_u32.to_ne_bytes());
    check("radio.pcap", &strange, 0, &["link type 127", "Ethernet (1)"]);
    let said = rssctl(&["hash", "--pcap", folder.0.join("none.pcap").to_str().unwrap()]);
    assert_eq!(said.code, 65, "{said:?}");
    let said = rssctl(&["hash", "--pcap", folder.0.to_str().unwrap()]);
    assert_eq!(said.code, 65, "{said:?}");
    // Cut anywhere: never anything but 0 or 65, never a packet that is not whole.
    for at in 0..whole.len() {
        let file = folder.file("any.pcap", &whole[..at]);
        let mut out = Vec::new();
        let args = ["rssctl", "hash", "--pcap", &file, "-o", "jsonl"].map(Into::into);
        let code = rssctl::run(args, &mut out, &mut std::io::sink());
        assert!(code == 65 || code == 0, "cut at {at}: {code}");
        assert!(lines_of(std::str::from_utf8(&out).unwrap()).len() <= cases.len());
    }
}

#[test]
fn an_interface_that_is_not_understood_does_not_hide_the_others() {
    // pcapng by hand: a section, an Ethernet interface, a radio interface, a packet of each, one more of the first.
    let block = |kind: u32, body: &[u8]| {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let len = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
        [&kind.to_le_bytes()[..], &len, &body, &len].concat()
    };
    let section =
        block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    let interface = |link: u16| block(1, &[&link.to_le_bytes()[..], &[0; 6]].concat());
    let packet = |interface: u32, frame: &[u8]| {
        let len = u32::try_from(frame.len()).unwrap().to_le_bytes();
        block(6, &[&interface.to_le_bytes()[..], &[0; 8], &len, &len, frame].concat())
    };
    let cases = cases();
    let frame = &cases[0].frame;
    let file = [
        section,
        interface(1),
        interface(127),
        packet(0, frame),
        packet(1, frame),
        packet(1, frame),
        packet(0, frame),
    ]
    .concat();
    let folder = Folder::new("mixed");
    let said = rssctl(&["hash", "--pcap", &folder.file("mixed.pcapng", &file), "-o", "jsonl"]);
    assert_eq!(said.code, 65);
    let kinds: Vec<Value> = lines_of(&said.out).iter().map(|l| l["hash_type"].clone()).collect();
    assert_eq!(kinds, ["tcp_ipv4", "none", "none", "tcp_ipv4"]);
    assert_eq!(said.err.matches("link type 127 of packet 2").count(), 1, "{}", said.err);
}

#[test]
fn standard_input_is_a_capture_too() {
    let cases = cases();
    let folder = Folder::new("stdin");
    let file = std::fs::File::open(folder.file("x.pcap", &capture(&cases))).unwrap();
    let out = command(&["hash", "--pcap", "-", "-o", "jsonl"]).stdin(Stdio::from(file)).output().unwrap();
    assert_eq!(lines_of(std::str::from_utf8(&out.stdout).unwrap()).len(), cases.len());
}
