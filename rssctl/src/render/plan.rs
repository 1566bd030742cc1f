//! Plans and their results: before, after, steps with their impact, and why. Made to be read at night: no line depends
//! on another column, what does not change is said once, and a reason stands below the steps that it is the reason of.

use std::fmt::Write as _;

use rssmgr_core::driver::Impact;
use rssmgr_proto::types::{PlanRecord, ReasonRecord, StateRecord, StepRecord};

use super::style::Paint;
use super::summary::short;

/// Columns that prose is broken at.
const WIDTH: usize = 80;

/// A plan in full.
#[must_use]
pub fn plan(p: &PlanRecord, paint: Paint) -> String {
    let mut out = headline(p, paint);
    if let Some(e) = &p.error {
        out += &paragraph("  ", &e.message);
    }
    if let (Some(before), Some(after)) = (&p.before, &p.after) {
        out += "\n";
        for c in &p.settings {
            line(&mut out, &format!("set {}", c.key), &c.before, &c.after, paint);
        }
        for (name, old, new) in states(before, after) {
            line(&mut out, name, &old, &new, paint);
        }
    }
    if !p.steps.is_empty() {
        let _ = writeln!(out, "\n  {}", paint.bold("Steps"));
        steps(&mut out, &p.steps, paint);
    }
    if !p.pending.is_empty() {
        let _ = writeln!(out, "\n  {}", paint.bold("Left for a restart"));
        steps(&mut out, &p.pending, paint);
    }
    notes(&mut out, "Found around it", p.findings.iter().map(|f| &f.text), paint);
    notes(&mut out, "Would be refused", p.refusals.iter().map(|e| &e.message), paint);
    if !p.reasons.is_empty() {
        let _ = writeln!(out, "\n  {}", paint.bold("Why"));
        for reason in &p.reasons {
            out += &paragraph("  - ", &reason.text);
        }
    }
    out
}

/// `nic0: planned, 12 steps, impact reorder`.
fn headline(p: &PlanRecord, paint: Paint) -> String {
    let impact = || paint.graded(&p.impact, &p.impact);
    let what = match p.steps.len() {
        0 if p.changed => "no step needed".to_string(),
        0 => "nothing to do".to_string(),
        1 => format!("1 step, impact {}", impact()),
        n => format!("{n} steps, impact {}", impact()),
    };
    format!("{}: {}, {what}\n", paint.bold(&p.name), paint.graded(&p.status, &p.status))
}

/// `  queues          16 -> 8`, or the one value that stays.
fn line(out: &mut String, name: &str, before: &str, after: &str, paint: Paint) {
    let _ = if before == after {
        writeln!(out, "  {name:<18} {after}")
    } else {
        writeln!(out, "  {name:<18} {before} {} {}", paint.bold("->"), paint.bold(after))
    };
}

fn states<'a>(before: &StateRecord, after: &StateRecord) -> Vec<(&'a str, String, String)> {
    let both = |name, f: &dyn Fn(&StateRecord) -> String| (name, f(before), f(after));
    let moved = before.table.iter().zip(&after.table).filter(|(a, b)| a != b).count();
    let entries = |s: &StateRecord| format!("{} entries", s.table.len());
    let table = if moved > 0 && before.table.len() == after.table.len() {
        let text = format!("{}, {moved} of them go to another processor", entries(after));
        ("table", text.clone(), text)
    } else {
        ("table", entries(before), entries(after))
    };
    let mut lines = vec![
        both("enabled", &|s| if s.enabled { "yes".into() } else { "no".into() }),
        both("queues", &|s| s.queues.to_string()),
        both("processors", &|s| match s.processors.as_slice() {
            [] => "any".into(),
            list => short(list.iter().map(String::as_str)),
        }),
        both("hash types", &|s| match s.hash_types.as_slice() {
            [] => "none".into(),
            list => list.join(","),
        }),
        table,
    ];
    if !before.encapsulation.is_empty() || !after.encapsulation.is_empty() {
        lines.push(both("encapsulation", &|s| match s.encapsulation.as_slice() {
            [] => "none".into(),
            kinds => kinds.join(","),
        }));
    }
    lines
}

