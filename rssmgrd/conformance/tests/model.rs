//! Every rule holds for the model adapter, and all of them are tried.

use rssmgr_conformance::model::Model;
use rssmgr_conformance::{RULES, Verdict, run};
use std::collections::BTreeSet;

#[test]
fn the_model_keeps_every_rule() {
    let outcomes = run(&mut Model::new);
    let broken: Vec<_> = outcomes.iter().filter(|o| o.verdict != Verdict::Holds).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    assert_eq!(outcomes.len(), RULES.len());
    let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len(), "a name each");
}
