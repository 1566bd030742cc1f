//! Adapters as a table, and an indirection table as one.

use rssmgr_core::Processor;
use rssmgr_proto::types::{AdapterRecord, CheckpointRecord, EntryRecord, HiddenRecord, SteeringRecord};

use super::style::{Paint, table};

/// Processors in short: runs with the same step become `0:0-0:14/2`.
pub(super) fn short<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let list: Vec<(&str, Option<Processor>)> = names.map(|n| (n, n.parse().ok())).collect();
    let mut out: Vec<String> = Vec::new();
    let mut rest = list.as_slice();
    while let Some((first, _)) = rest.first() {
        // Steps between neighbours of one group; a run is at least three, since `0:0,0:1` reads better than a range.
        let step = |pair: &[(&str, Option<Processor>)]| match pair {
            [(_, Some(a)), (_, Some(b))] if a.group == b.group => {
                b.number.checked_sub(a.number).filter(|s| *s > 0)
            }
            _ => None,
        };
        let by = rest.get(..2).and_then(step);
        let run = by.map_or(0, |_| rest.windows(2).take_while(|pair| step(pair) == by).count());
        let (used, text) = match (rest.get(run), by) {
            (Some((last, _)), Some(1)) if run >= 2 => (run + 1, format!("{first}-{last}")),
            (Some((last, _)), Some(by)) if run >= 2 => (run + 1, format!("{first}-{last}/{by}")),
            _ => (1, (*first).to_string()),
        };
        out.push(text);
        rest = rest.get(used..).unwrap_or_default();
    }
    out.join(",")
}

/// Adapters, one a line; `wide` has more columns.
#[must_use]
pub fn summary(adapters: &[AdapterRecord], wide: bool, paint: Paint) -> String {
    let mut heads =
        vec!["NAME", "STATE", "ENABLED", "PROFILE", "QUEUES", "BASE", "MAX", "NODE", "PROCESSORS"];
    if wide {
        heads.extend([
            "PENDING",
            "CHECKPOINT",
            "ENTRIES",
            "XPS",
            "RPS",
            "HASH-TYPES",
            "ENCAPSULATION",
            "INNER-HASH",
            "VERIFIED",
            "RSSV2",
            "DYNAMIC-AFFINITY",
            "VPORTS",
            "NDIS-CAPS",
            "NETADAPTERCX",
            "DRIVER",
            "FIRMWARE",
            "MAC",
            "TOPOLOGY",
            "DESCRIPTION",
        ]);
    }
    let node = |n: Option<u32>| n.map_or("-".into(), |n| n.to_string());
    let rows: Vec<Vec<String>> = adapters
        .iter()
        .map(|a| {
            let enabled = match (a.enabled, a.global_enabled) {
                (true, _) => "yes",
                (false, true) => "no",
                (false, false) => "no (global)",
            };
            let mut row = vec![
                a.name.clone(),
                a.state.clone(),
                enabled.into(),
                a.profile.clone(),
                a.number_of_receive_queues.to_string(),
                a.base_processor.clone(),
                a.max_processor.clone(),
                node(a.node),
                short(a.processors.iter().map(|p| p.processor.as_str())),
            ];
            if wide {
                row.extend([
                    if a.pending.is_empty() { "-".into() } else { format!("{} steps", a.pending.len()) },
                    a.checkpoint.map_or("-".into(), |id| id.to_string()),
                    a.indirection_table.len().to_string(),
                    if a.xps_rxqs.iter().any(|q| !q.receive_queues.is_empty()) {
                        format!("{}+rxqs", steered(&a.xps))
                    } else {
                        steered(&a.xps)
                    },
                    steered(&a.rps),
                    if a.hash_types.is_empty() { "none".into() } else { a.hash_types.join(",") },
                    if a.encapsulation.is_empty() { "none".into() } else { a.encapsulation.join(",") },
                    inner(a),
                    a.verified.clone(),
                    yes(a.capabilities.independent_entry_move),
                    yes(a.capabilities.dynamic_affinity),
                    format!("{}/{}", a.vmq.vports, a.capabilities.max_vports),
                    a.capabilities.ndis.capabilities_flags.clone(),
                    net(a),
                    a.driver.clone(),
                    a.firmware.clone().unwrap_or_default(),
                    a.mac.clone().unwrap_or_default(),
                    a.pretended_topology.as_ref().map_or("host".into(), |t| format!("{t} (pretended)")),
                    a.interface_description.clone(),
                ]);
            }
            row
        })
        .collect();
    table(paint, &heads, &rows)
}

