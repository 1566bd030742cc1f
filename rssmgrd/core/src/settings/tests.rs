//! Settings: wrong values, parts of processors, layers, and the round trip of a patch.

use super::*;
use proptest::prelude::*;

fn patch(pairs: &[(&str, Raw)]) -> Result<SettingsPatch, FieldError> {
    let mut p = SettingsPatch::default();
    for (k, v) in pairs {
        p.set(Field::from_key(k).ok_or_else(|| FieldError::unknown(k))?, v)?;
    }
    Ok(p)
}

#[test]
fn wrong_kinds_and_ranges_name_field_value_and_remedy() {
    for (key, raw, needle) in [
        ("queues", Raw::Int(0), "queues: `0` is not in 1 to 1024; allowed: 1 to 1024, windows"),
        ("queues", Raw::Int(-3), "queues: `-3` is not a whole number"),
        ("queues", Raw::Bool(true), "queues: `true` is a boolean"),
        ("queues", Raw::List(std::vec!["8".into()]), "queues: `8` is a list"),
        ("enabled", Raw::Int(1), "enabled: `1` is a number"),
        ("enabled", Raw::from("maybe"), "enabled: `maybe` is neither; allowed: true or false"),
        ("profile", Raw::from("Numastatik"), "profile: `Numastatik` is no profile; allowed: Closest,"),
        ("base_processor", Raw::from("0:64"), "inside a group the number is 0 to 63"),
        ("base_processor", Raw::from(":64"), "has a number that is not in 0 to 63"),
        ("max_processor", Raw::from("128:"), "has a group that is not in 0 to 127"),
        ("max_processors", Raw::from("eight"), "is not a whole number"),
        ("numa_node", Raw::Int(65536), "is not in 0 to 65535"),
        ("hash_types", Raw::from("tcp_ipv4,udp_ipv4"), "add ipv4"),
        ("hash_key", Raw::from("xyz"), "not a hexadecimal digit"),
        ("smt", Raw::from("on"), "allowed: skip"),
        ("xps", Raw::Bool(true), "xps: `true` is a boolean; allowed: cpus"),
        ("xps", Raw::from("on"), "xps: `on` is none of them; allowed: cpus"),
        ("rps", Raw::Int(1), "rps: `1` is a number; allowed: true or false"),
        ("exclude_cpus", Raw::from("3-1"), "is no CPU list"),
        ("drift", Raw::from("fight"), "is no policy; allowed: reassert"),
    ] {
        let e = patch(&[(key, raw)]).expect_err(key).to_string();
        assert!(e.contains(needle), "{key}: {e}");
    }
}

#[test]
fn parts_of_processors_merge() {
    let mut saved = patch(&[("base_processor", Raw::from("1:2"))]).unwrap();
    saved.merge(&patch(&[("base_processor", Raw::from(":3"))]).unwrap());
    let s = Settings::layered(&[Layer::of(saved, ManualTable::new(), Origin::Saved)]);
    assert_eq!(s.base_processor.value, Auto::Is(Processor { group: 1, number: 3 }));
    let max = patch(&[("max_processor", Raw::from("1:"))]).unwrap();
    let s = Settings::layered(&[Layer::of(max, ManualTable::new(), Origin::Runtime)]);
    assert_eq!(s.max_processor.value, Auto::Is(Processor { group: 1, number: 63 }));
    assert_eq!(s.max_processor.origin, Origin::Runtime);
}

#[test]
fn stronger_layers_win_field_by_field() {
    let config = patch(&[("queues", Raw::Int(4)), ("profile", Raw::from("2"))]).unwrap();
    let saved = patch(&[("queues", Raw::from("auto"))]).unwrap();
    let file = Origin::Config { file: "a.toml".into(), line: 3 };
    let s = Settings::layered(&[
        Layer::of(config, ManualTable::new(), file.clone()),
        Layer::of(saved, ManualTable::new(), Origin::Saved),
    ]);
    assert_eq!((s.queues.value, s.queues.origin), (Queues::Auto, Origin::Saved));
    assert_eq!((s.profile.value, s.profile.origin), (Profile::ClosestStatic, file));
    assert!(s.enabled.value);
}

