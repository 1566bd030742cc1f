//! Plans and their results: before, after, steps with their impact, and why.

use std::fmt::Write as _;

use rssmgr_proto::types::{PlanRecord, StateRecord};

use super::style::{Paint, table};
use super::summary::short;

/// A plan in full.
#[must_use]
pub fn plan(p: &PlanRecord, paint: Paint) -> String {
    let mut out = headline(p, paint);
    if let Some(e) = &p.error {
        let _ = writeln!(out, "  {}", paint.bad(&e.message));
    }
    if let (Some(before), Some(after)) = (&p.before, &p.after) {
        let mut rows: Vec<Vec<String>> = p
            .settings
            .iter()
            .map(|c| vec![format!("setting {}", c.key), c.before.clone(), c.after.clone()])
            .collect();
        rows.extend(states(before, after));
        for row in &mut rows {
            if row.get(1) == row.get(2) {
                row.truncate(2);
                row.push("same".into());
            }
        }
        out += "\n";
        out += &indented(&table(paint, &["", "BEFORE", "AFTER"], &rows));
    }
    if !p.steps.is_empty() {
        let rows: Vec<Vec<String>> = (1..)
            .zip(&p.steps)
            .map(|(n, s): (u32, _)| vec![n.to_string(), s.op.clone(), s.impact.clone(), s.why.text.clone()])
            .collect();
        out += "\n";
        out += &indented(&table(paint, &["#", "STEP", "IMPACT", "WHY"], &rows));
    }
    if !p.reasons.is_empty() {
        let _ = writeln!(out, "\n  {}", paint.bold("WHY THESE PROCESSORS"));
        for reason in &p.reasons {
            let _ = writeln!(out, "  - {}", reason.text);
        }
    }
    out
}

/// `nic0: planned, 12 steps, impact reorder`.
fn headline(p: &PlanRecord, paint: Paint) -> String {
    let what = match p.steps.len() {
        0 if p.changed => "no step needed".to_string(),
        0 => "nothing to do".to_string(),
        1 => format!("1 step, impact {}", paint.graded(&p.impact, &p.impact)),
        n => format!("{n} steps, impact {}", paint.graded(&p.impact, &p.impact)),
    };
    format!("{}: {}, {what}\n", paint.bold(&p.name), paint.graded(&p.status, &p.status))
}

fn states(before: &StateRecord, after: &StateRecord) -> Vec<Vec<String>> {
    let list = |l: &[String]| if l.is_empty() { "none".to_string() } else { l.join(",") };
    let both = |name: &str, f: &dyn Fn(&StateRecord) -> String| vec![name.into(), f(before), f(after)];
    let mut rows = vec![
        both("enabled", &|s| if s.enabled { "yes".into() } else { "no".into() }),
        both("queues", &|s| s.queues.to_string()),
        both("processors", &|s| match s.processors.as_slice() {
            [] => "any".into(),
            list => short(list.iter().map(String::as_str)),
        }),
        both("hash types", &|s| list(&s.hash_types)),
        both("table entries", &|s| s.table.len().to_string()),
    ];
    let moved = before.table.iter().zip(&after.table).filter(|(a, b)| a != b).count();
    if moved > 0 {
        rows.push(vec!["entries moved".into(), String::new(), format!("{moved} of {}", after.table.len())]);
    }
    rows
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |out, line| out + "  " + line + "\n")
}

/// What was applied, a line an adapter.
#[must_use]
pub fn applied(p: &PlanRecord, paint: Paint) -> String {
    let changes: Vec<String> =
        p.settings.iter().map(|c| format!("{} {} -> {}", c.key, c.before, c.after)).collect();
    let line = headline(p, paint);
    if changes.is_empty() { line } else { format!("{} ({})\n", line.trim_end(), changes.join(", ")) }
}
