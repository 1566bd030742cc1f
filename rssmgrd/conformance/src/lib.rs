//! The rules of RSSv1, RSSv2, VPorts and the driver contract, a named case each.
//!
//! A backend of anybody's is run with [`run`]: the framework of rssmgr-core drives it, and the cases look at what
//! becomes of packets. Whoever has a framework of their own implements [`Subject`] and runs [`run_subjects`].
//!
//! ```
//! # use rssmgr_conformance::{run, failures};
//! # fn third_party() -> impl rssmgr_core::backend::Backend { rssmgr_conformance::model::Model::new() }
//! let outcomes = run(&mut third_party);
//! assert!(failures(&outcomes).is_empty(), "{outcomes:#?}");
//! ```
//!
//! A whole backend of somebody else's, from its registers on, is in `examples/own_backend.rs`.
//!
//! A case that needs what the adapter does not have is skipped, and says what.

#![forbid(unsafe_code)]

mod framework;
mod lab;
pub mod model;
mod recorder;
mod rules;
mod subject;

pub use framework::Framework;
pub use recorder::{Call, Failure};
pub use rules::RULES;
pub use subject::{Subject, Variant};

use lab::Lab;
use rssmgr_core::backend::Backend;

/// A rule with the case that checks it.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Where it is written.
    pub source: &'static str,
    /// What it says.
    pub says: &'static str,
    /// The adapter that the case is about.
    variant: Variant,
    check: fn(&mut Lab) -> Result<(), String>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}): {}", self.name, self.source, self.says)
    }
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule holds.
    Holds,
    /// It does not; what was seen instead.
    Broken(String),
    /// The adapter lacks what the case needs.
    Skipped(String),
}

/// A rule and how its case ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The rule.
    pub rule: Rule,
    /// How its case ended.
    pub verdict: Verdict,
}

/// The outcomes of rules that do not hold.
#[must_use]
pub fn failures(outcomes: &[Outcome]) -> Vec<&Outcome> {
    outcomes.iter().filter(|o| matches!(o.verdict, Verdict::Broken(_))).collect()
}

/// Runs every case on a new adapter from `make`. The adapter must have processors 0 to 7, at least 6 queues and a table
/// of a power of two of entries, 8 at least.
pub fn run<B: Backend + 'static>(make: &mut dyn FnMut() -> B) -> Vec<Outcome> {
    run_subjects(&mut |variant| Box::new(Framework::new(make(), variant)))
}

/// Runs every case on a new subject from `make`.
pub fn run_subjects(make: &mut dyn FnMut(Variant) -> Box<dyn Subject>) -> Vec<Outcome> {
    RULES.iter().map(|rule| Outcome { rule: *rule, verdict: run_rule(rule, make) }).collect()
}

/// Runs one case.
pub fn run_rule(rule: &Rule, make: &mut dyn FnMut(Variant) -> Box<dyn Subject>) -> Verdict {
    let mut lab = Lab::new(make(rule.variant));
    if let Some(lacks) = lab.lacks(rule.variant) {
        return Verdict::Skipped(lacks);
    }
    match (rule.check)(&mut lab) {
        Ok(()) => Verdict::Holds,
        Err(why) => Verdict::Broken(why),
    }
}
