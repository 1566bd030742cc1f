//! What was saved with `rssctl set` stands in front of the configuration, also of what was written there later.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use super::machine::{Hidden, Machine};
use super::{Check, Finding, Severity, word};
use crate::field::Field;

pub(super) fn look(machine: &Machine, found: &mut Vec<Finding>) {
    let mut by_adapter: BTreeMap<&str, Vec<&Hidden>> = BTreeMap::new();
    for hidden in &machine.hidden {
        by_adapter.entry(hidden.adapter.as_str()).or_default().push(hidden);
    }
    for (name, list) in by_adapter {
        let newer = list.iter().any(|h| h.newer == Some(true));
        let keys: Vec<&str> = list.iter().map(|h| h.key.as_str()).collect();
        let mut finding = Finding {
            check: Check::SavedHidesConfig,
            severity: if newer { Severity::Warning } else { Severity::Info },
            adapter: Some(name.into()),
            title: format!("{name}: saved settings hide the configuration ({})", keys.join(", ")),
            evidence: Vec::new(),
            remedy: Vec::new(),
        };
        for h in list {
            let later = if h.newer == Some(true) { ", and was written later" } else { "" };
            finding.evidence.push(format!(
                "{}: `{}` is saved; {} has `{}`{later}",
                h.key, h.saved, h.place, h.configured
            ));
            if let Some(field) = Field::from_key(&h.key) {
                finding.remedy.push(format!(
                    "rssctl set {} --{} {}  # takes the configured value",
                    word(name),
                    field.info().flag,
                    word(&h.configured)
                ));
            }
        }
        finding.remedy.push(format!("rssctl reset {}  # drops everything that was saved for it", word(name)));
        found.push(finding);
    }
}
