//! VPorts and VMQ, with PowerShell's names; and what came of moves.

use std::fmt::Write as _;

use rssmgr_proto::types::{AdapterVmqRecord, FilterRecord, MovesRecord, VPortRecord, VmqQueueRecord};

use super::style::{Paint, table};
use super::summary::short;

/// Where PowerShell's Format-List has its colon for these objects.
const LABEL: usize = 42;

fn lines(rows: &[(&str, String)]) -> String {
    rows.iter().fold(String::new(), |mut out, (label, value)| {
        let _ = writeln!(out, "{label:<LABEL$} : {value}");
        out
    })
}

fn truth(on: bool) -> String {
    if on { "True".into() } else { "False".into() }
}

fn filter(f: &FilterRecord) -> String {
    let mac = f.mac_address.as_deref().unwrap_or("any");
    match f.vlan_id {
        Some(vlan) => format!("{mac}/{vlan}"),
        None => mac.to_owned(),
    }
}

fn filters(list: &[FilterRecord]) -> String {
    list.iter().map(|f| format!("{}:{}", f.filter_id, filter(f))).collect::<Vec<_>>().join(" ")
}

fn entries(v: &VPortRecord) -> String {
    let rows: Vec<String> = v
        .indirection_table
        .chunks(8)
        .map(|row| row.iter().map(|e| e.processor.as_str()).collect::<Vec<_>>().join("  "))
        .collect();
    rows.join(&format!("\n{:width$}", "", width = LABEL + 3))
}

/// `8 of 16 (MaxNumQueuePairsPerNonDefaultVPort)`.
fn granted(v: &VPortRecord) -> String {
    match &v.limited_by {
        Some(limit) => format!("{} of {} ({limit})", v.num_queue_pairs, v.num_queue_pairs_requested),
        None => v.num_queue_pairs.to_string(),
    }
}

/// A VPort, as Get-NetAdapterVPort's list, and what Windows does not tell.
#[must_use]
pub fn vport(v: &VPortRecord) -> String {
    let queues: Vec<String> = v.queues.iter().map(u32::to_string).collect();
    let state = match v.not_in_force.as_deref() {
        None => v.state.clone(),
        Some("vmq_off") => format!("{} (VMQ is off)", v.state),
        Some("not_supported") => format!("{} (not there: driver or kernel have no VPorts)", v.state),
        Some("no_power") => format!("{} (not there: the adapter has no power)", v.state),
        Some(_) => format!("{} (not there: `rssctl get` and `rssctl doctor` say more)", v.state),
    };
    lines(&[
        ("Name", v.name.clone()),
        ("VPortID", v.vport_id.to_string()),
        ("VPortName", v.vport_name.clone().unwrap_or_default()),
        ("SwitchID", v.switch_id.to_string()),
        ("FunctionID", v.function_id.clone()),
        ("NumQueuePairs", v.num_queue_pairs.to_string()),
        ("InterruptModeration", v.interrupt_moderation.clone()),
        ("VPortState", state),
        ("ProcessorAffinityMask", v.processor_affinity_mask.clone()),
        ("ProcessorGroup", v.processor_group.to_string()),
        ("NumFilters", v.filters.len().to_string()),
        ("FilterList", filters(&v.filters)),
        ("NumQueuePairsRequested", v.num_queue_pairs_requested.to_string()),
        (
            "LimitedBy",
            v.limited_by.as_ref().map_or("-".into(), |by| match &v.limit {
                Some(words) => format!("{by}: {words}"),
                None => by.clone(),
            }),
        ),
        ("RssEnabled", truth(v.enabled)),
        ("Spreading", v.spreading.clone()),
        ("Queues", queues.join(",")),
        ("PrimaryProcessor", v.primary_processor.clone()),
        ("DefaultProcessor", v.default_processor.clone()),
        ("HashTypes", if v.hash_types.is_empty() { "none".into() } else { v.hash_types.join(",") }),
        ("HashKey", format!("{} bytes", v.hash_key_size)),
        ("IndirectionTable", entries(v)),
    ])
}

