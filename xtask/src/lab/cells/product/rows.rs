//! The driver against its row: operations drawn by chance, each compared with what the row says of it.

use super::subject::Subject;
use crate::lab::product::ROWS_TEST;
use anyhow::Result;

/// The sequence is drawn anew each time; a failure says how to repeat it.
pub(super) fn as_described(subject: &mut Subject<'_>) -> Result<()> {
    let name = subject.card.name;
    subject.product.stop(subject.guest)?;
    let script = format!("ip link set {name} up; RSSMGR_REAL_NIC={name} exec {ROWS_TEST} --nocapture 2>&1");
    let output = subject.guest.run(&script)?;
    let agrees = output.code == 0 && output.stdout.contains("operations as the row of");
    let told = || output.stdout.lines().filter(|line| line.contains(name)).collect::<Vec<_>>().join("; ");
    subject.checks.that(agrees, told);
    Ok(())
}
