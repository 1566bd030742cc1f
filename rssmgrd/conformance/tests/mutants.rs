//! One defect for each rule, each found by the case of its rule and by no other.
//!
//! The defects are seeded between the cases and a subject that keeps every rule, in what is asked of it, in what it
//! answers, or in what it looks like. So a case that could not fail, or that fails for another rule's sake, shows.

mod defect;

use libtest_mimic::{Arguments, Failed, Trial};
use rssmgr_conformance::model::Model;
use rssmgr_conformance::{Framework, RULES, Subject, Variant, Verdict, run_subjects};

use defect::Mutant;

fn main() {
    let arguments = Arguments::from_args();
    let trials = RULES.iter().map(|rule| Trial::test(rule.name, move || found(rule.name))).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn found(rule: &'static str) -> Result<(), Failed> {
    let mut make = |variant: Variant| -> Box<dyn Subject> {
        Box::new(Mutant::new(Framework::new(Model::new(), variant), variant, rule))
    };
    let outcomes = run_subjects(&mut make);
    let broken = outcomes.iter().filter(|o| o.verdict != Verdict::Holds);
    let broken: Vec<&str> = broken.map(|o| o.rule.name).collect();
    if broken == [rule] { Ok(()) } else { Err(format!("its defect breaks {broken:?}").into()) }
}
