//! VPorts, VMQ and the two views of an adapter's capability as records.

use rssmgr_core::capability::Capability;
use rssmgr_core::device::Filter;
use rssmgr_core::ids::GROUP_SIZE;
use rssmgr_core::mac;
use rssmgr_core::manager::{AdapterResult, AdapterState, AdapterView, VPortView, remedy};
use rssmgr_core::scaling::capability::{flag, protocol};
use rssmgr_core::scaling::{MoveRequest, MoveResults, Spreading, Steering, VPortState};
use rssmgr_core::stats::{Sample, VPortStats};
use rssmgr_core::topology::Topology;
use rssmgr_core::{CpuId, Processor};

use super::{count, hash_types, name, result};
use crate::types::{
    FilterRecord, MoveRecord, MovesRecord, NdisCapabilityRecord, NetCapabilityRecord, VPortEntryRecord,
    VPortRecord, VPortStatsRecord, VmqRecord,
};

const fn spreading(s: Spreading) -> &'static str {
    match s {
        Spreading::Static => "static",
        Spreading::Dynamic => "dynamic",
    }
}

fn filter(f: &Filter) -> FilterRecord {
    FilterRecord { filter_id: f.id.0, mac_address: f.mac.map(mac::show), vlan_id: f.vlan.map(u32::from) }
}

/// The VPorts of an adapter, the default one first.
#[must_use]
pub fn vports(view: &AdapterView) -> Vec<VPortRecord> {
    view.vports.iter().map(|v| vport(view, v)).collect()
}

/// Why an adapter has not the VPorts that it should have.
fn without(view: &AdapterView) -> &'static str {
    match view.state {
        _ if !view.vmq => "vmq_off",
        _ if !view.capability.vports.any() => "not_supported",
        AdapterState::Down => "no_power",
        _ => "missing",
    }
}

fn vport(view: &AdapterView, v: &VPortView) -> VPortRecord {
    let s = &v.state;
    let used = used(v);
    // A mask is of one group: that of the first processor, as Windows shows it.
    let group = used.first().map_or(0, |cpu| Processor::from(*cpu).group);
    let mask = used
        .iter()
        .filter(|cpu| Processor::from(**cpu).group == group)
        .fold(0_u64, |mask, cpu| mask | 1 << (cpu.0 % GROUP_SIZE));
    let entry = |(i, cpu): (usize, &CpuId)| VPortEntryRecord { entry: count(i), processor: name(*cpu) };
    VPortRecord {
        name: view.facts.name.clone(),
        vport_id: v.key.vport.0,
        vport_name: (!v.name.is_empty()).then(|| v.name.clone()),
        switch_id: v.key.switch.0,
        function_id: "PF".into(),
        state: if s.state == VPortState::Activated { "activated" } else { "deactivated" }.into(),
        in_force: v.in_force,
        not_in_force: (!v.in_force).then(|| without(view).into()),
        enabled: v.spreads,
        num_queue_pairs_requested: v.asked.into(),
        num_queue_pairs: s.queues.into(),
        limited_by: v.limit.map(|l| l.name().into()),
        limit: v.limit.map(|l| l.words().into()),
        queues: v.queues.iter().map(|q| q.0.into()).collect(),
        spreading: spreading(v.spreading).into(),
        processors: used.iter().map(|cpu| name(*cpu)).collect(),
        processor_group: group.into(),
        processor_affinity_mask: format!("{mask:#x}"),
        primary_processor: name(s.primary),
        default_processor: name(s.default),
        indirection_table: s.entries.iter().enumerate().map(entry).collect(),
        hash_types: hash_types(s.hash_types),
        hash_key_size: count(s.key.len()),
        interrupt_moderation: "unknown".into(),
        filters: v.filters.iter().map(filter).collect(),
    }
}

/// VMQ of an adapter.
#[must_use]
pub fn vmq(view: &AdapterView) -> VmqRecord {
    let cap = &view.capability;
    let can = &cap.vports;
    let others = || view.vports.iter().filter(|v| v.in_force).skip(1);
    let dynamic = cap.independent_entry_move && can.dynamic_affinity;
    VmqRecord {
        supported: can.any(),
        enabled: can.any() && view.vmq,
        mode: match (view.device.virtual_functions, others().next()) {
            (1.., _) => "sriov",
            (0, Some(_)) => "vmq",
            (0, None) => "rss",
        }
        .into(),
        virtual_functions: view.device.virtual_functions,
        max_vports: can.max.max(1).into(),
        vports: count(others().count()) + 1,
        max_queue_pairs_per_vport: can.queues.into(),
        max_entries_per_vport: can.table_entries.into(),
        number_of_receive_queues: if can.any() {
            u32::from(view.device.channels().saturating_sub(1))
        } else {
            0
        },
        queues_in_use: others().map(|v| u32::from(v.state.queues)).sum(),
        total_number_of_mac_addresses: if can.mac_filters { can.filters.into() } else { 0 },
        num_mac_addresses_per_port: if can.mac_filters { can.filters.into() } else { 0 },
        num_vlans_per_port: if can.vlan_filters { can.filters.into() } else { 0 },
        vlan_filtering_supported: can.vlan_filters,
        any_vlan_supported: can.vlan_filters && !can.address_required,
        dynamic_processor_affinity_change_supported: can.dynamic_affinity,
        interrupt_vector_coalescing_supported: false,
        spreading: spreading(if dynamic { Spreading::Dynamic } else { Spreading::Static }).into(),
    }
}

