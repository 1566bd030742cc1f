//! The gate: every stage that a change must pass, in one place.

use crate::hygiene::TextFile;
use crate::metadata::Metadata;
use crate::run::{BLESS, Call, Project};
use crate::tally::Tally;
use crate::unsafety::Source;
use crate::{edges, generated, hygiene, lab, packages, unsafety};
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// One step of the gate.
struct Stage {
    name: &'static str,
    work: Work,
}

enum Work {
    /// A program whose exit code decides.
    Call(fn(&Project) -> Call),
    /// Test programs, whose results are counted.
    Tests(fn(&Project) -> Call),
    /// One of our own commands: how to repeat it, and what it does.
    Own(&'static str, fn(&Project) -> Result<bool>),
}

/// The stages in order: the quick ones first. No stage sets RUSTFLAGS, and only the lab has
/// another profile, so that nothing else is compiled twice in one target folder. Benches are compiled by clippy's `--all-targets`.
const STAGES: &[Stage] = &[
    Stage { name: "packages", work: Work::Own("cargo xtask test", packages::ensure) },
    Stage { name: "format", work: Work::Call(|p| p.cargo(&["fmt", "--all", "--check"])) },
    Stage { name: "rules", work: Work::Own("cargo xtask deps", rules) },
    Stage {
        name: "clippy",
        work: Work::Call(|p| {
            p.cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])
        }),
    },
    Stage {
        name: "docs",
        work: Work::Call(|p| {
            p.cargo(&["doc", "--locked", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings")
        }),
    },
    Stage { name: "build", work: Work::Call(generated::build) },
    Stage {
        name: "tests",
        work: Work::Tests(|p| p.cargo(&["test", "--locked", "--workspace", "--no-fail-fast"])),
    },
    Stage { name: "hand-over", work: Work::Tests(hand_over) },
    Stage { name: "lab", work: Work::Own("cargo xtask lab gate", lab::gate) },
    Stage { name: "generated", work: Work::Own("cargo xtask man --check", generated::check) },
];

/// How a stage ended.
struct Outcome {
    name: &'static str,
    passed: bool,
    took: Duration,
    repeat: String,
}

/// Runs every stage, also after a failed one, and sums up.
pub(crate) fn test(project: &Project) -> Result<bool> {
    let mut tally = Tally::default();
    let mut outcomes = Vec::new();
    for stage in STAGES {
        let started = Instant::now();
        let (repeat, passed) = match stage.work {
            Work::Call(call) => announced(stage.name, call(project), Call::status),
            Work::Tests(call) => {
                announced(stage.name, call(project), |call| call.watch(|line| tally.see(line)))
            }
            Work::Own(repeat, run) => {
                println!("\n== {}", stage.name);
                (repeat.to_owned(), run(project))
            }
        };
        let passed = passed.unwrap_or_else(|error| {
            println!("{error:#}");
            false
        });
        let outcome = Outcome { name: stage.name, passed, took: started.elapsed(), repeat };
        println!("== {}", line(&outcome));
        outcomes.push(outcome);
    }
    tally.skipped.extend(lab::left_out().map(str::to_owned));
    print!("{}", summary(&outcomes, &tally));
    Ok(outcomes.iter().all(|o| o.passed))
}

fn announced(name: &str, call: Call, run: impl FnOnce(Call) -> Result<bool>) -> (String, Result<bool>) {
    let repeat = call.to_string();
    println!("\n== {name}: {repeat}");
    (repeat, run(call))
}

fn line(outcome: &Outcome) -> String {
    let verdict = if outcome.passed { "ok" } else { "FAILED" };
    format!("{:<10} {verdict:<6} {:>7.1} s", outcome.name, outcome.took.as_secs_f64())
}

/// The end of the report. Its last line counts tests; a stage that failed without a failed test counts as one, so
/// that a red gate never reads as `0 failed`.
fn summary(outcomes: &[Outcome], tally: &Tally) -> String {
    let mut text = String::from("\n");
    for outcome in outcomes {
        text += &line(outcome);
        text += "\n";
    }
    let total: Duration = outcomes.iter().map(|o| o.took).sum();
    text += &format!("{:<17} {:>7.1} s\n", "all", total.as_secs_f64());
    for skipped in &tally.skipped {
        text += &format!("skipped: {skipped}\n");
    }
    if tally.ignored > 0 {
        text += &format!("{} ignored\n", tally.ignored);
    }
    let failures = || outcomes.iter().filter(|o| !o.passed);
    for outcome in failures() {
        text += &format!("{} failed; again: {}\n", outcome.name, outcome.repeat);
    }
    let silent = failures().filter(|o| o.name != "tests" || tally.failed == 0).count();
    let failed = tally.failed + u64::try_from(silent).unwrap_or(u64::MAX);
    text + &format!("{} passed, {failed} failed\n", tally.passed)
}

/// The rules of the house: dependency edges, unsafe code, project files.
pub(crate) fn rules(project: &Project) -> Result<bool> {
    let metadata = Metadata::read(project)?;
    let mut broken = edges::check(&metadata.packages);

    let files = project.files()?;
    let mut texts = Vec::new();
    for path in &files {
        let bytes = fs::read(project.root.join(path)).with_context(|| format!("cannot read {path}"))?;
        // What is not UTF-8 is a capture or an archive.
        if let Ok(text) = String::from_utf8(bytes) {
            texts.push((path.as_str(), text));
        }
    }
    let roots: BTreeMap<&Path, &str> = metadata
        .members()
        .flat_map(|p| p.targets.iter().map(move |t| (t, p.name.as_str())))
        .filter(|(target, _)| matches!(target.kind.as_str(), "lib" | "bin" | "proc-macro"))
        .map(|(target, name)| (target.source.as_path(), name))
        .collect();
    let sources: Vec<Source<'_>> = texts
        .iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, text)| Source { path, text, root_of: roots.get(Path::new(path)).copied() })
        .collect();
    broken.extend(unsafety::check(&sources));

    let documents: Vec<TextFile<'_>> = texts.iter().map(|(path, text)| TextFile { path, text }).collect();
    broken.extend(hygiene::check(&documents, &hygiene::with_folders(&files)));

    for rule in &broken {
        println!("{rule}");
    }
    println!("{} files, {} crates, {} broken rules", files.len(), metadata.members().count(), broken.len());
    Ok(broken.is_empty())
}

