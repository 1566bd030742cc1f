//! The product on 80 processors in two processor groups, four nodes of ten cores with two threads each, side by side.

use super::card::{Card, IGB, VIRTIO, VMXNET3};
use super::subject::{Subject, not_in_force, processors};
use super::trace;
use crate::lab::cells::Checks;
use crate::lab::guest::Guest;
use anyhow::Result;

/// What is asked of which card, and the processors that the documented rules give: first threads only, from the card's
/// node outwards.
const CASES: [(&Card, &str, [u32; 8]); 6] = [
    (&IGB, "--profile ClosestStatic", [20, 22, 24, 26, 28, 30, 32, 34]),
    (&IGB, "--profile NUMAStatic", [20, 0, 40, 60, 22, 2, 42, 62]),
    // The siblings come after all first threads.
    (&IGB, "--profile ClosestStatic --base-processor 0:60 --smt use", [60, 62, 64, 66, 68, 70, 72, 74]),
    (&VIRTIO, "--profile NUMAStatic --base-processor 1:0", [64, 66, 68, 70, 72, 74, 76, 78]),
    (&VMXNET3, "--profile ClosestStatic", [40, 42, 44, 46, 48, 50, 52, 54]),
    (&VMXNET3, "--profile NUMAStatic --max-processor 0:63", [40, 20, 60, 0, 42, 22, 62, 2]),
];

pub(crate) fn check(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    trace::start(guest)?;
    for (card, arguments, expected) in CASES {
        let mut s = Subject::new(guest, checks, card)?;
        s.settled(arguments)?;
        let (says, kernel) = s.agree(arguments)?;
        let what = format!("{}: {arguments}", card.name);
        s.checks.equal(&what, &processors(&says).as_slice(), &expected.as_slice());
        let missing = not_in_force(&kernel, &expected);
        s.checks.that(missing.is_empty(), || format!("{what}: {}", missing.join("; ")));
    }
    together(guest, checks)
}

/// Cards that are named together share no processor while there are enough.
fn together(guest: &mut Guest, checks: &mut Checks) -> Result<()> {
    let cards = [&IGB, &VIRTIO, &VMXNET3];
    let mut s = Subject::new(guest, checks, cards[0])?;
    let names = cards.map(|card| card.name).join(" ");
    s.product.expect(s.guest, &format!("set {names} --profile NUMAStatic --allow link"))?;
    let mut used = Vec::new();
    for card in cards {
        used.extend(processors(&s.product.adapter(s.guest, card.name)?));
    }
    used.sort_unstable();
    let all = used.len();
    used.dedup();
    s.checks.equal("processors, each of one card", &(all, used.len()), &(24, 24));
    s.product.stop(s.guest)
}