/// Counters by VPort, the default one first; none where they are not known.
pub(super) fn stats(view: &AdapterView, sample: &Sample) -> Vec<VPortStatsRecord> {
    let record = |s: VPortStats| {
        let vport = view.vports.iter().find(|v| v.key.vport == s.id);
        VPortStatsRecord {
            vport_id: s.id.0,
            vport_name: vport.map(|v| v.name.clone()).filter(|n| !n.is_empty()),
            processors: vport.map(used).unwrap_or_default().into_iter().map(name).collect(),
            packets: s.packets,
            bytes: s.bytes,
            drops: s.drops,
            unhashed: s.unhashed,
            reordered: s.reordered,
        }
    };
    sample.all_vports().into_iter().flatten().map(record).collect()
}

/// The processors that take a VPort's packets.
fn used(v: &VPortView) -> Vec<CpuId> {
    if v.spreads { v.state.spread().into_iter().collect() } else { vec![v.state.primary] }
}

/// What came of each move, and of the adapter; the rest of the record is the caller's.
#[must_use]
pub fn moves(
    request: &MoveRequest,
    statuses: &MoveResults,
    of: &AdapterResult,
    topology: &Topology,
) -> MovesRecord {
    let moves = request.moves.iter().zip(statuses).map(|(m, status)| MoveRecord {
        vport_id: m.vport.0,
        steering: match m.steering() {
            Ok(Steering::Primary) => "primary".into(),
            Ok(Steering::Default) => "default".into(),
            Ok(Steering::Entry(entry)) => entry.to_string(),
            Err(_) => format!("index {} with flags {:#x}", m.index, m.flags),
        },
        processor: name(m.target),
        status: status.map_or_else(|s| s.to_string(), |()| "NDIS_STATUS_SUCCESS".into()),
        meaning: status.err().map(|s| remedy(s).into()),
    });
    MovesRecord { moves: moves.collect(), adapter: result(of, topology), ..MovesRecord::default() }
}

const FLAGS: [(u32, &str); 14] = [
    (flag::TOEPLITZ, "HASH_FUNCTION_TOEPLITZ"),
    (flag::TCP_IPV4, "HASH_TYPE_TCP_IPV4"),
    (flag::TCP_IPV6, "HASH_TYPE_TCP_IPV6"),
    (flag::TCP_IPV6_EX, "HASH_TYPE_TCP_IPV6_EX"),
    (flag::UDP_IPV4, "HASH_TYPE_UDP_IPV4"),
    (flag::UDP_IPV6, "HASH_TYPE_UDP_IPV6"),
    (flag::UDP_IPV6_EX, "HASH_TYPE_UDP_IPV6_EX"),
    (flag::MESSAGE_SIGNALED_INTERRUPTS, "MESSAGE_SIGNALED_INTERRUPTS"),
    (flag::CLASSIFICATION_AT_ISR, "CLASSIFICATION_AT_ISR"),
    (flag::CLASSIFICATION_AT_DPC, "CLASSIFICATION_AT_DPC"),
    (flag::USING_MSI_X, "USING_MSI_X"),
    (flag::RSS_AVAILABLE_ON_PORTS, "RSS_AVAILABLE_ON_PORTS"),
    (flag::SUPPORTS_MSI_X, "SUPPORTS_MSI_X"),
    (flag::INDEPENDENT_ENTRY_MOVE, "SUPPORTS_INDEPENDENT_ENTRY_MOVE"),
];

const PROTOCOLS: [(u32, &str); 6] = [
    (protocol::IPV4, "ipv4"),
    (protocol::IPV4_OPTIONS, "ipv4_options"),
    (protocol::IPV6, "ipv6"),
    (protocol::IPV6_EXTENSIONS, "ipv6_extensions"),
    (protocol::TCP, "tcp"),
    (protocol::UDP, "udp"),
];

const ENCAPSULATIONS: [(u32, &str); 3] = [(1, "nvgre"), (2, "vxlan"), (4, "vlan")];

fn names(value: u32, all: &[(u32, &str)]) -> Vec<String> {
    all.iter().filter(|(bit, _)| value & bit != 0).map(|(_, name)| (*name).to_owned()).collect()
}

/// The capability in the words of NDIS.
#[must_use]
pub(super) fn ndis(cap: &Capability) -> NdisCapabilityRecord {
    let ndis = cap.ndis();
    NdisCapabilityRecord {
        capabilities_flags: format!("{:#010x}", ndis.flags),
        flags: names(ndis.flags, &FLAGS),
        number_of_interrupt_messages: ndis.interrupt_messages,
        number_of_receive_queues: ndis.queues,
        number_of_indirection_table_entries: ndis.entries.into(),
    }
}

/// The capability in the words of `NetAdapterCx`, where it can be said in those.
#[must_use]
pub(super) fn net(cap: &Capability) -> Option<NetCapabilityRecord> {
    let net = cap.net()?;
    Some(NetCapabilityRecord {
        number_of_queues: net.queues,
        indirection_table_size: net.table_size,
        unhashed_target_type: if net.unhashed_index.is_some() { "hash_index" } else { "unspecified" }.into(),
        unhashed_target_index: net.unhashed_index.unwrap_or_default(),
        receive_scaling_hash_types: names(net.hash_functions, &[(1, "toeplitz")]),
        receive_scaling_protocol_types: names(net.protocols, &PROTOCOLS),
        encapsulation_outer: names(net.outer, &ENCAPSULATIONS),
        encapsulation_inner: names(net.inner, &ENCAPSULATIONS),
        synchronize_set_indirection_entries: net.serialised_moves,
    })
}
