//! Specifications as text: read, written, refused.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rssmgr_core::NodeId;
use rssmgr_core::hash::HashKey;
use rssmgr_softnic::{
    CaptureSpec, InterfaceSpec, Loss, Pace, Rate, Rounds, Sizes, SoftNic, SoftnicSpec, SourceSpec,
    SyntheticSpec, TopologySpec,
};

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn error(pairs: &[(&str, &str)]) -> String {
    SoftnicSpec::parse("nic0", &map(pairs)).expect_err("refused").to_string()
}

#[test]
fn defaults() {
    let spec = SoftnicSpec::new("nic0").unwrap();
    assert_eq!(
        (spec.queues, spec.max_queues, spec.entries, spec.ring, spec.vports, spec.speed),
        (8, 8, 128, 1024, 8, 10_000)
    );
    assert_eq!((spec.topology, spec.node, spec.source), (TopologySpec::Host, None, SourceSpec::None));
    let few = SoftnicSpec::parse("nic0", &map(&[("max_queues", "2")])).unwrap();
    assert_eq!((few.queues, few.max_queues), (2, 2));
    let SourceSpec::Synthetic(gentle) = SourceSpec::parse("synthetic").unwrap() else { panic!() };
    assert_eq!(gentle.rate, Rate::PerSecond(20_000));
}

/// Each error names the key, the value, and what may be written.
#[test]
fn errors_say_what_to_write() {
    for (key, value, words) in [
        ("queues", "0", &["queues", "`0`", "1 to 256"][..]),
        ("queues", "257", &["1 to 256"]),
        ("queues", "eight", &["`eight`"]),
        ("queues", "", &["``"]),
        ("queues", "-1", &["`-1`"]),
        ("max_queues", "1000", &["max_queues", "1 to 256"]),
        ("entries", "100", &["entries", "power of two", "32768"]),
        ("entries", "65536", &["32768"]),
        ("ring", "0", &["ring", "1 to 65536"]),
        ("ring", "99999999999999999999", &["65536"]),
        ("vports", "0", &["vports", "1 to 64"]),
        ("vports", "65", &["1 to 64"]),
        ("speed", "10G", &["speed", "`10G`"]),
        ("node", "x", &["node", "NUMA", "`none`"]),
        ("topology", "moon", &["topology", "`moon`", "2x8x2", "host"]),
        ("topology", "path:", &["path:DIR"]),
        ("topology", "2x0x2", &["2x0x2"]),
        ("qeues", "8", &["qeues", "did you mean `queues`?"]),
        ("colour", "red", &["colour", "it has queues, max_queues"]),
        ("source", "pacp:x", &["source", "`pacp:x`", "pcap:FILE"]),
        ("source", "pcap:", &["source pcap", "file"]),
        ("source", "pcap:x,lop=once", &["lop", "did you mean `loop`?"]),
        ("source", "pcap:x,loop=0", &["loop", "`0`", "once"]),
        ("source", "pcap:x,pace=fast", &["pace", "`fast`", "real"]),
        ("source", "pcap:x,once", &["`once`", "KEY=VALUE"]),
        ("source", "interface:a/b", &["interface", "`a/b`"]),
        ("source", "interface:sixteen-chars-xx", &["1 to 15"]),
        ("source", "none:x=1", &["source none", "`x`"]),
        ("source", "synthetic:flows=0", &["flows", "`0`", "1 to 65536"]),
        ("source", "synthetic:zipf=-1", &["zipf", "0 to 5"]),
        ("source", "synthetic:zipf=nan", &["zipf"]),
        ("source", "synthetic:rate=fast", &["rate", "`fast`", "20k", "max"]),
        ("source", "synthetic:rate=1,rate=2", &["rate", "twice"]),
        ("source", "synthetic:tcp=0,udp=0,other=0", &["other", "something must be sent"]),
        ("source", "synthetic:ipv6=101", &["ipv6", "0 to 100"]),
        ("source", "synthetic:multicast=60,forwarded=50", &["forwarded", "0 to 40"]),
        ("source", "synthetic:size=63", &["size", "64 to 9216"]),
        ("source", "synthetic:size=1500-64", &["size"]),
        ("source", "synthetic:seed=0x1", &["seed"]),
        ("source", "synthetic:loss=some", &["loss", "lossless", "drop"]),
        ("source", "synthetic:flow=1", &["did you mean `flows`?"]),
        ("source", "synthetic:,", &["source synthetic", "KEY=VALUE"]),
        ("source", "synthetic:flows=1,", &["KEY=VALUE"]),
    ] {
        let message = error(&[(key, value)]);
        for word in words {
            assert!(message.contains(word), "{key}={value}: `{message}` lacks `{word}`");
        }
    }
    assert!(error(&[("queues", "8"), ("max_queues", "4")]).contains("1 to 4"));
    let long = error(&[("queues", &"9".repeat(100_000))]);
    assert!(long.len() < 300, "a long value is shortened");
}

#[test]
fn names() {
    for good in ["nic0", "a", "A.b_c-9", "fifteen-chars.x"] {
        assert!(SoftnicSpec::new(good).is_ok(), "{good}");
    }
    for bad in ["", ".", "..", "all", "sixteen-chars.xy", "a b", "a/b", "nic\n", "ä", "*", "-x", "--queues"]
    {
        let message = SoftnicSpec::new(bad).expect_err(bad).to_string();
        assert!(message.contains("1 to 15 characters"), "{message}");
    }
}