/// VPorts, one a line.
#[must_use]
pub fn vports(list: &[VPortRecord], wide: bool, paint: Paint) -> String {
    let mut heads =
        vec!["NAME", "VPORTID", "VPORTNAME", "STATE", "RSS", "QUEUEPAIRS", "PROCESSORS", "FILTERS"];
    if wide {
        heads.extend([
            "SWITCHID",
            "FUNCTIONID",
            "SPREADING",
            "QUEUES",
            "PRIMARY",
            "DEFAULT",
            "ENTRIES",
            "HASH-TYPES",
        ]);
    }
    let row = |v: &VPortRecord| {
        let state = match v.not_in_force.as_deref() {
            None => v.state.clone(),
            Some("vmq_off") => "off".into(),
            Some(why) => why.replace('_', " "),
        };
        let mut row = vec![
            v.name.clone(),
            v.vport_id.to_string(),
            v.vport_name.clone().unwrap_or_default(),
            state,
            if v.enabled { "yes" } else { "no" }.into(),
            granted(v),
            short(v.processors.iter().map(String::as_str)),
            filters(&v.filters),
        ];
        if wide {
            let queues: Vec<String> = v.queues.iter().map(u32::to_string).collect();
            row.extend([
                v.switch_id.to_string(),
                v.function_id.clone(),
                v.spreading.clone(),
                queues.join(","),
                v.primary_processor.clone(),
                v.default_processor.clone(),
                v.indirection_table.len().to_string(),
                if v.hash_types.is_empty() { "none".into() } else { v.hash_types.join(",") },
            ]);
        }
        row
    };
    table(paint, &heads, &list.iter().map(row).collect::<Vec<_>>())
}

/// Group and number of `G:N`.
fn parts(processor: &str) -> (String, String) {
    let (group, number) = processor.split_once(':').unwrap_or(("0", processor));
    (group.to_owned(), number.to_owned())
}

/// VMQ of an adapter, as Get-NetAdapterVmq's list, and what Windows does not tell.
#[must_use]
pub fn vmq(r: &AdapterVmqRecord) -> String {
    let v = &r.vmq;
    let (base, max) = (parts(&r.base_processor), parts(&r.max_processor));
    let mode = match (v.supported, v.mode.as_str()) {
        (false, _) => "rss (the adapter has no VPorts)".to_owned(),
        (true, "vmq") => "vmq: RSS of the adapter is that of its default VPort".to_owned(),
        (true, "sriov") => format!("sriov: {} virtual functions, and no new VPort", v.virtual_functions),
        (true, mode) => format!("{mode}: no VPort beside the default one"),
    };
    lines(&[
        ("Name", r.name.clone()),
        ("InterfaceDescription", r.interface_description.clone()),
        ("Enabled", truth(v.enabled)),
        ("AnyVlanSupported", truth(v.any_vlan_supported)),
        ("VlanFilteringSupported", truth(v.vlan_filtering_supported)),
        ("DynamicProcessorAffinityChangeSupported", truth(v.dynamic_processor_affinity_change_supported)),
        ("InterruptVectorCoalescingSupported", truth(v.interrupt_vector_coalescing_supported)),
        ("BaseProcessorGroup", base.0),
        ("BaseProcessorNumber", base.1),
        ("MaxProcessorNumber", max.1),
        ("MaxProcessors", r.max_processors.to_string()),
        ("NumaNode", r.numa_node.to_string()),
        ("NumberOfReceiveQueues", v.number_of_receive_queues.to_string()),
        ("TotalNumberOfMacAddresses", v.total_number_of_mac_addresses.to_string()),
        ("NumMacAddressesPerPort", v.num_mac_addresses_per_port.to_string()),
        ("NumVlansPerPort", v.num_vlans_per_port.to_string()),
        ("Mode", mode),
        ("VPorts", format!("{} of {}", v.vports, v.max_vports)),
        ("QueuesInUse", format!("{} of {}", v.queues_in_use, v.number_of_receive_queues)),
        ("MaxQueuePairsPerVPort", v.max_queue_pairs_per_vport.to_string()),
        ("Spreading", v.spreading.clone()),
    ])
}

/// VMQ of adapters, one a line, with PowerShell's columns.
#[must_use]
pub fn vmqs(list: &[AdapterVmqRecord], wide: bool, paint: Paint) -> String {
    let mut heads = vec![
        "NAME",
        "INTERFACEDESCRIPTION",
        "ENABLED",
        "BASEVMQPROCESSOR",
        "MAXPROCESSORS",
        "NUMBEROFRECEIVEQUEUES",
    ];
    if wide {
        heads.extend(["MODE", "VPORTS", "QUEUES-IN-USE", "FILTERS", "SPREADING"]);
    }
    let row = |r: &AdapterVmqRecord| {
        let enabled = if r.vmq.supported { truth(r.vmq.enabled) } else { "not supported".into() };
        let mut row = vec![
            r.name.clone(),
            r.interface_description.clone(),
            enabled,
            r.base_processor.clone(),
            r.max_processors.to_string(),
            r.vmq.number_of_receive_queues.to_string(),
        ];
        if wide {
            row.extend([
                r.vmq.mode.clone(),
                format!("{}/{}", r.vmq.vports, r.vmq.max_vports),
                r.vmq.queues_in_use.to_string(),
                r.vmq.total_number_of_mac_addresses.to_string(),
                r.vmq.spreading.clone(),
            ]);
        }
        row
    };
    table(paint, &heads, &list.iter().map(row).collect::<Vec<_>>())
}

