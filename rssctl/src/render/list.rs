//! The list layout of `Get-NetAdapterRss`, byte for byte, and below it what Windows does not tell.
//!
//! Windows' block as observed on several machines: labels padded to 47 characters, then ` : `; processor array items
//! `G:N/D` with two blanks between them, table items `G:N` each followed by a tab; eight in a row, continuation rows
//! indented by 50.

use std::fmt::Write as _;

use rssmgr_proto::types::{AdapterRecord, AnswerRecord, ProcessorRecord, SteeringRecord};

use super::style::Paint;

const LABEL: usize = 47;
const PER_ROW: usize = 8;

/// What eight table items take: as many tab stops, from where the values start.
const NEEDED: usize = LABEL + 3 + 8 * PER_ROW;

/// Where rows of items go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    narrow: bool,
}

impl Columns {
    /// For a terminal of this width; `None` is no terminal. Windows breaks rows wherever a narrow console ends; here they
    /// go below their label instead.
    #[must_use]
    pub const fn of(width: Option<usize>) -> Self {
        Self { narrow: matches!(width, Some(w) if w < NEEDED) }
    }

    /// Rows of eight items, the following ones below the first.
    fn rows(self, items: &[String], between: &str, after: &str) -> String {
        let indent = if self.narrow { 2 } else { LABEL + 3 };
        let start = format!("\n{:indent$}", "");
        let rows: Vec<String> = items.chunks(PER_ROW).map(|row| row.join(between) + after).collect();
        let text = rows.join(&start);
        if self.narrow && !text.is_empty() { start + &text } else { text }
    }
}

/// One property.
fn line(out: &mut String, label: &str, value: &str) {
    let _ = writeln!(out, "{label:<LABEL$} : {value}");
}

/// PowerShell's spelling of a boolean.
fn boolean(b: bool) -> &'static str {
    if b { "True" } else { "False" }
}

/// What `Get-NetAdapterRss` prints of an adapter.
#[must_use]
pub fn windows(a: &AdapterRecord, columns: Columns) -> String {
    let array: Vec<String> =
        a.processor_array.iter().map(|p| format!("{}/{}", p.processor, p.distance)).collect();
    let table: Vec<String> =
        a.indirection_table.iter().map(|e| e.processor.clone().unwrap_or_else(|| "-".into())).collect();
    let mut out = String::new();
    line(&mut out, "Name", &a.name);
    line(&mut out, "InterfaceDescription", &a.interface_description);
    line(&mut out, "Enabled", boolean(a.enabled));
    line(&mut out, "NumberOfReceiveQueues", &a.number_of_receive_queues.to_string());
    line(&mut out, "Profile", &a.profile);
    line(&mut out, "BaseProcessor: [Group:Number]", &a.base_processor);
    line(&mut out, "MaxProcessor: [Group:Number]", &a.max_processor);
    line(&mut out, "MaxProcessors", &a.max_processors.to_string());
    line(&mut out, "RssProcessorArray: [Group:Number/NUMA Distance]", &columns.rows(&array, "  ", ""));
    line(&mut out, "IndirectionTable: [Group:Number]", &columns.rows(&table, "\t", "\t"));
    out
}

/// What Windows does not tell: the state of the adapter, the processors in use with their nodes, the hash.
#[must_use]
pub fn beyond(a: &AdapterRecord, paint: Paint, columns: Columns) -> String {
    let mut out = String::new();
    let state = match &a.state_reason {
        Some(why) => format!("{}: {why}", a.state),
        None => a.state.clone(),
    };
    line(&mut out, "State", &paint.graded(&a.state, &state));
    if !a.pending.is_empty() {
        let steps: Vec<String> = a.pending.iter().map(|s| format!("{} ({})", s.op, s.impact)).collect();
        line(&mut out, "Pending", &paint.careful(&rows_of_one(&steps)));
    }
    if let Some(id) = a.checkpoint {
        let text = format!("{id} (goes back unless it is confirmed: rssctl checkpoint commit {id})");
        line(&mut out, "Checkpoint", &paint.careful(&text));
    }
    line(&mut out, "Verified", &a.verified);
    if !a.global_enabled {
        line(&mut out, "GlobalEnabled", &paint.careful("False (rssctl global set --rss on)"));
    }
    line(&mut out, "Driver", &a.driver);
    if let Some(version) = &a.driver_version {
        line(&mut out, "DriverVersion", version);
    }
    if let Some(version) = &a.firmware {
        line(&mut out, "FirmwareVersion", version);
    }
    if let Some(mac) = &a.mac {
        line(&mut out, "MacAddress", mac);
    }
    line(&mut out, "NumaNode", &a.node.map_or("unknown".into(), |n| n.to_string()));
    if let Some(machine) = &a.pretended_topology {
        line(
            &mut out,
            "PretendedTopology",
            &paint.careful(&format!("{machine} (its processors are not this machine's)")),
        );
    }
    line(&mut out, "Processors: [Group:Number@Node]", &columns.rows(&at_nodes(&a.processors), "  ", ""));
    line(&mut out, "DefaultProcessor: [Group:Number]", &a.default_processor);
    if !a.xps.is_empty() {
        line(&mut out, "TransmitSteering: [Queue:CPUs]", &columns.rows(&steering(&a.xps), "  ", ""));
    }
    if a.xps_rxqs.iter().any(|q| !q.receive_queues.is_empty()) {
        let text = columns.rows(&answers(&a.xps_rxqs), "  ", "");
        line(&mut out, "TransmitByReceiveQueue: [Queue:ReceiveQueues]", &text);
    }
    if a.rps.iter().any(|q| !q.cpus.is_empty()) {
        line(&mut out, "PacketSteering: [Queue:CPUs]", &columns.rows(&steering(&a.rps), "  ", ""));
    }
    line(&mut out, "IndirectionTableEntryCount", &a.indirection_table.len().to_string());
    line(
        &mut out,
        "HashTypes",
        &if a.hash_types.is_empty() { "none".into() } else { a.hash_types.join(", ") },
    );
    if a.capabilities.encapsulation.is_some() {
        line(&mut out, "Encapsulation", &looked_into(a));
    }
    line(&mut out, "HashKey", &format!("{} bytes ({})", a.hash_key_size, a.hash_key));
    let set: Vec<String> = a
        .settings
        .iter()
        .filter(|s| s.origin != "default")
        .map(|s| format!("{} = {} ({})", s.key, s.value, s.origin))
        .collect();
    line(&mut out, "Settings", &rows_of_one(&set));
    out
}

