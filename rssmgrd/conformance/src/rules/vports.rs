//! VPorts, VMQ and their filters.

use crate::lab::{Checked, D, INFO, KEY, Lab, V1, V2, cpus, default, entry, filter, mac, ok, same, stay_on};
use crate::{Rule, Variant};
use rssmgr_core::CpuId;
use rssmgr_core::scaling::{Parameters, ParametersV1, Status};

const fn rule(
    name: &'static str,
    says: &'static str,
    variant: Variant,
    check: fn(&mut Lab) -> Checked,
) -> Rule {
    Rule { name, source: "VMQ and VMMQ", says, variant, check }
}

pub(super) const RULES: &[Rule] = &[
    rule("filter-no-match", "a packet that no filter takes is the default VPort's", Variant::Full, no_match),
    rule("filter-fields-and", "a filter takes what all its fields take", Variant::Full, fields),
    rule("filters-or", "a VPort takes what any of its filters takes", Variant::Full, any),
    rule("filter-numbers", "a filter's number is the only one on the adapter", Variant::Full, numbers),
    rule("filter-same-test", "two VPorts cannot have the same test", Variant::Full, same_test),
    rule("filter-needs-a-field", "a filter tests something", Variant::Full, needs_field),
    rule("filter-more-specific", "address and VLAN before the address alone", Variant::Full, specific),
    rule(
        "filter-waits-for-activation",
        "a VPort that is not activated takes no packet",
        Variant::Full,
        activation,
    ),
    rule("vport-own-table", "each VPort has a table of its own", Variant::Full, own_table),
    rule("vport-own-hash", "each VPort has a key and hash types of its own", Variant::Full, own_hash),
    rule("vport-own-default", "each VPort has a default processor of its own", Variant::Full, own_default),
    rule("vport-hash-is-for-life", "key and hash types of a VPort never change", Variant::Full, for_life),
    rule("vport-queues-shared", "queues of all VPorts together are limited", Variant::Full, shared),
    rule("vport-number-in-use", "a VPort's number is the only one", Variant::Full, in_use),
    rule("vport-most", "more VPorts than there can be is RESOURCES", Variant::Full, most),
    rule("vport-affinity-in-set", "a VPort begins in the RSS set", Variant::Full, in_set),
    rule(
        "vport-delete-while-on",
        "a VPort may be deleted while it spreads; its packets are the default VPort's",
        Variant::Full,
        delete,
    ),
    rule("vport-delete-frees", "a deleted VPort's queues and number are free", Variant::Full, frees),
    rule("vport-default-stays", "the default VPort cannot be deleted", Variant::Full, default_stays),
    rule(
        "static-without-v2",
        "without RSSv2 a VPort that spreads stays as it is",
        Variant::WholeTable,
        static_spreading,
    ),
    rule(
        "static-without-dynamic-affinity",
        "without dynamic affinity only the default VPort's processors change while it spreads",
        Variant::FixedAffinity,
        fixed_affinity,
    ),
];

fn start(lab: &mut Lab) -> Checked {
    lab.on(&[0, 1])?;
    lab.vports()
}

fn no_match(lab: &mut Lab) -> Checked {
    start(lab)?;
    ok("filters", lab.subject.filters(V1, &[filter(1, Some(mac(1)), None)]))?;
    same("the address", lab.owner(mac(1), 0)?, 1)?;
    same("another", lab.owner(mac(9), 0)?, 0)
}

fn fields(lab: &mut Lab) -> Checked {
    start(lab)?;
    ok("filters", lab.subject.filters(V1, &[filter(1, Some(mac(1)), Some(5))]))?;
    same("both", lab.owner(mac(1), 5)?, 1)?;
    same("only one", (lab.owner(mac(1), 6)?, lab.owner(mac(2), 5)?), (0, 0))
}

