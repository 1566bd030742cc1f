//! The software NIC under the rules of RSSv2, VPorts and the driver contract: `cargo xtask conformance`.

use std::collections::BTreeMap;

use libtest_mimic::{Arguments, Failed, Trial};
use rssmgr_conformance::{Framework, RULES, Variant, Verdict, run_rule};
use rssmgr_core::hash::HashKey;
use rssmgr_softnic::{SoftNic, SoftnicSpec};

fn main() {
    let arguments = Arguments::from_args();
    let trials = RULES.iter().map(|rule| {
        let check = move || match run_rule(rule, &mut |variant| Box::new(framework(variant))) {
            Verdict::Holds => Ok(()),
            Verdict::Broken(why) => Err(Failed::from(format!("{rule:?}: {why}"))),
            Verdict::Skipped(lacks) => Err(Failed::from(format!("{rule:?}: the adapter lacks {lacks}"))),
        };
        Trial::test(rule.name, check).with_kind(rule.source)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn framework(variant: Variant) -> Framework<SoftNic> {
    let pairs = [("queues", "12"), ("topology", "1x8x1"), ("ring", "8")];
    let map: BTreeMap<_, _> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let spec = SoftnicSpec::parse("nic0", &map).expect("a specification");
    Framework::new(SoftNic::create(spec, HashKey::microsoft()).expect("a software NIC"), variant)
}