/// What fits the specification but not the machine.
#[test]
fn creation_checks_the_machine() {
    let spec = |pairs| SoftnicSpec::parse("nic0", &map(pairs)).unwrap();
    let fails = |spec, key| SoftNic::create(spec, key).expect_err("refused").to_string();
    let message = fails(spec(&[("topology", "2x2x1"), ("node", "2")]), HashKey::microsoft());
    assert!(message.contains("node 2") && message.contains("0, 1"), "{message}");
    let message = fails(spec(&[("topology", "2x2x1")]), HashKey::symmetric(52));
    assert!(message.contains("52") && message.contains("40"), "{message}");
    let message = fails(spec(&[("topology", "path:/nonexistent")]), HashKey::microsoft());
    assert!(message.contains("/nonexistent"), "{message}");
}

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![Just(Loss::Lossless), Just(Loss::Drop)]
}

fn rate() -> impl Strategy<Value = Rate> {
    let exact = 1..=Rate::HIGHEST;
    let round = (1..=100_u32).prop_map(|m| m * 1_000_000);
    prop_oneof![Just(Rate::Max), exact.prop_map(Rate::PerSecond), round.prop_map(Rate::PerSecond)]
}

fn synthetic() -> impl Strategy<Value = SyntheticSpec> {
    let size = prop_oneof![
        Just(Sizes::Imix),
        (Sizes::SMALLEST..=Sizes::LARGEST)
            .prop_flat_map(|least| (Just(least), least..=Sizes::LARGEST))
            .prop_map(|(least, most)| Sizes::Range(least, most)),
    ];
    let tunnels = (0..=40_u8, 0..=30_u8, 0..=30_u8, 0..=90_u8);
    let shares = (1..=100_u8, 0..=100_u8, 0..=100_u8, 0..=100_u8, 0..=50_u8, 0..=50_u8);
    (1..=SyntheticSpec::MOST_FLOWS, 0.0..=5.0, rate(), shares, tunnels, size, any::<u64>(), loss()).prop_map(
        |(flows, zipf, rate, (tcp, udp, other, ipv6, multicast, forwarded), tunnels, size, seed, loss)| {
            let (nvgre, gre, vxlan, sent) = tunnels;
            SyntheticSpec {
                flows,
                zipf,
                rate,
                tcp,
                udp,
                other,
                ipv6,
                multicast,
                forwarded,
                nvgre,
                gre,
                vxlan,
                sent,
                size,
                seed,
                loss,
            }
        },
    )
}

fn source() -> impl Strategy<Value = SourceSpec> {
    let rounds = prop_oneof![Just(Rounds::Forever), (1..=u32::MAX).prop_map(Rounds::Times)];
    let pace = prop_oneof![Just(Pace::Real), rate().prop_map(Pace::Rate)];
    let capture = (".{1,40}", rounds, pace, loss()).prop_map(|(file, rounds, pace, loss)| CaptureSpec {
        file,
        rounds,
        pace,
        loss,
    });
    prop_oneof![
        Just(SourceSpec::None),
        synthetic().prop_map(SourceSpec::Synthetic),
        capture.prop_map(SourceSpec::Pcap),
        "[a-z][a-z0-9.@_-]{0,14}".prop_map(|name| SourceSpec::Interface(InterfaceSpec { name })),
    ]
}

fn spec() -> impl Strategy<Value = SoftnicSpec> {
    let topology = prop_oneof![
        Just(TopologySpec::Host),
        (1..=8_u32, 1..=16_u32, 1..=2_u32)
            .prop_map(|(n, c, t)| TopologySpec::Pretended(format!("{n}x{c}x{t}"))),
        "/[^\0]{0,40}".prop_map(TopologySpec::Recorded),
    ];
    let queues = (1..=SoftnicSpec::MOST_QUEUES).prop_flat_map(|most| (1..=most, Just(most)));
    let node = prop::option::of(any::<u32>().prop_map(NodeId));
    let ring = 1..=SoftnicSpec::LONGEST_RING;
    let vports = 1..=SoftnicSpec::MOST_VPORTS;
    let speed = 1..=SoftnicSpec::FASTEST;
    (queues, 0..=15_u32, topology, node, ring, source(), vports, speed).prop_map(
        |((queues, max_queues), power, topology, node, ring, source, vports, speed)| SoftnicSpec {
            name: "nic0".to_owned(),
            queues,
            max_queues,
            entries: 1 << power,
            topology,
            node,
            ring,
            source,
            vports,
            speed,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back(spec in spec()) {
        let read = SoftnicSpec::parse(&spec.name, &spec.to_map()).unwrap();
        prop_assert_eq!(&read, &spec);
        let keys: Vec<_> = spec.to_map().into_keys().collect();
        let mut known = SoftnicSpec::KEYS.to_vec();
        known.sort_unstable();
        prop_assert_eq!(keys, known);
    }

    /// Whatever is typed, there is an answer.
    #[test]
    fn any_text_is_answered(text in ".*", kind in "(synthetic|pcap|interface|none):") {
        let _ = SourceSpec::parse(&text);
        let _ = SourceSpec::parse(&format!("{kind}{text}"));
        let _ = TopologySpec::parse(&text);
        let _ = SoftnicSpec::new(&text);
    }
}