fn any(lab: &mut Lab) -> Checked {
    start(lab)?;
    let filters = [filter(1, Some(mac(1)), None), filter(2, Some(mac(2)), None)];
    ok("filters", lab.subject.filters(V1, &filters))?;
    same("either", (lab.owner(mac(1), 0)?, lab.owner(mac(2), 0)?), (1, 1))
}

fn numbers(lab: &mut Lab) -> Checked {
    start(lab)?;
    ok("filters", lab.subject.filters(V1, &[filter(1, Some(mac(1)), None)]))?;
    let again = lab.subject.filters(V2, &[filter(1, Some(mac(2)), None)]);
    same("status", again, Err(Status::InvalidParameter))
}

fn same_test(lab: &mut Lab) -> Checked {
    start(lab)?;
    ok("filters", lab.subject.filters(V1, &[filter(1, Some(mac(1)), None)]))?;
    let again = lab.subject.filters(V2, &[filter(2, Some(mac(1)), None)]);
    same("status", again, Err(Status::InvalidParameter))
}

fn needs_field(lab: &mut Lab) -> Checked {
    start(lab)?;
    same("status", lab.subject.filters(V1, &[filter(1, None, None)]), Err(Status::InvalidParameter))
}

fn specific(lab: &mut Lab) -> Checked {
    start(lab)?;
    ok("filters", lab.subject.filters(V1, &[filter(1, Some(mac(1)), None)]))?;
    ok("filters", lab.subject.filters(V2, &[filter(2, Some(mac(1)), Some(5))]))?;
    same("owners", (lab.owner(mac(1), 5)?, lab.owner(mac(1), 0)?), (2, 1))
}

fn activation(lab: &mut Lab) -> Checked {
    lab.on(&[0, 1])?;
    ok("create", lab.subject.create(V1, CpuId(0), 1))?;
    ok("filters", lab.subject.filters(V1, &[filter(1, Some(mac(1)), None)]))?;
    same("before", lab.owner(mac(1), 0)?, 0)?;
    ok("activate", lab.subject.activate(V1))?;
    same("after", lab.owner(mac(1), 0)?, 1)
}

fn own_table(lab: &mut Lab) -> Checked {
    start(lab)?;
    lab.spread(V1, &[0, 2, 2, 0])?;
    lab.spread(V2, &[3, 0])?;
    let tables = (lab.table(D, 4)?, lab.table(V1, 4)?, lab.table(V2, 4)?);
    same("tables", tables, (vec![0, 1, 0, 1], vec![0, 2, 2, 0], vec![3, 0, 3, 0]))
}

fn own_hash(lab: &mut Lab) -> Checked {
    start(lab)?;
    let request =
        Parameters { enable: true, hash_info: Some(0x101), key: Some(vec![9; 40]), ..Parameters::default() };
    ok("on", lab.subject.parameters(V1, &request))?;
    let device = lab.device()?;
    same("the adapter's", (device.key.bytes() == KEY, device.hash_types.bits()), (true, INFO & !0xFF))?;
    let vport = device.vports.get(&V1.vport).ok_or("no VPort")?;
    same("the VPort's", (vport.key.bytes() == [9; 40], vport.hash_types.bits()), (true, 0x100))
}

fn own_default(lab: &mut Lab) -> Checked {
    start(lab)?;
    lab.spread(V1, &[0, 0])?;
    lab.moved(&[default(V1, 3)])?;
    same("unhashed", (lab.cpu(D, None)?, lab.cpu(V1, None)?), (0, 3))
}

fn for_life(lab: &mut Lab) -> Checked {
    start(lab)?;
    lab.spread(V1, &[0, 2])?;
    let key = Parameters { enable: true, key: Some(vec![8; 40]), ..Parameters::default() };
    same("another key", lab.subject.parameters(V1, &key), Err(Status::InvalidParameter))?;
    let types = Parameters { enable: true, hash_info: Some(0x101), ..Parameters::default() };
    same("other types", lab.subject.parameters(V1, &types), Err(Status::InvalidParameter))
}

