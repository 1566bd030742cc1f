//! `NDIS_RECEIVE_SCALE_PARAMETERS_V2`.

use crate::lab::{Checked, D, KEY, Lab, cpus, enable, ok, same, stay_on};
use crate::recorder::Call;
use crate::{Rule, Variant};
use rssmgr_core::scaling::{Parameters, ParametersV1, Status};

const fn rule(
    name: &'static str,
    says: &'static str,
    variant: Variant,
    check: fn(&mut Lab) -> Checked,
) -> Rule {
    Rule { name, source: "NDIS_RECEIVE_SCALE_PARAMETERS_V2", says, variant, check }
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "off-ignores-hash-and-key",
        "while RSS stays off hash and key are not looked at",
        Variant::Full,
        ignores,
    ),
    rule("off-changes-sizes", "while RSS is off queues and entries may change", Variant::Full, sizes),
    rule("enable-with-all", "one request may switch RSS on and say everything else", Variant::Full, with_all),
    rule("growth-clones", "a table that grows repeats itself", Variant::Full, growth),
    rule("shrink-needs-replicas", "a table shrinks only where it repeats itself", Variant::Full, shrink),
    rule("shrink-undoes-growth", "growing and shrinking changes nothing", Variant::Full, undo),
    rule(
        "entries-power-of-two",
        "entries are a power of two, as many as there are at most",
        Variant::Full,
        power,
    ),
    rule("queues-below-use", "fewer queues than processors in use is NO_QUEUES", Variant::Full, below_use),
    rule("queues-within-limits", "queues are at least one", Variant::Full, queues),
    rule("key-of-40-bytes", "a key that is not 40 bytes long is INVALID_LENGTH", Variant::Full, key),
    rule("hash-reserved-function", "a reserved hash function is NOT_SUPPORTED", Variant::Full, reserved),
    rule(
        "hash-unknown-types",
        "no types, and types that do not exist, are INVALID_PARAMETER",
        Variant::Full,
        types,
    ),
    rule("enable-needs-hash", "RSS cannot be on without types and key", Variant::Full, needs_hash),
    rule(
        "hash-change-is-off-and-on",
        "other hash types while RSS is on: off, then on",
        Variant::Full,
        hash_change,
    ),
    rule(
        "restricted-follows-queues",
        "a restricted table is as large as the queues, rounded up",
        Variant::Restricted,
        restricted,
    ),
];

fn ignores(lab: &mut Lab) -> Checked {
    lab.up()?;
    let bad = Parameters { hash_info: Some(0x2), key: Some(vec![1; 3]), ..Parameters::default() };
    ok("nonsense while off", lab.parameters(&bad))
}

fn sizes(lab: &mut Lab) -> Checked {
    lab.up()?;
    let request = Parameters { queues: Some(2), entries: Some(8), ..Parameters::default() };
    ok("sizes", lab.parameters(&request))?;
    ok("on", lab.parameters(&enable()))?;
    lab.moved(&[crate::lab::entry(D, 7, 1)])?;
    same("a third processor", lab.moves(&[crate::lab::entry(D, 6, 2)]), Ok(vec![Err(Status::NoQueues)]))
}

fn with_all(lab: &mut Lab) -> Checked {
    lab.up()?;
    let request = Parameters { queues: Some(3), entries: Some(4), ..enable() };
    ok("all at once", lab.parameters(&request))?;
    lab.moved(&[crate::lab::entry(D, 3, 2)])?;
    let device = lab.device()?;
    same("on, and key", (device.enabled, device.key.bytes() == KEY), (true, true))?;
    same("table", lab.table(D, 4)?, vec![0, 0, 0, 2])
}

fn growth(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    ok("growth", lab.parameters(&Parameters { entries: Some(8), ..stay_on() }))?;
    lab.moved(&[crate::lab::entry(D, 7, 0)])?;
    same("table", lab.table(D, 8)?, vec![1, 2, 1, 2, 1, 2, 1, 0])
}

