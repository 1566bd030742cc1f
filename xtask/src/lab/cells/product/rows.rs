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
    // Linux 6.1 of Debian has not the diagnosis that tells of such sockets, and says so.
    let old = subject.guest.expect("uname -r")?.starts_with("6.1.");
    let seen = if old { "does not tell of AF_XDP sockets" } else { "an AF_XDP socket was seen" };
    subject.checks.that(output.stdout.contains(seen), || format!("{name}: not said: {seen}"));
    Ok(())
}