/// Design: "only when asked (`rps = true` or `set` named this adapter)". A configuration file matches many adapters and
/// names none; an explicit `false` is an answer.
#[test]
fn packet_steering_is_asked_for_or_named() {
    let file = Origin::Config { file: "a.toml".into(), line: 3 };
    let steering = |set: &[(&str, Raw)], origin: Origin| {
        let layer = Layer::of(patch(set).unwrap(), ManualTable::new(), origin);
        Settings::layered(&[layer]).packet_steering()
    };
    let closest = || ("profile", Raw::from("Closest"));
    let rps = |on| ("rps", Raw::Bool(on));
    assert_eq!(steering(&[], Origin::Saved), PacketSteering::Off);
    assert_eq!(steering(&[closest()], file.clone()), PacketSteering::Off);
    assert_eq!(steering(&[rps(true)], file), PacketSteering::Asked);
    assert_eq!(steering(&[closest()], Origin::Saved), PacketSteering::Named);
    assert_eq!(steering(&[closest()], Origin::Runtime), PacketSteering::Named);
    assert_eq!(steering(&[closest(), rps(false)], Origin::Saved), PacketSteering::Off);
    assert_eq!(steering(&[closest(), rps(true)], Origin::Runtime), PacketSteering::Asked);
}

proptest! {
    #[test]
    fn what_get_gives_set_takes(
        enabled in proptest::option::of(any::<bool>()),
        base in proptest::option::of(0u32..8192),
        queues in proptest::option::of(1u16..1024),
        node in proptest::option::of(0u32..2000),
        types in proptest::option::of(any::<u32>()),
        exclude in proptest::collection::vec(0u32..300, 0..20),
        inside in proptest::option::of(proptest::sample::select(std::vec!["none", "all", "nvgre,vxlan", "+gre,-vxlan"])),
        port in proptest::option::of(any::<u16>()),
        steering in (
            proptest::option::of(proptest::sample::select(std::vec![Xps::Cpus, Xps::Rxqs, Xps::Off])),
            proptest::option::of(any::<bool>()),
        ),
    ) {
        let types = types.and_then(|t| HashTypes::from_bits(t & HashTypes::ALL.bits()))
            .and_then(|t| t.check().ok());
        let p = SettingsPatch {
            enabled,
            base_processor: base.map(|c| Auto::Is(Processor::from(crate::CpuId(c)).into())),
            queues: queues.map(Queues::Count),
            numa_node: node.map(|n| Auto::Is(NodeId(n))),
            hash_types: types.map(Auto::Is),
            encapsulation: inside.map(|text| EncapPatch::parse(text).unwrap()),
            vxlan_port: port.and_then(|port| VxlanPort::new(port).ok()),
            exclude_cpus: Some(exclude.into_iter().map(crate::CpuId).collect()),
            xps: steering.0,
            rps: steering.1,
            hash_key: Some(KeySetting::Random(Some(HashKey::microsoft()))),
            drift: Some(Policy::Adopt),
            ..SettingsPatch::default()
        };
        let mut back = SettingsPatch::default();
        for (f, raw) in p.iter() {
            back.set(f, &raw).unwrap();
        }
        prop_assert_eq!(back, p);
    }

    #[test]
    fn no_text_panics(i in 0usize..crate::field::FIELDS.len(), text in ".{0,40}") {
        let field = crate::field::FIELDS[i].field;
        let mut p = SettingsPatch::default();
        if let Err(e) = p.set(field, &Raw::Text(text)) {
            prop_assert!(e.to_string().contains(field.key()));
            prop_assert!(p.is_empty(), "half a patch after an error");
        }
    }
}