fn yes(is: bool) -> String {
    if is { "yes".into() } else { "no".into() }
}

/// The tunnels whose inner headers are hashed without being told, by this driver: `-` where nobody knows.
pub(super) fn inner(a: &AdapterRecord) -> String {
    match a.capabilities.inner_hash.as_deref() {
        None => "-".into(),
        Some([]) => "none".into(),
        Some(kinds) => kinds.join(","),
    }
}

/// What the members of `NET_ADAPTER_RECEIVE_SCALING_CAPABILITIES` come to: `8q/128e/ipv4+tcp`.
fn net(a: &AdapterRecord) -> String {
    a.capabilities.net_adapter_cx.as_ref().map_or_else(String::new, |n| {
        let protocols = n.receive_scaling_protocol_types.join("+");
        format!("{}q/{}e/{protocols}", n.number_of_queues, n.indirection_table_size)
    })
}

/// How many of the queues that can be steered have CPUs: `8/8`.
fn steered(queues: &[SteeringRecord]) -> String {
    if queues.is_empty() {
        return "-".into();
    }
    format!("{}/{}", queues.iter().filter(|q| !q.cpus.is_empty()).count(), queues.len())
}

/// Network interfaces that are no adapters.
#[must_use]
pub fn hidden(list: &[HiddenRecord], paint: Paint) -> String {
    let row = |h: &HiddenRecord| vec![h.name.clone(), h.because.clone()];
    table(paint, &["NAME", "LEFT-OUT-BECAUSE"], &list.iter().map(row).collect::<Vec<_>>())
}

/// Changes that wait to be confirmed.
#[must_use]
pub fn checkpoints(list: &[CheckpointRecord], paint: Paint) -> String {
    let row = |c: &CheckpointRecord| {
        let left = format!("{} s", c.left_ms.div_ceil(1000));
        vec![c.id.to_string(), left, c.by_uid.to_string(), c.adapters.join(",")]
    };
    table(paint, &["ID", "GOES-BACK-IN", "BY-UID", "ADAPTERS"], &list.iter().map(row).collect::<Vec<_>>())
}

/// An indirection table: entry, queue, processor.
#[must_use]
pub fn entries(entries: &[EntryRecord], paint: Paint) -> String {
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|e| {
            vec![
                e.entry.to_string(),
                e.queue.to_string(),
                e.processor.clone().unwrap_or_default(),
                e.cpu.map(|c| c.to_string()).unwrap_or_default(),
            ]
        })
        .collect();
    table(paint, &["ENTRY", "QUEUE", "PROCESSOR", "CPU"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_short() {
        let of = |cpus: &[u32]| {
            let names: Vec<String> = cpus.iter().map(|c| format!("{}:{}", c / 64, c % 64)).collect();
            short(names.iter().map(String::as_str))
        };
        assert_eq!(of(&[0, 1, 2, 3]), "0:0-0:3");
        assert_eq!(of(&[0, 2, 4]), "0:0-0:4/2");
        assert_eq!(of(&[0, 8, 1, 9]), "0:0,0:8,0:1,0:9");
        assert_eq!(of(&[62, 63, 64, 65, 66]), "0:62,0:63,1:0-1:2");
        assert_eq!(of(&[5]), "0:5");
        assert_eq!(of(&[5, 5]), "0:5,0:5");
        assert_eq!(of(&[3, 2, 1]), "0:3,0:2,0:1");
        assert_eq!(of(&[]), "");
        assert_eq!(short(["0:0", "-", "0:2"].into_iter()), "0:0,-,0:2");
    }
}
