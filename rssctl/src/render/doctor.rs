//! What the doctor found, for somebody who was woken up: the worst first, what shows it, what to type.

use std::fmt::Write as _;

use rssmgr_proto::types::{DoctorRecord, FindingRecord};

use super::style::{Paint, table};

/// Severities with their headings, worst first.
const GROUPS: [(&str, &str, &str); 3] =
    [("error", "Errors", "error"), ("warning", "Warnings", "warning"), ("info", "Notes", "note")];

/// The whole report; notes, and what was not looked at, only when not `quiet`.
#[must_use]
pub fn doctor(d: &DoctorRecord, paint: Paint, quiet: bool) -> String {
    let mut out = String::new();
    for (severity, heading, _) in GROUPS {
        let group: Vec<&FindingRecord> = d.findings.iter().filter(|f| f.severity == severity).collect();
        if group.is_empty() || (quiet && severity == "info") {
            continue;
        }
        let _ = writeln!(out, "{}\n", paint.graded(severity, &paint.bold(heading)));
        for finding in group {
            out += &one(finding, paint);
        }
    }
    if quiet {
        return out;
    }
    if !d.not_checked.is_empty() {
        let _ = writeln!(out, "{}\n", paint.bold("Not looked at"));
        for line in &d.not_checked {
            let _ = writeln!(out, "  {}", shown(line));
        }
        out.push('\n');
    }
    out + &summary(d)
}

fn one(f: &FindingRecord, paint: Paint) -> String {
    let mut out = format!("  {}  [{}]\n", paint.bold(&shown(&f.title)), f.check);
    for line in &f.evidence {
        let _ = writeln!(out, "      {}", shown(line));
    }
    for line in &f.remedy {
        let _ = writeln!(out, "    > {}", paint.good(&shown(line)));
    }
    out + "\n"
}

/// One line a finding.
#[must_use]
pub fn findings(d: &DoctorRecord, paint: Paint) -> String {
    let row = |f: &FindingRecord| {
        let adapter = f.adapter.clone().unwrap_or_default();
        vec![f.severity.clone(), f.check.clone(), shown(&adapter), shown(&f.title)]
    };
    let rows: Vec<Vec<String>> = d.findings.iter().map(row).collect();
    table(paint, &["SEVERITY", "CHECK", "ADAPTER", "FINDING"], &rows)
}

fn summary(d: &DoctorRecord) -> String {
    let count = |severity: &str, word: &str| {
        let n = d.findings.iter().filter(|f| f.severity == severity).count();
        (n > 0).then(|| format!("{n} {word}{}", if n == 1 { "" } else { "s" }))
    };
    let counts: Vec<String> = GROUPS.iter().filter_map(|(severity, _, word)| count(severity, word)).collect();
    let counts = if counts.is_empty() { "nothing found".into() } else { counts.join(", ") };
    let whom = match d.adapters.as_slice() {
        [] => "no adapter was there to look at".into(),
        names => names.iter().map(|n| shown(n)).collect::<Vec<_>>().join(", "),
    };
    let looks = match d.interval_ms {
        0 => "counters were looked at once".into(),
        ms => format!("counters were looked at twice, {ms} ms apart"),
    };
    let daemon = if d.daemon { "rssmgrd answered" } else { "without rssmgrd's view" };
    format!("{counts}; {whom}; {looks}; {daemon}\n")
}

/// Text from files and names as a terminal may have it: control characters escaped.
fn shown(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> DoctorRecord {
        let finding = |severity: &str, title: &str| FindingRecord {
            check: "off-node".into(),
            severity: severity.into(),
            adapter: Some("eth0".into()),
            title: title.into(),
            evidence: vec!["queue 0: interrupt 40".into()],
            remedy: vec!["rssctl set eth0 --profile NUMAStatic".into()],
        };
        DoctorRecord {
            worst: Some("warning".into()),
            daemon: false,
            interval_ms: 1000,
            adapters: vec!["eth0".into()],
            findings: vec![finding("warning", "eth0: far"), finding("info", "eth0: \x1b[31mred")],
            not_checked: vec!["eth9: gone".into()],
        }
    }

    #[test]
    fn the_report_is_grouped_and_harmless() {
        let text = doctor(&record(), Paint::default(), false);
        assert_eq!(
            text,
            "Warnings\n\n  eth0: far  [off-node]\n      queue 0: interrupt 40\n    > rssctl set eth0 --profile NUMAStatic\n\n\
             Notes\n\n  eth0: \\u{1b}[31mred  [off-node]\n      queue 0: interrupt 40\n    > rssctl set eth0 --profile NUMAStatic\n\n\
             Not looked at\n\n  eth9: gone\n\n\
             1 warning, 1 note; eth0; counters were looked at twice, 1000 ms apart; without rssmgrd's view\n"
        );
        let quiet = doctor(&record(), Paint::default(), true);
        assert!(
            quiet.starts_with("Warnings") && !quiet.contains("Notes") && !quiet.contains("eth9"),
            "{quiet}"
        );
        let table = findings(&record(), Paint::default());
        assert!(
            table.starts_with(
                "SEVERITY  CHECK     ADAPTER  FINDING\nwarning   off-node  eth0     eth0: far\n"
            ),
            "{table}"
        );
    }

    #[test]
    fn nothing_found() {
        let d = DoctorRecord { daemon: true, ..DoctorRecord::default() };
        let text = doctor(&d, Paint::default(), false);
        assert_eq!(
            text,
            "nothing found; no adapter was there to look at; counters were looked at once; rssmgrd answered\n"
        );
        assert_eq!(doctor(&d, Paint::default(), true), "");
    }
}