fn shared(lab: &mut Lab) -> Checked {
    lab.on(&[0, 1])?;
    let c = lab.subject.capability();
    let left = c.max_queues - crate::lab::QUEUES;
    let half = left.min(c.vports.queues);
    ok("the first", lab.subject.create(V1, CpuId(0), half))?;
    let more = left - half + 1;
    same("one too many", lab.subject.create(V2, CpuId(0), more), Err(Status::NoQueues))
}

fn in_use(lab: &mut Lab) -> Checked {
    start(lab)?;
    same("status", lab.subject.create(V1, CpuId(0), 1), Err(Status::InvalidParameter))
}

fn most(lab: &mut Lab) -> Checked {
    lab.on(&[0, 1])?;
    let c = lab.subject.capability();
    let key = |id: u16| rssmgr_core::scaling::VPortKey { vport: rssmgr_core::VPortId(id.into()), ..D };
    let fit = (c.vports.max - 1).min(c.max_queues - crate::lab::QUEUES);
    for id in 1..=fit {
        ok("one more", lab.subject.create(key(id), CpuId(0), 1))?;
    }
    let status = if fit == c.vports.max - 1 { Status::Resources } else { Status::NoQueues };
    same("one too many", lab.subject.create(key(fit + 1), CpuId(0), 1), Err(status))
}

fn in_set(lab: &mut Lab) -> Checked {
    lab.on(&[0, 1])?;
    same("status", lab.subject.create(V1, CpuId(7), 1), Err(Status::InvalidData))
}

fn delete(lab: &mut Lab) -> Checked {
    start(lab)?;
    lab.spread(V1, &[0, 2])?;
    ok("filters", lab.subject.filters(V1, &[filter(1, Some(mac(1)), None)]))?;
    ok("delete", lab.subject.delete(V1))?;
    same("owner", lab.owner(mac(1), 0)?, 0)?;
    same("moves", lab.moves(&[entry(V1, 0, 2)]), Ok(vec![Err(Status::InvalidParameter)]))
}

fn frees(lab: &mut Lab) -> Checked {
    lab.on(&[0, 1])?;
    let c = lab.subject.capability();
    let all = (c.max_queues - crate::lab::QUEUES).min(c.vports.queues);
    for _ in 0..3 {
        ok("create", lab.subject.create(V1, CpuId(0), all))?;
        ok("delete", lab.subject.delete(V1))?;
    }
    Ok(())
}

fn default_stays(lab: &mut Lab) -> Checked {
    lab.on(&[0, 1])?;
    same("status", lab.subject.delete(D), Err(Status::InvalidParameter))
}

fn static_spreading(lab: &mut Lab) -> Checked {
    start(lab)?;
    // While it is off its table may be made.
    lab.spread(V1, &[0, 0])?;
    let moves = lab.moves(&[entry(V1, 0, 2)]);
    same("moves", moves, Ok(vec![Err(Status::NotSupported)]))?;
    let table = ParametersV1 { table: Some(cpus(&[2, 0])), ..ParametersV1::default() };
    same("a table", lab.subject.v1(V1, &table), Err(Status::NotSupported))?;
    same("moves of the default VPort", lab.moves(&[entry(D, 0, 2)]), Ok(vec![Ok(())]))
}

fn fixed_affinity(lab: &mut Lab) -> Checked {
    start(lab)?;
    lab.spread(V1, &[0, 0])?;
    same("moves", lab.moves(&[entry(V1, 0, 2)]), Ok(vec![Err(Status::NotSupported)]))?;
    same("moves of the default VPort", lab.moves(&[entry(D, 0, 2)]), Ok(vec![Ok(())]))?;
    // Off and on again, it can.
    ok("off", lab.subject.parameters(V1, &Parameters::default()))?;
    lab.moved(&[entry(V1, 0, 2)])?;
    ok("on", lab.subject.parameters(V1, &stay_on()))?;
    same("table", lab.table(V1, 2)?, vec![2, 0])
}