/// A list of sentences below a heading; nothing when there are none.
fn notes<'a>(out: &mut String, heading: &str, texts: impl Iterator<Item = &'a String>, paint: Paint) {
    let list: String = texts.map(|t| paragraph("  - ", t)).collect();
    if !list.is_empty() {
        let _ = write!(out, "\n  {}\n{list}", paint.bold(heading));
    }
}

/// Numbered steps; below each run of steps with the same reason, the reason.
fn steps(out: &mut String, steps: &[StepRecord], paint: Paint) {
    let digits = steps.len().to_string().len();
    let wide = steps.iter().map(|s| s.op.chars().count()).max().unwrap_or_default();
    let mut rest = steps;
    let mut n = 1;
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|s| s.why == first.why).count();
        for step in rest.iter().take(run) {
            let impact = paint.graded(&step.impact, &step.impact);
            let _ = writeln!(out, "  {n:>digits$}  {:<wide$}  {impact}", step.op);
            n += 1;
        }
        out.push_str(&paragraph(
            &format!("  {:digits$}  ", ""),
            &format!("because {}", asked(&first.why.text)),
        ));
        rest = rest.get(run..).unwrap_or_default();
    }
}

/// `it was asked for (queues)` reads better behind "because" than `asked for: queues`.
fn asked(text: &str) -> String {
    text.strip_prefix("asked for: ").map_or_else(|| text.into(), |what| format!("it was asked for ({what})"))
}

/// Text broken at [`WIDTH`]; the first line starts with `lead`, the others with as many blanks.
fn paragraph(lead: &str, text: &str) -> String {
    let mut out = String::new();
    let mut current = lead.to_string();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && current.chars().count() + 1 + word.chars().count() > WIDTH {
            out += &current;
            out.push('\n');
            current = " ".repeat(lead.chars().count());
            empty = true;
        }
        if !empty {
            current.push(' ');
        }
        current += word;
        empty = false;
    }
    out + &current + "\n"
}

/// `nic0: 3 steps are pending, impact link: rssctl restart nic0`.
fn left(p: &PlanRecord, paint: Paint) -> String {
    let Some(worst) = p.pending.iter().max_by_key(|s| Impact::parse(&s.impact)) else { return String::new() };
    let steps = match p.pending.len() {
        1 => "1 step is pending".to_string(),
        n => format!("{n} steps are pending"),
    };
    let text = format!("{steps}, impact {}: `rssctl restart {}` takes them", worst.impact, p.name);
    format!("{}: {}\n", paint.bold(&p.name), paint.careful(&text))
}

/// What was applied, a line an adapter; below it what the settings that were `asked` for, by key, were limited to.
#[must_use]
pub fn applied(p: &PlanRecord, asked: impl Fn(&str) -> bool, paint: Paint) -> String {
    let changes: Vec<String> =
        p.settings.iter().map(|c| format!("{} {} -> {}", c.key, c.before, c.after)).collect();
    let line = headline(p, paint);
    let line =
        if changes.is_empty() { line } else { format!("{} ({})\n", line.trim_end(), changes.join(", ")) };
    let line = line + &left(p, paint);
    let bit = |r: &&ReasonRecord| r.kind == "limit" && r.asked != r.given;
    let of_this = |r: &&ReasonRecord| {
        r.id == "channels" || r.id.starts_with("MaxNum") || r.field.as_deref().is_some_and(&asked)
    };
    p.reasons
        .iter()
        .filter(bit)
        .filter(of_this)
        .fold(line, |out, r| out + &format!("{}: {}\n", paint.bold(&p.name), paint.careful(&r.text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_broken_and_long_words_are_not() {
        let text = paragraph("  - ", &"word ".repeat(30));
        assert!(text.lines().all(|l| l.len() <= WIDTH) && text.lines().count() == 2, "{text}");
        assert!(text.lines().nth(1).unwrap().starts_with("    word"));
        let long = "x".repeat(100);
        assert_eq!(paragraph("  ", &format!("a {long}")), format!("  a\n  {long}\n"));
    }
}
