//! Explanations.

use std::fmt::Write as _;

use rssmgr_proto::types::WhyRecord;

use super::style::{Paint, table};

/// What `rssctl why` found.
#[must_use]
pub fn why(w: &WhyRecord, paint: Paint) -> String {
    let mut out = paint.bold(&w.name) + "\n";
    if !w.chain.is_empty() {
        for link in &w.chain {
            let _ = writeln!(out, "  {link}");
        }
        return out + &cpus(w);
    }
    if let [only] = w.cpus.as_slice() {
        let _ = writeln!(out, "  {}", only.text);
        if let Some(rank) = only.rank {
            let _ = writeln!(out, "  it is number {rank} of the processor array");
        }
        out += &reasons(w);
        return out;
    }
    out += "\n";
    let set: Vec<Vec<String>> =
        w.settings.iter().map(|s| vec![s.key.clone(), s.value.clone(), s.origin.clone()]).collect();
    out += &table(paint, &["SETTING", "VALUE", "FROM"], &set);
    out += "\n";
    out += &reasons(w);
    out += "\n";
    let rows: Vec<Vec<String>> = w
        .cpus
        .iter()
        .map(|c| {
            vec![
                c.processor.clone(),
                c.node.map(|n| n.to_string()).unwrap_or_default(),
                c.rank.map(|r| r.to_string()).unwrap_or_default(),
                c.queues.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
                c.entries.len().to_string(),
                c.text.strip_prefix(&format!("processor {} ", c.processor)).unwrap_or(&c.text).into(),
            ]
        })
        .collect();
    out + &table(paint, &["PROCESSOR", "NODE", "RANK", "QUEUES", "ENTRIES", "WHY"], &rows)
}

fn reasons(w: &WhyRecord) -> String {
    w.reasons.iter().fold(String::new(), |out, r| out + "  - " + &r.text + "\n")
}

fn cpus(w: &WhyRecord) -> String {
    w.cpus.iter().fold(String::new(), |out, c| out + "  " + &c.text + "\n")
}
