//! Configuration and software NICs.

use std::fmt::Write as _;

use rssmgr_proto::types::{ConfigRecord, SoftnicRecord};

use super::style::{Paint, table};

/// The settings in force, and with `origin` where each comes from.
#[must_use]
pub fn config(c: &ConfigRecord, origin: bool, paint: Paint) -> String {
    let mut out = String::new();
    for file in &c.files {
        let _ = writeln!(out, "read   {file}");
    }
    if c.files.is_empty() {
        out += "read   no configuration file\n";
    }
    let _ = writeln!(out, "saved  {}", c.saved_file);
    for adapter in &c.adapters {
        let _ = writeln!(out, "\n{}", paint.bold(&adapter.name));
        let rows: Vec<Vec<String>> = adapter
            .settings
            .iter()
            .map(|s| {
                let mut row = vec![s.key.clone(), s.value.clone()];
                row.extend(origin.then(|| s.origin.clone()));
                row
            })
            .collect();
        out +=
            &table(paint, if origin { &["SETTING", "VALUE", "FROM"] } else { &["SETTING", "VALUE"] }, &rows);
    }
    out
}

/// Software NICs, one a line.
#[must_use]
pub fn softnics(nics: &[SoftnicRecord], paint: Paint) -> String {
    let rows: Vec<Vec<String>> = nics
        .iter()
        .map(|n| {
            let option = |key: &str| n.options.get(key).cloned().unwrap_or_default();
            let source = match &n.source_error {
                Some(why) => format!("{}: {why}", n.source_state),
                None => n.source_state.clone(),
            };
            let topology =
                n.pretended_topology.as_ref().map_or("host".into(), |t| format!("{t} (pretended)"));
            vec![
                n.name.clone(),
                option("queues"),
                option("entries"),
                topology,
                option("source"),
                source,
                n.power.clone(),
            ]
        })
        .collect();
    table(paint, &["NAME", "QUEUES", "ENTRIES", "TOPOLOGY", "SOURCE", "STATE", "POWER"], &rows)
}
