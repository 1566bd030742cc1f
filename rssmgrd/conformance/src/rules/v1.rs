//! RSSv1: one request for everything.

use crate::lab::{Checked, D, INFO, KEY, Lab, cpus, enable, entry, ok, same};
use crate::recorder::Call;
use crate::{Rule, Variant};
use rssmgr_core::hash::HashTypes;
use rssmgr_core::scaling::{Parameters, ParametersV1, Status};

const fn rule(
    name: &'static str,
    says: &'static str,
    variant: Variant,
    check: fn(&mut Lab) -> Checked,
) -> Rule {
    Rule { name, source: "NDIS_RECEIVE_SCALE_PARAMETERS", says, variant, check }
}

pub(super) const RULES: &[Rule] = &[
    rule("v1-newest-wins", "types that a request leaves out are off", Variant::Full, newest_wins),
    rule("v1-unchanged-hints", "what is hinted to be unchanged stays", Variant::Full, hints),
    rule("v1-compares", "what is not hinted is compared: the same again is no call", Variant::Full, compares),
    rule(
        "v1-becomes-moves",
        "a whole table for an adapter with RSSv2 becomes moves",
        Variant::Full,
        becomes_moves,
    ),
    rule("v1-table-length", "a table that is no power of two is INVALID_LENGTH", Variant::Full, table_length),
    rule("v1-key-length", "a key that is not 40 bytes long is INVALID_LENGTH", Variant::Full, key_length),
    rule("v1-function-none", "hash function 0 switches RSS off", Variant::Full, function_none),
    rule("v1-disable", "DISABLE_RSS switches RSS off", Variant::Full, disable),
    rule("hash-only-excludes-rss", "no RSS while hashing without scaling", Variant::Full, hash_only),
    rule("rss-excludes-hash-only", "no hashing without scaling while RSS is on", Variant::Full, no_hash_only),
    rule(
        "v2-moves-become-one-write",
        "without RSSv2 moves are one table write",
        Variant::WholeTable,
        one_write,
    ),
    rule("v2-parameters-need-v2", "without RSSv2 there are no v2 parameters", Variant::WholeTable, needs_v2),
];

const TABLE: [u32; 4] = [0, 1, 2, 0];

fn newest_wins(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    // IPv6 and TCP over it.
    let request = ParametersV1 { hash_info: Some(0x1401), ..ParametersV1::default() };
    ok("other types", lab.subject.v1(D, &request))?;
    same("hash types", lab.device()?.hash_types, HashTypes::from_bits(0x1400).unwrap_or_default())
}

fn hints(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    let request = ParametersV1 { table: Some(cpus(&[2, 1, 2, 0])), ..ParametersV1::default() };
    ok("another table", lab.subject.v1(D, &request))?;
    let device = lab.device()?;
    same("key", device.key.bytes(), &KEY)?;
    same("hash types", device.hash_types.bits(), INFO & !0xFF)?;
    same("table", lab.table(D, 4)?, vec![2, 1, 2, 0])
}

fn compares(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    lab.spread(D, &TABLE)?;
    same("calls", lab.calls(), vec![])
}

fn becomes_moves(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    let request =
        ParametersV1 { table: Some(cpus(&[1, 1, 2, 2])), default: Some(CPU_1), ..ParametersV1::default() };
    ok("another table", lab.subject.v1(D, &request))?;
    same("calls", lab.calls(), vec![Call::Entries(2)])?;
    same("table", lab.table(D, 4)?, vec![1, 1, 2, 2])
}

const CPU_1: rssmgr_core::CpuId = rssmgr_core::CpuId(1);

fn table_length(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    let request = ParametersV1 { table: Some(cpus(&[0, 1, 2])), ..ParametersV1::default() };
    same("status", lab.subject.v1(D, &request), Err(Status::InvalidLength))
}

fn key_length(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    let request = ParametersV1 { key: Some(vec![1; 39]), ..ParametersV1::default() };
    same("status", lab.subject.v1(D, &request), Err(Status::InvalidLength))
}

fn function_none(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    let request = ParametersV1 { hash_info: Some(0x300), ..ParametersV1::default() };
    ok("off", lab.subject.v1(D, &request))?;
    same("RSS is on", lab.device()?.enabled, false)
}

fn disable(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    let request = ParametersV1 { disable: true, ..ParametersV1::default() };
    ok("off", lab.subject.v1(D, &request))?;
    same("RSS is on", lab.device()?.enabled, false)
}

fn hash_only(lab: &mut Lab) -> Checked {
    lab.up()?;
    ok("hash only", lab.subject.hash_only(true))?;
    same("status", lab.parameters(&enable()), Err(Status::NotSupported))?;
    ok("not hash only", lab.subject.hash_only(false))?;
    ok("on", lab.parameters(&enable()))
}

fn no_hash_only(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    same("status", lab.subject.hash_only(true), Err(Status::NotSupported))
}

/// Two groups, of which one fails: what the other asks for is one write.
fn one_write(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    let request = [entry(D, 0, 3), entry(D, 1, 3), entry(crate::lab::V1, 0, 1), entry(D, 2, 3)];
    let results = lab.moves(&request).map_err(|s| s.to_string())?;
    same("statuses", results, vec![Ok(()), Ok(()), Err(Status::InvalidParameter), Ok(())])?;
    let calls: Vec<Call> = lab.calls().into_iter().filter(|c| *c != Call::Home).collect();
    same("calls", calls, vec![Call::Table])?;
    same("table", lab.table(D, 4)?, vec![3, 3, 3, 0])
}

fn needs_v2(lab: &mut Lab) -> Checked {
    lab.on(&TABLE)?;
    same("status", lab.parameters(&Parameters::default()), Err(Status::NotSupported))
}