/// Every order in which the port of a software NIC and who operates it or wakes it can meet, within a bound.
fn hand_over(project: &Project) -> Call {
    let crate_and_feature = ["-p", "rssmgr-softnic", "--features", "loom"];
    project.cargo(
        &[&["test", "--locked"][..], &crate_and_feature, &["--lib", "--", "handover", "bell"]].concat(),
    )
}

/// Runs the conformance suite on the software NIC.
pub(crate) fn conformance(project: &Project) -> Result<bool> {
    project.cargo(&["test", "--locked", "-p", "rssmgr-softnic", "--test", "conformance"]).status()
}

/// Has the golden tests write what they see.
pub(crate) fn bless(project: &Project) -> Result<bool> {
    let arguments = ["test", "--locked", "-p", "rssmgr-core", "--test", "golden"];
    let written = project.cargo(&arguments).env(BLESS, "1").status()?;
    if written {
        println!("written; `git diff rssmgrd/core/tests` shows what changed, and each change needs a reason");
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &'static str, passed: bool) -> Outcome {
        Outcome { name, passed, took: Duration::from_millis(1500), repeat: format!("run {name}") }
    }

    fn last_line(outcomes: &[Outcome], tally: &Tally) -> String {
        summary(outcomes, tally).lines().last().unwrap().to_owned()
    }

    #[test]
    fn the_last_line_counts_tests_and_never_hides_a_failure() {
        let tally = |passed, failed| Tally { passed, failed, ..Tally::default() };
        let stages = |format, tests| [outcome("format", format), outcome("tests", tests)];
        assert_eq!(last_line(&stages(true, true), &tally(7, 0)), "7 passed, 0 failed");
        assert_eq!(last_line(&stages(true, false), &tally(5, 2)), "5 passed, 2 failed");
        assert_eq!(last_line(&stages(false, false), &tally(5, 2)), "5 passed, 3 failed");
        assert_eq!(last_line(&stages(true, false), &tally(0, 0)), "0 passed, 1 failed", "tests do not build");
    }

    #[test]
    fn the_summary_says_how_to_repeat_a_failure_and_what_was_skipped() {
        let tally = Tally { skipped: vec!["a: needs root".into()], ..Tally::default() };
        let text = summary(&[outcome("format", true), outcome("clippy", false)], &tally);
        assert!(text.contains("\nclippy failed; again: run clippy\n"), "{text}");
        assert!(text.contains("\nskipped: a: needs root\n"), "{text}");
        assert!(!text.contains("again: run format"), "{text}");
    }
}