/// A queue of a VPort as Get-NetAdapterVmqQueue's list.
#[must_use]
pub fn vmq_queue(q: &VmqQueueRecord) -> String {
    lines(&[
        ("Name", q.name.clone()),
        ("QueueID", q.queue_id.to_string()),
        ("State", q.state.clone()),
        ("NumFilters", q.filters.len().to_string()),
        ("FilterList", filters(&q.filters)),
        ("Processor", q.processor.clone().unwrap_or_else(|| "-".into())),
        ("VmFriendlyName", q.queue_name.clone().unwrap_or_default()),
        ("VPortID", q.vport_id.to_string()),
    ])
}

/// Queues of VPorts, with PowerShell's columns.
#[must_use]
pub fn vmq_queues(list: &[VmqQueueRecord], paint: Paint) -> String {
    let column = |q: &VmqQueueRecord, of: &dyn Fn(&FilterRecord) -> String| {
        q.filters.iter().map(of).collect::<Vec<_>>().join(" ")
    };
    let row = |q: &VmqQueueRecord| {
        vec![
            q.name.clone(),
            q.queue_id.to_string(),
            column(q, &|f| f.mac_address.clone().unwrap_or_else(|| "any".into())),
            column(q, &|f| f.vlan_id.map_or("any".into(), |v| v.to_string())),
            q.processor.clone().unwrap_or_default(),
            q.queue_name.clone().unwrap_or_default(),
            q.vport_id.to_string(),
            q.state.clone(),
        ]
    };
    let heads =
        ["NAME", "QUEUEID", "MACADDRESS", "VLANID", "PROCESSOR", "VMFRIENDLYNAME", "VPORTID", "STATE"];
    table(paint, &heads, &list.iter().map(row).collect::<Vec<_>>())
}

/// What came of moves, one a line.
#[must_use]
pub fn moves(m: &MovesRecord, paint: Paint) -> String {
    let rows: Vec<Vec<String>> = m
        .moves
        .iter()
        .map(|m| vec![m.vport_id.to_string(), m.steering.clone(), m.processor.clone(), m.status.clone()])
        .collect();
    table(paint, &["VPORTID", "ENTRY", "PROCESSOR", "STATUS"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> VPortRecord {
        VPortRecord {
            name: "nic0".into(),
            vport_id: 1,
            vport_name: Some("web".into()),
            function_id: "PF".into(),
            state: "activated".into(),
            in_force: true,
            enabled: true,
            num_queue_pairs: 8,
            num_queue_pairs_requested: 16,
            limited_by: Some("MaxNumQueuePairs".into()),
            limit: Some("what others leave".into()),
            filters: vec![FilterRecord { filter_id: 3, mac_address: None, vlan_id: Some(7) }],
            ..VPortRecord::default()
        }
    }

    #[test]
    fn what_was_asked_for_and_what_was_granted_stand_beside_each_other() {
        let text = vports(&[record()], false, Paint::default());
        assert!(text.contains("8 of 16 (MaxNumQueuePairs)") && text.contains("3:any/7"), "{text}");
        let list = vport(&record());
        assert!(list.contains("NumQueuePairsRequested                     : 16\n"), "{list}");
        assert!(
            list.contains(
                "LimitedBy                                  : MaxNumQueuePairs: what others leave\n"
            )
        );
        for (why, list, row) in [
            ("vmq_off", "activated (VMQ is off)", " off "),
            ("not_supported", "not there: driver or kernel have no VPorts", " not supported "),
            ("no_power", "not there: the adapter has no power", " no power "),
            ("missing", "not there: `rssctl get`", " missing "),
        ] {
            let gone = VPortRecord { in_force: false, not_in_force: Some(why.into()), ..record() };
            assert!(vport(&gone).contains(list), "{why}");
            assert!(vports(&[gone], true, Paint::default()).contains(row), "{why}");
        }
    }
}