fn shrink(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 1, 0])?;
    let request = Parameters { entries: Some(2), ..stay_on() };
    same("status", lab.parameters(&request), Err(Status::InvalidData))?;
    same("table", lab.table(D, 4)?, vec![1, 2, 1, 0])
}

fn undo(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    for entries in [8, 2] {
        ok("another size", lab.parameters(&Parameters { entries: Some(entries), ..stay_on() }))?;
    }
    same("table", lab.table(D, 8)?, vec![1, 2, 1, 2, 1, 2, 1, 2])?;
    same("third entry", lab.moves(&[crate::lab::entry(D, 2, 1)]), Ok(vec![Err(Status::InvalidParameter)]))
}

fn power(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    let most = u32::from(lab.subject.capability().table_entries);
    for entries in [0, 3, 2 * most] {
        let request = Parameters { entries: Some(entries), ..stay_on() };
        same("status", lab.parameters(&request), Err(Status::InvalidParameter))?;
    }
    ok("the largest", lab.parameters(&Parameters { entries: Some(most), ..stay_on() }))
}

fn below_use(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2, 3, 1])?;
    let request = |n| Parameters { queues: Some(n), ..stay_on() };
    same("three queues", lab.parameters(&request(3)), Err(Status::NoQueues))?;
    same("table", lab.table(D, 4)?, vec![1, 2, 3, 1])
}

fn queues(lab: &mut Lab) -> Checked {
    lab.up()?;
    let most = u32::from(lab.subject.capability().max_queues);
    for queues in [0, most + 1] {
        let request = Parameters { queues: Some(queues), ..Parameters::default() };
        same("status", lab.parameters(&request), Err(Status::InvalidParameter))?;
    }
    Ok(())
}

fn key(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    for bytes in [0, 39, 41] {
        let request = Parameters { key: Some(vec![1; bytes]), ..stay_on() };
        same("status", lab.parameters(&request), Err(Status::InvalidLength))?;
    }
    Ok(())
}

fn reserved(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    let request = Parameters { hash_info: Some(0x302), ..stay_on() };
    same("status", lab.parameters(&request), Err(Status::NotSupported))
}

fn types(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    for info in [0x1, 0x8000_0301, 0x310] {
        let request = Parameters { hash_info: Some(info), ..stay_on() };
        same("status", lab.parameters(&request), Err(Status::InvalidParameter))?;
    }
    Ok(())
}

fn needs_hash(lab: &mut Lab) -> Checked {
    lab.up()?;
    same("neither", lab.parameters(&stay_on()), Err(Status::InvalidParameter))?;
    let no_key = Parameters { key: None, ..enable() };
    same("no key", lab.parameters(&no_key), Err(Status::InvalidParameter))?;
    let no_types = Parameters { hash_info: None, ..enable() };
    same("no types", lab.parameters(&no_types), Err(Status::InvalidParameter))
}

fn hash_change(lab: &mut Lab) -> Checked {
    lab.on(&[1, 2])?;
    ok("other types", lab.parameters(&Parameters { hash_info: Some(0x101), ..stay_on() }))?;
    same("calls", lab.calls(), vec![Call::Disable, Call::Enable])?;
    same("hash types", lab.device()?.hash_types.bits(), 0x100)
}

fn restricted(lab: &mut Lab) -> Checked {
    lab.up()?;
    let request = Parameters { entries: Some(8), ..enable() };
    same("another size", lab.parameters(&request), Err(Status::InvalidParameter))?;
    ok("its own", lab.parameters(&Parameters { queues: Some(3), ..enable() }))?;
    let table = |list| ParametersV1 { table: Some(cpus(list)), ..ParametersV1::default() };
    same("v1, another size", lab.subject.v1(D, &table(&[0, 1])), Err(Status::InvalidLength))?;
    ok("v1, its own", lab.subject.v1(D, &table(&[0, 1, 0, 1])))
}