/// What `Get-NetAdapterEncapsulatedPacketTaskOffload` prints of an adapter: what is on, and the masks of what it can.
#[must_use]
pub fn encapsulation(a: &AdapterRecord) -> String {
    let mut out = String::new();
    let on = |kind: &str| boolean(a.encapsulation.iter().any(|k| k == kind));
    line(&mut out, "Name", &a.name);
    line(&mut out, "InterfaceDescription", &a.interface_description);
    line(&mut out, "EncapsulatedPacketTaskOffloadEnabled", boolean(!a.encapsulation.is_empty()));
    line(&mut out, "NvgreEncapsulatedPacketTaskOffloadEnabled", on("nvgre"));
    line(&mut out, "VxlanEncapsulatedPacketTaskOffloadEnabled", on("vxlan"));
    line(&mut out, "GreEncapsulatedPacketTaskOffloadEnabled", on("gre"));
    line(&mut out, "VxlanUDPPortNumber", &a.vxlan_port.to_string());
    let Some(cap) = &a.capabilities.encapsulation else {
        line(&mut out, "Supported", "none: what the hardware looks into cannot be switched");
        let by = a.hash_types.join(", ");
        let (inner, outer) = match a.capabilities.inner_hash.as_deref() {
            None => ("unknown".into(), by),
            Some([]) => ("none".into(), by),
            Some(kinds) => (kinds.join(", "), format!("{by}, of all others")),
        };
        line(&mut out, "Hashed: inner headers, of", &inner);
        line(&mut out, "Hashed: outer headers, by", &outer);
        let features = &a.capabilities.tunnel_features;
        line(
            &mut out,
            "TunnelFeatures",
            &if features.is_empty() { "none".into() } else { features.join(", ") },
        );
        return out;
    };
    line(&mut out, "Supported", &cap.kinds.join(", "));
    for (name, offload) in [("Nvgre", &cap.gre), ("Vxlan", &cap.vxlan)] {
        line(&mut out, &format!("{name}RssSupported"), &offload.rss.join(", "));
        line(&mut out, &format!("{name}VmqSupported"), &offload.vmq.join(", "));
        line(&mut out, &format!("{name}MaxHeaderSizeSupported"), &offload.max_header.to_string());
    }
    line(&mut out, "VxlanUDPPortNumberConfigurable", boolean(cap.vxlan_port_settable));
    out
}

/// `nvgre, vxlan (port 4789)`.
fn looked_into(a: &AdapterRecord) -> String {
    let kinds = a.encapsulation.join(", ");
    match a.encapsulation.iter().any(|kind| kind == "vxlan") {
        _ if kinds.is_empty() => "none".into(),
        true => format!("{kinds} (port {})", a.vxlan_port),
        false => kinds,
    }
}

fn at_nodes(processors: &[ProcessorRecord]) -> Vec<String> {
    processors
        .iter()
        .map(|p| format!("{}@{}", p.processor, p.node.map_or("-".into(), |n| n.to_string())))
        .collect()
}

fn steering(queues: &[SteeringRecord]) -> Vec<String> {
    let cpus = |q: &SteeringRecord| if q.cpus.is_empty() { "-".into() } else { q.cpus.clone() };
    queues.iter().map(|q| format!("{}:{}", q.queue, cpus(q))).collect()
}

fn answers(queues: &[AnswerRecord]) -> Vec<String> {
    let receive = |q: &AnswerRecord| {
        let names: Vec<String> = q.receive_queues.iter().map(u32::to_string).collect();
        if names.is_empty() { "-".into() } else { names.join(",") }
    };
    queues.iter().map(|q| format!("{}:{}", q.queue, receive(q))).collect()
}

fn rows_of_one(items: &[String]) -> String {
    if items.is_empty() {
        return "all default".into();
    }
    items.join(&format!("\n{:width$}", "", width = LABEL + 3))
}

/// An adapter: Windows' block, an empty line, the rest.
#[must_use]
pub fn adapter(a: &AdapterRecord, paint: Paint, columns: Columns) -> String {
    windows(a, columns) + "\n" + &beyond(a, paint, columns)
}
